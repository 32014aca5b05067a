# SPDX-License-Identifier: BSD-3-Clause
"""Reports to an MQTT broker: availability, state, events (MQTT 5.0 or 3.1.1, OASIS, by paho-mqtt 1.6.1 or 2.x).

    <base>/<node>/availability   "online" and "offline", retained; "offline" is also the will
    <base>/<node>/state          one JSON object, retained; only the latest counts
    <base>/<node>/event          one JSON object an event, not retained; in order, each at least once
    <base>/<node>/response       one JSON object for each command that was heard, likewise

Whoever wants to be heard elsewhere (`announce`), or to hear (`subscribe`), says so before `start`.

Everything has the configured QoS, 1 if nobody says otherwise.  paho only carries: the queue, the order, what is sent
again after a loss, and when to try again are decided here, because paho's own queue refuses the newest message when it
is full and its own back-off sleeps.  With MQTT 5 the broker forgets the state of an agent that it has not heard of for
a day.

Nothing is raised to whoever publishes: a broker that is away costs events (the oldest first), never the agent.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from wpsagent.io.mqtt_connection import MQTT_5, OFFLINE, ONLINE, Connection, MqttOptions
from wpsagent.io.mqtt_queue import BackOff, Message, Outbox
from wpsagent.io.mqtt_words import refusal
from wpsagent.ports import Entropy

_log = logging.getLogger(__name__)

STABLE_TIME = 10.0
"""Seconds after which a connection counts as good: the back-off begins anew."""

STATE_EXPIRY = 86400
"""Seconds for which a broker keeps the state; it is sent again in half the time."""


class MqttReporter:
    """Keeps a broker informed for as long as the agent lives.

    on_change(is_connected, reason) is called when a broker takes us and when it is lost (once, until it is back).
    """

    def __init__(
        self,
        options: MqttOptions,
        entropy: Entropy,
        on_change: Callable[[bool, str], None] = lambda _is_connected, _reason: None,
    ) -> None:
        self._options = options
        self._topic = f"{options.base_topic}/{options.node}"
        self._outbox = Outbox(options.queue_size)
        self._outbox.put_latest(Message("availability", ONLINE, is_retained=True))  # the first of every connection
        self._back_off = BackOff(entropy)
        self._on_change = on_change
        self._connection: Connection | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._connected_at = 0.0
        self._closed: asyncio.Event | None = None
        self._drained: asyncio.Event | None = None
        self._has_told_loss = False
        self._renewal: asyncio.TimerHandle | None = None
        self._handlers: dict[str, Callable[[bytes, bool], None]] = {}
        self._on_announced: dict[str, Callable[[], None]] = {}
        self._last_error: str | None = None
        self.is_connected = False

    @property
    def dropped_events(self) -> int:
        """Events that were too old to keep while the broker was away."""
        return self._outbox.dropped

    @property
    def last_error(self) -> str | None:
        """Why we are not connected; or what the broker does not let us do."""
        if self.is_connected and self._connection is not None:
            return self._connection.complaint
        return self._last_error

    @property
    def version(self) -> str | None:
        """The protocol version that is spoken; None while none is."""
        if not self.is_connected or self._connection is None:
            return None
        return "5" if self._connection.version == MQTT_5 else "3.1.1"

    def subscribe(self, topic: str, on_message: Callable[[bytes, bool], None]) -> None:
        """Hear what is published there: on_message(payload, was it retained).  Before `start`."""
        self._handlers[topic] = on_message

    def announce(self, topic: str, payload: bytes, on_announced: Callable[[], None] | None = None) -> None:
        """A retained message to whoever it may concern, anew with every connection; an empty one removes it."""
        self._outbox.put_latest(Message(topic, payload, is_retained=True, topic=topic))
        if on_announced is not None:
            self._on_announced[topic] = on_announced
        self._flush()

    def renew(self) -> None:
        """Tell again that we are here and how we are, for somebody who may have forgotten."""
        self._outbox.renew("availability")
        self._outbox.renew("state")
        self._flush()

    def start(self) -> None:
        """Begin to connect; to be called in the loop, once."""
        self._loop = asyncio.get_running_loop()
        self._connect()

    def publish_state(self, state: Mapping[str, Any]) -> None:
        """The whole state, retained; while the broker is away only the latest is kept."""
        self._outbox.put_state(_json(state))
        self._flush()

    def publish_event(self, event: Mapping[str, Any]) -> None:
        """Something that happened; while the broker is away the last ones are kept."""
        self._outbox.put_event(_json(event))
        self._flush()

    def publish_response(self, response: Mapping[str, Any]) -> None:
        """What became of a command."""
        self._outbox.put_event(_json(response), "response")
        self._flush()

    async def close(self, within: float = 2.0) -> None:
        """Send what waits, say offline, and go; takes no longer than so many seconds.  Safe to call twice."""
        if self._closed is not None:
            return
        self._closed, self._drained = asyncio.Event(), asyncio.Event()
        for timer in (self._retry, self._renewal):
            if timer is not None:
                timer.cancel()
        connection = self._connection
        if connection is None:
            return
        if self.is_connected:
            try:
                async with asyncio.timeout(within):
                    await self._say_goodbye(connection, self._drained, self._closed)
            except TimeoutError:
                self._last_error = "the broker did not take our last words in time"
        connection.drop("closed")

    async def _say_goodbye(self, connection: Connection, drained: asyncio.Event, closed: asyncio.Event) -> None:
        self._flush()
        if not self._outbox.is_empty:
            await drained.wait()
        drained.clear()
        message_id = connection.publish(f"{self._topic}/availability", OFFLINE, is_retained=True)
        if message_id is not None:
            self._outbox.sent(message_id, Message("availability", OFFLINE, is_retained=True))
            await drained.wait()
            connection.disconnect()
            await closed.wait()

    # ---- the connection's owner

    def connection_made(self) -> None:
        assert self._connection is not None
        self.is_connected, self._last_error, self._has_told_loss = True, None, False
        self._connected_at = self._loop.time()
        _log.info("MQTT broker %s:%d connected (MQTT %s)", self._options.host, self._options.port, self.version)
        if self._handlers:  # before "online": who reads that may give commands
            self._connection.subscribe(tuple(self._handlers), lambda: None, self._received, as_published=True)
        self._outbox.limit_in_flight(self._connection.limits.in_flight)
        self._renewal = self._loop.call_later(STATE_EXPIRY / 2, self._renew_state)
        self._on_change(True, "")
        self._flush()

    def _received(self, topic: str, payload: bytes, is_retained: bool) -> None:
        handler = self._handlers.get(topic)
        if handler is not None:
            handler(payload, is_retained)

    def _renew_state(self) -> None:
        self._renewal = self._loop.call_later(STATE_EXPIRY / 2, self._renew_state)
        self._outbox.renew("state")
        self._flush()

    def connection_lost(self, reason: str) -> None:
        was_connected, self.is_connected, self._connection = self.is_connected, False, None
        self._outbox.lost()
        if self._renewal is not None:
            self._renewal.cancel()
        if self._closed is not None and self._drained is not None:
            self._drained.set()
            self._closed.set()
            return
        self._last_error = reason
        if was_connected and self._loop.time() - self._connected_at >= STABLE_TIME:
            self._back_off.reset()
        delay = self._back_off.next_delay()
        self._retry = self._loop.call_later(delay, self._connect)
        level = logging.DEBUG if self._has_told_loss else logging.WARNING
        _log.log(level, "MQTT: %s; next try in %.1f s", reason, delay)
        if not self._has_told_loss:
            self._has_told_loss = True
            self._on_change(False, reason)

    def message_acknowledged(self, message_id: int) -> None:
        message = self._outbox.acknowledged(message_id)
        if message is not None and message.topic is not None and message.topic in self._on_announced:
            self._on_announced.pop(message.topic)()
        self._flush()
        if self._outbox.is_empty and self._drained is not None:
            self._drained.set()

    def _connect(self) -> None:
        client_id = self._topic.replace("/", "-")
        self._connection = Connection(self._options, self, client_id, f"{self._topic}/availability")
        self._connection.open()

    def _flush(self) -> None:
        """Send as much as may be in flight."""
        while self.is_connected and self._connection is not None and (message := self._outbox.take()) is not None:
            topic = message.topic or f"{self._topic}/{message.name}"
            if not self._connection.takes(topic, message.payload):
                continue
            expiry = STATE_EXPIRY if message.name == "state" else None
            message_id = self._connection.publish(topic, message.payload, message.is_retained, expiry)
            if message_id is None:
                self._outbox.put_back(message)  # the connection has just gone; connection_lost is on its way
                return
            self._outbox.sent(message_id, message)


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode(errors="replace")


# ---- for the doctor


class _Probe:
    """Owner of a connection that is made only to see whether it can be."""

    def __init__(self) -> None:
        self.result: asyncio.Future[str | None] = asyncio.get_running_loop().create_future()

    def connection_made(self) -> None:
        if not self.result.done():
            self.result.set_result(None)

    def connection_lost(self, reason: str) -> None:
        if not self.result.done():
            self.result.set_result(reason)

    def message_acknowledged(self, message_id: int) -> None:
        del message_id


async def probe(options: MqttOptions, within: float = 5.0) -> str | None:
    """Whether the broker would take us: None, or why not, in words."""
    owner = _Probe()
    connection = Connection(options, owner, f"{options.base_topic}-{options.node}-doctor".replace("/", "-"))
    connection.open()
    try:
        async with asyncio.timeout(within):
            reason = await owner.result
            lack = connection.limits.lacks(options.qos)
            return reason if lack is None else f"the broker refused us: {refusal(lack)}"
    except TimeoutError:
        return f"{options.host}:{options.port} did not answer within {within:g} s"
    finally:
        connection.disconnect()
        connection.drop("the question is answered")
