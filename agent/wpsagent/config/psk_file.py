# SPDX-License-Identifier: BSD-3-Clause
"""Keys of single devices, in a file as hostapd has it (wpa_psk_file).

    # comment
    00:00:00:00:00:00 a passphrase of any device
    [keyid=…] [vlanid=…] [wps=1] 02:00:00:00:01:00 0123…ef      64 hexadecimal digits, or a passphrase

wps=1 marks a key that Wi-Fi Protected Setup made for its device.  Lines are added at the end; those that are there
stay as they are.  Refuses, naming the line: what is no address and no key, and VLANs, which this agent does not have.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from wpsagent.config.files import read_if_there
from wpsagent.crypto.passphrase import is_passphrase, is_psk_digits, psk_of
from wpsagent.errors import ConfigError, DecodeError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError, SystemCalls, write_atomically
from wpsagent.octets import NO_ADDRESS, MacAddress, Ssid

_OPTION = re.compile(rb"(keyid|vlanid|wps)=(\S*)[ \t]+")


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """One line.  address None: any device.  key: a passphrase, or 64 hexadecimal digits.  is_wps: WPS made it."""

    address: MacAddress | None
    key: bytes = field(repr=False)
    is_wps: bool = False

    def psk(self, ssid: Ssid) -> bytes:
        """The PSK: the 64 hexadecimal digits, or what the passphrase makes of the network's name."""
        return psk_of(self.key, ssid)


class PskFile:
    """One file, read when it is asked for, for others may write it too."""

    def __init__(self, path: str | Path, calls: SystemCalls = SYSTEM_CALLS) -> None:
        self.path = Path(path)
        self._calls = calls

    def load(self) -> tuple[DeviceKey, ...]:
        """All keys, in the file's order; none if it does not exist.  Raises ConfigError with every problem in it."""
        return decode(self._read(), str(self.path))

    def add(self, address: MacAddress, psk: bytes) -> None:
        """The key (32 octets) that WPS made for a device; an earlier one of WPS gives way.  Raises SaveError."""
        try:
            lines = self._read().splitlines(keepends=True)
        except ConfigError as error:
            raise SaveError(f"not saved: {error}") from None
        kept = [line for line in lines if not _is_own(line, address)]
        if kept and not kept[-1].endswith(b"\n"):
            kept[-1] += b"\n"
        line = f"wps=1 {address} {psk.hex()}\n".encode("ascii")
        write_atomically(self.path, b"".join((*kept, line)), self._calls)

    def _read(self) -> bytes:
        return read_if_there(self.path, "list of keys") or b""


def decode(octets: bytes, path: str) -> tuple[DeviceKey, ...]:
    """The keys in a file's octets; raises ConfigError with every line that is none."""
    problems: list[str] = []
    keys = list(_keys(octets.splitlines(), lambda number, text: problems.append(f"{path}, line {number}: {text}")))
    if problems:
        raise ConfigError(problems)
    return tuple(keys)


def _keys(lines: Iterable[bytes], complain: Callable[[int, str], None]) -> Iterable[DeviceKey]:
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith(b"#"):
            continue
        try:
            yield _key(line)
        except DecodeError as error:
            complain(number, str(error))


def _key(line: bytes) -> DeviceKey:
    """One line; raises DecodeError, which never shows the key."""
    options: dict[bytes, bytes] = {}
    while (option := _OPTION.match(line)) is not None:
        options[option[1]] = option[2]
        line = line[option.end() :]
    if b"vlanid" in options:
        raise DecodeError("vlanid: there are no VLANs here, expected the line without it")
    text, _, key = line.partition(b" ")
    try:
        address = MacAddress.parse(text.decode("ascii"))
    except (UnicodeDecodeError, DecodeError):
        raise DecodeError("expected an address such as 02:00:00:00:01:00, then a key") from None
    if not is_psk_digits(key) and not is_passphrase(key):
        raise DecodeError("expected a key of 8 to 63 printable characters or 64 hexadecimal digits")
    return DeviceKey(None if address == NO_ADDRESS else address, key, options.get(b"wps") == b"1")


def _is_own(line: bytes, address: MacAddress) -> bool:
    """Whether WPS made this line for the device."""
    try:
        key = _key(line.rstrip(b"\r\n"))
    except DecodeError:
        return False
    return key.is_wps and key.address == address
