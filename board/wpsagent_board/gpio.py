# SPDX-License-Identifier: BSD-3-Clause
"""Buttons and LEDs at the pins of a Raspberry Pi, by gpiozero (1.6.2 and newer) over the kernel's character device.

gpiozero's own debouncing, holding and blinking are not used: bounce_time loses edges, holding and blinking run in
threads.  Edges come in the loop, and LEDs are blinked by it.

gpiozero refuses boards that are not a Raspberry Pi; there the kernel's drivers (evdev, uevent, led_class) do the work.
It is imported when the first pin is opened, not before.
"""

import asyncio
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

    active_low: pressed pulls the pin to ground.  chip: the number of the gpiochip, None: the Raspberry Pi's own.
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
        self._active_low = active_low
        pull_up = _PULL_UP[pull]
        # gpiozero's idea of which level is the active one follows the resistor; levels are read past it
        active_state = True if pull_up is None else None
        self._line: Line | None = Line(loop, "InputDevice", pin, chip, pull_up=pull_up, active_state=active_state)

    @property
    def is_pressed(self) -> bool:
        """The line, read now; the last level known when it is closed.  Raises BoardError when it cannot be read."""
        if self._line is not None:
            self._last_known = self._line.is_high != self._active_low
        return self._last_known

    def start(self, callback: EdgeHandler) -> None:
        if self._line is None:
            raise BoardError("the button is closed")
        self._callback = callback
        self._line.watch(self._edge, self._lost)

    def close(self) -> None:
        """Give the pin back as an input."""
        self._callback = None
        if self._line is not None:
            self._line.close()
        self._line = None

    def _edge(self, at: float, is_high: bool) -> None:
        self._tell(min(at, self._loop.time()), is_high != self._active_low)

    def _lost(self) -> None:
        self._tell(self._loop.time(), False)
        self.close()

    def _tell(self, now: float, is_pressed: bool) -> None:
        self._last_known = is_pressed
        if self._callback is not None:
            self._callback(now, is_pressed)


class GpioIndicator:
    """An Indicator at a pin.  active_high: a high pin lights it.  chip: as for the button."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, pin: Pin, *, active_high: bool = True, chip: int | None = None
    ) -> None:
        self._name = pin_name(pin)
        self._line: Line | None = Line(loop, "OutputDevice", pin, chip, active_high=active_high, initial_value=False)
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
