# SPDX-License-Identifier: BSD-3-Clause
"""The access point's end of EAP-WSC: every input in every state, the timers, and the runs of both roles."""

from collections.abc import Callable

import pytest
from tests.unit.eap_scripted import ScriptedMachine

from wpsagent.eap.authenticator import MAXIMUM_ROUNDS, EapAuthenticator, Input, State
from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.events import EapEnded, EapStarted, EndReason, Event, IdentityReceived, MethodSelected
from wpsagent.eap.machine import Role
from wpsagent.eap.packet import EXPANDED_NAK, IDENTITY, NAK, NOTIFICATION, WSC, EapCode, EapMethod, EapPacket
from wpsagent.eap.wsc_method import FRAGMENT_ACK, START, WscPacket
from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.wsc.enumerations import OpCode

EAPOL_START = EapolPacket(1, EapolType.START).encode()
EAPOL_LOGOFF = EapolPacket(1, EapolType.LOGOFF).encode()
LONG = bytes(range(120))


class Station:
    """Feeds an authenticator and reads what it sends."""

    def __init__(self, *machines: ScriptedMachine, fragment_size: int = 50, wait_for_start: bool = False) -> None:
        self.machines = list(machines)
        self.roles: list[Role] = []
        self.eap = EapAuthenticator(
            machine_for=self._machine_for,
            fragment_size=fragment_size,
            first_identifier=254,
            wait_for_start=wait_for_start,
        )
        self.now = 100.0
        self.identifier = 0

    def _machine_for(self, role: Role) -> ScriptedMachine | None:
        self.roles.append(role)
        return self.machines.pop(0) if self.machines else None

    def sent(self) -> list[EapPacket]:
        """The EAP packets out since last asked; the station answers to the last request's Identifier."""
        pdus = [EapolPacket.decode(pdu) for pdu in self.eap.messages_to_send()]
        assert all((pdu.version, pdu.type) == (2, EapolType.EAP_PACKET) for pdu in pdus)
        packets = [EapPacket.decode(pdu.body) for pdu in pdus]
        self.identifier = packets[-1].identifier if packets else self.identifier
        return packets

    def events(self) -> list[Event]:
        events = []
        while event := self.eap.next_event():
            events.append(event)
        return events

    def respond(self, method: EapMethod, data: bytes = b"") -> list[EapPacket]:
        response = EapPacket(EapCode.RESPONSE, self.identifier, method, data)
        self.eap.receive(EapolPacket(1, EapolType.EAP_PACKET, response.encode()).encode(), self.now)
        return self.sent()

    def respond_wsc(self, op_code: int, data: bytes = b"") -> list[EapPacket]:
        return self.respond(WSC, WscPacket(op_code, data).encode())

    def tick(self, seconds: float) -> list[EapPacket]:
        self.now += seconds
        self.eap.handle_timer(self.now)
        return self.sent()

    def begin(self, role: Role = Role.ENROLLEE) -> list[EapPacket]:
        """Up to the first request after the identity."""
        self.eap.start(self.now)
        self.sent()
        return self.respond(IDENTITY, role.value)


def request(identifier: int, method: EapMethod, data: bytes = b"") -> EapPacket:
    return EapPacket(EapCode.REQUEST, identifier, method, data)


def wsc_request(identifier: int, op_code: int, data: bytes = b"") -> EapPacket:
    return request(identifier, WSC, WscPacket(op_code, data).encode())


def failure(identifier: int) -> EapPacket:
    return EapPacket(EapCode.FAILURE, identifier)


def test_start_asks_for_the_identity_on_the_wire() -> None:
    station = Station()
    station.eap.start(station.now)
    assert [pdu.hex() for pdu in station.eap.messages_to_send()] == ["0200000501fe000501"]
    assert station.events() == [EapStarted()]


