# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent run` and `config`: what is run, what is refused, what is logged, and how it ends."""

import argparse
import asyncio
import errno
import io
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from wpsagent import cli
from wpsagent.cli import main
from wpsagent.cli import run as cli_run
from wpsagent.config import loader
from wpsagent.config.model import Configuration, MqttSettings
from wpsagent.daemon import service, simulation
from wpsagent.errors import RadioError

Captured = pytest.CaptureFixture[str]

NETWORK = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\nchannel = 6\n'
MQTT = '[mqtt]\nhost = "broker.example"\n'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(NETWORK + MQTT)
    file.chmod(0o600)
    return file


@pytest.fixture(autouse=True)
def fresh_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging is set up as in a fresh process, although pytest has handlers of its own; afterwards it is as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(logging, "basicConfig", partial(logging.basicConfig, force=True))
    yield
    root.handlers[:] = before
    root.setLevel(level)


class FakeDaemon:
    """Notes with what it was run."""

    configurations: list[Configuration]
    error: Exception | None

    def __init__(self, configuration: Configuration, reread: object) -> None:
        self.configurations.append(configuration)

    async def run(self) -> None:
        if self.error is not None:
            raise self.error


@pytest.fixture
def daemons(monkeypatch: pytest.MonkeyPatch) -> type[FakeDaemon]:
    FakeDaemon.configurations, FakeDaemon.error = [], None
    monkeypatch.setattr(service, "Daemon", FakeDaemon)
    return FakeDaemon


@pytest.fixture
def simulations(monkeypatch: pytest.MonkeyPatch) -> list[MqttSettings | None]:
    """The brokers with which a simulation was asked for; each ends with 7."""
    brokers: list[MqttSettings | None] = []

    def simulate(mqtt: MqttSettings | None) -> int:
        brokers.append(mqtt)
        return 7

    monkeypatch.setattr(simulation, "simulate", simulate)
    return brokers


# ---- run


def test_a_configuration_is_run(config: Path, daemons: type[FakeDaemon], simulations: list[Any]) -> None:
    assert main(["run", "--config", str(config)]) == 0
    assert (daemons.configurations, simulations) == ([loader.load(config)], [])


def test_what_keeps_the_agent_from_running_is_one_line(
    config: Path, daemons: type[FakeDaemon], capsys: Captured
) -> None:
    daemons.error = RadioError("wlan0: no such interface")
    assert main(["run", "--config", str(config)]) == 1
    assert capsys.readouterr() == ("", "wps-agent: wlan0: no such interface\n")


def test_a_bug_shows_its_traceback(config: Path, daemons: type[FakeDaemon]) -> None:
    daemons.error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        main(["run", "--config", str(config)])


def test_warnings_of_a_configuration_are_logged(config: Path, daemons: type[FakeDaemon], capsys: Captured) -> None:
    config.chmod(0o644)
    assert main(["run", "--config", str(config)]) == 0
    assert f"WARNING wpsagent.cli.run: {config}: everyone on this device can read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("found", "command"), [("/usr/bin/wps-agent", "wps-agent"), (None, "'/home/ann/wps agent/.venv/bin/wps-agent'")]
)
def test_without_a_configuration_the_person_is_told_that_it_is_simulated(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
    simulations: list[MqttSettings | None],
    found: str | None,
    command: str,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name: found)
    monkeypatch.setattr(sys, "argv", ["/home/ann/wps agent/.venv/bin/wps-agent", "run"])
    monkeypatch.setattr(cli_run, "DEFAULT_CONFIG", str(tmp_path / "wps-agent.toml"))
    assert main(["run"]) == 7
    assert simulations == [None]
    assert capsys.readouterr().out == (
        f"No configuration at {tmp_path}/wps-agent.toml: this is the simulated board.\n"
        "The agent is the real one; its radio, button, LED and phone are in memory.\n"
        f"For a real board: {command} config example > wps-agent.toml, edit it, then as root\n"
        f"{command} run --config wps-agent.toml\n\n"
    )


