# SPDX-License-Identifier: BSD-3-Clause
"""The measurements that need radios; runs inside a guest of the lab: python -m tests.bench.measure RUNS FILE [KIND…].

Every run starts an access point and a station, both new, lets both come to rest, presses both buttons (or enters the
PIN on both sides) and waits for CONNECTED.  The pairs of {hostapd, ours} and {wpa_supplicant, ours} take turns, and the
first of each turn changes, so that a drift of the machine falls on all of them.  KIND: of access point.
FILE receives {"samples": {metric: {kind: [one value a run, …]}}, "phases": {run: {phase: [seconds, …]}}}.

What belongs to one side alone is measured against Debian's: ap_* with wpa_supplicant, sta_* with hostapd.
"""

import json
import select
import socket
import struct
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.access_points import AgentAccessPoint, BenchAccessPoint, HostapdAccessPoint
from tests.bench.crowd import measure_crowd
from tests.bench.stations import AgentStation, BenchStation, SupplicantStation
from tests.lab.network import interface_address, run
from tests.lab.peers import ControlInterface, Event, Mosquitto

AP_INTERFACE, STATION_INTERFACE, ATTACKER_INTERFACE, MONITOR_INTERFACE = "wlan0", "wlan1", "wlan2", "hwsim0"
ETH_P_ALL = 3
SO_TIMESTAMPNS = 35
PROBE_RESPONSE, BEACON = 0x50, 0x80
MQTT_PORT = 1883
PIN = "12345670"

REST = 1.5
"""Seconds between the start and the press: a device is pressed when it has long been running, its keys prepared."""

TRYING = ("SME: Trying to authenticate with", "Trying to associate with")
ASSOCIATED = "Associated with"
EAP_STARTED = "CTRL-EVENT-EAP-STARTED"
SUCCESS = "WPS-SUCCESS"
CONNECTED = "CTRL-EVENT-CONNECTED"

Samples = dict[str, dict[str, list[float]]]
Phases = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, slots=True)
class Run:
    """What one run gave: times in seconds, exchange in milliseconds; *_rss in MiB, *_cpu in milliseconds of processor.

    exchange: EAP-WSC from its first packet to its last message.  phases: where the time from press to CONNECTED went.
    """

    startup_to_beaconing: float
    press_to_connected: float
    exchange: float
    ap_rss: float
    ap_cpu: float
    sta_rss: float
    sta_cpu: float
    phases: dict[str, float]


class AirWatch:
    """Sees the first beacon, or probe response, of an address on hwsim's monitor interface, on which every frame of the
    lab passes."""

    def __init__(self, address: str, frame_type: int = BEACON) -> None:
        self._frame_type = frame_type
        self._address = bytes.fromhex(address.replace(":", ""))
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self._socket.bind((MONITOR_INTERFACE, 0))

    def wait(self, timeout: float, is_meant: Callable[[bytes], bool] = lambda _frame: True) -> float:
        """When the first one that is meant passed, however late it is asked for: the wall clock, in seconds."""
        deadline = time.monotonic() + timeout
        while (remaining := deadline - time.monotonic()) > 0 and select.select([self._socket], [], [], remaining)[0]:
            frame, [(_, _, stamp)], _, _ = self._socket.recvmsg(4096, socket.CMSG_SPACE(16))
            frame = frame[int.from_bytes(frame[2:4], "little") :]  # behind the radiotap header
            if frame[0] == self._frame_type and frame[10:16] == self._address and is_meant(frame):
                seconds, nanoseconds = struct.unpack("qq", stamp)
                return float(seconds + nanoseconds / 1e9)
        raise AssertionError(f"no frame {self._frame_type:#x} that is meant within {timeout} s")

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


def phases_of(events: Sequence[Event], pressed: float) -> dict[str, float]:
    """Where the time went, in seconds, by what the station said on its way."""
    ways = {mark: [event.time for event in events if event.text.startswith(mark)] for mark in (ASSOCIATED, *TRYING)}
    success, connected = (_time_of(events, mark) for mark in (SUCCESS, CONNECTED))
    trying = min(time for mark in TRYING for time in ways[mark])
    associated = max(time for time in ways[ASSOCIATED] if time <= success)
    rejoined = max(time for time in ways[ASSOCIATED] if success <= time <= connected)
    return {
        "scan": trying - pressed,
        "association": associated - trying,
        "EAP-WSC": success - associated,
        "reconnect": rejoined - success,
        "handshake": connected - rejoined,
    }


def _time_of(events: Sequence[Event], mark: str) -> float:
    return next(event.time for event in events if event.text.startswith(mark))


Press = Callable[[BenchAccessPoint, ControlInterface], None]


def press_buttons(access_point: BenchAccessPoint, station: ControlInterface) -> None:
    access_point.press()
    station.expect_ok("WPS_PBC")


def enter_pins(access_point: BenchAccessPoint, station: ControlInterface) -> None:
    access_point.enter_pin(PIN)
    assert station.request(f"WPS_PIN any {PIN}") == PIN


