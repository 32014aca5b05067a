# SPDX-License-Identifier: BSD-3-Clause
"""LEDs of the kernel's LED class: /sys/class/leds/<name>.

The kernel blinks where it can, so that a blinking LED costs no wake-ups and goes on when the program stalls:

    dark, solid                    trigger none, brightness 0 or max_brightness
    one step, without end          trigger timer:    delay_on, delay_off in milliseconds
    any other                      trigger pattern:  pairs "brightness milliseconds", repeat (-1: without end)
    where a trigger is missing     trigger none, brightness written by the loop
      or may not be written

Trigger pattern fades from one brightness to the next; a pair of no time makes it a step
(Documentation/ABI/testing/sysfs-class-led-trigger-pattern).

An LED of the multicolor class (multi_index "red green blue", multi_intensity) takes the colour of each pattern.

The LED's former trigger with its settings, its brightness and its colour are saved when it is opened, and put back.
"""

import asyncio
import logging
import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wpsagent_board.colors import PARTS
from wpsagent_board.errors import BoardError
from wpsagent_board.pattern import Pattern
from wpsagent_board.player import LoopPlayer

logger = logging.getLogger(__name__)

LEDS = Path("/sys/class/leds")

# LED_FUNCTION_WPS of the device-tree bindings, "board:colour:wps" before them, "qss" on old TP-Link boards
_WPS_NAME = re.compile(r"(^|:)(wps|qss)(-[0-9]+)?$")

# not a setting of a trigger: the LED's own, or not to be written
_OWN_ATTRIBUTES = frozenset(
    {"brightness", "brightness_hw_changed", "max_brightness", "multi_index", "multi_intensity", "trigger", "uevent"}
)


def find_wps_leds(root: Path = LEDS) -> list[str]:
    """The names of the LEDs that are meant for WPS, sorted."""
    return sorted(name for name in _names(root) if _WPS_NAME.search(name))


def _names(root: Path) -> list[str]:
    try:
        return sorted(path.name for path in root.iterdir())
    except OSError:
        return []


@dataclass(frozen=True, slots=True)
class _Saved:
    """What an LED did before: its trigger, that trigger's settings (name, value), its brightness and colour."""

    trigger: str
    settings: tuple[tuple[str, str], ...]
    brightness: str
    intensity: str


