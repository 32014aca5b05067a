# SPDX-License-Identifier: BSD-3-Clause
"""Stations of the daemon: brought up, joined, remembered, lost, brought up again, whatever radio and disk do."""

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.pairs.station_world import AP, DEVICE, PASSPHRASE, STATION, WorldAccessPoint, protected
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import entropy_of
from tests.unit.simulated_station_radio import SimulatedStationRadio
from tests.unit.station_house import KNOWN, StationHouse
from tests.unit.test_control_commands import FakeAgent

from wpsagent.config.loader import parse
from wpsagent.config.model import StationSettings
from wpsagent.control.agent import AccessPointStatus
from wpsagent.control.commands import Commands
from wpsagent.daemon.station import Station
from wpsagent.daemon.stations import Stations
from wpsagent.errors import AgentError, NetlinkError, RadioError, UsageError
from wpsagent.io.simulated_radio import Air
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import StationRadio
from wpsagent.roles.sta.machine import StationState
from wpsagent.roles.sta.parameters import Elsewhere
from wpsagent.roles.sta.wps_control import LISTEN_LIMIT
from wpsagent.rsn.rsne import FrameProtection
from wpsagent.status import station_events as s
from wpsagent.wsc.enumerations import ConfigMethods, RfBands
from wpsagent.wsc.internal_registrar import InternalRegistrar

OTHER = MacAddress.parse("02:00:00:00:02:00")
OTHER_AP = MacAddress.parse("02:00:00:00:00:77")


class House(StationHouse):
    """The stations of a configuration in a simulated air, and the access point of the neighbours."""

    def __init__(self, folder: Path, options: str = "", more: str = "") -> None:
        super().__init__()
        self.file = folder / "state" / "sta0.conf"
        text = f'[[station]]\ninterface = "sta0"\nnetworks_file = "{self.file}"\n{options}{more}'
        self.open_errors: list[Exception] = []
        self.radios: list[SimulatedStationRadio] = []
        self.stations = Stations(parse(text, host_name="house"), self._open, entropy_of("house"), self.told.append)

    async def _open(self, settings: StationSettings) -> StationRadio:
        if self.open_errors:
            raise self.open_errors.pop(0)
        address = STATION if settings.interface == "sta0" else OTHER
        self.radios.append(SimulatedStationRadio(self.air, settings.interface, address))
        return self.radios[-1]

    def count(self, kind: type[object]) -> int:
        return sum(isinstance(event, kind) for event in self.told)

    def remember(self) -> None:
        """It knows the network already."""
        self.file.parent.mkdir()
        self.file.write_text(KNOWN)


def test_the_button_brings_a_network_that_is_joined_and_remembered(tmp_path: Path) -> None:
    async def scene() -> None:
        async with House(tmp_path, "wps_priority = 3\n").running() as house:
            assert await house.until(s.StationStarted) == s.StationStarted("sta0", 0)
            house.neighbours.group.press_button()
            house.stations.press_button()
            started = await house.until(s.StationWpsStarted)
            assert (started.interface, started.method) == ("sta0", s.StationMethod.PUSH_BUTTON)
            assert await house.until(s.StationWpsEnded) == s.StationWpsEnded(
                "sta0", s.StationMethod.PUSH_BUTTON, s.StationWpsResult.SUCCEEDED
            )
            joined = await house.until(s.Joined)
            assert (joined.bssid, joined.ssid) == (AP, b"home")
            assert house.station.machine().state is StationState.COMPLETED
            text = house.file.read_text()
            assert f'psk="{PASSPHRASE.decode()}"' in text
            assert "priority=3" in text
            assert house.file.stat().st_mode & 0o777 == 0o600
            assert house.file.parent.stat().st_mode & 0o777 == 0o700
            house.told.clear()
        left = [event for event in house.told if isinstance(event, s.Left)]
        assert [(event.bssid, event.is_local) for event in left] == [(AP, True)]
        assert not house.station.is_up

    run(scene())


