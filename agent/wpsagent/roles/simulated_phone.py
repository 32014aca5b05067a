# SPDX-License-Identifier: BSD-3-Clause
"""A phone in the simulated air: someone presses its WPS button, it enrols, joins the network and pings.

A stand-in for a real station where there is no radio, built of the station-side cores: eap.EapPeer, wsc.Enrollee,
rsn.Supplicant.  It scans all channels, as phones do, and honours the overlap rule (Wi-Fi Simple Configuration 2.0,
11.3), but does without roaming, power saving and the rest of a station's life.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from wpsagent.crypto.passphrase import psk_of
from wpsagent.dot11.elements import (
    WPS_VENDOR_TYPE,
    ElementId,
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
    Frame,
    ManagementFrame,
    ProbeRequest,
    ProbeResponse,
    StatusCode,
    decode_frame,
)
from wpsagent.eap.machine import Role
from wpsagent.eap.peer import EapPeer
from wpsagent.errors import AgentError, DecodeError
from wpsagent.io.simulated_radio import (
    ETHERTYPE_EAPOL,
    ETHERTYPE_TEST,
    SIMULATED_CAPABILITIES,
    Air,
    DataUnit,
    ManagementUnit,
    Unit,
)
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import Entropy
from wpsagent.rsn.handshake import Authorized, HandshakeFailed, InstallPairwiseKey
from wpsagent.rsn.rsne import WPA2_PSK_CCMP
from wpsagent.rsn.supplicant import Supplicant
from wpsagent.wsc.credential import Credential
from wpsagent.wsc.device import DeviceDescription, PrimaryDeviceType, uuid_from_mac
from wpsagent.wsc.elements import (
    AssociationRequestAttributes,
    ProbeRequestAttributes,
    ProbeResponseAttributes,
    wrap,
)
from wpsagent.wsc.enrollee import Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import ConfigMethods, DevicePasswordId, RequestType
from wpsagent.wsc.events import CredentialsReceived, M2dReceived, RunFailed

WALK_TIME = 120.0
SCAN_PERIOD = 0.5
DWELL_TIME = 0.01
ANSWER_TIMEOUT = 5.0
PING_TIMEOUT = 0.1
MAXIMUM_LOST_PINGS = 20
MAXIMUM_UNREAD = 256
PUSH_BUTTON_PASSWORD = b"00000000"

_F = TypeVar("_F", bound=ManagementFrame)

_RATES = (2, 4, 11, 22, 12, 18, 24, 36, 48, 72, 96, 108)


class PhoneError(AgentError):
    """The phone did not get onto the network; says why."""


class DeauthenticatedError(AgentError):
    """The access point sent the phone away, as it does at the end of every WPS run."""

    def __init__(self, reason_code: int) -> None:
        super().__init__(f"sent away with reason {reason_code}")
        self.reason_code = reason_code


@dataclass(frozen=True, slots=True)
class FoundAccessPoint:
    """An access point as a scan saw it."""

    bssid: MacAddress
    ssid: Ssid
    frequency_mhz: int
    rsne_element: bytes
    wps: ProbeResponseAttributes | None


class _Machine(Protocol):
    """The door that EapPeer and Supplicant share."""

    @property
    def deadline(self) -> float | None: ...

    def receive(self, pdu: bytes, now: float) -> None: ...

    def handle_timer(self, now: float) -> None: ...


class SimulatedPhone:
    """One phone; progress(text) is told what it does, in words."""

    association_element = wrap(AssociationRequestAttributes().encode())
    is_wps2 = True
    """What it says of WPS when it associates.  Elder phones say less or nothing, and begin with EAPOL-Start soon."""

    def __init__(
        self,
        air: Air,
        address: MacAddress,
        entropy: Entropy,
        progress: Callable[[str], None] = lambda text: None,
        name: str = "Simulated phone",
    ) -> None:
        self.address = address
        self.frequency_mhz: int | None = None
        self.access_point: FoundAccessPoint | None = None
        self._air = air
        self._entropy = entropy
        self._progress = progress
        self._inbox: asyncio.Queue[Unit] = asyncio.Queue(MAXIMUM_UNREAD)
        self._bssid = BROADCAST
        self._key: bytes | None = None
        self._uuid = uuid_from_mac(address)
        self._device = DeviceDescription(
            manufacturer="Simulated",
            model_name="Phone",
            primary_device_type=PrimaryDeviceType(10, 5),
            device_name=name,
            config_methods=ConfigMethods.VIRTUAL_PUSH_BUTTON | ConfigMethods.VIRTUAL_DISPLAY,
        )
        air.join(self)

    def hear(self, unit: Unit) -> None:
        """An antenna's ear: what comes is read when there is time; a phone that does nothing forgets the oldest."""
        if self._inbox.full():
            self._inbox.get_nowait()
        self._inbox.put_nowait(unit)

    def leave(self) -> None:
        """Out of the air, without a word: a phone that runs out of battery."""
        self._air.leave(self)

    async def join_by_push_button(self) -> FoundAccessPoint:
        """Press the button, enrol, and join the network; raises PhoneError."""
        return await self._join(DevicePasswordId.PUSH_BUTTON, PUSH_BUTTON_PASSWORD)

    async def join_by_pin(self, pin: bytes) -> FoundAccessPoint:
        """Enrol with a PIN that the registrar has been told; raises PhoneError."""
        return await self._join(DevicePasswordId.DEFAULT, pin)

    async def ping(self, count: int = 3) -> float:
        """Send data to the access point until count answers have come back: mean seconds; raises PhoneError.

        The first frames may be lost: the port opens when message 4 of the handshake has arrived, not when it is sent.
        """
        loop = asyncio.get_running_loop()
        times: list[float] = []
        for _ in range(count + MAXIMUM_LOST_PINGS):
            payload, sent_at = self._entropy(8), loop.time()
            self._send_data(ETHERTYPE_TEST, payload, self._key)
            try:
                while (await self._next_data(ETHERTYPE_TEST, sent_at + PING_TIMEOUT)).payload != payload:
                    pass
            except DeauthenticatedError as error:
                raise PhoneError(f"the access point sent us away with reason {error.reason_code}") from None
            except PhoneError:
                continue
            times.append(loop.time() - sent_at)
            if len(times) == count:
                return sum(times) / count
        raise PhoneError(f"{len(times)} of {count} pings were answered")

    # ---- from the button to the network

    async def _join(self, password_id: int, password: bytes) -> FoundAccessPoint:
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + WALK_TIME
        self._progress("looks for an access point in WPS mode")
        target = await self._find(password_id, ends_at)
        self._progress(f"found {target.ssid} on {target.frequency_mhz} MHz, enrols")
        await self._associate(target, self.association_element)
        credential = await self._enrol(password_id, password, ends_at)
        self._progress(
            f"got the credential of {credential.ssid}, connects{' with WPA2' if credential.network_key else ''}"
        )
        target = await self._find_network(credential.ssid, loop.time() + ANSWER_TIMEOUT * 3)
        await self._connect(target, credential)
        self.access_point = target
        return target

    async def _find(self, password_id: int, ends_at: float) -> FoundAccessPoint:
        """The access point whose registrar waits for us; raises PhoneError for none, and for more than one."""
        wants_button = password_id == DevicePasswordId.PUSH_BUTTON
        while True:
            found = [
                ap
                for ap in await self._scan(self._wps_probe(password_id), ends_at)
                if ap.wps is not None and ap.wps.is_push_button_active == wants_button
            ]
            selected = [ap for ap in found if ap.wps is not None and ap.wps.selected_registrar is not None]
            if wants_button and len({ap.wps.uuid_e for ap in selected if ap.wps is not None}) > 1:
                raise PhoneError("session overlap: more than one access point is in push-button mode")
            if selected:
                return selected[0]
            await asyncio.sleep(SCAN_PERIOD)

    async def _find_network(self, ssid: Ssid, ends_at: float) -> FoundAccessPoint:
        while True:
            for ap in await self._scan(b"", ends_at):
                if ap.ssid == ssid:
                    return ap

    def _wps_probe(self, password_id: int) -> bytes:
        return wrap(
            ProbeRequestAttributes(
                request_type=RequestType.ENROLLEE_OPEN_8021X,
                uuid_e=self._uuid,
                device=self._device,
                device_password_id=password_id,
            ).encode()
        )

    async def _scan(self, wps_element: bytes, ends_at: float) -> list[FoundAccessPoint]:
        """One round over all channels; raises PhoneError when the time is over."""
        loop = asyncio.get_running_loop()
        found: dict[MacAddress, FoundAccessPoint] = {}
        elements = ssid_element(Ssid(b"")) + supported_rates_element(_RATES) + wps_element
        request = ProbeRequest(BROADCAST, self.address, BROADCAST, elements)
        for band in SIMULATED_CAPABILITIES.bands:
            for frequency in band.frequencies:
                if loop.time() >= ends_at:
                    raise PhoneError("timed out: no access point in WPS mode was found")
                self.frequency_mhz = frequency.mhz
                self._send(request)
                with suppress(PhoneError):
                    while True:
                        response = await self._next_frame(ProbeResponse, loop.time() + DWELL_TIME)
                        found[response.bssid] = _found(response, frequency.mhz)
        return list(found.values())

    async def _associate(self, ap: FoundAccessPoint, extra_elements: bytes) -> None:
        loop = asyncio.get_running_loop()
        self.frequency_mhz, self._bssid, self._key = ap.frequency_mhz, ap.bssid, None
        self._drain()
        self._send(Authentication(ap.bssid, self.address, ap.bssid, b"", AuthenticationAlgorithm.OPEN_SYSTEM, 1))
        answer = await self._next_frame(Authentication, loop.time() + ANSWER_TIMEOUT)
        if answer.status_code != StatusCode.SUCCESS:
            raise PhoneError(f"{ap.ssid} refused authentication with status {answer.status_code}")
        elements = ssid_element(ap.ssid) + supported_rates_element(_RATES) + extended_supported_rates_element(_RATES)
        elements += extra_elements + wmm_information_element()
        self._send(AssociationRequest(ap.bssid, self.address, ap.bssid, elements, Capability.ESS, 10))
        response = await self._next_frame(AssociationResponse, loop.time() + ANSWER_TIMEOUT)
        if response.status_code != StatusCode.SUCCESS:
            raise PhoneError(f"{ap.ssid} refused association with status {response.status_code}")

    async def _enrol(self, password_id: int, password: bytes, ends_at: float) -> Credential:
        """The registration protocol, up to the deauthentication that ends it; raises PhoneError."""
        parameters = EnrolleeParameters(
            device=self._device,
            uuid_e=self._uuid,
            mac_address=self.address,
            password=password,
            device_password_id=password_id,
        )
        enrollee = Enrollee(parameters, self._entropy)
        peer = EapPeer(Role.ENROLLEE, enrollee, is_wps2=self.is_wps2)
        peer.start(asyncio.get_running_loop().time())
        credential: Credential | None = None
        failure = ""
        with suppress(DeauthenticatedError):
            while asyncio.get_running_loop().time() < ends_at:
                for pdu in peer.messages_to_send():
                    self._send_data(ETHERTYPE_EAPOL, pdu, None)
                while (event := enrollee.next_event()) is not None:
                    match event:
                        case CredentialsReceived():
                            credential = event.credentials[0]
                        case M2dReceived():
                            failure = f"the access point does not want us now (M2D, {_error(event)})"
                        case RunFailed():
                            failure = failure or event.reason or _error(event)
                await self._step(peer, ends_at)
        if credential is None:
            raise PhoneError(f"the registration protocol failed: {failure or 'the access point ended it'}")
        return credential

    async def _connect(self, ap: FoundAccessPoint, credential: Credential) -> None:
        """Associate, with RSN and the 4-way handshake where there is a key; raises PhoneError."""
        if not credential.network_key:
            await self._associate(ap, b"")
            return
        station_rsne = WPA2_PSK_CCMP.element()
        await self._associate(ap, station_rsne)
        supplicant = Supplicant(
            pmk=psk_of(credential.network_key, credential.ssid),
            authenticator_address=ap.bssid,
            station_address=self.address,
            rsne=ap.rsne_element,
            station_rsne=station_rsne,
            entropy=self._entropy,
        )
        loop = asyncio.get_running_loop()
        supplicant.start(loop.time())
        while True:
            for message in supplicant.messages_to_send():
                self._send_data(ETHERTYPE_EAPOL, message.pdu, self._key if message.is_encrypted else None)
            while (event := supplicant.next_event()) is not None:
                match event:
                    case InstallPairwiseKey():
                        self._key = event.key
                    case Authorized():
                        return
                    case HandshakeFailed():
                        raise PhoneError(f"the handshake failed: {event.text}")
            try:
                await self._step(supplicant, loop.time() + 15)
            except DeauthenticatedError as error:
                raise PhoneError(f"{ap.ssid} sent us away with reason {error.reason_code}") from None

    async def _step(self, machine: _Machine, ends_at: float) -> None:
        """Feed a machine with the next EAPOL PDU, or with time."""
        loop = asyncio.get_running_loop()
        deadline = ends_at if machine.deadline is None else min(ends_at, machine.deadline)
        try:
            unit = await self._next_data(ETHERTYPE_EAPOL, deadline)
        except PhoneError:
            machine.handle_timer(loop.time())
        else:
            machine.receive(unit.payload, loop.time())

    # ---- the air

    def _send(self, frame: Frame) -> None:
        self._air.send(self, ManagementUnit(frame.destination, frame.encode()))

    def _send_data(self, ethertype: int, payload: bytes, key: bytes | None) -> None:
        self._air.send(self, DataUnit(self.address, self._bssid, ethertype, payload, key))

    def _drain(self) -> None:
        while not self._inbox.empty():
            self._inbox.get_nowait()

    async def _next(self, ends_at: float) -> Unit:
        """The next unit; raises PhoneError when the time (of the loop) is over."""
        left = ends_at - asyncio.get_running_loop().time()
        try:
            return await asyncio.wait_for(self._inbox.get(), max(left, 0))
        except TimeoutError:
            raise PhoneError("no answer from the access point") from None

    async def _next_frame(self, kind: type[_F], ends_at: float) -> _F:
        """The next management frame of a kind; others are dropped."""
        while True:
            unit = await self._next(ends_at)
            if isinstance(unit, ManagementUnit):
                with suppress(DecodeError):
                    frame = decode_frame(unit.octets)
                    if isinstance(frame, kind):
                        return frame

    async def _next_data(self, ethertype: int, ends_at: float) -> DataUnit:
        """The next data frame of a type that can be read; raises DeauthenticatedError."""
        while True:
            unit = await self._next(ends_at)
            if isinstance(unit, DataUnit):
                if unit.ethertype == ethertype and unit.key in (None, self._key):
                    return unit
                continue
            with suppress(DecodeError):
                frame = decode_frame(unit.octets)
                if isinstance(frame, Deauthentication) and frame.source == self._bssid:
                    raise DeauthenticatedError(frame.reason_code)


def _error(event: M2dReceived | RunFailed) -> str:
    return f"configuration error {int(event.configuration_error)}"


def _found(response: ProbeResponse, frequency_mhz: int) -> FoundAccessPoint:
    elements = response.parse_elements()
    attributes = elements.vendor(WPS_VENDOR_TYPE)
    wps: ProbeResponseAttributes | None = None
    with suppress(DecodeError):
        wps = ProbeResponseAttributes.decode(attributes) if attributes is not None else None
    rsne = elements.first_element(ElementId.RSN) or b""
    return FoundAccessPoint(response.bssid, elements.ssid or Ssid(b""), frequency_mhz, rsne, wps)
