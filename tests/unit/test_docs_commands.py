# SPDX-License-Identifier: BSD-3-Clause
"""docs/commands.md: its lines have tests, and its differences are those that the lab accepts."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from tests.lab import dialogue_differences as d

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "commands.md"
SEED_TESTS = ROOT / "tests" / "lab" / "test_lab_seed.py"


def table(heading: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield f"| {heading} | why |"
    yield "|---|---|"
    for what, why in rows:
        escaped = what.replace("|", "\\|")
        yield f"| `{escaped}` | {why} |"


def lines_table(lines: Mapping[str, str]) -> list[str]:
    """Lines that are left out, those with one reason together."""
    reasons: dict[str, list[str]] = {}
    for name, reason in lines.items():
        previous = next(reversed(reasons), reason)
        reasons.setdefault(previous if reason.startswith("the same") else reason, []).append(name)
    return list(table("line", (("`, `".join(names), reason) for reason, names in reasons.items())))


def commands_table(differences: Sequence[d.Difference]) -> list[str]:
    return list(table("command", ((difference.commands, difference.reason) for difference in differences)))


@pytest.mark.parametrize(
    "expected",
    [
        commands_table(d.SUPPLICANT),
        lines_table(d.SUPPLICANT_LINES),
        commands_table(d.HOSTAPD),
        lines_table(d.HOSTAPD_LINES),
        list(table("event", d.HOSTAPD_EVENTS.items())),
    ],
    ids=["commands of wpa_supplicant", "lines of wpa_supplicant", "commands of hostapd", "lines of hostapd", "events"],
)
def test_the_document_lists_every_difference(expected: list[str]) -> None:
    assert "\n".join(expected) in DOCUMENT.read_text(), "docs/commands.md should have:\n" + "\n".join(expected)


def test_the_lines_of_the_readme_have_the_tests_that_the_document_names() -> None:
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text()))
    there = set(re.findall(r"^def (test_\w+)", SEED_TESTS.read_text(), re.MULTILINE))
    assert named == there
