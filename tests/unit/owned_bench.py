# SPDX-License-Identifier: BSD-3-Clause
"""What a machine of an interface that another program has is told, and what it tells."""

from wpsagent.daemon.attached.owned import OwnedInterface
from wpsagent.status import events as e


def events_of(machine: OwnedInterface) -> list[e.AgentEvent]:
    return list(iter(machine.next_event, None))


def heard(machine: OwnedInterface, *lines: str, now: float = 10.0) -> list[e.AgentEvent]:
    for line in lines:
        machine.receive(f"<3>{line}", now)
    return events_of(machine)


def answered(machine: OwnedInterface, command: str, reply: str, now: float = 10.0) -> list[e.AgentEvent]:
    machine.answered(command, reply, now)
    return events_of(machine)
