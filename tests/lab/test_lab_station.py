# SPDX-License-Identifier: BSD-3-Clause
"""The agent as a station against Debian's hostapd: every way in, what is remembered, and what brings it back."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.lab.network import NetNamespace, run, set_address
from tests.lab.our_station import (
    CONFIG,
    NETWORKS,
    PIN,
    STATION,
    WRONG_FIRST_HALF,
    WRONG_SECOND_HALF,
    assert_not_logged,
    state_of,
)
from tests.lab.peers import Agent, Hostapd, WpaSupplicant, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 300.0}

AP = "wlan1"
STATION_ADDRESS, AP_ADDRESS = "10.8.0.2", "10.8.0.1"
PASSPHRASE = "a secret passphrase"


@dataclass
class Scene:
    """A station of ours in the initial namespace, an access point of Debian's in one of its own."""

    agent: Agent
    hostapd: Hostapd
    namespace: NetNamespace
    secrets: set[str] = field(default_factory=lambda: {PASSPHRASE})

    def state(self) -> dict[str, Any]:
        return state_of(self.agent)

    def assert_online(self, timeout: float = 60.0) -> None:
        """It is in the network, and data flows."""
        self.agent.control.wait_event("CTRL-EVENT-CONNECTED", timeout)
        status = self.agent.control.values("STATUS")
        assert status["wpa_state"] == "COMPLETED"
        assert (status["ssid"], status["key_mgmt"], status["pairwise_cipher"]) == ("reference", "WPA2-PSK", "CCMP")
        self.namespace.set_address(AP, f"{AP_ADDRESS}/24")
        set_address(STATION, f"{STATION_ADDRESS}/24")
        wait_until(lambda: self.namespace.can_ping(STATION_ADDRESS), 10.0, "no ping goes through")

    def assert_remembered(self) -> None:
        assert f'psk="{PASSPHRASE}"' in NETWORKS.read_text()


@contextmanager
def scene_of(config: str = CONFIG, hostapd: str = "") -> Iterator[Scene]:
    NETWORKS.unlink(missing_ok=True)
    with NetNamespace("upstream") as namespace:
        namespace.take_radio(AP)
        with Hostapd(AP, config=hostapd, namespace=namespace) as peer, Agent(config) as agent:
            agent.control.read_events()  # attached from here on
            scene = Scene(agent, peer, namespace)
            yield scene
            assert_not_logged(agent, scene.secrets)


@pytest.fixture
def scene() -> Iterator[Scene]:
    with scene_of() as a_scene:
        yield a_scene


# ---- every way in


@pytest.mark.parametrize("eapol", ["auto", "packet"])
def test_push_button(eapol: str) -> None:
    with scene_of(f'{CONFIG}eapol = "{eapol}"\n') as scene:
        scene.hostapd.press_button()
        scene.agent.control.expect_ok("WPS_PBC")
        scene.agent.control.wait_event("WPS-PBC-ACTIVE")
        scene.agent.control.wait_event("WPS-SUCCESS", 60.0)
        scene.assert_online()
        scene.assert_remembered()
        assert scene.state() == {
            "interface": STATION,
            "state": "connected",
            "reason": None,
            "ssid": "reference",
            "bssid": scene.agent.control.values("STATUS")["bssid"],
            "networks": 1,
            "wps": {"method": "push_button", "result": "success", "cause": "none", "reason": None},
        }


def test_the_button_of_the_station_pressed_first(scene: Scene) -> None:
    scene.agent.control.expect_ok("WPS_PBC")
    scene.agent.control.wait_event("CTRL-EVENT-SCAN-RESULTS", 30.0)
    scene.hostapd.press_button()
    scene.assert_online()


def test_a_pin_made_up_here_and_entered_there(scene: Scene) -> None:
    pin = scene.agent.control.request("WPS_PIN any")
    scene.secrets.add(pin)
    assert len(pin) == 8
    scene.agent.control.wait_event("WPS-PIN-ACTIVE")
    scene.agent.control.wait_event("CTRL-EVENT-SCAN-RESULTS", 30.0)
    scene.hostapd.control.expect_ok(f"WPS_PIN any {pin}")
    scene.assert_online(100.0)
    scene.assert_remembered()


