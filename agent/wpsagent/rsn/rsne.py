# SPDX-License-Identifier: BSD-3-Clause
"""The RSN element and its elder, the WPA vendor element: codecs, and who may join whom.

Implements IEEE 802.11-2020, 9.4.2.24 (RSNE), 12.6.3 (selecting policy), table 9-50 (status codes of a refusal), and
the WPA vendor element of WPA 3.1, 2.2 (read by a station that looks at an old network).  Refuses, by DecodeError, an
element that ends inside a field, an empty list where one was announced, and a version of 0.

RSNE, after Element ID and Length; it may end after any field, and what is missing has its default:
    offset size   field                        default
    0      2      Version                      (required)
    2      4      Group Data Cipher Suite      CCMP-128
    6      2 + 4m Pairwise Cipher Suites       CCMP-128
    8+4m   2 + 4n AKM Suites                   IEEE 802.1X
    ...    2      RSN Capabilities             0
    ...    2+16s  PMKIDs                       none
    ...    4      Group Management Cipher      none named (BIP-CMAC-128 where frames are protected)

Suites are integers, OUI and type in the order of the air (0x000FAC04 is CCMP-128), as nl80211 numbers them.
"""

from collections.abc import Collection, Set
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from typing import Self

from wpsagent.dot11.elements import WPA_VENDOR_TYPE, ElementId, element, vendor_element
from wpsagent.dot11.frames import StatusCode
from wpsagent.errors import DecodeError
from wpsagent.octets import Reader

RSNE_VERSION = 1


class CipherSuite(IntEnum):
    """Cipher suites (table 9-149)."""

    USE_GROUP = 0x000FAC00
    WEP_40 = 0x000FAC01
    TKIP = 0x000FAC02
    CCMP_128 = 0x000FAC04
    WEP_104 = 0x000FAC05
    BIP_CMAC_128 = 0x000FAC06
    GROUP_NOT_ALLOWED = 0x000FAC07
    GCMP_128 = 0x000FAC08
    GCMP_256 = 0x000FAC09
    CCMP_256 = 0x000FAC0A
    BIP_GMAC_128 = 0x000FAC0B
    BIP_GMAC_256 = 0x000FAC0C
    BIP_CMAC_256 = 0x000FAC0D


class AkmSuite(IntEnum):
    """Authentication and key management suites (table 9-151)."""

    IEEE_802_1X = 0x000FAC01
    PSK = 0x000FAC02
    FT_IEEE_802_1X = 0x000FAC03
    FT_PSK = 0x000FAC04
    IEEE_802_1X_SHA256 = 0x000FAC05
    PSK_SHA256 = 0x000FAC06
    SAE = 0x000FAC08
    FT_SAE = 0x000FAC09
    OWE = 0x000FAC12


class RsnCapability(IntFlag):
    """RSN Capabilities (9.4.2.24.4); the two replay counter fields are two bits each."""

    PREAUTHENTICATION = 0x0001
    NO_PAIRWISE = 0x0002
    PTKSA_REPLAY_COUNTER = 0x000C
    GTKSA_REPLAY_COUNTER = 0x0030
    MANAGEMENT_FRAME_PROTECTION_REQUIRED = 0x0040
    MANAGEMENT_FRAME_PROTECTION_CAPABLE = 0x0080


NO_CAPABILITIES = RsnCapability(0)


class FrameProtection(IntEnum):
    """Whether a station has its management frames protected, numbered as wpa_supplicant's ieee80211w."""

    NEVER = 0
    OPTIONAL = 1  # where the access point can
    REQUIRED = 2


def _suites(reader: Reader, what: str) -> tuple[int, ...]:
    count = reader.u16_le()
    if count == 0:
        raise DecodeError(f"an empty list of {what} suites")
    return tuple(reader.u32() for _ in range(count))


def _suite_list(suites: tuple[int, ...]) -> bytes:
    return len(suites).to_bytes(2, "little") + b"".join(suite.to_bytes(4) for suite in suites)


