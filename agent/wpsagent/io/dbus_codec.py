# SPDX-License-Identifier: BSD-3-Clause
"""Messages of D-Bus as octets: D-Bus Specification 0.42, "Type System" and "Message Protocol".

| signature | here |
|---|---|
| y n q i u x t | int |
| b | bool |
| d | float |
| s o g | str |
| ay | bytes |
| a… | list |
| a{…} | dict |
| (…) | tuple |
| v | Variant |

Written in little endian, read in both.  Refused: file descriptors (h), messages of more than 1 MiB, containers nested
more than 32 deep, messages whose body is not what their signature says.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from wpsagent.errors import DecodeError

FIXED_HEADER = 16
"""Octets from which `message_length` tells the rest."""
_MAXIMUM = 1 << 20
_MAXIMUM_DEPTH = 32
_VERSION = 1
_NO_AUTO_START = 0x2  # who is not there shall stay so

_INTEGERS = {"y": "B", "n": "h", "q": "H", "i": "i", "u": "I", "x": "q", "t": "Q", "d": "d", "b": "I"}
_ALIGNMENT = {
    **{name: struct.calcsize(f"<{form}") for name, form in _INTEGERS.items()},
    "s": 4,
    "o": 4,
    "g": 1,
    "a": 4,
    "(": 8,
    "{": 8,
    "v": 1,
}


class MessageType(IntEnum):
    METHOD_CALL = 1
    METHOD_RETURN = 2
    ERROR = 3
    SIGNAL = 4


@dataclass(frozen=True, slots=True)
class Variant:
    """A value that brings its type."""

    signature: str
    value: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Message:
    """A message.  body may hold secrets."""

    type: MessageType
    serial: int
    path: str = ""
    interface: str = ""
    member: str = ""
    error_name: str = ""
    reply_serial: int = 0
    destination: str = ""
    sender: str = ""
    signature: str = ""
    body: tuple[Any, ...] = field(default=(), repr=False)

    def encode(self) -> bytes:
        """Raises ValueError where the body is not what the signature says."""
        body = _Writer()
        for kind, value in zip(single_types(self.signature), self.body, strict=True):
            body.write(kind, value)
        fields = [
            (code, Variant(kind, getattr(self, name))) for code, (name, kind) in _FIELDS.items() if getattr(self, name)
        ]
        header = _Writer()
        fixed = (ord("l"), self.type, _NO_AUTO_START, _VERSION, len(body.octets), self.serial)
        for kind, value in zip("yyyyuu", fixed, strict=True):
            header.write(kind, value)
        header.write("a(yv)", fields)
        header.align(8)
        return bytes(header.octets + body.octets)

    @classmethod
    def decode(cls, octets: bytes) -> "Message":
        """One whole message; raises DecodeError."""
        if len(octets) != message_length(octets):
            raise DecodeError("D-Bus: the message has not the length that it tells")
        order = _order(octets)
        header = _Reader(octets, order)
        _, kind, _, _, body_length, serial = (header.read(each) for each in "yyyyuu")
        fields = _fields(header.read("a(yv)"))
        header.align(8)
        if kind not in MessageType.__members__.values():
            raise DecodeError(f"D-Bus: there is no message type {kind}")
        body = _Reader(octets[header.position :], order)
        if body.left != body_length:
            raise DecodeError("D-Bus: the header has not the length that it tells")
        values = tuple(body.read(each) for each in single_types(fields.get("signature", "")))
        if body.left:
            raise DecodeError("D-Bus: the body is longer than its signature says")
        return cls(MessageType(kind), serial, body=values, **fields)


_FIELDS = {
    1: ("path", "o"),
    2: ("interface", "s"),
    3: ("member", "s"),
    4: ("error_name", "s"),
    5: ("reply_serial", "u"),
    6: ("destination", "s"),
    7: ("sender", "s"),
    8: ("signature", "g"),
}


def _fields(pairs: list[tuple[int, Variant]]) -> dict[str, Any]:
    """By name; codes that we do not know are skipped, as the specification wants."""
    found = {}
    for code, variant in pairs:
        if code in _FIELDS:
            name, kind = _FIELDS[code]
            if variant.signature != kind:
                raise DecodeError(f"D-Bus: the header's {name} has the wrong type")
            found[name] = variant.value
    return found


def message_length(start: bytes) -> int:
    """Octets of the message that begins so; raises DecodeError.  start: FIXED_HEADER octets or more."""
    if len(start) < FIXED_HEADER:
        raise DecodeError("D-Bus: the message is cut off")
    body, _, fields = struct.unpack_from(f"{_order(start)}III", start, 4)
    length: int = FIXED_HEADER + fields + -fields % 8 + body
    if start[3] != _VERSION or length > _MAXIMUM:
        raise DecodeError("D-Bus: not a message of its version 1, or one of more than 1 MiB")
    return length


def _order(octets: bytes) -> str:
    match octets[:1]:
        case b"l":
            return "<"
        case b"B":
            return ">"
        case _:
            raise DecodeError("D-Bus: a message begins with l or B")


def single_types(signature: str) -> Iterator[str]:
    """The complete types that a signature is made of; raises DecodeError."""
    position = 0
    while position < len(signature):
        end = _end_of(signature, position, 0)
        yield signature[position:end]
        position = end


def _end_of(signature: str, position: int, depth: int) -> int:
    """Where the complete type that begins at position ends."""
    kind = signature[position : position + 1]
    if depth > _MAXIMUM_DEPTH or kind not in _ALIGNMENT or not kind:
        raise DecodeError("D-Bus: a signature that cannot be understood")
    match kind:
        case "a":
            return _end_of(signature, position + 1, depth + 1)
        case "(" | "{":
            closing = ")" if kind == "(" else "}"
            end = position + 1
            while signature[end : end + 1] != closing:
                end = _end_of(signature, end, depth + 1)
            return end + 1
        case _:
            return position + 1


class _Writer:
    def __init__(self) -> None:
        self.octets = bytearray()

    def align(self, size: int) -> None:
        self.octets += bytes(-len(self.octets) % size)

    def write(self, kind: str, value: Any) -> None:
        first = kind[0]
        self.align(_ALIGNMENT[first])
        match first:
            case "s" | "o":
                self._text("<I", value)
            case "g":
                self._text("<B", value)
            case "v":
                self.write("g", value.signature)
                self.write(value.signature, value.value)
            case "a":
                self._array(kind[1:], value)
            case "(":
                for each, part in zip(single_types(kind[1:-1]), value, strict=True):
                    self.write(each, part)
            case _:
                try:
                    self.octets += struct.pack(f"<{_INTEGERS[first]}", value)
                except struct.error as error:
                    raise ValueError(str(error)) from None

    def _text(self, form: str, text: str) -> None:
        octets = text.encode()
        if 0 in octets:
            raise ValueError("a NUL in a text")
        self.octets += struct.pack(form, len(octets)) + octets + b"\0"

    def _array(self, kind: str, values: Any) -> None:
        place = len(self.octets)
        self.octets += bytes(4)
        self.align(_ALIGNMENT[kind[0]])
        start = len(self.octets)
        if kind == "y":
            self.octets += values
        elif kind[0] == "{":
            key, value = single_types(kind[1:-1])
            for name, content in values.items():
                self.align(8)
                self.write(key, name)
                self.write(value, content)
        else:
            for each in values:
                self.write(kind, each)
        struct.pack_into("<I", self.octets, place, len(self.octets) - start)


class _Reader:
    def __init__(self, octets: bytes, order: str) -> None:
        self._octets = octets
        self._order = order
        self.position = 0
        self._depth = 0

    @property
    def left(self) -> int:
        return len(self._octets) - self.position

    def align(self, size: int) -> None:
        if any(self.take(-self.position % size)):
            raise DecodeError("D-Bus: padding that is not zero")

    def take(self, count: int) -> bytes:
        if count > self.left:
            raise DecodeError("D-Bus: the message is cut off")
        self.position += count
        return self._octets[self.position - count : self.position]

    def read(self, kind: str) -> Any:
        first = kind[0]
        self.align(_ALIGNMENT[first])
        if first in _INTEGERS:
            form = f"{self._order}{_INTEGERS[first]}"
            (number,) = struct.unpack(form, self.take(struct.calcsize(form)))
            return bool(number) if first == "b" else number
        if first in "so":
            return self._text(self.read("u"))
        if first == "g":
            return self._text(self.read("y"))
        if self._depth > _MAXIMUM_DEPTH:
            raise DecodeError("D-Bus: nested too deeply")
        self._depth += 1
        value = self._container(kind)
        self._depth -= 1
        return value

    def _text(self, length: int) -> str:
        octets = self.take(length + 1)
        try:
            return octets[:-1].decode()
        except UnicodeDecodeError:
            raise DecodeError("D-Bus: a text that is not UTF-8") from None

    def _variant(self) -> Variant:
        signature = self.read("g")
        if len(list(single_types(signature))) != 1:
            raise DecodeError("D-Bus: a variant holds one complete type")
        return Variant(signature, self.read(signature))

    def _array(self, kind: str) -> Any:
        length = self.read("u")
        self.align(_ALIGNMENT[kind[0]])
        if length > self.left:
            raise DecodeError("D-Bus: an array is cut off")
        if kind == "y":
            return self.take(length)
        end = self.position + length
        items: list[Any] = []
        while self.position < end:
            items.append(self._entry(kind) if kind[0] == "{" else self.read(kind))
            if len(items) > length:  # empty structures take no room
                raise DecodeError("D-Bus: an array of nothing")
        if self.position != end:
            raise DecodeError("D-Bus: an array has not the length that it tells")
        return dict(items) if kind[0] == "{" else items

    def _entry(self, kind: str) -> tuple[Any, Any]:
        self.align(8)
        types = list(single_types(kind[1:-1]))
        if len(types) != 2 or types[0] not in (*_INTEGERS, "s", "o", "g"):
            raise DecodeError("D-Bus: a dictionary's entry is a basic key and a value")
        return self.read(types[0]), self.read(types[1])

    def _container(self, kind: str) -> Any:
        match kind[0]:
            case "v":
                return self._variant()
            case "(":
                return tuple(self.read(each) for each in single_types(kind[1:-1]))
            case "a":
                return self._array(kind[1:])
            case _:
                raise DecodeError("D-Bus: an entry that is in no dictionary")
