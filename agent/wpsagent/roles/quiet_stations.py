# SPDX-License-Identifier: BSD-3-Clause
"""Stations that have left without a word: who has been silent for long is asked whether it is there.

Not where the access point's SME is in firmware, which does this by itself and says StationLeft.
"""

from collections.abc import Callable

from wpsagent.ports import ProbeStation, RadioCommand, ReadActivity, StationActivity
from wpsagent.roles.station import StationState
from wpsagent.roles.stations import Stations

MAXIMUM_INTERVAL = 30.0
"""Seconds between two looks at who has been quiet."""


class QuietStations:
    """Asks the radio at intervals; inactivity: seconds of silence after which a station is asked, None for never."""

    def __init__(self, stations: Stations, inactivity: float | None, send: Callable[[RadioCommand], None]) -> None:
        self._next: float | None = None
        self._stations = stations
        self._inactivity = inactivity
        self._send = send

    @property
    def deadline(self) -> float | None:
        """The next look; none while nobody is there, so that an idle access point sleeps."""
        there = [station.associated_at for station in self._stations if station.state is StationState.AUTHORIZED]
        return None if self._next is None or not there else max(self._next, min(there) + self._interval)

    @property
    def _interval(self) -> float:
        return min(MAXIMUM_INTERVAL, (self._inactivity or 0) / 2)

    def start(self, now: float) -> None:
        if self._inactivity is not None:
            self._next = now + self._interval

    def stop(self) -> None:
        self._next = None

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        deadline = self.deadline
        if deadline is not None and now >= deadline:
            self.start(now)
            self._send(ReadActivity())

    def receive(self, event: StationActivity, now: float) -> None:
        """Note who was heard when, and ask those that have been silent."""
        if self._inactivity is None:
            return
        for address, inactive_ms in event.inactive_ms:
            station = self._stations.get(address)
            if station is None or station.state is not StationState.AUTHORIZED:
                continue
            station.heard_at = now - inactive_ms / 1000
            if inactive_ms >= self._inactivity * 1000:
                self._send(ProbeStation(address))
