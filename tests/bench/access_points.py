# SPDX-License-Identifier: BSD-3-Clause
"""What is compared: an access point with a push-button, as a process; ours and hostapd."""

import json
from collections.abc import Mapping
from typing import Protocol

from tests.lab.peers import Agent, Hostapd, PeerProcess

SSID = "bench"
PASSPHRASE = "a secret passphrase"


class BenchAccessPoint(Protocol):
    """One kind of access point.  It is started anew for each run, on WPA2-PSK and channel 1 with WMM and 802.11n."""

    name: str

    def start(self, interface: str) -> PeerProcess:
        """Start it, and return when it is ready to be pressed."""

    def press(self) -> None:
        """Press its button, over its control socket."""

    def enter_pin(self, pin: str) -> None:
        """Have it expect a station with this PIN."""

    def stop(self) -> None:
        """End the process that was started last."""


class HostapdAccessPoint:
    """Debian's hostapd."""

    name = "theirs"

    def start(self, interface: str) -> PeerProcess:
        self._process = Hostapd(interface, ssid=SSID, passphrase=PASSPHRASE)
        return self._process

    def press(self) -> None:
        self._process.press_button()

    def enter_pin(self, pin: str) -> None:
        self._process.control.expect_ok(f"WPS_PIN any {pin}")

    def stop(self) -> None:
        self._process.stop()


class AgentAccessPoint:
    """wps-agent with everything loaded that a board without pins has: the access point, its control socket and MQTT."""

    name = "ours"

    def __init__(self, mqtt_port: int) -> None:
        self._mqtt_port = mqtt_port

    def start(self, interface: str) -> PeerProcess:
        tables: dict[str, dict[str, str | int]] = {
            "[agent]": {"control_socket": "/run/wps-agent-bench.sock", "state_directory": "/run/wps-agent-bench"},
            "[[access_point]]": {"interface": interface, "ssid": SSID, "passphrase": PASSPHRASE, "channel": 1},
            "[mqtt]": {"host": "127.0.0.1", "port": self._mqtt_port},
        }
        self._process = Agent(agent_config(tables))
        self._control = self._process.control
        return self._process

    def press(self) -> None:
        self._control.expect_ok("WPS_PBC")

    def enter_pin(self, pin: str) -> None:
        self._control.expect_ok(f"WPS_PIN any {pin}")

    def stop(self) -> None:
        self._process.stop()


def agent_config(tables: Mapping[str, Mapping[str, str | int]]) -> str:
    """The agent's configuration file from the headings of its tables, and what they hold."""
    # A JSON string or number is one in TOML too.
    lines = (
        [name, *(f"{key} = {json.dumps(value)}" for key, value in table.items())] for name, table in tables.items()
    )
    return "\n".join(line for table in lines for line in table) + "\n"
