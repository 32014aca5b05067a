# SPDX-License-Identifier: BSD-3-Clause
"""A client of hostapd's or wpa_supplicant's control socket that lasts: events, requests, and how it notices the end.

One socket for events and replies keeps their order: what a command causes is heard before its reply.  Requests go out
one at a time.  The owner's end is known at once: the kernel names the sender of a datagram (SCM_CREDENTIALS), and a
descriptor of that process (pidfd_open(2)) becomes readable when it dies.  An owner that merely lets go of the
interface, or hangs, is found out by a PING now and then, and by a command that it does not answer.
"""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

from wpsagent.io.control_client import BUFFER, ClientSocket, ControlSocketError, is_event

PING_INTERVAL = 60.0
"""Seconds between two questions whether the owner is there; half of that where its end cannot be watched."""
ANSWER_TIME = 10.0

_CREDENTIALS = struct.Struct("=iII")  # struct ucred: pid, uid, gid
_OK = "OK\n"


class OwnerClient:
    """One interface of one owner; program: its name, for people.

    on_event: each event, "<3>TEXT".  on_gone: once, with the reason, when the owner is gone; not after `close`.
    """

    def __init__(
        self, program: str, path: Path, on_event: Callable[[str], None], on_gone: Callable[[str], None]
    ) -> None:
        self._program = program
        self._path = path
        self._on_event = on_event
        self._on_gone = on_gone
        self._loop = asyncio.get_running_loop()
        self._client: ClientSocket | None = None
        self._turn = asyncio.Lock()
        self._reply: asyncio.Future[str] | None = None
        self._process: int | None = None
        self._ping_timer: asyncio.TimerHandle | None = None
        self._ping: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Attach; raises ControlSocketError, and then leaves nothing behind."""
        self._client = client = ClientSocket(self._path, self._why_not)
        client.socket.setblocking(False)
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._loop.add_reader(client.socket.fileno(), self._readable)
        try:
            reply = await self.request("ATTACH")
        except BaseException:
            self.close()
            raise
        if reply != _OK:
            self.close()
            raise ControlSocketError(f"{self._program} on {self._path} takes no more monitors")
        self._ping_later()

    def close(self) -> None:
        """Let go of it.  Safe to call twice, and from on_event and on_gone."""
        if self._client is not None:
            with contextlib.suppress(OSError):
                self._client.socket.send(b"DETACH")
            self._loop.remove_reader(self._client.socket.fileno())
            self._client.close()
            self._client = None
        if self._process is not None:
            self._loop.remove_reader(self._process)
            os.close(self._process)
            self._process = None
        if self._ping_timer is not None:
            self._ping_timer.cancel()
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(ControlSocketError(f"{self._program} is gone from {self._path}"))

    async def request(self, command: str) -> str:
        """The reply to a command.  Raises ControlSocketError; an owner that does not answer is given up."""
        async with self._turn:
            if self._client is None:
                raise ControlSocketError(f"{self._program} is gone from {self._path}")
            try:
                self._client.socket.send(command.encode(errors="surrogateescape"))
                self._reply = self._loop.create_future()
                async with asyncio.timeout(ANSWER_TIME):
                    return await self._reply
            except TimeoutError:
                raise self._give_up(f"{self._program} on {self._path} does not answer: it is stuck") from None
            except OSError as error:
                raise self._give_up(self._why_not(self._path, error)) from None
            finally:
                self._reply = None

    def _give_up(self, reason: str) -> ControlSocketError:
        self._gone(reason)
        return ControlSocketError(reason)

    def _gone(self, reason: str) -> None:
        if self._client is not None:
            self.close()
            self._on_gone(reason)

    def _why_not(self, path: Path, error: OSError) -> str:
        program = self._program
        match error:
            case FileNotFoundError() | ConnectionRefusedError():
                return f"nobody answers on {path}: start {program}, with ctrl_interface={path.parent}"
            case PermissionError():
                return f"no permission to reach {program} on {path}: run as root, or as its ctrl_interface_group"
            case _:
                return f"{program} cannot be reached on {path}: {error.strerror or error}"

    # ---- what comes

    def _readable(self) -> None:
        """One datagram; the loop calls again while there are more."""
        if self._client is None:
            return
        try:
            octets, ancillary, _, _ = self._client.socket.recvmsg(BUFFER, socket.CMSG_SPACE(_CREDENTIALS.size))
        except BlockingIOError:
            return
        except OSError as error:
            self._gone(self._why_not(self._path, error))
            return
        if self._process is None:
            self._watch(_sender(ancillary))
        text = octets.decode(errors="replace")
        if is_event(text):
            self._on_event(text)
        elif self._reply is not None and not self._reply.done():
            self._reply.set_result(text)

    def _watch(self, pid: int) -> None:
        """Notice at once when the owner dies; where it cannot be watched its silence will tell."""
        if pid <= 0:
            return
        with contextlib.suppress(OSError):
            self._process = os.pidfd_open(pid)
            self._loop.add_reader(self._process, self._gone, f"{self._program} has ended")

    def _ping_later(self) -> None:
        interval = PING_INTERVAL if self._process is not None else PING_INTERVAL / 2
        self._ping_timer = self._loop.call_later(interval, self._ping_now)

    def _ping_now(self) -> None:
        self._ping = self._loop.create_task(self._ask_whether_it_is_there())

    async def _ask_whether_it_is_there(self) -> None:
        with contextlib.suppress(ControlSocketError):
            await self.request("PING")
            self._ping_later()


def _sender(ancillary: list[tuple[int, int, bytes]]) -> int:
    """The process that sent a datagram; 0 where the kernel does not say."""
    for level, kind, octets in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_CREDENTIALS and len(octets) >= _CREDENTIALS.size:
            return int(_CREDENTIALS.unpack_from(octets)[0])
    return 0
