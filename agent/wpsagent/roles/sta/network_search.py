# SPDX-License-Identifier: BSD-3-Clause
"""The search for a network of ours: whom to join of those that were heard, and where to scan next.

First where the network was: after a loss once, after WPS five times (an access point that was just configured
restarts).  Then everywhere; and when that finds nothing, again after a while, ever longer (faults.RESCAN_AFTER).
Hidden networks are asked for by name, as many in one scan as the radio can.
"""

from collections import deque
from collections.abc import Iterable, Iterator

from wpsagent.capabilities import RadioCapabilities
from wpsagent.octets import Ssid
from wpsagent.ports import TriggerScan
from wpsagent.roles.sta.bss_table import Bss, BssTable
from wpsagent.roles.sta.faults import Faults
from wpsagent.roles.sta.network import ANY_PROTECTION, Network, NetworkList, ProtectionPolicy
from wpsagent.roles.sta.selection import EVERYWHERE, IgnoreList, choose_network

NARROW_DELAY = 0.2
"""Seconds between two scans of the same channel."""

ANYBODY = Ssid(b"")


class NetworkSearch:
    """See the module.  table, networks and faults are the station's own."""

    def __init__(
        self,
        capabilities: RadioCapabilities,
        table: BssTable,
        networks: NetworkList,
        faults: Faults,
        fresh: float,
        *,
        protection: ProtectionPolicy = ANY_PROTECTION,
    ) -> None:
        self._capabilities = capabilities
        self._table = table
        self._networks = networks
        self._faults = faults
        self._fresh = fresh
        self.protection = protection
        self._narrow: deque[tuple[int, ...]] = deque()
        self._favoured: Bss | None = None
        self._asked = 0
        self.was_everywhere = False
        """True when the last scan was of all channels."""

    def begin(self, frequencies_mhz: tuple[int, ...] = (), *, times: int = 1, favoured: Bss | None = None) -> None:
        """Search anew.  frequencies_mhz: where to scan first, so many times.  favoured: whom to join without a scan."""
        self._narrow = deque([frequencies_mhz] * times if frequencies_mhz else ())
        self._favoured = favoured

    @property
    def candidates(self) -> tuple[Network, ...]:
        """The networks that may be joined now."""
        return tuple(n for n in self._networks.candidates() if not self._faults.is_disabled(n.id))

    def frequencies_of(self, network: Network) -> tuple[int, ...]:
        """Where the access points of a network were heard."""
        return tuple(dict.fromkeys(bss.frequency_mhz for bss in self._table if bss.ssid == network.ssid))

    def choose(self, now: float) -> tuple[Bss, Network] | None:
        """Whom to join of those who were heard a moment ago; None when there is nobody."""
        favoured, self._favoured = self._favoured, None
        if favoured is not None:
            choice = self._choose((favoured,), IgnoreList(), now)
            if choice is not None:
                return choice
        return self._choose(self._heard(now), self._faults.ignored, now)

    def _choose(self, bsses: Iterable[Bss], ignored: IgnoreList, now: float) -> tuple[Bss, Network] | None:
        return choose_network(bsses, self.candidates, ignored, now, self.protection)

    def next_scan(self) -> TriggerScan:
        """Where to look next."""
        self.was_everywhere = not self._narrow
        frequencies = self._narrow.popleft() if self._narrow else EVERYWHERE
        return TriggerScan(frequencies, self._ssids())

    def found_nothing(self, now: float) -> float:
        """After a scan: seconds until the next.  Where only ignored access points were heard they get a new chance."""
        if not self.was_everywhere:
            return NARROW_DELAY if self._narrow else 0.0
        if self._choose(self._heard(now), IgnoreList(), now) is not None:
            self._faults.ignored.clear()
        return self._faults.search_failed()

    def _heard(self, now: float) -> Iterator[Bss]:
        return (b for b in self._table if now - b.seen_at <= self._fresh and self._faults.is_still_there(b))

    def _ssids(self) -> tuple[Ssid, ...]:
        """Whom to ask for: anybody and the hidden networks; in turn if they are more than the radio can."""
        wanted = list(dict.fromkeys([ANYBODY, *(n.ssid for n in self.candidates if n.scan_ssid and n.ssid)]))
        limit = max(1, self._capabilities.maximum_scan_ssids)
        if len(wanted) <= limit:
            return tuple(wanted)
        start = self._asked % len(wanted)
        self._asked += limit
        return tuple((wanted + wanted)[start : start + limit])


def usable_frequencies(capabilities: RadioCapabilities) -> tuple[int, ...]:
    """The channels the radio may listen on, in MHz."""
    return tuple(f.mhz for band in capabilities.bands for f in band.frequencies if not f.is_disabled)
