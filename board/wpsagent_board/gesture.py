# SPDX-License-Identifier: BSD-3-Clause
"""From the level of a push-button to what a person meant: a pure machine fed with (time, level).

Debouncing: a level counts once it has stood for the settle time; every edge in between starts the wait again, and the
last level wins.  A spike that returns to the level that counted before is forgotten.  So a bouncing contact is one
press, and no press is lost because the one before was shorter than the settle time.

    RELEASED ──press──▶ PRESSED ──long_press──▶ LONG ──stuck──▶ STUCK
       ▲                   │ release: ShortPress  │ LongPress     │ Stuck
       └───────────────────┴──────────────────────┴──────release──┘
    Where a system has a meaning of its own for longer holds (OpenWrt: reset after five seconds), system_hold leaves
    them to it: then LONG ──system_hold──▶ YIELDED ──stuck──▶ STUCK, and LongPress is told at the release from LONG.
    HELD_AT_BOOT: pressed when the machine was made.  No gesture; Stuck if it lasts; ends with the release.

The two gestures follow the established meaning of a WPS button: a short press is for an access point, a hold of three
seconds and more for a station.  Times are seconds on one monotonic clock.  A time that runs backwards (an edge stamped
in another thread) is taken as the latest time seen.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum


class ReportOn(Enum):
    """When a short press is reported."""

    RELEASE = "release"
    PRESS = "press"  # at once after the settle time, for buttons whose long press means nothing


class State(Enum):
    RELEASED = "released"
    PRESSED = "pressed"
    LONG = "long"
    YIELDED = "yielded"
    STUCK = "stuck"
    HELD_AT_BOOT = "held at boot"


@dataclass(frozen=True, slots=True)
class ShortPress:
    """Pressed at `at`, for `seconds` (0 where presses are reported before their release)."""

    at: float
    seconds: float


@dataclass(frozen=True, slots=True)
class LongPress:
    """Pressed at `at` and held for the long-press time; no ShortPress follows.

    Reported while still held, but with system_hold at the release.
    """

    at: float


@dataclass(frozen=True, slots=True)
class Stuck:
    """Pressed at `at` and held for so long that the button or its wiring is suspect.  Once a hold."""

    at: float


Gesture = ShortPress | LongPress | Stuck


@dataclass(frozen=True, slots=True)
class GestureParameters:
    """settle, long_press, stuck, system_hold: seconds.  long_press None: a hold means nothing.

    system_hold: holds from here on are the system's, and no gesture of ours; None: all are ours.
    With report_on PRESS every press is reported as ShortPress right after the settle time and long_press is not used.
    """

    settle: float = 0.020
    long_press: float | None = 3.0
    stuck: float = 10.0
    report_on: ReportOn = ReportOn.RELEASE
    system_hold: float | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.settle <= 1:
            raise ValueError(f"settle is {self.settle} s, expected 0 to 1 s")
        if self.long_press is not None and not 0 < self.long_press < self.stuck:
            raise ValueError(
                f"long_press is {self.long_press} s, expected more than 0 and less than stuck ({self.stuck} s)"
            )
        if self.stuck <= 0:
            raise ValueError(f"stuck is {self.stuck} s, expected more than 0")
        if self.system_hold is not None and not (self.long_press or 0) < self.system_hold < self.stuck:
            raise ValueError(
                f"system_hold is {self.system_hold} s, expected more than long_press and less than stuck"
                f" ({self.stuck} s)"
            )


class GestureMachine:
    """Debounces one button and tells its gestures apart.

    is_pressed, now: the level and the time when the machine is made.
    """

    def __init__(
        self, parameters: GestureParameters | None = None, *, is_pressed: bool = False, now: float = 0.0
    ) -> None:
        self.parameters = parameters or GestureParameters()
        self.state = State.HELD_AT_BOOT if is_pressed else State.RELEASED
        self._now = now
        self._pressed_at = now
        self._pending_since: float | None = None  # the time of the last edge away from the level that counts
        self._events: deque[Gesture] = deque()

    @property
    def is_pressed(self) -> bool:
        """The debounced level."""
        return self.state is not State.RELEASED

    @property
    def deadline(self) -> float | None:
        """When handle_timer is next due, or None.  While a level settles, no hold is measured."""
        if self._pending_since is not None:
            return self._pending_since + self.parameters.settle
        hold = self._hold_limit()
        return None if hold is None else self._pressed_at + hold

    def feed(self, now: float, is_pressed: bool) -> None:
        """An edge, or a level read again: at `now` the button was pressed or not."""
        self.handle_timer(now)
        if is_pressed == self.is_pressed:
            self._pending_since = None
        else:
            self._pending_since = self._now

    def handle_timer(self, now: float, level: bool | None = None) -> None:
        """Do what is due at `now`; early and repeated calls do nothing.

        level: whether the button is pressed, read again at `now` where it can be: it wins over edges that were lost.
        """
        self._now = max(self._now, now)
        if level is not None and level == self.is_pressed:
            self._pending_since = None
        elif level is not None and self._pending_since is None:
            self._pending_since = self._now
        while (deadline := self.deadline) is not None and deadline <= self._now:
            if self._pending_since is not None:
                self._settle(self._pending_since)
            else:
                self._hold()

    def next_event(self) -> Gesture | None:
        """The next gesture, oldest first, or None."""
        return self._events.popleft() if self._events else None

    def _settle(self, since: float) -> None:
        """The level has stood: what counts changes, as of the time of its edge."""
        self._pending_since = None
        if self.state is State.RELEASED:
            self.state = State.PRESSED
            self._pressed_at = since
            if self.parameters.report_on is ReportOn.PRESS:
                self._events.append(ShortPress(since, 0.0))
        else:
            if self.state is State.PRESSED and self.parameters.report_on is ReportOn.RELEASE:
                self._events.append(ShortPress(self._pressed_at, since - self._pressed_at))
            elif self.state is State.LONG and self.parameters.system_hold is not None:
                self._events.append(LongPress(self._pressed_at))
            self.state = State.RELEASED

    def _hold_limit(self) -> float | None:
        """Seconds of hold after which something is to be reported, or None."""
        if self.state in (State.RELEASED, State.STUCK):
            return None
        if self.state is State.PRESSED and self._has_long_press:
            return self.parameters.long_press
        if self.state in (State.PRESSED, State.LONG) and self.parameters.system_hold is not None:
            return self.parameters.system_hold
        return self.parameters.stuck

    @property
    def _has_long_press(self) -> bool:
        return self.parameters.long_press is not None and self.parameters.report_on is ReportOn.RELEASE

    def _hold(self) -> None:
        is_yielding = self.parameters.system_hold is not None
        if self.state is State.PRESSED and self._has_long_press:
            self.state = State.LONG
            if not is_yielding:
                self._events.append(LongPress(self._pressed_at))
        elif self.state in (State.PRESSED, State.LONG) and is_yielding:
            self.state = State.YIELDED
        else:
            self.state = State.STUCK
            self._events.append(Stuck(self._pressed_at))
