# SPDX-License-Identifier: BSD-3-Clause
"""The generic netlink socket: requests answered by number, dumps one at a time, events to a handler.

Sources: linux/netlink.h, linux/genetlink.h; RFC 3549.  A request is finished by its acknowledgement (every request
asks for one), a dump by NLMSG_DONE.  The kernel carries a request out inside send(), so answers are mostly there at
once; they are read in the event loop nevertheless, behind the events that came before them.  What is sent by `tell`
asks for no answer: a flood of events does not hold it up.

Refused: datagrams whose sender is not the kernel (port id 0); garbled messages (logged, the reader goes on).
When the kernel had to drop messages (ENOBUFS) all that wait are told so, and the overrun handler may look around.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, Self

from wpsagent.errors import DecodeError, NetlinkError, RadioError
from wpsagent.io.nl80211 import netlink
from wpsagent.io.nl80211.codec import CONTROL, MULTICAST_GROUP, NL80211, Attributes, Codec, Message
from wpsagent.io.nl80211.enumerations import command_name
from wpsagent.io.nl80211.netlink import NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, Acknowledgement, RawMessage

_log = logging.getLogger(__name__)

# linux/netlink.h, linux/genetlink.h, asm-generic/socket.h: Python's socket module has no names for these
_SOL_NETLINK = 270
_NETLINK_ADD_MEMBERSHIP = 1
_NETLINK_CAP_ACK = 10
_NETLINK_EXT_ACK = 11
_NETLINK_GENERIC = 16
_SO_RCVBUFFORCE = 33
_GENL_ID_CTRL = 16
_CTRL_CMD_GETFAMILY = 3

_DATAGRAM_SIZE = 65536  # GET_SCAN datagrams reach 32 KiB
_RECEIVE_BUFFER = 1 << 20
_DATAGRAMS_AT_ONCE = 64  # then the loop's other work has its turn
REQUEST_TIMEOUT = 5.0

MessageHandler = Callable[[Message], None]
OctetsHandler = Callable[[bytes], None]


class NetlinkSocket(Protocol):
    """What the transport needs of a socket; the tests' kernel is one too."""

    def fileno(self) -> int: ...

    def send(self, octets: bytes, /) -> int: ...

    def recvmsg_into(self, buffers: list[bytearray], /) -> tuple[int, object, int, tuple[int, int]]: ...

    def getsockname(self) -> tuple[int, int]: ...

    def setsockopt(self, level: int, name: int, value: int, /) -> None: ...

    def close(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Pending:
    """A request on its way: what came so far, and who waits for the end."""

    name: str
    codec: Codec
    finished: asyncio.Future[None]
    timer: asyncio.TimerHandle
    on_reply: MessageHandler | None
    on_octets: OctetsHandler | None
    replies: list[Message] = field(default_factory=list)
    is_interrupted: bool = False


def open_socket() -> socket.socket:
    """A generic netlink socket with extended acknowledgements and a large receive buffer.  Raises RadioError."""
    try:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_GENERIC)
    except OSError as error:
        raise RadioError(f"no netlink on this system: {error.strerror}") from error
    sock.bind((0, 0))
    for option in (_NETLINK_CAP_ACK, _NETLINK_EXT_ACK):
        sock.setsockopt(_SOL_NETLINK, option, 1)
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _RECEIVE_BUFFER)
    except PermissionError:  # without CAP_NET_ADMIN: as much as the system's limit lets us have
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
    return sock


