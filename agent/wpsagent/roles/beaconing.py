# SPDX-License-Identifier: BSD-3-Clause
"""The part of an access point that is on the air whoever listens: its beacon, and the channel it is on.

Implements the move to another channel (IEEE 802.11-2020, 11.8.8): the beacon counts down to it, so that the stations
come along.  Where the radio cannot announce it, or the other channel is in another band, which the element cannot say,
the access point stops and starts anew.

    is there       switch_channel, can be announced       SwitchChannel                      counts down
    is there       switch_channel, cannot                 Stop- and StartAccessPoint         is there
    counts down    ChannelSwitched                        the beacon, if it has changed      is there
    counts down    another switch_channel, a refusal, 3 s Stop- and StartAccessPoint         is there
"""

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, replace

from wpsagent.capabilities import RadioCapabilities
from wpsagent.dot11.channels import band_of, channel_of
from wpsagent.dot11.elements import ElementId, element
from wpsagent.errors import RadioError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.ports import Beacon, RadioCommand, SetBeacon, StartAccessPoint, SwitchChannel
from wpsagent.roles.beacons import ApDescription
from wpsagent.roles.events import ApEvent, ChannelChanged
from wpsagent.roles.own_frames import OwnFrames
from wpsagent.roles.parameters import AccessPointParameters
from wpsagent.roles.wps_runs import WpsRuns
from wpsagent.rsn.rsne import Rsne

BEACONS_BEFORE = 5
"""How often stations are told before a move: one that sleeps misses some."""

MOVE_TIMEOUT = 3.0
"""Seconds from the last beacon on the old channel after which a move that was not reported counts as failed."""

TIME_UNIT = 1024e-6
"""Seconds of a TU (IEEE 802.11-2020, 3.1)."""

_GO_ON_SENDING = 0
_COUNTER_OFFSET = 4


@dataclass(slots=True)
class _Move:
    """Whither, and until when.  is_stale: the WPS elements have changed while no beacon may be renewed."""

    description: ApDescription
    frames: OwnFrames
    deadline: float
    is_stale: bool = False


