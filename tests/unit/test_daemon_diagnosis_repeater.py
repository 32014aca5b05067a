# SPDX-License-Identifier: BSD-3-Clause
"""The doctor and repeaters: interfaces made for stations, whom a network follows, and who makes way on one channel."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.diagnosis_world import ACCESS_POINT, World, capabilities, interface, wiphy

from wpsagent.capabilities import InterfaceCombination, InterfaceLimit, InterfaceType
from wpsagent.daemon.diagnosis import Level
from wpsagent.daemon.diagnosis.survey import Claim, Survey

CREATED = '[[station]]\ninterface = "sta0"\ncreate_on = "phy0"\n'


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, config=ACCESS_POINT + CREATED)


def test_a_station_s_interface_can_be_created(world: World) -> None:
    finding = world.one("interface sta0")
    assert (finding.level, finding.text) == (
        Level.OK,
        "it is created on phy0 (mt76x2u), which can be a station",
    )
    assert world.one("rfkill sta0").level is Level.OK


def test_a_station_s_interface_that_is_there_already_is_not_created(world: World) -> None:
    world.wiphys = [wiphy(None, interface(), interface("sta0"))]
    finding = world.one("interface sta0")
    assert finding.level is Level.PROBLEM
    assert finding.remedy == "remove it (iw dev sta0 del), or leave out create_on to use it"


def test_a_radio_to_create_it_on_must_be_there(world: World) -> None:
    world.config = CREATED.replace("phy0", "phy7")
    finding = world.one("interface sta0")
    assert (finding.level, finding.text) == (
        Level.PROBLEM,
        "there is no radio or wireless interface phy7 to create it on",
    )


def test_what_is_created_is_claimed_as_such(world: World) -> None:
    path = Path("/etc/wps-agent/wps-agent.toml")
    survey = Survey(path, world.ports(), world._load(path))
    assert survey.claims == (Claim("wlan0"), Claim("sta0", is_created=True))


def test_whom_a_network_follows_is_said(world: World) -> None:
    assert world.of("follow wlan0") == []
    world.config = ACCESS_POINT + 'follow = "sta0"\n' + CREATED
    finding = world.one("follow wlan0")
    assert finding.level is Level.OK
    assert finding.text == "what WPS teaches sta0 becomes its name and key, once sta0 has joined it"


def test_a_station_of_ours_on_another_channel_is_no_warning_somebody_else_is(world: World) -> None:
    limit = InterfaceLimit(4, frozenset({InterfaceType.AP, InterfaceType.STATION}))
    radio = replace(capabilities(), combinations=(InterfaceCombination((limit,), 4),))
    world.config = ACCESS_POINT + CREATED.replace("sta0", "wlan3").replace('create_on = "phy0"\n', "")
    world.wiphys = [wiphy(radio, interface(), interface("wlan3", ssid="upstream", mhz=2412))]
    assert [finding.level for finding in world.of("channel wlan0")] == [Level.OK]
    world.config = ACCESS_POINT
    (finding,) = world.of("channel wlan0")
    assert finding.level is Level.WARNING
    assert "wlan3 on the same radio is on channel 1, not 6" in finding.text
