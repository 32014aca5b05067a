# SPDX-License-Identifier: BSD-3-Clause
"""Debian's wpa_supplicant has a station's radio; the agent drives it: button, commands, MQTT, restarts, outcomes."""

import json
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.lab.hardware import GpioLine, GpioSim
from tests.lab.network import NetNamespace, interface_address
from tests.lab.owners import HostapdOwner, SupplicantOwner
from tests.lab.peers import Agent, Hostapd, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 4, "time_travel": True, "time_limit": 900.0}

BUTTON = 17
STATION, OUR_AP, UPSTREAM, PHONE = "wlan0", "wlan1", "wlan2", "wlan3"
PASSPHRASE = "a secret passphrase"
PIN = "12345670"

CONFIG = f"""
[agent]
node = "attached"
log_level = "debug"

[[station]]
interface = "{STATION}"
backend = "wpa_supplicant"

[[button]]
backend = "gpiozero"
pin = {BUTTON}

[mqtt]
host = "127.0.0.1"
"""
THEIR_AP = f'[[access_point]]\ninterface = "{OUR_AP}"\nbackend = "hostapd"\n'


@dataclass
class Scene:
    agent: Agent
    button: GpioLine
    recorder: MqttRecorder
    stack: ExitStack
    upstream: NetNamespace

    def hostapd(self) -> Hostapd:
        return self.stack.enter_context(Hostapd(UPSTREAM, namespace=self.upstream))

    def press(self, seconds: float = 0.2) -> None:
        self.button.press()
        self.recorder.wait_message("wps-agent/attached/availability", "online")
        wait_for(seconds)
        self.button.release()

    def station(self) -> dict[str, Any]:
        report = json.loads(self.agent.control.request("AGENT_STATUS"))
        found: dict[str, Any] = report["stations"][0]
        return found

    def wait_state(self, state: str, timeout: float = 60.0) -> None:
        wait_until(
            lambda: self.station()["state"] == state, timeout, lambda: f"not {state}: {self.station()}", interval=0.1
        )

    def wait_result(self, result: str, timeout: float = 150.0) -> dict[str, Any]:
        def is_there() -> bool:
            wps = self.station()["wps"]
            return wps is not None and wps["result"] == result

        wait_until(is_there, timeout, lambda: f"not {result}: {self.station()}", interval=0.1)
        found: dict[str, Any] = self.station()["wps"]
        return found


def wait_for(seconds: float) -> None:
    """Let a finger rest."""
    GpioSim().line(BUTTON).watch(seconds, 0.05)


@contextmanager
def scene_of(config: str = CONFIG) -> Iterator[Scene]:
    button = GpioSim().line(BUTTON)
    button.release()
    with ExitStack() as stack:
        stack.enter_context(Mosquitto(1883))
        recorder = stack.enter_context(MqttRecorder(1883, "wps-agent/#"))
        upstream = stack.enter_context(NetNamespace("upstream"))
        upstream.take_radio(UPSTREAM)
        agent = stack.enter_context(Agent(config))
        agent.control.read_events()
        yield Scene(agent, button, recorder, stack, upstream)
        everything = agent.log + "".join(message.payload for message in recorder.messages)
        assert PASSPHRASE not in everything
        assert PIN not in everything


def test_a_press_brings_wpa_supplicant_into_a_network() -> None:
    with SupplicantOwner(STATION) as owner, scene_of() as scene:
        scene.wait_state("disconnected")
        hostapd = scene.hostapd()
        hostapd.press_button()
        scene.press()
        scene.wait_state("connected")
        station = scene.station()
        assert (station["ssid"], station["networks"], station["wps"]["result"]) == ("reference", 1, "success")
        scene.recorder.wait_message("wps-agent/attached/event", "network_joined")
        assert f'psk="{PASSPHRASE}"' in owner.config_path.read_text()
        for line in ("WPS-PBC-ACTIVE", "WPS-SUCCESS", "CTRL-EVENT-CONNECTED"):
            scene.agent.control.wait_event(line)
        hostapd.process.terminate()
        scene.wait_state("disconnected")


def test_the_stations_commands() -> None:
    with SupplicantOwner(STATION), scene_of() as scene:
        scene.wait_state("disconnected")
        hostapd = scene.hostapd()
        assert "reference" in scene.agent.command("scan").stdout
        hostapd.control.expect_ok(f"WPS_PIN any {PIN}")
        done = scene.agent.command("join", "--pin", PIN, "--wait", timeout=120.0)
        assert done.returncode == 0, done.stderr + done.stdout
        assert "connected to 'reference'" in done.stdout
        assert "reference" in scene.agent.command("networks").stdout
        assert scene.agent.command("forget", "0").returncode == 0
        wait_until(lambda: scene.station()["networks"] == 0, 5.0, lambda: str(scene.station()))
        assert "wpa_state=" in scene.agent.control.request(f"IFNAME={STATION} STATUS")
        assert scene.agent.control.request("WPS_CHECK_PIN 12345671") == "FAIL-CHECKSUM"
        assert scene.agent.control.request(f"IFNAME={STATION} NO_SUCH_COMMAND") == "UNKNOWN COMMAND"