class Transport:
    """nl80211 over one socket.  Whoever opens one closes it; that takes down what SOCKET_OWNER tied to it."""

    def __init__(self, sock: NetlinkSocket, *, answer_within: float = REQUEST_TIMEOUT) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._answer_within = answer_within
        self._port = sock.getsockname()[0]
        self._sequence = 0
        self._pending: dict[int, _Pending] = {}
        self._dump_lock = asyncio.Lock()
        self._buffer = bytearray(_DATAGRAM_SIZE)
        self._event_handler: MessageHandler = lambda _event: None
        self._is_heard: Callable[[int], bool] = lambda _command: True
        self._overrun_handler: Callable[[], None] = lambda: None
        self._is_closed = False
        self.family_id = 0
        self.groups: dict[str, int] = {}
        self._loop.add_reader(sock.fileno(), self._readable)

    @classmethod
    async def open(cls, sock: NetlinkSocket | None = None, *, answer_within: float = REQUEST_TIMEOUT) -> Self:
        """Open a socket (or take the one given) and resolve nl80211.  Raises RadioError, NetlinkError."""
        transport = cls(sock or open_socket(), answer_within=answer_within)
        try:
            await transport._resolve_family()
        except BaseException:
            transport.close()
            raise
        return transport

    def set_handlers(
        self,
        event: MessageHandler,
        overrun: Callable[[], None],
        *,
        is_heard: Callable[[int], bool] = lambda _command: True,
    ) -> None:
        """event gets every message nobody asked for; overrun is called when the kernel has dropped some.

        is_heard(command): whether messages of that number matter; the others are not even decoded.
        """
        self._event_handler = event
        self._is_heard = is_heard
        self._overrun_handler = overrun

    def subscribe(self, group: str) -> None:
        """Join a multicast group (mlme, config, regulatory, scan).  Raises RadioError, NetlinkError."""
        if group not in self.groups:
            raise RadioError(f"this kernel's nl80211 has no event group {group!r}")
        try:
            self._socket.setsockopt(_SOL_NETLINK, _NETLINK_ADD_MEMBERSHIP, self.groups[group])
        except OSError as error:
            raise NetlinkError(error.errno, f"join nl80211 group {group}: {error.strerror}") from error

    async def request(
        self, command: int, attributes: Attributes, *, on_reply: MessageHandler | None = None
    ) -> list[Message]:
        """Send a command; its replies once the kernel has acknowledged it.  Raises NetlinkError.

        on_reply is called as a reply is read, so before any event that the kernel sent after it.
        """
        flags = NLM_F_REQUEST | NLM_F_ACK
        return await self._wait(self._send(flags, command, attributes, on_reply=on_reply))

    def tell(self, command: int, attributes: Attributes) -> None:
        """Send a command whose refusal is only logged.  Raises NetlinkError when it cannot be sent at all."""
        octets = NL80211.encode(self.family_id, NLM_F_REQUEST, self._next_sequence(), command, attributes)
        self._put(command_name(command), octets)

    async def dump(
        self, command: int, attributes: Attributes, *, on_octets: OctetsHandler | None = None
    ) -> list[Message]:
        """Ask for all objects of a kind.  Raises NetlinkError; EINTR when they changed meanwhile: ask again.

        on_octets gets the attributes of each object as they are, for objects that are many; none is returned then.
        """
        await self._dump_lock.acquire()
        try:
            pending = self._send(NLM_F_REQUEST | NLM_F_DUMP, command, attributes, on_octets=on_octets)
        except BaseException:
            self._dump_lock.release()
            raise
        # The kernel refuses a second dump until the first has ended, even when nobody waits for it any more.
        pending.finished.add_done_callback(lambda _finished: self._dump_lock.release())
        return await self._wait(pending)

    def close(self) -> None:
        """Close the socket; requests that wait fail.  Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._fail_all(errno.EBADF, "the socket was closed")

    async def _resolve_family(self) -> None:
        attributes: Attributes = {"FAMILY_NAME": "nl80211"}
        flags = NLM_F_REQUEST | NLM_F_ACK
        try:
            replies = await self._wait(self._send(flags, _CTRL_CMD_GETFAMILY, attributes, codec=CONTROL))
        except NetlinkError as error:
            if error.errno == errno.ENOENT:
                raise RadioError("this kernel has no nl80211 (no Wi-Fi driver loaded?)") from error
            raise
        if not replies:
            raise RadioError("the kernel did not say which family nl80211 is")
        self.family_id = replies[0].integer("FAMILY_ID") or 0
        for _index, octets in netlink.split_attributes(replies[0].octets("MCAST_GROUPS") or b""):
            group = MULTICAST_GROUP.decode_nest(octets)
            self.groups[group.text("NAME") or ""] = group.integer("ID") or 0

    def _send(
        self,
        flags: int,
        command: int,
        attributes: Attributes,
        *,
        codec: Codec = NL80211,
        on_reply: MessageHandler | None = None,
        on_octets: OctetsHandler | None = None,
    ) -> _Pending:
        name, family = (command_name(command), self.family_id) if codec is NL80211 else ("GETFAMILY", _GENL_ID_CTRL)
        sequence = self._next_sequence()
        octets = codec.encode(family, flags, sequence, command, attributes)
        timer = self._loop.call_later(self._answer_within, self._expire, sequence)
        pending = _Pending(name, codec, self._loop.create_future(), timer, on_reply, on_octets)
        self._pending[sequence] = pending
        try:
            self._put(name, octets)
        except NetlinkError:
            self._forget(sequence)
            raise
        return pending

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % 0xFFFFFFFF + 1  # 0 is the number of events
        return self._sequence

    def _put(self, name: str, octets: bytes) -> None:
        if self._is_closed:
            raise NetlinkError(errno.EBADF, f"{name}: the socket was closed")
        try:
            self._socket.send(octets)
        except OSError as error:
            raise NetlinkError(error.errno, f"{name}: {error.strerror}") from error

    async def _wait(self, pending: _Pending) -> list[Message]:
        await asyncio.shield(pending.finished)
        return pending.replies

    def _expire(self, sequence: int) -> None:
        self._finish(sequence, errno.ETIMEDOUT, "the kernel did not answer")

    def _forget(self, sequence: int) -> _Pending | None:
        pending = self._pending.pop(sequence, None)
        if pending is not None:
            pending.timer.cancel()
        return pending

    def _finish(self, sequence: int, error: int, reason: str) -> None:
        pending = self._forget(sequence)
        if pending is None or pending.finished.done():
            return
        if error:
            pending.finished.set_exception(NetlinkError(error, f"{pending.name}: {reason}"))
            pending.finished.exception()  # whoever waited may be gone: not worth a warning
        else:
            pending.finished.set_result(None)

    def _fail_all(self, error: int, reason: str) -> None:
        for sequence in list(self._pending):
            self._finish(sequence, error, reason)

    def _readable(self) -> None:
        for _ in range(_DATAGRAMS_AT_ONCE):
            if self._is_closed:
                return
            try:
                size, _ancillary, flags, sender = self._socket.recvmsg_into([self._buffer])
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._receive_failed(error)
                return
            self._datagram_received(size, flags, sender)

    def _receive_failed(self, error: OSError) -> None:
        if error.errno == errno.ENOBUFS:
            _log.warning("the kernel dropped nl80211 messages: the receive buffer was full")
            self._overrun("the kernel dropped messages, the answer perhaps among them")
        else:
            _log.error("reading from the nl80211 socket failed: %s", error)
            self._fail_all(error.errno or errno.EIO, f"reading the answer failed: {error.strerror}")

    def _overrun(self, reason: str) -> None:
        self._fail_all(errno.ENOBUFS, reason)
        self._overrun_handler()

    def _datagram_received(self, size: int, flags: int, sender: tuple[int, int]) -> None:
        if sender[0] != 0:
            _log.warning("netlink datagram from port id %d, not from the kernel: ignored", sender[0])
            return
        if flags & socket.MSG_TRUNC:
            _log.error("a netlink datagram was longer than %d octets: lost", _DATAGRAM_SIZE)
            self._overrun("the answer was too long")
            return
        try:
            messages = netlink.split_messages(bytes(memoryview(self._buffer)[:size]))
        except DecodeError as error:
            _log.warning("garbled netlink datagram ignored: %s", error)
            return
        for message in messages:
            self._guarded(message)

    def _guarded(self, message: RawMessage) -> None:
        try:
            self._message_received(message)
        except DecodeError as error:
            _log.warning("garbled netlink message ignored: %s", error)
        except Exception:  # a fault in a handler must not silence the radio
            _log.exception("a handler of nl80211 events failed")

    def _message_received(self, message: RawMessage) -> None:
        if message.type in (netlink.NLMSG_NOOP, netlink.NLMSG_OVERRUN):
            return
        pending = self._pending.get(message.sequence) if message.port == self._port else None
        if message.type in (netlink.NLMSG_ERROR, netlink.NLMSG_DONE):
            if pending is not None:
                self._ended(message, pending)
            elif message.port == self._port:
                _log.debug("nl80211 refused what was told: %s", netlink.decode_acknowledgement(message).reason)
        elif pending is not None:
            self._reply_received(pending, message)
        elif message.type == self.family_id and (message.sequence == 0 or message.port != self._port):
            self._event_received(message)

    def _event_received(self, message: RawMessage) -> None:
        if self._is_heard(int.from_bytes(message.payload[:1])):
            self._event_handler(NL80211.decode(message.octets))

    def _reply_received(self, pending: _Pending, message: RawMessage) -> None:
        if message.flags & netlink.NLM_F_DUMP_INTR:
            pending.is_interrupted = True
        if pending.on_octets is not None:
            pending.on_octets(message.payload[netlink.GENERIC_HEADER.size :])
            return
        reply = pending.codec.decode(message.octets)
        pending.replies.append(reply)
        if pending.on_reply is not None:
            pending.on_reply(reply)

    def _ended(self, message: RawMessage, pending: _Pending) -> None:
        end = netlink.decode_acknowledgement(message)
        if not end.error and (pending.is_interrupted or message.flags & netlink.NLM_F_DUMP_INTR):
            end = Acknowledgement(errno.EINTR, "the objects changed while they were listed")
        self._finish(message.sequence, end.error, end.reason)
