# SPDX-License-Identifier: BSD-3-Clause
"""Hears everything at some topics, whatever happens to the broker: first all that is retained there, then the news.

MQTT does not say where the retained messages of a subscription end.  They have ended here when the broker has
acknowledged the subscription and no topic has come for the first time for a while (QUIET_TIME); what should have come
and has not (a broker drops what is over its limits, and does not say so) is then asked for by name, in small portions.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from wpsagent.io.mqtt_connection import Connection, MqttOptions
from wpsagent.io.mqtt_queue import BackOff
from wpsagent.ports import Entropy

QUIET_TIME = 0.3
"""Seconds without a new topic after which the retained messages are in."""

LONGEST_SNAPSHOT = 30.0
"""Seconds after which they count as in, whatever still comes."""

PORTION = 400
"""Topics that are asked for by name at once."""


class FeedListener(Protocol):
    """Who hears; all in the loop's thread."""

    def connected(self) -> None:
        """All that is retained will come, once more after a loss."""

    def received(self, topic: str, payload: bytes) -> None:
        """One message."""

    def missing(self) -> Sequence[str]:
        """Topics of which a retained message should have come by now and has not."""

    def complete(self, complaint: str | None) -> None:
        """All that is retained has come; complaint: what the broker did not let us do."""

    def lost(self, reason: str) -> bool:
        """There is no connection (any more); whether to try again."""


class MqttFeed:
    """Subscribed to some filters, from `start` to `close`."""

    def __init__(self, options: MqttOptions, filters: Sequence[str], listener: FeedListener, entropy: Entropy) -> None:
        self._options = options
        self._filters = filters
        self._listener = listener
        self._client_id = f"wps-agent-fleet-{entropy(6).hex()}"
        self._back_off = BackOff(entropy, maximum=30.0)
        self._connection: Connection | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._seen: set[str] | None = None  # while the retained messages come in
        self._asked: list[str] = []
        self._to_ask: list[str] | None = None  # None: nobody has looked yet
        self._began = self._last_new = 0.0

    def start(self) -> None:
        """Begin to connect; in the loop."""
        self._loop = asyncio.get_running_loop()
        self._connect()

    def close(self) -> None:
        """Disconnect.  Safe to call twice."""
        connection, self._connection = self._connection, None
        self._stop_timer()
        if connection is not None:
            connection.disconnect()
            connection.drop("closed")

    def _connect(self) -> None:
        self._connection = Connection(self._options, self, self._client_id)
        self._connection.open()

    # ---- the connection's owner

    def connection_made(self) -> None:
        self._seen, self._asked, self._to_ask = set(), [], None
        self._began = self._loop.time()
        self._listener.connected()
        self._subscribe(self._filters)

    def connection_lost(self, reason: str) -> None:
        self._stop_timer()
        if self._connection is None:
            return
        self._connection = self._seen = None
        if self._listener.lost(reason):
            self._timer = self._loop.call_later(self._back_off.next_delay(), self._connect)

    def message_acknowledged(self, message_id: int) -> None:
        """Nothing is published here."""

    # ---- what is retained

    def _subscribe(self, topic_filters: Sequence[str]) -> None:
        if self._connection is not None:
            self._connection.subscribe(topic_filters, self._subscribed, self._received)

    def _subscribed(self) -> None:
        self._last_new = self._loop.time()
        self._stop_timer()
        self._timer = self._loop.call_later(QUIET_TIME, self._look)

    def _received(self, topic: str, payload: bytes, _is_retained: bool) -> None:
        if self._seen is not None and topic not in self._seen:
            self._seen.add(topic)
            self._last_new = self._loop.time()
        self._listener.received(topic, payload)

    def _look(self) -> None:
        """Wait on, ask for what is missing, or be done."""
        now = self._loop.time()
        is_over = now - self._began >= LONGEST_SNAPSHOT
        if not is_over and self._last_new + QUIET_TIME > now:
            self._timer = self._loop.call_later(self._last_new + QUIET_TIME - now, self._look)
            return
        if self._connection is None:
            return
        if self._asked:
            self._connection.unsubscribe(self._asked)
        if self._to_ask is None:
            self._to_ask = list(self._listener.missing())
        self._asked, self._to_ask = self._to_ask[:PORTION], self._to_ask[PORTION:]
        if self._asked and not is_over:
            self._subscribe(self._asked)
            return
        self._seen = None
        self._back_off.reset()
        self._listener.complete(self._connection.complaint)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
