# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL-Key frames and the Key Data they carry.

Implements IEEE 802.11-2020, 12.7.2, for descriptor type 2 (RSN) and the key descriptor versions 2 (HMAC-SHA-1-128) and
3 (AES-128-CMAC), both with AES Key Wrap, and IEEE 802.1X-2020, 11.3 for the EAPOL header.  Refuses, by DecodeError,
other packet types, descriptor types and descriptor versions than the one asked for, and lengths that do not fit
together; octets after the PDU (padding of short Ethernet frames) are ignored.

    offset size field
    0      1    Protocol Version: any is accepted, 2 is sent
    1      1    Packet Type: 3
    2      2    Packet Body Length
    4      1    Descriptor Type: 2
    5      2    Key Information: B0-2 Key Descriptor Version, B3-13 KeyInformation, others reserved
    7      2    Key Length: 16 where a pairwise CCMP key is agreed upon
    9      8    Key Replay Counter
    17     32   Key Nonce
    49     16   EAPOL-Key IV: 0 with these descriptor versions
    65     8    Key RSC: the packet number of the group key, little-endian, in the first 6
    73     8    reserved
    81     16   Key MIC
    97     2    Key Data Length
    99     n    Key Data
"""

import hmac
from dataclasses import dataclass, field, replace
from enum import IntFlag
from typing import Self

from wpsagent.crypto import key_wrap, rsn_keys
from wpsagent.crypto.rsn_keys import KeyDescriptorVersion
from wpsagent.dot11.elements import ElementId, Elements, element
from wpsagent.errors import DecodeError, UsageError
from wpsagent.octets import Reader

EAPOL_KEY = 3
RSN_DESCRIPTOR_TYPE = 2
NO_NONCE = bytes(32)
_NO_MIC = bytes(16)
_BODY_BEFORE_KEY_DATA = 95


class KeyInformation(IntFlag):
    """The flags of Key Information (figure 12-34)."""

    PAIRWISE = 0x0008
    INSTALL = 0x0040
    ACK = 0x0080
    MIC = 0x0100
    SECURE = 0x0200
    ERROR = 0x0400
    REQUEST = 0x0800
    ENCRYPTED_KEY_DATA = 0x1000
    SMK_MESSAGE = 0x2000


_VERSION_MASK = 0x0007


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """An EAPOL-Key PDU.  Every octet is kept, so that a MIC can be checked over what was received."""

    information: KeyInformation
    replay_counter: int
    nonce: bytes = NO_NONCE
    key_data: bytes = field(default=b"", repr=False)
    key_length: int = 0
    receive_sequence_counter: bytes = bytes(8)
    mic: bytes = field(default=_NO_MIC, repr=False)
    iv: bytes = bytes(16)
    reserved: bytes = bytes(8)
    protocol_version: int = 2
    descriptor_version: KeyDescriptorVersion = KeyDescriptorVersion.HMAC_SHA_1

    @classmethod
    def decode(cls, pdu: bytes, version: KeyDescriptorVersion = KeyDescriptorVersion.HMAC_SHA_1) -> Self:
        """From a PDU, protocol version octet first; version: that of the AKM in use.  Raises DecodeError."""
        reader = Reader(pdu)
        protocol_version, packet_type = reader.u8(), reader.u8()
        if packet_type != EAPOL_KEY:
            raise DecodeError(f"EAPOL packet type {packet_type}, not a key frame (3)")
        body = reader.take(reader.u16())
        return cls._decode_body(Reader(body), protocol_version, version)

    @classmethod
    def _decode_body(cls, reader: Reader, protocol_version: int, version: KeyDescriptorVersion) -> Self:
        descriptor_type, information = reader.u8(), reader.u16()
        if descriptor_type != RSN_DESCRIPTOR_TYPE:
            raise DecodeError(f"EAPOL-Key descriptor type {descriptor_type}, not RSN's (2)")
        if information & _VERSION_MASK != version:
            raise DecodeError(f"EAPOL-Key descriptor version {information & _VERSION_MASK}, not the AKM's ({version})")
        key_length, replay_counter, nonce, iv = reader.u16(), reader.u64(), reader.take(32), reader.take(16)
        rsc, reserved, mic, size = reader.take(8), reader.take(8), reader.take(16), reader.u16()
        if size != reader.remaining:
            raise DecodeError(f"EAPOL-Key: {size} octets of key data announced, {reader.remaining} there")
        flags = KeyInformation(information & ~_VERSION_MASK)
        key_data = reader.rest()
        return cls(
            flags, replay_counter, nonce, key_data, key_length, rsc, mic, iv, reserved, protocol_version, version
        )

    def encode(self) -> bytes:
        return (
            bytes((self.protocol_version, EAPOL_KEY))
            + (_BODY_BEFORE_KEY_DATA + len(self.key_data)).to_bytes(2)
            + bytes((RSN_DESCRIPTOR_TYPE,))
            + (self.information | self.descriptor_version).to_bytes(2)
            + self.key_length.to_bytes(2)
            + self.replay_counter.to_bytes(8)
            + self.nonce
            + self.iv
            + self.receive_sequence_counter
            + self.reserved
            + self.mic
            + len(self.key_data).to_bytes(2)
            + self.key_data
        )

    def with_mic(self, kck: bytes) -> Self:
        """This frame with its Key MIC."""
        pdu = replace(self, mic=_NO_MIC).encode()
        return replace(self, mic=rsn_keys.key_mic(kck, pdu, self.descriptor_version))

    def has_valid_mic(self, kck: bytes) -> bool:
        return hmac.compare_digest(self.mic, self.with_mic(kck).mic)


# ---- Key Data


_GTK_KDE = b"\x00\x0f\xac\x01"
_IGTK_KDE = b"\x00\x0f\xac\x09"


@dataclass(frozen=True, slots=True)
class GroupKey:
    """A group key: index 1 or 2 (they alternate), 16 octets of CCMP (a TKIP key has 32)."""

    index: int
    key: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if self.index not in (1, 2) or len(self.key) not in (16, 32):
            raise UsageError("a group key has index 1 or 2, and 16 octets (32 for TKIP)")


@dataclass(frozen=True, slots=True)
class IntegrityGroupKey:
    """An IGTK, which protects management frames to groups: index 4 or 5 (they alternate), 16 octets of BIP-CMAC-128.

    packet_number: IPN, 6 octets, little-endian, what the key's sender has used last.  A peer may say what it likes.
    """

    index: int
    key: bytes = field(repr=False)
    packet_number: bytes = bytes(6)


@dataclass(frozen=True, slots=True)
class KeyData:
    """What the authenticator sends in Key Data: its RSNE (whole element) in message 3, group keys in 3 and group 1."""

    rsne: bytes | None = None
    group_key_index: int = 0
    group_key: bytes | None = field(default=None, repr=False)
    integrity_group_key: IntegrityGroupKey | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From plain Key Data; raises DecodeError.

        KDEs and elements that are not known are skipped, and so is the padding: DD 00 or a lone DD, and zeros.
        """
        rsne, index, group_key, integrity_group_key = None, 0, None, None
        listed = Elements.decode(_without_padding(octets))
        if listed.is_truncated:
            raise DecodeError("key data: an element runs past the end")
        for element_id, body in listed.items:
            if element_id == ElementId.RSN and rsne is None:
                rsne = element(element_id, body)
            elif element_id == ElementId.VENDOR_SPECIFIC and body.startswith(_GTK_KDE) and group_key is None:
                index, group_key = _decode_gtk(body[len(_GTK_KDE) :])
            elif element_id == ElementId.VENDOR_SPECIFIC and body.startswith(_IGTK_KDE) and integrity_group_key is None:
                integrity_group_key = _decode_igtk(body[len(_IGTK_KDE) :])
        return cls(rsne, index, group_key, integrity_group_key)

    def encode(self) -> bytes:
        """Plain Key Data without padding.

        GTK KDE: OUI and type 00 0F AC 01; B0-1 Key ID, B2 Tx; reserved; GTK.  IGTK KDE: 00 0F AC 09; Key ID (2,
        little-endian); IPN (6); IGTK.
        """
        octets = self.rsne or b""
        if self.group_key is not None:
            body = _GTK_KDE + bytes((self.group_key_index, 0)) + self.group_key
            octets += element(ElementId.VENDOR_SPECIFIC, body)
        if (igtk := self.integrity_group_key) is not None:
            body = _IGTK_KDE + igtk.index.to_bytes(2, "little") + igtk.packet_number + igtk.key
            octets += element(ElementId.VENDOR_SPECIFIC, body)
        return octets

    def wrap(self, kek: bytes) -> bytes:
        """Encrypted Key Data: padded with DD 00 ... to a multiple of 8 and at least 16 octets, then wrapped."""
        octets = self.encode()
        if len(octets) % 8 or len(octets) < 16:
            octets += b"\xdd"
            octets += bytes(max(-len(octets) % 8, 16 - len(octets)))
        return key_wrap.wrap(kek, octets)

    @classmethod
    def unwrap(cls, kek: bytes, wrapped: bytes) -> Self:
        """From encrypted Key Data; raises DecodeError."""
        return cls.decode(key_wrap.unwrap(kek, wrapped))


def _decode_gtk(body: bytes) -> tuple[int, bytes]:
    """(Key ID, GTK) of a GTK KDE (figure 12-36)."""
    reader = Reader(body)
    flags = reader.u8()
    reader.u8()
    return flags & 0x03, reader.rest()


def _decode_igtk(body: bytes) -> IntegrityGroupKey:
    """Of an IGTK KDE (figure 12-42)."""
    reader = Reader(body)
    index, packet_number = reader.u16_le(), reader.take(6)
    return IntegrityGroupKey(index, reader.rest(), packet_number)


def _without_padding(octets: bytes) -> bytes:
    """Key Data up to its padding: an octet DD with nothing but zeros, or nothing, behind it (12.7.2)."""
    stripped = octets.rstrip(b"\x00")
    at = len(stripped) - 1
    return stripped[:at] if _is_padding(octets, at) else octets


def _is_padding(octets: bytes, at: int) -> bool:
    """True when an element begins at `at` and it is DD: it stands on an element's border, and has no body."""
    if at < 0 or octets[at] != ElementId.VENDOR_SPECIFIC:
        return False
    border = 0
    while border < at:
        border += 2 + octets[border + 1]
    return border == at
