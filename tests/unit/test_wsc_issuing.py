# SPDX-License-Identifier: BSD-3-Clause
"""What a network hands out: which key to whom, what becomes of keys and settings that were made up."""

import re
from dataclasses import replace

import pytest
from tests.unit.wsc_runs import AP_ADDRESS, fixed_entropy

from wpsagent.errors import ProtocolError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import Entropy
from wpsagent.wsc.attributes import Attributes, AttributeType
from wpsagent.wsc.credential import ApSettings, Credential, NetworkSettings
from wpsagent.wsc.device import COMPUTER
from wpsagent.wsc.device_psks import DevicePsk, DevicePsks
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, WpsState
from wpsagent.wsc.issuing import (
    MAX_REGISTRARS,
    CredentialIssuer,
    IssuingEvent,
    IssuingPolicy,
    PskIssued,
    SettingsInvented,
    network_settings_of,
)
from wpsagent.wsc.messages import M1
from wpsagent.wsc.registrar import RunOutcome

WPA2, AES = AuthenticationType.WPA2_PERSONAL, EncryptionType.AES
PHONE, PRINTER = MacAddress.parse("02:00:00:00:01:00"), MacAddress.parse("02:00:00:00:02:00")
PSK, OLD_PSK = b"\x11" * 32, b"\x22" * 32
SHARED = NetworkSettings(Ssid(b"home"), WPA2, AES, passphrase=b"correct horse")
KEYLESS = NetworkSettings(Ssid(b"home"), WPA2, AES)
OPEN = NetworkSettings(Ssid(b"home"), AuthenticationType.OPEN, EncryptionType.NONE)
EXTRA = bytes.fromhex("10490003123456")
NOT_CONFIGURED, CONFIGURED = WpsState.NOT_CONFIGURED, WpsState.CONFIGURED


def m1(address: MacAddress = PHONE, methods: ConfigMethods = ConfigMethods.DISPLAY) -> M1:
    return M1(
        uuid_e=bytes(16),
        mac_address=address,
        enrollee_nonce=bytes(16),
        public_key=bytes(192),
        wps_state=1,
        device_password_id=4,
        device_name="phone",
        manufacturer="Maker",
        model_name="Model",
        model_number="1",
        serial_number="2",
        primary_device_type=COMPUTER,
        authentication_types=AuthenticationType(0x23),
        encryption_types=EncryptionType(0x0D),
        config_methods=methods,
    )


def issuer(
    settings: NetworkSettings = SHARED,
    wps_state: WpsState = CONFIGURED,
    policy: IssuingPolicy | None = None,
    psks: DevicePsks | None = None,
    entropy: Entropy | None = None,
) -> CredentialIssuer:
    return CredentialIssuer(settings, entropy or fixed_entropy("issuer"), wps_state=wps_state, policy=policy, psks=psks)


def credential_of(octets: bytes) -> Credential:
    (value,) = Attributes.decode(octets).all(AttributeType.CREDENTIAL)
    return Credential.decode(value)


def key_for(what: CredentialIssuer, enrollee: M1 | None = None) -> bytes:
    return credential_of(what.credentials_for(enrollee or m1())).network_key


def events_of(what: CredentialIssuer) -> list[IssuingEvent]:
    return list(iter(what.next_event, None))


# ---- which key


def test_the_networks_key_where_nothing_else_is_to_be() -> None:
    assert key_for(issuer()) == b"correct horse"
    both = replace(SHARED, psk=PSK)
    assert key_for(issuer(both)) == b"correct horse"
    assert key_for(issuer(both), m1(methods=ConfigMethods.PUSH_BUTTON)) == PSK.hex().encode()


def test_a_device_that_enrols_again_gets_the_key_it_had() -> None:
    psks = DevicePsks((DevicePsk(PHONE, OLD_PSK, is_from_wps=True), DevicePsk(PRINTER, PSK)))
    for policy in (IssuingPolicy(), IssuingPolicy(forces_device_psks=True)):
        assert key_for(issuer(SHARED, policy=policy, psks=psks)) == OLD_PSK.hex().encode()
    assert key_for(issuer(SHARED, psks=psks), m1(PRINTER)) == b"correct horse"


