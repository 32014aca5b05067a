# SPDX-License-Identifier: BSD-3-Clause
"""The registrar inside an access point (Wi-Fi Simple Configuration 2.0, sections 7.4, 8.2, 11.2 and 11.3).

    button, PINs, Probe Requests ──► InternalRegistrar ──► events; what beacons, probe and association responses carry
                                           ▲
    registration protocol ──► BssAuthority ┘   one for each network: which Credential it hands out

One InternalRegistrar stands behind all networks that share a button: one press opens a session on all of them, one
success ends it on all of them, and they show one UUID, so that an enrollee that hears two of them sees no overlap.

A registrar is *selected* for 120 s after the button was pressed or a PIN was entered; the last method wins.  A PIN can
be used for as long as it is stored, selected or not.  Refused: a press while more than one enrollee is in push-button
mode, push-button enrolment without a press, and out-of-band passwords.  Whatever is received leaves memory and the
number of events bounded.
"""

from collections import deque
from dataclasses import dataclass

from wpsagent.errors import DecodeError
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.ports import Entropy
from wpsagent.wsc.advertised import Advertised, selected_for_button, selected_for_pin
from wpsagent.wsc.ap_enrolment import AccessPointEnrolment
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.device_psks import DevicePsks
from wpsagent.wsc.elements import (
    AssociationResponseAttributes,
    ProbeRequestAttributes,
    SelectedRegistrar,
)
from wpsagent.wsc.enrollee_table import (
    EnrolleeInformation,
    EnrolleeTable,
    PendingPin,
    PendingPins,
    RateLimit,
    sanitize_text,
)
from wpsagent.wsc.enumerations import (
    PIN_PASSWORD_IDS,
    ConfigurationError,
    DevicePasswordId,
    ErrorIndication,
    RfBands,
    WpsState,
)
from wpsagent.wsc.events import RunFailed
from wpsagent.wsc.internal_registrar_events import (
    ApPinDisabled,
    ApPinEnabled,
    EnrolleeSeen,
    EnrolmentSucceeded,
    InternalRegistrarEvent,
    LastResult,
    OverlapDetected,
    PinEnded,
    PinNeeded,
    PinStarted,
    PushButtonEnded,
    PushButtonStarted,
    PushButtonStatus,
    RegistrarStatus,
    SelectedRegistrarChanged,
    SelectionEndReason,
    SetupLocked,
    SetupUnlocked,
)
from wpsagent.wsc.issuing import CredentialIssuer, IssuingEvent, IssuingPolicy
from wpsagent.wsc.messages import M1
from wpsagent.wsc.pin_store import Pin, PinStore, PinUse
from wpsagent.wsc.push_button import WALK_TIME, Admission, PushButtonMonitor
from wpsagent.wsc.registrar import Grant, Refusal, RunOutcome

__all__ = [
    "ApPinDisabled",
    "ApPinEnabled",
    "BssAuthority",
    "EnrolleeSeen",
    "EnrolmentSucceeded",
    "InternalRegistrar",
    "InternalRegistrarEvent",
    "LastResult",
    "OverlapDetected",
    "PinEnded",
    "PinNeeded",
    "PinStarted",
    "PushButtonEnded",
    "PushButtonStarted",
    "PushButtonStatus",
    "RegistrarStatus",
    "SelectedRegistrarChanged",
    "SelectionEndReason",
    "SetupLocked",
    "SetupUnlocked",
]

PUSH_BUTTON_PASSWORD = b"00000000"
"""The device password of the push-button method (section 11.3)."""

MAX_REPORTS_PER_SECOND = 5
MAX_REPORTS_WAITING = 64
"""Reports of strangers (EnrolleeSeen, PinNeeded) are dropped beyond these; what the owner's user did never is."""

_USE_OF_OUTCOME = {
    RunOutcome.SUCCEEDED: PinUse.SUCCEEDED,
    RunOutcome.FIRST_HALF_FAILED: PinUse.FAILED_BUT_UNREVEALED,
    RunOutcome.ABANDONED: PinUse.FAILED_BUT_UNREVEALED,
    RunOutcome.SECOND_HALF_FAILED: PinUse.REVEALED,
    RunOutcome.ABANDONED_AFTER_M6: PinUse.REVEALED,
}

_PASSWORD_REFUSED = frozenset((RunOutcome.FIRST_HALF_FAILED, RunOutcome.SECOND_HALF_FAILED))


@dataclass(frozen=True, slots=True)
class _PushButtonHandle:
    """Grant.handle of a push-button run: to which session of the button it was admitted, and who."""

    uuid_e: bytes
    session: int


