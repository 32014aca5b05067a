# SPDX-License-Identifier: BSD-3-Clause
"""An access point that is hostapd's: its control events → the agent's events, the agent's wishes → its commands.

The dialect is that of hostapd 2.10 (wpa_ctrl.h, hostapd_cli).  What hostapd does not tell is counted here: the end of
a PIN's selection after two minutes, whether a session that ended early was cancelled.
"""

import re
from collections.abc import Mapping

from wpsagent.daemon.attached.owned import GRACE, OK, WALK_TIME, Handler, OwnedInterface, number, parse_ssid, values_of
from wpsagent.dot11.channels import channel_of
from wpsagent.errors import AgentError, DecodeError, UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.device import PrimaryDeviceType, format_uuid, parse_uuid
from wpsagent.wsc.enrollee_table import PENDING_TIME, EnrolleeInformation, PendingPin
from wpsagent.wsc.enumerations import ConfigMethods

_EARLY = 2.0
"""A session that ends so many seconds before its time has been cancelled."""
_MOST_NAMES = 64
_FAILURE = re.compile(r"msg=(\d{1,3}) config_error=(\d{1,5})(?: reason=(\d{1,5})\b.*)?")
_ENROLLEE = re.compile(r"(\S+) (\S+) (\S+) 0x([0-9a-f]{1,4}) (\d{1,5}) (\d{1,3}) \[(.*)\]")
_PIN_NEEDED = re.compile(r"(\S+) (\S+) \[(.*)\]")
_FREQUENCY = re.compile(r"freq=(\d{4,5})\b.*")

_Reason = e.SessionEndReason


