# SPDX-License-Identifier: BSD-3-Clause
"""An access point's radio over nl80211, for FullMAC drivers (DEVICE_AP_SME): the firmware is the AP's SME.

Implements ports.AccessPointRadio for chips such as the Raspberry Pi's (brcmfmac).  Sources: linux/nl80211.h;
drivers/net/wireless/broadcom/brcm80211/brcmfmac/cfg80211.c.  What differs from mac80211, whose radio is `radio`:

    probe, authentication     the firmware answers them by itself, with the elements of START_AP and SET_BEACON
    association               NEW_STATION with the elements of the request: StationAssociated; EAPOL that came first
                              (its way is another, and shorter) is held until then
    the end of an association DEL_STATION: StationLeft
    sending somebody away     a deauthentication or disassociation becomes DEL_STATION; no other frame is sent
    AddStation, RemoveStation nothing: the firmware knows
    probe requests            come where the driver reports them, and few do
    SET_BSS, PROBE_CLIENT     are not there
"""

import errno
import logging
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack

from wpsagent.capabilities import RadioCapabilities
from wpsagent.dot11.frames import Deauthentication, ReasonCode, decode_frame
from wpsagent.errors import DecodeError, NetlinkError, RadioError
from wpsagent.io.nl80211 import requests
from wpsagent.io.nl80211.codec import Message
from wpsagent.io.nl80211.enumerations import Command
from wpsagent.io.nl80211.interface import address_of
from wpsagent.io.nl80211.radio import PROBE_REQUEST, WILDCARD_SSID, Nl80211Radio
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    EapolReceived,
    RadioCommand,
    RemoveStation,
    SendFrame,
    StartAccessPoint,
    StationAssociated,
    StationLeft,
)

_log = logging.getLogger(__name__)

_HELD_EAPOL = 16


class Nl80211FirmwareRadio(Nl80211Radio):
    """ports.AccessPointRadio on one interface; made by open_access_point_radio."""

    def __init__(
        self, transport: Transport, interface: str, index: int, capabilities: RadioCapabilities, undo: AsyncExitStack
    ) -> None:
        super().__init__(transport, interface, index, capabilities, undo)
        self._associated: set[MacAddress] = set()
        self._held: deque[EapolReceived] = deque(maxlen=_HELD_EAPOL)

    def send_now(self, command: RadioCommand) -> bool:
        return not isinstance(command, SendFrame) and super().send_now(command)

    async def _execute(self, command: RadioCommand) -> None:
        match command:
            case SendFrame():
                self._refuse_when_closed()
                await self._send_away(command)
            case AddStation() | RemoveStation():
                pass
            case AuthorizeStation():
                await self._open_port(command)
            case StartAccessPoint():
                self._associated.clear()
                self._held.clear()
                await super()._execute(command)
            case _:
                await super()._execute(command)

    async def _subscribe(self) -> None:
        await self._register(PROBE_REQUEST, WILDCARD_SSID)

    async def _register(self, frame_type: int, match: bytes = b"") -> None:
        """Whoever registered before us is another program; that the driver reports no such frames is no refusal."""
        try:
            await super()._register(frame_type, match)
        except NetlinkError as error:
            _log.debug("%s does not report probe requests: %s", self.interface, error)

    # ---- commands

    async def _configure_bss(self, command: StartAccessPoint) -> None:
        """The firmware has read it from the beacon."""

    async def _send_away(self, command: SendFrame) -> None:
        try:
            frame = decode_frame(command.frame)
        except DecodeError:
            return
        # A Disassociation is one, too.
        if isinstance(frame, Deauthentication) and not frame.destination.is_multicast:
            await self._request(Command.DEL_STATION, requests.send_away(frame))

    async def _open_port(self, command: AuthorizeStation) -> None:
        try:
            await super()._execute(command)
        except NetlinkError as error:
            if error.errno != errno.EOPNOTSUPP:
                raise
            _log.debug("%s has no port to open: its keys are all that protects it", self.interface)

    # ---- events

    def _event_handler(self, command: int) -> Callable[[Message], None] | None:
        match command:
            case Command.NEW_STATION:
                return self._station_came
            case Command.DEL_STATION:
                return self._station_gone
            case _:
                return super()._event_handler(command)

    def _station_came(self, message: Message) -> None:
        address = address_of(message)
        if address is None:
            return
        self._associated.add(address)
        self._emit(StationAssociated(address, message.octets("IE") or b""))
        for early in self._take_held(address):
            self._emit(early)

    def _station_gone(self, message: Message) -> None:
        address = address_of(message)
        if address is not None:
            self._forget(address)

    def _forget(self, address: MacAddress) -> None:
        self._associated.discard(address)
        self._take_held(address)
        self._emit(StationLeft(address))

    def _take_held(self, address: MacAddress) -> list[EapolReceived]:
        taken = [each for each in self._held if each.source == address]
        for each in taken:
            self._held.remove(each)
        return taken

    def _eapol_received(self, source: MacAddress, pdu: bytes) -> None:
        if source in self._associated:
            super()._eapol_received(source, pdu)
        else:
            self._held.append(EapolReceived(source, pdu))

    def _messages_lost(self) -> None:
        """Arrivals and departures may be among them, too."""
        super()._messages_lost()
        if self._is_beaconing:
            self._begin(self._check_stations())

    async def _check_stations(self) -> None:
        """Who has gone is gone; who has come without our hearing why is sent away, to come again."""
        try:
            messages = await self._transport.dump(Command.GET_STATION, {"IFINDEX": self._index})
            present = {address for message in messages if (address := address_of(message)) is not None}
            for address in self._associated - present:
                self._forget(address)
            for address in present - self._associated:
                farewell = Deauthentication(address, self.address, self.address, ReasonCode.NOT_AUTHENTICATED)
                await self._request(Command.DEL_STATION, requests.send_away(farewell))
        except (NetlinkError, RadioError) as error:
            _log.warning("cannot tell who is connected to %s: %s", self.interface, error)
