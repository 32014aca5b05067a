# SPDX-License-Identifier: BSD-3-Clause
"""The registrar: every message in every state, each refusal, and what the authority is told of each run's end."""

from dataclasses import replace

import pytest
from tests.unit.wsc_runs import (
    AP_DEVICE,
    AP_SETTINGS,
    CREDENTIAL,
    PIN,
    STATION_ADDRESS,
    UUID_AP,
    UUID_STATION,
    RecordingAuthority,
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
    types_of,
)

from wpsagent.crypto.diffie_hellman import generate_key_pair
from wpsagent.errors import UsageError
from wpsagent.wsc.attributes import AttributeType, WfaExtension, encode_attribute
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigurationError,
    EncryptionType,
    ErrorIndication,
    MessageType,
    OpCode,
)
from wpsagent.wsc.events import M2dSent, RunFailed, RunSucceeded
from wpsagent.wsc.messages import M1, M2, M2D, MESSAGES, NO_NONCE, WscNack
from wpsagent.wsc.registrar import (
    FixedAuthority,
    Grant,
    Purpose,
    Refusal,
    Registrar,
    RunOutcome,
    State,
)

A = AttributeType
ENROLLEES_MESSAGES = {MessageType.M1, MessageType.M3, MessageType.M5, MessageType.M7}
REFUSED = RecordingAuthority(Refusal())


def pair_for(purpose: Purpose, authority: RecordingAuthority) -> tuple[Enrollee, Registrar]:
    if purpose is Purpose.ENROL:
        return station(), ap_registrar(authority)
    return ap_enrollee(), station_registrar(purpose, authority, new_settings=AP_SETTINGS)


def in_state(
    state: State, purpose: Purpose = Purpose.ENROL, authority: RecordingAuthority | None = None
) -> tuple[Registrar, bytes, bytes, RecordingAuthority]:
    """A registrar in a state, both nonces of its run as it knows them, and its authority."""
    if authority is None:
        authority = RecordingAuthority(Refusal()) if state is State.EXPECT_M2D_ACK else pin_authority()
    enrollee, registrar = pair_for(purpose, authority)
    if state is State.EXPECT_M1:
        return registrar, NO_NONCE, NO_NONCE, authority
    if state is State.FAILED:
        registrar.abandon(0.0)
        events_of(registrar)
        return registrar, NO_NONCE, NO_NONCE, authority
    sent = bring_to(state, registrar, enrollee, registrar)
    second = M2D.decode(sent[1]) if state is State.EXPECT_M2D_ACK else M2.decode(sent[1])
    return registrar, second.enrollee_nonce, second.registrar_nonce, authority


STATES = [(state, Purpose.ENROL) for state in State] + [
    (state, Purpose.CONFIGURE) for state in State if state is not State.EXPECT_M2D_ACK
]


@pytest.mark.parametrize("message_type", list(MESSAGES))
@pytest.mark.parametrize(("state", "purpose"), STATES)
def test_every_message_in_every_state(state: State, purpose: Purpose, message_type: MessageType) -> None:
    """What proves nothing is answered by WSC_NACK, or ends the run without a word; M1 opens it, Done closes it."""
    registrar, enrollee_nonce, registrar_nonce, authority = in_state(state, purpose)
    registrar.receive(*any_message(message_type, enrollee_nonce, registrar_nonce), 0.0)
    sent, events = registrar.messages_to_send(), events_of(registrar)
    op_codes = [op_code for op_code, _ in sent]
    is_station = purpose is Purpose.CONFIGURE
    if state in (State.SUCCEEDED, State.FAILED):
        assert (registrar.state, sent, events) == (state, [], [])
    elif message_type not in Registrar.transitions[state]:
        assert registrar.state is State.FAILED
        is_answered = message_type in ENROLLEES_MESSAGES
        assert op_codes == ([OpCode.WSC_NACK] if is_answered else [])
        (failure,) = events
        assert isinstance(failure, RunFailed)
        assert failure.message_type == (message_type if is_answered else None)
    elif message_type is MessageType.M1:
        assert (registrar.state, op_codes) == (State.EXPECT_M3, [OpCode.WSC_MSG])
    elif message_type is MessageType.WSC_DONE:
        assert (registrar.state, op_codes) == (State.SUCCEEDED, [OpCode.WSC_ACK] if is_station else [])
    elif message_type in (MessageType.WSC_NACK, MessageType.WSC_ACK):
        assert (registrar.state, op_codes) == (State.FAILED, [OpCode.WSC_NACK] if is_station else [])
    else:
        assert (registrar.state, op_codes) == (State.FAILED, [OpCode.WSC_NACK])
    is_over = registrar.is_finished and state not in (State.EXPECT_M1, State.EXPECT_M2D_ACK, State.FAILED)
    assert len(authority.outcomes) == is_over


