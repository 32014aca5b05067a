# SPDX-License-Identifier: BSD-3-Clause
"""The options of a hostapd.conf that the agent understands: one line an option.

An option's text becomes a value, or is refused with what was expected and why: whatever would leave the network with
less protection than its owner asked for (WEP, WPA with TKIP, address lists, RADIUS) is refused, never ignored.  Options
that are not in the table are for the reader of the file to name in a warning.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from wpsagent.config import converters as c
from wpsagent.config.converters import Converter, UnexpectedError
from wpsagent.config.model import CredentialProcessing
from wpsagent.config.table import SETUP_LOCK_MODES, WPS_STATES
from wpsagent.errors import DecodeError
from wpsagent.octets import Ssid
from wpsagent.roles.sta.network_variables import decode_string, to_octets
from wpsagent.wsc.enumerations import WpsState
from wpsagent.wsc.lock_out import SetupLockMode

AUTOMATIC_CHANNEL = 0
WPA, RSN = 1, 2
_NAMES_OF_STATES = {state: name for name, state in WPS_STATES.items()}
_NAMES_OF_LOCKS = {mode: name for name, mode in SETUP_LOCK_MODES.items()}
_LOCKS = (SetupLockMode.OPEN, SetupLockMode.LOCKED, SetupLockMode.CHANGE_LOCKED)


def nothing(_value: Any) -> str | None:
    """No remark."""
    return None


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    convert: its value; raises UnexpectedError.  sets: the key of [[access_point]] that takes the value as it is, or of
    [device] with "device." before it; None where several options make one setting, or nothing is to be done.
    remark: what the person should be told of this value, if anything.
    """

    name: str
    convert: Converter
    sets: str | None = None
    remark: Callable[[Any], str | None] = nothing
    is_secret: bool = False


# ---- converters


def integer(minimum: int, maximum: int) -> Converter:
    """A decimal number."""
    convert = c.integer(minimum, maximum)
    expected = f"a whole number from {minimum} to {maximum}"

    def read(raw: str) -> int:
        if not re.fullmatch(r"\s*-?[0-9]{1,10}\s*", raw, re.ASCII):
            raise UnexpectedError(expected)
        return int(convert(int(raw)))

    return read


flag = integer(0, 1)


def boolean(raw: str) -> bool:
    return bool(flag(raw))


def seconds(minimum: int, maximum: int) -> Converter:
    convert = integer(minimum, maximum)
    return lambda raw: float(convert(raw))


def member(*values: Any) -> Converter:
    """The value that a number from 0 on stands for."""
    convert = integer(0, len(values) - 1)
    return lambda raw: values[convert(raw)]


def anything(raw: str) -> str:
    return raw


def number(raw: str) -> int:
    return int(integer(-1, 65535)(raw))


def without(reason: str, *allowed: str) -> Converter:
    """Only values that ask for nothing; reason: why the others are refused, and what to do."""
    words = allowed or ("0",)

    def read(raw: str) -> str:
        if raw.strip() not in words:
            raise UnexpectedError(f"{' or '.join(words)}: {reason}")
        return raw.strip()

    return read


def never(reason: str) -> Converter:
    """No value at all."""

    def read(raw: str) -> str:
        raise UnexpectedError(f"the line to be removed: {reason}")

    return read


def _ssid(raw: str) -> Ssid:
    octets = to_octets(raw)
    if not 1 <= len(octets) <= 32:
        raise UnexpectedError("a name of 1 to 32 octets")
    return Ssid(octets)


def _ssid2(raw: str) -> Ssid:
    try:
        octets = decode_string(raw)
    except DecodeError as error:
        raise UnexpectedError(f"a name: {error}") from None
    if not 1 <= len(octets) <= 32:
        raise UnexpectedError("a name of 1 to 32 octets")
    return Ssid(octets)


def _channel(raw: str) -> int:
    return AUTOMATIC_CHANNEL if raw.strip() == "acs_survey" else int(integer(0, 177)(raw))


def _words(known: str) -> Converter:
    """Some of these words, with spaces between."""

    def read(raw: str) -> frozenset[str]:
        words = frozenset(raw.split())
        if not words or not words <= set(known.split()):
            raise UnexpectedError(f"some of {known}")
        return words

    return read


