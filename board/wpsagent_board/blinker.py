# SPDX-License-Identifier: BSD-3-Clause
"""Plays patterns: a pure machine that says which level an indicator has now and when that changes next.

The level is computed from the time since the pattern began, not counted, so that a stall of the owner neither shifts
the rhythm nor is made up for by a burst of changes.  Times are seconds on one monotonic clock; inside they are whole
microseconds, so that a timer that fires exactly at its deadline is never a hair too early.
"""

from itertools import accumulate

from wpsagent_board.pattern import Pattern

_DARK = Pattern("dark")


class Blinker:
    """`level` and `deadline` hold from one call of play or handle_timer to the next."""

    def __init__(self) -> None:
        self.pattern = _DARK
        self.level = False
        self.deadline: float | None = None
        self._started = 0.0

    def play(self, pattern: Pattern, now: float) -> None:
        """Show a pattern from its beginning."""
        self.pattern = pattern
        self._started = now
        self.handle_timer(now)

    def handle_timer(self, now: float) -> None:
        """Bring level and deadline up to `now`; early and repeated calls do nothing."""
        elapsed = max(0, round((now - self._started) * 1_000_000))
        while (total := self.pattern.total_us) is not None and elapsed >= total:
            elapsed -= total
            self._started += total / 1_000_000
            self.pattern = self.pattern.then or _DARK
        self.level, change = _phase_at(self.pattern, elapsed)
        boundaries = [boundary for boundary in (change, total) if boundary is not None]
        self.deadline = self._started + min(boundaries) / 1_000_000 if boundaries else None


def _phase_at(pattern: Pattern, elapsed_us: int) -> tuple[bool, int | None]:
    """(level, the time of the next change in microseconds since the pattern began, or None)."""
    if pattern.is_dark or pattern.is_solid:
        return pattern.is_solid, None
    position = elapsed_us % pattern.period_us
    levels, durations = zip(*pattern.phases(), strict=True)
    level, ends = next(
        (level, ends) for level, ends in zip(levels, accumulate(durations), strict=True) if position < ends
    )
    return level, elapsed_us - position + ends
