# SPDX-License-Identifier: BSD-3-Clause
"""The status board: every event → pattern, state, MQTT event, control events; results that fade; nothing secret."""

import dataclasses
import json
from typing import Any, get_args

import pytest

from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import ControlEvent, Network, SessionEndReason, StatusBoard, Update
from wpsagent.status import events as e
from wpsagent.status.board import _ROWS
from wpsagent.status.texts import CONFIGURATION_ERROR_WORDS
from wpsagent.wsc.device import PrimaryDeviceType, parse_uuid
from wpsagent.wsc.enumerations import ConfigMethods, ConfigurationError

WALL = 1_795_336_200.0  # 2026-11-22T08:30:00Z
STATION = MacAddress.parse("02:00:00:00:01:00")
UUID = parse_uuid("2b7093f1-d6fb-5108-adbb-bea66bb87333")
UUID_TEXT = "2b7093f1-d6fb-5108-adbb-bea66bb87333"
COMPUTER = PrimaryDeviceType(1, 1)

NETWORKS = (
    Network("wlan0", "main", Ssid(b"home"), 6),
    Network("wlan1", "main", Ssid(b"home5"), 36),
    Network("wlan2", "guests", Ssid("Gäste".encode()), 6),
)


class Bench:
    """A board with a clock: now is monotonic, and the wall clock runs beside it."""

    def __init__(self, *networks: Network) -> None:
        self.board = StatusBoard("hall", "1.0", networks or NETWORKS)
        self.now = 1000.0

    def __call__(self, event: e.AgentEvent) -> Update:
        return self.board.apply(event, self.now, WALL + self.now - 1000.0)

    def wait(self, seconds: float) -> Update:
        self.now += seconds
        return self.board.handle_timer(self.now, WALL + self.now - 1000.0)

    def state(self) -> dict[str, Any]:
        return self.board.state(self.now, WALL + self.now - 1000.0)


def texts(update: Update) -> list[tuple[str, str | None]]:
    assert all(event.level == 3 for event in update.control_events)
    return [(event.text, event.interface) for event in update.control_events]


def started(bench: Bench) -> Bench:
    """A board whose networks are all up."""
    bench(e.AgentStarting())
    for network in NETWORKS:
        bench(e.AccessPointStarted(network.interface, network.ssid, network.channel, 2437))
    bench(e.AgentStarted())
    return bench


def test_the_first_event_publishes_the_whole_state() -> None:
    update = Bench()(e.AgentStarting())
    assert update.pattern == "idle"
    assert update.event == {"event_type": "starting", "at": "2026-11-22T08:30:00Z"}
    assert update.state == {
        "node": "hall",
        "version": "1.0",
        "agent": "starting",
        "state": "idle",
        "method": None,
        "group": None,
        "ends_at": None,
        "seconds_left": None,
        "last_result": None,
        "stations": [],
        "commands": [],
        "pin_requests": [],
        "access_points": [
            {
                "interface": interface,
                "group": group,
                "ssid": ssid,
                "channel": channel,
                "follow": None,
                "state": "starting",
                "reason": None,
                "setup_locked": False,
                "stations": [],
            }
            for interface, group, ssid, channel in (
                ("wlan0", "main", "home", 6),
                ("wlan1", "main", "home5", 36),
                ("wlan2", "guests", "Gäste", 6),
            )
        ],
    }


def test_a_push_button_session_from_press_to_success() -> None:
    bench = started(Bench())
    pressed = bench(e.ButtonPressed("short", "gpio 17", ("main",)))
    assert pressed.event == {
        "event_type": "button_pressed",
        "at": "2026-11-22T08:30:00Z",
        "gesture": "short",
        "source": "gpio 17",
        "groups": ["main"],
    }
    assert pressed.state is None
    opened = bench(e.PushButtonStarted("main", bench.now + 120))
    assert opened.pattern == "in_progress"
    assert texts(opened) == [("WPS-PBC-ACTIVE ", "wlan0"), ("WPS-PBC-ACTIVE ", "wlan1")]
    assert opened.state is not None
    assert [opened.state[name] for name in ("agent", "state", "method", "group", "ends_at", "seconds_left")] == [
        *("running", "active", "push_button", "main", "2026-11-22T08:32:00Z", 120),
    ]
    bench.now += 10
    assert bench.state()["seconds_left"] == 110
    success = bench(e.EnrolmentSucceeded("main", STATION, UUID, "Pho\x1bne", "wlan0"))
    assert success.pattern == "success"
    assert texts(success) == [(f"WPS-REG-SUCCESS 02:00:00:00:01:00 {UUID_TEXT}", "wlan0")]
    assert success.event == {
        "event_type": "enrolment_succeeded",
        "at": "2026-11-22T08:30:10Z",
        "group": "main",
        "interface": "wlan0",
        "station": "02:00:00:00:01:00",
        "uuid": UUID_TEXT,
        "device_name": "Pho_ne",
    }
    ended = bench(e.PushButtonEnded("main", SessionEndReason.SUCCEEDED))
    assert texts(ended) == [
        ("WPS-PBC-DISABLE ", "wlan0"),
        ("WPS-SUCCESS ", "wlan0"),
        ("WPS-PBC-DISABLE ", "wlan1"),
        ("WPS-SUCCESS ", "wlan1"),
    ]
    assert ended.event == {
        "event_type": "push_button_ended",
        "at": "2026-11-22T08:30:10Z",
        "group": "main",
        "reason": "succeeded",
    }
    assert bench.state()["state"] == "success"
    assert bench.state()["last_result"] == {
        "result": "success",
        "method": "push_button",
        "reason": None,
        "station": "02:00:00:00:01:00",
        "device_name": "Pho_ne",
        "at": "2026-11-22T08:30:10Z",
    }


