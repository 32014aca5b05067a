# SPDX-License-Identifier: BSD-3-Clause
"""Buttons and LEDs of the configuration, bound to what they are on the board."""

import asyncio
from dataclasses import replace

import pytest
from tests.unit.jumping_loop import run

from wpsagent.config.model import ButtonAction, ButtonSettings, LedSettings
from wpsagent.daemon.board import BoardUnavailableError, Leds, bind_button, button_name, open_buttons, open_leds
from wpsagent_board.errors import BoardError
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern
from wpsagent_board.simulated import SimulatedButton

BUTTON = ButtonSettings(
    backend="simulated",
    pin=None,
    device=None,
    name="wps",
    active_low=True,
    pull="up",
    debounce_ms=50,
    long_press_s=5.0,
    short_press=ButtonAction.PBC,
    long_press=ButtonAction.CANCEL,
    groups=("main",),
)
LED = LedSettings(backend="simulated", pin=None, name="wps", active_high=True, patterns=())
NO_LED = LedSettings(backend="led_class", pin=None, name="no-such-led-of-ours", active_high=True, patterns=())
NO_BUTTON = replace(BUTTON, backend="evdev", device="/nonexistent/event0", name=None)


class FakeIndicator:
    def __init__(self) -> None:
        self.shown: list[str] = []
        self.is_closed = False
        self.is_broken = False

    def show(self, pattern: Pattern) -> None:
        if self.is_broken:
            raise BoardError("the LED is gone")
        self.shown.append(pattern.name)

    def close(self) -> None:
        self.is_closed = True


def test_all_leds_show_the_same_and_one_that_is_gone_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    leds = Leds()
    first, second = FakeIndicator(), FakeIndicator()
    leds.add(first, DEFAULT_PATTERNS)
    leds.add(second, DEFAULT_PATTERNS)
    leds.show("in_progress")
    first.is_broken = True
    leds.show("success")
    leds.show("idle")
    assert (first.shown, second.shown) == (["in_progress"], ["in_progress", "success", "idle"])
    assert [record.getMessage() for record in caplog.records] == ["LED: the LED is gone"]
    leds.close()
    leds.close()
    assert second.is_closed
    leds.show("error")
    assert second.shown[-1] == "idle"


def test_leds_can_be_taken_over() -> None:
    ours, theirs, indicator = Leds(), Leds(), FakeIndicator()
    theirs.add(indicator, DEFAULT_PATTERNS)
    ours.take(theirs)
    theirs.close()
    assert not indicator.is_closed
    ours.show("error")
    ours.close()
    assert (indicator.shown, indicator.is_closed) == (["error"], True)


def test_leds_are_opened_from_their_settings() -> None:
    async def scene() -> None:
        leds = open_leds((LED, replace(LED, patterns=(("idle", ((100, 100),)),))))
        leds.show("idle")
        leds.close()
        assert not open_leds(())._indicators

    run(scene())


@pytest.mark.parametrize("leds", [(NO_LED,), (LED, NO_LED)])
def test_an_led_that_is_not_there_is_named(leds: tuple[LedSettings, ...]) -> None:
    async def scene() -> None:
        with pytest.raises(BoardUnavailableError, match="LED no-such-led-of-ours: "):
            open_leds(leds)

    run(scene())


def test_a_button_that_is_not_there_is_named_and_the_others_are_given_back() -> None:
    async def scene() -> None:
        with pytest.raises(BoardUnavailableError, match="button /nonexistent/event0: "):
            open_buttons((BUTTON, NO_BUTTON), lambda gesture, action, settings: None)
        (button,) = open_buttons((BUTTON,), lambda gesture, action, settings: None)
        button.close()

    run(scene())


def test_gestures_mean_what_the_settings_say() -> None:
    async def scene() -> None:
        source = SimulatedButton(asyncio.get_running_loop())
        made: list[tuple[str, ButtonAction]] = []
        button = bind_button(source, BUTTON, lambda gesture, action, settings: made.append((gesture, action)))
        source.press_for(0.2)
        await asyncio.sleep(0.1)
        assert made == []  # it may become a long one
        await asyncio.sleep(1)
        source.press_for(5.5)
        await asyncio.sleep(7)
        assert made == [("short", ButtonAction.PBC), ("long", ButtonAction.CANCEL)]
        button.close()

    run(scene())


def test_where_a_long_press_means_nothing_a_press_counts_at_once(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        source = SimulatedButton(asyncio.get_running_loop())
        made: list[str] = []
        settings = replace(BUTTON, long_press=ButtonAction.NONE)
        button = bind_button(source, settings, lambda gesture, action, settings: made.append(gesture))
        source.press()
        await asyncio.sleep(0.1)
        assert made == ["short"]
        await asyncio.sleep(20)
        assert made == ["short"]
        button.close()

    run(scene())
    assert "button wps is stuck or short-circuited: pressed for 10 s" in caplog.text


def test_what_a_button_is_called() -> None:
    nameless = replace(BUTTON, name=None)
    assert button_name(BUTTON) == "wps"
    assert button_name(replace(nameless, pin="GPIO17")) == "GPIO17"
    assert button_name(replace(nameless, device="/dev/input/event0")) == "/dev/input/event0"
    assert button_name(nameless) == "simulated"
