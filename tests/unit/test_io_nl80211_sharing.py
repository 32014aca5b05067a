# SPDX-License-Identifier: BSD-3-Clause
"""Several interfaces on one radio against a scripted kernel: combinations, channel switches, stations made for it."""

import asyncio
import errno
from collections.abc import Iterator

import pytest
from tests.unit.nl80211_kernel import Request, attribute, nest, u16, u32
from tests.unit.nl80211_world import (
    BEACON,
    DEL_INTERFACE,
    GET_WIPHY,
    INDEX,
    NEW_INTERFACE,
    NEW_WIPHY,
    OWN,
    REGISTER_FRAME,
    START,
    World,
    nothing,
    refusal,
    run,
    run_station,
    worlds,
)

from wpsagent.capabilities import InterfaceCombination, InterfaceLimit, InterfaceType, RadioCapabilities
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211 import Nl80211StationRadio
from wpsagent.io.nl80211.capabilities import read_wiphys
from wpsagent.io.nl80211.radio import Nl80211Radio
from wpsagent.io.nl80211.sharing import counted, shared_channels, why_not_together
from wpsagent.io.nl80211.station import open_station_radio
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import (
    Beacon,
    ChannelSwitchAnnounced,
    ChannelSwitched,
    Connect,
    RadioEvent,
    StationEvent,
    SwitchChannel,
)

CONNECT, CH_SWITCH_NOTIFY, CHANNEL_SWITCH, CH_SWITCH_STARTED_NOTIFY = 46, 88, 102, 110
BSSID = MacAddress.parse("02:00:00:00:05:00")
AP, STATION = InterfaceType.AP, InterfaceType.STATION

