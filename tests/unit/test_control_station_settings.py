# SPDX-License-Identifier: BSD-3-Clause
"""Control commands about a station itself: options, what it can do, scans; and every command with bad input."""

import random

import pytest
from tests.unit.control_station_bench import AIR, AgentOfBoth, BenchStation, joined, station_commands, why
from tests.unit.sta_air import OWN
from tests.unit.sta_bench import AP, StationBench, cafe, home

from wpsagent.control import Commands
from wpsagent.control.station_commands import STATION_COMMANDS
from wpsagent.control.table import Command
from wpsagent.ports import TriggerScan
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.options import OPTIONS
from wpsagent.wsc.device import format_uuid


@pytest.fixture
def station() -> BenchStation:
    bench = StationBench(air=AIR)
    bench.start()
    return BenchStation(bench)


@pytest.fixture
def commands(station: BenchStation) -> Commands:
    return Commands(AgentOfBoth(station, has_access_points=False))


# ---- options


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("device_name", "Lamp of the kitchen"),
        ("manufacturer", "M"),
        ("model_name", "N"),
        ("model_number", "1"),
        ("serial_number", "2"),
        ("device_type", "8-0050F204-3"),
        ("os_version", "80000001"),
        ("config_methods", "virtual_display push_button"),
        ("uuid", "12345678-9abc-def0-1234-56789abcdef0"),
        ("wps_cred_processing", "2"),
        ("wps_cred_add_sae", "1"),
        ("wps_priority", "7"),
        ("wps_fragment_size", "600"),
        ("wps_vendor_ext_m1", "00137400"),
        ("pmf", "2"),
        ("bss_expiration_age", "60"),
        ("ap_scan", "2"),
        ("country", "DE"),
        ("update_config", "1"),
        ("fast_reauth", "0"),
    ],
)
def test_an_option_is_set_and_told(commands: Commands, name: str, value: str) -> None:
    assert commands(f"SET {name} {value}") == "OK\n"
    assert commands(f"GET {name}") == value
    assert f"{name}={value}\n" in commands("DUMP")


def test_what_was_not_set_is_told_as_it_counts(station: BenchStation, commands: Commands) -> None:
    parameters = station.bench.machine.parameters
    assert commands("GET device_name") == parameters.device.device_name
    assert commands("GET uuid") == format_uuid(parameters.uuid)
    assert commands("GET wps_cred_processing") == "0"
    assert commands("GET bss_expiration_age") == "180"
    assert commands("GET fast_reauth") == "1"
    assert commands("GET country") == "FAIL\n"
    assert commands("GET wps_vendor_ext_m1") == ""
    assert commands("DUMP").count("\n") == len(OPTIONS)


def test_options_count_from_the_next_run_on(station: BenchStation, commands: Commands) -> None:
    commands("SET device_name Lamp")
    commands("SET wps_vendor_ext_m1 0013740102")
    parameters = station.bench.machine.parameters
    assert parameters.device.device_name == "Lamp"
    assert parameters.vendor_extensions == (bytes.fromhex("0013740102"),)
    commands("BSS_EXPIRE_AGE 30")
    assert station.bench.machine.parameters.max_age == 30.0


def test_secrets_among_the_options_are_not_told(commands: Commands) -> None:
    assert commands("SET wps_nfc_dev_pw 0102") == "OK\n"
    assert commands("GET wps_nfc_dev_pw") == "*"
    assert "0102" not in commands("DUMP")


@pytest.mark.parametrize(
    "rest",
    [
        "device_name " + "x" * 33,
        "device_type 1-2",
        "os_version 8000",
        "os_version 8000000g",
        "config_methods push_buton",
        "uuid 1234",
        "wps_cred_processing 3",
        "wps_priority -1",
        "wps_fragment_size 10",
        "wps_vendor_ext_m1 0013",
        "wps_vendor_ext_m1 001374zz",
        "ap_scan 3",
        "country Germany",
        "country de",
        "nothing 1",
        "device_name two\nlines",
        "device_name",
    ],
)
def test_an_option_that_cannot_be_changes_nothing(station: BenchStation, commands: Commands, rest: str) -> None:
    before = station.bench.machine.parameters
    assert commands(f"SET {rest}") == "FAIL\n"
    assert station.bench.machine.parameters == before
    assert station.options == {}


