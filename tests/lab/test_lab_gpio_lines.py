# SPDX-License-Identifier: BSD-3-Clause
"""Buttons and LEDs at lines of the kernel: late loops, lost edges, whose line it is, a chip that goes away."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from tests.lab.hardware import GpioLine, GpioSim

from wpsagent_board.button import Button
from wpsagent_board.errors import BoardError
from wpsagent_board.gesture import Gesture, GestureParameters, ReportOn, ShortPress
from wpsagent_board.gpio import GpioButton, GpioIndicator
from wpsagent_board.gpio_chip import GpioChip, open_chip
from wpsagent_board.pattern import DEFAULT_PATTERNS

LAB = {"radios": 0, "time_limit": 120.0}

T = TypeVar("T")

KEPT = 64
"""Edges that the kernel keeps for us."""
APART = 0.015
"""Seconds after which the simulated chip tells two edges apart."""

Edges = list[tuple[float, bool]]


def run(body: Callable[[asyncio.AbstractEventLoop], Awaitable[T]]) -> T:
    async def inside() -> T:
        return await asyncio.wait_for(body(asyncio.get_running_loop()), 30.0)

    return asyncio.run(inside())


def pause(seconds: float) -> None:
    """Stands for a loop that is busy elsewhere."""
    threading.Event().wait(seconds)


@pytest.fixture
def line() -> GpioLine:
    """GPIO 17, a released active-low button."""
    line = GpioSim().line(17)
    line.release()
    return line


def number_of(chip: GpioSim) -> int:
    return int(chip.device.name.removeprefix("gpiochip"))


def test_an_edge_tells_its_own_time_to_a_loop_that_was_busy(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> tuple[float, Edges]:
        edges: Edges = []
        button = GpioButton(loop, 17)
        button.start(lambda at, is_pressed: edges.append((at, is_pressed)))
        pressed = loop.time()
        line.press()
        pause(0.2)
        line.release()
        pause(0.2)
        assert edges == []
        await asyncio.sleep(0.01)
        button.close()
        return pressed, edges

    pressed, [(first, is_pressed), (second, is_pressed_later)] = run(body)
    assert (is_pressed, is_pressed_later) == (True, False)
    assert pressed <= first < pressed + 0.05
    assert second - first == pytest.approx(0.2, abs=0.05)


def test_a_press_that_a_busy_loop_slept_through_is_as_long_as_it_was(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> list[Gesture]:
        gestures: list[Gesture] = []
        button = Button(GpioButton(loop, 17), loop, gestures.append)
        line.press()
        pause(0.3)
        line.release()
        pause(0.5)
        await asyncio.sleep(0.1)
        button.close()
        return gestures

    [gesture] = run(body)
    assert isinstance(gesture, ShortPress)
    assert gesture.seconds == pytest.approx(0.3, abs=0.05)


def test_the_level_is_read_again_where_edges_were_lost(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> Edges:
        edges: Edges = []
        button = GpioButton(loop, 17)
        button.start(lambda at, is_pressed: edges.append((at, is_pressed)))
        for _ in range(KEPT // 2 + 4):
            line.press()
            pause(APART)
            line.release()
            pause(APART)
        line.press()
        pause(APART)
        seen = loop.time()
        await asyncio.sleep(0.01)
        assert edges[-1][0] >= seen
        button.close()
        return edges

    edges = run(body)
    assert [is_pressed for _, is_pressed in edges[-2:]] == [True, True]
    assert len(edges) == KEPT + 1


def test_a_button_that_is_closed_by_its_own_edge_tells_no_other(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> Edges:
        edges: Edges = []
        button = GpioButton(loop, 17)

        def edge(at: float, is_pressed: bool) -> None:
            edges.append((at, is_pressed))
            button.close()

        button.start(edge)
        for act in (line.press, line.release, line.press):
            act()
            pause(APART)
        await asyncio.sleep(0.01)
        return edges

    assert [is_pressed for _, is_pressed in run(body)] == [True]


def test_neither_a_thread_nor_a_wake_up_is_spent_on_a_button_that_nobody_presses(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> tuple[int, int]:
        button = Button(GpioButton(loop, 17), loop, lambda gesture: None)
        before = slept()
        await asyncio.sleep(1.0)
        after = slept()
        button.close()
        return threading.active_count(), after - before

    threads, wake_ups = run(body)
    assert threads == 1
    assert wake_ups <= 3  # the sleep's own


def slept() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("voluntary_ctxt_switches:"))


def test_others_are_told_whose_line_it_is(line: GpioLine) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> list[str]:
        button, led = GpioButton(loop, 17), GpioIndicator(loop, 27)
        with open_chip(None) as chip:
            names = [chip.holder(number) for number in (17, 27, 22)]
        led.close()
        button.close()
        return names

    assert run(body) == ["wps-agent", "wps-agent", ""]


def test_a_line_of_a_kernel_driver_is_busy_by_its_name() -> None:
    number = number_of(GpioSim("board-gpio"))

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(BoardError, match=r'^GPIO 0 is busy: "wps" \(a program or a driver of the kernel\) holds'):
            GpioButton(loop, 0, pull="none", chip=number)
        with pytest.raises(BoardError, match=r'^GPIO 1 is busy: "green:wps" \(.*\) holds the line: stop that, or take'):
            GpioIndicator(loop, 1, chip=number)

    run(body)


def test_a_pin_that_the_chip_has_not_is_refused_with_what_it_has() -> None:
    number = number_of(GpioSim("board-gpio"))

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        with pytest.raises(BoardError) as caught:
            GpioButton(loop, 17, chip=number)
        assert str(caught.value) == f"GPIO 17: /dev/gpiochip{number} (board-gpio) has 8 lines only"

    run(body)


def test_pins_of_two_chips_do_not_meet(line: GpioLine) -> None:
    other = GpioSim("board-gpio")
    other.line(5).pull(False)

    async def body(loop: asyncio.AbstractEventLoop) -> tuple[bool, bool]:
        ours, theirs = GpioButton(loop, 5), GpioButton(loop, 5, pull="up", chip=number_of(other))
        GpioSim().line(5).press()
        levels = ours.is_pressed, theirs.is_pressed
        ours.close()
        theirs.close()
        return levels

    assert run(body) == (True, False)


def test_an_led_never_shows_the_wrong_level() -> None:
    """An active-low LED is dark, high, from the moment that it is an output."""
    led = GpioSim().line(22)
    led.pull(True)
    lit = threading.Event()
    has_ended = threading.Event()

    def watch() -> None:
        while not has_ended.is_set():
            if led.level == 0:
                lit.set()

    async def body(loop: asyncio.AbstractEventLoop) -> None:
        watcher = threading.Thread(target=watch)
        watcher.start()
        for _ in range(20):
            GpioIndicator(loop, 22, active_high=False).close()
        has_ended.set()
        watcher.join()

    run(body)
    assert not lit.is_set()


@contextmanager
def without_chips() -> Iterator[None]:
    """Both simulated chips are pulled out, and put back."""
    folder = Path("/sys/bus/platform/drivers/gpio-sim")
    device = next(path.name for path in folder.iterdir() if path.is_symlink() and path.name != "module")
    (folder / "unbind").write_text(device)
    try:
        yield
    finally:
        (folder / "bind").write_text(device)


def test_a_chip_that_goes_away_is_told_costs_nothing_and_may_come_back(
    line: GpioLine, caplog: pytest.LogCaptureFixture
) -> None:
    async def body(loop: asyncio.AbstractEventLoop) -> None:
        gestures: list[Gesture] = []
        parameters = GestureParameters(report_on=ReportOn.PRESS, long_press=None, stuck=1.0)
        button = Button(GpioButton(loop, 17), loop, gestures.append, parameters)
        led = GpioIndicator(loop, 27)
        line.press()
        await asyncio.sleep(0.2)
        assert [type(gesture) for gesture in gestures] == [ShortPress]
        before = slept()
        with without_chips():
            await asyncio.sleep(1.5)
            with pytest.raises(BoardError, match=r"^GPIO 27 is gone: the kernel has taken its chip away"):
                led.show(DEFAULT_PATTERNS["success"])
            assert slept() - before < 50
            button.close()
            led.close()
            with pytest.raises(BoardError, match=r"^GPIO 17: no "):
                GpioButton(loop, 17)
        GpioButton(loop, 17).close()

    with caplog.at_level(logging.WARNING):
        run(body)
    assert any("GPIO 17 is gone: the kernel has taken its chip away" in message for message in caplog.messages)


def test_the_chip_is_found_by_its_label() -> None:
    with open_chip(None) as chip:
        assert (chip.path, chip.label, chip.lines) == (GpioSim().device, "pinctrl-bcm2835", 54)
    other = GpioChip(GpioSim("board-gpio").device)
    assert (other.label, other.lines) == ("board-gpio", 8)
    other.close()
