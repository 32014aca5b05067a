# SPDX-License-Identifier: BSD-3-Clause
"""Wi-Fi Protected Setup cancelled or cut off at every message, and what becomes of the other networks."""

import asyncio
from dataclasses import replace

import pytest
from tests.pairs.station_scenes import at_message, button, lost_or_repeated, pin, pin_of, played, register
from tests.pairs.station_world import (
    AP,
    OTHER_AP,
    STATION,
    PinnedAccessPoint,
    World,
    WorldAccessPoint,
    known_network,
    protected,
    world,
)
from tests.unit.jumping_loop import run

from wpsagent.io.simulated_radio import Antenna, DataUnit, Unit
from wpsagent.octets import MacAddress
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.events import WpsCause, WpsEndReason, WpsMethod
from wpsagent.roles.sta.machine import StationState

# ---- the other networks


@played
async def test_after_a_failure_the_old_network_comes_back() -> None:
    async with world([known_network(b"old")]) as w:
        access_point = await w.add()
        await w.add(OTHER_AP, protected(b"old"), 2412)
        await w.until(report.Connected)
        pin_of(access_point)
        pin(w, b"12355670")
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.FAILED
        assert (await w.until(report.Connected, 5)).ssid == b"old"
        assert [network.ssid for network in w.networks] == [b"old"]


@played
async def test_after_a_time_out_the_old_network_comes_back() -> None:
    async with world([known_network()]) as w:
        await w.add()
        await w.until(report.Connected)
        button(w)
        assert not (await w.until(report.ConnectionLost)).text
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.TIMED_OUT
        await w.until(report.Connected, 1)
        assert await w.is_online()


@played
async def test_no_other_network_takes_the_connection_while_wps_runs() -> None:
    async with world([known_network()]) as w:
        await w.add()
        button(w)
        await asyncio.sleep(100)
        assert not w.take(report.Connected)


@played
async def test_after_success_the_others_come_back_when_the_new_network_cannot_be_joined() -> None:
    async with world([known_network(b"old")]) as w:
        access_point = await w.add()
        await w.add(OTHER_AP, protected(b"old"), 2412)
        await w.until(report.Connected)
        access_point.group.press_button()
        button(w)
        await w.until(report.WpsSucceeded)
        access_point.vanish()
        succeeded_at = w.now
        assert (await w.until(report.Connected)).ssid == b"old"
        assert 10 <= w.now - succeeded_at < 16
        assert [network.is_disabled for network in w.networks] == [False, False]


@played
async def test_a_network_that_was_disabled_stays_so_after_wps() -> None:
    async with world([replace(known_network(), is_disabled=True)]) as w:
        await w.add()
        button(w)
        await asyncio.sleep(1)
        w.do(w.machine.wps_cancel)
        await asyncio.sleep(20)
        assert [network.is_disabled for network in w.networks] == [True]
        assert not w.take(report.Connected)


# ---- cancelled, cut off


@pytest.mark.parametrize(
    ("way", "number"),
    [
        (way, number)
        for way, messages in (("button", 11), ("pin", 11), ("register", 9))
        for number in range(1, messages + 1)
    ],
)
def test_cancelled_at_every_message(way: str, number: int) -> None:
    """Whatever was said last, up to M8 or M7: the run ends once, the old network comes back."""

    async def scene() -> None:
        async with world([known_network(b"old")]) as w:
            access_point = await w.add(kind=PinnedAccessPoint)
            await w.add(OTHER_AP, protected(b"old"), 2412)
            await w.until(report.Connected)

            def cancel() -> int:
                asyncio.get_running_loop().call_soon(w.do, w.machine.wps_cancel)
                return 1

            w.air.fate = at_message(number, cancel)
            begin(way, w, access_point)
            ended = await w.until(report.WpsEnded)
            assert (ended.reason, ended.cause) == (WpsEndReason.CANCELLED, WpsCause.CANCELLED)
            assert (await w.until(report.Connected, 5)).ssid == b"old"
            assert not w.take(report.WpsEnded)
            assert [network.ssid for network in w.networks] == [b"old"]

    run(scene())


def begin(way: str, w: World, access_point: WorldAccessPoint) -> None:
    if way == "button":
        access_point.group.press_button()
        button(w)
    elif way == "pin":
        pin_of(access_point)
        pin(w)
    else:
        register(w)


