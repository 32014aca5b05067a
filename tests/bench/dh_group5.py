# SPDX-License-Identifier: BSD-3-Clause
"""One shared secret of group 5 with a 256-bit exponent: ours against OpenSSL's, through the cryptography package.

Native, not in the lab.  The exponents and public keys are the same on both sides, and so must be the secrets.
"""

import os
import time
import warnings
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import dh

from wpsagent.crypto import diffie_hellman

PRIME = diffie_hellman._PRIME
REPEATS = 40


def measure(runs: int) -> dict[str, list[float]]:
    """Milliseconds for one secret, the mean of REPEATS, `runs` times in turns: {"ours": …, "theirs": …}."""
    own = diffie_hellman.generate_key_pair(os.urandom)
    peer = diffie_hellman.generate_key_pair(os.urandom)
    openssl = _openssl_exchange(own, peer.public)
    assert openssl() == diffie_hellman.shared_secret(own, peer.public)
    samples: dict[str, list[float]] = {"ours": [], "theirs": []}
    for _ in range(runs):
        samples["ours"].append(_milliseconds(lambda: diffie_hellman.shared_secret(own, peer.public)))
        samples["theirs"].append(_milliseconds(openssl))
    return samples


def _openssl_exchange(own: diffie_hellman.KeyPair, peer_public: bytes) -> Callable[[], bytes]:
    with warnings.catch_warnings():
        # The package warns that it will drop finite fields, which is why the agent does without.
        warnings.simplefilter("ignore")
        parameters = dh.DHParameterNumbers(PRIME, 2)
        public = dh.DHPublicNumbers(int.from_bytes(own.public), parameters)
        private_key = dh.DHPrivateNumbers(own.private, public).private_key()
        peer_key = dh.DHPublicNumbers(int.from_bytes(peer_public), parameters).public_key()
    return lambda: private_key.exchange(peer_key)


def _milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    for _ in range(REPEATS):
        work()
    return (time.perf_counter() - started) / REPEATS * 1000
