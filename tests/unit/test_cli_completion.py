# SPDX-License-Identifier: BSD-3-Clause
"""Completion: the shell itself is asked what it would complete."""

import subprocess

import pytest

from wpsagent.cli import main
from wpsagent.cli.parser import COMMANDS

Captured = pytest.CaptureFixture[str]


def completed(script: str, *words: str) -> set[str]:
    """What bash offers for the last of these words."""
    quoted = " ".join(f'"{word}"' for word in ("wps-agent", *words))
    ask = f'COMP_WORDS=({quoted}); COMP_CWORD={len(words)}; _wps_agent; printf "%s\\n" "${{COMPREPLY[@]}}"'
    done = subprocess.run(["bash", "-c", f"{script}\n{ask}"], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.fixture
def bash(capsys: Captured) -> str:
    assert main(["completion", "bash"]) == 0
    return capsys.readouterr().out


def test_bash_completes_commands(bash: str) -> None:
    assert completed(bash, "") == {command.name for command in COMMANDS}
    assert completed(bash, "st") == {"status"}


def test_bash_completes_options_and_actions(bash: str) -> None:
    assert completed(bash, "status", "--w") == {"--watch"}
    assert completed(bash, "reg", "l") == {"learn"}


def test_bash_completes_interfaces(bash: str) -> None:
    assert "lo" in completed(bash, "scan", "l")
    assert "lo" in completed(bash, "pin", "--target", "")


def test_zsh_takes_bashs_completion(bash: str, capsys: Captured) -> None:
    assert main(["completion", "zsh"]) == 0
    assert capsys.readouterr().out == "autoload -U +X bashcompinit && bashcompinit\n" + bash


def test_fish_knows_every_command_and_option(capsys: Captured) -> None:
    assert main(["completion", "fish"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert sum("__fish_use_subcommand" in line for line in lines) == len(COMMANDS)
    assert "complete -c wps-agent -n '__fish_seen_subcommand_from reg' -a 'learn configure'" in lines
    options = {(c.name, name[2:]) for c in COMMANDS for o in c.options for name in o.names if name.startswith("--")}
    assert all(any(f"from {name}' -l {option}" in line for line in lines) for name, option in options)