def measure(access_point: BenchAccessPoint, station: BenchStation, press: Press) -> Run:
    """One run of one pair."""
    watch = AirWatch(interface_address(AP_INTERFACE))
    started = time.time()
    ap_pid = access_point.start(AP_INTERFACE).pid
    startup = watch.wait(60.0) - started
    watch.close()
    try:
        process, control = station.start(STATION_INTERFACE)
        try:
            return _pressed(access_point, control, press, (ap_pid, process.pid), startup)
        finally:
            station.stop()
    finally:
        access_point.stop()


def _pressed(
    access_point: BenchAccessPoint, control: ControlInterface, press: Press, pids: tuple[int, int], startup: float
) -> Run:
    threading.Event().wait(REST)
    control.forget_events()
    before = [cpu_time_ms(pid) for pid in pids]
    pressed = time.monotonic()
    press(access_point, control)
    control.wait_event(CONNECTED, 60.0)
    ap_cpu, sta_cpu = (cpu_time_ms(pid) - used for pid, used in zip(pids, before, strict=True))
    ap_rss, sta_rss = map(resident_mib, pids)
    events = control.events
    return Run(
        startup_to_beaconing=startup,
        press_to_connected=_time_of(events, CONNECTED) - pressed,
        exchange=(_time_of(events, SUCCESS) - _time_of(events, EAP_STARTED)) * 1000,
        ap_rss=ap_rss,
        ap_cpu=ap_cpu,
        sta_rss=sta_rss,
        sta_cpu=sta_cpu,
        phases=phases_of(events, pressed),
    )


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of run; name is that of its row in the table."""

    name: str
    access_point: BenchAccessPoint
    station: BenchStation
    press: Press = press_buttons

    def values(self, result: Run) -> dict[tuple[str, str], float]:
        """By metric and kind what a result of it counts for."""
        ap, station = self.access_point.name, self.station.name
        found = {(self.name, "theirs" if ap == station == "theirs" else "ours"): result.press_to_connected}
        if not self.name.startswith("press_to_connected_") or "fast" in self.name:
            return found
        if station == "theirs":
            found[("startup_to_beaconing", ap)] = result.startup_to_beaconing
            found[("ap_press_to_connected", ap)] = result.press_to_connected
            found[("ap_eap_wsc_exchange", ap)] = result.exchange
            found[("ap_rss", ap)], found[("ap_cpu", ap)] = result.ap_rss, result.ap_cpu
        if ap == "theirs":
            found[("sta_rss", station)], found[("sta_cpu", station)] = result.sta_rss, result.sta_cpu
        return found


def tasks_for(access_points: Sequence[BenchAccessPoint]) -> list[Task]:
    """Every pair by button and by PIN; two of ours also with the opt-in to the likely channels first."""
    stations: list[BenchStation] = [AgentStation(MQTT_PORT), SupplicantStation()]
    tasks = [
        Task(f"{way}_to_connected_{ap.name}_{station.name}", ap, station, press)
        for way, press in (("press", press_buttons), ("pin", enter_pins))
        for ap in access_points
        for station in stations
    ]
    fast = AgentStation(MQTT_PORT, "fast")
    return tasks + [Task("press_to_connected_fast_ours_ours", ap, fast) for ap in access_points if ap.name == "ours"]


def measure_all(runs: int, tasks: Sequence[Task]) -> tuple[Samples, Phases]:
    """All runs of all tasks, in turns; says on the way how far it is."""
    samples: Samples = defaultdict(lambda: defaultdict(list))
    phases: Phases = defaultdict(lambda: defaultdict(list))
    for turn in range(runs):
        for task in (tasks[(turn + offset) % len(tasks)] for offset in range(len(tasks))):
            result = measure(task.access_point, task.station, task.press)
            for (name, kind), value in task.values(result).items():
                samples[name][kind].append(value)
            for phase, seconds in result.phases.items():
                phases[task.name][phase].append(seconds)
        print(f"run {turn + 1} of {runs}", flush=True)
    _refer_to_theirs(samples)
    return samples, phases


def _refer_to_theirs(samples: Samples) -> None:
    """All pairs are compared with that of Debian's two."""
    for name in samples:
        way, found, _ = name.partition("_to_connected_")
        reference = samples.get(f"{way}_to_connected_theirs_theirs")
        if found and reference is not None:
            samples[name].setdefault("theirs", reference["theirs"])


def main(arguments: Sequence[str]) -> None:
    runs, target, kinds = int(arguments[0]), Path(arguments[1]), arguments[2:]
    run("ip", "link", "set", MONITOR_INTERFACE, "up")
    with Mosquitto(MQTT_PORT):
        offered: list[BenchAccessPoint] = [AgentAccessPoint(MQTT_PORT), HostapdAccessPoint()]
        samples, phases = measure_all(runs, tasks_for([one for one in offered if one.name in kinds]))
        asked: list[BenchStation] = [SupplicantStation(), AgentStation(MQTT_PORT)]
        samples["ctrl_scan_results_200"] = measure_crowd(runs, asked, STATION_INTERFACE, ATTACKER_INTERFACE)
        target.write_text(json.dumps({"samples": samples, "phases": phases}))


if __name__ == "__main__":
    main(sys.argv[1:])
