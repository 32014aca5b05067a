# SPDX-License-Identifier: BSD-3-Clause
"""The commands for stations of ours: join a network, learn or set an access point's, see who is there, what is known.

`join` and `reg` return at once, or with --wait when the station is connected or has failed.
"""

import argparse
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wpsagent.cli.asking import ask, checked_pin, connect, do, read_state, secret, tell, word
from wpsagent.cli.exit_codes import DONE, FAILED, LOCKED, OVERLAP, TIMED_OUT, WRONG_PIN
from wpsagent.crypto.passphrase import is_passphrase
from wpsagent.errors import AgentError, UsageError
from wpsagent.io.control_client import ControlClient
from wpsagent.octets import Ssid

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
    found = read_state(options).get("stations")
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
    # "": the agent makes one up
    entered = f" {checked_pin(options.pin)}" if options.pin else ""
    return _run(options, interface, f"WPS_PIN {bssid}{entered}", _show_pin)


def _pressed(_reply: str) -> tuple[str, Mapping[str, Any]]:
    return "press the WPS button of the access point now: the station looks for it for two minutes", {"pressed": True}


def _show_pin(reply: str) -> tuple[str, Mapping[str, Any]]:
    return f"PIN: {reply.strip()}\nenter it at the access point within two minutes", {"pin": reply.strip()}


def reg(options: argparse.Namespace) -> int:
    """As a registrar, with the access point's own PIN: ask for its settings, or give it new ones."""
    interface = _interface(options)
    request = f"WPS_REG {word(options.bssid)} {checked_pin(options.pin)}"
    if options.action == "learn":
        if options.ssid is not None or options.passphrase is not None or options.open:
            raise UsageError("learn takes nothing but the access point and its PIN; configure gives it new settings")
        return _run(options, interface, request, _asking)
    return _run(options, interface, f"{request} {_new_settings(options)}", _giving)


def _asking(_reply: str) -> tuple[str, Mapping[str, Any]]:
    return "asking the access point for its settings", {"started": True}


def _giving(_reply: str) -> tuple[str, Mapping[str, Any]]:
    return "giving the access point its new settings", {"started": True}


def _new_settings(options: argparse.Namespace) -> str:
    """The end of a WPS_REG that configures: SSID, authentication, encryption, key; raises UsageError."""
    if options.ssid is None:
        raise UsageError("configure needs the new name of the network: reg configure BSSID PIN SSID --passphrase …")
    ssid = Ssid(options.ssid.encode(errors="surrogateescape"))
    if options.open == (options.passphrase is not None):
        raise UsageError("configure needs either --passphrase (- reads it from standard input) or --open")
    if options.open:
        return f"{ssid.hex()} OPEN NONE"
    passphrase = secret(options.passphrase)
    if not is_passphrase(passphrase.encode(errors="surrogateescape")):
        raise UsageError("a passphrase has 8 to 63 printable ASCII characters")
    return f"{ssid.hex()} WPA2PSK CCMP {passphrase.encode('ascii').hex()}"


_Say = Callable[[str], tuple[str, Mapping[str, Any]]]


def _run(options: argparse.Namespace, interface: str, request: str, say: _Say) -> int:
    """Start WPS; follow it where that is wanted."""
    if not options.wait:
        tell(options, *say(ask(options, f"IFNAME={interface} {request}")))
        return DONE
    with connect(options) as client:
        client.attach()  # before the start: no event may be missed
        tell(options, *say(ask(options, f"IFNAME={interface} {request}")))
        return _follow(options, interface, client)


def _follow(options: argparse.Namespace, interface: str, client: ControlClient) -> int:
    """Until it is connected, or has failed."""
    succeeded_at: float | None = None
    for event in client.events(SILENCE):
        is_late = succeeded_at is not None and time.monotonic() > succeeded_at + CONNECTING
        if not is_late and not _concerns(event, interface):
            continue
        station = _station(options, interface)
        wps = station["wps"]
        if wps is None or wps["result"] == "active":
            continue
        if wps["result"] != "success":
            return _failed(options, wps)
        if station["state"] == "connected":
            values = {"result": "success", "ssid": station["ssid"], "bssid": station["bssid"]}
            tell(options, f"connected to {station['ssid']!r}", values)
            return DONE
        if station["state"] == "handed_over" and station["ssid"] is not None:
            values = {"result": "success", "ssid": station["ssid"], "bssid": None}
            tell(options, f"connected to {station['ssid']!r}, and handed over", values)
            return DONE
        if is_late:
            break
        succeeded_at = succeeded_at or time.monotonic()
    raise AgentError(f"{interface} did not connect: see wps-agent status")


