# SPDX-License-Identifier: BSD-3-Clause
"""Stations that come and go while the agent runs, as wpa_supplicant's INTERFACE_ADD and INTERFACE_REMOVE have it.

Each has a file of its own, as wpa_supplicant -N gives it one.  They are gone with the agent.  Refused: interfaces that
are ours already, files that cannot be read, drivers but nl80211; and removing what the configuration has.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from wpsagent.daemon.control import ControlSockets
from wpsagent.daemon.networks import Networks
from wpsagent.daemon.station import Station
from wpsagent.daemon.stations import Stations
from wpsagent.errors import UsageError
from wpsagent.io.tasks import Tasks
from wpsagent.status import events as e
from wpsagent.status import station_events as s

_SYS_CLASS_NET = Path("/sys/class/net")


class Interfaces:
    """See the module; implements its part of control.Agent."""

    def __init__(
        self,
        stations: Stations,
        networks: Networks,
        control: ControlSockets,
        report: Callable[[e.AgentEvent], None],
        folder: Path = _SYS_CLASS_NET,
    ) -> None:
        self._stations = stations
        self._networks = networks
        self._control = control
        self._report = report
        self._folder = folder
        self._added: dict[str, Station] = {}
        self._tasks = Tasks()

    @property
    def _ours(self) -> list[str]:
        return [entry.interface for entry in (*self._stations.stations, *self._networks.networks)]

    def free(self) -> Sequence[str]:
        """The wireless interfaces of this device that are not ours."""
        names = sorted(path.parent.name for path in self._folder.glob("*/phy80211"))
        return [name for name in names if name not in self._ours]

    def add(self, interface: str, path: str, driver: str, control_directory: str) -> None:
        """One more station, with the networks of a file (none: ""); raises UsageError, ConfigError, SocketError."""
        if interface in self._ours:
            raise UsageError(f"{interface} is ours already")
        from wpsagent.config.supplicant_conf import DRIVER, Source, load  # only where somebody adds one

        source = Source(
            interface, Path(path) if path else None, driver=driver or DRIVER, override=control_directory or None
        )
        configuration = load(source)
        if not configuration.stations:
            raise UsageError(f"driver {driver} has no station")
        settings = configuration.stations[0]
        self._control.add(settings)
        station = self._stations.add(settings, configuration.device)
        self._added[interface] = station
        self._report(s.StationAdded(interface))
        self._tasks.begin(station.start())

    def remove(self, interface: str) -> None:
        """A station that was added is gone; raises UsageError."""
        station = self._added.pop(interface, None)
        if station is None:
            raise UsageError(f"{interface} was not added while the agent runs: it is the configuration's, or not ours")
        self._stations.stations.remove(station)
        self._control.remove(interface)
        self._tasks.begin(self._take_leave(station))

    async def _take_leave(self, station: Station) -> None:
        await station.stop()
        self._report(s.StationRemoved(station.interface))

    async def close(self) -> None:
        """What was begun is done."""
        await self._tasks.finish()
