# SPDX-License-Identifier: BSD-3-Clause
"""EAPOL over packet sockets, with sockets that a test fills; the real ones are tested in the lab."""

import asyncio
import errno
import logging
import os
import socket
from collections import deque
from collections.abc import Awaitable, Callable, Iterator

import pytest

from wpsagent.errors import RadioError
from wpsagent.io.packet_socket import EapolSocket
from wpsagent.octets import MacAddress

SOURCE = MacAddress.parse("02:00:00:00:01:00")
DESTINATION = MacAddress.parse("02:00:00:00:02:00")
Sender = tuple[str, int, int, int, bytes]


class FakePacketSocket:
    """One AF_PACKET socket; a pipe makes it readable."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        self._queue: deque[tuple[bytes, Sender] | OSError] = deque()
        self.bound: tuple[str, int] | None = None
        self.sent: list[tuple[bytes, object]] = []
        self.bind_error: OSError | None = None
        self.send_error: OSError | None = None
        self.is_closed = False

    def fileno(self) -> int:
        return self._reader

    def bind(self, address: tuple[str, int]) -> None:
        if self.bind_error is not None:
            raise self.bind_error
        self.bound = address

    def sendto(self, pdu: bytes, address: object) -> int:
        if self.send_error is not None:
            raise self.send_error
        self.sent.append((pdu, address))
        return len(pdu)

    def recvfrom(self, _size: int) -> tuple[bytes, Sender]:
        os.read(self._reader, 1)
        item = self._queue.popleft()
        if isinstance(item, OSError):
            raise item
        return item

    def deliver(self, pdu: bytes, *, kind: int = socket.PACKET_HOST, source: bytes = SOURCE) -> None:
        self._put((pdu, ("wlan0", 0x888E, kind, 1, source)))

    def fail(self, code: int) -> None:
        self._put(OSError(code, os.strerror(code)))

    def _put(self, item: tuple[bytes, Sender] | OSError) -> None:
        self._queue.append(item)
        os.write(self._writer, b"!")

    def close(self) -> None:
        if not self.is_closed:
            os.close(self._reader)
            os.close(self._writer)
        self.is_closed = True


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[FakePacketSocket]]:
    """The sockets in the order in which they are opened."""
    made = [FakePacketSocket(), FakePacketSocket()]
    waiting = deque(made)
    monkeypatch.setattr("wpsagent.io.packet_socket._packet_socket", waiting.popleft)
    yield made
    for sock in made:
        sock.close()


Received = list[tuple[MacAddress, bytes]]


def run(scenario: Callable[[EapolSocket], Awaitable[None]], *, bridge: str | None = None) -> Received:
    """The scenario with an open EAPOL socket; what its handler was given."""
    received: Received = []

    async def main() -> None:
        eapol = EapolSocket("wlan0", lambda source, pdu: received.append((source, pdu)), bridge=bridge)
        try:
            await scenario(eapol)
            for _ in range(5):
                await asyncio.sleep(0)
        finally:
            eapol.close()
            eapol.close()

    asyncio.run(main())
    return received


def test_pdus_go_to_the_handler_with_their_source(sockets: list[FakePacketSocket]) -> None:
    async def scenario(_eapol: EapolSocket) -> None:
        sockets[0].deliver(b"one")
        sockets[0].deliver(b"two")

    assert run(scenario) == [(SOURCE, b"one"), (SOURCE, b"two")]
    assert sockets[0].bound == ("wlan0", 0x888E)
    assert (sockets[0].is_closed, sockets[1].bound) == (True, None)


def test_what_we_sent_and_what_has_no_address_of_ethernet_is_not_received(sockets: list[FakePacketSocket]) -> None:
    async def scenario(_eapol: EapolSocket) -> None:
        sockets[0].deliver(b"own", kind=socket.PACKET_OUTGOING)
        sockets[0].deliver(b"odd", source=b"\1")
        sockets[0].deliver(b"good", kind=socket.PACKET_MULTICAST)

    assert run(scenario) == [(SOURCE, b"good")]


def test_a_bridge_is_listened_to_and_the_port_is_sent_on(sockets: list[FakePacketSocket]) -> None:
    async def scenario(eapol: EapolSocket) -> None:
        sockets[1].deliver(b"over the bridge")
        eapol.send(DESTINATION, b"pdu")

    assert run(scenario, bridge="br0") == [(SOURCE, b"over the bridge")]
    assert sockets[1].bound == ("br0", 0x888E)
    assert sockets[0].sent == [(b"pdu", ("wlan0", 0x888E, 0, 0, bytes(DESTINATION)))]
    assert sockets[1].sent == []


def test_an_error_of_reading_does_not_end_it(sockets: list[FakePacketSocket], caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(_eapol: EapolSocket) -> None:
        sockets[0].fail(errno.ENETDOWN)
        await asyncio.sleep(0)
        sockets[0].fail(errno.EIO)
        await asyncio.sleep(0)
        sockets[0].deliver(b"after")

    with caplog.at_level(logging.INFO):
        assert run(scenario) == [(SOURCE, b"after")]
    assert len(caplog.records) == 1


def test_a_handler_that_closes_the_socket_ends_the_reading(sockets: list[FakePacketSocket]) -> None:
    async def main() -> None:
        eapol = EapolSocket("wlan0", lambda _source, _pdu: eapol.close())
        sockets[0].deliver(b"one")
        sockets[0].deliver(b"two")
        for _ in range(5):
            await asyncio.sleep(0)
        assert sockets[0].is_closed
        with pytest.raises(RadioError, match="cannot send EAPOL on wlan0: the socket was closed"):
            eapol.send(DESTINATION, b"pdu")

    asyncio.run(main())


def test_a_refused_send_is_told_in_words(sockets: list[FakePacketSocket]) -> None:
    async def scenario(eapol: EapolSocket) -> None:
        sockets[0].send_error = OSError(errno.ENETDOWN, "Network is down")
        with pytest.raises(RadioError, match="cannot send EAPOL on wlan0: Network is down"):
            eapol.send(DESTINATION, b"pdu")

    run(scenario)


@pytest.mark.parametrize(
    ("code", "words"),
    [(errno.EPERM, "not permitted (CAP_NET_RAW is needed)"), (errno.ENODEV, os.strerror(errno.ENODEV))],
)
def test_a_refused_bridge_closes_the_socket_that_was_open(
    sockets: list[FakePacketSocket], code: int, words: str
) -> None:
    sockets[1].bind_error = OSError(code, os.strerror(code))

    async def main() -> None:
        with pytest.raises(RadioError) as caught:
            EapolSocket("wlan0", lambda _source, _pdu: None, bridge="br0")
        assert str(caught.value) == f"cannot listen for EAPOL on br0: {words}"

    asyncio.run(main())
    assert [sock.is_closed for sock in sockets] == [True, True]
