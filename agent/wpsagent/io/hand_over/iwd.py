# SPDX-License-Identifier: BSD-3-Clause
"""iwd: a file for each network (iwd.network(5)), of which iwd hears at once, and its D-Bus interface for the interface.

The file's name is the SSID where that is letters, digits, spaces, - and _ alone, else = and the SSID in hexadecimal;
its ending says how the network is protected.  In it, a backslash and white space at the front are escaped as ell's
settings have it.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from wpsagent.io.atomic_file import SaveError, write_atomically
from wpsagent.io.dbus import BusError, SystemBus, is_on_bus
from wpsagent.io.dbus_codec import Variant
from wpsagent.io.hand_over.manager import JOIN_LIMIT, HandOverError, LearntNetwork
from wpsagent.octets import Ssid

NAME = "net.connman.iwd"
FOLDER = Path("/var/lib/iwd")
_DEVICE, _STATION, _NETWORK = f"{NAME}.Device", f"{NAME}.Station", f"{NAME}.Network"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def file_name(ssid: Ssid, *, is_open: bool) -> str:
    """Of the file of a network."""
    stem = ssid.decode() if _PLAIN.issuperset(ssid) else f"={ssid.hex()}"
    return f"{stem}.{'open' if is_open else 'psk'}"


def file_text(network: LearntNetwork) -> str:
    """What is in the file of a network."""
    lines = []
    if network.passphrase is not None and network.key_text is not None and len(network.key_text) < 64:
        lines += ["[Security]", f"Passphrase={_escaped(network.key_text)}"]
    elif network.key_text is not None:
        lines += ["[Security]", f"PreSharedKey={network.key_text}"]
    lines += ["[Settings]", "AutoConnect=true"]
    if network.is_hidden:
        lines.append("Hidden=true")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    text = text.translate(_ESCAPES)
    return f"\\s{text[1:]}" if text.startswith(" ") else text


class Iwd:
    """See Manager."""

    title = "iwd"

    def __init__(self, folder: Path = FOLDER, bus_address: str | None = None, join_limit: float = JOIN_LIMIT) -> None:
        self._folder = folder
        self._bus_address = bus_address
        self._join_limit = join_limit

    async def is_there(self) -> bool:
        """Whether it runs; raises HandOverError where the bus does not answer."""
        try:
            return await is_on_bus(NAME, self._bus_address)
        except BusError as error:
            raise HandOverError(f"iwd: {error}") from None

    async def holds(self, interface: str) -> bool:
        """See Manager."""
        if not await self.is_there():
            return False
        async with self._bus() as bus:
            path = await _device(bus, interface)
            return path is not None and bool(await bus.get(NAME, path, _DEVICE, "Powered"))

    async def take(self, interface: str) -> None:
        """See Manager."""
        await self._power(interface, is_on=False)

    async def store(self, interface: str, network: LearntNetwork) -> None:
        """See Manager."""
        if not self._folder.is_dir():
            raise HandOverError(f"there is no folder {self._folder}: iwd is not installed here")
        path = self._folder / file_name(network.ssid, is_open=network.is_open)
        try:
            await asyncio.to_thread(write_atomically, path, file_text(network).encode())
        except SaveError as error:
            raise HandOverError(str(error)) from None

    async def give(self, interface: str, network: LearntNetwork | None = None) -> None:
        """See Manager."""
        await self._power(interface, is_on=True)
        if network is None:
            return
        async with self._bus() as bus:
            await bus.listen(sender=NAME, interface=_PROPERTIES, member="PropertiesChanged")
            try:
                async with asyncio.timeout(self._join_limit):
                    while not await _has_joined(bus, interface, network):
                        await bus.signal()
            except TimeoutError:
                raise HandOverError(f"iwd did not join {network.ssid} within {self._join_limit:g} s") from None

    async def _power(self, interface: str, *, is_on: bool) -> None:
        async with self._bus() as bus:
            path = await _device(bus, interface)
            if path is None:
                raise HandOverError(f"iwd does not know an interface {interface}")
            await bus.set(NAME, path, _DEVICE, "Powered", Variant("b", is_on))

    @asynccontextmanager
    async def _bus(self) -> AsyncIterator[SystemBus]:
        try:
            async with SystemBus(self._bus_address) as bus:
                yield bus
        except BusError as error:
            if error.name.rpartition(".")[2] in ("ServiceUnknown", "NameHasNoOwner"):
                raise HandOverError("iwd is not running: start it, or choose another hand_over") from None
            raise HandOverError(f"iwd: {error}") from None


async def _objects(bus: SystemBus) -> dict[str, dict[str, dict[str, Variant]]]:
    (objects,) = await bus.call(NAME, "/", _OBJECTS, "GetManagedObjects")
    found: dict[str, dict[str, dict[str, Variant]]] = objects
    return found


async def _device(bus: SystemBus, interface: str) -> str | None:
    for path, interfaces in (await _objects(bus)).items():
        if _DEVICE in interfaces and interfaces[_DEVICE]["Name"].value == interface:
            return path
    return None


async def _has_joined(bus: SystemBus, interface: str, network: LearntNetwork) -> bool:
    objects = await _objects(bus)
    for interfaces in objects.values():
        if _STATION in interfaces and interfaces[_DEVICE]["Name"].value == interface:
            station = interfaces[_STATION]
            if station["State"].value == "connected" and "ConnectedNetwork" in station:
                joined = objects[station["ConnectedNetwork"].value][_NETWORK]["Name"].value
                return bool(joined == network.ssid.decode(errors="replace"))
    return False
