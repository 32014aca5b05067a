# SPDX-License-Identifier: BSD-3-Clause
"""The watch over network interfaces: what counts as an end, and what is ignored."""

import asyncio
import errno
import socket
import struct
from collections.abc import Awaitable, Callable, Iterator

import pytest
from tests.unit.nl80211_kernel import message

from wpsagent.errors import RadioError
from wpsagent.io.nl80211 import link_watch
from wpsagent.io.nl80211.link_watch import LinkWatch

NEWLINK, DELLINK, NEWADDR = 16, 17, 20
INDEX = 3
UP = 0x1003


class Route:
    """The kernel's end of the socket, and how often the handler was called."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near.setblocking(False)
        self.calls = 0

    def called(self) -> None:
        self.calls += 1

    def link(self, kind: int, flags: int, index: int = INDEX, size: int = 16) -> bytes:
        return message(kind, 0, 0, struct.pack("=BBHiII", 0, 0, 1, index, flags, 0)[:size], port=0)


@pytest.fixture
def route(monkeypatch: pytest.MonkeyPatch) -> Iterator[Route]:
    route = Route()
    monkeypatch.setattr(link_watch, "_open", lambda: route.near)
    yield route
    assert route.near.fileno() == -1
    route.far.close()


def watch(route: Route, scenario: Callable[[LinkWatch], Awaitable[None]]) -> int:
    async def main() -> None:
        watching = LinkWatch(INDEX, route.called)
        try:
            await scenario(watching)
        finally:
            watching.close()
            watching.close()

    asyncio.run(main())
    return route.calls


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_an_interface_that_is_down_or_gone_calls(route: Route) -> None:
    async def scenario(_watching: LinkWatch) -> None:
        route.far.send(route.link(NEWLINK, UP))
        await settle()
        assert route.calls == 0
        route.far.send(route.link(NEWLINK, UP & ~1))
        await settle()
        assert route.calls == 1
        route.far.send(route.link(NEWLINK, UP) + route.link(DELLINK, UP))
        await settle()

    assert watch(route, scenario) == 2


def test_other_interfaces_and_other_messages_do_not(route: Route, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(_watching: LinkWatch) -> None:
        route.far.send(route.link(NEWLINK, 0, INDEX + 1))
        route.far.send(route.link(DELLINK, 0, INDEX + 1))
        route.far.send(route.link(NEWADDR, 0))
        route.far.send(route.link(NEWLINK, 0, size=12))
        route.far.send(b"garbled")
        await settle()

    assert watch(route, scenario) == 0
    assert "garbled message about network interfaces" in caplog.text


def test_a_handler_that_closes_the_watch_ends_the_reading(route: Route) -> None:
    async def main() -> None:
        def called() -> None:
            route.called()
            watching.close()

        watching = LinkWatch(INDEX, called)
        route.far.send(route.link(DELLINK, 0))
        route.far.send(route.link(DELLINK, 0))
        await settle()

    asyncio.run(main())
    assert route.calls == 1


@pytest.mark.parametrize(("code", "is_logged"), [(errno.ENOBUFS, False), (errno.EIO, True)])
def test_after_lost_messages_the_handler_looks(
    route: Route, caplog: pytest.LogCaptureFixture, code: int, is_logged: bool
) -> None:
    class Failing:
        def __init__(self) -> None:
            self.failures = [OSError(code, "no")]

        def fileno(self) -> int:
            return route.near.fileno()

        def recv(self, _size: int) -> bytes:
            route.near.recv(100)
            raise self.failures.pop()

        def close(self) -> None:
            route.near.close()

    async def scenario(_watching: LinkWatch) -> None:
        route.far.send(b"!")
        await settle()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(link_watch, "_open", Failing)
        assert watch(route, scenario) == 1
    assert ("reading the state of network interfaces failed" in caplog.text) is is_logged


def test_a_watch_on_the_kernel_of_this_machine() -> None:
    async def main() -> None:
        LinkWatch(INDEX, lambda: None).close()

    asyncio.run(main())


def test_a_system_without_netlink(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> socket.socket:
        raise OSError(errno.EAFNOSUPPORT, "no such family")

    async def main() -> None:
        monkeypatch.setattr(socket, "socket", refuse)
        with pytest.raises(RadioError, match="cannot watch network interfaces: no such family"):
            LinkWatch(INDEX, lambda: None)

    asyncio.run(main())
