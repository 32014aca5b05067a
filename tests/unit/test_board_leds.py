# SPDX-License-Identifier: BSD-3-Clause
"""The LED class, on a folder that looks like one."""

import logging
import os
import shutil
from pathlib import Path

import pytest
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board.colors import color_patterns
from wpsagent_board.errors import BoardError
from wpsagent_board.leds import LedClassIndicator, find_wps_leds
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern, parse_patterns


class FakeLed:
    """The files of one LED.  Unlike the kernel's they do not act: what was last written can be read back."""

    def __init__(self, root: Path, name: str = "green:wps", triggers: str = "[none] timer pattern netdev") -> None:
        self.folder = root / name
        self.folder.mkdir(parents=True)
        self.set(max_brightness="255", brightness="0", trigger=triggers, uevent="", brightness_hw_changed="0")
        (self.folder / "power").mkdir()

    def set(self, **values: str) -> None:
        for name, value in values.items():
            (self.folder / name).write_text(value + "\n")

    def get(self, name: str) -> str:
        return (self.folder / name).read_text().strip()

    @property
    def state(self) -> tuple[str, str]:
        return self.get("trigger"), self.get("brightness")


@pytest.fixture
def led(tmp_path: Path) -> FakeLed:
    led = FakeLed(tmp_path)
    led.set(delay_on="0", delay_off="0", pattern="", repeat="0")
    return led


def opened(led: FakeLed, clock: ManualLoop | None = None) -> LedClassIndicator:
    return LedClassIndicator((clock or ManualLoop()).loop, led.folder.name, root=led.folder.parent)


def shown(led: FakeLed, pattern: Pattern, triggers: str = "[none] timer pattern") -> tuple[ManualLoop, FakeLed]:
    clock = ManualLoop()
    indicator = opened(led, clock)
    # the kernel would keep the list of triggers in the file; here it is read once more before the choice
    led.set(trigger=triggers)
    indicator.show(pattern)
    return clock, led


@pytest.mark.parametrize(
    ("name", "is_for_wps"),
    [
        ("wps", True),
        ("green:wps", True),
        ("tp-link:green:wps", True),
        ("tl-wr1043nd:green:qss", True),
        ("blue:wps-1", True),
        ("qss-12", True),
        ("green:wps-a", False),
        ("green:wpsx", False),
        ("green:xwps", False),
        ("wps:green", False),
        ("green:power", False),
    ],
)
def test_leds_that_are_meant_for_wps_are_found_by_name(tmp_path: Path, name: str, is_for_wps: bool) -> None:
    FakeLed(tmp_path, name)
    assert find_wps_leds(tmp_path) == [name] * is_for_wps


def test_first_wps_led_is_taken_without_a_name(tmp_path: Path) -> None:
    for name in ("white:wps", "blue:wps", "amber:power"):
        FakeLed(tmp_path, name)
    assert find_wps_leds(tmp_path) == ["blue:wps", "white:wps"]
    assert LedClassIndicator(ManualLoop().loop, root=tmp_path).name == "blue:wps"


def test_missing_led_is_refused_with_those_that_are_there(tmp_path: Path) -> None:
    loop = ManualLoop().loop
    with pytest.raises(BoardError) as caught:
        LedClassIndicator(loop, "green:wps", root=tmp_path / "none")
    assert str(caught.value) == f"no LED named green:wps; there are none in {tmp_path / 'none'}"
    FakeLed(tmp_path, "green:power")
    FakeLed(tmp_path, "red:power")
    with pytest.raises(BoardError) as caught:
        LedClassIndicator(loop, "green:wps", root=tmp_path)
    assert str(caught.value) == "no LED named green:wps; there are: green:power, red:power"
    with pytest.raises(BoardError) as caught:
        LedClassIndicator(loop, root=tmp_path)
    assert str(caught.value) == (
        "no LED is meant for WPS (named …:wps or …:qss): name one; there are: green:power, red:power"
    )


def test_led_that_may_not_be_written_is_refused(led: FakeLed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "brightness")
    with pytest.raises(BoardError) as caught:
        opened(led)
    assert str(caught.value) == (
        f"LED green:wps: no permission to write {led.folder}/brightness: run as root, or let a udev rule give the file "
        "to the service's group"
    )


def test_in_progress_is_the_kernel_s_timer(led: FakeLed) -> None:
    _, led = shown(led, DEFAULT_PATTERNS["in_progress"])
    assert led.state == ("timer", "255")
    assert (led.get("delay_on"), led.get("delay_off")) == ("200", "100")


