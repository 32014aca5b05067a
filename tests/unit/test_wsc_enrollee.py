# SPDX-License-Identifier: BSD-3-Clause
"""The enrollee: every message in every state, M1, and each refusal with what it tells whom."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.wsc_runs import (
    AP_ADDRESS,
    AP_DEVICE,
    AP_SETTINGS,
    CREDENTIAL,
    PIN,
    PUSH_BUTTON,
    STATION_ADDRESS,
    STATION_DEVICE,
    UUID_AP,
    UUID_STATION,
    RecordingLock,
    any_message,
    ap_enrollee,
    ap_registrar,
    bring_to,
    converse,
    events_of,
    fixed_entropy,
    pin_authority,
    station,
    station_parameters,
    station_registrar,
    type_of,
)

from wpsagent.crypto.derivation import public_key_hash
from wpsagent.crypto.diffie_hellman import generate_key_pair
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.attributes import NO_WFA_EXTENSION, AttributeType, WfaExtension, encode_attribute
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.enrollee import MAXIMUM_M2DS, Enrollee, State
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigMethods,
    ConfigurationError,
    EncryptionType,
    ErrorIndication,
    MessageType,
    OpCode,
)
from wpsagent.wsc.events import (
    ApPinRefused,
    ApPinVerified,
    ApSettingsTold,
    M2dReceived,
    NewApSettings,
    RunFailed,
    RunSucceeded,
)
from wpsagent.wsc.messages import M1, M2, M2D, M7, M8, MESSAGES, NO_NONCE, WscAck, WscNack
from wpsagent.wsc.registrar import Purpose, Registrar

A = AttributeType
NONCE = b"r" * 16
REGISTRARS_MESSAGES = {MessageType.M2, MessageType.M2D, MessageType.M4, MessageType.M6, MessageType.M8}


def start(enrollee: Enrollee) -> M1:
    """Starts the enrollee; its M1."""
    enrollee.receive(OpCode.WSC_START, b"", 0.0)
    ((op_code, octets),) = enrollee.messages_to_send()
    assert op_code is OpCode.WSC_MSG
    return M1.decode(octets)


def pair_for(is_access_point: bool) -> tuple[Enrollee, Registrar]:
    if is_access_point:
        return ap_enrollee(), station_registrar(Purpose.CONFIGURE, new_settings=AP_SETTINGS)
    return station(), ap_registrar()


def in_state(state: State, is_access_point: bool) -> tuple[Enrollee, bytes, bytes]:
    """An enrollee in a state, and both nonces of its run as it knows them."""
    enrollee, registrar = pair_for(is_access_point)
    if state is State.EXPECT_START:
        return enrollee, NO_NONCE, NO_NONCE
    if state is State.FAILED:
        m1 = start(enrollee)
        enrollee.abandon(0.0)
        events_of(enrollee)
        return enrollee, m1.enrollee_nonce, NO_NONCE
    sent = bring_to(state, enrollee, enrollee, registrar)
    m2 = [M2.decode(octets) for octets in sent if type_of(octets) is MessageType.M2]
    registrar_nonce = m2[0].registrar_nonce if m2 and state is not State.EXPECT_M2 else NO_NONCE
    return enrollee, M1.decode(sent[0]).enrollee_nonce, registrar_nonce


STATES = [(state, True) for state in State] + [(state, False) for state in State if state is not State.EXPECT_ACK]


@pytest.mark.parametrize("message_type", list(MESSAGES))
@pytest.mark.parametrize(("state", "is_access_point"), STATES)
def test_every_message_in_every_state(state: State, is_access_point: bool, message_type: MessageType) -> None:
    """What proves nothing is answered by WSC_NACK, or ends the run without a word; it never brings a run forward."""
    enrollee, enrollee_nonce, registrar_nonce = in_state(state, is_access_point)
    was_successful = enrollee.is_successful
    enrollee.receive(*any_message(message_type, enrollee_nonce, registrar_nonce), 0.0)
    sent, events = enrollee.messages_to_send(), events_of(enrollee)
    if state in (State.SUCCEEDED, State.FAILED):
        assert (enrollee.state, sent, events) == (state, [], [])
        return
    row = Enrollee.transitions[state]
    if message_type not in row:
        assert enrollee.state is State.FAILED
        is_answered = message_type in REGISTRARS_MESSAGES
        assert [op_code for op_code, _ in sent] == ([OpCode.WSC_NACK] if is_answered else [])
        (failure,) = events
        assert isinstance(failure, RunFailed)
        assert failure.message_type == (message_type if is_answered else None)
        has_no_nonce_of_ours = message_type in (MessageType.M3, MessageType.M5, MessageType.M7)
        assert has_no_nonce_of_ours or f"{message_type.name} came in state {state.name}" in failure.reason
    elif message_type is MessageType.M2D and not is_access_point:
        assert enrollee.state is State.EXPECT_M2
        assert [op_code for op_code, _ in sent] == [OpCode.WSC_ACK]
    elif message_type is MessageType.WSC_ACK:
        assert enrollee.state is State.SUCCEEDED
    else:
        assert enrollee.state is State.FAILED
        is_silent = message_type is MessageType.WSC_NACK and is_access_point
        assert [op_code for op_code, _ in sent] == ([] if is_silent else [OpCode.WSC_NACK])
    assert not was_successful


@pytest.mark.parametrize(
    "octets", [b"", b"\x10", b"\x00" * 8, bytes.fromhex("104a000110"), bytes.fromhex("1022000101")]
)
def test_what_cannot_be_read_ends_the_run_without_a_word(octets: bytes) -> None:
    enrollee = station()
    start(enrollee)
    enrollee.receive(OpCode.WSC_MSG, octets, 0.0)
    assert enrollee.is_finished
    assert enrollee.messages_to_send() == []
    (failure,) = events_of(enrollee)
    assert isinstance(failure, RunFailed)
    assert failure.message_type is None


@pytest.mark.parametrize("op_code", [OpCode.WSC_ACK, OpCode.WSC_NACK, OpCode.WSC_DONE, OpCode.WSC_FRAG_ACK, 0x77])
def test_a_message_under_another_op_code_ends_the_run_without_a_word(op_code: int) -> None:
    enrollee = station()
    m1 = start(enrollee)
    _, octets = any_message(MessageType.M2, m1.enrollee_nonce, NONCE)
    enrollee.receive(op_code, octets, 0.0)
    assert (enrollee.state, enrollee.messages_to_send()) == (State.FAILED, [])


@pytest.mark.parametrize("message_type", [t for t in MESSAGES if t not in (MessageType.M1, MessageType.M3)])
def test_a_foreign_enrollee_nonce_ends_the_run_without_a_word(message_type: MessageType) -> None:
    enrollee = station()
    start(enrollee)
    enrollee.receive(*any_message(message_type, b"f" * 16, NO_NONCE), 0.0)
    assert (enrollee.state, enrollee.messages_to_send()) == (State.FAILED, [])
    (failure,) = events_of(enrollee)
    assert isinstance(failure, RunFailed)
    assert "ENROLLEE_NONCE" in failure.reason


@pytest.mark.parametrize("message_type", [MessageType.WSC_ACK, MessageType.WSC_NACK, MessageType.WSC_DONE])
def test_a_foreign_registrar_nonce_ends_the_run_without_a_word(message_type: MessageType) -> None:
    enrollee, enrollee_nonce, _ = in_state(State.EXPECT_M4, False)
    enrollee.receive(*any_message(message_type, enrollee_nonce, b"f" * 16), 0.0)
    assert (enrollee.state, enrollee.messages_to_send()) == (State.FAILED, [])


def test_a_foreign_registrar_nonce_where_none_is_needed_ends_the_run_too() -> None:
    enrollee, enrollee_nonce, _ = in_state(State.EXPECT_M4, False)
    op_code, octets = any_message(MessageType.M4, enrollee_nonce, NONCE)
    enrollee.receive(op_code, encode_attribute(A.REGISTRAR_NONCE, b"f" * 16) + octets, 0.0)
    assert (enrollee.state, enrollee.messages_to_send()) == (State.FAILED, [])


def test_a_nack_without_configuration_error_ends_the_run_without_a_word() -> None:
    enrollee, enrollee_nonce, registrar_nonce = in_state(State.EXPECT_M4, False)
    octets = WscNack(enrollee_nonce=enrollee_nonce, registrar_nonce=registrar_nonce).encode()
    cut = octets.replace(encode_attribute(A.CONFIGURATION_ERROR, b"\x00\x00"), b"")
    enrollee.receive(OpCode.WSC_NACK, cut, 0.0)
    assert (enrollee.state, enrollee.messages_to_send()) == (State.FAILED, [])
    (failure,) = events_of(enrollee)
    assert isinstance(failure, RunFailed)
    assert failure.message_type is None


@pytest.mark.parametrize(
    ("state", "message_type"),
    [
        (State.EXPECT_M2, None),
        (State.EXPECT_M4, MessageType.M3),
        (State.EXPECT_M6, MessageType.M5),
        (State.EXPECT_M8, MessageType.M7),
    ],
)
def test_a_nack_is_reported_at_the_message_it_answers(state: State, message_type: MessageType | None) -> None:
    enrollee, enrollee_nonce, registrar_nonce = in_state(state, False)
    enrollee.receive(*any_message(MessageType.WSC_NACK, enrollee_nonce, registrar_nonce), 0.0)
    assert events_of(enrollee) == [RunFailed(message_type, 18, ErrorIndication.NO_ERROR, "the peer sent WSC_NACK")]
    ((_, octets),) = enrollee.messages_to_send()
    nack = WscNack.decode(octets)
    assert (nack.enrollee_nonce, nack.registrar_nonce) == (enrollee_nonce, registrar_nonce)
    assert nack.configuration_error == 0


# ---- M1


def test_m1_of_a_station() -> None:
    m1 = start(station(PUSH_BUTTON, device_password_id=4, multi_ap=0x80, vendor_extensions=(b"abc1",)))
    assert m1.uuid_e == UUID_STATION
    assert m1.mac_address == STATION_ADDRESS
    assert m1.device == replace(STATION_DEVICE, os_version=0x80000000)
    assert (m1.wps_state, m1.association_state, m1.configuration_error, m1.device_password_id) == (1, 0, 0, 4)
    assert m1.authentication_types == AuthenticationType.OPEN | AuthenticationType.WPA2_PERSONAL
    assert m1.encryption_types == EncryptionType.NONE | EncryptionType.AES
    assert m1.wfa == WfaExtension(multi_ap=0x80)
    assert m1.vendor_extensions == (b"abc1",)


def test_nonce_and_key_are_fresh_in_every_run() -> None:
    entropy = fixed_entropy("two runs")
    first, second = (start(Enrollee(station_parameters(), entropy)) for _ in range(2))
    assert first.enrollee_nonce != second.enrollee_nonce
    assert first.public_key != second.public_key


def test_a_key_pair_made_ready_is_used() -> None:
    pair = generate_key_pair(fixed_entropy("ready"))
    assert start(Enrollee(station_parameters(), fixed_entropy("x"), pair)).public_key == pair.public


def test_a_second_start_changes_nothing() -> None:
    enrollee = station()
    start(enrollee)
    enrollee.receive(OpCode.WSC_START, b"", 0.0)
    assert (enrollee.state, enrollee.messages_to_send()) == (State.EXPECT_M2, [])


def test_m1_of_a_peer_of_wps_1_0_has_no_wfa_extension() -> None:
    assert start(station(version2=None)).wfa == NO_WFA_EXTENSION


BUTTONS = ConfigMethods.LABEL | ConfigMethods.PHYSICAL_PUSH_BUTTON


@pytest.mark.parametrize(
    ("changes", "methods"),
    [
        ({}, ConfigMethods.LABEL),
        ({"keeps_push_button": True}, BUTTONS),
        ({"password": None}, BUTTONS),
        ({"password": None, "device": replace(AP_DEVICE, config_methods=BUTTONS | 0x2008)}, ConfigMethods(0x200C)),
    ],
)
def test_an_access_point_leaves_the_push_button_out_of_m1(changes: dict[str, Any], methods: ConfigMethods) -> None:
    assert start(ap_enrollee(**changes)).config_methods == methods


@pytest.mark.parametrize("password", [None, b""])
def test_a_station_without_a_password_is_a_fault_of_its_caller(password: bytes | None) -> None:
    with pytest.raises(UsageError):
        station(password)


@pytest.mark.parametrize("entropy", [bytes, lambda size: b"x"])
def test_a_dead_source_of_entropy_is_noticed(entropy: Callable[[int], bytes]) -> None:
    with pytest.raises(UsageError, match="entropy"):
        start(Enrollee(station_parameters(), entropy))


# ---- M2D


def test_m2d_is_reported_and_acknowledged_and_the_run_goes_on() -> None:
    enrollee = station()
    m1 = start(enrollee)
    m2d = M2D(
        enrollee_nonce=m1.enrollee_nonce,
        registrar_nonce=NONCE,
        uuid_r=UUID_AP,
        configuration_error=12,
        device_password_id=4,
        device_name="AP",
    )
    enrollee.receive(OpCode.WSC_MSG, m2d.encode(), 0.0)
    assert enrollee.messages_to_send() == [
        (OpCode.WSC_ACK, WscAck(enrollee_nonce=m1.enrollee_nonce, registrar_nonce=NONCE).encode())
    ]
    expected = DeviceDescription(device_name="AP", os_version=0x80000000, rf_bands=m2d.rf_bands)
    assert events_of(enrollee) == [M2dReceived(12, 4, UUID_AP, expected)]
    assert enrollee.state is State.EXPECT_M2


def test_m2ds_without_end_are_not_taken() -> None:
    enrollee = station()
    m2d = any_message(MessageType.M2D, start(enrollee).enrollee_nonce, NONCE)
    for _ in range(MAXIMUM_M2DS):
        enrollee.receive(*m2d, 0.0)
    assert len(enrollee.messages_to_send()) == MAXIMUM_M2DS == 20
    enrollee.receive(*m2d, 0.0)
    ((op_code, _),) = enrollee.messages_to_send()
    assert (enrollee.state, op_code) == (State.FAILED, OpCode.WSC_NACK)


def test_an_access_point_answers_m2d_with_nack() -> None:
    enrollee = ap_enrollee()
    m1 = start(enrollee)
    enrollee.receive(*any_message(MessageType.M2D, m1.enrollee_nonce, NONCE), 0.0)
    ((_, octets),) = enrollee.messages_to_send()
    assert WscNack.decode(octets) == WscNack(enrollee_nonce=m1.enrollee_nonce, registrar_nonce=NONCE)
    assert enrollee.state is State.FAILED


# ---- M2


def run_with_id(enrollee: Enrollee, registrars_id: int, password: bytes) -> None:
    converse(enrollee, ap_registrar(pin_authority(password, registrars_id)))


def last_failure(enrollee: Enrollee) -> RunFailed:
    failure = events_of(enrollee)[-1]
    assert isinstance(failure, RunFailed)
    return failure


@pytest.mark.parametrize(
    ("ours", "theirs", "password"),
    [(0, 0, PIN), (0, 5, PIN), (5, 0, PIN), (4, 4, PUSH_BUTTON), (4, 0, PUSH_BUTTON), (0xBFAB, 0xBFAB, b"AB" * 32)],
)
def test_device_password_ids_that_agree(ours: int, theirs: int, password: bytes) -> None:
    enrollee = station(password, device_password_id=ours)
    run_with_id(enrollee, theirs, password)
    assert enrollee.is_successful


@pytest.mark.parametrize(("ours", "theirs"), [(0, 4), (5, 4), (0, 1), (0xBFAB, 0), (0xBFAB, 4), (4, 5)])
def test_device_password_ids_that_do_not_agree(ours: int, theirs: int) -> None:
    """Above all: a PIN is not answered by push button, which anybody can claim."""
    enrollee = station(PIN, device_password_id=ours)
    run_with_id(enrollee, theirs, PUSH_BUTTON)
    failure = last_failure(enrollee)
    assert (failure.message_type, failure.configuration_error) == (MessageType.M2, 0)
    assert f"id {theirs}, ours is {ours}" in failure.reason


def test_a_public_key_out_of_range_is_answered_by_nack() -> None:
    enrollee = station()
    m1 = start(enrollee)
    m2 = M2(
        enrollee_nonce=m1.enrollee_nonce,
        registrar_nonce=NONCE,
        uuid_r=UUID_AP,
        public_key=bytes(191) + b"\x01",
        device_password_id=0,
        authenticator=bytes(8),
    )
    enrollee.receive(OpCode.WSC_MSG, m2.encode(), 0.0)
    ((op_code, octets),) = enrollee.messages_to_send()
    assert op_code is OpCode.WSC_NACK
    assert WscNack.decode(octets).registrar_nonce == NONCE
    assert "out of range" in last_failure(enrollee).reason


def test_a_message_without_a_required_attribute_is_answered_by_nack() -> None:
    enrollee = station()
    _, octets = any_message(MessageType.M2, start(enrollee).enrollee_nonce, NONCE)
    enrollee.receive(OpCode.WSC_MSG, octets.replace(encode_attribute(A.UUID_R, UUID_AP), b""), 0.0)
    ((op_code, _),) = enrollee.messages_to_send()
    assert op_code is OpCode.WSC_NACK
    assert last_failure(enrollee).reason == "M2 without UUID_R"


def test_another_public_key_than_nfc_told_is_refused() -> None:
    enrollee = station(b"AB" * 32, device_password_id=0x10, peer_public_key_hash=b"h" * 20)
    run_with_id(enrollee, 0x10, b"AB" * 32)
    failure = last_failure(enrollee)
    assert (failure.message_type, failure.configuration_error) == (MessageType.M2, 20)


def test_the_public_key_that_nfc_told_is_accepted() -> None:
    pair = generate_key_pair(fixed_entropy("nfc"))
    enrollee = station(b"AB" * 32, device_password_id=0x10, peer_public_key_hash=public_key_hash(pair.public))
    parameters = ap_registrar()._parameters
    registrar = Registrar(parameters, pin_authority(b"AB" * 32, 0x10), fixed_entropy("r"), pair)
    converse(enrollee, registrar)
    assert enrollee.is_successful


def test_a_handover_without_credentials_in_m2_cannot_go_on() -> None:
    pair = generate_key_pair(fixed_entropy("nfc"))
    enrollee = station(None, device_password_id=7, peer_public_key_hash=public_key_hash(pair.public))
    registrar = Registrar(ap_registrar()._parameters, pin_authority(PIN, 7), fixed_entropy("r"), pair)
    converse(enrollee, registrar)
    assert "there is none" in last_failure(enrollee).reason


@pytest.mark.parametrize(
    ("enrollee", "reason"),
    [
        (ap_enrollee(lock=RecordingLock(is_locked=True)), "setup is locked"),
        (ap_enrollee(None), "there is no AP PIN"),
        (ap_enrollee(b""), "there is no AP PIN"),
    ],
)
def test_an_access_point_that_is_locked_or_has_no_pin_says_so_at_m2(enrollee: Enrollee, reason: str) -> None:
    converse(enrollee, station_registrar(Purpose.LEARN))
    failure = last_failure(enrollee)
    assert (failure.message_type, failure.configuration_error, failure.reason) == (MessageType.M2, 15, reason)


def test_an_access_point_with_an_nfc_password_takes_its_pin_too() -> None:
    enrollee = ap_enrollee(b"AB" * 32, device_password_id=0x10, alternative_password=PIN)
    converse(enrollee, station_registrar(Purpose.CONFIGURE, new_settings=AP_SETTINGS))
    assert enrollee.is_successful


@pytest.mark.parametrize("alternative", [None, b""])
def test_an_access_point_with_an_nfc_password_and_no_pin_takes_none(alternative: bytes | None) -> None:
    enrollee = ap_enrollee(b"AB" * 32, device_password_id=0x10, alternative_password=alternative)
    converse(enrollee, station_registrar(Purpose.LEARN))
    assert last_failure(enrollee).configuration_error == 15


# ---- M4 to M8: what the registrar must prove

_HALF_PROVED = {State.EXPECT_M4: [], State.EXPECT_M6: ["proof", "half"]}
"""What a lock has been told on the way to a state."""


@pytest.mark.parametrize(
    ("password", "message_type", "is_first_half"),
    [(b"99995670", MessageType.M4, True), (b"12349999", MessageType.M6, False)],
)
def test_a_wrong_half_locks_and_is_told(password: bytes, message_type: MessageType, is_first_half: bool) -> None:
    lock = RecordingLock()
    enrollee = ap_enrollee(lock=lock)
    converse(enrollee, station_registrar(Purpose.LEARN, pin_authority(password)))
    assert lock.calls == ([] if is_first_half else ["proof", "half"]) + ["proof", "failed"]
    refused, failure = events_of(enrollee)
    assert refused == ApPinRefused(is_first_half)
    assert isinstance(failure, RunFailed)
    assert (failure.message_type, failure.configuration_error) == (message_type, 18)


def test_both_halves_proved_are_told() -> None:
    lock = RecordingLock()
    enrollee = ap_enrollee(lock=lock)
    converse(enrollee, station_registrar(Purpose.LEARN))
    assert lock.calls == ["proof", "half", "proof", "succeeded"]
    verified, told, _ = events_of(enrollee)
    assert (verified, told) == (ApPinVerified(), ApSettingsTold())


@pytest.mark.parametrize(
    ("configuration_error", "is_success"),
    [(ConfigurationError.NO_ERROR, True), (ConfigurationError.DEVICE_BUSY, False)],
)
def test_a_refusal_of_m7_is_the_regular_end_for_who_wants_no_more(configuration_error: int, is_success: bool) -> None:
    enrollee = ap_enrollee()
    registrar = station_registrar(Purpose.CONFIGURE, new_settings=AP_SETTINGS)
    sent = bring_to(State.EXPECT_M8, enrollee, enrollee, registrar)
    nack = WscNack(
        enrollee_nonce=M1.decode(sent[0]).enrollee_nonce,
        registrar_nonce=M2.decode(sent[1]).registrar_nonce,
        configuration_error=configuration_error,
    )
    enrollee.receive(OpCode.WSC_NACK, nack.encode(), 0.0)
    assert enrollee.is_successful is is_success
    assert enrollee.messages_to_send()[1:] == []  # M7 was lost; an access point does not answer WSC_NACK
    assert (ApSettingsTold() in events_of(enrollee)) is is_success


@pytest.mark.parametrize(
    ("state", "message_type"), [(State.EXPECT_M4, MessageType.M4), (State.EXPECT_M6, MessageType.M6)]
)
def test_a_lock_that_closes_in_the_middle_ends_the_run_before_the_proof_is_looked_at(
    state: State, message_type: MessageType
) -> None:
    lock = RecordingLock()
    enrollee = ap_enrollee(lock=lock)
    sent = bring_to(state, enrollee, enrollee, station_registrar(Purpose.LEARN))
    lock.is_locked = True
    enrollee.receive(*any_message(message_type, M1.decode(sent[0]).enrollee_nonce, NO_NONCE), 0.0)
    assert last_failure(enrollee).configuration_error == ConfigurationError.SETUP_LOCKED
    assert lock.calls == _HALF_PROVED[state]


@pytest.mark.parametrize(
    ("state", "message_type"), [(State.EXPECT_M4, MessageType.M4), (State.EXPECT_M6, MessageType.M6)]
)
def test_a_wrong_authenticator_is_no_failure_of_the_password(state: State, message_type: MessageType) -> None:
    lock = RecordingLock()
    enrollee = ap_enrollee(lock=lock)
    sent = bring_to(state, enrollee, enrollee, station_registrar(Purpose.LEARN))
    enrollee.receive(*any_message(message_type, M1.decode(sent[0]).enrollee_nonce, NO_NONCE), 0.0)
    failure = last_failure(enrollee)
    assert (failure.configuration_error, lock.calls) == (0, _HALF_PROVED[state])
    assert "Authenticator" in failure.reason


class LyingRegistrar(Registrar):
    """Puts other settings into one of its messages."""

    lie = b""
    lies_about = AttributeType.R_SNONCE1

    def _encrypt(self, settings: bytes) -> bytes:
        lies = settings.startswith(self.lies_about.to_bytes(2))
        return super()._encrypt(self.lie if lies else settings)


def lying_registrar(lies_about: AttributeType, lie: bytes) -> Registrar:
    registrar = LyingRegistrar(ap_registrar()._parameters, pin_authority(), fixed_entropy("registrar"))
    registrar.lie, registrar.lies_about = lie, lies_about
    return registrar


@pytest.mark.parametrize(
    ("lies_about", "lie", "message_type", "reason"),
    [
        (A.R_SNONCE1, b"", MessageType.M4, "without R_SNONCE1"),
        (A.R_SNONCE1, b"\x10", MessageType.M4, "offset 0"),
        (A.R_SNONCE2, b"", MessageType.M6, "without R_SNONCE2"),
        (A.CREDENTIAL, b"", MessageType.M8, "M8 holds none"),
        (A.CREDENTIAL, b"\x10", MessageType.M8, "offset 0"),
        (A.CREDENTIAL, encode_attribute(A.CREDENTIAL, b""), MessageType.M8, "no usable network: a Credential without"),
    ],
)
def test_encrypted_settings_without_what_they_must_hold(
    lies_about: AttributeType, lie: bytes, message_type: MessageType, reason: str
) -> None:
    enrollee = station()
    converse(enrollee, lying_registrar(lies_about, lie))
    failure = last_failure(enrollee)
    assert failure.message_type is message_type
    assert reason in failure.reason


def test_a_wep_credential_is_refused_with_its_reason() -> None:
    enrollee = station()
    wep = replace(CREDENTIAL, encryption_type=EncryptionType.WEP)
    converse(enrollee, ap_registrar(pin_authority(credentials=(wep,))))
    failure = last_failure(enrollee)
    assert (failure.message_type, failure.error_indication) == (MessageType.M8, ErrorIndication.WEP_PROHIBITED)
    assert failure.configuration_error == 0


# ---- an access point as enrollee


def test_an_access_point_tells_its_settings_as_they_are_where_they_are_octets() -> None:
    told: list[bytes] = []

    class Listening(Registrar):
        def _learn(self, octets: bytes) -> Any:
            told.append(octets)
            return super()._learn(octets)

    octets = AP_SETTINGS.encode_for_registrar() + bytes.fromhex("10fa000101")
    enrollee = ap_enrollee(settings=octets, settings_delay_time=30)
    registrar = Listening(station_registrar(Purpose.LEARN)._parameters, pin_authority(), fixed_entropy("r"))
    transcript = converse(enrollee, registrar)
    (settings,) = told
    assert settings[:4] == bytes.fromhex("10170010")
    assert settings[20:] == octets
    (m7,) = [M7.decode(sent) for _, sent in transcript if type_of(sent) is MessageType.M7]
    assert m7.wfa == WfaExtension(settings_delay_time=30)


@pytest.mark.parametrize(
    ("settings", "lock", "configuration_error", "indication"),
    [
        (AP_SETTINGS, RecordingLock(may_change=False), 15, ErrorIndication.NO_ERROR),
        (replace(AP_SETTINGS, encryption_type=EncryptionType.WEP), RecordingLock(), 0, ErrorIndication.WEP_PROHIBITED),
        (
            replace(AP_SETTINGS, encryption_type=EncryptionType.TKIP),
            RecordingLock(),
            0,
            ErrorIndication.TKIP_ONLY_PROHIBITED,
        ),
        (replace(AP_SETTINGS, network_key=b"short"), RecordingLock(), 0, ErrorIndication.NO_ERROR),
    ],
)
def test_an_access_point_refuses_new_settings(
    settings: ApSettings, lock: RecordingLock, configuration_error: int, indication: ErrorIndication
) -> None:
    enrollee = ap_enrollee(lock=lock)
    converse(enrollee, station_registrar(Purpose.CONFIGURE, new_settings=settings))
    failure = last_failure(enrollee)
    assert failure.message_type is MessageType.M8
    assert (failure.configuration_error, failure.error_indication) == (configuration_error, indication)


def test_new_settings_that_nobody_acknowledged_hold() -> None:
    enrollee, _, _ = in_state(State.EXPECT_ACK, True)
    enrollee.abandon(0.0)
    assert enrollee.is_successful
    assert events_of(enrollee) == [RunSucceeded(UUID_STATION, "Wireless Client")]


def test_an_enrollee_abandoned_in_the_middle_of_a_run_has_failed_once() -> None:
    enrollee, _, _ = in_state(State.EXPECT_M6, False)
    enrollee.abandon(0.0)
    enrollee.abandon(0.0)
    assert events_of(enrollee) == [RunFailed(None, reason="the peer has gone in state EXPECT_M6")]
    assert enrollee.is_finished


def test_no_secret_outlives_the_run() -> None:
    for is_access_point in (True, False):
        enrollee, registrar = pair_for(is_access_point)
        converse(enrollee, registrar)
        for machine in (enrollee, registrar):
            assert machine.is_successful
            assert (machine._key_pair, machine._keys, machine._psk1, machine._psk2) == (None, None, b"", b"")
        assert enrollee._e_snonce1 == enrollee._e_snonce2 == b""
        assert registrar._r_snonce1 == registrar._r_snonce2 == b""


def test_the_private_key_is_gone_once_the_keys_are_derived() -> None:
    enrollee, registrar = pair_for(False)
    bring_to(State.EXPECT_M4, enrollee, enrollee, registrar)
    assert enrollee._key_pair is None
    assert registrar._key_pair is None


def test_no_password_is_in_the_repr_of_parameters() -> None:
    parameters = ap_enrollee(alternative_password=b"87654321")._parameters
    text = repr(parameters)
    assert not any(secret in text for secret in ("12345670", "87654321", "12345678"))


def test_the_new_settings_are_told_with_their_octets() -> None:
    enrollee = ap_enrollee()
    settings = ApSettings(
        Ssid(b"new"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"newpassword", MacAddress(AP_ADDRESS)
    )
    converse(enrollee, station_registrar(Purpose.CONFIGURE, new_settings=settings))
    _, new_settings, succeeded = events_of(enrollee)
    assert new_settings == NewApSettings(settings, settings.encode_for_access_point(AP_ADDRESS))
    assert succeeded == RunSucceeded(UUID_STATION, "Wireless Client")


def test_m8_is_verified_before_it_is_decrypted() -> None:
    enrollee, enrollee_nonce, registrar_nonce = in_state(State.EXPECT_M8, True)
    m8 = M8(enrollee_nonce=enrollee_nonce, encrypted_settings=b"", authenticator=bytes(8))
    enrollee.receive(OpCode.WSC_MSG, m8.encode().replace(b"\x10\x18", b"\x10\xfa"), 0.0)
    assert "M8 without ENCRYPTED_SETTINGS" in last_failure(enrollee).reason
    assert registrar_nonce != NO_NONCE
