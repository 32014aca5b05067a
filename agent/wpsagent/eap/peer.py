# SPDX-License-Identifier: BSD-3-Clause
"""The station's end of EAP-WSC: EAP peer and 802.1X supplicant.

Implements RFC 3748 sections 2, 4 and 5, IEEE 802.1X-2010 section 8 as far as Wi-Fi Simple Configuration 2.0 (section
7.7) needs it, and the waits of deployed stations.

Theory of operation.  The peer only answers: each Request gets one Response under its Identifier, a Request that comes
twice gets the same Response again, and a late copy of an earlier one is dropped.  It speaks first in one case: an
access point that stays silent after the association gets EAPOL-Start, after 1 s if it is of WPS 1.0, which waits for
it, or 2 s if it is of 2.0, which should have asked by itself (an EAPOL-Start makes it begin anew, so an early one
costs time).

    association ─► Identity ─► WSC_Start or M1 ─► … ─► the WSC machine is finished ─► EAP-Failure ─► ended
                                                        (WSC_Done, or NACK)             or 2 s of silence

EAP-WSC always ends with EAP-Failure; it is an error only if the WSC machine was not finished.  EAP-Success is not
part of the protocol: accepted in place of that last Failure, otherwise ignored.

Refused: other EAP methods, by Nak; the fragmentation errors of `wsc_method`, by ending the run, as with whatever the
WSC machine refuses by raising.  Unknown EAP codes (a WHR-G54S sends code 10), Op-Codes out of turn and malformed
packets are ignored.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.events import (
    EapEnded,
    EapStarted,
    EndReason,
    Event,
    MethodSelected,
    NotificationReceived,
)
from wpsagent.eap.machine import Role, WscMachine
from wpsagent.eap.packet import (
    EXPANDED,
    EXPANDED_NAK,
    IDENTITY,
    NAK,
    NOTIFICATION,
    WSC,
    EapCode,
    EapMethod,
    EapPacket,
)
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

START_DELAY_1_0 = 1.0
START_DELAY_2_0 = 2.0
"""Seconds from the association to the first EAPOL-Start, by the access point's WPS version."""

START_PERIOD = 30.0
MAXIMUM_STARTS = 3
"""startPeriod and maxStart of IEEE 802.1X-2010, 8.6."""

CLIENT_TIMEOUT = 30.0
"""ClientTimeout of RFC 4137, 4.1: seconds from one request to the next."""

FINAL_TIMEOUT = 2.0
"""Seconds to wait for EAP-Failure after the end of the registration protocol: some access points send nothing."""

LATE_COPY = 1.0
"""Seconds after a request for which a copy of it, once others have come, is late; later it is meant anew."""


class State(Enum):
    """What is awaited."""

    IDLE = auto()
    EXPECT_IDENTITY = auto()
    EXPECT_METHOD = auto()
    EXPECT_MESSAGE = auto()
    EXPECT_FRAGMENT_ACK = auto()
    EXPECT_FAILURE = auto()
    ENDED = auto()


class Input(Enum):
    """What can arrive."""

    IDENTITY = auto()
    NOTIFICATION = auto()
    OTHER_METHOD = auto()
    START = auto()
    MESSAGE = auto()
    FRAGMENT_ACK = auto()
    SUCCESS = auto()
    FAILURE = auto()


@dataclass(frozen=True, slots=True)
class _Arrival:
    input: Input
    eap: EapPacket
    packet: WscPacket = START


