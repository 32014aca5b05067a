# SPDX-License-Identifier: BSD-3-Clause
"""wpa_supplicant's access point mode: a station is an access point for a while, with WPS, and then one again."""

from collections.abc import Iterator

import pytest
from tests.lab.network import NetNamespace, interface_address
from tests.lab.our_station import CONFIG, NETWORKS, SOCKETS, STATION
from tests.lab.peers import Agent, ControlInterface, Hostapd, WpaSupplicant, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 300.0}

GUEST, UPSTREAM = "wlan1", "wlan2"
PASSPHRASE = "the guests of tonight"

KNOWN = 'update_config=1\nnetwork={\n\tssid="reference"\n\tpsk="a secret passphrase"\n}\n'


@pytest.fixture(scope="module")
def hostapd() -> Iterator[Hostapd]:
    with NetNamespace("upstream") as namespace:
        namespace.take_radio(UPSTREAM)
        with Hostapd(UPSTREAM, namespace=namespace) as peer:
            yield peer


@pytest.fixture
def control(hostapd: Hostapd) -> Iterator[ControlInterface]:
    """Of our station, which is in the network of hostapd."""
    NETWORKS.write_text(KNOWN)
    with Agent(CONFIG):
        control = ControlInterface(SOCKETS / STATION)
        wait_until(lambda: control.values("STATUS")["wpa_state"] == "COMPLETED", 60.0, "it does not join", 0.2)
        yield control
        control.close()


def select_access_point(control: ControlInterface, *variables: str) -> str:
    """Its number, once it beacons."""
    number = control.request("ADD_NETWORK")
    for variable in ('ssid "party"', "mode 2", "frequency 2437", *variables):
        control.expect_ok(f"SET_NETWORK {number} {variable}")
    control.expect_ok(f"SELECT_NETWORK {number}")
    control.wait_event("AP-ENABLED", 20.0)
    return number


PROTECTED = ("key_mgmt WPA-PSK", "proto RSN", "pairwise CCMP", f'psk "{PASSPHRASE}"')


def assert_back_upstream(control: ControlInterface) -> None:
    wait_until(lambda: control.values("STATUS").get("mode") == "station", 60.0, lambda: control.request("STATUS"), 0.2)
    wait_until(lambda: control.values("STATUS")["wpa_state"] == "COMPLETED", 60.0, "it does not come back", 0.2)
    assert control.values("STATUS")["ssid"] == "reference"


def test_a_guest_joins_by_push_button_and_the_station_comes_back(control: ControlInterface) -> None:
    number = select_access_point(control, *PROTECTED)
    connected = control.wait_event("CTRL-EVENT-CONNECTED - Connection to")
    own = interface_address(STATION)
    assert connected.text == f"CTRL-EVENT-CONNECTED - Connection to {own} completed [id={number} id_str=]"
    lines = control.request("STATUS-WPS").splitlines()
    assert [line.partition("=")[0] for line in lines] == [
        *("bssid", "freq", "ssid", "id", "passphrase", "mode", "pairwise_cipher", "group_cipher", "key_mgmt"),
        *("wpa_state", "address", "uuid"),
    ]
    assert {f"bssid={own}", "freq=2437", "ssid=party", "mode=AP", "wpa_state=COMPLETED"} <= set(lines)
    assert "passphrase" not in control.request("STATUS")
    assert "[CURRENT]" in control.request("LIST_NETWORKS")
    assert control.request("WPS_REG 02:00:00:00:02:00 12345670") == "FAIL"
    with WpaSupplicant(GUEST) as guest:
        control.expect_ok("WPS_PBC")
        control.wait_event("WPS-PBC-ACTIVE")
        guest.press_button()
        guest.wait_connected(60.0)
        assert f'psk="{PASSPHRASE}"' in guest.saved_config
        address = interface_address(GUEST)
        assert control.request("STA-FIRST").splitlines()[0] == address
        assert control.request(f"STA {address}").splitlines()[0] == address
        control.expect_ok(f"DEAUTHENTICATE {address}")
        guest.control.wait_event("CTRL-EVENT-DISCONNECTED", 20.0)
    control.expect_ok("ENABLE_NETWORK 0")
    control.expect_ok(f"REMOVE_NETWORK {number}")
    control.wait_event("AP-DISABLED", 20.0)
    assert_back_upstream(control)
    assert control.request("WPS_AP_PIN get") == "FAIL"


def test_a_guest_joins_by_pin(control: ControlInterface) -> None:
    select_access_point(control, *PROTECTED)
    pin = control.request("WPS_PIN any")
    assert len(pin) == 8
    with WpaSupplicant(GUEST) as guest:
        assert guest.control.request(f"WPS_PIN any {pin}") == pin
        guest.wait_connected(60.0)
    control.expect_ok("WPS_CANCEL")
    control.expect_ok("SELECT_NETWORK 0")
    assert_back_upstream(control)


def test_an_open_access_point_that_is_left_by_disconnect(control: ControlInterface) -> None:
    select_access_point(control, "key_mgmt NONE")
    assert control.values("STATUS")["key_mgmt"] == "NONE"
    control.expect_ok("DISCONNECT")
    control.wait_event("AP-DISABLED", 20.0)
    control.wait_event("CTRL-EVENT-DISCONNECTED", 20.0)
    wait_until(lambda: "mode" not in control.values("STATUS"), 20.0, lambda: control.request("STATUS"), 0.2)
    wait_until(lambda: control.values("STATUS")["wpa_state"] == "DISCONNECTED", 20.0, "it does not stay away", 0.2)


def test_three_wrong_ap_pins_take_the_pin_away(control: ControlInterface) -> None:
    select_access_point(control, *PROTECTED)
    pin = control.request("WPS_AP_PIN random")
    assert control.request("WPS_AP_PIN get") == pin
    wrong = "12345670" if pin[:4] != "1234" else "43215676"
    own = interface_address(STATION)
    with WpaSupplicant(GUEST) as guest:
        for _ in range(3):
            guest.control.forget_events()
            guest.control.expect_ok(f"WPS_REG {own} {wrong}")
            guest.control.wait_event("WPS-FAIL msg=", 60.0)
        control.wait_event("WPS-AP-PIN-DISABLED", 20.0)
        assert control.request("WPS_AP_PIN get") == "FAIL"
        assert control.request("WPS_AP_PIN set 12345670 60") == "12345670"
        guest.control.expect_ok(f"WPS_REG {own} 12345670")
        guest.wait_connected(60.0)
        assert f'psk="{PASSPHRASE}"' in guest.saved_config


def test_what_cannot_be_an_access_point_is_refused_and_the_station_stays(control: ControlInterface) -> None:
    number = control.request("ADD_NETWORK")
    control.expect_ok(f"SET_NETWORK {number} mode 2")
    assert control.request(f"SELECT_NETWORK {number}") == "FAIL"
    control.expect_ok(f'SET_NETWORK {number} ssid "party"')
    assert control.request(f"SELECT_NETWORK {number}") == "FAIL"
    control.expect_ok(f"SET_NETWORK {number} key_mgmt NONE")
    control.expect_ok(f"SET_NETWORK {number} frequency 2413")
    assert control.request(f"SELECT_NETWORK {number}") == "FAIL"
    assert control.values("STATUS")["wpa_state"] == "COMPLETED"
