# SPDX-License-Identifier: BSD-3-Clause
"""Debian's wpa_gui, unmodified, on a virtual screen, with mouse and keyboard, against a station of ours."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pytest
from tests.system.virtual_screen import VirtualScreen, wait_until

from wpsagent.io.control_client import ControlClient

REPOSITORY = Path(__file__).resolve().parents[2]

AP_PIN = "12345670"

# Places in the windows of wpa_gui 2.10 with the Fusion style.
TAB_WPS, SCAN = (281, 103), (261, 308)
PUSH_BUTTON, GENERATE_PIN, USE_AP_PIN, AP_PIN_FIELD = (81, 160), (81, 188), (81, 217), (240, 217)
PIN_FIELD = (200, 178, 120, 22)
FIRST_ROW, START_SCAN, CLOSE_SCAN = (54, 38), (314, 220), (400, 220)
WPS_OF_NETWORK = (155, 542)
HISTORY_ROWS = (120, 32, 370, 200)


@dataclass
class Desk:
    """A person at a screen with wpa_gui, and the house around."""

    screen: VirtualScreen
    house: subprocess.Popen[str]
    control: ControlClient
    folder: Path

    @property
    def input(self) -> IO[str]:
        assert self.house.stdin is not None
        return self.house.stdin

    def tell_house(self, line: str) -> None:
        self.input.write(f"{line}\n")
        self.input.flush()

    def hear_house(self) -> str:
        assert self.house.stdout is not None
        return self.house.stdout.readline().strip()

    def status(self) -> dict[str, str]:
        with ControlClient(self.folder / "control" / "sta0") as client:
            return dict(line.split("=", 1) for line in client.request("STATUS").splitlines())

    def wait_event(self, prefix: str) -> str:
        """The next event that begins so."""
        for event in self.control.events(30.0):
            if event.startswith(f"<3>{prefix}"):
                return event
        raise AssertionError(f"no {prefix}; the station: {self.status()}")

    def wait_connected(self) -> None:
        self.wait_event("CTRL-EVENT-CONNECTED")
        assert self.status()["wpa_state"] == "COMPLETED"
        assert 'ssid="home"' in (self.folder / "networks.conf").read_text()


@contextlib.contextmanager
def _house(folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.system.gui_house", str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY, env=environment
    ) as house:
        assert house.stdout is not None
        try:
            assert house.stdout.readline() == "ready\n"
            yield house
        finally:
            house.terminate()


def _start(screen: VirtualScreen, folder: Path) -> subprocess.Popen[bytes]:
    """wpa_gui, with its window.  On a loaded machine Qt sometimes shows none, or ends; then it is started once more."""
    command = ["wpa_gui", "-p", str(folder / "control"), "-i", "sta0"]
    for within in (10.0, 30.0):
        gui = subprocess.Popen(
            command, env=dict(screen.environment), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            screen.wait_window("wpa_gui", within)
        except AssertionError as error:
            failure = f"{error}; it {'runs' if gui.poll() is None else f'ended with {gui.poll()}'}"
            gui.kill()
            gui.wait()
        else:
            return gui
    raise AssertionError(failure)


@contextlib.contextmanager
def _wpa_gui(screen: VirtualScreen, folder: Path) -> Iterator[None]:
    with _start(screen, folder) as gui:
        try:
            yield
        finally:
            gui.terminate()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    (tmp_path / "screen").mkdir()
    with _house(tmp_path) as house, VirtualScreen(tmp_path / "screen") as screen, _wpa_gui(screen, tmp_path):
        control = ControlClient(tmp_path / "control" / "sta0")
        control.attach()
        yield Desk(screen, house, control, tmp_path)
        screen.keep("last")
        control.close()


def scan(desk: Desk) -> tuple[int, int]:
    """The window with the scan results, which has its row; where it is."""
    desk.screen.click(*SCAN)
    x, y = desk.screen.wait_window("Scan results")
    desk.screen.click(x + START_SCAN[0], y + START_SCAN[1])
    desk.wait_event("CTRL-EVENT-SCAN-RESULTS")

    def has_row() -> bool:
        return desk.screen.look().dark_pixels(x + 12, y + 35, 200, 16) > 40

    wait_until(has_row, lambda: "the window with the scan results stays empty")
    return x, y


def test_its_push_button_joins_the_network(desk: Desk) -> None:
    desk.screen.click(*TAB_WPS)
    desk.screen.click(*PUSH_BUTTON)
    desk.wait_event("WPS-PBC-ACTIVE")
    desk.tell_house("press")
    desk.wait_event("WPS-SUCCESS")
    desk.wait_connected()


def test_a_pin_that_it_shows_is_entered_at_the_access_point(desk: Desk) -> None:
    desk.screen.click(*TAB_WPS)
    before = desk.screen.look().dark_pixels(*PIN_FIELD)
    desk.screen.click(*GENERATE_PIN)
    desk.wait_event("WPS-PIN-ACTIVE")
    pin = desk.hear_house()
    wait_until(lambda: desk.screen.look().dark_pixels(*PIN_FIELD) > before + 40, lambda: "the PIN is not shown")
    desk.tell_house(pin)
    desk.wait_connected()


def test_an_access_point_of_the_scan_window_is_read_with_its_pin(desk: Desk) -> None:
    x, y = scan(desk)
    desk.screen.click(x + FIRST_ROW[0], y + FIRST_ROW[1], 2)
    left, top = desk.screen.wait_window("home")
    desk.screen.click(left + WPS_OF_NETWORK[0], top + WPS_OF_NETWORK[1])
    wait_until(lambda: "home" not in desk.screen.windows(), lambda: "the window of the network stays")
    desk.screen.click(x + CLOSE_SCAN[0], y + CLOSE_SCAN[1])
    wait_until(lambda: "Scan results" not in desk.screen.windows(), lambda: "the window of the scan stays")
    desk.screen.click(*AP_PIN_FIELD)
    desk.screen.type(AP_PIN)
    desk.screen.click(*USE_AP_PIN)
    desk.wait_event("WPS-SUCCESS")
    desk.wait_connected()


def test_its_event_history_fills(desk: Desk) -> None:
    scan(desk)
    desk.screen.press("Escape")
    desk.screen.click(20, 10)
    desk.screen.press("h")
    x, y = desk.screen.wait_window("Event history")
    left, top, width, height = HISTORY_ROWS
    wait_until(
        lambda: desk.screen.look().dark_pixels(x + left, y + top, width, height) > 500,
        lambda: "the window with the events stays empty",
    )
