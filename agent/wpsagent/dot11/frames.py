# SPDX-License-Identifier: BSD-3-Clause
"""Management frames: one dataclass a frame, decoded and encoded.

Implements IEEE 802.11-2020, 9.2.4.1 (Frame Control), 9.3.3 (management frames), 9.4.1 (fixed fields).  Refuses, by
DecodeError: frames that are not management frames or whose subtype has no class here, other protocol versions, frames
to or from a distribution system, protected frames, fragments, frames with an HT Control field, and frames that end
inside their header or fixed fields.  Elements are tolerated as they come: they stay octets until `parse_elements`.

Management header:
    offset size field
    0      2    Frame Control: B0-1 version 0, B2-3 type 0, B4-7 subtype, B8-15 flags
    2      2    Duration
    4      6    Address 1: receiver and destination
    10     6    Address 2: transmitter and source
    16     6    Address 3: BSSID
    22     2    Sequence Control: B0-3 fragment number, B4-15 sequence number

Duration and the sequence number belong to the radio: they are written as 0 and not kept when read.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import ClassVar, Self

from wpsagent.dot11.elements import Elements
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress, Reader


class FrameSubtype(IntEnum):
    """Subtypes of management frames (table 9-1)."""

    ASSOCIATION_REQUEST = 0
    ASSOCIATION_RESPONSE = 1
    REASSOCIATION_REQUEST = 2
    REASSOCIATION_RESPONSE = 3
    PROBE_REQUEST = 4
    PROBE_RESPONSE = 5
    BEACON = 8
    DISASSOCIATION = 10
    AUTHENTICATION = 11
    DEAUTHENTICATION = 12
    ACTION = 13


class Capability(IntFlag):
    """Capability Information (9.4.1.4)."""

    ESS = 0x0001
    IBSS = 0x0002
    PRIVACY = 0x0010
    SHORT_PREAMBLE = 0x0020
    SPECTRUM_MANAGEMENT = 0x0100
    QOS = 0x0200
    SHORT_SLOT_TIME = 0x0400
    APSD = 0x0800
    RADIO_MEASUREMENT = 0x1000


class AuthenticationAlgorithm(IntEnum):
    """Authentication algorithm numbers (9.4.1.1)."""

    OPEN_SYSTEM = 0
    SHARED_KEY = 1
    FAST_BSS_TRANSITION = 2
    SAE = 3


class ReasonCode(IntEnum):
    """Reason codes (table 9-49); those that an access point or a station of ours sends or explains."""

    UNSPECIFIED_REASON = 1
    INVALID_AUTHENTICATION = 2
    LEAVING_NETWORK_DEAUTH = 3
    INACTIVITY = 4
    NO_MORE_STAS = 5
    INVALID_CLASS2_FRAME = 6
    INVALID_CLASS3_FRAME = 7
    LEAVING_NETWORK_DISASSOC = 8
    NOT_AUTHENTICATED = 9
    UNACCEPTABLE_POWER_CAPABILITY = 10
    UNACCEPTABLE_SUPPORTED_CHANNELS = 11
    BSS_TRANSITION_DISASSOC = 12
    INVALID_ELEMENT = 13
    MIC_FAILURE = 14
    FOUR_WAY_HANDSHAKE_TIMEOUT = 15
    GROUP_KEY_HANDSHAKE_TIMEOUT = 16
    HANDSHAKE_ELEMENT_MISMATCH = 17
    INVALID_GROUP_CIPHER = 18
    INVALID_PAIRWISE_CIPHER = 19
    INVALID_AKMP = 20
    UNSUPPORTED_RSNE_VERSION = 21
    INVALID_RSNE_CAPABILITIES = 22
    IEEE_802_1X_AUTH_FAILED = 23
    CIPHER_OUT_OF_POLICY = 24
    BAD_CIPHER_OR_AKM = 29
    DISASSOC_QOS_UNSPECIFIED = 32
    NOT_ENOUGH_BANDWIDTH = 33
    MISSING_ACKS = 34
    EXCEEDED_TXOP = 35
    STA_LEAVING = 36
    UNKNOWN_BLOCK_ACK = 38
    TIMEOUT = 39
    PEER_INITIATED = 46


class StatusCode(IntEnum):
    """Status codes (table 9-50); those that an access point or a station of ours sends or explains."""

    SUCCESS = 0
    REFUSED = 1
    REFUSED_CAPABILITIES_MISMATCH = 10
    DENIED_NO_ASSOCIATION_EXISTS = 11
    DENIED_OTHER_REASON = 12
    UNSUPPORTED_AUTH_ALGORITHM = 13
    TRANSACTION_SEQUENCE_ERROR = 14
    CHALLENGE_FAILURE = 15
    REJECTED_SEQUENCE_TIMEOUT = 16
    DENIED_NO_MORE_STAS = 17
    REFUSED_BASIC_RATES_MISMATCH = 18
    REJECTED_SHORT_SLOT_TIME_REQUIRED = 25
    DENIED_NO_HT_SUPPORT = 27
    REFUSED_TEMPORARILY = 30
    ROBUST_MANAGEMENT_POLICY_VIOLATION = 31
    UNSPECIFIED_QOS_FAILURE = 32
    DENIED_INSUFFICIENT_BANDWIDTH = 33
    REQUEST_DECLINED = 37
    INVALID_PARAMETERS = 38
    INVALID_ELEMENT = 40
    INVALID_GROUP_CIPHER = 41
    INVALID_PAIRWISE_CIPHER = 42
    INVALID_AKMP = 43
    UNSUPPORTED_RSNE_VERSION = 44
    INVALID_RSNE_CAPABILITIES = 45
    CIPHER_REJECTED_PER_POLICY = 46
    DENIED_LISTEN_INTERVAL_TOO_LARGE = 51
    INVALID_PMKID = 53


_TO_DS, _FROM_DS, _MORE_FRAGMENTS, _PROTECTED, _HT_CONTROL = 0x0100, 0x0200, 0x0400, 0x4000, 0x8000
_REFUSED_FLAGS = {
    _TO_DS: "is addressed to a distribution system",
    _FROM_DS: "comes from a distribution system",
    _MORE_FRAGMENTS: "is a fragment",
    _PROTECTED: "is protected",
    _HT_CONTROL: "has an HT Control field",
}


@dataclass(frozen=True, slots=True)
class _Header:
    subtype: int
    destination: MacAddress
    source: MacAddress
    bssid: MacAddress

    @classmethod
    def decode(cls, reader: Reader) -> Self:
        control = reader.u16_le()
        if control & 0x000F:
            raise DecodeError(f"not a management frame of protocol version 0 (frame control {control:04x})")
        for flag, text in _REFUSED_FLAGS.items():
            if control & flag:
                raise DecodeError(f"a management frame that {text} (frame control {control:04x})")
        reader.u16_le()
        header = cls(control >> 4 & 0x0F, reader.address(), reader.address(), reader.address())
        if reader.u16_le() & 0x000F:
            raise DecodeError("a management frame that is a fragment (fragment number not 0)")
        return header


@dataclass(frozen=True, slots=True)
class ManagementFrame(ABC):
    """What every management frame has: its three addresses, and its way to octets."""

    SUBTYPE: ClassVar[FrameSubtype]

    destination: MacAddress
    source: MacAddress
    bssid: MacAddress

    @abstractmethod
    def _encode_body(self) -> bytes:
        """The fixed fields and elements, after the header."""

    def encode(self) -> bytes:
        control = (self.SUBTYPE << 4).to_bytes(2, "little")
        return control + bytes(2) + self.destination + self.source + self.bssid + bytes(2) + self._encode_body()


@dataclass(frozen=True, slots=True)
class ElementsFrame(ManagementFrame):
    """A management frame that ends with elements."""

    elements: bytes

    def parse_elements(self) -> Elements:
        """The elements in order; never raises."""
        return Elements.decode(self.elements)


@dataclass(frozen=True, slots=True)
class Beacon(ElementsFrame):
    """Beacon (9.3.3.2): offset 24, 8 octets, Timestamp; 32, 2, Beacon Interval; 34, 2, Capability; 36, elements."""

    SUBTYPE = FrameSubtype.BEACON

    capability: Capability
    beacon_interval_tu: int
    timestamp: int = 0

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        timestamp = int.from_bytes(reader.take(8), "little")
        interval, capability = reader.u16_le(), Capability(reader.u16_le())
        return cls(*_addresses(header), reader.rest(), capability, interval, timestamp)

    def _encode_body(self) -> bytes:
        return self.timestamp.to_bytes(8, "little") + _u16(self.beacon_interval_tu, self.capability) + self.elements


@dataclass(frozen=True, slots=True)
class ProbeResponse(Beacon):
    """Probe Response (9.3.3.10): laid out as a Beacon."""

    SUBTYPE = FrameSubtype.PROBE_RESPONSE


@dataclass(frozen=True, slots=True)
class ProbeRequest(ElementsFrame):
    """Probe Request (9.3.3.9): offset 24, elements."""

    SUBTYPE = FrameSubtype.PROBE_REQUEST

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        return cls(*_addresses(header), reader.rest())

    def _encode_body(self) -> bytes:
        return self.elements


@dataclass(frozen=True, slots=True)
class Authentication(ElementsFrame):
    """Authentication (9.3.3.11): offset 24, 2 octets, Algorithm; 26, 2, Transaction Sequence; 28, 2, Status; elements.

    algorithm and status_code are open: a number without a name here stays a number.
    """

    SUBTYPE = FrameSubtype.AUTHENTICATION

    algorithm: int
    transaction: int
    status_code: int = StatusCode.SUCCESS

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        algorithm, transaction, status = reader.u16_le(), reader.u16_le(), reader.u16_le()
        return cls(*_addresses(header), reader.rest(), algorithm, transaction, status)

    def _encode_body(self) -> bytes:
        return _u16(self.algorithm, self.transaction, self.status_code) + self.elements


@dataclass(frozen=True, slots=True)
class AssociationRequest(ElementsFrame):
    """Association Request (9.3.3.5): offset 24, 2 octets, Capability; 26, 2, Listen Interval; 28, elements."""

    SUBTYPE = FrameSubtype.ASSOCIATION_REQUEST

    capability: Capability
    listen_interval: int

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        capability, listen_interval = Capability(reader.u16_le()), reader.u16_le()
        return cls(*_addresses(header), reader.rest(), capability, listen_interval)

    def _encode_body(self) -> bytes:
        return _u16(self.capability, self.listen_interval) + self.elements


@dataclass(frozen=True, slots=True)
class ReassociationRequest(ElementsFrame):
    """Reassociation Request (9.3.3.7): as an Association Request, with the current AP's address at offset 28."""

    SUBTYPE = FrameSubtype.REASSOCIATION_REQUEST

    capability: Capability
    listen_interval: int
    current_ap: MacAddress

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        capability, listen_interval, current_ap = Capability(reader.u16_le()), reader.u16_le(), reader.address()
        return cls(*_addresses(header), reader.rest(), capability, listen_interval, current_ap)

    def _encode_body(self) -> bytes:
        return _u16(self.capability, self.listen_interval) + self.current_ap + self.elements


