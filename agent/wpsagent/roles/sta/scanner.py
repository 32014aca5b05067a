# SPDX-License-Identifier: BSD-3-Clause
"""One scan at a time: asks the radio, waits for it, asks again where it is busy, lets nothing wait for ever.

A radio scans for whoever asks first, and tells everybody the results.  A scan of ours that is wanted while another one
of ours runs takes its place; while somebody else's runs, the radio refuses, and the scan waits.
"""

from enum import Enum, auto

from wpsagent.ports import AbortScan, CommandFailed, ScanFinished, StationCommand, TriggerScan

SCAN_TIMEOUT = 30.0
"""Seconds in which a radio must have scanned; after them the scan counts as failed."""

BUSY_DELAY = 0.5
"""Seconds from a refused scan to the next try."""


class Outcome(Enum):
    """What an event means to the scan of ours."""

    STARTED = auto()
    DONE = auto()
    FOREIGN = auto()
    AGAIN = auto()
    FAILED = auto()


class Scanner:
    """Holds the scan that runs, and the one that is wanted instead of it."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.running: TriggerScan | None = None
        self.reason = ""
        self._started_at = 0.0
        self._waiting: TriggerScan | None = None
        self._is_aborting = False
        self._outbox: list[StationCommand] = []

    @property
    def is_busy(self) -> bool:
        """True while a scan runs or waits."""
        return self.running is not None or self._waiting is not None

    @property
    def started_at(self) -> float:
        """When the last scan of ours began."""
        return self._started_at

    def messages_to_send(self) -> list[StationCommand]:
        outbox, self._outbox = self._outbox, []
        return outbox

    def scan(self, scan: TriggerScan, now: float) -> None:
        """Scan, now or as soon as the radio can."""
        self._waiting = scan
        if self.running is None:
            self._begin(now)
        else:
            self._abort()

    def cancel(self) -> None:
        """No scan is wanted any more."""
        self._waiting = None
        if self.running is not None:
            self._abort()
        else:
            self.deadline = None

    def forget(self) -> None:
        """The radio is gone."""
        self.running = self._waiting = self.deadline = None
        self._is_aborting = False
        self._outbox.clear()

    def finished(self, event: ScanFinished, now: float) -> Outcome:
        """A scan is over.  AGAIN: it was ours, and is of no use."""
        if self.running is None:
            if self._waiting is not None:
                self._begin(now)  # whom we waited for is done
            return Outcome.FOREIGN
        was_unwanted = self._is_aborting
        scan = self._clear()
        if self._waiting is not None:
            self._begin(now)
            return Outcome.AGAIN
        if event.is_aborted and not was_unwanted:
            self._wait(scan, now)
            return Outcome.AGAIN
        return Outcome.FOREIGN if was_unwanted else Outcome.DONE

    def refused(self, event: CommandFailed, now: float) -> bool:
        """True if it was our scan that the radio refused; it is tried again by itself."""
        if self.running is None or event.command is not self.running:
            return False
        self.reason = event.reason
        was_unwanted = self._is_aborting
        scan = self._clear()
        if self._waiting is not None or not was_unwanted:
            self._wait(self._waiting or scan, now)
        return True

    def handle_timer(self, now: float) -> Outcome | None:
        """STARTED: a scan that waited has begun.  FAILED: the radio never said that it is done."""
        if self.deadline is None or now < self.deadline:
            return None
        self.deadline = None
        if self.running is None:
            self._begin(now)
            return Outcome.STARTED
        self._outbox.append(AbortScan())
        was_unwanted = self._is_aborting
        self._clear()
        if self._waiting is not None:
            self._begin(now)
            return Outcome.STARTED
        self.reason = "the radio did not finish its scan"
        return None if was_unwanted else Outcome.FAILED

    def _begin(self, now: float) -> None:
        scan, self._waiting = self._waiting, None
        if scan is not None:
            self.running, self._started_at = scan, now
            self.deadline = now + SCAN_TIMEOUT
            self._outbox.append(scan)

    def _wait(self, scan: TriggerScan | None, now: float) -> None:
        self._waiting, self.deadline = scan, now + BUSY_DELAY

    def _abort(self) -> None:
        if not self._is_aborting:
            self._is_aborting = True
            self._outbox.append(AbortScan())

    def _clear(self) -> TriggerScan | None:
        scan, self.running, self.deadline, self._is_aborting = self.running, None, None, False
        return scan
