# SPDX-License-Identifier: BSD-3-Clause
"""iwd: a file for each network (iwd.network(5)), of which iwd hears at once, and its D-Bus interface for the interface.

The file's name is the SSID where that is letters, digits, spaces, - and _ alone, else = and the SSID in hexadecimal;
its ending says how the network is protected.  In it, a backslash and white space at the front are escaped as ell's
settings have it.

iwd calls an interface powered while it is up, whoever set it up, and begins to join networks as soon as it is: so it
keeps an interface that is taken from it, and is told to stay out of every network until it is given back.  It goes on
listening for its frames (bring_up would take it for a rival).  Tried with iwd 2.3.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import chain
from pathlib import Path

from wpsagent.io.atomic_file import SaveError, write_atomically
from wpsagent.io.dbus import BUS, BusError, SystemBus, is_on_bus
from wpsagent.io.dbus_codec import Variant
from wpsagent.io.hand_over.manager import JOIN_LIMIT, HandOverError, LearntNetwork
from wpsagent.octets import Ssid

NAME = "net.connman.iwd"
FOLDER = Path("/var/lib/iwd")
_DEVICE, _STATION, _NETWORK = f"{NAME}.Device", f"{NAME}.Station", f"{NAME}.Network"
_OBJECTS = "org.freedesktop.DBus.ObjectManager"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_PLAIN = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -_")
_GROUP = re.compile(r"\s*\[([^@\[\]][^\[\]]*)\]\s*$")
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def file_name(ssid: Ssid, *, is_open: bool) -> str:
    """Of the file of a network."""
    stem = ssid.decode() if _PLAIN.issuperset(ssid) else f"={ssid.hex()}"
    return f"{stem}.{'open' if is_open else 'psk'}"


def file_text(network: LearntNetwork, former: str = "") -> str:
    """What is in the file of a network: its keys are new; whatever else the former file says stays."""
    groups = _groups(former)
    groups.pop("Security", None)
    settings = ["AutoConnect=true", *(["Hidden=true"] if network.is_hidden else [])]
    named = {_name(line) for line in settings}
    settings += [line for line in groups.pop("Settings", []) if _name(line) not in named]
    comment = groups.pop("", [])
    key = _key(network)
    groups = ({"Security": [key]} if key else {}) | {"Settings": settings} | groups
    lines = [*comment, *chain.from_iterable((f"[{name}]", *held) for name, held in groups.items())]
    return "".join(f"{line}\n" for line in lines)


def _key(network: LearntNetwork) -> str | None:
    text = network.key_text
    if text is None:
        return None
    return f"PreSharedKey={text}" if len(text) == 64 else f"Passphrase={_escaped(text)}"


def _groups(text: str) -> dict[str, list[str]]:
    """The lines of each group; "" has those before the first.  Embedded groups ([@…) belong to the one around them."""
    groups: dict[str, list[str]] = {"": []}
    name = ""
    for line in text.split("\n"):
        if header := _GROUP.match(line):
            name = header[1]
            groups.setdefault(name, [])
        elif line.strip():
            groups[name].append(line)
    return groups


def _name(line: str) -> str:
    return line.partition("=")[0].strip()


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
            found = await _device(bus, interface)
            return found is not None and bool(found[1][_DEVICE]["Powered"].value)

    async def take(self, interface: str) -> None:
        """See Manager."""
        async with self._bus() as bus:
            path, interfaces = await _known_device(bus, interface)
            if _STATION in interfaces:
                await bus.call(NAME, path, _STATION, "Disconnect")

    async def store(self, interface: str, network: LearntNetwork) -> None:
        """See Manager."""
        if not self._folder.is_dir():
            raise HandOverError(
                f"there is no folder {self._folder}: iwd has not run here: start it, or choose another hand_over"
            )
        if not _is_utf8(network.ssid):
            raise HandOverError(f"iwd cannot have the name {network.ssid}: it is not UTF-8")
        path = self._folder / file_name(network.ssid, is_open=network.is_open)
        try:
            text = file_text(network, await asyncio.to_thread(_read, path))
            await asyncio.to_thread(write_atomically, path, text.encode())
        except OSError as error:
            raise HandOverError(f"{path}: cannot be read: {error.strerror}") from None
        except SaveError as error:
            raise HandOverError(str(error)) from None

    async def give(self, interface: str, network: LearntNetwork | None = None) -> None:
        """See Manager."""
        async with self._bus() as bus:
            path, interfaces = await _known_device(bus, interface)
            if not _is_joining(interfaces):
                # What it was told when the interface was taken it forgets with its state.
                await bus.set(NAME, path, _DEVICE, "Powered", Variant("b", False))
                await bus.set(NAME, path, _DEVICE, "Powered", Variant("b", True))
        if network is not None:
            await self._wait(interface, network)

    async def _wait(self, interface: str, network: LearntNetwork) -> None:
        async with self._bus() as bus:
            await bus.listen(sender=NAME, interface=_PROPERTIES, member="PropertiesChanged")
            await bus.listen(sender=BUS, interface=BUS, member="NameOwnerChanged", arg0=NAME)  # it may end
            try:
                async with asyncio.timeout(self._join_limit):
                    while not await _has_joined(bus, interface, network):
                        await bus.signal()
            except TimeoutError:
                raise HandOverError(f"iwd did not join {network.ssid} within {self._join_limit:g} s") from None

    @asynccontextmanager
    async def _bus(self) -> AsyncIterator[SystemBus]:
        try:
            async with SystemBus(self._bus_address) as bus:
                yield bus
        except BusError as error:
            if error.name.rpartition(".")[2] in ("ServiceUnknown", "NameHasNoOwner", "NoReply"):
                raise HandOverError("iwd is not running: start it, or choose another hand_over") from None
            raise HandOverError(f"iwd: {error}") from None


def _is_utf8(ssid: Ssid) -> bool:
    """Whether iwd sees networks of that name at all."""
    try:
        return "\0" not in ssid.decode()
    except UnicodeDecodeError:
        return False


def _read(path: Path) -> str:
    """A file as it is; nothing where there is none, or where iwd could not read it either."""
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return ""


async def _objects(bus: SystemBus) -> dict[str, dict[str, dict[str, Variant]]]:
    (objects,) = await bus.call(NAME, "/", _OBJECTS, "GetManagedObjects")
    found: dict[str, dict[str, dict[str, Variant]]] = objects
    return found


_Interfaces = dict[str, dict[str, Variant]]


async def _device(bus: SystemBus, interface: str) -> tuple[str, _Interfaces] | None:
    """Path and D-Bus interfaces of what iwd calls a device."""
    for path, interfaces in (await _objects(bus)).items():
        if _DEVICE in interfaces and interfaces[_DEVICE]["Name"].value == interface:
            return path, interfaces
    return None


async def _known_device(bus: SystemBus, interface: str) -> tuple[str, _Interfaces]:
    found = await _device(bus, interface)
    if found is None:
        raise HandOverError(f"iwd does not know an interface {interface}")
    return found


def _is_joining(interfaces: _Interfaces) -> bool:
    return _STATION in interfaces and interfaces[_STATION]["State"].value in ("connecting", "connected", "roaming")


async def _has_joined(bus: SystemBus, interface: str, network: LearntNetwork) -> bool:
    objects = await _objects(bus)
    for interfaces in objects.values():
        if _STATION in interfaces and interfaces[_DEVICE]["Name"].value == interface:
            station = interfaces[_STATION]
            if station["State"].value == "connected" and "ConnectedNetwork" in station:
                joined = objects[station["ConnectedNetwork"].value][_NETWORK]["Name"].value
                return bool(joined == network.ssid.decode(errors="replace"))
    return False