class Beaconing(ABC):
    """What `access_point.AccessPoint` is built on."""

    def __init__(
        self,
        parameters: AccessPointParameters,
        address: MacAddress,
        capabilities: RadioCapabilities,
        wps: WpsRuns | None,
        rsne: Rsne | None,
    ) -> None:
        """Raises RadioError when the radio cannot use the channel."""
        self.parameters = parameters
        self.address = address
        self.is_started = False
        self._capabilities = capabilities
        self._wps = wps
        self._rsne = rsne
        self._outbox: list[RadioCommand] = []
        self._events: deque[ApEvent] = deque()
        self._description = self._description_on(parameters.frequency_mhz)
        self._frames = OwnFrames(self._description, wps)
        self._move: _Move | None = None

    @property
    @abstractmethod
    def connected_stations(self) -> list[MacAddress]:
        """The stations whose port is open."""

    @abstractmethod
    def start(self, now: float) -> None:
        """Begin to beacon."""

    @abstractmethod
    def stop(self, now: float) -> None:
        """Send every station away and stop beaconing."""

    @abstractmethod
    def _lost(self, reason: str, now: float) -> None:
        """It beacons no more."""

    def selected_registrar_changed(self) -> None:
        """The WPS elements have changed: renew the beacon."""
        if self._wps is not None:
            self._wps.prepare()
        if self._move is not None:
            self._move.is_stale = True  # the kernel takes no new beacon while it counts down
        elif self.is_started:
            self._outbox.append(SetBeacon(self._frames.beacon()))

    def switch_channel(self, frequency_mhz: int, now: float, count: int = BEACONS_BEFORE) -> None:
        """Move, with the stations where they can be told, in so many beacons at most; ChannelChanged follows.

        Without effect where it is there, or on its way.  Raises RadioError where no access point may be there.
        """
        target = self._move.description if self._move is not None else self._description
        if target.frequency_mhz == frequency_mhz:
            return
        description = self._description_on(frequency_mhz)
        if not self.is_started:
            self._arrive(description)
        elif self._move is None and self._can_announce(frequency_mhz):
            self._announce(description, now, count)
        else:
            self._start_anew(description, now)

    @property
    def description(self) -> ApDescription:
        """What it says of itself, where it is now."""
        return self._description

    # ---- for the access point

    def _description_on(self, frequency_mhz: int) -> ApDescription:
        """Raises RadioError."""
        parameters = self.parameters
        try:
            return ApDescription.on(
                self._capabilities,
                address=self.address,
                ssid=parameters.settings.ssid,
                frequency_mhz=frequency_mhz,
                beacon_interval_tu=parameters.beacon_interval_tu,
                rsne_element=self._rsne.element() if self._rsne else b"",
                is_hidden=parameters.is_hidden,
                country=parameters.country,
            )
        except UsageError as error:
            raise RadioError(str(error)) from error

    def _start_command(self) -> StartAccessPoint:
        description, parameters = self._description, self.parameters
        return StartAccessPoint(
            ssid=description.ssid,
            frequency_mhz=parameters.frequency_mhz,
            beacon=self._frames.beacon(),
            beacon_interval_tu=parameters.beacon_interval_tu,
            dtim_period=parameters.dtim_period,
            basic_rates=description.basic_rates,
            is_protected=self._rsne is not None,
            has_ht=description.ht is not None,
            is_hidden=parameters.is_hidden,
            has_short_slot=description.is_2_4_ghz,
        )

    @property
    def is_moving(self) -> bool:
        """The stations have been told of another channel, and the radio is not there yet."""
        return self._move is not None

    @property
    def _move_deadline(self) -> float | None:
        return self._move.deadline if self._move is not None else None

    def _channel_switched(self, frequency_mhz: int, now: float) -> None:
        """The radio is there; also where it went by itself."""
        move = self._move
        if move is not None and move.description.frequency_mhz == frequency_mhz:
            self._arrive(move.description)
            if move.is_stale:
                self._outbox.append(SetBeacon(self._frames.beacon()))
        elif frequency_mhz != self._description.frequency_mhz:
            try:
                self._arrive(self._description_on(frequency_mhz))
            except RadioError as error:
                self._lost(str(error), now)
            else:
                self._outbox.append(SetBeacon(self._frames.beacon()))

    def _give_up_announcing(self, now: float) -> None:
        """The radio refused, or said nothing: be there all the same."""
        if self._move is not None:
            self._start_anew(self._move.description, now)

    # ---- moves

    def _can_announce(self, frequency_mhz: int) -> bool:
        is_same_band = band_of(self._description.frequency_mhz) is band_of(frequency_mhz)
        return self._capabilities.has_channel_switch and is_same_band

    def _announce(self, description: ApDescription, now: float, count: int) -> None:
        deadline = now + MOVE_TIMEOUT + count * self.parameters.beacon_interval_tu * TIME_UNIT
        self._move = _Move(description, OwnFrames(description, self._wps), deadline)
        count = count if self.connected_stations else 1
        self._outbox.append(
            SwitchChannel(
                frequency_mhz=description.frequency_mhz,
                count=count,
                announcement=_with_announcement(self._frames.beacon(), description.frequency_mhz, count),
                counter_offset=_COUNTER_OFFSET,
                beacon=self._move.frames.beacon(),
                has_ht=description.ht is not None,
            )
        )

    def _start_anew(self, description: ApDescription, now: float) -> None:
        """Stop here and start there; the stations must find us again."""
        self.stop(now)
        self._arrive(description)
        self.start(now)

    def _arrive(self, description: ApDescription) -> None:
        move, self._move = self._move, None
        is_announced = move is not None and move.description is description
        self._frames = move.frames if move is not None and is_announced else OwnFrames(description, self._wps)
        self._description = description
        self.parameters = replace(self.parameters, frequency_mhz=description.frequency_mhz)
        self._events.append(ChannelChanged(description.frequency_mhz))


def _with_announcement(beacon: Beacon, frequency_mhz: int, count: int) -> Beacon:
    """A Channel Switch Announcement (9.4.2.18) in front of the tail.

    offset 0 Element ID 37;  1 length 3;  2 mode (0: stations may go on sending);  3 new channel;  4 count of beacons
    """
    body = bytes((_GO_ON_SENDING, channel_of(frequency_mhz), count))
    return replace(beacon, tail=element(ElementId.CHANNEL_SWITCH_ANNOUNCEMENT, body) + beacon.tail)
