# SPDX-License-Identifier: BSD-3-Clause
"""One connection to an MQTT broker: paho-mqtt (1.6.1 or 2.x) on the loop, by its socket hooks (MQTT 5.0, OASIS).

Name look-up, connecting and the TLS handshake block, so they run in a thread of their own; from then on the socket
belongs to the loop.  It is a daemon thread because a name server may keep it longer than the agent wants to live.

A broker that does not speak MQTT 5 says so, in the words of 3.1.1, or hangs
up: it is asked once more, with 3.1.1.  Sessions are clean: what is sent again after a loss is `io.mqtt_queue`'s
business, and a command that somebody gave while we were away must not be carried out later.
"""

import asyncio
import logging
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from wpsagent.io.lean_import import hollow, without
from wpsagent.io.mqtt_limits import NO_LIMITS, limits_of
from wpsagent.io.mqtt_words import CLOSED, SILENT, UNSUPPORTED_VERSION, explain, farewell, refusal

if TYPE_CHECKING:
    from wpsagent.io.mqtt_tls import TlsContext, TlsOptions

# It asks urllib.request for a proxy only where it has found PySocks: here it finds neither.
with without("socks"), hollow("urllib.request"):
    from paho.mqtt import client as paho

_log = logging.getLogger(__name__)


class _NoTlsError(Exception):
    """Nobody raises it."""


if getattr(paho, "ssl", None) is None:
    # paho 2.x asks for these also where it found no ssl: reading what has not come yet would be an AttributeError.
    vars(paho)["ssl"] = SimpleNamespace(SSLWantReadError=_NoTlsError, SSLWantWriteError=_NoTlsError)

CONNECTION_ANSWER_TIME = 10.0
"""Seconds that a broker has to answer CONNECT."""

ONLINE, OFFLINE = b"online", b"offline"

MQTT_5, MQTT_3_1_1 = 5, 4
"""The protocol version as CONNECT has it (MQTT 5.0, 3.1.2.2)."""

PINGREQ = bytes.fromhex("c000")
"""Are you there (MQTT 5.0, 3.12)."""

MAX_PACKET_OCTETS = 65536
"""A longer packet a broker shall keep for itself (MQTT 5.0, 3.1.2.11.4)."""

_LOST = "the connection to the broker was lost: {}"

_OWN_REASONS = {
    "Unspecified": CLOSED,
    "The connection was lost": CLOSED,
}
"""What paho calls the end of a connection of which the broker said nothing, in our words."""

_FAILURE = 0x80
"""Reason codes from here on are failures."""


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
    @property
    def qos(self) -> int: ...


class ConnectionOwner(Protocol):
    """Who hears of one connection; all in the loop's thread."""

    def connection_made(self) -> None:
        """The broker has accepted us."""

    def connection_lost(self, reason: str) -> None:
        """The connection is over, or never came to be; called once."""

    def message_acknowledged(self, message_id: int) -> None:
        """The broker has taken a message, or refused it: it is not to be sent again."""


