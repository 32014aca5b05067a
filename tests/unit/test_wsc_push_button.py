# SPDX-License-Identifier: BSD-3-Clause
"""The push button: walk time, overlap, what counts and for how long."""

import pytest

from wpsagent.errors import OverlapError
from wpsagent.octets import MacAddress
from wpsagent.wsc.push_button import (
    MAX_SIGHTINGS,
    Admission,
    OverlapDetected,
    PushButtonEnded,
    PushButtonEvent,
    PushButtonMonitor,
    PushButtonStarted,
    SelectionEndReason,
    Sighting,
)

PHONE, PRINTER, CAMERA = b"\x01" * 16, b"\x02" * 16, b"\x03" * 16
MAC_1, MAC_2 = MacAddress.parse("02:00:00:00:01:00"), MacAddress.parse("02:00:00:00:02:00")


def events_of(monitor: PushButtonMonitor) -> list[PushButtonEvent]:
    return list(iter(monitor.next_event, None))


def pressed(now: float = 0.0) -> PushButtonMonitor:
    monitor = PushButtonMonitor()
    monitor.press(now)
    assert events_of(monitor) == [PushButtonStarted(now + 120.0)]
    return monitor


# ---- walk time


def test_a_new_button_is_idle() -> None:
    monitor = PushButtonMonitor()
    assert (monitor.is_active, monitor.deadline, monitor.next_event()) == (False, None, None)


def test_walk_time_is_over_after_exactly_120_seconds() -> None:
    monitor = pressed(1000.0)
    assert monitor.deadline == 1120.0
    monitor.handle_timer(1119.999)
    assert monitor.is_active
    assert events_of(monitor) == []
    monitor.handle_timer(1120.0)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.TIMED_OUT)]
    assert monitor.admit(PHONE, MAC_1, 1120.0) is Admission.NOT_ACTIVE


def test_timer_of_an_idle_button_does_nothing() -> None:
    monitor = PushButtonMonitor()
    monitor.handle_timer(1e9)
    assert events_of(monitor) == []


def test_pressing_again_restarts_the_walk_time_of_the_same_session() -> None:
    monitor = pressed()
    monitor.press(119.999)
    assert monitor.session == 0
    assert events_of(monitor) == [PushButtonStarted(239.999)]
    monitor.handle_timer(239.998)
    assert monitor.is_active
    monitor.handle_timer(239.999)
    assert not monitor.is_active


def test_pressing_at_the_very_end_is_a_new_session() -> None:
    monitor = pressed()
    monitor.press(120.0)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.TIMED_OUT), PushButtonStarted(240.0)]


@pytest.mark.parametrize(
    ("now", "admission", "is_active"),
    [(119.999, Admission.ADMITTED, True), (120.0, Admission.NOT_ACTIVE, False)],
)
def test_m1_is_admitted_up_to_the_end_of_the_walk_time(now: float, admission: Admission, is_active: bool) -> None:
    monitor = pressed()
    assert monitor.admit(PHONE, MAC_1, now) is admission
    assert monitor.is_active is is_active


def test_m1_without_a_press_is_not_admitted_but_remembered() -> None:
    monitor = PushButtonMonitor()
    assert monitor.admit(PHONE, MAC_1, 1.0) is Admission.NOT_ACTIVE
    assert monitor.sightings(1.0) == {PHONE: Sighting(MAC_1, 1.0)}
    assert events_of(monitor) == []


def test_cancel_ends_the_session() -> None:
    monitor = pressed()
    monitor.cancel(1.0)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.CANCELLED)]
    assert monitor.admit(PHONE, MAC_1, 2.0) is Admission.NOT_ACTIVE


def test_a_pin_replaces_the_session() -> None:
    monitor = pressed()
    monitor.cancel(1.0, SelectionEndReason.REPLACED)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.REPLACED)]


def test_cancel_without_a_session_is_silent() -> None:
    monitor = PushButtonMonitor()
    monitor.cancel(1.0)
    assert events_of(monitor) == []


def test_cancel_when_the_walk_time_is_over_reports_the_timeout() -> None:
    monitor = pressed()
    monitor.cancel(120.0)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.TIMED_OUT)]


# ---- overlap before the press


def test_one_enrollee_before_the_press_is_no_overlap() -> None:
    monitor = PushButtonMonitor()
    monitor.enrollee_seen(PHONE, MAC_1, 0.0)
    monitor.press(1.0)
    assert monitor.admit(PHONE, MAC_1, 2.0) is Admission.ADMITTED


def test_one_uuid_from_two_addresses_is_one_enrollee() -> None:
    monitor = PushButtonMonitor()
    monitor.enrollee_seen(PHONE, MAC_1, 0.0)
    monitor.enrollee_seen(PHONE, MAC_2, 0.5)
    monitor.press(1.0)
    monitor.enrollee_seen(PHONE, MAC_1, 1.5)
    assert monitor.admit(PHONE, MAC_2, 2.0) is Admission.ADMITTED
    assert events_of(monitor) == [PushButtonStarted(121.0)]


