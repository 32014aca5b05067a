# SPDX-License-Identifier: BSD-3-Clause
"""Elements: tolerant lists, exact octets of every builder, strict typed elements."""

import random
from collections.abc import Callable

import pytest

from wpsagent.dot11 import elements as e
from wpsagent.dot11.elements import ElementId, Elements
from wpsagent.errors import DecodeError, UsageError
from wpsagent.octets import Ssid

LIST = bytes.fromhex("0003616263 010482848b96 dd050050f20410 dd050050f20411 dd0411223344 3000".replace(" ", ""))


def test_list_is_kept_in_order_and_encodes_to_the_same_octets() -> None:
    decoded = Elements.decode(LIST)
    assert [element_id for element_id, _ in decoded.items] == [0, 1, 221, 221, 221, 48]
    assert not decoded.is_truncated
    assert decoded.encode() == LIST


def test_first_all_and_vendor_find_what_is_there() -> None:
    decoded = Elements.decode(LIST)
    assert decoded.first(ElementId.SSID) == b"abc"
    assert decoded.first(ElementId.RSN) == b""
    assert decoded.first_element(ElementId.SSID) == b"\x00\x03abc"
    assert decoded.all(ElementId.VENDOR_SPECIFIC)[2] == bytes.fromhex("11223344")
    assert decoded.vendor(e.WPS_VENDOR_TYPE) == b"\x10\x11"


def test_first_and_vendor_give_none_when_nothing_is_there() -> None:
    decoded = Elements.decode(LIST)
    assert decoded.first(ElementId.ERP) is None
    assert decoded.first_element(ElementId.ERP) is None
    assert decoded.vendor(e.WPA_VENDOR_TYPE) is None
    assert not decoded.has_wmm


def test_every_truncation_keeps_the_whole_elements_before_it() -> None:
    borders = {0, 5, 11, 18, 25, 31, 33}
    whole = Elements.decode(LIST).items
    for size in range(len(LIST) + 1):
        decoded = Elements.decode(LIST[:size])
        assert decoded.is_truncated == (size not in borders)
        assert decoded.items == whole[: len([border for border in borders if 0 < border <= size])]


def test_any_octets_give_elements_and_never_an_error() -> None:
    chance = random.Random(1)
    for _ in range(500):
        octets = chance.randbytes(chance.randrange(300))
        decoded = Elements.decode(octets)
        assert octets.startswith(decoded.encode())
        assert decoded.is_truncated == (decoded.encode() != octets)
        assert decoded.ssid is None or len(decoded.ssid) <= 32
        assert all(rate < 128 for rate in decoded.rates)


def test_ssid_is_none_when_missing_or_too_long() -> None:
    assert Elements.decode(b"\x00\x00").ssid == Ssid(b"")
    assert Elements.decode(b"\x00\x21" + bytes(33)).ssid is None
    assert Elements.decode(b"").ssid is None


def test_rates_of_both_elements_are_joined_without_basic_bits_and_membership_selectors() -> None:
    octets = bytes.fromhex("010882848b960c121824 3204b0486cff 3201fb".replace(" ", ""))
    assert Elements.decode(octets).rates == (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 108)


@pytest.mark.parametrize(
    ("octets", "has_wmm"),
    [
        (e.wmm_information_element(), True),
        (e.wmm_parameter_element(), True),
        (bytes.fromhex("dd050050f20202"), False),
        (bytes.fromhex("dd040050f202"), False),
    ],
)
def test_wmm_is_recognised_by_its_information_and_parameter_elements(octets: bytes, has_wmm: bool) -> None:
    assert Elements.decode(octets).has_wmm is has_wmm


RATES = (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108)


@pytest.mark.parametrize(
    ("octets", "expected"),
    [
        (e.ssid_element(Ssid(b"net")), "00036e6574"),
        (e.supported_rates_element(RATES, (2, 4, 11, 22)), "010882848b960c121824"),
        (e.extended_supported_rates_element(RATES, (2, 4, 11, 22)), "32043048606c"),
        (e.extended_supported_rates_element(RATES[:8]), ""),
        (e.ds_parameter_element(11), "03010b"),
        (e.erp_element(), "2a0100"),
        (e.erp_element(e.ErpFlags.NON_ERP_PRESENT | e.ErpFlags.USE_PROTECTION), "2a0103"),
        (e.country_element("DE", [e.ChannelRange(1, 13, 20)]), "0706444520010d14"),
        (
            e.country_element("US", [e.ChannelRange(36, 4, 23), e.ChannelRange(149, 5, 30)], "I"),
            "070a5553492404179505" + "1e00",
        ),
        (e.vendor_element(e.WPS_VENDOR_TYPE, b"\x01"), "dd050050f20401"),
        (e.wmm_information_element(0x0F), "dd070050f20200010f"),
        (
            e.wmm_parameter_element(),
            "dd180050f2020101000003a4000027a4000042435e0062322f00",
        ),
    ],
)
def test_builder_gives_these_octets(octets: bytes, expected: str) -> None:
    assert octets.hex() == expected