def test_a_success_is_shown_for_300_s_and_then_idle_again_but_remembered() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    bench(e.EnrolmentSucceeded("main", STATION, UUID))
    assert [bench.board.deadline] == [bench.now + 300]
    assert bench.wait(299.9).pattern == "success"
    update = bench.wait(0.1)
    assert update.pattern == "idle"
    assert update.event is None
    assert update.state is not None
    assert update.state["state"] == "idle"
    assert update.state["method"] is None
    assert update.state["last_result"]["result"] == "success"
    assert bench.board.deadline is None
    assert bench.wait(1).state is None


def test_the_end_of_a_session_alone_is_a_success_too_and_the_station_may_follow() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    assert bench(e.PushButtonEnded("main", SessionEndReason.SUCCEEDED)).pattern == "success"
    assert bench.state()["last_result"]["station"] is None
    bench(e.EnrolmentSucceeded("main", STATION, UUID))
    assert bench.state()["last_result"]["station"] == str(STATION)


def test_nobody_came_within_the_walk_time() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    bench.now += 120
    update = bench(e.PushButtonEnded("main", SessionEndReason.TIMED_OUT))
    assert update.pattern == "error"
    assert texts(update)[:2] == [("WPS-TIMEOUT ", "wlan0"), ("WPS-PBC-DISABLE ", "wlan0")]
    assert bench.state()["state"] == "timeout"
    assert bench.state()["seconds_left"] is None
    assert bench.state()["last_result"]["reason"] == "no device came within the time"
    assert bench.wait(119).pattern == "error"
    assert bench.wait(1).pattern == "idle"


def test_a_second_press_restarts_the_time() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    bench.now += 60
    update = bench(e.PushButtonStarted("main", bench.now + 120))
    assert update.state is not None
    assert (update.state["ends_at"], update.state["seconds_left"]) == ("2026-11-22T08:33:00Z", 120)


def test_a_cancelled_session_is_dark_at_once() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    assert texts(bench(e.CancelRequested("main"))) == [("WPS-CANCEL ", "wlan0"), ("WPS-CANCEL ", "wlan1")]
    update = bench(e.PushButtonEnded("main", SessionEndReason.CANCELLED))
    assert update.pattern == "idle"
    assert texts(update)[:2] == [("WPS-TIMEOUT ", "wlan0"), ("WPS-PBC-DISABLE ", "wlan0")]
    assert bench.state()["state"] == "cancelled"
    assert bench.wait(5).state is not None
    assert bench.state()["state"] == "idle"


def test_a_refused_press_shows_the_overlap() -> None:
    bench = started(Bench())
    update = bench(e.OverlapDetected("main"))
    assert update.pattern == "overlap"
    assert texts(update) == [("WPS-OVERLAP-DETECTED ", "wlan0"), ("WPS-OVERLAP-DETECTED ", "wlan1")]
    assert update.event == {"event_type": "overlap", "at": "2026-11-22T08:30:00Z", "group": "main"}
    assert bench.state()["state"] == "overlap"
    assert bench.state()["last_result"]["reason"] == "two devices were in push-button mode"
    assert bench.wait(120).pattern == "idle"


