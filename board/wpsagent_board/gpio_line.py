# SPDX-License-Identifier: BSD-3-Clause
"""One GPIO line by gpiozero: opened, read, watched, written, closed, and its failures in words.

The pins underneath gpiozero are ours (gpio_pin), unless GPIOZERO_PIN_FACTORY or gpiozero.Device.pin_factory says
otherwise.  Edges of other factories come in threads of theirs and are only posted into the loop.
"""

import asyncio
import importlib
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from wpsagent_board.errors import BoardError
from wpsagent_board.gpio_chip import DEV, chip_trouble
from wpsagent_board.gpio_lgpio import lgpio_factory
from wpsagent_board.gpio_pin import KernelPin, kernel_factory

logger = logging.getLogger(__name__)

Pin = int | str
"""A GPIO number (17), or any name that gpiozero knows ("GPIO17", "J8:11")."""

EdgeHandler = Callable[[float, bool], None]
"""EdgeHandler(at, is_high): an edge at a time of the loop's clock."""

_FACTORY_NAME = "GPIOZERO_PIN_FACTORY"


def pin_name(pin: Pin) -> str:
    """A pin as people call it: "GPIO 17", or the name as it was given."""
    return f"GPIO {pin}" if isinstance(pin, int) or pin.isdecimal() else pin


class Line:
    """A gpiozero device of one pin.  Every failure is a BoardError, but at close it is only logged."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, kind: str, pin: Pin, chip: int | None, **options: object
    ) -> None:
        self._loop = loop
        self._pin = pin
        self._chip = chip
        self._edge: EdgeHandler | None = None
        try:
            gpiozero = importlib.import_module("gpiozero")
            factory = _factories.acquire(gpiozero, loop, chip)
            try:
                self._device = getattr(gpiozero, kind)(pin, pin_factory=factory, **options)
            except BaseException:
                _factories.release(loop, chip)
                raise
        except _failures() as error:
            raise _explained(error, pin, chip) from error

    @property
    def is_high(self) -> bool:
        """The level, now."""
        try:
            return bool(self._device.pin.state)
        except _failures() as error:
            raise _explained(error, self._pin, self._chip) from error

    def watch(self, edge: EdgeHandler, lost: Callable[[], None]) -> None:
        """From now on call `edge` in the loop at each edge, and `lost` once, if ever the line is taken away."""
        self._edge = edge
        pin = self._device.pin
        if isinstance(pin, KernelPin):
            pin.when_lost = lost
            pin.when_changed = self._deliver
            return
        try:
            pin.edges = "both"
            pin.when_changed = self._post
        except _failures() as error:
            raise _explained(error, self._pin, self._chip) from error

    def write(self, is_on: bool) -> None:
        try:
            if is_on:
                self._device.on()
            else:
                self._device.off()
        except _failures() as error:
            raise _explained(error, self._pin, self._chip) from error

    def close(self) -> None:
        """Make the line an input again and free it.  Call once."""
        try:
            # An edge may be on its way in lgpio's thread.  Once the device is gone gpiozero would fail there, and that
            # thread, which all pins of the process share, would die of it.
            if not isinstance(self._device.pin, KernelPin) and self._device.pin.when_changed is not None:
                self._device.pin.when_changed = _ignore
            self._device.close()
        except BoardError as error:
            logger.warning("not given back: %s", error)
        except _failures() as error:
            logger.warning("not given back: %s", _explained(error, self._pin, self._chip))
        finally:
            _factories.release(self._loop, self._chip)

    def _post(self, _ticks: float, state: float) -> None:
        """Runs in the library's thread, which must not die of a loop that has just been closed."""
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._deliver, self._loop.time(), state)

    def _deliver(self, at: float, state: float) -> None:
        if self._edge is not None:
            self._edge(at, bool(state))


def _ignore(ticks: float, state: float) -> None:
    """An edge that came after the close of its line."""


class _Factories:
    """The pin factories in use: made for the first line of a chip, closed with the last, which frees its lines."""

    def __init__(self) -> None:
        self._open: dict[tuple[asyncio.AbstractEventLoop, int | None], tuple[Any, int]] = {}

    def acquire(self, gpiozero: Any, loop: asyncio.AbstractEventLoop, chip: int | None) -> Any:
        """The factory for a chip, or None where gpiozero is told by other means which one to use."""
        factory, users = self._open.get((loop, chip), (None, 0))
        if not users and gpiozero.Device.pin_factory is None:
            factory = _new_factory(loop, chip)
        self._open[loop, chip] = factory, users + 1
        return factory

    def release(self, loop: asyncio.AbstractEventLoop, chip: int | None) -> None:
        factory, users = self._open.pop((loop, chip))
        if users > 1:
            self._open[loop, chip] = factory, users - 1
        elif factory is not None:
            factory.close()


_factories = _Factories()


def _new_factory(loop: asyncio.AbstractEventLoop, chip: int | None) -> Any:
    match os.environ.get(_FACTORY_NAME):
        case None | "":
            return kernel_factory(loop, chip)
        case "lgpio":
            return lgpio_factory(chip)
        case _:
            return None


def _failures() -> tuple[type[Exception], ...]:
    """What gpiozero and lgpio raise; lgpio's error is not known before it is imported."""
    failures: list[type[Exception]] = [OSError, ImportError]
    for module, name in (("gpiozero", "GPIOZeroError"), ("lgpio", "error")):
        if module in sys.modules:
            failures.append(getattr(sys.modules[module], name))
    return tuple(failures)


def _explained(error: Exception, pin: Pin, chip: int | None, dev: Path = DEV) -> BoardError:
    """What happened, where, and what to do."""
    name, kind = pin_name(pin), type(error).__name__
    text = str(error).strip("'\"")
    if isinstance(error, ModuleNotFoundError):
        return BoardError(
            f"{name}: {error.name} is not installed: install it (apt install python3-{error.name}), or let the kernel "
            "own the pin (backend evdev, uevent or led_class)"
        )
    if kind == "PinUnknownPi":
        return BoardError(
            f"{name}: gpiozero knows Raspberry Pi boards only and this is none: use backend evdev, uevent or led_class"
        )
    if kind == "GPIOPinInUse":
        return BoardError(f"{name} is used twice: another button or LED of this program has it")
    if kind == "PinInvalidPin":
        return BoardError(f"{name}: this board has no such pin: {text}")
    if kind == "PinFixedPull":
        return BoardError(f'{name}: {text}: set pull = "up" for it, or take another pin')
    if "busy" in text:
        return BoardError(
            f"{name} is busy: the kernel or another program holds the line (`gpioinfo` tells which): stop that, "
            "or take another pin"
        )
    if "gpiochip" in text:
        return BoardError(f"{name}: {chip_trouble(chip, dev)}")
    return BoardError(f"{name} cannot be used: {text or kind}")
