# SPDX-License-Identifier: BSD-3-Clause
"""Whom a station chooses: by push button, by PIN, as a registrar, and among the networks it knows."""

from dataclasses import replace

import pytest
from tests.unit.sta_air import (
    BUTTON_SELECTED,
    OTHER_UUID,
    OWN,
    PIN_SELECTED,
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

from wpsagent.dot11.elements import element
from wpsagent.dot11.frames import Capability
from wpsagent.octets import BROADCAST, NO_ADDRESS, MacAddress, Ssid
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.events import WpsMethod
from wpsagent.roles.sta.network import Network
from wpsagent.roles.sta.selection import (
    ALL_IGNORED_DELAY,
    EVERYWHERE,
    HEARD_WITHIN,
    RESCAN_DELAY,
    Basis,
    Candidate,
    IgnoreList,
    Overlap,
    WpsSearch,
    awaits_pin,
    choose_network,
    scan_plan,
)
from wpsagent.rsn.rsne import AkmSuite, CipherSuite, Rsne, WpaElement
from wpsagent.wsc.elements import SelectedRegistrar

OTHER = address(0x999)
LISTED = wps(PIN_SELECTED, macs=(OTHER, OWN))
ANYBODY = wps(PIN_SELECTED, macs=(BROADCAST,))
OLD_AWAITING = wps(PIN_SELECTED, is_version2=False)


def search(method: WpsMethod, bssid: MacAddress | None = None, *, scans: int = 0, started_at: float = 0.0) -> WpsSearch:
    made = WpsSearch(method, OWN, started_at, bssid=bssid)
    for _ in range(scans):
        assert made.choose([], started_at) is None
    return made


def by_button(bssid: MacAddress | None = None) -> WpsSearch:
    return search(WpsMethod.PUSH_BUTTON, bssid)


def by_pin(bssid: MacAddress | None = None, *, scans: int = 0) -> WpsSearch:
    return search(WpsMethod.PIN, bssid, scans=scans)


def chosen(found: Candidate | Overlap | None) -> tuple[MacAddress, Basis]:
    assert isinstance(found, Candidate)
    return found.bss.bssid, found.basis


# ---- push button


def test_by_button_only_access_points_whose_button_is_pressed() -> None:
    silent = [bss(1, wps()), bss(2, ANYBODY), bss(3, LISTED), bss(4), bss(5, UNREADABLE_WPS), bss(6, OLD_AWAITING)]
    tried = by_button()
    for _ in range(5):
        assert tried.choose(silent, 9.0) is None
    assert tried.rescan_delay == RESCAN_DELAY == 0.5
    assert chosen(tried.choose([*silent, bss(7, pressed(), dbm=-90)], 9.0)) == (address(7), Basis.PUSH_BUTTON)


def test_by_button_also_without_wps_2() -> None:
    old = bss(1, wps(BUTTON_SELECTED, is_version2=False))
    assert chosen(by_button().choose([old], 0.0)) == (address(1), Basis.PUSH_BUTTON)


@pytest.mark.parametrize("uuids", [(UUID, OTHER_UUID), (UUID, None), (None, UUID), (None, None)])
def test_two_buttons_of_different_or_missing_uuid_overlap(uuids: tuple[bytes | None, bytes | None]) -> None:
    both = [bss(number, pressed(uuid)) for number, uuid in enumerate(uuids)]
    assert by_button().choose(both, 0.0) == Overlap(tuple(both))


def test_the_ssid_does_not_matter_for_an_overlap() -> None:
    found = by_button().choose([bss(1, pressed(UUID), ssid=b"one"), bss(2, pressed(OTHER_UUID), ssid=b"one")], 0.0)
    assert isinstance(found, Overlap)


def test_the_radios_of_one_access_point_are_no_overlap_and_the_better_signal_is_taken() -> None:
    both = [bss(1, pressed(UUID), dbm=-70), bss(2, pressed(UUID), mhz=5180, dbm=-60)]
    assert chosen(by_button().choose(both, 0.0)) == (address(2), Basis.PUSH_BUTTON)


def test_a_given_bssid_is_taken_whatever_other_buttons_are_pressed() -> None:
    both = [bss(1, pressed(UUID), dbm=-70), bss(2, pressed(OTHER_UUID), dbm=-30)]
    assert chosen(by_button(address(1)).choose(both, 0.0)) == (address(1), Basis.GIVEN)


def test_a_given_bssid_must_have_its_button_pressed() -> None:
    assert by_button(address(1)).choose([bss(1, wps()), bss(2, pressed())], 9.0) is None


def test_the_zero_bssid_is_any() -> None:
    assert chosen(by_button(NO_ADDRESS).choose([bss(1, pressed())], 0.0)) == (address(1), Basis.PUSH_BUTTON)


def test_one_access_point_does_not_overlap_with_itself() -> None:
    """It is heard twice: with its SSID and without, by both radios of ours, and not every frame has its UUID-E."""
    here = [bss(1, pressed(), ssid=b""), bss(1, pressed(UUID))]
    found = by_button().choose(here, 0.0, elsewhere=[bss(1, pressed()), bss(2, pressed(UUID))])
    assert chosen(found) == (address(1), Basis.PUSH_BUTTON)


def test_other_interfaces_count_for_an_overlap_and_are_never_chosen() -> None:
    elsewhere = [bss(2, pressed(OTHER_UUID))]
    assert isinstance(by_button().choose([bss(1, pressed(UUID))], 0.0, elsewhere=elsewhere), Overlap)
    assert by_button().choose([], 0.0, elsewhere=elsewhere) is None
    not_pressed = [bss(2, wps()), bss(3, pressed(), capability=0)]
    assert isinstance(by_button().choose([bss(1, pressed())], 0.0, elsewhere=not_pressed), Candidate)


def test_an_access_point_whose_button_is_no_longer_pressed_is_dropped_at_the_next_scan() -> None:
    table = table_of(result(1, pressed(UUID)), result(2, pressed(OTHER_UUID)))
    tried = by_button()
    assert isinstance(tried.choose(table, 0.0), Overlap)
    table.update([result(1, wps()), result(2, pressed(OTHER_UUID))], 4.0)
    assert chosen(tried.choose(table, 4.0)) == (address(2), Basis.PUSH_BUTTON)


def test_an_access_point_that_is_gone_is_dropped_at_the_next_scan() -> None:
    table = table_of(result(1, pressed(UUID)), result(2, pressed(OTHER_UUID)))
    table.update([result(1, pressed(UUID), age_ms=5000), result(2, pressed(OTHER_UUID), age_ms=100)], 5.0)
    assert isinstance(by_button().choose(table, 5.0), Overlap)
    assert chosen(by_button().choose(table, 5.0, heard_since=1.0)) == (address(2), Basis.PUSH_BUTTON)


def test_without_the_begin_of_the_scan_a_button_counts_for_a_while() -> None:
    found = [bss(1, pressed(), seen_at=0.0)]
    assert isinstance(by_button().choose(found, HEARD_WITHIN), Candidate)
    assert by_button().choose(found, HEARD_WITHIN + 0.001) is None


# ---- PIN


@pytest.mark.parametrize(
    ("elements", "basis"),
    [
        (LISTED, Basis.LISTED),
        (wps(macs=(OWN,)), Basis.LISTED),
        (wps(BUTTON_SELECTED, macs=(OWN,)), Basis.LISTED),
        (ANYBODY, Basis.AWAITED),
        (wps(macs=(BROADCAST,)), Basis.AWAITED),
        (OLD_AWAITING, Basis.AWAITED),
        (wps(SelectedRegistrar(None, None), is_version2=False), Basis.AWAITED),
        (wps(SelectedRegistrar(0x10, None), is_version2=False), Basis.AWAITED),
    ],
)
def test_by_pin_who_waits_for_us_is_taken_after_the_first_scan(elements: bytes, basis: Basis) -> None:
    assert chosen(by_pin().choose([bss(9, RSNE), bss(1, elements)], 0.1)) == (address(1), basis)


@pytest.mark.parametrize(
    "elements",
    [
        wps(),
        wps(PIN_SELECTED),  # WPS 2.0, a registrar is selected, and nobody is authorized
        wps(PIN_SELECTED, macs=(OTHER,)),
        wps(is_version2=False),
        wps(BUTTON_SELECTED, is_version2=False),
        pressed(),
        UNREADABLE_WPS,
    ],
)
def test_by_pin_others_are_taken_after_three_scans_and_five_seconds(elements: bytes) -> None:
    found = [bss(1, elements)]
    tried = by_pin()
    assert tried.choose(found, 6.0) is None
    assert tried.choose(found, 7.0) is None
    assert chosen(tried.choose(found, 8.0)) == (address(1), Basis.FALLBACK)
    tried = by_pin(scans=10)
    assert tried.choose(found, 4.999) is None
    assert chosen(tried.choose(found, 5.0)) == (address(1), Basis.FALLBACK)


def test_a_look_at_the_table_before_the_first_scan_is_no_scan() -> None:
    found = [bss(1, wps())]
    tried = by_pin(scans=1)
    for _ in range(5):
        assert tried.choose(found, 9.0, is_after_scan=False) is None
    assert tried.choose(found, 9.0) is None
    assert tried.scans == 2
    assert isinstance(tried.choose(found, 9.0), Candidate)


def test_the_time_counts_from_the_start_of_the_run() -> None:
    tried = search(WpsMethod.PIN, scans=3, started_at=100.0)
    assert tried.choose([bss(1, wps())], 104.9) is None
    assert isinstance(tried.choose([bss(1, wps())], 105.0), Candidate)


def test_never_a_bss_without_wps() -> None:
    assert by_pin(scans=9).choose([bss(1, RSNE)], 99.0) is None
    assert by_pin(address(1), scans=9).choose([bss(1, RSNE)], 99.0) is None


def test_never_what_is_no_access_point_or_hides_its_ssid() -> None:
    no_access_points = [
        bss(1, LISTED, capability=0),
        bss(2, LISTED, capability=Capability.IBSS),
        bss(3, LISTED, ssid=b""),
    ]
    for method in WpsMethod:
        for bssid in (None, address(1), address(2), address(3)):
            assert search(method, bssid, scans=9).choose(no_access_points, 99.0) is None


def test_our_own_address_outranks_everybody_s_which_outranks_the_rest() -> None:
    rest, anybody, listed = bss(1, wps(), dbm=-20), bss(2, ANYBODY, dbm=-50), bss(3, LISTED, dbm=-90)
    assert chosen(by_pin(scans=9).choose([rest, anybody, listed], 9.0)) == (address(3), Basis.LISTED)
    assert chosen(by_pin(scans=9).choose([rest, anybody], 9.0)) == (address(2), Basis.AWAITED)
    assert chosen(by_pin(scans=9).choose([rest], 9.0)) == (address(1), Basis.FALLBACK)


def test_of_equal_reason_a_registrar_that_waits_for_a_pin_comes_first_and_then_the_signal() -> None:
    strong, waiting = bss(1, wps(macs=(BROADCAST,)), dbm=-30), bss(2, ANYBODY, dbm=-80)
    button = bss(3, wps(BUTTON_SELECTED, macs=(BROADCAST,)), dbm=-20)
    old = bss(4, OLD_AWAITING, dbm=-70)
    assert chosen(by_pin().choose([strong, waiting, button], 0.0))[0] == address(2)
    assert chosen(by_pin().choose([strong, waiting, button, old], 0.0))[0] == address(4)
    assert chosen(by_pin().choose([strong, button], 0.0))[0] == address(3)


def test_the_fallback_goes_round_those_tried_least_first() -> None:
    found = [bss(1, wps(), dbm=-40), bss(2, wps(PIN_SELECTED), dbm=-80), bss(3, wps(), dbm=-60)]
    tried = by_pin(scans=9)
    order = [chosen(tried.choose(found, 9.0))[0] for _ in range(6)]
    assert order == [address(number) for number in (2, 1, 3, 2, 1, 3)]


def test_a_given_bssid_is_tried_at_once_and_nobody_else_ever() -> None:
    found = [bss(1, wps()), bss(2, LISTED)]
    assert chosen(by_pin(address(1)).choose(found, 0.0)) == (address(1), Basis.GIVEN)
    assert by_pin(address(3), scans=9).choose(found, 99.0) is None


# ---- registrar


def test_a_registrar_takes_the_given_access_point_and_no_other() -> None:
    found = [bss(1, wps()), bss(2, LISTED), bss(3, pressed()), bss(4, UNREADABLE_WPS)]
    for number in (1, 2, 3, 4):
        tried = search(WpsMethod.REGISTRAR, address(number))
        assert chosen(tried.choose(found, 0.0)) == (address(number), Basis.GIVEN)
    for bssid in (None, NO_ADDRESS, address(5)):
        assert search(WpsMethod.REGISTRAR, bssid, scans=9).choose(found, 99.0) is None


# ---- who is ignored


def test_ignored_longer_and_longer() -> None:
    ignored = IgnoreList()
    assert [ignored.add(address(1), 0.0) for _ in range(8)] == [10, 10, 60, 120, 600, 1800, 1800, 1800]


def test_an_interval_is_half_open_and_counts_from_the_last_failure() -> None:
    ignored = IgnoreList()
    assert not ignored.is_ignored(address(1), 0.0)
    ignored.add(address(1), 0.0)
    ignored.add(address(2), 5.0)
    assert ignored.ignored(9.999) == (address(1), address(2))
    assert ignored.ignored(10.0) == (address(2),)
    ignored.add(address(1), 10.0)
    assert ignored.is_ignored(address(1), 19.999)
    assert not ignored.is_ignored(address(1), 20.0)


def test_failures_are_forgotten_an_hour_after_the_last() -> None:
    ignored = IgnoreList()
    for _ in range(5):
        ignored.add(address(1), 0.0)
    ignored.add(address(2), 100.0)
    assert ignored.add(address(1), 3599.9) == 1800.0
    assert ignored.add(address(2), 3700.0) == 10.0
    assert ignored.add(address(1), 3599.9 + 3600.0) == 10.0


def test_removed_and_cleared_entries_begin_anew() -> None:
    ignored = IgnoreList()
    for number in (1, 1, 2):
        ignored.add(address(number), 0.0)
    ignored.remove(address(1))
    ignored.remove(address(7))
    assert ignored.ignored(0.0) == (address(2),)
    assert ignored.add(address(1), 0.0) == 10.0
    assert ignored.add(address(1), 0.0) == 10.0
    assert ignored.add(address(1), 0.0) == 60.0
    ignored.clear()
    assert ignored.ignored(0.0) == ()


def test_after_a_failure_the_next_access_point_has_its_turn() -> None:
    found = [bss(1, LISTED), bss(2, ANYBODY), bss(3, wps())]
    tried = by_pin(scans=9)
    for number in (1, 2, 3):
        assert chosen(tried.choose(found, 9.0))[0] == address(number)
        assert tried.failed(address(number), 9.0) == 10.0


def test_when_everybody_is_ignored_the_list_is_cleared_and_there_is_a_pause() -> None:
    found = [bss(1, LISTED), bss(2, ANYBODY)]
    tried = by_pin()
    tried.failed(address(1), 1.0)
    tried.failed(address(2), 1.0)
    tried.choose([], 1.0)
    assert tried.rescan_delay == RESCAN_DELAY
    tried.choose(found, 1.5)  # the first sight of who waits for us
    tried.failed(address(1), 2.0)
    tried.failed(address(2), 2.0)
    assert tried.choose(found, 2.0) is None
    assert tried.rescan_delay == ALL_IGNORED_DELAY == 5.0
    assert tried.ignored.ignored(2.0) == ()
    assert chosen(tried.choose(found, 7.0))[0] == address(1)
    assert tried.rescan_delay == RESCAN_DELAY


def test_the_list_is_not_cleared_while_somebody_else_may_yet_be_heard() -> None:
    first, second = bss(1, LISTED), bss(2, ANYBODY)
    tried = by_pin()
    tried.choose([first, second], 1.0)
    tried.failed(address(1), 1.0)
    assert tried.choose([first], 1.1, is_after_scan=False) is None
    assert tried.rescan_delay == RESCAN_DELAY
    assert chosen(tried.choose([first, second], 1.2, is_after_scan=False))[0] == address(2)


def test_a_given_access_point_that_failed_is_tried_again_after_a_pause() -> None:
    found = [bss(1, wps()), bss(2, LISTED)]
    tried = by_pin(address(1))
    tried.choose(found, 0.0)
    tried.failed(address(1), 1.0)
    assert tried.choose(found, 1.0) is None
    assert tried.rescan_delay == ALL_IGNORED_DELAY
    assert chosen(tried.choose(found, 6.0))[0] == address(1)


@pytest.mark.parametrize("selected", [LISTED, ANYBODY, wps(PIN_SELECTED), pressed()])
def test_who_selects_a_registrar_after_failing_is_no_longer_ignored(selected: bytes) -> None:
    tried = by_pin(scans=9)
    tried.choose([bss(1, wps())], 6.0)
    tried.failed(address(1), 6.0)
    found = tried.choose([bss(1, selected)], 6.5)
    assert isinstance(found, Candidate)
    assert found.bss.bssid == address(1)


def test_who_had_selected_a_registrar_all_along_stays_ignored() -> None:
    tried = by_pin()
    both = [bss(1, LISTED), bss(2, ANYBODY)]
    assert chosen(tried.choose(both, 1.0))[0] == address(1)
    tried.failed(address(1), 1.0)
    assert chosen(tried.choose(both, 1.5))[0] == address(2)
    assert chosen(tried.choose(both, 10.9))[0] == address(2)
    assert chosen(tried.choose(both, 11.0))[0] == address(1)


def test_who_stops_waiting_stays_ignored() -> None:
    tried = by_pin(scans=9)
    tried.choose([bss(1, LISTED)], 6.0)
    tried.failed(address(1), 6.0)
    assert chosen(tried.choose([bss(1, wps()), bss(2, wps(), dbm=-99)], 6.5))[0] == address(2)


@pytest.mark.parametrize(
    ("elements", "is_waiting"),
    [(RSNE, False), (wps(), False), (pressed(), False), (UNREADABLE_WPS, False), (wps(PIN_SELECTED), True)],
)
def test_who_awaits_a_pin(elements: bytes, is_waiting: bool) -> None:
    assert awaits_pin(bss(1, elements)) is is_waiting


# ---- the networks a station knows

HOME = Network(id=0, ssid=Ssid(b"home"), passphrase=b"a passphrase")
OFFICE = Network(id=1, ssid=Ssid(b"office"), passphrase=b"a passphrase")
CAFE = Network(id=2, ssid=Ssid(b"cafe"), key_management=frozenset({"NONE"}))
OPEN = Capability.ESS
TKIP_GROUP = Rsne(group_cipher=CipherSuite.TKIP, akm_suites=(AkmSuite.PSK,)).element()


def joined(*bsses: Bss, networks: tuple[Network, ...] = (HOME, OFFICE, CAFE)) -> tuple[MacAddress, int] | None:
    found = choose_network(bsses, networks, IgnoreList(), 0.0)
    return None if found is None else (found[0].bssid, found[1].id)


def test_the_better_signal_is_joined() -> None:
    assert joined() is None
    assert joined(bss(1, ssid=b"unknown")) is None
    assert joined(bss(1, dbm=-70), bss(2, dbm=-60), bss(3, ssid=b"office", dbm=-65)) == (address(2), 0)


def test_a_better_protection_outranks_the_signal() -> None:
    cafe = bss(1, b"", ssid=b"cafe", capability=OPEN, dbm=-10)
    mixed, strict = bss(2, TKIP_GROUP, dbm=-20), bss(3, dbm=-90)
    assert joined(cafe) == (address(1), 2)
    assert joined(cafe, mixed) == (address(2), 0)
    assert joined(cafe, mixed, strict) == (address(3), 0)


def test_priority_outranks_everything() -> None:
    cafe = bss(1, b"", ssid=b"cafe", capability=OPEN, dbm=-90)
    networks = (HOME, replace(CAFE, priority=1))
    assert joined(cafe, bss(2, dbm=-20), networks=networks) == (address(1), 2)


def test_of_two_equal_networks_the_first_is_taken() -> None:
    assert joined(bss(1), networks=(HOME, replace(HOME, id=5))) == (address(1), 0)


def test_disabled_networks_and_those_of_wps_runs_are_left_out() -> None:
    assert joined(bss(1), networks=(replace(HOME, is_disabled=True),)) is None
    assert joined(bss(1), networks=(replace(HOME, key_management=frozenset({"WPS", "WPA-PSK"})),)) is None


def test_a_network_of_one_bssid_is_joined_there_only() -> None:
    bound = replace(HOME, bssid=address(1))
    assert joined(bss(2, dbm=-20), networks=(bound,)) is None
    assert joined(bss(1, dbm=-80), bss(2, dbm=-20), networks=(bound,)) == (address(1), 0)


def test_ignored_access_points_are_left_out() -> None:
    ignored = IgnoreList()
    ignored.add(address(2), 0.0)
    both = [bss(1, dbm=-80), bss(2, dbm=-20)]
    assert choose_network(both, [HOME], ignored, 9.0) == (both[0], HOME)
    assert choose_network(both, [HOME], ignored, 10.0) == (both[1], HOME)


@pytest.mark.parametrize(
    "elements",
    [element(48, b"\x00"), element(221, b"\x00\x50\xf2\x01\x09\x00"), RSNE + element(221, b"\x00\x50\xf2\x01")],
)
def test_security_that_cannot_be_read_is_not_taken_for_none(elements: bytes) -> None:
    for network in (replace(CAFE, ssid=Ssid(b"home")), HOME):
        assert joined(bss(1, elements, capability=OPEN), networks=(network,)) is None


def test_what_is_no_access_point_or_cannot_be_joined_is_left_out() -> None:
    assert joined(bss(1, capability=Capability.IBSS)) is None
    assert joined(bss(1, WpaElement().element())) is None
    assert joined(bss(1, Rsne(akm_suites=(AkmSuite.SAE,)).element())) is None


# ---- where to listen

ALL_CHANNELS = (*range(2412, 2477, 5), 5180, 5200)


def test_by_default_one_scan_of_everything() -> None:
    assert scan_plan([bss(1, wps())], ALL_CHANNELS, is_fast=False) == (EVERYWHERE,) == ((),)
    assert scan_plan([], (), is_fast=False, bssid=NO_ADDRESS) == (EVERYWHERE,)


def test_a_fast_plan_begins_where_wps_was_heard_then_1_6_11_then_the_rest() -> None:
    known = [
        bss(1, wps(), mhz=2437, dbm=-30),
        bss(2, wps(PIN_SELECTED), mhz=5200, dbm=-80),
        bss(3, wps(), mhz=5200),
        bss(4, UNREADABLE_WPS, mhz=2417, dbm=-90),
        bss(5, RSNE, mhz=5180),
        bss(6, wps(), mhz=5180, capability=0),
    ]
    assert scan_plan(known, ALL_CHANNELS, is_fast=True) == (
        (5200, 2437, 2417),
        (2412, 2462),
        (2422, 2427, 2432, 2442, 2447, 2452, 2457, 2467, 2472, 5180),
    )


def test_a_fast_plan_without_knowledge() -> None:
    assert scan_plan([], (2412, 2437, 5180), is_fast=True) == ((2412, 2437), (5180,))
    assert scan_plan([], (5180, 5200), is_fast=True) == ((5180, 5200),)
    assert scan_plan([], (), is_fast=True) == ((2412, 2437, 2462), EVERYWHERE)


def test_with_a_bssid_the_plan_begins_on_its_channel() -> None:
    known = [bss(1, wps(), mhz=2437), bss(2, RSNE, mhz=2427)]
    assert scan_plan(known, (2412, 2427, 2437, 5180), is_fast=False, bssid=address(2)) == (
        (2427,),
        (2437,),
        (2412,),
        (5180,),
    )
    assert scan_plan([], (2412, 5180), is_fast=False, bssid=address(2)) == ((2412,), (5180,))


def test_frequencies_that_the_radio_may_not_use_are_left_out() -> None:
    assert scan_plan([bss(1, wps(), mhz=5825)], (2412, 5180), is_fast=True) == ((2412,), (5180,))
    assert scan_plan([bss(1, wps(), mhz=5825)], (), is_fast=True) == ((5825,), (2412, 2437, 2462), EVERYWHERE)
