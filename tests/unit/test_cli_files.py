# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent hostapd` and `wps-agent supplicant`: their options, what is refused, when they end and with which code."""

import asyncio
import logging
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import pytest

from wpsagent.cli import files, main, run
from wpsagent.config.model import Configuration
from wpsagent.daemon import service
from wpsagent.errors import ConfigError, RadioError, UsageError

Captured = pytest.CaptureFixture[str]

HOSTAPD = (
    "interface=wlan0\nssid=home\nhw_mode=g\nchannel=1\nctrl_interface=/run/h\nwpa=2\nwpa_passphrase=a long secret\n"
)
SUPPLICANT = "ctrl_interface=/run/s\nupdate_config=1\n"


@pytest.fixture(autouse=True)
def fresh_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Logging is set up as in a fresh process, although pytest has handlers of its own; afterwards it is as it was."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    monkeypatch.setattr(logging, "basicConfig", partial(logging.basicConfig, force=True))
    yield
    for handler in root.handlers:
        if handler not in before:
            handler.close()
    root.handlers[:] = before
    root.setLevel(level)


class FakeStation:
    def __init__(self, interface: str, is_up: bool) -> None:
        self.interface = interface
        self._is_up = is_up

    def machine(self) -> None:
        if not self._is_up:
            raise UsageError("down")


class FakeDaemon:
    """Notes with what it was run; serve: what it does when it has started; down: interfaces, from the nth run on."""

    configurations: list[Configuration]
    down: set[str]
    down_from: int
    error: Exception | None
    serve: ClassVar[Callable[["FakeDaemon"], None]]

    def __init__(self, configuration: Configuration, reread: Callable[[], Configuration | None]) -> None:
        self.configurations.append(configuration)
        self.configuration = configuration
        self.reread = reread
        self.following: Configuration | None = None
        self.started = asyncio.Event()
        self.ended = asyncio.Event()

    async def run(self) -> Configuration | None:
        if self.error is not None:
            raise self.error
        self.started.set()
        asyncio.get_running_loop().call_soon(type(self).serve, self)
        await self.ended.wait()
        return self.following

    def terminate(self) -> None:
        self.ended.set()

    def _is_up(self, interface: str) -> bool:
        return interface not in self.down or len(self.configurations) < self.down_from

    def access_points(self) -> list[SimpleNamespace]:
        return [
            SimpleNamespace(interface=ap.interface, is_enabled=self._is_up(ap.interface))
            for ap in self.configuration.access_points
        ]

    def stations(self) -> list[FakeStation]:
        return [FakeStation(one.interface, self._is_up(one.interface)) for one in self.configuration.stations]


@pytest.fixture(autouse=True)
def daemons(monkeypatch: pytest.MonkeyPatch) -> type[FakeDaemon]:
    FakeDaemon.configurations, FakeDaemon.down, FakeDaemon.down_from, FakeDaemon.error = [], set(), 1, None
    FakeDaemon.serve = FakeDaemon.terminate
    monkeypatch.setattr(files, "Daemon", FakeDaemon)
    monkeypatch.setattr(service, "Daemon", FakeDaemon)
    return FakeDaemon


@pytest.fixture
def hostapd_conf(tmp_path: Path) -> Path:
    path = tmp_path / "hostapd.conf"
    path.write_text(HOSTAPD)
    path.chmod(0o600)
    return path


@pytest.fixture
def supplicant_conf(tmp_path: Path) -> Path:
    path = tmp_path / "wpa_supplicant.conf"
    path.write_text(SUPPLICANT)
    path.chmod(0o600)
    return path


def wrong_use(capsys: Captured, *arguments: str) -> str:
    try:
        code = main(arguments)
    except SystemExit as end:
        assert end.code == 2
    else:
        assert code == 2
    return capsys.readouterr().err


# ---- hostapd


def test_hostapd_runs_the_networks_of_its_files(hostapd_conf: Path, daemons: type[FakeDaemon]) -> None:
    assert main(["hostapd", str(hostapd_conf)]) == 0
    (configuration,) = daemons.configurations
    (found,) = configuration.access_points
    assert (found.interface, found.source_file, found.control_directory) == ("wlan0", str(hostapd_conf), "/run/h")
    assert (configuration.agent.control_socket, configuration.agent.log_level) == ("", "info")


