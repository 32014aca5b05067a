# SPDX-License-Identifier: BSD-3-Clause
"""Capabilities from the pieces of a split wiphy dump, interfaces, rfkill."""

import asyncio
import errno
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from tests.unit.nl80211_kernel import FakeKernel, Request, attribute, nest, u8, u16, u32

from wpsagent.capabilities import Band, Frequency, InterfaceType
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211 import capabilities
from wpsagent.io.nl80211.capabilities import (
    InterfaceDescription,
    RfkillState,
    discover,
    read_interface,
    read_interfaces,
    read_wiphys,
    rfkill_state,
)
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import NO_ADDRESS, MacAddress, Ssid

Result = TypeVar("Result")

GET_WIPHY, NEW_WIPHY, GET_INTERFACE, NEW_INTERFACE = 1, 3, 5, 7
MCS_SET = b"\xff\xff" + bytes(14)
HT_CAPABILITIES = b"\x7e\x10" + b"\x1b" + MCS_SET + bytes(7)
VHT_CAPABILITIES = b"\xfa\x71\x80\x03" + b"\xfa\xff\0\0\xfa\xff\0\0"


def frequency(index: int, mhz: int, *flags: bytes) -> bytes:
    return nest(index, attribute(1, u32(mhz)), *flags)


def wiphy_pieces(request: Request) -> list[bytes]:
    """As mac80211_hwsim answers: the band's parts spread over messages, a second radio in between."""

    def piece(wiphy: int, *attributes: bytes) -> bytes:
        return request.reply(NEW_WIPHY, attribute(1, u32(wiphy)), *attributes, flags=2)

    return [
        piece(4, attribute(2, b"phy4\0"), attribute(57, u32(0x000FAC02) + u32(0x000FAC04)), attribute(102)),
        piece(4, nest(32, attribute(2), attribute(3), attribute(200))),
        piece(
            4,
            nest(
                22,
                nest(
                    0,
                    attribute(3, MCS_SET),
                    attribute(4, u16(0x107E)),
                    attribute(5, u8(3)),
                    attribute(6, u8(6)),
                    nest(2, nest(0, attribute(1, u32(10))), nest(1, attribute(1, u32(55)))),
                ),
            ),
        ),
        piece(4, nest(22, nest(0, nest(1, frequency(0, 2412, attribute(6, u32(2000))))))),
        piece(4, nest(22, nest(0, nest(1, frequency(1, 2467, attribute(3), attribute(6, u32(1250))))))),
        piece(
            4,
            nest(
                22,
                nest(
                    1,
                    nest(1, frequency(0, 5260, attribute(5)), frequency(1, 5955, attribute(2))),
                    attribute(7, VHT_CAPABILITIES[4:]),
                    attribute(8, u32(0x038071FA)),
                ),
            ),
        ),
        piece(4, attribute(217, bytes([0, 0, 0, 1 << 2, 0, 0, 1]))),
        piece(2, attribute(2, b"phy2\0"), attribute(141, u32(0)), nest(32, attribute(2))),
        request.done(),
    ]


def interface(request: Request, index: int = 3, *more: bytes) -> bytes:
    return request.reply(
        NEW_INTERFACE,
        attribute(3, u32(index)),
        attribute(4, b"wlan0\0"),
        attribute(1, u32(4)),
        attribute(5, u32(2)),
        attribute(6, bytes.fromhex("020000000000")),
        *more,
        flags=2,
    )


def ask(kernel: FakeKernel, question: Callable[[Transport], Awaitable[Result]]) -> Result:
    async def main() -> Result:
        transport = await Transport.open(kernel)
        try:
            return await question(transport)
        finally:
            transport.close()

    return asyncio.run(main())


def test_what_a_scan_may_ask_for() -> None:
    kernel = FakeKernel()
    kernel.answers[GET_WIPHY] = lambda request: [
        request.reply(3, attribute(1, u32(0)), attribute(43, b"\x0a"), attribute(56, u16(2048))),
        request.reply(3, attribute(1, u32(0)), attribute(32, attribute(2))),
        request.reply(3, attribute(1, u32(1)), attribute(32, attribute(3))),
        request.done(),
    ]
    told, untold = ask(kernel, read_wiphys)
    assert (told.maximum_scan_ssids, told.maximum_scan_elements, told.supports_station) == (10, 2048, True)
    assert (untold.maximum_scan_ssids, untold.maximum_scan_elements, untold.supports_station) == (1, None, False)


