# SPDX-License-Identifier: BSD-3-Clause
"""The radio's commands against a scripted kernel: the exact octets of each, and refusals in words."""

import errno
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.nl80211_kernel import attribute, nest, u8, u16, u32
from tests.unit.nl80211_world import (
    BEACON,
    CONTROL_PORT_FRAME,
    DEL_STATION,
    FRAME,
    GET_KEY,
    GET_STATION,
    INDEX,
    NEW_KEY,
    NEW_STATION,
    OTHER,
    PROBE_CLIENT,
    REGISTER_FRAME,
    SET_BEACON,
    SET_BSS,
    SET_KEY,
    SET_STATION,
    START,
    START_AP,
    STATION,
    STOP_AP,
    World,
    run,
    worlds,
)

from wpsagent.capabilities import Band, Frequency, RadioCapabilities
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211.radio import Nl80211Radio, describe_channel
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    Beacon,
    GroupSequence,
    InstallKey,
    ProbeStation,
    ReadActivity,
    ReadGroupSequence,
    RemoveStation,
    SendEapol,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StationActivity,
    StopAccessPoint,
)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from worlds(monkeypatch)


# ---- commands, to the octet


def check(
    world: World, command: Any, expected: list[tuple[int, bytes]], *, before: tuple[Any, ...] = (), **options: Any
) -> None:
    """The requests that a command becomes, each with its attributes after IFINDEX."""

    async def scenario(radio: Nl80211Radio) -> None:
        for each in before:
            await radio.execute(each)
        world.kernel.requests.clear()
        await radio.execute(command)
        sent = [(request.command, request.attributes) for request in world.kernel.requests]
        assert sent == [(number, attribute(3, u32(INDEX)) + octets) for number, octets in expected]

    run(world, scenario, **options)


BEACON_OCTETS = (
    attribute(14, b"head")
    + attribute(15, b"tail")
    + attribute(42, b"beacon ies")
    + attribute(127, b"probe ies")
    + attribute(128, b"assoc ies")
)
PROBE_REGISTRATION = (REGISTER_FRAME, attribute(101, u16(0x40)) + attribute(91, b"\x00\x03net"))


def start_octets(*, hidden: int = 0, width: int = 0, control_port: bool = True, protection: bytes = b"") -> bytes:
    return (
        BEACON_OCTETS
        + attribute(12, u32(100))
        + attribute(13, u32(2))
        + attribute(52, b"net")
        + attribute(126, u32(hidden))
        + attribute(53, u32(0))
        + attribute(38, u32(2412))
        + attribute(159, u32(width))
        + attribute(160, u32(2412))
        + attribute(204)
        + attribute(68)
        + attribute(102, u16(0x888E))
        + (attribute(264) if control_port else b"")
        + protection
    )


def bss_octets(slot: int = 0) -> bytes:
    return attribute(28, u8(0)) + attribute(30, u8(slot)) + attribute(36, bytes([2, 4, 11, 22]))


def test_start_of_an_open_access_point(world: World) -> None:
    check(world, START, [PROBE_REGISTRATION, (START_AP, start_octets()), (SET_BSS, bss_octets())])


def test_start_of_a_protected_hidden_access_point_with_ht(world: World) -> None:
    command = StartAccessPoint(
        START.ssid, 2412, BEACON, 100, 2, (2, 4, 11, 22), True, True, is_hidden=True, has_short_slot=True
    )
    protection = (
        attribute(70)
        + attribute(75, u32(2))
        + attribute(76, u32(0x000FAC02))
        + attribute(73, u32(0x000FAC04))
        + attribute(74, u32(0x000FAC04))
    )
    octets = start_octets(hidden=1, width=1, protection=protection)
    check(world, command, [PROBE_REGISTRATION, (START_AP, octets), (SET_BSS, bss_octets(slot=1))])