def test_the_default_configuration_is_run_where_it_exists(
    config: Path, monkeypatch: pytest.MonkeyPatch, daemons: type[FakeDaemon], simulations: list[Any]
) -> None:
    monkeypatch.setattr(cli_run, "DEFAULT_CONFIG", str(config))
    assert main(["run"]) == 0
    assert (len(daemons.configurations), simulations) == (1, [])


def test_a_configuration_that_cannot_be_read_is_not_taken_for_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, simulations: list[Any]
) -> None:
    loop = tmp_path / "loop.toml"
    loop.symlink_to(loop)
    monkeypatch.setattr(cli_run, "DEFAULT_CONFIG", str(loop))
    assert (main(["run"]), simulations) == (1, [])
    assert "cannot be read" in capsys.readouterr().err


def test_who_may_not_read_the_configuration_is_told_who_may(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, simulations: list[Any]
) -> None:
    def refuse(path: Path, mode: str) -> NoReturn:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))

    monkeypatch.setattr(cli_run, "DEFAULT_CONFIG", str(config))
    monkeypatch.setattr(Path, "open", refuse)  # root, who may run the tests, is never refused
    assert (main(["run"]), simulations) == (1, [])
    assert f"{config}: cannot be read: Permission denied: be root (sudo), or its owner" in capsys.readouterr().err


def test_a_file_in_the_way_of_the_default_folder_means_no_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, simulations: list[Any]
) -> None:
    (tmp_path / "wps-agent").write_text("")
    monkeypatch.setattr(cli_run, "DEFAULT_CONFIG", str(tmp_path / "wps-agent" / "wps-agent.toml"))
    assert (main(["run"]), simulations) == (7, [None])


def test_a_named_configuration_that_is_missing_is_never_simulated(
    tmp_path: Path, capsys: Captured, simulations: list[Any]
) -> None:
    assert (main(["run", "--config", str(tmp_path / "none.toml")]), simulations) == (1, [])
    assert "none.toml: cannot be read: No such file or directory" in capsys.readouterr().err


def test_a_wrong_configuration_is_told_whole_and_nothing_runs(
    config: Path, capsys: Captured, daemons: type[FakeDaemon], simulations: list[Any]
) -> None:
    config.write_text(NETWORK.replace("channel = 6", "channel = 600") + "colour = 1\n")
    for arguments in (["run"], ["run", "--simulate"], ["config", "check"]):
        assert main([*arguments, "--config", str(config)]) == 1
        first, *problems = capsys.readouterr().err.splitlines()
        assert first == "wps-agent: the configuration is wrong:"
        assert [problem.split()[1] for problem in problems] == ["access_point[0].channel:", "access_point[0].colour:"]
    assert (daemons.configurations, simulations) == ([], [])


def test_the_simulation_uses_the_configured_broker(config: Path, simulations: list[MqttSettings | None]) -> None:
    assert main(["run", "--simulate", "--config", str(config)]) == 7
    assert [broker.host for broker in simulations if broker is not None] == ["broker.example"]


def test_the_simulation_looks_at_no_configuration_that_was_not_named(
    config: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured, simulations: list[MqttSettings | None]
) -> None:
    monkeypatch.setattr(cli_run, "DEFAULT_CONFIG", str(config))
    assert (main(["run", "--simulate"]), simulations) == (7, [None])
    assert capsys.readouterr() == ("", "")


# ---- the log


@pytest.mark.parametrize(
    ("options", "level"), [((), logging.INFO), (("-v",), logging.DEBUG), (("--verbose", "-v"), logging.DEBUG)]
)
def test_the_log_is_as_talkative_as_asked(
    config: Path, daemons: type[FakeDaemon], options: tuple[str, ...], level: int
) -> None:
    assert main(["run", "--config", str(config), *options]) == 0
    assert logging.getLogger().level == level


