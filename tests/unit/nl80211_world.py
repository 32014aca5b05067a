# SPDX-License-Identifier: BSD-3-Clause
"""A radio on a scripted kernel: one wiphy (phy4) with one interface (wlan0), its links and its EAPOL sockets."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from tests.unit.nl80211_kernel import FakeKernel, Request, attribute, event, nest, u32

from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211 import RfkillState, bring_up
from wpsagent.io.nl80211 import interface as interface_module
from wpsagent.io.nl80211 import station as station_module
from wpsagent.io.nl80211.access_point import open_access_point_radio
from wpsagent.io.nl80211.radio import Nl80211Radio
from wpsagent.io.nl80211.station import Nl80211StationRadio, open_station_radio
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import (
    Beacon,
    RadioEvent,
    StartAccessPoint,
    StationEvent,
)

GET_WIPHY, NEW_WIPHY, DEL_WIPHY = 1, 3, 4
GET_INTERFACE, SET_INTERFACE, NEW_INTERFACE, DEL_INTERFACE = 5, 6, 7, 8
GET_KEY, SET_KEY, NEW_KEY, SET_BEACON, START_AP, STOP_AP = 9, 10, 11, 14, 15, 16
GET_STATION, SET_STATION, NEW_STATION, DEL_STATION, SET_BSS = 17, 18, 19, 20, 25
REGISTER_FRAME, FRAME, FRAME_TX_STATUS = 58, 59, 60
UNEXPECTED_FRAME, PROBE_CLIENT, CONTROL_PORT_FRAME = 83, 84, 129

STATION_TYPE, AP_TYPE = 2, 3
INDEX = 3
OWN = MacAddress.parse("02:00:00:00:00:00")
STATION = MacAddress.parse("02:00:00:00:01:00")
OTHER = MacAddress.parse("02:00:00:00:09:00")

BEACON = Beacon(b"head", b"tail", b"beacon ies", b"probe ies", b"assoc ies")
START = StartAccessPoint(
    ssid=Ssid(b"net"),
    frequency_mhz=2412,
    beacon=BEACON,
    beacon_interval_tu=100,
    dtim_period=2,
    basic_rates=(2, 4, 11, 22),
    is_protected=False,
    has_ht=False,
)


class FakeLink:
    """Network interfaces as a table; stands in for wpsagent.io.link."""

    def __init__(self) -> None:
        self.up = {"wlan0": False}
        self.addresses = {"wlan0": OWN}
        self.bridges: dict[str, str] = {}
        self.log: list[str] = []
        self.failures: dict[str, str] = {}

    def _step(self, step: str) -> None:
        self.log.append(step)
        if step in self.failures:
            raise RadioError(self.failures[step])

    def exists(self, name: str) -> bool:
        return name in self.up

    def index_of(self, name: str) -> int:
        if name not in self.up:
            raise RadioError(f"there is no interface {name}")
        return INDEX + list(self.up).index(name)

    def is_up(self, name: str) -> bool:
        if name not in self.up:
            raise RadioError(f"there is no interface {name}")
        return self.up[name]

    def set_up(self, name: str) -> None:
        self._step(f"up {name}")
        self.up[name] = True

    def set_down(self, name: str) -> None:
        self._step(f"down {name}")
        self.up[name] = False

    def address(self, name: str) -> MacAddress:
        return self.addresses[name]

    def set_address(self, name: str, new: MacAddress) -> None:
        self._step(f"address {name} {new}")
        assert not self.up[name]
        self.addresses[name] = new

    def hold_back(self, name: str) -> None:
        self._step(f"hold back {name}")

    def let_through(self, name: str) -> None:
        self._step(f"let through {name}")

    def end_holding_back(self, name: str) -> None:
        self._step(f"end holding back {name}")

    def bridge_of(self, name: str) -> str | None:
        return self.bridges.get(name)

    def add_to_bridge(self, bridge: str, name: str) -> None:
        self._step(f"join {bridge} {name}")
        self.bridges[name] = bridge

    def remove_from_bridge(self, bridge: str, name: str) -> None:
        self._step(f"leave {bridge} {name}")
        del self.bridges[name]


class FakeEapolSocket:
    """Stands in for wpsagent.io.packet_socket.EapolSocket."""

    def __init__(self, interface: str, handler: Callable[[MacAddress, bytes], None], *, bridge: str | None) -> None:
        self.interface, self.handler, self.bridge = interface, handler, bridge
        self.sent: list[tuple[MacAddress, bytes]] = []
        self.is_closed = False

    def send(self, destination: MacAddress, pdu: bytes) -> None:
        self.sent.append((destination, pdu))

    def close(self) -> None:
        self.is_closed = True


class FakeLinkWatch:
    """Stands in for wpsagent.io.nl80211.link_watch.LinkWatch."""

    def __init__(self, index: int, handler: Callable[[], None]) -> None:
        self.index, self.handler = index, handler
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class World:
    """One radio on phy4 with its interface wlan0, as the kernel and the links see it."""

    def __init__(self) -> None:
        self.kernel = FakeKernel()
        self.link = FakeLink()
        self.kind = STATION_TYPE
        self.ssid: bytes | None = None
        self.rfkill = RfkillState()
        self.features = bytes([0, 0, 0, 1 << 2, 0, 0, 1])
        self.types = nest(32, attribute(2), attribute(3))
        self.more_of_wiphy = b""
        self.frequency_flags = b""
        self.address_of_created = OWN
        self.events: list[RadioEvent | StationEvent] = []
        self.link_watches: list[FakeLinkWatch] = []
        self.eapol_sockets: list[FakeEapolSocket] = []
        answers = self.kernel.answers
        answers[GET_WIPHY] = self.wiphy
        answers[GET_INTERFACE] = self.interface
        answers[SET_INTERFACE] = self.set_interface
        answers[NEW_INTERFACE] = self.new_interface
        answers[DEL_INTERFACE] = self.delete_interface

    def wiphy(self, request: Request) -> list[bytes]:
        frequencies = nest(1, nest(0, attribute(1, u32(2412)), self.frequency_flags))
        wiphy = request.reply(
            NEW_WIPHY,
            attribute(1, u32(4)),
            attribute(2, b"phy4\0"),
            attribute(217, self.features),
            self.types,
            nest(22, nest(0, frequencies)),
            self.more_of_wiphy,
        )
        return [wiphy, request.done()]

    def interface(self, request: Request) -> list[bytes]:
        ssid = b"" if self.ssid is None else attribute(52, self.ssid)
        reply = request.reply(
            NEW_INTERFACE,
            attribute(3, u32(INDEX)),
            attribute(4, b"wlan0\0"),
            attribute(1, u32(4)),
            attribute(5, u32(self.kind)),
            attribute(6, OWN),
            ssid,
        )
        return [reply, request.done() if request.flags & 0x300 else request.end()]

    def set_interface(self, request: Request) -> list[bytes]:
        assert not self.link.up["wlan0"]
        self.kind = int.from_bytes(request.values[5], "little")
        return [request.end()]

    def new_interface(self, request: Request) -> list[bytes]:
        name = request.values[4].rstrip(b"\0").decode()
        self.link.up[name] = False
        self.link.addresses[name] = self.address_of_created
        return [request.end()]

    def delete_interface(self, request: Request) -> list[bytes]:
        del self.link.up["ap0"]
        return [request.end()]

    def open_eapol(
        self, interface: str, handler: Callable[[MacAddress, bytes], None], *, bridge: str | None
    ) -> FakeEapolSocket:
        self.eapol_sockets.append(FakeEapolSocket(interface, handler, bridge=bridge))
        return self.eapol_sockets[-1]

    def open_link_watch(self, index: int, handler: Callable[[], None]) -> FakeLinkWatch:
        self.link_watches.append(FakeLinkWatch(index, handler))
        return self.link_watches[-1]

    def deliver(self, command: int, *attributes: bytes, index: int = INDEX) -> None:
        self.kernel.deliver(event(command, attribute(3, u32(index)), *attributes))

    async def settle(self) -> None:
        for _ in range(20):
            await asyncio.sleep(0)


def worlds(monkeypatch: pytest.MonkeyPatch, world: World | None = None) -> Iterator[World]:
    """For a fixture: a world that open_access_point_radio lives in; at the end its socket must be closed."""
    world = world or World()
    monkeypatch.setattr("wpsagent.io.nl80211.transport.open_socket", lambda: world.kernel)
    for module in (bring_up, interface_module):
        monkeypatch.setattr(module, "link", world.link)
        monkeypatch.setattr(module, "rfkill_state", lambda _name: world.rfkill)
    monkeypatch.setattr(bring_up, "_CLEAN_UP_TIME", 0.05)
    monkeypatch.setattr(interface_module, "EapolSocket", world.open_eapol)
    monkeypatch.setattr(station_module, "link", world.link)
    monkeypatch.setattr(station_module, "LinkWatch", world.open_link_watch)
    yield world
    assert world.kernel.is_closed


Scenario = Callable[[Nl80211Radio], Awaitable[None]]
StationScenario = Callable[[Nl80211StationRadio], Awaitable[None]]


async def _live(world: World, radio: Any, scenario: Callable[[Any], Awaitable[None]]) -> None:
    radio.set_handler(world.events.append)
    world.kernel.requests.clear()
    try:
        await scenario(radio)
    finally:
        await radio.close()


def run(world: World, scenario: Scenario, interface: str = "wlan0", **options: Any) -> None:
    """The scenario with an access point's radio that is open."""

    async def main() -> None:
        await _live(world, await open_access_point_radio(interface, **options), scenario)

    asyncio.run(main())


def run_station(world: World, scenario: StationScenario, **options: Any) -> None:
    """The scenario with a station's radio that is open."""

    async def main() -> None:
        await _live(world, await open_station_radio("wlan0", **options), scenario)

    asyncio.run(main())


def refusal(world: World, interface: str = "wlan0", *, is_station: bool = False, **options: Any) -> str:
    """The words with which opening is refused."""
    opener: Any = open_station_radio if is_station else open_access_point_radio
    with pytest.raises((RadioError, NetlinkError)) as caught:
        asyncio.run(opener(interface, **options))
    return str(caught.value)


async def nothing(_radio: Nl80211Radio | Nl80211StationRadio) -> None:
    pass
