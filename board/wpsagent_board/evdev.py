# SPDX-License-Identifier: BSD-3-Clause
"""A button that the kernel owns: KEY_WPS_BUTTON (0x211) of an input device, /dev/input/event<n>.

That is a Raspberry Pi with `dtoverlay=gpio-key,gpio=17,keycode=529,label=WPS`, and every board whose device tree has a
gpio-keys button.  The layouts are those of linux/input.h:

    struct input_event   seconds (long), microseconds (long), type (u16), code (u16), value (s32)
    EVIOCGKEY            the keys that are down, one bit each
    EVIOCGBIT(EV_KEY)    the keys that there are, one bit each
    EVIOCSCLOCKID        which clock stamps the events
"""

import asyncio
import fcntl
import logging
import os
import struct
import time
from pathlib import Path

from wpsagent_board.errors import BoardError
from wpsagent_board.ioctl import READ, WRITE, ioctl_request
from wpsagent_board.ports import EdgeHandler

logger = logging.getLogger(__name__)

KEY_WPS_BUTTON = 0x211

INPUT = Path("/dev/input")

_EVENT = struct.Struct("@llHHi")
_EV_SYN, _EV_KEY = 0, 1
_SYN_DROPPED = 3
_KEY_OCTETS = 96  # KEY_MAX is 0x2ff

_EVIOCGKEY = ioctl_request(READ, ord("E"), 0x18, _KEY_OCTETS)
_EVIOCGBIT_KEY = ioctl_request(READ, ord("E"), 0x20 + _EV_KEY, _KEY_OCTETS)
_EVIOCSCLOCKID = ioctl_request(WRITE, ord("E"), 0xA0, 4)


class EvdevButton:
    """A ButtonSource at an input device.  device None: the first one that has the key."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        device: Path | None = None,
        *,
        key: int = KEY_WPS_BUTTON,
        root: Path = INPUT,
    ) -> None:
        self._loop = loop
        self._key = key
        self._callback: EdgeHandler | None = None
        self.device, self._descriptor = _opened(key, device, root)
        # stamps of the loop's clock: an edge that waited for a stalled loop still tells its own time
        fcntl.ioctl(self._descriptor, _EVIOCSCLOCKID, struct.pack("@i", time.CLOCK_MONOTONIC))
        self._is_pressed = _has_key(self._descriptor, _EVIOCGKEY, key)

    @property
    def is_pressed(self) -> bool:
        """The level after the last event."""
        return self._is_pressed

    def start(self, callback: EdgeHandler) -> None:
        self._callback = callback
        self._loop.add_reader(self._descriptor, self._readable)

    def close(self) -> None:
        self._callback = None
        if self._descriptor >= 0:
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
        self._descriptor = -1

    def _readable(self) -> None:
        try:
            octets = os.read(self._descriptor, 64 * _EVENT.size)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._gone(error.strerror or str(error))
            return
        if not octets:
            self._gone("end of file")
            return
        whole = octets[: len(octets) // _EVENT.size * _EVENT.size]
        for seconds, microseconds, kind, code, value in _EVENT.iter_unpack(whole):
            self._event(seconds + microseconds / 1_000_000, kind, code, value)

    def _gone(self, reason: str) -> None:
        logger.warning("the button at %s is gone: %s", self.device, reason)
        self._tell(self._loop.time(), False)
        self.close()

    def _event(self, at: float, kind: int, code: int, value: int) -> None:
        now = min(at, self._loop.time())
        if kind == _EV_KEY and code == self._key and value in (0, 1):  # 2 is a repetition
            self._tell(now, value == 1)
        elif kind == _EV_SYN and code == _SYN_DROPPED and self._descriptor >= 0:
            self._tell(now, _has_key(self._descriptor, _EVIOCGKEY, self._key))

    def _tell(self, now: float, is_pressed: bool) -> None:
        self._is_pressed = is_pressed
        if self._callback is not None:
            self._callback(now, is_pressed)


def _devices(root: Path) -> list[Path]:
    """/dev/input/event<n>, by number."""
    return sorted(root.glob("event*"), key=lambda path: (len(path.name), path.name))


def _opened(key: int, named: Path | None, root: Path) -> tuple[Path, int]:
    """(path, descriptor) of the named device, or of the first that has the key; raises BoardError."""
    refused: list[Path] = []
    devices = [named] if named else _devices(root)
    for device in devices:
        try:
            descriptor = os.open(device, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except PermissionError:
            refused.append(device)
            continue
        except OSError as error:
            if named:
                raise BoardError(f"button at {device}: {error.strerror}") from error
            continue
        try:
            if _has_key(descriptor, _EVIOCGBIT_KEY, key):
                return device, descriptor
        except OSError as error:
            if named:
                os.close(descriptor)
                raise BoardError(f"{device} is not an input device: {error.strerror}") from error
        os.close(descriptor)
    raise _not_found(key, devices, refused, root)


def _not_found(key: int, devices: list[Path], refused: list[Path], root: Path) -> BoardError:
    if refused:
        return BoardError(
            f"no permission for {', '.join(map(str, refused))}: add the user to group input "
            "(SupplementaryGroups=input for a service)"
        )
    where = f"looked at: {', '.join(map(str, devices))}" if devices else f"there is none in {root}"
    return BoardError(
        f"no input device has the key {key:#x} ({where}): on a Raspberry Pi add "
        "dtoverlay=gpio-key,gpio=17,keycode=529,label=WPS to config.txt"
    )


def _has_key(descriptor: int, request: int, key: int) -> bool:
    """The bit of a key in the answer of EVIOCGKEY or EVIOCGBIT."""
    bits = fcntl.ioctl(descriptor, request, bytes(_KEY_OCTETS))
    return bool(bits[key // 8] >> key % 8 & 1)
