# SPDX-License-Identifier: BSD-3-Clause
"""LED patterns: the WPS table, and patterns of a configuration."""

import pytest

from wpsagent_board.errors import BoardError, PatternError
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern, parse_pattern, parse_patterns


def problems_of(overrides: dict[str, object]) -> list[str]:
    with pytest.raises(PatternError) as caught:
        parse_patterns(overrides)
    return caught.value.problems


def test_table_holds_the_wps_patterns() -> None:
    table = {name: (p.steps, p.lasts, p.then and p.then.name) for name, p in DEFAULT_PATTERNS.items()}
    assert table == {
        "idle": ((), None, None),
        "in_progress": (((200, 100),), None, "idle"),
        "error": (((100, 100),), 120.0, "idle"),
        "overlap": (((100, 100), (100, 100), (100, 100), (100, 100), (100, 600)), 120.0, "idle"),
        "success": (((1000, 0),), 300.0, "idle"),
    }


@pytest.mark.parametrize(
    ("steps", "is_dark", "is_solid"),
    [((), True, False), (((0, 50),), True, False), (((50, 0),), False, True), (((50, 50),), False, False)],
)
def test_dark_and_solid(steps: tuple[tuple[int, int], ...], is_dark: bool, is_solid: bool) -> None:
    pattern = Pattern("x", steps)
    assert (pattern.is_dark, pattern.is_solid) == (is_dark, is_solid)


@pytest.mark.parametrize(
    ("steps", "phases"),
    [
        ((), []),
        (((200, 100),), [(True, 200_000), (False, 100_000)]),
        (((0, 100), (50, 20)), [(False, 100_000), (True, 50_000), (False, 20_000)]),
        (((100, 0), (50, 20), (0, 30)), [(True, 150_000), (False, 50_000)]),
        (((0, 10), (0, 10)), [(False, 20_000)]),
    ],
)
def test_phases_join_neighbours_of_one_level(
    steps: tuple[tuple[int, int], ...], phases: list[tuple[bool, int]]
) -> None:
    assert list(Pattern("x", steps).phases()) == phases


@pytest.mark.parametrize(
    ("repeat", "lasts", "total"),
    [(None, None, None), (3, None, 900_000), (None, 1.5, 1_500_000), (3, 1.5, 900_000), (9, 1.5, 1_500_000)],
)
def test_pattern_is_over_after_its_rounds_or_its_time(
    repeat: int | None, lasts: float | None, total: int | None
) -> None:
    assert Pattern("x", ((200, 100),), repeat, lasts).total_us == total


def test_configuration_overrides_a_pattern_and_keeps_how_long_it_lasts() -> None:
    table = parse_patterns({"error": [[250, 250]], "success": {"steps": "on", "lasts": 10}})
    assert table["error"] == Pattern("error", ((250, 250),), None, 120.0, Pattern("idle"))
    assert table["success"] == Pattern("success", ((1000, 0),), None, 10.0, Pattern("idle"))
    assert table["overlap"] == DEFAULT_PATTERNS["overlap"]


def test_without_overrides_the_table_is_the_default() -> None:
    assert parse_patterns({}) == DEFAULT_PATTERNS


def test_every_pattern_falls_back_to_the_idle_pattern_of_the_configuration() -> None:
    table = parse_patterns({"idle": {"steps": [[20, 4980]], "lasts": 5}})
    idle = Pattern("idle", ((20, 4980),))
    assert table["idle"] == idle
    assert {pattern.then for name, pattern in table.items() if name != "idle"} == {idle}


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("on", Pattern("x", ((1000, 0),))),
        ("off", Pattern("x")),
        ([[10, 60000], [0, 10]], Pattern("x", ((10, 60000), (0, 10)))),
        (((200, 100),), Pattern("x", ((200, 100),))),
        ({"steps": [[50, 50]], "repeat": 3, "lasts": 0.5}, Pattern("x", ((50, 50),), 3, 0.5)),
    ],
)
def test_forms_of_a_pattern(value: object, pattern: Pattern) -> None:
    assert parse_pattern("x", value) == pattern


PAIRS = 'expected "on", "off" or a list of 1 to 256 pairs [on_ms, off_ms]'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("blink", [f"error: {PAIRS}"]),
        (7, [f"error: {PAIRS}"]),
        ([], [f"error: {PAIRS}"]),
        ([[10, 10]] * 257, [f"error: {PAIRS}"]),
        ({}, [f"error.steps: {PAIRS}"]),
        ([[100, 100], 5], ["error[1]: expected a pair [on_ms, off_ms], not 5"]),
        ([[100]], ["error[0]: expected a pair [on_ms, off_ms], not [100]"]),
        ([[0, 0]], ["error[0]: a step needs some time, on or off"]),
        ([[100, -1]], ["error[0][1]: expected milliseconds, 0 to 60000, not -1"]),
        ([[1.5, 60001]], ["error[0][0]: expected milliseconds, 0 to 60000, not 1.5",
                        "error[0][1]: expected milliseconds, 0 to 60000, not 60001"]),
        ([[True, "1"]], ["error[0][0]: expected milliseconds, 0 to 60000, not True",
                         "error[0][1]: expected milliseconds, 0 to 60000, not '1'"]),
        ({"steps": "on", "times": 3}, ["error.times: no such key; there are: steps, repeat, lasts"]),
        ({"steps": "on", "repeat": 0},
         ["error.repeat: expected how often the steps are repeated, 1 or more, not 0"]),
        ({"steps": "on", "repeat": True},
         ["error.repeat: expected how often the steps are repeated, 1 or more, not True"]),
        ({"steps": "on", "lasts": 0}, ["error.lasts: expected seconds, more than 0 and at most 86400, not 0"]),
        ({"steps": "on", "lasts": 86401}, ["error.lasts: expected seconds, more than 0 and at most 86400, not 86401"]),
        ({"steps": "on", "lasts": "long"},
         ["error.lasts: expected seconds, more than 0 and at most 86400, not 'long'"]),
    ],
)  # fmt: skip
def test_wrong_entries_are_named(value: object, expected: list[str]) -> None:
    assert problems_of({"error": value}) == expected


def test_pattern_that_lasts_for_ever_can_be_asked_for() -> None:
    assert parse_pattern("error", {"steps": "on", "lasts": None}).lasts is None


def test_all_wrong_entries_of_all_patterns_are_named_at_once() -> None:
    found = problems_of({"blue": "on", "idle": 1, "success": [[0, 0]]})
    assert found == [
        "blue: no such pattern; there are: idle, in_progress, error, overlap, success",
        f"idle: {PAIRS}",
        "success[0]: a step needs some time, on or off",
    ]


def test_pattern_error_reads_as_lines_and_is_a_board_error() -> None:
    error = PatternError(["a: b", "c: d"])
    assert str(error) == "a: b\nc: d"
    assert isinstance(error, BoardError)
