# SPDX-License-Identifier: BSD-3-Clause
"""One association with one BSS, from Connect to its end: what a connection and a WPS enrolment share.

The radio authenticates and associates (IEEE 802.11-2020, 11.3); this machine knows where it stands, keeps EAPOL that
comes before the news of the association, and sees to it that every association has exactly one end:

    IDLE        start             Connect                                               ASSOCIATING
    ASSOCIATING Associated        the subclass begins                                   ASSOCIATED
    IDLE        resume            the subclass begins                                   ASSOCIATED
    ASSOCIATING AssociationFailed, 10 s of silence                                      ENDED (REJECTED)
    ASSOCIATED  Disconnected      by the access point, or because it is not heard       ENDED (LOST)
    ASSOCIATED  leave             Disconnect                                            LEAVING
    LEAVING     Disconnected, a refused Disconnect, 1 s of silence                      ENDED (as `leave` said)
"""

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, replace
from enum import Enum, auto

from wpsagent.dot11.frames import ReasonCode
from wpsagent.eap import events as eap
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    Associated,
    AssociationFailed,
    ChannelSwitched,
    CommandFailed,
    Connect,
    Disconnect,
    Disconnected,
    EapolReceived,
    FrameReceived,
    StationCommand,
    StationEvent,
    UnprotectedFarewell,
)
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.wsc import events as wsc

ASSOCIATION_TIMEOUT = 10.0
"""Seconds a radio may take to associate: drivers try several times by themselves."""

LEAVE_TIMEOUT = 1.0
"""Seconds until an association that was to be left counts as left, whatever the radio says."""

MAXIMUM_EARLY = 8
"""EAPOL PDUs kept that came before the news of the association."""


class State(Enum):
    """Where an association stands."""

    IDLE = auto()
    ASSOCIATING = auto()
    ASSOCIATED = auto()
    LEAVING = auto()
    ENDED = auto()


class End(Enum):
    """How an association ended; the text is for people."""

    REJECTED = "the access point did not take us"
    WRONG_KEY = "the key is probably wrong"
    HANDSHAKE_FAILED = "the keys could not be agreed on"
    LOST = "the association was lost"
    LEFT = "we left"


@dataclass(frozen=True, slots=True)
class AssociationBegan:
    """The access point took us."""


@dataclass(frozen=True, slots=True)
class PortOpened:
    """Data flows."""


@dataclass(frozen=True, slots=True)
class GroupKeyChanged:
    index: int


@dataclass(frozen=True, slots=True)
class AssociationEnded:
    """The last event.  reason_code: of IEEE 802.11; status_code: of a rejection, None for no answer."""

    end: End
    reason_code: int = 0
    is_local: bool = True
    status_code: int | None = None
    text: str = ""


AssociationEvent = AssociationBegan | PortOpened | GroupKeyChanged | AssociationEnded | eap.Event | wsc.Event