@pytest.mark.parametrize("pin", [PIN, "1234"], ids=["of the label", "of four digits"])
def test_a_pin_that_the_access_point_knows_already(scene: Scene, pin: str) -> None:
    scene.hostapd.control.expect_ok(f"WPS_PIN any {pin}")
    assert scene.agent.control.request(f"WPS_PIN any {pin}") == pin
    scene.assert_online()
    scene.assert_remembered()


@pytest.mark.parametrize(
    ("wrong", "message", "cause"),
    [(WRONG_FIRST_HALF, "msg=8", "first_half_wrong"), (WRONG_SECOND_HALF, "msg=10", "second_half_wrong")],
)
def test_a_wrong_pin_is_told_by_its_half(scene: Scene, wrong: str, message: str, cause: str) -> None:
    scene.secrets |= {PIN, wrong}
    scene.hostapd.control.expect_ok(f"WPS_PIN any {PIN}")
    scene.agent.control.request(f"WPS_PIN any {wrong}")
    assert scene.agent.control.wait_event("WPS-FAIL", 60.0).text == f"WPS-FAIL {message} config_error=18"
    wps = scene.state()["wps"]
    assert (wps["result"], wps["cause"]) == ("failed", cause)
    assert not NETWORKS.exists()


def test_nobody_presses_the_other_button(scene: Scene) -> None:
    done = scene.agent.command("join", "--wait", timeout=200.0)
    assert done.returncode == 3
    assert "press its button" in done.stderr


# ---- the access point's own PIN


def test_the_settings_of_an_access_point_are_learnt_with_its_pin() -> None:
    with scene_of(hostapd=f"ap_setup_locked=0\nap_pin={PIN}") as scene:
        scene.secrets.add(PIN)
        done = scene.agent.command("reg", "learn", scene.namespace.interface_address(AP), PIN, "--wait", timeout=90.0)
        assert done.returncode == 0, done.stderr
        assert "connected to 'reference'" in done.stdout
        scene.assert_online()
        scene.assert_remembered()


def test_a_wrong_pin_of_an_access_point_is_told_and_so_is_a_locked_one() -> None:
    with scene_of(hostapd=f"ap_setup_locked=0\nap_pin={PIN}") as scene:
        bssid = scene.namespace.interface_address(AP)
        assert scene.agent.command("reg", "learn", bssid, WRONG_FIRST_HALF, "--wait", timeout=90.0).returncode == 5
        assert scene.agent.command("reg", "learn", bssid, WRONG_SECOND_HALF, "--wait", timeout=90.0).returncode == 5
    with scene_of() as scene:
        bssid = scene.namespace.interface_address(AP)
        assert scene.agent.command("reg", "learn", bssid, PIN, "--wait", timeout=90.0).returncode == 6


def test_an_access_point_is_given_new_settings_and_joined_with_them() -> None:
    ssid, key = "given by us", "another passphrase"
    with scene_of(hostapd=f"ap_setup_locked=0\nap_pin={PIN}\nwps_cred_processing=2") as scene:
        scene.secrets |= {PIN, key}
        bssid = scene.namespace.interface_address(AP)
        request = f"WPS_REG {bssid} {PIN} {ssid.encode().hex()} WPA2PSK CCMP {key.encode().hex()}"
        scene.agent.control.expect_ok(request)
        scene.agent.control.wait_event("WPS-SUCCESS", 60.0)
        assert f'psk="{key}"' in NETWORKS.read_text()
        scene.hostapd.control.wait_event("WPS-NEW-AP-SETTINGS", 10.0)
        scene.agent.control.wait_event("CTRL-EVENT-CONNECTED", 90.0)
        assert scene.agent.control.values("STATUS")["ssid"] == ssid


# ---- the command line


