# SPDX-License-Identifier: BSD-3-Clause
"""An access point under attack, over the air: it serves its stations, does not grow, and does not fall."""

import re
import signal
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.attacker import ATTACKS, Attack, Attacker, Target, garbled_frames, newcomers, strangers_data
from tests.lab.network import NetNamespace, interface_address, run, set_address
from tests.lab.peers import Agent, WpaSupplicant, wait_until

from wpsagent.octets import MacAddress, Ssid

LAB = {"radios": 3, "time_limit": 240.0}

PASSPHRASE = "correct horse battery"
SSID = "wps-agent lab"
GROWTH_LIMIT_KIB = 4096
PIN = "12345670"

CONFIG = f"""
[[access_point]]
interface = "wlan0"
ssid = "{SSID}"
passphrase = "{PASSPHRASE}"
channel = 1
max_stations = 128
"""


@dataclass(frozen=True, slots=True)
class Scene:
    agent: Agent
    station: WpaSupplicant
    namespace: NetNamespace

    def attacker(self, attacks: Sequence[Attack], seed: int) -> Attacker:
        target = Target(MacAddress.parse(interface_address("wlan0")), Ssid(SSID.encode()))
        return Attacker("wlan2", target, attacks, seed)

    @property
    def memory_kib(self) -> int:
        """What the agent has resident."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.agent.pid}/status").read_text())
        assert found is not None
        return int(found[1])

    @staticmethod
    def stations_of_the_kernel() -> str:
        return run("iw", "dev", "wlan0", "station", "dump")

    def wait_served(self, attacker: Attacker, frames: int) -> None:
        """Until so many frames have been sent, and the agent still answers."""
        wait_until(lambda: attacker.sent >= frames, 60.0, lambda: f"only {attacker.sent} frames sent", 0.2)
        assert self.agent.control.request("PING") == "PONG"

    def assert_unhurt(self) -> None:
        assert self.agent.is_running
        assert "Traceback" not in self.agent.log
        assert " ERROR " not in self.agent.log


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with NetNamespace("station") as namespace, Agent(CONFIG) as agent:
        namespace.take_radio("wlan1")
        set_address("wlan0", "10.9.0.1/24")
        agent.control.read_events()  # attached from here on
        with WpaSupplicant("wlan1", config="config_methods=display keypad", namespace=namespace) as station:
            namespace.set_address("wlan1", "10.9.0.2/24")
            yield Scene(agent, station, namespace)


def test_a_station_enrols_by_push_button_under_attack_and_stays(scene: Scene) -> None:
    """By strangers of whom none presses a button: that would be an overlap."""
    agent, station = scene.agent, scene.station
    with scene.attacker((newcomers, garbled_frames, strangers_data), seed=1) as attacker:
        scene.wait_served(attacker, 500)
        wait_until(lambda: "Station 06:" in scene.stations_of_the_kernel(), 20.0, "the attack does not come through")
        agent.control.expect_ok("WPS_PBC")
        station.press_button()
        station.wait_connected(60.0)
        assert f'psk="{PASSPHRASE}"' in station.saved_config
        assert scene.namespace.can_ping("10.9.0.1", count=5, deadline=20)
        station.control.forget_events()
        scene.wait_served(attacker, attacker.sent + 500)
    assert not station.control.has_event("CTRL-EVENT-DISCONNECTED")
    scene.assert_unhurt()


def test_a_station_enrols_by_pin_under_every_attack(scene: Scene) -> None:
    agent, station = scene.agent, scene.station
    station.control.expect_ok("REMOVE_NETWORK all")
    with scene.attacker(ATTACKS, seed=2) as attacker:
        scene.wait_served(attacker, 500)
        agent.control.expect_ok(f"WPS_PIN any {PIN}")
        station.control.request(f"WPS_PIN any {PIN}")
        station.wait_connected(90.0)
        assert scene.namespace.can_ping("10.9.0.1", count=5, deadline=20)
    scene.assert_unhurt()


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: str(attack.__name__))
def test_memory_is_bounded_under(scene: Scene, attack: Attack) -> None:
    """The first frames may fill what is bounded; the others must not add to it."""
    with scene.attacker([attack], seed=3) as attacker:
        scene.wait_served(attacker, 500)
        before = scene.memory_kib
        scene.wait_served(attacker, 2000)
        after = scene.memory_kib
    assert after - before < GROWTH_LIMIT_KIB, f"{before} KiB before, {after} KiB after"
    assert scene.namespace.can_ping("10.9.0.1", count=1, deadline=20)
    scene.assert_unhurt()


def test_frames_that_overflow_while_the_agent_is_held_up_do_not_cost_the_access_point(scene: Scene) -> None:
    """The kernel drops what does not fit its buffer, answers to our own commands among it."""
    agent, station = scene.agent, scene.station
    station.control.forget_events()
    with scene.attacker([newcomers, strangers_data], seed=5) as attacker:
        agent.process.send_signal(signal.SIGSTOP)
        held_up_at = attacker.sent
        wait_until(lambda: attacker.sent > held_up_at + 2500, 60.0, "no flood", 0.2)
        agent.process.send_signal(signal.SIGCONT)
        for _ in range(3):
            agent.control.expect_ok(f"WPS_PIN any {PIN}")  # renews the beacon
            agent.control.expect_ok("WPS_CANCEL")
        agent.wait_log("the kernel dropped nl80211 messages", 20.0)
    assert "radio lost" not in agent.log
    assert not station.control.has_event("CTRL-EVENT-DISCONNECTED")
    assert scene.namespace.can_ping("10.9.0.1", count=1, deadline=20)
    scene.assert_unhurt()


def test_under_attack_the_agent_ends_in_time_and_says_goodbye(scene: Scene) -> None:
    with scene.attacker(ATTACKS, seed=4) as attacker:
        scene.wait_served(attacker, 500)
        scene.station.control.forget_events()
        started = time.monotonic()
        assert scene.agent.stop() == 0
        assert time.monotonic() - started < 10.0
        scene.station.control.wait_event("CTRL-EVENT-DISCONNECTED", 5.0)
    assert "Traceback" not in scene.agent.log
