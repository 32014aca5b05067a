# SPDX-License-Identifier: BSD-3-Clause
"""Scanning: what there is in the air, and taking turns with other programs that scan.

Sources: linux/nl80211.h (TRIGGER_SCAN, GET_SCAN, ABORT_SCAN, enum nl80211_bss).  The kernel runs one scan on a radio
at a time and ends each with NEW_SCAN_RESULTS or SCAN_ABORTED; its list of BSSes has what all of them found.  A scan
that finds the radio busy is kept and starts when the radio is free.

A BSS is decoded by plain struct, in a tenth of the time of the codec; one of GET_SCAN's objects holds, nested in BSS:

    1 BSSID (6 octets)       5 capability (u16)            8 signal without unit (u8, 0 to 100)
    2 frequency (u32, MHz)   6 elements, probe response's  10 age (u32, milliseconds)
    3 TSF (u64)                if there was one            11 elements of the last beacon
    4 beacon interval (u16)  7 signal (s32, 0.01 dBm)      13 TSF of the last beacon (u64)

The kernel shows an old probe response for as long as it hears beacons; the newer frame, by its TSF, is what counts.

What lacks a BSSID or a frequency is left out, what is garbled ends the reading; nothing raises.
"""

import asyncio
import errno
import logging
import struct
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from wpsagent.capabilities import RadioCapabilities
from wpsagent.errors import AgentError, NetlinkError, RadioError
from wpsagent.io.nl80211 import requests
from wpsagent.io.nl80211.codec import Attributes, Message
from wpsagent.io.nl80211.enumerations import Command
from wpsagent.io.nl80211.netlink import ATTRIBUTE_HEADER, NLA_TYPE_MASK
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import CommandFailed, ScanFinished, ScanResult, TriggerScan

_log = logging.getLogger(__name__)

_DUMP_ATTEMPTS = 3
_LONGEST_SCAN = 30.0  # seconds; passive scans of all bands take some ten
_TRY_AGAIN_AFTER = 1.0
_PATIENCE = 20  # tries

_BUSY = (errno.EBUSY, errno.EAGAIN)

_BSS = 47  # NL80211_ATTR_BSS
_BSSID, _FREQUENCY, _TSF, _BEACON_INTERVAL, _CAPABILITY, _ELEMENTS = range(1, 7)
_SIGNAL_MBM, _SIGNAL_UNSPECIFIC, _AGE, _BEACON_ELEMENTS, _BEACON_TSF = 7, 8, 10, 11, 13
_NO_SIGNAL = -100.0  # dBm, where the driver does not say

_S32 = struct.Struct("=i")
_unpack_header = ATTRIBUTE_HEADER.unpack_from
_order = sys.byteorder


