# SPDX-License-Identifier: BSD-3-Clause
"""The agent's two minutes: how they begin, how they end, and who can see it, in travelled time."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.lab.hardware import GpioLine, GpioSim, intervals
from tests.lab.network import NetNamespace, interface_address
from tests.lab.peers import Agent, Event, Mosquitto, MqttRecorder, WpaSupplicant

from wpsagent.dot11.elements import WPS_VENDOR_TYPE, Elements
from wpsagent.wsc.elements import BeaconAttributes
from wpsagent.wsc.enumerations import DevicePasswordId

LAB = {"radios": 2, "time_travel": True, "time_limit": 180.0}

LED = 27
STATE, EVENT = "wps-agent/lab/state", "wps-agent/lab/event"

CONFIG = f"""
[agent]
node = "lab"
error_display_s = 10.0

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "correct horse battery"
channel = 1

[[led]]
backend = "gpiozero"
pin = {LED}

[mqtt]
host = "127.0.0.1"
"""


@dataclass
class Scene:
    """Our access point with LED and broker; a station that looks at it and is not let in."""

    agent: Agent
    recorder: MqttRecorder
    station: WpaSupplicant
    led: GpioLine

    def press(self) -> Event:
        """Press the button at the command line; the event with which the two minutes begin."""
        done = self.agent.command("pbc")
        assert done.returncode == 0, done.stderr
        return self.agent.control.wait_event("WPS-PBC-ACTIVE", 5.0)

    def wait_end(self, timeout: float) -> Event:
        """The two events with which they end, at the same time and in this order."""
        timed_out = self.agent.control.wait_event("WPS-TIMEOUT", timeout)
        disabled = self.agent.control.wait_event("WPS-PBC-DISABLE", 1.0)
        assert disabled.time == pytest.approx(timed_out.time, abs=0.05)
        return timed_out

    def assert_nothing_happens_for(self, seconds: float) -> None:
        """Nothing but that the station is seen, which scans."""
        happened = [event.text for event in self.agent.control.watch(seconds)]
        assert [text for text in happened if not text.startswith("WPS-ENROLLEE-SEEN")] == []

    def assert_seen_as(self, flag: str) -> None:
        """What the station reads in probe responses (an active scan) and in beacons (a passive one)."""
        bssid = interface_address("wlan0")
        self._scan("passive=0")
        seen = [line.split("\t") for line in self.station.control.request("SCAN_RESULTS").splitlines()[1:]]
        assert [(line[0], line[3]) for line in seen] == [(bssid, f"[WPA2-PSK-CCMP]{flag}[ESS]")]
        self._scan("passive=1")
        elements = bytes.fromhex(self.station.control.values(f"BSS {bssid}")["beacon_ie"])
        attributes = Elements.decode(elements).vendor(WPS_VENDOR_TYPE)
        assert attributes is not None
        selected = BeaconAttributes.decode(attributes).selected_registrar
        expected = {"[WPS]": None, "[WPS-PBC]": DevicePasswordId.PUSH_BUTTON}[flag]
        assert (selected and selected.device_password_id) == expected

    def _scan(self, how: str) -> None:
        self.station.control.expect_ok(f"SCAN freq=2412 only_new=1 {how}")
        self.station.control.wait_event("CTRL-EVENT-SCAN-RESULTS", 10.0)

    def lit_for(self) -> set[float]:
        """For how many seconds the LED is lit at a time, and for how many it is dark, watched for two seconds."""
        return {round(seconds, 1) for _, seconds in intervals(self.led.watch(2.0))}

    @property
    def states(self) -> list[str]:
        """The states that the broker has heard of, each once in a row."""
        states = [str(json.loads(payload)["state"]) for payload in self.recorder.payloads(STATE)]
        return [state for before, state in zip(["", *states], states, strict=False) if state != before]

    def wait_state(self, state: str) -> None:
        self.recorder.wait_message(STATE, f'"state":"{state}"', 15.0)

    def ends(self) -> list[str]:
        """Why the broker has heard that push-button sessions ended."""
        events = [json.loads(payload) for payload in self.recorder.payloads(EVENT)]
        return [str(event["reason"]) for event in events if event["event_type"] == "push_button_ended"]


@pytest.fixture
def scene() -> Iterator[Scene]:
    with (
        Mosquitto(1883),
        MqttRecorder(1883, "wps-agent/#") as recorder,
        NetNamespace("station") as namespace,
        Agent(CONFIG) as agent,
    ):
        namespace.take_radio("wlan1")
        agent.control.read_events()  # attached from here on
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            yield Scene(agent, recorder, station, GpioSim().line(LED))


def test_the_window_closes_after_two_minutes_for_everybody_to_see(scene: Scene) -> None:
    scene.assert_seen_as("[WPS]")
    started = scene.press()
    scene.assert_seen_as("[WPS-PBC]")
    assert scene.lit_for() == {0.2, 0.1}
    ended = scene.wait_end(130.0)
    assert ended.time - started.time == pytest.approx(120.0, abs=0.2)
    assert (started.interface, ended.interface) == ("wlan0", "wlan0")
    scene.assert_seen_as("[WPS]")
    assert scene.lit_for() == {0.1}
    assert scene.agent.control.request("WPS_GET_STATUS").splitlines()[0] == "PBC Status: Timed-out"
    scene.wait_state("timeout")
    scene.recorder.wait_message(EVENT, '"push_button_ended"')
    scene.assert_nothing_happens_for(12.0)
    assert scene.states == ["idle", "active", "timeout", "idle"]
    assert scene.led.level == 0
    assert scene.ends() == ["timed out"]


def test_a_second_press_begins_the_two_minutes_anew(scene: Scene) -> None:
    scene.press()
    scene.assert_nothing_happens_for(100.0)
    again = scene.press()
    assert scene.wait_end(130.0).time - again.time == pytest.approx(120.0, abs=0.2)
    scene.wait_state("timeout")
    assert scene.ends() == ["timed out"]


def test_a_press_can_be_taken_back(scene: Scene) -> None:
    started = scene.press()
    done = scene.agent.command("cancel")
    assert done.returncode == 0, done.stderr
    assert scene.wait_end(5.0).time - started.time < 10.0
    assert scene.agent.control.wait_event("WPS-CANCEL", 5.0).interface == "wlan0"
    scene.assert_seen_as("[WPS]")
    assert scene.led.level == 0
    scene.wait_state("cancelled")
    scene.assert_nothing_happens_for(130.0)
    assert scene.states == ["idle", "active", "cancelled", "idle"]
    assert scene.ends() == ["cancelled"]
