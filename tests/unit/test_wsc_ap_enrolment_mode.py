# SPDX-License-Identifier: BSD-3-Clause
"""ap_setup_locked while the network runs, and the lock that wrong AP PINs have brought about."""

from wpsagent.wsc.ap_enrolment import AccessPointEnrolment, ApEnrolmentParameters
from wpsagent.wsc.lock_out import SetupLocked, SetupLockMode


def enrolment(mode: SetupLockMode = SetupLockMode.OPEN) -> AccessPointEnrolment:
    return AccessPointEnrolment(lambda size: b"\x01" * size, ApEnrolmentParameters(b"12345670", mode))


def test_the_mode_can_be_set_and_counts_at_once() -> None:
    of_group = enrolment()
    assert of_group.mode is SetupLockMode.OPEN
    assert of_group.may_change
    of_group.set_mode(SetupLockMode.CHANGE_LOCKED, 1.0)
    assert of_group.mode is SetupLockMode.CHANGE_LOCKED
    assert not of_group.may_change
    assert not of_group.is_locked
    of_group.set_mode(SetupLockMode.LOCKED, 2.0)
    assert of_group.is_locked
    assert of_group.is_advertised
    assert of_group.next_event() is None


def test_the_lock_of_wrong_pins_is_told_apart_from_a_configured_one() -> None:
    of_group = enrolment()
    assert of_group.guessing_lock is None
    for now in (1.0, 2.0, 3.0):
        of_group.authentication_failed(now)
    assert of_group.guessing_lock == SetupLocked(63.0)
    assert enrolment(SetupLockMode.LOCKED).guessing_lock is None