def test_an_enrollees_run_from_identity_to_failure() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M2"), (OpCode.WSC_MSG, b"M4"), None)
    station = Station(machine)
    assert station.begin() == [request(255, WSC, START.encode())]
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == [wsc_request(0, OpCode.WSC_MSG, b"M2")]
    assert station.respond_wsc(OpCode.WSC_MSG, b"M3") == [wsc_request(1, OpCode.WSC_MSG, b"M4")]
    assert station.respond_wsc(OpCode.WSC_DONE, b"Done") == [failure(1)]
    assert machine.received == [(4, b"M1"), (4, b"M3"), (5, b"Done")]
    assert machine.abandoned_at == []
    assert station.roles == [Role.ENROLLEE]
    assert station.events() == [
        EapStarted(),
        IdentityReceived(b"WFA-SimpleConfig-Enrollee-1-0", Role.ENROLLEE),
        MethodSelected(),
        EapEnded(EndReason.COMPLETED),
    ]
    assert station.eap.state is State.ENDED
    assert station.eap.deadline is None
    assert not station.eap.is_running


def test_a_registrar_gets_m1_at_once_and_its_ack_ends_the_run() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M1"), (OpCode.WSC_DONE, b"Done"), None)
    station = Station(machine)
    assert station.begin(Role.REGISTRAR) == [wsc_request(255, OpCode.WSC_MSG, b"M1")]
    assert station.respond_wsc(OpCode.WSC_MSG, b"M8") == [wsc_request(0, OpCode.WSC_DONE, b"Done")]
    assert station.respond_wsc(OpCode.WSC_ACK, b"ACK") == [failure(0)]
    assert machine.received == [(OpCode.WSC_START, b""), (OpCode.WSC_MSG, b"M8"), (OpCode.WSC_ACK, b"ACK")]
    assert station.events()[-1] == EapEnded(EndReason.COMPLETED)


def test_m2d_waits_for_the_ack_before_the_failure() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M2D"), None)
    station = Station(machine)
    station.begin()
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == [wsc_request(0, OpCode.WSC_MSG, b"M2D")]
    assert station.respond_wsc(OpCode.WSC_ACK, b"ACK") == [failure(0)]


def test_our_nack_is_sent_and_answered_before_the_failure_but_the_finished_machine_hears_no_more() -> None:
    machine = ScriptedMachine((OpCode.WSC_NACK, b"NACK"))
    station = Station(machine)
    station.begin()
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == [wsc_request(0, OpCode.WSC_NACK, b"NACK")]
    assert station.events()[-1] == MethodSelected()
    assert station.respond_wsc(OpCode.WSC_NACK, b"NACK too") == [failure(0)]
    assert machine.received == [(OpCode.WSC_MSG, b"M1")]
    assert station.events() == [EapEnded(EndReason.COMPLETED)]


def test_messages_queued_together_go_out_one_by_one() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"first"))
    machine.outgoing.append((OpCode.WSC_MSG, b"zeroth"))
    station = Station(machine)
    station.begin()
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == [wsc_request(0, OpCode.WSC_MSG, b"zeroth")]
    assert station.respond_wsc(OpCode.WSC_ACK) == [wsc_request(1, OpCode.WSC_MSG, b"first")]
    assert station.respond_wsc(OpCode.WSC_ACK) == [failure(1)]


@pytest.mark.parametrize(
    "identity",
    [
        b"",
        b"user",
        b"WFA-SimpleConfig-Enrollee-1-0\0",
        b"WFA-SimpleConfig-Enrollee-1-1",
        b"wfa-simpleconfig-enrollee-1-0",
    ],
)
def test_a_foreign_identity_is_refused(identity: bytes) -> None:
    station = Station(ScriptedMachine())
    station.eap.start(0)
    station.sent()
    assert station.respond(IDENTITY, identity) == [failure(254)]
    assert station.roles == []
    assert station.events()[1:] == [IdentityReceived(identity, None), EapEnded(EndReason.UNKNOWN_IDENTITY)]


def test_a_role_that_nobody_takes_is_refused() -> None:
    station = Station()
    assert station.begin(Role.REGISTRAR) == [failure(254)]
    assert station.events()[-1] == EapEnded(EndReason.REFUSED)


