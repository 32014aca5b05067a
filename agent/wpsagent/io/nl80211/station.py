# SPDX-License-Identifier: BSD-3-Clause
"""A station's radio over nl80211: scans, and connections by CONNECT, for SoftMAC and FullMAC drivers alike.

Implements ports.StationRadio.  Sources: linux/nl80211.h; the order of commands is the roles' business.  The kernel or
the firmware authenticates and associates, the agent is the supplicant.  EAPOL that comes before the kernel has said
that the association stands is held until then.  A connection is owned by the socket: when the process dies the kernel
disconnects.  Until its port is open the interface is dormant (RFC 2863): nobody asks for addresses too early, and no
packet of theirs has the driver begin a block acknowledgement agreement, which holds EAPOL up for 70 ms.  There is one
connection at a time.  Firmware (brcmfmac) may go over to another access point by itself: that is told, with what the
kernel knows of it, and the keys are agreed on anew.  It is never given the key, so it does no handshake of its own.
"""

import asyncio
import errno
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

from wpsagent.capabilities import InterfaceType, RadioCapabilities
from wpsagent.dot11.frames import Deauthentication, decode_frame
from wpsagent.errors import DecodeError, NetlinkError, RadioError
from wpsagent.io import link
from wpsagent.io.nl80211 import requests
from wpsagent.io.nl80211.bring_up import Plan
from wpsagent.io.nl80211.capabilities import read_interface
from wpsagent.io.nl80211.codec import Message
from wpsagent.io.nl80211.enumerations import Command
from wpsagent.io.nl80211.interface import Nl80211Interface, address_of, frame_of, open_radio
from wpsagent.io.nl80211.link_watch import LinkWatch
from wpsagent.io.nl80211.scan import Scanner
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AbortScan,
    Associated,
    AssociationFailed,
    AuthorizeStation,
    ChannelSwitchAnnounced,
    ChannelSwitched,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    FrameReceived,
    InstallKey,
    InstallReceiveKey,
    RadioLost,
    RemoveStation,
    Roamed,
    SendEapol,
    SendFrame,
    StationCommand,
    StationEvent,
    TriggerScan,
    UnprotectedFarewell,
)

_log = logging.getLogger(__name__)

_ACTION = 0xD0  # IEEE 802.11-2020, 9.2.4.1: type management, subtype action
_SA_QUERY_RESPONSE = b"\x08\x01"  # 9.6.9.3; requests are answered by the kernel or the firmware

_HELD_EAPOL = 16
_FAREWELL_TIME = 1.0  # seconds until the kernel says that the connection is over

# IEEE 802.11-2020, table 9-49
_UNSPECIFIED = 1
_LEAVING = 3


async def open_station_radio(
    interface: str, *, create_on: str | None = None, on_packet_eapol: bool = False, is_lent: bool = False
) -> "Nl80211StationRadio":
    """Bring an interface up as a radio that can be a station.

    create_on: make the interface on this radio ("phy0", or the name of another interface of it); it is removed on
    close.  on_packet_eapol: EAPOL over AF_PACKET although the driver has a control port.  is_lent: whoever manages the
    interface knows that it is ours for now.  Raises RadioError, NetlinkError.
    """
    plan = Plan(interface, InterfaceType.STATION, create_on=create_on, is_lent=is_lent)
    return await open_radio(lambda _capabilities: Nl80211StationRadio, plan, on_packet_eapol=on_packet_eapol)


