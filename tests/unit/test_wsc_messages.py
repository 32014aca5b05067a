# SPDX-License-Identifier: BSD-3-Clause
"""Every message of the registration protocol, octet by octet, both ways."""

from typing import Any

import pytest
from tests.unit.wsc_runs import STATION_DEVICE

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.wsc.attributes import NO_WFA_EXTENSION, Attributes, AttributeType, WfaExtension, encode_attribute
from wpsagent.wsc.device import COMPUTER
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, MessageType, RfBands
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
    MESSAGES,
    Message,
    MissingAttributeError,
    Presence,
    WscAck,
    WscDone,
    WscNack,
    decode_message,
    device_fields,
)

N1, N2 = "e0" * 16, "f0" * 16
ENROLLEE_NONCE, REGISTRAR_NONCE = bytes.fromhex(N1), bytes.fromhex(N2)
WFA = "1049000600372a000120"
AUTHENTICATOR = "10050008" + "aa" * 8

FLAGS = "1004000200231010000200" + "0d" + "100d000101" + "100800022108"
NAMES = (
    "10210007436f6d70616e79"  # Company
    "10230006636d6f64656c"  # cmodel
    "10240003313233"  # 123
    "10420005" + "3132333435"  # 12345
    "1054000800010050f2040001"
    "1011000f576972656c65737320436c69656e74"  # Wireless Client
    "103c000101"
)
DEVICE: dict[str, Any] = {
    "authentication_types": AuthenticationType(0x23),
    "encryption_types": EncryptionType(0x0D),
    "connection_types": 1,
    "config_methods": ConfigMethods(0x2108),
    "manufacturer": "Company",
    "model_name": "cmodel",
    "model_number": "123",
    "serial_number": "12345",
    "primary_device_type": COMPUTER,
    "device_name": "Wireless Client",
    "rf_bands": RfBands.BAND_2_4_GHZ,
    "os_version": 0x80000000,
}


def header(message_type: int) -> str:
    return "104a000110" + f"10220001{message_type:02x}"


ENCRYPTED = "10180020" + "cc" * 32
VECTORS: list[tuple[Message, str]] = [
    (
        M1(
            uuid_e=b"u" * 16,
            mac_address=MacAddress.parse("02:00:00:00:00:00"),
            enrollee_nonce=ENROLLEE_NONCE,
            public_key=b"\xee" * 192,
            wps_state=1,
            device_password_id=4,
            **DEVICE,
        ),
        header(4)
        + "10470010"
        + "75" * 16
        + "10200006020000000000"
        + "101a0010"
        + N1
        + "103200c0"
        + "ee" * 192
        + FLAGS
        + "1044000101"
        + NAMES
        + "100200020000"
        + "101200020004"
        + "100900020000"
        + "102d000480000000"
        + WFA,
    ),
    (
        M2(
            enrollee_nonce=ENROLLEE_NONCE,
            registrar_nonce=REGISTRAR_NONCE,
            uuid_r=b"r" * 16,
            public_key=b"\xdd" * 192,
            device_password_id=0,
            encrypted_settings=b"\xcc" * 32,
            authenticator=b"\xaa" * 8,
            **DEVICE,
        ),
        header(5)
        + "101a0010"
        + N1
        + "10390010"
        + N2
        + "10480010"
        + "72" * 16
        + "103200c0"
        + "dd" * 192
        + FLAGS
        + NAMES
        + "100200020000"
        + "100900020000"
        + "101200020000"
        + "102d000480000000"
        + WFA
        + ENCRYPTED
        + AUTHENTICATOR,
    ),
    (
        M2D(
            enrollee_nonce=ENROLLEE_NONCE,
            registrar_nonce=REGISTRAR_NONCE,
            uuid_r=b"r" * 16,
            configuration_error=12,
            **DEVICE,
        ),
        header(6)
        + "101a0010"
        + N1
        + "10390010"
        + N2
        + "10480010"
        + "72" * 16
        + FLAGS
        + NAMES
        + "100200020000"
        + "10090002000c"
        + "102d000480000000"
        + WFA,
    ),
    (
        M3(registrar_nonce=REGISTRAR_NONCE, e_hash1=b"\x01" * 32, e_hash2=b"\x02" * 32, authenticator=b"\xaa" * 8),
        header(7) + "10390010" + N2 + "10140020" + "01" * 32 + "10150020" + "02" * 32 + WFA + AUTHENTICATOR,
    ),
    (
        M4(
            enrollee_nonce=ENROLLEE_NONCE,
            r_hash1=b"\x03" * 32,
            r_hash2=b"\x04" * 32,
            encrypted_settings=b"\xcc" * 32,
            authenticator=b"\xaa" * 8,
        ),
        header(8) + "101a0010" + N1 + "103d0020" + "03" * 32 + "103e0020" + "04" * 32 + ENCRYPTED + WFA + AUTHENTICATOR,
    ),
    (
        M5(registrar_nonce=REGISTRAR_NONCE, encrypted_settings=b"\xcc" * 32, authenticator=b"\xaa" * 8),
        header(9) + "10390010" + N2 + ENCRYPTED + WFA + AUTHENTICATOR,
    ),
    (
        M6(enrollee_nonce=ENROLLEE_NONCE, encrypted_settings=b"\xcc" * 32, authenticator=b"\xaa" * 8),
        header(10) + "101a0010" + N1 + ENCRYPTED + WFA + AUTHENTICATOR,
    ),
    (
        M7(
            registrar_nonce=REGISTRAR_NONCE,
            encrypted_settings=b"\xcc" * 32,
            authenticator=b"\xaa" * 8,
            wfa=WfaExtension(settings_delay_time=30),
        ),
        header(11) + "10390010" + N2 + ENCRYPTED + "1049000900372a000120" + "04011e" + AUTHENTICATOR,
    ),
    (
        M8(enrollee_nonce=ENROLLEE_NONCE, encrypted_settings=b"\xcc" * 32, authenticator=b"\xaa" * 8),
        header(12) + "101a0010" + N1 + ENCRYPTED + WFA + AUTHENTICATOR,
    ),
    (
        WscAck(enrollee_nonce=ENROLLEE_NONCE, registrar_nonce=REGISTRAR_NONCE),
        header(13) + "101a0010" + N1 + "10390010" + N2 + WFA,
    ),
    (
        WscNack(configuration_error=18),
        header(14) + "101a0010" + "00" * 16 + "10390010" + "00" * 16 + "100900020012" + WFA,
    ),
    (
        WscDone(enrollee_nonce=ENROLLEE_NONCE, registrar_nonce=REGISTRAR_NONCE),
        header(15) + "101a0010" + N1 + "10390010" + N2 + WFA,
    ),
]
BY_NAME = pytest.mark.parametrize(
    ("message", "octets"),
    [pytest.param(message, bytes.fromhex(text), id=message.TYPE.name) for message, text in VECTORS],
)


