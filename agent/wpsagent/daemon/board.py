# SPDX-License-Identifier: BSD-3-Clause
"""Binds the board: what the configuration calls a button or an LED becomes one.

Nothing below the daemon knows `wpsagent_board`.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TypeVar, get_args

from wpsagent.config.model import ButtonAction, ButtonSettings, LedSettings
from wpsagent.errors import AgentError
from wpsagent_board.button import Button
from wpsagent_board.colors import COLORS, PARTS
from wpsagent_board.errors import BoardError
from wpsagent_board.factory import (
    BUTTON_BACKENDS,
    INDICATOR_BACKENDS,
    ButtonSpec,
    IndicatorSpec,
    open_button,
    open_led,
)
from wpsagent_board.gesture import Gesture, GestureParameters, LongPress, ReportOn, ShortPress, Stuck
from wpsagent_board.gpio import Pull
from wpsagent_board.pattern import Pattern, parse_patterns
from wpsagent_board.ports import ButtonSource, Indicator

logger = logging.getLogger(__name__)

_T = TypeVar("_T")

PressHandler = Callable[[str, ButtonAction, ButtonSettings], None]
"""PressHandler(gesture, action, settings): gesture is short or long."""


class BoardUnavailableError(AgentError):
    """A button or an LED cannot be had; says which, why, and what to do."""


class Leds:
    """The LEDs, all of which show the same."""

    def __init__(self) -> None:
        self._indicators: list[tuple[Indicator, Mapping[str, Pattern]]] = []

    def add(self, indicator: Indicator, patterns: Mapping[str, Pattern]) -> None:
        self._indicators.append((indicator, patterns))

    def take(self, other: "Leds") -> None:
        """Add all of another's; they are ours now."""
        self._indicators += other._indicators
        other._indicators.clear()

    def show(self, name: str) -> None:
        """Show a pattern by name; an LED that is gone is reported once and left alone."""
        for entry in list(self._indicators):
            indicator, patterns = entry
            try:
                indicator.show(patterns[name])
            except BoardError as error:
                logger.error("LED: %s", error)
                self._indicators.remove(entry)

    def close(self) -> None:
        for indicator, _ in self._indicators:
            indicator.close()
        self._indicators.clear()


def open_leds(settings: tuple[LedSettings, ...]) -> Leds:
    """Every LED of the configuration; raises BoardUnavailableError and gives back those it had."""
    leds = Leds()
    for led in settings:
        try:
            leds.add(*open_one_led(led))
        except BoardError as error:
            leds.close()
            raise BoardUnavailableError(f"LED {led_name(led)}: {error}") from error
    return leds


def open_one_led(settings: LedSettings) -> tuple[Indicator, Mapping[str, Pattern]]:
    """An LED, and what it shows by name; raises BoardError."""
    spec = IndicatorSpec(
        backend=_one_of(INDICATOR_BACKENDS, settings.backend),
        pin=settings.pin,
        active_high=settings.active_high,
        name=settings.name,
        parts={_one_of(PARTS, part): place for part, place in settings.parts},
        colors={pattern: _one_of(COLORS, color) for pattern, color in settings.colors},
    )
    return open_led(spec, parse_patterns(dict(settings.patterns)), asyncio.get_running_loop())


def led_name(settings: LedSettings) -> str:
    """How an LED is called in messages."""
    several = "/".join(place for _, place in settings.parts)
    return settings.name or settings.pin or several or settings.backend


def open_buttons(settings: tuple[ButtonSettings, ...], handler: PressHandler) -> list[Button]:
    """Every button of the configuration; raises BoardUnavailableError and gives back those it had."""
    buttons: list[Button] = []
    for button in settings:
        try:
            buttons.append(bind_button(open_source(button), button, handler))
        except BoardError as error:
            for opened in buttons:
                opened.close()
            raise BoardUnavailableError(f"button {button_name(button)}: {error}") from error
    return buttons


def open_source(settings: ButtonSettings) -> ButtonSource:
    """The button itself, its edges not yet told; raises BoardError."""
    spec = ButtonSpec(
        backend=_one_of(BUTTON_BACKENDS, settings.backend),
        pin=settings.pin,
        active_low=settings.active_low,
        pull=_one_of(get_args(Pull), settings.pull),
        device=settings.device,
        name=settings.name,
    )
    return open_button(spec, asyncio.get_running_loop())


def bind_button(source: ButtonSource, settings: ButtonSettings, handler: PressHandler) -> Button:
    """A button whose gestures mean what the settings say.

    Where a long press means nothing a press is reported at once, not at its release, unless it may still become a hold
    that the system is to have.
    """
    has_long_press = settings.long_press is not ButtonAction.NONE
    is_at_release = has_long_press or settings.system_hold_s is not None

    def gesture_made(gesture: Gesture) -> None:
        match gesture:
            case ShortPress():
                handler("short", settings.short_press, settings)
            case LongPress():
                handler("long", settings.long_press, settings)
            case Stuck():
                logger.warning("button %s is stuck or short-circuited: pressed for 10 s", button_name(settings))

    parameters = GestureParameters(
        settle=settings.debounce_ms / 1000,
        long_press=settings.long_press_s if has_long_press else None,
        report_on=ReportOn.RELEASE if is_at_release else ReportOn.PRESS,
        system_hold=settings.system_hold_s,
    )
    return Button(source, asyncio.get_running_loop(), gesture_made, parameters)


def button_name(settings: ButtonSettings) -> str:
    """How a button is called in messages."""
    return settings.name or settings.pin or settings.device or settings.backend


def _one_of(values: tuple[_T, ...], text: str) -> _T:
    """The value that the configuration, which has checked it, wrote as text."""
    return next(value for value in values if value == text)
