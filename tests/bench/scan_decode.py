# SPDX-License-Identifier: BSD-3-Clause
"""What one scan of 1,000 access points costs: ours against pyroute2's nl80211 messages.

Native, not in the lab.  Ours goes from the kernel's octets to the BSS table, and to the answer which of the access
points offer Wi-Fi Protected Setup and how; theirs only decodes what ours needs of each BSS.
"""

import struct
import time
from collections.abc import Sequence

from pyroute2.netlink.nl80211 import nl80211cmd

from wpsagent.io.nl80211.scan import decode_scan_result
from wpsagent.octets import MacAddress
from wpsagent.ports import ScanResult
from wpsagent.roles.sta.bss_table import BssTable
from wpsagent.roles.sta.events import WpsAvailable
from wpsagent.roles.sta.flags import best_wps_available
from wpsagent.wsc.attributes import WfaExtension
from wpsagent.wsc.elements import ProbeResponseAttributes, wrap

COUNT = 1000
OWN_ADDRESS = MacAddress(b"\x02\x00\x00\x00\x01\x00")
NEW_SCAN_RESULTS = 34
FAMILY = 0x1C
FIELDS = ("BSSID", "FREQUENCY", "TSF", "CAPABILITY", "SIGNAL_MBM", "SEEN_MS_AGO", "INFORMATION_ELEMENTS")
RSNE = bytes.fromhex("30140100000fac040100000fac040100000fac020000")
RATES = bytes.fromhex("010882848b960c121824")
WPS = wrap(ProbeResponseAttributes(uuid_e=bytes(range(16)), wfa=WfaExtension(version2=0x20)).encode())


def measure(runs: int) -> dict[str, list[float]]:
    """Milliseconds for all, `runs` times in turns: {"ours": …, "theirs": …}."""
    payloads = [_attributes_of(number) for number in range(COUNT)]
    messages = [_message(payload) for payload in payloads]
    assert ours(payloads) == COUNT == theirs(messages)
    samples: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(runs):
        started = time.perf_counter()
        ours(payloads)
        between = time.perf_counter()
        theirs(messages)
        ended = time.perf_counter()
        samples["ours"].append((between - started) * 1000)
        samples["theirs"].append((ended - between) * 1000)
    return samples


def ours(payloads: Sequence[bytes]) -> int:
    """How many BSSes are in the table then."""
    table = BssTable()
    results: list[ScanResult] = [result for payload in payloads if (result := decode_scan_result(payload)) is not None]
    table.update(results, 0.0)
    assert best_wps_available(table, OWN_ADDRESS) is WpsAvailable.PLAIN
    return len(table)


def theirs(messages: Sequence[bytes]) -> int:
    """How many BSSes were decoded."""
    count = 0
    for octets in messages:
        message = nl80211cmd(octets)
        message.decode()
        bss = message.get_attr("NL80211_ATTR_BSS")
        count += None not in [bss.get_attr(f"NL80211_BSS_{field}") for field in FIELDS]
    return count


def _attribute(kind: int, payload: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(payload), kind) + payload + bytes(-len(payload) % 4)


def _attributes_of(number: int) -> bytes:
    """One object of GET_SCAN: a beacon of some 200 octets, every second with WPS."""
    ssid = b"network %d" % number
    elements = bytes([0, len(ssid)]) + ssid + RATES + RSNE + (WPS if number % 2 else b"")
    bss = (
        _attribute(1, b"\x02\x00\x00\x02" + number.to_bytes(2))
        + _attribute(2, struct.pack("=I", 2412 + number % 11 * 5))
        + _attribute(3, struct.pack("=Q", number))
        + _attribute(4, struct.pack("=H", 100))
        + _attribute(5, struct.pack("=H", 0x0411))
        + _attribute(6, elements)
        + _attribute(7, struct.pack("=i", -5000 - number))
        + _attribute(10, struct.pack("=I", number))
        + _attribute(11, elements)
        + _attribute(13, struct.pack("=Q", number))
    )
    return _attribute(3, struct.pack("=I", 3)) + _attribute(47 | 0x8000, bss)


def _message(payload: bytes) -> bytes:
    generic = struct.pack("=BBH", NEW_SCAN_RESULTS, 1, 0)
    return struct.pack("=IHHII", 20 + len(payload), FAMILY, 2, 1, 1) + generic + payload
