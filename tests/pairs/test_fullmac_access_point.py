# SPDX-License-Identifier: BSD-3-Clause
"""Our access point on a FullMAC chip, from the button to the ping: the agent's nl80211 against the fake of brcmfmac."""

import asyncio
import errno
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.pairs.simulated_air import BadAir, seeded
from tests.pairs.test_access_point_pair import ElderPhone, NoisyPhone, WindowsPhone
from tests.unit.fullmac_access_point import AccessPointChip
from tests.unit.fullmac_chip import with_chip
from tests.unit.jumping_loop import run
from tests.unit.nl80211_world import (
    DEL_STATION,
    FRAME,
    GET_STATION,
    NEW_STATION,
    PROBE_CLIENT,
    REGISTER_FRAME,
    SET_BEACON,
    SET_BSS,
    STOP_AP,
)
from tests.unit.roles_bench import OPEN, PIN, PROTECTED, PSK, SSID, entropy_of, registrar

from wpsagent.capabilities import InterfaceType
from wpsagent.dot11.elements import WPS_VENDOR_TYPE, Elements
from wpsagent.dot11.frames import Deauthentication
from wpsagent.errors import OverlapError
from wpsagent.io.nl80211.access_point import open_access_point_radio
from wpsagent.io.nl80211.firmware_radio import Nl80211FirmwareRadio
from wpsagent.io.simulated_radio import Air
from wpsagent.octets import MacAddress
from wpsagent.roles.access_point import AccessPoint
from wpsagent.roles.events import (
    AccessPointLost,
    ApEvent,
    HandshakeFailed,
    StationConnected,
    StationDisconnected,
    WpsRunStarted,
)
from wpsagent.roles.parameters import AccessPointParameters
from wpsagent.roles.runner import AccessPointRunner, ButtonGroup
from wpsagent.roles.simulated_phone import PhoneError, SimulatedPhone
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.wsc.credential import Credential, NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, RfBands
from wpsagent.wsc.internal_registrar import EnrolmentSucceeded, InternalRegistrarEvent, OverlapDetected

PROTECTED_PSK = PSK.hex().encode()


def phone_address(number: int) -> MacAddress:
    return MacAddress(b"\x02\x00\x00\x00\x10" + bytes((number,)))


class GuessingPhone(SimulatedPhone):
    """Knows, or believes to know, the key."""

    async def guess(self, key: bytes) -> None:
        credential = Credential(SSID, AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, key, self.address)
        target = await self._find_network(SSID, asyncio.get_running_loop().time() + 3)
        await self._connect(target, credential)

    def say_goodbye(self) -> None:
        self._send(Deauthentication(self._bssid, self.address, self._bssid, 3))


@pytest.fixture
def chip(monkeypatch: pytest.MonkeyPatch) -> Iterator[AccessPointChip]:
    for each in with_chip(monkeypatch, AccessPointChip(Air())):
        assert isinstance(each, AccessPointChip)
        yield each


@dataclass
class Network:
    """The agent's half."""

    chip: AccessPointChip
    radio: Nl80211FirmwareRadio
    group: ButtonGroup
    runner: AccessPointRunner
    heard: list[ApEvent | InternalRegistrarEvent] = field(default_factory=list)

    def kinds(self, *kinds: type) -> list[str]:
        return [type(event).__name__ for event in self.heard if isinstance(event, kinds)]

    def phone(self, number: int = 1, kind: type[SimulatedPhone] = SimulatedPhone) -> SimulatedPhone:
        return kind(self.chip.air, phone_address(number), entropy_of(f"phone {number}"))

    def known_phone(self, number: int = 1) -> "GuessingPhone":
        return GuessingPhone(self.chip.air, phone_address(number), entropy_of(f"phone {number}"))


Scene = Callable[[Network], Awaitable[None]]


def play(chip: AccessPointChip, scene: Scene, settings: NetworkSettings = PROTECTED, **parameters: Any) -> Network:
    """A network on the chip, while the scene lasts."""

    async def main() -> Network:
        radio = await open_access_point_radio("wlan0")
        assert isinstance(radio, Nl80211FirmwareRadio)
        heard: list[ApEvent | InternalRegistrarEvent] = []
        group = ButtonGroup(registrar(), heard.extend)
        authority = group.registrar.add_network(settings, RfBands.BAND_2_4_GHZ)
        machine = AccessPoint(
            AccessPointParameters("wlan0", settings, 2437, **parameters),
            radio.address,
            radio.capabilities,
            WpsRuns(authority, radio.address, entropy_of("runs")),
            entropy_of("ap"),
        )

        def report(events: Sequence[ApEvent]) -> None:
            group.pump()
            heard.extend(events)

        runner = AccessPointRunner(machine, radio, report)
        group.runners.append(runner)
        network = Network(chip, radio, group, runner, heard)
        await runner.start()
        try:
            await scene(network)
        finally:
            await runner.stop()
            group.stop()
        return network

    return run(main())


