# SPDX-License-Identifier: BSD-3-Clause
"""NetworkManager, by its D-Bus interface (org.freedesktop.NetworkManager(5), nm-settings-dbus(5)).

It keeps its profiles where it likes; we never write its files.  A profile of the same SSID gets the new key and stays
what else it is (addresses, priority); otherwise there is a new one, for every interface.  Profiles that are for another
interface alone are left alone.

An interface is taken by Managed = false, which NetworkManager remembers until the machine is started anew.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from wpsagent.io.dbus import BUS, BusError, SystemBus, is_on_bus
from wpsagent.io.dbus_codec import Variant
from wpsagent.io.hand_over.manager import JOIN_LIMIT, HandOverError, LearntNetwork

NAME = "org.freedesktop.NetworkManager"
_PATH = "/org/freedesktop/NetworkManager"
_SETTINGS_PATH = f"{_PATH}/Settings"
_SETTINGS, _DEVICE = f"{NAME}.Settings", f"{NAME}.Device"
_PROFILE, _ACTIVE = f"{_SETTINGS}.Connection", f"{NAME}.Connection.Active"
_SETTINGS_SIGNATURE = "a{sa{sv}}"

_WIRELESS, _SECURITY = "802-11-wireless", "802-11-wireless-security"
_TO_DISK = 0x1
# NMDeviceState
_UNMANAGED, _DISCONNECTED, _IP_CONFIG, _ACTIVATED, _FAILED = 10, 30, 70, 100, 120

_REASONS = {  # NMDeviceStateReason
    7: "the passphrase is wrong, or is missing",
    8: "its wpa_supplicant lost the access point",
    9: "its wpa_supplicant could not be set up",
    10: "its wpa_supplicant failed",
    11: "its wpa_supplicant took too long to authenticate",
    39: "somebody disconnected it",
    53: "it does not find the network",
}

Settings = dict[str, dict[str, Variant]]


class NetworkManager:
    """See Manager."""

    title = "NetworkManager"

    def __init__(self, bus_address: str | None = None, join_limit: float = JOIN_LIMIT) -> None:
        self._bus_address = bus_address
        self._join_limit = join_limit

    async def is_there(self) -> bool:
        """Whether it runs; raises HandOverError where the bus does not answer."""
        try:
            return await is_on_bus(NAME, self._bus_address)
        except BusError as error:
            raise _told(error) from None

    async def holds(self, interface: str) -> bool:
        """See Manager."""
        if not await self.is_there():
            return False
        async with self._bus() as bus:
            device = await _device(bus, interface)
            return device is not None and await bus.get(NAME, device, _DEVICE, "State") > _UNMANAGED

    async def take(self, interface: str) -> None:
        """See Manager."""
        async with self._bus() as bus:
            device = await _required_device(bus, interface)
            await bus.listen(sender=NAME, path=device, member="StateChanged")
            await bus.set(NAME, device, _DEVICE, "Managed", Variant("b", False))
            async with _patience(self._join_limit, f"NetworkManager does not let go of {interface}"):
                while await bus.get(NAME, device, _DEVICE, "State") > _UNMANAGED:
                    await bus.signal()

    async def store(self, interface: str, network: LearntNetwork) -> None:
        """See Manager."""
        async with self._bus() as bus:
            await _store(bus, interface, network)

    async def give(self, interface: str, network: LearntNetwork | None = None) -> None:
        """See Manager."""
        async with self._bus() as bus:
            device = await _required_device(bus, interface)
            await bus.listen(sender=NAME, path=device)
            await bus.listen(sender=BUS, member="NameOwnerChanged", arg0=NAME)
            await bus.set(NAME, device, _DEVICE, "Managed", Variant("b", True))
            if network is not None:
                profile = await _profile_of(bus, interface, network)
                if profile is None:
                    raise HandOverError(f"NetworkManager has no profile of {network.ssid} any more")
                shown = f"NetworkManager did not join {network.ssid} within {self._join_limit:g} s"
                async with _patience(self._join_limit, shown):
                    await _Joining(bus, device, profile, network).run()

    @asynccontextmanager
    async def _bus(self) -> AsyncIterator[SystemBus]:
        """A connection whose errors are told in words."""
        try:
            async with SystemBus(self._bus_address) as bus:
                yield bus
        except BusError as error:
            raise _told(error) from None


class _Joining:
    """Follows a device until it has joined a network: its key was right; addresses are not our business."""

    def __init__(self, bus: SystemBus, device: str, profile: str, network: LearntNetwork) -> None:
        self._bus = bus
        self._device = device
        self._profile = profile
        self._network = network

    async def run(self) -> None:
        state = await self._bus.get(NAME, self._device, _DEVICE, "State")
        while not await self._has_joined(state):
            if state == _DISCONNECTED and await self._is_idle():
                await self._activate()
            signal = await self._bus.signal()
            if signal.member == "NameOwnerChanged":
                raise HandOverError("NetworkManager has ended, or was started anew, before it joined")
            if signal.member == "StateChanged" and signal.signature == "uuu":
                state, _, reason = signal.body
                await self._complain(state, reason)

    async def _has_joined(self, state: int) -> bool:
        return _IP_CONFIG <= state <= _ACTIVATED and await self._is_ours()

    async def _complain(self, state: int, reason: int) -> None:
        if state == _FAILED and await self._is_ours():
            words = _REASONS.get(reason, f"its reason is number {reason}: see NetworkManager's log")
            raise HandOverError(f"NetworkManager failed to join {self._network.ssid}: {words}")

    async def _active(self) -> str:
        return str(await self._bus.get(NAME, self._device, _DEVICE, "ActiveConnection"))

    async def _is_idle(self) -> bool:
        """The last signal may be old: asking again for what has begun would begin it anew."""
        state = await self._bus.get(NAME, self._device, _DEVICE, "State")
        return bool(state == _DISCONNECTED) and await self._active() == "/"

    async def _is_ours(self) -> bool:
        """Whether what the device is at is our profile's."""
        active = await self._active()
        if active == "/":
            return False
        try:
            return bool(await self._bus.get(NAME, active, _ACTIVE, "Connection") == self._profile)
        except BusError as error:
            if error.name.startswith(f"{BUS}.Error.Unknown"):  # it has ended meanwhile
                return False
            raise

    async def _activate(self) -> None:
        """Ask for the network; where it has not been heard yet, every scan is another occasion."""
        try:
            await self._bus.call(NAME, _PATH, NAME, "ActivateConnection", "ooo", self._profile, self._device, "/")
        except BusError as error:
            if not error.name.endswith((".UnknownConnection", ".ConnectionNotAvailable", ".UnknownDevice")):
                raise


