# SPDX-License-Identifier: BSD-3-Clause
"""Seeded mutation of valid octets, and how much of it one test does.

By default every test does a fixed number of cases, the same in each run.  WPS_FUZZ_SECONDS=n gives each test n seconds
instead, which go on with further seeds: a failure names its seed, its case and the octets.
"""

import os
import random
import time
from collections.abc import Callable, Iterator, Sequence

INTERESTING = (0, 1, 2, 3, 4, 7, 8, 0x10, 0x20, 0x40, 0x7F, 0x80, 0xDD, 0xFE, 0xFF)

_SECONDS = float(os.environ.get("WPS_FUZZ_SECONDS", "0"))


def cases(count: int) -> Iterator[int]:
    """Seeds: 0 to count - 1, or as many as fit into WPS_FUZZ_SECONDS."""
    if not _SECONDS:
        yield from range(count)
        return
    ends_at = time.monotonic() + _SECONDS
    seed = 0
    while time.monotonic() < ends_at:
        yield seed
        seed += 1


def _flip_bit(octets: bytearray, dice: random.Random) -> None:
    octets[dice.randrange(len(octets))] ^= 1 << dice.randrange(8)


def _set_octet(octets: bytearray, dice: random.Random) -> None:
    octets[dice.randrange(len(octets))] = dice.choice(INTERESTING)


def _set_pair(octets: bytearray, dice: random.Random) -> None:
    """Two octets at once: lengths and types are 16 bits wide almost everywhere here."""
    at = dice.randrange(len(octets))
    octets[at : at + 2] = bytes((dice.choice((0, 0, 1, 0xFF)), dice.choice(INTERESTING)))


def _nudge(octets: bytearray, dice: random.Random) -> None:
    """A length that is off by little is worth more than one that is off by much."""
    at = dice.randrange(len(octets))
    octets[at] = (octets[at] + dice.choice((-2, -1, 1, 2))) & 0xFF


def _delete(octets: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(octets))
    del octets[at : at + dice.choice((1, 1, 2, 4, 8, 30))]


def _repeat(octets: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(octets))
    octets[at:at] = octets[at : at + dice.choice((1, 2, 4, 8, 30))] * dice.choice((1, 1, 2, 12))


def _insert(octets: bytearray, dice: random.Random) -> None:
    at = dice.randrange(len(octets) + 1)
    octets[at:at] = dice.randbytes(dice.choice((1, 1, 2, 4, 16)))


def _cut(octets: bytearray, dice: random.Random) -> None:
    del octets[dice.randrange(len(octets)) :]


def _pad(octets: bytearray, dice: random.Random) -> None:
    octets += dice.choice((b"\x00", b"\xff", b"\xdd")) * dice.randrange(1, 40)


_MUTATIONS: Sequence[Callable[[bytearray, random.Random], None]] = (
    _flip_bit,
    _set_octet,
    _set_pair,
    _nudge,
    _delete,
    _repeat,
    _insert,
    _cut,
    _pad,
)


def mutate(octets: bytes, dice: random.Random) -> bytes:
    """octets after one to six mutations."""
    mutable = bytearray(octets)
    for _ in range(dice.choice((1, 1, 1, 2, 3, 6))):
        dice.choice(_MUTATIONS if mutable else (_insert, _pad))(mutable, dice)
    return bytes(mutable)


def generate(corpus: Sequence[bytes], dice: random.Random) -> bytes:
    """Mostly a mutated member of the corpus; sometimes two that are joined, or nothing but noise."""
    kind = dice.randrange(20)
    if kind == 0:
        return dice.randbytes(dice.choice((0, 1, 2, 3, 8, 40, 300)))
    if kind == 1:
        head, tail = dice.choice(corpus), dice.choice(corpus)
        return head[: dice.randrange(len(head) + 1)] + tail[dice.randrange(len(tail) + 1) :]
    return mutate(dice.choice(corpus), dice)
