# SPDX-License-Identifier: BSD-3-Clause
"""The access point's own life: frames, associations in every state, floods, silence, loss, the order of commands."""

import random
from dataclasses import replace

import pytest
from tests.unit.roles_bench import (
    AP,
    BASIC_RATES,
    EAPOL_START,
    LAPTOP,
    OPEN,
    OTHER_AP,
    PHONE,
    PROTECTED,
    RATES,
    RSNE,
    SSID,
    WPS1,
    WPS2,
    Bench,
    BenchStation,
    access_point,
    association,
    authentication,
    frames_of,
    only,
    outline,
    reassociation,
    registrar,
    response_of,
    station_address,
    wps_bench,
    wps_probe,
)

from wpsagent.crypto.passphrase import derive_psk
from wpsagent.dot11.elements import ElementId, ssid_element, supported_rates_element
from wpsagent.dot11.frames import (
    Action,
    AssociationRequest,
    AssociationResponse,
    Authentication,
    Capability,
    Deauthentication,
    Disassociation,
    Frame,
    ProbeRequest,
    ProbeResponse,
)
from wpsagent.errors import RadioError
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    CommandFailed,
    EapolReceived,
    FrameReceived,
    FrameStatus,
    InstallKey,
    RadioEvent,
    RadioLost,
    RemoveStation,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StationActivity,
    StationAssociated,
    StationLeft,
    StationProbed,
    UnexpectedFrame,
)
from wpsagent.roles.events import StationDisconnected
from wpsagent.roles.station import StationState
from wpsagent.roles.stations import MAXIMUM_UNASSOCIATED, Stations
from wpsagent.wsc.elements import unwrap


@pytest.fixture
def bench() -> Bench:
    return Bench(access_point()).start()


@pytest.fixture
def open_bench() -> Bench:
    return Bench(access_point(OPEN)).start()


def probe(
    ssid: Ssid | None = SSID, *, bssid: MacAddress = BROADCAST, destination: MacAddress = BROADCAST
) -> ProbeRequest:
    elements = ssid_element(ssid) if ssid is not None else b""
    return ProbeRequest(destination, PHONE, bssid, elements + supported_rates_element(RATES))


# ---- start and stop


def test_start_beacons_and_installs_the_group_key() -> None:
    machine = access_point()
    machine.start(5.0)
    start, key = machine.messages_to_send()
    assert isinstance(start, StartAccessPoint)
    assert (start.ssid, start.frequency_mhz, start.is_protected, start.has_ht) == (SSID, 2437, True, True)
    assert (start.basic_rates, start.has_short_slot, start.is_hidden) == (BASIC_RATES, True, False)
    assert isinstance(key, InstallKey)
    assert (key.index, key.station, len(key.key)) == (1, None, 16)
    assert machine.is_started
    assert machine.messages_to_send() == []


def test_an_open_network_has_no_group_key_and_never_changes_it() -> None:
    bench = Bench(access_point(OPEN))
    bench.machine.start(bench.now)
    assert outline(bench.drain()) == ["StartAccessPoint"]
    bench.machine.rekey(bench.now)
    assert bench.drain() == []
    bench.pass_time(200_000)
    assert bench.commands == []


def test_a_passphrase_gives_the_psk_of_the_standard() -> None:
    settings = replace(PROTECTED, passphrase=b"correct horse", psk=None)
    bench = Bench(access_point(settings)).start()
    commands = bench.associate()
    station = BenchStation(bench, PHONE, derive_psk(b"correct horse", SSID))
    station.take(commands)
    assert bench.machine.connected_stations == [PHONE]


def test_a_channel_that_the_radio_has_not_is_refused_at_once() -> None:
    with pytest.raises(RadioError, match="no channel at 5955 MHz"):
        access_point(frequency_mhz=5955)


