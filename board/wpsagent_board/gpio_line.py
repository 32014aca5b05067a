# SPDX-License-Identifier: BSD-3-Clause
"""One GPIO line by gpiozero and lgpio: opened, read, watched, written, closed, and its failures in words.

lgpio is the only pin library that works on every Pi, so it is taken without trying others, unless GPIOZERO_PIN_FACTORY
or gpiozero.Device.pin_factory says otherwise.  On import lgpio makes a FIFO in its working folder, which is the current
one (not writable for a service) or LG_WD, and *changes the current folder* to it.  Here it gets a private folder that
is removed at once, for both ends of the FIFO are open by then, and the current folder is put back.
"""

import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wpsagent_board.errors import BoardError

logger = logging.getLogger(__name__)

Pin = int | str
"""A GPIO number (17), or any name that gpiozero knows ("GPIO17", "J8:11")."""

_WORKING_FOLDER = "LG_WD"
_FACTORY_NAME = "GPIOZERO_PIN_FACTORY"

_RENAMED = {
    "SET_PULL_NONE": "SET_BIAS_DISABLE",
    "SET_PULL_UP": "SET_BIAS_PULL_UP",
    "SET_PULL_DOWN": "SET_BIAS_PULL_DOWN",
}


def pin_name(pin: Pin) -> str:
    """A pin as people call it: "GPIO 17", or the name as it was given."""
    return f"GPIO {pin}" if isinstance(pin, int) or pin.isdecimal() else pin


class Line:
    """A gpiozero device of one pin.  Every failure is a BoardError, but at close it is only logged."""

    def __init__(self, kind: str, pin: Pin, chip: int | None, **options: object) -> None:
        self._pin = pin
        self._chip = chip
        try:
            gpiozero = importlib.import_module("gpiozero")
            factory = _factories.acquire(gpiozero, chip)
            try:
                self._device = getattr(gpiozero, kind)(pin, pin_factory=factory, **options)
            except BaseException:
                _factories.release(chip)
                raise
        except _failures() as error:
            raise _explained(error, pin, chip) from error

    def read(self) -> bool:
        """Whether the line is active, now."""
        try:
            return bool(self._device.is_active)
        except _failures() as error:
            raise _explained(error, self._pin, self._chip) from error

    def watch(self, activated: Callable[[], None], deactivated: Callable[[], None]) -> None:
        """Call these, in lgpio's thread, at each edge from now on."""
        self._device.when_activated = activated
        self._device.when_deactivated = deactivated

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
            if self._device.pin.when_changed is not None:
                self._device.pin.when_changed = _ignore
            self._device.close()
        except _failures() as error:
            logger.warning("not given back: %s", _explained(error, self._pin, self._chip))
        finally:
            _factories.release(self._chip)


def _ignore(ticks: float, state: float) -> None:
    """An edge that came after the close of its line."""


class _Factories:
    """The pin factories in use: made for the first line of a chip, closed with the last, which frees its lines."""

    def __init__(self) -> None:
        self._open: dict[int | None, tuple[Any, int]] = {}

    def acquire(self, gpiozero: Any, chip: int | None) -> Any:
        """The factory for a chip, or None where gpiozero is told by other means which one to use."""
        factory, users = self._open.get(chip, (None, 0))
        if not users and gpiozero.Device.pin_factory is None and os.environ.get(_FACTORY_NAME) in (None, "", "lgpio"):
            _import_lgpio()
            make = importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory
            factory = make() if chip is None else make(chip=chip)
        self._open[chip] = factory, users + 1
        return factory

    def release(self, chip: int | None) -> None:
        factory, users = self._open.pop(chip)
        if users > 1:
            self._open[chip] = factory, users - 1
        elif factory is not None:
            factory.close()


_factories = _Factories()


def _import_lgpio() -> None:
    """Import lgpio so that gpiozero 1.6 finds it as well: lgpio 0.2 has given new names to three constants."""
    with _lgpio_working_folder():
        lgpio = importlib.import_module("lgpio")
    for new, old in _RENAMED.items():
        if not hasattr(lgpio, old) and hasattr(lgpio, new):
            setattr(lgpio, old, getattr(lgpio, new))


@contextmanager
def _lgpio_working_folder() -> Iterator[None]:
    """Import lgpio inside: a private LG_WD unless one is set, and the current folder put back afterwards."""
    if "lgpio" in sys.modules:
        yield
        return
    current = os.open(".", os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _private_folder():
            try:
                yield
            finally:
                os.fchdir(current)
    finally:
        os.close(current)


@contextmanager
def _private_folder() -> Iterator[None]:
    """LG_WD names a temporary folder inside, unless somebody has set it."""
    if os.environ.get(_WORKING_FOLDER):
        yield
        return
    with tempfile.TemporaryDirectory(prefix="lgpio-") as folder:
        os.environ[_WORKING_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[_WORKING_FOLDER]


def _failures() -> tuple[type[Exception], ...]:
    """What gpiozero and lgpio raise; lgpio's error is not known before it is imported."""
    failures: list[type[Exception]] = [OSError, ImportError]
    for module, name in (("gpiozero", "GPIOZeroError"), ("lgpio", "error")):
        if module in sys.modules:
            failures.append(getattr(sys.modules[module], name))
    return tuple(failures)


def _explained(error: Exception, pin: Pin, chip: int | None, dev: Path = Path("/dev")) -> BoardError:
    """What happened, where, and what to do."""
    name, kind = pin_name(pin), type(error).__name__
    text = str(error).strip("'\"")
    if isinstance(error, ModuleNotFoundError):
        return BoardError(
            f"{name}: {error.name} is not installed: install gpiozero and lgpio, or let the kernel own the pin "
            "(backend evdev, uevent or led_class)"
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
        return BoardError(f"{name}: {_chip_trouble(chip, dev)}")
    return BoardError(f"{name} cannot be used: {text or kind}")


def _chip_trouble(chip: int | None, dev: Path) -> str:
    """Why a gpiochip cannot be opened."""
    chips = sorted(dev.glob("gpiochip*"))
    if not chips:
        return "no /dev/gpiochip…: the kernel has no GPIO driver for this board, or it is hidden from this service"
    wanted = chips[0] if chip is None else dev / f"gpiochip{chip}"
    if not wanted.exists():
        return f"no {wanted}; there are: {', '.join(str(path) for path in chips)}"
    if not os.access(wanted, os.R_OK | os.W_OK):
        return f"no permission for {wanted}: add the user to group gpio (SupplementaryGroups=gpio for a service)"
    return f"{wanted} cannot be opened"
