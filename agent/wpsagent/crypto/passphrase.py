# SPDX-License-Identifier: BSD-3-Clause
"""The passphrase of a network and the key that it makes (IEEE 802.11-2020, annex J.4).  No cipher is loaded for it."""

import hashlib
import re

_PASSPHRASE = re.compile(rb"[\x20-\x7e]{8,63}")
_PSK_DIGITS = re.compile(rb"[0-9A-Fa-f]{64}")


def is_passphrase(octets: bytes) -> bool:
    """Whether they are a passphrase of annex J.4.1: 8 to 63 printable ASCII characters."""
    return _PASSPHRASE.fullmatch(octets) is not None


def is_psk_digits(octets: bytes) -> bool:
    """Whether they are a PSK of 32 octets in hexadecimal digits."""
    return _PSK_DIGITS.fullmatch(octets) is not None


def derive_psk(passphrase: bytes, ssid: bytes) -> bytes:
    """The 32 octets of PSK = PBKDF2(passphrase, ssid, 4096, 256 bits) (annex J.4.1).

    Of any octets: access points in the field have passphrases in UTF-8, too.  It takes some milliseconds, 8192 rounds
    of HMAC-SHA-1, so derive it once a network.
    """
    return hashlib.pbkdf2_hmac("sha1", passphrase, ssid, 4096, 32)


def psk_of(key: bytes, ssid: bytes) -> bytes:
    """The PSK of a key as people and Credentials have it: 64 hexadecimal digits are the PSK, others a passphrase."""
    return bytes.fromhex(key.decode("ascii")) if is_psk_digits(key) else derive_psk(key, ssid)
