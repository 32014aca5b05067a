# SPDX-License-Identifier: BSD-3-Clause
"""Tells when a network interface goes down or disappears, which nl80211 says of connected stations only.

Sources: rtnetlink(7), linux/rtnetlink.h.  RTM_NEWLINK and RTM_DELLINK carry struct ifinfomsg:

    offset 0, 1 octet, family;  1, 1, padding;  2, 2, type;  4, 4, index;  8, 4, flags (IFF_*);  12, 4, change mask

What is no such message is ignored.  When the kernel dropped messages the handler is called all the same: it looks.
"""

import asyncio
import errno
import logging
import socket
import struct
from collections.abc import Callable

from wpsagent.errors import DecodeError, RadioError
from wpsagent.io.nl80211.netlink import RawMessage, split_messages

_log = logging.getLogger(__name__)

_NETLINK_ROUTE = 0
_RTMGRP_LINK = 1
_RTM_NEWLINK = 16
_RTM_DELLINK = 17
_IFF_UP = 0x1
_IFINFOMSG = struct.Struct("=BBHiII")
_DATAGRAM_SIZE = 65536
_DATAGRAMS_AT_ONCE = 32


class LinkWatch:
    """Calls the handler when the interface of this index may have gone down or away."""

    def __init__(self, index: int, handler: Callable[[], None]) -> None:
        """Raises RadioError.  Must be called in the loop that is to read."""
        self._index = index
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._socket = _open()
        self._is_closed = False
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        self._loop.remove_reader(self._socket)
        self._socket.close()

    def _readable(self) -> None:
        for _ in range(_DATAGRAMS_AT_ONCE):
            if self._is_closed:
                return
            try:
                datagram = self._socket.recv(_DATAGRAM_SIZE)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:
                self._failed(error)
                return
            self._received(datagram)

    def _failed(self, error: OSError) -> None:
        if error.errno != errno.ENOBUFS:
            _log.error("reading the state of network interfaces failed: %s", error)
        self._handler()

    def _received(self, datagram: bytes) -> None:
        try:
            messages = split_messages(datagram)
        except DecodeError as error:
            _log.warning("garbled message about network interfaces ignored: %s", error)
            return
        if any(self._is_end(message) for message in messages):
            self._handler()

    def _is_end(self, message: RawMessage) -> bool:
        if message.type not in (_RTM_NEWLINK, _RTM_DELLINK) or len(message.payload) < _IFINFOMSG.size:
            return False
        _family, _padding, _type, index, flags, _change = _IFINFOMSG.unpack_from(message.payload)
        return index == self._index and (message.type == _RTM_DELLINK or not flags & _IFF_UP)


def _open() -> socket.socket:
    try:
        sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _NETLINK_ROUTE)
        sock.bind((0, _RTMGRP_LINK))
    except OSError as error:
        raise RadioError(f"cannot watch network interfaces: {error.strerror}") from error
    return sock
