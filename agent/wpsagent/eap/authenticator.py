# SPDX-License-Identifier: BSD-3-Clause
"""The access point's end of EAP-WSC: EAP server and 802.1X authenticator for one station.

Implements RFC 3748 sections 2 and 4, IEEE 802.1X-2010 section 8 as far as an access point without RADIUS needs it,
and Wi-Fi Simple Configuration 2.0 section 7.7.

Theory of operation.  EAP is in lock step: a request is out, its response is awaited, and only a Response with the
request's Identifier counts; everything else that arrives is dropped.

    start ─► Identity ─► enrollee:  WSC_Start ─► M1 … Done ─┐
                     ├─► registrar: M1 at once … ACK ───────┼─► EAP-Failure, always
                     └─► any other identity ────────────────┘

EAPOL-Start begins anew from Identity at any time, and the run before is abandoned: a station sends it when it has
missed us.  Only while Identity is what we wait for, the same request is repeated under the same Identifier: the two
have crossed on the air, and whichever the station answers will do.

Refused, with EAP-Failure: a foreign identity, a Nak, the fragmentation errors of `wsc_method`, more than
`MAXIMUM_ROUNDS` requests or `SESSION_TIMEOUT` seconds in one run, and whatever the WSC machine refuses by raising.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.events import EapEnded, EapStarted, EndReason, Event, IdentityReceived, MethodSelected
from wpsagent.eap.machine import Role, WscMachine
from wpsagent.eap.packet import EXPANDED_NAK, IDENTITY, NAK, WSC, EapCode, EapMethod, EapPacket
from wpsagent.eap.wsc_method import (
    DEFAULT_FRAGMENT_SIZE,
    FRAGMENT_ACK,
    START,
    Fragmenter,
    Reassembler,
    WscPacket,
)
from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.wsc.enumerations import OpCode

RETRANSMISSION_TIMEOUT = 5.0
MAXIMUM_ATTEMPTS = 3
"""Seconds until a request is sent again, and how often it is sent in all."""

SESSION_TIMEOUT = 120.0
"""Seconds for one run, so that a station that answers slowly does not hold a PIN or the button for ever."""

MAXIMUM_ROUNDS = 500
"""EAP-WSC requests in one run; eight messages of 1,500 octets in fragments of 50 octets need about 250."""


class State(Enum):
    """What is awaited."""

    IDLE = auto()
    EXPECT_START = auto()
    EXPECT_IDENTITY = auto()
    EXPECT_MESSAGE = auto()
    EXPECT_FRAGMENT_ACK = auto()
    ENDED = auto()


class Input(Enum):
    """What can arrive."""

    START = auto()
    LOGOFF = auto()
    IDENTITY = auto()
    NAK = auto()
    MESSAGE = auto()
    FRAGMENT_ACK = auto()


@dataclass(frozen=True, slots=True)
class _Arrival:
    input: Input
    data: bytes = b""
    packet: WscPacket = START


class EapAuthenticator:
    """One station's conversation.

    machine_for gives the WSC machine for a run with a station in that role, or None to refuse.  With wait_for_start
    nothing is sent before the station's EAPOL-Start: WPS 1.0 stations and Windows are not ready earlier.
    first_identifier should be drawn at random by the owner, so that what a station still answers to an earlier
    conversation is not taken for an answer in this one.
    """

    def __init__(
        self,
        *,
        machine_for: Callable[[Role], WscMachine | None],
        fragment_size: int = DEFAULT_FRAGMENT_SIZE,
        first_identifier: int = 0,
        wait_for_start: bool = False,
        eapol_version: int = 2,
    ) -> None:
        self._machine_for = machine_for
        self._fragmenter = Fragmenter(fragment_size)
        self._reassembler = Reassembler()
        self._next_identifier = first_identifier & 0xFF
        self._wait_for_start = wait_for_start
        self._eapol_version = eapol_version
        self._state = State.IDLE
        self._machine: WscMachine | None = None
        self._waiting: deque[tuple[OpCode, bytes]] = deque()
        self._identifier = self._next_identifier
        self._request = b""
        self._attempts = 0
        self._rounds = 0
        self._awaited_until: float | None = None
        self._session_ends_at = 0.0
        self._outbox: list[bytes] = []
        self._events: deque[Event] = deque()

    @property
    def state(self) -> State:
        """What is awaited."""
        return self._state

    @property
    def is_running(self) -> bool:
        """True from the first request until the end."""
        return self._state not in (State.IDLE, State.EXPECT_START, State.ENDED)

    @property
    def deadline(self) -> float | None:
        """When `handle_timer` is due."""
        return None if self._awaited_until is None else min(self._awaited_until, self._session_ends_at)

    def messages_to_send(self) -> list[bytes]:
        """Drains the EAPOL PDUs to send."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def next_event(self) -> Event | None:
        """Drains one event."""
        return self._events.popleft() if self._events else None

    def start(self, now: float) -> None:
        """The station has associated: asks for its identity, or waits for its EAPOL-Start."""
        if self._wait_for_start:
            self._abandon(now)
            self._state = State.EXPECT_START
        else:
            self._state = self._begin(_Arrival(Input.START), now)

    def cancel(self, now: float) -> None:
        """Ends the run from here, with EAP-Failure."""
        if self.is_running:
            self._state = self._end(EndReason.CANCELLED, now)

    def receive(self, pdu: bytes, now: float) -> None:
        """Takes an EAPOL PDU of the station; what does not belong here is dropped."""
        try:
            arrival = self._classify(pdu)
        except DecodeError:
            return
        handler = _TRANSITIONS[self._state].get(arrival.input) if arrival else None
        if arrival is not None and handler is not None:
            self._guarded(lambda: handler(self, arrival, now), now)

    def handle_timer(self, now: float) -> None:
        """Sends the request again, or gives up; may be called early or late."""
        deadline = self.deadline
        if deadline is None or now < deadline:
            return
        if now >= self._session_ends_at:
            self._state = self._end(EndReason.SESSION_TIMED_OUT, now)
        elif self._attempts >= MAXIMUM_ATTEMPTS:
            self._state = self._end(EndReason.NO_RESPONSE, now)
        else:
            self._transmit(now)

    # What has arrived.

    def _classify(self, pdu: bytes) -> _Arrival | None:
        """What pdu is, or None if it is not for us or an answer to an earlier request; raises DecodeError."""
        packet = EapolPacket.decode(pdu)
        if packet.type == EapolType.START:
            return _Arrival(Input.START)
        if packet.type == EapolType.LOGOFF:
            return _Arrival(Input.LOGOFF)
        if packet.type != EapolType.EAP_PACKET:
            return None
        eap = EapPacket.decode(packet.body)
        if eap.code != EapCode.RESPONSE or eap.identifier != self._identifier:
            return None
        return _classify_response(eap)

    def _guarded(self, step: Callable[[], State], now: float) -> None:
        """Makes one step; what the WSC machine or the fragments raise ends the run."""
        try:
            self._state = step()
        except (DecodeError, ProtocolError) as error:
            self._state = self._end(EndReason.PROTOCOL_ERROR, now, str(error))

    # The handlers of the transition table; each returns the next state.

    def _begin(self, arrival: _Arrival, now: float) -> State:
        self._abandon(now)
        self._reassembler = Reassembler()
        self._rounds = 0
        self._session_ends_at = now + SESSION_TIMEOUT
        self._events.append(EapStarted())
        self._send_request(IDENTITY, b"", now)
        return State.EXPECT_IDENTITY

    def _repeat_identity(self, arrival: _Arrival, now: float) -> State:
        self._attempts = 0
        self._transmit(now)
        return State.EXPECT_IDENTITY

    def _log_off(self, arrival: _Arrival, now: float) -> State:
        return self._end(EndReason.LOGOFF, now)

    def _take_nak(self, arrival: _Arrival, now: float) -> State:
        return self._end(EndReason.NAK, now)

    def _take_identity(self, arrival: _Arrival, now: float) -> State:
        role = _ROLES.get(arrival.data)
        self._events.append(IdentityReceived(arrival.data, role))
        if role is None:
            return self._end(EndReason.UNKNOWN_IDENTITY, now)
        self._machine = self._machine_for(role)
        if self._machine is None:
            return self._end(EndReason.REFUSED, now)
        self._events.append(MethodSelected())
        if role is Role.ENROLLEE:
            return self._send_packet(START, now)
        self._machine.receive(OpCode.WSC_START, b"", now)
        return self._send_next(now)

    def _take_message(self, arrival: _Arrival, now: float) -> State:
        if arrival.packet.op_code not in _FROM_STATION:
            raise ProtocolError(f"Op-Code {arrival.packet.op_code} in a response")
        message = self._reassembler.receive(arrival.packet)
        if message is None:
            return self._send_packet(FRAGMENT_ACK, now)
        # A finished machine has said its last word, and the answer to that word is of no consequence.
        if self._machine is not None and not self._machine.is_finished:
            self._machine.receive(OpCode(message.op_code), message.octets, now)
        return self._send_next(now)

    def _take_fragment_ack(self, arrival: _Arrival, now: float) -> State:
        return self._send_packet(self._fragmenter.next(), now)

    def _miss_fragment_ack(self, arrival: _Arrival, now: float) -> State:
        raise ProtocolError(f"Op-Code {arrival.packet.op_code} although WSC_FRAG_ACK was due")

    # What goes out.

    def _send_next(self, now: float) -> State:
        """The machine's next message; the end if it has none."""
        machine = self._machine
        assert machine is not None
        self._waiting.extend(machine.messages_to_send())
        if self._waiting:
            return self._send_packet(self._fragmenter.first(*self._waiting.popleft()), now)
        return self._end(EndReason.COMPLETED if machine.is_finished else EndReason.NO_MESSAGE, now)

    def _send_packet(self, packet: WscPacket, now: float) -> State:
        self._rounds += 1
        if self._rounds > MAXIMUM_ROUNDS:
            return self._end(EndReason.TOO_MANY_MESSAGES, now)
        self._send_request(WSC, packet.encode(), now)
        return State.EXPECT_FRAGMENT_ACK if packet.has_more else State.EXPECT_MESSAGE

    def _send_request(self, method: EapMethod, data: bytes, now: float) -> None:
        self._identifier = self._next_identifier
        self._next_identifier = (self._identifier + 1) & 0xFF
        self._request = self._pdu(EapPacket(EapCode.REQUEST, self._identifier, method, data))
        self._attempts = 0
        self._transmit(now)

    def _transmit(self, now: float) -> None:
        self._attempts += 1
        self._awaited_until = now + RETRANSMISSION_TIMEOUT
        self._outbox.append(self._request)

    def _end(self, reason: EndReason, now: float, detail: str = "") -> State:
        """Queues EAP-Failure, under the Identifier of the last request as RFC 3748, 4.2 has it."""
        self._abandon(now)
        self._outbox.append(self._pdu(EapPacket(EapCode.FAILURE, self._identifier)))
        self._events.append(EapEnded(reason, detail))
        return State.ENDED

    def _abandon(self, now: float) -> None:
        """Leaves the run, if there is one; nothing is awaited any more."""
        machine, self._machine = self._machine, None
        if machine is not None and not machine.is_finished:
            machine.abandon(now)
        self._waiting.clear()
        self._awaited_until = None

    def _pdu(self, packet: EapPacket) -> bytes:
        return EapolPacket(self._eapol_version, EapolType.EAP_PACKET, packet.encode()).encode()


