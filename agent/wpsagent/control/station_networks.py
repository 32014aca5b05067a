# SPDX-License-Identifier: BSD-3-Clause
"""The commands about the networks a station knows: the list, their variables, which to join, and the file.

A variable that is set counts from the next time the network is joined; it is written to the file by SAVE_CONFIG, or
along with what WPS brings.  Keys are never told: "*" stands for them.
"""

from collections.abc import Callable, Sequence
from functools import partial

from wpsagent.control.agent import Station
from wpsagent.control.arguments import network_number, network_or_all, number, one_word, text
from wpsagent.control.station_texts import format_networks
from wpsagent.control.table import OK, Argument, Call, Command, station_of
from wpsagent.errors import UsageError
from wpsagent.roles.sta.block_variables import SECRETS, set_known_variable, shown_variable
from wpsagent.roles.sta.machine import StationMachine
from wpsagent.roles.sta.network import ACCESS_POINT, Network
from wpsagent.roles.sta.network_variables import get_variable

_Change = Callable[[StationMachine, int, float], bool]


def _network(station: Station, network_id: int) -> Network:
    network = station.networks.get(network_id)
    if network is None:
        raise UsageError(f"there is no network {network_id}")
    return network


# ---- the list


def _list(call: Call) -> str:
    last = call.arguments[0]
    return format_networks(station_of(call), after=-1 if last is None else last)


def _last_id(word: str) -> int:
    name, _, value = word.partition("=")
    if name != "LAST_ID":
        raise UsageError("there is LAST_ID=<number>")
    return number("LAST_ID", -1, 10**9 - 1)(value)


def _add(call: Call) -> str:
    """The number of the new network."""
    return f"{station_of(call).edit(lambda machine, now: machine.add_network(now)).id}\n"


def _remove(call: Call) -> str:
    station = station_of(call)
    for network_id in _ids(station, call.arguments[0]):
        station.leave_access_point(network_id)
        _change(station, network_id, lambda machine, number, now: machine.remove_network(number, now))
    return OK


# ---- variables


def _set(call: Call) -> str:
    station = station_of(call)
    network_id, name, value = call.arguments
    station.networks.put(set_known_variable(_network(station, network_id), name, value))
    return OK


def _get(call: Call) -> str:
    """The value, without a newline."""
    network_id, name = call.arguments
    value = shown_variable(_network(station_of(call), network_id), name)
    if value is None:
        raise UsageError(f"network {network_id} has no {name}")
    return value


def _duplicate(call: Call) -> str:
    """A variable of one network for another, or the same; keys too, which nobody gets to see."""
    station = station_of(call)
    source_id, target_id, name = call.arguments
    source, target = _network(station, source_id), _network(station, target_id)
    value = get_variable(source, name)
    if value is None or (shown_variable(source, name) is None and name not in SECRETS):
        raise UsageError(f"network {source_id} has no {name}")
    station.networks.put(set_known_variable(target, name, value))
    return OK


# ---- which to join


def _ids(station: Station, network_id: int | None) -> Sequence[int]:
    return [network.id for network in station.networks] if network_id is None else [_network(station, network_id).id]


def _change(station: Station, network_id: int, change: _Change) -> None:
    if not station.edit(lambda machine, now: change(machine, network_id, now)):
        raise UsageError(f"there is no network {network_id}")


def _select(call: Call) -> str:
    station, network_id = station_of(call), call.arguments[0]
    if network_id is None:
        return _enable_all(station, None)
    if _network(station, network_id).mode == ACCESS_POINT:
        station.become_access_point(network_id)
        return OK
    station.leave_access_point()
    _change(station, network_id, lambda machine, number, now: machine.select_network(number, now))
    return OK


def _enable(call: Call) -> str:
    return _enable_all(station_of(call), *call.arguments)


def _enable_all(station: Station, network_id: int | None, no_connect: str | None = None) -> str:
    def enable(machine: StationMachine, number: int, now: float) -> bool:
        return machine.enable_network(number, now, may_connect=no_connect is None)

    for network in _ids(station, network_id):
        _change(station, network, enable)
    return OK


def _disable(call: Call) -> str:
    station = station_of(call)
    for network_id in _ids(station, call.arguments[0]):
        station.leave_access_point(network_id)
        _change(station, network_id, lambda machine, number, now: machine.disable_network(number, now))
    return OK


# ---- the connection


def _simply(do: Callable[[StationMachine, float], None], call: Call) -> str:
    station_of(call).act(do)
    return OK


def _disconnect(call: Call) -> str:
    station = station_of(call)
    station.leave_access_point()
    station.edit(lambda machine, now: machine.disconnect(now))
    return OK


def _reattach(call: Call) -> str:
    station = station_of(call)
    if not station.machine().is_connected:
        raise UsageError("the station is in no network")
    station.act(lambda machine, now: machine.reassociate(now))
    return OK


def _autoconnect(call: Call) -> str:
    wanted = call.arguments[0] == 1
    station_of(call).edit(lambda machine, now: machine.set_autoconnect(wanted))
    return OK


# ---- the file


def _save(call: Call) -> str:
    station_of(call).save()
    return OK


def _reconfigure(call: Call) -> str:
    station_of(call).reload()
    return OK


def _flush(call: Call) -> str:
    """Everything that was learnt or set since, and the networks; the file is left alone."""
    station = station_of(call)
    station.leave_access_point()
    station.edit(lambda machine, now: machine.flush(now))
    return OK


_NUMBER = Argument("number", network_number)
_NETWORK = Argument("number or all", network_or_all)
_VARIABLE = Argument("variable", text)

NETWORK_COMMANDS: Sequence[Command] = (
    Command("LIST_NETWORKS", (Argument("LAST_ID=number", _last_id, True),), _list, "The networks it knows."),
    Command("ADD_NETWORK", (), _add, "A new network, disabled; prints its number."),
    Command("REMOVE_NETWORK", (_NETWORK,), _remove, "Forget a network."),
    Command(
        "SET_NETWORK",
        (_NUMBER, _VARIABLE, Argument("value", text)),
        _set,
        "Set a variable of a network.",
        is_sensitive=True,
        has_rest=True,
    ),
    Command("GET_NETWORK", (_NUMBER, _VARIABLE), _get, "A variable of a network."),
    Command("DUP_NETWORK", (_NUMBER, Argument("to number", network_number), _VARIABLE), _duplicate, "Copy a variable."),
    Command("SELECT_NETWORK", (_NETWORK,), _select, "Join this network and no other."),
    Command(
        "ENABLE_NETWORK",
        (_NETWORK, Argument("no-connect", one_word("no-connect"), is_optional=True)),
        _enable,
        "Allow a network.",
    ),
    Command("DISABLE_NETWORK", (_NETWORK,), _disable, "Do not join a network."),
    Command("RECONNECT", (), partial(_simply, StationMachine.reconnect), "Join, if no network is joined."),
    Command("REASSOCIATE", (), partial(_simply, StationMachine.reassociate), "Join anew."),
    Command("REATTACH", (), _reattach, "Join the same network anew."),
    Command("DISCONNECT", (), _disconnect, "Leave, until RECONNECT."),
    Command(
        "STA_AUTOCONNECT",
        (Argument("0 or 1", number("STA_AUTOCONNECT", 0, 1)),),
        _autoconnect,
        "Whether to come back after a connection was lost.",
    ),
    Command("SAVE_CONFIG", (), _save, "Write networks and options to their file."),
    Command("RECONFIGURE", (), _reconfigure, "Read the file again."),
    Command("FLUSH", (), _flush, "Forget all networks, access points and runs; the file stays."),
)
