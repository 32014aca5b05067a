# SPDX-License-Identifier: BSD-3-Clause
"""A station that stops in the middle of the registration protocol: the agent cleans up, and the next one gets in."""

from collections.abc import Iterator

import pytest
from tests.lab.halting import HaltingSupplicant
from tests.lab.network import NetNamespace, interface_address, run
from tests.lab.peers import Agent, WpaSupplicant, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 150.0}

PASSPHRASE = "correct horse battery"
WALK_TIME = 120.0

CONFIG = f"""
[agent]
log_level = "debug"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1
"""

POINTS = [
    "EAP: EAP entering state IDENTITY",
    "WPS: Building Message M1",
    "WPS: Building Message M3",
    "WPS: Building Message M5",
    "WPS: Building Message M7",
    "WPS: Received M8",
    "WPA: RX message 1 of 4-Way Handshake",
]
"""Lines of wpa_supplicant's log, in the order in which they come."""


@pytest.fixture(scope="module")
def namespaces() -> Iterator[tuple[NetNamespace, NetNamespace]]:
    with NetNamespace("first") as first, NetNamespace("second") as second:
        first.take_radio("wlan1")
        second.take_radio("wlan2")
        yield first, second


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with Agent(CONFIG) as agent:
        agent.control.read_events()  # attached from here on
        yield agent
        assert "Traceback" not in agent.log


def stations_of_the_kernel() -> str:
    return run("iw", "dev", "wlan0", "station", "dump")


def wait_forgotten(timeout: float) -> None:
    """Until the kernel knows no station of ours."""
    wait_until(lambda: stations_of_the_kernel() == "", timeout, "the station is not forgotten", interval=1.0)


def assert_joins(station: WpaSupplicant) -> None:
    station.press_button()
    station.wait_connected(60.0)
    assert station.status()["key_mgmt"] == "WPA2-PSK"
    assert f'psk="{PASSPHRASE}"' in station.saved_config


@pytest.mark.parametrize("point", POINTS)
def test_a_station_that_stops_is_forgotten_and_succeeds_when_it_comes_again(
    agent: Agent, namespaces: tuple[NetNamespace, NetNamespace], point: str
) -> None:
    """Killed where it stood, started again on the same device: the same window where it is open, else the next."""
    agent.control.expect_ok("WPS_PBC")
    with HaltingSupplicant("wlan1", point, namespace=namespaces[0]) as station:
        station.press_button()
        station.wait_halted()
        assert stations_of_the_kernel() != ""
        wait_forgotten(60.0)
        station.kill()
    if "PBC Status: Active" not in agent.control.request("WPS_GET_STATUS"):
        agent.control.expect_ok("WPS_PBC")
    with WpaSupplicant("wlan1", namespace=namespaces[0]) as station:
        assert_joins(station)
    wait_forgotten(10.0)
    agent.control.forget_events()


def test_a_station_that_wakes_up_after_it_was_forgotten_is_sent_away_and_may_try_again(
    agent: Agent, namespaces: tuple[NetNamespace, NetNamespace]
) -> None:
    agent.control.expect_ok("WPS_PBC")
    with HaltingSupplicant("wlan1", "WPS: Building Message M3", namespace=namespaces[0]) as station:
        station.press_button()
        station.wait_halted()
        wait_forgotten(60.0)
        station.go_on()
        station.wait_connected(100.0)
        assert f'psk="{PASSPHRASE}"' in station.saved_config


def test_another_station_meanwhile_is_an_overlap_and_succeeds_when_the_walk_time_of_the_first_is_over(
    agent: Agent, namespaces: tuple[NetNamespace, NetNamespace]
) -> None:
    agent.control.expect_ok("WPS_PBC")
    with HaltingSupplicant("wlan1", "WPS: Building Message M5", namespace=namespaces[0]) as halted:
        halted.press_button()
        halted.wait_halted()
        with WpaSupplicant("wlan2", namespace=namespaces[1]) as station:
            station.press_button()
            agent.control.wait_event("WPS-OVERLAP-DETECTED")
            assert agent.control.request("WPS_PBC") == "FAIL"
            wait_until(lambda: agent.control.request("WPS_PBC") == "OK", WALK_TIME + 10, "still an overlap", 1.0)
            assert_joins(station)
            assert station.status()["bssid"] == interface_address("wlan0")
