# SPDX-License-Identifier: BSD-3-Clause
"""What an access point says of itself: the elements of its beacons and responses (IEEE 802.11-2020, 9.3.3).

The order of elements is that of the standard's tables for beacon, probe response and association response: SSID,
rates, DSSS Parameter Set, (TIM,) Country, ERP, Extended Supported Rates, RSN, HT Capabilities, HT Operation, and the
vendor elements WMM and WPS last.
"""

from dataclasses import dataclass
from typing import Self

from wpsagent.capabilities import Band, RadioCapabilities
from wpsagent.dot11.channels import FrequencyBand, band_of, channel_of
from wpsagent.dot11.elements import (
    ChannelRange,
    HtCapabilities,
    HtOperation,
    country_element,
    ds_parameter_element,
    erp_element,
    extended_supported_rates_element,
    ht_capabilities_element,
    ht_operation_element,
    ssid_element,
    supported_rates_element,
    wmm_parameter_element,
)
from wpsagent.dot11.frames import AssociationResponse, Capability, ProbeResponse, ReassociationResponse
from wpsagent.dot11.frames import Beacon as BeaconFrame
from wpsagent.errors import DecodeError, RadioError
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import Beacon

# Rates in units of 500 kbit/s: those every station of the band must know.
_BASIC_2_4_GHZ = (2, 4, 11, 22)
_BASIC_5_GHZ = (12, 24, 48)
_CCK_11 = 22  # the fastest CCK rate; all others from 12 on are OFDM


def _capable_band(capabilities: RadioCapabilities, frequency_mhz: int) -> Band:
    """The band of a channel that may beacon; raises RadioError that says why it may not."""
    band = capabilities.band_of(frequency_mhz)
    frequency = next((f for f in band.frequencies if f.mhz == frequency_mhz), None) if band else None
    usable = sorted(
        f.mhz
        for b in capabilities.bands
        for f in b.frequencies
        if f.may_initiate and not f.is_disabled and not f.needs_radar_detection
    )
    hint = f"; usable now: {', '.join(map(str, usable)) or 'none'} MHz"
    name = capabilities.wiphy_name
    if band is None or frequency is None:
        raise RadioError(f"{name} has no channel at {frequency_mhz} MHz{hint}")
    if frequency.is_disabled or not frequency.may_initiate:
        raise RadioError(f"the regulatory domain does not let {name} start a network at {frequency_mhz} MHz{hint}")
    if frequency.needs_radar_detection:
        raise RadioError(f"{frequency_mhz} MHz needs radar detection, which is not done here{hint}")
    return band


def _ht_of(band: Band) -> HtCapabilities | None:
    try:
        return HtCapabilities.decode(band.ht_capabilities).in_20_mhz() if band.ht_capabilities else None
    except DecodeError:
        return None  # a driver that reports nonsense gets a network without 802.11n


@dataclass(frozen=True, slots=True)
class ApDescription:
    """The constant part of what an access point says; WPS elements change and are arguments."""

    address: MacAddress
    ssid: Ssid
    frequency_mhz: int
    beacon_interval_tu: int
    rsne_element: bytes
    is_hidden: bool
    country: str | None
    rates: tuple[int, ...]
    basic_rates: tuple[int, ...]
    ht: HtCapabilities | None

    @classmethod
    def on(
        cls,
        capabilities: RadioCapabilities,
        *,
        address: MacAddress,
        ssid: Ssid,
        frequency_mhz: int,
        beacon_interval_tu: int = 100,
        rsne_element: bytes = b"",
        is_hidden: bool = False,
        country: str | None = None,
    ) -> Self:
        """For a radio; raises RadioError when the channel cannot be used."""
        band = _capable_band(capabilities, frequency_mhz)
        is_2_4_ghz = band_of(frequency_mhz) is FrequencyBand.GHZ_2_4
        basic = tuple(rate for rate in (_BASIC_2_4_GHZ if is_2_4_ghz else _BASIC_5_GHZ) if rate in band.rates)
        return cls(
            address,
            ssid,
            frequency_mhz,
            beacon_interval_tu,
            rsne_element,
            is_hidden,
            country,
            band.rates,
            basic,
            _ht_of(band),
        )

    @property
    def is_2_4_ghz(self) -> bool:
        return band_of(self.frequency_mhz) is FrequencyBand.GHZ_2_4

    @property
    def capability(self) -> Capability:
        """Capability Information of all our frames; short slot time is an affair of 2.4 GHz only."""
        capability = Capability.ESS
        if self.rsne_element:
            capability |= Capability.PRIVACY
        return capability | Capability.SHORT_SLOT_TIME if self.is_2_4_ghz else capability

    def beacon(self, wps_element: bytes, probe_wps_element: bytes, association_wps_element: bytes) -> Beacon:
        """Beacon in its two parts, and the elements for firmware that answers by itself."""
        head = BeaconFrame(
            BROADCAST,
            self.address,
            self.address,
            self._first_elements(b"" if self.is_hidden else self.ssid),
            self.capability,
            self.beacon_interval_tu,
        )
        return Beacon(
            head=head.encode(),
            tail=self._later_elements() + wps_element,
            probe_response_elements=probe_wps_element,
            association_response_elements=association_wps_element,
        )

    def probe_response(self, destination: MacAddress, wps_element: bytes) -> ProbeResponse:
        """The answer to a probe request, which names a hidden network too: the station has named it first."""
        elements = self._first_elements(self.ssid) + self._later_elements() + wps_element
        return ProbeResponse(
            destination, self.address, self.address, elements, self.capability, self.beacon_interval_tu
        )

    def association_response(
        self, destination: MacAddress, status_code: int, aid: int, wps_element: bytes, *, is_reassociation: bool
    ) -> AssociationResponse:
        elements = supported_rates_element(self.rates, self.basic_rates)
        elements += extended_supported_rates_element(self.rates, self.basic_rates)
        elements += self._ht_elements() + wmm_parameter_element() + wps_element
        kind = ReassociationResponse if is_reassociation else AssociationResponse
        return kind(destination, self.address, self.address, elements, self.capability, status_code, aid)

    def _first_elements(self, ssid: bytes) -> bytes:
        elements = ssid_element(Ssid(ssid)) + supported_rates_element(self.rates, self.basic_rates)
        return elements + ds_parameter_element(channel_of(self.frequency_mhz)) if self.is_2_4_ghz else elements

    def _later_elements(self) -> bytes:
        elements = b""
        if self.country is not None:
            elements += country_element(self.country, [ChannelRange(channel_of(self.frequency_mhz), 1, 20)])
        if self.is_2_4_ghz and any(rate >= 12 and rate != _CCK_11 for rate in self.rates):
            elements += erp_element()
        elements += extended_supported_rates_element(self.rates, self.basic_rates)
        return elements + self.rsne_element + self._ht_elements() + wmm_parameter_element()

    def _ht_elements(self) -> bytes:
        if self.ht is None:
            return b""
        return ht_capabilities_element(self.ht) + ht_operation_element(HtOperation(channel_of(self.frequency_mhz)))
