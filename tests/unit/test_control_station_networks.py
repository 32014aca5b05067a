# SPDX-License-Identifier: BSD-3-Clause
"""Control commands about the networks of a station: variables one by one, what is told of them, what is refused."""

import pytest
from tests.unit.control_station_bench import AIR, AgentOfBoth, BenchStation, joined, station_commands, why
from tests.unit.sta_bench import StationBench, cafe, home

from wpsagent.control import Commands
from wpsagent.errors import AgentError
from wpsagent.octets import Ssid
from wpsagent.ports import Disconnected
from wpsagent.roles.sta import events as sta


@pytest.fixture
def station() -> BenchStation:
    bench = StationBench(air=AIR)
    bench.start()
    return BenchStation(bench)


@pytest.fixture
def commands(station: BenchStation) -> Commands:
    return Commands(AgentOfBoth(station, has_access_points=False))


def test_a_network_is_made_variable_by_variable(station: BenchStation, commands: Commands) -> None:
    assert commands("ADD_NETWORK") == "0\n"
    assert station.bench.take(sta.NetworkAdded) == [sta.NetworkAdded(0)]
    assert commands("LIST_NETWORKS").splitlines()[1:] == ["0\t\tany\t[DISABLED]"]
    assert commands('SET_NETWORK 0 ssid "home with  spaces"') == "OK\n"
    assert commands('SET_NETWORK 0 psk "correct horse battery"') == "OK\n"
    assert commands("SET_NETWORK 0 scan_freq 2412 2437") == "OK\n"
    assert commands("SET_NETWORK 0 bssid 02:00:00:00:00:07") == "OK\n"
    network = station.networks.get(0)
    assert network is not None
    assert (network.ssid, network.passphrase) == (b"home with  spaces", b"correct horse battery")
    assert commands("GET_NETWORK 0 ssid") == '"home with  spaces"'
    assert commands("GET_NETWORK 0 scan_freq") == "2412 2437"
    assert commands("GET_NETWORK 0 bssid") == "02:00:00:00:00:07"
    assert commands("GET_NETWORK 0 priority") == "0"
    assert commands("GET_NETWORK 0 frequency") == "0"
    assert commands("GET_NETWORK 0 fragment_size") == "1398"
    assert commands("GET_NETWORK 0 key_mgmt") == "WPA-PSK WPA-EAP"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("psk", '"correct horse battery"'),
        ("sae_password", '"secret words"'),
        ("password", '"secret words"'),
        ("wep_key0", "0102030405"),
        ("private_key_passwd", '"secret words"'),
    ],
)
def test_keys_are_set_and_never_told(commands: Commands, variable: str, value: str) -> None:
    commands("ADD_NETWORK")
    assert commands(f"SET_NETWORK 0 {variable} {value}") == "OK\n"
    assert commands(f"GET_NETWORK 0 {variable}") == "*"


def test_a_key_may_be_copied_unseen(station: BenchStation, commands: Commands) -> None:
    for _ in range(2):
        commands("ADD_NETWORK")
    commands('SET_NETWORK 0 psk "correct horse battery"')
    assert commands("DUP_NETWORK 0 1 psk") == "OK\n"
    network = station.networks.get(1)
    assert network is not None
    assert network.passphrase == b"correct horse battery"
    assert why(commands, "DUP_NETWORK 1 0 identity") == "DUP_NETWORK: network 1 has no identity"
    assert why(commands, "DUP_NETWORK 1 7 psk") == "DUP_NETWORK: there is no network 7"


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        ("0 sside 61", "there is no such variable"),
        ('0 ssid "a', "the closing quotation mark is missing"),
        (f"0 ssid {'61' * 33}", "an SSID has at most 32 octets"),
        ('0 psk "short"', "a passphrase has 8 to 63 characters, not 5"),
        ("0 priority many", "expected a number"),
        ("0 scan_ssid 2", "expected a number from 0 to 1"),
        ("0 frequency 99999", "expected a number from 0 to 70200"),
        ("0 scan_freq 2412 x", "expected a number"),
        ("0 bssid zz", "zz"),
        ("0 bssid_accept zz", "zz"),
        ("0 key_mgmt NOPE", "expected some of"),
        ("0 eap T<S", "expected words of letters and digits"),
        (f"0 wep_key0 {'61' * 17}", "expected a key of at most 16 octets"),
        ("0 identity name", 'expected "text"'),
        ('0 identity "a" # b', "something follows it"),
        ("0 phase1 6161#", 'expected "text"'),
        ("9 ssid 61", "there is no network 9"),
        ("x ssid 61", "a network is a number"),
        ("-1 ssid 61", "a network is a number"),
        ("0 ssid", "2 arguments given"),
        ("0", "1 arguments given"),
        ('0 ssid "a\nb"', "control characters"),
        ('0 psk "secret\r\nwords"', "control characters"),
        ('0 id_str "\x85"', "control characters"),
        ('0 id_str "\ufffd"', "not UTF-8"),
    ],
)
def test_what_a_variable_cannot_have_changes_nothing(
    station: BenchStation, commands: Commands, rest: str, reason: str
) -> None:
    commands("ADD_NETWORK")
    before = list(station.networks)
    assert reason in why(commands, f"SET_NETWORK {rest}")
    assert list(station.networks) == before


