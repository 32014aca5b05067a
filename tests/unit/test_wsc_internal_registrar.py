# SPDX-License-Identifier: BSD-3-Clause
"""The registrar inside an access point: button, PINs, beacons, runs, events, time."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from wpsagent.errors import OverlapError, ProtocolError, UsageError
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.wsc.ap_enrolment import AccessPointEnrolment, ApEnrolmentParameters, ApPinDisabled, ApPinEnabled
from wpsagent.wsc.attributes import WfaExtension
from wpsagent.wsc.credential import Credential, NetworkSettings, encode_credentials
from wpsagent.wsc.device import COMPUTER, DeviceDescription
from wpsagent.wsc.elements import (
    BeaconAttributes,
    ProbeRequestAttributes,
    ProbeResponseAttributes,
    SelectedRegistrar,
)
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigMethods,
    ConfigurationError,
    EncryptionType,
    ErrorIndication,
    MessageType,
    RfBands,
    WpsState,
)
from wpsagent.wsc.events import RunFailed
from wpsagent.wsc.internal_registrar import (
    MAX_REPORTS_WAITING,
    BssAuthority,
    EnrolleeSeen,
    EnrolmentSucceeded,
    InternalRegistrar,
    InternalRegistrarEvent,
    LastResult,
    OverlapDetected,
    PinEnded,
    PinNeeded,
    PinStarted,
    PushButtonEnded,
    PushButtonStarted,
    PushButtonStatus,
    RegistrarStatus,
    SelectedRegistrarChanged,
    SelectionEndReason,
)
from wpsagent.wsc.issuing import SettingsInvented
from wpsagent.wsc.lock_out import SetupLocked, SetupLockMode, SetupUnlocked
from wpsagent.wsc.messages import M1
from wpsagent.wsc.registrar import Authority, Grant, Refusal, RunOutcome

UUID = b"\xaa" * 16
PHONE, PRINTER = b"\x01" * 16, b"\x02" * 16
MAC_1, MAC_2 = MacAddress.parse("02:00:00:00:01:00"), MacAddress.parse("02:00:00:00:02:00")
PIN = b"12345670"
BAND_2, BAND_5 = RfBands.BAND_2_4_GHZ, RfBands.BAND_5_GHZ
METHODS = ConfigMethods(0x2388)
SETTINGS = NetworkSettings(
    ssid=Ssid(b"home"),
    authentication_types=AuthenticationType.WPA2_PERSONAL,
    encryption_types=EncryptionType.AES,
    passphrase=b"correct horse",
)
CHANGED = SelectedRegistrarChanged()
TIMED_OUT, SUCCEEDED = SelectionEndReason.TIMED_OUT, SelectionEndReason.SUCCEEDED
CANCELLED, REPLACED = SelectionEndReason.CANCELLED, SelectionEndReason.REPLACED


def registrar_of(methods: ConfigMethods = METHODS) -> InternalRegistrar:
    device = DeviceDescription(device_name="AP", config_methods=methods)
    return InternalRegistrar(device, UUID, (1234567).to_bytes)


@pytest.fixture
def registrar() -> InternalRegistrar:
    return registrar_of()


@pytest.fixture
def authority(registrar: InternalRegistrar) -> Iterator[BssAuthority]:
    added = registrar.add_network(SETTINGS, BAND_2)
    assert registrar.next_event() is None
    yield added
    assert sum(1 for _ in iter(registrar.next_event, None)) <= MAX_REPORTS_WAITING


def events_of(registrar: InternalRegistrar) -> list[InternalRegistrarEvent]:
    return list(iter(registrar.next_event, None))


def m1(uuid_e: bytes = PHONE, address: MacAddress = MAC_1, device_password_id: int = 4, name: str = "phone") -> M1:
    return M1(
        uuid_e=uuid_e,
        mac_address=address,
        enrollee_nonce=bytes(16),
        public_key=bytes(192),
        wps_state=1,
        device_password_id=device_password_id,
        device_name=name,
        manufacturer="Maker",
        model_name="Model",
        model_number="1",
        serial_number="2",
        primary_device_type=COMPUTER,
        authentication_types=AuthenticationType(0x23),
        encryption_types=EncryptionType(0x0D),
        config_methods=ConfigMethods.DISPLAY,
    )


def probe(uuid_e: bytes = PHONE, *, device_password_id: int = 4, request_type: int = 1, name: str = "phone") -> bytes:
    device = DeviceDescription(device_name=name, primary_device_type=COMPUTER, config_methods=ConfigMethods(0x88))
    return ProbeRequestAttributes(
        request_type=request_type, uuid_e=uuid_e, device=device, device_password_id=device_password_id
    ).encode()


def granted(authority: Authority, message: M1, now: float) -> Grant:
    answer = authority.authorize(message, now)
    assert isinstance(answer, Grant)
    return answer


def beacon_of(authority: BssAuthority) -> BeaconAttributes:
    return BeaconAttributes.decode(authority.beacon_attributes())


NOT_KNOWN = Refusal(ConfigurationError.NO_ERROR)
OVERLAP = Refusal(ConfigurationError.MULTIPLE_PBC_DETECTED)


# ---- push button


def test_idle_registrar(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    assert (registrar.is_push_button_active, registrar.pin_ends_at) == (False, None)
    assert registrar.deadline is None
    assert registrar.status == RegistrarStatus()
    assert authority.authorize(m1(), 0.0) == NOT_KNOWN
    assert events_of(registrar) == []


def test_a_press_selects_the_registrar_for_exactly_120_seconds(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(1000.0)
    assert events_of(registrar) == [PushButtonStarted(1120.0), CHANGED]
    assert (registrar.deadline, registrar.status) == (1120.0, RegistrarStatus(PushButtonStatus.ACTIVE))
    registrar.handle_timer(1119.999)
    assert events_of(registrar) == []
    assert beacon_of(authority).is_push_button_active
    registrar.handle_timer(1120.0)
    assert events_of(registrar) == [PushButtonEnded(TIMED_OUT), CHANGED]
    assert (registrar.deadline, registrar.status) == (None, RegistrarStatus(PushButtonStatus.TIMED_OUT))
    assert beacon_of(authority) == BeaconAttributes()


@pytest.mark.parametrize(("now", "is_granted"), [(119.999, True), (120.0, False)])
def test_m1_at_the_end_of_the_walk_time(
    registrar: InternalRegistrar, authority: BssAuthority, now: float, is_granted: bool
) -> None:
    registrar.press_button(0.0)
    assert isinstance(authority.authorize(m1(), now), Grant) is is_granted


def test_pressing_again_restarts_without_new_beacons(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.press_button(0.0)
    events_of(registrar)
    registrar.press_button(100.0)
    assert events_of(registrar) == [PushButtonStarted(220.0)]
    registrar.handle_timer(219.999)
    assert registrar.is_push_button_active
    registrar.handle_timer(220.0)
    assert events_of(registrar) == [PushButtonEnded(TIMED_OUT), CHANGED]


def test_push_button_enrolment(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.press_button(0.0)
    grant = granted(authority, m1(name="ph|one"), 1.0)
    assert (grant.password, grant.device_password_id) == (b"00000000", 4)
    assert not authority.is_overlapping(grant, 1.1)
    events_of(registrar)
    authority.run_ended(m1(name="ph|one"), grant, RunOutcome.SUCCEEDED, 1.2)
    assert events_of(registrar) == [EnrolmentSucceeded(MAC_1, PHONE, "ph_one"), PushButtonEnded(SUCCEEDED), CHANGED]
    assert registrar.status == RegistrarStatus(
        PushButtonStatus.DISABLED, LastResult.SUCCESS, ErrorIndication.NO_ERROR, MAC_1
    )
    assert authority.authorize(m1(PRINTER, MAC_2), 2.0) == NOT_KNOWN


def test_success_ends_the_session_on_all_networks(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    other = registrar.add_network(replace(SETTINGS, ssid=Ssid(b"guest")), BAND_5)
    registrar.press_button(0.0)
    assert beacon_of(authority).is_push_button_active
    assert beacon_of(other).is_push_button_active
    first, second = granted(authority, m1(), 1.0), granted(other, m1(address=MAC_2), 1.0)
    authority.run_ended(m1(), first, RunOutcome.SUCCEEDED, 2.0)
    assert not beacon_of(other).is_push_button_active
    assert other.is_overlapping(second, 2.1)
    assert OverlapDetected() not in events_of(registrar)


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (RunOutcome.FIRST_HALF_FAILED, ErrorIndication.AUTHENTICATION_FAILURE),
        (RunOutcome.SECOND_HALF_FAILED, ErrorIndication.AUTHENTICATION_FAILURE),
        (RunOutcome.ABANDONED, ErrorIndication.NO_ERROR),
        (RunOutcome.ABANDONED_AFTER_M6, ErrorIndication.NO_ERROR),
    ],
)
def test_a_failed_push_button_run_may_be_repeated(
    registrar: InternalRegistrar, authority: BssAuthority, outcome: RunOutcome, reason: ErrorIndication
) -> None:
    registrar.press_button(0.0)
    authority.run_ended(m1(), granted(authority, m1(), 1.0), outcome, 2.0)
    assert registrar.status == RegistrarStatus(PushButtonStatus.ACTIVE, LastResult.FAILED, reason, MAC_1)
    assert granted(authority, m1(), 3.0).device_password_id == 4
    assert events_of(registrar) == [PushButtonStarted(120.0), CHANGED]


def test_a_run_that_was_admitted_in_time_ends_after_the_walk_time(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 119.9)
    assert not authority.is_overlapping(grant, 120.1)
    events_of(registrar)
    authority.run_ended(m1(), grant, RunOutcome.SUCCEEDED, 120.2)
    assert events_of(registrar) == [EnrolmentSucceeded(MAC_1, PHONE, "phone")]


def test_cancel_stops_a_running_push_button_run(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 1.0)
    events_of(registrar)
    registrar.cancel(2.0)
    assert events_of(registrar) == [PushButtonEnded(CANCELLED), CHANGED]
    assert registrar.status.push_button is PushButtonStatus.TIMED_OUT
    assert authority.is_overlapping(grant, 2.1)
    assert authority.authorize(m1(), 2.2) == NOT_KNOWN


def test_cancel_with_nothing_to_cancel_is_silent(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.cancel(0.0)
    assert events_of(registrar) == []


def test_a_device_served_elsewhere_uses_a_press_up(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 1.0)
    events_of(registrar)
    registrar.withdraw(2.0)
    assert events_of(registrar) == [PushButtonEnded(REPLACED), CHANGED]
    assert authority.is_overlapping(grant, 2.1)
    registrar.withdraw(3.0)
    assert events_of(registrar) == []


def test_a_device_served_elsewhere_uses_a_wildcard_pin_up(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.add_pin(PIN, 0.0)
    events_of(registrar)
    registrar.withdraw(1.0)
    assert events_of(registrar) == [PinEnded(REPLACED), CHANGED]
    assert authority.authorize(m1(device_password_id=0), 2.0) == NOT_KNOWN


# ---- overlap


def test_a_press_is_refused_while_two_enrollees_look_for_a_button(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.probe_request_received(MAC_1, probe(PHONE), 0.0)
    assert not registrar.would_refuse_press(0.5)
    registrar.probe_request_received(MAC_2, probe(PRINTER), 1.0)
    assert registrar.would_refuse_press(1.5)
    events_of(registrar)
    with pytest.raises(OverlapError):
        registrar.press_button(119.999)
    assert events_of(registrar) == [OverlapDetected()]
    assert registrar.status.push_button is PushButtonStatus.OVERLAP
    assert not beacon_of(authority).is_push_button_active
    registrar.press_button(120.0)
    assert events_of(registrar) == [PushButtonStarted(240.0), CHANGED]


def test_a_refused_press_leaves_an_entered_pin_selected(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(PIN, 0.0)
    registrar.probe_request_received(MAC_1, probe(PHONE), 0.0)
    registrar.probe_request_received(MAC_2, probe(PRINTER), 0.0)
    with pytest.raises(OverlapError):
        registrar.press_button(1.0)
    assert registrar.pin_ends_at == 120.0


def test_a_dual_band_phone_is_no_overlap(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.probe_request_received(MAC_1, probe(PHONE), 0.0)
    registrar.probe_request_received(MAC_2, probe(PHONE), 0.1)
    registrar.press_button(1.0)
    assert not authority.is_overlapping(granted(authority, m1(address=MAC_2), 2.0), 2.1)


def test_a_second_enrollee_during_the_session_refuses_everybody_with_one_event(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 1.0)
    events_of(registrar)
    assert authority.authorize(m1(PRINTER, MAC_2), 1.1) == OVERLAP
    assert events_of(registrar) == [OverlapDetected()]
    assert registrar.status == RegistrarStatus(
        PushButtonStatus.OVERLAP, LastResult.FAILED, ErrorIndication.NO_ERROR, MAC_2
    )
    for now in (1.2, 60.0, 119.999):
        assert authority.is_overlapping(grant, now)
        assert authority.authorize(m1(), now) == OVERLAP
        assert authority.authorize(m1(PRINTER, MAC_2), now) == OVERLAP
    assert events_of(registrar) == []


def test_a_probe_request_of_another_enrollee_stops_a_running_run(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 1.0)
    events_of(registrar)
    registrar.probe_request_received(MAC_2, probe(PRINTER), 1.1)
    assert OverlapDetected() in events_of(registrar)
    assert authority.is_overlapping(grant, 1.2)
    assert events_of(registrar) == []


def test_a_finished_enrollee_that_still_scans_is_no_overlap_for_five_seconds(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(0.0)
    authority.run_ended(m1(), granted(authority, m1(), 1.0), RunOutcome.SUCCEEDED, 2.0)
    registrar.probe_request_received(MAC_1, probe(PHONE), 6.999)
    registrar.press_button(6.999)
    assert isinstance(authority.authorize(m1(PRINTER, MAC_2), 6.999), Grant)
    registrar.probe_request_received(MAC_1, probe(PHONE), 7.0)
    assert authority.authorize(m1(PRINTER, MAC_2), 7.0) == OVERLAP


def test_probe_requests_with_a_pin_or_of_registrars_are_no_overlap(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.probe_request_received(MAC_1, probe(PHONE, device_password_id=0), 0.0)
    registrar.probe_request_received(MAC_2, probe(PRINTER, request_type=2), 0.0)
    registrar.press_button(0.5)
    assert isinstance(authority.authorize(m1(), 1.0), Grant)


# ---- PIN


def test_an_entered_pin_selects_the_registrar_for_exactly_120_seconds_and_lives_on(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.add_pin(PIN, 0.0)
    assert events_of(registrar) == [PinStarted(120.0), CHANGED]
    assert (registrar.pin_ends_at, registrar.deadline) == (120.0, 120.0)
    assert beacon_of(authority).selected_registrar == SelectedRegistrar(0, ConfigMethods(0x2108))
    registrar.handle_timer(119.999)
    assert events_of(registrar) == []
    registrar.handle_timer(120.0)
    assert events_of(registrar) == [PinEnded(TIMED_OUT), CHANGED]
    assert beacon_of(authority) == BeaconAttributes()
    assert granted(authority, m1(device_password_id=0), 500.0).password == PIN


def test_entering_another_pin_restarts_the_120_seconds(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(PIN, 0.0)
    events_of(registrar)
    registrar.add_pin(PIN, 100.0, uuid_e=PHONE)
    assert events_of(registrar) == [PinStarted(220.0, PHONE)]


@pytest.mark.parametrize("device_password_id", [0, 1, 2, 5, 8])
def test_a_pin_is_granted_for_every_pin_id(
    registrar: InternalRegistrar, authority: BssAuthority, device_password_id: int
) -> None:
    registrar.add_pin(PIN, 0.0)
    grant = granted(authority, m1(device_password_id=device_password_id), 1.0)
    assert (grant.password, grant.device_password_id) == (PIN, device_password_id)
    assert not authority.is_overlapping(grant, 2.0)
    assert "1234" not in repr(grant)


@pytest.mark.parametrize("device_password_id", [3, 6, 7, 9, 15, 16, 0xBFAB, 0xFFFF])
def test_other_passwords_are_refused_without_asking_for_a_pin(
    registrar: InternalRegistrar, authority: BssAuthority, device_password_id: int
) -> None:
    registrar.add_pin(PIN, 0.0)
    events_of(registrar)
    assert authority.authorize(m1(device_password_id=device_password_id), 1.0) == NOT_KNOWN
    assert events_of(registrar) == []


def test_pin_enrolment_ends_the_selection_and_the_pin(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(PIN, 0.0)
    grant = granted(authority, m1(device_password_id=0), 1.0)
    events_of(registrar)
    authority.run_ended(m1(device_password_id=0), grant, RunOutcome.SUCCEEDED, 2.0)
    assert events_of(registrar) == [EnrolmentSucceeded(MAC_1, PHONE, "phone"), PinEnded(SUCCEEDED), CHANGED]
    assert authority.authorize(m1(device_password_id=0), 3.0) == NOT_KNOWN


def test_pin_enrolment_after_the_selection_has_ended(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(PIN, 0.0)
    registrar.handle_timer(120.0)
    grant = granted(authority, m1(device_password_id=0), 200.0)
    events_of(registrar)
    authority.run_ended(m1(device_password_id=0), grant, RunOutcome.SUCCEEDED, 201.0)
    assert events_of(registrar) == [EnrolmentSucceeded(MAC_1, PHONE, "phone")]


@pytest.mark.parametrize(
    ("outcome", "uses"),
    [
        (RunOutcome.FIRST_HALF_FAILED, 2),
        (RunOutcome.ABANDONED, 2),
        (RunOutcome.SECOND_HALF_FAILED, 1),
        (RunOutcome.ABANDONED_AFTER_M6, 1),
    ],
)
def test_how_often_a_wildcard_can_fail(
    registrar: InternalRegistrar, authority: BssAuthority, outcome: RunOutcome, uses: int
) -> None:
    registrar.add_pin(PIN, 0.0)
    message = m1(device_password_id=0)
    for _ in range(uses):
        authority.run_ended(message, granted(authority, message, 1.0), outcome, 2.0)
    assert authority.authorize(message, 3.0) == NOT_KNOWN
    assert registrar.pin_ends_at == 120.0


def test_a_used_up_pin_leaves_authorized_macs(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(PIN, 0.0)
    message = m1(device_password_id=0)
    events_of(registrar)
    authority.run_ended(message, granted(authority, message, 1.0), RunOutcome.SECOND_HALF_FAILED, 2.0)
    assert events_of(registrar) == [CHANGED]
    assert beacon_of(authority).wfa.authorized_macs == ()


def test_a_pin_in_use_asks_the_second_enrollee_to_wait(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(PIN, 0.0)
    granted(authority, m1(device_password_id=0), 1.0)
    events_of(registrar)
    assert authority.authorize(m1(PRINTER, MAC_2, 0), 1.0) == NOT_KNOWN
    assert events_of(registrar) == [PinNeeded(MAC_2, PRINTER, "phone", "Maker", "Model", "1", "2", COMPUTER)]


def test_pin_needed_is_told_with_sanitized_names(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    message = replace(m1(device_password_id=0, name="a|b\n"), manufacturer="[M]", serial_number="\x1b")
    assert authority.authorize(message, 0.0) == NOT_KNOWN
    assert events_of(registrar) == [PinNeeded(MAC_1, PHONE, "a_b_", "_M_", "Model", "1", "_", COMPUTER)]


def test_a_pin_expires_and_takes_its_address_from_the_beacons(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.add_pin(PIN, 0.0, timeout=30, address=MAC_1)
    assert registrar.deadline == 30.0
    assert beacon_of(authority).wfa.authorized_macs == (MAC_1,)
    events_of(registrar)
    registrar.handle_timer(29.999)
    assert events_of(registrar) == []
    registrar.handle_timer(30.0)
    assert events_of(registrar) == [CHANGED]
    assert beacon_of(authority).wfa.authorized_macs == ()
    assert authority.authorize(m1(device_password_id=0), 30.0) == NOT_KNOWN
    assert registrar.deadline == 120.0


def test_cancel_of_a_pin_forgets_the_wildcard_and_keeps_the_others(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.add_pin(b"11111111", 0.0, uuid_e=PHONE)
    registrar.add_pin(PIN, 0.0)
    events_of(registrar)
    registrar.cancel(1.0)
    assert events_of(registrar) == [PinEnded(CANCELLED), CHANGED]
    assert authority.authorize(m1(PRINTER, MAC_2, 0), 2.0) == NOT_KNOWN
    assert granted(authority, m1(device_password_id=0), 2.0).password == b"11111111"


def test_cancel_of_a_press_keeps_the_wildcard(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(PIN, 0.0)
    registrar.press_button(1.0)
    registrar.cancel(2.0)
    assert granted(authority, m1(device_password_id=0), 3.0).password == PIN


def test_a_pin_that_cannot_be_is_refused_and_changes_nothing(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(0.0)
    events_of(registrar)
    with pytest.raises(UsageError):
        registrar.add_pin(b"", 1.0)
    assert registrar.is_push_button_active
    assert events_of(registrar) == []


# ---- the last method wins


def test_a_press_replaces_an_entered_pin_which_stays_usable(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.add_pin(PIN, 0.0, address=MAC_1)
    events_of(registrar)
    registrar.press_button(1.0)
    assert events_of(registrar) == [PinEnded(REPLACED), PushButtonStarted(121.0), CHANGED]
    assert beacon_of(authority).wfa.authorized_macs == (BROADCAST,)
    grant = granted(authority, m1(device_password_id=0), 2.0)
    assert grant.password == PIN
    authority.run_ended(m1(device_password_id=0), grant, RunOutcome.SUCCEEDED, 3.0)
    assert events_of(registrar) == [EnrolmentSucceeded(MAC_1, PHONE, "phone")]
    assert registrar.is_push_button_active


def test_an_entered_pin_replaces_a_press_and_stops_its_runs(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 1.0)
    events_of(registrar)
    registrar.add_pin(PIN, 2.0)
    assert events_of(registrar) == [PushButtonEnded(REPLACED), PinStarted(122.0), CHANGED]
    assert authority.is_overlapping(grant, 2.1)
    assert authority.authorize(m1(), 2.2) == NOT_KNOWN


# ---- what frames carry


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


WFA = "1049 0006 00372A 000120"
ANYBODY = "1049 000E 00372A 000120 0106FFFFFFFFFFFF"


def test_beacons_octet_for_octet(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    assert authority.beacon_attributes() == octets(f"104A000110 1044000102 {WFA}")
    registrar.add_pin(PIN, 0.0)
    assert authority.beacon_attributes() == octets(
        f"104A000110 1044000102 1041000101 101200020000 105300022108 {ANYBODY}"
    )
    registrar.press_button(1.0)
    assert authority.beacon_attributes() == octets(
        f"104A000110 1044000102 1041000101 101200020004 105300022388 {ANYBODY}"
    )


def test_beacons_of_a_dual_band_device(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    other = registrar.add_network(SETTINGS, BAND_5)
    assert events_of(registrar) == [CHANGED]
    assert other.beacon_attributes() == octets(f"104A000110 1044000102 103C000103 {WFA}")
    registrar.press_button(1.0)
    with_uuid = octets(
        f"104A000110 1044000102 1041000101 101200020004 105300022388 10470010 {UUID.hex()} 103C000103 {ANYBODY}"
    )
    assert authority.beacon_attributes() == other.beacon_attributes() == with_uuid
    events_of(registrar)
    registrar.remove_network(other)
    assert events_of(registrar) == [CHANGED]
    assert (beacon_of(authority).uuid_e, beacon_of(authority).rf_bands) == (None, None)
    registrar.remove_network(other)
    assert events_of(registrar) == []


def test_two_networks_on_one_band_are_no_dual_band_device(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.add_network(SETTINGS, BAND_2)
    assert events_of(registrar) == []
    assert beacon_of(authority).rf_bands is None


def test_probe_response_octet_for_octet(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.press_button(0.0)
    assert authority.probe_response_attributes() == octets(
        "104A000110 1044000102 1041000101 101200020004 105300022388 103B000103"
        f" 10470010 {UUID.hex()} 1021000120 1023000120 1024000120 1042000120"
        f" 1054000800060050F2040001 101100024150 100800022108 {ANYBODY}"
    )


def test_probe_responses_show_uuid_and_no_button_when_idle(authority: BssAuthority) -> None:
    response = ProbeResponseAttributes.decode(authority.probe_response_attributes())
    assert (response.uuid_e, response.selected_registrar) == (UUID, None)
    assert response.device.config_methods == ConfigMethods(0x2108)


def test_association_response(authority: BssAuthority) -> None:
    assert authority.association_response_attributes() == octets("104A000110 103B000103 1049000600372A000120")


@pytest.mark.parametrize(
    ("own", "while_pressed", "with_pin"),
    [
        (0x0000, 0x0480, 0x0000),
        (0x2108, 0x2588, 0x2108),
        (0x2188, 0x2588, 0x2108),
        (0x2388, 0x2388, 0x2108),
        (0x2588, 0x2588, 0x2108),
        (0x2788, 0x2788, 0x2108),
    ],
)
def test_selected_registrar_config_methods(own: int, while_pressed: int, with_pin: int) -> None:
    registrar = registrar_of(ConfigMethods(own))
    authority = registrar.add_network(SETTINGS, BAND_2)
    registrar.press_button(0.0)
    assert beacon_of(authority).selected_registrar == SelectedRegistrar(4, ConfigMethods(while_pressed))
    registrar.add_pin(PIN, 1.0)
    assert beacon_of(authority).selected_registrar == SelectedRegistrar(0, ConfigMethods(with_pin))


def test_authorized_macs_are_the_five_newest_and_shown_only_while_selected(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    macs = [MacAddress(b"\x02" + number.to_bytes(5)) for number in range(6)]
    for number, address in enumerate(macs):
        registrar.add_pin(PIN, 0.0, uuid_e=number.to_bytes(16), address=address)
    assert beacon_of(authority).wfa == WfaExtension(authorized_macs=tuple(reversed(macs[1:])))
    registrar.handle_timer(120.0)
    assert beacon_of(authority).wfa == WfaExtension()


def test_setup_locked_is_advertised_for_as_long_as_it_is(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    for _ in range(3):
        registrar.enrolment.authentication_failed(0.0)
    assert events_of(registrar) == [SetupLocked(60.0), CHANGED]
    assert beacon_of(authority).is_setup_locked
    assert ProbeResponseAttributes.decode(authority.probe_response_attributes()).is_setup_locked
    assert registrar.deadline == 60.0
    registrar.handle_timer(60.0)
    assert events_of(registrar) == [SetupUnlocked(), CHANGED]
    assert not beacon_of(authority).is_setup_locked


def test_a_registrar_whose_setup_is_locked_says_so_from_its_first_beacon_on() -> None:
    enrolment = AccessPointEnrolment((1).to_bytes, ApEnrolmentParameters(mode=SetupLockMode.LOCKED))
    registrar = InternalRegistrar(DeviceDescription(), UUID, (1).to_bytes, enrolment)
    assert beacon_of(registrar.add_network(SETTINGS, BAND_2)).is_setup_locked
    assert events_of(registrar) == []


def test_the_ap_pin_is_the_registrars_to_tell_of(registrar: InternalRegistrar) -> None:
    registrar.enrolment.set_ap_pin(PIN, 0.0, timeout=10)
    assert registrar.deadline == 10.0
    registrar.handle_timer(10.0)
    assert events_of(registrar) == [ApPinEnabled(10.0), ApPinDisabled()]


def test_a_network_that_is_not_configured_says_so(registrar: InternalRegistrar) -> None:
    authority = registrar.add_network(SETTINGS, BAND_2, wps_state=WpsState.NOT_CONFIGURED)
    assert beacon_of(authority).wps_state == 1
    assert ProbeResponseAttributes.decode(authority.probe_response_attributes()).wps_state == 1


# ---- credentials


def test_each_network_hands_out_its_own_credential(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    other = registrar.add_network(replace(SETTINGS, ssid=Ssid(b"guest"), passphrase=b"other horse"), BAND_2)
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 1.0)
    assert authority.credentials_for(m1(), grant) == encode_credentials(
        (Credential(Ssid(b"home"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"correct horse", MAC_1),)
    )
    assert b"other horse" in other.credentials_for(m1(), grant)


def test_a_network_whose_types_no_credential_can_tell_has_none(registrar: InternalRegistrar) -> None:
    authority = registrar.add_network(replace(SETTINGS, authentication_types=AuthenticationType(0)), BAND_2)
    with pytest.raises(ProtocolError):
        authority.credentials_for(m1(), Grant(PIN, 0))


# ---- enrollees, floods, bad input


def test_an_enrollee_is_reported_and_remembered(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.probe_request_received(MAC_1, probe(name="a|b", device_password_id=0), 0.0)
    assert events_of(registrar) == [EnrolleeSeen(MAC_1, PHONE, COMPUTER, ConfigMethods(0x88), 0, 1, "a_b")]
    registrar.probe_request_received(MAC_1, probe(name="a|b", device_password_id=0), 9.999)
    assert events_of(registrar) == []
    registrar.probe_request_received(MAC_1, probe(name="a|b", device_password_id=0), 10.0)
    assert len(events_of(registrar)) == 1
    known = registrar.enrollee(MAC_1)
    assert known is not None
    assert known.device_name == "a_b"
    assert registrar.enrollee(MAC_2) is None


def test_m1_tells_more_of_an_enrollee(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    authority.authorize(m1(), 0.0)
    known = registrar.enrollee(MAC_1)
    assert known is not None
    assert (known.manufacturer, known.serial_number) == ("Maker", "2")


@pytest.mark.parametrize("attributes", [b"", b"\x10", b"\x10\x12\x00\x01\x04", probe()[:-1], probe(request_type=2)])
def test_probe_requests_that_say_nothing_usable_are_ignored(
    registrar: InternalRegistrar, authority: BssAuthority, attributes: bytes
) -> None:
    registrar.probe_request_received(MAC_1, attributes, 0.0)
    assert events_of(registrar) == []
    assert registrar.enrollee(MAC_1) is None


def test_truncated_probe_requests_never_raise(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    whole = probe()
    for size in range(len(whole)):
        registrar.probe_request_received(MAC_1, whole[:size], 0.0)


def flood_of_probes(registrar: InternalRegistrar, authority: BssAuthority, number: int, now: float) -> None:
    address = MacAddress(b"\x02" + number.to_bytes(5))
    registrar.probe_request_received(address, probe(number.to_bytes(16), device_password_id=0), now)


def flood_of_m1s(registrar: InternalRegistrar, authority: BssAuthority, number: int, now: float) -> None:
    authority.authorize(m1(number.to_bytes(16), MacAddress(b"\x02" + number.to_bytes(5)), 0), now)


FLOODS = [flood_of_probes, flood_of_m1s]


@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_gives_five_events_a_second(
    registrar: InternalRegistrar,
    authority: BssAuthority,
    flood: Callable[[InternalRegistrar, BssAuthority, int, float], None],
) -> None:
    for number in range(1000):
        flood(registrar, authority, number, number / 1000)
    assert len(events_of(registrar)) == 5
    flood(registrar, authority, 1000, 1.0)
    assert len(events_of(registrar)) == 1


@pytest.mark.parametrize("flood", FLOODS)
def test_reports_that_nobody_fetches_stay_bounded_and_the_users_events_get_through(
    registrar: InternalRegistrar,
    authority: BssAuthority,
    flood: Callable[[InternalRegistrar, BssAuthority, int, float], None],
) -> None:
    for number in range(200):
        flood(registrar, authority, number, float(number))
    registrar.press_button(200.0)
    events = events_of(registrar)
    assert len(events) == MAX_REPORTS_WAITING + 2
    assert events[-2:] == [PushButtonStarted(320.0), CHANGED]


def test_a_push_button_flood_during_a_session_is_one_overlap(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.press_button(0.0)
    for number in range(1000):
        registrar.probe_request_received(MAC_1, probe(number.to_bytes(16)), 1.0)
        assert isinstance(authority.authorize(m1(number.to_bytes(16)), 1.0), Grant) is (number == 0)
    assert events_of(registrar).count(OverlapDetected()) == 1


def test_timer_of_an_idle_registrar_is_silent(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.handle_timer(1e9)
    assert events_of(registrar) == []


GRANT_OF_A_PIN = Grant(PIN, 0)


@pytest.mark.parametrize(
    "act",
    [
        lambda registrar, authority: registrar.press_button(120.0),
        lambda registrar, authority: registrar.add_pin(PIN, 120.0, uuid_e=PHONE),
        lambda registrar, authority: registrar.cancel(120.0),
        lambda registrar, authority: registrar.probe_request_received(MAC_1, b"", 120.0),
        lambda registrar, authority: authority.authorize(m1(), 120.0),
        lambda registrar, authority: authority.is_overlapping(GRANT_OF_A_PIN, 120.0),
        lambda registrar, authority: authority.run_ended(m1(), GRANT_OF_A_PIN, RunOutcome.ABANDONED, 120.0),
    ],
)
def test_what_is_over_ends_first_even_when_the_timer_is_late(
    registrar: InternalRegistrar, authority: BssAuthority, act: Callable[[InternalRegistrar, BssAuthority], None]
) -> None:
    registrar.add_pin(PIN, 0.0)
    events_of(registrar)
    act(registrar, authority)
    assert events_of(registrar)[:2] == [PinEnded(TIMED_OUT), CHANGED]
    assert granted(authority, m1(PRINTER, device_password_id=0), 121.0).password == PIN


def test_separate_registrars_do_not_share_a_button(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    other = registrar_of()
    stranger = other.add_network(SETTINGS, BAND_2)
    registrar.press_button(0.0)
    assert not other.is_push_button_active
    assert stranger.authorize(m1(), 1.0) == NOT_KNOWN
    assert isinstance(authority.authorize(m1(), 1.0), Grant)


# ---- who needs a PIN


def waiting(registrar: InternalRegistrar, now: float) -> list[tuple[MacAddress, str, float]]:
    return [(p.enrollee.address, p.enrollee.device_name, p.needed_at) for p in registrar.pending_pins(now)]


def test_who_came_with_a_pin_that_nobody_has_entered_is_listed_until_somebody_does(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    for seconds in range(20):  # more than are told as events
        authority.authorize(m1(device_password_id=0), seconds / 100)
    authority.authorize(m1(PRINTER, MAC_2, 0, "printer"), 1.0)
    assert waiting(registrar, 1.0) == [(MAC_2, "printer", 1.0), (MAC_1, "phone", 0.19)]
    registrar.add_pin(PIN, 2.0, uuid_e=PHONE)
    assert waiting(registrar, 2.0) == [(MAC_2, "printer", 1.0)]
    registrar.add_pin(PIN, 3.0)
    assert waiting(registrar, 3.0) == [(MAC_2, "printer", 1.0)]
    answer = granted(authority, m1(PRINTER, MAC_2, 0), 4.0)
    authority.run_ended(m1(PRINTER, MAC_2, 0), answer, RunOutcome.SUCCEEDED, 5.0)
    assert waiting(registrar, 5.0) == []


# ---- external registrars, and what was handed out


def test_the_status_tells_of_runs_with_external_registrars(registrar: InternalRegistrar) -> None:
    registrar.registrar_served(MAC_1, None)
    assert (registrar.status.last_result, registrar.status.peer_address) == (LastResult.SUCCESS, MAC_1)
    wrong = RunFailed(MessageType.M4, ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE)
    registrar.registrar_served(MAC_2, wrong)
    assert registrar.status == RegistrarStatus(
        PushButtonStatus.DISABLED, LastResult.FAILED, ErrorIndication.AUTHENTICATION_FAILURE, MAC_2
    )
    registrar.registrar_served(MAC_2, RunFailed(MessageType.M8, 0, ErrorIndication.WEP_PROHIBITED))
    assert registrar.status.failure_reason is ErrorIndication.WEP_PROHIBITED


def test_a_network_that_is_not_configured_becomes_so_with_its_first_enrollee(registrar: InternalRegistrar) -> None:
    authority = registrar.add_network(SETTINGS, BAND_2, wps_state=WpsState.NOT_CONFIGURED)
    registrar.press_button(0.0)
    grant = granted(authority, m1(), 1.0)
    authority.credentials_for(m1(), grant)
    authority.run_ended(m1(), grant, RunOutcome.SUCCEEDED, 2.0)
    invented = authority.next_event()
    assert isinstance(invented, SettingsInvented)
    assert (authority.wps_state, authority.settings) == (WpsState.CONFIGURED, invented.settings)
    assert beacon_of(authority).wps_state == 2
    assert authority.next_event() is None


def test_a_network_that_was_given_other_settings_hands_them_out(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    authority.reconfigure(replace(SETTINGS, passphrase=b"other horse"), WpsState.CONFIGURED)
    registrar.press_button(0.0)
    assert b"other horse" in authority.credentials_for(m1(), granted(authority, m1(), 1.0))
