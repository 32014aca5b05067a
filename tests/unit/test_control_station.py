# SPDX-License-Identifier: BSD-3-Clause
"""Control commands for stations: what they answer, word for word as wpa_supplicant does, and what they refuse."""

import logging

import pytest
from tests.unit.control_station_bench import AIR, AgentOfBoth, BenchStation, joined, why
from tests.unit.sta_air import OWN
from tests.unit.sta_bench import AP, StationBench, cafe, home

from wpsagent.control import Commands
from wpsagent.control.commands import ACCESS_POINT
from wpsagent.control.station_commands import STATION_COMMANDS
from wpsagent.errors import AgentError
from wpsagent.octets import MacAddress
from wpsagent.ports import Associated, Connect, TriggerScan
from wpsagent.roles.sta import events as sta


@pytest.fixture
def station() -> BenchStation:
    bench = StationBench(air=AIR)
    bench.start()
    return BenchStation(bench)


@pytest.fixture
def commands(station: BenchStation) -> Commands:
    return Commands(AgentOfBoth(station, has_access_points=False))


# ---- whose command it is


def test_commands_without_a_target_are_the_access_points(station: BenchStation) -> None:
    agent = AgentOfBoth(station)
    commands = Commands(agent)
    assert commands("WPS_PBC") == "OK\n"
    assert agent.asked == [("press_button", None)]
    assert station.bench.take(sta.WpsStarted) == []
    assert commands("STATUS").startswith("state=ENABLED\n")
    assert commands("SCAN") == "UNKNOWN COMMAND\n"


@pytest.mark.parametrize("request_text", ["IFNAME=wlan5 WPS_PBC", "WPS_PBC wlan5"])
def test_a_station_is_meant_by_its_interface(station: BenchStation, request_text: str) -> None:
    agent = AgentOfBoth(station)
    commands = Commands(agent)
    assert commands(request_text) == "OK\n"
    assert agent.asked == []
    (started,) = station.bench.take(sta.WpsStarted)
    assert (started.method, started.bssid) == (sta.WpsMethod.PUSH_BUTTON, None)
    assert commands("WPS_CANCEL wlan5") == "OK\n"
    (ended,) = station.bench.take(sta.WpsEnded)
    assert ended.reason is sta.WpsEndReason.CANCELLED


def test_an_interface_of_nobody_is_refused_with_those_that_there_are(station: BenchStation) -> None:
    commands = Commands(AgentOfBoth(station))
    assert commands("IFNAME=wlan9 WPS_PBC") == "FAIL-NO-IFNAME-MATCH\n"
    assert commands("WHY").strip() == "WPS_PBC: no network of ours is on 'wlan9'; there is wlan0, wlan1, wlan5"


def test_all_interfaces_are_listed(station: BenchStation) -> None:
    assert Commands(AgentOfBoth(station))("INTERFACES") == "wlan0\nwlan1\nwlan5\n"


def test_help_shows_the_commands_that_there_are(station: BenchStation, commands: Commands) -> None:
    both = Commands(AgentOfBoth(station))("HELP").splitlines()
    assert len(both) == len(ACCESS_POINT) + len(STATION_COMMANDS)
    alone = [line.split()[0] for line in commands("HELP").splitlines()]
    assert len(alone) == len(set(alone))
    assert {"PING", "WPS_PBC", "SCAN", "AGENT_STATUS"} <= set(alone)
    assert any(line.startswith("WPS_PIN <BSSID, any or get> [PIN] ") for line in commands("HELP").splitlines())


def test_the_first_station_is_meant_where_there_is_nothing_else(station: BenchStation) -> None:
    other = BenchStation(StationBench().start(), "wlan6")
    commands = Commands(AgentOfBoth(station, other, has_access_points=False))
    assert commands("WPS_PBC") == "OK\n"
    assert len(station.bench.take(sta.WpsStarted)) == 1
    assert commands("IFNAME=wlan6 WPS_PBC") == "OK\n"
    assert len(other.bench.take(sta.WpsStarted)) == 1


# ---- WPS


@pytest.mark.parametrize(
    ("request_text", "bssid"),
    [("WPS_PBC", None), ("WPS_PBC any", None), (f"WPS_PBC {AP}", AP)],
)
def test_push_button(station: BenchStation, commands: Commands, request_text: str, bssid: MacAddress | None) -> None:
    assert commands(request_text) == "OK\n"
    (started,) = station.bench.take(sta.WpsStarted)
    assert started.bssid == bssid


@pytest.mark.parametrize(
    ("request_text", "pin", "bssid"),
    [
        ("WPS_PIN any", "12345670", None),
        ("WPS_PIN any 00000000", "00000000", None),
        ("WPS_PIN ANY 1234", "1234", None),
        (f"WPS_PIN {AP} 12345670", "12345670", AP),
    ],
)
def test_a_pin_is_echoed_without_a_newline(
    station: BenchStation, commands: Commands, request_text: str, pin: str, bssid: MacAddress | None
) -> None:
    assert commands(request_text) == pin
    (started,) = station.bench.take(sta.WpsStarted)
    assert (started.method, started.bssid) == (sta.WpsMethod.PIN, bssid)


