# SPDX-License-Identifier: BSD-3-Clause
"""EAP packets: the layout both ways, one-octet and expanded types, lengths."""

import pytest

from wpsagent.eap.packet import EXPANDED_NAK, IDENTITY, NAK, NOTIFICATION, WSC, EapCode, EapMethod, EapPacket
from wpsagent.errors import DecodeError

ENROLLEE = b"WFA-SimpleConfig-Enrollee-1-0"

VECTORS = [
    ("0101000501", EapPacket(EapCode.REQUEST, 1, IDENTITY)),
    ("0201002201" + ENROLLEE.hex(), EapPacket(EapCode.RESPONSE, 1, IDENTITY, ENROLLEE)),
    ("010700070268 69".replace(" ", ""), EapPacket(EapCode.REQUEST, 7, NOTIFICATION, b"hi")),
    ("0209000603fe", EapPacket(EapCode.RESPONSE, 9, NAK, b"\xfe")),
    ("0105000efe00372a000000010100", EapPacket(EapCode.REQUEST, 5, WSC, b"\x01\x00")),
    ("0209000cfe00000000000003", EapPacket(EapCode.RESPONSE, 9, EXPANDED_NAK)),
    ("01ff000cfeabcdef89abcdef", EapPacket(EapCode.REQUEST, 255, EapMethod(254, 0xABCDEF, 0x89ABCDEF))),
    ("01020006040a", EapPacket(EapCode.REQUEST, 2, EapMethod(4), b"\x0a")),
    ("03020004", EapPacket(EapCode.SUCCESS, 2)),
    ("04020004", EapPacket(EapCode.FAILURE, 2)),
    # A code of nobody, as the WHR-G54S sends.
    ("0a020006fe00", EapPacket(10, 2, None, b"\xfe\x00")),
]


@pytest.mark.parametrize(("octets", "packet"), VECTORS)
def test_vectors_both_ways(octets: str, packet: EapPacket) -> None:
    assert EapPacket.decode(bytes.fromhex(octets)) == packet
    assert packet.encode().hex() == octets


@pytest.mark.parametrize(("octets", "packet"), VECTORS)
def test_padding_of_the_link_is_cut(octets: str, packet: EapPacket) -> None:
    assert EapPacket.decode(bytes.fromhex(octets) + b"\x01" * 20) == packet


@pytest.mark.parametrize(("octets", "packet"), VECTORS)
def test_every_truncation_is_refused(octets: str, packet: EapPacket) -> None:
    whole = bytes.fromhex(octets)
    for length in range(len(whole)):
        with pytest.raises(DecodeError):
            EapPacket.decode(whole[:length])


@pytest.mark.parametrize("length", range(4))
def test_a_length_below_the_header_is_refused(length: int) -> None:
    with pytest.raises(DecodeError, match=f"its Length says {length}"):
        EapPacket.decode(bytes((4, 1, 0, length)))


@pytest.mark.parametrize("code", [EapCode.REQUEST, EapCode.RESPONSE])
def test_a_request_or_response_without_a_type_is_refused(code: EapCode) -> None:
    with pytest.raises(DecodeError):
        EapPacket.decode(bytes((code, 1, 0, 4)))


@pytest.mark.parametrize("length", range(5, 12))
def test_an_expanded_type_cut_by_the_length_is_refused(length: int) -> None:
    with pytest.raises(DecodeError):
        EapPacket.decode(bytes((1, 1, 0, length)) + bytes.fromhex("fe00372a00000001"))
