# SPDX-License-Identifier: BSD-3-Clause
"""What a radio can do: its interfaces, alone and together, its channels, and what driver and firmware do by themselves.

The values are those that nl80211 tells of a wiphy.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class InterfaceType(IntEnum):
    """Interface types, numbered as nl80211 numbers them (linux/nl80211.h, enum nl80211_iftype)."""

    ADHOC = 1
    STATION = 2
    AP = 3
    AP_VLAN = 4
    WDS = 5
    MONITOR = 6
    MESH_POINT = 7
    P2P_CLIENT = 8
    P2P_GO = 9
    P2P_DEVICE = 10


@dataclass(frozen=True, slots=True)
class Frequency:
    """One channel of a radio as the regulatory domain allows it."""

    mhz: int
    is_disabled: bool = False
    may_initiate: bool = True  # False where only listening is allowed ("no IR")
    needs_radar_detection: bool = False
    max_power_dbm: float = 20.0


@dataclass(frozen=True, slots=True)
class Band:
    """One band of a radio.

    rates: in units of 500 kbit/s.  ht_capabilities: the 26 octets of an HT Capabilities element, or None;
    vht_capabilities: the 12 octets of a VHT Capabilities element, or None (IEEE 802.11-2020, 9.4.2.55, 9.4.2.157).
    """

    frequencies: tuple[Frequency, ...]
    rates: tuple[int, ...]
    ht_capabilities: bytes | None = None
    vht_capabilities: bytes | None = None


@dataclass(frozen=True, slots=True)
class InterfaceLimit:
    """So many interfaces of these types, all together."""

    maximum: int
    types: frozenset[InterfaceType]


@dataclass(frozen=True, slots=True)
class InterfaceCombination:
    """Interfaces that a radio can have up at the same time, on so many different channels."""

    limits: tuple[InterfaceLimit, ...]
    maximum_interfaces: int
    channels: int = 1

    def allows(self, counts: Mapping[InterfaceType, int]) -> bool:
        """Whether it has room for so many interfaces of each type."""
        if sum(counts.values()) > self.maximum_interfaces:
            return False
        room = [limit.maximum for limit in self.limits]
        for kind, count in counts.items():
            # As the kernel counts (net/wireless/util.c): every limit that names the type is used up.
            fitting = [index for index, limit in enumerate(self.limits) if kind in limit.types]
            if count and (not fitting or any(room[index] < count for index in fitting)):
                return False
            for index in fitting:
                room[index] -= count
        return True


@dataclass(frozen=True, slots=True)
class RadioCapabilities:
    """What a radio can do.

    maximum_scan_ssids: how many SSIDs one scan may ask for.  maximum_scan_elements: octets of elements that its probe
    requests may carry; None where the driver does not say.  combinations: empty where it can have one interface only.
    """

    wiphy: int
    wiphy_name: str
    interface_types: frozenset[InterfaceType]
    bands: tuple[Band, ...]
    has_ap_sme: bool = False  # the AP's SME is in firmware (FullMAC): stations come as StationAssociated, not as frames
    has_control_port: bool = True  # EAPOL over nl80211; AF_PACKET otherwise
    has_control_port_status: bool = True
    cipher_suites: frozenset[int] = frozenset()
    driver: str = ""
    maximum_scan_ssids: int = 1
    maximum_scan_elements: int | None = None
    combinations: tuple[InterfaceCombination, ...] = ()
    has_channel_switch: bool = False  # an access point can announce that it moves, and take its stations along

    @property
    def supports_ap(self) -> bool:
        return InterfaceType.AP in self.interface_types

    @property
    def supports_station(self) -> bool:
        return InterfaceType.STATION in self.interface_types

    def band_of(self, mhz: int) -> Band | None:
        """The band that holds a frequency, or None."""
        return next((band for band in self.bands if any(f.mhz == mhz for f in band.frequencies)), None)

    def channels_for(self, counts: Mapping[InterfaceType, int]) -> int | None:
        """On how many channels so many interfaces of each type can be at the same time; None when they cannot be."""
        if sum(counts.values()) <= 1:
            return 1
        return max((c.channels for c in self.combinations if c.allows(counts)), default=None)
