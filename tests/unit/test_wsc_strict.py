# SPDX-License-Identifier: BSD-3-Clause
"""Strict validation: our own messages are without fault, and each fault is told."""

import pytest
from tests.unit.wsc_runs import (
    AP_SETTINGS,
    RecordingAuthority,
    ap_enrollee,
    ap_registrar,
    converse,
    station,
    station_registrar,
    type_of,
)
from tests.unit.wsc_strict import Frame, strict_problems

from wpsagent.octets import Ssid
from wpsagent.wsc.attributes import Attributes, encode_attribute
from wpsagent.wsc.attributes import AttributeType as A
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.elements import AssociationRequestAttributes
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, MessageType, RfBands
from wpsagent.wsc.internal_registrar import InternalRegistrar
from wpsagent.wsc.registrar import Purpose, Refusal

AP_SETTINGS_OF_OURS = NetworkSettings(
    ssid=Ssid(b"home"),
    authentication_types=AuthenticationType.WPA2_PERSONAL,
    encryption_types=EncryptionType.AES,
    passphrase=b"correct horse",
)
WFA = "1049000600372a000120"
BEACON = "104a000110" + "1044000102" + WFA


def problems(kind: Frame | MessageType, text: str) -> tuple[str, ...]:
    return strict_problems(kind, Attributes.decode(bytes.fromhex(text)))


def test_our_own_messages_are_without_fault() -> None:
    transcript = converse(station(), ap_registrar())
    transcript += converse(station(), ap_registrar(RecordingAuthority(Refusal())))
    transcript += converse(ap_enrollee(), station_registrar(Purpose.CONFIGURE, new_settings=AP_SETTINGS))
    transcript += converse(ap_enrollee(), station_registrar(Purpose.LEARN))
    assert {type_of(octets) for _, octets in transcript} >= set(MessageType) - set(list(MessageType)[:3])
    for _, octets in transcript:
        assert strict_problems(type_of(octets), Attributes.decode(octets)) == ()


@pytest.mark.parametrize("wish", ["nothing", "button", "PIN"])
def test_our_own_frames_are_without_fault(wish: str) -> None:
    device = DeviceDescription(device_name="AP", config_methods=ConfigMethods(0x2388))
    registrar = InternalRegistrar(device, bytes(16), (1).to_bytes)
    network = registrar.add_network(AP_SETTINGS_OF_OURS, RfBands.BAND_2_4_GHZ)
    if wish == "button":
        registrar.press_button(0.0)
    elif wish == "PIN":
        registrar.add_pin(b"12345670", 0.0)
    ours = {
        Frame.BEACON: network.beacon_attributes(),
        Frame.PROBE_RESPONSE: network.probe_response_attributes(),
        Frame.ASSOCIATION_RESPONSE: network.association_response_attributes(),
        Frame.ASSOCIATION_REQUEST: AssociationRequestAttributes().encode(),
    }
    assert {
        frame: strict_problems(frame, Attributes.decode(octets)) for frame, octets in ours.items()
    } == dict.fromkeys(ours, ())


def test_a_beacon_without_fault() -> None:
    assert problems(Frame.BEACON, BEACON) == ()


@pytest.mark.parametrize("frame", list(Frame))
def test_what_a_frame_must_carry(frame: Frame) -> None:
    missing = problems(frame, "")
    assert missing[0] == "VERSION is missing"
    assert (
        len(missing)
        == {
            Frame.BEACON: 2,
            Frame.PROBE_REQUEST: 13,
            Frame.PROBE_RESPONSE: 11,
            Frame.ASSOCIATION_REQUEST: 2,
            Frame.ASSOCIATION_RESPONSE: 2,
        }[frame]
    )


def test_what_m2d_must_carry_beside_its_table() -> None:
    missing = problems(MessageType.M2D, "104a000110" + "1022000106")
    assert "DEVICE_NAME is missing" in missing
    assert "UUID_R is missing" in missing
    assert "MESSAGE_TYPE is missing" not in missing


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ("101100046e616d00", "DEVICE_NAME ends in NUL"),
        (encode_attribute(A.PUBLIC_KEY, b"k" * 191).hex(), "PUBLIC_KEY has 191 octets, not 192"),
        ("100400020003", "AUTHENTICATION_TYPE_FLAGS without WPA2-Personal"),
        ("101000020005", "ENCRYPTION_TYPE_FLAGS without AES"),
        ("103a000104", "REQUEST_TYPE is 4"),
        ("103b000104", "RESPONSE_TYPE is 4"),
        ("10200006010000000000", "MAC_ADDRESS is a group address"),
        ("1049000b00372a0106010000000000", "AuthorizedMACs holds the group address 01:00:00:00:00:00"),
        ("100800020080", "CONFIG_METHODS 0x0080: PUSH_BUTTON and its virtual or physical kind go together"),
        ("100800020200", "CONFIG_METHODS 0x0200: PUSH_BUTTON and its virtual or physical kind go together"),
        (
            "105300020008",
            "SELECTED_REGISTRAR_CONFIG_METHODS 0x0008: DISPLAY and its virtual or physical kind go together",
        ),
    ],
)
def test_each_fault_is_told(added: str, problem: str) -> None:
    assert problems(Frame.BEACON, BEACON + added) == (problem,)


@pytest.mark.parametrize(
    "added",
    [
        "101100046e616d65",
        "100400020020" + "101000020008",
        "103a000101" + "103b000103",
        "10200006020000000000",
        "1049000b00372a0106ffffffffffff",
        "100800024388" + "105300022008",
        "1041000100",
        "1041000101" + "101200020004" + "105300020680",
    ],
)
def test_what_is_right_is_no_fault(added: str) -> None:
    assert problems(Frame.BEACON, BEACON + added) == ()


def test_the_methods_of_wps_1_0_are_no_fault() -> None:
    assert problems(Frame.BEACON, "104a000110" + "1044000102" + "100800020088") == ()


def test_a_selected_registrar_says_how() -> None:
    assert problems(Frame.BEACON, BEACON + "1041000101") == (
        "SELECTED_REGISTRAR without DEVICE_PASSWORD_ID",
        "SELECTED_REGISTRAR without SELECTED_REGISTRAR_CONFIG_METHODS",
    )


def test_a_probe_response_tells_no_push_button() -> None:
    found = problems(Frame.PROBE_RESPONSE, BEACON + "100800020280")
    assert "CONFIG_METHODS of a Probe Response tells a push button, by which an AP cannot be configured" in found
