# SPDX-License-Identifier: BSD-3-Clause
"""What a check says: how bad it is, what was found, what to do next."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How bad it is.  skipped: the check could not be made, and its text says why."""

    OK = "ok"
    SKIPPED = "skipped"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a diagnosis.  check: what was looked at, such as "owner wlan0"; remedy: empty where none is due."""

    check: str
    level: Level
    text: str
    remedy: str = ""


def ok(check: str, text: str) -> Finding:
    return Finding(check, Level.OK, text)


def skipped(check: str, text: str) -> Finding:
    return Finding(check, Level.SKIPPED, text)


def warning(check: str, text: str, remedy: str) -> Finding:
    return Finding(check, Level.WARNING, text, remedy)


def problem(check: str, text: str, remedy: str) -> Finding:
    return Finding(check, Level.PROBLEM, text, remedy)


# Our own errors say what happened, then what to do: "GPIO 17 is busy (…): stop that, or take another pin".
_ADVICE = re.compile(r"[:;] (?=(?:add|chmod|disconnect|install|let|name|run|set|stop|take|tell|use) )")


def split_advice(text: str, default: str) -> tuple[str, str]:
    """(what happened, what to do) of an error's text; default where it does not say what to do."""
    parts = _ADVICE.split(text, maxsplit=1)
    return (parts[0], parts[1]) if len(parts) == 2 else (text, default)
