# SPDX-License-Identifier: BSD-3-Clause
"""Flags and the texts of SCAN_RESULTS and BSS, to the letter: front ends parse them."""

import pytest
from tests.unit.sta_air import (
    BUTTON_SELECTED,
    OWN,
    PIN_SELECTED,
    RSNE,
    UNREADABLE_WPS,
    UUID,
    address,
    bss,
    pressed,
    probe_response_wps,
    result,
    table_of,
    wps,
)

from wpsagent.dot11.elements import element, supported_rates_element
from wpsagent.dot11.frames import Capability
from wpsagent.octets import BROADCAST
from wpsagent.roles.sta.bss_table import Bss, BssTable
from wpsagent.roles.sta.bss_text import DEFAULT_MASK, BssMask, bss_reply, bss_text, scan_results_text, wps_text
from wpsagent.roles.sta.events import WpsAvailable
from wpsagent.roles.sta.flags import best_wps_available, flags_text, wps_available
from wpsagent.rsn.rsne import AkmSuite, CipherSuite, RsnCapability, Rsne, WpaAkmSuite, WpaCipherSuite, WpaElement
from wpsagent.wsc.attributes import AttributesBuilder, AttributeType
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.elements import ProbeResponseAttributes, SelectedRegistrar, wrap
from wpsagent.wsc.enumerations import ConfigMethods, WpsState

OTHER = address(0x999)
WPA_PSK = WpaElement(akm_suites=(WpaAkmSuite.PSK,)).element()
NO_ID_SELECTED = SelectedRegistrar(None, None)


def rsn(*akms: int, ciphers: tuple[int, ...] = (CipherSuite.CCMP_128,), capabilities: int = 0) -> bytes:
    return Rsne(
        akm_suites=akms or (AkmSuite.PSK,), pairwise_ciphers=ciphers, capabilities=RsnCapability(capabilities)
    ).element()


OPEN = Capability.ESS
PRIVATE = Capability.ESS | Capability.PRIVACY


@pytest.mark.parametrize(
    ("elements", "capability", "text"),
    [
        (b"", OPEN, "[ESS]"),
        (b"", PRIVATE, "[WEP][ESS]"),
        (b"", 0, ""),
        (b"", Capability.IBSS, "[IBSS]"),
        (RSNE, PRIVATE, "[WPA2-PSK-CCMP][ESS]"),
        (RSNE + pressed(), PRIVATE, "[WPA2-PSK-CCMP][WPS-PBC][ESS]"),
        (RSNE + WPA_PSK + pressed(), PRIVATE, "[WPA-PSK-TKIP][WPA2-PSK-CCMP][WPS-PBC][ESS]"),
        (pressed(), PRIVATE, "[WPS-PBC][WEP][ESS]"),
        (rsn(capabilities=1), PRIVATE, "[WPA2-PSK-CCMP-preauth][ESS]"),
        (rsn(AkmSuite.SAE), PRIVATE, "[WPA2-SAE-CCMP][ESS]"),
        (rsn(AkmSuite.SAE) + element(114, b"mesh"), 0, "[RSN-SAE-CCMP][MESH]"),
        (rsn(AkmSuite.SAE, AkmSuite.PSK), PRIVATE, "[WPA2-PSK+SAE-CCMP][ESS]"),
        (rsn(AkmSuite.SAE) + element(244, b"\x20"), PRIVATE, "[WPA2-SAE-CCMP][SAE-H2E][ESS]"),
        (rsn(AkmSuite.SAE) + element(244, b"\x01"), PRIVATE, "[WPA2-SAE-CCMP][ESS]"),
        (rsn(AkmSuite.SAE) + element(244, b""), PRIVATE, "[WPA2-SAE-CCMP][ESS]"),
        (rsn(ciphers=(CipherSuite.TKIP, CipherSuite.CCMP_128)), PRIVATE, "[WPA2-PSK-CCMP+TKIP][ESS]"),
        (rsn(0x12345678, ciphers=(0x12345678,)), PRIVATE, "[WPA2-?-?][ESS]"),
        (rsn(AkmSuite.IEEE_802_1X, AkmSuite.FT_IEEE_802_1X), PRIVATE, "[WPA2-EAP+FT/EAP-CCMP][ESS]"),
        (rsn(AkmSuite.OWE), PRIVATE, "[WPA2-OWE-CCMP][ESS]"),
        (element(221, b"\x50\x6f\x9a\x1c\x00"), OPEN, "[OWE-TRANS-OPEN][ESS]"),
        (RSNE + element(221, b"\x50\x6f\x9a\x1c\x00"), PRIVATE, "[WPA2-PSK-CCMP][OWE-TRANS][ESS]"),
        (element(48, b"\x00"), PRIVATE, "[WPA2-?][ESS]"),
        (element(221, b"\x00\x50\xf2\x01\x00\x00"), PRIVATE, "[WPA-?][ESS]"),
        (WpaElement(WpaCipherSuite.TKIP, (WpaCipherSuite.CCMP,)).element(), PRIVATE, "[WPA-EAP-CCMP][ESS]"),
        (RSNE + wps() + element(221, b"\x50\x6f\x9a\x09"), PRIVATE, "[WPA2-PSK-CCMP][WPS][ESS][P2P]"),
        (RSNE + element(221, b"\x50\x6f\x9a\x10"), PRIVATE, "[WPA2-PSK-CCMP][ESS][HS20]"),
    ],
)
def test_flags(elements: bytes, capability: int, text: str) -> None:
    assert flags_text(bss(1, elements, capability=capability), OWN) == text


