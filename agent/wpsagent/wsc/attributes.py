# SPDX-License-Identifier: BSD-3-Clause
"""The attributes of Wi-Fi Simple Configuration 2.0 (section 12): type, length, value; and the WFA Vendor Extension.

An attribute on the wire, integers big-endian, no alignment, no terminator:

    offset  size  field
    0       2     Type
    2       2     Length of the value, in octets
    4       n     Value

Decoding is tolerant where deployed peers need it (each rule is named where it is applied) and takes time proportional
to the octets given.  It refuses, with DecodeError: a truncated attribute, a known attribute of fixed length with
another length, a WFA sub-element of wrong length, more than ten foreign vendor extensions or one beyond 1024 octets.
Attributes and sub-elements that nobody has named yet are skipped.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Self

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress, Reader

VERSION = 0x10
"""Version, attribute 0x104A: 0x10 for ever; 2.0 is told by Version2 in the WFA extension."""

VERSION2 = 0x20
"""Version2 of the WFA extension: the version this implementation speaks."""

WFA_VENDOR_ID = b"\x00\x37\x2a"
"""The vendor id of Wi-Fi Alliance (SMI 14122), first in a Vendor Extension."""

MAXIMUM_AUTHORIZED_MACS = 5
_MAXIMUM_KEPT = 10  # Credentials, Requested Device Types and foreign vendor extensions kept of one message
_MAXIMUM_VENDOR_EXTENSION = 1024


class AttributeType(IntEnum):
    """Attribute types (table 28)."""

    AP_CHANNEL = 0x1001
    ASSOCIATION_STATE = 0x1002
    AUTHENTICATION_TYPE = 0x1003
    AUTHENTICATION_TYPE_FLAGS = 0x1004
    AUTHENTICATOR = 0x1005
    CONFIG_METHODS = 0x1008
    CONFIGURATION_ERROR = 0x1009
    CONFIRMATION_URL4 = 0x100A
    CONFIRMATION_URL6 = 0x100B
    CONNECTION_TYPE = 0x100C
    CONNECTION_TYPE_FLAGS = 0x100D
    CREDENTIAL = 0x100E
    ENCRYPTION_TYPE = 0x100F
    ENCRYPTION_TYPE_FLAGS = 0x1010
    DEVICE_NAME = 0x1011
    DEVICE_PASSWORD_ID = 0x1012
    E_HASH1 = 0x1014
    E_HASH2 = 0x1015
    E_SNONCE1 = 0x1016
    E_SNONCE2 = 0x1017
    ENCRYPTED_SETTINGS = 0x1018
    ENROLLEE_NONCE = 0x101A
    FEATURE_ID = 0x101B
    IDENTITY = 0x101C
    IDENTITY_PROOF = 0x101D
    KEY_WRAP_AUTHENTICATOR = 0x101E
    KEY_IDENTIFIER = 0x101F
    MAC_ADDRESS = 0x1020
    MANUFACTURER = 0x1021
    MESSAGE_TYPE = 0x1022
    MODEL_NAME = 0x1023
    MODEL_NUMBER = 0x1024
    NETWORK_INDEX = 0x1026
    NETWORK_KEY = 0x1027
    NETWORK_KEY_INDEX = 0x1028
    NEW_DEVICE_NAME = 0x1029
    NEW_PASSWORD = 0x102A
    OOB_DEVICE_PASSWORD = 0x102C
    OS_VERSION = 0x102D
    POWER_LEVEL = 0x102F
    PSK_CURRENT = 0x1030
    PSK_MAX = 0x1031
    PUBLIC_KEY = 0x1032
    RADIO_ENABLED = 0x1033
    REBOOT = 0x1034
    REGISTRAR_CURRENT = 0x1035
    REGISTRAR_ESTABLISHED = 0x1036
    REGISTRAR_LIST = 0x1037
    REGISTRAR_MAX = 0x1038
    REGISTRAR_NONCE = 0x1039
    REQUEST_TYPE = 0x103A
    RESPONSE_TYPE = 0x103B
    RF_BANDS = 0x103C
    R_HASH1 = 0x103D
    R_HASH2 = 0x103E
    R_SNONCE1 = 0x103F
    R_SNONCE2 = 0x1040
    SELECTED_REGISTRAR = 0x1041
    SERIAL_NUMBER = 0x1042
    WPS_STATE = 0x1044
    SSID = 0x1045
    TOTAL_NETWORKS = 0x1046
    UUID_E = 0x1047
    UUID_R = 0x1048
    VENDOR_EXTENSION = 0x1049
    VERSION = 0x104A
    X509_CERTIFICATE_REQUEST = 0x104B
    X509_CERTIFICATE = 0x104C
    EAP_IDENTITY = 0x104D
    MESSAGE_COUNTER = 0x104E
    PUBLIC_KEY_HASH = 0x104F
    REKEY_KEY = 0x1050
    KEY_LIFETIME = 0x1051
    PERMITTED_CONFIG_METHODS = 0x1052
    SELECTED_REGISTRAR_CONFIG_METHODS = 0x1053
    PRIMARY_DEVICE_TYPE = 0x1054
    SECONDARY_DEVICE_TYPE_LIST = 0x1055
    PORTABLE_DEVICE = 0x1056
    AP_SETUP_LOCKED = 0x1057
    APPLICATION_EXTENSION = 0x1058
    EAP_TYPE = 0x1059
    INITIALIZATION_VECTOR = 0x1060
    KEY_PROVIDED_AUTOMATICALLY = 0x1061
    IEEE_802_1X_ENABLED = 0x1062
    APP_SESSION_KEY = 0x1063
    WEP_TRANSMIT_KEY = 0x1064
    REQUESTED_DEVICE_TYPE = 0x106A


class _Otherwise(Enum):
    """What becomes of a value whose length is out of bounds."""

    REFUSE = "the whole message is refused"
    IGNORE = "the attribute counts as absent"
    TRUNCATE = "the value is cut to its maximum"


@dataclass(frozen=True, slots=True)
class _Length:
    """The lengths a value may have, in octets."""

    minimum: int
    maximum: int
    otherwise: _Otherwise
    multiple_of: int = 1

    def fit(self, attribute_type: AttributeType, value: bytes) -> bytes | None:
        """The value to keep, None to ignore it; raises DecodeError."""
        if self.minimum <= len(value) <= self.maximum and len(value) % self.multiple_of == 0:
            return value
        if self.otherwise is _Otherwise.REFUSE:
            raise DecodeError(f"{attribute_type.name}: {len(value)} octets, expected {self.minimum} to {self.maximum}")
        return None if self.otherwise is _Otherwise.IGNORE else value[: self.maximum]


def _exactly(size: int) -> _Length:
    return _Length(size, size, _Otherwise.REFUSE)


def _up_to(maximum: int, otherwise: _Otherwise = _Otherwise.IGNORE) -> _Length:
    return _Length(0, maximum, otherwise)


_ANY = _Length(0, 0xFFFF, _Otherwise.REFUSE)

_A = AttributeType
LENGTHS: dict[AttributeType, _Length] = {
    _A.AP_CHANNEL: _exactly(2),
    _A.ASSOCIATION_STATE: _exactly(2),
    _A.AUTHENTICATION_TYPE: _exactly(2),
    _A.AUTHENTICATION_TYPE_FLAGS: _exactly(2),
    _A.AUTHENTICATOR: _exactly(8),
    _A.CONFIG_METHODS: _exactly(2),
    _A.CONFIGURATION_ERROR: _exactly(2),
    _A.CONFIRMATION_URL4: _up_to(64),
    _A.CONFIRMATION_URL6: _up_to(76),
    _A.CONNECTION_TYPE: _exactly(1),
    _A.CONNECTION_TYPE_FLAGS: _exactly(1),
    _A.CREDENTIAL: _ANY,
    _A.ENCRYPTION_TYPE: _exactly(2),
    _A.ENCRYPTION_TYPE_FLAGS: _exactly(2),
    _A.DEVICE_NAME: _up_to(32),
    _A.DEVICE_PASSWORD_ID: _exactly(2),
    _A.E_HASH1: _exactly(32),
    _A.E_HASH2: _exactly(32),
    _A.E_SNONCE1: _exactly(16),
    _A.E_SNONCE2: _exactly(16),
    _A.ENCRYPTED_SETTINGS: _ANY,
    _A.ENROLLEE_NONCE: _exactly(16),
    _A.FEATURE_ID: _exactly(4),
    _A.IDENTITY: _up_to(80),
    _A.IDENTITY_PROOF: _ANY,
    _A.KEY_WRAP_AUTHENTICATOR: _exactly(8),
    _A.KEY_IDENTIFIER: _exactly(16),
    _A.MAC_ADDRESS: _exactly(6),
    _A.MANUFACTURER: _up_to(64, _Otherwise.TRUNCATE),
    _A.MESSAGE_TYPE: _exactly(1),
    _A.MODEL_NAME: _up_to(32, _Otherwise.TRUNCATE),
    _A.MODEL_NUMBER: _up_to(32, _Otherwise.TRUNCATE),
    _A.NETWORK_INDEX: _exactly(1),
    _A.NETWORK_KEY: _up_to(64),
    _A.NETWORK_KEY_INDEX: _exactly(1),
    _A.NEW_DEVICE_NAME: _up_to(32),
    _A.NEW_PASSWORD: _up_to(64),
    # Public key hash 20, password id 2, password 16 to 32 (none for a connection handover).
    _A.OOB_DEVICE_PASSWORD: _Length(22, 56, _Otherwise.REFUSE),
    _A.OS_VERSION: _exactly(4),
    _A.POWER_LEVEL: _exactly(1),
    _A.PSK_CURRENT: _exactly(1),
    _A.PSK_MAX: _exactly(1),
    # Some peers forget the leading zeros of their key.
    _A.PUBLIC_KEY: _Length(190, 192, _Otherwise.IGNORE),
    _A.RADIO_ENABLED: _exactly(1),
    _A.REBOOT: _exactly(1),
    _A.REGISTRAR_CURRENT: _exactly(1),
    _A.REGISTRAR_ESTABLISHED: _exactly(1),
    _A.REGISTRAR_LIST: _ANY,
    _A.REGISTRAR_MAX: _exactly(1),
    _A.REGISTRAR_NONCE: _exactly(16),
    _A.REQUEST_TYPE: _exactly(1),
    _A.RESPONSE_TYPE: _exactly(1),
    _A.RF_BANDS: _exactly(1),
    _A.R_HASH1: _exactly(32),
    _A.R_HASH2: _exactly(32),
    _A.R_SNONCE1: _exactly(16),
    _A.R_SNONCE2: _exactly(16),
    _A.SELECTED_REGISTRAR: _exactly(1),
    _A.SERIAL_NUMBER: _up_to(32, _Otherwise.TRUNCATE),
    _A.WPS_STATE: _exactly(1),
    _A.SSID: _up_to(32),
    _A.TOTAL_NETWORKS: _exactly(1),
    _A.UUID_E: _exactly(16),
    _A.UUID_R: _exactly(16),
    _A.VENDOR_EXTENSION: _ANY,
    _A.VERSION: _exactly(1),
    _A.X509_CERTIFICATE_REQUEST: _ANY,
    _A.X509_CERTIFICATE: _ANY,
    _A.EAP_IDENTITY: _up_to(64),
    _A.MESSAGE_COUNTER: _exactly(8),
    _A.PUBLIC_KEY_HASH: _exactly(20),
    _A.REKEY_KEY: _exactly(32),
    _A.KEY_LIFETIME: _exactly(4),
    _A.PERMITTED_CONFIG_METHODS: _exactly(2),
    _A.SELECTED_REGISTRAR_CONFIG_METHODS: _exactly(2),
    _A.PRIMARY_DEVICE_TYPE: _exactly(8),
    _A.SECONDARY_DEVICE_TYPE_LIST: _Length(0, 128, _Otherwise.REFUSE, multiple_of=8),
    _A.PORTABLE_DEVICE: _exactly(1),
    _A.AP_SETUP_LOCKED: _exactly(1),
    _A.APPLICATION_EXTENSION: _Length(16, 512, _Otherwise.IGNORE),
    _A.EAP_TYPE: _up_to(8),
    _A.INITIALIZATION_VECTOR: _exactly(32),
    _A.KEY_PROVIDED_AUTOMATICALLY: _exactly(1),
    _A.IEEE_802_1X_ENABLED: _exactly(1),
    _A.APP_SESSION_KEY: _up_to(128),
    _A.WEP_TRANSMIT_KEY: _exactly(1),
    _A.REQUESTED_DEVICE_TYPE: _exactly(8),
}
"""Length of every attribute's value (table 28), and what deployed implementations do with any other length."""


