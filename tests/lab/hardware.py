# SPDX-License-Identifier: BSD-3-Clause
"""The lab's board: the simulated GPIO chips and the LED-class devices of kernel/lab.dts, seen from outside."""

import fcntl
import itertools
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

GPIO_GET_CHIPINFO_IOCTL = 0x8044B401
"""linux/gpio.h: name[32], label[32], lines (32 bits)."""


@dataclass(frozen=True, slots=True)
class Change:
    """A line's level from a point in time (monotonic) on."""

    time: float
    level: int


class GpioSim:
    """A gpio-sim chip; `device` is its character device."""

    def __init__(self, label: str = "pinctrl-bcm2835") -> None:
        """Find the chip by its label; raises LookupError."""
        self.device = _find_chip(label)
        found = sorted(Path("/sys/devices/platform").glob(f"*gpio-sim*/{self.device.name}"))
        if not found:
            raise LookupError(f"{self.device} is not a simulated chip")
        self._folder = found[0]

    def line(self, number: int) -> "GpioLine":
        return GpioLine(self._folder / f"sim_gpio{number}")


class GpioLine:
    """One line of a simulated chip.  Lines start pulled down: release() an active-low button before it is used."""

    def __init__(self, folder: Path) -> None:
        self._pull = folder / "pull"
        self._value = folder / "value"

    def pull(self, is_up: bool) -> None:
        """What the world outside does to an input."""
        self._pull.write_text("pull-up" if is_up else "pull-down")

    def press(self) -> None:
        """Press the active-low button on this line."""
        self.pull(False)

    def release(self) -> None:
        """Release the active-low button on this line."""
        self.pull(True)

    @property
    def level(self) -> int:
        """The level on the line, whoever drives it."""
        return int(self._value.read_text())

    def watch(self, duration: float, interval: float = 0.005) -> list[Change]:
        """The level now and each change of it within duration seconds, sampled at an interval."""
        return _watch(lambda: self.level, duration, interval)


class LedClass:
    """A LED of the kernel's LED class, for example green:wps."""

    def __init__(self, name: str = "green:wps") -> None:
        self.folder = Path("/sys/class/leds") / name

    @property
    def brightness(self) -> int:
        return int((self.folder / "brightness").read_text())

    @property
    def trigger(self) -> str:
        """The trigger that is chosen, "none" without one."""
        words = (self.folder / "trigger").read_text().split()
        return next(word.strip("[]") for word in words if word.startswith("["))

    def read(self, name: str) -> str:
        """One attribute as text, for example read("delay_on")."""
        return (self.folder / name).read_text().strip()

    def write(self, name: str, value: str) -> None:
        (self.folder / name).write_text(value)

    def watch(self, duration: float, interval: float = 0.005) -> list[Change]:
        """Whether it is lit (1) now, and each change within duration seconds, sampled at an interval."""
        return _watch(lambda: int(self.brightness > 0), duration, interval)


def intervals(changes: list[Change]) -> list[tuple[int, float]]:
    """(level, seconds it lasted) for each complete stretch between two changes."""
    inner = changes[1:]
    return [(first.level, second.time - first.time) for first, second in itertools.pairwise(inner)]


def _find_chip(label: str) -> Path:
    for device in sorted(Path("/dev").glob("gpiochip*")):
        with device.open("rb") as chip:
            info = fcntl.ioctl(chip, GPIO_GET_CHIPINFO_IOCTL, bytes(68))
        found: bytes = struct.unpack("32s32sI", info)[1]
        if found.rstrip(b"\0").decode() == label:
            return device
    raise LookupError(f"no GPIO chip is labelled {label}")


def _watch(read: Callable[[], int], duration: float, interval: float) -> list[Change]:
    pause = threading.Event()
    deadline = time.monotonic() + duration
    changes = [Change(time.monotonic(), read())]
    while time.monotonic() < deadline:
        pause.wait(interval)
        level = read()
        if level != changes[-1].level:
            changes.append(Change(time.monotonic(), level))
    return changes
