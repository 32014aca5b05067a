# SPDX-License-Identifier: BSD-3-Clause
"""The status board: every event of the agent → LED pattern, MQTT state, MQTT event, control events.

One table says what each event becomes.  The board is pure: both clocks are arguments, and what is to be shown comes
back as a value.  Topics and octets are not its business, nor is who listens.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status import texts
from wpsagent.status.model import Model, Moment, Network, SessionState
from wpsagent.wsc.device import format_uuid
from wpsagent.wsc.enrollee_table import PENDING_TIME, PendingPin

PATTERNS: Mapping[SessionState, str] = {
    SessionState.IDLE: "idle",
    SessionState.ACTIVE: "in_progress",
    SessionState.SUCCESS: "success",
    SessionState.ERROR: "error",
    SessionState.TIMEOUT: "error",
    SessionState.OVERLAP: "overlap",
    SessionState.CANCELLED: "idle",
}
"""LED pattern of each session state."""

MAX_PIN_REQUESTS = 8
"""Devices that are reported to need a PIN, those that came last."""

INFO_LEVEL = 3
"""Level of every control event of WPS."""


@dataclass(frozen=True, slots=True)
class ControlEvent:
    """A line for attached control clients; interface: whose network it concerns, None for the whole agent."""

    text: str
    interface: str | None = None
    level: int = INFO_LEVEL


@dataclass(frozen=True, slots=True)
class Update:
    """What is to be shown now.  state and event are None when there is nothing new to publish."""

    pattern: str
    state: dict[str, Any] | None
    event: dict[str, Any] | None
    control_events: tuple[ControlEvent, ...]


@dataclass(frozen=True, slots=True)
class _Row:
    """One event's line: its name on MQTT (None: not published), its fields there, its control texts, its effect."""

    name: str | None
    fields: Callable[[Any], dict[str, Any]] = lambda _event: {}
    control: Callable[[Any], tuple[str, ...]] = lambda _event: ()
    change: Callable[[Model, Any, Moment], None] = lambda _model, _event, _moment: None


def _group(event: Any) -> dict[str, Any]:
    return {"group": event.group}


def _end(event: Any) -> dict[str, Any]:
    return {"group": event.group, "reason": event.reason.value}


def _station(event: Any) -> dict[str, Any]:
    return {"interface": event.interface, "station": None if event.address is None else str(event.address)}


def _interface(event: Any) -> dict[str, Any]:
    return {"interface": event.interface}


def _network(event: s.Joined) -> dict[str, Any]:
    return _interface(event) | {"ssid": texts.ssid_text(event.ssid), "bssid": str(event.bssid)}


def _manager(event: Any) -> dict[str, Any]:
    return _interface(event) | {"manager": event.manager}


def _reason(event: Any) -> dict[str, Any]:
    return {"reason": event.reason}


def _with_station(event: e.ChannelKept | e.TakeOverRefused) -> dict[str, Any]:
    return _interface(event) | {"station": event.station} | _reason(event)


def _enrollee(event: Any) -> dict[str, Any]:
    name = texts.cleaned(event.device_name)
    return _station(event) | {"uuid": format_uuid(event.uuid_e), "device_name": name or None}


