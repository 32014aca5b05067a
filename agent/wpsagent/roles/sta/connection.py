# SPDX-License-Identifier: BSD-3-Clause
"""One connection to one network: association, and with WPA2-Personal the keys (IEEE 802.11-2020, 11.3 and 12.7).

    Associated     open network: the port is opened; WPA2: the 4-way handshake begins (rsn.supplicant)
    handshake      messages first, then keys into the radio, then the port; group keys renewed for as long as it lasts
    failure        the access point is told the reason code of the handshake, and the association ends
    doubt          where management frames are protected: the SA Query procedure (roles.sta.sa_query)

An access point that sends us away after our message 2 has not accepted it: most likely the passphrase is wrong.
Refuses, before anything is sent, what `Network.match` does not match.
"""

from contextlib import suppress

from wpsagent.dot11.elements import ElementId
from wpsagent.dot11.frames import ReasonCode, decode_frame
from wpsagent.dot11.sa_query import SaQuery
from wpsagent.errors import DecodeError, ProtocolError
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AuthorizeStation,
    CommandFailed,
    Connect,
    Disconnected,
    Entropy,
    FrameReceived,
    InstallKey,
    InstallReceiveKey,
    SendEapol,
    SendFrame,
    UnprotectedFarewell,
)
from wpsagent.roles.sta.association import Association, End, GroupKeyChanged, PortOpened
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.network import ANY_PROTECTION, Network, ProtectionPolicy
from wpsagent.roles.sta.sa_query import SaQueryProcedure
from wpsagent.rsn.handshake import Authorized, HandshakeFailed, InstallGroupKey, InstallPairwiseKey
from wpsagent.rsn.rsne import CipherSuite, Rsne
from wpsagent.rsn.supplicant import State as SupplicantState
from wpsagent.rsn.supplicant import Supplicant


