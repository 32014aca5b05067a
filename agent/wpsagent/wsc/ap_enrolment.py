# SPDX-License-Identifier: BSD-3-Clause
"""The AP PIN: by which an external registrar reads and changes the settings of an access point, and who may try it.

Wi-Fi Simple Configuration 2.0, sections 7.4 (AP Setup Locked) and 8.2 (the access point as Enrollee).  One
AccessPointEnrolment stands behind all networks that share a button, so that a guesser wins nothing by going from one
to the next; it is the one owner of the PIN and of the lock.

What a guesser may try, and why it does not help:

- Many stations at once: every run asks the lock again at M4, M6 and M8, before it looks at what the registrar proves.
  However many runs have been brought up to M3, the failure that locks is the last that any of them tells anything by.
- To go away at the right moment: the failure is counted and saved before WSC_NACK is made.  A run that ends before the
  registrar has shown a half of the PIN has told it nothing: E-SNonce1 and E-SNonce2, without which M3 is of no use
  offline, leave only with M5 and M7, after the half in question was proved.
- To cut the power: a failure is saved before the proof is looked at, and taken back if the proof is right, so that the
  silence after a wrong one cannot be cut short; a lock that was cut short begins anew.
- To wait for a new PIN: runs that began with another PIN, or with one that has been taken back, are refused.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from wpsagent.errors import UsageError
from wpsagent.ports import Entropy
from wpsagent.wsc.lock_out import FIRST_PERIOD, LockOut, LockOutEvent, LockOutState, SetupLocked, SetupLockMode
from wpsagent.wsc.pin import PinCheck, check_pin, generate_pin


@dataclass(frozen=True, slots=True)
class ApPinEnabled:
    """There is an AP PIN, until ends_at (None: for ever)."""

    ends_at: float | None


@dataclass(frozen=True, slots=True)
class ApPinDisabled:
    """There is no AP PIN any more: its time is over, it was taken back, or somebody guessed."""


ApEnrolmentEvent = LockOutEvent | ApPinEnabled | ApPinDisabled


@dataclass(frozen=True, slots=True)
class ApEnrolmentParameters:
    """pin: the static AP PIN; mode, first_period: ap_setup_locked and the seconds of the first lock.

    drops_pin: the failure that would lock takes the PIN back instead, as in wpa_supplicant's access point mode.
    """

    pin: bytes | None = field(default=None, repr=False)
    mode: SetupLockMode = SetupLockMode.OPEN
    first_period: float = FIRST_PERIOD
    drops_pin: bool = False


class AccessPointEnrolment:
    """The AP PIN and its lock.

    state: what was saved before the restart (LockOutState.decode).  save gets the octets of every later state, before
    the call that brought it about returns, and so before the registrar hears of it; it must not raise.
    """

    def __init__(
        self,
        entropy: Entropy,
        parameters: ApEnrolmentParameters | None = None,
        *,
        now: float = 0.0,
        state: LockOutState | None = None,
        save: Callable[[bytes], None] | None = None,
    ) -> None:
        parameters = parameters or ApEnrolmentParameters()
        self._entropy = entropy
        self._pin = parameters.pin or None
        self._pin_ends_at: float | None = None
        self._drops_pin = parameters.drops_pin
        self._lock = LockOut(now, mode=parameters.mode, first_period=parameters.first_period, state=state)
        self._save = save
        self._saved = _memory(self._lock)
        self._events: deque[ApEnrolmentEvent] = deque()

    # ---- the PIN

    @property
    def ap_pin(self) -> bytes | None:
        """ASCII digits; None while there is none."""
        return self._pin

    def set_ap_pin(self, pin: bytes, now: float, *, timeout: float = 0) -> None:
        """Another PIN, for so many seconds (0: for ever).  What failed with the one before is forgotten.

        Raises UsageError.  A PIN whose check digit is wrong is taken: there are labels that bear one.
        """
        if check_pin(pin) is PinCheck.WRONG_LENGTH:
            raise UsageError("an AP PIN has 4 or 8 digits")
        if timeout < 0:
            raise UsageError(f"an AP PIN's timeout is 0 (for ever) or a number of seconds, not {timeout:g}")
        self._pin = pin
        self._pin_ends_at = now + timeout if timeout else None
        self._lock.reset(now)
        self._events.append(ApPinEnabled(self._pin_ends_at))
        self._settle(now)

    def new_ap_pin(self, now: float, *, timeout: float = 0) -> bytes:
        """A random PIN of eight digits, set and returned; raises UsageError, AgentError."""
        pin = generate_pin(self._entropy)
        self.set_ap_pin(pin, now, timeout=timeout)
        return pin

    def disable_ap_pin(self) -> None:
        """No registrar may use a PIN, those that are at it included; the lock stays as it is."""
        if self._pin is not None:
            self._pin, self._pin_ends_at = None, None
            self._events.append(ApPinDisabled())

    # ---- the lock

    @property
    def is_locked(self) -> bool:
        """True when nobody may use the AP PIN."""
        return self._lock.is_locked

    @property
    def may_change(self) -> bool:
        """True when a registrar may give the access point new settings."""
        return self._lock.may_change

    @property
    def is_advertised(self) -> bool:
        """True when beacons and probe responses carry AP Setup Locked."""
        return self._lock.is_advertised

    @property
    def mode(self) -> SetupLockMode:
        """ap_setup_locked: as configured, or as it has become."""
        return self._lock.mode

    @property
    def guessing_lock(self) -> SetupLocked | None:
        """The lock that wrong PINs have brought about, None where there is none."""
        is_guessed = self._lock.is_locked and self._lock.mode is not SetupLockMode.LOCKED
        return SetupLocked(self._lock.deadline) if is_guessed else None

    def set_mode(self, mode: SetupLockMode, now: float) -> None:
        """ap_setup_locked was set while the network runs; what failed so far is not forgotten."""
        self._lock.set_mode(mode, now)
        self._settle(now)

    def set_first_period(self, seconds: float) -> None:
        """How long the first lock is to last that comes from now on."""
        self._lock.first_period = seconds

    # ---- runs

    def begin(self) -> "ApPinUse":
        """The PIN as it is now, and the lock, for one run."""
        return ApPinUse(self, self._pin)

    def proof_comes(self, now: float) -> None:
        """A registrar's proof is about to be looked at: who cuts the power now finds it counted as wrong."""
        self._write(self._lock.after_failure(now), now)

    def half_proved(self, now: float) -> None:
        """A registrar proved that it knows the first half."""
        self._settle(now)

    def authentication_failed(self, now: float) -> None:
        """A registrar did not know the AP PIN."""
        self._lock.authentication_failed(now)
        if self._drops_pin and self._lock.is_locked:
            self._lock.reset(now)
            while self._lock.next_event() is not None:
                pass  # closed and open again before anybody could see it
            self.disable_ap_pin()
        self._settle(now)

    def authentication_succeeded(self, now: float) -> None:
        """A registrar proved that it knows both halves."""
        self._lock.authentication_succeeded(now)
        self._settle(now)

    # ---- the door

    def next_event(self) -> ApEnrolmentEvent | None:
        return self._events.popleft() if self._events else None

    @property
    def deadline(self) -> float | None:
        times = (self._pin_ends_at, self._lock.deadline)
        return min((time for time in times if time is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """Unlock, and take back a PIN whose time is over."""
        if self._pin_ends_at is not None and now >= self._pin_ends_at:
            self.disable_ap_pin()
        self._lock.handle_timer(now)
        self._settle(now)

    def _settle(self, now: float) -> None:
        """Save first, then tell."""
        self._write(self._lock, now)
        while (event := self._lock.next_event()) is not None:
            self._events.append(event)

    def _write(self, lock: LockOut, now: float) -> None:
        if _memory(lock) != self._saved:
            self._saved = _memory(lock)
            if self._save is not None:
                self._save(lock.state(now).encode())


def _memory(lock: LockOut) -> tuple[LockOutState, float | None]:
    """What must be saved when it changes: the state, and the end of the lock instead of the seconds left."""
    return lock.state(lock.deadline or 0.0), lock.deadline


class ApPinUse:
    """What one run has of the AP PIN: the `ApLock` of its Enrollee."""

    def __init__(self, enrolment: AccessPointEnrolment, pin: bytes | None) -> None:
        self.password = pin
        self._enrolment = enrolment

    @property
    def is_locked(self) -> bool:
        """True also when the PIN is no longer the one with which the run began."""
        return self._enrolment.is_locked or self._enrolment.ap_pin != self.password

    @property
    def may_change(self) -> bool:
        return self._enrolment.may_change and not self.is_locked

    def proof_comes(self, now: float) -> None:
        self._enrolment.proof_comes(now)

    def half_proved(self, now: float) -> None:
        self._enrolment.half_proved(now)

    def authentication_failed(self, now: float) -> None:
        self._enrolment.authentication_failed(now)

    def authentication_succeeded(self, now: float) -> None:
        self._enrolment.authentication_succeeded(now)
