# SPDX-License-Identifier: BSD-3-Clause
"""Why a broker did not take us, or sent us away, in words that tell a person what to look at.

Reason codes are those of MQTT 5.0 (OASIS), table 2-6, and the return codes of MQTT 3.1.1, table 3.1.
"""

from collections.abc import Mapping
from typing import Protocol

UNSUPPORTED_VERSION = frozenset((1, 0x84))
"""Connect return code of MQTT 3.1.1, reason code of MQTT 5.0."""

_BAD_IDENTIFIER = "it does not take our client identifier, which is made of base_topic and node"
_UNAVAILABLE = "it is not available now"
_BAD_USER = "bad user name or password"
_NOT_AUTHORIZED = "not authorized: it wants another user name or password, or does not admit us"

REFUSALS: Mapping[int, str] = {
    1: "it speaks neither MQTT 5 nor 3.1.1",
    2: _BAD_IDENTIFIER,
    3: _UNAVAILABLE,
    4: _BAD_USER,
    5: _NOT_AUTHORIZED,
    0x82: "it found our words against the protocol",
    0x84: "it speaks neither MQTT 5 nor 3.1.1",
    0x85: _BAD_IDENTIFIER,
    0x86: _BAD_USER,
    0x87: _NOT_AUTHORIZED,
    0x88: _UNAVAILABLE,
    0x89: "it is busy",
    0x8A: "it has banned us",
    0x8C: "it wants another way of authentication",
    0x95: "our message was too large for it",
    0x97: "we have used up our quota there",
    0x9A: "it keeps no retained messages, which we need",
    0x9B: "it does not do this quality of service ([mqtt] qos)",
    0x9C: "it wants us to use another server",
    0x9D: "it wants us to use another server",
    0x9F: "we connect too often",
}
"""Why a broker refuses a connection (CONNACK) or a message (PUBACK)."""

FAREWELLS: Mapping[int, str] = {
    0x00: "the broker closed it",
    0x8B: "the broker is shutting down",
    0x8D: "the broker heard nothing of us for too long",
    0x8E: "another client with our name took its place: does another board have the same base_topic and node?",
    0x98: "somebody ended it on the broker",
}
"""Why a broker ends a connection (DISCONNECT), beside the reasons above."""

CLOSED = "the broker closed it, or went away"
SILENT = "the broker fell silent"


class Place(Protocol):
    """Where the broker is."""

    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...


def refusal(code: int) -> str:
    return REFUSALS.get(code, f"reason code {code:#04x}")


def farewell(code: int) -> str:
    return FAREWELLS.get(code) or REFUSALS.get(code) or f"the broker closed it with reason code {code:#04x}"


def explain(error: Exception | None, options: Place) -> str:
    """Why connecting failed, in words that say what to look at."""
    place = f"{options.host}:{options.port}"
    match error:
        case ConnectionRefusedError():
            return f"{place} refused the connection: no broker listens there"
        case TimeoutError():
            return f"{place} did not answer: is the host on, and does a firewall let us through?"
        case OSError() if type(error).__module__ == "ssl":
            from wpsagent.io import mqtt_tls

            return mqtt_tls.explain(error, place, options.host)
        case FileNotFoundError():
            return f"a file of the TLS settings is missing: {error.filename}"
        case OSError() if error.errno is not None and error.errno < 0:  # getaddrinfo's own numbers
            return f"the name {options.host} cannot be resolved: {error.strerror}"
        case OSError():
            return f"{place} cannot be reached: {error.strerror or error}"
        case _:
            return f"{place} cannot be reached: {error or 'the connection was closed'}"