# ---- what it can do


def test_capabilities(commands: Commands) -> None:
    assert commands("GET_CAPABILITY eap") == "WSC"
    assert commands("GET_CAPABILITY key_mgmt strict iftype=STATION") == "NONE WPA-PSK WPA-PSK-SHA256"
    assert commands("GET_CAPABILITY pairwise") == "CCMP"
    assert commands("GET_CAPABILITY channels").splitlines()[0].startswith("Mode[G] Channels: 1 ")
    assert " 6 = 2437 MHz" in commands("GET_CAPABILITY freq")
    assert "there is eap," in why(commands, "GET_CAPABILITY everything")
    assert "there is iftype=" in why(commands, "GET_CAPABILITY eap strict AP")


def test_the_signal_is_that_of_the_network_joined() -> None:
    bench = StationBench(home(), air=AIR)
    _, commands = station_commands(bench)
    bench.start()
    assert why(commands, "SIGNAL_POLL") == "SIGNAL_POLL: the station is in no network"
    joined(bench)
    assert commands("SIGNAL_POLL") == "RSSI=-50\nLINKSPEED=0\nNOISE=9999\nFREQUENCY=2437\n"


def test_the_radio_is_described(commands: Commands) -> None:
    lines = commands("STATUS-DRIVER").splitlines()
    assert {"ifname=wlan5", f"addr={OWN}", "freq=0", "associated=0"} <= set(lines)
    assert commands("DRIVER_FLAGS").splitlines()[0].endswith(":")
    assert commands("STATUS-VERBOSE") == commands("STATUS") == commands("STATUS-WPS")


def test_the_address_of_the_interface_is_told(station: BenchStation, commands: Commands) -> None:
    station.ip_address = "192.0.2.7"
    assert "ip_address=192.0.2.7" in commands("STATUS").splitlines()


def test_what_the_agent_does_without_is_empty(commands: Commands) -> None:
    assert commands("LIST_CREDS") == "cred id / realm / username / domain / imsi\n"
    assert commands("PMKSA").startswith("Index / AA / PMKID")
    for request in ("PMKSA_FLUSH", "LOGON", "LOGOFF", "SCAN_INTERVAL 5", "BSS_EXPIRE_COUNT 2", "AP_SCAN 1"):
        assert commands(request) == "OK\n"
    for request in ("WPS_ER_START", "WPS_ER_PIN any 12345670", "WPS_NFC", "WPS_NFC_TOKEN NDEF", "WPS_AP_PIN get"):
        assert commands(request) == "FAIL\n"


# ---- scans


@pytest.mark.parametrize(
    ("options", "frequencies", "ssids"),
    [
        ("", (), (b"",)),
        ("freq=2412,2437", (2412, 2437), (b"",)),
        ("freq=2412-2422", (2412, 2417, 2422), (b"",)),
        ("passive=1", (), ()),
        ("ssid 6162 ssid 63", (), (b"ab", b"c")),
        ("ssid 6162 wildcard_ssid=1", (), (b"", b"ab")),
        ("TYPE=ONLY freq=2412 only_new=1 bssid=02:00:00:00:00:07 scan_id=3", (2412,), (b"",)),
    ],
)
def test_scans_have_options(
    station: BenchStation, commands: Commands, options: str, frequencies: tuple[int, ...], ssids: tuple[bytes, ...]
) -> None:
    assert commands(f"SCAN {options}") == "OK\n"
    (scan,) = [command for command in station.bench.commands if isinstance(command, TriggerScan)]
    assert (scan.frequencies_mhz, scan.ssids) == (frequencies, ssids)


@pytest.mark.parametrize(
    "options",
    [
        "TYPE=NOPE",
        "freq=",
        "freq=x",
        "freq=99999999",
        "passive=2",
        "ssid",
        "ssid 6",
        "everything",
        "freq=2412 freq=2437",
        "ssid 61 " * 17,
    ],
)
def test_scans_with_wrong_options_are_refused(station: BenchStation, commands: Commands, options: str) -> None:
    assert commands(f"SCAN {options}") == "FAIL\n"
    assert station.bench.take(sta.ScanStarted) == []


