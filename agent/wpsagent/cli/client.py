# SPDX-License-Identifier: BSD-3-Clause
"""The commands that talk to a running agent."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from wpsagent.cli.parser import DEFAULT_CONFIG, DEFAULT_SOCKET
from wpsagent.errors import AgentError, UsageError
from wpsagent.io.control_socket import ControlClient

OK, FAIL, UNKNOWN_COMMAND = "OK\n", "FAIL\n", "UNKNOWN COMMAND\n"

MAXIMUM_WORD = 100
"""Letters in the longest argument: a UUID has 36, an interface 15, a PIN with separators some 20."""

NO_PIN = "a PIN has 4 or 8 digits"


def find_socket(options: argparse.Namespace) -> str:
    """The socket of the agent that is meant: named, or the configuration's, or the usual one."""
    if options.socket:
        return str(options.socket)
    path = Path(options.config or DEFAULT_CONFIG)
    if options.config or os.access(path, os.R_OK):
        from wpsagent.config.loader import load

        return load(path).agent.control_socket
    return DEFAULT_SOCKET


def ask(options: argparse.Namespace, request: str) -> str:
    """The reply to one request; raises AgentError with the agent's own reason when it refuses."""
    with ControlClient(find_socket(options)) as client:
        reply = client.request(request)
        if reply == FAIL:
            reason = client.request("WHY").strip()
            raise AgentError(reason.partition(": ")[2] or reason)
    if reply == UNKNOWN_COMMAND:
        raise AgentError(f"the agent that answers is of another version: it does not know {_name(request)}")
    return reply


def do(options: argparse.Namespace, request: str) -> None:
    """One request that is answered by OK; raises AgentError."""
    reply = ask(options, request)
    if reply != OK:
        raise AgentError(f"the agent gave an answer to {_name(request)} that is none: {reply.strip()[:60]!r}")


def _name(request: str) -> str:
    """The command of a request: never its arguments, which may be a PIN."""
    return next(word for word in request.split() if not word.startswith("IFNAME="))


def word(text: str) -> str:
    """One argument of a request: no spaces, no line ends."""
    if not text or len(text) > MAXIMUM_WORD or any(character.isspace() for character in text):
        raise UsageError(f"{text[:MAXIMUM_WORD]!r} is not one word")
    return text


def pbc(options: argparse.Namespace) -> int:
    """Press the button."""
    do(options, f"WPS_PBC {word(options.target)}" if options.target else "WPS_PBC")
    print("the button is pressed for two minutes: press the WPS button of the other device now")
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Take it back."""
    do(options, f"WPS_CANCEL {word(options.target)}" if options.target else "WPS_CANCEL")
    print("cancelled")
    return 0


def pin(options: argparse.Namespace) -> int:
    """Enter an enrollee's PIN, after the check that catches typing errors."""
    entered = sys.stdin.readline(MAXIMUM_WORD).strip() if options.pin == "-" else options.pin
    request = f"WPS_PIN {word(options.uuid)} {checked_pin(options, entered)} {options.timeout}"
    if options.mac:
        request += f" {word(options.mac)}"
    prefix = f"IFNAME={word(options.target)} " if options.target else ""
    do(options, prefix + request)
    limit = f" for {options.timeout} s" if options.timeout > 0 else ""
    print(f"the device with this PIN is admitted{limit}: start WPS on it now")
    return 0


def checked_pin(options: argparse.Namespace, entered: str) -> str:
    """The PIN without separators; raises UsageError for what cannot be one."""
    if not 0 < len(entered) <= MAXIMUM_WORD:
        raise UsageError(NO_PIN)
    with ControlClient(find_socket(options)) as client:
        checked = client.request(f"WPS_CHECK_PIN {entered}").strip()
    if checked == "FAIL-CHECKSUM":
        raise UsageError("the PIN's last digit does not fit the others: a typing error?")
    if not checked.isdecimal():
        raise UsageError(NO_PIN)
    return checked


