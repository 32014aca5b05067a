# SPDX-License-Identifier: BSD-3-Clause
"""From the finger to the air and to the LED, and how often a board that nobody uses is woken up.

Runs inside guests of the lab: python -m tests.bench.appliance RUNS FILE, in travelled time with RUNS 0.

press_to_beacon: from the edge at the GPIO pin to the first beacon on the air that says push button: the debounce time
(20 ms), what the agent does, and the rest of the beacon interval (102 ms), of which on average a half is waited for.
press_to_led: from the same edge to the LED's pin being driven.  idle_wakeups_per_minute: how often the process slept
and was woken up, in travelled time, with an access point, the kernel's button and LED, a broker and systemd's watchdog
(every 15 s); the broker's keep-alive (a look every 10 s) is among them.  …_gpiozero: the same with a button that
gpiozero has; lgpio's two threads poll, a thousand times a second, so it is measured in real time.
"""

import json
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.measure import MONITOR_INTERFACE, MQTT_PORT, BeaconWatch
from tests.lab.guest import GUEST_RUN_FOLDER, Guest, GuestOptions, find_kernel
from tests.lab.hardware import GpioLine, GpioSim
from tests.lab.network import interface_address, run
from tests.lab.peers import Agent, Mosquitto

from wpsagent.dot11.elements import WPS_VENDOR_TYPE, Elements
from wpsagent.errors import DecodeError
from wpsagent.wsc.elements import BeaconAttributes
from wpsagent.wsc.enumerations import DevicePasswordId

INTERFACE = "wlan0"
IDLE, IDLE_IN_REAL_TIME = 1200.0, 20.0
REST = 5.0
SAMPLES = "samples.json"
WATCHDOG = {"WATCHDOG_USEC": "30000000"}
BEACON_BODY = 36
"""Octets of a beacon before its elements: header, timestamp, interval, capabilities (IEEE 802.11-2020, 9.3.3.2)."""

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


def says_push_button(beacon: bytes) -> bool:
    """Whether the WPS element of a beacon shows a pressed button."""
    try:
        attributes = Elements.decode(beacon[BEACON_BODY:]).vendor(WPS_VENDOR_TYPE)
        selected = BeaconAttributes.decode(attributes or b"").selected_registrar
    except DecodeError:
        return False
    return selected is not None and selected.device_password_id is DevicePasswordId.PUSH_BUTTON


def measure_press(runs: int) -> Samples:
    """press_to_beacon and press_to_led, in milliseconds."""
    run("ip", "link", "set", MONITOR_INTERFACE, "up")
    chip = GpioSim()
    button, led = chip.line(17), chip.line(27)
    button.release()
    beacons, leds = [], []
    with Mosquitto(MQTT_PORT), Agent(NETWORK + BY_GPIOZERO) as agent:
        for _ in range(runs):
            threading.Event().wait(1.0)
            watch = BeaconWatch(interface_address(INTERFACE))
            pressed = time.time()
            button.press()
            leds.append((_lit_at(led) - pressed) * 1000)
            beacons.append((watch.wait(5.0, says_push_button) - pressed) * 1000)
            watch.close()
            button.release()
            agent.control.expect_ok("WPS_CANCEL")
    return {"press_to_beacon": {"ours": beacons}, "press_to_led": {"ours": leds}}


def _lit_at(led: GpioLine) -> float:
    deadline = time.time() + 5.0
    while led.level == 0:
        if time.time() > deadline:
            raise AssertionError("the LED stays dark")
        threading.Event().wait(0.0005)
    return time.time()


def measure_idle(board: str, seconds: float) -> list[float]:
    """How often a minute an agent on a board sleeps, once it has come to rest."""
    GpioSim().line(17).release()
    GpioSim("board-gpio").line(0).release()
    with Mosquitto(MQTT_PORT), Agent(NETWORK + board, environment=WATCHDOG) as agent:
        agent.wait_log("broker connected")
        threading.Event().wait(REST)
        before = sleeps(agent.pid)
        threading.Event().wait(seconds)
        return [(sleeps(agent.pid) - before) * 60 / seconds]


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
        options = GuestOptions(radios=1, time_travel=count == 0, time_limit=120.0 + 10.0 * runs)
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
        samples["idle_wakeups_per_minute_gpiozero"] = {"ours": measure_idle(BY_GPIOZERO, IDLE_IN_REAL_TIME)}
    else:
        samples["idle_wakeups_per_minute"] = {"ours": measure_idle(BY_THE_KERNEL, IDLE)}
    target.write_text(json.dumps(samples))


if __name__ == "__main__":
    main(sys.argv[1:])