def test_a_scan_may_have_a_number(station: BenchStation, commands: Commands) -> None:
    assert commands("SCAN use_id=1") == "1\n"
    assert [event.id for event in station.bench.take(sta.ScanStarted)] == [1]
    assert commands("ABORT_SCAN") == "OK\n"
    station.bench.scanned(is_aborted=True)
    assert why(commands, "ABORT_SCAN") == "ABORT_SCAN: no scan runs that somebody asked for"
    assert commands("SCAN use_id=1") == "2\n"
    station.bench.scanned()
    assert [event.id for event in station.bench.take(sta.ScanCompleted)][-1] == 2


def test_a_scan_alone_joins_nothing() -> None:
    bench = StationBench(cafe(), air=())
    bench.start()
    _, commands = station_commands(bench)
    bench.scanned()
    bench.air = AIR
    assert commands("SCAN TYPE=ONLY") == "OK\n"
    bench.take(object)
    bench.scanned()
    assert bench.take(sta.TryingToAssociate) == []
    assert commands("SCAN_RESULTS").count("\n") == 3


def test_what_was_heard_is_forgotten(station: BenchStation, commands: Commands) -> None:
    commands("SCAN")
    station.bench.scanned()
    assert commands("BSS_FLUSH 100") == "OK\n"
    assert commands("SCAN_RESULTS").count("\n") == 3
    station.bench.pass_time(1.0)
    assert commands("BSS_FLUSH 0") == "OK\n"
    assert commands("SCAN_RESULTS").count("\n") == 1


def test_an_access_point_is_left_alone_and_forgiven(commands: Commands) -> None:
    assert commands(f"BSSID_IGNORE {AP}") == "OK\n"
    assert commands("BLACKLIST") == f"{AP}\n"
    assert commands("BLACKLIST clear") == "OK\n"
    assert commands("BSSID_IGNORE") == ""
    assert commands("BSSID_IGNORE nobody") == "FAIL\n"


# ---- bad input, for every command

_BAD = (
    "",
    "x",
    "-1",
    "0",
    "any",
    "all",
    "99999999999999999999",
    "\x00",
    "a\nb=c",
    "a\r",
    "\ufffd\ufffd",
    "ÄÖ\u2028Ü",
    "02:00:00:00:00:01",
    "02:00",
    "'\"$(reboot)\"'",
    "x" * 5000,
    "0 ssid",
    '0 ssid "a\n}\nnetwork={"',
    '0 psk "a"b\x7f',
    "=",
    "MASK=0xzz",
    "1 2 3 4 5 6 7 8 9",
)
_LINES = ("\n", "\r", "\x00", "\x85", "\u2028")


def test_no_command_breaks_on_bad_input_or_lets_a_line_end_through() -> None:
    chance = random.Random(17)
    for _ in range(6):
        bench = StationBench(home(), cafe(), air=AIR)
        bench.start()
        station, commands = station_commands(bench)
        for command in chance.sample(STATION_COMMANDS, len(STATION_COMMANDS)):
            for _ in range(4):
                words = chance.choices(_BAD, k=chance.randint(1, 3))
                reply = commands(f"{command.name} {' '.join(words)}".strip())
                assert isinstance(reply, str)
            for network in station.networks:
                texts = (network.id_str or "", *(raw for _, raw in network.other))
                assert not any(line in text for text in texts for line in _LINES)
            assert not any(line in raw for raw in station.options.values() for line in _LINES)


@pytest.mark.parametrize("command", STATION_COMMANDS, ids=lambda command: command.name)
@pytest.mark.parametrize("rest", ["a\nb", "\x01", "\ufffd", "\x7f"])
def test_no_command_takes_control_characters(station: BenchStation, command: Command, rest: str) -> None:
    commands = Commands(AgentOfBoth(station, has_access_points=False))
    assert commands(f"{command.name} {rest} end") in ("FAIL\n", "UNKNOWN COMMAND\n")
