# SPDX-License-Identifier: BSD-3-Clause
"""An access point whose settings a registrar reads or changes, which invents its own, and whose devices have keys."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.unit.roles_bench import (
    AP,
    EAPOL_START,
    LAPTOP,
    OPEN,
    PHONE,
    PIN,
    PROTECTED,
    PSK,
    SSID,
    WPS2,
    Bench,
    BenchEnrollee,
    BenchRegistrar,
    BenchStation,
    access_point,
    outline,
    registrar,
    station_address,
)

from wpsagent.dot11.frames import Disassociation
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import RadioLost
from wpsagent.roles.events import (
    AccessPointLost,
    ApEvent,
    ApSettingsChanged,
    ApSettingsRead,
    HandshakeFailed,
    PskAdded,
    StationConnected,
    WpsRunEnded,
    WpsRunFailed,
    WpsRunStarted,
)
from wpsagent.roles.sessions import EAP_FAILURE_DELAY, RECONFIGURATION_DELAY
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.wsc.attributes import Attributes, AttributeType
from wpsagent.wsc.credential import ApSettings, NetworkSettings
from wpsagent.wsc.device_psks import DevicePsk, DevicePsks
from wpsagent.wsc.elements import BeaconAttributes
from wpsagent.wsc.enumerations import AuthenticationType, ConfigurationError, EncryptionType, MessageType, WpsState
from wpsagent.wsc.internal_registrar import LastResult
from wpsagent.wsc.issuing import IssuingPolicy
from wpsagent.wsc.lock_out import SetupLocked

UUID_PHONE = b"\x01" * 16
WPA2, AES = AuthenticationType.WPA2_PERSONAL, EncryptionType.AES
NEW = ApSettings(Ssid(b"new"), WPA2, AES, b"a new passphrase")
NEW_NETWORK = NetworkSettings(Ssid(b"new"), WPA2, AES, passphrase=b"a new passphrase")
KEYLESS = NetworkSettings(SSID, WPA2, AES)
OF_DEVICE = b"\x0d" * 32
WRONG_PIN = b"12355670"


def changed(registrar: MacAddress) -> ApSettingsChanged:
    """What is told once a registrar has given us its network."""
    return ApSettingsChanged(registrar, NEW_NETWORK, is_from_registrar=True)


def pinned(settings: NetworkSettings = PROTECTED, **arguments: Any) -> Bench:
    """With WPS and an AP PIN."""
    shared = registrar()
    shared.enrolment.set_ap_pin(PIN, 0.0)
    bench = Bench(access_point(settings, shared, **arguments), shared).start()
    registrar_events(bench)
    return bench


def registrar_events(bench: Bench) -> list[object]:
    assert bench.registrar is not None
    return list(iter(bench.registrar.next_event, None))


def external_registrar(bench: Bench, pin: bytes = PIN, new_settings: ApSettings | None = None) -> BenchRegistrar:
    """One that has come, and has had its run."""
    visitor = BenchRegistrar(bench, PHONE, pin, new_settings)
    visitor.take(bench.associate(PHONE, WPS2))
    return visitor


def reports(bench: Bench) -> list[ApEvent]:
    """What was reported, without the beginning and the end of the conversation."""
    return [event for event in bench.take_events() if not isinstance(event, WpsRunStarted | WpsRunEnded)]


# ---- read


def test_a_registrar_with_the_pin_reads_the_settings_and_nothing_changes() -> None:
    bench = pinned()
    visitor = external_registrar(bench)
    assert visitor.learnt() == [ApSettings(SSID, WPA2, AES, PSK.hex().encode(), AP)]
    assert reports(bench) == [ApSettingsRead(PHONE)]
    assert outline(bench.pass_time(1.0)) == [f"Deauthentication {PHONE} 23", f"RemoveStation {PHONE}"]
    assert reports(bench) == []
    assert bench.registrar is not None
    status = bench.registrar.status
    assert (status.last_result, status.peer_address) == (LastResult.SUCCESS, PHONE)


def test_a_registrar_of_a_network_where_each_device_has_its_key_gets_one_and_joins_with_it() -> None:
    bench = pinned(KEYLESS)
    (told,) = external_registrar(bench).learnt()
    psk = bytes.fromhex(told.network_key.decode())
    assert reports(bench) == [PskAdded(PHONE, psk), ApSettingsRead(PHONE)]
    bench.pass_time(1.0)
    BenchStation(bench, PHONE, psk).take(bench.associate(PHONE))
    assert reports(bench) == [StationConnected(PHONE)]


def test_a_registrar_that_does_not_know_the_pin_gets_no_key() -> None:
    bench = pinned(KEYLESS)
    assert external_registrar(bench, WRONG_PIN).learnt() == []
    (failed,) = reports(bench)
    assert isinstance(failed, WpsRunFailed)
    assert failed.failure.message_type == MessageType.M4
    assert bench.registrar is not None
    assert bench.registrar.status.last_result is LastResult.FAILED


def test_an_ap_settings_file_is_told_instead() -> None:
    told = ApSettings(Ssid(b"elsewhere"), WPA2, AES, b"another key")
    bench = pinned(policy=IssuingPolicy(ap_settings=told.encode_for_registrar()))
    assert external_registrar(bench).learnt() == [told]


def test_three_wrong_pins_lock_and_the_beacons_say_so() -> None:
    bench = pinned()
    assert bench.registrar is not None
    for number in range(3):
        visitor = BenchRegistrar(bench, station_address(number), WRONG_PIN)
        visitor.take(bench.associate(visitor.address, WPS2))
    assert SetupLocked(bench.now + 60) in registrar_events(bench)
    authority = bench.registrar.beacon_attributes(WpsState.CONFIGURED)
    assert BeaconAttributes.decode(authority).is_setup_locked
    bench.take_events()
    external_registrar(bench)
    (refused,) = reports(bench)
    assert isinstance(refused, WpsRunFailed)
    assert (refused.failure.message_type, refused.failure.configuration_error) == (
        MessageType.M2,
        ConfigurationError.SETUP_LOCKED,
    )


# ---- changed


def test_new_settings_are_told_when_the_registrar_has_left() -> None:
    bench = pinned()
    external_registrar(bench, new_settings=NEW)
    assert reports(bench) == []
    bench.pass_time(EAP_FAILURE_DELAY)
    assert (reports(bench), bench.machine.connected_stations) == ([], [])
    bench.pass_time(RECONFIGURATION_DELAY)
    assert reports(bench) == [changed(PHONE)]
    bench.pass_time(10.0)
    assert reports(bench) == []


def goes(bench: Bench) -> None:
    bench.frame(Disassociation(AP, PHONE, AP, 8))


def begins_anew(bench: Bench) -> None:
    bench.eapol(PHONE, EAPOL_START)


def falls_silent(bench: Bench) -> None:
    bench.pass_time(20.0)


@pytest.mark.parametrize("what", [goes, begins_anew, falls_silent])
def test_they_hold_also_where_the_registrars_last_word_is_missing(what: Callable[[Bench], None]) -> None:
    """It has had WSC_Done; only its WSC_ACK did not come."""
    bench = pinned()
    visitor = BenchRegistrar(bench, PHONE, PIN, NEW)
    visitor.take(bench.associate(PHONE, WPS2), at_most=5)  # Identity, M1, M3, M5, M7; WSC_Done is not heard
    bench.pass_time(1.0)
    assert reports(bench) == []
    what(bench)
    bench.pass_time(1.0)
    assert reports(bench) == [changed(PHONE)]


def test_a_registrar_that_goes_before_its_settings_have_come_changes_nothing() -> None:
    bench = pinned()
    BenchRegistrar(bench, PHONE, PIN, NEW).take(bench.associate(PHONE, WPS2), at_most=4)
    goes(bench)
    bench.pass_time(1.0)
    assert not [event for event in reports(bench) if isinstance(event, ApSettingsChanged)]


def test_a_run_after_the_change_does_not_repeat_it() -> None:
    bench = pinned(OPEN)
    visitor = BenchRegistrar(bench, PHONE, PIN, NEW)
    visitor.take(bench.associate(PHONE, WPS2), at_most=5)
    reader = BenchRegistrar(bench, PHONE)
    reader.take(bench.eapol(PHONE, EAPOL_START))
    bench.pass_time(1.0)
    assert reports(bench) == [ApSettingsRead(PHONE), changed(PHONE)]


def test_changes_at_once_are_told_in_their_order_without_waiting_twice() -> None:
    bench = pinned()
    for address in (PHONE, LAPTOP):
        BenchRegistrar(bench, address, PIN, NEW).take(bench.associate(address, WPS2))
        bench.pass_time(0.6 * RECONFIGURATION_DELAY)
    assert reports(bench) == [changed(PHONE), changed(LAPTOP)]


def test_a_change_is_told_though_the_access_point_stops_meanwhile() -> None:
    bench = pinned()
    external_registrar(bench, new_settings=NEW)
    bench.machine.stop(bench.now)
    bench.drain()
    assert reports(bench) == [changed(PHONE)]
    assert bench.machine.deadline is None


def test_a_change_is_told_before_the_loss_of_the_radio() -> None:
    bench = pinned()
    external_registrar(bench, new_settings=NEW)
    bench.receive(RadioLost("unplugged"))
    assert reports(bench) == [changed(PHONE), AccessPointLost("unplugged")]


@pytest.mark.parametrize(
    ("processing", "is_shown", "is_to_be_applied"),
    [
        (CredentialProcessing.INTERNAL, False, True),
        (CredentialProcessing.EXTERNAL, True, False),
        (CredentialProcessing.BOTH, True, True),
    ],
)
def test_who_applies_new_settings_and_who_sees_them(
    processing: CredentialProcessing, is_shown: bool, is_to_be_applied: bool
) -> None:
    bench = pinned(credential_processing=processing)
    external_registrar(bench, new_settings=NEW)
    bench.pass_time(1.0)
    (changed,) = reports(bench)
    assert isinstance(changed, ApSettingsChanged)
    assert (bool(changed.credentials), changed.is_to_be_applied) == (is_shown, is_to_be_applied)
    if is_shown:
        assert Attributes.decode(changed.credentials).get(AttributeType.NETWORK_KEY) == b"a new passphrase"
    assert "passphrase" not in repr(changed)


# ---- invented


@pytest.mark.parametrize("settings", [OPEN, PROTECTED])
def test_the_first_enrollee_of_an_access_point_that_is_not_configured_configures_it(settings: NetworkSettings) -> None:
    bench = pinned(settings, wps_state=WpsState.NOT_CONFIGURED, credential_processing=CredentialProcessing.BOTH)
    assert bench.registrar is not None
    bench.registrar.press_button(bench.now)
    phone = BenchEnrollee(bench, PHONE, UUID_PHONE)
    phone.take(bench.associate(PHONE, WPS2))
    (credential,) = phone.credentials()
    assert reports(bench) == []
    bench.pass_time(1.0)
    (changed,) = reports(bench)
    assert isinstance(changed, ApSettingsChanged)
    assert changed.settings == NetworkSettings(SSID, WPA2, AES, passphrase=credential.network_key)
    assert (changed.address, changed.is_to_be_applied, bool(changed.credentials)) == (PHONE, True, True)


# ---- keys of single devices


def test_a_device_gets_a_key_of_its_own_and_joins_with_it() -> None:
    bench = pinned(policy=IssuingPolicy(forces_device_psks=True))
    assert bench.registrar is not None
    bench.registrar.press_button(bench.now)
    phone = BenchEnrollee(bench, PHONE, UUID_PHONE)
    phone.take(bench.associate(PHONE, WPS2))
    (credential,) = phone.credentials()
    psk = bytes.fromhex(credential.network_key.decode())
    assert psk != PSK
    assert reports(bench) == [PskAdded(PHONE, psk)]
    bench.pass_time(1.0)
    BenchStation(bench, PHONE, psk).take(bench.associate(PHONE))
    BenchStation(bench, LAPTOP, psk).take(bench.associate(LAPTOP))
    assert reports(bench) == [StationConnected(PHONE)]


@pytest.mark.parametrize(
    ("settings", "address", "psk", "is_right"),
    [
        (PROTECTED, PHONE, OF_DEVICE, True),
        (PROTECTED, PHONE, PSK, True),
        (PROTECTED, LAPTOP, OF_DEVICE, False),
        (PROTECTED, LAPTOP, PSK, True),
        (KEYLESS, PHONE, OF_DEVICE, True),
        (KEYLESS, PHONE, PSK, False),
        (KEYLESS, LAPTOP, PSK, False),
    ],
)
def test_which_keys_open_the_port_of_which_device(
    settings: NetworkSettings, address: Any, psk: bytes, is_right: bool
) -> None:
    """Without WPS too."""
    bench = Bench(access_point(settings, psks=DevicePsks((DevicePsk(PHONE, OF_DEVICE),)))).start()
    station = BenchStation(bench, address, psk)
    said = station.take(bench.associate(address))
    for _ in range(4):
        said = station.take(bench.pass_time(1.0))
    (event,) = reports(bench)
    assert isinstance(event, StationConnected if is_right else HandshakeFailed)
    assert said == []
