# SPDX-License-Identifier: BSD-3-Clause
"""What the simulated board shows: a timeline of what happens and, on a terminal, a line with LED and time left."""

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from wpsagent.status import events as e
from wpsagent.status.texts import failure_words

HELP = "Enter: press the button   c: cancel   q: quit"


class Timeline:
    """Prints lines such as `   1.23 s  LED      blinks 200/100 ms`; the status line stays below them."""

    def __init__(self, out: TextIO = sys.stdout) -> None:
        self._out = out
        self._started = time.monotonic()
        self.is_live = out.isatty()
        self._status = ""
        self._is_lit = False
        self._left: int | None = None

    def say(self, who: str, what: str) -> None:
        """One line."""
        self._erase()
        print(f"{time.monotonic() - self._started:7.2f} s  {who:<8} {what}", file=self._out, flush=True)
        self._draw()

    def blank(self) -> None:
        self._erase()
        print(file=self._out, flush=True)
        self._draw()

    def led(self, is_lit: bool) -> None:
        """The LED's level, drawn on a terminal."""
        self._is_lit = is_lit
        self._redraw()

    def time_left(self, seconds: int | None) -> None:
        """Of the open window, drawn on a terminal."""
        self._left = seconds
        self._redraw()

    def close(self) -> None:
        """Leave a clean line."""
        self._erase()
        self.is_live = False

    def _redraw(self) -> None:
        self._erase()
        self._draw()

    def _erase(self) -> None:
        if self.is_live:
            self._out.write("\r\x1b[K")

    def _draw(self) -> None:
        if self.is_live:
            lamp = "\x1b[32m●\x1b[0m" if self._is_lit else "○"
            left = "" if self._left is None else f"   {self._left // 60}:{self._left % 60:02} left"
            self._out.write(f"LED {lamp}{left}   {HELP}")
            self._out.flush()


_LINES: Mapping[type, Callable[[Any], str]] = {
    e.AccessPointStarted: lambda event: (
        f"network {str(event.ssid)!r} is up on {event.interface}, channel {event.channel}"
    ),
    e.AccessPointFailed: lambda event: f"network on {event.interface} could not be started: {event.reason}",
    e.ButtonPressed: lambda event: f"button pressed ({event.gesture})",
    e.PushButtonStarted: lambda _: "opens the network for one device, for two minutes",
    e.PushButtonEnded: lambda event: f"closes the network again: {event.reason.value}",
    e.PushButtonRefused: lambda event: f"refuses the press: {event.reason}",
    e.OverlapDetected: lambda _: "sees two devices that want in at once, and admits neither",
    e.EapStarted: lambda event: f"begins the registration protocol with {event.address}",
    e.EnrolmentSucceeded: lambda event: (
        f"has given {event.device_name or 'the device'} ({event.address}) the passphrase"
    ),
    e.EnrolmentFailed: lambda event: f"the registration protocol failed: {failure_words(event)}",
    e.StationConnected: lambda event: f"{event.address} is connected (WPA2, CCMP)",
    e.StationDisconnected: lambda event: f"{event.address} is gone: {event.reason}",
    e.BrokerConnected: lambda _: "is connected to the MQTT broker",
    e.BrokerLost: lambda event: f"has lost the MQTT broker: {event.reason}",
}


def agent_line(event: e.AgentEvent) -> str | None:
    """What the agent does, for people; None for what is not worth a line."""
    line = _LINES.get(type(event))
    return None if line is None else line(event)