@asynccontextmanager
async def _patience(limit: float, complaint: str) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limit):
            yield
    except TimeoutError:
        raise HandOverError(complaint) from None


async def _device(bus: SystemBus, interface: str) -> str | None:
    """The path of an interface's device; None where NetworkManager does not know it."""
    (paths,) = await bus.call(NAME, _PATH, NAME, "GetAllDevices")
    for path in paths:
        if await bus.get(NAME, path, _DEVICE, "Interface") == interface:
            return str(path)
    return None


async def _required_device(bus: SystemBus, interface: str) -> str:
    device = await _device(bus, interface)
    if device is None:
        raise HandOverError(f"NetworkManager does not know an interface {interface}")
    return device


async def _store(bus: SystemBus, interface: str, network: LearntNetwork) -> None:
    profile = await _profile_of(bus, interface, network)
    if profile is None:
        settings = profile_settings(network)
        await bus.call(
            NAME, _SETTINGS_PATH, _SETTINGS, "AddConnection2", f"{_SETTINGS_SIGNATURE}ua{{sv}}", settings, _TO_DISK, {}
        )
    else:
        (before,) = await bus.call(NAME, profile, _PROFILE, "GetSettings")
        settings = profile_settings(network, before)
        await bus.call(NAME, profile, _PROFILE, "Update2", f"{_SETTINGS_SIGNATURE}ua{{sv}}", settings, _TO_DISK, {})