def test_a_press_here_and_there_puts_the_phone_on_the_network(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        phone = network.phone()
        network.group.press_button()
        await phone.join_by_push_button()
        await phone.ping()
        assert network.runner.machine.connected_stations == [phone.address]

    network = play(chip, scene)
    assert network.kinds(WpsRunStarted, EnrolmentSucceeded, StationConnected, StationDisconnected) == [
        "WpsRunStarted",
        "EnrolmentSucceeded",
        "StationConnected",
        "StationDisconnected",  # the agent stops
    ]
    assert chip.refused == []
    assert not {FRAME, NEW_STATION, SET_BSS, PROBE_CLIENT} & set(chip.kernel.commands())
    assert STOP_AP in chip.kernel.commands()


@pytest.mark.parametrize("kind", [SimulatedPhone, ElderPhone, WindowsPhone, NoisyPhone])
@pytest.mark.parametrize("settings", [PROTECTED, OPEN], ids=["WPA2", "open"])
def test_phones_of_every_age_join(chip: AccessPointChip, kind: type[SimulatedPhone], settings: NetworkSettings) -> None:
    async def scene(network: Network) -> None:
        phone = network.phone(kind=kind)
        network.group.press_button()
        await phone.join_by_push_button()
        await phone.ping()

    play(chip, scene, settings)


@pytest.mark.parametrize("code", [errno.EOPNOTSUPP, errno.EINVAL])
def test_a_driver_that_registers_no_frames_will_do(chip: AccessPointChip, code: int) -> None:
    chip.kernel.refuse(REGISTER_FRAME, code)

    async def scene(network: Network) -> None:
        phone = network.phone()
        network.group.press_button()
        await phone.join_by_push_button()
        await phone.ping()

    play(chip, scene)


def test_what_the_chip_can_do_is_read_from_its_wiphy(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        can = network.radio.capabilities
        assert (can.has_ap_sme, can.has_control_port, can.has_channel_switch) == (True, False, False)
        assert (can.maximum_scan_ssids, can.maximum_scan_elements) == (10, 2048)
        assert can.channels_for({InterfaceType.AP: 1, InterfaceType.STATION: 1}) == 1
        assert can.channels_for({InterfaceType.AP: 2}) is None

    play(chip, scene)


def test_by_pin(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        phone = network.phone()
        network.group.add_pin(PIN)
        await phone.join_by_pin(PIN)
        await phone.ping()

    play(chip, scene)


def test_a_driver_that_leaves_out_the_request_s_elements_can_enrol_and_nothing_else(chip: AccessPointChip) -> None:
    """Without elements everybody may be there for WPS (Windows); who brings a key is not known by it."""
    chip.tells_elements = False

    async def scene(network: Network) -> None:
        phone = network.phone(kind=ElderPhone)
        network.group.press_button()
        with pytest.raises(PhoneError, match="the handshake failed"):
            await phone.join_by_push_button()
        assert network.kinds(EnrolmentSucceeded) == ["EnrolmentSucceeded"]

    play(chip, scene)


def test_the_button_changes_what_the_firmware_says(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        before = chip.beacon_elements, chip.probe_elements
        network.group.press_button()
        await asyncio.sleep(0.01)
        pressed = chip.beacon_elements, chip.probe_elements
        assert all(now != then for now, then in zip(pressed, before, strict=True))
        assert all(Elements.decode(octets).vendor(WPS_VENDOR_TYPE) for octets in (*before, *pressed))
        network.group.cancel()
        await asyncio.sleep(0.01)
        assert (chip.beacon_elements, chip.probe_elements) == before
        assert Elements.decode(chip.association_elements).vendor(WPS_VENDOR_TYPE)

    play(chip, scene)
    assert chip.kernel.commands().count(SET_BEACON) == 2


def test_the_firmware_keeps_wmm_for_our_network(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        assert chip.rsne is not None
        assert chip.has_wmm

    play(chip, scene)


def test_a_wrong_key_is_told_and_the_phone_sent_away(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        guessing = network.known_phone()
        with pytest.raises(PhoneError, match="sent us away with reason"):
            await guessing.guess(b"another passphrase")
        assert network.kinds(HandshakeFailed) == ["HandshakeFailed"]
        await network.known_phone(2).guess(PROTECTED_PSK)

    play(chip, scene)
    assert FRAME not in chip.kernel.commands()


def test_a_phone_that_leaves_is_told_and_may_come_again(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        phone = network.known_phone()
        await phone.guess(PROTECTED_PSK)
        phone.say_goodbye()
        await asyncio.sleep(0.1)
        assert network.kinds(StationConnected, StationDisconnected) == ["StationConnected", "StationDisconnected"]
        assert network.runner.machine.connected_stations == []
        await phone.guess(PROTECTED_PSK)
        await phone.ping()

    play(chip, scene)


def test_a_phone_that_comes_anew_without_leaving_begins_anew(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        phone = network.known_phone()
        await phone.guess(PROTECTED_PSK)
        await phone.guess(PROTECTED_PSK)
        await phone.ping()
        assert network.kinds(StationConnected, StationDisconnected) == [
            "StationConnected",
            "StationDisconnected",
            "StationConnected",
        ]

    play(chip, scene)
    assert DEL_STATION not in chip.kernel.commands()[:-3]  # that would have been the new association's end


def test_sending_away_is_the_firmware_s_and_has_our_reason(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        phone = network.known_phone()
        await phone.guess(PROTECTED_PSK)
        await phone.ping()
        network.runner.disconnect(phone.address)
        with pytest.raises(PhoneError, match="sent us away with reason 3"):
            await phone.ping()
        away = chip.kernel.last(DEL_STATION).values
        assert (away[6], away[41], away[54]) == (phone.address, b"\x0c", b"\x03\x00")
        await asyncio.sleep(0.1)
        assert network.kinds(StationDisconnected) == ["StationDisconnected"]

    play(chip, scene)


def test_who_has_no_place_is_sent_away(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        await network.known_phone().guess(PROTECTED_PSK)
        with pytest.raises(PhoneError, match="sent us away with reason 5"):
            await network.known_phone(2).guess(PROTECTED_PSK)
        await network.known_phone().guess(PROTECTED_PSK)

    play(chip, scene, max_stations=1)


def test_the_group_key_is_renewed_and_who_does_not_take_it_is_sent_away(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        phone = network.known_phone()
        await phone.guess(PROTECTED_PSK)
        await phone.ping()
        before = chip.group_key
        network.runner.machine.rekey(asyncio.get_running_loop().time())
        network.runner.pump()
        await asyncio.sleep(10)  # a real phone would answer
        with pytest.raises(PhoneError, match="sent us away with reason 16"):
            await phone.ping()
        assert chip.group_key not in (None, before)

    play(chip, scene)


def test_quiet_stations_are_the_firmware_s_affair(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        await network.known_phone().guess(PROTECTED_PSK)
        await asyncio.sleep(1000)
        assert network.kinds(StationDisconnected) == []

    play(chip, scene)
    assert not {GET_STATION, PROBE_CLIENT} & set(chip.kernel.commands())


def test_two_phones_at_once_are_noticed_at_the_press_where_probe_requests_are_heard(chip: AccessPointChip) -> None:
    chip.hears_probes = True

    async def scene(network: Network) -> None:
        joining = [asyncio.create_task(network.phone(n).join_by_push_button()) for n in (1, 2)]
        await asyncio.sleep(2)
        with pytest.raises(OverlapError):
            network.group.press_button()
        for task in joining:
            task.cancel()
        await asyncio.wait(joining)

    play(chip, scene)


def test_two_phones_at_once_are_noticed_at_the_second_m1_where_they_are_not(chip: AccessPointChip) -> None:
    """What is lost on a chip that keeps probe requests to itself."""

    async def scene(network: Network) -> None:
        joining = [asyncio.create_task(network.phone(n).join_by_push_button()) for n in (1, 2)]
        await asyncio.sleep(2)
        network.group.press_button()
        results = await asyncio.gather(*joining, return_exceptions=True)
        assert [type(result) for result in results] == [PhoneError, PhoneError]
        assert network.kinds(OverlapDetected, EnrolmentSucceeded) == ["OverlapDetected"]

    play(chip, scene)


def test_an_access_point_stopped_by_others_is_lost(chip: AccessPointChip) -> None:
    async def scene(network: Network) -> None:
        chip.deliver(STOP_AP)
        await asyncio.sleep(0.1)
        assert network.kinds(AccessPointLost) == ["AccessPointLost"]

    play(chip, scene)


@pytest.mark.parametrize("seed", range(12))
def test_over_bad_air_the_phone_joins_or_says_why_and_nothing_is_left_behind(chip: AccessPointChip, seed: int) -> None:
    chip.air = BadAir(seeded(seed))

    async def scene(network: Network) -> None:
        phone = network.phone()
        for _ in range(20):
            network.group.press_button()
            with suppress(PhoneError):
                await phone.join_by_push_button()
                await phone.ping()
                break
            await asyncio.sleep(130)
        assert network.runner.machine.connected_stations == [phone.address]

    play(chip, scene)
    assert chip.refused == []
