# SPDX-License-Identifier: BSD-3-Clause
"""Reads wpa_supplicant.conf as the configuration of stations: its global section; the networks stay in the file.

Several interfaces, each with a file, make one configuration, as they make one wpa_supplicant (-N).  What is wrong
raises one ConfigError that names each line; options that are not understood, or cannot be had, are named in a warning
with their line.  The networks of a file are read, and written, by `network_store` when the station runs.

driver=none, an External Registrar without an interface of its own, gives a configuration without stations.
"""

import socket
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from wpsagent.config import converters as c
from wpsagent.config.converters import UnexpectedError
from wpsagent.config.files import read_octets
from wpsagent.config.hostapd_options import (
    DEVICE_OPTIONS,
    Option,
    always,
    anything,
    boolean,
    control_interface,
    flag,
    integer,
    member,
    when,
)
from wpsagent.config.loader import agent_defaults, world_readable
from wpsagent.config.model import (
    Configuration,
    CredentialProcessing,
    DeviceSettings,
    EapolTransport,
    PushButtonScan,
    StationSettings,
)
from wpsagent.config.reading import describe_value
from wpsagent.config.supplicant_file import SupplicantFile
from wpsagent.config.table import DEVICE
from wpsagent.errors import ConfigError
from wpsagent.wsc.device import COMPUTER
from wpsagent.wsc.enumerations import ConfigMethods

NO_DRIVER = "none"
DRIVER = "nl80211"
_NO_FILE = "/dev/null"  # no networks to begin with, and none are kept
_OF_DEVICE = "device."
_METHODS = ConfigMethods.VIRTUAL_DISPLAY | ConfigMethods.KEYPAD


@dataclass(frozen=True, slots=True)
class Source:
    """One interface and its file (-i, -c).

    driver: names, with commas between (-D).  control: ctrl_interface where there is no file (-C); override: instead of
    what the file says (-O).
    """

    interface: str
    path: Path | None = None
    driver: str = DRIVER
    control: str | None = None
    override: str | None = None


def _config_methods(raw: str) -> ConfigMethods:
    methods: ConfigMethods = c.config_methods(raw)
    if ConfigMethods.LABEL in methods and ConfigMethods.DISPLAY in methods:
        raise UnexpectedError("label or display, not both: a station has one PIN, and says where it is read")
    return methods


_OPTIONS: Mapping[str, Option] = {
    option.name: option
    for option in (
        Option("ctrl_interface", control_interface),
        Option("ctrl_interface_group", c.text(1, 32)),
        Option("update_config", flag),
        *DEVICE_OPTIONS,
        Option("auto_uuid", boolean),
        Option("config_methods", _config_methods, "device.config_methods"),
        Option("wps_cred_processing", member(*CredentialProcessing), "cred_processing"),
        Option("wps_cred_add_sae", boolean, "add_sae"),
        Option("wps_priority", integer(0, (1 << 31) - 1), "wps_priority"),
        Option("pmf", integer(0, 2)),  # the station takes it from the file itself
        Option("country", c.country, None, always("the country the radio is in is the kernel's (iw reg set): ignored")),
        Option("ap_scan", integer(0, 2), None, lambda mode: None if mode == 1 else "the agent scans itself: ignored"),
        Option("pbc_in_m1", flag, None, when(1, "a workaround for Windows 7 that is not supported: ignored")),
        *(Option(name, anything) for name in ("eapol_version", "fast_reauth", "p2p_disabled")),
    )
}


def load(*sources: Source) -> Configuration:
    """The configuration of these interfaces; raises ConfigError with every problem in their files."""
    readings = [_Reading(source) for source in sources]
    problems = [problem for reading in readings for problem in reading.problems]
    seen: set[str] = set()
    for source in sources:
        if source.interface in seen:
            problems.append(f'interface: found "{source.interface}" twice, expected each once')
        seen.add(source.interface)
    if problems:
        raise ConfigError(problems)
    device = _device(readings)
    return Configuration(
        agent=replace(agent_defaults(socket.gethostname()), control_socket=""),
        device=device,
        access_points=(),
        stations=tuple(reading.station() for reading in readings if reading.driver != NO_DRIVER),
        buttons=(),
        leds=(),
        mqtt=None,
        warnings=tuple(warning for reading in readings for warning in reading.warnings),
    )


