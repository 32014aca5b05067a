# SPDX-License-Identifier: BSD-3-Clause
"""What must hold between the keys that say how an access point is set up and hands itself on: AP PIN, state, keys.

Wi-Fi Simple Configuration 2.0, 7.4 (AP PIN and its lock): the networks of one button group have one registrar, and so
one AP PIN; what one of them says holds for all.
"""

import stat
from collections.abc import Sequence
from pathlib import Path

from wpsagent.config.model import CredentialProcessing, Security
from wpsagent.config.psk_file import PskFile
from wpsagent.config.reading import Table
from wpsagent.errors import ConfigError, DecodeError
from wpsagent.wsc.attributes import Attributes, AttributeType

_OF_GROUP = ("ap_pin", "setup_locked", "lock_out_s")
_MAXIMUM_EXTRA = 1024
_GUESSABLE = (
    "whoever is near can guess an AP PIN in 11000 tries, which the lock after three wrong ones only slows down;"
    ' better leave it out and give one for a while (wps-agent ap-pin), or set setup_locked = "learn_only"'
)


class WpsChecks:
    """Checks access points; problems and warnings are filled on the way."""

    def __init__(self, folder: Path, problems: list[str], warnings: list[str]) -> None:
        self._folder = folder
        self._problems = problems
        self._warnings = warnings

    def access_point(self, table: Table) -> None:
        """One table, whose secrets have been read from their files."""
        for name in ("pin_requests", "psk_file"):
            if table[name] is not None:
                table.values[name] = str(self._folder / table[name])
        self._psk_file(table)
        self._extra_credentials(table)
        if table["wps_state"] == "unconfigured" and not table["wps"]:
            self._add(table, "wps_state", 'found "unconfigured", expected with wps = true only')
        if table["skip_credential_build"] and not self._may_skip(table):
            self._add(
                table,
                "skip_credential_build",
                'found true, expected with extra_credentials, or with cred_processing = "external"',
            )

    def groups(self, access_points: Sequence[Table]) -> None:
        """What one network of a group says of the AP PIN holds for all of them."""
        groups: dict[str, list[Table]] = {}
        for table in access_points:
            groups.setdefault(table["button_group"], []).append(table)
        for tables in groups.values():
            for name in _OF_GROUP:
                self._agree(tables, name)
            self._warn_of_pin(tables)

    def _agree(self, tables: Sequence[Table], name: str) -> None:
        saying = [table for table in tables if _says(table, name) and table.is_usable(name)]
        for table in saying[1:]:
            if table[name] != saying[0][name]:
                group = table["button_group"]
                self._add(
                    table,
                    name,
                    f"differs from {saying[0].where(name)}, expected one for all networks of button_group {group!r}",
                )
        if saying:
            for table in tables:
                table.values[name] = saying[0][name]

    def _warn_of_pin(self, tables: Sequence[Table]) -> None:
        table = next((table for table in tables if _says(table, "ap_pin")), None)
        if table is not None and table["ap_pin"] is not None and table["setup_locked"] == "open":
            self._warnings.append(f"{table.where('ap_pin')}: {_GUESSABLE}")

    def _psk_file(self, table: Table) -> None:
        if table["psk_file"] is None:
            if table["force_per_enrollee_psk"]:
                self._add(table, "force_per_enrollee_psk", "found true, expected with psk_file, which keeps the keys")
            return
        if table["security"] == Security.OPEN and table["wps_state"] == "configured":
            self._add(table, "psk_file", 'found on an open network, expected security = "wpa2"')
        try:
            PskFile(table["psk_file"]).load()
            self._warn_of_readers(Path(table["psk_file"]))
        except ConfigError as error:
            self._problems += [f"{table.where('psk_file')}: {problem}" for problem in error.problems]
        except OSError:
            return  # WPS makes it when it is needed

    def _extra_credentials(self, table: Table) -> None:
        """The octets of the file instead of its name."""
        name = table["extra_credentials"]
        if name is None:
            return
        path = self._folder / name
        table.values["extra_credentials"] = None
        try:
            octets = path.read_bytes()[: _MAXIMUM_EXTRA + 1]
            self._warn_of_readers(path)
        except OSError as error:
            self._add(table, "extra_credentials", f"{path} cannot be read: {error.strerror}")
            return
        if _holds_credentials(octets):
            table.values["extra_credentials"] = octets
        else:
            expected = f"Credential attributes of at most {_MAXIMUM_EXTRA} octets, as WPS-CRED-RECEIVED shows them"
            self._add(table, "extra_credentials", f"{path} does not hold what is expected, {expected}")

    @staticmethod
    def _may_skip(table: Table) -> bool:
        is_external = table["cred_processing"] == CredentialProcessing.EXTERNAL
        return "extra_credentials" in table.given or is_external or not table.is_usable("cred_processing")

    def _warn_of_readers(self, path: Path) -> None:
        if path.stat().st_mode & stat.S_IROTH:
            self._warnings.append(f"{path}: everyone on this device can read this secret; chmod 600 it")

    def _add(self, table: Table, name: str, text: str) -> None:
        self._problems.append(f"{table.where(name)}: {text}")


def _holds_credentials(octets: bytes) -> bool:
    try:
        return len(octets) <= _MAXIMUM_EXTRA and bool(Attributes.decode(octets).all(AttributeType.CREDENTIAL))
    except DecodeError:
        return False


def _says(table: Table, name: str) -> bool:
    return name in table.given or (name == "ap_pin" and "ap_pin_file" in table.given)