@dataclass(frozen=True, slots=True)
class Rsne:
    """The body of an RSN element.  Suites without a name here stay integers."""

    group_cipher: int = CipherSuite.CCMP_128
    pairwise_ciphers: tuple[int, ...] = (CipherSuite.CCMP_128,)
    akm_suites: tuple[int, ...] = (AkmSuite.IEEE_802_1X,)
    capabilities: RsnCapability = NO_CAPABILITIES
    pmkids: tuple[bytes, ...] = ()
    group_management_cipher: int | None = None
    version: int = RSNE_VERSION

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """From the element's body; raises DecodeError.

        Of a version above 1 only what version 1 has is read; octets after the last field are ignored (9.4.2.24.1).
        """
        reader = Reader(body)
        version = reader.u16_le()
        if version == 0:
            raise DecodeError("RSNE: version 0 does not exist")
        group = reader.u32() if reader.remaining else CipherSuite.CCMP_128
        pairwise = _suites(reader, "pairwise cipher") if reader.remaining else (CipherSuite.CCMP_128,)
        akms = _suites(reader, "AKM") if reader.remaining else (AkmSuite.IEEE_802_1X,)
        capabilities = RsnCapability(reader.u16_le() if reader.remaining else 0)
        pmkid_count = reader.u16_le() if reader.remaining else 0
        pmkids = tuple(reader.take(16) for _ in range(pmkid_count))
        management = reader.u32() if reader.remaining else None
        return cls(group, pairwise, akms, capabilities, pmkids, management, version)

    def encode(self) -> bytes:
        """The body, up to RSN Capabilities, and beyond only if there is something to say."""
        octets = (
            self.version.to_bytes(2, "little")
            + self.group_cipher.to_bytes(4)
            + _suite_list(self.pairwise_ciphers)
            + _suite_list(self.akm_suites)
            + self.capabilities.to_bytes(2, "little")
        )
        if self.pmkids or self.group_management_cipher is not None:
            octets += len(self.pmkids).to_bytes(2, "little") + b"".join(self.pmkids)
        if self.group_management_cipher is not None:
            octets += self.group_management_cipher.to_bytes(4)
        return octets

    @property
    def protects_frames(self) -> bool:
        """True where management frames are, or can be, protected."""
        return RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE in self.capabilities

    def element(self) -> bytes:
        """The whole element, as beacons, association requests and messages 2 and 3 carry it."""
        return element(ElementId.RSN, self.encode())


def is_same_policy(one: bytes | None, other: bytes | None) -> bool:
    """True when two whole RSN elements say the same: some products leave out a default in one place only."""
    try:
        return one is not None and other is not None and Rsne.decode(one[2:]) == Rsne.decode(other[2:])
    except DecodeError:
        return False


WPA2_PSK_CCMP = Rsne(akm_suites=(AkmSuite.PSK,))
"""WPA2-Personal with CCMP for both pairwise and group traffic: what our access point offers."""


def check_association(own: Rsne, body: bytes) -> StatusCode:
    """The answer to the RSNE body of a (re)association request: SUCCESS, or why the station is refused.

    A request names one cipher and one AKM; some stations name all they have, and of those one that we offer will do.
    """
    try:
        wanted = Rsne.decode(body)
    except DecodeError:
        return StatusCode.INVALID_ELEMENT
    if wanted.version != RSNE_VERSION:
        return StatusCode.UNSUPPORTED_RSNE_VERSION
    if wanted.group_cipher != own.group_cipher:
        return StatusCode.INVALID_GROUP_CIPHER
    if not set(wanted.pairwise_ciphers) & set(own.pairwise_ciphers):
        return StatusCode.INVALID_PAIRWISE_CIPHER
    if not set(wanted.akm_suites) & set(own.akm_suites):
        return StatusCode.INVALID_AKMP
    return _check_capabilities(own, wanted)


def _check_capabilities(own: Rsne, wanted: Rsne) -> StatusCode:
    capable = RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE
    required = RsnCapability.MANAGEMENT_FRAME_PROTECTION_REQUIRED
    if RsnCapability.NO_PAIRWISE in wanted.capabilities:
        return StatusCode.INVALID_RSNE_CAPABILITIES
    if required in wanted.capabilities and capable not in wanted.capabilities:
        return StatusCode.INVALID_RSNE_CAPABILITIES
    # Table 12-5: who requires protected management frames and who cannot have them do not associate.
    if required in wanted.capabilities and capable not in own.capabilities:
        return StatusCode.ROBUST_MANAGEMENT_POLICY_VIOLATION
    if required in own.capabilities and capable not in wanted.capabilities:
        return StatusCode.ROBUST_MANAGEMENT_POLICY_VIOLATION
    return StatusCode.SUCCESS


PSK_SUITES = frozenset({AkmSuite.PSK, AkmSuite.PSK_SHA256})


