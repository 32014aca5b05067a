# SPDX-License-Identifier: BSD-3-Clause
"""The variables of a network block, as wpa_supplicant writes them: text to field and back.

Strings (ssid, id_str) stand as "text" from the first quotation mark to the last, as P"text" with the escapes of
printf, or as hexadecimal digits; a passphrase as "text" only, a PSK as 64 hexadecimal digits.  Numbers are those of
C: decimal, 0x…, 0….  Refuses, by DecodeError, values that a variable cannot have, and control characters anywhere,
so that no value can become a second line of the file (CVE-2016-4476).  Secrets are not named in an error.

The text is that of a file read as UTF-8 with surrogate escapes: octets that are not UTF-8 survive.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.network import Network

_NAME = re.compile(r"[A-Za-z0-9_.-]+")
_NUMBER = re.compile(r"[+-]?(0[xX][0-9a-fA-F]+|[0-9]+)")
_ESCAPED = re.compile(rb"\\(x[0-9a-fA-F]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"e": b"\x1b"}
_INT_MIN, _INT_MAX = -(1 << 31), (1 << 31) - 1


def to_octets(text: str) -> bytes:
    """The octets of a text that came from a file."""
    return text.encode("utf-8", "surrogateescape")


def to_text(octets: bytes) -> str:
    """Octets of a file as text; `to_octets` is the way back."""
    return octets.decode("utf-8", "surrogateescape")


def has_control_characters(text: str) -> bool:
    """True for what must not be in a line: C0, tabs excepted, and DEL."""
    return any((ord(character) < 0x20 and character != "\t") or ord(character) == 0x7F for character in text)


_SAID = re.compile(r'(?:"[^"]*"|[^#])*')


def without_comment(line: str) -> str:
    """What a line says: without space around it, and without a comment.

    Quotation marks pair up from the left, escaped ones too; a # between the two of a pair begins no comment.  So
    wpa_supplicant 2.10 reads its files (not those that it writes: a name such as a"#b breaks them).
    """
    said = _SAID.match(line)
    assert said is not None
    return said[0].strip(" \t\r")


# ---- strings and numbers


def decode_string(raw: str) -> bytes:
    """The octets of a string variable; raises DecodeError."""
    if raw.startswith('"'):
        return to_octets(_between_quotes(raw[1:]))
    if raw.startswith('P"'):
        return _ESCAPED.sub(_unescape, to_octets(_between_quotes(raw[2:])))
    try:
        # fromhex would skip spaces.
        return bytes.fromhex(raw if " " not in raw else "x")
    except ValueError:
        raise DecodeError('expected "text", P"text" or hexadecimal digits') from None


def _between_quotes(rest: str) -> str:
    if not rest.endswith('"'):
        raise DecodeError("the closing quotation mark is missing, or something follows it")
    return rest[:-1]


def _unescape(found: re.Match[bytes]) -> bytes:
    escape = found[1]
    if escape[:1] == b"x" and len(escape) > 1:
        return bytes((int(escape[1:], 16),))
    if escape[:1].isdigit() and escape[0] < 0x38:
        return bytes((int(escape, 8) & 0xFF,))
    return _ESCAPES.get(escape, escape)


def encode_string(octets: bytes) -> str:
    """As wpa_supplicant writes it: quoted if all is printable ASCII (and no comment), otherwise hexadecimal digits."""
    is_printable = all(0x20 <= octet < 0x7F for octet in octets)
    quoted = f'"{octets.decode("latin-1")}"'
    return quoted if is_printable and without_comment(quoted) == quoted else octets.hex()


def decode_number(raw: str, least: int = _INT_MIN, most: int = _INT_MAX) -> int:
    """A number as strtol reads it; raises DecodeError when it is none or out of range."""
    raw = raw.lstrip(" \t")
    if not _NUMBER.fullmatch(raw):
        raise DecodeError("expected a number")
    digits = raw.lstrip("+-").lower()
    base = 16 if digits.startswith("0x") else 8 if digits.startswith("0") else 10
    try:
        number = int(raw, base)
    except ValueError:
        raise DecodeError("expected a number (one that begins with 0 is octal)") from None
    if not least <= number <= most:
        raise DecodeError(f"expected a number from {least} to {most}")
    return number


# ---- the table


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of which we know the meaning.

    decode: the network with the value; raises DecodeError.  encode: the value of a network, "" where it has none.
    """

    name: str
    decode: Callable[[Network, str], Network]
    encode: Callable[[Network], str]


_DEFAULTS = Network()


def _field(network: Network, name: str, value: Any) -> Network:
    return replace(network, **{name: value})


def _number(name: str, field: str, least: int = _INT_MIN, most: int = _INT_MAX) -> Variable:
    return Variable(
        name,
        lambda network, raw: _field(network, field, decode_number(raw, least, most)),
        lambda network: str(getattr(network, field)),
    )


def _flag(name: str, field: str, most: int = 1) -> Variable:
    return Variable(
        name,
        lambda network, raw: _field(network, field, decode_number(raw, 0, most) != 0),
        lambda network: str(int(getattr(network, field))),
    )


def _words(name: str, field: str, known: str, aliases: dict[str, str] | None = None) -> Variable:
    order = known.split()
    aliases = aliases or {}

    def decode(network: Network, raw: str) -> Network:
        words = {aliases.get(word, word) for word in raw.split()}
        unknown = sorted(words.difference(order))
        if unknown or not words:
            raise DecodeError(f"expected some of {known}" + "".join(f", not {word!r}" for word in unknown))
        return _field(network, field, frozenset(words))

    def encode(network: Network) -> str:
        words: frozenset[str] = getattr(network, field)
        return " ".join(word for word in order if word in words)

    return Variable(name, decode, encode)


def _decode_ssid(network: Network, raw: str) -> Network:
    return replace(network, ssid=Ssid(decode_string(raw)))


def _decode_bssid(network: Network, raw: str) -> Network:
    return replace(network, bssid=None if raw in ("", '""', "any") else MacAddress.parse(raw))


_BY_DEFAULT = 3


def _decode_protected_frames(network: Network, raw: str) -> Network:
    number = decode_number(raw, 0, _BY_DEFAULT)
    return replace(network, protected_frames=None if number == _BY_DEFAULT else number)


def _encode_protected_frames(network: Network) -> str:
    return str(_BY_DEFAULT if network.protected_frames is None else network.protected_frames)


def _decode_id_str(network: Network, raw: str) -> Network:
    return replace(network, id_str=to_text(decode_string(raw)))


def _encode_id_str(network: Network) -> str:
    return "" if network.id_str is None else encode_string(to_octets(network.id_str))


_PSK_DIGITS = re.compile(r"[0-9a-fA-F]{64}")
_EXTERNAL_PSK = "ext:"


def _decode_psk(network: Network, raw: str) -> Network:
    if raw.startswith(_EXTERNAL_PSK):  # the name of a key that wpa_supplicant asks others for
        return _with_other(replace(network, passphrase=None, psk=None), "psk", raw)
    if raw.startswith('"'):
        return replace(network, passphrase=_checked_passphrase(to_octets(_between_quotes(raw[1:]))), psk=None)
    if not _PSK_DIGITS.fullmatch(raw):
        raise DecodeError('expected a passphrase in quotation marks, "…", or a PSK of 64 hexadecimal digits')
    return replace(network, passphrase=None, psk=bytes.fromhex(raw))


def _checked_passphrase(passphrase: bytes) -> bytes:
    if not 8 <= len(passphrase) <= 63:
        raise DecodeError(f"a passphrase has 8 to 63 characters, not {len(passphrase)}")
    if any(octet < 0x20 or octet == 0x7F for octet in passphrase):
        raise DecodeError("a passphrase has no control characters")
    return passphrase


def _encode_psk(network: Network) -> str:
    """Raises DecodeError for a passphrase that could not be read again."""
    if network.psk is not None:
        return network.psk.hex()
    if network.passphrase is None:
        return ""
    quoted = f'"{to_text(_checked_passphrase(network.passphrase))}"'
    # A passphrase has no other form than the quoted one; one that would be cut is told as the PSK it makes.
    return quoted if without_comment(quoted) == quoted else network.pmk().hex()


_KEY_MANAGEMENT = (
    "WPA-PSK WPA-EAP IEEE8021X NONE WPA-NONE FT-PSK FT-EAP FT-EAP-SHA384 WPA-PSK-SHA256 WPA-EAP-SHA256 WPS SAE "
    "SAE-EXT-KEY FT-SAE FT-SAE-EXT-KEY WPA-EAP-SUITE-B WPA-EAP-SUITE-B-192 WPA-EAP-SHA384 OSEN FILS-SHA256 FILS-SHA384 "
    "FT-FILS-SHA256 FT-FILS-SHA384 OWE DPP WAPI-PSK WAPI-CERT"
)
_CIPHERS = "CCMP-256 GCMP-256 CCMP GCMP TKIP"

VARIABLES: dict[str, Variable] = {
    variable.name: variable
    for variable in (
        Variable("ssid", _decode_ssid, lambda network: encode_string(network.ssid)),
        _flag("scan_ssid", "scan_ssid"),
        Variable("bssid", _decode_bssid, lambda network: "any" if network.bssid is None else str(network.bssid)),
        Variable("psk", _decode_psk, _encode_psk),
        _words("proto", "protocols", "WPA RSN OSEN", {"WPA2": "RSN"}),
        _words("key_mgmt", "key_management", _KEY_MANAGEMENT),
        _words("pairwise", "pairwise_ciphers", f"{_CIPHERS} NONE"),
        _words("group", "group_ciphers", f"{_CIPHERS} WEP104 WEP40 GTK_NOT_USED"),
        _words("auth_alg", "authentication_algorithms", "OPEN SHARED LEAP"),
        _number("priority", "priority"),
        _number("mode", "mode", 0, 5),
        _flag("disabled", "is_disabled", most=2),  # 2: a group of Wi-Fi Direct that lasts
        Variable("ieee80211w", _decode_protected_frames, _encode_protected_frames),
        Variable("id_str", _decode_id_str, _encode_id_str),
    )
}
"""The variables whose meaning we know, in the order in which a new block has them."""


def is_default(variable: Variable, network: Network) -> bool:
    """True when a block need not say it."""
    return variable.encode(network) == variable.encode(_DEFAULTS)


def decode_variable(network: Network, name: str, raw: str) -> Network:
    """The network with one more variable, as a file gives them; raises DecodeError.

    A known variable given again replaces the former value; unknown ones are kept, all of them.
    """
    check_name(name)
    check_value(raw)
    variable = VARIABLES.get(name)
    if variable is not None:
        return variable.decode(_without_other(network, name), raw)
    if raw.startswith('"') and '"' not in raw[1:]:
        raise DecodeError("the closing quotation mark is missing")
    return _with_other(network, name, raw)


def is_name(name: str) -> bool:
    """True for what can be the name of a variable or an option."""
    return _NAME.fullmatch(name) is not None


def check_name(name: str) -> None:
    """Raises DecodeError for what can be no name."""
    if not is_name(name):
        raise DecodeError("expected name=value, without a space around the '='")


def check_value(raw: str) -> None:
    """Raises DecodeError for what can be no value of any variable or option."""
    if has_control_characters(raw):
        raise DecodeError("control characters cannot be in a value")
    if raw == "{":
        raise DecodeError("expected a value, not a block")


def _with_other(network: Network, name: str, raw: str) -> Network:
    return replace(network, other=(*network.other, (name, raw)))


def _without_other(network: Network, name: str) -> Network:
    return replace(network, other=tuple(pair for pair in network.other if pair[0] != name))


def set_variable(network: Network, name: str, raw: str) -> Network:
    """The network with a variable as a person sets it (SET_NETWORK): former values go.  Raises DecodeError."""
    if without_comment(raw) != raw:
        raise DecodeError("a # outside of quotation marks, or a space at either end, would be lost")
    return decode_variable(_without_other(network, name), name, raw)


def get_variable(network: Network, name: str) -> str | None:
    """A variable's value as it stands in a file, its default included; None if there is none.  Keys are not masked."""
    others = [raw for other, raw in network.other if other == name]
    variable = VARIABLES.get(name)
    if others or variable is None:
        return others[-1] if others else None
    return variable.encode(network) or None


def encode_variables(network: Network) -> Iterable[tuple[str, str]]:
    """(name, value) of all that is not default, in the order of a new block; raises DecodeError for a wrong key."""
    for variable in VARIABLES.values():
        if not is_default(variable, network):
            yield variable.name, variable.encode(network)
    yield from network.other
