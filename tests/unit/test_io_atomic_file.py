# SPDX-License-Identifier: BSD-3-Clause
"""Files that are whole at any time: every call of the system fails, or is the last one before the process is killed."""

import errno
import os
import resource
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError, SystemCalls, write_atomically

OLD, NEW = b"old " * 1000, b"new! " * 2000
NEW_NAME = ".networks.conf.wps-agent-new"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "networks.conf"
    path.write_bytes(OLD)
    path.chmod(0o600)
    return path


def names(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.parent.iterdir())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@dataclass
class Recorder:
    """Carries calls out, writes down which, and lets the one of a given number fail.

    is_killed: as if the process were killed there: that call and all that follow are not carried out.
    """

    fails_at: int | None = None
    failure: OSError | None = None
    is_killed: bool = False

    def __post_init__(self) -> None:
        self.seen: list[str] = []

    def calls(self) -> SystemCalls:
        return SystemCalls(**{field.name: self._wrapped(field.name) for field in fields(SystemCalls)})

    def _wrapped(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self.seen.append(name)
            number = len(self.seen) - 1
            if self.fails_at is not None and (number == self.fails_at or (self.is_killed and number > self.fails_at)):
                if self.is_killed:
                    raise KeyboardInterrupt
                assert self.failure is not None
                raise self.failure
            return getattr(SYSTEM_CALLS, name)(*arguments)

        return call


ORDER = ["unlink", "open", "write", "fstat", "fchmod", "fsync", "close", "rename", "open", "fsync", "close"]


def test_the_new_file_is_durable_before_it_takes_the_place_and_the_folder_after(path: Path) -> None:
    recorder = Recorder()
    write_atomically(path, NEW, recorder.calls())
    assert recorder.seen == ORDER
    assert path.read_bytes() == NEW
    assert names(path) == ["networks.conf"]


@pytest.mark.parametrize("number", range(ORDER.index("rename") + 1))
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT])
def test_whatever_fails_before_the_rename_leaves_the_old_file(path: Path, number: int, code: int) -> None:
    recorder = Recorder(number, OSError(code, os.strerror(code)))
    with pytest.raises(SaveError) as refusal:
        write_atomically(path, NEW, recorder.calls())
    assert str(refusal.value) == f"{path}: cannot be saved: {os.strerror(code)}; the file is as it was"
    assert not refusal.value.is_replaced
    assert path.read_bytes() == OLD
    assert names(path) == ["networks.conf"]


@pytest.mark.parametrize("number", range(ORDER.index("rename") + 1, len(ORDER)))
def test_a_folder_that_cannot_be_made_durable_is_told(path: Path, number: int) -> None:
    recorder = Recorder(number, OSError(errno.EIO, "Input/output error"))
    with pytest.raises(SaveError, match="saved, but a power cut now may undo it: Input/output error") as refusal:
        write_atomically(path, NEW, recorder.calls())
    assert refusal.value.is_replaced
    assert path.read_bytes() == NEW


def test_a_file_system_without_durable_folders_is_no_failure(path: Path) -> None:
    recorder = Recorder(ORDER.index("rename") + 2, OSError(errno.EINVAL, "Invalid argument"))
    write_atomically(path, NEW, recorder.calls())
    assert path.read_bytes() == NEW


@pytest.mark.parametrize("number", range(len(ORDER)))
def test_killed_at_any_call_the_file_is_the_old_one_or_the_new_one(path: Path, number: int) -> None:
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, NEW, Recorder(number, is_killed=True).calls())
    assert path.read_bytes() == (OLD if number <= ORDER.index("rename") else NEW)
    write_atomically(path, b"next time")
    assert path.read_bytes() == b"next time"
    assert names(path) == ["networks.conf"], "what the killed one left is gone"


KILLED = """
import os, signal, sys
from dataclasses import replace
from wpsagent.io.atomic_file import SYSTEM_CALLS, write_atomically

def half(descriptor, octets):
    written = os.write(descriptor, octets[: len(octets) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

write_atomically(sys.argv[1], b"new" * 1000, replace(SYSTEM_CALLS, write=half))
"""


