# SPDX-License-Identifier: BSD-3-Clause
"""Credentials: the wire, what is forgiven, what is refused and why, and what an access point issues."""

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.wsc_runs import AP_ADDRESS, AP_SETTINGS, CREDENTIAL, STATION_ADDRESS, STATION_DEVICE, UUID_STATION

from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.attributes import Attributes, AttributesBuilder, encode_attribute
from wpsagent.wsc.attributes import AttributeType as A
from wpsagent.wsc.credential import (
    ApSettings,
    Credential,
    NetworkSettings,
    RefusedCredential,
    build_credential,
    encode_credentials,
    read_ap_settings,
    read_credentials,
)
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, ErrorIndication
from wpsagent.wsc.messages import M1, device_fields

OPEN, WPA, WPA2 = AuthenticationType.OPEN, AuthenticationType.WPA_PERSONAL, AuthenticationType.WPA2_PERSONAL
NONE, WEP, TKIP, AES = EncryptionType.NONE, EncryptionType.WEP, EncryptionType.TKIP, EncryptionType.AES

SEED = bytes.fromhex(
    "100e006f10260001011045000c6a6b6d2d7770732d74657374100300020020100f0002000810270040306534623034353663"
    "3236366665306433396164313535346131663462663731323433376163666462376633393965353466316631623032306164"
    "3434386235102000060266a0ee1727"
)


def value(**changes: Any) -> bytes:
    """A Credential's octets, with other values, or without an attribute (None)."""
    octets: dict[str, bytes | None] = {
        "NETWORK_INDEX": b"\x01",
        "SSID": b"net",
        "AUTHENTICATION_TYPE": b"\x00\x20",
        "ENCRYPTION_TYPE": b"\x00\x08",
        "NETWORK_KEY": b"passphrase",
        "MAC_ADDRESS": STATION_ADDRESS,
    }
    octets |= changes
    return b"".join(encode_attribute(A[name], octet) for name, octet in octets.items() if octet is not None)


def accepted(octets: bytes, **changes: bool) -> Credential:
    reading = read_credentials([octets], **changes)
    assert reading.refused == ()
    return reading.accepted[0]


def refused(octets: bytes, **changes: bool) -> RefusedCredential:
    reading = read_credentials([octets], **changes)
    assert reading.accepted == ()
    assert reading.error_indication == reading.refused[0].error_indication
    return reading.refused[0]


# ---- the wire


def test_the_published_credential_both_ways() -> None:
    (octets,) = Attributes.decode(SEED).all(A.CREDENTIAL)
    credential = Credential.decode(octets)
    assert credential.ssid == b"jkm-wps-test"
    assert credential.authentication_type == WPA2
    assert credential.encryption_type == AES
    assert credential.network_key == SEED[-74:-10]
    assert credential.mac_address == MacAddress.parse("02:66:a0:ee:17:27")
    assert encode_credentials([credential]) == SEED
    assert read_credentials([octets]).accepted == (credential,)


def test_the_wfa_extension_of_a_credential_both_ways() -> None:
    credential = replace(CREDENTIAL, network_key_shareable=True, multi_ap=0x80)
    octets = credential.encode()
    assert octets.hex().endswith("1049000c00372a000120" + "060180" + "020101")
    assert Credential.decode(octets) == credential
    assert "1049" not in CREDENTIAL.encode().hex()


def test_an_open_network_has_an_empty_key() -> None:
    credential = Credential(Ssid(b"open"), OPEN, NONE, b"", STATION_ADDRESS)
    assert "10270000" in credential.encode().hex()
    assert accepted(credential.encode()) == credential


def test_no_key_is_in_the_repr() -> None:
    settings = NetworkSettings(Ssid(b"n"), WPA2, AES, passphrase=b"12345678", psk=b"12345678" * 4)
    assert not any("12345678" in repr(secret) for secret in (CREDENTIAL, AP_SETTINGS, settings))


@pytest.mark.parametrize(
    "missing", ["NETWORK_INDEX", "SSID", "AUTHENTICATION_TYPE", "ENCRYPTION_TYPE", "NETWORK_KEY", "MAC_ADDRESS"]
)
def test_a_credential_without_what_it_must_have_is_refused(missing: str) -> None:
    octets = value(**{missing: None})
    with pytest.raises(DecodeError, match=missing):
        Credential.decode(octets)
    assert missing in refused(octets).reason


