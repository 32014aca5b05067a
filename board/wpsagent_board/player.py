# SPDX-License-Identifier: BSD-3-Clause
"""Patterns in an event loop: a blinker and one timer, no thread, for indicators that only know on and off."""

import asyncio
import logging
from collections.abc import Callable

from wpsagent_board.blinker import Blinker
from wpsagent_board.errors import BoardError
from wpsagent_board.pattern import Pattern

logger = logging.getLogger(__name__)


class LoopPlayer:
    """Plays patterns by calling set_level(is_on) whenever the level changes.

    A BoardError of set_level is raised to the caller of play; later, in the loop, it is logged and ends the pattern.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, set_level: Callable[[bool], None]) -> None:
        self._loop = loop
        self._set_level = set_level
        self._blinker = Blinker()
        self._level: bool | None = None
        self._timer: asyncio.TimerHandle | None = None

    def play(self, pattern: Pattern) -> None:
        self.stop()
        self._blinker.play(pattern, self._loop.time())
        self._apply()

    def stop(self) -> None:
        """Stop, the level stays as it is and is written anew when the next pattern begins."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._level = None

    def _apply(self) -> None:
        if self._blinker.level != self._level:
            self._set_level(self._blinker.level)
            self._level = self._blinker.level
        if self._blinker.deadline is not None:
            self._timer = self._loop.call_at(self._blinker.deadline, self._handle_timer)

    def _handle_timer(self) -> None:
        # a loop may fire a timer up to its clock's resolution early
        deadline = self._blinker.deadline or 0.0
        self._blinker.handle_timer(max(self._loop.time(), deadline))
        try:
            self._apply()
        except BoardError as error:
            logger.warning("the indicator stops: %s", error)
