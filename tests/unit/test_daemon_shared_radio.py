# SPDX-License-Identifier: BSD-3-Clause
"""Radios that access points and stations of ours share: who makes way, scans in parts, and who does not see whom."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import PHONE, authentication
from tests.unit.roles_fake_radio import FakeRadio, settle

from wpsagent.capabilities import InterfaceCombination, InterfaceLimit, InterfaceType, RadioCapabilities
from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, StationSettings
from wpsagent.daemon.shared_radio import PAUSE, SharedRadios
from wpsagent.errors import RadioError
from wpsagent.io.simulated_radio import SIMULATED_CAPABILITIES
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import (
    AbortScan,
    AccessPointRadio,
    Associated,
    AssociationFailed,
    ChannelSwitchAnnounced,
    ChannelSwitched,
    CommandFailed,
    Connect,
    Disconnected,
    EapolReceived,
    FrameReceived,
    RadioLost,
    ReadActivity,
    Roamed,
    ScanFinished,
    ScanResult,
    StationCommand,
    StationEvent,
    StationRadio,
    TriggerScan,
)

AP_ADDRESS = MacAddress.parse("02:00:00:00:00:11")
STATION_ADDRESS = MacAddress.parse("02:00:00:00:00:22")
UPSTREAM = MacAddress.parse("02:00:00:00:00:33")


def radio_of(channels: int, wiphy: int = 0) -> RadioCapabilities:
    limits = (InterfaceLimit(8, frozenset({InterfaceType.AP, InterfaceType.STATION})),)
    combination = InterfaceCombination(limits, 8, channels)
    bands = SIMULATED_CAPABILITIES.bands[:1]
    return replace(
        SIMULATED_CAPABILITIES,
        driver="fake",
        wiphy=wiphy,
        wiphy_name=f"phy{wiphy}",
        bands=bands,
        combinations=(combination,),
    )


def connect(mhz: int = 2462) -> Connect:
    return Connect(UPSTREAM, Ssid(b"upstream"), mhz, b"", is_protected=False)


class FakeStationRadio(StationRadio):
    """Records what it is told; refuse gives the error of the next command."""

    def __init__(self, capabilities: RadioCapabilities) -> None:
        self.interface, self.address, self.capabilities = "wlan0", STATION_ADDRESS, capabilities
        self.executed: list[StationCommand] = []
        self.refuse: Exception | None = None
        self.is_closed = False
        self.emit: Callable[[StationEvent], None] = lambda _event: None

    def set_handler(self, handler: Callable[[StationEvent], None]) -> None:
        self.emit = handler

    async def execute(self, command: StationCommand) -> None:
        if self.refuse is not None:
            error, self.refuse = self.refuse, None
            raise error
        self.executed.append(command)

    async def close(self) -> None:
        self.is_closed = True


class FakeAccessPoint:
    """An access point that goes where it is sent, if it may."""

    def __init__(self) -> None:
        self.interface, self.is_up, self.frequency_mhz = "wlan1", True, 2437
        self.moves: list[tuple[int, int]] = []
        self.refusal: str | None = None

    async def move_to(self, frequency_mhz: int, count: int) -> None:
        if self.refusal is not None:
            raise RadioError(self.refusal)
        self.moves.append((frequency_mhz, count))
        self.frequency_mhz = frequency_mhz


class Bench:
    """An access point and a station of ours; made by `bench`."""

    def __init__(self, ap: RadioCapabilities, station: RadioCapabilities) -> None:
        self.access_point = FakeAccessPoint()
        self.told: list[tuple[str, str, str]] = []
        self.theirs: list[MacAddress] = []
        self.shared = SharedRadios(
            lambda: [self.access_point], lambda *words: self.told.append(words), lambda: self.theirs
        )
        self.ap_inner, self.inner = FakeRadio(), FakeStationRadio(station)
        self.ap_inner.interface, self.ap_inner.address, self.ap_inner.capabilities = "wlan1", AP_ADDRESS, ap
        self.heard: list[object] = []

    async def open(self) -> "Bench":
        configuration = parse(
            '[[access_point]]\ninterface = "wlan1"\nssid = "x"\nsecurity = "open"\n[[station]]\ninterface = "wlan0"\n'
        )

        async def open_ap(_settings: AccessPointSettings) -> AccessPointRadio:
            return self.ap_inner

        async def open_station(_settings: StationSettings) -> StationRadio:
            return self.inner

        self.ap = await self.shared.opening_access_points(open_ap)(configuration.access_points[0])
        self.radio = await self.shared.opening_stations(open_station)(configuration.stations[0])
        self.ap.set_handler(self.heard.append)
        self.radio.set_handler(self.heard.append)
        return self

    def take(self) -> list[StationCommand]:
        executed, self.inner.executed = self.inner.executed, []
        return executed

    def take_heard(self) -> list[object]:
        heard, self.heard[:] = list(self.heard), []
        return heard


async def bench(channels: int = 1, *, is_one_radio: bool = True) -> Bench:
    other = radio_of(channels, 0 if is_one_radio else 1)
    return await Bench(radio_of(channels), other).open()


# ---- the channel


def test_the_access_point_makes_way_before_the_station_connects() -> None:
    async def scene() -> None:
        there = await bench()
        await there.radio.execute(connect())
        assert there.access_point.moves == [(2462, 5)]
        assert there.take() == [connect()]
        assert there.shared.frequency_for(there.ap, 2437) == 2462

    run(scene())


@pytest.mark.parametrize(("channels", "is_one_radio"), [(2, True), (1, False)], ids=["two channels", "two radios"])
def test_nothing_moves_where_nothing_must(channels: int, is_one_radio: bool) -> None:
    async def scene() -> None:
        there = await bench(channels, is_one_radio=is_one_radio)
        await there.radio.execute(connect())
        assert there.access_point.moves == []
        assert there.take() == [connect()]
        assert there.shared.frequency_for(there.ap, 2437) == 2437

    run(scene())


@pytest.mark.parametrize("why", ["there already", "down", "closed"])
def test_who_is_not_in_the_way_is_left_alone(why: str) -> None:
    async def scene() -> None:
        there = await bench()
        if why == "closed":
            await there.ap.close()
            assert there.ap_inner.closed == 1
        there.access_point.is_up = why != "down"
        there.access_point.frequency_mhz = 2462 if why == "there already" else 2437
        await there.radio.execute(connect())
        assert there.access_point.moves == []

    run(scene())


def test_an_access_point_that_cannot_make_way_keeps_its_channel_and_the_station_hears_why() -> None:
    async def scene() -> None:
        there = await bench()
        there.access_point.refusal = "5300 MHz needs radar detection"
        with pytest.raises(RadioError, match="wlan1 on the same radio cannot make way for wlan0: 5300 MHz needs radar"):
            await there.radio.execute(connect(5300))
        assert there.take() == []
        assert there.told == [("wlan1", "wlan0", "5300 MHz needs radar detection")]
        assert there.shared.frequency_for(there.ap, 2437) == 2437
        with pytest.raises(RadioError):
            await there.radio.execute(connect(5300))
        assert len(there.told) == 1  # once, not with every attempt
        there.access_point.refusal = None
        await there.radio.execute(connect())
        there.access_point.refusal = "5300 MHz needs radar detection"
        with pytest.raises(RadioError):
            await there.radio.execute(connect(5300))
        assert len(there.told) == 2

    run(scene())


def test_a_connection_that_the_radio_refuses_holds_no_channel() -> None:
    async def scene() -> None:
        there = await bench()
        there.inner.refuse = RadioError("busy")
        with pytest.raises(RadioError, match="busy"):
            await there.radio.execute(connect())
        assert there.shared.frequency_for(there.ap, 2437) == 2437

    run(scene())


@pytest.mark.parametrize("end", [AssociationFailed(UPSTREAM, None), Disconnected(3, True), RadioLost("gone")])
def test_the_channel_is_held_from_the_attempt_to_the_end(end: StationEvent) -> None:
    async def scene() -> None:
        there = await bench()
        await there.radio.execute(connect())
        there.inner.emit(Associated(UPSTREAM))
        assert there.shared.frequency_for(there.ap, 2437) == 2462
        there.inner.emit(end)
        assert there.shared.frequency_for(there.ap, 2437) == 2437
        assert there.take_heard() == [Associated(UPSTREAM), end]

    run(scene())


def test_the_access_point_announces_what_the_one_upstream_announces() -> None:
    async def scene() -> None:
        there = await bench()
        await there.radio.execute(connect(2437))
        there.inner.emit(ChannelSwitchAnnounced(2412, 10))
        await settle()
        assert there.access_point.moves == [(2412, 9)]
        there.inner.emit(ChannelSwitched(2412))
        assert there.shared.frequency_for(there.ap, 2437) == 2412
        there.inner.emit(ChannelSwitchAnnounced(2462, 0))
        await settle()
        assert there.access_point.moves[1:] == [(2462, 1)]

    run(scene())


def test_firmware_that_roams_takes_the_channel_along() -> None:
    async def scene() -> None:
        there = await bench()
        await there.radio.execute(connect(2437))
        there.inner.emit(Roamed(UPSTREAM))
        assert there.shared.frequency_for(there.ap, 2412) == 2437
        there.inner.emit(Roamed(UPSTREAM, ScanResult(UPSTREAM, 2462, -30.0, 1, 100, b"")))
        assert there.shared.frequency_for(there.ap, 2412) == 2462

    run(scene())


def test_where_the_access_point_cannot_follow_it_is_told_and_the_station_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def scene() -> None:
        there = await bench()
        there.access_point.refusal = "no"
        there.inner.emit(ChannelSwitchAnnounced(5300, 3))
        await settle()
        assert there.told == [("wlan1", "wlan0", "no")]
        assert "wlan0 cannot follow its access point to 5300 MHz" in caplog.text

    run(scene())


def test_a_simulated_radio_is_not_shared() -> None:
    async def scene() -> None:
        there = await Bench(SIMULATED_CAPABILITIES, SIMULATED_CAPABILITIES).open()
        assert there.ap is there.ap_inner
        assert there.radio is there.inner

    run(scene())


# ---- scans


def parts(commands: list[StationCommand]) -> list[tuple[int, ...]]:
    return [command.frequencies_mhz for command in commands if isinstance(command, TriggerScan)]


def test_beside_an_access_point_a_scan_is_done_in_parts_with_pauses() -> None:
    async def scene() -> None:
        there = await bench(2)
        await there.radio.execute(TriggerScan(elements=b"wps"))
        heard: list[tuple[int, ...]] = []
        for number in range(5):
            (part,) = there.take()
            assert isinstance(part, TriggerScan)
            assert part.elements == b"wps"
            heard.append(part.frequencies_mhz)
            assert there.take_heard() == []
            there.inner.emit(ScanFinished(()))
            await asyncio.sleep(PAUSE * 0.9)
            there.inner.emit(ScanFinished(()))  # of another program: nothing new for us
            assert there.take() == []
            assert there.take_heard() == ([ScanFinished(()), ScanFinished(())] if number == 4 else [])
            await asyncio.sleep(PAUSE * 0.2)
        assert heard[:2] == [(2412, 2417, 2422), (2427, 2432, 2437)]
        assert sum(heard, ()) == tuple(range(2412, 2473, 5))
        assert there.take() == []

    run(scene())


@pytest.mark.parametrize("why", ["few channels", "no access point", "another radio"])
def test_a_scan_that_disturbs_nobody_is_done_at_once(why: str) -> None:
    async def scene() -> None:
        there = await bench(is_one_radio=why != "another radio")
        there.access_point.is_up = why != "no access point"
        scan = TriggerScan((2412, 2437, 2462)) if why == "few channels" else TriggerScan()
        await there.radio.execute(scan)
        assert there.take() == [scan]
        there.inner.emit(ScanFinished(()))
        assert there.take_heard() == [ScanFinished(())]

    run(scene())


def test_a_scan_is_aborted_in_a_pause_and_within_a_part() -> None:
    async def scene() -> None:
        there = await bench()
        await there.radio.execute(TriggerScan())
        there.inner.emit(ScanFinished(()))
        await there.radio.execute(AbortScan())
        assert parts(there.take()) == [(2412, 2417, 2422)]
        assert there.take_heard() == [ScanFinished((), is_aborted=True)]
        await asyncio.sleep(1)
        assert there.take() == []
        await there.radio.execute(TriggerScan())
        await there.radio.execute(AbortScan())
        assert there.take()[1:] == [AbortScan()]
        there.inner.emit(ScanFinished((), is_aborted=True))
        assert there.take_heard() == [ScanFinished((), is_aborted=True)]
        await asyncio.sleep(1)
        assert there.take() == []

    run(scene())


def test_a_part_that_is_refused_refuses_the_whole() -> None:
    async def scene() -> None:
        there = await bench()
        there.inner.refuse = RadioError("at once")
        with pytest.raises(RadioError, match="at once"):
            await there.radio.execute(TriggerScan())
        scan = TriggerScan()
        await there.radio.execute(scan)
        there.inner.emit(ScanFinished(()))
        there.inner.refuse = RadioError("later")
        await asyncio.sleep(1)
        (failed,) = there.take_heard()
        assert isinstance(failed, CommandFailed)
        assert failed.command is scan
        assert failed.reason == "later"

    run(scene())


def test_a_radio_that_is_lost_or_closed_in_a_pause_scans_no_more() -> None:
    async def scene() -> None:
        for end in ("lost", "closed"):
            there = await bench()
            await there.radio.execute(TriggerScan())
            there.inner.emit(ScanFinished(()))
            if end == "lost":
                there.inner.emit(RadioLost("gone"))
            else:
                there.inner.emit(ChannelSwitchAnnounced(2412, 1))
                await there.radio.close()
                assert there.inner.is_closed
            there.take()
            await asyncio.sleep(1)
            assert there.take() == []

    run(scene())


def test_a_scan_that_another_takes_the_place_of_does_not_go_on() -> None:
    async def scene() -> None:
        there = await bench()
        await there.radio.execute(TriggerScan())
        there.inner.emit(ScanFinished(()))
        await asyncio.sleep(PAUSE * 0.5)
        await there.radio.execute(TriggerScan((2412,)))
        there.take()
        await asyncio.sleep(1)
        assert there.take() == []

    run(scene())


# ---- who does not see whom


def test_a_board_does_not_see_itself() -> None:
    async def scene() -> None:
        there = await bench(is_one_radio=False)
        own = ScanResult(AP_ADDRESS, 2437, -30.0, 1, 100, b"")
        other = ScanResult(UPSTREAM, 2437, -30.0, 1, 100, b"")
        there.inner.emit(ScanFinished((own, other)))
        assert there.take_heard() == [ScanFinished((other,))]
        there.ap_inner.emit(FrameReceived(authentication(STATION_ADDRESS).encode()))
        assert there.take_heard() == []
        foreign = FrameReceived(authentication(PHONE).encode())
        there.ap_inner.emit(foreign)
        there.ap_inner.emit(EapolReceived(PHONE, b"pdu"))
        assert there.take_heard() == [foreign, EapolReceived(PHONE, b"pdu")]
        await there.ap.execute(ReadActivity())
        assert there.ap_inner.take() == [ReadActivity()]

    run(scene())


def test_what_others_have_for_us_is_this_board_too() -> None:
    async def scene() -> None:
        there = await bench(is_one_radio=False)
        there.theirs = [UPSTREAM, PHONE]
        there.inner.emit(ScanFinished((ScanResult(UPSTREAM, 2437, -30.0, 1, 100, b""),)))
        assert there.take_heard() == [ScanFinished(())]
        there.ap_inner.emit(FrameReceived(authentication(PHONE).encode()))
        assert there.take_heard() == []
        there.theirs = []
        there.ap_inner.emit(FrameReceived(authentication(PHONE).encode()))
        assert len(there.take_heard()) == 1

    run(scene())
