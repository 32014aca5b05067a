# SPDX-License-Identifier: BSD-3-Clause
"""Netlink framing: messages in a datagram, attributes in a message, extended acknowledgements.

Sources: linux/netlink.h, linux/genetlink.h, RFC 3549 section 2.  All integers are in the machine's byte order.

    message    offset size  field                 attribute  offset size  field
               0      4     length, header too               0      2     length, header too
               4      2     type                             2      2     type (top two bits are flags)
               6      2     flags                            4      n     payload
               8      4     sequence number                  4+n    0–3   padding to 4 octets
               12     4     port id
               16     n     payload, padded to 4 octets

Whatever does not fit this raises DecodeError.
"""

import os
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass

from wpsagent.errors import DecodeError

HEADER = struct.Struct("=IHHII")
ATTRIBUTE_HEADER = struct.Struct("=HH")
GENERIC_HEADER = struct.Struct("=BBH")

NLMSG_NOOP = 1
NLMSG_ERROR = 2
NLMSG_DONE = 3
NLMSG_OVERRUN = 4

NLM_F_REQUEST = 0x01
NLM_F_ACK = 0x04
NLM_F_DUMP_INTR = 0x10
NLM_F_DUMP = 0x300
NLM_F_CAPPED = 0x100
NLM_F_ACK_TLVS = 0x200

NLA_TYPE_MASK = 0x3FFF

NLMSGERR_ATTR_MSG = 1
NLMSGERR_ATTR_OFFS = 2


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One netlink message; octets is the whole of it, header too."""

    type: int
    flags: int
    sequence: int
    port: int
    octets: bytes

    @property
    def payload(self) -> bytes:
        return self.octets[HEADER.size :]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The end of a request: error is 0 or an errno, text the kernel's own words, offset where in the request."""

    error: int
    text: str = ""
    offset: int | None = None

    @property
    def reason(self) -> str:
        """The kernel's words, or those of the error number."""
        return self.text or os.strerror(self.error)


def align(length: int) -> int:
    """The length with its padding."""
    return (length + 3) & ~3


def split_messages(datagram: bytes) -> list[RawMessage]:
    """The messages of one datagram; raises DecodeError when one of them lies about its length."""
    messages = []
    offset = 0
    while offset < len(datagram):
        if len(datagram) - offset < HEADER.size:
            raise DecodeError(f"{len(datagram) - offset} octets left, too few for a netlink header")
        length, kind, flags, sequence, port = HEADER.unpack_from(datagram, offset)
        if not HEADER.size <= length <= len(datagram) - offset:
            raise DecodeError(f"netlink length {length} at offset {offset} of {len(datagram)}")
        messages.append(RawMessage(kind, flags, sequence, port, datagram[offset : offset + length]))
        offset += align(length)
    return messages


def split_attributes(octets: bytes) -> list[tuple[int, bytes]]:
    """(type without flags, payload) of each attribute; raises DecodeError when one lies about its length."""
    attributes = []
    offset = 0
    while offset < len(octets):
        if len(octets) - offset < ATTRIBUTE_HEADER.size:
            raise DecodeError(f"{len(octets) - offset} octets left, too few for an attribute header")
        length, kind = ATTRIBUTE_HEADER.unpack_from(octets, offset)
        if not ATTRIBUTE_HEADER.size <= length <= len(octets) - offset:
            raise DecodeError(f"attribute length {length} at offset {offset} of {len(octets)}")
        attributes.append((kind & NLA_TYPE_MASK, octets[offset + ATTRIBUTE_HEADER.size : offset + length]))
        offset += align(length)
    return attributes


def join_attributes(payloads: Iterable[bytes]) -> bytes:
    """An array as nl80211 takes it: an attribute for each payload, numbered from 1 on.  It is the payload of a nest."""
    return b"".join(_attribute(number, payload) for number, payload in enumerate(payloads, 1))


def _attribute(number: int, payload: bytes) -> bytes:
    octets = ATTRIBUTE_HEADER.pack(ATTRIBUTE_HEADER.size + len(payload), number) + payload
    return octets.ljust(align(len(octets)), b"\0")


def decode_acknowledgement(message: RawMessage) -> Acknowledgement:
    """NLMSG_ERROR or NLMSG_DONE: the error as a positive errno, with the text of an extended acknowledgement.

    A DONE without payload is a plain end.  Extended attributes that are garbled are left out: the error counts more.
    """
    payload = message.payload
    if len(payload) < 4:
        if message.type == NLMSG_DONE:
            return Acknowledgement(0)
        raise DecodeError(f"an error message of {len(payload)} octets")
    (error,) = struct.unpack_from("=i", payload)
    try:
        extended = dict(split_attributes(payload[_extended_offset(message, payload) :]))
    except DecodeError:
        extended = {}
    text = extended.get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode("utf-8", "replace")
    offset = extended.get(NLMSGERR_ATTR_OFFS, b"")
    return Acknowledgement(abs(error), text, int.from_bytes(offset, sys.byteorder) if len(offset) == 4 else None)


def _extended_offset(message: RawMessage, payload: bytes) -> int:
    """Where the attributes of an extended acknowledgement begin; the end of the payload when there are none."""
    if not message.flags & NLM_F_ACK_TLVS:
        return len(payload)
    if message.type == NLMSG_DONE:
        return 4
    if message.flags & NLM_F_CAPPED:
        return 4 + HEADER.size
    return 4 + align(int.from_bytes(payload[4:8], sys.byteorder))
