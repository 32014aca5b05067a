# SPDX-License-Identifier: BSD-3-Clause
"""A world for the doctor: files below a folder, sockets, commands, radios, board and broker, all of it at will."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wpsagent.capabilities import Band, Frequency, InterfaceType, RadioCapabilities
from wpsagent.config.loader import parse
from wpsagent.config.model import ButtonSettings, Configuration, LedSettings, MqttSettings
from wpsagent.daemon.board import BoardUnavailableError
from wpsagent.daemon.diagnosis import CommandResult, Finding, Ports, diagnose
from wpsagent.errors import ConfigError
from wpsagent.io.control_client import ControlSocketError
from wpsagent.io.hand_over.choice import Choice, Place, choose
from wpsagent.io.nl80211.capabilities import InterfaceDescription, RfkillState, WiphyDescription
from wpsagent.octets import MacAddress, Ssid
from wpsagent_board.errors import BoardError

CONFIG_PATH = Path("/etc/wps-agent/wps-agent.toml")
ACCESS_POINT = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "12345678"\n'
ALL_CAPABILITIES = "Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n"
AGENT_SOCKET = "/run/wps-agent/control"
TODAY = 1795000000.0


def interface(
    name: str = "wlan0", kind: InterfaceType = InterfaceType.STATION, ssid: str | None = None, mhz: int | None = None
) -> InterfaceDescription:
    network = None if ssid is None else Ssid(ssid.encode())
    return InterfaceDescription(name, 3, kind, MacAddress(b"\x02\0\0\0\0\x01"), 0, network, mhz)


def capabilities(
    name: str = "phy0",
    *,
    types: frozenset[InterfaceType] = frozenset({InterfaceType.STATION, InterfaceType.AP}),
    frequencies: tuple[Frequency, ...] = (Frequency(2412), Frequency(2437)),
    has_ap_sme: bool = False,
    cipher_suites: frozenset[int] = frozenset({0x000FAC02, 0x000FAC04}),
) -> RadioCapabilities:
    return RadioCapabilities(
        0, name, types, (Band(frequencies, ()),), has_ap_sme, cipher_suites=cipher_suites, driver="mt76x2u"
    )


def wiphy(
    radio: RadioCapabilities | None = None,
    *interfaces: InterfaceDescription,
    rfkill: RfkillState | None = None,
) -> WiphyDescription:
    return WiphyDescription(radio or capabilities(), interfaces, rfkill or RfkillState())


def agent_report(state: str = "enabled", reason: str | None = None, interface: str = "wlan0", **more: object) -> str:
    """What AGENT_STATUS answers."""
    network = {"interface": interface, "state": state, "reason": reason, "channel": 6}
    return json.dumps({"version": "1.0", "pid": 7, "access_points": [network], "mqtt": None, **more})


@dataclass
class World:
    """config None: there is no file.  sockets: path → answer, or None for silence.  button, led: why they fail."""

    root: Path
    config: str | None = ACCESS_POINT
    wiphys: list[WiphyDescription] | Exception = field(default_factory=lambda: [wiphy(None, interface())])
    commands: dict[str, CommandResult] = field(default_factory=dict)
    asked: list[tuple[str, ...]] = field(default_factory=list)
    sockets: dict[str, str | None] = field(default_factory=dict)
    forbidden: set[str] = field(default_factory=set)
    wps_status: str = "PBC Status: Disabled\n"
    button: str | bool = False
    led: str = ""
    broker: str | Exception | None = None
    groups: set[str] = field(default_factory=set)
    wall_time: float = TODAY
    choose_manager: Callable[[str, Place], Awaitable[Choice]] = choose

    def write(self, path: str, text: str = "") -> None:
        """A file of the system."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def listen(self, path: str, answer: str | None) -> None:
        """A control socket with somebody behind it who answers this, or nothing (None)."""
        self.write(path)
        self.sockets[path] = answer

    def run(self, pid: int, name: str, *arguments: str) -> None:
        """A process."""
        self.write(f"/proc/{pid}/comm", f"{name}\n")
        self.write(f"/proc/{pid}/cmdline", "\0".join((name, *arguments)) + "\0")

    def findings(self) -> list[Finding]:
        async def collect() -> list[Finding]:
            return [finding async for finding in diagnose(CONFIG_PATH, self.ports())]

        return asyncio.run(collect())

    def of(self, check: str) -> list[Finding]:
        """What one check says."""
        return [finding for finding in self.findings() if finding.check == check]

    def one(self, check: str) -> Finding:
        """The only thing that one check says."""
        [finding] = self.of(check)
        return finding

    # ---- the ports

    def ports(self) -> Ports:
        return Ports(
            root=self.root,
            load=self._load,
            may_use=self._may_use,
            discover=self._discover,
            run=self._run,
            ask=self._ask,
            probe=self._probe,
            try_button=self._try_button,
            try_led=self._try_led,
            has_group=self.groups.__contains__,
            wall_time=lambda: self.wall_time,
            choose_manager=self.choose_manager,
        )

    def _load(self, path: Path) -> Configuration:
        if self.config is None:
            raise ConfigError([f"{path}: cannot be read"])
        return parse(self.config, path, "node")

    def _may_use(self, path: Path, mode: int) -> bool:
        if path.is_relative_to(CONFIG_PATH.parent):
            is_there, name, folder = self.config is not None, str(path), str(path.parent)
        else:
            is_there, name = path.exists(), f"/{path.relative_to(self.root)}"
            folder = str(Path(name).parent)
        return is_there and folder not in self.forbidden and (mode == os.F_OK or name not in self.forbidden)

    async def _discover(self) -> list[WiphyDescription]:
        if isinstance(self.wiphys, Exception):
            raise self.wiphys
        return self.wiphys

    async def _run(self, command: Sequence[str]) -> CommandResult | None:
        self.asked.append(tuple(command))
        return self.commands.get(command[0])

    async def _ask(self, path: Path, command: str) -> str:
        name = f"/{path.relative_to(self.root)}"
        if name not in self.sockets:
            raise ControlSocketError(f"wps-agent is not running: nobody answers on {path}")
        answer = self.sockets[name]
        if answer is None:
            raise ControlSocketError(f"wps-agent on {path} did not answer within 2 s: it is stuck; see its log")
        if command == "WPS_GET_STATUS":
            return self.wps_status
        assert command in ("PING", "AGENT_STATUS")
        return answer

    async def _probe(self, settings: MqttSettings) -> str | None:
        assert settings.host == "broker"
        if isinstance(self.broker, Exception):
            raise self.broker
        return self.broker

    def _try_button(self, settings: ButtonSettings) -> bool:
        if isinstance(self.button, str):
            raise BoardUnavailableError(f"button {settings.pin}: {self.button}") from BoardError(self.button)
        return self.button

    def _try_led(self, settings: LedSettings) -> None:
        if self.led:
            raise BoardUnavailableError(f"LED {settings.name}: {self.led}") from BoardError(self.led)
