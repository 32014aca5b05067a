# SPDX-License-Identifier: BSD-3-Clause
"""A broker that is away for an hour, or stays for days: what is kept, what is sent again, how much it takes."""

import asyncio
import os
import tracemalloc
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from tests.unit.jumping_loop import run

from wpsagent.config import MqttSettings
from wpsagent.io import mqtt
from wpsagent.io.mqtt import STATE_EXPIRY, MqttReporter
from wpsagent.io.mqtt_connection import MQTT_5
from wpsagent.io.mqtt_limits import NO_LIMITS

SETTINGS = MqttSettings("broker", 1883, None, None, None, "wps-agent", "hall", 60, 100)
HOUR = 3600.0


class FakeConnection:
    """A broker that is there or not, and acknowledges whatever it is told."""

    is_there: ClassVar[bool] = True
    opened: ClassVar[int] = 0
    told: ClassVar[list[tuple[str, bytes, int | None]]] = []

    def __init__(self, _options: Any, owner: MqttReporter, _client_id: str, _will_topic: str | None = None) -> None:
        self.version, self.complaint, self.limits = MQTT_5, None, NO_LIMITS
        self._owner = owner
        self._count = 0

    def open(self) -> None:
        FakeConnection.opened += 1
        loop = asyncio.get_running_loop()
        if FakeConnection.is_there:
            loop.call_soon(self._owner.connection_made)
        else:
            loop.call_soon(self._owner.connection_lost, "no broker listens there")

    def publish(self, topic: str, payload: bytes, is_retained: bool, expiry: int | None = None) -> int:
        assert is_retained is (topic.rsplit("/", 1)[1] not in ("event", "response"))
        self.told.append((topic, payload, expiry))
        self._count += 1
        asyncio.get_running_loop().call_soon(self._owner.message_acknowledged, self._count)
        return self._count

    def takes(self, _topic: str, _payload: bytes) -> bool:
        return True

    def subscribe(self, *_arguments: Any, **_options: Any) -> None:
        pass

    def disconnect(self) -> None:
        asyncio.get_running_loop().call_soon(self._owner.connection_lost, "closed")

    def drop(self, reason: str) -> None:
        pass


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "Connection", FakeConnection)
    FakeConnection.is_there, FakeConnection.opened, FakeConnection.told = True, 0, []


def payloads(name: str) -> list[bytes]:
    return [payload for topic, payload, _ in FakeConnection.told if topic == f"wps-agent/hall/{name}"]


def with_reporter(scene: Callable[[MqttReporter], Any]) -> None:
    async def main() -> None:
        reporter = MqttReporter(SETTINGS, os.urandom)
        reporter.announce("homeassistant/device/x/config", b"{}")
        reporter.start()
        await asyncio.sleep(1)
        await scene(reporter)
        await reporter.close()

    run(main())


async def lose(reporter: MqttReporter) -> None:
    FakeConnection.is_there = False
    FakeConnection.told.clear()
    reporter.connection_lost("the broker closed it, or went away")
    await asyncio.sleep(1)


def test_an_hour_without_a_broker_keeps_the_latest_of_all_and_the_last_events() -> None:
    async def scene(reporter: MqttReporter) -> None:
        reporter.publish_state({"n": 0})
        await lose(reporter)
        for number in range(3600):
            reporter.publish_state({"n": number})
            reporter.publish_event({"n": number})
            await asyncio.sleep(1)
        assert FakeConnection.told == []
        assert reporter.dropped_events == 3500
        FakeConnection.is_there = True
        await asyncio.sleep(61)
        assert payloads("availability") == [b"online"]
        assert payloads("state") == [b'{"n":3599}']
        assert payloads("event") == [b'{"n":%d}' % number for number in range(3500, 3600)]
        assert [topic for topic, _, _ in FakeConnection.told].count("homeassistant/device/x/config") == 1

    with_reporter(scene)


def test_it_asks_seldom_enough_and_takes_no_memory() -> None:
    async def scene(reporter: MqttReporter) -> None:
        await lose(reporter)

        async def minutes(count: int) -> None:
            for number in range(count * 60):
                reporter.publish_state({"state": "active", "n": number % 100})
                reporter.publish_event({"event_type": "push_button_started", "n": number % 100})
                await asyncio.sleep(1)

        await minutes(10)
        opened = FakeConnection.opened
        tracemalloc.start()
        try:
            await minutes(5)
            before, _ = tracemalloc.get_traced_memory()
            await minutes(60)
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert 60 <= FakeConnection.opened - opened <= 140  # each half a minute to a minute
        assert after - before < 16384

    with_reporter(scene)


def test_a_state_that_does_not_change_is_told_again_before_the_broker_forgets_it() -> None:
    async def scene(reporter: MqttReporter) -> None:
        reporter.publish_state({"n": 1})
        reporter.publish_event({"n": 1})
        await asyncio.sleep(3 * STATE_EXPIRY)
        states = [expiry for topic, _, expiry in FakeConnection.told if topic.endswith("/state")]
        assert states == [STATE_EXPIRY] * 7  # the first, and one each half a day
        assert {expiry for topic, _, expiry in FakeConnection.told if not topic.endswith("/state")} == {None}
        assert payloads("event") == [b'{"n":1}']

    with_reporter(scene)


def test_whoever_may_have_forgotten_is_told_that_we_are_here_and_how_we_are() -> None:
    async def scene(reporter: MqttReporter) -> None:
        reporter.publish_state({"n": 1})
        await asyncio.sleep(1)
        FakeConnection.told.clear()
        reporter.renew()
        await asyncio.sleep(1)
        assert (payloads("availability"), payloads("state")) == ([b"online"], [b'{"n":1}'])
        await lose(reporter)
        reporter.renew()
        assert FakeConnection.told == []

    with_reporter(scene)


def test_an_announcement_is_told_to_whom_it_may_concern_once_a_broker_has_it() -> None:
    async def scene(reporter: MqttReporter) -> None:
        done: list[str] = []
        await lose(reporter)
        reporter.announce("a/old", b"", lambda: done.append("gone"))
        await asyncio.sleep(HOUR)
        assert done == []
        FakeConnection.is_there = True
        await asyncio.sleep(61)
        assert done == ["gone"]
        assert ("a/old", b"", None) in FakeConnection.told

    with_reporter(scene)


def test_responses_wait_among_the_events() -> None:
    async def scene(reporter: MqttReporter) -> None:
        await lose(reporter)
        reporter.publish_event({"n": 1})
        reporter.publish_response({"n": 2})
        FakeConnection.is_there = True
        await asyncio.sleep(61)
        told = [(topic.rsplit("/", 1)[1], payload) for topic, payload, _ in FakeConnection.told]
        assert told[-2:] == [("event", b'{"n":1}'), ("response", b'{"n":2}')]

    with_reporter(scene)