_ROWS: Mapping[type, _Row] = {
    e.AgentStarting: _Row("starting"),
    e.AgentStarted: _Row("started", change=Model.agent_started),
    e.AgentStopping: _Row("stopping", control=lambda _: ("CTRL-EVENT-TERMINATING ",), change=Model.agent_stopping),
    e.ConfigurationReloaded: _Row("reloaded"),
    e.ReloadRefused: _Row("reload_refused", _reason),
    e.ButtonPressed: _Row(
        "button_pressed",
        lambda event: {"gesture": event.gesture, "source": event.source, "groups": list(event.groups)},
    ),
    e.PushButtonStarted: _Row("push_button_started", _group, lambda _: ("WPS-PBC-ACTIVE ",), Model.push_button_started),
    e.PushButtonEnded: _Row(
        "push_button_ended", _end, lambda event: texts.PUSH_BUTTON_END_TEXTS[event.reason], Model.push_button_ended
    ),
    e.PushButtonRefused: _Row(
        "push_button_refused", lambda event: _group(event) | _reason(event), change=Model.push_button_refused
    ),
    e.PinStarted: _Row("pin_started", _group, change=Model.pin_started),
    e.PinEnded: _Row("pin_ended", _end, texts.pin_ended, Model.pin_ended),
    e.CancelRequested: _Row("cancelled", _group, lambda _: ("WPS-CANCEL ",)),
    e.OverlapDetected: _Row("overlap", _group, lambda _: ("WPS-OVERLAP-DETECTED ",), Model.overlap_detected),
    e.EnrolmentSucceeded: _Row(
        "enrolment_succeeded",
        lambda event: _group(event) | _enrollee(event),
        texts.enrolment_succeeded,
        Model.enrolment_succeeded,
    ),
    e.EnrolmentFailed: _Row(
        "enrolment_failed",
        lambda event: (
            _group(event)
            | _station(event)
            | {"reason": texts.failure_words(event), "configuration_error": event.configuration_error}
        ),
        texts.enrolment_failed,
        Model.enrolment_failed,
    ),
    e.EnrolleeSeen: _Row(None, control=texts.enrollee_seen),
    e.PinNeeded: _Row("pin_needed", _enrollee, texts.pin_needed),
    e.EapStarted: _Row(None, control=lambda event: (f"CTRL-EVENT-EAP-STARTED {event.address}",)),
    e.EapMethodProposed: _Row(None, control=lambda _: texts.EAP_METHODS_PROPOSED),
    e.EapFailed: _Row(None, control=lambda event: (f"CTRL-EVENT-EAP-FAILURE {event.address}",)),
    e.StationConnected: _Row(
        "station_connected",
        _station,
        lambda event: (f"AP-STA-CONNECTED {event.address}",),
        Model.station_connected,
    ),
    e.StationDisconnected: _Row(
        "station_disconnected",
        lambda event: _station(event) | _reason(event),
        lambda event: (f"AP-STA-DISCONNECTED {event.address}",),
        Model.station_disconnected,
    ),
    e.HandshakeFailed: _Row("handshake_failed", lambda event: _station(event) | _reason(event)),
    e.AccessPointStarted: _Row(
        "access_point_started", _interface, lambda _: ("AP-ENABLED ",), Model.access_point_started
    ),
    e.ChannelChanged: _Row(
        "channel_changed",
        lambda event: _interface(event) | {"channel": event.channel},
        texts.channel_changed,
        Model.channel_changed,
    ),
    e.ChannelKept: _Row("channel_kept", _with_station),
    e.NetworkTakenOver: _Row(
        "network_taken_over",
        lambda event: _interface(event) | {"station": event.station, "ssid": texts.ssid_text(event.ssid)},
    ),
    e.TakeOverRefused: _Row("take_over_refused", _with_station),
    e.AccessPointAdded: _Row("access_point_added", _interface, change=Model.access_point_added),
    e.AccessPointRemoved: _Row("access_point_removed", _interface, change=Model.access_point_removed),
    e.AccessPointFailed: _Row(
        "access_point_failed", lambda event: _interface(event) | _reason(event), change=Model.access_point_failed
    ),
    e.RadioLost: _Row(
        "radio_lost",
        lambda event: _interface(event) | _reason(event),
        lambda _: ("AP-DISABLED ",),
        Model.radio_lost,
    ),
    e.RadioRecovered: _Row("radio_recovered", _interface, lambda _: ("AP-ENABLED ",), Model.radio_recovered),
    e.CommandReceived: _Row(
        "command_received", lambda event: {"command": event.command, "id": event.id, "ok": event.is_ok}
    ),
    e.BrokerConnected: _Row(None),
    e.BrokerLost: _Row("broker_lost", _reason),
    e.SetupLocked: _Row(
        "setup_locked",
        lambda event: _interface(event) | {"is_for_good": event.ends_at is None},
        lambda _: ("WPS-AP-SETUP-LOCKED ",),
        Model.setup_locked,
    ),
    e.SetupUnlocked: _Row("setup_unlocked", _interface, lambda _: ("WPS-AP-SETUP-UNLOCKED ",), Model.setup_unlocked),
    e.ApPinDisabled: _Row("ap_pin_disabled", _interface, lambda _: ("WPS-AP-PIN-DISABLED ",)),
    # The registrar ends its run with WSC_NACK, which hostapd's users know as this failure.
    e.NetworkRead: _Row("network_read", _station, lambda _: ("WPS-FAIL msg=11 config_error=0",)),
    e.RegistrarSucceeded: _Row("registrar_succeeded", _station, lambda _: ("WPS-SUCCESS ",)),
    e.NetworkChanged: _Row(
        "network_changed",
        lambda event: _interface(event) | {"ssid": texts.ssid_text(event.ssid)},
        lambda event: (f"WPS-NEW-AP-SETTINGS {event.told}",),
    ),
    e.SettingsNotSaved: _Row("settings_not_saved", lambda event: _interface(event) | _reason(event)),
    e.SettingsDropped: _Row("settings_dropped", lambda event: _interface(event) | _reason(event)),
    e.AccessPointStopped: _Row(
        "access_point_stopped", _interface, lambda _: ("AP-DISABLED ",), Model.access_point_stopped
    ),
    s.StationAdded: _Row("station_added", _interface, change=Model.station_changed),
    s.StationRemoved: _Row("station_removed", _interface, change=Model.station_changed),
    s.StationStarted: _Row(
        "station_started",
        lambda event: _interface(event) | {"networks": event.networks},
        change=Model.station_changed,
    ),
    s.StationFailed: _Row(
        "station_failed", lambda event: _interface(event) | _reason(event), change=Model.station_changed
    ),
    s.StationLost: _Row("station_lost", lambda event: _interface(event) | _reason(event), change=Model.station_changed),
    s.NetworksKnown: _Row(None, change=Model.station_changed),
    s.NetworksNotSaved: _Row(
        "networks_not_saved", lambda event: _interface(event) | _reason(event), change=Model.station_changed
    ),
    s.Joined: _Row("network_joined", _network, texts.joined, Model.station_changed),
    s.Left: _Row(
        "network_left",
        lambda event: (
            _interface(event) | {"bssid": str(event.bssid), "reason_code": event.reason_code} | _reason(event)
        ),
        texts.left,
        Model.station_changed,
    ),
    s.StationWpsStarted: _Row(
        "station_wps_started",
        lambda event: _interface(event) | {"method": event.method.value},
        lambda event: texts.STATION_WPS_START_TEXTS[event.method],
        Model.station_wps_started,
    ),
    s.StationWpsEnded: _Row(
        "station_wps_ended",
        lambda event: (
            _interface(event)
            | {"method": event.method.value, "result": event.result.value, "cause": event.cause}
            | _reason(event)
        ),
        texts.station_wps_ended,
        Model.station_wps_ended,
    ),
    s.StationWpsRefused: _Row(
        "station_wps_refused", lambda event: _interface(event) | _reason(event), change=Model.station_wps_refused
    ),
    s.HandedOver: _Row(
        "handed_over",
        lambda event: _manager(event) | {"ssid": texts.ssid_text(event.ssid)},
        lambda event: (f"WPS-AGENT-HANDED-OVER {event.manager}",),
        Model.station_changed,
    ),
    s.HandOverFailed: _Row("hand_over_failed", lambda event: _manager(event) | _reason(event)),
    s.InterfaceTaken: _Row("interface_taken", _manager),
    s.InterfaceGivenBack: _Row("interface_given_back", _manager, change=Model.station_changed),
    s.StationSignal: _Row(None, control=lambda event: (event.text,)),
}


