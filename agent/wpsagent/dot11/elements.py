# SPDX-License-Identifier: BSD-3-Clause
"""Elements: the tagged fields of management frames.

Implements IEEE 802.11-2020, 9.4.2 (the elements an access point sends and a station is chosen by) and the WMM
elements of the Wi-Fi Multimedia specification 1.2, 2.2.  Reading a list of elements never fails: what a broken frame
still holds is kept in order, an element that runs past the end is dropped and `is_truncated` says so.  The typed
elements are strict about their own length and raise DecodeError.

    element:  offset 0, 1 octet, Element ID;  1, 1 octet, Length;  2, Length octets, body

Every function named `*_element` gives whole elements, ready to be joined; `decode` and `encode` of a typed element
take and give its body.  Rates are in units of 500 kbit/s.  Integers are little-endian.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from typing import Self

from wpsagent.errors import DecodeError, UsageError
from wpsagent.octets import Reader, Ssid

MICROSOFT_OUI = b"\x00\x50\xf2"
WPA_VENDOR_TYPE = MICROSOFT_OUI + b"\x01"
WMM_VENDOR_TYPE = MICROSOFT_OUI + b"\x02"
WPS_VENDOR_TYPE = MICROSOFT_OUI + b"\x04"


class ElementId(IntEnum):
    """Element IDs (IEEE 802.11-2020, table 9-92); those in use here."""

    SSID = 0
    SUPPORTED_RATES = 1
    DS_PARAMETER_SET = 3
    TIM = 5
    COUNTRY = 7
    CHALLENGE_TEXT = 16
    POWER_CAPABILITY = 33
    SUPPORTED_CHANNELS = 36
    CHANNEL_SWITCH_ANNOUNCEMENT = 37
    ERP = 42
    HT_CAPABILITIES = 45
    RSN = 48
    EXTENDED_SUPPORTED_RATES = 50
    SUPPORTED_OPERATING_CLASSES = 59
    HT_OPERATION = 61
    EXTENDED_CAPABILITIES = 127
    VHT_CAPABILITIES = 191
    VHT_OPERATION = 192
    VENDOR_SPECIFIC = 221
    EXTENSION = 255


@dataclass(frozen=True, slots=True)
class Elements:
    """The elements of a frame, in order, as (Element ID, body).

    is_truncated: the last element ran past the end of the frame, or one octet was left over; it is not in the list.
    """

    items: tuple[tuple[int, bytes], ...] = ()
    is_truncated: bool = False

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """Never raises: a broken tail is left out and is_truncated is set."""
        items: list[tuple[int, bytes]] = []
        at, end = 0, len(octets)
        # By hand and not by Reader: a scan brings ten thousand elements.
        while at + 2 <= end:
            next_at = at + 2 + octets[at + 1]
            if next_at > end:
                break
            items.append((octets[at], octets[at + 2 : next_at]))
            at = next_at
        return cls(tuple(items), is_truncated=at < end)

    def encode(self) -> bytes:
        return b"".join(element(element_id, body) for element_id, body in self.items)

    def first(self, element_id: int) -> bytes | None:
        """The body of the first element of an id, or None."""
        return next((body for found, body in self.items if found == element_id), None)

    def first_element(self, element_id: int) -> bytes | None:
        """The first element of an id as it stood in the frame, header included, or None."""
        body = self.first(element_id)
        return None if body is None else element(element_id, body)

    def all(self, element_id: int) -> tuple[bytes, ...]:
        """The bodies of all elements of an id, in order."""
        return tuple(body for found, body in self.items if found == element_id)

    def vendor(self, oui_and_type: bytes) -> bytes | None:
        """What follows oui_and_type in the vendor elements that begin with it, joined in order; None without any."""
        bodies = [body for body in self.all(ElementId.VENDOR_SPECIFIC) if body.startswith(oui_and_type)]
        return b"".join(body[len(oui_and_type) :] for body in bodies) if bodies else None

    @property
    def ssid(self) -> Ssid | None:
        """The SSID, empty for the wildcard; None when the element is missing or longer than an SSID may be."""
        body = self.first(ElementId.SSID)
        return Ssid(body) if body is not None and len(body) <= 32 else None

    @property
    def rates(self) -> tuple[int, ...]:
        """Supported and Extended Supported Rates, in order, without the basic bit and BSS membership selectors."""
        octets = b"".join(self.all(ElementId.SUPPORTED_RATES) + self.all(ElementId.EXTENDED_SUPPORTED_RATES))
        return tuple(octet & 0x7F for octet in octets if octet not in _MEMBERSHIP_SELECTORS)

    @property
    def has_wmm(self) -> bool:
        """True with a WMM Information (subtype 0) or WMM Parameter (subtype 1) element."""
        body = self.vendor(WMM_VENDOR_TYPE)
        return body is not None and body[:1] in (b"\x00", b"\x01")


# BSS membership selectors share the rates' octets with the basic bit set (table 9-95): SAE H2E, EPD, GLK, VHT, HT.
_MEMBERSHIP_SELECTORS = frozenset(0x80 | selector for selector in range(122, 128))


# ---- builders of whole elements


def element(element_id: int, body: bytes) -> bytes:
    """One whole element; raises UsageError for a body over 255 octets."""
    if len(body) > 255:
        raise UsageError(f"the body of element {element_id} has {len(body)} octets, at most 255 fit")
    return bytes((element_id, len(body))) + body


def ssid_element(ssid: Ssid) -> bytes:
    """SSID (9.4.2.2)."""
    return element(ElementId.SSID, ssid)


def _rate_octets(rates: Sequence[int], basic_rates: Iterable[int]) -> bytes:
    basic = frozenset(basic_rates)
    return bytes(rate | 0x80 if rate in basic else rate for rate in rates)


def supported_rates_element(rates: Sequence[int], basic_rates: Iterable[int] = ()) -> bytes:
    """Supported Rates (9.4.2.3): the first eight rates, basic ones with the top bit."""
    return element(ElementId.SUPPORTED_RATES, _rate_octets(rates[:8], basic_rates))


def extended_supported_rates_element(rates: Sequence[int], basic_rates: Iterable[int] = ()) -> bytes:
    """Extended Supported Rates (9.4.2.12): the rates from the ninth on; nothing when there are none."""
    if len(rates) <= 8:
        return b""
    return element(ElementId.EXTENDED_SUPPORTED_RATES, _rate_octets(rates[8:], basic_rates))


def ds_parameter_element(channel: int) -> bytes:
    """DSSS Parameter Set (9.4.2.4)."""
    return element(ElementId.DS_PARAMETER_SET, bytes((channel,)))


class ErpFlags(IntFlag):
    """ERP Information (9.4.2.11)."""

    NON_ERP_PRESENT = 0x01
    USE_PROTECTION = 0x02
    BARKER_PREAMBLE_MODE = 0x04


def erp_element(flags: int = 0) -> bytes:
    """ERP (9.4.2.11) with these ErpFlags: sent by an access point of the 2.4 GHz band that has OFDM rates."""
    return element(ElementId.ERP, bytes((flags,)))


@dataclass(frozen=True, slots=True)
class ChannelRange:
    """One subband triplet of a Country element: first channel, number of channels, greatest power in dBm."""

    first_channel: int
    channel_count: int
    max_power_dbm: int


def country_element(alpha2: str, ranges: Iterable[ChannelRange], environment: str = " ") -> bytes:
    """Country (9.4.2.8): environment is ' ' any, 'I' indoor, 'O' outdoor.  Padded to even length; raises UsageError."""
    if len(alpha2) != 2 or not alpha2.isascii():
        raise UsageError(f"a country code has two letters, not {alpha2!r}")
    body = (alpha2 + environment).encode("ascii")
    body += b"".join(bytes((r.first_channel, r.channel_count, r.max_power_dbm)) for r in ranges)
    return element(ElementId.COUNTRY, body + bytes(len(body) % 2))


def vendor_element(oui_and_type: bytes, body: bytes) -> bytes:
    """One Vendor Specific element (9.4.2.25)."""
    return element(ElementId.VENDOR_SPECIFIC, oui_and_type + body)


# ---- high throughput


class HtCapabilityFlags(IntFlag):
    """HT Capability Information (9.4.2.55.2)."""

    LDPC_CODING = 0x0001
    SUPPORTED_CHANNEL_WIDTH_40 = 0x0002
    SM_POWER_SAVE_DISABLED = 0x000C  # both bits: 0 static, 1 dynamic, 3 disabled
    HT_GREENFIELD = 0x0010
    SHORT_GI_20 = 0x0020
    SHORT_GI_40 = 0x0040
    TX_STBC = 0x0080
    RX_STBC = 0x0300
    HT_DELAYED_BLOCK_ACK = 0x0400
    MAX_AMSDU_7935 = 0x0800
    DSSS_CCK_40 = 0x1000
    FORTY_MHZ_INTOLERANT = 0x4000
    L_SIG_TXOP_PROTECTION = 0x8000


_ONLY_IN_40_MHZ = (
    HtCapabilityFlags.SUPPORTED_CHANNEL_WIDTH_40 | HtCapabilityFlags.SHORT_GI_40 | HtCapabilityFlags.DSSS_CCK_40
)


@dataclass(frozen=True, slots=True)
class HtCapabilities:
    """HT Capabilities (9.4.2.55).

    offset size field
    0      2    HT Capability Information
    2      1    A-MPDU Parameters
    3      16   Supported MCS Set: 77 bits of receive MCSs, ...
    19     2    HT Extended Capabilities
    21     4    Transmit Beamforming Capabilities
    25     1    ASEL Capability
    """

    information: HtCapabilityFlags
    ampdu_parameters: int
    supported_mcs_set: bytes
    extended_capabilities: int = 0
    beamforming_capabilities: int = 0
    asel_capability: int = 0

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """From the 26 octets of the body; raises DecodeError."""
        _expect_length("HT Capabilities", body, 26)
        reader = Reader(body)
        return cls(
            HtCapabilityFlags(reader.u16_le()),
            reader.u8(),
            reader.take(16),
            reader.u16_le(),
            reader.u32_le(),
            reader.u8(),
        )

    def encode(self) -> bytes:
        return (
            self.information.to_bytes(2, "little")
            + bytes((self.ampdu_parameters,))
            + self.supported_mcs_set
            + self.extended_capabilities.to_bytes(2, "little")
            + self.beamforming_capabilities.to_bytes(4, "little")
            + bytes((self.asel_capability,))
        )

    def in_20_mhz(self) -> Self:
        """What an access point with this radio promises on a 20 MHz channel: no 40 MHz, beamforming or ASEL.

        An access point does not sleep on its antennas: SM Power Save is 3, disabled (9.4.2.55.2).
        """
        information = int(self.information) & ~int(_ONLY_IN_40_MHZ) | HtCapabilityFlags.SM_POWER_SAVE_DISABLED
        return type(self)(HtCapabilityFlags(information), self.ampdu_parameters, self.supported_mcs_set)


def ht_capabilities_element(capabilities: HtCapabilities) -> bytes:
    return element(ElementId.HT_CAPABILITIES, capabilities.encode())


class SecondaryChannelOffset(IntEnum):
    """Secondary Channel Offset (table 9-190)."""

    NONE = 0
    ABOVE = 1
    BELOW = 3


class HtProtection(IntEnum):
    """HT Protection (table 9-190)."""

    NONE = 0
    NON_MEMBER = 1
    TWENTY_MHZ = 2
    NON_HT_MIXED = 3


@dataclass(frozen=True, slots=True)
class HtOperation:
    """HT Operation (9.4.2.56).

    offset size field
    0      1    Primary Channel
    1      1    B0-1 Secondary Channel Offset, B2 STA Channel Width (1: any), B3 RIFS Mode
    2      2    B0-1 HT Protection, B2 Nongreenfield HT STAs Present, B4 OBSS Non-HT STAs Present
    4      2    dual beacon, dual CTS, STBC beacon: 0 here
    6      16   Basic HT-MCS Set
    """

    primary_channel: int
    secondary_channel_offset: SecondaryChannelOffset = SecondaryChannelOffset.NONE
    protection: HtProtection = HtProtection.NONE
    has_non_greenfield_stations: bool = True
    has_overlapping_legacy_stations: bool = False
    basic_mcs_set: bytes = bytes(16)

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """From the 22 octets of the body; raises DecodeError.  Bits that have no field here are read over."""
        _expect_length("HT Operation", body, 22)
        offset = body[1] & 0x03
        if offset == 2:
            raise DecodeError("HT Operation: a secondary channel offset of 2 is reserved")
        return cls(
            body[0],
            SecondaryChannelOffset(offset),
            HtProtection(body[2] & 0x03),
            bool(body[2] & 0x04),
            bool(body[2] & 0x10),
            body[6:],
        )

    def encode(self) -> bytes:
        is_wide = self.secondary_channel_offset is not SecondaryChannelOffset.NONE
        width = self.secondary_channel_offset | (0x04 if is_wide else 0)
        protection = (
            self.protection
            | (0x04 if self.has_non_greenfield_stations else 0)
            | (0x10 if self.has_overlapping_legacy_stations else 0)
        )
        return bytes((self.primary_channel, width, protection, 0, 0, 0)) + self.basic_mcs_set


def ht_operation_element(operation: HtOperation) -> bytes:
    return element(ElementId.HT_OPERATION, operation.encode())


# ---- WMM


@dataclass(frozen=True, slots=True)
class AccessCategory:
    """One AC Parameters record (WMM 1.2, 2.2.2): octet 0 ACM, ACI, AIFSN; 1 ECWmin, ECWmax; 2-3 TXOP Limit.

    cw_min and cw_max are exponents: CW = 2^ECW - 1.  txop_limit is in units of 32 microseconds.
    """

    index: int
    aifsn: int
    cw_min: int
    cw_max: int
    txop_limit: int
    is_admission_mandatory: bool = False

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From four octets; raises DecodeError."""
        _expect_length("WMM AC Parameters", octets, 4)
        first, exponents = octets[0], octets[1]
        return cls(
            first >> 5 & 0x03,
            first & 0x0F,
            exponents & 0x0F,
            exponents >> 4,
            int.from_bytes(octets[2:], "little"),
            bool(first & 0x10),
        )

    def encode(self) -> bytes:
        first = self.index << 5 | (0x10 if self.is_admission_mandatory else 0) | self.aifsn
        return bytes((first, self.cw_max << 4 | self.cw_min)) + self.txop_limit.to_bytes(2, "little")


