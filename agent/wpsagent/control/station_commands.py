# SPDX-License-Identifier: BSD-3-Clause
"""The commands for a station of ours, in the words of wpa_supplicant's control interface."""

from collections.abc import Sequence

from wpsagent.control.hostapd_commands import HOSTAPD_COMMANDS
from wpsagent.control.station_networks import NETWORK_COMMANDS
from wpsagent.control.station_scan import SCAN_COMMANDS
from wpsagent.control.station_settings import SETTINGS_COMMANDS
from wpsagent.control.station_wps import WPS_COMMANDS
from wpsagent.control.table import Command

_OF_CLIENTS = ("STA-FIRST", "STA", "STA-NEXT", "DEAUTHENTICATE", "DISASSOCIATE")

CLIENT_COMMANDS: Sequence[Command] = [command for command in HOSTAPD_COMMANDS if command.name in _OF_CLIENTS]
"""Of the stations of an access point, while the station is one (mode=2): as hostapd has them."""

STATION_COMMANDS: Sequence[Command] = (
    *WPS_COMMANDS,
    *SCAN_COMMANDS,
    *SETTINGS_COMMANDS,
    *NETWORK_COMMANDS,
    *CLIENT_COMMANDS,
)
