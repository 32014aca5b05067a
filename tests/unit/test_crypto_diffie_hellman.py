# SPDX-License-Identifier: BSD-3-Clause
"""Group 5: the prime, the ranges that are refused, the padding."""

import pytest

from wpsagent.crypto import diffie_hellman
from wpsagent.crypto.diffie_hellman import KeyPair, generate_key_pair, shared_secret
from wpsagent.errors import ProtocolError


def _two_to_the_1406_times_pi() -> int:
    """[2^1406 pi], by Machin's formula pi = 16 arctan(1/5) - 4 arctan(1/239), with 64 guard bits."""
    one = 1 << 1406 + 64

    def arctan_of_inverse(x: int) -> int:
        total, power, divisor = 0, one // x, 1
        while power:
            total += power // divisor if divisor % 4 == 1 else -(power // divisor)
            power, divisor = power // (x * x), divisor + 2
        return total

    return (16 * arctan_of_inverse(5) - 4 * arctan_of_inverse(239)) >> 64


PRIME = 2**1536 - 2**1472 - 1 + 2**64 * (_two_to_the_1406_times_pi() + 741804)


def test_the_prime_is_the_one_that_rfc_3526_defines_by_pi() -> None:
    pair = KeyPair.from_private(3)
    assert pair.public == (8).to_bytes(192)
    # 2^((p-1)/2) is 1 modulo a prime for which 2 is a square, as for this one; and the module computes modulo p.
    assert pow(2, (PRIME - 1) // 2, PRIME) == 1
    assert KeyPair.from_private((PRIME - 1) // 2).public == (1).to_bytes(192)
    assert KeyPair.from_private(1536).public == (2**1536 % PRIME).to_bytes(192)


def test_both_sides_get_the_same_secret() -> None:
    one, other = generate_key_pair(lambda size: b"\x11" * size), generate_key_pair(lambda size: b"\x22" * size)
    assert shared_secret(one, other.public) == shared_secret(other, one.public)
    assert len(shared_secret(one, other.public)) == 192


def test_the_exponent_has_256_bits_whatever_the_entropy() -> None:
    sizes: list[int] = []

    def zeros(size: int) -> bytes:
        sizes.append(size)
        return bytes(size)

    assert generate_key_pair(zeros).private == 1 << 255
    assert sizes == [32]


@pytest.mark.parametrize("peer", [0, 1, PRIME - 1, PRIME, PRIME + 1, PRIME + 2, 2**1536 - 1])
def test_public_keys_out_of_range_are_refused(peer: int) -> None:
    with pytest.raises(ProtocolError, match="out of range"):
        shared_secret(KeyPair.from_private(5), peer.to_bytes(192))


def test_the_least_and_the_greatest_allowed_key_are_accepted() -> None:
    assert shared_secret(KeyPair.from_private(1), (2).to_bytes(192)) == (2).to_bytes(192)
    assert shared_secret(KeyPair.from_private(1), (PRIME - 2).to_bytes(192)) == (PRIME - 2).to_bytes(192)


def test_a_degenerate_secret_is_refused() -> None:
    with pytest.raises(ProtocolError, match="degenerate"):
        shared_secret(KeyPair.from_private(0), (2).to_bytes(192))


def test_a_key_without_its_leading_zeros_is_the_same_key() -> None:
    assert shared_secret(KeyPair.from_private(7), b"\x02" + bytes(189)) == shared_secret(
        KeyPair.from_private(7), bytes(2) + b"\x02" + bytes(189)
    )


def test_the_secret_is_padded_on_the_left() -> None:
    assert shared_secret(KeyPair.from_private(2), (3).to_bytes(192)) == bytes(191) + b"\x09"


def test_nothing_private_is_in_the_repr() -> None:
    assert repr(generate_key_pair(lambda size: b"\x55" * size)) == "KeyPair()"
    assert diffie_hellman.PUBLIC_KEY_SIZE == 192
