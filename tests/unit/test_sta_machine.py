# SPDX-License-Identifier: BSD-3-Clause
"""The station machine command by command: scans, connections, what the owner asks for, faults of the radio."""

from dataclasses import replace

import pytest
from tests.unit.sta_air import PIN_SELECTED, address, result, wps
from tests.unit.sta_bench import (
    AP,
    PSK,
    StationBench,
    cafe,
    home,
    only,
)
from tests.unit.sta_machine_bench import (
    ANYBODY,
    BUTTON,
    CAFE,
    HOME,
    at_home,
    connected,
    handshake,
    in_enrolment,
)

from wpsagent.errors import UsageError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import Ssid
from wpsagent.ports import (
    AbortScan,
    Associated,
    AssociationFailed,
    CommandFailed,
    Connect,
    Disconnect,
    Disconnected,
    RadioLost,
    TriggerScan,
)
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.bss_table import BssAdded, BssRemoved
from wpsagent.roles.sta.events import WpsAvailable, WpsCause
from wpsagent.roles.sta.keys import MAXIMUM_PMKS, PreparedKeys
from wpsagent.roles.sta.machine import StationState
from wpsagent.wsc.elements import unwrap

# ---- the door


def test_before_the_start_and_after_the_stop_nothing_is_heard() -> None:
    bench = StationBench(home(), air=[HOME])
    assert bench.machine.state is StationState.INTERFACE_DISABLED
    assert bench.scanned() == []
    bench.machine.handle_timer(bench.now)
    bench.machine.stop(bench.now)
    assert bench.drain() == []
    assert bench.machine.deadline is None
    assert bench.events == []
    assert not bench.machine.scan(bench.now)
    with pytest.raises(UsageError, match="not running"):
        bench.machine.wps_push_button(bench.now)


def test_the_start_scans_for_the_networks_and_a_second_one_does_nothing() -> None:
    bench = StationBench(home()).start()
    assert bench.commands == [TriggerScan((), ANYBODY)]
    assert bench.machine.state is StationState.SCANNING
    assert bench.start().commands == []


def test_stop_leaves_the_network_and_says_so() -> None:
    bench = connected()
    bench.machine.stop(bench.now)
    assert bench.drain() == [Disconnect(3)]
    assert bench.take(report.ConnectionLost) == [report.ConnectionLost(AP, 3, True, True, 0)]
    assert bench.receive(Disconnected(3, is_by_peer=False)) == []
    bench.start()
    assert bench.machine.state is StationState.ASSOCIATING, "it was heard a moment ago"


def test_stop_ends_a_scan() -> None:
    bench = StationBench(home()).start()
    bench.machine.stop(bench.now)
    assert bench.drain() == [AbortScan()]
    assert bench.scanned(is_aborted=True) == []


# ---- scans


def test_new_bsses_are_told_and_old_ones_go() -> None:
    bench = StationBench(air=[HOME, CAFE]).start()
    bench.machine.scan(bench.now)
    bench.drain()
    bench.scanned()
    assert bench.take(BssAdded) == [BssAdded(0, AP), BssAdded(1, address(2))]
    bench.pass_time(200)
    bench.air = (HOME,)
    bench.scanned()
    assert bench.take(BssRemoved) == [BssRemoved(1, address(2))]
    assert len(bench.machine.bsses) == 1


def test_the_best_wps_offer_is_told_while_there_is_no_network() -> None:
    bench = StationBench(air=[BUTTON, result(2, wps(PIN_SELECTED))]).start()
    bench.scanned()
    assert bench.take(report.ScanCompleted) == [report.ScanCompleted(WpsAvailable.PUSH_BUTTON)]
    bench.machine.disconnect(bench.now)
    bench.scanned()
    assert bench.take(report.ScanCompleted) == [report.ScanCompleted(None)]
    bench = connected()
    bench.air = (BUTTON,)
    bench.scanned()
    assert bench.take(report.ScanCompleted) == [report.ScanCompleted(None)]


def test_a_busy_radio_is_asked_again_and_told_once() -> None:
    bench = StationBench(home()).start()
    (scan,) = bench.commands
    for _ in range(3):
        assert bench.receive(CommandFailed(scan, "busy")) == []
        assert bench.pass_time(0.4) == []
        assert bench.pass_time(0.1) == [scan]
    assert bench.take(report.ScanFailed) == [report.ScanFailed("busy")]
    bench.air = (HOME,)
    assert only(bench.scanned(), Connect)


def test_a_busy_radio_that_ends_its_scan_is_asked_at_once() -> None:
    bench = StationBench(home()).start()
    (scan,) = bench.commands
    bench.receive(CommandFailed(scan, "busy"))
    assert bench.scanned() == [scan]


