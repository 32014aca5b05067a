# SPDX-License-Identifier: BSD-3-Clause
"""Board profiles: those of the package, how a board is recognised, and what is wrong in a profile."""

import compileall
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

import wpsagent_board
from wpsagent_board.detect import BoardTraits, look_at_board
from wpsagent_board.errors import BoardError
from wpsagent_board.profile import ProfileError, detected, matches, profile, profiles, read_profiles

PI_3 = "Raspberry Pi 3 Model B Rev 1.2"


def write(root: Path, path: str, text: str = "") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def key_bitmap(*keys: int) -> str:
    """As the kernel writes it: words of a long, the highest first."""
    bits = 8 * struct.calcsize("@l")
    number = sum(1 << key for key in keys)
    words = [number >> shift & (1 << bits) - 1 for shift in range(0, max(keys) + 1, bits)]
    return " ".join(f"{word:x}" for word in reversed(words)) + "\n"


# ---- the profiles of the package


def test_the_boards_of_the_package_in_the_order_of_their_rank() -> None:
    assert list(profiles()) == [
        "openwrt",
        "raspberry-pi-overlays",
        "raspberry-pi-3",
        "raspberry-pi-4",
        "raspberry-pi-5",
        "raspberry-pi-zero-2-w",
        "generic-evdev",
    ]


def test_each_board_says_how_it_is_wired_and_when_it_is_meant() -> None:
    for each in profiles().values():
        assert each.wiring, each.name
        assert each.picture, each.name
        assert each.buttons, each.name
        assert each.leds, each.name
        assert not each.detection.is_empty, each.name


@pytest.mark.parametrize("name", ["raspberry-pi-3", "raspberry-pi-4", "raspberry-pi-5", "raspberry-pi-zero-2-w"])
def test_every_raspberry_pi_is_wired_alike(name: str) -> None:
    board = profile(name)
    assert (board.buttons, board.leds) == (
        ({"backend": "gpiozero", "pin": 17, "active_low": True, "pull": "up"},),
        ({"backend": "gpiozero", "pin": 27, "active_high": True},),
    )
    assert "GPIO17 11" in board.picture


def test_router_leaves_holds_of_five_seconds_to_the_system() -> None:
    (button,) = profile("openwrt").buttons
    assert (button["long_press_s"], button["system_hold_s"]) == (3.0, 5.0)


@pytest.mark.parametrize(
    ("name", "hint"),
    [("raspberry-pi-6", "did you mean raspberry-pi-5?"), ("zzz", "there are: openwrt, raspberry-pi-overlays, ")],
)
def test_unknown_board_is_refused_with_those_that_there_are(name: str, hint: str) -> None:
    with pytest.raises(BoardError) as caught:
        profile(name)
    assert str(caught.value).startswith(f"no board profile is called {name}; {hint}")


