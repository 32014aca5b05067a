# SPDX-License-Identifier: BSD-3-Clause
"""The command line itself: commands, options, help, and what is wrong use."""

import re

import pytest

from wpsagent import __version__
from wpsagent.cli import main
from wpsagent.cli.parser import COMMANDS, Command, build_parser

Captured = pytest.CaptureFixture[str]


def exit_code(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_the_commands_are_those_that_the_readme_names() -> None:
    assert [command.name for command in COMMANDS] == [
        "run",
        "pbc",
        "cancel",
        "pin",
        "check-pin",
        "ap-pin",
        "join",
        "reg",
        "scan",
        "networks",
        "forget",
        "status",
        "events",
        "doctor",
        "board",
        "config",
        "hostapd",
        "supplicant",
        "dashboard",
        "fleet",
        "completion",
    ]


def test_without_a_command_the_help_is_shown_as_wrong_use(capsys: Captured) -> None:
    assert main([]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("usage: wps-agent ")
    assert (err, [command.name for command in COMMANDS if not re.search(rf"\n    {command.name}\s", out)]) == ("", [])


def test_the_version_is_the_packages(capsys: Captured) -> None:
    assert exit_code("--version") == 0
    assert capsys.readouterr().out == f"wps-agent {__version__}\n"


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_help_of_a_command_shows_examples_that_are_understood(capsys: Captured, command: Command) -> None:
    assert exit_code(command.name, "--help") == 0
    assert f"examples:\n{command.examples}" in capsys.readouterr().out
    for line in command.examples.splitlines():
        words = line.strip().partition("   ")[0]  # what follows is an explanation
        program, *arguments = words.partition(" | ")[0].partition(" > ")[0].split()
        assert program == "wps-agent"
        assert "handler" in build_parser("0").parse_args(arguments)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("dance",), "invalid choice: 'dance'"),
        (("pbc", "wlan0", "wlan1"), "unrecognized arguments: wlan1"),
        (("check-pin",), "the following arguments are required: PIN"),
        (("ap-pin", "burn"), "invalid choice: 'burn'"),
        (("reg", "learn", "02:00:00:00:00:01"), "the following arguments are required: AP-PIN"),
        (("completion", "tcsh"), "invalid choice: 'tcsh'"),
        (("pin", "12345670", "--timeout", "soon"), "expected a number of seconds, 0 to 2147483648, found 'soon'"),
        (("pin", "12345670", "--timeout=-1"), "expected a number of seconds, 0 to 2147483648, found '-1'"),
        (("pin", "12345670", "--timeout", "2147483649"), "found '2147483649'"),
        (("config", "burn"), "invalid choice: 'burn'"),
        (("run", "--simulat", "x"), "unrecognized arguments: x"),
    ],
)
def test_wrong_use_is_2_with_the_reason(capsys: Captured, arguments: tuple[str, ...], words: str) -> None:
    assert exit_code(*arguments) == 2
    out, err = capsys.readouterr()
    assert (out, words in err, err.startswith("usage: wps-agent")) == ("", True, True)


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("300", 300), ("2147483648", 2147483648)])
def test_a_timeout_is_a_number_of_seconds(text: str, seconds: int) -> None:
    assert build_parser("0").parse_args(["pin", "12345670", "--timeout", text]).timeout == seconds
