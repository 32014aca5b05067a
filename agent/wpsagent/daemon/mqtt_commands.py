# SPDX-License-Identifier: BSD-3-Clause
"""Commands over MQTT, where the configuration allows them ([mqtt] commands): pbc, cancel and pin.

    <base>/<node>/cmd/<command>   {"id", "target", "role", "pin", "timeout_s", "uuid"}, or nothing at all
    <base>/<node>/response        {"id", "command", "ok", "error", "at"}

Refused, with a sentence in the response: what is no JSON object, keys and values that a command does not have, more
than MAX_OCTETS, more than MAX_COMMANDS in RATE_PERIOD.  Ignored: retained messages, which would be given again at
each connection.  Nothing that was received stands in a sentence except names of ours: it might be a PIN.
"""

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from wpsagent.control.agent import Agent, Station
from wpsagent.errors import AgentError, UsageError
from wpsagent.status import events as e
from wpsagent.status.texts import iso_time
from wpsagent.wsc.device import parse_uuid
from wpsagent.wsc.enrollee_table import RateLimit
from wpsagent.wsc.pin import PinCheck, check_pin, normalize_pin

logger = logging.getLogger(__name__)

MAX_OCTETS = 1024
"""Of a command."""

MAX_COMMANDS, RATE_PERIOD = 10, 10.0
"""So many commands in so many seconds."""

PIN_TIMEOUT_S, MAX_PIN_TIMEOUT_S = 300, 86400
"""Seconds for which a PIN is on offer if nobody says how long, and at most."""

ACCESS_POINT, STATION = "access_point", "station"
_MAX_ID, _MAX_TARGET, _MAX_PIN_TEXT = 64, 32, 16
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_COMMON_KEYS = ("id", "target", "role")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "pbc": _COMMON_KEYS,
    "cancel": _COMMON_KEYS,
    "pin": (*_COMMON_KEYS, "pin", "timeout_s", "uuid"),
}


@dataclass(frozen=True, slots=True)
class Request:
    """A command that can be understood.  role None: whatever the target is, else the access points."""

    command: str
    id: str | None = None
    target: str | None = None
    role: str | None = None
    pin: bytes | None = field(default=None, repr=False)
    timeout: float = PIN_TIMEOUT_S
    uuid_e: bytes | None = None


class OthersInterfaces(Protocol):
    """The interfaces that other programs have, as far as a station's commands go."""

    @property
    def has_access_points(self) -> bool: ...
    @property
    def station_names(self) -> Sequence[str]: ...
    def press_station(self, interface: str) -> None: ...
    def cancel_stations(self, interface: str | None = None) -> None: ...


class MqttCommands:
    """Carries out what is asked for and says what became of it.

    respond: where the response goes.  report: who is told that there was a command, and nothing of what it carried.
    others: what hostapd and wpa_supplicant have, where they have anything.
    """

    def __init__(
        self,
        agent: Agent,
        respond: Callable[[Mapping[str, Any]], None],
        report: Callable[[e.AgentEvent], None],
        *,
        now: Callable[[], float],
        wall: Callable[[], float],
        others: OthersInterfaces | None = None,
    ) -> None:
        self._agent = agent
        self._respond = respond
        self._report = report
        self._now = now
        self._wall = wall
        self._others = others
        self._limit = RateLimit(MAX_COMMANDS, RATE_PERIOD)
        self._refusals = RateLimit(1, RATE_PERIOD)

    def received(self, command: str, payload: bytes, is_retained: bool) -> None:
        """A message for cmd/<command>."""
        if is_retained:
            if payload:  # what removes a retained message is none
                logger.warning("MQTT: a retained %s command was ignored: publish commands without retain", command)
            return
        asked = _object(payload)
        identifier = _identifier(asked)
        if not self._limit.allows(self._now()):
            self._refuse_flood(command, identifier)
            return
        self._answer(command, identifier, self._problem(command, asked))

    def _problem(self, command: str, asked: object) -> str | None:
        """Carry it out; why that cannot be, or None."""
        target = None
        try:
            request = request_of(command, asked)
            target = request.target
            self._carry_out(request)
        except AgentError as error:
            return str(error) if target is None else str(error).replace(repr(target), "of that name")
        return None

    def _refuse_flood(self, command: str, identifier: str | None) -> None:
        """Told once in a while: an answer to each would be a flood of its own."""
        if self._refusals.allows(self._now()):
            error = f"too many commands: at most {MAX_COMMANDS} in {RATE_PERIOD:g} s are heard"
            self._answer(command, identifier, error)

    def _answer(self, command: str, identifier: str | None, error: str | None) -> None:
        if error is not None:
            logger.warning("MQTT: a %s command was refused: %s", command, error)
        self._report(e.CommandReceived(command, identifier, error is None))
        self._respond(
            {
                "id": identifier,
                "command": command,
                "ok": error is None,
                "error": error,
                "at": iso_time(self._wall()),
            }
        )

    # ---- what they do

    def _carry_out(self, request: Request) -> None:
        if self._is_for_station(request):
            self._ask_station(request)
        elif request.command == "pbc":
            self._agent.press_button(request.target)
        elif request.command == "pin":
            assert request.pin is not None
            self._agent.add_pin(
                request.pin, uuid_e=request.uuid_e, timeout=request.timeout, address=None, target=request.target
            )
        else:
            self._cancel(request)

    @property
    def _others_stations(self) -> Sequence[str]:
        return () if self._others is None else self._others.station_names

    def _is_for_station(self, request: Request) -> bool:
        if request.role is not None:
            return request.role == STATION
        names = {*(station.interface for station in self._agent.stations()), *self._others_stations}
        if request.target is not None:
            return request.target in names
        has_access_points = bool(self._agent.access_points()) or (
            self._others is not None and self._others.has_access_points
        )
        return bool(names) and not has_access_points

    def _cancel(self, request: Request) -> None:
        """Of everybody, if nobody says whose: as a long press does."""
        is_for_all = request.role is None and request.target is None
        if is_for_all:
            self._cancel_stations()
        has_stations = bool(self._agent.stations()) or bool(self._others_stations)
        # Where no access point is up there is nothing to end.
        with suppress(UsageError) if is_for_all and has_stations else nullcontext():
            self._agent.cancel(request.target)

    def _cancel_stations(self) -> None:
        for station in self._agent.stations():
            _cancel_station(self._agent, station)
        if self._others is not None:
            self._others.cancel_stations()

    def _ask_station(self, request: Request) -> None:
        if request.command == "cancel" and request.target is None:
            self._cancel_stations()
            return
        name = self._station_name(request.target)
        if self._others is not None and name in self._others_stations:
            self._ask_other(self._others, request, name)
            return
        station = next(station for station in self._agent.stations() if station.interface == name)
        if request.command == "cancel":
            _cancel_station(self._agent, station)
        elif station.access_point is not None:
            raise UsageError(f"{station.interface} is an access point now, and no station")
        elif request.command == "pbc":
            station.act(lambda machine, now: machine.wps_push_button(now))
        elif request.uuid_e is not None:
            raise UsageError("uuid names a device that joins: it goes with the role access_point")
        else:
            pin = request.pin or b""
            station.act(lambda machine, now: machine.wps_pin(pin, now, None))

    @staticmethod
    def _ask_other(others: OthersInterfaces, request: Request, name: str) -> None:
        if request.command == "pbc":
            others.press_station(name)
        elif request.command == "cancel":
            others.cancel_stations(name)
        else:
            raise UsageError(f"{name} is wpa_supplicant's: enter the PIN there (wpa_cli -i {name} wps_pin any …)")

    def _station_name(self, target: str | None) -> str:
        """The one of that name, or the first: two enrollees at one time would be an overlap."""
        names = [*(station.interface for station in self._agent.stations()), *self._others_stations]
        if not names:
            raise UsageError("this device has no station")
        if target is None:
            return names[0]
        if target not in names:
            raise UsageError(f"no such station; there are: {', '.join(names)}")
        return target


