# SPDX-License-Identifier: BSD-3-Clause
"""The board's back ends on real parts: gpiozero over the kernel's lines and over lgpio on a simulated chip, evdev,
uevents, the LED class."""

import asyncio
import fcntl
import os
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from tests.lab.hardware import GpioLine, GpioSim, LedClass, intervals

from wpsagent_board.button import Button
from wpsagent_board.errors import BoardError
from wpsagent_board.evdev import EvdevButton
from wpsagent_board.factory import ButtonSpec, IndicatorSpec, open_button, open_indicator
from wpsagent_board.gesture import Gesture, GestureParameters, LongPress, ReportOn, ShortPress
from wpsagent_board.gpio import GpioButton, GpioIndicator, Pull
from wpsagent_board.leds import LedClassIndicator
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern
from wpsagent_board.ports import ButtonSource

LAB = {"radios": 0, "time_limit": 240.0}

T = TypeVar("T")

GPIO_GET_LINEEVENT_IOCTL = 0xC030B404
"""linux/gpio.h, struct gpioevent_request: offset, handle flags, event flags (u32), label[32], descriptor (s32)."""


def run(body: Callable[[asyncio.AbstractEventLoop], Awaitable[T]]) -> T:
    async def inside() -> T:
        return await asyncio.wait_for(body(asyncio.get_running_loop()), 60.0)

    return asyncio.run(inside())


async def gestures_of(
    source: ButtonSource,
    act: Callable[[asyncio.AbstractEventLoop], Awaitable[None]],
    parameters: GestureParameters | None = None,
    count: int = 1,
) -> list[tuple[float, Gesture]]:
    """What a button tells while somebody acts on it, with the time it was told."""
    loop = asyncio.get_running_loop()
    told: list[tuple[float, Gesture]] = []
    enough = asyncio.Event()

    def handler(gesture: Gesture) -> None:
        told.append((loop.time(), gesture))
        if len(told) == count:
            enough.set()

    button = Button(source, loop, handler, parameters)
    try:
        await act(loop)
        await asyncio.wait_for(enough.wait(), 20.0)
        await asyncio.sleep(0.2)  # whatever is told too much
    finally:
        button.close()
    return told


@contextmanager
def held_by_another_program(chip: GpioSim, number: int) -> Iterator[None]:
    with chip.device.open("rb") as device:
        request = struct.pack("@III32si", number, 1, 3, b"another", 0)
        descriptor = struct.unpack("@III32si", fcntl.ioctl(device, GPIO_GET_LINEEVENT_IOCTL, request))[4]
    try:
        yield
    finally:
        os.close(descriptor)


