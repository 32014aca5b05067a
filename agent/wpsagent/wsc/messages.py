# SPDX-License-Identifier: BSD-3-Clause
"""The messages of the registration protocol: M1 to M8, M2D, WSC_ACK, WSC_NACK and WSC_Done.

Wi-Fi Simple Configuration 2.0, section 8.3.  Every message is one table with one line per attribute, in the order the
attributes are sent; decoding and encoding read the same table.  The order of a received message does not matter, but
for the Authenticator, which is the last attribute (see `wsc.protection`).

Refuses, with DecodeError, what `wsc.attributes` refuses and a message without Message Type; with
MissingAttributeError a message that lacks an attribute its table requires.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, ClassVar, Self

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.wsc.attributes import (
    LENGTHS,
    VERSION,
    VERSION2_ONLY,
    Attributes,
    AttributesBuilder,
    AttributeType,
    WfaExtension,
    decode_text,
    encode_text,
)
from wpsagent.wsc.device import ACCESS_POINT, NO_CONFIG_METHODS, DeviceDescription, PrimaryDeviceType, encode_os_version
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, MessageType, RfBands

NO_NONCE = bytes(16)
"""The nonce of a peer that is not known yet, in WSC_ACK and WSC_NACK."""

CONNECTION_TYPE_ESS = 0x01

_NO_AUTHENTICATION_TYPES = AuthenticationType(0)
_NO_ENCRYPTION_TYPES = EncryptionType(0)
_NO_BANDS = RfBands(0)


class MissingAttributeError(DecodeError):
    """A message that can be read but lacks an attribute its type requires."""


class Presence(Enum):
    """Whether a message must carry an attribute."""

    REQUIRED = "refused without it"
    OPTIONAL = "the field's default stands for an absent one"
    VERSION2 = "sent by peers of WPS 2.0: as OPTIONAL when received"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a message's table: which attribute is which field, and how its value is written."""

    name: str
    attribute: AttributeType
    decode: Callable[[bytes], Any]
    encode: Callable[[Any], bytes]
    presence: Presence = Presence.REQUIRED


_A = AttributeType
_OPTIONAL = Presence.OPTIONAL


def _octets(name: str, attribute: AttributeType, presence: Presence = Presence.REQUIRED) -> Line:
    return Line(name, attribute, bytes, bytes, presence)


def _text(name: str, attribute: AttributeType, presence: Presence) -> Line:
    maximum = LENGTHS[attribute].maximum
    return Line(name, attribute, decode_text, lambda text: encode_text(text, maximum), presence)


def _integer(
    name: str,
    attribute: AttributeType,
    presence: Presence = Presence.REQUIRED,
    kind: Callable[[int], int] = int,
) -> Line:
    size = LENGTHS[attribute].maximum
    return Line(
        name,
        attribute,
        lambda octets: kind(int.from_bytes(octets)),
        lambda value: int(value).to_bytes(size),
        presence,
    )


_ENROLLEE_NONCE = _octets("enrollee_nonce", _A.ENROLLEE_NONCE)
_REGISTRAR_NONCE = _octets("registrar_nonce", _A.REGISTRAR_NONCE)
_ENCRYPTED_SETTINGS = _octets("encrypted_settings", _A.ENCRYPTED_SETTINGS)
_WFA = Line("wfa", _A.VENDOR_EXTENSION, WfaExtension.decode, WfaExtension.encode, Presence.VERSION2)
_AUTHENTICATOR = _octets("authenticator", _A.AUTHENTICATOR)


def _flags(presence: Presence) -> tuple[Line, ...]:
    """Authentication, encryption and connection types, and the config methods."""
    return (
        _integer("authentication_types", _A.AUTHENTICATION_TYPE_FLAGS, presence, AuthenticationType),
        _integer("encryption_types", _A.ENCRYPTION_TYPE_FLAGS, presence, EncryptionType),
        _integer("connection_types", _A.CONNECTION_TYPE_FLAGS, presence),
        _integer("config_methods", _A.CONFIG_METHODS, presence, ConfigMethods),
    )