def test_a_process_killed_in_the_middle_of_writing_leaves_the_old_file(path: Path) -> None:
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False).returncode == -9
    assert path.read_bytes() == OLD
    assert names(path) == [NEW_NAME, "networks.conf"]
    assert mode(path.parent / NEW_NAME) == 0o600
    write_atomically(path, NEW)
    assert names(path) == ["networks.conf"]


@contextmanager
def largest_file(octets: int) -> Iterator[None]:
    """The kernel lets no file of this process grow beyond that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_kernel_that_stops_in_the_middle_leaves_the_old_file(path: Path) -> None:
    with largest_file(4096), pytest.raises(SaveError, match="File too large; the file is as it was"):
        write_atomically(path, NEW)
    assert path.read_bytes() == OLD
    assert names(path) == ["networks.conf"]


def test_short_writes_are_continued(path: Path) -> None:
    write_atomically(path, NEW, replace(SYSTEM_CALLS, write=lambda descriptor, rest: os.write(descriptor, rest[:7])))
    assert path.read_bytes() == NEW


# ---- mode and owner


@pytest.mark.parametrize(
    ("old", "new"), [(0o600, 0o600), (0o640, 0o640), (0o660, 0o660), (0o644, 0o640), (0o777, 0o660), (0o400, 0o400)]
)
def test_the_mode_is_kept_less_the_rights_of_others(path: Path, old: int, new: int) -> None:
    path.chmod(old)
    write_atomically(path, NEW)
    assert mode(path) == new


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_a_file_that_is_made_is_for_its_owner_only(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "networks.conf"
    modes: list[int] = []

    def write(descriptor: int, octets: memoryview) -> int:
        modes.append(stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077)
        return os.write(descriptor, octets)

    before = os.umask(umask)
    try:
        write_atomically(path, NEW, replace(SYSTEM_CALLS, write=write))
    finally:
        os.umask(before)
    assert (mode(path), modes) == (0o600, [0])
    assert path.read_bytes() == NEW


def owned_by_somebody_else(descriptor: int) -> os.stat_result:
    values = list(os.fstat(descriptor))
    values[stat.ST_UID] += 1
    return os.stat_result(values)


def test_the_owner_is_kept(path: Path) -> None:
    given: list[tuple[int, int]] = []
    calls = replace(
        SYSTEM_CALLS, fstat=owned_by_somebody_else, fchown=lambda _, user, group: given.append((user, group))
    )
    write_atomically(path, NEW, calls)
    assert given == [(path.stat().st_uid, path.stat().st_gid)]


def test_a_file_whose_owner_cannot_be_kept_is_not_replaced(path: Path) -> None:
    def refuse(*_: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with pytest.raises(SaveError, match="cannot be saved: Operation not permitted; the file is as it was"):
        write_atomically(path, NEW, replace(SYSTEM_CALLS, fstat=owned_by_somebody_else, fchown=refuse))
    assert path.read_bytes() == OLD


# ---- paths


def test_a_link_stays_and_what_it_leads_to_is_replaced(path: Path) -> None:
    link = path.parent / "folder" / "link"
    link.parent.mkdir()
    link.symlink_to("../networks.conf")
    write_atomically(link, NEW)
    assert link.is_symlink()
    assert path.read_bytes() == NEW
    assert names(link) == ["link"]


def test_links_that_lead_in_a_circle_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(SaveError, match=r"a: cannot be saved: (links lead in a circle|Too many levels)"):
        write_atomically(tmp_path / "a", NEW)


def test_a_trap_under_the_name_of_the_new_file_is_not_followed(path: Path) -> None:
    target = path.parent / "target"
    target.write_bytes(b"precious")
    (path.parent / NEW_NAME).symlink_to(target)
    write_atomically(path, NEW)
    assert (path.read_bytes(), target.read_bytes()) == (NEW, b"precious")


@pytest.mark.parametrize("name", ["", "nowhere/networks.conf"])
def test_what_is_no_file_and_has_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(SaveError, match=r"it is not a regular file|No such file or directory"):
        write_atomically(tmp_path / name, NEW)
    assert list(tmp_path.iterdir()) == []


def test_a_path_may_be_text(tmp_path: Path) -> None:
    write_atomically(str(tmp_path / "a"), b"")
    assert (tmp_path / "a").read_bytes() == b""
