# SPDX-License-Identifier: BSD-3-Clause
"""Who comes for a radio that `backend = "auto"` has made ours: hostapd or wpa_supplicant, started after the agent.

Looked for by the file of its control socket, often at first, when everything starts, and now and then from then on; who
has one there is asked whether it answers, in a thread, because that may take its time.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, repeat
from pathlib import Path

from wpsagent.daemon.attached.choice import Probe, probe

LOOKS = (1.0, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""Seconds from one look to the next; the last one repeats."""

Comers = Mapping[Path, str]
"""What who has come does (choice.Probe), by its socket."""


class Watch:
    """on_come: what hears who has come, with each look that finds somebody."""

    def __init__(self, on_come: Callable[[Comers], None], ask: Probe = probe) -> None:
        self._on_come = on_come
        self._ask = ask
        self._watcher: asyncio.Task[None] | None = None

    def follow(self, paths: Iterable[Path]) -> None:
        """Look for these sockets, and no others any more."""
        self.close()
        if paths := tuple(paths):
            self._watcher = asyncio.create_task(self._look(paths), name="look for hostapd and wpa_supplicant")

    def close(self) -> None:
        """Look no more."""
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

    async def _look(self, paths: Iterable[Path]) -> None:
        for delay in chain(LOOKS, repeat(LOOKS[-1])):
            await asyncio.sleep(delay)
            there = [path for path in paths if path.is_socket()]
            answers = {path: await asyncio.to_thread(self._ask, path) for path in there}
            comers = {path: answer for path, answer in answers.items() if answer is not None}
            if comers:
                self._on_come(comers)
