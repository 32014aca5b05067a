# SPDX-License-Identifier: BSD-3-Clause
"""A guest of the radio lab: a User-Mode Linux kernel with simulated radios, GPIO lines and LEDs, run as a process.

The guest sees the host's files under a memory overlay (what it writes is gone afterwards), runs one command as root and
ends.  Its run folder on the host is /run/host inside, writable both ways.  See kernel/build.sh and kernel/init.c.

By hand, from the root of the repository:  python3 -m tests.lab.guest [-r RADIOS] [-m MEMORY] [-T] [-v] -- COMMAND…
"""

import argparse
import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

REPOSITORY = Path(__file__).resolve().parents[2]
RECIPE = Path(__file__).resolve().parent / "kernel"
CACHE = REPOSITORY / "build" / "lab"

GUEST_RUN_FOLDER = Path("/run/host")
"""Where the guest sees its run folder."""

KERNEL_NOISE = ("Using a channel type which is configured out", "setup_one_line failed")


class LabUnavailableError(Exception):
    """The lab cannot run on this machine; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """The three files a guest boots from."""

    linux: Path
    init: Path
    device_tree: Path


@dataclass(frozen=True, slots=True)
class GuestOptions:
    """How a guest is equipped; a module of lab tests gives these by name in its LAB.

    radios: mac80211_hwsim radios, wlan0 upwards.  memory: as the kernel takes it; files written inside count.
    time_travel: waiting costs no wall time and computing no guest time.  time_limit: in seconds of wall time.
    """

    radios: int = 4
    memory: str = "512M"
    time_travel: bool = False
    time_limit: float = 600.0


def find_kernel(environment: Mapping[str, str] = os.environ) -> Kernel:
    """The kernel named by WPS_LAB_KERNEL, else the one that `make lab` built; raises LabUnavailableError."""
    named = environment.get("WPS_LAB_KERNEL")
    if not named and os.uname().machine != "x86_64":
        raise LabUnavailableError(f"the radio lab is a User-Mode Linux: it needs x86_64, not {os.uname().machine}")
    linux = Path(named).absolute() if named else CACHE / "linux"
    if not os.access(linux, os.X_OK):
        raise LabUnavailableError(f"no lab kernel at {linux}; `make lab` builds one, WPS_LAB_KERNEL names another")
    return Kernel(linux, _beside_or_built(linux, "init"), _beside_or_built(linux, "lab.dtb"))


def _beside_or_built(linux: Path, name: str) -> Path:
    beside = linux.parent / name
    if beside.exists():
        return beside
    if not (CACHE / name).exists():
        made = subprocess.run([RECIPE / "build.sh", CACHE, "--no-kernel"], capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise LabUnavailableError(f"{name} is missing beside {linux} and did not build: {made.stderr.strip()}")
    return CACHE / name


class Guest:
    """One running guest.  run_folder is its folder on the host, removed by close()."""

    def __init__(
        self,
        kernel: Kernel,
        command: Sequence[str],
        options: GuestOptions,
        *,
        environment: Mapping[str, str] | None = None,
        cpu: int = 0,
        output: BinaryIO | None = None,
    ) -> None:
        """Boot it.  command runs in the current folder; its output goes to the run folder's `console` and to output."""
        self.run_folder = Path(tempfile.mkdtemp(prefix="wps-lab-"))
        self._console = self.run_folder / "console"
        self._kernel_log = self.run_folder / "kernel.log"
        self._write_start(command, environment or {})
        self._link(kernel)
        kernel_read, kernel_write = os.pipe()
        console_read, console_write = os.pipe()
        arguments = _arguments(kernel, options, self.run_folder, kernel_write, console_write, cpu)
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=kernel_write,
            stderr=kernel_write,
            pass_fds=(kernel_write, console_write),
            start_new_session=True,
        )
        os.close(kernel_write)
        os.close(console_write)
        self._copiers = (
            _start_copier(kernel_read, self._kernel_log, None),
            _start_copier(console_read, self._console, output),
        )
        self._has_timed_out = False
        self._watchdog = threading.Timer(options.time_limit, self._time_out)
        self._watchdog.daemon = True
        self._watchdog.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write_start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/root"),
            "LANG": "C.UTF-8",
            "TERM": "dumb",
            **environment,
        }
        lines = [f"export {name}={shlex.quote(value)}" for name, value in variables.items()]
        lines += [f"cd {shlex.quote(str(Path.cwd()))}", f"exec {shlex.join(command)}"]
        (self.run_folder / "start").write_text("\n".join(lines) + "\n")

    def _link(self, kernel: Kernel) -> None:
        """Names without spaces, where the kernel's command line is split, for what may be in any folder."""
        (self.run_folder / "init").symlink_to(kernel.init.resolve())
        (self.run_folder / "lab.dtb").symlink_to(kernel.device_tree.resolve())

    def _time_out(self) -> None:
        self._has_timed_out = True
        self._kill()

    def _kill(self) -> None:
        # The guest's processes are processes of the host, in the kernel's group, and outlive a kernel killed alone.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> bool:
        """Wait for the guest's end, at most timeout seconds; False while it still runs."""
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            return False
        self._watchdog.cancel()
        for copier in self._copiers:
            copier.join(5)
        return True

    @property
    def exit_status(self) -> int | None:
        """The command's exit status once the guest has ended; None while it runs, or if it died before that."""
        status = self.run_folder / "rc"
        return int(status.read_text()) if self._process.poll() is not None and status.exists() else None

    def post_mortem(self, lines: int = 40) -> str:
        """How the guest ended and the last lines of its two consoles, for a person to read."""
        if self._has_timed_out:
            ending = "the guest overran its time limit and was killed"
        elif self.exit_status is None:
            ending = f"the guest died (the kernel's process ended with {self._process.poll()})"
        else:
            ending = f"the guest's command ended with exit status {self.exit_status}"
        return f"{ending}\n{_tail('kernel', self._kernel_log, lines)}{_tail('console', self._console, lines)}"

    def kernel_log(self) -> str:
        """What the kernel has said so far."""
        return self._kernel_log.read_text(errors="replace")

    def close(self) -> None:
        """Kill the guest if it still runs, and remove its run folder."""
        self._watchdog.cancel()
        if self._process.poll() is None:
            self._kill()
        self.wait()
        shutil.rmtree(self.run_folder, ignore_errors=True)


