# SPDX-License-Identifier: BSD-3-Clause
"""nl80211: radios of the Linux kernel (linux/nl80211.h), over an own transport on pyroute2's message codec.

netlink (framing) · enumerations · codec (attribute rows) · transport (the socket) · requests (command → attributes) ·
capabilities (what radios there are) · bring_up (an interface taken and given back) · interface (what both radios are) ·
radio (ports.AccessPointRadio of SoftMAC drivers) · firmware_radio (of FullMAC ones) · access_point (which of the two) ·
scan (scans, their results) · link_watch (interfaces that go down) · station (ports.StationRadio).
"""

from wpsagent.io.nl80211.access_point import open_access_point_radio
from wpsagent.io.nl80211.capabilities import (
    InterfaceDescription,
    RfkillState,
    WiphyDescription,
    discover,
    rfkill_state,
)
from wpsagent.io.nl80211.radio import Nl80211Radio
from wpsagent.io.nl80211.station import Nl80211StationRadio, open_station_radio

__all__ = [
    "InterfaceDescription",
    "Nl80211Radio",
    "Nl80211StationRadio",
    "RfkillState",
    "WiphyDescription",
    "discover",
    "open_access_point_radio",
    "open_station_radio",
    "rfkill_state",
]