def test_stop_sends_everybody_away_and_is_deaf_afterwards(bench: Bench) -> None:
    bench.connect()
    bench.frame(authentication(LAPTOP))
    bench.take_events()
    bench.machine.stop(bench.now)
    assert outline(bench.drain()) == [
        f"Deauthentication {PHONE} 3",
        f"RemoveStation {PHONE}",
        f"Deauthentication {LAPTOP} 3",
        f"Deauthentication {BROADCAST} 3",
        "StopAccessPoint",
    ]
    assert bench.take_events() == [StationDisconnected(PHONE, "the access point stopped")]
    assert bench.machine.deadline is None
    assert bench.frame(authentication()) == []
    assert bench.receive(UnexpectedFrame(PHONE)) == []
    assert bench.receive(RadioLost("down")) == []
    assert bench.events == []


def test_what_is_heard_before_the_start_is_not_answered() -> None:
    bench = Bench(access_point())
    assert bench.frame(authentication()) == []
    assert bench.machine.deadline is None


def test_a_beacon_is_renewed_only_while_it_is_sent() -> None:
    bench = Bench(access_point())
    bench.machine.selected_registrar_changed()
    assert bench.drain() == []
    bench.start()
    bench.machine.selected_registrar_changed()
    assert outline(bench.drain()) == ["SetBeacon"]


def test_the_beacon_says_that_the_button_was_pressed() -> None:
    bench = wps_bench()
    assert bench.registrar is not None
    bench.registrar.press_button(bench.now)
    bench.machine.selected_registrar_changed()
    (command,) = bench.drain()
    assert isinstance(command, SetBeacon)
    assert bytes.fromhex("1041000101") in (unwrap(command.beacon.tail) or b"")
    assert bytes.fromhex("1041000101") in (unwrap(command.beacon.probe_response_elements) or b"")
    assert unwrap(command.beacon.association_response_elements) is not None


# ---- probe requests


@pytest.mark.parametrize("ssid", [SSID, Ssid(b"")])
@pytest.mark.parametrize("bssid", [AP, BROADCAST])
@pytest.mark.parametrize("destination", [AP, BROADCAST])
def test_a_probe_request_for_us_is_answered(
    bench: Bench, ssid: Ssid, bssid: MacAddress, destination: MacAddress
) -> None:
    (response,) = frames_of(bench.frame(probe(ssid, bssid=bssid, destination=destination)))
    assert isinstance(response, ProbeResponse)
    assert (response.destination, response.source, response.bssid) == (PHONE, AP, AP)
    assert response.parse_elements().ssid == SSID
    assert response.parse_elements().first_element(ElementId.RSN) == RSNE


@pytest.mark.parametrize(
    "request_frame",
    [
        probe(Ssid(b"elsewhere")),
        probe(None),
        probe(bssid=OTHER_AP),
        probe(destination=OTHER_AP, bssid=OTHER_AP),
        probe(destination=OTHER_AP),
    ],
)
def test_a_probe_request_for_others_is_not_answered(bench: Bench, request_frame: ProbeRequest) -> None:
    assert bench.frame(request_frame) == []


def test_a_hidden_network_answers_to_its_name_only() -> None:
    bench = Bench(access_point(is_hidden=True)).start()
    assert bench.frame(probe(Ssid(b""))) == []
    (response,) = frames_of(bench.frame(probe(SSID)))
    assert isinstance(response, ProbeResponse)
    assert response.parse_elements().ssid == SSID


def test_a_probe_request_with_wps_is_told_to_the_registrar_and_answered_with_wps() -> None:
    bench = wps_bench()
    (response,) = frames_of(bench.frame(wps_probe(PHONE, b"\x01" * 16)))
    assert isinstance(response, ProbeResponse)
    assert unwrap(response.elements) is not None
    assert bench.registrar is not None
    assert bench.registrar.enrollee(PHONE) is not None


def test_without_wps_the_wps_element_of_a_probe_request_is_nothing(bench: Bench) -> None:
    (response,) = frames_of(bench.frame(wps_probe(PHONE, b"\x01" * 16)))
    assert isinstance(response, ProbeResponse)
    assert unwrap(response.elements) is None


# ---- authentication


def test_open_system_authentication_is_granted(bench: Bench) -> None:
    (response,) = frames_of(bench.frame(authentication()))
    assert response == Authentication(PHONE, AP, AP, b"", 0, 2, 0)


