# SPDX-License-Identifier: BSD-3-Clause
"""A feed: where the retained messages end, what is asked for by name, and a broker that goes and comes back."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pytest
from tests.unit.jumping_loop import run

from wpsagent.config import MqttSettings
from wpsagent.io import mqtt_feed
from wpsagent.io.mqtt_feed import LONGEST_SNAPSHOT, PORTION, QUIET_TIME, MqttFeed

SETTINGS = MqttSettings("h", 1883, None, None, None, "base", "node", 60, 1)
FILTERS = ("base/+/availability", "base/+/state")


class FakeConnection:
    """A connection that does what the test says; all of them, in order."""

    made: ClassVar[list["FakeConnection"]] = []

    def __init__(self, _options: object, owner: Any, client_id: str) -> None:
        self.owner = owner
        self.client_id = client_id
        self.complaint: str | None = None
        self.subscribed: list[Sequence[str]] = []
        self.unsubscribed: list[Sequence[str]] = []
        self.is_open = False
        self.on_subscribed: Callable[[], None] = lambda: None
        self.on_message: Callable[[str, bytes, bool], None] = lambda _topic, _payload, _is_retained: None
        FakeConnection.made.append(self)

    def open(self) -> None:
        self.is_open = True

    def subscribe(self, filters: Sequence[str], on_subscribed: Any, on_message: Any) -> None:
        self.subscribed.append(list(filters))
        self.on_subscribed, self.on_message = on_subscribed, on_message

    def unsubscribe(self, filters: Sequence[str]) -> None:
        self.unsubscribed.append(list(filters))

    def disconnect(self) -> None:
        self.is_open = False

    def drop(self, reason: str) -> None:
        self.owner.connection_lost(reason)


class Listener:
    """Writes down what it hears, with the time."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.lacks: Sequence[str] = ()
        self.tries_again = True
        self.completed_at: float | None = None

    def connected(self) -> None:
        self.heard.append("connected")

    def received(self, topic: str, payload: bytes) -> None:
        self.heard.append((topic, payload))

    def missing(self) -> Sequence[str]:
        return self.lacks

    def complete(self, complaint: str | None) -> None:
        self.heard.append(("complete", complaint))
        self.completed_at = asyncio.get_running_loop().time()

    def lost(self, reason: str) -> bool:
        self.heard.append(("lost", reason))
        return self.tries_again


@pytest.fixture(autouse=True)
def connections(monkeypatch: pytest.MonkeyPatch) -> list[FakeConnection]:
    made: list[FakeConnection] = []
    monkeypatch.setattr(FakeConnection, "made", made)
    monkeypatch.setattr(mqtt_feed, "Connection", FakeConnection)
    return made


def opened(listener: Listener) -> tuple[MqttFeed, FakeConnection]:
    feed = MqttFeed(SETTINGS, FILTERS, listener, bytes)
    feed.start()
    connection = FakeConnection.made[-1]
    connection.owner.connection_made()
    return feed, connection


def test_what_is_retained_has_come_when_no_new_topic_comes_any_more() -> None:
    async def scenario() -> None:
        listener = Listener()
        loop = asyncio.get_running_loop()
        feed, connection = opened(listener)
        assert connection.subscribed == [list(FILTERS)]
        connection.on_message("base/a/state", b"1", True)
        connection.on_subscribed()
        for turn in range(10):  # the same one, again and again, is news
            connection.on_message("base/a/state", b"2", True)
            if turn < 5:
                connection.on_message(f"base/b{turn}/state", b"1", True)
                last_new = loop.time()
            await asyncio.sleep(QUIET_TIME * 0.6)
        assert listener.completed_at == pytest.approx(last_new + QUIET_TIME)
        assert listener.heard[-1] == ("base/a/state", b"2")
        feed.close()

    run(scenario())


def test_a_flood_of_new_topics_does_not_keep_it_for_ever() -> None:
    async def scenario() -> None:
        listener = Listener()
        loop = asyncio.get_running_loop()
        began = loop.time()
        feed, connection = opened(listener)
        connection.on_subscribed()
        number = 0
        while listener.completed_at is None:
            number += 1
            connection.on_message(f"base/made-up-{number}/state", b"1", True)
            await asyncio.sleep(QUIET_TIME / 3)
        assert LONGEST_SNAPSHOT <= listener.completed_at - began <= LONGEST_SNAPSHOT + 2 * QUIET_TIME
        feed.close()

    run(scenario())


def test_what_is_missing_is_asked_for_by_name_once_and_in_portions() -> None:
    async def scenario() -> None:
        listener = Listener()
        listener.lacks = [f"base/n{number}/state" for number in range(PORTION + 1)]
        feed, connection = opened(listener)
        while listener.completed_at is None:
            connection.on_subscribed()
            await asyncio.sleep(QUIET_TIME * 1.5)
        assert connection.subscribed[1:] == [listener.lacks[:PORTION], listener.lacks[PORTION:]]
        assert connection.unsubscribed == connection.subscribed[1:]
        feed.close()

    run(scenario())


def test_what_the_broker_does_not_let_us_do_is_told() -> None:
    async def scenario() -> None:
        listener = Listener()
        feed, connection = opened(listener)
        connection.complaint = "it does not let us hear base/+/state"
        connection.on_subscribed()
        await asyncio.sleep(1)
        assert listener.heard[-1] == ("complete", "it does not let us hear base/+/state")
        feed.close()

    run(scenario())


def test_a_lost_broker_is_tried_again_under_the_same_name(connections: list[FakeConnection]) -> None:
    async def scenario() -> None:
        listener = Listener()
        feed, connection = opened(listener)
        connection.owner.connection_lost("it went away")
        await asyncio.sleep(5)
        assert [one.client_id for one in connections] == ["wps-agent-fleet-000000000000"] * 2
        connections[1].owner.connection_made()
        connections[1].on_subscribed()
        await asyncio.sleep(1)
        assert listener.heard == ["connected", ("lost", "it went away"), "connected", ("complete", None)]
        feed.close()

    run(scenario())


def test_whoever_does_not_want_another_try_gets_none(connections: list[FakeConnection]) -> None:
    async def scenario() -> None:
        listener = Listener()
        listener.tries_again = False
        feed = MqttFeed(SETTINGS, FILTERS, listener, bytes)
        feed.start()
        connections[0].owner.connection_lost("refused")
        await asyncio.sleep(100)
        assert (len(connections), listener.heard) == (1, [("lost", "refused")])
        feed.close()

    run(scenario())


def test_closing_says_goodbye_and_nothing_follows(connections: list[FakeConnection]) -> None:
    async def scenario() -> None:
        listener = Listener()
        feed, connection = opened(listener)
        connection.on_subscribed()
        feed.close()
        feed.close()
        connection.on_message("base/a/state", b"late", True)
        await asyncio.sleep(100)
        assert (connection.is_open, len(connections)) == (False, 1)
        assert listener.heard == ["connected", ("base/a/state", b"late")]

    run(scenario())
