# SPDX-License-Identifier: BSD-3-Clause
"""The key hierarchy of WPA2-Personal from the PSK on: PSK → PTK, and the codes made with it.

Implements IEEE 802.11-2020, 12.7.1.2 (PRF), 12.7.1.6.2 (KDF), 12.7.1.3 (PTK) and 12.7.3 (EAPOL-Key MIC), for the AKMs
00-0F-AC:2 and 00-0F-AC:6 with CCMP-128.
"""

import hmac
from dataclasses import dataclass, field
from enum import IntEnum

from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from wpsagent.octets import MacAddress


class KeyDescriptorVersion(IntEnum):
    """Key Descriptor Version (12.7.2), and with it the integrity and the derivation of the AKM (table 12-10)."""

    HMAC_SHA_1 = 2  # AKM 00-0F-AC:2: HMAC-SHA-1-128, PRF of SHA-1
    AES_128_CMAC = 3  # AKM 00-0F-AC:6: AES-128-CMAC, KDF of SHA-256


def prf(key: bytes, label: bytes, data: bytes, size: int) -> bytes:
    """PRF-n of 12.7.1.2, size = n / 8 octets: HMAC-SHA-1(key, label || 0 || data || i) for i = 0, 1, 2, ... joined."""
    octets = b""
    for counter in range((size + 19) // 20):
        octets += hmac.digest(key, label + b"\x00" + data + bytes((counter,)), "sha1")
    return octets[:size]


def kdf(key: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """KDF-SHA-256-n of 12.7.1.6.2, size = n / 8 octets: HMAC-SHA-256(key, i || label || context || n), i = 1, 2, ..."""
    octets = b""
    for counter in range(1, (size + 31) // 32 + 1):
        data = counter.to_bytes(2, "little") + label + context + (8 * size).to_bytes(2, "little")
        octets += hmac.digest(key, data, "sha256")
    return octets[:size]


@dataclass(frozen=True, slots=True)
class PairwiseTransientKey:
    """The PTK of CCMP-128: key confirmation key, key encryption key, temporal key, 16 octets each."""

    kck: bytes = field(repr=False)
    kek: bytes = field(repr=False)
    tk: bytes = field(repr=False)


def derive_ptk(
    pmk: bytes,
    authenticator_address: MacAddress,
    supplicant_address: MacAddress,
    anonce: bytes,
    snonce: bytes,
    *,
    version: KeyDescriptorVersion = KeyDescriptorVersion.HMAC_SHA_1,
) -> PairwiseTransientKey:
    """PTK = PRF-384(PMK, "Pairwise key expansion", Min(AA,SPA) || Max(AA,SPA) || Min(ANonce,SNonce) || Max(...)).

    With AES_128_CMAC the KDF stands in the place of the PRF.
    """
    derive = kdf if version is KeyDescriptorVersion.AES_128_CMAC else prf
    addresses = sorted((bytes(authenticator_address), bytes(supplicant_address)))
    nonces = sorted((anonce, snonce))
    octets = derive(pmk, b"Pairwise key expansion", b"".join(addresses + nonces), 48)
    return PairwiseTransientKey(octets[:16], octets[16:32], octets[32:])


def key_mic(kck: bytes, pdu: bytes, version: KeyDescriptorVersion = KeyDescriptorVersion.HMAC_SHA_1) -> bytes:
    """The 16 octets of the Key MIC over a whole EAPOL PDU whose Key MIC field is zero (12.7.3)."""
    if version is KeyDescriptorVersion.AES_128_CMAC:
        cmac = CMAC(AES(kck))
        cmac.update(pdu)
        return cmac.finalize()
    return hmac.digest(kck, pdu, "sha1")[:16]
