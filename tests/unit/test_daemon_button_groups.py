# SPDX-License-Identifier: BSD-3-Clause
"""daemon.networks: several button groups in one device; one press, or one PIN, for more than one of them."""

import asyncio
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from tests.unit.roles_fake_radio import FakeRadio

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, Configuration
from wpsagent.daemon.networks import Networks
from wpsagent.errors import OverlapError
from wpsagent.octets import MacAddress
from wpsagent.ports import AccessPointRadio
from wpsagent.status import events as e
from wpsagent.wsc.device import DeviceDescription, uuid_from_mac
from wpsagent.wsc.elements import ProbeRequestAttributes
from wpsagent.wsc.enumerations import AuthenticationType, DevicePasswordId, EncryptionType, WpsState
from wpsagent.wsc.messages import M1
from wpsagent.wsc.registrar import Grant, RunOutcome

PHONE, PRINTER = MacAddress.parse("02:00:00:00:09:01"), MacAddress.parse("02:00:00:00:09:02")
PIN = b"12345670"


def configuration(groups: tuple[str, ...]) -> Configuration:
    return parse(
        "\n".join(
            f"""
[[access_point]]
interface = "wlan{number}"
ssid = "network {number}"
passphrase = "a passphrase"
button_group = "{group}"
"""
            for number, group in enumerate(groups)
        )
    )


class Scene:
    """Networks on fake radios, and what was reported of them."""

    def __init__(self, groups: tuple[str, ...]) -> None:
        self.events: list[e.AgentEvent] = []
        self._addresses: Iterator[int] = count(1)
        self.networks = Networks(configuration(groups), self._open, bytes, self.events.append)

    async def _open(self, settings: AccessPointSettings) -> AccessPointRadio:
        radio = FakeRadio()
        radio.address = MacAddress(bytes((2, 0, 0, 0, 0, next(self._addresses))))
        return radio

    def press(self, target: str | None = None) -> None:
        self.networks.press_button(self.networks.select(target))

    def open_groups(self) -> set[str]:
        return {
            name
            for name, group in self.networks.groups.items()
            if group.registrar.is_push_button_active or group.registrar.pin_ends_at is not None
        }

    def probe(self, group: str, address: MacAddress) -> None:
        """An enrollee in push-button mode is heard by one group."""
        attributes = ProbeRequestAttributes(
            request_type=0,
            uuid_e=bytes(10) + address,
            device=DeviceDescription(),
            device_password_id=DevicePasswordId.PUSH_BUTTON,
        ).encode()
        now = asyncio.get_running_loop().time()
        self.networks.groups[group].registrar.probe_request_received(address, attributes, now)

    def enrol(self, group: str, device_password_id: int = DevicePasswordId.PUSH_BUTTON) -> None:
        """A device gets what it came for."""
        now = asyncio.get_running_loop().time()
        message = m1(device_password_id)
        registrar = self.networks.groups[group].registrar
        grant = registrar.authorize(message, now)
        assert isinstance(grant, Grant)
        registrar.run_ended(message, grant, RunOutcome.SUCCEEDED, now)
        self.networks.groups[group].pump()

    def ends(self) -> list[tuple[str, str]]:
        return [
            (event.group, event.reason.value)
            for event in self.events
            if isinstance(event, e.PushButtonEnded | e.PinEnded)
        ]


def m1(device_password_id: int) -> M1:
    return M1(
        uuid_e=bytes(10) + PHONE,
        mac_address=PHONE,
        enrollee_nonce=bytes(16),
        public_key=bytes(192),
        wps_state=WpsState.NOT_CONFIGURED,
        device_password_id=device_password_id,
        authentication_types=AuthenticationType.WPA2_PERSONAL,
        encryption_types=EncryptionType.AES,
    )


async def with_groups(act: Callable[[Scene], None], *groups: str) -> None:
    """Act on networks that are up, one for each name."""
    scene = Scene(groups)
    await scene.networks.start()
    act(scene)
    await scene.networks.stop()


def run(act: Callable[[Scene], None], *groups: str) -> None:
    asyncio.run(with_groups(act, *groups))


def test_all_groups_show_the_uuid_that_the_first_address_makes() -> None:
    def act(scene: Scene) -> None:
        uuids = [group.registrar.uuid for group in scene.networks.groups.values()]
        assert uuids == [uuid_from_mac(MacAddress.parse("02:00:00:00:00:01"))] * 2

    run(act, "home", "guests")


def test_a_press_for_all_groups_is_used_up_by_one_device() -> None:
    def act(scene: Scene) -> None:
        scene.press()
        assert scene.open_groups() == {"home", "guests"}
        scene.enrol("guests")
        assert scene.open_groups() == set()
        assert scene.ends() == [("home", "replaced"), ("guests", "succeeded")]

    run(act, "home", "guests")


def test_a_pin_for_all_groups_is_used_up_by_one_device() -> None:
    def act(scene: Scene) -> None:
        scene.networks.add_pin(scene.networks.select(None), PIN, None, 0, None)
        assert scene.open_groups() == {"home", "guests"}
        scene.enrol("home", DevicePasswordId.DEFAULT)
        assert scene.open_groups() == set()
        assert scene.ends() == [("guests", "replaced"), ("home", "succeeded")]

    run(act, "home", "guests")


def test_a_group_pressed_again_on_its_own_is_another_press() -> None:
    def act(scene: Scene) -> None:
        scene.press()
        scene.press("guests")
        scene.enrol("home")
        assert scene.open_groups() == {"guests"}
        scene.enrol("guests")
        assert scene.ends() == [("home", "succeeded"), ("guests", "succeeded")]

    run(act, "home", "guests")


def test_a_press_that_one_group_refuses_opens_none() -> None:
    def act(scene: Scene) -> None:
        scene.probe("guests", PHONE)
        scene.probe("guests", PRINTER)
        with pytest.raises(OverlapError):
            scene.press()
        assert scene.open_groups() == set()
        assert [event for event in scene.events if isinstance(event, e.OverlapDetected)] == [
            e.OverlapDetected("guests")
        ]
        scene.press("home")
        assert scene.open_groups() == {"home"}

    run(act, "home", "guests")
