# SPDX-License-Identifier: BSD-3-Clause
"""The state of everything that is shown: sessions by button group, networks with their stations, the last result.

A session (push-button or PIN) of a group goes

    idle → active → success | error | timeout | overlap | cancelled → idle

and stays on its result for a display time.  A run that fails while the session is open does not close it (the next
try may succeed): the failure is kept as the last result, and a session that then runs out ends as an error.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status import texts
from wpsagent.status.stations import Stations

CANCEL_DISPLAY_TIME = 5.0
"""Seconds for which a cancelled session is reported as such."""


class SessionState(StrEnum):
    """What is going on, as MQTT reports it."""

    IDLE = "idle"
    ACTIVE = "active"
    SUCCESS = "success"
    ERROR = "error"
    OVERLAP = "overlap"
    TIMEOUT = "timeout"
    CANCELLED = "cancelled"


class NetworkState(StrEnum):
    STARTING = "starting"
    ENABLED = "enabled"
    FAILED = "failed"
    LOST = "lost"
    DISABLED = "disabled"


PUSH_BUTTON, PIN = "push_button", "pin"


@dataclass(frozen=True, slots=True)
class Moment:
    """One point in time on both clocks: monotonic, and seconds of the epoch."""

    now: float
    wall: float

    def iso_time(self, monotonic: float) -> str:
        """The wall-clock time of a point on the monotonic clock."""
        return texts.iso_time(round(self.wall + monotonic - self.now))


@dataclass(frozen=True, slots=True)
class Network:
    """What is known of a network of ours before it is up."""

    interface: str
    group: str
    ssid: Ssid
    channel: int
    follow: str | None = None


@dataclass(slots=True)
class Session:
    """What goes on in one button group.  ends_at: of the open window; shown_until: of a result."""

    group: str
    state: SessionState = SessionState.IDLE
    method: str | None = None
    ends_at: float | None = None
    ends_at_text: str | None = None
    shown_until: float | None = None
    has_failed: bool = False
    order: int = 0


@dataclass(slots=True)
class NetworkStatus:
    interface: str
    group: str
    ssid: str
    channel: int
    follow: str | None = None
    state: NetworkState = NetworkState.STARTING
    reason: str | None = None
    is_setup_locked: bool = False
    stations: dict[MacAddress, None] = field(default_factory=dict)


class Model:
    """Changes with every event; has no opinion on how it is shown."""

    def __init__(
        self,
        networks: Iterable[Network],
        success_display: float,
        error_display: float,
        *,
        stations: Iterable[str] = (),
    ) -> None:
        self.networks = {
            n.interface: NetworkStatus(n.interface, n.group, texts.ssid_text(n.ssid), n.channel, n.follow)
            for n in networks
        }
        self.sessions = {network.group: Session(network.group) for network in self.networks.values()}
        names = tuple(stations)
        self.stations = Stations(names)
        self.station_sessions = {name: Session(name) for name in names}
        self.last_result: dict[str, Any] | None = None
        self.agent_state = "starting"
        self.success_display = success_display
        self.error_display = error_display
        self._order = 0

    # ---- what is shown

    @property
    def session(self) -> Session:
        """The session that is shown: an open one before a result, the later one before the earlier."""
        ranks = {SessionState.ACTIVE: 2, SessionState.IDLE: 0}
        return max(self._all_sessions, key=lambda s: (ranks.get(s.state, 1), s.order), default=Session(""))

    @property
    def _all_sessions(self) -> tuple[Session, ...]:
        return (*self.sessions.values(), *self.station_sessions.values())

    @property
    def is_anything_down(self) -> bool:
        """A network or a station has no radio."""
        is_down = any(n.state in (NetworkState.FAILED, NetworkState.LOST) for n in self.networks.values())
        return is_down or self.stations.is_any_down

    @property
    def deadline(self) -> float | None:
        times = [session.shown_until for session in self._all_sessions if session.shown_until is not None]
        return min(times, default=None)

    def interfaces_of(self, group: str) -> tuple[str, ...]:
        """Those of a button group; a station that is an access point for a while has a group of its own name."""
        found = tuple(network.interface for network in self.networks.values() if network.group == group)
        return found or ((group,) if group in self.stations else ())

    def is_open(self, group: str) -> bool:
        """A session of this group is open."""
        return self._session(group).state is SessionState.ACTIVE

    def expire(self, moment: Moment) -> None:
        """Results whose display time is over give way to idle."""
        for session in self._all_sessions:
            if session.shown_until is not None and moment.now >= session.shown_until:
                self._enter(session, SessionState.IDLE, None)

    # ---- sessions

    def _session(self, group: str) -> Session:
        return self.sessions.setdefault(group, Session(group))

    def _enter(self, session: Session, state: SessionState, shown_until: float | None) -> None:
        self._order += 1
        session.state, session.shown_until, session.order = state, shown_until, self._order
        session.ends_at = session.ends_at_text = None
        if state is SessionState.IDLE:
            session.method = None

    def _result(self, result: str, session: Session, moment: Moment, **details: Any) -> None:
        reason, station, name = (details.get(key) for key in ("reason", "station", "device_name"))
        self.last_result = {
            "result": result,
            "method": session.method,
            "reason": reason,
            "station": None if station is None else str(station),
            "device_name": texts.cleaned(name) if name else None,
            "at": texts.iso_time(moment.wall),
        }

    def _open(self, session: Session, method: str, ends_at: float | None, moment: Moment) -> None:
        self._enter(session, SessionState.ACTIVE, None)
        session.method, session.has_failed, session.ends_at = method, False, ends_at
        session.ends_at_text = None if ends_at is None else moment.iso_time(ends_at)

    def push_button_started(self, event: e.PushButtonStarted, moment: Moment) -> None:
        self._open(self._session(event.group), PUSH_BUTTON, event.ends_at, moment)

    def pin_started(self, event: e.PinStarted, moment: Moment) -> None:
        self._open(self._session(event.group), PIN, event.ends_at, moment)

    def push_button_ended(self, event: e.PushButtonEnded, moment: Moment) -> None:
        self._ended(event.group, PUSH_BUTTON, event.reason, moment)

    def pin_ended(self, event: e.PinEnded, moment: Moment) -> None:
        self._ended(event.group, PIN, event.reason, moment)

    def _ended(self, group: str, method: str, reason: e.SessionEndReason, moment: Moment) -> None:
        """The end of a session; one that another has replaced already has nothing to say."""
        session = self._session(group)
        if session.method != method:
            return
        match reason:
            case e.SessionEndReason.SUCCEEDED:
                self._succeed(session, moment)
            case e.SessionEndReason.REPLACED:
                self._enter(session, SessionState.IDLE, None)
            case e.SessionEndReason.CANCELLED:
                self._result("cancelled", session, moment)
                self._enter(session, SessionState.CANCELLED, moment.now + CANCEL_DISPLAY_TIME)
            case _:
                self._fail(session, reason, moment)

    def _succeed(self, session: Session, moment: Moment) -> None:
        """A success is recorded once: with the station that brought it, whichever event comes first."""
        if session.state is not SessionState.SUCCESS:
            self._result("success", session, moment)
            self._enter(session, SessionState.SUCCESS, moment.now + self.success_display)

    def _fail(self, session: Session, reason: e.SessionEndReason, moment: Moment) -> None:
        shown_until = moment.now + self.error_display
        if session.state is SessionState.OVERLAP:
            session.shown_until = shown_until
        elif session.has_failed or reason is e.SessionEndReason.FAILED:
            self._enter(session, SessionState.ERROR, shown_until)
        else:
            self._result("timeout", session, moment, reason="no device came within the time")
            self._enter(session, SessionState.TIMEOUT, shown_until)

    def push_button_refused(self, event: e.PushButtonRefused, moment: Moment) -> None:
        session = self._session(event.group)
        session.method = PUSH_BUTTON
        self._result("refused", session, moment, reason=event.reason)
        self._enter(session, SessionState.ERROR, moment.now + self.error_display)

    def overlap_detected(self, event: e.OverlapDetected, moment: Moment) -> None:
        session = self._session(event.group)
        session.method = PUSH_BUTTON
        self._result("overlap", session, moment, reason="two devices were in push-button mode")
        self._enter(session, SessionState.OVERLAP, moment.now + self.error_display)

    def enrolment_succeeded(self, event: e.EnrolmentSucceeded, moment: Moment) -> None:
        session = self._session(event.group)
        self._enter(session, SessionState.SUCCESS, moment.now + self.success_display)
        self._result("success", session, moment, station=event.address, device_name=event.device_name)

    def enrolment_failed(self, event: e.EnrolmentFailed, moment: Moment) -> None:
        session = self._session(event.group)
        if session.state is SessionState.OVERLAP:
            return  # the refusals that follow an overlap say no more than it does
        session.has_failed = True
        self._result("failed", session, moment, reason=texts.failure_words(event), station=event.address)

    # ---- our own stations

    def station_changed(self, event: s.StationAgentEvent, _moment: Moment) -> None:
        self.stations.apply(event)

    def station_wps_started(self, event: s.StationWpsStarted, moment: Moment) -> None:
        self.stations.apply(event)
        self._open(self._station_session(event.interface), event.method.value, event.ends_at, moment)

    def station_wps_ended(self, event: s.StationWpsEnded, moment: Moment) -> None:
        self.stations.apply(event)
        session = self._station_session(event.interface)
        self._result(event.result.value, session, moment, reason=event.reason or None)
        state, shown = {
            s.StationWpsResult.SUCCEEDED: (SessionState.SUCCESS, self.success_display),
            s.StationWpsResult.TIMED_OUT: (SessionState.TIMEOUT, self.error_display),
            s.StationWpsResult.CANCELLED: (SessionState.CANCELLED, CANCEL_DISPLAY_TIME),
            s.StationWpsResult.OVERLAP: (SessionState.OVERLAP, self.error_display),
            s.StationWpsResult.FAILED: (SessionState.ERROR, self.error_display),
        }[event.result]
        self._enter(session, state, moment.now + shown)

    def station_wps_refused(self, event: s.StationWpsRefused, moment: Moment) -> None:
        session = self._station_session(event.interface)
        session.method = PUSH_BUTTON
        self._result("refused", session, moment, reason=event.reason)
        self._enter(session, SessionState.ERROR, moment.now + self.error_display)

    def _station_session(self, interface: str) -> Session:
        return self.station_sessions.setdefault(interface, Session(interface))

    # ---- the agent, its networks and their stations

    def agent_started(self, _event: e.AgentStarted, _moment: Moment) -> None:
        self.agent_state = "running"

    def agent_stopping(self, _event: e.AgentStopping, _moment: Moment) -> None:
        self.agent_state = "stopping"
        for session in self._all_sessions:
            self._enter(session, SessionState.IDLE, None)

    def access_point_added(self, event: e.AccessPointAdded, _moment: Moment) -> None:
        name = texts.ssid_text(event.ssid)
        self.networks[event.interface] = NetworkStatus(event.interface, event.group, name, event.channel, event.follow)
        self.sessions.setdefault(event.group, Session(event.group))

    def access_point_removed(self, event: e.AccessPointRemoved, _moment: Moment) -> None:
        network = self.networks.pop(event.interface, None)
        if network is not None and not self.interfaces_of(network.group):
            self.sessions.pop(network.group, None)

    def access_point_started(self, event: e.AccessPointStarted, _moment: Moment) -> None:
        network = self.networks.get(event.interface)
        if network is not None:
            network.ssid, network.channel = texts.ssid_text(event.ssid), event.channel
            self._turn(event.interface, NetworkState.ENABLED)

    def channel_changed(self, event: e.ChannelChanged, _moment: Moment) -> None:
        if event.interface in self.networks:
            self.networks[event.interface].channel = event.channel

    def access_point_failed(self, event: e.AccessPointFailed, _moment: Moment) -> None:
        self._turn(event.interface, NetworkState.FAILED, event.reason)

    def radio_lost(self, event: e.RadioLost, _moment: Moment) -> None:
        self._turn(event.interface, NetworkState.LOST, event.reason)

    def radio_recovered(self, event: e.RadioRecovered, _moment: Moment) -> None:
        self._turn(event.interface, NetworkState.ENABLED)

    def access_point_stopped(self, event: e.AccessPointStopped, _moment: Moment) -> None:
        self._turn(event.interface, NetworkState.DISABLED)

    def setup_locked(self, event: e.SetupLocked, _moment: Moment) -> None:
        if event.interface in self.networks:
            self.networks[event.interface].is_setup_locked = True

    def setup_unlocked(self, event: e.SetupUnlocked, _moment: Moment) -> None:
        if event.interface in self.networks:
            self.networks[event.interface].is_setup_locked = False

    def _turn(self, interface: str, state: NetworkState, reason: str | None = None) -> None:
        """A network changed: whatever it was before, no station is connected now."""
        network = self.networks.get(interface)
        if network is not None:
            network.state, network.reason = state, reason
            network.stations.clear()

    def station_connected(self, event: e.StationConnected, _moment: Moment) -> None:
        if event.interface in self.networks:
            self.networks[event.interface].stations[event.address] = None

    def station_disconnected(self, event: e.StationDisconnected, _moment: Moment) -> None:
        if event.interface in self.networks:
            self.networks[event.interface].stations.pop(event.address, None)
