# SPDX-License-Identifier: BSD-3-Clause
"""The attribute codec: lengths, tolerance of deployed peers, refusals, the WFA extension."""

from collections.abc import Callable

import pytest

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.wsc.attributes import (
    LENGTHS,
    NO_WFA_EXTENSION,
    Attributes,
    AttributesBuilder,
    AttributeType,
    WfaExtension,
    decode_text,
    encode_attribute,
    encode_text,
)

A = AttributeType


def octets_of(*parts: str) -> bytes:
    return bytes.fromhex("".join(parts))


def wfa(sub_elements: str) -> bytes:
    return encode_attribute(A.VENDOR_EXTENSION, bytes.fromhex("00372a" + sub_elements))


def test_every_attribute_has_a_length_rule() -> None:
    assert set(LENGTHS) == set(AttributeType)


def test_a_beacon_of_an_idle_access_point_both_ways() -> None:
    octets = octets_of("104a000110", "1044000102", "1049000600372a000120")
    attributes = Attributes.decode(octets)
    assert attributes.integer(A.VERSION) == 0x10
    assert attributes.integer(A.WPS_STATE) == 2
    assert attributes.wfa == WfaExtension(version2=0x20)
    assert list(attributes) == [(A.VERSION, b"\x10"), (A.WPS_STATE, b"\x02")]
    built = AttributesBuilder().u8(A.VERSION, 0x10).u8(A.WPS_STATE, 2).wfa(WfaExtension()).build()
    assert built == octets


def test_the_builder_writes_every_kind_of_value() -> None:
    builder = AttributesBuilder().u16(A.CONFIG_METHODS, 0x2388).u32(A.OS_VERSION, 0x80000000)
    builder.text(A.DEVICE_NAME, "").octets(A.SSID, b"x").raw(b"\x10\x22\x00\x01\x04").wfa(NO_WFA_EXTENSION)
    assert builder.build() == octets_of("100800022388", "102d000480000000", "1011000120", "1045000178", "1022000104")


def test_values_are_read_by_kind() -> None:
    attributes = Attributes.decode(octets_of("1041000101", "1057000100", "101200020004", "10110003414243"))
    assert attributes.boolean(A.SELECTED_REGISTRAR) is True
    assert attributes.boolean(A.AP_SETUP_LOCKED) is False
    assert attributes.boolean(A.PORTABLE_DEVICE) is None
    assert attributes.integer(A.DEVICE_PASSWORD_ID) == 4
    assert attributes.integer(A.RF_BANDS) is None
    assert attributes.text(A.DEVICE_NAME) == "ABC"
    assert attributes.text(A.MODEL_NAME) is None
    assert A.DEVICE_NAME in attributes
    assert A.MODEL_NAME not in attributes
    assert len(attributes) == 4


def test_no_value_is_in_the_repr() -> None:
    attributes = Attributes.decode(octets_of("1027000461626364", "1045000178"))
    assert repr(attributes) == "Attributes(NETWORK_KEY, SSID)"


# ---- the rules of tolerance


def test_unknown_attributes_are_skipped() -> None:
    attributes = Attributes.decode(octets_of("10fa000501020304ff", "104a000110", "20010000"))
    assert list(attributes) == [(A.VERSION, b"\x10")]


FIXED = sorted(
    (attribute, bounds.maximum)
    for attribute, bounds in LENGTHS.items()
    if bounds.minimum == bounds.maximum and attribute is not A.PUBLIC_KEY
)


@pytest.mark.parametrize(("attribute", "size"), FIXED)
def test_a_fixed_length_attribute_of_another_length_refuses_the_message(attribute: AttributeType, size: int) -> None:
    assert Attributes.decode(encode_attribute(attribute, bytes(size))).get(attribute) == bytes(size)
    for wrong in (size - 1, size + 1):
        with pytest.raises(DecodeError, match=attribute.name):
            Attributes.decode(encode_attribute(attribute, b"\x01" * wrong))


