# SPDX-License-Identifier: BSD-3-Clause
"""The control socket, the server's end: AF_UNIX datagrams in the manner of wpa_supplicant and hostapd.

One datagram is one request, at most 8192 octets (more is ignored), and its reply goes to the sender's address, which
may be abstract.  ATTACH, DETACH and LEVEL subscribe an address to events, "<3>TEXT"; everything else is for the
handler.  A reply leaves before the events that its command caused.

The server's folder and socket are for the owner and one group (0770).  A socket that nobody answers on is
taken over, one that somebody answers on is not.  Monitors that have gone are forgotten, slow ones lose events, and
after ten losses in a row they are forgotten as well.

The kernel charges what a connected monitor has not read to the server's send buffer, without any other limit, and
does not tell who it is.  So when half of the buffer is taken the socket is made anew: its monitors are forgotten (the
living ones notice at their next PING and attach again), and nobody can hold the agent up.
"""

import asyncio
import errno
import fcntl
import grp
import logging
import os
import socket
import stat
import struct
import termios
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from wpsagent.errors import AgentError
from wpsagent.io.control_client import ControlSocketError
from wpsagent.io.tasks import Tasks

_log = logging.getLogger(__name__)

MAX_REQUEST = 8192
DEFAULT_LEVEL = 3
MAX_LOSSES = 10
MAX_MONITORS = 512

OK, FAIL = "OK\n", "FAIL\n"

_GONE = (errno.ENOENT, errno.ECONNREFUSED, errno.EPERM, errno.EACCES, errno.ENOTCONN, errno.ECONNRESET)
_SEND_BUFFER = 1 << 22
_SO_SNDBUFFORCE = 32  # asm-generic/socket.h; Python has no name for it
_TYPE = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC

Handler = Callable[[str], str | Awaitable[str] | None]
"""A request's text to its reply, now or later (somebody else is asked for it); None for no reply."""

Address = str | bytes


@dataclass(slots=True)
class _Monitor:
    """An attached client: the least level it wants, and how many events in a row it has not taken."""

    level: int = DEFAULT_LEVEL
    losses: int = 0


