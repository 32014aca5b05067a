# SPDX-License-Identifier: BSD-3-Clause
"""What a machine is that speaks for an interface of another program: lines of its control socket in, commands out.

    receive(line)              an event, "<3>TEXT"
    commands_to_send()         requests, in order; each one's reply comes back by `answered`
    next_event()               what happened, in the agent's vocabulary
    deadline, handle_timer     what the owner does not tell when its time is over

An event that is not known, or not as it should be, is handed on to control clients as it is (StationSignal), without
anything that could end a line; nothing that an owner says raises anything.
"""

import re
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Mapping

from wpsagent.errors import DecodeError, UsageError
from wpsagent.octets import Ssid
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status.texts import cleaned

WALK_TIME = 120.0
"""Seconds for which a button is pressed (Wi-Fi Simple Configuration 2.0, 11.3)."""

GRACE = 5.0
"""Seconds after which an end that the owner should have told has come all the same."""

OK = "OK"

_LINE = re.compile(r"<(\d{1,3})>(.*)", re.DOTALL)
_INFO = 3
_LONGEST_LINE = 4000
_ESCAPED = re.compile(rb"\\(x[0-9a-fA-F]{2}|.)", re.DOTALL)
_BY_NAME = {b"e": b"\x1b", b"n": b"\n", b"r": b"\r", b"t": b"\t"}

Handler = Callable[[str, float], None]


class OwnedInterface(ABC):
    """One interface; events and commands are collected until they are fetched."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self.is_ending = False
        """The owner has said goodbye."""
        self.is_enabled = True
        """Whether WPS can be asked of it."""
        self._events: deque[e.AgentEvent] = deque()
        self._commands: deque[str] = deque()

    def commands_to_send(self) -> list[str]:
        """What the owner is to be asked, once."""
        commands = list(self._commands)
        self._commands.clear()
        return commands

    def next_event(self) -> e.AgentEvent | None:
        """What happened next; None for nothing."""
        return self._events.popleft() if self._events else None

    def receive(self, line: str, now: float) -> None:
        """An event of the owner's."""
        found = _LINE.fullmatch(line.rstrip("\n"))
        level, text = (int(found[1]), found[2]) if found else (_INFO, line)
        name, _, rest = text.partition(" ")
        if name == "CTRL-EVENT-TERMINATING":
            self.is_ending = True
            return
        handler = self._handlers().get(name)
        try:
            if handler is None:
                self._signal(text, level)
            else:
                handler(rest, now)
        except (DecodeError, UsageError, ValueError):
            self._signal(text, level)  # not as it should be: for those who read lines

    def _signal(self, text: str, level: int = _INFO) -> None:
        self._tell(s.StationSignal(self.interface, cleaned(text[:_LONGEST_LINE]), level))

    def _tell(self, event: e.AgentEvent) -> None:
        self._events.append(event)

    def _ask(self, command: str) -> None:
        """Ask the owner something, unless it is about to be asked."""
        if command not in self._commands:
            self._commands.append(command)

    @property
    @abstractmethod
    def deadline(self) -> float | None:
        """When `handle_timer` is to be called."""

    @abstractmethod
    def begin(self, status: str, now: float) -> None:
        """The owner has been reached: its answer to STATUS.  Raises UsageError when it is somebody else."""

    @abstractmethod
    def answered(self, command: str, reply: str, now: float) -> None:
        """A command of ours, or of a control client, has had its reply."""

    @abstractmethod
    def handle_timer(self, now: float) -> None:
        """The deadline may have come."""

    @abstractmethod
    def lost(self, reason: str, now: float) -> None:
        """The owner is gone, and with it all that went on."""

    @abstractmethod
    def _handlers(self) -> Mapping[str, Handler]:
        """What is done about each event, by its name.  A handler may raise DecodeError, UsageError, ValueError."""


def values_of(reply: str) -> dict[str, str]:
    """The lines name=value of a reply."""
    return dict(line.split("=", 1) for line in reply.splitlines() if "=" in line)


def number(text: str | None) -> int:
    """A decimal number as owners write it; raises DecodeError."""
    if text is None or not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise DecodeError(f"not a number: {text!r}")
    return int(text)


def parse_ssid(text: str) -> Ssid:
    """A network's name from the owner's escapes (the inverse of str(Ssid)); raises DecodeError."""
    octets = text.encode(errors="surrogateescape")
    return Ssid(_ESCAPED.sub(lambda found: _unescaped(found[1]), octets))


def _unescaped(code: bytes) -> bytes:
    if len(code) == 3:
        return bytes.fromhex(code[1:].decode())
    return _BY_NAME.get(code, code)
