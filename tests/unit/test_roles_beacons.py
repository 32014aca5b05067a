# SPDX-License-Identifier: BSD-3-Clause
"""What an access point says of itself, octet by octet, and the channels it may not use."""

from dataclasses import replace

import pytest
from tests.unit.roles_bench import AP, PHONE, RSNE, SSID

from wpsagent.capabilities import Band, Frequency, RadioCapabilities
from wpsagent.dot11.elements import ElementId, Elements
from wpsagent.dot11.frames import (
    AssociationResponse,
    Capability,
    ReassociationResponse,
    decode_frame,
)
from wpsagent.dot11.frames import Beacon as BeaconFrame
from wpsagent.errors import RadioError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import BROADCAST
from wpsagent.roles.beacons import ApDescription

HT = bytes.fromhex("2c0003ffff000000000000000000000000000000000000000000")
WPS = b"\xdd\x05\x00\x50\xf2\x04\x10"


def describe(
    capabilities: RadioCapabilities = SIMULATED_CAPABILITIES,
    frequency_mhz: int = 2437,
    *,
    rsne_element: bytes = RSNE,
    is_hidden: bool = False,
    country: str | None = None,
) -> ApDescription:
    return ApDescription.on(
        capabilities,
        address=AP,
        ssid=SSID,
        frequency_mhz=frequency_mhz,
        rsne_element=rsne_element,
        is_hidden=is_hidden,
        country=country,
    )


def radio(
    frequencies: tuple[Frequency, ...], rates: tuple[int, ...] = (2, 4, 11, 22), ht: bytes | None = None
) -> RadioCapabilities:
    return replace(SIMULATED_CAPABILITIES, bands=(Band(frequencies, rates, ht),))


def ids(octets: bytes) -> list[int]:
    return [element_id for element_id, _ in Elements.decode(octets).items]


def test_a_beacon_of_2_4_ghz_in_the_order_of_the_standard() -> None:
    beacon = describe(country="DE").beacon(WPS, WPS + b"\x00", WPS)
    head = decode_frame(beacon.head)
    assert isinstance(head, BeaconFrame)
    assert (head.destination, head.source, head.bssid, head.beacon_interval_tu) == (BROADCAST, AP, AP, 100)
    assert head.capability == Capability.ESS | Capability.PRIVACY | Capability.SHORT_SLOT_TIME
    assert head.elements.hex() == "0004686f6d65" + "010882848b960c121824" + "030106"
    assert ids(beacon.tail) == [
        ElementId.COUNTRY,
        ElementId.ERP,
        ElementId.EXTENDED_SUPPORTED_RATES,
        ElementId.RSN,
        ElementId.HT_CAPABILITIES,
        ElementId.HT_OPERATION,
        ElementId.VENDOR_SPECIFIC,
        ElementId.VENDOR_SPECIFIC,
    ]
    assert beacon.tail.startswith(bytes.fromhex("0706444520060114" + "2a0100" + "32043048606c"))
    assert beacon.tail.endswith(WPS)
    assert (beacon.probe_response_elements, beacon.association_response_elements) == (WPS + b"\x00", WPS)


def test_a_beacon_of_5_ghz_has_no_dsss_parameter_no_erp_and_no_short_slot() -> None:
    description = describe(frequency_mhz=5180)
    beacon = description.beacon(b"", b"", b"")
    head = decode_frame(beacon.head)
    assert isinstance(head, BeaconFrame)
    assert head.capability == Capability.ESS | Capability.PRIVACY
    assert ids(head.elements) == [ElementId.SSID, ElementId.SUPPORTED_RATES]
    assert ids(beacon.tail)[0] == ElementId.RSN
    assert description.basic_rates == (12, 24, 48)


def test_a_hidden_network_has_no_name_in_its_beacon_and_one_in_its_probe_response() -> None:
    description = describe(is_hidden=True)
    head = decode_frame(description.beacon(b"", b"", b"").head)
    assert isinstance(head, BeaconFrame)
    assert head.parse_elements().ssid == b""
    assert description.probe_response(PHONE, WPS).parse_elements().ssid == SSID


def test_an_open_network_promises_no_privacy() -> None:
    assert describe(rsne_element=b"").capability == Capability.ESS | Capability.SHORT_SLOT_TIME


def test_a_probe_response_says_what_the_beacon_says() -> None:
    description = describe()
    response = description.probe_response(PHONE, WPS)
    beacon = description.beacon(WPS, b"", b"")
    assert response.destination == PHONE
    assert response.encode()[24:].endswith(beacon.head[24 + 12 :] + beacon.tail)


@pytest.mark.parametrize(("is_reassociation", "kind"), [(False, AssociationResponse), (True, ReassociationResponse)])
def test_an_association_response_repeats_rates_and_ht(is_reassociation: bool, kind: type[AssociationResponse]) -> None:
    response = describe().association_response(PHONE, 0, 7, WPS, is_reassociation=is_reassociation)
    assert type(response) is kind
    assert (response.destination, response.source, response.status_code, response.aid) == (PHONE, AP, 0, 7)
    assert ids(response.elements) == [1, 50, 45, 61, 221, 221]
    assert response.elements.endswith(WPS)


def test_a_radio_of_802_11b_has_no_erp_no_extended_rates_and_no_ht() -> None:
    description = describe(radio((Frequency(2437),)), rsne_element=b"")
    assert ids(description.beacon(b"", b"", b"").tail) == [ElementId.VENDOR_SPECIFIC]
    assert description.ht is None


@pytest.mark.parametrize("ht", [None, b"\x01", HT])
def test_ht_is_offered_where_the_radio_reports_sense(ht: bytes | None) -> None:
    description = describe(radio((Frequency(2437),), ht=ht))
    assert (description.ht is not None) is (ht == HT)


@pytest.mark.parametrize(
    ("frequency", "text"),
    [
        (Frequency(2437, is_disabled=True), "regulatory domain does not let"),
        (Frequency(2437, may_initiate=False), "regulatory domain does not let"),
        (Frequency(2437, needs_radar_detection=True), "needs radar detection"),
        (Frequency(2412), "has no channel at 2437 MHz"),
    ],
)
def test_channels_that_may_not_be_used_are_refused_with_those_that_may(frequency: Frequency, text: str) -> None:
    with pytest.raises(RadioError, match=f"{text}.*; usable now: 2462"):
        describe(radio((frequency, Frequency(2462)) if frequency.mhz == 2437 else (Frequency(2462),)))


def test_a_radio_without_any_usable_channel_says_so() -> None:
    with pytest.raises(RadioError, match="usable now: none MHz"):
        describe(radio((Frequency(2437, is_disabled=True),)))
