# SPDX-License-Identifier: BSD-3-Clause
"""Conversations of an access point: handshakes, the change of the group key while stations come and go, WPS runs."""

import pytest
from tests.unit.roles_bench import (
    EAPOL_START,
    LAPTOP,
    OPEN,
    PHONE,
    PIN,
    PROTECTED,
    RSNE,
    WPS1,
    WPS2,
    Bench,
    BenchEnrollee,
    BenchStation,
    access_point,
    association,
    authentication,
    only,
    outline,
    registrar,
    station_address,
)

from wpsagent.dot11.frames import Deauthentication
from wpsagent.eap.machine import Role
from wpsagent.eap.packet import IDENTITY, WSC, EapCode, EapPacket
from wpsagent.ports import (
    AuthorizeStation,
    CommandFailed,
    FrameStatus,
    GroupSequence,
    InstallKey,
    RadioCommand,
    ReadGroupSequence,
    SendEapol,
    SendFrame,
)
from wpsagent.roles.events import (
    HandshakeFailed,
    StationConnected,
    StationDisconnected,
    WpsRunEnded,
    WpsRunFailed,
    WpsRunStarted,
)
from wpsagent.roles.sessions import EAP_FAILURE_DELAY
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import ConfigurationError, MessageType
from wpsagent.wsc.internal_registrar import EnrolmentSucceeded, PushButtonEnded

EAPOL_LOGOFF = bytes.fromhex("01020000")
UUID_PHONE, UUID_LAPTOP = b"\x01" * 16, b"\x02" * 16


@pytest.fixture
def bench() -> Bench:
    return Bench(access_point()).start()


def wps_bench(settings: NetworkSettings = PROTECTED) -> Bench:
    shared = registrar()
    return Bench(access_point(settings, shared), shared).start()


def pressed(settings: NetworkSettings = PROTECTED) -> Bench:
    bench = wps_bench(settings)
    assert bench.registrar is not None
    bench.registrar.press_button(bench.now)
    return bench


def registrar_events(bench: Bench) -> list[object]:
    assert bench.registrar is not None
    return list(iter(bench.registrar.next_event, None))


def eap_of(commands: list[RadioCommand]) -> list[EapPacket]:
    return [EapPacket.decode(command.pdu[4:]) for command in only(commands, SendEapol)]


# ---- RSN


def test_a_handshake_installs_the_key_and_then_opens_the_port(bench: Bench) -> None:
    commands = bench.associate()
    station = BenchStation(bench, PHONE)
    said = station.take(commands)
    assert outline(said) == [f"SendEapol {PHONE}", f"InstallKey 0 {PHONE}", f"AuthorizeStation {PHONE}"]
    (key,) = only(said, InstallKey)
    assert (key.key, key.cipher_suite) == (station.pairwise_key, 0x000FAC04)
    assert list(station.group_keys) == [1]
    assert bench.take_events() == [StationConnected(PHONE)]
    assert bench.machine.connected_stations == [PHONE]


def test_a_wrong_passphrase_is_told_and_the_station_sent_away(bench: Bench) -> None:
    commands = bench.associate()
    station = BenchStation(bench, PHONE, psk=b"\x06" * 32)
    station.take(commands)
    said = []
    for _ in range(4):
        said = bench.pass_time(1.0)
        station.take(said)
    assert outline(said) == [f"Deauthentication {PHONE} 15", f"RemoveStation {PHONE}"]
    (failed,) = bench.take_events()
    assert isinstance(failed, HandshakeFailed)
    assert "passphrase is probably wrong" in failed.text


def test_a_station_that_falls_silent_in_the_handshake_is_sent_away(bench: Bench) -> None:
    bench.associate()
    said = bench.pass_time(5.0)
    assert outline(said) == [f"SendEapol {PHONE}"] * 3 + [f"Deauthentication {PHONE} 15", f"RemoveStation {PHONE}"]
    assert bench.take_events() == [HandshakeFailed(PHONE, "the station did not answer message 1 (4 tries)")]