def test_only_an_open_network_may_lack_its_key() -> None:
    open_network = {"AUTHENTICATION_TYPE": b"\x00\x01", "NETWORK_KEY": None}
    assert accepted(value(ENCRYPTION_TYPE=b"\x00\x01", **open_network)).network_key == b""
    assert "NETWORK_KEY" in refused(value(ENCRYPTION_TYPE=b"\x00\x08", **open_network)).reason


def test_octets_that_are_no_attributes_are_refused() -> None:
    assert "offset 0" in refused(b"\x10").reason


# ---- what is forgiven


def test_the_nuls_that_pad_an_ssid_are_dropped() -> None:
    assert accepted(value(SSID=b"net".ljust(32, b"\x00"))).ssid == b"net"


def test_an_ssid_may_hold_any_octets() -> None:
    assert accepted(value(SSID=b'a"\n\x00\xffb')).ssid == b'a"\n\x00\xffb'


@pytest.mark.parametrize(
    ("key", "kept"),
    [
        (b"password1\x00", b"password1"),
        (b"12345678\x00", b"12345678"),
        (b"x" * 62 + b"\x00", b"x" * 62),
        (b"12345678", b"12345678"),
        (b"0123456789abcdefABCDEF0123456789" * 2, b"0123456789abcdefABCDEF0123456789" * 2),
        (b"x" * 63, b"x" * 63),
        ("Schlüssel".encode(), "Schlüssel".encode()),
    ],
)
def test_keys_that_are_taken(key: bytes, kept: bytes) -> None:
    assert accepted(value(NETWORK_KEY=key)).network_key == kept


def test_wpa_and_wpa2_together_are_wpa2() -> None:
    assert accepted(value(AUTHENTICATION_TYPE=b"\x00\x22")).authentication_type == WPA2


def test_wpa_alone_stays_wpa() -> None:
    assert accepted(value(AUTHENTICATION_TYPE=b"\x00\x02")).authentication_type == WPA


def test_a_credential_for_another_address_is_taken() -> None:
    assert accepted(value(MAC_ADDRESS=bytes(6))).mac_address == bytes(6)


def test_the_octet_too_many_after_the_key_is_skipped() -> None:
    octets = value(MAC_ADDRESS=None) + b"\x00" + encode_attribute(A.MAC_ADDRESS, STATION_ADDRESS)
    assert accepted(octets).network_key == b"passphrase"


# ---- what is refused, and why


@pytest.mark.parametrize(
    "key",
    [
        b"",
        b"1234567",
        b"1234567\x00",
        b"pass\nword1",
        b"pass\x7fword1",
        b"password\x00\x00",
        b"x" * 64,
        b"g" + b"0" * 63,
        b"0" * 63 + b"\x00",
    ],
)
def test_keys_that_are_none_are_refused(key: bytes) -> None:
    refusal = refused(value(NETWORK_KEY=key))
    assert "a network key" in refusal.reason
    assert refusal.error_indication == ErrorIndication.NO_ERROR


def test_a_key_beyond_64_octets_counts_as_missing() -> None:
    assert "NETWORK_KEY" in refused(value(NETWORK_KEY=b"0" * 65)).reason


@pytest.mark.parametrize("authentication_type", [b"\x00\x01", b"\x00\x02", b"\x00\x04", b"\x00\x20"])
def test_wep_is_prohibited(authentication_type: bytes) -> None:
    refusal = refused(value(AUTHENTICATION_TYPE=authentication_type, ENCRYPTION_TYPE=b"\x00\x02"))
    assert refusal.error_indication == ErrorIndication.WEP_PROHIBITED


def test_tkip_alone_is_prohibited_unless_allowed() -> None:
    octets = value(ENCRYPTION_TYPE=b"\x00\x04")
    assert refused(octets).error_indication == ErrorIndication.TKIP_ONLY_PROHIBITED
    assert accepted(octets, is_tkip_allowed=True).encryption_type == TKIP


def test_tkip_beside_aes_is_taken() -> None:
    assert accepted(value(ENCRYPTION_TYPE=b"\x00\x0c")).encryption_type == TKIP | AES


