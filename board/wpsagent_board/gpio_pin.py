# SPDX-License-Identifier: BSD-3-Clause
"""Pins for gpiozero by the kernel's character device: edges come in the event loop, without threads and polling.

gpiozero's own factories keep threads that look at the pins hundreds of times a second, so that a board with a button
never sleeps.  Here gpiozero knows the board, its pins by all their names, who has which, and which have resistors of
their own; a pin itself is a line of the kernel.
"""

import asyncio
import errno
import importlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from wpsagent_board.errors import BoardError
from wpsagent_board.gpio_chip import ChipLine, LineEdge, LineFlag, open_chip

logger = logging.getLogger(__name__)

_PULLS = {"up": LineFlag.PULL_UP, "down": LineFlag.PULL_DOWN, "floating": LineFlag.NO_PULL}
_NO_FLAG = LineFlag(0)
_FUNCTIONS = {"input": LineFlag.INPUT, "output": LineFlag.OUTPUT}

_ENOTSUPP = 524  # the kernel's own, which some drivers let out
_NO_SUCH_PULL = (errno.EINVAL, errno.ENXIO, errno.EOPNOTSUPP, _ENOTSUPP)

WhenChanged = Callable[[float, int], None]
"""WhenChanged(ticks, state): an edge at a time of CLOCK_MONOTONIC."""


def kernel_factory(loop: asyncio.AbstractEventLoop, chip: int | None) -> Any:
    """A factory of gpiozero's for the pins of a chip (None: the Raspberry Pi's own), whose edges come in a loop."""
    factory = importlib.import_module("gpiozero.pins.pi").PiFactory()
    factory._get_revision = importlib.import_module("gpiozero.pins.local").get_pi_revision
    factory.pin_class = partial(KernelPin, loop=loop, chip=chip)
    return factory