def test_two_enrollees_refuse_the_press_each_time_until_one_is_forgotten_after_120_seconds() -> None:
    monitor = PushButtonMonitor()
    monitor.enrollee_seen(PHONE, MAC_1, 0.0)
    monitor.enrollee_seen(PRINTER, MAC_2, 50.0)
    assert events_of(monitor) == []
    for now in (50.0, 119.999):
        with pytest.raises(OverlapError, match="press again after 120 seconds"):
            monitor.press(now)
        assert events_of(monitor) == [OverlapDetected()]
        assert not monitor.is_active
    monitor.press(120.0)
    assert events_of(monitor) == [PushButtonStarted(240.0)]


def test_a_refused_press_leaves_a_running_session_as_it_is() -> None:
    monitor = pressed()
    monitor.enrollee_seen(PHONE, MAC_1, 1.0)
    monitor.enrollee_seen(PRINTER, MAC_2, 2.0)
    events_of(monitor)
    with pytest.raises(OverlapError):
        monitor.press(3.0)
    assert (monitor.deadline, monitor.is_overlap_forced) == (120.0, True)


# ---- overlap during the session


def test_a_second_enrollee_spoils_the_session_with_one_event() -> None:
    monitor = pressed()
    assert monitor.admit(PHONE, MAC_1, 1.0) is Admission.ADMITTED
    monitor.enrollee_seen(PRINTER, MAC_2, 2.0)
    monitor.enrollee_seen(CAMERA, MAC_2, 2.5)
    assert monitor.is_overlapping(PHONE, monitor.session, 3.0)
    assert monitor.admit(PHONE, MAC_1, 4.0) is Admission.OVERLAP
    assert monitor.admit(PRINTER, MAC_2, 5.0) is Admission.OVERLAP
    assert events_of(monitor) == [OverlapDetected()]
    assert monitor.is_active


def test_a_second_m1_is_refused_and_stops_the_first() -> None:
    monitor = pressed()
    assert monitor.admit(PHONE, MAC_1, 1.0) is Admission.ADMITTED
    assert monitor.admit(PRINTER, MAC_2, 1.1) is Admission.OVERLAP
    assert monitor.is_overlapping(PHONE, monitor.session, 1.2)
    assert events_of(monitor) == [OverlapDetected()]


def test_overlap_stays_forced_when_the_second_enrollee_is_forgotten_until_the_next_press() -> None:
    monitor = pressed()
    monitor.enrollee_seen(PHONE, MAC_1, 0.0)
    monitor.enrollee_seen(PRINTER, MAC_2, 1.0)
    assert monitor.is_overlapping(PHONE, monitor.session, 500.0)
    assert not monitor.is_active
    monitor.press(500.0)
    assert monitor.admit(PHONE, MAC_1, 500.0) is Admission.ADMITTED


@pytest.mark.parametrize(("now", "admission"), [(119.999, Admission.OVERLAP), (120.0, Admission.ADMITTED)])
def test_an_enrollee_counts_for_120_seconds(now: float, admission: Admission) -> None:
    monitor = PushButtonMonitor()
    monitor.enrollee_seen(PRINTER, MAC_2, 0.0)
    monitor.press(10.0)
    assert monitor.admit(PHONE, MAC_1, now) is admission


def test_an_enrollee_that_probes_again_counts_anew() -> None:
    monitor = PushButtonMonitor()
    monitor.enrollee_seen(PRINTER, MAC_2, 0.0)
    monitor.enrollee_seen(PRINTER, MAC_1, 100.0)
    assert monitor.sightings(219.999) == {PRINTER: Sighting(MAC_1, 100.0)}
    assert monitor.sightings(220.0) == {}


def test_an_admitted_enrollee_goes_on_after_the_walk_time() -> None:
    monitor = pressed()
    assert monitor.admit(PHONE, MAC_1, 119.9) is Admission.ADMITTED
    assert not monitor.is_overlapping(PHONE, monitor.session, 120.1)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.TIMED_OUT)]


def test_an_admitted_enrollee_is_stopped_by_another_one_after_the_walk_time() -> None:
    monitor = pressed()
    monitor.admit(PHONE, MAC_1, 119.9)
    monitor.enrollee_seen(PRINTER, MAC_2, 120.1)
    assert monitor.is_overlapping(PHONE, monitor.session, 120.2)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.TIMED_OUT), OverlapDetected()]


@pytest.mark.parametrize("reason", [SelectionEndReason.CANCELLED, SelectionEndReason.REPLACED])
def test_an_admitted_enrollee_is_stopped_when_the_press_is_taken_back(reason: SelectionEndReason) -> None:
    monitor = pressed()
    session = monitor.session
    monitor.admit(PHONE, MAC_1, 1.0)
    monitor.cancel(2.0, reason)
    assert monitor.is_overlapping(PHONE, session, 3.0)
    assert events_of(monitor) == [PushButtonEnded(reason)]


