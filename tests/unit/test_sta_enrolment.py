# SPDX-License-Identifier: BSD-3-Clause
"""One WPS association: what it asks for, what came of it, and how it ends."""

from collections.abc import Callable

import pytest
from tests.unit.roles_bench import entropy_of
from tests.unit.sta_air import OWN, PIN_SELECTED, RSNE, address, bss, wps
from tests.unit.sta_bench import AP, DEVICE, UUID, Talk, eap_authenticator, only

from wpsagent.dot11.frames import Capability
from wpsagent.eap.eapol import EapolPacket, EapolType
from wpsagent.eap.events import EapEnded, EapStarted, EndReason, MethodSelected
from wpsagent.eap.machine import Role
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    CommandFailed,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    SendEapol,
)
from wpsagent.roles.sta.association import AssociationBegan, AssociationEnded, End
from wpsagent.roles.sta.enrolment import IMPATIENT_TIMEOUT, Enrolment
from wpsagent.wsc.elements import AssociationRequestAttributes, unwrap
from wpsagent.wsc.enrollee import Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import MessageType, RequestType
from wpsagent.wsc.events import CredentialsReceived, M2dReceived, RunFailed, RunSucceeded
from wpsagent.wsc.registrar import Refusal

EAPOL_START = EapolPacket(1, EapolType.START).encode()


def machines(password: bytes = b"00000000", password_id: int = 4) -> Callable[[], Enrollee]:
    entropy = entropy_of("enrollee")
    return lambda: Enrollee(EnrolleeParameters(DEVICE, UUID, OWN, password, password_id), entropy)


def enrolment(password: bytes = b"00000000", *, is_wps2: bool = True, time_limit: float = 70.0) -> Talk:
    found = bss(elements=RSNE + wps(PIN_SELECTED, is_version2=is_wps2))
    made = Enrolment(found, Role.ENROLLEE, machines(password), time_limit=time_limit)
    return Talk(made)


def outcome(talk: Talk) -> Enrolment:
    assert isinstance(talk.association, Enrolment)
    return talk.association


def ended(talk: Talk) -> AssociationEnded:
    (event,) = only(talk.take(), AssociationEnded)
    return event


def test_the_association_is_open_with_the_wps_element() -> None:
    (connect,) = enrolment().start()
    assert isinstance(connect, Connect)
    assert (connect.bssid, connect.ssid, connect.frequency_mhz, connect.is_protected) == (AP, b"home", 2437, True)
    assert (connect.pairwise_cipher, connect.group_cipher, connect.akm_suite) == (None, None, None)
    assert AssociationRequestAttributes.decode(unwrap(connect.elements) or b"").request_type == 1


def test_a_registrar_says_that_it_is_one_and_an_open_bss_is_not_protected() -> None:
    found = bss(elements=wps(), capability=Capability.ESS)
    (connect,) = Talk(Enrolment(found, Role.REGISTRAR, machines())).start()
    assert isinstance(connect, Connect)
    assert not connect.is_protected
    attributes = AssociationRequestAttributes.decode(unwrap(connect.elements) or b"")
    assert attributes.request_type == RequestType.REGISTRAR


@pytest.mark.parametrize(("is_wps2", "seconds"), [(True, 2.0), (False, 1.0)])
def test_a_silent_access_point_gets_eapol_start(is_wps2: bool, seconds: float) -> None:
    talk = enrolment(is_wps2=is_wps2)
    talk.associate()
    assert talk.pass_time(seconds - 0.1) == []
    assert talk.pass_time(0.1) == [SendEapol(AP, EAPOL_START)]


def test_the_run_succeeds_and_the_access_point_says_goodbye() -> None:
    talk = enrolment()
    talk.associate()
    other = eap_authenticator()
    other.start(talk.now)
    talk.enrol(other)
    events = talk.take()
    assert [type(event) for event in events] == [
        AssociationBegan,
        EapStarted,
        MethodSelected,
        CredentialsReceived,
        RunSucceeded,
        EapEnded,
    ]
    assert outcome(talk).success is not None
    assert outcome(talk).is_over
    assert talk.pass_time(0.049) == []
    talk.receive(Disconnected(23, is_by_peer=True))
    assert ended(talk) == AssociationEnded(End.LEFT, 23, is_local=False)


