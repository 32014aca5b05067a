# SPDX-License-Identifier: BSD-3-Clause
"""The appliance on the lab's Raspberry Pi, in travelled time: the kernel's button and LED from press to MQTT, a
contact that bounces, a button that is stuck, one that is held while the agent starts; with gpiozero over the kernel's
lines, with gpiozero over lgpio, and with the kernel's own drivers."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from tests.lab.hardware import GpioLine, GpioSim, LedClass
from tests.lab.network import NetNamespace
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 2, "time_travel": True, "time_limit": 240.0}

EVENT = "wps-agent/lab/event"
NETWORK = """
[agent]
node = "lab"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "correct horse battery"
channel = 1

[mqtt]
host = "127.0.0.1"
"""
GPIO = """
[[button]]
backend = "gpiozero"
pin = 17
pull = "none"  # the simulated chip takes a pull-up for a finger that lets go
long_press = "none"

[[led]]
backend = "gpiozero"
pin = 27
"""
KERNEL = """
[board]
profile = "raspberry-pi-overlays"
"""
BY_THE_KERNEL = """
[[button]]
backend = "evdev"
long_press = "none"

[[led]]
backend = "led_class"
"""


@dataclass
class Scene:
    """A broker and its listener; the button on either chip, and whether the LED is lit."""

    recorder: MqttRecorder
    button: GpioLine
    led: GpioLine
    config: str
    environment: Mapping[str, str]

    def agent(self) -> Agent:
        return Agent(self.config, environment=self.environment)

    def presses(self) -> int:
        """How many presses the broker has heard of."""
        return sum(json.loads(text)["event_type"] == "button_pressed" for text in self.recorder.payloads(EVENT))

    def wait_presses(self, count: int) -> None:
        wait_until(lambda: self.presses() >= count, 20.0, lambda: f"{self.presses()} presses", interval=0.5)
        pause(1.0)
        assert self.presses() == count


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def bounce(line: GpioLine, *, ends_pressed: bool) -> None:
    """Twenty edges in ten milliseconds."""
    for _ in range(10):
        line.press() if ends_pressed else line.release()
        pause(0.0005)
        line.release() if ends_pressed else line.press()
        pause(0.0005)
    line.press() if ends_pressed else line.release()


@pytest.fixture(params=["gpiozero", "lgpio", "kernel"])
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    has_pins = request.param != "kernel"
    chip = GpioSim() if has_pins else GpioSim("board-gpio")
    button, led = (chip.line(17), chip.line(27)) if has_pins else (chip.line(0), chip.line(1))
    environment = {"GPIOZERO_PIN_FACTORY": "lgpio"} if request.param == "lgpio" else {}
    button.release()
    LedClass().write("trigger", "none")
    with Mosquitto(1883), MqttRecorder(1883, "wps-agent/#") as recorder:
        yield Scene(recorder, button, led, NETWORK + (GPIO if has_pins else BY_THE_KERNEL), environment)
    button.release()


def test_the_board_of_the_device_tree_lets_a_station_in() -> None:
    """The kernel's own button and LED, by the profile that they are detected as."""
    chip = GpioSim("board-gpio")
    button, led = chip.line(0), chip.line(1)
    button.release()
    with (
        Mosquitto(1883),
        MqttRecorder(1883, "wps-agent/#") as recorder,
        NetNamespace("station") as namespace,
        Agent(NETWORK + KERNEL) as agent,
    ):
        namespace.take_radio("wlan1")
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            button.press()
            pause(0.3)
            button.release()
            recorder.wait_message("wps-agent/lab/state", '"state":"active"')
            assert LedClass().trigger == "timer"
            assert {change.level for change in led.watch(1.0)} == {0, 1}
            station.press_button()
            station.wait_connected()
            recorder.wait_message(EVENT, "station_connected")
            wait_until(lambda: LedClass().trigger == "none", 5.0, "the LED still blinks")
            assert {change.level for change in led.watch(1.0)} == {1}
        agent.stop()
        recorder.wait_message("wps-agent/lab/availability", "offline")
    assert led.level == 0


def test_a_contact_that_bounces_is_one_press(scene: Scene) -> None:
    with scene.agent():
        for count in (1, 2, 3):
            bounce(scene.button, ends_pressed=True)
            pause(0.2)
            bounce(scene.button, ends_pressed=False)
            scene.wait_presses(count)


def test_a_spike_is_no_press(scene: Scene) -> None:
    with scene.agent():
        bounce(scene.button, ends_pressed=True)
        scene.button.release()
        pause(2.0)
        assert scene.presses() == 0
        assert scene.led.level == 0


def test_a_stuck_button_is_one_press_and_a_warning(scene: Scene) -> None:
    with scene.agent() as agent:
        scene.button.press()
        line = agent.wait_log("is stuck or short-circuited: pressed for 10 s", 20.0)
        assert "WARNING" in line
        agent.control.watch(60.0)
        assert scene.presses() == 1
        assert agent.log.count("is stuck") == 1
        told = agent.command("doctor").stdout
        assert "in use by the running agent" in told
        scene.button.release()
        pause(0.5)
        scene.button.press()
        scene.wait_presses(2)


def test_a_button_that_is_held_at_boot_is_no_press(scene: Scene) -> None:
    scene.button.press()
    pause(0.5)
    with scene.agent() as agent:
        agent.wait_log("is stuck or short-circuited: pressed for 10 s", 20.0)
        assert scene.presses() == 0
        assert "PBC Status: Disabled" in agent.control.request("WPS_GET_STATUS")
        scene.button.release()
        pause(0.5)
        assert scene.presses() == 0
        scene.button.press()
        scene.wait_presses(1)
        assert "PBC Status: Active" in agent.control.request("WPS_GET_STATUS")
        done = agent.command("cancel")
        assert done.returncode == 0, done.stderr


def test_the_doctor_says_that_a_button_reads_as_pressed(scene: Scene) -> None:
    scene.button.press()
    pause(0.5)
    with scene.agent() as agent:
        path = agent.config_path
        agent.stop()
        told = agent.command("doctor").stdout
        assert "it reads as pressed now" in told, told
        assert path.exists()
