# SPDX-License-Identifier: BSD-3-Clause
"""nl80211: radios of the Linux kernel (linux/nl80211.h), over an own transport on pyroute2's message codec.

netlink (framing) · enumerations · codec (attribute rows) · transport (the socket) · requests (command → attributes) ·
capabilities (what radios there are) · bring_up (an interface taken and given back) · radio (ports.AccessPointRadio).
"""

from wpsagent.io.nl80211.capabilities import (
    InterfaceDescription,
    RfkillState,
    WiphyDescription,
    discover,
    rfkill_state,
)
from wpsagent.io.nl80211.radio import Nl80211Radio, open_access_point_radio

__all__ = [
    "InterfaceDescription",
    "Nl80211Radio",
    "RfkillState",
    "WiphyDescription",
    "discover",
    "open_access_point_radio",
    "rfkill_state",
]
