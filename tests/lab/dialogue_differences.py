# SPDX-License-Identifier: BSD-3-Clause
"""Where the agent's control interface answers otherwise than wpa_supplicant's or hostapd's, on purpose, and why.

Each entry names commands by a regular expression that matches the whole line.  A test that compares the two dialogues
accepts a difference only where an entry explains it, and wants every entry to explain one.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Difference:
    """Commands that are answered otherwise, and why."""

    commands: str
    reason: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """A command, and what the two said, after what must differ was made the same."""

    command: str
    theirs: str
    ours: str

    def __str__(self) -> str:
        return f"{self.command}\n    theirs: {self.theirs!r}\n    ours:   {self.ours!r}"


def unexplained(exchanges: Iterable[Exchange], differences: Sequence[Difference]) -> list[Exchange]:
    """Differences that no entry explains."""
    return [
        exchange
        for exchange in exchanges
        if exchange.theirs != exchange.ours
        and not any(re.fullmatch(difference.commands, exchange.command) for difference in differences)
    ]


def unused(exchanges: Sequence[Exchange], differences: Sequence[Difference]) -> list[Difference]:
    """Entries that explain nothing: the two agree by now."""
    return [
        difference
        for difference in differences
        if not any(
            re.fullmatch(difference.commands, exchange.command) and exchange.theirs != exchange.ours
            for exchange in exchanges
        )
    ]


SUPPLICANT_LINES = {
    "p2p_device_address": "no Wi-Fi Direct",
    "ie": "of the newest frame; wpa_supplicant prefers the last probe response",
    "noise": "the channel's noise is assumed, not asked of the driver",
    "snr": "follows from the noise",
    "est_throughput": "an estimate",
    "tsf": "the moment of the last frame",
    "age": "the same",
    "update_idx": "how often each of the two has scanned",
    "WIDTH": "SIGNAL_POLL tells what the frames of the access point say, and asks no driver",
    "CENTER_FRQ1": "the same",
    "AVG_RSSI": "the same",
    "LINKSPEED": "the same: 0",
    "NOISE": "the same: 9999, which means unknown",
}
"""Lines name=value that are left out of the comparison with wpa_supplicant."""

SUPPLICANT: Sequence[Difference] = (
    Difference("STATUS-DRIVER", "tells what the agent knows of its radio"),
    Difference("DRIVER_FLAGS", "the same"),
    Difference("DUMP", "the options that the agent has"),
    Difference("GET version", "the agent's own"),
    Difference("GET uuid", "wpa_supplicant takes a UUID and does not tell it"),
    Difference(
        "GET_CAPABILITY (eap|key_mgmt|pairwise|group|group_mgmt|proto|auth_alg)( strict)?",
        "the agent joins open networks and WPA2-Personal with CCMP, and has no EAP method but WSC",
    ),
    Difference("GET_CAPABILITY modes", "no IBSS, no mesh"),
    Difference("GET_CAPABILITY (channels|freq)", "bands without a usable channel are left out"),
    Difference("INTERFACES", "no interface of its own for Wi-Fi Direct"),
    Difference("INTERFACE_LIST", "Linux' wpa_supplicant lists nothing; the agent lists what could be added"),
    Difference("AP_SCAN x|STA_AUTOCONNECT 2", "bad input is refused, not read as 0 or as 1"),
    Difference("SET config_methods nope", "a misspelt method is refused, not left out"),
    Difference("WPS_ER_(STOP|PIN .*)", "no External Registrar: every command of it fails"),
    Difference("WPS_NFC_TOKEN WPS|NFC_GET_HANDOVER_REQ NDEF WPS", "no NFC"),
)

HOSTAPD_LINES = {
    **dict.fromkeys(
        (
            *("num_sta_non_erp", "num_sta_no_short_slot_time", "num_sta_no_short_preamble", "olbc", "olbc_ht"),
            *("num_sta_ht_no_gf", "num_sta_no_ht", "num_sta_ht_20_mhz", "num_sta_ht40_intolerant", "ht_op_mode"),
        ),
        "nobody counts old stations: what protects them is the kernel's",
    ),
    "ht_caps_info": "hostapd promises what its ht_capab says, the agent what the radio can do",
    **dict.fromkeys(
        ("rx_packets", "tx_packets", "rx_bytes", "tx_bytes", "signal", "rx_rate_info", "tx_rate_info"),
        "the kernel's counters: iw dev <interface> station dump",
    ),
    **dict.fromkeys(("supp_op_classes", "ext_capab"), "of the association request, which nobody uses afterwards"),
    **dict.fromkeys(("inactive_msec", "connected_time"), "the moment"),
}
"""Lines name=value that are left out of the comparison with hostapd."""

HOSTAPD_EVENTS = {
    "WPS-ENROLLEE-SEEN": "the other's station as well, when it comes by",
    "EAPOL-4WAY-HS-COMPLETED": "AP-STA-CONNECTED, which comes at the same moment, says it",
    "WPS-PBC-DISABLE": "told whenever the button's session ends; by hostapd only when it succeeded",
    "WPS-AP-PIN-DISABLED": "told whenever it is; by hostapd only after wrong PINs",
    "WPS-AP-SETUP-LOCKED": "told whenever it is; by hostapd only after wrong PINs",
    "WPS-NEW-AP-SETTINGS": "hostapd tells it also of settings that it refuses",
}
"""Events that are left out of the comparison with hostapd."""

HOSTAPD: Sequence[Difference] = (
    Difference("WPS_PIN any 1", "a PIN has at least four digits"),
    Difference(
        "WPS_PIN any 12345670 (-1|x)", "a timeout is a number; hostapd takes what is none for 0, which is for ever"
    ),
    Difference("WPS_PIN any 12345670 60 x", "an address is one; hostapd goes on without"),
    Difference("WPS_PIN any 12345670 60 02:11:22:33:44:55 x", "more arguments than there are"),
    Difference("WPS_(PBC|CANCEL) x", "a button group may be named; this one there is not"),
    Difference("WPS_GET_STATUS x", "more arguments than there are"),
    Difference("WPS_AP_PIN (get|disable) x", "more arguments than there are"),
    Difference("GET version", "our own"),
    Difference("GET tls_library", "another library"),
    Difference("GET wps_state", "what can be set can be read"),
    Difference("LOG_LEVEL INFO x", "a timestamp is 0 or 1"),
    Difference("DEAUTHENTICATE 02:11:22:33:44:77 reason=x", "a reason is a number; hostapd takes what is none for 0"),
    Difference("DEAUTHENTICATE 02:11:22:33:44:77 tx=0", "a station that is sent away is told so"),
    Difference("MIB|STATUS-DRIVER|DRIVER_FLAGS|PMKSA", "hostapd's inner life, and that of its driver"),
    Difference("GET_CAPABILITY dpp", "no Device Provisioning"),
    Difference("NEW_STA .*|POLL_STA .*", "for tests of hostapd"),
    Difference("INTERFACES|HELP", "understood on every socket"),
    Difference("WPS_NFC_CONFIG_TOKEN NDEF|WPS_NFC_TOKEN NDEF|NFC_GET_HANDOVER_SEL NDEF WPS-CR", "no NFC"),
)
