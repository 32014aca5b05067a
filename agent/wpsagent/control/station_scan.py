# SPDX-License-Identifier: BSD-3-Clause
"""The commands about what a station hears: SCAN, SCAN_RESULTS, BSS, and who is left alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from wpsagent.control.arguments import frequencies, hex_ssid, number, one_word, text
from wpsagent.control.table import OK, Argument, Call, Command, RefusedError, station_of
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.bss_text import bss_reply, scan_results_text

FAIL_BUSY = "FAIL-BUSY\n"

_ANYBODY = Ssid(b"")
_MAXIMUM_SSIDS = 16
_MAXIMUM_SECONDS = 10**9

_FLAG = number("a flag", 0, 1)
_SECONDS = number("a time", 0, _MAXIMUM_SECONDS - 1)
_POSITIVE_SECONDS = number("an interval", 1, _MAXIMUM_SECONDS - 1)


# ---- scanning


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """What a SCAN asks for.  ssids: those of its probe requests, none when it only listens."""

    frequencies_mhz: tuple[int, ...]
    ssids: tuple[Ssid, ...]
    is_only: bool
    has_id: bool = False


_SCAN_OPTIONS: Mapping[str, Callable[[str], Any]] = {
    "TYPE": one_word("ONLY"),
    "freq": frequencies,
    "passive": _FLAG,
    "use_id": _FLAG,
    "scan_id": number("a scan's number", 0, _MAXIMUM_SECONDS - 1),
    "wildcard_ssid": _FLAG,
    # A scan of everything finds these as well:
    "only_new": _FLAG,
    "bssid": lambda word: [MacAddress.parse(address) for address in word.split(",")],
}


def _scan_request(words: str) -> ScanRequest:
    values: dict[str, Any] = {}
    ssids: list[Ssid] = []
    remaining = iter(words.split())
    for word in remaining:
        name, equals, value = word.partition("=")
        if word == "ssid":
            ssids.append(hex_ssid(next(remaining, "-")))
        elif equals and name in _SCAN_OPTIONS and name not in values:
            values[name] = _SCAN_OPTIONS[name](value)
        else:
            raise UsageError(f"there is ssid <hex>, and once each: {', '.join(f'{name}=' for name in _SCAN_OPTIONS)}")
    if len(ssids) > _MAXIMUM_SSIDS:
        raise UsageError(f"{len(ssids)} SSIDs; a scan asks for {_MAXIMUM_SSIDS} at most")
    asked = (*([] if ssids and not values.get("wildcard_ssid") else [_ANYBODY]), *ssids)
    return ScanRequest(
        values.get("freq", ()),
        () if values.get("passive") else asked,
        "TYPE" in values,
        bool(values.get("use_id")),
    )


def _scan(call: Call) -> str:
    request: ScanRequest = call.arguments[0] or _scan_request("")
    station = station_of(call)
    scan_id = station.new_scan_id() if request.has_id else None
    has_begun = station.act(
        lambda machine, now: machine.scan(
            now, request.frequencies_mhz, request.ssids, is_only=request.is_only, scan_id=scan_id
        )
    )
    if not has_begun:
        raise RefusedError(FAIL_BUSY, "another scan runs, or the station is joining a network")
    return OK if scan_id is None else f"{scan_id}\n"


def _abort_scan(call: Call) -> str:
    if not station_of(call).act(lambda machine, now: machine.abort_scan(now)):
        raise UsageError("no scan runs that somebody asked for")
    return OK


# ---- what was heard


def _scan_results(call: Call) -> str:
    machine = station_of(call).machine()
    return scan_results_text(machine.bsses, machine.address)


def _bss(call: Call) -> str:
    station = station_of(call)
    machine = station.machine()
    current = machine.current_bss
    return bss_reply(
        machine.bsses,
        call.arguments[0],
        machine.address,
        station.now,
        current=None if current is None else current.bssid,
    )


def _flush(call: Call) -> str:
    seconds = call.arguments[0]
    station_of(call).act(lambda machine, now: machine.flush_bsses(seconds, now))
    return OK


# ---- who is left alone


def _ignore(call: Call) -> str:
    station, word = station_of(call), call.arguments[0]
    if word is None:
        return "".join(f"{bssid}\n" for bssid in station.machine().ignored(station.now))
    if word == "clear":
        station.act(lambda machine, now: machine.forgive())
    else:
        bssid = MacAddress.parse(word)
        station.act(lambda machine, now: machine.ignore(bssid, now))
    return OK


# ---- how it searches


def _set_option(name: str, call: Call) -> str:
    station_of(call).set_option(name, str(call.arguments[0]))
    return OK


def _kept(_call: Call) -> str:
    """What we do by ourselves, and when, depends on more than one number: it is taken note of, and nothing else."""
    return OK


_IGNORE = (Argument("BSSID or clear", text, is_optional=True),)

SCAN_COMMANDS: Sequence[Command] = (
    Command("SCAN", (Argument("options", _scan_request, is_optional=True),), _scan, "Scan.", has_rest=True),
    Command("ABORT_SCAN", (), _abort_scan, "Stop a scan."),
    Command("SCAN_RESULTS", (), _scan_results, "The access points nearby."),
    Command("BSS", (Argument("which", text),), _bss, "All that is known of one access point.", has_rest=True),
    Command("BSS_FLUSH", (Argument("age", _SECONDS),), _flush, "Forget access points last heard so long ago."),
    Command(
        "BSS_EXPIRE_AGE",
        (Argument("seconds", number("an age", 10, _MAXIMUM_SECONDS - 1)),),
        partial(_set_option, "bss_expiration_age"),
        "How long an access point that is not heard stays known.",
    ),
    Command(
        "BSS_EXPIRE_COUNT",
        (Argument("scans", number("a count", 1, _MAXIMUM_SECONDS - 1)),),
        partial(_set_option, "bss_expiration_scan_count"),
        "Nothing: age alone counts.",
    ),
    Command("BSSID_IGNORE", _IGNORE, _ignore, "Whom to leave alone for a while."),
    Command("BLACKLIST", _IGNORE, _ignore, "The same."),
    Command("SCAN_INTERVAL", (Argument("seconds", _POSITIVE_SECONDS),), _kept, "Nothing: the intervals adapt."),
    Command(
        "AP_SCAN",
        (Argument("mode", number("ap_scan", 0, 2)),),
        partial(_set_option, "ap_scan"),
        "Nothing: the agent chooses access points.",
    ),
)
