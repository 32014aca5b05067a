# SPDX-License-Identifier: BSD-3-Clause
"""What months of use leave behind in memory, in machines without radios: nothing.

Counted are the blocks that Python has taken: a single object that every turn leaves behind shows as one block a turn.
"""

import gc
import sys
from collections.abc import Callable
from itertools import count

from tests.unit.roles_bench import AP, PROTECTED, Bench, access_point, registrar, wps_probe
from tests.unit.sta_air import RSNE, result, wps
from tests.unit.sta_bench import StationBench, home

from wpsagent.dot11.frames import Disassociation
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import TriggerScan

JOINS = 2000
SCANS, FOUND, NEW = 500, 200, 20
"""Scans; access points that each finds; those of them that it is the first to find."""

A_LITTLE = 0.25
"""Blocks a turn: what tables happen to hold."""


def left_behind(turn: Callable[[], None], turns: int, warm_up: int) -> float:
    """Blocks a turn, once all that is kept for a while has come to be."""
    for _ in range(warm_up):
        turn()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(turns - warm_up):
        turn()
    gc.collect()
    return (sys.getallocatedblocks() - before) / (turns - warm_up)


def test_two_thousand_joins_leave_nothing_behind_at_the_access_point() -> None:
    bench = Bench(access_point(PROTECTED, registrar())).start()
    numbers = count()

    def join_and_leave() -> None:
        number = next(numbers)
        station = MacAddress(b"\x02\x01\x00" + number.to_bytes(3))
        bench.frame(wps_probe(station, bytes(station) + bytes(10)))
        assert bench.connect(station).pairwise_key
        bench.pass_time(60)
        bench.frame(Disassociation(AP, station, AP, 8))
        bench.pass_time(60)
        bench.take_events()

    assert left_behind(join_and_leave, JOINS, 300) < A_LITTLE


def test_five_hundred_scans_of_crowded_air_leave_nothing_behind_at_a_station() -> None:
    bench = StationBench(home(ssid=Ssid(b"not there"))).start()
    numbers = count()

    def scan() -> None:
        first = NEW * next(numbers)
        bench.air = tuple(result(2 + first + n, RSNE + wps(), ssid=b"n%d" % (n % 50)) for n in range(FOUND))
        bench.scanned()
        bench.events.clear()
        commands = bench.pass_time(300)
        assert any(isinstance(command, TriggerScan) for command in commands)

    assert left_behind(scan, SCANS, 100) < A_LITTLE
