# SPDX-License-Identifier: BSD-3-Clause
"""How an indicator blinks: patterns as values, the WPS patterns as a table, and their form in a configuration.

The figures are the convention of WPS products (two independent vendors' drivers agree on them):

    in_progress   200 ms on, 100 ms off                                   until told otherwise
    error         100 ms on, 100 ms off                                   for 120 s
    overlap       five times 100 ms on, 100 ms off; then 500 ms off       for 120 s
    success       on                                                      for 300 s
    idle          off

In a configuration a pattern is "on", "off", a list of [on_ms, off_ms], or a table of `steps` (one of these), `repeat`
(how often, otherwise without end) and `lasts` (seconds).  A time is 0 to 60000 ms.  When a pattern is over, the
idle pattern is shown.  Refused: other names, more than 256 steps, steps without any time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from wpsagent_board.errors import PatternError

IDLE = "idle"
IN_PROGRESS = "in_progress"
ERROR = "error"
OVERLAP = "overlap"
SUCCESS = "success"

MAX_STEPS = 256
MAX_MS = 60_000
MAX_SECONDS = 86_400

Step = tuple[int, int]
"""(on_ms, off_ms)"""


@dataclass(frozen=True, slots=True)
class Pattern:
    """What an indicator shows.

    steps: (on_ms, off_ms) in order, again and again; none: dark.  repeat: how many rounds, None without end.
    lasts: seconds, None without end.  then: what follows when it is over, None: dark.
    color: red, green, blue, each 0 to 255, for LEDs that have a choice; None: as the LED is.
    """

    name: str
    steps: tuple[Step, ...] = ()
    repeat: int | None = None
    lasts: float | None = None
    then: "Pattern | None" = None
    color: tuple[int, int, int] | None = None

    @property
    def is_dark(self) -> bool:
        """Never on."""
        return all(on == 0 for on, _ in self.steps)

    @property
    def is_solid(self) -> bool:
        """Always on."""
        return bool(self.steps) and all(off == 0 for _, off in self.steps)

    @property
    def period_us(self) -> int:
        """One round in microseconds."""
        return 1000 * sum(on + off for on, off in self.steps)

    @property
    def total_us(self) -> int | None:
        """How long it is shown in microseconds, or None without end."""
        limits = []
        if self.repeat is not None:
            limits.append(self.repeat * self.period_us)
        if self.lasts is not None:
            limits.append(round(self.lasts * 1_000_000))
        return min(limits, default=None)

    def phases(self) -> Iterator[tuple[bool, int]]:
        """One round as (level, microseconds), neighbours of the same level joined, none of them empty."""
        level, total = False, 0
        for step in self.steps:
            for phase_level, ms in zip((True, False), step, strict=True):
                if ms and phase_level != level:
                    if total:
                        yield level, total
                    level, total = phase_level, 0
                total += 1000 * ms
        if total:
            yield level, total


SOLID: tuple[Step, ...] = ((1000, 0),)

_IDLE = Pattern(IDLE)

DEFAULT_PATTERNS: Mapping[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        _IDLE,
        Pattern(IN_PROGRESS, ((200, 100),), then=_IDLE),
        Pattern(ERROR, ((100, 100),), lasts=120.0, then=_IDLE),
        Pattern(OVERLAP, ((100, 100),) * 4 + ((100, 600),), lasts=120.0, then=_IDLE),
        Pattern(SUCCESS, SOLID, lasts=300.0, then=_IDLE),
    )
}
"""The WPS patterns by name."""


def parse_patterns(overrides: Mapping[str, object]) -> dict[str, Pattern]:
    """The table of patterns with those of a configuration in place of the defaults.

    A pattern without its own `lasts` keeps the default's.  Raises PatternError that names every wrong entry.
    """
    table = dict(DEFAULT_PATTERNS)
    problems: list[str] = []
    for name, value in overrides.items():
        if name not in table:
            problems.append(f"{name}: no such pattern; there are: {', '.join(DEFAULT_PATTERNS)}")
            continue
        try:
            table[name] = parse_pattern(name, value)
        except PatternError as error:
            problems += error.problems
    if problems:
        raise PatternError(problems)
    idle = replace(table[IDLE], lasts=None, then=None)
    return {name: idle if name == IDLE else replace(pattern, then=idle) for name, pattern in table.items()}


def parse_pattern(name: str, value: object) -> Pattern:
    """One pattern of a configuration; raises PatternError that names every wrong entry."""
    default = DEFAULT_PATTERNS.get(name)
    lasts = default.lasts if default else None
    problems: list[str] = []
    if not isinstance(value, Mapping):
        steps = _parse_steps(name, value, problems)
        repeat = None
    else:
        _refuse_others(name, value, problems)
        steps = _parse_steps(f"{name}.steps", value.get("steps"), problems)
        repeat = _parse_repeat(f"{name}.repeat", value.get("repeat"), problems)
        lasts = _parse_lasts(f"{name}.lasts", value.get("lasts", lasts), problems)
    if problems:
        raise PatternError(problems)
    return Pattern(name, steps, repeat, lasts)


def _refuse_others(name: str, value: Mapping[Any, object], problems: list[str]) -> None:
    problems += [
        f"{name}.{key}: no such key; there are: steps, repeat, lasts"
        for key in value
        if key not in ("steps", "repeat", "lasts")
    ]


def _parse_steps(path: str, value: object, problems: list[str]) -> tuple[Step, ...]:
    if value == "on":
        return SOLID
    if value == "off":
        return ()
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= MAX_STEPS:
        problems.append(f'{path}: expected "on", "off" or a list of 1 to {MAX_STEPS} pairs [on_ms, off_ms]')
        return ()
    steps = [_parse_step(f"{path}[{index}]", step, problems) for index, step in enumerate(value)]
    return tuple(steps)


def _parse_step(path: str, value: object, problems: list[str]) -> Step:
    if not isinstance(value, list | tuple) or len(value) != 2:
        problems.append(f"{path}: expected a pair [on_ms, off_ms], not {value!r}")
        return 0, 0
    on_ms, off_ms = (_parse_ms(f"{path}[{index}]", ms, problems) for index, ms in enumerate(value))
    if list(value) == [0, 0]:
        problems.append(f"{path}: a step needs some time, on or off")
    return on_ms, off_ms


def _parse_ms(path: str, value: object, problems: list[str]) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_MS:
        return value
    problems.append(f"{path}: expected milliseconds, 0 to {MAX_MS}, not {value!r}")
    return 0


def _parse_repeat(path: str, value: object, problems: list[str]) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
        return value
    problems.append(f"{path}: expected how often the steps are repeated, 1 or more, not {value!r}")
    return None


def _parse_lasts(path: str, value: object, problems: list[str]) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= MAX_SECONDS:
        return float(value)
    problems.append(f"{path}: expected seconds, more than 0 and at most {MAX_SECONDS}, not {value!r}")
    return None
