# SPDX-License-Identifier: BSD-3-Clause
"""SA Query frames: octets both ways, and what is none."""

import pytest

from wpsagent.dot11.frames import Action, Deauthentication, Frame, decode_frame
from wpsagent.dot11.sa_query import SaQuery, SaQueryAction
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress

AP = MacAddress.parse("02:00:00:00:00:01")
STATION = MacAddress.parse("02:00:00:00:00:02")


@pytest.mark.parametrize(("action", "octet"), [(SaQueryAction.REQUEST, "00"), (SaQueryAction.RESPONSE, "01")])
def test_query_is_the_same_both_ways(action: SaQueryAction, octet: str) -> None:
    query = SaQuery(action, b"\xab\xcd")
    octets = query.frame(AP, STATION, AP).encode()
    assert octets.hex() == "d0000000" + "020000000001020000000002020000000001" + "0000" + "08" + octet + "abcd"
    assert SaQuery.decode(decode_frame(octets)) == query


@pytest.mark.parametrize(
    "frame",
    [
        Deauthentication(AP, STATION, AP, 3),
        Action(AP, STATION, AP, 4, b"\x00\xab\xcd"),
        Action(AP, STATION, AP, 8, b"\x00\xab"),
        Action(AP, STATION, AP, 8, b""),
        Action(AP, STATION, AP, 8, b"\x02\xab\xcd"),
    ],
)
def test_what_is_no_query_is_refused(frame: Frame) -> None:
    with pytest.raises(DecodeError):
        SaQuery.decode(frame)