class KernelPin:
    """A gpiozero Pin, as far as its InputDevice and OutputDevice go; every failure is a BoardError.

    It is asked for when it is told its function, and is ours until it is closed.
    """

    def __init__(self, factory: Any, info: Any, *, loop: asyncio.AbstractEventLoop, chip: int | None) -> None:
        """info: gpiozero's description of the pin; gpiozero 1.6 gives its number."""
        if isinstance(info, int):
            self.number = info
            self._fixed_pull = "up" if factory.pi_info.pulled_up(f"GPIO{info}") else ""
        elif "gpio" in info.interfaces:
            self.number = int(info.name.removeprefix("GPIO"))
            self._fixed_pull = info.pull
        else:
            raise BoardError(f"{info.name} is not a GPIO pin")
        self.info = info
        self.when_lost: Callable[[], None] | None = None
        """Called once when the kernel has taken the line away; no edge comes after that."""
        self._loop = loop
        self._chip = chip
        self._line: ChipLine | None = None
        self._function = "input"
        self._pull = ""
        self._bias = _NO_FLAG
        self._when_changed: WhenChanged | None = None

    def __repr__(self) -> str:
        return f"GPIO{self.number}"

    @property
    def function(self) -> str:
        """input or output."""
        return self._function

    @function.setter
    def function(self, value: str) -> None:
        with self._explained():
            self._configure(_FUNCTIONS[value])
        self._function = value

    def output_with_state(self, state: bool) -> None:
        """An output that has its level from the start."""
        with self._explained():
            self._configure(LineFlag.OUTPUT, is_high=bool(state))
        self._function = "output"

    @property
    def pull(self) -> str:
        """up, down or floating; empty before it is set: then it is as it was found."""
        return self._pull

    @pull.setter
    def pull(self, value: str) -> None:
        if self._fixed_pull not in (value, ""):
            raise BoardError(
                f"GPIO {self.number} has a pull-{self._fixed_pull} resistor of its own: "
                f'set pull = "{self._fixed_pull}" for it, or take another pin'
            )
        with self._explained():
            self._bias = self._biased(value)
        self._pull = value

    @property
    def state(self) -> bool:
        """The level, now."""
        with self._explained():
            return self._opened().is_high

    @state.setter
    def state(self, value: bool) -> None:
        with self._explained():
            self._opened().drive(bool(value))

    @property
    def when_changed(self) -> WhenChanged | None:
        """Called in the loop at each edge from now on; None ends that."""
        return self._when_changed

    @when_changed.setter
    def when_changed(self, value: WhenChanged | None) -> None:
        with self._explained():
            line = self._opened()
            line.configure(LineFlag.INPUT | self._bias | (_NO_FLAG if value is None else LineFlag.EDGES))
        if value is None:
            self._loop.remove_reader(line.descriptor)
        else:
            self._loop.add_reader(line.descriptor, self._readable, line)
        self._when_changed = value

    def close(self) -> None:
        """Make it an input again, with its pull as it is, and give it back.  Safe to call twice."""
        line, self._line = self._line, None
        self._when_changed = None
        if line is None:
            return
        self._loop.remove_reader(line.descriptor)
        try:
            line.configure(LineFlag.INPUT)
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise self._failure(error) from error
        finally:
            line.close()

    # ---- the line

    def _configure(self, flags: LineFlag, *, is_high: bool = False) -> None:
        if self._line is not None:
            self._line.configure(flags, is_high=is_high)
            return
        with open_chip(self._chip) as chip:
            if self.number >= chip.lines:
                raise BoardError(f"{chip.path} ({chip.label}) has {chip.lines} lines only")
            self._line = chip.line(self.number, flags, is_high=is_high)

    def _biased(self, pull: str) -> LineFlag:
        """Have a pull, or go on without where the chip knows none."""
        try:
            self._configure(LineFlag.INPUT | _PULLS[pull])
        except OSError as error:
            if error.errno not in _NO_SUCH_PULL:
                raise
            self._configure(LineFlag.INPUT)
            logger.warning("GPIO %d: its chip has no pull-%s: the wiring needs a resistor", self.number, pull)
            return _NO_FLAG
        return _PULLS[pull]

    def _opened(self) -> ChipLine:
        if self._line is None:
            raise OSError(errno.EBADF, "it is closed")
        return self._line

    def _readable(self, line: ChipLine) -> None:
        try:
            edges, has_gap = line.take_edges()
            if has_gap:
                edges.append(LineEdge(self._loop.time(), line.is_high))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._lost(line, error)
            return
        for edge in edges:
            if self._when_changed is not None:  # an edge before this one may have closed the pin
                self._when_changed(edge.at, int(edge.is_high))

    def _lost(self, line: ChipLine, error: OSError) -> None:
        logger.warning("%s", self._failure(error))
        self._loop.remove_reader(line.descriptor)
        line.close()
        self._line = self._when_changed = None
        if self.when_lost is not None:
            self.when_lost()

    # ---- failures in words

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except BoardError as error:
            raise BoardError(f"GPIO {self.number}: {error}") from error
        except OSError as error:
            raise self._failure(error) from error

    def _failure(self, error: OSError) -> BoardError:
        name, reason = f"GPIO {self.number}", error.strerror or str(error)
        match error.errno:
            case errno.EBUSY:
                return BoardError(f"{name} is busy: {self._holder()} holds the line: stop that, or take another pin")
            case errno.ENODEV:
                return BoardError(f"{name} is gone: the kernel has taken its chip away ({reason})")
            case errno.EINVAL if self._line is None:
                return BoardError(
                    f"{name} cannot be used: {reason}: a kernel before Linux 5.10 needs python3-lgpio and "
                    "GPIOZERO_PIN_FACTORY=lgpio in the environment"
                )
        return BoardError(f"{name} cannot be used: {reason}")

    def _holder(self) -> str:
        """Who has the line, as it calls itself."""
        try:
            with open_chip(self._chip) as chip:
                name = chip.holder(self.number)
        except (BoardError, OSError):
            name = ""
        return f'"{name}" (a program or a driver of the kernel)' if name else "the kernel or another program"
