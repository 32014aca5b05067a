# SPDX-License-Identifier: BSD-3-Clause
"""The station's end of EAP-WSC: every input in every state, the timers, and the runs of both roles."""

from collections.abc import Callable

import pytest
from tests.unit.eap_scripted import ScriptedMachine

from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.events import EapEnded, EapStarted, EndReason, Event, MethodSelected, NotificationReceived
from wpsagent.eap.machine import Role
from wpsagent.eap.packet import EXPANDED_NAK, IDENTITY, NAK, NOTIFICATION, WSC, EapCode, EapMethod, EapPacket
from wpsagent.eap.peer import EapPeer, Input, State
from wpsagent.eap.wsc_method import FRAGMENT_ACK, START, WscPacket
from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.wsc.enumerations import OpCode

LONG = bytes(range(120))
MD5 = EapMethod(4)
OTHER_VENDOR = EapMethod(254, 0x00372A, 2)


class AccessPoint:
    """Feeds a peer and reads what it sends."""

    def __init__(
        self,
        machine: ScriptedMachine,
        role: Role = Role.ENROLLEE,
        *,
        is_wps2: bool = True,
        new_machine: Callable[[], ScriptedMachine] | None = None,
    ) -> None:
        self.machine = machine
        self.eap = EapPeer(role, machine, is_wps2=is_wps2, fragment_size=50, new_machine=new_machine)
        self.now = 100.0
        self.identifier = 6
        self.eap.start(self.now)

    def sent(self) -> list[EapPacket]:
        pdus = [EapolPacket.decode(pdu) for pdu in self.eap.messages_to_send()]
        assert all((pdu.version, pdu.type) == (1, EapolType.EAP_PACKET) for pdu in pdus)
        return [EapPacket.decode(pdu.body) for pdu in pdus]

    def events(self) -> list[Event]:
        events = []
        while event := self.eap.next_event():
            events.append(event)
        return events

    def send(self, packet: EapPacket) -> list[EapPacket]:
        self.eap.receive(EapolPacket(2, EapolType.EAP_PACKET, packet.encode()).encode(), self.now)
        return self.sent()

    def request(self, method: EapMethod, data: bytes = b"") -> list[EapPacket]:
        self.identifier += 1
        return self.send(EapPacket(EapCode.REQUEST, self.identifier, method, data))

    def request_wsc(self, op_code: int, data: bytes = b"") -> list[EapPacket]:
        return self.request(WSC, WscPacket(op_code, data).encode())

    def fail(self, ahead: int = 0, code: EapCode = EapCode.FAILURE) -> list[EapPacket]:
        return self.send(EapPacket(code, (self.identifier + ahead) & 0xFF))

    def tick(self, seconds: float) -> list[str]:
        self.now += seconds
        self.eap.handle_timer(self.now)
        return [pdu.hex() for pdu in self.eap.messages_to_send()]


def response(identifier: int, method: EapMethod, data: bytes = b"") -> EapPacket:
    return EapPacket(EapCode.RESPONSE, identifier, method, data)


def wsc_response(identifier: int, op_code: int, data: bytes = b"") -> EapPacket:
    return response(identifier, WSC, WscPacket(op_code, data).encode())


def test_an_enrollees_run_from_identity_to_failure() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M1"), (OpCode.WSC_MSG, b"M3"), (OpCode.WSC_DONE, b"Done"))
    ap = AccessPoint(machine)
    assert ap.request(IDENTITY) == [response(7, IDENTITY, b"WFA-SimpleConfig-Enrollee-1-0")]
    assert ap.request(WSC, START.encode()) == [wsc_response(8, OpCode.WSC_MSG, b"M1")]
    assert ap.request_wsc(OpCode.WSC_MSG, b"M2") == [wsc_response(9, OpCode.WSC_MSG, b"M3")]
    assert ap.request_wsc(OpCode.WSC_MSG, b"M8") == [wsc_response(10, OpCode.WSC_DONE, b"Done")]
    assert ap.eap.state is State.EXPECT_FAILURE
    assert ap.fail() == []
    assert machine.received == [(OpCode.WSC_START, b""), (OpCode.WSC_MSG, b"M2"), (OpCode.WSC_MSG, b"M8")]
    assert machine.abandoned_at == []
    assert ap.events() == [EapStarted(), MethodSelected(), EapEnded(EndReason.COMPLETED)]
    assert ap.eap.deadline is None


