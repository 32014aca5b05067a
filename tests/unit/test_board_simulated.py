# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board, and through it the button and the player in a loop."""

import logging
from itertools import pairwise

import pytest
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board.button import Button
from wpsagent_board.errors import BoardError
from wpsagent_board.gesture import Gesture, GestureParameters, LongPress, ReportOn, ShortPress, Stuck
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern
from wpsagent_board.player import LoopPlayer
from wpsagent_board.simulated import SimulatedButton, SimulatedIndicator


class Rig:
    """A button, its source and what it told."""

    def __init__(self, parameters: GestureParameters | None = None, is_pressed: bool = False) -> None:
        self.clock = ManualLoop()
        self.source = SimulatedButton(self.clock.loop, is_pressed=is_pressed)
        self.told: list[tuple[float, Gesture]] = []
        self.button = Button(self.source, self.clock.loop, self.tell, parameters)

    def tell(self, gesture: Gesture) -> None:
        self.told.append((round(self.clock.now, 6), gesture))

    @property
    def kinds(self) -> list[type[Gesture]]:
        return [type(gesture) for _, gesture in self.told]


def test_short_press_is_told_after_its_release() -> None:
    rig = Rig()
    rig.source.press_for(0.5)
    rig.clock.advance(1.0)
    assert rig.told == [(100.52, ShortPress(100.0, 0.5))]
    assert rig.clock.timers == []


def test_press_is_told_20_ms_after_the_edge_where_asked() -> None:
    rig = Rig(GestureParameters(report_on=ReportOn.PRESS))
    rig.source.press()
    rig.clock.advance(0.1)
    assert rig.told == [(100.02, ShortPress(100.0, 0.0))]
    assert rig.button.is_pressed


def test_long_press_and_stuck_are_told_while_held() -> None:
    rig = Rig()
    rig.source.press()
    rig.clock.advance(60.0)
    assert rig.told == [(103.0, LongPress(100.0)), (110.0, Stuck(100.0))]


def test_chatter_is_one_press() -> None:
    rig = Rig()
    rig.source.bounce(21)
    rig.clock.advance(0.3)
    rig.source.bounce(21)
    rig.clock.advance(1.0)
    assert rig.kinds == [ShortPress]


def test_chatter_that_ends_where_it_began_is_nothing() -> None:
    rig = Rig()
    rig.source.bounce(20)
    rig.clock.advance(60.0)
    assert rig.told == []


def test_button_held_at_boot_is_ignored() -> None:
    rig = Rig(is_pressed=True)
    rig.clock.advance(2.0)
    rig.source.release()
    rig.clock.advance(2.0)
    rig.source.press_for(0.1)
    rig.clock.advance(2.0)
    assert [(told, gesture.at) for told, gesture in rig.told] == [(104.12, 104.0)]


def test_release_whose_edge_was_lost_is_seen_when_the_line_is_read_again() -> None:
    rig = Rig()
    rig.source.press()
    rig.source._is_pressed = False
    rig.clock.advance(60.0)
    assert rig.told == []


class UnreadableButton(SimulatedButton):
    """A source that can be read when it is opened and never again."""

    readings = 0

    @property
    def is_pressed(self) -> bool:
        self.readings += 1
        if self.readings > 2:
            raise BoardError("GPIO 17 cannot be used: unknown handle")
        return False


def test_source_that_cannot_be_started_is_closed() -> None:
    clock = ManualLoop()
    source = UnreadableButton(clock.loop)
    source.readings = 1
    with pytest.raises(BoardError, match=r"^GPIO 17 cannot be used: unknown handle$"):
        Button(source, clock.loop, lambda gesture: None)
    assert source._callback is None


