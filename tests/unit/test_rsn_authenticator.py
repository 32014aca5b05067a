# SPDX-License-Identifier: BSD-3-Clause
"""The authenticator: every message in every state, counters, retransmission, what fails and with which reason."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from wpsagent.crypto.rsn_keys import PairwiseTransientKey, derive_ptk
from wpsagent.dot11.frames import ReasonCode
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress
from wpsagent.rsn.authenticator import TRANSITIONS, Authenticator, Message, State, classify
from wpsagent.rsn.handshake import (
    Authorized,
    DiscardError,
    Event,
    FrameDiscarded,
    GroupKeyDelivered,
    HandshakeFailed,
    InstallPairwiseKey,
)
from wpsagent.rsn.key_frame import NO_NONCE, GroupKey, KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, AkmSuite

AP = MacAddress.parse("02:00:00:00:00:01")
STATION = MacAddress.parse("02:00:00:00:00:02")
PMK = bytes(range(32))
ANONCE = b"\xaa" * 32
SNONCE = b"\x55" * 32
OTHER_SNONCE = b"\x56" * 32
RSNE = WPA2_PSK_CCMP.element()
GTK = GroupKey(1, b"\xa1" * 16)
PACKET_NUMBER = b"\x05\x00\x00\x00\x00\x00"
NEXT_GTK = GroupKey(2, b"\xb2" * 16)
MESSAGE_2 = KeyInformation.PAIRWISE | KeyInformation.MIC
MESSAGE_4 = MESSAGE_2 | KeyInformation.SECURE
GROUP_MESSAGE_2 = KeyInformation.MIC | KeyInformation.SECURE


def make(pmks: tuple[bytes, ...] = (PMK,)) -> Authenticator:
    return Authenticator(
        pmks=pmks,
        authenticator_address=AP,
        station_address=STATION,
        rsne=RSNE,
        station_rsne=RSNE,
        group_key=GTK,
        entropy=lambda count: ANONCE[:count],
        packet_number_of=lambda group_key: PACKET_NUMBER if group_key is GTK else bytes(6),
    )


def ptk_of(snonce: bytes = SNONCE, pmk: bytes = PMK) -> PairwiseTransientKey:
    return derive_ptk(pmk, AP, STATION, ANONCE, snonce)


def message_2(counter: int, snonce: bytes = SNONCE, rsne: bytes = RSNE, pmk: bytes = PMK) -> bytes:
    return KeyFrame(MESSAGE_2, counter, snonce, rsne).with_mic(ptk_of(snonce, pmk).kck).encode()


def message_4(counter: int, snonce: bytes = SNONCE) -> bytes:
    return KeyFrame(MESSAGE_4, counter).with_mic(ptk_of(snonce).kck).encode()


def group_message_2(counter: int) -> bytes:
    return KeyFrame(GROUP_MESSAGE_2, counter).with_mic(ptk_of().kck).encode()


def sent(machine: Authenticator) -> list[KeyFrame]:
    return [KeyFrame.decode(message.pdu) for message in machine.messages_to_send()]


def events(machine: Authenticator) -> list[Event]:
    found = []
    while (event := machine.next_event()) is not None:
        found.append(event)
    return found


def in_state(state: State) -> Authenticator:
    """A machine that has come to a state by the shortest way; its outstanding counter is 1, 2 or 3."""
    machine = make()
    if state is State.IDLE:
        return machine
    machine.start(0.0)
    if state is State.FAILED:
        machine.receive(message_2(1, rsne=replace(WPA2_PSK_CCMP, akm_suites=(AkmSuite.SAE,)).element()), 0.0)
    if state in (State.EXPECT_MESSAGE_4, State.ESTABLISHED, State.EXPECT_GROUP_MESSAGE_2):
        machine.receive(message_2(1), 0.0)
    if state in (State.ESTABLISHED, State.EXPECT_GROUP_MESSAGE_2):
        machine.receive(message_4(2), 0.0)
    if state is State.EXPECT_GROUP_MESSAGE_2:
        machine.rekey(NEXT_GTK, 0.0)
    machine.messages_to_send()
    events(machine)
    assert machine.state is state
    return machine


COUNTER = {State.IDLE: 0, State.EXPECT_MESSAGE_2: 1, State.EXPECT_MESSAGE_4: 2, State.EXPECT_GROUP_MESSAGE_2: 3}
MAKERS: dict[Message, Callable[[int], bytes]] = {
    Message.MESSAGE_2: message_2,
    Message.MESSAGE_4: message_4,
    Message.GROUP_MESSAGE_2: group_message_2,
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("message", Message)
def test_every_message_in_every_state_goes_where_the_table_says_or_is_discarded(state: State, message: Message) -> None:
    machine = in_state(state)
    if (state, message) == (State.EXPECT_MESSAGE_4, Message.MESSAGE_2):
        pdu = message_2(1, OTHER_SNONCE)
    else:
        pdu = MAKERS[message](COUNTER.get(state, 2))
    machine.receive(pdu, 1.0)
    transition = TRANSITIONS[state].get(message)
    if transition is None:
        assert machine.state is state
        assert machine.messages_to_send() == []
        assert events(machine) == [FrameDiscarded(f"{message.name} is not expected in {state.name}")]
    else:
        assert machine.state is transition[1]
        assert not any(isinstance(event, FrameDiscarded) for event in events(machine))


def test_message_1_and_its_retransmissions_differ_only_in_the_counter() -> None:
    machine = make()
    machine.start(10.0)
    first = sent(machine)
    assert first == [KeyFrame(KeyInformation.PAIRWISE | KeyInformation.ACK, 1, ANONCE, key_length=16)]
    for counter, deadline in ((2, 10.1), (3, 11.1), (4, 12.1)):
        assert machine.deadline == pytest.approx(deadline, abs=0.001)
        machine.handle_timer(deadline - 0.01)
        assert sent(machine) == []
        machine.handle_timer(deadline + 0.0001)
        assert sent(machine) == [replace(first[0], replay_counter=counter)]
        assert events(machine) == []
    machine.handle_timer(13.2)
    text = "the station did not answer message 1 (4 tries)"
    assert events(machine) == [HandshakeFailed(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text)]
    assert sent(machine) == []
    assert machine.deadline is None
    machine.handle_timer(99.0)
    assert events(machine) == []


def test_message_3_carries_rsne_group_key_and_its_packet_number_under_the_new_keys() -> None:
    machine = make()
    machine.start(0.0)
    machine.messages_to_send()
    machine.receive(message_2(1), 0.0)
    (message,) = machine.messages_to_send()
    frame = KeyFrame.decode(message.pdu)
    assert not message.is_encrypted
    assert message.pdu[5:7].hex() == "13ca"
    assert (frame.replay_counter, frame.nonce, frame.key_length) == (2, ANONCE, 16)
    assert frame.receive_sequence_counter == PACKET_NUMBER + bytes(2)
    assert frame.has_valid_mic(ptk_of().kck)
    assert KeyData.unwrap(ptk_of().kek, frame.key_data) == KeyData(RSNE, 1, GTK.key)


def test_message_4_installs_opens_and_reports_in_this_order() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.receive(message_4(2), 0.0)
    assert events(machine) == [InstallPairwiseKey(ptk_of().tk), Authorized(), GroupKeyDelivered(1)]
    assert machine.deadline is None


def test_message_4_without_the_secure_bit_is_taken() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.receive(KeyFrame(MESSAGE_2, 2).with_mic(ptk_of().kck).encode(), 0.0)
    assert machine.state is State.ESTABLISHED


@pytest.mark.parametrize("counter", [1, 2])
def test_answer_to_any_outstanding_counter_is_taken(counter: int) -> None:
    machine = in_state(State.EXPECT_MESSAGE_2)
    machine.handle_timer(0.2)
    machine.receive(message_2(counter), 0.2)
    assert machine.state is State.EXPECT_MESSAGE_4


@pytest.mark.parametrize("counter", [0, 2, 1 << 63])
def test_answer_to_a_counter_that_is_not_outstanding_is_discarded(counter: int) -> None:
    machine = in_state(State.EXPECT_MESSAGE_2)
    machine.receive(message_2(counter), 0.0)
    assert events(machine) == [FrameDiscarded(f"replay counter {counter} is not outstanding")]
    assert machine.mic_failures == 0


def test_message_4_to_a_counter_of_message_1_is_discarded() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.receive(message_4(1), 0.0)
    assert events(machine) == [FrameDiscarded("replay counter 1 is not outstanding")]


def test_message_2_with_a_wrong_mic_is_discarded_counted_and_told_at_the_end() -> None:
    machine = in_state(State.EXPECT_MESSAGE_2)
    machine.receive(message_2(1, pmk=bytes(32)), 0.0)
    assert machine.mic_failures == 1
    assert machine.state is State.EXPECT_MESSAGE_2
    assert events(machine) == [FrameDiscarded("message 2 with a wrong MIC")]
    for now in (0.2, 1.3, 2.4, 3.5):
        machine.handle_timer(now)
    text = "message 2 had a wrong MIC (1 times): the station's passphrase is probably wrong"
    assert events(machine) == [HandshakeFailed(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text, is_wrong_key=True)]


def test_right_passphrase_after_a_damaged_message_2_goes_on() -> None:
    machine = in_state(State.EXPECT_MESSAGE_2)
    machine.receive(message_2(1, pmk=bytes(32)), 0.0)
    machine.receive(message_2(1), 0.0)
    assert machine.state is State.EXPECT_MESSAGE_4


@pytest.mark.parametrize(
    "rsne", [b"\x00\x01x", b"\x30\x01\x01", replace(WPA2_PSK_CCMP, akm_suites=(AkmSuite.SAE,)).element()]
)
def test_message_2_with_another_rsne_than_at_association_fails_with_reason_17(rsne: bytes) -> None:
    machine = in_state(State.EXPECT_MESSAGE_2)
    machine.receive(message_2(1, rsne=rsne), 0.0)
    text = "message 2 does not repeat the RSN element of the association request"
    assert events(machine) == [HandshakeFailed(ReasonCode.HANDSHAKE_ELEMENT_MISMATCH, text)]
    assert machine.state is State.FAILED
    assert machine.deadline is None
    assert sent(machine) == []


def test_message_2_may_have_other_elements_around_the_rsne() -> None:
    machine = in_state(State.EXPECT_MESSAGE_2)
    machine.receive(message_2(1, rsne=b"\xdd\x04\x00\x0f\xac\x09" + RSNE + b"\xf4\x01\x20"), 0.0)
    assert machine.state is State.EXPECT_MESSAGE_4


def test_message_3_times_out_with_reason_15() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    for now in (0.2, 1.3, 2.4, 3.5):
        machine.handle_timer(now)
    assert [frame.replay_counter for frame in sent(machine)] == [3, 4, 5]
    text = "the station did not answer message 3 (4 tries)"
    assert events(machine) == [HandshakeFailed(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text)]


def test_message_4_with_a_wrong_mic_is_discarded() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.receive(message_4(2, OTHER_SNONCE), 0.0)
    assert events(machine) == [FrameDiscarded("a wrong MIC")]
    assert machine.state is State.EXPECT_MESSAGE_4


def test_message_2_repeated_is_discarded() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.receive(message_2(1), 0.0)
    assert events(machine) == [FrameDiscarded("message 2 repeated")]
    assert sent(machine) == []


def test_another_snonce_in_a_second_message_2_counts_for_message_3_and_the_keys() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.receive(message_2(1, OTHER_SNONCE), 0.5)
    (frame,) = sent(machine)
    assert frame.has_valid_mic(ptk_of(OTHER_SNONCE).kck)
    assert frame.replay_counter == 3
    machine.receive(message_4(3, OTHER_SNONCE), 0.5)
    assert events(machine)[0] == InstallPairwiseKey(ptk_of(OTHER_SNONCE).tk)


def test_station_with_ever_new_snonces_gets_four_messages_3_and_no_more() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    for number in range(6):
        machine.receive(message_2(1, bytes((number,)) * 32), 0.0)
    assert len(sent(machine)) == 3
    assert events(machine) == [FrameDiscarded("message 2 with yet another SNonce")] * 3
    machine.handle_timer(1.1)
    assert machine.state is State.FAILED


def test_group_message_1_goes_out_encrypted_with_the_new_key() -> None:
    machine = in_state(State.ESTABLISHED)
    machine.rekey(NEXT_GTK, 5.0)
    (message,) = machine.messages_to_send()
    frame = KeyFrame.decode(message.pdu)
    assert message.is_encrypted
    assert message.pdu[5:7].hex() == "1382"
    assert (frame.replay_counter, frame.nonce, frame.key_length) == (3, NO_NONCE, 0)
    assert frame.has_valid_mic(ptk_of().kck)
    assert KeyData.unwrap(ptk_of().kek, frame.key_data) == KeyData(None, 2, NEXT_GTK.key)
    assert machine.deadline == pytest.approx(5.1)


def test_group_message_2_reports_the_delivery() -> None:
    machine = in_state(State.EXPECT_GROUP_MESSAGE_2)
    machine.receive(group_message_2(3), 0.0)
    assert events(machine) == [GroupKeyDelivered(2)]
    assert machine.deadline is None


def test_group_message_2_with_a_wrong_mic_is_discarded() -> None:
    machine = in_state(State.EXPECT_GROUP_MESSAGE_2)
    machine.receive(KeyFrame(GROUP_MESSAGE_2, 3).with_mic(bytes(16)).encode(), 0.0)
    assert events(machine) == [FrameDiscarded("a wrong MIC")]


def test_rekey_during_a_group_handshake_starts_it_anew_with_the_newest_key() -> None:
    machine = in_state(State.EXPECT_GROUP_MESSAGE_2)
    newest = GroupKey(1, b"\xc3" * 16)
    machine.rekey(newest, 1.0)
    (frame,) = sent(machine)
    assert KeyData.unwrap(ptk_of().kek, frame.key_data).group_key == newest.key
    machine.receive(group_message_2(3), 1.0)
    assert events(machine) == [FrameDiscarded("replay counter 3 is not outstanding")]
    machine.receive(group_message_2(4), 1.0)
    assert events(machine) == [GroupKeyDelivered(1)]


def test_rekey_while_message_4_is_awaited_does_not_change_message_3() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.rekey(NEXT_GTK, 0.0)
    assert sent(machine) == []
    machine.handle_timer(0.2)
    (frame,) = sent(machine)
    assert KeyData.unwrap(ptk_of().kek, frame.key_data).group_key == GTK.key
    machine.receive(message_4(3), 0.3)
    assert machine.state is State.EXPECT_GROUP_MESSAGE_2
    assert events(machine)[-1] == GroupKeyDelivered(1)
    machine.receive(group_message_2(4), 0.3)
    assert events(machine) == [GroupKeyDelivered(2)]


@pytest.mark.parametrize("state", [State.IDLE, State.FAILED])
def test_rekey_before_the_start_or_after_the_end_sends_nothing(state: State) -> None:
    machine = in_state(state)
    machine.rekey(NEXT_GTK, 0.0)
    assert machine.state is state
    assert sent(machine) == []


def test_second_start_is_our_own_fault() -> None:
    machine = in_state(State.EXPECT_MESSAGE_2)
    with pytest.raises(UsageError, match="has been started before"):
        machine.start(1.0)


@pytest.mark.parametrize(
    "information",
    [
        MESSAGE_2 | KeyInformation.ACK,
        MESSAGE_2 | KeyInformation.REQUEST,
        MESSAGE_2 | KeyInformation.REQUEST | KeyInformation.ERROR,
        MESSAGE_2 | KeyInformation.SMK_MESSAGE,
        KeyInformation.PAIRWISE,
    ],
)
def test_frame_that_no_station_sends_here_is_discarded(information: KeyInformation) -> None:
    with pytest.raises(DiscardError, match="no message of a station"):
        classify(KeyFrame(information, 1))


def test_timer_before_the_start_does_nothing() -> None:
    machine = make()
    machine.handle_timer(100.0)
    assert machine.state is State.IDLE
    assert machine.messages_to_send() == []


def test_every_truncation_of_every_message_is_discarded() -> None:
    for state, pdu in (
        (State.EXPECT_MESSAGE_2, message_2(1)),
        (State.EXPECT_MESSAGE_4, message_4(2)),
        (State.EXPECT_GROUP_MESSAGE_2, group_message_2(3)),
    ):
        machine = in_state(state)
        for size in range(len(pdu)):
            machine.receive(pdu[:size], 0.0)
        assert machine.state is state
        assert all(isinstance(event, FrameDiscarded) for event in events(machine))


def test_no_key_shows_in_the_repr_of_messages_and_events() -> None:
    machine = in_state(State.EXPECT_MESSAGE_4)
    machine.handle_timer(0.2)
    machine.receive(message_4(2), 0.3)
    assert repr(machine.messages_to_send()) == "[KeyMessage(is_encrypted=False)]"
    assert repr(events(machine)[0]) == "InstallPairwiseKey()"


# ---- one of several keys


def test_a_station_may_have_any_of_its_keys_and_keeps_to_the_one_it_has() -> None:
    machine = make(pmks=(bytes(32), PMK, b"\x01" * 32))
    machine.start(0.0)
    machine.handle_timer(0.1)
    machine.receive(message_2(1), 0.2)
    assert machine.state is State.EXPECT_MESSAGE_4
    sent(machine)
    machine.receive(message_2(2, OTHER_SNONCE, pmk=bytes(32)), 0.3)
    assert events(machine) == [FrameDiscarded("message 2 with a wrong MIC")]
    machine.receive(message_4(3), 0.4)
    assert events(machine)[1] == Authorized()


def test_a_station_of_a_network_without_keys_is_told_that_its_key_is_wrong() -> None:
    machine = make(pmks=())
    machine.start(0.0)
    machine.receive(message_2(1), 0.0)
    assert (machine.state, machine.mic_failures) == (State.EXPECT_MESSAGE_2, 1)
