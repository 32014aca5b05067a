# SPDX-License-Identifier: BSD-3-Clause
"""The simulated radio of a station: what it refuses as the kernel would, and what it tells of losses."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import OPEN, access_point
from tests.unit.simulated_station_radio import SimulatedStationRadio

from wpsagent.dot11.frames import Action, Authentication, StatusCode
from wpsagent.errors import RadioError
from wpsagent.io.simulated_radio import Air, ManagementUnit, SimulatedAccessPointRadio, Unit
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.ports import (
    AbortScan,
    AssociationFailed,
    AuthorizeStation,
    Connect,
    Disconnect,
    Disconnected,
    RemoveStation,
    ScanFinished,
    SendEapol,
    StationEvent,
    TriggerScan,
)
from wpsagent.roles.runner import AccessPointRunner

AP = MacAddress.parse("02:00:00:00:00:01")
STATION = MacAddress.parse("02:00:00:00:01:00")
CONNECT = Connect(AP, Ssid(b"home"), 2437, b"", False)


class Stage:
    """A radio, what it has told, and an open access point if one is wanted."""

    def __init__(self) -> None:
        self.air = Air()
        self.radio = SimulatedStationRadio(self.air, "sta", STATION)
        self.events: list[StationEvent] = []
        self.radio.set_handler(self.events.append)
        self.access_point = SimulatedAccessPointRadio(self.air, "ap", AP)
        self.runner = AccessPointRunner(access_point(OPEN), self.access_point, lambda events: None)

    async def tells(self, seconds: float = 1.0) -> list[StationEvent]:
        await asyncio.sleep(seconds)
        events = list(self.events)
        self.events.clear()
        return events


def staged(scene: Callable[[Stage], Awaitable[None]]) -> Callable[[], None]:
    async def play() -> None:
        stage = Stage()
        try:
            await scene(stage)
        finally:
            await stage.radio.close()
            await stage.radio.close()
            await stage.runner.stop()

    def test() -> None:
        run(play())

    return test


@staged
async def test_what_needs_an_association_is_refused_without_one(stage: Stage) -> None:
    for command in (Disconnect(3), SendEapol(AP, b""), AuthorizeStation(AP), RemoveStation(AP)):
        with pytest.raises(RadioError, match="not associated"):
            await stage.radio.execute(command)
    assert await stage.radio.ping() is None
    assert stage.radio.group_keys_installed == 0
    await stage.radio.execute(AbortScan())
    assert await stage.tells() == []


@staged
async def test_a_closed_radio_refuses_everything(stage: Stage) -> None:
    await stage.radio.execute(TriggerScan())
    await stage.radio.close()
    with pytest.raises(RadioError, match="down"):
        await stage.radio.execute(TriggerScan())
    assert await stage.tells() == []


@staged
async def test_one_thing_at_a_time(stage: Stage) -> None:
    await stage.radio.execute(TriggerScan((2437,)))
    for command in (TriggerScan(), CONNECT):
        with pytest.raises(RadioError, match="busy"):
            await stage.radio.execute(command)
    assert await stage.tells() == [ScanFinished(())]
    await stage.radio.execute(CONNECT)
    with pytest.raises(RadioError, match="busy"):
        await stage.radio.execute(TriggerScan())
    with pytest.raises(RadioError, match="already"):
        await stage.radio.execute(CONNECT)


@staged
async def test_an_aborted_scan_says_so(stage: Stage) -> None:
    await stage.radio.execute(TriggerScan())
    await stage.radio.execute(AbortScan())
    assert await stage.tells() == [ScanFinished((), is_aborted=True)]


@staged
async def test_an_access_point_that_is_not_there_does_not_answer(stage: Stage) -> None:
    await stage.radio.execute(CONNECT)
    assert await stage.tells(0.59) == []
    assert await stage.tells(0.02) == [AssociationFailed(AP, None)]


@staged
async def test_an_attempt_is_given_up(stage: Stage) -> None:
    await stage.radio.execute(CONNECT)
    await stage.radio.execute(Disconnect(3))
    assert await stage.tells() == [Disconnected(3, is_by_peer=False)]
    await stage.radio.execute(TriggerScan((2437,)))


@staged
async def test_a_removed_station_is_disconnected(stage: Stage) -> None:
    await stage.runner.start()
    await stage.radio.execute(CONNECT)
    assert [type(event).__name__ for event in await stage.tells()] == ["Associated"]
    stage.radio.hear(ManagementUnit(STATION, b"no frame"))
    stage.radio.hear(ManagementUnit(STATION, Action(BROADCAST, AP, AP, 4, b"").encode()))
    await stage.radio.execute(AuthorizeStation(AP))
    assert await stage.radio.ping() is not None
    stage.air.leave(stage.access_point)
    assert await stage.radio.ping() is None
    await stage.radio.execute(RemoveStation(AP))
    await stage.radio.execute(TriggerScan((2437,)))
    assert await stage.tells() == [Disconnected(1, is_by_peer=False), ScanFinished(())]


@staged
async def test_a_radio_that_is_lost_takes_its_attempt_with_it(stage: Stage) -> None:
    await stage.radio.execute(CONNECT)
    stage.radio.lose("unplugged")
    assert [type(event).__name__ for event in await stage.tells(10)] == ["RadioLost"]


class RefusingAntenna:
    """An access point that answers every authentication with a refusal."""

    address = AP
    frequency_mhz: int | None = 2437

    def __init__(self, air: Air) -> None:
        self._air = air
        air.join(self)

    def hear(self, unit: Unit) -> None:
        stranger = Authentication(STATION, BROADCAST, AP, b"", 0, 2, StatusCode.SUCCESS)
        refusal = Authentication(STATION, AP, AP, b"", 0, 2, StatusCode.DENIED_NO_MORE_STAS)
        for frame in (stranger, refusal):
            self._air.send(self, ManagementUnit(STATION, frame.encode()))


@staged
async def test_a_refused_authentication_tells_its_status(stage: Stage) -> None:
    RefusingAntenna(stage.air)
    await stage.radio.execute(CONNECT)
    assert await stage.tells() == [AssociationFailed(AP, StatusCode.DENIED_NO_MORE_STAS)]
    await stage.radio.execute(CONNECT)
    assert await stage.tells() == [AssociationFailed(AP, StatusCode.DENIED_NO_MORE_STAS)]
