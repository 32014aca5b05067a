# SPDX-License-Identifier: BSD-3-Clause
"""The BSS table: what a station has heard of the air, one entry for each BSSID and SSID.

Scan results of the kernel go in, as often as they come and in any order; entries keep their id for as long as they
live, and an id is never given twice.  What a frame says is read when somebody asks, once, and again only when the
frame has changed: a table of a thousand entries costs next to nothing until one of them matters.

Of an access point the newest frame counts, beacon or probe response (ports.ScanResult.elements): a probe response of
a minute ago does not hide that the button is no longer pressed.  WPS elements are joined within that frame only (Wi-Fi
Simple Configuration 2.0, 8.2.1).  Nothing here refuses anything: an element that cannot be read is there, and unread.
"""

from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import count
from typing import Self, TypeVar

from wpsagent.dot11.elements import WPA_VENDOR_TYPE, WPS_VENDOR_TYPE, ElementId, Elements
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import ScanResult
from wpsagent.rsn.rsne import Rsne, WpaElement
from wpsagent.wsc.attributes import Attributes
from wpsagent.wsc.elements import BeaconAttributes

NO_SSID = Ssid(b"")
_MAX_SSID = 32

MAX_BSSES = 2000
"""Entries at once; who was not heard for longest makes room.  The kernel itself keeps a thousand."""

_UUID_E_HEADER = b"\x10\x47\x00\x10"
"""Type and length of a UUID-E: a frame without these octets has none."""

_T = TypeVar("_T")


class Reading:
    """What the elements of one frame say, each part worked out when it is first asked for; equal for equal octets."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reading) and self.octets == other.octets

    def __hash__(self) -> int:
        return hash(self.octets)

    def __repr__(self) -> str:
        return f"Reading({len(self.octets)} octets)"

    @cached_property
    def elements(self) -> Elements:
        return Elements.decode(self.octets)

    @cached_property
    def rsne(self) -> Rsne | None:
        return _read(Rsne.decode, self.elements.first(ElementId.RSN))

    @cached_property
    def wpa_octets(self) -> bytes | None:
        return self.elements.vendor(WPA_VENDOR_TYPE)

    @cached_property
    def wpa(self) -> WpaElement | None:
        return _read(WpaElement.decode, self.wpa_octets)

    @cached_property
    def wps_octets(self) -> bytes | None:
        return self.elements.vendor(WPS_VENDOR_TYPE)

    @cached_property
    def wps(self) -> BeaconAttributes | None:
        return _read(BeaconAttributes.decode, self.wps_octets)

    @cached_property
    def wps_attributes(self) -> Attributes | None:
        return _read(Attributes.decode, self.wps_octets)


def _read(decode: Callable[[bytes], _T], octets: bytes | None) -> _T | None:
    try:
        return None if octets is None else decode(octets)
    except DecodeError:
        return None


@dataclass(frozen=True, slots=True)
class Bss:
    """One BSS.

    id: of the table.  ssid: as the frame has it, empty or zeros when the network is hidden.  seen_at: when its newest
    frame was heard, in the time of `now`.  beacon_octets: elements of the last beacon, if any was heard.
    identity: an earlier frame with a UUID-E, if the newest has none (beacons may leave it out).  update_index: the
    number of the table's update that last brought it.
    """

    id: int
    bssid: MacAddress
    ssid: Ssid
    frequency_mhz: int
    signal_dbm: float
    capability: int
    beacon_interval_tu: int
    seen_at: float
    reading: Reading
    beacon_octets: bytes = field(default=b"", repr=False)
    tsf: int = 0
    identity: Reading | None = None
    update_index: int = 0

    @classmethod
    def from_result(cls, result: ScanResult, bss_id: int, seen_at: float, update_index: int = 0) -> Self:
        """A BSS heard for the first time."""
        return cls(
            id=bss_id,
            bssid=result.bssid,
            ssid=ssid_of(result.elements),
            frequency_mhz=result.frequency_mhz,
            signal_dbm=result.signal_dbm,
            capability=result.capability,
            beacon_interval_tu=result.beacon_interval_tu,
            seen_at=seen_at,
            reading=Reading(result.elements),
            beacon_octets=result.beacon_elements,
            tsf=result.tsf,
            identity=Reading(result.older_elements) if _UUID_E_HEADER in result.older_elements else None,
            update_index=update_index,
        )

    def renewed(self, result: ScanResult, seen_at: float, update_index: int = 0) -> Self:
        """The same BSS after it was heard again; a frame that has not changed is not read again."""
        is_same = self.octets == result.elements
        return replace(
            self,
            frequency_mhz=result.frequency_mhz,
            signal_dbm=result.signal_dbm,
            capability=result.capability,
            beacon_interval_tu=result.beacon_interval_tu,
            seen_at=max(seen_at, self.seen_at),
            reading=self.reading if is_same else Reading(result.elements),
            beacon_octets=result.beacon_elements,
            tsf=result.tsf,
            identity=self._identity_beside(result),
            update_index=update_index,
        )

    def _identity_beside(self, result: ScanResult) -> Reading | None:
        """The last frame with a UUID-E that is older than the result's newest; one that is known is not read again."""
        known = (self.reading, self.identity)
        if _UUID_E_HEADER in result.older_elements:
            same = (reading for reading in known if reading is not None and reading.octets == result.older_elements)
            return next(same, None) or Reading(result.older_elements)
        return self.identity if self.octets == result.elements or _UUID_E_HEADER not in self.octets else self.reading

    @property
    def octets(self) -> bytes:
        """The elements of the newest frame as they came."""
        return self.reading.octets

    @property
    def elements(self) -> Elements:
        return self.reading.elements

    @property
    def is_hidden(self) -> bool:
        """True when it does not tell its SSID: empty, or zeros in its length."""
        return not any(self.ssid)

    @property
    def has_rsne(self) -> bool:
        return self.elements.first(ElementId.RSN) is not None

    @property
    def rsne(self) -> Rsne | None:
        """None without an RSN element, and with one that cannot be read."""
        return self.reading.rsne

    @property
    def has_wpa(self) -> bool:
        return self.reading.wpa_octets is not None

    @property
    def wpa(self) -> WpaElement | None:
        """None without a WPA element, and with one that cannot be read."""
        return self.reading.wpa

    @property
    def has_wps(self) -> bool:
        """True with a WPS element, and be it one that cannot be read."""
        return self.reading.wps_octets is not None

    @property
    def wps(self) -> BeaconAttributes | None:
        """What beacons and probe responses share; None without a WPS element, and with one that cannot be read."""
        return self.reading.wps

    @property
    def wps_attributes(self) -> Attributes | None:
        """All that the WPS element says, attribute by attribute; None where `wps` is."""
        return self.reading.wps_attributes

    @property
    def uuid_e(self) -> bytes | None:
        """Of its newest frame that tells it: other than what an access point is about, who it is does not change."""
        told = (reading.wps for reading in (self.reading, self.identity) if reading is not None)
        return next((wps.uuid_e for wps in told if wps is not None and wps.uuid_e is not None), None)

    @property
    def is_push_button_active(self) -> bool:
        return self.wps is not None and self.wps.is_push_button_active


