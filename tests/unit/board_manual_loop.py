# SPDX-License-Identifier: BSD-3-Clause
"""An event loop whose clock the test moves: as much of one as the board's package uses."""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any, cast


class ManualTimer:
    def __init__(self, when: float, callback: Callable[[], object]) -> None:
        self.when = when
        self.callback = callback
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class ManualLoop:
    def __init__(self, now: float = 100.0) -> None:
        self.now = now
        self.readers: dict[int, Callable[[], object]] = {}
        self.is_closed = False
        self._timers: list[tuple[float, int, ManualTimer]] = []
        self._order = itertools.count()
        self._soon: list[Callable[[], object]] = []

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        return cast("asyncio.AbstractEventLoop", self)

    @property
    def timers(self) -> list[float]:
        """The times of the timers that are set."""
        return sorted(when for when, _, timer in self._timers if not timer.is_cancelled)

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., object], *values: Any) -> ManualTimer:
        timer = ManualTimer(when, lambda: callback(*values))
        self._timers.append((when, next(self._order), timer))
        return timer

    def call_later(self, delay: float, callback: Callable[..., object], *values: Any) -> ManualTimer:
        return self.call_at(self.now + delay, callback, *values)

    def call_soon_threadsafe(self, callback: Callable[..., object], *values: Any) -> None:
        if self.is_closed:
            raise RuntimeError("Event loop is closed")
        self._soon.append(lambda: callback(*values))

    def add_reader(self, file: Any, callback: Callable[..., object], *values: Any) -> None:
        self.readers[file if isinstance(file, int) else file.fileno()] = lambda: callback(*values)

    def remove_reader(self, file: Any) -> None:
        self.readers.pop(file if isinstance(file, int) else file.fileno(), None)

    def run_soon(self) -> None:
        """Run what was posted."""
        while self._soon:
            self._soon.pop(0)()

    def advance(self, seconds: float) -> None:
        """Let time pass; every timer runs at its time."""
        until = self.now + seconds
        self.run_soon()
        while due := [entry for entry in self._timers if entry[0] <= until + 1e-9]:
            entry = min(due, key=lambda entry: entry[:2])
            self._timers.remove(entry)
            if not entry[2].is_cancelled:
                self.now = max(self.now, entry[0])
                entry[2].callback()
            self.run_soon()
        self.now = until
