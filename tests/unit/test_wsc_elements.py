# SPDX-License-Identifier: BSD-3-Clause
"""WPS elements: what beacons, probes and associations carry, octet for octet."""

from collections.abc import Callable

import pytest

from wpsagent.errors import DecodeError
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.wsc.attributes import NO_WFA_EXTENSION, WfaExtension
from wpsagent.wsc.device import ACCESS_POINT, COMPUTER, DeviceDescription, PrimaryDeviceType
from wpsagent.wsc.elements import (
    UNKNOWN_DEVICE_TYPE,
    AssociationRequestAttributes,
    AssociationResponseAttributes,
    BeaconAttributes,
    ProbeRequestAttributes,
    ProbeResponseAttributes,
    SelectedRegistrar,
    unwrap,
    wrap,
)
from wpsagent.wsc.enumerations import ConfigMethods, RequestType, ResponseType, RfBands, WpsState

UUID = bytes(range(16))
STATION = MacAddress.parse("02:00:00:00:01:00")
DEVICE = DeviceDescription(
    manufacturer="M",
    model_name="N",
    model_number="1",
    serial_number="",
    primary_device_type=ACCESS_POINT,
    device_name="AP",
    config_methods=ConfigMethods(0x2108),
    rf_bands=RfBands(0),
)
STATION_DEVICE = DeviceDescription(
    manufacturer="M",
    model_name="N",
    model_number="1",
    primary_device_type=COMPUTER,
    device_name="PC",
    config_methods=ConfigMethods(0x2388),
    rf_bands=RfBands.BAND_2_4_GHZ,
)


def octets(text: str) -> bytes:
    return bytes.fromhex(text)


WFA = "1049 0006 00372A 00 01 20"
ANYBODY = "1049 000E 00372A 00 01 20 01 06 FFFFFFFFFFFF"

BEACONS = {
    "idle": (BeaconAttributes(), f"104A 0001 10 1044 0001 02 {WFA}"),
    "PIN for anybody": (
        BeaconAttributes(
            selected_registrar=SelectedRegistrar(0, ConfigMethods(0x2108)),
            wfa=WfaExtension(authorized_macs=(BROADCAST,)),
        ),
        f"104A 0001 10 1044 0001 02 1041 0001 01 1012 0002 0000 1053 0002 2108 {ANYBODY}",
    ),
    "push button, dual band": (
        BeaconAttributes(
            selected_registrar=SelectedRegistrar(4, ConfigMethods(0x2388)),
            uuid_e=UUID,
            rf_bands=RfBands(3),
            wfa=WfaExtension(authorized_macs=(BROADCAST,)),
        ),
        "104A 0001 10 1044 0001 02 1041 0001 01 1012 0002 0004 1053 0002 2388"
        f" 1047 0010 000102030405060708090A0B0C0D0E0F 103C 0001 03 {ANYBODY}",
    ),
    "locked, not configured, extended": (
        BeaconAttributes(
            wps_state=WpsState.NOT_CONFIGURED,
            is_setup_locked=True,
            vendor_extensions=(b"\x00\x11\x22v",),
            application_extension=UUID + b"a",
        ),
        f"104A 0001 10 1044 0001 01 1057 0001 01 {WFA} 1049 0004 00112276 1058 0011 000102030405060708090A0B0C0D0E0F61",
    ),
    "WPS 1.0 that says little": (
        BeaconAttributes(wps_state=None, selected_registrar=SelectedRegistrar(None, None), wfa=NO_WFA_EXTENSION),
        "104A 0001 10 1041 0001 01",
    ),
}


@pytest.mark.parametrize("name", BEACONS)
def test_beacon_both_ways(name: str) -> None:
    attributes, text = BEACONS[name]
    assert attributes.encode() == octets(text)
    assert BeaconAttributes.decode(octets(text)) == attributes


PROBE_RESPONSE = ProbeResponseAttributes(
    is_setup_locked=True,
    selected_registrar=SelectedRegistrar(4, ConfigMethods(0x2388)),
    uuid_e=UUID,
    device=DEVICE,
    wfa=WfaExtension(authorized_macs=(BROADCAST,)),
)
PROBE_RESPONSE_OCTETS = octets(
    "104A 0001 10 1044 0001 02 1057 0001 01 1041 0001 01 1012 0002 0004 1053 0002 2388 103B 0001 03"
    " 1047 0010 000102030405060708090A0B0C0D0E0F 1021 0001 4D 1023 0001 4E 1024 0001 31 1042 0001 20"
    f" 1054 0008 00060050F2040001 1011 0002 4150 1008 0002 2108 {ANYBODY}"
)


def test_probe_response_both_ways() -> None:
    assert PROBE_RESPONSE.encode() == PROBE_RESPONSE_OCTETS
    assert ProbeResponseAttributes.decode(PROBE_RESPONSE_OCTETS) == PROBE_RESPONSE


def test_probe_response_of_a_dual_band_device() -> None:
    response = ProbeResponseAttributes(rf_bands=RfBands(3))
    assert response.encode().endswith(octets(f"1008 0002 0000 103C 0001 03 {WFA}"))
    assert ProbeResponseAttributes.decode(response.encode()).rf_bands == RfBands(3)


