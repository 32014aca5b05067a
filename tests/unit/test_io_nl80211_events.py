# SPDX-License-Identifier: BSD-3-Clause
"""The radio's events from a scripted kernel, and the ends of beaconing."""

import asyncio
import errno
from collections.abc import Iterator

import pytest
from tests.unit.nl80211_kernel import attribute, event, u16, u32, u64
from tests.unit.nl80211_world import (
    BEACON,
    CONTROL_PORT_FRAME,
    DEL_INTERFACE,
    DEL_WIPHY,
    FRAME,
    FRAME_TX_STATUS,
    GET_INTERFACE,
    INDEX,
    NEW_STATION,
    PROBE_CLIENT,
    SET_BEACON,
    START,
    START_AP,
    STATION,
    STOP_AP,
    UNEXPECTED_FRAME,
    World,
    run,
    worlds,
)

from wpsagent.errors import NetlinkError
from wpsagent.io.nl80211 import RfkillState
from wpsagent.io.nl80211.access_point import open_access_point_radio
from wpsagent.io.nl80211.radio import Nl80211Radio
from wpsagent.ports import (
    EapolReceived,
    FrameReceived,
    FrameStatus,
    RadioEvent,
    RadioLost,
    SendFrame,
    SetBeacon,
    StationEvent,
    StationProbed,
    UnexpectedFrame,
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from worlds(monkeypatch)


# ---- events


def test_frames_and_eapol_and_the_fate_of_probes_are_passed_on(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        world.deliver(FRAME, attribute(51, b"frame"), attribute(151, u32(0xFFFFFFCE)))
        world.deliver(FRAME, attribute(51, b"no signal"))
        world.deliver(CONTROL_PORT_FRAME, attribute(6, STATION), attribute(51, b"pdu"), attribute(102, u16(0x888E)))
        world.deliver(UNEXPECTED_FRAME, attribute(6, STATION))
        world.deliver(PROBE_CLIENT, attribute(6, STATION), attribute(92))
        world.deliver(PROBE_CLIENT, attribute(6, STATION))
        await world.settle()

    run(world, scenario)
    assert world.events == [
        FrameReceived(b"frame", -50),
        FrameReceived(b"no signal", None),
        EapolReceived(STATION, b"pdu"),
        UnexpectedFrame(STATION),
        StationProbed(STATION, True),
        StationProbed(STATION, False),
    ]


def test_events_that_lack_something_or_are_another_interface_s_are_ignored(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        world.deliver(FRAME)
        world.deliver(FRAME, attribute(51, b"frame"), index=INDEX + 1)
        world.deliver(FRAME_TX_STATUS)
        world.deliver(CONTROL_PORT_FRAME, attribute(6, STATION), attribute(102, u16(0x888E)))
        world.deliver(CONTROL_PORT_FRAME, attribute(51, b"pdu"), attribute(102, u16(0x888E)))
        world.deliver(CONTROL_PORT_FRAME, attribute(6, STATION), attribute(51, b"pdu"), attribute(102, u16(0x88C7)))
        world.deliver(UNEXPECTED_FRAME)
        world.deliver(PROBE_CLIENT, attribute(92))
        world.deliver(STOP_AP, index=INDEX + 1)
        world.deliver(NEW_STATION, attribute(6, STATION))
        world.kernel.deliver(event(DEL_WIPHY, attribute(1, u32(5))))
        await world.settle()

    run(world, scenario)
    assert world.events == []


def test_what_comes_before_the_handler_is_set_is_not_lost(world: World) -> None:
    async def main() -> None:
        radio = await open_access_point_radio("wlan0")
        world.deliver(FRAME, attribute(51, b"early"))
        await world.settle()
        radio.set_handler(world.events.append)
        assert world.events == [FrameReceived(b"early", None)]
        world.deliver(FRAME, attribute(51, b"late"))
        await world.settle()
        await radio.close()

    asyncio.run(main())
    assert world.events == [FrameReceived(b"early", None), FrameReceived(b"late", None)]


def cookie(number: int) -> bytes:
    return attribute(88, u64(number))


@pytest.mark.parametrize("is_acknowledged", [True, False])
def test_the_fate_of_a_frame_bears_its_token(world: World, is_acknowledged: bool) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[FRAME] = lambda request: [request.reply(FRAME, cookie(7)), request.end()]
        await radio.execute(SendFrame(b"frame", 42))
        fate = attribute(92) if is_acknowledged else b""
        world.deliver(FRAME_TX_STATUS, cookie(8), fate)
        world.deliver(FRAME_TX_STATUS, cookie(7), fate)
        world.deliver(FRAME_TX_STATUS, cookie(7), fate)
        await world.settle()

    run(world, scenario)
    assert world.events == [FrameStatus(42, is_acknowledged)]


def test_a_fate_that_is_known_before_the_cookie_is_not_lost(world: World) -> None:
    """A driver that sends within the kernel's send() reports before the reply."""

    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[FRAME] = lambda request: [
            event(FRAME_TX_STATUS, attribute(3, u32(INDEX)), cookie(7), attribute(92))
            + request.reply(FRAME, cookie(7))
            + request.end()
        ]
        await radio.execute(SendFrame(b"frame", 42))

    run(world, scenario)
    assert world.events == [FrameStatus(42, True)]


def test_a_frame_without_token_has_no_fate(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[FRAME] = lambda request: [
            event(FRAME_TX_STATUS, attribute(3, u32(INDEX)), cookie(7)) + request.reply(FRAME, cookie(7)),
            request.end(),
        ]
        await radio.execute(SendFrame(b"frame"))
        world.deliver(FRAME_TX_STATUS, cookie(7))
        await world.settle()

    run(world, scenario)
    assert world.events == []


def test_a_reply_without_a_cookie_is_no_error(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[FRAME] = lambda request: [request.reply(FRAME), request.end()]
        await radio.execute(SendFrame(b"frame", 1))

    run(world, scenario)


def test_tokens_whose_fate_never_came_are_forgotten_oldest_first(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        numbers = iter(range(1, 300))
        world.kernel.answers[FRAME] = lambda request: [request.reply(FRAME, cookie(next(numbers))), request.end()]
        for token in range(1, 258):
            await radio.execute(SendFrame(b"frame", token))
        world.deliver(FRAME_TX_STATUS, cookie(1))
        world.deliver(FRAME_TX_STATUS, cookie(2))
        await world.settle()

    run(world, scenario)
    assert world.events == [FrameStatus(2, False)]


def test_eapol_from_the_packet_socket(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        world.eapol_sockets[0].handler(STATION, b"pdu")

    run(world, scenario, on_packet_eapol=True)
    assert world.events == [EapolReceived(STATION, b"pdu")]


# ---- the end of beaconing


def lost(world: World, *attributes: bytes, command: int = STOP_AP) -> list[RadioEvent | StationEvent]:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        world.kernel.deliver(event(command, attribute(3, u32(INDEX)), *attributes))
        world.kernel.deliver(event(command, attribute(3, u32(INDEX)), *attributes))
        await world.settle()
        await radio.close()
        assert STOP_AP not in world.kernel.commands()

    run(world, scenario)
    return world.events


def test_stopped_by_the_kernel(world: World) -> None:
    (event_,) = lost(world)
    assert isinstance(event_, RadioLost)
    assert event_.reason.startswith("the access point on wlan0 was stopped")


@pytest.mark.parametrize(("losses", "is_done"), [(1, True), (2, True), (3, False)])
def test_a_command_whose_answer_was_lost_is_given_again(world: World, losses: int, is_done: bool) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        lost_answers = iter([[OSError(errno.ENOBUFS, "full")]] * losses)
        world.kernel.answers[SET_BEACON] = lambda request: next(lost_answers, [request.end()])
        if is_done:
            await radio.execute(SetBeacon(BEACON))
        else:
            with pytest.raises(NetlinkError, match="the kernel dropped messages"):
                await radio.execute(SetBeacon(BEACON))
        assert world.kernel.commands().count(SET_BEACON) == min(losses + 1, 3)

    run(world, scenario)


def test_a_start_whose_answer_was_lost_is_not_repeated(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[START_AP] = lambda _request: [OSError(errno.ENOBUFS, "full")]
        with pytest.raises(NetlinkError, match="the kernel dropped messages"):
            await radio.execute(START)
        assert world.kernel.commands().count(START_AP) == 1

    run(world, scenario)


def test_stopped_because_the_interface_is_down_gone_or_blocked(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        reasons = []
        for change in ("down", "gone", "blocked"):
            await radio.execute(START)
            if change == "down":
                world.link.up["wlan0"] = False
            elif change == "gone":
                del world.link.up["wlan0"]
            else:
                world.rfkill = RfkillState(is_hard_blocked=True)
            world.deliver(STOP_AP)
            await world.settle()
            reasons.append(world.events[-1])
        assert reasons == [
            RadioLost("wlan0 was set down"),
            RadioLost("wlan0 is gone"),
            RadioLost("phy4 is blocked by its hardware switch"),
        ]

    run(world, scenario)


def test_interface_or_radio_removed(world: World) -> None:
    assert lost(world, command=DEL_INTERFACE) == [RadioLost("wlan0 is gone: its radio or driver was removed")]


def test_radio_removed(world: World) -> None:
    reason = RadioLost("wlan0 is gone: its radio or driver was removed")
    assert lost(world, attribute(1, u32(4)), command=DEL_WIPHY) == [reason]


def test_a_stop_of_what_does_not_beacon_is_no_loss(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        world.deliver(STOP_AP)
        await world.settle()

    run(world, scenario)
    assert world.events == []


@pytest.mark.parametrize(
    ("ssid", "code", "expected"),
    [
        (b"net", 0, 0),
        (None, 0, 1),
        (None, errno.ENODEV, 1),
        (None, errno.EIO, 0),
    ],
)
def test_after_dropped_messages_the_radio_looks_whether_it_still_beacons(
    world: World, ssid: bytes | None, code: int, expected: int
) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()
        assert world.kernel.requests == []
        await radio.execute(START)
        world.ssid = ssid
        if code:
            world.kernel.refuse(GET_INTERFACE, code)
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()
        await world.settle()

    run(world, scenario)
    assert [type(each) for each in world.events] == [RadioLost] * expected


def test_closing_ends_a_look_around(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        world.kernel.answers[GET_INTERFACE] = lambda _request: []
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()

    run(world, scenario)
    assert world.events == []
