# SPDX-License-Identifier: BSD-3-Clause
"""What the checks look at: files below a root, commands, sockets, radios, the board, a broker, the clock.

`Ports` is all of the outside world; a test gives its own.  `Survey` is what the checks have learnt so far: each may
use what an earlier one has found.
"""

import asyncio
import grp
import json
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from wpsagent.config.loader import load
from wpsagent.config.model import (
    AccessPointSettings,
    ButtonSettings,
    Configuration,
    HandOver,
    LedSettings,
    MqttSettings,
    StationSettings,
)
from wpsagent.daemon.board import open_buttons, open_leds
from wpsagent.io.async_control_client import AsyncControlClient
from wpsagent.io.control_client import ControlSocketError
from wpsagent.io.hand_over.choice import Choice, Place, choose
from wpsagent.io.nl80211.capabilities import WiphyDescription, discover
from wpsagent_board.detect import BoardTraits, look_at_board

COMMAND_TIME = 10.0
ANSWER_TIME = 2.0


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended, and what it printed on standard output, or on standard error if nothing there."""

    status: int
    output: str


async def run_command(command: Sequence[str]) -> CommandResult | None:
    """Run a program, its words in English; None when there is none that can be run, or it does not end in time."""
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C"},
        )
    except OSError:
        return None
    try:
        async with asyncio.timeout(COMMAND_TIME):
            output, errors = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.communicate()
        return None
    return CommandResult(process.returncode or 0, (output or errors).decode(errors="replace"))


async def ask(path: Path, command: str) -> str:
    """The answer of a control socket; raises ControlSocketError."""
    async with AsyncControlClient(path) as client:
        return await client.request(command, ANSWER_TIME)


async def probe_broker(settings: MqttSettings) -> str | None:
    """Whether the broker would take us: None, or why not."""
    # Imported when there is a broker: paho is not small.
    from wpsagent.io.mqtt import probe

    return await probe(settings)


def try_button(settings: ButtonSettings) -> bool:
    """Open a button and give it back; whether it reads as pressed.  Raises BoardUnavailableError."""
    [button] = open_buttons((settings,), lambda _gesture, _action, _settings: None)
    try:
        return button.is_pressed
    finally:
        button.close()


def try_led(settings: LedSettings) -> None:
    """Open an LED and give it back as it was.  Raises BoardUnavailableError."""
    open_leds((settings,)).close()


def has_group(name: str) -> bool:
    """Whether this device has a group of a name or number."""
    try:
        grp.getgrnam(name)
    except KeyError:
        return name.isdecimal()
    return True


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside world.  root: where /proc, /run, /sys, /dev and /etc are; may_use: os.access."""

    root: Path = Path("/")
    load: Callable[[Path], Configuration] = load
    may_use: Callable[[Path, int], bool] = os.access
    discover: Callable[[], Awaitable[list[WiphyDescription]]] = discover
    run: Callable[[Sequence[str]], Awaitable[CommandResult | None]] = run_command
    ask: Callable[[Path, str], Awaitable[str]] = ask
    probe: Callable[[MqttSettings], Awaitable[str | None]] = probe_broker
    try_button: Callable[[ButtonSettings], bool] = try_button
    try_led: Callable[[LedSettings], None] = try_led
    has_group: Callable[[str], bool] = has_group
    wall_time: Callable[[], float] = time.time
    choose_manager: Callable[[str, Place], Awaitable[Choice]] = choose


class Presence(Enum):
    """Who is behind a control socket."""

    ABSENT = "nobody"
    FORBIDDEN = "we may not ask"
    SILENT = "somebody who does not answer"
    ANSWERED = "somebody who answers"


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    name: str
    arguments: tuple[str, ...]


_UP = ("enabled", "disconnected", "connected")
"""States of networks and stations that have their interface."""


@dataclass(frozen=True, slots=True)
class Claim:
    """An interface of the configuration: there already, or to be created.

    is_lent: a manager of networks has it until we need it; is_taken: until we are started.
    """

    interface: str
    is_created: bool = False
    is_lent: bool = False
    is_taken: bool = False


