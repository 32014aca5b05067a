# SPDX-License-Identifier: BSD-3-Clause
"""Buttons of OpenWrt routers: the uevents of its gpio-button-hotplug driver.

That driver takes the place of gpio-keys and makes no input device.  It broadcasts to group 1 of NETLINK_KOBJECT_UEVENT
a header and then "NAME=value" strings, each ended by a zero octet:

    SUBSYSTEM=button  ACTION=pressed | released  BUTTON=wps  SEEN=<seconds since the last event>  [TYPE=switch]

Messages of anyone but the kernel are refused.
"""

import asyncio
import logging
import socket

from wpsagent_board.errors import BoardError
from wpsagent_board.ports import EdgeHandler

logger = logging.getLogger(__name__)

_NETLINK_KOBJECT_UEVENT = 15
_KERNEL_GROUP = 1
_MAX_OCTETS = 8192


def decode_uevent(octets: bytes) -> dict[str, str]:
    """The names and values of a uevent; whatever is not NAME=value is passed over."""
    words = octets.decode("utf-8", "replace").split("\0")
    return dict(word.split("=", 1) for word in words if "=" in word)


def button_level(octets: bytes, button: str) -> bool | None:
    """True: the button was pressed, False: released, None: the uevent is about something else."""
    uevent = decode_uevent(octets)
    if uevent.get("SUBSYSTEM") != "button" or uevent.get("BUTTON") != button:
        return None
    return {"pressed": True, "released": False}.get(uevent.get("ACTION", ""))


class UeventButton:
    """A ButtonSource of kernel uevents.  name: as in BUTTON=…"""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str = "wps") -> None:
        self._loop = loop
        self._name = name
        self._callback: EdgeHandler | None = None
        self._is_pressed = False
        self._socket: socket.socket | None = open_uevent_socket()

    @property
    def is_pressed(self) -> bool:
        """The level after the last uevent; released before the first, for the driver cannot be asked."""
        return self._is_pressed

    def start(self, callback: EdgeHandler) -> None:
        if self._socket is None:
            raise BoardError("the button is closed")
        self._callback = callback
        self._loop.add_reader(self._socket, self._readable, self._socket)

    def close(self) -> None:
        self._callback = None
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
        self._socket = None

    def _readable(self, uevents: socket.socket) -> None:
        try:
            octets, (sender, _groups) = uevents.recvfrom(_MAX_OCTETS)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            # ENOBUFS: more uevents at once than the socket holds
            logger.warning("uevents were lost: %s", error.strerror)
            return
        level = button_level(octets, self._name) if sender == 0 else None
        if level is not None:
            self._is_pressed = level
            if self._callback is not None:
                self._callback(self._loop.time(), level)


def open_uevent_socket() -> socket.socket:
    """A socket that hears the kernel's uevents; raises BoardError."""
    try:
        uevents = socket.socket(
            socket.AF_NETLINK, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC, _NETLINK_KOBJECT_UEVENT
        )
    except OSError as error:
        raise BoardError(f"no uevents: {error.strerror}: AF_NETLINK must be allowed to the service") from error
    try:
        uevents.bind((0, _KERNEL_GROUP))
    except OSError as error:
        uevents.close()
        raise BoardError(f"no uevents: {error.strerror}") from error
    return uevents
