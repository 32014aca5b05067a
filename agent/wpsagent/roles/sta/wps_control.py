# SPDX-License-Identifier: BSD-3-Clause
"""Wi-Fi Protected Setup in a station: begins and ends runs, and makes networks of what they bring.

While a run lasts the other networks of the list are set aside, and a temporary one stands for it; the first network
that the run brings takes its place and its id.  Every run ends with exactly one WpsEnded.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from wpsagent.capabilities import RadioCapabilities
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy, TriggerScan
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.association import AssociationEnded, AssociationEvent
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.enrolment import Enrolment
from wpsagent.roles.sta.events import StationReport, WpsCause, WpsEndReason, WpsMethod
from wpsagent.roles.sta.keys import PreparedKeys
from wpsagent.roles.sta.network import Network, NetworkList
from wpsagent.roles.sta.network_search import usable_frequencies
from wpsagent.roles.sta.parameters import CredentialProcessing, Elsewhere, StationParameters
from wpsagent.roles.sta.selection import RESCAN_DELAY, Candidate, Overlap
from wpsagent.roles.sta.wps_run import Next, WpsRequest, WpsRun, as_credential
from wpsagent.wsc.credential import ApSettings, Credential, encode_credentials, read_credentials
from wpsagent.wsc.enumerations import ConfigurationError, MessageType, WpsState
from wpsagent.wsc.events import ApSettingsReceived, CredentialsReceived, M2dReceived, RunFailed, RunSucceeded

OTHERS_RETURN_AFTER = 10.0
"""Seconds after a success until other networks may be joined, if the new one does not connect."""

SAME_AGAIN_DELAY = 0.1
"""Seconds until an association that was lost in the middle of a run is begun anew."""


LISTEN_DELAY = 0.1
LISTEN_LIMIT = 10.0
"""How often it is looked whether other interfaces of this device still listen, and for how many seconds."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do now; go on in so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Success:
    """A run brought networks; none where they are for others to use.  is_restarting: the AP must begin anew first."""

    bss: Bss
    networks: tuple[Network, ...] = ()
    is_restarting: bool = False


_REASONS = {
    WpsCause.OVERLAP: WpsEndReason.OVERLAP,
    WpsCause.OVERLAP_AT_ACCESS_POINT: WpsEndReason.OVERLAP,
    WpsCause.CANCELLED: WpsEndReason.CANCELLED,
    WpsCause.REPLACED: WpsEndReason.CANCELLED,
    WpsCause.STOPPED: WpsEndReason.CANCELLED,
    WpsCause.NONE: WpsEndReason.SUCCEEDED,
}


