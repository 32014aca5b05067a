# SPDX-License-Identifier: BSD-3-Clause
"""One WPS run of a station, from the button to its end: which access points it tries, and what each try means.

Implements Wi-Fi Simple Configuration 2.0, sections 11.2 to 11.4, as a station lives it: 120 seconds for all, one
access point after the other with a PIN, one only with the button or as a registrar.

    how a try ended                                       push button, registrar       PIN
    the protocol succeeded                                over                         over
    a message said why not (WSC_NACK, a wrong PIN)        over                         over: it must be entered anew
    ended without a word (M2D, EAP-Failure, silence)      over                         the next access point
    the association was lost in the middle                the same again, three times; then the search goes on
    the access point did not take us                      the search goes on           the next access point
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto

from wpsagent.crypto.diffie_hellman import KeyPair
from wpsagent.eap.machine import Role
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy, TriggerScan
from wpsagent.roles.sta.association import AssociationEnded, End
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.enrolment import IMPATIENT_TIMEOUT, SESSION_TIMEOUT, Enrolment
from wpsagent.roles.sta.events import WpsCause, WpsMethod
from wpsagent.roles.sta.parameters import StationParameters
from wpsagent.roles.sta.selection import Basis, Candidate, Overlap, WpsSearch, scan_plan
from wpsagent.wsc.attributes import WfaExtension
from wpsagent.wsc.credential import ApSettings, Credential, read_credentials
from wpsagent.wsc.elements import ProbeRequestAttributes, wrap
from wpsagent.wsc.enrollee import Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import ConfigurationError, DevicePasswordId, RequestType
from wpsagent.wsc.events import M2dReceived
from wpsagent.wsc.registrar import FixedAuthority, Grant, Purpose, Registrar, RegistrarParameters

WALK_TIME = 120.0
"""Seconds in which a run must succeed (11.3)."""

MAXIMUM_RESTARTS = 3
"""How often an association that is lost in the middle of the protocol is begun anew at once."""

PUSH_BUTTON_PASSWORD = b"00000000"

CLOCK_TOLERANCE = 0.05
"""Seconds by which the age of a scan result may be wrong."""


@dataclass(frozen=True, slots=True)
class WpsRequest:
    """What somebody asked for.  password: ASCII digits.  new_settings: for an access point that is to be configured."""

    method: WpsMethod
    bssid: MacAddress | None = None
    password: bytes = field(default=PUSH_BUTTON_PASSWORD, repr=False)
    new_settings: ApSettings | None = None

    def check(self, own_address: MacAddress) -> None:
        """Raises UsageError for what cannot be."""
        if not self.password or not self.password.isdigit():
            raise UsageError("a PIN has digits, eight of them or four")
        if self.new_settings is not None:
            reading = read_credentials((as_credential(self.new_settings, own_address).encode(),))
            if not reading.accepted:
                raise UsageError(f"such a network cannot be set up: {reading.refused[0].reason}")


class Next(Enum):
    """What to do after a try."""

    END = auto()
    SAME = auto()
    SEARCH = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a try means; cause: for END."""

    next: Next
    cause: WpsCause = WpsCause.NONE
    text: str = ""


