# SPDX-License-Identifier: BSD-3-Clause
"""The schemas of docs/mqtt against the status board: one event of every kind, and the state after each."""

import dataclasses
import json
import types
import typing
from enum import Enum
from typing import Any

import pytest
from tests.unit.mqtt_schemas import FOLDER, NAMES, complaints, wrong_with

from wpsagent.config.table import MQTT_COMMANDS
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status.board import _ROWS, StatusBoard
from wpsagent.status.model import Network
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.enrollee_table import EnrolleeInformation, PendingPin

STATION = MacAddress.parse("02:00:00:00:01:00")
WALL = 1795336200.0
DEVICE_TYPE = PrimaryDeviceType.parse("1-0050F204-1")


def pending(number: int) -> PendingPin:
    uuid = bytes(15) + bytes([number])
    return PendingPin(EnrolleeInformation(STATION, uuid, "Phone", "", "", "", "", DEVICE_TYPE), 1000.0 + number)


def sample(kind: Any) -> Any:
    """A value of a field's type."""
    plain: dict[Any, Any] = {
        MacAddress: STATION,
        Ssid: Ssid(b"home"),
        bytes: bytes(range(16)),
        str: "wlan0",
        int: 6,
        float: 1120.0,
        bool: True,
        PrimaryDeviceType: DEVICE_TYPE,
    }
    if typing.get_origin(kind) in (types.UnionType, typing.Union):
        return sample(typing.get_args(kind)[0])
    if typing.get_origin(kind) is tuple:
        return (sample(typing.get_args(kind)[0]),)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    return plain[kind]


def event_of(kind: Any, **values: Any) -> Any:
    hints = typing.get_type_hints(kind)
    made = {field.name: sample(hints[field.name]) for field in dataclasses.fields(kind)} | values
    if kind is e.ButtonPressed:
        made["gesture"] = "short"
    if kind is e.CommandReceived:
        made["command"] = "pbc"
    return kind(**made)


def board(**options: Any) -> StatusBoard:
    return StatusBoard(
        "hall",
        "1.0",
        [Network("wlan0", "main", Ssid(b"home"), 6)],
        stations=["wlan1"],
        commands=MQTT_COMMANDS,
        **options,
    )


@pytest.mark.parametrize("kind", _ROWS, ids=lambda kind: kind.__name__)
def test_each_event_and_the_state_after_it_are_as_their_schemas_say(kind: Any) -> None:
    shown = board(waiting=lambda: [pending(number) for number in range(20)])
    for before in (e.AgentStarting(), event_of(e.PushButtonStarted, group="main")):
        shown.apply(before, 1000.0, WALL)
    for values in ({}, {"interface": "wlan1"} if "interface" in kind.__annotations__ else {}):
        event = event_of(kind, **values)
        update = shown.apply(event, 1001.0, WALL + 1)
        state = json.loads(json.dumps(shown.state(1001.0, WALL + 1)))
        assert complaints("state", state) == []
        if update.event is not None:
            assert complaints("event", json.loads(json.dumps(update.event))) == []


@pytest.mark.parametrize("reason", e.SessionEndReason)
@pytest.mark.parametrize("end", [e.PushButtonEnded, e.PinEnded])
def test_each_end_of_a_session_is_as_the_schemas_say(end: Any, reason: e.SessionEndReason) -> None:
    shown = board()
    start = e.PushButtonStarted("main", 1120.0) if end is e.PushButtonEnded else e.PinStarted("main")
    shown.apply(start, 1000.0, WALL)
    update = shown.apply(end("main", reason), 1001.0, WALL)
    assert complaints("event", update.event) == []
    assert complaints("state", shown.state(1001.0, WALL)) == []


@pytest.mark.parametrize("result", s.StationWpsResult)
@pytest.mark.parametrize("method", s.StationMethod)
def test_each_end_of_a_stations_run_is_as_the_schemas_say(method: s.StationMethod, result: s.StationWpsResult) -> None:
    shown = board()
    for event in (s.StationWpsStarted("wlan1", method, 1120.0), s.StationWpsEnded("wlan1", method, result)):
        update = shown.apply(event, 1000.0, WALL)
        assert complaints("event", update.event) == []
        assert complaints("state", shown.state(1000.0, WALL)) == []


def test_the_schemas_know_no_event_that_there_is_not() -> None:
    schema = json.loads((FOLDER / "event.schema.json").read_text())
    told = [name for kind in schema["oneOf"] for name in kind["properties"]["event_type"]["enum"]]
    assert sorted(told) == sorted({row.name for row in _ROWS.values() if row.name is not None})


def test_every_schema_is_a_schema_and_there_is_no_other_file() -> None:
    assert {file.name for file in FOLDER.iterdir()} == {f"{name.replace('/', '-')}.schema.json" for name in NAMES}
    for name in NAMES:
        assert complaints(name, 17)


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        ("a/b/availability", "Online"),
        ("a/b/state", '{"node":"b"}'),
        ("a/b/event", '{"event_type":"started","at":"2026-11-22T08:30:00Z","pin":"12345670"}'),
        ("a/b/event", '{"event_type":"unheard_of","at":"2026-11-22T08:30:00Z"}'),
        ("a/b/response", '{"id":null,"command":"pbc","ok":true,"error":null,"at":"soon"}'),
        ("a/b/cmd/pin", "{}"),
        ("a/b/cmd/pbc", '{"pin":"12345670"}'),
    ],
)
def test_what_is_wrong_is_found(topic: str, payload: str) -> None:
    assert wrong_with(topic, payload)


def test_commands_as_the_documentation_shows_them_are_right() -> None:
    assert wrong_with("a/b/cmd/pbc", "") == []
    assert wrong_with("a/b/cmd/pin", '{"pin":"1234-5670","timeout_s":300,"role":"access_point"}') == []


# ---- who needs a PIN, in the state


def test_the_state_tells_who_needs_a_pin_the_last_ones_first_and_at_most_eight() -> None:
    shown = board(waiting=lambda: [pending(number) for number in reversed(range(20))])
    requests = shown.state(1020.0, WALL + 20.0)["pin_requests"]
    assert len(requests) == 8
    assert requests[0] == {
        "uuid": "00000000-0000-0000-0000-000000000013",
        "station": "02:00:00:00:01:00",
        "device_name": "Phone",
        "at": "2026-11-22T08:30:19Z",
    }


def test_a_clock_that_is_set_changes_nothing_that_was_told() -> None:
    shown = board(waiting=lambda: [pending(0)])
    first = shown.apply(e.AgentStarting(), 1000.0, WALL)
    assert first.state is not None
    assert shown.apply(e.BrokerConnected(), 1001.0, WALL + 7200).state is None


def test_a_device_that_has_been_quiet_for_long_leaves_the_state_by_itself() -> None:
    waiting = [pending(0)]
    shown = board(waiting=lambda: waiting)
    shown.apply(e.AgentStarting(), 1000.0, WALL)
    assert shown.deadline == 1300.0
    waiting.clear()
    update = shown.handle_timer(1300.0, WALL + 300)
    assert update.state is not None
    assert update.state["pin_requests"] == []
    assert shown.deadline is None