@pytest.fixture(params=["", "lgpio"], ids=["kernel", "lgpio"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is underneath gpiozero: lines of the kernel, which is the default, or lgpio."""
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", request.param)
    return str(request.param)


@pytest.fixture
def line(library: str) -> GpioLine:
    """GPIO 17, a released active-low button."""
    line = GpioSim().line(17)
    line.release()
    return line


def test_press_of_a_gpio_line_is_told_within_fifty_milliseconds(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> float:
        pressed_at = 0.0

        async def act(loop: asyncio.AbstractEventLoop) -> None:
            nonlocal pressed_at
            pressed_at = loop.time()
            line.press()

        parameters = GestureParameters(report_on=ReportOn.PRESS)
        [(told_at, gesture)] = await gestures_of(GpioButton(loop, 17), act, parameters)
        assert isinstance(gesture, ShortPress)
        return told_at - pressed_at

    latencies = []
    for _ in range(5):
        latencies.append(run(body))
        line.release()
    assert sorted(latencies)[2] < 0.050


def test_short_and_long_press_of_a_gpio_line(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> list[tuple[float, Gesture]]:
        async def act(loop: asyncio.AbstractEventLoop) -> None:
            line.press()
            await asyncio.sleep(0.3)
            line.release()
            await asyncio.sleep(0.2)
            line.press()

        return await gestures_of(GpioButton(loop, 17), act, GestureParameters(long_press=0.5), count=2)

    (_, short), (_, long) = run(body)
    assert isinstance(short, ShortPress)
    assert short.seconds == pytest.approx(0.3, abs=0.05)
    assert isinstance(long, LongPress)


def test_bouncing_gpio_line_is_one_press(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> list[tuple[float, Gesture]]:
        async def act(loop: asyncio.AbstractEventLoop) -> None:
            for _ in range(10):
                line.press()
                line.release()
            line.press()
            await asyncio.sleep(0.2)
            for _ in range(10):
                line.release()
                line.press()
            line.release()

        return await gestures_of(GpioButton(loop, 17), act)

    assert [type(gesture) for _, gesture in run(body)] == [ShortPress]


@pytest.mark.parametrize(
    ("active_low", "pull", "is_up_when_pressed"),
    [(True, "up", False), (True, "none", False), (False, "down", True), (False, "none", True), (False, "up", True)],
)
def test_polarity_and_pull(line: GpioLine, active_low: bool, pull: Pull, is_up_when_pressed: bool) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> tuple[bool, bool]:
        button = open_button(ButtonSpec("gpiozero", 17, active_low, pull), loop)
        try:
            line.pull(is_up_when_pressed)
            pressed = button.is_pressed
            line.pull(not is_up_when_pressed)
            return pressed, button.is_pressed
        finally:
            button.close()

    assert run(body) == (True, False)


def test_gpio_leaves_no_trace_in_the_current_folder(line: GpioLine, tmp_path: Path) -> None:
    before = Path.cwd()

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        GpioButton(loop, 17).close()

    run(body)
    assert Path.cwd() == before
    assert not list(before.glob(".lgd-*"))
    assert "LG_WD" not in os.environ
    assert not list(Path("/tmp").glob("lgpio-*"))


def test_gpio_line_is_free_after_close(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> None:
        for _ in range(2):
            button = GpioButton(loop, 17)
            indicator = GpioIndicator(loop, 27)
            indicator.close()
            button.close()

    run(body)
    for number in (17, 27):
        with held_by_another_program(GpioSim(), number):
            pass


def test_busy_gpio_line_is_named(line: GpioLine, library: str) -> None:
    holder = r".*gpioinfo" if library else r'"another" \(.*\) holds the line: stop that, or take another pin$'

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        with held_by_another_program(GpioSim(), 17), pytest.raises(BoardError, match=rf"^GPIO 17 is busy: {holder}"):
            GpioButton(loop, 17)
        with held_by_another_program(GpioSim(), 27), pytest.raises(BoardError, match=rf"^GPIO 27 is busy: {holder}"):
            GpioIndicator(loop, 27)
        GpioButton(loop, 17).close()

    run(body)


def test_missing_gpio_chip_is_named(library: str) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(BoardError, match=r"^GPIO 17: no /dev/gpiochip9; there are: /dev/gpiochip0, "):
            GpioButton(loop, 17, chip=9)

    run(body)


def test_gpio_led_blinks_by_the_loop_without_a_thread_and_ends_dark(library: str) -> None:
    line = GpioSim().line(27)

    async def body(loop: asyncio.AbstractEventLoop) -> list[tuple[int, float]]:
        indicator = open_indicator(IndicatorSpec("gpiozero", 27), loop)
        threads = threading.active_count()
        indicator.show(DEFAULT_PATTERNS["in_progress"])
        changes = await asyncio.to_thread(line.watch, 2.0)
        assert threading.active_count() <= threads + 1  # to_thread's
        indicator.show(DEFAULT_PATTERNS["success"])
        assert line.level == 1
        indicator.close()
        return intervals(changes)

    stretches = run(body)
    assert line.level == 0
    assert len(stretches) >= 8
    for level, seconds in stretches[1:]:
        assert seconds == pytest.approx(0.2 if level else 0.1, abs=0.05)


def test_active_low_gpio_led(library: str) -> None:
    line = GpioSim().line(22)

    async def body(loop: asyncio.AbstractEventLoop) -> tuple[int, int]:
        indicator = GpioIndicator(loop, 22, active_high=False)
        dark = line.level
        indicator.show(DEFAULT_PATTERNS["success"])
        lit = line.level
        indicator.close()
        return dark, lit

    assert run(body) == (1, 0)


def stretches_of(indicator: LedClassIndicator, pattern: Pattern, seconds: float) -> list[tuple[int, float]]:
    indicator.show(pattern)
    return intervals(GpioSim("board-gpio").line(1).watch(seconds))


def test_led_class_blinks_by_the_kernel_while_the_loop_stands_still() -> None:
    led = LedClass()

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        indicator = LedClassIndicator(loop)
        assert indicator.name == "green:wps"
        in_progress = stretches_of(indicator, DEFAULT_PATTERNS["in_progress"], 2.0)
        assert (led.trigger, led.read("delay_on"), led.read("delay_off")) == ("timer", "200", "100")
        assert len(in_progress) >= 8
        for level, seconds in in_progress[1:]:
            assert seconds == pytest.approx(0.2 if level else 0.1, abs=0.05)
        overlap = stretches_of(indicator, DEFAULT_PATTERNS["overlap"], 4.5)
        assert led.trigger == "pattern"
        assert sum(1 for level, seconds in overlap if not level and seconds == pytest.approx(0.6, abs=0.05)) >= 2
        assert sum(1 for level, seconds in overlap if level and seconds == pytest.approx(0.1, abs=0.05)) >= 8
        indicator.show(DEFAULT_PATTERNS["success"])
        assert (led.trigger, led.brightness) == ("none", 1)
        indicator.show(DEFAULT_PATTERNS["idle"])
        assert led.brightness == 0
        indicator.close()

    run(body)


def test_led_class_falls_back_to_idle_when_the_pattern_is_over() -> None:
    led = LedClass()

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        indicator = LedClassIndicator(loop, "green:wps")
        indicator.show(Pattern("short", ((100, 100),), lasts=0.5, then=DEFAULT_PATTERNS["idle"]))
        await asyncio.sleep(0.3)
        assert led.trigger == "timer"
        await asyncio.sleep(0.4)
        assert (led.trigger, led.brightness) == ("none", 0)
        indicator.close()

    run(body)


@pytest.mark.parametrize(
    ("trigger", "settings"),
    [
        ("none", {}),
        ("timer", {"delay_on": "70", "delay_off": "930"}),
        ("heartbeat", {"invert": "1"}),
        ("netdev", {"device_name": "lo", "link": "1"}),
        ("pattern", {"repeat": "-1"}),
        ("default-on", {}),
    ],
)
def test_former_trigger_and_its_settings_are_put_back(trigger: str, settings: dict[str, str]) -> None:
    led = LedClass()
    led.write("trigger", trigger)
    for name, value in settings.items():
        led.write(name, value)

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        indicator = LedClassIndicator(loop, "green:wps")
        indicator.show(DEFAULT_PATTERNS["overlap"])
        indicator.show(DEFAULT_PATTERNS["error"])
        indicator.close()

    run(body)
    assert led.trigger == trigger
    assert {name: led.read(name) for name in settings} == settings
    led.write("trigger", "none")
    led.write("brightness", "0")


def test_lit_led_is_lit_again() -> None:
    led = LedClass()
    led.write("brightness", "1")

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        indicator = LedClassIndicator(loop, "green:wps")
        indicator.show(DEFAULT_PATTERNS["idle"])
        assert led.brightness == 0
        indicator.close()

    run(body)
    assert led.brightness == 1
    led.write("brightness", "0")


def test_unknown_led_is_refused_with_those_that_are_there() -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(BoardError, match=r"^no LED named red:wps; there are: .*green:wps"):
            LedClassIndicator(loop, "red:wps")

    run(body)


@contextmanager
def user_led(name: str) -> Iterator[int]:
    """An LED of a program's making; it vanishes with its descriptor."""
    descriptor = os.open("/dev/uleds", os.O_RDWR)
    os.write(descriptor, struct.pack("64si", name.encode(), 255))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def test_vanished_led_is_an_error_that_says_so() -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> None:
        with user_led("blue:wps"):
            indicator = LedClassIndicator(loop, "blue:wps")
            indicator.show(DEFAULT_PATTERNS["error"])
        with pytest.raises(BoardError, match=r"^LED blue:wps is gone: "):
            indicator.show(DEFAULT_PATTERNS["success"])
        indicator.close()

    run(body)


def test_evdev_button_of_the_device_tree_tells_its_presses() -> None:
    line = GpioSim("board-gpio").line(0)
    line.release()

    async def body(loop: asyncio.AbstractEventLoop) -> list[tuple[float, Gesture]]:
        async def act(loop: asyncio.AbstractEventLoop) -> None:
            await asyncio.sleep(0.1)
            line.press()
            await asyncio.sleep(0.3)
            line.release()

        return await gestures_of(open_button(ButtonSpec("evdev"), loop), act)

    [(_, gesture)] = run(body)
    assert isinstance(gesture, ShortPress)
    assert gesture.seconds == pytest.approx(0.3, abs=0.05)


def test_evdev_button_held_at_boot_is_known() -> None:
    line = GpioSim("board-gpio").line(0)

    async def body(loop: asyncio.AbstractEventLoop) -> tuple[bool, bool]:
        line.press()
        await asyncio.sleep(0.2)
        held = EvdevButton(loop)
        line.release()
        await asyncio.sleep(0.2)
        free = EvdevButton(loop, held.device)
        levels = held.is_pressed, free.is_pressed
        held.close()
        free.close()
        return levels

    assert run(body) == (True, False)


def test_device_without_the_key_is_refused() -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(BoardError, match=r"^/dev/null is not an input device: "):
            EvdevButton(loop, Path("/dev/null"))
        with pytest.raises(BoardError, match=r"^button at /dev/input/event99: No such file or directory$"):
            EvdevButton(loop, Path("/dev/input/event99"))
        with pytest.raises(BoardError, match=r"^no input device has the key 0x210 \(looked at: /dev/input/event"):
            EvdevButton(loop, key=0x210)

    run(body)


def test_uevents_of_the_kernel_are_heard_and_others_passed_over() -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> bool:
        edges: list[tuple[float, bool]] = []
        button = open_button(ButtonSpec("uevent"), loop)
        button.start(lambda now, is_pressed: edges.append((now, is_pressed)))
        LedClass().write("uevent", "change")
        await asyncio.sleep(0.1)
        button.close()
        assert edges == []
        return button.is_pressed

    assert run(body) is False