def test_start_with_eapol_over_packets_leaves_the_control_port_out(world: World) -> None:
    expected = [PROBE_REGISTRATION, (START_AP, start_octets(control_port=False)), (SET_BSS, bss_octets())]
    check(world, START, expected, on_packet_eapol=True)


def test_the_same_network_is_registered_for_once(world: World) -> None:
    expected = [(START_AP, start_octets()), (SET_BSS, bss_octets())]
    check(world, START, expected, before=(START, StopAccessPoint()))


def test_a_network_that_had_been_registered_is_no_error(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(REGISTER_FRAME, errno.EALREADY)
        await radio.execute(START)
        assert START_AP in world.kernel.commands()

    run(world, scenario)


def test_a_refused_registration_for_a_network_is_an_error(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(REGISTER_FRAME, errno.ENOMEM)
        with pytest.raises(NetlinkError, match="REGISTER_FRAME"):
            await radio.execute(START)

    run(world, scenario)


def test_set_beacon_leaves_out_what_is_empty(world: World) -> None:
    check(world, SetBeacon(BEACON), [(SET_BEACON, BEACON_OCTETS)])


def test_set_beacon_without_elements(world: World) -> None:
    check(world, SetBeacon(Beacon(b"h", b"")), [(SET_BEACON, attribute(14, b"h") + attribute(15))])


def test_stop(world: World) -> None:
    check(world, StopAccessPoint(), [(STOP_AP, b"")], before=(START,))


def test_stop_of_what_does_not_beacon_asks_nothing(world: World) -> None:
    check(world, StopAccessPoint(), [])


def test_a_frame_is_sent_as_it_is(world: World) -> None:
    check(world, SendFrame(b"a frame", 1), [(FRAME, attribute(51, b"a frame"))])


def test_eapol_goes_over_the_control_port_in_the_clear_or_encrypted(world: World) -> None:
    common = attribute(6, STATION) + attribute(51, b"pdu") + attribute(102, u16(0x888E)) + attribute(142)
    check(world, SendEapol(STATION, b"pdu"), [(CONTROL_PORT_FRAME, common + attribute(103))])


def test_encrypted_eapol(world: World) -> None:
    common = attribute(6, STATION) + attribute(51, b"pdu") + attribute(102, u16(0x888E)) + attribute(142)
    check(world, SendEapol(STATION, b"pdu", is_encrypted=True), [(CONTROL_PORT_FRAME, common)])


def test_eapol_over_packets(world: World) -> None:
    check(world, SendEapol(STATION, b"pdu"), [], on_packet_eapol=True, bridge="br0")
    (eapol,) = world.eapol_sockets
    assert (eapol.interface, eapol.bridge, eapol.sent, eapol.is_closed) == ("wlan0", "br0", [(STATION, b"pdu")], True)


def test_a_driver_without_a_control_port_gets_packets(world: World) -> None:
    world.features = b""
    check(world, SendEapol(STATION, b"pdu"), [])
    assert world.eapol_sockets[0].sent == [(STATION, b"pdu")]


PLAIN_STATION = AddStation(STATION, 5, 10, (2, 4, 11, 22), 0x0401, False)


def station_octets(capability: int, flags: int, *more: bytes) -> bytes:
    return (
        attribute(6, STATION)
        + attribute(16, u16(5))
        + attribute(18, u16(10))
        + attribute(19, bytes([2, 4, 11, 22]))
        + attribute(171, u16(capability))
        + attribute(67, u32(0x0C) + u32(flags))
        + b"".join(more)
    )


def test_a_plain_station(world: World) -> None:
    check(world, PLAIN_STATION, [(NEW_STATION, station_octets(0x0401, 0))])


def test_a_station_with_everything(world: World) -> None:
    command = AddStation(STATION, 5, 10, (2, 4, 11, 22), 0x0421, True, bytes(26), bytes(12))
    wme = nest(129, attribute(1, u8(0)), attribute(2, u8(0)))
    octets = station_octets(0x0421, 0x0C, wme, attribute(31, bytes(26)), attribute(157, bytes(12)))
    check(world, command, [(NEW_STATION, octets)])


def test_a_station_that_is_there_is_replaced(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        ends = iter([errno.EEXIST, 0])
        world.kernel.answers[NEW_STATION] = lambda request: [request.end(next(ends))]
        await radio.execute(PLAIN_STATION)
        assert world.kernel.commands() == [NEW_STATION, DEL_STATION, NEW_STATION]

    run(world, scenario)


def test_another_refusal_of_a_station_is_passed_on(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(NEW_STATION, errno.ERANGE, "AID out of range")
        with pytest.raises(NetlinkError, match="NEW_STATION: AID out of range"):
            await radio.execute(PLAIN_STATION)

    run(world, scenario)


def test_authorize_and_close_a_station(world: World) -> None:
    check(world, AuthorizeStation(STATION), [(SET_STATION, attribute(6, STATION) + attribute(67, u32(2) + u32(2)))])


def test_close_a_station_s_port(world: World) -> None:
    octets = attribute(6, STATION) + attribute(67, u32(2) + u32(0))
    check(world, AuthorizeStation(STATION, is_authorized=False), [(SET_STATION, octets)])


def test_remove_a_station(world: World) -> None:
    check(world, RemoveStation(STATION), [(DEL_STATION, attribute(6, STATION))])


def test_removing_an_unknown_station_is_no_error_but_other_refusals_are(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(DEL_STATION, errno.ENOENT)
        await radio.execute(RemoveStation(STATION))
        world.kernel.refuse(DEL_STATION, errno.EINVAL)
        with pytest.raises(NetlinkError):
            await radio.execute(RemoveStation(STATION))

    run(world, scenario)


def test_a_pairwise_key(world: World) -> None:
    key = nest(80, attribute(1, bytes(range(16))), attribute(3, u32(0x000FAC04)), attribute(2, u8(0)))
    command = InstallKey(0, bytes(range(16)), 0x000FAC04, STATION)
    check(world, command, [(NEW_KEY, attribute(6, STATION) + key)])


def test_a_group_key_becomes_the_default_for_multicast(world: World) -> None:
    key = nest(80, attribute(1, bytes(range(16))), attribute(3, u32(0x000FAC04)), attribute(2, u8(1)))
    default = nest(80, attribute(2, u8(1)), attribute(5), nest(8, attribute(2)))
    check(world, InstallKey(1, bytes(range(16)), 0x000FAC04), [(NEW_KEY, key), (SET_KEY, default)])


def test_probe_a_station(world: World) -> None:
    check(world, ProbeStation(STATION), [(PROBE_CLIENT, attribute(6, STATION))])


def test_activity_is_read_from_all_stations_that_tell_it(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[GET_STATION] = lambda request: [
            request.reply(NEW_STATION, attribute(6, STATION), nest(21, attribute(1, u32(1500)))),
            request.reply(NEW_STATION, attribute(6, OTHER), nest(21)),
            request.reply(NEW_STATION, attribute(6, OTHER)),
            request.reply(NEW_STATION, attribute(6, b"short"), nest(21, attribute(1, u32(1)))),
            request.done(),
        ]
        await radio.execute(ReadActivity())
        assert world.kernel.last(GET_STATION).attributes == attribute(3, u32(INDEX))

    run(world, scenario)
    assert world.events == [StationActivity(((STATION, 1500),))]


def test_the_packet_number_of_the_group_key(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        told = attribute(8, u8(1)) + attribute(10, b"\x07\x01\x00\x00\x00\x00")
        world.kernel.answers[GET_KEY] = lambda request: [request.reply(NEW_KEY, told), request.end()]
        await radio.execute(ReadGroupSequence(1))
        assert world.kernel.last(GET_KEY).attributes == attribute(3, u32(INDEX)) + attribute(8, u8(1))

    run(world, scenario)
    assert world.events == [GroupSequence(1, b"\x07\x01\x00\x00\x00\x00")]


@pytest.mark.parametrize("told", [b"", attribute(10, b"\x07"), attribute(10, bytes(8))])
def test_a_driver_that_does_not_know_the_packet_number_says_nothing(world: World, told: bytes) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.answers[GET_KEY] = lambda request: [request.reply(NEW_KEY, told), request.end()]
        await radio.execute(ReadGroupSequence(1))

    run(world, scenario)
    assert world.events == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENODEV, "wlan0 is gone"),
        (errno.ENETDOWN, "wlan0 is down"),
        (errno.EPERM, "wlan0 cannot be driven: not permitted"),
    ],
)
def test_refusals_that_say_enough_are_told_in_words(world: World, code: int, words: str) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(SET_BEACON, code)
        world.kernel.refuse(GET_STATION, code)
        for command in (SetBeacon(BEACON), ReadActivity()):
            with pytest.raises(RadioError, match=words):
                await radio.execute(command)

    run(world, scenario)


@pytest.mark.parametrize(
    ("code", "flags", "words"),
    [
        (errno.EALREADY, b"", "wlan0 beacons already"),
        (errno.EBUSY, b"", "another interface of this radio is in the way"),
        (errno.EINVAL, attribute(2), "the regulatory domain forbids 2412 MHz"),
        (errno.EINVAL, attribute(3), "lets no access point start on 2412 MHz"),
        (errno.EINVAL, attribute(5), "2412 MHz needs radar detection"),
    ],
)
def test_a_refused_start_is_told_with_its_reason(world: World, code: int, flags: bytes, words: str) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.frequency_flags = flags
        world.kernel.refuse(START_AP, code)
        with pytest.raises(RadioError, match=words):
            await radio.execute(START)
        await radio.close()
        assert STOP_AP not in world.kernel.commands()

    run(world, scenario)


@pytest.mark.parametrize("code", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_start_refused_for_another_reason_keeps_the_kernels_words(world: World, code: int) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.refuse(START_AP, code, "beacon malformed")
        with pytest.raises(NetlinkError, match="START_AP: beacon malformed"):
            await radio.execute(START)

    run(world, scenario)


def test_channels_are_described_only_where_they_cannot_be_used() -> None:
    capabilities = RadioCapabilities(0, "phy0", frozenset(), (Band((Frequency(2412), Frequency(2417)), ()),))
    assert describe_channel(capabilities, 2417) is None
    assert describe_channel(capabilities, 5180) == "phy0 has no channel at 5180 MHz"


def test_a_radio_that_was_given_back_executes_nothing(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.close()
        with pytest.raises(RadioError, match="wlan0 was given back"):
            await radio.execute(START)

    run(world, scenario)


# ---- what is sent at once


@pytest.mark.parametrize(
    ("command", "number"),
    [(SendFrame(b"octets of a frame"), FRAME), (SendEapol(STATION, b"octets of EAPOL"), CONTROL_PORT_FRAME)],
)
def test_a_frame_whose_fate_nobody_asks_for_is_sent_at_once(world: World, command: Any, number: int) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.requests.clear()
        assert radio.send_now(command)
        assert [request.command for request in world.kernel.requests] == [number]

    run(world, scenario)


@pytest.mark.parametrize("command", [SendFrame(b"octets of a frame", token=1), ReadActivity()])
def test_what_is_answered_is_not_sent_at_once(world: World, command: Any) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        world.kernel.requests.clear()
        assert not radio.send_now(command)
        assert world.kernel.requests == []

    run(world, scenario)


def test_a_frame_that_cannot_be_sent_at_once_is_for_others_to_execute(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: object) -> None:
        raise NetlinkError(errno.ENOBUFS, "no room")

    async def scenario(radio: Nl80211Radio) -> None:
        monkeypatch.setattr("wpsagent.io.nl80211.transport.Transport.tell", refuse)
        assert not radio.send_now(SendFrame(b"octets of a frame"))
        await radio.close()
        assert not radio.send_now(SendFrame(b"octets of a frame"))

    run(world, scenario)
