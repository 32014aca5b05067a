# SPDX-License-Identifier: BSD-3-Clause
"""The nl80211 codec: exact octets out, values in, nothing but DecodeError for what is garbled."""

import gc
import logging
import random
import subprocess
import sys

import pytest
from tests.unit.nl80211_kernel import FAMILY, attribute, event, generic, message, nest, u8, u16, u32, u64

from wpsagent.errors import DecodeError, UsageError
from wpsagent.io.nl80211.codec import FREQUENCY, NL80211, Value
from wpsagent.io.nl80211.netlink import split_attributes


def encode(**attributes: Value) -> bytes:
    """The attributes of a request."""
    return NL80211.encode(FAMILY, 5, 9, 15, attributes)[20:]


def test_a_request_is_header_command_and_attributes_in_the_order_given() -> None:
    octets = NL80211.encode(FAMILY, 5, 9, 15, {"SSID": b"abc", "IFINDEX": 3})
    assert octets == message(FAMILY, 5, 9, generic(15, attribute(52, b"abc"), attribute(3, u32(3))), port=0)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"MAC": bytes(6)}, attribute(6, bytes(6))),
        ({"IFNAME": "ap0"}, attribute(4, b"ap0\0")),
        ({"STA_AID": 0x1234}, attribute(16, u16(0x1234))),
        ({"BSS_CTS_PROT": 1}, attribute(28, u8(1))),
        ({"COOKIE": 1 << 63}, attribute(88, u64(1 << 63))),
        ({"RX_SIGNAL_DBM": -50}, attribute(151, u32(0xFFFFFFCE))),
        ({"SOCKET_OWNER": True}, attribute(204)),
        ({"CONTROL_PORT_OVER_NL80211": True}, attribute(264)),
        ({"FRAME_MATCH": b""}, attribute(91)),
        (
            {"KEY": {"IDX": 1, "DEFAULT": True, "DEFAULT_TYPES": {"MULTICAST": True}}},
            nest(80, attribute(2, u8(1)), attribute(5), nest(8, attribute(2))),
        ),
        ({"STA_WME": {"UAPSD_QUEUES": 15, "MAX_SP": 2}}, nest(129, attribute(1, u8(15)), attribute(2, u8(2)))),
    ],
)
def test_each_type_both_ways(attributes: dict[str, Value], expected: bytes) -> None:
    assert encode(**attributes) == expected
    assert NL80211.decode(event(15, expected)).attributes == attributes


def test_messages_are_freed_without_the_cycle_collector() -> None:
    octets = event(59, attribute(3, u32(3)) + attribute(51, bytes(100)) + nest(80, attribute(2, u8(1))))
    gc.collect()
    gc.disable()
    try:
        NL80211.decode(octets)
        encode(IFINDEX=3, IFNAME="ap0", FRAME=bytes(100), RX_SIGNAL_DBM=-50, ACK=True, COOKIE=1)
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "attributes",
    [
        {"NO_SUCH_NAME": 1},
        {"KEY": {"NO_SUCH_NAME": 1}},
        {"SSID": "text"},
        {"IFNAME": b"octets"},
        {"IFINDEX": b"\x03"},
        {"IFINDEX": True},
        {"IFINDEX": 1 << 32},
        {"IFINDEX": -1},
        {"RX_SIGNAL_DBM": -(1 << 31) - 1},
        {"SOCKET_OWNER": 1},
        {"SOCKET_OWNER": False},
        {"KEY": b"octets"},
        {"SSID": {"IDX": 1}},
    ],
)
def test_unknown_names_and_wrong_values_are_refused(attributes: dict[str, Value]) -> None:
    with pytest.raises(UsageError):
        encode(**attributes)


def test_accessors_give_none_for_what_is_absent_or_of_another_type() -> None:
    decoded = NL80211.decode(event(59, attribute(3, u32(7)), attribute(4, b"wlan0\0"), attribute(51, b"frame")))
    assert decoded.command == 59
    assert (decoded.integer("IFINDEX"), decoded.text("IFNAME"), decoded.octets("FRAME")) == (7, "wlan0", b"frame")
    assert (decoded.integer("IFNAME"), decoded.text("FRAME"), decoded.octets("IFINDEX")) == (None, None, None)
    assert decoded.nest("STA_INFO") is None
    assert "IFINDEX" in decoded
    assert "ACK" not in decoded


