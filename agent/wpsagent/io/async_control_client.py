# SPDX-License-Identifier: BSD-3-Clause
"""The control socket's client for a program with an event loop."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Self

from wpsagent.io.control_client import (
    BUFFER,
    PING_INTERVAL,
    ClientSocket,
    ControlSocketError,
    is_event,
    require_attached,
    silent,
    unreachable,
)


class AsyncControlClient:
    """The client for a program with a loop."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._client = ClientSocket(path)
        self._is_attached = False
        self._client.socket.setblocking(False)
        self._loop = asyncio.get_running_loop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    async def request(self, command: str, within: float = 10.0) -> str:
        """The reply to a command; events in between are skipped.  Raises ControlSocketError."""
        try:
            async with asyncio.timeout(within):
                await self._loop.sock_sendall(self._client.socket, command.encode(errors="surrogateescape"))
                while is_event(text := await self._next()):
                    pass
                return text
        except TimeoutError:
            raise silent(self._path, within) from None
        except OSError as error:
            raise ControlSocketError(unreachable(self._path, error)) from None

    async def attach(self) -> None:
        """Subscribe to events; they wait in the socket until `events` reads them.  Raises ControlSocketError."""
        require_attached(self._path, await self.request("ATTACH"))
        self._is_attached = True

    async def events(self) -> AsyncIterator[str]:
        """Every event since `attach`, or from now on; raises ControlSocketError when the agent has gone."""
        if not self._is_attached:
            await self.attach()
        while True:
            try:
                async with asyncio.timeout(PING_INTERVAL):
                    text = await self._next()
            except TimeoutError:
                await self.request("PING")
                continue
            if is_event(text):
                yield text

    async def _next(self) -> str:
        return (await self._loop.sock_recv(self._client.socket, BUFFER)).decode(errors="replace")
