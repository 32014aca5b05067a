# SPDX-License-Identifier: BSD-3-Clause
"""Writes what a registrar changed back into a hostapd.conf, as hostapd does.

The new settings stand in a block between "# WPS configuration - START" and "# WPS configuration - END", at the
beginning of the file (or of the network's part, after its `bss=`); a block that is there already gives way.  The lines
that held the old settings stay, with "#WPS# " before them.  Everything else is unchanged.

Refuses, by UsageError, settings that could not be read again or that nobody should have: keys with control characters
(CVE-2016-4476), keys of another length, WEP.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

from wpsagent.config.files import read_octets
from wpsagent.config.hostapd_lines import BSS
from wpsagent.crypto.passphrase import is_passphrase
from wpsagent.errors import UsageError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SystemCalls, write_atomically
from wpsagent.roles.sta.network_variables import to_octets, to_text
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

START, END = "# WPS configuration - START", "# WPS configuration - END"
_OLD = "#WPS# "
_GIVING_WAY = (
    "ssid= ssid2= auth_algs= wep_default_key= wep_key wps_state= wpa= wpa_psk= wpa_pairwise= rsn_pairwise= "
    "wpa_key_mgmt= wpa_passphrase="
)
_PREFIXES = tuple(_GIVING_WAY.split())
_PROTECTED_FRAMES = "ieee80211w="
_PERSONAL = AuthenticationType.WPA_PERSONAL | AuthenticationType.WPA2_PERSONAL


def rewrite(text: str, settings: NetworkSettings, interface: str | None = None, *, add_sae: bool = False) -> str:
    """The text of a hostapd.conf with these settings; raises UsageError.

    interface: the network whose settings they are, where the file has several (`bss=`); the first one if none is given.
    add_sae: hostapd, should it read the file again, offers WPA3's SAE too, as its wps_cred_add_sae asks.
    text is that of a file read as UTF-8 with surrogate escapes, so that octets that are not UTF-8 survive.
    """
    # SAE needs the passphrase itself: 64 digits of a PSK will not do.
    add_sae = add_sae and settings.passphrase is not None
    block = [START, *_settings(settings, add_sae=add_sae), END]
    lines = text.split("\n")
    starts = [0, *(index for index, line in enumerate(lines) if line.startswith(f"{BSS}=")), len(lines)]
    part = _part_of(lines, starts, interface)
    begin, end = starts[part], starts[part + 1]
    heading = 1 if part else 0  # bss= itself
    prefixes = (*_PREFIXES, _PROTECTED_FRAMES) if add_sae else _PREFIXES
    rest = _with_old_lines(_without_block(lines[begin + heading : end]), prefixes)
    return "\n".join([*lines[: begin + heading], *block, *rest, *lines[end:]])


def rewrite_file(
    path: str | Path,
    settings: NetworkSettings,
    interface: str | None = None,
    calls: SystemCalls = SYSTEM_CALLS,
    *,
    add_sae: bool = False,
) -> None:
    """The same, in a file: replaced as a whole, its owner and mode kept.  Raises ConfigError, UsageError, SaveError."""
    path = Path(path)
    text = rewrite(to_text(read_octets(path)), settings, interface, add_sae=add_sae)
    write_atomically(path, to_octets(text), calls)


def _part_of(lines: list[str], starts: list[int], interface: str | None) -> int:
    """Which part of the file is that network's."""
    names = [lines[start].partition("=")[2] for start in starts[1:-1]]
    return names.index(interface) + 1 if interface in names else 0


def _without_block(lines: Iterable[str]) -> Iterator[str]:
    """Lines without what an earlier rewriting put there; a block without an end is no block."""
    held: list[str] | None = None
    for line in lines:
        if line == START and held is None:
            held = [line]
        elif held is None:
            yield line
        elif line == END:
            held = None
        else:
            held.append(line)
    yield from held or ()


def _with_old_lines(lines: Iterable[str], prefixes: tuple[str, ...]) -> Iterator[str]:
    for line in lines:
        yield f"{_OLD}{line}" if line.startswith(prefixes) else line


# ---- the block


def _settings(settings: NetworkSettings, *, add_sae: bool) -> Iterator[str]:
    yield "wps_state=2"
    yield _name(settings)
    authentication = settings.authentication_types & _PERSONAL
    if authentication:
        yield f"wpa={_versions(authentication)}"
        yield "wpa_key_mgmt=WPA-PSK SAE" if add_sae else "wpa_key_mgmt=WPA-PSK"
        if add_sae:
            yield f"{_PROTECTED_FRAMES}1"
        yield f"wpa_pairwise={_ciphers(settings)}"
        yield _key(settings)
    elif settings.authentication_types & AuthenticationType.OPEN and settings.encryption_types == EncryptionType.NONE:
        if settings.passphrase is not None or settings.psk is not None:
            raise UsageError("an open network has no key")
    else:
        raise UsageError("only open networks and WPA2 with a key can be written to hostapd.conf")
    yield "auth_algs=1"


def _name(settings: NetworkSettings) -> str:
    ssid = bytes(settings.ssid)
    if not ssid:
        raise UsageError("a network without a name cannot be written to hostapd.conf")
    is_printable = all(0x20 <= octet < 0x7F for octet in ssid)
    return f"ssid={ssid.decode('ascii')}" if is_printable else f"ssid2={ssid.hex()}"


def _versions(authentication: AuthenticationType) -> int:
    return (1 if authentication & AuthenticationType.WPA_PERSONAL else 0) | (
        2 if authentication & AuthenticationType.WPA2_PERSONAL else 0
    )


def _ciphers(settings: NetworkSettings) -> str:
    if not settings.encryption_types & EncryptionType.AES:
        raise UsageError("a network without CCMP cannot be written to hostapd.conf: TKIP and WEP are broken")
    return "CCMP TKIP" if settings.encryption_types & EncryptionType.TKIP else "CCMP"


def _key(settings: NetworkSettings) -> str:
    """The passphrase where there is one, for it makes the PSK; neither is named in an error."""
    passphrase, psk = settings.passphrase, settings.psk
    if passphrase is not None:
        if not is_passphrase(passphrase):
            raise UsageError("a passphrase of other than 8 to 63 printable characters cannot be in hostapd.conf")
        return f"wpa_passphrase={passphrase.decode('ascii')}"
    if psk is None or len(psk) != 32:
        raise UsageError("a WPA2 network without a passphrase or a PSK of 32 octets cannot be in hostapd.conf")
    return f"wpa_psk={psk.hex()}"