def test_body_over_255_octets_is_refused() -> None:
    assert len(e.element(221, bytes(255))) == 257
    with pytest.raises(UsageError, match="the body of element 221 has 256 octets, at most 255 fit"):
        e.element(221, bytes(256))


@pytest.mark.parametrize("code", ["", "D", "DEU", "ÖX"])
def test_country_code_that_is_not_two_letters_is_refused(code: str) -> None:
    with pytest.raises(UsageError, match="a country code has two letters"):
        e.country_element(code, [])


HT_CAPABILITIES = bytes.fromhex("7e100317ffff0000" + "00" * 12 + "0100020304050607"[:12])
HT_OPERATION = bytes.fromhex("0b05130000000f" + "00" * 15)
WMM = e.WmmParameters(3, True, (e.AccessCategory(2, 2, 3, 4, 94, True), *e.DEFAULT_ACCESS_CATEGORIES[1:]))


def test_ht_capabilities_have_these_fields() -> None:
    decoded = e.HtCapabilities.decode(HT_CAPABILITIES)
    assert decoded.information == e.HtCapabilityFlags(0x107E)
    assert decoded.ampdu_parameters == 3
    assert decoded.supported_mcs_set == bytes.fromhex("17ffff00" + "00" * 12)
    assert e.ht_capabilities_element(decoded) == b"\x2d\x1a" + HT_CAPABILITIES


def test_ht_capabilities_on_20_mhz_promise_no_40_mhz_beamforming_or_antenna_selection() -> None:
    narrow = e.HtCapabilities.decode(bytes.fromhex("7330" + HT_CAPABILITIES.hex()[4:])).in_20_mhz()
    assert narrow.information == 0x203D  # reserved bit 13 stays as the radio gave it
    assert narrow.encode() == bytes.fromhex("3d20" + HT_CAPABILITIES.hex()[4:38] + "00" * 7)


def test_ht_operation_has_these_fields() -> None:
    decoded = e.HtOperation.decode(HT_OPERATION)
    assert decoded == e.HtOperation(
        11,
        e.SecondaryChannelOffset.ABOVE,
        e.HtProtection.NON_HT_MIXED,
        has_non_greenfield_stations=False,
        has_overlapping_legacy_stations=True,
        basic_mcs_set=b"\x0f" + bytes(15),
    )
    assert e.ht_operation_element(decoded) == b"\x3d\x16" + HT_OPERATION


def test_ht_operation_of_a_20_mhz_access_point() -> None:
    assert e.HtOperation(6).encode().hex() == "060004000000" + "00" * 16


def test_ht_operation_with_the_reserved_secondary_offset_is_refused() -> None:
    with pytest.raises(DecodeError, match="secondary channel offset of 2 is reserved"):
        e.HtOperation.decode(bytes.fromhex("0b02130000000f" + "00" * 15))


def test_wmm_parameters_decode_to_what_they_were() -> None:
    assert e.WmmParameters.decode(WMM.encode()) == WMM
    assert WMM.encode()[:8].hex() == "0101830052435e00"
    assert Elements.decode(e.wmm_parameter_element(WMM)).vendor(e.WMM_VENDOR_TYPE) == WMM.encode()


def test_wmm_of_another_subtype_is_refused() -> None:
    with pytest.raises(DecodeError, match="subtype and version 01 01 expected, not 00 01"):
        e.WmmParameters.decode(b"\x00\x01" + WMM.encode()[2:])


@pytest.mark.parametrize(
    ("decode", "octets"),
    [
        (e.HtCapabilities.decode, HT_CAPABILITIES),
        (e.HtOperation.decode, HT_OPERATION),
        (e.WmmParameters.decode, WMM.encode()),
        (e.AccessCategory.decode, e.VOICE.encode()),
    ],
)
def test_typed_element_of_another_length_is_refused(decode: Callable[[bytes], object], octets: bytes) -> None:
    decode(octets)
    for size in range(len(octets)):
        with pytest.raises(DecodeError, match="octets expected"):
            decode(octets[:size])
    with pytest.raises(DecodeError, match="octets expected"):
        decode(octets + b"\x00")
