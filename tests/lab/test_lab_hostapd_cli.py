# SPDX-License-Identifier: BSD-3-Clause
"""Debian's hostapd_cli, as it comes, against an access point of ours: its commands, its events, its action script."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.network import NetNamespace, interface_address, wiphy_of
from tests.lab.peers import Agent, Event, PeerProcess, WpaSupplicant, new_folder, wait_until

LAB = {"radios": 2, "time_travel": True}

FOLDER = "/run/wps-agent/hostapd"
PASSPHRASE = "a secret passphrase"
UUID = "2b7093f1-d6fb-5108-adbb-bea66bb87333"

CONFIG = f"""
[agent]
node = "lab"

[[access_point]]
interface = "wlan0"
ssid = "ours"
passphrase = "{PASSPHRASE}"
channel = 1
"""


def cli(*words: str, interface: str = "wlan0") -> str:
    """What hostapd_cli prints for one command."""
    command = ["hostapd_cli", "-p", FOLDER, "-i", interface, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def agent() -> Iterator[Agent]:
    with Agent(CONFIG) as agent:
        yield agent


@pytest.fixture(scope="module")
def station(agent: Agent) -> Iterator[str]:
    """The address of a station that was let in by the button."""
    address = interface_address("wlan1")
    with NetNamespace("station") as namespace:
        namespace.take_radio("wlan1")
        with WpaSupplicant("wlan1", config="device_name=My Phone", namespace=namespace) as supplicant:
            assert cli("wps_pbc") == "OK\n"
            supplicant.press_button()
            supplicant.wait_connected()
            agent.control.wait_event(f"AP-STA-CONNECTED {address}")
            yield address


def test_it_finds_the_interface_by_itself(agent: Agent) -> None:
    done = subprocess.run(["hostapd_cli", "-p", FOLDER, "ping"], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == "Selected interface 'wlan0'\nPONG\n"
    assert agent.is_running


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        ("ping", "PONG\n"),
        ("wps_pbc", "OK\n"),
        ("wps_cancel", "OK\n"),
        ("wps_pin any 12345670", "OK\n"),
        (f"wps_pin {UUID} 12345670 100 02:11:22:33:44:55", "OK\n"),
        ("wps_check_pin 12345670", "12345670"),
        ("wps_check_pin 12345671", "FAIL-CHECKSUM\n"),
        ("wps_cancel", "OK\n"),
        ("wps_ap_pin get", "FAIL\n"),
        ("wps_ap_pin set 12345670 60", "12345670"),
        ("wps_ap_pin get", "12345670"),
        ("wps_ap_pin disable", "OK\n"),
        ("get version", None),
        ("log_level", "Current level: INFO\nTimestamp: 1\n"),
        ("log_level debug", "OK\n"),
        ("log_level info", "OK\n"),
        ("relog", "OK\n"),
        ("deauthenticate 02:11:22:33:44:55", "OK\n"),
        ("disassociate 02:11:22:33:44:55", "OK\n"),
        ("wps_nfc_config_token NDEF", "FAIL\n"),
        ("update_beacon", "OK\n"),
        ("enable", "FAIL\n"),
    ],
)
def test_its_commands_are_answered(agent: Agent, words: str, printed: str | None) -> None:
    found = cli(*words.split())
    assert found == printed if printed is not None else found
    assert agent.is_running


def test_status_and_configuration_are_told(agent: Agent) -> None:
    assert agent.is_running
    status = cli("status").splitlines()
    assert status[0] == "state=ENABLED"
    assert {"channel=1", "freq=2412", "bss[0]=wlan0", "ssid[0]=ours"} <= set(status)
    assert {"ssid=ours", f"passphrase={PASSPHRASE}", "wps_state=configured"} <= set(cli("get_config").splitlines())


def test_wps_get_status_tells_the_session(agent: Agent) -> None:
    agent.control.forget_events()
    cli("wps_pbc")
    assert cli("wps_get_status").startswith("PBC Status: Active\n")
    cli("wps_cancel")
    agent.control.wait_event("WPS-CANCEL")
    assert cli("wps_get_status").startswith("PBC Status: Timed-out\n")


def test_all_stations_are_listed(station: str) -> None:
    lines = cli("all_sta").splitlines()
    assert lines[0] == station
    assert "[AUTH][ASSOC][AUTHORIZED]" in lines[1]
    assert "wpsDeviceName=My Phone" in lines
    assert cli("sta", station).splitlines()[0] == station


def test_its_monitor_shows_events_and_its_action_script_is_run_with_them(station: str) -> None:
    folder = new_folder("action")
    script, seen, heard = (folder / name for name in ("script", "seen", "heard"))
    script.write_text(f'#!/bin/sh\necho "$@" >> {seen}\n')
    script.chmod(0o755)
    command = ["hostapd_cli", "-p", FOLDER, "-i", "wlan0"]
    with (
        PeerProcess("action", [*command, "-a", str(script)], folder),
        heard.open("wb") as output,
        subprocess.Popen(["stdbuf", "-oL", *command], stdin=subprocess.PIPE, stdout=output) as monitor,
    ):
        assert monitor.stdin is not None
        try:
            wait_until(lambda: all("WPS-PBC-ACTIVE" in _pressed(path) for path in (seen, heard)), 20.0, "no event", 0.5)
            cli("wps_cancel")
            assert cli("deauthenticate", station, "reason=3") == "OK\n"
            wait_until(lambda: f"wlan0 AP-STA-CONNECTED {station}" in _text(seen), 60.0, lambda: _text(seen))
            wait_until(lambda: f"<3>AP-STA-DISCONNECTED {station}" in _text(heard), 20.0, "no event")
            monitor.stdin.write(b"wps_get_status\nquit\n")
            monitor.stdin.flush()
            wait_until(lambda: "PBC Status: " in _text(heard), 20.0, "no reply in between")
            monitor.wait(20.0)
        finally:
            monitor.kill()
    assert f"wlan0 AP-STA-DISCONNECTED {station}\n" in _text(seen)


def _pressed(path: Path) -> str:
    """What is in a file after one more press of the button."""
    cli("wps_pbc")
    return _text(path)


def _text(path: Path) -> str:
    return path.read_text(errors="replace") if path.exists() else ""


def test_it_takes_the_network_down_and_up_and_gives_it_another_name(agent: Agent) -> None:
    assert cli("disable") == "OK\n"
    assert cli("status").startswith("state=DISABLED\n")
    assert cli("enable") == "OK\n"
    wait_until(lambda: cli("status").startswith("state=ENABLED\n"), 20.0, "it does not come up", interval=0.5)
    assert cli("wps_config", "renamed", "WPA2PSK", "CCMP", "another secret") == "OK\n"
    wait_until(lambda: "ssid[0]=renamed\n" in cli("status"), 20.0, lambda: cli("status"), interval=0.5)
    assert {"ssid=renamed", "passphrase=another secret"} <= set(cli("get_config").splitlines())
    assert agent.is_running


def test_a_second_network_on_the_same_radio_is_added_from_a_file_and_removed(agent: Agent) -> None:
    path = new_folder("second") / "second.conf"
    lines = (
        "interface=second",
        f"ctrl_interface={FOLDER}",
        "ssid=guests",
        "hw_mode=g",
        "channel=1",
        "wpa=2",
        "wpa_passphrase=guests only",
        "wpa_key_mgmt=WPA-PSK",
        "rsn_pairwise=CCMP",
    )
    path.write_text("\n".join(lines))
    agent.control.forget_events()
    agent.control.expect_ok(f"ADD bss_config={wiphy_of('wlan0')}:{path}")
    wait_until(lambda: "AP-ENABLED " in [e.text for e in _events_of(agent, "second")], 20.0, lambda: agent.log)
    assert agent.control.request("INTERFACES") == "wlan0\nsecond"
    assert cli("status", interface="second") == cli("status")
    assert {"bss[0]=wlan0", "bss[1]=second", "ssid[1]=guests"} <= set(cli("status").splitlines())
    agent.control.expect_ok("REMOVE second")
    wait_until(lambda: not Path("/sys/class/net/second").exists(), 20.0, lambda: agent.log)
    assert agent.control.request("INTERFACES") == "wlan0"
    assert not (Path(FOLDER) / "second").exists()


def _events_of(agent: Agent, interface: str) -> list[Event]:
    agent.control.read_events()
    return [event for event in agent.control.events if event.interface == interface]