def test_the_pieces_of_a_wiphy_become_one() -> None:
    kernel = FakeKernel()
    kernel.answers[GET_WIPHY] = wiphy_pieces
    firmware, software = ask(kernel, read_wiphys)
    assert kernel.requests[0].attributes == attribute(174)
    assert (firmware.wiphy, firmware.wiphy_name, firmware.has_ap_sme, firmware.supports_ap) == (2, "phy2", True, False)
    assert (firmware.has_control_port, firmware.has_control_port_status, firmware.bands) == (False, False, ())
    assert (software.wiphy, software.wiphy_name, software.has_ap_sme, software.supports_ap) == (4, "phy4", False, True)
    assert software.interface_types == {InterfaceType.STATION, InterfaceType.AP}
    assert software.cipher_suites == {0x000FAC02, 0x000FAC04}
    assert (software.has_control_port, software.has_control_port_status) == (True, True)
    assert software.bands == (
        Band(
            (Frequency(2412, max_power_dbm=20.0), Frequency(2467, may_initiate=False, max_power_dbm=12.5)),
            (2, 11),
            ht_capabilities=HT_CAPABILITIES,
        ),
        Band(
            (
                Frequency(5260, needs_radar_detection=True, max_power_dbm=0.0),
                Frequency(5955, is_disabled=True, max_power_dbm=0.0),
            ),
            (),
            vht_capabilities=VHT_CAPABILITIES,
        ),
    )


def test_one_wiphy_is_asked_for_by_number() -> None:
    kernel = FakeKernel()
    kernel.answers[GET_WIPHY] = wiphy_pieces
    ask(kernel, lambda transport: read_wiphys(transport, 4))
    assert kernel.requests[0].attributes == attribute(174) + attribute(1, u32(4))


@pytest.mark.parametrize(
    "band",
    [
        nest(0, attribute(4, u16(1))),
        nest(0, attribute(3, bytes(15)), attribute(4, u16(1))),
        nest(0, attribute(8, u32(1))),
        nest(0, attribute(7, bytes(7)), attribute(8, u32(1))),
    ],
)
def test_incomplete_ht_and_vht_are_none(band: bytes) -> None:
    kernel = FakeKernel()
    kernel.answers[GET_WIPHY] = lambda request: [
        request.reply(NEW_WIPHY, attribute(1, u32(0)), nest(22, band)),
        request.done(),
    ]
    (wiphy,) = ask(kernel, read_wiphys)
    assert (wiphy.wiphy_name, wiphy.bands) == ("phy0", (Band((), ()),))


@pytest.mark.parametrize(
    "garbled",
    [attribute(22, b"\xff\xff\0\0"), nest(22, nest(0, nest(1, nest(0)))), nest(32, b"\1")],
    ids=["lying length", "frequency without a number", "too short"],
)
def test_a_garbled_description_is_told_with_its_radio(garbled: bytes) -> None:
    kernel = FakeKernel()
    kernel.answers[GET_WIPHY] = lambda request: [
        request.reply(NEW_WIPHY, attribute(1, u32(6)), garbled),
        request.done(),
    ]
    with pytest.raises(RadioError, match="radio 6 is garbled"):
        ask(kernel, read_wiphys)


def test_a_piece_without_a_number_is_nobodys() -> None:
    kernel = FakeKernel()
    kernel.answers[GET_WIPHY] = lambda request: [request.reply(NEW_WIPHY, attribute(2, b"phy0\0")), request.done()]
    assert ask(kernel, read_wiphys) == []


def test_interfaces_are_listed_by_index_and_those_without_a_device_left_out() -> None:
    kernel = FakeKernel()
    kernel.answers[GET_INTERFACE] = lambda request: [
        interface(request, 7, attribute(52, b"net"), attribute(38, u32(2412))),
        request.reply(NEW_INTERFACE, attribute(1, u32(4)), attribute(5, u32(10))),
        interface(request, 3),
        request.done(),
    ]
    first, second = ask(kernel, read_interfaces)
    address = MacAddress.parse("02:00:00:00:00:00")
    assert first == InterfaceDescription("wlan0", 3, InterfaceType.STATION, address, 4)
    assert second == InterfaceDescription("wlan0", 7, InterfaceType.STATION, address, 4, Ssid(b"net"), 2412)


