# SPDX-License-Identifier: BSD-3-Clause
"""The commands of wpa_supplicant's global interface: stations that come and go while the agent runs."""

from collections.abc import Sequence

from wpsagent.control.table import OK, Argument, Call, Command, text
from wpsagent.errors import UsageError

_DRIVER = "nl80211"
_FIELDS = ("interface", "file", "driver", "control interface", "driver parameters", "bridge", "create", "type")


def _list(call: Call) -> str:
    """One row for each interface that could be added: driver, name, description."""
    return "".join(f"{_DRIVER}\t{name}\t\n" for name in call.agent.free_interfaces())


def _fields(words: str) -> tuple[str, ...]:
    """The fields between tabs; those that are missing are empty."""
    fields = tuple(words.split("\t"))
    if len(fields) > len(_FIELDS) or not fields[0]:
        raise UsageError(f"fields with tabs between: {', '.join(_FIELDS)}")
    return fields + ("",) * (len(_FIELDS) - len(fields))


def _add(call: Call) -> str:
    interface, path, driver, control, parameters, bridge, create, kind = call.arguments[0]
    if parameters or bridge or create or kind:
        raise UsageError("no driver parameters, no bridge; an interface must exist before it is added")
    call.agent.add_station(interface, path, driver, control)
    return OK


def _remove(call: Call) -> str:
    call.agent.remove_station(call.arguments[0])
    return OK


INTERFACE_COMMANDS: Sequence[Command] = (
    Command("INTERFACE_LIST", (), _list, "The interfaces that could be added."),
    Command(
        "INTERFACE_ADD",
        (Argument("interface[TAB]file…", _fields),),
        _add,
        "Add a station with the networks of a file.",
        has_rest=True,
    ),
    Command("INTERFACE_REMOVE", (Argument("interface", text),), _remove, "Remove a station that was added."),
)