def test_a_pin_may_be_made_up_without_a_run(station: BenchStation, commands: Commands) -> None:
    assert commands("WPS_PIN get") == "12345670"
    assert station.bench.take(sta.WpsStarted) == []


def test_an_access_point_is_asked_for_its_settings(station: BenchStation, commands: Commands) -> None:
    assert commands(f"WPS_REG {AP} 12345670") == "OK\n"
    (started,) = station.bench.take(sta.WpsStarted)
    assert (started.method, started.bssid) == (sta.WpsMethod.REGISTRAR, AP)


@pytest.mark.parametrize(
    "settings", ["686f6d65 WPA2PSK CCMP 636f727265637420686f727365", "686f6d65 OPEN NONE", "686f6d65 OPEN NONE "]
)
def test_an_access_point_is_given_settings(station: BenchStation, commands: Commands, settings: str) -> None:
    assert commands(f"WPS_REG {AP} 12345670 {settings}") == "OK\n"
    assert len(station.bench.take(sta.WpsStarted)) == 1


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        ("WPS_PBC 02:00", "02:00"),
        ("WPS_PBC any more", "2 arguments given"),
        ("WPS_PIN any 1234567x", "a PIN has digits"),
        ("WPS_PIN any ÄÖ", "not a PIN"),
        (f"WPS_REG {AP}", "1 arguments given"),
        (f"WPS_REG {AP} 12345670 686f6d65", "settings for the access point are <ssid hex> <auth> <encr>"),
        (f"WPS_REG {AP} 12345670 686f6d6 OPEN NONE", "not pairs of hexadecimal digits"),
        (f"WPS_REG {AP} 12345670 {'61' * 33} OPEN NONE", "an SSID has at most 32 octets"),
        (f"WPS_REG {AP} 12345670 61 WPAPSK CCMP 61", "WPAPSK: WPS 2.0 forbids WPA without WPA2"),
        (f"WPS_REG {AP} 12345670 61 WPA2PSK TKIP 61", "TKIP: WPS 2.0 forbids TKIP without CCMP"),
        (f"WPS_REG {AP} 12345670 61 OPEN WEP 61", "WEP: WPS 2.0 forbids WEP"),
        (f"WPS_REG {AP} 12345670 61 SHARED NONE", "SHARED: unknown; there is OPEN, WPA2PSK"),
        (f"WPS_REG {AP} 12345670 61 WPA2PSK CCMP 61", "such a network cannot be set up"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    station: BenchStation, commands: Commands, request_text: str, reason: str
) -> None:
    assert reason in why(commands, request_text)
    assert station.bench.take(sta.WpsStarted) == []


@pytest.mark.parametrize("request_text", ["WPS_PIN any 13572468", f"WPS_REG {AP} 13572468", "WPS_PIN any 13572468 x"])
def test_no_pin_is_logged(commands: Commands, caplog: pytest.LogCaptureFixture, request_text: str) -> None:
    with caplog.at_level(logging.DEBUG):
        commands(request_text)
    assert "13572468" not in caplog.text


def test_cancelling_nothing_is_no_error(commands: Commands) -> None:
    assert commands("WPS_CANCEL") == "OK\n"


# ---- scans


def test_a_scan_is_begun_unless_one_runs(station: BenchStation, commands: Commands) -> None:
    assert commands("SCAN freq=2412,2437") == "OK\n"
    (scan,) = [command for command in station.bench.commands if isinstance(command, TriggerScan)]
    assert scan.frequencies_mhz == (2412, 2437)
    assert commands("SCAN") == "FAIL-BUSY\n"


def test_what_was_heard_is_told(station: BenchStation, commands: Commands) -> None:
    commands("SCAN")
    station.bench.scanned()
    assert commands("SCAN_RESULTS").splitlines() == [
        "bssid / frequency / signal level / flags / ssid",
        f"{AP}\t2437\t-50\t[WPA2-PSK-CCMP][WPS-PBC][ESS]\thome",
        "02:00:00:00:00:02\t2412\t-70\t[ESS]\tcafe",
    ]
    assert commands(f"BSS {AP} MASK=0x1002").splitlines() == [f"bssid={AP}", "ssid=home"]
    assert commands("BSS CURRENT") == ""


# ---- networks


def test_status_of_a_station_in_a_network() -> None:
    bench = StationBench(home(id_str="cottage"), air=AIR)
    joined(bench)
    commands = Commands(AgentOfBoth(BenchStation(bench), has_access_points=False))
    assert commands("STATUS").splitlines() == [
        f"bssid={AP}",
        "freq=2437",
        "ssid=home",
        "id=0",
        "id_str=cottage",
        "mode=station",
        "pairwise_cipher=CCMP",
        "group_cipher=CCMP",
        "key_mgmt=WPA2-PSK",
        "wpa_state=COMPLETED",
        f"address={OWN}",
        "uuid=11111111-1111-1111-1111-111111111111",
    ]
    assert commands("BSS CURRENT MASK=0x2") == f"bssid={AP}\n"


