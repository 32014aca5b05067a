# SPDX-License-Identifier: BSD-3-Clause
"""What a broker of MQTT 5 says it takes, in the properties of CONNACK (MQTT 5.0, 3.2.2.3); one of 3.1.1 does not say.

paho reads none of it.  A broker ends the connection of whoever sends more.
"""

from dataclasses import dataclass
from typing import Any

_NO_RETAINED, _NO_SUCH_QOS = 0x9A, 0x9B
"""Reason codes: retain not supported, QoS not supported."""

_BESIDE_PAYLOAD = 1 + 4 + 2 + 2 + 1 + 5
"""Octets of PUBLISH beside topic and payload, at most: type, length, the topic's, message id, properties, expiry."""


@dataclass(frozen=True, slots=True)
class BrokerLimits:
    """in_flight: messages that it has not acknowledged; packet_octets: of a whole packet."""

    in_flight: int = 65535
    packet_octets: int = 268435460
    qos: int = 2
    is_retaining: bool = True

    def lacks(self, qos: int) -> int | None:
        """The reason code of what an agent needs and does not get there."""
        if not self.is_retaining:
            return _NO_RETAINED
        return _NO_SUCH_QOS if qos > self.qos else None

    def takes(self, topic: str, payload: bytes) -> bool:
        """Whether a message is small enough."""
        return len(topic.encode()) + len(payload) + _BESIDE_PAYLOAD <= self.packet_octets


NO_LIMITS = BrokerLimits()


def limits_of(properties: Any) -> BrokerLimits:
    """properties: paho's, or None; of what is not said it has no attribute."""
    return BrokerLimits(
        in_flight=getattr(properties, "ReceiveMaximum", NO_LIMITS.in_flight),
        packet_octets=getattr(properties, "MaximumPacketSize", NO_LIMITS.packet_octets),
        qos=getattr(properties, "MaximumQoS", NO_LIMITS.qos),
        is_retaining=bool(getattr(properties, "RetainAvailable", True)),
    )
