# SPDX-License-Identifier: BSD-3-Clause
"""SIGHUP: what changes while connections go on, what begins anew by itself; what is wrong changes nothing."""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from tests.pairs.simulated_air import phone
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import AP, entropy_of
from tests.unit.simulated_station_radio import SimulatedStationRadio
from tests.unit.test_daemon_daemon import FakeMqtt

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, Configuration, StationSettings
from wpsagent.daemon import service
from wpsagent.daemon.daemon import Daemon
from wpsagent.errors import AgentError
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import AccessPointRadio, StationRadio
from wpsagent.roles.simulated_phone import SimulatedPhone
from wpsagent.status import events as e
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType
from wpsagent.wsc.lock_out import SetupLockMode

AGENT = """
[agent]
node = "node"
control_socket = "{folder}/control"
state_directory = "{folder}/state"
"""
HOME = """
[[access_point]]
interface = "sim0"
ssid = "home"
passphrase = "correct horse"
channel = 6
"""
GARDEN = """
[[access_point]]
interface = "sim1"
ssid = "garden"
passphrase = "correct horse"
channel = 11
button_group = "garden"
"""
STATION = """
[[station]]
interface = "sta0"
networks_file = "{folder}/sta0.conf"
"""
MQTT = """
[mqtt]
host = "broker.example"
base_topic = "wps"
"""


class Scene:
    """One agent, its air, and the file it is configured by."""

    def __init__(self, folder: Path, *parts: str) -> None:
        self.folder = folder
        self.air = Air()
        self.radios: dict[str, list[AccessPointRadio | StationRadio]] = {}
        self.told: list[e.AgentEvent] = []
        self.text = ""
        self.write(*parts)
        self.daemon = Daemon(self.read(), self._open, entropy_of("reload"), self._open_station, self.read)
        self.daemon.reporting.observers.append(self.told.append)

    def write(self, *parts: str) -> None:
        self.text = (AGENT + "".join(parts)).format(folder=self.folder)

    def read(self) -> Configuration:
        if self.text == "a bug":
            raise ZeroDivisionError
        return parse(self.text, host_name="node")

    async def _open(self, settings: AccessPointSettings) -> AccessPointRadio:
        address = MacAddress(AP[:5] + bytes((int(settings.interface[3:]) + 1,)))
        radio = SimulatedAccessPointRadio(self.air, settings.interface, address)
        self.radios.setdefault(settings.interface, []).append(radio)
        return radio

    async def _open_station(self, settings: StationSettings) -> StationRadio:
        radio = SimulatedStationRadio(self.air, settings.interface, MacAddress.parse("02:00:00:00:02:00"))
        self.radios.setdefault(settings.interface, []).append(radio)
        return radio

    @asynccontextmanager
    async def running(self) -> AsyncIterator["asyncio.Task[Configuration | None]"]:
        task = asyncio.create_task(self.daemon.run())
        await self.daemon.started.wait()
        self.told.clear()
        try:
            yield task
        finally:
            self.daemon.terminate()
            await task

    async def reload(self, *parts: str) -> e.AgentEvent:
        """Write another configuration and have it read; how it ended, which is the last that was told."""
        self.write(*parts)
        before = len(self.told)
        os.kill(os.getpid(), signal.SIGHUP)
        for _ in range(1000):
            await asyncio.sleep(0.01)
            for event in self.told[before:]:
                if isinstance(event, e.ConfigurationReloaded | e.ReloadRefused):
                    return event
        raise AssertionError(f"nothing came of it: {self.told}")

    def sockets(self) -> list[str]:
        found = sorted(path for path in self.folder.rglob("*") if path.is_socket())
        return [str(path.relative_to(self.folder)) for path in found]

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.told]

    async def joined(self, group: str = "main") -> SimulatedPhone:
        """A phone on the network of a button group."""
        self.daemon.press_button(group)
        one = phone(self.air)
        await one.join_by_push_button()
        await one.ping()
        self.told.clear()
        return one


RELOADED = e.ConfigurationReloaded()


@pytest.fixture(autouse=True)
def root_level() -> Iterator[None]:
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)


@pytest.fixture(autouse=True)
def broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wpsagent.io.mqtt.MqttReporter", FakeMqtt)
    FakeMqtt.made.clear()


