# SPDX-License-Identifier: BSD-3-Clause
"""Associations: how they begin, are repeated, end, and what becomes of them when stations or the radio fail."""

from dataclasses import replace

import pytest
from tests.unit.roles_bench import (
    AP,
    EAPOL_START,
    LAPTOP,
    OPEN,
    PHONE,
    RATES,
    RSNE,
    WPS1,
    WPS2,
    Bench,
    access_point,
    association,
    authentication,
    elements_of,
    frames_of,
    only,
    outline,
    reassociation,
    response_of,
    sent_again,
    station_address,
    with_sequence,
    wps_bench,
)

from wpsagent.dot11.frames import (
    Capability,
    Deauthentication,
    Disassociation,
    ReassociationResponse,
)
from wpsagent.octets import BROADCAST, Ssid
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    CommandFailed,
    FrameStatus,
    InstallKey,
    ProbeStation,
    RadioCommand,
    RadioLost,
    ReadActivity,
    RemoveStation,
    SendEapol,
    SendFrame,
    SetBeacon,
    StationActivity,
    StationProbed,
    StopAccessPoint,
    UnexpectedFrame,
)
from wpsagent.roles.events import AccessPointLost, StationConnected, StationDisconnected
from wpsagent.wsc.elements import unwrap


@pytest.fixture
def bench() -> Bench:
    return Bench(access_point()).start()


@pytest.fixture
def open_bench() -> Bench:
    return Bench(access_point(OPEN)).start()


# ---- association


def test_an_association_adds_the_station_before_it_is_answered(bench: Bench) -> None:
    bench.frame(authentication())
    commands = bench.frame(association())
    assert outline(commands) == [f"AddStation {PHONE}", f"AssociationResponse {PHONE} 0"]
    add, response = commands
    assert isinstance(add, AddStation)
    assert (add.aid, add.listen_interval, add.rates, add.has_wmm, add.ht_capabilities) == (1, 10, RATES, True, None)
    assert isinstance(response, SendFrame)
    assert response.token is not None
    frame = response_of(commands)
    assert (frame.aid, frame.source, frame.capability) == (
        1,
        AP,
        Capability.ESS | Capability.PRIVACY | Capability.SHORT_SLOT_TIME,
    )
    assert unwrap(frame.elements) is None


def test_the_handshake_begins_with_the_acknowledgement(bench: Bench) -> None:
    bench.frame(authentication())
    response = bench.frame(association())
    token = only(response, SendFrame)[0].token or 0
    assert bench.receive(FrameStatus(token + 1, True)) == []
    assert bench.receive(FrameStatus(token, False)) == []
    assert outline(bench.receive(FrameStatus(token, True))) == [f"SendEapol {PHONE}", "ReadGroupSequence"]
    assert bench.receive(FrameStatus(token, True)) == []


def test_a_response_that_is_never_acknowledged_ends_the_association(bench: Bench) -> None:
    bench.frame(authentication())
    bench.frame(association())
    assert outline(bench.pass_time(1.9)) == []
    assert outline(bench.pass_time(0.2)) == [f"Deauthentication {PHONE} 2", f"RemoveStation {PHONE}"]
    assert bench.events == []


def test_eapol_says_as_much_as_an_acknowledgement(bench: Bench) -> None:
    bench.frame(authentication())
    bench.frame(association())
    assert outline(bench.eapol(PHONE, EAPOL_START)) == [f"SendEapol {PHONE}", "ReadGroupSequence"]


def test_a_request_sent_again_by_the_radio_gets_the_same_answer(bench: Bench) -> None:
    bench.frame(authentication())
    first = bench.frame(association())
    again = bench.frame(sent_again(association().encode()))
    assert again == only(first, SendFrame)
    bench.acknowledge(again)
    assert bench.frame(sent_again(association().encode())) == again
    assert outline(bench.commands) == [f"AssociationResponse {PHONE} 0"]


def test_the_late_status_of_an_old_response_does_not_begin_a_new_association(bench: Bench) -> None:
    bench.frame(authentication())
    old = only(bench.frame(association()), SendFrame)[0].token or 0
    new = bench.frame(with_sequence(association().encode(), 7))
    assert outline(new) == [f"RemoveStation {PHONE}", f"AddStation {PHONE}", f"AssociationResponse {PHONE} 0"]
    assert bench.receive(FrameStatus(old, True)) == []
    assert outline(bench.acknowledge(new)) == [f"SendEapol {PHONE}", "ReadGroupSequence"]


def test_a_reassociation_is_answered_as_one(bench: Bench) -> None:
    bench.connect()
    bench.take_events()
    commands = bench.frame(reassociation())
    assert outline(commands) == [
        f"RemoveStation {PHONE}",
        f"AddStation {PHONE}",
        f"ReassociationResponse {PHONE} 0",
    ]
    assert isinstance(frames_of(commands)[0], ReassociationResponse)
    assert bench.take_events() == [StationDisconnected(PHONE, "it associated anew")]
    assert outline(bench.acknowledge(commands)) == [f"SendEapol {PHONE}", "ReadGroupSequence"]


