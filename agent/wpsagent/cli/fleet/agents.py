# SPDX-License-Identifier: BSD-3-Clause
"""The agents of a base topic, by what they tell there; which of them needs a person, and which are wanted.

<base>/<node>/availability   "online", "offline"; empty: it was removed
<base>/<node>/state          status.board's state; empty: it was removed
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from fnmatch import fnmatchcase
from typing import Any

from wpsagent.cli.fleet.report import Report, harmless, read_report
from wpsagent.cli.words import session_words
from wpsagent.errors import DecodeError

MOST_AGENTS = 20000
"""Whoever may publish can make up nodes; more than this are counted, not kept."""

TOPICS = ("availability", "state")


class Attention(IntEnum):
    """What stands where: who needs a person comes first, and of these who waits for one now."""

    PIN_NEEDED = 0
    FAILED = 1
    DOWN = 2
    UNREADABLE = 3
    LOST = 4
    LOCKED = 5
    OPEN = 6
    PASSING = 7
    QUIET = 8
    STOPPED = 9


_FAILURES = ("error", "overlap", "timeout")
_OWN_STATES = ("starting", "stopping")


class Agent:
    """One agent.  is_online: None until it has said so."""

    __slots__ = ("_order", "_problems", "is_online", "node", "open_until", "report", "round")

    def __init__(self, node: str) -> None:
        self.node = node
        self.is_online: bool | None = None
        self.report: Report | None = None
        self._problems: dict[str, str] = {}
        self.open_until: float | None = None
        """When the window ends, on our own monotonic clock."""
        self.round = 0
        self._order = [part.zfill(12) if part.isdigit() else part for part in re.split(r"([0-9]{1,12})", node)]

    def take_availability(self, payload: bytes) -> bool:
        """Whether it is news."""
        before = (self.is_online, self.problem)
        self.is_online = {b"online": True, b"offline": False}.get(payload)
        self._problems.pop("availability", None)
        if self.is_online is None and payload:
            self._problems["availability"] = "its availability is neither online nor offline"
        return (self.is_online, self.problem) != before

    def take_state(self, payload: bytes) -> bool:
        """Whether it is news; the time that is left alone is not."""
        before = (self.report, self.problem)
        self.report = None
        self._problems.pop("state", None)
        try:
            self.report = read_report(payload) if payload else None
        except DecodeError as error:
            self._problems["state"] = f"its state is no state of an agent: {error}"
        return (self.report, self.problem) != before

    def forget(self) -> None:
        """All that it told."""
        self.take_availability(b"")
        self.take_state(b"")

    @property
    def problem(self) -> str | None:
        """What of it cannot be read."""
        return next(iter(self._problems.values()), None)

    @property
    def missing(self) -> Sequence[str]:
        """What it has not told."""
        has = {"availability": self.is_online is not None, "state": self.report is not None}
        return [kind for kind in TOPICS if not has[kind] and kind not in self._problems]

    @property
    def is_gone(self) -> bool:
        """All that it told has been removed."""
        return len(self.missing) == len(TOPICS)

    @property
    def state(self) -> str:
        """One of options.STATES; the session's may be one that we do not know yet."""
        if self.is_online is False:
            return "offline"
        if self.problem is not None:
            return "unreadable"
        if self.report is None:
            return "unknown"
        return self.report.agent if self.report.agent in _OWN_STATES else self.report.state

    @property
    def attention(self) -> Attention:
        report = self.report
        if self.is_online is False:
            has_left = report is not None and report.agent == "stopping"
            return Attention.STOPPED if has_left else Attention.LOST
        if self.problem is not None:
            return Attention.UNREADABLE
        if report is None:
            return Attention.PASSING
        if report.pin_requests:
            return Attention.PIN_NEEDED
        if report.state in _FAILURES:
            return Attention.FAILED
        if report.down:
            return Attention.DOWN
        if report.locked:
            return Attention.LOCKED
        if report.state == "active":
            return Attention.OPEN
        return Attention.QUIET if self.state == "idle" else Attention.PASSING

    @property
    def needs_a_person(self) -> bool:
        return self.attention <= Attention.LOCKED

    @property
    def order(self) -> tuple[Attention, list[str]]:
        """For sorting: node10 after node9."""
        return self.attention, self._order

    def seconds_left(self, now: float) -> int | None:
        """Of an open window; None where there is none or nobody is there to close it."""
        if self.open_until is None or self.is_online is False:
            return None
        return max(0, round(self.open_until - now))

    def words(self, seconds_left: int | None) -> str:
        """What goes on, for a person; with the time that is left, if it is given."""
        if self.is_online is False:
            return "stopped" if self.attention is Attention.STOPPED else "LOST: it went without a word"
        if self.problem is not None:
            return f"UNREADABLE: {self.problem}"
        if self.report is None:
            return "has told nothing"
        return "; ".join(_report_words(self.report, seconds_left))

    def values(self, now: float) -> dict[str, Any]:
        """For a program."""
        report = self.report
        result = None if report is None else report.last_result
        return {
            "node": harmless(self.node),
            "online": self.is_online,
            "state": self.state,
            "seconds_left": self.seconds_left(now),
            "needs_a_person": self.needs_a_person,
            "why": self.words(None) if self.needs_a_person else None,
            "last_result": None
            if result is None
            else {
                "result": result.result,
                "reason": result.reason,
                "device_name": result.device_name,
                "station": result.station,
                "at": result.at,
            },
            "networks": None if report is None else report.networks,
            "networks_up": None if report is None else report.networks_up,
            "devices": None if report is None else report.devices,
            "pin_requests": None if report is None else len(report.pin_requests),
            "version": None if report is None else report.version,
        }