@pytest.mark.parametrize(
    ("elements", "available", "text"),
    [
        (RSNE, None, ""),
        (UNREADABLE_WPS, WpsAvailable.PLAIN, "[WPS]"),
        (wps(), WpsAvailable.PLAIN, "[WPS]"),
        (wps(macs=(OTHER,)), WpsAvailable.PLAIN, "[WPS]"),
        (wps(PIN_SELECTED), WpsAvailable.PIN, "[WPS-PIN]"),
        (wps(NO_ID_SELECTED), WpsAvailable.PIN, "[WPS-PIN]"),
        (wps(PIN_SELECTED, macs=(OTHER,)), WpsAvailable.PIN, "[WPS-PIN]"),
        (wps(PIN_SELECTED, macs=(OTHER, OWN)), WpsAvailable.AUTHORIZED, "[WPS-AUTH]"),
        (wps(PIN_SELECTED, macs=(BROADCAST,)), WpsAvailable.AUTHORIZED, "[WPS-AUTH]"),
        (wps(macs=(OWN,)), WpsAvailable.AUTHORIZED, "[WPS-AUTH]"),
        # WPS 1.0 has no AuthorizedMACs: a selected registrar does not make it authorized.
        (wps(PIN_SELECTED, is_version2=False), WpsAvailable.PIN, "[WPS-PIN]"),
        (pressed(), WpsAvailable.PUSH_BUTTON, "[WPS-PBC]"),
        (wps(BUTTON_SELECTED, macs=(OWN,)), WpsAvailable.PUSH_BUTTON, "[WPS-PBC]"),
        (wps(BUTTON_SELECTED, is_version2=False), WpsAvailable.PUSH_BUTTON, "[WPS-PBC]"),
    ],
)
def test_what_is_offered_by_wps(elements: bytes, available: WpsAvailable | None, text: str) -> None:
    found = bss(1, elements, capability=0)
    assert wps_available(found, OWN) is available
    assert flags_text(found, OWN).removeprefix("[WPA2-PSK-CCMP]") == text


def test_device_password_id_4_without_a_selected_registrar_is_no_pressed_button() -> None:
    octets = AttributesBuilder().u8(AttributeType.VERSION, 0x10).u16(AttributeType.DEVICE_PASSWORD_ID, 4).build()
    assert flags_text(bss(1, wrap(octets)), OWN) == "[WPS][WEP][ESS]"


def test_of_several_offers_the_best_is_told() -> None:
    plain, pin = bss(1, wps()), bss(2, wps(PIN_SELECTED))
    listed, button = bss(3, wps(macs=(OWN,))), bss(4, pressed())
    assert best_wps_available([], OWN) is None
    assert best_wps_available([bss(5)], OWN) is None
    assert best_wps_available([plain, bss(5)], OWN) is WpsAvailable.PLAIN
    assert best_wps_available([plain, pin], OWN) is WpsAvailable.PIN
    assert best_wps_available([plain, pin, listed], OWN) is WpsAvailable.AUTHORIZED
    assert best_wps_available([plain, pin, listed, button], OWN) is WpsAvailable.PUSH_BUTTON


# ---- SCAN_RESULTS


