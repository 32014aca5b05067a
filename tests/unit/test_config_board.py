# SPDX-License-Identifier: BSD-3-Clause
"""[board], LEDs of several colours, holds of the system, and parts that are not wanted: keys and checks."""

import re
from pathlib import Path

import pytest

from wpsagent.config.loader import board_parts, parse, with_board
from wpsagent.config.model import BoardSettings, ButtonAction
from wpsagent.errors import ConfigError
from wpsagent_board.colors import COLORS
from wpsagent_board.profile import profiles

ACCESS_POINT = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "12345678"\n'
STATION = '[[station]]\ninterface = "wlan1"\n'
GUIDE = Path(__file__).parents[2] / "docs/boards.md"
EVDEV, LED_CLASS = {"backend": "evdev"}, {"backend": "led_class"}


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(ACCESS_POINT + text, "a.toml")
    return [problem.removeprefix("a.toml: ") for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("text", "board"),
    [
        ("", None),
        ("[board]\n", BoardSettings("auto")),
        ('[board]\nprofile = "raspberry-pi-4"\n', BoardSettings("raspberry-pi-4")),
    ],
)
def test_the_board_is_named_or_detected_only_where_the_file_asks_for_it(text: str, board: BoardSettings | None) -> None:
    assert parse(ACCESS_POINT + text).board == board


def test_an_led_of_several_colours() -> None:
    led = parse(
        ACCESS_POINT
        + '[[led]]\nbackend = "gpiozero"\n[led.pins]\nred = 22\ngreen = "GPIO27"\n[led.colors]\nsuccess = "blue"\n'
    ).leds[0]
    assert (led.pin, led.parts, led.colors) == (None, (("green", "GPIO27"), ("red", "22")), (("success", "blue"),))


def test_leds_of_the_kernel_as_one() -> None:
    led = parse(
        ACCESS_POINT + '[[led]]\nbackend = "led_class"\n[led.names]\nred = "red:wps"\ngreen = "green:wps"\n'
    ).leds[0]
    assert led.parts == (("green", "green:wps"), ("red", "red:wps"))


def test_every_colour_of_the_board_is_one_of_the_configuration() -> None:
    for color in COLORS:
        text = f'[[led]]\nbackend = "led_class"\n[led.colors]\nerror = "{color}"\n'
        assert parse(ACCESS_POINT + text).leds[0].colors == (("error", color),)


GPIO_LED = '[[led]]\nbackend = "gpiozero"\n'


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            "[board]\nprofile = 4\n",
            "board.profile: found 4, expected a text of 1 to 64 octets without control characters",
        ),
        (GPIO_LED, 'led[0].pin: missing, expected with backend = "gpiozero"'),
        (
            GPIO_LED + "[led.pins]\nred = 22\n",
            "led[0].pins: found fewer than two of red, green, blue, expected two or three",
        ),
        (
            GPIO_LED + "pin = 5\n[led.pins]\nred = 22\ngreen = 27\n",
            "led[0].pin: found beside pins, expected only one of them",
        ),
        (
            '[[led]]\nbackend = "led_class"\n[led.pins]\nred = 22\ngreen = 27\n',
            'led[0].pins: found with backend = "led_class", expected with "gpiozero" only',
        ),
        (
            GPIO_LED + 'pin = 5\n[led.names]\nred = "r"\ngreen = "g"\n',
            'led[0].names: found with backend = "gpiozero", expected with "led_class" only',
        ),
        (
            GPIO_LED + 'pin = 5\n[led.colors]\nerror = "red"\n',
            "led[0].colors: found on an LED of one pin, expected with a table [led.pins]",
        ),
        (
            GPIO_LED + '[led.pins]\nred = 22\ngreen = 27\n[led.colors]\nerror = "pink"\n',
            'led[0].colors.error: found "pink", expected "red" or "green" or "blue" or "amber" or "cyan" or "magenta"'
            ' or "white"',
        ),
        (
            GPIO_LED + '[led.pins]\nred = 22\ngreen = "GPIO22"\n',
            'led[0].pins.red: found "22", which led[0].pins has already',
        ),
        (
            '[[button]]\nbackend = "gpiozero"\npin = 22\n' + GPIO_LED + "[led.pins]\nred = 22\ngreen = 27\n",
            'led[0].pins.red: found "22", which button[0] has already',
        ),
        (
            '[[led]]\nbackend = "led_class"\nname = "r"\n[[led]]\nbackend = "led_class"\n'
            '[led.names]\nred = "r"\ngreen = "g"\n',
            'led[1].names.red: found "r", which led[0] has already',
        ),
        (
            '[[button]]\nbackend = "evdev"\nsystem_hold_s = 3.0\n',
            "button[0].system_hold_s: found 3, expected more than long_press_s (3)",
        ),
        (
            '[[button]]\nbackend = "evdev"\nsystem_hold_s = 10\n',
            "button[0].system_hold_s: found 10, expected seconds from 1 to 9.9",
        ),
        ('[[button]]\nbackend = "none"\npin = 4\n', 'button[0].pin: found with backend = "none", expected with'),
    ],
)
def test_what_is_wrong_is_told_with_its_path(text: str, problem: str) -> None:
    [found] = problems(text)
    assert found.startswith(problem)


