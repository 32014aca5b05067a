# SPDX-License-Identifier: BSD-3-Clause
"""The station machine in Wi-Fi Protected Setup, step by step, and what its failures mean."""

from dataclasses import replace

import pytest
from tests.unit.sta_air import BUTTON_SELECTED, PIN_SELECTED, RSNE, address, result, wps
from tests.unit.sta_bench import (
    AP,
    CREDENTIAL,
    PSK,
    StationBench,
    cafe,
    only,
)
from tests.unit.sta_machine_bench import ANYBODY, BUTTON, CAFE, HOME, connected, enrol, handshake, in_enrolment

from wpsagent.eap.events import EapStarted
from wpsagent.errors import UsageError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import BROADCAST, Ssid
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    SendEapol,
    TriggerScan,
)
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.events import WpsCause, WpsEndReason, WpsMethod, cause_of
from wpsagent.roles.sta.machine import StationState
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, ErrorIndication, MessageType
from wpsagent.wsc.events import RunFailed
from wpsagent.wsc.registrar import Refusal

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
