# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL packets (IEEE 802.1X-2010, section 11.3).

The body of EAP-Packet is an EAP packet (`wpsagent.eap.packet`), that of EAPOL-Key belongs to `wpsagent.rsn`; Start and
Logoff have none.  Every version is accepted, as 11.4 demands of receivers.  Refused: octets shorter than the header,
and a body shorter than announced, with one tolerance: the Buffalo WHR-G54S announces more octets than it sends, so
the body of an EAP-Packet may be shorter than announced when the EAP packet in it is whole.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from wpsagent.errors import DecodeError
from wpsagent.octets import Reader


class EapolType(IntEnum):
    """Packet Type (table 11-3); other values decode to the integer."""

    EAP_PACKET = 0
    START = 1
    LOGOFF = 2
    KEY = 3


@dataclass(frozen=True, slots=True)
class EapolPacket:
    """One EAPOL PDU, as it follows the Ethernet type 0x888E.

    offset  size  field
    0       1     Protocol Version (1: 802.1X-2001, 2: 802.1X-2004, 3: 802.1X-2010)
    1       1     Packet Type, see EapolType
    2       2     Packet Body Length
    4       n     Packet Body; what follows it is padding of the link
    """

    version: int
    type: int
    body: bytes = b""

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """The packet without the link's padding; raises DecodeError."""
        reader = Reader(octets)
        version, packet_type, length = reader.u8(), reader.u8(), reader.u16()
        if length > reader.remaining and packet_type == EapolType.EAP_PACKET:
            length = _eap_length(octets[4:])
        return cls(version, packet_type, reader.take(length))

    def encode(self) -> bytes:
        """The octets, for Ethernet type 0x888E."""
        return bytes((self.version, self.type)) + len(self.body).to_bytes(2) + self.body


def _eap_length(octets: bytes) -> int:
    """The Length field of an EAP packet (RFC 3748, section 4); at least its header must be there."""
    if len(octets) < 4:
        raise DecodeError(f"an EAP packet has at least 4 octets, not {len(octets)}")
    return int.from_bytes(octets[2:4])
