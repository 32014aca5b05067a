# SPDX-License-Identifier: BSD-3-Clause
"""The device password as a PIN: check digit, validity, generation (Wi-Fi Simple Configuration 2.0, section 7.4.1).

A PIN is kept as the ASCII digits that are hashed.  Eight digits carry a check digit in the last place; four digits
carry none.  Generation refuses to go on when the entropy source gives nothing usable: a PIN is never a fixed number.
"""

from enum import Enum
from typing import TYPE_CHECKING

from wpsagent.errors import AgentError

if TYPE_CHECKING:  # the ports are many, and the command line checks PINs without them
    from wpsagent.ports import Entropy

_DIGITS = frozenset("0123456789")
_SEVEN_DIGITS = 10_000_000
# Four octets give 0 … 2^32 - 1; numbers from the last whole multiple of 10^7 on would favour the small remainders.
_REJECTED_FROM = (1 << 32) // _SEVEN_DIGITS * _SEVEN_DIGITS
# One number in 857 is rejected, so 64 rejections in a row mean a broken source, not bad luck.
_MAX_DRAWS = 64


class PinCheck(Enum):
    """What WPS_CHECK_PIN can say of a PIN."""

    VALID = "valid"
    WRONG_LENGTH = "wrong length"
    WRONG_CHECK_DIGIT = "wrong check digit"


def check_digit(first_seven: int) -> int:
    """The eighth digit of a PIN whose first seven digits are the decimal number first_seven (0 … 9 999 999).

    (3·d1 + d2 + 3·d3 + d4 + 3·d5 + d6 + 3·d7 + d8) mod 10 = 0.
    """
    digits = [int(digit) for digit in f"{first_seven:07}"]
    return -(3 * sum(digits[0::2]) + sum(digits[1::2])) % 10


def normalize_pin(text: str) -> bytes:
    """The ASCII digits of what a person typed: "1234-5670" and "1234 5670" are both 12345670."""
    return "".join(character for character in text if character in _DIGITS).encode("ascii")


def check_pin(pin: bytes) -> PinCheck:
    """Judge a normalized PIN: four digits without a check digit, or eight with the right one."""
    if len(pin) not in (4, 8) or not pin.isdigit():
        return PinCheck.WRONG_LENGTH
    if len(pin) == 8 and check_digit(int(pin[:7])) != int(pin[7:]):
        return PinCheck.WRONG_CHECK_DIGIT
    return PinCheck.VALID


def generate_pin(entropy: "Entropy") -> bytes:
    """Eight ASCII digits, the first seven uniformly random; raises AgentError when the entropy source is broken."""
    for _ in range(_MAX_DRAWS):
        number = int.from_bytes(entropy(4))
        if number < _REJECTED_FROM:
            first_seven = number % _SEVEN_DIGITS
            return f"{first_seven:07}{check_digit(first_seven)}".encode("ascii")
    raise AgentError(f"no PIN: {_MAX_DRAWS} draws from the entropy source gave no usable number; the source is broken")