class OwnedAccessPoint(OwnedInterface):
    """See the module.  group: its button group."""

    def __init__(self, interface: str, group: str) -> None:
        super().__init__(interface)
        self.group = group
        self.is_enabled = False
        self._clients: dict[MacAddress, None] = {}
        self._names: dict[bytes, str] = {}  # of enrollees that were heard, by their UUID
        self._waiting: dict[bytes, PendingPin] = {}
        self._press_ends_at: float | None = None
        self._press_end = _Reason.REPLACED  # why it ends, as far as is known
        self._pin_ends_at: float | None = None
        self._is_cancelling = False
        self._is_overlap_told = False
        self._table: Mapping[str, Handler] = {
            "WPS-PBC-ACTIVE": self._press_began,
            "WPS-TIMEOUT": self._ran_out,
            "WPS-CANCEL": self._cancelled,
            "WPS-PBC-DISABLE": self._press_ended,
            "WPS-SUCCESS": self._succeeded,
            "WPS-OVERLAP-DETECTED": self._overlapping,
            "WPS-REG-SUCCESS": self._enrolled,
            "WPS-FAIL": self._failed,
            "WPS-ENROLLEE-SEEN": self._seen,
            "WPS-PIN-NEEDED": self._pin_needed,
            "WPS-NEW-AP-SETTINGS": self._new_settings,
            "WPS-AP-SETUP-LOCKED": lambda _rest, _now: self._tell(e.SetupLocked(interface)),
            "WPS-AP-SETUP-UNLOCKED": lambda _rest, _now: self._tell(e.SetupUnlocked(interface)),
            "WPS-AP-PIN-DISABLED": lambda _rest, _now: self._tell(e.ApPinDisabled(interface)),
            "AP-STA-CONNECTED": self._connected,
            "AP-STA-DISCONNECTED": self._disconnected,
            "AP-ENABLED": lambda _rest, _now: self._ask("STATUS"),
            "AP-DISABLED": lambda _rest, _now: self._disabled(),
            "INTERFACE-DISABLED": lambda _rest, _now: self._disabled(),
            "CTRL-EVENT-CHANNEL-SWITCH": self._switched,
            "AP-CSA-FINISHED": lambda _rest, _now: None,  # told with the switch
        }

    # ---- wishes

    def press_button(self) -> None:
        """Press the button of this one network."""
        self._is_overlap_told = False
        self._ask("WPS_PBC")

    def add_pin(self, pin: bytes, uuid_e: bytes | None, timeout: float, address: MacAddress | None) -> None:
        """Enter an enrollee's PIN; arguments as in control.Agent.add_pin."""
        words = ["WPS_PIN", "any" if uuid_e is None else format_uuid(uuid_e), pin.decode("ascii")]
        if timeout or address is not None:
            words.append(str(round(timeout)))
        if address is not None:
            words.append(str(address))
        self._ask(" ".join(words))

    def cancel(self) -> None:
        """End what goes on, if anything does."""
        self._is_cancelling = True
        self._ask("WPS_CANCEL")

    def pin_requests(self, now: float) -> list[PendingPin]:
        """Who waits for somebody to enter its PIN."""
        return [pending for pending in self._waiting.values() if now < pending.needed_at + PENDING_TIME]

    # ---- the door

    @property
    def deadline(self) -> float | None:
        press = None if self._press_ends_at is None else self._press_ends_at + GRACE
        return min((time for time in (press, self._pin_ends_at) if time is not None), default=None)

    def handle_timer(self, now: float) -> None:
        if self._press_ends_at is not None and now >= self._press_ends_at + GRACE:
            self._end_press(_Reason.TIMED_OUT)
        if self._pin_ends_at is not None and now >= self._pin_ends_at:
            self._end_pin(_Reason.TIMED_OUT)

    def begin(self, status: str, now: float) -> None:
        if "bss[0]" not in values_of(status):
            raise UsageError(f"who has {self.interface} does not answer as hostapd does")
        self.answered("STATUS", status, now)
        if not self.is_enabled:
            self._tell(e.AccessPointStopped(self.interface))
        self._ask("WPS_GET_STATUS")
        self._ask("STA-FIRST")

    def lost(self, reason: str, now: float) -> None:
        self._tell(e.RadioLost(self.interface, reason))
        self._end_all(_Reason.FAILED)
        self.is_enabled = False
        self._clients.clear()

    def answered(self, command: str, reply: str, now: float) -> None:
        name = command.partition(" ")[0]
        text = reply.rstrip("\n")
        try:
            match name:
                case "STATUS":
                    self._status(values_of(reply))
                case "WPS_GET_STATUS" if "PBC Status: Active" in reply and self._press_ends_at is None:
                    self._press_began("", now)  # by somebody, before we came
                case "WPS_PBC" if text != OK:
                    self._refused()
                case "WPS_PIN":
                    self._pin_answered(command, text, now)
                case "WPS_CANCEL":
                    self._cancel_answered(text)
                case "STA-FIRST" | "STA-NEXT":
                    self._client(reply)
        except AgentError:
            return  # a reply that makes no sense changes nothing

    def _handlers(self) -> Mapping[str, Handler]:
        return self._table

    # ---- what it is

    def _status(self, values: Mapping[str, str]) -> None:
        """The part of STATUS that is this interface's: bss[0]=wlan0 and what has the same number."""
        index = next((name[4:-1] for name in values if name.startswith("bss[") and values[name] == self.interface), "0")
        is_enabled = values.get("state") == "ENABLED"
        if is_enabled:
            frequency_mhz = number(values.get("freq"))
            ssid = parse_ssid(values.get(f"ssid[{index}]", ""))
            self._tell(e.AccessPointStarted(self.interface, ssid, channel_of(frequency_mhz), frequency_mhz))
        self.is_enabled = is_enabled

    def _disabled(self) -> None:
        self._end_all(_Reason.FAILED)
        if self.is_enabled:
            self.is_enabled = False
            self._clients.clear()
            self._tell(e.AccessPointStopped(self.interface))

    def _switched(self, rest: str, _now: float) -> None:
        frequency_mhz = int(_matched(_FREQUENCY, rest)[1])
        self._tell(e.ChannelChanged(self.interface, channel_of(frequency_mhz), frequency_mhz))

    def _client(self, reply: str) -> None:
        """One row of the list of stations; the next is asked for while there are new ones."""
        lines = reply.splitlines()
        address = MacAddress.parse(lines[0] if lines else "")
        if address in self._clients:
            return
        self._clients[address] = None
        if "[AUTHORIZED]" in values_of(reply).get("flags", ""):
            self._tell(e.StationConnected(self.interface, address))
        self._ask(f"STA-NEXT {address}")

    def _connected(self, rest: str, _now: float) -> None:
        address = MacAddress.parse(rest.partition(" ")[0])
        self._clients[address] = None
        self._tell(e.StationConnected(self.interface, address))

    def _disconnected(self, rest: str, _now: float) -> None:
        address = MacAddress.parse(rest.partition(" ")[0])
        self._clients.pop(address, None)
        self._tell(e.StationDisconnected(self.interface, address))

    # ---- the button

    def _press_began(self, _rest: str, now: float) -> None:
        self._end_pin(_Reason.REPLACED)
        self._press_ends_at, self._press_end = now + WALK_TIME, _Reason.REPLACED
        self._is_cancelling = self._is_overlap_told = False
        self._tell(e.PushButtonStarted(self.group, self._press_ends_at))

    def _ran_out(self, _rest: str, now: float) -> None:
        """The same word for a press whose time is over and for one that was taken back."""
        if self._press_ends_at is not None:
            is_early = now < self._press_ends_at - _EARLY
            self._end_press(_Reason.CANCELLED if is_early or self._is_cancelling else _Reason.TIMED_OUT)

    def _cancelled(self, _rest: str, _now: float) -> None:
        self._end_press(_Reason.CANCELLED)
        self._end_pin(_Reason.CANCELLED)

    def _press_ended(self, _rest: str, _now: float) -> None:
        self._end_press(self._press_end)

    def _succeeded(self, _rest: str, _now: float) -> None:
        """It comes after the end of a press, and alone after a PIN."""
        self._end_press(_Reason.SUCCEEDED)
        self._end_pin(_Reason.SUCCEEDED)

    def _overlapping(self, _rest: str, _now: float) -> None:
        if not self._is_overlap_told:
            self._is_overlap_told = True
            self._tell(e.OverlapDetected(self.group))

    def _refused(self) -> None:
        if not self._is_overlap_told:
            reason = f"hostapd refused it on {self.interface}: see that it has wps_state=2 and eap_server=1 there"
            self._tell(e.PushButtonRefused(self.group, reason))

    def _end_press(self, reason: e.SessionEndReason) -> None:
        if self._press_ends_at is not None:
            self._press_ends_at = None
            self._tell(e.PushButtonEnded(self.group, reason))

    # ---- PINs

    def _pin_answered(self, command: str, reply: str, now: float) -> None:
        """hostapd selects its registrar for two minutes, or as long as the PIN is good, and does not tell the end."""
        _, uuid, _, *rest = command.split()
        if reply != OK:
            self._tell(e.PinEnded(self.group, _Reason.FAILED))
            return
        timeout = float(number(rest[0])) if rest else 0.0
        if uuid != "any":
            self._waiting.pop(parse_uuid(uuid), None)
        self._end_press(_Reason.REPLACED)
        self._pin_ends_at = now + min(timeout or WALK_TIME, WALK_TIME)
        self._is_cancelling = False
        self._tell(e.PinStarted(self.group, self._pin_ends_at))

    def _cancel_answered(self, reply: str) -> None:
        """What was cancelled has been told by events; but for a PIN, which has none."""
        if reply == OK:
            self._end_pin(_Reason.CANCELLED)
        self._is_cancelling = False

    def _end_pin(self, reason: e.SessionEndReason) -> None:
        if self._pin_ends_at is not None:
            self._pin_ends_at = None
            self._tell(e.PinEnded(self.group, reason))

    def _end_all(self, reason: e.SessionEndReason) -> None:
        self._end_press(reason)
        self._end_pin(reason)
        self._waiting.clear()

    def _pin_needed(self, rest: str, now: float) -> None:
        found = _matched(_PIN_NEEDED, rest)
        uuid_e, address, fields = parse_uuid(found[1]), MacAddress.parse(found[2]), found[3].split("|")
        if len(fields) != 6:
            raise DecodeError(f"{len(fields)} fields")
        name, manufacturer, model_name, model_number, serial_number = fields[:5]
        kind = PrimaryDeviceType.parse(fields[5])
        told = (name, manufacturer, model_name, model_number, serial_number, kind)
        self._waiting.pop(uuid_e, None)
        self._waiting[uuid_e] = PendingPin(EnrolleeInformation(address, uuid_e, *told), now)
        if len(self._waiting) > _MOST_NAMES:
            del self._waiting[next(iter(self._waiting))]
        self._tell(e.PinNeeded(uuid_e, address, *told, interface=self.interface))

    # ---- runs

    def _seen(self, rest: str, _now: float) -> None:
        found = _matched(_ENROLLEE, rest)
        uuid_e, name = parse_uuid(found[2]), found[7]
        event = e.EnrolleeSeen(
            MacAddress.parse(found[1]),
            uuid_e,
            PrimaryDeviceType.parse(found[3]),
            ConfigMethods(int(found[4], 16)),
            int(found[5]),
            int(found[6]),
            name.strip(),
            interface=self.interface,
        )
        self._names.pop(uuid_e, None)
        self._names[uuid_e] = event.device_name
        if len(self._names) > _MOST_NAMES:
            del self._names[next(iter(self._names))]
        self._tell(event)

    def _enrolled(self, rest: str, _now: float) -> None:
        address, _, uuid = rest.partition(" ")
        uuid_e = parse_uuid(uuid.strip())
        name = self._names.get(uuid_e, "")
        self._waiting.pop(uuid_e, None)
        self._tell(e.EnrolmentSucceeded(self.group, MacAddress.parse(address), uuid_e, name, interface=self.interface))
        self._press_end = _Reason.SUCCEEDED

    def _failed(self, rest: str, _now: float) -> None:
        found = _matched(_FAILURE, rest)
        message, error, indication = (int(digits or 0) for digits in found.groups())
        self._tell(e.EnrolmentFailed(self.group, None, message, error, indication, self.interface))

    def _new_settings(self, rest: str, _now: float) -> None:
        """A registrar's settings: the value of a Credential, or the whole attribute (type 0x100e, length)."""
        octets = bytes.fromhex(rest)
        told = octets
        if octets[:2] == b"\x10\x0e":
            octets = octets[4:]
        self._tell(e.NetworkChanged(self.interface, _ssid_of(octets), told.hex()))


def _ssid_of(octets: bytes) -> Ssid:
    return Credential.decode(octets).ssid


def _matched(pattern: re.Pattern[str], text: str) -> re.Match[str]:
    """The whole text by a pattern; raises DecodeError."""
    found = pattern.fullmatch(text)
    if found is None:
        raise DecodeError(f"not as expected: {text!r}")
    return found