@pytest.mark.parametrize("authentication_type", [b"\x00\x04", b"\x00\x08", b"\x00\x10", b"\x00\x00", b"\x00\x21"])
def test_networks_of_other_kinds_are_refused(authentication_type: bytes) -> None:
    refusal = refused(value(AUTHENTICATION_TYPE=authentication_type))
    assert "not supported" in refusal.reason
    assert refusal.error_indication == ErrorIndication.NO_ERROR


def test_one_good_credential_is_enough() -> None:
    reading = read_credentials([value(ENCRYPTION_TYPE=b"\x00\x02"), value(), b"\x10"])
    assert [credential.ssid for credential in reading.accepted] == [b"net"]
    assert len(reading.refused) == 2
    assert reading.error_indication == ErrorIndication.WEP_PROHIBITED


def test_the_last_indication_is_the_one_reported() -> None:
    reading = read_credentials([value(ENCRYPTION_TYPE=b"\x00\x02"), value(ENCRYPTION_TYPE=b"\x00\x04"), b"\x10"])
    assert reading.error_indication == ErrorIndication.TKIP_ONLY_PROHIBITED


# ---- the settings of an access point


def test_the_settings_an_ap_tells_are_single_valued() -> None:
    settings = replace(AP_SETTINGS, authentication_type=WPA | WPA2, encryption_type=TKIP | AES)
    assert settings.encode_for_registrar().hex() == (
        "10450008746573742d777073" + "10200006020000000300" + "100300020020" + "100f00020008102700083132333435363738"
    )


@pytest.mark.parametrize(
    ("types", "expected"), [((WPA, TKIP), "100300020002100f00020004"), ((OPEN, NONE), "100300020001100f00020001")]
)
def test_the_strongest_type_there_is_is_told(types: tuple[AuthenticationType, EncryptionType], expected: str) -> None:
    octets = ApSettings(Ssid(b""), *types, b"").encode_for_registrar()
    assert octets.hex() == "10450000" + expected + "10270000"


def test_the_settings_an_ap_gets() -> None:
    octets = AP_SETTINGS.encode_for_access_point(AP_ADDRESS)
    assert octets.hex() == (
        "1026000101" + "10450008746573742d777073" + "100300020020" + "100f00020008" + "102700083132333435363738"
        "10200006020000000300"
    )
    assert ApSettings.from_attributes(Attributes.decode(octets)) == AP_SETTINGS
    assert read_ap_settings(Attributes.decode(octets)) == AP_SETTINGS


def settings_octets(
    authentication_type: int, encryption_type: int, key: bytes = b"12345678", ssid: bytes = b"n"
) -> Attributes:
    builder = AttributesBuilder().octets(A.SSID, ssid).u16(A.AUTHENTICATION_TYPE, authentication_type)
    return Attributes.decode(builder.u16(A.ENCRYPTION_TYPE, encryption_type).octets(A.NETWORK_KEY, key).build())


def test_wpa_settings_are_upgraded() -> None:
    settings = read_ap_settings(settings_octets(0x02, 0x04), is_tkip_allowed=True)
    assert isinstance(settings, ApSettings)
    assert settings.authentication_type == WPA | WPA2
    assert settings.encryption_type == TKIP | AES
    assert settings.mac_address is None


@pytest.mark.parametrize(
    ("attributes", "indication"),
    [
        (settings_octets(0x02, 0x04), ErrorIndication.TKIP_ONLY_PROHIBITED),
        (settings_octets(0x01, 0x02), ErrorIndication.WEP_PROHIBITED),
        (settings_octets(0x20, 0x08, b"1234567"), ErrorIndication.NO_ERROR),
        (settings_octets(0x10, 0x08), ErrorIndication.NO_ERROR),
        (settings_octets(0x20, 0x08, "Käsekuchen".encode()), ErrorIndication.NO_ERROR),
        (settings_octets(0x20, 0x08, ssid=bytes(32)), ErrorIndication.NO_ERROR),
        (Attributes.decode(b""), ErrorIndication.NO_ERROR),
    ],
)
def test_settings_that_an_ap_refuses(attributes: Attributes, indication: ErrorIndication) -> None:
    settings = read_ap_settings(attributes)
    assert isinstance(settings, RefusedCredential)
    assert settings.error_indication == indication


# ---- issuing


