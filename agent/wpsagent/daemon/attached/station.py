# SPDX-License-Identifier: BSD-3-Clause
"""A station that is wpa_supplicant's: its control events → the agent's events, the agent's wishes → its commands.

The dialect is that of wpa_supplicant 2.10 (wpa_ctrl.h, wpa_cli).  WPS-FAIL ends a run: wpa_supplicant clears its WPS
network after it.  The agent keeps none of what WPS brings: it is in wpa_supplicant's own file (update_config=1).
"""

import re
from collections.abc import Mapping

from wpsagent.daemon.attached.owned import GRACE, OK, WALK_TIME, Handler, OwnedInterface, number, parse_ssid, values_of
from wpsagent.errors import AgentError, DecodeError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.roles.sta.events import WpsCause, cause_of
from wpsagent.status import station_events as s
from wpsagent.wsc.enumerations import ErrorIndication, MessageType
from wpsagent.wsc.events import RunFailed

_COMPLETED = "COMPLETED"
_FAILURE = re.compile(r"msg=(\d{1,3}) config_error=(\d{1,5})(?: reason=(\d{1,5})\b.*)?")
_Result, _Method = s.StationWpsResult, s.StationMethod


class OwnedStation(OwnedInterface):
    """See the module."""

    def __init__(self, interface: str) -> None:
        super().__init__(interface)
        self._bssid: MacAddress | None = None  # of the network that it is in
        self._method: s.StationMethod | None = None  # of the run that is open
        self._ends_at = 0.0
        self._table: Mapping[str, Handler] = {
            "WPS-PBC-ACTIVE": lambda _rest, now: self._begin_run(_Method.PUSH_BUTTON, now),
            "WPS-PIN-ACTIVE": lambda _rest, now: self._begin_run(_Method.PIN, now),
            "WPS-SUCCESS": self._succeeded,
            "WPS-TIMEOUT": lambda _rest, _now: self._end_run(_Result.TIMED_OUT, WpsCause.NO_ACCESS_POINT),
            "WPS-CANCEL": lambda _rest, _now: self._end_run(_Result.CANCELLED, WpsCause.CANCELLED),
            "WPS-OVERLAP-DETECTED": lambda _rest, _now: self._end_run(_Result.OVERLAP, WpsCause.OVERLAP),
            "WPS-FAIL": self._failed,
            "WPS-PBC-DISABLE": lambda _rest, _now: None,  # told with the end of the run
            "CTRL-EVENT-CONNECTED": lambda _rest, _now: self._ask("STATUS"),
            "CTRL-EVENT-DISCONNECTED": self._left,
            "CTRL-EVENT-NETWORK-ADDED": self._networks_changed,
            "CTRL-EVENT-NETWORK-REMOVED": self._networks_changed,
        }

    # ---- wishes

    def press_button(self) -> None:
        """Look for an access point whose button is pressed."""
        self._ask("WPS_PBC")

    def cancel(self) -> None:
        """End a WPS run, if there is one."""
        self._ask("WPS_CANCEL")

    # ---- the door

    @property
    def deadline(self) -> float | None:
        return None if self._method is None else self._ends_at + GRACE

    def handle_timer(self, now: float) -> None:
        if self._method is not None and now >= self._ends_at + GRACE:
            self._end_run(_Result.TIMED_OUT, WpsCause.NO_ACCESS_POINT)

    def begin(self, status: str, now: float) -> None:
        if "wpa_state" not in values_of(status):
            raise UsageError(f"who has {self.interface} does not answer as wpa_supplicant does")
        self._tell(s.StationStarted(self.interface, 0))
        self.answered("STATUS", status, now)
        self._ask("LIST_NETWORKS")

    def lost(self, reason: str, now: float) -> None:
        self._end_run(_Result.FAILED, WpsCause.RADIO_LOST, reason)
        self._bssid = None
        self._tell(s.StationLost(self.interface, reason))

    def answered(self, command: str, reply: str, now: float) -> None:
        match command.partition(" ")[0]:
            case "STATUS":
                self._status(values_of(reply))
            case "LIST_NETWORKS":
                count = sum(line[:1].isdecimal() for line in reply.splitlines()[1:])
                self._tell(s.NetworksKnown(self.interface, count))
            case "WPS_PBC" if reply.rstrip("\n") != OK:
                text = f"wpa_supplicant refused it on {self.interface} ({_first_line(reply)})"
                self._tell(s.StationWpsRefused(self.interface, text))
            case "WPS_REG" if reply.rstrip("\n") == OK:
                self._begin_run(_Method.AP_PIN, now)  # wpa_supplicant does not say so by an event

    def _handlers(self) -> Mapping[str, Handler]:
        return self._table

    # ---- the network it is in

    def _status(self, values: Mapping[str, str]) -> None:
        """Where it is, once it is there; while it is on its way an event will follow."""
        if values.get("wpa_state") != _COMPLETED:
            return
        try:
            bssid, ssid = MacAddress.parse(values.get("bssid", "")), parse_ssid(values.get("ssid", ""))
            network_id = number(values.get("id", "0"))
        except AgentError:
            return  # an access point of its own (mode=AP) has no BSSID of somebody else's
        self._bssid = bssid
        self._tell(s.Joined(self.interface, bssid, ssid, network_id, values.get("id_str", "")))

    def _left(self, rest: str, _now: float) -> None:
        words = dict(word.split("=", 1) for word in rest.split() if "=" in word)
        bssid, reason = MacAddress.parse(words.get("bssid", "")), number(words.get("reason"))
        if self._bssid is None:
            raise DecodeError("it was in no network")
        self._bssid = None
        self._tell(s.Left(self.interface, bssid, reason, is_local=words.get("locally_generated") == "1"))

    def _networks_changed(self, _rest: str, _now: float) -> None:
        self._ask("LIST_NETWORKS")
        raise DecodeError("for those who read lines too")

    # ---- WPS

    def _begin_run(self, method: s.StationMethod, now: float) -> None:
        self._method, self._ends_at = method, now + WALK_TIME
        self._tell(s.StationWpsStarted(self.interface, method, self._ends_at))

    def _end_run(self, result: s.StationWpsResult, cause: WpsCause, details: str = "") -> None:
        if self._method is None:
            return
        method, self._method = self._method, None
        reason = "" if cause is WpsCause.NONE else cause.value
        if details:
            reason = f"{reason}: {details}"
        self._tell(s.StationWpsEnded(self.interface, method, result, cause.name.lower(), reason))

    def _succeeded(self, _rest: str, _now: float) -> None:
        self._signal("WPS-SUCCESS ")
        self._end_run(_Result.SUCCEEDED, WpsCause.NONE)

    def _failed(self, rest: str, _now: float) -> None:
        """With its numbers, or bare where the other side ended the run without a word."""
        found = _FAILURE.fullmatch(rest)
        failure = RunFailed(None)
        if found is not None:
            message, error, indication = (int(digits or 0) for digits in found.groups())
            failure = RunFailed(_message(message), error, _indication(indication))
        self._signal(f"WPS-FAIL {rest}")
        self._end_run(_Result.FAILED, cause_of(failure))


def _message(value: int) -> MessageType | None:
    return next((member for member in MessageType if member == value), None)


def _indication(value: int) -> ErrorIndication:
    return next((member for member in ErrorIndication if member == value), ErrorIndication.NO_ERROR)


def _first_line(reply: str) -> str:
    line = reply.strip().partition("\n")[0][:80]
    return line if line.isprintable() else repr(line)
