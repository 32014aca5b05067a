# SPDX-License-Identifier: BSD-3-Clause
"""wpa_supplicant of another owner, by its control sockets: the networks are in its file already, which is ours, too.

Two programs cannot have one interface: it is taken from wpa_supplicant by INTERFACE_REMOVE and given back by
INTERFACE_ADD, with the file, which its global socket (-g) takes: `global` in the folder of its sockets, or beside it
the folder's name and `-global`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from wpsagent.io.async_control_client import AsyncControlClient
from wpsagent.io.control_client import ControlSocketError
from wpsagent.io.hand_over.manager import JOIN_LIMIT, HandOverError, LearntNetwork

_ANSWER_LIMIT = 5.0


class Supplicant:
    """See Manager.  directory: of its control sockets; networks_file: what it and we read."""

    title = "wpa_supplicant"

    def __init__(self, directory: str, networks_file: str, join_limit: float = JOIN_LIMIT) -> None:
        self._directory = Path(directory)
        self._networks_file = networks_file
        self._join_limit = join_limit

    async def holds(self, interface: str) -> bool:
        """See Manager."""
        try:
            async with self._client(self._directory / interface) as client:
                await self._ask(client, "PING", "PONG")
        except HandOverError:
            return False
        return True

    async def take(self, interface: str) -> None:
        """See Manager."""
        async with self._global() as client:
            await self._ask(client, f"INTERFACE_REMOVE {interface}")

    async def store(self, interface: str, network: LearntNetwork) -> None:
        """The file has it already; somebody must be there to read it."""
        async with self._global() as client:
            await self._ask(client, "PING", "PONG")

    async def give(self, interface: str, network: LearntNetwork | None = None) -> None:
        """See Manager."""
        if not await self.holds(interface):
            async with self._global() as client:
                words = (interface, self._networks_file, "nl80211", str(self._directory))
                await self._ask(client, "INTERFACE_ADD " + "\t".join(words))
        if network is not None:
            async with self._client(self._directory / interface) as client:
                await client.attach()
                await self._wait(client, network)

    async def _wait(self, client: AsyncControlClient, network: LearntNetwork) -> None:
        """Until it has joined: what came before RECONNECT's answer is asked for, what comes then is an event."""
        try:
            async with asyncio.timeout(self._join_limit):
                events = client.events()
                while not await self._is_in(client, network):
                    async for event in events:
                        if "CTRL-EVENT-CONNECTED" in event:
                            break
                        if "CTRL-EVENT-TERMINATING" in event:
                            raise HandOverError("wpa_supplicant has ended before it joined")
                        if "reason=WRONG_KEY" in event:
                            raise HandOverError(
                                f"wpa_supplicant failed to join {network.ssid}: the passphrase is wrong"
                            )
        except TimeoutError:
            text = f"wpa_supplicant did not join {network.ssid} within {self._join_limit:g} s"
            raise HandOverError(f"{text}: does it read {self._networks_file}?") from None

    async def _is_in(self, client: AsyncControlClient, network: LearntNetwork) -> bool:
        answer = await client.request("STATUS", _ANSWER_LIMIT)
        values = dict(line.partition("=")[::2] for line in answer.splitlines())
        return values.get("wpa_state") == "COMPLETED" and values.get("ssid") == str(network.ssid)

    async def _ask(self, client: AsyncControlClient, command: str, expected: str = "OK") -> None:
        answer = (await client.request(command, _ANSWER_LIMIT)).strip()
        if answer != expected:
            raise HandOverError(f"wpa_supplicant answers {command} with {answer}")

    def _global(self) -> AbstractAsyncContextManager[AsyncControlClient]:
        inside, beside = self._directory / "global", self._directory.with_name(f"{self._directory.name}-global")
        return self._client(inside if inside.is_socket() else beside)

    @asynccontextmanager
    async def _client(self, path: Path) -> AsyncIterator[AsyncControlClient]:
        try:
            async with AsyncControlClient(path) as client:
                yield client
        except ControlSocketError:
            text = f"no wpa_supplicant answers on {path}"
            raise HandOverError(f"{text}: start one with -g {self._directory}-global") from None
