# SPDX-License-Identifier: BSD-3-Clause
"""SA Query action frames: "do you still have our keys?" (IEEE 802.11-2020, 9.6.9 and 11.13).

Refuses, by DecodeError, what is no SA Query frame.

    offset size field (after the management header)
    24     1    Category: 8
    25     1    SA Query Action: 0 request, 1 response
    26     2    Transaction Identifier, repeated in the response
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from wpsagent.dot11.frames import Action, Frame
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress, Reader

SA_QUERY_CATEGORY = 8
RETRY_TIMEOUT = 201 * 1.024e-3
"""Seconds from one request to the next: dot11AssociationSAQueryRetryTimeout."""

MAXIMUM_TIMEOUT = 1000 * 1.024e-3
"""Seconds without an answer after which the keys are lost: dot11AssociationSAQueryMaximumTimeout."""


class SaQueryAction(IntEnum):
    """SA Query Action field values (table 9-442)."""

    REQUEST = 0
    RESPONSE = 1


@dataclass(frozen=True, slots=True)
class SaQuery:
    """The contents of either frame; transaction: 2 octets."""

    action: SaQueryAction
    transaction: bytes

    @classmethod
    def decode(cls, frame: Frame) -> Self:
        """From an action frame; raises DecodeError."""
        if not isinstance(frame, Action) or frame.category != SA_QUERY_CATEGORY:
            raise DecodeError("no SA Query frame")
        reader = Reader(frame.body)
        action, transaction = reader.u8(), reader.take(2)
        try:
            return cls(SaQueryAction(action), transaction)
        except ValueError:
            raise DecodeError(f"SA Query action {action} does not exist") from None

    def frame(self, destination: MacAddress, source: MacAddress, bssid: MacAddress) -> Action:
        """The frame that says it."""
        return Action(destination, source, bssid, SA_QUERY_CATEGORY, bytes((self.action,)) + self.transaction)
