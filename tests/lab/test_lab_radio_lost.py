# SPDX-License-Identifier: BSD-3-Clause
"""The radio taken away under a running access point: set down, blocked, moved elsewhere, unplugged; and back again."""

import json
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.hardware import LedClass
from tests.lab.hwsim import plug_in, pull_out
from tests.lab.network import NetNamespace, interface_address, run, wiphy_of
from tests.lab.peers import Agent, Hostapd, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 2, "time_travel": True, "time_limit": 180.0}

RFKILL_OP_CHANGE = 2
PASSPHRASE = "correct horse battery"
STATE, EVENT = "wps-agent/lab/state", "wps-agent/lab/event"

CONFIG = f"""
[agent]
node = "lab"
log_level = "debug"
success_display_s = 0

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1

[[led]]
backend = "led_class"
name = "green:wps"

[mqtt]
host = "127.0.0.1"
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """An agent whose station is connected, and a broker that has heard of it."""

    agent: Agent
    station: WpaSupplicant
    recorder: MqttRecorder
    elsewhere: NetNamespace

    def last_state(self) -> dict[str, object]:
        state: dict[str, object] = json.loads(self.recorder.payloads(STATE)[-1])["access_points"][0]
        return state

    def events(self) -> list[tuple[str, str | None]]:
        """Name and reason of each event since the station was connected."""
        parsed = [json.loads(text) for text in self.recorder.payloads(EVENT)]
        names = [event["event_type"] for event in parsed]
        return [(event["event_type"], event.get("reason")) for event in parsed[names.index("station_connected") + 1 :]]


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[NetNamespace]:
    with NetNamespace("elsewhere") as namespace:
        yield namespace


@pytest.fixture
def scene(elsewhere: NetNamespace) -> Iterator[Scene]:
    with (
        Mosquitto(1883),
        MqttRecorder(1883, "wps-agent/#") as recorder,
        NetNamespace("station") as namespace,
        Agent(CONFIG) as agent,
    ):
        namespace.take_radio("wlan1")
        agent.control.read_events()  # attached from here on
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            agent.control.expect_ok("WPS_PBC")
            station.press_button()
            station.wait_connected(60.0)
            recorder.wait_message(EVENT, "station_connected")
            station.control.forget_events()
            yield Scene(agent, station, recorder, elsewhere)
            assert "Traceback" not in agent.log
            assert agent.stop() == 0


def rfkill(index: int, is_blocked: bool) -> None:
    """linux/rfkill.h, struct rfkill_event: index (u32), type, operation, soft, hard (u8)."""
    Path("/dev/rfkill").write_bytes(struct.pack("=IBBBB", index, 0, RFKILL_OP_CHANGE, is_blocked, 0))


def rfkill_index(wiphy: str) -> int:
    found = (each for each in Path("/sys/class/rfkill").iterdir() if (each / "name").read_text() == f"{wiphy}\n")
    return int((next(found) / "index").read_text())


def set_down(scene: Scene) -> Callable[[], None]:
    """Somebody types `ip link set wlan0 down`; the agent sets it up again by itself."""
    run("ip", "link", "set", "wlan0", "down")
    return lambda: None


def block(scene: Scene) -> Callable[[], None]:
    index = rfkill_index(wiphy_of("wlan0"))
    rfkill(index, True)
    return lambda: rfkill(index, False)


def move_elsewhere(scene: Scene) -> Callable[[], None]:
    wiphy = wiphy_of("wlan0")
    scene.elsewhere.take_radio("wlan0")
    return lambda: print(scene.elsewhere.run("iw", "phy", wiphy, "set", "netns", str(os.getpid())))


def unplug(scene: Scene) -> Callable[[], None]:
    wiphy, address = wiphy_of("wlan0"), bytes.fromhex(interface_address("wlan0").replace(":", ""))
    pull_out(wiphy)
    return lambda: plug_in(f"{wiphy}again", address)


@pytest.mark.parametrize(
    ("take_away", "words"),
    [
        (set_down, "set down"),
        (block, "is blocked by software ('rfkill unblock wifi' lifts it)"),
        (move_elsewhere, "the access point on wlan0 was stopped"),
        (unplug, "unplugged"),
    ],
)
def test_a_radio_that_is_taken_away_is_told_shown_and_used_again_when_it_comes_back(
    scene: Scene, take_away: Callable[[Scene], Callable[[], None]], words: str
) -> None:
    led = LedClass()
    agent, recorder = scene.agent, scene.recorder
    bring_back = take_away(scene)
    try:
        agent.control.wait_event("AP-DISABLED", 5.0)
        assert words in json.loads(recorder.wait_message(EVENT, "radio_lost").payload)["reason"]
        wait_until(lambda: led.trigger == "timer", 1.0, "the LED does not blink")
        assert (led.read("delay_on"), led.read("delay_off")) == ("100", "100")
        if take_away is not set_down:
            wait_until(lambda: scene.last_state()["state"] in ("lost", "failed"), 5.0, "not lost in the state")
            assert agent.control.request("PING") == "PONG"
    finally:
        bring_back()
    agent.control.wait_event("AP-ENABLED", 35.0)
    recorder.wait_message(EVENT, "radio_recovered")
    wait_until(lambda: scene.last_state()["state"] == "enabled", 5.0, "not enabled in the state")
    wait_until(lambda: led.brightness == 0 and led.trigger == "none", 1.0, "the LED still blinks")
    scene.station.wait_connected(60.0)
    names = [name for name, _ in scene.events()]
    assert [name for name in names if name in ("station_disconnected", "radio_lost", "radio_recovered")] == [
        "station_disconnected",
        "radio_lost",
        "radio_recovered",
    ]
    agent.control.expect_ok("WPS_PBC")  # the button works on the new access point
    scene.station.control.expect_ok("REMOVE_NETWORK all")
    scene.station.press_button()
    scene.station.wait_connected(60.0)


def test_a_press_in_the_window_survives_the_loss_of_the_radio(scene: Scene) -> None:
    """The window is the registrar's, not the radio's: the beacon that comes back says that it is open."""
    scene.agent.control.expect_ok("WPS_PBC")
    run("ip", "link", "set", "wlan0", "down")
    scene.agent.control.wait_event("AP-ENABLED", 35.0)
    assert "PBC Status: Active" in scene.agent.control.request("WPS_GET_STATUS")
    scene.station.control.expect_ok("REMOVE_NETWORK all")
    scene.station.press_button()
    scene.station.wait_connected(60.0)


def test_another_program_that_takes_the_radio_is_named_and_left_alone(scene: Scene) -> None:
    """hostapd is started on our interface: whoever starts a program there means it."""
    run("ip", "link", "set", "wlan0", "down")
    scene.agent.control.wait_event("AP-DISABLED", 5.0)
    with Hostapd("wlan0"):
        scene.recorder.wait_message(EVENT, "wlan0 is an access point already (network reference)", 30.0)
        assert scene.last_state()["state"] == "failed"
    scene.agent.control.wait_event("AP-ENABLED", 60.0)


def test_the_agent_starts_without_its_radio_and_uses_it_when_it_is_plugged_in() -> None:
    wiphy, address = wiphy_of("wlan0"), bytes.fromhex(interface_address("wlan0").replace(":", ""))
    pull_out(wiphy)
    with Mosquitto(1883), MqttRecorder(1883, "wps-agent/#") as recorder, Agent(CONFIG) as agent:
        agent.wait_log("there is no interface wlan0")
        recorder.wait_message(STATE, '"state":"failed"')
        assert agent.control.request("WPS_PBC") == "FAIL"
        assert LedClass().trigger == "timer"
        plug_in(f"{wiphy}x", address)
        agent.control.wait_event("AP-ENABLED", 35.0)
        agent.control.expect_ok("WPS_PBC")
        assert "Traceback" not in agent.log