class WpsRun:
    """One run; `scan`, `choose`, `enrolment` and `judge` are called in turn until it ends."""

    def __init__(
        self, request: WpsRequest, parameters: StationParameters, own_address: MacAddress, entropy: Entropy, now: float
    ) -> None:
        self.request = request
        self.ends_at = now + WALK_TIME
        self.delay = 0.0
        """Seconds to wait, when `choose` found nobody, until the next `scan`."""
        self._parameters = parameters
        self._own_address = own_address
        self._entropy = entropy
        self._search = WpsSearch(request.method, own_address, now, bssid=request.bssid)
        self._plan: deque[tuple[int, ...]] = deque()
        self._round_began_at = now
        self._restarts = 0
        self._basis = Basis.GIVEN
        self._was_candidate = False
        self._was_heard = False
        self._m2d: M2dReceived | None = None

    @property
    def method(self) -> WpsMethod:
        return self.request.method

    @property
    def role(self) -> Role:
        return Role.REGISTRAR if self.method is WpsMethod.REGISTRAR else Role.ENROLLEE

    # ---- the search

    def known_target(self, bsses: Iterable[Bss], now: float) -> Candidate | None:
        """The access point that the user named, if it was heard a moment ago: no scan is needed for that."""
        if self._search.bssid is None:
            return None
        fresh = [bss for bss in bsses if now - bss.seen_at <= self._parameters.fresh]
        choice = self._search.choose(fresh, now, is_after_scan=False)
        return self._noted(choice) if isinstance(choice, Candidate) else None

    def scan(self, bsses: Iterable[Bss], frequencies_mhz: Iterable[int], now: float) -> TriggerScan:
        """The next scan."""
        if not self._plan:
            is_fast = self.method is WpsMethod.PIN or self._parameters.is_push_button_fast
            self._plan.extend(scan_plan(bsses, frequencies_mhz, is_fast=is_fast, bssid=self._search.bssid))
            self._round_began_at = now
        return TriggerScan(self._plan.popleft(), elements=self._probe_elements())

    def choose(self, bsses: Iterable[Bss], now: float, elsewhere: Iterable[Bss] = ()) -> Candidate | Overlap | None:
        """Whom to try after a scan; None when there is nobody yet: `scan` again in `delay` seconds.

        elsewhere: what other interfaces of this device have heard, for the overlap rule.
        """
        heard_since = self._round_began_at - CLOCK_TOLERANCE
        heard = [bss for bss in bsses if bss.seen_at >= heard_since]
        is_round_over = not self._plan
        choice = self._search.choose(
            heard, now, heard_since=heard_since, elsewhere=elsewhere, is_after_scan=is_round_over
        )
        self.delay = self._search.rescan_delay if is_round_over else 0.0
        if choice is not None:
            self._plan.clear()
        return self._noted(choice) if isinstance(choice, Candidate) else choice

    def _noted(self, candidate: Candidate) -> Candidate:
        self._was_candidate = True
        self._restarts = 0
        self._basis = candidate.basis
        return candidate

    def same_again(self, bss: Bss) -> Candidate:
        """The access point of the last try."""
        return Candidate(bss, self._basis)

    def _probe_elements(self) -> bytes:
        is_enrollee = self.role is Role.ENROLLEE
        attributes = ProbeRequestAttributes(
            request_type=RequestType.ENROLLEE_OPEN_8021X if is_enrollee else RequestType.REGISTRAR,
            uuid_e=self._parameters.uuid,
            device=self._parameters.device,
            device_password_id=self._device_password_id,
            wfa=WfaExtension(request_to_enroll=True if is_enrollee else None),
        )
        return wrap(attributes.encode())

    # ---- one try

    def enrolment(self, candidate: Candidate, key_pair: KeyPair | None) -> Enrolment:
        """The association for a try.  key_pair: prepared before, for the first machine that is needed."""
        prepared = [key_pair]

        def new_machine() -> Enrollee | Registrar:
            return self._machine(prepared.pop() if prepared else None)

        time_limit = IMPATIENT_TIMEOUT if candidate.basis is Basis.FALLBACK else SESSION_TIMEOUT
        return Enrolment(
            candidate.bss,
            self.role,
            new_machine,
            time_limit=time_limit,
            fragment_size=self._parameters.fragment_size,
        )

    def judge(self, enrolment: Enrolment, ended: AssociationEnded, now: float) -> Verdict:
        """What a try means that has ended without success, and without a message that said why."""
        self._was_heard = self._was_heard or enrolment.is_heard
        self._m2d = enrolment.m2d or self._m2d
        if ended.end is End.LOST and self._restarts < MAXIMUM_RESTARTS:
            self._restarts += 1
            return Verdict(Next.SAME)
        if self.method is WpsMethod.PIN:
            self._search.failed(enrolment.bssid, now)
            return Verdict(Next.SEARCH)
        if ended.end in (End.LOST, End.REJECTED):
            return Verdict(Next.SEARCH)
        return Verdict(Next.END, self._cause_of_silence(enrolment), enrolment.detail)

    def _cause_of_silence(self, enrolment: Enrolment) -> WpsCause:
        if enrolment.m2d is not None:
            is_overlap = enrolment.m2d.configuration_error == ConfigurationError.MULTIPLE_PBC_DETECTED
            return WpsCause.OVERLAP_AT_ACCESS_POINT if is_overlap else WpsCause.NOT_EXPECTED
        return WpsCause.REFUSED if enrolment.is_heard else WpsCause.NO_ANSWER

    @property
    def cause_of_time_out(self) -> WpsCause:
        """What a person should know when the time is over."""
        if self._m2d is not None:
            return WpsCause.PIN_UNKNOWN
        return WpsCause.NO_ANSWER if self._was_candidate else WpsCause.NO_ACCESS_POINT

    # ---- the machines

    @property
    def _device_password_id(self) -> int:
        is_button = self.method is WpsMethod.PUSH_BUTTON
        return DevicePasswordId.PUSH_BUTTON if is_button else DevicePasswordId.DEFAULT

    def _machine(self, key_pair: KeyPair | None) -> Enrollee | Registrar:
        parameters, password = self._parameters, self.request.password
        if self.role is Role.ENROLLEE:
            enrollee = EnrolleeParameters(
                device=parameters.device,
                uuid_e=parameters.uuid,
                mac_address=self._own_address,
                password=password,
                device_password_id=self._device_password_id,
                vendor_extensions=parameters.vendor_extensions,
            )
            return Enrollee(enrollee, self._entropy, key_pair)
        registrar = RegistrarParameters(
            device=parameters.device,
            uuid_r=parameters.uuid,
            purpose=Purpose.LEARN if self.request.new_settings is None else Purpose.CONFIGURE,
            new_settings=self.request.new_settings,
        )
        authority = FixedAuthority(Grant(password, self._device_password_id))
        return Registrar(registrar, authority, self._entropy, key_pair)


def as_credential(settings: ApSettings, own_address: MacAddress) -> Credential:
    """The settings of an access point as it would have told them to us in M8."""
    return Credential(
        ssid=settings.ssid,
        authentication_type=settings.authentication_type,
        encryption_type=settings.encryption_type,
        network_key=settings.network_key,
        mac_address=own_address,
    )
