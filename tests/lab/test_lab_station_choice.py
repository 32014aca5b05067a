# SPDX-License-Identifier: BSD-3-Clause
"""A station of ours among several of Debian's hostapd: whom it chooses, whom it refuses, and how failures are told."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.lab.network import NetNamespace
from tests.lab.our_station import (
    CONFIG,
    NETWORKS,
    PIN,
    WRONG_FIRST_HALF,
    WRONG_SECOND_HALF,
    assert_not_logged,
    state_of,
)
from tests.lab.peers import Agent, Hostapd

LAB = {"radios": 3, "time_travel": True, "time_limit": 400.0}

PASSPHRASES = {"first": "passphrase of the first", "second": "passphrase of the second"}
INTERFACES = {"first": "wlan1", "second": "wlan2"}
UUID = "uuid=87654321-9abc-def0-1234-56789abc0000"
ANOTHER_CHANNEL = "channel=11"  # the lab has no regulatory database: nobody may send in the 5 GHz band
OVERLAP, WRONG_PIN, LOCKED = 4, 5, 6


@dataclass
class Scene:
    """A station of ours, and access points of Debian's in a namespace of their own, by their SSIDs."""

    agent: Agent
    access_points: dict[str, Hostapd]
    namespace: NetNamespace
    secrets: set[str] = field(default_factory=lambda: set(PASSPHRASES.values()))

    def press_all(self) -> None:
        for peer in self.access_points.values():
            peer.press_button()

    def bssid(self, ssid: str) -> str:
        return self.namespace.interface_address(INTERFACES[ssid])

    def wps(self) -> dict[str, Any]:
        """What AGENT_STATUS says of the last WPS run."""
        wps: dict[str, Any] = state_of(self.agent)["wps"]
        return wps

    def assert_connected(self, ssid: str, timeout: float = 60.0) -> None:
        self.agent.control.wait_event("CTRL-EVENT-CONNECTED", timeout)
        status = self.agent.control.values("STATUS")
        assert (status["wpa_state"], status["ssid"], status["bssid"]) == ("COMPLETED", ssid, self.bssid(ssid))
        assert f'psk="{PASSPHRASES[ssid]}"' in NETWORKS.read_text()

    def assert_nothing_learnt(self) -> None:
        assert not self.agent.control.has_event("CTRL-EVENT-CONNECTED")
        assert not self.agent.control.has_event("WPS-CRED-RECEIVED")
        assert not NETWORKS.exists()


@contextmanager
def scene_of(*, config: str = CONFIG, **options: str) -> Iterator[Scene]:
    """One access point for each keyword: its SSID, and lines of its configuration."""
    NETWORKS.unlink(missing_ok=True)
    with ExitStack() as stack:
        namespace = stack.enter_context(NetNamespace("upstream"))
        for interface in INTERFACES.values():
            namespace.take_radio(interface)
        peers = {}
        for ssid, lines in options.items():
            peer = Hostapd(INTERFACES[ssid], ssid=ssid, passphrase=PASSPHRASES[ssid], config=lines, namespace=namespace)
            peers[ssid] = stack.enter_context(peer)
        agent = stack.enter_context(Agent(config))
        agent.control.read_events()  # attached from here on
        scene = Scene(agent, peers, namespace)
        yield scene
        assert_not_logged(agent, scene.secrets)


# ---- push button, several access points


@pytest.mark.parametrize("scan", ["full", "fast"])
def test_two_access_points_with_their_buttons_pressed_are_an_overlap(scan: str) -> None:
    with scene_of(config=f'{CONFIG}pbc_scan = "{scan}"\n', first="", second="") as scene:
        scene.press_all()
        done = scene.agent.command("join", "--wait", timeout=60.0)
        assert done.returncode == OVERLAP
        assert "more than one" in done.stderr
        scene.agent.control.wait_event("WPS-OVERLAP-DETECTED", 1.0)
        assert (scene.wps()["result"], scene.wps()["cause"]) == ("overlap", "overlap")
        scene.assert_nothing_learnt()


def test_an_overlap_that_is_over_is_in_nobodys_way() -> None:
    with scene_of(first="", second="") as scene:
        scene.press_all()
        assert scene.agent.command("join", "--wait", timeout=60.0).returncode == OVERLAP
        scene.access_points["first"].control.expect_ok("WPS_CANCEL")
        assert scene.agent.command("join", "--wait", timeout=60.0).returncode == 0
        scene.assert_connected("second")


def test_a_bssid_says_which_of_two_is_meant() -> None:
    with scene_of(first="", second="") as scene:
        scene.press_all()
        done = scene.agent.command("join", "--bssid", scene.bssid("second"), "--wait", timeout=60.0)
        assert done.returncode == 0, done.stderr
        scene.assert_connected("second")
        assert not scene.agent.control.has_event("WPS-OVERLAP-DETECTED")