@pytest.mark.parametrize("message_type", [t for t in MESSAGES if t not in (MessageType.M1, MessageType.M2D)])
def test_a_foreign_registrar_nonce_ends_the_run_without_a_word(message_type: MessageType) -> None:
    registrar, enrollee_nonce, _, authority = in_state(State.EXPECT_M3)
    registrar.receive(*any_message(message_type, enrollee_nonce, b"f" * 16), 0.0)
    assert (registrar.state, registrar.messages_to_send()) == (State.FAILED, [])
    (failure,) = events_of(registrar)
    assert isinstance(failure, RunFailed)
    assert "REGISTRAR_NONCE" in failure.reason
    assert authority.outcomes == [RunOutcome.ABANDONED]


@pytest.mark.parametrize("message_type", [MessageType.WSC_ACK, MessageType.WSC_NACK, MessageType.WSC_DONE])
def test_a_foreign_enrollee_nonce_ends_the_run_without_a_word(message_type: MessageType) -> None:
    registrar, _, registrar_nonce, _ = in_state(State.EXPECT_DONE)
    registrar.receive(*any_message(message_type, b"f" * 16, registrar_nonce), 0.0)
    assert (registrar.state, registrar.messages_to_send()) == (State.FAILED, [])


def test_a_foreign_enrollee_nonce_where_none_is_needed_ends_the_run_too() -> None:
    registrar, _, registrar_nonce, _ = in_state(State.EXPECT_M3)
    op_code, octets = any_message(MessageType.M3, NO_NONCE, registrar_nonce)
    registrar.receive(op_code, encode_attribute(A.ENROLLEE_NONCE, b"f" * 16) + octets, 0.0)
    assert (registrar.state, registrar.messages_to_send()) == (State.FAILED, [])


def test_a_start_is_not_for_registrars() -> None:
    registrar = ap_registrar()
    registrar.receive(OpCode.WSC_START, b"", 0.0)
    assert (registrar.state, registrar.messages_to_send()) == (State.EXPECT_M1, [])


# ---- M1, M2 and M2D


def first_answer(registrar: Registrar, enrollee: Enrollee) -> bytes:
    enrollee.receive(OpCode.WSC_START, b"", 0.0)
    ((op_code, m1),) = enrollee.messages_to_send()
    registrar.receive(op_code, m1, 0.0)
    ((_, octets),) = registrar.messages_to_send()
    return octets


def test_m2_says_what_we_are() -> None:
    registrar = ap_registrar(pin_authority(PIN, 5), association_state=1)
    m2 = M2.decode(first_answer(registrar, station()))
    assert m2.device == replace(AP_DEVICE, os_version=0x80000000)
    assert (m2.uuid_r, m2.device_password_id) == (UUID_AP, 5)
    assert (m2.association_state, m2.configuration_error) == (1, 0)
    assert m2.authentication_types == AuthenticationType.OPEN | AuthenticationType.WPA2_PERSONAL
    assert m2.encryption_types == EncryptionType.NONE | EncryptionType.AES
    assert m2.wfa == WfaExtension()
    assert m2.encrypted_settings is None
    assert registrar.m1 is not None
    assert registrar.m1.uuid_e == UUID_STATION


