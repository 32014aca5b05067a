# SPDX-License-Identifier: BSD-3-Clause
"""The command table: text in, text out, in the words of hostapd's control interface.

One line a command: its name, its arguments, what it does, its help.  The dispatcher knows the rest: an unknown name
gives UNKNOWN COMMAND, arguments that do not fit and whatever cannot be done give FAIL; why, WHY tells afterwards.
Base commands that concern the client's socket (ATTACH, DETACH, LEVEL) belong to the server of the socket.

Refused: commands for interfaces that are not ours (IFNAME=…), PINs that are not printable ASCII.  Arguments of
sensitive commands are never logged.
"""

import json
import logging
from collections.abc import Sequence

from wpsagent.control.agent import AccessPointStatus, Agent, Station, WpsStatus
from wpsagent.control.station_commands import STATION_COMMANDS
from wpsagent.control.table import FAIL, FAIL_CHECKSUM, OK, UNKNOWN_COMMAND, Argument, Call, Command, pin, text
from wpsagent.errors import AgentError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.wsc.device import parse_uuid
from wpsagent.wsc.pin import PinCheck, check_pin, normalize_pin

_log = logging.getLogger(__name__)

_MAX_TIMEOUT = 2**31


# ---- arguments


def _enrollee(text: str) -> bytes | None:
    """A UUID-E, or None for "any"."""
    return None if text.lower() == "any" else parse_uuid(text)


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdigit()) or int(text) > _MAX_TIMEOUT:
        raise UsageError(f"not a number of seconds: {text!r}")
    return float(text)


# ---- handlers


def _push_button(call: Call) -> str:
    call.agent.press_button(call.arguments[0] or call.target)
    return OK


def _cancel(call: Call) -> str:
    call.agent.cancel(call.arguments[0] or call.target)
    return OK


def _add_pin(call: Call) -> str:
    uuid_e, password, timeout, address = call.arguments
    call.agent.add_pin(password, uuid_e=uuid_e, timeout=timeout or 0.0, address=address, target=call.target)
    return OK


def _check_pin(call: Call) -> str:
    """The digits, without a newline; whoever typed separators gets them removed."""
    digits = normalize_pin(call.arguments[0])
    match check_pin(digits):
        case PinCheck.VALID:
            return digits.decode("ascii")
        case PinCheck.WRONG_CHECK_DIGIT:
            return FAIL_CHECKSUM
        case _:
            raise UsageError("a PIN has 4 or 8 digits")


def _wps_status(call: Call) -> str:
    return format_wps_status(call.agent.wps_status(call.target))


def _status(call: Call) -> str:
    return format_status([ap for ap in call.agent.access_points() if call.target in (None, ap.interface)])


def _agent_status(call: Call) -> str:
    return json.dumps(call.agent.report(), ensure_ascii=False) + "\n"


def _interfaces(call: Call) -> str:
    names = [access_point.interface for access_point in call.agent.access_points()]
    names += [station.interface for station in call.agent.stations()]
    return "".join(f"{name}\n" for name in names)


def _terminate(call: Call) -> str:
    call.agent.terminate()
    return OK


def _why(call: Call) -> str:
    return f"{call.commands.last_failure}\n"


def _help(call: Call) -> str:
    commands = call.commands.tables
    width = max(len(command.usage) for command in commands)
    return "".join(f"{command.usage:<{width}}  {command.help}\n" for command in commands)


_NAMING = ("WPS_PBC", "WPS_CANCEL")
"""Commands whose argument may name a station."""

_TARGET = Argument("group or interface", text, is_optional=True)

COMMANDS: Sequence[Command] = (
    Command("PING", (), lambda _call: "PONG\n", "Answer PONG."),
    Command("WPS_PBC", (_TARGET,), _push_button, "Press the button."),
    Command("WPS_CANCEL", (_TARGET,), _cancel, "Stop what the button or a PIN has started."),
    Command(
        "WPS_PIN",
        (
            Argument("uuid or any", _enrollee),
            Argument("PIN", pin),
            Argument("timeout", _seconds, is_optional=True),
            Argument("MAC address", MacAddress.parse, is_optional=True),
        ),
        _add_pin,
        "Offer a PIN to an enrollee.",
        is_sensitive=True,
    ),
    Command(
        "WPS_CHECK_PIN",
        (Argument("PIN", text),),
        _check_pin,
        "Check a PIN's digits; prints them without separators.",
        is_sensitive=True,
        has_rest=True,
    ),
    Command("WPS_GET_STATUS", (), _wps_status, "Push-button status and last result."),
    Command("STATUS", (), _status, "The networks, as hostapd prints them."),
    Command("AGENT_STATUS", (), _agent_status, "Everything, in JSON."),
    Command("INTERFACES", (), _interfaces, "The interfaces of the networks."),
    Command("TERMINATE", (), _terminate, "Stop the agent."),
    Command("WHY", (), _why, "Why the last command failed."),
    Command("HELP", (), _help, "This list."),
)


