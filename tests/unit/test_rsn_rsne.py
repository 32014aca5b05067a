# SPDX-License-Identifier: BSD-3-Clause
"""RSN and WPA elements: vectors both ways, short tails, and who is refused with which status code."""

import random
from dataclasses import replace

import pytest

from wpsagent.dot11.elements import WPA_VENDOR_TYPE, Elements
from wpsagent.dot11.frames import StatusCode
from wpsagent.errors import DecodeError
from wpsagent.rsn.rsne import (
    WPA2_PSK_CCMP,
    AkmSuite,
    CipherSuite,
    FrameProtection,
    RsnCapability,
    Rsne,
    WpaAkmSuite,
    WpaCipherSuite,
    WpaElement,
    check_association,
    choose_for_station,
    is_same_policy,
)

MFP_CAPABLE = RsnCapability.MANAGEMENT_FRAME_PROTECTION_CAPABLE
MFP_REQUIRED = RsnCapability.MANAGEMENT_FRAME_PROTECTION_REQUIRED
FULL = bytes.fromhex(
    "0100 000fac02 0200 000fac04 000fac02 0200 000fac02 000fac08 8c00 0200 "
    "000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f 000fac06".replace(" ", "")
)
FULL_RSNE = Rsne(
    CipherSuite.TKIP,
    (CipherSuite.CCMP_128, CipherSuite.TKIP),
    (AkmSuite.PSK, AkmSuite.SAE),
    RsnCapability(0x008C),
    (bytes(range(16)), bytes(range(16, 32))),
    CipherSuite.BIP_CMAC_128,
)


def test_wpa2_personal_has_these_octets() -> None:
    assert WPA2_PSK_CCMP.element().hex() == "30140100000fac040100000fac040100000fac020000"


def test_element_with_every_field_both_ways() -> None:
    assert Rsne.decode(FULL) == FULL_RSNE
    assert FULL_RSNE.encode() == FULL


def test_pmkids_without_a_group_management_cipher_and_the_other_way_round() -> None:
    with_pmkid = replace(WPA2_PSK_CCMP, pmkids=(bytes(16),))
    assert with_pmkid.encode() == WPA2_PSK_CCMP.encode() + b"\x01\x00" + bytes(16)
    assert Rsne.decode(with_pmkid.encode()) == with_pmkid
    with_cipher = replace(WPA2_PSK_CCMP, group_management_cipher=CipherSuite.BIP_CMAC_128)
    assert with_cipher.encode() == WPA2_PSK_CCMP.encode() + bytes.fromhex("0000000fac06")
    assert Rsne.decode(with_cipher.encode()) == with_cipher


SHORT = {
    2: Rsne(),
    6: Rsne(CipherSuite.TKIP),
    16: Rsne(CipherSuite.TKIP, FULL_RSNE.pairwise_ciphers),
    26: Rsne(CipherSuite.TKIP, FULL_RSNE.pairwise_ciphers, FULL_RSNE.akm_suites),
    28: replace(FULL_RSNE, pmkids=(), group_management_cipher=None),
    62: replace(FULL_RSNE, group_management_cipher=None),
    66: FULL_RSNE,
}


def test_element_may_end_after_any_field_and_nowhere_else() -> None:
    assert len(FULL) == 66
    for size in range(len(FULL) + 1):
        if size in SHORT:
            assert Rsne.decode(FULL[:size]) == SHORT[size]
        else:
            with pytest.raises(DecodeError):
                Rsne.decode(FULL[:size])


def test_octets_after_the_last_field_and_unknown_suites_are_tolerated() -> None:
    assert Rsne.decode(FULL + b"\x01\x02\x03") == FULL_RSNE
    unknown = Rsne.decode(bytes.fromhex("0100" + "00112233" + "0100" + "aabbccdd"))
    assert (unknown.group_cipher, unknown.pairwise_ciphers) == (0x00112233, (0xAABBCCDD,))


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        ("0000", "version 0"),
        ("0100000fac040000", "an empty list of pairwise cipher suites"),
        ("0100000fac040100000fac040000", "an empty list of AKM suites"),
    ],
)
def test_element_that_says_nothing_is_refused(octets: str, text: str) -> None:
    with pytest.raises(DecodeError, match=text):
        Rsne.decode(bytes.fromhex(octets))