def test_a_refused_association_can_be_tried_again_and_is_forgotten_in_the_end(bench: Bench) -> None:
    bench.frame(authentication())
    refused = replace(association(), elements=elements_of(RSNE, ssid=Ssid(b"elsewhere")))
    commands = bench.frame(refused)
    assert outline(commands) == [f"AssociationResponse {PHONE} 1"]
    assert only(commands, SendFrame)[0].token is None
    assert response_of(commands).aid == 0
    assert response_of(bench.frame(association())).status_code == 0


def test_a_station_refused_at_its_second_association_is_forgotten(bench: Bench) -> None:
    bench.connect()
    commands = bench.frame(replace(association(), elements=elements_of(RSNE, ssid=Ssid(b"elsewhere"))))
    assert outline(commands) == [f"RemoveStation {PHONE}", f"AssociationResponse {PHONE} 1"]
    bench.pass_time(10.0)
    assert outline(bench.frame(association())) == [f"Deauthentication {PHONE} 6"]


def test_association_identifiers_are_unique_and_used_again(bench: Bench) -> None:
    aids = []
    for number in range(3):
        bench.frame(authentication(station_address(number)))
        aids.append(response_of(bench.frame(association(station_address(number)))).aid)
    assert aids == [1, 2, 3]
    bench.frame(Deauthentication(AP, station_address(1), AP, 3))
    bench.frame(authentication(PHONE))
    assert response_of(bench.frame(association())).aid == 2


@pytest.mark.parametrize("has_wmm", [True, False])
def test_ht_needs_wmm(bench: Bench, has_wmm: bool) -> None:
    ht = bytes(range(26))
    elements = elements_of(RSNE + bytes((45, 26)) + ht, has_wmm=has_wmm)
    bench.frame(authentication())
    (add,) = only(bench.frame(replace(association(), elements=elements)), AddStation)
    assert (add.has_wmm, add.ht_capabilities) == (has_wmm, ht if has_wmm else None)


def test_ht_capabilities_of_a_wrong_length_are_none(bench: Bench) -> None:
    bench.frame(authentication())
    commands = bench.frame(association(PHONE, RSNE + bytes((45, 3, 1, 2, 3))))
    assert only(commands, AddStation)[0].ht_capabilities is None


def test_the_response_to_a_wps_station_says_wps() -> None:
    for extra in (WPS2, WPS1, b""):
        bench = wps_bench()
        bench.frame(authentication())
        assert unwrap(response_of(bench.frame(association(PHONE, extra))).elements) is not None
    bench = wps_bench()
    bench.frame(authentication())
    assert unwrap(response_of(bench.frame(association(PHONE, RSNE))).elements) is None


def test_an_open_network_opens_the_port_with_the_acknowledgement(open_bench: Bench) -> None:
    assert outline(open_bench.associate(extra=b"")) == [f"AuthorizeStation {PHONE}"]
    assert open_bench.take_events() == [StationConnected(PHONE)]
    assert open_bench.eapol(PHONE, EAPOL_START) == []  # there is no WPS here


# ---- the ends of an association


def test_a_station_that_leaves_is_forgotten(bench: Bench) -> None:
    bench.connect()
    bench.take_events()
    assert outline(bench.frame(Deauthentication(AP, PHONE, AP, 3))) == [f"RemoveStation {PHONE}"]
    assert bench.take_events() == [StationDisconnected(PHONE, "it left")]
    assert outline(bench.frame(association())) == [f"Deauthentication {PHONE} 6"]


def test_a_station_that_disassociates_may_associate_without_authentication(bench: Bench) -> None:
    bench.connect()
    bench.take_events()
    assert outline(bench.frame(Disassociation(AP, PHONE, AP, 8))) == [f"RemoveStation {PHONE}"]
    assert bench.take_events() == [StationDisconnected(PHONE, "it disassociated")]
    assert bench.frame(Disassociation(AP, PHONE, AP, 8)) == []
    assert response_of(bench.frame(association())).status_code == 0
    assert bench.frame(Disassociation(AP, LAPTOP, AP, 8)) == []
    assert bench.frame(Deauthentication(AP, LAPTOP, AP, 8)) == []


def test_the_owner_can_send_a_station_away_known_or_not(bench: Bench) -> None:
    bench.connect()
    bench.machine.disconnect(PHONE, bench.now)
    bench.machine.disconnect(LAPTOP, bench.now)
    assert outline(bench.drain()) == [
        f"Deauthentication {PHONE} 3",
        f"RemoveStation {PHONE}",
        f"Deauthentication {LAPTOP} 3",
    ]
    assert bench.take_events()[-1] == StationDisconnected(PHONE, "sent away")


def test_data_of_a_station_that_is_not_associated_is_refused_once_a_second(bench: Bench) -> None:
    assert outline(bench.receive(UnexpectedFrame(PHONE))) == [f"Deauthentication {PHONE} 7"]
    assert bench.receive(UnexpectedFrame(PHONE)) == []
    assert outline(bench.receive(UnexpectedFrame(LAPTOP))) == [f"Deauthentication {LAPTOP} 7"]
    bench.now += 1.0
    assert outline(bench.receive(UnexpectedFrame(PHONE))) == [f"Deauthentication {PHONE} 7"]


