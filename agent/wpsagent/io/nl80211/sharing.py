# SPDX-License-Identifier: BSD-3-Clause
"""Several interfaces on one radio: whether they may be up at the same time, and on how many channels.

Sources: linux/nl80211.h, enum nl80211_if_combination_attrs; net/wireless/util.c, cfg80211_iter_combinations.  What is
refused here the kernel refuses too, with EBUSY when the interface is set up.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

from wpsagent.capabilities import InterfaceType, RadioCapabilities

_NAMES = {
    InterfaceType.ADHOC: "an ad hoc interface",
    InterfaceType.STATION: "a station",
    InterfaceType.AP: "an access point",
    InterfaceType.MESH_POINT: "a mesh point",
    InterfaceType.P2P_CLIENT: "a P2P client",
    InterfaceType.P2P_GO: "a P2P group owner",
}
"""The types that take part in combinations; VLANs and monitors are made by software and are not counted."""


def counted(kinds: Iterable[InterfaceType | None]) -> list[InterfaceType]:
    """Those of them that take part in combinations."""
    return [kind for kind in kinds if kind is not None and kind in _NAMES]


def why_not_together(capabilities: RadioCapabilities, kinds: Sequence[InterfaceType]) -> str | None:
    """Why a radio cannot have these interfaces up at the same time, for people; None when it can."""
    if capabilities.channels_for(Counter(kinds)) is not None:
        return None
    wanted = ", ".join(
        _NAMES[kind] if count == 1 else f"{count} times {_NAMES[kind]}"
        for kind, count in sorted(Counter(kinds).items())
    )
    return f"{capabilities.wiphy_name} ({capabilities.driver or 'unknown driver'}) cannot be {wanted} at the same time"


def shared_channels(capabilities: RadioCapabilities, kinds: Sequence[InterfaceType]) -> int:
    """On how many channels these interfaces can be at the same time; one where the driver does not say."""
    return capabilities.channels_for(Counter(kinds)) or 1