def test_wps_and_foreign_frames_of_a_station_with_rsn_are_nothing(bench: Bench) -> None:
    bench.connect()
    assert bench.eapol(PHONE, EAPOL_START) == []
    assert bench.eapol(PHONE, EAPOL_LOGOFF) == []
    assert bench.eapol(PHONE, b"") == []
    assert bench.machine.connected_stations == [PHONE]


# ---- the group key


def test_a_new_group_key_is_used_when_everybody_has_it(bench: Bench) -> None:
    phone, laptop = bench.connect(PHONE), bench.connect(LAPTOP)
    bench.machine.rekey(bench.now)
    commands = bench.drain()
    assert outline(commands) == [f"SendEapol {PHONE} encrypted", f"SendEapol {LAPTOP} encrypted"]
    bench.machine.rekey(bench.now)
    assert bench.drain() == []  # one change at a time
    assert phone.take(commands) == []
    said = laptop.take(commands)
    assert outline(said) == ["InstallKey 2 group"]
    assert only(said, InstallKey)[0].key == phone.group_keys[2] == laptop.group_keys[2]


def test_who_joins_is_told_how_far_the_group_key_has_been_used(bench: Bench) -> None:
    commands = bench.associate()
    assert only(commands, ReadGroupSequence) == [ReadGroupSequence(1)]
    bench.receive(GroupSequence(1, b"\x07\x01\x00\x00\x00\x00"))
    phone = BenchStation(bench, PHONE)
    phone.take(commands)
    assert phone.packet_numbers == {1: b"\x07\x01\x00\x00\x00\x00"}
    bench.machine.rekey(bench.now)
    phone.take(bench.drain())
    assert phone.packet_numbers[2] == bytes(6)  # nothing was sent with it yet
    bench.receive(GroupSequence(1, b"\x08" + bytes(5)))  # asked before the change
    laptop = BenchStation(bench, LAPTOP)
    laptop.take(bench.associate(LAPTOP))
    assert laptop.packet_numbers == {2: bytes(6)}


def test_a_radio_that_cannot_tell_the_packet_number_is_one_all_the_same(bench: Bench) -> None:
    commands = bench.associate()
    bench.receive(CommandFailed(ReadGroupSequence(1), "not supported"))
    phone = BenchStation(bench, PHONE)
    phone.take(commands)
    assert phone.packet_numbers == {1: bytes(6)}
    assert bench.machine.connected_stations == [PHONE]


def test_the_group_key_changes_by_the_clock_and_its_index_alternates() -> None:
    bench = Bench(access_point(group_rekey=100.0)).start()
    assert outline(bench.pass_time(100.0)) == ["InstallKey 2 group"]
    assert outline(bench.pass_time(100.0)) == ["InstallKey 1 group"]


def test_without_an_interval_the_group_key_never_changes() -> None:
    bench = Bench(access_point(group_rekey=0)).start()
    assert bench.pass_time(1_000_000) == []


def test_a_station_that_does_not_confirm_the_group_key_holds_nobody_up(bench: Bench) -> None:
    phone, laptop = bench.connect(PHONE), bench.connect(LAPTOP)
    bench.take_events()
    bench.machine.rekey(bench.now)
    phone.take(bench.drain())
    del laptop
    said = bench.pass_time(10.0)
    assert outline(said)[-3:] == [
        f"Deauthentication {LAPTOP} 16",
        f"RemoveStation {LAPTOP}",
        "InstallKey 2 group",
    ]
    assert bench.take_events()[-1] == StationDisconnected(
        LAPTOP, "the station did not confirm the new group key (4 tries)"
    )


def test_a_station_that_leaves_during_the_change_holds_nobody_up(bench: Bench) -> None:
    bench.connect(PHONE)
    bench.machine.rekey(bench.now)
    bench.drain()
    assert outline(bench.frame(authentication(PHONE))) == [
        f"RemoveStation {PHONE}",
        "InstallKey 2 group",
        f"Authentication {PHONE} 0",
    ]


def test_a_station_that_comes_during_the_change_gets_the_new_key_after_its_handshake(bench: Bench) -> None:
    phone = bench.connect(PHONE)
    bench.machine.rekey(bench.now)
    to_phone = bench.drain()
    laptop = bench.connect(LAPTOP)
    assert sorted(laptop.group_keys) == [1, 2]
    assert outline(phone.take(to_phone)) == ["InstallKey 2 group"]
    assert phone.group_keys[2] == laptop.group_keys[2]