def test_a_registrars_run_begins_with_m1() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M2"), (OpCode.WSC_ACK, b"ACK"))
    ap = AccessPoint(machine, Role.REGISTRAR)
    assert ap.request(IDENTITY) == [response(7, IDENTITY, b"WFA-SimpleConfig-Registrar-1-0")]
    assert ap.request_wsc(OpCode.WSC_MSG, b"M1") == [wsc_response(8, OpCode.WSC_MSG, b"M2")]
    assert ap.request_wsc(OpCode.WSC_DONE, b"Done") == [wsc_response(9, OpCode.WSC_ACK, b"ACK")]
    ap.fail()
    assert machine.received == [(OpCode.WSC_MSG, b"M1"), (OpCode.WSC_DONE, b"Done")]
    assert ap.events() == [EapStarted(), MethodSelected(), EapEnded(EndReason.COMPLETED)]


def test_a_registrars_m1_may_come_in_fragments() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M2"), None)
    ap = AccessPoint(machine, Role.REGISTRAR)
    ap.request(IDENTITY)
    assert ap.request(WSC, bytes.fromhex("04030004") + b"ab") == [response(8, WSC, FRAGMENT_ACK.encode())]
    assert ap.request(WSC, bytes.fromhex("0400") + b"cd") == [wsc_response(9, OpCode.WSC_MSG, b"M2")]
    assert machine.received == [(OpCode.WSC_MSG, b"abcd")]


def test_a_registrar_ignores_start_and_an_enrollee_ignores_m1() -> None:
    registrar, enrollee = ScriptedMachine(None), ScriptedMachine(None)
    for machine, role, op_code in ((registrar, Role.REGISTRAR, 1), (enrollee, Role.ENROLLEE, 4)):
        ap = AccessPoint(machine, role)
        ap.request(IDENTITY)
        assert ap.request_wsc(op_code, b"") == []
        assert machine.received == []
        assert ap.eap.state is State.EXPECT_METHOD
        assert ap.events() == [EapStarted()]


def test_a_registrar_ignores_a_first_message_that_is_not_msg() -> None:
    ap = AccessPoint(ScriptedMachine(None), Role.REGISTRAR)
    ap.request(IDENTITY)
    assert ap.request_wsc(OpCode.WSC_DONE) == []
    assert ap.eap.state is State.EXPECT_METHOD


def test_m2d_is_acknowledged_and_m2_may_follow() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M1"), (OpCode.WSC_ACK, b"ACK"), (OpCode.WSC_MSG, b"M3"), None)
    ap = AccessPoint(machine)
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    assert ap.request_wsc(OpCode.WSC_MSG, b"M2D") == [wsc_response(9, OpCode.WSC_ACK, b"ACK")]
    assert ap.request_wsc(OpCode.WSC_MSG, b"M2") == [wsc_response(10, OpCode.WSC_MSG, b"M3")]


def test_failure_after_m2d_is_a_failure() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M1"), (OpCode.WSC_ACK, b"ACK"), None)
    ap = AccessPoint(machine)
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    ap.request_wsc(OpCode.WSC_MSG, b"M2D")
    ap.fail()
    assert ap.events()[-1] == EapEnded(EndReason.FAILURE_RECEIVED)
    assert machine.abandoned_at == [100.0]


def test_messages_queued_together_go_out_one_by_one_even_if_the_machine_is_finished() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"second"))
    machine.outgoing.append((OpCode.WSC_MSG, b"first"))
    ap = AccessPoint(machine)
    ap.request(IDENTITY)
    assert ap.request(WSC, START.encode()) == [wsc_response(8, OpCode.WSC_MSG, b"first")]
    assert ap.eap.deadline == 130.0
    assert ap.request_wsc(OpCode.WSC_ACK) == [wsc_response(9, OpCode.WSC_MSG, b"second")]
    assert ap.eap.deadline == 102.0
    assert machine.received == [(OpCode.WSC_START, b"")]


# Fragments.


