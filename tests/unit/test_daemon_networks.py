# SPDX-License-Identifier: BSD-3-Clause
"""Networks of the daemon: brought up, lost, brought up again, taken down, whatever their radios do."""

import asyncio
from collections.abc import Callable

import pytest
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import LAPTOP, PHONE, entropy_of, only, outline, wps_probe
from tests.unit.roles_fake_radio import ADDRESS, FakeRadio, nth, settle

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, Configuration
from wpsagent.daemon.networks import Networks
from wpsagent.errors import NetlinkError, RadioError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AccessPointRadio,
    FrameReceived,
    RadioCommand,
    RadioLost,
    SetBeacon,
    StartAccessPoint,
    StopAccessPoint,
)
from wpsagent.status import events as e
from wpsagent.wsc.device import uuid_from_mac
from wpsagent.wsc.enumerations import RfBands

ONE = """
[[access_point]]
interface = "wlan0"
ssid = "home"
passphrase = "correct horse"
channel = 6
"""
FIVE = """
[[access_point]]
interface = "wlan1"
ssid = "home"
passphrase = "correct horse"
channel = 36
"""
NO_WPS = """
[[access_point]]
interface = "guest0"
ssid = "guests"
security = "open"
channel = 6
wps = false
"""
OTHER_GROUP = """
[[access_point]]
interface = "wlan2"
ssid = "garden"
psk = "0505050505050505050505050505050505050505050505050505050505050505"
channel = 1
button_group = "garden"
"""


class House:
    """The networks of a configuration over fake radios; refuse[i] is for the i-th radio that is opened."""

    def __init__(self, text: str) -> None:
        self.configuration: Configuration = parse(text, host_name="house")
        self.radios: list[FakeRadio] = []
        self.told: list[e.AgentEvent] = []
        self.refuse: list[Callable[[RadioCommand], Exception | None]] = []
        self.open_errors: list[Exception] = []
        self.networks = Networks(self.configuration, self.open_radio, entropy_of("house"), self.told.append)

    async def open_radio(self, settings: AccessPointSettings) -> AccessPointRadio:
        await asyncio.sleep(0.01)
        if self.open_errors:
            raise self.open_errors.pop(0)
        radio = FakeRadio(*self.refuse[:1])
        del self.refuse[:1]
        self.radios.append(radio)
        return radio

    def take(self) -> list[e.AgentEvent]:
        told = list(self.told)
        self.told.clear()
        return told

    def is_up(self) -> bool:
        """The first of them is up."""
        return self.networks.networks[0].is_up


def test_a_network_comes_up_is_told_and_goes_down() -> None:
    async def scene() -> None:
        house = House(ONE)
        assert not house.is_up()
        await house.networks.start()
        (started,) = house.take()
        assert isinstance(started, e.AccessPointStarted)
        assert (started.interface, started.channel, started.frequency_mhz) == ("wlan0", 6, 2437)
        assert house.is_up()
        (radio,) = house.radios
        start = only(radio.take(), StartAccessPoint)[0]
        assert (start.ssid, start.is_protected, start.beacon_interval_tu, start.dtim_period) == (b"home", True, 100, 2)
        await house.networks.stop()
        assert isinstance(radio.take()[-1], StopAccessPoint)
        assert radio.closed == 1
        assert not house.is_up()
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []
        await asyncio.sleep(1000)
        assert house.take() == []

    run(scene())


def test_an_open_network_without_wps_has_no_group() -> None:
    async def scene() -> None:
        house = House(NO_WPS)
        await house.networks.start()
        assert not only(house.radios[0].take(), StartAccessPoint)[0].is_protected
        assert house.networks.groups == {}
        house.radios[0].emit(FrameReceived(wps_probe(PHONE, b"\x01" * 16).encode()))
        with pytest.raises(UsageError, match="no network with WPS is up"):
            house.networks.select(None)
        await house.networks.stop()

    run(scene())


