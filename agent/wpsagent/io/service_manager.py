# SPDX-License-Identifier: BSD-3-Clause
"""Tells the service manager how we are: the protocol of sd_notify(3), one datagram a message to $NOTIFY_SOCKET.

The socket is a path or, with a leading '@', an abstract name.  Without $NOTIFY_SOCKET, or with nobody behind it,
everything here does nothing: procd and a terminal have no such socket.
"""

import logging
import os
import socket
import time
from collections.abc import Mapping

_log = logging.getLogger(__name__)


class ServiceManager:
    """The way to systemd; environment is os.environ but for tests."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = _address(environment.get("NOTIFY_SOCKET", ""))
        self._watchdog_s = _watchdog_interval(environment)
        self._socket: socket.socket | None = None
        if self._address is not None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)

    @property
    def watchdog_interval(self) -> float | None:
        """Seconds between two calls of `watchdog`: half of what the manager allows; None when it does not watch."""
        return None if self._watchdog_s is None or self._socket is None else self._watchdog_s / 2

    def ready(self, status: str = "") -> None:
        """Start-up is over.  status: one line for people who ask how we are."""
        self._send({"READY": "1"} | _status(status))

    def reloading(self) -> None:
        """The configuration is being read again; `ready` says when it holds."""
        self._send({"RELOADING": "1", "MONOTONIC_USEC": str(time.monotonic_ns() // 1000)})

    def stopping(self) -> None:
        self._send({"STOPPING": "1"})

    def watchdog(self, status: str = "") -> None:
        """We are alive, and how we are now."""
        self._send({"WATCHDOG": "1"} | _status(status))

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _send(self, fields: Mapping[str, str]) -> None:
        if self._socket is None or self._address is None:
            return
        text = "\n".join(f"{name}={' '.join(value.split())}" for name, value in fields.items())
        try:
            self._socket.sendto(text.encode(errors="replace"), self._address)
        except OSError as error:
            _log.debug("the service manager cannot be told: %s", error)


def _status(text: str) -> dict[str, str]:
    return {"STATUS": text} if text else {}


def _address(name: str) -> str | bytes | None:
    """The address of $NOTIFY_SOCKET: a path, an abstract name, or None for anything else (vsock among them)."""
    if name.startswith("@"):
        return b"\0" + os.fsencode(name[1:])
    return name if name.startswith("/") else None


def _watchdog_interval(environment: Mapping[str, str]) -> float | None:
    """Seconds that the manager allows between two signs of life (sd_watchdog_enabled(3))."""
    microseconds, pid = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0 or (pid and pid != str(os.getpid())):
        return None
    return int(microseconds) / 1_000_000
