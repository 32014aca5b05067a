# SPDX-License-Identifier: BSD-3-Clause
"""How a command asks a running agent, and how it answers its person: in words, or with --json in JSON."""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wpsagent.cli.parser import DEFAULT_CONFIG, DEFAULT_SOCKET
from wpsagent.errors import AgentError, ConfigError, OverlapError, UsageError
from wpsagent.io.control_client import ControlClient
from wpsagent.wsc.pin import PinCheck, check_pin, normalize_pin

FAIL_OVERLAP = "FAIL-PBC-OVERLAP\n"
OK, FAIL, UNKNOWN_COMMAND = "OK\n", "FAIL\n", "UNKNOWN COMMAND\n"

MAXIMUM_WORD = 100
"""Letters in the longest argument: a UUID has 36, an interface 15, a PIN with separators some 20."""

NO_PIN = "a PIN has 4 or 8 digits"
TYPING_ERROR = "the PIN's last digit does not fit the others: a typing error?"


def find_socket(options: argparse.Namespace) -> str:
    """The socket of the agent that is meant: named, or the configuration's, or the usual one.

    A configuration that has become wrong is no obstacle: the agent that runs goes on with the one before.
    """
    if options.socket:
        return str(options.socket)
    path = Path(options.config or DEFAULT_CONFIG)
    if options.config or os.access(path, os.R_OK):
        from wpsagent.config.loader import load

        try:
            return load(path).agent.control_socket
        except ConfigError:
            if options.config or not Path(DEFAULT_SOCKET).is_socket():
                raise
    return DEFAULT_SOCKET


def connect(options: argparse.Namespace) -> ControlClient:
    """A client of the agent that is meant; raises AgentError."""
    return ControlClient(find_socket(options))


def ask(options: argparse.Namespace, request: str) -> str:
    """The reply to one request; raises AgentError with the agent's own reason when it refuses.

    OverlapError where another device's button is pressed.
    """
    with connect(options) as client:
        reply = client.request(request)
        if reply in (FAIL, FAIL_OVERLAP):
            reason = client.request("WHY").strip()
            raise (AgentError if reply == FAIL else OverlapError)(reason.partition(": ")[2] or reason)
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


def read_state(options: argparse.Namespace) -> dict[str, Any]:
    """AGENT_STATUS; raises AgentError."""
    text = ask(options, "AGENT_STATUS").strip()
    try:
        state = json.loads(text)
    except ValueError:
        state = None
    if not isinstance(state, dict):
        raise AgentError(f"the agent gave a status that cannot be read: {text[:60]!r}")
    return state


# ---- arguments


def word(text: str) -> str:
    """One argument of a request: no spaces, no line ends."""
    if not text or len(text) > MAXIMUM_WORD or any(character.isspace() for character in text):
        raise UsageError(f"{text[:MAXIMUM_WORD]!r} is not one word")
    return text


def secret(text: str) -> str:
    """What was given, or the next line of standard input for "-", where nobody sees it among the processes."""
    return sys.stdin.readline(MAXIMUM_WORD).strip() if text == "-" else text


def checked_pin(text: str) -> str:
    """A PIN ("-": of standard input) without separators; raises UsageError for what cannot be one."""
    digits = normalize_pin(secret(text))
    match check_pin(digits):
        case PinCheck.VALID:
            return digits.decode("ascii")
        case PinCheck.WRONG_CHECK_DIGIT:
            raise UsageError(TYPING_ERROR)
        case _:
            raise UsageError(NO_PIN)


# ---- answers


def tell(options: argparse.Namespace, text: str, values: Mapping[str, Any]) -> None:
    """The outcome, at once: as text for a person, or as one line of JSON."""
    print(json.dumps(values, ensure_ascii=False) if options.json else text, flush=True)
