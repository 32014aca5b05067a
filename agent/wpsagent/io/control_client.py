# SPDX-License-Identifier: BSD-3-Clause
"""The control socket's client for a program without an event loop: AF_UNIX datagrams as wpa_cli sends them.

The client binds a socket of its own, for the replies, beside the server's, or in the folder for temporary files where
it may not.  Nothing here loads asyncio: a command of the command line is to start fast.
"""

import itertools
import math
import os
import select
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from wpsagent.errors import AgentError

BUFFER = 1 << 17
PING_INTERVAL = 5.0
"""Seconds of silence after which a client that waits for events asks whether the agent is there."""

_OK = "OK\n"
_TYPE = socket.SOCK_DGRAM | socket.SOCK_CLOEXEC

_numbers = itertools.count()


class ControlSocketError(AgentError):
    """The socket cannot be had, or the agent cannot be reached by it."""


class ClientSocket:
    """A bound and connected socket of a client; its file is removed on close."""

    def __init__(self, path: str | Path, why_not: Callable[[Path, OSError], str] | None = None) -> None:
        """Raises ControlSocketError, with what why_not says where the server is not wps-agent."""
        self._path = Path(path)
        self.socket = socket.socket(socket.AF_UNIX, _TYPE)
        self._own: Path | None = None
        try:
            self._own = self._bind()
            self.socket.connect(os.fspath(self._path))
        except OSError as error:
            self.close()
            raise ControlSocketError((why_not or unreachable)(self._path, error)) from None

    def close(self) -> None:
        self.socket.close()
        if self._own is not None:
            self._own.unlink(missing_ok=True)
            self._own = None

    def _bind(self) -> Path:
        """Bind beside the server's socket, which a server with a /tmp of its own can see; in /tmp where we may not."""
        name = f"client-{os.getpid()}-{next(_numbers)}"
        own = self._path.parent / name
        try:
            self.socket.bind(os.fspath(own))
        except OSError:
            import tempfile  # it loads much, and is rarely wanted

            own = Path(tempfile.gettempdir()) / f"wps-agent-{name}"
            own.unlink(missing_ok=True)
            self.socket.bind(os.fspath(own))
        own.chmod(0o666)  # the server may be another user; being connected, we take datagrams from it alone
        return own


def unreachable(path: Path, error: OSError) -> str:
    match error:
        case FileNotFoundError() | ConnectionRefusedError():
            return f"wps-agent is not running: nobody answers on {path} (start it with: wps-agent run)"
        case PermissionError():
            return f"no permission to reach wps-agent on {path}: be root, or a member of its control_group"
        case _:
            return f"wps-agent cannot be reached on {path}: {error.strerror or error}"


def is_event(text: str) -> bool:
    """An event, as opposed to a reply: "<3>…", with or without an interface before it."""
    return text.startswith("<") or (text.startswith("IFNAME=") and "<" in text)


def silent(path: Path, seconds: float) -> ControlSocketError:
    return ControlSocketError(f"wps-agent on {path} did not answer within {seconds:g} s: it is stuck; see its log")


def require_attached(path: Path, reply: str) -> None:
    if reply != _OK:
        raise ControlSocketError(f"wps-agent on {path} takes no more monitors")


class ControlClient:
    """The client for a program without a loop."""

    def __init__(self, path: str | Path) -> None:
        self._path = Path(path)
        self._client = ClientSocket(path)
        self._is_attached = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._client.close()

    def request(self, command: str, timeout: float = 10.0) -> str:
        """The reply to a command; events in between are skipped.  Raises ControlSocketError."""
        self._client.socket.settimeout(timeout)
        self._send(command)
        end = time.monotonic() + timeout
        while (text := self._next(end - time.monotonic())) is not None:
            if not is_event(text):
                return text
        raise silent(self._path, timeout)

    def attach(self) -> None:
        """Subscribe to events; they wait in the socket until `events` reads them.  Raises ControlSocketError."""
        require_attached(self._path, self.request("ATTACH"))
        self._is_attached = True

    def events(self, timeout: float | None = None) -> Iterator[str]:
        """Every event since `attach`, or from now on; ends when none came for so many seconds.

        Raises ControlSocketError when the agent has gone.
        """
        if not self._is_attached:
            self.attach()
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while (now := time.monotonic()) < deadline:
            text = self._next(min(PING_INTERVAL, deadline - now))
            if text is None:
                self._send("PING")
            elif is_event(text):
                yield text
                deadline = math.inf if timeout is None else time.monotonic() + timeout

    def _send(self, command: str) -> None:
        try:
            self._client.socket.send(command.encode(errors="surrogateescape"))
        except OSError as error:
            raise ControlSocketError(unreachable(self._path, error)) from None

    def _next(self, timeout: float) -> str | None:
        """The next datagram, None when none came in time."""
        sock = self._client.socket
        if not select.select([sock], [], [], max(0.0, timeout))[0]:
            return None
        try:
            return sock.recv(BUFFER).decode(errors="replace")
        except OSError as error:
            raise ControlSocketError(unreachable(self._path, error)) from None
