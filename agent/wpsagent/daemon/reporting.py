# SPDX-License-Identifier: BSD-3-Clause
"""Tells everybody what happens: LED, MQTT, control clients, service manager and log.

Everything the agent does becomes one `AgentEvent`; `Reporting.report` passes it through the status board and hands
each listener its part.
"""

import asyncio
import dataclasses
import logging
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from typing import Any, Protocol

from wpsagent.roles.runner import Timer
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status.board import ControlEvent, StatusBoard, Update
from wpsagent.wsc.device import format_uuid

logger = logging.getLogger(__name__)

_QUIET = (e.EnrolleeSeen, e.EapStarted, e.EapMethodProposed, e.EapFailed, s.NetworksKnown, s.StationSignal)
_WARNINGS = (
    e.AccessPointFailed,
    e.RadioLost,
    e.BrokerLost,
    e.OverlapDetected,
    e.EnrolmentFailed,
    e.PushButtonRefused,
    e.SetupLocked,
    e.ChannelKept,
    e.TakeOverRefused,
    e.SettingsNotSaved,
    e.SettingsDropped,
    s.StationFailed,
    s.StationLost,
    s.NetworksNotSaved,
    s.StationWpsRefused,
    s.HandOverFailed,
)
_STARTS = (e.PushButtonStarted, e.OverlapDetected, s.StationWpsStarted)


class Publisher(Protocol):
    """What hears the state and the events: the MQTT reporter."""

    def publish_state(self, state: dict[str, Any]) -> None:
        """The whole state; only the newest matters."""

    def publish_event(self, event: dict[str, Any]) -> None:
        """One event; every one matters, if possible."""


class Reporting:
    """Everything that is told; listeners are appended by the composition root."""

    def __init__(self, board: StatusBoard) -> None:
        self.board = board
        self.pattern_listeners: list[Callable[[str], None]] = []
        self.publishers: list[Publisher] = []
        self.control_listeners: list[Callable[[ControlEvent], None]] = []
        self.observers: list[Callable[[e.AgentEvent], None]] = []
        self._pattern: str | None = None
        self._timer = Timer(self._deadline_reached)
        self._is_holding = False
        self._held: deque[tuple[Update, e.AgentEvent | None]] = deque()

    @contextmanager
    def deeds_first(self) -> Iterator[None]:
        """What happens inside is on the LEDs at once, and told after what it gives the radio to do has been done."""
        self._is_holding = True
        try:
            yield
        finally:
            self._is_holding = False
            # behind the radio's worker, which was woken up by now if it has something to do
            asyncio.get_running_loop().call_soon(self._tell_held)

    def report(self, event: e.AgentEvent) -> None:
        """Tell everybody."""
        update = self.board.apply(event, asyncio.get_running_loop().time(), time.time())
        for observer in self.observers:
            observer(event)
        self._show(update, event)

    @property
    def pattern(self) -> str | None:
        """What the LEDs show; None before anything has happened."""
        return self._pattern

    def state(self) -> dict[str, Any]:
        """The state as it would be published now."""
        return self.board.state(asyncio.get_running_loop().time(), time.time())

    def close(self) -> None:
        """No more of the board's time passes."""
        self._tell_held()
        self._timer.close()

    def _show(self, update: Update, event: e.AgentEvent | None) -> None:
        # A second press or a second overlap is shown anew although the pattern's name stays.
        if update.pattern != self._pattern or isinstance(event, _STARTS):
            self._pattern = update.pattern
            for show in self.pattern_listeners:
                show(update.pattern)
        self._timer.set(self.board.deadline)
        self._held.append((update, event))
        if not self._is_holding:
            self._tell_held()

    def _tell_held(self) -> None:
        while self._held:
            self._tell(*self._held.popleft())

    def _tell(self, update: Update, event: e.AgentEvent | None) -> None:
        if event is not None:
            self._log(event)
        for publisher in self.publishers:
            if update.event is not None:
                publisher.publish_event(update.event)
            if update.state is not None:
                publisher.publish_state(update.state)
        for control_event in update.control_events:
            for listener in self.control_listeners:
                listener(control_event)

    def _deadline_reached(self) -> None:
        self._show(self.board.handle_timer(asyncio.get_running_loop().time(), time.time()), None)

    @staticmethod
    def _log(event: e.AgentEvent) -> None:
        level = logging.INFO
        if isinstance(event, _QUIET):
            level = logging.DEBUG
        elif isinstance(event, _WARNINGS):
            level = logging.WARNING
        if logger.isEnabledFor(level):
            logger.log(level, "%s", describe(event))


def describe(event: e.AgentEvent) -> str:
    """An event as a line for the log: its name in words, then its fields."""
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in type(event).__name__).strip()
    fields = [
        f"{f.name}={_plain(getattr(event, f.name))}"
        for f in dataclasses.fields(event)
        if f.repr and f.name != "ends_at"
    ]
    return f"{words}: {' '.join(fields)}" if fields else words


def _plain(value: object) -> str:
    if isinstance(value, Enum):
        return str(value.value)
    if type(value) is bytes:
        return format_uuid(value)
    if isinstance(value, tuple):
        return ",".join(map(_plain, value))
    text = str(value)
    return repr(text) if not text.isprintable() or " " in text else text
