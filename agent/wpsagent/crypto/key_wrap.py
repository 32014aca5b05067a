# SPDX-License-Identifier: BSD-3-Clause
"""AES Key Wrap (RFC 3394), as IEEE 802.11-2020, 12.7.2 uses it for the Key Data of EAPOL-Key frames.

Refuses key data that was not wrapped with this key (DecodeError) and lengths the algorithm does not know.
"""

from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from wpsagent.errors import DecodeError, UsageError


def wrap(key_encryption_key: bytes, plaintext: bytes) -> bytes:
    """The wrapped plaintext, 8 octets longer; the plaintext has 16 octets or more, a multiple of 8 (UsageError)."""
    if len(plaintext) < 16 or len(plaintext) % 8:
        raise UsageError(f"AES Key Wrap takes 16, 24, 32, ... octets, not {len(plaintext)}")
    return aes_key_wrap(key_encryption_key, plaintext)


def unwrap(key_encryption_key: bytes, wrapped: bytes) -> bytes:
    """What was wrapped; raises DecodeError for a wrong key, changed octets or a length that no wrapping gives."""
    if len(wrapped) < 24 or len(wrapped) % 8:
        raise DecodeError(f"wrapped keys have 24, 32, 40, ... octets, not {len(wrapped)}")
    try:
        return aes_key_unwrap(key_encryption_key, wrapped)
    except InvalidUnwrap:
        raise DecodeError("wrapped keys do not open with this key") from None