@dataclass(slots=True)
class Survey:
    """What is known so far.  agent: the running agent's report; wiphys: None when radios cannot be listed."""

    config_path: Path
    ports: Ports
    configuration: Configuration | None = None
    agent: Mapping[str, Any] | None = None
    agent_presence: Presence = Presence.ABSENT
    wiphys: list[WiphyDescription] | None = None

    @property
    def access_points(self) -> tuple[AccessPointSettings, ...]:
        return self.configuration.access_points if self.configuration is not None else ()

    @property
    def stations(self) -> tuple[StationSettings, ...]:
        return self.configuration.stations if self.configuration is not None else ()

    @property
    def attached(self) -> tuple[str, ...]:
        """The interfaces that other programs have for us."""
        return tuple(one.interface for one in self.configuration.attached) if self.configuration is not None else ()

    @property
    def claims(self) -> tuple[Claim, ...]:
        """Every interface that the configuration wants."""
        users: list[AccessPointSettings | StationSettings] = [*self.access_points, *self.stations]
        return tuple(
            Claim(
                user.interface,
                is_created=user.create_on is not None,
                is_lent=isinstance(user, StationSettings) and user.hand_over is not HandOver.NONE,
                is_taken=user.take_interface,
            )
            for user in users
        )

    @property
    def is_agent_there(self) -> bool:
        """A running agent, whether it answers or not, has what it needs: nobody else can open it."""
        return self.agent_presence is not Presence.ABSENT

    def runs_network(self, interface: str) -> bool:
        """Whether the running agent has a network or a station up on an interface."""
        if self.agent is None:
            return False
        users = [*self.agent["access_points"], *self.agent.get("stations", ())]
        return any(user["interface"] == interface and user["state"] in _UP for user in users)

    def path(self, absolute: str) -> Path:
        """A file of the system that is looked at."""
        return self.ports.root / absolute.lstrip("/")

    def read(self, absolute: str) -> str:
        """A file's text without the white space around it; empty when it cannot be read."""
        try:
            return self.path(absolute).read_text(errors="replace").strip("\0 \n")
        except OSError:
            return ""

    def is_hidden(self, path: Path) -> bool:
        """Whether a file is in a folder that we may not look into."""
        may_use = self.ports.may_use
        return may_use(path.parent, os.F_OK) and not may_use(path.parent, os.X_OK)

    async def ask(self, absolute: str, command: str) -> tuple[Presence, str]:
        """Who is behind a control socket, and the answer."""
        path = self.path(absolute)
        if not self.ports.may_use(path, os.W_OK):
            is_there = self.ports.may_use(path, os.F_OK) or self.is_hidden(path)
            return Presence.FORBIDDEN if is_there else Presence.ABSENT, ""
        try:
            return Presence.ANSWERED, await self.ports.ask(path, command)
        except ControlSocketError as error:
            return (Presence.SILENT if "did not answer" in str(error) else Presence.ABSENT), ""

    async def run_json(self, *command: str) -> Any:
        """What a command prints, as JSON; None when there is no such command or it fails."""
        result = await self.ports.run(command)
        if result is None or result.status != 0:
            return None
        try:
            return json.loads(result.output)
        except ValueError:
            return None

    def processes(self, *names: str) -> Iterator[Process]:
        """The processes of these names."""
        for folder in sorted(self.path("/proc").glob("[0-9]*")):
            name = self.read(f"/proc/{folder.name}/comm")
            if name in names and folder.name.isdecimal():
                arguments = self.read(f"/proc/{folder.name}/cmdline").split("\0")
                yield Process(int(folder.name), name, tuple(arguments[1:]))

    # ---- what kind of system this is

    @property
    def board_traits(self) -> BoardTraits:
        return look_at_board(self.ports.root)

    @property
    def is_openwrt(self) -> bool:
        return self.board_traits.is_openwrt

    @property
    def has_systemd(self) -> bool:
        return self.path("/run/systemd/system").is_dir()

    @property
    def is_raspberry_pi(self) -> bool:
        return "Raspberry Pi" in (self.board_traits.model or "")

    def service_command(self, verb: str, name: str) -> str:
        """How this system starts or stops a service."""
        if self.has_systemd:
            return f"systemctl {verb} {name}"
        return f"/etc/init.d/{name} {verb}" if self.path(f"/etc/init.d/{name}").exists() else ""
