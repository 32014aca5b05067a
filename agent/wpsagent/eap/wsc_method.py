# SPDX-License-Identifier: BSD-3-Clause
"""EAP-WSC's own header and its fragmentation, both ways (Wi-Fi Simple Configuration 2.0, section 7.7).

A message longer than the fragment size goes out in fragments: MF is set in all but the last, LF and Message Length
only in the first, the Op-Code is the same in all.  Each fragment with MF is answered by WSC_FRAG_ACK before the next
one is sent.  `Fragmenter` and `Reassembler` are the two directions; the two EAP machines hold one of each.

The reassembler refuses: MF in a first fragment without LF; a Message Length of 0, above 50,000, or below what has
arrived; another Op-Code in the middle of a message.  It accepts LF on a message in one piece, and in later fragments,
where it is checked but changes nothing.  Fewer octets than announced are accepted too, as deployed implementations
do: a message that lost its end fails its own decoder.
"""

from dataclasses import dataclass
from enum import IntFlag
from typing import Self

from wpsagent.errors import ProtocolError, UsageError
from wpsagent.octets import Reader
from wpsagent.wsc.enumerations import OpCode

DEFAULT_FRAGMENT_SIZE = 1400
MINIMUM_FRAGMENT_SIZE = 50
"""Octets of Type-Data in one EAP packet: Op-Code, Flags, Message Length if there, and data.

1400 leaves room for the EAP and EAPOL headers in any link; 50 is the least that peers are known to be tested with.
"""

MAXIMUM_MESSAGE_LENGTH = 50_000
"""A WSC message with ten credentials is below 2,000 octets; more than this is an attack on our memory."""


class WscFlags(IntFlag):
    """Flags (section 7.7.1)."""

    MORE_FRAGMENTS = 0x01
    LENGTH_FIELD = 0x02


@dataclass(frozen=True, slots=True)
class WscPacket:
    """Type-Data of an EAP-WSC packet.

    offset  size  field
    0       1     Op-Code; 1 Start, 2 ACK, 3 NACK, 4 MSG, 5 Done, 6 FRAG_ACK
    1       1     Flags: 0x01 MF, 0x02 LF; the others are reserved and ignored
    2       2     Message Length: octets of the whole message   (only if LF)
    2|4     n     Message Data
    """

    op_code: int
    data: bytes = b""
    has_more: bool = False
    message_length: int | None = None

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From Type-Data; raises DecodeError."""
        reader = Reader(octets)
        op_code, flags = reader.u8(), reader.u8()
        message_length = reader.u16() if flags & WscFlags.LENGTH_FIELD else None
        return cls(op_code, reader.rest(), bool(flags & WscFlags.MORE_FRAGMENTS), message_length)

    def encode(self) -> bytes:
        """The Type-Data."""
        flags, length = WscFlags(0), b""
        if self.has_more:
            flags |= WscFlags.MORE_FRAGMENTS
        if self.message_length is not None:
            flags |= WscFlags.LENGTH_FIELD
            length = self.message_length.to_bytes(2)
        return bytes((self.op_code, flags)) + length + self.data


START = WscPacket(OpCode.WSC_START)
FRAGMENT_ACK = WscPacket(OpCode.WSC_FRAG_ACK)


class Fragmenter:
    """Cuts one message at a time into packets of at most fragment_size octets of Type-Data."""

    def __init__(self, fragment_size: int = DEFAULT_FRAGMENT_SIZE) -> None:
        if fragment_size < MINIMUM_FRAGMENT_SIZE:
            raise UsageError(f"a fragment size of {fragment_size}: at least {MINIMUM_FRAGMENT_SIZE} octets are needed")
        self._fragment_size = fragment_size
        self._op_code = OpCode.WSC_MSG
        self._rest = b""

    @property
    def is_pending(self) -> bool:
        """True while fragments wait for WSC_FRAG_ACK."""
        return bool(self._rest)

    def first(self, op_code: OpCode, message: bytes) -> WscPacket:
        """Begins a message, dropping one that was not finished; the packet to send."""
        self._op_code, self._rest = op_code, b""
        if 2 + len(message) <= self._fragment_size:
            return WscPacket(op_code, message)
        return self._cut(message, self._fragment_size - 4, message_length=len(message))

    def next(self) -> WscPacket:
        """The next packet after WSC_FRAG_ACK; raises ProtocolError if the peer acknowledged out of turn."""
        if not self.is_pending:
            raise ProtocolError("WSC_FRAG_ACK although no fragment was waiting for one")
        return self._cut(self._rest, self._fragment_size - 2, message_length=None)

    def _cut(self, message: bytes, count: int, message_length: int | None) -> WscPacket:
        data, self._rest = message[:count], message[count:]
        return WscPacket(self._op_code, data, self.is_pending, message_length)


@dataclass(frozen=True, slots=True)
class WscMessage:
    """A whole message, out of one packet or of several."""

    op_code: int
    octets: bytes


class Reassembler:
    """Joins packets to messages."""

    def __init__(self) -> None:
        self._op_code = 0
        self._length = 0
        self._collected = b""
        self._is_collecting = False

    def receive(self, packet: WscPacket) -> WscMessage | None:
        """The message that packet completes, or None if WSC_FRAG_ACK is due; raises ProtocolError."""
        if packet.message_length is not None:
            _check_length(packet.message_length, len(packet.data))
        if self._is_collecting:
            self._continue(packet)
        else:
            self._begin(packet)
        self._is_collecting = packet.has_more
        return None if packet.has_more else WscMessage(packet.op_code, self._collected)

    def _begin(self, packet: WscPacket) -> None:
        if packet.has_more and packet.message_length is None:
            raise ProtocolError("a first fragment without Message Length")
        self._op_code, self._collected = packet.op_code, packet.data
        self._length = packet.message_length or 0

    def _continue(self, packet: WscPacket) -> None:
        if packet.op_code != self._op_code:
            raise ProtocolError(f"Op-Code {packet.op_code} in the middle of a message with Op-Code {self._op_code}")
        if len(self._collected) + len(packet.data) > self._length:
            raise ProtocolError(f"more than the {self._length} octets that Message Length announced")
        self._collected += packet.data


def _check_length(message_length: int, data_length: int) -> None:
    if not data_length <= message_length <= MAXIMUM_MESSAGE_LENGTH or message_length == 0:
        raise ProtocolError(f"Message Length {message_length} for a fragment of {data_length} octets")
