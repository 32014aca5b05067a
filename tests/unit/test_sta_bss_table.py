# SPDX-License-Identifier: BSD-3-Clause
"""The BSS table: identity, ageing, what is read and how often, and that nothing hostile can be heard."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.sta_air import (
    BUTTON_SELECTED,
    OTHER_UUID,
    OWN,
    RSNE,
    UNREADABLE_WPS,
    UUID,
    address,
    bss,
    pressed,
    result,
    table_of,
    wps,
)

from wpsagent.dot11.elements import ElementId, Elements, element, ssid_element
from wpsagent.octets import Ssid
from wpsagent.ports import ScanResult
from wpsagent.roles.sta import bss_table
from wpsagent.roles.sta.bss_table import Bss, BssAdded, BssEvent, BssRemoved, BssTable, Reading, ssid_of
from wpsagent.roles.sta.bss_text import bss_text, scan_results_text
from wpsagent.roles.sta.events import WpsMethod
from wpsagent.roles.sta.flags import flags_text
from wpsagent.roles.sta.selection import IgnoreList, WpsSearch, choose_network, scan_plan
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, Rsne, WpaElement
from wpsagent.wsc.attributes import AttributeType
from wpsagent.wsc.elements import BeaconAttributes


def events(table: BssTable) -> list[BssEvent]:
    found = []
    while (event := table.next_event()) is not None:
        found.append(event)
    return found


def test_a_bss_is_what_the_scan_result_says() -> None:
    found = ScanResult(address(1), 5180, -61.5, 0x0411, 200, ssid_element(Ssid(b"home")) + RSNE, b"\x00\x00", 123, 2500)
    table = table_of(found, now=10.0)
    only = table.get(address(1))
    assert only is not None
    assert only == Bss(
        id=0,
        bssid=address(1),
        ssid=Ssid(b"home"),
        frequency_mhz=5180,
        signal_dbm=-61.5,
        capability=0x0411,
        beacon_interval_tu=200,
        seen_at=7.5,
        reading=Reading(found.elements),
        beacon_octets=b"\x00\x00",
        tsf=123,
        update_index=1,
    )
    assert only.octets == found.elements
    assert only.rsne == WPA2_PSK_CCMP
    assert events(table) == [BssAdded(0, address(1))]


def test_ids_follow_the_order_of_coming_and_are_never_given_twice() -> None:
    table = table_of(result(3), result(1), now=0.0)
    table.age(100.0, 10.0)
    table.update([result(1), result(2)], 100.0)
    assert [(entry.id, entry.bssid) for entry in table] == [(2, address(1)), (3, address(2))]
    assert len(table) == 2
    assert events(table) == [
        BssAdded(0, address(3)),
        BssAdded(1, address(1)),
        BssRemoved(0, address(3)),
        BssRemoved(1, address(1)),
        BssAdded(2, address(1)),
        BssAdded(3, address(2)),
    ]


def test_a_bss_that_is_heard_again_keeps_its_id_and_its_place() -> None:
    table = table_of(result(1, dbm=-80), result(2))
    table.update([result(1, wps(), dbm=-40, mhz=2412)], 5.0)
    first, second = table
    assert (first.id, first.signal_dbm, first.frequency_mhz, first.seen_at) == (0, -40, 2412, 5.0)
    assert (first.update_index, second.update_index) == (2, 1)
    assert first.has_wps
    assert not first.has_rsne


def test_the_newest_frame_decides_and_not_one_with_more_to_say() -> None:
    table = table_of(result(1, pressed(UUID)))
    assert [entry.is_push_button_active for entry in table] == [True]
    table.update([result(1, wps())], 1.0)
    assert [entry.is_push_button_active for entry in table] == [False]
    table.update([result(1, pressed(), beacon=ssid_element(Ssid(b"home")) + wps())], 2.0)
    assert [entry.is_push_button_active for entry in table] == [True]


def test_wps_elements_are_joined_within_a_frame_and_never_with_those_of_the_beacon() -> None:
    whole = pressed(UUID)[6:]
    parts = [element(ElementId.VENDOR_SPECIFIC, b"\x00\x50\xf2\x04" + part) for part in (whole[:9], whole[9:])]
    table = table_of(result(1, parts[0] + RSNE + parts[1]), result(2, parts[0], beacon=parts[1]))
    joined, apart = table
    assert joined.is_push_button_active
    assert joined.uuid_e == UUID
    assert apart.has_wps
    assert apart.wps is None


def test_who_an_access_point_is_stays_known_when_its_beacon_does_not_tell() -> None:
    table = table_of(result(1, pressed(UUID)))
    table.update([result(1, pressed())], 1.0)
    table.update([result(1, wps())], 2.0)
    table.update([result(1, wps())], 3.0)
    assert [entry.uuid_e for entry in table] == [UUID]
    assert [entry.is_push_button_active for entry in table] == [False]
    table.update([result(1, pressed(OTHER_UUID))], 4.0)
    assert [entry.uuid_e for entry in table] == [OTHER_UUID]


def test_a_probe_response_that_a_beacon_has_overtaken_still_tells_who_the_access_point_is() -> None:
    def beacon_after(probe_response: bytes) -> ScanResult:
        return replace(result(1, wps()), older_elements=result(1, probe_response).elements)

    table = table_of(beacon_after(pressed(UUID)))
    assert [entry.uuid_e for entry in table] == [UUID]
    assert [entry.is_push_button_active for entry in table] == [False]
    (identity,) = (entry.identity for entry in table)
    table.update([beacon_after(pressed(UUID))], 1.0)
    assert [entry.identity is identity for entry in table] == [True]
    table.update([beacon_after(pressed(OTHER_UUID))], 2.0)
    assert [entry.uuid_e for entry in table] == [OTHER_UUID]
    table.update([result(1, pressed(UUID))], 3.0)
    table.update([beacon_after(pressed(UUID))], 4.0)
    assert [entry.uuid_e for entry in table] == [UUID]
    table.update([beacon_after(pressed())], 5.0)
    assert [entry.uuid_e for entry in table] == [UUID]


def test_without_uuid_e_there_is_none() -> None:
    assert bss(1).uuid_e is None
    assert bss(1, pressed()).uuid_e is None
    assert bss(1, UNREADABLE_WPS).uuid_e is None


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_an_access_point_that_changed_its_channel_the_newer_entry_counts(order: tuple[int, int]) -> None:
    results = (result(1, mhz=2412, age_ms=9000), result(1, mhz=2462, age_ms=100))
    table = table_of(*(results[at] for at in order), now=20.0)
    assert [(entry.frequency_mhz, entry.seen_at) for entry in table] == [(2462, 19.9)]
    table.update([replace(results[0], age_ms=10000)], 21.0)
    assert [entry.frequency_mhz for entry in table] == [2462]


def test_what_was_heard_later_is_never_made_older() -> None:
    table = table_of(result(1), now=10.0)
    table.update([result(1, age_ms=3000)], 11.0)
    assert [entry.seen_at for entry in table] == [10.0]


def test_ageing_spares_those_in_use_and_is_half_open() -> None:
    table = table_of(result(1), result(2), result(3, age_ms=-1), now=0.0)
    table.age(30.0, 30.0)
    assert len(table) == 3
    table.age(30.0005, 30.0, keep={address(2)})
    assert [entry.bssid for entry in table] == [address(2), address(3)]


def test_a_full_table_drops_who_was_not_heard_for_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bss_table, "MAX_BSSES", 3)
    table = table_of(*(result(number, age_ms=number * 10) for number in (1, 5, 2, 4, 3)))
    assert [entry.bssid for entry in table] == [address(1), address(2), address(3)]
    assert events(table)[-2:] == [BssRemoved(1, address(5)), BssRemoved(3, address(4))]


def test_one_address_may_have_several_ssids() -> None:
    table = table_of(
        result(1, ssid=b"", age_ms=0), result(1, ssid=b"one", age_ms=20), result(1, ssid=b"two", age_ms=10)
    )
    newest = table.get(address(1))
    assert newest is not None
    assert newest.ssid == b"two"
    assert table.get(address(1), Ssid(b"one")) is not None
    assert table.get(address(1), Ssid(b"three")) is None
    assert table.get(address(2)) is None


@pytest.mark.parametrize(("ssid", "is_hidden"), [(b"", True), (bytes(5), True), (b"\x00a", False), (b"home", False)])
def test_a_network_is_hidden_when_its_ssid_is_empty_or_zeros(ssid: bytes, is_hidden: bool) -> None:
    assert bss(1, ssid=ssid).is_hidden is is_hidden


@pytest.mark.parametrize(
    ("octets", "ssid"),
    [
        (b"", b""),
        (b"\x00", b""),
        (b"\x00\x00", b""),
        (b"\x00\x02ab", b"ab"),
        (b"\x01\x01\x82\x00\x02ab", b"ab"),
        (b"\x00\x03ab", b""),  # cut off
        (b"\x01\x03ab", b""),
        (b"\x00\x20" + b"x" * 32, b"x" * 32),
        (b"\x00\x21" + b"x" * 33, b""),  # too long for an SSID
        (b"\x00\x01a\x00\x01b", b"a"),
    ],
)
def test_the_ssid_is_found_without_reading_the_rest(octets: bytes, ssid: bytes) -> None:
    assert ssid_of(octets) == ssid
    decoded = Elements.decode(octets).ssid
    assert decoded is None or decoded == ssid


def test_what_is_there_and_cannot_be_read_is_told_from_what_is_not_there() -> None:
    broken = bss(1, element(ElementId.RSN, b"\x00") + element(221, b"\x00\x50\xf2\x01\x09\x00") + UNREADABLE_WPS)
    assert (broken.has_rsne, broken.has_wpa, broken.has_wps) == (True, True, True)
    assert (broken.rsne, broken.wpa, broken.wps, broken.wps_attributes) == (None, None, None, None)
    assert not broken.is_push_button_active
    bare = bss(1, b"")
    assert (bare.has_rsne, bare.has_wpa, bare.has_wps) == (False, False, False)
    whole = bss(1, WpaElement().element() + wps(BUTTON_SELECTED))
    assert whole.wpa == WpaElement()
    assert whole.wps is not None
    assert whole.wps.selected_registrar == BUTTON_SELECTED
    assert whole.wps_attributes is not None
    assert whole.wps_attributes.integer(AttributeType.DEVICE_PASSWORD_ID) == 4


def test_readings_are_equal_by_their_octets_and_short_to_print() -> None:
    assert Reading(b"ab") == Reading(b"ab")
    assert Reading(b"ab") != Reading(b"ac")
    assert Reading(b"ab") != b"ab"
    assert len({Reading(b"ab"), Reading(b"ab")}) == 1
    assert repr(Reading(b"ab")) == "Reading(2 octets)"


def _count_decodes(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often elements, RSNE and WPS attributes are decoded from now on."""
    calls: Counter[str] = Counter()

    def counting(owner: type, decode: Callable[[bytes], object]) -> None:
        def counted(octets: bytes) -> object:
            calls[owner.__name__] += 1
            return decode(octets)

        monkeypatch.setattr(owner, "decode", counted)

    counting(Elements, Elements.decode)
    counting(Rsne, Rsne.decode)
    counting(BeaconAttributes, BeaconAttributes.decode)
    return calls


