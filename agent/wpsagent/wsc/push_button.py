# SPDX-License-Identifier: BSD-3-Clause
"""The push button of a registrar: walk time and session overlap (Wi-Fi Simple Configuration 2.0, section 11.3).

A press opens a session of WALK_TIME for exactly one enrolment.  Probe Requests and M1s with Device Password ID 4 are
remembered for MONITOR_TIME, whether a session is open or not; enrollees are told apart by UUID-E alone, because one
device may probe from several addresses.  More than one of them is an overlap:

- at the press, the press is refused (OverlapError);
- while the session is open, the session admits nobody any more; only the next accepted press clears this.

All intervals are half open: what begins at t and lasts 120 s is over at t + 120.0.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum

from wpsagent.errors import OverlapError
from wpsagent.octets import MacAddress

WALK_TIME = 120.0
"""Seconds from a press to the end of its session."""

MONITOR_TIME = 120.0
"""Seconds for which an enrollee in push-button mode is remembered."""

FINISHED_ENROLLEE_IGNORED = 5.0
"""Seconds for which Probe Requests of an enrollee that has just succeeded do not count: it may still be scanning."""

MAX_SIGHTINGS = 32
"""Enrollees remembered at once; the oldest makes room.  Two are enough to see an overlap."""


class SelectionEndReason(Enum):
    """Why the time of a button or a PIN ended."""

    SUCCEEDED = "succeeded"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    REPLACED = "replaced"  # by the other method: the last one wins; or used up for another registrar of the press


class Admission(Enum):
    """The answer to an M1 with Device Password ID 4."""

    ADMITTED = "admitted"
    NOT_ACTIVE = "not active"
    OVERLAP = "overlap"


@dataclass(frozen=True, slots=True)
class PushButtonStarted:
    """A session is open until ends_at; also when a press restarts a session that was open."""

    ends_at: float


@dataclass(frozen=True, slots=True)
class PushButtonEnded:
    reason: SelectionEndReason


@dataclass(frozen=True, slots=True)
class OverlapDetected:
    """More than one enrollee is in push-button mode: once for every refused press and every spoilt session."""


PushButtonEvent = PushButtonStarted | PushButtonEnded | OverlapDetected


@dataclass(frozen=True, slots=True)
class Sighting:
    """The last that was heard of an enrollee in push-button mode."""

    address: MacAddress
    seen_at: float


class PushButtonMonitor:
    """The button, and everybody who looks for a pressed one.

    session is a number that changes whenever a session ends otherwise than by time: who was admitted under an older
    number must not go on, because the press that admitted it has been used up or taken back.
    """

    def __init__(self) -> None:
        self._ends_at: float | None = None
        self.is_overlap_forced = False
        self.session = 0
        self._sightings: dict[bytes, Sighting] = {}  # by UUID-E, oldest first
        self._finished: dict[bytes, float] = {}  # by UUID-E: ignored until
        self._events: deque[PushButtonEvent] = deque()

    @property
    def is_active(self) -> bool:
        return self._ends_at is not None

    @property
    def deadline(self) -> float | None:
        return self._ends_at

    def handle_timer(self, now: float) -> None:
        """End the session when its walk time is over.  Every other method does this first."""
        if self._ends_at is not None and now >= self._ends_at:
            self._end(SelectionEndReason.TIMED_OUT)

    def next_event(self) -> PushButtonEvent | None:
        return self._events.popleft() if self._events else None

    def press(self, now: float) -> None:
        """Open a session, or restart the walk time of the open one; raises OverlapError and changes nothing else."""
        self.handle_timer(now)
        if self.would_refuse_press(now):
            self._events.append(OverlapDetected())
            raise OverlapError(
                "more than one device is in push-button mode: nobody can tell which one is yours; "
                f"stop all but one and press again after {MONITOR_TIME:.0f} seconds"
            )
        self.is_overlap_forced = False
        self._ends_at = now + WALK_TIME
        self._events.append(PushButtonStarted(self._ends_at))

    def would_refuse_press(self, now: float) -> bool:
        """True while more than one enrollee is in push-button mode."""
        return len(self.sightings(now)) > 1

    def enrollee_seen(self, uuid_e: bytes, address: MacAddress, now: float) -> None:
        """A Probe Request with Device Password ID 4 was received."""
        self.handle_timer(now)
        if self._is_just_finished(uuid_e, now):
            return
        self._remember(uuid_e, address, now)
        if self.is_active:
            self._detect_overlap(uuid_e, now)

    def admit(self, uuid_e: bytes, address: MacAddress, now: float) -> Admission:
        """An M1 with Device Password ID 4 was received: may this enrollee be served?"""
        self.handle_timer(now)
        if not self.is_active:
            self.enrollee_seen(uuid_e, address, now)
            return Admission.NOT_ACTIVE
        self._remember(uuid_e, address, now)
        return Admission.OVERLAP if self._detect_overlap(uuid_e, now) else Admission.ADMITTED

    def is_overlapping(self, uuid_e: bytes, session: int, now: float) -> bool:
        """True when an enrollee that was admitted to a session must not go on.

        The end of the walk time alone does not stop it: it was admitted in time.
        """
        self.handle_timer(now)
        return session != self.session or self._detect_overlap(uuid_e, now)

    def enrolment_succeeded(self, uuid_e: bytes, now: float) -> None:
        """The enrollee has its credential: the press is used up."""
        self.handle_timer(now)
        self._sightings.pop(uuid_e, None)
        self._finished = {uuid: until for uuid, until in self._finished.items() if now < until}
        self._finished[uuid_e] = now + FINISHED_ENROLLEE_IGNORED
        self._revoke(SelectionEndReason.SUCCEEDED)

    def cancel(self, now: float, reason: SelectionEndReason = SelectionEndReason.CANCELLED) -> None:
        """Take the press back; without an open session only those still being served are stopped."""
        self.handle_timer(now)
        self._revoke(reason)

    def sightings(self, now: float) -> dict[bytes, Sighting]:
        """Enrollees in push-button mode, by UUID-E, the one heard last at the end."""
        return {uuid_e: seen for uuid_e, seen in self._sightings.items() if now < seen.seen_at + MONITOR_TIME}

    def _remember(self, uuid_e: bytes, address: MacAddress, now: float) -> None:
        self._sightings.pop(uuid_e, None)
        if len(self._sightings) >= MAX_SIGHTINGS:
            del self._sightings[next(iter(self._sightings))]
        self._sightings[uuid_e] = Sighting(address, now)

    def _is_just_finished(self, uuid_e: bytes, now: float) -> bool:
        return now < self._finished.get(uuid_e, now)

    def _detect_overlap(self, uuid_e: bytes, now: float) -> bool:
        """True when somebody else is in push-button mode, or was during this session."""
        if not self.is_overlap_forced and self.sightings(now).keys() - {uuid_e}:
            self.is_overlap_forced = True
            self._events.append(OverlapDetected())
        return self.is_overlap_forced

    def _revoke(self, reason: SelectionEndReason) -> None:
        self.session += 1
        if self.is_active:
            self._end(reason)

    def _end(self, reason: SelectionEndReason) -> None:
        self._ends_at = None
        self._events.append(PushButtonEnded(reason))
