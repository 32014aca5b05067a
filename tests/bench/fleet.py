# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent fleet watch` with 2,000 agents on one mosquitto, as it comes, on this machine.

    python -m tests.bench.fleet [AGENTS]

fleet_2000_snapshot_s: `--once` from its start to its end.  fleet_2000_press_to_shown_ms: from the press of one agent to
the line of `--json`.  fleet_2000_cpu: the processor's share while 50 agents a second tell something new, on a terminal
of 40 lines.  fleet_2000_rss: resident afterwards, MiB.
"""

import contextlib
import fcntl
import json
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench.measure import cpu_time_ms, resident_mib
from tests.system.dashboard_world import Broker

COUNT = 2000
REPOSITORY = Path(__file__).resolve().parents[2]
PER_SECOND = 50
LOAD_SECONDS = 10
PATIENCE = 60.0
PRESSES = 20

AS_IT_COMES = ("allow_anonymous true", "max_queued_messages 1000")
"""mosquitto's own limit, whatever the tests have chosen."""


class Simulator:
    """tests.bench.fleet_simulator in a process."""

    def __init__(self, port: int, count: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.fleet_simulator", str(port), str(count)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.answer("ready")

    def say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def answer(self, start: str) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line.startswith(start), f"expected {start!r}, not {line!r}"
        return line[len(start) :].strip()

    def close(self) -> None:
        with contextlib.suppress(BrokenPipeError):
            self.say("quit")
        self._process.communicate(timeout=PATIENCE)


def watch_command(port: int, *options: str) -> list[str]:
    program = Path(sys.executable).with_name("wps-agent")
    return [str(program), "fleet", "watch", "--broker", f"mqtt://127.0.0.1:{port}", *options]


@contextlib.contextmanager
def simulated(count: int, *broker_lines: str) -> Iterator[tuple[Broker, Simulator]]:
    """A mosquitto with so many agents on it."""
    with tempfile.TemporaryDirectory() as name:
        broker = Broker(Path(name) / "broker", *(broker_lines or AS_IT_COMES))
        try:
            simulator = Simulator(broker.port, count)
            try:
                yield broker, simulator
            finally:
                simulator.close()
        finally:
            broker.end()


def snapshot_s(port: int, count: int) -> float:
    began = time.perf_counter()
    done = subprocess.run(watch_command(port, "--once", "--json"), check=True, capture_output=True, timeout=PATIENCE)
    took = time.perf_counter() - began
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == count
    assert all(one["online"] and one["networks"] == 2 for one in told)
    return took


def press_to_shown_ms(port: int, simulator: Simulator, count: int) -> list[float]:
    """Presses of agents all over the fleet, one after the other."""
    with subprocess.Popen(watch_command(port, "--json"), stdout=subprocess.PIPE) as watch:
        assert watch.stdout is not None
        try:
            for _ in range(count):
                watch.stdout.readline()
            return [_shown_after_ms(watch, simulator, turn * count // PRESSES) for turn in range(PRESSES)]
        finally:
            watch.terminate()


def _shown_after_ms(watch: "subprocess.Popen[bytes]", simulator: Simulator, number: int) -> float:
    assert watch.stdout is not None
    simulator.say(f"press {number}")
    told = json.loads(watch.stdout.readline())
    shown = time.time() * 1000
    pressed = float(simulator.answer("pressed"))
    assert (told["node"], told["state"]) == (f"board-{number:04}", "active")
    simulator.say(f"end {number}")
    assert json.loads(watch.stdout.readline())["state"] != "active"
    return shown - pressed


def cost_on_a_terminal(port: int, simulator: Simulator) -> tuple[float, float]:
    """Percent of one processor under load, and MiB resident after it."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 160, 0, 0))
    with subprocess.Popen(watch_command(port), stdout=slave, env={**os.environ, "TERM": "xterm"}) as watch:
        os.close(slave)
        reader = threading.Thread(target=_drain, args=(master,))
        reader.start()
        try:
            select.select([], [], [], 3.0)  # until it has come to rest
            before = cpu_time_ms(watch.pid)
            simulator.say(f"load {PER_SECOND} {LOAD_SECONDS}")
            simulator.answer("loaded")
            return (cpu_time_ms(watch.pid) - before) / (LOAD_SECONDS * 10), resident_mib(watch.pid)
        finally:
            watch.terminate()
            watch.wait()
            reader.join()
            os.close(master)


def _drain(master: int) -> None:
    with contextlib.suppress(OSError):  # EIO: the other side is closed
        while os.read(master, 65536):
            pass


def measure(runs: int, count: int = COUNT) -> dict[str, dict[str, list[float]]]:
    """By metric; there is nobody to compare with."""
    with simulated(count) as (broker, simulator):
        snapshots = [snapshot_s(broker.port, count) for _ in range(runs)]
        presses = press_to_shown_ms(broker.port, simulator, count)
        costs = [cost_on_a_terminal(broker.port, simulator)]
    return {
        "fleet_2000_snapshot_s": {"ours": snapshots},
        "fleet_2000_press_to_shown_ms": {"ours": presses},
        "fleet_2000_cpu": {"ours": [cpu for cpu, _ in costs]},
        "fleet_2000_rss": {"ours": [rss for _, rss in costs]},
    }


def main(arguments: Sequence[str]) -> None:
    for name, kinds in measure(5, int(arguments[0]) if arguments else COUNT).items():
        values = kinds["ours"]
        print(f"{name:32}{statistics.median(values):10.3f}   worst {max(values):.3f}, {len(values)} runs")


if __name__ == "__main__":
    main(sys.argv[1:])