@dataclass(slots=True)
class _Reading:
    """One interface: the values of its file, problems and warnings."""

    source: Source
    driver: str = DRIVER
    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)
    device: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._choose_driver()
        self._check("interface", c.interface, self.source.interface)
        if self.source.path is not None:
            self._read(self.source.path)
        override = self.source.override or (self.source.control if self.source.path is None else None)
        if override is not None:
            self.values["ctrl_interface"] = self._check("ctrl_interface", control_interface, override)
            self.values.pop("ctrl_interface_group", None)

    def _choose_driver(self) -> None:
        drivers = [name.strip() for name in self.source.driver.split(",")]
        self.driver = next((name for name in drivers if name in (DRIVER, NO_DRIVER)), "")
        if not self.driver:
            self.problems.append(f'driver: found "{self.source.driver}", expected {DRIVER}')

    def _check(self, name: str, convert: Callable[[str], Any], raw: str) -> Any:
        """A value of the command line."""
        try:
            return convert(raw)
        except UnexpectedError as error:
            self.problems.append(f"{name}: found {describe_value(raw)}, expected {error.expected}")
            return None

    def _read(self, path: Path) -> None:
        try:
            file = SupplicantFile.decode(read_octets(path), str(path))
        except ConfigError as error:
            self.problems += error.problems
            return
        for number, line in file.numbered_options():
            if line.name is not None:
                self._take(f"{path}: line {number}: {line.name}", line.name, line.raw)
        if self.values.get("auto_uuid"):
            self.device["uuid"] = uuid.uuid4().bytes
        has_keys = any(network.passphrase or network.psk for network in file.networks)
        self.warnings += world_readable(path, has_keys)
        if not file.may_be_written:
            self.warnings.append(f"{path}: without update_config=1, networks that WPS brings are not saved")

    def _take(self, where: str, name: str, raw: str) -> None:
        option = _OPTIONS.get(name)
        if option is None:
            self.warnings.append(f"{where}: not understood, and ignored")
            return
        try:
            value = option.convert(raw)
        except UnexpectedError as error:
            self.problems.append(f"{where}: found {describe_value(raw)}, expected {error.expected}")
            return
        remark = option.remark(value)
        if remark is not None:
            self.warnings.append(f"{where}: {remark}")
        if option.sets is not None and option.sets.startswith(_OF_DEVICE):
            self.device[option.sets.removeprefix(_OF_DEVICE)] = value
        else:
            self.values[option.sets or name] = value

    def station(self) -> StationSettings:
        folder, group = self.values.get("ctrl_interface") or ("", None)
        path = self.source.path
        return StationSettings(
            interface=self.source.interface,
            networks_file=_NO_FILE if path is None else str(path.absolute()),
            cred_processing=self.values.get("cred_processing", CredentialProcessing.INTERNAL),
            wps_priority=self.values.get("wps_priority", 0),
            add_sae=self.values.get("add_sae", False),
            pbc_scan=PushButtonScan.FULL,
            eapol=EapolTransport.AUTO,
            control_directory=folder,
            control_group=group or self.values.get("ctrl_interface_group"),
        )


def _device(readings: Sequence[_Reading]) -> DeviceSettings:
    """One device stands behind all stations: the first that says something says it for all."""
    values = {key.name: key.default for key in DEVICE.keys}
    values |= {"primary_device_type": COMPUTER, "config_methods": _METHODS}
    del values["type"]
    said: dict[str, Any] = {}
    for reading in readings:
        for name, value in reading.device.items():
            if said.setdefault(name, value) != value:
                reading.warnings.append(f"{reading.source.path}: {name} differs from another interface's: ignored")
    return DeviceSettings(**values | said)