@dataclass(frozen=True, slots=True)
class BssAdded:
    """A BSS is new in the table."""

    id: int
    bssid: MacAddress


@dataclass(frozen=True, slots=True)
class BssRemoved:
    """A BSS has left the table: not heard for long, or no room."""

    id: int
    bssid: MacAddress


BssEvent = BssAdded | BssRemoved


class BssTable:
    """All BSSes heard, in the order of their ids.  There is no timer in it: whoever holds it lets it age."""

    def __init__(self) -> None:
        self._bsses: dict[tuple[MacAddress, Ssid], Bss] = {}
        self._ids = count()
        self.updates = 0
        self._events: deque[BssEvent] = deque()

    def __iter__(self) -> Iterator[Bss]:
        """Over those of this moment, by id: the table may change meanwhile."""
        return iter(tuple(self._bsses.values()))

    def __len__(self) -> int:
        return len(self._bsses)

    def get(self, bssid: MacAddress, ssid: Ssid | None = None) -> Bss | None:
        """The BSS of an address (and of an SSID); of several one that tells its SSID, of several of them the newest."""
        if ssid is not None:
            return self._bsses.get((bssid, ssid))
        found = (bss for bss in self._bsses.values() if bss.bssid == bssid)
        return max(found, key=lambda bss: (not bss.is_hidden, bss.seen_at), default=None)

    def get_by_id(self, bss_id: int) -> Bss | None:
        return next((bss for bss in self._bsses.values() if bss.id == bss_id), None)

    def next_event(self) -> BssEvent | None:
        return self._events.popleft() if self._events else None

    def update(self, results: Iterable[ScanResult], now: float) -> None:
        """Take in what a scan has found; results may be old, and may come again and again."""
        self.updates += 1
        for result in results:
            self._take(result, now)
        if len(self._bsses) > MAX_BSSES:
            by_age = sorted(self._bsses.values(), key=lambda bss: bss.seen_at)
            self._remove(by_age[: len(self._bsses) - MAX_BSSES])

    def age(self, now: float, older_than: float, keep: Collection[MacAddress] = ()) -> None:
        """Remove what was last heard more than older_than seconds ago, except the BSSIDs to keep (those in use)."""
        limit = now - older_than
        self._remove([bss for bss in self._bsses.values() if bss.seen_at < limit and bss.bssid not in keep])

    def _take(self, result: ScanResult, now: float) -> None:
        ssid = ssid_of(result.elements)
        seen_at = now - result.age_ms / 1000
        old = self._bsses.get((result.bssid, ssid))
        if old is None:
            bss = Bss.from_result(result, next(self._ids), seen_at, self.updates)
            self._events.append(BssAdded(bss.id, bss.bssid))
        else:
            # The kernel has an access point that changed its channel twice, until it forgets the old one.
            if result.frequency_mhz != old.frequency_mhz and seen_at <= old.seen_at:
                return
            bss = old.renewed(result, seen_at, self.updates)
        self._bsses[bss.bssid, ssid] = bss

    def _remove(self, bsses: Iterable[Bss]) -> None:
        for bss in bsses:
            del self._bsses[bss.bssid, bss.ssid]
            self._events.append(BssRemoved(bss.id, bss.bssid))


def ssid_of(octets: bytes) -> Ssid:
    """The SSID, found without reading the rest: it is the first element nearly always; empty when there is none."""
    at = 0
    while at + 2 <= len(octets):
        element_id, end = octets[at], at + 2 + octets[at + 1]
        if element_id == ElementId.SSID:
            return Ssid(octets[at + 2 : end]) if end <= len(octets) and end - at - 2 <= _MAX_SSID else NO_SSID
        at = end
    return NO_SSID
