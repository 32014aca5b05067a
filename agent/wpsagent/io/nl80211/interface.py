# SPDX-License-Identifier: BSD-3-Clause
"""What an access point's radio and a station's have in common: one interface on one nl80211 socket.

Events go to a handler, or wait until there is one; EAPOL goes over nl80211's control port or, where the driver has
none, over AF_PACKET; refusals that say enough are told in words.  Sources: linux/nl80211.h; packet(7).
"""

import errno
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AsyncExitStack
from typing import Any, ClassVar, Generic, TypeVar

from wpsagent.capabilities import RadioCapabilities
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io import link
from wpsagent.io.nl80211 import requests
from wpsagent.io.nl80211.bring_up import BringUp, Plan
from wpsagent.io.nl80211.capabilities import rfkill_state
from wpsagent.io.nl80211.codec import Attributes, Message
from wpsagent.io.nl80211.enumerations import ETHERTYPE_EAPOL, Command
from wpsagent.io.nl80211.transport import Transport
from wpsagent.io.packet_socket import EapolSocket
from wpsagent.io.tasks import Tasks
from wpsagent.octets import MacAddress
from wpsagent.ports import SendEapol, SendFrame

_EARLY_EVENTS = 64
_PROTECTED_FRAME = 0x40  # in the second octet of Frame Control (IEEE 802.11-2020, 9.2.4.1)

Event = TypeVar("Event")
Radio = TypeVar("Radio", bound="Nl80211Interface[Any]")

REFUSALS = {
    errno.ENODEV: "is gone: its radio or driver was removed",
    errno.ENETDOWN: "is down: another program has set it down, or the radio is blocked",
    errno.ENOLINK: "is not connected any more",
    errno.EPERM: "cannot be driven: not permitted (run as root or with CAP_NET_ADMIN)",
}


