# SPDX-License-Identifier: BSD-3-Clause
"""The kernel's GPIO character device, /dev/gpiochip<n>, version 2 of its interface (linux/gpio.h, Linux 5.10).

A line is asked for from the chip and is a file of its own from then on: reading it gives edges, each with the time at
which its interrupt came, closing it gives the line back.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntFlag
from pathlib import Path

from wpsagent_board.errors import BoardError
from wpsagent_board.ioctl import READ, WRITE, ioctl_request

DEV = Path("/dev")

CONSUMER = "wps-agent"
"""What `gpioinfo` calls us."""

PI_LABELS = ("pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835")
"""The chips with the pins of a Raspberry Pi's header: 5; 4; all before.  Their numbers differ between kernels."""

_NAME = 32  # GPIO_MAX_NAME_SIZE
_EVENTS = 64
"""Edges that the kernel keeps for a loop that is late; the oldest go first."""

_CHIP_INFO = struct.Struct(f"={_NAME}s{_NAME}sI")  # name, label, lines
_LINE_INFO = struct.Struct(f"={_NAME}s{_NAME}sIIQ176x")  # name, consumer, offset, attributes, flags
_CONFIG = struct.Struct("=QI20xI4xQQ216x")  # flags, attributes; the first one's id, value and lines
_REQUEST = struct.Struct(f"=I252x{_NAME}s{_CONFIG.size}sII20xi")  # offset, consumer, config, lines, events, descriptor
_VALUES = struct.Struct("=QQ")  # levels, lines
_EVENT = struct.Struct("=QIIII24x")  # nanoseconds, what, offset, its number in the request, its number on the line
_OUTPUT_VALUES = 2  # GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES
_RISING = 1  # GPIO_V2_LINE_EVENT_RISING_EDGE

_KIND = 0xB4
_GET_CHIP_INFO = ioctl_request(READ, _KIND, 0x01, _CHIP_INFO.size)
_GET_LINE_INFO = ioctl_request(READ | WRITE, _KIND, 0x05, _LINE_INFO.size)
_GET_LINE = ioctl_request(READ | WRITE, _KIND, 0x07, _REQUEST.size)
_SET_CONFIG = ioctl_request(READ | WRITE, _KIND, 0x0D, _CONFIG.size)
_GET_VALUES = ioctl_request(READ | WRITE, _KIND, 0x0E, _VALUES.size)
_SET_VALUES = ioctl_request(READ | WRITE, _KIND, 0x0F, _VALUES.size)


class LineFlag(IntFlag):
    """enum gpio_v2_line_flag, as far as it is used.  EDGES: rising and falling."""

    INPUT = 1 << 2
    OUTPUT = 1 << 3
    EDGES = 1 << 4 | 1 << 5
    PULL_UP = 1 << 8
    PULL_DOWN = 1 << 9
    NO_PULL = 1 << 10


@dataclass(frozen=True, slots=True)
class LineEdge:
    """The line went to a level at a time of CLOCK_MONOTONIC."""

    at: float
    is_high: bool