# Fragments.


def test_a_long_message_goes_out_in_fragments_for_acks() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, LONG), None)
    station = Station(machine)
    station.begin()
    states = []
    first = station.respond_wsc(OpCode.WSC_MSG, b"M1")
    states.append(station.eap.state)
    second = station.respond(WSC, FRAGMENT_ACK.encode())
    states.append(station.eap.state)
    third = station.respond(WSC, FRAGMENT_ACK.encode())
    states.append(station.eap.state)
    assert states == [State.EXPECT_FRAGMENT_ACK, State.EXPECT_FRAGMENT_ACK, State.EXPECT_MESSAGE]
    assert [*first, *second, *third] == [
        request(0, WSC, bytes.fromhex("04030078") + LONG[:46]),
        request(1, WSC, bytes.fromhex("0401") + LONG[46:94]),
        request(2, WSC, bytes.fromhex("0400") + LONG[94:]),
    ]
    assert machine.received == [(OpCode.WSC_MSG, b"M1")]


def test_a_long_message_of_the_station_is_acknowledged_and_joined() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M2"), None)
    station = Station(machine)
    station.begin()
    assert station.respond(WSC, bytes.fromhex("04030006") + b"abc") == [request(0, WSC, FRAGMENT_ACK.encode())]
    assert station.respond(WSC, bytes.fromhex("0401") + b"de") == [request(1, WSC, FRAGMENT_ACK.encode())]
    assert station.respond(WSC, bytes.fromhex("0400") + b"f") == [wsc_request(2, OpCode.WSC_MSG, b"M2")]
    assert machine.received == [(OpCode.WSC_MSG, b"abcdef")]


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ("0401aa", "a first fragment without Message Length"),
        ("04030000", "Message Length 0 for a fragment of 0 octets"),
        ("0600", "WSC_FRAG_ACK although no fragment was waiting for one"),
        ("0100", "Op-Code 1 in a response"),
        ("0700", "Op-Code 7 in a response"),
        ("0000", "Op-Code 0 in a response"),
    ],
)
def test_a_breach_of_the_fragmentation_rules_ends_the_run(data: str, detail: str) -> None:
    machine = ScriptedMachine(None, None)
    station = Station(machine)
    station.begin()
    assert station.respond(WSC, bytes.fromhex(data)) == [failure(255)]
    assert station.events()[-1] == EapEnded(EndReason.PROTOCOL_ERROR, detail)
    assert machine.received == []
    assert machine.abandoned_at == [100.0]


def test_a_half_received_message_is_forgotten_by_the_next_run() -> None:
    machines = ScriptedMachine(None), ScriptedMachine(None)
    station = Station(*machines)
    station.begin()
    station.respond(WSC, bytes.fromhex("04030006") + b"abc")
    station.begin()
    station.respond_wsc(OpCode.WSC_MSG, b"whole")
    assert machines[1].received == [(OpCode.WSC_MSG, b"whole")]


@pytest.mark.parametrize("error", [DecodeError("a broken M1"), ProtocolError("a broken M1", 18)])
def test_what_the_machine_raises_ends_the_run(error: DecodeError | ProtocolError) -> None:
    machine = ScriptedMachine(error, None)
    station = Station(machine)
    station.begin()
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == [failure(255)]
    assert station.events()[-1] == EapEnded(EndReason.PROTOCOL_ERROR, "a broken M1")
    assert machine.abandoned_at == [100.0]


def test_what_an_access_points_enrollee_raises_before_m1_ends_the_run() -> None:
    station = Station(ScriptedMachine(ProtocolError("no PIN", 15)))
    assert station.begin(Role.REGISTRAR) == [failure(254)]
    assert station.events()[-1] == EapEnded(EndReason.PROTOCOL_ERROR, "no PIN")