def test_scan_results_have_a_header_and_a_row_for_each_bss() -> None:
    table = table_of(result(1, RSNE + pressed(), dbm=-50.6), result(2, b"", ssid=b'a"b\\\t\n\xc3', capability=OPEN))
    assert scan_results_text(table, OWN) == (
        "bssid / frequency / signal level / flags / ssid\n"
        "02:00:00:00:00:01\t2437\t-51\t[WPA2-PSK-CCMP][WPS-PBC][ESS]\thome\n"
        '02:00:00:00:00:02\t2437\t-50\t[ESS]\ta\\"b\\\\\\t\\n\\xc3\n'
    )


# ---- BSS

RATES = supported_rates_element((2, 4, 11, 22, 12, 24, 48, 108))


def test_every_line_of_a_bss() -> None:
    table = table_of(result(1, RATES, capability=OPEN, beacon=b"\x00\x00", age_ms=1500), now=10.0)
    assert bss_reply(table, "0", OWN, 12.0) == (
        "id=0\n"
        "bssid=02:00:00:00:00:01\n"
        "freq=2437\n"
        "beacon_int=100\n"
        "capabilities=0x0001\n"
        "qual=0\n"
        "noise=-89\n"
        "level=-50\n"
        "tsf=0000000000000077\n"
        "age=3\n"
        "ie=0004686f6d6501080204" + "0b160c18306c\n"
        "flags=[ESS]\n"
        "ssid=home\n"
        "snr=39\n"
        "est_throughput=54000\n"
        "update_idx=1\n"
        "beacon_ie=0000\n"
    )


@pytest.mark.parametrize(
    ("elements", "dbm", "mhz", "throughput", "noise"),
    [
        (RATES, -50, 2437, 54000, -89),
        (RATES, -80, 2437, 12000, -89),
        (RATES, -95, 2437, 1000, -89),
        (supported_rates_element((2, 4)), -50, 2437, 2000, -89),
        (b"", -50, 2437, 1000, -89),
        (RATES + element(45, bytes(26)), -50, 5180, 65000, -92),
        (RATES + element(45, bytes(26)), -91, 5180, 1000, -92),
    ],
)
def test_the_throughput_is_what_rates_and_signal_allow(
    elements: bytes, dbm: float, mhz: int, throughput: int, noise: int
) -> None:
    mask = BssMask.ESTIMATED_THROUGHPUT | BssMask.NOISE
    text = bss_text(bss(1, elements, dbm=dbm, mhz=mhz), OWN, 0.0, mask)
    assert text == f"noise={noise}\nest_throughput={throughput}\n"


def test_an_age_is_never_negative_and_without_beacon_there_is_no_line_for_it() -> None:
    found = bss(1, seen_at=5.0)
    assert bss_text(found, OWN, 4.0, BssMask.AGE | BssMask.BEACON_ELEMENTS) == "age=0\n"


@pytest.mark.parametrize(
    ("bit", "text"),
    [
        (BssMask.ID, "id=1\n"),
        (BssMask.BSSID, "bssid=02:00:00:00:00:01\n"),
        (BssMask.WPS, "wps_state=configured\n"),
        (BssMask.DELIMITER, "====\n"),
        (1 << 14, ""),
    ],
)
def test_a_mask_chooses_the_lines(bit: int, text: str) -> None:
    assert bss_text(bss(1, wps()), OWN, 0.0, bit) == text


def test_the_default_mask_is_everything_but_the_delimiter() -> None:
    assert DEFAULT_MASK == 0xFFFDFFFF
    assert "====" not in bss_text(bss(1), OWN, 0.0)


def test_wps_lines_of_a_probe_response() -> None:
    attributes = ProbeResponseAttributes(
        wps_state=WpsState.NOT_CONFIGURED,
        is_setup_locked=True,
        selected_registrar=SelectedRegistrar(4, ConfigMethods.VIRTUAL_PUSH_BUTTON),
        uuid_e=UUID,
        device=DeviceDescription(device_name="Küche\n\x1b=1", config_methods=ConfigMethods.VIRTUAL_DISPLAY),
    )
    assert wps_text(bss(1, probe_response_wps(attributes))) == (
        "wps_state=unconfigured\n"
        "wps_ap_setup_locked=1\n"
        "wps_selected_registrar=1\n"
        "wps_device_password_id=4\n"
        "wps_selected_registrar_config_methods=0x0280\n"
        "wps_primary_device_type=6-0050F204-1\n"
        "wps_device_name=Küche__=1\n"
        "wps_config_methods=0x2008\n"
    )


