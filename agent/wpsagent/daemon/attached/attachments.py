# SPDX-License-Identifier: BSD-3-Clause
"""All interfaces that other programs have: what the daemon asks of them, and what it hears.

Those of one button group, and our own networks in it, have one session (`session.GroupSession`): one press opens all
that are there, the first success ends the others.  A press for several groups lets one device in as well.
"""

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wpsagent.config.model import AttachedSettings
from wpsagent.control.agent import WpsStatus
from wpsagent.daemon.attached.access_point import OwnedAccessPoint
from wpsagent.daemon.attached.interface import AttachedInterface
from wpsagent.daemon.attached.session import OURS, SESSION_EVENTS, GroupSession
from wpsagent.errors import UsageError
from wpsagent.io.control_client import ControlSocketError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.runner import ButtonGroup
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.wsc.enrollee_table import PendingPin

if TYPE_CHECKING:
    from wpsagent.daemon.attached.station import OwnedStation

logger = logging.getLogger(__name__)

_FAIL = "FAIL\n"


class Owner:
    """An interface of another program as its commands see it; implements control.commands.Owner."""

    def __init__(self, interface: AttachedInterface[Any]) -> None:
        self._interface = interface
        self.interface = interface.interface
        self.is_access_point = interface.settings.is_access_point

    async def forward(self, request: str) -> str:
        """The owner's reply; FAIL while there is none."""
        try:
            return await self._interface.forward(request)
        except ControlSocketError as error:
            logger.warning("%s: %s", self.interface, error)
            return _FAIL


