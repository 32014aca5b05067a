# SPDX-License-Identifier: BSD-3-Clause
"""AES Key Wrap: the vectors of RFC 3394, section 4, both ways, and what is refused."""

import pytest

from wpsagent.crypto.key_wrap import unwrap, wrap
from wpsagent.errors import DecodeError, UsageError

KEY = bytes(range(32))
DATA = bytes.fromhex("00112233445566778899aabbccddeeff") + bytes(range(16))
VECTORS = [
    (16, 16, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"),
    (24, 16, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"),
    (32, 16, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
    (24, 24, "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"),
    (32, 24, "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"),
    (32, 32, "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"),
]


@pytest.mark.parametrize(("key_size", "data_size", "wrapped"), VECTORS)
def test_rfc_3394_vector_both_ways(key_size: int, data_size: int, wrapped: str) -> None:
    assert wrap(KEY[:key_size], DATA[:data_size]).hex() == wrapped
    assert unwrap(KEY[:key_size], bytes.fromhex(wrapped)) == DATA[:data_size]


@pytest.mark.parametrize("size", [0, 8, 15, 17, 20])
def test_plaintext_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(UsageError, match=f"not {size}"):
        wrap(KEY[:16], bytes(size))


def test_wrapped_octets_of_another_size_are_refused() -> None:
    wrapped = wrap(KEY[:16], DATA)
    for size in range(len(wrapped)):
        with pytest.raises(DecodeError):
            unwrap(KEY[:16], wrapped[:size])


def test_every_changed_octet_and_a_wrong_key_are_refused() -> None:
    wrapped = wrap(KEY[:16], DATA)
    for at in range(len(wrapped)):
        with pytest.raises(DecodeError, match="do not open with this key"):
            unwrap(KEY[:16], wrapped[:at] + bytes((wrapped[at] ^ 1,)) + wrapped[at + 1 :])
    with pytest.raises(DecodeError, match="do not open with this key"):
        unwrap(KEY[1:17], wrapped)
