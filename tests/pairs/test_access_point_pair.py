# SPDX-License-Identifier: BSD-3-Clause
"""Phones against access points: whole lives, from the button to the ping, over good and bad air."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from tests.pairs.simulated_air import ONCE, BadAir, Neighbourhood, neighbourhood, phone, seeded
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import AP, OPEN, OTHER_AP, PIN, PROTECTED, WPS1, access_point, entropy_of, registrar

from wpsagent.errors import OverlapError
from wpsagent.io.simulated_radio import Antenna, DataUnit, ManagementUnit, SimulatedAccessPointRadio, Unit
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import EapolReceived, FrameReceived
from wpsagent.roles.events import HandshakeFailed, StationConnected, StationDisconnected, WpsRunFailed, WpsRunStarted
from wpsagent.roles.runner import AccessPointRunner, ButtonGroup
from wpsagent.roles.simulated_phone import PhoneError, SimulatedPhone
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, ConfigurationError, EncryptionType
from wpsagent.wsc.internal_registrar import (
    EnrolmentSucceeded,
    OverlapDetected,
    PinEnded,
    PinNeeded,
    PushButtonEnded,
    PushButtonStarted,
    SelectionEndReason,
)


async def joined(there: Neighbourhood, station: SimulatedPhone, *, by_pin: bytes | None = None) -> str:
    """How a phone fared: "joined", or why not."""
    try:
        if by_pin is None:
            await station.join_by_push_button()
        else:
            await station.join_by_pin(by_pin)
        await station.ping()
    except PhoneError as error:
        return str(error)
    assert station.address in [a for runner in there.runners for a in runner.machine.connected_stations]
    return "joined"


# ---- what a person does


def test_a_press_here_and_there_puts_the_phone_on_the_network() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.press_button()
        one = phone(there.air)
        assert await joined(there, one) == "joined"
        assert there.kinds(
            PushButtonStarted, EnrolmentSucceeded, PushButtonEnded, StationConnected, StationDisconnected
        ) == ["PushButtonStarted", "EnrolmentSucceeded", "PushButtonEnded", "StationConnected"]
        assert one.access_point is not None
        assert (one.access_point.bssid, one.access_point.ssid) == (AP, Ssid(b"home"))
        await there.stop()
        assert there.kinds(StationDisconnected) == ["StationDisconnected"]

    run(scene())


def test_the_phone_may_be_first() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        joining = asyncio.create_task(joined(there, phone(there.air)))
        await asyncio.sleep(100)
        there.group.press_button()
        assert await joining == "joined"
        await there.stop()

    run(scene())


def test_one_press_is_for_one_phone() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.press_button()
        assert await joined(there, phone(there.air, 1)) == "joined"
        await asyncio.sleep(10)
        second = asyncio.create_task(joined(there, phone(there.air, 2)))
        await asyncio.sleep(30)
        assert not second.done()
        there.group.press_button()
        assert await second == "joined"
        assert len(there.runners[0].machine.connected_stations) == 2
        await there.stop()

    run(scene())


def test_a_phone_that_knows_the_right_pin_joins_and_the_pin_is_used_up() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.add_pin(PIN)
        assert await joined(there, phone(there.air), by_pin=PIN) == "joined"
        assert PinEnded(SelectionEndReason.SUCCEEDED) in there.heard
        late = phone(there.air, 2)
        assert "no access point in WPS mode" in await joined(there, late, by_pin=PIN)
        await there.stop()

    run(scene())


@pytest.mark.parametrize(("pin", "half"), [(b"22345670", "first"), (b"12345678", "second")])
def test_a_wrong_pin_is_refused_with_error_18(pin: bytes, half: str) -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.add_pin(PIN)
        assert (await joined(there, phone(there.air), by_pin=pin)).startswith("the registration protocol failed: ")
        failures = [event.failure for event in there.heard if isinstance(event, WpsRunFailed)]
        assert [f.configuration_error for f in failures] == [ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE]
        # A wrong first half ends the run before anything of the second was shown: there is one try left.
        is_left = half == "first"
        assert (await joined(there, phone(there.air), by_pin=PIN) == "joined") is is_left
        await there.stop()

    run(scene())


class ElderPhone(SimulatedPhone):
    """WPS 1.0: an element without Version2, and EAPOL-Start after a second."""

    association_element = WPS1
    is_wps2 = False


class WindowsPhone(SimulatedPhone):
    """No WPS element at all when it associates."""

    association_element = b""
    is_wps2 = False


class NoisyPhone(SimulatedPhone):
    """Version2, and EAPOL-Start all the same."""

    is_wps2 = False


@pytest.mark.parametrize("kind", [ElderPhone, WindowsPhone, NoisyPhone])
@pytest.mark.parametrize("settings", [PROTECTED, OPEN])
def test_phones_of_every_age_join(kind: type[SimulatedPhone], settings: NetworkSettings) -> None:
    async def scene() -> None:
        there = await neighbourhood(settings=settings)
        there.group.press_button()
        one = kind(there.air, MacAddress(b"\x02\x00\x00\x00\x10\x01"), entropy_of("phone"))
        assert await joined(there, one) == "joined"
        assert there.kinds(EnrolmentSucceeded) == ["EnrolmentSucceeded"]
        await there.stop()

    run(scene())


def test_a_pin_that_nobody_entered_is_asked_for() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.add_pin(PIN, uuid_e=b"\x77" * 16)
        text = await joined(there, phone(there.air), by_pin=PIN)
        assert text.startswith("the registration protocol failed")
        assert "PinNeeded" in there.kinds(PinNeeded)
        await there.stop()

    run(scene())


def test_two_phones_at_once_get_nothing_and_after_a_while_one_of_them_does() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        waiting = [asyncio.create_task(joined(there, phone(there.air, number))) for number in (1, 2)]
        await asyncio.sleep(2)
        there.group.registrar.cancel(asyncio.get_running_loop().time())
        with pytest.raises(Exception, match="more than one device"):
            there.group.press_button()
        texts = await asyncio.gather(*waiting)
        assert texts == ["timed out: no access point in WPS mode was found"] * 2
        assert there.kinds(OverlapDetected) == ["OverlapDetected"]
        await asyncio.sleep(121)
        there.group.press_button()
        assert await joined(there, phone(there.air, 1)) == "joined"
        await there.stop()

    run(scene())


def test_two_phones_in_one_window_spoil_it() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.press_button()
        texts = await asyncio.gather(*(joined(there, phone(there.air, number)) for number in (1, 2)))
        assert "joined" not in texts
        assert there.kinds(OverlapDetected)[:1] == ["OverlapDetected"]
        assert there.kinds(EnrolmentSucceeded) == []
        await there.stop()

    run(scene())


def test_the_walk_time_ends_without_a_phone() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.press_button()
        await asyncio.sleep(119.9)
        assert there.group.registrar.is_push_button_active
        await asyncio.sleep(0.2)
        assert there.heard[-1] == PushButtonEnded(SelectionEndReason.TIMED_OUT)
        assert "no access point in WPS mode" in await joined(there, phone(there.air))
        await there.stop()

    run(scene())


def test_cancel_takes_the_press_back() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.press_button()
        there.group.cancel()
        assert there.heard[-1] == PushButtonEnded(SelectionEndReason.CANCELLED)
        assert "no access point" in await joined(there, phone(there.air))
        await there.stop()

    run(scene())


def test_one_press_opens_both_networks_of_a_group_and_one_success_closes_both() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        await there.add(OTHER_AP, 5180)
        there.group.press_button()
        assert await joined(there, phone(there.air)) == "joined"
        assert not there.group.registrar.is_push_button_active
        assert there.kinds(EnrolmentSucceeded) == ["EnrolmentSucceeded"]
        assert sum(len(runner.machine.connected_stations) for runner in there.runners) == 1
        await there.stop()

    run(scene())


def test_two_neighbours_with_pressed_buttons_are_an_overlap_for_the_phone() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        shared = registrar("elsewhere")
        shared.uuid = b"\xbb" * 16
        heard: list[object] = []
        other = ButtonGroup(shared, heard.extend)
        runner = AccessPointRunner(
            access_point(PROTECTED, shared, address=OTHER_AP, frequency_mhz=2412),
            SimulatedAccessPointRadio(there.air, "wlan9", OTHER_AP),
            heard.extend,
        )
        other.runners.append(runner)
        await runner.start()
        there.group.press_button()
        other.press_button()
        assert await joined(there, phone(there.air)) == (
            "session overlap: more than one access point is in push-button mode"
        )
        await runner.stop()
        other.stop()
        await there.stop()

    run(scene())


@pytest.mark.parametrize("settings", [OPEN, PROTECTED, replace(PROTECTED, passphrase=b"correct horse", psk=None)])
def test_networks_of_every_kind_are_joined(settings: NetworkSettings) -> None:
    async def scene() -> None:
        there = await neighbourhood(settings=settings)
        there.group.press_button()
        assert await joined(there, phone(there.air)) == "joined"
        await there.stop()

    run(scene())


# ---- what the air does


def test_a_phone_may_vanish_after_any_of_its_frames_and_come_again() -> None:
    """Everything after the n-th frame that either side sends is lost: nothing stays behind, and it can try again."""

    async def scene(limit: int) -> bool:
        sent = 0
        is_cut = True

        def fate(sender: Antenna, unit: Unit) -> tuple[float, ...]:
            nonlocal sent
            if unit.destination == AP or getattr(sender, "address", None) == AP:
                sent += 1
            return () if is_cut and sent > limit else ONCE

        there = await neighbourhood(BadAir(fate))
        there.group.press_button()
        one = phone(there.air)
        text = await joined(there, one)
        one.leave()
        was_cut, is_cut = sent > limit, False
        if not was_cut:
            assert text == "joined"
            await there.stop()
            return False
        await asyncio.sleep(700)  # longer than anything waits, inactivity included
        assert there.runners[0].machine.connected_stations == []
        there.group.press_button()
        assert await joined(there, phone(there.air)) == "joined"
        await there.stop()
        return True

    limit = 0
    while run(scene(limit)):
        limit += 1
    assert limit > 25


@pytest.mark.parametrize("seed", range(12))
def test_over_bad_air_a_persistent_person_succeeds(seed: int) -> None:
    """A twentieth each of the frames is lost, comes twice, comes late; whoever fails presses both buttons again."""

    async def scene() -> None:
        there = await neighbourhood(BadAir(seeded(seed)), str(seed))
        texts = []
        for _ in range(6):
            await asyncio.sleep(130)
            there.group.press_button()
            one = phone(there.air)
            texts.append(await joined(there, one))
            if texts[-1] == "joined":
                break
            one.leave()
        assert texts[-1] == "joined", texts
        await there.stop()

    run(scene())


def test_every_frame_twice_is_as_good_as_once() -> None:
    async def scene() -> None:
        there = await neighbourhood(BadAir(lambda sender, unit: (0.0, 0.0)))
        there.group.press_button()
        assert await joined(there, phone(there.air)) == "joined"
        await there.stop()

    run(scene())


def test_a_wrong_key_in_the_credential_shows_in_the_handshake() -> None:
    """The network changes its key between the credential and the connection."""

    async def scene() -> None:
        there = await neighbourhood()
        there.group.press_button()
        joining = asyncio.create_task(joined(there, phone(there.air)))
        await there.hears(EnrolmentSucceeded)
        await there.stop()
        there.runners.clear()
        there.group.runners.clear()
        changed = NetworkSettings(Ssid(b"home"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, psk=b"\x06" * 32)
        await there.add(settings=changed)
        assert (await joining).startswith("home sent us away with reason")
        (failed,) = (event for event in there.heard if isinstance(event, HandshakeFailed))
        assert "passphrase is probably wrong" in failed.text
        await there.stop()

    run(scene())


def test_an_access_point_that_restarts_under_the_phone_sends_it_away_and_serves_it_anew() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        there.group.press_button()
        one = phone(there.air)
        joining = asyncio.create_task(joined(there, one))
        await there.hears(WpsRunStarted)
        # Killed: not a word to the phone; and there again at once, knowing nothing of it.
        (old,) = there.runners
        await old.radio.close()
        there.runners.clear()
        there.group.runners.clear()
        await there.add()
        assert (await joining).startswith("the registration protocol failed")
        there.group.press_button()
        assert await joined(there, one) == "joined"
        await old.stop()
        await there.stop()

    run(scene())


def test_a_phone_that_authenticates_again_and_again_is_served_each_time() -> None:
    async def scene() -> None:
        there = await neighbourhood()
        one = phone(there.air)
        for _ in range(5):
            await asyncio.sleep(10)
            there.group.press_button()
            assert await joined(there, one) == "joined"
        assert there.kinds(StationConnected, StationDisconnected) == [
            "StationConnected",
            *["StationDisconnected", "StationConnected"] * 4,
        ]
        await there.stop()

    run(scene())


@pytest.mark.parametrize("seed", range(10))
def test_fuzzed_frames_beside_a_phone_make_nothing_raise_and_the_phone_still_joins(seed: int) -> None:
    """Somebody repeats what is on the air with bits turned over, from another address; the phone gets through."""
    dice = random.Random(seed)

    async def scene() -> None:
        air = BadAir()
        there = await neighbourhood(air, str(seed))
        (runner,) = there.runners
        enemy = MacAddress(b"\x02\xee\xee\xee\xee\xee")

        def spoil(sender: Antenna, unit: Unit) -> tuple[float, ...]:
            now = asyncio.get_running_loop().time()
            if unit.destination == AP and isinstance(unit, ManagementUnit):
                octets = bytearray(unit.octets)
                octets[10:16] = enemy
                for _ in range(dice.randrange(4)):
                    octets[dice.randrange(24, len(octets))] ^= 1 << dice.randrange(8)
                runner.machine.receive(FrameReceived(bytes(octets)), now)
            elif unit.destination == AP and isinstance(unit, DataUnit):
                pdu = bytearray(unit.payload)
                pdu[dice.randrange(len(pdu))] ^= 1 << dice.randrange(8)
                runner.machine.receive(EapolReceived(enemy, bytes(pdu)), now)
            runner.pump()
            return ONCE

        air.fate = spoil
        there.group.press_button()
        assert await joined(there, phone(air)) == "joined"
        await there.stop()

    run(scene())


@pytest.mark.parametrize("seed", range(3))
def test_a_busy_hour_over_bad_air_leaves_nothing_behind(seed: int) -> None:
    """Phones come and go, buttons are pressed and cancelled, group keys change, all of it at any moment."""
    dice = random.Random(seed)

    async def scene() -> None:
        there = await neighbourhood(BadAir(seeded(seed)), str(seed))
        await there.add(OTHER_AP, 5180)

        async def visit(number: int, pin: bytes | None) -> str:
            one = phone(there.air, number)
            try:
                return await joined(there, one, by_pin=pin)
            finally:
                await asyncio.sleep(dice.random() * 300)
                one.leave()

        async def act(action: Callable[[], None]) -> None:
            await asyncio.sleep(dice.random())
            with suppress(OverlapError):
                action()

        def rekey() -> None:
            for runner in there.runners:
                runner.machine.rekey(asyncio.get_running_loop().time())
                runner.pump()

        visits: list[asyncio.Task[str]] = []
        for number in range(20):
            await asyncio.sleep(125 + dice.random() * 60)
            pin = PIN if dice.random() < 0.3 else None
            with suppress(OverlapError):
                there.group.add_pin(PIN) if pin else there.group.press_button()
            visits.append(asyncio.create_task(visit(number, pin)))
            await act(dice.choice((rekey, rekey, there.group.press_button, there.group.cancel)))
        texts = await asyncio.gather(*visits)
        assert texts.count("joined") > 3
        await asyncio.sleep(1000)
        for runner in there.runners:
            assert list(runner.machine._stations) == []
            assert runner.machine.is_started
        assert not there.group.registrar.is_push_button_active
        assert len(there.kinds(StationConnected)) == len(there.kinds(StationDisconnected)) > 3
        await there.stop()

    run(scene())
