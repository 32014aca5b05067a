# SPDX-License-Identifier: BSD-3-Clause
"""What `wps-agent status` says of interfaces that other programs have."""

from typing import Any

from wpsagent.cli.words import status_lines

NETWORK = {
    "interface": "wlan0",
    "ssid": "",
    "channel": 0,
    "state": "failed",
    "reason": "nobody answers",
    "stations": [],
}
STATE: dict[str, Any] = {
    "node": "node",
    "agent": "running",
    "state": "idle",
    "group": None,
    "method": None,
    "seconds_left": None,
    "access_points": [NETWORK],
    "last_result": None,
    "mqtt": None,
}


def test_a_network_that_was_never_seen_has_no_name_and_no_channel() -> None:
    [_, line, _] = status_lines(STATE)
    assert line.startswith("  wlan0")
    assert "channel" not in line


def test_what_auto_has_chosen_is_said() -> None:
    backends = [
        {"interface": "wlan0", "backend": "hostapd", "reason": "the configuration says so"},
        {"interface": "wlan1", "backend": "nl80211", "reason": "auto: no hostapd is on /run/hostapd/wlan1"},
    ]
    lines = status_lines(STATE | {"backends": backends})
    assert lines[2] == "  wlan1: backend nl80211 (auto: no hostapd is on /run/hostapd/wlan1)"
    assert len(lines) == 4
