# SPDX-License-Identifier: BSD-3-Clause
"""The network store: the networks a station knows, in a file as wpa_supplicant has it.

Joins the codec (`supplicant_file`) and the file (`io.atomic_file`).  A file that does not exist yet is begun with
update_config=1; one that exists is written only if it has update_config=1, as its owner wishes.

Others may write the file, too: what they did since it was read is never overwritten.  Their changes of options,
comments and the blocks of others are taken over; if they changed networks, saving is refused until the file has been
read again.
"""

import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

from wpsagent.config.files import read_if_there
from wpsagent.config.supplicant_file import SupplicantFile
from wpsagent.errors import ConfigError, DecodeError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError, SystemCalls, write_atomically
from wpsagent.roles.sta.network import Network
from wpsagent.roles.sta.options import OPTIONS, check_option

logger = logging.getLogger(__name__)

NO_OPTIONS: Mapping[str, str] = {}
_BEGINNING = SupplicantFile().with_option("update_config", "1")


class NetworkStore:
    """One file.  `load` first; `file` is what was last read or written."""

    def __init__(self, path: str | Path, calls: SystemCalls = SYSTEM_CALLS) -> None:
        self._path = Path(path)
        self._calls = calls
        self._octets: bytes | None = None
        self.file = _BEGINNING

    def load(self) -> tuple[Network, ...]:
        """The networks of the file, none if it does not exist; raises ConfigError with every problem in it."""
        octets = self._read()
        self.file = self._decode(octets)
        self._octets = octets
        return self.file.networks

    def options(self) -> dict[str, str]:
        """What the file says of the station, as it is written; what is impossible is told in the log and left out."""
        found: dict[str, str] = {}
        for name in OPTIONS:
            raw = self.file.option(name)
            if raw is None:
                continue
            try:
                check_option(name, raw)
            except DecodeError as error:
                logger.warning("%s: %s: %s: ignored", self._path, name, error)
            else:
                found[name] = raw
        return found

    def is_changed(self) -> bool:
        """Whether others have changed the file since it was last read or written; raises ConfigError as load does."""
        octets = self._read()
        if octets == self._octets:
            return False
        self._decode(octets)
        return True

    def save(self, networks: Iterable[Network], options: Mapping[str, str] = NO_OPTIONS) -> bool:
        """Makes these the networks of the file, and sets these options; True if it had to be written.

        Raises SaveError when it cannot be written or must not be, UsageError when a value cannot be in a file; the old
        file is whole then, and the networks can be used all the same.
        """
        file, octets = self._current()
        new = file.with_networks(networks)
        for name, raw in options.items():
            new = new.with_option(name, raw)
        if new == file:
            self.file, self._octets = file, octets
            return False
        if not new.may_be_written:
            raise SaveError(f"{self._path}: not saved: the file does not have update_config=1")
        encoded = new.encode()
        try:
            write_atomically(self._path, encoded, self._calls)
        except SaveError as error:
            if error.is_replaced:
                self.file, self._octets = new, encoded
            raise
        self.file, self._octets = new, encoded
        return True

    def _current(self) -> tuple[SupplicantFile, bytes | None]:
        """The file as it is now, with the ids of ours; raises SaveError if others changed its networks."""
        try:
            octets = self._read()
            if octets == self._octets:
                return self.file, octets
            theirs = self._decode(octets)
        except ConfigError as error:
            raise SaveError(f"not saved: others have changed the file, and now: {error}") from None
        adopted = theirs.with_ids_of(self.file)
        if adopted is None:
            raise SaveError(f"{self._path}: not saved: others have changed the networks in it; read it again first")
        return adopted, octets

    def _decode(self, octets: bytes | None) -> SupplicantFile:
        return _BEGINNING if octets is None else SupplicantFile.decode(octets, str(self._path))

    def _read(self) -> bytes | None:
        return read_if_there(self._path, "list of networks")
