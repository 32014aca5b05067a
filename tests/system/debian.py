# SPDX-License-Identifier: BSD-3-Clause
"""A Debian of its own: in a folder, and as a machine whose first process is its systemd."""

import os
import re
import shlex
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

BECOME: Sequence[str] = () if os.geteuid() == 0 else ("sudo", "-n")
SUITE = "bookworm"
"""The oldest Debian that is supported."""
BOOT = Path(__file__).with_name("boot_systemd.sh")
NAMESPACES = ("unshare", "--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--propagation", "unchanged")
"""What the first process of a machine needs from the kernel; util-linux's command without what is to run in them."""
_ENVIRONMENT = ("env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive")
_INSTALL = ("apt-get", "-q", "-y", "install", "--no-install-recommends")
_UNTIL_BOOTED = 60.0
_LAST_LINES = 60


def run(*command: str, timeout: float = 600.0, code: int | None = 0, text: str | None = None) -> str:
    """What a command says; its exit code must be this, None for any.  text: its standard input."""
    done = subprocess.run(
        [*BECOME, *command], input=text or "", capture_output=True, text=True, timeout=timeout, check=False
    )
    told = f"{shlex.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert code is None or done.returncode == code, told
    return done.stdout


class Debian:
    """A folder with a Debian in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run("debootstrap", "--variant=minbase", "--include=init-system-helpers", SUITE, str(folder))
        run("chmod", "755", str(folder))  # the root of daemons that are not root; ours is closed to others
        self.run("apt-get", "-q", "update")

    def run(self, *command: str, code: int = 0) -> str:
        return run("chroot", str(self.folder), *_ENVIRONMENT, *command, code=code)

    def write(self, path: str, text: str) -> None:
        run("install", "-D", "-m", "600", "/dev/stdin", f"{self.folder}{path}", text=text)

    def take(self, package: Path) -> str:
        """Where a package file of ours is for `install`."""
        run("cp", str(package), str(self.folder / "srv"))
        return f"/srv/{package.name}"

    def install(self, *packages: str) -> None:
        self.run(*_INSTALL, *packages)

    def files(self) -> set[str]:
        """What is there of us."""
        return _ours(self.run(*_FIND))

    def remove(self) -> None:
        """Nothing is mounted there: the machine's mounts ended with it."""
        run("rm", "-rf", "--one-file-system", str(self.folder))


class Machine:
    """A Debian that has booted; a context manager."""

    def __init__(self, debian: Debian) -> None:
        self._console = os.memfd_create("console")
        self._boot = subprocess.Popen(
            [*BECOME, "bash", str(BOOT), str(debian.folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._console,
            text=True,
        )
        assert self._boot.stdout is not None
        self._first = self._boot.stdout.readline().strip()

    def __enter__(self) -> Self:
        try:
            has_booted = self._has_booted_in_time()
        except BaseException:
            self._end()
            raise
        assert has_booted, f"systemd did not come up; what it said last:\n{self._end()}"
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _has_booted_in_time(self) -> bool:
        """Ask again and again: who waits for systemd from its first moments on may wait for ever."""
        end = time.monotonic() + _UNTIL_BOOTED
        ask = ("timeout", "5", "systemctl", "is-active", "default.target")
        while self._first and time.monotonic() < end:
            if self.run(*ask, code=None) == "active\n":
                return True
        return False

    def _end(self) -> str:
        """Nothing of it is left; what its console showed last."""
        self._boot.communicate(timeout=60)
        with os.fdopen(self._console, errors="replace") as console:
            console.seek(0)
            return _readable(console.read())

    def run(self, *command: str, code: int | None = 0, user: str | None = None, text: str | None = None) -> str:
        """What a command says in there, as root or as a user of there."""
        spaces = ("nsenter", "-t", self._first, "-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w")
        who = () if user is None else ("setpriv", "--reuid", user, "--regid", user, "--init-groups")
        return run(*spaces, *who, *_ENVIRONMENT, *command, code=code, text=text, timeout=60)

    def write(self, path: str, text: str) -> None:
        self.run("install", "-D", "-m", "600", "/dev/stdin", path, text=text)

    def install(self, package: str) -> None:
        """It has no network: all that the package needs is there."""
        self.run(*_INSTALL, package)

    def files(self) -> set[str]:
        """What is there of us."""
        return _ours(self.run(*_FIND))


_FIND = ("find", "/etc", "/usr", "/var", "/run", "/tmp", "/dev", "-path", "*wps*agent*")


def _ours(found: str) -> set[str]:
    """The files of us, but for the package manager's own records."""
    return {path for path in found.splitlines() if "/dpkg/" not in path}


def _readable(console: str) -> str:
    """The last lines that differ by more than the state of a job, without what moves a cursor."""
    plain = re.sub(r"\x1b(\[[\d;]*[A-Za-z]|M)|\r", "", console)
    return "\n".join(
        list({re.sub(r"^\[.*?\]|\(.*?\)", "", line): line for line in plain.splitlines()}.values())[-_LAST_LINES:]
    )
