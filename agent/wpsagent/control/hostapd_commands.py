# SPDX-License-Identifier: BSD-3-Clause
"""The commands for an access point of ours, in the words of hostapd's control interface.

Refused: PINs that are not printable ASCII.
"""

from collections.abc import Sequence

from wpsagent.control.agent import AccessPointStatus, WpsStatus
from wpsagent.control.table import FAIL_CHECKSUM, OK, Argument, Call, Command, RefusedError, pin, text
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress
from wpsagent.wsc.device import parse_uuid
from wpsagent.wsc.pin import PinCheck, check_pin, normalize_pin

_MAX_TIMEOUT = 2**31


# ---- arguments


def _enrollee(text: str) -> bytes | None:
    """A UUID-E, or None for "any"."""
    return None if text.lower() == "any" else parse_uuid(text)


def _seconds(text: str) -> float:
    if not (text.isascii() and text.isdigit()) or int(text) > _MAX_TIMEOUT:
        raise UsageError(f"not a number of seconds: {text!r}")
    return float(text)


# ---- handlers


def _push_button(call: Call) -> str:
    call.agent.press_button(call.arguments[0] or call.target)
    return OK


def _cancel(call: Call) -> str:
    call.agent.cancel(call.arguments[0] or call.target)
    return OK


def _add_pin(call: Call) -> str:
    uuid_e, password, timeout, address = call.arguments
    call.agent.add_pin(password, uuid_e=uuid_e, timeout=timeout or 0.0, address=address, target=call.target)
    return OK


def _check_pin(call: Call) -> str:
    """The digits, without a newline; whoever typed separators gets them removed."""
    digits = normalize_pin(call.arguments[0])
    match check_pin(digits):
        case PinCheck.VALID:
            return digits.decode("ascii")
        case PinCheck.WRONG_CHECK_DIGIT:
            raise RefusedError(FAIL_CHECKSUM, "the PIN's last digit does not fit the others: a typing error?")
        case _:
            raise UsageError("a PIN has 4 or 8 digits")


def _wps_status(call: Call) -> str:
    return format_wps_status(call.agent.wps_status(call.target))


def _status(call: Call) -> str:
    return format_status([ap for ap in call.agent.access_points() if call.target in (None, ap.interface)])


_TARGET = Argument("group or interface", text, is_optional=True)

HOSTAPD_COMMANDS: Sequence[Command] = (
    Command("WPS_PBC", (_TARGET,), _push_button, "Press the button."),
    Command("WPS_CANCEL", (_TARGET,), _cancel, "Stop what the button or a PIN has started."),
    Command(
        "WPS_PIN",
        (
            Argument("uuid or any", _enrollee),
            Argument("PIN", pin),
            Argument("timeout", _seconds, is_optional=True),
            Argument("MAC address", MacAddress.parse, is_optional=True),
        ),
        _add_pin,
        "Offer a PIN to an enrollee.",
        is_sensitive=True,
    ),
    Command(
        "WPS_CHECK_PIN",
        (Argument("PIN", text),),
        _check_pin,
        "Check a PIN's digits; prints them without separators.",
        is_sensitive=True,
        has_rest=True,
    ),
    Command("WPS_GET_STATUS", (), _wps_status, "Push-button status and last result."),
    Command("STATUS", (), _status, "The networks, as hostapd prints them."),
)


def format_wps_status(status: WpsStatus) -> str:
    """The lines of WPS_GET_STATUS."""
    lines = [f"PBC Status: {status.push_button}", f"Last WPS result: {status.last_result}"]
    if status.failure_reason is not None:
        lines.append(f"Failure Reason: {status.failure_reason}")
    if status.peer is not None:
        lines.append(f"Peer Address: {status.peer}")
    return "".join(f"{line}\n" for line in lines)


def format_status(access_points: Sequence[AccessPointStatus]) -> str:
    """The lines of STATUS: the radio of the first network, then every network by number."""
    if not access_points:
        return "state=DISABLED\n"
    first = access_points[0]
    lines = [
        f"state={'ENABLED' if first.is_enabled else 'DISABLED'}",
        *([f"phy={first.phy}"] if first.phy else []),
        f"freq={first.frequency_mhz}",
        f"channel={first.channel}",
        f"beacon_int={first.beacon_interval_tu}",
        f"dtim_period={first.dtim_period}",
    ]
    for number, access_point in enumerate(access_points):
        lines += [
            f"bss[{number}]={access_point.interface}",
            f"bssid[{number}]={access_point.address}",
            f"ssid[{number}]={access_point.ssid}",
            f"num_sta[{number}]={access_point.stations}",
        ]
    return "".join(f"{line}\n" for line in lines)