@pytest.mark.parametrize("is_nonce_known", [True, False], ids=["our nonce", "wpa_supplicant's zeros"])
@pytest.mark.parametrize("configuration_error", [0, 12, 15, 20])
def test_an_enrollee_without_password_gets_m2d(configuration_error: int, is_nonce_known: bool) -> None:
    registrar = ap_registrar(RecordingAuthority(Refusal(configuration_error)))
    m2d = M2D.decode(first_answer(registrar, station()))
    assert (m2d.configuration_error, m2d.device_password_id) == (configuration_error, None)
    assert m2d.registrar_nonce != NO_NONCE
    assert m2d.device.device_name == "Access Point"
    assert events_of(registrar) == [M2dSent(configuration_error, STATION_ADDRESS, UUID_STATION)]
    assert registrar.state is State.EXPECT_M2D_ACK
    nonce = m2d.registrar_nonce if is_nonce_known else NO_NONCE
    registrar.receive(*any_message(MessageType.WSC_ACK, m2d.enrollee_nonce, nonce), 0.0)
    assert (registrar.is_finished, registrar.messages_to_send()) == (True, [])
    (failure,) = events_of(registrar)
    assert isinstance(failure, RunFailed)
    assert failure.message_type == (MessageType.M1 if configuration_error else None)
    assert failure.configuration_error == configuration_error
    assert failure.was_told_to_wait is (configuration_error == 0)


def test_the_answer_to_m2d_must_carry_the_enrollee_s_nonce() -> None:
    registrar = ap_registrar(RecordingAuthority(Refusal(ConfigurationError.MULTIPLE_PBC_DETECTED)))
    m2d = M2D.decode(first_answer(registrar, station()))
    events_of(registrar)
    registrar.receive(*any_message(MessageType.WSC_ACK, NO_NONCE, m2d.registrar_nonce), 0.0)
    (failure,) = events_of(registrar)
    assert isinstance(failure, RunFailed)
    assert (failure.message_type, failure.configuration_error) == (None, 0)


M1_LINES = [line for line in M1.TABLE if line.name != "wfa"]


@pytest.mark.parametrize("line", M1_LINES, ids=[line.name for line in M1_LINES])
def test_an_m1_that_lacks_something_is_not_answered(line: object) -> None:
    enrollee = station()
    enrollee.receive(OpCode.WSC_START, b"", 0.0)
    ((_, octets),) = enrollee.messages_to_send()
    (m1_line,) = [known for known in M1_LINES if known is line]
    value = m1_line.encode(getattr(M1.decode(octets), m1_line.name))
    authority = pin_authority()
    registrar = ap_registrar(authority)
    registrar.receive(OpCode.WSC_MSG, octets.replace(encode_attribute(m1_line.attribute, value), b"", 1), 0.0)
    assert (registrar.state, registrar.messages_to_send(), authority.outcomes) == (State.FAILED, [], [])
    assert events_of(registrar) == [RunFailed(None, reason=f"M1 without {m1_line.attribute.name}")]


def test_an_m1_with_a_key_out_of_range_is_answered_by_nack_and_the_password_is_given_back() -> None:
    authority = pin_authority()
    registrar = ap_registrar(authority)
    op_code, octets = any_message(MessageType.M1, b"n" * 16, NO_NONCE)
    registrar.receive(op_code, octets.replace(bytes(191) + b"\x05", bytes(191) + b"\x01"), 0.0)
    ((_, nack),) = registrar.messages_to_send()
    assert WscNack.decode(nack).enrollee_nonce == b"n" * 16
    assert authority.outcomes == [RunOutcome.ABANDONED]


