# SPDX-License-Identifier: BSD-3-Clause
"""One session of a button group with several members: its beginning, its end, who is cancelled."""

import pytest

from wpsagent.control.agent import WpsStatus
from wpsagent.daemon.attached.session import OURS, GroupSession
from wpsagent.octets import MacAddress
from wpsagent.status import events as e

PHONE = MacAddress.parse("02:00:00:00:00:01")
Reason = e.SessionEndReason
OVERLAP = e.OverlapDetected("main")
REFUSED = e.PushButtonRefused("main", "no")
ENROLLED = e.EnrolmentSucceeded("main", PHONE, bytes(16))


def started(ends_at: float = 120.0) -> e.PushButtonStarted:
    return e.PushButtonStarted("main", ends_at)


def ended(reason: e.SessionEndReason) -> e.PushButtonEnded:
    return e.PushButtonEnded("main", reason)


def opened(*members: str) -> GroupSession:
    session = GroupSession("main")
    session.press(set(members))
    for member in members:
        session.receive(member, started())
    return session


def test_several_openings_are_one_session() -> None:
    session = GroupSession("main")
    assert session.receive("a", started(120.0)) == [started(120.0)]
    assert session.receive("b", started(120.3)) == []
    assert session.receive("a", started(150.0)) == [started(150.0)]  # pressed again
    assert session.receive("b", started(150.2)) == []


def test_the_session_ends_with_its_last_member() -> None:
    session = opened("a", "b")
    assert session.receive("a", ended(Reason.TIMED_OUT)) == []
    assert session.is_open
    assert session.receive("b", ended(Reason.REPLACED)) == [ended(Reason.TIMED_OUT)]
    assert not session.is_open


def test_the_first_success_ends_the_others_quietly() -> None:
    session = opened("a", "b", OURS)
    assert session.receive("b", ENROLLED) == [ENROLLED]
    assert session.members_to_cancel == {"a", OURS}
    assert session.receive("b", ended(Reason.SUCCEEDED)) == [ended(Reason.SUCCEEDED)]
    assert session.receive("a", ended(Reason.CANCELLED)) == []
    assert session.receive(OURS, ended(Reason.REPLACED)) == []
    assert session.status == WpsStatus("Disabled", "Success", peer=PHONE)


def test_a_success_that_is_only_an_end_ends_the_others_too() -> None:
    session = opened("a", "b")
    assert session.receive("a", ended(Reason.SUCCEEDED)) == [ended(Reason.SUCCEEDED)]
    assert session.members_to_cancel == {"b"}


def test_an_overlap_ends_all_and_is_told_once() -> None:
    session = opened("a", "b")
    assert session.receive("a", OVERLAP) == [OVERLAP, ended(Reason.FAILED)]
    assert session.members_to_cancel == {"a", "b"}
    assert session.receive("b", OVERLAP) == []
    assert session.status.push_button == "Overlap"
    session.press({"a"})
    assert session.receive("a", OVERLAP) == [OVERLAP]


def test_who_opens_after_an_overlap_elsewhere_is_closed_again() -> None:
    session = GroupSession("main")
    session.press({"a", "b"})
    assert session.receive("a", OVERLAP) == [OVERLAP]
    assert session.receive("b", started()) == []
    assert session.members_to_cancel == {"b"}
    assert session.receive("b", ended(Reason.CANCELLED)) == []
    assert session.receive("b", started()) == [started()]  # the next time is another press


def test_a_refusal_counts_when_nobody_opens() -> None:
    session = GroupSession("main")
    session.press({"a", "b"})
    assert session.receive("a", REFUSED) == []
    assert session.receive("b", REFUSED) == [REFUSED]
    session.press({"a", "b"})
    session.receive("a", started())
    assert session.receive("b", REFUSED) == []


def test_pins_are_sessions_as_well() -> None:
    session = GroupSession("main")
    assert session.receive("a", e.PinStarted("main", 120.0)) == [e.PinStarted("main", 120.0)]
    assert session.receive(OURS, e.PinStarted("main")) == [e.PinStarted("main")]
    assert session.status.push_button == "Disabled"
    assert session.receive("a", e.PinEnded("main", Reason.TIMED_OUT)) == []
    assert session.receive(OURS, e.PinEnded("main", Reason.CANCELLED)) == [e.PinEnded("main", Reason.TIMED_OUT)]


def test_a_pin_that_was_refused_ends_what_never_began() -> None:
    event = e.PinEnded("main", Reason.FAILED)
    assert GroupSession("main").receive("a", event) == [event]


def test_a_method_replaces_another() -> None:
    session = opened("a")
    assert session.receive("a", ended(Reason.REPLACED)) == [ended(Reason.REPLACED)]
    assert session.receive("a", e.PinStarted("main", 120.0)) == [e.PinStarted("main", 120.0)]
    assert session.receive("a", ended(Reason.TIMED_OUT)) == []  # the press is over already
    session = opened("a")
    assert session.receive("b", e.PinStarted("main", 120.0)) == [e.PinStarted("main", 120.0)]


def test_a_member_that_was_cancelled_can_open_again() -> None:
    session = opened("a", "b")
    session.receive("a", ENROLLED)
    session.receive("a", ended(Reason.SUCCEEDED))
    session.members_to_cancel.clear()
    assert session.receive("b", started(300.0)) == [started(300.0)]
    assert session.receive("b", ended(Reason.TIMED_OUT)) == [ended(Reason.TIMED_OUT)]


def test_a_session_is_withdrawn_when_another_group_has_served() -> None:
    session = opened("a", "b")
    assert session.withdraw() == [ended(Reason.REPLACED)]
    assert session.members_to_cancel == {"a", "b"}
    assert session.withdraw() == []


def test_a_failed_run_leaves_the_session_open() -> None:
    session = opened("a")
    event = e.EnrolmentFailed("main", PHONE, 8, 18)
    assert session.receive("a", event) == [event]
    assert session.status == WpsStatus("Active", "Failed", peer=PHONE)


def test_what_is_of_no_session_is_told_as_it_is() -> None:
    assert GroupSession("main").receive("a", e.CancelRequested("main")) == [e.CancelRequested("main")]


@pytest.mark.parametrize("reason", list(Reason))
def test_a_single_member_is_told_as_it_is(reason: e.SessionEndReason) -> None:
    assert opened("a").receive("a", ended(reason)) == [ended(reason)]
