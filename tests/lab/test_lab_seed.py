# SPDX-License-Identifier: BSD-3-Clause
"""Every command line of wpa_supplicant's README-WPS, word for word, by Debian's wpa_cli against the agent.

The access point has the address of the README's examples, so that they can be typed as they stand.  What each line
needs of the rest of the world (an access point whose button is pressed, a PIN entered there) is Debian's hostapd.
docs/commands.md lists the lines with their tests.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.network import NetNamespace, run, set_address
from tests.lab.peers import Agent, ControlInterface, Hostapd, WpaSupplicant, new_folder, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 300.0}

STATION, AP = "wlan0", "wlan1"
ADDRESS = "02:34:56:78:9a:bc"
PIN = "12345670"
NETWORKS = Path("/run/seed-networks.conf")
CONTROL = Path("/var/run/wpa_supplicant")
CONFIG = f"""
[agent]
node = "seed"
log_level = "debug"
supplicant_directory = "{CONTROL}"

[[station]]
interface = "{STATION}"
networks_file = "{NETWORKS}"
"""
OPEN_TO_REGISTRARS = f"ap_setup_locked=0\nap_pin={PIN}\n"
HEXDUMP = (
    "100e006f10260001011045000c6a6b6d2d7770732d74657374100300020020100f0002000810270040306534623034353663"
    "3236366665306433396164313535346131663462663731323433376163666462376633393965353466316631623032306164"
    "3434386235102000060266a0ee1727"
)
"""The Credential of the README's example."""


def cli(line: str) -> str:
    """A command line as a person types it into a shell; what it says after "Selected interface …"."""
    done = subprocess.run(line, shell=True, capture_output=True, text=True, timeout=30, check=False)
    first, _, rest = done.stdout.partition("\n")
    assert first == f"Selected interface '{STATION}'", done.stdout + done.stderr
    return rest.rstrip("\n")


@dataclass
class Scene:
    agent: Agent
    hostapd: Hostapd
    namespace: NetNamespace
    monitor: ControlInterface

    def assert_online(self, ssid: str, key_mgmt: str = "WPA2-PSK") -> None:
        """wpa_cli says so, and data flows."""
        self.monitor.wait_event("CTRL-EVENT-CONNECTED", 120.0)
        status = cli("wpa_cli status")
        for line in (f"ssid={ssid}", "wpa_state=COMPLETED", f"key_mgmt={key_mgmt}", f"bssid={ADDRESS}"):
            assert line in status.splitlines()
        self.namespace.set_address(AP, "10.8.0.1/24")
        set_address(STATION, "10.8.0.2/24")
        wait_until(lambda: self.namespace.can_ping("10.8.0.2"), 20.0, "no ping goes through")


@contextmanager
def scene_of(hostapd: str = "", config: str = CONFIG) -> Iterator[Scene]:
    NETWORKS.unlink(missing_ok=True)
    run("ip", "link", "set", AP, "down")
    run("ip", "link", "set", AP, "address", ADDRESS)
    with NetNamespace("upstream") as namespace:
        namespace.take_radio(AP)
        with Hostapd(AP, config=hostapd, namespace=namespace) as peer, Agent(config) as agent:
            monitor = ControlInterface(CONTROL / STATION)
            try:
                yield Scene(agent, peer, namespace, monitor)
            finally:
                monitor.close()


@pytest.fixture
def scene() -> Iterator[Scene]:
    with scene_of() as a_scene:
        yield a_scene


# ---- PINs and the button


def test_wps_check_pin(scene: Scene) -> None:
    assert cli("wpa_cli wps_check_pin 1234-5670") == PIN
    assert cli("wpa_cli wps_check_pin 12345671") == "FAIL-CHECKSUM"
    assert cli("wpa_cli wps_check_pin 123") == "FAIL"
    del scene


def test_wps_pin_any(scene: Scene) -> None:
    pin = cli("wpa_cli wps_pin any")
    assert cli(f"wpa_cli wps_check_pin {pin}") == pin
    scene.monitor.wait_event("WPS-PIN-ACTIVE")
    scene.hostapd.control.expect_ok(f"WPS_PIN any {pin}")
    scene.monitor.wait_event("WPS-SUCCESS", 120.0)
    scene.assert_online("reference")
    assert cli("wpa_cli wps_pin any") != pin