def status(options: argparse.Namespace) -> int:
    """What is going on."""
    text = ask(options, "AGENT_STATUS").strip()
    try:
        state = json.loads(text)
    except ValueError:
        raise AgentError(f"the agent gave a status that cannot be read: {text[:60]!r}") from None
    for line in [text] if options.json else status_lines(state):
        print(line)
    return 0


# ---- the status in plain words


def status_lines(state: Mapping[str, Any]) -> list[str]:
    """AGENT_STATUS in plain words."""
    lines = [f"{state['node']}: {_session_words(state)}"]
    lines += [f"  {_network_words(network)}" for network in state["access_points"]]
    lines += [f"  {_station_words(station)}" for station in state.get("stations", ())]
    if last := state["last_result"]:
        lines.append(f"  last result: {_result_words(last)}")
    return [*lines, f"  MQTT: {_mqtt_words(state['mqtt'])}"]


_SESSIONS: Mapping[str, str] = {
    "idle": "waiting for the button",
    "active": "open for one device",
    "success": "a device was admitted",
    "error": "the last attempt failed",
    "overlap": "two devices pressed at once: wait two minutes and press again",
    "timeout": "nobody came within the time",
    "cancelled": "cancelled",
}

_STATION_SESSIONS: Mapping[str, str] = {
    "active": "looking for an access point",
    "success": "an access point let us in",
    "error": "the last attempt failed",
    "overlap": "more than one access point was in push-button mode: wait two minutes",
    "timeout": "no access point let us in within the time",
    "cancelled": "cancelled",
}

_METHODS: Mapping[str, str] = {"push_button": "push button", "pin": "PIN", "ap_pin": "the access point's PIN"}


def _session_words(state: Mapping[str, Any]) -> str:
    if state["agent"] != "running":
        return str(state["agent"])
    is_station = state["group"] in [station["interface"] for station in state.get("stations", ())]
    words = _STATION_SESSIONS if is_station else _SESSIONS
    text = words.get(state["state"], state["state"])
    if state["state"] == "active":
        text += f" by {_METHODS.get(state['method'], state['method'])}"
    left = state["seconds_left"]
    return text if left is None else f"{text}, {left // 60}:{left % 60:02} left"


def _network_words(network: Mapping[str, Any]) -> str:
    name = f"{network['interface']}: {network['ssid']!r} on channel {network['channel']}"
    match network["state"]:
        case "enabled":
            return f"{name} is up; connected: {', '.join(network['stations']) or 'nobody'}"
        case "starting":
            return f"{name} is starting"
        case state:
            return f"{name} is DOWN: {network['reason'] or state}"


def _station_words(station: Mapping[str, Any]) -> str:
    known = f"{station['networks']} network{'' if station['networks'] == 1 else 's'} known"
    match station["state"]:
        case "connected":
            text = f"connected to {station['ssid']!r} ({station['bssid']})"
        case "disconnected":
            text = "not connected"
        case "starting":
            return f"{station['interface']}: station, starting"
        case state:
            return f"{station['interface']}: station, DOWN: {station['reason'] or state}"
    saved = f"; NOT saved: {station['reason']}" if station["reason"] else ""
    return f"{station['interface']}: station, {text}; {known}{saved}"


def _result_words(last: Mapping[str, Any]) -> str:
    device = " ".join(text for text in (last.get("device_name"), last.get("station")) if text)
    parts = (last["result"], last.get("reason"), device, last["at"])
    return ", ".join(part for part in parts if part)


def _mqtt_words(mqtt: Mapping[str, Any] | None) -> str:
    if mqtt is None:
        return "not configured"
    lost = f"; {mqtt['dropped_events']} events were lost" if mqtt.get("dropped_events") else ""
    if mqtt["connected"]:
        return f"connected to {mqtt['broker']}, topic {mqtt['topic']}{lost}"
    return f"NOT connected to {mqtt['broker']}: {mqtt['error'] or 'trying'}{lost}"


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "pbc": pbc,
    "cancel": cancel,
    "pin": pin,
    "status": status,
}