STATION_AND_AP = nest(
    120,
    nest(
        1,
        nest(
            1,
            nest(1, attribute(1, u32(2048)), nest(2, attribute(2))),
            nest(2, attribute(1, u32(8)), nest(2, attribute(3), attribute(250))),
        ),
        attribute(2, u32(2048)),
        attribute(4, u32(1)),
    ),
)
ONE_OF_EACH_KIND = InterfaceCombination(
    (InterfaceLimit(1, frozenset({AP})), InterfaceLimit(1, frozenset({STATION}))), 2
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from worlds(monkeypatch)


# ---- what the wiphy says


def test_combinations_and_commands_of_a_wiphy(world: World) -> None:
    def wiphy(request: Request) -> list[bytes]:
        first = request.reply(
            NEW_WIPHY, attribute(1, u32(4)), nest(50, attribute(1, u32(46)), attribute(2, u32(102))), flags=2
        )
        return [first, request.reply(NEW_WIPHY, attribute(1, u32(4)), STATION_AND_AP, flags=2), request.done()]

    async def main() -> RadioCapabilities:
        transport = await Transport.open(world.kernel)
        try:
            (capabilities,) = await read_wiphys(transport)
        finally:
            transport.close()
        return capabilities

    world.kernel.answers[GET_WIPHY] = wiphy
    capabilities = asyncio.run(main())
    assert capabilities.has_channel_switch
    assert capabilities.combinations == (
        InterfaceCombination(
            (InterfaceLimit(2048, frozenset({STATION})), InterfaceLimit(8, frozenset({AP}))), 2048, channels=1
        ),
    )


def test_a_wiphy_that_says_nothing_has_one_interface_and_announces_nothing(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        assert radio.capabilities.combinations == ()
        assert not radio.capabilities.has_channel_switch

    run(world, scenario)


def test_what_cannot_be_together_is_said_in_words() -> None:
    radio = RadioCapabilities(0, "phy0", frozenset(), (), driver="brcm", combinations=(ONE_OF_EACH_KIND,))
    assert why_not_together(radio, [AP, STATION]) is None
    assert shared_channels(radio, [AP, STATION]) == 1
    assert shared_channels(radio, [AP, AP]) == 1
    text = "phy0 (brcm) cannot be a station, 2 times an access point at the same time"
    assert why_not_together(radio, [AP, STATION, AP]) == text
    kinds = [AP, InterfaceType.MONITOR, None, InterfaceType.AP_VLAN, STATION]
    assert counted(kinds) == [AP, STATION]


# ---- bring-up


def test_an_interface_beside_one_that_is_up_needs_a_radio_that_can_have_both(world: World) -> None:
    world.link.up["wlan0"] = True
    text = "phy4 (unknown driver) cannot be a station, an access point at the same time: set wlan0 down, or take"
    assert refusal(world, "ap0", create_on="phy4").startswith(text)
    assert NEW_INTERFACE not in world.kernel.commands()


def test_a_radio_that_can_have_both_has_both(world: World) -> None:
    world.link.up["wlan0"] = True
    world.more_of_wiphy = STATION_AND_AP
    run(world, nothing, "ap0", create_on="phy4")
    assert DEL_INTERFACE in world.kernel.commands()


def test_a_station_s_interface_is_created_claimed_and_removed(world: World) -> None:
    async def main() -> None:
        radio = await open_station_radio("ap0", create_on="phy4")
        created = world.kernel.last(NEW_INTERFACE)
        assert created.values[5] == u32(2)
        assert created.values[204] == b""
        claims = [request.values for request in world.kernel.requests if request.command == REGISTER_FRAME]
        assert {3: u32(INDEX + 1), 101: u16(0xD0), 91: b"\x0a\x07"} in claims
        assert world.link.up["ap0"]
        await radio.close()
        assert "ap0" not in world.link.up

    world.address_of_created = MacAddress(b"\x02" + OWN[1:5] + b"\x01")
    asyncio.run(main())


# ---- channel switches


def test_a_move_is_announced_to_the_octet(world: World) -> None:
    move = SwitchChannel(2462, 5, Beacon(b"now", b"\x25\x03\x00\x0b\x05tail"), 4, BEACON, has_ht=True)

    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        await radio.execute(move)
        announcement = attribute(14, b"now") + attribute(15, b"\x25\x03\x00\x0b\x05tail") + attribute(186, u16(4))
        beacon = (
            attribute(14, b"head")
            + attribute(15, b"tail")
            + attribute(42, b"beacon ies")
            + attribute(127, b"probe ies")
            + attribute(128, b"assoc ies")
        )
        channel = attribute(38, u32(2462)) + attribute(159, u32(1)) + attribute(160, u32(2462))
        expected = attribute(3, u32(INDEX)) + channel + attribute(183, u32(5)) + nest(185, announcement) + beacon
        assert world.kernel.last(CHANNEL_SWITCH).attributes == expected

    run(world, scenario)


@pytest.mark.parametrize("code", [errno.EBUSY, errno.EINVAL])
def test_a_refused_move_is_told_with_its_reason(world: World, code: int) -> None:
    move = SwitchChannel(2412, 1, Beacon(b"now", b"\x25\x03\x00\x01\x01"), 4, BEACON, has_ht=False)

    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(CHANNEL_SWITCH, code)
        world.frequency_flags = attribute(5)
        kind = RadioError if code == errno.EINVAL else NetlinkError
        with pytest.raises(kind, match="needs radar detection" if code == errno.EINVAL else "CHANNEL_SWITCH"):
            await radio.execute(move)

    run(world, scenario)


def test_where_the_access_point_is_now_is_told(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        world.deliver(CH_SWITCH_NOTIFY, attribute(38, u32(2462)))
        world.deliver(CH_SWITCH_NOTIFY)
        world.deliver(CH_SWITCH_NOTIFY, attribute(38, u32(2412)), index=INDEX + 1)
        await world.settle()
        expected: list[RadioEvent | StationEvent] = [ChannelSwitched(2462)]
        assert world.events == expected

    run(world, scenario)


def test_a_station_tells_what_its_access_point_announces_and_where_both_are_then(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        def deliver() -> None:
            world.deliver(CH_SWITCH_STARTED_NOTIFY, attribute(38, u32(2462)), attribute(183, u32(10)))
            world.deliver(CH_SWITCH_STARTED_NOTIFY)
            world.deliver(CH_SWITCH_STARTED_NOTIFY, attribute(38, u32(2462)))
            world.deliver(CH_SWITCH_NOTIFY, attribute(38, u32(2462)))
            world.deliver(CH_SWITCH_NOTIFY)

        deliver()
        await world.settle()
        assert world.events == []  # nobody to follow
        await radio.execute(Connect(BSSID, Ssid(b"net"), 2412, b"", False))
        world.deliver(CONNECT, attribute(6, BSSID), attribute(72, u16(0)))
        await world.settle()
        world.events.clear()
        deliver()
        await world.settle()
        assert world.events == [
            ChannelSwitchAnnounced(2462, 10),
            ChannelSwitchAnnounced(2462, 0),
            ChannelSwitched(2462),
        ]

    run_station(world, scenario)
