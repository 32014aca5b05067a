# SPDX-License-Identifier: BSD-3-Clause
"""An access point's radio over nl80211, for SoftMAC drivers (mac80211): the agent is the AP's SME.

Implements ports.AccessPointRadio.  Sources: linux/nl80211.h; the order of commands is the roles' business.
Management frames come by registration, EAPOL over nl80211's control port or, where the driver has none, AF_PACKET.
Every AP is owned by the socket: when the process dies the kernel stops it.
"""

import errno
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from wpsagent.capabilities import RadioCapabilities
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211 import requests
from wpsagent.io.nl80211.capabilities import read_interface, read_wiphys
from wpsagent.io.nl80211.codec import Message
from wpsagent.io.nl80211.enumerations import Command
from wpsagent.io.nl80211.interface import REFUSALS, Nl80211Interface, address_of
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AddStation,
    AuthorizeStation,
    ChannelSwitched,
    EapolReceived,
    FrameReceived,
    FrameStatus,
    GroupSequence,
    InstallKey,
    ProbeStation,
    RadioCommand,
    RadioEvent,
    RadioLost,
    ReadActivity,
    ReadGroupSequence,
    RemoveStation,
    SendEapol,
    SendFrame,
    SetBeacon,
    StartAccessPoint,
    StationActivity,
    StationProbed,
    StopAccessPoint,
    SwitchChannel,
    UnexpectedFrame,
)

_log = logging.getLogger(__name__)

PROBE_REQUEST = 0x40
# authentication, association request, reassociation request, disassociation, deauthentication
_REGISTERED_FRAMES = (0xB0, 0x00, 0x20, 0xA0, 0xC0)
WILDCARD_SSID = b"\x00\x00"  # an SSID element without octets

_REMEMBERED_FRAMES = 256
_ATTEMPTS = 3
_PACKET_NUMBER_SIZE = 6