class StatusBoard:
    """Knows what is going on and says what to show.

    Every change comes in by `apply` or, when `deadline` (monotonic) has come, by `handle_timer`.
    """

    def __init__(
        self,
        node: str,
        version: str,
        networks: Iterable[Network] = (),
        success_display: float = 300.0,
        error_display: float = 120.0,
        *,
        stations: Iterable[str] = (),
        commands: Sequence[str] = (),
        waiting: Callable[[], Sequence[PendingPin]] = tuple,
    ) -> None:
        """commands: what may be asked for over MQTT.  waiting: the devices that need a PIN now, the last one first."""
        self._node = node
        self._version = version
        self._commands = tuple(commands)
        self._waiting = waiting
        self._pin_times: dict[PendingPin, str] = {}
        self._model = Model(networks, success_display, error_display, stations=stations)
        self._published: dict[str, Any] | None = None

    def configure(self, success_display: float, error_display: float, commands: Sequence[str]) -> None:
        """As in the constructor, from the next event on."""
        self._model.success_display, self._model.error_display = success_display, error_display
        self._commands = tuple(commands)

    @property
    def deadline(self) -> float | None:
        """When the display time of a result is over, or a device that needs a PIN has been quiet for long."""
        times = [waiting.needed_at + PENDING_TIME for waiting in self._pin_times]
        if self._model.deadline is not None:
            times.append(self._model.deadline)
        return min(times, default=None)

    @property
    def pattern(self) -> str:
        """The LED pattern: of the session, and error while a network is down and nothing goes on."""
        state = self._model.session.state
        is_quiet = state in (SessionState.IDLE, SessionState.CANCELLED)
        is_down = self._model.is_anything_down
        return "error" if is_down and is_quiet and self._model.agent_state != "stopping" else PATTERNS[state]

    def apply(self, event: e.AgentEvent, now: float, wall: float) -> Update:
        """Take in an event.  now: monotonic; wall: seconds of the epoch."""
        moment = Moment(now, wall)
        row = _ROWS[type(event)]
        self._expire(moment)
        control_events = self._control_events(row, event)
        row.change(self._model, event, moment)
        published = (
            None if row.name is None else {"event_type": row.name, "at": texts.iso_time(wall)} | row.fields(event)
        )
        return Update(self.pattern, self._news(moment), published, control_events)

    def handle_timer(self, now: float, wall: float) -> Update:
        """The display time of a result may be over."""
        moment = Moment(now, wall)
        self._expire(moment)
        return Update(self.pattern, self._news(moment), None, ())

    def state(self, now: float, wall: float) -> dict[str, Any]:
        """The whole state as it is published, with the seconds left of an open session at this moment."""
        session = self._model.session
        left = None if session.ends_at is None else max(0, round(session.ends_at - now))
        return self._lasting_state(Moment(now, wall)) | {"seconds_left": left}

    def _expire(self, moment: Moment) -> None:
        self._model.expire(moment)
        self._pin_times = {w: text for w, text in self._pin_times.items() if moment.now < w.needed_at + PENDING_TIME}

    def _pin_requests(self, moment: Moment) -> list[dict[str, str | None]]:
        """Who needs a PIN.  Each time is computed once: the two clocks may drift."""
        waiting = self._waiting()[:MAX_PIN_REQUESTS]
        self._pin_times = {w: self._pin_times.get(w) or moment.iso_time(w.needed_at) for w in waiting}
        return [
            {
                "uuid": format_uuid(w.enrollee.uuid_e),
                "station": str(w.enrollee.address),
                "device_name": w.enrollee.device_name or None,
                "at": self._pin_times[w],
            }
            for w in waiting
        ]

    def _lasting_state(self, moment: Moment) -> dict[str, Any]:
        """The state without what changes by itself."""
        session = self._model.session
        return {
            "node": self._node,
            "version": self._version,
            "agent": self._model.agent_state,
            "state": session.state.value,
            "method": session.method,
            "group": session.group if session.state is not SessionState.IDLE else None,
            "ends_at": session.ends_at_text,
            "last_result": self._model.last_result,
            "access_points": [
                {
                    "interface": network.interface,
                    "group": network.group,
                    "ssid": network.ssid,
                    "channel": network.channel,
                    "follow": network.follow,
                    "state": network.state.value,
                    "reason": network.reason,
                    "setup_locked": network.is_setup_locked,
                    "stations": [str(address) for address in network.stations],
                }
                for network in self._model.networks.values()
            ],
            "stations": self._model.stations.report(),
            "commands": list(self._commands),
            "pin_requests": self._pin_requests(moment),
        }

    def _news(self, moment: Moment) -> dict[str, Any] | None:
        lasting = self._lasting_state(moment)
        if lasting == self._published:
            return None
        self._published = lasting
        return self.state(moment.now, moment.wall)

    def _control_events(self, row: _Row, event: Any) -> tuple[ControlEvent, ...]:
        """The control texts of an event: for its interface, or for every interface of its button group."""
        lines = row.control(event)
        if isinstance(event, e.EnrolmentSucceeded) and not self._model.is_open(event.group):
            lines += ("WPS-SUCCESS ",)  # no session whose end would say it: a PIN that outlived its selection
        interfaces: tuple[str | None, ...] = (getattr(event, "interface", None),)
        if hasattr(event, "group") and not hasattr(event, "interface"):
            interfaces = self._model.interfaces_of(event.group) or (None,)
        level = getattr(event, "level", INFO_LEVEL)
        return tuple(ControlEvent(line, name, level) for name in interfaces for line in lines)
