# SPDX-License-Identifier: BSD-3-Clause
"""The station machine command by command: scans, what the owner asks for, faults of the radio, WPS step by step."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.sta_air import BUTTON_SELECTED, PIN_SELECTED, RSNE, address, pressed, result, wps
from tests.unit.sta_bench import (
    AP,
    CREDENTIAL,
    PSK,
    StationBench,
    authenticator,
    cafe,
    eap_authenticator,
    home,
    only,
)

from wpsagent.dot11.frames import Capability
from wpsagent.eap.events import EapStarted
from wpsagent.errors import UsageError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import (
    AbortScan,
    Associated,
    AssociationFailed,
    CommandFailed,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    RadioLost,
    Roamed,
    ScanFinished,
    ScanResult,
    SendEapol,
    StationEvent,
    TriggerScan,
)
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.bss_table import BssAdded, BssRemoved
from wpsagent.roles.sta.events import WpsAvailable, WpsCause, WpsEndReason, WpsMethod, cause_of
from wpsagent.roles.sta.keys import MAXIMUM_PMKS, PreparedKeys
from wpsagent.roles.sta.machine import StationState
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, CipherSuite
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.elements import unwrap
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, ErrorIndication, MessageType
from wpsagent.wsc.events import RunFailed
from wpsagent.wsc.registrar import Refusal

HOME = result()
CAFE = result(2, b"", ssid=b"cafe", mhz=5180, capability=Capability.ESS)
BUTTON = result(1, RSNE + pressed())
ANYBODY = (Ssid(b""),)
MIXED_RSNE = replace(
    WPA2_PSK_CCMP, group_cipher=CipherSuite.TKIP, pairwise_ciphers=(CipherSuite.TKIP, CipherSuite.CCMP_128)
).element()


def at_home(**parameters: Any) -> StationBench:
    """Associated with the network at home, before the handshake."""
    bench = StationBench(home(), air=[HOME], **parameters)
    bench.connect()
    return bench


def connected() -> StationBench:
    bench = at_home()
    handshake(bench)
    bench.take(object)
    return bench


def handshake(bench: StationBench, psk: bytes = PSK, bssid: MacAddress = AP) -> None:
    other = authenticator(psk, bssid)
    other.start(bench.now)
    while pdus := [message.pdu for message in other.messages_to_send()]:
        for pdu in pdus:
            for command in only(bench.receive(EapolReceived(bssid, pdu)), SendEapol):
                other.receive(command.pdu, bench.now)


def enrol(bench: StationBench, at_most: int = 100, **access_point: Any) -> None:
    """Carry EAP to and fro; at_most of the access point's PDUs arrive."""
    other = eap_authenticator(**access_point)
    other.start(bench.now)
    while (pdus := other.messages_to_send()) and at_most:
        for pdu in pdus[:at_most]:
            at_most -= 1
            for command in only(bench.receive(EapolReceived(AP, pdu)), SendEapol):
                other.receive(command.pdu, bench.now)


def in_enrolment(**parameters: Any) -> StationBench:
    """The button was pressed, the access point found and associated with."""
    bench = StationBench(air=[BUTTON], **parameters).start()
    bench.machine.wps_push_button(bench.now)
    bench.drain()
    bench.scanned()
    bench.receive(Associated(AP))
    bench.take(object)
    return bench


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


# ---- WPS


def test_the_scan_of_the_button_tells_that_it_was_pressed() -> None:
    bench = StationBench().start()
    bench.machine.wps_push_button(bench.now)
    (scan,) = bench.drain()
    assert isinstance(scan, TriggerScan)
    assert (scan.frequencies_mhz, b"\x10\x12\x00\x02\x00\x04" in scan.elements) == ((), True)
    bench.machine.wps_pin(b"12345670", bench.now)
    bench.drain()
    (scan,) = bench.scanned(is_aborted=True)
    assert isinstance(scan, TriggerScan)
    assert (scan.frequencies_mhz, b"\x10\x12\x00\x02\x00\x00" in scan.elements) == ((2412, 2437, 2462), True)
    assert [event.cause for event in bench.take(report.WpsEnded)] == [WpsCause.REPLACED]


