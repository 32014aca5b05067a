# SPDX-License-Identifier: BSD-3-Clause
"""The arguments of commands: text to value.  A parser raises AgentError for a text that is none of its kind."""

from collections.abc import Callable, Mapping

from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

_MAX_DIGITS = 9
_HIGHEST_MHZ = 70200

MAX_PIN = 64


def text(text: str) -> str:
    return text


def pin(text: str) -> bytes:
    """A PIN as it will be hashed: what was given, digit for digit (the check digit is not asked for)."""
    if not text.isascii() or not text.isprintable() or len(text) > MAX_PIN:
        raise UsageError(f"not a PIN: expected 1 to {MAX_PIN} printable ASCII characters")
    return text.encode("ascii")


def bssid(word: str) -> MacAddress | None:
    """An access point, or None for "any"."""
    return None if word.lower() == "any" else MacAddress.parse(word)


def number(name: str, least: int, most: int) -> Callable[[str], int]:
    """A parser of decimal numbers in a range."""

    def parse(word: str) -> int:
        digits = word.removeprefix("-")
        is_number = digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS
        if not is_number or not least <= int(word) <= most:
            raise UsageError(f"{name} is a number from {least} to {most}")
        return int(word)

    return parse


network_number = number("a network", 0, 10**_MAX_DIGITS - 1)


def network_or_all(word: str) -> int | None:
    """A network's number, or None for "all" or "any"."""
    return None if word.lower() in ("all", "any") else network_number(word)


def one_word(*known: str) -> Callable[[str], str]:
    """A parser that takes one of these words."""

    def parse(word: str) -> str:
        if word not in known:
            raise UsageError(f"there is {', '.join(known)}")
        return word

    return parse


def hex_octets(word: str) -> bytes:
    """Octets in pairs of hexadecimal digits."""
    try:
        return bytes.fromhex(word)
    except ValueError:
        raise UsageError("not pairs of hexadecimal digits") from None


def hex_ssid(word: str) -> Ssid:
    return Ssid(hex_octets(word))


def one_of(kinds: Mapping[str, int], forbidden: Mapping[str, str]) -> Callable[[str], int]:
    """A parser of words that stand for numbers; forbidden: words we know, and why they cannot be."""

    def parse(word: str) -> int:
        if word in kinds:
            return kinds[word]
        raise UsageError(f"{word}: {forbidden.get(word, 'unknown')}; there is {', '.join(kinds)}")

    return parse


_AUTHENTICATION_TYPES = {"OPEN": AuthenticationType.OPEN, "WPA2PSK": AuthenticationType.WPA2_PERSONAL}
_ENCRYPTION_TYPES = {"NONE": EncryptionType.NONE, "CCMP": EncryptionType.AES}
_FORBIDDEN = {
    "WPAPSK": "WPS 2.0 forbids WPA without WPA2",
    "WEP": "WPS 2.0 forbids WEP",
    "TKIP": "WPS 2.0 forbids TKIP without CCMP",
}

authentication_type = one_of(_AUTHENTICATION_TYPES, _FORBIDDEN)
encryption_type = one_of(_ENCRYPTION_TYPES, _FORBIDDEN)


def frequencies(text: str) -> tuple[int, ...]:
    """2412,2437 or 2412-2417: MHz and ranges of them, as SCAN takes them."""
    parse = number("a frequency", 1, _HIGHEST_MHZ)
    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        lowest = parse(first)
        found += range(lowest, parse(last) + 1, 5) if dash else (lowest,)
    return tuple(found)
