# SPDX-License-Identifier: BSD-3-Clause
"""What Wi-Fi Protected Setup made of an access point of the configuration, kept beside it.

A registrar may give an access point another name and key, and an unconfigured one gives itself a key (Wi-Fi Simple
Configuration 2.0, 7.4 and 8.3).  The configuration file is its owner's and stays as it is; the new settings go into
`<interface>.access-point.json` in the state directory:

    {"made_from": "…", "ssid": "686f6d65", "security": "wpa2", "passphrase": "…", "psk": null, "wps_state": 2}

They hold for as long as the configuration says what it said when they were made (made_from is its digest); whoever
edits the network there gets what he wrote, and the file is dropped.
"""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from wpsagent.config import converters as c
from wpsagent.config.model import AccessPointSettings, Security
from wpsagent.errors import ConfigError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SystemCalls, make_folder_of, write_atomically
from wpsagent.wsc.enumerations import WpsState

_MAXIMUM_OCTETS = 4096
_MEMBERS = {"made_from", "ssid", "security", "passphrase", "psk", "wps_state"}


class NetworkOverlay:
    """The file of one access point.  configured: what the configuration says of it."""

    def __init__(
        self, state_directory: str | Path, configured: AccessPointSettings, calls: SystemCalls = SYSTEM_CALLS
    ) -> None:
        self.path = Path(state_directory) / f"{configured.interface}.access-point.json"
        self._configured = configured
        self._calls = calls

    def load(self) -> AccessPointSettings:
        """What is to run; raises ConfigError when the file does not count, and then the configuration does."""
        try:
            with self.path.open("rb") as file:
                octets = file.read(_MAXIMUM_OCTETS)
        except FileNotFoundError:
            return self._configured
        except OSError as error:
            raise ConfigError([f"{self.path}: cannot be read: {error.strerror}; the configuration counts"]) from None
        values = self._decode(octets)
        if values["made_from"] != _digest(self._configured):
            self._drop()
            raise ConfigError(
                [
                    f"{self.path}: the configuration of {self._configured.interface} has been changed since Wi-Fi"
                    " Protected Setup made these settings: they are dropped, the configuration counts"
                ]
            )
        return self._with(values)

    def save(self, settings: AccessPointSettings) -> None:
        """Keep what runs now; raises SaveError, and the old file is whole then."""
        make_folder_of(self.path)
        values = _values(settings) | {"made_from": _digest(self._configured)}
        write_atomically(self.path, json.dumps(values, sort_keys=True).encode("ascii") + b"\n", self._calls)

    def _decode(self, octets: bytes) -> dict[str, Any]:
        try:
            values = json.loads(octets)
        except (ValueError, RecursionError):
            values = None
        if not isinstance(values, dict) or values.keys() != _MEMBERS:
            raise self._useless()
        return values

    def _with(self, values: dict[str, Any]) -> AccessPointSettings:
        """The configuration with these instead; a value that nobody can have saved makes all of them useless."""
        try:
            security = Security(values["security"])
            passphrase = None if values["passphrase"] is None else c.passphrase(values["passphrase"])
            psk = None if values["psk"] is None else c.psk(values["psk"])
            if (security is Security.OPEN) != (passphrase is None and psk is None):
                raise self._useless()
            return replace(
                self._configured,
                ssid=c.ssid_hex(values["ssid"]),
                security=security,
                passphrase=passphrase,
                psk=psk,
                wps_state=WpsState(values["wps_state"]),
            )
        except (ValueError, c.UnexpectedError):
            raise self._useless() from None

    def _useless(self) -> ConfigError:
        return ConfigError([f"{self.path}: is not what wps-agent writes: it is ignored, the configuration counts"])

    def _drop(self) -> None:
        try:
            self._calls.unlink(self.path)
        except OSError:
            return  # on a read-only file system it is found, and does not count, at the next start too


def _values(settings: AccessPointSettings) -> dict[str, object]:
    return {
        "ssid": settings.ssid.hex(),
        "security": settings.security.value,
        "passphrase": None if settings.passphrase is None else settings.passphrase.decode("ascii"),
        "psk": None if settings.psk is None else settings.psk.hex(),
        "wps_state": int(settings.wps_state),
    }


def _digest(settings: AccessPointSettings) -> str:
    return hashlib.sha256(json.dumps(_values(settings), sort_keys=True).encode("ascii")).hexdigest()
