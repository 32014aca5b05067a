# SPDX-License-Identifier: BSD-3-Clause
"""The gesture machine: debouncing, short and long presses, holds."""

from typing import Any

import pytest

from wpsagent_board.gesture import (
    Gesture,
    GestureMachine,
    GestureParameters,
    LongPress,
    ReportOn,
    ShortPress,
    State,
    Stuck,
)

ON_PRESS = GestureParameters(report_on=ReportOn.PRESS)


def about(value: float) -> Any:
    return pytest.approx(value)


def state_of(machine: GestureMachine) -> State:
    return machine.state


def events(machine: GestureMachine) -> list[Gesture]:
    drained = []
    while (event := machine.next_event()) is not None:
        drained.append(event)
    return drained


def play(machine: GestureMachine, *edges: tuple[float, bool], until: float) -> list[tuple[float, Gesture]]:
    """Feed edges and run the timer at each deadline, as an owner does; gestures with the time they were told."""
    told: list[tuple[float, Gesture]] = []
    pending = list(edges)
    while True:
        deadline = machine.deadline
        if pending and (deadline is None or pending[0][0] <= deadline):
            now, level = pending.pop(0)
            machine.feed(now, level)
        elif deadline is not None and deadline <= until:
            now = deadline
            machine.handle_timer(now)
        else:
            return told
        told += [(now, event) for event in events(machine)]


def test_short_press_is_told_at_its_release_with_its_length() -> None:
    told = play(GestureMachine(), (1.0, True), (1.5, False), until=20.0)
    assert told == [(about(1.52), ShortPress(1.0, 0.5))]


def test_nothing_is_due_before_a_press_and_after_a_release() -> None:
    machine = GestureMachine()
    assert machine.deadline is None
    play(machine, (1.0, True), (1.5, False), until=20.0)
    assert (machine.deadline, machine.state, machine.is_pressed) == (None, State.RELEASED, False)


def test_level_counts_only_after_the_settle_time() -> None:
    machine = GestureMachine()
    machine.feed(1.0, True)
    assert machine.deadline == about(1.020)
    machine.handle_timer(1.0199)
    assert state_of(machine) is State.RELEASED
    machine.handle_timer(1.020001)
    assert state_of(machine) is State.PRESSED
    assert machine.is_pressed


def test_twenty_edges_in_ten_milliseconds_are_one_press() -> None:
    bounce = [(1.0 + n * 0.0005, n % 2 == 0) for n in range(20)] + [(1.01, True)]
    release = [(1.2 + n * 0.0005, n % 2 == 1) for n in range(20)] + [(1.21, False)]
    told = play(GestureMachine(), *bounce, *release, until=20.0)
    assert [event for _, event in told] == [ShortPress(1.01, about(0.2))]


def test_spike_shorter_than_the_settle_time_is_no_press() -> None:
    machine = GestureMachine()
    assert play(machine, (1.0, True), (1.015, False), until=20.0) == []
    assert machine.deadline is None


def test_gap_shorter_than_the_settle_time_does_not_end_a_press() -> None:
    told = play(GestureMachine(), (1.0, True), (1.5, False), (1.51, True), (2.0, False), until=20.0)
    assert [event for _, event in told] == [ShortPress(1.0, 1.0)]


def test_same_level_twice_starts_the_settle_time_again() -> None:
    machine = GestureMachine()
    machine.feed(1.0, True)
    machine.feed(1.01, True)
    assert machine.deadline == about(1.03)


def test_two_presses_right_after_another_are_two() -> None:
    told = play(GestureMachine(), (1.0, True), (1.03, False), (1.06, True), (1.09, False), until=20.0)
    assert [event.at for _, event in told] == [1.0, 1.06]


def test_long_press_is_told_at_its_threshold_and_not_again_at_the_release() -> None:
    told = play(GestureMachine(), (1.0, True), (5.0, False), until=20.0)
    assert told == [(4.0, LongPress(1.0))]


def test_release_just_before_the_threshold_is_a_short_press_though_it_settles_after_it() -> None:
    told = play(GestureMachine(), (1.0, True), (3.99, False), until=20.0)
    assert told == [(about(4.01), ShortPress(1.0, about(2.99)))]


def test_gap_at_the_threshold_only_delays_the_long_press() -> None:
    told = play(GestureMachine(), (1.0, True), (3.995, False), (4.01, True), (6.0, False), until=20.0)
    assert [event for _, event in told] == [LongPress(1.0)]


