# SPDX-License-Identifier: BSD-3-Clause
"""An access point as its commands see it, that does what it is told and notes it; and an agent that has it."""

from collections.abc import Sequence

from tests.unit.test_control_commands import FakeAgent

from wpsagent.control.agent import AccessPoint, AccessPointStatus, ConnectedStation
from wpsagent.errors import UsageError
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, WpsState

ADDRESS = MacAddress.parse("02:00:00:00:00:00")
PHONE = MacAddress.parse("02:00:00:00:01:00")
LAPTOP = MacAddress.parse("02:00:00:00:02:00")
HOME = NetworkSettings(
    Ssid(b'my "home"'), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, passphrase=b"correct horse"
)


class FakeAccessPoint:
    """Keeps the contract of control.AccessPoint; changed: what it was told, in order."""

    interface = "wlan0"

    def __init__(self) -> None:
        self.changed: list[tuple[object, ...]] = []
        self.is_enabled = True
        self.network_settings = HOME
        self.wps_state: WpsState | None = WpsState.CONFIGURED
        self.ap_pin: bytes | None = None
        self.stations: list[ConnectedStation] = []
        self.variables = {"device_name": "AP"}

    @property
    def status(self) -> AccessPointStatus:
        return AccessPointStatus(
            self.interface, ADDRESS, self.network_settings.ssid, 2437, 6, self.is_enabled, len(self.stations)
        )

    def set_ap_pin(self, pin: bytes | None, timeout: float) -> None:
        self.changed.append(("set_ap_pin", pin, timeout))
        self.ap_pin = pin

    def new_ap_pin(self, timeout: float) -> bytes:
        self.set_ap_pin(b"12345670", timeout)
        return b"12345670"

    def clients(self) -> Sequence[ConnectedStation]:
        return self.stations

    def send_away(self, address: MacAddress, reason_code: int, *, is_deauthentication: bool) -> bool:
        self.changed.append(("send_away", address, reason_code, is_deauthentication))
        return address == BROADCAST or any(station.address == address for station in self.stations)

    def configure(self, settings: NetworkSettings) -> None:
        self.changed.append(("configure", settings))
        self.network_settings = settings

    def enable(self) -> None:
        self._switch(is_enabled=True)

    def disable(self) -> None:
        self._switch(is_enabled=False)

    def _switch(self, *, is_enabled: bool) -> None:
        if self.is_enabled == is_enabled:
            raise UsageError("it is so already")
        self.changed.append(("enabled", is_enabled))
        self.is_enabled = is_enabled

    def reload(self) -> None:
        self.changed.append(("reload",))

    def set_variable(self, name: str, value: str) -> None:
        if name not in self.variables:
            raise UsageError(f"there is no {name}")
        self.changed.append(("set_variable", name, value))
        self.variables[name] = value

    def get_variable(self, name: str) -> str:
        if name not in self.variables:
            raise UsageError(f"there is no {name}")
        return self.variables[name]


class AgentWithAccessPoint(FakeAgent):
    """An agent with this access point and nothing else."""

    def __init__(self, access_point: FakeAccessPoint) -> None:
        super().__init__()
        self._access_point = access_point

    def access_points(self) -> Sequence[AccessPointStatus]:
        return (self._access_point.status,)

    def access_point_doors(self) -> Sequence[AccessPoint]:
        return (self._access_point,)
