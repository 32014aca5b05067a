# SPDX-License-Identifier: BSD-3-Clause
"""One session of a button group whose members each have a session of their own.

The members are interfaces that other programs have, and the registrar of our own networks in the same group (`OURS`).
A press opens all of them; the group's session begins with the first, and ends with the last, or with the first
success or overlap: what is still open then is to be cancelled (`members_to_cancel`), and its end is nobody's business.
"""

from wpsagent.control.agent import WpsStatus
from wpsagent.octets import MacAddress
from wpsagent.status import events as e

OURS = ""
"""The member that is our own registrar."""

_Reason = e.SessionEndReason
_TELLING = (_Reason.SUCCEEDED, _Reason.FAILED, _Reason.TIMED_OUT, _Reason.CANCELLED, _Reason.REPLACED)
"""The reasons for an end: of several members' the first in this order is the group's."""
_SAME = 1.0
"""Seconds within which openings are one."""

SESSION_EVENTS = (
    e.PushButtonStarted,
    e.PinStarted,
    e.PushButtonEnded,
    e.PinEnded,
    e.PushButtonRefused,
    e.OverlapDetected,
    e.EnrolmentSucceeded,
    e.EnrolmentFailed,
)
"""What `receive` wants to know."""


class GroupSession:
    """See the module."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.members_to_cancel: set[str] = set()
        self._open: dict[str, type[e.PushButtonEnded | e.PinEnded]] = {}  # by member, what its end will be
        self._quiet: set[str] = set()  # cancelled, but not ended yet
        self._awaited: set[str] = set()  # pressed, but not open yet
        self._late: set[str] = set()  # the same, and another has seen an overlap meanwhile
        self._ends_at: float | None = None
        self._reasons: set[e.SessionEndReason] = set()
        self._overlap_is_told = False
        self._last_result = "None"
        self._peer: MacAddress | None = None

    @property
    def is_open(self) -> bool:
        return bool(self._open)

    @property
    def status(self) -> WpsStatus:
        """As WPS_GET_STATUS has it."""
        is_pressed = e.PushButtonEnded in self._open.values()
        push_button = "Overlap" if self._overlap_is_told else "Active" if is_pressed else "Disabled"
        return WpsStatus(push_button, self._last_result, peer=self._peer)

    def press(self, members: set[str]) -> None:
        """These are being asked to open."""
        self._awaited, self._late, self._overlap_is_told = set(members), set(), False

    def receive(self, member: str, event: e.AgentEvent) -> list[e.AgentEvent]:
        """What everybody is told of a member's event."""
        match event:
            case e.PushButtonStarted():
                return self._started(member, event, e.PushButtonEnded)
            case e.PinStarted():
                return self._started(member, event, e.PinEnded)
            case e.PushButtonEnded() | e.PinEnded():
                return self._ended(member, event)
            case e.OverlapDetected():
                return self._overlap(member, event)
            case e.PushButtonRefused():
                self._answered(member)
                return [] if self._open or self._awaited else [event]
            case e.EnrolmentSucceeded():
                self._last_result, self._peer = "Success", event.address
                self._cancel({name for name in self._open if name != member})
            case e.EnrolmentFailed():
                self._last_result, self._peer = "Failed", event.address
        return [event]

    def leave(self, member: str) -> list[e.AgentEvent]:
        """A member is no longer one."""
        self._answered(member)
        kind = self._open.get(member)
        told = [] if kind is None else self._ended(member, kind(self.group, _Reason.REPLACED))
        self._quiet.discard(member)
        self.members_to_cancel.discard(member)
        return told

    def withdraw(self) -> list[e.AgentEvent]:
        """The device that was meant has been served elsewhere: close whatever is open."""
        kinds = set(self._open.values())
        self._cancel(set(self._open))
        return [kind(self.group, _Reason.REPLACED) for kind in kinds]

    def _started(
        self, member: str, event: e.PushButtonStarted | e.PinStarted, end: type[e.PushButtonEnded | e.PinEnded]
    ) -> list[e.AgentEvent]:
        if self._answered(member):
            self._cancel({member})
            return []
        self._quiet.discard(member)
        self.members_to_cancel.discard(member)
        is_other = bool(self._open) and end not in self._open.values()
        is_later = self._ends_at is None or event.ends_at is None or event.ends_at > self._ends_at + _SAME
        is_new = not self._open or is_other or is_later
        self._open[member] = end
        if is_new:
            self._ends_at, self._reasons, self._overlap_is_told = event.ends_at, set(), False
        return [event] if is_new else []

    def _ended(self, member: str, event: e.PushButtonEnded | e.PinEnded) -> list[e.AgentEvent]:
        kind = self._open.get(member)
        if kind is not None and kind is not type(event):
            return []  # what it has open now is another one: it was replaced
        if member in self._quiet:
            self._quiet.discard(member)
            return []
        if self._open.pop(member, None) is None:
            return [event]  # it never opened: a PIN that was refused
        if event.reason is _Reason.SUCCEEDED:
            self._cancel(set(self._open))
            return [event]
        self._reasons.add(event.reason)
        if self._open:
            return []
        return [type(event)(self.group, next(reason for reason in _TELLING if reason in self._reasons))]

    def _answered(self, member: str) -> bool:
        """A member is no longer awaited; whether it comes too late."""
        is_late = member in self._late
        self._awaited.discard(member)
        self._late.discard(member)
        return is_late

    def _overlap(self, member: str, event: e.OverlapDetected) -> list[e.AgentEvent]:
        """Nobody is let in: neither there nor anywhere else in the group."""
        self._answered(member)
        self._late |= self._awaited
        was_told, self._overlap_is_told = self._overlap_is_told, True
        kinds = set(self._open.values())
        self._cancel(set(self._open))
        told: list[e.AgentEvent] = [] if was_told else [event]
        return [*told, *(kind(self.group, _Reason.FAILED) for kind in kinds)]

    def _cancel(self, members: set[str]) -> None:
        """These are open no more; their own ends are not told."""
        for member in members:
            self._open.pop(member, None)
        self._quiet |= members
        self.members_to_cancel |= members
