# SPDX-License-Identifier: BSD-3-Clause
"""Our station and our access points in a simulated air: every way by which Wi-Fi Protected Setup succeeds and fails."""

import asyncio
from collections.abc import Callable

import pytest
from tests.pairs.station_scenes import OPEN, button, pin, pin_of, played, register, scans
from tests.pairs.station_world import (
    AP,
    OTHER_AP,
    PASSPHRASE,
    PinnedAccessPoint,
    known_network,
    protected,
    world,
)
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import entropy_of

from wpsagent.errors import UsageError
from wpsagent.octets import Ssid
from wpsagent.ports import Connect
from wpsagent.roles.events import WpsRunFailed
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.events import WpsCause, WpsEndReason, WpsMethod
from wpsagent.roles.sta.machine import StationState
from wpsagent.roles.sta.parameters import CredentialProcessing
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, MessageType
from wpsagent.wsc.internal_registrar import InternalRegistrar
from wpsagent.wsc.issuing import IssuingPolicy

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
