# SPDX-License-Identifier: BSD-3-Clause
"""What an access point of ours hands out beyond its passphrase: settings that it makes up for itself when it is not
configured, keys of single devices, further Credentials.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.peers import Agent, WpaSupplicant, new_folder, wait_until

from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.credential import Credential, encode_credentials
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

LAB = {"radios": 2, "time_travel": True, "time_limit": 240.0}

PASSPHRASE = "correct horse battery"
AP_ADDRESS, STATION_ADDRESS = "10.8.0.1", "10.8.0.2"
PROTECTED = f'passphrase = "{PASSPHRASE}"'
UNCONFIGURED = 'security = "open"\nwps_state = "unconfigured"'


@dataclass
class Scene:
    folder: Path
    station: WpaSupplicant
    namespace: NetNamespace

    def agent(self, *lines: str) -> Agent:
        text = "\n".join(lines)
        return Agent(
            f'[agent]\nnode = "lab"\nlog_level = "debug"\nstate_directory = "{self.folder}"\n'
            f'[[access_point]]\ninterface = "wlan0"\nssid = "wps-agent lab"\nchannel = 1\n{text}\n'
        )

    def press_buttons(self, agent: Agent) -> None:
        agent.control.read_events()
        agent.control.expect_ok("WPS_PBC")
        self.station.press_button()

    def assert_pings(self) -> None:
        def is_protected() -> bool:
            status = self.station.status()
            return status.get("wpa_state") == "COMPLETED" and status.get("key_mgmt") == "WPA2-PSK"

        wait_until(is_protected, 90.0, lambda: str(self.station.status()))
        set_address("wlan0", f"{AP_ADDRESS}/24")
        self.namespace.set_address("wlan1", f"{STATION_ADDRESS}/24")
        assert self.namespace.can_ping(AP_ADDRESS, count=2)

    def saved(self, name: str) -> list[str]:
        """The values of one variable in the station's networks."""
        lines = (line.strip() for line in self.station.saved_config.splitlines())
        return [line.partition("=")[2].strip('"') for line in lines if line.startswith(f"{name}=")]


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[NetNamespace, WpaSupplicant]]:
    with NetNamespace("station") as namespace:
        namespace.take_radio("wlan1")
        with WpaSupplicant("wlan1", config="config_methods=display keypad", namespace=namespace) as station:
            yield namespace, station


@pytest.fixture
def scene(lab: tuple[NetNamespace, WpaSupplicant]) -> Iterator[Scene]:
    namespace, station = lab
    yield Scene(new_folder("state"), station, namespace)
    control = station.control
    control.expect_ok("WPS_CANCEL")
    control.expect_ok("REMOVE_NETWORK all")
    control.expect_ok("SAVE_CONFIG")
    control.expect_ok("BSS_FLUSH 0")
    wait_until(lambda: not station.is_connected, 10.0, "the station does not leave")
    control.forget_events()


def test_an_unconfigured_access_point_makes_itself_wpa2_with_its_first_device_and_stays_so(scene: Scene) -> None:
    with scene.agent(UNCONFIGURED, 'cred_processing = "both"') as agent:
        assert "wps_state=not configured" in agent.control.request("IFNAME=wlan0 GET_CONFIG")
        scene.press_buttons(agent)
        told = agent.control.wait_event("WPS-NEW-AP-SETTINGS ", 60.0).text
        scene.assert_pings()
        (passphrase,) = scene.saved("psk")
        assert len(passphrase) == 22
        assert passphrase.encode().hex() in told
        assert "wps_state=configured" in agent.control.request("IFNAME=wlan0 GET_CONFIG")
        assert passphrase not in agent.log
    assert json.loads((scene.folder / "wlan0.access-point.json").read_text())["passphrase"] == passphrase
    scene.station.control.forget_events()
    with scene.agent(UNCONFIGURED):
        scene.station.wait_connected(60.0)
        scene.assert_pings()


def test_an_unconfigured_access_point_lets_everybody_in_until_then(scene: Scene) -> None:
    """It is open: those who are on it are sent away when it becomes WPA2."""
    with scene.agent(UNCONFIGURED) as agent:
        control = scene.station.control
        assert control.request("ADD_NETWORK") == "0"
        control.expect_ok('SET_NETWORK 0 ssid "wps-agent lab"')
        control.expect_ok("SET_NETWORK 0 key_mgmt NONE")
        control.expect_ok("SELECT_NETWORK 0")
        scene.station.wait_connected(60.0)
        scene.press_buttons(agent)
        agent.control.wait_event("AP-STA-DISCONNECTED", 60.0)
        scene.assert_pings()


