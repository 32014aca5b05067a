# SPDX-License-Identifier: BSD-3-Clause
"""The commands about a station itself: STATUS, options, what it can do, and what wpa_supplicant's clients ask besides.

Where wpa_supplicant has something that this agent does without (credentials of Hotspot 2.0, a cache of PMKs, EAPOL
port control) the reply is that of a wpa_supplicant which has none.
"""

from collections.abc import Callable, Mapping, Sequence

from wpsagent import __version__
from wpsagent.capabilities import Frequency, InterfaceType, RadioCapabilities
from wpsagent.control.arguments import one_word, text
from wpsagent.control.station_texts import format_driver_status, format_status
from wpsagent.control.table import OK, Argument, Call, Command, station_of, text_of
from wpsagent.dot11.channels import channel_of
from wpsagent.errors import UsageError
from wpsagent.roles.sta.options import OPTIONS
from wpsagent.rsn.rsne import CipherSuite

_CREDENTIALS_HEADER = "cred id / realm / username / domain / imsi\n"
_PMKSA_HEADER = "Index / AA / PMKID / expiration (in seconds) / opportunistic\n"

_UNKNOWN_NOISE = 9999
_LOWEST_5_GHZ = 5000
_LAST_FREQUENCY_OF_B = 2484

# The bits of wpa_supplicant's driver flags for what we know of a radio.
_DRIVER_FLAGS: Mapping[str, int] = {"AP": 1 << 6, "CONTROL_PORT": 1 << 58}


# ---- STATUS


def _driver_status(call: Call) -> str:
    station = station_of(call)
    return format_status(station) if station.access_point is not None else format_driver_status(station)


def _signal(call: Call) -> str:
    """Of the newest frame heard; LINKSPEED is 0: the driver chooses rates by itself, frame by frame."""
    machine = station_of(call).machine()
    bss = machine.current_bss
    if bss is None or not machine.is_connected:
        raise UsageError("the station is in no network")
    return text_of(
        [
            f"RSSI={round(bss.signal_dbm)}",
            "LINKSPEED=0",
            f"NOISE={_UNKNOWN_NOISE}",
            f"FREQUENCY={bss.frequency_mhz}",
        ]
    )


# ---- options


def _set(call: Call) -> str:
    name, value = call.arguments
    if value is None:
        raise UsageError("SET needs a name and a value")
    station_of(call).set_option(name, value)
    return OK


def _get(call: Call) -> str:
    """The value, without a newline."""
    name = call.arguments[0]
    if name == "version":
        return __version__
    value = station_of(call).get_option(name)
    if value is None:
        raise UsageError(f"{name} is not set, or there is no such option")
    return value


def _dump(call: Call) -> str:
    station = station_of(call)
    values = ((name, station.get_option(name)) for name in OPTIONS)
    return text_of(f"{name}={'null' if value is None else value}" for name, value in values)


# ---- what it can do


def _capability(call: Call) -> str:
    what, _, interface_type = call.arguments
    if interface_type is not None and not interface_type.startswith("iftype="):
        raise UsageError("there is iftype=<type>")
    return _CAPABILITIES[what](station_of(call).machine().capabilities)


def _key_managements(_capabilities: RadioCapabilities) -> str:
    return "NONE WPA-PSK WPA-PSK-SHA256"


def _group_management(capabilities: RadioCapabilities) -> str:
    if CipherSuite.BIP_CMAC_128 not in capabilities.cipher_suites:
        raise UsageError("the radio has no cipher for management frames")
    return "AES-128-CMAC"


def _modes(capabilities: RadioCapabilities) -> str:
    return "AP" if InterfaceType.AP in capabilities.interface_types else ""


