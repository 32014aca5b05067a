# SPDX-License-Identifier: BSD-3-Clause
"""Diffie-Hellman over group 5, the 1536-bit MODP group (RFC 3526, section 2), generator 2.

Wi-Fi Simple Configuration 2.0, section 7.3.  Refuses public keys of small order or beyond the prime and degenerate
shared secrets, with ProtocolError.  The private exponent has 256 bits: twice the strength that is asked of a group of
this size, and a sixth of the work of a full-length one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from wpsagent.errors import ProtocolError

PUBLIC_KEY_SIZE = 192
"""Octets of a public key and of a shared secret, padded with zeros on the left."""

_GENERATOR = 2
_EXPONENT_SIZE = 32
_PRIME = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA237327FFFFFFFFFFFFFFFF",
    16,
)


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A private exponent and its public key (192 octets)."""

    private: int = field(repr=False)
    public: bytes = field(repr=False)

    @classmethod
    def from_private(cls, private: int) -> "KeyPair":
        """The pair of a given exponent (a stored NFC key)."""
        return cls(private, pow(_GENERATOR, private, _PRIME).to_bytes(PUBLIC_KEY_SIZE))


def generate_key_pair(entropy: Callable[[int], bytes]) -> KeyPair:
    """A fresh key pair; one for each run.  entropy(n) gives n octets from a cryptographic source."""
    # The highest bit is set so that no exponent is short.
    exponent = int.from_bytes(entropy(_EXPONENT_SIZE)) | 1 << 8 * _EXPONENT_SIZE - 1
    return KeyPair.from_private(exponent)


def shared_secret(key_pair: KeyPair, peer_public: bytes) -> bytes:
    """The shared secret (192 octets, padded on the left before it is hashed); raises ProtocolError.

    peer_public may lack leading zeros, as the keys of some peers do.
    """
    peer = int.from_bytes(peer_public)
    if not 1 < peer < _PRIME - 1:
        raise ProtocolError("the peer's public key is out of range")
    secret = pow(peer, key_pair.private, _PRIME)
    if secret <= 1:
        raise ProtocolError("the peer's public key gives a degenerate shared secret")
    return secret.to_bytes(PUBLIC_KEY_SIZE)
