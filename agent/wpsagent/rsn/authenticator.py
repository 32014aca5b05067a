# SPDX-License-Identifier: BSD-3-Clause
"""The access point's side of the 4-way and group key handshakes, one machine a station.

Implements IEEE 802.11-2020, 12.7.6 and 12.7.7, for WPA2-Personal with CCMP-128.  How to drive it stands in
`wpsagent.rsn.handshake`: first send the messages, then carry out the events.

    state                    message          what it does                                        next state
    IDLE                     -                `start` sends message 1                             EXPECT_MESSAGE_2
    EXPECT_MESSAGE_2         message 2        derives the PTK, sends message 3                    EXPECT_MESSAGE_4
    EXPECT_MESSAGE_4         message 2        only with another SNonce: message 3 again           EXPECT_MESSAGE_4
    EXPECT_MESSAGE_4         message 4        InstallPairwiseKey, Authorized, GroupKeyDelivered   ESTABLISHED
    ESTABLISHED              -                `rekey` sends group message 1                       EXPECT_GROUP_MESSAGE_2
    EXPECT_GROUP_MESSAGE_2   group message 2  GroupKeyDelivered                                   ESTABLISHED

Every message is sent up to four times: again after 100 ms, then after a second each, then HandshakeFailed.  Each time
it has the next replay counter, and an answer to any of them is taken (12.7.6.6).

Discards, with a FrameDiscarded event: what is no EAPOL-Key frame of descriptor version 2, messages that the state does
not expect, answers to counters that are not outstanding, wrong MICs, and requests of the station (no TKIP here, so
there are no MIC failures to report; keys are renewed by our own clock).  A wrong MIC in message 2 is how a wrong
passphrase shows: it is counted and told in HandshakeFailed.  Where a station may have one of several keys, the first
whose MIC is right is its key from then on.  Fails with reason 17 when message 2 does not repeat the RSNE of the
association request (in what it says: a default that is left out makes no difference).
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto

from wpsagent.crypto.rsn_keys import PairwiseTransientKey, derive_ptk
from wpsagent.dot11.elements import ElementId, Elements
from wpsagent.dot11.frames import ReasonCode
from wpsagent.errors import DecodeError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy
from wpsagent.rsn.handshake import (
    Authorized,
    DiscardError,
    FrameDiscarded,
    GroupKeyDelivered,
    Handshake,
    HandshakeError,
    HandshakeFailed,
    InstallPairwiseKey,
    KeyMessage,
)
from wpsagent.rsn.key_frame import GroupKey, KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import is_same_policy

NO_PACKETS = bytes(6)
"""The packet number of a group key that nothing was sent with."""

FIRST_TIMEOUT = 0.1
TIMEOUT = 1.0
TRIES = 4


class State(Enum):
    """What the authenticator awaits from the station."""

    IDLE = auto()
    EXPECT_MESSAGE_2 = auto()
    EXPECT_MESSAGE_4 = auto()
    ESTABLISHED = auto()
    EXPECT_GROUP_MESSAGE_2 = auto()
    FAILED = auto()


class Message(Enum):
    """What a station sends."""

    MESSAGE_2 = auto()
    MESSAGE_4 = auto()
    GROUP_MESSAGE_2 = auto()


_MESSAGE_1 = KeyInformation.PAIRWISE | KeyInformation.ACK
_GROUP_MESSAGE_1 = KeyInformation.ACK | KeyInformation.MIC | KeyInformation.SECURE | KeyInformation.ENCRYPTED_KEY_DATA
_MESSAGE_3 = _GROUP_MESSAGE_1 | KeyInformation.PAIRWISE | KeyInformation.INSTALL
_NEVER_FROM_A_STATION = KeyInformation.ACK | KeyInformation.REQUEST | KeyInformation.ERROR | KeyInformation.SMK_MESSAGE


def classify(frame: KeyFrame) -> Message:
    """Which message of a station this is; raises DiscardError.

    Messages 2 and 4 differ by their Key Data: 2 has an RSNE, 4 has none.  The Secure bit would tell too, but not all
    stations set it in message 4.
    """
    if frame.information & _NEVER_FROM_A_STATION or KeyInformation.MIC not in frame.information:
        raise DiscardError(f"no message of a station (key information {frame.information:#06x})")
    if KeyInformation.PAIRWISE not in frame.information:
        return Message.GROUP_MESSAGE_2
    return Message.MESSAGE_2 if frame.key_data else Message.MESSAGE_4


class Authenticator(Handshake):
    """The handshakes with one station, from its association on.  A station that associates anew gets a new one."""

    def __init__(
        self,
        *,
        pmks: Sequence[bytes],
        authenticator_address: MacAddress,
        station_address: MacAddress,
        rsne: bytes,
        station_rsne: bytes,
        group_key: GroupKey,
        entropy: Entropy,
        packet_number_of: Callable[[GroupKey], bytes] = lambda _group_key: NO_PACKETS,
    ) -> None:
        """pmks: 32 octets each, those that the station may have.

        rsne, station_rsne: whole elements, as in our beacon and in the association request.  packet_number_of: the one
        that was last used with a group key (6 octets, little-endian): the station refuses what is not above it.
        """
        super().__init__()
        self.state = State.IDLE
        self.mic_failures = 0
        self._pmks = tuple(pmks)
        self._addresses = (authenticator_address, station_address)
        self._rsne = rsne
        self._station_rsne = station_rsne
        self._group_key = group_key
        self._delivering = group_key
        self._entropy = entropy
        self._packet_number_of = packet_number_of
        self._anonce = b""
        self._snonce = b""
        self._ptk = PairwiseTransientKey(b"", b"", b"")
        self._replay_counter = 0
        self._outstanding: set[int] = set()
        self._outstanding_before: set[int] = set()
        self._tries = 0

    def start(self, now: float) -> None:
        """Send message 1; once."""
        if self.state is not State.IDLE:
            raise UsageError("the 4-way handshake has been started before")
        self._anonce = self._entropy(32)
        self._enter(State.EXPECT_MESSAGE_2, now)

    def rekey(self, group_key: GroupKey, now: float) -> None:
        """Deliver a new group key: at once, or as soon as the handshake that runs is through."""
        self._group_key = group_key
        if self.state in (State.ESTABLISHED, State.EXPECT_GROUP_MESSAGE_2):
            self._enter(State.EXPECT_GROUP_MESSAGE_2, now)

    def receive(self, pdu: bytes, now: float) -> None:
        """An EAPOL PDU from the station; never raises for what is in it."""
        try:
            frame = KeyFrame.decode(pdu)
            self._dispatch(frame, now)
        except (DecodeError, DiscardError) as error:
            self._events.append(FrameDiscarded(str(error)))
        except HandshakeError as error:
            self._fail(error.reason_code, str(error))

    def handle_timer(self, now: float) -> None:
        """Send the last message again, or give up, when the deadline has come."""
        if self.deadline is None or now < self.deadline:
            return
        if self._tries < TRIES:
            self._send(now)
        elif self.state is State.EXPECT_MESSAGE_2 and self.mic_failures:
            text = f"message 2 had a wrong MIC ({self.mic_failures} times): the station's passphrase is probably wrong"
            self._fail(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text, is_wrong_key=True)
        else:
            reason_code, text = _TIMEOUTS[self.state]
            self._fail(reason_code, f"{text} ({TRIES} tries)")

    # ---- one message

    def _dispatch(self, frame: KeyFrame, now: float) -> None:
        message = classify(frame)
        transition = TRANSITIONS[self.state].get(message)
        if transition is None:
            raise DiscardError(f"{message.name} is not expected in {self.state.name}")
        handler, next_state = transition
        handler(self, frame, now)
        if next_state is not self.state:
            self._enter(next_state, now)

    def _accept_message_2(self, frame: KeyFrame, now: float) -> None:
        self._check_counter(frame, self._outstanding)
        self._take_snonce(frame)

    def _accept_another_message_2(self, frame: KeyFrame, now: float) -> None:
        """A station that got message 1 twice may answer each with another SNonce: the last one counts for it."""
        self._check_counter(frame, self._outstanding_before)
        if frame.nonce == self._snonce:
            raise DiscardError("message 2 repeated")
        if self._tries >= TRIES:
            raise DiscardError("message 2 with yet another SNonce")
        self._take_snonce(frame)
        self._send(now)

    def _take_snonce(self, frame: KeyFrame) -> None:
        pmk, ptk = self._find_keys(frame)
        if not is_same_policy(Elements.decode(frame.key_data).first_element(ElementId.RSN), self._station_rsne):
            text = "message 2 does not repeat the RSN element of the association request"
            raise HandshakeError(ReasonCode.HANDSHAKE_ELEMENT_MISMATCH, text)
        self._snonce, self._ptk, self._pmks = frame.nonce, ptk, (pmk,)

    def _find_keys(self, frame: KeyFrame) -> tuple[bytes, PairwiseTransientKey]:
        """The PMK by which the station made message 2, and its PTK; raises DiscardError."""
        for pmk in self._pmks:
            ptk = derive_ptk(pmk, *self._addresses, self._anonce, frame.nonce)
            if frame.has_valid_mic(ptk.kck):
                return pmk, ptk
        self.mic_failures += 1
        raise DiscardError("message 2 with a wrong MIC")

    def _accept_message_4(self, frame: KeyFrame, now: float) -> None:
        self._check_confirmation(frame)
        self._events.append(InstallPairwiseKey(self._ptk.tk))
        self._events.append(Authorized())
        self._events.append(GroupKeyDelivered(self._delivering.index))

    def _accept_group_message_2(self, frame: KeyFrame, now: float) -> None:
        self._check_confirmation(frame)
        self._events.append(GroupKeyDelivered(self._delivering.index))

    def _check_confirmation(self, frame: KeyFrame) -> None:
        self._check_counter(frame, self._outstanding)
        if not frame.has_valid_mic(self._ptk.kck):
            raise DiscardError("a wrong MIC")

    @staticmethod
    def _check_counter(frame: KeyFrame, outstanding: set[int]) -> None:
        if frame.replay_counter not in outstanding:
            raise DiscardError(f"replay counter {frame.replay_counter} is not outstanding")

    # ---- states

    def _enter(self, state: State, now: float) -> None:
        self.state = state
        self._outstanding_before, self._outstanding = self._outstanding, set()
        self._tries = 0
        self.deadline = None
        if state is not State.ESTABLISHED:
            # What a message delivers stays the same when it is sent again, whatever `rekey` brings meanwhile.
            self._delivering = self._group_key
            self._send(now)
        elif self._delivering is not self._group_key:
            self._enter(State.EXPECT_GROUP_MESSAGE_2, now)

    def _fail(self, reason_code: ReasonCode, text: str, *, is_wrong_key: bool = False) -> None:
        self.state = State.FAILED
        self.deadline = None
        self._events.append(HandshakeFailed(reason_code, text, is_wrong_key))

    # ---- sending

    def _send(self, now: float) -> None:
        """Send the message that the state awaits an answer to, with the next replay counter."""
        self._replay_counter += 1
        self._outstanding.add(self._replay_counter)
        frame = _BUILDERS[self.state](self)
        is_encrypted = self.state is State.EXPECT_GROUP_MESSAGE_2
        self._messages.append(KeyMessage(frame.encode(), is_encrypted))
        self.deadline = now + (TIMEOUT if self._tries else FIRST_TIMEOUT)
        self._tries += 1

    def _message_1(self) -> KeyFrame:
        return KeyFrame(_MESSAGE_1, self._replay_counter, self._anonce, key_length=16)

    def _message_3(self) -> KeyFrame:
        key_data = KeyData(self._rsne, self._delivering.index, self._delivering.key).wrap(self._ptk.kek)
        frame = KeyFrame(_MESSAGE_3, self._replay_counter, self._anonce, key_data, 16, self._key_rsc())
        return frame.with_mic(self._ptk.kck)

    def _group_message_1(self) -> KeyFrame:
        key_data = KeyData(None, self._delivering.index, self._delivering.key).wrap(self._ptk.kek)
        rsc = self._key_rsc()
        frame = KeyFrame(_GROUP_MESSAGE_1, self._replay_counter, key_data=key_data, receive_sequence_counter=rsc)
        return frame.with_mic(self._ptk.kck)

    def _key_rsc(self) -> bytes:
        return self._packet_number_of(self._delivering) + bytes(2)


_Handler = Callable[[Authenticator, KeyFrame, float], None]

TRANSITIONS: Mapping[State, Mapping[Message, tuple[_Handler, State]]] = {
    State.IDLE: {},
    State.EXPECT_MESSAGE_2: {
        Message.MESSAGE_2: (Authenticator._accept_message_2, State.EXPECT_MESSAGE_4),
    },
    State.EXPECT_MESSAGE_4: {
        Message.MESSAGE_2: (Authenticator._accept_another_message_2, State.EXPECT_MESSAGE_4),
        Message.MESSAGE_4: (Authenticator._accept_message_4, State.ESTABLISHED),
    },
    State.ESTABLISHED: {},
    State.EXPECT_GROUP_MESSAGE_2: {
        Message.GROUP_MESSAGE_2: (Authenticator._accept_group_message_2, State.ESTABLISHED),
    },
    State.FAILED: {},
}

_BUILDERS: Mapping[State, Callable[[Authenticator], KeyFrame]] = {
    State.EXPECT_MESSAGE_2: Authenticator._message_1,
    State.EXPECT_MESSAGE_4: Authenticator._message_3,
    State.EXPECT_GROUP_MESSAGE_2: Authenticator._group_message_1,
}

_TIMEOUTS: Mapping[State, tuple[ReasonCode, str]] = {
    State.EXPECT_MESSAGE_2: (ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, "the station did not answer message 1"),
    State.EXPECT_MESSAGE_4: (ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, "the station did not answer message 3"),
    State.EXPECT_GROUP_MESSAGE_2: (
        ReasonCode.GROUP_KEY_HANDSHAKE_TIMEOUT,
        "the station did not confirm the new group key",
    ),
}