def test_data_of_strangers_in_masses_is_refused_in_bounds(bench: Bench) -> None:
    refused = [bench.receive(UnexpectedFrame(station_address(number))) for number in range(1000)]
    assert sum(map(len, refused)) == 64


def test_data_of_an_associated_station_or_a_group_is_not_refused(bench: Bench) -> None:
    bench.associate()
    assert bench.receive(UnexpectedFrame(PHONE)) == []
    assert bench.receive(UnexpectedFrame(BROADCAST)) == []
    bench.frame(authentication(LAPTOP))
    assert outline(bench.receive(UnexpectedFrame(LAPTOP))) == [f"Deauthentication {LAPTOP} 7"]


# ---- quiet stations


def test_quiet_stations_are_asked_and_dropped_when_they_do_not_answer(bench: Bench) -> None:
    bench.connect()
    assert outline(bench.pass_time(30.0)) == ["ReadActivity"]
    activity = StationActivity(((PHONE, 299_999), (LAPTOP, 400_000)))
    assert bench.receive(activity) == []
    assert bench.receive(StationActivity(((PHONE, 300_000),))) == [ProbeStation(PHONE)]
    assert bench.receive(StationProbed(PHONE, True)) == []
    assert bench.receive(StationProbed(LAPTOP, False)) == []
    bench.take_events()
    assert outline(bench.receive(StationProbed(PHONE, False))) == [
        f"Deauthentication {PHONE} 4",
        f"RemoveStation {PHONE}",
    ]
    assert bench.take_events() == [StationDisconnected(PHONE, "silent for 300 s and did not answer")]


def test_activity_of_a_station_without_a_port_is_not_looked_at(bench: Bench) -> None:
    bench.associate()
    assert bench.receive(StationActivity(((PHONE, 400_000),))) == []
    assert bench.receive(StationProbed(PHONE, False)) == []


def test_nobody_is_asked_on_an_empty_network(bench: Bench) -> None:
    assert bench.pass_time(3600) == []
    before = bench.now
    bench.connect()
    assert outline(bench.pass_time(29.0)) == []  # and not at once when somebody comes
    assert outline(bench.pass_time(1.0)) == ["ReadActivity"]
    assert bench.now == before + 30.0


def test_an_empty_network_wakes_nobody() -> None:
    assert Bench(access_point(group_rekey=0.0)).start().machine.deadline is None


def test_a_short_inactivity_is_looked_at_more_often() -> None:
    bench = Bench(access_point(inactivity=10.0)).start()
    bench.connect()
    assert bench.machine.deadline == bench.now + 5.0


# ---- commands that fail


@pytest.mark.parametrize(
    "command",
    [AddStation(PHONE, 1, 10, RATES, 0, True), AuthorizeStation(PHONE), InstallKey(0, bytes(16), 0x000FAC04, PHONE)],
)
def test_a_station_that_the_radio_does_not_take_is_sent_away(bench: Bench, command: RadioCommand) -> None:
    bench.connect()
    bench.take_events()
    assert outline(bench.receive(CommandFailed(command, "no room"))) == [
        f"Deauthentication {PHONE} 1",
        f"RemoveStation {PHONE}",
    ]
    assert bench.take_events() == [StationDisconnected(PHONE, "the radio refused it: no room")]
    assert bench.receive(CommandFailed(command, "no room")) == []


@pytest.mark.parametrize("command", [SetBeacon(access_point()._frames.beacon()), InstallKey(1, bytes(16), 0x000FAC04)])
def test_a_beacon_or_group_key_that_the_radio_does_not_take_is_the_end(bench: Bench, command: RadioCommand) -> None:
    bench.connect()
    bench.take_events()
    assert bench.receive(CommandFailed(command, "busy")) == []
    assert bench.take_events() == [StationDisconnected(PHONE, "the access point is gone"), AccessPointLost("busy")]
    assert not bench.machine.is_started
    assert bench.machine.deadline is None


@pytest.mark.parametrize(
    "command",
    [
        SendFrame(b"", 1),
        SendEapol(PHONE, b""),
        RemoveStation(PHONE),
        ProbeStation(PHONE),
        ReadActivity(),
        StopAccessPoint(),
    ],
)
def test_other_commands_that_fail_are_no_harm(bench: Bench, command: RadioCommand) -> None:
    bench.connect()
    assert bench.receive(CommandFailed(command, "busy")) == []
    assert bench.machine.connected_stations == [PHONE]


def test_a_lost_radio_is_told_once_with_its_stations(bench: Bench) -> None:
    bench.connect()
    bench.take_events()
    assert bench.receive(RadioLost("it was set down")) == []
    assert bench.take_events() == [
        StationDisconnected(PHONE, "the access point is gone"),
        AccessPointLost("it was set down"),
    ]
    assert bench.receive(RadioLost("it was set down")) == []
    assert bench.events == []
    assert bench.machine.connected_stations == []
