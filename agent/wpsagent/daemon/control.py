# SPDX-License-Identifier: BSD-3-Clause
"""The control sockets: one of the agent, and one of each interface where the tools of hostapd and wpa_supplicant look.

    <control_socket>                        both dialects, IFNAME= before commands and events; none where it is ""
    <hostapd_directory>/<interface>         an access point, for hostapd_cli -p <hostapd_directory>
    <supplicant_directory>/<interface>      a station, for wpa_cli -p <supplicant_directory>

An interface has its socket for as long as it is configured, its radio may come and go.
"""

from collections.abc import Sequence
from pathlib import Path

from wpsagent.config.model import (
    AccessPointSettings,
    AgentSettings,
    AttachedSettings,
    Configuration,
    StationSettings,
)
from wpsagent.control.commands import Commands
from wpsagent.control.owners import OwnersCommands
from wpsagent.errors import AgentError
from wpsagent.io.control_socket import ControlSocket
from wpsagent.status.board import ControlEvent

_FOR_EVERYBODY = ("CTRL-EVENT-TERMINATING ",)
"""Events without an interface that stations' clients hear too; the others are of the access points' registrar."""


Settings = AccessPointSettings | StationSettings | AttachedSettings


def _is_access_point(settings: Settings) -> bool:
    if isinstance(settings, AttachedSettings):
        return settings.is_access_point
    return isinstance(settings, AccessPointSettings)


def folder_of(settings: Settings, agent: AgentSettings) -> str:
    """Where an interface has its socket of ours, "" for nowhere: its owner's own may be in the same place."""
    is_access_point = _is_access_point(settings)
    folder = agent.hostapd_directory if is_access_point else agent.supplicant_directory
    if folder is None:
        folder = str(Path(agent.control_socket).parent / ("hostapd" if is_access_point else "wpa_supplicant"))
    if isinstance(settings, AttachedSettings):
        return "" if Path(folder).resolve() == Path(settings.directory).resolve() else folder
    return folder if settings.control_directory is None else settings.control_directory


def _group_of(settings: Settings, agent: AgentSettings) -> str | None:
    own = None if isinstance(settings, AttachedSettings) else settings.control_group
    return own or agent.control_group


def _all(configuration: Configuration) -> Sequence[Settings]:
    everything: list[Settings] = [*configuration.access_points, *configuration.stations, *configuration.attached]
    return everything


def _interfaces(configuration: Configuration) -> dict[str, tuple[bool, str, str | None]]:
    """What each interface's socket is made from."""
    agent = configuration.agent
    return {
        settings.interface: (_is_access_point(settings), folder_of(settings, agent), _group_of(settings, agent))
        for settings in _all(configuration)
    }


def own_sockets(configuration: Configuration) -> set[Path]:
    """Where the interfaces that are ours have their sockets, without symbolic links."""
    folders = {one.interface: folder_of(one, configuration.agent) for one in configuration.ours}
    return {(Path(folder) / interface).resolve() for interface, folder in folders.items() if folder}


class ControlSockets:
    """All control sockets of the agent."""

    def __init__(self, agent: AgentSettings, commands: Commands | OwnersCommands) -> None:
        self._agent = agent
        self._commands = commands
        self._agents_own: ControlSocket | None = None
        self._access_points: dict[str, ControlSocket] = {}
        self._stations: dict[str, ControlSocket] = {}

    def open(self, configuration: Configuration) -> None:
        """Open all of them; raises ControlSocketError, and then `close` leaves nothing behind."""
        self._open_agents_own()
        for settings in _all(configuration):
            self.add(settings)

    def _open_agents_own(self) -> None:
        agent = self._agent
        if agent.control_socket:
            control = ControlSocket(agent.control_socket, self._commands, agent.control_group)
            control.open()
            self._agents_own = control

    def _close_agents_own(self) -> None:
        if self._agents_own is not None:
            self._agents_own.close()
            self._agents_own = None

    async def reload(self, before: Configuration, after: Configuration) -> None:
        """As `after` says; those that have not changed keep their clients.  Raises AgentError, see Part."""
        try:
            self._follow(before, after)
        except AgentError:
            self._follow(after, before)
            raise

    def _follow(self, before: Configuration, after: Configuration) -> None:
        self._agent = after.agent
        gone, wanted = _interfaces(before), _interfaces(after)
        for interface, wish in gone.items():
            if wanted.get(interface) != wish:
                self.remove(interface)
        if (before.agent.control_socket, before.agent.control_group) != (
            after.agent.control_socket,
            after.agent.control_group,
        ):
            self._close_agents_own()
        if self._agents_own is None:
            self._open_agents_own()
        there = {*self._access_points, *self._stations}
        for settings in _all(after):
            if settings.interface not in there:
                self.add(settings)

    def add(self, settings: Settings) -> None:
        """Open an interface's socket, unless it is to have none; raises ControlSocketError."""
        sockets = self._access_points if _is_access_point(settings) else self._stations
        folder = folder_of(settings, self._agent)
        if folder:
            group = _group_of(settings, self._agent)
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
        self._close_agents_own()
