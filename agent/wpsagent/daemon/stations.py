# SPDX-License-Identifier: BSD-3-Clause
"""The stations of the configuration, and what they know of each other: one button, one air."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from wpsagent.config.model import Configuration, DeviceSettings, HandOver, StationSettings
from wpsagent.daemon.networks import Networks
from wpsagent.daemon.station import OpenStationRadio, Station
from wpsagent.ports import Entropy
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.parameters import Elsewhere
from wpsagent.status import events as e

if TYPE_CHECKING:
    from wpsagent.roles.sta.machine import StationMachine


class Stations:
    """All stations of ours: those of the configuration, and those that were added."""

    def __init__(
        self,
        configuration: Configuration,
        open_radio: OpenStationRadio,
        entropy: Entropy,
        report: Callable[[e.AgentEvent], None],
        *,
        access_points: Networks | None = None,
    ) -> None:
        self._report = report
        self._state_directory = configuration.agent.state_directory
        self._new: Callable[[StationSettings, DeviceSettings], Station] = lambda settings, device: Station(
            settings, device, open_radio, entropy, report, access_points=access_points
        )
        self.stations: list[Station] = []
        self.observers: list[Callable[[Station, sta.StationReport], None]] = [self._listen_along]
        """Who hears what the machines report."""
        for settings in configuration.stations:
            self.add(settings, configuration.device)

    def add(self, settings: StationSettings, device: DeviceSettings) -> Station:
        """One more; the caller starts it."""
        station = self._new(settings, device)
        station.elsewhere = Elsewhere(
            lambda: (bss for machine in self._beside(station) for bss in machine.bsses),
            lambda: any(machine.is_scanning for machine in self._beside(station)),
        )
        station.observers = self.observers
        if settings.hand_over is not HandOver.NONE or settings.take_interface:
            self._share(station)
        self.stations.append(station)
        return station

    def _share(self, station: Station) -> None:
        """Its interface is somebody else's, too."""
        from wpsagent.daemon.hand_over import Keeper, TakenInterface  # most stations do without

        if station.settings.take_interface:
            station.taken = TakenInterface(station.interface, self._report, self._state_directory)
        else:
            station.keeper = Keeper(station, self._report, self._state_directory)

    async def remove(self, station: Station) -> None:
        """One is gone: its radio is given back."""
        await station.stop()
        self.stations.remove(station)

    def arrange(self, interfaces: Sequence[str]) -> None:
        """The order of the configuration, whose first one's button it is; what it does not name comes last."""
        order = {interface: index for index, interface in enumerate(interfaces)}
        self.stations.sort(key=lambda station: order.get(station.interface, len(order)))

    async def start(self) -> None:
        """Bring up all that can be."""
        for station in self.stations:
            await station.start()

    async def stop(self) -> None:
        """Leave all networks and give the radios back."""
        await asyncio.gather(*(station.stop() for station in self.stations))

    def press_button(self) -> None:
        """The station's button is the first station's: two enrollees at one time would be an overlap."""
        for station in self.stations[:1]:
            station.press_button()

    def cancel(self) -> None:
        for station in self.stations:
            station.cancel()

    def _beside(self, station: Station) -> "Iterator[StationMachine]":
        """The machines of the others that are up."""
        for other in self.stations:
            if other is not station and other.is_up:
                yield other.machine()

    def _listen_along(self, station: Station, event: sta.StationReport) -> None:
        """While one looks for a pressed button the others listen too: what they alone can hear may be an overlap."""
        if isinstance(event, sta.WpsStarted) and event.method is sta.WpsMethod.PUSH_BUTTON:
            for other in self.stations:
                if other is not station and other.is_up:
                    other.act(lambda machine, now: machine.scan(now))
