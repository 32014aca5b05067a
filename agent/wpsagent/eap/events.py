# SPDX-License-Identifier: BSD-3-Clause
"""What the two EAP machines tell their owner."""

from dataclasses import dataclass
from enum import Enum

from wpsagent.eap.machine import Role


class EndReason(Enum):
    """Why an EAP conversation ended; the text is for logs."""

    COMPLETED = "the registration protocol came to its end"
    FAILURE_RECEIVED = "EAP-Failure before the registration protocol's end"
    NO_FINAL_FAILURE = "no EAP-Failure after the registration protocol's end"
    NAK = "the station refused EAP-WSC"
    LOGOFF = "the station logged off"
    UNKNOWN_IDENTITY = "the identity is not one of Wi-Fi Simple Configuration"
    REFUSED = "nobody here takes the other role"
    PROTOCOL_ERROR = "the peer broke the protocol"
    NO_RESPONSE = "the peer fell silent"
    NO_MESSAGE = "nobody here had a message to go on with"
    TOO_MANY_MESSAGES = "too many messages in one run"
    SESSION_TIMED_OUT = "the run took too long"
    RESTARTED = "the access point began anew in the middle of the run"
    CANCELLED = "cancelled here"


@dataclass(frozen=True, slots=True)
class EapStarted:
    """The conversation begins, or begins anew: the run before it, if there was one, is abandoned."""


@dataclass(frozen=True, slots=True)
class IdentityReceived:
    """The station has said who it is; role is None if the identity is foreign, and EapEnded follows."""

    identity: bytes
    role: Role | None


@dataclass(frozen=True, slots=True)
class MethodSelected:
    """EAP-WSC begins."""


@dataclass(frozen=True, slots=True)
class NotificationReceived:
    """The access point wants a text shown (RFC 3748, section 5.2); octets of UTF-8, unchecked."""

    text: bytes


@dataclass(frozen=True, slots=True)
class EapEnded:
    """The conversation is over.

    On the access point EAP-Failure is queued, after which the station is to be disconnected (10 ms later, reason 23).
    Whether the run succeeded is for the WSC machine's own events to say: EAP-WSC always ends with EAP-Failure.
    """

    reason: EndReason
    detail: str = ""


Event = EapStarted | IdentityReceived | MethodSelected | NotificationReceived | EapEnded