def test_odd_values_of_an_interface_are_tolerated() -> None:
    kernel = FakeKernel()
    kernel.answers[GET_INTERFACE] = lambda request: [
        request.reply(
            NEW_INTERFACE, attribute(3, u32(3)), attribute(5, u32(99)), attribute(6, b"\2"), attribute(52, bytes(33))
        ),
        request.end(),
    ]
    found = ask(kernel, lambda transport: read_interface(transport, 3, "wlan0"))
    assert found == InterfaceDescription("", 3, None, NO_ADDRESS, 0)


@pytest.mark.parametrize("code", [errno.ENODEV, errno.EINVAL, errno.EOPNOTSUPP])
def test_an_interface_that_is_not_wireless_is_named(code: int) -> None:
    kernel = FakeKernel()
    kernel.refuse(GET_INTERFACE, code)
    with pytest.raises(RadioError, match="eth0 is gone or is not a wireless interface"):
        ask(kernel, lambda transport: read_interface(transport, 3, "eth0"))


def test_other_answers_about_an_interface_are_errors_too() -> None:
    kernel = FakeKernel()
    kernel.refuse(GET_INTERFACE, errno.EPERM)
    with pytest.raises(NetlinkError):
        ask(kernel, lambda transport: read_interface(transport, 3, "wlan0"))
    kernel = FakeKernel()
    with pytest.raises(RadioError, match="says nothing of wlan0"):
        ask(kernel, lambda transport: read_interface(transport, 3, "wlan0"))


def test_an_interrupted_dump_is_asked_again_a_few_times() -> None:
    kernel = FakeKernel()
    answers = iter([0x10, 0])
    kernel.answers[GET_INTERFACE] = lambda request: [interface(request), request.done(flags=next(answers))]
    assert len(ask(kernel, read_interfaces)) == 1
    kernel = FakeKernel()
    kernel.answers[GET_INTERFACE] = lambda request: [request.done(flags=0x10)]
    with pytest.raises(NetlinkError, match="changed while they were listed"):
        ask(kernel, read_interfaces)
    assert len(kernel.requests) == 4


def test_discover_puts_interfaces_to_their_radios(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kernel = FakeKernel()
    kernel.answers[GET_WIPHY] = wiphy_pieces
    kernel.answers[GET_INTERFACE] = lambda request: [interface(request), request.done()]
    monkeypatch.setattr("wpsagent.io.nl80211.transport.open_socket", lambda: kernel)
    driver = tmp_path / "drivers" / "hwsim"
    driver.mkdir(parents=True)
    (tmp_path / "phy4" / "device").mkdir(parents=True)
    (tmp_path / "phy4" / "device" / "driver").symlink_to(driver)
    monkeypatch.setattr(capabilities, "_SYS_IEEE80211", tmp_path)
    first, second = asyncio.run(discover())
    assert kernel.is_closed
    assert first.interfaces == ()
    assert [i.name for i in second.interfaces] == ["wlan0"]
    assert (first.capabilities.driver, second.capabilities.driver) == ("", "hwsim")
    assert not second.rfkill.is_blocked


def test_the_rfkill_switch_of_a_radio_is_found_by_its_name(tmp_path: Path) -> None:
    for number, (name, soft, hard) in enumerate([("hci0", "1", "1"), ("phy0", "0", "0"), ("phy1", "1", "0")]):
        switch = tmp_path / f"rfkill{number}"
        switch.mkdir()
        for file, text in (("name", name), ("soft", soft), ("hard", hard)):
            (switch / file).write_text(text + "\n")
    assert rfkill_state("phy0", tmp_path) == RfkillState(False, False)
    assert rfkill_state("phy1", tmp_path) == RfkillState(True, False)
    assert rfkill_state("hci0", tmp_path) == RfkillState(True, True)
    assert rfkill_state("phy9", tmp_path) == RfkillState()


def test_a_switch_that_vanishes_blocks_nothing(tmp_path: Path) -> None:
    (tmp_path / "rfkill0").mkdir()
    assert rfkill_state("phy0", tmp_path) == RfkillState()


def test_rfkill_states_are_told_with_what_helps() -> None:
    assert str(RfkillState()) == "not blocked"
    assert str(RfkillState(is_soft_blocked=True)) == "blocked by software ('rfkill unblock wifi' lifts it)"
    assert str(RfkillState(True, True)) == "blocked by its hardware switch"
