# SPDX-License-Identifier: BSD-3-Clause
"""A station that becomes an access point and a station again, stations that come and go, and options that are kept."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.pairs.station_world import PASSPHRASE, STATION
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import entropy_of
from tests.unit.simulated_station_radio import SimulatedStationRadio
from tests.unit.station_house import KNOWN, StationHouse

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, EapolTransport, Security, StationSettings
from wpsagent.control import AccessPoint
from wpsagent.daemon.control import ControlSockets, Settings
from wpsagent.daemon.interfaces import Interfaces
from wpsagent.daemon.networks import Networks
from wpsagent.daemon.station_access_point import access_point_settings
from wpsagent.daemon.stations import Stations
from wpsagent.errors import AgentError, ConfigError, DecodeError, UsageError
from wpsagent.io.simulated_radio import SimulatedAccessPointRadio
from wpsagent.octets import Ssid
from wpsagent.ports import AccessPointRadio, StationRadio
from wpsagent.roles.sta.network import ACCESS_POINT, Network
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.wsc.lock_out import SetupLockMode


class House(StationHouse):
    """The stations of a configuration that may become access points, and the access point of the neighbours."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.file = folder / "sta0.conf"
        text = (
            f'[agent]\nstate_directory = "{folder}"\n[[station]]\ninterface = "sta0"\nnetworks_file = "{self.file}"\n'
        )
        configuration = parse(text, host_name="house")
        self.networks = Networks(configuration, self._open_access_point, entropy_of("networks"), self.told.append)
        self.stations = Stations(
            configuration, self._open, entropy_of("house"), self.told.append, access_points=self.networks
        )

    def access_point(self) -> AccessPoint | None:
        """What the station is now."""
        return self.station.access_point

    async def _open(self, settings: StationSettings) -> StationRadio:
        return SimulatedStationRadio(self.air, settings.interface, STATION)

    async def _open_access_point(self, settings: AccessPointSettings) -> AccessPointRadio:
        return SimulatedAccessPointRadio(self.air, settings.interface, STATION)

    async def stop(self) -> None:
        await super().stop()
        await self.networks.stop()

    def add_party(self) -> int:
        """A network with mode=2; its number."""
        network = party()
        return self.station.edit(lambda machine, now: machine.networks.add(network)).id


def party(**changes: Any) -> Network:
    values: dict[str, Any] = {
        "ssid": Ssid(b"party"),
        "mode": ACCESS_POINT,
        "key_management": frozenset({"WPA-PSK"}),
        "protocols": frozenset({"RSN"}),
        "passphrase": PASSPHRASE,
        "other": (("frequency", "2412"),),
    }
    return Network(**values | changes)


