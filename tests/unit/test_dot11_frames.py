# SPDX-License-Identifier: BSD-3-Clause
"""Management frames: vectors both ways, truncation at every octet, what is refused."""

import random

import pytest

from wpsagent.dot11 import frames as f
from wpsagent.dot11.elements import ElementId
from wpsagent.dot11.frames import Capability, Frame, ReasonCode, StatusCode, decode_frame
from wpsagent.errors import DecodeError
from wpsagent.octets import BROADCAST, MacAddress

AP = MacAddress.parse("02:00:00:00:01:00")
STATION = MacAddress.parse("02:00:00:00:02:00")
OTHER_AP = MacAddress.parse("02:00:00:00:03:00")
ELEMENTS = b"\x00\x03net"
TO_AP = (AP, STATION, AP)
TO_STATION = (STATION, AP, AP)
AT_AP = "020000000100" + "020000000200" + "020000000100"
AT_STATION = "020000000200" + "020000000100" + "020000000100"

VECTORS: list[tuple[Frame, str]] = [
    (
        f.Beacon(BROADCAST, AP, AP, ELEMENTS, Capability.ESS | Capability.PRIVACY, 100, 0x0102),
        "80000000"
        + "ffffffffffff"
        + "020000000100" * 2
        + "0000"
        + "0201000000000000"
        + "6400"
        + "1100"
        + ELEMENTS.hex(),
    ),
    (
        f.ProbeResponse(*TO_STATION, ELEMENTS, Capability.ESS | Capability.SHORT_SLOT_TIME, 100),
        "50000000" + AT_STATION + "0000" + "0000000000000000" + "6400" + "0104" + ELEMENTS.hex(),
    ),
    (
        f.ProbeRequest(BROADCAST, STATION, BROADCAST, ELEMENTS),
        "40000000" + "ffffffffffff" + "020000000200" + "ffffffffffff" + "0000" + ELEMENTS.hex(),
    ),
    (f.Authentication(*TO_AP, b"", 0, 1), "b0000000" + AT_AP + "0000" + "0000" + "0100" + "0000"),
    (
        f.Authentication(*TO_STATION, ELEMENTS, 1, 2, StatusCode.UNSUPPORTED_AUTH_ALGORITHM),
        "b0000000" + AT_STATION + "0000" + "0100" + "0200" + "0d00" + ELEMENTS.hex(),
    ),
    (
        f.AssociationRequest(*TO_AP, ELEMENTS, Capability(0x0431), 10),
        "00000000" + AT_AP + "0000" + "3104" + "0a00" + ELEMENTS.hex(),
    ),
    (
        f.ReassociationRequest(*TO_AP, ELEMENTS, Capability(0x0431), 10, OTHER_AP),
        "20000000" + AT_AP + "0000" + "3104" + "0a00" + "020000000300" + ELEMENTS.hex(),
    ),
    (
        f.AssociationResponse(*TO_STATION, ELEMENTS, Capability.ESS, StatusCode.SUCCESS, 2007),
        "10000000" + AT_STATION + "0000" + "0100" + "0000" + "d7c7" + ELEMENTS.hex(),
    ),
    (
        f.ReassociationResponse(*TO_STATION, b"", Capability.ESS, StatusCode.INVALID_AKMP, 0),
        "30000000" + AT_STATION + "0000" + "0100" + "2b00" + "00c0",
    ),
    (
        f.Deauthentication(*TO_STATION, ReasonCode.IEEE_802_1X_AUTH_FAILED),
        "c0000000" + AT_STATION + "0000" + "1700",
    ),
    (f.Disassociation(*TO_AP, ReasonCode.LEAVING_NETWORK_DISASSOC), "a0000000" + AT_AP + "0000" + "0800"),
    (f.Action(*TO_AP, 4, b"\x0a\x01"), "d0000000" + AT_AP + "0000" + "04" + "0a01"),
]
FIXED_SIZES = {
    f.Beacon: 12,
    f.ProbeResponse: 12,
    f.ProbeRequest: 0,
    f.Authentication: 6,
    f.AssociationRequest: 4,
    f.ReassociationRequest: 10,
    f.AssociationResponse: 6,
    f.ReassociationResponse: 6,
    f.Deauthentication: 2,
    f.Disassociation: 2,
    f.Action: 1,
}
NAMES = [type(frame).__name__ for frame, _ in VECTORS]


