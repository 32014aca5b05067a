# SPDX-License-Identifier: BSD-3-Clause
"""A broker of our own for the simulated board: mosquitto as a child process, on the loopback, in a folder of its own.

Nobody configures one to see the agent work; what is published there can be watched with any MQTT client.
"""

import asyncio
import os
import shutil
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from wpsagent.errors import AgentError

START_TIMEOUT = 5.0
STOP_TIMEOUT = 1.0


class BrokerError(AgentError):
    """There is no mosquitto, or it does not start."""


class ChildBroker:
    """mosquitto, from `start` to `stop`; port is the one it listens on (127.0.0.1)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Start it and wait until it listens; raises BrokerError.  Whatever ends the wait ends mosquitto as well."""
        try:
            await self._launch()
            await self._wait_until_it_listens()
        except BaseException:
            await self.stop()
            raise

    async def _launch(self) -> None:
        program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
        if program is None:
            raise BrokerError(
                "no MQTT broker: mosquitto is not installed (apt install mosquitto), and no other one is configured"
            )
        self.port = _free_port()
        configuration = self._folder / "mosquitto.conf"
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous true", "persistence false"]
        if os.geteuid() == 0:
            lines.append("user root")  # it could not read its folder as another user
        configuration.write_text("".join(f"{line}\n" for line in lines))
        with (self._folder / "mosquitto.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                program,
                *("-c", str(configuration)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                process_group=0,  # Ctrl-C is for us: the broker hears our last words first
            )

    async def _wait_until_it_listens(self) -> None:
        assert self._process is not None
        try:
            async with asyncio.timeout(START_TIMEOUT):
                while not await self._listens():
                    if self._process.returncode is not None:
                        raise BrokerError(f"mosquitto ended at once:\n{self._log()}")
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise BrokerError(f"mosquitto does not listen on port {self.port}:\n{self._log()}") from None

    async def stop(self) -> None:
        """End it.  Safe to call twice."""
        if self._process is not None:
            # mosquitto 2.0 forgets a signal that comes after it has begun to listen and before its loop turns
            for end in (self._process.terminate, self._process.terminate, self._process.kill):
                if self._process.returncode is None:
                    end()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._process.wait(), STOP_TIMEOUT)
        self._process = None

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError:
            return False
        writer.close()
        return True

    def _log(self) -> str:
        return (self._folder / "mosquitto.log").read_text(errors="replace").rstrip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
