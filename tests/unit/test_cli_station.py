# SPDX-License-Identifier: BSD-3-Clause
"""The commands for stations: what they ask the agent, what a person sees, how they end."""

import io
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli_agent import scripted_agent

from wpsagent.cli import asking, main, station
from wpsagent.cli.station import scan_rows, scan_table
from wpsagent.cli.words import status_lines

Captured = pytest.CaptureFixture[str]

AP = "02:00:00:00:00:01"
UP: dict[str, Any] = {
    "interface": "wlan1",
    "state": "disconnected",
    "reason": None,
    "ssid": None,
    "bssid": None,
    "networks": 1,
    "wps": None,
}


def run_of(result: str, cause: str = "none", reason: str | None = None, method: str = "pin") -> dict[str, Any]:
    return {"method": method, "result": result, "cause": cause, "reason": reason}


def state(*stations: Mapping[str, Any]) -> str:
    return json.dumps({"stations": list(stations)}) + "\n"


ONE = {"AGENT_STATUS": state(UP)}


@pytest.fixture
def path() -> Iterator[Path]:
    """A short one: a socket's path has at most 107 octets."""
    with tempfile.TemporaryDirectory(prefix="cli-") as folder:
        yield Path(folder) / "control"


def ask(path: Path, script: Mapping[str, str], *arguments: str) -> tuple[int, list[str]]:
    """The exit code of a command, and what it asked beyond the status."""
    with scripted_agent(path, script) as agent:
        code = main([*arguments, "--socket", str(path)])
    return code, [request for request in agent.requests if request != "AGENT_STATUS"]


# ---- join, learn


def test_join_presses_the_button_of_the_only_station(path: Path, capsys: Captured) -> None:
    assert ask(path, ONE | {"IFNAME=wlan1 WPS_PBC any": "OK\n"}, "join") == (0, ["IFNAME=wlan1 WPS_PBC any"])
    assert capsys.readouterr().out == (
        "press the WPS button of the access point now: the station looks for it for two minutes\n"
    )


def test_join_by_a_fresh_pin_shows_it(path: Path, capsys: Captured) -> None:
    request = f"IFNAME=wlan7 WPS_PIN {AP}"
    assert ask(path, {request: "36612673"}, "join", "wlan7", "--bssid", AP, "--pin") == (0, [request])
    assert capsys.readouterr().out == "PIN: 36612673\nenter it at the access point within two minutes\n"


def test_join_by_a_known_pin(path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    script = {"IFNAME=wlan1 WPS_PIN any 12345670": "12345670"}
    expected = (0, ["IFNAME=wlan1 WPS_PIN any 12345670"])
    assert ask(path, ONE | script, "join", "--pin", "1234-5670") == expected
    monkeypatch.setattr("sys.stdin", io.StringIO("1234-5670\n"))
    assert ask(path, ONE | script, "join", "--pin", "-") == expected
    assert ask(path, ONE, "join", "--pin", "12345671") == (1, [])
    assert "a typing error?" in capsys.readouterr().err


def test_reg_learn_asks_the_access_point(path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    script = {f"IFNAME=wlan1 WPS_REG {AP} 12345670": "OK\n"}
    assert ask(path, ONE | script, "reg", "learn", AP, "12345670")[0] == 0
    assert capsys.readouterr().out == "asking the access point for its settings\n"
    monkeypatch.setattr("sys.stdin", io.StringIO("12345670\n"))
    code, requests = ask(path, script, "reg", "learn", AP, "-", "--interface", "wlan1")
    assert (code, requests) == (0, [f"IFNAME=wlan1 WPS_REG {AP} 12345670"])


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        (("my home", "--passphrase", "12345678"), "6d7920686f6d65 WPA2PSK CCMP 3132333435363738"),
        (("clear", "--open"), "636c656172 OPEN NONE"),
    ],
)
def test_reg_configure_gives_the_access_point_its_settings(
    path: Path, capsys: Captured, arguments: tuple[str, ...], settings: str
) -> None:
    request = f"IFNAME=wlan1 WPS_REG {AP} 12345670 {settings}"
    assert ask(path, ONE | {request: "OK\n"}, "reg", "configure", AP, "12345670", *arguments) == (0, [request])
    assert capsys.readouterr().out == "giving the access point its new settings\n"


