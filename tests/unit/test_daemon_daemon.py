# SPDX-License-Identifier: BSD-3-Clause
"""The whole agent over a radio in memory: order of start and end, commands, button, broker, signals, watchdog."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from tests.pairs.simulated_air import phone
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import AP, LAPTOP, PHONE, PIN, entropy_of, wps_probe

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, ButtonAction, Configuration
from wpsagent.control.agent import WpsStatus
from wpsagent.daemon.board import BoardUnavailableError
from wpsagent.daemon.daemon import Daemon
from wpsagent.daemon.kernel_radios import open_kernel_radio
from wpsagent.errors import AgentError, OverlapError, RadioError, UsageError
from wpsagent.io.simulated_radio import Air, ManagementUnit, SimulatedAccessPointRadio
from wpsagent.octets import NO_ADDRESS, MacAddress, Ssid
from wpsagent.ports import AccessPointRadio, RadioLost
from wpsagent.status import events as e

CONFIGURATION = """
[agent]
node = "node"
control_socket = "{folder}/control"

[[access_point]]
interface = "sim0"
ssid = "home"
passphrase = "correct horse"
channel = 6

[[button]]
backend = "simulated"
name = "wps"

[[led]]
backend = "simulated"
"""
GARDEN = """
[[access_point]]
interface = "sim1"
ssid = "garden"
passphrase = "correct horse"
channel = 11
button_group = "garden"
"""
MQTT = """
[mqtt]
host = "broker.example"
base_topic = "wps"
"""


class FakeMqtt:
    """What the daemon asks of its reporter."""

    made: ClassVar[list["FakeMqtt"]] = []

    def __init__(self, options: Any, entropy: Any, on_change: Callable[[bool, str], None]) -> None:
        self.on_change = on_change
        self.heard: list[str] = []
        self.is_connected = False
        self.version: str | None = None
        self.last_error: str | None = "not yet"
        self.dropped_events = 0
        FakeMqtt.made.append(self)

    def start(self) -> None:
        self.heard.append("start")

    def publish_state(self, state: dict[str, Any]) -> None:
        self.heard.append(f"state {state['agent']}")

    def publish_event(self, event: dict[str, Any]) -> None:
        self.heard.append(event["event_type"])

    async def close(self) -> None:
        self.heard.append("close")


class Scene:
    """One agent and its air."""

    def __init__(self, folder: Path, more: str = "") -> None:
        self.air = Air()
        self.radios: list[SimulatedAccessPointRadio] = []
        self.refusal: Exception | None = None
        self.daemon = Daemon(
            parse(CONFIGURATION.format(folder=folder) + more, host_name="node"), self._open, entropy_of("daemon")
        )
        self.told: list[e.AgentEvent] = []
        self.daemon.reporting.observers.append(self.told.append)
        self.socket = folder / "control"

    async def _open(self, settings: AccessPointSettings) -> AccessPointRadio:
        if self.refusal is not None:
            raise self.refusal
        address = MacAddress(AP[:5] + bytes((len(self.radios) + 1,)))
        self.radios.append(SimulatedAccessPointRadio(self.air, settings.interface, address))
        return self.radios[-1]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[Configuration | None]]:
        task = asyncio.create_task(self.daemon.run())
        await self.daemon.started.wait()
        try:
            yield task
        finally:
            self.daemon.terminate()
            await task

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.told]


def test_the_agent_starts_runs_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            assert there.socket.exists()
            assert there.kinds() == ["AgentStarting", "AccessPointStarted", "AgentStarted"]
            assert there.daemon.report()["agent"] == "running"
        assert there.kinds()[-1] == "AgentStopping"
        assert not there.socket.exists()
        assert there.radios[0].frequency_mhz is None
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    run(scene())


def test_a_press_puts_a_phone_on_the_network(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            there.daemon.button_pressed("short", ButtonAction.PBC, there.daemon.configuration.buttons[0])
            one = phone(there.air)
            await one.join_by_push_button()
            await one.ping()
            assert there.kinds()[3:5] == ["ButtonPressed", "PushButtonStarted"]
            assert "EnrolmentSucceeded" in there.kinds()
            (status,) = there.daemon.access_points()
            assert (status.interface, status.address, status.ssid, status.channel) == ("sim0", AP, Ssid(b"home"), 6)
            assert (status.is_enabled, status.stations, status.phy) == (True, 1, "simulated")
            assert there.daemon.wps_status(None) == WpsStatus("Disabled", "Success", None, one.address)
        assert there.kinds()[-2:] == ["AgentStopping", "StationDisconnected"]

    run(scene())


def test_a_failure_is_in_the_status_with_its_reason(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            there.daemon.add_pin(PIN, uuid_e=None, timeout=0, address=None, target="main")
            with pytest.raises(AgentError):
                await phone(there.air).join_by_pin(b"22345670")
            status = there.daemon.wps_status("sim0")
            assert (status.last_result, status.failure_reason) == ("Failed", "Authentication Failure")

    run(scene())


def test_an_overlap_is_told_by_the_button_and_raised_by_the_command(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            (radio,) = there.radios
            for address, uuid in ((PHONE, b"\x01" * 16), (LAPTOP, b"\x02" * 16)):
                one = phone(there.air)
                one.frequency_mhz = radio.frequency_mhz
                there.air.send(one, ManagementUnit(AP, wps_probe(address, uuid).encode()))
            await asyncio.sleep(1)
            there.daemon.button_pressed("short", ButtonAction.PBC, there.daemon.configuration.buttons[0])
            assert there.kinds()[-2:] == ["ButtonPressed", "OverlapDetected"]
            with pytest.raises(OverlapError):
                there.daemon.press_button(None)

    run(scene())


def test_a_button_may_cancel_or_do_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            settings = there.daemon.configuration.buttons[0]
            there.daemon.press_button("sim0")
            there.daemon.button_pressed("long", ButtonAction.CANCEL, settings)
            assert there.kinds()[-3:] == ["ButtonPressed", "PushButtonEnded", "CancelRequested"]
            there.daemon.button_pressed("long", ButtonAction.NONE, settings)
            assert there.kinds()[-1] == "ButtonPressed"
            there.daemon.cancel(None)
            assert there.kinds()[-1] == "CancelRequested"

    run(scene())


def test_a_press_without_a_network_is_refused_where_the_person_looks(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        there.refusal = RadioError("no such interface")
        async with there.running():
            assert there.kinds() == ["AgentStarting", "AccessPointFailed", "AgentStarted"]
            there.daemon.button_pressed("short", ButtonAction.PBC, there.daemon.configuration.buttons[0])
            assert there.told[-1] == e.PushButtonRefused("main", "no network with WPS is up")
            with pytest.raises(UsageError, match="no network with WPS is up"):
                there.daemon.press_button(None)
            (status,) = there.daemon.access_points()
            assert (status.is_enabled, status.stations, status.address) == (False, 0, NO_ADDRESS)
            there.refusal = None
            await asyncio.sleep(2)
            assert there.kinds()[-1] == "RadioRecovered"
            there.daemon.press_button(None)

    run(scene())


def test_a_lost_radio_comes_back_while_the_agent_runs(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            there.radios[0]._handler(RadioLost("it was set down"))
            await asyncio.sleep(3)
            assert there.kinds()[-2:] == ["RadioLost", "RadioRecovered"]
            assert len(there.radios) == 2

    run(scene())


def test_two_groups_of_one_agent(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, GARDEN)
        async with there.running():
            there.daemon.press_button("garden")
            assert there.told[-1] == e.PushButtonStarted("garden", asyncio.get_running_loop().time() + 120)
            there.daemon.cancel(None)
            there.daemon.press_button(None)
            assert {event.group for event in there.told[-2:] if isinstance(event, e.PushButtonStarted)} == {
                "main",
                "garden",
            }

    run(scene())


def test_one_press_for_two_groups_lets_one_phone_in_and_closes_both(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, GARDEN)
        async with there.running():
            there.daemon.press_button(None)
            one = phone(there.air)
            await one.join_by_push_button()
            groups = there.daemon.networks.groups
            assert [group.registrar.is_push_button_active for group in groups.values()] == [False, False]
            ends = [event for event in there.told if isinstance(event, e.PushButtonEnded)]
            assert {event.group for event in ends} == {"main", "garden"}

    run(scene())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_end_it_in_order(tmp_path: Path, number: signal.Signals) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running() as task:
            os.kill(os.getpid(), number)
            await task
            assert there.kinds()[-1] == "AgentStopping"

    run(scene())


def test_what_cannot_be_opened_ends_the_start_and_gives_the_rest_back(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path, '[[led]]\nbackend = "led_class"\nname = "no-such-led-of-ours"\n')
        with pytest.raises(BoardUnavailableError, match="no-such-led-of-ours"):
            await there.daemon.run()
        assert there.told == []
        assert not there.socket.exists()
        assert asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM) is False

    run(scene())


def test_the_broker_hears_everything_and_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wpsagent.io.mqtt.MqttReporter", FakeMqtt)
    FakeMqtt.made.clear()

    async def scene() -> None:
        there = Scene(tmp_path, MQTT)
        async with there.running():
            (mqtt,) = FakeMqtt.made
            assert there.daemon.report()["mqtt"] == {
                "broker": "broker.example:1883",
                "topic": "wps/node",
                "connected": False,
                "version": None,
                "error": "not yet",
                "dropped_events": 0,
            }
            mqtt.on_change(True, "")
            mqtt.on_change(False, "it went away")
            assert there.told[-2:] == [e.BrokerConnected(), e.BrokerLost("it went away")]
        assert mqtt.heard[0] == "start"
        assert "access_point_started" in mqtt.heard
        assert mqtt.heard[-3:] == ["stopping", "state stopping", "close"]
        assert there.daemon.report()["pid"] == os.getpid()

    run(scene())


def test_without_a_broker_the_report_says_so(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            assert there.daemon.report()["mqtt"] is None

    run(scene())


class FakeServiceManager:
    """The service manager's side, with a watchdog of ten seconds."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.watchdog_interval: float | None = 5.0

    def ready(self, status: str = "") -> None:
        self.heard.append(f"ready {status}")

    def stopping(self) -> None:
        self.heard.append("stopping")

    def watchdog(self, status: str) -> None:
        self.heard.append(f"watchdog {status}")

    def close(self) -> None:
        self.heard.append("close")


def test_the_service_manager_is_told_and_kept_content(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    manager = FakeServiceManager()
    monkeypatch.setattr("wpsagent.daemon.daemon.ServiceManager", lambda: manager)

    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            await asyncio.sleep(12)
        await asyncio.sleep(100)
        assert manager.heard == ["ready 1 of 1 networks up", *["watchdog 1 of 1 networks up"] * 3, "stopping", "close"]

    run(scene())


def test_the_radio_of_the_kernel_is_opened_as_configured(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[Any, ...]] = []

    async def open_radio(interface: str, **options: Any) -> AccessPointRadio:
        asked.append((interface, options))
        return SimulatedAccessPointRadio(Air(), interface, AP)

    monkeypatch.setattr("wpsagent.io.nl80211.access_point.open_access_point_radio", open_radio)
    configuration = parse(
        '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\nchannel = 6\n'
        'create_on = "phy0"\nbridge = "br-lan"\neapol = "packet"\n',
        host_name="node",
    )
    run(open_kernel_radio(configuration.access_points[0]))
    assert asked == [("wlan0", {"create_on": "phy0", "bridge": "br-lan", "on_packet_eapol": True})]
