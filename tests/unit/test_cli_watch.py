# SPDX-License-Identifier: BSD-3-Clause
"""The commands that go on: what they show of events and of the status, and how they end."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from wpsagent.cli import asking, client, main, watch
from wpsagent.errors import AgentError

Captured = pytest.CaptureFixture[str]

IDLE: dict[str, Any] = {
    "node": "porch",
    "agent": "running",
    "state": "idle",
    "method": None,
    "group": None,
    "last_result": None,
    "access_points": [],
    "stations": [],
    "seconds_left": None,
    "mqtt": None,
}
OPEN = {**IDLE, "state": "active", "method": "push_button", "group": "main", "seconds_left": 119}


class Agent:
    """A client whose every silence, and every event, brings the agent's next state; then the agent has gone."""

    def __init__(self, states: Sequence[Mapping[str, Any]], rounds: Sequence[Sequence[str]] = ()) -> None:
        self.requests: list[str] = []
        self._states = list(states)
        self._rounds = list(rounds)

    def __call__(self, _options: object) -> "Agent":
        return self

    def __enter__(self) -> "Agent":
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def attach(self) -> None:
        pass

    def events(self, _timeout: float | None = None) -> Iterator[str]:
        yield from self._rounds.pop(0) if self._rounds else ()

    def ask(self, _options: object, request: str) -> str:
        self.requests.append(request)
        if request != "AGENT_STATUS":
            return "OK\n"
        if not self._states:
            raise AgentError("gone")
        return json.dumps(self._states.pop(0)) + "\n"


def run(monkeypatch: pytest.MonkeyPatch, agent: Agent, *arguments: str) -> int:
    for module in (client, watch):
        monkeypatch.setattr(module, "connect", agent)
    monkeypatch.setattr(asking, "ask", agent.ask)
    monkeypatch.setattr(client, "ask", agent.ask)
    return main([*arguments, "--socket", "/nowhere"])


# ---- events


@pytest.mark.parametrize(
    ("text", "event"),
    [
        (
            "IFNAME=wlan0 <3>WPS-FAIL msg=8 config_error=18",
            {"interface": "wlan0", "level": 3, "event": "WPS-FAIL", "text": "msg=8 config_error=18"},
        ),
        ("<3>WPS-PBC-ACTIVE ", {"interface": None, "level": 3, "event": "WPS-PBC-ACTIVE", "text": ""}),
        ("<4>two\nlines", {"interface": None, "level": 4, "event": "two", "text": "\nlines"}),
        ("what is this", {"interface": None, "level": None, "event": "", "text": "what is this"}),
        ("<3>WPS-CRED-RECEIVED ", {"interface": None, "level": 3, "event": "WPS-CRED-RECEIVED", "text": ""}),
    ],
)
def test_an_event_is_taken_apart(text: str, event: Mapping[str, Any]) -> None:
    assert watch.parse_event(text) == event


@pytest.mark.parametrize("name", ["WPS-CRED-RECEIVED", "WPS-NEW-AP-SETTINGS"])
def test_keys_are_shown_only_when_asked_for(monkeypatch: pytest.MonkeyPatch, capsys: Captured, name: str) -> None:
    round_ = [f"IFNAME=wlan0 <3>{name} 100e0011"]
    assert run(monkeypatch, Agent([], [round_]), "events") == 0
    assert capsys.readouterr().out.split(" ", 1)[1] == f"wlan0 {name} (4 octets, with a key: --show-keys shows them)\n"
    assert run(monkeypatch, Agent([], [round_]), "events", "--show-keys") == 0
    assert capsys.readouterr().out.endswith(f" wlan0 {name} 100e0011\n")


def test_events_in_json_are_a_line_each(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert run(monkeypatch, Agent([], [["<3>A x", "IFNAME=wlan0 <3>B "]]), "events", "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(event["interface"], event["event"], event["text"]) for event in events] == [
        (None, "A", "x"),
        ("wlan0", "B", ""),
    ]
    assert all(len(event["at"]) == len("2026-11-22T08:30:00Z") for event in events)


# ---- status --watch


def test_into_a_pipe_the_status_is_told_again_only_when_it_changes(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    agent = Agent([IDLE, IDLE, OPEN, {**OPEN, "seconds_left": 90}, IDLE], [[], ["<3>WPS-PBC-ACTIVE "], [], []])
    assert run(monkeypatch, agent, "status", "--watch") == 1
    out, err = capsys.readouterr()
    told = [line.partition("  ")[2] for line in out.splitlines() if "porch" in line]
    assert told == [
        "porch: waiting for the button",
        "porch: open for one device by push button, 1:59 left",
        "porch: waiting for the button",
    ]
    assert ("\x1b" in out, err) == (False, "wps-agent: gone\n")


def test_on_a_terminal_the_time_left_runs_in_place(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    agent = Agent([OPEN, {**OPEN, "seconds_left": 118}, {**OPEN, "seconds_left": 118}])
    assert run(monkeypatch, agent, "status", "--watch") == 1
    out = capsys.readouterr().out
    assert (out.count("\x1b[H\x1b[2J"), "1:59 left" in out, "1:58 left" in out) == (2, True, True)


def test_a_watched_status_in_json_is_a_line_a_change(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    assert run(monkeypatch, Agent([IDLE, OPEN]), "status", "--watch", "--json") == 1
    assert [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()] == ["idle", "active"]


# ---- waiting for the end of a session


def ended(state: str, **last: Any) -> dict[str, Any]:
    return {**IDLE, "state": state, "last_result": last or None}


@pytest.mark.parametrize(
    ("end", "code", "words"),
    [
        (
            ended("success", station="02:00:00:00:00:01", device_name="Phone", reason=None),
            0,
            "admitted: 02:00:00:00:00:01 Phone",
        ),
        (ended("timeout", reason="nobody came"), 3, "nobody came"),
        (ended("overlap"), 4, "overlap"),
        (ended("error", reason="decryption failed"), 1, "decryption failed"),
        (ended("cancelled"), 1, "cancelled"),
    ],
)
def test_every_end_of_a_session_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured, end: Mapping[str, Any], code: int, words: str
) -> None:
    agent = Agent([OPEN, OPEN, end], [["<3>AP-STA-CONNECTED x", "<3>WPS-REG-SUCCESS "], [], []])
    assert run(monkeypatch, agent, "pbc", "--wait") == code
    assert agent.requests[0] == "WPS_PBC"
    assert capsys.readouterr().out.splitlines() == [client.PRESSED, words]


def test_a_wrong_pin_ends_the_waiting_and_is_told_as_the_agent_tells_it(
    monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    words = "the PIN is wrong (its first half)"
    still_open = OPEN | {"last_result": {"result": "failed", "reason": words}}
    agent = Agent([still_open], [["IFNAME=wlan0 <3>WPS-FAIL msg=8 config_error=18"]])
    assert run(monkeypatch, agent, "pin", "12345670", "--wait", "--json") == 5
    assert json.loads(capsys.readouterr().out) == {"result": "error", "reason": words}


def test_another_failure_does_not_end_the_waiting(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> None:
    agent = Agent([OPEN, ended("success")], [["IFNAME=wlan0 <3>WPS-FAIL msg=8 config_error=0"], []])
    assert run(monkeypatch, agent, "pbc", "--wait", "--json") == 0
    assert json.loads(capsys.readouterr().out)["result"] == "success"