class Nl80211Interface(ABC, Generic[Event]):
    """One interface that was brought up; whoever inherits says what its commands and events are."""

    _of_the_whole_radio: ClassVar[frozenset[int]] = frozenset(
        {Command.DEL_WIPHY}
    )  # events, whatever interface they name

    def __init__(
        self, transport: Transport, interface: str, index: int, capabilities: RadioCapabilities, undo: AsyncExitStack
    ) -> None:
        self.interface = interface
        self.address = link.address(interface)
        self.capabilities = capabilities
        self._transport = transport
        self._index = index
        self._undo = undo
        self._eapol: EapolSocket | None = None
        self._early: deque[Event] = deque(maxlen=_EARLY_EVENTS)
        self._handler: Callable[[Event], None] = self._early.append
        self._tasks = Tasks()
        self._is_closed = False
        undo.push_async_callback(self._shut_down)

    def set_handler(self, handler: Callable[[Event], None]) -> None:
        """Where events go from now on; what came since the radio was opened is delivered at once."""
        self._handler = handler
        while self._early:
            handler(self._early.popleft())

    async def listen(self, *, on_packet: bool, bridge: str | None) -> None:
        """Hear what the kernel has to say; part of opening.  Raises RadioError, NetlinkError."""
        self._transport.set_handlers(self._message_received, self._messages_lost, is_heard=self._is_heard)
        await self._subscribe()
        if on_packet:
            self._eapol = EapolSocket(self.interface, self._eapol_received, bridge=bridge)

    async def close(self) -> None:
        """End what the radio does, give the interface back as it was found.  Safe to call twice."""
        if self._is_closed:
            return
        self._is_closed = True
        try:
            await self._undo.aclose()
        finally:
            self._transport.close()

    async def _shut_down(self) -> None:
        self._is_closed = True
        self._tasks.cancel()
        if self._eapol is not None:
            self._eapol.close()
        await self._end_use()

    # ---- what the roles' radios say for themselves

    @abstractmethod
    async def _subscribe(self) -> None:
        """Register for what is to be heard."""

    @abstractmethod
    async def _end_use(self) -> None:
        """Stop beaconing, or disconnect; the interface is given back afterwards."""

    @abstractmethod
    def _event_handler(self, command: int) -> Callable[[Message], None] | None:
        """Who handles an event of the kernel, or None."""

    @abstractmethod
    def _eapol_received(self, source: MacAddress, pdu: bytes) -> None:
        """An EAPOL PDU, from the version octet on."""

    @abstractmethod
    def _messages_lost(self) -> None:
        """The kernel dropped messages: what they said must be found out otherwise."""

    # ---- requests

    def _refuse_when_closed(self) -> None:
        if self._is_closed:
            raise RadioError(f"{self.interface} was given back")

    async def _send_eapol(self, command: SendEapol) -> None:
        self._tell(command)

    async def _send_frame(self, command: SendFrame) -> None:
        self._tell(command)

    def _send_now(self, command: object) -> bool:
        """What `ports` says of send_now, for both roles."""
        if self._is_closed or not isinstance(command, SendEapol | SendFrame):
            return False
        if isinstance(command, SendFrame) and command.token is not None:
            return False
        try:
            self._tell(command)
        except (NetlinkError, RadioError):
            return False  # told by the one who executes it
        return True

    def _tell(self, command: SendEapol | SendFrame) -> None:
        """The kernel protects what must be protected, and does not say what becomes of it."""
        if isinstance(command, SendFrame):
            self._transport.tell(Command.FRAME, {"IFINDEX": self._index, "FRAME": command.frame})
        elif self._eapol is not None:
            self._eapol.send(command.destination, command.pdu)
        else:
            request = {"IFINDEX": self._index, **requests.control_port_frame(command)}
            self._transport.tell(Command.CONTROL_PORT_FRAME, request)

    async def _request(
        self, command: Command, attributes: Attributes, *, on_reply: Callable[[Message], None] | None = None
    ) -> None:
        try:
            await self._transport.request(command, {"IFINDEX": self._index, **attributes}, on_reply=on_reply)
        except NetlinkError as error:
            self._raise_in_words(error, REFUSALS)
            raise

    def _raise_in_words(self, error: NetlinkError, refusals: Mapping[int, str]) -> None:
        """Raises RadioError in words for people where the number of the error says enough."""
        reason = refusals.get(error.errno or 0)
        if reason is not None:
            raise RadioError(f"{self.interface} {reason}") from error

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Work beside the commands; it ends with the radio."""
        self._tasks.begin(work)

    # ---- events

    def _emit(self, event: Event) -> None:
        if not self._is_closed:
            self._handler(event)

    def _is_heard(self, command: int) -> bool:
        return self._event_handler(command) is not None

    def _message_received(self, message: Message) -> None:
        handler = self._event_handler(message.command)
        if handler is None or self._is_closed:
            return
        if self._is_ours(message):
            handler(message)

    def _is_ours(self, message: Message) -> bool:
        if message.command in self._of_the_whole_radio:
            return message.integer("WIPHY") == self.capabilities.wiphy
        return message.integer("IFINDEX") == self._index

    def _control_port_frame(self, message: Message) -> None:
        source, pdu = address_of(message), message.octets("FRAME")
        if source is not None and pdu is not None and message.integer("CONTROL_PORT_ETHERTYPE") == ETHERTYPE_EAPOL:
            self._eapol_received(source, pdu)

    def _why_unusable(self) -> str | None:
        """Why the interface can do nothing at this moment, for people; None when it is up."""
        state = rfkill_state(self.capabilities.wiphy_name)
        if state.is_blocked:
            return f"{self.capabilities.wiphy_name} is {state}"
        try:
            is_up = link.is_up(self.interface)
        except RadioError:
            return f"{self.interface} is gone"
        return None if is_up else f"{self.interface} was set down"


def address_of(message: Message) -> MacAddress | None:
    """The MAC attribute of a message, where it is one."""
    octets = message.octets("MAC")
    return MacAddress(octets) if octets is not None and len(octets) == 6 else None


def frame_of(message: Message) -> bytes | None:
    """The management frame in a message.  The kernel leaves the Protected Frame bit set when it has decrypted one."""
    frame = message.octets("FRAME")
    if frame is None or len(frame) < 2:
        return frame
    return frame[:1] + bytes((frame[1] & ~_PROTECTED_FRAME,)) + frame[2:]


async def open_radio(
    kind_for: Callable[[RadioCapabilities], type[Radio]], plan: Plan, *, on_packet_eapol: bool
) -> Radio:
    """Bring an interface up as the radio of one role, and listen.  Raises RadioError, NetlinkError."""
    transport = await Transport.open()
    bring_up = BringUp(transport, plan)
    try:
        index, capabilities = await bring_up.run()
        radio = kind_for(capabilities)(transport, plan.interface, index, capabilities, bring_up.undo)
        await radio.listen(on_packet=on_packet_eapol or not capabilities.has_control_port, bridge=plan.bridge)
    except BaseException:
        await bring_up.undo.aclose()
        transport.close()
        raise
    return radio