def test_a_simulation_logs_errors_only(simulations: list[Any]) -> None:
    assert main(["run", "--simulate"]) == 7
    assert logging.getLogger().level == logging.ERROR


@pytest.mark.parametrize(
    ("level", "priority"),
    [(logging.DEBUG, "<7>"), (logging.INFO, "<6>"), (logging.WARNING, "<4>"), (logging.ERROR, "<3>"), (50, "<3>")],
)
def test_a_journal_reads_the_priority_off_each_line(
    monkeypatch: pytest.MonkeyPatch, capfd: Captured, level: int, priority: str
) -> None:
    status = os.fstat(sys.stderr.fileno())
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    cli_run.set_up_logging("debug")
    logging.getLogger("wpsagent.test").log(level, "hello %s", "you")
    assert capfd.readouterr().err == f"{priority}wpsagent.test: hello you\n"


def test_what_ends_the_agent_is_an_error_in_the_journal_with_every_line_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    status = os.fstat(sys.stderr.fileno())
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    config = tmp_path / "wrong.toml"
    config.write_text("colour = 1\n")
    assert main(["run", "--config", str(config)]) == 1
    lines = capfd.readouterr().err.splitlines()
    assert lines[0] == "<3>wps-agent: the configuration is wrong:"
    assert len(lines) > 1
    assert all(line.startswith("<3>") for line in lines)


def test_a_terminal_that_was_started_by_a_service_is_no_journal(
    monkeypatch: pytest.MonkeyPatch, capfd: Captured
) -> None:
    monkeypatch.setenv("JOURNAL_STREAM", "8:1")
    cli_run.set_up_logging("debug")
    logging.getLogger("wpsagent.test").info("hello")
    assert capfd.readouterr().err.endswith(" INFO wpsagent.test: hello\n")


# ---- config


def test_the_example_is_a_right_configuration(tmp_path: Path, capsys: Captured) -> None:
    assert main(["config", "example"]) == 0
    example = tmp_path / "example.toml"
    example.write_text(capsys.readouterr().out)
    example.chmod(0o600)
    assert main(["config", "check", str(example)]) == 0
    assert capsys.readouterr().out.startswith(f"{example} is right: ")


@pytest.mark.parametrize("way", [("--config",), ()])
def test_a_right_configuration_is_named_with_its_networks(config: Path, capsys: Captured, way: tuple[str, ...]) -> None:
    assert main(["config", "check", *way, str(config)]) == 0
    assert capsys.readouterr() == (f"{config} is right: wlan0 (home)\n", "")


def test_a_check_tells_warnings_too(config: Path, capsys: Captured) -> None:
    config.chmod(0o644)
    assert main(["config", "check", str(config)]) == 0
    assert capsys.readouterr().out.startswith(f"warning: {config}: everyone on this device can read")


# ---- the end


def options_for(error: BaseException) -> argparse.Namespace:
    def handler(_options: argparse.Namespace) -> int:
        raise error

    return argparse.Namespace(handler=handler)


def test_an_interrupt_is_130(capsys: Captured) -> None:
    assert cli._guarded(options_for(KeyboardInterrupt())) == 130
    assert capsys.readouterr() == ("", "")


def test_an_interrupt_reaches_us_through_the_loop(config: Path, daemons: type[FakeDaemon]) -> None:
    async def interrupted(_self: FakeDaemon) -> None:
        asyncio.get_running_loop().call_soon(_interrupt)
        await asyncio.sleep(60)

    def _interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(daemons, "run", interrupted)
        assert main(["run", "--config", str(config)]) == 130


def test_output_that_nobody_can_take_is_an_error_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other failure to write (a full disk) is not mistaken for a reader that has read enough."""

    class Full(io.StringIO):
        def flush(self) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("sys.stdout", Full())
    with pytest.raises(OSError, match="No space left"):
        cli._guarded(argparse.Namespace(handler=lambda _options: 0))