@pytest.mark.parametrize(
    ("algorithm", "transaction", "status"), [(1, 1, 13), (3, 1, 13), (0, 2, 14), (0, 0xFFFF, 14), (7, 0xFFFF, 13)]
)
def test_other_authentications_are_refused_and_leave_nothing(
    bench: Bench, algorithm: int, transaction: int, status: int
) -> None:
    (response,) = frames_of(bench.frame(authentication(algorithm=algorithm, transaction=transaction)))
    assert response == Authentication(PHONE, AP, AP, b"", algorithm, (transaction + 1) & 0xFFFF, status)
    assert outline(bench.frame(association())) == [f"Deauthentication {PHONE} 6"]


def test_a_station_that_does_not_associate_is_forgotten_without_a_word(bench: Bench) -> None:
    bench.frame(authentication())
    assert bench.machine.deadline == bench.now + 10.0
    assert bench.pass_time(10.0) == []
    assert outline(bench.frame(association())) == [f"Deauthentication {PHONE} 6"]


def test_a_flood_of_authentications_pushes_out_the_oldest(bench: Bench) -> None:
    for number in range(MAXIMUM_UNASSOCIATED + 5):
        bench.frame(authentication(station_address(number)))
    assert outline(bench.frame(association(station_address(4)))) == [f"Deauthentication {station_address(4)} 6"]
    assert response_of(bench.frame(association(station_address(5)))).status_code == 0


def test_a_connected_station_that_authenticates_anew_begins_anew(bench: Bench) -> None:
    bench.connect()
    bench.take_events()
    assert outline(bench.frame(authentication())) == [f"RemoveStation {PHONE}", f"Authentication {PHONE} 0"]
    assert bench.take_events() == [StationDisconnected(PHONE, "it authenticated anew")]
    assert bench.machine.connected_stations == []


def test_a_full_network_refuses_newcomers_and_not_those_it_has() -> None:
    bench = Bench(access_point(max_stations=1)).start()
    bench.connect(PHONE)
    assert outline(bench.frame(authentication(LAPTOP))) == [f"Authentication {LAPTOP} 17"]
    assert outline(bench.frame(authentication(PHONE)))[-1] == f"Authentication {PHONE} 0"


def test_the_last_place_is_for_who_associates_first() -> None:
    bench = Bench(access_point(max_stations=1)).start()
    bench.frame(authentication(PHONE))
    bench.frame(authentication(LAPTOP))
    assert response_of(bench.frame(association(LAPTOP))).status_code == 0
    refused = response_of(bench.frame(association(PHONE)))
    assert (refused.status_code, refused.aid) == (17, 0)


def test_a_flood_of_associations_without_acknowledgement_is_bounded() -> None:
    bench = Bench(access_point(max_stations=8)).start()
    accepted = 0
    for number in range(100):
        bench.frame(authentication(station_address(number)))
        accepted += len(only(bench.frame(association(station_address(number))), AddStation))
    assert accepted == 8
    assert len(only(bench.pass_time(2.0), RemoveStation)) == 8
    assert outline(bench.frame(authentication()))[-1] == f"Authentication {PHONE} 0"


def test_who_did_not_acknowledge_makes_room_for_who_may() -> None:
    bench = Bench(access_point(max_stations=2)).start()
    bench.connect(PHONE)
    bench.frame(authentication(station_address(1)))
    token = only(bench.frame(association(station_address(1))), SendFrame)[0].token
    assert token is not None
    assert outline(bench.frame(authentication(LAPTOP))) == [f"Authentication {LAPTOP} 17"]
    bench.receive(FrameStatus(token, is_acknowledged=False))
    assert outline(bench.frame(authentication(LAPTOP))) == [f"Authentication {LAPTOP} 0"]
    commands = outline(bench.frame(association(LAPTOP)))
    assert commands[0] == f"RemoveStation {station_address(1)}"
    assert bench.machine.connected_stations == [PHONE]


