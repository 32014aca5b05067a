# SPDX-License-Identifier: BSD-3-Clause
"""AES-128-CBC against NIST SP 800-38A F.2.1, and the padding."""

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from wpsagent.crypto.aes import decrypt_cbc, encrypt_cbc
from wpsagent.errors import DecodeError

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
IV = bytes(range(16))
PLAINTEXT = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
CIPHERTEXT = bytes.fromhex(
    "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2"
    "73bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7"
)


def _encrypt_padded(padded: bytes) -> bytes:
    encryptor = Cipher(AES(KEY), CBC(IV)).encryptor()
    return encryptor.update(padded) + encryptor.finalize()


def test_the_published_vector_both_ways() -> None:
    ciphertext = encrypt_cbc(KEY, IV, PLAINTEXT)
    assert ciphertext[:64] == CIPHERTEXT
    assert len(ciphertext) == 80  # a whole block of padding
    assert decrypt_cbc(KEY, IV, ciphertext) == PLAINTEXT


@pytest.mark.parametrize("size", range(34))
def test_every_length_comes_back(size: int) -> None:
    ciphertext = encrypt_cbc(KEY, IV, PLAINTEXT[:size])
    assert len(ciphertext) == size - size % 16 + 16
    assert decrypt_cbc(KEY, IV, ciphertext) == PLAINTEXT[:size]


@pytest.mark.parametrize(
    "padding", [b"\x00", b"\x11", b"\xff", b"\x01\x02", b"\x03\x02\x03", b"\x00" * 16, b"\x0f" + b"\x10" * 15]
)
def test_wrong_padding_is_refused_with_one_text(padding: bytes) -> None:
    padded = PLAINTEXT[: 32 - len(padding)] + padding
    with pytest.raises(DecodeError, match=r"^what was encrypted cannot be decrypted$"):
        decrypt_cbc(KEY, IV, _encrypt_padded(padded))


@pytest.mark.parametrize("size", [0, 1, 15, 17, 31])
def test_a_ciphertext_that_is_no_number_of_blocks_is_refused_with_the_same_text(size: int) -> None:
    with pytest.raises(DecodeError, match=r"^what was encrypted cannot be decrypted$"):
        decrypt_cbc(KEY, IV, bytes(size))