def test_without_a_goodbye_we_leave_by_ourselves() -> None:
    talk = enrolment()
    talk.associate()
    other = eap_authenticator()
    other.start(talk.now)
    talk.enrol(other)
    assert talk.pass_time(0.06) == [Disconnect(3)]


def test_a_missing_eap_failure_costs_two_seconds() -> None:
    talk = enrolment()
    talk.associate()
    other = eap_authenticator()
    other.start(talk.now)
    talk.enrol(other, at_most=6)
    assert outcome(talk).success is not None
    assert talk.pass_time(1.9) == []
    assert talk.pass_time(0.2) == [Disconnect(3)]
    assert only(talk.take(), EapEnded) == [EapEnded(EndReason.NO_FINAL_FAILURE)]


def test_a_wrong_pin_is_a_verdict() -> None:
    talk = enrolment(b"12345670")
    talk.associate()
    other = eap_authenticator(b"87654325", 0)
    other.start(talk.now)
    talk.enrol(other)
    (failure,) = only(talk.take(), RunFailed)
    assert (failure.message_type, failure.configuration_error) == (MessageType.M4, 18)
    assert outcome(talk).failure == failure
    assert outcome(talk).is_heard


@pytest.mark.parametrize("number", range(6))
def test_cut_off_at_any_message_is_no_verdict(number: int) -> None:
    """The access point goes, or we do: nobody refused anything."""
    for is_lost in (True, False):
        talk = enrolment()
        talk.associate()
        other = eap_authenticator()
        other.start(talk.now)
        talk.enrol(other, at_most=number)
        if is_lost:
            talk.receive(Disconnected(4, is_by_peer=False))
        else:
            talk.association.leave(3, talk.now)
            talk.drain()
            talk.receive(Disconnected(3, is_by_peer=False))
        events = talk.take()
        assert [event.end for event in only(events, AssociationEnded)] == [End.LOST if is_lost else End.LEFT]
        assert only(events, RunFailed) == []
        assert outcome(talk).failure is None
        assert outcome(talk).is_heard == (number > 0)


def test_a_silent_access_point_ends_the_run_by_the_peers_own_time() -> None:
    talk = enrolment(time_limit=1000.0)
    talk.associate()
    other = eap_authenticator()
    other.start(talk.now)
    talk.enrol(other, at_most=2)
    assert talk.pass_time(31) == [Disconnect(3)]
    assert only(talk.take(), EapEnded) == [EapEnded(EndReason.NO_RESPONSE)]
    assert outcome(talk).failure is None
    assert outcome(talk).detail


def test_the_time_limit_ends_it() -> None:
    talk = enrolment(time_limit=IMPATIENT_TIMEOUT)
    talk.associate()
    commands = talk.pass_time(10.0)
    assert commands == [SendEapol(AP, EAPOL_START), Disconnect(3)]


def test_an_access_point_that_begins_anew_gets_another_machine() -> None:
    talk = enrolment()
    talk.associate()
    first, second = eap_authenticator(), eap_authenticator()
    first.start(talk.now)
    talk.enrol(first, at_most=3)
    talk.now += 2
    second.start(talk.now)
    talk.enrol(second)
    events = talk.take()
    assert len(only(events, EapStarted)) == 2
    assert len(only(events, RunSucceeded)) == 1
    assert only(events, RunFailed) == []


def test_m2d_is_kept_and_is_no_verdict() -> None:
    other = eap_authenticator(refusal=Refusal())
    talk = enrolment(b"12345670")
    talk.associate()
    other.start(talk.now)
    talk.enrol(other)
    events = talk.take()
    (m2d,) = only(events, M2dReceived)
    assert outcome(talk).m2d == m2d
    assert only(events, EapEnded) == [EapEnded(EndReason.FAILURE_RECEIVED)]
    assert not outcome(talk).is_over
    talk.receive(Disconnected(23, is_by_peer=True))
    assert ended(talk).end is End.LEFT, "the access point's goodbye is no loss"


def test_a_rejection_and_a_refused_pdu() -> None:
    talk = enrolment()
    talk.start()
    talk.receive(AssociationFailed(AP, 17))
    assert ended(talk) == AssociationEnded(End.REJECTED, status_code=17)
    talk = enrolment()
    talk.associate()
    assert talk.receive(CommandFailed(SendEapol(AP, b""), "busy")) == []
    assert talk.receive(EapolReceived(address(9), b"")) == []
    assert talk.receive(Associated(AP)) == []
    assert only(talk.take(), AssociationEnded) == []
