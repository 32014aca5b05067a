# SPDX-License-Identifier: BSD-3-Clause
"""Writes the manual pages from the tables that the program itself uses: wps-agent(8), wps-agent.toml(5)."""

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path

from wpsagent import __version__
from wpsagent.cli import exit_codes
from wpsagent.cli.parser import COMMANDS, DEFAULT_CONFIG, DEFAULT_SOCKET, Command, Option
from wpsagent.config.example import toml
from wpsagent.config.table import REQUIRED, SECTIONS, Key, Section

_FILES = (
    (DEFAULT_CONFIG, "The configuration, wps-agent.toml(5)."),
    (DEFAULT_SOCKET, "The control socket."),
    ("/var/lib/wps-agent", "What must survive a restart: networks learnt, locks, settings that WPS brought."),
    ("/usr/share/wps-agent/hooks", "Programs for on_change: udhcpc, dhcpcd, networkctl."),
)


def _plain(text: str) -> str:
    """Text as roff takes it: backslashes, leading dots, hyphens that are minus signs."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-")
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in escaped.split("\n"))


def _heading(name: str, section: int, title: str) -> Iterator[str]:
    yield f'.TH {name.upper()} {section} "" "wps-agent {__version__}" "wps-agent"'
    yield ".SH NAME"
    yield f"{_plain(name)} \\- {_plain(title)}"


def _term(term: str, text: str) -> Iterator[str]:
    yield ".TP"
    yield f".B {_plain(term)}"
    yield _plain(text)


# ---- wps-agent(8)


def program() -> Iterator[str]:
    """The command and all its sub-commands."""
    yield from _heading("wps-agent", 8, "Wi-Fi Protected Setup for small boards")
    yield from (".SH SYNOPSIS", ".B wps\\-agent", ".I command", "[options]", ".SH DESCRIPTION")
    yield (
        "A daemon that binds a push\\-button and an LED to Wi\\-Fi Protected Setup, is the access point or the station"
        " itself, over nl80211, and reports over MQTT; and the commands that talk to it."
    )
    yield ".SH COMMANDS"
    for command in COMMANDS:
        yield from _command(command)
    yield from (".SH EXIT STATUS", _plain(exit_codes.HELP) + ".", ".SH FILES")
    for name, text in _FILES:
        yield from _term(name, text)
    yield from (".SH SEE ALSO", ".BR wps\\-agent.toml (5),", ".BR wpa_cli (8),", ".BR hostapd_cli (1)")


def _command(command: Command) -> Iterator[str]:
    yield f".SS {_plain(command.name)}"
    yield _plain(command.help[0].upper() + command.help[1:]) + "."
    for option in command.options:
        yield from _term(_option_name(option), option.keywords["help"])
    yield from (".PP", ".nf", _plain(command.examples.rstrip("\n")), ".fi")


def _option_name(option: Option) -> str:
    return ", ".join(option.names) if option.names[0].startswith("-") else option.names[0].upper()


# ---- wps-agent.toml(5)


def configuration() -> Iterator[str]:
    """Every section and key of the configuration."""
    yield from _heading("wps-agent.toml", 5, "configuration of wps-agent")
    yield from (".SH DESCRIPTION", "TOML.  Keys that are not given have the default; paths are relative to the file.")
    yield from (".B wps\\-agent config example", "prints an annotated example,", ".B wps\\-agent config check")
    yield "checks a file."
    for section in SECTIONS:
        yield from _section(section)
    yield from (".SH SEE ALSO", ".BR wps\\-agent (8)")


def _section(section: Section) -> Iterator[str]:
    yield f".SH {_plain(f'[[{section.name}]]' if section.is_array else f'[{section.name}]')}"
    yield _plain(section.help)
    for key in section.keys:
        yield from _term(key.name, _key_text(key))


def _key_text(key: Key) -> str:
    if key.default is REQUIRED:
        return f"{key.help} Required."
    if key.default is None or key.is_secret:
        return f"{key.help} Example: {key.example}." if key.example else key.help
    return f"{key.help} Default: {key.example or toml(key.default)}."


def main() -> None:
    parser = argparse.ArgumentParser(prog="manual.py", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to; it is made if it is not there")
    folder: Path = parser.parse_args().folder
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / "wps-agent.8", program())
        _write(folder / "wps-agent.toml.5", configuration())
    except OSError as error:
        parser.exit(1, f"manual.py: cannot write there: {error}\n")


def _write(page: Path, lines: Iterable[str]) -> None:
    page.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