def _device(presence: Presence) -> tuple[Line, ...]:
    """The device's names and type, and the band it is on."""
    return (
        _text("manufacturer", _A.MANUFACTURER, presence),
        _text("model_name", _A.MODEL_NAME, presence),
        _text("model_number", _A.MODEL_NUMBER, presence),
        _text("serial_number", _A.SERIAL_NUMBER, presence),
        Line(
            "primary_device_type",
            _A.PRIMARY_DEVICE_TYPE,
            PrimaryDeviceType.decode,
            PrimaryDeviceType.encode,
            presence,
        ),
        _text("device_name", _A.DEVICE_NAME, presence),
        _integer("rf_bands", _A.RF_BANDS, presence, RfBands),
    )


def _os_version(presence: Presence) -> Line:
    return Line("os_version", _A.OS_VERSION, int.from_bytes, encode_os_version, presence)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What all messages share: Version and Message Type in front, the WFA extension, the Authenticator at the end."""

    TYPE: ClassVar[MessageType]
    TABLE: ClassVar[tuple[Line, ...]]

    wfa: WfaExtension = VERSION2_ONLY

    @classmethod
    def from_attributes(cls, attributes: Attributes) -> Self:
        """From decoded attributes; raises MissingAttributeError."""
        values: dict[str, Any] = {}
        for line in cls.TABLE:
            value = attributes.get(line.attribute)
            if value is not None:
                values[line.name] = line.decode(value)
            elif line.presence is Presence.REQUIRED:
                raise MissingAttributeError(f"{cls.TYPE.name} without {line.attribute.name}")
        values["wfa"] = attributes.wfa
        return cls(**values, **cls._extra_values(attributes))

    @classmethod
    def _extra_values(cls, attributes: Attributes) -> dict[str, Any]:
        """Fields that are not one attribute each."""
        return {}

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From a message of this very type; raises DecodeError."""
        attributes = Attributes.decode(octets)
        if message_type_of(attributes) is not cls.TYPE:
            raise DecodeError(f"not {cls.TYPE.name}")
        return cls.from_attributes(attributes)

    def encode(self) -> bytes:
        """The message's octets.  An empty Authenticator is left out: `wsc.protection` appends it."""
        builder = AttributesBuilder().u8(_A.VERSION, VERSION).u8(_A.MESSAGE_TYPE, self.TYPE)
        for line in self.TABLE:
            self._encode_line(builder, line)
        return builder.build()

    def _encode_line(self, builder: AttributesBuilder, line: Line) -> None:
        value = getattr(self, line.name)
        if line is _WFA:
            builder.wfa(value)
            self._encode_extra(builder)
        elif value is not None and not (value == b"" and line.presence is Presence.REQUIRED):
            builder.octets(line.attribute, line.encode(value))

    def _encode_extra(self, builder: AttributesBuilder) -> None:
        """Attributes that follow the WFA extension."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _DeviceMessage(Message):
    """The fields of a message that describes its sender."""

    authentication_types: AuthenticationType = _NO_AUTHENTICATION_TYPES
    encryption_types: EncryptionType = _NO_ENCRYPTION_TYPES
    connection_types: int = CONNECTION_TYPE_ESS
    config_methods: ConfigMethods = NO_CONFIG_METHODS
    manufacturer: str = ""
    model_name: str = ""
    model_number: str = ""
    serial_number: str = ""
    primary_device_type: PrimaryDeviceType = ACCESS_POINT
    device_name: str = ""
    rf_bands: RfBands = _NO_BANDS
    association_state: int = 0
    configuration_error: int = 0
    os_version: int = 0

    @property
    def device(self) -> DeviceDescription:
        """The sender's description."""
        return DeviceDescription(**{name: getattr(self, name) for name in _DEVICE_FIELDS})


_DEVICE_FIELDS = (
    "manufacturer",
    "model_name",
    "model_number",
    "serial_number",
    "primary_device_type",
    "device_name",
    "os_version",
    "config_methods",
    "rf_bands",
)


def device_fields(device: DeviceDescription) -> dict[str, Any]:
    """The keyword arguments of M1, M2 or M2D that describe a device."""
    return {name: getattr(device, name) for name in _DEVICE_FIELDS}