def test_an_overlap_outlasts_the_refusals_and_the_end_of_its_session() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    bench(e.OverlapDetected("main"))
    refused = bench(e.EnrolmentFailed("main", STATION, 4, ConfigurationError.MULTIPLE_PBC_DETECTED))
    assert refused.pattern == "overlap"
    bench.now += 100
    ended = bench(e.PushButtonEnded("main", SessionEndReason.TIMED_OUT))
    assert ended.pattern == "overlap"
    assert bench.state()["last_result"]["result"] == "overlap"
    assert bench.wait(119).pattern == "overlap"
    assert bench.wait(1).pattern == "idle"


def test_a_failed_run_leaves_the_session_open_and_makes_its_end_an_error() -> None:
    bench = started(Bench())
    bench(e.PinStarted("main", bench.now + 120))
    update = bench(
        e.EnrolmentFailed("main", STATION, 8, ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE, interface="wlan0")
    )
    assert update.pattern == "in_progress"
    assert texts(update) == [("WPS-FAIL msg=8 config_error=18", "wlan0")]
    assert update.event == {
        "event_type": "enrolment_failed",
        "at": "2026-11-22T08:30:00Z",
        "group": "main",
        "interface": "wlan0",
        "station": "02:00:00:00:01:00",
        "reason": "the PIN is wrong (its first half)",
        "configuration_error": 18,
    }
    assert bench.state()["last_result"]["reason"] == "the PIN is wrong (its first half)"
    ended = bench(e.PinEnded("main", SessionEndReason.TIMED_OUT))
    assert (ended.pattern, ended.control_events) == ("error", ())
    assert bench.state()["state"] == "error"
    assert bench.state()["last_result"]["reason"] == "the PIN is wrong (its first half)"


@pytest.mark.parametrize(
    ("message_type", "configuration_error", "words"),
    [
        (8, 18, "the PIN is wrong (its first half)"),
        (9, 18, "the PIN is wrong (its first half)"),
        (10, 18, "the PIN is wrong (its second half)"),
        (11, 18, "the PIN is wrong (its second half)"),
        (7, 18, "the PIN is wrong"),
        (8, 16, "a message was not answered in time"),
    ],
)
def test_a_wrong_pin_is_told_with_the_half_that_is_wrong(
    message_type: int, configuration_error: int, words: str
) -> None:
    event = Bench()(e.EnrolmentFailed("main", STATION, message_type, configuration_error)).event
    assert event is not None
    assert event["reason"] == words


def test_a_session_that_failed_for_good_is_an_error() -> None:
    bench = started(Bench())
    bench(e.PinStarted("main"))
    assert bench.state()["ends_at"] is None
    assert bench(e.PinEnded("main", SessionEndReason.FAILED)).pattern == "error"
    assert bench.state()["state"] == "error"


def test_a_failure_without_a_session_lights_nothing() -> None:
    bench = started(Bench())
    update = bench(e.EnrolmentFailed("main", None, 4, ConfigurationError.SETUP_LOCKED))
    assert update.pattern == "idle"
    assert bench.state()["last_result"]["reason"] == "setup is locked"
    assert bench.state()["last_result"]["station"] is None


def test_a_failure_of_an_earlier_session_does_not_spoil_the_next() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    bench(e.EnrolmentFailed("main", STATION, 8, 18))
    bench(e.PushButtonStarted("main", bench.now + 120))
    bench(e.PushButtonEnded("main", SessionEndReason.TIMED_OUT))
    assert bench.state()["state"] == "timeout"


@pytest.mark.parametrize("is_end_first", [True, False])
def test_a_pin_replaces_the_button_in_whichever_order_it_is_told(is_end_first: bool) -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    end, start = e.PushButtonEnded("main", SessionEndReason.REPLACED), e.PinStarted("main", bench.now + 120)
    for event in (end, start) if is_end_first else (start, end):
        bench(event)
    assert (bench.state()["state"], bench.state()["method"]) == ("active", "pin")
    assert texts(bench(e.PinEnded("main", SessionEndReason.SUCCEEDED))) == [
        ("WPS-SUCCESS ", "wlan0"),
        ("WPS-SUCCESS ", "wlan1"),
    ]


def test_a_success_without_a_session_says_so_itself() -> None:
    update = started(Bench())(e.EnrolmentSucceeded("main", STATION, UUID))
    assert texts(update) == [(f"WPS-REG-SUCCESS {STATION} {UUID_TEXT}", None), ("WPS-SUCCESS ", None)]
    assert update.pattern == "success"


def test_a_press_that_cannot_work_is_an_error_with_its_reason() -> None:
    bench = started(Bench())
    update = bench(e.PushButtonRefused("main", "the radio is gone"))
    assert update.pattern == "error"
    assert bench.state()["last_result"]["result"] == "refused"
    assert bench.state()["last_result"]["reason"] == "the radio is gone"


