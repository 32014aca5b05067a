# SPDX-License-Identifier: BSD-3-Clause
"""Registration protocol runs of one BSS: makes the WSC machine for a station, and the WPS elements of our frames.

A key pair is ready before the button is pressed, so that no exponentiation but the shared secret's stands between
two messages.  As an Enrollee (a station that wants to be an external registrar) the access point answers with M1, as
Windows expects when it asks whether an access point is configured, and refuses at M2 where there is no AP PIN.
"""

from dataclasses import replace

from wpsagent.crypto.diffie_hellman import KeyPair, generate_key_pair
from wpsagent.eap.machine import Role
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.device_psks import DevicePsks
from wpsagent.wsc.elements import wrap
from wpsagent.wsc.enrollee import AccessPointEnrollee, Enrollee, EnrolleeParameters
from wpsagent.wsc.events import RunFailed
from wpsagent.wsc.internal_registrar import BssAuthority
from wpsagent.wsc.issuing import IssuingEvent
from wpsagent.wsc.registrar import Registrar, RegistrarParameters


class WpsRuns:
    """What an access point needs for WPS; authority decides, this makes machines and elements."""

    def __init__(self, authority: BssAuthority, address: MacAddress, entropy: Entropy) -> None:
        self._authority = authority
        self._address = address
        self._entropy = entropy
        self._key_pair: KeyPair | None = None
        self._enrollee_key_pair: KeyPair | None = None
        self.prepare()

    @property
    def _device(self) -> DeviceDescription:
        """Of this moment: an access point may move to another band."""
        return replace(self._authority.registrar.device, rf_bands=self._authority.rf_band)

    def prepare(self) -> None:
        """Have a key pair ready for the next run."""
        if self._key_pair is None:
            self._key_pair = generate_key_pair(self._entropy)

    @property
    def psks(self) -> DevicePsks:
        """The keys of single devices."""
        return self._authority.issuer.psks

    def machine_for(self, role: Role, station: MacAddress) -> Registrar | Enrollee:
        """The machine that talks to a station of this role; raises ProtocolError when there can be none."""
        return self._registrar() if role is Role.ENROLLEE else self._enrollee(station)

    def _registrar(self) -> Registrar:
        key_pair, self._key_pair = self._key_pair, None
        parameters = RegistrarParameters(device=self._device, uuid_r=self._authority.registrar.uuid)
        return Registrar(parameters, self._authority, self._entropy, key_pair)

    def _enrollee(self, registrar: MacAddress) -> Enrollee:
        use = self._authority.registrar.enrolment.begin()
        issuer = self._authority.issuer
        is_open = use.password is not None and not use.is_locked
        return Enrollee(
            EnrolleeParameters(
                device=self._device,
                uuid_e=self._authority.registrar.uuid,
                mac_address=self._address,
                password=use.password if is_open else None,
                wps_state=self._authority.wps_state,
                access_point=AccessPointEnrollee(
                    settings=issuer.ap_settings_for(registrar, self._address) if is_open else b"",
                    lock=use,
                    keeps_push_button=issuer.policy.keeps_push_button,
                ),
            ),
            self._entropy,
            None if is_open else self._key_pair_of_refused(),
        )

    def _key_pair_of_refused(self) -> KeyPair:
        """One for all runs that end at M2: who asks again and again costs no exponentiation."""
        self._enrollee_key_pair = self._enrollee_key_pair or generate_key_pair(self._entropy)
        return self._enrollee_key_pair

    def registrar_verified(self, station: MacAddress) -> None:
        """An external registrar has proved that it knows the AP PIN."""
        self._authority.issuer.registrar_verified(station)

    def registrar_served(self, station: MacAddress, failure: RunFailed | None) -> None:
        """An external registrar's run is over; failure None: a success."""
        self._authority.registrar.registrar_served(station, failure)

    def next_event(self) -> IssuingEvent | None:
        """Drains what became of the keys and settings that were handed out."""
        return self._authority.next_event()

    def probe_request_received(self, source: MacAddress, attributes: bytes, now: float) -> None:
        """A probe request with a WPS element: an enrollee may be looking for its registrar."""
        self._authority.registrar.probe_request_received(source, attributes, now)

    def beacon_element(self) -> bytes:
        return wrap(self._authority.beacon_attributes())

    def probe_response_element(self) -> bytes:
        return wrap(self._authority.probe_response_attributes())

    def association_response_element(self) -> bytes:
        return wrap(self._authority.association_response_attributes())
