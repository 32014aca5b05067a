# SPDX-License-Identifier: BSD-3-Clause
"""Tries a board with a person in front of it: each LED shows its patterns, then the button is measured.

Whatever cannot be opened is told and the rest goes on.  All is given back as it was, also when it is cut short.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from wpsagent.config.model import ButtonAction, ButtonSettings, LedSettings
from wpsagent.daemon.board import button_name, led_name, open_one_led, open_source
from wpsagent.daemon.timeline import pattern_words
from wpsagent_board.colors import INTENSITIES
from wpsagent_board.errors import BoardError
from wpsagent_board.pattern import Pattern
from wpsagent_board.ports import Indicator
from wpsagent_board.press_meter import Press, PressMeter

PATTERN_TIME = 3.0
"""Seconds that each pattern is shown."""

MEANINGS: Mapping[str, str] = {
    "in_progress": "the network is open for one device",
    "success": "a device was admitted",
    "error": "nobody came, or it failed",
    "overlap": "two devices at once, nobody was admitted",
    "idle": "nothing goes on",
}
"""The patterns in the order in which they are shown."""


@dataclass(slots=True)
class LedResult:
    """problem: why it could not be used; shown: the patterns that it was told to show."""

    name: str
    backend: str
    problem: str | None = None
    shown: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MeasuredPress:
    """kind: short, long, system (a hold that is the system's) or stuck.  action: what it asks the agent for."""

    kind: str
    seconds: float
    bounces: int
    action: str


@dataclass(slots=True)
class ButtonResult:
    """problem: why it could not be used.  was_pressed: before anybody was asked to press it."""

    name: str
    backend: str
    problem: str | None = None
    was_pressed: bool = False
    presses: list[MeasuredPress] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class BoardResult:
    leds: list[LedResult]
    buttons: list[ButtonResult]

    @property
    def has_problem(self) -> bool:
        parts: list[LedResult | ButtonResult] = [*self.leds, *self.buttons]
        return any(part.problem is not None for part in parts)

    @property
    def is_unpressed(self) -> bool:
        """A button that works as far as we can see was not pressed."""
        return any(button.problem is None and not button.presses for button in self.buttons)


Tell = Callable[[str], None]


async def try_leds(settings: Sequence[LedSettings], tell: Tell, pattern_time: float) -> list[LedResult]:
    """All LEDs go through all patterns together, each for pattern_time seconds and told in words."""
    results = [LedResult(led_name(led), led.backend) for led in settings]
    with ExitStack() as stack:
        opened: list[tuple[LedResult, Indicator, Mapping[str, Pattern]]] = []
        for led, result in zip(settings, results, strict=True):
            try:
                indicator, patterns = open_one_led(led)
            except BoardError as error:
                _fail(result, f"LED {result.name}", error, tell)
                continue
            stack.callback(indicator.close)
            opened.append((result, indicator, patterns))
        for name in MEANINGS if opened else ():
            _show(name, opened, tell)
            await asyncio.sleep(pattern_time)
    return results


def _show(name: str, opened: Sequence[tuple[LedResult, Indicator, Mapping[str, Pattern]]], tell: Tell) -> None:
    for result, indicator, patterns in opened:
        if result.problem is None:
            try:
                indicator.show(patterns[name])
            except BoardError as error:
                _fail(result, f"LED {result.name}", error, tell)
                continue
            result.shown.append(name)
            tell(f"LED {result.name}: {_words(patterns[name])}: {MEANINGS[name]}")


def _words(pattern: Pattern) -> str:
    words = pattern_words(pattern)
    color = next((name for name, values in INTENSITIES.items() if values == pattern.color), None)
    return words if color is None or pattern.is_dark else f"{color}, {words}"


async def try_buttons(
    settings: Sequence[ButtonSettings], tell: Tell, patience: float | None, presses: int = 1
) -> list[ButtonResult]:
    """Each button is to be pressed so often; how long it was held and how it bounced is told for each press.

    patience: seconds for all of it; None: as long as it takes.
    """
    results = [ButtonResult(button_name(button), button.backend) for button in settings]
    is_enough = asyncio.Event()

    def look() -> None:
        if all(result.problem is not None or len(result.presses) >= presses for result in results):
            is_enough.set()

    with ExitStack() as stack:
        for button, result in zip(settings, results, strict=True):
            try:
                stack.callback(_meter(button, result, tell, look).close)
            except BoardError as error:
                _fail(result, f"button {result.name}", error, tell)
        look()
        try:
            async with asyncio.timeout(patience):
                await is_enough.wait()
        except TimeoutError:
            _tell_unpressed(results, patience or 0, tell)
    return results


def _meter(settings: ButtonSettings, result: ButtonResult, tell: Tell, look: Callable[[], None]) -> PressMeter:
    def pressed(press: Press) -> None:
        measured = measure(settings, press)
        result.presses.append(measured)
        tell(f"button {result.name}: {press_words(measured)}")
        look()

    source = open_source(settings)
    meter = PressMeter(source, asyncio.get_running_loop(), pressed, settings.debounce_ms / 1000)
    result.was_pressed = meter.is_pressed
    if result.was_pressed:
        tell(
            f"button {result.name}: reads as pressed now; if nobody holds it: see to active_low, pull and the wiring; "
            "let it go, then press it"
        )
    else:
        tell(f"button {result.name}: press it now")
    return meter


def measure(settings: ButtonSettings, press: Press) -> MeasuredPress:
    """A press as the agent would take it."""
    seconds = round(press.seconds, 3)
    if press.is_stuck:
        return MeasuredPress("stuck", seconds, press.bounces, "none")
    if settings.system_hold_s is not None and press.seconds >= settings.system_hold_s:
        return MeasuredPress("system", seconds, press.bounces, "none")
    if settings.long_press is not ButtonAction.NONE and press.seconds >= settings.long_press_s:
        return MeasuredPress("long", seconds, press.bounces, settings.long_press.value)
    return MeasuredPress("short", seconds, press.bounces, settings.short_press.value)


_KINDS: Mapping[str, str] = {
    "short": "short press",
    "long": "long press",
    "system": "hold that is left to the system",
    "stuck": "STUCK, or its wires touch: still pressed",
}
_ACTIONS: Mapping[str, str] = {
    "pbc": "it asks for WPS",
    "station_pbc": "it asks for the station's WPS",
    "cancel": "it cancels WPS",
    "none": "it asks for nothing",
}


def press_words(press: MeasuredPress) -> str:
    """A measured press in words."""
    bounces = {0: "no bounce", 1: "1 bounce"}.get(press.bounces, f"{press.bounces} bounces")
    return f"{_KINDS[press.kind]}, held {press.seconds:.2f} s, {bounces}: {_ACTIONS[press.action]}"


def _tell_unpressed(results: Sequence[ButtonResult], timeout: float, tell: Tell) -> None:
    for result in results:
        if result.problem is None and not result.presses:
            tell(
                f"button {result.name}: no press within {timeout:g} s; if it was pressed: see to its pin and its wires"
            )


def _fail(result: LedResult | ButtonResult, what: str, error: BoardError, tell: Tell) -> None:
    result.problem = str(error)
    tell(f"{what}: cannot be used: {error}")
