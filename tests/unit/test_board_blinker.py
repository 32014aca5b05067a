# SPDX-License-Identifier: BSD-3-Clause
"""The blinker: levels and deadlines of a pattern over time."""

from dataclasses import replace
from typing import Any

import pytest

from wpsagent_board.blinker import Blinker
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern


def about(value: float) -> Any:
    return pytest.approx(value)


def changes(blinker: Blinker, until: float) -> list[tuple[float, bool]]:
    """(time, level) at each deadline up to `until`."""
    seen = []
    while blinker.deadline is not None and blinker.deadline <= until:
        now = blinker.deadline
        blinker.handle_timer(now)
        seen.append((round(now, 6), blinker.level))
    return seen


def played(pattern: Pattern, start: float = 0.0) -> Blinker:
    blinker = Blinker()
    blinker.play(pattern, start)
    return blinker


def test_new_blinker_is_dark() -> None:
    blinker = Blinker()
    assert (blinker.level, blinker.deadline) == (False, None)


def test_in_progress_is_200_on_100_off() -> None:
    blinker = played(DEFAULT_PATTERNS["in_progress"], 7.0)
    assert blinker.level
    assert changes(blinker, 7.61) == [(7.2, False), (7.3, True), (7.5, False), (7.6, True)]


def test_overlap_is_five_flashes_and_a_pause() -> None:
    blinker = played(DEFAULT_PATTERNS["overlap"])
    times = [time for time, _ in changes(blinker, 3.0)]
    assert times == [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.5, 1.6, 1.7, 1.8, 1.9, 2.0, 2.1, 2.2, 2.3, 2.4, 3.0]


def test_success_is_on_for_300_seconds_then_idle() -> None:
    blinker = played(DEFAULT_PATTERNS["success"], 0.125)
    assert (blinker.level, blinker.deadline) == (True, 300.125)
    assert changes(blinker, 1000.0) == [(300.125, False)]
    assert blinker.pattern is DEFAULT_PATTERNS["idle"]
    assert blinker.deadline is None


def test_error_ends_after_120_seconds_in_the_middle_of_nothing() -> None:
    blinker = played(DEFAULT_PATTERNS["error"])
    blinker.handle_timer(119.95)
    assert (blinker.level, blinker.deadline) == (False, about(120.0))
    assert changes(blinker, 1000.0) == [(120.0, False)]


def test_end_of_a_pattern_comes_before_its_next_change() -> None:
    blinker = played(Pattern("x", ((500, 500),), lasts=0.7))
    assert changes(blinker, 10.0) == [(0.5, False), (0.7, False)]


def test_rounds_are_counted() -> None:
    blinker = played(Pattern("x", ((10, 10),), repeat=2, then=Pattern("y", ((1000, 0),))))
    assert changes(blinker, 10.0) == [(0.01, False), (0.02, True), (0.03, False), (0.04, True)]
    assert (blinker.pattern.name, blinker.deadline) == ("y", None)


def test_chain_of_ended_patterns_is_followed_at_once_after_a_stall() -> None:
    chain = Pattern("a", ((1000, 0),), lasts=1, then=Pattern("b", ((100, 100),), lasts=1, then=Pattern("c")))
    blinker = played(chain)
    blinker.handle_timer(1.15)
    assert (blinker.pattern.name, blinker.level, blinker.deadline) == ("b", False, about(1.2))
    blinker.handle_timer(50.0)
    assert (blinker.pattern.name, blinker.level, blinker.deadline) == ("c", False, None)


def test_stall_keeps_the_rhythm_and_makes_up_for_nothing() -> None:
    blinker = played(DEFAULT_PATTERNS["in_progress"])
    blinker.handle_timer(1000 * 0.3 + 0.25)
    assert (blinker.level, blinker.deadline) == (False, about(1001 * 0.3))


@pytest.mark.parametrize("start", [0.0, 0.1, 1 / 3, 86_400.7, 1e6 + 0.123457])
def test_timer_at_the_very_deadline_always_advances(start: float) -> None:
    blinker = played(replace(DEFAULT_PATTERNS["overlap"], lasts=None), start)
    for _ in range(1000):
        before = blinker.deadline
        assert before is not None
        level = blinker.level
        blinker.handle_timer(before)
        assert blinker.deadline is not None
        assert blinker.deadline > before
        assert blinker.level != level


def test_early_and_backward_timers_change_nothing() -> None:
    blinker = played(DEFAULT_PATTERNS["in_progress"], 5.0)
    for now in (5.1, 5.0, 4.0):
        blinker.handle_timer(now)
        assert (blinker.level, blinker.deadline) == (True, 5.2)


def test_pattern_that_starts_dark() -> None:
    blinker = played(Pattern("x", ((0, 300), (100, 0))))
    assert not blinker.level
    assert changes(blinker, 0.8) == [(0.3, True), (0.4, False), (0.7, True), (0.8, False)]
