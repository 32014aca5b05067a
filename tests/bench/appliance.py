# SPDX-License-Identifier: BSD-3-Clause
"""From the finger to the air and to the LED, and how often a board that nobody uses is woken up.

Runs inside guests of the lab: python -m tests.bench.appliance RUNS FILE, in travelled time with RUNS 0.

press_to_beacon: from the edge at the GPIO pin to the first beacon on the air that says push button: the debounce time
(20 ms), what the agent does, and the rest of the beacon interval (102 ms), of which on average a half is waited for.
press_to_probe_response: from the edge to the first answer that says so to somebody who asks all the time, which is the
agent's own share.  press_to_led: from the edge to the LED's pin being driven.  In each the simulated chip tells of the
edge up to 10 ms late.  idle_wakeups_per_minute: how often the process slept and was woken up, in travelled time, with
an access point, the kernel's button and LED, a broker (2 of them) and systemd's watchdog (every 15 s: 4).
…_gpiozero: the same with a button and an LED that gpiozero has.
"""

import itertools
import json
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench.measure import BEACON, MONITOR_INTERFACE, MQTT_PORT, PROBE_RESPONSE, AirWatch
from tests.lab.guest import GUEST_RUN_FOLDER, Guest, GuestOptions, find_kernel
from tests.lab.hardware import GpioLine, GpioSim
from tests.lab.network import interface_address, run, wiphy_of
from tests.lab.peers import Agent, Mosquitto

from wpsagent.dot11.elements import WPS_VENDOR_TYPE, Elements, ssid_element, supported_rates_element
from wpsagent.dot11.frames import ProbeRequest
from wpsagent.errors import DecodeError
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.wsc.elements import BeaconAttributes
from wpsagent.wsc.enumerations import DevicePasswordId

INTERFACE, PROBING_INTERFACE = "wlan0", "wlan1"
IDLE = 1200.0
REST = 5.0
SAMPLES = "samples.json"
WATCHDOG = {"WATCHDOG_USEC": "30000000"}
BEACON_BODY = 36
"""Octets of a beacon or probe response before its elements: header, timestamp, interval, capabilities (IEEE
802.11-2020, 9.3.3.2)."""
RADIOTAP = b"\x00\x00\x08\x00\x00\x00\x00\x00"
"""Version, padding, length 8, nothing present."""
BEACON_INTERVAL = 0.1024
PROBES_APART = 0.008
SETTLES = 0.015
"""A press is not looked for on the LED before that: whoever looks takes the processor from the agent."""

NETWORK = f"""
[[access_point]]
interface = "{INTERFACE}"
ssid = "bench"
passphrase = "a secret passphrase"
channel = 1

[mqtt]
host = "127.0.0.1"
port = {MQTT_PORT}
"""
BY_GPIOZERO = """
[[button]]
backend = "gpiozero"
pin = 17
long_press = "none"

[[led]]
backend = "gpiozero"
pin = 27
"""
BY_THE_KERNEL = """
[[button]]
backend = "evdev"

[[led]]
backend = "led_class"
"""

Samples = Mapping[str, Mapping[str, Sequence[float]]]


def says_push_button(frame: bytes) -> bool:
    """Whether the WPS element of a beacon or probe response shows a pressed button."""
    try:
        attributes = Elements.decode(frame[BEACON_BODY:]).vendor(WPS_VENDOR_TYPE)
        selected = BeaconAttributes.decode(attributes or b"").selected_registrar
    except DecodeError:
        return False
    return selected is not None and selected.device_password_id is DevicePasswordId.PUSH_BUTTON


class Prober:
    """Asks for any network every few milliseconds, on channel 1, from a radio of its own; within a with statement."""

    def __init__(self, interface: str) -> None:
        monitor = f"mon-{interface}"
        run("ip", "link", "set", interface, "down")
        run("iw", "phy", wiphy_of(interface), "interface", "add", monitor, "type", "monitor")
        run("ip", "link", "set", monitor, "up")
        run("iw", "dev", monitor, "set", "channel", "1")
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind((monitor, 0))
        self._numbers = itertools.count()

    def __enter__(self) -> Self:
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        source = MacAddress.parse("06:00:00:00:00:01")
        elements = ssid_element(Ssid(b"")) + supported_rates_element((2, 4, 11, 22), (2, 4, 11, 22))
        request = ProbeRequest(BROADCAST, source, BROADCAST, elements).encode()
        while not self._stopping.wait(PROBES_APART):
            number = (next(self._numbers) << 4 & 0xFFFF).to_bytes(2, "little")
            self._socket.send(RADIOTAP + request[:22] + number + request[24:])


