# SPDX-License-Identifier: BSD-3-Clause
"""One scan at a time: asks the radio, waits for it, asks again where it is busy, lets nothing wait for ever.

A radio scans for whoever asks first, and tells everybody the results.  While it scans for somebody else it refuses, and
our scan waits.  A scan of ours that is no longer wanted is aborted; its results count like those of anybody.
"""

from enum import Enum, auto

from wpsagent.ports import AbortScan, CommandFailed, ScanFinished, StationCommand, TriggerScan

SCAN_TIMEOUT = 30.0
"""Seconds in which a radio must have scanned; after them the scan counts as failed."""

BUSY_DELAY = 0.5
"""Seconds from a refused scan to the next try."""


class Outcome(Enum):
    """What the end of a scan means to us."""

    DONE = auto()
    FOREIGN = auto()
    AGAIN = auto()


class Scanner:
    """Holds the scan that runs, or the one that waits until the radio can."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self.running: TriggerScan | None = None
        self.reason = ""
        """Why the last scan was refused, or failed."""
        self._waiting: TriggerScan | None = None
        self._is_aborting = False
        self._outbox: list[StationCommand] = []

    @property
    def is_busy(self) -> bool:
        """True while a scan runs or waits."""
        return self.running is not None or self._waiting is not None

    def messages_to_send(self) -> list[StationCommand]:
        outbox, self._outbox = self._outbox, []
        return outbox

    def scan(self, scan: TriggerScan, now: float) -> None:
        """Scan; to be called when it is not busy."""
        self.running, self._waiting, self.deadline = scan, None, now + SCAN_TIMEOUT
        self._outbox.append(scan)

    def cancel(self) -> None:
        """No scan is wanted any more; it is busy until the one that runs is over."""
        self._waiting = None
        if self.running is None:
            self.deadline = None
        elif not self._is_aborting:
            self._is_aborting = True
            self._outbox.append(AbortScan())

    def forget(self) -> None:
        """The radio is gone."""
        self._waiting = None
        self._clear()
        self._outbox.clear()

    def finished(self, event: ScanFinished, now: float) -> Outcome:
        """A scan is over.  AGAIN: it was ours, is of no use, and will be done again."""
        if self.running is None:
            self._try_again(now)  # whom we waited for is done
            return Outcome.FOREIGN
        was_unwanted = self._is_aborting
        scan = self._clear()
        if was_unwanted:
            return Outcome.FOREIGN
        if event.is_aborted:
            self._wait(scan, now)
            return Outcome.AGAIN
        return Outcome.DONE

    def refused(self, event: CommandFailed, now: float) -> bool:
        """True if it was our scan that the radio refused; it is tried again by itself."""
        if self.running is None or event.command is not self.running:
            return False
        self.reason = event.reason
        was_unwanted = self._is_aborting
        scan = self._clear()
        if not was_unwanted:
            self._wait(scan, now)
        return True

    def handle_timer(self, now: float) -> bool:
        """Do what is due; True if a scan has failed: the radio never said that it is done."""
        if self.deadline is None or now < self.deadline:
            return False
        if self.running is None:
            self._try_again(now)
            return False
        self._outbox.append(AbortScan())
        was_unwanted = self._is_aborting
        self._clear()
        self.reason = "the radio did not finish its scan"
        return not was_unwanted

    def _try_again(self, now: float) -> None:
        if self._waiting is not None:
            self.scan(self._waiting, now)

    def _wait(self, scan: TriggerScan | None, now: float) -> None:
        self._waiting, self.deadline = scan, now + BUSY_DELAY

    def _clear(self) -> TriggerScan | None:
        scan, self.running, self.deadline, self._is_aborting = self.running, None, None, False
        return scan
