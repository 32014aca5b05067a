# SPDX-License-Identifier: BSD-3-Clause
"""The doctor and hand-over: who gets what WPS teaches, and whether he is there."""

from pathlib import Path

import pytest
from tests.unit.diagnosis_world import World
from tests.unit.test_daemon_hand_over import Manager

from wpsagent.daemon.diagnosis import CommandResult, Level
from wpsagent.io.hand_over.choice import Choice, Place

STATION = '[[station]]\ninterface = "wlan0"\n'


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, config=f'{STATION}hand_over = "auto"\n')


def managed_by(world: World, manager: Manager | None) -> None:
    async def choose(who: str, place: Place) -> Choice:
        assert (who, place.interface) == ("auto", "wlan0")
        return Choice(manager, "the test says so")

    world.choose_manager = choose


def test_nobody_gets_what_nobody_is_to_get(world: World) -> None:
    world.config = STATION
    assert world.of("hand-over") == []


def test_a_manager_that_has_the_interface_is_right(world: World) -> None:
    managed_by(world, Manager())
    finding = world.one("hand-over wlan0")
    assert (finding.level, "the manager has the interface" in finding.text) == (Level.OK, True)
    assert world.one("owner wlan0").text.startswith("whoever manages networks here may have it")


def test_a_manager_that_is_not_there_is_a_warning(world: World) -> None:
    managed_by(world, Manager(has_interface=False))
    finding = world.one("hand-over wlan0")
    assert (finding.level, finding.remedy) == (Level.WARNING, "start it, or choose another hand_over")


def test_where_nobody_manages_networks_it_is_told(world: World) -> None:
    managed_by(world, None)
    assert world.one("hand-over wlan0").text == "nothing is handed over: the test says so"


def test_a_manager_that_does_not_answer_is_a_problem(world: World) -> None:
    manager = Manager()
    manager.failures["holds"] = "it does not answer: start it anew"
    managed_by(world, manager)
    assert world.one("hand-over wlan0").level is Level.PROBLEM


def test_an_interface_that_we_take_is_no_problem_while_network_manager_has_it(world: World) -> None:
    world.commands["nmcli"] = CommandResult(0, "GENERAL.STATE:100 (connected)\nGENERAL.NM-MANAGED:yes\n")
    world.config = STATION
    assert world.one("owner wlan0").level is Level.PROBLEM
    world.config = f"{STATION}take_interface = true\n"
    assert world.one("owner wlan0").level is Level.OK