class WpsControl:
    """The runs of one station, one at a time.  tell(event) reports to the owner."""

    def __init__(
        self,
        *,
        parameters: StationParameters,
        address: MacAddress,
        capabilities: RadioCapabilities,
        networks: NetworkList,
        keys: PreparedKeys,
        entropy: Entropy,
        tell: Callable[[StationReport], None],
    ) -> None:
        self.run: WpsRun | None = None
        self.success: Success | None = None
        """What the last run brought, until somebody takes it."""
        self.elsewhere: Elsewhere = Elsewhere()
        self.parameters = parameters
        self._address = address
        self._capabilities = capabilities
        self._frequencies = usable_frequencies(capabilities)
        self._networks = networks
        self._keys = keys
        self._entropy = entropy
        self._tell = tell
        self._temporary_id: int | None = None
        self._others_return_at: float | None = None
        self._target: Candidate | None = None
        self._enrolment: Enrolment | None = None
        self._is_first_step = False
        self._listen_until: float | None = None
        self._credentials: tuple[Credential, ...] = ()
        self._octets = b""

    @property
    def deadline(self) -> float | None:
        times = (self.run.ends_at if self.run else None, self._others_return_at)
        return min((time for time in times if time is not None), default=None)

    # ---- begin and end

    def begin(self, request: WpsRequest, now: float) -> None:
        """Start a run in place of the one there is; raises UsageError."""
        request.check(self._address)
        if self.run is not None:
            self.end(WpsCause.REPLACED)
        self.bring_others_back()
        self.run = WpsRun(request, self.parameters, self._address, self._entropy, now)
        temporary = self._networks.add(
            Network(bssid=request.bssid, key_management=frozenset({"WPS"}), is_temporary=True)
        )
        self._temporary_id = temporary.id
        self._networks.set_aside_all_but(temporary.id)
        self._target, self._enrolment, self._is_first_step, self.success = None, None, True, None
        self._listen_until = None
        self._tell(report.WpsStarted(request.method, self.run.ends_at, request.bssid))

    def end(self, cause: WpsCause, text: str = "") -> None:
        """The run is over without a network: the others come back.  Without effect when there is none."""
        run, self.run = self.run, None
        if run is not None:
            self.bring_others_back()
            self._tell(report.WpsEnded(run.method, _REASONS.get(cause, WpsEndReason.FAILED), cause, text))

    def bring_others_back(self) -> None:
        """The networks that were set aside count again, and that of the run is gone."""
        self._others_return_at = None
        self._networks.remove_temporary()
        self._temporary_id = None
        self._networks.bring_back()

    def handle_timer(self, now: float) -> bool:
        """Do what is due; True if other networks than before may be joined now, or the run is over."""
        if self.run is not None and now >= self.run.ends_at:
            run, cause = self.run, self.run.cause_of_time_out
            failure = RunFailed(None, ConfigurationError.MESSAGE_TIMEOUT, reason="two minutes are over")
            self._tell(report.WpsFailed(run.request.bssid, failure, cause))
            self.run = None
            self.bring_others_back()
            self._tell(report.WpsEnded(run.method, WpsEndReason.TIMED_OUT, cause))
            return True
        if self._others_return_at is not None and now >= self._others_return_at:
            self.bring_others_back()
            return True
        return False

    # ---- the steps of a run

    def step(self, run: WpsRun, bsses: Iterable[Bss], now: float) -> TriggerScan | Enrolment | Wait:
        """What to do now that nothing is under way; after a Wait the run may be over."""
        known = tuple(bsses)
        if self._listen_until is not None:
            wait = self.scanned(run, known, now)
            if self._target is None:
                return wait
        if self._is_first_step:
            self._is_first_step = False
            self._target = run.known_target(known, now)
        if self._target is not None:
            target, self._target = self._target, None
            self._enrolment = run.enrolment(target, self._keys.take_pair(now))
            return self._enrolment
        scan = run.scan(known, self._frequencies, now)
        limit = self._capabilities.maximum_scan_elements
        if limit is not None and len(scan.elements) > limit:
            return TriggerScan(scan.frequencies_mhz, scan.ssids)
        return scan

    def scanned(self, run: WpsRun, bsses: Iterable[Bss], now: float) -> Wait:
        """A scan of the run is over; who is to be tried is known when the other interfaces have listened, too."""
        if run.method is WpsMethod.PUSH_BUTTON and self.elsewhere.is_listening():
            self._listen_until = now + LISTEN_LIMIT if self._listen_until is None else self._listen_until
            if now < self._listen_until:
                return Wait(LISTEN_DELAY)
        self._listen_until = None
        choice = run.choose(bsses, now, self.elsewhere.heard())
        if isinstance(choice, Overlap):
            self.end(WpsCause.OVERLAP, ", ".join(str(bss.bssid) for bss in choice.bsses))
            return Wait(0.0)
        self._target = choice
        return Wait(run.delay if choice is None else 0.0)

    def enrolment_event(self, event: AssociationEvent, enrolment: Enrolment, now: float) -> None:
        """What a try tells while it lasts."""
        run = self.run
        if run is None or enrolment is not self._enrolment:
            return
        match event:
            case M2dReceived():
                self._tell(report.M2dSeen(enrolment.bssid, event.configuration_error, event.device_password_id))
            case CredentialsReceived():
                self._credentials, self._octets = event.credentials, event.octets
            case ApSettingsReceived():
                self._settings_learnt(event.settings, enrolment)
            case RunFailed():
                self._failed(event, enrolment)
            case RunSucceeded():
                self._succeeded(run, enrolment, now)
            case _:
                pass

    def enrolment_ended(self, enrolment: Enrolment, ended: AssociationEnded, now: float) -> Wait:
        """A try is over; if the run is not, it goes on."""
        run = self.run
        if run is None or enrolment is not self._enrolment or enrolment.is_over:
            return Wait(0.0)
        verdict = run.judge(enrolment, ended, now)
        if verdict.next is Next.SAME:
            self._target = run.same_again(enrolment.bss)
            return Wait(SAME_AGAIN_DELAY)
        if verdict.next is Next.SEARCH:
            return Wait(0.0 if run.method is WpsMethod.PIN else RESCAN_DELAY)
        self._tell(report.WpsFailed(enrolment.bssid, None, verdict.cause))
        self.end(verdict.cause, verdict.text)
        return Wait(0.0)

    # ---- outcomes

    def _failed(self, failure: RunFailed, enrolment: Enrolment, cause: WpsCause | None = None) -> None:
        cause = cause or report.cause_of(failure)
        self._tell(report.WpsFailed(enrolment.bssid, failure, cause))
        self.end(cause, failure.reason)

    def _settings_learnt(self, settings: ApSettings, enrolment: Enrolment) -> None:
        """What an access point told of itself in M7 is judged like a Credential of M8."""
        self._tell(report.ApSettingsLearnt(enrolment.bssid, settings))
        octets = as_credential(settings, self._address).encode()
        reading = read_credentials((octets,))
        self._credentials, self._octets = reading.accepted, encode_credentials(reading.accepted)
        if not reading.accepted:
            refused = reading.refused[0]
            failure = RunFailed(MessageType.M7, 0, refused.error_indication, refused.reason)
            cause = report.cause_of(failure) if refused.error_indication else WpsCause.NO_NETWORK
            self._failed(failure, enrolment, cause)

    def _succeeded(self, run: WpsRun, enrolment: Enrolment, now: float) -> None:
        self.run = None
        if run.request.new_settings is not None:
            self._tell(report.ApSettingsLearnt(enrolment.bssid, run.request.new_settings))
            self._credentials = (as_credential(run.request.new_settings, self._address),)
            self._octets = encode_credentials(self._credentials)
        processing = self.parameters.credential_processing
        is_told = processing is not CredentialProcessing.INTERNAL
        self._tell(report.CredentialReceived(self._octets if is_told else b""))
        if processing is CredentialProcessing.EXTERNAL:
            self.bring_others_back()
            networks: tuple[Network, ...] = ()
        else:
            networks = self._learn(enrolment.bss, now)
        self.success = Success(enrolment.bss, networks, is_restarting=_is_restarting(run, enrolment.bss))
        self._credentials, self._octets = (), b""
        self._tell(report.WpsSucceeded(enrolment.bssid))
        self._tell(report.WpsEnded(run.method, WpsEndReason.SUCCEEDED))

    def _learn(self, bss: Bss, now: float) -> tuple[Network, ...]:
        """The networks of the run take their place in the list."""
        networks = [
            Network.from_credential(
                credential,
                priority=self.parameters.wps_priority,
                add_sae=self.parameters.add_sae,
                bss=bss if credential.ssid == bss.ssid else None,
            )
            for credential in self._credentials
        ]
        learnt = self._networks.learn(networks, in_place_of=self._temporary_id)
        self._temporary_id = None
        self._others_return_at = now + OTHERS_RETURN_AFTER
        for network_id in learnt.removed:
            self._tell(report.NetworkRemoved(network_id))
        for network in learnt.networks:
            self._tell(report.NetworkAdded(network.id))
            self._keys.expect(network, now)
        self._tell(report.NetworksChanged())
        return learnt.networks


def _is_restarting(run: WpsRun, bss: Bss) -> bool:
    """True where the access point has new settings, from us or of its own making, and must restart with them."""
    is_new = bss.wps is not None and bss.wps.wps_state == WpsState.NOT_CONFIGURED
    return is_new or run.request.new_settings is not None
