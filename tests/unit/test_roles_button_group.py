# SPDX-License-Identifier: BSD-3-Clause
"""The access points that share a button: one press, one walk time, one end, and every beacon renewed."""

import asyncio
from collections.abc import Sequence

import pytest
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import (
    EAPOL_START,
    LAPTOP,
    PHONE,
    PIN,
    RSNE,
    WPS2,
    access_point,
    association,
    authentication,
    only,
    outline,
    registrar,
    wps_probe,
)
from tests.unit.roles_fake_radio import Ears, FakeRadio, settle

from wpsagent.errors import OverlapError
from wpsagent.ports import (
    EapolReceived,
    FrameReceived,
    RadioLost,
    SendEapol,
    SetBeacon,
    StopAccessPoint,
)
from wpsagent.roles.events import AccessPointLost, ApEvent, StationDisconnected, WpsRunEnded
from wpsagent.roles.runner import AccessPointRunner, ButtonGroup
from wpsagent.wsc.internal_registrar import (
    EnrolleeSeen,
    OverlapDetected,
    PinStarted,
    PushButtonEnded,
    PushButtonStarted,
    SelectionEndReason,
)


async def started(radio: FakeRadio, ears: Ears | None = None) -> AccessPointRunner:
    runner = AccessPointRunner(access_point(), radio, (ears or Ears()).ap)
    await runner.start()
    radio.take()
    return runner


async def pair(ears: Ears) -> tuple[ButtonGroup, list[FakeRadio]]:
    shared = registrar()
    group = ButtonGroup(shared, ears.registrar)
    radios = [FakeRadio(), FakeRadio()]
    for radio in radios:

        def hear(events: Sequence[ApEvent]) -> None:
            group.pump()
            ears.ap(events)

        group.runners.append(AccessPointRunner(access_point(shared=shared), radio, hear))
    for runner, radio in zip(group.runners, radios, strict=True):
        await runner.start()
        radio.take()
    group.pump()
    await settle()
    for radio in radios:
        radio.take()
    ears.take()
    return group, radios


async def end(group: ButtonGroup) -> None:
    for runner in group.runners:
        await runner.stop()
    group.stop()


def test_one_press_renews_every_beacon_and_the_walk_time_ends_by_itself() -> None:
    async def scene() -> None:
        ears = Ears()
        group, radios = await pair(ears)
        group.press_button()
        await settle()
        assert [outline(radio.take()) for radio in radios] == [["SetBeacon"], ["SetBeacon"]]
        assert ears.take() == [PushButtonStarted(1120.0)]
        await asyncio.sleep(121)
        assert [len(only(radio.take(), SetBeacon)) for radio in radios] == [1, 1]
        assert ears.take() == [PushButtonEnded(SelectionEndReason.TIMED_OUT)]
        await end(group)

    run(scene())


def test_an_overlap_raises_and_is_told() -> None:
    async def scene() -> None:
        ears = Ears()
        group, radios = await pair(ears)
        radios[0].emit(FrameReceived(wps_probe(PHONE, b"\x01" * 16).encode()))
        radios[1].emit(FrameReceived(wps_probe(LAPTOP, b"\x02" * 16).encode()))
        assert [type(event) for event in ears.take()] == [EnrolleeSeen, EnrolleeSeen]
        with pytest.raises(OverlapError):
            group.press_button()
        assert ears.take() == [OverlapDetected()]
        await end(group)

    run(scene())


def test_a_pin_is_entered_for_the_group() -> None:
    async def scene() -> None:
        ears = Ears()
        group, radios = await pair(ears)
        group.add_pin(PIN, timeout=10.0)
        await settle()
        assert [outline(radio.take()) for radio in radios] == [["SetBeacon"], ["SetBeacon"]]
        assert ears.take() == [PinStarted(1120.0)]
        await end(group)

    run(scene())


def test_cancel_ends_the_runs_and_then_the_window() -> None:
    async def scene() -> None:
        ears = Ears()
        group, radios = await pair(ears)
        group.press_button()
        radio = radios[0]
        for frame in (authentication(), association(PHONE, WPS2)):
            radio.emit(FrameReceived(frame.encode()))
        radio.emit(EapolReceived(PHONE, EAPOL_START))
        await settle()
        ears.take()
        for one in radios:
            one.take()
        group.cancel()
        await settle()
        assert ears.take() == [WpsRunEnded(PHONE, "cancelled here"), PushButtonEnded(SelectionEndReason.CANCELLED)]
        assert [len(only(radio.executed, SetBeacon)) for radio in radios] == [1, 1]
        assert len(only(radio.take(), SendEapol)) == 1
        await asyncio.sleep(0.02)
        assert outline(radio.take()) == [f"Deauthentication {PHONE} 23", f"RemoveStation {PHONE}"]
        await end(group)

    run(scene())


def test_a_stopped_group_lets_no_more_time_pass() -> None:
    async def scene() -> None:
        ears = Ears()
        group, _radios = await pair(ears)
        group.press_button()
        ears.take()
        await end(group)
        group.pump()
        await asyncio.sleep(200)
        assert ears.take() == []

    run(scene())


def test_a_lost_network_tells_of_its_stations_and_the_other_one_goes_on() -> None:
    async def scene() -> None:
        ears = Ears()
        group, radios = await pair(ears)
        radio = radios[0]
        for frame in (authentication(), association(PHONE, RSNE)):
            radio.emit(FrameReceived(frame.encode()))
        radio.emit(RadioLost("gone"))
        assert ears.take() == [AccessPointLost("gone")]
        group.press_button()
        await settle()
        assert only(radios[0].take(), SetBeacon) == []
        assert len(only(radios[1].take(), SetBeacon)) == 1
        assert StationDisconnected not in map(type, ears.take())
        await end(group)
        assert isinstance(radios[0].take()[-1], StopAccessPoint)

    run(scene())


def test_a_group_whose_device_was_served_elsewhere_closes() -> None:
    async def scene() -> None:
        ears = Ears()
        group, radios = await pair(ears)
        assert not group.would_refuse_press
        group.press_button()
        await settle()
        for radio in radios:
            radio.take()
        ears.take()
        group.withdraw()
        await settle()
        assert [type(event) for event in ears.take()] == [PushButtonEnded]
        assert [len(only(radio.take(), SetBeacon)) for radio in radios] == [1, 1]
        await end(group)

    run(scene())
