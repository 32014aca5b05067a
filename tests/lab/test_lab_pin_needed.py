# SPDX-License-Identifier: BSD-3-Clause
"""Devices that need a PIN: who hears of it, in which words; PINs for one device alone, and for a while."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.network import NetNamespace
from tests.lab.peers import Agent, WpaSupplicant, new_folder, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 240.0}

PASSPHRASE = "correct horse battery"
PIN, OTHER_PIN = "12345670", "87654325"

# A name that would break a line, a field and a terminal if it were shown as it is.
DEVICE = """
config_methods=display keypad
device_name=Lap|top
manufacturer=Maker
model_name=Model
model_number=42
serial_number=0815
device_type=1-0050F204-1
"""


@dataclass
class Scene:
    agent: Agent
    station: WpaSupplicant
    other: WpaSupplicant
    requests: Path

    def pending(self) -> list[dict[str, str]]:
        return list(json.loads(self.agent.command("status", "--json").stdout)["pending_pins"])

    def identity(self, station: WpaSupplicant) -> tuple[str, str]:
        status = station.status()
        return status["uuid"], status["address"]


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    folder = new_folder("state")
    requests = folder / "pins"
    config = f"""
[agent]
node = "lab"
log_level = "debug"
state_directory = "{folder}"
[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1
pin_requests = "{requests}"
"""
    with NetNamespace("one") as one, NetNamespace("two") as two, Agent(config) as agent:
        one.take_radio("wlan1")
        two.take_radio("wlan2")
        agent.control.read_events()
        with (
            WpaSupplicant("wlan1", config=DEVICE, namespace=one) as station,
            WpaSupplicant("wlan2", config="config_methods=display keypad", namespace=two) as other,
        ):
            yield Scene(agent, station, other, requests)


@pytest.fixture(autouse=True)
def clean(scene: Scene) -> Iterator[None]:
    yield
    for station in (scene.station, scene.other):
        station.control.expect_ok("WPS_CANCEL")
        station.control.expect_ok("REMOVE_NETWORK all")
        station.control.expect_ok("BSS_FLUSH 0")
        station.control.forget_events()
    scene.agent.control.expect_ok("WPS_CANCEL")
    scene.agent.control.forget_events()


def test_a_device_that_needs_a_pin_is_told_listed_and_noted_until_it_is_entered(scene: Scene) -> None:
    uuid, address = scene.identity(scene.station)
    pin = scene.station.control.request("WPS_PIN any")
    needed = scene.agent.control.wait_event("WPS-PIN-NEEDED", 60.0).text
    assert needed == f"WPS-PIN-NEEDED {uuid} {address} [Lap_top|Maker|Model|42|0815|1-0050F204-1]"
    assert [(entry["uuid"], entry["station"]) for entry in scene.pending()] == [(uuid, address)]
    line = scene.requests.read_text().splitlines()[0]
    assert line.split("\t")[1:] == [uuid, address, "Lap_top", "Maker", "Model", "42", "0815", "1-0050F204-1"]
    assert line.split("\t")[0].isdigit()
    assert scene.requests.stat().st_mode & 0o777 == 0o600
    scene.agent.control.expect_ok(f"WPS_PIN {uuid} {pin}")
    assert scene.pending() == []
    scene.station.wait_connected(60.0)
    assert scene.agent.control.wait_event("WPS-REG-SUCCESS").text == f"WPS-REG-SUCCESS {address} {uuid}"


def test_a_pin_by_uuid_is_for_that_device_and_for_no_other(scene: Scene) -> None:
    uuid, address = scene.identity(scene.station)
    other_uuid, _ = scene.identity(scene.other)
    scene.agent.control.expect_ok(f"WPS_PIN {uuid} {PIN}")
    scene.agent.control.expect_ok(f"WPS_PIN {other_uuid} {OTHER_PIN}")
    assert scene.other.control.request(f"WPS_PIN any {PIN}") == PIN  # the other one has been told this PIN, too
    assert scene.other.control.wait_event("WPS-FAIL", 60.0).text.endswith("config_error=18")
    assert scene.station.control.request(f"WPS_PIN any {PIN}") == PIN
    scene.station.wait_connected(60.0)
    assert scene.agent.control.wait_event("WPS-REG-SUCCESS").text == f"WPS-REG-SUCCESS {address} {uuid}"


def test_a_pin_by_address_names_that_device_to_all_who_listen(scene: Scene) -> None:
    uuid, address = scene.identity(scene.station)
    scene.agent.control.expect_ok(f"WPS_PIN any {PIN} 0 {address}")
    assert scene.station.control.request(f"WPS_PIN any {PIN}") == PIN
    scene.station.wait_connected(60.0)
    assert scene.station.control.has_event("WPS-AP-AVAILABLE-AUTH")
    assert scene.agent.control.wait_event("WPS-REG-SUCCESS").text == f"WPS-REG-SUCCESS {address} {uuid}"


def test_a_pin_by_uuid_expires(scene: Scene) -> None:
    uuid, _ = scene.identity(scene.station)
    scene.agent.control.expect_ok(f"WPS_PIN {uuid} {PIN} 2")
    scene.agent.control.watch(3.0)
    assert scene.station.control.request(f"WPS_PIN any {PIN}") == PIN
    scene.agent.control.wait_event("WPS-PIN-NEEDED", 60.0)
    assert not scene.station.control.has_event("WPS-SUCCESS")


def test_a_pending_device_is_forgotten_after_a_while(scene: Scene) -> None:
    scene.station.control.request("WPS_PIN any")
    scene.agent.control.wait_event("WPS-PIN-NEEDED", 60.0)
    scene.station.control.expect_ok("WPS_CANCEL")
    assert len(scene.pending()) == 1
    scene.agent.control.watch(310.0)
    wait_until(lambda: scene.pending() == [], 30.0, "still pending", interval=5.0)