class ChipLine:
    """A line that is ours until it is closed.  Everything raises OSError."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._count = 0
        os.set_blocking(descriptor, False)

    def configure(self, flags: LineFlag, *, is_high: bool = False) -> None:
        """is_high: the level of an output from the start."""
        fcntl.ioctl(self.descriptor, _SET_CONFIG, _config(flags, is_high))

    @property
    def is_high(self) -> bool:
        levels, _ = _VALUES.unpack(fcntl.ioctl(self.descriptor, _GET_VALUES, _VALUES.pack(0, 1)))
        return bool(levels & 1)

    def drive(self, is_high: bool) -> None:
        fcntl.ioctl(self.descriptor, _SET_VALUES, _VALUES.pack(is_high, 1))

    def take_edges(self) -> tuple[list[LineEdge], bool]:
        """The edges since the last call, oldest first, and whether some before or among them were lost."""
        octets = os.read(self.descriptor, _EVENTS * _EVENT.size)
        if not octets:
            raise OSError(errno.ENODEV, os.strerror(errno.ENODEV))
        edges, has_gap = [], False
        for nanoseconds, what, _, _, number in _EVENT.iter_unpack(octets):
            has_gap |= number != (self._count + 1) & 0xFFFFFFFF
            self._count = number
            edges.append(LineEdge(nanoseconds / 1e9, what == _RISING))
        return edges, has_gap

    def close(self) -> None:
        os.close(self.descriptor)


class GpioChip:
    """An open chip, needed only to ask for its lines."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.path = path
        self._descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            info = fcntl.ioctl(self._descriptor, _GET_CHIP_INFO, bytes(_CHIP_INFO.size))
        except OSError:
            self.close()
            raise
        _, label, self.lines = _CHIP_INFO.unpack(info)
        self.label = _text(label)

    def line(self, offset: int, flags: LineFlag, *, is_high: bool = False) -> ChipLine:
        """Have a line from now on; raises OSError."""
        request = _REQUEST.pack(offset, CONSUMER.encode(), _config(flags, is_high), 1, _EVENTS, 0)
        return ChipLine(_REQUEST.unpack(fcntl.ioctl(self._descriptor, _GET_LINE, request))[-1])

    def holder(self, offset: int) -> str:
        """What whoever has the line calls itself, empty when it does not say; raises OSError."""
        info = _LINE_INFO.pack(b"", b"", offset, 0, 0)
        return _text(_LINE_INFO.unpack(fcntl.ioctl(self._descriptor, _GET_LINE_INFO, info))[1])

    def close(self) -> None:
        os.close(self._descriptor)


@contextmanager
def open_chip(number: int | None, dev: Path = DEV) -> Iterator[GpioChip]:
    """The chip of a number, or the one with a Raspberry Pi's pins; raises BoardError."""
    chip = _find(dev) if number is None else _open(dev / f"gpiochip{number}")
    if chip is None:
        raise BoardError(chip_trouble(number, dev))
    try:
        yield chip
    finally:
        chip.close()


def chip_trouble(number: int | None, dev: Path = DEV) -> str:
    """Why a chip cannot be had, and what to do."""
    chips = _devices(dev)
    if not chips:
        return "no /dev/gpiochip…: the kernel has no GPIO driver for this board, or it is hidden from this service"
    wanted = chips if number is None else [dev / f"gpiochip{number}"]
    there_are = f"there are: {', '.join(map(str, chips))}"
    if not wanted[0].exists():
        return f"no {wanted[0]}; {there_are}"
    if refused := [path for path in wanted if not os.access(path, os.R_OK | os.W_OK)]:
        names = ", ".join(map(str, refused))
        return f"no permission for {names}: add the user to group gpio (SupplementaryGroups=gpio for a service)"
    if number is None:
        return f"no GPIO chip of this board is a Raspberry Pi's ({', '.join(PI_LABELS)}); {there_are}"
    return f"{wanted[0]} cannot be opened"


def _find(dev: Path) -> GpioChip | None:
    for path in _devices(dev):
        chip = _open(path)
        if chip is not None and chip.label in PI_LABELS:
            return chip
        if chip is not None:
            chip.close()
    return None


def _open(path: Path) -> GpioChip | None:
    try:
        return GpioChip(path)
    except OSError:
        return None


def _devices(dev: Path) -> list[Path]:
    """/dev/gpiochip<n>, by number."""
    return sorted(dev.glob("gpiochip*"), key=lambda path: (len(path.name), path.name))


def _config(flags: LineFlag, is_high: bool) -> bytes:
    """struct gpio_v2_line_config; an output has its level with it, so that it never shows another one."""
    if flags & LineFlag.OUTPUT:
        return _CONFIG.pack(flags, 1, _OUTPUT_VALUES, is_high, 1)
    return _CONFIG.pack(flags, 0, 0, 0, 0)


def _text(octets: bytes) -> str:
    return octets.split(b"\0", 1)[0].decode(errors="replace")