def test_a_run_has_a_limit_of_messages() -> None:
    machine = ScriptedMachine(*[(OpCode.WSC_MSG, b"M")] * (MAXIMUM_ROUNDS + 1))
    station = Station(machine)
    station.begin()
    for _ in range(MAXIMUM_ROUNDS - 1):
        assert station.respond_wsc(OpCode.WSC_MSG)[0].code == EapCode.REQUEST
    assert station.respond_wsc(OpCode.WSC_MSG) == [failure(station.identifier)]
    assert station.events()[-1] == EapEnded(EndReason.TOO_MANY_MESSAGES)
    assert machine.abandoned_at == [100.0]


# Identifiers, and what is dropped.


def test_a_stale_identifier_is_dropped() -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M2"), None)
    station = Station(machine)
    station.begin()
    station.respond_wsc(OpCode.WSC_MSG, b"M1")
    station.identifier = 255
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == []
    assert len(machine.received) == 1


@pytest.mark.parametrize(
    "pdu",
    [
        b"",
        bytes.fromhex("01"),
        bytes.fromhex("0100000902ff0009fe00372a00"),  # an expanded type cut short
        bytes.fromhex("0100000d02ff000dfe00372a0000000104"),  # no flags
        bytes.fromhex("0100000e02ff000efe00372a000000020400"),  # another type of the same vendor
        bytes.fromhex("0100000602ff00060200"),  # a Notification nobody asked for
        bytes.fromhex("0100000403ff0004"),
        bytes.fromhex("010000040aff0004"),
        bytes.fromhex("0100000e01ff000efe00372a000000010400"),  # a request
        bytes.fromhex("01030003020000"),
        bytes.fromhex("01090000"),
    ],
)
def test_what_does_not_belong_here_is_dropped(pdu: bytes) -> None:
    machine = ScriptedMachine((OpCode.WSC_MSG, b"M2"), None)
    station = Station(machine)
    station.begin()
    deadline = station.eap.deadline
    station.eap.receive(pdu, station.now + 1)
    assert station.sent() == []
    assert machine.received == []
    assert (station.eap.state, station.eap.deadline) == (State.EXPECT_MESSAGE, deadline)


# Timers.


def test_a_request_is_sent_three_times_five_seconds_apart_then_failure() -> None:
    machine = ScriptedMachine(None)
    station = Station(machine)
    start = station.begin()
    assert station.eap.deadline == 105.0
    assert station.tick(4.999) == []
    assert station.tick(0.001) == start
    assert station.tick(5.0) == start
    assert station.eap.deadline == 115.0
    assert station.tick(5.0) == [failure(255)]
    assert station.events()[-1] == EapEnded(EndReason.NO_RESPONSE)
    assert machine.abandoned_at == [115.0]
    assert station.tick(5.0) == []


def test_an_answer_to_the_third_attempt_counts_and_the_next_request_has_three_of_its_own() -> None:
    station = Station(ScriptedMachine((OpCode.WSC_MSG, b"M2"), None))
    station.begin()
    station.tick(5.0)
    station.tick(5.0)
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == [wsc_request(0, OpCode.WSC_MSG, b"M2")]
    assert [len(station.tick(5.0)) for _ in range(2)] == [1, 1]
    assert station.tick(5.0) == [failure(0)]


def test_a_station_that_answers_slowly_is_ended_after_two_minutes() -> None:
    machine = ScriptedMachine(*[(OpCode.WSC_MSG, b"M")] * 100)
    station = Station(machine)
    station.begin()
    for _ in range(29):
        station.now += 4.0
        station.respond_wsc(OpCode.WSC_MSG)
    station.now += 1.0
    station.respond_wsc(OpCode.WSC_MSG)
    assert station.eap.deadline == 220.0
    assert station.tick(3.0) == [failure(station.identifier)]
    assert station.events()[-1] == EapEnded(EndReason.SESSION_TIMED_OUT)
    assert machine.abandoned_at == [220.0]


# The machine has nothing to say.