def test_there_is_a_vector_for_every_message() -> None:
    assert [message.TYPE for message, _ in VECTORS] == list(MESSAGES)


@BY_NAME
def test_encoding(message: Message, octets: bytes) -> None:
    assert message.encode().hex() == octets.hex()


@BY_NAME
def test_decoding(message: Message, octets: bytes) -> None:
    assert decode_message(octets) == message
    assert type(message).decode(octets) == message


@BY_NAME
def test_a_message_cut_anywhere_gives_a_decode_error_or_a_message(message: Message, octets: bytes) -> None:
    for end in range(len(octets)):
        try:
            decode_message(octets[:end])
        except DecodeError:
            continue


@BY_NAME
def test_each_required_attribute_is_required_and_no_other(message: Message, octets: bytes) -> None:
    items = list(Attributes.decode(octets))
    for line in type(message).TABLE:
        rest = b"".join(encode_attribute(*item) for item in items if item[0] is not line.attribute)
        if line.presence is Presence.REQUIRED:
            with pytest.raises(MissingAttributeError, match=f"{message.TYPE.name} without {line.attribute.name}"):
                decode_message(rest)
        else:
            assert type(decode_message(rest)) is type(message)


@BY_NAME
def test_the_order_of_attributes_does_not_matter(message: Message, octets: bytes) -> None:
    items = list(Attributes.decode(octets))
    backwards = b"".join(encode_attribute(*item) for item in reversed(items)) + bytes.fromhex(WFA)
    decoded = decode_message(backwards)
    assert [getattr(decoded, line.name) for line in message.TABLE if line.name != "wfa"] == [
        getattr(message, line.name) for line in message.TABLE if line.name != "wfa"
    ]


@BY_NAME
def test_a_peer_of_wps_1_0_sends_no_wfa_extension(message: Message, octets: bytes) -> None:
    items = list(Attributes.decode(octets))
    old = b"".join(encode_attribute(*item) for item in items)
    decoded = decode_message(old)
    assert decoded.wfa == NO_WFA_EXTENSION
    assert decoded.encode() == old


@BY_NAME
def test_unknown_attributes_change_nothing(message: Message, octets: bytes) -> None:
    assert decode_message(bytes.fromhex("10fa0003010203") + octets) == message


def test_an_empty_authenticator_is_left_to_whoever_protects_the_message() -> None:
    message = M6(enrollee_nonce=ENROLLEE_NONCE, encrypted_settings=b"\xcc" * 32)
    assert message.encode().hex() == header(10) + "101a0010" + N1 + ENCRYPTED + WFA


def test_m1_carries_extensions_of_other_vendors_after_the_wfa_extension() -> None:
    message, text = VECTORS[0]
    assert isinstance(message, M1)
    octets = bytes.fromhex(text) + encode_attribute(AttributeType.VENDOR_EXTENSION, b"abc1")
    decoded = M1.decode(octets)
    assert decoded.vendor_extensions == (b"abc1",)
    assert decoded.encode() == octets


def test_the_senders_description() -> None:
    m1 = VECTORS[0][0]
    assert isinstance(m1, M1)
    assert m1.device.device_name == "Wireless Client"
    assert device_fields(m1.device) == {name: getattr(m1, name) for name in device_fields(STATION_DEVICE)}


def test_a_message_that_has_no_value_for_an_unknown_code_keeps_the_code() -> None:
    octets = WscNack(configuration_error=0x1234).encode()
    assert WscNack.decode(octets).configuration_error == 0x1234


@pytest.mark.parametrize("octets", ["", "104a000110", "1022000101", "1022000110", "10220001ff"])
def test_what_is_no_message_of_the_protocol_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError, match="Message Type"):
        decode_message(bytes.fromhex(octets))


def test_another_message_than_the_one_asked_for_is_refused() -> None:
    with pytest.raises(DecodeError, match="not M5"):
        M5.decode(WscAck().encode())


def test_no_key_and_no_encrypted_settings_are_in_the_repr() -> None:
    texts = [repr(message) for message, _ in VECTORS]
    assert not any("\\xee" in text or "\\xdd" in text or "\\xcc" in text for text in texts)


def test_every_message_type_of_the_run_has_a_class() -> None:
    assert set(MESSAGES) == set(MessageType) - {
        MessageType.BEACON,
        MessageType.PROBE_REQUEST,
        MessageType.PROBE_RESPONSE,
    }
