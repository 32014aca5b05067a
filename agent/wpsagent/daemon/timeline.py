# SPDX-License-Identifier: BSD-3-Clause
"""What the simulated board shows: a timeline of what happens and, on a terminal, a line with LED and time left."""

import json
import shutil
import sys
import textwrap
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from wpsagent.status import events as e
from wpsagent.status.texts import cleaned, failure_words
from wpsagent_board.pattern import Pattern

KEYS = "Enter: press the button   c: cancel   q: quit"

MARGIN = 20
"""Columns before the text of a line: time and speaker."""

NARROWEST = 40
"""Columns below which lines are left to the terminal: there is no room to indent them."""


class Timeline:
    """Prints lines such as `   1.23 s  LED      blinks 200/100 ms`; the status line stays below them.

    keys: what can be pressed, for the status line; empty while nobody can press anything.  Where nobody reads the
    output any more (a closed pipe, a terminal that has gone) it is dropped without a word.
    """

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = sys.stdout if out is None else out
        self._started = time.monotonic()
        self._is_gone = False
        self._is_lit = False
        self._left: int | None = None
        self._mqtt = MqttWords()
        self.is_live = self._out.isatty()
        self.keys = ""

    def say(self, who: str, what: str) -> None:
        """One line; on a terminal one that does not fit goes on below its beginning."""
        prefix = f"{time.monotonic() - self._started:7.2f} s  {who:<8} "
        self._print(prefix + (_wrapped(what, _columns()) if self.is_live else what))

    def message(self, topic: str, payload: bytes) -> None:
        """An MQTT message: whole, or on a terminal what is new in it, cut to fit."""
        if not self.is_live:
            self.say("MQTT", f"{topic} {cleaned(payload.decode(errors='replace'))}")
            return
        text, width = self._mqtt.shorten(topic, payload), max(_columns(), NARROWEST) - MARGIN
        self.say("MQTT", text if len(text) <= width else f"{text[: width - 1]}…")

    def blank(self) -> None:
        self._print("")

    def led(self, is_lit: bool) -> None:
        """The LED's level, drawn on a terminal."""
        self._is_lit = is_lit
        self.redraw()

    def time_left(self, seconds: int | None) -> None:
        """Of the open window, drawn on a terminal."""
        self._left = seconds
        self.redraw()

    def redraw(self) -> None:
        """The status line anew, as after a change of the window's size."""
        if self.is_live:
            self._write(f"{ERASE}{self._status()}")

    def close(self) -> None:
        """No status line any more; lines can still be printed."""
        if self.is_live:
            self._write(ERASE)
        self.is_live = False

    def _print(self, text: str) -> None:
        self._write(f"{ERASE}{text}\n{self._status()}" if self.is_live else f"{text}\n")

    def _status(self) -> str:
        """One row, never two: what a terminal has wrapped cannot be erased."""
        left = "" if self._left is None else f"   {self._left // 60}:{self._left % 60:02} left"
        text = f"LED ●{left}   {self.keys}".rstrip()[: max(_columns() - 1, 0)]
        return text.replace("●", "\x1b[32m●\x1b[0m" if self._is_lit else "○")

    def _write(self, text: str) -> None:
        if self._is_gone:
            return
        try:
            self._out.write(text)
            self._out.flush()
        except OSError:
            self._is_gone = True


ERASE = "\r\x1b[K"


def _columns() -> int:
    return shutil.get_terminal_size((80, 24)).columns


def _wrapped(text: str, columns: int) -> str:
    """In as many rows as it takes, all of them beginning at the margin."""
    if columns < NARROWEST:
        return text
    rows = textwrap.wrap(text, columns - MARGIN, break_on_hyphens=False) or [""]
    return f"\n{'':{MARGIN}}".join(rows)


class MqttWords:
    """Shortens messages for a terminal: no base topic, of a state only what changed, of an event not the time."""

    def __init__(self) -> None:
        self._state: dict[str, Any] = {}

    def shorten(self, topic: str, payload: bytes) -> str:
        """The last level of the topic, and what is new."""
        name = topic.rpartition("/")[2]
        try:
            value = json.loads(payload)
        except ValueError:  # "online", "offline"
            value = None
        if not isinstance(value, dict):
            return f"{name} {cleaned(payload.decode(errors='replace'))}"
        if name == "state":
            news = {key: item for key, item in value.items() if key not in self._state or self._state[key] != item}
            self._state = value
        else:
            news = {key: item for key, item in value.items() if key != "at"}
        return f"{name} {cleaned(json.dumps(news, ensure_ascii=False, separators=(',', ':')))}"


def pattern_words(pattern: Pattern) -> str:
    """What an LED does, for people."""
    if pattern.is_dark:
        return f"off ({pattern.name})"
    if pattern.is_solid:
        return f"on ({pattern.name})"
    first, last = pattern.steps[0], pattern.steps[-1]
    if first == last:
        return f"blinks {first[0]}/{first[1]} ms ({pattern.name})"
    return f"blinks {len(pattern.steps)} times {first[0]}/{first[1]} ms, then a pause ({pattern.name})"


_LINES: Mapping[type, Callable[[Any], str]] = {
    e.AccessPointStarted: lambda event: (
        f"network {str(event.ssid)!r} is up on {event.interface}, channel {event.channel}"
    ),
    e.AccessPointFailed: lambda event: f"network on {event.interface} could not be started: {event.reason}",
    e.ButtonPressed: lambda event: f"button pressed ({event.gesture})",
    e.PushButtonStarted: lambda _: "opens the network for one device, for two minutes",
    e.PushButtonEnded: lambda event: f"closes the network again: {_END_WORDS[event.reason]}",
    e.PushButtonRefused: lambda event: f"refuses the press: {event.reason}",
    e.OverlapDetected: lambda _: "sees two devices that want in at once, and admits neither",
    e.EapStarted: lambda event: f"begins the registration protocol with {event.address}",
    e.EnrolmentSucceeded: lambda event: (
        f"has given {cleaned(event.device_name) or 'the device'} ({event.address}) the passphrase"
    ),
    e.EnrolmentFailed: lambda event: f"the registration protocol failed: {failure_words(event)}",
    e.StationConnected: lambda event: f"{event.address} is connected (WPA2, CCMP)",
    e.StationDisconnected: lambda event: f"{event.address} is gone: {event.reason}",
    e.BrokerConnected: lambda _: "is connected to the MQTT broker",
    e.CommandReceived: lambda event: (
        f"{'does' if event.is_ok else 'refuses'} what was asked over MQTT: {event.command}"
    ),
    e.BrokerLost: lambda event: f"has lost the MQTT broker: {event.reason}",
}

_END_WORDS: Mapping[e.SessionEndReason, str] = {
    e.SessionEndReason.SUCCEEDED: "the device has what it needs",
    e.SessionEndReason.TIMED_OUT: "no device came within two minutes",
    e.SessionEndReason.CANCELLED: "cancelled",
    e.SessionEndReason.REPLACED: "another session takes its place",
    e.SessionEndReason.FAILED: "the registration protocol failed",
}


def agent_line(event: e.AgentEvent) -> str | None:
    """What the agent does, for people; None for what is not worth a line."""
    line = _LINES.get(type(event))
    return None if line is None else line(event)
