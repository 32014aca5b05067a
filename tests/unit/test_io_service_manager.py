# SPDX-License-Identifier: BSD-3-Clause
"""sd_notify: what is sent, to which socket, and silence without one."""

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from wpsagent.io.service_manager import ServiceManager


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind(str(tmp_path / "notify"))
        sock.settimeout(5)
        yield sock


def manager_for(sock: socket.socket, **more: str) -> ServiceManager:
    name = sock.getsockname()
    text = f"@{name[1:].decode()}" if isinstance(name, bytes) else name
    return ServiceManager({"NOTIFY_SOCKET": text, **more})


def test_every_message_has_the_manager_s_words(receiver: socket.socket) -> None:
    manager = manager_for(receiver)
    manager.ready()
    manager.ready("2 networks\nare up")
    manager.watchdog()
    manager.watchdog("1 network is up")
    manager.stopping()
    assert [receiver.recv(999) for _ in range(5)] == [
        b"READY=1",
        b"READY=1\nSTATUS=2 networks are up",
        b"WATCHDOG=1",
        b"WATCHDOG=1\nSTATUS=1 network is up",
        b"STOPPING=1",
    ]
    manager.close()
    manager.close()
    manager.ready()


def test_a_reload_is_told_with_its_time(receiver: socket.socket) -> None:
    manager = manager_for(receiver)
    before = time.monotonic_ns() // 1000
    manager.reloading()
    first, second = receiver.recv(99).decode().splitlines()
    assert first == "RELOADING=1"
    name, _, value = second.partition("=")
    assert name == "MONOTONIC_USEC"
    assert before <= int(value) <= time.monotonic_ns() // 1000
    manager.close()


def test_abstract_sockets_are_named_with_an_at_sign() -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(b"\0wps-agent-test-%d" % os.getpid())
        receiver.settimeout(5)
        manager = manager_for(receiver)
        manager.ready()
        assert receiver.recv(99) == b"READY=1"
        manager.close()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": ""}, {"NOTIFY_SOCKET": "vsock:2:1234"}])
def test_without_a_socket_nothing_happens(environment: dict[str, str]) -> None:
    manager = ServiceManager({**environment, "WATCHDOG_USEC": "1000000"})
    manager.ready("x")
    manager.watchdog()
    assert manager.watchdog_interval is None
    manager.close()


def test_a_manager_that_has_gone_is_no_error(tmp_path: Path) -> None:
    manager = ServiceManager({"NOTIFY_SOCKET": str(tmp_path / "gone")})
    manager.ready()
    manager.close()


def test_the_process_s_own_environment_is_the_default(receiver: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", receiver.getsockname())
    manager = ServiceManager()
    manager.stopping()
    assert receiver.recv(99) == b"STOPPING=1"
    manager.close()


@pytest.mark.parametrize(
    ("more", "interval"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "20000000"}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": str(os.getpid())}, 10.0),
        ({"WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_the_watchdog_is_fed_twice_as_often_as_it_asks(
    receiver: socket.socket, more: dict[str, str], interval: float | None
) -> None:
    manager = manager_for(receiver, **more)
    assert manager.watchdog_interval == interval
    manager.close()
