# SPDX-License-Identifier: BSD-3-Clause
"""Who may associate, and for what."""

import pytest
from tests.unit.roles_bench import AP, BASIC_RATES, RATES, RSNE, SSID, WPS1, WPS2, elements_of

from wpsagent.dot11.elements import Elements
from wpsagent.dot11.frames import StatusCode
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import Ssid
from wpsagent.roles.admission import Admission, examine
from wpsagent.roles.beacons import ApDescription
from wpsagent.roles.station import Security
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, AkmSuite, CipherSuite, RsnCapability, Rsne
from wpsagent.wsc.elements import wrap

DESCRIPTION = ApDescription.on(SIMULATED_CAPABILITIES, address=AP, ssid=SSID, frequency_mhz=2437)
UNREADABLE_WPS = wrap(b"\x10\x4a\x00\x05\x10")


def decide(
    octets: bytes, rsne: Rsne | None = WPA2_PSK_CCMP, *, has_wps: bool = True, is_full: bool = False
) -> Admission:
    return examine(Elements.decode(octets), DESCRIPTION, rsne, has_wps=has_wps, is_full=is_full)


@pytest.mark.parametrize(
    ("extra", "has_rsn", "has_wps", "security"),
    [
        (RSNE, True, True, Security.RSN),
        (RSNE, True, False, Security.RSN),
        (RSNE + WPS2, True, True, Security.RSN),
        (WPS2, True, True, Security.WPS),
        (WPS1, True, True, Security.WPS_WAIT_FOR_START),
        (UNREADABLE_WPS, True, True, Security.WPS_WAIT_FOR_START),
        (b"", True, True, Security.WPS_WAIT_FOR_START),
        (b"", False, True, Security.OPEN),
        (b"", False, False, Security.OPEN),
        (WPS2, False, True, Security.WPS),
        (WPS1, False, True, Security.WPS_WAIT_FOR_START),
        (WPS2, False, False, Security.OPEN),
        (RSNE, False, True, Security.OPEN),
        (RSNE + WPS2, False, True, Security.WPS),
    ],
)
def test_what_an_association_is_for(extra: bytes, has_rsn: bool, has_wps: bool, security: Security) -> None:
    rsne = WPA2_PSK_CCMP if has_rsn else None
    assert decide(elements_of(extra), rsne, has_wps=has_wps) == Admission(
        StatusCode.SUCCESS, security, RSNE if security is Security.RSN else b""
    )


@pytest.mark.parametrize("extra", [b"", WPS2])
def test_without_wps_a_protected_network_wants_rsn(extra: bytes) -> None:
    assert decide(elements_of(extra), has_wps=False).status is StatusCode.INVALID_ELEMENT


@pytest.mark.parametrize(
    ("wanted", "status"),
    [
        (Rsne(akm_suites=(AkmSuite.SAE,)), StatusCode.INVALID_AKMP),
        (Rsne(akm_suites=(AkmSuite.PSK,), group_cipher=CipherSuite.TKIP), StatusCode.INVALID_GROUP_CIPHER),
        (
            Rsne(akm_suites=(AkmSuite.PSK,), pairwise_ciphers=(CipherSuite.TKIP,)),
            StatusCode.INVALID_PAIRWISE_CIPHER,
        ),
        (
            Rsne(akm_suites=(AkmSuite.PSK,), capabilities=RsnCapability.NO_PAIRWISE),
            StatusCode.INVALID_RSNE_CAPABILITIES,
        ),
    ],
)
def test_another_policy_is_refused_with_its_reason(wanted: Rsne, status: StatusCode) -> None:
    assert decide(elements_of(wanted.element())).status is status


def test_a_broken_rsn_element_is_refused() -> None:
    assert decide(elements_of(b"\x30\x01\x01")).status is StatusCode.INVALID_ELEMENT


@pytest.mark.parametrize("octets", [b"", elements_of(RSNE, ssid=Ssid(b"elsewhere")), elements_of(RSNE, ssid=Ssid(b""))])
def test_another_name_is_refused(octets: bytes) -> None:
    assert decide(octets) == Admission(StatusCode.REFUSED)


def test_a_station_without_the_basic_rates_is_refused() -> None:
    assert DESCRIPTION.basic_rates == BASIC_RATES
    lacking = tuple(rate for rate in RATES if rate != 22)
    assert decide(elements_of(RSNE, rates=lacking)) == Admission(StatusCode.REFUSED_BASIC_RATES_MISMATCH)
    assert decide(elements_of(RSNE, rates=BASIC_RATES)).status is StatusCode.SUCCESS


def test_a_full_network_refuses_even_wps() -> None:
    assert decide(elements_of(WPS2), is_full=True) == Admission(StatusCode.DENIED_NO_MORE_STAS)
