# SPDX-License-Identifier: BSD-3-Clause
"""The commands of Wi-Fi Protected Setup for stations, in wpa_supplicant's words.

While the interface is an access point (a network with mode=2 is selected) they are the access point's.

Refused: PINs that are no digits; settings for an access point that Wi-Fi Simple Configuration 2.0 forbids (WEP, TKIP,
WPA without WPA2); what needs an External Registrar (WPS_ER_…), NFC or Multi-AP.
"""

from collections.abc import Sequence

from wpsagent.control.agent import Station
from wpsagent.control.arguments import (
    authentication_type,
    bssid,
    encryption_type,
    hex_octets,
    hex_ssid,
    number,
    pin,
    text,
)
from wpsagent.control.table import OK, Argument, Call, Command, RefusedError, station_of
from wpsagent.errors import OverlapError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.device import parse_uuid

FAIL_PBC_OVERLAP = "FAIL-PBC-OVERLAP\n"

_ANY, _GET = "any", "get"


def _unless_access_point(station: Station) -> None:
    if station.access_point is not None:
        raise UsageError(f"{station.interface} is an access point now, and no station")


# ---- the button


def _push_button(call: Call) -> str:
    station, target = station_of(call), call.arguments[0]
    if station.access_point is None:
        station.begin_wps(lambda machine, now: machine.wps_push_button(now, target))
        return OK
    try:
        call.agent.press_button(station.interface)
    except OverlapError as error:
        raise RefusedError(FAIL_PBC_OVERLAP, str(error)) from None
    return OK


def _cancel(call: Call) -> str:
    station = station_of(call)
    if station.access_point is not None:
        call.agent.cancel(station.interface)
    else:
        station.act(lambda machine, now: machine.wps_cancel(now))
    return OK


# ---- PINs


def _pin(call: Call) -> str:
    """The PIN, without a newline."""
    station = station_of(call)
    target, password, timeout = call.arguments
    password = password or station.new_pin()
    if target == _GET:
        pass
    elif station.access_point is not None:
        uuid_e, address = _enrollee(target)
        call.agent.add_pin(
            password, uuid_e=uuid_e, timeout=float(timeout or 0), address=address, target=station.interface
        )
    elif timeout is not None:
        raise UsageError("how long a PIN is good is for the access point to say")
    else:
        access_point = bssid(target)
        station.begin_wps(lambda machine, now: machine.wps_pin(password, now, access_point))
    return bytes(password).decode("ascii")


def _enrollee(word: str) -> tuple[bytes | None, MacAddress | None]:
    """UUID-E and address of the enrollee that a word names; neither for "any"."""
    if word.lower() == _ANY:
        return None, None
    return (parse_uuid(word), None) if "-" in word else (None, MacAddress.parse(word))


# ---- registrars


def _register(call: Call) -> str:
    station = station_of(call)
    _unless_access_point(station)
    access_point, password, ssid, authentication, encryption, key = call.arguments
    settings = None
    if ssid is not None:
        if encryption is None:
            raise UsageError("settings for the access point are <ssid hex> <auth> <encr> [<key hex>]")
        settings = ApSettings(ssid, authentication, encryption, key or b"")
    station.begin_wps(lambda machine, now: machine.wps_register(access_point, password, now, settings))
    return OK


_SECONDS = number("a time", 0, 10**9 - 1)


# ---- what there is not


def _absent(name: str, reason: str) -> Command:
    def refuse(_call: Call) -> str:
        raise UsageError(reason)

    return Command(name, (Argument("…", text, is_optional=True),), refuse, f"Nothing: {reason}.", has_rest=True)


_ABSENT = {
    "the agent is no External Registrar of other access points": (
        "WPS_ER_START WPS_ER_STOP WPS_ER_PIN WPS_ER_PBC WPS_ER_LEARN WPS_ER_SET_CONFIG WPS_ER_CONFIG "
        "WPS_ER_NFC_CONFIG_TOKEN"
    ),
    "the agent has no NFC": (
        "WPS_NFC WPS_NFC_TOKEN WPS_NFC_CONFIG_TOKEN WPS_NFC_TAG_READ NFC_GET_HANDOVER_REQ NFC_GET_HANDOVER_SEL "
        "NFC_REPORT_HANDOVER"
    ),
}

WPS_COMMANDS: Sequence[Command] = (
    Command(
        "WPS_PBC",
        (Argument("BSSID or any", bssid, is_optional=True),),
        _push_button,
        "Join the access point whose button was pressed.",
    ),
    Command(
        "WPS_PIN",
        (
            Argument("BSSID, any or get", text),
            Argument("PIN", pin, is_optional=True),
            Argument("timeout", _SECONDS, is_optional=True),
        ),
        _pin,
        "Join with a PIN to be entered at the access point; prints it.",
        is_sensitive=True,
    ),
    Command(
        "WPS_REG",
        (
            Argument("BSSID", MacAddress.parse),
            Argument("AP PIN", pin),
            Argument("ssid hex", hex_ssid, is_optional=True),
            Argument("auth", authentication_type, is_optional=True),
            Argument("encr", encryption_type, is_optional=True),
            Argument("key hex", hex_octets, is_optional=True),
        ),
        _register,
        "Learn an access point's settings by its PIN, or give it new ones, and join.",
        is_sensitive=True,
    ),
    Command("WPS_CANCEL", (), _cancel, "End WPS."),
    *(_absent(name, reason) for reason, names in _ABSENT.items() for name in names.split()),
)
