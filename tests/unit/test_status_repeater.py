# SPDX-License-Identifier: BSD-3-Clause
"""What a repeater tells: the channel as it is, what was taken over, and what was refused."""

import logging
from typing import Any

import pytest

from wpsagent.daemon.reporting import Reporting, describe
from wpsagent.octets import Ssid
from wpsagent.status import Network, StatusBoard, Update
from wpsagent.status import events as e

REFUSALS = [e.ChannelKept("wlan1", "wlan0", "it is for listening"), e.TakeOverRefused("wlan1", "wlan0", "it is open")]


class Bench:
    def __init__(self) -> None:
        networks = [Network("wlan1", "main", Ssid(b"home"), 6, follow="wlan0"), Network("wlan2", "main", Ssid(b"b"), 6)]
        self.board = StatusBoard("hall", "1.0", networks)

    def __call__(self, event: e.AgentEvent) -> Update:
        return self.board.apply(event, 1000.0, 1_795_336_200.0)

    def networks(self) -> list[dict[str, Any]]:
        return list(self.board.state(1000.0, 1_795_336_200.0)["access_points"])


def test_whom_a_network_follows_is_part_of_the_state() -> None:
    assert [network["follow"] for network in Bench().networks()] == ["wlan0", None]


def test_a_channel_that_changed_is_told_to_everybody_and_is_the_state_s() -> None:
    bench = Bench()
    update = bench(e.ChannelChanged("wlan1", 11, 2462))
    assert [(line.text, line.interface) for line in update.control_events] == [
        (
            "CTRL-EVENT-CHANNEL-SWITCH freq=2462 ht_enabled=1 ch_offset=0 ch_width=20 MHz cf1=2462 cf2=0 dfs=0",
            "wlan1",
        ),
        ("AP-CSA-FINISHED freq=2462 dfs=0", "wlan1"),
    ]
    assert update.event is not None
    assert (update.event["event_type"], update.event["channel"]) == ("channel_changed", 11)
    assert [network["channel"] for network in bench.networks()] == [11, 6]


def test_a_channel_of_an_unknown_network_changes_nothing() -> None:
    bench = Bench()
    bench(e.ChannelChanged("wlan9", 11, 2462))
    assert [network["channel"] for network in bench.networks()] == [6, 6]


def test_a_network_taken_over_is_told_without_its_key() -> None:
    update = Bench()(e.NetworkTakenOver("wlan1", "wlan0", Ssid(b"upstream")))
    assert update.control_events == ()
    assert update.event == {
        "event_type": "network_taken_over",
        "at": "2026-11-22T08:30:00Z",
        "interface": "wlan1",
        "station": "wlan0",
        "ssid": "upstream",
    }


@pytest.mark.parametrize("event", REFUSALS)
def test_a_refusal_says_who_whom_and_why(event: e.ChannelKept | e.TakeOverRefused) -> None:
    update = Bench()(event)
    assert update.event is not None
    assert (update.event["interface"], update.event["station"]) == ("wlan1", "wlan0")
    assert update.event["reason"] == event.reason


@pytest.mark.parametrize("event", REFUSALS)
def test_a_refusal_is_a_warning_of_the_log(caplog: pytest.LogCaptureFixture, event: e.AgentEvent) -> None:
    with caplog.at_level(logging.INFO):
        Reporting._log(event)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [("WARNING", describe(event))]
