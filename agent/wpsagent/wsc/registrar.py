# SPDX-License-Identifier: BSD-3-Clause
"""The registrar of the registration protocol: in an access point that enrols stations, or in a station that reads or
configures an access point.

Wi-Fi Simple Configuration 2.0, section 8.2; the transition table stands at the end of `Registrar`.

    enrollee                         registrar
    M1                   -->         EXPECT_M3       M2; unknown enrollee: M2D, EXPECT_M2D_ACK
                                                     abbreviated (NFC): M2 with Credentials, EXPECT_DONE
    M3                   -->         EXPECT_M5       M4
    M5                   -->         EXPECT_M7       M6
    M7                   -->         EXPECT_DONE     M8; learning only: WSC_NACK, SUCCEEDED
    WSC_Done             -->         SUCCEEDED       a registrar in a station: WSC_ACK

Who may enrol, and with which password, is the Authority's to say.  Refused: an enrollee that does not know the
password, and any enrollee while a second one is in push-button mode, up to the last moment.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, ClassVar, Protocol

from wpsagent.crypto.diffie_hellman import KeyPair, generate_key_pair
from wpsagent.errors import DecodeError, ProtocolError, UsageError
from wpsagent.ports import Entropy
from wpsagent.wsc.attributes import VERSION2, Attributes, AttributeType, encode_attribute
from wpsagent.wsc.credential import ApSettings, Credential, encode_credentials
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigurationError,
    EncryptionType,
    MessageType,
)
from wpsagent.wsc.events import ApSettingsReceived, M2dSent, RunFailed, RunSucceeded
from wpsagent.wsc.messages import (
    M1,
    M2,
    M2D,
    M3,
    M4,
    M5,
    M6,
    M7,
    M8,
    Message,
    MissingAttributeError,
    WscDone,
    WscNack,
    device_fields,
)
from wpsagent.wsc.run import NONCE_SIZE, Run, Transitions, require_nonce


class RunOutcome(Enum):
    """How a run that was granted ended: what the keeper of PINs must know."""

    SUCCEEDED = "WSC_Done came, or the AP's settings were learnt"
    FIRST_HALF_FAILED = "the first half of the password differs; the second was not shown"
    SECOND_HALF_FAILED = "the second half differs"
    ABANDONED = "ended before the second half was shown"
    ABANDONED_AFTER_M6 = "ended after M6: the password can be found offline and must not be used again"


@dataclass(frozen=True, slots=True)
class Grant:
    """Permission to run, and the password to run with.

    password: as it is hashed: the digits of a PIN, 00000000 for a push button, upper-case hexadecimal digits for NFC.
    device_password_id: what M2 says.  handle: whatever the authority needs to know the run again.
    is_abbreviated: M2 carries the Credentials at once (NFC, where public key hashes vouch for both sides).
    key_pair: the pair to use instead of the registrar's own (an NFC connection handover announced its hash).
    """

    password: bytes = field(repr=False)
    device_password_id: int
    handle: object = None
    is_abbreviated: bool = False
    key_pair: KeyPair | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """No password for this enrollee: it is answered with M2D and this configuration error."""

    configuration_error: int = ConfigurationError.NO_ERROR


class Authority(Protocol):
    """Who decides about enrollees: knows the PINs, the button, and the networks to hand out."""

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        """May this enrollee run, and with which password?"""

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        """Is a second enrollee in push-button mode?  Asked again at M3, M5 and M7."""

    def credentials_for(self, m1: M1, grant: Grant) -> bytes:
        """The Credential attributes that the enrollee gets in M8; raises ProtocolError when there are none."""

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        """A granted run is over.  Called exactly once for each Grant."""


@dataclass(frozen=True, slots=True)
class FixedAuthority:
    """The authority of a registrar with one password for whoever comes: the AP PIN, for a registrar in a station."""

    grant: Grant
    credentials: tuple[Credential, ...] = ()

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        return self.grant

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        return False

    def credentials_for(self, m1: M1, grant: Grant) -> bytes:
        return encode_credentials(self.credentials)

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        """Nothing is kept of a run."""


class Purpose(Enum):
    """What a registrar runs for."""

    ENROL = "the enrollee is a station and gets Credentials"
    LEARN = "the enrollee is an access point and tells its settings"
    CONFIGURE = "the enrollee is an access point and gets new settings"


@dataclass(frozen=True, slots=True)
class RegistrarParameters:
    """How a registrar runs.  new_settings: for CONFIGURE.  version2: what we say of our version; None is WPS 1.0."""

    device: DeviceDescription
    uuid_r: bytes
    purpose: Purpose = Purpose.ENROL
    new_settings: ApSettings | None = None
    association_state: int = 0
    authentication_types: AuthenticationType = AuthenticationType.OPEN | AuthenticationType.WPA2_PERSONAL
    encryption_types: EncryptionType = EncryptionType.NONE | EncryptionType.AES
    version2: int | None = VERSION2


class State(Enum):
    """Named by what is awaited."""

    EXPECT_M1 = auto()
    EXPECT_M2D_ACK = auto()
    EXPECT_M3 = auto()
    EXPECT_M5 = auto()
    EXPECT_M7 = auto()
    EXPECT_DONE = auto()
    SUCCEEDED = auto()
    FAILED = auto()


_ANSWERED_BY_NACK: Mapping[State, MessageType] = {
    State.EXPECT_M3: MessageType.M2,
    State.EXPECT_M5: MessageType.M4,
    State.EXPECT_M7: MessageType.M6,
    State.EXPECT_DONE: MessageType.M8,
}

_REFUTED_BY_NACK: Mapping[State, RunOutcome] = {
    State.EXPECT_M5: RunOutcome.FIRST_HALF_FAILED,
    State.EXPECT_M7: RunOutcome.SECOND_HALF_FAILED,
}
"""What a WSC_NACK with "device password authentication failure" says: which half the enrollee found wrong."""


class Registrar(Run[State]):
    """One run as registrar.  key_pair: prepared before the run so that nothing heavy happens in it; used once."""

    failed = State.FAILED
    succeeded = State.SUCCEEDED

    def __init__(
        self,
        parameters: RegistrarParameters,
        authority: Authority,
        entropy: Entropy,
        key_pair: KeyPair | None = None,
    ) -> None:
        super().__init__(State.EXPECT_M1, entropy, key_pair, parameters.version2)
        if parameters.purpose is Purpose.CONFIGURE and parameters.new_settings is None:
            raise UsageError("a registrar that configures an access point needs new settings")
        # Whoever runs with an access point sits in a station, and a station is the EAP peer.
        self.answers_nack = parameters.purpose is not Purpose.ENROL
        self._parameters = parameters
        self._authority = authority
        self._m1: M1 | None = None
        self._grant: Grant | None = None
        self._refusal = Refusal()
        self._outcome = RunOutcome.ABANDONED
        self._e_hash1 = b""
        self._e_hash2 = b""
        self._r_snonce1 = b""
        self._r_snonce2 = b""

    @property
    def m1(self) -> M1 | None:
        """The enrollee's M1; None before it came."""
        return self._m1

    def _start(self, now: float) -> None:
        """WSC_Start is for enrollees: ignored."""

    # ---- M1

    def _m1_received(self, m1: M1, now: float) -> State | None:
        self._m1 = m1
        self._enrollee_nonce = m1.enrollee_nonce
        self._public_key_e = m1.public_key
        decision = self._authority.authorize(m1, now)
        if isinstance(decision, Refusal):
            return self._refuse_enrollee(m1, decision)
        self._grant = decision
        if not decision.password and not decision.is_abbreviated:
            raise ProtocolError("an empty device password proves nothing")
        self._registrar_nonce = self._draw(NONCE_SIZE)
        key_pair = decision.key_pair or self._key_pair or generate_key_pair(self._entropy)
        self._public_key_r = key_pair.public
        self._derive_keys(key_pair, m1.public_key, m1.mac_address)
        self._send_m2(m1, decision)
        return State.EXPECT_DONE if decision.is_abbreviated else None

    def _refuse_enrollee(self, m1: M1, refusal: Refusal) -> State:
        self._refusal = refusal
        self._registrar_nonce = self._draw(NONCE_SIZE)
        self._send_plain(
            M2D(
                enrollee_nonce=self._enrollee_nonce,
                registrar_nonce=self._registrar_nonce,
                uuid_r=self._parameters.uuid_r,
                configuration_error=refusal.configuration_error,
                **self._description(),
            )
        )
        self._events.append(M2dSent(refusal.configuration_error, m1.mac_address, m1.uuid_e))
        return State.EXPECT_M2D_ACK

    def _send_m2(self, m1: M1, grant: Grant) -> None:
        encrypted_settings = self._encrypt(self._credentials(m1, grant)) if grant.is_abbreviated else None
        self._send_sealed(
            M2(
                enrollee_nonce=self._enrollee_nonce,
                registrar_nonce=self._registrar_nonce,
                uuid_r=self._parameters.uuid_r,
                public_key=self._public_key_r,
                device_password_id=grant.device_password_id,
                encrypted_settings=encrypted_settings,
                **self._description(),
            )
        )

    def _description(self) -> dict[str, Any]:
        """What M2 and M2D say of us."""
        return device_fields(self._parameters.device) | {
            "authentication_types": self._parameters.authentication_types,
            "encryption_types": self._parameters.encryption_types,
            "association_state": self._parameters.association_state,
            "wfa": self._wfa,
        }

    def _refusal_answered(self, message: Message, now: float) -> State:
        """The answer to M2D: nothing more to say in this run."""
        self._end(self._refused(), now)
        return State.FAILED

    def _refused(self) -> RunFailed:
        configuration_error = self._refusal.configuration_error
        message_type = MessageType.M1 if configuration_error else None
        reason = "no password for the enrollee: it got M2D"
        return RunFailed(message_type, configuration_error, reason=reason, was_told_to_wait=not configuration_error)

    # ---- M3 to M7

    @property
    def _granted(self) -> tuple[M1, Grant]:
        """Enrollee and grant; no state that asks for them is reached without them."""
        assert self._m1 is not None
        assert self._grant is not None
        return self._m1, self._grant

    def _refuse_overlap(self, now: float) -> None:
        if self._authority.is_overlapping(self._granted[1], now):
            raise ProtocolError("a second enrollee is in push-button mode", ConfigurationError.MULTIPLE_PBC_DETECTED)

    def _m3_received(self, m3: M3, now: float) -> None:
        self._refuse_overlap(now)
        self._verify()
        self._use_password(self._granted[1].password)
        self._e_hash1, self._e_hash2 = m3.e_hash1, m3.e_hash2
        self._r_snonce1, self._r_snonce2 = self._draw(NONCE_SIZE), self._draw(NONCE_SIZE)
        settings = encode_attribute(AttributeType.R_SNONCE1, self._r_snonce1)
        self._send_sealed(
            M4(
                enrollee_nonce=self._enrollee_nonce,
                r_hash1=self._proof(self._r_snonce1, self._psk1),
                r_hash2=self._proof(self._r_snonce2, self._psk2),
                encrypted_settings=self._encrypt(settings),
                wfa=self._wfa,
            )
        )

    def _m5_received(self, m5: M5, now: float) -> None:
        self._refuse_overlap(now)
        self._verify()
        e_snonce1, _ = self._secret_nonce(m5.encrypted_settings, AttributeType.E_SNONCE1)
        if not self._is_proof(self._e_hash1, e_snonce1, self._psk1):
            raise self._password_refused(RunOutcome.FIRST_HALF_FAILED)
        settings = encode_attribute(AttributeType.R_SNONCE2, self._r_snonce2)
        self._outcome = RunOutcome.ABANDONED_AFTER_M6
        self._send_sealed(
            M6(enrollee_nonce=self._enrollee_nonce, encrypted_settings=self._encrypt(settings), wfa=self._wfa)
        )

    def _m7_received(self, m7: M7, now: float) -> State | None:
        self._refuse_overlap(now)
        self._verify()
        e_snonce2, settings = self._secret_nonce(m7.encrypted_settings, AttributeType.E_SNONCE2)
        if not self._is_proof(self._e_hash2, e_snonce2, self._psk2):
            raise self._password_refused(RunOutcome.SECOND_HALF_FAILED)
        if self._parameters.purpose is Purpose.LEARN:
            return self._learn(settings)
        self._send_m8()
        return None

    def _password_refused(self, outcome: RunOutcome) -> ProtocolError:
        self._outcome = outcome
        half = "first" if outcome is RunOutcome.FIRST_HALF_FAILED else "second"
        return ProtocolError(
            f"the {half} half of the device password differs", ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE
        )

    # ---- M8 and the end

    def _learn(self, octets: bytes) -> State:
        """Take the settings of an access point; WSC_NACK is the regular end of such a run."""
        m1, _ = self._granted
        settings = ApSettings.from_attributes(Attributes.decode(octets))
        self._events.append(ApSettingsReceived(settings, m1.uuid_e, m1.mac_address, octets))
        self._send_nack(ConfigurationError.NO_ERROR)
        self._succeeded()
        return State.SUCCEEDED

    def _send_m8(self) -> None:
        m1, grant = self._granted
        new_settings = self._parameters.new_settings
        if self._parameters.purpose is Purpose.CONFIGURE and new_settings is not None:
            settings = new_settings.encode_for_access_point(m1.mac_address)
        else:
            settings = self._credentials(m1, grant)
        self._send_sealed(
            M8(enrollee_nonce=self._enrollee_nonce, encrypted_settings=self._encrypt(settings), wfa=self._wfa)
        )

    def _credentials(self, m1: M1, grant: Grant) -> bytes:
        credentials = self._authority.credentials_for(m1, grant)
        if not credentials:
            raise ProtocolError("there is no network to hand out")
        return credentials

    def _done_received(self, done: WscDone, now: float) -> None:
        if self.answers_nack:
            self._send_ack()
        self._succeeded()

    def _succeeded(self) -> None:
        m1, _ = self._granted
        self._outcome = RunOutcome.SUCCEEDED
        self._events.append(RunSucceeded(m1.uuid_e, m1.device_name, m1.mac_address))

    # ---- failures

    def _refuse(self, message_type: MessageType, error: ProtocolError | DecodeError, now: float) -> None:
        """WSC_NACK, and over; an M1 that lacks something is not answered."""
        if message_type is MessageType.M1 and isinstance(error, MissingAttributeError):
            self._end(RunFailed(None, reason=str(error)), now)
        else:
            super()._refuse(message_type, error, now)

    def _nack_received(self, nack: WscNack, now: float) -> State:
        if nack.configuration_error == ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE:
            self._outcome = _REFUTED_BY_NACK.get(self._state, self._outcome)
        return super()._nack_received(nack, now)

    def _abandoned(self, now: float) -> None:
        if self._state is State.EXPECT_M2D_ACK:
            self._end(self._refused(), now)
        elif self._state is State.EXPECT_DONE:
            self._end(RunFailed(MessageType.WSC_DONE, reason="the enrollee has gone before WSC_Done"), now)
        else:
            super()._abandoned(now)

    def _has_ended(self, failure: RunFailed | None, now: float) -> None:
        self._r_snonce1 = self._r_snonce2 = b""
        if self._grant is not None and self._m1 is not None:
            grant, self._grant = self._grant, None
            self._authority.run_ended(self._m1, grant, self._outcome, now)

    # ---- nonces and WSC_NACK

    def _check_nonces(self, message_type: MessageType, attributes: Attributes) -> None:
        if message_type is MessageType.M1:
            return  # it brings the enrollee's nonce
        if self._state is not State.EXPECT_M2D_ACK:  # wpa_supplicant 2.10 answers M2D with zeros for our nonce
            require_nonce(attributes, AttributeType.REGISTRAR_NONCE, self._registrar_nonce)
        if message_type in _BOTH_NONCES or AttributeType.ENROLLEE_NONCE in attributes:
            require_nonce(attributes, AttributeType.ENROLLEE_NONCE, self._enrollee_nonce)

    def _failure_for_nack(self) -> MessageType | None:
        return _ANSWERED_BY_NACK.get(self._state)

    _NACK = (_nack_received, State.FAILED)

    transitions: ClassVar[Transitions[State]] = {
        State.EXPECT_M1: {MessageType.M1: (_m1_received, State.EXPECT_M3), MessageType.WSC_NACK: _NACK},
        State.EXPECT_M2D_ACK: {
            MessageType.WSC_ACK: (_refusal_answered, State.FAILED),
            MessageType.WSC_NACK: (_refusal_answered, State.FAILED),
        },
        State.EXPECT_M3: {MessageType.M3: (_m3_received, State.EXPECT_M5), MessageType.WSC_NACK: _NACK},
        State.EXPECT_M5: {MessageType.M5: (_m5_received, State.EXPECT_M7), MessageType.WSC_NACK: _NACK},
        State.EXPECT_M7: {MessageType.M7: (_m7_received, State.EXPECT_DONE), MessageType.WSC_NACK: _NACK},
        State.EXPECT_DONE: {MessageType.WSC_DONE: (_done_received, State.SUCCEEDED), MessageType.WSC_NACK: _NACK},
    }


_BOTH_NONCES = frozenset((MessageType.WSC_ACK, MessageType.WSC_NACK, MessageType.WSC_DONE))