class Commands:
    """The dispatcher over the tables.  Nothing that a client sends raises anything here.

    A command is a station's where the target is a station, or where there is no target and no access point.
    """

    def __init__(
        self, agent: Agent, table: Sequence[Command] = COMMANDS, station_table: Sequence[Command] = STATION_COMMANDS
    ) -> None:
        self._agent = agent
        self._table = {command.name: command for command in table}
        self._station_table = {command.name: command for command in station_table}
        self.last_failure = "nothing has failed"

    @property
    def tables(self) -> Sequence[Command]:
        """Every command there is: those of the access points, those of the stations that there are."""
        stations = self._station_table.values() if self._agent.stations() else ()
        if not self._agent.access_points():
            common = [command for command in self._table.values() if command.name not in self._station_table]
            return (*common, *stations)
        return (*self._table.values(), *stations)

    def __call__(self, request: str) -> str:
        """The reply to one request."""
        target, request = _split_prefix(request.strip())
        name, _, rest = request.partition(" ")
        if target is None and name in _NAMING and self._station(rest.strip()) is not None:
            target, rest = rest.strip(), ""
        station = self._station(target)
        command = self._station_table.get(name) if station is not None else None
        command = command or self._table.get(name)
        if command is None:
            return UNKNOWN_COMMAND
        _log.debug("command %s", name if command.is_sensitive else request)
        try:
            if station is None:
                self._require_known(target)
            return command.handle(Call(self._agent, self, target, command.parse(rest), station))
        except AgentError as error:
            _log.warning("%s failed: %s", name, "see WHY" if command.is_sensitive else error)
            self.last_failure = f"{name}: {error}"
            return FAIL

    def _station(self, target: str | None) -> Station | None:
        stations = self._agent.stations()
        if target is None:
            return None if self._agent.access_points() else next(iter(stations), None)
        return next((station for station in stations if station.interface == target), None)

    def _require_known(self, target: str | None) -> None:
        if target is None:
            return
        known = [access_point.interface for access_point in self._agent.access_points()]
        if target not in known:
            names = ", ".join((*known, *(station.interface for station in self._agent.stations())))
            raise UsageError(f"no network of ours is on {target!r}; there is {names or 'none'}")


def _split_prefix(request: str) -> tuple[str | None, str]:
    """The interface of an "IFNAME=wlan0 COMMAND" and the command."""
    if not request.startswith("IFNAME="):
        return None, request
    interface, _, rest = request.removeprefix("IFNAME=").partition(" ")
    return interface, rest.strip()


def format_wps_status(status: WpsStatus) -> str:
    """The lines of WPS_GET_STATUS."""
    lines = [f"PBC Status: {status.push_button}", f"Last WPS result: {status.last_result}"]
    if status.failure_reason is not None:
        lines.append(f"Failure Reason: {status.failure_reason}")
    if status.peer is not None:
        lines.append(f"Peer Address: {status.peer}")
    return "".join(f"{line}\n" for line in lines)


def format_status(access_points: Sequence[AccessPointStatus]) -> str:
    """The lines of STATUS: the radio of the first network, then every network by number."""
    if not access_points:
        return "state=DISABLED\n"
    first = access_points[0]
    lines = [
        f"state={'ENABLED' if first.is_enabled else 'DISABLED'}",
        *([f"phy={first.phy}"] if first.phy else []),
        f"freq={first.frequency_mhz}",
        f"channel={first.channel}",
        f"beacon_int={first.beacon_interval_tu}",
        f"dtim_period={first.dtim_period}",
    ]
    for number, access_point in enumerate(access_points):
        lines += [
            f"bss[{number}]={access_point.interface}",
            f"bssid[{number}]={access_point.address}",
            f"ssid[{number}]={access_point.ssid}",
            f"num_sta[{number}]={access_point.stations}",
        ]
    return "".join(f"{line}\n" for line in lines)
