# SPDX-License-Identifier: BSD-3-Clause
"""A radio in memory: an air that carries frames, and access point radios in it.

Stands in for nl80211 where there is no radio: `make run` on any machine, and tests of the access point without a
kernel.  What it keeps of the real thing: channels, acknowledgements, the controlled port, and that a data frame can
be read only by who holds the key it was sent under.  What it leaves out: time on the air, loss, power, the cipher
itself.  Behind the same port as io.nl80211, ports.AccessPointRadio.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from wpsagent.capabilities import Band, Frequency, InterfaceType, RadioCapabilities
from wpsagent.errors import RadioError
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.ports import (
    AccessPointRadio,
    AddStation,
    AuthorizeStation,
    EapolReceived,
    FrameReceived,
    FrameStatus,
    InstallKey,
    ProbeStation,
    RadioCommand,
    RadioEvent,
    ReadActivity,
    RemoveStation,
    SendEapol,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StationActivity,
    StationProbed,
    StopAccessPoint,
    UnexpectedFrame,
)

ETHERTYPE_EAPOL = 0x888E
ETHERTYPE_TEST = 0x88B5
"""IEEE 802, local experimental ethertype 1: what simulated stations ping with."""

LATENCY = 0.0005
"""Seconds from one antenna to the other."""

_HT_CAPABILITIES = bytes.fromhex("2c0003ffff000000000000000000000000000000000000000000")

SIMULATED_CAPABILITIES = RadioCapabilities(
    wiphy=0,
    wiphy_name="simulated",
    interface_types=frozenset({InterfaceType.AP, InterfaceType.STATION}),
    bands=(
        Band(
            tuple(Frequency(2407 + 5 * channel) for channel in range(1, 14)),
            (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108),
            _HT_CAPABILITIES,
        ),
        Band(
            tuple(Frequency(mhz) for mhz in (5180, 5200, 5220, 5240)),
            (12, 18, 24, 36, 48, 72, 96, 108),
            _HT_CAPABILITIES,
        ),
    ),
    driver="simulated",
)


@dataclass(frozen=True, slots=True)
class ManagementUnit:
    """A management frame on the air."""

    destination: MacAddress
    octets: bytes


@dataclass(frozen=True, slots=True)
class DataUnit:
    """A data frame on the air; key is what it is sent under, None in the clear."""

    source: MacAddress
    destination: MacAddress
    ethertype: int
    payload: bytes = field(repr=False)
    key: bytes | None = field(default=None, repr=False)


Unit = ManagementUnit | DataUnit


class Antenna(Protocol):
    """What is in the air: hears units on its frequency."""

    address: MacAddress
    frequency_mhz: int | None

    def hear(self, unit: Unit) -> None:
        """Called in the loop, LATENCY after the unit was sent."""


class Air:
    """Carries units to every other antenna on the sender's frequency that they are meant for."""

    def __init__(self) -> None:
        self._antennas: list[Antenna] = []

    def join(self, antenna: Antenna) -> None:
        self._antennas.append(antenna)

    def leave(self, antenna: Antenna) -> None:
        if antenna in self._antennas:
            self._antennas.remove(antenna)

    def send(self, sender: Antenna, unit: Unit) -> bool:
        """True if somebody acknowledges it; nobody acknowledges a group address."""
        loop = asyncio.get_running_loop()
        listeners = [
            antenna
            for antenna in self._antennas
            if antenna is not sender
            and antenna.frequency_mhz == sender.frequency_mhz
            and unit.destination in (antenna.address, BROADCAST)
        ]
        for antenna in listeners:
            loop.call_later(LATENCY, self._deliver, antenna, sender.frequency_mhz, unit)
        return bool(listeners) and unit.destination != BROADCAST

    def _deliver(self, antenna: Antenna, frequency_mhz: int | None, unit: Unit) -> None:
        """Who has left meanwhile, or gone to another channel, does not hear it."""
        if antenna in self._antennas and antenna.frequency_mhz == frequency_mhz:
            antenna.hear(unit)


@dataclass(slots=True)
class _Peer:
    key: bytes | None = None
    is_authorized: bool = False
    last_heard: float = 0.0


