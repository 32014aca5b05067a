# SPDX-License-Identifier: BSD-3-Clause
"""When an MQTT connection at rest wakes up, and how soon a broker that has gone without a word is given up."""

import asyncio
import enum
import os
from collections.abc import Awaitable, Callable
from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.jumping_loop import JumpingLoop, run

from wpsagent.config import MqttSettings
from wpsagent.io import mqtt_connection
from wpsagent.io.mqtt import MqttReporter

KEEPALIVE = 60
HOUR = 3600.0
MOST_WAKE_UPS = 1.05
"""A keep-alive interval: the question, and no more; the answer is there before time passes."""

CONNACK = bytes.fromhex("20 03 00 00 00")
CONNACK_WITH_KEEP_ALIVE_10 = bytes.fromhex("20 06 00 00 03 13 00 0a")
"""MQTT 5.0, 3.2: success; the second with Server Keep Alive (3.2.2.3.14)."""

PUBACK, PINGRESP = b"\x40\x02", bytes.fromhex("d0 00")


class _Kind(enum.IntEnum):
    """MQTT 5.0, table 2-1."""

    CONNECT = 1
    PUBLISH = 3
    PINGREQ = 12


class AtOnce:
    """A thread that is done when it has begun: no clock jumps while it connects, and the loopback does not block."""

    def __init__(self, target: Callable[[], None], **_options: Any) -> None:
        self.start = target


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt_connection, "threading", SimpleNamespace(Thread=AtOnce))


class Broker:
    """One of MQTT 5 on the loopback, in the loop of the test; it can fall silent, or stop reading, without a word."""

    def __init__(self, connack: bytes) -> None:
        self._connack = connack
        self.connections = 0
        self.pings: list[float] = []
        self.topics: list[str] = []
        self.is_silent = False
        self.is_reading = asyncio.Event()
        self.is_reading.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                kind, body = await self._packet(reader)
                writer.write(self._answer(kind, body))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _packet(self, reader: asyncio.StreamReader) -> tuple[int, bytes]:
        """Type, and flags in its lower half; the rest (MQTT 5.0, 2.1)."""
        await self.is_reading.wait()
        first, length, shift = (await reader.readexactly(1))[0], 0, 0
        while True:
            octet = (await reader.readexactly(1))[0]
            length |= (octet & 0x7F) << shift
            shift += 7
            if octet < 0x80:
                return first, await reader.readexactly(length)

    def _answer(self, first: int, body: bytes) -> bytes:
        answer = b""
        match first >> 4:
            case _Kind.CONNECT:
                answer = self._connack
            case _Kind.PUBLISH:
                length = int.from_bytes(body[:2])
                self.topics.append(body[2 : 2 + length].decode())
                answer = PUBACK + body[2 + length : 4 + length] if first & 0x06 else b""
            case _Kind.PINGREQ:
                self.pings.append(asyncio.get_running_loop().time())
                answer = PINGRESP
        return b"" if self.is_silent else answer


class Losses:
    """What the reporter told: when and why connections were lost."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []

    def __call__(self, is_connected: bool, reason: str) -> None:
        if not is_connected:
            self.told.append((asyncio.get_running_loop().time(), reason))


Scene = Callable[[MqttReporter, Broker, Losses], Awaitable[None]]


def with_broker(scene: Scene, *, connack: bytes = CONNACK, qos: int = 1) -> None:
    """A connection that has been told of, and has come to rest."""

    async def main() -> None:
        broker, losses = Broker(connack), Losses()
        server = await asyncio.start_server(broker.serve, "127.0.0.1", 0, limit=2**20)
        async with server:
            port = server.sockets[0].getsockname()[1]
            settings = MqttSettings("127.0.0.1", port, None, None, None, "b", "hall", KEEPALIVE, 100)
            reporter = MqttReporter(replace(settings, qos=qos), os.urandom, losses)
            reporter.start()
            await asyncio.sleep(1)
            assert broker.topics == ["b/hall/availability"]
            await scene(reporter, broker, losses)
            await reporter.close()
            await asyncio.sleep(1)  # the broker hears it

    run(main())


def now() -> float:
    return asyncio.get_running_loop().time()


def intervals(times: list[float]) -> set[float]:
    return {round(after - before, 3) for before, after in pairwise(times)}


def test_a_quiet_connection_wakes_up_only_to_ask_once_in_a_keep_alive() -> None:
    async def scene(_reporter: MqttReporter, broker: Broker, losses: Losses) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, JumpingLoop)
        before = loop.jumps
        await asyncio.sleep(HOUR)
        assert intervals(broker.pings) == {KEEPALIVE}
        assert len(broker.pings) == HOUR // KEEPALIVE
        assert loop.jumps - before <= MOST_WAKE_UPS * HOUR / KEEPALIVE
        assert losses.told == []

    with_broker(scene)


@pytest.mark.parametrize("after", [0.0, 1.0, 45.0, 59.9, 60.1, 119.0])
def test_a_broker_that_dies_without_a_word_is_given_up_within_one_and_a_half_keep_alives(after: float) -> None:
    async def scene(reporter: MqttReporter, broker: Broker, losses: Losses) -> None:
        await asyncio.sleep(after)
        broker.is_silent, died = True, now()
        await asyncio.sleep(2 * KEEPALIVE)
        at, reason = losses.told[0]
        assert at - died <= 1.5 * KEEPALIVE
        assert reason == "the connection to the broker was lost: the broker fell silent"
        assert len(broker.pings) <= 2  # one question is enough
        broker.is_silent = False
        await asyncio.sleep(KEEPALIVE)
        assert (reporter.is_connected, len(losses.told)) == (True, 1)

    with_broker(scene)


@pytest.mark.parametrize("qos", [0, 1])
def test_telling_much_to_a_dead_broker_does_not_hide_its_death(qos: int) -> None:
    async def scene(reporter: MqttReporter, broker: Broker, losses: Losses) -> None:
        broker.is_silent, died = True, now()
        for number in range(20):
            reporter.publish_event({"n": number})
            await asyncio.sleep(5)
        assert [at - died <= 1.5 * KEEPALIVE for at, _ in losses.told] == [True]

    with_broker(scene, qos=qos)


def test_a_broker_that_answers_messages_is_not_asked() -> None:
    async def scene(reporter: MqttReporter, broker: Broker, losses: Losses) -> None:
        for number in range(60):
            reporter.publish_event({"n": number})
            await asyncio.sleep(KEEPALIVE - 1)
        assert (broker.pings, losses.told) == ([], [])

    with_broker(scene)


def test_a_broker_that_wants_to_be_told_more_often_is() -> None:
    async def scene(_reporter: MqttReporter, broker: Broker, losses: Losses) -> None:
        await asyncio.sleep(HOUR)
        assert intervals(broker.pings) == {10.0}
        assert losses.told == []

    with_broker(scene, connack=CONNACK_WITH_KEEP_ALIVE_10)


def test_the_question_does_not_tear_a_packet_that_a_slow_broker_has_not_read_yet() -> None:
    async def scene(reporter: MqttReporter, broker: Broker, losses: Losses) -> None:
        broker.is_reading.clear()
        await asyncio.sleep(1)
        broker.topics.clear()
        for name in "abcde":
            reporter.announce(name, bytes(4_000_000))
        await asyncio.sleep(1.2 * KEEPALIVE)
        broker.is_reading.set()
        await asyncio.sleep(HOUR)
        assert broker.topics == list("abcde")
        assert (broker.connections, losses.told) == (1, [])

    with_broker(scene)
