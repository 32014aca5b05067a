# SPDX-License-Identifier: BSD-3-Clause
"""How many commands a second the control socket answers: ours against wpa_supplicant's.

Native, not in the lab, and without a radio: the agent's station has lost its own, wpa_supplicant has the driver "none".
One client, one command at a time.
"""

import contextlib
import os
import select
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

COUNT = 2000
PATIENCE = 20.0

CONFIG = """
[agent]
control_socket = "{folder}/control"
state_directory = "{folder}"
log_level = "error"

[[station]]
interface = "bench0"
networks_file = "{folder}/networks"
"""


class Client:
    """A client of one control socket."""

    def __init__(self, server: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0control-rate-{os.getpid()}")
        self._socket.settimeout(PATIENCE)
        self._socket.connect(str(server))

    def ask(self, request: bytes) -> bytes:
        self._socket.send(request)
        return self._socket.recv(1 << 16)

    def close(self) -> None:
        self._socket.close()


@contextlib.contextmanager
def _server(command: Sequence[str], path: Path) -> Iterator[Client]:
    """A client of a process that is started for it."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(path, process)
            client = Client(path)
            try:
                yield client
            finally:
                client.close()
        finally:
            process.terminate()


def _wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.is_socket():
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"{process.args!r} does not open {path}")
        select.select([], [], [], 0.02)


@contextlib.contextmanager
def our_agent() -> Iterator[Client]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "wps-agent.toml").write_text(CONFIG.format(folder=folder))
        program = Path(sys.executable).with_name("wps-agent")
        with _server([str(program), "run", "--config", str(folder / "wps-agent.toml")], folder / "control") as client:
            yield client


@contextlib.contextmanager
def their_supplicant() -> Iterator[Client]:
    with tempfile.TemporaryDirectory() as name:
        command = ["wpa_supplicant", "-D", "none", "-i", "lo", "-C", name]
        with _server(command, Path(name) / "lo") as client:
            yield client


def _rate(client: Client) -> float:
    started = time.perf_counter()
    for _ in range(COUNT):
        assert client.ask(b"PING") == b"PONG\n"
    return COUNT / (time.perf_counter() - started)


def measure(runs: int) -> dict[str, list[float]]:
    """PINGs a second, `runs` times each, after one that does not count: {"ours": …, "theirs": …}."""
    samples: dict[str, list[float]] = {"ours": [], "theirs": []}
    open_them: dict[str, Callable[[], contextlib.AbstractContextManager[Client]]] = {
        "ours": our_agent,
        "theirs": their_supplicant,
    }
    for kind, open_one in open_them.items():
        with open_one() as client:
            _rate(client)
            samples[kind] = [_rate(client) for _ in range(runs)]
    return samples