class Association(ABC):
    """See the module.  The door is that of every machine."""

    def __init__(self, bss: Bss, connect: Connect) -> None:
        self.bss = bss
        self.state = State.IDLE
        self.was_associated = False
        self.response_elements = b""
        self._connect = connect
        self._early: list[bytes] = []
        self._deadline: float | None = None
        self._parting = AssociationEnded(End.LEFT)
        self._outbox: list[StationCommand] = []
        self._events: deque[AssociationEvent] = deque()

    @property
    def bssid(self) -> MacAddress:
        return self.bss.bssid

    @property
    def deadline(self) -> float | None:
        """When `handle_timer` is due."""
        times = (self._deadline, self._session_deadline if self.state is State.ASSOCIATED else None)
        return min((time for time in times if time is not None), default=None)

    def messages_to_send(self) -> list[StationCommand]:
        """Drains the commands for the radio, in order."""
        outbox, self._outbox = self._outbox, []
        return outbox

    def next_event(self) -> AssociationEvent | None:
        """Drains one event."""
        return self._events.popleft() if self._events else None

    def start(self, now: float) -> None:
        """Associate; to be called once."""
        self.state, self._deadline = State.ASSOCIATING, now + ASSOCIATION_TIMEOUT
        self._outbox.append(self._connect)

    def resume(self, now: float) -> None:
        """Begin where the association stands: firmware has made it by itself.  In place of `start`."""
        self._associated(now)

    def leave(self, reason_code: int, now: float, *, end: End = End.LEFT, text: str = "") -> None:
        """End it from here; without effect where the end is under way."""
        if self.state in (State.ASSOCIATING, State.ASSOCIATED):
            self._close_session(now)
            self._parting = AssociationEnded(end, reason_code, text=text)
            self.state, self._deadline = State.LEAVING, now + LEAVE_TIMEOUT
            self._outbox.append(Disconnect(reason_code))

    def receive(self, event: StationEvent, now: float) -> None:
        """Take what the radio reports."""
        match event:
            case Associated() if self.state is State.ASSOCIATING and event.bssid == self.bssid:
                self.response_elements = event.response_elements
                self._associated(now)
            case AssociationFailed() if event.bssid == self.bssid:
                self._association_failed(event.status_code)
            case Disconnected():
                self._disconnected(event, now)
            case EapolReceived() if event.source == self.bssid:
                self._eapol_received(event.pdu, now)
            case CommandFailed():
                self._command_failed(event, now)
            case UnprotectedFarewell() | FrameReceived() if self.state is State.ASSOCIATED:
                self._receive_management(event, now)
            case ChannelSwitched():
                self.bss = replace(self.bss, frequency_mhz=event.frequency_mhz)
            case _:
                pass

    def handle_timer(self, now: float) -> None:
        """Do what is due; may be called early."""
        if self._deadline is not None and now >= self._deadline:
            self._deadline = None
            self._deadline_reached(now)
        elif self.state is State.ASSOCIATED:
            self._handle_session_timer(now)

    # ---- for the subclasses

    @abstractmethod
    def _receive_management(self, event: UnprotectedFarewell | FrameReceived, now: float) -> None:
        """What was said about the association beside EAPOL; it matters where management frames are protected."""

    @property
    @abstractmethod
    def _session_deadline(self) -> float | None:
        """When the session wants `_handle_session_timer`."""

    @abstractmethod
    def _open_session(self, now: float) -> None:
        """The association stands."""

    @abstractmethod
    def _receive_pdu(self, pdu: bytes, now: float) -> None:
        """EAPOL from the access point."""

    @abstractmethod
    def _handle_session_timer(self, now: float) -> None:
        """Time has passed."""

    @abstractmethod
    def _close_session(self, now: float) -> None:
        """The association is about to end, or has ended; may come twice."""

    @abstractmethod
    def _end_of_loss(self, event: Disconnected) -> End:
        """What it means that the association is lost in the middle of the session."""

    @abstractmethod
    def _session_command_failed(self, event: CommandFailed, now: float) -> None:
        """The radio refused what the session asked for."""

    # ---- the steps

    def _associated(self, now: float) -> None:
        self.state, self._deadline = State.ASSOCIATED, None
        self.was_associated = True
        self._events.append(AssociationBegan())
        self._open_session(now)
        early, self._early = self._early, []
        for pdu in early:
            self._eapol_received(pdu, now)

    def _eapol_received(self, pdu: bytes, now: float) -> None:
        if self.state is State.ASSOCIATED:
            self._receive_pdu(pdu, now)
        elif self.state is State.ASSOCIATING and len(self._early) < MAXIMUM_EARLY:
            self._early.append(pdu)

    def _association_failed(self, status_code: int | None, text: str = "") -> None:
        if self.state is State.LEAVING:
            self._end(self._parting)
        elif self.state is State.ASSOCIATING:
            self._end(AssociationEnded(End.REJECTED, status_code=status_code, text=text))

    def _disconnected(self, event: Disconnected, now: float) -> None:
        match self.state:
            case State.LEAVING:
                self._end(self._parting)
            case State.ASSOCIATING:
                text = f"it ended the association with reason {event.reason_code}"
                self._end(AssociationEnded(End.REJECTED, event.reason_code, not event.is_by_peer, text=text))
            case State.ASSOCIATED:
                end = self._end_of_loss(event)
                self._close_session(now)
                self._end(AssociationEnded(end, event.reason_code, not event.is_by_peer))
            case _:
                pass

    def _command_failed(self, event: CommandFailed, now: float) -> None:
        match event.command:
            case Disconnect() if self.state is State.LEAVING:
                self._end(self._parting)  # there was nothing to leave any more
            case Connect() if event.command is self._connect:
                self._association_failed(None, event.reason)
            case _ if self.state is State.ASSOCIATED:
                self._session_command_failed(event, now)
            case _:
                pass

    def _deadline_reached(self, now: float) -> None:
        if self.state is State.ASSOCIATING:
            self.leave(ReasonCode.LEAVING_NETWORK_DEAUTH, now, end=End.REJECTED, text="no answer")
        else:
            self._end(self._parting)

    def _end(self, event: AssociationEnded) -> None:
        self.state, self._deadline = State.ENDED, None
        self._events.append(event)
