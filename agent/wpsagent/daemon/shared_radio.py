# SPDX-License-Identifier: BSD-3-Clause
"""Access points and stations of ours that share radios: who is on which channel, and who makes way for whom.

A radio says on how many channels its interfaces can be at the same time (`RadioCapabilities.channels_for`).  Where that
is one, an access point's channel is a wish: it goes where the station on its radio is, or is about to connect, and
stays there afterwards; it comes up there too.  Where the regulatory domain lets no access point be, it keeps its
channel, and the station's attempt is refused with the reason.  When the station's access point announces a move, ours
announces the same, and both go together.

On any number of channels:
  - A scan takes the antenna away from the access points: beside one it is done in parts, with pauses in which they
    serve their stations.
  - Stations are not shown the access points of this board, nor these the frames of its stations, whoever has their
    radios: it must not join itself, and its own buttons must not be an overlap.
"""

import asyncio
import logging
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from wpsagent.capabilities import InterfaceType, RadioCapabilities
from wpsagent.config.model import AccessPointSettings, StationSettings
from wpsagent.daemon.networks import OpenRadio
from wpsagent.daemon.station import OpenStationRadio
from wpsagent.errors import AgentError, RadioError
from wpsagent.io.tasks import Tasks
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AbortScan,
    AccessPointRadio,
    AssociationFailed,
    ChannelSwitchAnnounced,
    ChannelSwitched,
    CommandFailed,
    Connect,
    Disconnected,
    FrameReceived,
    RadioCommand,
    RadioEvent,
    RadioLost,
    Roamed,
    ScanFinished,
    ScanResult,
    StationCommand,
    StationEvent,
    StationRadio,
    TriggerScan,
)
from wpsagent.roles.beaconing import BEACONS_BEFORE

logger = logging.getLogger(__name__)

FREQUENCIES_AT_ONCE = 3
PAUSE = 0.2
"""A scan beside an access point: so many channels (0.2 s if asked actively, 0.4 s if listened to), then a pause."""

_SIMULATED_DRIVER = "simulated"
"""The radios in memory (io.simulated_radio)."""

_SOURCE = slice(10, 16)
"""Address 2 of a management frame (IEEE 802.11-2020, 9.3.3.1)."""


class MovableAccessPoint(Protocol):
    """An access point of ours, as this module needs it: `daemon.network.Network`."""

    interface: str

    @property
    def is_up(self) -> bool: ...
    @property
    def frequency_mhz(self) -> int: ...
    async def move_to(self, frequency_mhz: int, count: int) -> None: ...


