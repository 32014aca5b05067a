# SPDX-License-Identifier: BSD-3-Clause
"""Access points and phones in a simulated air that can lose, repeat and cut off, on a loop whose clock jumps."""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tests.unit.roles_bench import AP, PROTECTED, access_point, entropy_of, registrar

from wpsagent.io.simulated_radio import Air, Antenna, SimulatedAccessPointRadio, Unit
from wpsagent.octets import MacAddress
from wpsagent.roles.events import ApEvent
from wpsagent.roles.runner import AccessPointRunner, ButtonGroup
from wpsagent.roles.simulated_phone import SimulatedPhone
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.internal_registrar import InternalRegistrarEvent

ONCE = (0.0,)


class BadAir(Air):
    """fate(sender, unit) gives the delays, in seconds, after which a unit arrives: none where it is lost."""

    def __init__(self, fate: Callable[[Antenna, Unit], tuple[float, ...]] = lambda sender, unit: ONCE) -> None:
        super().__init__()
        self.fate = fate

    def send(self, sender: Antenna, unit: Unit) -> bool:
        is_heard = False
        for delay in self.fate(sender, unit):
            if delay:
                asyncio.get_running_loop().call_later(delay, super().send, sender, unit)
            else:
                is_heard = super().send(sender, unit)
        return is_heard


def seeded(
    seed: int, *, loss: float = 0.05, repeat: float = 0.05, late: float = 0.05
) -> Callable[[Antenna, Unit], tuple[float, ...]]:
    """What is late is overtaken by what is sent after it, and its acknowledgement is not heard."""
    dice = random.Random(seed)

    def fate(sender: Antenna, unit: Unit) -> tuple[float, ...]:
        if dice.random() < loss:
            return ()
        first = 0.2 * dice.random() if dice.random() < late else 0.0
        return (first, first + 0.1 * dice.random()) if dice.random() < repeat else (first,)

    return fate


@dataclass
class Neighbourhood:
    """One button, its networks, and what they report."""

    air: Air
    group: ButtonGroup
    runners: list[AccessPointRunner] = field(default_factory=list)
    heard: list[ApEvent | InternalRegistrarEvent] = field(default_factory=list)
    _awaited: type | None = None
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    async def add(
        self, address: MacAddress = AP, frequency_mhz: int = 2437, settings: NetworkSettings = PROTECTED
    ) -> AccessPointRunner:
        radio = SimulatedAccessPointRadio(self.air, f"wlan{len(self.runners)}", address)
        machine = access_point(settings, self.group.registrar, address=address, frequency_mhz=frequency_mhz)
        runner = AccessPointRunner(machine, radio, self.report)
        self.runners.append(runner)
        self.group.runners.append(runner)
        await runner.start()
        return runner

    def report(self, events: Sequence[ApEvent]) -> None:
        self.group.pump()
        self.heard += events
        if self._awaited is not None and self.kinds(self._awaited):
            self._came.set()

    async def stop(self) -> None:
        for runner in self.runners:
            await runner.stop()
        self.group.stop()

    async def hears(self, kind: type) -> None:
        """Wait for an event of this kind."""
        self._awaited, self._came = kind, asyncio.Event()
        await self._came.wait()

    def kinds(self, *kinds: type) -> list[str]:
        """The events of these kinds, by name, in order."""
        return [type(event).__name__ for event in self.heard if isinstance(event, kinds)]


async def neighbourhood(
    air: Air | None = None, seed: str = "registrar", settings: NetworkSettings = PROTECTED
) -> Neighbourhood:
    """With one network."""
    heard: list[ApEvent | InternalRegistrarEvent] = []
    group = ButtonGroup(registrar(seed), heard.extend)
    there = Neighbourhood(air or Air(), group, heard=heard)
    await there.add(settings=settings)
    return there


def phone(air: Air, number: int = 1) -> SimulatedPhone:
    return SimulatedPhone(air, MacAddress(b"\x02\x00\x00\x00\x10" + bytes((number,))), entropy_of(f"phone {number}"))