@pytest.mark.parametrize("error", [RadioError("no such interface"), NetlinkError(19, "No such device")])
def test_a_network_that_cannot_come_up_says_so_once_and_keeps_trying(error: Exception) -> None:
    async def scene() -> None:
        house = House(ONE)
        house.open_errors = [error] * 7
        await house.networks.start()
        assert [type(event) for event in house.take()] == [e.AccessPointFailed]
        await asyncio.sleep(1 + 2 + 5 + 10 + 30 + 30 + 1)
        assert house.take() == []
        assert not house.is_up()
        await asyncio.sleep(31)
        assert [type(event) for event in house.take()] == [e.RadioRecovered]
        assert house.is_up()
        await house.networks.stop()

    run(scene())


def test_another_reason_is_told_too() -> None:
    async def scene() -> None:
        house = House(ONE)
        house.open_errors = [RadioError("one"), RadioError("one"), RadioError("two")]
        await house.networks.start()
        await asyncio.sleep(10)
        failures = [event.reason for event in house.take() if isinstance(event, e.AccessPointFailed)]
        assert failures == ["one", "two"]
        await house.networks.stop()

    run(scene())


@pytest.mark.parametrize("number", [1, 2])
def test_a_start_that_fails_half_way_gives_the_radio_back(number: int) -> None:
    async def scene() -> None:
        house = House(ONE)
        house.refuse = [nth(number)]
        await house.networks.start()
        assert [type(event) for event in house.take()] == [e.AccessPointFailed]
        assert house.radios[0].closed == 1
        assert house.networks.groups["main"].runners == []
        await asyncio.sleep(2)
        assert [type(event) for event in house.take()] == [e.RadioRecovered]
        assert house.radios[0].take()[-1] != StopAccessPoint()
        await house.networks.stop()
        assert [radio.closed for radio in house.radios] == [1, 1]

    run(scene())


def test_a_channel_that_the_radio_has_not_gives_the_radio_back() -> None:
    async def scene() -> None:
        house = House(ONE.replace("channel = 6", "channel = 149"))
        await house.networks.start()
        (failed,) = house.take()
        assert isinstance(failed, e.AccessPointFailed)
        assert "no channel at 5745 MHz" in failed.reason
        assert house.radios[0].closed == 1
        await house.networks.stop()

    run(scene())


def test_a_lost_radio_is_told_and_opened_again() -> None:
    async def scene() -> None:
        house = House(ONE)
        await house.networks.start()
        house.take()
        house.radios[0].emit(RadioLost("it was set down"))
        assert house.take() == [e.RadioLost("wlan0", "it was set down")]
        assert not house.is_up()
        await asyncio.sleep(0.5)
        assert house.radios[0].closed == 1
        assert house.networks.groups["main"].runners == []
        await asyncio.sleep(1)
        assert house.take() == [e.RadioRecovered("wlan0")]
        assert house.is_up()
        house.radios[1].emit(RadioLost("again"))
        await asyncio.sleep(2)
        assert [type(event) for event in house.take()] == [e.RadioLost, e.RadioRecovered]
        await house.networks.stop()
        assert [radio.closed for radio in house.radios] == [1, 1, 1]

    run(scene())


def test_a_beacon_that_cannot_be_renewed_brings_the_network_up_anew() -> None:
    async def scene() -> None:
        house = House(ONE)
        await house.networks.start()
        house.take()
        house.radios[0].refuse = lambda command: RadioError("busy") if isinstance(command, SetBeacon) else None
        house.networks.groups["main"].press_button()
        await asyncio.sleep(2)
        assert [type(event) for event in house.take()] == [e.PushButtonStarted, e.RadioLost, e.RadioRecovered]
        start = only(house.radios[1].take(), StartAccessPoint)[0]
        assert bytes.fromhex("1041000101") in start.beacon.tail  # the button is still pressed
        await house.networks.stop()

    run(scene())


