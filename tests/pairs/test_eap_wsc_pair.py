# SPDX-License-Identifier: BSD-3-Clause
"""Station and access point joined in memory over EAP: whole runs of every kind, fragments, and a link that fails."""

import hashlib
from collections.abc import Callable

import pytest
from tests.pairs.eap_wsc_link import (
    AP_SETTINGS,
    CREDENTIAL,
    NEW_SETTINGS,
    PUSH_BUTTON_PASSWORD,
    Link,
    RecordingAuthority,
    ap_enrollee,
    ap_registrar,
    join,
    lossy,
    perfect,
    station_enrollee,
    station_registrar,
    wsc_events,
)
from tests.pairs.eap_wsc_transcript import pdu_summary

from wpsagent.eap.eapol import EapolPacket
from wpsagent.eap.events import EndReason
from wpsagent.eap.machine import Role
from wpsagent.eap.packet import WSC, EapPacket
from wpsagent.eap.peer import EapPeer
from wpsagent.eap.wsc_method import WscPacket
from wpsagent.wsc.ap_enrolment import AccessPointEnrolment
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.enumerations import MessageType, OpCode
from wpsagent.wsc.events import (
    ApPinRefused,
    ApSettingsReceived,
    ApSettingsTold,
    CredentialsReceived,
    M2dReceived,
    NewApSettings,
    RunFailed,
    RunSucceeded,
)
from wpsagent.wsc.registrar import Grant, Purpose, Refusal, RunOutcome

BUTTON = Grant(PUSH_BUTTON_PASSWORD, 4)
BOTH_COMPLETED = (EndReason.COMPLETED, EndReason.COMPLETED)


def summary(link: Link) -> list[str]:
    """The transcript without the keys: who, code, identifier, and what EAP-WSC says."""
    return [f"{who} {pdu_summary(pdu)}" for who, pdu in link.transcript]


def digest(link: Link) -> str:
    return hashlib.sha256(b"".join(pdu for _, pdu in link.transcript)).hexdigest()


def enrolment(
    fragment_size: int = 1400,
    fate: Callable[[bytes], list[float]] = perfect,
    *,
    decision: Grant | Refusal = BUTTON,
    wait_for_start: bool = False,
) -> tuple[Link, RecordingAuthority]:
    """A station in push-button mode and an access point that decides so."""
    authority = RecordingAuthority(decision)
    link = join(
        station_enrollee,
        lambda: ap_registrar(authority),
        fragment_size=fragment_size,
        fate=fate,
        wait_for_start=wait_for_start,
    )
    return link, authority


def learning(pin: bytes, purpose: Purpose = Purpose.LEARN, fragment_size: int = 1400) -> Link:
    """A registrar in a station that has this PIN, and an access point whose PIN is 12345670."""
    lock = AccessPointEnrolment(bytes)
    return join(
        lambda: station_registrar(pin, purpose), lambda: ap_enrollee(b"12345670", lock), fragment_size=fragment_size
    )


def received(link: Link) -> list[tuple[Credential, ...]]:
    return [event.credentials for event in wsc_events(link.station) if isinstance(event, CredentialsReceived)]


# Whole runs.


def test_a_push_button_run_hands_over_the_network_and_ends_with_failure_on_both_sides() -> None:
    link, authority = enrolment()
    link.run()
    assert received(link) == [(CREDENTIAL,)]
    assert link.station.is_successful
    assert link.access_point.is_successful
    assert authority.outcomes == [RunOutcome.SUCCEEDED]
    assert link.ends == BOTH_COMPLETED
    assert link.now == pytest.approx(0.013)


def test_a_push_button_run_octet_by_octet() -> None:
    link, _ = enrolment()
    link.run()
    assert summary(link) == [
        "AP REQUEST 0",
        "STA RESPONSE 0",
        "AP REQUEST 1 WSC_START 0",
        "STA RESPONSE 1 WSC_MSG 393",
        "AP REQUEST 2 WSC_MSG 416",
        "STA RESPONSE 2 WSC_MSG 124",
        "AP REQUEST 3 WSC_MSG 192",
        "STA RESPONSE 3 WSC_MSG 120",
        "AP REQUEST 4 WSC_MSG 120",
        "STA RESPONSE 4 WSC_MSG 120",
        "AP REQUEST 5 WSC_MSG 152",
        "STA RESPONSE 5 WSC_DONE 60",
        "AP FAILURE 5",
    ]
    assert digest(link) == "92a304899eb8d4724d812cefb1da05a6c7c6c882397fb62501dc9a6c1aad3807"


