# SPDX-License-Identifier: BSD-3-Clause
"""What WPS taught goes to Debian's NetworkManager, which joins by itself; whatever it does wrong, our network works."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.lab.network import NetNamespace, run
from tests.lab.network_manager import (
    DhcpServer,
    NetworkManager,
    SystemBus,
    device_state,
    nmcli,
    profiles,
    wait_device,
)
from tests.lab.peers import Agent, Hostapd, wait_until
from tests.lab.test_lab_station import AP, AP_ADDRESS, CONFIG, NETWORKS, PASSPHRASE, STATION, Scene

LAB = {"radios": 2, "time_limit": 120.0}

HAND_OVER = f'{CONFIG}hand_over = "networkmanager"\n'


@dataclass
class House(Scene):
    """A station of ours that NetworkManager manages, before an access point that gives addresses."""

    def told(self, name: str) -> list[str]:
        return [line for line in self.agent.log.splitlines() if f"{name}: interface={STATION}" in line]

    def wait_told(self, name: str, timeout: float = 60.0) -> str:
        wait_until(lambda: self.told(name), timeout, lambda: f"no {name}:\n{self.agent.log}", 0.2)
        return self.told(name)[-1]

    def wait_state(self, state: str, timeout: float = 60.0) -> dict[str, Any]:
        wait_until(lambda: self.state()["state"] == state, timeout, lambda: f"{self.state()}\n{self.agent.log}", 0.2)
        return self.state()

    def press_both(self) -> None:
        self.hostapd.press_button()
        self.agent.control.expect_ok("WPS_PBC")

    def wait_ping(self) -> None:
        wait_until(self._can_ping, 60.0, lambda: f"no ping goes through: {run('ip', 'address')}", 1.0)

    def _can_ping(self) -> bool:
        addresses = [word for word in run("ip", "-4", "address", "show", "dev", STATION).split() if "/24" in word]
        return any(self.namespace.can_ping(address.split("/")[0]) for address in addresses)


@contextmanager
def house_of(config: str = HAND_OVER) -> Iterator[House]:
    NETWORKS.unlink(missing_ok=True)
    with NetNamespace("upstream") as namespace:
        namespace.take_radio(AP)
        with Hostapd(AP, namespace=namespace) as peer:
            namespace.set_address(AP, f"{AP_ADDRESS}/24")
            with DhcpServer(AP, namespace), Agent(config) as agent:
                agent.control.read_events()
                yield House(agent, peer, namespace)
                assert PASSPHRASE not in agent.log


@pytest.fixture(scope="module", autouse=True)
def bus() -> Iterator[None]:
    with SystemBus():
        yield


@pytest.fixture
def manager() -> Iterator[NetworkManager]:
    with NetworkManager() as a_manager:
        wait_device(STATION, "disconnected")
        yield a_manager
        for uuid in profiles("reference"):
            nmcli("connection", "delete", uuid)


def command_lines() -> str:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)


def test_network_manager_gets_the_network_and_the_interface_and_joins_by_itself(manager: NetworkManager) -> None:
    with house_of() as house:
        assert house.wait_state("handed_over")["ssid"] is None
        house.press_both()
        wait_until(lambda: device_state(STATION) == "unmanaged", 20.0, "it was not taken from NetworkManager", 0.5)
        assert house.wait_told("handed over", 90.0).endswith("manager=NetworkManager ssid=reference")
        (profile,) = profiles("reference")
        wait_device(STATION, "connected", timeout=60.0)
        assert nmcli("-g", "connection.autoconnect", "connection", "show", profile).strip() == "yes"
        house.wait_ping()
        assert house.state()["state"] == "handed_over"
        assert house.state()["ssid"] == "reference"
        assert "handed over with 'reference'" in house.agent.command("status").stdout