def test_the_command_line_joins_and_shows_what_there_is(scene: Scene) -> None:
    scene.hostapd.press_button()
    done = scene.agent.command("join", "--wait", timeout=90.0)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("connected to 'reference'\n")
    assert "0       reference  any    current" in scene.agent.command("networks").stdout
    assert f"{STATION}: station, connected to 'reference'" in scene.agent.command("status").stdout
    heading, *rows = scene.agent.command("scan").stdout.splitlines()
    assert heading.split() == ["BSSID", "MHz", "dBm", "WPS", "security", "network"]
    (row,) = [row for row in rows if row.endswith("reference")]  # the kernel may remember a network of another test
    assert row.split()[0] == scene.namespace.interface_address(AP)
    scene.agent.control.expect_ok("REMOVE_NETWORK 0")
    scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED")
    assert PASSPHRASE not in NETWORKS.read_text()


def test_join_by_pin_shows_the_pin_at_once(scene: Scene) -> None:
    shown = scene.agent.command("join", "--pin").stdout
    pin = shown.splitlines()[0].removeprefix("PIN: ")
    assert len(pin) == 8
    scene.hostapd.control.expect_ok(f"WPS_PIN any {pin}")
    scene.assert_online(100.0)


def test_cancel_ends_it(scene: Scene) -> None:
    scene.agent.control.expect_ok("WPS_PBC")
    assert scene.agent.command("cancel").returncode == 0
    scene.agent.control.wait_event("WPS-CANCEL")
    assert scene.state()["wps"]["result"] == "cancelled"


def test_wpa_cli_drives_it(scene: Scene) -> None:
    def wpa_cli(*words: str) -> str:
        return run("wpa_cli", "-p", "/run/wps-agent", "-i", "control", *words)

    scene.hostapd.press_button()
    assert wpa_cli("wps_pbc") == "OK\n"
    scene.assert_online()
    assert "wpa_state=COMPLETED\n" in wpa_cli("status")
    assert wpa_cli("list_networks").splitlines()[1] == "0\treference\tany\t[CURRENT]"
    assert wpa_cli("scan") == "OK\n"
    scene.agent.control.wait_event("CTRL-EVENT-SCAN-RESULTS", 30.0)
    assert "\treference\n" in wpa_cli("scan_results")
    bssid = scene.namespace.interface_address(AP)
    assert f"bssid={bssid}\n" in wpa_cli("bss", bssid)
    pin = wpa_cli("wps_pin", "get").strip()
    assert wpa_cli("wps_check_pin", pin).strip() == pin
    assert wpa_cli("disconnect") == "OK\n"
    scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED")
    assert wpa_cli("reconnect") == "OK\n"
    scene.agent.control.wait_event("CTRL-EVENT-CONNECTED", 30.0)


# ---- what is remembered


def test_a_restarted_agent_joins_by_itself_and_so_does_wpa_supplicant_with_its_file(scene: Scene) -> None:
    scene.hostapd.press_button()
    scene.agent.control.expect_ok("WPS_PBC")
    scene.assert_online()
    scene.agent.stop()
    with Agent(CONFIG) as again:
        wait_until(lambda: again.control.values("STATUS").get("wpa_state") == "COMPLETED", 30.0, "not joined again")
        wait_until(lambda: scene.namespace.can_ping(STATION_ADDRESS), 10.0, "no ping goes through")
    networks = "\n".join(line for line in NETWORKS.read_text().splitlines() if not line.startswith("update_config"))
    with WpaSupplicant(STATION, config=networks) as theirs:
        wait_until(lambda: theirs.is_connected, 30.0, "wpa_supplicant does not join with our file")


def test_an_access_point_that_was_killed_is_joined_when_it_is_back(scene: Scene) -> None:
    scene.hostapd.press_button()
    scene.agent.control.expect_ok("WPS_PBC")
    scene.assert_online()
    scene.agent.control.forget_events()
    scene.hostapd.kill()
    scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 60.0)
    with Hostapd(AP, namespace=scene.namespace):
        scene.assert_online()


def test_an_interface_set_down_is_told_and_joins_when_it_is_up(scene: Scene) -> None:
    scene.hostapd.press_button()
    scene.agent.control.expect_ok("WPS_PBC")
    scene.assert_online()
    scene.agent.control.forget_events()
    run("ip", "link", "set", STATION, "down")
    wait_until(lambda: scene.state()["state"] in ("lost", "failed"), 10.0, "the loss is not told")
    scene.assert_online()