class Nl80211Radio(Nl80211Interface[RadioEvent]):
    """ports.AccessPointRadio on one interface; made by open_access_point_radio."""

    def __init__(
        self, transport: Transport, interface: str, index: int, capabilities: RadioCapabilities, undo: AsyncExitStack
    ) -> None:
        super().__init__(transport, interface, index, capabilities, undo)
        self._tokens: OrderedDict[int, int] = OrderedDict()  # cookie → token, oldest first
        self._early_fates: dict[int, bool] = {}  # cookie → is acknowledged
        self._frames_in_flight = 0
        self._probed_ssid: bytes | None = None
        self._is_beaconing = False

    def send_now(self, command: RadioCommand) -> bool:
        return self._send_now(command)

    async def execute(self, command: RadioCommand) -> None:
        """Carry out one command.  Raises RadioError or NetlinkError when it is refused."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                await self._execute(command)
            except NetlinkError as error:
                # The answer was lost in a flood of frames.  All commands but the start may be given twice.
                if error.errno != errno.ENOBUFS or attempt == _ATTEMPTS or isinstance(command, StartAccessPoint):
                    raise
            else:
                return

    async def _execute(self, command: RadioCommand) -> None:
        self._refuse_when_closed()
        await _COMMANDS[type(command)](self, command)

    async def _subscribe(self) -> None:
        for frame_type in _REGISTERED_FRAMES:
            await self._register(frame_type)
        await self._register(PROBE_REQUEST, WILDCARD_SSID)
        await self._request(Command.UNEXPECTED_FRAME, {})

    async def _end_use(self) -> None:
        if not self._is_beaconing:
            return
        try:
            await self._transport.request(Command.STOP_AP, {"IFINDEX": self._index})
        except NetlinkError as error:
            _log.debug("stopping %s: %s", self.interface, error)

    # ---- commands

    async def _start(self, command: StartAccessPoint) -> None:
        await self._watch_probes_for(command.ssid)
        request = requests.start_access_point(command, has_control_port=self._eapol is None)
        try:
            await self._request(Command.START_AP, request)
        except NetlinkError as error:
            self._raise_in_words(error, _START_REFUSALS)
            await self._raise_for_channel(error, command.frequency_mhz)
            raise
        self._is_beaconing = True
        await self._configure_bss(command)

    async def _configure_bss(self, command: StartAccessPoint) -> None:
        await self._request(Command.SET_BSS, requests.set_bss(command))

    async def _watch_probes_for(self, ssid: bytes) -> None:
        """Probe requests for this network come too; those for other networks stay in the kernel."""
        if ssid != self._probed_ssid:
            await self._register(PROBE_REQUEST, bytes([0, len(ssid)]) + ssid)
            self._probed_ssid = ssid

    async def _raise_for_channel(self, error: NetlinkError, mhz: int) -> None:
        """Raises RadioError if the regulatory domain of this moment is why: the kernel says no more than EINVAL."""
        wiphys = await read_wiphys(self._transport, self.capabilities.wiphy) if error.errno == errno.EINVAL else []
        reason = describe_channel(wiphys[0], mhz) if wiphys else None
        if reason is not None:
            raise RadioError(f"{self.interface} cannot be an access point: {reason}") from error

    async def _set_beacon(self, command: SetBeacon) -> None:
        await self._request(Command.SET_BEACON, requests.beacon(command.beacon))

    async def _switch_channel(self, command: SwitchChannel) -> None:
        """Returns when the announcement is on the air."""
        try:
            await self._request(Command.CHANNEL_SWITCH, requests.switch_channel(command))
        except NetlinkError as error:
            await self._raise_for_channel(error, command.frequency_mhz)
            raise

    async def _stop(self, _command: StopAccessPoint) -> None:
        if self._is_beaconing:
            self._is_beaconing = False
            await self._request(Command.STOP_AP, {})

    async def _send_frame(self, command: SendFrame) -> None:
        if command.token is None:
            self._tell(command)
            return
        token = command.token
        self._frames_in_flight += 1
        try:
            await self._request(
                Command.FRAME, {"FRAME": command.frame}, on_reply=lambda reply: self._sent(reply, token)
            )
        finally:
            self._frames_in_flight -= 1
            if not self._frames_in_flight:
                self._early_fates.clear()

    def _sent(self, reply: Message, token: int) -> None:
        """The kernel's reply says the frame's cookie; where sending is quick its fate is known before that."""
        cookie = reply.integer("COOKIE")
        if cookie is None:
            return
        if cookie in self._early_fates:
            self._emit(FrameStatus(token, self._early_fates.pop(cookie)))
            return
        self._tokens[cookie] = token
        while len(self._tokens) > _REMEMBERED_FRAMES:  # their fate was lost with dropped messages
            self._tokens.popitem(last=False)

    async def _add_station(self, command: AddStation) -> None:
        request = requests.new_station(command)
        try:
            await self._request(Command.NEW_STATION, request)
        except NetlinkError as error:
            if error.errno != errno.EEXIST:
                raise
            await self._remove_station(RemoveStation(command.address))
            await self._request(Command.NEW_STATION, request)

    async def _authorize_station(self, command: AuthorizeStation) -> None:
        request = requests.authorize_station(command.address, is_authorized=command.is_authorized)
        await self._request(Command.SET_STATION, request)

    async def _remove_station(self, command: RemoveStation) -> None:
        try:
            await self._request(Command.DEL_STATION, {"MAC": bytes(command.address)})
        except NetlinkError as error:
            if error.errno != errno.ENOENT:
                raise

    async def _install_key(self, command: InstallKey) -> None:
        await self._request(Command.NEW_KEY, requests.new_key(command))
        if command.station is None:
            await self._request(Command.SET_KEY, requests.default_group_key(command.index))

    async def _read_group_sequence(self, command: ReadGroupSequence) -> None:
        def answered(reply: Message) -> None:
            packet_number = reply.octets("KEY_SEQ")
            if packet_number is not None and len(packet_number) == _PACKET_NUMBER_SIZE:
                self._emit(GroupSequence(command.index, packet_number))

        await self._request(Command.GET_KEY, requests.group_sequence(command.index), on_reply=answered)

    async def _probe_station(self, command: ProbeStation) -> None:
        await self._request(Command.PROBE_CLIENT, {"MAC": bytes(command.address)})

    async def _read_activity(self, _command: ReadActivity) -> None:
        try:
            messages = await self._transport.dump(Command.GET_STATION, {"IFINDEX": self._index})
        except NetlinkError as error:
            self._raise_in_words(error, REFUSALS)
            raise
        stations = []
        for message in messages:
            information = message.nest("STA_INFO")
            inactive_ms = information.integer("INACTIVE_TIME") if information else None
            address = address_of(message)
            if address is not None and inactive_ms is not None:
                stations.append((address, inactive_ms))
        self._emit(StationActivity(tuple(stations)))

    async def _register(self, frame_type: int, match: bytes = b"") -> None:
        try:
            await self._request(Command.REGISTER_FRAME, requests.register_frame(frame_type, match))
        except NetlinkError as error:
            if error.errno == errno.EALREADY and not self._is_own_probe(frame_type, match):
                raise RadioError(
                    f"{self.interface} is used by another program (hostapd or wpa_supplicant): stop that, "
                    "or name another interface"
                ) from error
            if error.errno != errno.EALREADY:
                raise

    def _is_own_probe(self, frame_type: int, match: bytes) -> bool:
        """A network of that name was started before: its probe requests come already."""
        return frame_type == PROBE_REQUEST and match != WILDCARD_SSID

    # ---- events

    def _event_handler(self, command: int) -> Callable[[Message], None] | None:
        handler = _EVENTS.get(command)
        return None if handler is None else partial(handler, self)

    def _frame_received(self, message: Message) -> None:
        frame = message.octets("FRAME")
        if frame is not None:
            self._emit(FrameReceived(frame, message.integer("RX_SIGNAL_DBM")))

    def _frame_fate(self, message: Message) -> None:
        cookie, is_acknowledged = message.integer("COOKIE"), "ACK" in message
        if cookie is None:
            return
        token = self._tokens.pop(cookie, None)
        if token is not None:
            self._emit(FrameStatus(token, is_acknowledged))
        elif self._frames_in_flight:
            self._early_fates[cookie] = is_acknowledged

    def _eapol_received(self, source: MacAddress, pdu: bytes) -> None:
        self._emit(EapolReceived(source, pdu))

    def _unexpected_frame(self, message: Message) -> None:
        source = address_of(message)
        if source is not None:
            self._emit(UnexpectedFrame(source))

    def _station_probed(self, message: Message) -> None:
        address = address_of(message)
        if address is not None:
            self._emit(StationProbed(address, "ACK" in message))

    def _channel_switched(self, message: Message) -> None:
        mhz = message.integer("WIPHY_FREQ")
        if mhz is not None:
            self._emit(ChannelSwitched(mhz))

    def _stopped(self, _message: Message) -> None:
        self._lost(self._describe_stop())

    def _interface_gone(self, _message: Message) -> None:
        self._lost(f"{self.interface} is gone: its radio or driver was removed")

    def _describe_stop(self) -> str:
        stopped = f"the access point on {self.interface} was stopped: set down, unplugged, or taken by another program"
        return self._why_unusable() or stopped

    def _lost(self, reason: str) -> None:
        if self._is_beaconing:
            self._is_beaconing = False
            self._emit(RadioLost(reason))

    def _messages_lost(self) -> None:
        """The kernel dropped messages: the one that says that the access point has ended may be among them."""
        if self._is_beaconing:
            self._begin(self._check_beaconing())

    async def _check_beaconing(self) -> None:
        try:
            interface = await read_interface(self._transport, self._index, self.interface)
        except RadioError as error:
            self._lost(str(error))
        except NetlinkError as error:
            _log.warning("cannot tell whether %s still beacons: %s", self.interface, error)
        else:
            if interface.ssid is None:
                self._lost(self._describe_stop())


def describe_channel(capabilities: RadioCapabilities, mhz: int) -> str | None:
    """Why an access point may not be on this frequency, for people; None when it may."""
    band = capabilities.band_of(mhz)
    frequency = None if band is None else next(f for f in band.frequencies if f.mhz == mhz)
    advice = "choose another channel, or set the country the radio is in ('iw reg set CC')"
    if frequency is None:
        return f"{capabilities.wiphy_name} has no channel at {mhz} MHz"
    if frequency.is_disabled:
        return f"the regulatory domain forbids {mhz} MHz; {advice}"
    if frequency.needs_radar_detection:
        return f"{mhz} MHz needs radar detection, which wps-agent does not do; {advice}"
    if not frequency.may_initiate:
        return f"the regulatory domain lets no access point start on {mhz} MHz; {advice}"
    return None


_START_REFUSALS = {
    errno.EALREADY: "beacons already: another program runs an access point on it",
    errno.EBUSY: (
        "cannot beacon: another interface of this radio is in the way (mostly it is on another channel: use that one)"
    ),
}

# Any: each method takes the command that stands beside it
_COMMANDS: dict[type[RadioCommand], Callable[[Nl80211Radio, Any], Awaitable[None]]] = {
    StartAccessPoint: Nl80211Radio._start,
    SetBeacon: Nl80211Radio._set_beacon,
    SwitchChannel: Nl80211Radio._switch_channel,
    StopAccessPoint: Nl80211Radio._stop,
    SendFrame: Nl80211Radio._send_frame,
    SendEapol: Nl80211Radio._send_eapol,
    AddStation: Nl80211Radio._add_station,
    AuthorizeStation: Nl80211Radio._authorize_station,
    RemoveStation: Nl80211Radio._remove_station,
    InstallKey: Nl80211Radio._install_key,
    ProbeStation: Nl80211Radio._probe_station,
    ReadActivity: Nl80211Radio._read_activity,
    ReadGroupSequence: Nl80211Radio._read_group_sequence,
}

_EVENTS: dict[int, Callable[[Nl80211Radio, Message], None]] = {
    Command.FRAME: Nl80211Radio._frame_received,
    Command.FRAME_TX_STATUS: Nl80211Radio._frame_fate,
    Command.CONTROL_PORT_FRAME: Nl80211Radio._control_port_frame,
    Command.UNEXPECTED_FRAME: Nl80211Radio._unexpected_frame,
    Command.PROBE_CLIENT: Nl80211Radio._station_probed,
    Command.CH_SWITCH_NOTIFY: Nl80211Radio._channel_switched,
    Command.STOP_AP: Nl80211Radio._stopped,
    Command.DEL_INTERFACE: Nl80211Radio._interface_gone,
    Command.DEL_WIPHY: Nl80211Radio._interface_gone,
}
