# SPDX-License-Identifier: BSD-3-Clause
"""Of a BSS the newest frame is told, beacon or probe response, because the kernel keeps old probe responses."""

import struct

import pytest

from wpsagent.io.nl80211.scan import decode_scan_result

PROBE_RESPONSE = b"\x00\x04home\x01\x01\x82"
BEACON = b"\x00\x04home\x01\x01\x96"


def _attribute(kind: int, octets: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(octets), kind) + octets + bytes(-len(octets) % 4)


def _told(*, tsf: int | None, beacon_tsf: int | None, beacon: bytes | None) -> tuple[bytes, int, bytes, bytes]:
    attributes = _attribute(1, bytes(6)) + _attribute(2, struct.pack("=I", 2412)) + _attribute(6, PROBE_RESPONSE)
    for kind, value in ((3, tsf), (13, beacon_tsf)):
        attributes += b"" if value is None else _attribute(kind, struct.pack("=Q", value))
    attributes += b"" if beacon is None else _attribute(11, beacon)
    result = decode_scan_result(_attribute(47, attributes))
    assert result is not None
    return result.elements, result.tsf, result.beacon_elements, result.older_elements


@pytest.mark.parametrize(
    ("tsf", "beacon_tsf", "elements", "newest_tsf"),
    [
        (1000, 999, PROBE_RESPONSE, 1000),
        (1000, 1000, PROBE_RESPONSE, 1000),
        (1000, 1001, BEACON, 1001),
        (1000, None, PROBE_RESPONSE, 1000),
        (None, 1, BEACON, 1),
        (None, None, PROBE_RESPONSE, 0),
        (2**63, 2**64 - 1, BEACON, 2**64 - 1),
    ],
)
def test_the_newest_frame_is_told(tsf: int | None, beacon_tsf: int | None, elements: bytes, newest_tsf: int) -> None:
    older = PROBE_RESPONSE if elements == BEACON else b""
    assert _told(tsf=tsf, beacon_tsf=beacon_tsf, beacon=BEACON) == (elements, newest_tsf, BEACON, older)


@pytest.mark.parametrize("beacon", [b"\x00\x00\x01\x01\x96", b"\x00\x04\x00\x00\x00\x00\x01\x01\x96", b"\x00", None])
def test_a_beacon_that_hides_its_ssid_does_not_take_it_away(beacon: bytes | None) -> None:
    assert _told(tsf=1, beacon_tsf=2, beacon=beacon) == (PROBE_RESPONSE, 1, beacon or b"", b"")
