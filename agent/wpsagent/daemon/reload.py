# SPDX-License-Identifier: BSD-3-Clause
"""Another configuration for an agent that runs (SIGHUP, `systemctl reload`).

Whatever can be refused is done first, and undone if it is refused: a configuration that is wrong changes nothing.  Then
come the access points and stations, which cannot be refused.  Those that have not changed, or only in what can change
on the fly, keep their connections; the others go and come anew, each by itself.  What this module does not know of is
not changed here: `needs_new_daemon`.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import fields, replace

from wpsagent.config.model import AccessPointSettings, Configuration, StationSettings
from wpsagent.daemon.attached.attachments import Attachments
from wpsagent.daemon.networks import Networks
from wpsagent.daemon.parts import Part, reload_all
from wpsagent.daemon.repeater import Repeater
from wpsagent.daemon.reporting import Reporting
from wpsagent.daemon.stations import Stations
from wpsagent.errors import ConfigError, RadioError
from wpsagent.io import link
from wpsagent.status import events as e
from wpsagent.status import station_events as s

logger = logging.getLogger(__name__)

_OF_AGENT = {
    "control_socket",
    "control_group",
    "hostapd_directory",
    "supplicant_directory",
    "log_level",
    "success_display_s",
    "error_display_s",
}
"""What of [agent] can change while it runs."""


class Reload:
    """Changes a running agent.  parts: what may refuse, in the order in which they are opened."""

    def __init__(
        self,
        networks: Networks,
        stations: Stations,
        reporting: Reporting,
        *,
        attachments: Attachments,
        repeater: Repeater,
        parts: Sequence[Part],
    ) -> None:
        self._networks = networks
        self._stations = stations
        self._reporting = reporting
        self._attachments = attachments
        self._repeater = repeater
        self._parts = parts

    def needs_new_daemon(self, before: Configuration, after: Configuration) -> bool:
        """Whether something has changed that cannot change while the agent runs."""
        agent = replace(after.agent, **{name: getattr(before.agent, name) for name in _OF_AGENT})
        known = {"agent", "device", "access_points", "buttons", "leds", "mqtt", "stations", "attached", "warnings"}
        rest = [field.name for field in fields(after) if field.name not in known]
        return agent != before.agent or any(getattr(after, name) != getattr(before, name) for name in rest)

    def check(self, before: Configuration, after: Configuration) -> None:
        """Raises ConfigError for what the file cannot know: interfaces lent to somebody, files of the stations."""
        known = {one.interface for one in before.ours}
        ours = {network.interface for network in self._networks.networks}
        ours |= {station.interface for station in self._stations.stations}
        problems = [
            f"{one.interface}: was added while the agent runs; remove it first"
            for one in after.ours
            if one.interface in ours - known
        ]
        if problems:
            raise ConfigError(problems)
        for station in self._stations.stations:
            station.check_file()

    async def apply(self, before: Configuration, after: Configuration) -> None:
        """Go on with `after`; raises AgentError, and then `before` goes on."""
        await reload_all(self._parts, before, after)
        agent, mqtt = after.agent, after.mqtt
        logging.getLogger().setLevel(agent.log_level.upper())
        self._reporting.board.configure(
            agent.success_display_s, agent.error_display_s, mqtt.commands if mqtt is not None else ()
        )
        self._networks.set_device(after.device, after.attached)
        self._repeater.follow(after.access_points)
        await self._attachments.take_leave(after.attached)
        await self._take_leave(before, after)
        _leave_up(before, after)
        await self._begin(after)
        await self._attachments.begin(after.attached)

    async def _take_leave(self, before: Configuration, after: Configuration) -> None:
        """Of all that is gone, and of all that has to begin anew."""
        wanted = {settings.interface: settings for settings in after.access_points}
        names = {settings.interface for settings in before.access_points}
        for network in [one for one in self._networks.networks if one.interface in names]:
            settings = wanted.get(network.interface)
            if not network.settings.is_temporary and (settings is None or not network.renew(settings)):
                await self._networks.remove(network)
                self._reporting.report(e.AccessPointRemoved(network.interface))
        stations = {settings.interface: settings for settings in after.stations}
        names = {settings.interface for settings in before.stations}
        for station in [one for one in self._stations.stations if one.interface in names]:
            its = stations.get(station.interface)
            if its is None or not station.renew(its, after.device):
                await self._stations.remove(station)
                self._reporting.report(s.StationRemoved(station.interface))
            else:
                station.reread()

    async def _begin(self, after: Configuration) -> None:
        there = {network.interface for network in self._networks.networks}
        networks = [self._add_network(one) for one in after.access_points if one.interface not in there]
        self._networks.arrange([settings.interface for settings in after.access_points])
        there = {station.interface for station in self._stations.stations}
        stations = [self._add_station(one, after) for one in after.stations if one.interface not in there]
        self._stations.arrange([settings.interface for settings in after.stations])
        for start in (*networks, *stations):
            await start()

    def _add_network(self, settings: AccessPointSettings) -> Callable[[], Awaitable[None]]:
        network = self._networks.add(settings)
        self._reporting.report(
            e.AccessPointAdded(
                settings.interface, settings.button_group, settings.ssid, settings.channel, settings.follow
            )
        )
        return network.start

    def _add_station(self, settings: StationSettings, after: Configuration) -> Callable[[], Awaitable[None]]:
        station = self._stations.add(settings, after.device)
        self._reporting.report(s.StationAdded(settings.interface))
        return station.start


def _leave_up(before: Configuration, after: Configuration) -> None:
    """Who has come for an interface of ours found it up, and would wait for ever where it went down with us."""
    ours = {one.interface for one in before.ours}
    for one in after.attached:
        if one.interface in ours:
            try:
                link.set_up(one.interface)
            except RadioError as error:
                logger.warning("%s: %s", one.interface, error)
