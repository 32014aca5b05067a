# SPDX-License-Identifier: BSD-3-Clause
"""Our station and our access points, whole, in a simulated air: every way into a network, and every way it fails."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest
from tests.pairs.station_world import (
    AP,
    OTHER_AP,
    PASSPHRASE,
    PIN,
    STATION,
    PinnedAccessPoint,
    World,
    WorldAccessPoint,
    known_network,
    protected,
    world,
)
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import entropy_of

from wpsagent.errors import UsageError
from wpsagent.io.simulated_radio import ETHERTYPE_EAPOL, Antenna, DataUnit, Unit
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import Connect, TriggerScan
from wpsagent.roles.events import WpsRunFailed
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.events import WpsCause, WpsEndReason, WpsMethod
from wpsagent.roles.sta.machine import StationState
from wpsagent.roles.sta.network import Network
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.wsc.credential import ApSettings, NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, MessageType
from wpsagent.wsc.internal_registrar import InternalRegistrar
from wpsagent.wsc.issuing import IssuingPolicy

Scene = Callable[[], Coroutine[Any, Any, None]]

OPEN = NetworkSettings(Ssid(b"cafe"), AuthenticationType.OPEN, EncryptionType.NONE)


def played(scene: Scene) -> Callable[[], None]:
    """A test that is a scene in a loop whose clock jumps."""

    def test() -> None:
        run(scene())

    return test


def pin_of(access_point: WorldAccessPoint, pin: bytes = PIN) -> None:
    access_point.group.add_pin(pin)


def button(w: World, bssid: MacAddress | None = None) -> None:
    w.do(lambda now: w.machine.wps_push_button(now, bssid))


def pin(w: World, digits: bytes = PIN, bssid: MacAddress | None = None) -> None:
    w.do(lambda now: w.machine.wps_pin(digits, now, bssid))


def register(w: World, digits: bytes = PIN, new_settings: ApSettings | None = None) -> None:
    w.do(lambda now: w.machine.wps_register(AP, digits, now, new_settings))


def scans(w: World) -> list[TriggerScan]:
    return [command for command in w.commands if isinstance(command, TriggerScan)]


def lost_or_repeated(number: int, side: MacAddress, copies: int) -> Callable[[Antenna, Unit], int]:
    """So many copies arrive of the n-th EAPOL PDU that one side sends."""
    count = 0

    def fate(sender: Antenna, unit: Unit) -> int:
        nonlocal count
        if isinstance(unit, DataUnit) and unit.ethertype == ETHERTYPE_EAPOL and sender.address == side:
            count += 1
            return copies if count == number else 1
        return 1

    return fate


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


# ---- push button


@played
async def test_push_button() -> None:
    async with world() as w:
        access_point = await w.add()
        access_point.group.press_button()
        button(w)
        started = await w.until(report.WpsStarted)
        assert (started.method, started.ends_at) == (WpsMethod.PUSH_BUTTON, w.now + 120)
        assert await w.until(report.CredentialReceived) == report.CredentialReceived(b"")
        assert (await w.until(report.NetworkAdded)).id == 0
        await w.until(report.WpsSucceeded)
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.SUCCEEDED
        before = len(scans(w))
        ended_at = w.now
        await w.until(report.Connected)
        assert w.now - ended_at < 0.05
        assert len(scans(w)) == before, "connecting after WPS needs no scan"
        assert await w.is_online()
        (network,) = w.networks
        assert (network.ssid, network.passphrase, network.is_temporary) == (b"home", PASSPHRASE, False)


@played
async def test_the_button_of_the_access_point_may_be_pressed_later() -> None:
    async with world() as w:
        access_point = await w.add()
        button(w)
        await asyncio.sleep(60)
        access_point.group.press_button()
        await w.until(report.Connected, 3)


@played
async def test_probe_requests_carry_the_wps_element_only_while_wps_runs() -> None:
    async with world([known_network()]) as w:
        await w.until(report.NetworkNotFound)
        assert not any(scan.elements for scan in scans(w))
        w.commands.clear()
        button(w)
        await asyncio.sleep(1)
        assert all(scan.elements.startswith(b"\xdd") for scan in scans(w))
        w.do(w.machine.wps_cancel)
        w.commands.clear()
        await asyncio.sleep(10)
        assert scans(w)
        assert not any(scan.elements for scan in scans(w))


@played
async def test_two_access_points_in_push_button_mode_are_an_overlap() -> None:
    async with world() as w:
        first, second = await w.add(), await w.add(OTHER_AP, protected(b"neighbour"), 5180)
        first.group.press_button()
        second.group.press_button()
        button(w)
        ended = await w.until(report.WpsEnded)
        assert (ended.reason, ended.cause) == (WpsEndReason.OVERLAP, WpsCause.OVERLAP)
        assert not any(isinstance(command, Connect) for command in w.commands)


@played
async def test_two_radios_of_one_access_point_are_no_overlap() -> None:
    async with world() as w:
        first = await w.add()
        second = await w.add(OTHER_AP, mhz=5180, registrar=first.registrar)
        first.group.press_button()
        second.runner.machine.selected_registrar_changed()
        button(w)
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.SUCCEEDED
        await w.until(report.Connected)


@played
async def test_a_given_bssid_is_taken_whoever_else_is_in_push_button_mode() -> None:
    async with world() as w:
        first, second = await w.add(), await w.add(OTHER_AP, protected(b"neighbour"), 5180)
        first.group.press_button()
        second.group.press_button()
        button(w, OTHER_AP)
        assert (await w.until(report.Connected)).bssid == OTHER_AP


@played
async def test_without_an_access_point_the_run_ends_after_two_minutes() -> None:
    async with world() as w:
        button(w)
        began_at = w.now
        failed = await w.until(report.WpsFailed)
        assert failed.failure is not None
        assert failed.failure.configuration_error == 16
        ended = await w.until(report.WpsEnded)
        assert (ended.reason, ended.cause) == (WpsEndReason.TIMED_OUT, WpsCause.NO_ACCESS_POINT)
        assert w.now == pytest.approx(began_at + 120)


@played
async def test_a_second_run_replaces_the_network_and_does_not_duplicate_it() -> None:
    async with world() as w:
        access_point = await w.add()
        access_point.group.press_button()
        button(w)
        await w.until(report.Connected)
        new = protected(passphrase=b"another horse battery")
        access_point.join(InternalRegistrar(access_point.registrar.device, b"\x07" * 16, entropy_of("new")))
        await access_point.restart(new)
        access_point.group.press_button()
        button(w)
        await w.until(report.NetworkRemoved)
        await w.until(report.Connected)
        assert await w.is_online()
        assert [network.passphrase for network in w.networks] == [b"another horse battery"]


@played
async def test_an_open_network_is_learnt_and_joined() -> None:
    async with world() as w:
        access_point = await w.add(settings=OPEN)
        access_point.group.press_button()
        button(w)
        assert (await w.until(report.Connected)).ssid == b"cafe"
        assert await w.is_online()


@played
async def test_a_credential_for_others_makes_no_network() -> None:
    async with world(credential_processing=CredentialProcessing.EXTERNAL) as w:
        access_point = await w.add()
        access_point.group.press_button()
        button(w)
        assert (await w.until(report.CredentialReceived)).octets.startswith(b"\x10\x0e")
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.SUCCEEDED
        await asyncio.sleep(60)
        assert len(w.networks) == 0
        assert not w.take(report.Connected)
        assert w.machine.state in (StationState.DISCONNECTED, StationState.INACTIVE)


# ---- PIN


@played
async def test_pin() -> None:
    async with world() as w:
        access_point = await w.add()
        pin_of(access_point)
        pin(w)
        await w.until(report.Connected, 1)
        assert await w.is_online()


@played
async def test_a_pin_of_four_digits() -> None:
    async with world() as w:
        access_point = await w.add()
        pin_of(access_point, b"0042")
        pin(w, b"0042")
        await w.until(report.Connected, 1)


@played
async def test_the_pin_may_be_entered_later_and_m2d_is_no_end() -> None:
    async with world() as w:
        access_point = await w.add()
        pin(w)
        m2d = await w.until(report.M2dSeen)
        assert m2d.bssid == AP
        await asyncio.sleep(20)
        assert not w.take(report.WpsEnded)
        pin_of(access_point)
        await w.until(report.Connected, 20)


@played
async def test_a_pin_that_nobody_enters_is_told_apart() -> None:
    async with world() as w:
        await w.add()
        pin(w)
        ended = await w.until(report.WpsEnded)
        assert (ended.reason, ended.cause) == (WpsEndReason.TIMED_OUT, WpsCause.PIN_UNKNOWN)


@played
async def test_the_pin_goes_to_the_access_point_that_expects_it() -> None:
    async with world() as w:
        await w.add()
        other = await w.add(OTHER_AP, protected(b"other"), 5180)
        pin_of(other)
        pin(w)
        assert (await w.until(report.Connected, 2)).bssid == OTHER_AP


@played
async def test_with_several_silent_access_points_each_gets_its_turn() -> None:
    async with world() as w:
        await w.add()
        other = await w.add(OTHER_AP, protected(b"other"), 5180)
        pin(w)
        tried = {(await w.until(report.M2dSeen)).bssid for _ in range(2)}
        assert tried == {AP, OTHER_AP}
        pin_of(other)
        assert (await w.until(report.Connected, 20)).bssid == OTHER_AP


def wrong_half(digits: bytes, cause: WpsCause, message: MessageType) -> Callable[[], None]:
    @played
    async def scene() -> None:
        async with world([known_network(b"other")]) as w:
            access_point = await w.add()
            pin_of(access_point)
            pin(w, digits)
            failed = await w.until(report.WpsFailed)
            assert (failed.cause, failed.bssid) == (cause, AP)
            assert failed.failure is not None
            assert (failed.failure.message_type, failed.failure.configuration_error) == (message, 18)
            ended = await w.until(report.WpsEnded)
            assert (ended.reason, ended.cause) == (WpsEndReason.FAILED, cause)
            await asyncio.sleep(10)
            failures = [event for event in access_point.events if isinstance(event, WpsRunFailed)]
            assert [event.failure.configuration_error for event in failures] == [18]
            assert not w.take(report.WpsStarted)

    return scene


test_a_wrong_first_half_of_the_pin = wrong_half(b"12355670", WpsCause.FIRST_HALF_WRONG, MessageType.M4)
test_a_wrong_second_half_of_the_pin = wrong_half(b"12345671", WpsCause.SECOND_HALF_WRONG, MessageType.M6)


# ---- as a registrar


@played
async def test_a_registrar_learns_the_settings_and_joins() -> None:
    async with world() as w:
        await w.add(kind=PinnedAccessPoint)
        register(w)
        learnt = await w.until(report.ApSettingsLearnt)
        assert (learnt.settings.ssid, learnt.settings.network_key) == (b"home", PASSPHRASE)
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.SUCCEEDED
        await w.until(report.Connected, 1)
        assert await w.is_online()


@played
async def test_a_registrar_configures_the_access_point() -> None:
    settings = ApSettings(Ssid(b"new"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"a new passphrase")
    async with world() as w:
        access_point = await w.add(kind=PinnedAccessPoint)
        register(w, new_settings=settings)
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.SUCCEEDED
        await asyncio.sleep(0.3)
        await access_point.restart(protected(b"new", b"a new passphrase"))
        assert (await w.until(report.Connected, 5)).ssid == b"new"


@played
async def test_a_registrar_that_learns_of_tkip_alone_has_learnt_nothing() -> None:
    tkip = ApSettings(Ssid(b"old"), AuthenticationType.WPA_PERSONAL, EncryptionType.TKIP, b"an old key")
    async with world([known_network()]) as w:
        access_point = await w.add(kind=PinnedAccessPoint)
        access_point.authority.issuer.policy = IssuingPolicy(ap_settings=tkip.encode_for_registrar())
        await w.until(report.Connected)
        register(w)
        assert (await w.until(report.ApSettingsLearnt)).settings == tkip
        failed = await w.until(report.WpsFailed)
        assert failed.failure is not None
        assert (failed.failure.message_type, failed.cause) == (MessageType.M7, WpsCause.TKIP_PROHIBITED)
        assert (await w.until(report.WpsEnded)).reason is WpsEndReason.FAILED
        await w.until(report.Connected, 5)
        assert not w.take(report.NetworkAdded)


@played
async def test_an_access_point_without_a_pin_is_locked() -> None:
    async with world() as w:
        await w.add()
        register(w)
        failed = await w.until(report.WpsFailed)
        assert failed.failure is not None
        assert (failed.failure.message_type, failed.failure.configuration_error) == (MessageType.M2, 15)
        ended = await w.until(report.WpsEnded)
        assert (ended.reason, ended.cause) == (WpsEndReason.FAILED, WpsCause.LOCKED)


@pytest.mark.parametrize(
    ("digits", "cause"), [(b"12355670", WpsCause.FIRST_HALF_WRONG), (b"12345671", WpsCause.SECOND_HALF_WRONG)]
)
def test_a_wrong_ap_pin(digits: bytes, cause: WpsCause) -> None:
    async def scene() -> None:
        async with world() as w:
            await w.add(kind=PinnedAccessPoint)
            register(w, digits)
            assert (await w.until(report.WpsEnded)).cause is cause

    run(scene())


@played
async def test_what_cannot_be_set_up_is_refused_before_anything_is_sent() -> None:
    wep = ApSettings(Ssid(b"old"), AuthenticationType.OPEN, EncryptionType.WEP, b"12345")
    async with world() as w:
        with pytest.raises(UsageError, match="WEP"):
            register(w, new_settings=wep)
        with pytest.raises(UsageError, match="digits"):
            pin(w, b"")
        assert not w.machine.wps_cancel(w.now)


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
            count = 0

            def fate(sender: Antenna, unit: Unit) -> int:
                nonlocal count
                is_run = isinstance(unit, DataUnit) and unit.ethertype == ETHERTYPE_EAPOL
                count += is_run
                if is_run and count == number:
                    asyncio.get_running_loop().call_soon(w.do, w.machine.wps_cancel)
                return 1

            w.air.fate = fate
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
            count = 0

            def fate(sender: Antenna, unit: Unit) -> int:
                nonlocal count
                is_eapol = isinstance(unit, DataUnit) and unit.ethertype == ETHERTYPE_EAPOL
                count += is_eapol
                if is_eapol and count == number:
                    access_point.vanish()
                    return 0
                return 1

            w.air.fate = fate
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
