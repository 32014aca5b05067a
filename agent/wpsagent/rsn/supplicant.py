# SPDX-License-Identifier: BSD-3-Clause
"""The station's side of the 4-way and group key handshakes.

Implements IEEE 802.11-2020, 12.7.6 and 12.7.7, for WPA2-Personal (AKMs PSK and PSK-SHA256) with CCMP-128 pairwise and
CCMP-128 or TKIP group keys, and BIP-CMAC-128 where management frames are protected.  How to drive it stands in
`wpsagent.rsn.handshake`: first send the messages, then carry out the events.

    state              message          what it does                                                  next state
    EXPECT_MESSAGE_1   message 1        sends message 2                                               EXPECT_MESSAGE_3
    EXPECT_MESSAGE_3   message 1        sends message 2                                               EXPECT_MESSAGE_3
    EXPECT_MESSAGE_3   message 3        sends message 4; InstallPairwiseKey, InstallGroupKey,         ESTABLISHED
                                        Authorized
    ESTABLISHED        message 1        sends message 2: the access point renews the pairwise key     ESTABLISHED
    ESTABLISHED        message 3        repeated: sends message 4, installs nothing; renewal: sends   ESTABLISHED
                                        message 4, installs the new keys
    ESTABLISHED        group message 1  sends group message 2; InstallGroupKey                        ESTABLISHED

A key is installed once.  Message 3 or group message 1 sent again is answered again, but a key that is in use is never
installed a second time: doing so would reset its packet number (the key reinstallation attacks of 2017).

Discards, with a FrameDiscarded event: what is no EAPOL-Key frame of the AKM's descriptor version, messages that the
state does not expect, replay counters not above the last authentic one, wrong MICs, key data that is not encrypted or
does not open.  Fails with reason 17 when message 3 does not repeat what the RSNE of the beacon says, 18 when the group
key does not fit its cipher or an IGTK is none of BIP-CMAC-128, 15 when there is no message 3 ten seconds after `start`.

12.7.6.4 has message 3 compared with the ANonce of message 1.  Here the PTK is derived from message 3's own ANonce and
its MIC is the proof: equally strict, and a forged message 1 in between does no harm.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum, auto

from wpsagent.crypto.rsn_keys import KeyDescriptorVersion, PairwiseTransientKey, derive_ptk
from wpsagent.dot11.frames import ReasonCode
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy
from wpsagent.rsn.handshake import (
    Authorized,
    DiscardError,
    FrameDiscarded,
    Handshake,
    HandshakeError,
    HandshakeFailed,
    InstallGroupKey,
    InstallPairwiseKey,
    KeyMessage,
)
from wpsagent.rsn.key_frame import KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import AkmSuite, CipherSuite, Rsne, is_same_policy

HANDSHAKE_TIMEOUT = 10.0

_GROUP_KEY_SIZES: Mapping[int, int] = {CipherSuite.CCMP_128: 16, CipherSuite.TKIP: 32}
_INTEGRITY_KEY_INDICES = (4, 5)
_INTEGRITY_KEY_SIZE = 16


class State(Enum):
    """What the supplicant awaits from the access point."""

    EXPECT_MESSAGE_1 = auto()
    EXPECT_MESSAGE_3 = auto()
    ESTABLISHED = auto()
    FAILED = auto()


class Message(Enum):
    """What an access point sends."""

    MESSAGE_1 = auto()
    MESSAGE_3 = auto()
    GROUP_MESSAGE_1 = auto()


_MESSAGE_2 = KeyInformation.PAIRWISE | KeyInformation.MIC
_GROUP_MESSAGE_2 = KeyInformation.MIC | KeyInformation.SECURE
_MESSAGE_4 = _GROUP_MESSAGE_2 | KeyInformation.PAIRWISE
_CARRIES_KEYS = KeyInformation.MIC | KeyInformation.SECURE | KeyInformation.ENCRYPTED_KEY_DATA
_NEVER_FROM_AN_AP = KeyInformation.REQUEST | KeyInformation.ERROR | KeyInformation.SMK_MESSAGE


def classify(frame: KeyFrame) -> Message:
    """Which message of an access point this is; raises DiscardError."""
    information = frame.information
    if information & _NEVER_FROM_AN_AP or KeyInformation.ACK not in information:
        raise DiscardError(f"no message of an access point (key information {information:#06x})")
    if KeyInformation.PAIRWISE in information and KeyInformation.MIC not in information:
        return Message.MESSAGE_1
    if _CARRIES_KEYS not in information:
        raise DiscardError(f"keys that are not protected (key information {information:#06x})")
    return Message.MESSAGE_3 if KeyInformation.PAIRWISE in information else Message.GROUP_MESSAGE_1


def descriptor_version(rsne: Rsne) -> KeyDescriptorVersion:
    """What the AKM of an association has its handshakes protected with."""
    is_sha256 = AkmSuite.PSK_SHA256 in rsne.akm_suites
    return KeyDescriptorVersion.AES_128_CMAC if is_sha256 else KeyDescriptorVersion.HMAC_SHA_1


class Supplicant(Handshake):
    """The handshakes with one access point, from association to association."""

    def __init__(
        self,
        *,
        pmk: bytes,
        authenticator_address: MacAddress,
        station_address: MacAddress,
        rsne: bytes,
        station_rsne: bytes,
        entropy: Entropy,
    ) -> None:
        """pmk: 32 octets; rsne, station_rsne: whole elements, as in the AP's beacon and in our association request.

        What the latter says of the AKM and of protected management frames holds.  Raises DecodeError for one that is
        none.
        """
        super().__init__()
        self.state = State.EXPECT_MESSAGE_1
        self.mic_failures = 0
        self._pmk = pmk
        self._addresses = (authenticator_address, station_address)
        self._rsne = rsne
        self._station_rsne = station_rsne
        self._group_cipher = Rsne.decode(rsne[2:]).group_cipher
        asked = Rsne.decode(station_rsne[2:])
        self._version = descriptor_version(asked)
        self._are_frames_protected = asked.protects_frames
        self._entropy = entropy
        self._snonce: bytes | None = None
        self._ptk: PairwiseTransientKey | None = None
        self._ptk_anonce = b""
        self._is_message_4_encrypted = False
        self._group_keys: dict[int, bytes] = {}
        self._replay_counter = -1

    def start(self, now: float) -> None:
        """The association stands: from now on the access point has ten seconds.  Messages may come before."""
        if self.state in (State.EXPECT_MESSAGE_1, State.EXPECT_MESSAGE_3):
            self.deadline = now + HANDSHAKE_TIMEOUT

    def receive(self, pdu: bytes, now: float) -> None:
        """An EAPOL PDU from the access point; never raises for what is in it."""
        try:
            self._dispatch(KeyFrame.decode(pdu, self._version))
        except (DecodeError, DiscardError) as error:
            self._events.append(FrameDiscarded(str(error)))
        except HandshakeError as error:
            self._fail(error.reason_code, str(error))

    def handle_timer(self, now: float) -> None:
        """Give up when the deadline has come."""
        if self.deadline is None or now < self.deadline:
            return
        if self.state is State.EXPECT_MESSAGE_1:
            text = "the access point did not begin the 4-way handshake"
            self._fail(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text)
        else:
            text = "the access point did not accept message 2: the passphrase is probably wrong"
            self._fail(ReasonCode.FOUR_WAY_HANDSHAKE_TIMEOUT, text, is_wrong_key=True)

    # ---- one message

    def _dispatch(self, frame: KeyFrame) -> None:
        message = classify(frame)
        transition = TRANSITIONS[self.state].get(message)
        if transition is None:
            raise DiscardError(f"{message.name} is not expected in {self.state.name}")
        if frame.replay_counter <= self._replay_counter:
            raise DiscardError(f"replay counter {frame.replay_counter} is not above {self._replay_counter}")
        handler, next_state = transition
        handler(self, frame)
        self.state = next_state
        if next_state is State.ESTABLISHED:
            self.deadline = None

    def _answer_message_1(self, frame: KeyFrame) -> None:
        """Message 1 has no MIC: it changes nothing that an authentic message relies on."""
        if self._snonce is None:
            self._snonce = self._entropy(32)
        ptk = self._derive_ptk(frame.nonce, self._snonce)
        information = _MESSAGE_2 | (frame.information & KeyInformation.SECURE)
        answer = KeyFrame(information, frame.replay_counter, self._snonce, self._station_rsne)
        self._send(answer, ptk, frame, is_encrypted=self._ptk is not None)

    def _accept_message_3(self, frame: KeyFrame) -> None:
        """Check message 3 as 12.7.6.4 has it, confirm it, hand out the keys."""
        ptk = self._derive_for_message_3(frame)
        if not frame.has_valid_mic(ptk.kck):
            self.mic_failures += 1
            raise DiscardError("message 3 with a wrong MIC")
        if KeyInformation.INSTALL not in frame.information or frame.key_length != 16:
            raise DiscardError("message 3 that does not install a CCMP key")
        key_data = KeyData.unwrap(ptk.kek, frame.key_data)
        self._replay_counter = frame.replay_counter
        if not is_same_policy(key_data.rsne, self._rsne):
            text = "message 3 does not repeat the RSN element of the beacon: somebody may have changed one of them"
            raise HandshakeError(ReasonCode.HANDSHAKE_ELEMENT_MISMATCH, text)
        self._check_group_keys(key_data)
        self._install(frame, ptk, key_data)

    def _derive_for_message_3(self, frame: KeyFrame) -> PairwiseTransientKey:
        if self._snonce is None:
            raise DiscardError("message 3 without a message 1")
        return self._derive_ptk(frame.nonce, self._snonce)

    def _derive_ptk(self, anonce: bytes, snonce: bytes) -> PairwiseTransientKey:
        return derive_ptk(self._pmk, *self._addresses, anonce, snonce, version=self._version)

    def _install(self, frame: KeyFrame, ptk: PairwiseTransientKey, key_data: KeyData) -> None:
        is_first = self._ptk is None
        self._is_message_4_encrypted = not is_first
        self._send_message_4(frame, ptk)
        # The next PTK needs a new SNonce, so that no key can come twice.
        self._snonce, self._ptk, self._ptk_anonce = None, ptk, frame.nonce
        self._events.append(InstallPairwiseKey(ptk.tk))
        self._install_group_keys(frame, key_data)
        if is_first:
            self._events.append(Authorized())

    def _accept_later_message_3(self, frame: KeyFrame) -> None:
        """Message 3 while the keys are in use: the same again if our message 4 was lost, or of a renewal."""
        assert self._ptk is not None
        if frame.nonce == self._ptk_anonce and frame.has_valid_mic(self._ptk.kck):
            self._replay_counter = frame.replay_counter
            self._send_message_4(frame, self._ptk)
        else:
            self._accept_message_3(frame)

    def _accept_group_message_1(self, frame: KeyFrame) -> None:
        ptk = self._ptk
        assert ptk is not None
        if not frame.has_valid_mic(ptk.kck):
            raise DiscardError("group message 1 with a wrong MIC")
        key_data = KeyData.unwrap(ptk.kek, frame.key_data)
        self._replay_counter = frame.replay_counter
        if key_data.group_key is None:
            raise DiscardError("group message 1 without a group key")
        self._check_group_keys(key_data)
        self._send(KeyFrame(_GROUP_MESSAGE_2, frame.replay_counter), ptk, frame, is_encrypted=True)
        self._install_group_keys(frame, key_data)

    # ---- group keys

    def _check_group_keys(self, key_data: KeyData) -> None:
        group_key, igtk = key_data.group_key, key_data.integrity_group_key
        if group_key is not None and len(group_key) != _GROUP_KEY_SIZES.get(self._group_cipher):
            text = f"a group key of {len(group_key)} octets does not fit cipher {self._group_cipher:08x}"
            raise HandshakeError(ReasonCode.INVALID_GROUP_CIPHER, text)
        if igtk is None or not self._are_frames_protected:
            return
        if igtk.index not in _INTEGRITY_KEY_INDICES or len(igtk.key) != _INTEGRITY_KEY_SIZE:
            text = f"an integrity group key {igtk.index} of {len(igtk.key)} octets is none of BIP-CMAC-128"
            raise HandshakeError(ReasonCode.INVALID_GROUP_CIPHER, text)

    def _install_group_keys(self, frame: KeyFrame, key_data: KeyData) -> None:
        if (key := key_data.group_key) is not None:
            # The key data has a TKIP key as its sender uses it: what it transmits with (16-23) we receive with (24-31).
            for_driver = key[:16] + key[24:32] + key[16:24]
            rsc = frame.receive_sequence_counter[:6]
            self._install_once(InstallGroupKey(key_data.group_key_index, for_driver, rsc, self._group_cipher))
        if (igtk := key_data.integrity_group_key) is not None and self._are_frames_protected:
            self._install_once(InstallGroupKey(igtk.index, igtk.key, igtk.packet_number, CipherSuite.BIP_CMAC_128))

    def _install_once(self, event: InstallGroupKey) -> None:
        if event.key not in self._group_keys.values():
            self._group_keys[event.index] = event.key
            self._events.append(event)

    # ---- sending, failing

    def _send_message_4(self, frame: KeyFrame, ptk: PairwiseTransientKey) -> None:
        answer = KeyFrame(_MESSAGE_4, frame.replay_counter)
        self._send(answer, ptk, frame, is_encrypted=self._is_message_4_encrypted)

    def _send(self, answer: KeyFrame, ptk: PairwiseTransientKey, to: KeyFrame, *, is_encrypted: bool) -> None:
        # Old access points drop EAPOL versions above their own: answer with theirs.
        version = min(to.protocol_version, 2)
        frame = replace(answer, protocol_version=version, descriptor_version=self._version)
        self._messages.append(KeyMessage(frame.with_mic(ptk.kck).encode(), is_encrypted))

    def _fail(self, reason_code: ReasonCode, text: str, *, is_wrong_key: bool = False) -> None:
        self.state = State.FAILED
        self.deadline = None
        self._events.append(HandshakeFailed(reason_code, text, is_wrong_key))


_Handler = Callable[[Supplicant, KeyFrame], None]

TRANSITIONS: Mapping[State, Mapping[Message, tuple[_Handler, State]]] = {
    State.EXPECT_MESSAGE_1: {
        Message.MESSAGE_1: (Supplicant._answer_message_1, State.EXPECT_MESSAGE_3),
    },
    State.EXPECT_MESSAGE_3: {
        Message.MESSAGE_1: (Supplicant._answer_message_1, State.EXPECT_MESSAGE_3),
        Message.MESSAGE_3: (Supplicant._accept_message_3, State.ESTABLISHED),
    },
    State.ESTABLISHED: {
        Message.MESSAGE_1: (Supplicant._answer_message_1, State.ESTABLISHED),
        Message.MESSAGE_3: (Supplicant._accept_later_message_3, State.ESTABLISHED),
        Message.GROUP_MESSAGE_1: (Supplicant._accept_group_message_1, State.ESTABLISHED),
    },
    State.FAILED: {},
}
