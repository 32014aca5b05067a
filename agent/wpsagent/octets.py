# SPDX-License-Identifier: BSD-3-Clause
"""Octets: a bounds-checked reader, and the two values that run through every layer, addresses and SSIDs.

Multi-octet integers are big-endian where Wi-Fi Simple Configuration, EAP and EAPOL are read (`u16`, `u32`), and
little-endian where IEEE 802.11 is (`u16_le`, `u32_le`).
"""

from typing import Self

from wpsagent.errors import DecodeError


class MacAddress(bytes):
    """A 48-bit MAC address: six octets that print as aa:bb:cc:dd:ee:ff (IEEE 802, 8.2.2)."""

    __slots__ = ()

    def __new__(cls, octets: bytes) -> Self:
        if len(octets) != 6:
            raise DecodeError(f"a MAC address has 6 octets, not {len(octets)}")
        return super().__new__(cls, octets)

    @classmethod
    def parse(cls, text: str) -> Self:
        """From text such as 02:00:00:00:01:00 (':' or '-' between); raises DecodeError."""
        parts = text.replace("-", ":").split(":")
        if len(parts) != 6 or not all(len(part) == 2 for part in parts):
            raise DecodeError(f"not a MAC address: {text!r} (expected six pairs such as 02:00:00:00:01:00)")
        try:
            return cls(bytes.fromhex("".join(parts)))
        except ValueError:
            raise DecodeError(f"not a MAC address: {text!r} (expected hexadecimal digits)") from None

    @property
    def is_multicast(self) -> bool:
        """True for group addresses, broadcast among them."""
        return bool(self[0] & 1)

    def __str__(self) -> str:
        return self.hex(":")

    def __repr__(self) -> str:
        return f"MacAddress({self.hex(':')})"


BROADCAST = MacAddress(b"\xff" * 6)
NO_ADDRESS = MacAddress(bytes(6))


_ESCAPES = {0x22: '\\"', 0x5C: "\\\\", 0x1B: "\\e", 0x0A: "\\n", 0x0D: "\\r", 0x09: "\\t"}


class Ssid(bytes):
    """A network's name: 0 to 32 octets of any value (IEEE 802.11-2020, 9.4.2.2).

    Prints with the escapes that wpa_supplicant uses: quote, backslash, ESC, newline, return and tab by name, other
    octets that are not printable ASCII as \\xNN.
    """

    __slots__ = ()

    def __new__(cls, octets: bytes) -> Self:
        if len(octets) > 32:
            raise DecodeError(f"an SSID has at most 32 octets, not {len(octets)}")
        return super().__new__(cls, octets)

    def __str__(self) -> str:
        return "".join(_ESCAPES.get(o) or (chr(o) if 32 <= o < 127 else f"\\x{o:02x}") for o in self)

    def __repr__(self) -> str:
        return f"Ssid({self!s})"


class Reader:
    """Reads octets from front to back; reading past the end raises DecodeError, never IndexError."""

    __slots__ = ("_at", "_octets")

    def __init__(self, octets: bytes) -> None:
        self._octets = octets
        self._at = 0

    @property
    def remaining(self) -> int:
        """Octets not yet read."""
        return len(self._octets) - self._at

    def take(self, count: int) -> bytes:
        """The next count octets; raises DecodeError when fewer are left."""
        if count > self.remaining:
            raise DecodeError(f"{count} octets expected at offset {self._at}, {self.remaining} left")
        start = self._at
        self._at += count
        return self._octets[start : self._at]

    def rest(self) -> bytes:
        """All octets not yet read."""
        return self.take(self.remaining)

    def u8(self) -> int:
        return self.take(1)[0]

    def u16(self) -> int:
        return int.from_bytes(self.take(2))

    def u24(self) -> int:
        return int.from_bytes(self.take(3))

    def u32(self) -> int:
        return int.from_bytes(self.take(4))

    def u64(self) -> int:
        return int.from_bytes(self.take(8))

    def u16_le(self) -> int:
        return int.from_bytes(self.take(2), "little")

    def u32_le(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def address(self) -> MacAddress:
        return MacAddress(self.take(6))
