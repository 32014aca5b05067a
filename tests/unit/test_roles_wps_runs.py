# SPDX-License-Identifier: BSD-3-Clause
"""The machines and elements that an access point has for WPS."""

from tests.unit.roles_bench import AP, PHONE, PROTECTED, UUID, entropy_of, registrar

from wpsagent.eap.machine import Role
from wpsagent.ports import Entropy
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.wsc.attributes import Attributes, AttributeType
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.elements import (
    BeaconAttributes,
    ProbeRequestAttributes,
    ProbeResponseAttributes,
    unwrap,
)
from wpsagent.wsc.enrollee import Enrollee
from wpsagent.wsc.enumerations import OpCode, RequestType, RfBands
from wpsagent.wsc.internal_registrar import InternalRegistrar
from wpsagent.wsc.messages import M1, decode_message
from wpsagent.wsc.registrar import Registrar


class CountingEntropy:
    def __init__(self) -> None:
        self.draws: list[int] = []
        self._entropy: Entropy = entropy_of("runs")

    def __call__(self, count: int) -> bytes:
        self.draws.append(count)
        return self._entropy(count)


def runs_of(shared: InternalRegistrar, entropy: Entropy | None = None) -> WpsRuns:
    return WpsRuns(shared.add_network(PROTECTED, RfBands.BAND_5_GHZ), AP, entropy or entropy_of("runs"))


def public_key_of(machine: Registrar | Enrollee) -> bytes:
    machine.receive(OpCode.WSC_START, b"", 0.0)
    m1 = decode_message(machine.messages_to_send()[0][1])
    assert isinstance(m1, M1)
    return m1.public_key


def test_a_key_pair_is_ready_before_a_run_and_used_once() -> None:
    entropy = CountingEntropy()
    runs = runs_of(registrar(), entropy)
    assert len(entropy.draws) == 1
    runs.prepare()
    assert len(entropy.draws) == 1
    first, second = runs.machine_for(Role.ENROLLEE, PHONE), runs.machine_for(Role.ENROLLEE, PHONE)
    assert first._key_pair is not None
    assert second._key_pair is None  # it makes its own
    runs.prepare()
    assert len(entropy.draws) == 2


def test_runs_as_enrollee_share_a_key_pair_and_leave_the_one_that_is_ready() -> None:
    """Windows asks so before it enrols, and anybody may ask any number of times."""
    entropy = CountingEntropy()
    runs = runs_of(registrar(), entropy)
    first = public_key_of(runs.machine_for(Role.REGISTRAR, PHONE))
    assert public_key_of(runs.machine_for(Role.REGISTRAR, PHONE)) == first
    draws = len(entropy.draws)
    runs.prepare()
    assert len(entropy.draws) == draws


def test_an_enrollee_meets_the_registrar_and_a_registrar_meets_an_enrollee() -> None:
    runs = runs_of(registrar())
    assert isinstance(runs.machine_for(Role.ENROLLEE, PHONE), Registrar)
    assert isinstance(runs.machine_for(Role.REGISTRAR, PHONE), Enrollee)


def test_the_access_point_as_an_enrollee_says_who_and_where_it_is_and_that_it_is_locked() -> None:
    machine = runs_of(registrar()).machine_for(Role.REGISTRAR, PHONE)
    machine.receive(OpCode.WSC_START, b"", 0.0)
    ((op_code, octets),) = machine.messages_to_send()
    m1 = decode_message(octets)
    assert op_code is OpCode.WSC_MSG
    assert isinstance(m1, M1)
    assert (m1.uuid_e, m1.mac_address) == (UUID, AP)
    assert Attributes.decode(octets).integer(AttributeType.RF_BANDS) == RfBands.BAND_5_GHZ


def test_elements_follow_the_registrar() -> None:
    shared = registrar()
    runs = runs_of(shared)
    assert BeaconAttributes.decode(unwrap(runs.beacon_element()) or b"").selected_registrar is None
    shared.press_button(0.0)
    assert BeaconAttributes.decode(unwrap(runs.beacon_element()) or b"").is_push_button_active
    assert ProbeResponseAttributes.decode(unwrap(runs.probe_response_element()) or b"").is_push_button_active
    assert (
        Attributes.decode(unwrap(runs.association_response_element()) or b"").integer(AttributeType.RESPONSE_TYPE) == 3
    )


def test_probe_requests_reach_the_registrar() -> None:
    shared = registrar()
    runs = runs_of(shared)
    probe = ProbeRequestAttributes(
        request_type=RequestType.ENROLLEE_OPEN_8021X, uuid_e=b"\x01" * 16, device=DeviceDescription(device_name="phone")
    )
    runs.probe_request_received(PHONE, probe.encode(), 0.0)
    seen = shared.enrollee(PHONE)
    assert seen is not None
    assert seen.device_name == "phone"
