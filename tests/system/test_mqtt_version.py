# SPDX-License-Identifier: BSD-3-Clause
"""MQTT 5 and the fall-back to 3.1.1; what the broker keeps and for how long; what it refuses, in words."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.system.test_mqtt_mosquitto import (
    WITHIN,
    Broker,
    Changes,
    broker_and_subscriber,
    free_port,
    reporter_for,
    settings_for,
)

from wpsagent.io.mqtt import STATE_EXPIRY, MqttReporter, probe

MQTT_5, MQTT_3_1_1 = 5, 4
LEVEL_AT = 8
"""Where CONNECT has its protocol level, for packets of less than 128 octets (MQTT 3.1.1, 3.1.2.2)."""

REFUSAL_OF_OLD = bytes.fromhex("20 02 00 01")
"""CONNACK of a broker of MQTT 3.1.1: unacceptable protocol version (3.2.2.3)."""


class OldBroker:
    """A broker of MQTT 3.1.1: before a mosquitto that does 5, it refuses whoever wants 5, with an answer or without."""

    def __init__(self, behind: int, answer: bytes) -> None:
        self._behind = behind
        self._answer = answer
        self.levels: list[int] = []
        self.port = 0

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connect = await reader.readexactly(LEVEL_AT + 1)
        self.levels.append(connect[LEVEL_AT])
        if connect[LEVEL_AT] == MQTT_5:
            await reader.read(1024)  # what is unread would become a reset
            writer.write(self._answer)
        else:
            there, back = await asyncio.open_connection("127.0.0.1", self._behind)
            back.write(connect)
            await asyncio.gather(_pump(reader, back), _pump(there, writer))
            back.close()
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while octets := await reader.read(4096):
            writer.write(octets)
            await writer.drain()
    writer.close()


@pytest.mark.parametrize("answer", [REFUSAL_OF_OLD, bytes.fromhex("20 03 00 84 00"), b""], ids=["old", "new", "none"])
def test_a_broker_that_refuses_mqtt_5_is_spoken_to_in_3_1_1(answer: bytes, tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with broker_and_subscriber(tmp_path, port) as (_broker, subscriber):
            old = OldBroker(port, answer)
            async with old.listening():
                settings = settings_for(old.port)
                assert await probe(settings, WITHIN) is None
                assert old.levels == [MQTT_5, MQTT_3_1_1]
                async with reporter_for(settings) as (reporter, changes):
                    assert await changes.next() == (True, "")
                    assert reporter.version == "3.1.1"
                    reporter.publish_state({"n": 1})
                    assert (await subscriber.next())[1] == "online"
                    assert (await subscriber.next())[1] == '{"n":1}'
                assert (await subscriber.next())[1] == "offline"
                assert old.levels == [MQTT_5, MQTT_3_1_1] * 2

    asyncio.run(run())


def test_a_broker_that_refuses_both_is_called_that(tmp_path: Path) -> None:
    async def run() -> None:
        async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1024)
            writer.write(REFUSAL_OF_OLD)
            writer.close()

        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        async with server:
            reason = await probe(settings_for(server.sockets[0].getsockname()[1]), WITHIN)
        assert reason is not None
        assert reason.startswith(("the broker refused us: it speaks neither", "the connection to the broker was lost"))

    asyncio.run(run())


def test_mqtt_5_is_spoken_where_it_is_taken_and_the_state_expires(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with broker_and_subscriber(tmp_path, port), reporter_for(settings_for(port)) as (reporter, changes):
            assert await changes.next() == (True, "")
            assert reporter.version == "5"
            reporter.publish_state({"n": 1})
            reporter.announce("homeassistant/x", b"here")
            heard = await watch(port, 3, "-V", "5", "-F", "%t %E %p", "-t", "#")
        by_topic = {line.split(" ")[0]: line.split(" ")[1] for line in heard}
        assert STATE_EXPIRY - 60 <= int(by_topic["wps-agent/lab/state"]) <= STATE_EXPIRY
        assert by_topic["wps-agent/lab/availability"] == by_topic["homeassistant/x"] == ""

    asyncio.run(run())


async def watch(port: int, count: int, *arguments: str) -> list[str]:
    """What a mosquitto_sub of its own hears."""
    process = await asyncio.create_subprocess_exec(
        *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-C", str(count), *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(WITHIN):
        output, _ = await process.communicate()
    return output.decode().splitlines()


async def publish(port: int, *arguments: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "mosquitto_pub", "-h", "127.0.0.1", "-p", str(port), "-q", "1", *arguments
    )
    await process.wait()


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_the_quality_of_service_is_the_configured_one(qos: int, tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with (
            broker_and_subscriber(tmp_path, port),
            reporter_for(replace(settings_for(port), qos=qos)) as (reporter, changes),
        ):
            assert await changes.next() == (True, "")
            watching = asyncio.create_task(watch(port, 3, "-q", "2", "-F", "%q %t %p", "-t", "wps-agent/#"))
            reporter.publish_state({"n": 1})
            first = await watch(port, 2, "-q", "2", "-F", "%q %t", "-t", "wps-agent/#")
            reporter.publish_event({"n": 2})
            heard = await watching
        assert sorted(first) == [f"{qos} wps-agent/lab/availability", f"{qos} wps-agent/lab/state"]
        assert f'{qos} wps-agent/lab/event {{"n":2}}' in heard

    asyncio.run(run())


@pytest.mark.parametrize(
    ("octets", "words"),
    [
        ("20 03 00 89 00", "the broker refused us: it is busy"),
        (
            "20 03 00 00 00 E0 01 8E",
            "the connection to the broker was lost: another client with our name took its place",
        ),
        ("20 03 00 00 00 E0 01 8B", "the connection to the broker was lost: the broker is shutting down"),
        ("20 03 00 00 00 E0 00", "the connection to the broker was lost: the broker closed it"),
        ("20 03 00 00 00", "the connection to the broker was lost: the broker closed it, or went away"),
    ],
)
def test_reason_codes_are_told_in_words(octets: str, words: str) -> None:
    async def run() -> None:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(1024)
            writer.write(bytes.fromhex(octets))
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server, reporter_for(settings_for(server.sockets[0].getsockname()[1])) as (_, changes):
            is_connected, reason = await changes.next()
            if is_connected:
                is_connected, reason = await changes.next()
        assert not is_connected
        assert reason.startswith(words)

    asyncio.run(run())


def test_what_the_access_rules_forbid_is_told_in_the_log_and_in_the_status(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rules = tmp_path / "rules"
    rules.write_text("topic readwrite wps-agent/lab/availability\n")
    rules.chmod(0o644)

    async def run() -> None:
        broker = Broker(tmp_path, free_port(), ("allow_anonymous true", f"acl_file {rules}"))
        await broker.start()
        try:
            async with reporter_for(settings_for(broker.port)) as (reporter, changes):
                assert await changes.next() == (True, "")
                assert reporter.last_error is None
                before = reporter.last_error
                reporter.publish_state({"n": 1})
                await broker.wait_for("Denied PUBLISH")
                await broker.wait_for("Sending PUBACK")
                reporter.announce("wps-agent/lab/availability", b"online", (done := asyncio.Event()).set)
                async with asyncio.timeout(WITHIN):
                    await done.wait()
                assert before is None
                assert (reporter.last_error or "").startswith(
                    "it refused a message of ours, wps-agent/lab/state: not authorized"
                )
                assert reporter.is_connected
        finally:
            await broker.kill()
        assert caplog.text.count("it refused a message of ours") == 1

    asyncio.run(run())


def test_messages_are_heard_and_old_or_retained_ones_are_told_apart(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        heard: asyncio.Queue[tuple[bytes, bool]] = asyncio.Queue()
        async with broker_and_subscriber(tmp_path, port):
            await publish(port, "-r", "-t", "a/cmd", "-m", "old")
            changes = Changes()
            reporter = MqttReporter(settings_for(port), os.urandom, changes)
            reporter.subscribe("a/cmd", lambda payload, is_retained: heard.put_nowait((payload, is_retained)))
            reporter.start()
            assert await changes.next() == (True, "")
            async with asyncio.timeout(WITHIN):
                assert await heard.get() == (b"old", True)
                await publish(port, "-t", "a/cmd", "-m", "new")
                assert await heard.get() == (b"new", False)
                await publish(port, "-r", "-t", "a/cmd", "-m", "kept")
                assert await heard.get() == (b"kept", True)
                await publish(port, "-t", "a/cmd", "-m", "x" * 70_000)
                await publish(port, "-t", "a/cmd", "-n")
                assert await heard.get() == (b"", False)  # the broker kept what was too long for itself
            await reporter.close()

    asyncio.run(run())
