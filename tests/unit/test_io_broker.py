# SPDX-License-Identifier: BSD-3-Clause
"""The simulated board's own broker, and who listens to one: with Debian's mosquitto."""

import asyncio
import os
import shutil
import socket
import stat
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from wpsagent.errors import AgentError
from wpsagent.io import broker as b
from wpsagent.io import mqtt_watcher
from wpsagent.io.broker import BrokerError, ChildBroker
from wpsagent.io.mqtt_connection import Connection
from wpsagent.io.mqtt_watcher import MqttWatcher


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    async def within() -> None:
        async with asyncio.timeout(30):
            await main()

    asyncio.run(within())


@dataclass(frozen=True)
class Options:
    """Where a broker is, as io.mqtt wants to know it."""

    port: int
    host: str = "127.0.0.1"
    username: str | None = None
    password: str | None = None
    tls: None = None
    base_topic: str = "wps-agent"
    node: str = "porch"
    keepalive_s: int = 30
    queue_size: int = 10
    qos: int = 1


def program(folder: Path, script: str) -> Path:
    """A stand-in for mosquitto."""
    file = folder / "mosquitto"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def stand_in(monkeypatch: pytest.MonkeyPatch, file: Path | None) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name, **_options: None if file is None else str(file))


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# ---- the broker


def test_a_broker_listens_on_the_loopback_until_it_is_stopped(tmp_path: Path) -> None:
    async def main() -> None:
        async with ChildBroker(tmp_path) as broker:
            _, writer = await asyncio.open_connection("127.0.0.1", broker.port)
            writer.close()
            await writer.wait_closed()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", broker.port)
        await broker.stop()

    run(main)


def test_an_interrupt_at_the_keyboard_is_not_for_the_broker(tmp_path: Path) -> None:
    async def main() -> None:
        async with ChildBroker(tmp_path) as broker:
            assert broker._process is not None
            assert os.getpgid(broker._process.pid) == broker._process.pid != os.getpgrp()

    run(main)


def test_it_is_found_where_a_users_path_does_not_lead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    async def main() -> None:
        async with ChildBroker(tmp_path) as broker:
            assert broker.port

    run(main)


def test_without_mosquitto_the_person_is_told_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, None)

    async def main() -> None:
        with pytest.raises(BrokerError) as caught:
            await ChildBroker(tmp_path).start()
        assert str(caught.value) == (
            "no MQTT broker: mosquitto is not installed (apt install mosquitto), and no other one is configured"
        )

    run(main)


def test_a_broker_that_ends_at_once_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, program(tmp_path, "echo 'Error: no luck today' >&2; exit 3"))

    async def main() -> None:
        with pytest.raises(BrokerError) as caught:
            await ChildBroker(tmp_path).start()
        assert str(caught.value) == "mosquitto ended at once:\nError: no luck today"

    run(main)


def test_a_broker_that_never_listens_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, program(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60"))
    monkeypatch.setattr(b, "START_TIMEOUT", 0.5)

    async def main() -> None:
        broker = ChildBroker(tmp_path)
        with pytest.raises(BrokerError, match=f"mosquitto does not listen on port {broker.port or '[0-9]+'}"):
            await broker.start()
        assert not is_alive(int((tmp_path / "pid").read_text()))

    run(main)


@pytest.mark.parametrize("deafness", ["trap 'trap exit TERM' TERM", "trap '' TERM"], ids=["at first", "for good"])
def test_a_broker_that_does_not_hear_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deafness: str) -> None:
    loop = f"echo $$ > {tmp_path}/pid; while :; do sleep 0.02; done"
    stand_in(monkeypatch, program(tmp_path, f"{deafness}; {loop}"))
    monkeypatch.setattr(b, "START_TIMEOUT", 0.5)
    monkeypatch.setattr(b, "STOP_TIMEOUT", 0.3)

    async def main() -> None:
        with pytest.raises(BrokerError):
            await ChildBroker(tmp_path).start()
        assert not is_alive(int((tmp_path / "pid").read_text()))

    run(main)


def test_whoever_stops_waiting_leaves_no_broker_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stand_in(monkeypatch, program(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60"))

    async def main() -> None:
        os.mkfifo(tmp_path / "pid")  # reading it waits for the writer
        task = asyncio.create_task(ChildBroker(tmp_path).start())
        pid = int(await asyncio.to_thread((tmp_path / "pid").read_text))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not is_alive(pid)

    run(main)


# ---- the watcher


class Publisher:
    """Owner of a connection that publishes."""

    def __init__(self) -> None:
        self.is_connected = asyncio.Event()

    def connection_made(self) -> None:
        self.is_connected.set()

    def connection_lost(self, reason: str) -> None:
        pass

    def message_acknowledged(self, message_id: int) -> None:
        pass


def test_a_watcher_hears_its_node_in_order_and_no_other(tmp_path: Path) -> None:
    heard: list[tuple[str, bytes]] = []
    done = asyncio.Event()

    def hear(topic: str, payload: bytes) -> None:
        heard.append((topic, payload))
        if payload == b"last":
            done.set()

    async def main() -> None:
        async with ChildBroker(tmp_path) as broker:
            options = Options(broker.port)
            watcher = MqttWatcher(options, hear)
            await watcher.start()
            owner = Publisher()
            connection = Connection(options, owner, "publisher")
            connection.open()
            await owner.is_connected.wait()
            connection.publish("wps-agent/cellar/event", b"of another", is_retained=False)
            connection.publish("wps-agent/porch/state", b"first", is_retained=False)
            connection.publish("wps-agent/porch/event", b"last", is_retained=False)
            await done.wait()
            connection.drop("done")
            await watcher.close()
            await watcher.close()
        assert heard == [("wps-agent/porch/state", b"first"), ("wps-agent/porch/event", b"last")]

    run(main)


def test_a_watcher_says_when_no_broker_listens() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]

    async def main() -> None:
        with pytest.raises(AgentError) as caught:
            await MqttWatcher(Options(port), lambda _topic, _payload: None).start()
        assert str(caught.value) == f"MQTT: 127.0.0.1:{port} refused the connection: no broker listens there"

    run(main)


def test_a_watcher_does_not_wait_for_ever_for_a_broker_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_watcher, "SUBSCRIBE_TIMEOUT", 0.3)

    async def main() -> None:
        with socket.socket() as mute:
            mute.bind(("127.0.0.1", 0))
            mute.listen()
            port = mute.getsockname()[1]
            with pytest.raises(AgentError) as caught:
                await MqttWatcher(Options(port), lambda _topic, _payload: None).start()
        assert str(caught.value) == f"MQTT: the broker 127.0.0.1:{port} did not take our subscription"

    run(main)
