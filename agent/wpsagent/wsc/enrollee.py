# SPDX-License-Identifier: BSD-3-Clause
"""The enrollee of the registration protocol: a station that joins, or an access point that is read or configured.

Wi-Fi Simple Configuration 2.0, section 8.2; the transition table stands at the end of `Enrollee`.

    registrar                        enrollee
                                     EXPECT_START
    WSC_Start            -->         EXPECT_M2       M1 is queued
    M2D                  -->         EXPECT_M2       WSC_ACK (an AP: WSC_NACK, over)
    M2                   -->         EXPECT_M4       M3; with Credentials (NFC): WSC_Done, over
    M4                   -->         EXPECT_M6       M5
    M6                   -->         EXPECT_M8       M7
    M8                   -->         SUCCEEDED       WSC_Done (an AP: EXPECT_ACK until WSC_ACK)

Refused: a registrar that does not know the password, that answers a PIN with push button (the classic downgrade), that
has another public key than NFC told, whose Credentials cannot be used; as an AP any registrar while setup is locked or
there is no AP PIN.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import ClassVar, Protocol

from wpsagent.crypto.derivation import public_key_hash
from wpsagent.crypto.diffie_hellman import KeyPair, generate_key_pair
from wpsagent.errors import ProtocolError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy
from wpsagent.wsc.attributes import (
    VERSION2,
    Attributes,
    AttributesBuilder,
    AttributeType,
    WfaExtension,
    encode_attribute,
)
from wpsagent.wsc.credential import ApSettings, RefusedCredential, read_ap_settings, read_credentials
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.enumerations import (
    PUSH_BUTTON_FAMILY,
    AuthenticationType,
    ConfigMethods,
    ConfigurationError,
    DevicePasswordId,
    EncryptionType,
    MessageType,
    WpsState,
)
from wpsagent.wsc.events import (
    ApPinRefused,
    ApPinVerified,
    ApSettingsTold,
    CredentialsReceived,
    M2dReceived,
    NewApSettings,
    RunSucceeded,
)
from wpsagent.wsc.messages import M1, M2, M2D, M3, M4, M5, M6, M7, M8, WscAck, WscNack, device_fields
from wpsagent.wsc.run import NONCE_SIZE, RefusedError, Run, Transitions, require_nonce

MAXIMUM_M2DS = 20
"""M2Ds taken in one run: each may come from another registrar, but nobody has so many."""


class ApLock(Protocol):
    """What keeps an AP PIN from being guessed: `wsc.ap_enrolment.ApPinUse`.

    It is asked before each look at what a registrar proves, for while one run waited others may have closed it.
    """

    @property
    def is_locked(self) -> bool:
        """True when nobody may use the AP PIN."""

    @property
    def may_change(self) -> bool:
        """True when a registrar may give the access point new settings."""

    def proof_comes(self, now: float) -> None:
        """A registrar's proof of a half is about to be looked at; one of the three others says how that went."""

    def half_proved(self, now: float) -> None:
        """A registrar proved that it knows the first half."""

    def authentication_failed(self, now: float) -> None:
        """A registrar did not know the AP PIN."""

    def authentication_succeeded(self, now: float) -> None:
        """A registrar proved that it knows both halves."""


@dataclass(frozen=True, slots=True)
class AccessPointEnrollee:
    """What an enrollee needs to know when it is an access point.

    settings: what M7 tells; octets are sent as they are (an ap_settings file).
    alternative_password: the AP PIN beside an NFC password, for registrars that say device password id 0.
    keeps_push_button: leave the push-button bits in M1 (Windows 7 then tries push button, which cannot work).
    settings_delay_time: seconds the AP needs to take new settings, told in M7.
    """

    settings: ApSettings | bytes = field(repr=False)
    lock: ApLock
    alternative_password: bytes | None = field(default=None, repr=False)
    keeps_push_button: bool = False
    settings_delay_time: int | None = None


