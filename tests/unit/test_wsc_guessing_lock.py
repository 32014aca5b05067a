# SPDX-License-Identifier: BSD-3-Clause
"""The lock that wrong AP PINs have brought about, told apart from the one that is configured."""

from wpsagent.wsc.ap_enrolment import AccessPointEnrolment, ApEnrolmentParameters
from wpsagent.wsc.lock_out import SetupLocked, SetupLockMode


def enrolment(mode: SetupLockMode = SetupLockMode.OPEN) -> AccessPointEnrolment:
    return AccessPointEnrolment(lambda size: b"\x01" * size, ApEnrolmentParameters(b"12345670", mode))


def test_a_configured_lock_is_not_one_of_guessing() -> None:
    assert enrolment(SetupLockMode.LOCKED).guessing_lock is None


def test_three_wrong_pins_lock_until_a_minute_has_passed() -> None:
    of_group = enrolment()
    for now in (1.0, 2.0):
        of_group.authentication_failed(now)
        assert of_group.guessing_lock is None
    of_group.authentication_failed(3.0)
    assert of_group.guessing_lock == SetupLocked(63.0)