_CONTROL = re.compile(r"DIR=(\S+)(?:\s+GROUP=(\S+))?\s*")


def control_interface(raw: str) -> tuple[str, str | None]:
    """ctrl_interface of both programs: a folder, or "DIR=… GROUP=…"; folder and group."""
    expected = 'a folder, or "DIR=/run/… GROUP=…"'
    found = _CONTROL.fullmatch(raw)
    folder, group = (found[1], found[2]) if found else (raw.strip(), None)
    if folder.startswith("udp"):
        raise UnexpectedError(f"{expected}: sockets of UDP are open to everybody on this device")
    if not found and ("=" in folder or " " in folder):
        raise UnexpectedError(expected)
    try:
        return str(c.text(0, 90)(folder)), group
    except UnexpectedError:
        raise UnexpectedError(f"{expected} of at most 90 octets") from None


def _passphrase(raw: str) -> bytes:
    return c.passphrase(raw)


# ---- remarks


def when(value: Any, text: str) -> Callable[[Any], str | None]:
    """A remark on one value only."""
    return lambda found: text if found == value else None


def unless(value: Any, text: str) -> Callable[[Any], str | None]:
    """A remark on every other value."""
    return lambda found: None if found == value else text


def always(text: str) -> Callable[[Any], str | None]:
    return lambda _found: text


def _on_version(version: Any) -> str | None:
    return "WPA is broken and not offered, WPA2 is: devices that only know WPA cannot join" if version & WPA else None


_UPNP = always("registrars on the local network (UPnP) are not supported yet: ignored")
_WIDE = "not offered: the network is 802.11n on 20 MHz, as WPS devices need it; ignored"
_WEP = never("WEP is broken, and WPS forbids it; use wpa=2, wpa_passphrase=…")
_RADIUS = "there is no RADIUS here, and without it the network would not be protected as this asks; remove the line"
_ACL = "address lists are not supported, and without them everybody could join; remove the line"

_BASICS = (
    Option("interface", c.interface, "interface"),
    Option("bss", c.interface, "interface"),
    Option("bridge", c.interface, "bridge"),
    Option("driver", without("the kernel's radios are driven by nl80211 only", "nl80211")),
    Option("ctrl_interface", control_interface),
    Option("ctrl_interface_group", c.text(1, 32)),
    Option("ssid", _ssid),
    Option("ssid2", _ssid2),
    Option("utf8_ssid", flag),
    Option("country_code", c.country, "country"),
    Option("ieee80211d", flag),
    Option("hw_mode", c.choice("a", "b", "g", refused={"ad": "there is no 60 GHz here", "any": "name the band"})),
    Option("channel", _channel),
    Option("ieee80211n", flag, None, when(0, "802.11n is offered where the radio has it: ignored")),
    Option("ieee80211ac", flag, None, when(1, _WIDE)),
    Option("ieee80211ax", flag, None, when(1, _WIDE)),
    Option("ieee80211h", flag, None, when(1, "radar detection is not supported: use a channel without; ignored")),
    Option("wmm_enabled", flag, None, when(0, "802.11n needs WMM, which stays on: ignored")),
    Option("beacon_int", integer(15, 65535), "beacon_interval_tu"),
    Option("dtim_period", integer(1, 255), "dtim_period"),
    Option("max_num_sta", integer(1, 2007), "max_stations"),
    Option("ignore_broadcast_ssid", integer(0, 2)),
    Option("ap_max_inactivity", seconds(10, 86400), "inactivity_s"),
    Option("macaddr_acl", without(_ACL)),
    Option("ap_isolate", without("keeping devices apart is not supported; remove the line")),
)

