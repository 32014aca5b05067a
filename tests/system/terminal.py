# SPDX-License-Identifier: BSD-3-Clause
"""A terminal for a process, and the person before it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Sequence

WITHIN = 60.0
SIZES = ("COLUMNS", "LINES")


class Terminal:
    """A process on a terminal of its own, and the person before it.

    Its environment says nothing of the size, not even what a library of ours (readline) has put there unasked.
    """

    def __init__(self, command: Sequence[str], size: tuple[int, int], **environment: str) -> None:
        self.master, slave = pty.openpty()
        self.resize(size)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        # setsid makes it the controlling terminal, so that Ctrl-C is a signal.
        self.process = subprocess.Popen(
            ["setsid", "--ctty", *command],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={name: value for name, value in os.environ.items() if name not in SIZES} | environment,
        )
        self.output = ""
        self._seen = 0

    def resize(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def press(self, keys: str) -> None:
        os.write(self.master, keys.encode())

    def wait_for(self, text: str, within: float = WITHIN) -> str:
        """Everything up to a text, since the last one that was waited for."""
        deadline = time.monotonic() + within
        while text not in self.output[self._seen :]:
            assert time.monotonic() < deadline, f"no {text!r} in {self.output[self._seen :]!r}"
            self._read(0.1)
        end = self.output.index(text, self._seen) + len(text)
        part, self._seen = self.output[self._seen : end], end
        return part

    def end(self) -> int:
        """The exit code; the rest of the output is read."""
        deadline = time.monotonic() + WITHIN
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it does not end: {self.output[-500:]!r}"
            self._read(0.05)
        self._read(0)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def _read(self, seconds: float) -> None:
        while select.select([self.master], [], [], seconds)[0]:
            self.output += os.read(self.master, 65536).decode(errors="replace")
            seconds = 0
