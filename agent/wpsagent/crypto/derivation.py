# SPDX-License-Identifier: BSD-3-Clause
"""Key derivation of Wi-Fi Simple Configuration 2.0, sections 7.3 and 7.4, and its one-way functions.

All of it is HMAC-SHA-256 and SHA-256; octet strings are joined as the standard joins them (||).
"""

import hashlib
import hmac
from dataclasses import dataclass, field

_PERSONALIZATION = b"Wi-Fi Easy and Secure Key Derivation"
_KEY_BITS = 640
_AUTH_KEY, _KEY_WRAP_KEY, _EMSK = slice(0, 32), slice(32, 48), slice(48, 80)

PROOF_KEY_SIZE = 16
"""Octets of PSK1 and PSK2."""


@dataclass(frozen=True, slots=True)
class SessionKeys:
    """The keys of one run: AuthKey 32 octets, KeyWrapKey 16, EMSK 32."""

    auth_key: bytes = field(repr=False)
    key_wrap_key: bytes = field(repr=False)
    emsk: bytes = field(repr=False)


def hmac_sha256(key: bytes, *parts: bytes) -> bytes:
    """HMAC-SHA-256 over the parts joined."""
    return hmac.digest(key, b"".join(parts), "sha256")


def key_derivation_function(key: bytes, personalization: bytes, bits: int) -> bytes:
    """kdf(key, personalization_string, total_key_bits) of section 7.3: bits/8 octets."""
    suffix = personalization + bits.to_bytes(4)
    size = bits // 8
    rounds = range(1, -(-size // 32) + 1)
    return b"".join(hmac_sha256(key, i.to_bytes(4), suffix) for i in rounds)[:size]


def derive_session_keys(
    shared_secret: bytes, enrollee_nonce: bytes, enrollee_mac: bytes, registrar_nonce: bytes
) -> SessionKeys:
    """The keys of a run.  shared_secret has 192 octets; enrollee_mac is the MAC Address that M1 tells."""
    # DHKey = SHA-256(g^AB mod p)
    dh_key = hashlib.sha256(shared_secret).digest()
    # KDK = HMAC-SHA-256_DHKey(N1 || EnrolleeMAC || N2)
    kdk = hmac_sha256(dh_key, enrollee_nonce, enrollee_mac, registrar_nonce)
    keys = key_derivation_function(kdk, _PERSONALIZATION, _KEY_BITS)
    return SessionKeys(keys[_AUTH_KEY], keys[_KEY_WRAP_KEY], keys[_EMSK])


def password_proofs(auth_key: bytes, password: bytes) -> tuple[bytes, bytes]:
    """PSK1 and PSK2, made of the two halves of the device password; of an odd length the first half is the longer."""
    half = (len(password) + 1) // 2
    psk1 = hmac_sha256(auth_key, password[:half])[:PROOF_KEY_SIZE]
    psk2 = hmac_sha256(auth_key, password[half:])[:PROOF_KEY_SIZE]
    return psk1, psk2


def proof_hash(auth_key: bytes, secret_nonce: bytes, psk: bytes, public_key_e: bytes, public_key_r: bytes) -> bytes:
    """E-Hash1, E-Hash2, R-Hash1 or R-Hash2: HMAC_AuthKey(S-Nonce || PSK || PK_E || PK_R), keys as on the wire."""
    return hmac_sha256(auth_key, secret_nonce, psk, public_key_e, public_key_r)


def public_key_hash(public_key: bytes) -> bytes:
    """The hash that NFC tokens carry: the first 20 octets of SHA-256 over the 192 octets of the key."""
    return hashlib.sha256(public_key.rjust(192, b"\x00")).digest()[:20]
