# SPDX-License-Identifier: BSD-3-Clause
"""What can happen in the agent, as values: the one vocabulary from which LED, MQTT and control events are made.

No event has a field for a key, a PIN or a passphrase, so none can be published by mistake; what control clients alone
may be told of one is `NetworkChanged.told`, which nobody else reads.  Points in time (ends_at)
are on the monotonic clock of the loop; `StatusBoard` turns them into wall-clock time.  Texts of devices are as they
were received: the board cleans them.
"""

from dataclasses import dataclass, field
from enum import Enum

from wpsagent.octets import MacAddress, Ssid
from wpsagent.status.station_events import StationAgentEvent
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.enumerations import ConfigMethods


class SessionEndReason(Enum):
    """Why a push-button or PIN session ended."""

    SUCCEEDED = "succeeded"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    REPLACED = "replaced"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AgentStarting:
    """The agent has read its configuration and goes to work."""


@dataclass(frozen=True, slots=True)
class AgentStarted:
    """Every access point that can be up is up."""


@dataclass(frozen=True, slots=True)
class AgentStopping:
    """The agent has been told to stop."""


@dataclass(frozen=True, slots=True)
class ConfigurationReloaded:
    """The agent goes on with what its configuration says now."""


@dataclass(frozen=True, slots=True)
class ReloadRefused:
    """The configuration was to be read again, and nothing has changed; reason says why."""

    reason: str


@dataclass(frozen=True, slots=True)
class ButtonPressed:
    """A button was pressed; gesture: "short" or "long", source: the button's name, "command" …"""

    gesture: str
    source: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PushButtonStarted:
    """A push-button session is open until ends_at; a second press restarts it."""

    group: str
    ends_at: float


@dataclass(frozen=True, slots=True)
class PushButtonEnded:
    group: str
    reason: SessionEndReason


@dataclass(frozen=True, slots=True)
class PushButtonRefused:
    """A press had no effect for another reason than an overlap; reason is for people."""

    group: str
    reason: str


@dataclass(frozen=True, slots=True)
class PinStarted:
    """A PIN is on offer until ends_at (None: until it is used or taken back)."""

    group: str
    ends_at: float | None = None


@dataclass(frozen=True, slots=True)
class PinEnded:
    group: str
    reason: SessionEndReason


@dataclass(frozen=True, slots=True)
class CancelRequested:
    """Somebody cancelled what was going on in a group, if anything was."""

    group: str


@dataclass(frozen=True, slots=True)
class OverlapDetected:
    """More than one enrollee is in push-button mode: nobody is admitted."""

    group: str


@dataclass(frozen=True, slots=True)
class EnrolmentSucceeded:
    """An enrollee has its credential."""

    group: str
    address: MacAddress
    uuid_e: bytes
    device_name: str = ""
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class EnrolmentFailed:
    """A run failed.  The three numbers are those of WPS-FAIL (message type, table 34, local error indication)."""

    group: str
    address: MacAddress | None
    message_type: int
    configuration_error: int
    error_indication: int = 0
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class EnrolleeSeen:
    """An enrollee showed itself in a Probe Request."""

    address: MacAddress
    uuid_e: bytes
    primary_device_type: PrimaryDeviceType
    config_methods: ConfigMethods
    device_password_id: int
    request_type: int
    device_name: str = ""
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class PinNeeded:
    """An enrollee wants a PIN that nobody has entered."""

    uuid_e: bytes
    address: MacAddress
    device_name: str
    manufacturer: str
    model_name: str
    model_number: str
    serial_number: str
    primary_device_type: PrimaryDeviceType
    interface: str | None = None


@dataclass(frozen=True, slots=True)
class EapStarted:
    """A station began EAP."""

    interface: str
    address: MacAddress


@dataclass(frozen=True, slots=True)
class EapMethodProposed:
    """EAP-WSC was proposed to a station."""

    interface: str
    address: MacAddress


@dataclass(frozen=True, slots=True)
class EapFailed:
    """EAP-Failure was sent, with which every EAP-WSC conversation ends."""

    interface: str
    address: MacAddress


@dataclass(frozen=True, slots=True)
class StationConnected:
    """A station's port is open: data flows."""

    interface: str
    address: MacAddress


@dataclass(frozen=True, slots=True)
class StationDisconnected:
    """A connected station is gone; reason is for people."""

    interface: str
    address: MacAddress
    reason: str = ""


@dataclass(frozen=True, slots=True)
class HandshakeFailed:
    """A station that knows the network did not get its port opened: a wrong passphrase, or silence."""

    interface: str
    address: MacAddress
    reason: str