def test_who_speaks_although_its_acknowledgement_was_lost_keeps_its_place() -> None:
    bench = Bench(access_point(max_stations=1)).start()
    bench.frame(authentication(PHONE))
    token = only(bench.frame(association(PHONE)), SendFrame)[0].token
    assert token is not None
    bench.receive(FrameStatus(token, is_acknowledged=False))
    bench.eapol(PHONE, b"\x02\x01\x00\x00")
    assert outline(bench.frame(authentication(LAPTOP))) == [f"Authentication {LAPTOP} 17"]


def test_no_more_stations_than_association_identifiers() -> None:
    stations = Stations(5000)
    for number in range(2007):
        station = stations.add(station_address(number), 0.0)
        station.state, station.aid = StationState.ASSOCIATING, number + 1
    assert stations.is_full_for(PHONE)
    stations.remove(station)
    assert not stations.is_full_for(PHONE)
    assert stations.free_aid() == 2007


# ---- what makes no sense


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xb0",
        replace(authentication(), source=BROADCAST),
        replace(authentication(), source=AP),
        replace(authentication(), destination=OTHER_AP),
        replace(authentication(), destination=BROADCAST),
        replace(authentication(), bssid=OTHER_AP),
        AssociationResponse(AP, PHONE, AP, b"", Capability.ESS, 0, 1),
        Action(AP, PHONE, AP, 3, b""),
    ],
)
def test_frames_that_are_not_for_us_are_dropped(bench: Bench, frame: Frame | bytes) -> None:
    assert bench.frame(frame) == []


def test_eapol_of_a_station_that_is_not_associated_is_dropped(bench: Bench) -> None:
    assert bench.eapol(PHONE, EAPOL_START) == []
    bench.frame(authentication())
    assert bench.eapol(PHONE, EAPOL_START) == []


@pytest.mark.parametrize("seed", range(20))
def test_no_octets_make_the_machine_raise(seed: int) -> None:
    """Frames of a small world, changed at random, in every order, with time passing between them."""
    dice = random.Random(seed)
    shared = registrar(str(seed))
    bench = Bench(
        access_point(PROTECTED if seed % 2 else OPEN, shared, max_stations=3, group_rekey=5.0), shared
    ).start()
    extras = (RSNE, WPS1, WPS2, b"", RSNE + WPS2, b"\xdd\x05\x00\x50\xf2\x04\x10")
    addresses = [station_address(number) for number in range(5)]
    tokens = [1]
    for _ in range(400):
        source = dice.choice(addresses)
        request: AssociationRequest = association(source, dice.choice(extras))
        frames: list[Frame] = [
            authentication(source),
            request,
            reassociation(source, dice.choice(extras)),
            Deauthentication(AP, source, AP, 3),
            Disassociation(AP, source, AP, 3),
            wps_probe(source, dice.randbytes(16)),
        ]
        octets = bytearray(dice.choice(frames[:3] * 3 + frames).encode())
        if dice.random() < 0.3:
            octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)
        if dice.random() < 0.1:
            del octets[dice.randrange(len(octets)) :]
        pdu = dice.choice((EAPOL_START, bytes.fromhex("01020000"), dice.randbytes(dice.randrange(40))))
        happenings: list[RadioEvent] = [
            FrameReceived(bytes(octets)),
            FrameReceived(bytes(octets)),
            FrameReceived(bytes(octets)),
            EapolReceived(source, pdu),
            FrameStatus(dice.choice(tokens[-3:]), dice.random() < 0.8),
            UnexpectedFrame(source),
            StationProbed(source, dice.random() < 0.8),
            StationActivity(((source, dice.randrange(600_000)),)),
            StationAssociated(source, dice.choice(extras)),
            StationLeft(source),
            CommandFailed(AuthorizeStation(source), "busy"),
        ]
        for command in only(bench.receive(dice.choice(happenings)), SendFrame):
            tokens += [command.token] if command.token is not None else []
        if dice.random() < 0.1:
            bench.machine.cancel_wps(bench.now)
            bench.drain()
        bench.pass_time(dice.choice((0.0, 0.001, 0.05, 1.0, 6.0)))
        assert len(bench.machine.connected_stations) <= 3
    bench.machine.stop(bench.now)
    assert outline(bench.drain())[-1] == "StopAccessPoint"
    assert bench.machine.deadline is None
