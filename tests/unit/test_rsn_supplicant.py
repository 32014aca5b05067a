# SPDX-License-Identifier: BSD-3-Clause
"""The supplicant: every message in every state, replays, keys installed once, what fails and with which reason."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from wpsagent.crypto.rsn_keys import KeyDescriptorVersion, PairwiseTransientKey, derive_ptk
from wpsagent.dot11.frames import ReasonCode
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.rsn.handshake import (
    Authorized,
    DiscardError,
    Event,
    FrameDiscarded,
    HandshakeFailed,
    InstallGroupKey,
    InstallPairwiseKey,
)
from wpsagent.rsn.key_frame import IntegrityGroupKey, KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, AkmSuite, CipherSuite, RsnCapability, Rsne
from wpsagent.rsn.supplicant import TRANSITIONS, Message, State, Supplicant, classify

AP = MacAddress.parse("02:00:00:00:00:01")
STATION = MacAddress.parse("02:00:00:00:00:02")
PMK = bytes(range(32))
ANONCE = b"\xaa" * 32
NEXT_ANONCE = b"\xab" * 32
RSNE = WPA2_PSK_CCMP.element()
GTK = b"\xa1" * 16
NEXT_GTK = b"\xb2" * 16
FIRST_KEYS = KeyData(RSNE, 1, GTK)
NEXT_KEYS = KeyData(None, 2, NEXT_GTK)
PACKET_NUMBER = b"\x05" + bytes(7)
MESSAGE_1 = KeyInformation.PAIRWISE | KeyInformation.ACK
GROUP_MESSAGE_1 = KeyInformation.ACK | KeyInformation.MIC | KeyInformation.SECURE | KeyInformation.ENCRYPTED_KEY_DATA
MESSAGE_3 = GROUP_MESSAGE_1 | KeyInformation.PAIRWISE | KeyInformation.INSTALL


def snonce_of(draw: int) -> bytes:
    return bytes((0x50 + draw,)) * 32


def make(rsne: bytes = RSNE) -> Supplicant:
    draws = iter(range(100))
    return Supplicant(
        pmk=PMK,
        authenticator_address=AP,
        station_address=STATION,
        rsne=rsne,
        station_rsne=RSNE,
        entropy=lambda count: snonce_of(next(draws))[:count],
    )


def ptk_of(anonce: bytes = ANONCE, draw: int = 0) -> PairwiseTransientKey:
    return derive_ptk(PMK, AP, STATION, anonce, snonce_of(draw))


def message_1(counter: int = 1, anonce: bytes = ANONCE) -> bytes:
    return KeyFrame(MESSAGE_1, counter, anonce, key_length=16).encode()


def message_3(
    counter: int = 2,
    anonce: bytes = ANONCE,
    draw: int = 0,
    key_data: KeyData = FIRST_KEYS,
    information: KeyInformation = MESSAGE_3,
    key_length: int = 16,
) -> bytes:
    ptk = ptk_of(anonce, draw)
    frame = KeyFrame(information, counter, anonce, key_data.wrap(ptk.kek), key_length, PACKET_NUMBER)
    return frame.with_mic(ptk.kck).encode()


def group_message_1(counter: int = 3, key_data: KeyData = NEXT_KEYS, draw: int = 0) -> bytes:
    ptk = ptk_of(draw=draw)
    return KeyFrame(GROUP_MESSAGE_1, counter, key_data=key_data.wrap(ptk.kek)).with_mic(ptk.kck).encode()


def events(machine: Supplicant) -> list[Event]:
    found = []
    while (event := machine.next_event()) is not None:
        found.append(event)
    return found


def in_state(state: State) -> Supplicant:
    machine = make()
    machine.start(0.0)
    if state is State.FAILED:
        machine.handle_timer(10.0)
    elif state is not State.EXPECT_MESSAGE_1:
        machine.receive(message_1(), 0.0)
    if state is State.ESTABLISHED:
        machine.receive(message_3(), 0.0)
    machine.messages_to_send()
    events(machine)
    assert machine.state is state
    return machine


MAKERS: dict[Message, Callable[[], bytes]] = {
    Message.MESSAGE_1: lambda: message_1(3),
    Message.MESSAGE_3: lambda: message_3(3),
    Message.GROUP_MESSAGE_1: lambda: group_message_1(3),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("message", Message)
def test_every_message_in_every_state_goes_where_the_table_says_or_is_discarded(state: State, message: Message) -> None:
    machine = in_state(state)
    machine.receive(MAKERS[message](), 0.0)
    transition = TRANSITIONS[state].get(message)
    if transition is None:
        assert machine.state is state
        assert machine.messages_to_send() == []
        assert events(machine) == [FrameDiscarded(f"{message.name} is not expected in {state.name}")]
    else:
        assert machine.state is transition[1]
        assert len(machine.messages_to_send()) == 1
        assert not any(isinstance(event, FrameDiscarded) for event in events(machine))


def test_message_2_repeats_the_rsne_and_proves_the_key() -> None:
    machine = make()
    machine.receive(message_1(7), 0.0)
    (message,) = machine.messages_to_send()
    frame = KeyFrame.decode(message.pdu)
    assert not message.is_encrypted
    assert message.pdu[5:7].hex() == "010a"
    assert (frame.replay_counter, frame.nonce, frame.key_data, frame.key_length) == (7, snonce_of(0), RSNE, 0)
    assert frame.has_valid_mic(ptk_of().kck)


def test_message_4_goes_out_in_the_clear_and_the_keys_come_after_it() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(message_3(), 0.0)
    (message,) = machine.messages_to_send()
    expected = KeyFrame(KeyInformation.PAIRWISE | KeyInformation.MIC | KeyInformation.SECURE, 2)
    assert message.pdu == expected.with_mic(ptk_of().kck).encode()
    assert not message.is_encrypted
    assert events(machine) == [
        InstallPairwiseKey(ptk_of().tk),
        InstallGroupKey(1, GTK, PACKET_NUMBER[:6], CipherSuite.CCMP_128),
        Authorized(),
    ]
    assert machine.deadline is None


def test_messages_before_the_start_are_taken_and_a_late_start_changes_nothing() -> None:
    machine = make()
    machine.receive(message_1(), 0.0)
    machine.receive(message_3(), 0.0)
    machine.start(1.0)
    assert machine.state is State.ESTABLISHED
    assert machine.deadline is None


def test_replay_counter_may_begin_with_zero() -> None:
    machine = make()
    machine.receive(message_1(0), 0.0)
    machine.receive(message_3(1), 0.0)
    assert machine.state is State.ESTABLISHED


def test_message_1_again_is_answered_with_the_same_snonce() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    for counter in (1, 2):
        machine.receive(message_1(counter), 0.0)
    nonces = [KeyFrame.decode(message.pdu).nonce for message in machine.messages_to_send()]
    assert nonces == [snonce_of(0)] * 2


def test_forged_message_1_in_between_does_no_harm() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(message_1(1 << 40, b"\xee" * 32), 0.0)
    machine.receive(message_3(2), 0.0)
    assert machine.state is State.ESTABLISHED
    assert InstallPairwiseKey(ptk_of().tk) in events(machine)


def test_message_3_again_is_answered_in_the_clear_and_installs_nothing() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(message_3(5, key_data=KeyData(RSNE, 2, NEXT_GTK)), 0.0)
    (message,) = machine.messages_to_send()
    assert KeyFrame.decode(message.pdu).replay_counter == 5
    assert not message.is_encrypted
    assert events(machine) == []


@pytest.mark.parametrize("counter", [0, 1, 2])
def test_replayed_message_3_is_discarded(counter: int) -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(message_3(counter), 0.0)
    assert events(machine) == [FrameDiscarded(f"replay counter {counter} is not above 2")]
    assert machine.messages_to_send() == []


def test_replayed_message_1_and_group_message_1_are_discarded() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(group_message_1(3), 0.0)
    machine.messages_to_send()
    events(machine)
    machine.receive(group_message_1(3), 0.0)
    machine.receive(message_1(3), 0.0)
    assert events(machine) == [FrameDiscarded("replay counter 3 is not above 3")] * 2
    assert machine.messages_to_send() == []


def test_counter_of_a_frame_that_is_not_authentic_does_not_count() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(KeyFrame(MESSAGE_3, 1 << 60, ANONCE, bytes(24), 16).with_mic(bytes(16)).encode(), 0.0)
    assert events(machine) == [FrameDiscarded("message 3 with a wrong MIC")]
    assert machine.mic_failures == 1
    machine.receive(message_3(2), 0.0)
    assert machine.state is State.ESTABLISHED


@pytest.mark.parametrize(
    ("pdu", "reason"),
    [
        (message_3(information=MESSAGE_3 & ~KeyInformation.INSTALL), "message 3 that does not install a CCMP key"),
        (message_3(key_length=32), "message 3 that does not install a CCMP key"),
        (
            KeyFrame(MESSAGE_3, 2, ANONCE, bytes(24), 16).with_mic(ptk_of().kck).encode(),
            "wrapped keys do not open with this key",
        ),
        (
            KeyFrame(MESSAGE_3, 2, ANONCE, b"", 16).with_mic(ptk_of().kck).encode(),
            "wrapped keys have 24, 32, 40, ... octets, not 0",
        ),
    ],
)
def test_message_3_that_is_not_what_it_should_be_is_discarded(pdu: bytes, reason: str) -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(pdu, 0.0)
    assert events(machine) == [FrameDiscarded(reason)]
    assert machine.state is State.EXPECT_MESSAGE_3
    assert machine.messages_to_send() == []


@pytest.mark.parametrize("rsne", [None, Rsne().element()])
def test_message_3_with_another_rsne_than_the_beacon_fails_with_reason_17(rsne: bytes | None) -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(message_3(key_data=KeyData(rsne, 1, GTK)), 0.0)
    (failure,) = events(machine)
    assert isinstance(failure, HandshakeFailed)
    assert failure.reason_code is ReasonCode.HANDSHAKE_ELEMENT_MISMATCH
    assert machine.state is State.FAILED
    assert machine.deadline is None
    assert machine.messages_to_send() == []


def test_message_3_without_a_group_key_installs_the_pairwise_key_alone() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(message_3(key_data=KeyData(RSNE)), 0.0)
    assert events(machine) == [InstallPairwiseKey(ptk_of().tk), Authorized()]


def test_group_key_that_does_not_fit_its_cipher_fails_with_reason_18() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(message_3(key_data=KeyData(RSNE, 1, bytes(32))), 0.0)
    text = "a group key of 32 octets does not fit cipher 000fac04"
    assert events(machine) == [HandshakeFailed(ReasonCode.INVALID_GROUP_CIPHER, text)]


def test_group_key_is_installed_once_and_confirmed_each_time_encrypted() -> None:
    machine = in_state(State.ESTABLISHED)
    for counter in (3, 4):
        machine.receive(group_message_1(counter), 0.0)
        (message,) = machine.messages_to_send()
        assert message.is_encrypted
        expected = KeyFrame(KeyInformation.MIC | KeyInformation.SECURE, counter).with_mic(ptk_of().kck)
        assert message.pdu == expected.encode()
    assert events(machine) == [InstallGroupKey(2, NEXT_GTK, bytes(6), CipherSuite.CCMP_128)]


def test_group_key_in_use_is_not_installed_again_under_another_index() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(group_message_1(key_data=KeyData(None, 2, GTK)), 0.0)
    assert len(machine.messages_to_send()) == 1
    assert events(machine) == []


def test_group_message_1_with_a_wrong_mic_or_no_key_is_discarded() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(group_message_1(draw=1), 0.0)
    machine.receive(group_message_1(key_data=KeyData(RSNE)), 0.0)
    assert events(machine) == [
        FrameDiscarded("group message 1 with a wrong MIC"),
        FrameDiscarded("group message 1 without a group key"),
    ]
    assert machine.messages_to_send() == []


def test_renewal_of_the_pairwise_key_takes_a_new_snonce_and_installs_the_new_keys_once() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(message_1(3, NEXT_ANONCE), 0.0)
    (message_2,) = machine.messages_to_send()
    assert message_2.is_encrypted
    assert KeyFrame.decode(message_2.pdu).nonce == snonce_of(1)
    assert events(machine) == []
    for counter in (4, 5):
        machine.receive(message_3(counter, NEXT_ANONCE, 1), 0.0)
        assert [message.is_encrypted for message in machine.messages_to_send()] == [True]
    assert events(machine) == [InstallPairwiseKey(ptk_of(NEXT_ANONCE, 1).tk)]


def test_retransmitted_message_3_is_answered_even_after_a_forged_message_1() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(message_1(9, b"\xee" * 32), 0.0)
    machine.messages_to_send()
    machine.receive(message_3(3), 0.0)
    assert len(machine.messages_to_send()) == 1
    assert events(machine) == []


def test_message_3_of_a_handshake_that_never_began_is_discarded() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.receive(message_3(3, NEXT_ANONCE, 1), 0.0)
    assert events(machine) == [FrameDiscarded("message 3 without a message 1")]


def test_secure_bit_of_message_1_is_repeated_in_message_2() -> None:
    machine = make()
    machine.receive(KeyFrame(MESSAGE_1 | KeyInformation.SECURE, 1, ANONCE).encode(), 0.0)
    assert machine.messages_to_send()[0].pdu[5:7].hex() == "030a"


@pytest.mark.parametrize(("theirs", "ours"), [(1, 1), (2, 2), (3, 2)])
def test_eapol_version_of_the_access_point_is_answered_up_to_2(theirs: int, ours: int) -> None:
    machine = make()
    machine.receive(replace(KeyFrame.decode(message_1()), protocol_version=theirs).encode(), 0.0)
    assert machine.messages_to_send()[0].pdu[0] == ours


def test_silence_ends_after_ten_seconds_with_reason_15() -> None:
    machine = make()
    machine.start(5.0)
    assert machine.deadline == 15.0
    machine.handle_timer(14.9)
    assert machine.state is State.EXPECT_MESSAGE_1
    machine.handle_timer(15.0)
    text = "the access point did not begin the 4-way handshake"
    assert events(machine) == [HandshakeFailed(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text)]
    assert machine.deadline is None


def test_silence_after_message_2_points_to_the_passphrase() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.handle_timer(10.0)
    text = "the access point did not accept message 2: the passphrase is probably wrong"
    assert events(machine) == [HandshakeFailed(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text, is_wrong_key=True)]


def test_timer_without_a_deadline_does_nothing() -> None:
    machine = make()
    machine.handle_timer(100.0)
    assert events(machine) == []


@pytest.mark.parametrize(
    ("information", "text"),
    [
        (KeyInformation.PAIRWISE, "no message of an access point"),
        (MESSAGE_1 | KeyInformation.REQUEST, "no message of an access point"),
        (MESSAGE_1 | KeyInformation.ERROR, "no message of an access point"),
        (MESSAGE_1 | KeyInformation.SMK_MESSAGE, "no message of an access point"),
        (MESSAGE_3 & ~KeyInformation.ENCRYPTED_KEY_DATA, "keys that are not protected"),
        (MESSAGE_3 & ~KeyInformation.SECURE, "keys that are not protected"),
        (GROUP_MESSAGE_1 & ~KeyInformation.MIC, "keys that are not protected"),
    ],
)
def test_frame_that_no_access_point_should_send_is_discarded(information: KeyInformation, text: str) -> None:
    with pytest.raises(DiscardError, match=text):
        classify(KeyFrame(information, 1))


def test_every_truncation_of_every_message_is_discarded() -> None:
    for state, pdu in (
        (State.EXPECT_MESSAGE_1, message_1()),
        (State.EXPECT_MESSAGE_3, message_3()),
        (State.ESTABLISHED, group_message_1()),
    ):
        machine = in_state(state)
        for size in range(len(pdu)):
            machine.receive(pdu[:size], 0.0)
        assert machine.state is state
        assert all(isinstance(event, FrameDiscarded) for event in events(machine))
        assert machine.messages_to_send() == []


PROTECTED = replace(
    WPA2_PSK_CCMP,
    akm_suites=(AkmSuite.PSK_SHA256,),
    capabilities=RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE,
    group_management_cipher=CipherSuite.BIP_CMAC_128,
)
IGTK = IntegrityGroupKey(4, b"\xc3" * 16, b"\x07\x00\x00\x00\x00\x00")
NEXT_IGTK = IntegrityGroupKey(5, b"\xd4" * 16)
CMAC = KeyDescriptorVersion.AES_128_CMAC


def protected(rsne: Rsne = PROTECTED, draw: int = 0) -> Supplicant:
    return Supplicant(
        pmk=PMK,
        authenticator_address=AP,
        station_address=STATION,
        rsne=rsne.element(),
        station_rsne=rsne.element(),
        entropy=lambda count: snonce_of(draw)[:count],
    )


def protected_frame(information: KeyInformation, counter: int, key_data: KeyData) -> bytes:
    ptk = derive_ptk(PMK, AP, STATION, ANONCE, snonce_of(0), version=CMAC)
    nonce, length = (ANONCE, 16) if KeyInformation.PAIRWISE in information else (bytes(32), 0)
    frame = KeyFrame(information, counter, nonce, key_data.wrap(ptk.kek), length, descriptor_version=CMAC)
    return frame.with_mic(ptk.kck).encode()


def established_with_protected_frames(igtk: IntegrityGroupKey | None = IGTK) -> Supplicant:
    machine = protected()
    machine.receive(KeyFrame(MESSAGE_1, 1, ANONCE, key_length=16, descriptor_version=CMAC).encode(), 0.0)
    machine.receive(protected_frame(MESSAGE_3, 2, KeyData(PROTECTED.element(), 1, GTK, igtk)), 0.0)
    return machine


def test_sha256_akm_has_cmac_in_all_messages_and_hands_out_the_integrity_group_key() -> None:
    machine = established_with_protected_frames()
    ptk = derive_ptk(PMK, AP, STATION, ANONCE, snonce_of(0), version=CMAC)
    for message in machine.messages_to_send():
        assert KeyFrame.decode(message.pdu, CMAC).has_valid_mic(ptk.kck)
    assert events(machine) == [
        InstallPairwiseKey(ptk.tk),
        InstallGroupKey(1, GTK, bytes(6), CipherSuite.CCMP_128),
        InstallGroupKey(4, IGTK.key, IGTK.packet_number, CipherSuite.BIP_CMAC_128),
        Authorized(),
    ]


def test_integrity_group_key_is_renewed_and_never_installed_twice() -> None:
    machine = established_with_protected_frames()
    events(machine)
    for counter, igtk in ((3, NEXT_IGTK), (4, NEXT_IGTK), (5, IGTK)):
        machine.receive(protected_frame(GROUP_MESSAGE_1, counter, KeyData(None, 2, NEXT_GTK, igtk)), 0.0)
    assert events(machine) == [
        InstallGroupKey(2, NEXT_GTK, bytes(6), CipherSuite.CCMP_128),
        InstallGroupKey(5, NEXT_IGTK.key, bytes(6), CipherSuite.BIP_CMAC_128),
    ]


@pytest.mark.parametrize("igtk", [IntegrityGroupKey(6, bytes(16)), IntegrityGroupKey(4, bytes(32))])
def test_integrity_group_key_of_another_cipher_fails_with_reason_18(igtk: IntegrityGroupKey) -> None:
    machine = established_with_protected_frames(igtk)
    (failure,) = events(machine)
    assert isinstance(failure, HandshakeFailed)
    assert failure.reason_code is ReasonCode.INVALID_GROUP_CIPHER
    assert "none of BIP-CMAC-128" in failure.text


def test_integrity_group_key_that_was_not_agreed_on_is_not_installed() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(message_3(key_data=KeyData(RSNE, 1, GTK, IGTK)), 0.0)
    installed = [event.index for event in events(machine) if isinstance(event, InstallGroupKey)]
    assert installed == [1]


def test_frames_of_the_other_akm_s_descriptor_version_are_discarded() -> None:
    machine = protected()
    machine.receive(message_1(), 0.0)
    assert events(machine) == [FrameDiscarded("EAPOL-Key descriptor version 2, not the AKM's (3)")]


def test_beacon_without_a_readable_rsne_is_refused_at_once() -> None:
    with pytest.raises(DecodeError):
        make(b"\x30\x01\x01")


def test_no_key_shows_in_the_repr_of_events() -> None:
    machine = in_state(State.EXPECT_MESSAGE_3)
    machine.receive(message_3(), 0.0)
    text = repr(events(machine))
    assert text.startswith("[InstallPairwiseKey(), InstallGroupKey(index=1, receive_sequence_counter=")
    assert repr(GTK)[2:-1] not in text
