# SPDX-License-Identifier: BSD-3-Clause
"""The state of our stations, as it is shown: radio, network joined, number of networks, the last WPS run."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from wpsagent.octets import MacAddress
from wpsagent.status import station_events as e
from wpsagent.status import texts


class StationState(StrEnum):
    STARTING = "starting"
    DISCONNECTED = "disconnected"
    CONNECTED = "connected"
    FAILED = "failed"
    LOST = "lost"
    HANDED_OVER = "handed_over"


@dataclass(slots=True)
class LastRun:
    """A WPS run: the one there is, or else the last one.  result "active" while it lasts."""

    method: str
    result: str = "active"
    cause: str = "none"
    reason: str | None = None


@dataclass(slots=True)
class StationStatus:
    """One station.  reason: why it is FAILED or LOST, or why its networks are not saved."""

    interface: str
    state: StationState = StationState.STARTING
    reason: str | None = None
    ssid: str | None = None
    bssid: MacAddress | None = None
    networks: int = 0
    wps: LastRun | None = None

    @property
    def is_down(self) -> bool:
        return self.state in (StationState.FAILED, StationState.LOST)

    def report(self) -> dict[str, Any]:
        """As MQTT and AGENT_STATUS tell it."""
        wps = self.wps
        return {
            "interface": self.interface,
            "state": self.state.value,
            "reason": self.reason,
            "ssid": self.ssid,
            "bssid": None if self.bssid is None else str(self.bssid),
            "networks": self.networks,
            "wps": None
            if wps is None
            else {"method": wps.method, "result": wps.result, "cause": wps.cause, "reason": wps.reason},
        }

    def turn(self, state: StationState, reason: str | None = None) -> None:
        """In no network now, whatever it was before."""
        self.state, self.reason, self.ssid, self.bssid = state, reason, None, None


class Stations:
    """Changes with every event of a station."""

    def __init__(self, interfaces: Iterable[str]) -> None:
        self._stations = {interface: StationStatus(interface) for interface in interfaces}

    def __contains__(self, interface: str) -> bool:
        return interface in self._stations

    @property
    def is_any_down(self) -> bool:
        return any(station.is_down for station in self._stations.values())

    def report(self) -> list[dict[str, Any]]:
        return [station.report() for station in self._stations.values()]

    def apply(self, event: e.StationAgentEvent) -> None:
        """Events of stations that are not ours have no effect."""
        match event:
            case e.StationAdded():
                self._stations[event.interface] = StationStatus(event.interface)
            case e.StationRemoved():
                self._stations.pop(event.interface, None)
            case _:
                pass
        station = self._stations.get(event.interface)
        if station is not None:
            _change(station, event)


def _change(station: StationStatus, event: e.StationAgentEvent) -> None:
    match event:
        case e.StationStarted():
            station.turn(StationState.DISCONNECTED)
            station.networks = event.networks
        case e.StationFailed():
            station.turn(StationState.FAILED, event.reason)
        case e.StationLost():
            station.turn(StationState.LOST, event.reason)
        case e.NetworksKnown():
            station.networks = event.count
        case e.NetworksNotSaved():
            station.reason = event.reason
        case e.Joined():
            station.state, station.ssid, station.bssid = (
                StationState.CONNECTED,
                texts.ssid_text(event.ssid),
                event.bssid,
            )
        case e.Left() if not station.is_down:
            station.state, station.ssid, station.bssid = StationState.DISCONNECTED, None, None
        case e.HandedOver():
            station.turn(StationState.HANDED_OVER)
            station.ssid = texts.ssid_text(event.ssid)
        case e.InterfaceGivenBack():
            station.turn(StationState.HANDED_OVER)
        case e.StationWpsStarted():
            station.wps = LastRun(event.method.value)
        case e.StationWpsEnded():
            station.wps = LastRun(event.method.value, event.result.value, event.cause, event.reason or None)
        case _:
            pass