def test_what_has_nothing_to_do_with_the_radio_changes_while_a_phone_is_connected(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        async with there.running():
            one = await there.joined()
            more = (
                'log_level = "error"\nsuccess_display_s = 1\n[device]\nname = "renamed"\n',
                HOME,
                'ap_pin = "12345670"\nlock_out_s = 7\npin_requests = "{folder}/pins"\ncred_processing = "both"\n',
                'setup_locked = "learn_only"\n[[led]]\nbackend = "simulated"\n',
                '[[button]]\nbackend = "simulated"\nname = "new"\n',
                MQTT,
            )
            assert await there.reload(*more) == RELOADED
            await one.ping()
            assert "StationDisconnected" not in there.kinds()
            assert len(there.radios["sim0"]) == 1
            assert logging.getLogger().level == logging.ERROR
            (network,) = there.daemon.access_point_doors()
            assert (network.ap_pin, network.get_variable("device_name")) == (b"12345670", "renamed")
            assert there.daemon.networks.networks[0].setup_lock is SetupLockMode.CHANGE_LOCKED
            (mqtt,) = FakeMqtt.made
            assert mqtt.heard[:3] == ["reloaded", "state running", "start"]
            assert there.daemon.configuration.buttons[0].name == "new"
            await phone_joins(there, "main")
            await asyncio.sleep(2)
            assert there.daemon.report()["state"] == "idle"  # success_display_s

    run(scene())


def test_what_has_not_changed_is_left_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME, MQTT, STATION)
        async with there.running():
            assert await there.reload(HOME, MQTT, STATION) == RELOADED
            assert there.told == [RELOADED]
            assert [len(radios) for radios in there.radios.values()] == [1, 1]
            assert len(FakeMqtt.made) == 1
            assert there.daemon.report()["mqtt"]["topic"] == "wps/node"

    run(scene())


def test_a_network_that_changes_begins_anew_by_itself(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME, GARDEN)
        async with there.running():
            one = await there.joined("garden")
            assert await there.reload(HOME.replace('"home"', '"house"'), GARDEN) == RELOADED
            await one.ping()
            assert there.kinds() == [
                "AccessPointRemoved",
                "AccessPointAdded",
                "AccessPointStarted",
                "ConfigurationReloaded",
            ]
            points = there.daemon.access_points()
            assert [(point.interface, point.ssid) for point in points] == [("sim0", b"house"), ("sim1", b"garden")]
            await phone_joins(there, "main")

    run(scene())


async def phone_joins(there: Scene, group: str) -> None:
    there.daemon.press_button(group)
    await phone(there.air, 2).join_by_push_button()