def test_it_is_an_access_point_while_the_network_is_selected_and_then_comes_back(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.file.write_text(KNOWN)
        async with house.running():
            await house.until(s.Joined)
            number = house.add_party()
            house.station.become_access_point(number)
            assert house.station.access_point_id == number
            started = await house.until(e.AccessPointStarted)
            assert (started.interface, started.ssid, started.frequency_mhz) == ("sta0", b"party", 2412)
            signal = await house.until(s.StationSignal)
            assert signal.text == f"CTRL-EVENT-CONNECTED - Connection to {STATION} completed [id={number} id_str=]"
            access_point = house.access_point()
            assert access_point is not None
            assert access_point.status.is_enabled
            with pytest.raises(UsageError, match="sta0 is down"):
                house.station.machine()
            access_point.set_ap_pin(b"12345670", 0.0)
            house.station.become_access_point(number)
            assert house.access_point() is access_point
            house.station.leave_access_point(7)
            assert house.access_point() is access_point
            house.station.networks.enable(0)
            house.station.leave_access_point(number)
            assert house.access_point() is None
            await house.until(e.AccessPointStopped)
            assert (await house.until(s.Joined)).ssid == b"home"
            assert house.networks.networks == []
            assert house.networks.groups == {}

    run(scene())


def test_changes_of_mind_end_with_the_last(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.file.write_text(KNOWN)
        async with house.running():
            await house.until(s.Joined)
            first = house.add_party()
            second = house.station.networks.add(party(ssid=Ssid(b"second"))).id
            for number in (first, second, first):
                house.station.become_access_point(number)
                await asyncio.sleep(0)
            house.station.leave_access_point()
            house.station.become_access_point(second)
            started = await house.until(e.AccessPointStarted)
            while started.ssid != b"second":
                started = await house.until(e.AccessPointStarted)
            assert [network.settings.ssid for network in house.networks.networks] == [b"second"]
            house.station.leave_access_point()
            house.station.networks.enable(0)
            await house.until(s.Joined)
            assert house.networks.networks == []

    run(scene())


def test_the_agent_may_end_while_it_is_an_access_point(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        async with house.running():
            await house.until(s.StationStarted)
            house.station.become_access_point(house.add_party())
            await house.until(e.AccessPointStarted)
            house.told.clear()
        assert any(isinstance(event, e.AccessPointStopped) for event in house.told)
        assert not any(isinstance(event, s.StationStarted) for event in house.told)

    run(scene())


def test_who_parted_stays_away_when_the_radio_is_back(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.file.write_text(KNOWN)
        async with house.running():
            await house.until(s.Joined)
            house.station.become_access_point(house.add_party())
            await house.until(e.AccessPointStarted)
            house.station.leave_access_point()
            house.station.edit(lambda machine, now: machine.disconnect(now))
            house.station.networks.enable(0)
            await house.until(s.StationStarted)
            await asyncio.sleep(30.0)
            assert not any(isinstance(event, s.Joined) for event in house.told)

    run(scene())


@pytest.mark.parametrize(
    ("network", "reason"),
    [
        (party(ssid=Ssid(b"")), "has no ssid"),
        (party(other=(("frequency", "2413"),)), "2413 MHz is not the centre"),
        (party(passphrase=None), "open \\(key_mgmt=NONE\\), or WPA2-PSK with CCMP"),
        (party(protocols=frozenset({"WPA"})), "WPA2-PSK with CCMP"),
        (party(pairwise_ciphers=frozenset({"TKIP"})), "WPA2-PSK with CCMP"),
        (party(key_management=frozenset({"SAE"})), "WPA2-PSK with CCMP"),
    ],
)
def test_what_cannot_be_an_access_point(network: Network, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        access_point_settings(network, "sta0", EapolTransport.AUTO)


def test_wps_is_on_unless_the_network_is_hidden_or_says_no() -> None:
    settings = access_point_settings(party(other=()), "sta0", EapolTransport.AUTO)
    assert (settings.wps, settings.frequency_mhz, settings.security) == (True, 2462, Security.WPA2)
    assert (settings.setup_locked, settings.is_temporary) == (SetupLockMode.CHANGE_LOCKED, True)
    for variable in ("ignore_broadcast_ssid", "wps_disabled"):
        assert not access_point_settings(party(other=((variable, "1"),)), "sta0", EapolTransport.AUTO).wps
    open_network = party(key_management=frozenset({"NONE"}), passphrase=None)
    assert access_point_settings(open_network, "sta0", EapolTransport.AUTO).security is Security.OPEN


def test_without_access_points_it_can_become_none(tmp_path: Path) -> None:
    async def scene() -> None:
        text = f'[[station]]\ninterface = "sta0"\nnetworks_file = "{tmp_path}/sta0.conf"\n'
        house = House(tmp_path)
        stations = Stations(parse(text, host_name="h"), house._open, entropy_of("h"), house.told.append)
        with pytest.raises(UsageError, match="cannot be an access point"):
            stations.stations[0].become_access_point(0)
        stations.stations[0].leave_access_point()
        assert stations.stations[0].access_point is None
        assert stations.stations[0].access_point_id is None

    run(scene())


# ---- options


def test_options_are_kept_in_the_file_and_count_after_a_restart(tmp_path: Path) -> None:
    async def first() -> None:
        async with House(tmp_path).running() as house:
            await house.until(s.StationStarted)
            assert house.station.get_option("update_config") == "1"
            house.station.set_option("device_name", "Lamp")
            assert house.station.machine().parameters.device.device_name == "Lamp"
            with pytest.raises(DecodeError):
                house.station.set_option("device_name", "x" * 33)
            assert not house.file.exists()
            house.station.save()
            assert "device_name=Lamp\n" in house.file.read_text()

    async def second() -> None:
        async with House(tmp_path).running() as house:
            await house.until(s.StationStarted)
            assert house.station.get_option("device_name") == "Lamp"
            house.station.set_option("update_config", "0")
            with pytest.raises(AgentError, match="update_config=1"):
                house.station.save()

    run(first())
    run(second())


def test_an_option_that_cannot_be_is_left_out(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.file.write_text("wps_fragment_size=1\nap_scan=2\n")
        async with house.running():
            await house.until(s.StationStarted)
            assert house.station.get_option("wps_fragment_size") == "1400"
            assert house.station.get_option("ap_scan") == "2"
            assert house.station.get_option("nothing") is None

    run(scene())


def test_the_file_is_read_again_while_it_runs(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        async with house.running():
            await house.until(s.StationStarted)
            house.station.reload()
            house.file.write_text(f"{KNOWN}device_name=Lamp\n")
            house.station.reload()
            assert (await house.until(s.Joined)).ssid == b"home"
            assert house.station.get_option("device_name") == "Lamp"
            house.file.write_text("network={\n")
            with pytest.raises(ConfigError):
                house.station.reload()
            assert len(house.station.networks) == 1

    run(scene())


# ---- stations that come and go


class _NoSockets(ControlSockets):
    def __init__(self) -> None:
        self.names: list[str] = []

    def add(self, settings: Settings) -> None:
        self.names.append(settings.interface)

    def remove(self, interface: str) -> None:
        self.names.remove(interface)


def test_a_station_is_added_and_removed(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        more = tmp_path / "more.conf"
        more.write_text(KNOWN)
        for name in ("sta0", "sta1", "sta2"):
            (tmp_path / "net" / name / "phy80211").mkdir(parents=True)
        async with house.running():
            await house.until(s.StationStarted)
            sockets = _NoSockets()
            interfaces = Interfaces(house.stations, house.networks, sockets, house.told.append, tmp_path / "net")
            assert interfaces.free() == ["sta1", "sta2"]
            interfaces.add("sta1", str(more), "", "")
            assert interfaces.free() == ["sta2"]
            assert await house.until(s.StationAdded) == s.StationAdded("sta1")
            assert (await house.until(s.Joined)).interface == "sta1"
            for arguments, reason in (
                (("sta1", str(more), "", ""), "sta1 is ours already"),
                (("sta2", str(more), "wext", ""), "driver"),
                (("sta2", str(more), "none", ""), "driver none has no station"),
                (("sta2", str(tmp_path / "nothing"), "", ""), "nothing"),
            ):
                with pytest.raises(AgentError, match=reason):
                    interfaces.add(*arguments)
            assert sockets.names == ["sta1"]
            interfaces.remove("sta1")
            await interfaces.close()
            assert await house.until(s.StationRemoved) == s.StationRemoved("sta1")
            assert sockets.names == []
            assert [station.interface for station in house.stations.stations] == ["sta0"]
            with pytest.raises(UsageError, match="was not added"):
                interfaces.remove("sta0")

    run(scene())
