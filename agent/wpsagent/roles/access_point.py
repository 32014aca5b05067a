# SPDX-License-Identifier: BSD-3-Clause
"""The access point: IEEE 802.11 authentication and association, RSN and WPS for each station.

A machine without I/O: radio events go in, radio commands come out, in the order in which they must be carried out.
Implements IEEE 802.11-2020, 11.3 (state machine of stations), WPA2-PSK with CCMP (12.7) through rsn.Authenticator,
and the internal Registrar's side of Wi-Fi Simple Configuration through eap.EapAuthenticator.

How a station passes through it:

    authentication request    → response                              AUTHENTICATED   10 s
    association request       → AddStation, response                  ASSOCIATING      2 s
    response acknowledged     → handshake (RSN), EAP (WPS) or nothing ASSOCIATED      30 s without a session
    StationAssociated         → the same, where firmware has done what is above
    handshake complete        → key, port opened                      AUTHORIZED
    EAP ended                 → (10 ms) deauthentication, reason 23   LEAVING

Refuses: shared-key and SAE authentication, WEP, TKIP, stations beyond max_stations, and WPS for anything but the two
identities of the standard.  Ignores frames for other BSSes and whatever it cannot decode.
"""

from wpsagent.capabilities import RadioCapabilities
from wpsagent.crypto.passphrase import derive_psk
from wpsagent.dot11.elements import WPS_VENDOR_TYPE, ElementId, Elements
from wpsagent.dot11.frames import (
    AssociationRequest,
    Authentication,
    AuthenticationAlgorithm,
    Deauthentication,
    Disassociation,
    Frame,
    ProbeRequest,
    ReasonCode,
    ReassociationRequest,
    StatusCode,
    decode_frame,
)
from wpsagent.errors import DecodeError
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    ChannelSwitched,
    CommandFailed,
    EapolReceived,
    Entropy,
    FrameReceived,
    FrameStatus,
    GroupSequence,
    InstallKey,
    RadioCommand,
    RadioEvent,
    RadioLost,
    RemoveStation,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StationActivity,
    StationAssociated,
    StationLeft,
    StationProbed,
    StopAccessPoint,
    SwitchChannel,
    UnexpectedFrame,
)
from wpsagent.roles.admission import examine, examine_purpose, own_rsne, reason_for
from wpsagent.roles.beaconing import Beaconing
from wpsagent.roles.events import AccessPointLost, ApEvent, StationDisconnected
from wpsagent.roles.parameters import AccessPointParameters
from wpsagent.roles.quiet_stations import QuietStations
from wpsagent.roles.sessions import StationSessions
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.roles.station import Station, StationState
from wpsagent.roles.stations import Stations, Throttle
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device_psks import DevicePsks
from wpsagent.wsc.enumerations import AuthenticationType

AUTHENTICATED_TIMEOUT = 10.0
ASSOCIATING_TIMEOUT = 2.0
"""Seconds a station may spend without its association request, or without acknowledging our response."""

_AFTER_DURATION = 4
"""What comes before it in a frame changes when it is sent again: the Retry bit, the Duration (9.2.4.1, 9.2.4.2)."""


