# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL over AF_PACKET, for radios whose driver has no control port over nl80211.

Sources: packet(7); IEEE 802.1X-2020, 11.1.4 (EtherType 88-8E).  A port of a bridge hands unicast frames to the
bridge before a socket bound to the port sees them, so there the bridge is listened to as well.
"""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable

from wpsagent.errors import DecodeError, RadioError
from wpsagent.octets import MacAddress

_log = logging.getLogger(__name__)

ETHERTYPE_EAPOL = 0x888E
_LARGEST_PDU = 4096  # more than any MTU of Wi-Fi (2304)
_FRAMES_AT_ONCE = 32

EapolHandler = Callable[[MacAddress, bytes], None]


class EapolSocket:
    """Sends and receives EAPOL PDUs on an interface; handler gets (source, PDU from its version octet on)."""

    def __init__(self, interface: str, handler: EapolHandler, *, bridge: str | None = None) -> None:
        """Raises RadioError.  Must be called in the loop that is to read."""
        self._interface = interface
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._sockets: list[socket.socket] = []
        try:
            for name in [interface, *([bridge] if bridge else [])]:
                self._sockets.append(_open(name))
        except RadioError:
            self.close()
            raise
        for sock in self._sockets:
            self._loop.add_reader(sock, self._readable, sock)

    def send(self, destination: MacAddress, pdu: bytes) -> None:
        """Send one PDU.  Raises RadioError."""
        if not self._sockets:
            raise RadioError(f"cannot send EAPOL on {self._interface}: the socket was closed")
        try:
            self._sockets[0].sendto(pdu, (self._interface, ETHERTYPE_EAPOL, 0, 0, bytes(destination)))
        except OSError as error:
            raise RadioError(f"cannot send EAPOL on {self._interface}: {error.strerror}") from error

    def close(self) -> None:
        """Safe to call twice."""
        for sock in self._sockets:
            self._loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()

    def _readable(self, sock: socket.socket) -> None:
        for _ in range(_FRAMES_AT_ONCE):
            try:
                pdu, sender = sock.recvfrom(_LARGEST_PDU)
            except (BlockingIOError, InterruptedError):
                return
            except OSError as error:  # ENETDOWN is told once, when the interface goes down; the radio sees that too
                _log.log(logging.DEBUG if error.errno == errno.ENETDOWN else logging.WARNING, "EAPOL socket: %s", error)
                return
            self._received(pdu, sender)
            if sock not in self._sockets:
                return

    def _received(self, pdu: bytes, sender: tuple[str, int, int, int, bytes]) -> None:
        if sender[2] == socket.PACKET_OUTGOING:
            return
        try:
            source = MacAddress(sender[4])
        except DecodeError:
            return
        self._handler(source, pdu)


def _open(interface: str) -> socket.socket:
    sock = None
    try:
        sock = _packet_socket()
        sock.bind((interface, ETHERTYPE_EAPOL))
    except OSError as error:
        if sock is not None:
            sock.close()
        reason = "not permitted (CAP_NET_RAW is needed)" if error.errno == errno.EPERM else error.strerror
        raise RadioError(f"cannot listen for EAPOL on {interface}: {reason}") from error
    return sock


def _packet_socket() -> socket.socket:
    """Bound to no protocol, so that nothing is received before it is bound to an interface."""
    return socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