def test_a_push_button_run_in_fragments_of_fifty_octets_both_ways() -> None:
    whole, _ = enrolment()
    whole.run()
    link, _ = enrolment(50)
    link.run()
    assert link.station.is_successful
    assert link.access_point.is_successful
    assert link.ends == BOTH_COMPLETED
    assert max(len(pdu) for _, pdu in link.transcript) == 4 + 4 + 8 + 50
    assert summary(link)[3:8] == [
        "STA RESPONSE 1 WSC_MSG 46 more of 393",
        "AP REQUEST 2 WSC_FRAG_ACK 0",
        "STA RESPONSE 2 WSC_MSG 48 more",
        "AP REQUEST 3 WSC_FRAG_ACK 0",
        "STA RESPONSE 3 WSC_MSG 48 more",
    ]
    assert summary(link)[-4:] == [
        "STA RESPONSE 36 WSC_DONE 46 more of 60",
        "AP REQUEST 37 WSC_FRAG_ACK 0",
        "STA RESPONSE 37 WSC_DONE 14",
        "AP FAILURE 37",
    ]
    assert len(link.transcript) == 77
    assert digest(link) == "22a5a62944e12767aceb3bcdbfc92d947bcb7e4ec4015c34bbfea7bec693b1ac"
    assert messages(link) == messages(whole)


def messages(link: Link) -> list[bytes]:
    """What went over the link, without the cuts."""
    whole, collected = [], b""
    for _, pdu in link.transcript:
        eap = EapPacket.decode(EapolPacket.decode(pdu).body)
        if eap.method == WSC and eap.data[0] != OpCode.WSC_FRAG_ACK:
            packet = WscPacket.decode(eap.data)
            collected += packet.data
            if not packet.has_more:
                whole.append(collected)
                collected = b""
    return whole


@pytest.mark.parametrize("fragment_size", [50, 1400])
def test_a_registrar_in_a_station_learns_the_settings(fragment_size: int) -> None:
    link = learning(b"12345670", fragment_size=fragment_size)
    link.run()
    learnt = [event.settings for event in wsc_events(link.station) if isinstance(event, ApSettingsReceived)]
    assert learnt == [AP_SETTINGS]
    assert ApSettingsTold() in wsc_events(link.access_point)
    assert link.ends == BOTH_COMPLETED


@pytest.mark.parametrize("fragment_size", [50, 1400])
def test_a_registrar_in_a_station_configures_the_access_point(fragment_size: int) -> None:
    link = learning(b"12345670", Purpose.CONFIGURE, fragment_size)
    link.run()
    events = list(wsc_events(link.access_point))
    (taken,) = [event.settings for event in events if isinstance(event, NewApSettings)]
    assert (taken.ssid, taken.network_key) == (NEW_SETTINGS.ssid, NEW_SETTINGS.network_key)
    assert isinstance(events[-1], RunSucceeded)
    assert link.station.is_successful
    assert link.ends == BOTH_COMPLETED


def test_the_registrars_transcript_has_no_start_and_ends_with_done_and_its_ack() -> None:
    link = learning(b"12345670", Purpose.CONFIGURE)
    link.run()
    lines = summary(link)
    assert [line.split(" ")[3] for line in lines[2:-1]] == ["WSC_MSG"] * 8 + ["WSC_DONE", "WSC_ACK"]
    assert lines[-1] == "AP FAILURE 5"


# Runs that fail.


@pytest.mark.parametrize(
    ("pin", "message_type", "outcome"),
    [
        (b"99995670", MessageType.M4, RunOutcome.FIRST_HALF_FAILED),
        (b"12349999", MessageType.M6, RunOutcome.SECOND_HALF_FAILED),
    ],
)
def test_a_wrong_half_of_the_pin_is_told_on_both_sides(
    pin: bytes, message_type: MessageType, outcome: RunOutcome
) -> None:
    authority = RecordingAuthority(Grant(pin, 0))
    link = join(lambda: station_enrollee(b"12345670", 0), lambda: ap_registrar(authority))
    link.run()
    failures = [
        (event.message_type, event.configuration_error)
        for machine in (link.station, link.access_point)
        for event in wsc_events(machine)
        if isinstance(event, RunFailed)
    ]
    assert failures == [(message_type, 18), (message_type, 18)]
    assert authority.outcomes == [outcome]
    assert link.ends == BOTH_COMPLETED


def test_a_wrong_ap_pin_is_answered_by_nack_both_ways() -> None:
    link = learning(b"99995670")
    link.run()
    refused = [event for event in wsc_events(link.access_point) if isinstance(event, ApPinRefused)]
    assert refused == [ApPinRefused(is_first_half=True)]
    assert [line.split(" ")[3] for line in summary(link)[-3:-1]] == ["WSC_NACK", "WSC_NACK"]
    assert link.ends == BOTH_COMPLETED


def test_m2d_is_acknowledged_then_failure_comes_and_the_station_may_try_again() -> None:
    link, _ = enrolment(decision=Refusal())
    link.run()
    assert isinstance(next(wsc_events(link.station)), M2dReceived)
    assert summary(link)[-2:] == ["STA RESPONSE 2 WSC_ACK 60", "AP FAILURE 2"]
    assert link.ends == (EndReason.COMPLETED, EndReason.FAILURE_RECEIVED)


# EAPOL-Start.


def test_a_wps_1_0_access_point_waits_for_the_start_that_comes_after_a_second() -> None:
    link, _ = enrolment(wait_for_start=True)
    link.run()
    assert summary(link)[:2] == ["STA EAPOL START", "AP REQUEST 0"]
    assert link.now == pytest.approx(1.014)
    assert link.station.is_successful


