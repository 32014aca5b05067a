# SPDX-License-Identifier: BSD-3-Clause
"""A house of access points whose radios are fakes."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.unit.jumping_loop import run
from tests.unit.roles_bench import PHONE, entropy_of, only
from tests.unit.roles_fake_radio import FakeRadio, settle

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings
from wpsagent.daemon.network import Network
from wpsagent.daemon.networks import Networks
from wpsagent.octets import Ssid
from wpsagent.ports import (
    AccessPointRadio,
    StartAccessPoint,
)
from wpsagent.roles import events as ap
from wpsagent.status import events as e
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

ONE = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\nchannel = 6\n'
TWIN = ONE.replace("wlan0", "wlan1").replace("channel = 6", "channel = 36")
OTHER = ONE.replace("wlan0", "wlan2").replace('"home"', '"garden"')
NO_WPS = '[[access_point]]\ninterface = "guest0"\nssid = "guests"\nsecurity = "open"\nchannel = 6\nwps = false\n'
NEW = NetworkSettings(
    Ssid(b"new"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, passphrase=b"staple of a horse"
)
NEW_PSK = NetworkSettings(Ssid(b"new"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, psk=b"\x07" * 32)
NEW_OPEN = NetworkSettings(Ssid(b"new"), AuthenticationType.OPEN, EncryptionType.NONE)
TKIP = NetworkSettings(Ssid(b"new"), AuthenticationType.WPA_PERSONAL, EncryptionType.TKIP, passphrase=b"long enough")


class House:
    """Networks on fake radios; folder: their state directory."""

    def __init__(self, text: str, folder: Path) -> None:
        self.configuration = parse(f'[agent]\nstate_directory = "{folder}"\n{text}', host_name="house")
        self.radios: list[FakeRadio] = []
        self.told: list[e.AgentEvent] = []
        self.networks = Networks(self.configuration, self.open_radio, entropy_of("house"), self.told.append)

    async def open_radio(self, settings: AccessPointSettings) -> AccessPointRadio:
        self.radios.append(FakeRadio())
        return self.radios[-1]

    def take(self, kind: type[e.AgentEvent] | None = None) -> list[e.AgentEvent]:
        told = [event for event in self.told if kind is None or isinstance(event, kind)]
        self.told.clear()
        return told

    @property
    def first(self) -> Network:
        return self.networks.networks[0]

    def change(self, settings: NetworkSettings = NEW, *, is_from_registrar: bool = False) -> None:
        """As the first network's machine reports it when WPS has brought something."""
        self.first._ap_events([ap.ApSettingsChanged(PHONE, settings, is_from_registrar=is_from_registrar)])


Scene = Callable[[House], Coroutine[Any, Any, None]]


def play(text: str, folder: Path, scene: Scene) -> House:
    """A scene while all networks are up."""

    async def whole() -> House:
        house = House(text, folder)
        await house.networks.start()
        await settle()
        house.take()
        await scene(house)
        await house.networks.stop()
        return house

    return run(whole())


def ssids_of(radio: FakeRadio) -> list[bytes]:
    return [bytes(start.ssid) for start in only(radio.take(), StartAccessPoint)]
