# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent doctor`: what a person and a program see of a diagnosis, and the exit code."""

import argparse
import json
from pathlib import Path

import pytest
from tests.unit.diagnosis_world import ALL_CAPABILITIES, CONFIG_PATH, World

from wpsagent import cli
from wpsagent.cli.doctor import doctor, format_finding, summary
from wpsagent.cli.parser import DEFAULT_CONFIG
from wpsagent.config.model import MqttSettings
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, skipped, warning
from wpsagent.errors import RadioError


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write("/proc/self/status", ALL_CAPABILITIES)
    return world


def options(*, as_json: bool = False) -> argparse.Namespace:
    return argparse.Namespace(config=str(CONFIG_PATH), json=as_json)


def test_remedy_stands_below_its_finding() -> None:
    assert format_finding(problem("rfkill wlan0", "it is blocked", "unblock it")) == (
        "problem  rfkill wlan0: it is blocked\n           do: unblock it"
    )
    assert format_finding(ok("agent", "it runs")) == "ok       agent: it runs"


@pytest.mark.parametrize(
    ("findings", "text"),
    [
        ([ok("a", "b"), skipped("c", "d")], "nothing is missing"),
        ([warning("a", "b", "c")], "1 warning"),
        ([problem("a", "b", "c"), warning("a", "b", "c"), problem("a", "b", "c")], "2 problems, 1 warning"),
    ],
)
def test_summary_counts(findings: list[Finding], text: str) -> None:
    assert summary(findings) == text


def test_no_problem_is_exit_code_zero(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor(options(), world.ports()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"ok       configuration: {CONFIG_PATH}: home on wlan0"
    assert lines[-1] == "1 warning"


def test_a_problem_is_exit_code_one(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.wiphys = RadioError("no nl80211")
    assert doctor(options(), world.ports()) == 1
    assert "problem  radios: they cannot be listed: no nl80211\n           do: see " in capsys.readouterr().out


def test_json_is_one_list(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    world.wiphys = RadioError("no nl80211")
    assert doctor(options(as_json=True), world.ports()) == 1
    findings = json.loads(capsys.readouterr().out)
    assert findings[0] == {
        "check": "configuration",
        "level": "ok",
        "text": f"{CONFIG_PATH}: home on wlan0",
        "remedy": "",
    }
    assert [list(finding) for finding in findings] == [["check", "level", "text", "remedy"]] * len(findings)


def test_each_line_appears_as_its_check_ends(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    """When the broker is asked, all the lines before it have been seen already."""
    world.config = f'{world.config}[mqtt]\nhost = "broker"\n'
    seen: list[str] = []

    async def probe(_settings: MqttSettings) -> str | None:
        seen.append(capsys.readouterr().out)
        return None

    ports = world.ports()
    object.__setattr__(ports, "probe", probe)
    doctor(options(), ports)
    assert "owner wlan0: no other program has it\n" in seen[0]
    assert "broker:1883 takes us" not in seen[0]


def test_default_configuration_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The whole command, on whatever machine this is: it says something about the file, and ends with 0 or 1."""
    assert cli.main(["doctor", "--json", "--config", str(tmp_path / "none.toml")]) == 1
    findings = json.loads(capsys.readouterr().out)
    assert findings[0]["text"].startswith(f"{tmp_path / 'none.toml'}: there is no such file")
    monkeypatch.setattr("wpsagent.cli.doctor.DEFAULT_CONFIG", str(tmp_path / "default.toml"))
    assert doctor(argparse.Namespace(config=None, json=True)) == 1
    findings = json.loads(capsys.readouterr().out)
    assert findings[0]["text"].startswith(f"{tmp_path / 'default.toml'}: ")
    assert DEFAULT_CONFIG == "/etc/wps-agent/wps-agent.toml"
