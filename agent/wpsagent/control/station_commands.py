# SPDX-License-Identifier: BSD-3-Clause
"""The commands for a station of ours, in the words of wpa_supplicant's control interface."""

from collections.abc import Sequence

from wpsagent.control.station_networks import NETWORK_COMMANDS
from wpsagent.control.station_scan import SCAN_COMMANDS
from wpsagent.control.station_settings import SETTINGS_COMMANDS
from wpsagent.control.station_wps import WPS_COMMANDS
from wpsagent.control.table import Command

STATION_COMMANDS: Sequence[Command] = (*WPS_COMMANDS, *SCAN_COMMANDS, *SETTINGS_COMMANDS, *NETWORK_COMMANDS)