class Attachments:
    """See the module.

    report: what hears what everybody is told.  ours: the button groups of our own networks, by name.
    """

    def __init__(
        self,
        settings: Iterable[AttachedSettings],
        report: Callable[[e.AgentEvent], None],
        ours: Callable[[], Mapping[str, ButtonGroup]],
    ) -> None:
        self._report = report
        self._ours = ours
        self._access_points: list[AttachedInterface[OwnedAccessPoint]] = []
        self._stations: list[AttachedInterface[OwnedStation]] = []
        self._sessions: dict[str, GroupSession] = {}
        self._together: dict[str, frozenset[str]] = {}  # with which groups each was last opened
        for one in settings:
            self._add(one)

    def _add(self, settings: AttachedSettings) -> AttachedInterface[Any]:
        if settings.is_access_point:
            self._sessions.setdefault(settings.button_group, GroupSession(settings.button_group))
            self._access_points.append(added := self._access_point(settings))
            return added
        self._stations.append(station := self._station(settings))
        return station

    def _access_point(self, settings: AttachedSettings) -> AttachedInterface[OwnedAccessPoint]:
        return AttachedInterface(
            settings, lambda: OwnedAccessPoint(settings.interface, settings.button_group), self.hear
        )

    def _station(self, settings: AttachedSettings) -> "AttachedInterface[OwnedStation]":
        # Imported where there is one: hostapd alone does without the station's vocabulary.
        from wpsagent.daemon.attached.station import OwnedStation

        return AttachedInterface(settings, lambda: OwnedStation(settings.interface), self.hear)

    @property
    def interfaces(self) -> Sequence[AttachedInterface[Any]]:
        """All of them."""
        return (*self._access_points, *self._stations)

    @property
    def addresses(self) -> Collection[MacAddress]:
        """Of those that have been there."""
        return [one.address for one in self.interfaces if one.address is not None]

    async def start(self) -> None:
        """Attach to all that are there; the others when they come."""
        await asyncio.gather(*(interface.start() for interface in self.interfaces))

    async def stop(self) -> None:
        """Let go of all; what goes on there goes on."""
        await asyncio.gather(*(interface.stop() for interface in self.interfaces))

    # ---- another configuration

    async def take_leave(self, wanted: Iterable[AttachedSettings]) -> None:
        """Let go of those that are not wanted, or not as they are."""
        stays = [_without_reason(one) for one in wanted]
        for one in self._access_points.copy():
            if _without_reason(one.settings) not in stays:
                await one.stop()
                self._access_points.remove(one)
                self._leave_group(one.interface, one.settings.button_group)
                self._report(e.AccessPointRemoved(one.interface))
        for station in self._stations.copy():
            if _without_reason(station.settings) not in stays:
                await station.stop()
                self._stations.remove(station)
                self._report(s.StationRemoved(station.interface))

    def _leave_group(self, interface: str, name: str) -> None:
        for event in self._sessions[name].leave(interface):
            self._report(event)
        if not any(one.settings.button_group == name for one in self._access_points):
            del self._sessions[name]
            self._together.pop(name, None)

    async def begin(self, wanted: Iterable[AttachedSettings]) -> None:
        """Attach to those that are new."""
        there = {one.interface for one in self.interfaces}
        fresh = [self._add(one) for one in wanted if one.interface not in there]
        for interface in fresh:
            self._report(_added(interface.settings))
        await asyncio.gather(*(interface.start() for interface in fresh))

    # ---- what happens

    def hear(self, member: str, event: e.AgentEvent) -> None:
        """An event of an interface, or (OURS) of our own networks."""
        session = self._sessions.get(getattr(event, "group", "")) if isinstance(event, SESSION_EVENTS) else None
        told = [event] if session is None else session.receive(member, event)
        for one in told:
            self._report(one)
        if session is not None:
            self._cancel_members(session)
        if isinstance(event, e.EnrolmentSucceeded):
            self._served(event.group)

    def hear_ours(self, event: e.AgentEvent) -> None:
        """An event of our own networks."""
        self.hear(OURS, event)

    def _cancel_members(self, session: GroupSession) -> None:
        members, session.members_to_cancel = session.members_to_cancel, set()
        for interface in self._access_points:
            if interface.interface in members and interface.is_attached:
                interface.machine.cancel()
                interface.pump()
        group = self._ours().get(session.group)
        if OURS in members and group is not None:
            group.withdraw()

    def _served(self, name: str) -> None:
        """A device has got what it came for: the groups that were opened for it along with this one close."""
        together = self._together.pop(name, frozenset())
        for other in sorted(together - {name}):
            if self._together.pop(other, None) is None:
                continue
            session = self._sessions.get(other)
            if session is None:
                self._ours()[other].withdraw()
                continue
            for event in session.withdraw():
                self._report(event)
            self._cancel_members(session)

    # ---- access points

    def groups(self, target: str | None) -> set[str]:
        """The button groups that a command means: all, one by its name, or the one of an interface."""
        if target is None:
            return set(self._sessions)
        if target in self._sessions:
            return {target}
        return {one.settings.button_group for one in self._access_points if one.interface == target}

    def require(self, names: Iterable[str]) -> list[AttachedInterface[OwnedAccessPoint]]:
        """Those of these groups that can be asked; raises UsageError when none can, and tries to get them."""
        members = [one for one in self._access_points if one.settings.button_group in names]
        for one in members:
            one.hurry()
        if members and not any(one.is_up for one in members):
            raise UsageError("; ".join(one.why_not for one in members))
        return [one for one in members if one.is_up]

    def press_button(self, names: set[str], with_ours: Iterable[str] = ()) -> None:
        """Press what can be pressed of these groups; raises UsageError when nothing can and none of ours is."""
        members = self._able(names, with_ours)
        for name in names & set(self._sessions):
            self._sessions[name].press({one.interface for one in members if one.settings.button_group == name})
        self._open(members, names, with_ours, OwnedAccessPoint.press_button)

    def add_pin(
        self, names: set[str], enter: Callable[[OwnedAccessPoint], None], with_ours: Iterable[str] = ()
    ) -> None:
        """Have a PIN entered wherever it can be; raises UsageError when it can be nowhere."""
        self._open(self._able(names, with_ours), names, with_ours, enter)

    def _open(
        self,
        members: Iterable[AttachedInterface[OwnedAccessPoint]],
        names: set[str],
        with_ours: Iterable[str],
        wish: Callable[[OwnedAccessPoint], None],
    ) -> None:
        everything = frozenset((*names, *with_ours))
        self._together |= dict.fromkeys(everything, everything)
        for one in members:
            wish(one.machine)
            one.pump()

    def _able(self, names: set[str], with_ours: Iterable[str]) -> list[AttachedInterface[OwnedAccessPoint]]:
        try:
            return self.require(names)
        except UsageError as error:
            if not list(with_ours):
                raise
            logger.warning("%s", error)
            return []

    def cancel(self, names: set[str]) -> None:
        """End what goes on in these groups, if anything does."""
        for one in self._access_points:
            if one.settings.button_group in names and one.is_attached:
                one.machine.cancel()
                one.pump()

    def wps_status(self, name: str) -> WpsStatus:
        """Of one group."""
        return self._sessions[name].status

    def pin_requests(self, names: Iterable[str]) -> list[PendingPin]:
        """Who waits for somebody to enter its PIN in these groups."""
        now = asyncio.get_running_loop().time()
        members = [one for one in self._access_points if one.settings.button_group in names]
        return [pending for one in members for pending in one.machine.pin_requests(now)]

    # ---- stations

    @property
    def first_station(self) -> "AttachedInterface[OwnedStation] | None":
        """The one whose button the station's button is, if it is one of these."""
        return next((one for one in self._stations if one.settings.is_first_station), None)

    def press_station_button(self) -> None:
        """A person pressed the first station's button; what is in the way is told."""
        station = self.first_station
        if station is None:
            return
        try:
            self.press_station(station.interface)
        except UsageError as error:
            self._report(s.StationWpsRefused(station.interface, str(error)))

    @property
    def has_access_points(self) -> bool:
        return bool(self._access_points)

    @property
    def station_names(self) -> list[str]:
        return [one.interface for one in self._stations]

    def press_station(self, interface: str) -> None:
        """Press the button of one of these stations; raises UsageError when its owner cannot be asked."""
        for station in self._stations:
            if station.interface == interface:
                station.hurry()
                if not station.is_up:
                    raise UsageError(station.why_not)
                station.machine.press_button()
                station.pump()

    def cancel_stations(self, interface: str | None = None) -> None:
        """End their WPS runs, or that of one; nothing going on is no error."""
        for one in self._stations:
            if one.is_up and interface in (None, one.interface):
                one.machine.cancel()
                one.pump()

    # ---- commands

    def owner(self, interface: str | None) -> Owner | None:
        """The owner of an interface; None: of the first there is."""
        return next((Owner(one) for one in self.interfaces if interface in (None, one.interface)), None)


def _without_reason(settings: AttachedSettings) -> AttachedSettings:
    return replace(settings, reason="")


def _added(settings: AttachedSettings) -> e.AgentEvent:
    if settings.is_access_point:
        return e.AccessPointAdded(settings.interface, settings.button_group, Ssid(b""), 0)
    return s.StationAdded(settings.interface)
