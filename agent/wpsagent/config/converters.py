# SPDX-License-Identifier: BSD-3-Clause
"""What a single key of the configuration may hold.

A converter takes the TOML value and gives ours, or raises `UnexpectedError` with what was expected, as a noun phrase
that ends the sentence "expected …".  Reasons for refusing a known value (WEP, hidden) go into the same phrase.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from wpsagent.crypto.passphrase import is_passphrase
from wpsagent.errors import DecodeError
from wpsagent.octets import Ssid
from wpsagent.wsc.device import PrimaryDeviceType, parse_uuid
from wpsagent.wsc.enumerations import ConfigMethods
from wpsagent.wsc.pin import PinCheck, check_pin, normalize_pin

Converter = Callable[[Any], Any]

_INTERFACE = re.compile(r"[!-.0-9;-~]{1,15}")  # printable ASCII without space, '/' and ':'

METHOD_NAMES: Mapping[str, ConfigMethods] = {
    "ethernet": ConfigMethods.ETHERNET,
    "label": ConfigMethods.LABEL,
    "display": ConfigMethods.DISPLAY,
    "ext_nfc_token": ConfigMethods.EXT_NFC_TOKEN,
    "int_nfc_token": ConfigMethods.INT_NFC_TOKEN,
    "nfc_interface": ConfigMethods.NFC_INTERFACE,
    "push_button": ConfigMethods.PUSH_BUTTON,
    "keypad": ConfigMethods.KEYPAD,
    "virtual_display": ConfigMethods.VIRTUAL_DISPLAY,
    "physical_display": ConfigMethods.PHYSICAL_DISPLAY,
    "virtual_push_button": ConfigMethods.VIRTUAL_PUSH_BUTTON,
    "physical_push_button": ConfigMethods.PHYSICAL_PUSH_BUTTON,
    "p2ps": ConfigMethods.P2PS,
}


class UnexpectedError(Exception):
    """A value is not what its key takes; expected completes "expected …"."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise UnexpectedError("true or false")
    return value


def text(minimum: int = 0, maximum: int = 255) -> Converter:
    """A text without control characters of so many octets of UTF-8."""
    expected = f"a text of {minimum} to {maximum} octets without control characters"

    def convert(value: Any) -> str:
        if not isinstance(value, str) or not value.isprintable():
            raise UnexpectedError(expected)
        if not minimum <= len(value.encode()) <= maximum:
            raise UnexpectedError(expected)
        return value

    return convert


def integer(minimum: int, maximum: int) -> Converter:
    expected = f"a whole number from {minimum} to {maximum}"

    def convert(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
            raise UnexpectedError(expected)
        return value

    return convert


def seconds(minimum: float, maximum: float, reason: str = "") -> Converter:
    """A number of seconds, whole or not; 0 is also allowed where minimum is 0."""
    expected = f"seconds from {minimum:g} to {maximum:g}{reason}"

    def convert(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float) or not minimum <= value <= maximum:
            raise UnexpectedError(expected)
        return float(value)

    return convert


def choice(*allowed: str, refused: Mapping[str, str] | None = None) -> Converter:
    """One of some words; refused maps words that people will try to the reason why not."""
    expected = " or ".join(f'"{word}"' for word in allowed)

    def convert(value: Any) -> str:
        if value in allowed:
            return str(value)
        reason = (refused or {}).get(value.lower()) if isinstance(value, str) else None
        raise UnexpectedError(f"{expected} ({reason})" if reason else expected)

    return convert


def ssid(value: Any) -> Ssid:
    """An SSID as text: 1 to 32 octets of UTF-8."""
    expected = "a text of 1 to 32 octets"
    if not isinstance(value, str) or not value:
        raise UnexpectedError(expected)
    try:
        return Ssid(value.encode())
    except DecodeError:
        raise UnexpectedError(expected) from None


def ssid_hex(value: Any) -> Ssid:
    """An SSID as hexadecimal digits, for names that are no text."""
    expected = "2 to 64 hexadecimal digits, two an octet"
    try:
        octets = bytes.fromhex(value)
        if not octets:
            raise UnexpectedError(expected)
        return Ssid(octets)
    except (TypeError, ValueError):
        raise UnexpectedError(expected) from None


def passphrase(value: Any) -> bytes:
    """A WPA passphrase (IEEE 802.11-2020, J.4.1): 8 to 63 octets, each of 32 to 126."""
    if not isinstance(value, str) or not is_passphrase(value.encode(errors="surrogatepass")):
        raise UnexpectedError("8 to 63 printable ASCII characters")
    return value.encode("ascii")


def mqtt_password(value: Any) -> str:
    """A password for the broker: up to 255 octets on one line."""
    if not isinstance(value, str) or len(value.encode()) > 255 or "\n" in value:
        raise UnexpectedError("a password of at most 255 octets on one line")
    return value


def psk(value: Any) -> bytes:
    """A pre-shared key: 64 hexadecimal digits."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f]{64}", value):
        raise UnexpectedError("64 hexadecimal digits")
    return bytes.fromhex(value)


def pin_digits(value: Any) -> bytes:
    """A PIN of Wi-Fi Protected Setup as on a label: digits, spaces and hyphens between them."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9 -]{4,16}", value):
        raise UnexpectedError("a PIN of 4 or 8 digits")
    check = check_pin(normalize_pin(value))
    if check is PinCheck.WRONG_CHECK_DIGIT:
        raise UnexpectedError("a PIN of 8 digits whose last one is right (it is computed from the others: a typo?)")
    if check is PinCheck.WRONG_LENGTH:
        raise UnexpectedError("a PIN of 4 or 8 digits")
    return normalize_pin(value)


