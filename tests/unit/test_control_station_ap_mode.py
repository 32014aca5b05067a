# SPDX-License-Identifier: BSD-3-Clause
"""Control commands of a station that is an access point (mode=2), and of interfaces that come and go."""

import pytest
from tests.unit.control_access_point import FakeAccessPoint
from tests.unit.control_station_bench import AIR, AgentOfBoth, BenchStation, why
from tests.unit.sta_bench import StationBench
from tests.unit.test_control_commands import FakeAgent

from wpsagent.control import Commands
from wpsagent.errors import OverlapError
from wpsagent.octets import MacAddress
from wpsagent.roles.sta import events as sta

PHONE = MacAddress.parse("02:00:00:00:05:00")
UUID = "12345678-9abc-def0-1234-56789abcdef0"


@pytest.fixture
def station() -> BenchStation:
    """One that has become an access point."""
    station = BenchStation(StationBench(air=AIR).start())
    station.access_point, station.access_point_id = FakeAccessPoint(), 3
    return station


@pytest.fixture
def agent(station: BenchStation) -> AgentOfBoth:
    return AgentOfBoth(station, has_access_points=False)


@pytest.fixture
def commands(agent: AgentOfBoth) -> Commands:
    return Commands(agent)


def test_the_button_is_that_of_the_access_point(station: BenchStation, agent: AgentOfBoth, commands: Commands) -> None:
    assert commands("WPS_PBC") == "OK\n"
    assert commands("WPS_CANCEL") == "OK\n"
    assert agent.asked == [("press_button", "wlan5"), ("cancel", "wlan5")]
    assert station.bench.take(sta.WpsStarted) == []
    agent.failure = OverlapError("two devices are in push-button mode")
    assert commands("WPS_PBC") == "FAIL-PBC-OVERLAP\n"


@pytest.mark.parametrize(
    ("rest", "pin", "asked"),
    [
        ("any", "12345670", (b"12345670", None, 0.0, None, "wlan5")),
        ("any 1234 300", "1234", (b"1234", None, 300.0, None, "wlan5")),
        (f"{PHONE} 12345670", "12345670", (b"12345670", None, 0.0, PHONE, "wlan5")),
        (f"{UUID} 12345670", "12345670", (b"12345670", bytes.fromhex(UUID.replace("-", "")), 0.0, None, "wlan5")),
    ],
)
def test_a_pin_is_offered_to_an_enrollee(
    agent: AgentOfBoth, commands: Commands, rest: str, pin: str, asked: tuple[object, ...]
) -> None:
    assert commands(f"WPS_PIN {rest}") == pin
    assert agent.asked == [("add_pin", *asked)]


def test_a_pin_may_be_made_up_and_not_offered(agent: AgentOfBoth, commands: Commands) -> None:
    assert commands("WPS_PIN get") == "12345670"
    assert commands("WPS_PIN nobody 1234") == "FAIL\n"
    assert agent.asked == []


def test_the_ap_pin(commands: Commands) -> None:
    assert why(commands, "WPS_AP_PIN get") == "WPS_AP_PIN: wlan0 has no PIN: WPS_AP_PIN random or set gives it one"
    assert commands("WPS_AP_PIN set 12345670 60") == "12345670"
    assert commands("WPS_AP_PIN get") == "12345670"
    assert len(commands("WPS_AP_PIN random")) == 8
    assert commands("WPS_AP_PIN disable") == "OK\n"
    for rest in ("set", "set 123456789", "set 1234 soon", "random soon", "everything"):
        assert commands(f"WPS_AP_PIN {rest}") == "FAIL\n"


def test_a_registrar_of_others_it_is_not(commands: Commands) -> None:
    assert why(commands, f"WPS_REG {PHONE} 12345670") == "WPS_REG: wlan5 is an access point now, and no station"


def test_status_of_an_access_point(station: BenchStation, commands: Commands) -> None:
    station.ip_address = "192.0.2.1"
    lines = commands("STATUS").splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        *("bssid", "freq", "ssid", "id", "mode", "pairwise_cipher", "group_cipher", "key_mgmt", "wpa_state"),
        *("ip_address", "address", "uuid"),
    ]
    assert {"id=3", "mode=AP", "key_mgmt=WPA2-PSK"} <= set(lines)
    assert any(line.startswith("passphrase=") for line in commands("STATUS-WPS").splitlines())
    assert commands("STATUS-DRIVER") == commands("STATUS")


def test_its_stations_are_told_and_sent_away(station: BenchStation, commands: Commands) -> None:
    assert commands("STA-FIRST") == ""
    assert commands(f"DEAUTHENTICATE {PHONE}") == "OK\n"
    station.access_point = None
    for request in ("STA-FIRST", f"STA {PHONE}", f"DEAUTHENTICATE {PHONE}", f"DISASSOCIATE {PHONE}"):
        assert why(commands, request).endswith("wlan5 is no access point now")


# ---- interfaces


def test_interfaces_come_and_go() -> None:
    agent = FakeAgent()
    commands = Commands(agent)
    assert commands("INTERFACE_LIST") == "nl80211\twlan7\t\n"
    assert commands("INTERFACE_ADD wlan7\t/etc/a file.conf\tnl80211\t/run/sockets") == "OK\n"
    assert commands("INTERFACE_ADD wlan8") == "OK\n"
    assert commands("INTERFACE_REMOVE wlan7") == "OK\n"
    assert agent.asked == [
        ("add_station", "wlan7", "/etc/a file.conf", "nl80211", "/run/sockets"),
        ("add_station", "wlan8", "", "", ""),
        ("remove_station", "wlan7"),
    ]
    assert "fields with tabs between" in why(commands, "INTERFACE_ADD a\tb\tc\td\te\tf\tg\th\ti")
    assert "no driver parameters, no bridge" in why(commands, "INTERFACE_ADD wlan7\tfile\tnl80211\t\t\tbr0")