def test_groups_have_sessions_of_their_own_and_the_open_one_is_shown() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    bench(e.OverlapDetected("guests"))
    assert bench.state()["group"] == "main"
    assert bench.board.pattern == "in_progress"
    bench(e.EnrolmentSucceeded("main", STATION, UUID))
    assert (bench.state()["group"], bench.board.pattern) == ("main", "success")
    assert bench.wait(120).pattern == "success"
    assert bench.wait(180).pattern == "idle"


def test_an_unknown_group_gets_a_session_when_something_happens_in_it() -> None:
    bench = Bench(NETWORKS[0])
    update = bench(e.PushButtonStarted("new", bench.now + 120))
    assert texts(update) == [("WPS-PBC-ACTIVE ", None)]
    assert update.pattern == "in_progress"


def test_a_board_without_networks_is_idle() -> None:
    board = StatusBoard("hall", "1.0")
    assert (board.pattern, board.state(0.0, 0.0)["state"], board.deadline) == ("idle", "idle", None)


def test_stations_come_and_go_with_their_network() -> None:
    bench = started(Bench())
    other = MacAddress.parse("02:00:00:00:02:00")
    update = bench(e.StationConnected("wlan0", STATION))
    assert texts(update) == [("AP-STA-CONNECTED 02:00:00:00:01:00", "wlan0")]
    bench(e.StationConnected("wlan0", other))
    assert bench.state()["access_points"][0]["stations"] == [str(STATION), str(other)]
    update = bench(e.StationDisconnected("wlan0", STATION, "silent"))
    assert texts(update) == [("AP-STA-DISCONNECTED 02:00:00:00:01:00", "wlan0")]
    assert update.event is not None
    assert update.event["reason"] == "silent"
    assert bench.state()["access_points"][0]["stations"] == [str(other)]
    bench(e.StationDisconnected("wlan0", STATION))
    lost = bench(e.RadioLost("wlan0", "unplugged"))
    assert texts(lost) == [("AP-DISABLED ", "wlan0")]
    network = bench.state()["access_points"][0]
    assert (network["state"], network["reason"], network["stations"]) == ("lost", "unplugged", [])


def test_a_radio_that_is_lost_lights_the_error_while_nothing_goes_on() -> None:
    bench = started(Bench())
    assert bench(e.RadioLost("wlan0", "unplugged")).pattern == "error"
    assert bench(e.PushButtonStarted("main", bench.now + 120)).pattern == "in_progress"
    bench(e.PushButtonEnded("main", SessionEndReason.CANCELLED))
    assert bench.board.pattern == "error"
    recovered = bench(e.RadioRecovered("wlan0"))
    assert recovered.pattern == "idle"
    assert texts(recovered) == [("AP-ENABLED ", "wlan0")]
    assert bench(e.AccessPointFailed("wlan1", "no such radio")).pattern == "error"
    assert bench.state()["access_points"][1]["state"] == "failed"
    assert bench(e.AgentStopping()).pattern == "idle"


def test_stopping_ends_everything() -> None:
    bench = started(Bench())
    bench(e.PushButtonStarted("main", bench.now + 120))
    update = bench(e.AgentStopping())
    assert update.pattern == "idle"
    assert texts(update) == [("CTRL-EVENT-TERMINATING ", None)]
    assert update.state is not None
    assert (update.state["agent"], update.state["state"]) == ("stopping", "idle")


def test_events_of_interfaces_that_are_not_ours_change_nothing() -> None:
    bench = started(Bench())
    before = bench.state()
    for event in (
        e.StationConnected("eth0", STATION),
        e.StationDisconnected("eth0", STATION),
        e.RadioLost("eth0", "x"),
        e.RadioRecovered("eth0"),
        e.AccessPointStarted("eth0", Ssid(b"x"), 1, 2412),
    ):
        assert bench(event).state is None
    assert bench.state() == before


