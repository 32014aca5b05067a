# SPDX-License-Identifier: BSD-3-Clause
"""A station's radio against a scripted kernel: the octets of its commands, connections and all their ends."""

import asyncio
import errno
from collections.abc import Iterator
from typing import Any

import pytest
from tests.unit.nl80211_kernel import Request, attribute, event, nest, u8, u16, u32
from tests.unit.nl80211_world import (
    AP_TYPE,
    CONTROL_PORT_FRAME,
    DEL_INTERFACE,
    DEL_WIPHY,
    GET_INTERFACE,
    INDEX,
    NEW_KEY,
    OTHER,
    OWN,
    REGISTER_FRAME,
    SET_INTERFACE,
    SET_STATION,
    STATION_TYPE,
    World,
    nothing,
    refusal,
    run_station,
    worlds,
)

from wpsagent.capabilities import InterfaceType
from wpsagent.dot11.frames import Deauthentication, Disassociation
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211 import Nl80211StationRadio, RfkillState, open_station_radio
from wpsagent.io.nl80211 import station as station_module
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    AuthorizeStation,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    FrameReceived,
    InstallKey,
    InstallReceiveKey,
    RadioLost,
    RemoveStation,
    Roamed,
    ScanResult,
    SendEapol,
    SendFrame,
    TriggerScan,
    UnprotectedFarewell,
)

DEL_KEY, GET_SCAN, CONNECT, ROAM, DISCONNECT = 12, 32, 46, 47, 48
FRAME, UNPROT_DEAUTHENTICATE, UNPROT_DISASSOCIATE = 59, 70, 71
BSSID = MacAddress.parse("02:00:00:00:05:00")
CCMP, TKIP, PSK = 0x000FAC04, 0x000FAC02, 0x000FAC02
OPEN = Connect(BSSID, Ssid(b"net"), 2412, b"", False)
RSNE = b"\x30\x02\x01\x00"
WPA = b"\xdd\x06\x00\x50\xf2\x01\x01\x00"


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(station_module, "_FAREWELL_TIME", 0.05)
    yield from worlds(monkeypatch)


def check(world: World, command: Any, *expected: tuple[int, bytes], **options: Any) -> None:
    """The requests that a command becomes, each with its attributes after IFINDEX."""

    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(command)
        sent = [(request.command, request.attributes) for request in world.kernel.requests]
        assert sent == [(number, attribute(3, u32(INDEX)) + octets) for number, octets in expected]

    run_station(world, scenario, **options)


# ---- bring-up