def test_unknown_attributes_are_skipped_and_the_first_of_a_name_counts() -> None:
    decoded = NL80211.decode(event(59, attribute(9999, b"?"), attribute(3, u32(7)), attribute(3, u32(8))))
    assert decoded.attributes == {"IFINDEX": 7}


def test_an_attribute_too_short_for_its_type_is_skipped() -> None:
    """The wiphy dump has CONTROL_PORT_ETHERTYPE as a flag."""
    assert NL80211.decode(event(3, attribute(102), attribute(1, u32(0)))).attributes == {"WIPHY": 0}


def test_text_that_is_not_utf_8_is_still_text() -> None:
    assert NL80211.decode(event(7, attribute(4, b"\xff0\0"))).text("IFNAME") == "\ufffd0"


def test_a_message_shows_none_of_its_attributes() -> None:
    assert "secret" not in repr(NL80211.decode(event(59, attribute(51, b"secret"))))


def test_a_nest_is_decoded_from_its_octets() -> None:
    octets = attribute(1, u32(2412)) + attribute(3) + attribute(6, u32(2000))
    assert FREQUENCY.decode_nest(octets).attributes == {"FREQ": 2412, "NO_IR": True, "MAX_TX_POWER": 2000}
    assert FREQUENCY.decode_nest(b"").attributes == {}


def test_every_truncation_of_a_message_gives_a_value_or_decode_error() -> None:
    octets = event(59, attribute(3, u32(7)), nest(21, attribute(1, u32(5))), attribute(51, b"frame"), attribute(92))
    assert NL80211.decode(octets).attributes == {
        "IFINDEX": 7,
        "STA_INFO": {"INACTIVE_TIME": 5},
        "FRAME": b"frame",
        "ACK": True,
    }
    for size in range(len(octets)):
        try:
            NL80211.decode(octets[:size])
        except DecodeError:
            continue
        split_attributes(octets[20:size])


def test_a_garbled_nest_is_a_decode_error() -> None:
    with pytest.raises(DecodeError):
        NL80211.decode(event(19, attribute(21, b"\xff\xff\x01\x00")))


def test_random_octets_give_a_value_or_decode_error_and_log_nothing(caplog: pytest.LogCaptureFixture) -> None:
    source = random.Random(80211)
    valid = event(
        19, attribute(3, u32(7)), nest(21, attribute(1, u32(5))), attribute(52, b"ssid"), attribute(4, b"w\0")
    )
    outcomes = set()
    with caplog.at_level(logging.DEBUG):
        for _ in range(3000):
            octets = bytearray(valid)
            for _ in range(source.randrange(1, 4)):
                octets[source.randrange(len(octets))] = source.randrange(256)
            try:
                NL80211.decode(bytes(octets))
            except DecodeError:
                outcomes.add("refused")
            else:
                outcomes.add("decoded")
    assert outcomes == {"refused", "decoded"}
    assert caplog.records == []


LOAD_ALONE = """
import sys
import wpsagent.io.nl80211.codec as codec
assert not [name for name in sys.modules if name.startswith("pyroute2")]
assert codec.NL80211.encode(28, 5, 9, 15, {"IFINDEX": 3})[20:] == bytes([8, 0, 3, 0]) + (3).to_bytes(4, sys.byteorder)
import pyroute2
assert pyroute2.netlink.nl80211.nl80211cmd and pyroute2.IPRoute
print(len([name for name in sys.modules if name.startswith("pyroute2")]) > 100)
"""

LOAD_AFTER = """
import sys
import pyroute2
import wpsagent.io.nl80211.codec as codec
assert codec._netlink is pyroute2.netlink
print(codec.NL80211.encode(28, 5, 9, 15, {"ACK": True})[20:] == bytes([4, 0, 92, 0]))
"""

LOAD_FALLEN_BACK = """
import importlib, sys
real, calls = importlib.import_module, []
def fails_first(name):
    calls.append(name)
    if len(calls) == 1:
        import pyroute2.common
        raise ImportError("this release needs its __init__")
    return real(name)
importlib.import_module = fails_first
import wpsagent.io.nl80211.codec as codec
import pyroute2
assert codec._netlink is pyroute2.netlink
print(calls.count(calls[0]) >= 2)
"""


@pytest.mark.parametrize("script", [LOAD_ALONE, LOAD_AFTER, LOAD_FALLEN_BACK], ids=["alone", "after", "fallen back"])
def test_pyroute2_is_loaded_without_its_package_and_stays_whole_for_others(script: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr
