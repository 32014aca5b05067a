# SPDX-License-Identifier: BSD-3-Clause
"""Reads a configuration file: TOML → tables → checks → values.

A wrong file raises one ConfigError that names each bad key with its path, what was found and what is expected.
Relative file names in it (passphrase_file, certificates) are relative to the file's own folder.
"""

import socket
import stat
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wpsagent.config.attached import attached, is_attached, owner_directory
from wpsagent.config.checks import Checks
from wpsagent.config.files import read_octets
from wpsagent.config.model import (
    FRAME_PROTECTION,
    AccessPointSettings,
    AgentSettings,
    BoardSettings,
    ButtonAction,
    ButtonSettings,
    Configuration,
    CredentialProcessing,
    DeviceSettings,
    EapolTransport,
    HandOver,
    LedSettings,
    MqttSettings,
    PushButtonScan,
    Security,
    StationSettings,
    TlsSettings,
)
from wpsagent.config.reading import Reading, Table
from wpsagent.config.table import SETUP_LOCK_MODES, WPS_STATES
from wpsagent.errors import ConfigError

if TYPE_CHECKING:
    from wpsagent.config.hostapd_file import Networks

_FILE_KEYS = "chmod 600 it, or use the …_file keys"
_NO_NODE = str.maketrans("/+#$", "----")


def load(path: str | Path) -> Configuration:
    """The configuration in a file; raises ConfigError with every problem in it."""
    path = Path(path)
    return parse(_decode(read_octets(path), path), path)


def parse(text: str, path: str | Path = "wps-agent.toml", host_name: str | None = None) -> Configuration:
    """The configuration in a text, as if read from path; raises ConfigError with every problem in it."""
    path = Path(path)
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path}: not TOML: {error}"]) from None
    except RecursionError:
        raise ConfigError([f"{path}: not a configuration: nested too deeply"]) from None
    reading = Reading()
    root = reading.document(document)
    networks = _add_hostapd(root, reading.problems, path)
    checks = Checks(root, reading.problems, path.parent)
    checks.run()
    if reading.problems:
        raise ConfigError([f"{path}: {problem}" for problem in reading.problems])
    told = networks.warnings if networks else ()
    warnings = (*world_readable(path, reading.holds_secrets, _FILE_KEYS), *told, *checks.warnings)
    configuration = _configuration(root, warnings, host_name or socket.gethostname())
    return configuration if networks is None else replace(configuration, device=_described(root, networks.device))


def _add_hostapd(root: Table, problems: list[str], path: Path) -> "Networks | None":
    """The networks of the files that [[hostapd]] names become tables of [[access_point]]; None: it names none.

    Raises ConfigError with what is wrong in them: what cannot be read cannot be checked together with the rest.
    """
    tables = [table for table in root.many("hostapd") if table.is_usable("file") and "file" in table.given]
    if not tables:
        return None
    # Imported here: most configurations name none.
    from wpsagent.config.hostapd_file import read

    networks = read(*(path.parent / table["file"] for table in tables))
    if networks.problems:
        raise ConfigError([*(f"{path}: {problem}" for problem in problems), *networks.problems])
    root.children["access_point"] = [*root.many("access_point"), *networks.tables]
    return networks


def _described(root: Table, said: Mapping[str, Any]) -> DeviceSettings:
    """[device], and what it leaves open as the files of [[hostapd]] say it."""
    table = _section(root, "device")
    given = {"primary_device_type" if name == "type" else name for name in table.given}
    return replace(_device(table), **{name: value for name, value in said.items() if name not in given})


def _decode(octets: bytes, path: Path) -> str:
    try:
        return octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = octets.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"{path}: not TOML: line {line} is not UTF-8"]) from None


def world_readable(path: Path, holds_secrets: bool, advice: str = "chmod 600 it") -> tuple[str, ...]:
    """A warning when others may read a file that holds secrets."""
    try:
        is_open = holds_secrets and path.stat().st_mode & stat.S_IROTH
    except OSError:
        return ()
    if not is_open:
        return ()
    return (f"{path}: everyone on this device can read the secrets in it; {advice}",)


# ---- values from tables that have passed every check


def _configuration(root: Table, warnings: tuple[str, ...], host_name: str) -> Configuration:
    agent = _agent(root, host_name)
    mqtt, board = root.one("mqtt"), root.one("board")
    has_both = bool(root.many("access_point") and root.many("station"))
    return Configuration(
        agent=agent,
        device=_device(_section(root, "device")),
        access_points=tuple(
            access_point_settings(table) for table in root.many("access_point") if not is_attached(table)
        ),
        stations=tuple(
            _station(table, agent.state_directory) for table in root.many("station") if not is_attached(table)
        ),
        attached=attached(root),
        buttons=tuple(_button(table, _long_press(has_both)) for table in root.many("button")),
        leds=tuple(_led(table) for table in root.many("led")),
        mqtt=None if mqtt is None else _mqtt(mqtt, agent.node),
        board=None if board is None else BoardSettings(**board.values),
        warnings=warnings,
    )


