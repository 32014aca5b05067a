# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL-Key frames and Key Data: vectors both ways, truncation, padding, refusals."""

import random
from dataclasses import replace

import pytest

from wpsagent.crypto import key_wrap
from wpsagent.crypto.rsn_keys import KeyDescriptorVersion, key_mic
from wpsagent.errors import DecodeError, UsageError
from wpsagent.rsn.key_frame import GroupKey, IntegrityGroupKey, KeyData, KeyFrame, KeyInformation
from wpsagent.rsn.rsne import WPA2_PSK_CCMP

KEY = bytes(range(16))
RSNE = WPA2_PSK_CCMP.element()
FRAME = KeyFrame(
    KeyInformation.PAIRWISE | KeyInformation.MIC | KeyInformation.SECURE,
    0x0102030405060708,
    bytes(range(32)),
    b"\xab\xcd",
    16,
    b"\x11" * 8,
    b"\x22" * 16,
    b"\x33" * 16,
    b"\x44" * 8,
    1,
)
PDU = bytes.fromhex(
    "01 03 0061 02 030a 0010 0102030405060708".replace(" ", "")
    + bytes(range(32)).hex()
    + "33" * 16
    + "11" * 8
    + "44" * 8
    + "22" * 16
    + "0002"
    + "abcd"
)


def test_frame_both_ways() -> None:
    assert FRAME.encode() == PDU
    assert KeyFrame.decode(PDU) == FRAME


def test_message_1_as_access_points_send_it() -> None:
    frame = KeyFrame(KeyInformation.PAIRWISE | KeyInformation.ACK, 1, b"\xaa" * 32, key_length=16)
    assert frame.encode().hex() == "0203005f02008a0010" + "0000000000000001" + "aa" * 32 + "00" * 50


def test_reserved_bits_and_octets_are_kept_for_the_mic() -> None:
    octets = bytearray(PDU)
    octets[5] |= 0xC0
    assert KeyFrame.decode(bytes(octets)).encode() == bytes(octets)


def test_mic_covers_every_octet_but_itself() -> None:
    signed = FRAME.with_mic(KEY)
    assert signed.has_valid_mic(KEY)
    assert not signed.has_valid_mic(KEY[::-1])
    pdu = signed.encode()
    assert pdu[81:97].hex() == "c9f3cf5db66909b9fff7f4a0aab0d09c"
    for at in range(len(pdu)):
        octets = bytearray(pdu)
        octets[at] ^= 0x80
        try:
            changed = KeyFrame.decode(bytes(octets))
        except DecodeError:
            continue
        assert not changed.has_valid_mic(KEY)


def test_octets_after_the_pdu_are_ignored() -> None:
    assert KeyFrame.decode(PDU + b"\x00\x00\x00") == FRAME


def test_truncation_at_every_octet_is_refused() -> None:
    for size in range(len(PDU)):
        with pytest.raises(DecodeError):
            KeyFrame.decode(PDU[:size])


@pytest.mark.parametrize(
    ("at", "value", "text"),
    [
        (1, 0, "EAPOL packet type 0, not a key frame"),
        (3, 0x60, "2 octets of key data announced, 1 there"),
        (4, 254, "descriptor type 254, not RSN's"),
        (6, 0x09, "descriptor version 1, not the AKM's"),
        (6, 0x0B, "descriptor version 3, not the AKM's"),
        (98, 1, "1 octets of key data announced, 2 there"),
    ],
)
def test_frame_of_another_kind_is_refused(at: int, value: int, text: str) -> None:
    octets = bytearray(PDU)
    octets[at] = value
    with pytest.raises(DecodeError, match=text):
        KeyFrame.decode(bytes(octets))


def test_any_octets_give_a_frame_or_decode_error() -> None:
    chance = random.Random(4)
    decoded = 0
    for _ in range(2000):
        octets = bytearray(PDU + bytes(chance.randrange(3)))
        for _ in range(chance.randrange(4)):
            octets[chance.randrange(len(octets))] = chance.randrange(256)
        try:
            frame = KeyFrame.decode(bytes(octets))
        except DecodeError:
            continue
        assert octets.startswith(frame.encode())
        decoded += 1
    assert decoded > 500


# ---- Key Data

GTK = bytes(range(0x40, 0x50))
GTK_KDE = "dd16000fac010200" + GTK.hex()


def test_key_data_of_message_3_both_ways() -> None:
    key_data = KeyData(RSNE, 2, GTK)
    assert key_data.encode().hex() == RSNE.hex() + GTK_KDE
    assert KeyData.decode(key_data.encode()) == key_data
    assert "@ABC" not in repr(key_data)


