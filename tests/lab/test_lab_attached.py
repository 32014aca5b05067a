# SPDX-License-Identifier: BSD-3-Clause
"""Debian's hostapd has the radios; the agent drives it: button, LED, MQTT, commands, its restarts, several at once."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.lab.hardware import GpioLine, GpioSim
from tests.lab.network import NetNamespace, interface_address
from tests.lab.owners import HostapdOwner
from tests.lab.peers import Agent, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 4, "time_travel": True, "time_limit": 900.0}

BUTTON, LED = 17, 27
FIRST, SECOND, PHONE, OTHER_PHONE = "wlan0", "wlan1", "wlan2", "wlan3"
STATE, EVENT = "wps-agent/attached/state", "wps-agent/attached/event"
PIN = "12345670"

BOARD = f"""
[agent]
node = "attached"
log_level = "debug"

[[button]]
backend = "gpiozero"
pin = {BUTTON}
long_press = "cancel"

[[led]]
backend = "gpiozero"
pin = {LED}

[mqtt]
host = "127.0.0.1"
"""
ONE = f'[[access_point]]\ninterface = "{FIRST}"\nbackend = "hostapd"\n'
TWO = f'{ONE}[[access_point]]\ninterface = "{SECOND}"\nbackend = "hostapd"\n'
MIXED = (
    f'{ONE}[[access_point]]\ninterface = "{SECOND}"\nssid = "ours"\npassphrase = "our own passphrase"\nchannel = 6\n'
)


@dataclass
class Scene:
    agent: Agent
    button: GpioLine
    led: GpioLine
    recorder: MqttRecorder
    namespaces: dict[str, NetNamespace]

    def phone(self, interface: str = PHONE) -> WpaSupplicant:
        return WpaSupplicant(interface, namespace=self.namespaces[interface])

    def press(self, seconds: float = 0.2) -> None:
        self.button.press()
        self.led.watch(seconds, 0.05)
        self.button.release()

    def report(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.agent.control.request("AGENT_STATUS"))
        return found

    def access_point(self, interface: str = FIRST) -> dict[str, Any]:
        return next(one for one in self.report()["access_points"] if one["interface"] == interface)

    def wait_network(self, state: str, interface: str = FIRST, timeout: float = 60.0) -> None:
        wait_until(
            lambda: self.access_point(interface)["state"] == state,
            timeout,
            lambda: f"{interface} is not {state}: {self.access_point(interface)}",
            interval=0.1,
        )

    def wait_session(self, state: str, timeout: float = 30.0) -> None:
        wait_until(lambda: self.report()["state"] == state, timeout, lambda: str(self.report()), interval=0.05)

    def events(self, *names: str) -> list[dict[str, Any]]:
        """What was published, in order; of these kinds where any are named."""
        found = [json.loads(text) for text in self.recorder.payloads(EVENT)]
        return [event for event in found if not names or event["event_type"] in names]

    def wait_event(self, name: str, count: int = 1, timeout: float = 30.0) -> dict[str, Any]:
        wait_until(lambda: len(self.events(name)) >= count, timeout, lambda: f"no {name}: {self.events()}")
        return self.events(name)[count - 1]


@contextmanager
def scene_of(config: str, *, phones: tuple[str, ...] = (PHONE,)) -> Iterator[Scene]:
    chip = GpioSim()
    button, led = chip.line(BUTTON), chip.line(LED)
    button.release()
    with ExitStack() as stack:
        stack.enter_context(Mosquitto(1883))
        recorder = stack.enter_context(MqttRecorder(1883, "wps-agent/#"))
        namespaces = {}
        for interface in phones:
            namespaces[interface] = stack.enter_context(NetNamespace(f"phone-{interface}"))
            namespaces[interface].take_radio(interface)
        agent = stack.enter_context(Agent(BOARD + config))
        agent.control.read_events()
        yield Scene(agent, button, led, recorder, namespaces)
        everything = agent.log + "".join(message.payload for message in recorder.messages)
        for secret in ("a secret passphrase", "our own passphrase", PIN):
            assert secret not in everything


def test_a_press_lets_a_phone_into_the_network_of_hostapd() -> None:
    with HostapdOwner(FIRST) as hostapd, scene_of(ONE) as scene, scene.phone() as phone:
        scene.wait_network("enabled")
        assert (scene.access_point()["ssid"], scene.access_point()["channel"]) == ("theirs", 1)
        scene.press()
        scene.wait_session("active")
        assert {change.level for change in scene.led.watch(1.0)} == {0, 1}
        assert hostapd.push_button_status == "Active"
        phone.press_button()
        phone.wait_connected()
        scene.wait_event("station_connected")
        assert {change.level for change in scene.led.watch(0.7)} == {1}
        address = phone.status()["address"]
        assert scene.access_point()["stations"] == [address]
        order = ["button_pressed", "push_button_started", "enrolment_succeeded", "push_button_ended"]
        assert [event["event_type"] for event in scene.events(*order)] == order
        [success] = scene.events("enrolment_succeeded")
        assert (success["station"], success["interface"]) == (address, FIRST)
        assert scene.report()["state"] == "success"
        assert scene.report()["backends"] == [
            {"interface": FIRST, "backend": "hostapd", "reason": "the configuration says so"}
        ]
        for line in ("WPS-PBC-ACTIVE", "WPS-REG-SUCCESS", "WPS-PBC-DISABLE", "WPS-SUCCESS", "AP-STA-CONNECTED"):
            scene.agent.control.wait_event(line)


def test_commands_cancel_and_pins() -> None:
    with HostapdOwner(FIRST) as hostapd, scene_of(ONE) as scene, scene.phone() as phone:
        scene.wait_network("enabled")
        assert scene.agent.command("pbc").returncode == 0
        scene.wait_session("active")
        assert scene.agent.command("cancel").returncode == 0
        scene.wait_session("cancelled")
        assert hostapd.push_button_status != "Active"
        done = scene.agent.command("pin", PIN, "--timeout", "60")
        assert done.returncode == 0, done.stderr
        scene.wait_session("active")
        phone.control.request(f"WPS_PIN any {PIN}")
        phone.wait_connected(90.0)
        scene.wait_session("success")
        assert scene.events("pin_ended")[-1]["reason"] == "succeeded"
        assert "theirs" in scene.agent.command("status").stdout
        shown = scene.agent.command("ap-pin", "random", "--interface", FIRST)
        assert shown.returncode == 0, shown.stderr
        assert hostapd.control.request("WPS_AP_PIN get") == shown.stdout.strip()
        assert scene.agent.control.request(f"IFNAME={FIRST} WPS_CHECK_PIN 12345671") == "FAIL-CHECKSUM"
        assert "Last WPS result: Success" in scene.agent.control.request(f"IFNAME={FIRST} WPS_GET_STATUS")


def test_a_pin_that_nobody_used_is_over_in_its_time() -> None:
    with HostapdOwner(FIRST), scene_of(ONE) as scene:
        scene.wait_network("enabled")
        assert scene.agent.command("pin", PIN, "--timeout", "20").returncode == 0
        scene.wait_session("active")
        scene.wait_session("timeout", 40.0)
        assert scene.events("pin_ended")[-1]["reason"] == "timed out"


def test_nobody_comes_within_two_minutes() -> None:
    with HostapdOwner(FIRST) as hostapd, scene_of(ONE) as scene:
        scene.wait_network("enabled")
        scene.press()
        scene.wait_event("push_button_started")
        ended = scene.wait_event("push_button_ended", timeout=150.0)
        assert ended["reason"] == "timed out"
        assert scene.report()["state"] == "timeout"
        assert hostapd.push_button_status == "Timed-out"


def test_two_phones_at_once_are_an_overlap() -> None:
    with HostapdOwner(FIRST) as hostapd, scene_of(ONE, phones=(PHONE, OTHER_PHONE)) as scene:
        scene.wait_network("enabled")
        with scene.phone() as phone, scene.phone(OTHER_PHONE) as other:
            phone.press_button()
            other.press_button()
            hostapd.control.wait_event("WPS-ENROLLEE-SEEN", 20.0)
            hostapd.control.watch(8.0)
            scene.press()
            scene.wait_event("overlap")
            wait_until(lambda: scene.report()["state"] == "overlap", 5.0, lambda: str(scene.report()))
            assert scene.events("push_button_started", "push_button_refused") == []


def test_a_pin_is_asked_for() -> None:
    with HostapdOwner(FIRST) as hostapd, scene_of(ONE) as scene, scene.phone() as phone:
        scene.wait_network("enabled")
        phone.control.request(f"WPS_PIN {interface_address(FIRST)} {PIN}")
        needed = scene.wait_event("pin_needed", timeout=60.0)
        assert needed["interface"] == FIRST
        assert [pending["uuid"] for pending in scene.report()["pending_pins"]] == [needed["uuid"]]
        done = scene.agent.command("pin", PIN, "--uuid", needed["uuid"])
        assert done.returncode == 0, done.stderr
        phone.wait_connected(120.0)
        wait_until(lambda: scene.report()["pending_pins"] == [], 5.0, "the request stays")
        del hostapd


def test_hostapd_comes_later_and_comes_back() -> None:
    with scene_of(ONE) as scene:
        scene.wait_network("failed")
        assert "nobody answers on /run/hostapd/wlan0" in scene.access_point()["reason"]
        done = scene.agent.command("pbc")
        assert done.returncode != 0
        assert "nobody answers on /run/hostapd/wlan0: start hostapd" in done.stderr
        with HostapdOwner(FIRST):
            scene.wait_network("enabled")
            scene.wait_event("radio_recovered")
        scene.wait_network("lost", timeout=3.0)
        with HostapdOwner(FIRST), scene.phone() as phone:
            scene.wait_network("enabled")
            scene.press()
            scene.wait_session("active")
            phone.press_button()
            phone.wait_connected()
            scene.wait_event("station_connected")


@pytest.mark.parametrize("way", ["stop", "kill"])
def test_hostapd_ends_while_its_button_is_pressed(way: str) -> None:
    with scene_of(ONE) as scene:
        with HostapdOwner(FIRST) as hostapd:
            scene.wait_network("enabled")
            scene.press()
            scene.wait_session("active")
            hostapd.kill() if way == "kill" else hostapd.stop()
            scene.wait_network("lost", timeout=3.0)
            assert scene.wait_event("push_button_ended")["reason"] == "failed"
            assert scene.report()["state"] == "error"
        with HostapdOwner(FIRST), scene.phone() as phone:
            scene.wait_network("enabled")
            scene.press()
            scene.wait_session("active")
            phone.press_button()
            phone.wait_connected()
            scene.wait_session("success")


def test_the_agent_takes_over_a_session_and_the_stations_that_are_there() -> None:
    with HostapdOwner(FIRST) as hostapd, ExitStack() as stack:
        namespace = stack.enter_context(NetNamespace("phone-early"))
        namespace.take_radio(PHONE)
        phone = stack.enter_context(WpaSupplicant(PHONE, namespace=namespace))
        hostapd.control.expect_ok("WPS_PBC")
        phone.press_button()
        phone.wait_connected()
        hostapd.control.expect_ok("WPS_PBC")
        scene = stack.enter_context(scene_of(ONE, phones=()))
        scene.wait_network("enabled")
        wait_until(lambda: scene.access_point()["stations"] == [phone.status()["address"]], 5.0, "not known")
        scene.wait_session("active")


def test_one_press_opens_two_and_the_first_success_ends_the_other() -> None:
    second = "channel=6\nuuid=2b7093f1-d6fb-5108-adbb-bea66bb87333\n"
    with HostapdOwner(FIRST) as one, HostapdOwner(SECOND, ssid="other", config=second) as two, scene_of(TWO) as scene:
        for interface in (FIRST, SECOND):
            scene.wait_network("enabled", interface)
        with scene.phone() as phone:
            scene.press()
            wait_until(lambda: {one.push_button_status, two.push_button_status} == {"Active"}, 5.0, "not both open")
            phone.press_button(interface_address(SECOND))
            phone.wait_connected()
            wait_until(lambda: one.push_button_status != "Active", 5.0, "the other one stays open")
            scene.wait_session("success")
            assert len(scene.events("push_button_started")) == 1
            assert [event["reason"] for event in scene.events("push_button_ended")] == ["succeeded"]
            assert [event["interface"] for event in scene.events("enrolment_succeeded")] == [SECOND]


def test_a_phone_that_hears_ours_and_theirs_takes_them_for_one_press() -> None:
    with HostapdOwner(FIRST) as hostapd, scene_of(MIXED) as scene:
        for interface in (FIRST, SECOND):
            scene.wait_network("enabled", interface)
        with scene.phone() as phone:
            scene.press()
            wait_until(lambda: hostapd.push_button_status == "Active", 5.0, "it is not open")
            phone.press_button()
            phone.wait_connected()
            assert phone.status()["ssid"] in ("ours", "theirs")
            scene.wait_session("success")


@pytest.mark.parametrize(("chosen", "ssid"), [(FIRST, "theirs"), (SECOND, "ours")])
def test_ours_and_theirs_in_one_group(chosen: str, ssid: str) -> None:
    with HostapdOwner(FIRST) as hostapd, scene_of(MIXED) as scene:
        for interface in (FIRST, SECOND):
            scene.wait_network("enabled", interface)
        backends = {one["interface"]: one["backend"] for one in scene.report()["backends"]}
        assert backends == {FIRST: "hostapd", SECOND: "nl80211"}
        with scene.phone() as phone:
            scene.press()
            wait_until(lambda: hostapd.push_button_status == "Active", 5.0, "it is not open")
            phone.press_button(interface_address(chosen))
            phone.wait_connected()
            assert phone.status()["ssid"] == ssid
            wait_until(lambda: hostapd.push_button_status != "Active", 5.0, "hostapd stays open")
            scene.wait_session("success")
            assert len(scene.events("push_button_started")) == 1
            assert [event["reason"] for event in scene.events("push_button_ended")] == ["succeeded"]


def test_auto_takes_hostapds_where_it_answers_and_ours_where_it_does_not() -> None:
    own = 'ssid = "ours"\npassphrase = "our own passphrase"\nbackend = "auto"\n'
    config = "".join(f'[[access_point]]\ninterface = "{name}"\n{own}' for name in (FIRST, SECOND))
    with HostapdOwner(FIRST), scene_of(config) as scene:
        for interface in (FIRST, SECOND):
            scene.wait_network("enabled", interface)
        assert [(one["interface"], one["backend"], one["reason"]) for one in scene.report()["backends"]] == [
            (FIRST, "hostapd", f"auto: hostapd answers on /run/hostapd/{FIRST}"),
            (SECOND, "nl80211", f"auto: no hostapd is on /run/hostapd/{SECOND}, so the radio is ours"),
        ]
        assert scene.access_point(FIRST)["ssid"] == "theirs"
        assert scene.access_point(SECOND)["ssid"] == "ours"
        doctor = scene.agent.command("doctor", timeout=60.0).stdout
        assert f"hostapd answers on /run/hostapd/{FIRST}" in doctor
