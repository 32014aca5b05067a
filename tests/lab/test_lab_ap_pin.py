# SPDX-License-Identifier: BSD-3-Clause
"""The AP PIN: Debian's wpa_supplicant as registrar reads our access point's settings, and gives it others."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant, new_folder, wait_until

LAB = {"radios": 2, "time_travel": True, "time_limit": 240.0}

PASSPHRASE = "correct horse battery"
NEW_PASSPHRASE = "staple of a horse"
PIN = "12345670"
AP_ADDRESS, STATION_ADDRESS = "10.7.0.1", "10.7.0.2"


def config(folder: Path, further: str = "") -> str:
    return f"""
[agent]
node = "lab"
log_level = "debug"
state_directory = "{folder}"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1
ap_pin = "{PIN}"
cred_processing = "both"
{further}

[mqtt]
host = "127.0.0.1"
"""


@dataclass
class Scene:
    folder: Path
    station: WpaSupplicant
    namespace: NetNamespace
    recorder: MqttRecorder

    def agent(self, further: str = "") -> Agent:
        """An agent that finds in its state directory what the one before it left."""
        return Agent(config(self.folder, further))

    def register(self, pin: str, *settings: str) -> None:
        """wps_reg: read the settings of the access point, or give it others."""
        self.station.control.expect_ok(" ".join(("WPS_REG", interface_address("wlan0"), pin, *settings)))

    def assert_pings(self) -> None:
        self.station.wait_connected(60.0)
        set_address("wlan0", f"{AP_ADDRESS}/24")
        self.namespace.set_address("wlan1", f"{STATION_ADDRESS}/24")
        assert self.namespace.can_ping(AP_ADDRESS, count=2)

    def assert_ssid(self, ssid: str) -> None:
        wait_until(lambda: self.station.status().get("ssid") == ssid, 60.0, lambda: str(self.station.status()))


@pytest.fixture(scope="module")
def lab() -> Iterator[tuple[NetNamespace, WpaSupplicant, MqttRecorder]]:
    with Mosquitto(1883), MqttRecorder(1883, "wps-agent/#") as recorder, NetNamespace("station") as namespace:
        namespace.take_radio("wlan1")
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            yield namespace, station, recorder


@pytest.fixture
def scene(lab: tuple[NetNamespace, WpaSupplicant, MqttRecorder]) -> Iterator[Scene]:
    namespace, station, recorder = lab
    yield Scene(new_folder("state"), station, namespace, recorder)
    control = station.control
    control.expect_ok("WPS_CANCEL")
    control.expect_ok("REMOVE_NETWORK all")
    control.expect_ok("SAVE_CONFIG")
    control.expect_ok("BSS_FLUSH 0")
    wait_until(lambda: not station.is_connected, 10.0, "the station does not leave")
    control.forget_events()


def hexadecimal(text: str) -> str:
    return text.encode().hex()


def test_a_registrar_that_knows_the_pin_reads_the_settings_and_joins(scene: Scene) -> None:
    with scene.agent() as agent:
        agent.control.read_events()
        scene.register(PIN)
        scene.assert_pings()
        assert f'psk="{PASSPHRASE}"' in scene.station.saved_config
        assert agent.control.wait_event("WPS-FAIL").text == "WPS-FAIL msg=11 config_error=0"
        assert not agent.control.has_event("WPS-AP-SETUP-LOCKED")
        scene.recorder.wait_message("wps-agent/lab/event", '"network_read"')


def test_a_registrar_gives_new_settings_which_the_station_joins_and_a_restart_keeps(scene: Scene) -> None:
    with scene.agent() as agent:
        agent.control.read_events()
        scene.register(PIN, hexadecimal("another name"), "WPA2PSK", "CCMP", hexadecimal(NEW_PASSPHRASE))
        told = agent.control.wait_event("WPS-NEW-AP-SETTINGS ", 30.0).text
        assert hexadecimal("another name") in told
        assert hexadecimal(NEW_PASSPHRASE) in told
        agent.control.wait_event("WPS-SUCCESS ", 10.0)
        agent.control.wait_event("AP-ENABLED", 10.0)
        scene.assert_ssid("another name")
        scene.assert_pings()
        status = json.loads(agent.command("status", "--json").stdout)
        assert status["access_points"][0]["ssid"] == "another name"
        assert NEW_PASSPHRASE not in agent.log
        assert hexadecimal(NEW_PASSPHRASE) not in agent.log
    overlay = scene.folder / "wlan0.access-point.json"
    assert overlay.stat().st_mode & 0o777 == 0o600
    scene.station.control.forget_events()
    with scene.agent():
        scene.assert_ssid("another name")
        scene.assert_pings()
    with scene.agent("dtim_period = 3"):  # a change elsewhere is none of the network
        scene.assert_ssid("another name")
        assert overlay.exists()
    told = "".join(message.payload for message in scene.recorder.messages)
    assert NEW_PASSPHRASE not in told
    assert hexadecimal(NEW_PASSPHRASE) not in told


def test_whoever_edits_the_network_in_the_configuration_gets_what_he_wrote(scene: Scene) -> None:
    with scene.agent() as agent:
        scene.register(PIN, hexadecimal("another name"), "WPA2PSK", "CCMP", hexadecimal(NEW_PASSPHRASE))
        agent.control.wait_event("AP-ENABLED", 30.0)
    text = config(scene.folder).replace("wps-agent lab", "written by hand")
    with Agent(text) as agent:
        assert agent.control.values("STATUS")["ssid[0]"] == "written by hand"
        agent.wait_log("they are dropped, the configuration counts")
    assert not (scene.folder / "wlan0.access-point.json").exists()


def test_learn_only_tells_the_settings_and_refuses_others(scene: Scene) -> None:
    with scene.agent('setup_locked = "learn_only"') as agent:
        agent.control.read_events()
        scene.register(PIN, hexadecimal("another name"), "WPA2PSK", "CCMP", hexadecimal(NEW_PASSPHRASE))
        assert agent.control.wait_event("WPS-FAIL", 30.0).text == "WPS-FAIL msg=12 config_error=15"
        assert agent.control.values("STATUS")["ssid[0]"] == "wps-agent lab"
        scene.station.control.expect_ok("WPS_CANCEL")
        scene.register(PIN)
        scene.assert_pings()


def test_without_an_ap_pin_nobody_reads_anything_until_one_is_made(scene: Scene) -> None:
    text = config(scene.folder).replace(f'ap_pin = "{PIN}"\n', "")
    with Agent(text) as agent:
        agent.control.read_events()
        scene.register(PIN)
        assert scene.station.control.wait_event("WPS-FAIL", 30.0).text.endswith("config_error=15")
        scene.station.control.expect_ok("WPS_CANCEL")
        pin = agent.control.request("WPS_AP_PIN random 30")
        assert agent.control.request("WPS_AP_PIN get") == pin
        scene.register(pin)
        scene.assert_pings()
        agent.control.wait_event("WPS-AP-PIN-DISABLED ", 60.0)
        assert agent.control.request("WPS_AP_PIN get") == "FAIL"


def test_a_file_system_that_cannot_be_written_costs_the_memory_and_nothing_else(scene: Scene) -> None:
    (scene.folder / "wlan0.access-point.json").mkdir()
    with scene.agent() as agent:
        agent.control.read_events()
        scene.register(PIN, hexadecimal("another name"), "WPA2PSK", "CCMP", hexadecimal(NEW_PASSPHRASE))
        scene.assert_ssid("another name")
        scene.assert_pings()
        scene.recorder.wait_message("wps-agent/lab/event", '"settings_not_saved"')


def test_wps_config_is_as_if_a_registrar_had_given_it(scene: Scene) -> None:
    with scene.agent() as agent:
        agent.control.read_events()
        command = f"WPS_CONFIG {hexadecimal('third name')} WPA2PSK CCMP {hexadecimal(NEW_PASSPHRASE)}"
        agent.control.expect_ok(command)
        agent.control.wait_event("WPS-NEW-AP-SETTINGS ", 10.0)
        agent.control.wait_event("AP-ENABLED", 10.0)
        assert agent.control.values("STATUS")["ssid[0]"] == "third name"
