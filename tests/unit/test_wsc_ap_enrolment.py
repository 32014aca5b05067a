# SPDX-License-Identifier: BSD-3-Clause
"""The AP PIN of a device: who may use it, for how long, and what a guesser gets."""

from dataclasses import replace

import pytest
from tests.unit.wsc_runs import (
    AP_ADDRESS,
    AP_DEVICE,
    AP_SETTINGS,
    PIN,
    UUID_AP,
    converse,
    events_of,
    fixed_entropy,
    pin_authority,
    station_registrar,
    type_of,
)

from wpsagent.errors import AgentError, UsageError
from wpsagent.wsc.ap_enrolment import (
    AccessPointEnrolment,
    ApEnrolmentEvent,
    ApEnrolmentParameters,
    ApPinDisabled,
    ApPinEnabled,
)
from wpsagent.wsc.enrollee import AccessPointEnrollee, Enrollee, EnrolleeParameters, State
from wpsagent.wsc.enumerations import ConfigurationError, MessageType, OpCode
from wpsagent.wsc.events import ApPinRefused, RunFailed
from wpsagent.wsc.lock_out import LockOutState, SetupLocked, SetupLockMode, SetupUnlocked
from wpsagent.wsc.pin import PinCheck, check_pin
from wpsagent.wsc.registrar import Purpose, Registrar

FIRST_HALF_WRONG, SECOND_HALF_WRONG = b"12355670", b"12345671"


class Owner:
    """Keeps what is saved, as a file would."""

    def __init__(self, parameters: ApEnrolmentParameters | None = None) -> None:
        self.saved: list[LockOutState] = []
        self._parameters = parameters or ApEnrolmentParameters(PIN)
        self.enrolment = self.begin(0.0)

    def begin(self, now: float) -> AccessPointEnrolment:
        """Also after a power cut: with what was saved last."""
        self.enrolment = AccessPointEnrolment(
            fixed_entropy("owner"),
            self._parameters,
            now=now,
            state=self.saved[-1] if self.saved else None,
            save=lambda octets: self.saved.append(LockOutState.decode(octets)),
        )
        return self.enrolment

    def events(self) -> list[ApEnrolmentEvent]:
        return list(iter(self.enrolment.next_event, None))

    def run(self) -> Enrollee:
        """The access point's side of a run."""
        use = self.enrolment.begin()
        parameters = EnrolleeParameters(
            AP_DEVICE, UUID_AP, AP_ADDRESS, use.password, access_point=AccessPointEnrollee(AP_SETTINGS, use)
        )
        return Enrollee(parameters, fixed_entropy("run"))

    def tried(self, pin: bytes = FIRST_HALF_WRONG, now: float = 0.0) -> RunFailed | None:
        """A registrar with this PIN comes: how it failed."""
        enrollee = self.run()
        converse(enrollee, station_registrar(Purpose.LEARN, pin_authority(pin)), now=now)
        return next((event for event in events_of(enrollee) if isinstance(event, RunFailed)), None)


def proof_for(state: State, enrollee: Enrollee, registrar: Registrar) -> bytes:
    """Bring both to where the enrollee waits for a proof: what the registrar sends, not yet delivered."""
    held: list[bytes] = []

    def hold(op_code: OpCode, octets: bytes) -> list[tuple[OpCode, bytes]]:
        if enrollee.state is not state or type_of(octets) in _OWN:
            return [(op_code, octets)]
        held.append(octets)
        return []

    converse(enrollee, registrar, hold)
    (proof,) = held
    return proof


_OWN = (MessageType.M3, MessageType.M5)


def test_the_pin_of_the_configuration_is_there_for_ever() -> None:
    enrolment = AccessPointEnrolment(fixed_entropy("x"), ApEnrolmentParameters(PIN))
    assert (enrolment.ap_pin, enrolment.deadline, enrolment.next_event()) == (PIN, None, None)
    assert PIN.decode() not in repr(ApEnrolmentParameters(PIN))


