# SPDX-License-Identifier: BSD-3-Clause
"""Board profiles on the lab's Raspberry Pi: detected, tried by `wps-agent board test`, and run by the agent."""

import asyncio
import json
import os
import pwd
import re
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.lab.hardware import GpioLine, GpioSim, LedClass
from tests.lab.peers import Agent, wait_until

from wpsagent.config.model import LedSettings
from wpsagent.daemon.board import open_leds

LAB = {"radios": 1, "time_limit": 240.0}

PROGRAM = str(Path(sys.executable).with_name("wps-agent"))
SOCKET = "/run/board/control"
CONFIG = f"""
[agent]
control_socket = "{SOCKET}"

[[access_point]]
interface = "wlan0"
ssid = "lab"
passphrase = "a secret passphrase"
channel = 1

[board]
"""


def wps_agent(*words: str) -> dict[str, Any]:
    """The JSON that a command prints."""
    done = subprocess.run([PROGRAM, *words, "--json"], capture_output=True, text=True, check=True)
    found: dict[str, Any] = {"answer": json.loads(done.stdout)}
    return found


def detected() -> str | None:
    boards = wps_agent("board", "list")["answer"]
    return next((board["name"] for board in boards if board["detected"]), None)


@contextmanager
def without_kernel_drivers() -> Iterator[None]:
    """The button and the LED of the device tree belong to nobody."""
    drivers = {"gpio-keys": "keys", "leds-gpio": "leds"}
    for driver, device in drivers.items():
        Path(f"/sys/bus/platform/drivers/{driver}/unbind").write_text(device)
    try:
        yield
    finally:
        for driver, device in drivers.items():
            Path(f"/sys/bus/platform/drivers/{driver}/bind").write_text(device)


@pytest.fixture
def pin_17() -> GpioLine:
    line = GpioSim().line(17)
    line.release()
    return line


@pytest.fixture
def key() -> GpioLine:
    """The button of the device tree."""
    line = GpioSim("board-gpio").line(0)
    line.release()
    return line