class _WfaId(IntEnum):
    """Sub-elements of the WFA Vendor Extension (table 29)."""

    VERSION2 = 0
    AUTHORIZED_MACS = 1
    NETWORK_KEY_SHAREABLE = 2
    REQUEST_TO_ENROLL = 3
    SETTINGS_DELAY_TIME = 4
    REGISTRAR_CONFIGURATION_METHODS = 5
    MULTI_AP = 6


_WFA_LENGTHS = {
    _WfaId.VERSION2: _exactly(1),
    _WfaId.AUTHORIZED_MACS: _Length(0, 6 * MAXIMUM_AUTHORIZED_MACS, _Otherwise.REFUSE, multiple_of=6),
    _WfaId.NETWORK_KEY_SHAREABLE: _exactly(1),
    _WfaId.REQUEST_TO_ENROLL: _exactly(1),
    _WfaId.SETTINGS_DELAY_TIME: _exactly(1),
    _WfaId.REGISTRAR_CONFIGURATION_METHODS: _exactly(2),
    _WfaId.MULTI_AP: _exactly(1),
}


@dataclass(frozen=True, slots=True)
class WfaExtension:
    """What the WFA Vendor Extension says; None where it is silent (table 29).

    settings_delay_time is in seconds.  What this implementation sends always carries Version2; a peer of WPS 1.0
    sends no such extension and decodes to NO_WFA_EXTENSION.
    """

    version2: int | None = VERSION2
    authorized_macs: tuple[MacAddress, ...] = ()
    network_key_shareable: bool | None = None
    request_to_enroll: bool | None = None
    settings_delay_time: int | None = None
    registrar_configuration_methods: int | None = None
    multi_ap: int | None = None

    @property
    def is_version2(self) -> bool:
        """True for a peer of WPS 2.0 or later: any Version2 from 0x20 up."""
        return self.version2 is not None and self.version2 >= VERSION2

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the sub-elements (what follows the vendor id); raises DecodeError.

        Each: id u8, length u8, value.  A truncated last one is ignored, one with an unknown id skipped.
        """
        found: dict[int, bytes] = {}
        reader = Reader(octets)
        while reader.remaining >= 2:
            sub_id, length = reader.u8(), reader.u8()
            if length > reader.remaining:
                break
            found[sub_id] = reader.take(length)
        for known, bounds in _WFA_LENGTHS.items():
            if known in found:
                _check_wfa_length(known, bounds, found[known])
        return cls._from_values(found)

    @classmethod
    def _from_values(cls, found: dict[int, bytes]) -> Self:
        def integer(sub_id: int) -> int | None:
            return int.from_bytes(found[sub_id]) if sub_id in found else None

        def boolean(sub_id: int) -> bool | None:
            return found[sub_id] != b"\x00" if sub_id in found else None

        macs = found.get(_WfaId.AUTHORIZED_MACS, b"")
        return cls(
            version2=integer(_WfaId.VERSION2),
            authorized_macs=tuple(MacAddress(macs[at : at + 6]) for at in range(0, len(macs), 6)),
            network_key_shareable=boolean(_WfaId.NETWORK_KEY_SHAREABLE),
            request_to_enroll=boolean(_WfaId.REQUEST_TO_ENROLL),
            settings_delay_time=integer(_WfaId.SETTINGS_DELAY_TIME),
            registrar_configuration_methods=integer(_WfaId.REGISTRAR_CONFIGURATION_METHODS),
            multi_ap=integer(_WfaId.MULTI_AP),
        )

    def encode(self) -> bytes:
        """The sub-elements in the order peers build them; empty when there is nothing to say."""
        macs = b"".join(self.authorized_macs[:MAXIMUM_AUTHORIZED_MACS]) or None
        values = (
            (_WfaId.VERSION2, _integer(self.version2, 1)),
            (_WfaId.REQUEST_TO_ENROLL, _integer(self.request_to_enroll, 1)),
            (_WfaId.AUTHORIZED_MACS, macs),
            (_WfaId.MULTI_AP, _integer(self.multi_ap, 1)),
            (_WfaId.NETWORK_KEY_SHAREABLE, _integer(self.network_key_shareable, 1)),
            (_WfaId.SETTINGS_DELAY_TIME, _integer(self.settings_delay_time, 1)),
            (_WfaId.REGISTRAR_CONFIGURATION_METHODS, _integer(self.registrar_configuration_methods, 2)),
        )
        return b"".join(bytes((sub_id, len(value))) + value for sub_id, value in values if value is not None)


VERSION2_ONLY = WfaExtension()
"""The extension of a message that has nothing more to say than Version2."""

NO_WFA_EXTENSION = WfaExtension(version2=None)
"""What a message without the extension decodes to: a peer of WPS 1.0."""


def _check_wfa_length(sub_id: _WfaId, bounds: _Length, value: bytes) -> None:
    if not bounds.minimum <= len(value) <= bounds.maximum or len(value) % bounds.multiple_of:
        raise DecodeError(f"WFA extension, {sub_id.name}: {len(value)} octets is not a length it can have")


def _integer(value: int | None, size: int) -> bytes | None:
    return None if value is None else int(value).to_bytes(size)


class Attributes:
    """The known attributes of one message, in the order they came; values never appear in repr."""

    __slots__ = ("_items", "_last", "vendor_extensions", "wfa")

    def __init__(self, items: Iterable[tuple[AttributeType, bytes]]) -> None:
        kept, foreign, wfa_octets = _sort(items)
        self._items = tuple(kept)
        self._last = dict(kept)  # of a repeated attribute the last one counts
        self.vendor_extensions: tuple[bytes, ...] = tuple(foreign)
        """Extensions of other vendors: vendor id (3 octets) and data."""
        self.wfa: WfaExtension = WfaExtension.decode(wfa_octets)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From a message's octets; raises DecodeError."""
        return cls(_split(octets))

    def __contains__(self, attribute_type: AttributeType) -> bool:
        return attribute_type in self._last

    def __iter__(self) -> Iterator[tuple[AttributeType, bytes]]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Attributes({', '.join(attribute_type.name for attribute_type, _ in self._items)})"

    def get(self, attribute_type: AttributeType) -> bytes | None:
        """The value, of a repeated attribute the last one; None when absent."""
        return self._last.get(attribute_type)

    def all(self, attribute_type: AttributeType) -> tuple[bytes, ...]:
        """Every value of an attribute that may repeat (Credential, Requested Device Type: at most ten)."""
        return tuple(value for found, value in self._items if found == attribute_type)

    def integer(self, attribute_type: AttributeType) -> int | None:
        """The value as a big-endian integer of whatever size the attribute has; None when absent."""
        value = self.get(attribute_type)
        return None if value is None else int.from_bytes(value)

    def boolean(self, attribute_type: AttributeType) -> bool | None:
        """The value of a one-octet truth; None when absent."""
        value = self.integer(attribute_type)
        return None if value is None else value != 0

    def text(self, attribute_type: AttributeType) -> str | None:
        """The value as text that is safe to show; None when absent."""
        value = self.get(attribute_type)
        return None if value is None else decode_text(value)


