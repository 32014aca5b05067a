# SPDX-License-Identifier: BSD-3-Clause
"""Brokers that take little: few messages at a time, small ones, none retained, none with quality of service 1."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.system.test_mqtt_mosquitto import (
    WITHIN,
    Broker,
    broker_and_subscriber,
    free_port,
    in_loop,
    reporter_for,
    settings_for,
)

from wpsagent.io.mqtt import MqttReporter, probe

CONNACK_RECEIVE_MAXIMUM_1 = bytes.fromhex("20 06 00 00 03 21 00 01")
CONNECT, PUBLISH, PUBACK = 1, 3, bytes.fromhex("40 02")


@dataclass
class StrictBroker:
    """A broker of MQTT 5 that takes one message at a time, as some do that are paid for.

    It acknowledges only what has been quiet for a moment: whoever sends more is seen.
    """

    port: int = 0
    in_flight: int = 0
    most: int = 0
    has_all: asyncio.Event = field(default_factory=asyncio.Event)

    @contextlib.asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                first, body = await _packet(reader)
                if first >> 4 == CONNECT:
                    writer.write(CONNACK_RECEIVE_MAXIMUM_1)
                elif first >> 4 == PUBLISH:
                    self._published(body, writer)
        writer.close()

    def _published(self, body: bytes, writer: asyncio.StreamWriter) -> None:
        self.in_flight += 1
        if b'{"number":4}' in body and b"/event" in body:
            self.has_all.set()
        self.most = max(self.most, self.in_flight)
        at = 2 + int.from_bytes(body[:2])
        asyncio.get_running_loop().call_later(0.05, self._acknowledge, body[at : at + 2], writer)

    def _acknowledge(self, message_id: bytes, writer: asyncio.StreamWriter) -> None:
        self.in_flight -= 1
        writer.write(PUBACK + message_id)


async def _packet(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The first octet, and what follows the length (MQTT 5.0, 2.1.4)."""
    first, length, shift = (await reader.readexactly(1))[0], 0, 0
    while True:
        octet = (await reader.readexactly(1))[0]
        length, shift = length | (octet & 0x7F) << shift, shift + 7
        if octet < 0x80:
            return first, await reader.readexactly(length)


def test_a_broker_that_takes_one_message_at_a_time_gets_one_at_a_time() -> None:
    async def run() -> None:
        broker = StrictBroker()
        async with broker.listening(), reporter_for(replace(settings_for(broker.port), queue_size=50)) as told:
            reporter, changes = told
            reporter.announce("homeassistant/device/lab/config", b"{}")
            for number in range(5):
                reporter.publish_state({"number": number})
                reporter.publish_event({"number": number})
            assert (await changes.next())[0]
            reporter.renew()
            async with asyncio.timeout(WITHIN):
                await broker.has_all.wait()
            assert broker.most == 1
            await reporter.close()
            assert broker.most == 1

    in_loop(run)


def test_what_is_too_large_is_left_out_and_told_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        port = free_port()
        async with (
            broker_and_subscriber(tmp_path, port, "max_packet_size 1000") as (_broker, subscriber),
            reporter_for(settings_for(port)) as (reporter, changes),
        ):
            reporter.announce("homeassistant/device/lab/config", b"x" * 2000)
            assert (await changes.next())[0]
            reporter.publish_event({"text": "x" * 1000})
            reporter.publish_event({"text": "small"})
            assert (await subscriber.next())[:2] == ("wps-agent/lab/availability", "online")
            assert (await subscriber.next())[:2] == ("wps-agent/lab/event", '{"text":"small"}')
            assert reporter.is_connected
            assert reporter.last_error is not None
            assert reporter.last_error.startswith("it takes at most 1000 octets: wps-agent/lab/event (")
        assert caplog.text.count("it takes at most") == 1  # and not with every message

    in_loop(run)


@pytest.mark.parametrize(
    ("line", "words"),
    [("retain_available false", "keeps no retained messages"), ("max_qos 0", "quality of service")],
)
def test_a_broker_that_cannot_do_what_we_need_is_found_before_the_agent_is_started(
    line: str, words: str, tmp_path: Path
) -> None:
    async def run() -> None:
        broker = Broker(tmp_path, free_port(), ("allow_anonymous true", line))
        await broker.start()
        try:
            assert words in (await probe(settings_for(broker.port), WITHIN) or "")
            reporter = MqttReporter(settings_for(broker.port), bytes, lambda *_: refused.set())
            refused = asyncio.Event()
            reporter.start()
            async with asyncio.timeout(WITHIN):
                await refused.wait()
            assert words in (reporter.last_error or "")
            await reporter.close()
        finally:
            await broker.kill()

    in_loop(run)


def test_a_broker_without_quality_of_service_is_spoken_to_without(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with broker_and_subscriber(tmp_path, port, "max_qos 0") as (_broker, subscriber):
            settings = replace(settings_for(port), qos=0)
            assert await probe(settings, WITHIN) is None
            async with reporter_for(settings) as (_reporter, changes):
                assert (await changes.next())[0]
                assert (await subscriber.next())[:2] == ("wps-agent/lab/availability", "online")

    in_loop(run)
