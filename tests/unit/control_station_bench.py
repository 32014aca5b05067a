# SPDX-License-Identifier: BSD-3-Clause
"""A station on the bench as its control commands see it, and an agent that has it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from tests.unit.sta_air import BUTTON_SELECTED, RSNE, result, wps
from tests.unit.sta_bench import AP, StationBench, authenticator
from tests.unit.test_control_commands import FakeAgent

from wpsagent.control import AccessPoint, AccessPointStatus, Commands
from wpsagent.control.agent import Station
from wpsagent.dot11.frames import Capability
from wpsagent.errors import AgentError, UsageError
from wpsagent.ports import EapolReceived, SendEapol
from wpsagent.roles.sta.machine import StationMachine
from wpsagent.roles.sta.network import NetworkList
from wpsagent.roles.sta.options import check_option, shown_option, with_options

_R = TypeVar("_R")

AIR = (
    result(1, RSNE + wps(BUTTON_SELECTED)),
    result(2, b"", ssid=b"cafe", mhz=2412, dbm=-70, capability=Capability.ESS),
)


class BenchStation:
    """A station on the bench, as its commands see it."""

    def __init__(self, bench: StationBench, interface: str = "wlan5") -> None:
        self.bench = bench
        self.interface = interface
        self.is_up = True
        self.saved = 0
        self.reloaded = 0
        self.failure: AgentError | None = None
        self.ip_address: str | None = None
        self.access_point: AccessPoint | None = None
        self.access_point_id: int | None = None
        self.options: dict[str, str] = {}
        self._scan_ids = 0

    @property
    def networks(self) -> NetworkList:
        return self.bench.networks

    @property
    def now(self) -> float:
        return self.bench.now

    def machine(self) -> StationMachine:
        if not self.is_up:
            raise UsageError(f"{self.interface} is down: it was pulled")
        return self.bench.machine

    def act(self, call: Callable[[StationMachine, float], _R]) -> _R:
        try:
            return call(self.machine(), self.bench.now)
        finally:
            self.bench.drain()

    def begin_wps(self, call: Callable[[StationMachine, float], object]) -> None:
        self.act(call)

    def edit(self, call: Callable[[StationMachine, float], _R]) -> _R:
        try:
            return call(self.bench.machine, self.bench.now)
        finally:
            self.bench.drain()

    def save(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.saved += 1

    def reload(self) -> None:
        if self.failure is not None:
            raise self.failure
        self.reloaded += 1

    def new_pin(self) -> bytes:
        return b"12345670"

    def new_scan_id(self) -> int:
        self._scan_ids += 1
        return self._scan_ids

    def set_option(self, name: str, value: str) -> None:
        check_option(name, value)
        self.options[name] = value
        self.bench.machine.set_parameters(with_options(self.bench.machine.parameters, {name: value}))

    def get_option(self, name: str) -> str | None:
        return shown_option(name, self.bench.machine.parameters, self.options)

    def become_access_point(self, network_id: int) -> None:
        self.access_point_id = network_id

    def leave_access_point(self, network_id: int | None = None) -> None:
        if network_id in (None, self.access_point_id):
            self.access_point_id = None


class AgentOfBoth(FakeAgent):
    """The access points of FakeAgent, or none, and stations."""

    def __init__(self, *stations: Station, has_access_points: bool = True) -> None:
        super().__init__()
        self._stations = stations
        self._has_access_points = has_access_points

    def access_points(self) -> Sequence[AccessPointStatus]:
        return super().access_points() if self._has_access_points else ()

    def stations(self) -> Sequence[Station]:
        return self._stations


def why(commands: Commands, request: str) -> str:
    """The reason for a FAIL."""
    assert commands(request) == "FAIL\n"
    return commands("WHY").strip()


def joined(bench: StationBench) -> None:
    """Through the handshake, into the protected network."""
    bench.connect()
    other = authenticator()
    other.start(bench.now)
    while messages := other.messages_to_send():
        for message in messages:
            bench.receive(EapolReceived(AP, message.pdu))
            for command in bench.commands:
                if isinstance(command, SendEapol):
                    other.receive(command.pdu, bench.now)


def station_commands(bench: StationBench) -> tuple[BenchStation, Commands]:
    """The station of a bench, and its commands."""
    station = BenchStation(bench)
    return station, Commands(AgentOfBoth(station, has_access_points=False))
