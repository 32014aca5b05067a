# SPDX-License-Identifier: BSD-3-Clause
"""SIGHUP while Debian's wpa_supplicant is connected: what does not concern its network does not concern it."""

import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from tests.lab.hardware import GpioSim, LedClass
from tests.lab.network import NetNamespace, run, set_address, wiphy_of
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant

LAB = {"radios": 3, "time_limit": 240.0}

AGENT = """
[agent]
node = "lab"
"""
HOME = """
[[access_point]]
interface = "wlan0"
ssid = "home"
passphrase = "correct horse battery"
channel = 1
"""
GARDEN = """
[[access_point]]
interface = "wlan2"
ssid = "garden"
passphrase = "correct horse battery"
channel = 6
button_group = "garden"
"""
PIN_LED = """
[[led]]
backend = "gpiozero"
pin = 27
"""
CLASS_LED = """
[[led]]
backend = "led_class"
"""
MQTT = """
[mqtt]
host = "127.0.0.1"
port = {port}
base_topic = "{topic}"
"""


@dataclass
class Scene:
    """Our access point on wlan0, and a station connected to it that can ping it."""

    agent: Agent
    station: WpaSupplicant
    namespace: NetNamespace

    def reload(self, config: str) -> str:
        """Write it and have it read; the line of the log with which that ended."""
        self.agent.config_path.write_text(config)
        before = len(self.agent.log)
        self.agent.process.send_signal(signal.SIGHUP)
        self.agent.wait_alive(lambda: bool(self._ends(before)), 20.0, "nothing came of it")
        return self._ends(before)[0]

    def _ends(self, before: int) -> list[str]:
        words = ("configuration reloaded", "is not taken")
        return [line for line in self.agent.log[before:].splitlines() if any(word in line for word in words)]

    def pinging(self) -> "subprocess.Popen[str]":
        """A ping that goes on until it is interrupted; the first one has been answered."""
        command = [*self.namespace.prefix, "stdbuf", "-oL", "ping", "-n", "-i", "0.1", "-W", "2", "10.9.0.1"]
        ping = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        wait_reply(ping)
        return ping


@pytest.fixture
def scene() -> Iterator[Scene]:
    with NetNamespace("station") as namespace, Agent(AGENT + HOME + PIN_LED) as agent:
        namespace.take_radio("wlan1")
        agent.control.read_events()
        with WpaSupplicant("wlan1", namespace=namespace) as station:
            agent.control.expect_ok("WPS_PBC")
            station.press_button()
            station.wait_connected()
            agent.control.wait_event("AP-STA-CONNECTED")
            set_address("wlan0", "10.9.0.1/24")
            namespace.set_address("wlan1", "10.9.0.2/24")
            assert namespace.can_ping("10.9.0.1", count=3)
            station.control.forget_events()
            yield Scene(agent, station, namespace)


def wait_reply(ping: "subprocess.Popen[str]") -> None:
    assert ping.stdout is not None
    while "bytes from" not in (line := ping.stdout.readline()):
        assert line, "no ping"


def replies(ping: "subprocess.Popen[str]") -> tuple[int, int]:
    """How many were sent, and how many came back, two more among them."""
    wait_reply(ping)
    wait_reply(ping)
    ping.send_signal(signal.SIGINT)
    words = next(line for line in ping.communicate(timeout=20)[0].splitlines() if "transmitted" in line).split()
    return int(words[0]), int(words[3])


def test_a_ping_is_not_lost_over_another_broker_another_led_and_another_name(scene: Scene) -> None:
    led = GpioSim().line(27)
    assert led.level == 1  # success
    with Mosquitto(1884), MqttRecorder(1884, "#") as first, Mosquitto(1885), MqttRecorder(1885, "#") as second:
        ping = scene.pinging()
        assert "configuration reloaded" in scene.reload(
            AGENT + '[device]\nname = "renamed"\n' + HOME + CLASS_LED + MQTT.format(port=1884, topic="first")
        )
        first.wait_message("first/lab/state", '"state":"success"')
        assert (led.level, LedClass().brightness) == (0, 1)
        assert "configuration reloaded" in scene.reload(AGENT + HOME + PIN_LED + MQTT.format(port=1885, topic="second"))
        first.wait_message("first/lab/availability", "offline")
        second.wait_message("second/lab/availability", "online")
        second.wait_message("second/lab/event", "reloaded")
        assert (led.level, LedClass().brightness) == (1, 0)
        sent, received = replies(ping)
    assert received == sent > 2
    assert not scene.station.control.has_event("CTRL-EVENT-DISCONNECTED")
    assert scene.agent.notify.has("RELOADING=1")
    assert scene.agent.notify.received[-2] == "READY=1"


def test_a_second_access_point_comes_changes_and_goes_beside_the_first(scene: Scene) -> None:
    ping = scene.pinging()
    assert "configuration reloaded" in scene.reload(AGENT + HOME + GARDEN + PIN_LED)
    assert "ssid garden" in run("iw", "dev", "wlan2", "info")
    assert "configuration reloaded" in scene.reload(AGENT + HOME + GARDEN.replace('"garden"', '"yard"', 1) + PIN_LED)
    assert "ssid yard" in run("iw", "dev", "wlan2", "info")
    assert wiphy_of("wlan2") != wiphy_of("wlan0")
    assert "configuration reloaded" in scene.reload(AGENT + HOME + PIN_LED)
    assert "ssid" not in run("iw", "dev", "wlan2", "info")
    sent, received = replies(ping)
    assert received == sent
    assert not scene.station.control.has_event("CTRL-EVENT-DISCONNECTED")


def test_what_is_wrong_changes_nothing(scene: Scene) -> None:
    ping = scene.pinging()
    assert "access_point[0].channel" in scene.reload(AGENT + HOME.replace("channel = 1", "channel = 99"))
    wrong = '[[led]]\nbackend = "led_class"\nname = "no-such-led"\n'
    assert "no LED named no-such-led" in scene.reload(AGENT + HOME.replace("home", "house") + wrong)
    assert GpioSim().line(27).level == 1
    sent, received = replies(ping)
    assert received == sent
    assert "ssid home" in run("iw", "dev", "wlan0", "info")
    assert scene.agent.command("status").returncode == 0


def test_a_changed_network_begins_anew_and_the_station_hears_of_it(scene: Scene) -> None:
    assert "configuration reloaded" in scene.reload(AGENT + HOME.replace('"home"', '"house"') + PIN_LED)
    scene.station.control.wait_event("CTRL-EVENT-DISCONNECTED")
    assert "ssid house" in run("iw", "dev", "wlan0", "info")
