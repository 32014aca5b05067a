# SPDX-License-Identifier: BSD-3-Clause
"""Netlink framing: what fits, what does not, and the ends of requests."""

import struct

import pytest
from tests.unit.nl80211_kernel import ACK_TLVS, CAPPED, DONE, ERROR, MULTI, attribute, message, u32

from wpsagent.errors import DecodeError
from wpsagent.io.nl80211.netlink import (
    RawMessage,
    decode_acknowledgement,
    split_attributes,
    split_messages,
)


def raw(octets: bytes) -> RawMessage:
    (only,) = split_messages(octets)
    return only


def test_messages_of_a_datagram_are_split_at_their_padding() -> None:
    datagram = message(28, 2, 7, b"abc") + message(3, 0, 8, b"")
    assert [(m.type, m.flags, m.sequence, m.payload) for m in split_messages(datagram)] == [
        (28, 2, 7, b"abc"),
        (3, 0, 8, b""),
    ]


def test_a_datagram_cut_anywhere_inside_a_message_is_refused() -> None:
    datagram = message(28, 0, 1, b"four")
    for size in range(1, len(datagram)):
        with pytest.raises(DecodeError):
            split_messages(datagram[:size])
    assert split_messages(b"") == []


def test_a_length_shorter_than_the_header_is_refused() -> None:
    with pytest.raises(DecodeError, match="netlink length 15"):
        split_messages(struct.pack("=IHHII", 15, 0, 0, 0, 0))


def test_attributes_lose_their_flags_and_padding() -> None:
    assert split_attributes(attribute(0x8000 | 22, b"x") + attribute(0x4000 | 3, b"")) == [(22, b"x"), (3, b"")]


@pytest.mark.parametrize("octets", [b"\x04", b"\x03\x00\x01\x00", b"\x09\x00\x01\x00abcd", b"\x00\x00\x00\x00"])
def test_an_attribute_that_lies_about_its_length_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        split_attributes(octets)


def test_an_acknowledgement_carries_the_kernels_words() -> None:
    payload = struct.pack("=i", -22) + bytes(16) + attribute(1, b"missing beacon\0") + attribute(2, u32(24))
    end = decode_acknowledgement(raw(message(ERROR, CAPPED | ACK_TLVS, 1, payload)))
    assert (end.error, end.text, end.offset, end.reason) == (22, "missing beacon", 24, "missing beacon")


def test_an_uncapped_acknowledgement_has_its_words_after_the_whole_request() -> None:
    request = struct.pack("=IHHII", 21, 28, 5, 1, 0) + b"abcde"
    payload = struct.pack("=i", -1) + request + bytes(3) + attribute(1, b"no\0")
    assert decode_acknowledgement(raw(message(ERROR, ACK_TLVS, 1, payload))).text == "no"


def test_the_end_of_a_dump_may_carry_an_error_and_words() -> None:
    payload = struct.pack("=i", -16) + attribute(1, b"busy with another\0")
    end = decode_acknowledgement(raw(message(DONE, MULTI | ACK_TLVS, 1, payload)))
    assert (end.error, end.text) == (16, "busy with another")
    assert decode_acknowledgement(raw(message(DONE, MULTI, 1, b""))).error == 0


def test_without_words_the_error_number_speaks() -> None:
    end = decode_acknowledgement(raw(message(ERROR, CAPPED, 1, struct.pack("=i", -16) + bytes(16))))
    assert (end.error, end.text, end.offset, end.reason) == (16, "", None, "Device or resource busy")


def test_garbled_words_do_not_hide_the_error() -> None:
    payload = struct.pack("=i", -16) + bytes(16) + b"\xff\xff\x01"
    assert decode_acknowledgement(raw(message(ERROR, CAPPED | ACK_TLVS, 1, payload))).error == 16


def test_an_error_without_a_number_is_refused() -> None:
    with pytest.raises(DecodeError):
        decode_acknowledgement(raw(message(ERROR, 0, 1, b"\0\0")))