def test_a_machine_without_a_message_ends_the_run() -> None:
    machine = ScriptedMachine(None, None)
    station = Station(machine)
    station.begin()
    assert station.respond_wsc(OpCode.WSC_MSG, b"M1") == [failure(255)]
    assert station.events()[-1] == EapEnded(EndReason.NO_MESSAGE)
    assert machine.abandoned_at == [station.now]


# EAPOL-Start.


def test_start_begins_anew_from_identity_and_abandons_the_run() -> None:
    machines = ScriptedMachine((OpCode.WSC_MSG, b"M2"), None), ScriptedMachine(None)
    station = Station(*machines)
    station.begin()
    station.respond_wsc(OpCode.WSC_MSG, b"M1")
    station.events()
    station.now = 130.0
    station.eap.receive(EAPOL_START, station.now)
    assert station.sent() == [request(1, IDENTITY)]
    assert station.events() == [EapStarted()]
    assert machines[0].abandoned_at == [130.0]
    assert station.respond(IDENTITY, Role.ENROLLEE.value) == [request(2, WSC, START.encode())]
    station.respond_wsc(OpCode.WSC_MSG, b"new M1")
    assert machines[1].received == [(OpCode.WSC_MSG, b"new M1")]


def test_a_start_that_crosses_the_identity_request_gets_the_same_request_again() -> None:
    station = Station(ScriptedMachine(None))
    station.eap.start(station.now)
    station.sent()
    station.tick(5.0)
    station.tick(4.0)
    station.eap.receive(EAPOL_START, station.now)
    assert station.sent() == [request(254, IDENTITY)]
    assert station.eap.deadline == station.now + 5.0
    assert station.events() == [EapStarted()]
    # Both copies are answered; the second answer is stale.
    assert len(station.respond(IDENTITY, Role.ENROLLEE.value)) == 1
    station.identifier = 254
    assert station.respond(IDENTITY, Role.ENROLLEE.value) == []
    assert station.roles == [Role.ENROLLEE]


def test_wait_for_start_sends_nothing_before_the_stations_start() -> None:
    station = Station(wait_for_start=True)
    station.eap.start(station.now)
    assert station.sent() == []
    assert station.eap.deadline is None
    assert not station.eap.is_running
    assert station.tick(60.0) == []
    station.eap.receive(EAPOL_START, station.now)
    assert station.sent() == [request(254, IDENTITY)]
    assert station.eap.is_running


def test_a_new_association_with_wait_for_start_abandons_the_run() -> None:
    machine = ScriptedMachine(None)
    station = Station(machine, wait_for_start=True)
    station.eap.receive(EAPOL_START, station.now)
    station.sent()
    station.respond(IDENTITY, Role.ENROLLEE.value)
    station.eap.start(station.now)
    assert machine.abandoned_at == [100.0]
    assert (station.eap.state, station.eap.deadline) == (State.EXPECT_START, None)


# Every input in every state.


def idle() -> Station:
    return Station(ScriptedMachine((OpCode.WSC_MSG, b"M2"), None, None))


def expect_start() -> Station:
    station = Station(ScriptedMachine(None), wait_for_start=True)
    station.eap.start(station.now)
    return station


def expect_identity() -> Station:
    station = idle()
    station.eap.start(station.now)
    station.sent()
    return station


def expect_message() -> Station:
    station = idle()
    station.begin()
    return station


def expect_fragment_ack() -> Station:
    station = Station(ScriptedMachine((OpCode.WSC_MSG, LONG), None))
    station.begin()
    station.respond_wsc(OpCode.WSC_MSG, b"M1")
    return station


def ended() -> Station:
    station = expect_message()
    station.respond(NAK, b"\0")
    return station


STATES: dict[State, Callable[[], Station]] = {
    State.IDLE: idle,
    State.EXPECT_START: expect_start,
    State.EXPECT_IDENTITY: expect_identity,
    State.EXPECT_MESSAGE: expect_message,
    State.EXPECT_FRAGMENT_ACK: expect_fragment_ack,
    State.ENDED: ended,
}