@dataclass(frozen=True, slots=True)
class AssociationResponse(ElementsFrame):
    """Association Response (9.3.3.6): offset 24, 2 octets, Capability; 26, 2, Status; 28, 2, AID; 30, elements.

    aid is 1 to 2007, 0 with a refusal; on the air its two top bits are set (9.4.1.8).
    """

    SUBTYPE = FrameSubtype.ASSOCIATION_RESPONSE

    capability: Capability
    status_code: int
    aid: int

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        capability, status, aid = Capability(reader.u16_le()), reader.u16_le(), reader.u16_le() & 0x3FFF
        return cls(*_addresses(header), reader.rest(), capability, status, aid)

    def _encode_body(self) -> bytes:
        return _u16(self.capability, self.status_code, self.aid | 0xC000) + self.elements


@dataclass(frozen=True, slots=True)
class ReassociationResponse(AssociationResponse):
    """Reassociation Response (9.3.3.8): laid out as an Association Response."""

    SUBTYPE = FrameSubtype.REASSOCIATION_RESPONSE


@dataclass(frozen=True, slots=True)
class Deauthentication(ManagementFrame):
    """Deauthentication (9.3.3.12): offset 24, 2 octets, Reason Code (open).  Elements after it are not kept."""

    SUBTYPE = FrameSubtype.DEAUTHENTICATION

    reason_code: int

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        return cls(*_addresses(header), reader.u16_le())

    def _encode_body(self) -> bytes:
        return _u16(self.reason_code)