def test_overlap_is_the_kernel_s_pattern_in_steps(led: FakeLed) -> None:
    _, led = shown(led, DEFAULT_PATTERNS["overlap"])
    assert led.get("trigger") == "pattern"
    assert led.get("repeat") == "-1"
    flash = "255 100 255 0 0 100 0 0 "
    assert led.get("pattern") == flash * 4 + "255 100 255 0 0 600 0 0"


def test_counted_pattern_is_counted_by_the_kernel(led: FakeLed) -> None:
    _, led = shown(led, Pattern("x", ((50, 50),), repeat=3))
    assert (led.get("trigger"), led.get("repeat"), led.get("pattern")) == ("pattern", "3", "255 50 255 0 0 50 0 0")


@pytest.mark.parametrize(("name", "brightness"), [("success", "255"), ("idle", "0")])
def test_solid_and_dark_have_no_trigger(led: FakeLed, name: str, brightness: str) -> None:
    led.set(brightness="7")
    _, led = shown(led, DEFAULT_PATTERNS[name])
    assert led.state == ("none", brightness)


@pytest.mark.parametrize("triggers", ["[none] heartbeat", ""])
def test_without_triggers_the_loop_blinks(led: FakeLed, triggers: str) -> None:
    clock, led = shown(led, DEFAULT_PATTERNS["in_progress"], triggers)
    assert led.state == ("none", "255")
    clock.advance(0.25)
    assert led.state == ("none", "0")
    clock.advance(0.1)
    assert led.state == ("none", "255")