def test_a_press_during_the_start_is_in_the_beacon() -> None:
    async def scene() -> None:
        house = House(ONE)

        def press(command: RadioCommand) -> Exception | None:
            if isinstance(command, StartAccessPoint):
                house.networks.groups["main"].press_button()
            return None

        house.refuse = [press]
        await house.networks.start()
        await settle()
        (beacon,) = only(house.radios[0].take(), SetBeacon)
        assert bytes.fromhex("1041000101") in beacon.beacon.tail
        await house.networks.stop()

    run(scene())


def test_a_second_band_is_in_the_beacon_of_the_first() -> None:
    async def scene() -> None:
        house = House(ONE + FIVE)
        await house.networks.start()
        await settle()
        assert len(only(house.radios[0].take(), SetBeacon)) == 1
        group = house.networks.groups["main"]
        assert group.registrar.device.rf_bands == RfBands.BAND_2_4_GHZ | RfBands.BAND_5_GHZ
        assert group.registrar.uuid == uuid_from_mac(ADDRESS)
        assert len(group.runners) == 2
        await house.networks.stop()

    run(scene())


def test_beside_hostapd_the_uuid_is_the_one_that_hostapd_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = {"wlan8": LAPTOP}

    def address_of(interface: str) -> MacAddress:
        if interface in theirs:
            return theirs[interface]
        raise RadioError("no such interface")

    monkeypatch.setattr("wpsagent.daemon.networks.link.address", address_of)
    hostapds = "".join(f'[[access_point]]\ninterface = "wlan{n}"\nbackend = "hostapd"\n' for n in (7, 8))

    async def scene(expected: MacAddress) -> None:
        house = House(ONE + hostapds)
        await house.networks.start()
        assert house.networks.groups["main"].registrar.uuid == uuid_from_mac(expected)
        await house.networks.stop()

    async def comes_by_a_reload() -> None:
        house = House(ONE)
        await house.networks.start()
        house.networks.set_device(house.configuration.device, parse(ONE + hostapds, host_name="house").attached)
        assert house.networks.groups["main"].registrar.uuid == uuid_from_mac(LAPTOP)
        house.networks.set_device(house.configuration.device, ())
        assert house.networks.groups["main"].registrar.uuid == uuid_from_mac(LAPTOP)  # it was seen with that one
        await house.networks.stop()

    run(scene(LAPTOP))
    run(comes_by_a_reload())
    theirs.clear()
    run(scene(ADDRESS))


def test_a_configured_uuid_is_used() -> None:
    async def scene() -> None:
        house = House('[device]\nuuid = "2b7093f1-d6fb-5108-adbb-bea66bb87333"\n' + ONE)
        await house.networks.start()
        assert house.networks.groups["main"].registrar.uuid.hex() == "2b7093f1d6fb5108adbbbea66bb87333"
        await house.networks.stop()

    run(scene())


def test_stop_while_a_network_is_being_taken_down_leaves_no_radio_open() -> None:
    async def scene() -> None:
        house = House(ONE)
        await house.networks.start()
        house.radios[0].go.clear()  # the radio hangs
        house.radios[0].emit(RadioLost("gone"))
        await settle()
        await house.networks.stop()
        assert house.radios[0].closed == 1

    run(scene())


def test_stop_while_a_network_is_being_brought_up_leaves_no_radio_open() -> None:
    async def scene() -> None:
        house = House(ONE)
        house.open_errors = [RadioError("not yet")]
        await house.networks.start()

        async def hang(settings: AccessPointSettings) -> AccessPointRadio:
            radio = FakeRadio()
            radio.go.clear()
            house.radios.append(radio)
            return radio

        house.networks.open_radio = hang
        await asyncio.sleep(1.5)
        await house.networks.stop()
        assert [radio.closed for radio in house.radios] == [1]

    run(scene())