async def _profile_of(bus: SystemBus, interface: str, network: LearntNetwork) -> str | None:
    """The path of the profile of that network for an interface, the one used last where there are several."""
    (paths,) = await bus.call(NAME, _SETTINGS_PATH, _SETTINGS, "ListConnections")
    found: dict[str, int] = {}
    for path in paths:
        (settings,) = await bus.call(NAME, path, _PROFILE, "GetSettings")
        if is_profile_of(settings, interface, network):
            found[path] = _value(settings, "connection", "timestamp", 0)
    return max(found, key=lambda path: found[path], default=None)


def is_profile_of(settings: Mapping[str, Mapping[str, Variant]], interface: str, network: LearntNetwork) -> bool:
    """Whether a profile is a station's in that network, with a passphrase or open, and for that interface, too."""
    return (
        _value(settings, _WIRELESS, "ssid") == bytes(network.ssid)
        and _value(settings, _WIRELESS, "mode", "infrastructure") == "infrastructure"
        and "802-1x" not in settings
        and _value(settings, "connection", "interface-name", interface) in ("", interface)
    )


def profile_settings(network: LearntNetwork, before: Mapping[str, Mapping[str, Variant]] | None = None) -> Settings:
    """The profile of a network; before: what of it there is already."""
    settings: Settings = {name: dict(values) for name, values in (before or _NEW).items()}
    connection, wireless = settings["connection"], settings.setdefault(_WIRELESS, {})
    connection["autoconnect"] = Variant("b", True)
    if before is None:
        connection |= {"id": Variant("s", str(network.ssid)), "uuid": Variant("s", str(uuid.uuid4()))}
        wireless |= {"ssid": Variant("ay", bytes(network.ssid)), "mode": Variant("s", "infrastructure")}
    if network.is_hidden:
        wireless["hidden"] = Variant("b", True)
    wireless.pop("security", None)  # of NetworkManager before 1.0, which follows from the next
    settings.pop(_SECURITY, None)
    if network.key_text is not None:
        # wpa-psk is WPA2-Personal, and WPA3-Personal where the access point has both.
        settings[_SECURITY] = {"key-mgmt": Variant("s", "wpa-psk"), "psk": Variant("s", network.key_text)}
    return settings


_NEW: Settings = {
    "connection": {"type": Variant("s", _WIRELESS)},
    "ipv4": {"method": Variant("s", "auto")},
    "ipv6": {"method": Variant("s", "auto")},
}


def _value(settings: Mapping[str, Mapping[str, Variant]], section: str, name: str, default: Any = None) -> Any:
    variant = settings.get(section, {}).get(name)
    return default if variant is None else variant.value


def _told(error: BusError) -> HandOverError:
    """An error of D-Bus or of NetworkManager, in words."""
    name = error.name.rpartition(".")[2]
    match name:
        case "ServiceUnknown" | "NameHasNoOwner":
            return HandOverError("NetworkManager is not running: start it, or choose another hand_over")
        case "NoReply":
            return HandOverError("NetworkManager has ended without an answer")
        case "Timeout":
            return HandOverError(f"NetworkManager does not answer: {error}")
        case "PermissionDenied" | "AccessDenied" | "NotAuthorized":
            return HandOverError(f"NetworkManager does not let us ({error}): run as root, or give polkit a rule")
        case "InvalidConnection" | "InvalidProperty" | "InvalidSetting" | "MissingProperty":
            return HandOverError(f"NetworkManager does not take the network: {error}")
        case _:
            return HandOverError(f"NetworkManager: {error}")
