# SPDX-License-Identifier: BSD-3-Clause
"""What enrollee and registrar share: one run of the registration protocol as a machine.

Wi-Fi Simple Configuration 2.0, sections 7 and 8.2.  Theory of operation:

- A role is a table: `transitions[state][message type]` gives the handler and the state that follows.  A handler
  verifies the message and queues the answer; it returns another state where the table's is not the one, and raises
  ProtocolError where the run cannot go on: WSC_NACK is queued, one RunFailed is emitted, the run is over.
- A message that cannot be read, is of the other role, or carries a nonce that is not ours is foreign: the run is
  dropped without a word to the peer.  A message of the right peer at the wrong time is answered by WSC_NACK.
- A run that is over ignores everything.

Entropy is an argument, so a run with fixed entropy repeats itself octet by octet.  The private key is dropped as soon
as the keys are derived, the keys when the run is over.
"""

import hmac
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, ClassVar, Generic, TypeVar

from wpsagent.crypto.derivation import SessionKeys, derive_session_keys, password_proofs, proof_hash
from wpsagent.crypto.diffie_hellman import KeyPair, shared_secret
from wpsagent.errors import DecodeError, ProtocolError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy
from wpsagent.wsc.attributes import Attributes, AttributeType, WfaExtension
from wpsagent.wsc.enumerations import ConfigurationError, ErrorIndication, MessageType, OpCode
from wpsagent.wsc.events import Event, RunFailed
from wpsagent.wsc.messages import MESSAGES, NO_NONCE, Message, WscAck, WscDone, WscNack, message_type_of
from wpsagent.wsc.protection import append_authenticator, decrypt_settings, encrypt_settings, verify_authenticator

NONCE_SIZE = 16

_OP_CODES = {
    MessageType.WSC_ACK: OpCode.WSC_ACK,
    MessageType.WSC_NACK: OpCode.WSC_NACK,
    MessageType.WSC_DONE: OpCode.WSC_DONE,
}
"""Op-Codes of the messages that have one of their own; all others are WSC_MSG."""


class RefusedError(ProtocolError):
    """A message is refused for a reason that has an error indication."""

    def __init__(self, message: str, error_indication: ErrorIndication) -> None:
        super().__init__(message)
        self.error_indication = error_indication


class DroppedError(ProtocolError):
    """The run is over without an answer to the peer."""


S = TypeVar("S", bound=Enum)
Handler = Callable[[Any, Any, float], S | None]
"""(machine, message, now) -> the state that follows, None for the table's."""

Transitions = Mapping[S, Mapping[MessageType, tuple[Handler[S], S]]]