def _arguments(
    kernel: Kernel, options: GuestOptions, run_folder: Path, kernel_fd: int, console_fd: int, cpu: int
) -> list[str]:
    return [
        # One host CPU for all of the guest: its context switches cost four times as much across two.
        "taskset",
        "--cpu-list",
        str(sorted(os.sched_getaffinity(0))[cpu % len(os.sched_getaffinity(0))]),
        str(kernel.linux),
        f"mem={options.memory}",
        *("root=none", "rootfstype=hostfs", "hostfs=/", "ro", f"init={run_folder}/init", "panic=-1", "quiet"),
        f"dtb={run_folder}/lab.dtb",
        f"labrun={run_folder}",
        f"umid={run_folder.name}",
        f"uml_dir={run_folder}/",
        f"mac80211_hwsim.radios={options.radios}",
        *(["time-travel=inf-cpu"] if options.time_travel else []),
        # The kernel polls its consoles, and neither a regular file nor /dev/null can be polled: pipes it must be.
        *("con=null", f"con0=fd:{kernel_fd},fd:{kernel_fd}", f"con1=fd:{console_fd},fd:{console_fd}"),
    ]


def _start_copier(source: int, target: Path, output: BinaryIO | None) -> threading.Thread:
    copier = threading.Thread(target=_copy, args=(os.fdopen(source, "rb"), target.open("wb", buffering=0), output))
    copier.daemon = True
    copier.start()
    return copier


def _copy(source: BufferedReader, target: BinaryIO, output: BinaryIO | None) -> None:
    with source, target:
        while octets := source.read1():
            target.write(octets)
            if output is not None:
                output.write(octets)
                output.flush()


def _tail(name: str, path: Path, lines: int) -> str:
    text = path.read_text(errors="replace") if path.exists() else ""
    kept = [line for line in text.splitlines() if not any(noise in line for noise in KERNEL_NOISE)][-lines:]
    return f"--- the guest's {name}, last lines ---\n" + "".join(f"{line}\n" for line in kept)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command in a guest; its output is ours, its exit status is ours, 125 if the guest died."""
    parser = argparse.ArgumentParser(prog="python3 -m tests.lab.guest", description="run a command in the radio lab")
    parser.add_argument("-r", "--radios", type=int, default=GuestOptions().radios)
    parser.add_argument("-m", "--memory", default=GuestOptions().memory)
    parser.add_argument("-t", "--time-limit", type=float, default=GuestOptions().time_limit, help="in seconds")
    parser.add_argument("-T", "--time-travel", action="store_true", help="waiting costs no wall time")
    parser.add_argument("-v", "--verbose", action="store_true", help="show the kernel's log at the end")
    parser.add_argument("command", nargs="+")
    given = parser.parse_args(arguments)
    options = GuestOptions(given.radios, given.memory, given.time_travel, given.time_limit)
    try:
        kernel = find_kernel()
    except LabUnavailableError as error:
        parser.error(str(error))
    with Guest(kernel, given.command, options, output=sys.stdout.buffer) as guest:
        guest.wait()
        if given.verbose:
            sys.stderr.write(guest.kernel_log())
        if guest.exit_status is None:
            sys.stderr.write(guest.post_mortem())
        return 125 if guest.exit_status is None else guest.exit_status


if __name__ == "__main__":
    sys.exit(main())
