# SPDX-License-Identifier: BSD-3-Clause
"""Passphrases and the keys that they make: the vectors of IEEE 802.11-2020, annex J.4."""

import pytest

from wpsagent.crypto.passphrase import derive_psk, is_passphrase, is_psk_digits, psk_of

PSK = "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af"


@pytest.mark.parametrize(
    ("passphrase", "ssid", "psk"),
    [
        (b"password", b"IEEE", "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e"),
        (b"ThisIsAPassword", b"ThisIsASSID", PSK),
        (b"a" * 32, b"Z" * 32, "becb93866bb8c3832cb777c2f559807c8c59afcb6eae734885001300a981cc62"),
    ],
)
def test_psk_of_annex_j_4(passphrase: bytes, ssid: bytes, psk: str) -> None:
    assert derive_psk(passphrase, ssid).hex() == psk


@pytest.mark.parametrize("octets", [b"12345678", b"x" * 63, b" pass~word "])
def test_a_passphrase(octets: bytes) -> None:
    assert is_passphrase(octets)


@pytest.mark.parametrize(
    "octets",
    [b"", b"1234567", b"x" * 64, b"passw\x1ford", b"passw\x7ford", b"password\n", "pässword".encode()],
)
def test_what_is_no_passphrase(octets: bytes) -> None:
    assert not is_passphrase(octets)


@pytest.mark.parametrize(
    ("octets", "is_psk"),
    [
        (b"0123456789abcdefABCDEF".ljust(64, b"0"), True),
        (b"0" * 63, False),
        (b"0" * 65, False),
        (b"0" * 63 + b"g", False),
        (b"0" * 64 + b"\n", False),
    ],
)
def test_the_digits_of_a_psk(octets: bytes, is_psk: bool) -> None:
    assert is_psk_digits(octets) is is_psk


def test_a_key_is_either() -> None:
    assert psk_of(PSK.encode(), b"any").hex() == PSK
    assert psk_of(b"ThisIsAPassword", b"ThisIsASSID").hex() == PSK