def test_reg_configure_reads_pin_and_passphrase_from_standard_input(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("12345670\ncorrect horse\n"))
    request = f"IFNAME=wlan1 WPS_REG {AP} 12345670 68 WPA2PSK CCMP {b'correct horse'.hex()}"
    assert ask(path, ONE | {request: "OK\n"}, "reg", "configure", AP, "-", "h", "--passphrase", "-")[0] == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("learn", AP, "12345670", "home"), "learn takes nothing but the access point and its PIN"),
        (("learn", AP, "12345670", "--open"), "learn takes nothing but the access point and its PIN"),
        (("configure", AP, "12345670"), "configure needs the new name of the network"),
        (("configure", AP, "12345670", "home"), "configure needs either --passphrase"),
        (("configure", AP, "12345670", "home", "--open", "--passphrase", "12345678"), "configure needs either"),
        (("configure", AP, "12345670", "home", "--passphrase", "1234567"), "8 to 63 printable"),
        (("configure", AP, "12345670", "home", "--passphrase", "ctrl\x01horse"), "8 to 63 printable"),
        (("configure", AP, "12345670", "h" * 33, "--open"), "at most 32 octets"),
        (("learn", AP, "12345671"), "a typing error?"),
    ],
)
def test_wrong_use_of_reg_is_refused_before_the_agent_is_asked(
    path: Path, capsys: Captured, arguments: tuple[str, ...], complaint: str
) -> None:
    assert ask(path, ONE, "reg", *arguments) == (1, [])
    assert complaint in capsys.readouterr().err


def test_a_refusal_is_told_in_the_agents_words(path: Path, capsys: Captured) -> None:
    assert ask(path, ONE | {"WHY": "WPS_PBC: wlan1 is down: pulled\n"}, "join")[0] == 1
    assert capsys.readouterr().err == "wps-agent: wlan1 is down: pulled\n"


@pytest.mark.parametrize(
    ("status", "complaint"),
    [
        (state(), "the agent has no station: its configuration needs a table [[station]]"),
        ("{}\n", "the agent has no station: its configuration needs a table [[station]]"),
        ("[]\n", "the agent gave a status that cannot be read: '[]'"),
        ("what?\n", "the agent gave a status that cannot be read: 'what?'"),
        (state(UP, UP | {"interface": "wlan2"}), "there is more than one station, say which: wlan1, wlan2"),
    ],
)
def test_without_the_one_station_nothing_is_begun(path: Path, capsys: Captured, status: str, complaint: str) -> None:
    assert ask(path, {"AGENT_STATUS": status}, "join") == (1, [])
    assert capsys.readouterr().err == f"wps-agent: {complaint}\n"


# ---- waiting


class Followed:
    """A client whose events are a list; the status goes on with each event that concerns the station."""

    def __init__(self, events: Sequence[str], states: Sequence[Mapping[str, Any]]) -> None:
        self._events = events
        self._states = [UP, *states]

    def __call__(self, _path: object) -> "Followed":
        return self

    def __enter__(self) -> "Followed":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def attach(self) -> None:
        pass

    def events(self, _timeout: float) -> Iterator[str]:
        yield from self._events

    def ask(self, _options: object, request: str) -> str:
        if request != "AGENT_STATUS":
            return "OK\n"
        status = self._states.pop(0) if len(self._states) > 1 else self._states[0]
        return state(status)


def follow(
    monkeypatch: pytest.MonkeyPatch, events: Sequence[str], *states: Mapping[str, Any], options: Sequence[str] = ()
) -> int:
    followed = Followed([f"IFNAME=wlan1 <3>{event}" for event in events], states)
    monkeypatch.setattr(station, "connect", followed)
    monkeypatch.setattr(station, "ask", followed.ask)
    monkeypatch.setattr(asking, "ask", followed.ask)
    return main(["join", "--wait", "--socket", "/nowhere", *options])


def test_waiting_ends_with_the_connection(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    events = ["WPS-PBC-ACTIVE ", "CTRL-EVENT-SCAN-RESULTS ", "WPS-SUCCESS ", "CTRL-EVENT-CONNECTED - Connection to"]
    active, done = UP | {"wps": run_of("active")}, UP | {"wps": run_of("success")}
    assert follow(monkeypatch, events, active, done, done | {"state": "connected", "ssid": "home"}) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "connected to 'home'"


@pytest.mark.parametrize(
    ("result", "cause", "code"),
    [
        ("timeout", "no_access_point", 3),
        ("timeout", "pin_unknown", 3),
        ("overlap", "overlap", 4),
        ("failed", "overlap_at_access_point", 4),
        ("failed", "first_half_wrong", 5),
        ("failed", "second_half_wrong", 5),
        ("failed", "locked", 6),
        ("failed", "protocol", 1),
        ("cancelled", "cancelled", 1),
    ],
)
def test_every_failure_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, result: str, cause: str, code: int
) -> None:
    ended = UP | {"wps": run_of(result, cause, "this is why")}
    assert follow(monkeypatch, ["WPS-FAIL msg=8 config_error=18"], ended) == code
    assert capsys.readouterr().err == "wps-agent: this is why\n"


