# SPDX-License-Identifier: BSD-3-Clause
"""What the simulated board shows: lines, a status line, MQTT messages, LED patterns and events in words."""

import io
import json
import re

import pytest

from wpsagent.daemon.timeline import ERASE, KEYS, MqttWords, Timeline, agent_line, pattern_words
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent_board.pattern import DEFAULT_PATTERNS, Pattern

STATION = MacAddress.parse("02:00:00:00:00:01")
UUID = bytes(range(16))
TIME = r" +\d+\.\d\d s  "


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def take(self) -> str:
        """What was written since the last time."""
        text = self.getvalue()
        self.seek(0)
        self.truncate()
        return text


class Gone(Terminal):
    """A pipe whose reader has gone."""

    writes = 0

    def write(self, text: str, /) -> int:
        del text
        self.writes += 1
        raise BrokenPipeError


@pytest.fixture
def columns(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("COLUMNS", "80")
    return monkeypatch


@pytest.fixture
def terminal(columns: pytest.MonkeyPatch) -> Terminal:
    del columns
    return Terminal()


def visible(text: str) -> str:
    """Without colours."""
    return re.sub(r"\x1b\[\d+m", "", text)


# ---- lines


def test_without_a_terminal_a_line_is_a_line() -> None:
    out = io.StringIO()
    timeline = Timeline(out)
    timeline.say("agent", "x" * 300)
    timeline.led(True)
    timeline.time_left(90)
    timeline.blank()
    timeline.close()
    assert re.fullmatch(TIME + "agent    x{300}\n\n", out.getvalue())


def test_standard_output_is_where_it_goes_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    Timeline().say("you", "hello")
    assert re.fullmatch(TIME + "you      hello\n", capsys.readouterr().out)


def test_a_line_that_does_not_fit_goes_on_below_its_beginning(terminal: Terminal) -> None:
    Timeline(terminal).say("agent", "word " * 20)
    rows = terminal.getvalue().replace(ERASE, "").split("\n")
    assert re.fullmatch(TIME + "agent    word( word){11}", rows[0])
    assert rows[1] == " " * 20 + " ".join(["word"] * 8)
    assert max(map(len, rows)) <= 80


def test_a_terminal_too_narrow_to_indent_wraps_by_itself(terminal: Terminal, columns: pytest.MonkeyPatch) -> None:
    columns.setenv("COLUMNS", "39")
    Timeline(terminal).say("agent", "word " * 20)
    assert "word " * 20 in terminal.getvalue()


def test_where_the_reader_has_gone_nothing_fails_and_nothing_is_tried_again() -> None:
    gone = Gone()
    timeline = Timeline(gone)
    timeline.say("agent", "hello")
    timeline.led(True)
    timeline.close()
    assert gone.writes == 1


# ---- the status line


def test_the_status_line_stays_below_the_lines(terminal: Terminal) -> None:
    timeline = Timeline(terminal)
    timeline.keys = KEYS
    timeline.say("you", "hello")
    text = terminal.take()
    assert text.startswith(ERASE)
    assert text.endswith(f"hello\nLED ○   {KEYS}")
    timeline.time_left(119)
    assert terminal.take() == f"{ERASE}LED ○   1:59 left   {KEYS}"
    timeline.led(True)
    assert terminal.take() == f"{ERASE}LED \x1b[32m●\x1b[0m   1:59 left   {KEYS}"
    timeline.led(False)
    timeline.time_left(None)
    timeline.close()
    assert terminal.take().endswith(f"{ERASE}LED ○   {KEYS}{ERASE}")
    timeline.say("result", "done")
    timeline.redraw()
    assert re.fullmatch(TIME + "result   done\n", terminal.take())


def test_where_no_key_can_be_pressed_none_is_named(terminal: Terminal) -> None:
    timeline = Timeline(terminal)
    timeline.led(True)
    assert visible(terminal.getvalue()) == f"{ERASE}LED ●"


def test_the_status_line_fits_into_80_columns(terminal: Terminal) -> None:
    timeline = Timeline(terminal)
    timeline.keys = KEYS
    timeline.time_left(120)
    assert len(terminal.take().removeprefix(ERASE)) <= 79


@pytest.mark.parametrize("width", [1, 2, 5, 20, 41, 60])
def test_in_a_narrow_window_the_status_line_is_cut_not_wrapped(
    terminal: Terminal, columns: pytest.MonkeyPatch, width: int
) -> None:
    columns.setenv("COLUMNS", str(width))
    timeline = Timeline(terminal)
    timeline.keys = KEYS
    timeline.time_left(120)
    terminal.take()
    timeline.led(True)
    assert visible(terminal.take()) == (ERASE + f"LED ●   2:00 left   {KEYS}"[: width - 1])


def test_a_window_without_a_size_counts_as_80_columns(
    terminal: Terminal, columns: pytest.MonkeyPatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns.setenv("COLUMNS", "0")
    monkeypatch.setattr("os.get_terminal_size", lambda _fd: (_ for _ in ()).throw(OSError))
    Timeline(terminal).message("a/b/event", b"x" * 300)
    assert terminal.getvalue().replace(ERASE, "").partition("\n")[0].endswith("x…")
    assert len(terminal.getvalue().replace(ERASE, "").partition("\n")[0]) == 80


# ---- MQTT


def test_without_a_terminal_a_message_is_whole() -> None:
    out = io.StringIO()
    Timeline(out).message("wps-agent/porch/state", b'{"a":"' + b"x" * 300 + b'"}')
    assert out.getvalue().endswith('MQTT     wps-agent/porch/state {"a":"' + "x" * 300 + '"}\n')


def test_on_a_terminal_a_message_is_cut_to_fit(terminal: Terminal) -> None:
    Timeline(terminal).message("wps-agent/porch/event", b'{"a":"' + b"x" * 300 + b'"}')
    row = terminal.getvalue().replace(ERASE, "").partition("\n")[0]
    assert (len(row), row[20:30], row[-2:]) == (80, 'event {"a"', "x…")


def test_a_message_cannot_drive_the_terminal(terminal: Terminal) -> None:
    timeline = Timeline(terminal)
    timeline.message("a/b/event", b"\x1b[2J\xff")
    timeline.message("a/b/event", json.dumps({"device_name": "\x1b[2J"}).encode())
    assert "\x1b[2J" not in terminal.getvalue()
    assert "event _[2J\ufffd" in terminal.getvalue()


def test_of_a_state_only_what_changed_is_shown() -> None:
    words = MqttWords()
    assert words.shorten("a/b/state", b'{"state":"idle","node":"b"}') == 'state {"state":"idle","node":"b"}'
    assert words.shorten("a/b/state", b'{"state":"active","node":"b","left":null}') == (
        'state {"state":"active","left":null}'
    )
    assert words.shorten("a/b/state", b'{"state":"active","node":"b","left":null}') == "state {}"


def test_of_an_event_the_time_is_left_out() -> None:
    assert MqttWords().shorten("a/b/event", b'{"event_type":"started","at":"2026"}') == 'event {"event_type":"started"}'


@pytest.mark.parametrize("payload", ["online", "[1]", ""])
def test_what_is_no_object_is_shown_as_it_is(payload: str) -> None:
    assert MqttWords().shorten("a/b/availability", payload.encode()) == f"availability {payload}"


# ---- LED patterns


def test_the_standard_patterns_in_words() -> None:
    assert [pattern_words(pattern) for pattern in DEFAULT_PATTERNS.values()] == [
        "off (idle)",
        "blinks 200/100 ms (in_progress)",
        "blinks 100/100 ms (error)",
        "blinks 5 times 100/100 ms, then a pause (overlap)",
        "on (success)",
    ]


def test_a_pattern_of_equal_steps_is_one_blink() -> None:
    assert pattern_words(Pattern("x", ((50, 50), (50, 50)))) == "blinks 50/50 ms (x)"


# ---- events


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (e.AccessPointStarted("sim0", Ssid(b"home"), 6, 2437), "network 'home' is up on sim0, channel 6"),
        (e.AccessPointFailed("sim0", "no radio"), "network on sim0 could not be started: no radio"),
        (e.ButtonPressed("short", "GPIO17", ("main",)), "button pressed (short)"),
        (e.PushButtonStarted("main", 1.0), "opens the network for one device, for two minutes"),
        (
            e.PushButtonEnded("main", e.SessionEndReason.SUCCEEDED),
            "closes the network again: the device has what it needs",
        ),
        (
            e.PushButtonEnded("main", e.SessionEndReason.TIMED_OUT),
            "closes the network again: no device came within two minutes",
        ),
        (e.PushButtonEnded("main", e.SessionEndReason.CANCELLED), "closes the network again: cancelled"),
        (
            e.PushButtonEnded("main", e.SessionEndReason.REPLACED),
            "closes the network again: another session takes its place",
        ),
        (
            e.PushButtonEnded("main", e.SessionEndReason.FAILED),
            "closes the network again: the registration protocol failed",
        ),
        (e.PushButtonRefused("main", "no network"), "refuses the press: no network"),
        (e.OverlapDetected("main"), "sees two devices that want in at once, and admits neither"),
        (e.EapStarted("sim0", STATION), "begins the registration protocol with 02:00:00:00:00:01"),
        (
            e.EnrolmentSucceeded("main", STATION, UUID, "A\x1bphone"),
            "has given A_phone (02:00:00:00:00:01) the passphrase",
        ),
        (e.EnrolmentSucceeded("main", STATION, UUID, ""), "has given the device (02:00:00:00:00:01) the passphrase"),
        (e.EnrolmentFailed("main", STATION, 7, 18, 0, "sim0"), "the registration protocol failed: the PIN is wrong"),
        (e.StationConnected("sim0", STATION), "02:00:00:00:00:01 is connected (WPA2, CCMP)"),
        (e.StationDisconnected("sim0", STATION, "it left"), "02:00:00:00:00:01 is gone: it left"),
        (e.BrokerConnected(), "is connected to the MQTT broker"),
        (e.BrokerLost("refused"), "has lost the MQTT broker: refused"),
        (e.AgentStarted(), None),
    ],
)
def test_what_the_agent_does_in_words(event: e.AgentEvent, line: str | None) -> None:
    assert agent_line(event) == line
