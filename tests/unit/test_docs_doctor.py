# SPDX-License-Identifier: BSD-3-Clause
"""docs/doctor.md names everything that doctor looks at; docs/troubleshooting.md quotes words that we say."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LIST = (ROOT / "docs" / "doctor.md").read_text()
TROUBLES = (ROOT / "docs" / "troubleshooting.md").read_text()
OURS = "".join(part for part in TROUBLES.split("\n## ") if not part.startswith("The service"))
"""Of the service it is systemd that speaks."""
DIAGNOSIS = ROOT / "agent" / "wpsagent" / "daemon" / "diagnosis"
SAYING = {"ok", "problem", "warning", "skipped", "_rfkill"}


def first_words(node: ast.expr) -> str:
    """A label of a line, as far as it is always the same: of f"button {name}" it is "button"."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text.strip()
        case _:
            return ""


def labels(tree: ast.Module) -> Iterator[str]:
    """What is put before a finding: `check = …`, or the first argument with a text that is not its own."""
    for node in ast.walk(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id="check" | "CHECK")], value=value):
                yield first_words(value)
            case ast.Assign(targets=[ast.Tuple(elts=[ast.Name(id="check"), *_])], value=ast.Tuple(elts=[value, *_])):
                yield first_words(value)
            case ast.Call(func=ast.Name(id=name), args=arguments) if name in SAYING:
                yield first_words(arguments[1 if name == "_rfkill" else 0])
            case _:
                pass


def test_every_line_of_doctor_has_an_entry() -> None:
    found = {label for path in DIAGNOSIS.glob("*.py") for label in labels(ast.parse(path.read_text()))} - {""}
    told = {name for row in re.findall(r"^\| (`.*?) \|", LIST, re.MULTILINE) for name in re.findall(r"`(.*?)`", row)}
    assert {label.split(" of")[0] for label in found} == told


@cache
def everything_said() -> str:
    return "\n".join(
        str(node.value)
        for folder in ("agent", "board")
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@pytest.mark.parametrize("quotation", re.findall(r"\*([^*\n]+)\*", OURS))
def test_what_is_quoted_is_said(quotation: str) -> None:
    assert [part for part in re.split(r"\s*…\s*", quotation) if part not in everything_said()] == []
