# SPDX-License-Identifier: BSD-3-Clause
"""Enrollees and registrars with fixed entropy, and a link in memory that joins them: for the tests of `wsc`."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from wpsagent.errors import ProtocolError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import Entropy
from wpsagent.wsc.attributes import Attributes
from wpsagent.wsc.credential import ApSettings, Credential, encode_credentials
from wpsagent.wsc.device import COMPUTER, DeviceDescription
from wpsagent.wsc.enrollee import AccessPointEnrollee, Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, MessageType, OpCode
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
    WscAck,
    WscDone,
    WscNack,
    device_fields,
    message_type_of,
)
from wpsagent.wsc.registrar import (
    Authority,
    Grant,
    Purpose,
    Refusal,
    Registrar,
    RegistrarParameters,
    RunOutcome,
)

STATION_ADDRESS = MacAddress.parse("02:00:00:00:00:00")
AP_ADDRESS = MacAddress.parse("02:00:00:00:03:00")
UUID_STATION = bytes.fromhex("362db47ba53a519188fb5458b986b2e4")
UUID_AP = bytes.fromhex("d9ec65b232e4538db26c3f2b86f7a8d5")
PIN = b"12345670"
PUSH_BUTTON = b"00000000"

STATION_DEVICE = DeviceDescription(
    manufacturer="Company",
    model_name="cmodel",
    model_number="123",
    serial_number="12345",
    primary_device_type=COMPUTER,
    device_name="Wireless Client",
    config_methods=ConfigMethods.VIRTUAL_DISPLAY | ConfigMethods.KEYPAD | ConfigMethods.VIRTUAL_PUSH_BUTTON,
)
AP_DEVICE = DeviceDescription(
    manufacturer="Company",
    model_name="WAP",
    model_number="1",
    serial_number="77",
    device_name="Access Point",
    config_methods=ConfigMethods.LABEL | ConfigMethods.PHYSICAL_PUSH_BUTTON,
)
CREDENTIAL = Credential(
    Ssid(b"test-wps"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"12345678", STATION_ADDRESS
)
AP_SETTINGS = ApSettings(
    Ssid(b"test-wps"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"12345678", AP_ADDRESS
)


def fixed_entropy(seed: str) -> Entropy:
    """A stream of octets that is the same for the same seed."""
    counter = 0

    def draw(size: int) -> bytes:
        nonlocal counter
        counter += 1
        return hashlib.shake_256(f"{seed} {counter}".encode()).digest(size)

    return draw


@dataclass
class RecordingAuthority:
    """Grants everybody the same, and keeps what it was told."""

    decision: Grant | Refusal
    credentials: tuple[Credential, ...] = (CREDENTIAL,)
    overlaps_at: int | None = None  # the how many-th question is answered with True
    outcomes: list[RunOutcome] = field(default_factory=list)
    questions: int = 0

    def authorize(self, m1: M1, now: float) -> Grant | Refusal:
        return self.decision

    def is_overlapping(self, grant: Grant, now: float) -> bool:
        self.questions += 1
        return self.questions == self.overlaps_at

    def credentials_for(self, m1: M1, grant: Grant) -> bytes:
        if len(self.credentials) > 10:
            raise ProtocolError("too many networks")
        return encode_credentials(self.credentials)

    def run_ended(self, m1: M1, grant: Grant, outcome: RunOutcome, now: float) -> None:
        self.outcomes.append(outcome)


@dataclass
class RecordingLock:
    """An AP PIN's lock that tells what it was told."""

    is_locked: bool = False
    may_change: bool = True
    calls: list[str] = field(default_factory=list)

    def proof_comes(self, now: float) -> None:
        self.calls.append("proof")

    def half_proved(self, now: float) -> None:
        self.calls.append("half")

    def authentication_failed(self, now: float) -> None:
        self.calls.append("failed")

    def authentication_succeeded(self, now: float) -> None:
        self.calls.append("succeeded")


def station_parameters(password: bytes | None = PIN, **changes: Any) -> EnrolleeParameters:
    return replace(EnrolleeParameters(STATION_DEVICE, UUID_STATION, STATION_ADDRESS, password), **changes)


def station(password: bytes | None = PIN, **changes: Any) -> Enrollee:
    """A station that joins."""
    return Enrollee(station_parameters(password, **changes), fixed_entropy("station"))


def ap_enrollee(password: bytes | None = PIN, lock: RecordingLock | None = None, **changes: Any) -> Enrollee:
    """An access point that is read or configured; changes to AccessPointEnrollee, or to EnrolleeParameters."""
    names = AccessPointEnrollee.__dataclass_fields__
    own = {name: changes.pop(name) for name in list(changes) if name in names}
    access_point = replace(AccessPointEnrollee(AP_SETTINGS, lock or RecordingLock()), **own)
    parameters = EnrolleeParameters(AP_DEVICE, UUID_AP, AP_ADDRESS, password, access_point=access_point)
    return Enrollee(replace(parameters, **changes), fixed_entropy("ap enrollee"))


def pin_authority(password: bytes = PIN, device_password_id: int = 0, **changes: Any) -> RecordingAuthority:
    return RecordingAuthority(Grant(password, device_password_id), **changes)


