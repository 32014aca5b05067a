# SPDX-License-Identifier: BSD-3-Clause
"""A broker that is away, goes and comes back: mosquitto killed and restarted, and the agent killed while it listens."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.lab.network import NetNamespace, run
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 2, "time_travel": True, "time_limit": 180.0}

TOPIC = "wps-agent/lab"
PASSPHRASE = "correct horse battery"
KEEPALIVE = 60.0
"""What [mqtt] keepalive_s is if nobody says otherwise."""

CONFIG = f"""
[agent]
node = "lab"
log_level = "debug"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1

[mqtt]
host = "127.0.0.1"
"""


@pytest.fixture(scope="module")
def namespace() -> Iterator[NetNamespace]:
    with NetNamespace("station") as namespace:
        namespace.take_radio("wlan1")
        yield namespace


def enrol(agent: Agent, station: WpaSupplicant) -> None:
    """A press and a station that joins by it; the agent has seen it connected."""
    agent.control.expect_ok("WPS_PBC")
    station.press_button()
    station.wait_connected(60.0)
    agent.control.wait_event("AP-STA-CONNECTED")


def events_of(recorder: MqttRecorder) -> list[str]:
    """The events that arrived, in order."""
    return [json.loads(text)["event_type"] for text in recorder.payloads(f"{TOPIC}/event")]


def last_state(recorder: MqttRecorder) -> dict[str, object]:
    state: dict[str, object] = json.loads(recorder.payloads(f"{TOPIC}/state")[-1])
    return state


def wait_for_a_long_pause(agent: Agent) -> None:
    """Until the agent has tried so often that its next try is far enough for a broker and a recorder to start."""
    wait_until(lambda: agent.log.count("next try in") >= 4, 60.0, lambda: agent.log)


ENROLMENT = [
    "push_button_started",
    "enrolment_succeeded",
    "push_button_ended",
    "station_connected",
]


def test_without_a_broker_the_agent_works_and_tells_all_when_one_comes(namespace: NetNamespace) -> None:
    with Agent(CONFIG) as agent:
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            enrol(agent, station)
            station.control.expect_ok("DISCONNECT")
            agent.control.wait_event("AP-STA-DISCONNECTED")
        wait_for_a_long_pause(agent)
        with Mosquitto(1883), MqttRecorder(1883, "wps-agent/#") as recorder:
            assert recorder.messages == []
            recorder.wait_message(f"{TOPIC}/event", "station_disconnected", 90.0)
            assert events_of(recorder) == [
                "starting",
                "broker_lost",
                "access_point_started",
                "started",
                *ENROLMENT,
                "station_disconnected",
            ]
            assert recorder.payloads(f"{TOPIC}/availability") == ["online"]
            assert len(recorder.payloads(f"{TOPIC}/state")) == 1
            assert last_state(recorder)["state"] == "success"
            with MqttRecorder(1883, f"{TOPIC}/+") as latecomer:
                latecomer.wait_message(f"{TOPIC}/availability", "online")
                state = latecomer.wait_message(f"{TOPIC}/state")
            assert state.is_retained
            assert json.loads(state.payload) == last_state(recorder)
            assert agent.stop() == 0
            recorder.wait_message(f"{TOPIC}/availability", "offline")


def test_a_broker_killed_in_the_middle_hears_the_rest_in_order_from_its_next_start(namespace: NetNamespace) -> None:
    with Agent(CONFIG) as agent, WpaSupplicant("wlan1", namespace=namespace) as station:
        wait_for_a_long_pause(agent)
        with Mosquitto(1883) as broker, MqttRecorder(1883, "wps-agent/#") as before:
            before.wait_message(f"{TOPIC}/event", '"started"', 90.0)
            agent.control.expect_ok("WPS_PBC")
            before.wait_message(f"{TOPIC}/event", "push_button_started")
            broker.kill()
            agent.wait_log("broker lost")
            agent.control.expect_ok("WPS_CANCEL")
            agent.control.expect_ok("WPS_PBC")
            heard = events_of(before)
        wait_for_a_long_pause(agent)
        with Mosquitto(1883), MqttRecorder(1883, "wps-agent/#") as after:
            after.wait_message(f"{TOPIC}/state", "", 90.0)
            assert last_state(after)["state"] == "active"
            station.press_button()
            after.wait_message(f"{TOPIC}/event", "station_connected", 60.0)
            assert after.payloads(f"{TOPIC}/availability") == ["online"]
            assert events_of(after) == [
                "broker_lost",
                "push_button_ended",
                "cancelled",
                *ENROLMENT,
            ]
            wait_until(lambda: last_state(after)["state"] == "success", 5.0, "no success in the state")
    assert heard[-1] == "push_button_started"
    assert len(set(heard)) == len(heard)


@contextmanager
def cut_off() -> Iterator[None]:
    """As if the broker's power were cut: nothing comes back, not even the end of a connection."""
    run("ip", "link", "set", "lo", "down")
    try:
        yield
    finally:
        run("ip", "link", "set", "lo", "up")


def test_a_broker_that_is_gone_without_a_word_is_noticed_in_time_and_told_all_when_it_is_back() -> None:
    with Mosquitto(1883), Agent(CONFIG) as agent:
        agent.wait_log("broker connected")
        agent.control.watch(5.0)  # what it has told so far has been acknowledged
        with cut_off():
            began = time.monotonic()
            agent.control.expect_ok("WPS_PBC")
            agent.wait_log("the broker fell silent", 1.5 * KEEPALIVE + 5)
            assert time.monotonic() - began <= 1.5 * KEEPALIVE + 1
            agent.control.expect_ok("WPS_CANCEL")
        with MqttRecorder(1883, "wps-agent/#") as recorder:
            recorder.wait_message(f"{TOPIC}/event", "cancelled", 90.0)
            assert events_of(recorder) == ["push_button_started", "broker_lost", "push_button_ended", "cancelled"]
            wait_until(lambda: last_state(recorder)["state"] == "idle", 5.0, "not idle in the state")


def test_a_killed_agent_is_reported_offline_by_its_will_and_online_by_the_next(namespace: NetNamespace) -> None:
    with Mosquitto(1883), MqttRecorder(1883, f"{TOPIC}/availability") as recorder:
        with Agent(CONFIG) as agent:
            recorder.wait_message(f"{TOPIC}/availability", "online")
            agent.kill()
            recorder.wait_message(f"{TOPIC}/availability", "offline")
        with Agent(CONFIG):
            wait_until(lambda: len(recorder.messages) == 3, 10.0, lambda: str(recorder.messages))
        wait_until(lambda: len(recorder.messages) == 4, 10.0, lambda: str(recorder.messages))
        payloads = [message.payload for message in recorder.messages]
    assert payloads == ["online", "offline", "online", "offline"]
    assert all(message.qos == 1 for message in recorder.messages)