def test_any_octets_give_an_element_or_decode_error() -> None:
    chance = random.Random(3)
    for _ in range(2000):
        octets = bytearray(FULL[: chance.randrange(len(FULL) + 1)])
        if octets:
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        try:
            decoded = Rsne.decode(bytes(octets))
        except DecodeError:
            assert check_association(WPA2_PSK_CCMP, bytes(octets)) is StatusCode.INVALID_ELEMENT
            continue
        assert Rsne.decode(decoded.encode()) == decoded
        assert check_association(WPA2_PSK_CCMP, bytes(octets)) in StatusCode


PROTECTED = replace(WPA2_PSK_CCMP, capabilities=MFP_CAPABLE | MFP_REQUIRED)


@pytest.mark.parametrize(
    ("own", "wanted", "status"),
    [
        (WPA2_PSK_CCMP, WPA2_PSK_CCMP, StatusCode.SUCCESS),
        (WPA2_PSK_CCMP, replace(WPA2_PSK_CCMP, capabilities=MFP_CAPABLE), StatusCode.SUCCESS),
        (WPA2_PSK_CCMP, replace(WPA2_PSK_CCMP, pmkids=(bytes(16),)), StatusCode.SUCCESS),
        (WPA2_PSK_CCMP, replace(WPA2_PSK_CCMP, akm_suites=(AkmSuite.SAE, AkmSuite.PSK)), StatusCode.SUCCESS),
        (WPA2_PSK_CCMP, replace(WPA2_PSK_CCMP, version=2), StatusCode.UNSUPPORTED_RSNE_VERSION),
        (WPA2_PSK_CCMP, replace(WPA2_PSK_CCMP, group_cipher=CipherSuite.TKIP), StatusCode.INVALID_GROUP_CIPHER),
        (WPA2_PSK_CCMP, replace(WPA2_PSK_CCMP, pairwise_ciphers=(0x000FAC02,)), StatusCode.INVALID_PAIRWISE_CIPHER),
        (WPA2_PSK_CCMP, Rsne(), StatusCode.INVALID_AKMP),
        (
            WPA2_PSK_CCMP,
            replace(WPA2_PSK_CCMP, capabilities=RsnCapability.NO_PAIRWISE),
            StatusCode.INVALID_RSNE_CAPABILITIES,
        ),
        (WPA2_PSK_CCMP, replace(WPA2_PSK_CCMP, capabilities=MFP_REQUIRED), StatusCode.INVALID_RSNE_CAPABILITIES),
        (WPA2_PSK_CCMP, PROTECTED, StatusCode.ROBUST_MANAGEMENT_POLICY_VIOLATION),
        (PROTECTED, WPA2_PSK_CCMP, StatusCode.ROBUST_MANAGEMENT_POLICY_VIOLATION),
        (PROTECTED, PROTECTED, StatusCode.SUCCESS),
    ],
)
def test_association_is_answered_with_this_status(own: Rsne, wanted: Rsne, status: StatusCode) -> None:
    assert check_association(own, wanted.encode()) is status


def test_status_codes_of_refusals_have_the_numbers_of_the_standard() -> None:
    assert check_association(WPA2_PSK_CCMP, b"\x01") == 40
    assert [StatusCode.INVALID_GROUP_CIPHER, StatusCode.INVALID_PAIRWISE_CIPHER, StatusCode.INVALID_AKMP] == [
        41,
        42,
        43,
    ]


@pytest.mark.parametrize(
    ("access_point", "chosen"),
    [
        (WPA2_PSK_CCMP, WPA2_PSK_CCMP),
        (replace(WPA2_PSK_CCMP, capabilities=MFP_CAPABLE), WPA2_PSK_CCMP),
        (FULL_RSNE, replace(WPA2_PSK_CCMP, group_cipher=CipherSuite.TKIP)),
        (replace(WPA2_PSK_CCMP, version=2), None),
        (replace(WPA2_PSK_CCMP, group_cipher=CipherSuite.GCMP_256), None),
        (replace(WPA2_PSK_CCMP, pairwise_ciphers=(CipherSuite.TKIP,)), None),
        (replace(WPA2_PSK_CCMP, akm_suites=(AkmSuite.SAE,)), None),
        (PROTECTED, None),
    ],
)
def test_station_asks_for_this_or_for_nothing(access_point: Rsne, chosen: Rsne | None) -> None:
    assert choose_for_station(access_point) == chosen


CAPABLE = replace(WPA2_PSK_CCMP, capabilities=MFP_CAPABLE)
BOTH_AKMS = replace(CAPABLE, akm_suites=(AkmSuite.PSK, AkmSuite.PSK_SHA256))
WITH_BIP = replace(CAPABLE, group_management_cipher=CipherSuite.BIP_CMAC_128)
SHA256_WITH_BIP = replace(WITH_BIP, akm_suites=(AkmSuite.PSK_SHA256,))
REQUIRED_WITH_BIP = replace(WITH_BIP, capabilities=MFP_CAPABLE | MFP_REQUIRED)