def ap_registrar(authority: Authority | None = None, **changes: Any) -> Registrar:
    """The registrar in an access point."""
    parameters = replace(RegistrarParameters(AP_DEVICE, UUID_AP), **changes)
    return Registrar(parameters, authority or pin_authority(), fixed_entropy("registrar"))


def station_registrar(purpose: Purpose, authority: Authority | None = None, **changes: Any) -> Registrar:
    """The registrar in a station."""
    parameters = RegistrarParameters(STATION_DEVICE, UUID_STATION, purpose)
    return Registrar(replace(parameters, **changes), authority or pin_authority(), fixed_entropy("registrar"))


Tamper = Callable[[OpCode, bytes], list[tuple[OpCode, bytes]]]
"""What the link makes of a message: deliver it, drop it, deliver it twice, deliver something else."""


def deliver(op_code: OpCode, octets: bytes) -> list[tuple[OpCode, bytes]]:
    return [(op_code, octets)]


def converse(
    enrollee: Enrollee, registrar: Registrar, tamper: Tamper = deliver, now: float = 0.0
) -> list[tuple[OpCode, bytes]]:
    """Join both until nobody says anything more; returns all that was sent, in order."""
    transcript: list[tuple[OpCode, bytes]] = []
    enrollee.receive(OpCode.WSC_START, b"", now)
    is_quiet = False
    while not is_quiet:
        is_quiet = True
        for sender, receiver in ((enrollee, registrar), (registrar, enrollee)):
            for message in sender.messages_to_send():
                is_quiet = False
                transcript.append(message)
                for op_code, octets in tamper(*message):
                    receiver.receive(op_code, octets, now)
    return transcript


def events_of(machine: Enrollee | Registrar) -> list[object]:
    """All events, drained."""
    events: list[object] = []
    while (event := machine.next_event()) is not None:
        events.append(event)
    return events


def bring_to(state: object, machine: Enrollee | Registrar, enrollee: Enrollee, registrar: Registrar) -> list[bytes]:
    """Join both until the machine is in a state, lose what is sent from then on; returns what was sent."""
    transcript = converse(
        enrollee, registrar, lambda op_code, octets: [] if machine.state is state else [(op_code, octets)]
    )
    assert machine.state is state
    events_of(machine)
    return [octets for _, octets in transcript]


def type_of(octets: bytes) -> MessageType:
    return message_type_of(Attributes.decode(octets))


def types_of(transcript: list[tuple[OpCode, bytes]]) -> list[str]:
    """The names of the messages that were sent."""
    return [type_of(octets).name for _, octets in transcript]


def any_message(message_type: MessageType, enrollee_nonce: bytes, registrar_nonce: bytes) -> tuple[OpCode, bytes]:
    """A message that can be read and has the right nonces, but proves nothing; and its Op-Code."""
    both: dict[str, Any] = {"enrollee_nonce": enrollee_nonce, "registrar_nonce": registrar_nonce}
    device = device_fields(AP_DEVICE)
    to_enrollee: dict[str, Any] = {
        "enrollee_nonce": enrollee_nonce,
        "encrypted_settings": bytes(48),
        "authenticator": bytes(8),
    }
    to_registrar: dict[str, Any] = {
        "registrar_nonce": registrar_nonce,
        "encrypted_settings": bytes(48),
        "authenticator": bytes(8),
    }
    key: dict[str, Any] = {"public_key": bytes(191) + b"\x05", "device_password_id": 0}
    messages: dict[MessageType, Callable[[], Message]] = {
        MessageType.M1: lambda: M1(
            uuid_e=UUID_STATION,
            mac_address=STATION_ADDRESS,
            enrollee_nonce=enrollee_nonce,
            wps_state=1,
            **key,
            **device,
        ),
        MessageType.M2: lambda: M2(uuid_r=UUID_AP, authenticator=bytes(8), **both, **key, **device),
        MessageType.M2D: lambda: M2D(uuid_r=UUID_AP, **both, **device),
        MessageType.M3: lambda: M3(
            registrar_nonce=registrar_nonce, e_hash1=bytes(32), e_hash2=bytes(32), authenticator=bytes(8)
        ),
        MessageType.M4: lambda: M4(r_hash1=bytes(32), r_hash2=bytes(32), **to_enrollee),
        MessageType.M5: lambda: M5(**to_registrar),
        MessageType.M6: lambda: M6(**to_enrollee),
        MessageType.M7: lambda: M7(**to_registrar),
        MessageType.M8: lambda: M8(**to_enrollee),
        MessageType.WSC_ACK: lambda: WscAck(**both),
        MessageType.WSC_NACK: lambda: WscNack(configuration_error=18, **both),
        MessageType.WSC_DONE: lambda: WscDone(**both),
    }
    op_codes = {
        MessageType.WSC_ACK: OpCode.WSC_ACK,
        MessageType.WSC_NACK: OpCode.WSC_NACK,
        MessageType.WSC_DONE: OpCode.WSC_DONE,
    }
    return op_codes.get(message_type, OpCode.WSC_MSG), messages[message_type]().encode()