def test_a_station_is_brought_up_and_given_back_down(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        assert (radio.interface, radio.address) == ("wlan0", OWN)
        assert radio.capabilities.interface_types == {InterfaceType.STATION, InterfaceType.AP}
        assert (world.kind, world.link.up["wlan0"]) == (STATION_TYPE, True)
        assert world.link_watches[0].index == INDEX

    run_station(world, scenario)
    assert (world.kind, world.link.up["wlan0"]) == (STATION_TYPE, False)
    assert SET_INTERFACE not in world.kernel.commands()
    assert world.kernel.memberships == [2, 5, 3]
    assert world.link_watches[0].is_closed


def test_an_access_point_s_interface_becomes_a_station_and_is_one_again(world: World) -> None:
    async def scenario(_radio: Nl80211StationRadio) -> None:
        assert (world.kind, world.link.up["wlan0"]) == (STATION_TYPE, True)

    world.kind = AP_TYPE
    world.link.up["wlan0"] = True
    run_station(world, scenario)
    assert (world.kind, world.link.up["wlan0"]) == (AP_TYPE, True)


def test_the_interface_is_claimed_although_it_is_down(world: World) -> None:
    async def main() -> None:
        radio = await open_station_radio("wlan0")
        claim = attribute(3, u32(INDEX)) + attribute(101, u16(0xD0)) + attribute(91, b"\x0a\x07")
        answers = attribute(3, u32(INDEX)) + attribute(101, u16(0xD0)) + attribute(91, b"\x08\x01")
        registered = [r.attributes for r in world.kernel.requests if r.command == REGISTER_FRAME]
        assert registered == [claim, answers]
        await radio.close()
        await radio.close()
        with pytest.raises(RadioError, match="wlan0 was given back"):
            await radio.execute(OPEN)

    asyncio.run(main())


def test_a_managed_interface_is_not_taken(world: World) -> None:
    world.kernel.refuse(REGISTER_FRAME, errno.EALREADY)
    assert refusal(world, is_station=True).startswith("wlan0 is managed by another program")
    assert world.link.log == []


def test_an_interface_that_was_made_anew_is_left_alone(world: World) -> None:
    async def main() -> None:
        radio = await open_station_radio("wlan0")
        del world.link.up["wlan0"]
        world.link.up |= {"wlan0-p2p": False, "wlan0": True}  # another index
        world.link.log.clear()
        await radio.close()
        assert world.link.log == []

    asyncio.run(main())


def test_an_interface_that_its_manager_has_lent_is_taken_although_the_manager_listens(world: World) -> None:
    world.kernel.refuse(REGISTER_FRAME, errno.EALREADY)

    async def main() -> None:
        radio = await open_station_radio("wlan0", is_lent=True)
        assert world.link.up["wlan0"]
        await radio.close()

    asyncio.run(main())


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (STATION_TYPE, "wlan0 is connected to network home"),
        (AP_TYPE, "wlan0 is an access point already (network home)"),
    ],
)
def test_an_interface_in_use_is_not_taken(world: World, kind: int, words: str) -> None:
    world.kind, world.ssid = kind, b"home"
    assert refusal(world, is_station=True).startswith(words)
    assert world.link.log == []


def test_a_connection_that_the_kernel_is_ending_is_waited_for(world: World) -> None:
    world.ssid = b"of a dead process"

    async def main() -> None:
        opening = asyncio.create_task(open_station_radio("wlan0"))
        await world.settle()
        world.ssid = None
        world.deliver(DISCONNECT)
        await (await opening).close()

    asyncio.run(main())


def test_a_radio_without_station_mode(world: World) -> None:
    world.types = nest(32, attribute(3))
    assert refusal(world, is_station=True) == "phy4 () cannot be a station: its driver has no station mode"


def test_firmware_that_runs_access_points_may_be_a_station(world: World) -> None:
    world.more_of_wiphy = attribute(141, u32(0))
    run_station(world, nothing)


# ---- commands, to the octet


def connect_octets(*, elements: bytes = b"", control_port: bool = True, more: bytes = b"") -> tuple[int, bytes]:
    return CONNECT, (
        attribute(6, BSSID)
        + attribute(52, b"net")
        + attribute(38, u32(2412))
        + attribute(53, u32(0))
        + attribute(204)
        + attribute(68)
        + attribute(102, u16(0x888E))
        + (attribute(264) if control_port else b"")
        + (attribute(42, elements) if elements else b"")
        + more
    )


def test_connect_to_an_open_network(world: World) -> None:
    check(world, OPEN, connect_octets())


def test_connect_with_eapol_over_packets(world: World) -> None:
    check(world, OPEN, connect_octets(control_port=False), on_packet_eapol=True)


def test_connect_without_a_control_port(world: World) -> None:
    world.features = b""
    check(world, OPEN, connect_octets(control_port=False))


def test_connect_for_wps_on_a_protected_network(world: World) -> None:
    command = Connect(BSSID, Ssid(b"net"), 2412, b"\xdd\x04\x00\x50\xf2\x04", True)
    check(world, command, connect_octets(elements=b"\xdd\x04\x00\x50\xf2\x04", more=attribute(70)))


