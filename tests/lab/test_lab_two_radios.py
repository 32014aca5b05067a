# SPDX-License-Identifier: BSD-3-Clause
"""Several networks in one agent: two radios, a third network created on the first; one press for all or for some."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from tests.lab.network import NetNamespace, interface_address
from tests.lab.peers import Agent, WpaSupplicant, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 180.0}

INTERFACES = ("wlan0", "extra", "wlan1")


def config(*groups: str) -> str:
    """Networks on channel 1, once more on channel 1 of the same radio, and on channel 6 of another."""
    places = (("wlan0", "", 1), ("extra", 'create_on = "wlan0"', 1), ("wlan1", "", 6))
    return "\n".join(
        f"""
[[access_point]]
interface = "{interface}"
{create_on}
ssid = "network {interface}"
passphrase = "passphrase of {interface}"
channel = {channel}
button_group = "{group}"
"""
        for (interface, create_on, channel), group in zip(places, groups, strict=True)
    )


@pytest.fixture
def station() -> Iterator[WpaSupplicant]:
    with NetNamespace("station") as namespace:
        namespace.take_radio("wlan2")
        with WpaSupplicant("wlan2", namespace=namespace) as station:
            yield station


@contextmanager
def agent(*groups: str) -> Iterator[Agent]:
    with Agent(config(*groups)) as running:
        running.control.read_events()  # attached from here on
        yield running


def in_push_button_mode(station: WpaSupplicant) -> set[str]:
    """The interfaces of ours whose probe responses say that the button has been pressed; all must be heard."""
    names = {interface_address(interface): interface for interface in INTERFACES}
    station.control.expect_ok("SCAN freq=2412,2437 only_new=1")
    station.control.wait_event("CTRL-EVENT-SCAN-RESULTS", 10.0)
    seen = [line.split("\t") for line in station.control.request("SCAN_RESULTS").splitlines()[1:]]
    assert {line[0] for line in seen} == set(names)
    return {names[line[0]] for line in seen if "[WPS-PBC]" in line[3]}


def press(running: Agent, *target: str) -> None:
    done = running.command("pbc", *target)
    assert done.returncode == 0, done.stderr


def assert_joined(running: Agent, station: WpaSupplicant, among: Sequence[str]) -> None:
    """The station is on one of these networks, with that network's passphrase, and the agent says so."""
    station.wait_connected(30.0)
    assert not station.control.has_event("WPS-OVERLAP-DETECTED")
    interface = station.status()["ssid"].removeprefix("network ")
    assert interface in among
    assert station.status()["bssid"] == interface_address(interface)
    assert f'psk="passphrase of {interface}"' in station.saved_config
    report = json.loads(running.control.request("AGENT_STATUS"))
    stations = {network["interface"]: network["stations"] for network in report["access_points"]}
    assert stations == {name: [station.status()["address"]] if name == interface else [] for name in INTERFACES}


def test_one_press_opens_all_networks_and_one_device_closes_them(station: WpaSupplicant) -> None:
    with agent("main", "main", "main") as running:
        assert len({interface_address(interface) for interface in INTERFACES}) == 3
        press(running)
        active = {running.control.wait_event("WPS-PBC-ACTIVE", 5.0).interface for _ in INTERFACES}
        assert active == set(INTERFACES)
        assert in_push_button_mode(station) == set(INTERFACES)
        station.press_button()
        assert_joined(running, station, INTERFACES)
        ended = {running.control.wait_event("WPS-PBC-DISABLE", 5.0).interface for _ in INTERFACES}
        assert ended == set(INTERFACES)
        assert in_push_button_mode(station) == set()


def test_a_device_that_names_a_network_gets_that_one(station: WpaSupplicant) -> None:
    with agent("main", "main", "main") as running:
        press(running)
        station.press_button(interface_address("extra"))
        assert_joined(running, station, ["extra"])


def test_a_press_for_a_group_opens_its_networks_only(station: WpaSupplicant) -> None:
    with agent("home", "guests", "guests") as running:
        press(running, "guests")
        assert in_push_button_mode(station) == {"extra", "wlan1"}
        station.press_button()
        assert_joined(running, station, ["extra", "wlan1"])
        press(running, "wlan0")
        assert in_push_button_mode(station) == {"wlan0"}


def test_a_press_for_all_groups_is_one_press_for_one_device(station: WpaSupplicant) -> None:
    with agent("home", "guests", "guests") as running:
        press(running)
        assert in_push_button_mode(station) == set(INTERFACES)
        station.press_button()
        assert_joined(running, station, INTERFACES)
        wait_until(lambda: in_push_button_mode(station) == set(), 5.0, "a network is still open")
