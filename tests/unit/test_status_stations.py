# SPDX-License-Identifier: BSD-3-Clause
"""Stations on the status board: LED, MQTT state and event, control events in wpa_supplicant's words."""

from typing import Any

import pytest

from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status.board import ControlEvent, StatusBoard
from wpsagent.status.model import Network

AP = MacAddress.parse("02:00:00:00:00:01")
METHOD, RESULT = s.StationMethod, s.StationWpsResult
WALL = 1_000_000.0


def board(networks: tuple[Network, ...] = ()) -> StatusBoard:
    made = StatusBoard("node", "1", networks, 300.0, 120.0, stations=["wlan1"])
    made.apply(e.AgentStarted(), 0.0, WALL)
    return made


def station(status: StatusBoard) -> dict[str, Any]:
    (found,) = status.state(0.0, WALL)["stations"]
    assert isinstance(found, dict)
    return found


def test_a_station_begins_comes_up_joins_and_leaves() -> None:
    status = board()
    assert station(status) == {
        "interface": "wlan1",
        "state": "starting",
        "reason": None,
        "ssid": None,
        "bssid": None,
        "networks": 0,
        "wps": None,
    }
    update = status.apply(s.StationStarted("wlan1", 2), 1.0, WALL)
    assert update.event == {
        "event_type": "station_started",
        "at": "1970-01-12T13:46:40Z",
        "interface": "wlan1",
        "networks": 2,
    }
    assert (station(status)["state"], station(status)["networks"]) == ("disconnected", 2)
    update = status.apply(s.Joined("wlan1", AP, Ssid(b"caf\xc3\xa9"), 3, "home"), 2.0, WALL)
    assert update.control_events == (
        ControlEvent("CTRL-EVENT-CONNECTED - Connection to 02:00:00:00:00:01 completed [id=3 id_str=home]", "wlan1", 3),
    )
    assert update.event is not None
    assert (update.event["event_type"], update.event["ssid"], update.event["bssid"]) == (
        "network_joined",
        "café",
        "02:00:00:00:00:01",
    )
    found = station(status)
    assert (found["state"], found["ssid"], found["bssid"]) == ("connected", "café", "02:00:00:00:00:01")
    update = status.apply(s.Left("wlan1", AP, 3, True, "asked to"), 3.0, WALL)
    assert [event.text for event in update.control_events] == [
        "CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:01 reason=3 locally_generated=1"
    ]
    assert update.event is not None
    assert (update.event["reason_code"], update.event["reason"]) == (3, "asked to")
    found = station(status)
    assert (found["state"], found["ssid"], found["bssid"], found["networks"]) == ("disconnected", None, None, 2)


def test_who_was_sent_away_did_not_go_by_itself() -> None:
    update = board().apply(s.Left("wlan1", AP, 7, False), 3.0, WALL)
    assert update.control_events[0].text == "CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:01 reason=7"


@pytest.mark.parametrize(
    ("event", "state", "name"),
    [
        (s.StationFailed("wlan1", "no radio"), "failed", "station_failed"),
        (s.StationLost("wlan1", "no radio"), "lost", "station_lost"),
    ],
)
def test_a_station_without_a_radio_is_an_error_until_it_is_back(
    event: s.StationFailed | s.StationLost, state: str, name: str
) -> None:
    status = board()
    status.apply(s.Joined("wlan1", AP, Ssid(b"home"), 0), 1.0, WALL)
    update = status.apply(event, 2.0, WALL)
    assert update.pattern == "error"
    assert update.event is not None
    assert (update.event["event_type"], update.event["reason"]) == (name, "no radio")
    found = station(status)
    assert (found["state"], found["reason"], found["ssid"]) == (state, "no radio", None)
    status.apply(s.Left("wlan1", AP, 1, True), 2.0, WALL)
    assert station(status)["state"] == state
    assert status.apply(s.StationStarted("wlan1", 1), 3.0, WALL).pattern == "idle"
    assert station(status)["reason"] is None


def test_networks_that_are_not_saved_are_told() -> None:
    status = board()
    assert status.apply(s.NetworksKnown("wlan1", 5), 1.0, WALL).event is None
    assert station(status)["networks"] == 5
    update = status.apply(s.NetworksNotSaved("wlan1", "disk full"), 1.0, WALL)
    assert update.event is not None
    assert (update.event["event_type"], update.event["reason"]) == ("networks_not_saved", "disk full")
    assert (station(status)["reason"], station(status)["state"]) == ("disk full", "starting")


def test_stations_that_are_not_ours_change_nothing() -> None:
    status = board()
    before = station(status)
    status.apply(s.StationLost("wlan9", "gone"), 1.0, WALL)
    assert station(status) == before
    assert status.pattern == "idle"


