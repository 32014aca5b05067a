# SPDX-License-Identifier: BSD-3-Clause
"""Access points that come and go while the agent runs, as hostapd's ADD and REMOVE have it.

What is added is gone with the agent, and what is removed of the configuration's comes back with its next start.
Refused: interfaces that are ours already, and files that `config.hostapd_file` refuses.
"""

from collections.abc import Callable
from pathlib import Path

from wpsagent.config.model import AccessPointSettings
from wpsagent.daemon.control import ControlSockets
from wpsagent.daemon.network import Network
from wpsagent.daemon.networks import Networks
from wpsagent.errors import AgentError, UsageError
from wpsagent.io.tasks import Tasks
from wpsagent.status import events as e


class AddedAccessPoints:
    """See the module; implements its part of control.Agent.  is_ours: of an interface that is a station's."""

    def __init__(
        self,
        networks: Networks,
        control: ControlSockets,
        report: Callable[[e.AgentEvent], None],
        is_ours: Callable[[str], bool],
    ) -> None:
        self._networks = networks
        self._control = control
        self._report = report
        self._is_ours = is_ours
        self._leaving: set[str] = set()
        self._tasks = Tasks()

    def add(self, path: str, wiphy: str | None) -> None:
        """The networks of a hostapd.conf, all or none, their first one made on a phy; raises AgentError."""
        # Imported when somebody asks: most agents do without.
        from wpsagent.config.hostapd_file import Source, load

        settings = load(Source(Path(path), create_on=wiphy)).access_points
        names = [network.interface for network in self._networks.networks]
        for one in settings:
            if one.interface in names or self._is_ours(one.interface):
                raise UsageError(f"{one.interface} is ours already")
        self._open_sockets(settings)
        for one in settings:
            network = self._networks.add(one)
            self._report(e.AccessPointAdded(one.interface, one.button_group, one.ssid, one.channel))
            self._tasks.begin(network.start())

    def _open_sockets(self, settings: tuple[AccessPointSettings, ...]) -> None:
        try:
            for one in settings:
                self._control.add(one)
        except AgentError:
            for one in settings:
                self._control.remove(one.interface)
            raise

    def remove(self, interface: str) -> None:
        """One is no longer ours; raises UsageError."""
        for network in self._networks.networks:
            if network.interface == interface and not network.settings.is_temporary and interface not in self._leaving:
                self._leaving.add(interface)
                self._control.remove(interface)
                self._tasks.begin(self._take_leave(network))
                return
        raise UsageError(f"there is no access point on {interface}")

    async def _take_leave(self, network: Network) -> None:
        await self._networks.remove(network)
        self._leaving.discard(network.interface)
        self._report(e.AccessPointRemoved(network.interface))

    async def close(self) -> None:
        """What was begun is done."""
        await self._tasks.finish()