def test_a_bug_does_not_leave_a_network_down_for_ever(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        house = House(ONE)
        await house.networks.start()
        house.take()
        house.open_errors = [KeyError("a bug"), KeyError("another")]
        house.radios[0].emit(RadioLost("gone"))
        await asyncio.sleep(10)
        assert [type(event) for event in house.take()] == [e.RadioLost, e.RadioRecovered]
        assert house.is_up()
        await house.networks.stop()

    run(scene())
    assert "network on wlan0" in caplog.text


def test_stopping_sends_everybody_away_on_all_networks() -> None:
    async def scene() -> None:
        house = House(ONE + FIVE)
        await house.networks.start()
        for radio in house.radios:
            radio.take()
        await house.networks.stop()
        for radio in house.radios:
            assert outline(radio.take())[-1] == "StopAccessPoint"

    run(scene())


def test_the_registrars_word_comes_before_the_access_points() -> None:
    async def scene() -> None:
        house = House(ONE)
        await house.networks.start()
        house.take()
        house.radios[0].emit(FrameReceived(wps_probe(PHONE, b"\x01" * 16).encode()))
        house.radios[0].emit(FrameReceived(wps_probe(LAPTOP, b"\x02" * 16).encode()))
        assert [type(event) for event in house.take()] == [e.EnrolleeSeen, e.EnrolleeSeen]
        await house.networks.stop()

    run(scene())


def test_a_command_finds_its_groups() -> None:
    async def scene() -> None:
        house = House(ONE + FIVE + OTHER_GROUP + NO_WPS)
        await house.networks.start()
        select = house.networks.select
        groups = house.networks.groups
        assert list(select(None)) == ["main", "garden"]
        assert select("main") == select("wlan0") == select("wlan1") == {"main": groups["main"]}
        assert select("garden") == select("wlan2") == {"garden": groups["garden"]}
        with pytest.raises(UsageError, match="WPS is off on guest0"):
            select("guest0")
        with pytest.raises(UsageError, match="no button group or interface 'attic'; there are: garden, guest0, main"):
            select("attic")
        await house.networks.stop()

    run(scene())


def test_an_interface_whose_group_is_not_up_yet_is_none() -> None:
    async def scene() -> None:
        house = House(ONE + OTHER_GROUP)
        await house.networks.networks[0].start()
        with pytest.raises(UsageError, match="'wlan2'"):
            house.networks.select("wlan2")
        await house.networks.stop()

    run(scene())


def test_a_pin_is_entered_in_every_group_that_is_meant() -> None:
    async def scene() -> None:
        house = House(ONE + OTHER_GROUP)
        await house.networks.start()
        house.take()
        house.networks.add_pin(house.networks.select(None), b"12345670", None, 0, None)
        assert [type(event) for event in house.take()] == [e.PinStarted, e.PinStarted]
        await house.networks.stop()

    run(scene())


def test_a_network_comes_up_where_its_radio_is_and_moves_from_there() -> None:
    async def scene() -> None:
        house = House(ONE)
        wishes: list[int] = []

        def frequency_for(_radio: AccessPointRadio, wish_mhz: int) -> int:
            wishes.append(wish_mhz)
            return 2412

        house.networks.frequency_for = frequency_for
        (network,) = house.networks.networks
        assert network.frequency_mhz == 2437
        await network.move_to(2462, 5)  # it is down: nobody to move
        await house.networks.start()
        assert wishes == [2437]
        (started,) = house.take()
        assert isinstance(started, e.AccessPointStarted)
        assert (started.channel, started.frequency_mhz) == (1, 2412)
        await network.move_to(2462, 5)
        assert [event for event in house.take() if isinstance(event, e.ChannelChanged)] == [
            e.ChannelChanged("wlan0", 11, 2462)
        ]
        assert (network.status.channel, network.status.frequency_mhz, network.frequency_mhz) == (11, 2462, 2462)
        (authority,) = house.networks.groups["main"].registrar._networks
        bands = [authority.rf_band]
        await network.move_to(5180, 5)
        bands.append(authority.rf_band)
        assert bands == [RfBands.BAND_2_4_GHZ, RfBands.BAND_5_GHZ]
        await house.networks.stop()

    run(scene())