def test_an_aborted_scan_is_done_again() -> None:
    bench = StationBench(home()).start()
    (scan,) = bench.commands
    assert bench.scanned(is_aborted=True) == []
    assert bench.pass_time(0.5) == [scan]


def test_a_scan_that_never_ends_is_given_up() -> None:
    bench = StationBench(home()).start()
    assert bench.pass_time(30) == [AbortScan()]
    assert only(bench.events, report.ScanFailed) == [report.ScanFailed("the radio did not finish its scan")]
    assert bench.pass_time(1) == [TriggerScan((), ANYBODY)]


def test_an_unwanted_scan_that_never_ends_is_forgotten() -> None:
    bench = StationBench(home()).start()
    bench.machine.disconnect(bench.now)
    assert bench.drain() == [AbortScan()]
    bench.pass_time(30)
    assert bench.take(report.ScanFailed) == []
    assert bench.pass_time(100) == []
    bench.machine.reconnect(bench.now)
    assert bench.drain() == [TriggerScan((), ANYBODY)]


def test_a_wps_scan_waits_for_the_end_of_the_one_that_runs() -> None:
    bench = StationBench(home()).start()
    bench.machine.wps_push_button(bench.now)
    assert bench.drain() == [AbortScan()]
    assert bench.pass_time(0.1) == []
    (scan,) = bench.scanned(is_aborted=True)
    assert isinstance(scan, TriggerScan)
    assert unwrap(scan.elements)


def test_a_wps_scan_comes_even_when_the_other_never_ends_or_was_refused() -> None:
    bench = StationBench(home()).start()
    bench.machine.wps_push_button(bench.now)
    bench.drain()
    commands = bench.pass_time(30)
    assert only(commands, TriggerScan)
    bench = StationBench(home()).start()
    (scan,) = bench.commands
    bench.machine.wps_push_button(bench.now)
    assert only(bench.receive(CommandFailed(scan, "busy")), TriggerScan)


def test_results_of_a_foreign_scan_are_used() -> None:
    bench = StationBench(home()).start()
    bench.scanned()
    assert only(bench.events, report.NetworkNotFound)
    bench.air = (HOME,)
    assert only(bench.scanned(), Connect)


def test_hidden_networks_are_asked_for_in_turn() -> None:
    hidden = [home(ssid=Ssid(name), scan_ssid=True) for name in (b"a", b"b", b"c")]
    bench = StationBench(*hidden, capabilities=replace(SIMULATED_CAPABILITIES, maximum_scan_ssids=2)).start()
    asked = [only(bench.commands, TriggerScan)[0].ssids]
    for _ in range(2):
        bench.scanned()
        asked.append(only(bench.pass_time(5), TriggerScan)[0].ssids)
    assert asked == [(b"", b"a"), (b"b", b"c"), (b"", b"a")]
    bench = StationBench(*hidden, capabilities=replace(SIMULATED_CAPABILITIES, maximum_scan_ssids=9)).start()
    assert bench.commands == [TriggerScan((), (Ssid(b""), Ssid(b"a"), Ssid(b"b"), Ssid(b"c")))]


def test_the_owner_cannot_scan_while_something_is_under_way() -> None:
    bench = StationBench(home(), air=[HOME]).start()
    assert not bench.machine.scan(bench.now)
    bench.scanned()
    assert bench.machine.state is StationState.ASSOCIATING
    assert not bench.machine.scan(bench.now)
    bench = StationBench().start()
    bench.machine.wps_push_button(bench.now)
    bench.scanned()
    assert not bench.machine.scan(bench.now)


def test_the_owners_scan_is_as_he_says_and_finds_networks_too() -> None:
    bench = StationBench(home()).start()
    bench.scanned()
    bench.air = (HOME,)
    assert bench.machine.scan(bench.now, (2437,), (Ssid(b"home"),))
    assert bench.drain() == [TriggerScan((2437,), (Ssid(b"home"),))]
    assert only(bench.scanned(), Connect)


# ---- connections


def test_where_it_stands() -> None:
    bench = StationBench(home(), air=[HOME])
    states = [bench.machine.state]
    bench.start()
    states.append(bench.machine.state)
    bench.scanned()
    states.append(bench.machine.state)
    bench.receive(Associated(AP))
    states.append(bench.machine.state)
    handshake(bench)
    states.append(bench.machine.state)
    bench.machine.disconnect(bench.now)
    states.append(bench.machine.state)
    assert [state.value for state in states] == [
        "INTERFACE_DISABLED",
        "SCANNING",
        "ASSOCIATING",
        "4WAY_HANDSHAKE",
        "COMPLETED",
        "DISCONNECTED",
    ]
    assert bench.machine.current_bss is not None
    bench.drain()
    bench.left()
    assert not bench.machine.is_connected
    assert bench.machine.current_network is None


