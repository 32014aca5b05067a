# SPDX-License-Identifier: BSD-3-Clause
"""LEDs of more than one colour: what a colour is made of, and one pattern for each single-coloured part of an LED.

Parts that can only be on or off mix: amber is red and green together, where a part counts from a quarter of full
brightness on.  An LED of the kernel's multicolor class gets the values themselves.

What the patterns are shown in unless a configuration says otherwise:

    in_progress  amber      error, overlap  red      success  green      idle  white (it is dark, as a rule)
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, Literal, get_args

from wpsagent_board.errors import BoardError
from wpsagent_board.pattern import ERROR, IDLE, IN_PROGRESS, OVERLAP, SUCCESS, Pattern
from wpsagent_board.ports import Indicator

Color = Literal["red", "green", "blue", "amber", "cyan", "magenta", "white"]
Part = Literal["red", "green", "blue"]

COLORS: tuple[Color, ...] = get_args(Color)
PARTS: tuple[Part, ...] = get_args(Part)

INTENSITIES: Mapping[Color, tuple[int, int, int]] = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "amber": (255, 96, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "white": (255, 255, 255),
}
"""Red, green, blue, each 0 to 255."""

DEFAULT_COLORS: Mapping[str, Color] = {
    IDLE: "white",
    IN_PROGRESS: "amber",
    ERROR: "red",
    OVERLAP: "red",
    SUCCESS: "green",
}

_LIT: Final = 64


def lit_parts(color: Color, parts: Iterable[Part]) -> frozenset[Part]:
    """Which of an LED's parts are lit for a colour."""
    values = dict(zip(PARTS, INTENSITIES[color], strict=True))
    return frozenset(part for part in parts if values[part] >= _LIT)


def color_patterns(
    patterns: Mapping[str, Pattern], colors: Mapping[str, Color], parts: Iterable[Part] = PARTS
) -> dict[str, Pattern]:
    """The patterns in their colours; colors overrides DEFAULT_COLORS.

    Raises BoardError when an LED of these parts would stay dark where it is meant to be lit.
    """
    chosen = {**DEFAULT_COLORS, **colors}
    parts = tuple(parts)
    for name, pattern in patterns.items():
        if not pattern.is_dark and not lit_parts(chosen[name], parts):
            raise BoardError(
                f"{name} cannot be shown in {chosen[name]} by an LED of {' and '.join(parts)}: "
                "name another colour for it in [led.colors]"
            )
    return {name: _colored(pattern, chosen) for name, pattern in patterns.items()}


def _colored(pattern: Pattern, colors: Mapping[str, Color]) -> Pattern:
    following = None if pattern.then is None else _colored(pattern.then, colors)
    return replace(pattern, color=INTENSITIES[colors[pattern.name]], then=following)


def part_of(pattern: Pattern, part: Part) -> Pattern:
    """What one part of an LED shows of a pattern: the same, or nothing for the same time."""
    following = None if pattern.then is None else part_of(pattern.then, part)
    is_lit = pattern.color is None or pattern.color[PARTS.index(part)] >= _LIT
    if is_lit:
        return replace(pattern, then=following)
    total = pattern.total_us
    return Pattern(pattern.name, lasts=None if total is None else total / 1_000_000, then=following)


class MixedIndicator:
    """An Indicator of several single-coloured ones, which it owns."""

    def __init__(self, parts: Mapping[Part, Indicator]) -> None:
        self._parts = dict(parts)

    def show(self, pattern: Pattern) -> None:
        # dark ones first: no moment of a colour that is meant by nobody
        shown = [(part_of(pattern, part), indicator) for part, indicator in self._parts.items()]
        for part, indicator in sorted(shown, key=lambda pair: bool(pair[0].steps)):
            indicator.show(part)

    def close(self) -> None:
        for indicator in self._parts.values():
            indicator.close()
