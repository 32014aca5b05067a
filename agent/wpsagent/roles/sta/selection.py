# SPDX-License-Identifier: BSD-3-Clause
"""Which access point: for Wi-Fi Protected Setup, and for the networks a station knows.

Wi-Fi Simple Configuration 2.0, section 11.3 (push button, session overlap) and section 12 (AuthorizedMACs, Selected
Registrar), with what deployed access points make necessary:

    push button   access points whose button is pressed; with two of different UUID-E nobody can tell which is meant
    PIN           access points that authorize us or everybody (of WPS 1.0: whose registrar is selected, and not by
                  the button); all others with WPS from the third scan and FALLBACK_AFTER seconds on, in turn
    registrar     the given access point

A BSSID that the user gave is the only candidate; then neither overlap nor authorization is asked for, because the user
has chosen.  Access points that failed are ignored for a while, ever longer.  How a BSS protects its data does not
matter to WPS; one that is no access point (P2P devices have WPS elements, too) or hides its SSID is never chosen.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from wpsagent.dot11.frames import Capability
from wpsagent.octets import BROADCAST, NO_ADDRESS, MacAddress
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.events import WpsAvailable, WpsMethod
from wpsagent.roles.sta.flags import wps_available
from wpsagent.roles.sta.network import ANY_PROTECTION, Network, ProtectionPolicy
from wpsagent.rsn.rsne import CipherSuite

FALLBACK_SCANS = 3
FALLBACK_AFTER = 5.0
"""Scans done, and seconds since the start, before a PIN is tried at access points that do not wait for one."""

RESCAN_DELAY = 0.5
"""Seconds from a scan that found nobody to the next."""

ALL_IGNORED_DELAY = 5.0
"""The same when everybody was ignored, and the list has been cleared."""

HEARD_WITHIN = 10.0
"""Seconds for which a pressed button counts when it is not known when the scan began: more than a scan takes."""


# ---- who is ignored


@dataclass(slots=True)
class _Failures:
    count: int
    last_at: float

    @property
    def ignored_for(self) -> float:
        return _IGNORED_FOR[min(self.count, len(_IGNORED_FOR)) - 1]


_IGNORED_FOR = (10.0, 10.0, 60.0, 120.0, 600.0, 1800.0)
"""Seconds for which an access point is ignored after its first, second ... failure; the last for all that follow."""

_FORGOTTEN_AFTER = 3600.0
"""Seconds since the last failure of an access point after which it begins anew."""


class IgnoreList:
    """Access points that failed.  An interval is half open: ignored for 10 s at t is no longer ignored at t + 10."""

    def __init__(self) -> None:
        self._failures: dict[MacAddress, _Failures] = {}

    def add(self, bssid: MacAddress, now: float) -> float:
        """One more failure; returns for how many seconds the access point is now ignored."""
        self._age(now)
        failures = self._failures.setdefault(bssid, _Failures(0, now))
        failures.count += 1
        failures.last_at = now
        return failures.ignored_for

    def is_ignored(self, bssid: MacAddress, now: float) -> bool:
        failures = self._failures.get(bssid)
        return failures is not None and now < failures.last_at + failures.ignored_for

    def ignored(self, now: float) -> tuple[MacAddress, ...]:
        """Who is ignored now."""
        return tuple(bssid for bssid in self._failures if self.is_ignored(bssid, now))

    def remove(self, bssid: MacAddress) -> None:
        self._failures.pop(bssid, None)

    def clear(self) -> None:
        self._failures.clear()

    def _age(self, now: float) -> None:
        for bssid in [b for b, failures in self._failures.items() if now >= failures.last_at + _FORGOTTEN_AFTER]:
            del self._failures[bssid]


# ---- Wi-Fi Protected Setup


class Basis(Enum):
    """Why an access point is a candidate, the best reason first."""

    GIVEN = "the user gave its BSSID"
    PUSH_BUTTON = "its button is pressed"
    LISTED = "it authorizes this very station"
    AWAITED = "it awaits some station's PIN"
    FALLBACK = "it has WPS"


_RANKS = {basis: rank for rank, basis in enumerate(Basis)}


@dataclass(frozen=True, slots=True)
class Candidate:
    """Try this one."""

    bss: Bss
    basis: Basis


@dataclass(frozen=True, slots=True)
class Overlap:
    """Buttons of different access points are pressed: end the run."""

    bsses: tuple[Bss, ...]


class WpsSearch:
    """The search of one WPS run: told what each scan has heard, it says whom to try.

    bssid: the one the user gave; None and 00:00:00:00:00:00 are any, which a registrar's run refuses by finding nobody.
    """

    def __init__(
        self, method: WpsMethod, own_address: MacAddress, started_at: float, *, bssid: MacAddress | None = None
    ) -> None:
        self.method = method
        self.bssid = None if bssid == NO_ADDRESS else bssid
        self.ignored = IgnoreList()
        self.rescan_delay = RESCAN_DELAY
        """Seconds to wait, when the last `choose` found nobody, until the next scan."""
        self.scans = 0
        self._own_address = own_address
        self._started_at = started_at
        self._offers: dict[MacAddress, WpsAvailable | None] = {}
        self._tries: dict[MacAddress, int] = {}

    def choose(
        self,
        bsses: Iterable[Bss],
        now: float,
        *,
        heard_since: float | None = None,
        elsewhere: Iterable[Bss] = (),
        is_after_scan: bool = True,
    ) -> Candidate | Overlap | None:
        """Whom to try now; None when there is nobody: scan again in rescan_delay seconds.

        heard_since: when the scan (all its parts) began; a button that was last heard pressed before does not count.
        elsewhere: what other interfaces of this device have heard: they count for an overlap and are never chosen.
        is_after_scan: False before the first scan and while parts of one are to come: then it does not count, and who
        is ignored stays so, because somebody else may yet be heard.
        """
        self.scans += is_after_scan
        self.rescan_delay = RESCAN_DELAY
        heard = [bss for bss in bsses if bss.has_wps and _is_access_point(bss)]
        self._notice_offers(heard)
        if self.method is WpsMethod.PUSH_BUTTON:
            since = now - HEARD_WITHIN if heard_since is None else heard_since
            pressed = _pressed(heard, since)
            overlapping = _different(pressed + _pressed(filter(_is_access_point, elsewhere), since))
            if self.bssid is None and len(overlapping) > 1:
                return Overlap(overlapping)
            heard = pressed
        candidates = list(self._candidates(heard, now))
        welcome = [c for c in candidates if not self.ignored.is_ignored(c.bss.bssid, now)]
        if candidates and not welcome and is_after_scan:
            self.ignored.clear()
            self.rescan_delay = ALL_IGNORED_DELAY
        return self._pick(welcome)

    def failed(self, bssid: MacAddress, now: float) -> float:
        """An access point could not be joined, or its run ended without a verdict (M2D): go on with others.

        Returns for how many seconds it is ignored.
        """
        return self.ignored.add(bssid, now)

    def _notice_offers(self, bsses: Iterable[Bss]) -> None:
        """Who failed and selects a registrar since has a new chance at once."""
        for bss in bsses:
            offer = wps_available(bss, self._own_address)
            if offer is not WpsAvailable.PLAIN and offer is not self._offers.get(bss.bssid):
                self.ignored.remove(bss.bssid)
            self._offers[bss.bssid] = offer

    def _candidates(self, bsses: Iterable[Bss], now: float) -> Iterator[Candidate]:
        may_fall_back = self.scans >= FALLBACK_SCANS and now - self._started_at >= FALLBACK_AFTER
        for bss in bsses:
            basis = self._basis_of(bss)
            if basis is not None and not bss.is_hidden and (basis is not Basis.FALLBACK or may_fall_back):
                yield Candidate(bss, basis)

    def _basis_of(self, bss: Bss) -> Basis | None:
        if self.bssid is not None:
            return Basis.GIVEN if bss.bssid == self.bssid else None
        if self.method is WpsMethod.REGISTRAR:
            return None
        if self.method is WpsMethod.PUSH_BUTTON:
            return Basis.PUSH_BUTTON
        if bss.wps is None:
            return Basis.FALLBACK
        if not bss.wps.wfa.is_version2:
            return Basis.AWAITED if awaits_pin(bss) else Basis.FALLBACK
        macs = bss.wps.wfa.authorized_macs
        if self._own_address in macs:
            return Basis.LISTED
        return Basis.AWAITED if BROADCAST in macs else Basis.FALLBACK

    def _pick(self, candidates: Sequence[Candidate]) -> Candidate | None:
        chosen = min(candidates, key=self._order, default=None)
        if chosen is not None:
            self._tries[chosen.bss.bssid] = self._tries.get(chosen.bss.bssid, 0) + 1
        return chosen

    def _order(self, candidate: Candidate) -> tuple[int, int, bool, float]:
        """The best reason; without a good one who was tried least; who waits for a PIN; the better signal."""
        bss = candidate.bss
        tries = self._tries.get(bss.bssid, 0) if candidate.basis is Basis.FALLBACK else 0
        return _RANKS[candidate.basis], tries, not awaits_pin(bss), -bss.signal_dbm


def awaits_pin(bss: Bss) -> bool:
    """True when a registrar is selected, and not by the button.  WPS 1.0 may leave out the Device Password ID."""
    return bss.wps is not None and bss.wps.selected_registrar is not None and not bss.wps.is_push_button_active


def _is_access_point(bss: Bss) -> bool:
    return bool(bss.capability & Capability.ESS)


def _pressed(bsses: Iterable[Bss], since: float) -> list[Bss]:
    return [bss for bss in bsses if bss.is_push_button_active and bss.seen_at >= since]


def _different(bsses: Sequence[Bss]) -> tuple[Bss, ...]:
    """One BSS for each device: the radios of one have the same UUID-E, and who does not tell it stands for itself.

    A BSSID may come twice, heard by two interfaces; one of the frames may lack the UUID-E.
    """
    uuids = {bss.bssid: bss.uuid_e for bss in bsses if bss.uuid_e is not None}
    found: dict[bytes, Bss] = {}
    for bss in bsses:
        found.setdefault(uuids.get(bss.bssid, bss.bssid), bss)
    return tuple(found.values())


# ---- the networks a station knows


def choose_network(
    bsses: Iterable[Bss],
    networks: Iterable[Network],
    ignored: IgnoreList,
    now: float,
    protection: ProtectionPolicy = ANY_PROTECTION,
) -> tuple[Bss, Network] | None:
    """The BSS to join and the network it belongs to; None when nothing fits.

    Priority comes first, then the better protection, then the better signal, then the network's place in the list.
    networks: those that may be joined (NetworkList.candidates()); disabled ones and those of WPS runs are left out.
    """
    by_ssid: dict[bytes, list[Network]] = {}
    for network in networks:
        if not network.is_disabled and not network.is_for_wps:
            by_ssid.setdefault(network.ssid, []).append(network)
    fitting = [
        (_merit(bss, network), bss, network)
        for bss in bsses
        if bss.ssid in by_ssid and _is_joinable(bss) and not ignored.is_ignored(bss.bssid, now)
        for network in by_ssid[bss.ssid]
        if network.match(bss, protection) is not None
    ]
    best = max(fitting, key=lambda fit: fit[0], default=None)
    return None if best is None else best[1:]


def _is_joinable(bss: Bss) -> bool:
    """An element of security that cannot be read is not taken for none."""
    return _is_access_point(bss) and bss.has_rsne == (bss.rsne is not None) and bss.has_wpa == (bss.wpa is not None)


def _merit(bss: Bss, network: Network) -> tuple[int, int, float]:
    has_ccmp_alone = bss.rsne is not None and bss.rsne.group_cipher == CipherSuite.CCMP_128
    return network.priority, (bss.rsne is not None) + has_ccmp_alone, bss.signal_dbm


# ---- where to listen

LIKELY_FREQUENCIES = (2412, 2437, 2462)
"""Channels 1, 6 and 11, where access points of the 2.4 GHz band are, in MHz."""

EVERYWHERE: tuple[int, ...] = ()
"""The frequencies of a scan of all channels."""


def scan_plan(
    bsses: Iterable[Bss], frequencies_mhz: Iterable[int], *, is_fast: bool, bssid: MacAddress | None = None
) -> tuple[tuple[int, ...], ...]:
    """The frequencies of one scan after the other; the caller may stop as soon as it has whom it needs.

    frequencies_mhz: those the radio may use, none for unknown.  A fast plan begins where access points with WPS were
    heard, those that wait for a device first, goes on with channels 1, 6 and 11, and ends with the rest.  With a BSSID
    the plan is fast, and what is known of that access point comes first.  Any other plan is one scan of everything.
    """
    given = None if bssid == NO_ADDRESS else bssid
    if not is_fast and given is None:
        return (EVERYWHERE,)
    known = tuple(bsses)
    usable = tuple(frequencies_mhz)
    steps = [
        [bss.frequency_mhz for bss in known if bss.bssid == given],
        [bss.frequency_mhz for bss in sorted(filter(_has_wps, known), key=_promise)],
        LIKELY_FREQUENCIES,
        usable,
    ]
    rounds = tuple(_fresh_rounds(steps, frozenset(usable)))
    return rounds if usable else (*rounds, EVERYWHERE)


def _has_wps(bss: Bss) -> bool:
    return bss.has_wps and _is_access_point(bss)


def _promise(bss: Bss) -> tuple[bool, float]:
    is_selected = bss.wps is not None and bss.wps.selected_registrar is not None
    return not is_selected, -bss.signal_dbm


def _fresh_rounds(steps: Iterable[Iterable[int]], usable: frozenset[int]) -> Iterator[tuple[int, ...]]:
    """Each frequency once, in the first step that has it; steps without any are left out."""
    done: set[int] = set()
    for step in steps:
        fresh = tuple(mhz for mhz in dict.fromkeys(step) if mhz not in done and (not usable or mhz in usable))
        done.update(fresh)
        if fresh:
            yield fresh
