# SPDX-License-Identifier: BSD-3-Clause
"""From an interface as it was found to an access point's or a station's, and back again.

Every step that changes something leaves its opposite on a stack; closing the stack restores the type, the address,
the state (up or down) and the bridge, and removes an interface that was made here.

Refused, with words for people: interfaces another program uses, radios without the mode, blocked radios, and radios
that cannot have this interface up beside those that are.  An access point or a station whose process has just died is
waited for: the kernel takes it down a moment later.
"""

import asyncio
import errno
import logging
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from wpsagent.capabilities import InterfaceType, RadioCapabilities
from wpsagent.errors import AgentError, NetlinkError, RadioError
from wpsagent.io import link
from wpsagent.io.nl80211 import requests
from wpsagent.io.nl80211.capabilities import (
    InterfaceDescription,
    read_interface,
    read_interfaces,
    read_wiphys,
    rfkill_state,
)
from wpsagent.io.nl80211.codec import Message
from wpsagent.io.nl80211.enumerations import Command
from wpsagent.io.nl80211.sharing import counted, why_not_together
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import MacAddress

_log = logging.getLogger(__name__)

_CLEAN_UP_TIME = 1.0  # what the kernel needs at most to take down the AP or station of a process that died
_LOCALLY_ADMINISTERED = 0x02  # IEEE 802, 8.2.2: second bit of the first octet

_ACTION = 0xD0
# Whoever manages a station listens for BSS transition management requests (IEEE 802.11-2020, 9.6.13.9):
# wpa_supplicant and iwd both do, and a frame can be registered once only.
_MANAGED_STATION_FRAME = b"\x0a\x07"


@dataclass(frozen=True, slots=True)
class Plan:
    """What open_access_point_radio or open_station_radio was asked for.

    is_lent: whoever manages the interface knows that it is ours for now, and may go on listening.
    """

    interface: str
    type: InterfaceType = InterfaceType.AP
    create_on: str | None = None
    address: MacAddress | None = None
    bridge: str | None = None
    is_lent: bool = False