@dataclass(frozen=True, slots=True)
class Disassociation(Deauthentication):
    """Disassociation (9.3.3.4): laid out as a Deauthentication."""

    SUBTYPE = FrameSubtype.DISASSOCIATION


@dataclass(frozen=True, slots=True)
class Action(ManagementFrame):
    """Action (9.3.3.13): offset 24, 1 octet, Category; 25, the rest, whose layout the category tells."""

    SUBTYPE = FrameSubtype.ACTION

    category: int
    body: bytes

    @classmethod
    def _decode(cls, header: _Header, reader: Reader) -> Self:
        return cls(*_addresses(header), reader.u8(), reader.rest())

    def _encode_body(self) -> bytes:
        return bytes((self.category,)) + self.body


def _addresses(header: _Header) -> tuple[MacAddress, MacAddress, MacAddress]:
    return header.destination, header.source, header.bssid


def _u16(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "little") for value in values)


Frame = (
    Beacon
    | ProbeRequest
    | ProbeResponse
    | Authentication
    | AssociationRequest
    | ReassociationRequest
    | AssociationResponse
    | ReassociationResponse
    | Deauthentication
    | Disassociation
    | Action
)

_DECODERS: Mapping[int, Callable[[_Header, Reader], Frame]] = {
    kind.SUBTYPE: kind._decode
    for kind in (
        Beacon,
        ProbeRequest,
        ProbeResponse,
        Authentication,
        AssociationRequest,
        ReassociationRequest,
        AssociationResponse,
        ReassociationResponse,
        Deauthentication,
        Disassociation,
        Action,
    )
}


def decode_frame(octets: bytes) -> Frame:
    """The management frame in octets (from the header on, without FCS); raises DecodeError, see the module's text."""
    reader = Reader(octets)
    header = _Header.decode(reader)
    decoder = _DECODERS.get(header.subtype)
    if decoder is None:
        raise DecodeError(f"a management frame of subtype {header.subtype} is not known here")
    return decoder(header, reader)
