# SPDX-License-Identifier: BSD-3-Clause
"""A button in an event loop: a source of edges, the gesture machine and one timer, joined."""

import asyncio
import logging
from collections.abc import Callable

from wpsagent_board.errors import BoardError
from wpsagent_board.gesture import Gesture, GestureMachine, GestureParameters
from wpsagent_board.ports import ButtonSource

logger = logging.getLogger(__name__)


class Button:
    """Calls handler(gesture) in the loop's thread.

    Owns the source and closes it, also when it cannot be started, which raises BoardError.
    """

    def __init__(
        self,
        source: ButtonSource,
        loop: asyncio.AbstractEventLoop,
        handler: Callable[[Gesture], None],
        parameters: GestureParameters | None = None,
    ) -> None:
        self._source = source
        self._loop = loop
        self._handler = handler
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False
        try:
            self._machine = GestureMachine(parameters, is_pressed=source.is_pressed, now=loop.time())
            source.start(self._edge)
            # an edge between the reading above and the start
            self._edge(loop.time(), source.is_pressed)
        except BoardError:
            source.close()
            raise

    @property
    def is_pressed(self) -> bool:
        """The debounced level."""
        return self._machine.is_pressed

    def close(self) -> None:
        """Give the button back; no gesture is told afterwards.  Safe to call twice."""
        self._is_closed = True
        self._cancel()
        self._source.close()

    def _edge(self, now: float, is_pressed: bool) -> None:
        if not self._is_closed:
            self._machine.feed(now, is_pressed)
            self._drain()

    def _handle_timer(self) -> None:
        # a loop may fire a timer up to its clock's resolution early
        now = max(self._loop.time(), self._machine.deadline or 0.0)
        self._machine.handle_timer(now, self._read())
        self._drain()

    def _read(self) -> bool | None:
        """The line read again before its level counts, for an edge may have been lost; None when it cannot be read."""
        try:
            return self._source.is_pressed
        except BoardError as error:
            logger.warning("the button goes by its edges alone: %s", error)
            return None

    def _drain(self) -> None:
        while (gesture := self._machine.next_event()) is not None:
            self._handler(gesture)
        self._schedule()

    def _schedule(self) -> None:
        self._cancel()
        if not self._is_closed and (deadline := self._machine.deadline) is not None:
            self._timer = self._loop.call_at(deadline, self._handle_timer)

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
