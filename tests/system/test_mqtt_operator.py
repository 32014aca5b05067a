# SPDX-License-Identifier: BSD-3-Clause
"""The whole agent on a radio in memory and a real mosquitto, as an operator and as Home Assistant see it.

Every message that is published is checked against docs/mqtt.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.pairs.simulated_air import phone
from tests.system.test_mqtt_mosquitto import WITHIN, Broker, free_port
from tests.unit.mqtt_schemas import wrong_with
from tests.unit.roles_bench import AP, entropy_of

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings
from wpsagent.daemon.daemon import Daemon
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio
from wpsagent.status import events as e

TOPIC = "wps-agent/hall"
DISCOVERY = "homeassistant/device/wps-agent_hall/config"
PIN = "12345670"
PASSPHRASE = "correct horse"

CONFIGURATION = """
[agent]
node = "hall"
control_socket = "{folder}/control"
state_directory = "{folder}/state"
[[access_point]]
interface = "sim0"
ssid = "home"
passphrase = "correct horse"
channel = 6
[mqtt]
host = "127.0.0.1"
port = {port}
{lines}
"""
ALL_COMMANDS = 'commands = ["pbc", "cancel", "pin"]'


class Listener:
    """mosquitto_sub on everything, each message checked as it comes."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.messages: list[tuple[str, str]] = []
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, broker: Broker) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", "#", "-F", "%t %p"),
            stdout=asyncio.subprocess.PIPE,
        )
        await broker.wait_for("Sending SUBACK")

    async def wait(self, topic: str, words: str = "") -> Any:
        """The next message on a topic that contains some words; as JSON where it is."""
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(WITHIN):
            while line := (await self._process.stdout.readline()).decode().rstrip("\n"):
                there, _, payload = line.partition(" ")
                self.messages.append((there, payload))
                assert there.startswith(f"{TOPIC}/cmd/") or wrong_with(there, payload) == []
                if there == topic and words in payload:
                    return json.loads(payload) if payload.startswith("{") else payload
        raise AssertionError(f"nothing more came before {words!r} on {topic}")

    async def stop(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.communicate()


class House:
    """A broker, somebody who listens to it, and an agent."""

    def __init__(self, folder: Path, lines: str) -> None:
        self.port = free_port()
        self.broker = Broker(folder, self.port)
        self.listener = Listener(self.port)
        self.air = Air()
        self.configuration = parse(CONFIGURATION.format(folder=folder, port=self.port, lines=lines), host_name="x")
        self.told: list[e.AgentEvent] = []

    async def _open(self, settings: AccessPointSettings) -> AccessPointRadio:
        return SimulatedAccessPointRadio(self.air, settings.interface, MacAddress(AP))

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[Daemon]:
        daemon = Daemon(self.configuration, self._open, entropy_of("daemon"))
        daemon.reporting.observers.append(self.told.append)
        task = asyncio.create_task(daemon.run())
        await daemon.started.wait()
        try:
            yield daemon
        finally:
            daemon.terminate()
            await task

    @contextlib.asynccontextmanager
    async def heard(self) -> AsyncIterator[Listener]:
        await self.broker.start()
        try:
            await self.listener.start(self.broker)
            yield self.listener
        finally:
            await self.listener.stop()
            await self.broker.kill()

    async def publish(self, topic: str, payload: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            *("mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", topic, "-m", payload),
            *arguments,
        )
        await process.wait()

    async def command(self, name: str, **asked: object) -> Any:
        """Give a command; the response."""
        text = json.dumps(asked)
        assert wrong_with(f"{TOPIC}/cmd/{name}", text) == []
        await self.publish(f"{TOPIC}/cmd/{name}", text)
        return await self.listener.wait(f"{TOPIC}/response")


def test_an_operator_opens_cancels_and_lets_a_phone_in(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path, ALL_COMMANDS)
        async with house.heard() as heard, house.running():
            state = await heard.wait(f"{TOPIC}/state", '"agent":"running"')
            assert state["commands"] == ["pbc", "cancel", "pin"]
            await house.publish(f"{TOPIC}/cmd/pbc", "")
            response = await heard.wait(f"{TOPIC}/response")
            assert (response["id"], response["ok"], response["error"]) == (None, True, None)
            assert (await house.command("cancel", id="c", target="main"))["id"] == "c"
            assert (await house.command("pbc", id="p"))["ok"] is True
            await phone(house.air).join_by_push_button()
            state = await heard.wait(f"{TOPIC}/state", '"state":"success"')
            assert state["last_result"]["result"] == "success"
            names = [
                json.loads(payload)["event_type"] for topic, payload in heard.messages if topic == f"{TOPIC}/event"
            ]
            order = ["push_button_started", "command_received", "push_button_ended", "cancelled", "command_received"]
            assert [name for name in names if name in order][: len(order)] == order
        assert PASSPHRASE not in repr(heard.messages)

    asyncio.run(scene())


def test_a_pin_lets_its_device_in_and_is_never_repeated(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")

    async def scene() -> None:
        house = House(tmp_path, ALL_COMMANDS)
        async with house.heard() as heard, house.running():
            await heard.wait(f"{TOPIC}/state", '"agent":"running"')
            wrong = await house.command("pin", id="w", pin="12345671")
            assert wrong["error"] == "pin: the last digit does not fit the others: a typing error?"
            assert (await house.command("pin", id="r", pin=PIN))["ok"] is True
            await phone(house.air).join_by_pin(PIN.encode())
            await heard.wait(f"{TOPIC}/state", '"state":"success"')
        told = [message for message in heard.messages if not message[0].startswith(f"{TOPIC}/cmd")]
        assert PIN not in repr(told) + repr(house.told) + caplog.text
        assert "12345671" not in repr(told) + repr(house.told) + caplog.text

    asyncio.run(scene())


def test_nothing_is_heard_where_nothing_is_allowed_and_retained_commands_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def scene() -> None:
        house = House(tmp_path, 'commands = ["cancel"]')
        async with house.heard() as heard:
            await house.publish(f"{TOPIC}/cmd/cancel", '{"id":"old"}', "-r")
            async with house.running():
                state = await heard.wait(f"{TOPIC}/state", '"agent":"running"')
                assert state["commands"] == ["cancel"]
                await house.publish(f"{TOPIC}/cmd/pbc", "{}")
                await house.publish(f"{TOPIC}/cmd/cancel", '{"id":"retained"}', "-r")
                assert (await house.command("cancel", id="live"))["id"] == "live"
            assert not any(isinstance(event, e.PushButtonStarted) for event in house.told)
            assert sum(isinstance(event, e.CommandReceived) for event in house.told) == 1
        assert caplog.text.count("a retained cancel command was ignored") == 2

    asyncio.run(scene())


def test_home_assistant_is_told_again_when_it_starts_and_told_no_more_when_it_is_turned_off(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path, f"{ALL_COMMANDS}\nhome_assistant = true")
        async with house.heard() as heard:
            async with house.running():
                message = await heard.wait(DISCOVERY)
                start = message["components"]["start"]
                await house.publish(start["command_topic"], start["payload_press"])
                assert (await heard.wait(f"{TOPIC}/response"))["id"] == "home-assistant"
                await house.publish("homeassistant/status", "online")
                assert await heard.wait(DISCOVERY) == message
                assert await heard.wait(f"{TOPIC}/state")
            await heard.wait(f"{TOPIC}/availability", "offline")
            await house.listener.stop()
            off = House(tmp_path, "")
            off.port, off.broker, off.listener = house.port, house.broker, Listener(house.port)
            off.configuration = parse(CONFIGURATION.format(folder=tmp_path, port=house.port, lines=""), host_name="x")
            await off.listener.start(house.broker)
            async with off.running():
                assert (await off.listener.wait(DISCOVERY))["components"]  # retained from before
                assert await off.listener.wait(DISCOVERY) == ""
                await off.listener.wait(f"{TOPIC}/event", '"started"')
            await off.listener.stop()
            assert not (tmp_path / "state" / "home-assistant").exists()

    asyncio.run(scene())
