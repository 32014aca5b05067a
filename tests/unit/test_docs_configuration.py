# SPDX-License-Identifier: BSD-3-Clause
"""What README.md and docs/ show of the configuration is right, and what they name is there."""

import re
import tomllib
from pathlib import Path
from textwrap import dedent

import pytest

from wpsagent.config.loader import parse

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
A_NETWORK = '[[access_point]]\ninterface = "wlan7"\nssid = "home"\npassphrase = "correct horse battery"\n'
A_BROKER = '[mqtt]\nhost = "broker.lan"\n'
_FENCED = re.compile(r"^( *)```toml\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^\n((?:    .*\n|\n(?=    ))+)", re.MULTILINE)


def blocks(path: Path) -> list[str]:
    """What is shown of wps-agent.toml: tables, fenced or indented; a unit of systemd is none."""
    text = path.read_text()
    found = [found[2] for found in _FENCED.finditer(text)] + [found[1] for found in _INDENTED.finditer(text)]
    return [block for block in map(dedent, found) if re.match(r"\[+[a-z_.]+\]", block)]


SHOWN = [(path, block) for path in DOCUMENTS for block in blocks(path)]


@pytest.mark.parametrize(("path", "block"), SHOWN, ids=[f"{path.name}-{n}" for n, (path, _) in enumerate(SHOWN)])
def test_what_is_shown_can_be_configured(path: Path, block: str, tmp_path: Path) -> None:
    document = tomllib.loads(block)
    has_role = {"access_point", "station"} & set(document)
    text = block + ("" if has_role else f"\n{A_NETWORK}")
    if "mqtt" in document and "host" not in document["mqtt"]:
        text = text.replace("[mqtt]\n", A_BROKER) if "[mqtt]\n" in text else A_BROKER + text
    for name in re.findall(r'^\w*_?file = "([^"/]+)"', block, re.MULTILINE):
        (tmp_path / name).write_text("a secret")
    parse(text, tmp_path / "wps-agent.toml", "node")


def test_there_is_something_to_look_at() -> None:
    assert {path.name for path, _ in SHOWN} >= {"README.md", "attached.md", "boards.md", "hand-over.md", "mqtt.md"}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.name))
def test_documents_and_pictures_that_are_named_are_there(path: Path) -> None:
    text = path.read_text()
    named = [ROOT / name for name in re.findall(r"\bdocs/[\w/.-]+\.\w+", text)]
    named += [path.parent / name for name in re.findall(r"\]\(([^):]+)\)", text)]
    named += [ROOT / name for name in re.findall(r"\b(?:tests|init)/[\w/.-]+\.\w+", text)]
    assert [str(name) for name in named if not name.exists()] == []
