# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent board`: what it lists, shows and measures."""

import argparse
import asyncio
import json
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli_agent import scripted_agent
from tests.unit.jumping_loop import run

from wpsagent.cli import main
from wpsagent.cli.board import board, profile_toml
from wpsagent.cli.parser import build_parser
from wpsagent.config.loader import parse
from wpsagent.config.model import ButtonAction, ButtonSettings, LedSettings
from wpsagent.daemon import board_trial
from wpsagent.daemon.board import open_one_led
from wpsagent.daemon.board_trial import ButtonResult, MeasuredPress, measure, press_words, try_buttons, try_leds
from wpsagent.errors import AgentError, UsageError
from wpsagent_board.errors import BoardError
from wpsagent_board.pattern import Pattern
from wpsagent_board.ports import ButtonSource
from wpsagent_board.press_meter import Press
from wpsagent_board.profile import profiles
from wpsagent_board.simulated import SimulatedButton

PI_3 = "Raspberry Pi 3 Model B Rev 1.2"
CONFIG = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "12345678"\n'
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def pi(tmp_path: Path) -> Path:
    """The root of a Raspberry Pi 3."""
    model = tmp_path / "root/proc/device-tree/model"
    model.parent.mkdir(parents=True)
    model.write_text(f"{PI_3}\0")
    return tmp_path / "root"


def options(*arguments: str) -> argparse.Namespace:
    return build_parser("0").parse_args(["board", *arguments])


# ---- list


def test_this_board_is_marked_with_the_reason(pi: Path, capsys: Captured) -> None:
    assert board(options("list"), pi) == 0
    lines = capsys.readouterr().out.splitlines()
    (marked,) = [index for index, line in enumerate(lines) if line.startswith("*")]
    assert lines[marked].split() == ["*", "raspberry-pi-3", "Raspberry", "Pi", "3"]
    assert lines[marked + 1].strip() == f'this board: the device tree says "{PI_3}"'
    assert len(lines) == 2 * len(profiles())


def test_a_board_nobody_knows_is_told(tmp_path: Path, capsys: Captured) -> None:
    assert board(options("list"), tmp_path) == 0
    out = capsys.readouterr().out
    assert "*" not in out
    assert "No profile fits this board: name one" in out


def test_list_in_json(pi: Path, capsys: Captured) -> None:
    assert board(options("list", "--json"), pi) == 0
    boards = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in boards] == list(profiles())
    assert [each["name"] for each in boards if each["detected"]] == ["raspberry-pi-3"]


# ---- show


def test_this_board_is_shown_with_its_wiring_and_what_it_stands_for(pi: Path, capsys: Captured) -> None:
    assert board(options("show"), pi) == 0
    out = capsys.readouterr().out
    assert out.startswith(f'raspberry-pi-3: Raspberry Pi 3 (this board: the device tree says "{PI_3}")\n')
    assert "\n  Button: from pin 11 (GPIO17) to pin 9 (ground)." in out
    assert "\n [button]\n" in out
    document = tomllib.loads(out[out.index("[[button]]") :])
    assert (document["button"][0]["pin"], document["led"][0]["pin"]) == (17, 27)


@pytest.mark.parametrize("name", profiles())
def test_what_a_board_stands_for_is_a_configuration(name: str, tmp_path: Path, capsys: Captured) -> None:
    assert board(options("show", name, "--json"), tmp_path) == 0
    shown = json.loads(capsys.readouterr().out)
    found = parse(CONFIG + profile_toml(profiles()[name]))
    assert [button.backend for button in found.buttons] == [table["backend"] for table in shown["button"]]
    assert [led.backend for led in found.leds] == [table["backend"] for table in shown["led"]]