@dataclass(frozen=True, slots=True)
class EnrolleeParameters:
    """How an enrollee runs.

    password: as it is hashed: the digits of a PIN, 00000000 for a push button, upper-case hexadecimal digits for NFC;
    None for an AP without AP PIN and for an NFC connection handover.
    peer_public_key_hash: 20 octets of the registrar's key where NFC told them.
    version2: what we say of our version; None speaks WPS 1.0.
    """

    device: DeviceDescription
    uuid_e: bytes
    mac_address: MacAddress
    password: bytes | None = field(repr=False)
    device_password_id: int = DevicePasswordId.DEFAULT
    wps_state: int = WpsState.NOT_CONFIGURED
    association_state: int = 0
    authentication_types: AuthenticationType = AuthenticationType.OPEN | AuthenticationType.WPA2_PERSONAL
    encryption_types: EncryptionType = EncryptionType.NONE | EncryptionType.AES
    access_point: AccessPointEnrollee | None = None
    peer_public_key_hash: bytes | None = None
    is_tkip_allowed: bool = False
    multi_ap: int | None = None
    vendor_extensions: tuple[bytes, ...] = ()
    version2: int | None = VERSION2


class State(Enum):
    """Named by what is awaited."""

    EXPECT_START = auto()
    EXPECT_M2 = auto()
    EXPECT_M4 = auto()
    EXPECT_M6 = auto()
    EXPECT_M8 = auto()
    EXPECT_ACK = auto()
    SUCCEEDED = auto()
    FAILED = auto()


_ANSWERED_BY_NACK: Mapping[State, MessageType] = {
    State.EXPECT_M4: MessageType.M3,
    State.EXPECT_M6: MessageType.M5,
    State.EXPECT_M8: MessageType.M7,
}


