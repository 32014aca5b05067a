# SPDX-License-Identifier: BSD-3-Clause
"""A repeater: what WPS taught its station becomes its access point's, once it is joined, and nothing else does."""

from pathlib import Path
from typing import Any

import pytest
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import AP, entropy_of
from tests.unit.roles_fake_radio import FakeRadio

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, StationSettings
from wpsagent.daemon.networks import Networks
from wpsagent.daemon.repeater import Repeater, settings_of
from wpsagent.daemon.station import Station
from wpsagent.errors import UsageError
from wpsagent.octets import Ssid
from wpsagent.ports import AccessPointRadio, StationRadio
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.network import Network
from wpsagent.status import events as e
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

TEXT = """
[agent]
state_directory = "{folder}"
[[access_point]]
interface = "wlan1"
ssid = "mine"
passphrase = "correct horse"
follow = "wlan0"
[[access_point]]
interface = "wlan2"
ssid = "guests"
passphrase = "battery staple"
[[station]]
interface = "wlan0"
[[station]]
interface = "wlan9"
"""
LEARNT = Network(ssid=Ssid(b"upstream"), key_management=frozenset({"WPA-PSK"}), passphrase=b"their passphrase")
OPEN = Network(ssid=Ssid(b"open"), key_management=frozenset({"NONE"}))
SUCCEEDED = sta.WpsEnded(sta.WpsMethod.PUSH_BUTTON, sta.WpsEndReason.SUCCEEDED)
STARTED = sta.WpsStarted(sta.WpsMethod.PUSH_BUTTON, 1120.0)


class House:
    """A repeater whose stations report what a test says."""

    def __init__(self, folder: Path) -> None:
        configuration = parse(TEXT.format(folder=folder), host_name="house")
        self.told: list[e.AgentEvent] = []
        self.networks = Networks(configuration, self._open, entropy_of("house"), self.told.append)
        self.repeater = Repeater(configuration.access_points, self.networks, self.told.append)
        self.station, self.other = (
            Station(settings, configuration.device, self._open_station, entropy_of("sta"), self.told.append)
            for settings in configuration.stations
        )

    async def _open(self, settings: AccessPointSettings) -> AccessPointRadio:
        radio = FakeRadio()
        radio.interface = settings.interface
        return radio

    async def _open_station(self, settings: StationSettings) -> StationRadio:
        raise AssertionError(settings)

    def learn(self, network: Network = LEARNT, station: Station | None = None) -> int:
        """A run brings a network; its id."""
        station = station or self.station
        known = station.networks.add(network)
        for event in (STARTED, sta.CredentialReceived(), sta.NetworkAdded(known.id), sta.NetworksChanged(), SUCCEEDED):
            self.repeater.observe(station, event)
        return known.id

    def join(self, network_id: int, station: Station | None = None) -> None:
        self.repeater.observe(station or self.station, sta.Connected(AP, network_id, Ssid(b"x"), 2437))

    def names(self) -> list[Ssid]:
        return [network.settings.ssid for network in self.networks.networks]

    def taken(self) -> list[e.AgentEvent]:
        return [event for event in self.told if isinstance(event, e.NetworkTakenOver | e.TakeOverRefused)]


def test_what_was_learnt_is_taken_over_once_it_is_joined(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        await house.networks.start()
        network_id = house.learn()
        assert house.names() == [b"mine", b"guests"]
        house.join(network_id)
        assert house.names() == [b"upstream", b"guests"]
        assert house.networks.networks[0].settings.passphrase == b"their passphrase"
        assert house.taken() == [e.NetworkTakenOver("wlan1", "wlan0", Ssid(b"upstream"))]
        house.join(network_id)
        assert len(house.taken()) == 1
        await house.networks.stop()
        again = House(tmp_path)
        await again.networks.start()
        assert again.names() == [b"upstream", b"guests"]
        await again.networks.stop()

    run(scene())


def test_an_open_network_is_refused_and_the_access_point_keeps_its_own(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.join(house.learn(OPEN))
        assert house.names() == [b"mine", b"guests"]
        (event,) = house.taken()
        assert isinstance(event, e.TakeOverRefused)
        assert (event.interface, event.station) == ("wlan1", "wlan0")
        assert event.reason.startswith("open is not WPA2 with a passphrase")

    run(scene())


def _not_learnt(house: House, how: str) -> int:
    """A network that the station joins and that its last run has not brought."""
    if how == "known before":
        house.learn()
        return house.station.networks.add(LEARNT).id
    if how == "added by hand while WPS ran":
        known = house.station.networks.add(LEARNT)
        for event in (STARTED, sta.NetworkAdded(known.id), SUCCEEDED):
            house.repeater.observe(house.station, event)
        return known.id
    network_id = house.learn()
    if how == "another run began":
        house.repeater.observe(house.station, STARTED)
    else:
        house.station.networks.remove(network_id)
    return network_id


@pytest.mark.parametrize("how", ["known before", "added by hand while WPS ran", "another run began", "removed"])
def test_what_wps_has_not_brought_is_not_taken_over(tmp_path: Path, how: str) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.join(_not_learnt(house, how))
        assert house.taken() == []
        assert house.names() == [b"mine", b"guests"]

    run(scene())


def test_a_station_whom_nobody_follows_teaches_nobody(tmp_path: Path) -> None:
    async def scene() -> None:
        house = House(tmp_path)
        house.join(house.learn(station=house.other), house.other)
        assert house.taken() == []

    run(scene())


@pytest.mark.parametrize(
    ("fields", "passphrase", "psk"),
    [
        ({"passphrase": b"their passphrase"}, b"their passphrase", None),
        ({"psk": b"\x05" * 32}, None, b"\x05" * 32),
        ({"passphrase": "schlüssel".encode()}, None, "derived"),
    ],
)
def test_a_key_is_taken_over_as_stations_can_use_it(fields: dict[str, Any], passphrase: bytes | None, psk: Any) -> None:
    network = Network(ssid=Ssid(b"upstream"), key_management=frozenset({"WPA-PSK", "SAE"}), **fields)
    expected = NetworkSettings(
        network.ssid,
        AuthenticationType.WPA2_PERSONAL,
        EncryptionType.AES,
        passphrase,
        network.pmk() if psk == "derived" else psk,
    )
    assert settings_of(network) == expected


@pytest.mark.parametrize(
    "network", [OPEN, Network(ssid=Ssid(b"x"), key_management=frozenset({"WPA-PSK"})), Network(ssid=Ssid(b"x"))]
)
def test_a_network_without_a_key_cannot_be_taken_over(network: Network) -> None:
    with pytest.raises(UsageError, match="the access point keeps its own name and passphrase"):
        settings_of(network)