def test_a_long_message_goes_out_in_fragments_for_acks() -> None:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_MSG, LONG), None))
    ap.request(IDENTITY)
    sent = ap.request(WSC, START.encode())
    sent += ap.request(WSC, FRAGMENT_ACK.encode())
    sent += ap.request(WSC, FRAGMENT_ACK.encode())
    assert sent == [
        response(8, WSC, bytes.fromhex("04030078") + LONG[:46]),
        response(9, WSC, bytes.fromhex("0401") + LONG[46:94]),
        response(10, WSC, bytes.fromhex("0400") + LONG[94:]),
    ]
    assert ap.eap.state is State.EXPECT_MESSAGE


def test_a_done_in_fragments_waits_for_its_acks_before_the_failure() -> None:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_DONE, LONG[:60])))
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    states = [ap.eap.state]
    assert ap.eap.deadline == 130.0
    assert ap.request(WSC, FRAGMENT_ACK.encode()) == [response(9, WSC, bytes.fromhex("0500") + LONG[46:60])]
    states.append(ap.eap.state)
    assert states == [State.EXPECT_FRAGMENT_ACK, State.EXPECT_FAILURE]
    assert ap.eap.deadline == 102.0


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ("0401aa", "a first fragment without Message Length"),
        ("0600", "WSC_FRAG_ACK although no fragment was waiting for one"),
    ],
)
def test_a_breach_of_the_fragmentation_rules_ends_the_run(data: str, detail: str) -> None:
    ap = expect_message()
    assert ap.request(WSC, bytes.fromhex(data)) == []
    assert ap.events()[-1] == EapEnded(EndReason.PROTOCOL_ERROR, detail)
    assert ap.machine.abandoned_at == [100.0]


@pytest.mark.parametrize("error", [DecodeError("a broken M2"), ProtocolError("a broken M2", 18)])
def test_what_the_machine_raises_ends_the_run(error: DecodeError | ProtocolError) -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M1"), error, None)
    ap = AccessPoint(machine)
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    assert ap.request_wsc(OpCode.WSC_MSG, b"M2") == []
    assert ap.events()[-1] == EapEnded(EndReason.PROTOCOL_ERROR, "a broken M2")
    assert machine.abandoned_at == [100.0]


def test_a_message_the_machine_has_no_answer_to_stays_unanswered_and_is_taken_again() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M1"), None, (OpCode.WSC_MSG, b"M3"), None)
    ap = AccessPoint(machine)
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    assert ap.request_wsc(OpCode.WSC_MSG, b"M2") == []
    ap.identifier -= 1
    assert ap.request_wsc(OpCode.WSC_MSG, b"M2") == [wsc_response(9, OpCode.WSC_MSG, b"M3")]


def test_a_machine_that_finishes_without_a_word_waits_for_the_failure() -> None:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_MSG, b"M1"), None))
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    assert ap.request_wsc(OpCode.WSC_NACK) == []
    assert (ap.eap.state, ap.eap.deadline) == (State.EXPECT_FAILURE, 102.0)


# Repeated requests.


def test_a_repeated_request_gets_the_same_answer_and_the_machine_hears_it_once() -> None:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_MSG, b"M1"), None))
    identity = ap.request(IDENTITY)
    ap.identifier -= 1
    assert ap.request(IDENTITY) == identity
    m1 = ap.request(WSC, START.encode())
    for _ in range(3):
        ap.identifier -= 1
        assert ap.request(WSC, START.encode()) == m1
    assert ap.machine.received == [(OpCode.WSC_START, b"")]
    assert ap.events() == [EapStarted(), MethodSelected()]


def test_a_repeated_last_request_gets_done_again() -> None:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_DONE, b"Done")))
    ap.request(IDENTITY)
    done = ap.request(WSC, START.encode())
    ap.identifier -= 1
    assert ap.request(WSC, START.encode()) == done
    assert ap.eap.deadline == 102.0


def test_a_different_request_under_the_same_identifier_is_a_new_one() -> None:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_MSG, b"M1"), None))
    ap.request(IDENTITY)
    ap.identifier -= 1
    assert ap.request(WSC, START.encode()) == [wsc_response(7, OpCode.WSC_MSG, b"M1")]


def test_a_late_copy_of_an_earlier_request_is_dropped_for_a_second() -> None:
    second = ScriptedMachine(None)
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_MSG, b"M1"), None), new_machine=lambda: second)
    ap.request(IDENTITY)
    ap.now += 5.0
    ap.identifier = 6
    assert len(ap.request(IDENTITY)) == 1  # the repetition of one that was lost
    ap.request(WSC, START.encode())
    for later, answers in ((0.999, 0), (0.001, 1)):
        ap.now += later
        ap.identifier = 6
        assert len(ap.request(IDENTITY)) == answers
    assert ap.machine.abandoned_at == [106.0]


