# SPDX-License-Identifier: BSD-3-Clause
"""The station machine where firmware roams by itself."""

import pytest
from tests.unit.sta_air import RSNE, address, pressed, result
from tests.unit.sta_bench import (
    AP,
    StationBench,
    cafe,
    home,
    only,
)
from tests.unit.sta_machine_bench import (
    CAFE,
    HOME,
    MIXED_RSNE,
    at_home,
    connected,
    handshake,
    in_enrolment,
)

from wpsagent.octets import Ssid
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    Connect,
    Disconnect,
    Disconnected,
    Roamed,
    ScanResult,
    TriggerScan,
)
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.bss_table import BssAdded
from wpsagent.roles.sta.machine import StationState

# ---- firmware that roams


def test_firmware_that_goes_over_to_another_access_point_is_followed_with_new_keys() -> None:
    bench = connected()
    bench.receive(Roamed(address(5), result(5, mhz=2462)))
    states = [bench.machine.state]
    handshake(bench, bssid=address(5))
    states.append(bench.machine.state)
    assert states == [StationState.HANDSHAKE, StationState.COMPLETED]
    assert [type(event) for event in bench.events] == [report.AssociatedWith, BssAdded, report.Connected]
    (told,) = bench.take(report.Connected)
    assert (told.bssid, told.frequency_mhz) == (address(5), 2462)


def test_after_roaming_the_keys_must_come_like_after_any_association() -> None:
    bench = connected()
    bench.air = (result(), result(5))
    bench.scanned()
    bench.receive(Roamed(address(5)))  # known from a scan
    assert bench.machine.state is StationState.HANDSHAKE
    assert only(bench.pass_time(30), Disconnect)
    bench.left()
    (lost,) = bench.take(report.ConnectionLost)
    assert (lost.bssid, lost.was_connected) == (address(5), True)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(None, id="never heard of"),
        pytest.param(result(5, ssid=b"cafe"), id="of another network"),
        pytest.param(result(5, MIXED_RSNE), id="it would be asked for something else"),
    ],
)
def test_an_access_point_that_cannot_be_followed_is_left(found: ScanResult | None) -> None:
    assert connected().receive(Roamed(address(5), found)) == [Disconnect(3)]


def test_roaming_in_the_middle_of_an_enrolment_ends_it() -> None:
    bench = in_enrolment()
    roamed = Roamed(address(5), result(5, RSNE + pressed()))
    assert bench.receive(roamed) == [Disconnect(3)]
    assert bench.receive(roamed) == []


def test_when_all_access_points_failed_they_get_a_new_chance_after_a_while() -> None:
    bench = StationBench(home(), air=[HOME]).start()
    bench.scanned()
    waits = list[float]()
    for _ in range(7):
        bench.receive(AssociationFailed(AP, None))
        bench.scanned()
        bench.scanned()
        failed_at = bench.now
        while not only(bench.commands, Connect):
            bench.scanned() if only(bench.commands, TriggerScan) else bench.pass_time(0.5)
        waits.append(bench.now - failed_at)
    assert waits == [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 30.0]


def test_a_wrong_key_is_told_and_an_own_try_forgives() -> None:
    bench = at_home()
    bench.take(object)
    handshake(bench, b"\x06" * 32)
    bench.receive(Disconnected(15, is_by_peer=True))
    (disabled,) = bench.take(report.NetworkTempDisabled)
    assert disabled == report.NetworkTempDisabled(0, Ssid(b"home"), 1, 10.0, is_wrong_key=True)
    assert bench.machine.state is StationState.INACTIVE
    assert bench.pass_time(9) == []
    bench.machine.reconnect(bench.now)
    assert only(bench.drain(), Connect)
    assert bench.take(report.NetworkReenabled) == [report.NetworkReenabled(0, Ssid(b"home"))]


def test_enabling_forgives_too_and_removing_forgets() -> None:
    for forgive in ("enable", "select", "remove"):
        bench = at_home()
        handshake(bench, b"\x06" * 32)
        bench.receive(Disconnected(15, is_by_peer=True))
        bench.take(object)
        if forgive == "enable":
            assert bench.machine.enable_network(0, bench.now)
        elif forgive == "select":
            assert bench.machine.select_network(0, bench.now)
        else:
            assert bench.machine.remove_network(0, bench.now)
        assert not bench.machine.is_temporarily_disabled(0)
        assert bool(only(bench.drain(), Connect)) == (forgive != "remove")
        assert bool(bench.take(report.NetworkReenabled)) == (forgive != "remove")


@pytest.mark.parametrize("is_asked", [True, False])
def test_a_network_that_went_while_it_was_disabled_does_not_come_back(is_asked: bool) -> None:
    bench = at_home()
    handshake(bench, b"\x06" * 32)
    bench.receive(Disconnected(15, is_by_peer=True))
    bench.networks.remove(0)
    bench.take(object)
    if is_asked:
        bench.machine.reconnect(bench.now)
    bench.pass_time(11)
    assert bench.take(report.NetworkReenabled) == []
    assert bench.machine.deadline is None


def test_a_network_whose_time_is_over_does_not_disturb_a_connection() -> None:
    bench = StationBench(home(priority=1), cafe(), air=[HOME, CAFE]).start()
    bench.scanned()
    bench.receive(Associated(AP))
    handshake(bench, b"\x06" * 32)
    bench.receive(Disconnected(15, is_by_peer=True))
    assert only(bench.commands, Connect)
    bench.receive(Associated(address(2)))
    assert bench.machine.is_connected
    bench.pass_time(20)
    assert only(bench.events, report.NetworkReenabled)
    assert bench.machine.is_connected
