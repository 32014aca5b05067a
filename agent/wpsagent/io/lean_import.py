# SPDX-License-Identifier: BSD-3-Clause
"""Modules that others load only in case somebody wants them, kept out of memory.

asyncio and paho-mqtt import ssl (4 MiB with its library) if there is one and do without if there is none.  Whoever
wants it later imports it as ever.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast


@contextmanager
def without(module: str) -> Iterator[None]:
    """What is imported here finds no such module, unless it is loaded already."""
    if module in sys.modules:
        yield
        return
    # None there makes an import fail (the language reference, 5.3.1, "The module cache").
    sys.modules[module] = cast("ModuleType", None)
    try:
        yield
    finally:
        del sys.modules[module]
