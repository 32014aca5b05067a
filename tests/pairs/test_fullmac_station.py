# SPDX-License-Identifier: BSD-3-Clause
"""Our station on a FullMAC chip, from the button to the ping: the agent's nl80211 against the fake of brcmfmac."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, TypeVar

import pytest
from tests.pairs.station_world import (
    AP,
    DEVICE,
    OTHER_AP,
    WorldAccessPoint,
    known_network,
    protected,
)
from tests.unit.fullmac_chip import ABORT_SCAN, with_chip
from tests.unit.fullmac_station import CONNECT, DISCONNECT, TRIGGER_SCAN, StationChip
from tests.unit.jumping_loop import run
from tests.unit.nl80211_world import CONTROL_PORT_FRAME
from tests.unit.roles_bench import entropy_of

from wpsagent.io.nl80211.station import open_station_radio
from wpsagent.io.simulated_radio import Air
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.events import StationReport
from wpsagent.roles.sta.machine import StationMachine
from wpsagent.roles.sta.network import Network, NetworkList
from wpsagent.roles.sta.parameters import StationParameters
from wpsagent.roles.sta.runner import StationRunner
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import DeviceDescription, uuid_from_mac
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType
from wpsagent.wsc.internal_registrar import InternalRegistrar

OPEN = NetworkSettings(Ssid(b"home"), AuthenticationType.OPEN, EncryptionType.NONE)
PIN = b"12345670"

_E = TypeVar("_E", bound=StationReport)


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[StationChip]:
    for each in with_chip(monkeypatch, StationChip(Air())):
        assert isinstance(each, StationChip)
        yield each


class Home:
    """The station, the access points around it, and what it reported."""

    def __init__(self, chip: StationChip, runner: StationRunner, events: list[StationReport]) -> None:
        self.chip = chip
        self.runner = runner
        self.machine = runner.machine
        self.events = events
        self.access_points: list[WorldAccessPoint] = []

    def do(self, call: Callable[..., Any], *arguments: Any) -> None:
        call(*arguments, asyncio.get_running_loop().time())
        self.runner.pump()

    async def until(self, kind: type[_E], seconds: float = 60.0) -> _E:
        """The next report of a kind; it is taken with all before it."""
        async with asyncio.timeout(seconds):
            while True:
                for at, event in enumerate(self.events):
                    if isinstance(event, kind):
                        del self.events[: at + 1]
                        return event
                await asyncio.sleep(0.01)

    async def is_online(self) -> bool:
        for _ in range(20):
            await asyncio.sleep(0.01)
            if await self.chip.radio.ping() is not None:
                return True
        return False

    async def add(
        self, address: MacAddress = AP, settings: NetworkSettings | None = None, mhz: int = 2437
    ) -> WorldAccessPoint:
        device = DeviceDescription(device_name="AP", config_methods=ConfigMethods.PHYSICAL_PUSH_BUTTON)
        registrar = InternalRegistrar(device, uuid_from_mac(address), entropy_of(f"registrar {address}"))
        access_point = WorldAccessPoint(self.chip.air, address, settings or protected(), mhz, registrar)
        await access_point.start()
        self.access_points.append(access_point)
        return access_point


Scene = Callable[[Home], Awaitable[None]]


def play(chip: StationChip, scene: Scene, networks: Sequence[Network] = ()) -> None:
    async def main() -> None:
        radio = await open_station_radio("wlan0")
        assert not radio.capabilities.has_control_port
        events: list[StationReport] = []
        machine = StationMachine(
            StationParameters("wlan0", DEVICE, uuid_from_mac(radio.address)),
            radio.address,
            radio.capabilities,
            NetworkList(networks),
            entropy_of("station"),
        )
        runner = StationRunner(machine, radio, events.extend)
        home = Home(chip, runner, events)
        await runner.start()
        try:
            await scene(home)
        finally:
            await runner.stop()
            await chip.shut_down()
            for access_point in home.access_points:
                await access_point.runner.stop()
                access_point.group.stop()

    run(main())
    assert CONTROL_PORT_FRAME not in chip.kernel.commands()


def test_a_press_here_and_there_connects(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        access_point = await home.add()
        access_point.group.press_button()
        home.do(home.machine.wps_push_button)
        await home.until(report.Connected)
        assert await home.is_online()

    play(chip, scene)
    for_wps, for_good = (request.values for request in chip.kernel.requests if request.command == CONNECT)
    assert 70 in for_wps  # PRIVACY, with neither suites nor an RSN element
    assert not {73, 74, 75, 76} & for_wps.keys()
    assert for_wps[42][:6] == b"\xdd" + for_wps[42][1:2] + b"\x00\x50\xf2\x04"
    assert {70, 73, 74, 75, 76} <= for_good.keys()
    assert set(chip.refused) <= {ABORT_SCAN}


def test_by_pin(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        access_point = await home.add()
        access_point.group.add_pin(PIN)
        home.do(home.machine.wps_pin, PIN)
        await home.until(report.Connected)
        assert await home.is_online()

    play(chip, scene)


@pytest.mark.parametrize("settings", [protected(), OPEN], ids=["WPA2", "open"])
def test_a_known_network_is_joined_and_again_after_it_was_lost(chip: StationChip, settings: NetworkSettings) -> None:
    async def scene(home: Home) -> None:
        access_point = await home.add(settings=settings)
        await home.until(report.Connected)
        assert await home.is_online()
        await access_point.restart()
        await home.until(report.ConnectionLost)
        await home.until(report.Connected)
        assert await home.is_online()

    is_open = settings is OPEN
    network = Network(ssid=Ssid(b"home"), key_management=frozenset({"NONE"})) if is_open else known_network()
    play(chip, scene, [network])
    assert chip.refused == []


def test_the_group_key_is_renewed(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        access_point = await home.add()
        await home.until(report.Connected)
        assert await home.is_online()
        access_point.runner.machine.rekey(asyncio.get_running_loop().time())
        access_point.runner.pump()
        await home.until(report.GroupKeyRenewed)
        assert await home.is_online()

    play(chip, scene, [known_network()])
    assert chip.keys == [0, 1, 2]


def test_a_wrong_key_is_told(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        await home.add()
        assert (await home.until(report.NetworkTempDisabled)).is_wrong_key

    play(chip, scene, [known_network(passphrase=b"not the passphrase")])


def test_firmware_that_finds_nobody_is_believed_and_another_try_is_made(chip: StationChip) -> None:
    """Its failure names 00:00:00:00:00:00, and is heard all the same."""

    async def scene(home: Home) -> None:
        access_point = await home.add()
        chip.finds_nobody = True
        rejected = await home.until(report.AssociationRejected, 5)
        assert (rejected.bssid, rejected.status_code) == (access_point.address, 16)
        chip.finds_nobody = False
        await home.until(report.Connected)

    play(chip, scene, [known_network()])


def test_firmware_that_roams_is_followed(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        await home.add()
        await home.add(OTHER_AP, mhz=2462)
        first = await home.until(report.Connected)
        assert await home.is_online()
        target = OTHER_AP if first.bssid == AP else AP
        chip.roam(target)
        assert (await home.until(report.AssociatedWith)).bssid == target
        assert (await home.until(report.Connected)).bssid == target
        assert await home.is_online()
        assert not [event for event in home.events if isinstance(event, report.ConnectionLost)]

    play(chip, scene, [known_network()])
    assert chip.kernel.commands().count(CONNECT) == 1


def test_wps_while_connected_leaves_and_comes_back(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        access_point = await home.add()
        await home.until(report.Connected)
        access_point.group.press_button()
        home.do(home.machine.wps_push_button)
        await home.until(report.Connected)
        assert await home.is_online()

    play(chip, scene, [known_network()])
    commands = chip.kernel.commands()
    assert commands.index(DISCONNECT) > commands.index(CONNECT)


def test_a_scan_that_cannot_be_aborted_is_waited_for(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        access_point = await home.add()
        access_point.group.press_button()
        await home.until(report.ScanStarted)
        home.do(home.machine.wps_push_button)
        await home.until(report.Connected)

    play(chip, scene, [known_network(b"elsewhere")])
    assert chip.refused == [ABORT_SCAN]


def test_a_scan_that_the_firmware_refuses_while_it_connects_is_asked_for_again(chip: StationChip) -> None:
    async def scene(home: Home) -> None:
        await home.add()
        chip.is_connecting = True
        await asyncio.sleep(2)
        assert TRIGGER_SCAN in chip.kernel.commands()
        assert not [event for event in home.events if isinstance(event, report.ScanCompleted)]
        chip.is_connecting = False
        await home.until(report.Connected)

    play(chip, scene, [known_network()])