def test_hostapds_options(hostapd_conf: Path, tmp_path: Path, daemons: type[FakeDaemon]) -> None:
    log, pid = tmp_path / "log", tmp_path / "pid"
    words = ["-dd", "-t", "-S", f"-f{log}", f"-P{pid}", "-g", "/run/global", "-Gnetdev", "-e", "entropy"]
    second = ["-i", "ap0,ap1,ap2", "-b", f"phy3:{hostapd_conf}", str(hostapd_conf), str(hostapd_conf)]
    assert main(["hostapd", *words, *second]) == 0
    (configuration,) = daemons.configurations
    agent = configuration.agent
    assert (agent.control_socket, agent.control_group, agent.log_level) == ("/run/global", "netdev", "debug")
    assert [(ap.interface, ap.create_on) for ap in configuration.access_points] == [
        ("ap0", None),
        ("ap1", None),
        ("ap2", "phy3"),
    ]
    assert "-e has no effect" in log.read_text()
    assert not pid.exists()


def test_what_hostapd_is_asked_wrongly(capsys: Captured, hostapd_conf: Path) -> None:
    assert "expected a configuration file" in wrong_use(capsys, "hostapd", "-B")
    assert "names 2 interfaces for 1 files" in wrong_use(capsys, "hostapd", "-i", "a,b", str(hostapd_conf))
    refused = wrong_use(capsys, "hostapd", "-K", str(hostapd_conf))
    assert "usage: wps-agent hostapd" in refused
    assert "-K: keys are never logged" in refused
    assert "usage: wps-agent hostapd" in wrong_use(capsys, "hostapd", "-Z", str(hostapd_conf))
    assert main(["hostapd", "-b", "phy0"]) == 1
    assert "expected PHY:FILE" in capsys.readouterr().err


def test_a_wrong_file_is_told_before_anything_is_begun(
    capsys: Captured, tmp_path: Path, daemons: type[FakeDaemon]
) -> None:
    path = tmp_path / "hostapd.conf"
    path.write_text("interface=wlan0\nssid=home\nwep_key0=1\n")
    assert main(["hostapd", "-B", str(path)]) == 1
    assert f"{path}: line 3: wep_key0: found a secret" in capsys.readouterr().err
    assert daemons.configurations == []


def test_warnings_are_logged(capsys: Captured, hostapd_conf: Path) -> None:
    hostapd_conf.write_text(f"{HOSTAPD}foo=bar\n")
    assert main(["hostapd", str(hostapd_conf)]) == 0
    assert f"{hostapd_conf}: line 8: foo: not understood, and ignored" in capsys.readouterr().err


def test_an_interface_that_is_not_up_ends_it(
    capsys: Captured, hostapd_conf: Path, tmp_path: Path, daemons: type[FakeDaemon]
) -> None:
    daemons.down = {"wlan0"}
    pid = tmp_path / "pid"
    assert main(["hostapd", "-P", str(pid), str(hostapd_conf)]) == 1
    assert "ended because it could not be brought up: wlan0" in capsys.readouterr().err
    assert not pid.exists()


def test_a_daemon_that_cannot_start_is_told(capsys: Captured, hostapd_conf: Path, daemons: type[FakeDaemon]) -> None:
    daemons.error = RadioError("no radio at all")
    assert main(["hostapd", str(hostapd_conf)]) == 1
    assert "wps-agent: no radio at all" in capsys.readouterr().err


def test_a_log_that_cannot_be_opened_is_told(
    capsys: Captured, hostapd_conf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["hostapd", "-f", str(tmp_path / "missing" / "log"), str(hostapd_conf)]) == 1
    assert "the log cannot be opened: No such file or directory" in capsys.readouterr().err
    monkeypatch.setattr(files, "_SYSLOG", str(tmp_path / "nothing"))
    assert main(["hostapd", "-s", str(hostapd_conf)]) == 1
    assert "the log cannot be opened" in capsys.readouterr().err


def test_the_files_are_read_again_and_another_daemon_begins_where_that_is_asked_for(
    hostapd_conf: Path, daemons: type[FakeDaemon]
) -> None:
    def serve(daemon: FakeDaemon) -> None:
        if len(daemons.configurations) == 1:
            hostapd_conf.write_text("nonsense\n")
            with pytest.raises(ConfigError):
                daemon.reread()
            hostapd_conf.write_text(f"{HOSTAPD}ssid=another\n")
            daemon.following = daemon.reread()
        daemon.terminate()

    daemons.serve, daemons.down, daemons.down_from = serve, {"wlan0"}, 2  # later on it is waited for, as ever
    assert main(["hostapd", "-d", str(hostapd_conf)]) == 0
    assert [configuration.access_points[0].ssid for configuration in daemons.configurations] == [b"home", b"another"]
    assert [configuration.agent.log_level for configuration in daemons.configurations] == ["debug", "debug"]