class Nl80211StationRadio(Nl80211Interface[StationEvent]):
    """ports.StationRadio on one interface; made by open_station_radio."""

    _of_the_whole_radio = frozenset({Command.DEL_WIPHY, Command.NEW_SCAN_RESULTS, Command.SCAN_ABORTED})

    def __init__(
        self, transport: Transport, interface: str, index: int, capabilities: RadioCapabilities, undo: AsyncExitStack
    ) -> None:
        super().__init__(transport, interface, index, capabilities, undo)
        self._scanner = Scanner(
            transport, index, capabilities, request=self._request, begin=self._begin, emit=self._emit
        )
        self._watch: LinkWatch | None = None
        self._attempt: Connect | None = None
        self._bssid: MacAddress | None = None  # of the association that stands
        self._is_roaming = False  # it stands, and has yet to be told
        self._held: deque[EapolReceived] = deque(maxlen=_HELD_EAPOL)
        self._is_over = asyncio.Event()
        self._why_lost: str | None = None

    def send_now(self, command: StationCommand) -> bool:
        return self._why_lost is None and self._send_now(command)

    async def execute(self, command: StationCommand) -> None:
        """Carry out one command.  Raises RadioError or NetlinkError when it is refused."""
        self._refuse_when_closed()
        if self._why_lost is not None:
            raise RadioError(self._why_lost)
        await _COMMANDS[type(command)](self, command)

    async def _subscribe(self) -> None:
        self._transport.subscribe("scan")
        self._watch = LinkWatch(self._index, self._link_changed)
        self._set_link(link.hold_back)
        try:
            await self._request(Command.REGISTER_FRAME, requests.register_frame(_ACTION, _SA_QUERY_RESPONSE))
        except NetlinkError as error:
            _log.debug("%s does not give us answers to SA Queries: %s", self.interface, error)

    async def _end_use(self) -> None:
        self._scanner.close()
        if self._watch is not None:
            self._watch.close()
            self._set_link(link.end_holding_back)
        if self._bssid is None and self._attempt is None:
            return
        try:
            await self._request(Command.DISCONNECT, {"REASON_CODE": _LEAVING})
        except (NetlinkError, RadioError) as error:
            _log.debug("disconnecting %s: %s", self.interface, error)

    # ---- commands

    async def _trigger_scan(self, command: TriggerScan) -> None:
        await self._scanner.trigger(command)

    async def _abort_scan(self, _command: AbortScan) -> None:
        await self._scanner.abort()

    async def _connect(self, command: Connect) -> None:
        if self._bssid is not None or self._attempt is not None:
            raise RadioError(f"{self.interface} is connected or connecting already: disconnect it first")
        self._attempt = command
        self._held.clear()
        try:
            await self._request(Command.CONNECT, requests.connect(command, has_control_port=self._eapol is None))
        except (NetlinkError, RadioError) as error:
            self._attempt = None
            if isinstance(error, NetlinkError):
                self._raise_in_words(error, _CONNECT_REFUSALS)
            raise

    async def _disconnect(self, command: Disconnect) -> None:
        """Returns when the connection is over, so that another may follow."""
        if self._bssid is None and self._attempt is None:
            return
        self._is_over.clear()
        try:
            await self._request(Command.DISCONNECT, {"REASON_CODE": command.reason_code})
        except NetlinkError as error:
            if error.errno != errno.ENOTCONN:
                raise
        if self._bssid is not None:
            await self._wait_until_over()
        self._ended(command.reason_code, is_by_peer=False)

    async def _wait_until_over(self) -> None:
        try:
            async with asyncio.timeout(_FAREWELL_TIME):
                await self._is_over.wait()
        except TimeoutError:
            _log.debug("%s: the kernel does not say that the connection is over", self.interface)

    async def _install_key(self, command: InstallKey) -> None:
        await self._request(Command.NEW_KEY, requests.new_key(command))

    async def _install_receive_key(self, command: InstallReceiveKey) -> None:
        await self._request(Command.NEW_KEY, requests.new_receive_key(command))

    async def _authorize_station(self, command: AuthorizeStation) -> None:
        request = requests.authorize_station(command.address, is_authorized=command.is_authorized)
        try:
            await self._request(Command.SET_STATION, request)
        except NetlinkError as error:
            if self.capabilities.has_control_port:
                raise
            # Firmware without a control port lets everything through from the association on.
            _log.debug("%s has no port to open: %s", self.interface, error)
        if command.is_authorized:
            self._set_link(link.let_through)

    def _set_link(self, change: Callable[[str], None]) -> None:
        """A refusal costs a little time, or what the user sees of the interface; the connection works all the same."""
        try:
            if link.index_of(self.interface) == self._index:  # somebody may have made it anew
                change(self.interface)
        except RadioError as error:
            _log.debug("%s", error)

    async def _remove_station(self, command: RemoveStation) -> None:
        """The access point stays as long as the connection does; its key goes."""
        try:
            await self._transport.request(
                Command.DEL_KEY, {"IFINDEX": self._index, **requests.pairwise_key_of(command.address)}
            )
        except NetlinkError as error:
            # EINVAL is how brcmfmac says that there was no key.
            if error.errno not in (errno.ENOENT, errno.ENOLINK, errno.EINVAL):
                raise

    # ---- events

    def _event_handler(self, command: int) -> Callable[[Message], None] | None:
        handler = _EVENTS.get(command)
        return None if handler is None else partial(handler, self)

    def _scan_started(self, _message: Message) -> None:
        self._scanner.started()

    def _scan_ended(self, message: Message) -> None:
        self._scanner.ended(message)

    def _connected(self, message: Message) -> None:
        """The result of CONNECT; the kernel says the same when another program has associated."""
        attempt, address, status = self._attempt, address_of(message), message.integer("STATUS_CODE")
        # Whom a failure names means nothing: with brcmfmac it is the access point before, or 00:00:00:00:00:00.
        is_failure = bool(status) or "TIMED_OUT" in message
        if attempt is None or (not is_failure and address not in (None, attempt.bssid)):
            _log.debug("%s: the result of a connection that is not wanted", self.interface)
            return
        self._attempt = None
        if is_failure:
            self._held.clear()
            self._emit(AssociationFailed(attempt.bssid, None if "TIMED_OUT" in message else status))
            return
        self._bssid = attempt.bssid
        self._emit(Associated(attempt.bssid, message.octets("RESP_IE") or b""))
        self._deliver_held()

    def _disconnected(self, message: Message) -> None:
        reason = message.integer("REASON_CODE") or _UNSPECIFIED
        if self._attempt is not None:
            self._attempt_failed()
        else:
            self._ended(reason, is_by_peer="DISCONNECTED_BY_AP" in message)

    def _roamed(self, message: Message) -> None:
        address = address_of(message)
        if self._bssid is not None and address is not None:
            self._bssid, self._is_roaming = address, True
            self._begin(self._follow(address))

    async def _follow(self, bssid: MacAddress) -> None:
        known = await self._scanner.known()
        if self._bssid == bssid and self._is_roaming:
            self._is_roaming = False
            self._emit(Roamed(bssid, next((found for found in known if found.bssid == bssid), None)))
            self._deliver_held()

    def _channel_switch_announced(self, message: Message) -> None:
        """The kernel has heard our access point say so, and will follow it if nothing on this radio is in the way."""
        mhz = message.integer("WIPHY_FREQ")
        if mhz is not None and self._bssid is not None:
            self._emit(ChannelSwitchAnnounced(mhz, message.integer("CH_SWITCH_COUNT") or 0))

    def _channel_switched(self, message: Message) -> None:
        mhz = message.integer("WIPHY_FREQ")
        if mhz is not None and self._bssid is not None:
            self._emit(ChannelSwitched(mhz))

    def _frame_received(self, message: Message) -> None:
        frame = frame_of(message)
        if frame is not None and self._bssid is not None:
            self._emit(FrameReceived(frame))

    def _unprotected_farewell(self, message: Message) -> None:
        """A deauthentication or disassociation that lacked protection; the kernel has dropped it."""
        try:
            frame = decode_frame(message.octets("FRAME") or b"")
        except DecodeError as error:
            _log.debug("%s: %s", self.interface, error)
            return
        if isinstance(frame, Deauthentication) and frame.source == self._bssid:
            self._emit(UnprotectedFarewell(frame.reason_code))

    def _eapol_received(self, source: MacAddress, pdu: bytes) -> None:
        if source == self._bssid and not self._is_roaming:
            self._emit(EapolReceived(source, pdu))
        elif self._bssid is not None or (self._attempt is not None and source == self._attempt.bssid):
            self._held.append(EapolReceived(source, pdu))

    def _deliver_held(self) -> None:
        """What came early from the access point we are with now; what came from others is of no use."""
        held = [each for each in self._held if each.source == self._bssid]
        self._held.clear()
        for early in held:
            self._emit(early)

    def _interface_gone(self, _message: Message) -> None:
        self._lost(f"{self.interface} is gone: its radio or driver was removed")

    def _link_changed(self) -> None:
        reason = self._why_unusable()
        if reason is not None:
            self._lost(reason)

    # ---- ends

    def _ended(self, reason_code: int, *, is_by_peer: bool) -> None:
        """The connection, or the attempt at one that we gave up; told once."""
        self._is_over.set()
        self._held.clear()
        self._is_roaming = False
        if self._bssid is not None or self._attempt is not None:
            self._bssid = self._attempt = None
            self._emit(Disconnected(reason_code, is_by_peer))

    def _attempt_failed(self) -> None:
        attempt, self._attempt = self._attempt, None
        self._held.clear()
        if attempt is not None:
            self._emit(AssociationFailed(attempt.bssid, None))

    def _lost(self, reason: str) -> None:
        if self._why_lost is None:
            self._why_lost = reason
            self._bssid = self._attempt = None
            self._is_over.set()
            self._scanner.close()
            self._emit(RadioLost(reason))

    def _messages_lost(self) -> None:
        """The kernel dropped messages: the end of a scan, an attempt or a connection may be among them."""
        self._scanner.messages_lost()
        if self._attempt is not None:
            self._begin(self._give_up())
        elif self._bssid is not None:
            self._begin(self._check_connection())

    async def _give_up(self) -> None:
        """Whether the attempt has succeeded is not known: begin anew."""
        try:
            await self._request(Command.DISCONNECT, {"REASON_CODE": _LEAVING})
        except (NetlinkError, RadioError) as error:
            _log.debug("giving up a connection of %s: %s", self.interface, error)
        self._attempt_failed()

    async def _check_connection(self) -> None:
        try:
            interface = await read_interface(self._transport, self._index, self.interface)
        except RadioError as error:
            self._lost(str(error))
        except NetlinkError as error:
            _log.warning("cannot tell whether %s is still connected: %s", self.interface, error)
        else:
            if interface.ssid is None:
                self._ended(_UNSPECIFIED, is_by_peer=False)


