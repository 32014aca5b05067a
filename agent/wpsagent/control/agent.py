# SPDX-License-Identifier: BSD-3-Clause
"""What control commands ask of the agent: the door that the daemon implements, and the values that pass through it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from wpsagent.dot11.elements import HtCapabilities
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enrollee_table import EnrolleeInformation
from wpsagent.wsc.enumerations import WpsState

if TYPE_CHECKING:
    from wpsagent.roles.sta.machine import StationMachine
    from wpsagent.roles.sta.network import NetworkList

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class WpsStatus:
    """What WPS_GET_STATUS reports, in its own words.

    push_button: Disabled, Active, Timed-out or Overlap; last_result: None, Success or Failed.
    """

    push_button: str = "Disabled"
    last_result: str = "None"
    failure_reason: str | None = None
    peer: MacAddress | None = None


@dataclass(frozen=True, slots=True)
class OnAir:
    """How a network beacons.  rates: in units of 500 kbit/s; ht: of 802.11n, where the radio has it."""

    rates: tuple[int, ...]
    ht: HtCapabilities | None
    max_power_dbm: float


@dataclass(frozen=True, slots=True)
class AccessPointStatus:
    """What STATUS reports of one network.  on_air: while it is up."""

    interface: str
    address: MacAddress
    ssid: Ssid
    frequency_mhz: int
    channel: int
    is_enabled: bool
    stations: int
    phy: str = ""
    beacon_interval_tu: int = 100
    dtim_period: int = 2
    on_air: OnAir | None = None


@dataclass(frozen=True, slots=True)
class ConnectedStation:
    """What STA reports of one station of an access point of ours.

    is_wps: it associated for Wi-Fi Protected Setup.  capability, listen_interval, supported_rates (units of 500 kbit/s)
    and ht_capabilities (26 octets, of a station of 802.11n): as in its association request.  enrollee: what it said of
    itself, if it said anything.
    """

    address: MacAddress
    aid: int
    is_authorized: bool
    is_wps: bool = False
    connected_seconds: int = 0
    inactive_seconds: float = 0.0
    enrollee: EnrolleeInformation | None = None
    is_associated: bool = True
    is_wps2: bool = False
    has_wmm: bool = False
    ht_capabilities: bytes | None = None
    has_mfp: bool = False
    capability: int = 0
    listen_interval: int = 0
    supported_rates: bytes = b""


class AccessPoint(Protocol):
    """One access point of ours as its commands see it, also while its radio is gone."""

    interface: str

    @property
    def status(self) -> AccessPointStatus:
        """What STATUS reports."""

    @property
    def network_settings(self) -> NetworkSettings:
        """What it beacons now, or would."""

    @property
    def wps_state(self) -> WpsState | None:
        """None: WPS is off."""

    @property
    def ap_pin(self) -> bytes | None:
        """The PIN by which a registrar may configure it; None while there is none."""

    def set_ap_pin(self, pin: bytes | None, timeout: float) -> None:
        """Another PIN, for so many seconds (0: for ever), or none; raises UsageError."""

    def new_ap_pin(self, timeout: float) -> bytes:
        """A random PIN, as by set_ap_pin; raises UsageError."""

    def clients(self) -> Sequence[ConnectedStation]:
        """Its stations, the one that came last first."""

    def send_away(self, address: MacAddress, reason_code: int, *, is_deauthentication: bool) -> bool:
        """End a station's association (BROADCAST: everybody's); False when it is not there."""

    def configure(self, settings: NetworkSettings) -> None:
        """New settings, as if a registrar had given them; raises UsageError."""

    def enable(self) -> None:
        """Bring it up; raises UsageError when it is up."""

    def disable(self) -> None:
        """Take it down until `enable`; raises UsageError when it is down."""

    def reload(self) -> None:
        """Put what was set by set_variable on the air; raises UsageError."""

    def set_variable(self, name: str, value: str) -> None:
        """One of hostapd's settings, by its name there; raises UsageError for an unknown name or a bad value."""

    def get_variable(self, name: str) -> str:
        """Its value, secrets excepted; raises UsageError for an unknown name."""


