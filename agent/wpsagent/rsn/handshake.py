# SPDX-License-Identifier: BSD-3-Clause
"""What both sides of the key handshakes share: messages, events, errors, and the door.

Implements the vocabulary of IEEE 802.11-2020, 12.7.6 (4-way handshake) and 12.7.7 (group key handshake).

How an owner drives either machine: after every `start`, `receive`, `handle_timer` or `rekey` it first sends all of
`messages_to_send()`, in order, and only then carries out `next_event()` until it gives None, in order.  So a
supplicant's message 4 leaves in the clear before the pairwise key that it confirms is installed, and an authenticator
installs a station's key before it opens the port.
"""

from collections import deque
from dataclasses import dataclass, field

from wpsagent.dot11.frames import ReasonCode
from wpsagent.errors import AgentError


@dataclass(frozen=True, slots=True)
class KeyMessage:
    """A PDU to send; is_encrypted: with the pairwise key that is installed, otherwise in the clear."""

    pdu: bytes = field(repr=False)
    is_encrypted: bool = False


# ---- events


@dataclass(frozen=True, slots=True)
class InstallPairwiseKey:
    """Install this CCMP-128 key, index 0, for the peer.  It comes once a key: it is never asked for again."""

    key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstallGroupKey:
    """Supplicant only: install this key for what the access point sends to groups.  It comes once a key.

    With BIP-CMAC-128 it is the key of protected management frames (IGTK), with another cipher that of data (GTK).
    key: 16 octets; 32 for TKIP, as a station's driver takes them: temporal key, own transmit MIC key, own receive MIC
    key.  receive_sequence_counter: 6 octets, little-endian.
    """

    index: int
    key: bytes = field(repr=False)
    receive_sequence_counter: bytes
    cipher_suite: int


@dataclass(frozen=True, slots=True)
class Authorized:
    """The controlled port may be opened: both sides have proved that they hold the key.  It comes once."""


@dataclass(frozen=True, slots=True)
class GroupKeyDelivered:
    """Authenticator only: the station has confirmed the group key of this index, in either handshake."""

    index: int


@dataclass(frozen=True, slots=True)
class HandshakeFailed:
    """The end: the owner deauthenticates the peer with reason_code.  text is for people.

    is_wrong_key: the other side showed itself, and with another passphrase.
    """

    reason_code: ReasonCode
    text: str
    is_wrong_key: bool = False


@dataclass(frozen=True, slots=True)
class FrameDiscarded:
    """Octets that were received and silently discarded, as the standard has it; reason is for a debugging log."""

    reason: str


Event = InstallPairwiseKey | InstallGroupKey | Authorized | GroupKeyDelivered | HandshakeFailed | FrameDiscarded


# ---- what a handler of either machine may raise


class DiscardError(AgentError):
    """This frame is to be discarded; the state stays as it is."""


class HandshakeError(AgentError):
    """The handshake cannot go on."""

    def __init__(self, reason_code: ReasonCode, message: str) -> None:
        super().__init__(message)
        self.reason_code = reason_code


class Handshake:
    """The door of both machines: queues of messages and events, and one deadline (seconds, monotonic)."""

    def __init__(self) -> None:
        self.deadline: float | None = None
        self._messages: list[KeyMessage] = []
        self._events: deque[Event] = deque()

    def messages_to_send(self) -> list[KeyMessage]:
        """The messages that became due since the last call; to be sent before events are carried out."""
        messages, self._messages = self._messages, []
        return messages

    def next_event(self) -> Event | None:
        """The next event, or None."""
        return self._events.popleft() if self._events else None
