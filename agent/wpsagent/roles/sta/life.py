# SPDX-License-Identifier: BSD-3-Clause
"""The station: finds its networks, joins the best, comes back after a loss, and runs Wi-Fi Protected Setup.

A machine without I/O: what the radio reports goes in, commands for the radio come out, in the order in which they
must be carried out.  Implements what Wi-Fi Simple Configuration 2.0, 11.2 to 11.4, asks of a station, and the life of
an IEEE 802.11 station around it.

Theory of operation.  At any time there is at most one association (a Connection or an Enrolment) and at most one scan
of ours.  When there is neither, and the time for the next step has come, the machine takes it:

    WPS runs     scan with the WPS element, choose (wps_run), enrol; 120 s in all
    otherwise    a network that was heard a moment ago: connect.  Else scan: first where the network was, then
                 everywhere.  Nothing found: again after a while, ever longer up to 30 s

While WPS runs all other networks are set aside.  They come back with its end, after a success 10 s later or as soon
as the new network is connected, so that the new one wins.  After a success the station connects to the access point
of the run at once: no scan is needed for what is known.

Refuses nothing that the radio reports: what does not fit the state is dropped.
"""

from collections import deque
from dataclasses import dataclass

from wpsagent.capabilities import RadioCapabilities
from wpsagent.dot11.frames import ReasonCode
from wpsagent.eap.events import EapEnded, EapStarted, MethodSelected
from wpsagent.errors import ProtocolError
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    CommandFailed,
    Entropy,
    RadioLost,
    Roamed,
    ScanFinished,
    StationCommand,
    StationEvent,
    TriggerScan,
)
from wpsagent.roles.sta import association as link
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.association import Association, AssociationEnded, AssociationEvent, End
from wpsagent.roles.sta.bss_table import Bss, BssTable
from wpsagent.roles.sta.connection import Connection
from wpsagent.roles.sta.enrolment import Enrolment
from wpsagent.roles.sta.events import StationReport, WpsCause
from wpsagent.roles.sta.faults import Faults
from wpsagent.roles.sta.flags import best_wps_available
from wpsagent.roles.sta.keys import PreparedKeys
from wpsagent.roles.sta.network import Network, NetworkList, ProtectionPolicy
from wpsagent.roles.sta.network_search import NetworkSearch
from wpsagent.roles.sta.parameters import StationParameters
from wpsagent.roles.sta.scanner import Outcome, Scanner
from wpsagent.roles.sta.wps_control import Wait, WpsControl
from wpsagent.rsn.rsne import CipherSuite

SCAN_FAILED_DELAY = 1.0
"""Seconds from a scan that the radio did not finish to the next."""

SCANS_AFTER_WPS = 5
"""How often the channel of the access point is scanned after WPS before all others are."""

STABLE_AFTER = 10.0
"""Seconds after which a connection counts as good: one that is lost earlier is a failure of its access point."""

_LEAVING = ReasonCode.LEAVING_NETWORK_DEAUTH


@dataclass(frozen=True, slots=True)
class OwnersScan:
    """A scan that the owner asked for.  id: to be told with it.  is_only: nothing is joined for what it finds."""

    id: int | None = None
    is_only: bool = False


