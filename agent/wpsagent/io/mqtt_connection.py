# SPDX-License-Identifier: BSD-3-Clause
"""One connection to an MQTT broker: paho-mqtt (1.6.1 or 2.x) on the loop, by its socket hooks (MQTT 3.1.1, OASIS).

Name look-up, connecting and the TLS handshake block, so they run in a thread of their own; from then on the socket
belongs to the loop.  It is a daemon thread because a name server may keep it longer than the agent wants to live.
Why a connection failed is said in words that tell a person what to look at.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from paho.mqtt import client as paho

if TYPE_CHECKING:
    from wpsagent.io.mqtt_tls import TlsContext, TlsOptions

_log = logging.getLogger(__name__)


class _NoTlsError(Exception):
    """Nobody raises it."""


if getattr(paho, "ssl", None) is None:
    # paho 2.x asks for these also where it found no ssl: reading what has not come yet would be an AttributeError.
    vars(paho)["ssl"] = SimpleNamespace(SSLWantReadError=_NoTlsError, SSLWantWriteError=_NoTlsError)

CONNECTION_ANSWER_TIME = 10.0
"""Seconds that a broker has to answer CONNECT."""

ONLINE, OFFLINE = b"online", b"offline"


class MqttOptions(Protocol):
    """Where the broker is and how we call ourselves there; config.MqttSettings has this shape."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def username(self) -> str | None: ...
    @property
    def password(self) -> str | None: ...
    @property
    def tls(self) -> "TlsOptions | None": ...
    @property
    def base_topic(self) -> str: ...
    @property
    def node(self) -> str: ...
    @property
    def keepalive_s(self) -> int: ...
    @property
    def queue_size(self) -> int: ...


class ConnectionOwner(Protocol):
    """Who hears of one connection; all in the loop's thread."""

    def connection_made(self) -> None:
        """The broker has accepted us."""

    def connection_lost(self, reason: str) -> None:
        """The connection is over, or never came to be; called once."""

    def message_acknowledged(self, message_id: int) -> None:
        """The broker has taken a message."""


