# SPDX-License-Identifier: BSD-3-Clause
"""Numbers of linux/nl80211.h that are in use: commands, features, flags, suites.

The kernel's names without their NL80211_ prefix, in the kernel's order.
"""

from enum import IntEnum, IntFlag


class Command(IntEnum):
    """enum nl80211_commands."""

    GET_WIPHY = 1
    NEW_WIPHY = 3
    DEL_WIPHY = 4
    GET_INTERFACE = 5
    SET_INTERFACE = 6
    NEW_INTERFACE = 7
    DEL_INTERFACE = 8
    GET_KEY = 9
    SET_KEY = 10
    NEW_KEY = 11
    DEL_KEY = 12
    SET_BEACON = 14
    START_AP = 15
    STOP_AP = 16
    GET_STATION = 17
    SET_STATION = 18
    NEW_STATION = 19
    DEL_STATION = 20
    SET_BSS = 25
    GET_SCAN = 32
    TRIGGER_SCAN = 33
    NEW_SCAN_RESULTS = 34
    SCAN_ABORTED = 35
    REG_CHANGE = 36
    CONNECT = 46
    ROAM = 47
    DISCONNECT = 48
    REGISTER_FRAME = 58
    FRAME = 59
    FRAME_TX_STATUS = 60
    UNPROT_DEAUTHENTICATE = 70
    UNPROT_DISASSOCIATE = 71
    UNEXPECTED_FRAME = 83
    PROBE_CLIENT = 84
    UNEXPECTED_4ADDR_FRAME = 86
    CH_SWITCH_NOTIFY = 88
    CHANNEL_SWITCH = 102
    CH_SWITCH_STARTED_NOTIFY = 110
    WIPHY_REG_CHANGE = 113
    ABORT_SCAN = 114
    CONTROL_PORT_FRAME = 129
    CONTROL_PORT_FRAME_TX_STATUS = 139


def command_name(number: int) -> str:
    """The kernel's name of a command, or its number."""
    try:
        return Command(number).name
    except ValueError:
        return f"command {number}"


class ExtFeature(IntEnum):
    """enum nl80211_ext_feature_index: bit numbers in EXT_FEATURES."""

    CONTROL_PORT_OVER_NL80211 = 26
    CONTROL_PORT_OVER_NL80211_TX_STATUS = 48


class StationFlag(IntFlag):
    """enum nl80211_sta_flags as bits of struct nl80211_sta_flag_update."""

    AUTHORIZED = 1 << 1
    SHORT_PREAMBLE = 1 << 2
    WME = 1 << 3
    MFP = 1 << 4
    AUTHENTICATED = 1 << 5
    TDLS_PEER = 1 << 6
    ASSOCIATED = 1 << 7


class HiddenSsid(IntEnum):
    """enum nl80211_hidden_ssid."""

    NOT_IN_USE = 0
    ZERO_LENGTH = 1
    ZERO_CONTENTS = 2


class ChannelWidth(IntEnum):
    """enum nl80211_chan_width."""

    MHZ_20_NO_HT = 0
    MHZ_20 = 1


class AuthType(IntEnum):
    """enum nl80211_auth_type."""

    OPEN_SYSTEM = 0


WPA_VERSION_1 = 1  # enum nl80211_wpa_versions
WPA_VERSION_2 = 2
MFP_REQUIRED = 1  # enum nl80211_mfp
SUITE_CCMP = 0x000FAC04  # IEEE 802.11-2020, table 9-149
AKM_PSK = 0x000FAC02  # table 9-151
ETHERTYPE_EAPOL = 0x888E  # IEEE 802.1X-2020, 11.1.4
