# SPDX-License-Identifier: BSD-3-Clause
"""The commands for stations of ours: join a network, learn one, see who is there, see what is known.

`join` and `learn` return at once, or with --wait when the station is connected or has failed.  Exit codes beyond those
of every command: 3 nobody let us in within the time, 4 overlap, 5 wrong PIN, 6 the access point's setup is locked.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wpsagent.cli.client import ask, checked_pin, do, find_socket, word
from wpsagent.errors import AgentError, UsageError
from wpsagent.io.control_socket import ControlClient

TIMED_OUT, OVERLAP, WRONG_PIN, LOCKED = 3, 4, 5, 6
SILENCE = 150.0
"""Seconds without any event after which nothing more is expected: WPS ends within two minutes."""
CONNECTING = 60.0
"""Seconds from the end of WPS to the connection."""
SCANNING = 20.0

_EXIT_CODES: Mapping[str, int] = {
    "overlap": OVERLAP,
    "overlap_at_access_point": OVERLAP,
    "first_half_wrong": WRONG_PIN,
    "second_half_wrong": WRONG_PIN,
    "locked": LOCKED,
}
_TELLING = ("WPS-", "CTRL-EVENT-CONNECTED", "CTRL-EVENT-DISCONNECTED")
_FAIL_BUSY = "FAIL-BUSY\n"


# ---- which station


def _stations(options: argparse.Namespace) -> Sequence[Mapping[str, Any]]:
    """What the agent says of its stations; raises AgentError."""
    try:
        found = json.loads(ask(options, "AGENT_STATUS")).get("stations", [])
    except (ValueError, AttributeError):
        raise AgentError("the agent gave a status that cannot be read") from None
    if not found:
        raise AgentError("the agent has no station: its configuration needs a table [[station]]")
    return list(found)


def _interface(options: argparse.Namespace) -> str:
    """The station that is meant: named, or the only one; raises UsageError."""
    if options.interface:
        return word(options.interface)
    names = [str(station["interface"]) for station in _stations(options)]
    if len(names) > 1:
        raise UsageError(f"there is more than one station, say which: {', '.join(names)}")
    return names[0]


def _station(options: argparse.Namespace, interface: str) -> Mapping[str, Any]:
    for station in _stations(options):
        if station["interface"] == interface:
            return station
    raise AgentError(f"there is no station {interface}")


# ---- join, learn


def join(options: argparse.Namespace) -> int:
    """Push button, or a PIN."""
    interface = _interface(options)
    bssid = word(options.bssid) if options.bssid else "any"
    if options.pin is None:
        return _run(options, interface, f"WPS_PBC {bssid}", _pressed)
    return _run(options, interface, f"WPS_PIN {bssid}{_entered_pin(options)}", _show_pin)


def _entered_pin(options: argparse.Namespace) -> str:
    """The PIN as a further word of the request; nothing where the agent is to make one up."""
    if not options.pin:
        return ""
    entered = sys.stdin.readline().strip() if options.pin == "-" else options.pin
    return f" {checked_pin(options, entered)}"


def _pressed(_reply: str) -> str:
    return "press the WPS button of the access point now: the station looks for it for two minutes"


def _show_pin(reply: str) -> str:
    return f"PIN: {reply.strip()}\nenter it at the access point within two minutes"


def learn(options: argparse.Namespace) -> int:
    """Ask an access point for its settings with its own PIN."""
    interface = _interface(options)
    entered = sys.stdin.readline().strip() if options.pin == "-" else options.pin
    request = f"WPS_REG {word(options.bssid)} {checked_pin(options, entered)}"
    return _run(options, interface, request, lambda _reply: "asking the access point for its settings")


def _run(options: argparse.Namespace, interface: str, request: str, say: Callable[[str], str]) -> int:
    """Start WPS; follow it where that is wanted."""
    if not options.wait:
        print(say(ask(options, f"IFNAME={interface} {request}")))
        return 0
    with ControlClient(find_socket(options)) as client:
        client.attach()  # before the start: no event may be missed
        print(say(ask(options, f"IFNAME={interface} {request}")), flush=True)
        return _follow(options, interface, client)


def _follow(options: argparse.Namespace, interface: str, client: ControlClient) -> int:
    """Until it is connected, or has failed."""
    succeeded_at: float | None = None
    for event in client.events(SILENCE):
        if succeeded_at is not None and time.monotonic() > succeeded_at + CONNECTING:
            break
        if not _concerns(event, interface):
            continue
        station = _station(options, interface)
        wps = station["wps"]
        if wps is None or wps["result"] == "active":
            continue
        if wps["result"] != "success":
            return _failed(wps)
        if station["state"] == "connected":
            print(f"connected to {station['ssid']!r}")
            return 0
        succeeded_at = succeeded_at or time.monotonic()
    raise AgentError(f"{interface} did not connect: see wps-agent status")


def _concerns(event: str, interface: str) -> bool:
    name, _, text = event.partition(" ")
    return name == f"IFNAME={interface}" and text.partition(">")[2].startswith(_TELLING)


def _failed(wps: Mapping[str, Any]) -> int:
    print(f"wps-agent: {wps['reason'] or wps['result']}", file=sys.stderr)
    if wps["result"] == "timeout":
        return TIMED_OUT
    return _EXIT_CODES.get(wps["cause"], 1)


# ---- scan, networks


def scan(options: argparse.Namespace) -> int:
    """Scan, and print who was heard: access points with WPS first, those whose button is pressed before all."""
    interface = _interface(options)
    with ControlClient(find_socket(options)) as client:
        client.attach()
        if ask(options, f"IFNAME={interface} SCAN") == _FAIL_BUSY:
            print("the station is busy: this is what it has heard so far", file=sys.stderr)
        else:
            _wait_for_results(client, interface)
    for line in scan_table(ask(options, f"IFNAME={interface} SCAN_RESULTS")):
        print(line)
    return 0


def _wait_for_results(client: ControlClient, interface: str) -> None:
    for event in client.events(SCANNING):
        if event.startswith(f"IFNAME={interface} ") and "CTRL-EVENT-SCAN-" in event and "STARTED" not in event:
            return


_WPS_RANKS = {"[WPS-PBC]": 0, "[WPS-AUTH]": 1, "[WPS-PIN]": 2, "[WPS]": 3}
_WPS_WORDS = ("button pressed", "waits for us", "PIN entered", "yes")
_NO_WPS = len(_WPS_RANKS)
_HEADINGS = ("BSSID", "MHz", "dBm", "WPS", "security", "network")


def scan_table(results: str) -> list[str]:
    """SCAN_RESULTS as a table for people."""
    rows = [row.split("\t") for row in results.splitlines()[1:] if row.count("\t") == 4]
    rows.sort(key=lambda row: (_wps_rank(row[3]), -int(row[2])))
    return _aligned([_HEADINGS, *(_scan_row(*row) for row in rows)])


def _wps_rank(flags: str) -> int:
    return next((rank for flag, rank in _WPS_RANKS.items() if flag in flags), _NO_WPS)


def _scan_row(bssid: str, mhz: str, dbm: str, flags: str, ssid: str) -> tuple[str, ...]:
    rank = _wps_rank(flags)
    kinds = [text for text in flags.strip("[]").split("][") if not text.startswith("WPS") and text != "ESS"]
    return bssid, mhz, dbm, "" if rank == _NO_WPS else _WPS_WORDS[rank], " ".join(kinds) or "open", ssid


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def networks(options: argparse.Namespace) -> int:
    """Print what the station knows."""
    reply = ask(options, f"IFNAME={_interface(options)} LIST_NETWORKS")
    rows = [row.split("\t") for row in reply.splitlines()[1:] if row.count("\t") == 3]
    if not rows:
        print("no networks are known: wps-agent join")
        return 0
    for line in _aligned([("number", "network", "BSSID", ""), *(_network_row(*row) for row in rows)]):
        print(line)
    return 0


def _network_row(number: str, ssid: str, bssid: str, flags: str) -> tuple[str, ...]:
    return number, ssid, bssid, flags.strip("[]").replace("][", ", ").lower()


def forget(options: argparse.Namespace) -> int:
    """Remove a network, by its number."""
    do(options, f"IFNAME={_interface(options)} REMOVE_NETWORK {word(options.number)}")
    print("forgotten")
    return 0


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "join": join,
    "learn": learn,
    "scan": scan,
    "networks": networks,
    "forget": forget,
}