class SimulatedAccessPointRadio(AccessPointRadio):
    """One interface of the simulated radio; answers a data frame of ETHERTYPE_TEST with the same payload."""

    def __init__(self, air: Air, interface: str, address: MacAddress) -> None:
        self.interface = interface
        self.address = address
        self.capabilities = SIMULATED_CAPABILITIES
        self.frequency_mhz: int | None = None
        self._air = air
        self._handler: Callable[[RadioEvent], None] = lambda event: None
        self._peers: dict[MacAddress, _Peer] = {}

    def set_handler(self, handler: Callable[[RadioEvent], None]) -> None:
        self._handler = handler

    async def execute(self, command: RadioCommand) -> None:
        """Carry out a command; raises RadioError for what the kernel would refuse, too."""
        is_start = isinstance(command, StartAccessPoint)
        if is_start == (self.frequency_mhz is not None) and not isinstance(command, StopAccessPoint):
            raise RadioError(f"{self.interface}: {'already' if is_start else 'not'} beaconing")
        match command:
            case StartAccessPoint():
                self.frequency_mhz = command.frequency_mhz
                self._air.join(self)
            case StopAccessPoint():
                self._stop()
            case SetBeacon():
                pass  # nobody listens for beacons here: phones ask with probe requests
            case SendFrame() | SendEapol():
                self._send(command)
            case ProbeStation() | ReadActivity():
                self._answer(command)
            case _:
                self._change_station(command)

    async def close(self) -> None:
        self._stop()

    def hear(self, unit: Unit) -> None:
        if isinstance(unit, ManagementUnit):
            self._handler(FrameReceived(unit.octets, signal_dbm=-40))
            return
        peer = self._peers.get(unit.source)
        if peer is None:
            self._handler(UnexpectedFrame(unit.source))
            return
        if unit.key != peer.key and unit.key is not None:
            return  # sent under a key we do not hold
        peer.last_heard = asyncio.get_running_loop().time()
        if unit.ethertype == ETHERTYPE_EAPOL:
            self._handler(EapolReceived(unit.source, unit.payload))
        elif peer.is_authorized and unit.key == peer.key and unit.destination == self.address:
            self._air.send(self, DataUnit(self.address, unit.source, unit.ethertype, unit.payload, peer.key))

    def _stop(self) -> None:
        self._air.leave(self)
        self.frequency_mhz = None
        self._peers.clear()

    def _send(self, command: SendFrame | SendEapol) -> None:
        if isinstance(command, SendEapol):
            peer = self._peers.get(command.destination)
            key = peer.key if peer is not None and command.is_encrypted else None
            self._air.send(self, DataUnit(self.address, command.destination, ETHERTYPE_EAPOL, command.pdu, key))
            return
        is_heard = self._air.send(self, ManagementUnit(MacAddress(command.frame[4:10]), command.frame))
        if command.token is not None:
            self._later(FrameStatus(command.token, is_heard))

    def _answer(self, command: ProbeStation | ReadActivity) -> None:
        if isinstance(command, ProbeStation):
            is_heard = self._air.send(self, DataUnit(self.address, command.address, 0, b""))
            self._later(StationProbed(command.address, is_heard))
            return
        now = asyncio.get_running_loop().time()
        quiet = tuple((address, int((now - peer.last_heard) * 1000)) for address, peer in self._peers.items())
        self._later(StationActivity(quiet))

    def _change_station(self, command: RadioCommand) -> None:
        match command:
            case AddStation():
                self._peers[command.address] = _Peer(last_heard=asyncio.get_running_loop().time())
            case RemoveStation():
                self._peers.pop(command.address, None)
            case AuthorizeStation():
                self._peer(command.address).is_authorized = command.is_authorized
            case InstallKey(station=MacAddress() as station):
                self._peer(station).key = command.key
            case _:
                pass  # a group key, and its packet number: broadcasts are not simulated

    def _peer(self, address: MacAddress) -> _Peer:
        peer = self._peers.get(address)
        if peer is None:
            raise RadioError(f"{self.interface}: no station {address}")
        return peer

    def _later(self, event: RadioEvent) -> None:
        asyncio.get_running_loop().call_soon(self._emit, event)

    def _emit(self, event: RadioEvent) -> None:
        if self.frequency_mhz is not None:
            self._handler(event)