def test_hold_of_ten_seconds_is_stuck_once() -> None:
    machine = GestureMachine()
    told = play(machine, (1.0, True), until=100.0)
    assert told == [(4.0, LongPress(1.0)), (11.0, Stuck(1.0))]
    assert machine.deadline is None
    assert state_of(machine) is State.STUCK
    assert play(machine, (200.0, False), (201.0, True), (201.1, False), until=300.0) == [
        (about(201.12), ShortPress(201.0, about(0.1)))
    ]


def test_hold_means_nothing_without_a_long_press_but_stuck() -> None:
    machine = GestureMachine(GestureParameters(long_press=None))
    assert play(machine, (1.0, True), (6.0, False), until=20.0) == [(about(6.02), ShortPress(1.0, 5.0))]
    assert play(machine, (30.0, True), (50.0, False), until=60.0) == [(40.0, Stuck(30.0))]


def test_button_held_at_boot_is_ignored_until_it_is_released() -> None:
    machine = GestureMachine(is_pressed=True, now=0.0)
    assert state_of(machine) is State.HELD_AT_BOOT
    assert machine.is_pressed
    assert play(machine, (5.0, False), until=6.0) == []
    assert state_of(machine) is State.RELEASED
    assert play(machine, (7.0, True), (7.1, False), until=8.0) == [(about(7.12), ShortPress(7.0, about(0.1)))]


def test_button_held_at_boot_for_long_is_stuck() -> None:
    machine = GestureMachine(is_pressed=True, now=2.0)
    assert play(machine, until=100.0) == [(12.0, Stuck(2.0))]


def test_press_is_told_within_the_settle_time_where_asked() -> None:
    told = play(GestureMachine(ON_PRESS), (1.0, True), (1.5, False), until=20.0)
    assert told == [(about(1.02), ShortPress(1.0, 0.0))]


def test_hold_told_on_press_is_no_long_press_but_stuck() -> None:
    told = play(GestureMachine(ON_PRESS), (1.0, True), (15.0, False), until=20.0)
    assert [event for _, event in told] == [ShortPress(1.0, 0.0), Stuck(1.0)]


def test_late_owner_gets_the_same_gestures() -> None:
    machine = GestureMachine()
    machine.feed(1.0, True)
    machine.feed(6.0, False)
    machine.feed(7.0, True)
    machine.feed(7.5, False)
    machine.handle_timer(99.0)
    assert events(machine) == [LongPress(1.0), ShortPress(7.0, 0.5)]


def test_time_that_runs_backwards_is_taken_as_the_latest_seen() -> None:
    machine = GestureMachine()
    machine.handle_timer(5.0)
    machine.feed(4.0, True)
    assert machine.deadline == about(5.02)


def test_line_read_again_wins_over_a_lost_release() -> None:
    machine = GestureMachine()
    machine.feed(1.0, True)
    machine.handle_timer(1.02, False)  # the edge back was lost: the press was a spike
    assert state_of(machine) is State.RELEASED
    assert machine.deadline is None


def test_line_read_again_wins_over_a_lost_edge_while_held() -> None:
    machine = GestureMachine()
    machine.feed(1.0, True)
    machine.handle_timer(1.02, True)
    assert state_of(machine) is State.PRESSED
    machine.handle_timer(2.0, False)
    machine.handle_timer(2.01, False)  # still settling: the second reading does not start it again
    assert machine.deadline == about(2.02)
    machine.handle_timer(2.02, False)
    assert events(machine) == [ShortPress(1.0, 1.0)]


def test_settle_time_of_zero_counts_every_edge() -> None:
    machine = GestureMachine(GestureParameters(settle=0.0))
    told = play(machine, (1.0, True), (1.001, False), until=2.0)
    assert [event for _, event in told] == [ShortPress(1.0, about(0.001))]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"settle": -0.1}, "settle is -0.1 s, expected 0 to 1 s"),
        ({"settle": 1.1}, "settle is 1.1 s, expected 0 to 1 s"),
        ({"long_press": 0.0}, "long_press is 0.0 s, expected more than 0 and less than stuck (10.0 s)"),
        ({"long_press": 10.0}, "long_press is 10.0 s, expected more than 0 and less than stuck (10.0 s)"),
        ({"long_press": None, "stuck": 0.0}, "stuck is 0.0 s, expected more than 0"),
    ],
)
def test_senseless_parameters_are_refused(values: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError) as caught:
        GestureParameters(**values)
    assert str(caught.value) == text
