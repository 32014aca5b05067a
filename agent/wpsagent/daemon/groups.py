# SPDX-License-Identifier: BSD-3-Clause
"""The button groups, whoever has the radios of their networks: what a button, a command or a PIN means for them.

A group may hold networks of ours, interfaces that hostapd has, or both.  Ours are asked first: what they refuse
(an overlap) is not begun elsewhere.
"""

from collections.abc import Callable, Iterable, Sequence

from wpsagent.control.agent import WpsStatus
from wpsagent.daemon.attached.attachments import Attachments
from wpsagent.daemon.networks import Networks
from wpsagent.errors import OverlapError, UsageError
from wpsagent.octets import MacAddress
from wpsagent.roles.runner import ButtonGroup
from wpsagent.status import events as e
from wpsagent.status.texts import ERROR_INDICATION_NAMES
from wpsagent.wsc.enrollee_table import EnrolleeInformation, PendingPin
from wpsagent.wsc.internal_registrar import LastResult

Ours = dict[str, ButtonGroup]


class Groups:
    """All button groups; implements its part of control.Agent."""

    def __init__(self, networks: Networks, attachments: Attachments, report: Callable[[e.AgentEvent], None]) -> None:
        self._networks = networks
        self._attachments = attachments
        self._report = report

    def _select(self, target: str | None) -> tuple[Ours, set[str]]:
        """The groups that a command means: those of ours, and the names of those of others; raises UsageError."""
        theirs, ours = self._attachments.groups(target), self._networks.groups
        if not theirs:
            selected = self._networks.select(target)
            return selected, self._attachments.groups(None) & set(selected)
        return {name: group for name, group in ours.items() if target is None or name in theirs}, theirs

    # ---- the button

    def press_groups(self, names: Iterable[str]) -> None:
        """A person pressed a button for these groups; what is in the way is told."""
        ours, theirs = self._selected(names)
        try:
            self._press(ours, theirs)
        except OverlapError:
            return  # the registrar has told it: OverlapDetected
        except UsageError as error:
            for name in sorted(theirs):
                self._report(e.PushButtonRefused(name, str(error)))

    def cancel_groups(self, names: Iterable[str]) -> None:
        """The same for a button that takes a press back."""
        self._cancel(*self._selected(names))

    def _selected(self, names: Iterable[str]) -> tuple[Ours, set[str]]:
        ours: Ours = {}
        theirs: set[str] = set()
        for name in names:
            try:
                its, others = self._select(name)
            except UsageError as error:
                self._report(e.PushButtonRefused(name, str(error)))
            else:
                ours, theirs = ours | its, theirs | others
        return ours, theirs

    def _press(self, ours: Ours, theirs: set[str]) -> None:
        if ours:
            self._networks.press_button(ours)
        self._attachments.press_button(theirs, ours)

    def _cancel(self, ours: Ours, theirs: set[str]) -> None:
        for group in ours.values():
            group.cancel()
        self._attachments.cancel(theirs)
        for name in dict.fromkeys((*ours, *sorted(theirs))):
            self._report(e.CancelRequested(name))

    # ---- control.Agent

    def press_button(self, target: str | None) -> None:
        """As the button; raises UsageError, OverlapError."""
        self._press(*self._select(target))

    def cancel(self, target: str | None) -> None:
        """As control.Agent has it."""
        self._cancel(*self._select(target))

    def add_pin(
        self, pin: bytes, *, uuid_e: bytes | None, timeout: float, address: MacAddress | None, target: str | None
    ) -> None:
        """As control.Agent has it."""
        ours, theirs = self._select(target)
        if ours:
            self._networks.add_pin(ours, pin, uuid_e, timeout, address)
        self._attachments.add_pin(theirs, lambda machine: machine.add_pin(pin, uuid_e, timeout, address), ours)

    def wps_status(self, target: str | None) -> WpsStatus:
        """As control.Agent has it."""
        ours, theirs = self._select(target)
        if not ours:
            return self._attachments.wps_status(min(theirs))
        status = next(iter(ours.values())).registrar.status
        has_failed = status.last_result is LastResult.FAILED
        return WpsStatus(
            push_button=status.push_button.value,
            last_result=status.last_result.value,
            failure_reason=ERROR_INDICATION_NAMES[status.failure_reason] if has_failed else None,
            peer=status.peer_address,
        )

    def pending_pins(self, target: str | None) -> Sequence[EnrolleeInformation]:
        """As control.Agent has it."""
        return [pending.enrollee for pending in self._requests(*self._select(target))]

    def pin_requests(self) -> list[PendingPin]:
        """Who waits for its PIN anywhere, each once, the last one first."""
        return self._requests(self._networks.groups, self._attachments.groups(None))

    def _requests(self, ours: Ours, theirs: set[str]) -> list[PendingPin]:
        waiting = [*self._networks.pin_requests(ours), *self._attachments.pin_requests(theirs)]
        waiting.sort(key=lambda pending: pending.needed_at)
        latest = {pending.enrollee.uuid_e: pending for pending in waiting}
        return sorted(latest.values(), key=lambda pending: pending.needed_at, reverse=True)
