# SPDX-License-Identifier: BSD-3-Clause
"""Our station as registrar and as enrollee, our access point as both, whole, in a simulated air: AP PIN and lock-out,
settings that are read, given and made up, keys of single devices.

The access points here have an owner that does what a daemon does: new settings are taken over at once.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

import pytest
from tests.pairs.station_world import AP, OTHER_AP, PASSPHRASE, PIN, World, WorldAccessPoint, protected, world
from tests.unit.jumping_loop import run

from wpsagent.octets import Ssid
from wpsagent.roles.events import ApEvent, ApSettingsChanged, ApSettingsRead, PskAdded, WpsRunFailed
from wpsagent.roles.sta import events as report
from wpsagent.roles.sta.events import WpsCause, WpsEndReason
from wpsagent.wsc.ap_enrolment import ApPinDisabled
from wpsagent.wsc.credential import ApSettings, NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, ConfigurationError, EncryptionType, WpsState
from wpsagent.wsc.issuing import IssuingPolicy
from wpsagent.wsc.lock_out import SetupLocked, SetupLockMode, SetupUnlocked

_E = TypeVar("_E")
WPA2, AES = AuthenticationType.WPA2_PERSONAL, EncryptionType.AES
NEW = ApSettings(Ssid(b"new"), WPA2, AES, b"a new passphrase")
OPEN = NetworkSettings(Ssid(b"home"), AuthenticationType.OPEN, EncryptionType.NONE)
KEYLESS = NetworkSettings(Ssid(b"home"), WPA2, AES)
FIRST_HALF_WRONG, SECOND_HALF_WRONG = b"12355670", b"12345671"
SUCCEEDED, FAILED = WpsEndReason.SUCCEEDED, WpsEndReason.FAILED

Scene = Callable[[], Coroutine[Any, Any, None]]


class OwnedAccessPoint(WorldAccessPoint):
    """Has an AP PIN, and begins anew with what a registrar, or its first enrollee, brings."""

    ap_pin = PIN
    _change: asyncio.Task[None] | None = None

    def _report(self, events: Sequence[ApEvent]) -> None:
        super()._report(events)
        for event in events:
            if isinstance(event, ApSettingsChanged):
                self._change = asyncio.get_running_loop().create_task(self._become(event.settings))

    async def _become(self, settings: NetworkSettings) -> None:
        await self.runner.stop()
        self.settings = settings
        self.authority.reconfigure(settings)
        self.runner = self._new_runner()
        await self.start()

    def take(self, kind: type[_E]) -> list[_E]:
        """The reports of a kind so far."""
        return [event for event in self.events if isinstance(event, kind)]


class Unconfigured(OwnedAccessPoint):
    wps_state = WpsState.NOT_CONFIGURED


class OfManyKeys(OwnedAccessPoint):
    policy = IssuingPolicy(forces_device_psks=True)


def played(scene: Scene) -> Callable[[], None]:
    """A test that is a scene in a loop whose clock jumps."""

    def test() -> None:
        run(scene())

    return test


async def add(w: World, kind: type[OwnedAccessPoint] = OwnedAccessPoint, **arguments: Any) -> OwnedAccessPoint:
    access_point = await w.add(kind=kind, **arguments)
    assert isinstance(access_point, OwnedAccessPoint)
    return access_point


async def register(w: World, pin: bytes = PIN, new_settings: ApSettings | None = None) -> report.WpsEnded:
    """A run of our station as registrar, to its end."""
    w.do(lambda now: w.machine.wps_register(AP, pin, now, new_settings))
    return await w.until(report.WpsEnded)


async def enrol(w: World, access_point: WorldAccessPoint) -> report.WpsEnded:
    """A button pressed here and there, to the end."""
    access_point.group.press_button()
    w.do(w.machine.wps_push_button)
    return await w.until(report.WpsEnded)


# ---- read and changed


@played
async def test_a_registrar_reads_the_settings_and_joins() -> None:
    async with world() as w:
        access_point = await add(w)
        assert (await register(w)).reason is SUCCEEDED
        await w.until(report.Connected, 5)
        assert await w.is_online()
        assert len(access_point.take(ApSettingsRead)) == 1
        assert not access_point.take(ApSettingsChanged)


@played
async def test_a_registrar_gives_other_settings_and_joins_the_network_that_it_made() -> None:
    async with world() as w:
        access_point = await add(w)
        assert (await register(w, new_settings=NEW)).reason is SUCCEEDED
        assert (await w.until(report.Connected, 10)).ssid == b"new"
        assert await w.is_online()
        (changed,) = access_point.take(ApSettingsChanged)
        assert changed.settings == protected(b"new", b"a new passphrase")


@played
async def test_a_registrar_opens_a_protected_network_and_protects_an_open_one() -> None:
    async with world() as w:
        access_point = await add(w)
        opened = ApSettings(Ssid(b"home"), AuthenticationType.OPEN, EncryptionType.NONE, b"")
        assert (await register(w, new_settings=opened)).reason is SUCCEEDED
        await w.until(report.Connected, 10)
        assert access_point.settings == OPEN
        assert (await register(w, new_settings=NEW)).reason is SUCCEEDED
        await w.until(report.Connected, 10)
        assert await w.is_online()
        assert access_point.settings == protected(b"new", b"a new passphrase")


@played
async def test_in_learn_only_mode_settings_are_told_but_not_taken() -> None:
    async with world() as w:
        access_point = await add(w)
        access_point.registrar.enrolment.set_mode(SetupLockMode.CHANGE_LOCKED, w.now)
        ended = await register(w, new_settings=NEW)
        assert (ended.reason, ended.cause) == (FAILED, WpsCause.LOCKED)
        assert access_point.take(ApSettingsChanged) == []
        assert (await register(w)).reason is SUCCEEDED


# ---- guessed


@pytest.mark.parametrize(
    ("pin", "cause"),
    [(FIRST_HALF_WRONG, WpsCause.FIRST_HALF_WRONG), (SECOND_HALF_WRONG, WpsCause.SECOND_HALF_WRONG)],
)
def test_the_third_wrong_pin_locks_for_a_minute_on_all_networks_of_the_button(pin: bytes, cause: WpsCause) -> None:
    async def scene() -> None:
        async with world() as w:
            access_point = await add(w)
            other = await add(w, address=OTHER_AP, settings=protected(b"other"), registrar=access_point.registrar)
            for _ in range(3):
                assert (await register(w, pin)).cause is cause
            locked_at = w.now
            assert (await register(w)).cause is WpsCause.LOCKED
            w.do(lambda now: w.machine.wps_register(OTHER_AP, PIN, now, None))
            assert (await w.until(report.WpsEnded)).cause is WpsCause.LOCKED
            await asyncio.sleep(locked_at + 61 - w.now)
            access_point.group.pump()
            assert (await register(w)).reason is SUCCEEDED
            events = access_point.registrar_events + other.registrar_events
            assert [type(e) for e in events if isinstance(e, SetupLocked | SetupUnlocked)] == [
                SetupLocked,
                SetupUnlocked,
            ]
            failures = [event.failure.configuration_error for event in access_point.take(WpsRunFailed)]
            wrong, locked = ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE, ConfigurationError.SETUP_LOCKED
            assert failures == [wrong] * 3 + [locked]

    run(scene())


@played
async def test_a_guesser_gets_ten_tries_in_all_and_then_only_a_new_pin_helps() -> None:
    async with world() as w:
        access_point = await add(w)
        tries = 0
        began_at = w.now
        while w.now < began_at + 7200:
            ended = await register(w, SECOND_HALF_WRONG)
            tries += ended.cause is WpsCause.SECOND_HALF_WRONG
            await asyncio.sleep(30)
        assert tries == 10
        access_point.registrar.enrolment.set_ap_pin(b"12345670", w.now)
        access_point.group.pump()
        assert (await register(w)).reason is SUCCEEDED


@played
async def test_a_pin_for_a_time_is_of_no_use_afterwards() -> None:
    async with world() as w:
        access_point = await add(w)
        pin = access_point.registrar.enrolment.new_ap_pin(w.now, timeout=30)
        access_point.group.pump()
        assert (await register(w, pin)).reason is SUCCEEDED
        await asyncio.sleep(31)
        assert ApPinDisabled() in access_point.registrar_events
        assert (await register(w, pin)).cause is WpsCause.LOCKED


# ---- made up


@pytest.mark.parametrize("settings", [OPEN, protected()])
def test_the_first_device_configures_an_access_point_that_is_not(settings: NetworkSettings) -> None:
    async def scene() -> None:
        async with world() as w:
            access_point = await add(w, Unconfigured, settings=settings)
            assert (await enrol(w, access_point)).reason is SUCCEEDED
            await w.until(report.Connected, 10)
            assert await w.is_online()
            (changed,) = access_point.take(ApSettingsChanged)
            key = changed.settings.passphrase or b""
            assert (changed.settings, len(key)) == (protected(passphrase=key), 22)
            assert key != PASSPHRASE
            assert [network.passphrase for network in w.networks] == [key]
            assert access_point.authority.wps_state is WpsState.CONFIGURED

    run(scene())


@played
async def test_a_registrar_configures_an_access_point_that_is_not() -> None:
    async with world() as w:
        access_point = await add(w, Unconfigured, settings=OPEN)
        assert (await register(w, new_settings=NEW)).reason is SUCCEEDED
        assert (await w.until(report.Connected, 10)).ssid == b"new"
        assert access_point.authority.wps_state is WpsState.CONFIGURED


# ---- keys of single devices


@pytest.mark.parametrize(("kind", "settings"), [(OfManyKeys, protected()), (OwnedAccessPoint, KEYLESS)])
def test_a_device_joins_with_a_key_of_its_own_and_has_the_same_when_it_comes_again(
    kind: type[OwnedAccessPoint], settings: NetworkSettings
) -> None:
    async def scene() -> None:
        async with world() as w:
            access_point = await add(w, kind, settings=settings)
            assert (await enrol(w, access_point)).reason is SUCCEEDED
            await w.until(report.Connected, 5)
            (added,) = access_point.take(PskAdded)
            assert [network.psk for network in w.networks] == [added.psk]
            await asyncio.sleep(10)
            assert (await enrol(w, access_point)).reason is SUCCEEDED
            await w.until(report.Connected, 5)
            assert await w.is_online()
            assert len(access_point.take(PskAdded)) == 1
            assert [network.psk for network in w.networks] == [added.psk]

    run(scene())


@played
async def test_a_registrar_of_a_network_without_a_key_for_all_gets_its_own() -> None:
    async with world() as w:
        access_point = await add(w, settings=KEYLESS)
        assert (await register(w)).reason is SUCCEEDED
        await w.until(report.Connected, 5)
        assert await w.is_online()
        (added,) = access_point.take(PskAdded)
        assert access_point.authority.issuer.psks.given_to(added.address) == added.psk


@played
async def test_a_key_that_was_taken_back_opens_nothing() -> None:
    async with world() as w:
        access_point = await add(w, settings=KEYLESS)
        await enrol(w, access_point)
        await w.until(report.Connected, 5)
        access_point.authority.issuer.psks.replace(())
        await access_point.restart()
        assert (await w.until(report.NetworkTempDisabled, 60)).is_wrong_key
