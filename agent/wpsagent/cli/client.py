# SPDX-License-Identifier: BSD-3-Clause
"""The commands that talk to a running agent about its own networks, and about itself."""

import argparse
import os
from collections.abc import Callable, Mapping

from wpsagent.cli.asking import NO_PIN, TYPING_ERROR, ask, checked_pin, connect, do, read_state, tell, word
from wpsagent.cli.exit_codes import DONE, FAILED, WRONG_PIN
from wpsagent.cli.watch import events, follow_session, watch
from wpsagent.cli.words import status_lines
from wpsagent.errors import AgentError, UsageError
from wpsagent.wsc.pin import PinCheck, check_pin, generate_pin, normalize_pin

PRESSED = "the button is pressed for two minutes: press the WPS button of the other device now"


def pbc(options: argparse.Namespace) -> int:
    """Press the button."""
    request = f"WPS_PBC {word(options.target)}" if options.target else "WPS_PBC"
    return _open(options, request, PRESSED, {"pressed": True})


def cancel(options: argparse.Namespace) -> int:
    """Take it back."""
    do(options, f"WPS_CANCEL {word(options.target)}" if options.target else "WPS_CANCEL")
    tell(options, "cancelled", {"cancelled": True})
    return DONE


def pin(options: argparse.Namespace) -> int:
    """Enter an enrollee's PIN, after the check that catches typing errors; or make one up for it."""
    is_given = options.pin is not None
    digits = checked_pin(options.pin) if is_given else generate_pin(os.urandom).decode("ascii")
    request = f"WPS_PIN {word(options.uuid)} {digits} {options.timeout}"
    if options.mac:
        request += f" {word(options.mac)}"
    prefix = f"IFNAME={word(options.target)} " if options.target else ""
    limit = f" for {options.timeout} s" if options.timeout > 0 else ""
    text = f"the device with this PIN is admitted{limit}: start WPS on it now"
    values: dict[str, object] = {"admitted": True, "timeout_s": options.timeout or None}
    if not is_given:
        text = f"PIN: {digits}\nenter it on the device that is to join; {text}"
        values["pin"] = digits
    return _open(options, prefix + request, text, values)


def _open(options: argparse.Namespace, request: str, text: str, values: Mapping[str, object]) -> int:
    """Let a device in; follow it to its end where that is wanted."""
    if not options.wait:
        do(options, request)
        tell(options, text, values)
        return DONE
    with connect(options) as client:
        client.attach()  # before the start: no event may be missed
        do(options, request)
        if not options.json:
            print(text, flush=True)
        return follow_session(options, client)


def check(options: argparse.Namespace) -> int:
    """Whether a PIN can be right; needs no agent."""
    digits = normalize_pin(options.pin)
    match check_pin(digits):
        case PinCheck.VALID:
            tell(options, digits.decode("ascii"), {"valid": True, "pin": digits.decode("ascii")})
            return DONE
        case PinCheck.WRONG_CHECK_DIGIT:
            tell(options, TYPING_ERROR, {"valid": False, "reason": "check digit"})
            return WRONG_PIN
        case _:
            tell(options, NO_PIN, {"valid": False, "reason": "length"})
            return FAILED


# ---- the access point's own PIN


def ap_pin(options: argparse.Namespace) -> int:
    """The PIN with which a station may read or change the settings of a network of ours."""
    if (options.action == "set") != (options.pin is not None):
        raise UsageError("set needs a PIN: ap-pin set 12345670; the other actions take none")
    prefix = f"IFNAME={_network(options)} WPS_AP_PIN"
    match options.action:
        case "off":
            do(options, f"{prefix} disable")
            tell(options, "there is no AP PIN any more", {"pin": None})
            return DONE
        case "show":
            reply = ask(options, f"{prefix} get")
        case "random":
            reply = ask(options, f"{prefix} random {options.timeout}")
        case _:
            reply = ask(options, f"{prefix} set {checked_pin(options.pin)} {options.timeout}")
    tell(options, reply.strip(), {"pin": reply.strip(), "timeout_s": options.timeout or None})
    return DONE


def _network(options: argparse.Namespace) -> str:
    """The network that is meant: named, or the first; raises AgentError."""
    if options.interface:
        return word(options.interface)
    networks = read_state(options).get("access_points")
    if not networks:
        raise AgentError("the agent has no network of its own: its configuration needs a table [[access_point]]")
    return str(networks[0]["interface"])


# ---- the agent itself


def status(options: argparse.Namespace) -> int:
    """What is going on."""
    if options.watch:
        return watch(options)
    state = read_state(options)
    tell(options, "\n".join(status_lines(state)), state)
    return DONE


COMMANDS: Mapping[str, Callable[[argparse.Namespace], int]] = {
    "pbc": pbc,
    "cancel": cancel,
    "pin": pin,
    "check-pin": check,
    "ap-pin": ap_pin,
    "status": status,
    "events": events,
}
