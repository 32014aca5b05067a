# SPDX-License-Identifier: BSD-3-Clause
"""AP Setup Locked: when it locks, for how long, what unlocks it, what a restart keeps."""

import json

import pytest

from wpsagent.errors import DecodeError
from wpsagent.wsc.lock_out import (
    LockOut,
    LockOutEvent,
    LockOutState,
    SetupLocked,
    SetupLockMode,
    SetupUnlocked,
)


def events_of(lock_out: LockOut) -> list[LockOutEvent]:
    return list(iter(lock_out.next_event, None))


def failed(lock_out: LockOut, times: int, now: float = 0.0) -> LockOut:
    for _ in range(times):
        lock_out.authentication_failed(now)
    return lock_out


def test_a_new_lock_is_open() -> None:
    lock_out = LockOut(0.0)
    assert (lock_out.is_locked, lock_out.is_advertised, lock_out.is_for_good, lock_out.may_change) == (
        False,
        False,
        False,
        True,
    )
    assert lock_out.deadline is None
    assert lock_out.state(0.0) == LockOutState()


def test_two_failures_do_not_lock() -> None:
    lock_out = failed(LockOut(0.0), 2)
    assert not lock_out.is_locked
    assert events_of(lock_out) == []


def test_the_third_failure_locks_for_exactly_60_seconds() -> None:
    lock_out = failed(LockOut(0.0), 3, 100.0)
    assert (lock_out.is_locked, lock_out.is_advertised, lock_out.may_change) == (True, True, False)
    assert events_of(lock_out) == [SetupLocked(160.0)]
    assert lock_out.deadline == 160.0
    lock_out.handle_timer(159.999)
    assert lock_out.is_locked
    lock_out.handle_timer(160.0)
    assert events_of(lock_out) == [SetupUnlocked()]
    assert lock_out.state(160.0) == LockOutState(3, 3, 60.0, False, 0.0)


def test_an_unlocked_lock_asks_for_no_timer() -> None:
    lock_out = failed(LockOut(0.0), 3)
    lock_out.handle_timer(60.0)
    assert lock_out.deadline is None


def test_a_success_after_an_unnoticed_end_of_the_period_unlocks_first() -> None:
    lock_out = failed(LockOut(0.0), 3)
    lock_out.authentication_succeeded(60.0)
    assert events_of(lock_out) == [SetupLocked(60.0), SetupUnlocked()]


def test_the_first_period_can_be_configured() -> None:
    assert events_of(failed(LockOut(0.0, first_period=10.0), 3)) == [SetupLocked(10.0)]


def test_every_further_failure_locks_and_the_period_doubles_at_multiples_of_three() -> None:
    lock_out = failed(LockOut(0.0), 2)
    now, periods = 0.0, []
    for _ in range(3, 10):
        lock_out.authentication_failed(now)
        assert lock_out.deadline is not None
        periods.append(lock_out.deadline - now)
        now = lock_out.deadline
        lock_out.handle_timer(now)
        assert not lock_out.is_locked
    assert periods == [60, 60, 60, 120, 120, 120, 240]


def test_a_failure_while_locked_starts_the_period_anew() -> None:
    lock_out = failed(LockOut(0.0), 3)
    lock_out.authentication_failed(30.0)
    assert events_of(lock_out) == [SetupLocked(60.0), SetupLocked(90.0)]
    lock_out.handle_timer(60.0)
    assert lock_out.is_locked


def test_ten_failures_in_a_row_lock_for_good() -> None:
    lock_out = failed(LockOut(0.0), 9)
    assert not lock_out.is_for_good
    lock_out.authentication_failed(0.0)
    assert (lock_out.is_for_good, lock_out.deadline) == (True, None)
    assert events_of(lock_out)[-1] == SetupLocked(None)
    lock_out.handle_timer(1e12)
    assert lock_out.is_locked


