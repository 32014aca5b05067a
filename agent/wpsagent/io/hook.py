# SPDX-License-Identifier: BSD-3-Clause
"""Runs a person's own programs when something happens to an interface, as the action scripts of wpa_cli are run.

Each program is started without a shell as `program <interface> <event> [detail …]`.  The programs of one interface run
one at a time and in the order of the events: a DISCONNECTED waits for the CONNECTED before it.  One that takes too long
gets SIGTERM and then SIGKILL, with everything in its process group; what it made a daemon of (a new session) lives on.

It inherits no file descriptor, reads from /dev/null, writes to our log, and of our environment it gets only what says
where programs are and how to speak.
"""

import asyncio
import logging
import os
import signal
import subprocess
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

logger = logging.getLogger(__name__)

TIME_LIMIT = 30.0
"""Seconds that one program may take."""
GRACE = 2.0
"""Seconds between SIGTERM and SIGKILL."""
CLOSING_LIMIT = 3.0
"""Seconds that all that waits may take when the agent ends."""
WAITING_LIMIT = 16
"""How many events may wait; beyond that the oldest are left out: the last ones tell how things stand."""

_INHERITED = ("PATH", "LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "TZ")
_DEFAULT_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_LINE_OCTETS, _LINES = 1000, 500
_OUTPUTS = 8
_READ_OCTETS = 4096


@dataclass(frozen=True, slots=True)
class _Call:
    words: tuple[str, ...]
    environment: dict[str, str]


class Hook:
    """The programs of one interface.  Its calls need a running loop."""

    def __init__(
        self, interface: str, programs: Sequence[str], *, time_limit: float = TIME_LIMIT, grace: float = GRACE
    ) -> None:
        self._interface = interface
        self._programs = tuple(programs)
        self._time_limit = time_limit
        self._grace = grace
        self._waiting: deque[_Call] = deque()
        self._worker: asyncio.Task[None] | None = None
        self._outputs: list[_Output] = []
        self._is_closed = False

    def call(self, *words: str, environment: Mapping[str, str] | None = None) -> None:
        """Run the programs with these words after the interface's name, once those before have run; does not wait.

        Without effect after close.
        """
        if self._is_closed:
            return
        if len(self._waiting) == WAITING_LIMIT:
            left_out = self._waiting.popleft()
            logger.warning("%s: the programs are too slow: %s is left out", self._interface, left_out.words[0])
        self._waiting.append(_Call(words, dict(environment or {})))
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work(), name=f"hook of {self._interface}")

    async def idle(self) -> None:
        """Wait until everything that was asked for has run."""
        if self._worker is not None:
            await asyncio.wait({self._worker})

    async def close(self, time_limit: float = CLOSING_LIMIT) -> None:
        """Let what waits run for a moment, the last DISCONNECTED above all; then end what still runs."""
        self._is_closed = True
        if self._worker is not None:
            await asyncio.wait({self._worker}, timeout=time_limit)
            if self._worker.cancel():
                logger.warning("%s: the programs are not done after %g s: ended", self._interface, time_limit)
            await asyncio.gather(self._worker, return_exceptions=True)
        for output in self._outputs:
            output.close()
        self._outputs.clear()

    # ---- one after the other

    async def _work(self) -> None:
        while self._waiting:
            call = self._waiting.popleft()
            for program in self._programs:
                try:
                    await self._run(program, call)
                except Exception:  # the outermost loop: a bug must not leave the next event out
                    logger.exception("%s: %s", self._interface, program)

    async def _run(self, program: str, call: _Call) -> None:
        title = f"{self._interface}: {program} {call.words[0]}"
        output = self._open_output(title)
        try:
            process = await asyncio.create_subprocess_exec(
                program,
                self._interface,
                *call.words,
                stdin=subprocess.DEVNULL,
                stdout=output.write_end,
                stderr=output.write_end,
                env=environment() | call.environment,
                cwd="/",
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # ValueError: a NUL in a word
            reason = error.strerror if isinstance(error, OSError) else error
            logger.warning("%s: cannot be run: %s", title, reason)
            return
        finally:
            output.close_write_end()
        is_late = await self._wait(process)
        output.read()
        _tell(title, process.returncode, self._time_limit if is_late else None)

    async def _wait(self, process: asyncio.subprocess.Process) -> bool:
        """Until it has ended, by itself or by us; whether it took too long."""
        is_late = False
        try:
            async with asyncio.timeout(self._time_limit):
                await process.wait()
        except TimeoutError:
            is_late = True
        finally:
            if process.returncode is None:
                await self._end(process)
        return is_late

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        _signal(process, signal.SIGTERM)
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace):
                await process.wait()
        # Its children had the same warning and the same time.
        _signal(process, signal.SIGKILL)
        await process.wait()

    def _open_output(self, title: str) -> "_Output":
        """What its daemons say later is heard too, but not of any number of them."""
        self._outputs = [output for output in self._outputs if output.is_open]
        if len(self._outputs) == _OUTPUTS:
            self._outputs.pop(0).close()
        self._outputs.append(_Output(title))
        return self._outputs[-1]


class _Output:
    """What a program, and whatever it leaves behind, writes: line by line into the log, until nobody writes any more.

    asyncio's own pipes would not do: with them a program counts as running as long as a daemon of it holds the pipe.
    """

    def __init__(self, title: str) -> None:
        self.is_open = True
        self._title = title
        self._read_end, self.write_end = os.pipe()
        self._pending = b""
        self._lines = 0
        os.set_blocking(self._read_end, False)
        asyncio.get_running_loop().add_reader(self._read_end, self.read)

    def close_write_end(self) -> None:
        os.close(self.write_end)

    def read(self) -> None:
        """All that is there."""
        while self.is_open:
            try:
                octets = os.read(self._read_end, _READ_OCTETS)
            except BlockingIOError:
                return
            self._take(octets)
            if not octets:
                self.close()

    def close(self) -> None:
        if self.is_open:
            self.is_open = False
            asyncio.get_running_loop().remove_reader(self._read_end)
            os.close(self._read_end)
            if self._pending:
                self._log(self._pending)

    def _take(self, octets: bytes) -> None:
        *lines, self._pending = (self._pending + octets).split(b"\n")
        if len(self._pending) > _LINE_OCTETS:
            lines.append(self._pending)
            self._pending = b""
        for line in lines:
            self._log(line)

    def _log(self, line: bytes) -> None:
        self._lines += 1
        if self._lines > _LINES:
            return
        text = line[:_LINE_OCTETS].decode(errors="replace").rstrip()
        logger.info("%s: %s", self._title, "".join(c if c.isprintable() else "�" for c in text))
        if self._lines == _LINES:
            logger.warning("%s: says too much: the rest is left out", self._title)


def environment() -> dict[str, str]:
    """What of our own environment is a program's business."""
    kept = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {"PATH": _DEFAULT_PATH} | kept


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    """To the whole group, whose leader it is; one that has just ended gets nothing."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


def _tell(title: str, status: int | None, limit: float | None) -> None:
    if limit is not None:
        logger.warning("%s: not done after %g s: ended", title, limit)
    elif status:
        how = f"with {status}" if status > 0 else f"by signal {-status}"
        logger.warning("%s: ended %s", title, how)
    else:
        logger.info("%s: done", title)
