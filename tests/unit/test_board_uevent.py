# SPDX-License-Identifier: BSD-3-Clause
"""Buttons by kernel uevents, and the descriptions from which buttons and indicators are opened."""

import errno
import logging
import socket
from typing import Any, cast

import pytest
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board import uevent
from wpsagent_board.errors import BoardError
from wpsagent_board.factory import (
    BUTTON_BACKENDS,
    INDICATOR_BACKENDS,
    ButtonSpec,
    IndicatorSpec,
    open_button,
    open_indicator,
)
from wpsagent_board.simulated import SimulatedButton, SimulatedIndicator
from wpsagent_board.uevent import UeventButton, button_level, decode_uevent, open_uevent_socket

PRESSED = (
    b"pressed@\0HOME=/\0PATH=/sbin:/bin:/usr/sbin:/usr/bin\0SUBSYSTEM=button\0"
    b"ACTION=pressed\0BUTTON=wps\0SEEN=42\0SEQNUM=613\0"
)
RELEASED = PRESSED.replace(b"pressed", b"released").replace(b"SEEN=42", b"SEEN=1")
LED = b"change@/devices/leds/green:wps\0ACTION=change\0SUBSYSTEM=leds\0SEQNUM=7\0"


class FakeSocket:
    """A netlink socket whose messages, (octets, sender's port) or an error, are given."""

    def __init__(self, *messages: tuple[bytes, int] | OSError) -> None:
        self.messages = list(messages)
        self.is_closed = False

    def fileno(self) -> int:
        return 7

    def recvfrom(self, size: int) -> tuple[bytes, tuple[int, int]]:
        assert size >= 4096
        message = self.messages.pop(0)
        if isinstance(message, OSError):
            raise message
        return message[0], (message[1], 1)

    def close(self) -> None:
        self.is_closed = True


def told(monkeypatch: pytest.MonkeyPatch, *messages: tuple[bytes, int] | OSError) -> list[tuple[float, bool]]:
    """The edges that a button named wps tells of these messages."""
    fake = FakeSocket(*messages)
    monkeypatch.setattr(uevent, "open_uevent_socket", lambda: cast("socket.socket", fake))
    clock = ManualLoop()
    button = open_button(ButtonSpec("uevent"), clock.loop)
    edges: list[tuple[float, bool]] = []
    button.start(lambda now, is_pressed: edges.append((now, is_pressed)))
    for _ in messages:
        clock.readers[7]()
        clock.now += 1.0
    assert button.is_pressed == (edges[-1][1] if edges else False)
    button.close()
    assert fake.is_closed
    assert clock.readers == {}
    return edges


def test_uevent_is_names_and_values() -> None:
    assert decode_uevent(LED) == {"ACTION": "change", "SUBSYSTEM": "leds", "SEQNUM": "7"}


@pytest.mark.parametrize("octets", [b"", b"\0\0", b"=", b"\xff\xfe=\xff\0", b"pressed@", b"a=b=c\0" * 900])
def test_any_octets_are_a_uevent(octets: bytes) -> None:
    assert button_level(octets, "wps") is None


def test_value_may_hold_an_equals_sign() -> None:
    assert decode_uevent(b"@\0A=b=c\0") == {"A": "b=c"}


@pytest.mark.parametrize(
    ("octets", "level"),
    [
        (PRESSED, True),
        (RELEASED, False),
        (LED, None),
        (PRESSED.replace(b"BUTTON=wps", b"BUTTON=reset"), None),
        (PRESSED.replace(b"SUBSYSTEM=button", b"SUBSYSTEM=input"), None),
        (PRESSED.replace(b"ACTION=pressed", b"ACTION=timeout"), None),
        (PRESSED.replace(b"ACTION=pressed\0", b""), None),
    ],
)
def test_level_of_a_button(octets: bytes, level: bool | None) -> None:
    assert button_level(octets, "wps") is level


def test_truncated_uevent_is_never_a_press() -> None:
    whole = PRESSED.index(b"BUTTON=wps") + len(b"BUTTON=wps")
    assert [length for length in range(whole) if button_level(PRESSED[:length], "wps") is not None] == []


def test_press_and_release_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, (PRESSED, 0), (LED, 0), (RELEASED, 0)) == [(100.0, True), (102.0, False)]


def test_uevent_of_anyone_but_the_kernel_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert told(monkeypatch, (PRESSED, 4711)) == []


def test_errors_of_the_socket_do_not_end_it(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    lost = OSError(errno.ENOBUFS, "No buffer space available")
    with caplog.at_level(logging.WARNING):
        assert told(monkeypatch, lost, BlockingIOError(), (PRESSED, 0)) == [(102.0, True)]
    assert caplog.messages == ["uevents were lost: No buffer space available"]


def test_uevent_without_a_listener_is_only_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    fake = FakeSocket((PRESSED, 0))
    monkeypatch.setattr(uevent, "open_uevent_socket", lambda: cast("socket.socket", fake))
    button = UeventButton(ManualLoop().loop)
    button._readable(cast("socket.socket", fake))
    assert button.is_pressed
    button.close()
    button.close()
    with pytest.raises(BoardError, match=r"^the button is closed$"):
        button.start(lambda now, is_pressed: None)


def test_socket_of_the_kernel_s_uevents_can_be_had() -> None:
    uevents = open_uevent_socket()
    assert uevents.family == socket.AF_NETLINK
    assert uevents.getsockname()[1] == 1
    assert not uevents.getblocking()
    uevents.close()


def test_socket_that_is_refused_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    class Unbindable(FakeSocket):
        def bind(self, address: tuple[int, int]) -> None:
            raise PermissionError(errno.EPERM, "Operation not permitted")

    refused = Unbindable()
    monkeypatch.setattr(socket, "socket", lambda *_: refused)
    with pytest.raises(BoardError, match=r"^no uevents: Operation not permitted$"):
        open_uevent_socket()
    assert refused.is_closed

    def forbid(*_: object) -> None:
        raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")

    monkeypatch.setattr(socket, "socket", forbid)
    with pytest.raises(BoardError) as caught:
        open_uevent_socket()
    assert str(caught.value) == (
        "no uevents: Address family not supported by protocol: AF_NETLINK must be allowed to the service"
    )


def test_backends_by_name() -> None:
    assert BUTTON_BACKENDS == ("gpiozero", "evdev", "uevent", "simulated")
    assert INDICATOR_BACKENDS == ("gpiozero", "led_class", "simulated")


def test_simulated_board_by_description() -> None:
    loop = ManualLoop().loop
    assert isinstance(open_button(ButtonSpec("simulated"), loop), SimulatedButton)
    assert isinstance(open_indicator(IndicatorSpec("simulated"), loop), SimulatedIndicator)


def test_led_class_by_description() -> None:
    with pytest.raises(BoardError, match=r"^no LED named not:there; there are"):
        open_indicator(IndicatorSpec("led_class", name="not:there"), ManualLoop().loop)


def test_backend_that_the_types_forbid_is_a_fault_of_the_program() -> None:
    unknown = cast("Any", "abacus")
    for opening in (
        lambda: open_button(ButtonSpec(unknown), ManualLoop().loop),
        lambda: open_indicator(IndicatorSpec(unknown), ManualLoop().loop),
    ):
        with pytest.raises(AssertionError, match="abacus"):
            opening()
