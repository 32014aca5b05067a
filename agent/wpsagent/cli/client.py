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

FAIL = "FAIL\n"


def _socket(options: argparse.Namespace) -> str:
    """The socket of the agent that is meant: named, or the configuration's, or the usual one."""
    if options.socket:
        return str(options.socket)
    path = Path(options.config or DEFAULT_CONFIG)
    if options.config or os.access(path, os.R_OK):
        from wpsagent.config.loader import load

        return load(path).agent.control_socket
    return DEFAULT_SOCKET


def _ask(options: argparse.Namespace, request: str) -> str:
    """The reply to one request; raises AgentError with the agent's own reason when it refuses."""
    with ControlClient(_socket(options)) as client:
        reply = client.request(request)
        if reply == FAIL:
            reason = client.request("WHY").strip()
            raise AgentError(reason.partition(": ")[2] or reason)
    return reply


def _word(text: str) -> str:
    """One argument of a request: no spaces, no line ends."""
    if not text or any(character.isspace() for character in text):
        raise UsageError(f"{text!r} is not one word")
    return text


def pbc(options: argparse.Namespace) -> int:
    """Press the button."""
    _ask(options, f"WPS_PBC {_word(options.target)}" if options.target else "WPS_PBC")
    print("the network is open for one device, for two minutes: press the WPS button of the device now")
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Take it back."""
    _ask(options, f"WPS_CANCEL {_word(options.target)}" if options.target else "WPS_CANCEL")
    print("cancelled")
    return 0


def pin(options: argparse.Namespace) -> int:
    """Enter an enrollee's PIN, after the check that catches typing errors."""
    entered = sys.stdin.readline().strip() if options.pin == "-" else options.pin
    with ControlClient(_socket(options)) as client:
        checked = client.request(f"WPS_CHECK_PIN {entered}")
    if checked == "FAIL-CHECKSUM\n":
        raise UsageError("the PIN's last digit does not fit the others: a typing error?")
    if checked == FAIL:
        raise UsageError("a PIN has 4 or 8 digits")
    request = f"WPS_PIN {_word(options.uuid)} {checked.strip()} {max(options.timeout, 0)}"
    if options.mac:
        request += f" {_word(options.mac)}"
    prefix = f"IFNAME={_word(options.target)} " if options.target else ""
    _ask(options, prefix + request)
    limit = f" for {options.timeout} s" if options.timeout > 0 else ""
    print(f"the device with this PIN is admitted{limit}: start WPS on it now")
    return 0


def status(options: argparse.Namespace) -> int:
    """What is going on."""
    text = _ask(options, "AGENT_STATUS")
    if options.json:
        print(text.strip())
        return 0
    for line in status_lines(json.loads(text)):
        print(line)
    return 0


def status_lines(state: Mapping[str, Any]) -> list[str]:
    """AGENT_STATUS in plain words."""
    lines = [f"{state['node']}: {_session_words(state)}"]
    for network in state["access_points"]:
        name = f"  {network['interface']}: {network['ssid']!r} on channel {network['channel']}"
        if network["state"] == "enabled":
            stations = network["stations"]
            who = ", ".join(stations) if stations else "nobody"
            lines.append(f"{name} is up; connected: {who}")
        else:
            lines.append(f"{name} is DOWN: {network['reason'] or network['state']}")
    if last := state["last_result"]:
        who = f" by {last['station']}" if last.get("station") else ""
        why = f" ({last['reason']})" if last.get("reason") else ""
        lines.append(f"  last result: {last['result']}{why}{who} at {last['at']}")
    mqtt = state["mqtt"]
    if mqtt is None:
        lines.append("  MQTT: not configured")
    elif mqtt["connected"]:
        lines.append(f"  MQTT: connected to {mqtt['broker']}, topic {mqtt['topic']}")
    else:
        lines.append(f"  MQTT: NOT connected to {mqtt['broker']}: {mqtt['error'] or 'trying'}")
    return lines


def _session_words(state: Mapping[str, Any]) -> str:
    words = {
        "idle": "waiting for the button",
        "active": "open for one device",
        "success": "a device was admitted",
        "error": "the last attempt failed",
        "overlap": "two devices pressed at once: wait two minutes and press again",
        "timeout": "nobody came within two minutes",
        "cancelled": "cancelled",
    }
    text = words.get(state["state"], state["state"])
    left = state["seconds_left"]
    return f"{text}, {left // 60}:{left % 60:02} left ({state['method']})" if left is not None else text


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "pbc": pbc,
    "cancel": cancel,
    "pin": pin,
    "status": status,
}
