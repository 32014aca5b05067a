# SPDX-License-Identifier: BSD-3-Clause
"""Device types, UUIDs and descriptions."""

import pytest

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.wsc.device import (
    ACCESS_POINT,
    DeviceDescription,
    PrimaryDeviceType,
    encode_os_version,
    format_uuid,
    parse_uuid,
    rf_bands_of,
    uuid_from_mac,
)
from wpsagent.wsc.enumerations import RfBands


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("6-0050F204-1", "00060050f2040001"),
        ("1-0050F204-1", "00010050f2040001"),
        ("10-0050F204-5", "000a0050f2040005"),
        ("65535-DEADBEEF-65535", "ffffdeadbeefffff"),
    ],
)
def test_device_types_both_ways(text: str, octets: str) -> None:
    device_type = PrimaryDeviceType.parse(text)
    assert device_type.encode().hex() == octets
    assert PrimaryDeviceType.decode(bytes.fromhex(octets)) == device_type
    assert str(device_type) == text


def test_the_digits_of_a_device_type_may_be_lower_case() -> None:
    assert PrimaryDeviceType.parse("6-0050f204-1") == ACCESS_POINT


@pytest.mark.parametrize(
    "text",
    ["", "6", "6-0050F204", "6-0050F204-1 ", "x-0050F204-1", "6-0050F20-1", "65536-0050F204-1", "6-0050F204-65536"],
)
def test_text_that_is_no_device_type_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="not a device type"):
        PrimaryDeviceType.parse(text)


@pytest.mark.parametrize("size", [0, 7, 9])
def test_a_device_type_has_eight_octets(size: int) -> None:
    with pytest.raises(DecodeError):
        PrimaryDeviceType.decode(bytes(size))


@pytest.mark.parametrize(
    ("address", "uuid"),
    [
        ("02:00:00:00:00:00", "362db47b-a53a-5191-88fb-5458b986b2e4"),
        ("02:00:00:00:03:00", "d9ec65b2-32e4-538d-b26c-3f2b86f7a8d5"),
        ("02:66:a0:ee:17:27", "2b7093f1-d6fb-5108-adbb-bea66bb87333"),
        ("00:11:22:33:44:55", "6e7876b9-6355-525c-8fa9-d623cf06a415"),
    ],
)
def test_uuids_made_of_addresses(address: str, uuid: str) -> None:
    assert format_uuid(uuid_from_mac(MacAddress.parse(address))) == uuid
    assert parse_uuid(uuid) == parse_uuid(uuid.upper()) == uuid_from_mac(MacAddress.parse(address))


@pytest.mark.parametrize(
    "text", ["", "362db47b", "362db47ba53a519188fb5458b986b2e4", "g62db47b-a53a-5191-88fb-5458b986b2e4"]
)
def test_text_that_is_no_uuid_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="not a UUID"):
        parse_uuid(text)


def test_the_highest_bit_of_the_os_version_is_always_set() -> None:
    assert encode_os_version(0).hex() == "80000000"
    assert encode_os_version(0x80000001).hex() == "80000001"
    assert encode_os_version(0x1_0000_0002).hex() == "80000002"


def test_a_description_defaults_to_an_access_point() -> None:
    assert DeviceDescription().primary_device_type == ACCESS_POINT


@pytest.mark.parametrize(
    ("frequencies_mhz", "bands"),
    [
        ((2412, 2484), RfBands.BAND_2_4_GHZ),
        ((5180,), RfBands.BAND_5_GHZ),
        ((58320, 2437), RfBands.BAND_60_GHZ | RfBands.BAND_2_4_GHZ),
        ((5955, 902), RfBands(0)),
    ],
)
def test_the_bands_of_a_radio(frequencies_mhz: tuple[int, ...], bands: RfBands) -> None:
    assert rf_bands_of(frequencies_mhz) == bands
