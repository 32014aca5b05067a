# SPDX-License-Identifier: BSD-3-Clause
"""What a command of the control interface is: its name, its arguments, what it does, its help.

A dialect is a table of commands; nothing about a command is known outside its line.  As in hostapd and wpa_supplicant,
a command with arguments that has none at all, and one without that has some, is an unknown command.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wpsagent.control.agent import AccessPoint, Agent, Station
from wpsagent.errors import UsageError

OK = "OK\n"
FAIL = "FAIL\n"
FAIL_CHECKSUM = "FAIL-CHECKSUM\n"
UNKNOWN_COMMAND = "UNKNOWN COMMAND\n"


class RefusedError(UsageError):
    """A command that fails with another reply than FAIL; the text is for WHY."""

    def __init__(self, reply: str, text: str) -> None:
        super().__init__(text)
        self.reply = reply


class Dispatcher(Protocol):
    """What commands about commands ask."""

    last_failure: str


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name in the help, and what makes a value of its text (raises AgentError)."""

    name: str
    parse: Callable[[str], Any]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler works with: the agent, the target of an IFNAME= prefix or of the socket, the argument values.

    known: the commands that can be given in the place of this one.  station: the one that the command is for, if it is
    for one.
    """

    agent: Agent
    commands: Dispatcher
    known: Sequence["Command"]
    target: str | None
    arguments: tuple[Any, ...]
    station: Station | None = None

    @property
    def access_point(self) -> AccessPoint:
        """The access point that the command is for: the target, or the first there is; raises UsageError.

        Of a station's command what the station has become.
        """
        if self.station is not None:
            if self.station.access_point is None:
                raise UsageError(f"{self.station.interface} is no access point now")
            return self.station.access_point
        for access_point in self.agent.access_point_doors():
            if self.target in (None, access_point.interface):
                return access_point
        raise UsageError(f"there is no access point on {self.target}" if self.target else "there is no access point")


def station_of(call: Call) -> Station:
    """The station that the command is for: the dispatcher gives a station's commands to stations only."""
    assert call.station is not None
    return call.station


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table.  has_rest: the last argument takes all that follows, spaces and all."""

    name: str
    arguments: tuple[Argument, ...]
    handle: Callable[[Call], str]
    help: str
    is_sensitive: bool = False
    has_rest: bool = False

    @property
    def usage(self) -> str:
        words = (f"[{argument.name}]" if argument.is_optional else f"<{argument.name}>" for argument in self.arguments)
        return " ".join((self.name, *words))

    def parse(self, text: str) -> tuple[Any, ...]:
        """The argument values in the text after the name; raises AgentError."""
        words = text.split(None, len(self.arguments) - 1) if self.has_rest else text.split()
        required = sum(not argument.is_optional for argument in self.arguments)
        if not required <= len(words) <= len(self.arguments):
            reason = f"{len(words)} arguments given; the command is: {self.usage}"
            if not words or not self.arguments:
                raise RefusedError(UNKNOWN_COMMAND, reason)
            raise UsageError(reason)
        values = [argument.parse(word) for argument, word in zip(self.arguments, words, strict=False)]
        return (*values, *(None for _ in self.arguments[len(words) :]))


# ---- replies


def text_of(lines: Iterable[str]) -> str:
    """The lines as a reply."""
    return "".join(f"{line}\n" for line in lines)
