# SPDX-License-Identifier: BSD-3-Clause
"""A wpa_supplicant that stops dead in the middle of what it does: its log goes into a pipe that is read no more."""

import fcntl
import os
import threading
from pathlib import Path
from types import TracebackType

from tests.lab.network import NetNamespace
from tests.lab.peers import WpaSupplicant, new_folder, wait_until

_F_SETPIPE_SZ = 1031  # linux/fcntl.h
_PIPE_SIZE = 4096  # the least there is: what it still says after the line it is halted at


class HaltingSupplicant(WpaSupplicant):
    """wpa_supplicant that comes no further than a page of its debug log after the first line that contains `text`."""

    def __init__(self, interface: str, text: str, *, config: str = "", namespace: NetNamespace | None = None) -> None:
        self._pipe = new_folder("halting") / "log"
        os.mkfifo(self._pipe)
        self._is_halted = threading.Event()
        self._may_go_on = threading.Event()
        self._reader = threading.Thread(target=self._read, args=(self._pipe, text.encode()), daemon=True)
        self._reader.start()
        super().__init__(interface, config=config, namespace=namespace, arguments=("-dd", "-f", str(self._pipe)))

    def _read(self, pipe: Path, text: bytes) -> None:
        descriptor = os.open(pipe, os.O_RDONLY)
        fcntl.fcntl(descriptor, _F_SETPIPE_SZ, _PIPE_SIZE)
        said = b""
        while octets := os.read(descriptor, _PIPE_SIZE):
            said += octets
            if text in said and not self._is_halted.is_set():
                self._is_halted.set()
                self._may_go_on.wait()
        os.close(descriptor)

    def wait_halted(self, timeout: float = 60.0) -> None:
        """Until the line has come: from now on it does nothing."""
        wait_until(self._is_halted.is_set, timeout, "the station did not come so far")

    def go_on(self) -> None:
        """It does what it would have done."""
        self._may_go_on.set()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.go_on()
        super().__exit__(kind, error, trace)
        self._reader.join()
