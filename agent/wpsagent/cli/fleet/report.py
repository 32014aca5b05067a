# SPDX-License-Identifier: BSD-3-Clause
"""What an agent tells of itself on <base>/<node>/state, read into a checked value: the other end of status.board.

The topic is open to whoever may publish there.  What is not a state as we know it, is longer than we read, or has a
key of the wrong type is a DecodeError; texts are cut, and made harmless for a terminal.  Keys that we do not know are
left alone: the agent may be newer than we are.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from wpsagent.errors import DecodeError
from wpsagent.status.texts import cleaned

LONGEST_STATE = 65536
LONGEST_TEXT = 120
LONGEST_WINDOW = 2**31
"""Seconds, as the agent's own limit."""

_UP = ("enabled", "connected")
_DOWN = ("failed", "lost")


@dataclass(frozen=True, slots=True)
class Result:
    """How the last session ended.  who: the device, by name and address."""

    result: str
    at: str
    reason: str | None
    device_name: str | None
    station: str | None


@dataclass(frozen=True, slots=True)
class Report:
    """One state.  networks: access points and stations of ours; down: what is wrong with those that have no radio.

    seconds_left is of the moment when it was published, and no part of what makes two states differ.
    """

    version: str | None
    agent: str
    state: str
    method: str | None
    group: str | None
    ends_at: float | None
    seconds_left: float | None = field(compare=False)
    last_result: Result | None
    networks: int
    networks_up: int
    down: tuple[str, ...]
    locked: tuple[str, ...]
    devices: int
    stations: tuple[str, ...]
    pin_requests: tuple[str, ...]


def harmless(text: str) -> str:
    """For a terminal: cut, and without anything that is not a letter on it."""
    return cleaned(text[:LONGEST_TEXT])


def read_report(payload: bytes) -> Report:
    """Raises DecodeError, with a reason that fits a line."""
    values = _object(payload)
    networks, stations = (tuple(_objects(values, key)) for key in ("access_points", "stations"))
    states = [
        (_required(one, "interface"), _required(one, "state"), _text(one, "reason")) for one in networks + stations
    ]
    return Report(
        version=_text(values, "version"),
        agent=_required(values, "agent"),
        state=_required(values, "state"),
        method=_text(values, "method"),
        group=_text(values, "group"),
        ends_at=_time(values, "ends_at"),
        seconds_left=_seconds(values, "seconds_left"),
        last_result=_result(values),
        networks=len(states),
        networks_up=sum(state in _UP for _, state, _ in states),
        down=tuple(f"{name}: {reason or state}" for name, state, reason in states if state in _DOWN),
        locked=tuple(_required(one, "interface") for one in networks if one.get("setup_locked") is True),
        devices=sum(len(_list(one, "stations")) for one in networks),
        stations=tuple(_required(one, "interface") for one in stations),
        pin_requests=tuple(
            _text(one, "device_name") or _text(one, "station") or "?" for one in _objects(values, "pin_requests")
        ),
    )


def _object(payload: bytes) -> Mapping[str, Any]:
    if len(payload) > LONGEST_STATE:
        raise DecodeError(f"longer than {LONGEST_STATE} octets")
    try:
        values = json.loads(payload.decode())
    except (ValueError, RecursionError):
        raise DecodeError("not JSON") from None
    if not isinstance(values, dict):
        raise DecodeError("not a JSON object")
    return values


def _result(values: Mapping[str, Any]) -> Result | None:
    last = values.get("last_result")
    if last is None:
        return None
    if not isinstance(last, dict):
        raise DecodeError("last_result is not an object")
    return Result(
        result=_required(last, "result"),
        at=_required(last, "at"),
        reason=_text(last, "reason"),
        device_name=_text(last, "device_name"),
        station=_text(last, "station"),
    )


def _text(values: Mapping[str, Any], key: str) -> str | None:
    value = values.get(key)
    if value is not None and not isinstance(value, str):
        raise DecodeError(f"{key} is not a text")
    return harmless(value) if value else None


def _required(values: Mapping[str, Any], key: str) -> str:
    value = _text(values, key)
    if value is None:
        raise DecodeError(f"{key} is missing")
    return value


def _seconds(values: Mapping[str, Any], key: str) -> float | None:
    value = values.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= LONGEST_WINDOW:
        raise DecodeError(f"{key} is not a number of seconds")
    return float(value)


def _time(values: Mapping[str, Any], key: str) -> float | None:
    value = _text(values, key)
    return None if value is None else epoch_seconds(value, key)


def epoch_seconds(text: str, name: str) -> float:
    """Of a time as the agent writes it; raises DecodeError."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII):
        raise DecodeError(f"{name} is not a time")
    try:
        return datetime.fromisoformat(text[:-1]).replace(tzinfo=UTC).timestamp()
    except ValueError:
        raise DecodeError(f"{name} is not a time") from None


def _list(values: Mapping[str, Any], key: str) -> list[Any]:
    value = values.get(key, [])
    if not isinstance(value, list):
        raise DecodeError(f"{key} is not a list")
    return value


def _objects(values: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    for value in _list(values, key):
        if not isinstance(value, dict):
            raise DecodeError(f"{key} is not a list of objects")
        yield value
