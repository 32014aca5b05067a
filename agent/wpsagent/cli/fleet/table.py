# SPDX-License-Identifier: BSD-3-Clause
"""The table of a fleet, as lines of a width: columns give way, the least important first, where there is no room."""

import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from wpsagent.cli.fleet.agents import Agent, counts
from wpsagent.cli.fleet.options import STATES
from wpsagent.cli.fleet.report import Result, epoch_seconds, harmless
from wpsagent.errors import DecodeError

UNLIMITED = 10**6
"""Columns or lines of something that is no terminal."""


@dataclass(frozen=True, slots=True)
class Moment:
    """now: monotonic; today: whose results are told by their time alone."""

    now: float
    today: date


@dataclass(frozen=True, slots=True)
class Column:
    """importance: the lowest is dropped first.  widest: what it may take beyond its title while others want room."""

    title: str
    importance: int
    least: int
    widest: int
    cell: Callable[[Agent, Moment], str]


_ONLINE: Mapping[bool | None, str] = {True: "online", False: "OFFLINE", None: "?"}


def _networks(agent: Agent) -> str:
    report = agent.report
    return "" if report is None else f"{report.networks_up}/{report.networks}"


def _left(agent: Agent, now: float) -> str:
    left = agent.seconds_left(now)
    return "" if left is None else f"{left // 60}:{left % 60:02}"


COLUMNS: Sequence[Column] = (
    Column("NODE", 9, 8, 24, lambda agent, _: harmless(agent.node)),
    Column("ONLINE", 6, 7, 7, lambda agent, _: _ONLINE[agent.is_online]),
    Column("STATE", 8, 24, UNLIMITED, lambda agent, _: agent.words(None)),
    Column("LEFT", 7, 4, 8, lambda agent, moment: _left(agent, moment.now)),
    Column("LAST RESULT", 5, 11, UNLIMITED, lambda agent, moment: result_words(agent, moment.today)),
    Column("UP", 4, 3, 5, lambda agent, _: _networks(agent)),
    Column("DEVICES", 3, 7, 7, lambda agent, _: "" if agent.report is None else str(agent.report.devices)),
    Column("VERSION", 2, 7, 12, lambda agent, _: (agent.report and agent.report.version) or ""),
)

_GAP = "  "


def result_words(agent: Agent, today: date) -> str:
    """When the last session ended, how, with whom or why."""
    result = None if agent.report is None else agent.report.last_result
    if result is None:
        return ""
    parts = (_when(result, today), result.result, result.device_name or result.station, result.reason)
    return ", ".join(part for part in parts if part)


def _when(result: Result, today: date) -> str:
    """By our own clock: the time of today, the day of what is older."""
    try:
        at = datetime.fromtimestamp(epoch_seconds(result.at, "at"), UTC).astimezone()
    except (DecodeError, OverflowError):
        return result.at
    return at.strftime("%H:%M" if at.date() == today else "%Y-%m-%d")


def width_of(text: str) -> int:
    """Columns that a text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_letter_width, text))


def _letter_width(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def fitted(text: str, width: int) -> str:
    """Cut where it is too long, filled where it is too short."""
    if width_of(text) > width:
        while text and width_of(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - width_of(text))


def table_lines(agents: Sequence[Agent], moment: Moment, columns: int, rows: int = UNLIMITED) -> list[str]:
    """A heading, an agent a line, and what did not fit into so many rows as counts."""
    fit = len(agents) if len(agents) + 1 <= rows else max(0, rows - 2)
    chosen = _columns(columns)
    cells = [[column.cell(agent, moment) for column in chosen] for agent in agents[:fit]]
    widths = _widths(chosen, cells, columns)
    lines = [
        _GAP.join(fitted(cell, width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [[column.title for column in chosen], *cells]
    ]
    if fit < len(agents):
        rest = agents[fit:]
        lines.append(fitted(f"… and {len(rest)} more: {count_words(counts(rest))}", columns).rstrip())
    return lines[:rows]


def count_words(found: Counter[str]) -> str:
    """3 error, 1990 idle"""
    names = [*STATES, *sorted(found.keys() - {*STATES, "online", "needs a person"})]
    return ", ".join(f"{found[name]} {name}" for name in names if found[name])


def _columns(width: int) -> list[Column]:
    """Those for which there is room."""
    chosen = list(COLUMNS)
    while len(chosen) > 1 and sum(column.least for column in chosen) + len(_GAP) * (len(chosen) - 1) > width:
        chosen.remove(min(chosen, key=lambda column: column.importance))
    return chosen


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    """What each wants, up to its own limit; while that is too much the widest gives way."""
    widths = [
        min(max([len(column.title), *(width_of(line[index]) for line in cells)]), column.widest)
        for index, column in enumerate(columns)
    ]
    room = width - len(_GAP) * (len(columns) - 1)
    while sum(widths) > room:
        able = [index for index, column in enumerate(columns) if widths[index] > column.least]
        if not able:
            break
        widths[max(able, key=lambda index: widths[index])] -= 1
    return widths
