# SPDX-License-Identifier: BSD-3-Clause
"""The annotated example configuration, written from the table of keys: it can say nothing the reader does not do."""

from collections.abc import Iterator
from typing import Any

from wpsagent.config.table import BOARD, HOSTAPD, MQTT, REQUIRED, SECTIONS, STATION, TLS, Key, Section

# Keys that stand uncommented besides those that are required: the file works as it is printed.
_SHOWN = {("access_point", "ssid"), ("access_point", "passphrase"), ("button", "pin"), ("led", "name")}
_WIDTH = 44


def describe() -> str:
    """A commented TOML file with every section and key, its default and its meaning."""
    return "\n".join(_lines())


def _lines() -> Iterator[str]:
    yield "# Configuration of wps-agent (TOML).  Commented keys show their default, or an example where there is none."
    for section in SECTIONS:
        is_optional = section in (HOSTAPD, STATION, BOARD, MQTT, TLS) or "." in section.name
        yield ""
        yield f"# {section.help}"
        header = f"[[{section.name}]]" if section.is_array else f"[{section.name}]"
        yield f"#{header}" if is_optional else header
        yield from (_line(section, key, is_optional) for key in section.keys)
    yield ""


def _line(section: Section, key: Key, is_optional: bool) -> str:
    is_shown = key.default is REQUIRED or (section.name, key.name) in _SHOWN
    setting = f"{key.name} = {key.example or toml(key.default)}"
    if is_optional or not is_shown:
        setting = f"#{setting}"
    return f"{setting:<{_WIDTH}}  # {key.help}"


def toml(value: Any) -> str:
    """A default as TOML text; whatever is neither a boolean nor a number has a text form."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, int | float) else f'"{value}"'
