# SPDX-License-Identifier: BSD-3-Clause
"""Enrollee and registrar joined in memory: whole runs of every kind, with fixed entropy, and links that misbehave."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.wsc_runs import (
    AP_ADDRESS,
    AP_SETTINGS,
    CREDENTIAL,
    PIN,
    PUSH_BUTTON,
    STATION_ADDRESS,
    UUID_AP,
    UUID_STATION,
    RecordingAuthority,
    ap_enrollee,
    ap_registrar,
    converse,
    deliver,
    events_of,
    fixed_entropy,
    pin_authority,
    station,
    station_parameters,
    station_registrar,
    types_of,
)

from wpsagent.crypto.derivation import public_key_hash
from wpsagent.crypto.diffie_hellman import generate_key_pair
from wpsagent.octets import Ssid
from wpsagent.wsc.credential import ApSettings, encode_credentials
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, MessageType, OpCode
from wpsagent.wsc.events import (
    ApPinVerified,
    ApSettingsReceived,
    ApSettingsTold,
    CredentialsReceived,
    M2dReceived,
    NewApSettings,
    RunFailed,
    RunSucceeded,
)
from wpsagent.wsc.messages import WscNack, decode_message
from wpsagent.wsc.registrar import Grant, Purpose, Refusal, Registrar, RunOutcome

FULL_RUN = ["M1", "M2", "M3", "M4", "M5", "M6", "M7", "M8", "WSC_DONE"]
NFC_PASSWORD = b"CB7FE7A25053F8F5BF822660C21E66D8A58D3393BB78494E239031D6AABCB90C"


def nacks_of(transcript: list[tuple[OpCode, bytes]]) -> list[int]:
    return [WscNack.decode(octets).configuration_error for op_code, octets in transcript if op_code is OpCode.WSC_NACK]


def failures_of(machine: Enrollee | Registrar) -> list[tuple[MessageType | None, int]]:
    return [(e.message_type, e.configuration_error) for e in events_of(machine) if isinstance(e, RunFailed)]


def test_a_run_with_fixed_entropy_repeats_itself_octet_by_octet() -> None:
    transcript = converse(station(), ap_registrar())
    assert types_of(transcript) == FULL_RUN
    assert transcript == converse(station(), ap_registrar())
    digest = hashlib.sha256(b"".join(octets for _, octets in transcript)).hexdigest()
    assert digest == "384bad970002a4b0ce83f610485b96d553ee472f5fed932f2f3f13e65e88ff7a"


def test_a_station_is_enrolled() -> None:
    (
        enrollee,
        registrar,
    ) = station(), ap_registrar()
    converse(enrollee, registrar)
    assert events_of(enrollee) == [
        CredentialsReceived((CREDENTIAL,), encode_credentials([CREDENTIAL])),
        RunSucceeded(UUID_AP, "Access Point"),
    ]
    assert events_of(registrar) == [RunSucceeded(UUID_STATION, "Wireless Client", STATION_ADDRESS)]


@pytest.mark.parametrize(
    ("password", "device_password_id"),
    [(PIN, 0), (b"1234", 0), (PUSH_BUTTON, 4), (NFC_PASSWORD, 0xBFAB), (b"odd", 1)],
    ids=["PIN of 8 digits", "PIN of 4 digits", "push button", "NFC password", "odd length"],
)
def test_every_kind_of_password(password: bytes, device_password_id: int) -> None:
    enrollee = station(password, device_password_id=device_password_id)
    authority = pin_authority(password, device_password_id)
    assert types_of(converse(enrollee, ap_registrar(authority))) == FULL_RUN
    assert enrollee.is_successful
    assert authority.outcomes == [RunOutcome.SUCCEEDED]


def test_a_station_that_entered_a_wrong_first_half() -> None:
    enrollee, authority = station(b"99995670"), pin_authority()
    registrar = ap_registrar(authority)
    transcript = converse(enrollee, registrar)
    assert types_of(transcript) == ["M1", "M2", "M3", "M4", "WSC_NACK"]
    assert nacks_of(transcript) == [18]
    assert failures_of(enrollee) == failures_of(registrar) == [(MessageType.M4, 18)]
    assert authority.outcomes == [RunOutcome.FIRST_HALF_FAILED]


def test_a_station_that_entered_a_wrong_second_half() -> None:
    enrollee, authority = station(b"12349999"), pin_authority()
    registrar = ap_registrar(authority)
    transcript = converse(enrollee, registrar)
    assert types_of(transcript) == ["M1", "M2", "M3", "M4", "M5", "M6", "WSC_NACK"]
    assert nacks_of(transcript) == [18]
    assert failures_of(enrollee) == failures_of(registrar) == [(MessageType.M6, 18)]
    assert authority.outcomes == [RunOutcome.SECOND_HALF_FAILED]


def test_m2d_of_one_registrar_and_then_m2_of_another_in_one_run() -> None:
    """The Authenticator of M2 is still over M1: M2D and its WSC_ACK are no part of the chain."""
    enrollee = station()
    ignorant = Registrar(ap_registrar()._parameters, RecordingAuthority(Refusal()), fixed_entropy("other"))
    m1: list[tuple[OpCode, bytes]] = []

    def keep_m1(op_code: OpCode, octets: bytes) -> list[tuple[OpCode, bytes]]:
        m1.append((op_code, octets))
        return [(op_code, octets)]

    assert types_of(converse(enrollee, ignorant, keep_m1)) == ["M1", "M2D", "WSC_ACK"]
    assert ignorant.is_finished
    registrar = ap_registrar()
    registrar.receive(*m1[0], 0.0)
    assert types_of(converse(enrollee, registrar)) == FULL_RUN[1:]
    m2d, received, succeeded = events_of(enrollee)
    assert isinstance(m2d, M2dReceived)
    assert isinstance(received, CredentialsReceived)
    assert isinstance(succeeded, RunSucceeded)


@pytest.mark.parametrize(
    ("question", "sent", "message_type"),
    [(1, 3, MessageType.M3), (2, 5, MessageType.M5), (3, 7, MessageType.M7)],
)
def test_overlap_in_the_middle_of_a_run(question: int, sent: int, message_type: MessageType) -> None:
    enrollee = station(PUSH_BUTTON, device_password_id=4)
    registrar = ap_registrar(pin_authority(PUSH_BUTTON, 4, overlaps_at=question))
    transcript = converse(enrollee, registrar)
    # The registrar's NACK, and the station's own in answer to it.
    assert types_of(transcript) == [*FULL_RUN[:sent], "WSC_NACK", "WSC_NACK"]
    assert nacks_of(transcript) == [12, 0]
    assert failures_of(registrar) == failures_of(enrollee) == [(message_type, 12)]


def test_overlap_at_m1_is_told_by_m2d() -> None:
    enrollee, registrar = station(PUSH_BUTTON, device_password_id=4), ap_registrar(RecordingAuthority(Refusal(12)))
    assert types_of(converse(enrollee, registrar)) == ["M1", "M2D", "WSC_ACK"]
    assert failures_of(registrar) == [(MessageType.M1, 12)]
    (event,) = events_of(enrollee)
    assert isinstance(event, M2dReceived)
    assert event.configuration_error == 12


# ---- an access point as enrollee


def test_a_registrar_in_a_station_learns_the_settings() -> None:
    enrollee, registrar = ap_enrollee(), station_registrar(Purpose.LEARN)
    transcript = converse(enrollee, registrar)
    assert types_of(transcript) == [*FULL_RUN[:7], "WSC_NACK"]
    assert nacks_of(transcript) == [0]
    learnt, succeeded = events_of(registrar)
    assert isinstance(learnt, ApSettingsReceived)
    assert learnt.settings == AP_SETTINGS
    assert (learnt.uuid_e, learnt.mac_address) == (UUID_AP, AP_ADDRESS)
    assert learnt.octets.endswith(AP_SETTINGS.encode_for_registrar())
    assert succeeded == RunSucceeded(UUID_AP, "Access Point", AP_ADDRESS)
    assert registrar.is_successful
    # WSC_NACK is how the registrar says that it wants no more: the run has not failed.
    assert events_of(enrollee) == [
        ApPinVerified(),
        ApSettingsTold(),
        RunSucceeded(UUID_STATION, "Wireless Client"),
    ]
    assert enrollee.is_successful


def test_a_registrar_in_a_station_configures_the_access_point() -> None:
    settings = ApSettings(Ssid(b"new"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"newpassword")
    enrollee = ap_enrollee()
    registrar = station_registrar(Purpose.CONFIGURE, new_settings=settings)
    assert types_of(converse(enrollee, registrar)) == [*FULL_RUN, "WSC_ACK"]
    assert enrollee.is_successful
    assert registrar.is_successful
    _, new, _ = events_of(enrollee)
    assert isinstance(new, NewApSettings)
    assert new.settings == replace(settings, mac_address=AP_ADDRESS)


# ---- NFC


def handover(registrars_hash: bytes | None = None) -> tuple[Enrollee, Registrar, RecordingAuthority]:
    """Two devices that told each other the hashes of their keys by NFC."""
    pair = generate_key_pair(fixed_entropy("announced"))
    told = registrars_hash or public_key_hash(pair.public)
    enrollee = station(None, device_password_id=7, peer_public_key_hash=told)
    authority = RecordingAuthority(Grant(b"", 7, is_abbreviated=True, key_pair=pair))
    return enrollee, ap_registrar(authority), authority


def test_the_abbreviated_handshake() -> None:
    enrollee, registrar, authority = handover()
    assert types_of(converse(enrollee, registrar)) == ["M1", "M2", "WSC_DONE"]
    received, _ = events_of(enrollee)
    assert isinstance(received, CredentialsReceived)
    assert received.credentials == (CREDENTIAL,)
    assert registrar.is_successful
    assert authority.outcomes == [RunOutcome.SUCCEEDED]


def test_the_abbreviated_handshake_with_another_key_than_announced() -> None:
    enrollee, registrar, authority = handover(b"h" * 20)
    transcript = converse(enrollee, registrar)
    assert types_of(transcript) == ["M1", "M2", "WSC_NACK"]
    assert nacks_of(transcript) == [20]
    assert failures_of(enrollee) == [(MessageType.M2, 20)]
    assert authority.outcomes == [RunOutcome.ABANDONED]


def test_credentials_in_m2_mean_nothing_to_who_was_told_no_key() -> None:
    """Whoever runs by PIN goes through the whole run: M2 alone proves no knowledge of the PIN."""
    enrollee = station()
    registrar = ap_registrar(RecordingAuthority(Grant(PIN, 0, is_abbreviated=True)))
    transcript = converse(enrollee, registrar)
    assert "M3" in types_of(transcript)
    assert not enrollee.is_successful


# ---- peers of other versions


@pytest.mark.parametrize("enrollees", [None, 0x20, 0x43])
@pytest.mark.parametrize("registrars", [None, 0x20, 0x43])
def test_peers_of_every_version_run_together(enrollees: int | None, registrars: int | None) -> None:
    enrollee = station(version2=enrollees)
    transcript = converse(enrollee, ap_registrar(version2=registrars))
    assert enrollee.is_successful
    versions = [decode_message(octets).wfa.version2 for _, octets in transcript]
    assert versions == [enrollees, registrars] * 4 + [enrollees]


EXTENSIBILITY = bytes.fromhex("10fa0003010203")


class ExtensibleEnrollee(Enrollee):
    """Sends an attribute that nobody knows in every message it seals."""

    def _seal(self, octets: bytes) -> bytes:
        return super()._seal(octets + EXTENSIBILITY)

    def _encrypt(self, settings: bytes) -> bytes:
        return super()._encrypt(settings + EXTENSIBILITY)


class ExtensibleRegistrar(Registrar):
    """Sends an attribute that nobody knows in every message it seals."""

    def _seal(self, octets: bytes) -> bytes:
        return super()._seal(octets + EXTENSIBILITY)

    def _encrypt(self, settings: bytes) -> bytes:
        return super()._encrypt(settings + EXTENSIBILITY)


def test_attributes_that_nobody_knows_are_skipped_but_protected() -> None:
    enrollee = ExtensibleEnrollee(station_parameters(), fixed_entropy("station"))
    registrar = ExtensibleRegistrar(ap_registrar()._parameters, pin_authority(), fixed_entropy("registrar"))
    transcript = converse(enrollee, registrar)
    assert [EXTENSIBILITY in octets for _, octets in transcript] == [False, *[True] * 7, False]
    assert enrollee.is_successful
    assert registrar.is_successful


# ---- links that misbehave

Link = Callable[[OpCode, bytes], list[tuple[OpCode, bytes]]]


def at_message(number: int, fate: Link) -> Link:
    """A link that delivers all but the number-th message as they are."""
    count = 0

    def link(op_code: OpCode, octets: bytes) -> list[tuple[OpCode, bytes]]:
        nonlocal count
        count += 1
        return (fate if count == number + 1 else deliver)(op_code, octets)

    return link


@pytest.mark.parametrize("number", range(9))
def test_a_message_that_is_lost_and_sent_again(number: int) -> None:
    """The link below repeats the same octets until they arrive: the run does not notice."""
    enrollee = station()
    lost: list[tuple[OpCode, bytes]] = []

    def lose(op_code: OpCode, octets: bytes) -> list[tuple[OpCode, bytes]]:
        lost.append((op_code, octets))
        return []

    registrar = ap_registrar()
    converse(enrollee, registrar, at_message(number, lose))
    (registrar if number % 2 == 0 else enrollee).receive(*lost[0], 0.0)
    converse(enrollee, registrar)
    assert enrollee.is_successful
    assert registrar.is_successful


@pytest.mark.parametrize(
    ("number", "outcomes"),
    [
        (0, []),
        (1, [RunOutcome.ABANDONED]),
        (2, [RunOutcome.ABANDONED]),
        (3, [RunOutcome.ABANDONED]),
        (4, [RunOutcome.ABANDONED]),
        (5, [RunOutcome.ABANDONED_AFTER_M6]),
        (6, [RunOutcome.ABANDONED_AFTER_M6]),
        (7, [RunOutcome.ABANDONED_AFTER_M6]),
        (8, [RunOutcome.ABANDONED_AFTER_M6]),
    ],
)
def test_a_message_that_is_lost_for_good(number: int, outcomes: list[RunOutcome]) -> None:
    enrollee, authority = station(), pin_authority()
    registrar = ap_registrar(authority)
    converse(enrollee, registrar, at_message(number, lambda op_code, octets: []))
    for machine in (enrollee, registrar):
        machine.abandon(0.0)
        assert machine.is_finished
    assert authority.outcomes == outcomes
    # WSC_Done lost: the station has its network all the same.
    assert enrollee.is_successful == (number == 8)
    assert failures_of(registrar) == [(MessageType.WSC_DONE if number >= 7 else None, 0)]


@pytest.mark.parametrize("number", range(9))
def test_a_message_that_arrives_twice_ends_the_run_unless_it_was_the_last(number: int) -> None:
    """Repeats are for EAP to find, by their Identifier; what comes through it twice is a fault of the peer."""
    enrollee, authority = station(), pin_authority()
    registrar = ap_registrar(authority)
    converse(enrollee, registrar, at_message(number, lambda op_code, octets: [(op_code, octets)] * 2))
    receiver = registrar if number % 2 == 0 else enrollee
    if number < 7:
        ((message_type, configuration_error),) = failures_of(receiver)
        assert message_type is not None
        assert (message_type.name, configuration_error) == (FULL_RUN[number], 0)
    assert receiver.is_successful == (number >= 7)
    assert len(authority.outcomes) == 1


@pytest.mark.parametrize("number", range(9))
def test_an_octet_changed_on_the_way_never_leads_to_success_unnoticed(number: int) -> None:
    """Whatever is changed in a protected message, its receiver does not go on; M1 is protected by what follows."""
    for at in range(0, 360, 7):

        def change(op_code: OpCode, octets: bytes, at: int = at) -> list[tuple[OpCode, bytes]]:
            spot = at % len(octets)
            return [(op_code, octets[:spot] + bytes((octets[spot] ^ 0x01,)) + octets[spot + 1 :])]

        enrollee, registrar = station(), ap_registrar()
        converse(enrollee, registrar, at_message(number, change))
        if number < 8:
            assert not (enrollee.is_successful and registrar.is_successful)


def all_kinds() -> list[tuple[Callable[[], Enrollee], Callable[[], Registrar]]]:
    configure: dict[str, Any] = {"new_settings": AP_SETTINGS}
    return [
        (station, ap_registrar),
        (ap_enrollee, lambda: station_registrar(Purpose.LEARN)),
        (ap_enrollee, lambda: station_registrar(Purpose.CONFIGURE, **configure)),
    ]


@pytest.mark.parametrize("kind", range(3))
def test_octets_at_random_never_raise(kind: int) -> None:
    """Each message of a run is replaced by a cut, grown or scrambled one, 15 times each."""
    make_enrollee, make_registrar = all_kinds()[kind]
    for seed in range(15):
        for number in range(9):

            def scramble(op_code: OpCode, octets: bytes, seed: int = seed) -> list[tuple[OpCode, bytes]]:
                noise = hashlib.shake_256(f"{seed} {len(octets)}".encode()).digest(8)
                at = int.from_bytes(noise[:2]) % len(octets)
                cut = octets[:at] + noise[2 : 2 + seed % 5] + octets[at + seed % 3 :]
                return [(op_code, cut[: None if seed % 2 else at + 4])]

            enrollee, registrar = make_enrollee(), make_registrar()
            converse(enrollee, registrar, at_message(number, scramble))