class InternalRegistrar:
    """One button, one set of PINs, and the networks they are for.

    device.config_methods tells by what the access point itself can be set up, and which kind of button it has.  uuid:
    the 16 octets all its networks show.  enrolment: their AP PIN; without one there is none, until one is set.
    """

    def __init__(
        self,
        device: DeviceDescription,
        uuid: bytes,
        entropy: Entropy,
        enrolment: AccessPointEnrolment | None = None,
    ) -> None:
        self.device = device
        self.uuid = uuid
        self.enrolment = enrolment or AccessPointEnrolment(entropy)
        self._entropy = entropy
        self._networks: list[BssAuthority] = []
        self._monitor = PushButtonMonitor()
        self._pins = PinStore()
        self._pin_ends_at: float | None = None
        self._enrollees = EnrolleeTable()
        self._pending_pins = PendingPins()
        self._seen_limit = RateLimit(MAX_REPORTS_PER_SECOND, 1.0)
        self._pin_needed_limit = RateLimit(MAX_REPORTS_PER_SECOND, 1.0)
        self._status = RegistrarStatus()
        self._events: deque[InternalRegistrarEvent] = deque()
        self._advertised = self._now_advertised()

    # ---- networks

    def add_network(
        self,
        settings: NetworkSettings,
        rf_band: RfBands,
        *,
        wps_state: WpsState = WpsState.CONFIGURED,
        policy: IssuingPolicy | None = None,
        psks: DevicePsks | None = None,
    ) -> "BssAuthority":
        """A network that shares the button.  rf_band: the band it is on; the rest: as in `CredentialIssuer`."""
        issuer = CredentialIssuer(settings, self._entropy, wps_state=wps_state, policy=policy, psks=psks)
        authority = BssAuthority(self, issuer, rf_band)
        self._networks.append(authority)
        self._advertise()
        return authority

    def remove_network(self, authority: "BssAuthority") -> None:
        """The network is gone; without effect for one that is not there."""
        self._networks = [network for network in self._networks if network is not authority]
        self._advertise()

    # ---- what people do

    def press_button(self, now: float) -> None:
        """Select the registrar for one push-button enrolment; raises OverlapError and leaves everything as it is."""
        self.handle_timer(now)
        try:
            self._monitor.press(now)
            self._end_pin(SelectionEndReason.REPLACED)
        finally:
            self._settle()

    def add_pin(
        self,
        pin: bytes,
        now: float,
        *,
        uuid_e: bytes | None = None,
        timeout: float = 0,
        address: MacAddress | None = None,
    ) -> None:
        """Enter the PIN of an enrollee, or (uuid_e None) of whoever comes first; raises UsageError.

        pin: ASCII digits.  timeout: seconds for which it can be used, 0 for ever.  address: whom AuthorizedMACs names.
        """
        self.handle_timer(now)
        self._pins.add(pin, now, uuid_e=uuid_e, timeout=timeout, address=address)
        if uuid_e is not None:
            self._pending_pins.done(uuid_e)
        self._monitor.cancel(now, SelectionEndReason.REPLACED)
        self._collect()
        self._pin_ends_at = now + WALK_TIME
        self._events.append(PinStarted(self._pin_ends_at, uuid_e))
        self._settle()

    def cancel(self, now: float) -> None:
        """Take the press back; or the entry of a PIN, and with it the PIN that is for anybody.  Safe at any time."""
        self._cancel(now, SelectionEndReason.CANCELLED)

    def withdraw(self, now: float) -> None:
        """As cancel, because another registrar of ours has served the device that was meant."""
        self._cancel(now, SelectionEndReason.REPLACED)

    def would_refuse_press(self, now: float) -> bool:
        """True while a press would be an overlap."""
        return self._monitor.would_refuse_press(now)

    def _cancel(self, now: float, reason: SelectionEndReason) -> None:
        self.handle_timer(now)
        self._monitor.cancel(now, reason)
        if self._pin_ends_at is not None:
            self._pins.remove_wildcard()
            self._end_pin(reason)
        self._settle()

    # ---- what is heard

    def probe_request_received(self, address: MacAddress, attributes: bytes, now: float) -> None:
        """A Probe Request with a WPS element; one that cannot be read is nothing to this registrar."""
        self.handle_timer(now)
        try:
            probe = ProbeRequestAttributes.decode(attributes)
        except DecodeError:
            return
        if not probe.is_enrollee:
            return
        if probe.device_password_id == DevicePasswordId.PUSH_BUTTON:
            self._monitor.enrollee_seen(probe.uuid_e, address, now)
        if self._enrollees.probe_request_received(address, probe, now) and self._may_report(self._seen_limit, now):
            self._enrollees.reported(address, probe, now)
            self._events.append(EnrolleeSeen.of(address, probe))
        self._settle()

    def enrollee(self, address: MacAddress) -> EnrolleeInformation | None:
        """What a device told of itself, in M1 or in Probe Requests; None for one not heard of, or long ago."""
        return self._enrollees.get(address)

    def pending_pins(self, now: float) -> tuple[PendingPin, ...]:
        """The devices that wait for somebody to enter their PIN, the one that came last first."""
        return self._pending_pins.at(now)

    # ---- state

    @property
    def is_push_button_active(self) -> bool:
        return self._monitor.is_active

    @property
    def pin_ends_at(self) -> float | None:
        """Until when the registrar is selected for a PIN; None when it is not."""
        return self._pin_ends_at

    @property
    def status(self) -> RegistrarStatus:
        return self._status

    # ---- the door

    def next_event(self) -> InternalRegistrarEvent | None:
        """Drains one event, those of the AP PIN included, whoever has brought them about."""
        if self._collect_enrolment():
            self._advertise()
        return self._events.popleft() if self._events else None

    @property
    def deadline(self) -> float | None:
        times = (self._monitor.deadline, self._pin_ends_at, self._pins.deadline, self.enrolment.deadline)
        return min((time for time in times if time is not None), default=None)

    def handle_timer(self, now: float) -> None:
        """End what is over.  Every method that takes the time does this first."""
        self._monitor.handle_timer(now)
        if self._pin_ends_at is not None and now >= self._pin_ends_at:
            self._end_pin(SelectionEndReason.TIMED_OUT)
        self._pins.expire(now)
        self.enrolment.handle_timer(now)
        self._settle()

    # ---- runs, for BssAuthority

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        """May the enrollee run, and with which password?  A Refusal goes out as M2D."""
        self.handle_timer(now)
        self._enrollees.m1_received(EnrolleeInformation.of(m1.mac_address, m1.uuid_e, m1.device))
        if m1.device_password_id == DevicePasswordId.PUSH_BUTTON:
            answer = self._authorize_push_button(m1, now)
        elif m1.device_password_id in PIN_PASSWORD_IDS:
            answer = self._authorize_pin(m1, now)
        else:
            answer = Refusal(ConfigurationError.NO_ERROR)
        self._settle()
        return answer

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        """True when a push-button run must stop: overlap, or its press was taken back or used up by another run."""
        self.handle_timer(now)
        handle = grant.handle
        if not isinstance(handle, _PushButtonHandle):
            return False
        is_overlapping = self._monitor.is_overlapping(handle.uuid_e, handle.session, now)
        self._settle()
        return is_overlapping

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        """A granted run is over; a success ends the session on all networks."""
        self.handle_timer(now)
        self._note_result(m1, outcome)
        if isinstance(grant.handle, Pin):
            self._pins.release(grant.handle, _USE_OF_OUTCOME[outcome])
            if outcome is RunOutcome.SUCCEEDED:
                self._end_pin(SelectionEndReason.SUCCEEDED)
        elif outcome is RunOutcome.SUCCEEDED:
            self._monitor.enrolment_succeeded(m1.uuid_e, now)
        self._settle()

    def _authorize_push_button(self, m1: M1, now: float) -> Grant | Refusal:
        admission = self._monitor.admit(m1.uuid_e, m1.mac_address, now)
        if admission is Admission.ADMITTED:
            handle = _PushButtonHandle(m1.uuid_e, self._monitor.session)
            return Grant(PUSH_BUTTON_PASSWORD, DevicePasswordId.PUSH_BUTTON, handle)
        if admission is Admission.NOT_ACTIVE:
            return Refusal(ConfigurationError.NO_ERROR)
        self._status = self._status.after_failure(m1.mac_address, ErrorIndication.NO_ERROR)
        return Refusal(ConfigurationError.MULTIPLE_PBC_DETECTED)

    def _authorize_pin(self, m1: M1, now: float) -> Grant | Refusal:
        pin = self._pins.acquire(m1.uuid_e, now)
        if pin is not None:
            return Grant(pin.password, m1.device_password_id, pin)
        self._pending_pins.needed(EnrolleeInformation.of(m1.mac_address, m1.uuid_e, m1.device), now)
        if self._may_report(self._pin_needed_limit, now):
            self._events.append(PinNeeded.of(m1))
        return Refusal(ConfigurationError.NO_ERROR)

    def _note_result(self, m1: M1, outcome: RunOutcome) -> None:
        if outcome is RunOutcome.SUCCEEDED:
            self._pending_pins.done(m1.uuid_e)
            self._status = self._status.after_success(m1.mac_address)
            self._events.append(EnrolmentSucceeded(m1.mac_address, m1.uuid_e, sanitize_text(m1.device_name)))
        else:
            is_refused = outcome in _PASSWORD_REFUSED
            reason = ErrorIndication.AUTHENTICATION_FAILURE if is_refused else ErrorIndication.NO_ERROR
            self._status = self._status.after_failure(m1.mac_address, reason)

    def registrar_served(self, address: MacAddress, failure: RunFailed | None) -> None:
        """An external registrar's run with one of our networks is over; failure None: a success."""
        if failure is None:
            self._status = self._status.after_success(address)
        else:
            is_refused = failure.configuration_error == ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE
            reason = ErrorIndication.AUTHENTICATION_FAILURE if is_refused else failure.error_indication
            self._status = self._status.after_failure(address, reason)

    # ---- events

    def _may_report(self, limit: RateLimit, now: float) -> bool:
        return len(self._events) < MAX_REPORTS_WAITING and limit.allows(now)

    def _end_pin(self, reason: SelectionEndReason) -> None:
        if self._pin_ends_at is not None:
            self._pin_ends_at = None
            self._events.append(PinEnded(reason))

    def _settle(self) -> None:
        """Pass on what the button has to say, and tell when beacons have become wrong by it."""
        self._collect()
        self._advertise()

    def _collect(self) -> None:
        while (event := self._monitor.next_event()) is not None:
            self._events.append(event)
            self._status = self._status.after_button(event)
        self._collect_enrolment()

    def _collect_enrolment(self) -> bool:
        """True when the AP PIN or its lock had something to say."""
        count = len(self._events)
        while (event := self.enrolment.next_event()) is not None:
            self._events.append(event)
        return len(self._events) > count

    def _advertise(self) -> None:
        advertised = self._now_advertised()
        if advertised != self._advertised:
            self._advertised = advertised
            self._events.append(SelectedRegistrarChanged())

    # ---- what beacons and probe responses carry

    def _now_advertised(self) -> Advertised:
        rf_bands = RfBands(0)
        for network in self._networks:
            rf_bands |= network.rf_band
        is_dual_band = rf_bands.bit_count() > 1
        return Advertised(
            selected_registrar=self._selected_registrar(),
            authorized_macs=self._authorized_macs(),
            is_setup_locked=self.enrolment.is_advertised,
            rf_bands=rf_bands if is_dual_band else None,
            is_uuid_in_beacon=is_dual_band and self._monitor.is_active,
        )

    def _selected_registrar(self) -> SelectedRegistrar | None:
        methods = self.device.config_methods
        if self._monitor.is_active:
            return selected_for_button(methods)
        return selected_for_pin(methods) if self._pin_ends_at is not None else None

    def _authorized_macs(self) -> tuple[MacAddress, ...]:
        if self._monitor.is_active:
            return (BROADCAST,)
        return self._pins.authorized_macs() if self._pin_ends_at is not None else ()

    def beacon_attributes(self, wps_state: WpsState) -> bytes:
        """The attributes of a beacon; `elements.wrap` makes elements of them."""
        return self._advertised.beacon_attributes(wps_state, self.uuid)

    def probe_response_attributes(self, wps_state: WpsState) -> bytes:
        """The attributes of a probe response."""
        return self._advertised.probe_response_attributes(wps_state, self.uuid, self.device)