def measure_press(runs: int) -> Samples:
    """press_to_beacon, press_to_probe_response and press_to_led, in milliseconds."""
    run("ip", "link", "set", MONITOR_INTERFACE, "up")
    GpioSim().line(17).release()
    prober, led = Prober(PROBING_INTERFACE), GpioSim().line(27)

    def is_answered(answers: AirWatch) -> float:
        with prober:
            return answers.wait(5.0, says_push_button)

    samples: dict[str, dict[str, list[float]]] = {}
    with Mosquitto(MQTT_PORT), Agent(NETWORK + BY_GPIOZERO) as agent:
        agent.wait_log("broker connected")
        for number in range(runs):
            # at every time of the beacon interval alike, for one press follows from the beacon after the one before
            threading.Event().wait(number / runs * BEACON_INTERVAL)
            passed = {
                "beacon": _after_a_press(agent, BEACON, lambda beacons: beacons.wait(5.0, says_push_button)),
                "probe_response": _after_a_press(agent, PROBE_RESPONSE, is_answered),
                "led": _after_a_press(agent, BEACON, lambda _: _lit_at(led)),
            }
            for name, value in passed.items():
                samples.setdefault(f"press_to_{name}", {}).setdefault("ours", []).append(value)
    return samples


def _after_a_press(agent: Agent, frame_type: int, happens: Callable[[AirWatch], float]) -> float:
    """Milliseconds from a press on a board that has come to rest until that which is waited for."""
    button = GpioSim().line(17)
    threading.Event().wait(1.0)
    watch = AirWatch(interface_address(INTERFACE), frame_type)
    pressed = time.time()
    button.press()
    passed = (happens(watch) - pressed) * 1000
    watch.close()
    button.release()
    agent.control.expect_ok("WPS_CANCEL")
    return passed


def _lit_at(led: GpioLine) -> float:
    deadline = time.time() + 5.0
    threading.Event().wait(SETTLES)
    while led.level == 0:
        if time.time() > deadline:
            raise AssertionError("the LED stays dark")
        threading.Event().wait(0.0005)
    return time.time()


def measure_idle(board: str) -> list[float]:
    """How often a minute an agent on a board sleeps, once it has come to rest."""
    GpioSim().line(17).release()
    GpioSim("board-gpio").line(0).release()
    with Mosquitto(MQTT_PORT), Agent(NETWORK + board, environment=WATCHDOG) as agent:
        agent.wait_log("broker connected")
        threading.Event().wait(REST)
        before = sleeps(agent.pid)
        threading.Event().wait(IDLE)
        return [(sleeps(agent.pid) - before) * 60 / IDLE]


def sleeps(pid: int) -> int:
    """How often the threads of a process have gone to sleep by themselves."""
    count = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        lines = status.read_text().splitlines()
        count += next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))
    return count


def measure(runs: int) -> dict[str, Mapping[str, Sequence[float]]]:
    """All of it, from outside; raises LabUnavailableError, or SystemExit with the guest's last words."""
    samples: dict[str, Mapping[str, Sequence[float]]] = {}
    for count in (3 * runs, 0):
        command = [sys.executable, "-m", "tests.bench.appliance", str(count), str(GUEST_RUN_FOLDER / SAMPLES)]
        options = GuestOptions(radios=2, time_travel=count == 0, time_limit=120.0 + 10.0 * runs)
        with Guest(find_kernel(), command, options, output=sys.stderr.buffer) as guest:
            guest.wait()
            if guest.exit_status != 0:
                raise SystemExit(guest.post_mortem())
            samples |= json.loads((guest.run_folder / SAMPLES).read_text())
    return samples


def main(arguments: Sequence[str]) -> None:
    runs, target = int(arguments[0]), Path(arguments[1])
    samples: dict[str, Mapping[str, Sequence[float]]] = {}
    if runs:
        samples |= measure_press(runs)
    else:
        for name, board in (("", BY_THE_KERNEL), ("_gpiozero", BY_GPIOZERO)):
            samples[f"idle_wakeups_per_minute{name}"] = {"ours": measure_idle(board)}
    target.write_text(json.dumps(samples))


if __name__ == "__main__":
    main(sys.argv[1:])
