# SPDX-License-Identifier: BSD-3-Clause
"""What control commands ask of the agent: the door that the daemon implements, and the values that pass through it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from wpsagent.octets import MacAddress, Ssid
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
class AccessPointStatus:
    """What STATUS reports of one network."""

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


class Station(Protocol):
    """One station of ours as its commands see it."""

    interface: str

    @property
    def networks(self) -> NetworkList:
        """The networks it knows, also while its radio is gone."""

    @property
    def now(self) -> float:
        """The time as the machine counts it."""

    def machine(self) -> StationMachine:
        """What it is at; raises UsageError while its radio is gone."""

    def act(self, call: Callable[[StationMachine, float], _Result]) -> _Result:
        """Ask the machine for something, at this time, and carry out what it wants then; raises UsageError."""

    def save(self) -> None:
        """Write the networks to their file; raises AgentError."""

    def new_pin(self) -> bytes:
        """A fresh PIN of eight digits."""


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

    def stations(self) -> Sequence[Station]:
        """Every station of ours, in the configuration's order."""

    def report(self) -> Mapping[str, Any]:
        """Everything there is to know, for AGENT_STATUS; JSON values only."""

    def terminate(self) -> None:
        """Stop, once the reply is on its way."""