def test_a_station_in_its_handshake_during_two_changes_gets_the_newest_key(bench: Bench) -> None:
    """The index of the newest key is that of the first again: what counts is the key."""
    commands = bench.associate(PHONE)
    for index in (2, 1):
        bench.machine.rekey(bench.now)
        last = bench.drain()
        assert outline(last) == [f"InstallKey {index} group"]
    station = BenchStation(bench, PHONE)
    station.take(commands)
    assert station.group_keys[1] == only(last, InstallKey)[0].key
    bench.machine.rekey(bench.now)
    assert outline(station.take(bench.drain())) == ["InstallKey 2 group"]


def test_a_change_begins_while_a_late_comer_is_still_being_given_the_last_key(bench: Bench) -> None:
    commands = bench.associate(PHONE)
    bench.machine.rekey(bench.now)
    bench.drain()
    station = BenchStation(bench, PHONE)
    while outline(commands) and not any(isinstance(c, AuthorizeStation) for c in commands):
        station.supplicant.receive(only(commands, SendEapol)[-1].pdu, bench.now)
        commands = bench.eapol(PHONE, station.supplicant.messages_to_send()[0].pdu)
    assert outline(commands)[-1] == f"SendEapol {PHONE} encrypted"
    bench.machine.rekey(bench.now)
    said = bench.drain()
    assert outline(said) == [f"SendEapol {PHONE} encrypted"]
    assert outline(station.take(said)) == ["InstallKey 1 group"]


# ---- WPS


def test_a_wps2_station_is_asked_for_its_identity_at_once() -> None:
    bench = pressed()
    commands = bench.associate(extra=WPS2)
    (request,) = eap_of(commands)
    assert (request.code, request.method) == (EapCode.REQUEST, IDENTITY)


@pytest.mark.parametrize("extra", [WPS1, b"", b"\xdd\x05\x00\x50\xf2\x04\x10"])
def test_other_stations_begin_with_eapol_start(extra: bytes) -> None:
    bench = pressed()
    assert bench.associate(extra=extra) == []
    (request,) = eap_of(bench.eapol(PHONE, EAPOL_START))
    assert (request.code, request.method) == (EapCode.REQUEST, IDENTITY)


@pytest.mark.parametrize("is_wps2", [True, False])
def test_a_whole_run_ends_with_failure_and_ten_milliseconds_later_with_deauthentication(is_wps2: bool) -> None:
    bench = pressed()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE, is_wps2=is_wps2)
    commands = bench.associate(extra=WPS2 if is_wps2 else WPS1)
    said = enrollee.take(commands if is_wps2 else bench.eapol(PHONE, EAPOL_START))
    assert eap_of(said)[-1].code == EapCode.FAILURE
    assert enrollee.has_credential
    assert bench.take_events() == [
        WpsRunStarted(PHONE),
        WpsRunEnded(PHONE, "the registration protocol came to its end"),
    ]
    assert any(isinstance(event, EnrolmentSucceeded) for event in registrar_events(bench))
    assert bench.machine.deadline == bench.now + EAP_FAILURE_DELAY
    assert bench.eapol(PHONE, EAPOL_START) == []
    assert outline(bench.pass_time(EAP_FAILURE_DELAY)) == [f"Deauthentication {PHONE} 23", f"RemoveStation {PHONE}"]
    assert bench.events == []


def test_a_pin_run_succeeds_and_a_wrong_pin_fails_with_its_numbers() -> None:
    for pin, is_right in ((PIN, True), (b"12345678", False)):
        bench = wps_bench()
        assert bench.registrar is not None
        bench.registrar.add_pin(PIN, bench.now)
        enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE, pin)
        enrollee.take(bench.associate(extra=WPS2))
        assert enrollee.has_credential is is_right
        failures = [event.failure for event in bench.take_events() if isinstance(event, WpsRunFailed)]
        assert [failure.configuration_error for failure in failures] == (
            [] if is_right else [ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE]
        )
        assert outline(bench.pass_time(0.1)) == [f"Deauthentication {PHONE} 23", f"RemoveStation {PHONE}"]


