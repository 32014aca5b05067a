# SPDX-License-Identifier: BSD-3-Clause
"""Protected management frames: the agent as a station against Debian's hostapd, and somebody who forges frames."""

import itertools
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from tests.lab.attacker import Attacker, Target
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.our_station import CONFIG, NETWORKS, STATION
from tests.lab.peers import Agent, Hostapd, wait_until

from wpsagent.dot11.frames import Deauthentication, Disassociation, ReasonCode
from wpsagent.octets import BROADCAST, MacAddress, Ssid

LAB = {"radios": 3, "time_travel": True, "time_limit": 300.0}

AP, ATTACKER = "wlan1", "wlan2"
STATION_ADDRESS, AP_ADDRESS = "10.8.0.2", "10.8.0.1"
PASSPHRASE = "a secret passphrase"
BLOCK = f'network={{\n\tssid="reference"\n\tpsk="{PASSPHRASE}"\n\tkey_mgmt=WPA-PSK\n%s}}\n'
PSK, PSK_SHA256 = "00-0f-ac-2", "00-0f-ac-6"
BOTH = "WPA-PSK WPA-PSK-SHA256"


@dataclass
class Scene:
    """A station of ours in the initial namespace, with the attacker; an access point of Debian's in one of its own."""

    agent: Agent
    hostapd: Hostapd
    namespace: NetNamespace
    bssid: MacAddress
    own_address: MacAddress = field(default_factory=lambda: MacAddress.parse(interface_address(STATION)))

    def wait_connected(self, timeout: float = 60.0) -> None:
        self.agent.control.wait_event("CTRL-EVENT-CONNECTED", timeout)
        self.namespace.set_address(AP, f"{AP_ADDRESS}/24")
        set_address(STATION, f"{STATION_ADDRESS}/24")
        wait_until(self.can_ping, 10.0, "no ping goes through")

    def can_ping(self) -> bool:
        return self.namespace.can_ping(STATION_ADDRESS)

    def of_hostapd(self) -> dict[str, str]:
        """What the access point knows of us."""
        return self.hostapd.control.values(f"STA {self.own_address}")

    def assert_protected(self, akm: str, *, is_protected: bool = True) -> None:
        known = self.of_hostapd()
        assert ("[MFP]" in known["flags"]) is is_protected
        assert known["AKMSuiteSelector"] == akm

    def renew_group_keys(self, times: int) -> None:
        """times: how often that has happened then."""
        self.hostapd.control.expect_ok("REKEY_GTK")
        done = "group key handshake completed (RSN)"
        wait_until(lambda: self.hostapd.log.count(done) == times, 10.0, "no new group key")

    def forger(self, *frames: bytes) -> Attacker:
        """Sends these frames again and again."""
        target = Target(self.bssid, Ssid(b"reference"))
        return Attacker(ATTACKER, target, [lambda _target, _dice: itertools.cycle(frames)])

    def farewells(self, reason: ReasonCode) -> list[bytes]:
        """Deauthentications and disassociations in the name of the access point, to us and to everybody."""
        kinds = (Deauthentication, Disassociation)
        destinations = (self.own_address, BROADCAST)
        return [kind(to, self.bssid, self.bssid, reason).encode() for kind in kinds for to in destinations]


@contextmanager
def scene_of(hostapd: str, block: str = "", *, station: str = "") -> Iterator[Scene]:
    """station: further lines of its [[station]]."""
    NETWORKS.write_text(BLOCK % block)
    NETWORKS.chmod(0o600)
    with NetNamespace("upstream") as namespace:
        namespace.take_radio(AP)
        bssid = MacAddress.parse(namespace.interface_address(AP))
        with Hostapd(AP, config=hostapd, namespace=namespace) as peer, Agent(CONFIG + station) as agent:
            agent.control.read_events()
            yield Scene(agent, peer, namespace, bssid)
            assert PASSPHRASE not in agent.log


# ---- what is agreed on


@pytest.mark.parametrize(
    ("mode", "key_mgmt", "akm"),
    [
        (1, "WPA-PSK", PSK),
        (2, "WPA-PSK", PSK),
        (1, "WPA-PSK-SHA256", PSK_SHA256),
        (2, "WPA-PSK-SHA256", PSK_SHA256),
        (1, BOTH, PSK_SHA256),
        (2, BOTH, PSK_SHA256),
    ],
)
def test_frames_are_protected_where_the_access_point_can(mode: int, key_mgmt: str, akm: str) -> None:
    with scene_of(f"ieee80211w={mode}\nwpa_key_mgmt={key_mgmt}") as scene:
        scene.wait_connected()
        scene.assert_protected(akm)
        status = scene.agent.control.values("STATUS")
        assert status["key_mgmt"] == ("WPA2-PSK-SHA256" if akm == PSK_SHA256 else "WPA2-PSK")
        assert (status["pmf"], status["mgmt_group_cipher"]) == ("1", "BIP")