@pytest.mark.parametrize("octets", ["10", "1022", "102200", "10220001", "104500057465", "10220001041022", "ffff0001"])
def test_a_truncated_attribute_refuses_the_message(octets: str) -> None:
    with pytest.raises(DecodeError):
        Attributes.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("attribute", "maximum"), [(A.MANUFACTURER, 64), (A.MODEL_NAME, 32), (A.MODEL_NUMBER, 32), (A.SERIAL_NUMBER, 32)]
)
def test_long_device_texts_are_cut(attribute: AttributeType, maximum: int) -> None:
    attributes = Attributes.decode(encode_attribute(attribute, b"x" * (maximum + 1)))
    assert attributes.get(attribute) == b"x" * maximum


@pytest.mark.parametrize(
    ("attribute", "size"),
    [(A.DEVICE_NAME, 33), (A.SSID, 33), (A.PUBLIC_KEY, 189), (A.PUBLIC_KEY, 193), (A.NETWORK_KEY, 65), (A.EAP_TYPE, 9)],
)
def test_values_of_impossible_length_count_as_absent(attribute: AttributeType, size: int) -> None:
    attributes = Attributes.decode(encode_attribute(attribute, b"x" * size) + octets_of("104a000110"))
    assert attribute not in attributes
    assert attributes.integer(A.VERSION) == 0x10


@pytest.mark.parametrize("size", [190, 191, 192])
def test_a_public_key_may_lack_leading_zeros(size: int) -> None:
    assert Attributes.decode(encode_attribute(A.PUBLIC_KEY, b"k" * size)).get(A.PUBLIC_KEY) == b"k" * size


@pytest.mark.parametrize("size", [7, 136])
def test_a_secondary_device_type_list_is_of_at_most_16_types(size: int) -> None:
    with pytest.raises(DecodeError, match="SECONDARY_DEVICE_TYPE_LIST"):
        Attributes.decode(encode_attribute(A.SECONDARY_DEVICE_TYPE_LIST, bytes(size)))


@pytest.mark.parametrize(("size", "is_right"), [(21, False), (22, True), (38, True), (56, True), (57, False)])
def test_the_length_of_an_out_of_band_password(size: int, is_right: bool) -> None:
    octets = encode_attribute(A.OOB_DEVICE_PASSWORD, b"p" * size)
    if is_right:
        assert Attributes.decode(octets).get(A.OOB_DEVICE_PASSWORD) == b"p" * size
    else:
        with pytest.raises(DecodeError):
            Attributes.decode(octets)


@pytest.mark.parametrize("attribute", [A.CREDENTIAL, A.REQUESTED_DEVICE_TYPE])
def test_ten_of_a_repeatable_attribute_are_kept(attribute: AttributeType) -> None:
    values = [bytes((number,)) * 8 for number in range(12)]
    attributes = Attributes.decode(b"".join(encode_attribute(attribute, value) for value in values))
    assert attributes.all(attribute) == tuple(values[:10])


@pytest.mark.parametrize("count", [4, 5, 6, 100])
def test_trailing_zeros_are_padding(count: int) -> None:
    assert Attributes.decode(octets_of("104a000110") + bytes(count)).integer(A.VERSION) == 0x10


def test_zeros_in_the_middle_are_attributes_that_nobody_knows() -> None:
    attributes = Attributes.decode(octets_of("00000000", "00000000", "104a000110"))
    assert list(attributes) == [(A.VERSION, b"\x10")]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_fewer_zeros_than_a_header_are_no_padding(count: int) -> None:
    with pytest.raises(DecodeError):
        Attributes.decode(octets_of("104a000110") + bytes(count))


def test_zeros_that_are_no_padding_are_not_scanned_again_for_each_attribute() -> None:
    """Half a million attributes of zeros: looking at all the rest at each of them would take an hour."""
    assert len(Attributes.decode(bytes(2_000_000) + octets_of("104a000110"))) == 1