def test_a_start_that_crosses_the_identity_request_costs_one_repetition() -> None:
    """The request takes just as long as the station waits."""
    delays = iter([[1.9995]])
    link, authority = enrolment(fate=lambda pdu: next(delays, [0.001]))
    link.peer.start(-0.001)
    link.run()
    assert summary(link)[:7] == [
        "AP REQUEST 0",
        "STA EAPOL START",
        "STA RESPONSE 0",
        "AP REQUEST 0",
        "AP REQUEST 1 WSC_START 0",
        "STA RESPONSE 0",
        "STA RESPONSE 1 WSC_MSG 393",
    ]
    assert len(link.access_points) == 1
    assert authority.outcomes == [RunOutcome.SUCCEEDED]


def test_a_station_that_begins_anew_in_the_middle_abandons_the_run_and_succeeds_in_the_next() -> None:
    first, authority = enrolment()
    first.run(until=0.0075)
    assert summary(first)[-1].startswith("STA RESPONSE 3 WSC_MSG")
    station = station_enrollee()
    second = Link(first.authenticator, EapPeer(Role.ENROLLEE, station), now=3.0)
    second.peer.start(1.5)
    second.run()
    assert authority.outcomes == [RunOutcome.ABANDONED, RunOutcome.SUCCEEDED]
    assert station.is_successful
    assert second.ends == BOTH_COMPLETED


def test_an_access_point_that_begins_anew_in_the_middle_gets_a_new_run() -> None:
    link, authority = enrolment()
    link.run(until=0.0075)
    link.authenticator.start(3.0)
    link.run()
    assert (len(link.stations), len(link.access_points)) == (2, 2)
    assert authority.outcomes == [RunOutcome.ABANDONED, RunOutcome.SUCCEEDED]
    assert link.ends == BOTH_COMPLETED


# A link that fails.


def test_without_the_last_failure_the_station_ends_two_seconds_after_done() -> None:
    is_failure = bytes.fromhex("0200000404")
    link, _ = enrolment(fate=lambda pdu: [] if pdu.startswith(is_failure) else [0.001])
    link.run()
    assert link.ends == (EndReason.COMPLETED, EndReason.NO_FINAL_FAILURE)
    assert link.now == pytest.approx(2.011)
    assert link.station.is_successful


def test_a_lost_done_leaves_the_station_successful_and_the_access_point_in_doubt() -> None:
    is_done = bytes.fromhex("fe00372a000000010500")
    link, authority = enrolment(fate=lambda pdu: [] if is_done in pdu else [0.001])
    link.run()
    assert link.station.is_successful
    assert link.ends == (EndReason.NO_RESPONSE, EndReason.NO_FINAL_FAILURE)
    assert authority.outcomes == [RunOutcome.ABANDONED_AFTER_M6]


def test_a_station_that_vanishes_is_given_up_after_three_attempts_and_failure() -> None:
    pdus = iter(range(1000))
    link, authority = enrolment(fate=lambda pdu: [0.001] if next(pdus) < 5 else [])
    link.run(until=16.0)
    m2 = link.transcript[4][1]
    from_ap = [pdu for who, pdu in link.transcript[4:] if who == "AP"]
    assert from_ap[:3] == [m2, m2, m2]
    assert summary(link)[-1] == "AP FAILURE 2"
    assert len(from_ap) == 4
    assert authority.outcomes == [RunOutcome.ABANDONED]


@pytest.mark.parametrize("fragment_size", [50, 1400])
@pytest.mark.parametrize("seed", range(12))
def test_a_run_over_a_link_that_loses_repeats_and_reorders(seed: int, fragment_size: int) -> None:
    """Loss costs time, five seconds each; repetitions and late packets cost nothing."""
    link, authority = enrolment(fragment_size, lossy(seed, loss=0.01 if fragment_size == 50 else 0.05))
    link.run()
    assert received(link) == [(CREDENTIAL,)]
    assert (len(link.stations), len(link.access_points)) == (1, 1)
    (outcome,) = authority.outcomes
    assert outcome in (RunOutcome.SUCCEEDED, RunOutcome.ABANDONED_AFTER_M6)


def test_runs_over_a_link_of_the_worst_kind_end_on_both_sides_and_nobody_takes_what_was_not_given() -> None:
    successes = 0
    for seed in range(60):
        fate = lossy(seed, loss=0.3, repeat=0.3, late=0.5)
        link, _ = enrolment(200, fate, wait_for_start=bool(seed % 2))
        link.run()
        assert link.peer_end is not None, seed
        assert (link.peer.deadline, link.authenticator.deadline) == (None, None), seed
        assert not link.authenticator.is_running, seed
        assert received(link) == ([(CREDENTIAL,)] if link.station.is_successful else []), seed
        if any(machine.is_successful for machine in link.access_points):
            assert link.station.is_successful, seed
        successes += link.station.is_successful
    # Three attempts bring a request and its answer through nine times in ten: six rounds in a row, 24 times in 60.
    assert successes == 24
