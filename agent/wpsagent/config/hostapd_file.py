# SPDX-License-Identifier: BSD-3-Clause
"""Reads hostapd.conf: the lines → the tables that TOML gives → the same checks → the same values.

Several files make one configuration, as several files make one hostapd: each has a radio, and networks (BSS) on it.
What is wrong raises one ConfigError that names each line; what is not understood, or cannot be had, is named in a
warning with its line.  Nothing that protects the network is ignored: it is refused (`hostapd_options`).
"""

import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wpsagent.config.converters import UnexpectedError
from wpsagent.config.files import read_octets
from wpsagent.config.hostapd_lines import Line, Section, read_sections
from wpsagent.config.hostapd_options import OPTIONS, Option
from wpsagent.config.hostapd_rewrite import rewrite
from wpsagent.config.hostapd_rules import Bss, Found, NamedTable, network_rules
from wpsagent.config.loader import access_point_settings, agent_defaults, world_readable
from wpsagent.config.model import Configuration, DeviceSettings
from wpsagent.config.reading import Table, describe_value
from wpsagent.config.table import ACCESS_POINT, DEVICE
from wpsagent.config.wps_checks import WpsChecks
from wpsagent.errors import ConfigError
from wpsagent.roles.sta.network_variables import to_text

__all__ = ["Networks", "Source", "load", "parse", "read", "rewrite"]

_OF_DEVICE = "device."
_LEVELS = ("debug", "debug", "info", "info", "warning")
_MOST_STATIONS = 2007  # what max_num_sta is where nobody says it
_LOG_LEVEL = "logger_stdout_level"


@dataclass(frozen=True, slots=True)
class Source:
    """One file.  interface: instead of the one it names.  create_on: the phy on which that interface is made."""

    path: Path
    interface: str | None = None
    create_on: str | None = None


@dataclass(frozen=True, slots=True)
class Networks:
    """What some files say: networks as tables of [[access_point]], and fields of DeviceSettings; not yet checked."""

    tables: Sequence[Table]
    device: Mapping[str, Any]
    log_level: str
    problems: Sequence[str]
    warnings: Sequence[str]


def load(*sources: str | Path | Source) -> Configuration:
    """The configuration in one file or several; raises ConfigError with every problem in them."""
    return _configuration(read(*sources))


def parse(text: str, path: str | Path = "hostapd.conf") -> Configuration:
    """The configuration in a text, as if read from path; raises ConfigError with every problem in it."""
    reading = _Reading(Source(Path(path)))
    reading.read(text)
    return _configuration(_together([reading]))


def read(*sources: str | Path | Source) -> Networks:
    """What is in one file or several; raises ConfigError when one cannot be read at all."""
    readings = [_Reading(_source(source)) for source in sources]
    for reading in readings:
        reading.read(to_text(read_octets(reading.source.path)))
    return _together(readings)


def _source(source: str | Path | Source) -> Source:
    return source if isinstance(source, Source) else Source(Path(source))


