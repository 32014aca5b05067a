# SPDX-License-Identifier: BSD-3-Clause
"""The measurements that need radios; runs inside a guest of the lab: python -m tests.bench.measure RUNS FILE [KIND…].

Every run starts an access point and a wpa_supplicant, both new, presses both buttons and waits for CONNECTED.  The
kinds of access point take turns, and the first of each turn changes, so that a drift of the machine falls on all of
them.  FILE receives {metric: {kind: [one value a run, …]}}.
"""

import json
import select
import socket
import struct
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.access_points import AgentAccessPoint, BenchAccessPoint, HostapdAccessPoint
from tests.lab.network import interface_address, run
from tests.lab.peers import Mosquitto, WpaSupplicant

AP_INTERFACE, STATION_INTERFACE, MONITOR_INTERFACE = "wlan0", "wlan1", "hwsim0"
ETH_P_ALL = 3
SO_TIMESTAMPNS = 35
BEACON = 0x80
MQTT_PORT = 1883

Samples = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave; the names are those of the table."""

    startup_to_beaconing: float
    ap_press_to_connected: float
    ap_eap_wsc_exchange: float
    ap_rss: float
    ap_cpu: float


class BeaconWatch:
    """Sees the first beacon of an address on hwsim's monitor interface, on which every frame of the lab passes."""

    def __init__(self, address: str) -> None:
        self._address = bytes.fromhex(address.replace(":", ""))
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((MONITOR_INTERFACE, 0))

    def wait(self, timeout: float) -> float:
        """When it passed, however late it is asked for: the wall clock, in seconds."""
        deadline = time.monotonic() + timeout
        while (remaining := deadline - time.monotonic()) > 0 and select.select([self._socket], [], [], remaining)[0]:
            frame, [(_, _, stamp)], _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(16))
            frame = frame[int.from_bytes(frame[2:4], "little") :]  # behind the radiotap header
            if frame[0] == BEACON and frame[10:16] == self._address:
                seconds, nanoseconds = struct.unpack("qq", stamp)
                return float(seconds + nanoseconds / 1e9)
        raise AssertionError(f"no beacon within {timeout} s")

    def close(self) -> None:
        self._socket.close()


def cpu_time_ms(pid: int) -> float:
    """The processor time a process has used so far, all its threads."""
    # The clock of another process, as clock_getcpuclockid(3) makes its number.
    return time.clock_gettime_ns(~pid << 3 | 2) / 1e6


def resident_mib(pid: int) -> float:
    """The resident memory of a process, shared pages included."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS:")) / 1024


def log_time(log: str, text: str) -> float:
    """The time stamp of the first line with a text in wpa_supplicant's log: the wall clock, in seconds."""
    line = next(line for line in log.splitlines() if text in line)
    return float(line.split(":", 1)[0])


def measure(access_point: BenchAccessPoint) -> Run:
    """One run with one access point."""
    watch = BeaconWatch(interface_address(AP_INTERFACE))
    started = time.time()
    process = access_point.start(AP_INTERFACE).pid
    startup = watch.wait(60.0) - started
    watch.close()
    try:
        with WpaSupplicant(STATION_INTERFACE) as station:
            cpu_before, pressed = cpu_time_ms(process), time.time()
            access_point.press()
            station.press_button()
            station.wait_connected(60.0)
            cpu = cpu_time_ms(process) - cpu_before
            memory, log = resident_mib(process), station.log
    finally:
        access_point.stop()
    return Run(
        startup_to_beaconing=startup,
        ap_press_to_connected=log_time(log, "CTRL-EVENT-CONNECTED") - pressed,
        ap_eap_wsc_exchange=(log_time(log, "WPS-SUCCESS") - log_time(log, "CTRL-EVENT-EAP-STARTED")) * 1000,
        ap_rss=memory,
        ap_cpu=cpu,
    )


def measure_all(runs: int, access_points: Sequence[BenchAccessPoint]) -> Samples:
    """All runs of all access points, in turns; says on the way how far it is."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    for turn in range(runs):
        order = [access_points[(turn + offset) % len(access_points)] for offset in range(len(access_points))]
        for access_point in order:
            result = measure(access_point)
            for name in Run.__slots__:
                samples[name][access_point.name].append(getattr(result, name))
        print(f"run {turn + 1} of {runs}", flush=True)
    return samples


def main(arguments: Sequence[str]) -> None:
    runs, target, kinds = int(arguments[0]), Path(arguments[1]), arguments[2:]
    run("ip", "link", "set", MONITOR_INTERFACE, "up")
    with Mosquitto(MQTT_PORT):
        offered: list[BenchAccessPoint] = [AgentAccessPoint(MQTT_PORT), HostapdAccessPoint()]
        target.write_text(json.dumps(measure_all(runs, [one for one in offered if one.name in kinds])))


if __name__ == "__main__":
    main(sys.argv[1:])