def test_without_a_press_an_enrollee_gets_nothing() -> None:
    bench = wps_bench()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2))
    assert not enrollee.has_credential
    assert bench.machine.connected_stations == []
    assert not any(isinstance(event, WpsRunFailed) for event in bench.take_events())


def test_a_second_phone_in_the_window_gets_nothing_and_spoils_the_first() -> None:
    bench = pressed()
    first = BenchEnrollee(bench, PHONE, UUID_PHONE)
    first.take(bench.associate(PHONE, WPS2), at_most=3)
    second = BenchEnrollee(bench, LAPTOP, UUID_LAPTOP)
    second.take(bench.associate(LAPTOP, WPS2))
    for pdu in bench.pass_time(5.0):
        first.take([pdu])
    assert not first.has_credential
    assert not second.has_credential
    errors = {event.failure.configuration_error for event in bench.take_events() if isinstance(event, WpsRunFailed)}
    assert errors == {ConfigurationError.MULTIPLE_PBC_DETECTED}


@pytest.mark.parametrize("answered", range(8))
def test_a_phone_that_vanishes_after_any_answer_leaves_nothing_behind(answered: int) -> None:
    bench = pressed()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2), at_most=answered)
    bench.pass_time(20.0)
    assert outline(bench.frame(association())) == [f"Deauthentication {PHONE} 6"]
    assert bench.machine.deadline is not None
    # The window is still open, unless the phone had its credential: the next one is served.
    other = BenchEnrollee(bench, PHONE, UUID_PHONE)
    other.take(bench.associate(extra=WPS2))
    assert other.has_credential is (not enrollee.has_credential)


@pytest.mark.parametrize("answered", range(6))
def test_a_run_that_is_cancelled_after_any_answer_ends_with_failure(answered: int) -> None:
    bench = pressed()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2), at_most=answered)
    bench.machine.cancel_wps(bench.now)
    (failure,) = eap_of(bench.drain())
    assert failure.code == EapCode.FAILURE
    bench.machine.cancel_wps(bench.now)
    assert bench.drain() == []
    assert outline(bench.pass_time(1.0)) == [f"Deauthentication {PHONE} 23", f"RemoveStation {PHONE}"]


@pytest.mark.parametrize("answered", range(6))
def test_the_end_of_the_access_point_after_any_answer_ends_the_run(answered: int) -> None:
    bench = pressed()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2), at_most=answered)
    bench.machine.stop(bench.now)
    assert outline(bench.drain())[-4:-2] == [f"Deauthentication {PHONE} 3", f"RemoveStation {PHONE}"]
    assert not any(isinstance(event, PushButtonEnded) for event in registrar_events(bench))


def test_cancel_is_nothing_to_a_station_without_a_run() -> None:
    bench = wps_bench()
    bench.associate(PHONE, RSNE)
    bench.associate(LAPTOP, b"")
    bench.machine.cancel_wps(bench.now)
    assert bench.drain() == []


def test_eapol_start_in_the_middle_begins_anew() -> None:
    bench = pressed()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2), at_most=4)
    commands = bench.eapol(PHONE, EAPOL_START)
    assert eap_of(commands)[-1].method == IDENTITY
    again = BenchEnrollee(bench, PHONE, UUID_PHONE)
    again.take(commands)
    assert again.has_credential


def test_a_flood_of_eapol_start_repeats_one_request() -> None:
    bench = pressed()
    bench.associate(extra=WPS2)
    requests = {command.pdu for _ in range(50) for command in only(bench.eapol(PHONE, EAPOL_START), SendEapol)}
    assert len(requests) == 1


def test_a_station_that_waits_too_long_with_eapol_start_is_sent_away() -> None:
    bench = pressed()
    bench.associate(extra=b"")
    assert bench.pass_time(29.9) == []
    assert outline(bench.pass_time(0.2)) == [f"Deauthentication {PHONE} 2", f"RemoveStation {PHONE}"]


def test_a_run_may_last_longer_than_the_time_to_begin_it() -> None:
    bench = pressed()
    bench.associate(extra=b"")
    bench.pass_time(28.0)
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    commands = bench.eapol(PHONE, EAPOL_START)
    assert outline(bench.pass_time(4.0)) == []
    enrollee.take(commands)
    assert enrollee.has_credential


