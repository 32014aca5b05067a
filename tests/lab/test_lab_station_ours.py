# SPDX-License-Identifier: BSD-3-Clause
"""A station of ours and access points of ours, each with an agent of its own: overlap, two radios, PINs and M2D."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from tests.lab.network import NetNamespace
from tests.lab.our_station import CONFIG, NETWORKS, PIN, WRONG_FIRST_HALF, WRONG_SECOND_HALF, state_of
from tests.lab.peers import Agent, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 400.0}

PASSPHRASE = "a secret passphrase"
OVERLAP, WRONG_PIN = 4, 5


def access_point(interface: str, ssid: str, channel: int = 1) -> str:
    lines = (f'interface = "{interface}"', f'ssid = "{ssid}"', f'passphrase = "{PASSPHRASE}"', f"channel = {channel}")
    return "\n".join(("[[access_point]]", *lines, ""))


def device(name: str, *access_points: str) -> str:
    """The configuration of an agent with access points."""
    return "\n".join(("[agent]", f'node = "{name}"', f'control_socket = "/run/{name}/control"', *access_points))


@dataclass
class Scene:
    """The station's agent, and those of the access points, in a namespace of their own."""

    station: Agent
    devices: list[Agent]

    def press_all(self) -> None:
        for agent in self.devices:
            agent.control.expect_ok("WPS_PBC")

    def wps(self) -> dict[str, Any]:
        """What AGENT_STATUS says of the station's last WPS run."""
        wps: dict[str, Any] = state_of(self.station)["wps"]
        return wps

    def assert_connected(self, ssid: str, timeout: float = 60.0) -> None:
        self.station.control.wait_event("CTRL-EVENT-CONNECTED", timeout)
        status = self.station.control.values("STATUS")
        assert (status["wpa_state"], status["ssid"], status["key_mgmt"]) == ("COMPLETED", ssid, "WPA2-PSK")
        assert f'psk="{PASSPHRASE}"' in NETWORKS.read_text()


@contextmanager
def scene_of(*configs: str) -> Iterator[Scene]:
    NETWORKS.unlink(missing_ok=True)
    with ExitStack() as stack:
        namespace = stack.enter_context(NetNamespace("upstream"))
        for interface in ("wlan1", "wlan2"):
            namespace.take_radio(interface)
        devices = [stack.enter_context(Agent(config, namespace=namespace)) for config in configs]
        station = stack.enter_context(Agent(CONFIG))
        station.control.read_events()  # attached from here on
        yield Scene(station, devices)
        for agent in (station, *devices):
            assert PASSPHRASE not in agent.log


def two_devices() -> tuple[str, str]:
    return device("first", access_point("wlan1", "first")), device("second", access_point("wlan2", "second", 11))


def test_two_devices_with_their_buttons_pressed_are_an_overlap() -> None:
    with scene_of(*two_devices()) as scene:
        scene.press_all()
        done = scene.station.command("join", "--wait", timeout=60.0)
        assert done.returncode == OVERLAP
        assert "more than one access point is in push-button mode" in done.stderr
        assert not NETWORKS.exists()
        scene.devices[0].control.expect_ok("WPS_CANCEL")
        assert scene.station.command("join", "--wait", timeout=60.0).returncode == 0
        scene.assert_connected("second")


def test_two_radios_of_one_device_are_no_overlap() -> None:
    with scene_of(device("both", access_point("wlan1", "both"), access_point("wlan2", "both", 11))) as scene:
        scene.press_all()
        done = scene.station.command("join", "--wait", timeout=60.0)
        assert done.returncode == 0, done.stderr
        scene.assert_connected("both")


def test_the_pin_is_found_where_it_was_entered_after_the_first_m2d() -> None:
    with scene_of(*two_devices()) as scene:
        pin = scene.station.control.request("WPS_PIN any")
        scene.station.control.wait_event("WPS-M2D", 60.0)
        assert scene.wps()["result"] == "active"
        scene.devices[1].control.request(f"WPS_PIN any {pin}")
        scene.assert_connected("second", 100.0)
        assert scene.wps() == {"method": "pin", "result": "success", "cause": "none", "reason": None}


@pytest.mark.parametrize(("wrong", "half"), [(WRONG_FIRST_HALF, "first"), (WRONG_SECOND_HALF, "second")])
def test_both_sides_tell_that_the_pin_is_wrong(wrong: str, half: str) -> None:
    with scene_of(two_devices()[0]) as scene:
        scene.devices[0].control.request(f"WPS_PIN any {PIN}")
        done = scene.station.command("join", "--pin", wrong, "--wait", timeout=90.0)
        assert (done.returncode, done.stderr) == (WRONG_PIN, f"wps-agent: the PIN is wrong (its {half} half)\n")
        scene.devices[0].control.wait_event("WPS-FAIL", 5.0)
        assert not NETWORKS.exists()


@pytest.mark.parametrize("step", ["CTRL-EVENT-SCAN-RESULTS", "Trying to associate"])
def test_a_station_that_gives_up_in_the_middle_leaves_the_access_point_ready_for_the_next(step: str) -> None:
    """Once EAP has begun it is over before a command arrives; tests/pairs cancels at every message of it."""
    with scene_of(two_devices()[0]) as scene:
        scene.press_all()
        scene.station.control.expect_ok("WPS_PBC")
        scene.station.control.wait_event(step, 30.0)
        scene.station.control.expect_ok("WPS_CANCEL")
        scene.station.control.wait_event("WPS-CANCEL", 1.0)
        wait_until(lambda: scene.wps()["result"] == "cancelled", 1.0, "not cancelled")
        scene.press_all()
        scene.station.control.expect_ok("WPS_PBC")
        scene.assert_connected("first")