@pytest.mark.parametrize(("elements", "version"), [(RSNE, 2), (WPA, 1), (WPA + RSNE, 2)])
def test_connect_to_a_protected_network(world: World, elements: bytes, version: int) -> None:
    suites = (
        attribute(70)
        + attribute(73, u32(CCMP))
        + attribute(74, u32(TKIP))
        + attribute(75, u32(version))
        + attribute(76, u32(PSK))
    )
    command = Connect(BSSID, Ssid(b"net"), 2412, elements, True, CCMP, TKIP, PSK)
    check(world, command, connect_octets(elements=elements, more=suites))


def test_connect_with_protected_management_frames(world: World) -> None:
    command = Connect(BSSID, Ssid(b"net"), 2412, RSNE, True, has_frame_protection=True)
    check(world, command, connect_octets(elements=RSNE, more=attribute(70) + attribute(66, u32(1))))


def test_a_pairwise_key(world: World) -> None:
    key = nest(80, attribute(1, bytes(range(16))), attribute(3, u32(CCMP)), attribute(2, u8(0)))
    check(world, InstallKey(0, bytes(range(16)), CCMP, BSSID), (NEW_KEY, attribute(6, BSSID) + key))


def test_a_group_key_begins_at_its_packet_number(world: World) -> None:
    key = nest(80, attribute(1, bytes(32)), attribute(3, u32(TKIP)), attribute(4, b"123456"), attribute(2, u8(2)))
    check(world, InstallReceiveKey(2, bytes(32), TKIP, b"123456"), (NEW_KEY, key))


def test_the_port_is_opened_on_the_access_point_s_address(world: World) -> None:
    octets = attribute(6, BSSID) + attribute(67, u32(2) + u32(2))
    check(world, AuthorizeStation(BSSID), (SET_STATION, octets))


@pytest.mark.parametrize("has_control_port", [True, False])
def test_firmware_without_a_port_to_open_is_no_error(world: World, has_control_port: bool) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.refuse(SET_STATION, errno.EBADE)
        if has_control_port:
            with pytest.raises(NetlinkError):
                await radio.execute(AuthorizeStation(BSSID))
        else:
            await radio.execute(AuthorizeStation(BSSID))

    if not has_control_port:
        world.features = b""
    run_station(world, scenario)


