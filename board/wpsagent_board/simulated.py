# SPDX-License-Identifier: BSD-3-Clause
"""A board in memory: a button that a program presses and an LED whose history can be drawn."""

import asyncio
from collections import deque
from collections.abc import Callable

from wpsagent_board.pattern import Pattern
from wpsagent_board.player import LoopPlayer
from wpsagent_board.ports import EdgeHandler

HISTORY = 100_000


class SimulatedButton:
    """A ButtonSource without a button; press, release and level at the loop's time."""

    def __init__(self, loop: asyncio.AbstractEventLoop, *, is_pressed: bool = False) -> None:
        self._loop = loop
        self._is_pressed = is_pressed
        self._callback: EdgeHandler | None = None

    @property
    def is_pressed(self) -> bool:
        return self._is_pressed

    def start(self, callback: EdgeHandler) -> None:
        self._callback = callback

    def close(self) -> None:
        self._callback = None

    def press(self) -> None:
        self._set(True)

    def release(self) -> None:
        self._set(False)

    def press_for(self, seconds: float) -> None:
        """Press now, release after `seconds`."""
        self.press()
        self._loop.call_later(seconds, self.release)

    def bounce(self, edges: int) -> None:
        """A contact that chatters: so many edges at this moment."""
        for _ in range(edges):
            self._set(not self._is_pressed)

    def _set(self, is_pressed: bool) -> None:
        if is_pressed != self._is_pressed:
            self._is_pressed = is_pressed
            if self._callback is not None:
                self._callback(self._loop.time(), is_pressed)


class SimulatedIndicator:
    """An Indicator without an LED.

    history: (time, is_on) of each change, the newest HISTORY of them, beginning with the dark LED.
    shown: the patterns it was told to show.  on_change(time, is_on) is called at each change.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, on_change: Callable[[float, bool], None] | None = None) -> None:
        self._loop = loop
        self._player = LoopPlayer(loop, self._set_level)
        self.on_change = on_change
        self.is_on = False
        self.pattern: Pattern | None = None
        self.shown: deque[Pattern] = deque(maxlen=HISTORY)
        self.history: deque[tuple[float, bool]] = deque([(loop.time(), False)], maxlen=HISTORY)

    def show(self, pattern: Pattern) -> None:
        self.pattern = pattern
        self.shown.append(pattern)
        self._player.play(pattern)

    def close(self) -> None:
        """Dark, as it was found."""
        self._player.stop()
        self.pattern = None
        self._set_level(False)

    def _set_level(self, is_on: bool) -> None:
        if is_on == self.is_on:
            return
        self.is_on = is_on
        now = self._loop.time()
        self.history.append((now, is_on))
        if self.on_change is not None:
            self.on_change(now, is_on)
