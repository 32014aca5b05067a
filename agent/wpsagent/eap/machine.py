# SPDX-License-Identifier: BSD-3-Clause
"""What EAP-WSC carries: the protocol machine it feeds, and the two identities by which a station says its role.

`wpsagent.wsc.enrollee.Enrollee` and `wpsagent.wsc.registrar.Registrar` are such machines (Wi-Fi Simple Configuration
2.0, sections 7.1 and 7.7).
"""

from enum import Enum
from typing import Protocol

from wpsagent.wsc.enumerations import OpCode


class Role(Enum):
    """The station's role, by the identity it gives in EAP-Response/Identity; the access point has the other one."""

    ENROLLEE = b"WFA-SimpleConfig-Enrollee-1-0"
    REGISTRAR = b"WFA-SimpleConfig-Registrar-1-0"


class WscMachine(Protocol):
    """One run of the registration protocol, from either end."""

    def receive(self, op_code: OpCode, octets: bytes, now: float) -> None:
        """Takes a whole message of the peer; WSC_START without octets asks an enrollee for M1.

        May raise DecodeError or ProtocolError, which end the EAP conversation.
        """

    def messages_to_send(self) -> list[tuple[OpCode, bytes]]:
        """Drains what is to be sent, in order."""
        ...

    def abandon(self, now: float) -> None:
        """The peer fell silent, left, or began anew; without effect on a finished machine."""

    @property
    def is_finished(self) -> bool:
        """True when nothing further is expected of the peer: all that remains is to send what is queued."""
        ...
