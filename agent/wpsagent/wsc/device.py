# SPDX-License-Identifier: BSD-3-Clause
"""What a device says of itself: its description, its Primary Device Type and its UUID.

Wi-Fi Simple Configuration 2.0, sections 12 (Primary Device Type, table 41) and 7.3 (UUID); RFC 4122 for the UUID made
of a MAC address.  Refuses, with DecodeError, text that is no device type or no UUID.
"""

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Self

from wpsagent.dot11.channels import FrequencyBand, band_of
from wpsagent.errors import DecodeError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.wsc.enumerations import ConfigMethods, RfBands

_WFA_OUI = b"\x00\x50\xf2\x04"
_DEVICE_TYPE_TEXT = re.compile(r"([0-9]{1,5})-([0-9A-Fa-f]{8})-([0-9]{1,5})")
_UUID_TEXT = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_UUID_NAME_SPACE = bytes.fromhex("526480f8c99b4be5a65558ed5f5d6084")


@dataclass(frozen=True, slots=True)
class PrimaryDeviceType:
    """Primary Device Type (table 41).

    offset  size  field
    0       2     category: 1 computer, 6 network infrastructure, 10 telephone, ...
    2       4     OUI and type: 00 50 f2 04 for the categories of Wi-Fi Alliance
    6       2     sub-category: 6-1 is an access point, 1-1 a personal computer
    """

    category: int
    subcategory: int
    oui: bytes = _WFA_OUI

    @classmethod
    def parse(cls, text: str) -> Self:
        """From text such as 6-0050F204-1; raises DecodeError."""
        match = _DEVICE_TYPE_TEXT.fullmatch(text)
        if match is None:
            raise DecodeError(f"not a device type: {text!r} (expected such as 6-0050F204-1)")
        category, subcategory = int(match[1]), int(match[3])
        if category > 0xFFFF or subcategory > 0xFFFF:
            raise DecodeError(f"not a device type: {text!r} (categories go up to 65535)")
        return cls(category, subcategory, bytes.fromhex(match[2]))

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From the eight octets of the attribute; raises DecodeError."""
        if len(octets) != 8:
            raise DecodeError(f"a Primary Device Type has 8 octets, not {len(octets)}")
        return cls(int.from_bytes(octets[:2]), int.from_bytes(octets[6:]), octets[2:6])

    def encode(self) -> bytes:
        return self.category.to_bytes(2) + self.oui + self.subcategory.to_bytes(2)

    def __str__(self) -> str:
        return f"{self.category}-{self.oui.hex().upper()}-{self.subcategory}"


ACCESS_POINT = PrimaryDeviceType(6, 1)
COMPUTER = PrimaryDeviceType(1, 1)

_OS_VERSION_RESERVED = 0x80000000
NO_CONFIG_METHODS = ConfigMethods(0)


@dataclass(frozen=True, slots=True)
class DeviceDescription:
    """What a device tells its peers of itself in M1, M2, M2D and probe frames.

    Longest texts, in octets of UTF-8: manufacturer 64, the others 32; longer ones are cut when they are sent.
    os_version has its highest bit set on the wire, whatever is given here.
    """

    manufacturer: str = ""
    model_name: str = ""
    model_number: str = ""
    serial_number: str = ""
    primary_device_type: PrimaryDeviceType = ACCESS_POINT
    device_name: str = ""
    os_version: int = _OS_VERSION_RESERVED
    config_methods: ConfigMethods = NO_CONFIG_METHODS
    rf_bands: RfBands = RfBands.BAND_2_4_GHZ


_RF_BANDS = {
    FrequencyBand.GHZ_2_4: RfBands.BAND_2_4_GHZ,
    FrequencyBand.GHZ_5: RfBands.BAND_5_GHZ,
    FrequencyBand.GHZ_60: RfBands.BAND_60_GHZ,
}


def rf_bands_of(frequencies_mhz: Iterable[int]) -> RfBands:
    """RF Bands (table 50) of channels by their centres; none of 6 GHz, where there is no WPS, or of no known band."""
    bands = RfBands(0)
    for mhz in frequencies_mhz:
        with suppress(UsageError):
            bands |= _RF_BANDS.get(band_of(mhz), RfBands(0))
    return bands


def encode_os_version(os_version: int) -> bytes:
    """OS Version: four octets, the highest bit set (section 12)."""
    return (os_version & 0xFFFFFFFF | _OS_VERSION_RESERVED).to_bytes(4)


def uuid_from_mac(address: MacAddress) -> bytes:
    """The UUID (16 octets) of a device that has none configured: RFC 4122 version 5 over its MAC address.

    Name space 526480f8-c99b-4be5-a655-58ed5f5d6084, as hostapd and wpa_supplicant have it, so that a device keeps its
    identity when it changes from them to this agent.
    """
    digest = bytearray(hashlib.sha1(_UUID_NAME_SPACE + address, usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


def format_uuid(octets: bytes) -> str:
    """The text of a UUID: 8-4-4-4-12 lower-case digits."""
    digits = octets.hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def parse_uuid(text: str) -> bytes:
    """The 16 octets of a UUID's text; raises DecodeError."""
    if not _UUID_TEXT.fullmatch(text):
        raise DecodeError(f"not a UUID: {text!r} (expected such as 2b7093f1-d6fb-5108-adbb-bea66bb87333)")
    return bytes.fromhex(text.replace("-", ""))
