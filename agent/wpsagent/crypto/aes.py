# SPDX-License-Identifier: BSD-3-Clause
"""AES-128-CBC with the padding of PKCS #5, as Encrypted Settings use it (Wi-Fi Simple Configuration 2.0, section 7.5).

Refuses, with DecodeError and one and the same text, everything that does not decrypt: whoever sees the answer learns
nothing about the padding.
"""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from wpsagent.errors import DecodeError

BLOCK_SIZE = 16


def encrypt_cbc(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    """The ciphertext: 1 to 16 octets of padding are added, each of which says how many."""
    count = BLOCK_SIZE - len(plaintext) % BLOCK_SIZE
    encryptor = Cipher(AES(key), CBC(iv)).encryptor()
    return encryptor.update(plaintext + bytes((count,)) * count) + encryptor.finalize()


def decrypt_cbc(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """The plaintext without its padding; raises DecodeError."""
    if not ciphertext or len(ciphertext) % BLOCK_SIZE:
        raise _not_decrypted()
    decryptor = Cipher(AES(key), CBC(iv)).decryptor()
    padded = decryptor.update(ciphertext) + decryptor.finalize()
    count = padded[-1]
    if not 1 <= count <= BLOCK_SIZE or not padded.endswith(bytes((count,)) * count):
        raise _not_decrypted()
    return padded[:-count]


def _not_decrypted() -> DecodeError:
    return DecodeError("what was encrypted cannot be decrypted")


# OpenSSL fetches a cipher when it is first used, which takes longer than a message of a run: not while a peer waits.
encrypt_cbc(bytes(BLOCK_SIZE), bytes(BLOCK_SIZE), b"")