@dataclass(frozen=True, slots=True, kw_only=True)
class M1(_DeviceMessage):
    """M1, enrollee to registrar (table 14).  vendor_extensions: vendor id (3 octets) and data of other vendors."""

    TYPE: ClassVar = MessageType.M1
    TABLE: ClassVar = (
        _octets("uuid_e", _A.UUID_E),
        Line("mac_address", _A.MAC_ADDRESS, MacAddress, bytes),
        _ENROLLEE_NONCE,
        _octets("public_key", _A.PUBLIC_KEY),
        *_flags(Presence.REQUIRED),
        _integer("wps_state", _A.WPS_STATE),
        *_device(Presence.REQUIRED),
        _integer("association_state", _A.ASSOCIATION_STATE),
        _integer("device_password_id", _A.DEVICE_PASSWORD_ID),
        _integer("configuration_error", _A.CONFIGURATION_ERROR),
        _os_version(Presence.REQUIRED),
        _WFA,
    )

    uuid_e: bytes
    mac_address: MacAddress
    enrollee_nonce: bytes
    public_key: bytes = field(repr=False)
    wps_state: int
    device_password_id: int
    vendor_extensions: tuple[bytes, ...] = ()

    @classmethod
    def _extra_values(cls, attributes: Attributes) -> dict[str, Any]:
        return {"vendor_extensions": attributes.vendor_extensions}

    def _encode_extra(self, builder: AttributesBuilder) -> None:
        for extension in self.vendor_extensions:
            builder.octets(_A.VENDOR_EXTENSION, extension)


@dataclass(frozen=True, slots=True, kw_only=True)
class M2(_DeviceMessage):
    """M2, registrar to enrollee (table 15).  encrypted_settings only in the abbreviated handshake of NFC."""

    TYPE: ClassVar = MessageType.M2
    TABLE: ClassVar = (
        _ENROLLEE_NONCE,
        _REGISTRAR_NONCE,
        _octets("uuid_r", _A.UUID_R),
        _octets("public_key", _A.PUBLIC_KEY),
        *_flags(_OPTIONAL),
        *_device(_OPTIONAL),
        _integer("association_state", _A.ASSOCIATION_STATE, _OPTIONAL),
        _integer("configuration_error", _A.CONFIGURATION_ERROR, _OPTIONAL),
        _integer("device_password_id", _A.DEVICE_PASSWORD_ID),
        _os_version(_OPTIONAL),
        _WFA,
        _octets("encrypted_settings", _A.ENCRYPTED_SETTINGS, _OPTIONAL),
        _AUTHENTICATOR,
    )

    enrollee_nonce: bytes
    registrar_nonce: bytes
    uuid_r: bytes
    public_key: bytes = field(repr=False)
    device_password_id: int
    encrypted_settings: bytes | None = field(default=None, repr=False)
    authenticator: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class M2D(_DeviceMessage):
    """M2D, registrar to enrollee: "I do not know your password" (table 16)."""

    TYPE: ClassVar = MessageType.M2D
    TABLE: ClassVar = (
        _ENROLLEE_NONCE,
        _REGISTRAR_NONCE,
        _octets("uuid_r", _A.UUID_R),
        *_flags(_OPTIONAL),
        *_device(_OPTIONAL),
        _integer("association_state", _A.ASSOCIATION_STATE, _OPTIONAL),
        _integer("configuration_error", _A.CONFIGURATION_ERROR, _OPTIONAL),
        _integer("device_password_id", _A.DEVICE_PASSWORD_ID, _OPTIONAL),
        _os_version(_OPTIONAL),
        _WFA,
    )

    enrollee_nonce: bytes
    registrar_nonce: bytes
    uuid_r: bytes
    device_password_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class M3(Message):
    """M3, enrollee to registrar: the enrollee commits to both halves of the password (table 17)."""

    TYPE: ClassVar = MessageType.M3
    TABLE: ClassVar = (
        _REGISTRAR_NONCE,
        _octets("e_hash1", _A.E_HASH1),
        _octets("e_hash2", _A.E_HASH2),
        _WFA,
        _AUTHENTICATOR,
    )

    registrar_nonce: bytes
    e_hash1: bytes
    e_hash2: bytes
    authenticator: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class M4(Message):
    """M4, registrar to enrollee: commits to both halves, {R-SNonce1} proves the first (table 18)."""

    TYPE: ClassVar = MessageType.M4
    TABLE: ClassVar = (
        _ENROLLEE_NONCE,
        _octets("r_hash1", _A.R_HASH1),
        _octets("r_hash2", _A.R_HASH2),
        _ENCRYPTED_SETTINGS,
        _WFA,
        _AUTHENTICATOR,
    )

    enrollee_nonce: bytes
    r_hash1: bytes
    r_hash2: bytes
    encrypted_settings: bytes = field(repr=False)
    authenticator: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _EnrolleeProof(Message):
    """M5 and M7: a nonce of the registrar and Encrypted Settings."""

    TABLE: ClassVar = (_REGISTRAR_NONCE, _ENCRYPTED_SETTINGS, _WFA, _AUTHENTICATOR)

    registrar_nonce: bytes
    encrypted_settings: bytes = field(repr=False)
    authenticator: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class _RegistrarProof(Message):
    """M6 and M8: a nonce of the enrollee and Encrypted Settings."""

    TABLE: ClassVar = (_ENROLLEE_NONCE, _ENCRYPTED_SETTINGS, _WFA, _AUTHENTICATOR)

    enrollee_nonce: bytes
    encrypted_settings: bytes = field(repr=False)
    authenticator: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class M5(_EnrolleeProof):
    """M5, enrollee to registrar: {E-SNonce1} proves the first half (table 19)."""

    TYPE: ClassVar = MessageType.M5