# What an access point tells its stations: default EDCA parameters for OFDM (IEEE 802.11-2020, table 9-155).
BEST_EFFORT = AccessCategory(index=0, aifsn=3, cw_min=4, cw_max=10, txop_limit=0)
BACKGROUND = AccessCategory(index=1, aifsn=7, cw_min=4, cw_max=10, txop_limit=0)
VIDEO = AccessCategory(index=2, aifsn=2, cw_min=3, cw_max=4, txop_limit=94)
VOICE = AccessCategory(index=3, aifsn=2, cw_min=2, cw_max=3, txop_limit=47)
DEFAULT_ACCESS_CATEGORIES = (BEST_EFFORT, BACKGROUND, VIDEO, VOICE)


@dataclass(frozen=True, slots=True)
class WmmParameters:
    """WMM Parameter element (WMM 1.2, 2.2.2), from the octet after the OUI and the OUI Type on.

    offset size field
    0      1    OUI Subtype 1
    1      1    Version 1
    2      1    QoS Info: B0-3 Parameter Set Count, B7 U-APSD
    3      1    reserved
    4      16   AC Parameters of best effort, background, video, voice
    """

    parameter_set_count: int = 0
    has_uapsd: bool = False
    access_categories: tuple[AccessCategory, ...] = DEFAULT_ACCESS_CATEGORIES

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """From the 20 octets that `Elements.vendor(WMM_VENDOR_TYPE)` gives; raises DecodeError."""
        _expect_length("WMM Parameter", body, 20)
        if body[:2] != b"\x01\x01":
            raise DecodeError(f"WMM Parameter: subtype and version 01 01 expected, not {body[:2].hex(' ')}")
        records = tuple(AccessCategory.decode(body[at : at + 4]) for at in range(4, 20, 4))
        return cls(body[2] & 0x0F, bool(body[2] & 0x80), records)

    def encode(self) -> bytes:
        qos_info = self.parameter_set_count | (0x80 if self.has_uapsd else 0)
        return bytes((1, 1, qos_info, 0)) + b"".join(category.encode() for category in self.access_categories)


def wmm_parameter_element(parameters: WmmParameters = WmmParameters()) -> bytes:
    """What an access point puts into beacons, probe and association responses."""
    return vendor_element(WMM_VENDOR_TYPE, parameters.encode())


def wmm_information_element(qos_info: int = 0) -> bytes:
    """What a station puts into association requests (WMM 1.2, 2.2.1)."""
    return vendor_element(WMM_VENDOR_TYPE, bytes((0, 1, qos_info)))


def _expect_length(name: str, octets: bytes, length: int) -> None:
    if len(octets) != length:
        raise DecodeError(f"{name}: {length} octets expected, not {len(octets)}")
