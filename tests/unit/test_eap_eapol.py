# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL packets: the layout both ways, padding, and the tolerance for bodies announced too long."""

import pytest

from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.errors import DecodeError

VECTORS = [
    ("01010000", EapolPacket(1, EapolType.START)),
    ("02020000", EapolPacket(2, EapolType.LOGOFF)),
    ("0200000401010004", EapolPacket(2, EapolType.EAP_PACKET, bytes.fromhex("01010004"))),
    ("01030003020000", EapolPacket(1, EapolType.KEY, bytes.fromhex("020000"))),
    ("03050001ff", EapolPacket(3, 5, b"\xff")),
    # 30.4: the access point's WSC_Start.
    ("0200000e0105000efe00372a000000010100", EapolPacket(2, 0, bytes.fromhex("0105000efe00372a000000010100"))),
]


@pytest.mark.parametrize(("octets", "packet"), VECTORS)
def test_vectors_both_ways(octets: str, packet: EapolPacket) -> None:
    assert EapolPacket.decode(bytes.fromhex(octets)) == packet
    assert packet.encode().hex() == octets


@pytest.mark.parametrize(("octets", "packet"), VECTORS)
def test_padding_of_the_link_is_cut(octets: str, packet: EapolPacket) -> None:
    assert EapolPacket.decode(bytes.fromhex(octets) + bytes(40)) == packet


@pytest.mark.parametrize(("octets", "packet"), VECTORS)
def test_every_truncation_is_refused(octets: str, packet: EapolPacket) -> None:
    whole = bytes.fromhex(octets)
    for length in range(len(whole)):
        with pytest.raises(DecodeError):
            EapolPacket.decode(whole[:length])


def test_a_body_length_beyond_the_frame_gives_way_to_eaps_own_length() -> None:
    octets = bytes.fromhex("0100004001070005010000")
    assert EapolPacket.decode(octets) == EapolPacket(1, EapolType.EAP_PACKET, bytes.fromhex("0107000501"))


def test_a_body_length_beyond_the_frame_is_refused_if_the_eap_packet_is_cut_too() -> None:
    with pytest.raises(DecodeError, match="6 octets expected at offset 4, 5 left"):
        EapolPacket.decode(bytes.fromhex("010000400107000601"))


def test_a_body_length_beyond_the_frame_is_refused_without_an_eap_header() -> None:
    with pytest.raises(DecodeError, match="at least 4 octets, not 3"):
        EapolPacket.decode(bytes.fromhex("01000040010700"))


def test_a_body_length_beyond_the_frame_is_refused_for_keys() -> None:
    with pytest.raises(DecodeError):
        EapolPacket.decode(bytes.fromhex("010300400107000501"))