class SharedRadios:
    """All radios of ours.

    tell(access point, station, reason) hears who could not make way.  theirs: the addresses of the interfaces of this
    board that other programs have for us.
    """

    def __init__(
        self,
        access_points: Callable[[], Sequence[MovableAccessPoint]],
        tell: Callable[[str, str, str], None],
        theirs: Callable[[], Collection[MacAddress]] = tuple,
    ) -> None:
        self._access_points = access_points
        self._tell = tell
        self._theirs = theirs
        self._ap_radios: dict[str, SharingAccessPointRadio] = {}
        self._station_radios: dict[str, SharingStationRadio] = {}
        self._told: dict[str, tuple[str, str]] = {}  # access point → who could not have its channel, and why

    def opening_access_points(self, open_radio: OpenRadio) -> OpenRadio:
        """Opens radios of access points as open_radio does, to be shared."""

        async def open_shared(settings: AccessPointSettings) -> AccessPointRadio:
            radio = await open_radio(settings)
            if _is_simulated(radio.capabilities):
                return radio
            shared = SharingAccessPointRadio(radio, self)
            self._ap_radios[radio.interface] = shared
            return shared

        return open_shared

    def opening_stations(self, open_radio: OpenStationRadio) -> OpenStationRadio:
        """Opens radios of stations as open_radio does, to be shared."""

        async def open_shared(settings: StationSettings) -> StationRadio:
            radio = await open_radio(settings)
            if _is_simulated(radio.capabilities):
                return radio
            shared = SharingStationRadio(radio, self)
            self._station_radios[radio.interface] = shared
            return shared

        return open_shared

    def forget(self, radio: "SharingAccessPointRadio | SharingStationRadio") -> None:
        """It has been given back."""
        for radios in (self._ap_radios, self._station_radios):
            if radios.get(radio.interface) is radio:
                del radios[radio.interface]

    def frequency_for(self, radio: AccessPointRadio, wish_mhz: int) -> int:
        """Where an access point is to come up: where a station on its only channel is, else where it wants to be."""
        for station in self._station_radios.values():
            if station.frequency_mhz is not None and self._is_one_channel(station.capabilities, radio.capabilities):
                return station.frequency_mhz
        return wish_mhz

    async def make_way(self, station: "SharingStationRadio", frequency_mhz: int, count: int = BEACONS_BEFORE) -> None:
        """Every access point on the station's only channel goes with it; raises RadioError where one cannot."""
        for access_point in self._access_points():
            radio = self._ap_radios.get(access_point.interface)
            if radio is None or not self._is_one_channel(station.capabilities, radio.capabilities):
                continue
            if access_point.is_up and access_point.frequency_mhz != frequency_mhz:
                await self._move(access_point, station, frequency_mhz, count)

    async def _move(
        self, access_point: MovableAccessPoint, station: "SharingStationRadio", frequency_mhz: int, count: int
    ) -> None:
        try:
            await access_point.move_to(frequency_mhz, count)
        except RadioError as error:
            self._tell_once(access_point.interface, station.interface, str(error))
            raise RadioError(
                f"{access_point.interface} on the same radio cannot make way for {station.interface}: {error}"
            ) from error
        self._told.pop(access_point.interface, None)

    def _tell_once(self, access_point: str, station: str, reason: str) -> None:
        """Not with every attempt of the station."""
        if self._told.get(access_point) != (station, reason):
            self._told[access_point] = (station, reason)
            self._tell(access_point, station, reason)

    def has_access_point(self, capabilities: RadioCapabilities) -> bool:
        """Whether an access point of ours would be off the air while this radio listens elsewhere."""
        return any(_is_same(radio.capabilities, capabilities) for radio in self._beaconing())

    def _beaconing(self) -> Iterator["SharingAccessPointRadio"]:
        for access_point in self._access_points():
            radio = self._ap_radios.get(access_point.interface)
            if radio is not None and access_point.is_up:
                yield radio

    def is_of_this_board(self, address: bytes) -> bool:
        """Whether an address is that of an access point or a station of ours, or of others for us."""
        ours: list[AccessPointRadio | StationRadio] = [*self._ap_radios.values(), *self._station_radios.values()]
        return any(radio.address == address for radio in ours) or address in self._theirs()

    def _is_one_channel(self, one: RadioCapabilities, other: RadioCapabilities) -> bool:
        """Whether they are the same radio, and all that are up on it are on one channel."""
        if not _is_same(one, other):
            return False
        counts = Counter({InterfaceType.AP: self._count(self._ap_radios, one)})
        counts[InterfaceType.STATION] = self._count(self._station_radios, one)
        return one.channels_for(counts) == 1

    @staticmethod
    def _count(radios: "Mapping[str, SharingAccessPointRadio | SharingStationRadio]", one: RadioCapabilities) -> int:
        return sum(_is_same(radio.capabilities, one) for radio in radios.values())


def _is_simulated(capabilities: RadioCapabilities) -> bool:
    """Where the air is ours alone a station may join our own access point: whom else."""
    return capabilities.driver == _SIMULATED_DRIVER


def _is_same(one: RadioCapabilities, other: RadioCapabilities) -> bool:
    return (one.wiphy, one.wiphy_name) == (other.wiphy, other.wiphy_name)


class SharingAccessPointRadio(AccessPointRadio):
    """ports.AccessPointRadio on one that may share its hardware."""

    def __init__(self, radio: AccessPointRadio, shared: SharedRadios) -> None:
        self.interface = radio.interface
        self.address = radio.address
        self.capabilities = radio.capabilities
        self._radio = radio
        self._shared = shared

    def set_handler(self, handler: Callable[[RadioEvent], None]) -> None:
        def pass_on(event: RadioEvent) -> None:
            if not isinstance(event, FrameReceived) or not self._shared.is_of_this_board(event.frame[_SOURCE]):
                handler(event)

        self._radio.set_handler(pass_on)

    def send_now(self, command: RadioCommand) -> bool:
        return self._radio.send_now(command)

    async def execute(self, command: RadioCommand) -> None:
        await self._radio.execute(command)

    async def close(self) -> None:
        self._shared.forget(self)
        await self._radio.close()


class _PartialScan:
    """A scan on its way through the channels; is_pausing: between two of its parts."""

    def __init__(self, command: TriggerScan, frequencies_mhz: Sequence[int]) -> None:
        self.command = command
        self.is_pausing = False
        self._parts = deque(
            tuple(frequencies_mhz[at : at + FREQUENCIES_AT_ONCE])
            for at in range(0, len(frequencies_mhz), FREQUENCIES_AT_ONCE)
        )

    @property
    def has_more(self) -> bool:
        return bool(self._parts)

    def next(self) -> TriggerScan:
        self.is_pausing = False
        return replace(self.command, frequencies_mhz=self._parts.popleft())


