# SPDX-License-Identifier: BSD-3-Clause
"""A radio of a station for tests: in the simulated air, beside the access points' of io.simulated_radio.

What it keeps of the real thing: a scan visits channel after channel and remembers what it heard for half a minute, as
the kernel does; authentication and association are tried three times (IEEE 802.11-2020, 11.3); EAPOL may come before
the news of the association; who is not heard for some seconds is lost; data goes out and comes in only while the port
is open, under the key that is installed.  What it leaves out: beacons (it asks instead), power saving, scanning while
data flows.  Behind the same port as io.nl80211, ports.StationRadio.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from wpsagent.dot11.elements import (
    extended_supported_rates_element,
    ssid_element,
    supported_rates_element,
    wmm_information_element,
)
from wpsagent.dot11.frames import (
    AssociationRequest,
    AssociationResponse,
    Authentication,
    AuthenticationAlgorithm,
    Capability,
    Deauthentication,
    Disassociation,
    Frame,
    ProbeRequest,
    ProbeResponse,
    ReasonCode,
    StatusCode,
    decode_frame,
)
from wpsagent.errors import DecodeError, RadioError
from wpsagent.io.simulated_radio import (
    ETHERTYPE_EAPOL,
    ETHERTYPE_TEST,
    SIMULATED_CAPABILITIES,
    Air,
    DataUnit,
    ManagementUnit,
    Unit,
)
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.ports import (
    AbortScan,
    Associated,
    AssociationFailed,
    AuthorizeStation,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    InstallKey,
    InstallReceiveKey,
    RadioLost,
    RemoveStation,
    ScanFinished,
    ScanResult,
    SendEapol,
    SendFrame,
    StationCommand,
    StationEvent,
    StationRadio,
    TriggerScan,
)

DWELL_TIME = 0.01
"""Seconds on one channel of a scan."""

MEMORY = 30.0
"""Seconds for which a scan result is remembered."""

ANSWER_TIMEOUT = 0.2
ATTEMPTS = 3
"""Seconds to wait for the answer to a frame, and how often it is sent."""

WATCH_PERIOD = 1.0
MAXIMUM_MISSED = 3
"""Every so many seconds the access point is asked whether it is there; so often in a row it may fail to answer."""

_RATES = (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108)


@dataclass(slots=True)
class _Link:
    """The access point we are, or want to be, associated to."""

    connect: Connect
    is_associated: bool = False
    is_authorized: bool = False
    key: bytes | None = None
    group_keys: int = 0
    missed: int = 0


class SimulatedStationRadio(StationRadio):
    """One interface of the simulated radio."""

    def __init__(self, air: Air, interface: str, address: MacAddress) -> None:
        self.interface = interface
        self.address = address
        self.capabilities = SIMULATED_CAPABILITIES
        self.frequency_mhz: int | None = None
        self._air = air
        self._handler: Callable[[StationEvent], None] = lambda event: None
        self._link: _Link | None = None
        self._heard: dict[MacAddress, tuple[ScanResult, float]] = {}
        self._frames: asyncio.Queue[Frame] = asyncio.Queue()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue()
        self._scan: asyncio.Task[None] | None = None
        self._association: asyncio.Task[None] | None = None
        self._is_closed = False
        air.join(self)

    def set_handler(self, handler: Callable[[StationEvent], None]) -> None:
        self._handler = handler

    async def execute(self, command: StationCommand) -> None:
        """Carry out a command; raises RadioError for what the kernel would refuse, too."""
        if self._is_closed:
            raise RadioError(f"{self.interface}: the interface is down")
        match command:
            case TriggerScan():
                self._trigger_scan(command)
            case AbortScan():
                if self._scan is not None:
                    self._scan.cancel()
            case Connect():
                self._connect(command)
            case Disconnect():
                self._disconnect(command.reason_code)
            case SendFrame():
                self._air.send(self, ManagementUnit(decode_frame(command.frame).destination, command.frame))
            case SendEapol():
                self._send_eapol(command)
            case InstallKey() | InstallReceiveKey() | AuthorizeStation() | RemoveStation():
                self._change_link(command)

    async def close(self) -> None:
        if self._is_closed:
            return
        if self._link is not None and self._link.is_associated:
            self._deauthenticate(self._link.connect.bssid, ReasonCode.LEAVING_NETWORK_DEAUTH)
        self._shut_down()

    def lose(self, reason: str) -> None:
        """The hardware is gone, without a word to anybody."""
        self._shut_down()
        self._handler(RadioLost(reason))

    async def ping(self, patience: float = 0.1) -> float | None:
        """Seconds until the access point has sent a data frame back; None if it did not."""
        link = self._link
        if link is None or not link.is_authorized:
            return None
        loop = asyncio.get_running_loop()
        sent_at = loop.time()
        payload = f"{self.interface} {sent_at}".encode()
        self._send_data(link, ETHERTYPE_TEST, payload, link.key)
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while await self._answers.get() != payload:
                    pass
                return loop.time() - sent_at
        return None

    @property
    def group_keys_installed(self) -> int:
        """How often a group key was installed in this association."""
        return self._link.group_keys if self._link is not None else 0

    # ---- the antenna

    def hear(self, unit: Unit) -> None:
        if isinstance(unit, DataUnit):
            self._hear_data(unit)
            return
        try:
            frame = decode_frame(unit.octets)
        except DecodeError:
            return
        if isinstance(frame, ProbeResponse):
            self._remember(frame)
        elif isinstance(frame, Deauthentication | Disassociation):
            self._sent_away(frame)
        else:
            self._frames.put_nowait(frame)

    def _hear_data(self, unit: DataUnit) -> None:
        link = self._link
        if link is None or unit.source != link.connect.bssid or unit.key not in (None, link.key):
            return
        if unit.ethertype == ETHERTYPE_EAPOL:
            self._handler(EapolReceived(unit.source, unit.payload))
        elif unit.ethertype == ETHERTYPE_TEST and link.is_authorized and unit.key == link.key:
            self._answers.put_nowait(unit.payload)

    def _sent_away(self, frame: Deauthentication | Disassociation) -> None:
        link = self._link
        if link is not None and link.is_associated and frame.source == link.connect.bssid:
            self._drop_link(Disconnected(frame.reason_code, is_by_peer=True))

    # ---- scanning

    def _trigger_scan(self, command: TriggerScan) -> None:
        if self._scan is not None or self._association is not None:
            raise RadioError(f"{self.interface}: busy")
        self._scan = self._run(self._visit(command))
        self._scan.add_done_callback(self._scan_over)

    async def _visit(self, command: TriggerScan) -> None:
        allowed = [f.mhz for band in self.capabilities.bands for f in band.frequencies]
        for mhz in (mhz for mhz in command.frequencies_mhz or allowed if mhz in allowed):
            self.frequency_mhz = mhz
            for ssid in command.ssids:
                elements = ssid_element(ssid) + supported_rates_element(_RATES) + command.elements
                self._send(ProbeRequest(BROADCAST, self.address, BROADCAST, elements))
            await asyncio.sleep(DWELL_TIME)

    def _scan_over(self, task: asyncio.Task[None]) -> None:
        self._scan = None
        if self._is_closed:
            return
        self._go_home()
        now = asyncio.get_running_loop().time()
        self._heard = {bssid: (found, at) for bssid, (found, at) in self._heard.items() if now - at <= MEMORY}
        results = tuple(replace(found, age_ms=int((now - at) * 1000)) for found, at in self._heard.values())
        self._handler(ScanFinished(results, is_aborted=task.cancelled()))

    def _remember(self, frame: ProbeResponse) -> None:
        result = ScanResult(
            frame.bssid, self.frequency_mhz or 0, -40.0, frame.capability, frame.beacon_interval_tu, frame.elements
        )
        self._heard[frame.bssid] = (result, asyncio.get_running_loop().time())

    def _go_home(self) -> None:
        """Back to the channel of the access point we are with."""
        if self._link is not None:
            self.frequency_mhz = self._link.connect.frequency_mhz

    # ---- the association

    def _connect(self, command: Connect) -> None:
        if self._link is not None or self._scan is not None:
            raise RadioError(f"{self.interface}: {'already associated' if self._link else 'busy'}")
        self._link = _Link(command)
        self._go_home()
        self._association = self._run(self._associate(self._link))
        self._association.add_done_callback(self._association_over)

    def _association_over(self, task: asyncio.Task[None]) -> None:
        self._association = None

    async def _associate(self, link: _Link) -> None:
        while not self._frames.empty():
            self._frames.get_nowait()
        connect, own = link.connect, self.address
        request = Authentication(connect.bssid, own, connect.bssid, b"", AuthenticationAlgorithm.OPEN_SYSTEM, 1)
        answer = await self._ask(request, Authentication)
        if isinstance(answer, Authentication) and answer.status_code == StatusCode.SUCCESS:
            elements = ssid_element(connect.ssid) + supported_rates_element(_RATES)
            elements += extended_supported_rates_element(_RATES) + connect.elements + wmm_information_element()
            capability = Capability.ESS | (Capability.PRIVACY if connect.is_protected else 0)
            answer = await self._ask(
                AssociationRequest(connect.bssid, own, connect.bssid, elements, capability, 10), AssociationResponse
            )
        status = answer.status_code if isinstance(answer, Authentication | AssociationResponse) else None
        if not isinstance(answer, AssociationResponse) or status != StatusCode.SUCCESS:
            self._link = None
            self._handler(AssociationFailed(connect.bssid, status))
            return
        link.is_associated = True
        asyncio.get_running_loop().call_later(WATCH_PERIOD, self._watch, link)
        self._handler(Associated(connect.bssid, answer.elements))

    async def _ask(self, request: Frame, kind: type[Frame]) -> Frame | None:
        """Send a frame until an answer of a kind comes; None when none does."""
        for _ in range(ATTEMPTS):
            self._send(request)
            with suppress(TimeoutError):
                async with asyncio.timeout(ANSWER_TIMEOUT):
                    while True:
                        frame = await self._frames.get()
                        if isinstance(frame, kind) and frame.source == request.destination:
                            return frame
        return None

    def _disconnect(self, reason_code: int) -> None:
        link = self._link
        if link is None:
            raise RadioError(f"{self.interface}: not associated")
        if self._association is not None:
            self._association.cancel()
        self._deauthenticate(link.connect.bssid, reason_code)
        asyncio.get_running_loop().call_soon(self._drop_link, Disconnected(reason_code, is_by_peer=False), link)

    def _drop_link(self, event: Disconnected, link: _Link | None = None) -> None:
        if self._link is not None and link in (None, self._link):
            self._link = None
            self._handler(event)

    def _watch(self, link: _Link) -> None:
        """What the loss of beacons is to a real radio: the access point does not acknowledge for some seconds."""
        if link is not self._link or self._is_closed:
            return
        is_there = self.frequency_mhz != link.connect.frequency_mhz or self._send_data(link, 0, b"", link.key)
        link.missed = 0 if is_there else link.missed + 1
        if link.missed >= MAXIMUM_MISSED:
            self._drop_link(Disconnected(ReasonCode.INACTIVITY, is_by_peer=False))
        else:
            asyncio.get_running_loop().call_later(WATCH_PERIOD, self._watch, link)

    def _change_link(self, command: InstallKey | InstallReceiveKey | AuthorizeStation | RemoveStation) -> None:
        link = self._link
        if link is None or not link.is_associated:
            raise RadioError(f"{self.interface}: not associated")
        match command:
            case InstallKey():
                link.key = command.key
            case InstallReceiveKey():
                link.group_keys += 1
            case AuthorizeStation():
                link.is_authorized = command.is_authorized
            case RemoveStation():
                self._drop_link(Disconnected(ReasonCode.UNSPECIFIED_REASON, is_by_peer=False))

    # ---- sending

    def _send_eapol(self, command: SendEapol) -> None:
        link = self._link
        if link is None or not link.is_associated:
            raise RadioError(f"{self.interface}: not associated")
        self._send_data(link, ETHERTYPE_EAPOL, command.pdu, link.key if command.is_encrypted else None)

    def _send_data(self, link: _Link, ethertype: int, payload: bytes, key: bytes | None) -> bool:
        return self._air.send(self, DataUnit(self.address, link.connect.bssid, ethertype, payload, key))

    def _deauthenticate(self, bssid: MacAddress, reason_code: int) -> None:
        self._send(Deauthentication(bssid, self.address, bssid, reason_code))

    def _send(self, frame: Frame) -> None:
        self._air.send(self, ManagementUnit(frame.destination, frame.encode()))

    # ---- the end

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        return asyncio.get_running_loop().create_task(coroutine, name=f"radio {self.interface}")

    def _shut_down(self) -> None:
        self._is_closed = True
        self._link = None
        self._air.leave(self)
        for task in (self._scan, self._association):
            if task is not None:
                task.cancel()
