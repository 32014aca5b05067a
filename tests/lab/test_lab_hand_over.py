# SPDX-License-Identifier: BSD-3-Clause
"""What WPS taught goes to Debian's NetworkManager, which joins by itself; whatever it does wrong, our network works."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.lab.guest import REPOSITORY
from tests.lab.network import NetNamespace, run
from tests.lab.network_manager import (
    DhcpServer,
    Networkd,
    NetworkManager,
    SystemBus,
    device_state,
    nmcli,
    profiles,
    wait_device,
)
from tests.lab.our_station import CONFIG, NETWORKS, STATION
from tests.lab.peers import Agent, Hostapd, PeerProcess, new_folder, wait_until
from tests.lab.test_lab_station import AP, AP_ADDRESS, PASSPHRASE, Scene

LAB = {"radios": 2, "time_limit": 400.0}

SHOWN = "802-11-wireless-security.psk,ipv4.dns,connection.autoconnect,connection.id"
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
def house_of(config: str = HAND_OVER, supplicant: str = "") -> Iterator[House]:
    """supplicant: the beginning of the file of a wpa_supplicant that has the interface; without it there is none."""
    NETWORKS.unlink(missing_ok=True)
    with NetNamespace("upstream") as namespace, ExitStack() as stack:
        namespace.take_radio(AP)
        if supplicant:
            NETWORKS.write_text(supplicant)
            words = ["wpa_supplicant", "-t", "-g", "/run/wpa_supplicant-global", "-i", STATION, "-c", str(NETWORKS)]
            theirs = stack.enter_context(PeerProcess("wpa_supplicant", words, new_folder("supplicant")))
            theirs.wait_alive(Path(f"/run/wpa_supplicant/{STATION}").is_socket, 20.0, "wpa_supplicant")
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


def shown_of(profile: str) -> list[str]:
    return nmcli("-s", "-g", SHOWN, "connection", "show", profile).splitlines()


def network_manager_pid() -> int:
    for path in Path("/proc").glob("[0-9]*/comm"):
        if path.read_text() == "NetworkManager\n":
            return int(path.parent.name)
    raise AssertionError("NetworkManager does not run")


def test_network_manager_gets_the_network_and_the_interface_and_joins_by_itself(manager: NetworkManager) -> None:
    with house_of() as house:
        assert house.wait_state("handed_over")["ssid"] is None
        house.hostapd.press_button()
        done = house.agent.command("join", "--wait", timeout=120.0)
        assert done.returncode == 0, done.stderr
        assert "connected to 'reference'" in done.stdout
        assert house.wait_told("handed over", 90.0).endswith("manager=NetworkManager ssid=reference")
        (profile,) = profiles("reference")
        wait_device(STATION, "connected", timeout=60.0)
        assert nmcli("-g", "connection.autoconnect", "connection", "show", profile).strip() == "yes"
        house.wait_ping()
        assert house.state()["state"] == "handed_over"
        assert house.state()["ssid"] == "reference"
        assert "handed over with 'reference'" in house.agent.command("status").stdout


def test_a_profile_of_the_same_name_is_renewed_and_there_is_no_second_one(manager: NetworkManager) -> None:
    words = ("type", "wifi", "ifname", STATION, "con-name", "old", "ssid", "reference", "autoconnect", "no")
    nmcli("connection", "add", *words, "wifi-sec.key-mgmt", "wpa-psk", "wifi-sec.psk", "a wrong passphrase")
    nmcli("connection", "modify", "old", "ipv4.dns", "10.8.0.9")
    (before,) = profiles("reference")
    with house_of() as house:
        house.wait_state("handed_over")
        house.press_both()
        house.wait_told("handed over", 90.0)
        assert profiles("reference") == [before]
        wanted = [PASSPHRASE, "10.8.0.9", "yes", "old"]
        # While it is being joined nmcli may not get the secret.
        wait_until(lambda: shown_of(before) == wanted, 30.0, lambda: f"the profile is {shown_of(before)}", 0.5)


def test_nobody_presses_the_other_button_and_the_agent_ends(manager: NetworkManager) -> None:
    with house_of() as house:
        house.wait_state("handed_over")
        house.agent.control.expect_ok("WPS_PBC")
        house.wait_told("interface taken")
        house.agent.control.wait_event("WPS-PBC-ACTIVE")
        house.agent.control.expect_ok("WPS_CANCEL")
        wait_until(lambda: len(house.told("interface given back")) == 2, 30.0, "it was not given back")
        wait_device(STATION, "disconnected")
        house.agent.control.expect_ok("WPS_PBC")
        house.agent.control.wait_event("WPS-PBC-ACTIVE")
        assert device_state(STATION) == "unmanaged"
        house.agent.stop()
        wait_device(STATION, "disconnected")


def test_an_agent_that_was_killed_gives_the_interface_back_when_it_is_started(manager: NetworkManager) -> None:
    with house_of() as house:
        house.wait_state("handed_over")
        house.agent.control.expect_ok("WPS_PBC")
        house.agent.control.wait_event("WPS-PBC-ACTIVE")
        house.agent.kill()
        assert device_state(STATION) == "unmanaged"
        with Agent(HAND_OVER):
            wait_device(STATION, "disconnected")


def test_an_interface_is_taken_for_as_long_as_the_agent_runs(manager: NetworkManager) -> None:
    with house_of(f"{CONFIG}take_interface = true\n") as house:
        assert device_state(STATION) == "unmanaged"
        house.press_both()
        house.assert_online()
        house.agent.stop()
        wait_device(STATION, "disconnected")


def test_network_manager_that_is_started_anew_leaves_a_taken_interface_to_the_agent(manager: NetworkManager) -> None:
    with house_of(f"{CONFIG}take_interface = true\n") as house:
        house.press_both()
        house.wait_state("connected")
        manager.kill()
        with NetworkManager():
            wait_until(lambda: "started" in nmcli("-t", "-f", "STARTUP", "general"), 30.0, "it has not started", 0.5)
            assert device_state(STATION) == "unmanaged"
            assert house.state()["state"] == "connected"
            house.agent.stop()
            wait_device(STATION, "disconnected")


def test_a_profile_for_another_interface_alone_is_not_the_one(manager: NetworkManager) -> None:
    words = ("type", "wifi", "ifname", "wlan7", "con-name", "elsewhere", "ssid", "reference")
    nmcli("connection", "add", *words, "wifi-sec.key-mgmt", "wpa-psk", "wifi-sec.psk", "another passphrase")
    (elsewhere,) = profiles("reference")
    with house_of() as house:
        house.wait_state("handed_over")
        house.press_both()
        house.wait_told("handed over", 90.0)
        wait_device(STATION, "connected", timeout=60.0)
        assert shown_of(elsewhere)[0] == "another passphrase"
        assert len(profiles("reference")) == 2


def join_as_ours(house: House) -> None:
    """WPS, and our station stays in the network although it was to be handed over."""
    house.press_both()
    house.wait_told("hand over failed", 120.0)
    house.wait_state("connected")
    assert house.told("handed over") == []
    run("ip", "address", "replace", "10.8.0.2/24", "dev", STATION)
    house.wait_ping()


def test_without_network_manager_our_network_works_and_it_is_told() -> None:
    with house_of() as house:
        house.wait_state("disconnected")
        join_as_ours(house)
        assert "NetworkManager is not running" in house.told("hand over failed")[-1]
        done = house.agent.command("doctor")
        assert "hand-over wlan0" in done.stdout
        assert "is not there" in done.stdout


def test_network_manager_hangs_when_it_is_to_take_the_network(manager: NetworkManager) -> None:
    with house_of() as house:
        house.wait_state("handed_over")
        house.agent.control.expect_ok("WPS_PBC")
        house.agent.control.wait_event("WPS-PBC-ACTIVE")
        pid = network_manager_pid()
        os.kill(pid, signal.SIGSTOP)
        try:
            join_as_ours(house)
            assert "NetworkManager does not answer" in house.told("hand over failed")[-1]
        finally:
            os.kill(pid, signal.SIGCONT)


def test_network_manager_is_killed_before_it_is_to_take_the_network(manager: NetworkManager) -> None:
    with house_of() as house:
        house.wait_state("handed_over")
        house.agent.control.expect_ok("WPS_PBC")
        house.agent.control.wait_event("WPS-PBC-ACTIVE")
        os.kill(network_manager_pid(), signal.SIGKILL)
        join_as_ours(house)
        assert "NetworkManager is not running" in house.told("hand over failed")[-1]


def test_wpa_supplicant_gets_the_network_by_its_file() -> None:
    folder = Path("/run/wpa_supplicant")
    config = f'{CONFIG}hand_over = "wpa_supplicant"\n'
    with house_of(config, f"ctrl_interface={folder}\nupdate_config=1\n") as house:
        assert house.wait_state("handed_over")["ssid"] is None
        house.press_both()
        assert house.wait_told("handed over", 120.0).endswith("manager=wpa_supplicant ssid=reference")
        assert f'psk="{PASSPHRASE}"' in NETWORKS.read_text()
        assert "wpa_state=COMPLETED" in run("wpa_cli", "-p", str(folder), "-i", STATION, "status")
        run("ip", "address", "replace", "10.8.0.2/24", "dev", STATION)
        house.wait_ping()


def test_networkd_gives_our_station_an_address_and_takes_it_away_with_the_network() -> None:
    hook = REPOSITORY / "init/hooks/networkctl"
    with Networkd(STATION), house_of(f'{CONFIG}hand_over = "auto"\non_change = "{hook}"\n') as house:
        house.wait_state("disconnected")
        assert "networkd gives it addresses" in house.agent.log
        house.press_both()
        house.wait_state("connected")
        house.wait_ping()
        house.hostapd.process.terminate()
        house.wait_state("disconnected")
        wait_until(lambda: "10.8.0." not in run("ip", "-4", "address", "show", "dev", STATION), 30.0, "it stays", 0.5)