def _section(root: Table, name: str) -> Table:
    """A table that exists even when the file does not have it."""
    return root.one(name) or Reading().document({name: {}}).many(name)[0]


def _agent(root: Table, host_name: str) -> AgentSettings:
    values = dict(_section(root, "agent").values)
    values["node"] = values["node"] or host_name.translate(_NO_NODE) or "wps-agent"
    return AgentSettings(**values)


def agent_defaults(host_name: str) -> AgentSettings:
    """[agent] where nobody says anything."""
    return _agent(Reading().document({}), host_name)


def _device(table: Table) -> DeviceSettings:
    return DeviceSettings(primary_device_type=table["type"], **_without(table, "type"))


def access_point_settings(table: Table) -> AccessPointSettings:
    """The values of a table of [[access_point]] that has passed every check."""
    values = _without(table, "ssid_hex", "passphrase_file", "ap_pin_file", "backend", "control")
    values["owner_directory"] = owner_directory(table)
    values["ssid"] = table["ssid"] or table["ssid_hex"]
    values["security"] = Security(table["security"])
    values["eapol"] = EapolTransport(table["eapol"])
    values["wps_state"] = WPS_STATES[table["wps_state"]]
    values["setup_locked"] = SETUP_LOCK_MODES[table["setup_locked"]]
    values["extra_credentials"] = table["extra_credentials"] or b""
    values["cred_processing"] = CredentialProcessing(table["cred_processing"])
    return AccessPointSettings(**values)


def _station(table: Table, state_directory: str) -> StationSettings:
    values = _without(table, "backend", "control")
    values["owner_directory"] = owner_directory(table)
    values["networks_file"] = table["networks_file"] or str(Path(state_directory) / f"{table['interface']}.conf")
    values["cred_processing"] = CredentialProcessing(table["cred_processing"])
    values["pbc_scan"] = PushButtonScan(table["pbc_scan"])
    values["pmf"] = FRAME_PROTECTION[table["pmf"]]
    values["hand_over"] = HandOver(table["hand_over"])
    values["supplicant_directory"] = table["control"]
    values["eapol"] = EapolTransport(table["eapol"])
    return StationSettings(**values)


def _long_press(has_both: bool) -> ButtonAction:
    """What a long press is where nobody says it: the other role's button where there are both roles."""
    return ButtonAction.STATION_PBC if has_both else ButtonAction.CANCEL


def _button(table: Table, long_press: ButtonAction) -> ButtonSettings:
    values = dict(table.values)
    values["short_press"] = ButtonAction(table["short_press"])
    values["long_press"] = ButtonAction(table["long_press"] or long_press)
    return ButtonSettings(**values)


def _led(table: Table) -> LedSettings:
    parts = _given(table, "pins") or _given(table, "names")
    return LedSettings(patterns=_given(table, "patterns"), parts=parts, colors=_given(table, "colors"), **table.values)


def _given(table: Table, name: str) -> tuple[tuple[str, Any], ...]:
    """What a table within a table says, by key."""
    inner = table.one(name)
    return () if inner is None else tuple((key, inner[key]) for key in sorted(inner.given))


def with_board(
    configuration: Configuration, tables: Mapping[str, Sequence[Mapping[str, Any]]], origin: str
) -> Configuration:
    """The configuration with the buttons and LEDs of a board where it has none of its own.

    Its buttons act on every network with WPS.  Raises ConfigError, as board_parts does.
    """
    has_both = bool(configuration.access_points and configuration.stations)
    buttons, leds = board_parts(tables, origin, has_both=has_both)
    groups = tuple(sorted({ap.button_group for ap in configuration.access_points if ap.wps}))
    if groups:
        buttons = tuple(replace(button, groups=groups) for button in buttons)
    return replace(configuration, buttons=configuration.buttons or buttons, leds=configuration.leds or leds)


def board_parts(
    tables: Mapping[str, Sequence[Mapping[str, Any]]], origin: str, *, has_both: bool = False
) -> tuple[tuple[ButtonSettings, ...], tuple[LedSettings, ...]]:
    """Buttons and LEDs from tables [[button]] and [[led]]; raises ConfigError with the problems in what `origin` says.

    has_both: the board is an access point and a station.
    """
    reading = Reading()
    root = reading.document(tables)
    Checks(root, reading.problems, Path()).board()
    if reading.problems:
        raise ConfigError([f"{origin}: {problem}" for problem in reading.problems])
    buttons = tuple(_button(table, _long_press(has_both)) for table in root.many("button"))
    return buttons, tuple(_led(table) for table in root.many("led"))


def _mqtt(table: Table, node: str) -> MqttSettings:
    values = _without(table, "password_file")
    tls = table.one("tls")
    values["node"] = values["node"] or node
    values["port"] = values["port"] or (1883 if tls is None else 8883)
    return MqttSettings(tls=None if tls is None else TlsSettings(**tls.values), **values)


def _without(table: Table, *names: str) -> dict[str, Any]:
    return {name: value for name, value in table.values.items() if name not in names}