def test_wps_pin_any_with_the_labels_pin(scene: Scene) -> None:
    scene.hostapd.control.expect_ok(f"WPS_PIN any {PIN}")
    assert cli("wpa_cli wps_pin any 12345670") == PIN
    scene.monitor.wait_event("WPS-SUCCESS", 120.0)
    scene.assert_online("reference")


def test_wps_pin_get(scene: Scene) -> None:
    pin = cli("wpa_cli wps_pin get")
    assert cli(f"wpa_cli wps_check_pin {pin}") == pin
    assert not scene.monitor.has_event("WPS-PIN-ACTIVE")
    scene.hostapd.control.expect_ok(f"WPS_PIN any {pin}")
    assert cli(f"wpa_cli wps_pin any {pin}") == pin
    scene.monitor.wait_event("WPS-SUCCESS", 120.0)


def test_wps_pin_of_an_access_point_expires(scene: Scene) -> None:
    """wps_pin any 12345670 300: on an interface in AP mode."""
    assert cli("wpa_cli add_network") == "0"
    for variable in ("mode 2", "frequency 2412", "key_mgmt WPA-PSK", "ssid '\"ours\"'", "psk '\"our own secret\"'"):
        assert cli(f"wpa_cli set_network 0 {variable}") == "OK"
    assert cli("wpa_cli select_network 0") == "OK"
    wait_until(lambda: "mode=AP" in cli("wpa_cli status").splitlines(), 30.0, "no access point")
    assert cli("wpa_cli wps_pin any 12345670 300") == PIN
    with NetNamespace("phone") as phone:
        phone.take_radio("wlan2")
        with WpaSupplicant("wlan2", namespace=phone) as first:
            assert first.control.request(f"WPS_PIN any {PIN}") == PIN
            first.wait_connected(120.0)
    assert cli("wpa_cli wps_pin any 12345670 1") == PIN
    scene.monitor.watch(3.0)
    with NetNamespace("late") as late:
        late.take_radio("wlan2")
        with WpaSupplicant("wlan2", namespace=late) as second:
            assert second.control.request(f"WPS_PIN any {PIN}") == PIN
            second.control.wait_event("WPS-M2D", 120.0)


def test_wps_pbc(scene: Scene) -> None:
    scene.hostapd.press_button()
    assert cli("wpa_cli wps_pbc") == "OK"
    scene.monitor.wait_event("WPS-PBC-ACTIVE")
    scene.monitor.wait_event("WPS-SUCCESS", 120.0)
    scene.assert_online("reference")


# ---- as a registrar


def test_wps_reg_learns() -> None:
    with scene_of(OPEN_TO_REGISTRARS) as scene:
        assert cli("wpa_cli wps_reg 02:34:56:78:9a:bc 12345670") == "OK"
        scene.monitor.wait_event("WPS-SUCCESS", 120.0)
        scene.assert_online("reference")
        assert 'psk="a secret passphrase"' in NETWORKS.read_text()


def test_wps_reg_configures_a_protected_network() -> None:
    with scene_of(OPEN_TO_REGISTRARS) as scene:
        assert cli("wpa_cli wps_reg 02:34:56:78:9a:bc 12345670 testing WPA2PSK CCMP 12345678") == "OK"
        scene.monitor.wait_event("WPS-SUCCESS", 120.0)
        scene.assert_online("testing")
        assert scene.hostapd.control.values("GET_CONFIG")["ssid"] == "testing"


def test_wps_reg_configures_an_open_network() -> None:
    with scene_of(OPEN_TO_REGISTRARS) as scene:
        assert cli('wpa_cli wps_reg 02:34:56:78:9a:bc 12345670 clear OPEN NONE ""') == "OK"
        scene.monitor.wait_event("WPS-SUCCESS", 120.0)
        scene.assert_online("clear", "NONE")
        assert scene.hostapd.control.values("GET_CONFIG")["ssid"] == "clear"


@pytest.mark.parametrize("kinds", ["WPAPSK TKIP", "OPEN WEP", "WPA2PSK TKIP"])
def test_what_the_standard_forbids_today_is_refused(scene: Scene, kinds: str) -> None:
    assert cli(f"wpa_cli wps_reg 02:34:56:78:9a:bc 12345670 testing {kinds} 12345678") == "FAIL"
    del scene


