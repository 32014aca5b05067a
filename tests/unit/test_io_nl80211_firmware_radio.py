# SPDX-License-Identifier: BSD-3-Clause
"""The radio of a FullMAC access point against a scripted kernel: what it asks, and what it makes of the answers."""

import errno
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.nl80211_kernel import Request, attribute, nest, u8, u16, u32
from tests.unit.nl80211_world import (
    DEL_STATION,
    FRAME,
    GET_STATION,
    INDEX,
    NEW_STATION,
    OTHER,
    OWN,
    PROBE_CLIENT,
    REGISTER_FRAME,
    SET_BSS,
    SET_STATION,
    START,
    START_AP,
    STATION,
    UNEXPECTED_FRAME,
    World,
    nothing,
    refusal,
    run,
    worlds,
)

from wpsagent.dot11.frames import Capability, Deauthentication, Disassociation, ProbeResponse
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211.firmware_radio import Nl80211FirmwareRadio
from wpsagent.io.nl80211.radio import Nl80211Radio
from wpsagent.octets import BROADCAST, MacAddress
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    EapolReceived,
    FrameReceived,
    ReadActivity,
    RemoveStation,
    SendEapol,
    SendFrame,
    StationActivity,
    StationAssociated,
    StationLeft,
)

DEVICE_AP_SME = attribute(141, u32(0))
INTERFACE = attribute(3, u32(INDEX))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    for each in worlds(monkeypatch):
        each.more_of_wiphy = DEVICE_AP_SME
        each.features = bytes(7)
        yield each


def asked(world: World, *commands: Any, **options: Any) -> list[tuple[int, bytes]]:
    """The requests that commands become, each with its attributes after IFINDEX."""
    sent: list[tuple[int, bytes]] = []

    async def scenario(radio: Nl80211Radio) -> None:
        for command in commands:
            await radio.execute(command)
        sent.extend((request.command, request.attributes[len(INTERFACE) :]) for request in world.kernel.requests)

    run(world, scenario, **options)
    return sent


# ---- bring-up


@pytest.mark.parametrize(("more", "kind"), [(DEVICE_AP_SME, Nl80211FirmwareRadio), (b"", Nl80211Radio)])
def test_the_radio_is_chosen_by_what_the_wiphy_says(world: World, more: bytes, kind: type[Nl80211Radio]) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        assert type(radio) is kind
        assert world.eapol_sockets[0].interface == "wlan0"

    world.more_of_wiphy = more
    run(world, scenario)


def test_only_probe_requests_are_registered_for(world: World) -> None:
    registered: list[Request] = []

    def take(request: Request) -> list[bytes]:
        registered.append(request)
        return [request.end()]

    world.kernel.answers[REGISTER_FRAME] = take
    world.kernel.answers[UNEXPECTED_FRAME] = lambda request: [request.end(errno.EOPNOTSUPP)]
    run(world, nothing)
    assert [request.attributes for request in registered] == [
        INTERFACE + attribute(101, u16(0x40)) + attribute(91, b"\x00\x00")
    ]


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_driver_that_reports_no_probe_requests_will_do(world: World, code: int) -> None:
    world.kernel.refuse(REGISTER_FRAME, code)
    assert [command for command, _octets in asked(world, START)] == [REGISTER_FRAME, START_AP]


def test_an_interface_of_another_program_will_not(world: World) -> None:
    world.kernel.refuse(REGISTER_FRAME, errno.EALREADY)
    assert refusal(world).startswith("wlan0 is used by another program")


def test_the_start_has_no_control_port_over_nl80211_and_is_all(world: World) -> None:
    sent = dict(asked(world, START))
    assert SET_BSS not in sent
    assert attribute(264) not in sent[START_AP]
    assert attribute(102, u16(0x888E)) in sent[START_AP]


# ---- commands


