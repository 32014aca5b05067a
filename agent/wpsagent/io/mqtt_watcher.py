# SPDX-License-Identifier: BSD-3-Clause
"""Listens to what the agent tells a broker: the other end of io.mqtt, for the simulated board."""

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from wpsagent.errors import AgentError
from wpsagent.io.mqtt_connection import MqttOptions, new_paho_client

SUBSCRIBE_TIMEOUT = 5.0


class MqttWatcher:
    """Subscribed to `<base>/<node>/#`; on_message(topic, payload) is called in the loop."""

    def __init__(self, options: MqttOptions, on_message: Callable[[str, bytes], None]) -> None:
        self._options = options
        self._on_message = on_message
        self._client: Any = None
        self._subscribed = threading.Event()

    async def start(self) -> None:
        """Connect and subscribe; raises AgentError when the broker does not take us."""
        loop = asyncio.get_running_loop()
        options = self._options
        client = new_paho_client("")
        if options.username is not None:
            client.username_pw_set(options.username, options.password)
        # paho 1.6 and 2.x call back with different arguments; of these only the message matters.
        client.on_connect = lambda client, *_: client.subscribe(f"{options.base_topic}/{options.node}/#", 1)
        client.on_subscribe = lambda *_: self._subscribed.set()
        client.on_message = lambda _client, _data, message: loop.call_soon_threadsafe(
            self._on_message, message.topic, message.payload
        )
        try:
            await loop.run_in_executor(None, client.connect, options.host, options.port, options.keepalive_s)
        except OSError as error:
            raise AgentError(f"the broker {options.host}:{options.port} cannot be reached: {error}") from None
        self._client = client
        client.loop_start()
        if not await loop.run_in_executor(None, self._subscribed.wait, SUBSCRIBE_TIMEOUT):
            raise AgentError(f"the broker {options.host}:{options.port} did not take our subscription")

    async def close(self) -> None:
        """Disconnect.  Safe to call twice."""
        if self._client is not None:
            client, self._client = self._client, None
            client.disconnect()
            await asyncio.get_running_loop().run_in_executor(None, client.loop_stop)
