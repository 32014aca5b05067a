# SPDX-License-Identifier: BSD-3-Clause
"""The commands of the global interfaces: stations (wpa_supplicant's) and access points (hostapd's) come and go."""

from collections.abc import Sequence

from wpsagent.control.arguments import text
from wpsagent.control.table import OK, Argument, Call, Command
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


def _configuration(word: str) -> tuple[str | None, str]:
    """bss_config=<phy>:<file>; the phy may be empty where the file's interface exists."""
    name, _, value = word.partition("=")
    wiphy, colon, path = value.partition(":")
    if name != "bss_config" or not colon or not path:
        raise UsageError("expected bss_config=<phy>:<file>: there is no access point without a file")
    return wiphy or None, path


def _add_access_points(call: Call) -> str:
    wiphy, path = call.arguments[0]
    call.agent.add_access_points(path, wiphy)
    return OK


def _remove_access_point(call: Call) -> str:
    call.agent.remove_access_point(call.arguments[0])
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
    Command(
        "ADD",
        (Argument("bss_config=phy:file", _configuration),),
        _add_access_points,
        "Add the access points of a hostapd.conf.",
        has_rest=True,
    ),
    Command("REMOVE", (Argument("interface", text),), _remove_access_point, "Remove an access point."),
)