def test_every_device_gets_a_key_of_its_own_which_a_restart_keeps(scene: Scene) -> None:
    keys = scene.folder / "keys"
    lines = (PROTECTED, f'psk_file = "{keys}"', "force_per_enrollee_psk = true")
    with scene.agent(*lines) as agent:
        scene.press_buttons(agent)
        scene.assert_pings()
        (psk,) = scene.saved("psk")
        assert len(psk) == 64
        address = scene.station.status()["address"]
        assert keys.read_text() == f"wps=1 {address} {psk}\n"
        assert keys.stat().st_mode & 0o777 == 0o600
        assert psk not in agent.log
    scene.station.control.forget_events()
    with scene.agent(*lines) as agent:
        scene.station.wait_connected(60.0)
        scene.assert_pings()
        scene.station.control.expect_ok("REMOVE_NETWORK all")
        scene.station.control.forget_events()
        scene.press_buttons(agent)  # who enrols again gets the key it had
        scene.assert_pings()
        assert scene.saved("psk") == [psk]
        assert keys.read_text() == f"wps=1 {address} {psk}\n"


def test_a_network_without_a_key_for_all_hands_out_one_for_each(scene: Scene) -> None:
    keys = scene.folder / "keys"
    with scene.agent(f'psk_file = "{keys}"', 'ap_pin = "12345670"') as agent:
        scene.press_buttons(agent)
        scene.assert_pings()
        (psk,) = scene.saved("psk")
        assert keys.read_text() == f"wps=1 {scene.station.status()['address']} {psk}\n"
        scene.station.control.expect_ok("REMOVE_NETWORK all")
        scene.station.control.forget_events()
        scene.station.control.expect_ok(f"WPS_REG {interface_address('wlan0')} 12345670")
        scene.station.wait_connected(60.0)  # a registrar reads the key that is its own
        scene.assert_pings()
        assert scene.saved("psk") == [psk]


def test_who_has_the_passphrase_joins_beside_devices_with_keys_of_their_own(scene: Scene) -> None:
    keys = scene.folder / "keys"
    keys.write_text("00:00:00:00:00:00 for anybody who asks\n02:00:00:00:77:00 somebody else's\n")
    with scene.agent(PROTECTED, f'psk_file = "{keys}"'):
        for passphrase in (PASSPHRASE, "for anybody who asks"):
            control = scene.station.control
            network = control.request("ADD_NETWORK")
            control.expect_ok(f'SET_NETWORK {network} ssid "wps-agent lab"')
            control.expect_ok(f'SET_NETWORK {network} psk "{passphrase}"')
            control.forget_events()
            control.expect_ok(f"SELECT_NETWORK {network}")
            scene.station.wait_connected(60.0)
            scene.assert_pings()


def test_further_credentials_go_out_with_the_network_s(scene: Scene) -> None:
    guests = Credential(
        Ssid(b"guests"),
        AuthenticationType.WPA2_PERSONAL,
        EncryptionType.AES,
        b"be our guest",
        MacAddress.parse("02:00:00:00:01:00"),
    )
    (scene.folder / "extra").write_bytes(encode_credentials([guests]))
    with scene.agent(PROTECTED, f'extra_credentials = "{scene.folder}/extra"') as agent:
        scene.press_buttons(agent)
        scene.assert_pings()
        assert sorted(scene.saved("ssid")) == ["guests", "wps-agent lab"]
        assert sorted(scene.saved("psk")) == ["be our guest", PASSPHRASE]


def test_a_credential_of_another_network_instead_of_ours(scene: Scene) -> None:
    guests = Credential(
        Ssid(b"guests"), AuthenticationType.OPEN, EncryptionType.NONE, b"", MacAddress.parse("02:00:00:00:01:00")
    )
    (scene.folder / "extra").write_bytes(encode_credentials([guests]))
    lines = (PROTECTED, f'extra_credentials = "{scene.folder}/extra"', "skip_credential_build = true")
    with scene.agent(*lines) as agent:
        scene.press_buttons(agent)
        agent.control.wait_event("WPS-REG-SUCCESS", 60.0)
        scene.station.control.wait_event("WPS-SUCCESS", 60.0)
        assert scene.saved("ssid") == ["guests"]


def test_what_another_program_is_to_take_over_changes_nothing_here(scene: Scene) -> None:
    with scene.agent(PROTECTED, 'cred_processing = "external"', 'ap_pin = "12345670"') as agent:
        agent.control.read_events()
        name, key = b"another name".hex(), b"staple of a horse".hex()
        scene.station.control.expect_ok(f"WPS_REG {interface_address('wlan0')} 12345670 {name} WPA2PSK CCMP {key}")
        told = agent.control.wait_event("WPS-NEW-AP-SETTINGS ", 60.0).text
        assert name in told
        assert key in told
        assert agent.control.values("STATUS")["ssid[0]"] == "wps-agent lab"
        assert not (scene.folder / "wlan0.access-point.json").exists()