@played
async def test_cancelled_in_every_other_state() -> None:
    async with world([known_network(b"old")]) as w:
        await w.add(OTHER_AP, protected(b"old"), 2412)
        await w.until(report.Connected)
        assert not w.do(w.machine.wps_cancel)
        for wait in (0.0, 0.001, 0.05, 0.1, 0.2, 0.5, 1.0, 30.0):
            button(w)
            await asyncio.sleep(wait)
            assert w.do(w.machine.wps_cancel)
            assert (await w.until(report.WpsEnded)).reason is WpsEndReason.CANCELLED
            await w.until(report.Connected, 5)
            assert len(w.networks) == 1


@played
async def test_a_new_run_takes_the_place_of_the_one_there_is() -> None:
    async with world() as w:
        access_point = await w.add()
        button(w)
        await asyncio.sleep(1)
        pin_of(access_point)
        pin(w)
        replaced = await w.until(report.WpsEnded)
        assert (replaced.reason, replaced.cause) == (WpsEndReason.CANCELLED, WpsCause.REPLACED)
        assert (await w.until(report.WpsEnded)).method is WpsMethod.PIN
        await w.until(report.Connected)


@played
async def test_stopped_in_the_middle_of_a_run() -> None:
    async with world() as w:
        access_point = await w.add()
        access_point.group.press_button()
        button(w)
        await w.until(report.AssociatedWith)
        w.do(w.machine.stop)
        assert (await w.until(report.WpsEnded)).cause is WpsCause.STOPPED
        assert w.machine.deadline is None
        await asyncio.sleep(10)
        w.do(w.machine.start)
        assert w.machine.state is StationState.INACTIVE


@pytest.mark.parametrize("way", ["button", "pin", "register"])
@pytest.mark.parametrize("number", range(1, 14))
def test_the_access_point_vanishes_at_every_message(way: str, number: int) -> None:
    """The run ends by itself within its two minutes, and the old network comes back."""

    async def scene() -> None:
        async with world([known_network(b"old")]) as w:
            access_point = await w.add(kind=PinnedAccessPoint)
            await w.add(OTHER_AP, protected(b"old"), 2412)
            await w.until(report.Connected)

            def vanish() -> int:
                access_point.vanish()
                return 0

            w.air.fate = at_message(number, vanish)
            began_at = w.now
            begin(way, w, access_point)
            ended = await w.until(report.WpsEnded)
            assert w.now - began_at <= 120.01
            assert (await w.until(report.Connected, 60)).ssid == b"old"
            assert not w.take(report.WpsEnded)
            if ended.reason is not WpsEndReason.SUCCEEDED:
                silence = {WpsCause.NO_ANSWER, WpsCause.NO_ACCESS_POINT}
                # With a PIN the other access point is tried as well, and does not know it.
                assert ended.cause in (silence | {WpsCause.PIN_UNKNOWN} if way == "pin" else silence)
                assert [network.ssid for network in w.networks] == [b"old"]

    run(scene())


@pytest.mark.parametrize("way", ["button", "pin", "register"])
@pytest.mark.parametrize("number", range(1, 8))
@pytest.mark.parametrize("side", [AP, STATION])
@pytest.mark.parametrize("fate", [0, 2])
def test_one_pdu_lost_or_repeated(way: str, number: int, side: MacAddress, fate: int) -> None:
    """A lost message is asked for again after 5 s, a repeated one is answered once."""

    async def scene() -> None:
        async with world() as w:
            access_point = await w.add(kind=PinnedAccessPoint)
            w.air.fate = lost_or_repeated(number, side, fate)
            begin(way, w, access_point)
            assert (await w.until(report.WpsEnded)).reason is WpsEndReason.SUCCEEDED
            await w.until(report.Connected, 30)
            assert await w.is_online()

    run(scene())


@played
async def test_a_missing_eap_failure_costs_two_seconds() -> None:
    async with world() as w:
        access_point = await w.add()

        def fate(sender: Antenna, unit: Unit) -> int:
            is_failure = isinstance(unit, DataUnit) and unit.payload[4:5] == b"\x04" and unit.payload[1:2] == b"\x00"
            is_goodbye = not isinstance(unit, DataUnit) and unit.octets[:1] == b"\xc0" and sender.address == AP
            return 0 if is_failure or is_goodbye else 1

        w.air.fate = fate
        access_point.group.press_button()
        button(w)
        await w.until(report.WpsSucceeded)
        succeeded_at = w.now
        await w.until(report.Connected)
        assert 2.0 <= w.now - succeeded_at < 2.1
        assert await w.is_online()