def _classify_response(eap: EapPacket) -> _Arrival | None:
    """What a Response to our request is; None for types that answer none of our requests."""
    if eap.method == WSC:
        packet = WscPacket.decode(eap.data)
        is_ack = packet.op_code == OpCode.WSC_FRAG_ACK
        return _Arrival(Input.FRAGMENT_ACK if is_ack else Input.MESSAGE, packet=packet)
    kind = _RESPONSES.get(eap.method) if eap.method else None
    return _Arrival(kind, eap.data) if kind else None


_ROLES = {role.value: role for role in Role}

_RESPONSES = {IDENTITY: Input.IDENTITY, NAK: Input.NAK, EXPANDED_NAK: Input.NAK}

_FROM_STATION = (OpCode.WSC_MSG, OpCode.WSC_ACK, OpCode.WSC_NACK, OpCode.WSC_DONE)

_Handler = Callable[[EapAuthenticator, _Arrival, float], State]

# EAPOL-Start and EAPOL-Logoff mean the same in every state of a run.
_RUNNING: Mapping[Input, _Handler] = {
    Input.START: EapAuthenticator._begin,
    Input.LOGOFF: EapAuthenticator._log_off,
}

_TRANSITIONS: Mapping[State, Mapping[Input, _Handler]] = {
    State.IDLE: {Input.START: EapAuthenticator._begin},
    State.EXPECT_START: {Input.START: EapAuthenticator._begin},
    State.EXPECT_IDENTITY: {
        Input.START: EapAuthenticator._repeat_identity,
        Input.LOGOFF: EapAuthenticator._log_off,
        Input.IDENTITY: EapAuthenticator._take_identity,
        Input.NAK: EapAuthenticator._take_nak,
    },
    State.EXPECT_MESSAGE: {
        **_RUNNING,
        Input.NAK: EapAuthenticator._take_nak,
        Input.MESSAGE: EapAuthenticator._take_message,
        Input.FRAGMENT_ACK: EapAuthenticator._take_fragment_ack,
    },
    State.EXPECT_FRAGMENT_ACK: {
        **_RUNNING,
        Input.NAK: EapAuthenticator._take_nak,
        Input.MESSAGE: EapAuthenticator._miss_fragment_ack,
        Input.FRAGMENT_ACK: EapAuthenticator._take_fragment_ack,
    },
    State.ENDED: {Input.START: EapAuthenticator._begin},
}
