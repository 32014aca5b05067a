# SPDX-License-Identifier: BSD-3-Clause
"""The control sockets: one of the agent, and one of each interface where the tools of hostapd and wpa_supplicant look.

    <control_socket>                        both dialects, IFNAME= before commands and events; none where it is ""
    <hostapd_directory>/<interface>         an access point, for hostapd_cli -p <hostapd_directory>
    <supplicant_directory>/<interface>      a station, for wpa_cli -p <supplicant_directory>

An interface has its socket for as long as it is configured, its radio may come and go.
"""

from pathlib import Path

from wpsagent.config.model import AccessPointSettings, AgentSettings, Configuration, StationSettings
from wpsagent.control.commands import Commands
from wpsagent.io.control_socket import ControlSocket
from wpsagent.status.board import ControlEvent

_FOR_EVERYBODY = ("CTRL-EVENT-TERMINATING ",)
"""Events without an interface that stations' clients hear too; the others are of the access points' registrar."""


def folder_of(settings: AccessPointSettings | StationSettings, agent: AgentSettings) -> str:
    """Where an interface has its socket, "" for nowhere."""
    is_access_point = isinstance(settings, AccessPointSettings)
    beside = "hostapd" if is_access_point else "wpa_supplicant"
    for folder in (
        settings.control_directory,
        agent.hostapd_directory if is_access_point else agent.supplicant_directory,
    ):
        if folder is not None:
            return folder
    return str(Path(agent.control_socket).parent / beside)


class ControlSockets:
    """All control sockets of the agent."""

    def __init__(self, agent: AgentSettings, commands: Commands) -> None:
        self._agent = agent
        self._commands = commands
        self._agents_own: ControlSocket | None = None
        if agent.control_socket:
            self._agents_own = ControlSocket(agent.control_socket, commands, agent.control_group)
        self._access_points: dict[str, ControlSocket] = {}
        self._stations: dict[str, ControlSocket] = {}

    def open(self, configuration: Configuration) -> None:
        """Open all of them; raises ControlSocketError, and then `close` leaves nothing behind."""
        if self._agents_own is not None:
            self._agents_own.open()
        for access_point in configuration.access_points:
            self.add(access_point)
        for station in configuration.stations:
            self.add(station)

    def add(self, settings: AccessPointSettings | StationSettings) -> None:
        """Open an interface's socket, unless it is to have none; raises ControlSocketError."""
        sockets = self._access_points if isinstance(settings, AccessPointSettings) else self._stations
        folder = folder_of(settings, self._agent)
        if folder:
            group = settings.control_group or self._agent.control_group
            control = ControlSocket(Path(folder) / settings.interface, self._commands.on(settings.interface), group)
            control.open()
            sockets[settings.interface] = control

    def remove(self, interface: str) -> None:
        """The interface is no longer ours; without effect where it has no socket."""
        for sockets in (self._access_points, self._stations):
            if (control := sockets.pop(interface, None)) is not None:
                control.close()

    def send(self, event: ControlEvent) -> None:
        """Tell the monitors of an event: the agent's all of them, an interface's their own."""
        if self._agents_own is not None:
            self._agents_own.send_event(event.text, event.level, event.interface)
        for sockets in (self._access_points, self._stations):
            is_for_all = event.interface is None and (sockets is self._access_points or event.text in _FOR_EVERYBODY)
            for interface, control in sockets.items():
                if is_for_all or event.interface == interface:
                    control.send_event(event.text, event.level)

    def close(self) -> None:
        """Close all that are open."""
        for interface in (*self._access_points, *self._stations):
            self.remove(interface)
        if self._agents_own is not None:
            self._agents_own.close()