_PROTECTION = (
    Option("wpa", integer(0, 3), None, _on_version),
    Option(
        "wpa_key_mgmt",
        _words("WPA-PSK WPA-PSK-SHA256 SAE FT-PSK FT-SAE WPA-EAP WPA-EAP-SHA256 FT-EAP OWE DPP NONE"),
    ),
    Option("rsn_pairwise", _words("CCMP TKIP GCMP CCMP-256 GCMP-256 NONE")),
    Option("wpa_pairwise", _words("CCMP TKIP GCMP CCMP-256 GCMP-256 NONE")),
    Option("wpa_passphrase", _passphrase, is_secret=True),
    Option("wpa_psk", c.psk, is_secret=True),
    Option("wpa_psk_file", c.text(1, 255), "psk_file"),
    Option("force_per_enrollee_psk", boolean, "force_per_enrollee_psk"),
    Option("wpa_group_rekey", seconds(0, 604800), "group_rekey_s"),
    Option("auth_algs", without("shared key authentication is WEP's; use auth_algs=1", "1", "3")),
    Option("ieee80211w", without("devices cannot be made to protect management frames here", "0", "1")),
    Option("ieee8021x", without(_RADIUS)),
    *(Option(f"wep_key{index}", _WEP, is_secret=True) for index in range(4)),
    *(Option(name, _WEP) for name in ("wep_default_key", "wep_key_len_broadcast", "wep_key_len_unicast")),
)

DEVICE_OPTIONS = (
    Option("uuid", c.uuid, "device.uuid"),
    Option("device_name", c.text(0, 32), "device.name"),
    Option("manufacturer", c.text(0, 64), "device.manufacturer"),
    Option("model_name", c.text(0, 32), "device.model_name"),
    Option("model_number", c.text(0, 32), "device.model_number"),
    Option("serial_number", c.text(0, 32), "device.serial_number"),
    Option("device_type", c.device_type, "device.primary_device_type"),
    Option("os_version", c.os_version, "device.os_version"),
)
"""What both daemons' files call the parts of [device]; config_methods is not the same in both."""

_WPS = (
    Option("eap_server", flag),
    Option("wps_state", member(None, WpsState.NOT_CONFIGURED, WpsState.CONFIGURED)),
    Option("wps_independent", boolean),
    Option("ap_setup_locked", member(*(_NAMES_OF_LOCKS[mode] for mode in _LOCKS)), "setup_locked"),
    Option("ap_pin_lockout_time", seconds(1, 31536000), "lock_out_s"),
    Option("ap_pin", c.pin_digits, "ap_pin", is_secret=True),
    Option("wps_pin_requests", c.text(1, 255), "pin_requests"),
    Option("skip_cred_build", boolean, "skip_credential_build"),
    Option("extra_cred", c.text(1, 255), "extra_credentials"),
    Option("wps_cred_processing", member(*(mode.value for mode in CredentialProcessing)), "cred_processing"),
    Option("wps_cred_add_sae", boolean, "add_sae"),
    Option("pbc_in_m1", flag, None, when(1, "a workaround for Windows 7 that is not supported: ignored")),
    Option("wps_rf_bands", anything),
    *DEVICE_OPTIONS,
    Option("config_methods", c.config_methods, "device.config_methods"),
    *(
        Option(name, anything, None, _UPNP)
        for name in ("upnp_iface", "friendly_name", "manufacturer_url", "model_description", "model_url", "upc")
    ),
)

# The parameters of each access category (IEEE 802.11-2020, table 9-155), as they are beaconed.
_WMM = {
    "bk": {"aifs": 7, "cwmin": 4, "cwmax": 10, "txop_limit": 0, "acm": 0},
    "be": {"aifs": 3, "cwmin": 4, "cwmax": 10, "txop_limit": 0, "acm": 0},
    "vi": {"aifs": 2, "cwmin": 3, "cwmax": 4, "txop_limit": 94, "acm": 0},
    "vo": {"aifs": 2, "cwmin": 2, "cwmax": 3, "txop_limit": 47, "acm": 0},
}

_OTHERS = (
    *(
        Option(f"wmm_ac_{category}_{name}", number, None, unless(value, f"stays {value}: ignored"))
        for category, values in _WMM.items()
        for name, value in values.items()
    ),
    *(
        Option(name, number, None, unless(-1, "stays as the radio has it: ignored"))
        for name in ("rts_threshold", "fragm_threshold")
    ),
    *(
        Option(name, number)
        for name in ("logger_syslog", "logger_syslog_level", "logger_stdout", "logger_stdout_level", "eapol_version")
    ),
    *(Option(name, anything) for name in ("eapol_key_index_workaround", "own_ip_addr")),
)

OPTIONS: Mapping[str, Option] = {option.name: option for option in (*_BASICS, *_PROTECTION, *_WPS, *_OTHERS)}


def name_of_state(state: WpsState) -> str:
    """What the key wps_state of [[access_point]] calls it."""
    return _NAMES_OF_STATES[state]