def test_success_resets_only_the_failures_in_a_row() -> None:
    lock_out = failed(LockOut(0.0), 9)
    lock_out.handle_timer(240.0)
    lock_out.authentication_succeeded(240.0)
    events_of(lock_out)
    lock_out.authentication_failed(300.0)
    assert events_of(lock_out) == [SetupLocked(540.0)]
    assert lock_out.state(300.0) == LockOutState(10, 1, 240.0, True, 240.0)


def test_success_of_a_run_that_outlived_the_lock_for_good_makes_it_a_timed_one() -> None:
    lock_out = failed(LockOut(0.0), 10)
    lock_out.authentication_succeeded(1.0)
    assert (lock_out.is_for_good, lock_out.deadline) == (False, 241.0)
    lock_out.handle_timer(241.0)
    assert not lock_out.is_locked


def test_success_while_locked_for_a_time_leaves_the_lock() -> None:
    lock_out = failed(LockOut(0.0), 3)
    lock_out.authentication_succeeded(1.0)
    assert lock_out.deadline == 60.0


@pytest.mark.parametrize(
    ("failures", "period", "doubled"),
    [(5, 31_535_999.0, 63_071_998.0), (5, 31_536_000.0, 31_536_000.0), (6, 60.0, 60.0)],
)
def test_the_period_doubles_no_longer_once_it_is_a_year(failures: int, period: float, doubled: float) -> None:
    lock_out = LockOut(0.0, state=LockOutState(failures, 0, period))
    lock_out.authentication_failed(0.0)
    assert lock_out.deadline == doubled


def test_a_failure_after_an_unnoticed_end_of_the_period_unlocks_first() -> None:
    lock_out = failed(LockOut(0.0), 3)
    lock_out.authentication_failed(60.0)
    assert events_of(lock_out) == [SetupLocked(60.0), SetupUnlocked(), SetupLocked(120.0)]


def test_a_new_pin_unlocks_and_clears_everything() -> None:
    lock_out = failed(LockOut(0.0), 10)
    events_of(lock_out)
    lock_out.reset(1.0)
    assert events_of(lock_out) == [SetupUnlocked()]
    assert lock_out.state(1.0) == LockOutState()
    failed(lock_out, 3, 2.0)
    assert events_of(lock_out) == [SetupLocked(62.0)]


def test_a_new_pin_without_a_lock_is_silent() -> None:
    lock_out = failed(LockOut(0.0), 2)
    lock_out.reset(1.0)
    assert events_of(lock_out) == []


# ---- the configured modes


def test_the_locked_mode_reports_failures_and_ends_with_a_new_ap_pin_only() -> None:
    lock_out = LockOut(0.0, mode=SetupLockMode.LOCKED)
    assert (lock_out.is_locked, lock_out.is_advertised, lock_out.may_change) == (True, True, False)
    failed(lock_out, 3)
    assert events_of(lock_out) == [SetupLocked(None)]
    assert lock_out.deadline is None
    lock_out.authentication_succeeded(1.0)
    assert lock_out.deadline is None
    lock_out.reset(2.0)
    assert events_of(lock_out) == [SetupUnlocked()]
    assert (lock_out.is_locked, lock_out.may_change) == (False, True)


def test_the_change_locked_mode_lets_read_and_advertises_nothing() -> None:
    lock_out = LockOut(0.0, mode=SetupLockMode.CHANGE_LOCKED)
    assert (lock_out.is_locked, lock_out.is_advertised, lock_out.may_change) == (False, False, False)
    failed(lock_out, 3)
    assert (lock_out.is_locked, lock_out.is_advertised) == (True, False)
    lock_out.handle_timer(60.0)
    assert not lock_out.is_locked


def test_another_mode_leaves_what_failures_have_locked() -> None:
    lock_out = failed(LockOut(0.0), 3)
    ends = []
    for now, mode in enumerate((SetupLockMode.LOCKED, SetupLockMode.OPEN, SetupLockMode.CHANGE_LOCKED)):
        lock_out.set_mode(mode, now)
        ends.append(lock_out.deadline)
    assert ends == [None, 61.0, 61.0]
    assert events_of(lock_out) == [SetupLocked(60.0)]


