# SPDX-License-Identifier: BSD-3-Clause
"""KEY_WPS_BUTTON of an input device; the device is a FIFO and the kernel's answers are made here."""

import fcntl
import logging
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board import evdev
from wpsagent_board.errors import BoardError
from wpsagent_board.evdev import EvdevButton
from wpsagent_board.factory import ButtonSpec, open_button

EV_SYN, EV_KEY, EV_SW = 0, 1, 5
WPS = 0x211


class Kernel:
    """What the ioctls of the input devices answer, and the far end of the FIFO that stands for one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keys: dict[str, set[int]] = {}
        self.is_down = False
        self.clock: int | None = None
        self._writer = -1

    def add(self, name: str, *keys: int) -> Path:
        path = self.root / name
        os.mkfifo(path)
        self.keys[name] = set(keys)
        return path

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if name not in self.keys:
            raise OSError(25, "Inappropriate ioctl for device")
        if request == 0x400445A0:  # EVIOCSCLOCKID
            self.clock = struct.unpack("@i", argument)[0]
            return argument
        assert len(argument) == 96
        if request == 0x80604521:  # EVIOCGBIT(EV_KEY, 96)
            return bits(self.keys[name])
        assert request == 0x80604518  # EVIOCGKEY(96)
        return bits({WPS} if self.is_down else set())

    def connect(self, path: Path) -> None:
        self._writer = os.open(path, os.O_WRONLY | os.O_NONBLOCK)

    def send(self, *events: tuple[float, int, int, int]) -> None:
        for at, kind, code, value in events:
            octets = struct.pack("@llHHi", int(at), round(at % 1 * 1_000_000), kind, code, value)
            os.write(self._writer, octets)

    def close(self) -> None:
        if self._writer >= 0:
            os.close(self._writer)
        self._writer = -1


def bits(keys: set[int]) -> bytes:
    octets = bytearray(96)
    for key in keys:
        octets[key // 8] |= 1 << key % 8
    return bytes(octets)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(fcntl, "ioctl", kernel.ioctl)
    yield kernel
    kernel.close()


class Rig:
    """A started button, its kernel and the edges it told."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.clock = ManualLoop()
        self.button = EvdevButton(self.clock.loop, kernel.add("event0", WPS))
        self.edges: list[tuple[float, bool]] = []
        self.button.start(lambda now, is_pressed: self.edges.append((now, is_pressed)))
        kernel.connect(self.button.device)

    def read(self) -> None:
        for reader in list(self.clock.readers.values()):
            reader()


@pytest.fixture
def rig(kernel: Kernel) -> Iterator[Rig]:
    rig = Rig(kernel)
    yield rig
    rig.button.close()


def test_numbers_of_the_ioctls_are_those_of_linux_input_h() -> None:
    assert (evdev._EVIOCGKEY, evdev._EVIOCGBIT_KEY, evdev._EVIOCSCLOCKID) == (0x80604518, 0x80604521, 0x400445A0)


def test_press_and_release_are_told_with_the_kernel_s_time(rig: Rig) -> None:
    rig.kernel.send((99.25, EV_KEY, WPS, 1), (99.25, EV_SYN, 0, 0), (99.75, EV_KEY, WPS, 0), (99.75, EV_SYN, 0, 0))
    rig.read()
    assert rig.edges == [(99.25, True), (99.75, False)]
    assert rig.kernel.clock == 1  # CLOCK_MONOTONIC
    assert not rig.button.is_pressed


def test_stamp_of_the_future_is_now(rig: Rig) -> None:
    rig.kernel.send((1_700_000_000.0, EV_KEY, WPS, 1))
    rig.read()
    assert rig.edges == [(100.0, True)]
    assert rig.button.is_pressed


def test_other_keys_repetitions_and_kinds_are_passed_over(rig: Rig) -> None:
    rig.kernel.send((1.0, EV_KEY, WPS, 2), (1.0, EV_KEY, WPS - 1, 1), (1.0, EV_SW, WPS, 1), (1.0, EV_SYN, 1, 0))
    rig.read()
    assert rig.edges == []


def test_lost_events_are_made_up_for_by_asking(rig: Rig) -> None:
    rig.kernel.is_down = True
    rig.kernel.send((50.0, EV_SYN, 3, 0))
    rig.read()
    assert rig.edges == [(50.0, True)]