def test_a_network_of_the_file_is_joined_at_once(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.remember()
        async with house.running():
            assert (await house.until(s.StationStarted)).networks == 1
            assert (await house.until(s.Joined)).ssid == Ssid(b"home")
        assert house.file.read_text() == KNOWN

    run(scene())


def test_a_file_that_is_wrong_is_told_once_and_read_again(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.remember()
        house.file.write_text("network={\n\tssid=\n")
        async with house.running():
            assert str(house.file) in (await house.until(s.StationFailed)).reason
            await asyncio.sleep(50)
            assert house.count(s.StationFailed) == 0
            assert house.radios == []
            house.file.write_text(KNOWN)
            assert (await house.until(s.StationStarted)).networks == 1
            await house.until(s.Joined)

    run(scene())


@pytest.mark.parametrize("error", [RadioError("no such interface"), NetlinkError(19, "No such device")])
def test_a_radio_that_is_not_there_is_tried_again(tmp_path: Path, error: Exception) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.open_errors = [error] * 3
        async with house.running():
            assert await house.until(s.StationFailed) == s.StationFailed("sta0", str(error))
            with pytest.raises(UsageError, match=re.escape(f"sta0 is down: {error}")):
                house.station.machine()
            house.stations.cancel()
            house.stations.press_button()
            refused = await house.until(s.StationWpsRefused)
            assert (refused.interface, str(error) in refused.reason) == ("sta0", True)
            await house.until(s.StationStarted)
            assert house.count(s.StationFailed) == 0
            assert house.station.is_up

    run(scene())


def test_a_lost_radio_is_told_and_the_network_joined_when_it_is_back(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.remember()
        async with house.running():
            await house.until(s.Joined)
            house.file.unlink()  # what it knows, it knows
            house.radios[0].lose("pulled")
            assert await house.until(s.StationLost) == s.StationLost("sta0", "pulled")
            with pytest.raises(UsageError, match="sta0 is down"):
                house.station.machine()
            assert (await house.until(s.StationStarted)).networks == 1
            await house.until(s.Joined)
            assert len(house.radios) == 2

    run(scene())


def test_what_cannot_be_saved_is_told_and_works_all_the_same(tmp_path: Path) -> None:
    async def scene() -> None:
        (tmp_path / "state").write_text("a file where the folder should be")
        house = House(tmp_path)
        house.file = tmp_path / "none"
        async with house.running():
            # the folder is a file: nothing can be read from it either, and that is told
            assert "cannot be read" in (await house.until(s.StationFailed)).reason
            (tmp_path / "state").unlink()
            await house.until(s.StationStarted)
            (tmp_path / "state").write_text("and again")
            house.neighbours.group.press_button()
            house.stations.press_button()
            reason = (await house.until(s.NetworksNotSaved)).reason
            assert str(tmp_path / "state") in reason
            await house.until(s.Joined)
            with pytest.raises(AgentError):
                house.station.save()

    run(scene())


def test_a_file_that_is_not_ours_to_write_is_left_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.file.parent.mkdir()
        house.file.write_text("# mine\n")
        async with house.running():
            house.neighbours.group.press_button()
            house.stations.press_button()
            assert "update_config=1" in (await house.until(s.NetworksNotSaved)).reason
            await house.until(s.Joined)
            house.neighbours.group.press_button()
            house.stations.press_button()
            told = [await house.until(object)]
            while not isinstance(told[-1], s.Joined):
                told.append(await house.until(object))
            assert not any(isinstance(event, s.NetworksNotSaved) for event in told)  # it is told once
        assert house.file.read_text() == "# mine\n"

    run(scene())


def test_cancel_ends_a_run_and_its_time_ends_it_too(tmp_path: Path) -> None:
    async def scene() -> None:
        async with House(tmp_path).running() as house:
            house.stations.press_button()
            house.stations.cancel()
            ended = await house.until(s.StationWpsEnded)
            assert (ended.result, ended.cause, ended.reason) == (s.StationWpsResult.CANCELLED, "cancelled", "cancelled")
            house.stations.press_button()
            ended = await house.until(s.StationWpsEnded)
            assert (ended.result, ended.cause) == (s.StationWpsResult.TIMED_OUT, "no_access_point")

    run(scene())


def test_the_button_is_the_first_stations(tmp_path: Path) -> None:
    async def scene() -> None:
        more = f'[[station]]\ninterface = "sta1"\nnetworks_file = "{tmp_path}/sta1.conf"\n'
        async with House(tmp_path, more=more).running() as house:
            house.stations.press_button()
            await asyncio.sleep(0.1)
            started = [event for event in house.told if isinstance(event, s.StationWpsStarted)]
            assert [event.interface for event in started] == ["sta0"]
            assert [station.is_up for station in house.stations.stations] == [True, True]

    run(scene())


def test_a_station_says_what_it_is(tmp_path: Path) -> None:
    async def scene() -> None:
        uuid = "2b7093f1-d6fb-5108-adbb-bea66bb87333"
        more = f'[device]\nname = "porch"\nuuid = "{uuid}"\nconfig_methods = ["keypad"]\n'
        async with House(tmp_path, 'add_sae = true\npbc_scan = "fast"\npmf = "required"\n', more).running() as house:
            parameters = house.station.machine().parameters
            assert (parameters.interface, parameters.uuid.hex()) == ("sta0", uuid.replace("-", ""))
            assert (parameters.add_sae, parameters.is_push_button_fast) == (True, True)
            assert parameters.frame_protection is FrameProtection.REQUIRED
            assert parameters.device.device_name == "porch"
            assert parameters.device.config_methods == ConfigMethods.KEYPAD | ConfigMethods.VIRTUAL_DISPLAY
            assert parameters.device.rf_bands & RfBands.BAND_2_4_GHZ
            assert len(house.station.new_pin()) == 8

    run(scene())


@pytest.mark.parametrize(("processing", "is_joined"), [("external", False), ("both", True)])
def test_a_credential_is_told_to_control_clients_who_asked_for_it(
    tmp_path: Path, processing: str, is_joined: bool
) -> None:
    async def scene() -> None:
        async with House(tmp_path, f'cred_processing = "{processing}"\n').running() as house:
            house.neighbours.group.press_button()
            house.stations.press_button()
            await house.until(s.StationWpsStarted)
            await asyncio.sleep(60)
            told = [event.text for event in house.told if isinstance(event, s.StationSignal)]
            (received,) = [text for text in told if text.startswith("WPS-CRED-RECEIVED 100e")]
            assert PASSPHRASE.hex() in received
            assert house.count(s.Joined) == is_joined
            assert house.file.exists() == is_joined
            assert PASSPHRASE.hex() not in repr(house.told)

    run(scene())


class StationsOnly(FakeAgent):
    """An agent with stations and nothing else, as its commands see it."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self._house = house

    def access_points(self) -> Sequence[AccessPointStatus]:
        return ()

    def stations(self) -> Sequence[Station]:
        return self._house.stations.stations


def test_control_commands_reach_a_station_of_the_daemon(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.remember()
        async with house.running():
            await house.until(s.Joined)
            commands = Commands(StationsOnly(house))
            assert "wpa_state=COMPLETED\n" in commands("STATUS")
            assert commands("LIST_NETWORKS").endswith("0\thome\tany\t[CURRENT]\n")
            assert commands("DISCONNECT") == "OK\n"
            await house.until(s.Left)
            assert commands("RECONNECT") == "OK\n"
            await house.until(s.Joined)
            assert commands("REMOVE_NETWORK 0") == "OK\n"
            await house.until(s.Left)
            assert "home" not in house.file.read_text()

    run(scene())


# ---- several stations


class Pair(House):
    """Two stations on radios of their own; the second hears what the first does not."""

    def __init__(self, folder: Path) -> None:
        more = f'[[station]]\ninterface = "sta1"\nnetworks_file = "{folder}/state/sta1.conf"\n'
        super().__init__(folder, more=more)
        self.away = Air()
        self.other_registrar = InternalRegistrar(DEVICE, b"\xbb" * 16, entropy_of("other registrar"))
        self.other = WorldAccessPoint(self.away, OTHER_AP, protected(), 2412, self.other_registrar)

    async def _open(self, settings: StationSettings) -> StationRadio:
        air, address = (self.air, STATION) if settings.interface == "sta0" else (self.away, OTHER)
        self.radios.append(SimulatedStationRadio(air, settings.interface, address))
        return self.radios[-1]


@pytest.mark.parametrize("is_pressed_there", [True, False])
def test_a_button_that_only_another_station_hears_is_an_overlap(tmp_path: Path, is_pressed_there: bool) -> None:
    async def scene() -> None:
        pair = Pair(tmp_path)
        await pair.other.start()
        async with pair.running():
            pair.neighbours.group.press_button()
            if is_pressed_there:
                pair.other.group.press_button()
            pair.stations.press_button()
            ended = await pair.until(s.StationWpsEnded)
            expected = s.StationWpsResult.OVERLAP if is_pressed_there else s.StationWpsResult.SUCCEEDED
            assert (ended.interface, ended.result) == ("sta0", expected)
            assert not is_pressed_there or str(OTHER_AP) in ended.reason
        await pair.other.runner.stop()
        pair.other.group.stop()

    run(scene())


def test_the_others_do_not_listen_along_for_a_pin(tmp_path: Path) -> None:
    async def scene() -> None:
        pair = Pair(tmp_path)
        async with pair.running():
            await asyncio.sleep(30)
            other = pair.stations.stations[1].machine()
            updates = other.bsses.updates
            pair.station.act(lambda machine, now: machine.wps_pin(b"12345670", now))
            await asyncio.sleep(0.5)
            assert other.bsses.updates == updates

    run(scene())


def test_a_station_that_never_stops_listening_does_not_hold_another_up_for_ever(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.station.elsewhere = Elsewhere(is_listening=lambda: True)
        async with house.running():
            house.neighbours.group.press_button()
            house.stations.press_button()
            began = asyncio.get_running_loop().time()
            ended = await house.until(s.StationWpsEnded)
            assert ended.result is s.StationWpsResult.SUCCEEDED
            assert LISTEN_LIMIT <= asyncio.get_running_loop().time() - began < LISTEN_LIMIT + 3

    run(scene())