def test_a_connection_is_told_with_its_end() -> None:
    bench = at_home()
    assert bench.take(report.TryingToAssociate) == [report.TryingToAssociate(AP, Ssid(b"home"), 2437, 0)]
    handshake(bench)
    assert bench.take(report.Connected) == [report.Connected(AP, 0, Ssid(b"home"), 2437)]
    assert bench.machine.is_connected
    bench.receive(Disconnected(6, is_by_peer=True))
    assert bench.take(report.ConnectionLost) == [report.ConnectionLost(AP, 6, False, True, 0)]


def test_a_rejection_is_told_and_another_access_point_tried() -> None:
    bench = StationBench(home(), air=[HOME, result(3, dbm=-80, mhz=2412)]).start()
    (first,) = only(bench.scanned(), Connect)
    bench.take(object)
    (second,) = only(bench.receive(AssociationFailed(first.bssid, 17)), Connect)
    assert bench.take(report.AssociationRejected) == [report.AssociationRejected(AP, 17)]
    assert second.bssid == address(3)


# ---- the owner's wishes


def test_what_does_not_exist_cannot_be_done() -> None:
    machine = StationBench().start().machine
    assert not machine.select_network(7, 1000.0)
    assert not machine.enable_network(7, 1000.0)
    assert not machine.disable_network(7, 1000.0)
    assert not machine.remove_network(7, 1000.0)


def test_enabling_without_connecting() -> None:
    bench = StationBench(home(is_disabled=True), air=[HOME]).start()
    assert bench.commands == []
    assert bench.machine.enable_network(0, bench.now, may_connect=False)
    assert bench.drain() == []
    assert bench.machine.enable_network(0, bench.now)
    assert only(bench.drain(), TriggerScan)


def test_selecting_the_network_that_is_joined_changes_nothing() -> None:
    bench = connected()
    assert bench.machine.select_network(0, bench.now)
    assert bench.drain() == []
    assert bench.machine.is_connected


def test_a_changed_list_is_looked_at() -> None:
    bench = StationBench(air=[HOME]).start()
    bench.networks.add(home())
    bench.machine.networks_changed(bench.now)
    assert bench.drain() == [TriggerScan((), ANYBODY)]
    bench = connected()
    bench.machine.networks_changed(bench.now)
    assert bench.drain() == []
    bench.networks.disable(0)
    bench.machine.networks_changed(bench.now)
    assert bench.drain() == [Disconnect(3)]
    assert bench.left() == []


def test_reassociate_leaves_and_joins() -> None:
    bench = connected()
    bench.machine.reassociate(bench.now)
    assert bench.drain() == [Disconnect(3)]
    assert only(bench.left(), Connect)


def test_reconnect_leaves_a_connection_alone_and_wps_too() -> None:
    bench = connected()
    bench.machine.reconnect(bench.now)
    assert bench.drain() == []
    bench = in_enrolment()
    bench.machine.reconnect(bench.now)
    bench.machine.reassociate(bench.now)
    assert bench.drain() == []


def test_disconnect_cancels_wps() -> None:
    bench = in_enrolment()
    bench.machine.disconnect(bench.now)
    assert bench.drain() == [Disconnect(3)]
    assert [event.cause for event in bench.take(report.WpsEnded)] == [WpsCause.CANCELLED]


# ---- faults of the radio


def test_a_lost_radio_stops_everything() -> None:
    bench = connected()
    assert bench.receive(RadioLost("unplugged")) == []
    assert bench.take(report.ConnectionLost) == [report.ConnectionLost(AP, 1, True, True, 0, "unplugged")]
    assert bench.machine.deadline is None
    bench.start()
    assert bench.commands, "it may be started anew"


def test_a_command_that_fails_for_nobody_is_nothing() -> None:
    bench = StationBench().start()
    assert bench.receive(CommandFailed(Disconnect(3), "not connected")) == []
    assert bench.receive(Disconnected(3, is_by_peer=True)) == []
    assert bench.events == []


def test_the_pair_for_the_next_run_is_made_when_there_is_time() -> None:
    bench = StationBench().start()
    deadlines = [bench.machine.deadline]
    bench.pass_time(1)
    deadlines.append(bench.machine.deadline)
    bench.machine.stop(bench.now)
    bench.start()
    deadlines.append(bench.machine.deadline)
    assert deadlines == [1001.0, None, None], "the pair is still good"


def test_pmks_are_derived_once_and_the_oldest_is_forgotten() -> None:
    keys = PreparedKeys(bytes)
    first = home(psk=None, passphrase=b"correct horse")
    pmk = keys.pmk(first)
    assert pmk == first.pmk()
    assert keys.pmk(first) is pmk
    for number in range(MAXIMUM_PMKS):
        keys.pmk(home(psk=None, passphrase=b"correct horse %d" % number))
    assert keys.pmk(first) is not pmk
    assert (keys.pmk(home()), keys.pmk(cafe())) == (PSK, None)