def test_nothing_to_read_is_nothing(rig: Rig) -> None:
    rig.read()
    assert rig.edges == []
    assert len(rig.clock.readers) == 1


def test_part_of_an_event_is_passed_over(rig: Rig) -> None:
    os.write(rig.kernel._writer, bytes(10))
    rig.read()
    assert rig.edges == []


def test_device_that_goes_away_releases_the_button(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.kernel.send((99.0, EV_KEY, WPS, 1))
    rig.read()
    os.dup2(os.open(rig.kernel.root, os.O_RDONLY), rig.button._descriptor)  # reading a folder fails
    with caplog.at_level(logging.WARNING):
        rig.read()
    assert rig.edges == [(99.0, True), (100.0, False)]
    assert caplog.messages == [f"the button at {rig.button.device} is gone: Is a directory"]
    assert rig.clock.readers == {}


def test_end_of_the_device_is_its_going_away(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    rig.kernel.close()
    with caplog.at_level(logging.WARNING):
        rig.read()
    assert caplog.messages == [f"the button at {rig.button.device} is gone: end of file"]
    assert rig.clock.readers == {}


def test_callback_that_closes_the_button_ends_the_reading(kernel: Kernel) -> None:
    rig = Rig(kernel)
    rig.button._callback = lambda now, is_pressed: rig.button.close()
    kernel.is_down = True
    kernel.send((99.0, EV_KEY, WPS, 1), (99.1, EV_SYN, 3, 0), (99.2, EV_KEY, WPS, 0))
    rig.read()
    assert rig.clock.readers == {}
    assert rig.edges == []
    rig.button.close()


def test_another_key_can_be_asked_for(kernel: Kernel) -> None:
    path = kernel.add("event0", 0x2)
    button = EvdevButton(ManualLoop().loop, key=0x2, root=path.parent)
    assert button.device == path
    button.close()


def test_button_held_at_boot_is_known(kernel: Kernel) -> None:
    kernel.is_down = True
    rig = Rig(kernel)
    assert rig.button.is_pressed
    rig.button.close()


def test_first_device_with_the_key_is_taken_by_number(kernel: Kernel) -> None:
    for name, keys in (("event10", {WPS}), ("event2", {WPS}), ("event1", {WPS - 1})):
        kernel.add(name, *keys)
    (kernel.root / "event0").touch()  # no input device
    (kernel.root / "event3").symlink_to("nowhere")
    button = EvdevButton(ManualLoop().loop, root=kernel.root)
    assert button.device == kernel.root / "event2"
    button.close()


def test_no_device_with_the_key_is_explained(kernel: Kernel) -> None:
    loop = ManualLoop().loop
    hint = "on a Raspberry Pi add dtoverlay=gpio-key,gpio=17,keycode=529,label=WPS to config.txt"
    with pytest.raises(BoardError) as caught:
        EvdevButton(loop, root=kernel.root)
    assert str(caught.value) == f"no input device has the key 0x211 (there is none in {kernel.root}): {hint}"
    first, second = kernel.add("event0", 1), kernel.add("event1", 2)
    (kernel.root / "event2").symlink_to("nowhere")
    with pytest.raises(BoardError) as caught:
        EvdevButton(loop, root=kernel.root)
    assert str(caught.value) == (
        f"no input device has the key 0x211 (looked at: {first}, {second}, {kernel.root}/event2): {hint}"
    )


def test_named_device_that_is_wrong_is_explained(kernel: Kernel) -> None:
    loop = ManualLoop().loop
    with pytest.raises(BoardError) as caught:
        open_button(ButtonSpec("evdev", device=str(kernel.root / "event7")), loop)
    assert str(caught.value) == f"button at {kernel.root}/event7: No such file or directory"
    (kernel.root / "file").touch()
    with pytest.raises(BoardError) as caught:
        EvdevButton(loop, kernel.root / "file")
    assert str(caught.value) == f"{kernel.root}/file is not an input device: Inappropriate ioctl for device"


def test_missing_permission_is_explained(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    path = kernel.add("event0", WPS)

    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(BoardError) as caught:
        EvdevButton(ManualLoop().loop, root=kernel.root)
    assert str(caught.value) == (
        f"no permission for {path}: add the user to group input (SupplementaryGroups=input for a service)"
    )
