# SPDX-License-Identifier: BSD-3-Clause
"""The commands that go on: events as they happen, the status as it changes, a session to its end.

Keys never reach a terminal unasked: what WPS-CRED-RECEIVED and WPS-NEW-AP-SETTINGS carry is counted, not shown.
"""

import argparse
import json
import re
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from wpsagent.cli.asking import connect, read_state, tell
from wpsagent.cli.exit_codes import DONE, FAILED, OVERLAP, TIMED_OUT, WRONG_PIN
from wpsagent.cli.words import status_lines
from wpsagent.io.control_client import ControlClient

_EVENT = re.compile(r"(?:IFNAME=(?P<interface>\S+) )?<(?P<level>\d)>(?P<name>\S*) ?(?P<text>.*)", re.DOTALL)
_WITH_KEYS = ("WPS-CRED-RECEIVED", "WPS-NEW-AP-SETTINGS")

REFRESH = 1.0
"""Seconds between two looks at the status while a person watches."""

_CLEAR = "\x1b[H\x1b[2J"


# ---- events


def events(options: argparse.Namespace) -> int:
    """Print every event until interrupted, or until the agent ends."""
    with connect(options) as client:
        client.attach()
        for text in client.events():
            event = parse_event(text, show_keys=options.show_keys)
            words = (
                datetime.now().astimezone().strftime("%H:%M:%S"),
                event["interface"],
                event["event"],
                event["text"],
            )
            tell(options, " ".join(word for word in words if word), {"at": _now(), **event})
    return DONE


def parse_event(text: str, *, show_keys: bool = False) -> dict[str, Any]:
    """interface (None: the whole agent), level, event, text of "IFNAME=wlan0 <3>WPS-FAIL msg=8 config_error=18"."""
    match = _EVENT.fullmatch(text)
    if match is None:
        return {"interface": None, "level": None, "event": "", "text": text}
    rest = match["text"].rstrip()
    if rest and match["name"] in _WITH_KEYS and not show_keys:
        rest = f"({len(rest) // 2} octets, with a key: --show-keys shows them)"
    return {"interface": match["interface"], "level": int(match["level"]), "event": match["name"], "text": rest}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- the status, live


def watch(options: argparse.Namespace) -> int:
    """The status, again whenever it changes: on a terminal in place, with the time left; else one block a change."""
    is_live = sys.stdout.isatty() and not options.json
    shown: object = None
    with connect(options) as client:
        client.attach()
        while True:
            state = read_state(options)
            lines = status_lines(state)
            news = lines if is_live else {**state, "seconds_left": None}
            if news != shown:
                shown = news
                _show(options, state, lines, is_live=is_live)
            for _event in client.events(REFRESH):
                break


def _show(options: argparse.Namespace, state: Mapping[str, Any], lines: list[str], *, is_live: bool) -> None:
    if options.json:
        print(json.dumps(state, ensure_ascii=False), flush=True)
        return
    at = time.strftime("%H:%M:%S")
    end = "\n\nCtrl-C ends this; the agent goes on." if is_live else ""
    print((_CLEAR if is_live else "") + "\n".join((f"{at}  {lines[0]}", *lines[1:])) + end, flush=True)


# ---- a session of an access point, to its end

_RESULTS: Mapping[str, int] = {"success": DONE, "timeout": TIMED_OUT, "overlap": OVERLAP}


def follow_session(options: argparse.Namespace, client: ControlClient) -> int:
    """Until a device was admitted or the session has ended; a wrong PIN ends the waiting too.

    Another failure does not: the window stays open, and the next try may succeed.
    """
    while True:
        for text in client.events(REFRESH):
            event = parse_event(text)
            if event["event"] == "WPS-FAIL" and "config_error=18" in event["text"].split():
                return _tell_wrong_pin(options)
            if event["event"].startswith("WPS-"):
                break
        state = read_state(options)
        if state["state"] != "active":
            return _tell_end(options, state)


def _tell_wrong_pin(options: argparse.Namespace) -> int:
    reason = (read_state(options)["last_result"] or {}).get("reason") or "the PIN is wrong"
    tell(options, f"failed: {reason}", {"result": "error", "reason": reason})
    return WRONG_PIN


def _tell_end(options: argparse.Namespace, state: Mapping[str, Any]) -> int:
    result = str(state["state"])
    last = state["last_result"] or {}
    device = {key: last.get(key) for key in ("station", "device_name")}
    who = " ".join(text for text in device.values() if text)
    words = f"admitted: {who}" if result == "success" else last.get("reason") or result
    tell(options, words, {"result": result, "reason": last.get("reason"), **device})
    return _RESULTS.get(result, FAILED)