def os_version(value: Any) -> int:
    """OS Version (Wi-Fi Simple Configuration 2.0, section 12), its highest bit left to us."""
    if not isinstance(value, str) or not re.fullmatch(r"[0-9A-Fa-f]{8}", value):
        raise UnexpectedError('8 hexadecimal digits, such as "01020300"')
    return int(value, 16)


def interface(value: Any) -> str:
    """A network interface's name as Linux takes it."""
    if not isinstance(value, str) or value in (".", "..") or not _INTERFACE.fullmatch(value):
        raise UnexpectedError("an interface name of 1 to 15 characters without space, '/' and ':'")
    return value


def country(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[A-Z]{2}", value):
        raise UnexpectedError('a country as two capital letters, such as "DE"')
    return value


def topic(value: Any) -> str:
    """A part of an MQTT topic: no wildcards, no empty levels."""
    if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value.encode()) <= 200:
        raise UnexpectedError("a topic of 1 to 200 octets")
    if set(value) & set("+#$") or "" in value.split("/"):
        raise UnexpectedError("a topic without '+', '#', '$' and without an empty level")
    return value


def topic_level(value: Any) -> str:
    """One level of an MQTT topic."""
    if "/" in topic(value):
        raise UnexpectedError("one level of a topic, without '/'")
    return str(value)


def pin(value: Any) -> str:
    """A pin by number or by the name that gpiozero knows (17, "GPIO17", "BOARD11")."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not re.fullmatch(r"\w{1,32}", str(value)):
        raise UnexpectedError('a pin, as a number or a name such as "GPIO17"')
    return str(value)


def device_type(value: Any) -> PrimaryDeviceType:
    """A Primary Device Type in its text form, <category>-<OUI and type>-<sub-category> (table 41)."""
    try:
        return PrimaryDeviceType.parse(value)
    except (TypeError, DecodeError):
        raise UnexpectedError('a device type such as "6-0050F204-1" (network infrastructure, access point)') from None


def uuid(value: Any) -> bytes:
    try:
        return parse_uuid(value)
    except (TypeError, DecodeError):
        raise UnexpectedError('a UUID such as "2b7093f1-d6fb-5108-adbb-bea66bb87333"') from None


def config_methods(value: Any) -> ConfigMethods:
    """A list of names, or one text of names with spaces between, normalized for WPS 2.0."""
    names = value.split() if isinstance(value, str) else value
    if not isinstance(names, list) or not all(isinstance(name, str) and name in METHOD_NAMES for name in names):
        raise UnexpectedError("a list of " + ", ".join(METHOD_NAMES))
    methods = ConfigMethods(0)
    for name in names:
        methods |= METHOD_NAMES[name]
    return normalized(methods)


def normalized(methods: ConfigMethods) -> ConfigMethods:
    """WPS 2.0 wants the kind of display and button said: a bare one is a virtual one."""
    if methods & ConfigMethods.DISPLAY and not methods & 0x6000:
        methods |= ConfigMethods.VIRTUAL_DISPLAY
    if methods & ConfigMethods.PUSH_BUTTON and not methods & 0x0600:
        methods |= ConfigMethods.VIRTUAL_PUSH_BUTTON
    return methods


def names(value: Any) -> tuple[str, ...]:
    """A list of one or more words, each once."""
    if not isinstance(value, list) or not value or not all(isinstance(name, str) and name for name in value):
        raise UnexpectedError('a list of names such as ["main"]')
    if len(set(value)) != len(value):
        raise UnexpectedError("a list that names each once")
    return tuple(value)


def words_of(*allowed: str) -> Converter:
    """A list of some of these words, each at most once; it may be empty."""

    def convert(value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(word in allowed for word in value) or len(set(value)) != len(value):
            raise UnexpectedError("a list, each once, of " + ", ".join(allowed))
        return tuple(word for word in allowed if word in value)

    return convert


def programs(value: Any) -> tuple[str, ...]:
    """A program by its absolute path, or a list of up to eight; no arguments, no shell."""
    convert = text(1, 255)
    expected = "the absolute path of a program, or a list of up to 8"
    paths = value if isinstance(value, list) else [value]
    try:
        result = tuple(convert(path) for path in paths)
    except UnexpectedError:
        raise UnexpectedError(expected) from None
    if len(result) > 8 or not all(path.startswith("/") for path in result):
        raise UnexpectedError(expected)
    return result


def figure(value: Any) -> tuple[tuple[int, int], ...]:
    """An LED figure: [[on_ms, off_ms], …], 1 to 16 steps, repeated for ever."""
    if not isinstance(value, list) or not 1 <= len(value) <= 16 or not all(_is_step(step) for step in value):
        raise UnexpectedError("a list of 1 to 16 steps [on_ms, off_ms], each time from 0 to 60000, not both 0")
    return tuple((step[0], step[1]) for step in value)


def _is_step(step: Any) -> bool:
    return (
        isinstance(step, list)
        and len(step) == 2
        and all(isinstance(ms, int) and not isinstance(ms, bool) and 0 <= ms <= 60_000 for ms in step)
        and any(step)
    )