def _cancel_station(agent: Agent, station: Station) -> None:
    if station.access_point is not None:
        agent.cancel(station.interface)
    else:
        station.act(lambda machine, now: machine.wps_cancel(now))


# ---- from octets to a request


def _object(payload: bytes) -> object:
    """What the JSON says; None for what is none."""
    if len(payload) > MAX_OCTETS:
        return None
    try:
        return json.loads(payload or b"{}")
    except (ValueError, RecursionError):
        return None


def _identifier(asked: object) -> str | None:
    """What the asker calls it, also where the rest cannot be understood."""
    identifier = asked.get("id") if isinstance(asked, dict) else None
    is_good = isinstance(identifier, str) and len(identifier) <= _MAX_ID and identifier.isprintable()
    return identifier if is_good else None


def request_of(command: str, asked: object) -> Request:
    """A command from JSON; raises UsageError, in whose sentence nothing stands that was received."""
    if not isinstance(asked, dict):
        raise UsageError(f"not understood: expected one JSON object of at most {MAX_OCTETS} octets, or nothing")
    keys = _KEYS[command]
    if not set(asked) <= set(keys):
        raise UsageError(f"there is a key that {command} does not have; expected: {', '.join(keys)}")
    values = {name: value for name, value in asked.items() if value is not None}
    _require_text(values, "id", _MAX_ID)
    _require_text(values, "target", _MAX_TARGET)
    if values.get("role", STATION) not in (ACCESS_POINT, STATION):
        raise UsageError("role: expected access_point or station")
    return Request(
        command,
        id=values.get("id"),
        target=values.get("target"),
        role=values.get("role"),
        pin=_pin(values) if command == "pin" else None,
        timeout=_timeout(values),
        uuid_e=_uuid(values),
    )


def _require_text(values: Mapping[str, Any], name: str, limit: int) -> None:
    value = values.get(name, "-")
    if not isinstance(value, str) or not 1 <= len(value) <= limit or not value.isprintable():
        raise UsageError(f"{name}: expected a text of 1 to {limit} printable characters")


def _pin(values: Mapping[str, Any]) -> bytes:
    text = values.get("pin")
    if text is None:
        raise UsageError("pin: missing, expected the 4 or 8 digits that the device shows")
    is_text = isinstance(text, str) and len(text) <= _MAX_PIN_TEXT and re.fullmatch(r"[0-9 -]+", text) is not None
    pin = normalize_pin(text) if is_text else b""
    match check_pin(pin):
        case PinCheck.WRONG_LENGTH:
            raise UsageError("pin: expected a text of 4 or 8 digits")
        case PinCheck.WRONG_CHECK_DIGIT:
            raise UsageError("pin: the last digit does not fit the others: a typing error?")
        case _:
            return pin


def _timeout(values: Mapping[str, Any]) -> float:
    value = values.get("timeout_s", PIN_TIMEOUT_S)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_PIN_TIMEOUT_S:
        raise UsageError(f"timeout_s: expected a whole number from 1 to {MAX_PIN_TIMEOUT_S}")
    return float(value)


def _uuid(values: Mapping[str, Any]) -> bytes | None:
    value = values.get("uuid")
    if value is None:
        return None
    if not isinstance(value, str) or _UUID.fullmatch(value) is None:
        raise UsageError("uuid: expected such as 2b7093f1-d6fb-5108-adbb-bea66bb87333")
    return parse_uuid(value)