# ---- a board's tables


def test_a_board_fills_in_what_the_file_does_not_say() -> None:
    tables = {"button": [EVDEV], "led": [LED_CLASS]}
    bare = with_board(parse(ACCESS_POINT), tables, "board")
    assert ([button.backend for button in bare.buttons], [led.backend for led in bare.leds]) == (
        ["evdev"],
        ["led_class"],
    )
    own_led = parse(ACCESS_POINT + '[[led]]\nbackend = "simulated"\n')
    mixed = with_board(own_led, tables, "board")
    assert ([button.backend for button in mixed.buttons], mixed.leds) == (["evdev"], own_led.leds)
    own_button = parse(ACCESS_POINT + '[[button]]\nbackend = "simulated"\n')
    assert with_board(own_button, tables, "board").buttons == own_button.buttons


def test_a_boards_button_acts_on_every_group_with_wps() -> None:
    text = "".join(
        f'[[access_point]]\ninterface = "wlan{number}"\nssid = "s"\npassphrase = "12345678"\n'
        f'button_group = "{group}"\nwps = {wps}\n'
        for number, (group, wps) in enumerate((("home", "true"), ("guests", "true"), ("things", "false")))
    )
    assert with_board(parse(text), {"button": [EVDEV]}, "board").buttons[0].groups == ("guests", "home")
    assert with_board(parse(STATION), {"button": [EVDEV]}, "board").buttons[0].groups == ("main",)


def test_a_boards_long_press_is_the_stations_where_there_are_both_roles() -> None:
    both, alone = (with_board(parse(text), {"button": [EVDEV]}, "b") for text in (ACCESS_POINT + STATION, STATION))
    assert (both.buttons[0].long_press, alone.buttons[0].long_press) == (ButtonAction.STATION_PBC, ButtonAction.CANCEL)


def test_wrong_tables_of_a_board_are_told_with_their_origin() -> None:
    with pytest.raises(ConfigError) as caught:
        board_parts({"button": [{"backend": "gpiozero"}], "led": [{"backend": "steam"}]}, "board profile x")
    assert caught.value.problems == [
        'board profile x: led[0].backend: found "steam", expected "gpiozero" or "led_class" or "simulated" or "none"',
        'board profile x: button[0].pin: missing, expected with backend = "gpiozero"',
    ]


# ---- docs/boards.md


def test_what_the_guide_shows_is_right() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        parse(ACCESS_POINT + block)


def test_the_guide_names_every_board_and_shows_its_picture() -> None:
    text = GUIDE.read_text().replace("`-", "`raspberry-pi-")
    assert [name for name in profiles() if f"`{name}`" not in text] == []
    [picture] = re.findall(r"!\[.*?\]\((.*?)\)", text)
    assert "GPIO17" in (GUIDE.parent / picture).read_text()