class StationLife:
    """What a station does by itself; `machine.StationMachine` adds what its owner asks for.

    The door: `start` and `stop`, `receive(event, now)`, `messages_to_send()` (radio commands, to be executed in
    order), `next_event()`, `deadline` and `handle_timer(now)`.  networks: the owner may change the list itself and
    says so by `networks_changed`; the machine changes it after WPS, and says so by NetworksChanged.
    """

    def __init__(
        self,
        parameters: StationParameters,
        address: MacAddress,
        capabilities: RadioCapabilities,
        networks: NetworkList,
        entropy: Entropy,
    ) -> None:
        self.parameters = parameters
        self.address = address
        self.capabilities = capabilities
        self.networks = networks
        self.bsses = BssTable()
        self.is_started = False
        self._entropy = entropy
        self._faults = Faults()
        self._keys = PreparedKeys(entropy)
        self._scanner = Scanner()
        self._can_protect_frames = CipherSuite.BIP_CMAC_128 in capabilities.cipher_suites
        self._search = NetworkSearch(
            capabilities, self.bsses, networks, self._faults, parameters.fresh, protection=self._protection
        )
        self._outbox: list[StationCommand] = []
        self._events: deque[StationReport] = deque()
        self._wps = WpsControl(
            parameters=parameters,
            address=address,
            capabilities=capabilities,
            networks=networks,
            keys=self._keys,
            entropy=entropy,
            tell=self._events.append,
        )
        self._link: Association | None = None
        self._is_wanted = True
        self._comes_back = True
        self._next_at: float | None = None
        self._connected_at: float | None = None
        self._owners_scan: OwnersScan | None = None
        self._refusal = ""

    # ---- the door

    def start(self, now: float) -> None:
        """Look for the networks; without effect while it runs."""
        if not self.is_started:
            self.is_started = True
            self._keys.want_pair(now)
            self._begin_search(now)
            self._settle(now)

    def stop(self, now: float) -> None:
        """End what runs, leave the network; deaf until it is started anew."""
        if not self.is_started:
            return
        self._wps.end(WpsCause.STOPPED)
        self._wps.bring_others_back()
        self._scanner.cancel()
        self._next_at = None
        self._leave(now)
        self._settle(now)
        self._forget_link(AssociationEnded(End.LEFT, _LEAVING))
        self._scanner.forget()
        self._owners_scan = None
        self.is_started = False

    def messages_to_send(self) -> list[StationCommand]:
        """Drains the commands for the radio, in order."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def next_event(self) -> StationReport | None:
        """Drains one event."""
        return self._events.popleft() if self._events else None

    @property
    def deadline(self) -> float | None:
        """When handle_timer is due."""
        if not self.is_started:
            return None
        times = (
            self._link.deadline if self._link is not None else None,
            self._next_at if self._is_idle else None,
            self._scanner.deadline,
            self._wps.deadline,
            self._faults.deadline,
            self._keys.deadline,
        )
        return min((time for time in times if time is not None), default=None)

    def receive(self, event: StationEvent, now: float) -> None:
        """Take what the radio reports; everything is dropped while it is stopped."""
        if not self.is_started:
            return
        match event:
            case ScanFinished():
                self._scan_finished(event, now)
            case RadioLost():
                self._radio_lost(event.reason)
                return
            case Roamed():
                self._roamed(event, now)
            case CommandFailed() if self._scanner.refused(event, now):
                self._report_refused_scan()
            case _ if self._link is not None:
                self._link.receive(event, now)
            case _:
                pass
        self._settle(now)

    def handle_timer(self, now: float) -> None:
        """Do what is due; may be called early."""
        if not self.is_started:
            return
        if self._link is not None:
            self._link.handle_timer(now)
        if self._scanner.handle_timer(now):
            self._events.append(report.ScanFailed(self._scanner.reason))
            self._next_at = now + SCAN_FAILED_DELAY
        if self._wps.handle_timer(now):
            self._others_returned(now)
        for network_id in self._faults.reenable(now):
            self._reenabled(network_id, now)
        self._keys.handle_timer(now)
        self._settle(now)

    @property
    def _protection(self) -> ProtectionPolicy:
        return ProtectionPolicy(self.parameters.frame_protection, self._can_protect_frames)

    # ---- the next step

    def _settle(self, now: float) -> None:
        """Hand on what the parts want, and take the next step if it is time."""
        self._pump(now)
        while self.is_started and self._is_due(now):
            self._next_at = None
            self._step(now)
            self._pump(now)

    @property
    def _is_idle(self) -> bool:
        return self._link is None and not self._scanner.is_busy

    def _is_due(self, now: float) -> bool:
        return self._is_idle and self._next_at is not None and now >= self._next_at

    def _pump(self, now: float) -> None:
        while (event := self._next_link_event()) is not None:
            self._link_event(event, now)
        self._outbox += self._scanner.messages_to_send()
        while (bss_event := self.bsses.next_event()) is not None:
            self._events.append(bss_event)

    def _next_link_event(self) -> AssociationEvent | None:
        if self._link is None:
            return None
        self._outbox += self._link.messages_to_send()
        return self._link.next_event()

    def _step(self, now: float) -> None:
        if (run := self._wps.run) is not None:
            step = self._wps.step(run, self.bsses, now)
            if isinstance(step, Enrolment):
                self._associate(step, None, now)
            elif isinstance(step, Wait):
                self._next_at = now + step.seconds
                self._others_returned(now)
            else:
                self._trigger(step, now)
        elif self._is_wanted and self._search.candidates:
            choice = self._search.choose(now)
            if choice is not None:
                self._connect(*choice, now)
            else:
                self._trigger(self._search.next_scan(), now)

    def _begin_search(self, now: float) -> None:
        """Look for a network of ours from now on."""
        if self._wps.run is None and self._is_wanted:
            self._search.begin()
            self._faults.search_succeeded()
            self._next_at = now

    def _connect(self, bss: Bss, network: Network, now: float) -> None:
        self._associate(self._connection(bss, network), network.id, now)

    def _connection(self, bss: Bss, network: Network) -> Connection:
        pmk = self._keys.pmk(network)
        return Connection(bss, network, self.address, pmk, self._entropy, protection=self._protection)

    def _associate(self, association: Association, network_id: int | None, now: float) -> None:
        bss = association.bss
        self._link, self._connected_at = association, None
        self._events.append(report.TryingToAssociate(bss.bssid, bss.ssid, bss.frequency_mhz, network_id))
        association.start(now)

    def _roamed(self, event: Roamed, now: float) -> None:
        """Firmware has gone over to another access point: follow it, with new keys, or leave."""
        former = self._link
        if former is None or former.state is not link.State.ASSOCIATED:
            return
        self.bsses.update(() if event.found is None else (event.found,), now)
        connection = self._connection_after(former, event.bssid)
        if connection is None:
            self._leave(now)
        else:
            self._link = connection  # who was told of the former one is told of its end, if the keys do not come
            connection.resume(now)

    def _connection_after(self, former: Association, bssid: MacAddress) -> Connection | None:
        """None where it is no access point of the network, or wants another association request than the first."""
        bss = self.bsses.get(bssid)
        if bss is None or not isinstance(former, Connection):
            return None
        try:
            connection = self._connection(bss, former.network)
        except ProtocolError:
            return None
        return connection if connection.rsne == former.rsne else None

    def _leave(self, now: float) -> None:
        if self._link is not None:
            self._link.leave(_LEAVING, now)

    # ---- scans

    def _trigger(self, scan: TriggerScan, now: float) -> None:
        self._scanner.scan(scan, now)
        self._events.append(report.ScanStarted(scan.frequencies_mhz, self._scan_id))

    @property
    def _scan_id(self) -> int | None:
        return None if self._owners_scan is None else self._owners_scan.id

    def _scan_finished(self, event: ScanFinished, now: float) -> None:
        self.bsses.update(event.results, now)
        in_use = () if self._link is None else (self._link.bssid,)
        self.bsses.age(now, self.parameters.max_age, in_use)
        outcome = self._scanner.finished(event, now)
        if outcome is Outcome.AGAIN:
            return
        self._refusal = ""
        self._report_scan()
        owners, self._owners_scan = self._owners_scan, None
        was_owners = owners is not None
        if self._link is not None or (owners is not None and owners.is_only):
            return
        if (run := self._wps.run) is not None:
            if outcome is Outcome.DONE and not was_owners:
                self._next_at = now + self._wps.scanned(run, self.bsses, now).seconds
                self._others_returned(now)
        elif self._is_wanted and self._search.candidates:
            self._look_around(now, is_ours=outcome is Outcome.DONE and not was_owners)

    def _report_refused_scan(self) -> None:
        """Once for each reason: a radio that is busy is asked twice a second."""
        if self._refusal != self._scanner.reason:
            self._refusal = self._scanner.reason
            self._events.append(report.ScanFailed(self._refusal))

    def _look_around(self, now: float, *, is_ours: bool) -> None:
        """After a scan: join who is there now, or search on."""
        choice = self._search.choose(now)
        if choice is not None:
            self._next_at = None
            self._connect(*choice, now)
        elif is_ours:
            if self._search.was_everywhere:
                self._events.append(report.NetworkNotFound())
            self._next_at = now + self._search.found_nothing(now)

    def _report_scan(self) -> None:
        available = None
        if self._link is None and self._is_wanted:
            available = best_wps_available(self.bsses, self.address)
        self._events.append(report.ScanCompleted(available, self._scan_id))

    # ---- the association

    def _link_event(self, event: AssociationEvent, now: float) -> None:
        association = self._link
        assert association is not None
        match event:
            case link.AssociationBegan():
                self._events.append(report.AssociatedWith(association.bssid))
            case link.PortOpened():
                self._port_opened(association, now)
            case link.GroupKeyChanged():
                self._events.append(report.GroupKeyRenewed(event.index))
            case AssociationEnded():
                self._link_ended(association, event, now)
            case EapStarted() | MethodSelected() | EapEnded():
                self._events.append(event)
            case _:
                assert isinstance(association, Enrolment)
                self._wps.enrolment_event(event, association, now)
                self._take_success(now)

    def _port_opened(self, association: Association, now: float) -> None:
        assert isinstance(association, Connection)
        network, bss = association.network, association.bss
        self._connected_at = now
        self._faults.forgive_network(network.id)
        self._wps.bring_others_back()
        self._events.append(report.Connected(bss.bssid, network.id, network.ssid, bss.frequency_mhz))

    def _take_success(self, now: float) -> None:
        """WPS brought networks: the best of them is joined as soon as this association is over."""
        success, self._wps.success = self._wps.success, None
        if success is None:
            return
        self._is_wanted = bool(success.networks)
        self._forgive_all()
        if success.is_restarting:
            self._faults.bss_lost(success.bss.bssid, now)
        favoured = None if success.is_restarting else success.bss
        self._search.begin((success.bss.frequency_mhz,), times=SCANS_AFTER_WPS, favoured=favoured)

    def _forget_link(self, ended: AssociationEnded) -> None:
        """Report the end of the association there is."""
        association, self._link = self._link, None
        if association is None:
            return
        network_id = association.network.id if isinstance(association, Connection) else None
        was_connected, self._connected_at = self._connected_at is not None, None
        if association.was_associated:
            self._events.append(
                report.ConnectionLost(
                    association.bssid, ended.reason_code, ended.is_local, was_connected, network_id, ended.text
                )
            )
        elif ended.end is End.REJECTED:
            self._events.append(report.AssociationRejected(association.bssid, ended.status_code, ended.text))

    def _link_ended(self, association: Association, ended: AssociationEnded, now: float) -> None:
        connected_at = self._connected_at
        self._forget_link(ended)
        if isinstance(association, Connection):
            self._connection_ended(association, ended, connected_at, now)
            return
        assert isinstance(association, Enrolment)
        wait = self._wps.enrolment_ended(association, ended, now).seconds
        if self._wps.run is None and association.success is None:
            self._begin_search(now)
        else:
            self._next_at = now + wait

    def _connection_ended(
        self, connection: Connection, ended: AssociationEnded, connected_at: float | None, now: float
    ) -> None:
        bss, network = connection.bss, connection.network
        if self._wps.run is not None or ended.end is End.LEFT:
            self._next_at = now if self._next_at is None else self._next_at
            return
        if ended.end is End.WRONG_KEY:
            self._network_failed(network, now)
        if ended.end is End.LOST:
            self._faults.bss_lost(bss.bssid, now)
        if connected_at is not None and now - connected_at >= STABLE_AFTER:
            self._faults.ignored.remove(bss.bssid)
            self._faults.search_succeeded()
        elif ended.end is not End.WRONG_KEY:
            self._faults.ignored.add(bss.bssid, now)
        if connected_at is not None and not self._comes_back:
            self._is_wanted = False
            return
        self._search.begin(self._search.frequencies_of(network))
        self._next_at = now

    def _network_failed(self, network: Network, now: float) -> None:
        failures, seconds = self._faults.network_failed(network.id, now)
        self._events.append(report.NetworkTempDisabled(network.id, network.ssid, failures, seconds, is_wrong_key=True))

    # ---- who may be joined

    def _others_returned(self, now: float) -> None:
        """A run is over, or its time alone: without it, an enrolment is left and networks are looked for."""
        if self._wps.run is not None:
            return
        self._scanner.cancel()
        if isinstance(self._link, Enrolment) and not self._link.is_over:
            self._leave(now)
        if not isinstance(self._link, Connection):
            self._begin_search(now)

    def _reenabled(self, network_id: int, now: float) -> None:
        network = self.networks.get(network_id)
        if network is not None:
            self._events.append(report.NetworkReenabled(network_id, network.ssid))
            if self._link is None and self._wps.run is None:
                self._begin_search(now)

    def _reenable(self, network_id: int) -> None:
        network = self.networks.get(network_id)
        if self._faults.forgive_network(network_id) and network is not None:
            self._events.append(report.NetworkReenabled(network_id, network.ssid))

    def _forgive_all(self) -> None:
        for network_id in self._faults.forgive_all():
            if (network := self.networks.get(network_id)) is not None:
                self._events.append(report.NetworkReenabled(network_id, network.ssid))

    # ---- the end of the radio

    def _radio_lost(self, reason: str) -> None:
        self._wps.end(WpsCause.RADIO_LOST, reason)
        self._wps.bring_others_back()
        self._forget_link(AssociationEnded(End.LOST, ReasonCode.UNSPECIFIED_REASON, text=reason))
        self._scanner.forget()
        self._outbox.clear()
        self._next_at = self._owners_scan = None
        self.is_started = False
        self._events.append(report.StationLost(reason))
