# SPDX-License-Identifier: BSD-3-Clause
"""Files that are whole at any time: what must survive a full disk, a kill and a power cut.

A new file is written beside the old one, made durable (fsync), and put in its place (rename(2) is atomic); then the
folder is made durable.  Whatever goes wrong before the rename leaves the old file as it was.  The new file belongs to
whom the old one belonged; it has the mode of the old one, less all rights of others, or 0600.
"""

import contextlib
import errno
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wpsagent.errors import AgentError

_SUFFIX = ".wps-agent-new"
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OWN = 0o600
_KEPT_MODE = 0o660
_OTHERS_MAY_NOT_LOOK = 0o700


class SaveError(AgentError):
    """A file could not be saved, and the old one is as it was; or, is_replaced, the new one may not last."""

    def __init__(self, message: str, *, is_replaced: bool = False) -> None:
        super().__init__(message)
        self.is_replaced = is_replaced


@dataclass(frozen=True, slots=True)
class SystemCalls:
    """The calls of the system that writing takes, so that a test can let each of them fail."""

    open: Callable[[Path, int, int], int] = os.open
    write: Callable[[int, memoryview], int] = os.write
    fstat: Callable[[int], os.stat_result] = os.fstat
    fchown: Callable[[int, int, int], None] = os.fchown
    fchmod: Callable[[int, int], None] = os.fchmod
    fsync: Callable[[int], None] = os.fsync
    close: Callable[[int], None] = os.close
    rename: Callable[[Path, Path], None] = os.rename
    unlink: Callable[[Path], None] = os.unlink


SYSTEM_CALLS = SystemCalls()


def make_folder_of(path: Path) -> None:
    """Makes the folder that a file is to be in, if it is not there, closed to others; raises SaveError."""
    try:
        path.parent.mkdir(_OTHERS_MAY_NOT_LOOK, parents=True, exist_ok=True)
    except OSError as error:
        raise SaveError(f"{path.parent}: cannot be made: {error.strerror}") from None


def write_atomically(path: str | Path, octets: bytes, calls: SystemCalls = SYSTEM_CALLS) -> None:
    """Replaces a file, or makes it; raises SaveError.  A symbolic link stays one: the file it leads to is replaced."""
    shown = path
    try:
        path = Path(path).resolve()
        _write(path, octets, calls)
    except (OSError, RuntimeError) as error:  # RuntimeError: links that lead in a circle, before Python 3.13
        reason = error.strerror if isinstance(error, OSError) else "links lead in a circle"
        raise SaveError(f"{shown}: cannot be saved: {reason}; the file is as it was") from None
    try:
        _make_durable(path.parent, calls)
    except OSError as error:
        problem = f"{shown}: saved, but a power cut now may undo it: {error.strerror}"
        raise SaveError(problem, is_replaced=True) from None


def _write(path: Path, octets: bytes, calls: SystemCalls) -> None:
    """Writes the new file and puts it in place."""
    old = _status(path)
    new = path.with_name(f".{path.name}{_SUFFIX}")
    with contextlib.suppress(FileNotFoundError):
        calls.unlink(new)  # left by a run that was killed
    descriptor = calls.open(new, _FLAGS, _OWN)
    try:
        try:
            _fill(descriptor, octets, old, calls)
        finally:
            calls.close(descriptor)
        calls.rename(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            calls.unlink(new)
        raise


def _status(path: Path) -> os.stat_result | None:
    """Of the old file, None if there is none; raises OSError when it is no regular file."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")
    return status


def _fill(descriptor: int, octets: bytes, old: os.stat_result | None, calls: SystemCalls) -> None:
    rest = memoryview(octets)
    while rest:
        rest = rest[calls.write(descriptor, rest) :]
    mode = _OWN
    if old is not None:
        mode = old.st_mode & _KEPT_MODE
        now = calls.fstat(descriptor)
        if (old.st_uid, old.st_gid) != (now.st_uid, now.st_gid):
            calls.fchown(descriptor, old.st_uid, old.st_gid)
    calls.fchmod(descriptor, mode)
    calls.fsync(descriptor)


def _make_durable(folder: Path, calls: SystemCalls) -> None:
    descriptor = calls.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, 0)
    try:
        calls.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that has no such thing
            raise
    finally:
        calls.close(descriptor)