@pytest.mark.parametrize("parameters", [None, ApEnrolmentParameters(), ApEnrolmentParameters(b"")])
def test_without_a_pin_there_is_none(parameters: ApEnrolmentParameters | None) -> None:
    enrolment = AccessPointEnrolment(fixed_entropy("x"), parameters)
    assert enrolment.ap_pin is None
    enrolment.disable_ap_pin()
    assert enrolment.next_event() is None


def test_a_pin_for_a_time() -> None:
    owner = Owner(ApEnrolmentParameters())
    owner.enrolment.set_ap_pin(b"1234", 100.0, timeout=60)
    assert owner.enrolment.deadline == 160.0
    pins = []
    for now in (159.9, 160.0):
        owner.enrolment.handle_timer(now)
        pins.append(owner.enrolment.ap_pin)
    assert pins == [b"1234", None]
    assert owner.events() == [ApPinEnabled(160.0), ApPinDisabled()]


def test_a_new_pin_for_ever_replaces_one_for_a_time() -> None:
    owner = Owner()
    owner.enrolment.set_ap_pin(b"1234", 0.0, timeout=60)
    owner.enrolment.set_ap_pin(b"5678", 1.0)
    assert (owner.enrolment.ap_pin, owner.enrolment.deadline) == (b"5678", None)
    assert owner.events() == [ApPinEnabled(60.0), ApPinEnabled(None)]


def test_a_random_pin_is_a_valid_one_and_another_each_time() -> None:
    owner = Owner()
    first, second = owner.enrolment.new_ap_pin(0.0), owner.enrolment.new_ap_pin(0.0, timeout=5)
    assert check_pin(first) is check_pin(second) is PinCheck.VALID
    assert first != second == owner.enrolment.ap_pin
    assert owner.enrolment.deadline == 5.0


def test_a_broken_source_of_entropy_gives_no_pin() -> None:
    enrolment = AccessPointEnrolment(lambda count: b"\xff" * count, ApEnrolmentParameters(PIN))
    with pytest.raises(AgentError, match="broken"):
        enrolment.new_ap_pin(0.0)
    assert enrolment.ap_pin == PIN


@pytest.mark.parametrize("pin", [b"", b"1", b"123", b"12345", b"123456789", b"1234567x"])
def test_what_is_no_pin_is_refused(pin: bytes) -> None:
    owner = Owner()
    with pytest.raises(UsageError, match="4 or 8 digits"):
        owner.enrolment.set_ap_pin(pin, 0.0)
    with pytest.raises(UsageError, match="timeout"):
        owner.enrolment.set_ap_pin(b"1234", 0.0, timeout=-1)
    assert (owner.enrolment.ap_pin, owner.events()) == (PIN, [])


def test_a_registrar_that_knows_the_pin_is_served() -> None:
    owner = Owner()
    assert owner.tried(PIN) is None
    assert owner.saved[-1] == LockOutState()


# ---- guessing


@pytest.mark.parametrize("pin", [FIRST_HALF_WRONG, SECOND_HALF_WRONG])
def test_the_third_wrong_pin_locks_and_the_fourth_is_not_looked_at(pin: bytes) -> None:
    owner = Owner()
    for _ in range(3):
        failure = owner.tried(pin)
        assert failure is not None
        assert failure.configuration_error == ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE
    assert owner.events() == [SetupLocked(60.0)]
    assert (owner.enrolment.is_locked, owner.enrolment.is_advertised, owner.enrolment.may_change) == (True, True, False)
    locks = [owner.enrolment.guessing_lock]
    failure = owner.tried(PIN)
    assert failure is not None
    assert (failure.message_type, failure.configuration_error) == (MessageType.M2, ConfigurationError.SETUP_LOCKED)
    owner.enrolment.handle_timer(60.0)
    assert owner.events() == [SetupUnlocked()]
    assert [*locks, owner.enrolment.guessing_lock] == [SetupLocked(60.0), None]
    assert owner.tried(PIN, 61.0) is None


