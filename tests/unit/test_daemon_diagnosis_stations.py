# SPDX-License-Identifier: BSD-3-Clause
"""The doctor and stations: their interfaces, their radios, who has them, what the running agent says of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.diagnosis_world import ACCESS_POINT, World, capabilities, interface, wiphy

from wpsagent.capabilities import InterfaceType
from wpsagent.daemon.diagnosis import Finding, Level

STATION = '[[station]]\ninterface = "wlan0"\n'
SOCKET = "/run/wps-agent/control"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, config=STATION)


def report(**station: Any) -> str:
    known = {"interface": "wlan0", "state": "disconnected", "reason": None, "ssid": None, "networks": 1} | station
    return json.dumps({"version": "1", "pid": 7, "access_points": [], "stations": [known]})


def the_agents_word(world: World, **station: Any) -> Finding:
    world.listen(SOCKET, report(**station))
    return world.one("agent wlan0")


def test_a_configuration_with_a_station_alone_is_right(world: World) -> None:
    (finding,) = world.of("configuration")
    assert (finding.level, "a station on wlan0" in finding.text) == (Level.OK, True)


def test_a_radio_that_can_be_a_station_is_right(world: World) -> None:
    finding = world.one("interface wlan0")
    assert finding.level is Level.OK
    assert finding.text.endswith("which can be a station")
    assert world.one("rfkill wlan0").level is Level.OK
    assert world.one("owner wlan0").level is Level.OK


def test_a_missing_interface_is_a_problem(world: World) -> None:
    world.config = STATION.replace("wlan0", "wlan7")
    finding = world.one("interface wlan7")
    assert finding.level is Level.PROBLEM
    assert finding.text == "there is no interface wlan7 (wireless ones: wlan0)"
    assert finding.remedy == 'set interface to one of these, or create_on = "phy0" to have it created'
    world.wiphys = [wiphy(None)]
    assert world.one("interface wlan7").text == "there is no interface wlan7 (wireless ones: none)"


def test_a_radio_that_cannot_be_a_station_is_a_problem(world: World) -> None:
    world.wiphys = [wiphy(capabilities(types=frozenset({InterfaceType.AP})), interface())]
    assert world.one("interface wlan0").level is Level.PROBLEM


def test_who_has_the_interface_is_told(world: World) -> None:
    world.listen("/run/wpa_supplicant/wlan0", "PONG\n")
    assert world.one("owner wlan0").level is Level.PROBLEM
    world.listen(SOCKET, report(state="connected", ssid="home"))
    assert world.one("owner wlan0").text == "the running wps-agent has it"


@pytest.mark.parametrize(
    ("station", "level", "text"),
    [
        ({"state": "connected", "ssid": "home"}, Level.OK, "its station is in the network home"),
        ({}, Level.WARNING, "its station is in no network"),
        ({"networks": 0}, Level.WARNING, "its station knows no network"),
        ({"state": "starting"}, Level.WARNING, "its station is still starting"),
        ({"state": "lost", "reason": "wlan0 was set down"}, Level.PROBLEM, "its station is down: wlan0 was set down"),
        ({"state": "failed"}, Level.PROBLEM, "its station is down: it says no more than 'failed'"),
    ],
)
def test_what_the_running_agent_says_of_it(world: World, station: dict[str, Any], level: Level, text: str) -> None:
    finding = the_agents_word(world, **station)
    assert (finding.level, finding.text) == (level, text)


def test_another_configuration_than_the_running_one_is_told(world: World) -> None:
    world.config = ACCESS_POINT.replace("wlan0", "wlan1") + STATION
    world.listen(SOCKET, report(state="connected", ssid="home"))
    texts = [finding.text for finding in world.of("agent")]
    assert "it runs wlan0, the configuration names wlan0, wlan1" in texts


def test_a_station_that_is_none_is_no_report_of_ours(world: World) -> None:
    world.listen(SOCKET, json.dumps({"access_points": [], "stations": [{}]}))
    assert "does not speak as this wps-agent does" in world.one("agent").text