def test_a_mode_that_opens_or_closes_is_told() -> None:
    lock_out = LockOut(0.0)
    for mode in (SetupLockMode.CHANGE_LOCKED, SetupLockMode.LOCKED, SetupLockMode.LOCKED, SetupLockMode.OPEN):
        lock_out.set_mode(mode, 0.0)
    assert events_of(lock_out) == [SetupLocked(None), SetupUnlocked()]


def test_a_lock_for_good_outlasts_every_mode() -> None:
    lock_out = failed(LockOut(0.0), 10)
    lock_out.set_mode(SetupLockMode.LOCKED, 0.0)
    lock_out.set_mode(SetupLockMode.OPEN, 0.0)
    assert (lock_out.is_for_good, lock_out.deadline) == (True, None)


# ---- over a restart


def test_a_timed_lock_goes_on_after_a_restart() -> None:
    state = LockOutState.decode(failed(LockOut(0.0), 3).state(20.0).encode())
    assert state == LockOutState(3, 3, 60.0, True, 40.0)
    lock_out = LockOut(5000.0, state=state)
    assert (lock_out.is_locked, lock_out.deadline) == (True, 5040.0)
    lock_out.handle_timer(5040.0)
    assert events_of(lock_out) == [SetupUnlocked()]


def test_a_lock_for_good_goes_on_after_a_restart() -> None:
    lock_out = LockOut(0.0, state=failed(LockOut(0.0), 10).state(1.0))
    assert (lock_out.is_for_good, lock_out.deadline) == (True, None)


def test_the_counters_go_on_after_a_restart() -> None:
    lock_out = LockOut(0.0, state=failed(LockOut(0.0), 2).state(1.0))
    assert lock_out.deadline is None
    lock_out.authentication_failed(0.0)
    assert lock_out.is_locked


def test_a_lock_that_should_have_ended_has_no_time_left() -> None:
    assert failed(LockOut(0.0), 3).state(1000.0).seconds_left == 0.0


def test_a_restart_in_locked_mode_sets_no_timer() -> None:
    state = LockOutState(3, 3, 60.0, True, 40.0)
    assert LockOut(0.0, mode=SetupLockMode.LOCKED, state=state).deadline is None


def test_the_state_as_octets() -> None:
    octets = LockOutState(3, 2, 60.0, True, 40.5).encode()
    assert octets == (
        b'{"consecutive_failures": 2, "failures": 3, "is_locked": true, "period": 60.0, "seconds_left": 40.5}'
    )
    assert LockOutState.decode(octets) == LockOutState(3, 2, 60.0, True, 40.5)


def test_truncated_octets_are_refused() -> None:
    octets = LockOutState(3, 2, 60.0, True, 40.5).encode()
    for size in range(len(octets)):
        with pytest.raises(DecodeError):
            LockOutState.decode(octets[:size])


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("failures", -1),
        ("failures", 1.5),
        ("failures", True),
        ("failures", "3"),
        ("consecutive_failures", None),
        ("period", float("nan")),
        ("period", float("inf")),
        ("period", -0.5),
        ("is_locked", 1),
        ("seconds_left", 1e13),
        ("seconds_left", [1]),
        ("extra", 1),
    ],
)
def test_a_wrong_member_is_refused(member: str, value: object) -> None:
    values = json.loads(LockOutState().encode()) | {member: value}
    with pytest.raises(DecodeError, match="lock-out state"):
        LockOutState.decode(json.dumps(values).encode())


@pytest.mark.parametrize("octets", [b"[]", b"3", b"null", b"{}", b"\xff\xfe", b"[" * 100_000])
def test_what_is_no_such_object_is_refused(octets: bytes) -> None:
    with pytest.raises(DecodeError):
        LockOutState.decode(octets)
