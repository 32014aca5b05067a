# SPDX-License-Identifier: BSD-3-Clause
"""The key hierarchy of a run, against vectors that were computed independently."""

import hashlib

from wpsagent.crypto.derivation import (
    derive_session_keys,
    hmac_sha256,
    key_derivation_function,
    password_proofs,
    proof_hash,
    public_key_hash,
)
from wpsagent.crypto.diffie_hellman import KeyPair, shared_secret

A = KeyPair.from_private(0x0123456789ABCDEF)
B = KeyPair.from_private(0xFEDCBA9876543210)
N1, N2 = bytes(range(16)), bytes(range(16, 32))
MAC = bytes.fromhex("020000000000")
AUTH_KEY = bytes.fromhex("6823cdd5a4ea5ad2200860ebf8636f5f727f4e531d47f19c6ebf90f867f16ef3")


def test_dh_key() -> None:
    expected = "c4f6a3f50e76ecb63a827169e1f39e5222a08538ddb907dee6c139b61c43bc09"
    assert hashlib.sha256(shared_secret(A, B.public)).hexdigest() == expected


def test_session_keys() -> None:
    keys = derive_session_keys(shared_secret(B, A.public), N1, MAC, N2)
    assert keys.auth_key == AUTH_KEY
    assert keys.key_wrap_key.hex() == "61040fc1243ea73664125b91fd8b4183"
    assert keys.emsk.hex() == "3d5786b3bb2e378d8b7d2ccf5e06c8781f7282e1827e574aae0fd102c74107df"
    assert repr(keys) == "SessionKeys()"


def test_password_proofs_of_the_two_halves() -> None:
    psk1, psk2 = password_proofs(AUTH_KEY, b"12345670")
    assert psk1.hex() == "d8b6d11c67781f0714fee96df700530c"
    assert psk2.hex() == "2017fe0c9e043d32a175d487c8a83102"


def test_the_first_half_of_an_odd_password_is_the_longer_one() -> None:
    assert password_proofs(AUTH_KEY, b"abc") == (
        hmac_sha256(AUTH_KEY, b"ab")[:16],
        hmac_sha256(AUTH_KEY, b"c")[:16],
    )


def test_e_hash1() -> None:
    psk1, _ = password_proofs(AUTH_KEY, b"12345670")
    e_hash1 = proof_hash(AUTH_KEY, b"\xa1" * 16, psk1, A.public, B.public)
    assert e_hash1.hex() == "4f30c95ca81afb433ee8a29a65a0741989c6eb7cde5c58fb632074e36816c9ae"


def test_the_derivation_function_gives_as_many_octets_as_asked() -> None:
    assert len(key_derivation_function(b"key", b"name", 640)) == 80
    assert len(key_derivation_function(b"key", b"name", 256)) == 32
    first = hmac_sha256(b"key", b"\x00\x00\x00\x01name\x00\x00\x00\x80")
    assert key_derivation_function(b"key", b"name", 128) == first[:16]


def test_the_hash_of_a_public_key_is_over_its_192_octets() -> None:
    assert public_key_hash(b"\x01" * 190) == hashlib.sha256(bytes(2) + b"\x01" * 190).digest()[:20]