def m1(**changes: Any) -> M1:
    """A wpa_supplicant's M1: it has a display."""
    fields = device_fields(STATION_DEVICE) | {
        "authentication_types": OPEN | WPA | WPA2,
        "encryption_types": NONE | TKIP | AES,
    }
    return M1(
        uuid_e=UUID_STATION,
        mac_address=STATION_ADDRESS,
        enrollee_nonce=bytes(16),
        public_key=bytes(192),
        wps_state=1,
        device_password_id=4,
        **(fields | changes),
    )


NETWORK = NetworkSettings(Ssid(b"net"), WPA2, AES, passphrase=b"passphrase")
MIXED = NetworkSettings(Ssid(b"net"), WPA | WPA2, TKIP | AES, passphrase=b"passphrase")


def test_an_ordinary_credential() -> None:
    assert build_credential(NETWORK, m1()) == Credential(Ssid(b"net"), WPA2, AES, b"passphrase", STATION_ADDRESS)


@pytest.mark.parametrize(
    ("network", "their_types", "expected"),
    [
        (MIXED, OPEN | WPA | WPA2, WPA2),
        (MIXED, OPEN | WPA, WPA),
        (MIXED, AuthenticationType(0x1B), WPA2),  # a known misreport
        (MIXED, AuthenticationType(0), WPA2),
        (NETWORK, WPA, WPA2),  # nothing in common
    ],
)
def test_the_strongest_common_authentication(
    network: NetworkSettings, their_types: AuthenticationType, expected: AuthenticationType
) -> None:
    assert build_credential(network, m1(authentication_types=their_types)).authentication_type == expected


@pytest.mark.parametrize(
    ("network", "their_types", "expected"),
    [
        (MIXED, NONE | TKIP | AES, AES),
        (MIXED, NONE | TKIP, TKIP),
        (MIXED, NONE, AES),
        (NETWORK, TKIP, AES),
    ],
)
def test_the_strongest_common_encryption(
    network: NetworkSettings, their_types: EncryptionType, expected: EncryptionType
) -> None:
    assert build_credential(network, m1(encryption_types=their_types)).encryption_type == expected


def test_wpa_may_have_other_ciphers_than_wpa2() -> None:
    network = replace(MIXED, encryption_types=AES, wpa_encryption_types=TKIP)
    assert build_credential(network, m1()).encryption_type == AES
    assert build_credential(network, m1(authentication_types=WPA)).encryption_type == TKIP


def test_an_open_network_is_issued_without_key_and_cipher() -> None:
    credential = build_credential(NetworkSettings(Ssid(b"open"), OPEN, NONE), m1())
    assert (credential.authentication_type, credential.encryption_type, credential.network_key) == (OPEN, NONE, b"")


@pytest.mark.parametrize(
    ("network", "text"),
    [
        (replace(NETWORK, encryption_types=NONE), "no cipher"),
        (replace(NETWORK, authentication_types=AuthenticationType.SHARED), "no authentication type"),
        (replace(NETWORK, passphrase=None), "neither passphrase nor PSK"),
    ],
)
def test_a_network_that_cannot_be_told_is_a_protocol_error(network: NetworkSettings, text: str) -> None:
    with pytest.raises(ProtocolError, match=text):
        build_credential(network, m1())


PSK = bytes(range(32))
KEYPAD = ConfigMethods.KEYPAD


@pytest.mark.parametrize(
    ("network", "changes", "key"),
    [
        (replace(NETWORK, psk=PSK), {}, b"passphrase"),
        (replace(NETWORK, psk=PSK), {"config_methods": KEYPAD}, PSK.hex().encode()),
        (NETWORK, {"config_methods": KEYPAD}, b"passphrase"),
        (replace(NETWORK, passphrase=None, psk=PSK), {}, PSK.hex().encode()),
        (replace(NETWORK, psk=PSK), {"manufacturer": "Apple Inc.", "model_name": "AirPort"}, PSK.hex().encode()),
        (replace(NETWORK, psk=PSK), {"manufacturer": "Apple Inc.", "model_name": "Other"}, b"passphrase"),
    ],
)
def test_the_key_as_the_enrollee_can_use_it(network: NetworkSettings, changes: dict[str, Any], key: bytes) -> None:
    assert build_credential(network, m1(**changes)).network_key == key