class SharingStationRadio(StationRadio):
    """ports.StationRadio on one that may share its hardware.

    frequency_mhz: where it is connected or about to be, None otherwise.
    """

    def __init__(self, radio: StationRadio, shared: SharedRadios) -> None:
        self.interface = radio.interface
        self.address = radio.address
        self.capabilities = radio.capabilities
        self.frequency_mhz: int | None = None
        self._radio = radio
        self._shared = shared
        self._handler: Callable[[StationEvent], None] = lambda _event: None
        self._scan: _PartialScan | None = None
        self._pause: asyncio.TimerHandle | None = None
        self._tasks = Tasks()

    def set_handler(self, handler: Callable[[StationEvent], None]) -> None:
        self._handler = handler
        self._radio.set_handler(self._received)

    def send_now(self, command: StationCommand) -> bool:
        return self._radio.send_now(command)

    async def execute(self, command: StationCommand) -> None:
        """Carry out one command; a connection waits until the channel is free for it.  Raises as the radio does."""
        match command:
            case Connect():
                await self._connect(command)
            case TriggerScan():
                await self._trigger(command)
            case AbortScan() if self._scan is not None and self._scan.is_pausing:
                self._end_scan()
                self._handler(ScanFinished((), is_aborted=True))
            case _:
                await self._radio.execute(command)

    async def close(self) -> None:
        self._shared.forget(self)
        self._end_scan()
        self._tasks.cancel()
        await self._radio.close()

    # ---- the channel

    async def _connect(self, command: Connect) -> None:
        self.frequency_mhz = command.frequency_mhz
        try:
            await self._shared.make_way(self, command.frequency_mhz)
            await self._radio.execute(command)
        except BaseException:
            self.frequency_mhz = None
            raise

    def _received(self, event: StationEvent) -> None:
        match event:
            case AssociationFailed() | Disconnected() | RadioLost():
                self.frequency_mhz = None
            case ChannelSwitched():
                self.frequency_mhz = event.frequency_mhz
            case Roamed(found=ScanResult() as found):
                self.frequency_mhz = found.frequency_mhz
            case ChannelSwitchAnnounced():
                self._tasks.begin(self._follow(event))
            case ScanFinished():
                self._scan_finished(event)
                return
            case _:
                pass
        if isinstance(event, RadioLost):
            self._end_scan()
        self._handler(event)

    async def _follow(self, event: ChannelSwitchAnnounced) -> None:
        """Our access points announce the move too, so that the kernel can make it; else the station is dropped."""
        try:
            await self._shared.make_way(self, event.frequency_mhz, max(1, event.count - 1))
        except AgentError as error:
            logger.warning(
                "%s cannot follow its access point to %d MHz: %s", self.interface, event.frequency_mhz, error
            )

    # ---- scans

    async def _trigger(self, command: TriggerScan) -> None:
        self._end_scan()
        frequencies = command.frequencies_mhz or self._all_frequencies
        if len(frequencies) <= FREQUENCIES_AT_ONCE or not self._shared.has_access_point(self.capabilities):
            await self._radio.execute(command)
            return
        self._scan = _PartialScan(command, frequencies)
        try:
            await self._radio.execute(self._scan.next())
        except BaseException:
            self._scan = None
            raise

    @property
    def _all_frequencies(self) -> tuple[int, ...]:
        return tuple(f.mhz for band in self.capabilities.bands for f in band.frequencies if not f.is_disabled)

    def _scan_finished(self, event: ScanFinished) -> None:
        scan = self._scan
        if scan is None or event.is_aborted or not (scan.has_more or scan.is_pausing):
            self._end_scan()
            self._handler(replace(event, results=self._foreign(event)))
        elif not scan.is_pausing:  # else it is another program's scan: its results come with ours
            scan.is_pausing = True
            self._pause = asyncio.get_running_loop().call_later(PAUSE, lambda: self._tasks.begin(self._go_on(scan)))

    async def _go_on(self, scan: _PartialScan) -> None:
        if scan is not self._scan:
            return
        try:
            await self._radio.execute(scan.next())
        except AgentError as error:
            if scan is self._scan:
                self._end_scan()
                self._handler(CommandFailed(scan.command, str(error)))

    def _foreign(self, event: ScanFinished) -> tuple[Any, ...]:
        return tuple(result for result in event.results if not self._shared.is_of_this_board(result.bssid))

    def _end_scan(self) -> None:
        self._scan = None
        if self._pause is not None:
            self._pause.cancel()
            self._pause = None