def test_missing_pattern_trigger_lets_the_loop_play_only_what_needs_it(led: FakeLed) -> None:
    clock, led = shown(led, DEFAULT_PATTERNS["overlap"], "[none] timer")
    levels = []
    for _ in range(16):
        levels.append(int(led.get("brightness")) // 255)
        clock.advance(0.1)
    assert levels == [1, 0] * 5 + [0] * 5 + [1]


def test_settings_that_may_not_be_written_let_the_loop_blink(led: FakeLed) -> None:
    (led.folder / "delay_on").unlink()
    clock, led = shown(led, DEFAULT_PATTERNS["in_progress"])
    assert led.state == ("none", "255")
    clock.advance(0.25)
    assert led.state == ("none", "0")


def test_success_falls_back_to_idle_after_300_seconds(led: FakeLed) -> None:
    clock, led = shown(led, DEFAULT_PATTERNS["success"])
    clock.advance(299.9)
    assert led.state == ("none", "255")
    clock.advance(0.2)
    assert led.state == ("none", "0")
    assert clock.timers == []


def test_ended_pattern_without_a_successor_is_dark(led: FakeLed) -> None:
    clock, led = shown(led, Pattern("x", ((1000, 0),), lasts=1.0))
    clock.advance(1.1)
    assert led.state == ("none", "0")


def test_new_pattern_cancels_the_end_of_the_former(led: FakeLed) -> None:
    clock = ManualLoop()
    indicator = opened(led, clock)
    indicator.show(DEFAULT_PATTERNS["success"])
    clock.advance(200.0)
    indicator.show(DEFAULT_PATTERNS["success"])
    clock.advance(200.0)
    assert led.state == ("none", "255")
    assert len(clock.timers) == 1


def test_lit_led_is_lit_again_at_close(led: FakeLed) -> None:
    led.set(brightness="77")
    indicator = opened(led)
    indicator.show(DEFAULT_PATTERNS["idle"])
    assert led.get("brightness") == "0"
    indicator.close()
    assert led.state == ("none", "77")
    led.set(brightness="5")
    indicator.close()
    assert led.get("brightness") == "5"


def test_former_trigger_is_put_back_with_its_settings_the_device_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    led = FakeLed(tmp_path, triggers="none timer [netdev]")
    led.set(device_name="eth0", interval="50", link="1", offloaded="0", multi_intensity="1 2 3")
    (led.folder / "offloaded").chmod(0o444)
    indicator = opened(led)
    led.set(device_name="", interval="0", link="0", multi_intensity="4 5 6")
    written: list[str] = []
    write = indicator._led.write

    def record(name: str, value: str) -> None:
        written.append(name)
        write(name, value)

    monkeypatch.setattr(indicator._led, "write", record)
    indicator.close()
    assert written == ["trigger", "brightness", "trigger", "device_name", "interval", "link"]
    assert {name: led.get(name) for name in ("trigger", "device_name", "interval", "link")} == {
        "trigger": "netdev",
        "device_name": "eth0",
        "interval": "50",
        "link": "1",
    }
    assert led.get("multi_intensity") == "4 5 6"


def test_setting_that_cannot_be_put_back_is_passed_over(tmp_path: Path) -> None:
    led = FakeLed(tmp_path, triggers="none [heartbeat]")
    led.set(invert="1", zeal="2")
    indicator = opened(led)
    led.set(zeal="0")
    (led.folder / "invert").unlink()
    indicator.close()
    assert (led.get("trigger"), led.get("zeal")) == ("heartbeat", "2")
    assert not (led.folder / "invert").exists()


def test_vanished_led_is_an_error_that_says_so(led: FakeLed, caplog: pytest.LogCaptureFixture) -> None:
    indicator = opened(led)
    shutil.rmtree(led.folder)
    for pattern in DEFAULT_PATTERNS.values():
        with pytest.raises(BoardError) as caught:
            indicator.show(pattern)
        assert str(caught.value) == f"LED green:wps is gone: {led.folder} does not exist any more"
    with caplog.at_level(logging.WARNING):
        indicator.close()
        indicator.close()
    assert caplog.messages == [f"not put back: LED green:wps is gone: {led.folder} does not exist any more"]


@pytest.mark.parametrize("name", ["success", "overlap"])
def test_led_that_vanishes_between_is_logged(led: FakeLed, caplog: pytest.LogCaptureFixture, name: str) -> None:
    clock = ManualLoop()
    indicator = opened(led, clock)
    led.set(trigger="[none]")
    indicator.show(DEFAULT_PATTERNS[name])
    shutil.rmtree(led.folder)
    with caplog.at_level(logging.WARNING):
        clock.advance(1000.0)
    assert caplog.messages == [f"the indicator stops: LED green:wps is gone: {led.folder} does not exist any more"]
    assert clock.timers == []


def test_file_that_cannot_be_read_is_named(led: FakeLed) -> None:
    (led.folder / "max_brightness").unlink()
    with pytest.raises(BoardError) as caught:
        opened(led)
    assert str(caught.value) == f"LED green:wps: {led.folder}/max_brightness: No such file or directory"


# ---- LEDs of several colours (leds-class-multicolor)


@pytest.fixture
def rgb(tmp_path: Path) -> FakeLed:
    led = FakeLed(tmp_path, "rgb:wps")
    led.set(delay_on="0", delay_off="0", multi_index="green red blue white", multi_intensity="10 20 30 40")
    return led


def test_multicolor_led_takes_the_colour_of_each_pattern_and_its_own_back(rgb: FakeLed) -> None:
    patterns = color_patterns(DEFAULT_PATTERNS, {})
    indicator = opened(rgb)
    assert indicator.has_colors
    seen = []
    for name in ("in_progress", "error", "success"):
        indicator.show(patterns[name])
        seen.append(rgb.get("multi_intensity"))
    assert seen == ["96 255 0 0", "0 255 0 0", "255 0 0 0"]
    indicator.close()
    assert rgb.get("multi_intensity") == "10 20 30 40"


def test_intensities_are_of_the_leds_own_scale(rgb: FakeLed) -> None:
    rgb.set(max_brightness="51")
    opened(rgb).show(color_patterns(DEFAULT_PATTERNS, {})["in_progress"])
    assert rgb.get("multi_intensity") == "19 51 0 0"


def test_what_follows_a_pattern_has_its_own_colour_also_without_triggers(rgb: FakeLed) -> None:
    rgb.set(trigger="[none]")
    clock = ManualLoop()
    patterns = color_patterns(parse_patterns({"idle": "on"}), {"idle": "blue"})
    opened(rgb, clock).show(patterns["error"])
    clock.advance(119.0)
    assert rgb.get("multi_intensity") == "0 255 0 0"
    clock.advance(2.0)
    assert (rgb.get("multi_intensity"), rgb.get("brightness")) == ("0 0 255 0", "255")


def test_colour_that_may_not_be_written_is_done_without(rgb: FakeLed, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    indicator = opened(rgb)
    (rgb.folder / "multi_intensity").unlink()
    indicator.show(color_patterns(DEFAULT_PATTERNS, {})["success"])
    assert rgb.get("brightness") == "255"
    assert "without its colour: LED rgb:wps: " in caplog.text


def test_led_of_one_colour_has_no_choice(led: FakeLed) -> None:
    indicator = opened(led)
    assert not indicator.has_colors
    indicator.show(color_patterns(DEFAULT_PATTERNS, {})["success"])
    assert not (led.folder / "multi_intensity").exists()
