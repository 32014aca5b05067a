# SPDX-License-Identifier: BSD-3-Clause
"""The stations an access point knows, bounded whatever is sent to it.

Frames before the handshake are forged for nothing: who only authenticates is one of MAXIMUM_UNASSOCIATED, the oldest
of whom makes room.  Everybody further counts against the greatest number of stations; who did not acknowledge our
response makes room as well (IEEE 802.11-2020, 9.4.1.8: association identifiers 1 to 2007).
"""

from collections.abc import Iterator

from wpsagent.octets import MacAddress
from wpsagent.roles.station import Station, StationState

MAXIMUM_UNASSOCIATED = 64
"""Stations remembered that have authenticated only; a flood pushes the oldest out."""

MAXIMUM_AID = 2007


class Stations:
    """The stations of one BSS, by address, in the order in which they came.  maximum: 1 to MAXIMUM_AID."""

    def __init__(self, maximum: int) -> None:
        self._maximum = min(maximum, MAXIMUM_AID)
        self._by_address: dict[MacAddress, Station] = {}

    def __iter__(self) -> Iterator[Station]:
        """Over those of this moment: they may be removed meanwhile."""
        return iter(tuple(self._by_address.values()))

    def get(self, address: MacAddress) -> Station | None:
        return self._by_address.get(address)

    def add(self, address: MacAddress, deadline: float) -> Station:
        """A station that has authenticated, and nothing more.  It must not be known."""
        newcomers = [station for station in self if not station.is_with_radio]
        if len(newcomers) >= MAXIMUM_UNASSOCIATED:
            self.remove(newcomers[0])
        station = Station(address, StationState.AUTHENTICATED, deadline)
        self._by_address[address] = station
        return station

    def remove(self, station: Station) -> None:
        """It must be known."""
        del self._by_address[station.address]

    def is_full_for(self, address: MacAddress) -> bool:
        """True when there is no room for the association of one more station; who did not hear us makes room."""
        return len([station for station in self._others(address) if not station.is_unheard]) >= self._maximum

    def in_the_way_of(self, address: MacAddress) -> Station | None:
        """Who must make room for an association: the oldest that did not acknowledge our response (likely forged)."""
        others = self._others(address)
        if len(others) < self._maximum:
            return None
        return next((station for station in others if station.is_unheard), None)

    def _others(self, address: MacAddress) -> list[Station]:
        return [station for station in self if station.is_with_radio and station.address != address]

    def free_aid(self) -> int:
        """An association identifier that nobody has."""
        taken = {station.aid for station in self}
        return next(aid for aid in range(1, MAXIMUM_AID + 1) if aid not in taken)

    def with_token(self, token: int) -> Station | None:
        """The station whose association response was sent with this token."""
        return next((station for station in self if station.token == token), None)

    @property
    def deadline(self) -> float | None:
        """When the first of them, or of their conversations, is due."""
        times = [
            time
            for station in self
            for time in (station.deadline, *(m.deadline for m in (station.eap, station.rsn) if m is not None))
            if time is not None
        ]
        return min(times, default=None)


class Throttle:
    """Lets one thing an interval (seconds) through for each address, and in all no more than so many addresses.

    For what forged frames would have us answer: a station that sends data without being associated is told so.
    """

    def __init__(self, interval: float = 1.0, maximum: int = 64) -> None:
        self._interval = interval
        self._maximum = maximum
        self._passed: dict[MacAddress, float] = {}

    def passes(self, address: MacAddress, now: float) -> bool:
        self._passed = {a: at for a, at in self._passed.items() if now < at + self._interval}
        if address in self._passed or len(self._passed) >= self._maximum:
            return False
        self._passed[address] = now
        return True
