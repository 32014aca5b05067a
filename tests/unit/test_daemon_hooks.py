# SPDX-License-Identifier: BSD-3-Clause
"""What the programs of a station are told, and when: the words and the environment of wpa_cli's action scripts."""

import asyncio
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.unit.jumping_loop import run
from tests.unit.test_config_loader import problems_of
from tests.unit.test_daemon_roles import ACCESS_POINT, STATION_TABLE, Scene

from wpsagent.config import parse
from wpsagent.daemon import hooks as module
from wpsagent.daemon.hooks import StationHooks
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status.board import ControlEvent

BSSID = MacAddress.parse("02:00:00:00:01:00")
STATION = '[[station]]\ninterface = "wlan1"\n'
PROGRAM = 'on_change = "/bin/true"\n'
WPS = {"WPA_CTRL_DIR": "/run/wps-agent/wpa_supplicant"}
NETWORK = WPS | {
    "WPA_ID": "4",
    "WPA_ID_STR": "attic",
    "WPS_AGENT_SSID": "home\\x00 $(reboot)",
    "WPS_AGENT_BSSID": "02:00:00:00:01:00",
}
JOINED = s.Joined("wlan1", BSSID, Ssid(b"home\0 $(reboot)"), 4, "attic")
LEFT = s.Left("wlan1", BSSID, 4, True)

Call = tuple[str, tuple[str, ...], dict[str, str]]


class FakeHook:
    """Writes down what would be run."""

    calls: list[Call]
    made: list[tuple[str, tuple[str, ...]]]

    def __init__(self, interface: str, programs: tuple[str, ...]) -> None:
        self.interface = interface
        self.made.append((interface, programs))

    def call(self, *words: str, environment: Mapping[str, str]) -> None:
        self.calls.append((self.interface, words, dict(environment)))

    async def close(self) -> None:
        self.calls.append((self.interface, ("closed",), {}))


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> type[FakeHook]:
    FakeHook.calls, FakeHook.made = [], []
    monkeypatch.setattr(module, "Hook", FakeHook)
    return FakeHook


def test_joined_and_left_are_told_once_each(fake: type[FakeHook]) -> None:
    hooks = StationHooks(parse(STATION + PROGRAM, host_name="hall"))
    for event in (LEFT, JOINED, e.AgentStarted(), LEFT, LEFT, JOINED, s.StationLost("wlan1", "gone"), LEFT):
        hooks.observe(event)
    assert fake.made == [("wlan1", ("/bin/true",))]
    assert fake.calls == [
        ("wlan1", ("CONNECTED",), NETWORK),
        ("wlan1", ("DISCONNECTED",), NETWORK),
        ("wlan1", ("CONNECTED",), NETWORK),
        ("wlan1", ("DISCONNECTED",), NETWORK),
    ]


def test_wps_is_told_in_the_words_of_control_clients(fake: type[FakeHook]) -> None:
    hooks = StationHooks(parse(STATION + PROGRAM, host_name="hall"))
    for text in (
        "WPS-PBC-ACTIVE ",
        "WPS-PIN-ACTIVE ",
        "WPS-SUCCESS ",
        "WPS-FAIL msg=8 config_error=18",
        "WPS-CANCEL ",
        "WPS-TIMEOUT Requested operation timed out",
        "WPS-OVERLAP-DETECTED PBC session overlap",
        "WPS-CRED-RECEIVED 100e0000",
        "WPS-PBC-DISABLE ",
        "CTRL-EVENT-SCAN-STARTED ",
        "",
    ):
        hooks.signal(ControlEvent(text, "wlan1"))
    assert [words for _, words, _ in fake.calls] == [
        ("WPS-PBC-ACTIVE",),
        ("WPS-PIN-ACTIVE",),
        ("WPS-SUCCESS",),
        ("WPS-FAIL", "msg=8", "config_error=18"),
        ("WPS-CANCEL",),
        ("WPS-TIMEOUT", "Requested", "operation", "timed", "out"),
        ("WPS-OVERLAP-DETECTED", "PBC", "session", "overlap"),
    ]
    assert all(environment == WPS for *_, environment in fake.calls)


def test_other_interfaces_and_stations_without_programs_run_nothing(fake: type[FakeHook]) -> None:
    hooks = StationHooks(parse(STATION + STATION.replace("wlan1", "wlan2") + PROGRAM, host_name="hall"))
    hooks.observe(JOINED)
    for interface in ("wlan1", "wlan0", None):
        hooks.signal(ControlEvent("WPS-SUCCESS ", interface))
    assert fake.made == [("wlan2", ("/bin/true",))]
    assert fake.calls == []


def test_the_agent_tells_the_whole_way_and_the_goodbye_before_it_ends(tmp_path: Path, fake: type[FakeHook]) -> None:
    async def scene() -> None:
        async with Scene(tmp_path, ACCESS_POINT + STATION_TABLE + PROGRAM) as there:
            there.press("short")
            there.press("long")
            await asyncio.sleep(10)

    run(scene())
    assert [(interface, words[0]) for interface, words, _ in fake.calls] == [
        ("sta0", "WPS-PBC-ACTIVE"),
        ("sta0", "WPS-SUCCESS"),
        ("sta0", "CONNECTED"),
        ("sta0", "DISCONNECTED"),
        ("sta0", "closed"),
    ]
    *_, environment = fake.calls[2]
    assert (environment["WPA_ID"], environment["WPA_ID_STR"], environment["WPS_AGENT_SSID"]) == ("0", "", "home")
    assert environment["WPA_CTRL_DIR"] == str(tmp_path / "wpa_supplicant")


# ---- the configuration


def test_programs_are_one_or_several() -> None:
    assert parse(STATION).stations[0].on_change == ()
    assert parse(f"{STATION}on_change = []\n").stations[0].on_change == ()
    assert parse(STATION + PROGRAM).stations[0].on_change == ("/bin/true",)
    (station,) = parse(f'{STATION}on_change = ["/bin/true", "/bin/false"]\n').stations
    assert station.on_change == ("/bin/true", "/bin/false")


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ('"udhcpc"', '"udhcpc"'),
        ('""', '""'),
        ("5", "5"),
        ('["/bin/true", "hook"]', "a list"),
        ('["/bin/true", 5]', "a list"),
        (str(["/bin/true"] * 9), "a list"),
    ],
)
def test_what_is_no_program_is_refused(value: str, found: str) -> None:
    assert problems_of(f"{STATION}on_change = {value}\n") == [
        f"station[0].on_change: found {found}, expected the absolute path of a program, or a list of up to 8"
    ]


def test_a_program_that_cannot_or_should_not_be_run_is_a_warning(tmp_path: Path) -> None:
    plain, open_to_all, good = (tmp_path / name for name in ("plain", "open", "good"))
    for path, mode in ((plain, 0o644), (open_to_all, 0o777), (good, 0o755)):
        path.write_text("#!/bin/sh\n")
        path.chmod(mode)
    paths = [str(path) for path in (tmp_path / "missing", tmp_path, plain, open_to_all, good)]
    assert stat.S_IMODE(open_to_all.stat().st_mode) == 0o777
    assert parse(f"{STATION}on_change = {paths}\n").warnings == (
        f"station[0].on_change: {tmp_path}/missing cannot be run: No such file or directory",
        f"station[0].on_change: {tmp_path} is not a file: it cannot be run",
        f"station[0].on_change: {plain} is not executable: chmod +x it",
        f"station[0].on_change: {open_to_all} can be changed by everyone on this device: chmod o-w it",
    )