@pytest.mark.parametrize(
    ("settings", "policy"), [(KEYLESS, IssuingPolicy()), (SHARED, IssuingPolicy(forces_device_psks=True))]
)
def test_a_device_gets_a_key_of_its_own_which_holds_from_its_success_on(
    settings: NetworkSettings, policy: IssuingPolicy
) -> None:
    psks = DevicePsks()
    what = issuer(settings, policy=policy, psks=psks)
    key = bytes.fromhex(key_for(what).decode())
    assert (len(key), psks.given_to(PHONE)) == (32, None)
    what.run_ended(m1(), RunOutcome.SUCCEEDED)
    assert psks.given_to(PHONE) == key
    assert events_of(what) == [PskIssued(PHONE, key)]
    assert bytes.fromhex(key_for(what).decode()) == key
    assert key not in (bytes.fromhex(key_for(what, m1(PRINTER)).decode()), bytes(32))


def test_a_key_that_did_not_arrive_is_forgotten() -> None:
    what = issuer(KEYLESS)
    key = key_for(what)
    what.run_ended(m1(), RunOutcome.ABANDONED_AFTER_M6)
    what.run_ended(m1(), RunOutcome.SUCCEEDED)
    assert events_of(what) == []
    assert key_for(what) != key


def test_a_success_with_the_networks_key_is_nothing_to_tell() -> None:
    what = issuer()
    key_for(what)
    what.run_ended(m1(), RunOutcome.SUCCEEDED)
    assert events_of(what) == []


@pytest.mark.parametrize("octets", [b"", bytes(32)])
@pytest.mark.parametrize(("settings", "wps_state"), [(KEYLESS, CONFIGURED), (OPEN, NOT_CONFIGURED)])
def test_without_entropy_no_key_is_made(octets: bytes, settings: NetworkSettings, wps_state: WpsState) -> None:
    with pytest.raises(ProtocolError, match="entropy"):
        key_for(issuer(settings, wps_state, entropy=lambda count: octets[:count]))


def test_an_open_network_has_no_key() -> None:
    credential = credential_of(issuer(OPEN, policy=IssuingPolicy(forces_device_psks=True)).credentials_for(m1()))
    assert (credential.authentication_type, credential.network_key) == (AuthenticationType.OPEN, b"")


# ---- extra credentials


def test_extra_credentials_follow_or_stand_alone() -> None:
    plain = issuer().credentials_for(m1())
    assert issuer(policy=IssuingPolicy(extra_credentials=EXTRA)).credentials_for(m1()) == plain + EXTRA
    alone = IssuingPolicy(extra_credentials=EXTRA, skips_build=True)
    assert issuer(policy=alone).credentials_for(m1()) == EXTRA
    assert EXTRA.hex() not in repr(alone)


# ---- an access point that is not configured


@pytest.mark.parametrize("settings", [OPEN, SHARED])
def test_the_first_enrollee_makes_it_a_network_of_wpa2_with_a_passphrase_of_22_characters(
    settings: NetworkSettings,
) -> None:
    what = issuer(settings, NOT_CONFIGURED)
    credential = credential_of(what.credentials_for(m1()))
    assert (credential.ssid, credential.authentication_type, credential.encryption_type) == (b"home", WPA2, AES)
    assert re.fullmatch(rb"[A-Za-z0-9+/]{22}", credential.network_key)
    assert (what.wps_state, what.settings) == (NOT_CONFIGURED, settings)
    what.run_ended(m1(), RunOutcome.SUCCEEDED)
    (invented,) = events_of(what)
    assert isinstance(invented, SettingsInvented)
    assert (invented.address, invented.settings) == (PHONE, replace(SHARED, passphrase=credential.network_key))
    assert credential_of(invented.credentials) == credential
    assert credential.network_key.decode() not in repr(invented)
    assert key_for(what, m1(PRINTER)) == credential.network_key


def test_it_is_configured_once_however_many_enrol_at_once() -> None:
    what = issuer(OPEN, NOT_CONFIGURED)
    assert key_for(what) == key_for(what, m1(PRINTER))
    what.run_ended(m1(PRINTER), RunOutcome.SUCCEEDED)
    what.run_ended(m1(), RunOutcome.SUCCEEDED)
    (invented,) = events_of(what)
    assert isinstance(invented, SettingsInvented)
    assert invented.address == PRINTER


def test_an_enrollee_that_missed_the_end_gets_the_same_again() -> None:
    what = issuer(OPEN, NOT_CONFIGURED)
    key = key_for(what)
    what.run_ended(m1(), RunOutcome.ABANDONED_AFTER_M6)
    assert (what.wps_state, events_of(what)) == (NOT_CONFIGURED, [])
    assert key_for(what) == key