def test_a_thousand_bsses_are_read_once_each_and_only_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    decodes = _count_decodes(monkeypatch)
    results = [result(number, RSNE + wps(), ssid=b"%d" % number) for number in range(1000)]
    table = BssTable()
    for turn in range(5):
        table.update([replace(found, elements=bytes(bytearray(found.elements))) for found in results], float(turn))
    assert decodes == {}
    search = WpsSearch(WpsMethod.PIN, OWN, 0.0)
    for turn in range(3):
        search.choose(table, float(turn))
        assert len([flags_text(entry, OWN) for entry in table]) == 1000
    assert decodes == {"Elements": 1000, "Rsne": 1000, "BeaconAttributes": 1000}
    table.update([replace(results[7], elements=results[7].elements + wps())], 6.0)
    assert len([flags_text(entry, OWN) for entry in table]) == 1000
    assert decodes == {"Elements": 1001, "Rsne": 1001, "BeaconAttributes": 1001}


def _hostile(dice: random.Random) -> bytes:
    octets = bytearray(
        ssid_element(Ssid(dice.randbytes(dice.randrange(33))))
        + RSNE
        + WpaElement().element()
        + pressed(UUID)
        + wps(macs=(OWN,))
    )
    for _ in range(dice.randrange(1, 8)):
        at = dice.randrange(len(octets))
        octets[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
    return bytes(octets[: dice.randrange(len(octets) + 1)] if dice.random() < 0.3 else octets)


def test_fuzz_no_frame_can_do_harm() -> None:
    dice = random.Random(3)
    table = BssTable()
    for turn in range(20):
        results = [
            ScanResult(
                address(dice.randrange(40)),
                dice.choice((0, 2412, 5180, 60480, 0xFFFFFFFF)),
                dice.choice((-100.0, 0.0, 1e6)),
                dice.randrange(0x10000),
                dice.randrange(0x10000),
                _hostile(dice),
                dice.randbytes(dice.randrange(9)),
                dice.getrandbits(64),
                dice.randrange(100_000),
            )
            for _ in range(50)
        ]
        table.update(results, float(turn))
        for method in WpsMethod:
            WpsSearch(method, OWN, 0.0, bssid=dice.choice((None, address(1)))).choose(table, float(turn))
        assert scan_plan(table, (), is_fast=True)
        assert choose_network(table, (), IgnoreList(), float(turn)) is None
        assert scan_results_text(table, OWN).count("\n") == len(table) + 1
        for entry in table:
            lines = bss_text(entry, OWN, float(turn)).splitlines()
            assert all(line.partition("=")[0].replace("_", "").isalpha() for line in lines)
            assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("whole", [RSNE + pressed(UUID) + WpaElement().element()])
def test_a_frame_cut_at_any_octet_is_still_a_bss(whole: bytes) -> None:
    for end in range(len(whole)):
        cut = bss(1, whole[:end])
        assert flags_text(cut, OWN).endswith("[ESS]")
        assert cut.has_rsne is (end >= len(RSNE))
