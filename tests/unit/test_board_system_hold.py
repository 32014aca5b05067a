# SPDX-License-Identifier: BSD-3-Clause
"""Holds that belong to the system: no gesture of ours comes of them (OpenWrt resets after five seconds)."""

from typing import Any

import pytest

from wpsagent_board.gesture import Gesture, GestureMachine, GestureParameters, LongPress, ReportOn, ShortPress, Stuck

ROUTER = GestureParameters(long_press=3.0, system_hold=5.0)


def about(value: float) -> Any:
    return pytest.approx(value)


def told(parameters: GestureParameters, held: float, until: float = 30.0) -> list[tuple[float, Gesture]]:
    """What a press of that length makes, and when; pressed at 1.0."""
    machine = GestureMachine(parameters)
    found: list[tuple[float, Gesture]] = []
    edges = [(1.0, True), (1.0 + held, False)]
    while edges or (machine.deadline is not None and machine.deadline <= until):
        deadline = machine.deadline
        if edges and (deadline is None or edges[0][0] <= deadline):
            now, level = edges.pop(0)
            machine.feed(now, level)
        else:
            assert deadline is not None
            now = deadline
            machine.handle_timer(now)
        while (event := machine.next_event()) is not None:
            found.append((round(now, 3), event))
    assert not machine.is_pressed
    return found


@pytest.mark.parametrize(
    ("held", "gestures"),
    [
        (0.3, [(1.32, ShortPress(1.0, about(0.3)))]),
        (2.9, [(3.92, ShortPress(1.0, about(2.9)))]),
        (3.1, [(4.12, LongPress(1.0))]),
        (4.9, [(5.92, LongPress(1.0))]),
        (5.1, []),
        (9.9, []),
        (12.0, [(11.0, Stuck(1.0))]),
    ],
)
def test_router_s_button(held: float, gestures: list[tuple[float, Gesture]]) -> None:
    assert told(ROUTER, held) == gestures


@pytest.mark.parametrize("report_on", list(ReportOn))
def test_without_it_a_long_press_is_told_while_held(report_on: ReportOn) -> None:
    found = told(GestureParameters(report_on=report_on), 6.0)
    expected = (4.0, LongPress(1.0)) if report_on is ReportOn.RELEASE else (1.02, ShortPress(1.0, 0.0))
    assert found == [expected]


def test_where_a_long_press_means_nothing_a_hold_is_still_the_systems() -> None:
    parameters = GestureParameters(long_press=None, system_hold=5.0)
    assert told(parameters, 4.0) == [(5.02, ShortPress(1.0, 4.0))]
    assert told(parameters, 6.0) == []


def test_the_release_that_ends_a_hold_of_the_system_is_followed_by_a_fresh_press() -> None:
    machine = GestureMachine(ROUTER)
    for now, level in ((1.0, True), (8.0, False), (9.0, True), (9.4, False)):
        machine.feed(now, level)
    machine.handle_timer(20.0)
    assert machine.next_event() == ShortPress(9.0, about(0.4))
    assert machine.next_event() is None


@pytest.mark.parametrize(
    "values", [{"system_hold": 3.0}, {"system_hold": 10.0}, {"system_hold": 0.0, "long_press": None}]
)
def test_senseless_holds_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"system_hold is .* expected more than long_press and less than stuck"):
        GestureParameters(**values)
