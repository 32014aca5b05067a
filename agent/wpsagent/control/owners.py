# SPDX-License-Identifier: BSD-3-Clause
"""Commands for interfaces that another program has.

They go to that program as they are, and its reply comes back later; but for what is the agent's own: its status, and
opening and closing the button group of an access point, of which that program has only a part.  Where the agent has no
interface of its own, commands without an interface are for the first of the others.
"""

from collections.abc import Awaitable, Callable
from typing import Protocol

from wpsagent.control.agent import Agent
from wpsagent.control.base_commands import BASE_COMMANDS
from wpsagent.control.commands import NAMING, UNREADABLE, Commands, split_prefix
from wpsagent.control.interface_commands import INTERFACE_COMMANDS

_OURS = ("PING", "AGENT_STATUS", "WHY", "HELP")
_OF_GROUPS = ("WPS_PBC", "WPS_PIN", "WPS_CANCEL")
_GLOBAL = frozenset((*(command.name for command in (*BASE_COMMANDS, *INTERFACE_COMMANDS)), *_OF_GROUPS))
_LONGEST_NAME = 40

Reply = str | Awaitable[str]


class Owner(Protocol):
    """A program that has an interface."""

    interface: str
    is_access_point: bool

    def forward(self, request: str) -> Awaitable[str]:
        """Its reply to a request."""


class OwnersCommands:
    """The handler of the global socket, and the maker of those of the interfaces' sockets, as `Commands` is.

    owner: of an interface, or (None) of the first that another program has; None where it is ours, or nobody's.
    """

    def __init__(self, agent: Agent, commands: Commands, owner: Callable[[str | None], Owner | None]) -> None:
        self._agent = agent
        self._commands = commands
        self._owner = owner

    def __call__(self, request: str) -> Reply:
        """The reply to a request on the global socket."""
        target, rest = split_prefix(request.strip())
        owner = self._owner_of(rest) if target is None else self._owner(target)
        if owner is None:
            return self._commands(request)
        if target is None and rest.partition(" ")[0] in NAMING:
            rest = rest.partition(" ")[0]
        return self._ask(owner, rest)

    def on(self, interface: str) -> Callable[[str], Reply]:
        """The handler of an interface's own socket, whoever has the interface then."""
        ours = self._commands.on(interface)

        def answer(request: str) -> Reply:
            owner = self._owner(interface)
            return ours(request) if owner is None else self._ask(owner, request.strip())

        return answer

    def _owner_of(self, request: str) -> Owner | None:
        """Of a request without an interface: a station that it names, or the only one there is to ask."""
        name, _, rest = request.partition(" ")
        named = self._owner(rest.strip()) if name in NAMING and rest.strip() else None
        if named is not None:
            return None if named.is_access_point else named
        first = self._owner(None)
        if first is None or self._agent.access_points() or self._agent.stations():
            return None
        return None if name in _GLOBAL and (first.is_access_point or name not in _OF_GROUPS) else first

    def _ask(self, owner: Owner, request: str) -> Reply:
        name = request.partition(" ")[0]
        if name in _OURS or (owner.is_access_point and name in _OF_GROUPS):
            return self._commands.about(owner.interface, request)
        if UNREADABLE.search(request):
            reason = "there are control characters in the command, or octets that are not UTF-8"
            return self._commands.refuse(name[:_LONGEST_NAME], reason)
        return owner.forward(request)