def test_an_admitted_enrollee_is_stopped_by_a_cancel_after_the_walk_time() -> None:
    monitor = pressed()
    session = monitor.session
    monitor.admit(PHONE, MAC_1, 119.9)
    monitor.cancel(120.5)
    assert monitor.is_overlapping(PHONE, session, 120.6)


# ---- success


def test_one_press_serves_one_enrolment() -> None:
    monitor = pressed()
    session = monitor.session
    monitor.admit(PHONE, MAC_1, 1.0)
    monitor.admit(PHONE, MAC_2, 1.0)
    monitor.enrolment_succeeded(PHONE, 2.0)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.SUCCEEDED)]
    assert monitor.is_overlapping(PHONE, session, 2.1)
    assert monitor.admit(PHONE, MAC_2, 2.2) is Admission.NOT_ACTIVE
    assert events_of(monitor) == []


def test_a_success_after_the_walk_time_ends_nothing_more() -> None:
    monitor = pressed()
    monitor.admit(PHONE, MAC_1, 119.9)
    monitor.enrolment_succeeded(PHONE, 120.1)
    assert events_of(monitor) == [PushButtonEnded(SelectionEndReason.TIMED_OUT)]
    assert monitor.sightings(120.1) == {}


def test_a_finished_enrollee_that_still_scans_does_not_spoil_the_next_press() -> None:
    monitor = pressed()
    monitor.admit(PHONE, MAC_1, 1.0)
    monitor.enrolment_succeeded(PHONE, 10.0)
    monitor.enrollee_seen(PHONE, MAC_1, 14.999)
    assert monitor.sightings(14.999) == {}
    monitor.press(14.999)
    assert monitor.admit(PRINTER, MAC_2, 14.999) is Admission.ADMITTED


def test_a_finished_enrollee_counts_again_after_five_seconds() -> None:
    monitor = pressed()
    monitor.enrolment_succeeded(PHONE, 10.0)
    monitor.enrollee_seen(PHONE, MAC_1, 15.0)
    assert monitor.sightings(15.0) == {PHONE: Sighting(MAC_1, 15.0)}


def test_others_seen_before_a_success_still_count() -> None:
    monitor = pressed()
    monitor.admit(PHONE, MAC_1, 1.0)
    monitor.enrolment_succeeded(PHONE, 2.0)
    monitor.enrollee_seen(PRINTER, MAC_2, 3.0)
    monitor.enrollee_seen(CAMERA, MAC_2, 3.5)
    with pytest.raises(OverlapError):
        monitor.press(4.0)


def test_a_finished_enrollee_may_use_a_new_press_at_once() -> None:
    monitor = pressed()
    monitor.enrolment_succeeded(PHONE, 2.0)
    monitor.press(3.0)
    assert monitor.admit(PHONE, MAC_1, 3.5) is Admission.ADMITTED


def test_two_successes_within_five_seconds_are_both_ignored() -> None:
    monitor = pressed()
    monitor.enrolment_succeeded(PHONE, 1.0)
    monitor.press(2.0)
    monitor.enrolment_succeeded(PRINTER, 3.0)
    monitor.enrollee_seen(PHONE, MAC_1, 4.0)
    monitor.enrollee_seen(PRINTER, MAC_2, 4.0)
    assert monitor.sightings(4.0) == {}
    monitor.enrolment_succeeded(CAMERA, 7.0)
    monitor.enrollee_seen(PHONE, MAC_1, 7.0)
    assert monitor.sightings(7.0) == {PHONE: Sighting(MAC_1, 7.0)}


# ---- floods


def test_a_flood_of_enrollees_keeps_the_newest_and_gives_one_event() -> None:
    monitor = pressed()
    uuids = [number.to_bytes(16) for number in range(1000)]
    for uuid_e in uuids:
        monitor.enrollee_seen(uuid_e, MAC_1, 1.0)
    assert list(monitor.sightings(1.0)) == uuids[-MAX_SIGHTINGS:]
    assert events_of(monitor) == [OverlapDetected()]


def test_who_probes_again_is_not_the_oldest() -> None:
    monitor = PushButtonMonitor()
    uuids = [number.to_bytes(16) for number in range(MAX_SIGHTINGS + 1)]
    for uuid_e in (*uuids[:-1], uuids[0], uuids[-1]):
        monitor.enrollee_seen(uuid_e, MAC_1, 1.0)
    assert list(monitor.sightings(1.0)) == [*uuids[2:-1], uuids[0], uuids[-1]]


def test_a_flood_while_idle_gives_no_event() -> None:
    monitor = PushButtonMonitor()
    for number in range(1000):
        monitor.enrollee_seen(number.to_bytes(16), MAC_1, number / 100)
    assert events_of(monitor) == []
    assert len(monitor.sightings(10.0)) == MAX_SIGHTINGS
