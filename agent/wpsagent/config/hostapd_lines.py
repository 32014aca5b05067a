# SPDX-License-Identifier: BSD-3-Clause
"""The lines of a hostapd.conf: name=value, comments and empty lines; `bss=` begins another network of the same radio.

A value is all that follows the first "=", spaces and "#" included: only a line that begins with "#" is a comment.  As
hostapd, this reader wants no space before a name.  Refuses, naming the line: what is neither, and control characters,
so that no value can become a second line of the file (CVE-2016-4476).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from wpsagent.roles.sta.network_variables import has_control_characters

_NAME = re.compile(r"[A-Za-z0-9_]+")
BSS = "bss"

Complain = Callable[[int, str], None]
"""Takes the number of a line and what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line that says something; number counts from 1."""

    number: int
    name: str
    raw: str = field(repr=False)


@dataclass(slots=True)
class Section:
    """One network (BSS): the lines from the beginning, or from `bss=`, to the next `bss=`.  number: of the first."""

    number: int
    lines: list[Line] = field(default_factory=list)


def read_sections(text: str, complain: Complain) -> list[Section]:
    """The networks of a file in order, at least one; lines that cannot be read are complained of and left out."""
    sections = [Section(1)]
    for number, said in enumerate(text.split("\n"), 1):
        line = _read_line(number, said, complain)
        if line is None:
            continue
        if line.name == BSS:
            sections.append(Section(number))
        sections[-1].lines.append(line)
    return sections


def _read_line(number: int, said: str, complain: Complain) -> Line | None:
    if said.startswith("#") or not said.strip():
        return None
    name, equals, raw = said.partition("=")
    if not equals or not _NAME.fullmatch(name):
        # What is no name may be anything, a key among it: it is not shown.
        complain(number, "expected name=value, without a space before or around the name, or a comment (#)")
    elif raw.endswith("\r"):
        complain(number, f"{name}: the line ends as on Windows; remove the carriage returns (sed -i 's/\\r$//')")
    elif has_control_characters(raw):
        complain(number, f"{name}: control characters cannot be in a value")
    else:
        return Line(number, name, raw)
    return None