class Run(ABC, Generic[S]):
    """One run; see the module's theory of operation."""

    transitions: ClassVar[Transitions[Any]]
    failed: S
    succeeded: S
    answers_nack: bool
    """True for an EAP peer, which owes every request an answer: WSC_NACK is answered by WSC_NACK."""

    def __init__(self, state: S, entropy: Entropy, key_pair: KeyPair | None, version2: int | None) -> None:
        self._state = state
        self._entropy = entropy
        self._key_pair = key_pair
        self._wfa = WfaExtension(version2=version2)
        self._enrollee_nonce = NO_NONCE
        self._registrar_nonce = NO_NONCE
        self._public_key_e = b""
        self._public_key_r = b""
        self._keys: SessionKeys | None = None
        self._psk1 = b""
        self._psk2 = b""
        self._received = b""  # the message in hand, and when it is done with, the last one
        self._sent = b""  # our last message that an Authenticator may cover
        self._to_send: list[tuple[OpCode, bytes]] = []
        self._events: deque[Event] = deque()

    @property
    def state(self) -> S:
        return self._state

    @property
    def is_finished(self) -> bool:
        """True when nothing that the peer sends matters any more; what is queued is still to be sent."""
        return self._state in (self.succeeded, self.failed)

    @property
    def is_successful(self) -> bool:
        return self._state is self.succeeded

    def messages_to_send(self) -> list[tuple[OpCode, bytes]]:
        """What is queued for the peer; it is queued no more."""
        messages, self._to_send = self._to_send, []
        return messages

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def receive(self, op_code: int, octets: bytes, now: float) -> None:
        """Process a message of the peer.  No octets make it raise; only a dead source of entropy does, UsageError."""
        if self.is_finished:
            return
        if op_code == OpCode.WSC_START:
            self._start(now)
            return
        try:
            attributes = Attributes.decode(octets)
            message_type = message_type_of(attributes)
            self._refuse_foreign(op_code, message_type, attributes)
        except DecodeError as error:
            self._end(RunFailed(None, reason=str(error)), now)
            return
        self._received = octets
        self._process(message_type, attributes, now)

    def abandon(self, now: float) -> None:
        """The peer has gone, or the transport gave up: the run is over.  Does nothing to a run that is over already."""
        if not self.is_finished:
            self._abandoned(now)

    # ---- for the roles

    @abstractmethod
    def _start(self, now: float) -> None:
        """WSC_Start came."""

    @abstractmethod
    def _check_nonces(self, message_type: MessageType, attributes: Attributes) -> None:
        """Raises DecodeError unless the message carries our nonces."""

    @abstractmethod
    def _failure_for_nack(self) -> MessageType | None:
        """The message that a received WSC_NACK is the answer to."""

    def _abandoned(self, now: float) -> None:
        """The peer has gone in the middle of the run."""
        self._end(RunFailed(None, reason=f"the peer has gone in state {self._state.name}"), now)

    def _has_ended(self, failure: RunFailed | None, now: float) -> None:
        """The run is over; failure tells why, None for success."""

    def _process(self, message_type: MessageType, attributes: Attributes, now: float) -> None:
        try:
            handler, next_state = self._transition(message_type)
            message = MESSAGES[message_type].from_attributes(attributes)
            state = handler(self, message, now) or next_state
        except DroppedError as error:
            self._end(RunFailed(None, reason=str(error)), now)
        except (ProtocolError, DecodeError) as error:
            self._refuse(message_type, error, now)
        else:
            self._enter(state, now)

    def _transition(self, message_type: MessageType) -> tuple[Handler[S], S]:
        row = self.transitions[self._state]
        if message_type in row:
            return row[message_type]
        reason = f"{message_type.name} came in state {self._state.name}"
        # WSC_ACK, WSC_Done and the messages of our own role are not answered.
        is_answered = any(message_type in other for other in self.transitions.values())
        raise (ProtocolError if is_answered and message_type not in _OP_CODES else DroppedError)(reason)

    def _enter(self, state: S, now: float) -> None:
        """Go to the next state; FAILED is entered by `_end` alone, which says why."""
        if state is self.failed:
            return
        self._state = state
        if state is self.succeeded:
            self._forget()
            self._has_ended(None, now)

    def _refuse(self, message_type: MessageType, error: ProtocolError | DecodeError, now: float) -> None:
        """WSC_NACK, and over."""
        configuration_error = error.configuration_error if isinstance(error, ProtocolError) else 0
        indication = error.error_indication if isinstance(error, RefusedError) else ErrorIndication.NO_ERROR
        self._send_nack(configuration_error)
        self._end(RunFailed(message_type, configuration_error, indication, str(error)), now)

    def _end(self, failure: RunFailed, now: float) -> None:
        self._state = self.failed
        self._forget()
        self._events.append(failure)
        self._has_ended(failure, now)

    def _forget(self) -> None:
        self._key_pair = None
        self._keys = None
        self._psk1 = self._psk2 = b""

    def _refuse_foreign(self, op_code: int, message_type: MessageType, attributes: Attributes) -> None:
        if op_code != _OP_CODES.get(message_type, OpCode.WSC_MSG):
            raise DecodeError(f"{message_type.name} under Op-Code {op_code}")
        self._check_nonces(message_type, attributes)
        if message_type is MessageType.WSC_NACK and AttributeType.CONFIGURATION_ERROR not in attributes:
            raise DecodeError("WSC_NACK without CONFIGURATION_ERROR")

    def _nack_received(self, nack: WscNack, now: float) -> S:
        if self.answers_nack:
            self._send_nack(ConfigurationError.NO_ERROR)
        self._end(RunFailed(self._failure_for_nack(), nack.configuration_error, reason="the peer sent WSC_NACK"), now)
        return self.failed

    # ---- tools of the handlers

    def _draw(self, size: int) -> bytes:
        """Fresh octets for a nonce or an IV."""
        octets = self._entropy(size)
        if len(octets) != size or not any(octets):
            raise UsageError("the source of entropy gives none")
        return octets

    def _derive_keys(self, key_pair: KeyPair, peer_public: bytes, mac_address: MacAddress) -> SessionKeys:
        """Derive the keys of the run; the private key is used up.  Raises ProtocolError for a bad public key."""
        secret = shared_secret(key_pair, peer_public)
        self._key_pair = None
        self._keys = derive_session_keys(secret, self._enrollee_nonce, mac_address, self._registrar_nonce)
        return self._keys

    def _use_password(self, password: bytes) -> None:
        self._psk1, self._psk2 = password_proofs(self._session_keys.auth_key, password)

    @property
    def _session_keys(self) -> SessionKeys:
        """The keys; no state that asks for them is reached without them."""
        assert self._keys is not None
        return self._keys

    def _proof(self, secret_nonce: bytes, psk: bytes) -> bytes:
        return proof_hash(self._session_keys.auth_key, secret_nonce, psk, self._public_key_e, self._public_key_r)

    def _is_proof(self, expected: bytes, secret_nonce: bytes, psk: bytes) -> bool:
        return hmac.compare_digest(expected, self._proof(secret_nonce, psk))

    def _verify(self) -> None:
        """Raises ProtocolError unless the Authenticator of the message in hand is right."""
        verify_authenticator(self._session_keys.auth_key, self._sent, self._received)

    def _encrypt(self, settings: bytes) -> bytes:
        return encrypt_settings(self._session_keys, settings, self._draw(NONCE_SIZE))

    def _decrypt(self, value: bytes) -> bytes:
        return decrypt_settings(self._session_keys, value)

    def _secret_nonce(self, value: bytes, attribute: AttributeType) -> tuple[bytes, bytes]:
        """An S-Nonce out of Encrypted Settings, and the settings; raises ProtocolError, DecodeError."""
        settings = self._decrypt(value)
        secret_nonce = Attributes.decode(settings).get(attribute)
        if secret_nonce is None:
            raise ProtocolError(f"Encrypted Settings without {attribute.name}")
        return secret_nonce, settings

    def _send_plain(self, message: Message) -> None:
        """Queue a message without Authenticator.  M1 alone is covered by the Authenticator of what answers it."""
        octets = message.encode()
        if message.TYPE is MessageType.M1:
            self._sent = octets
        self._to_send.append((_OP_CODES.get(message.TYPE, OpCode.WSC_MSG), octets))

    def _send_sealed(self, message: Message) -> None:
        """Queue a message with its Authenticator over the message in hand."""
        self._sent = self._seal(message.encode())
        self._to_send.append((OpCode.WSC_MSG, self._sent))

    def _seal(self, octets: bytes) -> bytes:
        return append_authenticator(self._session_keys.auth_key, self._received, octets)

    def _send_nack(self, configuration_error: int) -> None:
        self._send_plain(
            WscNack(
                enrollee_nonce=self._enrollee_nonce,
                registrar_nonce=self._registrar_nonce,
                configuration_error=configuration_error,
                wfa=self._wfa,
            )
        )

    def _send_ack(self) -> None:
        self._send_plain(
            WscAck(enrollee_nonce=self._enrollee_nonce, registrar_nonce=self._registrar_nonce, wfa=self._wfa)
        )

    def _send_done(self) -> None:
        self._send_plain(
            WscDone(enrollee_nonce=self._enrollee_nonce, registrar_nonce=self._registrar_nonce, wfa=self._wfa)
        )


def require_nonce(attributes: Attributes, attribute: AttributeType, expected: bytes) -> None:
    """Raises DecodeError unless a nonce is there and the expected one."""
    if not hmac.compare_digest(attributes.get(attribute) or b"", expected):
        raise DecodeError(f"a foreign {attribute.name}: the message is of another run")