def test_wrapped_key_data_is_padded_with_dd_and_zeros_to_a_multiple_of_eight() -> None:
    key_data = KeyData(RSNE, 2, GTK)
    wrapped = key_data.wrap(KEY)
    assert key_wrap.unwrap(KEY, wrapped).hex() == RSNE.hex() + GTK_KDE + "dd00"
    assert KeyData.unwrap(KEY, wrapped) == key_data


@pytest.mark.parametrize(
    ("rsne", "padding"),
    [(b"\x30\x06" + bytes(6), 8), (b"\x30\x0e" + bytes(14), 0), (b"\x30\x0d" + bytes(13), 1), (None, 0)],
)
def test_padding_has_every_length_and_is_taken_off(rsne: bytes | None, padding: int) -> None:
    key_data = KeyData(rsne) if rsne else KeyData(None, 1, GTK)
    plain = key_wrap.unwrap(KEY, key_data.wrap(KEY))
    assert plain == key_data.encode() + (b"\xdd" + bytes(padding - 1) if padding else b"")
    assert KeyData.decode(plain) == key_data


def test_key_that_ends_like_padding_is_not_cut() -> None:
    key_data = KeyData(RSNE, 1, bytes(12) + b"\xdd\x00\x00\x00")
    assert KeyData.decode(key_data.encode()) == key_data
    assert KeyData.unwrap(KEY, key_data.wrap(KEY)) == key_data


def test_unknown_kdes_and_second_ones_are_skipped() -> None:
    octets = bytes.fromhex("dd05000fac0811" + "f40120") + RSNE + RSNE[:-1] + b"\xff"
    octets += bytes.fromhex(GTK_KDE + "dd16000fac010300" + "99" * 16)
    assert KeyData.decode(octets) == KeyData(RSNE, 2, GTK)


IGTK = IntegrityGroupKey(5, b"\xc3" * 16, b"\x07\x00\x00\x00\x00\x00")
IGTK_KDE = "dd1c" + "000fac09" + "0500" + "070000000000" + "c3" * 16


def test_integrity_group_key_stands_behind_the_group_key_and_the_first_one_counts() -> None:
    key_data = KeyData(RSNE, 2, GTK, IGTK)
    assert key_data.encode().hex() == RSNE.hex() + GTK_KDE + IGTK_KDE
    second = IGTK_KDE.replace("0500", "0400", 1)
    assert KeyData.decode(key_data.encode() + bytes.fromhex(second)) == key_data
    assert "c3c3" not in repr(key_data)
    assert "xc3" not in repr(key_data)


def test_frame_of_descriptor_version_3_has_a_mic_of_cmac() -> None:
    version = KeyDescriptorVersion.AES_128_CMAC
    frame = KeyFrame(KeyInformation.PAIRWISE | KeyInformation.MIC, 1, descriptor_version=version).with_mic(KEY)
    octets = frame.encode()
    assert octets[5:7].hex() == "010b"
    assert frame.mic == key_mic(KEY, octets[:81] + bytes(16) + octets[97:], version)
    assert KeyFrame.decode(octets, version) == frame
    assert KeyFrame.decode(octets, version).has_valid_mic(KEY)
    with pytest.raises(DecodeError, match=r"version 3, not the AKM's \(2\)"):
        KeyFrame.decode(octets)


def test_empty_key_data_holds_nothing() -> None:
    assert KeyData.decode(b"") == KeyData()
    assert KeyData.decode(bytes(16)) == KeyData()


@pytest.mark.parametrize("octets", ["3014", "dd16000fac0102", "dd05000fac0102", "3001", "dd0b000fac090400000000"])
def test_key_data_that_runs_past_its_end_is_refused(octets: str) -> None:
    with pytest.raises(DecodeError):
        KeyData.decode(bytes.fromhex(octets))


def test_any_key_data_gives_a_value_or_decode_error() -> None:
    chance = random.Random(5)
    whole = KeyData(RSNE, 2, GTK).encode() + b"\xdd\x00"
    for _ in range(2000):
        octets = bytearray(whole[: chance.randrange(1, len(whole) + 1)])
        octets[chance.randrange(len(octets))] = chance.randrange(256)
        try:
            KeyData.decode(bytes(octets))
        except DecodeError:
            continue


@pytest.mark.parametrize(("index", "key"), [(0, GTK), (3, GTK), (1, b"short")])
def test_group_key_of_another_shape_is_refused(index: int, key: bytes) -> None:
    with pytest.raises(UsageError, match="a group key has index 1 or 2"):
        GroupKey(index, key)


def test_no_key_shows_in_a_repr() -> None:
    assert repr(GroupKey(1, GTK)) == "GroupKey(index=1)"
    assert "key_data" not in repr(replace(FRAME, key_data=GTK))
