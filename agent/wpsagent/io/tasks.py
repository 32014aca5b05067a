# SPDX-License-Identifier: BSD-3-Clause
"""Work that goes on by itself: whoever begins it holds it, and sees to its end."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Tasks:
    """The tasks of one owner, each until it is done; the loop alone would let go of them."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None], name: str | None = None) -> None:
        """Go on with it beside everything else."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def cancel(self) -> None:
        """Have all of them end."""
        for task in self._tasks:
            task.cancel()

    async def finish(self) -> None:
        """Until all of them have ended, however they do."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
