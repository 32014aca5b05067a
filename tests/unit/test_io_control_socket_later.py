# SPDX-License-Identifier: BSD-3-Clause
"""Replies that come later: a control socket goes on serving while somebody else is asked."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path

from wpsagent.io.async_control_client import AsyncControlClient
from wpsagent.io.control_socket import ControlSocket


def test_a_reply_may_come_later_and_nobody_waits_for_it(tmp_path: Path) -> None:
    async def scene() -> list[str]:
        is_known = asyncio.Event()

        async def later() -> str:
            await is_known.wait()
            return "LATER\n"

        def handle(request: str) -> str | Awaitable[str]:
            return later() if request == "SLOW" else "NOW\n"

        server = ControlSocket(tmp_path / "control", handle)
        server.open()
        async with AsyncControlClient(server._path) as slow, AsyncControlClient(server._path) as fast:
            task = asyncio.create_task(slow.request("SLOW"))
            replies = [await fast.request("FAST")]
            is_known.set()
            replies.append(await task)
        server.close()
        return replies

    assert asyncio.run(scene()) == ["NOW\n", "LATER\n"]


def test_a_socket_that_is_closed_waits_for_nobody(tmp_path: Path) -> None:
    async def scene() -> bool:
        is_cancelled = asyncio.Event()
        is_asked = asyncio.Event()

        async def never() -> str:
            is_asked.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                is_cancelled.set()
                raise
            return ""

        server = ControlSocket(tmp_path / "control", lambda _request: never())
        server.open()
        async with AsyncControlClient(server._path) as client:
            task = asyncio.create_task(client.request("SLOW"))
            await is_asked.wait()
            server.close()
            async with asyncio.timeout(5):
                await is_cancelled.wait()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return is_cancelled.is_set()

    assert asyncio.run(scene())