def test_inner_tables_of_a_board_are_toml_too() -> None:
    led = {"backend": "gpiozero", "pins": {"red": 1, "green": 2}, "patterns": {"idle": [[0, 1000]]}}
    text = profile_toml(replace(profiles()["openwrt"], leds=(led,)))
    assert tomllib.loads(text)["led"] == [led]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("show",), "no profile fits this board; see wps-agent board list"),
        (("show", "zx81"), "no board is called zx81; there are: openwrt, "),
        (("test", "zx81", "--socket", "/nonexistent/control"), "no board is called zx81; there are: openwrt, "),
    ],
)
def test_a_board_that_is_not_there_is_refused(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        board(options(*arguments), tmp_path)


# ---- test


def button(**values: Any) -> ButtonSettings:
    [settings] = parse(CONFIG + '[[button]]\nbackend = "simulated"\nname = "b"\n').buttons
    return replace(settings, **values)


LED = LedSettings("simulated", None, "l", True, ())
NO_LED = LedSettings("led_class", None, "no-such-led-of-ours", True, ())


@pytest.mark.parametrize(
    ("values", "press", "kind", "action"),
    [
        ({}, Press(0.31, 4), "short", "pbc"),
        ({}, Press(3.0, 0), "long", "cancel"),
        ({"long_press": ButtonAction.NONE}, Press(4.0, 0), "short", "pbc"),
        ({"system_hold_s": 5.0}, Press(4.9, 0), "long", "cancel"),
        ({"system_hold_s": 5.0}, Press(5.0, 0), "system", "none"),
        ({}, Press(10.0, 0, is_stuck=True), "stuck", "none"),
    ],
)
def test_a_press_is_what_the_agent_would_take_it_for(
    values: dict[str, Any], press: Press, kind: str, action: str
) -> None:
    measured = measure(button(**values), press)
    assert (measured.kind, measured.action, measured.bounces) == (kind, action, press.bounces)


@pytest.mark.parametrize(
    ("press", "words"),
    [
        (MeasuredPress("short", 0.312, 4, "pbc"), "short press, held 0.31 s, 4 bounces: it asks for WPS"),
        (MeasuredPress("long", 3.2, 1, "cancel"), "long press, held 3.20 s, 1 bounce: it cancels WPS"),
        (
            MeasuredPress("system", 6.0, 0, "none"),
            "hold that is left to the system, held 6.00 s, no bounce: it asks for nothing",
        ),
    ],
)
def test_a_press_in_words(press: MeasuredPress, words: str) -> None:
    assert press_words(press) == words


def test_each_led_goes_through_its_patterns_in_words() -> None:
    told: list[str] = []
    colored = replace(LED, name=None, parts=(("green", "2"), ("red", "1")))
    results = run(try_leds((LED, NO_LED, colored), told.append, 3.0))
    assert [(result.name, result.problem is None, len(result.shown)) for result in results] == [
        ("l", True, 5),
        ("no-such-led-of-ours", False, 0),
        ("2/1", True, 5),
    ]
    assert told[0].startswith("LED no-such-led-of-ours: cannot be used: no LED named no-such-led-of-ours")
    assert told[1:] == [
        "LED l: blinks 200/100 ms (in_progress): the network is open for one device",
        "LED 2/1: amber, blinks 200/100 ms (in_progress): the network is open for one device",
        "LED l: on (success): a device was admitted",
        "LED 2/1: green, on (success): a device was admitted",
        "LED l: blinks 100/100 ms (error): nobody came, or it failed",
        "LED 2/1: red, blinks 100/100 ms (error): nobody came, or it failed",
        "LED l: blinks 5 times 100/100 ms, then a pause (overlap): two devices at once, nobody was admitted",
        "LED 2/1: red, blinks 5 times 100/100 ms, then a pause (overlap): two devices at once, nobody was admitted",
        "LED l: off (idle): nothing goes on",
        "LED 2/1: off (idle): nothing goes on",
    ]


def test_an_led_that_goes_away_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    class GoneLed:
        def show(self, pattern: Pattern) -> None:
            raise BoardError("LED l is gone")

        def close(self) -> None:
            pass

    def open_gone(settings: LedSettings) -> Any:
        return GoneLed(), open_one_led(settings)[1]

    monkeypatch.setattr(board_trial, "open_one_led", open_gone)
    told: list[str] = []
    [result] = run(try_leds((LED,), told.append, 3.0))
    assert (result.problem, result.shown, told) == ("LED l is gone", [], ["LED l: cannot be used: LED l is gone"])


class Fingers:
    """Presses simulated buttons as soon as they are opened."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, is_pressed: bool = False) -> None:
        self.opened: list[SimulatedButton] = []
        self._is_pressed = is_pressed
        monkeypatch.setattr(board_trial, "open_source", self._open)

    def _open(self, settings: ButtonSettings) -> ButtonSource:
        if settings.name == "broken":
            raise BoardError("GPIO 17 is busy")
        source = SimulatedButton(asyncio.get_running_loop(), is_pressed=self._is_pressed)
        self.opened.append(source)
        return source

    async def press(self, *seconds: float) -> None:
        for hold in seconds:
            await asyncio.sleep(0.5)
            for source in self.opened:
                source.press_for(hold)
            await asyncio.sleep(hold)


def test_presses_are_measured_until_there_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    fingers, told = Fingers(monkeypatch), list[str]()

    async def scene() -> list[ButtonResult]:
        finger = asyncio.create_task(fingers.press(0.4, 3.5))
        results = await try_buttons((button(),), told.append, 30, 2)
        await finger
        assert asyncio.get_running_loop().time() < 1010
        return results

    [result] = run(scene())
    assert [press.kind for press in result.presses] == ["short", "long"]
    assert told == [
        "button b: press it now",
        "button b: short press, held 0.40 s, no bounce: it asks for WPS",
        "button b: long press, held 3.50 s, no bounce: it cancels WPS",
    ]


def test_a_button_that_nobody_presses_is_told_with_what_to_look_at(monkeypatch: pytest.MonkeyPatch) -> None:
    fingers, told = Fingers(monkeypatch), list[str]()
    [result, broken] = run(try_buttons((button(backend="gpiozero"), button(name="broken")), told.append, 30))
    assert (result.presses, broken.problem) == ([], "GPIO 17 is busy")
    assert told == [
        "button b: press it now",
        "button broken: cannot be used: GPIO 17 is busy",
        "button b: no press within 30 s; if it was pressed: see to its pin and its wires",
    ]
    assert len(fingers.opened) == 1


def test_a_button_that_is_held_from_the_start_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    Fingers(monkeypatch, is_pressed=True)
    [result] = run(try_buttons((button(),), told.append, 30))
    assert (result.was_pressed, [press.kind for press in result.presses]) == (True, ["stuck"])
    assert told[0].startswith("button b: reads as pressed now; if nobody holds it: see to active_low")


def test_nothing_is_waited_for_where_no_button_can_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    Fingers(monkeypatch)
    [result] = run(try_buttons((button(name="broken"),), lambda _: None, None))
    assert result.problem == "GPIO 17 is busy"


def config(tmp_path: Path, text: str = "") -> str:
    path = tmp_path / "wps-agent.toml"
    path.write_text(f'[agent]\ncontrol_socket = "{tmp_path}/control"\n{CONFIG}{text}')
    path.chmod(0o600)
    return str(path)


def test_an_agent_that_has_the_board_is_not_disturbed(tmp_path: Path, pi: Path) -> None:
    path = config(tmp_path)
    refused = r"an agent is running \(.*/control\) and has the button and the LED: stop it first"
    with scripted_agent(tmp_path / "control", {"PING": "PONG\n"}), pytest.raises(AgentError, match=refused):
        board(options("test", "--config", path), pi)


QUICK = '[[button]]\nbackend = "simulated"\n[[led]]\nbackend = "simulated"\n'


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board_trial, "PATTERN_TIME", 0.0)


@pytest.mark.usefixtures("_quick")
def test_the_configurations_parts_are_tested_and_nobody_presses(tmp_path: Path, pi: Path, capsys: Captured) -> None:
    path = config(tmp_path, QUICK)
    assert board(options("test", "--config", path, "--timeout", "1"), pi) == 3
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0], len(lines)) == (f"testing {path}", 8)
    assert lines[-1].startswith("button simulated: no press within 1 s")


@pytest.mark.usefixtures("_quick")
def test_without_parts_in_the_configuration_it_is_the_board_that_we_are_on(
    tmp_path: Path, pi: Path, capsys: Captured
) -> None:
    assert board(options("test", "--config", config(tmp_path), "--json"), pi) == 1
    result = json.loads(capsys.readouterr().out)
    assert result["tested"] == f'board profile raspberry-pi-3 (the device tree says "{PI_3}")'
    assert ([led["name"] for led in result["leds"]], [button["name"] for button in result["buttons"]]) == (
        ["27"],
        ["17"],
    )
    assert all(part["problem"] for part in (*result["leds"], *result["buttons"]))
    assert result["exit_code"] == 1


# ---- config check


@pytest.mark.parametrize(("profile", "code"), [("auto", 0), ("openwrt", 0), ("zx81", 1)])
def test_config_check_knows_the_boards(tmp_path: Path, capsys: Captured, profile: str, code: int) -> None:
    path = config(tmp_path, f'[board]\nprofile = "{profile}"\n')
    assert main(["config", "check", path]) == code
    assert ("board.profile: no board profile is called zx81" in capsys.readouterr().err) == bool(code)