def test_a_terminal_that_closes_is_the_end(
    hostapd_conf: Path, daemons: type[FakeDaemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[Configuration | None] = []

    def serve(daemon: FakeDaemon) -> None:
        found.append(daemon.reread())
        os.close(ours)
        found.append(daemon.reread())
        daemon.terminate()

    ours, terminal = os.openpty()
    monkeypatch.setattr(run, "STANDARD_INPUT", terminal)
    daemons.serve = serve
    assert main(["hostapd", str(hostapd_conf)]) == 0
    os.close(terminal)
    assert [configuration is None for configuration in found] == [False, True]


# ---- supplicant


def test_supplicant_runs_the_stations_that_are_described(
    supplicant_conf: Path, tmp_path: Path, daemons: type[FakeDaemon]
) -> None:
    words = [f"-iwlan1 -c{supplicant_conf} -Dnl80211,wext -p x=1 -b br0", "-N -i wlan2 -C /run/other"]
    log = tmp_path / "log"
    assert main(["supplicant", "-u", "-f", str(log), *" ".join(words).split()]) == 0
    (configuration,) = daemons.configurations
    assert [(one.interface, one.networks_file, one.control_directory) for one in configuration.stations] == [
        ("wlan1", str(supplicant_conf), "/run/s"),
        ("wlan2", "/dev/null", "/run/other"),
    ]
    for useless in ("-p has no effect", "-b has no effect", "-u has no effect"):
        assert useless in log.read_text()


@pytest.mark.parametrize(
    ("option", "level"), [("-d", "debug"), ("-dd", "debug"), ("-q", "warning"), ("-qq", "error"), ("-t", "info")]
)
def test_how_much_is_logged(supplicant_conf: Path, daemons: type[FakeDaemon], option: str, level: str) -> None:
    assert main(["supplicant", option, "-i", "wlan1", "-c", str(supplicant_conf)]) == 0
    assert daemons.configurations[0].agent.log_level == level


def test_override_of_the_control_sockets(supplicant_conf: Path, daemons: type[FakeDaemon]) -> None:
    words = ["-O", "DIR=/run/o GROUP=netdev", "-i", "wlan1", "-c", str(supplicant_conf)]
    assert main(["supplicant", *words]) == 0
    (station,) = daemons.configurations[0].stations
    assert (station.control_directory, station.control_group) == ("/run/o", "netdev")


def test_a_global_socket_alone_waits_for_interfaces(daemons: type[FakeDaemon]) -> None:
    assert main(["supplicant", "-g", "/run/global"]) == 0
    (configuration,) = daemons.configurations
    assert (configuration.stations, configuration.agent.control_socket) == ((), "/run/global")


def test_what_supplicant_is_asked_wrongly(capsys: Captured, supplicant_conf: Path) -> None:
    file = str(supplicant_conf)
    assert "expected -i with -c (or -C), or -g" in wrong_use(capsys, "supplicant", "-d")
    for words in (["-c", file], ["-i", "wlan1"], ["-i", "wlan1", "-c", file, "-N", "-i", "wlan2"]):
        assert "expected -i with -c (or -C) for each interface" in wrong_use(capsys, "supplicant", *words)
    assert "-K: keys are never logged" in wrong_use(capsys, "supplicant", "-K", "-i", "wlan1", "-c", file)
    assert "usage: wps-agent supplicant" in wrong_use(capsys, "supplicant", "-Z")
    assert main(["supplicant", "-Dwext", "-iwlan1", "-c", file]) == 1
    assert 'driver: found "wext", expected nl80211' in capsys.readouterr().err


def test_an_external_registrar_is_told_that_it_is_not_there(capsys: Captured, supplicant_conf: Path) -> None:
    supplicant_conf.write_text("ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=admin\ndevice_name=WPS ER\n")
    assert main(["supplicant", "-Dnone", "-c", str(supplicant_conf), "-ieth0"]) == 1
    assert capsys.readouterr().err == (
        "wps-agent: driver none is for an External Registrar, which is not supported yet: there is nothing to run\n"
    )


def test_a_station_that_is_not_up_ends_it(capsys: Captured, supplicant_conf: Path, daemons: type[FakeDaemon]) -> None:
    daemons.down = {"wlan1"}
    assert main(["supplicant", "-i", "wlan1", "-c", str(supplicant_conf)]) == 1
    assert "ended because it could not be brought up: wlan1" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["hostapd", "supplicant"])
def test_versions(capsys: Captured, command: str) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "-v"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("wps-agent ")
