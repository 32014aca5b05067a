# SPDX-License-Identifier: BSD-3-Clause
"""The stations of a daemon in a simulated air with the access point of the neighbours, whom they can join."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self, TypeVar

from tests.pairs.station_world import AP, DEVICE, PASSPHRASE, WorldAccessPoint, protected
from tests.unit.roles_bench import entropy_of

from wpsagent.daemon.station import Station
from wpsagent.daemon.stations import Stations
from wpsagent.io.simulated_radio import Air
from wpsagent.status import events as e
from wpsagent.wsc.device import uuid_from_mac
from wpsagent.wsc.internal_registrar import InternalRegistrar

_E = TypeVar("_E")

KNOWN = f'update_config=1\n\nnetwork={{\n\tssid="home"\n\tpsk="{PASSPHRASE.decode()}"\n}}\n'
"""The file of a station that knows the neighbours' network."""


class StationHouse:
    """See the module.  Whoever inherits from it makes `stations`, which report to `told`."""

    stations: Stations

    def __init__(self) -> None:
        self.air = Air()
        self.told: list[e.AgentEvent] = []
        self.registrar = InternalRegistrar(DEVICE, uuid_from_mac(AP), entropy_of("registrar"))
        self.neighbours = WorldAccessPoint(self.air, AP, protected(), 2437, self.registrar)

    @property
    def station(self) -> Station:
        return self.stations.stations[0]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        await self.neighbours.start()
        await self.stations.start()
        try:
            yield self
        finally:
            await self.stop()
            await self.neighbours.runner.stop()
            self.neighbours.group.stop()

    async def stop(self) -> None:
        """What is ours."""
        await self.stations.stop()

    async def until(self, kind: type[_E], seconds: float = 200.0) -> _E:
        """The next event of a kind; it and those before it are taken."""
        for _ in range(int(seconds * 10)):
            for index, event in enumerate(self.told):
                if isinstance(event, kind):
                    del self.told[: index + 1]
                    return event
            await asyncio.sleep(0.1)
        raise AssertionError(f"no {kind.__name__} in {seconds} s; told: {self.told}")
