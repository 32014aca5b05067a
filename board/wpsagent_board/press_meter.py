# SPDX-License-Identifier: BSD-3-Clause
"""What a button really does: how long each press was, and how often its contact bounced."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from wpsagent_board.button import Button
from wpsagent_board.gesture import Gesture, GestureParameters, ShortPress, Stuck
from wpsagent_board.ports import ButtonSource, EdgeHandler


@dataclass(frozen=True, slots=True)
class Press:
    """seconds: how long it was held.  bounces: edges beyond the two of a clean press.

    is_stuck: told while it is still held, for longer than anybody holds a button.
    """

    seconds: float
    bounces: int
    is_stuck: bool = False


class PressMeter:
    """Calls handler(press) after each press.

    Owns the source and closes it, also when it cannot be started, which raises BoardError.
    settle: seconds that a level has to last to count.
    """

    def __init__(
        self, source: ButtonSource, loop: asyncio.AbstractEventLoop, handler: Callable[[Press], None], settle: float
    ) -> None:
        self._counter = _EdgeCounter(source)
        self._handler = handler
        parameters = GestureParameters(settle=settle, long_press=None)
        self._stuck_after = parameters.stuck
        self._button = Button(self._counter, loop, self._made, parameters)

    @property
    def is_pressed(self) -> bool:
        return self._button.is_pressed

    def close(self) -> None:
        self._button.close()

    def _made(self, gesture: Gesture) -> None:
        edges = self._counter.take()
        match gesture:
            case ShortPress():
                self._handler(Press(gesture.seconds, max(0, edges - 2)))
            case Stuck():
                self._handler(Press(self._stuck_after, max(0, edges - 1), is_stuck=True))


class _EdgeCounter:
    """A ButtonSource that counts the edges of another one on their way."""

    def __init__(self, source: ButtonSource) -> None:
        self._source = source
        self._callback: EdgeHandler | None = None
        self._edges = 0

    @property
    def is_pressed(self) -> bool:
        return self._source.is_pressed

    def start(self, callback: EdgeHandler) -> None:
        self._callback = callback
        self._source.start(self._edge)

    def close(self) -> None:
        self._source.close()

    def take(self) -> int:
        """How many there were since the last call."""
        edges, self._edges = self._edges, 0
        return edges

    def _edge(self, now: float, is_pressed: bool) -> None:
        self._edges += 1
        if self._callback is not None:
            self._callback(now, is_pressed)