def test_status_of_a_station_in_an_open_network() -> None:
    bench = StationBench(cafe(), air=AIR)
    bench.connect()
    lines = Commands(AgentOfBoth(BenchStation(bench), has_access_points=False))("STATUS").splitlines()
    assert lines[2:8] == [
        "ssid=cafe",
        "id=0",
        "mode=station",
        "pairwise_cipher=NONE",
        "group_cipher=NONE",
        "key_mgmt=NONE",
    ]


def test_status_while_wps_runs(station: BenchStation, commands: Commands) -> None:
    assert commands("STATUS").splitlines()[0] == "wpa_state=INACTIVE"
    commands("WPS_PBC")
    station.bench.scanned()
    (connect,) = [command for command in station.bench.commands if isinstance(command, Connect)]
    assert commands("STATUS").splitlines()[0] == "wpa_state=ASSOCIATING"
    station.bench.receive(Associated(connect.bssid))
    lines = commands("STATUS").splitlines()
    assert lines[:9] == [
        f"bssid={AP}",
        "freq=2437",
        "ssid=home",
        "id=0",
        "mode=station",
        "pairwise_cipher=NONE",
        "group_cipher=NONE",
        "key_mgmt=WPS",
        "wpa_state=ASSOCIATED",
    ]


def test_without_a_radio_there_is_still_an_answer(station: BenchStation, commands: Commands) -> None:
    station.networks.add(home())
    station.is_up = False
    assert commands("STATUS") == "wpa_state=INTERFACE_DISABLED\n"
    assert commands("LIST_NETWORKS").splitlines()[1:] == ["0\thome\tany\t"]
    assert why(commands, "WPS_PBC") == "WPS_PBC: wlan5 is down: it was pulled"
    assert why(commands, "SCAN_RESULTS") == "SCAN_RESULTS: wlan5 is down: it was pulled"


def test_networks_are_listed_enabled_disabled_selected_and_removed() -> None:
    bench = StationBench(home(), cafe(bssid=MacAddress.parse("02:00:00:00:00:02")), air=AIR)
    joined(bench)
    commands = Commands(AgentOfBoth(BenchStation(bench), has_access_points=False))

    def flags() -> list[str]:
        return [line.split("\t")[3] for line in commands("LIST_NETWORKS").splitlines()[1:]]

    assert commands("LIST_NETWORKS").splitlines() == [
        "network id / ssid / bssid / flags",
        "0\thome\tany\t[CURRENT]",
        "1\tcafe\t02:00:00:00:00:02\t",
    ]
    assert commands("DISABLE_NETWORK 1") == "OK\n"
    assert flags() == ["[CURRENT]", "[DISABLED]"]
    assert commands("ENABLE_NETWORK all") == "OK\n"
    assert flags() == ["[CURRENT]", ""]
    assert commands("SELECT_NETWORK 1") == "OK\n"
    assert flags()[0].endswith("[DISABLED]")
    assert commands("SELECT_NETWORK any") == "OK\n"
    assert not any("DISABLED" in text for text in flags())
    assert commands("REMOVE_NETWORK 0") == "OK\n"
    assert commands("REMOVE_NETWORK all") == "OK\n"
    assert flags() == []
    for name in ("SELECT", "ENABLE", "DISABLE", "REMOVE"):
        assert why(commands, f"{name}_NETWORK 7") == f"{name}_NETWORK: there is no network 7"
    assert "a network is a number from 0 to 999999999" in why(commands, "REMOVE_NETWORK -1")
    assert "a network is a number from 0 to 999999999" in why(commands, "REMOVE_NETWORK 1234567890")


def test_a_network_with_the_wrong_key_is_shown_as_left_alone() -> None:
    bench = StationBench(home(), air=AIR)
    bench.connect()
    commands = Commands(AgentOfBoth(BenchStation(bench), has_access_points=False))
    bench.machine._faults.network_failed(0, bench.now)
    assert commands("LIST_NETWORKS").splitlines()[1].endswith("[TEMP-DISABLED]")


def test_leaving_and_joining_again() -> None:
    bench = StationBench(cafe(), air=AIR)
    bench.connect()
    commands = Commands(AgentOfBoth(BenchStation(bench), has_access_points=False))
    assert commands("REASSOCIATE") == "OK\n"
    bench.left()
    assert commands("DISCONNECT") == "OK\n"
    assert "wpa_state=COMPLETED" not in commands("STATUS")
    assert commands("RECONNECT") == "OK\n"


def test_the_networks_are_saved_on_request(station: BenchStation, commands: Commands) -> None:
    assert commands("SAVE_CONFIG") == "OK\n"
    assert station.saved == 1
    station.failure = AgentError("disk full")
    assert why(commands, "SAVE_CONFIG") == "SAVE_CONFIG: disk full"
