# SPDX-License-Identifier: BSD-3-Clause
"""The simulated air and its access point radio: who hears whom, what is refused, and which key reads what."""

import asyncio
from dataclasses import dataclass, field

import pytest
from tests.unit.jumping_loop import run
from tests.unit.roles_bench import AP, LAPTOP, PHONE, RATES, SSID, authentication

from wpsagent.errors import RadioError
from wpsagent.io.simulated_radio import (
    ETHERTYPE_EAPOL,
    ETHERTYPE_TEST,
    LATENCY,
    SIMULATED_CAPABILITIES,
    Air,
    DataUnit,
    ManagementUnit,
    SimulatedAccessPointRadio,
    Unit,
)
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    Beacon,
    EapolReceived,
    FrameReceived,
    FrameStatus,
    InstallKey,
    ProbeStation,
    RadioCommand,
    RadioEvent,
    ReadActivity,
    RemoveStation,
    SendEapol,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StationActivity,
    StationProbed,
    StopAccessPoint,
    UnexpectedFrame,
)

KEY = b"\x01" * 16
START = StartAccessPoint(SSID, 2437, Beacon(b"", b""), 100, 2, (2, 4), True, True)
ADD = AddStation(PHONE, 1, 10, RATES, 0, True)
FRAME = authentication().encode()


@dataclass
class Ear:
    """A station that only listens."""

    address: MacAddress = PHONE
    frequency_mhz: int | None = 2437
    heard: list[Unit] = field(default_factory=list)

    def hear(self, unit: Unit) -> None:
        self.heard.append(unit)


@dataclass
class Place:
    air: Air
    radio: SimulatedAccessPointRadio
    ear: Ear
    events: list[RadioEvent]

    async def execute(self, *commands: RadioCommand) -> list[RadioEvent]:
        """Carry out commands; the events until all has arrived."""
        for command in commands:
            await self.radio.execute(command)
        return await self.arrive()

    async def arrive(self) -> list[RadioEvent]:
        await asyncio.sleep(3 * LATENCY)
        events = list(self.events)
        self.events.clear()
        return events

    async def data(self, ethertype: int, payload: bytes, key: bytes | None = None) -> list[RadioEvent]:
        self.air.send(self.ear, DataUnit(PHONE, AP, ethertype, payload, key))
        return await self.arrive()


async def place() -> Place:
    air, ear, events = Air(), Ear(), list[RadioEvent]()
    air.join(ear)
    radio = SimulatedAccessPointRadio(air, "sim0", AP)
    radio.set_handler(events.append)
    await radio.execute(START)
    return Place(air, radio, ear, events)


def test_only_who_is_meant_and_on_the_channel_hears() -> None:
    async def scene() -> None:
        air = Air()
        phone, laptop, elsewhere = Ear(PHONE), Ear(LAPTOP), Ear(PHONE, 5180)
        for ear in (phone, laptop, elsewhere):
            air.join(ear)
        unit, everybody = ManagementUnit(PHONE, b"1"), ManagementUnit(BROADCAST, b"2")
        assert air.send(laptop, unit)
        assert not air.send(phone, unit)  # nobody hears himself
        assert not air.send(laptop, everybody)  # and nobody acknowledges a group
        assert phone.heard == []
        await asyncio.sleep(LATENCY)
        assert (phone.heard, laptop.heard, elsewhere.heard) == ([unit, everybody], [], [])

    run(scene())


def test_who_leaves_or_changes_the_channel_while_a_frame_is_under_way_misses_it() -> None:
    async def scene() -> None:
        air = Air()
        phone, laptop = Ear(PHONE), Ear(LAPTOP)
        air.join(phone)
        air.join(laptop)
        air.send(laptop, ManagementUnit(PHONE, b"1"))
        phone.frequency_mhz = 2412
        await asyncio.sleep(LATENCY)
        phone.frequency_mhz = 2437
        air.send(laptop, ManagementUnit(PHONE, b"2"))
        air.leave(phone)
        air.leave(phone)
        await asyncio.sleep(LATENCY)
        assert phone.heard == []

    run(scene())


def test_a_frame_with_a_token_has_a_fate() -> None:
    async def scene() -> None:
        there = await place()
        to_phone = SendFrame(b"\xb0\x00\x00\x00" + PHONE + AP + AP + bytes(8), 5)
        to_nobody = SendFrame(b"\xb0\x00\x00\x00" + LAPTOP + AP + AP + bytes(8), 6)
        assert await there.execute(to_phone, to_nobody, SendFrame(to_phone.frame)) == [
            FrameStatus(5, True),
            FrameStatus(6, False),
        ]
        assert there.ear.heard == [ManagementUnit(PHONE, to_phone.frame)] * 2

    run(scene())


def test_management_frames_are_received_with_their_strength() -> None:
    async def scene() -> None:
        there = await place()
        there.air.send(there.ear, ManagementUnit(AP, FRAME))
        assert await there.arrive() == [FrameReceived(FRAME, signal_dbm=-40)]

    run(scene())


def test_data_of_strangers_is_unexpected() -> None:
    async def scene() -> None:
        there = await place()
        assert await there.data(ETHERTYPE_EAPOL, b"x") == [UnexpectedFrame(PHONE)]
        await there.execute(ADD)
        assert await there.data(ETHERTYPE_EAPOL, b"x") == [EapolReceived(PHONE, b"x")]
        await there.execute(RemoveStation(PHONE), RemoveStation(PHONE))
        assert await there.data(ETHERTYPE_EAPOL, b"x") == [UnexpectedFrame(PHONE)]

    run(scene())