def test_a_foreign_identity_is_refused() -> None:
    bench = pressed()
    (request,) = eap_of(bench.associate(extra=WPS2))
    answer = EapPacket(EapCode.RESPONSE, request.identifier, IDENTITY, b"somebody").encode()
    commands = bench.eapol(PHONE, b"\x01\x00" + len(answer).to_bytes(2) + answer)
    assert eap_of(commands)[-1].code == EapCode.FAILURE
    (ended,) = bench.take_events()
    assert isinstance(ended, WpsRunEnded)


def test_a_station_that_would_be_our_registrar_gets_m1() -> None:
    bench = wps_bench()
    (request,) = eap_of(bench.associate(extra=WPS2))
    answer = EapPacket(EapCode.RESPONSE, request.identifier, IDENTITY, Role.REGISTRAR.value).encode()
    (m1,) = eap_of(bench.eapol(PHONE, b"\x01\x00" + len(answer).to_bytes(2) + answer))
    assert m1.method == WSC
    assert bytes((0x10, 0x22, 0, 1, MessageType.M1)) in m1.data


def test_a_station_with_rsn_that_had_a_run_has_only_its_handshake() -> None:
    bench = pressed()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2), at_most=4)
    station = bench.connect(PHONE)
    assert bench.machine.connected_stations == [PHONE]
    assert station.pairwise_key
    assert bench.eapol(PHONE, EAPOL_START) == []


def test_on_an_open_network_a_run_goes_on_beside_the_data() -> None:
    bench = pressed(OPEN)
    assert outline(bench.associate(extra=b"")) == [f"AuthorizeStation {PHONE}"]
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE, is_wps2=False)
    enrollee.take(bench.eapol(PHONE, EAPOL_START))
    assert enrollee.has_credential
    assert bench.machine.connected_stations == [PHONE]
    assert bench.pass_time(5.0) == []
    # ... and another one, if it likes
    assert eap_of(bench.eapol(PHONE, EAPOL_START))[-1].method == IDENTITY


def test_on_an_open_network_a_station_with_a_wps_element_is_there_for_wps() -> None:
    bench = pressed(OPEN)
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2))
    assert enrollee.has_credential
    assert outline(bench.pass_time(0.1)) == [f"Deauthentication {PHONE} 23", f"RemoveStation {PHONE}"]


def test_a_lost_acknowledgement_does_not_keep_a_run_from_beginning() -> None:
    bench = pressed()
    bench.frame(authentication())
    token = only(bench.frame(association(PHONE, WPS2)), SendFrame)[0].token or 0
    assert bench.receive(FrameStatus(token, False)) == []
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    commands = bench.eapol(PHONE, EAPOL_START)
    # Identity, because it is associated; and the same again, because it asked.
    assert len({command.pdu for command in only(commands, SendEapol)}) == 1
    enrollee.take(commands)
    assert enrollee.has_credential


def test_a_station_that_leaves_in_the_middle_abandons_its_run() -> None:
    bench = pressed()
    enrollee = BenchEnrollee(bench, PHONE, UUID_PHONE)
    enrollee.take(bench.associate(extra=WPS2), at_most=5)
    assert outline(bench.frame(Deauthentication(access_point().address, PHONE, access_point().address, 3))) == [
        f"RemoveStation {PHONE}"
    ]
    assert any(isinstance(event, WpsRunFailed) for event in bench.take_events())


def test_many_runs_at_once_are_kept_apart() -> None:
    bench = wps_bench()
    assert bench.registrar is not None
    enrollees = []
    for number in range(8):
        uuid = bytes((number,)) * 16
        bench.registrar.add_pin(PIN, bench.now, uuid_e=uuid)
        enrollee = BenchEnrollee(bench, station_address(number), uuid, PIN)
        enrollees.append((enrollee, bench.associate(station_address(number), WPS2)))
    for _ in range(20):
        enrollees = [(enrollee, enrollee.take(commands, at_most=1)) for enrollee, commands in enrollees]
    assert all(enrollee.has_credential for enrollee, _ in enrollees)