class EapPeer:
    """One conversation with the access point this station is associated to.

    identity is the station's role and machine its WSC machine: an enrollee is woken by WSC_Start, a registrar by M1.
    is_wps2 says whether the access point's beacon had Version2.  Where the access point begins anew in the middle of
    a run, new_machine gives the machine for the next one; without it the conversation ends.
    """

    def __init__(
        self,
        identity: Role,
        machine: WscMachine,
        *,
        is_wps2: bool = True,
        fragment_size: int = DEFAULT_FRAGMENT_SIZE,
        new_machine: Callable[[], WscMachine] | None = None,
        eapol_version: int = 1,
    ) -> None:
        self._role = identity
        self._machine = machine
        self._new_machine = new_machine
        self._start_delay = START_DELAY_2_0 if is_wps2 else START_DELAY_1_0
        self._fragmenter = Fragmenter(fragment_size)
        self._reassembler = Reassembler()
        self._eapol_version = eapol_version
        self._state = State.IDLE
        self._waiting: deque[tuple[OpCode, bytes]] = deque()
        self._answered: EapPacket | None = None
        self._answer = b""
        self._answered_before: dict[
            int, tuple[EapPacket, float]
        ] = {}  # by identifier: the request, and when it came last
        self._starts = 0
        self._deadline: float | None = None
        self._outbox: list[bytes] = []
        self._events: deque[Event] = deque()

    @property
    def state(self) -> State:
        """What is awaited."""
        return self._state

    @property
    def deadline(self) -> float | None:
        """When `handle_timer` is due."""
        return self._deadline

    def messages_to_send(self) -> list[bytes]:
        """Drains the EAPOL PDUs to send."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def next_event(self) -> Event | None:
        """Drains one event."""
        return self._events.popleft() if self._events else None

    def start(self, now: float) -> None:
        """The station has associated; to be called once."""
        self._deadline = now + self._start_delay
        self._state = State.EXPECT_IDENTITY

    def cancel(self, now: float) -> None:
        """Ends the conversation from here, without a word: the station is about to leave."""
        if self._state not in (State.IDLE, State.ENDED):
            self._state = self._end(EndReason.CANCELLED, now)

    def receive(self, pdu: bytes, now: float) -> None:
        """Takes an EAPOL PDU of the access point; what does not belong here is dropped."""
        try:
            arrival = _classify(pdu)
        except DecodeError:
            return
        if arrival is None:
            return
        handler = _TRANSITIONS[self._state].get(arrival.input)
        if arrival.eap == self._answered and self._state is not State.ENDED:
            self._outbox.append(self._answer)
            self._answered_before[arrival.eap.identifier] = (arrival.eap, now)
        elif handler is not None and not self._is_late_copy(arrival.eap, now):
            self._guarded(handler, arrival, now)

    def handle_timer(self, now: float) -> None:
        """Sends EAPOL-Start, or gives up; may be called early or late."""
        if self._deadline is None or now < self._deadline:
            return
        if self._state is State.EXPECT_IDENTITY and self._starts < MAXIMUM_STARTS:
            self._starts += 1
            self._deadline = now + START_PERIOD
            self._outbox.append(EapolPacket(self._eapol_version, EapolType.START).encode())
        elif self._machine.is_finished:
            self._state = self._end(EndReason.NO_FINAL_FAILURE, now)
        else:
            self._state = self._end(EndReason.NO_RESPONSE, now)

    def _is_late_copy(self, eap: EapPacket, now: float) -> bool:
        answered, at = self._answered_before.get(eap.identifier, (None, 0.0))
        return eap == answered and now - at < LATE_COPY

    def _guarded(self, handler: "_Handler", arrival: _Arrival, now: float) -> None:
        """Makes one step; what the WSC machine or the fragments raise ends the run."""
        try:
            self._state = handler(self, arrival, now)
        except (DecodeError, ProtocolError) as error:
            self._state = self._end(EndReason.PROTOCOL_ERROR, now, str(error))

    # The handlers of the transition table; each returns the next state.

    def _take_identity(self, arrival: _Arrival, now: float) -> State:
        self._events.append(EapStarted())
        self._respond(arrival.eap, IDENTITY, self._role.value, now)
        return State.EXPECT_METHOD

    def _begin_anew(self, arrival: _Arrival, now: float) -> State:
        if self._new_machine is None:
            return self._end(EndReason.RESTARTED, now)
        self._machine.abandon(now)
        self._machine = self._new_machine()
        self._reassembler = Reassembler()
        self._waiting.clear()
        return self._take_identity(arrival, now)

    def _take_notification(self, arrival: _Arrival, now: float) -> State:
        self._events.append(NotificationReceived(arrival.eap.data))
        self._respond(arrival.eap, NOTIFICATION, b"", now)
        return self._state

    def _refuse_method(self, arrival: _Arrival, now: float) -> State:
        """Nak, asking for EAP-WSC: to a type of one octet only "an expanded type" can be said (RFC 3748, 5.3)."""
        if arrival.eap.method is not None and arrival.eap.method.type == EXPANDED:
            self._respond(arrival.eap, EXPANDED_NAK, WSC.encode(), now)
        else:
            self._respond(arrival.eap, NAK, bytes((EXPANDED,)), now)
        return self._state

    def _take_start(self, arrival: _Arrival, now: float) -> State:
        if self._role is not Role.ENROLLEE:
            return self._state
        self._events.append(MethodSelected())
        self._machine.receive(OpCode.WSC_START, b"", now)
        return self._send_next(arrival, now)

    def _take_first_message(self, arrival: _Arrival, now: float) -> State:
        if self._role is not Role.REGISTRAR or arrival.packet.op_code != OpCode.WSC_MSG:
            return self._state
        self._events.append(MethodSelected())
        return self._take_message(arrival, now)

    def _take_message(self, arrival: _Arrival, now: float) -> State:
        message = self._reassembler.receive(arrival.packet)
        if message is None:
            return self._send_packet(arrival, FRAGMENT_ACK, now)
        if not self._machine.is_finished:
            self._machine.receive(OpCode(message.op_code), message.octets, now)
        return self._send_next(arrival, now)

    def _take_fragment_ack(self, arrival: _Arrival, now: float) -> State:
        return self._send_packet(arrival, self._fragmenter.next(), now)

    def _take_failure(self, arrival: _Arrival, now: float) -> State:
        if not self._is_for_us(arrival.eap):
            return self._state
        return self._end(EndReason.COMPLETED if self._machine.is_finished else EndReason.FAILURE_RECEIVED, now)

    def _is_for_us(self, eap: EapPacket) -> bool:
        """RFC 3748, 4.2 wants the last Request's Identifier; hostapd counts on when it fails while it builds one."""
        return self._answered is not None and (eap.identifier - self._answered.identifier) & 0xFF <= 2

    # What goes out.

    def _send_next(self, arrival: _Arrival, now: float) -> State:
        """The machine's next message; without one the request stays unanswered, and its repetition will be taken."""
        self._waiting.extend(self._machine.messages_to_send())
        if self._waiting:
            return self._send_packet(arrival, self._fragmenter.first(*self._waiting.popleft()), now)
        self._deadline = now + (FINAL_TIMEOUT if self._machine.is_finished else CLIENT_TIMEOUT)
        return State.EXPECT_FAILURE if self._machine.is_finished else State.EXPECT_MESSAGE

    def _send_packet(self, arrival: _Arrival, packet: WscPacket, now: float) -> State:
        self._respond(arrival.eap, WSC, packet.encode(), now)
        if packet.has_more:
            return State.EXPECT_FRAGMENT_ACK
        if self._waiting or not self._machine.is_finished:
            return State.EXPECT_MESSAGE
        self._deadline = now + FINAL_TIMEOUT
        return State.EXPECT_FAILURE

    def _respond(self, request: EapPacket, method: EapMethod, data: bytes, now: float) -> None:
        response = EapPacket(EapCode.RESPONSE, request.identifier, method, data)
        self._answered = request
        self._answered_before[request.identifier] = (request, now)
        self._answer = EapolPacket(self._eapol_version, EapolType.EAP_PACKET, response.encode()).encode()
        self._outbox.append(self._answer)
        self._deadline = now + CLIENT_TIMEOUT

    def _end(self, reason: EndReason, now: float, detail: str = "") -> State:
        if not self._machine.is_finished:
            self._machine.abandon(now)
        self._deadline = None
        self._events.append(EapEnded(reason, detail))
        return State.ENDED


