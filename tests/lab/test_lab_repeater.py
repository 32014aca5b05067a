# SPDX-License-Identifier: BSD-3-Clause
"""A repeater: a station of ours at Debian's hostapd, an access point of ours for Debian's wpa_supplicant.

On two radios, and on one radio with one channel (mac80211_hwsim's default), where the access point has to go where the
station goes.
"""

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.lab.hardware import GpioSim
from tests.lab.hwsim import plug_in, pull_out
from tests.lab.network import NetNamespace, interface_address, run, set_address, wiphy_of
from tests.lab.peers import Agent, Hostapd, WpaSupplicant, wait_until

LAB = {"radios": 4, "time_travel": True, "time_limit": 500.0}

STATION, UPSTREAM, DOWNSTREAM = "wlan0", "wlan2", "wlan3"
PASSPHRASE, OWN_PASSPHRASE = "a secret passphrase", "our own passphrase"
STATE = Path("/run/wps-agent-repeater")
ONE_RADIO, TWO_RADIOS = ("ap0", f'create_on = "{STATION}"\n'), ("wlan1", "")
BOTH = pytest.mark.parametrize("place", [TWO_RADIOS, ONE_RADIO], ids=["two radios", "one radio"])
FIRST, LAST = 2412, 2462
"""Channels 1 and 11: where upstream is, and where it goes.  Our own access point would like to be on 6."""

KNOWN = f'network={{\n\tssid="reference"\n\tpsk="{PASSPHRASE}"\n}}\n'


def config(place: tuple[str, str], more: str = "") -> str:
    interface, create_on = place
    return f"""
[agent]
node = "repeater"
log_level = "debug"
state_directory = "{STATE}"
error_display_s = 0.0

[[station]]
interface = "{STATION}"

[[access_point]]
interface = "{interface}"
{create_on}ssid = "our own"
passphrase = "{OWN_PASSPHRASE}"
channel = 6
{more}
"""


FOLLOW = f'follow = "{STATION}"'


@dataclass
class Scene:
    """The repeater in the initial namespace, its neighbours in namespaces of their own."""

    agent: Agent
    upstream: NetNamespace
    downstream: NetNamespace
    phone: WpaSupplicant
    interface: str

    @property
    def is_one_radio(self) -> bool:
        return self.interface == ONE_RADIO[0]

    def access_point(self) -> dict[str, Any]:
        """What AGENT_STATUS says of it."""
        found: dict[str, Any] = json.loads(self.agent.control.request("AGENT_STATUS"))["access_points"][0]
        return found

    def station_wps(self) -> dict[str, Any]:
        """What AGENT_STATUS says of our station's last WPS run."""
        found: dict[str, Any] = json.loads(self.agent.control.request("AGENT_STATUS"))["stations"][0]["wps"]
        return found

    def wait_joined(self, frequency_mhz: int, timeout: float = 60.0) -> None:
        """Our station is at the access point upstream, on this frequency."""

        def is_there() -> bool:
            status = self.agent.control.values(f"IFNAME={STATION} STATUS")
            return (status.get("wpa_state"), status.get("freq")) == ("COMPLETED", str(frequency_mhz))

        wait_until(is_there, timeout, lambda: self.agent.control.request(f"IFNAME={STATION} STATUS"), interval=0.2)

    def wait_channel(self, channel: int, timeout: float = 10.0) -> None:
        """Our access point is on this channel, as we say it and as the kernel does."""
        wait_until(lambda: self.access_point()["channel"] == channel, timeout, f"not on channel {channel}")
        text = run("iw", "dev", self.interface, "info")
        assert f"channel {channel} (" in text, text

    def press_and_join(self, timeout: float = 60.0) -> None:
        """The phone joins our access point by push button; it does not hear that upstream."""
        self.phone.control.expect_ok(f"SET bssid_filter {interface_address(self.interface)}")
        self.phone.control.expect_ok("REMOVE_NETWORK all")
        done = self.agent.command("pbc")
        assert done.returncode == 0, done.stderr
        self.phone.press_button()
        self.phone.wait_connected(timeout)

    def assert_ping_across(self) -> None:
        """From the phone through both our roles to whoever is upstream: routed, no addresses are translated."""
        Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
        self.upstream.set_address(UPSTREAM, "10.8.0.1/24")
        set_address(STATION, "10.8.0.2/24")
        set_address(self.interface, "10.9.0.1/24")
        self.downstream.set_address(DOWNSTREAM, "10.9.0.2/24")
        self.upstream.run("ip", "route", "replace", "10.9.0.0/24", "via", "10.8.0.2")
        self.downstream.run("ip", "route", "replace", "default", "via", "10.9.0.1")
        wait_until(lambda: self.downstream.can_ping("10.8.0.1"), 20.0, "no ping goes across")

    def phone_was_sent_away(self) -> bool:
        return self.phone.control.has_event("CTRL-EVENT-DISCONNECTED")


