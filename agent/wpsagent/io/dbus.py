# SPDX-License-Identifier: BSD-3-Clause
"""A client of the D-Bus system bus: method calls with a time limit, and signals; the D-Bus Specification 0.42.

Only what speaking to a service of this machine takes: a socket in the file system or an abstract one, and
authentication as who we are (EXTERNAL).  What is said travels in a socket: secrets are in no command line and no file.
"""

import asyncio
import os
from collections.abc import Mapping
from contextlib import suppress
from itertools import count
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

from wpsagent.errors import AgentError, DecodeError
from wpsagent.io.dbus_codec import FIXED_HEADER, Message, MessageType, message_length

CALL_LIMIT = 10.0
"""Seconds that an answer may take."""
SIGNALS_LIMIT = 256

BUS = "org.freedesktop.DBus"
_BUS_PATH = "/org/freedesktop/DBus"
_DEFAULT_ADDRESS = "unix:path=/run/dbus/system_bus_socket"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_UNREACHABLE = "unreachable"


class BusError(AgentError):
    """A call that failed.  name: the error's, as org.freedesktop.DBus.Error.NoReply; text: for people."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(text or name)
        self.name = name


class SystemBus:
    """A connection; an asynchronous context manager."""

    def __init__(self, address: str | None = None, limit: float = CALL_LIMIT) -> None:
        """address: as DBUS_SYSTEM_BUS_ADDRESS has it, which counts where none is given."""
        self._address = address or os.environ.get("DBUS_SYSTEM_BUS_ADDRESS") or _DEFAULT_ADDRESS
        self._limit = limit
        self._serials = count(1)
        self._calls: dict[int, asyncio.Future[Message]] = {}
        self._signals: asyncio.Queue[Message | None] = asyncio.Queue(SIGNALS_LIMIT)
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._closed: BusError | None = None

    async def __aenter__(self) -> Self:
        """Raises BusError where there is no bus."""
        try:
            async with asyncio.timeout(self._limit):
                await self._connect()
            self._listener = asyncio.create_task(self._listen(), name="D-Bus")
            await self.call(BUS, _BUS_PATH, BUS, "Hello")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            await self._close()
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it does not let us in"
            raise BusError(_UNREACHABLE, f"the system bus of D-Bus cannot be reached: {reason}") from None
        except BaseException:
            await self._close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    async def call(
        self, destination: str, path: str, interface: str, member: str, signature: str = "", *body: Any
    ) -> Any:
        """What a method returns, a tuple; raises BusError, also when the answer does not come in time."""
        if self._closed is not None or self._writer is None:
            raise self._closed or BusError("closed", "there is no connection to D-Bus")
        serial = next(self._serials)
        message = Message(
            MessageType.METHOD_CALL,
            serial,
            path=path,
            interface=interface,
            member=member,
            destination=destination,
            signature=signature,
            body=body,
        )
        self._calls[serial] = answer = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._limit):
                self._writer.write(message.encode())
                await self._writer.drain()
                reply = await answer
        except TimeoutError:
            raise BusError(f"{BUS}.Error.Timeout", f"no answer within {self._limit:g} s") from None
        except OSError as error:
            raise BusError("closed", f"D-Bus: {error.strerror}") from None
        finally:
            self._calls.pop(serial, None)
        if reply.type is MessageType.ERROR:
            words = reply.body[0] if reply.body and isinstance(reply.body[0], str) else ""
            raise BusError(reply.error_name, words)
        return reply.body

    async def get(self, destination: str, path: str, interface: str, name: str) -> Any:
        """A property; raises BusError."""
        (variant,) = await self.call(destination, path, _PROPERTIES, "Get", "ss", interface, name)
        return variant.value

    async def set(self, destination: str, path: str, interface: str, name: str, value: Any) -> None:
        """Sets a property to a Variant; raises BusError."""
        await self.call(destination, path, _PROPERTIES, "Set", "ssv", interface, name, value)

    async def has(self, name: str) -> bool:
        """Whether somebody has a name; raises BusError."""
        (is_owned,) = await self.call(BUS, _BUS_PATH, BUS, "NameHasOwner", "s", name)
        return bool(is_owned)

    async def listen(self, **rule: str) -> None:
        """Signals of these features come by `signal` from now on."""
        await self.call(BUS, _BUS_PATH, BUS, "AddMatch", "s", _match_rule(rule))

    async def signal(self) -> Message:
        """The next signal; raises BusError when the bus has gone."""
        message = await self._signals.get()
        if message is None:
            raise self._closed or BusError("closed", "there is no connection to D-Bus")
        return message

    # ---- the connection

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_unix_connection(_socket_of(self._address))
        user = str(os.geteuid()).encode().hex()
        self._writer.write(f"\0AUTH EXTERNAL {user}\r\n".encode())
        answer = await self._reader.readuntil(b"\r\n")
        if not answer.startswith(b"OK "):
            raise BusError(_UNREACHABLE, "the system bus of D-Bus does not let us in")
        self._writer.write(b"BEGIN\r\n")

    async def _listen(self) -> None:
        error = BusError("closed", "the system bus of D-Bus has closed the connection")
        try:
            while True:
                start = await self._reader.readexactly(FIXED_HEADER)
                rest = await self._reader.readexactly(message_length(start) - FIXED_HEADER)
                self._take(Message.decode(start + rest))
        except DecodeError as problem:
            error = BusError("closed", str(problem))
        except (OSError, asyncio.IncompleteReadError):
            pass
        self._fail(error)

    def _take(self, message: Message) -> None:
        if message.type is MessageType.SIGNAL:
            if self._signals.full():
                self._signals.get_nowait()  # whoever is that slow asks for the state anyway
            self._signals.put_nowait(message)
        answer = self._calls.get(message.reply_serial)
        if answer is not None and not answer.done() and message.type in _ANSWERS:
            answer.set_result(message)

    def _fail(self, error: BusError) -> None:
        self._closed = error
        for answer in self._calls.values():
            if not answer.done():
                answer.set_exception(error)
        if self._signals.full():
            self._signals.get_nowait()
        self._signals.put_nowait(None)

    async def _close(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            with suppress(OSError):
                await self._writer.wait_closed()


async def is_on_bus(name: str, address: str | None = None) -> bool:
    """Whether somebody has a name on the system bus; nobody has where there is no bus.  Raises BusError."""
    try:
        async with SystemBus(address) as bus:
            return await bus.has(name)
    except BusError as error:
        if error.name == _UNREACHABLE:
            return False
        raise


_ANSWERS = (MessageType.METHOD_RETURN, MessageType.ERROR)


def _match_rule(rule: Mapping[str, str]) -> str:
    return ",".join(f"{name}='{value}'" for name, value in {"type": "signal", **rule}.items())


def _socket_of(addresses: str) -> str:
    """The first socket that an address names; raises BusError."""
    for address in addresses.split(";"):
        transport, _, options = address.partition(":")
        named = dict(option.partition("=")[::2] for option in options.split(","))
        if transport == "unix" and "path" in named:
            return unquote(named["path"])
        if transport == "unix" and "abstract" in named:
            return "\0" + unquote(named["abstract"])
    raise BusError(_UNREACHABLE, f"D-Bus: {addresses!r} is no address of a socket on this machine")
