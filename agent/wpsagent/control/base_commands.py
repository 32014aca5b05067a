# SPDX-License-Identifier: BSD-3-Clause
"""The commands that every socket understands: those common to hostapd and wpa_supplicant, and the agent's own.

Those that concern the client's own subscription (ATTACH, DETACH, LEVEL) belong to the server of the socket.
"""

import json
import logging
from collections.abc import Mapping, Sequence

from wpsagent.control.arguments import text
from wpsagent.control.table import OK, Argument, Call, Command
from wpsagent.errors import UsageError

_log = logging.getLogger(__name__)

LEVELS: Mapping[str, int] = {
    "EXCESSIVE": logging.DEBUG,
    "MSGDUMP": logging.DEBUG,
    "DEBUG": logging.DEBUG,
    "INFO": logging.INFO,
    "WARNING": logging.WARNING,
    "ERROR": logging.ERROR,
}
"""The names of the debug levels, the first of several being the one that is shown last."""

_MAXIMUM_NOTE = 512


def _level(word: str) -> int:
    if word.upper() not in LEVELS:
        raise UsageError(f"not a level: {word!r}; there is {', '.join(LEVELS)}")
    return LEVELS[word.upper()]


def _timestamp(word: str) -> bool:
    """0 or 1; the log has times wherever whoever keeps it does not add them, so neither changes anything."""
    if word not in ("0", "1"):
        raise UsageError(f"timestamps are 0 or 1, not {word!r}")
    return word == "1"


def _log_level(call: Call) -> str:
    level = call.arguments[0]
    root = logging.getLogger()
    if level is not None:
        root.setLevel(level)
        return OK
    names = {number: name for name, number in LEVELS.items()}
    return f"Current level: {names.get(root.getEffectiveLevel(), 'INFO')}\nTimestamp: 1\n"


def _note(call: Call) -> str:
    _log.info("note from a control client: %r", call.arguments[0][:_MAXIMUM_NOTE])
    return OK


def _interfaces(call: Call) -> str:
    names = [access_point.interface for access_point in call.agent.access_points()]
    names += [station.interface for station in call.agent.stations()]
    return "".join(f"{name}\n" for name in names)


def _terminate(call: Call) -> str:
    call.agent.terminate()
    return OK


def _agent_status(call: Call) -> str:
    return json.dumps(call.agent.report(), ensure_ascii=False) + "\n"


def _why(call: Call) -> str:
    return f"{call.commands.last_failure}\n"


def _help(call: Call) -> str:
    width = max(len(command.usage) for command in call.known)
    return "".join(f"{command.usage:<{width}}  {command.help}\n" for command in call.known)


BASE_COMMANDS: Sequence[Command] = (
    Command("PING", (), lambda _call: "PONG\n", "Answer PONG."),
    Command("INTERFACES", (), _interfaces, "The interfaces of the agent."),
    Command(
        "LOG_LEVEL",
        (Argument("level", _level, is_optional=True), Argument("timestamp", _timestamp, is_optional=True)),
        _log_level,
        "How much is logged.",
    ),
    Command("NOTE", (Argument("text", text),), _note, "Write a text to the log.", has_rest=True),
    Command("RELOG", (), lambda _call: OK, "Nothing: the log is standard error."),
    Command("TERMINATE", (), _terminate, "Stop the agent."),
    Command("AGENT_STATUS", (), _agent_status, "Everything, in JSON."),
    Command("WHY", (), _why, "Why the last command failed."),
    Command("HELP", (), _help, "This list."),
)