class _Reading:
    """One file: its networks as tables, its problems and warnings."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.networks: list[Bss] = []

    def read(self, text: str) -> None:
        for section in read_sections(text, self._complain):
            self.networks.append(self._bss(section))
        radio = self.networks[0]
        if self.source.interface is not None:
            radio.found["interface"] = Found(radio.number, self.source.interface)
        for bss in self.networks:
            network_rules(bss, radio)
            bss.table.values |= self._surroundings(bss)
        self.warnings += [
            warning for bss in self.networks for warning in world_readable(self.source.path, bss.holds_secrets)
        ][:1]

    def _surroundings(self, bss: Bss) -> dict[str, Any]:
        """The first network has the interface that is there; the others' are made beside it."""
        folder, group = bss.value("ctrl_interface") or ("", None)
        return {
            "create_on": self.source.create_on if bss is self.networks[0] else self.networks[0].table["interface"],
            "source_file": str(self.source.path.absolute()),
            "control_directory": folder,
            "control_group": group or bss.value("ctrl_interface_group"),
        }

    def _complain(self, number: int, text: str) -> None:
        self.problems.append(f"{self.source.path}: line {number}: {text}")

    def _warn(self, number: int, text: str) -> None:
        self.warnings.append(f"{self.source.path}: line {number}: {text}")

    def _bss(self, section: Section) -> Bss:
        numbers = {line.name: line.number for line in section.lines}
        table = NamedTable(str(self.source.path), _defaults(), numbers)
        bss = Bss(section.number, table, self._complain, self._warn)
        for line in section.lines:
            option = OPTIONS.get(line.name)
            if option is None:
                self._warn(line.number, f"{line.name}: not understood, and ignored")
            else:
                self._take(bss, line, option)
        return bss

    def _take(self, bss: Bss, line: Line, option: Option) -> None:
        try:
            value = option.convert(line.raw)
        except UnexpectedError as error:
            shown = "a secret" if option.is_secret else describe_value(line.raw)
            self._complain(line.number, f"{line.name}: found {shown}, expected {error.expected}")
            bss.refused.add(line.name)
            return
        bss.take(line, option, value)


def _defaults() -> dict[str, Any]:
    return {key.name: key.default for key in ACCESS_POINT.keys} | {"max_stations": _MOST_STATIONS}


# ---- one configuration from all files


def _together(readings: Sequence[_Reading]) -> Networks:
    networks = [bss for reading in readings for bss in reading.networks]
    device = _device(networks)
    _unique_interfaces(networks)
    return Networks(
        tables=[bss.table for bss in networks],
        device=device,
        log_level=_log_level(networks),
        problems=[problem for reading in readings for problem in reading.problems],
        warnings=[warning for reading in readings for warning in reading.warnings],
    )


def _configuration(networks: Networks) -> Configuration:
    problems, warnings = list(networks.problems), list(networks.warnings)
    if not problems:
        _check(networks.tables, problems, warnings)
    if problems:
        raise ConfigError(problems)
    values = {key.name: key.default for key in DEVICE.keys}
    values["primary_device_type"] = values.pop("type")
    return Configuration(
        agent=replace(agent_defaults(socket.gethostname()), control_socket="", log_level=networks.log_level),
        device=DeviceSettings(**{**values, **networks.device}),
        access_points=tuple(access_point_settings(table) for table in networks.tables),
        buttons=(),
        leds=(),
        mqtt=None,
        warnings=tuple(warnings),
    )


def _check(tables: Sequence[Table], problems: list[str], warnings: list[str]) -> None:
    """What must hold between the options that TOML has, too."""
    checks = WpsChecks(Path.cwd(), problems, warnings)
    for table in tables:
        checks.access_point(table)
    checks.groups(tables)


def _unique_interfaces(networks: Sequence[Bss]) -> None:
    seen: set[str] = set()
    for bss in networks:
        interface = bss.table["interface"]
        if interface in seen:
            bss.refuse("interface", f'found "{interface}", which another network has already')
        elif isinstance(interface, str):
            seen.add(interface)


def _log_level(networks: Iterable[Bss]) -> str:
    levels = [bss.value(_LOG_LEVEL) for bss in networks if bss.value(_LOG_LEVEL) is not None]
    return _LEVELS[min(max(levels[0], 0), len(_LEVELS) - 1)] if levels else "info"


def _device(networks: Sequence[Bss]) -> dict[str, Any]:
    """One device stands behind all networks: the first that says something says it for all."""
    said: dict[str, Any] = {}
    for bss in networks:
        for name, value in bss.device.items():
            if said.setdefault(name, value) != value:
                bss.warn(_OPTION_OF[name], "differs from another network's, which holds for all: ignored")
    return said


_OPTION_OF = {
    option.sets.removeprefix(_OF_DEVICE): option.name
    for option in OPTIONS.values()
    if option.sets and option.sets.startswith(_OF_DEVICE)
}
