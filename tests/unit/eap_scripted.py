# SPDX-License-Identifier: BSD-3-Clause
"""A WSC machine that follows a script, for the tests of the two EAP machines."""

from wpsagent.errors import AgentError
from wpsagent.wsc.enumerations import OpCode

Step = tuple[OpCode, bytes] | AgentError | None


class ScriptedMachine:
    """Answers each message by the next step of the script: a message, an error to raise, or None for silence.

    It is finished when the script is, unless finishes is False.
    """

    def __init__(self, *script: Step, finishes: bool = True) -> None:
        self._script = list(script)
        self._finishes = finishes
        self.outgoing: list[tuple[OpCode, bytes]] = []
        self.received: list[tuple[OpCode, bytes]] = []
        self.abandoned_at: list[float] = []
        self.is_finished = False

    def receive(self, op_code: OpCode, octets: bytes, now: float) -> None:
        self.received.append((op_code, octets))
        step = self._script.pop(0) if self._script else None
        if isinstance(step, AgentError):
            raise step
        if step is not None:
            self.outgoing.append(step)
        self.is_finished = self._finishes and not self._script

    def messages_to_send(self) -> list[tuple[OpCode, bytes]]:
        outgoing, self.outgoing = self.outgoing, []
        return outgoing

    def abandon(self, now: float) -> None:
        self.abandoned_at.append(now)
