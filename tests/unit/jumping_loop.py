# SPDX-License-Identifier: BSD-3-Clause
"""A real asyncio loop with a simulated clock: where nothing is ready it jumps to the next timer.

Two minutes of walk time cost nothing, and what happens in them happens always in the same order.
"""

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")

EPOCH = 1000.0


class _JumpingSelector(selectors.SelectSelector):
    """Does not wait: lets time pass instead."""

    def __init__(self) -> None:
        super().__init__()
        self.now = EPOCH
        self.jumps = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise AssertionError("nothing is scheduled: this would wait for ever")
            self.now += max(timeout, 0.0)
            self.jumps += timeout > 0
        return ready


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping_selector = _JumpingSelector()
        super().__init__(self._jumping_selector)

    def time(self) -> float:
        return self._jumping_selector.now

    @property
    def jumps(self) -> int:
        """How often it has slept so far."""
        return self._jumping_selector.jumps


def run(coroutine: Coroutine[Any, Any, _T]) -> _T:
    """Like asyncio.run, in no time.  What a callback raises, raises here."""
    raised: list[BaseException] = []

    def remember(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        raised.append(context.get("exception") or AssertionError(context["message"]))

    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        runner.get_loop().set_exception_handler(remember)
        result = runner.run(coroutine)
    if raised:
        raise raised[0]
    return result