@pytest.mark.parametrize(
    ("event", "lines"),
    [
        (
            e.EnrolleeSeen(STATION, UUID, COMPUTER, ConfigMethods(0x4388), 4, 1, "My|\x00Phone", "wlan0"),
            (f"WPS-ENROLLEE-SEEN {STATION} {UUID_TEXT} 1-0050F204-1 0x4388 4 1 [My|_Phone]",),
        ),
        (
            e.PinNeeded(UUID, STATION, "Ph|one", "Ma\nker", "Model", "", "1", COMPUTER, "wlan0"),
            (f"WPS-PIN-NEEDED {UUID_TEXT} {STATION} [Ph_one|Ma_ker|Model||1|1-0050F204-1]",),
        ),
        (e.EapStarted("wlan0", STATION), (f"CTRL-EVENT-EAP-STARTED {STATION}",)),
        (
            e.EapMethodProposed("wlan0", STATION),
            (
                "CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=1",
                "CTRL-EVENT-EAP-PROPOSED-METHOD vendor=14122 method=254",
            ),
        ),
        (e.EapFailed("wlan0", STATION), (f"CTRL-EVENT-EAP-FAILURE {STATION}",)),
        (e.SetupLocked("wlan0"), ("WPS-AP-SETUP-LOCKED ",)),
        (e.SetupUnlocked("wlan0"), ("WPS-AP-SETUP-UNLOCKED ",)),
        (e.AccessPointStarted("wlan0", Ssid(b"home"), 6, 2437), ("AP-ENABLED ",)),
        (
            e.EnrolmentFailed("main", STATION, 12, 18, 3, "wlan0"),
            ("WPS-FAIL msg=12 config_error=18 reason=3 (Authentication Failure)",),
        ),
        (
            e.EnrolmentFailed("main", STATION, 8, 0, 9, "wlan0"),
            ("WPS-FAIL msg=8 config_error=0 reason=9 (Unknown)",),
        ),
        (
            e.EnrolmentFailed("main", STATION, 8, 0, 1, "wlan0"),
            ("WPS-FAIL msg=8 config_error=0 reason=1 (TKIP Only Prohibited)",),
        ),
    ],
)
def test_control_events_read_exactly_as_hostapd_words_them(event: e.AgentEvent, lines: tuple[str, ...]) -> None:
    update = started(Bench())(event)
    assert update.control_events == tuple(ControlEvent(line, "wlan0") for line in lines)


@pytest.mark.parametrize(
    ("event", "published"),
    [
        (e.BrokerConnected(), None),
        (e.BrokerLost("gone"), {"event_type": "broker_lost", "reason": "gone"}),
        (e.EapStarted("wlan0", STATION), None),
        (
            e.HandshakeFailed("wlan0", STATION, "wrong passphrase"),
            {
                "event_type": "handshake_failed",
                "interface": "wlan0",
                "station": str(STATION),
                "reason": "wrong passphrase",
            },
        ),
        (
            e.PinNeeded(UUID, STATION, "", "", "", "", "", COMPUTER),
            {
                "event_type": "pin_needed",
                "interface": None,
                "station": str(STATION),
                "uuid": UUID_TEXT,
                "device_name": None,
            },
        ),
        (
            e.AccessPointFailed("wlan0", "why"),
            {"event_type": "access_point_failed", "interface": "wlan0", "reason": "why"},
        ),
    ],
)
def test_what_mqtt_hears_of_an_event(event: e.AgentEvent, published: dict[str, Any] | None) -> None:
    update = started(Bench())(event)
    assert update.event == (None if published is None else {"at": "2026-11-22T08:30:00Z"} | published)


def test_every_event_has_a_line_in_the_table_and_no_field_for_a_secret() -> None:
    kinds = set(get_args(e.AgentEvent))
    assert set(_ROWS) == kinds
    names = {field.name for kind in kinds for field in dataclasses.fields(kind)}
    assert names.isdisjoint({"pin", "psk", "passphrase", "key", "network_key", "password", "device_password"})


def test_every_configuration_error_has_words() -> None:
    assert set(CONFIGURATION_ERROR_WORDS) == set(ConfigurationError)
    update = started(Bench())(e.EnrolmentFailed("main", STATION, 8, 77))
    assert update.event is not None
    assert update.event["reason"] == "configuration error 77"


@pytest.mark.parametrize(("ssid", "text"), [(b"caf\xc3\xa9", "café"), (b"\xff", "\\xff"), (b"a\n", "a\\n")])
def test_a_name_is_text_where_it_is_text(ssid: bytes, text: str) -> None:
    bench = Bench(Network("wlan0", "main", Ssid(ssid), 1))
    assert bench.state()["access_points"][0]["ssid"] == text


def test_state_and_events_are_json() -> None:
    bench = started(Bench())
    for event in (e.PushButtonStarted("main", bench.now + 120), e.EnrolmentSucceeded("main", STATION, UUID)):
        update = bench(event)
        assert json.loads(json.dumps(update.state)) == update.state
        assert json.loads(json.dumps(update.event)) == update.event


def test_a_deadline_that_passed_unnoticed_is_honoured_by_the_next_event() -> None:
    bench = started(Bench())
    bench(e.OverlapDetected("main"))
    bench.now += 500
    assert bench(e.StationConnected("wlan0", STATION)).pattern == "idle"
