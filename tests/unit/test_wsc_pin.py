# SPDX-License-Identifier: BSD-3-Clause
"""PINs: check digits, judgement of what was typed, unbiased generation."""

from collections.abc import Callable

import pytest

from wpsagent.errors import AgentError
from wpsagent.wsc.pin import PinCheck, check_digit, check_pin, generate_pin, normalize_pin


def entropy_of(*numbers: int) -> Callable[[int], bytes]:
    draws = iter(numbers)
    return lambda size: next(draws).to_bytes(size)


@pytest.mark.parametrize(
    ("first_seven", "digit"), [(1234567, 0), (0, 0), (9999999, 5), (7654321, 0), (1, 7), (1000000, 7), (10, 9)]
)
def test_check_digit(first_seven: int, digit: int) -> None:
    assert check_digit(first_seven) == digit


@pytest.mark.parametrize(
    ("pin", "verdict"),
    [
        (b"12345670", PinCheck.VALID),
        (b"99999995", PinCheck.VALID),
        (b"0000", PinCheck.VALID),
        (b"12345678", PinCheck.WRONG_CHECK_DIGIT),
        (b"00000001", PinCheck.WRONG_CHECK_DIGIT),
        (b"", PinCheck.WRONG_LENGTH),
        (b"123", PinCheck.WRONG_LENGTH),
        (b"1234567", PinCheck.WRONG_LENGTH),
        (b"123456701", PinCheck.WRONG_LENGTH),
        (b"12a4", PinCheck.WRONG_LENGTH),
        ("١٢٣٤".encode(), PinCheck.WRONG_LENGTH),
    ],
)
def test_check_pin(pin: bytes, verdict: PinCheck) -> None:
    assert check_pin(pin) is verdict


@pytest.mark.parametrize("text", ["12345670", "1234-5670", "1234 5670", " 1 2-3:4/5.6\t7x0\n", "1234\u00b25670"])
def test_normalize_pin_keeps_ascii_digits_only(text: str) -> None:
    assert normalize_pin(text) == b"12345670"


def test_normalize_pin_of_no_digits_is_empty() -> None:
    assert normalize_pin("\u0661 abc") == b""


@pytest.mark.parametrize(
    ("number", "pin"),
    [
        (0, b"00000000"),
        (1, b"00000017"),
        (1234567, b"12345670"),
        (9_999_999, b"99999995"),
        (10_000_000, b"00000000"),
        (4_289_999_999, b"99999995"),
    ],
)
def test_generated_pin_is_the_draw_modulo_ten_million_with_its_check_digit(number: int, pin: bytes) -> None:
    assert generate_pin(entropy_of(number)) == pin
    assert check_pin(pin) is PinCheck.VALID


def test_draws_that_would_favour_small_numbers_are_rejected() -> None:
    assert generate_pin(entropy_of(4_290_000_000, 0xFFFFFFFF, 7654321)) == b"76543210"


def test_the_last_allowed_draw_still_counts() -> None:
    assert generate_pin(entropy_of(*[0xFFFFFFFF] * 63, 1234567)) == b"12345670"


def test_broken_entropy_source_gives_an_error_and_no_pin() -> None:
    with pytest.raises(AgentError, match="source is broken"):
        generate_pin(lambda size: b"\xff" * size)
