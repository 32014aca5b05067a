# SPDX-License-Identifier: BSD-3-Clause
"""Our station and our access points in one simulated air, on a loop whose clock jumps; and an air that loses frames."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from tests.unit.roles_bench import entropy_of
from tests.unit.simulated_station_radio import SimulatedStationRadio

from wpsagent.errors import RadioError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES, Air, Antenna, SimulatedAccessPointRadio, Unit
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import CommandFailed, StationCommand, StationEvent
from wpsagent.roles.access_point import AccessPoint
from wpsagent.roles.events import ApEvent
from wpsagent.roles.parameters import AccessPointParameters
from wpsagent.roles.runner import AccessPointRunner, ButtonGroup, Timer
from wpsagent.roles.sta.events import StationReport
from wpsagent.roles.sta.machine import StationMachine
from wpsagent.roles.sta.network import Network, NetworkList
from wpsagent.roles.sta.parameters import StationParameters
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import COMPUTER, DeviceDescription, uuid_from_mac
from wpsagent.wsc.device_psks import DevicePsks
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, RfBands, WpsState
from wpsagent.wsc.internal_registrar import InternalRegistrar, InternalRegistrarEvent
from wpsagent.wsc.issuing import IssuingPolicy

AP = MacAddress.parse("02:00:00:00:00:01")
OTHER_AP = MacAddress.parse("02:00:00:00:00:09")
STATION = MacAddress.parse("02:00:00:00:01:00")
PASSPHRASE = b"correct horse battery"
PIN = b"12345670"

_R = TypeVar("_R")
_E = TypeVar("_E")

DEVICE = DeviceDescription(
    manufacturer="M",
    model_name="N",
    device_name="station",
    primary_device_type=COMPUTER,
    config_methods=ConfigMethods.VIRTUAL_PUSH_BUTTON | ConfigMethods.VIRTUAL_DISPLAY | ConfigMethods.KEYPAD,
)


class FaultyAir(Air):
    """How often a unit arrives is what `fate(sender, unit)` says: 0 loses it, 2 repeats it."""

    def __init__(self) -> None:
        super().__init__()
        self.fate: Callable[[Antenna, Unit], int] = lambda sender, unit: 1

    def send(self, sender: Antenna, unit: Unit) -> bool:
        is_heard = False
        for _ in range(self.fate(sender, unit)):
            is_heard = super().send(sender, unit)
        return is_heard


def protected(ssid: bytes = b"home", passphrase: bytes = PASSPHRASE) -> NetworkSettings:
    return NetworkSettings(Ssid(ssid), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, passphrase=passphrase)


def known_network(ssid: bytes = b"home", passphrase: bytes = PASSPHRASE, priority: int = 0) -> Network:
    return Network(
        ssid=Ssid(ssid),
        key_management=frozenset({"WPA-PSK"}),
        protocols=frozenset({"RSN"}),
        passphrase=passphrase,
        priority=priority,
    )


class WorldAccessPoint:
    """One of our access points, with a button of its own."""

    ap_pin: bytes | None = None
    wps_state = WpsState.CONFIGURED
    policy: IssuingPolicy | None = None
    psks: DevicePsks | None = None

    def __init__(
        self, air: Air, address: MacAddress, settings: NetworkSettings, mhz: int, registrar: InternalRegistrar
    ) -> None:
        self.address = address
        self.settings = settings
        self.mhz = mhz
        self.events: list[ApEvent] = []
        self.registrar_events: list[InternalRegistrarEvent] = []
        self.group = ButtonGroup(registrar, self.registrar_events.extend)
        self.join(registrar)
        self._air = air
        self.runner = self._new_runner()

    def join(self, registrar: InternalRegistrar) -> None:
        """From the next start on this is its registrar."""
        self.registrar = self.group.registrar = registrar
        self.authority = registrar.add_network(
            self.settings, RfBands.BAND_2_4_GHZ, wps_state=self.wps_state, policy=self.policy, psks=self.psks
        )
        if self.ap_pin is not None:
            registrar.enrolment.set_ap_pin(self.ap_pin, 0.0)

    def _new_runner(self) -> AccessPointRunner:
        wps = WpsRuns(self.authority, self.address, entropy_of(f"runs {self.address}"))
        parameters = AccessPointParameters("ap", self.settings, self.mhz)
        machine = AccessPoint(parameters, self.address, SIMULATED_CAPABILITIES, wps, entropy_of(f"ap {self.address}"))
        self.radio = SimulatedAccessPointRadio(self._air, "ap", self.address)
        return AccessPointRunner(machine, self.radio, self._report)

    def _report(self, events: Sequence[ApEvent]) -> None:
        self.events += events
        self.group.pump()  # the registrar reports what a station did, too

    async def start(self) -> None:
        await self.runner.start()
        self.group.runners = [self.runner]

    def vanish(self) -> None:
        """Without a word."""
        self._air.leave(self.radio)

    async def restart(self, settings: NetworkSettings | None = None) -> None:
        """Stop, without a goodbye if it has vanished, and come up again."""
        self.vanish()
        await self.runner.stop()
        if settings is not None:
            self.settings = settings
            self.authority.reconfigure(settings)
        self.runner = self._new_runner()
        await self.start()


class PinnedAccessPoint(WorldAccessPoint):
    """With an AP PIN."""

    ap_pin = PIN


class World:
    """One station and some access points.  Only inside a JumpingLoop."""

    def __init__(self, networks: Sequence[Network] = (), **parameters: Any) -> None:
        self.air = FaultyAir()
        self.access_points: list[WorldAccessPoint] = []
        self.events: list[StationReport] = []
        self.commands: list[StationCommand] = []
        self.networks = NetworkList(networks)
        self.machine = StationMachine(
            StationParameters("sta", DEVICE, uuid_from_mac(STATION), **parameters),
            STATION,
            SIMULATED_CAPABILITIES,
            self.networks,
            entropy_of("station"),
        )
        self.radio = SimulatedStationRadio(self.air, "sta", STATION)
        self._commands: asyncio.Queue[StationCommand] = asyncio.Queue()
        self._timer = Timer(self._deadline_reached)
        self._worker: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    # ---- access points

    async def add(
        self,
        address: MacAddress = AP,
        settings: NetworkSettings | None = None,
        mhz: int = 2437,
        *,
        registrar: InternalRegistrar | None = None,
        kind: type[WorldAccessPoint] = WorldAccessPoint,
    ) -> WorldAccessPoint:
        device = DeviceDescription(device_name="AP", config_methods=ConfigMethods.PHYSICAL_PUSH_BUTTON)
        registrar = registrar or InternalRegistrar(device, uuid_from_mac(address), entropy_of(f"registrar {address}"))
        access_point = kind(self.air, address, settings or protected(), mhz, registrar)
        await access_point.start()
        self.access_points.append(access_point)
        return access_point

    # ---- the station

    def start(self) -> None:
        self.radio.set_handler(self._received)
        self._worker = asyncio.get_running_loop().create_task(self._execute())
        self.do(self.machine.start)

    def do(self, call: Callable[[float], _R]) -> _R:
        """What the owner asks for, at this time."""
        result = call(self.now)
        self.pump()
        return result

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    async def until(self, kind: type[_E], seconds: float = 200.0) -> _E:
        """Wait for the next report of a kind, which is taken with all before it."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    for index, event in enumerate(self.events):
                        if isinstance(event, kind):
                            del self.events[: index + 1]
                            return event
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind.__name__} in {seconds} s; events: {self.events}") from None

    async def is_online(self) -> bool:
        """Data goes through; the access point opens its port when message 4 has come."""
        for _ in range(20):
            await asyncio.sleep(0.01)
            if await self.radio.ping() is not None:
                return True
        return False

    def take(self, kind: type[_E]) -> list[_E]:
        """The reports of a kind so far; all reports are taken."""
        events, self.events = self.events, []
        return [event for event in events if isinstance(event, kind)]

    def pump(self) -> None:
        for command in self.machine.messages_to_send():
            self.commands.append(command)
            self._commands.put_nowait(command)
        self._timer.set(self.machine.deadline)
        self.events += iter(self.machine.next_event, None)
        self._news.set()

    async def close(self) -> None:
        self.do(self.machine.stop)
        await self._commands.join()
        self._timer.close()
        if self._worker is not None:
            self._worker.cancel()
        await self.radio.close()
        for access_point in self.access_points:
            await access_point.runner.stop()
            access_point.group.stop()

    def _received(self, event: StationEvent) -> None:
        self.machine.receive(event, self.now)
        self.pump()

    def _deadline_reached(self) -> None:
        before = self.machine.deadline
        now = self.now if before is None else max(self.now, before)  # the loop may be early by its resolution
        self.machine.handle_timer(now)
        after = self.machine.deadline
        assert after is None or after > now, f"the deadline {before} was met and is still due"
        self.pump()

    async def _execute(self) -> None:
        while True:
            command = await self._commands.get()
            try:
                await self.radio.execute(command)
            except RadioError as error:
                self._received(CommandFailed(command, str(error)))
            finally:
                self._commands.task_done()


@asynccontextmanager
async def world(networks: Sequence[Network] = (), **parameters: Any) -> AsyncIterator[World]:
    """A world whose station runs."""
    a_world = World(networks, **parameters)
    a_world.start()
    try:
        yield a_world
    finally:
        await a_world.close()