@contextmanager
def scene_of(place: tuple[str, str], more: str = "", *, networks: str = "") -> Iterator[Scene]:
    shutil.rmtree(STATE, ignore_errors=True)
    STATE.mkdir()
    for interface in (STATION, TWO_RADIOS[0]):
        run("ip", "address", "flush", "dev", interface)  # of another test
    if networks:
        (STATE / f"{STATION}.conf").write_text(networks)
    with ExitStack() as stack:
        upstream = stack.enter_context(NetNamespace("upstream"))
        upstream.take_radio(UPSTREAM)
        downstream = stack.enter_context(NetNamespace("downstream"))
        downstream.take_radio(DOWNSTREAM)
        agent = stack.enter_context(Agent(config(place, more)))
        agent.control.read_events()  # attached from here on
        phone = stack.enter_context(WpaSupplicant(DOWNSTREAM, namespace=downstream))
        yield Scene(agent, upstream, downstream, phone, place[0])
        log = agent.log
        for secret in (PASSPHRASE, OWN_PASSPHRASE):
            assert secret not in log


@BOTH
def test_the_access_point_takes_over_what_the_station_learnt(place: tuple[str, str]) -> None:
    with ExitStack() as stack:
        scene = stack.enter_context(scene_of(place, FOLLOW))
        scene.wait_channel(6)
        assert scene.access_point()["follow"] == STATION
        scene.press_and_join()
        assert scene.phone.status()["ssid"] == "our own"
        # Only now: it would have heard the phone press its button, which makes our press an overlap for two minutes.
        hostapd = stack.enter_context(Hostapd(UPSTREAM, namespace=scene.upstream))
        hostapd.press_button()
        done = scene.agent.command("join", "--wait", timeout=90.0)
        assert done.returncode == 0, done.stderr
        wait_until(lambda: scene.access_point()["ssid"] == "reference", 10.0, "it is not taken over")
        scene.wait_joined(FIRST)
        scene.wait_channel(1 if scene.is_one_radio else 6)
        scene.press_and_join()
        assert scene.phone.status()["ssid"] == "reference"
        assert f'psk="{PASSPHRASE}"' in scene.phone.saved_config
        scene.assert_ping_across()


@BOTH
def test_a_repeater_that_was_killed_comes_back_as_what_it_had_become(place: tuple[str, str]) -> None:
    with scene_of(place, FOLLOW) as scene, Hostapd(UPSTREAM, namespace=scene.upstream) as hostapd:
        hostapd.press_button()
        assert scene.agent.command("join", "--wait", timeout=90.0).returncode == 0
        wait_until(lambda: scene.access_point()["ssid"] == "reference", 10.0, "it is not taken over")
        scene.agent.kill()
        with Agent(config(place, FOLLOW)) as agent:
            agent.control.read_events()
            scene.agent = agent
            assert scene.access_point()["ssid"] == "reference"
            scene.wait_joined(FIRST)
            scene.wait_channel(1 if scene.is_one_radio else 6)
            scene.press_and_join()
            scene.assert_ping_across()


@BOTH
def test_all_go_along_when_the_access_point_upstream_changes_its_channel(place: tuple[str, str]) -> None:
    with scene_of(place, networks=KNOWN) as scene, Hostapd(UPSTREAM, namespace=scene.upstream) as hostapd:
        scene.wait_joined(FIRST)
        scene.press_and_join()
        scene.assert_ping_across()
        scene.phone.control.forget_events()
        scene.agent.control.forget_events()
        hostapd.control.expect_ok(f"CHAN_SWITCH 10 {LAST}")
        scene.wait_joined(LAST)
        scene.wait_channel(11 if scene.is_one_radio else 6)
        scene.assert_ping_across()
        assert not scene.phone_was_sent_away()
        assert not scene.agent.control.has_event("CTRL-EVENT-DISCONNECTED")


@BOTH
def test_the_access_point_upstream_vanishes_and_returns_elsewhere(place: tuple[str, str]) -> None:
    with scene_of(place, networks=KNOWN) as scene:
        with Hostapd(UPSTREAM, namespace=scene.upstream):
            scene.wait_joined(FIRST)
            scene.press_and_join()
        scene.agent.control.wait_event("CTRL-EVENT-DISCONNECTED", 30.0)
        scene.phone.control.forget_events()
        with Hostapd(UPSTREAM, config="channel=11", namespace=scene.upstream):
            scene.wait_joined(LAST, 120.0)
            scene.wait_channel(11 if scene.is_one_radio else 6)
            scene.assert_ping_across()
        assert not scene.phone_was_sent_away()