def _split(octets: bytes) -> Iterator[tuple[AttributeType, bytes]]:
    """The known attributes, one after the other; raises DecodeError."""
    # Mac OS X 10.6 pads its messages with zeros.  Where they begin is found once: looking anew at each attribute of
    # zeros would cost quadratic time.
    zeros_from = len(octets.rstrip(b"\x00"))
    at, previous, end = 0, 0, len(octets)
    while at < end:
        if end - at < 4:
            raise DecodeError(f"attribute at offset {at}: {end - at} octets left, a header has 4")
        attribute_type = int.from_bytes(octets[at : at + 2])
        length = int.from_bytes(octets[at + 2 : at + 4])
        if at >= zeros_from:
            return
        if length > end - at - 4:
            # D-Link DIR routers and old registrars add a NUL after the Network Key that its length does not count.
            if attribute_type >> 8 == 0x10 or previous != AttributeType.NETWORK_KEY:
                raise DecodeError(f"attribute 0x{attribute_type:04x} at offset {at}: {length} octets do not fit")
            at, previous = at + 1, 0
            continue
        value = octets[at + 4 : at + 4 + length]
        at, previous = at + 4 + length, attribute_type
        known = _KNOWN.get(attribute_type)
        if known is not None:
            yield known, value


_KNOWN: dict[int, AttributeType] = {known: known for known in LENGTHS}
_REPEATABLE = frozenset((AttributeType.CREDENTIAL, AttributeType.REQUESTED_DEVICE_TYPE))