def test_line_that_cannot_be_read_again_goes_by_its_edges(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualLoop()
    source = UnreadableButton(clock.loop)
    told: list[Gesture] = []
    Button(source, clock.loop, told.append)
    with caplog.at_level(logging.WARNING):
        source.press_for(0.5)
        clock.advance(1.0)
    assert told == [ShortPress(100.0, 0.5)]
    assert set(caplog.messages) == {"the button goes by its edges alone: GPIO 17 cannot be used: unknown handle"}


def test_closed_button_tells_nothing() -> None:
    rig = Rig()
    rig.source.press()
    rig.button.close()
    rig.button.close()
    rig.source.release()
    rig.clock.advance(60.0)
    assert rig.told == []
    assert rig.clock.timers == []


def test_handler_that_closes_the_button_leaves_no_timer() -> None:
    rig = Rig(GestureParameters(report_on=ReportOn.PRESS))
    rig.button._handler = lambda gesture: rig.button.close()
    rig.source.press()
    rig.clock.advance(0.5)
    assert rig.clock.timers == []
    rig.button._edge(rig.clock.now, False)
    assert rig.clock.timers == []


def test_press_of_a_level_that_is_already_there_is_no_edge() -> None:
    clock = ManualLoop()
    source = SimulatedButton(clock.loop)
    edges: list[tuple[float, bool]] = []
    source.press()  # before anybody listens
    source.start(lambda now, is_pressed: edges.append((now, is_pressed)))
    source.press()
    source.release()
    source.release()
    assert edges == [(100.0, False)]
    assert not source.is_pressed


def test_indicator_keeps_its_history() -> None:
    clock = ManualLoop()
    drawn: list[tuple[float, bool]] = []
    indicator = SimulatedIndicator(clock.loop, lambda now, is_on: drawn.append((round(now, 3), is_on)))
    indicator.show(DEFAULT_PATTERNS["in_progress"])
    clock.advance(0.65)
    levels = [(100.0, True), (100.2, False), (100.3, True), (100.5, False), (100.6, True)]
    assert [(round(now, 3), is_on) for now, is_on in indicator.history] == [(100.0, False), *levels]
    assert drawn == levels
    assert indicator.is_on


def test_new_pattern_begins_at_once_and_the_former_is_forgotten() -> None:
    clock = ManualLoop()
    indicator = SimulatedIndicator(clock.loop)
    indicator.show(DEFAULT_PATTERNS["in_progress"])
    clock.advance(0.25)
    indicator.show(DEFAULT_PATTERNS["success"])
    clock.advance(299.0)
    assert indicator.history[-1] == (100.25, True)
    assert len(indicator.history) == 4
    clock.advance(2.0)
    assert not indicator.is_on
    assert [pattern.name for pattern in indicator.shown] == ["in_progress", "success"]
    assert clock.timers == []


def test_overlap_is_drawn_as_five_flashes_and_a_pause() -> None:
    clock = ManualLoop()
    indicator = SimulatedIndicator(clock.loop)
    indicator.show(DEFAULT_PATTERNS["overlap"])
    clock.advance(1.6)
    times = [now for now, _ in indicator.history][1:]
    assert [round(after - before, 3) for before, after in pairwise(times)] == [0.1] * 9 + [0.6, 0.1]


def test_closed_indicator_is_dark() -> None:
    clock = ManualLoop()
    indicator = SimulatedIndicator(clock.loop)
    indicator.show(DEFAULT_PATTERNS["error"])
    indicator.close()
    indicator.close()
    assert not indicator.is_on
    assert indicator.pattern is None
    assert clock.timers == []


def test_failure_in_the_middle_of_a_pattern_ends_it_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualLoop()
    levels: list[bool] = []

    def set_level(is_on: bool) -> None:
        if len(levels) == 3:
            raise BoardError("LED x is gone")
        levels.append(is_on)

    player = LoopPlayer(clock.loop, set_level)
    player.play(DEFAULT_PATTERNS["in_progress"])
    with caplog.at_level(logging.WARNING):
        clock.advance(10.0)
    assert levels == [True, False, True]
    assert caplog.messages == ["the indicator stops: LED x is gone"]
    assert clock.timers == []
    with pytest.raises(BoardError, match=r"^LED x is gone$"):
        player.play(DEFAULT_PATTERNS["in_progress"])


def test_change_of_pattern_without_change_of_level_writes_nothing() -> None:
    clock = ManualLoop()
    levels: list[bool] = []
    player = LoopPlayer(clock.loop, levels.append)
    player.play(Pattern("a", ((1000, 0),), lasts=1.0, then=Pattern("b", ((1000, 0),), lasts=1.0)))
    clock.advance(10.0)
    assert levels == [True, False]
