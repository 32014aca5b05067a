# SPDX-License-Identifier: BSD-3-Clause
"""Bring-up and giving back against a scripted kernel: what is changed, restored and refused."""

import asyncio
import errno
import logging
from collections.abc import Iterator

import pytest
from tests.unit.nl80211_kernel import attribute, nest, u16, u32
from tests.unit.nl80211_world import (
    AP_TYPE,
    DEL_INTERFACE,
    GET_WIPHY,
    INDEX,
    NEW_INTERFACE,
    OTHER,
    OWN,
    REGISTER_FRAME,
    SET_INTERFACE,
    START,
    STATION_TYPE,
    STOP_AP,
    UNEXPECTED_FRAME,
    World,
    nothing,
    refusal,
    run,
    worlds,
)

from wpsagent.capabilities import InterfaceType
from wpsagent.io.nl80211 import RfkillState
from wpsagent.io.nl80211.access_point import open_access_point_radio
from wpsagent.io.nl80211.radio import Nl80211Radio
from wpsagent.octets import MacAddress


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    yield from worlds(monkeypatch)


# ---- bring-up


def test_a_station_becomes_an_access_point_and_is_given_back_down(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        assert (radio.interface, radio.address, radio.capabilities.wiphy) == ("wlan0", OWN, 4)
        assert radio.capabilities.interface_types == {InterfaceType.STATION, InterfaceType.AP}
        assert (world.kind, world.link.up["wlan0"]) == (AP_TYPE, True)
        await radio.execute(START)

    run(world, scenario)
    assert (world.kind, world.link.up["wlan0"]) == (STATION_TYPE, False)
    assert [r.command for r in world.kernel.requests][-2:] == [STOP_AP, SET_INTERFACE]
    assert world.kernel.memberships == [2, 5]


def test_an_interface_that_was_up_is_up_again(world: World) -> None:
    world.link.up["wlan0"] = True
    run(world, nothing)
    assert world.link.up["wlan0"]
    assert world.link.log == ["down wlan0", "up wlan0", "down wlan0", "up wlan0"]


def test_registrations_come_after_the_type_change(world: World) -> None:
    async def main() -> None:
        radio = await open_access_point_radio("wlan0")
        commands = world.kernel.commands()
        assert commands.index(SET_INTERFACE) < commands.index(REGISTER_FRAME)
        registered = [r.attributes for r in world.kernel.requests if r.command == REGISTER_FRAME]
        frames = [(0xB0, b""), (0x00, b""), (0x20, b""), (0xA0, b""), (0xC0, b""), (0x40, b"\0\0")]
        assert registered == [
            attribute(3, u32(INDEX)) + attribute(101, u16(number)) + attribute(91, match) for number, match in frames
        ]
        assert world.kernel.last(UNEXPECTED_FRAME).attributes == attribute(3, u32(INDEX))
        await radio.close()
        await radio.close()

    asyncio.run(main())


def test_an_access_point_interface_keeps_its_type_and_is_left_as_it_was(world: World) -> None:
    world.kind = AP_TYPE
    world.link.up["wlan0"] = True
    run(world, nothing)
    assert SET_INTERFACE not in world.kernel.commands()
    assert (world.kind, world.link.up["wlan0"]) == (AP_TYPE, True)


def test_the_address_is_changed_while_down_and_restored(world: World) -> None:
    world.kind = AP_TYPE
    world.link.up["wlan0"] = True

    async def scenario(radio: Nl80211Radio) -> None:
        assert radio.address == OTHER

    run(world, scenario, address=OTHER)
    assert world.link.addresses["wlan0"] == OWN
    assert world.link.up["wlan0"]


def test_an_address_that_it_has_is_not_set(world: World) -> None:
    run(world, nothing, address=OWN)
    assert not [step for step in world.link.log if step.startswith("address")]


def test_the_bridge_is_joined_and_left(world: World) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        assert world.link.bridges == {"wlan0": "br0"}

    run(world, scenario, bridge="br0")
    assert world.link.bridges == {}


def test_a_bridge_it_was_in_is_not_left(world: World) -> None:
    world.link.bridges["wlan0"] = "br0"
    run(world, nothing, bridge="br0")
    assert world.link.bridges == {"wlan0": "br0"}


def test_a_failure_half_way_gives_back_what_was_taken(world: World) -> None:
    world.link.failures["join br0 wlan0"] = "br0 is not a bridge"
    assert refusal(world, bridge="br0") == "br0 is not a bridge"
    assert (world.kind, world.link.up["wlan0"]) == (STATION_TYPE, False)


def test_what_cannot_be_restored_is_a_warning(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        world.link.failures = {"leave br0 wlan0": "no", "down wlan0": "not now"}

    run(world, scenario, bridge="br0")
    assert [record.message for record in caplog.records if record.levelno == logging.WARNING] == [
        "cannot leave br0 with wlan0: no",
        "cannot restore the type of wlan0: not now",
        "cannot restore the state of wlan0: not now",
    ]


def test_what_is_gone_is_not_restored(world: World, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(_radio: Nl80211Radio) -> None:
        del world.link.up["wlan0"]

    run(world, scenario)
    assert caplog.records == []


def test_a_refused_stop_does_not_keep_the_interface(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        await radio.execute(START)
        world.kernel.refuse(STOP_AP, errno.ENODEV)

    run(world, scenario)
    assert world.kind == STATION_TYPE


def test_no_such_interface(world: World) -> None:
    assert refusal(world, "wlan9") == "there is no interface wlan9"


def test_a_radio_without_ap_mode(world: World) -> None:
    world.types = nest(32, attribute(2))
    assert "phy4 () cannot be an access point: its driver has no AP mode" in refusal(world)


def test_a_blocked_radio(world: World) -> None:
    world.rfkill = RfkillState(is_soft_blocked=True)
    assert refusal(world) == "phy4 is blocked by software ('rfkill unblock wifi' lifts it)"


def test_a_radio_that_vanishes_meanwhile(world: World) -> None:
    world.kernel.answers[GET_WIPHY] = lambda request: [request.done()]
    assert refusal(world) == "the radio of wlan0 is gone"


def test_an_interface_in_a_network_is_not_taken(world: World) -> None:
    world.ssid = b"home"
    assert refusal(world).startswith("wlan0 is connected to network home: disconnect it")
    assert world.link.log == []


def test_an_access_point_of_somebody_else_is_not_taken(world: World) -> None:
    world.kind, world.ssid = AP_TYPE, b"theirs"
    assert refusal(world).startswith("wlan0 is an access point already (network theirs): stop the program that runs it")
    assert world.link.log == []


def test_an_access_point_that_the_kernel_is_taking_down_is_waited_for(world: World) -> None:
    world.kind, world.ssid = AP_TYPE, b"dead"

    async def main() -> None:
        opening = asyncio.create_task(open_access_point_radio("wlan0"))
        await world.settle()
        world.ssid = None
        world.deliver(STOP_AP)
        await (await opening).close()

    asyncio.run(main())


def test_a_managed_station_is_not_taken(world: World) -> None:
    world.link.up["wlan0"] = True
    world.kernel.refuse(REGISTER_FRAME, errno.EALREADY)
    assert refusal(world).startswith("wlan0 is managed by another program (wpa_supplicant, NetworkManager or iwd)")
    assert world.kernel.last(REGISTER_FRAME).values[91] == b"\x0a\x07"
    assert world.link.log == []


def test_a_driver_that_cannot_tell_who_manages_is_taken(world: World) -> None:
    world.link.up["wlan0"] = True
    first = iter([errno.EOPNOTSUPP])
    world.kernel.answers[REGISTER_FRAME] = lambda request: [request.end(next(first, 0))]
    run(world, nothing)


def test_frames_that_another_program_receives(world: World) -> None:
    world.kernel.refuse(REGISTER_FRAME, errno.EALREADY)
    assert refusal(world).startswith("wlan0 is used by another program (hostapd or wpa_supplicant)")
    assert world.kind == STATION_TYPE


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.EBUSY, "wlan0 is in use"),
        (errno.EOPNOTSUPP, "wlan0 cannot change its type"),
        (errno.EIO, "SET_INTERFACE"),
    ],
)
def test_a_refused_change_of_type(world: World, code: int, words: str) -> None:
    world.kernel.refuse(SET_INTERFACE, code)
    assert words in refusal(world)


# ---- an interface of its own


@pytest.mark.parametrize("create_on", ["phy4", "wlan0"])
def test_an_interface_is_created_and_removed(world: World, create_on: str) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        assert radio.interface == "ap0"
        assert radio.address == MacAddress.parse("06:00:00:00:00:00")
        assert world.link.up == {"wlan0": False, "ap0": True}

    async def main() -> None:
        radio = await open_access_point_radio("ap0", create_on=create_on)
        assert world.kernel.last(NEW_INTERFACE).attributes == (
            attribute(1, u32(4)) + attribute(4, b"ap0\0") + attribute(5, u32(AP_TYPE)) + attribute(204)
        )
        await scenario(radio)
        await radio.close()

    asyncio.run(main())
    assert world.link.up == {"wlan0": False}
    assert world.kernel.last(DEL_INTERFACE).attributes == attribute(3, u32(INDEX + 1))


def test_a_created_interface_has_the_address_asked_for(world: World) -> None:
    async def scenario(radio: Nl80211Radio) -> None:
        assert radio.address == OTHER

    run(world, scenario, "ap0", create_on="phy4", address=OTHER)


def test_a_created_interface_keeps_an_address_of_its_own(world: World) -> None:
    world.address_of_created = OTHER

    async def scenario(radio: Nl80211Radio) -> None:
        assert radio.address == OTHER

    run(world, scenario, "ap0", create_on="phy4")


def test_a_radio_to_create_on_must_be_known(world: World) -> None:
    assert refusal(world, "ap0", create_on="phy9") == (
        "there is no radio or wireless interface phy9 (there is: phy4, wlan0)"
    )


def test_a_name_that_is_taken_is_refused(world: World) -> None:
    assert refusal(world, "wlan0", create_on="phy4") == (
        "cannot create wlan0: there is an interface of this name already"
    )


def test_a_name_that_the_kernel_is_freeing_is_waited_for(world: World) -> None:
    world.link.up["ap0"] = True

    async def main() -> None:
        opening = asyncio.create_task(open_access_point_radio("ap0", create_on="phy4"))
        await world.settle()
        del world.link.up["ap0"]
        world.deliver(DEL_INTERFACE)
        await (await opening).close()

    asyncio.run(main())


def test_a_refused_creation(world: World) -> None:
    world.kernel.refuse(NEW_INTERFACE, errno.EBUSY, "too many interfaces")
    assert "cannot create ap0: " in refusal(world, "ap0", create_on="phy4")


@pytest.mark.parametrize(("code", "warnings"), [(errno.ENODEV, 0), (errno.EPERM, 1)])
def test_a_created_interface_that_cannot_be_removed(
    world: World, caplog: pytest.LogCaptureFixture, code: int, warnings: int
) -> None:
    world.kernel.refuse(DEL_INTERFACE, code)
    run(world, nothing, "ap0", create_on="phy4")
    assert len([record for record in caplog.records if record.levelno == logging.WARNING]) == warnings
