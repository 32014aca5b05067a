# SPDX-License-Identifier: BSD-3-Clause
"""What it costs to tell a front end of 200 access points: the one reply of SCAN_RESULTS and BSS after BSS.

Native, not in the lab, from a scan whose frames nobody has looked into yet.  There is no figure for wpa_supplicant:
nothing but a radio makes it know 200 access points.
"""

import re
import time

from tests.unit.control_station_bench import station_commands
from tests.unit.sta_air import BUTTON_SELECTED, RSNE, result, wps
from tests.unit.sta_bench import StationBench

from wpsagent.control import Commands

COUNT = 200
_NEXT = re.compile(r"^id=(\d+)$", re.MULTILINE)
_MASK = "MASK=0x21887"  # id, bssid, freq, level, flags, a line between


def measure(runs: int) -> dict[str, list[float]]:
    """Milliseconds for all, `runs` times: {"ours": …}."""
    return {"ours": [_measure_once() for _ in range(runs)]}


def _measure_once() -> float:
    commands = _station()
    started = time.perf_counter()
    rows = commands("SCAN_RESULTS").count("\n") - 1
    told = _iterate(commands)
    seconds = time.perf_counter() - started
    assert rows == COUNT == told
    return seconds * 1000


def _iterate(commands: Commands) -> int:
    """How many BSSes the replies of a front end's questions have, one datagram after the other."""
    told, first = 0, 0
    while True:
        reply = commands(f"BSS RANGE={first}- {_MASK}")
        ids = _NEXT.findall(reply)
        told += len(ids)
        if not ids or reply.endswith("####\n"):
            return told
        first = int(ids[-1]) + 1


def _station() -> Commands:
    air = tuple(
        result(number, RSNE + wps(BUTTON_SELECTED), ssid=b"network %d" % number, dbm=-40 - number // 5)
        for number in range(1, COUNT + 1)
    )
    bench = StationBench(air=air)
    bench.start()
    _, commands = station_commands(bench)
    assert commands("SCAN") == "OK\n"
    bench.scanned()
    return commands