def test_an_empty_password_proves_nothing() -> None:
    authority = RecordingAuthority(Grant(b"", 0))
    enrollee, registrar = station(), ap_registrar(authority)
    assert types_of(converse(enrollee, registrar)) == ["M1", "WSC_NACK", "WSC_NACK"]
    assert authority.outcomes == [RunOutcome.ABANDONED]


def test_the_key_pair_of_a_grant_comes_before_our_own() -> None:
    ours, granted = (generate_key_pair(fixed_entropy(seed)) for seed in ("ours", "granted"))
    parameters = ap_registrar()._parameters
    for grant, expected in ((Grant(PIN, 0), ours), (Grant(PIN, 0, key_pair=granted), granted)):
        registrar = Registrar(parameters, RecordingAuthority(grant), fixed_entropy("r"), ours)
        assert M2.decode(first_answer(registrar, station())).public_key == expected.public


def test_a_registrar_of_wps_1_0_sends_no_wfa_extension() -> None:
    assert M2.decode(first_answer(ap_registrar(version2=None), station())).wfa == WfaExtension(version2=None)


def test_to_configure_one_needs_settings() -> None:
    with pytest.raises(UsageError, match="new settings"):
        station_registrar(Purpose.CONFIGURE)


# ---- M3 to M7


class CredulousEnrollee(Enrollee):
    """Does not check what the registrar proves, so that the registrar is the one to find the wrong half."""

    def _is_proof(self, expected: bytes, secret_nonce: bytes, psk: bytes) -> bool:
        return True


@pytest.mark.parametrize(
    ("password", "message_type", "outcome"),
    [
        (b"99995670", MessageType.M5, RunOutcome.FIRST_HALF_FAILED),
        (b"12349999", MessageType.M7, RunOutcome.SECOND_HALF_FAILED),
    ],
)
def test_a_half_that_the_enrollee_does_not_know(
    password: bytes, message_type: MessageType, outcome: RunOutcome
) -> None:
    authority = pin_authority()
    registrar = ap_registrar(authority)
    transcript = converse(CredulousEnrollee(station_parameters(password), fixed_entropy("station")), registrar)
    assert WscNack.decode(transcript[-2][1]).configuration_error == ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE
    (failure,) = events_of(registrar)
    assert isinstance(failure, RunFailed)
    assert (failure.message_type, failure.configuration_error) == (message_type, 18)
    assert authority.outcomes == [outcome]


@pytest.mark.parametrize(
    ("question", "message_type", "outcome"),
    [
        (1, MessageType.M3, RunOutcome.ABANDONED),
        (2, MessageType.M5, RunOutcome.ABANDONED),
        (3, MessageType.M7, RunOutcome.ABANDONED_AFTER_M6),
    ],
)
def test_a_second_enrollee_in_the_middle_of_the_run(
    question: int, message_type: MessageType, outcome: RunOutcome
) -> None:
    authority = pin_authority(overlaps_at=question)
    registrar = ap_registrar(authority)
    converse(station(), registrar)
    (failure,) = events_of(registrar)
    assert isinstance(failure, RunFailed)
    assert (failure.message_type, failure.configuration_error) == (message_type, 12)
    assert authority.outcomes == [outcome]


@pytest.mark.parametrize(
    ("state", "message_type", "configuration_error", "outcome"),
    [
        (State.EXPECT_M3, MessageType.M2, 0, RunOutcome.ABANDONED),
        (State.EXPECT_M3, MessageType.M2, 18, RunOutcome.ABANDONED),
        (State.EXPECT_M5, MessageType.M4, 0, RunOutcome.ABANDONED),
        (State.EXPECT_M5, MessageType.M4, 18, RunOutcome.FIRST_HALF_FAILED),
        (State.EXPECT_M7, MessageType.M6, 0, RunOutcome.ABANDONED_AFTER_M6),
        (State.EXPECT_M7, MessageType.M6, 18, RunOutcome.SECOND_HALF_FAILED),
        (State.EXPECT_DONE, MessageType.M8, 0, RunOutcome.ABANDONED_AFTER_M6),
        (State.EXPECT_DONE, MessageType.M8, 18, RunOutcome.ABANDONED_AFTER_M6),
    ],
)
def test_what_a_nack_says_of_the_password(
    state: State, message_type: MessageType, configuration_error: int, outcome: RunOutcome
) -> None:
    registrar, enrollee_nonce, registrar_nonce, authority = in_state(state)
    nack = WscNack(
        enrollee_nonce=enrollee_nonce, registrar_nonce=registrar_nonce, configuration_error=configuration_error
    )
    registrar.receive(OpCode.WSC_NACK, nack.encode(), 0.0)
    assert events_of(registrar) == [
        RunFailed(message_type, configuration_error, ErrorIndication.NO_ERROR, "the peer sent WSC_NACK")
    ]
    assert authority.outcomes == [outcome]
    assert registrar.messages_to_send() == []


