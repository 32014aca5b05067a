# SPDX-License-Identifier: BSD-3-Clause
"""An open network with WPS: Debian's wpa_supplicant gets an open credential by push button or PIN, and data flows."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.peers import Agent, WpaSupplicant

LAB = {"radios": 2, "time_travel": True, "time_limit": 120.0}

CONFIG = """
[agent]
log_level = "debug"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent open"
security = "open"
channel = 6
"""

PIN = "12345670"


@dataclass(frozen=True, slots=True)
class Scene:
    agent: Agent
    station: WpaSupplicant
    namespace: NetNamespace

    def assert_joined(self) -> None:
        """The station has learnt an open network, is on it, and reaches the access point."""
        self.station.control.wait_event("WPS-CRED-RECEIVED", 30.0)
        self.station.control.wait_event("WPS-SUCCESS", 30.0)
        self.station.wait_connected()
        status = self.station.status()
        assert (status["key_mgmt"], status["bssid"]) == ("NONE", interface_address("wlan0"))
        assert 'ssid="wps-agent open"' in self.station.saved_config
        assert "key_mgmt=NONE" in self.station.saved_config
        assert "psk" not in self.station.saved_config
        assert self.namespace.can_ping("10.9.0.1", count=3)
        assert status["address"] in self.agent.command("status", "--json").stdout


@pytest.fixture
def scene() -> Iterator[Scene]:
    with NetNamespace("station") as namespace, Agent(CONFIG) as agent:
        namespace.take_radio("wlan1")
        with WpaSupplicant("wlan1", config="config_methods=display keypad", namespace=namespace) as station:
            set_address("wlan0", "10.9.0.1/24")
            namespace.set_address("wlan1", "10.9.0.2/24")
            agent.control.read_events()  # attached from here on
            yield Scene(agent, station, namespace)


def test_a_button_gives_an_open_credential_and_data_flows(scene: Scene) -> None:
    assert scene.agent.command("pbc").returncode == 0
    scene.station.press_button()
    scene.assert_joined()
    scene.agent.control.wait_event("WPS-REG-SUCCESS")


def test_a_pin_gives_an_open_credential_and_data_flows(scene: Scene) -> None:
    assert scene.agent.command("pin", PIN).returncode == 0
    assert scene.station.control.request(f"WPS_PIN any {PIN}") == PIN
    scene.assert_joined()
    scene.agent.control.wait_event("WPS-REG-SUCCESS")