def choose_for_station(
    access_point: Rsne,
    protection: FrameProtection = FrameProtection.NEVER,
    akm_suites: Collection[int] = PSK_SUITES,
) -> Rsne | None:
    """What a station of ours (WPA2-Personal, CCMP) asks of an access point, or None if they have nothing in common.

    The group cipher is the network's: CCMP, or TKIP where old stations are still served.  Management frames are
    protected with BIP-CMAC-128 only; where an access point has another cipher for them, they are not.
    """
    if access_point.version != RSNE_VERSION:
        return None
    if access_point.group_cipher not in (CipherSuite.CCMP_128, CipherSuite.TKIP):
        return None
    if CipherSuite.CCMP_128 not in access_point.pairwise_ciphers:
        return None
    has_our_cipher = access_point.group_management_cipher in (None, CipherSuite.BIP_CMAC_128)
    is_protected = access_point.protects_frames and has_our_cipher and protection is not FrameProtection.NEVER
    if not is_protected and (
        protection is FrameProtection.REQUIRED
        or RsnCapability.MANAGEMENT_FRAME_PROTECTION_REQUIRED in access_point.capabilities
    ):
        return None
    akm_suite = _choose_akm(set(access_point.akm_suites) & set(akm_suites), is_protected=is_protected)
    if akm_suite is None:
        return None
    chosen = Rsne(group_cipher=access_point.group_cipher, akm_suites=(akm_suite,))
    return _with_frame_protection(chosen, protection) if is_protected else chosen


def _choose_akm(common: Set[int], *, is_protected: bool) -> AkmSuite | None:
    """The stronger one where frames are protected; otherwise the one that everybody has."""
    order = (AkmSuite.PSK_SHA256, AkmSuite.PSK) if is_protected else (AkmSuite.PSK, AkmSuite.PSK_SHA256)
    return next((suite for suite in order if suite in common), None)


def _with_frame_protection(rsne: Rsne, protection: FrameProtection) -> Rsne:
    capabilities = RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE
    if protection is FrameProtection.REQUIRED:
        capabilities |= RsnCapability.MANAGEMENT_FRAME_PROTECTION_REQUIRED
    return replace(rsne, capabilities=capabilities, group_management_cipher=CipherSuite.BIP_CMAC_128)


# ---- WPA


class WpaCipherSuite(IntEnum):
    """Cipher suites of the WPA element (WPA 3.1, table 2)."""

    NONE = 0x0050F200
    WEP_40 = 0x0050F201
    TKIP = 0x0050F202
    CCMP = 0x0050F204
    WEP_104 = 0x0050F205


class WpaAkmSuite(IntEnum):
    """AKM suites of the WPA element (WPA 3.1, table 3)."""

    IEEE_802_1X = 0x0050F201
    PSK = 0x0050F202


@dataclass(frozen=True, slots=True)
class WpaElement:
    """The WPA vendor element, after OUI and type: Version (2), Group (4), Pairwise list, AKM list, [Capabilities (2)].

    Like the RSNE it may end after any field; the default cipher is TKIP and the default AKM is IEEE 802.1X.
    """

    group_cipher: int = WpaCipherSuite.TKIP
    pairwise_ciphers: tuple[int, ...] = (WpaCipherSuite.TKIP,)
    akm_suites: tuple[int, ...] = (WpaAkmSuite.IEEE_802_1X,)
    version: int = 1

    @classmethod
    def decode(cls, body: bytes) -> Self:
        """From what `Elements.vendor(WPA_VENDOR_TYPE)` gives; raises DecodeError.  Capabilities are read over."""
        reader = Reader(body)
        version = reader.u16_le()
        if version != 1:
            raise DecodeError(f"WPA element: version 1 expected, not {version}")
        group = reader.u32() if reader.remaining else WpaCipherSuite.TKIP
        pairwise = _suites(reader, "pairwise cipher") if reader.remaining else (WpaCipherSuite.TKIP,)
        akms = _suites(reader, "AKM") if reader.remaining else (WpaAkmSuite.IEEE_802_1X,)
        return cls(group, pairwise, akms, version)

    def encode(self) -> bytes:
        return (
            self.version.to_bytes(2, "little")
            + self.group_cipher.to_bytes(4)
            + _suite_list(self.pairwise_ciphers)
            + _suite_list(self.akm_suites)
        )

    def element(self) -> bytes:
        """The whole vendor element."""
        return vendor_element(WPA_VENDOR_TYPE, self.encode())