class Connection(Association):
    """A station in a network.  pmk: the network's 32 octets if they are known already: deriving them takes a while."""

    def __init__(
        self,
        bss: Bss,
        network: Network,
        own_address: MacAddress,
        pmk: bytes | None,
        entropy: Entropy,
        *,
        protection: ProtectionPolicy = ANY_PROTECTION,
    ) -> None:
        """Raises ProtocolError where the BSS is none of the network, or offers nothing that we have."""
        match = network.match(bss, protection)
        if match is None:
            raise ProtocolError(f"{bss.bssid} is not, or no longer, an access point of {network.ssid}")
        super().__init__(bss, _connect(bss, network, match.rsne))
        self.network = network
        self.rsne = match.rsne
        """What we asked for in the association request; None where the network is open."""
        self.is_open_port = False
        self._own_address = own_address
        self._sa_query: SaQueryProcedure | None = None
        if match.rsne is not None and match.rsne.protects_frames:
            self._sa_query = SaQueryProcedure(entropy)
        self._supplicant: Supplicant | None = None
        rsne_element = bss.elements.first_element(ElementId.RSN)
        if match.rsne is not None and rsne_element is not None:
            self._supplicant = Supplicant(
                pmk=network.pmk() if pmk is None else pmk,
                authenticator_address=bss.bssid,
                station_address=own_address,
                rsne=rsne_element,
                station_rsne=match.rsne.element(),
                entropy=entropy,
            )

    @property
    def _session_deadline(self) -> float | None:
        machines = (self._supplicant, self._sa_query)
        times = (machine.deadline for machine in machines if machine is not None)
        return min((time for time in times if time is not None), default=None)

    def _open_session(self, now: float) -> None:
        if self._supplicant is None:
            self._open_port()
        else:
            self._supplicant.start(now)

    def _receive_pdu(self, pdu: bytes, now: float) -> None:
        if self._supplicant is not None:
            self._supplicant.receive(pdu, now)
            self._pump(self._supplicant, now)

    def _handle_session_timer(self, now: float) -> None:
        if self._supplicant is not None:
            self._supplicant.handle_timer(now)
            self._pump(self._supplicant, now)
        if self._sa_query is not None:
            self._sa_query.handle_timer(now)
            self._pump_sa_query(self._sa_query, now)

    def _receive_management(self, event: UnprotectedFarewell | FrameReceived, now: float) -> None:
        if self._sa_query is None or not self.is_open_port:
            return
        if isinstance(event, UnprotectedFarewell):
            self._sa_query.doubt(event.reason_code, now)
        else:
            with suppress(DecodeError):
                frame = decode_frame(event.frame)
                if frame.source == self.bssid:
                    self._sa_query.receive(SaQuery.decode(frame))
        self._pump_sa_query(self._sa_query, now)

    def _pump_sa_query(self, procedure: SaQueryProcedure, now: float) -> None:
        for query in procedure.requests_to_send():
            self._outbox.append(SendFrame(query.frame(self.bssid, self._own_address, self.bssid).encode()))
        if procedure.is_lost:
            text = "the access point has lost our keys: it does not answer a protected question"
            self.leave(ReasonCode.INVALID_AUTHENTICATION, now, end=End.LOST, text=text)

    def _close_session(self, now: float) -> None:
        self.is_open_port = False

    def _end_of_loss(self, event: Disconnected) -> End:
        if self._supplicant is None or self.is_open_port:
            return End.LOST
        is_refused = event.is_by_peer and self._supplicant.state is SupplicantState.EXPECT_MESSAGE_3
        return End.WRONG_KEY if is_refused else End.HANDSHAKE_FAILED

    def _session_command_failed(self, event: CommandFailed, now: float) -> None:
        """Without its keys a protected connection is none; a frame that could not be sent is a frame lost."""
        if self._supplicant is not None and not isinstance(event.command, SendEapol | SendFrame):
            text = f"the radio refused a key: {event.reason}"
            self.leave(ReasonCode.UNSPECIFIED_REASON, now, end=End.HANDSHAKE_FAILED, text=text)

    def _pump(self, supplicant: Supplicant, now: float) -> None:
        for message in supplicant.messages_to_send():
            self._outbox.append(SendEapol(self.bssid, message.pdu, message.is_encrypted))
        while (event := supplicant.next_event()) is not None:
            match event:
                case InstallPairwiseKey():
                    self._outbox.append(InstallKey(0, event.key, CipherSuite.CCMP_128, self.bssid))
                case InstallGroupKey():
                    self._install_group_key(event)
                case Authorized():
                    self._open_port()
                case HandshakeFailed():
                    end = End.WRONG_KEY if event.is_wrong_key else End.HANDSHAKE_FAILED
                    self.leave(event.reason_code, now, end=end, text=event.text)
                case _:
                    pass  # discarded frames, and events of the access point's side

    def _install_group_key(self, event: InstallGroupKey) -> None:
        self._outbox.append(
            InstallReceiveKey(event.index, event.key, event.cipher_suite, event.receive_sequence_counter)
        )
        if self.is_open_port and event.cipher_suite != CipherSuite.BIP_CMAC_128:
            self._events.append(GroupKeyChanged(event.index))

    def _open_port(self) -> None:
        self.is_open_port = True
        self._outbox.append(AuthorizeStation(self.bssid))
        self._events.append(PortOpened())


def _connect(bss: Bss, network: Network, own: Rsne | None) -> Connect:
    if own is None:
        return Connect(bss.bssid, network.ssid, bss.frequency_mhz, elements=b"", is_protected=False)
    return Connect(
        bss.bssid,
        network.ssid,
        bss.frequency_mhz,
        elements=own.element(),
        is_protected=True,
        pairwise_cipher=own.pairwise_ciphers[0],
        group_cipher=own.group_cipher,
        akm_suite=own.akm_suites[0],
        has_frame_protection=own.protects_frames,
    )