def _report_words(report: Report, seconds_left: int | None) -> Iterable[str]:
    if report.pin_requests:
        more = f" and {len(report.pin_requests) - 1} more" if len(report.pin_requests) > 1 else ""
        yield f"PIN needed for {report.pin_requests[0]}{more}"
    is_quiet = report.agent == "running" and report.state == "idle"
    if not (is_quiet and (report.pin_requests or report.down or report.locked)):
        yield session_words(
            {
                "agent": report.agent,
                "group": report.group,
                "stations": [{"interface": name} for name in report.stations],
                "state": report.state,
                "method": report.method,
                "seconds_left": seconds_left,
            }
        )
    if report.down:
        yield f"DOWN: {', '.join(report.down)}"
    if report.locked:
        yield f"setup locked: {', '.join(report.locked)}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Who is wanted.  states: none for all."""

    states: frozenset[str] = frozenset()
    node: str | None = None
    is_offline: bool = False

    def matches(self, agent: Agent) -> bool:
        return (
            (not self.states or agent.state in self.states)
            and (self.node is None or fnmatchcase(agent.node, self.node))
            and (not self.is_offline or agent.is_online is False)
        )


class Fleet:
    """All agents below a base topic."""

    def __init__(self, base_topic: str) -> None:
        self._prefix = f"{base_topic}/"
        self._agents: dict[str, Agent] = {}
        self._round = 0
        self._is_settled = False
        self.untold = 0
        """Messages of agents that are beyond MOST_AGENTS."""

    def __iter__(self) -> Iterator[Agent]:
        return iter(self._agents.values())

    def __len__(self) -> int:
        return len(self._agents)

    def begin(self) -> None:
        """All that is retained comes now, perhaps once more."""
        self._round += 1
        self._is_settled = False

    def settle(self) -> Sequence[Agent]:
        """All of it has come: whoever was not in it is not there any more, and is returned."""
        self._is_settled = True
        gone = [agent for agent in self._agents.values() if agent.round != self._round]
        for agent in gone:
            agent.forget()
            del self._agents[agent.node]
        return gone

    def incomplete(self) -> Sequence[str]:
        """Topics of agents of whom only half has come."""
        return [f"{self._prefix}{agent.node}/{kind}" for agent in self._agents.values() for kind in agent.missing]

    def receive(self, topic: str, payload: bytes, now: float, wall: float) -> Agent | None:
        """Take in a message: the agent that it has changed, or None.  now: monotonic; wall: seconds of the epoch."""
        node, _, kind = topic.removeprefix(self._prefix).rpartition("/")
        if not topic.startswith(self._prefix) or not node or "/" in node or kind not in TOPICS:
            return None
        agent = self._agents.get(node)
        if agent is None:
            if not payload:
                return None
            if len(self._agents) >= MOST_AGENTS:
                self.untold += 1
                return None
            agent = self._agents[node] = Agent(node)
        agent.round = self._round
        has_changed = (
            agent.take_availability(payload) if kind == "availability" else self._take_state(agent, payload, now, wall)
        )
        if agent.is_gone:
            del self._agents[node]
        return agent if has_changed else None

    def _take_state(self, agent: Agent, payload: bytes, now: float, wall: float) -> bool:
        has_changed = agent.take_state(payload)
        if has_changed:
            left = None if agent.report is None else _window(agent.report, wall, is_fresh=self._is_settled)
            agent.open_until = None if left is None else now + left
        return has_changed

    def shown(self, wanted: Filter) -> list[Agent]:
        """Those that are wanted, the most urgent first."""
        return sorted(filter(wanted.matches, self._agents.values()), key=lambda agent: agent.order)


def counts(agents: Iterable[Agent]) -> Counter[str]:
    """How many there are in each state; "online", and "needs a person" beside these."""
    found: Counter[str] = Counter()
    for agent in agents:
        found[agent.state] += 1
        found["online"] += agent.is_online is True
        found["needs a person"] += agent.needs_a_person
    return found


def _window(report: Report, wall: float, *, is_fresh: bool) -> float | None:
    """Seconds for which it is still open.

    A message that has just been sent needs no common clock.  An old one does; a window that is over by our clock and
    open by the agent's is one of an agent whose clock is wrong.
    """
    if report.state != "active":
        return None
    if is_fresh and report.seconds_left is not None:
        return report.seconds_left
    by_clock = None if report.ends_at is None else report.ends_at - wall
    if by_clock is None or by_clock <= 0:
        return None
    return by_clock if report.seconds_left is None else min(by_clock, report.seconds_left)
