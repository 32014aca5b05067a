# SPDX-License-Identifier: BSD-3-Clause
"""Into the background, as hostapd -B and wpa_supplicant -B go: the command returns when the interfaces are up.

The process forks before anything is set up.  The command waits for the child's word: "ready" ends it with success, the
child's end ends it with the child's exit code, so that a script sees whether it worked.
"""

import contextlib
import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from wpsagent.cli.exit_codes import DONE, FAILED
from wpsagent.errors import AgentError

_READY = b"r"
_FOR_ALL_TO_READ = 0o644


class PidFileError(AgentError):
    """The file for the process's number cannot be written."""


def in_background(work: Callable[[Callable[[], None]], int]) -> int:
    """Do the work in a child; returns there what the work returns, and here what came of it.

    work is given what it has to call when it is ready: from then on it has no terminal.
    """
    reading, writing = os.pipe()
    # An interrupt waits until somebody answers for the child: one that came in between would leave it behind.
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    child = os.fork()
    if child:
        os.close(writing)
        return _wait_for(child, reading, mask)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    os.close(reading)
    os.setsid()
    return work(lambda: _detach(writing))


def _wait_for(child: int, reading: int, mask: set[signal.Signals | int]) -> int:
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        is_ready = os.read(reading, 1) == _READY
    except KeyboardInterrupt:
        os.kill(child, signal.SIGTERM)
        raise
    finally:
        os.close(reading)
    if is_ready:
        return DONE
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return code if code > 0 else FAILED


def _detach(writing: int) -> None:
    """Let the command end, and let go of its terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    os.close(null)
    with contextlib.suppress(BrokenPipeError):  # whoever called us has gone
        os.write(writing, _READY)
    os.close(writing)


@contextlib.contextmanager
def pid_file(name: str | None) -> Iterator[None]:
    """While this lasts a file holds the process's number; raises PidFileError.  None: no file."""
    if name is None:
        yield
        return
    path = Path(name).absolute()
    said = f"{os.getpid()}\n"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        descriptor = os.open(path, flags, _FOR_ALL_TO_READ)
        try:
            os.write(descriptor, said.encode("ascii"))
        finally:
            os.close(descriptor)
    except OSError as error:
        raise PidFileError(f"{path}: the process's number cannot be written: {error.strerror}") from None
    try:
        yield
    finally:
        with contextlib.suppress(OSError, ValueError):
            if path.read_text("ascii") == said:
                path.unlink()