@pytest.mark.parametrize(("mode", "own", "is_protected"), [(0, "1", False), (1, "0", False), (1, "2", True)])
def test_the_network_block_has_its_say(mode: int, own: str, is_protected: bool) -> None:
    with scene_of(f"ieee80211w={mode}", f"\tieee80211w={own}\n") as scene:
        scene.wait_connected()
        scene.assert_protected(PSK, is_protected=is_protected)


@pytest.mark.parametrize(("pmf", "is_protected"), [("off", False), ("required", True)])
def test_the_configuration_says_what_holds_for_networks_that_do_not(pmf: str, is_protected: bool) -> None:
    with scene_of("ieee80211w=1", station=f'pmf = "{pmf}"\n') as scene:
        scene.wait_connected()
        scene.assert_protected(PSK, is_protected=is_protected)


@pytest.mark.parametrize(
    ("mode", "own", "more"),
    [(0, "2", ""), (2, "0", ""), (2, "1", "group_mgmt_cipher=BIP-GMAC-256")],
    ids=["never there", "never here", "a cipher we have not"],
)
def test_who_cannot_agree_does_not_associate(mode: int, own: str, more: str) -> None:
    with scene_of(f"ieee80211w={mode}\n{more}", f"\tieee80211w={own}\n") as scene:
        scene.agent.control.wait_event("CTRL-EVENT-NETWORK-NOT-FOUND", 60.0)
        assert not scene.agent.control.has_event("CTRL-EVENT-CONNECTED")


@pytest.mark.parametrize("mode", [1, 2])
def test_push_button_leads_to_protected_frames(mode: int) -> None:
    with scene_of(f"ieee80211w={mode}\nwpa_key_mgmt={BOTH}", "\tdisabled=1\n") as scene:
        scene.hostapd.press_button()
        scene.agent.control.expect_ok("WPS_PBC")
        scene.agent.control.wait_event("WPS-SUCCESS", 60.0)
        scene.wait_connected()
        scene.assert_protected(PSK_SHA256)


def test_a_mixed_access_point_s_tkip_group_goes_with_protected_frames() -> None:
    with scene_of("ieee80211w=1\nwpa=3\nwpa_pairwise=TKIP\nrsn_pairwise=CCMP") as scene:
        scene.wait_connected()
        scene.assert_protected(PSK)
        assert scene.agent.control.values("STATUS")["group_cipher"] == "TKIP"


# ---- while it lasts


def test_group_keys_are_renewed_and_with_them_the_access_point_may_send_everybody_away() -> None:
    with scene_of("ieee80211w=2") as scene:
        scene.wait_connected()
        scene.renew_group_keys(1)
        scene.renew_group_keys(2)
        assert scene.can_ping()
        scene.hostapd.control.expect_ok("DEAUTHENTICATE ff:ff:ff:ff:ff:ff")
        scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 5.0)
        scene.wait_connected()


@pytest.mark.parametrize("reason", [ReasonCode.LEAVING_NETWORK_DEAUTH, ReasonCode.INVALID_CLASS3_FRAME])
def test_forged_farewells_do_not_take_a_protected_station_off(reason: ReasonCode) -> None:
    with scene_of("ieee80211w=1") as scene:
        scene.wait_connected()
        with scene.forger(*scene.farewells(reason)) as forger:
            wait_until(lambda: forger.sent > 100, 30.0, "nothing is forged")
            assert not [e for e in scene.agent.control.watch(15.0) if e.text.startswith("CTRL-EVENT-DISCONNECTED")]
            assert scene.can_ping()
        assert int(scene.of_hostapd()["connected_time"]) >= 15


def test_forged_farewells_do_take_an_unprotected_station_off() -> None:
    with scene_of("ieee80211w=0") as scene:
        scene.wait_connected()
        with scene.forger(*scene.farewells(ReasonCode.INVALID_CLASS3_FRAME)):
            scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 10.0)


def test_an_access_point_that_has_forgotten_us_is_found_out_and_joined_anew() -> None:
    with scene_of("ieee80211w=2") as scene:
        scene.wait_connected()
        scene.agent.control.forget_events()
        scene.hostapd.control.expect_ok(f"DEAUTHENTICATE {scene.own_address} tx=0")
        scene.agent.control.watch(1.0)
        assert not scene.agent.control.has_event("CTRL-EVENT-DISCONNECTED")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as anything:
            # Data of a station that is unknown there: it is told so, unprotected, and asks.
            anything.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
            anything.bind((STATION_ADDRESS, 0))
            anything.sendto(b"hello", ("10.8.0.255", 9))
            told = scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 5.0)
        assert told.text.endswith("reason=2 locally_generated=1")
        scene.wait_connected()
        scene.assert_protected(PSK)