def _sort(
    items: Iterable[tuple[AttributeType, bytes]],
) -> tuple[list[tuple[AttributeType, bytes]], list[bytes], bytes]:
    """Attributes with a length they may have, foreign vendor extensions, and the WFA sub-elements joined."""
    kept: list[tuple[AttributeType, bytes]] = []
    foreign: list[bytes] = []
    wfa = b""
    repeats = dict.fromkeys(_REPEATABLE, 0)
    for attribute_type, octets in items:
        value = LENGTHS[attribute_type].fit(attribute_type, octets)
        if value is None:
            continue
        if attribute_type in _REPEATABLE:
            repeats[attribute_type] += 1
            if repeats[attribute_type] > _MAXIMUM_KEPT:
                continue
        if attribute_type is AttributeType.VENDOR_EXTENSION:
            if value.startswith(WFA_VENDOR_ID):
                wfa += value[len(WFA_VENDOR_ID) :]
            else:
                _keep_foreign(foreign, value)
        else:
            kept.append((attribute_type, value))
    return kept, foreign, wfa


def _keep_foreign(foreign: list[bytes], value: bytes) -> None:
    """Keep the extension of another vendor; one too short to name its vendor is ignored."""
    if len(value) < len(WFA_VENDOR_ID):
        return
    if len(value) > _MAXIMUM_VENDOR_EXTENSION or len(foreign) == _MAXIMUM_KEPT:
        raise DecodeError(f"more than {_MAXIMUM_KEPT} vendor extensions, or one beyond {_MAXIMUM_VENDOR_EXTENSION}")
    foreign.append(value)


