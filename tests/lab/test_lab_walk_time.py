# SPDX-License-Identifier: BSD-3-Clause
"""Time travel: wpa_supplicant's 120 seconds of walk time pass in no time, and are 120 seconds inside."""

import pytest
from tests.lab.peers import WpaSupplicant

LAB = {"radios": 2, "time_travel": True, "time_limit": 120.0}


def test_walk_time_of_wpa_supplicant_is_two_minutes() -> None:
    with WpaSupplicant("wlan1") as station:
        station.press_button()
        started = station.control.wait_event("WPS-PBC-ACTIVE").time
        ended = station.control.wait_event("WPS-TIMEOUT", 200.0).time
        assert ended - started == pytest.approx(120.0, abs=1.0)