def test_one_octet_too_many_after_a_network_key_is_skipped() -> None:
    octets = octets_of("1027000461626364", "00", "10200006020000000000")
    attributes = Attributes.decode(octets)
    assert attributes.get(A.NETWORK_KEY) == b"abcd"
    assert attributes.get(A.MAC_ADDRESS) == bytes.fromhex("020000000000")


@pytest.mark.parametrize(
    "octets",
    [
        "10450004616263640010200006020000000000",  # after another attribute
        "1027000461626364000010200006020000000000",  # two octets
        "102700046162636410200007020000000000",  # an overrun that is an attribute
    ],
)
def test_no_other_overrun_is_forgiven(octets: str) -> None:
    with pytest.raises(DecodeError):
        Attributes.decode(bytes.fromhex(octets))


def test_of_a_duplicate_the_last_one_counts() -> None:
    attributes = Attributes.decode(octets_of("1045000161", "1045000162"))
    assert attributes.get(A.SSID) == b"b"


def test_the_version_may_be_anything() -> None:
    assert Attributes.decode(octets_of("104a000111")).integer(A.VERSION) == 0x11


# ---- vendor extensions


WFA_VECTORS: list[tuple[WfaExtension, str]] = [
    (NO_WFA_EXTENSION, ""),
    (WfaExtension(), "000120"),
    (WfaExtension(version2=0x43), "000143"),
    (WfaExtension(request_to_enroll=True), "000120030101"),
    (WfaExtension(network_key_shareable=False), "000120020100"),
    (WfaExtension(settings_delay_time=30), "00012004011e"),
    (WfaExtension(registrar_configuration_methods=0x2388), "00012005022388"),
    (WfaExtension(multi_ap=0x80), "000120060180"),
    (WfaExtension(authorized_macs=(MacAddress(b"\xff" * 6),)), "0001200106ffffffffffff"),
    (
        WfaExtension(
            request_to_enroll=True,
            authorized_macs=(MacAddress(b"abcdef"), MacAddress(b"ghijkl")),
            multi_ap=0x80,
            network_key_shareable=True,
        ),
        "000120030101010c6162636465666768696a6b6c060180020101",
    ),
]


@pytest.mark.parametrize(("extension", "sub_elements"), WFA_VECTORS)
def test_the_wfa_extension_both_ways(extension: WfaExtension, sub_elements: str) -> None:
    assert extension.encode().hex() == sub_elements
    assert WfaExtension.decode(bytes.fromhex(sub_elements)) == extension
    assert Attributes.decode(wfa(sub_elements)).wfa == extension


@pytest.mark.parametrize(("version2", "is_version2"), [(None, False), (0x10, False), (0x20, True), (0x43, True)])
def test_version_2_is_any_version2_from_0x20_up(version2: int | None, is_version2: bool) -> None:
    assert WfaExtension(version2=version2).is_version2 is is_version2


def test_at_most_five_authorized_macs_are_told() -> None:
    macs = tuple(MacAddress(bytes((number,)) * 6) for number in range(6))
    assert WfaExtension.decode(WfaExtension(authorized_macs=macs).encode()).authorized_macs == macs[:5]


@pytest.mark.parametrize(
    "sub_elements",
    ["0000", "00022020", "0105ffffffffff", "0124" + "00" * 36, "0200", "03020101", "0400", "050100", "06028000"],
)
def test_a_wfa_sub_element_of_wrong_length_refuses_the_message(sub_elements: str) -> None:
    with pytest.raises(DecodeError, match="WFA extension"):
        Attributes.decode(wfa(sub_elements))


@pytest.mark.parametrize("tail", ["03", "0301", "0102ff", "fe05"])
def test_a_truncated_last_sub_element_is_ignored(tail: str) -> None:
    assert Attributes.decode(wfa("000120" + tail)).wfa == WfaExtension()


