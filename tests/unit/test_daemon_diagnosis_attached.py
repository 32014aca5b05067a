# SPDX-License-Identifier: BSD-3-Clause
"""What the doctor says of interfaces that hostapd or wpa_supplicant has, and of auto."""

from pathlib import Path

import pytest
from tests.unit.diagnosis_world import ALL_CAPABILITIES, World, agent_report

from wpsagent.daemon.diagnosis.findings import Level, ok

THEIRS = '[[access_point]]\ninterface = "wlan0"\nbackend = "hostapd"\n'
AUTO = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\nbackend = "auto"\n'
STATION = '[[station]]\ninterface = "wlan0"\nbackend = "wpa_supplicant"\n'
SOCKET = "/run/hostapd/wlan0"
CHECK = "backend wlan0"
AGENT = "/run/wps-agent/control"
SAID = "(the configuration says so)"


@pytest.fixture
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.write("/proc/self/status", ALL_CAPABILITIES)
    world.config = THEIRS
    return world


def test_hostapd_answers(world: World) -> None:
    world.listen(SOCKET, "PONG\n")
    assert world.one(CHECK) == ok(CHECK, f"hostapd answers on {SOCKET} {SAID}")
    assert world.one("configuration").text.endswith("wlan0 of hostapd")
    assert world.of("interface wlan0") == []
    assert world.of("owner wlan0") == []


def test_wpa_supplicant_answers(world: World) -> None:
    world.config = STATION
    world.listen("/run/wpa_supplicant/wlan0", "PONG\n")
    assert world.one(CHECK) == ok(CHECK, f"wpa_supplicant answers on /run/wpa_supplicant/wlan0 {SAID}")


def test_nobody_answers(world: World) -> None:
    finding = world.one(CHECK)
    assert (finding.level, finding.text) == (Level.PROBLEM, f"nobody answers on {SOCKET} {SAID}")
    assert finding.remedy == "start hostapd, with ctrl_interface=/run/hostapd in its configuration"


def test_hostapd_hangs_or_may_not_be_asked(world: World) -> None:
    world.listen(SOCKET, None)
    assert world.one(CHECK).text == f"hostapd does not answer on {SOCKET}: it is stuck"
    world.forbidden.add(SOCKET)
    assert world.one(CHECK).level is Level.WARNING


def test_hostapd_without_wps_is_a_problem(world: World) -> None:
    world.listen(SOCKET, "PONG\n")
    world.wps_status = "FAIL\n"
    assert world.one(CHECK).text == f"hostapd answers on {SOCKET}, and does not offer WPS"


def test_auto_says_what_it_comes_to(world: World) -> None:
    world.config = AUTO
    assert world.one(CHECK) == ok(CHECK, f"nl80211 (auto: no hostapd is on {SOCKET}, so the radio is ours)")
    assert world.one("interface wlan0").level is Level.OK
    world.listen(SOCKET, "PONG\n")
    assert world.one(CHECK) == ok(CHECK, f"hostapd answers on {SOCKET} (auto: hostapd answers on {SOCKET})")
    assert world.of("interface wlan0") == []


def test_a_running_agent_has_decided_already(world: World) -> None:
    world.config = AUTO
    world.listen(SOCKET, "PONG\n")
    world.listen(AGENT, agent_report(backends=[{"interface": "wlan0", "backend": "nl80211", "reason": "x"}]))
    assert world.one(CHECK).text.startswith("nl80211 ")
    world.listen(AGENT, agent_report(backends=[{"interface": "wlan0", "backend": "hostapd", "reason": "x"}]))
    assert world.one(CHECK).text.startswith("hostapd answers")


def test_without_a_configuration_there_is_nothing_to_say(world: World) -> None:
    world.config = "nonsense"
    assert world.of(CHECK) == []


def test_an_agent_that_runs_it_runs_what_the_configuration_names(world: World) -> None:
    world.listen(SOCKET, "PONG\n")
    world.listen(AGENT, agent_report())
    assert not any("it runs" in finding.text for finding in world.of("agent"))