@pytest.mark.parametrize(
    ("elements", "text"),
    [
        (RSNE, ""),
        (UNREADABLE_WPS, ""),
        (wps(), "wps_state=configured\n"),
        (wrap(AttributesBuilder().u8(AttributeType.WPS_STATE, 9).build()), ""),
        (wrap(AttributesBuilder().u8(AttributeType.AP_SETUP_LOCKED, 0).build()), ""),
        (wrap(AttributesBuilder().u8(AttributeType.SELECTED_REGISTRAR, 0).build()), ""),
        (
            wrap(AttributesBuilder().octets(AttributeType.DEVICE_NAME, b"\xff\x00ok\xe2\x80\xa8").build()),
            "wps_device_name=\ufffd_ok_\n",
        ),
    ],
)
def test_wps_lines_tell_only_what_the_frame_tells(elements: bytes, text: str) -> None:
    assert wps_text(bss(1, elements)) == text


# ---- which BSS


@pytest.fixture
def table() -> BssTable:
    """Ids 1, 2 and 4."""
    table = BssTable()
    table.update([result(number, b"", capability=OPEN) for number in range(5)], 0.0)
    table.update([result(number, b"", capability=OPEN) for number in (1, 2, 4)], 9.0)
    table.age(9.0, 5.0)
    return table


@pytest.mark.parametrize(
    ("argument", "ids"),
    [
        ("", []),
        ("0", [1]),
        ("2", [4]),
        ("3", []),
        ("-1", []),
        ("²", []),
        ("99999999999999999999", []),
        ("02:00:00:00:00:02", [2]),
        ("02-00-00-00-00-02", [2]),
        ("02:00:00:00:00:99", []),
        ("nonsense", []),
        ("FIRST", [1]),
        ("LAST", [4]),
        ("NEXT-1", [2]),
        ("NEXT-2", [4]),
        ("NEXT-4", []),
        ("NEXT-", []),
        ("ID-4", [4]),
        ("ID-3", []),
        ("ID-x", []),
        ("CURRENT", []),
        ("ALL", [1, 2, 4]),
        ("RANGE=ALL", [1, 2, 4]),
        ("RANGE=2-", [2, 4]),
        ("RANGE=0-2", [1, 2]),
        ("RANGE=3", [4]),
        ("RANGE=x", []),
        ("MASK=0x1", []),
    ],
)
def test_which_bss(table: BssTable, argument: str, ids: list[int]) -> None:
    assert bss_reply(table, f"{argument} MASK=0x1", OWN, 9.0) == "".join(f"id={number}\n" for number in ids)


def test_the_current_bss(table: BssTable) -> None:
    assert bss_reply(table, "CURRENT MASK=0x1", OWN, 9.0, current=address(2)) == "id=2\n"
    assert bss_reply(table, "CURRENT MASK=0x1", OWN, 9.0, current=address(9)) == ""


@pytest.mark.parametrize("which", ["FIRST", "LAST", "0", "CURRENT", "ALL", "RANGE=0-"])
def test_an_empty_table_has_no_bss(which: str) -> None:
    assert bss_reply(BssTable(), which, OWN, 0.0) == ""


@pytest.mark.parametrize("mask", ["", " MASK=0x0", " MASK=nonsense"])
def test_without_a_mask_that_says_something_all_lines_are_told(table: BssTable, mask: str) -> None:
    assert bss_reply(table, "FIRST" + mask, OWN, 9.0) == bss_text(_first(table), OWN, 9.0)


def _first(table: BssTable) -> Bss:
    return next(iter(table))


def test_a_range_ends_with_number_signs_when_the_last_bss_of_the_table_was_told(table: BssTable) -> None:
    assert bss_reply(table, "RANGE=0- MASK=0x20001", OWN, 9.0) == "id=1\n====\nid=2\n====\nid=4\n####\n"
    assert bss_reply(table, "RANGE=0-2 MASK=20001", OWN, 9.0) == "id=1\n====\nid=2\n====\n"
    assert bss_reply(table, "RANGE=0- MASK=0x1", OWN, 9.0) == "id=1\nid=2\nid=4\n"


def test_a_reply_has_room_for_whole_bsses_only(table: BssTable) -> None:
    whole = "id=1\n====\nid=2\n====\nid=4\n####\n"
    assert bss_reply(table, "ALL MASK=0x20001", OWN, 9.0, limit=len(whole) + 1) == whole
    assert bss_reply(table, "ALL MASK=0x20001", OWN, 9.0, limit=len(whole)) == "id=1\n====\nid=2\n====\n"
    assert bss_reply(table, "ALL MASK=0x20001", OWN, 9.0, limit=1) == ""