def test_unknown_sub_elements_are_skipped() -> None:
    assert Attributes.decode(wfa("fe01010001207f00")).wfa == WfaExtension()


def test_several_wfa_extensions_are_one() -> None:
    attributes = Attributes.decode(wfa("000120") + wfa("030101"))
    assert attributes.wfa == WfaExtension(request_to_enroll=True)


@pytest.mark.parametrize("value", [b"", b"\x00", b"\x00\x37"])
def test_a_vendor_extension_without_a_vendor_is_ignored(value: bytes) -> None:
    attributes = Attributes.decode(encode_attribute(A.VENDOR_EXTENSION, value))
    assert attributes.vendor_extensions == ()
    assert attributes.wfa == NO_WFA_EXTENSION


def test_extensions_of_other_vendors_are_kept() -> None:
    octets = encode_attribute(A.VENDOR_EXTENSION, b"abc") + encode_attribute(A.VENDOR_EXTENSION, b"abcd" * 256)
    assert Attributes.decode(octets).vendor_extensions == (b"abc", b"abcd" * 256)


@pytest.mark.parametrize("extensions", [[b"abc" + bytes(1022)], [b"abc"] * 11])
def test_too_long_or_too_many_vendor_extensions_refuse_the_message(extensions: list[bytes]) -> None:
    with pytest.raises(DecodeError, match="vendor extension"):
        Attributes.decode(b"".join(encode_attribute(A.VENDOR_EXTENSION, value) for value in extensions))


# ---- text


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (b"Wireless Client", "Wireless Client"),
        (b" ", ""),
        (b"", ""),
        ("Küche".encode(), "Küche"),
        (b"name\x00", "name"),
        (b"a\nb\x1b[0m", "a\ufffdb\ufffd[0m"),
        (b"\xff", "\ufffd"),
        ("\u202egnp".encode(), "\ufffdgnp"),
    ],
)
def test_text_of_a_peer_is_safe_to_show(octets: bytes, text: str) -> None:
    assert decode_text(octets) == text


@pytest.mark.parametrize(
    ("text", "maximum", "octets"),
    [("", 32, b" "), ("abc", 32, b"abc"), ("abc", 2, b"ab"), ("Küche", 2, b"K"), ("\ud800", 4, b"?")],
)
def test_text_is_cut_between_characters_and_never_empty(text: str, maximum: int, octets: bytes) -> None:
    assert encode_text(text, maximum) == octets


@pytest.mark.parametrize("decode", [Attributes.decode, WfaExtension.decode])
def test_any_octets_give_a_value_or_a_decode_error(decode: Callable[[bytes], object]) -> None:
    octets = octets_of("1027000461626364", "00", "10200006020000000000", "1049000900372a000120030101") + bytes(9)
    for end in range(len(octets)):
        for changed in range(end):
            broken = octets[:changed] + bytes((octets[changed] ^ 0x11,)) + octets[changed + 1 : end]
            try:
                decode(broken)
            except DecodeError:
                continue


def test_the_published_nfc_password_token_both_ways() -> None:
    key_hash, password = (
        "691f6c35ac5ff23180ffbf899bf3e563d047aa68",
        "cb7fe7a25053f8f5bf822660c21e66d8a58d3393bb78494e239031d6aabcb90c",
    )
    token = octets_of("102c0036", key_hash, "bfab", password, "1049000600372a000120")
    attributes = Attributes.decode(token)
    assert attributes.get(A.OOB_DEVICE_PASSWORD) == octets_of(key_hash, "bfab", password)
    assert attributes.wfa == WfaExtension(version2=0x20)
    builder = AttributesBuilder().octets(A.OOB_DEVICE_PASSWORD, octets_of(key_hash, "bfab", password))
    assert builder.wfa(WfaExtension(version2=0x20)).build() == token