# EAP-Failure, early and late.


def test_a_failure_before_any_request_is_ignored() -> None:
    ap = AccessPoint(ScriptedMachine(None))
    ap.fail()
    assert (ap.eap.state, ap.events()) == (State.EXPECT_IDENTITY, [])


@pytest.mark.parametrize(("ahead", "is_taken"), [(0, True), (1, True), (2, True), (3, False), (-1, False)])
def test_the_identifier_of_a_failure(ahead: int, is_taken: bool) -> None:
    ap = AccessPoint(ScriptedMachine(None))
    ap.identifier = 253
    ap.request(IDENTITY)
    ap.fail(ahead)
    assert ap.events()[1:] == ([EapEnded(EndReason.FAILURE_RECEIVED)] if is_taken else [])


def test_success_in_place_of_the_last_failure_is_taken_but_not_before() -> None:
    ap = expect_message()
    ap.fail(code=EapCode.SUCCESS)
    assert ap.eap.state is State.EXPECT_MESSAGE
    ap = expect_failure()
    ap.fail(code=EapCode.SUCCESS)
    assert ap.events()[-1] == EapEnded(EndReason.COMPLETED)


def test_without_the_last_failure_the_conversation_ends_after_two_seconds() -> None:
    ap = expect_failure()
    assert ap.eap.deadline == 102.0
    assert ap.tick(1.999) == []
    assert ap.eap.state is State.EXPECT_FAILURE
    assert ap.tick(0.001) == []
    assert ap.events()[-1] == EapEnded(EndReason.NO_FINAL_FAILURE)
    assert ap.machine.abandoned_at == []


# Timers before the end.


@pytest.mark.parametrize(("is_wps2", "delay"), [(False, 1.0), (True, 2.0)])
def test_three_eapol_starts_after_the_delay_of_the_access_points_version(is_wps2: bool, delay: float) -> None:
    machine = ScriptedMachine(None)
    ap = AccessPoint(machine, is_wps2=is_wps2)
    assert ap.eap.deadline == 100.0 + delay
    assert ap.tick(delay - 0.001) == []
    assert ap.tick(0.001) == ["01010000"]
    assert ap.tick(29.999) == []
    assert ap.tick(0.001) == ["01010000"]
    assert ap.tick(30.0) == ["01010000"]
    assert ap.tick(30.0) == []
    assert ap.events() == [EapEnded(EndReason.NO_RESPONSE)]
    assert machine.abandoned_at == [190.0 + delay]
    assert ap.tick(100.0) == []


def test_no_eapol_start_once_the_access_point_has_asked() -> None:
    ap = AccessPoint(ScriptedMachine(None))
    ap.request(IDENTITY)
    assert ap.tick(29.0) == []
    assert ap.eap.state is State.EXPECT_METHOD


@pytest.mark.parametrize("state", ["expect_method", "expect_message", "expect_fragment_ack"])
def test_an_access_point_that_falls_silent_is_left_after_thirty_seconds(state: str) -> None:
    ap = {"expect_method": expect_method, "expect_message": expect_message, "expect_fragment_ack": expect_fragment_ack}[
        state
    ]()
    assert ap.eap.deadline == 130.0
    ap.tick(30.0)
    assert ap.events()[-1] == EapEnded(EndReason.NO_RESPONSE)
    assert ap.machine.abandoned_at == [130.0]


# The access point begins anew.


def test_identity_in_the_middle_of_a_run_begins_anew_with_a_new_machine() -> None:
    second = ScriptedMachine((OpCode.WSC_MSG, b"another M1"), None)
    first = ScriptedMachine((OpCode.WSC_MSG, b"M1"), None)
    ap = AccessPoint(first, new_machine=lambda: second)
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    ap.request(WSC, bytes.fromhex("04030009") + b"half")
    assert ap.request(IDENTITY) == [response(10, IDENTITY, Role.ENROLLEE.value)]
    assert first.abandoned_at == [100.0]
    assert ap.request(WSC, START.encode()) == [wsc_response(11, OpCode.WSC_MSG, b"another M1")]
    assert ap.request_wsc(OpCode.WSC_MSG, b"M2") == []
    assert second.received[-1] == (OpCode.WSC_MSG, b"M2")
    assert ap.events() == [EapStarted(), MethodSelected(), EapStarted(), MethodSelected()]


