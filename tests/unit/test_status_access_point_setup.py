# SPDX-License-Identifier: BSD-3-Clause
"""The set-up of an access point as it is told: lock, PIN, new settings; the key to control clients alone."""

import json
from typing import Any

import pytest

from wpsagent.daemon.reporting import describe
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import Network, StatusBoard, Update
from wpsagent.status import events as e

TOLD = "100e0010"
STATION = MacAddress.parse("02:00:00:00:01:00")


class Bench:
    def __init__(self) -> None:
        self.board = StatusBoard("hall", "1.0", [Network("wlan0", "main", Ssid(b"home"), 6)])

    def __call__(self, event: e.AgentEvent) -> Update:
        return self.board.apply(event, 1000.0, 1_795_336_200.0)

    def network(self) -> dict[str, Any]:
        (network,) = self.board.state(1000.0, 1_795_336_200.0)["access_points"]
        return dict(network)


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (e.SetupLocked("wlan0", 1060.0), "WPS-AP-SETUP-LOCKED "),
        (e.SetupUnlocked("wlan0"), "WPS-AP-SETUP-UNLOCKED "),
        (e.ApPinDisabled("wlan0"), "WPS-AP-PIN-DISABLED "),
        (e.NetworkChanged("wlan0", Ssid(b"new"), TOLD), f"WPS-NEW-AP-SETTINGS {TOLD}"),
        (e.NetworkChanged("wlan0", Ssid(b"new")), "WPS-NEW-AP-SETTINGS "),
        (e.NetworkRead("wlan0", STATION), "WPS-FAIL msg=11 config_error=0"),
        (e.RegistrarSucceeded("wlan0", STATION), "WPS-SUCCESS "),
        (e.AccessPointStopped("wlan0"), "AP-DISABLED "),
        (e.SettingsNotSaved("wlan0", "disk full"), None),
        (e.SettingsDropped("wlan0", "edited"), None),
    ],
)
def test_control_clients_are_told_in_hostapd_s_words(event: e.AgentEvent, text: str | None) -> None:
    told = [(line.text, line.interface) for line in Bench()(event).control_events]
    assert told == ([] if text is None else [(text, "wlan0")])


def test_the_key_of_new_settings_goes_to_control_clients_alone() -> None:
    event = e.NetworkChanged("wlan0", Ssid(b"new"), TOLD)
    update = Bench()(event)
    assert update.event == {
        "event_type": "network_changed",
        "at": "2026-11-22T08:30:00Z",
        "interface": "wlan0",
        "ssid": "new",
    }
    assert TOLD not in json.dumps(update.state)
    assert TOLD not in describe(event)
    assert TOLD not in repr(event)


def test_a_lock_is_part_of_the_state_until_it_ends() -> None:
    bench = Bench()
    assert bench.network()["setup_locked"] is False
    update = bench(e.SetupLocked("wlan0", 1060.0))
    assert update.event is not None
    assert update.event["is_for_good"] is False
    assert bench.network()["setup_locked"] is True
    assert bench(e.SetupUnlocked("wlan0")).state is not None
    assert bench.network()["setup_locked"] is False
    update = bench(e.SetupLocked("wlan0"))
    assert update.event is not None
    assert update.event["is_for_good"] is True


def test_a_lock_of_an_unknown_network_changes_nothing() -> None:
    bench = Bench()
    bench(e.SetupLocked("wlan9"))
    bench(e.SetupUnlocked("wlan9"))
    assert bench.network()["setup_locked"] is False


def test_a_network_that_was_taken_down_is_disabled_and_no_error() -> None:
    bench = Bench()
    bench(e.AccessPointStarted("wlan0", Ssid(b"home"), 6, 2437))
    assert bench(e.AccessPointStopped("wlan0")).pattern == "idle"
    assert bench.network()["state"] == "disabled"


def test_a_network_with_a_new_name_is_shown_with_it() -> None:
    bench = Bench()
    bench(e.NetworkChanged("wlan0", Ssid(b"new")))
    bench(e.AccessPointStarted("wlan0", Ssid(b"new"), 6, 2437))
    assert bench.network()["ssid"] == "new"
