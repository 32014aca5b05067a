# SPDX-License-Identifier: BSD-3-Clause
"""Parts of the agent that are made from the configuration and can be made anew while the rest goes on."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import Protocol

from wpsagent.config.model import Configuration
from wpsagent.errors import AgentError

Open = Callable[[Configuration, AsyncExitStack], None]
"""Opens a part, and leaves with the stack what closes it; raises AgentError, and then has left nothing else behind."""


class Part(Protocol):
    """What can follow a changed configuration."""

    async def reload(self, before: Configuration, after: Configuration) -> None:
        """Be as `after` says; raises AgentError, and then is as `before` says."""


class Opened:
    """A part that is closed and opened again when what it is made from has changed, and left alone otherwise."""

    def __init__(self, made_from: Callable[[Configuration], object], open_part: Open) -> None:
        self._made_from = made_from
        self._open = open_part
        self._stack = AsyncExitStack()

    async def open(self, configuration: Configuration) -> None:
        """Raises AgentError."""
        async with AsyncExitStack() as stack:
            self._open(configuration, stack)
            self._stack = stack.pop_all()

    async def close(self) -> None:
        """Safe to call twice."""
        await self._stack.aclose()

    async def reload(self, before: Configuration, after: Configuration) -> None:
        """See Part.  Closed first: the new one may want the same pin or address."""
        if self._made_from(before) == self._made_from(after):
            return
        await self.close()
        try:
            await self.open(after)
        except AgentError:
            await self.open(before)
            raise


async def reload_all(parts: Sequence[Part], before: Configuration, after: Configuration) -> None:
    """All of them or none; raises the AgentError of the first that cannot."""
    done: list[Part] = []
    try:
        for part in parts:
            await part.reload(before, after)
            done.append(part)
    except AgentError:
        for part in reversed(done):
            await part.reload(after, before)
        raise