class BssAuthority:
    """One network's part: the `Authority` that its registration protocol asks, and the attributes its frames carry."""

    def __init__(self, registrar: InternalRegistrar, issuer: CredentialIssuer, rf_band: RfBands) -> None:
        self.registrar = registrar
        self.issuer = issuer
        self.rf_band = rf_band

    @property
    def settings(self) -> NetworkSettings:
        return self.issuer.settings

    @property
    def wps_state(self) -> WpsState:
        return self.issuer.wps_state

    def reconfigure(self, settings: NetworkSettings, wps_state: WpsState = WpsState.CONFIGURED) -> None:
        """The network is another one from now on; its access point begins to beacon anew."""
        self.issuer.reconfigure(settings, wps_state)

    def next_event(self) -> IssuingEvent | None:
        """What became of what was handed out: of this network, the registrar's own events are its owner's."""
        return self.issuer.next_event()

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        return self.registrar.authorize(m1, now)

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        return self.registrar.is_overlapping(grant, now)

    def credentials_for(self, m1: M1, grant: Grant) -> bytes:
        """The network's Credential, whatever the Grant; raises ProtocolError when it has none that can be told."""
        return self.issuer.credentials_for(m1)

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        self.issuer.run_ended(m1, outcome)
        self.registrar.run_ended(m1, grant, outcome, now)

    def beacon_attributes(self) -> bytes:
        return self.registrar.beacon_attributes(self.wps_state)

    def probe_response_attributes(self) -> bytes:
        return self.registrar.probe_response_attributes(self.wps_state)

    def association_response_attributes(self) -> bytes:
        return AssociationResponseAttributes().encode()