def test_the_end_of_waiting_is_a_line_of_json_when_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    ended = UP | {"wps": run_of("failed", "locked", "this is why")}
    assert follow(monkeypatch, ["WPS-FAIL "], ended, options=["--json"]) == 6
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert lines == [{"pressed": True}, {"result": "failed", "cause": "locked", "reason": "this is why"}]
    connected = UP | {"wps": run_of("success"), "state": "connected", "ssid": "home", "bssid": AP}
    assert follow(monkeypatch, ["WPS-SUCCESS "], connected, options=["--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[1]) == {"result": "success", "ssid": "home", "bssid": AP}


def test_a_failure_without_a_sentence_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert follow(monkeypatch, ["WPS-FAIL "], UP | {"wps": run_of("failed")}) == 1
    assert capsys.readouterr().err == "wps-agent: failed\n"


def test_an_agent_that_says_no_more_is_given_up(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert follow(monkeypatch, ["WPS-PBC-ACTIVE "]) == 1
    assert capsys.readouterr().err == "wps-agent: wlan1 did not connect: see wps-agent status\n"


def test_a_network_that_cannot_be_joined_is_given_up(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr(station, "CONNECTING", -1.0)
    assert follow(monkeypatch, ["WPS-SUCCESS ", "CTRL-EVENT-SCAN-STARTED "], UP | {"wps": run_of("success")}) == 1
    assert "did not connect" in capsys.readouterr().err


def test_a_station_that_goes_meanwhile_is_an_error(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert follow(monkeypatch, ["WPS-FAIL "], UP | {"interface": "wlan2"}) == 1
    assert capsys.readouterr().err == "wps-agent: there is no station wlan1\n"


# ---- scan, networks, forget

RESULTS = (
    "bssid / frequency / signal level / flags / ssid\n"
    "02:00:00:00:00:01\t2412\t-40\t[ESS]\tcafe\n"
    "02:00:00:00:00:02\t5180\t-70\t[WPA2-PSK-CCMP][WPS][ESS]\thome\n"
    "02:00:00:00:00:03\t2437\t-80\t[WPA-PSK-TKIP][WPA2-PSK-CCMP][WPS-PBC][ESS]\tpressed\n"
    "02:00:00:00:00:04\t2437\t-60\t[WPA2-PSK-CCMP][WPS-AUTH][ESS]\tfor us\n"
    "02:00:00:00:00:05\t2437\t-50\t[WPA2-PSK-CCMP][WPS-PIN][ESS]\tpin\n"
    "garbled\n"
)


def test_the_table_has_those_with_wps_first() -> None:
    assert scan_table(scan_rows(RESULTS)) == [
        "BSSID              MHz   dBm  WPS             security                    network",
        "02:00:00:00:00:03  2437  -80  button pressed  WPA-PSK-TKIP WPA2-PSK-CCMP  pressed",
        "02:00:00:00:00:04  2437  -60  waits for us    WPA2-PSK-CCMP               for us",
        "02:00:00:00:00:05  2437  -50  PIN entered     WPA2-PSK-CCMP               pin",
        "02:00:00:00:00:02  5180  -70  yes             WPA2-PSK-CCMP               home",
        "02:00:00:00:00:01  2412  -40                  open                        cafe",
    ]


def test_scan_waits_for_its_end(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    asked: list[str] = []

    def answer(_options: object, request: str) -> str:
        asked.append(request)
        return RESULTS if "RESULTS" in request else "OK\n"

    events = ["CTRL-EVENT-SCAN-STARTED ", "CTRL-EVENT-SCAN-RESULTS ", "not read any more"]
    followed = Followed([f"IFNAME=wlan1 <3>{event}" for event in events], [])
    monkeypatch.setattr(station, "connect", followed)
    monkeypatch.setattr(station, "ask", answer)
    assert main(["scan", "wlan1", "--socket", "/nowhere"]) == 0
    assert asked == ["IFNAME=wlan1 SCAN", "IFNAME=wlan1 SCAN_RESULTS"]
    assert len(capsys.readouterr().out.splitlines()) == 6


def test_a_scan_in_json_has_every_field(path: Path, capsys: Captured) -> None:
    script = {"IFNAME=wlan1 SCAN": "FAIL-BUSY\n", "IFNAME=wlan1 SCAN_RESULTS": RESULTS}
    assert ask(path, ONE | script, "scan", "--json")[0] == 0
    first, *others = json.loads(capsys.readouterr().out)["access_points"]
    security = ["WPA-PSK-TKIP", "WPA2-PSK-CCMP"]
    row = {"bssid": "02:00:00:00:00:03", "mhz": 2437, "dbm": -80, "wps": "WPS-PBC", "security": security}
    assert (first, len(others)) == (row | {"ssid": "pressed"}, 4)


def test_a_station_that_is_busy_tells_what_it_knows(path: Path, capsys: Captured) -> None:
    script = {"IFNAME=wlan1 SCAN": "FAIL-BUSY\n", "IFNAME=wlan1 SCAN_RESULTS": RESULTS}
    assert ask(path, ONE | script, "scan")[0] == 0
    out, err = capsys.readouterr()
    assert (len(out.splitlines()), err) == (6, "the station is busy: this is what it has heard so far\n")


def test_networks_are_a_table(path: Path, capsys: Captured) -> None:
    header = "network id / ssid / bssid / flags\n"
    reply = f"{header}0\thome\tany\t[CURRENT]\n12\tcafe\t{AP}\t[DISABLED][TEMP-DISABLED]\n"
    assert ask(path, ONE | {"IFNAME=wlan1 LIST_NETWORKS": reply}, "networks")[0] == 0
    assert capsys.readouterr().out.splitlines() == [
        "number  network  BSSID",
        "0       home     any                current",
        "12      cafe     02:00:00:00:00:01  disabled, temp-disabled",
    ]
    assert ask(path, ONE | {"IFNAME=wlan1 LIST_NETWORKS": reply}, "networks", "--json")[0] == 0
    assert json.loads(capsys.readouterr().out)["networks"][1] == {
        "number": 12,
        "ssid": "cafe",
        "bssid": AP,
        "flags": ["disabled", "temp-disabled"],
    }
    assert ask(path, ONE | {"IFNAME=wlan1 LIST_NETWORKS": header}, "networks")[0] == 0
    assert capsys.readouterr().out == "no networks are known: wps-agent join\n"


def test_a_network_is_forgotten(path: Path, capsys: Captured) -> None:
    assert ask(path, ONE | {"IFNAME=wlan1 REMOVE_NETWORK 3": "OK\n"}, "forget", "3") == (
        0,
        ["IFNAME=wlan1 REMOVE_NETWORK 3"],
    )
    assert capsys.readouterr().out == "forgotten\n"


# ---- status


def lines(session: dict[str, Any], *stations: Mapping[str, Any]) -> list[str]:
    idle = {"node": "porch", "agent": "running", "state": "idle", "method": None, "group": None}
    rest: dict[str, Any] = {"seconds_left": None, "last_result": None, "access_points": [], "mqtt": None}
    return status_lines(idle | rest | session | {"stations": list(stations)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "station, not connected; 1 network known"),
        ({"networks": 2}, "station, not connected; 2 networks known"),
        (
            {"state": "connected", "ssid": "home", "bssid": AP},
            f"station, connected to 'home' ({AP}); 1 network known",
        ),
        (
            {"state": "connected", "ssid": "home", "bssid": AP, "reason": "disk full"},
            f"station, connected to 'home' ({AP}); 1 network known; NOT saved: disk full",
        ),
        ({"state": "starting"}, "station, starting"),
        ({"state": "failed", "reason": "no radio"}, "station, DOWN: no radio"),
        ({"state": "lost"}, "station, DOWN: lost"),
    ],
)
def test_the_status_tells_of_a_station(change: dict[str, Any], words: str) -> None:
    assert lines({}, UP | change)[1] == f"  wlan1: {words}"


def test_the_status_of_a_run_is_the_stations() -> None:
    running = {"state": "active", "method": "push_button", "group": "wlan1", "seconds_left": 65}
    assert lines(running, UP)[0] == "porch: looking for an access point by push button, 1:05 left"
    running = {"state": "active", "method": "ap_pin", "group": "wlan1"}
    assert lines(running, UP)[0] == "porch: looking for an access point by the access point's PIN"
    assert lines({"state": "timeout", "group": "wlan1"}, UP)[0] == "porch: no access point let us in within the time"
