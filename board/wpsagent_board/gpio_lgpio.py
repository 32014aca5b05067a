# SPDX-License-Identifier: BSD-3-Clause
"""gpiozero's own factory with lgpio, for whoever asks for it: GPIOZERO_PIN_FACTORY=lgpio.

On import lgpio makes a FIFO in its working folder, which is the current one (not writable for a service) or LG_WD, and
*changes the current folder* to it.  Here it gets a private folder that is removed at once, for both ends of the FIFO
are open by then, and the current folder is put back.
"""

import importlib
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_WORKING_FOLDER = "LG_WD"

_RENAMED = {
    "SET_PULL_NONE": "SET_BIAS_DISABLE",
    "SET_PULL_UP": "SET_BIAS_PULL_UP",
    "SET_PULL_DOWN": "SET_BIAS_PULL_DOWN",
}


def lgpio_factory(chip: int | None) -> Any:
    """chip None: gpiozero's choice."""
    _import_lgpio()
    make = importlib.import_module("gpiozero.pins.lgpio").LGPIOFactory
    return make() if chip is None else make(chip=chip)


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
