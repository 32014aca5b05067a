# SPDX-License-Identifier: BSD-3-Clause
"""What is compared on the other side: a station with a push-button and a PIN, as a process; ours and wpa_supplicant."""

import shutil
from pathlib import Path
from typing import Protocol

from tests.bench.access_points import agent_config
from tests.lab.peers import Agent, ControlInterface, PeerProcess, WpaSupplicant

STATE = Path("/run/wps-agent-bench-station")


class BenchStation(Protocol):
    """One kind of station.  It is started anew for each run, and knows no network then.

    Events come in wpa_supplicant's words from either.
    """

    name: str

    def start(self, interface: str) -> tuple[PeerProcess, ControlInterface]:
        """Start it, and return when it is ready to be pressed."""

    def stop(self) -> None:
        """End the process that was started last."""


class SupplicantStation:
    """Debian's wpa_supplicant."""

    name = "theirs"

    def start(self, interface: str) -> tuple[PeerProcess, ControlInterface]:
        self._process = WpaSupplicant(interface)
        return self._process, self._process.control

    def stop(self) -> None:
        self._process.stop()


class AgentStation:
    """wps-agent with all that a board without pins has: the station, its control socket and MQTT."""

    name = "ours"

    def __init__(self, mqtt_port: int, pbc_scan: str = "full") -> None:
        self._mqtt_port = mqtt_port
        self._pbc_scan = pbc_scan

    def start(self, interface: str) -> tuple[PeerProcess, ControlInterface]:
        shutil.rmtree(STATE, ignore_errors=True)
        tables: dict[str, dict[str, str | int]] = {
            "[agent]": {"node": "station", "control_socket": f"{STATE}.sock", "state_directory": str(STATE)},
            "[[station]]": {"interface": interface, "pbc_scan": self._pbc_scan},
            "[mqtt]": {"host": "127.0.0.1", "port": self._mqtt_port},
        }
        self._process = Agent(agent_config(tables))
        return self._process, self._process.control

    def stop(self) -> None:
        self._process.stop()
