# SPDX-License-Identifier: BSD-3-Clause
"""The EAPOL conversations of an access point: RSN handshakes, WPS runs, and the group key they hand out.

Each associated station has one conversation: rsn.Authenticator (WPA2-PSK with CCMP) or eap.EapAuthenticator with a
WSC machine inside.  `StationSessions` feeds them and turns what they say into radio commands and events: messages
before events, for a key is installed only after the message that precedes it has left (IEEE 802.11-2020, 12.7.6).
"""

from collections.abc import Callable, Iterable

from wpsagent.eap.authenticator import EapAuthenticator
from wpsagent.eap.events import EapEnded, MethodSelected
from wpsagent.eap.machine import Role, WscMachine
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AuthorizeStation,
    Entropy,
    GroupSequence,
    InstallKey,
    RadioCommand,
    ReadGroupSequence,
    SendEapol,
)
from wpsagent.roles.events import (
    ApEvent,
    ApSettingsChanged,
    ApSettingsRead,
    HandshakeFailed,
    PskAdded,
    StationConnected,
    WpsRunEnded,
    WpsRunFailed,
    WpsRunStarted,
)
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.roles.station import Security, Station, StationState
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.rsn.authenticator import NO_PACKETS, Authenticator
from wpsagent.rsn.handshake import (
    Authorized,
    GroupKeyDelivered,
    InstallPairwiseKey,
)
from wpsagent.rsn.handshake import HandshakeFailed as RsnFailed
from wpsagent.rsn.key_frame import GroupKey
from wpsagent.rsn.rsne import CipherSuite, Rsne
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device_psks import DevicePsks
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.events import ApPinVerified, ApSettingsTold, Event, NewApSettings, RunFailed, RunSucceeded
from wpsagent.wsc.issuing import IssuingEvent, PskIssued, network_settings_of

SESSION_TIMEOUT = 30.0
"""Seconds an associated station may be silent before its first EAPOL frame."""

EAP_FAILURE_DELAY = 0.01
"""Seconds between EAP-Failure and the deauthentication, so that the failure gets out first."""

RECONFIGURATION_DELAY = 0.02
"""Seconds from the end of a run that changes the network to the change, in which the station hears the end and is sent
away; not many more, or it is back before the network that it was told of is there."""


