# SPDX-License-Identifier: BSD-3-Clause
"""Our station and our access points, in a simulated air: the networks it knows, losses, what its owner wishes."""

import asyncio

import pytest
from tests.pairs.station_scenes import OPEN, button, lost_or_repeated, played, scans
from tests.pairs.station_world import (
    AP,
    OTHER_AP,
    STATION,
    known_network,
    protected,
    world,
)

from wpsagent.octets import Ssid
from wpsagent.ports import Connect
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.events import WpsCause
from wpsagent.roles.sta.machine import StationState
from wpsagent.roles.sta.network import Network

# ---- the networks it knows


@played
async def test_it_joins_the_network_it_knows() -> None:
    async with world([known_network()]) as w:
        await w.add()
        assert await w.until(report.Connected) == report.Connected(AP, 0, Ssid(b"home"), 2437)
        assert w.machine.state is StationState.COMPLETED
        assert await w.is_online()


@played
async def test_it_joins_an_open_network() -> None:
    async with world([Network(ssid=Ssid(b"cafe"), key_management=frozenset({"NONE"}))]) as w:
        await w.add(settings=OPEN)
        await w.until(report.Connected)
        assert await w.is_online()


@played
async def test_the_network_of_higher_priority_wins() -> None:
    async with world([known_network(b"low"), known_network(b"high", priority=5)]) as w:
        await w.add(settings=protected(b"low"))
        await w.add(OTHER_AP, protected(b"high"), 2412)
        assert (await w.until(report.Connected)).ssid == b"high"


@played
async def test_an_access_point_that_comes_later_is_found() -> None:
    async with world([known_network()]) as w:
        await w.until(report.NetworkNotFound)
        await asyncio.sleep(200)
        await w.add()
        await w.until(report.Connected, 32)


@played
async def test_a_search_without_end_slows_down_to_a_scan_every_thirty_seconds() -> None:
    async with world([known_network()]) as w:
        await asyncio.sleep(100)
        w.commands.clear()
        await asyncio.sleep(300)
        assert 9 <= len(scans(w)) <= 10


@played
async def test_without_networks_it_is_quiet() -> None:
    async with world() as w:
        await asyncio.sleep(100)
        assert w.commands == []
        assert w.machine.state is StationState.INACTIVE


@played
async def test_a_wrong_passphrase_disables_the_network_for_ever_longer() -> None:
    async with world([known_network(passphrase=b"wrong horse battery")]) as w:
        await w.add()
        first = await w.until(report.NetworkTempDisabled)
        assert (first.id, first.failures, first.seconds, first.is_wrong_key) == (0, 1, 10.0, True)
        assert w.machine.is_temporarily_disabled(0)
        disabled_at = w.now
        await w.until(report.NetworkReenabled)
        assert w.now == pytest.approx(disabled_at + 10)
        second = await w.until(report.NetworkTempDisabled)
        assert (second.failures, second.seconds) == (2, 20.0)


@played
async def test_another_network_is_joined_while_one_has_a_wrong_key() -> None:
    async with world([known_network(passphrase=b"wrong horse battery", priority=9), known_network(b"other")]) as w:
        await w.add()
        await w.add(OTHER_AP, protected(b"other"))
        assert (await w.until(report.Connected)).ssid == b"other"


@played
async def test_the_group_key_is_renewed() -> None:
    async with world([known_network()]) as w:
        access_point = await w.add()
        await w.until(report.Connected)
        assert await w.is_online()
        access_point.runner.machine.rekey(w.now)
        access_point.runner.pump()
        assert (await w.until(report.GroupKeyRenewed)).index == 2
        assert w.radio.group_keys_installed == 2
        assert await w.is_online()


# ---- losses


@played
async def test_it_comes_back_after_a_restart_of_the_access_point() -> None:
    async with world([known_network()]) as w:
        access_point = await w.add()
        await w.until(report.Connected)
        await asyncio.sleep(30)
        await access_point.restart()
        lost = await w.until(report.ConnectionLost)
        assert (lost.was_connected, lost.network_id) == (True, 0)
        await w.until(report.Connected, 1)
        assert await w.is_online()


@played
async def test_it_comes_back_when_the_access_point_was_away_for_long() -> None:
    async with world([known_network()]) as w:
        access_point = await w.add()
        await w.until(report.Connected)
        access_point.vanish()
        lost = await w.until(report.ConnectionLost)
        assert lost.is_local
        await asyncio.sleep(600)
        await access_point.restart()
        await w.until(report.Connected, 32)


