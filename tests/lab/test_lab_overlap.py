# SPDX-License-Identifier: BSD-3-Clause
"""Session overlap: two of Debian's wpa_supplicant in push-button mode at once, and nobody gets in."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from tests.lab.hardware import GpioLine, GpioSim, intervals
from tests.lab.network import NetNamespace
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 180.0}

BUTTON, LED = 17, 27
STATE, EVENT = "wps-agent/lab/state", "wps-agent/lab/event"

CONFIG = f"""
[agent]
node = "lab"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "correct horse battery"
channel = 1

[[button]]
backend = "gpiozero"
pin = {BUTTON}
long_press = "none"

[[led]]
backend = "gpiozero"
pin = {LED}

[mqtt]
host = "127.0.0.1"
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """Our access point with button, LED and broker, and two stations."""

    agent: Agent
    recorder: MqttRecorder
    stations: tuple[WpaSupplicant, ...]
    button: GpioLine
    led: GpioLine

    def press(self) -> None:
        """A person presses our button."""
        wanted = self.presses + 1
        self.button.press()
        wait_until(lambda: self.presses == wanted, 5.0, "the press is not reported")
        self.button.release()

    @property
    def presses(self) -> int:
        return sum('"button_pressed"' in payload for payload in self.recorder.payloads(EVENT))

    @property
    def state(self) -> str:
        return str(json.loads(self.recorder.payloads(STATE)[-1])["state"])

    def start_both(self) -> None:
        for station in self.stations:
            station.press_button()

    def assert_overlap_is_shown(self) -> None:
        """On MQTT, to control clients, and by the LED: five short flashes and a pause."""
        self.recorder.wait_message(EVENT, '"overlap"', 30.0)
        wait_until(lambda: self.state == "overlap", 5.0, lambda: f"the state is {self.state}")
        assert self.agent.control.wait_event("WPS-OVERLAP-DETECTED", 5.0).interface == "wlan0"
        stretches = [(level, round(seconds, 1)) for level, seconds in intervals(self.led.watch(4.0))]
        start = stretches.index((0, 0.6)) + 1
        assert stretches[start : start + 10] == [(1, 0.1), (0, 0.1)] * 4 + [(1, 0.1), (0, 0.6)]

    def assert_nobody_got_in(self) -> None:
        for station in self.stations:
            assert not station.control.has_event("WPS-CRED-RECEIVED")
            assert not station.is_connected
        assert "enrolment_succeeded" not in "".join(self.recorder.payloads(EVENT))


@pytest.fixture
def scene() -> Iterator[Scene]:
    chip = GpioSim()
    button, led = chip.line(BUTTON), chip.line(LED)
    button.release()
    with ExitStack() as stack:
        stack.enter_context(Mosquitto(1883))
        recorder = stack.enter_context(MqttRecorder(1883, "wps-agent/#"))
        stations = []
        for interface in ("wlan1", "wlan2"):
            namespace = stack.enter_context(NetNamespace(interface))
            namespace.take_radio(interface)
            stations.append(stack.enter_context(WpaSupplicant(interface, namespace=namespace)))
        agent = stack.enter_context(Agent(CONFIG))
        agent.control.read_events()  # attached from here on
        yield Scene(agent, recorder, tuple(stations), button, led)


def test_two_stations_that_press_after_us_are_both_refused(scene: Scene) -> None:
    scene.press()
    scene.recorder.wait_message(STATE, '"state":"active"')
    scene.start_both()
    scene.assert_overlap_is_shown()
    for station in scene.stations:
        station.control.wait_event("WPS-M2D dev_password_id=0 config_error=12", 60.0)
        station.control.wait_event("WPS-FAIL", 10.0)
        scene.agent.control.wait_event("WPS-FAIL msg=4 config_error=12", 10.0)
    scene.assert_nobody_got_in()


def test_a_press_while_two_stations_look_for_us_is_refused_until_they_have_been_quiet_for_two_minutes(
    scene: Scene,
) -> None:
    first, second = scene.stations
    scene.start_both()
    for station in scene.stations:
        scene.agent.control.wait_event("WPS-ENROLLEE-SEEN", 10.0)
        station.control.wait_event("CTRL-EVENT-SCAN-RESULTS", 10.0)
    refused = scene.agent.command("pbc")
    assert refused.returncode == 1
    assert "more than one device is in push-button mode" in refused.stderr
    scene.press()
    scene.assert_overlap_is_shown()
    assert scene.agent.control.request("WPS_GET_STATUS").splitlines()[0] == "PBC Status: Overlap"
    assert not scene.agent.control.has_event("WPS-PBC-ACTIVE")
    for station in scene.stations:
        station.control.expect_ok("WPS_CANCEL")
    quiet_since = time.monotonic()
    wait_until(
        lambda: scene.agent.control.request("WPS_PBC") == "OK", 130.0, "no press is accepted any more", interval=2.0
    )
    assert 115.0 < time.monotonic() - quiet_since < 122.5
    second.press_button()
    second.wait_connected(30.0)
    assert scene.state == "success"
    assert not first.is_connected
