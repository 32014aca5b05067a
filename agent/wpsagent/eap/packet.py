# SPDX-License-Identifier: BSD-3-Clause
"""EAP packets (RFC 3748, sections 4 and 5).

Types are values of `EapMethod`: one octet for the types of the RFC, and type 254 with vendor and vendor's type for
expanded types (5.7), among them EAP-WSC.  Codes and types that nobody here knows decode to their numbers and are the
machines' to ignore (a WHR-G54S sends code 10).  Refused: a Length beyond the octets or below the header, and a
Request or Response without a type.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from wpsagent.errors import DecodeError
from wpsagent.octets import Reader

EXPANDED = 254
"""The type that says: a vendor and the vendor's type follow (5.7)."""


class EapCode(IntEnum):
    """Code (section 4)."""

    REQUEST = 1
    RESPONSE = 2
    SUCCESS = 3
    FAILURE = 4


@dataclass(frozen=True, slots=True)
class EapMethod:
    """What a Request or Response is about: the Type field, with vendor_id and vendor_type if it is EXPANDED.

    offset  size  field
    0       1     Type
    1       3     Vendor-Id     (only if Type is 254)
    4       4     Vendor-Type   (only if Type is 254)
    """

    type: int
    vendor_id: int = 0
    vendor_type: int = 0

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Reads the field from the front of reader; raises DecodeError."""
        method_type = reader.u8()
        if method_type == EXPANDED:
            return cls(method_type, reader.u24(), reader.u32())
        return cls(method_type)

    def encode(self) -> bytes:
        """One octet, or eight if expanded."""
        if self.type != EXPANDED:
            return bytes((self.type,))
        return bytes((self.type,)) + self.vendor_id.to_bytes(3) + self.vendor_type.to_bytes(4)


IDENTITY = EapMethod(1)
NOTIFICATION = EapMethod(2)
NAK = EapMethod(3)
EXPANDED_NAK = EapMethod(EXPANDED, 0, 3)
WSC = EapMethod(EXPANDED, 0x00372A, 1)
"""EAP-WSC (Wi-Fi Simple Configuration 2.0, section 7.7): vendor 00-37-2A (14122, the WFA), vendor's type 1."""


@dataclass(frozen=True, slots=True)
class EapPacket:
    """One EAP packet; method is None in Success, Failure and codes nobody here knows.

    offset  size  field
    0       1     Code, see EapCode
    1       1     Identifier
    2       2     Length of all, from Code on; what follows it is padding of the link
    4       1|8   Type, see EapMethod   (Request and Response only)
    …       n     Type-Data
    """

    code: int
    identifier: int
    method: EapMethod | None = None
    data: bytes = b""

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """The packet without the link's padding; raises DecodeError."""
        header = Reader(octets)
        code, identifier, length = header.u8(), header.u8(), header.u16()
        if length < 4:
            raise DecodeError(f"an EAP packet has at least 4 octets, its Length says {length}")
        body = Reader(header.take(length - 4))
        method = EapMethod.read(body) if code in (EapCode.REQUEST, EapCode.RESPONSE) else None
        return cls(code, identifier, method, body.rest())

    def encode(self) -> bytes:
        """The octets, for the body of an EAPOL packet."""
        body = (self.method.encode() if self.method else b"") + self.data
        return bytes((self.code, self.identifier)) + (4 + len(body)).to_bytes(2) + body
