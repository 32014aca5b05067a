# SPDX-License-Identifier: BSD-3-Clause
"""The dispatcher: whose command is it, which table has it.

    global socket               IFNAME=wlan0 COMMAND      the dialect of wlan0
                                COMMAND                   the access points', or the first station's where there is none
    socket of an access point   COMMAND                   hostapd's dialect
    socket of a station         COMMAND                   wpa_supplicant's dialect

Every place understands the base commands as well; where a dialect has a command of the same name, that is meant.  An
unknown name gives UNKNOWN COMMAND, arguments that do not fit and whatever cannot be done give FAIL (or another reply
of the dialect's); why, WHY tells afterwards.  Arguments of sensitive commands are never logged.

Refused: control characters, and what is not UTF-8, anywhere in a command, so that none gets into a file or a line of
somebody else's.  Tools read 4096 octets: what is longer ends, on an interface's own socket, with the last whole line
before that.
"""

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache

from wpsagent.control.agent import Agent, Station
from wpsagent.control.base_commands import BASE_COMMANDS
from wpsagent.control.hostapd_commands import HOSTAPD_COMMANDS
from wpsagent.control.interface_commands import INTERFACE_COMMANDS
from wpsagent.control.table import FAIL, UNKNOWN_COMMAND, Call, Command, RefusedError
from wpsagent.errors import AgentError, UsageError

_log = logging.getLogger(__name__)

NO_SUCH_INTERFACE = "FAIL-NO-IFNAME-MATCH\n"

NAMING = ("WPS_PBC", "WPS_CANCEL")
"""Commands whose argument may name a station."""

MAX_REPLY = 4096
_LONGEST_REASON = 500

UNREADABLE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
"""Control characters, but for the tab between the fields of INTERFACE_ADD; what stands for octets that are no UTF-8."""

Dialect = Mapping[str, Command]


def _dialect(*tables: Sequence[Command]) -> Dialect:
    return {command.name: command for table in tables for command in table}


ACCESS_POINT = _dialect(BASE_COMMANDS, INTERFACE_COMMANDS, HOSTAPD_COMMANDS)


@cache
def station_dialect() -> Dialect:
    """That of stations, made when there is one: an access point alone does without."""
    return _dialect(BASE_COMMANDS, INTERFACE_COMMANDS, _station_commands())


def _station_commands() -> Sequence[Command]:
    from wpsagent.control.station_commands import STATION_COMMANDS

    return STATION_COMMANDS


class Commands:
    """The handler of the global socket, and the maker of those of the interfaces' sockets.

    Nothing that a client sends raises anything here.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent
        self.last_failure = "nothing has failed"

    def __call__(self, request: str) -> str:
        """The reply to a request on the global socket."""
        target, request = split_prefix(request.strip())
        name, _, rest = request.partition(" ")
        if target is None and name in NAMING and self._station(rest.strip()) is not None:
            target, request = rest.strip(), name
        if target is not None:
            return self._ask(target, request)
        access_points, stations = self._agent.access_points(), self._agent.stations()
        tables = (HOSTAPD_COMMANDS if access_points else (), _station_commands() if stations else ())
        known = [command for table in (BASE_COMMANDS, INTERFACE_COMMANDS, *tables) for command in table]
        if stations and not access_points:
            return self._carry_out(station_dialect(), request, None, stations[0], known)
        return self._carry_out(ACCESS_POINT, request, None, None, known)

    def on(self, interface: str) -> Callable[[str], str]:
        """The handler of an interface's own socket."""
        return lambda request: _limited(self._ask(interface, request.strip()))

    def about(self, interface: str, request: str) -> str:
        """The reply to a request about an access point that another program has."""
        return self._carry_out(ACCESS_POINT, request, interface, None)

    def refuse(self, name: str, reason: str) -> str:
        """The reply to a command that cannot be passed on."""
        return self._failed(name, UsageError(reason), is_sensitive=True)

    def _ask(self, interface: str, request: str) -> str:
        """The reply to a request for one interface."""
        station = self._station(interface)
        if station is not None:
            return self._carry_out(station_dialect(), request, interface, station)
        known = [access_point.interface for access_point in self._agent.access_points()]
        if interface in known:
            return self._carry_out(ACCESS_POINT, request, interface, None)
        names = ", ".join((*known, *(station.interface for station in self._agent.stations())))
        reason = f"no network of ours is on {interface!r}; there is {names or 'none'}"
        return self._failed(request.partition(" ")[0], RefusedError(NO_SUCH_INTERFACE, reason), is_sensitive=False)

    def _carry_out(
        self,
        dialect: Dialect,
        request: str,
        target: str | None,
        station: Station | None,
        known: Sequence[Command] = (),
    ) -> str:
        name, _, rest = request.partition(" ")
        command = dialect.get(name)
        if command is None:
            return UNKNOWN_COMMAND
        _log.debug("command %s", name if command.is_sensitive else request)
        try:
            if UNREADABLE.search(rest):
                raise UsageError("there are control characters in the command, or octets that are not UTF-8")
            arguments = command.parse(rest)
            return command.handle(Call(self._agent, self, known or tuple(dialect.values()), target, arguments, station))
        except AgentError as error:
            return self._failed(name, error, is_sensitive=command.is_sensitive)

    def _failed(self, name: str, error: AgentError, *, is_sensitive: bool) -> str:
        reason = str(error)[:_LONGEST_REASON]  # it may quote what was sent
        _log.warning("%s failed: %s", name, "see WHY" if is_sensitive else reason)
        self.last_failure = f"{name}: {reason}"
        return error.reply if isinstance(error, RefusedError) else FAIL

    def _station(self, interface: str) -> Station | None:
        return next((station for station in self._agent.stations() if station.interface == interface), None)


def _limited(reply: str) -> str:
    octets = reply.encode()
    if len(octets) <= MAX_REPLY:
        return reply
    end = octets.rfind(b"\n", 0, MAX_REPLY) + 1
    return octets[: end or MAX_REPLY].decode(errors="ignore")


def split_prefix(request: str) -> tuple[str | None, str]:
    """The interface of an "IFNAME=wlan0 COMMAND" and the command."""
    if not request.startswith("IFNAME="):
        return None, request
    interface, _, rest = request.removeprefix("IFNAME=").partition(" ")
    return interface, rest.strip()
