# SPDX-License-Identifier: BSD-3-Clause
"""The board's profile in a configuration: chosen, put in place, or refused in words."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.diagnosis_world import ACCESS_POINT, World
from tests.unit.jumping_loop import run

from wpsagent.config.loader import board_parts, parse
from wpsagent.config.model import ButtonAction, LedSettings
from wpsagent.daemon.board import BoardUnavailableError, bind_button, led_name, open_leds
from wpsagent.daemon.board_profile import equipped
from wpsagent.daemon.diagnosis import Level
from wpsagent.errors import ConfigError
from wpsagent_board.detect import BoardTraits
from wpsagent_board.profile import profiles
from wpsagent_board.simulated import SimulatedButton

PI_3 = BoardTraits("Raspberry Pi 3 Model B Rev 1.2")
ROUTER = BoardTraits("TP-Link", (), ("green:wps",), True, True)
AUTO = ACCESS_POINT + "[board]\n"


@pytest.mark.parametrize("name", profiles())
def test_every_board_of_the_package_stands_for_a_right_configuration(name: str) -> None:
    board = profiles()[name]
    buttons, leds = board_parts({"button": list(board.buttons), "led": list(board.leds)}, name)
    assert (len(buttons), len(leds)) == (1, 1)


def test_the_detected_board_brings_its_button_and_led() -> None:
    found = equipped(parse(AUTO), PI_3)
    assert [(button.backend, button.pin, button.pull) for button in found.buttons] == [("gpiozero", "17", "up")]
    assert [(led.backend, led.pin) for led in found.leds] == [("gpiozero", "27")]
    assert found.board is None
    assert equipped(found, PI_3) == found


def test_a_named_board_is_taken_wherever_we_are() -> None:
    found = equipped(parse(ACCESS_POINT + '[board]\nprofile = "openwrt"\n'), PI_3)
    assert (found.buttons[0].backend, found.buttons[0].system_hold_s) == ("uevent", 5.0)


def test_tables_of_the_file_win_each_kind_for_itself() -> None:
    found = equipped(parse(AUTO + '[[led]]\nbackend = "simulated"\n'), PI_3)
    assert (found.buttons[0].backend, [led.backend for led in found.leds]) == ("gpiozero", ["simulated"])
    both = '[[button]]\nbackend = "simulated"\n[[led]]\nbackend = "simulated"\n'
    assert equipped(parse(AUTO + both), BoardTraits()).buttons[0].backend == "simulated"


def test_without_a_table_board_there_is_what_the_file_says() -> None:
    found = equipped(parse(ACCESS_POINT), PI_3)
    assert (found.buttons, found.leds) == ((), ())


def test_none_is_neither_the_boards_nor_anything() -> None:
    found = equipped(parse(AUTO + '[[led]]\nbackend = "none"\n'), PI_3)
    assert (len(found.buttons), found.leds) == (1, ())
    found = equipped(parse(ACCESS_POINT + '[[button]]\nbackend = "none"\n'))
    assert found.buttons == ()


def test_an_led_that_the_kernel_does_not_have_is_left_out() -> None:
    assert [led.backend for led in equipped(parse(AUTO), ROUTER).leds] == ["led_class"]
    assert equipped(parse(AUTO), replace(ROUTER, leds=())).leds == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (AUTO, 'board.profile: found "auto", but no profile fits this board (the system is not OpenWrt; '),
        (
            ACCESS_POINT + '[board]\nprofile = "raspberry-pi-6"\n',
            "board.profile: no board profile is called raspberry-pi-6; did you mean raspberry-pi-5?",
        ),
    ],
)
def test_a_board_that_cannot_be_had_is_refused_in_words(text: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        equipped(parse(text), BoardTraits())
    assert caught.value.problems[0].startswith(problem)


# ---- the doctor


def test_doctor_tells_the_board_and_checks_what_it_brings(tmp_path: Path) -> None:
    world = World(tmp_path, AUTO)
    world.write("/proc/device-tree/model", "Raspberry Pi 3 Model B Rev 1.2\0")
    profile = world.one("board profile")
    assert (profile.level, profile.text) == (
        Level.OK,
        'raspberry-pi-3 (Raspberry Pi 3): the device tree says "Raspberry Pi 3 Model B Rev 1.2"',
    )
    assert world.one("button 17").level is Level.OK
    assert world.one("LED 27").level is Level.OK


def test_doctor_says_that_no_board_fits(tmp_path: Path) -> None:
    finding = World(tmp_path, AUTO).one("configuration")
    assert (finding.level, finding.remedy) == (
        Level.PROBLEM,
        "name one (wps-agent board list), or write [[button]] and [[led]]",
    )


# ---- what the settings become


def test_a_routers_button_leaves_long_holds_to_the_system() -> None:
    async def scene() -> list[tuple[str, ButtonAction]]:
        settings = equipped(parse(AUTO), ROUTER).buttons[0]
        source = SimulatedButton(asyncio.get_running_loop())
        made: list[tuple[str, ButtonAction]] = []
        button = bind_button(source, settings, lambda gesture, action, _: made.append((gesture, action)))
        for seconds in (1.0, 4.0, 6.0):
            source.press_for(seconds)
            await asyncio.sleep(8.0)
        button.close()
        return made

    assert run(scene()) == [("short", ButtonAction.PBC), ("long", ButtonAction.CANCEL)]


def test_a_press_is_not_told_before_it_can_be_no_hold_of_the_system() -> None:
    async def scene() -> list[str]:
        board = equipped(parse(AUTO), ROUTER).buttons[0]
        source = SimulatedButton(asyncio.get_running_loop())
        made: list[str] = []
        settings = replace(board, long_press=ButtonAction.NONE)
        button = bind_button(source, settings, lambda gesture, _action, _settings: made.append(gesture))
        source.press_for(6.0)
        await asyncio.sleep(8.0)
        source.press_for(1.0)
        await asyncio.sleep(2.0)
        button.close()
        return made

    assert run(scene()) == ["short"]


def test_an_led_of_several_colours_is_opened_and_named() -> None:
    led = LedSettings("simulated", None, None, True, (), (("green", "27"), ("red", "22")), (("success", "amber"),))
    assert led_name(led) == "27/22"

    async def scene() -> None:
        leds = open_leds((led,))
        leds.show("success")
        leds.close()
        with pytest.raises(BoardUnavailableError, match=r"LED 2/3: error cannot be shown in red"):
            open_leds((replace(led, parts=(("green", "2"), ("blue", "3")), colors=()),))

    run(scene())