def _concerns(event: str, interface: str) -> bool:
    name, _, text = event.partition(" ")
    return name == f"IFNAME={interface}" and text.partition(">")[2].startswith(_TELLING)


def _failed(options: argparse.Namespace, wps: Mapping[str, Any]) -> int:
    print(f"wps-agent: {wps['reason'] or wps['result']}", file=sys.stderr)
    if options.json:
        tell(options, "", {"result": wps["result"], "cause": wps["cause"], "reason": wps["reason"]})
    return TIMED_OUT if wps["result"] == "timeout" else _EXIT_CODES.get(wps["cause"], FAILED)


# ---- scan, networks


def scan(options: argparse.Namespace) -> int:
    """Scan, and print who was heard: access points with WPS first, those whose button is pressed before all."""
    interface = _interface(options)
    with connect(options) as client:
        client.attach()
        if ask(options, f"IFNAME={interface} SCAN") == _FAIL_BUSY:
            print("the station is busy: this is what it has heard so far", file=sys.stderr)
        else:
            _wait_for_results(client, interface)
    found = scan_rows(ask(options, f"IFNAME={interface} SCAN_RESULTS"))
    tell(options, "\n".join(scan_table(found)), {"access_points": found})
    return DONE


def _wait_for_results(client: ControlClient, interface: str) -> None:
    for event in client.events(SCANNING):
        if event.startswith(f"IFNAME={interface} ") and "CTRL-EVENT-SCAN-" in event and "STARTED" not in event:
            return


_WPS_WORDS: Mapping[str, str] = {
    "WPS-PBC": "button pressed",
    "WPS-AUTH": "waits for us",
    "WPS-PIN": "PIN entered",
    "WPS": "yes",
    "": "",
}
"""What stands in the table for each WPS flag, the most interesting one first."""


def scan_rows(results: str) -> list[dict[str, Any]]:
    """SCAN_RESULTS as values: access points with WPS first, then by signal."""
    rows = [_scan_row(*row.split("\t")) for row in results.splitlines()[1:] if row.count("\t") == 4]
    return sorted(rows, key=lambda row: (tuple(_WPS_WORDS).index(row["wps"]), -row["dbm"]))


def _scan_row(bssid: str, mhz: str, dbm: str, flags: str, ssid: str) -> dict[str, Any]:
    kinds = flags.strip("[]").split("][")
    wps = next((kind for kind in kinds if kind in _WPS_WORDS), "")
    security = [kind for kind in kinds if kind and not kind.startswith("WPS") and kind != "ESS"]
    return {"bssid": bssid, "mhz": int(mhz), "dbm": int(dbm), "wps": wps, "security": security, "ssid": ssid}


def _cells(row: Mapping[str, Any]) -> tuple[str, ...]:
    security = " ".join(row["security"]) or "open"
    return row["bssid"], str(row["mhz"]), str(row["dbm"]), _WPS_WORDS[row["wps"]], security, row["ssid"]


def scan_table(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The rows as a table for people."""
    cells = [_cells(row) for row in rows]
    return _aligned([("BSSID", "MHz", "dBm", "WPS", "security", "network"), *cells])


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def networks(options: argparse.Namespace) -> int:
    """Print what the station knows."""
    reply = ask(options, f"IFNAME={_interface(options)} LIST_NETWORKS")
    rows = [_network(*row.split("\t")) for row in reply.splitlines()[1:] if row.count("\t") == 3]
    cells = [(str(row["number"]), row["ssid"], row["bssid"] or "any", ", ".join(row["flags"])) for row in rows]
    lines = (
        _aligned([("number", "network", "BSSID", ""), *cells]) if rows else ["no networks are known: wps-agent join"]
    )
    tell(options, "\n".join(lines), {"networks": rows})
    return DONE


def _network(number: str, ssid: str, bssid: str, flags: str) -> dict[str, Any]:
    words = [word.lower() for word in flags.strip("[]").split("][") if word]
    return {"number": int(number), "ssid": ssid, "bssid": None if bssid == "any" else bssid, "flags": words}


def forget(options: argparse.Namespace) -> int:
    """Remove a network, by its number."""
    do(options, f"IFNAME={_interface(options)} REMOVE_NETWORK {word(options.number)}")
    tell(options, "forgotten", {"forgotten": options.number})
    return DONE


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "join": join,
    "reg": reg,
    "scan": scan,
    "networks": networks,
    "forget": forget,
}
