# SPDX-License-Identifier: BSD-3-Clause
"""The whole agent with a station: beside access points and without; whose the button is; what is told at the end."""

import asyncio
from pathlib import Path
from unittest.mock import patch

import pytest
from tests.pairs.station_world import STATION
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import AP, entropy_of
from tests.unit.simulated_station_radio import SimulatedStationRadio

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, ButtonAction, EapolTransport, StationSettings
from wpsagent.daemon.daemon import Daemon
from wpsagent.daemon.kernel_radios import open_kernel_station_radio
from wpsagent.io.hand_over.manager import HandOverError
from wpsagent.io.simulated_radio import Air, SimulatedAccessPointRadio
from wpsagent.ports import AccessPointRadio, StationRadio
from wpsagent.status import events as e
from wpsagent.status import station_events as s

AGENT = '[agent]\nnode = "node"\ncontrol_socket = "{folder}/control"\nstate_directory = "{folder}/state"\n'
BUTTON = '[[button]]\nbackend = "simulated"\n'
ACCESS_POINT = '[[access_point]]\ninterface = "sim0"\nssid = "home"\npassphrase = "correct horse"\nchannel = 6\n'
STATION_TABLE = '[[station]]\ninterface = "sta0"\n'


class Scene:
    """One agent and its air."""

    def __init__(self, folder: Path, text: str) -> None:
        self.air = Air()
        self.configuration = parse(AGENT.format(folder=folder) + BUTTON + text, host_name="node")
        self.daemon = Daemon(self.configuration, self._open, entropy_of("daemon"), self._open_station)
        self.told: list[e.AgentEvent] = []
        self.daemon.reporting.observers.append(self.told.append)

    async def _open(self, settings: AccessPointSettings) -> AccessPointRadio:
        return SimulatedAccessPointRadio(self.air, settings.interface, AP)

    async def _open_station(self, settings: StationSettings) -> StationRadio:
        return SimulatedStationRadio(self.air, settings.interface, STATION)

    def press(self, gesture: str) -> None:
        (button,) = self.configuration.buttons
        action = button.short_press if gesture == "short" else button.long_press
        self.daemon.button_pressed(gesture, action, button)

    def kinds(self, *wanted: type) -> list[type]:
        return [type(event) for event in self.told if isinstance(event, wanted)]

    async def __aenter__(self) -> "Scene":
        self._task = asyncio.create_task(self.daemon.run())
        await self.daemon.started.wait()
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.daemon.terminate()
        await self._task


def test_our_station_joins_our_access_point_by_a_short_and_a_long_press(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Scene(tmp_path, ACCESS_POINT + STATION_TABLE) as there:
            assert there.daemon._status_line() == "1 of 1 networks up, 1 of 1 stations up"
            there.press("short")
            assert there.kinds(e.PushButtonStarted, s.StationWpsStarted) == [e.PushButtonStarted]
            there.press("long")
            await asyncio.sleep(10)
            assert there.kinds(s.StationWpsEnded, s.Joined) == [s.StationWpsEnded, s.Joined]
            (network,) = there.daemon.access_points()
            assert network.stations == 1
            (station,) = there.daemon.report()["stations"]
            assert (station["state"], station["ssid"], station["networks"]) == ("connected", "home", 1)
            assert (tmp_path / "state" / "sta0.conf").exists()
        assert there.kinds(e.AgentStopping, s.Left) == [e.AgentStopping, s.Left]
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    run(scene())


def test_the_button_of_a_device_with_a_station_only_is_the_stations(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Scene(tmp_path, STATION_TABLE) as there:
            assert there.daemon._status_line() == "1 of 1 stations up"
            assert list(there.daemon.access_points()) == []
            there.press("short")
            assert there.kinds(s.StationWpsStarted, e.PushButtonRefused) == [s.StationWpsStarted]
            there.press("long")
            assert there.kinds(s.StationWpsEnded) == [s.StationWpsEnded]

    run(scene())


def test_cancel_ends_what_both_roles_are_at(tmp_path: Path) -> None:
    async def scene() -> None:
        async with Scene(tmp_path, ACCESS_POINT + STATION_TABLE) as there:
            there.press("short")
            there.press("long")
            (button,) = there.configuration.buttons
            there.daemon.button_pressed("short", ButtonAction.CANCEL, button)
            assert there.kinds(e.PushButtonEnded, s.StationWpsEnded) == [s.StationWpsEnded, e.PushButtonEnded]
            there.daemon.button_pressed("short", ButtonAction.NONE, button)
            assert there.kinds(e.PushButtonStarted, s.StationWpsStarted) == [e.PushButtonStarted, s.StationWpsStarted]

    run(scene())


def test_the_radio_of_the_kernel_is_opened_as_configured() -> None:
    async def scene() -> None:
        for eapol, on_packet in (("auto", False), ("packet", True)):
            (settings,) = parse(f'{STATION_TABLE}eapol = "{eapol}"\ncreate_on = "phy0"\n').stations
            assert settings.eapol is EapolTransport(eapol)
            with patch("wpsagent.io.nl80211.station.open_station_radio") as opened:
                await open_kernel_station_radio(settings)
            opened.assert_awaited_once_with("sta0", create_on="phy0", on_packet_eapol=on_packet, is_lent=False)

    run(scene())


@pytest.mark.parametrize(
    ("who", "answer", "is_lent"),
    [
        ("iwd", True, True),
        ("auto", True, True),
        ("auto", False, False),
        ("iwd", HandOverError("iwd does not answer"), False),
        ("networkmanager", True, False),
    ],
)
def test_an_interface_is_lent_where_iwd_has_it(who: str, answer: bool | HandOverError, is_lent: bool) -> None:
    (settings,) = parse(f'{STATION_TABLE}hand_over = "{who}"\n').stations

    async def scene() -> None:
        with (
            patch("wpsagent.io.nl80211.station.open_station_radio") as opened,
            patch("wpsagent.io.hand_over.iwd.Iwd.holds", side_effect=[answer]),
        ):
            await open_kernel_station_radio(settings)
        assert opened.await_args is not None
        assert opened.await_args.kwargs["is_lent"] is is_lent

    run(scene())
