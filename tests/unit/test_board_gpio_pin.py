# SPDX-License-Identifier: BSD-3-Clause
"""Lines of the kernel underneath gpiozero, on a fake of linux/gpio.h: what no chip of the lab does."""

import fcntl
import logging
import os
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import gpiozero
import pytest
from gpiozero.pins import local
from tests.unit.board_manual_loop import ManualLoop

from wpsagent_board import gpio_chip, gpio_pin
from wpsagent_board.errors import BoardError
from wpsagent_board.gpio import GpioButton, GpioIndicator, Pull
from wpsagent_board.gpio_chip import LineFlag, open_chip
from wpsagent_board.pattern import DEFAULT_PATTERNS

PI_3 = 0xA02082
EVENT = struct.Struct("=QIIII24x")
RISING, FALLING = 1, 2
EINVAL, EBUSY, ENODEV, ENOTSUPP = 22, 16, 19, 524


@dataclass
class Line:
    """One line: what it was configured as, its level, and the far end of the pipe that stands for its edges."""

    flags: list[LineFlag]
    descriptor: int
    far_end: int
    level: int = 0
    count: int = 0

    def send(self, *edges: tuple[float, int]) -> None:
        for at, what in edges:
            self.count += 1
            os.write(self.far_end, EVENT.pack(round(at * 1e9), what, 17, self.count, self.count))

    def take_away(self) -> None:
        os.close(self.far_end)
        self.far_end = -1


@dataclass
class Kernel:
    """The chips below a folder, and what their ioctls answer."""

    dev: Path
    chips: dict[str, tuple[str, int]] = field(default_factory=dict)
    lines: dict[str, Line] = field(default_factory=dict)
    by_offset: dict[int, Line] = field(default_factory=dict)
    refuse: Callable[[LineFlag], int] = lambda _flags: 0
    holder: bytes = b""
    is_gone = False

    def plug(self, name: str, label: str, lines: int = 54) -> None:
        (self.dev / name).touch()
        self.chips[name] = label, lines

    def ioctl(self, descriptor: int, request: int, argument: bytes) -> bytes:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        if name in self.lines:
            return self._of_line(self.lines[name], request, argument)
        if name not in self.chips:
            raise OSError(25, "Inappropriate ioctl for device")
        if request == gpio_chip._GET_CHIP_INFO:
            label, lines = self.chips[name]
            return struct.pack("=32s32sI", name.encode(), label.encode(), lines)
        if request == gpio_chip._GET_LINE_INFO:
            return argument[:32] + self.holder.ljust(32, b"\0") + argument[64:]
        assert request == gpio_chip._GET_LINE
        return self._new_line(argument)

    def _check(self, flags: LineFlag) -> LineFlag:
        if number := self.refuse(flags):
            raise OSError(number, os.strerror(number))
        return flags

    def _new_line(self, argument: bytes) -> bytes:
        offset, consumer, config, lines, events = struct.unpack_from("=I252x32s272sII", argument)
        assert (consumer.rstrip(b"\0"), lines, events) == (b"wps-agent", 1, 64)
        flags = self._check(LineFlag(struct.unpack_from("=Q", config)[0]))
        near, far = os.pipe()
        line = self.by_offset[offset] = Line([flags], near, far)
        self.lines[Path(f"/proc/self/fd/{near}").readlink().name] = line
        line.level = self._output(config, line.level)
        return argument[:-4] + struct.pack("=i", near)

    @staticmethod
    def _output(config: bytes, before: int) -> int:
        attributes, identity, value, mask = struct.unpack_from("=8xI20xI4xQQ", config)
        if not attributes:
            return before
        assert (attributes, identity, mask) == (1, 2, 1)
        return int(value)

    def _of_line(self, line: Line, request: int, argument: bytes) -> bytes:
        if self.is_gone:
            raise OSError(ENODEV, "No such device")
        if request == gpio_chip._SET_CONFIG:
            line.flags.append(self._check(LineFlag(struct.unpack_from("=Q", argument)[0])))
            line.level = self._output(argument, line.level)
        elif request == gpio_chip._SET_VALUES:
            line.level, mask = struct.unpack("=QQ", argument)
            assert mask == 1
        else:
            assert (request, argument) == (gpio_chip._GET_VALUES, struct.pack("=QQ", 0, 1))
        return struct.pack("=QQ", line.level, 1)


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kernel]:
    kernel = Kernel(tmp_path)
    monkeypatch.setattr(fcntl, "ioctl", kernel.ioctl)
    monkeypatch.setattr(gpio_pin, "open_chip", partial(open_chip, dev=tmp_path))
    monkeypatch.setattr(local, "get_pi_revision", lambda: PI_3)
    monkeypatch.setattr(gpiozero.Device, "pin_factory", None)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    yield kernel
    for line in kernel.lines.values():
        if line.far_end >= 0:
            os.close(line.far_end)