class Enrollee(Run[State]):
    """One run as enrollee.  key_pair: prepared before the run so that nothing heavy happens in it; used once."""

    failed = State.FAILED
    succeeded = State.SUCCEEDED

    def __init__(self, parameters: EnrolleeParameters, entropy: Entropy, key_pair: KeyPair | None = None) -> None:
        super().__init__(State.EXPECT_START, entropy, key_pair, parameters.version2)
        is_station = parameters.access_point is None
        if is_station and not parameters.password and parameters.peer_public_key_hash is None:
            raise UsageError("a station needs a device password, or the hash of the registrar's public key")
        self.answers_nack = is_station
        self._parameters = parameters
        self._m2ds = 0
        self._uuid_r = b""
        self._registrar_name = ""
        self._e_snonce1 = b""
        self._e_snonce2 = b""
        self._r_hash2 = b""

    # ---- M1

    def _start(self, now: float) -> None:
        """Queue M1; a second WSC_Start in one run changes nothing."""
        if self._state is not State.EXPECT_START:
            return
        key_pair = self._key_pair or generate_key_pair(self._entropy)
        self._key_pair = key_pair
        self._public_key_e = key_pair.public
        self._enrollee_nonce = self._draw(NONCE_SIZE)
        self._send_plain(self._m1())
        self._state = State.EXPECT_M2

    def _m1(self) -> M1:
        parameters = self._parameters
        fields = device_fields(parameters.device)
        fields["config_methods"] = self._config_methods()
        return M1(
            uuid_e=parameters.uuid_e,
            mac_address=parameters.mac_address,
            enrollee_nonce=self._enrollee_nonce,
            public_key=self._public_key_e,
            authentication_types=parameters.authentication_types,
            encryption_types=parameters.encryption_types,
            wps_state=parameters.wps_state,
            association_state=parameters.association_state,
            device_password_id=parameters.device_password_id,
            vendor_extensions=parameters.vendor_extensions,
            wfa=WfaExtension(version2=parameters.version2, multi_ap=parameters.multi_ap),
            **fields,
        )

    def _config_methods(self) -> ConfigMethods:
        """Our config methods as M1 tells them.

        An AP leaves the push button out: it adds no registrar, and Windows 7 would try it.  An AP with neither PIN
        nor display keeps it, as it would otherwise have nothing to tell.
        """
        methods, access_point = self._parameters.device.config_methods, self._parameters.access_point
        if access_point is None or access_point.keeps_push_button:
            return methods
        if not self._parameters.password and not methods & ConfigMethods.DISPLAY:
            return methods
        return methods & ~PUSH_BUTTON_FAMILY

    # ---- M2D and M2

    def _m2d_received(self, m2d: M2D, now: float) -> None:
        self._registrar_nonce = m2d.registrar_nonce
        self._m2ds += 1
        self._events.append(M2dReceived(m2d.configuration_error, m2d.device_password_id, m2d.uuid_r, m2d.device))
        if self._parameters.access_point is not None:
            raise ProtocolError("the registrar does not know the AP PIN")
        if self._m2ds > MAXIMUM_M2DS:
            raise ProtocolError(f"more than {MAXIMUM_M2DS} M2Ds in one run")
        self._send_ack()

    def _m2_received(self, m2: M2, now: float) -> State | None:
        self._registrar_nonce = m2.registrar_nonce
        password = self._password_for(m2.device_password_id)
        self._refuse_if_locked()
        self._refuse_other_key(m2.public_key)
        assert self._key_pair is not None
        self._public_key_r = m2.public_key
        self._derive_keys(self._key_pair, m2.public_key, self._parameters.mac_address)
        self._verify()
        self._uuid_r, self._registrar_name = m2.uuid_r, m2.device_name
        if m2.encrypted_settings is not None and self._is_abbreviated:
            return self._take_credentials(m2.encrypted_settings)
        if not password:
            raise ProtocolError("the registrar asks for a device password, and there is none")
        self._use_password(password)
        self._send_m3()
        return None

    @property
    def _is_abbreviated(self) -> bool:
        """True when M2 may carry Credentials: NFC told us whose key to trust."""
        return self._parameters.peer_public_key_hash is not None and self._parameters.access_point is None

    def _password_for(self, registrars_id: int) -> bytes | None:
        """The password for the id that M2 names; raises ProtocolError where it is none of ours."""
        parameters = self._parameters
        ours = parameters.device_password_id
        if registrars_id == ours:
            return parameters.password
        pins = {DevicePasswordId.DEFAULT, DevicePasswordId.REGISTRAR_SPECIFIED}
        # Some registrars say 0 in a push-button run; the password stays that of the push button.
        if {registrars_id, ours} == pins or (ours, registrars_id) == _PUSH_BUTTON_AS_PIN:
            return parameters.password
        if parameters.access_point is not None and registrars_id == DevicePasswordId.DEFAULT:
            return self._alternative_password(parameters.access_point)
        # A registrar that answers a PIN with push button may be anybody.
        raise ProtocolError(f"the registrar has device password id {registrars_id}, ours is {ours}")

    def _alternative_password(self, access_point: AccessPointEnrollee) -> bytes:
        if not access_point.alternative_password:
            raise ProtocolError("there is no AP PIN beside the NFC password", ConfigurationError.SETUP_LOCKED)
        return access_point.alternative_password

    def _refuse_if_locked(self) -> None:
        access_point = self._parameters.access_point
        if access_point is None:
            return
        if access_point.lock.is_locked:
            raise ProtocolError("setup is locked", ConfigurationError.SETUP_LOCKED)
        if not self._parameters.password:
            raise ProtocolError("there is no AP PIN", ConfigurationError.SETUP_LOCKED)

    def _refuse_other_key(self, public_key: bytes) -> None:
        expected = self._parameters.peer_public_key_hash
        if expected is not None and not hmac.compare_digest(public_key_hash(public_key), expected):
            raise ProtocolError(
                "the registrar's public key is not the one NFC told", ConfigurationError.PUBLIC_KEY_HASH_MISMATCH
            )

    # ---- M3 to M7

    def _send_m3(self) -> None:
        self._e_snonce1, self._e_snonce2 = self._draw(NONCE_SIZE), self._draw(NONCE_SIZE)
        self._send_sealed(
            M3(
                registrar_nonce=self._registrar_nonce,
                e_hash1=self._proof(self._e_snonce1, self._psk1),
                e_hash2=self._proof(self._e_snonce2, self._psk2),
                wfa=self._wfa,
            )
        )

    def _m4_received(self, m4: M4, now: float) -> None:
        self._refuse_if_locked()
        self._verify()
        r_snonce1, _ = self._secret_nonce(m4.encrypted_settings, AttributeType.R_SNONCE1)
        self._judge(m4.r_hash1, r_snonce1, is_first_half=True, now=now)
        self._r_hash2 = m4.r_hash2
        settings = encode_attribute(AttributeType.E_SNONCE1, self._e_snonce1)
        self._send_sealed(
            M5(registrar_nonce=self._registrar_nonce, encrypted_settings=self._encrypt(settings), wfa=self._wfa)
        )

    def _m6_received(self, m6: M6, now: float) -> None:
        self._refuse_if_locked()
        self._verify()
        r_snonce2, _ = self._secret_nonce(m6.encrypted_settings, AttributeType.R_SNONCE2)
        self._judge(self._r_hash2, r_snonce2, is_first_half=False, now=now)
        self._send_m7()

    def _judge(self, proof: bytes, secret_nonce: bytes, *, is_first_half: bool, now: float) -> None:
        """Raises ProtocolError unless the registrar knows this half of the device password."""
        access_point = self._parameters.access_point
        if access_point is not None:
            access_point.lock.proof_comes(now)
        if not self._is_proof(proof, secret_nonce, self._psk1 if is_first_half else self._psk2):
            raise self._password_refused(is_first_half=is_first_half, now=now)
        if access_point is None:
            return
        if is_first_half:
            access_point.lock.half_proved(now)
        else:
            access_point.lock.authentication_succeeded(now)
            self._events.append(ApPinVerified())

    def _password_refused(self, *, is_first_half: bool, now: float) -> ProtocolError:
        if self._parameters.access_point is not None:
            self._parameters.access_point.lock.authentication_failed(now)
            self._events.append(ApPinRefused(is_first_half))
        half = "first" if is_first_half else "second"
        return ProtocolError(
            f"the {half} half of the device password differs", ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE
        )

    def _send_m7(self) -> None:
        settings = AttributesBuilder().octets(AttributeType.E_SNONCE2, self._e_snonce2)
        delay = None
        access_point = self._parameters.access_point
        if access_point is not None:
            told = access_point.settings
            settings.raw(told if isinstance(told, bytes) else told.encode_for_registrar())
            delay = access_point.settings_delay_time
        self._send_sealed(
            M7(
                registrar_nonce=self._registrar_nonce,
                encrypted_settings=self._encrypt(settings.build()),
                wfa=WfaExtension(version2=self._parameters.version2, settings_delay_time=delay),
            )
        )

    # ---- M8 and the end

    def _m8_received(self, m8: M8, now: float) -> State | None:
        self._verify()
        access_point = self._parameters.access_point
        if access_point is None:
            return self._take_credentials(m8.encrypted_settings)
        if not access_point.lock.may_change:
            raise ProtocolError("the settings may be read but not changed", ConfigurationError.SETUP_LOCKED)
        octets = self._decrypt(m8.encrypted_settings)
        settings = read_ap_settings(Attributes.decode(octets), is_tkip_allowed=self._parameters.is_tkip_allowed)
        if isinstance(settings, RefusedCredential):
            raise RefusedError(settings.reason, settings.error_indication)
        self._events.append(NewApSettings(settings, octets))
        self._send_done()
        return State.EXPECT_ACK

    def _take_credentials(self, encrypted_settings: bytes) -> State:
        """The end of a station's run: what M8, or M2 of the abbreviated handshake, brought."""
        values = Attributes.decode(self._decrypt(encrypted_settings)).all(AttributeType.CREDENTIAL)
        reading = read_credentials(values, is_tkip_allowed=self._parameters.is_tkip_allowed)
        if not reading.accepted:
            reasons = "; ".join(refused.reason for refused in reading.refused)
            raise RefusedError(f"no usable network: {reasons or 'M8 holds none'}", reading.error_indication)
        octets = b"".join(encode_attribute(AttributeType.CREDENTIAL, value) for value in values)
        self._events.append(CredentialsReceived(reading.accepted, octets))
        self._send_done()
        self._succeeded()
        return State.SUCCEEDED

    def _ack_received(self, ack: WscAck, now: float) -> None:
        self._succeeded()

    def _succeeded(self) -> None:
        self._events.append(RunSucceeded(self._uuid_r, self._registrar_name))

    def _abandoned(self, now: float) -> None:
        """The registrar has gone.  If only its WSC_ACK is missing it has had WSC_Done, and the new settings hold."""
        if self._state is State.EXPECT_ACK:
            self._succeeded()
            self._enter(State.SUCCEEDED, now)
        else:
            super()._abandoned(now)

    def _forget(self) -> None:
        super()._forget()
        self._e_snonce1 = self._e_snonce2 = b""

    # ---- nonces and WSC_NACK

    def _check_nonces(self, message_type: MessageType, attributes: Attributes) -> None:
        require_nonce(attributes, AttributeType.ENROLLEE_NONCE, self._enrollee_nonce)
        if message_type in (MessageType.M2, MessageType.M2D):
            return  # they bring the registrar's nonce
        if message_type in _BOTH_NONCES or AttributeType.REGISTRAR_NONCE in attributes:
            require_nonce(attributes, AttributeType.REGISTRAR_NONCE, self._registrar_nonce)

    def _failure_for_nack(self) -> MessageType | None:
        return _ANSWERED_BY_NACK.get(self._state)

    def _nack_received(self, nack: WscNack, now: float) -> State:
        """WSC_NACK; after M7 of an access point the regular end for a registrar that wants its settings and no more."""
        is_reading = self._parameters.access_point is not None and self._state is State.EXPECT_M8
        if is_reading and nack.configuration_error == ConfigurationError.NO_ERROR:
            self._events.append(ApSettingsTold())
            self._succeeded()
            return State.SUCCEEDED
        return super()._nack_received(nack, now)

    _NACK = (_nack_received, State.FAILED)

    transitions: ClassVar[Transitions[State]] = {
        State.EXPECT_START: {},
        State.EXPECT_M2: {
            MessageType.M2: (_m2_received, State.EXPECT_M4),
            MessageType.M2D: (_m2d_received, State.EXPECT_M2),
            MessageType.WSC_NACK: _NACK,
        },
        State.EXPECT_M4: {MessageType.M4: (_m4_received, State.EXPECT_M6), MessageType.WSC_NACK: _NACK},
        State.EXPECT_M6: {MessageType.M6: (_m6_received, State.EXPECT_M8), MessageType.WSC_NACK: _NACK},
        State.EXPECT_M8: {MessageType.M8: (_m8_received, State.SUCCEEDED), MessageType.WSC_NACK: _NACK},
        State.EXPECT_ACK: {MessageType.WSC_ACK: (_ack_received, State.SUCCEEDED), MessageType.WSC_NACK: _NACK},
    }


_PUSH_BUTTON_AS_PIN = (DevicePasswordId.PUSH_BUTTON, DevicePasswordId.DEFAULT)
_BOTH_NONCES = frozenset((MessageType.WSC_ACK, MessageType.WSC_NACK, MessageType.WSC_DONE))