class Station(Protocol):
    """One station of ours as its commands see it."""

    interface: str

    @property
    def networks(self) -> "NetworkList":
        """The networks it knows, also while its radio is gone."""

    @property
    def now(self) -> float:
        """The time as the machine counts it."""

    def machine(self) -> "StationMachine":
        """What it is at; raises UsageError while its radio is gone."""

    def act(self, call: "Callable[[StationMachine, float], _Result]") -> _Result:
        """Ask the machine for something, at this time, and carry out what it wants then; raises UsageError."""

    def begin_wps(self, call: "Callable[[StationMachine, float], object]") -> None:
        """As act, for what begins a WPS run: an interface that was handed over to others is fetched first."""

    def edit(self, call: "Callable[[StationMachine, float], _Result]") -> _Result:
        """As act, for what concerns its networks alone: also while its radio is gone, once it has been there."""

    def save(self) -> None:
        """Write networks and options to their file; raises AgentError."""

    def reload(self) -> None:
        """Read the file again: its networks and options count, and nothing else; raises AgentError."""

    def new_pin(self) -> bytes:
        """A fresh PIN of eight digits."""

    def new_scan_id(self) -> int:
        """A number for a scan, from 1."""

    def set_option(self, name: str, value: str) -> None:
        """One of wpa_supplicant's global options, by its name there; raises AgentError, and then nothing is set."""

    def get_option(self, name: str) -> str | None:
        """Its value, secrets as "*"; None where it has none, or there is no such option."""

    @property
    def ip_address(self) -> str | None:
        """The interface's IPv4 address, if it has one."""

    # ---- as an access point

    @property
    def access_point(self) -> AccessPoint | None:
        """What the interface is while a network with mode=2 is selected; None while it is a station."""

    @property
    def access_point_id(self) -> int | None:
        """The number of that network."""

    def become_access_point(self, network_id: int) -> None:
        """Be the access point that a network with mode=2 says; raises UsageError."""

    def leave_access_point(self, network_id: int | None = None) -> None:
        """Be a station again, if it is the access point of that network (None: of any)."""


class Agent(Protocol):
    """The agent as its commands see it.

    Whatever cannot be done raises an AgentError whose text tells a person why (OverlapError for a refused press).
    target is a button group or an interface; None means everything that has WPS.
    """

    def press_button(self, target: str | None) -> None:
        """Open a push-button session, as if the button had been pressed."""

    def cancel(self, target: str | None) -> None:
        """Stop the push-button or PIN session of a target; nothing going on is no error."""

    def add_pin(
        self, pin: bytes, *, uuid_e: bytes | None, timeout: float, address: MacAddress | None, target: str | None
    ) -> None:
        """Offer a PIN to an enrollee (uuid_e None: to any).  timeout in seconds, 0 for none."""

    def wps_status(self, target: str | None) -> WpsStatus:
        """Push-button status and last result."""

    def access_points(self) -> Sequence[AccessPointStatus]:
        """Every network of ours, in the configuration's order."""

    def access_point_doors(self) -> Sequence[AccessPoint]:
        """Every access point of ours, in the configuration's order."""

    def pending_pins(self, target: str | None) -> Sequence[EnrolleeInformation]:
        """The enrollees that wait for somebody to enter their PIN."""

    def stations(self) -> Sequence[Station]:
        """Every station of ours, in the configuration's order."""

    def add_access_points(self, path: str, wiphy: str | None) -> None:
        """The networks of a hostapd.conf, until they are removed or the agent ends; wiphy: where the first is made."""

    def remove_access_point(self, interface: str) -> None:
        """An access point is no longer ours."""

    def free_interfaces(self) -> Sequence[str]:
        """The wireless interfaces of this device that are not ours."""

    def add_station(self, interface: str, path: str, driver: str, control_directory: str) -> None:
        """One more station, with the networks of a file (none: ""), until it is removed or the agent ends."""

    def remove_station(self, interface: str) -> None:
        """Remove a station that was added."""

    def report(self) -> Mapping[str, Any]:
        """Everything there is to know, for AGENT_STATUS; JSON values only."""

    def terminate(self) -> None:
        """Stop, once the reply is on its way."""
