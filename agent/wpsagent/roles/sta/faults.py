# SPDX-License-Identifier: BSD-3-Clause
"""What went wrong lately: whom to leave alone for a while, and how long to wait before the next try.

An access point that fails is ignored (selection.IgnoreList); one that was lost counts again only when it is heard
again.  A network whose key seems wrong is disabled for a while, ever longer: each try costs the access point a
handshake, and some lock out who tries too often.
"""

from dataclasses import dataclass

from wpsagent.octets import MacAddress
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.selection import IgnoreList

DISABLED_FOR = (10.0, 20.0, 30.0, 60.0, 90.0, 120.0, 300.0)
"""Seconds for which a network is left alone after its first, second ... failure; the last for all that follow."""

RESCAN_AFTER = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0)
"""Seconds from the first, second ... search that found no network of ours to the next; the last for all others."""


@dataclass(slots=True)
class _Disabled:
    failures: int
    until: float | None  # None: it may be tried again


class Faults:
    """See the module."""

    def __init__(self) -> None:
        self.ignored = IgnoreList()
        self._lost: dict[MacAddress, float] = {}
        self._networks: dict[int, _Disabled] = {}
        self._fruitless = 0

    # ---- access points

    def bss_lost(self, bssid: MacAddress, now: float) -> None:
        """It is not heard any more, or sent us away: what was heard of it so far says nothing."""
        self._lost[bssid] = now

    def is_still_there(self, bss: Bss) -> bool:
        return bss.seen_at > self._lost.get(bss.bssid, float("-inf"))

    # ---- networks

    def network_failed(self, network_id: int, now: float) -> tuple[int, float]:
        """One more failure: how many there were in a row, and for how many seconds the network is left alone."""
        disabled = self._networks.setdefault(network_id, _Disabled(0, None))
        disabled.failures += 1
        seconds = DISABLED_FOR[min(disabled.failures, len(DISABLED_FOR)) - 1]
        disabled.until = now + seconds
        return disabled.failures, seconds

    def is_disabled(self, network_id: int) -> bool:
        """True while a network is left alone."""
        disabled = self._networks.get(network_id)
        return disabled is not None and disabled.until is not None

    def forgive_network(self, network_id: int) -> bool:
        """It connected, or somebody asked for it, or it is gone: begin anew.  True if it was disabled."""
        disabled = self._networks.pop(network_id, None)
        return disabled is not None and disabled.until is not None

    @property
    def deadline(self) -> float | None:
        """When the next network may be tried again."""
        return min((d.until for d in self._networks.values() if d.until is not None), default=None)

    def reenable(self, now: float) -> list[int]:
        """The networks whose time is over; their failures still count."""
        over = [n for n, disabled in self._networks.items() if disabled.until is not None and now >= disabled.until]
        for network_id in over:
            self._networks[network_id].until = None
        return over

    # ---- searches

    def search_failed(self) -> float:
        """No network of ours was found: seconds until the next search."""
        self._fruitless += 1
        return RESCAN_AFTER[min(self._fruitless, len(RESCAN_AFTER)) - 1]

    def search_succeeded(self) -> None:
        """A connection stands, or somebody wants one now: the next search need not wait long."""
        self._fruitless = 0

    def forgive_all(self) -> list[int]:
        """Begin anew with everybody; the networks that were disabled."""
        disabled = [network_id for network_id in self._networks if self.is_disabled(network_id)]
        self.ignored.clear()
        self._networks.clear()
        self._fruitless = 0
        return disabled