def test_probe_response_that_says_nothing_has_defaults() -> None:
    response = ProbeResponseAttributes.decode(b"")
    assert (response.wps_state, response.uuid_e, response.response_type) == (None, None, ResponseType.AP)
    assert response.device.primary_device_type == ACCESS_POINT
    assert not response.wfa.is_version2
    assert ProbeResponseAttributes.decode(octets("103B 0001 09")).response_type == 9


def test_probe_response_without_uuid_is_built_without_it() -> None:
    response = ProbeResponseAttributes(device=DEVICE)
    assert ProbeResponseAttributes.decode(response.encode()).uuid_e is None


PROBE_REQUEST = ProbeRequestAttributes(
    request_type=RequestType.ENROLLEE_OPEN_8021X,
    uuid_e=UUID,
    device=STATION_DEVICE,
    device_password_id=4,
    wfa=WfaExtension(request_to_enroll=True),
    requested_device_types=(ACCESS_POINT,),
    secondary_device_types=(COMPUTER, PrimaryDeviceType(10, 5)),
)
PROBE_REQUEST_OCTETS = octets(
    "104A 0001 10 103A 0001 01 1008 0002 2388 1047 0010 000102030405060708090A0B0C0D0E0F"
    " 1054 0008 00010050F2040001 103C 0001 01 1002 0002 0000 1009 0002 0000 1012 0002 0004"
    " 1021 0001 4D 1023 0001 4E 1024 0001 31 1011 0002 5043 1049 0009 00372A 000120 030101"
    " 106A 0008 00060050F2040001 1055 0010 00010050F2040001 000A0050F2040005"
)


def test_probe_request_both_ways() -> None:
    assert PROBE_REQUEST.encode() == PROBE_REQUEST_OCTETS
    assert ProbeRequestAttributes.decode(PROBE_REQUEST_OCTETS) == PROBE_REQUEST


def test_probe_request_of_the_least_that_counts() -> None:
    request = ProbeRequestAttributes.decode(octets("103A 0001 01 1047 0010") + UUID)
    assert request.device == DeviceDescription(primary_device_type=UNKNOWN_DEVICE_TYPE, rf_bands=RfBands(0))
    assert (request.device_password_id, request.association_state, request.configuration_error) == (0, 0, 0)
    assert request.secondary_device_types == ()
    assert b"\x10\x55" not in request.encode()


@pytest.mark.parametrize("text", ["103A 0001 01", "1047 0010 000102030405060708090A0B0C0D0E0F", ""])
def test_probe_request_without_request_type_or_uuid_is_refused(text: str) -> None:
    with pytest.raises(DecodeError, match="Request Type or UUID-E"):
        ProbeRequestAttributes.decode(octets(text))


@pytest.mark.parametrize(("request_type", "is_enrollee"), [(0, True), (1, True), (2, False), (3, False), (9, False)])
def test_who_is_an_enrollee(request_type: int, is_enrollee: bool) -> None:
    request = ProbeRequestAttributes(request_type=request_type, uuid_e=UUID, device=STATION_DEVICE)
    assert ProbeRequestAttributes.decode(request.encode()).is_enrollee is is_enrollee


def test_zero_padding_of_mac_os_x_is_accepted() -> None:
    assert ProbeRequestAttributes.decode(PROBE_REQUEST_OCTETS + bytes(9)) == PROBE_REQUEST


ASSOCIATION_REQUEST_OCTETS = octets("104A000110 103A000101 1049000600372A000120")
ASSOCIATION_RESPONSE_OCTETS = octets("104A000110 103B000103 1049000600372A000120")


def test_association_request_both_ways() -> None:
    assert AssociationRequestAttributes().encode() == ASSOCIATION_REQUEST_OCTETS
    assert AssociationRequestAttributes.decode(ASSOCIATION_REQUEST_OCTETS) == AssociationRequestAttributes()
    assert wrap(ASSOCIATION_REQUEST_OCTETS) == octets("DD 18 0050F204") + ASSOCIATION_REQUEST_OCTETS


def test_association_response_both_ways() -> None:
    assert AssociationResponseAttributes().encode() == ASSOCIATION_RESPONSE_OCTETS
    assert AssociationResponseAttributes.decode(ASSOCIATION_RESPONSE_OCTETS) == AssociationResponseAttributes()


def test_association_attributes_of_few_words() -> None:
    request = AssociationRequestAttributes(request_type=None, wfa=NO_WFA_EXTENSION)
    assert request.encode() == octets("104A000110")
    assert AssociationRequestAttributes.decode(octets("104A000110")) == request
    response = AssociationResponseAttributes(response_type=None, wfa=NO_WFA_EXTENSION)
    assert response.encode() == octets("104A000110")
    assert AssociationResponseAttributes.decode(octets("104A000110")) == response


# ---- reading an access point


