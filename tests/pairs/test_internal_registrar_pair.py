# SPDX-License-Identifier: BSD-3-Clause
"""Whole runs, enrollee against registrar in memory, with the internal registrar as the authority."""

import hashlib
from collections.abc import Callable

import pytest

from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import COMPUTER, DeviceDescription
from wpsagent.wsc.enrollee import Enrollee, EnrolleeParameters
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigurationError,
    EncryptionType,
    MessageType,
    OpCode,
    RfBands,
)
from wpsagent.wsc.events import CredentialsReceived, Event, M2dReceived, RunFailed
from wpsagent.wsc.internal_registrar import (
    BssAuthority,
    EnrolmentSucceeded,
    InternalRegistrar,
    LastResult,
    OverlapDetected,
    PinNeeded,
)
from wpsagent.wsc.registrar import Registrar, RegistrarParameters

PHONE, PRINTER = b"\x01" * 16, b"\x02" * 16
MAC_1, MAC_2 = MacAddress.parse("02:00:00:00:01:00"), MacAddress.parse("02:00:00:00:02:00")
AP = DeviceDescription(manufacturer="M", model_name="N", device_name="AP")


def entropy_of(seed: str) -> Callable[[int], bytes]:
    state = hashlib.shake_256(seed.encode()).digest(65536)
    at = 0

    def draw(size: int) -> bytes:
        nonlocal at
        at += size
        return state[at - size : at]

    return draw


@pytest.fixture
def registrar() -> InternalRegistrar:
    return InternalRegistrar(AP, b"\xaa" * 16, entropy_of("registrar"))


@pytest.fixture
def authority(registrar: InternalRegistrar) -> BssAuthority:
    settings = NetworkSettings(
        Ssid(b"home"),
        AuthenticationType.WPA2_PERSONAL,
        EncryptionType.AES,
        passphrase=b"correct horse",
        psk=b"\x05" * 32,
    )
    return registrar.add_network(settings, RfBands.BAND_2_4_GHZ)


def enrollee_of(
    password: bytes, device_password_id: int, uuid_e: bytes = PHONE, address: MacAddress = MAC_1
) -> Enrollee:
    device = DeviceDescription(device_name="phone", primary_device_type=COMPUTER, rf_bands=RfBands.BAND_2_4_GHZ)
    return Enrollee(EnrolleeParameters(device, uuid_e, address, password, device_password_id), entropy_of("enrollee"))


class Run:
    """One run over a perfect link, step by step."""

    def __init__(self, authority: BssAuthority, enrollee: Enrollee, now: float) -> None:
        self.enrollee = enrollee
        self.registrar = Registrar(RegistrarParameters(AP, b"\xaa" * 16), authority, entropy_of("run"))
        self.now = now
        enrollee.receive(OpCode.WSC_START, b"", now)

    def step(self) -> bool:
        """Carry what the enrollee has to say and what is answered; False when there was nothing."""
        messages = self.enrollee.messages_to_send()
        for op_code, octets in messages:
            self.registrar.receive(op_code, octets, self.now)
        for op_code, octets in self.registrar.messages_to_send():
            self.enrollee.receive(op_code, octets, self.now)
        return bool(messages)

    def finish(self) -> list[Event]:
        """Carry on to the end; what the enrollee has to tell."""
        while self.step():
            pass
        return list(iter(self.enrollee.next_event, None))


def received_key(events: list[Event]) -> bytes:
    received = next(event for event in events if isinstance(event, CredentialsReceived))
    return received.credentials[0].network_key


def test_push_button_enrolment(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.press_button(0.0)
    events = Run(authority, enrollee_of(b"00000000", 4), 1.0).finish()
    assert received_key(events) == (b"05" * 32)
    assert EnrolmentSucceeded(MAC_1, PHONE, "phone") in list(iter(registrar.next_event, None))
    assert not registrar.is_push_button_active


def test_without_a_press_the_enrollee_gets_m2d(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    events = Run(authority, enrollee_of(b"00000000", 4), 1.0).finish()
    assert [event.configuration_error for event in events if isinstance(event, M2dReceived)] == [0]


def test_a_second_enrollee_stops_the_first_at_m5(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.press_button(0.0)
    run = Run(authority, enrollee_of(b"00000000", 4), 1.0)
    run.step()
    run.step()
    late = Run(authority, enrollee_of(b"00000000", 4, PRINTER, MAC_2), 1.0).finish()
    assert [event.configuration_error for event in late if isinstance(event, M2dReceived)] == [12]
    stopped = [event for event in run.finish() if isinstance(event, RunFailed)]
    assert [event.configuration_error for event in stopped] == [ConfigurationError.MULTIPLE_PBC_DETECTED]
    assert list(iter(registrar.next_event, None)).count(OverlapDetected()) == 1


def test_pin_enrolment(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(b"12345670", 0.0)
    assert received_key(Run(authority, enrollee_of(b"12345670", 0), 1.0).finish()) == b"05" * 32
    assert registrar.status.last_result is LastResult.SUCCESS


@pytest.mark.parametrize(
    ("wrong", "message_type", "runs"),
    [(b"99995670", MessageType.M4, 2), (b"12349999", MessageType.M6, 1)],
)
def test_a_wrong_pin_fails_at_its_half_and_uses_the_wildcard_up(
    registrar: InternalRegistrar, authority: BssAuthority, wrong: bytes, message_type: MessageType, runs: int
) -> None:
    registrar.add_pin(b"12345670", 0.0)
    for _ in range(runs):
        failures = [
            event for event in Run(authority, enrollee_of(wrong, 0), 1.0).finish() if isinstance(event, RunFailed)
        ]
        assert [(event.message_type, event.configuration_error) for event in failures] == [(message_type, 18)]
    list(iter(registrar.next_event, None))
    events = Run(authority, enrollee_of(b"12345670", 0), 2.0).finish()
    assert [event.configuration_error for event in events if isinstance(event, M2dReceived)] == [0]
    assert [type(event) for event in iter(registrar.next_event, None)] == [PinNeeded]


def test_after_one_wrong_first_half_the_same_user_may_retry(
    registrar: InternalRegistrar, authority: BssAuthority
) -> None:
    registrar.add_pin(b"12345670", 0.0)
    Run(authority, enrollee_of(b"99995670", 0), 1.0).finish()
    assert received_key(Run(authority, enrollee_of(b"12345670", 0), 2.0).finish()) == b"05" * 32


def test_a_station_that_vanishes_after_m6_costs_the_pin(registrar: InternalRegistrar, authority: BssAuthority) -> None:
    registrar.add_pin(b"12345670", 0.0, uuid_e=PHONE)
    run = Run(authority, enrollee_of(b"12345670", 0), 1.0)
    for _ in range(3):
        run.step()
    run.registrar.abandon(2.0)
    events = Run(authority, enrollee_of(b"12345670", 0), 3.0).finish()
    assert [event.configuration_error for event in events if isinstance(event, M2dReceived)] == [0]
