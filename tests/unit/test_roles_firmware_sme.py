# SPDX-License-Identifier: BSD-3-Clause
"""The access point machine where firmware associates the stations: event by event."""

from dataclasses import replace

import pytest
from tests.unit.roles_bench import (
    LAPTOP,
    OPEN,
    PHONE,
    PROTECTED,
    RSNE,
    WPS1,
    WPS2,
    Bench,
    BenchEnrollee,
    access_point,
    elements_of,
    only,
    outline,
    registrar,
)

from wpsagent.dot11.elements import ElementId, Elements
from wpsagent.dot11.frames import ReasonCode, StatusCode
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.ports import (
    AddStation,
    ReadActivity,
    SendEapol,
    SendFrame,
    StartAccessPoint,
    StationActivity,
    StationAssociated,
    StationLeft,
)
from wpsagent.roles.admission import reason_for
from wpsagent.roles.events import StationConnected, StationDisconnected
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, AkmSuite, CipherSuite, RsnCapability, Rsne
from wpsagent.wsc.credential import NetworkSettings

FIRMWARE = replace(SIMULATED_CAPABILITIES, has_ap_sme=True, has_control_port=False)


def bench(settings: NetworkSettings = PROTECTED, *, has_wps: bool = True, max_stations: int = 64) -> Bench:
    shared = registrar() if has_wps else None
    machine = access_point(settings, shared, max_stations=max_stations, capabilities=FIRMWARE)
    return Bench(machine, shared).start()


def came(elements: bytes = RSNE) -> StationAssociated:
    return StationAssociated(PHONE, elements_of(elements))


def test_a_station_with_a_key_begins_the_handshake_at_once() -> None:
    there = bench()
    commands = there.receive(came())
    assert outline(commands) == [f"SendEapol {PHONE}", "ReadGroupSequence"]
    assert there.machine.connected_stations == []


def test_on_an_open_network_the_port_is_opened_at_once() -> None:
    there = bench(OPEN)
    assert outline(there.receive(came(b""))) == [f"AuthorizeStation {PHONE}"]
    assert there.take_events() == [StationConnected(PHONE)]


@pytest.mark.parametrize(("elements", "is_asked"), [(WPS2, True), (WPS1, False), (b"", False)])
def test_for_wps_it_is_asked_who_it_is_or_waited_for(elements: bytes, is_asked: bool) -> None:
    there = bench()
    assert bool(only(there.receive(came(elements)), SendEapol)) == is_asked
    enrollee = BenchEnrollee(there, PHONE, b"\x77" * 16, is_wps2=is_asked)
    assert enrollee.bench.machine.connected_stations == []


def test_garbled_elements_are_read_as_far_as_they_go() -> None:
    there = bench()
    commands = there.receive(StationAssociated(PHONE, RSNE + b"\xdd\xff\x00"))
    assert outline(commands) == [f"SendEapol {PHONE}", "ReadGroupSequence"]


def wanting(rsne: Rsne) -> bytes:
    return rsne.element()


@pytest.mark.parametrize(
    ("elements", "has_wps", "reason"),
    [
        (wanting(replace(WPA2_PSK_CCMP, group_cipher=CipherSuite.TKIP)), True, ReasonCode.INVALID_GROUP_CIPHER),
        (
            wanting(replace(WPA2_PSK_CCMP, pairwise_ciphers=(CipherSuite.TKIP,))),
            True,
            ReasonCode.INVALID_PAIRWISE_CIPHER,
        ),
        (wanting(replace(WPA2_PSK_CCMP, akm_suites=(AkmSuite.SAE,))), True, ReasonCode.INVALID_AKMP),
        (wanting(replace(WPA2_PSK_CCMP, version=2)), True, ReasonCode.UNSUPPORTED_RSNE_VERSION),
        (
            wanting(replace(WPA2_PSK_CCMP, capabilities=RsnCapability.NO_PAIRWISE)),
            True,
            ReasonCode.INVALID_RSNE_CAPABILITIES,
        ),
        (b"\x30\x01\x01", True, ReasonCode.INVALID_ELEMENT),
        (b"", False, ReasonCode.INVALID_ELEMENT),
    ],
)
def test_who_is_not_wanted_is_sent_away_with_the_reason(elements: bytes, has_wps: bool, reason: ReasonCode) -> None:
    there = bench(has_wps=has_wps)
    assert outline(there.receive(came(elements))) == [f"Deauthentication {PHONE} {int(reason)}"]
    assert there.take_events() == []
    assert there.receive(StationLeft(PHONE)) == []


def test_a_status_without_a_reason_of_its_own() -> None:
    assert reason_for(StatusCode.ROBUST_MANAGEMENT_POLICY_VIOLATION) is ReasonCode.UNSPECIFIED_REASON


def test_a_full_network_sends_the_next_away() -> None:
    there = bench(OPEN, max_stations=1)
    there.receive(came(b""))
    commands = there.receive(StationAssociated(LAPTOP, elements_of(b"")))
    assert outline(commands) == [f"Deauthentication {LAPTOP} {int(ReasonCode.NO_MORE_STAS)}"]
    assert outline(there.receive(came(b"")))[-1] == f"AuthorizeStation {PHONE}"


def test_who_comes_again_begins_anew_and_who_left_is_gone() -> None:
    there = bench(OPEN)
    there.receive(came(b""))
    there.receive(came(b""))
    there.receive(StationLeft(PHONE))
    assert [type(event) for event in there.take_events()] == [
        StationConnected,
        StationDisconnected,
        StationConnected,
        StationDisconnected,
    ]
    assert there.machine.connected_stations == []
    assert there.receive(StationLeft(PHONE)) == []


def test_a_station_that_leaves_in_the_middle_of_its_run_abandons_it() -> None:
    there = bench()
    assert there.registrar is not None
    there.registrar.press_button(there.now)
    enrollee = BenchEnrollee(there, PHONE, b"\x77" * 16)
    enrollee.take(there.receive(came(WPS2)), at_most=4)
    there.receive(StationLeft(PHONE))
    again = BenchEnrollee(there, PHONE, b"\x77" * 16)
    again.take(there.receive(came(WPS2)))
    assert again.has_credential
    assert outline(there.pass_time(0.02)) == [
        f"Deauthentication {PHONE} {int(ReasonCode.IEEE_802_1X_AUTH_FAILED)}",
        f"RemoveStation {PHONE}",
    ]


def test_nobody_is_asked_whether_he_is_there() -> None:
    there = bench(OPEN)
    there.receive(came(b""))
    assert not only(there.pass_time(3600.0), ReadActivity)
    assert there.receive(StationActivity(((PHONE, 3_600_000),))) == []


def test_no_frames_but_farewells_and_no_stations_are_asked_for() -> None:
    there = bench()
    assert not only(there.receive(came()), AddStation)
    assert not only(there.commands, SendFrame)


def test_the_network_announces_replay_counters_so_that_firmware_keeps_wmm() -> None:
    machine = access_point(PROTECTED, capabilities=FIRMWARE)
    machine.start(0.0)
    (start,) = only(machine.messages_to_send(), StartAccessPoint)
    body = Elements.decode(start.beacon.tail).first(ElementId.RSN)
    assert body is not None
    assert Rsne.decode(body).capabilities == RsnCapability.PTKSA_REPLAY_COUNTER


def test_nothing_is_heard_before_the_start() -> None:
    machine = access_point(OPEN, capabilities=FIRMWARE)
    machine.receive(came(b""), 0.0)
    assert machine.messages_to_send() == []
