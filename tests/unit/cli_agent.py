# SPDX-License-Identifier: BSD-3-Clause
"""A scripted agent for tests of the command line: the real control socket, in a thread, with answers by request."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from wpsagent.io.control_socket import ControlSocket


class ScriptedAgent:
    """Answers each request by the script (FAIL where it says nothing); requests: what it was asked, in order."""

    def __init__(self, path: Path, script: Mapping[str, str]) -> None:
        self.path = path
        self.requests: list[str] = []
        self._script = script

    def __call__(self, request: str) -> str:
        self.requests.append(request)
        return self._script.get(request, "FAIL\n")


@contextlib.contextmanager
def scripted_agent(path: Path, script: Mapping[str, str]) -> Iterator[ScriptedAgent]:
    """The agent behind a control socket at path, for as long as the context lasts."""
    agent, loop = ScriptedAgent(path, script), asyncio.new_event_loop()
    server = ControlSocket(path, agent)

    async def open_server() -> None:
        server.open()

    loop.run_until_complete(open_server())
    thread = threading.Thread(target=loop.run_forever, name="scripted agent", daemon=True)
    thread.start()
    try:
        yield agent
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        server.close()
        loop.close()
