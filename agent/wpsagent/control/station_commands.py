# SPDX-License-Identifier: BSD-3-Clause
"""The commands for a station of ours, in the words of wpa_supplicant's control interface."""

from collections.abc import Sequence

from wpsagent.control.hostapd_commands import HOSTAPD_COMMANDS
from wpsagent.control.station_networks import NETWORK_COMMANDS
from wpsagent.control.station_scan import SCAN_COMMANDS
from wpsagent.control.station_settings import SETTINGS_COMMANDS
from wpsagent.control.station_wps import WPS_COMMANDS
from wpsagent.control.table import Command

_SHARED = ("WPS_CHECK_PIN", "WPS_AP_PIN", "STA-FIRST", "STA", "STA-NEXT", "DEAUTHENTICATE", "DISASSOCIATE")

SHARED_COMMANDS: Sequence[Command] = [command for command in HOSTAPD_COMMANDS if command.name in _SHARED]
"""As hostapd has them; those of an access point's stations are for a station that is one (mode=2)."""

STATION_COMMANDS: Sequence[Command] = (
    *WPS_COMMANDS,
    *SCAN_COMMANDS,
    *SETTINGS_COMMANDS,
    *NETWORK_COMMANDS,
    *SHARED_COMMANDS,
)
