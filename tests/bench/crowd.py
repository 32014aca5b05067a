# SPDX-License-Identifier: BSD-3-Clause
"""What it costs to ask a station for 200 access points that are really on the air; ours against wpa_supplicant.

Runs inside a guest of the lab.  A radio of an attacker's beacons for 200 access points, all on one channel; each
station listens until it knows them, and is then asked as a front end asks: SCAN_RESULTS, and BSS after BSS.
"""

import itertools
import random
import re
import time
from collections.abc import Iterator, Sequence

from tests.bench.stations import BenchStation
from tests.lab.attacker import Attacker, Target
from tests.lab.peers import ControlInterface

from wpsagent.dot11.elements import ssid_element, supported_rates_element
from wpsagent.dot11.frames import Beacon, Capability
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.rsn.rsne import WPA2_PSK_CCMP

COUNT = 200
FREQUENCY_MHZ = 2412
LISTENING_LIMIT = 60
"""Scans after which a station that has not heard them all never will."""

_ID = re.compile(r"^id=(\d+)$", re.MULTILINE)
_MASK = "MASK=0x21887"  # id, bssid, freq, level, flags, a line between


def _beacons(_target: Target, _dice: random.Random) -> Iterator[bytes]:
    yield from itertools.cycle([_beacon(number) for number in range(COUNT)])


def _beacon(number: int) -> bytes:
    address = MacAddress(b"\x06\x00\x00\x00" + number.to_bytes(2))
    ssid = ssid_element(Ssid(b"network %d" % number))
    elements = ssid + supported_rates_element((2, 4, 11, 22), (2, 4)) + b"\x03\x01\x01" + WPA2_PSK_CCMP.element()
    return Beacon(BROADCAST, address, address, elements, Capability.ESS | Capability.PRIVACY, 100).encode()


def measure_crowd(runs: int, stations: Sequence[BenchStation], interface: str, attacker: str) -> dict[str, list[float]]:
    """Milliseconds for all, by the station's name."""
    target = Target(MacAddress(b"\x06\x00\x00\x00\x00\x00"), Ssid(b"network 0"))
    samples: dict[str, list[float]] = {}
    with Attacker(attacker, target, [_beacons]):
        for station in stations:
            _, control = station.start(interface)
            try:
                _listen(control)
                samples[station.name] = [_ask(control) for _ in range(runs)]
            finally:
                station.stop()
    return samples


def _listen(control: ControlInterface) -> None:
    for _ in range(LISTENING_LIMIT):
        control.forget_events()
        if control.request(f"SCAN freq={FREQUENCY_MHZ} passive=1") == "OK":
            control.wait_event("CTRL-EVENT-SCAN-RESULTS", 30.0)
        if _iterate(control) >= COUNT:
            return
    raise AssertionError(f"{_iterate(control)} of {COUNT} access points heard")


def _ask(control: ControlInterface) -> float:
    started = time.perf_counter()
    assert control.request("SCAN_RESULTS").count("\n") > 1
    assert _iterate(control) >= COUNT
    return (time.perf_counter() - started) * 1000


def _iterate(control: ControlInterface) -> int:
    """How many BSSes the replies of a front end's questions have, one datagram after the other."""
    told, first = 0, 0
    while True:
        reply = control.request(f"BSS RANGE={first}- {_MASK}")
        ids = _ID.findall(reply)
        told += len(ids)
        if not ids or reply.endswith("####"):
            return told
        first = int(ids[-1]) + 1