# ---- scanning


def test_scan_results_and_bss(scene: Scene) -> None:
    def flags() -> str:
        assert cli("wpa_cli scan") == "OK"
        scene.monitor.wait_event("CTRL-EVENT-SCAN-RESULTS", 30.0)
        rows = [row.split("\t") for row in cli("wpa_cli scan_results").splitlines()[1:]]
        # The kernel may still know the network that this access point was in an earlier test.
        ((index, row),) = [(i, row) for i, row in enumerate(rows) if (row[0], row[4]) == (ADDRESS, "reference")]
        values = dict(line.partition("=")[::2] for line in cli(f"wpa_cli bss {index}").splitlines())
        assert (values["bssid"], values["ssid"], values["flags"]) == (ADDRESS, "reference", row[3])
        return row[3]

    assert flags() == "[WPA2-PSK-CCMP][WPS][ESS]"
    scene.monitor.wait_event("WPS-AP-AVAILABLE ")
    scene.hostapd.press_button()
    assert flags() == "[WPA2-PSK-CCMP][WPS-PBC][ESS]"
    scene.monitor.wait_event("WPS-AP-AVAILABLE-PBC ")
    scene.hostapd.control.expect_ok("WPS_CANCEL")
    scene.hostapd.control.expect_ok("WPS_PIN any 55554444")
    assert flags() in ("[WPA2-PSK-CCMP][WPS-PIN][ESS]", "[WPA2-PSK-CCMP][WPS-AUTH][ESS]")


# ---- credentials for others


def test_credentials_for_another_program() -> None:
    with scene_of(config=f'{CONFIG}cred_processing = "external"\n') as scene:
        scene.hostapd.press_button()
        assert cli("wpa_cli wps_pbc") == "OK"
        event = scene.monitor.wait_event("WPS-CRED-RECEIVED", 120.0).text
        credential = bytes.fromhex(event.split()[1])
        example = bytes.fromhex(HEXDUMP)
        assert credential[:4] == example[:2] + (len(credential) - 4).to_bytes(2)
        assert b"reference" in credential and b"a secret passphrase" in credential
        assert not cli("wpa_cli list_networks").splitlines()[1:]


# ---- what has no parts yet: the External Registrar, NFC


def test_the_external_registrars_own_process_says_that_there_is_none_yet() -> None:
    folder = new_folder("er")
    (folder / "er.conf").write_text(
        "ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=root\ndevice_name=WPS External Registrar\n"
    )
    command = f"{Agent._command()[0]} supplicant -Dnone -c er.conf -ieth0"
    done = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode not in (0, None)
    assert "External Registrar" in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "line",
    [
        "wps_er_start",
        "wps_er_start 192.0.2.1",
        "wps_er_stop",
        "wps_er_learn 87654321-9abc-def0-1234-56789abc0002 12345670",
        "wps_er_set_config 87654321-9abc-def0-1234-56789abc0002 0",
        "wps_er_config 87654321-9abc-def0-1234-56789abc0002 12345670 testing WPA2PSK CCMP 12345678",
        'wps_er_config 87654321-9abc-def0-1234-56789abc0002 12345670 clear OPEN NONE ""',
        "wps_er_pbc 2b7093f1-d6fb-5108-adbb-bea66bb87333",
        "wps_er_pin any 12345670",
        "wps_er_nfc_config_token NDEF 02:11:22:33:44:55",
        "wps_nfc",
        "wps_nfc 02:34:56:78:9a:bc",
        "wps_nfc_token NDEF",
        "wps_nfc_config_token WPS",
        "wps_nfc_config_token NDEF 0",
        f"wps_nfc_tag_read {HEXDUMP}",
        "wps_reg 02:34:56:78:9a:bc nfc-pw",
        "nfc_get_handover_req NDEF WPS-CR",
        "nfc_get_handover_sel NDEF WPS",
        "nfc_report_handover INIT WPS 00 00",
    ],
)
def test_lines_without_parts_yet_fail(scene: Scene, line: str) -> None:
    assert cli(f"wpa_cli {line}") == "FAIL"
    del scene
