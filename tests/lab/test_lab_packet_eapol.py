# SPDX-License-Identifier: BSD-3-Clause
"""Both roles as on a chip without nl80211's control port (FullMAC): EAPOL over packet sockets, forced.

The rest of a FullMAC chip cannot be had here: mac80211_hwsim is SoftMAC.  Its dialogue is tested against a fake,
tests/unit/fullmac_chip.py; here are the packet sockets themselves, with real peers on the other side.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.our_station import CONFIG
from tests.lab.peers import Agent, Hostapd, WpaSupplicant, wait_until
from tests.lab.test_lab_station import Scene, scene_of

LAB = {"radios": 2, "time_travel": True, "time_limit": 300.0}

STATION_CONFIG = f'{CONFIG}eapol = "packet"\n'
PIN = "12345670"
PASSPHRASE = "correct horse battery"

AP_CONFIG = f"""
[agent]
node = "lab"
log_level = "debug"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1
eapol = "packet"
group_rekey_s = 20.0
"""


# ---- the station


@contextmanager
def joined(hostapd: str = "") -> Iterator[Scene]:
    with scene_of(STATION_CONFIG, hostapd) as scene:
        scene.hostapd.press_button()
        scene.agent.control.expect_ok("WPS_PBC")
        scene.assert_online()
        scene.agent.control.forget_events()
        yield scene


def test_a_station_by_pin() -> None:
    with scene_of(STATION_CONFIG) as scene:
        scene.secrets.add(PIN)
        scene.hostapd.control.expect_ok(f"WPS_PIN any {PIN}")
        scene.agent.control.request(f"WPS_PIN any {PIN}")
        scene.assert_online()
        scene.assert_remembered()


def test_a_station_gets_new_group_keys_and_stays() -> None:
    with joined("wpa_group_rekey=10") as scene:
        wait_until(lambda: scene.hostapd.log.count("group key handshake completed") >= 2, 60.0, "no new group keys")
        assert not scene.agent.control.has_event("CTRL-EVENT-DISCONNECTED")
        assert scene.namespace.can_ping("10.8.0.2")


def test_a_station_comes_back_with_the_key_it_has() -> None:
    with joined() as scene:
        scene.hostapd.kill()
        scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 60.0)
        with Hostapd("wlan1", namespace=scene.namespace):
            scene.assert_online()


# ---- the access point


@pytest.fixture
def network() -> Iterator[tuple[Agent, WpaSupplicant, NetNamespace]]:
    with NetNamespace("station") as namespace:
        namespace.take_radio("wlan1")
        with Agent(AP_CONFIG) as agent, WpaSupplicant("wlan1", namespace=namespace) as station:
            agent.control.read_events()
            yield agent, station, namespace


def assert_online(station: WpaSupplicant, namespace: NetNamespace) -> None:
    station.wait_connected(60.0)
    assert station.status()["bssid"] == interface_address("wlan0")
    set_address("wlan0", "10.9.0.1/24")
    namespace.set_address("wlan1", "10.9.0.2/24")
    wait_until(lambda: namespace.can_ping("10.9.0.1"), 10.0, "no ping goes through")


def test_an_access_point_by_push_button_and_then_with_the_key(
    network: tuple[Agent, WpaSupplicant, NetNamespace],
) -> None:
    agent, station, namespace = network
    agent.control.expect_ok("WPS_PBC")
    station.press_button()
    assert_online(station, namespace)
    assert f'psk="{PASSPHRASE}"' in station.saved_config
    station.control.forget_events()
    station.control.expect_ok("REASSOCIATE")
    assert_online(station, namespace)


def test_an_access_point_by_pin(network: tuple[Agent, WpaSupplicant, NetNamespace]) -> None:
    agent, station, namespace = network
    station.control.request(f"WPS_PIN any {PIN}")
    assert agent.command("pin", PIN).returncode == 0
    assert_online(station, namespace)


def test_an_access_point_gives_new_group_keys(network: tuple[Agent, WpaSupplicant, NetNamespace]) -> None:
    agent, station, namespace = network
    agent.control.expect_ok("WPS_PBC")
    station.press_button()
    assert_online(station, namespace)
    station.control.forget_events()
    station.wait_log("Group rekeying completed", 60.0)
    assert not station.control.has_event("CTRL-EVENT-DISCONNECTED")
    assert namespace.can_ping("10.9.0.1")
