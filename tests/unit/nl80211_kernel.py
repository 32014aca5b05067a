# SPDX-License-Identifier: BSD-3-Clause
"""A kernel for tests: a netlink socket whose other end is a script.

Requests are taken apart and answers built with struct alone, so that nothing here can agree with a fault of the codec.
A command without an answer of its own is acknowledged.
"""

import errno
import socket
import struct
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PORT = 4711
FAMILY = 0x1C
CONTROL_FAMILY = 0x10
GROUPS = {"config": 2, "scan": 3, "regulatory": 4, "mlme": 5}

ERROR, DONE = 2, 3
ACK, MULTI, DUMP_INTERRUPTED, DUMP, CAPPED, ACK_TLVS = 0x04, 0x02, 0x10, 0x300, 0x100, 0x200


def attribute(number: int, payload: bytes = b"") -> bytes:
    """One attribute with its padding."""
    octets = struct.pack("=HH", 4 + len(payload), number) + payload
    return octets + bytes(-len(octets) % 4)


def nest(number: int, *inner: bytes) -> bytes:
    return attribute(number | 0x8000, b"".join(inner))


def u8(value: int) -> bytes:
    return struct.pack("=B", value)


def u16(value: int) -> bytes:
    return struct.pack("=H", value)


def u32(value: int) -> bytes:
    return struct.pack("=I", value)


def u64(value: int) -> bytes:
    return struct.pack("=Q", value)


def message(kind: int, flags: int, sequence: int, payload: bytes, port: int = PORT) -> bytes:
    octets = struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, port) + payload
    return octets + bytes(-len(octets) % 4)


def generic(command: int, *attributes: bytes) -> bytes:
    return struct.pack("=BBH", command, 1, 0) + b"".join(attributes)


def event(command: int, *attributes: bytes) -> bytes:
    """A message that nobody asked for."""
    return message(FAMILY, 0, 0, generic(command, *attributes), port=0)


@dataclass(frozen=True)
class Request:
    """What the agent sent."""

    kind: int
    flags: int
    sequence: int
    command: int
    attributes: bytes

    @classmethod
    def parse(cls, octets: bytes) -> "Request":
        length, kind, flags, sequence, port = struct.unpack_from("=IHHII", octets)
        assert length == len(octets)
        assert port == 0
        assert octets[17:20] == b"\x01\x00\x00"
        return cls(kind, flags, sequence, octets[16], octets[20:])

    @property
    def values(self) -> dict[int, bytes]:
        """Payloads by attribute number."""
        found, at = {}, 0
        while at < len(self.attributes):
            length, number = struct.unpack_from("=HH", self.attributes, at)
            found[number & 0x3FFF] = self.attributes[at + 4 : at + length]
            at += length + -length % 4
        return found

    def reply(self, command: int, *attributes: bytes, flags: int = 0, port: int = PORT) -> bytes:
        return message(self.kind, flags, self.sequence, generic(command, *attributes), port)

    def end(self, code: int = 0, text: str = "") -> bytes:
        """The acknowledgement, with the kernel's own words if given: the request's header capped, then attributes."""
        payload = struct.pack("=i", -code) + struct.pack("=IHHII", 36, self.kind, self.flags, self.sequence, PORT)
        flags = CAPPED
        if text:
            flags |= ACK_TLVS
            payload += attribute(1, text.encode() + b"\0") + attribute(2, u32(20))
        return message(ERROR, flags, self.sequence, payload)

    def done(self, code: int = 0, flags: int = MULTI) -> bytes:
        return message(DONE, flags, self.sequence, struct.pack("=i", -code))


Answer = Callable[[Request], Sequence[bytes | OSError]]


class FakeKernel:
    """The socket and the kernel behind it.  What it is told to deliver is read as the loop finds it readable."""

    def __init__(self) -> None:
        self._near, self._far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._near.setblocking(False)
        self._queue: deque[tuple[bytes | OSError, int, int]] = deque()
        self.answers: dict[int, Answer] = {}
        self.requests: list[Request] = []
        self.memberships: list[int] = []
        self.is_closed = False
        self.send_error: OSError | None = None
        self.groups = dict(GROUPS)

    # ---- what the transport calls

    def fileno(self) -> int:
        return self._near.fileno()

    def getsockname(self) -> tuple[int, int]:
        return PORT, 0

    def setsockopt(self, level: int, name: int, value: int, /) -> None:
        assert (level, name) == (270, 1)
        if value == 0:
            raise OSError(errno.EINVAL, "no such group")
        self.memberships.append(value)

    def send(self, octets: bytes, /) -> int:
        if self.send_error is not None:
            raise self.send_error
        request = Request.parse(octets)
        if request.kind == CONTROL_FAMILY:
            answer = self.answers.get(-1, self.describe_family)
        else:
            self.requests.append(request)
            answer = self.answers.get(request.command, lambda r: [r.done() if r.flags & DUMP == DUMP else r.end()])
        for datagram in answer(request):
            self.deliver(datagram)
        return len(octets)

    def recvmsg_into(self, buffers: list[bytearray], /) -> tuple[int, object, int, tuple[int, int]]:
        self._near.recv(1)
        content, sender, flags = self._queue.popleft()
        if isinstance(content, OSError):
            raise content
        buffers[0][: len(content)] = content
        return len(content), [], flags, (sender, 0)

    def close(self) -> None:
        self.is_closed = True
        self._near.close()
        self._far.close()

    # ---- what a test calls

    def deliver(self, content: bytes | OSError, *, sender: int = 0, flags: int = 0) -> None:
        """A datagram, or an error that reading gives."""
        self._queue.append((content, sender, flags))
        self._far.send(b"!")

    def commands(self) -> list[int]:
        return [request.command for request in self.requests]

    def last(self, command: int) -> Request:
        return next(request for request in reversed(self.requests) if request.command == command)

    def refuse(self, command: int, code: int, text: str = "") -> None:
        self.answers[command] = lambda request: [request.end(code, text)]

    def describe_family(self, request: Request) -> list[bytes]:
        assert request.values[2] == b"nl80211\0"
        groups = [
            nest(at, attribute(1, name.encode() + b"\0"), attribute(2, u32(number)))
            for at, (name, number) in enumerate(self.groups.items(), 1)
        ]
        return [
            request.reply(1, attribute(2, b"nl80211\0"), attribute(1, u16(FAMILY)), nest(7, *groups)),
            request.end(),
        ]