def test_an_element_that_the_radio_cannot_carry_is_left_out() -> None:
    bench = StationBench(capabilities=replace(SIMULATED_CAPABILITIES, maximum_scan_elements=20)).start()
    bench.machine.wps_push_button(bench.now)
    assert bench.drain() == [TriggerScan((), ANYBODY)]


def test_a_fast_push_button_looks_at_likely_channels_first() -> None:
    bench = StationBench(air=[BUTTON], is_push_button_fast=True).start()
    bench.machine.wps_push_button(bench.now)
    (scan,) = only(bench.drain(), TriggerScan)
    assert scan.frequencies_mhz == (2412, 2437, 2462)
    assert only(bench.scanned(), Connect)


def test_an_access_point_that_is_known_and_named_needs_no_scan() -> None:
    bench = StationBench(air=[BUTTON]).start()
    bench.machine.scan(bench.now)
    bench.drain()
    bench.scanned()
    bench.machine.wps_register(AP, b"12345670", bench.now)
    assert [type(command) for command in bench.drain()] == [Connect]
    states = [bench.machine.state]
    bench.receive(Associated(AP))
    states.append(bench.machine.state)
    assert states == [StationState.ASSOCIATING, StationState.ASSOCIATED]
    (started,) = bench.take(report.WpsStarted)
    assert (started.method, started.ends_at) == (WpsMethod.REGISTRAR, bench.now + 120)


def test_wps_leaves_the_network_first() -> None:
    bench = connected()
    bench.machine.wps_push_button(bench.now)
    assert bench.drain() == [Disconnect(3)]
    bench.take(object)
    assert only(bench.left(), TriggerScan)
    assert bench.take(report.ConnectionLost) == [report.ConnectionLost(AP, 3, True, True, 0)]


def test_after_success_the_network_is_joined_without_a_scan() -> None:
    bench = in_enrolment()
    enrol(bench)
    events = bench.take(object)
    assert only(events, EapStarted)
    assert [event.reason for event in only(events, report.WpsEnded)] == [WpsEndReason.SUCCEEDED]
    assert only(events, report.NetworkAdded) == [report.NetworkAdded(0)]
    commands = bench.receive(Disconnected(23, is_by_peer=True))
    assert [type(command) for command in commands] == [Connect]
    (connect,) = only(commands, Connect)
    assert connect.akm_suite is not None
    bench.receive(Associated(AP))
    handshake(bench)
    assert bench.machine.is_connected
    network = bench.machine.current_network
    assert network is not None
    assert (network.ssid, network.psk) == (CREDENTIAL.ssid, PSK)


def test_a_failed_connection_after_success_scans_the_channel_of_the_access_point() -> None:
    bench = in_enrolment()
    enrol(bench)
    bench.receive(Disconnected(23, is_by_peer=True))
    bench.air = ()
    (scan,) = only(bench.receive(AssociationFailed(AP, None)), TriggerScan)
    assert scan.frequencies_mhz == (2437,)


def test_an_access_point_that_was_not_configured_gets_time_to_restart() -> None:
    new = wps(BUTTON_SELECTED).replace(b"\x10\x44\x00\x01\x02", b"\x10\x44\x00\x01\x01")
    bench = StationBench(air=[result(1, RSNE + new)]).start()
    bench.machine.wps_push_button(bench.now)
    bench.scanned()
    bench.receive(Associated(AP))
    enrol(bench)
    bench.take(object)
    bench.air = ()
    scans = list[tuple[int, ...]]()
    bench.receive(Disconnected(23, is_by_peer=True))
    for _ in range(6):
        while not only(bench.commands, TriggerScan):
            bench.pass_time(0.1)
        scans += [scan.frequencies_mhz for scan in only(bench.commands, TriggerScan)]
        bench.scanned()
    assert scans == [(2437,)] * 5 + [()]
    bench.air = (HOME,)
    assert only(bench.scanned(), Connect)


