# SPDX-License-Identifier: BSD-3-Clause
"""Listens to what the agent tells a broker: the other end of io.mqtt, for the simulated board."""

import asyncio
from collections.abc import Callable

from wpsagent.errors import AgentError
from wpsagent.io.mqtt_connection import Connection, MqttOptions

SUBSCRIBE_TIMEOUT = 10.0


class MqttWatcher:
    """Subscribed to `<base>/<node>/#`; on_message(topic, payload) is called in the loop.

    A connection that is lost afterwards is not made again: the agent's own reporter tells of the loss.
    """

    def __init__(self, options: MqttOptions, on_message: Callable[[str, bytes], None]) -> None:
        self._options = options
        self._on_message = on_message
        self._connection: Connection | None = None
        self._subscribed: asyncio.Future[str | None] | None = None

    async def start(self) -> None:
        """Connect and subscribe; raises AgentError when the broker does not take us."""
        options = self._options
        self._subscribed = asyncio.get_running_loop().create_future()
        self._connection = Connection(options, self, f"{options.base_topic}-{options.node}-watcher".replace("/", "-"))
        self._connection.open()
        try:
            async with asyncio.timeout(SUBSCRIBE_TIMEOUT):
                problem = await self._subscribed
        except TimeoutError:
            problem = f"the broker {options.host}:{options.port} did not take our subscription"
        if problem is not None:
            await self.close()
            raise AgentError(f"MQTT: {problem}")

    async def close(self) -> None:
        """Disconnect.  Safe to call twice."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            connection.disconnect()
            connection.drop("closed")

    # ---- the connection's owner

    def connection_made(self) -> None:
        if self._connection is not None:
            topic_filter = f"{self._options.base_topic}/{self._options.node}/#"
            self._connection.subscribe([topic_filter], lambda: self._answer(None), self._received)

    def connection_lost(self, reason: str) -> None:
        self._answer(reason)

    def message_acknowledged(self, message_id: int) -> None:
        """Nothing is published here."""

    def _received(self, topic: str, payload: bytes, is_retained: bool) -> None:
        if not is_retained:
            self._on_message(topic, payload)

    def _answer(self, problem: str | None) -> None:
        if self._subscribed is not None and not self._subscribed.done():
            self._subscribed.set_result(problem)