def test_identity_in_the_middle_of_a_run_ends_it_where_there_is_no_new_machine() -> None:
    ap = expect_message()
    assert ap.request(IDENTITY) == []
    assert ap.events()[-1] == EapEnded(EndReason.RESTARTED)
    assert ap.machine.abandoned_at == [100.0]


# Other requests.


def test_a_one_octet_method_is_refused_asking_for_an_expanded_one() -> None:
    ap = AccessPoint(ScriptedMachine(None))
    assert ap.request(MD5, b"challenge") == [response(7, NAK, b"\xfe")]


def test_another_expanded_method_is_refused_asking_for_eap_wsc() -> None:
    ap = AccessPoint(ScriptedMachine(None))
    assert ap.request(OTHER_VENDOR) == [response(7, EXPANDED_NAK, bytes.fromhex("fe00372a00000001"))]


def test_a_notification_is_answered_and_told() -> None:
    ap = AccessPoint(ScriptedMachine(None))
    assert ap.request(NOTIFICATION, b"hello") == [response(7, NOTIFICATION)]
    assert ap.events() == [NotificationReceived(b"hello")]
    assert ap.eap.state is State.EXPECT_IDENTITY


@pytest.mark.parametrize(
    "pdu",
    [
        b"",
        bytes.fromhex("01010000"),
        bytes.fromhex("01030003020000"),
        bytes.fromhex("020000040a090004"),  # a WHR-G54S's code 10
        bytes.fromhex("020000050209000501"),  # a response
        bytes.fromhex("0200000901090009fe00372a00"),  # an expanded type cut short
        bytes.fromhex("0200000d0109000dfe00372a0000000104"),  # no flags
        bytes.fromhex("0200000e0109000efe00372a000000010700"),  # an Op-Code of nobody
        bytes.fromhex("0200000e0109000efe00372a000000010100"),  # WSC_Start out of turn
    ],
)
def test_what_does_not_belong_here_is_dropped(pdu: bytes) -> None:
    ap = expect_message()
    ap.events()
    ap.eap.receive(pdu, 101.0)
    assert (ap.sent(), ap.events(), ap.eap.state, ap.eap.deadline) == ([], [], State.EXPECT_MESSAGE, 130.0)


# Every input in every state.


def idle() -> AccessPoint:
    ap = expect_identity()
    ap.eap = EapPeer(Role.ENROLLEE, ap.machine, fragment_size=50)
    return ap


def expect_identity() -> AccessPoint:
    return AccessPoint(ScriptedMachine((OpCode.WSC_MSG, b"M1"), (OpCode.WSC_MSG, b"M3"), None))


def expect_method() -> AccessPoint:
    ap = expect_identity()
    ap.request(IDENTITY)
    return ap


def expect_message() -> AccessPoint:
    ap = expect_method()
    ap.request(WSC, START.encode())
    return ap


def expect_fragment_ack() -> AccessPoint:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_MSG, LONG), None))
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    return ap


def expect_failure() -> AccessPoint:
    ap = AccessPoint(ScriptedMachine((OpCode.WSC_DONE, b"Done")))
    ap.request(IDENTITY)
    ap.request(WSC, START.encode())
    return ap


def ended() -> AccessPoint:
    ap = expect_method()
    ap.fail()
    return ap


STATES: dict[State, Callable[[], AccessPoint]] = {
    State.IDLE: idle,
    State.EXPECT_IDENTITY: expect_identity,
    State.EXPECT_METHOD: expect_method,
    State.EXPECT_MESSAGE: expect_message,
    State.EXPECT_FRAGMENT_ACK: expect_fragment_ack,
    State.EXPECT_FAILURE: expect_failure,
    State.ENDED: ended,
}