_CONNECT_REFUSALS = {
    errno.EALREADY: "is connected already: another program uses it",
    errno.EBUSY: "is in use: another program connects it, or an access point of this radio is in the way",
}

# Any: each method takes the command that stands beside it
_COMMANDS: dict[type[StationCommand], Callable[[Nl80211StationRadio, Any], Awaitable[None]]] = {
    TriggerScan: Nl80211StationRadio._trigger_scan,
    AbortScan: Nl80211StationRadio._abort_scan,
    Connect: Nl80211StationRadio._connect,
    Disconnect: Nl80211StationRadio._disconnect,
    SendFrame: Nl80211StationRadio._send_frame,
    SendEapol: Nl80211StationRadio._send_eapol,
    InstallKey: Nl80211StationRadio._install_key,
    InstallReceiveKey: Nl80211StationRadio._install_receive_key,
    AuthorizeStation: Nl80211StationRadio._authorize_station,
    RemoveStation: Nl80211StationRadio._remove_station,
}

_EVENTS: dict[int, Callable[[Nl80211StationRadio, Message], None]] = {
    Command.TRIGGER_SCAN: Nl80211StationRadio._scan_started,
    Command.NEW_SCAN_RESULTS: Nl80211StationRadio._scan_ended,
    Command.SCAN_ABORTED: Nl80211StationRadio._scan_ended,
    Command.CONNECT: Nl80211StationRadio._connected,
    Command.DISCONNECT: Nl80211StationRadio._disconnected,
    Command.ROAM: Nl80211StationRadio._roamed,
    Command.CH_SWITCH_STARTED_NOTIFY: Nl80211StationRadio._channel_switch_announced,
    Command.CH_SWITCH_NOTIFY: Nl80211StationRadio._channel_switched,
    Command.FRAME: Nl80211StationRadio._frame_received,
    Command.UNPROT_DEAUTHENTICATE: Nl80211StationRadio._unprotected_farewell,
    Command.UNPROT_DISASSOCIATE: Nl80211StationRadio._unprotected_farewell,
    Command.CONTROL_PORT_FRAME: Nl80211StationRadio._control_port_frame,
    Command.DEL_INTERFACE: Nl80211StationRadio._interface_gone,
    Command.DEL_WIPHY: Nl80211StationRadio._interface_gone,
}