def test_networks_and_stations_come_and_go(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        async with there.running():
            assert await there.reload(GARDEN, HOME, STATION) == RELOADED
            assert [point.interface for point in there.daemon.access_points()] == ["sim1", "sim0"]
            assert [station.interface for station in there.daemon.stations()] == ["sta0"]
            assert there.daemon.stations()[0].is_up
            sockets = ["control", "hostapd/sim0", "hostapd/sim1", "wpa_supplicant/sta0"]
            assert all((tmp_path / name).is_socket() for name in sockets)
            other = STATION + 'pmf = "required"\nwps_priority = 3\n'
            assert await there.reload(GARDEN, HOME, other) == RELOADED
            assert len(there.radios["sta0"]) == 1
            other += 'eapol = "packet"\n'
            assert await there.reload(GARDEN, HOME, other) == RELOADED
            assert len(there.radios["sta0"]) == 2
            assert await there.reload(HOME) == RELOADED
            assert [point.interface for point in there.daemon.access_points()] == ["sim0"]
            assert list(there.daemon.stations()) == []
            assert [(tmp_path / name).exists() for name in sockets] == [True, True, False, False]
            assert list(there.daemon.networks.groups) == ["main"]
            assert [network["interface"] for network in there.daemon.report()["access_points"]] == ["sim0"]

    run(scene())


def test_what_a_registrar_made_of_a_network_outlasts_it(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        async with there.running():
            settings = NetworkSettings(
                Ssid(b"learnt"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"another secret", None
            )
            there.daemon.networks.reconfigure("sim0", settings)
            await asyncio.sleep(1)
            one = await there.joined()
            assert await there.reload(HOME, 'ap_pin = "12345670"\n', MQTT) == RELOADED
            await one.ping()
            assert [point.ssid for point in there.daemon.access_points()] == [b"learnt"]
            assert await there.reload(HOME.replace('"home"', '"house"')) == RELOADED
            assert [point.ssid for point in there.daemon.access_points()] == [b"house"]
            assert "SettingsDropped" in there.kinds()

    run(scene())


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ("nonsense", "wps-agent.toml"),
        ('[[led]]\nbackend = "led_class"\nname = "no-such-led-of-ours"\n', "no-such-led-of-ours"),
        (
            '[[button]]\nbackend = "evdev"\ndevice = "/dev/null"\ngroups = ["garden"]\n',
            "/dev/null is not an input device",
        ),
        ('[[station]]\ninterface = "sta0"\ncontrol_directory = "/dev/null/x"\n', "control"),
    ],
)
def test_what_is_wrong_changes_nothing(
    tmp_path: Path, wrong: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME, MQTT)
        async with there.running():
            one = await there.joined()
            before = there.daemon.configuration
            refused = await there.reload(GARDEN, MQTT.replace("wps", "other"), wrong)
            assert isinstance(refused, e.ReloadRefused)
            assert reason in refused.reason
            await one.ping()
            assert there.daemon.configuration is before
            assert [point.interface for point in there.daemon.access_points()] == ["sim0"]
            assert id(there.daemon.mqtt) == id(FakeMqtt.made[-1])
            assert FakeMqtt.made[-1].heard.count("start") == 1
            assert [mqtt.heard[-1] for mqtt in FakeMqtt.made[:-1]] == ["close"] * (len(FakeMqtt.made) - 1)
            assert (tmp_path / "hostapd" / "sim0").is_socket()
            assert not (tmp_path / "hostapd" / "sim1").exists()
            assert await there.reload(HOME, MQTT) == RELOADED

    run(scene())
    assert "is not taken" in caplog.text


def test_the_file_of_a_station_is_read_again_and_checked_first(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, STATION)
        networks = tmp_path / "sta0.conf"
        async with there.running():
            networks.write_text('network={\n\tssid="home"\n\tpsk="correct horse"\n}\n')
            assert await there.reload(STATION) == RELOADED
            assert len(there.daemon.stations()[0].networks) == 1
            networks.write_text("network={\n")
            assert isinstance(await there.reload(STATION, HOME), e.ReloadRefused)
            assert len(there.daemon.stations()[0].networks) == 1
            assert there.daemon.access_points() == []

    run(scene())


def test_the_control_socket_moves(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        async with there.running():
            there.text = there.text.replace("/control", "/elsewhere/control")
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(1)
            assert there.told == [RELOADED]
            assert there.sockets() == ["elsewhere/control", "elsewhere/hostapd/sim0"]

    run(scene())


def test_an_interface_that_was_added_meanwhile_is_in_the_way(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        async with there.running():
            added = parse(GARDEN, host_name="node").access_points[0]
            there.daemon.networks.add(added)
            refused = await there.reload(HOME, GARDEN)
            assert isinstance(refused, e.ReloadRefused)
            assert "sim1: was added while the agent runs; remove it first" in refused.reason
            assert await there.reload(HOME) == RELOADED
            assert [point.interface for point in there.daemon.access_points()] == ["sim0", "sim1"]

    run(scene())


def test_a_change_that_is_not_foreseen_begins_the_daemon_anew(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        async with there.running() as task:
            there.text = there.text.replace('"node"', '"other"')
            os.kill(os.getpid(), signal.SIGHUP)
            following = await task
            assert following is not None
            assert following.agent.node == "other"

    run(scene())


def test_a_hang_up_that_is_the_end(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        there.daemon = Daemon(there.read(), there._open, entropy_of("reload"), there._open_station, lambda: None)
        task = asyncio.create_task(there.daemon.run())
        await there.daemon.started.wait()
        os.kill(os.getpid(), signal.SIGHUP)
        assert await task is None

    run(scene())


def test_a_bug_leaves_what_runs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, HOME)
        async with there.running():
            one = await there.joined()
            there.text = "a bug"
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(1)
            await one.ping()

    run(scene())
    assert "ZeroDivisionError" in caplog.text


class FakeDaemon:
    """Ends with what `results` say for its node."""

    results: ClassVar[dict[str, Configuration | Exception | None]] = {}
    ran: ClassVar[list[str]] = []

    def __init__(self, configuration: Configuration, reread: object) -> None:
        self.node = configuration.agent.node

    async def run(self) -> Configuration | None:
        FakeDaemon.ran.append(self.node)
        result = FakeDaemon.results[self.node]
        if isinstance(result, Exception):
            raise result
        return result


@pytest.fixture
def nodes(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Configuration]:
    monkeypatch.setattr(service, "Daemon", FakeDaemon)
    FakeDaemon.ran.clear()
    return lambda name: parse(f'[agent]\nnode = "{name}"\n{HOME}')


def test_one_daemon_after_the_other(nodes: Callable[[str], Configuration]) -> None:
    FakeDaemon.results = {"a": nodes("b"), "b": nodes("c"), "c": None}
    asyncio.run(service.serve(nodes("a"), lambda: None))
    assert FakeDaemon.ran == ["a", "b", "c"]


def test_a_configuration_that_cannot_be_run_gives_way_to_the_one_before(
    nodes: Callable[[str], Configuration], caplog: pytest.LogCaptureFixture
) -> None:
    FakeDaemon.results = {"b": nodes("c"), "c": AgentError("no such thing")}
    with pytest.raises(AgentError):  # the one before ends so, too, when it cannot go on
        asyncio.run(service.go_on(nodes("c"), nodes("c"), lambda: None))
    FakeDaemon.ran.clear()

    async def scene() -> None:
        await service.go_on(nodes("a"), nodes("c"), lambda: None)

    FakeDaemon.results["a"] = None
    asyncio.run(scene())
    assert FakeDaemon.ran == ["c", "a"]
    assert "cannot be run, the one before goes on: no such thing" in caplog.text
