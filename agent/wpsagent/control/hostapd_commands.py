# SPDX-License-Identifier: BSD-3-Clause
"""The commands for an access point of ours, in the words of hostapd's control interface.

Refused: PINs that are no digits, numbers that are none (hostapd takes them for 0), networks that Wi-Fi Simple
Configuration 2.0 forbids (WEP, TKIP, WPA without WPA2), NFC and External Registrars.
"""

from collections.abc import Callable, Mapping, Sequence

from wpsagent import __version__
from wpsagent.control.agent import AccessPoint, ConnectedStation
from wpsagent.control.arguments import authentication_type, encryption_type, hex_octets, hex_ssid, number, pin, text
from wpsagent.control.hostapd_texts import format_config, format_station, format_status, format_wps_status
from wpsagent.control.table import FAIL_CHECKSUM, OK, Argument, Call, Command, RefusedError
from wpsagent.crypto.library import library_version
from wpsagent.crypto.passphrase import is_passphrase, is_psk_digits
from wpsagent.errors import UsageError
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import parse_uuid
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType
from wpsagent.wsc.issuing import wpa2_settings
from wpsagent.wsc.pin import PinCheck, check_pin, normalize_pin

_MAX_SECONDS = 999999999
_AP_PIN_TIMEOUT = "300"  # seconds for which hostapd takes a new PIN where nobody says how long; 0: for ever
_PIN_SIZES = (4, 8)
_DEFAULT_REASON = 2  # INVALID_AUTHENTICATION (802.11, table 9-49), as hostapd says where no reason is given
_MAX_REASON = 65535


# ---- arguments


def _enrollee(text: str) -> bytes | None:
    """A UUID-E, or None for "any"."""
    return None if text == "any" else parse_uuid(text)


_seconds = number("a number of seconds", 0, _MAX_SECONDS)


def _ap_pin(word: str) -> bytes:
    """An access point's PIN; as in hostapd its check digit is not asked for."""
    if not (word.isascii() and word.isdigit() and len(word) in _PIN_SIZES):
        raise UsageError("an access point's PIN has 4 or 8 digits")
    return word.encode()


def _reason(word: str) -> int:
    name, _, value = word.partition("=")
    if name != "reason":
        raise UsageError("expected reason=<number>")
    return number("a reason code", 1, _MAX_REASON)(value)


# ---- WPS


def _require_up(call: Call) -> None:
    """As in hostapd there is no WPS on an interface that is down, though others of its group may be up."""
    down = [ap.interface for ap in call.agent.access_points() if ap.interface == call.target and not ap.is_enabled]
    if down:
        raise UsageError(f"{call.target} is down")


def _push_button(call: Call) -> str:
    _require_up(call)
    call.agent.press_button(call.arguments[0] or call.target)
    return OK


def _cancel(call: Call) -> str:
    _require_up(call)
    call.agent.cancel(call.arguments[0] or call.target)
    return OK


def _add_pin(call: Call) -> str:
    _require_up(call)
    uuid_e, password, timeout, address = call.arguments
    call.agent.add_pin(password, uuid_e=uuid_e, timeout=float(timeout or 0), address=address, target=call.target)
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


def _disable_ap_pin(access_point: AccessPoint, _words: Sequence[str]) -> str:
    access_point.set_ap_pin(None, 0.0)
    return OK


def _random_ap_pin(access_point: AccessPoint, words: Sequence[str]) -> str:
    (timeout,) = (*words, _AP_PIN_TIMEOUT)[:1]
    return access_point.new_ap_pin(float(_seconds(timeout))).decode("ascii")


def _get_ap_pin(access_point: AccessPoint, _words: Sequence[str]) -> str:
    if access_point.ap_pin is None:
        raise UsageError(f"{access_point.interface} has no PIN: WPS_AP_PIN random or set gives it one")
    return access_point.ap_pin.decode("ascii")