@pytest.mark.parametrize("rest", ["0 nothing", "0 bssid", "0 identity", "7 ssid", "0", "0 ssid more"])
def test_what_is_not_there_is_not_told(commands: Commands, rest: str) -> None:
    commands("ADD_NETWORK")
    assert commands(f"GET_NETWORK {rest}") == "FAIL\n"


def test_an_ssid_of_any_octets_is_told_in_hexadecimal(commands: Commands) -> None:
    commands("ADD_NETWORK")
    assert commands("SET_NETWORK 0 ssid 6100ff0a") == "OK\n"
    assert commands("GET_NETWORK 0 ssid") == "6100ff0a"
    assert commands("LIST_NETWORKS").splitlines()[1] == "0\ta\\0\\xff\\n\tany\t[DISABLED]".replace("\\0", "\\x00")


def test_long_lists_are_told_in_parts() -> None:
    networks = [home(ssid=Ssid(f"network number {number:012d}".encode())) for number in range(120)]
    _, commands = station_commands(StationBench(*networks))
    first = commands("LIST_NETWORKS")
    assert len(first.encode()) <= 4096
    last = first.splitlines()[-1].split("\t")[0]
    second = commands(f"LIST_NETWORKS LAST_ID={last}").splitlines()
    assert second[1].startswith(f"{int(last) + 1}\t")
    assert "there is LAST_ID=" in why(commands, "LIST_NETWORKS FIRST=3")


def test_a_network_may_be_allowed_without_joining_it() -> None:
    bench = StationBench(cafe(is_disabled=True), air=AIR)
    bench.start()
    station, commands = station_commands(bench)
    assert commands("ENABLE_NETWORK 0 no-connect") == "OK\n"
    assert station.bench.take(sta.ScanStarted) == []
    assert commands("ENABLE_NETWORK 0 no-hurry") == "FAIL\n"


def test_after_a_loss_it_stays_away_if_it_is_told_to() -> None:
    bench = StationBench(cafe(), air=AIR)
    bench.connect()
    _, commands = station_commands(bench)
    assert commands("STA_AUTOCONNECT 0") == "OK\n"
    bench.receive(Disconnected(4, is_by_peer=False))
    bench.pass_time(60.0)
    assert "wpa_state=DISCONNECTED" in commands("STATUS")
    assert commands("RECONNECT") == "OK\n"
    assert commands("STA_AUTOCONNECT 2") == "FAIL\n"


def test_joining_the_same_again_needs_a_network() -> None:
    bench = StationBench(cafe(), air=AIR)
    bench.connect()
    _, commands = station_commands(bench)
    assert commands("REATTACH") == "OK\n"
    bench.left()
    commands("DISCONNECT")
    assert why(commands, "REATTACH") == "REATTACH: the station is in no network"


def test_flush_forgets_all_but_the_file() -> None:
    bench = StationBench(home(), cafe(), air=AIR)
    joined(bench)
    station, commands = station_commands(bench)
    commands("BSSID_IGNORE 02:00:00:00:00:07")
    assert commands("FLUSH") == "OK\n"
    assert len(station.networks) == 0
    assert commands("BSSID_IGNORE") == ""
    assert station.saved == 0


def test_the_file_is_read_again(station: BenchStation, commands: Commands) -> None:
    assert commands("RECONFIGURE") == "OK\n"
    assert station.reloaded == 1
    station.failure = AgentError("line 3: expected name=value")
    assert why(commands, "RECONFIGURE") == "RECONFIGURE: line 3: expected name=value"


def test_a_network_with_mode_2_makes_an_access_point_of_the_station(station: BenchStation, commands: Commands) -> None:
    commands("ADD_NETWORK")
    commands("SET_NETWORK 0 mode 2")
    assert commands("SELECT_NETWORK 0") == "OK\n"
    assert station.access_point_id == 0
    assert "[CURRENT]" in commands("LIST_NETWORKS")
    assert commands("REMOVE_NETWORK 0") == "OK\n"
    assert station.access_point_id is None