@played
async def test_after_a_deauthentication_it_looks_where_the_access_point_was() -> None:
    async with world([known_network()]) as w:
        access_point = await w.add()
        await w.until(report.Connected)
        await asyncio.sleep(30)
        w.commands.clear()
        access_point.runner.disconnect(STATION)
        lost = await w.until(report.ConnectionLost)
        assert (lost.is_local, lost.reason_code) == (False, 3)
        await w.until(report.Connected, 0.2)
        assert [scan.frequencies_mhz for scan in scans(w)] == [(2437,)]


@played
async def test_it_goes_to_another_access_point_of_the_network_when_the_present_one_is_gone() -> None:
    async with world([known_network()]) as w:
        first = await w.add()
        second = await w.add(OTHER_AP, mhz=5180)
        home = {AP: first, OTHER_AP: second}[(await w.until(report.Connected)).bssid]
        await asyncio.sleep(60)
        home.vanish()
        connected = await w.until(report.Connected, 10)
        assert connected.bssid != home.address
        assert await w.is_online()


@played
async def test_an_access_point_that_sends_everybody_away_is_not_hammered() -> None:
    async with world([known_network()]) as w:
        access_point = await w.add()
        for _ in range(5):
            await w.until(report.Connected)
            access_point.runner.disconnect(STATION)
        w.take(report.Connected)
        w.commands.clear()
        await asyncio.sleep(4)
        assert sum(isinstance(command, Connect) for command in w.commands) <= 2


@played
async def test_lost_and_repeated_handshake_messages_do_no_harm() -> None:
    for side in (AP, STATION):
        for number in (1, 2):
            for fate in (0, 2):
                async with world([known_network()]) as w:
                    w.air.fate = lost_or_repeated(number, side, fate)
                    await w.add()
                    await w.until(report.Connected, 15)
                    assert await w.is_online()


@played
async def test_a_radio_that_goes_is_told_and_may_come_back() -> None:
    async with world([known_network()]) as w:
        await w.add()
        await w.until(report.Connected)
        button(w)
        w.radio.lose("unplugged")
        events = w.take(object)
        assert report.StationLost("unplugged") in events
        assert [e.cause for e in events if isinstance(e, report.WpsEnded)] == [WpsCause.RADIO_LOST]
        assert w.machine.state is StationState.INTERFACE_DISABLED
        assert w.machine.deadline is None


# ---- the owner's wishes


@played
async def test_a_network_that_is_disabled_or_removed_is_left() -> None:
    async with world([known_network(), known_network(b"other")]) as w:
        await w.add()
        await w.add(OTHER_AP, protected(b"other"))
        first = (await w.until(report.Connected)).network_id
        assert w.do(lambda now: w.machine.disable_network(first, now))
        second = (await w.until(report.Connected, 5)).network_id
        assert second != first
        assert w.do(lambda now: w.machine.enable_network(first, now))
        assert w.do(lambda now: w.machine.remove_network(second, now))
        assert (await w.until(report.Connected, 5)).network_id == first


@played
async def test_a_selected_network_is_joined_and_the_others_are_disabled() -> None:
    async with world([known_network(), known_network(b"other", priority=3)]) as w:
        await w.add()
        await w.add(OTHER_AP, protected(b"other"))
        assert (await w.until(report.Connected)).network_id == 1
        assert w.do(lambda now: w.machine.select_network(0, now))
        assert (await w.until(report.Connected, 5)).network_id == 0
        assert [network.is_disabled for network in w.networks] == [False, True]


@played
async def test_disconnect_stays_away_until_reconnect() -> None:
    async with world([known_network()]) as w:
        await w.add()
        await w.until(report.Connected)
        w.do(w.machine.disconnect)
        lost = await w.until(report.ConnectionLost)
        assert (lost.is_local, lost.reason_code) == (True, 3)
        await asyncio.sleep(100)
        assert not w.take(report.Connected)
        w.do(w.machine.reconnect)
        await w.until(report.Connected, 1)


@played
async def test_a_scan_for_the_owner_while_connected_changes_nothing() -> None:
    async with world([known_network()]) as w:
        await w.add()
        await w.until(report.Connected)
        assert w.do(w.machine.scan)
        assert not w.do(w.machine.scan)
        await w.until(report.ScanCompleted)
        assert w.machine.state is StationState.COMPLETED
        assert await w.is_online()
        assert [bss.bssid for bss in w.machine.bsses] == [AP]
