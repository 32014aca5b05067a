# SPDX-License-Identifier: BSD-3-Clause
"""A screen in memory (Xvfb) with a mouse and a keyboard (xdotool), and what is to be seen on it.

Xvfb keeps its frame buffer in a file as xwd writes it: a header of 32-bit numbers, a table of colours, rows of pixels.
"""

import os
import struct
import subprocess
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

WITHIN = 30.0
_SIZE = "1024x768x24"
_XWD = struct.Struct(">25I")
_COLOUR_SIZE = 12


def wait_until(condition: Callable[[], object], what: Callable[[], str], within: float = WITHIN) -> None:
    """Ask until the answer is true."""
    deadline, pause = time.monotonic() + within, threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"after {within} s: {what()}"
        pause.wait(0.05)


@dataclass(frozen=True, slots=True)
class Picture:
    """Rows of red, green and blue octets."""

    width: int
    height: int
    rows: tuple[bytes, ...]

    @classmethod
    def of(cls, xwd: bytes) -> Self:
        header = _XWD.unpack_from(xwd)
        size, width, height, bytes_per_line, colours = header[0], header[4], header[5], header[12], header[19]
        start = size + colours * _COLOUR_SIZE
        lines = (xwd[start + y * bytes_per_line :][: width * 4] for y in range(height))
        # Little-endian pixels of 32 bits: blue, green, red, nothing.
        rows = tuple(
            b"".join(line[x + 2 : x + 3] + line[x + 1 : x + 2] + line[x : x + 1] for x in range(0, width * 4, 4))
            for line in lines
        )
        return cls(width, height, rows)

    def dark_pixels(self, left: int, top: int, width: int, height: int) -> int:
        """How many pixels of a rectangle are dark: letters."""
        rows = (row[left * 3 : (left + width) * 3] for row in self.rows[top : top + height])
        return sum(max(row[x : x + 3]) < 0x80 for row in rows for x in range(0, len(row), 3))

    def png(self) -> bytes:
        """As a file for people."""

        def chunk(name: bytes, body: bytes) -> bytes:
            return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

        pixels = zlib.compress(b"".join(b"\0" + row for row in self.rows))
        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


class VirtualScreen:
    """See the module.  Pictures are kept in folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        read, write = os.pipe()
        command = ["Xvfb", "-displayfd", str(write), "-screen", "0", _SIZE, "-fbdir", str(folder), "-nolisten", "tcp"]
        self._server = subprocess.Popen(
            command, pass_fds=(write,), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        os.close(write)
        with os.fdopen(read) as number:
            self.display = f":{number.readline().strip()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait(10)

    @property
    def environment(self) -> Mapping[str, str]:
        """For the programs that show something here: without a theme, always at the same size."""
        return {
            **os.environ,
            "DISPLAY": self.display,
            "HOME": str(self.folder),
            "XDG_RUNTIME_DIR": str(self.folder),
            "QT_QPA_PLATFORM": "xcb",
            "QT_QPA_PLATFORMTHEME": "",
            "QT_STYLE_OVERRIDE": "Fusion",
            "QT_FONT_DPI": "96",
        }

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=dict(self.environment), capture_output=True, text=True, check=False, timeout=WITHIN
        )
        return done.stdout

    # ---- hands

    def click(self, x: int, y: int, times: int = 1) -> None:
        self._xdotool("mousemove", str(x), str(y), "click", "--repeat", str(times), "--delay", "60", "1")

    def type(self, text: str) -> None:
        self._xdotool("type", text)

    def press(self, *keys: str) -> None:
        self._xdotool("key", *keys)

    # ---- eyes

    def windows(self) -> list[str]:
        """The names of what is shown."""
        names = self._xdotool("search", "--onlyvisible", "--name", "", "getwindowname", "%@").splitlines()
        return [name for name in names if name]

    def wait_window(self, name: str, within: float = WITHIN) -> tuple[int, int]:
        """Where the window of a name is, once it is there."""
        wait_until(lambda: name in self.windows(), lambda: f"no window {name!r} among {self.windows()}", within)
        lines = self._xdotool("search", "--onlyvisible", "--name", f"^{name}$", "getwindowgeometry", "--shell")
        values = dict(line.split("=", 1) for line in lines.splitlines() if "=" in line)
        return int(values["X"]), int(values["Y"])

    def look(self) -> Picture:
        """What is to be seen now."""
        return Picture.of((self.folder / "Xvfb_screen0").read_bytes())

    def keep(self, name: str) -> None:
        """A picture for people."""
        (self.folder / f"{name}.png").write_bytes(self.look().png())