@pytest.mark.parametrize(
    ("selected", "is_active"),
    [
        (None, False),
        (SelectedRegistrar(0, None), False),
        (SelectedRegistrar(None, None), False),
        (SelectedRegistrar(4, None), True),
    ],
)
def test_push_button_is_seen_in_a_beacon(selected: SelectedRegistrar | None, is_active: bool) -> None:
    assert BeaconAttributes(selected_registrar=selected).is_push_button_active is is_active


def test_a_registrar_that_is_not_selected_is_none_whatever_else_is_said() -> None:
    beacon = BeaconAttributes.decode(octets("1041 0001 00 1012 0002 0004 1053 0002 2388"))
    assert beacon.selected_registrar is None
    assert not beacon.is_push_button_active


@pytest.mark.parametrize(
    ("macs", "is_authorized"),
    [((), False), ((STATION,), True), ((BROADCAST,), True), ((MacAddress(bytes(6)),), False)],
)
def test_authorized_macs(macs: tuple[MacAddress, ...], is_authorized: bool) -> None:
    assert BeaconAttributes(wfa=WfaExtension(authorized_macs=macs)).authorizes(STATION) is is_authorized


def test_later_version2_values_are_of_wps_2() -> None:
    beacon = BeaconAttributes.decode(octets("104A 0001 11 1044 0001 02 1049 0006 00372A 00 01 43 10FA 0002 0000"))
    assert beacon.wfa.is_version2


# ---- broken octets

DECODERS: list[tuple[Callable[[bytes], object], bytes]] = [
    (BeaconAttributes.decode, octets(BEACONS["push button, dual band"][1])),
    (ProbeResponseAttributes.decode, PROBE_RESPONSE_OCTETS),
    (ProbeRequestAttributes.decode, PROBE_REQUEST_OCTETS),
    (AssociationRequestAttributes.decode, ASSOCIATION_REQUEST_OCTETS),
    (AssociationResponseAttributes.decode, ASSOCIATION_RESPONSE_OCTETS),
]


def boundaries(whole: bytes) -> set[int]:
    """Where attributes end."""
    ends, at = {0}, 0
    while at < len(whole):
        at += 4 + int.from_bytes(whole[at + 2 : at + 4])
        ends.add(at)
    return ends


@pytest.mark.parametrize(("decode", "whole"), DECODERS)
def test_truncated_inside_an_attribute_is_refused(decode: Callable[[bytes], object], whole: bytes) -> None:
    for size in set(range(len(whole))) - boundaries(whole):
        with pytest.raises(DecodeError):
            decode(whole[:size])


@pytest.mark.parametrize(("decode", "whole"), DECODERS)
def test_a_known_attribute_of_wrong_length_is_refused(decode: Callable[[bytes], object], whole: bytes) -> None:
    with pytest.raises(DecodeError):
        decode(whole + octets("1012 0001 04"))


# ---- elements


def test_wire_example_of_an_idle_beacon() -> None:
    whole = octets("DD 18 0050F204 104A 0001 10 1044 0001 02 1049 0006 00372A 00 01 20")
    assert wrap(BeaconAttributes().encode()) == whole
    assert unwrap(whole) == BeaconAttributes().encode()


@pytest.mark.parametrize(
    ("size", "lengths"), [(0, []), (1, [1]), (251, [251]), (252, [251, 1]), (502, [251, 251]), (503, [251, 251, 1])]
)
def test_wrap_splits_at_251_octets(size: int, lengths: list[int]) -> None:
    attributes = bytes(number % 251 for number in range(size))
    expected, rest = b"", attributes
    for length in lengths:
        expected += bytes((0xDD, length + 4)) + octets("0050F204") + rest[:length]
        rest = rest[length:]
    assert wrap(attributes) == expected
    assert (unwrap(wrap(attributes)) or b"") == attributes


def test_unwrap_joins_five_elements_between_others() -> None:
    parts = [octets("DD 05 0050F204") + bytes((number,)) for number in range(5)]
    other = octets("DD 05 0050F202 01 00 03 616263")
    assert unwrap(other.join([b"", *parts, b""])) == bytes(range(5))


def test_unwrap_of_a_frame_without_wps_is_none() -> None:
    assert unwrap(octets("00 03 616263 DD 07 0050F202 010100")) is None
    assert unwrap(b"") is None


def test_an_attribute_may_straddle_two_elements() -> None:
    device = DeviceDescription(manufacturer="M" * 64, model_name="N" * 32, model_number="1" * 32, device_name="D" * 32)
    response = ProbeResponseAttributes(uuid_e=UUID, device=device, application_extension=UUID + b"a" * 9)
    wrapped = wrap(response.encode())
    assert (wrapped[0], wrapped[1], wrapped[257], wrapped[258]) == (0xDD, 255, 0xDD, len(wrapped) - 259)
    assert ProbeResponseAttributes.decode(unwrap(wrapped) or b"").application_extension == UUID + b"a" * 9


def test_a_broken_element_is_there_but_cannot_be_read() -> None:
    attributes = unwrap(octets("dd050050f20410"))
    assert attributes == b"\x10"
    with pytest.raises(DecodeError):
        BeaconAttributes.decode(attributes)


def test_a_wps_element_that_runs_past_the_end_is_dropped() -> None:
    assert unwrap(octets("DD 18 0050F204 104A")) is None
