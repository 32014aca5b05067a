# SPDX-License-Identifier: BSD-3-Clause
"""Into the background: when the command returns, with which code, and what is left of it; the PID file."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from wpsagent.cli.background import PidFileError, pid_file

LIMIT = 30
"""Seconds after which a test gives up."""

PRELUDE = """
import os, sys
from wpsagent.cli.background import in_background
fifo = sys.argv[1]
"""


def run(work: str, fifo: Path) -> subprocess.CompletedProcess[str]:
    """A program that does the work in the background; stands for the command and what it starts."""
    code = (
        f"{PRELUDE}\ndef work(ready):\n{textwrap.indent(textwrap.dedent(work), '    ')}\nsys.exit(in_background(work))"
    )
    return subprocess.run(
        [sys.executable, "-c", code, str(fifo)], capture_output=True, text=True, timeout=LIMIT, check=False
    )


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    return path


def read(fifo: Path) -> str:
    """What the child writes into the fifo, at whose beginning it waits until somebody reads."""
    descriptor = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    try:
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        assert poll.poll(LIMIT * 1000), "the child does not write"
        return os.read(descriptor, 4096).decode()
    finally:
        os.close(descriptor)


def test_the_command_returns_when_the_child_is_ready_and_the_child_goes_on(fifo: Path) -> None:
    done = run(
        """
        print("before")
        ready()
        print("after")
        with open(fifo, "w") as file:
            file.write(f"{os.getpid()} {os.getsid(0)} {os.readlink('/proc/self/fd/1')}")
        return 0
        """,
        fifo,
    )
    # The child waits at the fifo until it is read here: it has outlived the command.
    pid, session, output = read(fifo).split()
    assert (done.returncode, done.stdout, done.stderr) == (0, "before\n", "")
    assert (pid == session, output) == (True, "/dev/null")


@pytest.mark.parametrize(
    ("work", "code"),
    [
        ("return 3", 3),
        ("return 0", 1),
        ("os._exit(7)", 7),
        (f"os.kill(os.getpid(), {int(signal.SIGKILL)})", 1),
        ("raise RuntimeError('told')", 1),
    ],
)
def test_a_child_that_ends_before_it_is_ready_is_a_failure(fifo: Path, work: str, code: int) -> None:
    done = run(work, fifo)
    assert done.returncode == code
    assert ("told" in done.stderr) == ("told" in work)


@pytest.mark.parametrize("is_at_fork", [False, True])
def test_an_interrupted_command_ends_the_child(fifo: Path, is_at_fork: bool) -> None:
    early = "os.register_at_fork(after_in_parent=lambda: os.kill(os.getpid(), signal.SIGINT))" if is_at_fork else ""
    code = f"""{PRELUDE}
import signal
{early}
def work(ready):
    open(fifo, 'w').write(str(os.getpid()))
    signal.pause()
sys.exit(in_background(work))
"""
    process = subprocess.Popen([sys.executable, "-c", code, str(fifo)], stderr=subprocess.PIPE)
    child = None
    try:
        if not is_at_fork:  # else the child has its end before it says anything
            child = int(read(fifo))
            process.send_signal(signal.SIGINT)
        # The end of standard error is the end of both.
        assert b"KeyboardInterrupt" in process.communicate(timeout=LIMIT)[1]
    finally:
        process.kill()
        with contextlib.suppress(ProcessLookupError):
            if child is not None:
                os.kill(child, signal.SIGKILL)
        process.wait(LIMIT)


def test_the_pid_file_is_there_as_long_as_the_process(tmp_path: Path) -> None:
    path = tmp_path / "pid"
    path.write_text("123456 and more\n")
    with pid_file(str(path)):
        assert path.read_text() == f"{os.getpid()}\n"
    assert not path.exists()
    with pid_file(None):
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("other", ["1\n", "\xff"])
def test_a_pid_file_that_is_anothers_by_now_stays(tmp_path: Path, other: str) -> None:
    path = tmp_path / "pid"
    with pid_file(str(path)):
        path.write_text(other)
    assert path.read_text() == other


def test_a_pid_file_that_cannot_be_written_is_told_and_links_are_not_followed(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("kept")
    (tmp_path / "link").symlink_to(target)
    for name in ("missing/pid", "link"):
        with (
            pytest.raises(PidFileError, match="the process's number cannot be written"),
            pid_file(str(tmp_path / name)),
        ):
            pass
    assert target.read_text() == "kept"
