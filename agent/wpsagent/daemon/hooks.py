# SPDX-License-Identifier: BSD-3-Clause
"""Tells the programs of each station (on_change) what happens to it, in the words of `wpa_cli -a`.

Arguments: the interface; CONNECTED, DISCONNECTED, or one of WPS-SUCCESS, WPS-FAIL, WPS-PBC-ACTIVE, WPS-PIN-ACTIVE,
WPS-CANCEL, WPS-TIMEOUT, WPS-OVERLAP-DETECTED with what else that line says to control clients, a word an argument.

Environment: WPA_CTRL_DIR, the folder of the station's control socket, always; from the first connection on, and as it
was then for DISCONNECTED and for what follows: WPA_ID, the network's number, WPA_ID_STR, its id_str or nothing, and,
which wpa_cli does not have, WPS_AGENT_SSID (printable, with wpa_supplicant's escapes) and WPS_AGENT_BSSID.
"""

import asyncio
from dataclasses import dataclass, field

from wpsagent.config.model import AgentSettings, Configuration, StationSettings
from wpsagent.daemon.control import folder_of
from wpsagent.io.hook import Hook
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status.board import ControlEvent

_PASSED_ON = (
    "WPS-SUCCESS",
    "WPS-FAIL",
    "WPS-PBC-ACTIVE",
    "WPS-PIN-ACTIVE",
    "WPS-CANCEL",
    "WPS-TIMEOUT",
    "WPS-OVERLAP-DETECTED",
)


@dataclass(slots=True)
class _Place:
    """One station: its programs, and what they were last told."""

    hook: Hook
    environment: dict[str, str]
    is_connected: bool = field(default=False)


class StationHooks:
    """The programs of all stations; hears what Reporting tells its observers and the control clients."""

    def __init__(self, configuration: Configuration) -> None:
        self._places: dict[str, _Place] = {}
        for station in configuration.stations:
            self._add(station, configuration.agent)

    def _add(self, station: StationSettings, agent: AgentSettings) -> None:
        if station.on_change:
            hook = Hook(station.interface, station.on_change)
            self._places[station.interface] = _Place(hook, {"WPA_CTRL_DIR": folder_of(station, agent)})

    async def reload(self, before: Configuration, after: Configuration) -> None:
        """As `after` says.  Other programs hear of a connection from the next one on."""
        gone = [_wishes(one, before.agent) for one in before.stations]
        wanted = [_wishes(one, after.agent) for one in after.stations]
        closing = [
            self._places.pop(name) for name, *rest in gone if (name, *rest) not in wanted if name in self._places
        ]
        await asyncio.gather(*(place.hook.close() for place in closing))
        for station in after.stations:
            if _wishes(station, after.agent) not in gone:
                self._add(station, after.agent)

    def observe(self, event: e.AgentEvent) -> None:
        """For Reporting.observers."""
        if isinstance(event, s.Joined | s.Left | s.StationLost) and event.interface in self._places:
            place = self._places[event.interface]
            if isinstance(event, s.Joined):
                _connected(place, event)
            else:
                _disconnected(place)

    def signal(self, event: ControlEvent) -> None:
        """For Reporting.control_listeners."""
        words = event.text.split()
        place = self._places.get(event.interface or "")
        if place is not None and words and words[0] in _PASSED_ON:
            place.hook.call(*words, environment=place.environment)

    async def close(self) -> None:
        """After the stations were stopped: their last DISCONNECTED runs, then nothing does."""
        await asyncio.gather(*(place.hook.close() for place in self._places.values()))


def _wishes(station: StationSettings, agent: AgentSettings) -> tuple[str, tuple[str, ...], str]:
    """What its programs are made from."""
    return station.interface, station.on_change, folder_of(station, agent)


def _connected(place: _Place, event: s.Joined) -> None:
    place.is_connected = True
    place.environment |= {
        "WPA_ID": str(event.network_id),
        "WPA_ID_STR": event.id_str,
        "WPS_AGENT_SSID": str(event.ssid),
        "WPS_AGENT_BSSID": str(event.bssid),
    }
    place.hook.call("CONNECTED", environment=place.environment)


def _disconnected(place: _Place) -> None:
    if place.is_connected:
        place.is_connected = False
        place.hook.call("DISCONNECTED", environment=place.environment)
