# SPDX-License-Identifier: BSD-3-Clause
"""An access point's radio that records what it is told, and refuses or holds back what a test wants it to."""

import asyncio
from collections.abc import Callable, Sequence

from wpsagent.errors import RadioError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio, RadioCommand, RadioEvent
from wpsagent.roles.events import ApEvent
from wpsagent.wsc.internal_registrar import InternalRegistrarEvent

ADDRESS = MacAddress.parse("02:00:00:00:00:01")


class FakeRadio(AccessPointRadio):
    """refuse(command) gives the error to raise, or None; go is cleared by a test that wants commands to wait."""

    def __init__(self, refuse: Callable[[RadioCommand], Exception | None] = lambda command: None) -> None:
        self.interface = "wlan0"
        self.address = ADDRESS
        self.capabilities = SIMULATED_CAPABILITIES
        self.executed: list[RadioCommand] = []
        self.closed = 0
        self.refuse = refuse
        self.go = asyncio.Event()
        self.go.set()
        self.emit: Callable[[RadioEvent], None] = lambda event: None

    def set_handler(self, handler: Callable[[RadioEvent], None]) -> None:
        self.emit = handler

    async def execute(self, command: RadioCommand) -> None:
        await self.go.wait()
        self.executed.append(command)
        error = self.refuse(command)
        if error is not None:
            raise error

    async def close(self) -> None:
        self.closed += 1

    def take(self) -> list[RadioCommand]:
        executed, self.executed = self.executed, []
        return executed


def nth(number: int) -> Callable[[RadioCommand], Exception | None]:
    """Refuses the n-th command (from 1) and no other."""
    count = 0

    def refuse(command: RadioCommand) -> Exception | None:
        nonlocal count
        count += 1
        return RadioError(f"refused: command {number}") if count == number else None

    return refuse


class Ears:
    """What a runner and its group report, in the order in which it is heard."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def ap(self, events: Sequence[ApEvent]) -> None:
        self.heard += events

    def registrar(self, events: Sequence[InternalRegistrarEvent]) -> None:
        self.heard += events

    def take(self) -> list[object]:
        heard, self.heard = self.heard, []
        return heard


async def settle() -> None:
    """Let everything happen that needs no time."""
    for _ in range(50):
        await asyncio.sleep(0)