def _bands(capabilities: RadioCapabilities) -> list[tuple[str, list[Frequency]]]:
    """The channels as wpa_supplicant groups them: by 802.11g, a and b."""
    usable = [f for band in capabilities.bands for f in band.frequencies if not f.is_disabled]
    low = [f for f in usable if f.mhz < _LOWEST_5_GHZ]
    high = [f for f in usable if f.mhz >= _LOWEST_5_GHZ]
    groups = [("G", low), ("A", high), ("B", [f for f in low if f.mhz <= _LAST_FREQUENCY_OF_B])]
    return [(name, frequencies) for name, frequencies in groups if frequencies]


def _channels(capabilities: RadioCapabilities) -> str:
    return text_of(
        f"Mode[{name}] Channels: {' '.join(str(channel_of(f.mhz)) for f in frequencies)}"
        for name, frequencies in _bands(capabilities)
    )


def _frequencies(capabilities: RadioCapabilities) -> str:
    reply = ""
    for name, frequencies in _bands(capabilities):
        reply += f"Mode[{name}] Channels:\n"
        reply += text_of(f" {channel_of(f.mhz)} = {f.mhz} MHz{_limits(f)}" for f in frequencies)
        reply += "\n"
    return reply


def _limits(frequency: Frequency) -> str:
    no_ir = "" if frequency.may_initiate else " (NO_IR)"
    return f"{no_ir} (DFS)" if frequency.needs_radar_detection else no_ir


_CAPABILITIES: Mapping[str, Callable[[RadioCapabilities], str]] = {
    "eap": lambda _capabilities: "WSC",
    "key_mgmt": _key_managements,
    "pairwise": lambda _capabilities: "CCMP",
    "group": lambda _capabilities: "CCMP TKIP",
    "group_mgmt": _group_management,
    "proto": lambda _capabilities: "RSN",
    "auth_alg": lambda _capabilities: "OPEN",
    "modes": _modes,
    "channels": _channels,
    "freq": _frequencies,
}


def _driver_flags(call: Call) -> str:
    capabilities = station_of(call).machine().capabilities
    names = [*_modes(capabilities).split(), *(["CONTROL_PORT"] if capabilities.has_control_port else [])]
    return text_of([f"{sum(_DRIVER_FLAGS[name] for name in names):016X}:", *names])


def _answering(reply: str) -> Callable[[Call], str]:
    return lambda _call: reply


SETTINGS_COMMANDS: Sequence[Command] = (
    Command("STATUS", (), lambda call: format_status(station_of(call)), "The station, as wpa_supplicant prints it."),
    Command("STATUS-VERBOSE", (), lambda call: format_status(station_of(call)), "The same."),
    Command(
        "STATUS-WPS",
        (),
        lambda call: format_status(station_of(call), has_keys=True),
        "The same, with the key while it is an access point.",
    ),
    Command("STATUS-DRIVER", (), _driver_status, "The radio."),
    Command("SIGNAL_POLL", (), _signal, "How the access point is heard."),
    Command(
        "SET",
        (Argument("option", text), Argument("value", text, is_optional=True)),
        _set,
        "Set an option; it counts from the next WPS run on.",
        is_sensitive=True,
        has_rest=True,
    ),
    Command("GET", (Argument("option", text),), _get, "An option."),
    Command("DUMP", (), _dump, "All options."),
    Command(
        "GET_CAPABILITY",
        (
            Argument("what", one_word(*_CAPABILITIES)),
            Argument("strict", one_word("strict"), is_optional=True),
            Argument("iftype=", text, is_optional=True),
        ),
        _capability,
        "What the station can do.",
    ),
    Command("DRIVER_FLAGS", (), _driver_flags, "What the radio can do."),
    Command("PMKSA", (), _answering(_PMKSA_HEADER), "Nothing: no keys are kept over a connection."),
    Command("PMKSA_FLUSH", (), _answering(OK), "Nothing, for the same reason."),
    Command("LIST_CREDS", (), _answering(_CREDENTIALS_HEADER), "Nothing: no credentials of Hotspot 2.0."),
    Command("LOGON", (), _answering(OK), "Nothing: there is no port control beside that of a connection."),
    Command("LOGOFF", (), _answering(OK), "Nothing, for the same reason."),
)
