# SPDX-License-Identifier: BSD-3-Clause
"""What a command of the control interface is: its name, its arguments, what it does, its help."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from wpsagent.control.agent import Agent, Station
from wpsagent.errors import UsageError

OK = "OK\n"
FAIL = "FAIL\n"
FAIL_CHECKSUM = "FAIL-CHECKSUM\n"
UNKNOWN_COMMAND = "UNKNOWN COMMAND\n"

MAX_PIN = 64


class Dispatcher(Protocol):
    """What commands about commands ask."""

    last_failure: str

    @property
    def tables(self) -> Sequence["Command"]:
        """Every command there is."""


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: its name in the help, and what makes a value of its text (raises AgentError)."""

    name: str
    parse: Callable[[str], Any]
    is_optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """What a handler works with: the agent, the target of an IFNAME= prefix, the argument values.

    station: the station that the command is for, if it is for one.
    """

    agent: Agent
    commands: "Dispatcher"
    target: str | None
    arguments: tuple[Any, ...]
    station: Station | None = None


@dataclass(frozen=True, slots=True)
class Command:
    """One line of the table.  rest: the last argument takes all that follows, spaces and all."""

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
            raise UsageError(f"{len(words)} arguments given; the command is: {self.usage}")
        values = [argument.parse(word) for argument, word in zip(self.arguments, words, strict=False)]
        return (*values, *(None for _ in self.arguments[len(words) :]))


# ---- arguments


def text(text: str) -> str:
    return text


def pin(text: str) -> bytes:
    """A PIN as it will be hashed: what was given, digit for digit (the check digit is not asked for)."""
    if not text.isascii() or not text.isprintable() or len(text) > MAX_PIN:
        raise UsageError(f"not a PIN: expected 1 to {MAX_PIN} printable ASCII characters")
    return text.encode("ascii")
