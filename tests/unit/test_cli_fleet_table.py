# SPDX-License-Identifier: BSD-3-Clause
"""The table of a fleet: it fits whatever it is given to stand in, and what does not fit is counted."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from wpsagent.cli.fleet.agents import Agent, Filter, Fleet
from wpsagent.cli.fleet.table import UNLIMITED, Moment, fitted, table_lines, width_of

MOMENT = Moment(0.0, date(2026, 11, 22))


def agents(*changes: dict[str, Any], node: str = "board") -> list[Agent]:
    """One for each state, idle where nothing is said."""
    fleet = Fleet("base")
    fleet.settle()
    for number, change in enumerate(changes):
        state = {"agent": "running", "state": "idle", "version": "1.0", "group": None, "method": "push_button"}
        access_point = {"interface": "wlan0", "state": "enabled", "stations": ["a", "b"]}
        fleet.receive(f"base/{node}{number}/availability", b"online", 0.0, 0.0)
        octets = json.dumps(state | {"access_points": [access_point]} | change).encode()
        fleet.receive(f"base/{node}{number}/state", octets, 0.0, 0.0)
    return fleet.shown(Filter())


def result(**changes: Any) -> dict[str, Any]:
    last = {"result": "success", "at": "2026-11-22T08:30:00Z", "device_name": "Phone", "station": "02:00:5e:00:53:01"}
    return {"last_result": last | changes}


def test_a_row_says_all_of_an_agent() -> None:
    shown = agents({"state": "active", "seconds_left": 92} | result(result="error", reason="the PIN is wrong"))
    heading, row = table_lines(shown, MOMENT, UNLIMITED)
    at = datetime(2026, 11, 22, 8, 30, tzinfo=UTC).astimezone().strftime("%H:%M")
    assert heading.split("  ")[0] == "NODE"
    assert [cell.strip() for cell in row.split("  ") if cell] == [
        *("board0", "online", "open for one device by push button", "1:32"),
        *(f"{at}, error, Phone, the PIN is wrong", "1/1", "2", "1.0"),
    ]


@pytest.mark.parametrize(
    ("last", "start"),
    [
        ({"at": "2026-11-20T12:30:00Z"}, "2026-11-20, success, Phone"),
        ({"at": "yesterday"}, "yesterday, success, Phone"),
        ({"at": "2026-11-20T12:30:00Z", "device_name": None}, "2026-11-20, success, 02:00:5e:00:53:01"),
        ({"at": "2026-11-20T12:30:00Z", "device_name": None, "station": None}, "2026-11-20, success  "),
    ],
)
def test_a_result_says_when_and_who(last: dict[str, Any], start: str) -> None:
    assert f"  {start}" in table_lines(agents(result(**last)), MOMENT, UNLIMITED)[1]


@pytest.mark.parametrize("columns", [1, 5, 8, 20, 33, 47, 60, 72, 80, 100, 132, 300])
@pytest.mark.parametrize("rows", [1, 2, 3, 10, 24])
def test_nothing_is_wider_or_longer_than_the_terminal(columns: int, rows: int) -> None:
    reason = "無線機がありません " * 20
    down = {"access_points": [{"interface": "wlan0", "state": "failed", "reason": reason}]}
    shown = agents(
        {}, down, result(device_name="é" * 90), {"version": "9" * 90}, *[{}] * 20, node="a-very-long-name-" * 3
    )
    lines = table_lines(shown, MOMENT, columns, rows)
    assert len(lines) <= rows
    assert max(map(width_of, lines)) <= max(columns, 8)  # the name of a node is never dropped


def test_what_does_not_fit_is_counted_by_state() -> None:
    lines = table_lines(agents(*[{}] * 18, {"state": "error"}, {"state": "dancing"}), MOMENT, 80, 10)
    assert len(lines) == 10
    assert "the last attempt failed" in lines[1]
    assert lines[-1] == "… and 12 more: 12 idle"
    assert table_lines(agents(*[{}] * 9), MOMENT, 80, 10)[-1].startswith("board8 ")


def test_an_unknown_state_is_counted_too() -> None:
    assert table_lines(agents({"state": "dancing"}, {"state": "error"}), MOMENT, 80, 2)[-1] == (
        "… and 2 more: 1 error, 1 dancing"
    )


def test_the_least_important_columns_give_way_first() -> None:
    shown = agents({})
    assert table_lines(shown, MOMENT, 100)[0].split()[-1] == "VERSION"
    assert table_lines(shown, MOMENT, 80)[0].split()[-1] == "DEVICES"
    assert table_lines(shown, MOMENT, 42)[0].split() == ["NODE", "STATE", "LEFT"]
    assert table_lines(shown, MOMENT, 3)[0].split() == ["NODE"]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        ("abc", 5, "abc  "),
        ("abcdef", 4, "abc…"),
        ("日本語", 6, "日本語"),
        ("日本語", 5, "日本…"),
        ("日本語", 4, "日… "),
        ("日本語", 1, "…"),
        ("e\u0301e\u0301", 2, "e\u0301e\u0301"),
    ],
)
def test_texts_are_cut_by_what_they_take_on_the_screen(text: str, width: int, shown: str) -> None:
    assert fitted(text, width) == shown