class AccessPoint(Beaconing):
    """One BSS.  wps is None where Wi-Fi Protected Setup is off.

    The door: `start` and `stop`, `receive(event, now)`, `messages_to_send()` (radio commands, to be executed in
    order), `next_event()`, `deadline` and `handle_timer(now)`.
    """

    def __init__(
        self,
        parameters: AccessPointParameters,
        address: MacAddress,
        capabilities: RadioCapabilities,
        wps: WpsRuns | None,
        entropy: Entropy,
        *,
        psks: DevicePsks | None = None,
    ) -> None:
        """psks: keys of single devices; with WPS those of wps.  Raises RadioError if the channel cannot be used."""
        settings = parameters.settings
        is_protected = bool(settings.authentication_types & AuthenticationType.WPA2_PERSONAL)
        super().__init__(parameters, address, capabilities, wps, own_rsne(capabilities) if is_protected else None)
        self._sessions = StationSessions(
            address=address,
            rsne=self._rsne,
            pmk=_pmk_of(settings) if is_protected else None,
            psks=wps.psks if wps is not None else psks or DevicePsks(),
            wps=wps,
            credential_processing=parameters.credential_processing,
            fragment_size=parameters.fragment_size,
            entropy=entropy,
            send=self._outbox.append,
            report=self._events.append,
            send_away=self._send_away,
        )
        self._stations = Stations(parameters.max_stations)
        self._next_token = 1
        self._rekey_at: float | None = None
        inactivity = None if capabilities.has_ap_sme else parameters.inactivity
        self._quiet_stations = QuietStations(self._stations, inactivity, self._outbox.append)
        self._unexpected = Throttle()

    # ---- the door

    def start(self, now: float) -> None:
        """Begin to beacon, and draw the timers of the network."""
        self._outbox.append(self._start_command())
        if self._rsne is not None:
            self._sessions.install_group_key()
            group_rekey = self.parameters.group_rekey
            self._rekey_at = now + group_rekey if group_rekey else None
        self._quiet_stations.start(now)
        self.is_started = True

    def stop(self, now: float) -> None:
        """Send every station away and stop beaconing."""
        for station in self._stations:
            self._send_away(station, ReasonCode.LEAVING_NETWORK_DEAUTH, "the access point stopped", now)
        self._deauthenticate(BROADCAST, ReasonCode.LEAVING_NETWORK_DEAUTH)
        self._outbox.append(StopAccessPoint())
        self._sessions.report_changes()
        self._rekey_at = self._move = None
        self._quiet_stations.stop()
        self.is_started = False

    def messages_to_send(self) -> list[RadioCommand]:
        """Drains the commands for the radio, in order."""
        commands = list(self._outbox)
        self._outbox.clear()  # the sessions hold on to this list
        return commands

    def next_event(self) -> ApEvent | None:
        """Drains one event."""
        return self._events.popleft() if self._events else None

    @property
    def deadline(self) -> float | None:
        """When handle_timer is due."""
        machines = (self._quiet_stations, self._stations, self._sessions)
        times = (self._rekey_at, self._move_deadline, *(machine.deadline for machine in machines))
        return min((time for time in times if time is not None), default=None)

    def receive(self, event: RadioEvent, now: float) -> None:
        """Take what the radio reports.  Frames that make no sense are dropped, and everything while it is stopped."""
        if not self.is_started:
            return
        match event:
            case FrameReceived():
                self._receive_frame(event, now)
            case EapolReceived():
                self._receive_eapol(event.source, event.pdu, now)
            case FrameStatus():
                self._response_acknowledged(event, now)
            case UnexpectedFrame():
                self._refuse_data(event.source, now)
            case StationAssociated():
                self._station_associated(event, now)
            case StationLeft():
                self._station_left(event.address, now)
            case StationActivity() | StationProbed() | GroupSequence():
                self._answer_received(event, now)
            case ChannelSwitched():
                self._channel_switched(event.frequency_mhz, now)
            case CommandFailed():
                self._command_failed(event, now)
            case RadioLost():
                self._lost(event.reason, now)

    def _answer_received(self, event: StationActivity | StationProbed | GroupSequence, now: float) -> None:
        match event:
            case StationActivity():
                self._quiet_stations.receive(event, now)
            case StationProbed():
                self._station_probed(event, now)
            case GroupSequence():
                self._sessions.group_sequence_read(event)

    def handle_timer(self, now: float) -> None:
        """Do what is due; may be called early."""
        for station in self._stations:
            self._handle_station_timer(station, now)
        if self._sessions.deadline is not None and now >= self._sessions.deadline:
            self._sessions.report_changes()
        if self._rekey_at is not None and now >= self._rekey_at:
            self._rekey_at = now + self.parameters.group_rekey
            self.rekey(now)
        self._quiet_stations.handle_timer(now)
        if self._move_deadline is not None and now >= self._move_deadline:
            self._give_up_announcing(now)

    # ---- what the owner asks for

    def set_credential_processing(self, processing: CredentialProcessing) -> None:
        """What becomes of what a registrar brings from now on."""
        self._sessions.credential_processing = processing

    @property
    def connected_stations(self) -> list[MacAddress]:
        """The stations whose port is open."""
        return [s.address for s in self._stations if s.state is StationState.AUTHORIZED]

    @property
    def stations(self) -> tuple[Station, ...]:
        """All it knows, in the order in which they came; to look at."""
        return tuple(self._stations)

    def disconnect(self, address: MacAddress, now: float, reason_code: int = ReasonCode.LEAVING_NETWORK_DEAUTH) -> None:
        """Send a station away; unknown ones too, for they may think they are connected."""
        if station := self._stations.get(address):
            self._send_away(station, reason_code, "sent away", now)
        else:
            self._deauthenticate(address, reason_code)

    def disassociate(self, address: MacAddress, now: float, reason_code: int) -> None:
        """End a station's association, but not its authentication; unknown ones too."""
        self._outbox.append(SendFrame(self._frames.disassociation(address, reason_code)))
        station = self._stations.get(address)
        if station is not None and station.is_with_radio:
            self._back_to_authenticated(station, "sent away", now)

    def cancel_wps(self, now: float) -> None:
        """End every registration protocol run in progress."""
        for station in self._stations:
            self._sessions.cancel_wps(station, now)

    def rekey(self, now: float) -> None:
        """Change the group key."""
        self._sessions.rekey(self._stations, now)

    # ---- frames

    def _receive_frame(self, event: FrameReceived, now: float) -> None:
        try:
            frame = decode_frame(event.frame)
        except DecodeError:
            return
        if frame.source.is_multicast or frame.source == self.address:
            return
        if isinstance(frame, ProbeRequest):
            self._receive_probe_request(frame, now)
        elif frame.destination == self.address and frame.bssid == self.address:
            self._receive_addressed(frame, event.frame, now)

    def _receive_addressed(self, frame: Frame, octets: bytes, now: float) -> None:
        match frame:
            case Authentication():
                self._receive_authentication(frame, now)
            case AssociationRequest() | ReassociationRequest():
                self._receive_association_request(frame, octets, now)
            case Disassociation():
                self._station_disassociated(frame.source, now)
            case Deauthentication():
                self._station_left(frame.source, now)
            case _:
                pass

    def _receive_probe_request(self, frame: ProbeRequest, now: float) -> None:
        elements = frame.parse_elements()
        attributes = elements.vendor(WPS_VENDOR_TYPE)
        if self._wps is not None and attributes is not None:
            self._wps.probe_request_received(frame.source, attributes, now)
        wanted = elements.ssid
        if wanted is None or not {frame.destination, frame.bssid} <= {self.address, BROADCAST}:
            return
        if wanted == self._description.ssid or (not wanted and not self.parameters.is_hidden):
            self._outbox.append(SendFrame(self._frames.probe_response(frame.source)))

    def _receive_authentication(self, frame: Authentication, now: float) -> None:
        status = StatusCode.SUCCESS
        if frame.algorithm != AuthenticationAlgorithm.OPEN_SYSTEM:
            status = StatusCode.UNSUPPORTED_AUTH_ALGORITHM
        elif frame.transaction != 1:
            status = StatusCode.TRANSACTION_SEQUENCE_ERROR
        elif self._stations.is_full_for(frame.source):
            status = StatusCode.DENIED_NO_MORE_STAS
        if status is StatusCode.SUCCESS:
            # Whatever the station had before is over.
            if station := self._stations.get(frame.source):
                self._forget(station, "it authenticated anew", now)
            self._stations.add(frame.source, now + AUTHENTICATED_TIMEOUT)
        self._outbox.append(SendFrame(self._frames.authentication(frame, status)))

    def _receive_association_request(
        self, frame: AssociationRequest | ReassociationRequest, octets: bytes, now: float
    ) -> None:
        station = self._stations.get(frame.source)
        if station is None:
            self._deauthenticate(frame.source, ReasonCode.INVALID_CLASS2_FRAME)
            return
        request = octets[_AFTER_DURATION:]
        if station.is_with_radio and request == station.request:
            self._outbox.append(SendFrame(station.response, station.token))  # it did not hear our answer
            return
        if station.is_with_radio:
            station = self._back_to_authenticated(station, "it associated anew", now)
        elements = frame.parse_elements()
        is_full = self._stations.is_full_for(station.address)
        admission = examine(elements, self._description, self._rsne, has_wps=self._wps is not None, is_full=is_full)
        station.request, station.security = request, admission.security
        station.station_rsne = admission.station_rsne
        if admission.status is StatusCode.SUCCESS:
            self._associate(station, frame, elements, now)
        is_reassociation = isinstance(frame, ReassociationRequest)
        station.response = self._frames.association_response(
            station, admission.status, is_reassociation=is_reassociation
        )
        self._outbox.append(SendFrame(station.response, station.token or None))

    def _associate(
        self, station: Station, frame: AssociationRequest | ReassociationRequest, elements: Elements, now: float
    ) -> None:
        if (unheard := self._stations.in_the_way_of(station.address)) is not None:
            self._forget(unheard, "", now)
        station.aid = self._stations.free_aid()
        station.token, self._next_token = self._next_token, self._next_token + 1
        station.state, station.deadline = StationState.ASSOCIATING, now + ASSOCIATING_TIMEOUT
        ht = elements.first(ElementId.HT_CAPABILITIES)
        has_ht = self._description.ht is not None and ht is not None and len(ht) == 26 and elements.has_wmm
        station.association = AddStation(
            address=station.address,
            aid=station.aid,
            listen_interval=frame.listen_interval,
            rates=elements.rates,
            capability=frame.capability,
            has_wmm=elements.has_wmm,
            ht_capabilities=ht if has_ht else None,
        )
        station.associated_at = station.heard_at = now
        self._outbox.append(station.association)

    def _station_associated(self, event: StationAssociated, now: float) -> None:
        """Firmware has done what the frames above do; why the station came is for us to see, and who has no place."""
        if known := self._stations.get(event.address):
            self._forget(known, "it associated anew", now)
        is_full = self._stations.is_full_for(event.address)
        elements = Elements.decode(event.elements)
        admission = examine_purpose(elements, self._rsne, has_wps=self._wps is not None, is_full=is_full)
        station = self._stations.add(event.address, now)
        station.associated_at = station.heard_at = now
        station.security, station.station_rsne = admission.security, admission.station_rsne
        if admission.status is StatusCode.SUCCESS:
            self._sessions.begin(station, now)
        else:
            self._send_away(station, reason_for(admission.status), "refused", now)

    def _response_acknowledged(self, event: FrameStatus, now: float) -> None:
        station = self._stations.with_token(event.token)
        if station is None or station.state is not StationState.ASSOCIATING:
            return
        if event.is_acknowledged:
            self._sessions.begin(station, now)
        else:
            # It may have heard us although we did not hear its acknowledgement: the deadline decides, unless
            # somebody else needs the place.
            station.is_unheard = True

    def _station_left(self, address: MacAddress, now: float) -> None:
        if station := self._stations.get(address):
            self._forget(station, "it left", now)

    def _station_disassociated(self, address: MacAddress, now: float) -> None:
        """It need not authenticate to associate again (IEEE 802.11-2020, 11.3.5.8)."""
        station = self._stations.get(address)
        if station is not None and station.is_with_radio:
            self._back_to_authenticated(station, "it disassociated", now)

    def _refuse_data(self, address: MacAddress, now: float) -> None:
        """A station believes it is associated, for example with our former self: tell it, but not for every frame."""
        station = self._stations.get(address)
        if address.is_multicast or (station is not None and station.is_with_radio):
            return
        if self._unexpected.passes(address, now):
            self._deauthenticate(address, ReasonCode.INVALID_CLASS3_FRAME)

    # ---- EAPOL and timers

    def _receive_eapol(self, source: MacAddress, pdu: bytes, now: float) -> None:
        station = self._stations.get(source)
        if station is None or station.state in (StationState.AUTHENTICATED, StationState.LEAVING):
            return
        if station.state is StationState.ASSOCIATING:
            self._sessions.begin(station, now)  # it speaks, so it has heard our response
        self._sessions.receive(station, pdu, now)

    def _handle_station_timer(self, station: Station, now: float) -> None:
        if station.deadline is None or now < station.deadline:
            self._sessions.handle_timer(station, now)
            return
        match station.state:
            case StationState.ASSOCIATED if station.rsn is not None or (station.eap and station.eap.is_running):
                station.deadline = None  # its machine keeps its own time
            case StationState.AUTHENTICATED:
                self._stations.remove(station)  # it has gone elsewhere; nothing to tell
            case StationState.LEAVING:
                self._send_away(station, ReasonCode.IEEE_802_1X_AUTH_FAILED, station.leave_reason, now)
            case _:
                self._send_away(station, ReasonCode.INVALID_AUTHENTICATION, "it fell silent", now)

    # ---- ends

    def _station_probed(self, event: StationProbed, now: float) -> None:
        station = self._stations.get(event.address)
        if station is not None and not event.is_acknowledged and station.state is StationState.AUTHORIZED:
            text = f"silent for {self.parameters.inactivity:g} s and did not answer"
            self._send_away(station, ReasonCode.INACTIVITY, text, now)

    def _send_away(self, station: Station, reason_code: int, text: str, now: float) -> None:
        """Deauthenticate and forget."""
        self._deauthenticate(station.address, reason_code)
        self._forget(station, text, now)

    def _forget(self, station: Station, reason: str, now: float) -> None:
        """Drop a station and what it had."""
        self._stations.remove(station)
        if station.state is StationState.AUTHORIZED:
            self._events.append(StationDisconnected(station.address, reason))
        if station.is_with_radio:
            self._outbox.append(RemoveStation(station.address))
            self._sessions.forget(station, now)

    def _back_to_authenticated(self, station: Station, reason: str, now: float) -> Station:
        """Its association is over, its authentication is not."""
        self._forget(station, reason, now)
        return self._stations.add(station.address, now + AUTHENTICATED_TIMEOUT)

    def _deauthenticate(self, address: MacAddress, reason_code: int) -> None:
        self._outbox.append(SendFrame(self._frames.deauthentication(address, reason_code)))

    def _command_failed(self, event: CommandFailed, now: float) -> None:
        """A station that the radio does not take is sent away; a beacon that cannot be renewed is an end."""
        match event.command:
            case AddStation() | InstallKey(station=MacAddress()) | AuthorizeStation():
                address = event.command.station if isinstance(event.command, InstallKey) else event.command.address
                station = self._stations.get(address) if address is not None else None
                if station is not None:
                    text = f"the radio refused it: {event.reason}"
                    self._send_away(station, ReasonCode.UNSPECIFIED_REASON, text, now)
            case SwitchChannel():
                self._give_up_announcing(now)
            case SetBeacon() | InstallKey() | StartAccessPoint():
                self._lost(event.reason, now)
            case _:
                pass  # a frame that could not be sent is a frame lost

    def _lost(self, reason: str, now: float) -> None:
        for station in self._stations:
            self._forget(station, "the access point is gone", now)
        self._outbox.clear()
        self._rekey_at = self._move = None
        self._quiet_stations.stop()
        self.is_started = False
        self._sessions.report_changes()
        self._events.append(AccessPointLost(reason))


def _pmk_of(settings: NetworkSettings) -> bytes | None:
    """The key that all stations may have; None where each has its own."""
    if settings.psk is not None or settings.passphrase is None:
        return settings.psk
    return derive_psk(settings.passphrase, settings.ssid)