@pytest.mark.parametrize(("state", "pin"), [(State.EXPECT_M4, FIRST_HALF_WRONG), (State.EXPECT_M6, SECOND_HALF_WRONG)])
@pytest.mark.parametrize("is_right", [False, True])
def test_runs_at_once_get_no_more_tries_than_one_after_the_other(state: State, pin: bytes, is_right: bool) -> None:
    """Ten registrars wait with their proofs; however right they are, the lock closes before the fourth is looked at."""
    owner = Owner()
    waiting: list[tuple[Enrollee, bytes]] = []
    for number in range(10):
        enrollee = owner.run()
        registrar = station_registrar(Purpose.LEARN, pin_authority(PIN if is_right and number >= 3 else pin))
        waiting.append((enrollee, proof_for(state, enrollee, registrar)))
    failures = []
    for enrollee, proof in waiting:
        enrollee.receive(OpCode.WSC_MSG, proof, 1.0)
        failures += [event for event in events_of(enrollee) if isinstance(event, RunFailed)]
    auth, locked = ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE, ConfigurationError.SETUP_LOCKED
    assert [failure.configuration_error for failure in failures] == [auth] * 3 + [locked] * 7
    assert owner.saved[-1].failures == 3


def test_every_wrong_pin_is_saved_before_the_registrar_hears_of_it() -> None:
    owner = Owner()
    enrollee = owner.run()
    registrar = station_registrar(Purpose.LEARN, pin_authority(FIRST_HALF_WRONG))
    m4 = proof_for(State.EXPECT_M4, enrollee, registrar)
    assert owner.saved == []
    enrollee.receive(OpCode.WSC_MSG, m4, 0.0)
    assert owner.saved == [LockOutState(1, 1)]
    assert events_of(enrollee)[0] == ApPinRefused(is_first_half=True)


@pytest.mark.parametrize("state", [State.EXPECT_M4, State.EXPECT_M6])
@pytest.mark.parametrize("pin", [PIN, SECOND_HALF_WRONG])
def test_until_a_proof_has_been_looked_at_it_counts_as_wrong(state: State, pin: bytes) -> None:
    """Who cuts the power because no M5 or M7 comes at once has had his try all the same."""
    owner = Owner()
    enrollee = owner.run()
    registrar = station_registrar(Purpose.LEARN, pin_authority(pin))
    proof = proof_for(state, enrollee, registrar)
    before = len(owner.saved)
    enrollee.receive(OpCode.WSC_MSG, proof, 0.0)
    assert owner.saved[before] == LockOutState(1, 1)
    is_right = state is State.EXPECT_M4 or pin == PIN
    assert owner.saved[before + 1 :] == ([LockOutState()] if is_right else [])


def test_a_power_cut_gives_no_new_tries() -> None:
    owner = Owner()
    owner.tried()
    owner.tried()
    owner.begin(1000.0)
    owner.tried(now=1000.0)
    assert owner.events() == [SetupLocked(1060.0)]
    owner.begin(5000.0)
    assert (owner.enrolment.is_locked, owner.enrolment.deadline) == (True, 5060.0)
    owner.enrolment.handle_timer(5060.0)
    assert owner.saved[-1] == LockOutState(3, 3, 60.0)
    owner.begin(0.0)
    assert not owner.enrolment.is_locked


def test_ten_wrong_pins_lock_for_good_over_restarts_until_a_new_pin_is_set() -> None:
    owner = Owner()
    now = 0.0
    for _ in range(10):
        owner.tried(now=now)
        now = (owner.enrolment.deadline or now) + 1
        owner.enrolment.handle_timer(now)
    assert owner.events()[-1] == SetupLocked(None)
    owner.begin(now)
    owner.enrolment.handle_timer(now + 1e9)
    assert owner.enrolment.is_locked
    owner.enrolment.set_ap_pin(PIN, now)
    assert owner.events() == [ApPinEnabled(None), SetupUnlocked()]
    assert owner.saved[-1] == LockOutState()
    assert owner.tried(PIN, now) is None


def test_a_registrar_that_knows_the_pin_resets_what_failed_in_a_row_only() -> None:
    owner = Owner()
    owner.tried()
    owner.tried(PIN)
    assert owner.saved[-1] == LockOutState(1, 0)