@pytest.mark.parametrize(
    ("frame", "subtype"), [(Deauthentication(STATION, OWN, OWN, 23), 12), (Disassociation(STATION, OWN, OWN, 23), 10)]
)
def test_a_farewell_is_the_firmware_s(world: World, frame: Deauthentication, subtype: int) -> None:
    expected = attribute(6, STATION) + attribute(41, u8(subtype)) + attribute(54, u16(23))
    assert asked(world, SendFrame(frame.encode())) == [(DEL_STATION, expected)]


@pytest.mark.parametrize(
    "frame",
    [
        Deauthentication(BROADCAST, OWN, OWN, 3).encode(),
        ProbeResponse(STATION, OWN, OWN, b"", Capability.ESS, 100).encode(),
        b"garbled",
    ],
)
def test_other_frames_are_not_sent(world: World, frame: bytes) -> None:
    assert asked(world, SendFrame(frame)) == []


def test_stations_are_neither_added_nor_removed(world: World) -> None:
    station = AddStation(STATION, 1, 10, (2,), 1, has_wmm=False)
    assert asked(world, station, RemoveStation(STATION)) == []


def test_only_eapol_goes_out_at_once(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        assert not radio.send_now(SendFrame(Deauthentication(STATION, OWN, OWN, 3).encode()))
        assert radio.send_now(SendEapol(STATION, b"pdu"))

    run(world, scenario)
    assert FRAME not in world.kernel.commands()
    assert world.eapol_sockets[0].sent == [(STATION, b"pdu")]


def test_a_farewell_that_is_refused_is_told(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(DEL_STATION, errno.EIO)
        with pytest.raises(NetlinkError):
            await radio.execute(SendFrame(Deauthentication(STATION, OWN, OWN, 3).encode()))

    run(world, scenario)


def test_the_port_is_opened_where_there_is_one(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(AuthorizeStation(STATION))
        asked = world.kernel.last(SET_STATION).attributes
        assert asked == INTERFACE + attribute(6, STATION) + attribute(67, u32(2) + u32(2))
        world.kernel.refuse(SET_STATION, errno.EOPNOTSUPP)
        await radio.execute(AuthorizeStation(STATION))
        world.kernel.refuse(SET_STATION, errno.EIO)
        with pytest.raises(NetlinkError):
            await radio.execute(AuthorizeStation(STATION))

    run(world, scenario)


def test_eapol_goes_over_packets(world: World) -> None:
    assert asked(world, SendEapol(STATION, b"pdu")) == []
    assert world.eapol_sockets[0].sent == [(STATION, b"pdu")]


def test_a_closed_radio_refuses_farewells_too(world: World) -> None:
    radios: list[Nl80211Radio] = []

    async def scenario(radio: Nl80211Radio) -> None:
        radios.append(radio)
        await radio.close()
        with pytest.raises(RadioError, match="wlan0 was given back"):
            await radio.execute(SendFrame(Deauthentication(STATION, OWN, OWN, 3).encode()))

    run(world, scenario)
    assert radios


def test_who_has_been_quiet_can_be_asked(world: World) -> None:
    world.kernel.answers[GET_STATION] = lambda request: [
        request.reply(NEW_STATION, attribute(6, STATION), nest(21, attribute(1, u32(1500)))),
        request.done(),
    ]
    assert asked(world, ReadActivity())[0][0] == GET_STATION
    assert world.events == [StationActivity(((STATION, 1500),))]


# ---- events


def came(world: World, address: bytes = STATION, elements: bytes | None = b"elements") -> None:
    told = b"" if elements is None else attribute(42, elements)
    world.deliver(NEW_STATION, attribute(6, address), nest(21), told)


def test_a_station_comes_with_its_elements_and_goes(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        came(world)
        came(world, OTHER, None)
        world.deliver(DEL_STATION, attribute(6, STATION))
        world.deliver(NEW_STATION)
        world.deliver(DEL_STATION)
        came(world, b"short")
        world.deliver(NEW_STATION, attribute(6, STATION), index=INDEX + 1)
        await world.settle()

    run(world, scenario)
    assert world.events == [
        StationAssociated(STATION, b"elements"),
        StationAssociated(OTHER, b""),
        StationLeft(STATION),
    ]


def test_eapol_that_comes_before_its_station_is_held(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        hear = world.eapol_sockets[0].handler
        hear(STATION, b"start")
        hear(OTHER, b"of somebody else")
        came(world)
        await world.settle()
        hear(STATION, b"more")
        world.deliver(DEL_STATION, attribute(6, STATION))
        await world.settle()
        hear(STATION, b"too late")
        world.deliver(DEL_STATION, attribute(6, STATION))
        came(world)
        await world.settle()

    run(world, scenario)
    assert world.events == [
        StationAssociated(STATION, b"elements"),
        EapolReceived(STATION, b"start"),
        EapolReceived(STATION, b"more"),
        StationLeft(STATION),
        StationLeft(STATION),
        StationAssociated(STATION, b"elements"),
    ]


def test_held_eapol_is_bounded(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        hear = world.eapol_sockets[0].handler
        hear(STATION, b"the first")
        for number in range(16):
            hear(MacAddress(bytes(5) + bytes((number,))), b"start")
        came(world)
        await world.settle()

    run(world, scenario)
    assert world.events == [StationAssociated(STATION, b"elements")]


def test_nobody_is_associated_with_a_network_that_begins(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        came(world)
        await world.settle()
        await radio.execute(START)
        world.eapol_sockets[0].handler(STATION, b"pdu")

    run(world, scenario)
    assert not [event for event in world.events if isinstance(event, EapolReceived)]


def test_who_comes_before_the_start_is_acknowledged_is_not_forgotten(world: World) -> None:
    def start(request: Request) -> list[bytes]:
        came(world)
        return [request.end()]

    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[START_AP] = start
        await radio.execute(START)
        world.eapol_sockets[0].handler(STATION, b"pdu")

    run(world, scenario)
    assert world.events == [StationAssociated(STATION, b"elements"), EapolReceived(STATION, b"pdu")]


def test_probe_requests_are_frames_as_everywhere(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        world.deliver(FRAME, attribute(51, b"probe"))
        await world.settle()

    run(world, scenario)
    assert world.events == [FrameReceived(b"probe")]


# ---- lost messages


def lose_messages(world: World) -> None:
    world.kernel.deliver(OSError(errno.ENOBUFS, "No buffer space available"))


def present(*addresses: MacAddress) -> Any:
    return lambda request: [
        *(request.reply(NEW_STATION, attribute(6, address)) for address in addresses),
        request.done(),
    ]


def test_after_lost_messages_who_is_there_is_found_out(world: World) -> None:
    """Who went is told; who came unheard is sent away, for what it came for cannot be asked."""

    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        world.ssid = b"net"
        came(world)
        await world.settle()
        world.kernel.answers[GET_STATION] = present(OTHER)
        lose_messages(world)
        for _ in range(3):
            await world.settle()

    run(world, scenario)
    assert world.events == [StationAssociated(STATION, b"elements"), StationLeft(STATION)]
    away = world.kernel.last(DEL_STATION).values
    assert (away[6], away[54]) == (OTHER, u16(9))


def test_lost_messages_before_the_start_are_no_loss(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        lose_messages(world)
        await world.settle()

    run(world, scenario)
    assert GET_STATION not in world.kernel.commands()


def test_a_kernel_that_does_not_tell_who_is_there(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        world.ssid = b"net"
        world.kernel.answers[GET_STATION] = lambda request: [request.done(errno.EOPNOTSUPP)]
        lose_messages(world)
        for _ in range(3):
            await world.settle()

    run(world, scenario)
    assert world.events == []
    assert "cannot tell who is connected to wlan0" in caplog.text
    assert PROBE_CLIENT not in world.kernel.commands()