@pytest.mark.parametrize("processing", list(CredentialProcessing))
def test_what_is_told_and_kept_of_a_credential(processing: CredentialProcessing) -> None:
    bench = in_enrolment(credential_processing=processing)
    enrol(bench)
    events = bench.take(object)
    (received,) = only(events, report.CredentialReceived)
    assert received.octets.startswith(b"\x10\x0e") == (processing is not CredentialProcessing.INTERNAL)
    assert PSK.hex() not in repr(received)
    assert len(bench.networks) == (processing is not CredentialProcessing.EXTERNAL)
    commands = bench.receive(Disconnected(23, is_by_peer=True))
    assert bool(commands) == (processing is not CredentialProcessing.EXTERNAL)


def test_an_association_lost_in_the_middle_is_begun_anew_three_times() -> None:
    bench = in_enrolment()
    for _ in range(3):
        enrol(bench, at_most=3)
        assert bench.receive(Disconnected(4, is_by_peer=True)) == []
        assert [type(command) for command in bench.pass_time(0.1)] == [Connect]
        bench.receive(Associated(AP))
    bench.receive(Disconnected(4, is_by_peer=True))
    assert only(bench.pass_time(0.5), TriggerScan)
    assert bench.take(report.WpsEnded) == []


def test_a_push_button_that_ends_without_a_word_has_failed() -> None:
    bench = in_enrolment()
    assert only(bench.pass_time(70), Disconnect)
    bench.receive(Disconnected(3, is_by_peer=False))
    events = bench.take(object)
    assert only(events, report.WpsFailed) == [report.WpsFailed(AP, None, WpsCause.NO_ANSWER)]
    assert [event.cause for event in only(events, report.WpsEnded)] == [WpsCause.NO_ANSWER]


def test_an_access_point_that_falls_silent_in_the_middle_has_ended_the_run() -> None:
    bench = in_enrolment()
    enrol(bench, at_most=2)
    assert only(bench.pass_time(31), Disconnect)
    bench.receive(Disconnected(3, is_by_peer=False))
    (ended,) = bench.take(report.WpsEnded)
    assert (ended.cause, ended.text) == (WpsCause.REFUSED, "the peer has gone in state EXPECT_M2")


@pytest.mark.parametrize(
    ("configuration_error", "cause", "reason"),
    [
        (0, WpsCause.NOT_EXPECTED, WpsEndReason.FAILED),
        (12, WpsCause.OVERLAP_AT_ACCESS_POINT, WpsEndReason.OVERLAP),
    ],
)
def test_an_access_point_that_does_not_expect_us_ends_the_run(
    configuration_error: int, cause: WpsCause, reason: WpsEndReason
) -> None:
    bench = in_enrolment()
    enrol(bench, refusal=Refusal(configuration_error))
    assert bench.take(report.M2dSeen) == [report.M2dSeen(AP, configuration_error, None)]
    bench.receive(Disconnected(23, is_by_peer=True))
    assert [(event.reason, event.cause) for event in bench.take(report.WpsEnded)] == [(reason, cause)]


def test_a_credential_of_another_network_is_looked_for() -> None:
    bench = in_enrolment()
    enrol(bench, credential=replace(CREDENTIAL, ssid=Ssid(b"elsewhere")))
    (scan,) = only(bench.receive(Disconnected(23, is_by_peer=True)), TriggerScan)
    assert scan.frequencies_mhz == (2437,)
    assert [network.ssid for network in bench.networks] == [b"elsewhere"]


def test_a_notification_of_the_access_point_is_answered_and_not_told() -> None:
    bench = in_enrolment()
    notification = bytes.fromhex("01000009 01070009 02 68656c6c".replace(" ", ""))
    assert only(bench.receive(EapolReceived(AP, notification)), SendEapol)
    assert bench.events == []


def test_a_rejected_association_is_tried_again_in_a_push_button_run() -> None:
    bench = StationBench(air=[BUTTON]).start()
    bench.machine.wps_push_button(bench.now)
    bench.scanned()
    assert bench.receive(AssociationFailed(AP, 17)) == []
    assert only(bench.pass_time(0.5), TriggerScan)
    assert only(bench.scanned(), Connect)


