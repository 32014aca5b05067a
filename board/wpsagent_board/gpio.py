# SPDX-License-Identifier: BSD-3-Clause
"""Buttons and LEDs at the pins of a Raspberry Pi, by gpiozero (1.6.2 and newer) with lgpio.

gpiozero's own debouncing, holding and blinking are not used: bounce_time loses edges, holding and blinking run in
threads.  lgpio's thread only posts edges into the loop; LEDs are blinked by the loop.

gpiozero refuses boards that are not a Raspberry Pi; there the kernel's drivers (evdev, uevent, led_class) do the work.
It and lgpio are imported when the first pin is opened, not before.
"""

import asyncio
from contextlib import suppress
from typing import Literal

from wpsagent_board.errors import BoardError
from wpsagent_board.gpio_line import Line, Pin, pin_name
from wpsagent_board.pattern import Pattern
from wpsagent_board.player import LoopPlayer
from wpsagent_board.ports import EdgeHandler

Pull = Literal["up", "down", "none"]

_PULL_UP = {"up": True, "down": False, "none": None}


class GpioButton:
    """A ButtonSource at a pin.

    active_low: pressed pulls the pin to ground.  chip: the number of the gpiochip, None: gpiozero's choice.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        pin: Pin,
        *,
        active_low: bool = True,
        pull: Pull = "up",
        chip: int | None = None,
    ) -> None:
        self._loop = loop
        self._callback: EdgeHandler | None = None
        self._last_known = False
        pull_up = _PULL_UP[pull]
        # gpiozero takes the level against the resistor for the active one; a board wired otherwise is inverted here
        self._is_inverted = active_low != (pull_up is True)
        self._line: Line | None = Line(
            "DigitalInputDevice",
            pin,
            chip,
            pull_up=pull_up,
            active_state=True if pull_up is None else None,
            bounce_time=None,
        )

    @property
    def is_pressed(self) -> bool:
        """The line, read now; the last level known when it is closed.  Raises BoardError when it cannot be read."""
        if self._line is not None:
            self._last_known = self._line.read() != self._is_inverted
        return self._last_known

    def start(self, callback: EdgeHandler) -> None:
        if self._line is None:
            raise BoardError("the button is closed")
        self._callback = callback
        self._line.watch(self._activated, self._deactivated)

    def close(self) -> None:
        """Give the pin back as an input."""
        self._callback = None
        if self._line is not None:
            self._line.close()
        self._line = None

    def _activated(self) -> None:
        self._post(not self._is_inverted)

    def _deactivated(self) -> None:
        self._post(self._is_inverted)

    def _post(self, is_pressed: bool) -> None:
        """Runs in lgpio's thread, which must not die of a loop that has just been closed."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, self._loop.time(), is_pressed)

    def _deliver(self, now: float, is_pressed: bool) -> None:
        self._last_known = is_pressed
        if self._callback is not None:
            self._callback(now, is_pressed)


class GpioIndicator:
    """An Indicator at a pin.  active_high: a high pin lights it.  chip: as for the button."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pin: Pin, *, active_high: bool = True, chip: int | None = None
    ) -> None:
        self._name = pin_name(pin)
        self._line: Line | None = Line("DigitalOutputDevice", pin, chip, active_high=active_high, initial_value=False)
        self._player = LoopPlayer(loop, self._line.write)

    def show(self, pattern: Pattern) -> None:
        if self._line is None:
            raise BoardError(f"the LED at {self._name} is closed")
        self._player.play(pattern)

    def close(self) -> None:
        """Dark, and the pin an input again, as every free pin of a Pi."""
        self._player.stop()
        if self._line is not None:
            self._line.close()
        self._line = None