def _attributes(octets: bytes) -> dict[int, bytes]:
    """Payloads by type, the last of each; what is garbled ends the reading."""
    found: dict[int, bytes] = {}
    at, end = 0, len(octets) - 3
    while at < end:
        length, kind = _unpack_header(octets, at)
        if not 4 <= length <= len(octets) - at:
            break
        found[kind & NLA_TYPE_MASK] = octets[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def decode_scan_result(octets: bytes) -> ScanResult | None:
    """The attributes of one of GET_SCAN's objects; None for what is no BSS.  Never raises."""
    bss = _attributes(_attributes(octets).get(_BSS, b""))
    bssid, frequency = bss.get(_BSSID, b""), bss.get(_FREQUENCY, b"")
    if len(bssid) != 6 or len(frequency) != 4:
        return None
    elements, tsf, older_elements = _newest_frame(bss)
    return ScanResult(
        MacAddress(bssid),
        int.from_bytes(frequency, _order),
        _signal(bss),
        int.from_bytes(bss.get(_CAPABILITY, b""), _order),
        int.from_bytes(bss.get(_BEACON_INTERVAL, b""), _order),
        elements,
        bss.get(_BEACON_ELEMENTS, b""),
        tsf,
        int.from_bytes(bss.get(_AGE, b""), _order),
        older_elements,
    )


def _newest_frame(bss: dict[int, bytes]) -> tuple[bytes, int, bytes]:
    """Elements and TSF, and the elements of a probe response that is older.

    A beacon that hides its SSID does not replace the probe response that tells it.
    """
    tsf, beacon_tsf = (int.from_bytes(bss.get(kind, b""), _order) for kind in (_TSF, _BEACON_TSF))
    beacon = bss.get(_BEACON_ELEMENTS, b"")
    hides_ssid = beacon[:1] == b"\x00" and not any(beacon[2 : 2 + int.from_bytes(beacon[1:2])])
    elements = bss.get(_ELEMENTS, b"")
    is_beacon_newer = beacon and beacon_tsf > tsf and not hides_ssid
    return (beacon, beacon_tsf, elements) if is_beacon_newer else (elements, tsf, b"")


def _signal(bss: dict[int, bytes]) -> float:
    """In dBm; from 0 to 100 without unit it is -100 to -50 dBm."""
    mbm = bss.get(_SIGNAL_MBM, b"")
    if len(mbm) == 4:
        strength: int = _S32.unpack(mbm)[0]
        return strength / 100
    unspecific = bss.get(_SIGNAL_UNSPECIFIC, b"")
    return min(unspecific[0], 100) / 2 - 100 if unspecific else _NO_SIGNAL


Request = Callable[[Command, Attributes], Awaitable[None]]


class Scanner:
    """The scans of one interface.  Everything is called in the loop's thread.

    request: sends a command for the interface, raises RadioError or NetlinkError.  begin: starts work that ends with
    the radio.  emit: gets ScanFinished, and CommandFailed when a scan that waited is refused in the end.
    """

    def __init__(
        self,
        transport: Transport,
        index: int,
        capabilities: RadioCapabilities,
        *,
        request: Request,
        begin: Callable[[Coroutine[Any, Any, None]], None],
        emit: Callable[[ScanFinished | CommandFailed], None],
    ) -> None:
        self._transport = transport
        self._index = index
        self._capabilities = capabilities
        self._request = request
        self._begin = begin
        self._emit = emit
        self._wanted: TriggerScan | None = None  # on its way to the kernel, or waiting for its turn
        self._tries = 0
        self._is_starting = False
        self._is_running = False  # a scan of ours
        self._timer: asyncio.TimerHandle | None = None
        self._next_hidden = 0

    async def trigger(self, command: TriggerScan) -> None:
        """Start a scan, or have it wait until the radio is free.  Raises RadioError, NetlinkError."""
        self._tries = 0
        self._wanted = command
        await self._try(command)

    async def abort(self) -> None:
        """End our scan, forget the one that waits; other programs' go on.  Raises RadioError, NetlinkError."""
        wanted, self._wanted = self._wanted, None
        if self._is_starting or self._is_running:
            await self._abort_running()
        elif wanted is not None:
            self._set_timer(None)
            self._begin(self._report(is_aborted=True))

    def started(self) -> None:
        """TRIGGER_SCAN on this interface; the kernel says so before it acknowledges the request."""
        if self._is_starting:
            self._is_running = True
            self._set_timer(_LONGEST_SCAN, self._overdue)

    def ended(self, message: Message) -> None:
        """NEW_SCAN_RESULTS or SCAN_ABORTED on any interface of this radio."""
        is_here = message.integer("IFINDEX") == self._index
        was_ours = is_here and self._is_running
        if was_ours:
            self._is_running = False
            self._set_timer(None)
        # Another program's results are no news to who waits for a scan of its own.
        if was_ours or (is_here and self._wanted is None):
            self._begin(self._report(is_aborted=message.command == Command.SCAN_ABORTED))
        if self._wanted is not None and not self._is_starting:
            self._begin(self._try_again())

    async def known(self) -> list[ScanResult]:
        """What the kernel knows without a scan; nothing where it does not say."""
        try:
            return await self._results()
        except NetlinkError as error:
            _log.warning("cannot read what is known of networks: %s", error)
            return []

    def messages_lost(self) -> None:
        """The end of our scan may be among them: what it has found so far is told now."""
        if self._is_running:
            self._overdue()

    def close(self) -> None:
        self._wanted = None
        self._set_timer(None)

    async def _try(self, command: TriggerScan) -> None:
        was_running, self._is_starting = self._is_running, True
        try:
            await self._request(Command.TRIGGER_SCAN, requests.trigger_scan(self._fitted(command)))
        except (NetlinkError, RadioError) as error:
            self._is_running = was_running  # what has just been heard to start was another program's
            if not isinstance(error, NetlinkError) or error.errno not in _BUSY:
                self._wanted = None
                raise
            self._wait(command)
        else:
            self._wanted = None
        finally:
            self._is_starting = False

    def _wait(self, command: TriggerScan) -> None:
        if self._wanted is not command:  # aborted meanwhile
            self._begin(self._report(is_aborted=True))
            return
        self._tries += 1
        if self._tries > _PATIENCE:
            self._wanted = None
            raise RadioError("the radio is busy: another program's scan does not end")
        if not self._is_running:
            self._set_timer(_TRY_AGAIN_AFTER, lambda: self._begin(self._try_again()))

    async def _try_again(self) -> None:
        command = self._wanted
        if command is None or self._is_starting:
            return
        self._set_timer(None)
        try:
            await self._try(command)
        except AgentError as error:
            self._wanted = None
            self._emit(CommandFailed(command, str(error)))

    def _fitted(self, command: TriggerScan) -> TriggerScan:
        """The scan as this radio takes it.  SSIDs beyond what it takes at once have their turn in later scans."""
        limit = max(self._capabilities.maximum_scan_ssids, 1)
        ssids = command.ssids
        if len(ssids) > limit:
            anybody = ssids[: ssids[0] == b"" and limit > 1]
            ssids = anybody + self._in_turn(ssids[len(anybody) :], limit - len(anybody))
        longest = self._capabilities.maximum_scan_elements
        if longest is None or len(command.elements) <= longest:
            return replace(command, ssids=ssids)
        _log.warning("probe requests go without the WPS element: the driver takes %d octets of elements", longest)
        return replace(command, ssids=ssids, elements=b"")

    def _in_turn(self, ssids: tuple[Ssid, ...], count: int) -> tuple[Ssid, ...]:
        start = self._next_hidden % len(ssids)
        self._next_hidden = start + count
        return (ssids + ssids)[start : start + count]

    async def _abort_running(self) -> None:
        try:
            await self._request(Command.ABORT_SCAN, {})
        except NetlinkError as error:
            # It has just ended; or the driver cannot, as brcmfmac: then it ends when it has been everywhere.
            if error.errno not in (errno.ENOENT, errno.EOPNOTSUPP):
                raise

    async def _report(self, *, is_aborted: bool) -> None:
        try:
            results = await self._results()
        except NetlinkError as error:
            _log.warning("cannot read what the scan found: %s", error)
            results, is_aborted = [], True
        self._emit(ScanFinished(tuple(results), is_aborted))

    async def _results(self) -> list[ScanResult]:
        """All BSSes the kernel knows; an incomplete list where they keep changing while they are listed."""
        results: list[ScanResult] = []

        def take(octets: bytes) -> None:
            result = decode_scan_result(octets)
            if result is not None:
                results.append(result)

        for _ in range(_DUMP_ATTEMPTS):
            results.clear()
            try:
                await self._transport.dump(Command.GET_SCAN, {"IFINDEX": self._index}, on_octets=take)
            except NetlinkError as error:
                if error.errno != errno.EINTR:
                    raise
            else:
                break
        return results

    def _overdue(self) -> None:
        self._is_running = False
        self._set_timer(None)
        self._begin(self._report(is_aborted=True))

    def _set_timer(self, delay: float | None, call: Callable[[], None] = lambda: None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if delay is None else asyncio.get_running_loop().call_later(delay, call)
