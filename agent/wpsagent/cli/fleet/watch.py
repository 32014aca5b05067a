# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent fleet watch`: the table on a terminal, in place, at most four times a second; else a line a change."""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from types import FrameType
from typing import Any, Never, Protocol

from wpsagent.cli.exit_codes import DONE
from wpsagent.cli.fleet.agents import TOPICS, Agent, Filter, Fleet, counts
from wpsagent.cli.fleet.broker import broker_settings
from wpsagent.cli.fleet.report import harmless
from wpsagent.cli.fleet.table import UNLIMITED, Moment, count_words, fitted, result_words, table_lines
from wpsagent.config import MqttSettings
from wpsagent.errors import AgentError
from wpsagent.io.mqtt_feed import MqttFeed
from wpsagent.status.texts import iso_time

REDRAW_TIME_MS = 250
TICK_MS = 1000
"""How often a time that is left counts down."""

_HOME, _LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"
_HIDE_CURSOR, _SHOW_CURSOR, _CLEAR = "\x1b[?25l", "\x1b[?25h", "\x1b[H\x1b[2J"


def fleet(options: argparse.Namespace) -> int:
    """Watch until interrupted, or with --once until everything is in."""
    settings = broker_settings(options)
    # asyncio's own way waits for the loop, which may wait for somebody to read what we print.
    before = {one: signal.signal(one, act) for one, act in _ENDS.items()}
    try:
        asyncio.run(_watch(options, settings))
    finally:
        for one, act in before.items():
            signal.signal(one, act)
    return DONE


def _interrupt(_number: int, _frame: FrameType | None) -> Never:
    raise KeyboardInterrupt


def _terminate(number: int, _frame: FrameType | None) -> Never:
    """The terminal gets its cursor back all the same."""
    raise SystemExit(128 + number)


_ENDS = {signal.SIGINT: _interrupt, signal.SIGTERM: _terminate}


async def _watch(options: argparse.Namespace, settings: MqttSettings) -> None:
    wanted = Filter(options.state or frozenset(), options.node, options.offline)
    agents = Fleet(settings.base_topic)
    is_screen = sys.stdout.isatty() and not options.json and not options.once and os.environ.get("TERM") != "dumb"
    view: View
    if options.once:
        view = Snapshot(agents, wanted, as_json=options.json)
    elif is_screen:
        view = Screen(agents, wanted, f"{settings.host}:{settings.port}, {harmless(settings.base_topic)}")
    else:
        view = Lines(agents, wanted, as_json=options.json)
    watch = Watch(agents, view, is_once=options.once)
    feed = MqttFeed(settings, [f"{settings.base_topic}/+/{kind}" for kind in TOPICS], watch, os.urandom)
    asyncio.get_running_loop().set_exception_handler(watch.failed)
    try:
        view.open()
        feed.start()
        await watch.done
    finally:
        feed.close()
        view.close()


class View(Protocol):
    """Where it is shown."""

    def open(self) -> None: ...
    def close(self) -> None: ...
    def changed(self, agent: Agent) -> None:
        """An agent is new, or another, or gone."""

    def settled(self, complaint: str | None) -> None:
        """All that there was has come in, for the first time or again."""

    def broker_lost(self, reason: str) -> None: ...


