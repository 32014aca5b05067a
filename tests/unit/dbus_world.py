# SPDX-License-Identifier: BSD-3-Clause
"""A real bus (dbus-daemon) of a test's own, and a service on it that answers as a table says.

The service is a fake of a contract: the calls, properties and signals of NetworkManager 1.42 or iwd that we use.
"""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from wpsagent.io.dbus import BUS, SystemBus
from wpsagent.io.dbus_codec import Message, MessageType, Variant

Answer = tuple[str, tuple[Any, ...]]
"""Signature and values."""

PROPERTIES = "org.freedesktop.DBus.Properties"


class RefusalError(Exception):
    """The service answers with an error."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(text)
        self.name = name


class Service(SystemBus):
    """Has a name on the bus.  methods: member → what it answers; properties: (path, name) → value."""

    def __init__(self, address: str, name: str) -> None:
        super().__init__(address)
        self._name = name
        self.methods: dict[str, Callable[[Message], Answer]] = {}
        self.properties: dict[tuple[str, str], Variant] = {}
        self.heard: list[Message] = []
        self.is_silent = False
        self._news = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Until it has been told something that makes this so."""
        while not condition():
            self._news.clear()
            await self._news.wait()

    async def open(self) -> None:
        """Take the name."""
        await self.call(BUS, "/org/freedesktop/DBus", BUS, "RequestName", "su", self._name, 0)

    def _take(self, message: Message) -> None:
        if message.type is not MessageType.METHOD_CALL:
            super()._take(message)
        elif not self.is_silent:
            self.heard.append(message)
            self._write(self._answer(message))
            self._news.set()

    def _answer(self, call: Message) -> Message:
        try:
            signature, values = self._find(call)
        except RefusalError as refusal:
            reply = Message(MessageType.ERROR, 9, error_name=refusal.name, signature="s", body=(str(refusal),))
        else:
            reply = Message(MessageType.METHOD_RETURN, 9, signature=signature, body=values)
        return replace(reply, reply_serial=call.serial, destination=call.sender)

    def _find(self, call: Message) -> Answer:
        if call.member in self.methods:
            return self.methods[call.member](call)
        if call.interface == PROPERTIES and call.member == "Get":
            with suppress(KeyError):
                return "v", (self.properties[call.path, call.body[1]],)
        if call.interface == PROPERTIES and call.member == "Set":
            self.properties[call.path, call.body[1]] = call.body[2]
            return "", ()
        raise RefusalError("org.freedesktop.DBus.Error.UnknownMethod", call.member)

    def emit(self, path: str, interface: str, member: str, signature: str = "", *body: Any) -> None:
        self._write(
            Message(
                MessageType.SIGNAL, 9, path=path, interface=interface, member=member, signature=signature, body=body
            )
        )

    def _write(self, message: Message) -> None:
        assert self._writer is not None
        self._writer.write(message.encode())


@asynccontextmanager
async def bus(folder: Path) -> AsyncIterator[str]:
    """The address of a bus."""
    address = f"unix:path={folder}/bus"
    process = await asyncio.create_subprocess_exec(
        *("dbus-daemon", "--session", "--nofork", "--nopidfile", "--print-address=1", f"--address={address}"),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        await process.stdout.readline()
        yield address
    finally:
        process.kill()
        await process.communicate()


@asynccontextmanager
async def service(address: str, name: str) -> AsyncIterator[Service]:
    async with Service(address, name) as a_service:
        await a_service.open()
        yield a_service