class LedClassIndicator:
    """An Indicator of the LED class.  name None: the LED that is meant for WPS.  root: the class's folder."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str | None = None, *, root: Path = LEDS) -> None:
        self._loop = loop
        self._led = _Led(root, name)
        self._saved: _Saved | None = self._led.save()
        self._player = LoopPlayer(loop, self._set_level)
        self._end: asyncio.TimerHandle | None = None

    @property
    def name(self) -> str:
        return self._led.name

    @property
    def has_colors(self) -> bool:
        """It is one of the multicolor class."""
        return bool(self._led.parts)

    def show(self, pattern: Pattern) -> None:
        self._stop()
        is_colored = self._led.set_color(pattern.color)
        is_by_kernel = self._show_by_kernel(pattern)
        if not is_by_kernel:
            self._led.write("trigger", "none")
            self._player.play(pattern)
        # the player goes on to what follows by itself, but in the same colour
        if (is_by_kernel or is_colored) and (total := pattern.total_us) is not None:
            self._end = self._loop.call_later(total / 1_000_000, self._show_next, pattern.then or Pattern("dark"))

    def close(self) -> None:
        """The former trigger, its settings and the brightness are put back."""
        self._stop()
        saved, self._saved = self._saved, None
        if saved is not None:
            try:
                self._led.restore(saved)
            except BoardError as error:
                logger.warning("not put back: %s", error)

    def _stop(self) -> None:
        self._player.stop()
        if self._end is not None:
            self._end.cancel()
        self._end = None

    def _show_next(self, pattern: Pattern) -> None:
        try:
            self.show(pattern)
        except BoardError as error:
            logger.warning("the indicator stops: %s", error)

    def _show_by_kernel(self, pattern: Pattern) -> bool:
        """Let the kernel show it; False where it cannot."""
        if pattern.is_dark or pattern.is_solid:
            self._led.write("trigger", "none")
            self._set_level(pattern.is_solid)
            return True
        try:
            return self._blink_by_trigger(pattern)
        except BoardError as error:
            # udev may give the service the brightness but not what a trigger adds
            logger.debug("blinking without the kernel's help: %s", error)
            return False

    def _blink_by_trigger(self, pattern: Pattern) -> bool:
        triggers, _ = self._led.triggers()
        if len(pattern.steps) == 1 and pattern.repeat is None and "timer" in triggers:
            on_ms, off_ms = pattern.steps[0]
            self._led.write("trigger", "none")
            self._set_level(True)  # the timer takes over the brightness
            self._led.write("trigger", "timer")
            self._led.write("delay_on", str(on_ms))
            self._led.write("delay_off", str(off_ms))
            return True
        if "pattern" in triggers:
            self._led.write("trigger", "pattern")
            self._led.write("repeat", str(pattern.repeat or -1))
            self._led.write("pattern", _kernel_pattern(pattern, self._led.max_brightness))
            return True
        return False

    def _set_level(self, is_on: bool) -> None:
        self._led.write("brightness", self._led.max_brightness if is_on else "0")


def _kernel_pattern(pattern: Pattern, max_brightness: str) -> str:
    """Two pairs a phase: the level for its time, then the same level for none, so that no fade follows."""
    pairs: list[str] = []
    for level, duration_us in pattern.phases():
        brightness = max_brightness if level else "0"
        pairs += [f"{brightness} {duration_us // 1000}", f"{brightness} 0"]
    return " ".join(pairs)


class _Led:
    """The files of one LED.  Every failure is a BoardError."""

    def __init__(self, root: Path, name: str | None) -> None:
        self.name = _chosen(root, name)
        self._folder = root / self.name
        self.max_brightness = self.read("max_brightness") or "1"
        self.parts = self.read("multi_index").split() if (self._folder / "multi_index").exists() else []
        for attribute in ("trigger", "brightness"):
            if not os.access(self._folder / attribute, os.W_OK):
                raise BoardError(
                    f"LED {self.name}: no permission to write {self._folder / attribute}: run as root, or let a udev "
                    "rule give the file to the service's group"
                )

    def read(self, attribute: str) -> str:
        try:
            return (self._folder / attribute).read_text().strip()
        except OSError as error:
            raise self._explained(error, attribute) from error

    def write(self, attribute: str, value: str) -> None:
        try:
            # not to be made where it does not exist
            descriptor = os.open(self._folder / attribute, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            try:
                os.write(descriptor, value.encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise self._explained(error, attribute) from error

    def triggers(self) -> tuple[list[str], str]:
        """(all triggers, the one in use); in the file the one in use stands in brackets."""
        words = self.read("trigger").split()
        current = next((word[1:-1] for word in words if word.startswith("[")), "none")
        return [word.strip("[]") for word in words], current

    def save(self) -> _Saved:
        _, trigger = self.triggers()
        settings = () if trigger == "none" else tuple(self._settings())
        return _Saved(trigger, settings, self.read("brightness"), self.read("multi_intensity") if self.parts else "")

    def set_color(self, color: tuple[int, int, int] | None) -> bool:
        """Take a colour, parts other than red, green and blue dark; False where there is none to take or nothing to do.

        A file that may not be written keeps its colour: the pattern says the same without.
        """
        if color is None or not self.parts:
            return False
        values: dict[str, int] = dict(zip(PARTS, color, strict=True))
        full = int(self.max_brightness)
        try:
            self.write("multi_intensity", " ".join(str(values.get(part, 0) * full // 255) for part in self.parts))
        except BoardError as error:
            logger.debug("without its colour: %s", error)
            return False
        return True

    def _settings(self) -> Iterable[tuple[str, str]]:
        """What the trigger in use has: every other regular file that can be read and written."""
        names = [path.name for path in self._folder.iterdir() if path.name not in _OWN_ATTRIBUTES]
        # netdev's other settings need its device
        for name in sorted(names, key=lambda name: (name != "device_name", name)):
            mode = (self._folder / name).stat().st_mode
            if stat.S_ISREG(mode) and mode & stat.S_IRUSR and mode & stat.S_IWUSR:
                yield name, self.read(name)

    def restore(self, saved: _Saved) -> None:
        """Put back what was saved; a setting that is refused is passed over."""
        self.write("trigger", "none")
        if saved.intensity:
            self.write("multi_intensity", saved.intensity)
        self.write("brightness", saved.brightness)
        if saved.trigger == "none":
            return
        self.write("trigger", saved.trigger)
        for name, value in saved.settings:
            try:
                self.write(name, value)
            except BoardError as error:
                logger.debug("not put back: %s", error)

    def _explained(self, error: OSError, attribute: str) -> BoardError:
        if not self._folder.exists():
            return BoardError(f"LED {self.name} is gone: {self._folder} does not exist any more")
        return BoardError(f"LED {self.name}: {self._folder / attribute}: {error.strerror}")


def _chosen(root: Path, name: str | None) -> str:
    """The name of an LED that exists; raises BoardError that says which do."""
    names = _names(root)
    there_are = f"there are: {', '.join(names)}" if names else f"there are none in {root}"
    if name is None:
        found = find_wps_leds(root)
        if not found:
            raise BoardError(f"no LED is meant for WPS (named …:wps or …:qss): name one; {there_are}")
        return found[0]
    if name not in names:
        raise BoardError(f"no LED named {name}; {there_are}")
    return name