class Watch:
    """Takes in what the broker has: the feed's listener.  done: ends with an error that ends the watching too."""

    def __init__(self, agents: Fleet, view: View, *, is_once: bool) -> None:
        self._agents = agents
        self._view = view
        self._is_once = is_once
        self._was_connected = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connected(self) -> None:
        self._was_connected = True
        self._agents.begin()

    def received(self, topic: str, payload: bytes) -> None:
        agent = self._agents.receive(topic, payload, time.monotonic(), time.time())
        if agent is not None:
            self._view.changed(agent)

    def missing(self) -> Sequence[str]:
        return self._agents.incomplete()

    def complete(self, complaint: str | None) -> None:
        for agent in self._agents.settle():
            self._view.changed(agent)
        if self._is_once and complaint is not None:
            self._end(AgentError(f"MQTT: {complaint}"))
            return
        self._view.settled(complaint)
        if self._is_once and not self.done.done():
            self.done.set_result(None)

    def lost(self, reason: str) -> bool:
        """A broker that never took us is a mistake of the command line; one that did will come back."""
        if self._is_once or not self._was_connected:
            self._end(AgentError(f"MQTT: {reason}"))
            return False
        self._view.broker_lost(reason)
        return True

    def failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Something in the loop raised: whoever reads our output has gone, or it is a bug."""
        error = context.get("exception")
        if error is None:
            loop.default_exception_handler(context)
        else:
            self._end(error)

    def _end(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


# ---- once


class Snapshot:
    """Everything, when all of it has come."""

    def __init__(self, agents: Fleet, wanted: Filter, *, as_json: bool) -> None:
        self._agents = agents
        self._wanted = wanted
        self._as_json = as_json

    def open(self) -> None:
        """Nothing is shown yet."""

    def close(self) -> None:
        """All is shown already."""

    def changed(self, agent: Agent) -> None:
        """It is shown in the end."""

    def settled(self, complaint: str | None) -> None:
        shown = self._agents.shown(self._wanted)
        if self._as_json:
            lines = _json_lines(shown)
        else:
            width = _terminal_size()[0] if sys.stdout.isatty() else UNLIMITED
            lines = [*table_lines(shown, _moment(), width), "", _summary(self._agents)]
        print("".join(f"{line}\n" for line in lines), end="", flush=True)

    def broker_lost(self, reason: str) -> None:
        """It is told as an error."""


# ---- lines


class Lines:
    """A line an agent when all have come, then a line a change; for a pipe."""

    def __init__(self, agents: Fleet, wanted: Filter, *, as_json: bool) -> None:
        self._agents = agents
        self._wanted = wanted
        self._as_json = as_json
        self._is_settled = False
        self._is_lost = False
        self._told: set[str] = set()
        self._due: dict[str, Agent] = {}

    def open(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def changed(self, agent: Agent) -> None:
        """Also of one that is not wanted any more."""
        is_wanted = self._wanted.matches(agent)
        if self._is_settled and (is_wanted or agent.node in self._told):
            (self._told.add if is_wanted else self._told.discard)(agent.node)
            if not self._due:  # not at once: the MQTT client is at work, and must not see our trouble
                asyncio.get_running_loop().call_soon(self._tell_due)
            self._due[agent.node] = agent

    def settled(self, complaint: str | None) -> None:
        if self._is_lost or complaint is not None:
            self._tell_broker(is_connected=True, reason=complaint)
        if not self._is_settled:
            self._is_settled = True
            shown = self._agents.shown(self._wanted)
            self._told = {agent.node for agent in shown}
            self._tell(shown)
        self._is_lost = False

    def broker_lost(self, reason: str) -> None:
        if not self._is_lost:
            self._is_lost = True
            self._tell_broker(is_connected=False, reason=reason)

    def _tell_due(self) -> None:
        due, self._due = self._due, {}
        self._tell(list(due.values()))

    def _tell(self, agents: Sequence[Agent]) -> None:
        lines = _json_lines(agents) if self._as_json else [_line(agent) for agent in agents]
        print("".join(f"{line}\n" for line in lines), end="", flush=True)

    def _tell_broker(self, *, is_connected: bool, reason: str | None) -> None:
        if self._as_json:
            print(_json({"at": _now(), "broker": {"connected": is_connected, "reason": reason}}), flush=True)
        else:
            text = "the broker is back" if is_connected and reason is None else reason
            print(f"wps-agent: MQTT: {text}", file=sys.stderr, flush=True)


def _json_lines(agents: Sequence[Agent]) -> list[str]:
    now, at = time.monotonic(), _now()
    return [_json({"at": at, "removed": agent.is_gone} | agent.values(now)) for agent in agents]


def _line(agent: Agent) -> str:
    """For a person who reads a log."""
    moment = _moment()
    if agent.is_gone:
        parts = [harmless(agent.node), "was removed"]
    else:
        result = result_words(agent, moment.today)
        parts = [
            harmless(agent.node),
            agent.words(agent.seconds_left(moment.now)),
            *([f"last result: {result}"] if result else []),
        ]
    return f"{time.strftime('%H:%M:%S')}  {'  '.join(parts)}"


# ---- a terminal


class Screen:
    """The table, drawn again in its place; no more of it than fits."""

    def __init__(self, agents: Fleet, wanted: Filter, place: str) -> None:
        self._agents = agents
        self._wanted = wanted
        self._place = place
        self._note = "connecting"
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._drawn_at = -1.0
        self._drawn: list[str] = []

    def open(self) -> None:
        self._loop.add_signal_handler(signal.SIGWINCH, self._resized)
        print(_HIDE_CURSOR + _CLEAR, end="", flush=True)
        self._draw()

    def close(self) -> None:
        self._loop.remove_signal_handler(signal.SIGWINCH)
        if self._timer is not None:
            self._timer.cancel()
        print(_SHOW_CURSOR, flush=True)

    def changed(self, agent: Agent) -> None:
        self._draw_soon()

    def settled(self, complaint: str | None) -> None:
        self._note = complaint or ""
        self._draw_soon()

    def broker_lost(self, reason: str) -> None:
        self._note = f"{reason}; trying again.  What stands here is of before."
        self._draw_soon()

    def _resized(self) -> None:
        self._drawn = []
        print(_CLEAR, end="", flush=True)
        self._draw_soon()

    def _draw_soon(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(max(self._loop.time(), self._drawn_at + REDRAW_TIME_MS / 1000), self._draw)

    def _draw(self) -> None:
        self._drawn_at = self._loop.time()
        columns, rows = _terminal_size()
        shown = self._agents.shown(self._wanted)
        lines = self._lines(shown, columns, rows)
        if lines != self._drawn:
            self._drawn = lines
            # Erased before it is written: behind a letter in the last column the cursor still stands on it.
            rest = "\n" + _REST_OF_SCREEN if len(lines) < rows else ""
            print(_HOME + "\n".join(_LINE + line for line in lines) + rest, end="", flush=True)
        now = time.monotonic()
        if any(agent.seconds_left(now) is not None for agent in shown):
            self._timer = self._loop.call_at(self._drawn_at + TICK_MS / 1000, self._draw)

    def _lines(self, shown: Sequence[Agent], columns: int, rows: int) -> list[str]:
        head = [f"{self._place}: {_summary(self._agents)}"]
        if self._note:
            head.append(f"MQTT: {self._note}")
        head = [fitted(line, columns).rstrip() for line in head]
        return [*head, "", *table_lines(shown, _moment(), columns, rows - len(head) - 1)][:rows]


def _terminal_size() -> tuple[int, int]:
    """Columns and lines; a serial line does not know them and says 0."""
    size = os.get_terminal_size(sys.stdout.fileno())
    return size.columns or 80, size.lines or 24


# ---- words


def _summary(agents: Fleet) -> str:
    """2000 agents, 1990 online, 3 need a person: 10 offline, 1990 idle"""
    found = counts(agents)
    number = f"{len(agents)} agent{'' if len(agents) == 1 else 's'}"
    more = f"; more than {len(agents)}: the rest is not kept" if agents.untold else ""
    if not len(agents):
        return f"{number}{more}"
    need = found["needs a person"]
    verb = "needs" if need == 1 else "need"
    return f"{number}, {found['online']} online, {need} {verb} a person: {count_words(found)}{more}"


def _moment() -> Moment:
    return Moment(time.monotonic(), datetime.now().astimezone().date())


def _now() -> str:
    return iso_time(time.time())


def _json(values: dict[str, Any]) -> str:
    return json.dumps(values, ensure_ascii=False)