def decode_text(value: bytes) -> str:
    """A peer's text, made safe to show: NUL terminators dropped, what cannot be printed replaced by U+FFFD.

    A single space is how an empty text is sent.
    """
    text = value.rstrip(b"\x00").decode("utf-8", "replace")
    if text == " ":
        return ""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def encode_text(text: str, maximum: int) -> bytes:
    """UTF-8, cut between characters to at most maximum octets; an empty text is one space.

    Old peers refuse attributes of length 0.
    """
    return text.encode("utf-8", "replace")[:maximum].decode("utf-8", "ignore").encode() or b" "


def encode_attribute(attribute_type: int, value: bytes) -> bytes:
    """One attribute: type, length, value."""
    return attribute_type.to_bytes(2) + len(value).to_bytes(2) + value


class AttributesBuilder:
    """Builds the octets of a message attribute by attribute; every method returns the builder."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def octets(self, attribute_type: int, value: bytes) -> Self:
        self._parts.append(encode_attribute(attribute_type, value))
        return self

    def u8(self, attribute_type: int, value: int) -> Self:
        return self.octets(attribute_type, int(value).to_bytes(1))

    def u16(self, attribute_type: int, value: int) -> Self:
        return self.octets(attribute_type, int(value).to_bytes(2))

    def u32(self, attribute_type: int, value: int) -> Self:
        return self.octets(attribute_type, int(value).to_bytes(4))

    def text(self, attribute_type: AttributeType, text: str) -> Self:
        return self.octets(attribute_type, encode_text(text, LENGTHS[attribute_type].maximum))

    def wfa(self, extension: WfaExtension) -> Self:
        """The WFA Vendor Extension; nothing at all for NO_WFA_EXTENSION."""
        body = extension.encode()
        return self.octets(AttributeType.VENDOR_EXTENSION, WFA_VENDOR_ID + body) if body else self

    def raw(self, octets: bytes) -> Self:
        """Attributes that are encoded already."""
        self._parts.append(octets)
        return self

    def build(self) -> bytes:
        return b"".join(self._parts)