class BringUp:
    """One interface on its way up.  The undo stack is the radio's afterwards."""

    def __init__(self, transport: Transport, plan: Plan) -> None:
        self._transport = transport
        self._plan = plan
        self._changed = asyncio.Event()
        self._index = 0
        self.undo = AsyncExitStack()

    async def run(self) -> tuple[int, RadioCapabilities]:
        """Index and capabilities of the interface, now up and of its new type.  Raises RadioError, NetlinkError."""
        self._transport.set_handlers(self._event_received, self._changed.set)
        for group in ("config", "mlme"):
            self._transport.subscribe(group)
        if self._plan.create_on is None:
            index, capabilities = await self._take_over()
        else:
            index, capabilities = await self._create(self._plan.create_on)
        self._join_bridge()
        return index, capabilities

    def _event_received(self, _event: Message) -> None:
        self._changed.set()

    # ---- an interface that is there

    async def _take_over(self) -> tuple[int, RadioCapabilities]:
        name = self._plan.interface
        self._index = index = link.index_of(name)
        interface = await read_interface(self._transport, index, name)
        capabilities = await self._usable_wiphy(interface.wiphy)
        interface = await self._wait_until_free(interface)
        was_up = link.is_up(name)
        self._refuse_together(capabilities, await read_interfaces(self._transport))
        is_claimed = was_up or self._plan.type is InterfaceType.STATION
        if is_claimed and interface.type is not InterfaceType.AP:
            await self._refuse_managed(interface.index, name)
        self._on_close("restore the state of", lambda: (link.set_up if was_up else link.set_down)(name))
        await self._change_type(index, interface.type)
        self._change_address(self._plan.address)
        link.set_up(name)
        return index, capabilities

    async def _wait_until_free(self, interface: InterfaceDescription) -> InterfaceDescription:
        """The interface once it is in no network and beacons none."""
        deadline = asyncio.get_running_loop().time() + _CLEAN_UP_TIME
        while interface.ssid is not None:
            may_be_dead = interface.type in (InterfaceType.AP, self._plan.type)
            if not may_be_dead or not await self._wait_for_change(deadline):
                raise RadioError(_describe_use(interface))
            interface = await read_interface(self._transport, interface.index, interface.name)
        return interface

    async def _wait_for_change(self, deadline: float) -> bool:
        """False when the time is over."""
        try:
            async with asyncio.timeout_at(deadline):
                await self._changed.wait()
        except TimeoutError:
            return False
        self._changed.clear()
        return True

    async def _refuse_managed(self, index: int, name: str) -> None:
        """A station's interface is ours from here on: who comes later is refused as we would be now."""
        request = {"IFINDEX": index} | requests.register_frame(_ACTION, _MANAGED_STATION_FRAME)
        try:
            await self._transport.request(Command.REGISTER_FRAME, request)
        except NetlinkError as error:
            if error.errno == errno.EALREADY and not self._plan.is_lent:
                raise RadioError(
                    f"{name} is managed by another program (wpa_supplicant, NetworkManager or iwd): "
                    f"tell it to leave {name} alone, or name another interface"
                ) from error
            _log.debug("cannot tell whether %s is managed by somebody: %s", name, error)

    async def _change_type(self, index: int, former: InterfaceType | None) -> None:
        """To what was asked for; the interface must be down for it, and so must it be to become what it was."""
        if former is self._plan.type:
            return
        link.set_down(self._plan.interface)
        await self._set_type(index, self._plan.type)
        if former is not None:
            self.undo.push_async_callback(self._restore_type, index, former)

    async def _set_type(self, index: int, kind: InterfaceType) -> None:
        try:
            await self._transport.request(Command.SET_INTERFACE, {"IFINDEX": index, "IFTYPE": int(kind)})
        except NetlinkError as error:
            if error.errno in (errno.EBUSY, errno.EOPNOTSUPP):
                why = "is in use" if error.errno == errno.EBUSY else "cannot change its type"
                raise RadioError(f"{self._plan.interface} {why} ({error.strerror})") from error
            raise

    async def _restore_type(self, index: int, former: InterfaceType) -> None:
        if not self._is_the_same():
            return
        try:
            link.set_down(self._plan.interface)
            await self._set_type(index, former)
        except AgentError as error:
            _log.warning("cannot restore the type of %s: %s", self._plan.interface, error)

    def _change_address(self, new: MacAddress | None) -> None:
        name = self._plan.interface
        former = link.address(name)
        if new is None or new == former:
            return
        link.set_down(name)
        link.set_address(name, new)

        def restore() -> None:
            link.set_down(name)
            link.set_address(name, former)

        self._on_close("restore the address of", restore)

    # ---- an interface of our own

    async def _create(self, create_on: str) -> tuple[int, RadioCapabilities]:
        await self._wait_until_gone()
        interfaces = await read_interfaces(self._transport)
        capabilities = await self._usable_wiphy(await self._wiphy_number(create_on, interfaces))
        self._refuse_together(capabilities, interfaces)
        await self._new_interface(capabilities.wiphy)
        self._index = index = link.index_of(self._plan.interface)
        self.undo.push_async_callback(self._delete_interface, index)
        if self._plan.type is InterfaceType.STATION:
            await self._refuse_managed(index, self._plan.interface)
        others = {i.address for i in interfaces if i.wiphy == capabilities.wiphy}
        address = self._plan.address or _distinct(link.address(self._plan.interface), others)
        if address != link.address(self._plan.interface):
            link.set_address(self._plan.interface, address)
        link.set_up(self._plan.interface)
        return index, capabilities

    async def _wait_until_gone(self) -> None:
        deadline = asyncio.get_running_loop().time() + _CLEAN_UP_TIME
        while link.exists(self._plan.interface):
            if not await self._wait_for_change(deadline):
                raise RadioError(f"cannot create {self._plan.interface}: there is an interface of this name already")

    async def _wiphy_number(self, create_on: str, interfaces: list[InterfaceDescription]) -> int:
        """The wiphy of this name, or the one that carries the interface of this name."""
        for interface in interfaces:
            if interface.name == create_on:
                return interface.wiphy
        names = {wiphy.wiphy_name: wiphy.wiphy for wiphy in await read_wiphys(self._transport)}
        if create_on not in names:
            known = ", ".join(sorted([*names, *(interface.name for interface in interfaces)])) or "none"
            raise RadioError(f"there is no radio or wireless interface {create_on} (there is: {known})")
        return names[create_on]

    async def _new_interface(self, wiphy: int) -> None:
        request: requests.Request = {
            "WIPHY": wiphy,
            "IFNAME": self._plan.interface,
            "IFTYPE": int(self._plan.type),
            "SOCKET_OWNER": True,
        }
        try:
            await self._transport.request(Command.NEW_INTERFACE, request)
        except NetlinkError as error:
            raise RadioError(f"cannot create {self._plan.interface}: {error.strerror}") from error

    async def _delete_interface(self, index: int) -> None:
        try:
            await self._transport.request(Command.DEL_INTERFACE, {"IFINDEX": index})
        except NetlinkError as error:
            if error.errno != errno.ENODEV:
                _log.warning("cannot remove %s: %s", self._plan.interface, error)

    # ---- both

    async def _usable_wiphy(self, number: int) -> RadioCapabilities:
        wiphys = await read_wiphys(self._transport, number)
        if not wiphys:
            raise RadioError(f"the radio of {self._plan.interface} is gone")
        wiphy = wiphys[0]
        reason = _unusable_station(wiphy) if self._plan.type is InterfaceType.STATION else _unusable_ap(wiphy)
        if reason is not None:
            raise RadioError(f"{wiphy.wiphy_name} ({wiphy.driver}) {reason}")
        state = rfkill_state(wiphy.wiphy_name)
        if state.is_blocked:
            raise RadioError(f"{wiphy.wiphy_name} is {state}")
        return wiphy

    def _refuse_together(self, capabilities: RadioCapabilities, interfaces: list[InterfaceDescription]) -> None:
        """Raises RadioError where the radio cannot have our interface up beside those that are."""
        name = self._plan.interface
        neighbours = [i for i in interfaces if i.wiphy == capabilities.wiphy and i.name != name]
        others = [i for i in neighbours if link.exists(i.name) and link.is_up(i.name)]
        reason = why_not_together(capabilities, [self._plan.type, *counted(i.type for i in others)])
        if reason is not None:
            names = " and ".join(other.name for other in others)
            raise RadioError(f"{reason}: set {names} down, or take another radio for {name}")

    def _join_bridge(self) -> None:
        name, bridge = self._plan.interface, self._plan.bridge
        if bridge is None or link.bridge_of(name) == bridge:
            return
        link.add_to_bridge(bridge, name)
        self._on_close(f"leave {bridge} with", lambda: link.remove_from_bridge(bridge, name))

    def _on_close(self, what: str, action: Callable[[], object]) -> None:
        """What is undone when the radio closes; a refusal then is a warning, the rest is undone all the same."""

        def undo() -> None:
            if not self._is_the_same():
                return
            try:
                action()
            except RadioError as error:
                _log.warning("cannot %s %s: %s", what, self._plan.interface, error)

        self.undo.callback(undo)

    def _is_the_same(self) -> bool:
        """Whether the interface is the one that was brought up: somebody may have made it anew (iwd does)."""
        name = self._plan.interface
        return link.exists(name) and link.index_of(name) == self._index


def _unusable_ap(wiphy: RadioCapabilities) -> str | None:
    if not wiphy.supports_ap:
        return "cannot be an access point: its driver has no AP mode"
    return None


def _unusable_station(wiphy: RadioCapabilities) -> str | None:
    return None if wiphy.supports_station else "cannot be a station: its driver has no station mode"


def _describe_use(interface: InterfaceDescription) -> str:
    if interface.type is InterfaceType.AP:
        return (
            f"{interface.name} is an access point already (network {interface.ssid}): "
            "stop the program that runs it, such as hostapd, or name another interface"
        )
    return (
        f"{interface.name} is connected to network {interface.ssid}: disconnect it, or name another interface "
        "(one of its own can be created on the same radio)"
    )


def _distinct(address: MacAddress, others: set[MacAddress]) -> MacAddress:
    """The address, or where it is taken on this radio, a locally administered one that differs in the first octet."""
    if address not in others:
        return address
    variants = (MacAddress(bytes([(address[0] | _LOCALLY_ADMINISTERED) ^ n << 2]) + address[1:]) for n in range(64))
    return next((variant for variant in variants if variant not in others), address)