def put(station: Station, arrival: Input) -> list[EapPacket]:
    match arrival:
        case Input.START | Input.LOGOFF:
            station.eap.receive(EAPOL_START if arrival is Input.START else EAPOL_LOGOFF, station.now)
            return station.sent()
        case Input.IDENTITY:
            return station.respond(IDENTITY, Role.ENROLLEE.value)
        case Input.NAK:
            return station.respond(NAK, b"\x04")
        case Input.MESSAGE:
            return station.respond_wsc(OpCode.WSC_MSG, b"M1")
        case Input.FRAGMENT_ACK:
            return station.respond(WSC, FRAGMENT_ACK.encode())


S, L, ID, N, M, F = Input.START, Input.LOGOFF, Input.IDENTITY, Input.NAK, Input.MESSAGE, Input.FRAGMENT_ACK
BEGUN = (State.EXPECT_IDENTITY, "identity")
ENDED = {reason: (State.ENDED, reason.name) for reason in EndReason}

EXPECTED: dict[State, dict[Input, tuple[State, str]]] = {
    State.IDLE: {S: BEGUN},
    State.EXPECT_START: {S: BEGUN},
    State.EXPECT_IDENTITY: {
        S: BEGUN,
        L: ENDED[EndReason.LOGOFF],
        ID: (State.EXPECT_MESSAGE, "wsc"),
        N: ENDED[EndReason.NAK],
    },
    State.EXPECT_MESSAGE: {
        S: BEGUN,
        L: ENDED[EndReason.LOGOFF],
        N: ENDED[EndReason.NAK],
        M: (State.EXPECT_MESSAGE, "wsc"),
        F: ENDED[EndReason.PROTOCOL_ERROR],
    },
    State.EXPECT_FRAGMENT_ACK: {
        S: BEGUN,
        L: ENDED[EndReason.LOGOFF],
        N: ENDED[EndReason.NAK],
        M: ENDED[EndReason.PROTOCOL_ERROR],
        F: (State.EXPECT_FRAGMENT_ACK, "wsc"),
    },
    State.ENDED: {S: BEGUN},
}


@pytest.mark.parametrize("arrival", Input)
@pytest.mark.parametrize("state", State)
def test_every_input_in_every_state(state: State, arrival: Input) -> None:
    station = STATES[state]()
    assert station.eap.state is state
    station.events()
    deadline = station.eap.deadline
    sent = put(station, arrival)
    expected = EXPECTED[state].get(arrival)
    if expected is None:
        assert (sent, station.eap.state, station.events(), station.eap.deadline) == ([], state, [], deadline)
        return
    assert station.eap.state is expected[0]
    (packet,) = sent
    events = station.events()
    if expected[0] is State.ENDED:
        assert packet.code == EapCode.FAILURE
        assert [e.reason.name for e in events if isinstance(e, EapEnded)] == [expected[1]]
        assert station.eap.deadline is None
    else:
        assert packet.code == EapCode.REQUEST
        assert packet.method == {"identity": IDENTITY, "wsc": WSC}[expected[1]]
        assert station.eap.deadline == station.now + 5.0


def test_an_expanded_nak_ends_the_run_too() -> None:
    station = expect_message()
    assert station.respond(EXPANDED_NAK, b"") == [failure(255)]
    assert station.events()[-1] == EapEnded(EndReason.NAK)


def test_a_notification_in_response_to_nothing_is_dropped() -> None:
    station = expect_identity()
    assert station.respond(NOTIFICATION) == []
    assert station.eap.state is State.EXPECT_IDENTITY


@pytest.mark.parametrize("state", State)
def test_cancel_ends_a_running_conversation_only(state: State) -> None:
    station = STATES[state]()
    station.events()
    station.eap.cancel(station.now)
    if state in (State.IDLE, State.EXPECT_START, State.ENDED):
        assert (station.sent(), station.events(), station.eap.state) == ([], [], state)
    else:
        assert station.sent() == [failure(station.identifier)]
        assert station.events() == [EapEnded(EndReason.CANCELLED)]