@pytest.fixture
def pi(kernel: Kernel) -> Kernel:
    kernel.plug("gpiochip0", "pinctrl-bcm2835")
    return kernel


def test_numbers_of_the_ioctls_are_those_of_linux_gpio_h() -> None:
    chip = gpio_chip._GET_CHIP_INFO, gpio_chip._GET_LINE_INFO, gpio_chip._GET_LINE
    line = gpio_chip._SET_CONFIG, gpio_chip._GET_VALUES, gpio_chip._SET_VALUES
    assert (chip, line) == ((0x8044B401, 0xC100B405, 0xC250B407), (0xC110B40D, 0xC010B40E, 0xC010B40F))


@pytest.mark.parametrize("label", ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"])
def test_the_chip_is_the_one_with_a_raspberry_pi_s_pins_whatever_its_number(kernel: Kernel, label: str) -> None:
    kernel.plug("gpiochip0", "raspberrypi-exp-gpio", 8)
    kernel.plug("gpiochip10", label)
    kernel.plug("gpiochip2", "brcmvirt-gpio", 2)
    with open_chip(None, kernel.dev) as chip:
        assert (chip.path.name, chip.label, chip.lines) == ("gpiochip10", label, 54)


def test_a_board_without_such_a_chip_is_told_what_it_has(kernel: Kernel) -> None:
    kernel.plug("gpiochip0", "pinctrl-sun50i", 300)
    (kernel.dev / "gpiochip1").touch()  # no GPIO chip at all
    with pytest.raises(BoardError) as caught:
        GpioButton(ManualLoop().loop, 17)
    assert str(caught.value) == (
        "GPIO 17: no GPIO chip of this board is a Raspberry Pi's (pinctrl-rp1, pinctrl-bcm2711, pinctrl-bcm2835); "
        f"there are: {kernel.dev}/gpiochip0, {kernel.dev}/gpiochip1"
    )


def test_a_chip_that_is_named_need_not_be_a_raspberry_pi_s(kernel: Kernel) -> None:
    kernel.plug("gpiochip3", "another", 20)
    button = GpioButton(ManualLoop().loop, 17, chip=3)
    assert button.is_pressed
    button.close()


@pytest.mark.parametrize(
    ("pull", "flag"), [("up", LineFlag.PULL_UP), ("down", LineFlag.PULL_DOWN), ("none", LineFlag.NO_PULL)]
)
def test_a_button_has_its_pull_and_is_watched_when_it_is_started(pi: Kernel, pull: Pull, flag: LineFlag) -> None:
    button = GpioButton(ManualLoop().loop, 17, pull=pull)
    line = pi.by_offset[17]
    assert line.flags[-1] == LineFlag.INPUT | flag
    button.start(lambda at, is_pressed: None)
    assert line.flags[-1] == LineFlag.INPUT | flag | LineFlag.EDGES
    button.close()
    assert line.flags[-1] == LineFlag.INPUT


@pytest.mark.parametrize("number", [EINVAL, ENOTSUPP])
def test_a_chip_without_pulls_is_used_without_and_says_so(
    pi: Kernel, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    pi.refuse = lambda flags: number if flags & LineFlag.PULL_UP else 0
    with caplog.at_level(logging.WARNING):
        button = GpioButton(ManualLoop().loop, 17)
    assert caplog.messages == ["GPIO 17: its chip has no pull-up: the wiring needs a resistor"]
    button.start(lambda at, is_pressed: None)
    assert pi.by_offset[17].flags[-1] == LineFlag.INPUT | LineFlag.EDGES
    button.close()


def test_a_pull_that_fails_for_another_reason_is_an_error(pi: Kernel) -> None:
    pi.refuse = lambda flags: 5 if flags & LineFlag.PULL_UP else 0
    with pytest.raises(BoardError, match=r"^GPIO 17 cannot be used: Input/output error$"):
        GpioButton(ManualLoop().loop, 17)


def test_edges_are_told_with_the_kernel_s_time_and_never_from_the_future(pi: Kernel) -> None:
    clock = ManualLoop()
    edges: list[tuple[float, bool]] = []
    button = GpioButton(clock.loop, 17)
    button.start(lambda at, is_pressed: edges.append((at, is_pressed)))
    line = pi.by_offset[17]
    line.send((99.25, FALLING), (99.5, RISING), (1_700_000_000.0, FALLING))
    [readable] = clock.readers.values()
    readable()
    assert edges == [(99.25, True), (99.5, False), (100.0, True)]
    readable()  # nothing to read
    assert len(edges) == 3
    button.close()
    assert clock.readers == {}


def test_the_level_is_read_again_after_a_gap(pi: Kernel) -> None:
    clock = ManualLoop()
    edges: list[tuple[float, bool]] = []
    button = GpioButton(clock.loop, 17)
    button.start(lambda at, is_pressed: edges.append((at, is_pressed)))
    line = pi.by_offset[17]
    line.level = 1
    line.count = 7
    line.send((99.25, FALLING))
    [readable] = clock.readers.values()
    readable()
    assert edges == [(99.25, True), (100.0, False)]
    line.send((99.75, FALLING))
    readable()
    assert edges[2:] == [(99.75, True)]
    button.close()


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_line_that_is_taken_away_is_a_release_and_is_not_read_again(
    pi: Kernel, caplog: pytest.LogCaptureFixture, is_gone: bool
) -> None:
    clock = ManualLoop()
    edges: list[tuple[float, bool]] = []
    button = GpioButton(clock.loop, 17)
    button.start(lambda at, is_pressed: edges.append((at, is_pressed)))
    line = pi.by_offset[17]
    line.send((99.0, FALLING))
    [readable] = clock.readers.values()
    readable()
    pi.is_gone = is_gone
    line.take_away()
    with caplog.at_level(logging.WARNING):
        readable()
    assert caplog.messages == ["GPIO 17 is gone: the kernel has taken its chip away (No such device)"]
    assert edges == [(99.0, True), (100.0, False)]
    assert (clock.readers, button.is_pressed) == ({}, False)
    button.close()


def test_an_led_is_dark_from_the_start_and_an_input_at_the_end(pi: Kernel) -> None:
    led = GpioIndicator(ManualLoop().loop, 27, active_high=False)
    line = pi.by_offset[27]
    assert (line.flags, line.level) == ([LineFlag.OUTPUT], 1)
    led.show(DEFAULT_PATTERNS["success"])
    assert line.level == 0
    led.close()
    assert line.flags[-1] == LineFlag.INPUT


def test_a_chip_that_is_gone_is_closed_without_a_word(pi: Kernel, caplog: pytest.LogCaptureFixture) -> None:
    led = GpioIndicator(ManualLoop().loop, 27)
    pi.is_gone = True
    with pytest.raises(BoardError, match=r"^GPIO 27 is gone: the kernel has taken its chip away \(No such device\)$"):
        led.show(DEFAULT_PATTERNS["success"])
    led.close()
    assert caplog.messages == []


def test_a_line_that_cannot_be_given_back_is_told(pi: Kernel, caplog: pytest.LogCaptureFixture) -> None:
    led = GpioIndicator(ManualLoop().loop, 27)
    pi.refuse = lambda flags: 5
    led.close()
    assert caplog.messages == ["not given back: GPIO 27 cannot be used: Input/output error"]


@pytest.mark.parametrize(
    ("holder", "who"),
    [
        (b"spi0 CS0", '"spi0 CS0" (a program or a driver of the kernel)'),
        (b"", "the kernel or another program"),
    ],
)
def test_a_busy_line_names_its_holder(pi: Kernel, holder: bytes, who: str) -> None:
    pi.refuse = lambda flags: EBUSY
    pi.holder = holder
    with pytest.raises(BoardError) as caught:
        GpioButton(ManualLoop().loop, 17)
    assert str(caught.value) == f"GPIO 17 is busy: {who} holds the line: stop that, or take another pin"


def test_a_kernel_without_lines_of_version_2_is_told_of_lgpio(pi: Kernel) -> None:
    pi.refuse = lambda flags: EINVAL
    with pytest.raises(BoardError) as caught:
        GpioIndicator(ManualLoop().loop, 27)
    assert str(caught.value) == (
        "GPIO 27 cannot be used: Invalid argument: a kernel before Linux 5.10 needs python3-lgpio and "
        "GPIOZERO_PIN_FACTORY=lgpio in the environment"
    )


def test_pins_of_the_header_have_their_names_their_resistors_and_their_owners(pi: Kernel) -> None:
    loop = ManualLoop().loop
    button = GpioButton(loop, "J8:11")
    assert list(pi.by_offset) == [17]
    with pytest.raises(BoardError, match=r"^GPIO 17 is used twice: another button or LED of this program has it$"):
        GpioIndicator(loop, 17)
    with pytest.raises(BoardError, match=r"is not a GPIO pin$|has no such pin"):
        GpioButton(loop, "J8:1")
    with pytest.raises(
        BoardError, match=r'^GPIO 2 has a pull-up resistor of its own: set pull = "up" for it, or take another pin$'
    ):
        GpioButton(loop, 2, pull="down")
    GpioButton(loop, 2).close()
    button.close()


def test_pins_as_gpiozero_1_6_makes_them_have_a_number_and_ask_it_for_resistors(pi: Kernel) -> None:
    info = SimpleNamespace(pulled_up=lambda name: name in ("GPIO2", "GPIO3"))
    factory = SimpleNamespace(pi_info=info)
    two, seventeen = (gpio_pin.KernelPin(factory, number, loop=ManualLoop().loop, chip=None) for number in (2, 17))
    assert (two.number, repr(seventeen)) == (2, "GPIO17")
    with pytest.raises(BoardError, match=r"^GPIO 2 has a pull-up resistor of its own: "):
        two.pull = "floating"
    seventeen.function = "input"
    seventeen.pull = "down"
    assert pi.by_offset[17].flags[-1] == LineFlag.INPUT | LineFlag.PULL_DOWN
    seventeen.close()


def test_a_pin_that_the_chip_has_not_is_refused(kernel: Kernel) -> None:
    kernel.plug("gpiochip0", "pinctrl-bcm2835", 20)
    with pytest.raises(BoardError) as caught:
        GpioIndicator(ManualLoop().loop, 27)
    assert str(caught.value) == f"GPIO 27: {kernel.dev}/gpiochip0 (pinctrl-bcm2835) has 20 lines only"


def test_a_busy_line_whose_chip_vanishes_meanwhile_is_busy_all_the_same(pi: Kernel) -> None:
    def refuse(flags: LineFlag) -> int:
        pi.chips.clear()
        return EBUSY

    pi.refuse = refuse
    with pytest.raises(BoardError, match=r"^GPIO 17 is busy: the kernel or another program holds the line: "):
        GpioButton(ManualLoop().loop, 17)


def test_a_pin_that_is_closed_is_closed(pi: Kernel) -> None:
    factory = gpio_pin.kernel_factory(ManualLoop().loop, None)
    device = gpiozero.OutputDevice(27, pin_factory=factory)
    pin = device.pin
    device.close()
    with pytest.raises(BoardError, match=r"^GPIO 27 cannot be used: it is closed$"):
        pin.state = True
    factory.close()
    assert repr(pin) == "GPIO27"


def test_gpiozero_s_own_button_and_led_work_on_these_pins(pi: Kernel) -> None:
    clock = ManualLoop()
    factory = gpio_pin.kernel_factory(clock.loop, None)
    device = gpiozero.OutputDevice(27, pin_factory=factory)
    device.on()
    assert (device.value, device.pin.function, pi.by_offset[27].level) == (1, "output", 1)
    contact = gpiozero.InputDevice(17, pull_up=True, pin_factory=factory)
    assert (contact.is_active, contact.pull_up, contact.pin.function) == (True, True, "input")
    seen: list[tuple[float, int]] = []
    contact.pin.when_changed = lambda ticks, state: seen.append((ticks, state))
    pi.by_offset[17].send((99.0, RISING))
    next(iter(clock.readers.values()))()
    assert seen == [(99.0, 1)]
    contact.pin.when_changed = None
    assert (contact.pin.when_changed, clock.readers) == (None, {})
    for each in (contact, device):
        each.close()
    factory.close()