def test_two_radios_of_one_access_point_are_no_overlap() -> None:
    with scene_of(first=UUID, second=f"{UUID}\n{ANOTHER_CHANNEL}") as scene:
        scene.press_all()
        done = scene.agent.command("join", "--wait", timeout=60.0)
        assert done.returncode == 0, done.stderr
        assert scene.agent.control.values("STATUS")["ssid"] in PASSPHRASES
        flags = [row.split("\t")[3] for row in scene.agent.control.request("SCAN_RESULTS").splitlines()[1:]]
        assert ["[WPS-PBC]" in text for text in flags] == [True, True]
        assert not scene.agent.control.has_event("WPS-OVERLAP-DETECTED")


def test_one_more_radio_with_another_uuid_is_an_overlap_whatever_its_channel() -> None:
    with scene_of(first=UUID, second=ANOTHER_CHANNEL) as scene:
        scene.press_all()
        assert scene.agent.command("join", "--wait", timeout=60.0).returncode == OVERLAP
        scene.assert_nothing_learnt()


# ---- PINs, several access points


def test_the_access_point_that_knows_the_pin_is_found_among_several() -> None:
    with scene_of(first="", second=ANOTHER_CHANNEL) as scene:
        scene.access_points["second"].control.expect_ok(f"WPS_PIN any {PIN}")
        done = scene.agent.command("join", "--pin", PIN, "--wait", timeout=90.0)
        assert done.returncode == 0, done.stderr
        scene.assert_connected("second")
        assert not scene.agent.control.has_event("WPS-M2D")


@pytest.mark.parametrize("ssid", ["first", "second"])
def test_a_pin_entered_after_an_m2d_is_found_wherever_it_was_entered(ssid: str) -> None:
    with scene_of(first="", second="") as scene:
        pin = scene.agent.control.request("WPS_PIN any")
        scene.secrets.add(pin)
        scene.agent.control.wait_event("WPS-M2D", 60.0)
        assert scene.wps()["result"] == "active"
        scene.access_points[ssid].control.expect_ok(f"WPS_PIN any {pin}")
        scene.assert_connected(ssid, 100.0)
        assert scene.wps() == {"method": "pin", "result": "success", "cause": "none", "reason": None}


def test_a_given_access_point_that_says_m2d_is_asked_until_it_knows_the_pin() -> None:
    with scene_of(first="", second="") as scene:
        pin = scene.agent.control.request(f"WPS_PIN {scene.bssid('first')}")
        scene.secrets.add(pin)
        for _ in range(2):
            scene.agent.control.wait_event("WPS-M2D", 30.0)
        scene.access_points["second"].control.expect_ok(f"WPS_PIN any {pin}")
        scene.agent.control.wait_event("WPS-M2D", 30.0)
        scene.access_points["first"].control.expect_ok(f"WPS_PIN any {pin}")
        scene.assert_connected("first", 100.0)


@pytest.mark.parametrize(("wrong", "half"), [(WRONG_FIRST_HALF, "first"), (WRONG_SECOND_HALF, "second")])
def test_join_tells_which_half_of_a_pin_is_wrong(wrong: str, half: str) -> None:
    with scene_of(first="") as scene:
        scene.secrets |= {PIN, wrong}
        scene.access_points["first"].control.expect_ok(f"WPS_PIN any {PIN}")
        done = scene.agent.command("join", "--pin", wrong, "--wait", timeout=90.0)
        assert done.returncode == WRONG_PIN
        assert done.stderr == f"wps-agent: the PIN is wrong (its {half} half)\n"
        scene.assert_nothing_learnt()


# ---- the access point's own PIN


@pytest.mark.parametrize("lines", ["", f"ap_pin={PIN}", "ap_setup_locked=0"], ids=["both", "locked", "without a PIN"])
def test_a_locked_access_point_and_one_without_a_pin_are_told_from_a_wrong_pin(lines: str) -> None:
    with scene_of(first=lines) as scene:
        scene.secrets.add(PIN)
        done = scene.agent.command("reg", "learn", scene.bssid("first"), PIN, "--wait", timeout=90.0)
        assert (done.returncode, done.stderr) == (
            LOCKED,
            "wps-agent: the access point has locked its setup, or has no AP PIN\n",
        )
        scene.assert_nothing_learnt()


def test_an_access_point_that_locks_itself_after_wrong_pins_says_so_to_the_right_one() -> None:
    with scene_of(first=f"ap_setup_locked=0\nap_pin={PIN}") as scene:
        scene.secrets |= {PIN, WRONG_FIRST_HALF, WRONG_SECOND_HALF}
        bssid, peer = scene.bssid("first"), scene.access_points["first"]
        for wrong in (WRONG_FIRST_HALF, WRONG_SECOND_HALF, WRONG_FIRST_HALF):
            assert not peer.control.has_event("WPS-AP-SETUP-LOCKED")
            done = scene.agent.command("reg", "learn", bssid, wrong, "--wait", timeout=90.0)
            assert done.returncode == WRONG_PIN, done.stderr
        peer.control.wait_event("WPS-AP-SETUP-LOCKED", 5.0)
        assert scene.agent.command("reg", "learn", bssid, PIN, "--wait", timeout=90.0).returncode == LOCKED
        peer.control.wait_event("WPS-AP-SETUP-UNLOCKED", 120.0)
        done = scene.agent.command("reg", "learn", bssid, PIN, "--wait", timeout=90.0)
        assert done.returncode == 0, done.stderr
        scene.assert_connected("first")