@pytest.mark.parametrize(
    ("method", "texts", "name"),
    [
        (METHOD.PUSH_BUTTON, ["WPS-PBC-ACTIVE "], "push_button"),
        (METHOD.PIN, ["WPS-PIN-ACTIVE "], "pin"),
        (METHOD.AP_PIN, [], "ap_pin"),
    ],
)
def test_a_run_is_shown_with_the_time_left(method: s.StationMethod, texts: list[str], name: str) -> None:
    status = board()
    update = status.apply(s.StationWpsStarted("wlan1", method, 130.0), 10.0, WALL)
    assert [event.text for event in update.control_events] == texts
    assert update.pattern == "in_progress"
    assert update.event is not None
    assert (update.event["event_type"], update.event["method"]) == ("station_wps_started", name)
    assert update.state is not None
    assert {key: update.state[key] for key in ("state", "method", "group", "seconds_left", "ends_at")} == {
        "state": "active",
        "method": name,
        "group": "wlan1",
        "seconds_left": 120,
        "ends_at": "1970-01-12T13:48:40Z",
    }
    assert station(status)["wps"] == {"method": name, "result": "active", "cause": "none", "reason": None}


@pytest.mark.parametrize(
    ("result", "texts", "pattern", "state", "shown"),
    [
        (RESULT.SUCCEEDED, ["WPS-PBC-DISABLE "], "success", "success", 300.0),
        (
            RESULT.TIMED_OUT,
            ["WPS-TIMEOUT Requested operation timed out", "WPS-PBC-DISABLE "],
            "error",
            "timeout",
            120.0,
        ),
        (RESULT.CANCELLED, ["WPS-CANCEL ", "WPS-PBC-DISABLE "], "idle", "cancelled", 5.0),
        (
            RESULT.OVERLAP,
            ["WPS-OVERLAP-DETECTED PBC session overlap", "WPS-PBC-DISABLE "],
            "overlap",
            "overlap",
            120.0,
        ),
        (RESULT.FAILED, ["WPS-PBC-DISABLE "], "error", "error", 120.0),
    ],
)
def test_every_end_of_a_run_is_shown_for_its_time(
    result: s.StationWpsResult, texts: list[str], pattern: str, state: str, shown: float
) -> None:
    status = board()
    status.apply(s.StationWpsStarted("wlan1", METHOD.PUSH_BUTTON, 130.0), 10.0, WALL)
    update = status.apply(s.StationWpsEnded("wlan1", METHOD.PUSH_BUTTON, result, "why", "because"), 20.0, WALL)
    assert [event.text for event in update.control_events] == texts
    assert update.pattern == pattern
    assert update.event is not None
    assert {key: update.event[key] for key in ("interface", "method", "result", "cause", "reason")} == {
        "interface": "wlan1",
        "method": "push_button",
        "result": result.value,
        "cause": "why",
        "reason": "because",
    }
    assert update.state is not None
    assert update.state["state"] == state
    assert update.state["last_result"] == {
        "result": result.value,
        "method": "push_button",
        "reason": "because",
        "station": None,
        "device_name": None,
        "at": "1970-01-12T13:46:40Z",
    }
    assert status.deadline == 20.0 + shown
    assert status.handle_timer(20.0 + shown, WALL).pattern == "idle"
    assert station(status)["wps"] == {
        "method": "push_button",
        "result": result.value,
        "cause": "why",
        "reason": "because",
    }


def test_a_pin_that_let_us_in_ends_without_a_word_of_buttons() -> None:
    update = board().apply(s.StationWpsEnded("wlan1", METHOD.PIN, RESULT.SUCCEEDED), 1.0, WALL)
    assert update.control_events == ()
    assert update.state is not None
    assert update.state["last_result"]["reason"] is None


def test_a_press_that_cannot_be_is_an_error() -> None:
    status = board()
    update = status.apply(s.StationWpsRefused("wlan1", "wlan1 is down"), 1.0, WALL)
    assert update.pattern == "error"
    assert update.state is not None
    assert update.state["last_result"]["result"] == "refused"
    assert status.deadline == 121.0


def test_a_signal_is_for_control_clients_alone() -> None:
    update = board().apply(s.StationSignal("wlan1", "WPS-CRED-RECEIVED 100e", 2), 1.0, WALL)
    assert update.control_events == (ControlEvent("WPS-CRED-RECEIVED 100e", "wlan1", 2),)
    assert (update.event, update.state) == (None, None)
    assert "100e" not in repr(s.StationSignal("wlan1", "WPS-CRED-RECEIVED 100e"))


def test_the_end_of_the_agent_ends_what_is_shown_of_a_station() -> None:
    status = board((Network("wlan0", "main", Ssid(b"home"), 6),))
    status.apply(s.StationWpsStarted("wlan1", METHOD.PIN, 130.0), 10.0, WALL)
    assert status.apply(e.AgentStopping(), 11.0, WALL).pattern == "idle"