def test_the_interface_is_dormant_until_its_port_is_open(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        assert world.link.log[-1] == "hold back wlan0"
        await radio.execute(AuthorizeStation(BSSID, is_authorized=False))
        assert world.link.log[-1] == "hold back wlan0"
        await radio.execute(AuthorizeStation(BSSID))
        assert world.link.log[-1] == "let through wlan0"

    run_station(world, scenario)
    assert "end holding back wlan0" in world.link.log


def test_a_station_works_where_its_interface_cannot_be_dormant(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(AuthorizeStation(BSSID))

    for step in ("hold back", "let through", "end holding back"):
        world.link.failures[f"{step} wlan0"] = "not permitted"
    run_station(world, scenario)
    assert world.link.log.index("hold back wlan0") < world.link.log.index("let through wlan0")


def test_removing_the_access_point_takes_its_key(world: World) -> None:
    check(world, RemoveStation(BSSID), (DEL_KEY, attribute(6, BSSID) + nest(80, attribute(2, u8(0)))))


def test_a_key_that_is_gone_is_no_error_but_other_refusals_are(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        for code in (errno.ENOENT, errno.ENOLINK, errno.EINVAL):
            world.kernel.refuse(DEL_KEY, code)
            await radio.execute(RemoveStation(BSSID))
        world.kernel.refuse(DEL_KEY, errno.EIO)
        with pytest.raises(NetlinkError):
            await radio.execute(RemoveStation(BSSID))

    run_station(world, scenario)


def test_eapol_over_the_control_port(world: World) -> None:
    octets = attribute(6, BSSID) + attribute(51, b"pdu") + attribute(102, u16(0x888E)) + attribute(142)
    check(world, SendEapol(BSSID, b"pdu", True), (CONTROL_PORT_FRAME, octets))


def test_eapol_over_packets(world: World) -> None:
    check(world, SendEapol(BSSID, b"pdu"), on_packet_eapol=True)
    (eapol,) = world.eapol_sockets
    assert (eapol.bridge, eapol.sent, eapol.is_closed) == (None, [(BSSID, b"pdu")], True)


def test_a_key_without_a_connection_is_refused_in_words(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.refuse(NEW_KEY, errno.ENOLINK)
        with pytest.raises(RadioError, match="wlan0 is not connected any more"):
            await radio.execute(InstallKey(0, bytes(16), CCMP, BSSID))

    run_station(world, scenario)


# ---- connections


def succeed(world: World, *more: bytes, bssid: bytes = BSSID) -> None:
    world.deliver(CONNECT, attribute(6, bssid), attribute(72, u16(0)), *more)


async def connect(world: World, radio: Nl80211StationRadio) -> None:
    await radio.execute(OPEN)
    succeed(world)
    await world.settle()
    assert world.events == [Associated(BSSID)]
    world.events.clear()
    world.kernel.requests.clear()


def test_the_association_stands_with_the_elements_of_its_response(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        succeed(world, attribute(78, b"response"))
        await world.settle()

    run_station(world, scenario)
    assert world.events == [Associated(BSSID, b"response")]


@pytest.mark.parametrize(
    ("attributes", "status"),
    [
        (attribute(6, BSSID) + attribute(72, u16(17)), 17),
        (attribute(72, u16(1)) + attribute(65), None),
        (attribute(6, BSSID) + attribute(72, u16(1)) + attribute(65), None),
        (attribute(6, bytes(6)) + attribute(72, u16(16)), 16),  # brcmfmac, brcmf_bss_connect_done
    ],
)
def test_an_association_that_fails_has_its_status(world: World, attributes: bytes, status: int | None) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        world.deliver(CONTROL_PORT_FRAME, attribute(6, BSSID), attribute(51, b"pdu"), attribute(102, u16(0x888E)))
        world.deliver(CONNECT, attributes)
        await world.settle()
        await radio.execute(OPEN)
        succeed(world)
        await world.settle()

    run_station(world, scenario)
    assert world.events == [AssociationFailed(BSSID, status), Associated(BSSID)]


def test_the_results_of_others_are_not_ours(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        succeed(world)
        await world.settle()
        await radio.execute(OPEN)
        succeed(world, bssid=OTHER)
        world.deliver(CONNECT, attribute(6, BSSID), index=INDEX + 1)
        await world.settle()
        assert world.events == []
        succeed(world)
        await world.settle()

    run_station(world, scenario)
    assert world.events == [Associated(BSSID)]


def eapol(source: bytes, pdu: bytes) -> bytes:
    return attribute(6, source) + attribute(51, pdu) + attribute(102, u16(0x888E))


def test_eapol_is_held_until_the_association_stands(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.deliver(CONTROL_PORT_FRAME, eapol(BSSID, b"too early"))
        await world.settle()
        await radio.execute(OPEN)
        world.deliver(CONTROL_PORT_FRAME, eapol(BSSID, b"first"))
        world.deliver(CONTROL_PORT_FRAME, eapol(OTHER, b"other"))
        world.deliver(CONTROL_PORT_FRAME, eapol(BSSID, b"second"))
        await world.settle()
        assert world.events == []
        succeed(world)
        world.deliver(CONTROL_PORT_FRAME, eapol(OTHER, b"other"))
        world.deliver(CONTROL_PORT_FRAME, eapol(BSSID, b"third"))
        await world.settle()

    run_station(world, scenario)
    received = [EapolReceived(BSSID, pdu) for pdu in (b"first", b"second", b"third")]
    assert world.events == [Associated(BSSID), *received]


def test_eapol_over_packets_is_held_too(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        world.eapol_sockets[0].handler(BSSID, b"pdu")
        succeed(world)
        await world.settle()

    run_station(world, scenario, on_packet_eapol=True)
    assert world.events == [Associated(BSSID), EapolReceived(BSSID, b"pdu")]


def test_one_connection_at_a_time(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        with pytest.raises(RadioError, match="wlan0 is connected or connecting already: disconnect it first"):
            await radio.execute(OPEN)
        succeed(world)
        await world.settle()
        with pytest.raises(RadioError, match="disconnect it first"):
            await radio.execute(OPEN)

    run_station(world, scenario)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EALREADY, "wlan0 is connected already: another program uses it"),
        (errno.EBUSY, "wlan0 is in use"),
        (errno.ENETDOWN, "wlan0 is down"),
        (errno.EINVAL, "CONNECT: "),
    ],
)
def test_a_refused_connection_leaves_the_radio_free(world: World, code: int, words: str) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.refuse(CONNECT, code)
        with pytest.raises((RadioError, NetlinkError), match=words):
            await radio.execute(OPEN)
        del world.kernel.answers[CONNECT]
        await connect(world, radio)

    run_station(world, scenario)


# ---- ends


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (attribute(54, u16(7)) + attribute(71), Disconnected(7, True)),
        (attribute(54, u16(4)), Disconnected(4, False)),
        (b"", Disconnected(1, False)),
    ],
)
def test_disconnected_by_the_access_point_or_by_silence(
    world: World, attributes: bytes, expected: Disconnected
) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.deliver(DISCONNECT, attributes)
        world.deliver(DISCONNECT, attributes)
        await world.settle()

    run_station(world, scenario)
    assert world.events == [expected]


def leave(world: World) -> None:
    def answer(request: Request) -> list[bytes]:
        reason = int.from_bytes(request.values[54], "little")
        return [event(DISCONNECT, attribute(3, u32(INDEX)), attribute(54, u16(reason))), request.end()]

    world.kernel.answers[DISCONNECT] = answer


def test_disconnect_returns_when_the_connection_is_over(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        leave(world)
        await connect(world, radio)
        await radio.execute(Disconnect(3))
        assert world.kernel.last(DISCONNECT).attributes == attribute(3, u32(INDEX)) + attribute(54, u16(3))
        assert world.events == [Disconnected(3, False)]
        world.events.clear()
        await connect(world, radio)

    run_station(world, scenario)


@pytest.mark.parametrize("code", [0, errno.ENOTCONN])
def test_a_kernel_that_does_not_say_that_it_is_over(world: World, code: int) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.kernel.refuse(DISCONNECT, code)
        await radio.execute(Disconnect(3))

    run_station(world, scenario)
    assert world.events == [Disconnected(3, False)]


def test_a_refused_disconnect_is_an_error(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.kernel.refuse(DISCONNECT, errno.EIO)
        with pytest.raises(NetlinkError):
            await radio.execute(Disconnect(3))

    run_station(world, scenario)
    assert world.events == []


def test_an_attempt_is_given_up_at_once(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        await radio.execute(Disconnect(3))
        assert world.events == [Disconnected(3, False)]

    run_station(world, scenario)


def test_disconnect_of_what_is_not_connected_asks_nothing(world: World) -> None:
    check(world, Disconnect(3))
    assert world.events == []


def test_an_attempt_that_ends_in_a_disconnection_has_failed(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        world.deliver(DISCONNECT, attribute(54, u16(2)))
        await world.settle()

    run_station(world, scenario)
    assert world.events == [AssociationFailed(BSSID, None)]


def test_firmware_that_roams_is_followed_with_what_the_kernel_knows_of_the_access_point(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.kernel.answers[GET_SCAN] = lambda request: [known(request, BSSID), known(request, OTHER), request.done()]
        world.eapol_sockets[0].handler(OTHER, b"before the news")
        world.deliver(ROAM, attribute(6, OTHER))
        await world.settle()
        world.eapol_sockets[0].handler(OTHER, b"after it")
        world.eapol_sockets[0].handler(BSSID, b"of the access point that was left")

    run_station(world, scenario, on_packet_eapol=True)
    assert world.events == [
        Roamed(OTHER, ScanResult(OTHER, 2462, -100.0, 0, 0, b"")),
        EapolReceived(OTHER, b"before the news"),
        EapolReceived(OTHER, b"after it"),
    ]


def known(request: Request, bssid: bytes) -> bytes:
    """A BSS of which there is little to say."""
    return request.reply(34, attribute(3, u32(INDEX)), nest(47, attribute(1, bssid), attribute(2, u32(2462))))


def test_an_access_point_that_the_kernel_does_not_tell_of_is_told_alone(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.kernel.answers[GET_SCAN] = lambda request: [request.done(errno.EIO)]
        world.deliver(ROAM, attribute(6, OTHER))
        await world.settle()

    run_station(world, scenario)
    assert world.events == [Roamed(OTHER)]
    assert "cannot read what is known of networks" in caplog.text


def test_roaming_without_a_connection_or_without_an_address_is_no_news(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.deliver(ROAM, attribute(6, OTHER))
        await world.settle()
        await connect(world, radio)
        world.deliver(ROAM)
        await world.settle()

    run_station(world, scenario)
    assert not [each for each in world.events if isinstance(each, Roamed)]


def test_a_connection_that_ends_while_it_roams_is_not_told_as_roamed(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.deliver(ROAM, attribute(6, OTHER))
        world.deliver(DISCONNECT, attribute(54, u16(8)), attribute(71))
        await world.settle()

    run_station(world, scenario)
    assert Disconnected(8, True) in world.events
    assert not [each for each in world.events if isinstance(each, Roamed)]


@pytest.mark.parametrize("is_associated", [True, False])
def test_closing_disconnects(world: World, is_associated: bool) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        if is_associated:
            succeed(world)
            await world.settle()

    run_station(world, scenario)
    assert world.kernel.last(DISCONNECT).attributes == attribute(3, u32(INDEX)) + attribute(54, u16(3))
    assert not [each for each in world.events if isinstance(each, Disconnected)]


def test_a_refusal_when_closing_does_not_keep_the_interface(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.kernel.refuse(DISCONNECT, errno.ENETDOWN)

    run_station(world, scenario)
    assert not world.link.up["wlan0"]


# ---- the radio is lost


def test_set_down_blocked_or_removed(world: World) -> None:
    async def down(radio: Nl80211StationRadio) -> None:
        (watch,) = world.link_watches
        watch.handler()
        assert world.events == []
        world.link.up["wlan0"] = False
        watch.handler()
        watch.handler()
        assert world.events == [RadioLost("wlan0 was set down")]
        with pytest.raises(RadioError, match="wlan0 was set down"):
            await radio.execute(TriggerScan())

    run_station(world, down)


def test_a_connected_radio_that_is_blocked_is_lost_and_no_more(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.rfkill = RfkillState(is_soft_blocked=True)
        world.link_watches[0].handler()
        world.deliver(DISCONNECT, attribute(54, u16(3)))
        await world.settle()

    run_station(world, scenario)
    assert world.events == [RadioLost("phy4 is blocked by software ('rfkill unblock wifi' lifts it)")]


@pytest.mark.parametrize("command", [DEL_INTERFACE, DEL_WIPHY])
def test_interface_or_radio_removed(world: World, command: int) -> None:
    async def scenario(_radio: Nl80211StationRadio) -> None:
        world.kernel.deliver(event(command, attribute(3, u32(INDEX + 1)), attribute(1, u32(5))))
        await world.settle()
        assert world.events == []
        world.kernel.deliver(event(command, attribute(3, u32(INDEX)), attribute(1, u32(4))))
        await world.settle()

    run_station(world, scenario)
    assert world.events == [RadioLost("wlan0 is gone: its radio or driver was removed")]


# ---- after dropped messages


@pytest.mark.parametrize(
    ("ssid", "code", "expected"),
    [
        (b"net", 0, []),
        (None, 0, [Disconnected(1, False)]),
        (None, errno.ENODEV, [RadioLost("wlan0 is gone or is not a wireless interface")]),
        (None, errno.EIO, []),
    ],
)
def test_after_dropped_messages_the_radio_looks_whether_it_is_still_connected(
    world: World, ssid: bytes | None, code: int, expected: list[Any]
) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()
        assert world.kernel.requests == []
        await connect(world, radio)
        world.ssid = ssid
        if code:
            world.kernel.refuse(GET_INTERFACE, code)
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()

    run_station(world, scenario)
    assert world.events == expected


@pytest.mark.parametrize("code", [0, errno.ENODEV])
def test_after_dropped_messages_an_attempt_begins_anew(world: World, code: int) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await radio.execute(OPEN)
        world.kernel.refuse(DISCONNECT, code)
        world.kernel.deliver(OSError(errno.ENOBUFS, "full"))
        await world.settle()
        assert world.kernel.commands() == [CONNECT, DISCONNECT]

    run_station(world, scenario)
    assert world.events == [AssociationFailed(BSSID, None)]


# ---- protected management frames


def test_an_integrity_group_key_is_a_receive_key_of_index_4_or_5(world: World) -> None:
    bip = 0x000FAC06
    key = nest(80, attribute(1, bytes(16)), attribute(3, u32(bip)), attribute(4, b"123456"), attribute(2, u8(4)))
    check(world, InstallReceiveKey(4, bytes(16), bip, b"123456"), (NEW_KEY, key))


def test_a_management_frame_is_sent_as_it_is(world: World) -> None:
    check(world, SendFrame(b"octets of a frame"), (FRAME, attribute(51, b"octets of a frame")))


def test_a_frame_that_the_kernel_has_decrypted_comes_without_its_protected_bit(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        world.deliver(FRAME, attribute(51, b"\xd0\x40before"))
        await connect(world, radio)
        world.deliver(FRAME, attribute(51, b"\xd0\x48rest"))
        world.deliver(FRAME, attribute(51, b"\xd0"))
        world.deliver(FRAME)
        await world.settle()

    run_station(world, scenario)
    assert [e for e in world.events if isinstance(e, FrameReceived)] == [
        FrameReceived(b"\xd0\x08rest"),
        FrameReceived(b"\xd0"),
    ]


def test_an_unprotected_farewell_of_our_access_point_is_told(world: World) -> None:
    async def scenario(radio: Nl80211StationRadio) -> None:
        await connect(world, radio)
        world.deliver(UNPROT_DEAUTHENTICATE, attribute(51, Deauthentication(OWN, BSSID, BSSID, 7).encode()))
        world.deliver(UNPROT_DISASSOCIATE, attribute(51, Disassociation(OWN, BSSID, BSSID, 6).encode()))
        world.deliver(UNPROT_DEAUTHENTICATE, attribute(51, Deauthentication(OWN, OTHER, OTHER, 7).encode()))
        world.deliver(UNPROT_DEAUTHENTICATE, attribute(51, b"\xc0"))
        world.deliver(UNPROT_DEAUTHENTICATE)
        await world.settle()

    run_station(world, scenario)
    assert world.events[-2:] == [UnprotectedFarewell(7), UnprotectedFarewell(6)]


def test_a_driver_that_keeps_answers_to_sa_queries_for_itself_is_no_error(world: World) -> None:
    async def main() -> None:
        radio = await open_station_radio("wlan0")
        await radio.close()

    world.kernel.refuse(REGISTER_FRAME, errno.EOPNOTSUPP)
    asyncio.run(main())