def _classify(pdu: bytes) -> _Arrival | None:
    """What pdu is, or None if it is not for a peer; raises DecodeError."""
    packet = EapolPacket.decode(pdu)
    if packet.type != EapolType.EAP_PACKET:
        return None
    eap = EapPacket.decode(packet.body)
    if eap.code in _RESULTS:
        return _Arrival(_RESULTS[eap.code], eap)
    if eap.code != EapCode.REQUEST or eap.method is None:
        return None
    if eap.method == WSC:
        wsc = WscPacket.decode(eap.data)
        kind = _OP_CODES.get(wsc.op_code)
        return _Arrival(kind, eap, wsc) if kind else None
    return _Arrival(_METHODS.get(eap.method, Input.OTHER_METHOD), eap)


_RESULTS = {int(EapCode.SUCCESS): Input.SUCCESS, int(EapCode.FAILURE): Input.FAILURE}

_METHODS = {IDENTITY: Input.IDENTITY, NOTIFICATION: Input.NOTIFICATION}

_OP_CODES = {
    int(OpCode.WSC_START): Input.START,
    int(OpCode.WSC_ACK): Input.MESSAGE,
    int(OpCode.WSC_NACK): Input.MESSAGE,
    int(OpCode.WSC_MSG): Input.MESSAGE,
    int(OpCode.WSC_DONE): Input.MESSAGE,
    int(OpCode.WSC_FRAG_ACK): Input.FRAGMENT_ACK,
}

_Handler = Callable[[EapPeer, _Arrival, float], State]

_RUNNING: Mapping[Input, _Handler] = {
    Input.NOTIFICATION: EapPeer._take_notification,
    Input.OTHER_METHOD: EapPeer._refuse_method,
    Input.FAILURE: EapPeer._take_failure,
}

_TRANSITIONS: Mapping[State, Mapping[Input, _Handler]] = {
    State.IDLE: {},
    # An access point of IEEE 802.1X-2001 greets with EAP-Failure before it asks for anything: no end yet.
    State.EXPECT_IDENTITY: {
        Input.IDENTITY: EapPeer._take_identity,
        Input.NOTIFICATION: EapPeer._take_notification,
        Input.OTHER_METHOD: EapPeer._refuse_method,
    },
    State.EXPECT_METHOD: {
        **_RUNNING,
        Input.IDENTITY: EapPeer._take_identity,
        Input.START: EapPeer._take_start,
        Input.MESSAGE: EapPeer._take_first_message,
    },
    State.EXPECT_MESSAGE: {
        **_RUNNING,
        Input.IDENTITY: EapPeer._begin_anew,
        Input.MESSAGE: EapPeer._take_message,
        Input.FRAGMENT_ACK: EapPeer._take_fragment_ack,
    },
    State.EXPECT_FRAGMENT_ACK: {
        **_RUNNING,
        Input.IDENTITY: EapPeer._begin_anew,
        Input.FRAGMENT_ACK: EapPeer._take_fragment_ack,
    },
    State.EXPECT_FAILURE: {
        Input.FAILURE: EapPeer._take_failure,
        Input.SUCCESS: EapPeer._take_failure,
    },
    State.ENDED: {},
}