def test_profiles_are_read_from_a_package_of_byte_code_and_data(tmp_path: Path) -> None:
    package = tmp_path / "wpsagent_board"
    shutil.copytree(Path(wpsagent_board.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    assert compileall.compile_dir(package, quiet=1, legacy=True)
    for source in package.rglob("*.py"):
        source.unlink()
    code = "from wpsagent_board.profile import profiles; print(len(profiles()))"
    done = subprocess.run(
        [sys.executable, "-S", "-E", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); {code}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == (f"{len(profiles())}\n", "")


# ---- what a board shows


@pytest.mark.parametrize("path", ["proc/device-tree/model", "sys/firmware/devicetree/base/model"])
def test_the_model_is_the_device_trees(tmp_path: Path, path: str) -> None:
    write(tmp_path, path, f"{PI_3}\0")
    assert look_at_board(tmp_path).model == PI_3


@pytest.mark.parametrize("text", ["", "\0", "\x1b[2J\0"])
def test_a_model_that_is_no_text_is_none(tmp_path: Path, text: str) -> None:
    write(tmp_path, "proc/device-tree/model", text)
    assert look_at_board(tmp_path).model is None


def test_an_empty_system_shows_nothing(tmp_path: Path) -> None:
    assert look_at_board(tmp_path) == BoardTraits()


def test_inputs_with_the_key_are_found_in_the_order_of_their_number(tmp_path: Path) -> None:
    for name, bitmap in (
        ("event10", key_bitmap(0x211)),
        ("event2", key_bitmap(1, 0x211, 0x2FF)),
        ("event3", key_bitmap(1, 0x210, 0x212)),
        ("event4", "0\n"),
        ("event5", "no bitmap"),
    ):
        write(tmp_path, f"sys/class/input/{name}/device/capabilities/key", bitmap)
    (tmp_path / "sys/class/input/event6").mkdir()
    assert look_at_board(tmp_path).buttons == ("event2", "event10")


def test_leds_modules_and_the_system_are_seen(tmp_path: Path) -> None:
    write(tmp_path, "sys/class/leds/green:wps/brightness")
    write(tmp_path, "sys/class/leds/green:power/brightness")
    write(tmp_path, "sys/module/gpio_button_hotplug/refcnt")
    write(tmp_path, "etc/openwrt_release")
    assert look_at_board(tmp_path) == BoardTraits(leds=("green:wps",), has_button_uevents=True, is_openwrt=True)


# ---- which profile fits


@pytest.mark.parametrize(
    ("traits", "name"),
    [
        (BoardTraits(PI_3), "raspberry-pi-3"),
        (BoardTraits("Raspberry Pi 3 Model A Plus Rev 1.0"), "raspberry-pi-3"),
        (BoardTraits("Raspberry Pi 4 Model B Rev 1.5"), "raspberry-pi-4"),
        (BoardTraits("Raspberry Pi 3 Model B Plus Rev 1.3"), "raspberry-pi-3"),
        (BoardTraits("Raspberry Pi Compute Module 3 Plus Rev 1.0"), "raspberry-pi-3"),
        (BoardTraits("Raspberry Pi 400 Rev 1.0"), "raspberry-pi-4"),
        (BoardTraits("Raspberry Pi Compute Module 4 Rev 1.1"), "raspberry-pi-4"),
        (BoardTraits("Raspberry Pi Compute Module 4S Rev 1.0"), "raspberry-pi-4"),
        (BoardTraits("Raspberry Pi Compute Module 5 Lite Rev 1.0"), "raspberry-pi-5"),
        (BoardTraits("Raspberry Pi 500 Plus Rev 1.0"), "raspberry-pi-5"),
        (BoardTraits("Raspberry Pi 5 Model B Rev 1.0"), "raspberry-pi-5"),
        (BoardTraits("Raspberry Pi 500 Rev 1.0"), "raspberry-pi-5"),
        (BoardTraits("Raspberry Pi Zero 2 W Rev 1.0"), "raspberry-pi-zero-2-w"),
        (BoardTraits("Raspberry Pi Zero W Rev 1.1"), None),
        (BoardTraits(PI_3, ("event0",), ("wps",)), "raspberry-pi-overlays"),
        (BoardTraits("Banana Pi M2", ("event0",)), "generic-evdev"),
        (BoardTraits(None, ("event0",)), "generic-evdev"),
        (BoardTraits("TP-Link Archer C7 v2", (), ("green:wps",), True, True), "openwrt"),
        (BoardTraits(PI_3, (), (), True, True), "openwrt"),
        (BoardTraits("TP-Link Archer C7 v2", (), (), False, True), None),
        (BoardTraits(), None),
    ],
)
def test_detection(traits: BoardTraits, name: str | None) -> None:
    match = detected(traits)
    assert (match.profile.name if match else None) == name


def test_each_board_says_why_it_fits_or_not() -> None:
    reasons = {match.profile.name: match.reason for match in matches(BoardTraits(PI_3, ("event0", "event1")))}
    assert reasons == {
        "openwrt": "the system is not OpenWrt; no gpio-button-hotplug in the kernel",
        "raspberry-pi-overlays": f'the device tree says "{PI_3}"; KEY_WPS_BUTTON at event0, event1',
        "raspberry-pi-3": f'the device tree says "{PI_3}"',
        "raspberry-pi-4": f'the device tree says "{PI_3}"',
        "raspberry-pi-5": f'the device tree says "{PI_3}"',
        "raspberry-pi-zero-2-w": f'the device tree says "{PI_3}"',
        "generic-evdev": "KEY_WPS_BUTTON at event0, event1",
    }


def test_a_profile_without_rules_is_chosen_by_name_only() -> None:
    board = read_profiles({"bench": 'title = "Bench"\n'})["bench"]
    assert board.detection.verdict(BoardTraits(PI_3)) == (False, "chosen by name only")


# ---- what is wrong in a profile


def problems(**texts: str) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        read_profiles(texts)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


def test_a_profile_takes_from_another_what_it_does_not_say() -> None:
    one = 'title = "One"\nwiring = ["a wire"]\nrank = 1\n[[button]]\nbackend = "evdev"\n'
    found = read_profiles({"one": one, "two": 'title = "Two"\nlike = "one"\nrank = 7\n'})
    assert list(found) == ["two", "one"]
    assert (found["two"].title, found["two"].wiring) == ("Two", ("a wire",))
    assert found["two"].buttons == ({"backend": "evdev"},)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("title = ", "bad.toml: not TOML: Invalid value (at end of document)"),
        ("", "bad.toml: title: missing, expected a text"),
        ("title = 1", "bad.toml: title: found 1, expected a text"),
        ('title = "T"\nrank = "high"', "bad.toml: rank: found 'high', expected a whole number"),
        ('title = "T"\nrank = true', "bad.toml: rank: found True, expected a whole number"),
        ('title = "T"\nwiring = "w"', "bad.toml: wiring: found 'w', expected a list of texts"),
        ('title = "T"\nnotes = [1]', "bad.toml: notes: found [1], expected a list of texts"),
        ('title = "T"\nbutton = 1', "bad.toml: button: found 1, expected tables headed [[button]]"),
        ('title = "T"\ndetect = 1', "bad.toml: detect: found 1, expected a table headed [detect]"),
        ('title = "T"\n[detect]\nmodels = []', "bad.toml: detect: models: found [], expected a list of texts"),
        ('title = "T"\n[detect]\nbutton = 1', "bad.toml: detect: button: found 1, expected true, or nothing"),
        (
            'title = "T"\n[detect]\nmodel = "x"',
            "bad.toml: detect: model: unknown, expected one of button, button_uevents, models, openwrt",
        ),
        (
            'title = "T"\nleds = 1',
            "bad.toml: leds: unknown, expected one of button, detect, led, notes, picture, rank, title, wiring",
        ),
        ('title = "T"\nlike = "x"', "bad.toml: like: found 'x', expected the name of a profile without `like`"),
        ('title = "T"\nlike = 1', "bad.toml: like: found 1, expected the name of a profile without `like`"),
        ('title = "T"\nlike = "bad"', "bad.toml: like: found 'bad', expected the name of a profile without `like`"),
    ],
)
def test_wrong_profile_is_refused_with_its_place(text: str, problem: str) -> None:
    assert problems(bad=text) == [problem]


def test_all_that_is_wrong_is_told_at_once() -> None:
    assert len(problems(one="title = 1\nrank = 1.5", two="")) == 3
