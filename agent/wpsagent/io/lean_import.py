# SPDX-License-Identifier: BSD-3-Clause
"""Modules that others load only in case somebody wants them, kept out of memory.

asyncio and paho-mqtt import ssl (4 MiB with its library) if there is one and do without if there is none.  paho-mqtt
imports urllib.request (1 MiB with HTTP and e-mail) for proxies that only PySocks could use.  Whoever wants one of them
later imports it as ever.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import cast


def without(module: str) -> AbstractContextManager[None]:
    """What is imported here finds no such module, unless it is loaded already."""
    # None there makes an import fail (the language reference, 5.3.1, "The module cache").
    return _instead(module, cast("ModuleType", None))


def hollow(module: str) -> AbstractContextManager[None]:
    """What is imported here finds that module empty, unless it is loaded already."""
    return _instead(module, ModuleType(module))


@contextmanager
def _instead(module: str, stand_in: ModuleType) -> Iterator[None]:
    if module in sys.modules:
        yield
        return
    sys.modules[module] = stand_in
    try:
        yield
    finally:
        del sys.modules[module]
