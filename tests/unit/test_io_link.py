# SPDX-License-Identifier: BSD-3-Clause
"""Links: the ioctl each function makes, to the octet, and the words with which refusals are told."""

import errno
import os
import socket
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from wpsagent.errors import RadioError
from wpsagent.io import link
from wpsagent.octets import MacAddress

GET_FLAGS, SET_FLAGS, SET_ADDRESS, GET_ADDRESS, ADD_TO_BRIDGE, DELETE_FROM_BRIDGE = (
    0x8913,
    0x8914,
    0x8924,
    0x8927,
    0x89A2,
    0x89A3,
)
ADDRESS = MacAddress.parse("02:00:00:00:01:00")


def ifreq(name: bytes, value: bytes = b"") -> bytes:
    return (name.ljust(16, b"\0") + value).ljust(40, b"\0")


class FakeIoctl:
    """Remembers what was asked, answers from a table."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, bytes]] = []
        self.answers: dict[int, bytes] = {}
        self.error: OSError | None = None

    def __call__(self, sock: socket.socket, request: int, octets: bytes) -> bytes:
        assert sock.family == socket.AF_INET
        if self.error is not None:
            raise self.error
        self.calls.append((request, octets))
        return octets[:16] + self.answers.get(request, b"").ljust(24, b"\0")


@pytest.fixture
def ioctl(monkeypatch: pytest.MonkeyPatch) -> FakeIoctl:
    fake = FakeIoctl()
    monkeypatch.setattr("wpsagent.io.link.fcntl.ioctl", fake)
    return fake


@pytest.fixture
def sys_class_net(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Has a bridge br0 with the port lo."""
    monkeypatch.setattr(link, "_SYS_CLASS_NET", tmp_path)
    (tmp_path / "br0" / "bridge").mkdir(parents=True)
    (tmp_path / "lo" / "brport").mkdir(parents=True)
    (tmp_path / "lo" / "brport" / "bridge").symlink_to(tmp_path / "br0")
    return tmp_path


def test_the_loopback_under_this_test() -> None:
    assert link.exists("lo")
    assert not link.exists("nope0")
    assert link.index_of("lo") == socket.if_nametoindex("lo")
    assert link.address("lo") == bytes(6)
    assert link.is_up("lo") in (True, False)


def test_up_and_down_keep_the_other_flags(ioctl: FakeIoctl) -> None:
    ioctl.answers[GET_FLAGS] = struct.pack("=H", 0x1002)
    link.set_up("wlan0")
    ioctl.answers[GET_FLAGS] = struct.pack("=H", 0x1003)
    link.set_down("wlan0")
    assert ioctl.calls == [
        (GET_FLAGS, ifreq(b"wlan0")),
        (SET_FLAGS, ifreq(b"wlan0", struct.pack("=H", 0x1003))),
        (GET_FLAGS, ifreq(b"wlan0")),
        (SET_FLAGS, ifreq(b"wlan0", struct.pack("=H", 0x1002))),
    ]


@pytest.mark.parametrize(("flags", "expected"), [(0x1003, True), (0x1002, False), (0xFFFE, False)])
def test_up_is_one_flag(ioctl: FakeIoctl, flags: int, expected: bool) -> None:
    ioctl.answers[GET_FLAGS] = struct.pack("=H", flags)
    assert link.is_up("wlan0") is expected


def test_the_address_is_read_and_set_as_ethernet(ioctl: FakeIoctl) -> None:
    ioctl.answers[GET_ADDRESS] = struct.pack("=H", 1) + ADDRESS
    assert link.address("wlan0") == ADDRESS
    link.set_address("wlan0", ADDRESS)
    assert ioctl.calls[1:] == [(SET_ADDRESS, ifreq(b"wlan0", struct.pack("=H", 1) + ADDRESS))]


def test_a_port_is_added_and_removed_by_its_index(ioctl: FakeIoctl, sys_class_net: Path) -> None:
    (sys_class_net / "br1" / "bridge").mkdir(parents=True)
    index = struct.pack("=i", socket.if_nametoindex("lo"))
    link.add_to_bridge("br1", "lo")
    link.remove_from_bridge("br0", "lo")
    assert ioctl.calls == [(ADD_TO_BRIDGE, ifreq(b"br1", index)), (DELETE_FROM_BRIDGE, ifreq(b"br0", index))]


def test_what_is_as_it_should_be_is_left_so(ioctl: FakeIoctl, sys_class_net: Path) -> None:
    assert link.bridge_of("lo") == "br0"
    assert link.bridge_of("wlan0") is None
    link.add_to_bridge("br0", "lo")
    link.remove_from_bridge("br1", "lo")
    assert ioctl.calls == []


def test_what_is_no_bridge_is_refused(ioctl: FakeIoctl, sys_class_net: Path) -> None:
    with pytest.raises(RadioError, match="br9 is not a bridge"):
        link.add_to_bridge("br9", "lo")
    with pytest.raises(RadioError, match="there is no interface nope0"):
        link.add_to_bridge("br0", "nope0")
    assert ioctl.calls == []


