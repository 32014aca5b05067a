# SPDX-License-Identifier: BSD-3-Clause
"""Debian's wpa_cli, unmodified, drives a station of ours: single commands, interactively, action scripts, globally."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from tests.lab.network import NetNamespace
from tests.lab.our_station import CONFIG, NETWORKS, PIN, SOCKETS, STATION
from tests.lab.peers import Agent, Hostapd, PeerProcess, new_folder, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 300.0}

AP, SPARE = "wlan1", "wlan2"
PASSPHRASE = "a secret passphrase"


@pytest.fixture(scope="module")
def hostapd() -> Iterator[Hostapd]:
    with NetNamespace("upstream") as namespace:
        namespace.take_radio(AP)
        with Hostapd(AP, namespace=namespace, config=f"ap_setup_locked=0\nap_pin={PIN}") as peer:
            yield peer


@pytest.fixture
def agent(hostapd: Hostapd) -> Iterator[Agent]:
    NETWORKS.unlink(missing_ok=True)
    with Agent(CONFIG) as agent:
        agent.control.read_events()
        yield agent


def wpa_cli(*words: str, at: Sequence[str] = ("-p", str(SOCKETS), "-i", STATION)) -> str:
    """One command; what it prints but the line on the interface."""
    done = subprocess.run(["wpa_cli", *at, *words], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    return "\n".join(line for line in lines if not line.startswith("Selected interface"))


def values(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


# ---- one command


def test_push_button_from_the_first_command_to_the_network(agent: Agent, hostapd: Hostapd) -> None:
    assert wpa_cli("ping") == "PONG"
    hostapd.press_button()
    assert wpa_cli("wps_pbc") == "OK"
    agent.control.wait_event("CTRL-EVENT-CONNECTED", 60.0)
    status = values(wpa_cli("status"))
    assert (status["wpa_state"], status["ssid"], status["key_mgmt"]) == ("COMPLETED", "reference", "WPA2-PSK")
    assert "0\treference\tany\t[CURRENT]" in wpa_cli("list_networks")
    assert "[WPA2-PSK-CCMP][WPS" in wpa_cli("scan_results")
    assert values(wpa_cli("signal_poll"))["FREQUENCY"] == "2412"
    assert f'psk="{PASSPHRASE}"' in NETWORKS.read_text()


def test_pins_and_registrars(agent: Agent, hostapd: Hostapd) -> None:
    pin = wpa_cli("wps_pin", "any")
    assert len(pin) == 8
    assert pin.isdigit()
    assert wpa_cli("wps_check_pin", pin) == pin
    assert wpa_cli("wps_check_pin", "12345678") == "FAIL-CHECKSUM"
    assert wpa_cli("wps_cancel") == "OK"
    assert wpa_cli("wps_ap_pin", "get") == "FAIL"
    address = hostapd.control.values("STATUS")["bssid[0]"]
    assert wpa_cli("wps_reg", address, PIN) == "OK"
    agent.control.wait_event("CTRL-EVENT-CONNECTED", 60.0)
    number = wpa_cli("list_networks").splitlines()[1].split()[0]
    assert wpa_cli("get_network", number, "psk") == "*"


def test_a_network_made_by_hand(agent: Agent) -> None:
    number = wpa_cli("add_network")
    for words in (("ssid", '"reference"'), ("psk", f'"{PASSPHRASE}"'), ("id_str", '"home"')):
        assert wpa_cli("set_network", number, *words) == "OK"
    assert wpa_cli("set_network", number, "sside", '"reference"') == "FAIL"
    assert wpa_cli("get_network", number, "ssid") == '"reference"'
    assert wpa_cli("select_network", number) == "OK"
    agent.control.wait_event("CTRL-EVENT-CONNECTED - Connection to", 60.0)
    assert values(wpa_cli("status"))["id_str"] == "home"
    assert wpa_cli("save_config") == "OK"
    assert 'ssid="reference"' in NETWORKS.read_text()
    assert wpa_cli("disconnect") == "OK"
    agent.control.wait_event("CTRL-EVENT-DISCONNECTED")
    assert values(wpa_cli("status"))["wpa_state"] == "DISCONNECTED"
    assert wpa_cli("reconnect") == "OK"
    agent.control.wait_event("CTRL-EVENT-CONNECTED", 60.0)
    assert wpa_cli("remove_network", "all") == "OK"
    assert wpa_cli("list_networks").splitlines()[1:] == []


def test_options_are_set_told_and_saved(agent: Agent) -> None:
    assert wpa_cli("set", "device_name", "Lamp of the kitchen") == "OK"
    assert wpa_cli("get", "device_name") == "Lamp of the kitchen"
    assert wpa_cli("set", "device_nam", "Lamp") == "FAIL"
    assert wpa_cli("get_capability", "eap") == "WSC"
    assert wpa_cli("save_config") == "OK"
    assert "device_name=Lamp of the kitchen" in NETWORKS.read_text()


# ---- interactively


@contextmanager
def interactive(*arguments: str) -> Iterator[tuple[PeerProcess, int]]:
    """A wpa_cli with a terminal that we type on."""
    folder = new_folder("wpa_cli")
    pipe = folder / "keyboard"
    os.mkfifo(pipe)
    # script gives it a terminal: without one it takes its input for a script and shows no events.
    command = ["sh", "-c", f"exec wpa_cli {' '.join(arguments)} <{pipe}"]
    with PeerProcess("wpa_cli", command, folder, namespace=None) as process:
        keyboard = os.open(pipe, os.O_WRONLY)
        try:
            yield process, keyboard
        finally:
            os.close(keyboard)


def test_events_arrive_while_somebody_types(agent: Agent, hostapd: Hostapd) -> None:
    with interactive("-p", str(SOCKETS), "-i", STATION) as (process, keyboard):
        process.wait_log("Interactive mode")
        os.write(keyboard, b"status\n")
        process.wait_log("wpa_state=")
        hostapd.press_button()
        os.write(keyboard, b"wps_pbc\n")
        process.wait_log("<3>WPS-PBC-ACTIVE")
        process.wait_log("<3>WPS-SUCCESS", 60.0)
        process.wait_log("<3>CTRL-EVENT-CONNECTED - Connection to", 60.0)
        os.write(keyboard, b"quit\n")
        wait_until(lambda: not process.is_running, 10.0, "wpa_cli does not quit")


# ---- an action script


def test_an_action_script_hears_of_connections_and_wps(agent: Agent, hostapd: Hostapd) -> None:
    folder = new_folder("actions")
    script, log = folder / "action", folder / "log"
    script.write_text(f'#!/bin/sh\necho "$1 $2 id=$WPA_ID" >>{log}\n')
    script.chmod(0o755)
    log.touch()
    command = ["wpa_cli", "-p", str(SOCKETS), "-i", STATION, "-a", str(script)]
    with PeerProcess("wpa_cli", command, folder):
        wait_until(lambda: agent.control.request("PING") == "PONG", 5.0, "no agent")
        hostapd.press_button()
        agent.control.expect_ok("WPS_PBC")
        wait_until(lambda: f"{STATION} CONNECTED id=0" in log.read_text(), 60.0, log.read_text)
        agent.control.expect_ok("DISCONNECT")
        wait_until(lambda: f"{STATION} DISCONNECTED" in log.read_text(), 20.0, log.read_text)


# ---- the global socket

GLOBAL = ("-g", "/run/wps-agent/control")


def test_a_station_is_added_and_removed_while_the_agent_runs(agent: Agent, hostapd: Hostapd) -> None:
    folder = new_folder("more")
    conf = folder / "more.conf"
    conf.write_text(f'update_config=1\nnetwork={{\n\tssid="reference"\n\tpsk="{PASSPHRASE}"\n}}\n')
    assert wpa_cli("interface", at=GLOBAL).splitlines()[-1] == STATION
    assert SPARE in wpa_cli("interface_list", at=GLOBAL)
    assert wpa_cli("interface_add", SPARE, str(folder / "nothing.conf"), at=GLOBAL).endswith("FAIL")
    added = wpa_cli("interface_add", SPARE, str(conf), "nl80211", str(folder), at=GLOBAL)
    assert added.endswith("OK"), agent.control.request("WHY")
    assert wpa_cli("interface_add", SPARE, str(conf), "nl80211", str(folder), at=GLOBAL).endswith("FAIL")
    agent.control.wait_event("CTRL-EVENT-CONNECTED", 60.0)
    own = ("-p", str(folder), "-i", SPARE)
    assert values(wpa_cli("status", at=own))["wpa_state"] == "COMPLETED"
    assert SPARE in wpa_cli("interface", at=GLOBAL)
    assert wpa_cli("interface_remove", SPARE, at=GLOBAL).endswith("OK")
    agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 20.0)
    assert not (folder / SPARE).exists()
    assert wpa_cli("interface_remove", STATION, at=GLOBAL).endswith("FAIL")