def _set_ap_pin(access_point: AccessPoint, words: Sequence[str]) -> str:
    if not words:
        raise UsageError("WPS_AP_PIN set <PIN> [timeout]")
    new, timeout = _ap_pin(words[0]), float(_seconds((*words, _AP_PIN_TIMEOUT)[1]))
    access_point.set_ap_pin(new, timeout)
    return new.decode("ascii")


_AP_PIN_ACTIONS: Mapping[str, tuple[int, Callable[[AccessPoint, Sequence[str]], str]]] = {
    "disable": (0, _disable_ap_pin),
    "random": (1, _random_ap_pin),
    "get": (0, _get_ap_pin),
    "set": (2, _set_ap_pin),
}
"""What can be done with the PIN of an access point, with at most how many words after it."""


def _manage_ap_pin(call: Call) -> str:
    """The PIN, without a newline."""
    name, *rest = call.arguments
    words = [word for word in rest if word is not None]
    if name not in _AP_PIN_ACTIONS:
        raise UsageError(f"WPS_AP_PIN {' | '.join(_AP_PIN_ACTIONS)}")
    most, act = _AP_PIN_ACTIONS[name]
    if len(words) > most:
        raise UsageError(f"too much after WPS_AP_PIN {name}")
    return act(call.access_point, words)


def _configure(call: Call) -> str:
    ssid, authentication, encryption, key = call.arguments
    if encryption is None:
        encryption = EncryptionType.NONE if authentication == AuthenticationType.OPEN else EncryptionType.AES
    if (authentication == AuthenticationType.OPEN) != (encryption == EncryptionType.NONE):
        raise UsageError("OPEN goes with NONE, and WPA2PSK with CCMP")
    if (authentication == AuthenticationType.OPEN) != (not key):
        raise UsageError("WPA2PSK needs a key, and OPEN has none")
    settings = wpa2_settings(ssid, _checked_key(key)) if key else NetworkSettings(ssid, authentication, encryption)
    call.access_point.configure(settings)
    return OK


def _checked_key(key: bytes) -> bytes:
    """A passphrase, or the digits of a PSK; raises UsageError for anything else."""
    if not is_psk_digits(key) and not is_passphrase(key):
        raise UsageError("a key is a passphrase of 8 to 63 printable ASCII characters, or 64 hexadecimal digits")
    return key


def _wps_status(call: Call) -> str:
    return format_wps_status(call.agent.wps_status(call.target))


# ---- stations


def _stations_text(call: Call, which: slice) -> str:
    access_point = call.access_point
    return "".join(format_station(station, access_point.network_settings) for station in access_point.clients()[which])


def _first_station(call: Call) -> str:
    """Nothing at all where there is none."""
    return _stations_text(call, slice(1))


def _position(call: Call, stations: Sequence[ConnectedStation]) -> int:
    for position, station in enumerate(stations):
        if station.address == call.arguments[0]:
            return position
    raise UsageError(f"{call.arguments[0]} is not here")


def _one_station(call: Call) -> str:
    position = _position(call, call.access_point.clients())
    return _stations_text(call, slice(position, position + 1))


def _next_station(call: Call) -> str:
    position = _position(call, call.access_point.clients()) + 1
    return _stations_text(call, slice(position, position + 1))


def _send_away(*, is_deauthentication: bool) -> Callable[[Call], str]:
    def handle(call: Call) -> str:
        """OK also for who is not here: it may think that it is."""
        address, reason = call.arguments
        if address.is_multicast and address != BROADCAST:
            raise UsageError(f"{address} is the address of a group, and not everybody's")
        call.access_point.send_away(address, reason or _DEFAULT_REASON, is_deauthentication=is_deauthentication)
        return OK

    return handle


# ---- the access point


def _status(call: Call) -> str:
    """All access points; of one that is named those of its radio, as hostapd has it."""
    access_points = call.agent.access_points()
    phys = {ap.phy for ap in access_points if ap.interface == call.target} - {""}
    return format_status([ap for ap in access_points if call.target in (None, ap.interface) or ap.phy in phys])