def put(ap: AccessPoint, arrival: Input) -> list[EapPacket]:
    requests = {
        Input.IDENTITY: (IDENTITY, b"again"),
        Input.NOTIFICATION: (NOTIFICATION, b"text"),
        Input.OTHER_METHOD: (MD5, b""),
        Input.START: (WSC, START.encode()),
        Input.MESSAGE: (WSC, WscPacket(OpCode.WSC_MSG, b"M").encode()),
        Input.FRAGMENT_ACK: (WSC, FRAGMENT_ACK.encode()),
    }
    if arrival in requests:
        return ap.request(*requests[arrival])
    return ap.fail(code=EapCode.SUCCESS if arrival is Input.SUCCESS else EapCode.FAILURE)


ID, N, X, S, M, F = (
    Input.IDENTITY,
    Input.NOTIFICATION,
    Input.OTHER_METHOD,
    Input.START,
    Input.MESSAGE,
    Input.FRAGMENT_ACK,
)
ENDED = {reason: (State.ENDED, reason) for reason in EndReason}

# Next state, and the method of the one response; or the end and its reason; what is not here is ignored.
EXPECTED: dict[State, dict[Input, tuple[State, EapMethod | EndReason]]] = {
    State.IDLE: {},
    State.EXPECT_IDENTITY: {
        ID: (State.EXPECT_METHOD, IDENTITY),
        N: (State.EXPECT_IDENTITY, NOTIFICATION),
        X: (State.EXPECT_IDENTITY, NAK),
    },
    State.EXPECT_METHOD: {
        ID: (State.EXPECT_METHOD, IDENTITY),
        N: (State.EXPECT_METHOD, NOTIFICATION),
        X: (State.EXPECT_METHOD, NAK),
        S: (State.EXPECT_MESSAGE, WSC),
        Input.FAILURE: ENDED[EndReason.FAILURE_RECEIVED],
    },
    State.EXPECT_MESSAGE: {
        ID: ENDED[EndReason.RESTARTED],
        N: (State.EXPECT_MESSAGE, NOTIFICATION),
        X: (State.EXPECT_MESSAGE, NAK),
        M: (State.EXPECT_MESSAGE, WSC),
        F: ENDED[EndReason.PROTOCOL_ERROR],
        Input.FAILURE: ENDED[EndReason.FAILURE_RECEIVED],
    },
    State.EXPECT_FRAGMENT_ACK: {
        ID: ENDED[EndReason.RESTARTED],
        N: (State.EXPECT_FRAGMENT_ACK, NOTIFICATION),
        X: (State.EXPECT_FRAGMENT_ACK, NAK),
        F: (State.EXPECT_FRAGMENT_ACK, WSC),
        Input.FAILURE: ENDED[EndReason.FAILURE_RECEIVED],
    },
    State.EXPECT_FAILURE: {
        Input.FAILURE: ENDED[EndReason.COMPLETED],
        Input.SUCCESS: ENDED[EndReason.COMPLETED],
    },
    State.ENDED: {},
}


@pytest.mark.parametrize("arrival", Input)
@pytest.mark.parametrize("state", State)
def test_every_input_in_every_state(state: State, arrival: Input) -> None:
    ap = STATES[state]()
    assert ap.eap.state is state
    ap.events()
    deadline = ap.eap.deadline
    sent = put(ap, arrival)
    expected = EXPECTED[state].get(arrival)
    ends = [event.reason for event in ap.events() if isinstance(event, EapEnded)]
    if expected is None:
        assert (sent, ends, ap.eap.state, ap.eap.deadline) == ([], [], state, deadline)
    elif isinstance(expected[1], EndReason):
        assert (sent, ends, ap.eap.state, ap.eap.deadline) == ([], [expected[1]], State.ENDED, None)
    else:
        assert ([packet.method for packet in sent], ends) == ([expected[1]], [])
        assert (ap.eap.state, ap.eap.deadline) == (expected[0], 130.0)


def test_a_repeated_request_after_the_end_is_not_answered() -> None:
    ap = ended()
    ap.identifier -= 1
    assert ap.request(IDENTITY) == []


@pytest.mark.parametrize("state", State)
def test_cancel_ends_a_running_conversation_without_a_word(state: State) -> None:
    ap = STATES[state]()
    ap.events()
    ap.eap.cancel(ap.now)
    is_running = state not in (State.IDLE, State.ENDED)
    assert (ap.sent(), ap.events()) == ([], [EapEnded(EndReason.CANCELLED)] if is_running else [])
    assert ap.machine.abandoned_at == ([100.0] if state not in (State.IDLE, State.EXPECT_FAILURE) else [])