def test_time_runs_out_in_the_middle_of_the_protocol() -> None:
    bench = StationBench().start()
    bench.machine.wps_push_button(bench.now)
    bench.pass_time(119)
    bench.air = (BUTTON,)
    bench.scanned()
    bench.receive(Associated(AP))
    enrol(bench, at_most=3)
    bench.take(object)
    assert bench.pass_time(2) == [Disconnect(3)]
    (ended,) = bench.take(report.WpsEnded)
    assert (ended.reason, ended.cause) == (WpsEndReason.TIMED_OUT, WpsCause.NO_ANSWER)
    assert bench.left() == []
    assert len(bench.networks) == 0


def test_after_a_failure_the_nack_goes_out_before_the_old_network_is_joined() -> None:
    bench = StationBench(cafe(), air=[result(1, RSNE + wps(PIN_SELECTED, macs=(BROADCAST,))), CAFE]).start()
    bench.scanned()
    bench.receive(Associated(address(2)))
    bench.machine.wps_pin(b"12345670", bench.now)
    bench.drain()
    bench.left()
    bench.scanned()
    bench.receive(Associated(AP))
    bench.take(object)
    enrol(bench, password=b"87654325", password_id=0)
    events = bench.take(object)
    (failed,) = only(events, report.WpsFailed)
    assert failed.cause is WpsCause.FIRST_HALF_WRONG
    assert [event.reason for event in only(events, report.WpsEnded)] == [WpsEndReason.FAILED]
    assert only(bench.commands, Connect) == []
    (connect,) = only(bench.receive(Disconnected(23, is_by_peer=True)), Connect)
    assert connect.ssid == b"cafe"


def test_a_cancelled_run_is_over_and_a_second_cancel_says_so() -> None:
    bench = in_enrolment()
    assert bench.machine.wps_cancel(bench.now)
    assert bench.drain() == [Disconnect(3)]
    assert not bench.machine.wps_cancel(bench.now)
    bench.left()
    assert [event.cause for event in bench.take(report.WpsEnded)] == [WpsCause.CANCELLED]


def test_wps_works_for_who_was_told_to_stay_disconnected() -> None:
    bench = connected()
    bench.machine.disconnect(bench.now)
    bench.drain()
    bench.left()
    bench.machine.wps_push_button(bench.now)
    assert only(bench.drain(), TriggerScan)
    bench.machine.wps_cancel(bench.now)
    bench.drain()
    bench.scanned(is_aborted=True)
    assert bench.pass_time(60) == []


# ---- what failures mean


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (RunFailed(MessageType.M4, 18), WpsCause.FIRST_HALF_WRONG),
        (RunFailed(MessageType.M5, 18), WpsCause.FIRST_HALF_WRONG),
        (RunFailed(MessageType.M6, 18), WpsCause.SECOND_HALF_WRONG),
        (RunFailed(MessageType.M7, 18), WpsCause.SECOND_HALF_WRONG),
        (RunFailed(MessageType.M2, 15), WpsCause.LOCKED),
        (RunFailed(MessageType.M3, 12), WpsCause.OVERLAP_AT_ACCESS_POINT),
        (RunFailed(MessageType.M3, 14), WpsCause.BUSY),
        (RunFailed(MessageType.M8, 0, ErrorIndication.WEP_PROHIBITED), WpsCause.WEP_PROHIBITED),
        (RunFailed(MessageType.M8, 0, ErrorIndication.TKIP_ONLY_PROHIBITED), WpsCause.TKIP_PROHIBITED),
        (RunFailed(MessageType.M8), WpsCause.NO_NETWORK),
        (RunFailed(MessageType.M3), WpsCause.PROTOCOL),
        (RunFailed(None), WpsCause.REFUSED),
    ],
)
def test_every_failure_has_its_cause(failure: RunFailed, cause: WpsCause) -> None:
    assert cause_of(failure) is cause


def test_settings_that_cannot_be_set_up_are_refused() -> None:
    machine = StationBench().start().machine
    short = ApSettings(Ssid(b"x"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"short")
    with pytest.raises(UsageError, match="5 octets"):
        machine.wps_register(AP, b"12345670", 1000.0, short)
    with pytest.raises(UsageError, match="digits"):
        machine.wps_pin(b"12a45670", 1000.0)
    assert not machine.wps_cancel(1000.0)


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