def _configuration(call: Call) -> str:
    return format_config(call.access_point)


def _simply(act: Callable[[AccessPoint], None]) -> Callable[[Call], str]:
    def handle(call: Call) -> str:
        act(call.access_point)
        return OK

    return handle


def _update_beacon(call: Call) -> str:
    """Nothing to do: a beacon is renewed as soon as anything in it changes."""
    if not call.access_point.status.is_enabled:
        raise UsageError(f"{call.access_point.interface} is down")
    return OK


def _set(call: Call) -> str:
    name, value = call.arguments
    call.access_point.set_variable(name, value)
    return OK


_OWN_VARIABLES: Mapping[str, Callable[[], str]] = {"version": lambda: __version__, "tls_library": library_version}


def _get(call: Call) -> str:
    """The value, without a newline."""
    (name,) = call.arguments
    return _OWN_VARIABLES[name]() if name in _OWN_VARIABLES else call.access_point.get_variable(name)


def _without_nfc(_call: Call) -> str:
    raise UsageError("NFC is not supported")


_TARGET = Argument("group or interface", text, is_optional=True)
_STATION = Argument("MAC address", MacAddress.parse)
_REASON = Argument("reason=number", _reason, is_optional=True)
_WORDS = Argument("…", text)

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
    Command(
        "WPS_AP_PIN",
        (
            Argument("disable, random, get or set", text),
            Argument("PIN or timeout", text, is_optional=True),
            Argument("timeout", text, is_optional=True),
        ),
        _manage_ap_pin,
        "The PIN by which a registrar may configure the access point.",
        is_sensitive=True,
    ),
    Command(
        "WPS_CONFIG",
        (
            Argument("ssid hex", hex_ssid),
            Argument("auth", authentication_type),
            Argument("encr", encryption_type, is_optional=True),
            Argument("key hex", hex_octets, is_optional=True),
        ),
        _configure,
        "Give the access point another network.",
        is_sensitive=True,
    ),
    Command("WPS_GET_STATUS", (), _wps_status, "Push-button status and last result."),
    Command("STATUS", (), _status, "The networks, as hostapd prints them."),
    Command("GET_CONFIG", (), _configuration, "The network with its key."),
    Command("STA-FIRST", (), _first_station, "The first station."),
    Command("STA", (_STATION,), _one_station, "What is known of a station."),
    Command("STA-NEXT", (_STATION,), _next_station, "The station after this one."),
    Command("DEAUTHENTICATE", (_STATION, _REASON), _send_away(is_deauthentication=True), "Send a station away."),
    Command("DISASSOCIATE", (_STATION, _REASON), _send_away(is_deauthentication=False), "End an association."),
    Command("ENABLE", (), _simply(lambda access_point: access_point.enable()), "Bring the access point up."),
    Command("DISABLE", (), _simply(lambda access_point: access_point.disable()), "Take the access point down."),
    Command("STOP_AP", (), _simply(lambda access_point: access_point.disable()), "The same."),
    Command("RELOAD", (), _simply(lambda access_point: access_point.reload()), "Begin anew with what SET has changed."),
    Command("UPDATE_BEACON", (), _update_beacon, "Renew the beacon."),
    Command(
        "SET",
        (Argument("name", text), Argument("value", text)),
        _set,
        "Change a setting, by its name in hostapd.conf.",
        is_sensitive=True,
        has_rest=True,
    ),
    Command("GET", (Argument("name", text),), _get, "A setting, or version or tls_library."),
    *(
        Command(name, (_WORDS,), _without_nfc, "Refused: there is no NFC.", is_sensitive=True, has_rest=True)
        for name in (
            "WPS_NFC_TAG_READ",
            "WPS_NFC_CONFIG_TOKEN",
            "WPS_NFC_TOKEN",
            "NFC_GET_HANDOVER_SEL",
            "NFC_REPORT_HANDOVER",
        )
    ),
)
