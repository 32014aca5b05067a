# SPDX-License-Identifier: BSD-3-Clause
"""What a button really does, measured."""

from typing import Any

import pytest
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board.press_meter import Press, PressMeter
from wpsagent_board.simulated import SimulatedButton


def about(value: float) -> Any:
    return pytest.approx(value)


class Bench:
    def __init__(self, *, is_pressed: bool = False) -> None:
        self.clock = ManualLoop()
        self.source = SimulatedButton(self.clock.loop, is_pressed=is_pressed)
        self.presses: list[Press] = []
        self.meter = PressMeter(self.source, self.clock.loop, self.presses.append, 0.03)


def test_clean_press_is_measured() -> None:
    bench = Bench()
    bench.source.press_for(0.4)
    bench.clock.advance(1.0)
    assert bench.presses == [Press(about(0.4), 0)]


def test_bounces_are_the_edges_beyond_two_of_each_press() -> None:
    bench = Bench()
    bench.source.bounce(21)
    bench.clock.advance(0.5)
    bench.source.bounce(3)
    bench.clock.advance(0.5)
    bench.source.press_for(6.0)
    bench.clock.advance(7.0)
    assert bench.presses == [Press(about(0.5), 22), Press(about(6.0), 0)]


def test_stuck_button_is_told_while_it_is_held() -> None:
    bench = Bench()
    bench.source.press()
    bench.clock.advance(11.0)
    assert bench.presses == [Press(10.0, 0, is_stuck=True)]
    assert bench.meter.is_pressed


def test_button_that_is_pressed_from_the_start_is_known_and_no_press() -> None:
    bench = Bench(is_pressed=True)
    assert bench.meter.is_pressed
    bench.clock.advance(1.0)
    bench.source.release()
    bench.clock.advance(1.0)
    assert bench.presses == []


def test_nothing_is_told_after_the_end() -> None:
    bench = Bench()
    bench.meter.close()
    bench.source.press_for(0.4)
    bench.clock.advance(1.0)
    assert bench.presses == []