def test_how_it_can_end() -> None:
    with SupplicantOwner(STATION), scene_of() as scene:
        scene.wait_state("disconnected")
        assert scene.agent.command("join").returncode == 0
        scene.wait_result("active")
        scene.agent.control.expect_ok(f"IFNAME={STATION} WPS_CANCEL")
        scene.wait_result("cancelled")
        assert scene.agent.command("join").returncode == 0
        timeout = scene.wait_result("timeout")
        assert timeout["cause"] == "no_access_point"
        hostapd = scene.hostapd()
        hostapd.control.expect_ok("WPS_PIN any 12340002")
        assert scene.agent.command("join", "--pin", PIN).returncode == 0
        failed = scene.wait_result("failed")
        assert failed["cause"] in ("first_half_wrong", "second_half_wrong")


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_wpa_supplicant_ends_in_the_middle_and_comes_back(way: str) -> None:
    with scene_of() as scene:
        scene.wait_state("failed")
        scene.press()
        wait_until(
            lambda: "station_wps_refused" in str(scene.recorder.payloads("wps-agent/attached/event")),
            5.0,
            "not refused",
        )
        with SupplicantOwner(STATION) as owner:
            scene.wait_state("disconnected")
            scene.press()
            scene.wait_result("active")
            owner.kill() if way == "kill" else owner.stop()
            scene.wait_state("lost", 3.0)
            assert scene.station()["wps"]["cause"] in ("radio_lost", "cancelled")
        with SupplicantOwner(STATION):
            scene.wait_state("disconnected")
            hostapd = scene.hostapd()
            hostapd.press_button()
            scene.press()
            scene.wait_state("connected")


def test_one_button_for_hostapd_and_wpa_supplicant() -> None:
    """A short press is the access point's, a long one the station's."""
    with HostapdOwner(OUR_AP) as access_point, SupplicantOwner(STATION), scene_of(CONFIG + THEIR_AP) as scene:
        scene.wait_state("disconnected")
        namespace = scene.stack.enter_context(NetNamespace("phone"))
        namespace.take_radio(PHONE)
        scene.press()
        wait_until(lambda: access_point.push_button_status == "Active", 5.0, "it is not open")
        phone = scene.stack.enter_context(WpaSupplicant(PHONE, namespace=namespace))
        phone.press_button(interface_address(OUR_AP))
        phone.wait_connected()
        hostapd = scene.hostapd()
        hostapd.press_button()
        scene.press(3.5)
        scene.wait_state("connected")
        assert scene.station()["ssid"] == "reference"


def test_auto_finds_wpa_supplicant() -> None:
    with SupplicantOwner(STATION), scene_of(CONFIG.replace('backend = "wpa_supplicant"', 'backend = "auto"')) as scene:
        scene.wait_state("disconnected")
        report = json.loads(scene.agent.control.request("AGENT_STATUS"))
        assert report["backends"][0]["backend"] == "wpa_supplicant"


def test_auto_gives_way_to_a_wpa_supplicant_that_comes_later_and_goes_on_when_it_is_told_that_nobody_is_there() -> None:
    def backend() -> str:
        found: str = json.loads(scene.agent.control.request("AGENT_STATUS"))["backends"][0]["backend"]
        return found

    with scene_of(CONFIG.replace('backend = "wpa_supplicant"', 'backend = "auto"')) as scene:
        hostapd = scene.hostapd()
        hostapd.press_button()
        scene.press()
        scene.wait_state("connected")
        assert backend() == "nl80211"
        with SupplicantOwner(STATION) as owner:
            wait_until(lambda: backend() == "wpa_supplicant", 40.0, lambda: scene.agent.log, 0.2)
            hostapd.press_button()
            scene.press()
            scene.wait_state("connected")
            assert "wpa_state=COMPLETED" in owner.control.request("STATUS")
        scene.wait_state("lost", 3.0)
        assert backend() == "wpa_supplicant"
        scene.agent.process.send_signal(signal.SIGHUP)
        wait_until(lambda: backend() == "nl80211", 20.0, lambda: scene.agent.log, 0.2)
        scene.wait_state("connected")


def test_two_pressed_access_points_are_an_overlap() -> None:
    """The last test: what was pressed here stays in the kernel's scan results for a while."""
    with SupplicantOwner(STATION), scene_of() as scene:
        scene.wait_state("disconnected")
        other = scene.stack.enter_context(NetNamespace("other"))
        other.take_radio(PHONE)
        uuid = "uuid=2b7093f1-d6fb-5108-adbb-bea66bb87333\n"
        second = scene.stack.enter_context(Hostapd(PHONE, ssid="second", config=uuid, namespace=other))
        for hostapd in (scene.hostapd(), second):
            hostapd.press_button()
        done = scene.agent.command("join", "--wait", timeout=120.0)
        assert done.returncode == 4, done
        assert scene.station()["wps"]["cause"] == "overlap"
