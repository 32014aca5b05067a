# SPDX-License-Identifier: BSD-3-Clause
"""EAP-WSC's header, and fragmentation both ways with each of its errors."""

import pytest

from wpsagent.eap.wsc_method import (
    FRAGMENT_ACK,
    START,
    Fragmenter,
    Reassembler,
    WscMessage,
    WscPacket,
)
from wpsagent.errors import DecodeError, ProtocolError, UsageError
from wpsagent.wsc.enumerations import OpCode

MESSAGE = bytes(range(1, 121))

VECTORS = [
    ("0100", START),
    ("0600", FRAGMENT_ACK),
    ("0400aabb", WscPacket(OpCode.WSC_MSG, b"\xaa\xbb")),
    ("04030078aabb", WscPacket(OpCode.WSC_MSG, b"\xaa\xbb", has_more=True, message_length=120)),
    ("0401aabb", WscPacket(OpCode.WSC_MSG, b"\xaa\xbb", has_more=True)),
    ("05020002aabb", WscPacket(OpCode.WSC_DONE, b"\xaa\xbb", message_length=2)),
    ("ff00", WscPacket(255)),
]


@pytest.mark.parametrize(("octets", "packet"), VECTORS)
def test_vectors_both_ways(octets: str, packet: WscPacket) -> None:
    assert WscPacket.decode(bytes.fromhex(octets)) == packet
    assert packet.encode().hex() == octets


def test_reserved_flags_are_ignored() -> None:
    assert WscPacket.decode(bytes.fromhex("04fcaa")) == WscPacket(OpCode.WSC_MSG, b"\xaa")


@pytest.mark.parametrize("octets", ["", "04", "0402", "040200", "0403", "040300"])
def test_a_truncated_header_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        WscPacket.decode(bytes.fromhex(octets))


def test_a_message_that_fits_goes_out_whole_without_length() -> None:
    fragmenter = Fragmenter(50)
    assert fragmenter.first(OpCode.WSC_MSG, MESSAGE[:48]) == WscPacket(OpCode.WSC_MSG, MESSAGE[:48])
    assert not fragmenter.is_pending


def test_a_message_of_one_octet_more_goes_out_in_two_fragments() -> None:
    fragmenter = Fragmenter(50)
    assert fragmenter.first(OpCode.WSC_ACK, MESSAGE[:49]) == WscPacket(OpCode.WSC_ACK, MESSAGE[:46], True, 49)
    assert fragmenter.is_pending
    assert fragmenter.next() == WscPacket(OpCode.WSC_ACK, MESSAGE[46:49])
    assert not fragmenter.is_pending


def test_fragments_of_fifty_octets_as_on_the_wire() -> None:
    fragmenter = Fragmenter(50)
    packets = [fragmenter.first(OpCode.WSC_MSG, MESSAGE), fragmenter.next(), fragmenter.next()]
    assert [packet.encode()[:4].hex() for packet in packets] == ["04030078", "04012f30", "04005f60"]
    assert [len(packet.encode()) for packet in packets] == [50, 50, 28]
    assert b"".join(packet.data for packet in packets) == MESSAGE


def test_an_ack_out_of_turn_is_refused() -> None:
    fragmenter = Fragmenter(50)
    fragmenter.first(OpCode.WSC_MSG, MESSAGE[:48])
    with pytest.raises(ProtocolError, match="no fragment was waiting"):
        fragmenter.next()


def test_a_new_message_drops_the_rest_of_the_one_before() -> None:
    fragmenter = Fragmenter(50)
    fragmenter.first(OpCode.WSC_MSG, MESSAGE)
    fragmenter.first(OpCode.WSC_NACK, b"short")
    assert not fragmenter.is_pending


def test_a_fragment_size_without_room_is_refused() -> None:
    Fragmenter(50)
    with pytest.raises(UsageError, match="49"):
        Fragmenter(49)


@pytest.mark.parametrize("size", [50, 51, 97, 1400])
@pytest.mark.parametrize("length", [0, 1, 46, 47, 48, 49, 94, 95, 96, 97, 1396, 1398, 1399, 50_000])
def test_what_is_fragmented_is_reassembled(size: int, length: int) -> None:
    message = bytes(i % 251 for i in range(length))
    fragmenter, reassembler = Fragmenter(size), Reassembler()
    packet = fragmenter.first(OpCode.WSC_MSG, message)
    while (whole := reassembler.receive(WscPacket.decode(packet.encode()))) is None:
        packet = fragmenter.next()
        assert len(packet.encode()) <= size
    assert whole == WscMessage(OpCode.WSC_MSG, message)


def packet(data: bytes, *, more: bool = False, length: int | None = None, op_code: int = 4) -> WscPacket:
    return WscPacket(op_code, data, more, length)


def test_a_length_on_an_unfragmented_message_is_accepted() -> None:
    assert Reassembler().receive(packet(b"abc", length=3)) == WscMessage(4, b"abc")


def test_fewer_octets_than_announced_are_left_to_the_messages_decoder() -> None:
    reassembler = Reassembler()
    assert reassembler.receive(packet(b"abc", more=True, length=30)) is None
    assert reassembler.receive(packet(b"def")) == WscMessage(4, b"abcdef")


def test_a_length_in_a_later_fragment_changes_nothing() -> None:
    reassembler = Reassembler()
    assert reassembler.receive(packet(b"abc", more=True, length=6)) is None
    assert reassembler.receive(packet(b"def", length=9000)) == WscMessage(4, b"abcdef")


def test_a_reassembler_takes_one_message_after_another() -> None:
    reassembler = Reassembler()
    assert reassembler.receive(packet(b"ab", more=True, length=4)) is None
    assert reassembler.receive(packet(b"cd")) == WscMessage(4, b"abcd")
    assert reassembler.receive(packet(b"x", op_code=3)) == WscMessage(3, b"x")
    assert reassembler.receive(packet(b"ef", more=True, length=3, op_code=5)) is None
    assert reassembler.receive(packet(b"g", op_code=5)) == WscMessage(5, b"efg")


@pytest.mark.parametrize(
    ("packets", "why"),
    [
        ([packet(b"a", more=True)], "a first fragment without Message Length"),
        ([packet(b"", length=0)], "Message Length 0 for a fragment of 0 octets"),
        ([packet(b"", more=True, length=0)], "Message Length 0 for a fragment of 0 octets"),
        ([packet(b"a", more=True, length=50_001)], "Message Length 50001 for a fragment of 1 octets"),
        ([packet(b"ab", more=True, length=1)], "Message Length 1 for a fragment of 2 octets"),
        ([packet(b"ab", length=1)], "Message Length 1 for a fragment of 2 octets"),
        ([packet(b"a", more=True, length=4), packet(b"bcde")], "more than the 4 octets"),
        ([packet(b"a", more=True, length=4), packet(b"bcde", more=True)], "more than the 4 octets"),
        ([packet(b"a", more=True, length=4), packet(b"b", op_code=5)], "Op-Code 5 in the middle"),
        ([packet(b"a", more=True, length=4), packet(b"b", length=0)], "Message Length 0"),
    ],
)
def test_fragmentation_errors(packets: list[WscPacket], why: str) -> None:
    reassembler = Reassembler()
    for good in packets[:-1]:
        assert reassembler.receive(good) is None
    with pytest.raises(ProtocolError, match=why):
        reassembler.receive(packets[-1])


def test_a_message_of_exactly_the_limit_is_accepted() -> None:
    assert Reassembler().receive(packet(b"a", more=True, length=50_000)) is None
