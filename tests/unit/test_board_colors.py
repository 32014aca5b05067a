# SPDX-License-Identifier: BSD-3-Clause
"""LEDs of more than one colour: which parts are lit, and what each shows."""

import pytest
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board.colors import COLORS, DEFAULT_COLORS, MixedIndicator, color_patterns, lit_parts, part_of
from wpsagent_board.errors import BoardError
from wpsagent_board.factory import IndicatorSpec, open_led
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern, parse_patterns
from wpsagent_board.simulated import SimulatedIndicator


@pytest.mark.parametrize(
    ("color", "parts"),
    [
        ("red", {"red"}),
        ("green", {"green"}),
        ("blue", {"blue"}),
        ("amber", {"red", "green"}),
        ("cyan", {"green", "blue"}),
        ("magenta", {"red", "blue"}),
        ("white", {"red", "green", "blue"}),
    ],
)
def test_colours_are_made_of_parts(color: str, parts: set[str]) -> None:
    found = next(known for known in COLORS if known == color)
    assert lit_parts(found, ("red", "green", "blue")) == parts
    assert lit_parts(found, ("red", "green")) == parts & {"red", "green"}


def test_the_patterns_have_the_usual_colours_unless_others_are_named() -> None:
    patterns = color_patterns(DEFAULT_PATTERNS, {"success": "blue"})
    assert patterns["in_progress"].color == (255, 96, 0)
    assert patterns["error"].color == patterns["overlap"].color == (255, 0, 0)
    assert patterns["success"].color == (0, 0, 255)
    following = patterns["success"].then
    assert following is not None
    assert following.color == (255, 255, 255)
    assert set(DEFAULT_COLORS) == set(DEFAULT_PATTERNS)


def test_a_colour_that_an_led_does_not_have_is_refused_where_it_would_be_seen() -> None:
    with pytest.raises(BoardError) as caught:
        color_patterns(DEFAULT_PATTERNS, {}, ("green", "blue"))
    assert str(caught.value) == (
        "error cannot be shown in red by an LED of green and blue: name another colour for it in [led.colors]"
    )
    dark = {"error": Pattern("error")}
    assert color_patterns(dark, {}, ("green", "blue"))["error"].is_dark


def test_a_part_shows_the_pattern_or_nothing_for_the_same_time() -> None:
    patterns = color_patterns(parse_patterns({"idle": "on"}), {"idle": "green"})
    red, green = part_of(patterns["error"], "red"), part_of(patterns["error"], "green")
    assert (red.steps, red.lasts) == (((100, 100),), 120.0)
    assert (green.steps, green.lasts) == ((), 120.0)
    assert red.then is not None
    assert green.then is not None
    assert (red.then.is_dark, green.then.is_solid) == (True, True)
    assert part_of(DEFAULT_PATTERNS["error"], "green").steps == ((100, 100),)


def test_a_mixed_led_shows_each_pattern_in_its_colour() -> None:
    clock = ManualLoop()
    red, green = SimulatedIndicator(clock.loop), SimulatedIndicator(clock.loop)
    led = MixedIndicator({"red": red, "green": green})
    patterns = color_patterns(DEFAULT_PATTERNS, {}, ("red", "green"))
    seen = []
    for name in ("in_progress", "error", "success", "idle"):
        led.show(patterns[name])
        seen.append((red.is_on, green.is_on))
    assert seen == [(True, True), (True, False), (False, True), (False, False)]
    led.show(patterns["success"])
    clock.advance(301.0)
    assert (red.is_on, green.is_on) == (False, False)
    led.show(patterns["error"])
    led.close()
    assert (red.is_on, green.is_on, clock.timers) == (False, False, [])


def test_a_mixed_led_is_opened_part_by_part() -> None:
    clock = ManualLoop()
    spec = IndicatorSpec("simulated", parts={"red": "1", "green": "2"}, colors={"success": "amber"})
    led, patterns = open_led(spec, DEFAULT_PATTERNS, clock.loop)
    led.show(patterns["success"])
    assert patterns["success"].color == (255, 96, 0)
    led.close()


def test_an_led_of_one_colour_keeps_its_patterns() -> None:
    led, patterns = open_led(IndicatorSpec("simulated"), DEFAULT_PATTERNS, ManualLoop().loop)
    assert patterns is DEFAULT_PATTERNS
    led.close()


def test_a_part_that_cannot_be_had_gives_the_others_back() -> None:
    spec = IndicatorSpec("led_class", parts={"red": "no-such-led-of-ours", "green": "nor-this"})
    with pytest.raises(BoardError, match="no LED named no-such-led-of-ours"):
        open_led(spec, DEFAULT_PATTERNS, ManualLoop().loop)