@pytest.mark.parametrize(
    ("state", "message_type", "outcomes"),
    [
        (State.EXPECT_M1, None, []),
        (State.EXPECT_M2D_ACK, None, []),
        (State.EXPECT_M3, None, [RunOutcome.ABANDONED]),
        (State.EXPECT_M5, None, [RunOutcome.ABANDONED]),
        (State.EXPECT_M7, None, [RunOutcome.ABANDONED_AFTER_M6]),
        (State.EXPECT_DONE, MessageType.WSC_DONE, [RunOutcome.ABANDONED_AFTER_M6]),
        (State.SUCCEEDED, None, [RunOutcome.SUCCEEDED]),
    ],
)
def test_what_an_abandoned_run_says_of_the_password(
    state: State, message_type: MessageType | None, outcomes: list[RunOutcome]
) -> None:
    registrar, _, _, authority = in_state(state)
    registrar.abandon(0.0)
    registrar.abandon(0.0)
    assert authority.outcomes == outcomes
    events = events_of(registrar)
    assert [event.message_type for event in events if isinstance(event, RunFailed)] == (
        [] if state is State.SUCCEEDED else [message_type]
    )


# ---- M8 and the end


@pytest.mark.parametrize("count", [0, 11])
def test_an_authority_with_nothing_to_give(count: int) -> None:
    """After M6: the password cannot be used again."""
    authority = pin_authority(credentials=(CREDENTIAL,) * count)
    registrar = ap_registrar(authority)
    converse(station(), registrar)
    (failure,) = events_of(registrar)
    assert isinstance(failure, RunFailed)
    assert failure.message_type is MessageType.M7
    assert authority.outcomes == [RunOutcome.ABANDONED_AFTER_M6]


def test_an_access_point_that_tells_no_settings_is_nothing_to_learn() -> None:
    registrar = station_registrar(Purpose.LEARN)
    converse(ap_enrollee(settings=b""), registrar)
    (failure,) = events_of(registrar)
    assert isinstance(failure, RunFailed)
    assert failure.message_type is MessageType.M7
    assert failure.reason == "the AP's settings without SSID, AUTHENTICATION_TYPE, ENCRYPTION_TYPE"


def test_success_names_the_enrollee() -> None:
    authority = pin_authority()
    registrar = ap_registrar(authority)
    converse(station(), registrar)
    assert events_of(registrar) == [RunSucceeded(UUID_STATION, "Wireless Client", STATION_ADDRESS)]
    assert authority.outcomes == [RunOutcome.SUCCEEDED]


def test_the_fixed_authority_grants_everybody_the_same() -> None:
    authority = FixedAuthority(Grant(PIN, 0), (CREDENTIAL,))
    enrollee = station()
    transcript = converse(enrollee, ap_registrar(authority))
    assert enrollee.is_successful
    assert type_of(transcript[-1][1]) is MessageType.WSC_DONE


def test_no_password_is_in_the_repr_of_a_grant() -> None:
    assert "12345670" not in repr(Grant(PIN, 0, key_pair=generate_key_pair(fixed_entropy("x"))))