@pytest.mark.parametrize(
    ("access_point", "protection", "chosen"),
    [
        (WPA2_PSK_CCMP, FrameProtection.OPTIONAL, WPA2_PSK_CCMP),
        (WPA2_PSK_CCMP, FrameProtection.REQUIRED, None),
        (CAPABLE, FrameProtection.NEVER, WPA2_PSK_CCMP),
        (CAPABLE, FrameProtection.OPTIONAL, WITH_BIP),
        (CAPABLE, FrameProtection.REQUIRED, REQUIRED_WITH_BIP),
        (PROTECTED, FrameProtection.NEVER, None),
        (PROTECTED, FrameProtection.OPTIONAL, WITH_BIP),
        (PROTECTED, FrameProtection.REQUIRED, REQUIRED_WITH_BIP),
        (WITH_BIP, FrameProtection.OPTIONAL, WITH_BIP),
        (BOTH_AKMS, FrameProtection.OPTIONAL, SHA256_WITH_BIP),
        (BOTH_AKMS, FrameProtection.NEVER, WPA2_PSK_CCMP),
        (SHA256_WITH_BIP, FrameProtection.NEVER, replace(WPA2_PSK_CCMP, akm_suites=(AkmSuite.PSK_SHA256,))),
    ],
)
def test_station_protects_frames_as_both_sides_will(
    access_point: Rsne, protection: FrameProtection, chosen: Rsne | None
) -> None:
    assert choose_for_station(access_point, protection) == chosen


@pytest.mark.parametrize("cipher", [CipherSuite.BIP_GMAC_128, CipherSuite.BIP_GMAC_256, CipherSuite.BIP_CMAC_256])
def test_group_management_cipher_that_we_have_not_is_done_without_or_refused(cipher: CipherSuite) -> None:
    foreign = replace(CAPABLE, group_management_cipher=cipher)
    assert choose_for_station(foreign, FrameProtection.OPTIONAL) == WPA2_PSK_CCMP
    assert choose_for_station(foreign, FrameProtection.REQUIRED) is None
    assert choose_for_station(replace(PROTECTED, group_management_cipher=cipher), FrameProtection.OPTIONAL) is None


def test_akm_suite_that_the_network_does_not_allow_is_not_chosen() -> None:
    assert choose_for_station(BOTH_AKMS, FrameProtection.OPTIONAL, {AkmSuite.PSK}) == WITH_BIP
    assert choose_for_station(WITH_BIP, FrameProtection.OPTIONAL, {AkmSuite.PSK_SHA256}) is None


def test_same_policy_does_not_care_for_defaults_that_are_left_out() -> None:
    whole = WPA2_PSK_CCMP.element()
    without_capabilities = bytes((whole[0], whole[1] - 2)) + whole[2:-2]
    assert is_same_policy(whole, without_capabilities)
    assert not is_same_policy(whole, FULL_RSNE.element())
    assert not is_same_policy(whole, b"\x30\x01\x01")
    assert not is_same_policy(None, whole)
    assert not is_same_policy(whole, None)


WPA = bytes.fromhex("0100 0050f202 0200 0050f202 0050f204 0100 0050f202".replace(" ", ""))


def test_wpa_element_both_ways_and_with_short_tails() -> None:
    decoded = WpaElement.decode(WPA)
    assert decoded == WpaElement(WpaCipherSuite.TKIP, (WpaCipherSuite.TKIP, WpaCipherSuite.CCMP), (WpaAkmSuite.PSK,), 1)
    assert decoded.encode() == WPA
    assert decoded.element().hex() == "dd1a0050f201" + WPA.hex()
    assert Elements.decode(decoded.element()).vendor(WPA_VENDOR_TYPE) == WPA
    assert WpaElement.decode(WPA + b"\x00\x00") == decoded
    for size in range(len(WPA)):
        if size in (2, 6, 16):
            assert WpaElement.decode(WPA[:size]).group_cipher == WpaCipherSuite.TKIP
        else:
            with pytest.raises(DecodeError):
                WpaElement.decode(WPA[:size])


def test_wpa_element_of_another_version_is_refused() -> None:
    with pytest.raises(DecodeError, match="version 1 expected, not 2"):
        WpaElement.decode(b"\x02\x00")