def test_without_anybody_to_save_the_lock_locks_all_the_same() -> None:
    enrolment = AccessPointEnrolment(fixed_entropy("x"), ApEnrolmentParameters(PIN, first_period=5.0))
    for _ in range(3):
        enrolment.authentication_failed(1.0)
    assert enrolment.deadline == 6.0


# ---- the PIN changes while somebody is at it


@pytest.mark.parametrize("state", [State.EXPECT_M2, State.EXPECT_M4, State.EXPECT_M6, State.EXPECT_M8])
@pytest.mark.parametrize("way", ["disabled", "replaced", "over"])
def test_a_run_with_a_pin_that_is_no_longer_the_pin_is_refused(state: State, way: str) -> None:
    owner = Owner()
    enrollee = owner.run()
    settings = replace(AP_SETTINGS, mac_address=None)
    registrar = station_registrar(Purpose.CONFIGURE, new_settings=settings)
    is_changed = False

    def tamper(op_code: OpCode, octets: bytes) -> list[tuple[OpCode, bytes]]:
        nonlocal is_changed
        if enrollee.state is state and not is_changed:
            is_changed = True
            if way == "disabled":
                owner.enrolment.disable_ap_pin()
            elif way == "replaced":
                owner.enrolment.set_ap_pin(b"1234", 0.0)
            else:
                owner.enrolment.set_ap_pin(b"1234", 0.0, timeout=1)
                owner.enrolment.handle_timer(1.0)
        return [(op_code, octets)]

    converse(enrollee, registrar, tamper)
    (failure,) = [event for event in events_of(enrollee) if isinstance(event, RunFailed)]
    assert failure.configuration_error == ConfigurationError.SETUP_LOCKED
    assert owner.saved[-1:] in ([], [LockOutState()])


# ---- modes


def test_the_locked_mode_ends_with_a_new_pin() -> None:
    owner = Owner(ApEnrolmentParameters(PIN, SetupLockMode.LOCKED))
    assert owner.enrolment.mode is SetupLockMode.LOCKED
    assert owner.enrolment.guessing_lock is None
    assert owner.enrolment.is_advertised
    failure = owner.tried(PIN)
    assert failure is not None
    assert failure.configuration_error == ConfigurationError.SETUP_LOCKED
    owner.enrolment.new_ap_pin(0.0)
    assert owner.events() == [ApPinEnabled(None), SetupUnlocked()]
    assert owner.tried(owner.enrolment.ap_pin or b"") is None


def test_the_learn_only_mode_lets_read_but_not_change_and_advertises_nothing() -> None:
    owner = Owner(ApEnrolmentParameters(PIN, SetupLockMode.CHANGE_LOCKED))
    assert not owner.enrolment.is_advertised
    assert owner.tried(PIN) is None
    enrollee = owner.run()
    converse(enrollee, station_registrar(Purpose.CONFIGURE, new_settings=AP_SETTINGS))
    failure = events_of(enrollee)[-1]
    assert isinstance(failure, RunFailed)
    assert (failure.message_type, failure.configuration_error) == (MessageType.M8, ConfigurationError.SETUP_LOCKED)


def test_the_mode_can_be_set_while_it_runs() -> None:
    owner = Owner()
    owner.enrolment.set_mode(SetupLockMode.LOCKED, 0.0)
    owner.enrolment.set_mode(SetupLockMode.CHANGE_LOCKED, 0.0)
    assert owner.events() == [SetupLocked(None), SetupUnlocked()]
    assert owner.enrolment.mode is SetupLockMode.CHANGE_LOCKED


def test_in_wpa_supplicants_mode_guessing_takes_the_pin_back_instead() -> None:
    owner = Owner(ApEnrolmentParameters(PIN, drops_pin=True))
    for _ in range(3):
        owner.tried()
    assert owner.events() == [ApPinDisabled()]
    assert (owner.enrolment.ap_pin, owner.enrolment.is_locked) == (None, False)
    assert owner.saved[-1] == LockOutState()
    owner.enrolment.set_ap_pin(PIN, 0.0)
    assert owner.tried(PIN) is None