def test_eapol_goes_out_under_the_key_when_it_is_encrypted() -> None:
    async def scene() -> None:
        there = await place()
        await there.execute(
            ADD, InstallKey(0, KEY, 0x000FAC04, PHONE), SendEapol(PHONE, b"1"), SendEapol(PHONE, b"2", True)
        )
        assert there.ear.heard == [
            DataUnit(AP, PHONE, ETHERTYPE_EAPOL, b"1"),
            DataUnit(AP, PHONE, ETHERTYPE_EAPOL, b"2", KEY),
        ]
        assert [unit.key for unit in there.ear.heard if isinstance(unit, DataUnit)] == [None, KEY]

    run(scene())


def test_data_is_answered_through_an_open_port_under_the_right_key_only() -> None:
    async def scene() -> None:
        there = await place()
        await there.execute(ADD)
        await there.data(ETHERTYPE_TEST, b"closed")
        await there.execute(AuthorizeStation(PHONE))
        await there.data(ETHERTYPE_TEST, b"open")
        await there.execute(InstallKey(0, KEY, 0x000FAC04, PHONE), InstallKey(1, KEY, 0x000FAC04))
        await there.data(ETHERTYPE_TEST, b"in the clear")
        await there.data(ETHERTYPE_TEST, b"wrong key", b"\x02" * 16)
        await there.data(ETHERTYPE_TEST, b"right key", KEY)
        await there.execute(AuthorizeStation(PHONE, False))
        await there.data(ETHERTYPE_TEST, b"closed again", KEY)
        assert [unit.payload for unit in there.ear.heard if isinstance(unit, DataUnit)] == [b"open", b"right key"]

    run(scene())


def test_broadcast_data_is_not_answered() -> None:
    async def scene() -> None:
        there = await place()
        await there.execute(ADD, AuthorizeStation(PHONE))
        there.air.send(there.ear, DataUnit(PHONE, BROADCAST, ETHERTYPE_TEST, b"all"))
        await there.arrive()
        assert there.ear.heard == []

    run(scene())


def test_quiet_stations_are_measured_and_asked() -> None:
    async def scene() -> None:
        there = await place()
        await there.execute(ADD)
        await asyncio.sleep(10)
        (activity,) = await there.execute(ReadActivity())
        assert isinstance(activity, StationActivity)
        ((address, inactive_ms),) = activity.inactive_ms
        assert address == PHONE
        assert inactive_ms == pytest.approx(10_000, abs=5)
        assert await there.execute(ProbeStation(PHONE)) == [StationProbed(PHONE, True)]
        there.air.leave(there.ear)
        assert await there.execute(ProbeStation(PHONE)) == [StationProbed(PHONE, False)]

    run(scene())


@pytest.mark.parametrize("command", [AuthorizeStation(LAPTOP), InstallKey(0, KEY, 0x000FAC04, LAPTOP)])
def test_what_concerns_a_stranger_is_refused(command: RadioCommand) -> None:
    async def scene() -> None:
        there = await place()
        with pytest.raises(RadioError, match=f"sim0: no station {LAPTOP}"):
            await there.execute(command)

    run(scene())


def test_it_beacons_once_and_does_nothing_else_before_and_after() -> None:
    async def scene() -> None:
        there = await place()
        with pytest.raises(RadioError, match="sim0: already beaconing"):
            await there.execute(START)
        await there.execute(SetBeacon(START.beacon), ADD, StopAccessPoint(), StopAccessPoint())
        for command in (SetBeacon(START.beacon), ADD, SendFrame(FRAME, 1), ReadActivity()):
            with pytest.raises(RadioError, match="sim0: not beaconing"):
                await there.execute(command)
        there.air.send(there.ear, ManagementUnit(AP, FRAME))
        assert await there.arrive() == []
        await there.execute(START)
        assert await there.data(ETHERTYPE_EAPOL, b"x") == [UnexpectedFrame(PHONE)]  # it remembers nobody

    run(scene())


def test_a_closed_radio_is_silent_even_about_what_is_under_way() -> None:
    async def scene() -> None:
        there = await place()
        await there.radio.execute(SendFrame(b"\xb0\x00\x00\x00" + PHONE + AP + AP + bytes(8), 5))
        there.air.send(there.ear, ManagementUnit(AP, FRAME))
        await there.radio.close()
        await there.radio.close()
        assert await there.arrive() == []

    run(scene())


def test_its_capabilities_are_those_of_a_small_router() -> None:
    assert SIMULATED_CAPABILITIES.supports_ap
    assert SIMULATED_CAPABILITIES.band_of(2437) is SIMULATED_CAPABILITIES.bands[0]
    assert SIMULATED_CAPABILITIES.band_of(5180) is SIMULATED_CAPABILITIES.bands[1]


def test_keys_and_payloads_are_not_in_a_repr() -> None:
    unit = DataUnit(PHONE, AP, ETHERTYPE_EAPOL, b"secret", KEY)
    assert repr(unit) == f"DataUnit(source={PHONE!r}, destination={AP!r}, ethertype=34958)"
