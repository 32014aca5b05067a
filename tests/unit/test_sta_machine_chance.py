# SPDX-License-Identifier: BSD-3-Clause
"""The station machine under anything, at any time."""

import random
from collections.abc import Callable, Sequence

import pytest
from tests.unit.sta_air import address, pressed, result
from tests.unit.sta_bench import (
    AP,
    PSK,
    StationBench,
    cafe,
    home,
    only,
)
from tests.unit.sta_machine_bench import (
    BUTTON,
    CAFE,
    HOME,
    enrol,
    handshake,
)

from wpsagent.octets import Ssid
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    CommandFailed,
    Disconnect,
    Disconnected,
    EapolReceived,
    RadioLost,
    Roamed,
    ScanFinished,
    StationEvent,
    TriggerScan,
)
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.machine import StationState

# ---- anything, at any time


def wish(bench: StationBench, choose: random.Random) -> None:
    """The owner wants something."""
    machine, now = bench.machine, bench.now
    network = choose.randrange(3)
    wishes: list[Callable[[], object]] = [
        lambda: machine.wps_push_button(now),
        lambda: machine.wps_pin(b"12345670", now, choose.choice((None, AP))),
        lambda: machine.wps_register(AP, b"12345670", now),
        lambda: machine.wps_cancel(now),
        lambda: machine.scan(now),
        lambda: machine.disconnect(now),
        lambda: machine.reconnect(now),
        lambda: machine.reassociate(now),
        lambda: machine.select_network(network, now),
        lambda: machine.enable_network(network, now),
        lambda: machine.disable_network(network, now),
        lambda: machine.networks_changed(now),
    ]
    choose.choice(wishes)()
    bench.drain()


def go_on(bench: StationBench, choose: random.Random) -> None:
    """What would come next, if nothing went wrong."""
    target = bench.machine.current_bss
    match bench.machine.state:
        case StationState.ASSOCIATING if target is not None:
            bench.receive(Associated(target.bssid))
        case StationState.ASSOCIATED:
            enrol(bench, choose.choice((2, 5, 50)), password=choose.choice((b"00000000", b"12345670")))
        case StationState.HANDSHAKE:
            handshake(bench, choose.choice((PSK, b"\x06" * 32)))
        case StationState.SCANNING:
            bench.air = choose.choice(((HOME, CAFE), (BUTTON, CAFE), (BUTTON, result(3, pressed(b"\xbb" * 16))), ()))
            bench.scanned()
        case _:
            bench.pass_time(choose.choice((0.1, 1.0, 5.0, 40.0)))


def surprise(bench: StationBench, choose: random.Random) -> None:
    """The radio reports whatever it likes."""
    surprises: list[StationEvent] = [
        ScanFinished((HOME, CAFE)),
        ScanFinished((), is_aborted=True),
        Associated(choose.choice((AP, address(2)))),
        AssociationFailed(choose.choice((AP, address(2))), choose.choice((None, 17))),
        Disconnected(choose.choice((3, 15, 23)), choose.choice((True, False))),
        CommandFailed(Disconnect(3), "not connected"),
        *(CommandFailed(scan, "busy") for scan in only(bench.commands, TriggerScan)),
        EapolReceived(AP, choose.randbytes(choose.randrange(120))),
        Roamed(address(3), choose.choice((None, result(3), CAFE))),
        RadioLost("unplugged"),
    ]
    bench.receive(choose.choice(surprises))
    bench.start()


def assert_left(events: Sequence[object]) -> None:
    """Every association is lost, or goes over into that with the access point which the firmware roamed to."""
    is_associated = False
    for event in events:
        if isinstance(event, report.ConnectionLost):
            assert is_associated
        if isinstance(event, report.AssociatedWith | report.ConnectionLost):
            is_associated = isinstance(event, report.AssociatedWith)
    assert not is_associated


@pytest.mark.parametrize("seed", range(60))
def test_whatever_happens_every_run_ends_once_and_every_association_is_left(seed: int) -> None:
    choose = random.Random(seed)
    bench = StationBench(home(), cafe(), home(ssid=Ssid(b"away")), air=[HOME]).start()
    for _ in range(150):
        choose.choices((wish, go_on, surprise), (1, 6, 1))[0](bench, choose)
    bench.receive(Disconnected(3, is_by_peer=False))
    bench.machine.stop(bench.now)
    bench.drain()
    events = bench.take(object)
    assert len(only(events, report.WpsStarted)) == len(only(events, report.WpsEnded))
    assert_left(events)
    assert not any(network.is_temporary for network in bench.networks)
    assert bench.machine.deadline is None