@dataclass(frozen=True, slots=True)
class AccessPointStarted:
    """A network of ours beacons."""

    interface: str
    ssid: Ssid
    channel: int
    frequency_mhz: int


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """A network of ours is on another channel: it shares its radio with a station of ours, and follows it."""

    interface: str
    channel: int
    frequency_mhz: int


@dataclass(frozen=True, slots=True)
class ChannelKept:
    """A network of ours cannot go where a station of ours on the same radio wants to be; reason says why."""

    interface: str
    station: str
    reason: str


@dataclass(frozen=True, slots=True)
class NetworkTakenOver:
    """A network of ours has the name and the key now that WPS taught a station of ours."""

    interface: str
    station: str
    ssid: Ssid


@dataclass(frozen=True, slots=True)
class TakeOverRefused:
    """A network of ours keeps its name and key although its station has learnt others; reason is for people."""

    interface: str
    station: str
    reason: str


@dataclass(frozen=True, slots=True)
class AccessPointAdded:
    """One network more, which is to come up now; follow: the station whose network it takes over."""

    interface: str
    group: str
    ssid: Ssid
    channel: int
    follow: str | None = None


@dataclass(frozen=True, slots=True)
class AccessPointRemoved:
    """A network is no longer ours."""

    interface: str


@dataclass(frozen=True, slots=True)
class AccessPointFailed:
    """A network of ours could not be started; reason says why and what to do."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class RadioLost:
    """A network of ours no longer beacons."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class RadioRecovered:
    """It beacons again."""

    interface: str


@dataclass(frozen=True, slots=True)
class CommandReceived:
    """Somebody asked for something over MQTT; id: what the asker called it.  What it carried is nobody's business."""

    command: str
    id: str | None
    is_ok: bool


@dataclass(frozen=True, slots=True)
class BrokerConnected:
    """The MQTT broker has taken us."""


@dataclass(frozen=True, slots=True)
class BrokerLost:
    """The MQTT broker is away; reason is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class SetupLocked:
    """The access point takes no registrar any more (too many wrong AP PINs), until ends_at; None: for good."""

    interface: str
    ends_at: float | None = None


@dataclass(frozen=True, slots=True)
class SetupUnlocked:
    interface: str


@dataclass(frozen=True, slots=True)
class ApPinDisabled:
    """The access point's PIN is no more: its time is over, or somebody took it back."""

    interface: str


@dataclass(frozen=True, slots=True)
class NetworkRead:
    """A registrar that knows the AP PIN has read the settings of a network of ours."""

    interface: str
    address: MacAddress


@dataclass(frozen=True, slots=True)
class RegistrarSucceeded:
    """A registrar has given a network of ours the settings of which `NetworkChanged` told."""

    interface: str
    address: MacAddress


@dataclass(frozen=True, slots=True)
class NetworkChanged:
    """A registrar, or the first enrolment of an unconfigured access point, gave a network of ours new settings.

    ssid: what it is called from now on.  told: the Credential in hexadecimal for control clients, nothing for others.
    """

    interface: str
    ssid: Ssid
    told: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class SettingsNotSaved:
    """A network of ours runs with settings, or knows a key, that a restart will have forgotten."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class SettingsDropped:
    """What was kept of a network of ours does not count any more; reason says what counts instead."""

    interface: str
    reason: str


@dataclass(frozen=True, slots=True)
class AccessPointStopped:
    """A network of ours was taken down by somebody's wish."""

    interface: str


AgentEvent = (
    StationAgentEvent
    | AgentStarting
    | AgentStarted
    | AgentStopping
    | ConfigurationReloaded
    | ReloadRefused
    | ButtonPressed
    | PushButtonStarted
    | PushButtonEnded
    | PushButtonRefused
    | PinStarted
    | PinEnded
    | CancelRequested
    | OverlapDetected
    | EnrolmentSucceeded
    | EnrolmentFailed
    | EnrolleeSeen
    | PinNeeded
    | EapStarted
    | EapMethodProposed
    | EapFailed
    | StationConnected
    | StationDisconnected
    | HandshakeFailed
    | AccessPointStarted
    | ChannelChanged
    | ChannelKept
    | NetworkTakenOver
    | TakeOverRefused
    | AccessPointAdded
    | AccessPointRemoved
    | AccessPointFailed
    | RadioLost
    | RadioRecovered
    | CommandReceived
    | BrokerConnected
    | BrokerLost
    | SetupLocked
    | SetupUnlocked
    | ApPinDisabled
    | NetworkRead
    | RegistrarSucceeded
    | NetworkChanged
    | SettingsNotSaved
    | SettingsDropped
    | AccessPointStopped
)
