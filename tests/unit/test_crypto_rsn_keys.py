# SPDX-License-Identifier: BSD-3-Clause
"""Keys of WPA2-Personal: the vectors of IEEE 802.11-2020, annex J."""

import hmac

import pytest

from wpsagent.crypto.rsn_keys import (
    KeyDescriptorVersion,
    derive_ptk,
    kdf,
    key_mic,
    prf,
)
from wpsagent.octets import MacAddress

PMK = bytes.fromhex("0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af")
AA = MacAddress.parse("a0:a1:a1:a3:a4:a5")
SPA = MacAddress.parse("b0:b1:b2:b3:b4:b5")
SNONCE = bytes.fromhex("c0c1c2c3c4c5c6c7c8c9d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5")
ANONCE = bytes.fromhex("e0e1e2e3e4e5e6e7e8e9f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405")


@pytest.mark.parametrize(
    ("key", "data", "expected"),
    [
        (
            b"\x0b" * 20,
            b"Hi There",
            "bcd4c650b30b9684951829e0d75f9d54b862175ed9f00606e17d8da35402ffee"
            "75df78c3d31e0f889f012120c0862beb67753e7439ae242edb8373698356cf5a",
        ),
        (
            b"Jefe",
            b"what do ya want for nothing?",
            "51f4de5b33f249adf81aeb713a3c20f4fe631446fabdfa58244759ae58ef9009"
            "a99abf4eac2ca5fa87e692c440eb40023e7babb206d61de7b92f41529092b8fc",
        ),
        (
            b"\xaa" * 20,
            b"\xdd" * 50,
            "e1ac546ec4cb636f9976487be5c86be17a0252ca5d8d8df12cfb0473525249ce"
            "9dd8d177ead710bc9b590547239107aef7b4abd43d87f0a68f1cbd9e2b6f7607",
        ),
    ],
)
def test_prf_of_annex_j_3_at_every_size(key: bytes, data: bytes, expected: str) -> None:
    for size in (16, 20, 24, 32, 48, 64):
        assert prf(key, b"prefix", data, size).hex() == expected[: 2 * size]


def test_ptk_of_annex_j_7() -> None:
    ptk = derive_ptk(PMK, AA, SPA, ANONCE, SNONCE)
    assert ptk.kck.hex() == "379f9852d0199236b94e407ce4c00ec8"
    assert ptk.kek.hex() == "47c9edc01c2c6e5b4910caddfb3e51a7"
    assert ptk.tk.hex() == "b2360c79e9710fdd58bea93deaf06599"
    assert repr(ptk) == "PairwiseTransientKey()"


def test_ptk_is_the_same_whichever_address_and_nonce_is_greater() -> None:
    assert derive_ptk(PMK, AA, SPA, ANONCE, SNONCE) == derive_ptk(PMK, SPA, AA, SNONCE, ANONCE)
    assert derive_ptk(PMK, AA, SPA, ANONCE, SNONCE) != derive_ptk(PMK, AA, SPA, ANONCE, ANONCE)


def test_kdf_is_hmac_sha256_of_counter_label_context_and_length_in_bits() -> None:
    first = hmac.digest(b"key", b"\x01\x00" + b"label" + b"context" + (384).to_bytes(2, "little"), "sha256")
    second = hmac.digest(b"key", b"\x02\x00" + b"label" + b"context" + (384).to_bytes(2, "little"), "sha256")
    assert kdf(b"key", b"label", b"context", 48) == (first + second)[:48]
    assert kdf(b"key", b"label", b"context", 32) != first


def test_ptk_of_the_sha256_akm_comes_from_the_kdf() -> None:
    ptk = derive_ptk(PMK, AA, SPA, ANONCE, SNONCE, version=KeyDescriptorVersion.AES_128_CMAC)
    context = bytes(AA) + bytes(SPA) + SNONCE + ANONCE
    assert ptk.kck + ptk.kek + ptk.tk == kdf(PMK, b"Pairwise key expansion", context, 48)


@pytest.mark.parametrize(
    ("size", "mic"),
    [
        (0, "bb1d6929e95937287fa37d129b756746"),
        (16, "070a16b46b4d4144f79bdd9dd04a287c"),
        (40, "dfa66747de9ae63030ca32611497c827"),
        (64, "51f0bebf7e3b9d92fc49741779363cfe"),
    ],
)
def test_mic_of_descriptor_version_3_is_the_cmac_of_rfc_4493(size: int, mic: str) -> None:
    message = bytes.fromhex(
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
    )
    key = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
    assert key_mic(key, message[:size], KeyDescriptorVersion.AES_128_CMAC).hex() == mic


def test_mic_is_hmac_sha1_cut_to_16_octets() -> None:
    # RFC 2202, section 3, test case 2
    assert key_mic(b"Jefe", b"what do ya want for nothing?").hex() == "effcdf6ae5eb2fa2d27416d5f184df9c"