@pytest.mark.parametrize(("frame", "octets"), VECTORS, ids=NAMES)
def test_frame_encodes_to_these_octets(frame: Frame, octets: str) -> None:
    assert frame.encode().hex() == octets


@pytest.mark.parametrize(("frame", "octets"), VECTORS, ids=NAMES)
def test_octets_decode_to_this_frame(frame: Frame, octets: str) -> None:
    decoded = decode_frame(bytes.fromhex(octets))
    assert decoded == frame
    assert type(decoded) is type(frame)


def test_vectors_cover_every_subtype() -> None:
    assert {frame.SUBTYPE for frame, _ in VECTORS} == set(f.FrameSubtype)


@pytest.mark.parametrize(("frame", "octets"), VECTORS, ids=NAMES)
def test_truncation_inside_header_or_fixed_fields_is_refused(frame: Frame, octets: str) -> None:
    whole = bytes.fromhex(octets)
    least = 24 + FIXED_SIZES[type(frame)]
    for size in range(least):
        with pytest.raises(DecodeError):
            decode_frame(whole[:size])
    for size in range(least, len(whole)):
        decode_frame(whole[:size])


def test_elements_are_parsed_on_request_and_a_cut_tail_is_told() -> None:
    frame = f.ProbeRequest(BROADCAST, STATION, BROADCAST, ELEMENTS + b"\x01\x08\x82")
    assert frame.parse_elements().first(ElementId.SSID) == b"net"
    assert frame.parse_elements().is_truncated


def test_duration_retry_power_management_and_sequence_number_do_not_matter() -> None:
    octets = bytearray(VECTORS[3][0].encode())
    octets[1] = 0x08 | 0x10
    octets[2:4] = b"\x3a\x01"
    octets[22:24] = b"\x50\x12"
    assert decode_frame(bytes(octets)) == VECTORS[3][0]


@pytest.mark.parametrize(
    ("at", "value", "text"),
    [
        (0, 0xB1, "not a management frame of protocol version 0"),
        (0, 0xB8, "not a management frame of protocol version 0"),
        (0, 0xD4, "not a management frame of protocol version 0"),
        (0, 0x60, "a management frame of subtype 6 is not known here"),
        (0, 0xF0, "a management frame of subtype 15 is not known here"),
        (1, 0x01, "is addressed to a distribution system"),
        (1, 0x02, "comes from a distribution system"),
        (1, 0x04, "is a fragment"),
        (1, 0x40, "is protected"),
        (1, 0x80, "has an HT Control field"),
        (22, 0x01, "fragment number not 0"),
    ],
)
def test_odd_frame_is_refused(at: int, value: int, text: str) -> None:
    octets = bytearray(VECTORS[3][0].encode())
    octets[at] = value
    with pytest.raises(DecodeError, match=text):
        decode_frame(bytes(octets))


def test_reason_and_status_codes_without_a_name_stay_numbers() -> None:
    decoded = decode_frame(bytes.fromhex("c0000000" + AT_AP + "0000" + "3412"))
    assert decoded == f.Deauthentication(*TO_AP, 0x1234)


def test_association_id_loses_its_two_top_bits() -> None:
    decoded = decode_frame(bytes.fromhex("10000000" + AT_STATION + "0000" + "0100" + "0000" + "01c0"))
    assert isinstance(decoded, f.AssociationResponse)
    assert decoded.aid == 1


def test_any_octets_give_a_frame_or_decode_error() -> None:
    chance = random.Random(2)
    vectors = [bytes.fromhex(octets) for _, octets in VECTORS]
    decoded = 0
    for _ in range(3000):
        octets = bytearray(chance.choice(vectors))
        for _ in range(chance.randrange(4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        try:
            frame = decode_frame(bytes(octets[: chance.randrange(len(octets) + 1)]))
        except DecodeError:
            continue
        assert decode_frame(frame.encode()) == frame
        decoded += 1
    assert decoded > 300