class StationSessions:
    """The conversations of one BSS.

    rsne is None on an open network, wps where Wi-Fi Protected Setup is off.  pmk is the key that all may have, psks are
    those of single devices.  send and report take radio commands and events in order; send_away(station, reason code,
    text, now) ends an association.
    """

    def __init__(
        self,
        *,
        address: MacAddress,
        rsne: Rsne | None,
        pmk: bytes | None,
        psks: DevicePsks,
        wps: WpsRuns | None,
        credential_processing: CredentialProcessing,
        fragment_size: int,
        entropy: Entropy,
        send: Callable[[RadioCommand], None],
        report: Callable[[ApEvent], None],
        send_away: Callable[[Station, int, str, float], None],
    ) -> None:
        self._address = address
        self._rsne = rsne
        self._pmk = pmk
        self._psks = psks
        self._wps = wps
        self.credential_processing = credential_processing
        self._fragment_size = fragment_size
        self._entropy = entropy
        self._send = send
        self._report = report
        self._send_away = send_away
        self._group_key = GroupKey(1, entropy(16))
        self._packet_number = NO_PACKETS  # of the present group key, as far as we have asked
        self._next_group_key: GroupKey | None = None
        self._rekeying: set[MacAddress] = set()
        self._changes: list[ApSettingsChanged] = []
        self._changes_at: float | None = None

    # ---- one station

    def begin(self, station: Station, now: float) -> None:
        """The station is associated: start the conversation it asked for."""
        station.state, station.deadline = StationState.ASSOCIATED, now + SESSION_TIMEOUT
        station.is_unheard = False
        if station.security is Security.OPEN:
            self._authorize(station)
        elif station.security is Security.RSN:
            self._begin_handshake(station, now)
        else:
            self._begin_eap(station, now)

    def receive(self, station: Station, pdu: bytes, now: float) -> None:
        """Take an EAPOL PDU; on an open network the first one begins a WPS run, data flows meanwhile."""
        if station.rsn is not None:
            station.rsn.receive(pdu, now)
        else:
            if station.eap is None and self._wps is not None:
                self._begin_eap(station, now)
            if station.eap is not None:
                station.eap.receive(pdu, now)
        self._pump(station, now)

    def handle_timer(self, station: Station, now: float) -> None:
        """Let the station's machines do what is due."""
        if station.rsn is not None:
            station.rsn.handle_timer(now)
        if station.eap is not None:
            station.eap.handle_timer(now)
        self._pump(station, now)

    def cancel_wps(self, station: Station, now: float) -> None:
        """End the station's WPS run, if it has one."""
        if station.eap is not None and station.eap.is_running:
            station.eap.cancel(now)
            self._pump(station, now)

    def forget(self, station: Station, now: float) -> None:
        """The station is gone: its run, if any, is abandoned, and the group key need not wait for it."""
        if station.wsc is not None and not station.wsc.is_finished:
            station.wsc.abandon(now)
        self._report_run(station, now)
        self._rekeying.discard(station.address)
        self._finish_rekey()

    def _begin_handshake(self, station: Station, now: float) -> None:
        assert self._rsne is not None
        station.group_key = self._group_key
        station.rsn = Authenticator(
            pmks=self._psks.of_station(station.address, self._pmk),
            authenticator_address=self._address,
            station_address=station.address,
            rsne=self._rsne.element(),
            station_rsne=station.station_rsne,
            group_key=self._group_key,
            entropy=self._entropy,
            packet_number_of=self._packet_number_of,
        )
        station.rsn.start(now)
        self._pump(station, now)
        self._send(ReadGroupSequence(self._group_key.index))  # known by the time of message 3

    def _begin_eap(self, station: Station, now: float) -> None:
        wps = self._wps
        assert wps is not None

        def machine_for(role: Role) -> WscMachine:
            station.new_settings = None
            station.wsc = wps.machine_for(role, station.address)
            return station.wsc

        station.eap = EapAuthenticator(
            machine_for=machine_for,
            fragment_size=self._fragment_size,
            first_identifier=self._entropy(1)[0],
            wait_for_start=station.security is not Security.WPS,
        )
        station.eap.start(now)
        self._pump(station, now)

    def _pump(self, station: Station, now: float) -> None:
        if station.rsn is not None:
            self._pump_rsn(station, station.rsn, now)
        if station.eap is not None:
            self._pump_eap(station, station.eap, now)

    def _pump_rsn(self, station: Station, rsn: Authenticator, now: float) -> None:
        for message in rsn.messages_to_send():
            self._send(SendEapol(station.address, message.pdu, message.is_encrypted))
        while (event := rsn.next_event()) is not None:
            match event:
                case InstallPairwiseKey():
                    self._send(InstallKey(0, event.key, CipherSuite.CCMP_128, station.address))
                case Authorized():
                    self._authorize(station)
                case GroupKeyDelivered():
                    self._group_key_delivered(station, now)
                case RsnFailed():
                    self._report(HandshakeFailed(station.address, event.text))
                    self._send_away(station, event.reason_code, event.text, now)
                    return
                case _:
                    pass  # events of the supplicant's side

    def _pump_eap(self, station: Station, eap: EapAuthenticator, now: float) -> None:
        for pdu in eap.messages_to_send():
            self._send(SendEapol(station.address, pdu))
        self._report_run(station, now)
        while (event := eap.next_event()) is not None:
            match event:
                case MethodSelected():
                    self._report(WpsRunStarted(station.address))
                case EapEnded():
                    self._report(WpsRunEnded(station.address, f"{event.reason.value} {event.detail}".strip()))
                    self._leave_after_eap(station, event.reason.value, now)
                case _:
                    pass

    def _report_run(self, station: Station, now: float) -> None:
        wps = self._wps
        if wps is None:
            return
        while station.wsc is not None and (event := station.wsc.next_event()) is not None:
            if isinstance(event, RunFailed) and not event.was_told_to_wait:
                self._report(WpsRunFailed(station.address, event))
            if isinstance(station.wsc, Enrollee):
                self._report_enrollee(wps, station, event, now)
        while (issued := wps.next_event()) is not None:
            self._report_issued(issued, now)

    def _report_enrollee(self, wps: WpsRuns, station: Station, event: Event, now: float) -> None:
        """What our side of a run with an external registrar says."""
        match event:
            case ApPinVerified():
                wps.registrar_verified(station.address)
            case ApSettingsTold():
                self._report(ApSettingsRead(station.address))
            case NewApSettings():
                station.new_settings = event
            case RunFailed():
                wps.registrar_served(station.address, event)
            case RunSucceeded():
                wps.registrar_served(station.address, None)
                if (new := station.new_settings) is not None:
                    settings = network_settings_of(new.settings)
                    self._change(station.address, settings, new.octets, now, is_from_registrar=True)
            case _:
                pass  # RunFailed follows, and says the same

    def _report_issued(self, event: IssuingEvent, now: float) -> None:
        if isinstance(event, PskIssued):
            self._report(PskAdded(event.address, event.psk))
        else:
            self._change(event.address, event.settings, event.credentials, now)

    def _leave_after_eap(self, station: Station, reason: str, now: float) -> None:
        """EAP-Failure is out: a station of a protected network leaves, one of an open network stays."""
        if station.security is Security.OPEN:
            station.eap = station.wsc = None
            return
        station.state, station.deadline = StationState.LEAVING, now + EAP_FAILURE_DELAY
        station.leave_reason = reason

    def _authorize(self, station: Station) -> None:
        station.state, station.deadline = StationState.AUTHORIZED, None
        self._send(AuthorizeStation(station.address))
        self._report(StationConnected(station.address))

    # ---- a change of the network

    def _change(
        self,
        address: MacAddress,
        settings: NetworkSettings,
        octets: bytes,
        now: float,
        *,
        is_from_registrar: bool = False,
    ) -> None:
        processing = self.credential_processing
        self._changes.append(
            ApSettingsChanged(
                address,
                settings,
                b"" if processing is CredentialProcessing.INTERNAL else octets,
                is_to_be_applied=processing is not CredentialProcessing.EXTERNAL,
                is_from_registrar=is_from_registrar,
            )
        )
        self._changes_at = self._changes_at or now + RECONFIGURATION_DELAY

    @property
    def deadline(self) -> float | None:
        """When report_changes is due."""
        return self._changes_at

    def report_changes(self) -> None:
        """Report the changes of the network that are waiting: their time has come, or there will be no other."""
        changes, self._changes, self._changes_at = self._changes, [], None
        for change in changes:
            self._report(change)

    # ---- the group key

    def group_sequence_read(self, event: GroupSequence) -> None:
        """How far the group key has been used: who joins now must not take what was sent before for new."""
        if event.index == self._group_key.index:
            self._packet_number = event.packet_number

    def _packet_number_of(self, group_key: GroupKey) -> bytes:
        return self._packet_number if group_key is self._group_key else NO_PACKETS

    def install_group_key(self) -> None:
        """Make the present group key the one that broadcasts go out with."""
        self._send(InstallKey(self._group_key.index, self._group_key.key, CipherSuite.CCMP_128))

    def rekey(self, stations: Iterable[Station], now: float) -> None:
        """Give every station a new group key; it is used once all of them have it, or have been sent away."""
        if self._rsne is None or self._next_group_key is not None:
            return
        self._next_group_key = GroupKey(3 - self._group_key.index, self._entropy(16))
        secured = [s for s in stations if s.state is StationState.AUTHORIZED and s.rsn is not None]
        self._rekeying |= {station.address for station in secured}
        for station in secured:
            self._give_group_key(station, self._next_group_key, now)
        self._finish_rekey()

    def _give_group_key(self, station: Station, group_key: GroupKey, now: float) -> None:
        assert station.rsn is not None
        station.group_key = group_key
        self._rekeying.add(station.address)
        station.rsn.rekey(group_key, now)
        self._pump_rsn(station, station.rsn, now)

    def _group_key_delivered(self, station: Station, now: float) -> None:
        """A station that came while the key was changing has an old one: it gets the new one after its handshake."""
        newest = self._next_group_key or self._group_key
        if station.group_key is not newest:
            self._give_group_key(station, newest, now)
        else:
            self._rekeying.discard(station.address)
            self._finish_rekey()

    def _finish_rekey(self) -> None:
        if self._next_group_key is not None and not self._rekeying:
            self._group_key, self._next_group_key = self._next_group_key, None
            self._packet_number = NO_PACKETS
            self.install_group_key()