class Connection:
    """One try: a paho client of its own, so that nothing of an earlier connection lingers in it.

    Until the thread is done the client is the thread's alone; from `_connected` on it is the loop's.
    """

    def __init__(
        self, options: MqttOptions, owner: ConnectionOwner, client_id: str, will_topic: str | None = None
    ) -> None:
        self._options = options
        self._owner = owner
        self._client_id = client_id
        self._will_topic = will_topic
        self._loop = asyncio.get_running_loop()
        self._client: Any = None
        self._tls: TlsContext | None = None
        self._fd: int | None = None  # while the socket is the loop's
        self._is_over = False
        self._refusal: str | None = None
        self._timer: asyncio.TimerHandle | None = None

    def open(self) -> None:
        """Begin; connection_made or connection_lost will be called."""
        threading.Thread(target=self._connect, name="mqtt-connect", daemon=True).start()

    def publish(self, topic: str, payload: bytes, is_retained: bool) -> int | None:
        """Send with QoS 1; the message id, or None when the connection is not there any more."""
        if self._fd is None:
            return None
        info = self._client.publish(topic, payload, qos=1, retain=is_retained)
        return int(info.mid) if info.rc == paho.MQTT_ERR_SUCCESS else None

    def subscribe(
        self, topic_filter: str, on_subscribed: Callable[[], None], on_message: Callable[[str, bytes], None]
    ) -> None:
        """Ask for messages with QoS 1: on_message(topic, payload) of each from now on, not of those retained before.

        Only while connected, as from connection_made.
        """

        def received(_client: Any, _userdata: Any, message: Any) -> None:
            if not message.retain:
                on_message(message.topic, message.payload)

        self._client.on_subscribe = lambda *_: on_subscribed()
        self._client.on_message = received
        self._client.subscribe(topic_filter, 1)

    def disconnect(self) -> None:
        """Say goodbye; connection_lost follows once the octets are out."""
        if self._fd is not None:
            self._client.disconnect()
            self._write()

    def drop(self, reason: str) -> None:
        """Close without a goodbye.  A thread that is still connecting finds out when it is done."""
        if self._fd is not None:
            self._detach()
            self._close_socket()
        self._end(reason)

    # ---- in a thread

    def _connect(self) -> None:
        error: Exception | None = None
        try:
            self._client = self._new_client()
            self._client.connect(self._options.host, self._options.port, self._options.keepalive_s)
        except (OSError, ValueError) as failure:
            error = failure
            if self._tls is not None and self._tls.wrapped is not None:
                self._tls.wrapped.close()
        try:
            self._loop.call_soon_threadsafe(self._connected, error)
        except RuntimeError:  # the loop was closed while we waited for a name server: nobody listens any more
            self._close_socket()

    def _new_client(self) -> Any:
        options = self._options
        client = new_paho_client(self._client_id)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_socket_register_write = self._on_register_write
        client.on_socket_unregister_write = self._on_unregister_write
        client.on_socket_close = self._on_socket_close
        if options.username is not None:
            client.username_pw_set(options.username, options.password)
        if options.tls is not None:
            from wpsagent.io.mqtt_tls import tls_context

            self._tls = tls_context(options.tls)
            client.tls_set_context(self._tls)
        if self._will_topic is not None:
            client.will_set(self._will_topic, OFFLINE, qos=1, retain=True)
        return client

    # ---- in the loop

    def _connected(self, error: Exception | None) -> None:
        """The thread is done: the socket is connected and CONNECT waits to be written, or it failed."""
        if self._is_over:
            self._close_socket()
            return
        sock = None if error is not None else self._client.socket()
        if sock is None:
            self._end(explain(error, self._options))
            return
        self._fd = sock.fileno()
        self._loop.add_reader(self._fd, self._read)
        self._loop.add_writer(self._fd, self._write)
        self._timer = self._loop.call_later(CONNECTION_ANSWER_TIME, self._unanswered)

    def _close_socket(self) -> None:
        sock = None if self._client is None else self._client.socket()
        if sock is not None:
            sock.close()

    def _unanswered(self) -> None:
        place = f"{self._options.host}:{self._options.port}"
        self.drop(f"{place} did not answer within {CONNECTION_ANSWER_TIME:g} s: is it an MQTT broker?")

    def _read(self) -> None:
        """Read all there is; with TLS also what has been decrypted already and will not wake us again."""
        self._guard(self._client.loop_read)
        while self._fd is not None and self._has_pending():
            self._guard(self._client.loop_read)

    def _has_pending(self) -> bool:
        return self._tls is not None and self._tls.wrapped is not None and self._tls.wrapped.pending() > 0

    def _write(self) -> None:
        self._guard(self._client.loop_write)

    def _tick(self) -> None:
        """Keep-alive: every sixth of the interval is often enough and wakes a sleeping board seldom."""
        self._timer = self._loop.call_later(max(1.0, min(10.0, self._options.keepalive_s / 6)), self._tick)
        self._guard(self._client.loop_misc)

    def _guard(self, step: Callable[[], Any]) -> None:
        """The outermost frame over paho: whatever a broker provokes in it costs this connection only."""
        try:
            step()
        except Exception as error:
            _log.exception("MQTT client failed")
            self.drop(f"the MQTT client failed: {error}")

    def _end(self, reason: str) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._detach()
        if self._timer is not None:
            self._timer.cancel()
        self._owner.connection_lost(self._refusal or reason)

    def _detach(self) -> None:
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._fd = None

    # ---- paho's callbacks; 1.6.1 and 2.x differ in what follows the arguments that are named here

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, *_rest: Any) -> None:
        code = getattr(reason, "value", reason)
        if code != 0:
            words = str(reason) if hasattr(reason, "value") else paho.connack_string(reason)
            self._refusal = f"the broker refused us: {words.rstrip('.')}"
            return
        if self._timer is not None:
            self._timer.cancel()
        self._tick()
        self._owner.connection_made()

    def _on_disconnect(self, _client: Any, _userdata: Any, *rest: Any) -> None:
        reason = rest[1] if len(rest) > 1 else rest[0]
        words = str(reason) if hasattr(reason, "getName") else paho.error_string(reason)
        if words.startswith("Unspecified"):  # paho's word for a socket that the other side closed
            words = "the broker closed it, or went away"
        # Not at once: paho is in the middle of its own clean-up.
        self._loop.call_soon(self._end, f"the connection to the broker was lost: {words.rstrip('.')}")

    def _on_publish(self, _client: Any, _userdata: Any, message_id: int, *_rest: Any) -> None:
        self._loop.call_soon(self._owner.message_acknowledged, message_id)

    def _on_register_write(self, _client: Any, _userdata: Any, _sock: Any) -> None:
        if self._fd is not None:
            self._loop.add_writer(self._fd, self._write)

    def _on_unregister_write(self, _client: Any, _userdata: Any, _sock: Any) -> None:
        if self._fd is not None:
            self._loop.remove_writer(self._fd)

    def _on_socket_close(self, _client: Any, _userdata: Any, _sock: Any) -> None:
        self._detach()


def new_paho_client(client_id: str) -> Any:
    """A client of whichever paho is installed: 1.6.1 knows no callback versions, 2.x warns without one."""
    versions = getattr(paho, "CallbackAPIVersion", None)
    options: dict[str, Any] = {"client_id": client_id, "protocol": paho.MQTTv311, "reconnect_on_failure": False}
    if versions is not None:
        options["callback_api_version"] = versions.VERSION2
    return paho.Client(**options)


def explain(error: Exception | None, options: MqttOptions) -> str:
    """Why connecting failed, in words that say what to look at."""
    place = f"{options.host}:{options.port}"
    match error:
        case ConnectionRefusedError():
            return f"{place} refused the connection: no broker listens there"
        case TimeoutError():
            return f"{place} did not answer: is the host on, and does a firewall let us through?"
        case OSError() if type(error).__module__ == "ssl":
            from wpsagent.io import mqtt_tls

            return mqtt_tls.explain(error, place)
        case FileNotFoundError():
            return f"a file of the TLS settings is missing: {error.filename}"
        case OSError() if error.errno is not None and error.errno < 0:  # getaddrinfo's own numbers
            return f"the name {options.host} cannot be resolved: {error.strerror}"
        case OSError():
            return f"{place} cannot be reached: {error.strerror or error}"
        case _:
            return f"{place} cannot be reached: {error or 'the connection was closed'}"