def test_the_buttons_of_one_board_do_not_meet() -> None:
    """On radios that hear each other, and without `follow`: it does not join itself, and its buttons do not overlap."""
    with scene_of(TWO_RADIOS) as scene:
        scene.wait_channel(6)
        scene.agent.control.expect_ok(f"IFNAME={STATION} WPS_PBC")
        wait_until(lambda: scene.station_wps()["result"] == "active", 5.0, lambda: str(scene.station_wps()))
        scene.press_and_join()
        assert scene.phone.status()["ssid"] == "our own"
        wait_until(lambda: scene.station_wps()["result"] != "active", 150.0, lambda: str(scene.station_wps()), 0.5)
        assert (scene.station_wps()["result"], scene.station_wps()["cause"]) == ("timeout", "no_access_point")
        assert scene.access_point()["stations"] == [scene.downstream.interface_address(DOWNSTREAM)]


@BOTH
def test_the_station_looks_for_a_pressed_button_while_the_access_point_s_is_pressed(place: tuple[str, str]) -> None:
    with ExitStack() as stack:
        scene = stack.enter_context(scene_of(place, FOLLOW))
        scene.press_and_join()
        hostapd = stack.enter_context(Hostapd(UPSTREAM, namespace=scene.upstream))
        scene.phone.control.forget_events()
        done = scene.agent.command("pbc")
        assert done.returncode == 0, done.stderr
        assert scene.agent.command("join").returncode == 0  # nobody upstream yet: it scans, again and again
        scene.agent.control.wait_event("CTRL-EVENT-SCAN-RESULTS", 30.0)
        scene.downstream.set_address(DOWNSTREAM, "10.9.0.2/24")
        set_address(scene.interface, "10.9.0.1/24")
        assert scene.downstream.can_ping("10.9.0.1", count=10, deadline=15)
        scene.phone.control.expect_ok("REASSOCIATE")
        scene.phone.wait_connected(20.0)
        hostapd.press_button()
        scene.wait_joined(FIRST, 90.0)
        assert not scene.agent.control.has_event("WPS-OVERLAP-DETECTED")


# ---- other radios


@contextmanager
def radio_with(contexts: int) -> Iterator[None]:
    """Another radio in place of our first, whose driver has so many channel contexts."""
    address = bytes.fromhex(interface_address(STATION).replace(":", ""))
    pull_out(wiphy_of(STATION))
    plug_in("contexts", address, contexts=contexts)
    wait_until(Path(f"/sys/class/net/{STATION}").exists, 10.0, "no interface comes")
    yield
    pull_out("contexts")
    plug_in("plain", address)
    wait_until(Path(f"/sys/class/net/{STATION}").exists, 10.0, "no interface comes")


@pytest.mark.parametrize(("contexts", "first", "second"), [(1, 1, 11), (2, 6, 6)], ids=["one", "two"])
def test_radios_with_channel_contexts(contexts: int, first: int, second: int) -> None:
    """Those of mac80211_hwsim (Linux 6.1) say that they can announce a move, and cannot: both roles begin anew."""
    with ExitStack() as stack:
        stack.enter_context(radio_with(contexts))
        scene = stack.enter_context(scene_of(ONE_RADIO, networks=KNOWN))
        hostapd = stack.enter_context(Hostapd(UPSTREAM, namespace=scene.upstream))
        scene.wait_joined(FIRST)
        scene.wait_channel(first)
        scene.press_and_join()
        scene.assert_ping_across()
        scene.phone.control.forget_events()
        hostapd.control.expect_ok(f"CHAN_SWITCH 10 {LAST}")
        scene.wait_joined(LAST)
        scene.wait_channel(second)
        scene.assert_ping_across()
        assert scene.phone_was_sent_away() is (contexts == 1)


# ---- one button for both


def test_a_short_press_lets_a_phone_in_and_a_long_one_looks_upstream() -> None:
    line = GpioSim().line(17)
    line.release()
    button = '[[button]]\nbackend = "gpiozero"\npin = 17\n'
    with scene_of(ONE_RADIO, f"{FOLLOW}\n{button}") as scene:
        scene.phone.control.expect_ok(f"SET bssid_filter {interface_address(scene.interface)}")
        line.press()
        threading.Event().wait(0.2)
        line.release()
        scene.agent.control.wait_event("WPS-PBC-ACTIVE", 10.0)
        scene.phone.press_button()
        scene.phone.wait_connected(60.0)
        with Hostapd(UPSTREAM, namespace=scene.upstream) as hostapd:
            hostapd.press_button()
            line.press()
            threading.Event().wait(3.5)
            line.release()
            wait_until(lambda: scene.access_point()["ssid"] == "reference", 60.0, "it is not taken over")
            scene.wait_joined(FIRST)
            scene.press_and_join()
            scene.assert_ping_across()