def test_it_stays_as_it_is_where_it_hands_out_nothing_of_its_own() -> None:
    what = issuer(OPEN, NOT_CONFIGURED, IssuingPolicy(extra_credentials=EXTRA, skips_build=True))
    assert what.credentials_for(m1()) == EXTRA
    what.run_ended(m1(), RunOutcome.SUCCEEDED)
    assert (what.wps_state, events_of(what)) == (NOT_CONFIGURED, [])


def test_other_settings_are_handed_out_from_then_on() -> None:
    what = issuer(OPEN, NOT_CONFIGURED)
    first = key_for(what)
    what.reconfigure(SHARED, CONFIGURED)
    assert key_for(what) == b"correct horse"
    what.reconfigure(OPEN, NOT_CONFIGURED)
    assert key_for(what) not in (first, b"correct horse")


# ---- M7


def test_a_registrar_is_told_the_network_and_its_passphrase_rather_than_its_psk() -> None:
    settings = ApSettings(Ssid(b"home"), WPA2, AES, b"correct horse", AP_ADDRESS)
    assert issuer(replace(SHARED, psk=PSK)).ap_settings_for(PHONE, AP_ADDRESS) == settings
    told = issuer(replace(SHARED, passphrase=None, psk=PSK)).ap_settings_for(PHONE, AP_ADDRESS)
    assert told == replace(settings, network_key=PSK.hex().encode())


def test_a_registrar_of_an_open_network_is_told_so() -> None:
    told = issuer(OPEN).ap_settings_for(PHONE, AP_ADDRESS)
    assert told == ApSettings(Ssid(b"home"), AuthenticationType.OPEN, EncryptionType.NONE, b"", AP_ADDRESS)


def test_what_a_file_says_is_told_instead() -> None:
    assert issuer(policy=IssuingPolicy(ap_settings=b"raw")).ap_settings_for(PHONE, AP_ADDRESS) == b"raw"


def registrars_key(what: CredentialIssuer, registrar: MacAddress = PHONE) -> bytes:
    told = what.ap_settings_for(registrar, AP_ADDRESS)
    assert isinstance(told, ApSettings)
    return bytes.fromhex(told.network_key.decode())


def test_where_there_is_no_key_for_all_a_registrar_gets_one_of_its_own_once_it_has_proved_the_pin() -> None:
    what = issuer(KEYLESS)
    key = registrars_key(what)
    assert registrars_key(what) == key
    assert what.psks.given_to(PHONE) is None
    what.registrar_verified(PHONE)
    what.registrar_verified(PHONE)
    assert events_of(what) == [PskIssued(PHONE, key)]
    assert registrars_key(what) == key


def test_registrars_that_prove_nothing_do_not_fill_the_memory() -> None:
    what = issuer(KEYLESS)
    first = registrars_key(what)
    for number in range(MAX_REGISTRARS):
        registrars_key(what, MacAddress(b"\x02\x01\x00\x00\x00" + bytes((number,))))
    assert registrars_key(what) != first


def test_a_registrar_that_comes_again_keeps_its_key_and_pushes_nobody_out() -> None:
    what = issuer(KEYLESS)
    registrars = [MacAddress(b"\x02\x01\x00\x00\x00" + bytes((number,))) for number in range(MAX_REGISTRARS)]
    keys = [registrars_key(what, registrar) for registrar in registrars]
    assert [registrars_key(what, registrar) for registrar in reversed(registrars)] == keys[::-1]


# ---- M8 to us


def test_what_a_registrar_gives_becomes_wpa2_or_open() -> None:
    mixed = AuthenticationType.WPA_PERSONAL | WPA2
    given = ApSettings(Ssid(b"new"), mixed, AES | EncryptionType.TKIP, b"a new passphrase")
    assert network_settings_of(given) == NetworkSettings(Ssid(b"new"), WPA2, AES, passphrase=b"a new passphrase")
    assert network_settings_of(replace(given, network_key=PSK.hex().encode())) == NetworkSettings(
        Ssid(b"new"), WPA2, AES, psk=PSK
    )
    unprotected = replace(given, authentication_type=AuthenticationType.OPEN, network_key=b"")
    assert network_settings_of(unprotected) == replace(OPEN, ssid=Ssid(b"new"))
