# SPDX-License-Identifier: BSD-3-Clause
"""What can happen to our stations, as values: the part of the agent's vocabulary that concerns networks of others.

As with the rest of it, no event has a field for a key, a PIN or a passphrase.  StationSignal carries text for control
clients, who may ask for Credentials: it is kept out of repr, log and MQTT.
"""

from dataclasses import dataclass, field
from enum import Enum

from wpsagent.octets import MacAddress, Ssid


class StationMethod(Enum):
    """By what a station of ours proves itself; the values are for MQTT."""

    PUSH_BUTTON = "push_button"
    PIN = "pin"
    AP_PIN = "ap_pin"


class StationWpsResult(Enum):
    """How the WPS of a station of ours ended; the values are for MQTT."""

    SUCCEEDED = "success"
    TIMED_OUT = "timeout"
    CANCELLED = "cancelled"
    OVERLAP = "overlap"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class StationAdded:
    """A control client added a station; it is started as others are."""

    interface: str


@dataclass(frozen=True, slots=True)
class StationRemoved:
    """A control client removed a station that was added."""

    interface: str


@dataclass(frozen=True, slots=True)
class StationStarted:
    """A station of ours looks for its networks, of which there are so many."""

    interface: str
    networks: int


@dataclass(frozen=True, slots=True)
class StationFailed:
    """A station of ours could not be started; reason says why and what to do."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class StationLost:
    """The radio of a station of ours is gone; it is tried again and again."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class NetworksKnown:
    """A station of ours knows so many networks now."""

    interface: str
    count: int


@dataclass(frozen=True, slots=True)
class NetworksNotSaved:
    """The networks could not be written to their file: they work until the agent ends.  reason is for people."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class Joined:
    """A station of ours is in a network: data flows."""

    interface: str
    bssid: MacAddress
    ssid: Ssid
    network_id: int
    id_str: str = ""


@dataclass(frozen=True, slots=True)
class Left:
    """It is in no network any more.  is_local: we ended it, or heard nothing any more."""

    interface: str
    bssid: MacAddress
    reason_code: int
    is_local: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StationWpsStarted:
    """A station of ours looks for an access point that lets it in, until ends_at (monotonic)."""

    interface: str
    method: StationMethod
    ends_at: float


@dataclass(frozen=True, slots=True)
class StationWpsEnded:
    """cause: a word for programs; reason: a sentence for people."""

    interface: str
    method: StationMethod
    result: StationWpsResult
    cause: str = "none"
    reason: str = ""


@dataclass(frozen=True, slots=True)
class StationWpsRefused:
    """A press of the station's button had no effect; reason is for people."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """The manager, a program that is named for people, has a network that WPS taught us, and is in it."""

    interface: str
    manager: str
    ssid: Ssid


@dataclass(frozen=True, slots=True)
class HandOverFailed:
    """The manager did not take a network or an interface, or did not let go of one.  reason is for people."""

    interface: str
    manager: str
    reason: str


@dataclass(frozen=True, slots=True)
class InterfaceTaken:
    """The manager leaves the interface to us, until InterfaceGivenBack or HandedOver."""

    interface: str
    manager: str


@dataclass(frozen=True, slots=True)
class InterfaceGivenBack:
    """The interface is the manager's; WPS borrows it."""

    interface: str
    manager: str


@dataclass(frozen=True, slots=True)
class StationSignal:
    """A line for control clients alone, in wpa_supplicant's words.  level: its priority."""

    interface: str
    text: str = field(repr=False)
    level: int = 3


StationAgentEvent = (
    StationAdded
    | StationRemoved
    | StationStarted
    | StationFailed
    | StationLost
    | NetworksKnown
    | NetworksNotSaved
    | Joined
    | Left
    | StationWpsStarted
    | StationWpsEnded
    | StationWpsRefused
    | HandedOver
    | HandOverFailed
    | InterfaceTaken
    | InterfaceGivenBack
    | StationSignal
)
