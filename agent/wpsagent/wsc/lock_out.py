# SPDX-License-Identifier: BSD-3-Clause
"""AP Setup Locked: the answer of an access point to somebody who guesses its PIN (Wi-Fi Simple Configuration 2.0, 7.4).

The two halves of a PIN are proved separately, so 11 000 tries find it.  Failures are counted:

- in total, until a new AP PIN is set: from the 3rd on every failure locks;
- consecutively, until a registrar proves that it knows the PIN: from the 10th on the lock is for good.

A lock lasts 60 s at first; the period doubles when the total reaches 6, 9, … and no longer once it is a year.
The counters outlast a restart (LockOutState), otherwise a guesser would only have to make the device restart.
"""

import json
from collections import deque
from copy import copy
from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Self

from wpsagent.errors import DecodeError

FIRST_PERIOD = 60.0
LONGEST_DOUBLED_PERIOD = 31_536_000.0
FAILURES_BEFORE_LOCK = 3
CONSECUTIVE_FAILURES_BEFORE_GOOD = 10


class SetupLockMode(IntEnum):
    """ap_setup_locked as configured."""

    OPEN = 0
    LOCKED = 1  # nobody reads or changes the settings, and the beacons say so
    CHANGE_LOCKED = 2  # settings may be read, not changed; not advertised


@dataclass(frozen=True, slots=True)
class SetupLocked:
    """ends_at None: for good, until a new AP PIN is set."""

    ends_at: float | None


@dataclass(frozen=True, slots=True)
class SetupUnlocked:
    pass


LockOutEvent = SetupLocked | SetupUnlocked


@dataclass(frozen=True, slots=True)
class LockOutState:
    """What must outlast a restart.  period: of the last lock, 0 before the first.  seconds_left: 0 unless locked."""

    failures: int = 0
    consecutive_failures: int = 0
    period: float = 0.0
    is_locked: bool = False
    seconds_left: float = 0.0

    def encode(self) -> bytes:
        """As a JSON object."""
        return json.dumps(asdict(self), sort_keys=True).encode("ascii")

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From a JSON object; raises DecodeError for anything that encode() could not have written."""
        try:
            values = json.loads(octets)
        except (ValueError, RecursionError):
            raise DecodeError("the lock-out state is not JSON") from None
        if not isinstance(values, dict) or values.keys() != _MEMBERS.keys():
            raise DecodeError("the lock-out state is not an object of the expected members")
        for name, types in _MEMBERS.items():
            # The bound also refuses NaN and Infinity, which Python's JSON reader lets through; a bool is an int to it.
            if type(values[name]) not in types or not 0 <= values[name] <= _LARGEST_MEMBER:
                raise DecodeError(f"the lock-out state's {name} is not what it should be")
        return cls(**values)


_LARGEST_MEMBER = 1e12
_MEMBERS: dict[str, tuple[type, ...]] = {
    "failures": (int,),
    "consecutive_failures": (int,),
    "period": (int, float),
    "is_locked": (bool,),
    "seconds_left": (int, float),
}


class LockOut:
    """The lock.  Its owner saves state(now) after every call that changes it."""

    def __init__(
        self,
        now: float,
        *,
        mode: SetupLockMode = SetupLockMode.OPEN,
        first_period: float = FIRST_PERIOD,
        state: LockOutState | None = None,
    ) -> None:
        saved = state or LockOutState()
        self.mode = mode
        self.first_period = first_period
        self._failures = saved.failures
        self._consecutive_failures = saved.consecutive_failures
        self._period = saved.period
        self._is_locked = saved.is_locked
        self._events: deque[LockOutEvent] = deque()
        # After a restart the rest of the period runs anew: a clock that may have been set back is no measure.
        is_timed = saved.is_locked and not self.is_for_good and mode is not SetupLockMode.LOCKED
        self.deadline: float | None = now + saved.seconds_left if is_timed else None

    @property
    def is_for_good(self) -> bool:
        """True when only a new AP PIN can unlock."""
        return self._is_locked and self._consecutive_failures >= CONSECUTIVE_FAILURES_BEFORE_GOOD

    @property
    def is_locked(self) -> bool:
        """True when nobody may use the AP PIN."""
        return self._is_locked or self.mode is SetupLockMode.LOCKED

    @property
    def may_change(self) -> bool:
        """True when a registrar may give the access point new settings."""
        return not self.is_locked and self.mode is SetupLockMode.OPEN

    @property
    def is_advertised(self) -> bool:
        """True when beacons and probe responses carry AP Setup Locked."""
        return self.is_locked and self.mode is not SetupLockMode.CHANGE_LOCKED

    def state(self, now: float) -> LockOutState:
        """What to save."""
        seconds_left = max(0.0, self.deadline - now) if self.deadline is not None else 0.0
        return LockOutState(self._failures, self._consecutive_failures, self._period, self._is_locked, seconds_left)

    def next_event(self) -> LockOutEvent | None:
        return self._events.popleft() if self._events else None

    def after_failure(self, now: float) -> Self:
        """What this lock would be after one more failure."""
        other = copy(self)
        other._events = deque()
        other.authentication_failed(now)
        return other

    def authentication_failed(self, now: float) -> None:
        """A registrar has failed to prove that it knows the AP PIN (R-Hash1 or R-Hash2)."""
        self.handle_timer(now)
        self._failures += 1
        self._consecutive_failures += 1
        if self._failures < FAILURES_BEFORE_LOCK:
            return
        self._is_locked = True
        self.deadline = self._next_unlock(now)
        self._events.append(SetupLocked(self.deadline))

    def authentication_succeeded(self, now: float) -> None:
        """A registrar has proved that it knows the AP PIN (M6 verified): total and period stay as they are."""
        self.handle_timer(now)
        self._consecutive_failures = 0
        # A run that began before the lock may end after it: what was for good runs on as a timed lock.
        if self._is_locked and self.deadline is None and self.mode is not SetupLockMode.LOCKED:
            self.deadline = now + (self._period or self.first_period)

    def reset(self, now: float) -> None:
        """A new AP PIN was set: everything begins anew, and LOCKED is over, as in hostapd: why else set a PIN?"""
        self.handle_timer(now)
        self._failures = self._consecutive_failures = 0
        self._period = 0.0
        if self.mode is SetupLockMode.LOCKED:
            self.mode = SetupLockMode.OPEN
            self._is_locked = True
        self._unlock()

    def set_mode(self, mode: SetupLockMode, now: float) -> None:
        """Another ap_setup_locked; what failures have locked stays so."""
        self.handle_timer(now)
        was_locked, self.mode = self.is_locked, mode
        if self._is_locked and not self.is_for_good and mode is not SetupLockMode.LOCKED:
            self.deadline = self.deadline or now + (self._period or self.first_period)
        elif mode is SetupLockMode.LOCKED:
            self.deadline = None
        if self.is_locked != was_locked:
            self._events.append(SetupLocked(self.deadline) if self.is_locked else SetupUnlocked())

    def handle_timer(self, now: float) -> None:
        """Unlock when the period is over."""
        if self.deadline is not None and now >= self.deadline:
            self._unlock()

    def _next_unlock(self, now: float) -> float | None:
        if self.mode is SetupLockMode.LOCKED or self.is_for_good:
            return None
        if self._period == 0:
            self._period = self.first_period
        elif self._period < LONGEST_DOUBLED_PERIOD and self._failures % 3 == 0:
            self._period *= 2
        return now + self._period

    def _unlock(self) -> None:
        self.deadline = None
        if self._is_locked:
            self._is_locked = False
            self._events.append(SetupUnlocked())