@pytest.mark.parametrize(
    ("act", "code", "words"),
    [
        (link.set_up, errno.ENODEV, "cannot read the state of wlan0: there is no such interface"),
        (link.address, errno.ENODEV, "cannot read the address of wlan0: there is no such interface"),
        (link.is_up, errno.EIO, f"cannot read the state of wlan0: {os.strerror(errno.EIO)}"),
        (
            lambda name: link.set_address(name, ADDRESS),
            errno.EBUSY,
            f"cannot set the address {ADDRESS} of wlan0:",
        ),
    ],
)
def test_refusals_name_the_interface_and_the_reason(
    ioctl: FakeIoctl, act: Callable[[str], object], code: int, words: str
) -> None:
    ioctl.error = OSError(code, os.strerror(code))
    with pytest.raises(RadioError) as caught:
        act("wlan0")
    assert str(caught.value).startswith(words)


def test_a_blocked_radio_is_told_with_what_helps(ioctl: FakeIoctl, monkeypatch: pytest.MonkeyPatch) -> None:
    def blocked(_sock: socket.socket, request: int, octets: bytes) -> bytes:
        if request == SET_FLAGS:
            raise OSError(errno.ERFKILL, "Operation not possible due to RF-kill")
        return ioctl(_sock, request, octets)

    monkeypatch.setattr("wpsagent.io.link.fcntl.ioctl", blocked)
    with pytest.raises(RadioError, match=r"cannot set up wlan0: the radio is blocked .*rfkill unblock wifi"):
        link.set_up("wlan0")


@pytest.mark.parametrize("name", ["", "sixteen-octets-x"])
def test_what_is_no_interface_name_is_refused(ioctl: FakeIoctl, name: str) -> None:
    with pytest.raises(RadioError, match="is no interface name"):
        link.is_up(name)
    assert ioctl.calls == []


def test_the_index_of_what_is_not_there() -> None:
    with pytest.raises(RadioError, match="there is no interface nope0"):
        link.index_of("nope0")


class FakeRouteSocket:
    """A socket of rtnetlink: remembers the one request, answers with an error number, 0 for none."""

    sent = b""
    answer = 0
    error: OSError | None = None

    def __init__(self, family: int, kind: int, protocol: int) -> None:
        assert (family, kind, protocol) == (socket.AF_NETLINK, socket.SOCK_RAW, 0)

    def __enter__(self) -> "FakeRouteSocket":
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def sendto(self, octets: bytes, address: tuple[int, int]) -> None:
        assert address == (0, 0)
        if self.error is not None:
            raise self.error
        FakeRouteSocket.sent = octets

    def recv(self, _size: int) -> bytes:
        return struct.pack("=IHHIIi", 36, 2, 0, 1, 0, -self.answer) + self.sent[:16]


@pytest.fixture
def route(monkeypatch: pytest.MonkeyPatch) -> type[FakeRouteSocket]:
    monkeypatch.setattr("wpsagent.io.link.socket.socket", FakeRouteSocket)
    for name, value in (("sent", b""), ("answer", 0), ("error", None)):
        monkeypatch.setattr(FakeRouteSocket, name, value)
    return FakeRouteSocket


@pytest.mark.parametrize(
    ("change", "operational_state", "mode"),
    [(link.hold_back, 5, 1), (link.let_through, 6, 1), (link.end_holding_back, 6, 0)],
)
def test_dormant_or_not_is_said_by_rtnetlink(
    route: type[FakeRouteSocket], change: Callable[[str], None], operational_state: int, mode: int
) -> None:
    change("lo")
    index = socket.if_nametoindex("lo")
    attributes = struct.pack("=HHI", 5, 16, operational_state) + struct.pack("=HHI", 5, 17, mode)
    assert route.sent == struct.pack("=IHHIIBBHiII", 48, 19, 5, 1, 0, 0, 0, 0, index, 0, 0) + attributes


def test_a_refusal_of_the_state_names_the_interface(
    route: type[FakeRouteSocket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "answer", errno.EPERM)
    with pytest.raises(RadioError, match=r"^cannot set the state of lo: not permitted"):
        link.hold_back("lo")
    monkeypatch.setattr(route, "answer", errno.EINVAL)
    with pytest.raises(RadioError, match=r"^cannot set the state of lo: Invalid argument$"):
        link.hold_back("lo")
    monkeypatch.setattr(route, "error", OSError(errno.ENOBUFS, "No buffer space available"))
    with pytest.raises(RadioError, match=r"^cannot set the state of lo: No buffer space available$"):
        link.hold_back("lo")
    with pytest.raises(RadioError, match="there is no interface nope0"):
        link.hold_back("nope0")


def test_the_ipv4_address_of_the_loopback_and_of_nobody() -> None:
    assert link.ipv4_address("lo") == "127.0.0.1"
    assert link.ipv4_address("there-is-none") is None