class Connection:
    """One try: a paho client of its own, so that nothing of an earlier connection lingers in it.

    Until the thread is done the client is the thread's alone; from `_connected` on it is the loop's.
    version: what is tried, afterwards what is spoken.
    """

    def __init__(
        self, options: MqttOptions, owner: ConnectionOwner, client_id: str, will_topic: str | None = None
    ) -> None:
        self.version = MQTT_5
        self.complaint: str | None = None
        """What the broker does not let us do although it has taken us."""
        self.limits = NO_LIMITS
        self._topics: dict[int, str] = {}  # of what has not been acknowledged
        self._options = options
        self._owner = owner
        self._client_id = client_id
        self._will_topic = will_topic
        self._loop = asyncio.get_running_loop()
        self._client: Any = None
        self._tls: TlsContext | None = None
        self._fd: int | None = None  # while the socket is the loop's
        self._is_over = False
        self._is_accepted = False
        self._is_asked = False  # CONNECT was on its way
        self._refusal: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._keepalive = float(options.keepalive_s)
        self._sent_at = self._heard_at = 0.0
        self._is_asking = False

    def open(self) -> None:
        """Begin; connection_made or connection_lost will be called."""
        threading.Thread(target=self._connect, name="mqtt-connect", daemon=True).start()

    def publish(self, topic: str, payload: bytes, is_retained: bool, expiry: int | None = None) -> int | None:
        """Send; the message id, or None when the connection is not there any more.

        expiry: seconds for which the broker keeps it; only MQTT 5 can say that.
        """
        if self._fd is None:
            return None
        properties = None
        if expiry is not None and self.version == MQTT_5:
            properties = Properties(PacketTypes.PUBLISH)
            properties.MessageExpiryInterval = expiry
        info = self._client.publish(topic, payload, self._options.qos, is_retained, properties)
        if info.rc != paho.MQTT_ERR_SUCCESS:
            return None
        if self._options.qos:
            self._topics[int(info.mid)] = topic
        return int(info.mid)

    def takes(self, topic: str, payload: bytes) -> bool:
        """Whether the broker would take a message of this size; if not, that is what it does not let us do."""
        if self.limits.takes(topic, payload):
            return True
        self._complain(f"it takes at most {self.limits.packet_octets} octets: {topic} ({len(payload)}) was left out")
        return False

    def subscribe(
        self,
        topic_filters: Sequence[str],
        on_subscribed: Callable[[], None],
        on_message: Callable[[str, bytes, bool], None],
        *,
        as_published: bool = False,
    ) -> None:
        """Ask for messages: on_message(topic, payload, is it retained) of each.

        Old messages are told to be retained; as_published: new ones too, which a broker of MQTT 3.1.1 does not say.
        Only while connected, as from connection_made; once.
        """
        qos = self._options.qos
        wish: Any = SubscribeOptions(qos=qos, retainAsPublished=as_published) if self.version == MQTT_5 else qos

        def subscribed(_client: Any, _userdata: Any, _message_id: Any, codes: Sequence[Any], *_: Any) -> None:
            if any(_code(code) >= _FAILURE for code in codes):
                self._complain(f"it does not let us hear {' or '.join(topic_filters)}")
            on_subscribed()

        self._client.on_subscribe = subscribed
        self._client.on_message = lambda _client, _userdata, message: on_message(
            message.topic, bytes(message.payload), bool(message.retain)
        )
        self._client.subscribe([(topic_filter, wish) for topic_filter in topic_filters])

    def unsubscribe(self, topic_filters: Sequence[str]) -> None:
        """No more of these."""
        self._client.unsubscribe(list(topic_filters))

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
        self._is_asked = False  # nobody asks again
        self._end(reason)

    # ---- in a thread

    def _connect(self) -> None:
        error: Exception | None = None
        try:
            self._client = self._new_client()
            properties = None
            if self.version == MQTT_5:
                properties = Properties(PacketTypes.CONNECT)
                properties.MaximumPacketSize = MAX_PACKET_OCTETS
            options = self._options
            self._client.connect(options.host, options.port, options.keepalive_s, properties=properties)
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
        client = new_paho_client(self._client_id, self.version)
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
            client.will_set(self._will_topic, OFFLINE, qos=options.qos, retain=True)
        return client

    # ---- in the loop

    def _connected(self, error: Exception | None) -> None:
        """The thread is done: the socket is connected and CONNECT waits to be written, or it failed."""
        if self._is_over:
            self._close_socket()
            return
        sock = None if error is not None else self._client.socket()
        if sock is None:
            is_hung_up = self._tls is not None and self._tls.wrapped is not None and isinstance(error, ConnectionError)
            place = f"{self._options.host}:{self._options.port}"
            words = f"no TLS with {place}: what answers there hung up" if is_hung_up else explain(error, self._options)
            self._end(words)
            return
        self._fd, self._is_asked = sock.fileno(), True
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
        self._heard_at = self._loop.time()
        self._guard(self._client.loop_read)
        while self._fd is not None and self._has_pending():
            self._guard(self._client.loop_read)
        if self._is_asking and self._fd is not None:
            self._rest()

    def _has_pending(self) -> bool:
        return self._tls is not None and self._tls.wrapped is not None and self._tls.wrapped.pending() > 0

    def _write(self) -> None:
        self._guard(self._client.loop_write)

    # Keep-alive is ours: paho has to be asked again and again whether it is time, waits for an answer for another whole
    # interval, and its 1.6.1 does not hear that the broker wants to be told more often.  Here a dead connection is
    # given up after one and a half of the interval, when the broker would give us up, too (MQTT 5.0, 3.1.2.10).

    def _rest(self) -> None:
        """Sleep until one side may have been silent for the whole interval."""
        if self._timer is not None:
            self._timer.cancel()
        self._is_asking = False
        self._timer = self._loop.call_at(self._quiet_until(), self._wake)

    def _quiet_until(self) -> float:
        return min(self._sent_at, self._heard_at) + self._keepalive

    def _wake(self) -> None:
        if self._quiet_until() > self._loop.time():
            self._rest()
            return
        self._timer = self._loop.call_later(self._keepalive / 2, self.drop, _LOST.format(SILENT))
        self._is_asking = True
        self._guard(self._ask)

    def _ask(self) -> None:
        """A packet that is half written must not be torn; it asks as well.  A broken connection becomes readable."""
        if not self._client.want_write():
            with suppress(OSError):
                self._client.socket().send(PINGREQ)
            self._sent_at = self._loop.time()

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
        self._detach()
        if self._timer is not None:
            self._timer.cancel()
        if self._may_be_too_new():
            self._ask_again()
            return
        self._is_over = True
        if self._refusal is not None:
            reason = f"the broker refused us: {refusal(self._refusal)}"
        elif self._tls is not None and self._is_asked and not self._is_accepted:
            reason = self._tls_reason(self._tls, reason)
        self._owner.connection_lost(reason)

    def _may_be_too_new(self) -> bool:
        """The broker did not take CONNECT, perhaps because it is one of MQTT 5."""
        if self.version != MQTT_5 or not self._is_asked or self._is_accepted:
            return False
        if self._tls is not None and self._tls.problem is not None:
            return False
        return self._refusal is None or self._refusal in UNSUPPORTED_VERSION

    def _ask_again(self) -> None:
        _log.debug("%s:%d takes no MQTT 5: trying 3.1.1", self._options.host, self._options.port)
        self._close_socket()
        self.version = MQTT_3_1_1
        self._client = self._tls = self._refusal = None
        self._is_asked = False
        self.open()

    def _tls_reason(self, tls: "TlsContext", reason: str) -> str:
        """With TLS 1.3 a broker judges our certificate after the handshake, and some only hang up then."""
        if tls.problem is not None:
            return explain(tls.problem, self._options)
        if tls.has_own_certificate:
            return reason
        return f"{reason}; it may want a certificate of ours"

    def _complain(self, what: str) -> None:
        if self.complaint is None:
            _log.warning("MQTT broker %s:%d: %s", self._options.host, self._options.port, what)
        self.complaint = what

    def _detach(self) -> None:
        if self._fd is not None:
            self._loop.remove_reader(self._fd)
            self._loop.remove_writer(self._fd)
            self._fd = None

    # ---- paho's callbacks; 1.6.1 and 2.x differ in what follows the arguments that are named here

    def _on_connect(self, _client: Any, _userdata: Any, _flags: Any, reason: Any, *rest: Any) -> None:
        """rest: the properties; of 1.6.1 only for MQTT 5."""
        code = _code(reason)
        if code != 0:
            self._refusal = code
            return
        self._is_accepted = True
        self.limits = limits_of(rest[0] if rest else None)
        wanted = getattr(rest[0], "ServerKeepAlive", 0) if rest else 0  # MQTT 5.0, 3.2.2.3.14
        self._keepalive = min(self._keepalive, wanted or self._keepalive)
        self._rest()
        self._owner.connection_made()

    def _on_disconnect(self, client: Any, _userdata: Any, *rest: Any) -> None:
        """rest: of paho 2.x flags, reason and properties; of 1.6.1 the reason, and for MQTT 5 properties."""
        if client is not self._client:
            return
        flags, reason = rest[:2] if len(rest) > 2 else (None, rest[0])
        is_the_brokers = hasattr(reason, "getName") and getattr(flags, "is_disconnect_packet_from_server", True)
        if is_the_brokers:
            words = farewell(_code(reason))
        else:
            text = str(reason) if hasattr(reason, "getName") else paho.error_string(reason)
            words = next((words for start, words in _OWN_REASONS.items() if text.startswith(start)), text.rstrip("."))
        # Not at once: paho is in the middle of its own clean-up.
        self._loop.call_soon(self._end, _LOST.format(words))

    def _on_publish(self, client: Any, _userdata: Any, message_id: int, *rest: Any) -> None:
        """rest: of paho 2.x reason and properties; 1.6.1 does not tell what the broker said."""
        topic = self._topics.pop(message_id, "")
        if rest and _code(rest[0]) >= _FAILURE:
            self._complain(f"it refused a message of ours, {topic}: {refusal(_code(rest[0]))}")
        if client is self._client:
            self._loop.call_soon(self._owner.message_acknowledged, message_id)

    def _on_register_write(self, client: Any, _userdata: Any, _sock: Any) -> None:
        if self._fd is not None and client is self._client:
            self._loop.add_writer(self._fd, self._write)

    def _on_unregister_write(self, client: Any, _userdata: Any, _sock: Any) -> None:
        if self._fd is not None and client is self._client:
            self._loop.remove_writer(self._fd)
            self._sent_at = self._loop.time()  # all that waited is out

    def _on_socket_close(self, client: Any, _userdata: Any, _sock: Any) -> None:
        if client is self._client:
            self._detach()


def _code(reason: Any) -> int:
    """Of a reason: an object of paho's for MQTT 5, and with 2.x always; else a number."""
    return int(getattr(reason, "value", reason) or 0)


def new_paho_client(client_id: str, version: int) -> Any:
    """A client of whichever paho is installed: 1.6.1 knows no callback versions, 2.x warns without one."""
    versions = getattr(paho, "CallbackAPIVersion", None)
    options: dict[str, Any] = {"client_id": client_id, "protocol": version, "reconnect_on_failure": False}
    if versions is not None:
        options["callback_api_version"] = versions.VERSION2
    return paho.Client(**options)