class BoardTest:
    """`wps-agent board test`, and what it has printed so far."""

    def __init__(self, *words: str, user: str | None = None) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [PROGRAM, "board", "test", *words, "--socket", SOCKET],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            user=user,
            group=None if user is None else pwd.getpwnam(user).pw_gid,
            extra_groups=None if user is None else [],
            cwd="/",
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            for line in output:
                self.lines.append(line.rstrip())

    def wait_for(self, words: str) -> None:
        wait_until(lambda: any(words in line for line in self.lines), 60.0, lambda: f"{words!r} is not in {self.lines}")

    def send(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def end(self) -> int:
        code = self._process.wait(60)
        self._reader.join(10)
        return code


def press(line: GpioLine, seconds: float, bounces: int = 0) -> None:
    """A finger: a contact that closes and opens so often before it stays, and then a clean release."""
    for _ in range(bounces):
        line.press()
        threading.Event().wait(0.015)  # the simulated chip makes one edge of many that come at once
        line.release()
        threading.Event().wait(0.015)
    line.press()
    threading.Event().wait(seconds)
    line.release()


def test_board_is_known_by_its_device_tree_and_by_what_the_kernel_has(key: GpioLine) -> None:
    assert detected() == "raspberry-pi-overlays"
    with without_kernel_drivers():
        assert detected() == "raspberry-pi-3"
    assert detected() == "raspberry-pi-overlays"


def test_board_test_on_the_pins_of_the_raspberry_pi(pin_17: GpioLine) -> None:
    led = GpioSim().line(27)
    with without_kernel_drivers():
        trial = BoardTest()
        trial.wait_for("LED 27: on (success): a device was admitted")
        assert led.level == 1
        trial.wait_for("button 17: press it now")
        press(pin_17, 0.4)
        code = trial.end()
    assert (code, led.level) == (0, 0), trial.lines
    assert trial.lines[0].startswith("testing board profile raspberry-pi-3 (the device tree says ")
    assert len([line for line in trial.lines if line.startswith("LED 27: ")]) == 5
    words = trial.lines[-1].split(", ")
    assert words[0] == "button 17: short press"
    assert 0.35 < float(words[1].split()[1]) < 0.6
    assert words[2].endswith("it asks for WPS")


def test_board_test_counts_the_bounces_of_a_contact(pin_17: GpioLine, tmp_path: Path) -> None:
    path = tmp_path / "wps-agent.toml"
    button = '[[button]]\nbackend = "gpiozero"\npin = 17\ndebounce_ms = 200\n'  # so slow is the simulated chip
    path.write_text(CONFIG.replace("[board]\n", button))
    trial = BoardTest("-c", str(path))
    trial.wait_for("button 17: press it now")
    press(pin_17, 0.6, bounces=3)
    assert trial.end() == 0, trial.lines
    assert re.fullmatch(r"button 17: short press, held 0\.[5-9]. s, \d bounces: it asks for WPS", trial.lines[-1])


def test_board_test_on_the_kernels_button_and_led(key: GpioLine) -> None:
    led = LedClass()
    led.write("trigger", "heartbeat")
    try:
        trial = BoardTest("generic-evdev", "--presses", "2")
        trial.wait_for("LED led_class: blinks 200/100 ms")
        assert (led.trigger, led.read("delay_on")) == ("timer", "200")
        trial.wait_for("button evdev: press it now")
        press(key, 0.3)
        trial.wait_for("button evdev: short press, held 0.3")
        press(key, 3.4)
        assert trial.end() == 0, trial.lines
        assert trial.lines[-1].startswith("button evdev: long press, held 3.")
        assert led.trigger == "heartbeat"
    finally:
        led.write("trigger", "none")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_board_test_that_is_cut_short_gives_the_led_back(key: GpioLine, number: signal.Signals) -> None:
    led = LedClass()
    trial = BoardTest("generic-evdev")
    trial.wait_for("LED led_class: blinks")
    trial.send(number)
    assert (trial.end(), led.trigger, led.brightness) == (130, "none", 0)


def test_board_test_says_that_nobody_presses(pin_17: GpioLine) -> None:
    trial = BoardTest("raspberry-pi-3", "--timeout", "1")
    assert trial.end() == 3
    assert trial.lines[-1] == ("button 17: no press within 1 s; if it was pressed: see to its pin and its wires")


@contextmanager
def modes(mode: int, *paths: Path) -> Iterator[None]:
    before = [path.stat().st_mode & 0o7777 for path in paths]
    for path in paths:
        path.chmod(mode)
    try:
        yield
    finally:
        for path, former in zip(paths, before, strict=True):
            path.chmod(former)


def open_the_way_to_python() -> None:
    """Let everybody run the interpreter, also in a home closed to others; the guest's files are in memory only."""
    python = Path(sys.executable)
    for folder in {*python.parents, *python.resolve().parents}:
        folder.chmod(folder.stat().st_mode | 0o111)


def test_board_test_needs_no_root_where_the_kernel_lets_others(key: GpioLine) -> None:
    open_the_way_to_python()
    led = LedClass().folder
    inputs = list(Path("/dev/input").glob("event*"))
    with modes(0o600, *inputs):
        refused = BoardTest("generic-evdev", user="nobody")
        assert refused.end() == 1
    assert any(line.startswith("LED led_class: cannot be used: ") for line in refused.lines), refused.lines
    assert "no permission for /dev/input/event0: add the user to group input" in refused.lines[-1]
    with modes(0o666, *inputs, led / "trigger", led / "brightness"):
        trial = BoardTest("generic-evdev", user="nobody")
        trial.wait_for("button evdev: press it now")
        press(key, 0.3)
        assert trial.end() == 0, trial.lines


def wait_for_trigger(name: str) -> None:
    led = LedClass()
    wait_until(lambda: led.trigger == name, 20.0, lambda: f"the LED's trigger is {led.trigger}")


def test_agent_runs_the_detected_board_and_the_board_test_keeps_off(key: GpioLine) -> None:
    with Agent(CONFIG) as agent:
        refused = agent.command("board", "test")
        assert refused.returncode == 1
        assert f"an agent is running ({SOCKET}) and has the button and the LED: stop it first" in refused.stderr
        press(key, 0.3)
        wait_for_trigger("timer")
        assert agent.command("cancel").returncode == 0
        wait_for_trigger("none")
        told = agent.command("doctor").stdout
        assert re.search(r"^ok +board profile: raspberry-pi-overlays ", told, re.MULTILINE), told


def test_agent_runs_the_board_that_is_named(pin_17: GpioLine) -> None:
    led = GpioSim().line(27)
    with Agent(CONFIG + 'profile = "raspberry-pi-3"\n'):
        assert led.level == 0
        press(pin_17, 0.3)
        wait_until(lambda: led.level == 1, 20.0, "the LED does not blink")
    assert led.level == 0


# ---- LEDs of several colours


def levels_by_pattern(settings: LedSettings, levels: Callable[[], tuple[bool, bool]]) -> dict[str, tuple[bool, bool]]:
    """What two parts of an LED do for patterns that stand still."""

    async def show() -> dict[str, tuple[bool, bool]]:
        leds = open_leds((settings,))
        seen = {}
        for name in ("in_progress", "success", "error", "idle"):
            leds.show(name)
            seen[name] = levels()
        leds.close()
        return seen

    return asyncio.run(show())


STEADY = tuple((name, ((1000, 0),)) for name in ("in_progress", "error"))
SEEN = {"in_progress": (True, True), "success": (False, True), "error": (True, False), "idle": (False, False)}


def test_led_of_two_pins_mixes_its_colours() -> None:
    chip = GpioSim()
    red, green = chip.line(22), chip.line(27)
    led = LedSettings("gpiozero", None, None, True, STEADY, (("green", "27"), ("red", "22")))
    assert levels_by_pattern(led, lambda: (bool(red.level), bool(green.level))) == SEEN
    assert (red.level, green.level) == (0, 0)


@contextmanager
def user_led(name: str) -> Iterator[LedClass]:
    """An LED of a program's making."""
    descriptor = os.open("/dev/uleds", os.O_RDWR)
    try:
        os.write(descriptor, struct.pack("64si", name.encode(), 255))
        yield LedClass(name)
    finally:
        os.close(descriptor)


def test_two_leds_of_the_kernel_are_one_of_two_colours() -> None:
    led = LedSettings("led_class", None, None, True, STEADY, (("green", "green:lab"), ("red", "red:lab")))
    with user_led("red:lab") as red, user_led("green:lab") as green:
        assert levels_by_pattern(led, lambda: (red.brightness > 0, green.brightness > 0)) == SEEN
        assert (red.brightness, green.brightness) == (0, 0)