@dataclass(frozen=True, slots=True, kw_only=True)
class M6(_RegistrarProof):
    """M6, registrar to enrollee: {R-SNonce2} proves the second half (table 20)."""

    TYPE: ClassVar = MessageType.M6


@dataclass(frozen=True, slots=True, kw_only=True)
class M7(_EnrolleeProof):
    """M7, enrollee to registrar: {E-SNonce2} proves the second half; an AP adds its settings (table 21)."""

    TYPE: ClassVar = MessageType.M7


@dataclass(frozen=True, slots=True, kw_only=True)
class M8(_RegistrarProof):
    """M8, registrar to enrollee: {Credentials} for a station, {settings} for an AP (table 22)."""

    TYPE: ClassVar = MessageType.M8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Nonces(Message):
    """WSC_ACK and WSC_Done: both nonces."""

    TABLE: ClassVar[tuple[Line, ...]] = (_ENROLLEE_NONCE, _REGISTRAR_NONCE, _WFA)

    enrollee_nonce: bytes = NO_NONCE
    registrar_nonce: bytes = NO_NONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class WscAck(_Nonces):
    """WSC_ACK (table 23)."""

    TYPE: ClassVar = MessageType.WSC_ACK


@dataclass(frozen=True, slots=True, kw_only=True)
class WscNack(_Nonces):
    """WSC_NACK (table 24)."""

    TYPE: ClassVar = MessageType.WSC_NACK
    TABLE: ClassVar[tuple[Line, ...]] = (
        _ENROLLEE_NONCE,
        _REGISTRAR_NONCE,
        _integer("configuration_error", _A.CONFIGURATION_ERROR),
        _WFA,
    )

    configuration_error: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WscDone(_Nonces):
    """WSC_Done (table 25)."""

    TYPE: ClassVar = MessageType.WSC_DONE


MESSAGES: Mapping[MessageType, type[Message]] = {
    message.TYPE: message for message in (M1, M2, M2D, M3, M4, M5, M6, M7, M8, WscAck, WscNack, WscDone)
}
"""The message of every Message Type that the registration protocol has."""


def message_type_of(attributes: Attributes) -> MessageType:
    """The Message Type of a message of the registration protocol; raises DecodeError."""
    number = attributes.integer(AttributeType.MESSAGE_TYPE)
    if number is None:
        raise DecodeError("a message without Message Type")
    if number not in MESSAGES:
        raise DecodeError(f"Message Type 0x{number:02x} is none of the registration protocol")
    return MessageType(number)


def decode_message(octets: bytes) -> Message:
    """Any message of the registration protocol; raises DecodeError."""
    attributes = Attributes.decode(octets)
    return MESSAGES[message_type_of(attributes)].from_attributes(attributes)