class ControlSocket:
    """The server.  group: name or number of the group that may connect, None to leave it as it is."""

    def __init__(self, path: str | Path, handler: Handler, group: str | None = None) -> None:
        self._path = Path(path)
        self._handler = handler
        self._group = group
        self._socket: socket.socket | None = None
        self._inode = 0
        self._monitors: dict[Address, _Monitor] = {}
        self._waiting: list[tuple[str, int]] | None = None  # events held back while a command is handled
        self._later = Tasks()

    def open(self) -> None:
        """Bind and serve on the running loop; raises ControlSocketError with what to do about it."""
        gid = _group_id(self._group)
        try:
            self._make_folder(gid)
            self._remove_stale()
            self._socket = self._bind(gid)
        except OSError as error:
            raise ControlSocketError(f"control socket {self._path}: {error.strerror or error}") from None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket.fileno(), self._receive)

    def close(self) -> None:
        """Stop serving and remove the socket, if it is still ours.  Safe to call twice."""
        if self._socket is None:
            return
        self._loop.remove_reader(self._socket.fileno())
        self._socket.close()
        self._socket = None
        self._monitors.clear()
        self._later.cancel()
        try:
            if self._path.lstat().st_ino == self._inode:
                self._path.unlink()
        except OSError as error:
            _log.debug("control socket %s: %s", self._path, error)

    def send_event(self, text: str, level: int = DEFAULT_LEVEL, interface: str | None = None) -> None:
        """To every monitor that wants the level; with an interface as on a global socket, "IFNAME=wlan0 <3>TEXT"."""
        prefix = "" if interface is None else f"IFNAME={interface} "
        event = (f"{prefix}<{level}>{text}", level)
        if self._waiting is None:
            self._send_event(*event)
        else:
            self._waiting.append(event)

    def _make_folder(self, gid: int) -> None:
        """Make the socket's folder, for the group too if there is one; a folder that exists is left as it is."""
        folder = self._path.parent
        if folder.is_dir():
            return
        folder.mkdir(mode=0o750, parents=True)
        if gid != -1:
            os.chown(folder, -1, gid)
            folder.chmod(0o770)  # clients bind their own sockets there

    def _renew(self) -> None:
        """Make the socket anew because clients that do not read have clogged it."""
        _log.warning("control socket %s: a client does not read; all monitors are let go", self._path)
        self.close()
        try:
            self.open()
        except AgentError as error:
            _log.error("no commands any more: %s", error)

    def _remove_stale(self) -> None:
        """Take away the socket of an agent that died; raises ControlSocketError when one lives."""
        try:
            mode = self._path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(mode):
            raise ControlSocketError(f"control socket {self._path}: something else is there; move it away")
        with socket.socket(socket.AF_UNIX, _TYPE) as sock:
            try:
                sock.connect(os.fspath(self._path))
            except ConnectionRefusedError:
                self._path.unlink()
                return
        raise ControlSocketError(
            f"control socket {self._path}: another wps-agent is running and answers there (or hostapd)"
        )

    def _bind(self, gid: int) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, _TYPE | socket.SOCK_NONBLOCK)
        _enlarge_send_buffer(sock)
        try:
            before = os.umask(0o077)  # nobody else gets in before the group is set
            try:
                sock.bind(os.fspath(self._path))
            finally:
                os.umask(before)
            if gid != -1:
                os.chown(self._path, -1, gid)
            self._path.chmod(0o770)
            self._inode = self._path.lstat().st_ino
        except OSError:
            sock.close()
            raise
        return sock

    # ---- requests

    def _receive(self) -> None:
        """Take in one datagram; the loop calls again while there are more."""
        if self._socket is None:
            return
        try:
            octets, address = self._socket.recvfrom(MAX_REQUEST + 1)
        except OSError as error:
            _log.debug("control socket: %s", error)
            return
        if not address or len(octets) > MAX_REQUEST:
            return  # nobody to answer, or no request
        self._waiting = []
        try:
            reply = self._reply(octets.rstrip(b"\0\n").decode(errors="replace"), address)
        finally:
            waiting, self._waiting = self._waiting, None
        if isinstance(reply, Awaitable):
            self._later.begin(self._reply_later(reply, address))
        elif reply is not None:
            self._send(reply.encode(errors="replace"), address)
        for event in waiting:
            self._send_event(*event)

    async def _reply_later(self, reply: Awaitable[str], address: Address) -> None:
        self._send((await reply).encode(errors="replace"), address)

    def _reply(self, request: str, address: Address) -> str | Awaitable[str] | None:
        command, _, argument = request.partition(" ")
        match command:
            case "ATTACH":
                return self._attach(argument, address)
            case "DETACH":
                return FAIL if self._monitors.pop(address, None) is None else OK
            case "LEVEL":
                return self._set_level(argument, address)
        try:
            return self._handler(request)
        except Exception:
            _log.exception("control command %s failed", command)
            return FAIL

    def _attach(self, argument: str, address: Address) -> str:
        """Subscribe an address; parameters are for frames we do not report."""
        if argument.strip() or (address not in self._monitors and len(self._monitors) >= MAX_MONITORS):
            return FAIL
        self._monitors[address] = _Monitor()
        return OK

    def _set_level(self, argument: str, address: Address) -> str:
        monitor = self._monitors.get(address)
        if monitor is None or not (argument.isascii() and argument.isdecimal()) or len(argument) > 3:
            return FAIL
        monitor.level = int(argument)
        return OK

    # ---- events

    def _send_event(self, text: str, level: int) -> None:
        octets = text.encode(errors="replace")
        for address, monitor in list(self._monitors.items()):
            if level < monitor.level or address not in self._monitors:
                continue  # not wanted, or let go a moment ago
            error = self._send(octets, address)
            monitor.losses = 0 if error == 0 else monitor.losses + 1
            if error in _GONE or monitor.losses > MAX_LOSSES:
                self._monitors.pop(address, None)
                _log.info("a control client has gone and is forgotten")

    def _send(self, octets: bytes, address: Address) -> int:
        """Send one datagram without waiting; the errno, 0 when it went."""
        if self._socket is None:
            return errno.ENOTCONN
        if _is_clogged(self._socket):
            self._renew()
            return errno.ENOBUFS
        try:
            self._socket.sendto(octets, address)
        except PermissionError as error:
            # A service without CAP_DAC_OVERRIDE is to other users what anybody is, though it is root.
            _log.warning("control client %r hears nothing: its socket is not writable for the agent", address)
            return error.errno or errno.EACCES
        except OSError as error:
            _log.debug("control client %r: %s", address, error)
            return error.errno or errno.EIO
        return 0


def _enlarge_send_buffer(sock: socket.socket) -> None:
    """Time for slow monitors; more than the system's maximum needs CAP_NET_ADMIN, which the agent has."""
    try:
        sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SEND_BUFFER)
    except PermissionError:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)


def _is_clogged(sock: socket.socket) -> bool:
    """Half of the send buffer is taken by what clients have not read."""
    unread = struct.unpack("i", fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4)))[0]
    return bool(unread > sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) / 2)


def _group_id(group: str | None) -> int:
    """The number of a group, -1 for none; raises ControlSocketError."""
    if group is None:
        return -1
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise ControlSocketError(f"control_group: there is no group {group!r} on this device") from None
