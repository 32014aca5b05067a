# SPDX-License-Identifier: BSD-3-Clause
"""What a station reports to whoever runs it, and every way in which Wi-Fi Protected Setup ends."""

from dataclasses import dataclass, field
from enum import Enum

from wpsagent.eap.events import EapEnded, EapStarted, MethodSelected
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.bss_table import BssEvent
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.enumerations import ConfigurationError, ErrorIndication, MessageType
from wpsagent.wsc.events import RunFailed


class WpsMethod(Enum):
    """By what a station proves itself."""

    PUSH_BUTTON = "push button"
    PIN = "PIN"
    REGISTRAR = "AP PIN"


class WpsEndReason(Enum):
    """How a station's WPS came to its end."""

    SUCCEEDED = "succeeded"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    OVERLAP = "overlap"
    FAILED = "failed"


class WpsCause(Enum):
    """Why it ended so; the text is for people and says what to do next where that is not obvious."""

    NONE = "it succeeded"
    CANCELLED = "cancelled"
    REPLACED = "another WPS run was started"
    STOPPED = "the station was stopped"
    RADIO_LOST = "the radio is gone"
    NO_ACCESS_POINT = "no access point waited for us: press its button, or enter the PIN there, within two minutes"
    NO_ANSWER = "the access point was found but did not answer"
    PIN_UNKNOWN = "no access point knows the PIN yet: enter it at the access point within two minutes"
    OVERLAP = "more than one access point is in push-button mode: wait two minutes, then press one button only"
    OVERLAP_AT_ACCESS_POINT = "the access point sees more than one device in push-button mode: wait two minutes"
    FIRST_HALF_WRONG = "the PIN is wrong (its first half)"
    SECOND_HALF_WRONG = "the PIN is wrong (its second half)"
    LOCKED = "the access point has locked its setup, or has no AP PIN"
    WEP_PROHIBITED = "the access point offered a network with WEP, which is not safe"
    TKIP_PROHIBITED = "the access point offered a network with TKIP alone, which is not safe"
    NO_NETWORK = "the access point offered no network that can be used"
    NOT_EXPECTED = "the access point does not expect us (any more): begin again there and here"
    REFUSED = "the access point ended the run without saying why"
    BUSY = "the access point is busy with another device"
    PROTOCOL = "the registration protocol failed"


_CAUSES: dict[int, WpsCause] = {
    ConfigurationError.MULTIPLE_PBC_DETECTED: WpsCause.OVERLAP_AT_ACCESS_POINT,
    ConfigurationError.SETUP_LOCKED: WpsCause.LOCKED,
    ConfigurationError.DEVICE_BUSY: WpsCause.BUSY,
}

_INDICATIONS = {
    ErrorIndication.WEP_PROHIBITED: WpsCause.WEP_PROHIBITED,
    ErrorIndication.TKIP_ONLY_PROHIBITED: WpsCause.TKIP_PROHIBITED,
}

_FIRST_HALF = (MessageType.M4, MessageType.M5)
"""A wrong half shows at the message that proves it, or in the WSC_NACK that answers our own proof."""


def cause_of(failure: RunFailed) -> WpsCause:
    """What a failed run means to a person."""
    if failure.configuration_error == ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE:
        return WpsCause.FIRST_HALF_WRONG if failure.message_type in _FIRST_HALF else WpsCause.SECOND_HALF_WRONG
    if failure.error_indication in _INDICATIONS:
        return _INDICATIONS[failure.error_indication]
    if failure.configuration_error in _CAUSES:
        return _CAUSES[failure.configuration_error]
    if failure.message_type is MessageType.M8:
        return WpsCause.NO_NETWORK
    return WpsCause.PROTOCOL if failure.message_type is not None else WpsCause.REFUSED


# ---- scanning and the networks


@dataclass(frozen=True, slots=True)
class ScanStarted:
    """A scan of ours begins.  frequencies_mhz: none for all.  id: if its owner gave it one."""

    frequencies_mhz: tuple[int, ...] = ()
    id: int | None = None


@dataclass(frozen=True, slots=True)
class ScanCompleted:
    """The BSS table is up to date.  wps_available: the best that is offered nearby, for WPS-AP-AVAILABLE.

    id: of the scan, if its owner gave it one.
    """

    wps_available: "WpsAvailable | None" = None
    id: int | None = None


class WpsAvailable(Enum):
    """What access points nearby offer, the best first; only told while the station has no network."""

    PUSH_BUTTON = "PBC"
    AUTHORIZED = "AUTH"
    PIN = "PIN"
    PLAIN = ""


@dataclass(frozen=True, slots=True)
class ScanFailed:
    """The radio did not scan; the machine tries again by itself.  reason is for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class NetworkAdded:
    id: int


@dataclass(frozen=True, slots=True)
class NetworkRemoved:
    id: int


@dataclass(frozen=True, slots=True)
class NetworksChanged:
    """The networks are no longer what was saved: whoever keeps the file writes it."""


@dataclass(frozen=True, slots=True)
class NetworkTempDisabled:
    """A network is left alone for some seconds after failures in a row; is_wrong_key: probably the passphrase."""

    id: int
    ssid: Ssid
    failures: int
    seconds: float
    is_wrong_key: bool


@dataclass(frozen=True, slots=True)
class NetworkReenabled:
    """The time is over, or somebody asked for the network."""

    id: int
    ssid: Ssid


@dataclass(frozen=True, slots=True)
class NetworkNotFound:
    """A full scan found no network of ours."""


# ---- association


@dataclass(frozen=True, slots=True)
class TryingToAssociate:
    """network_id is None for WPS."""

    bssid: MacAddress
    ssid: Ssid
    frequency_mhz: int
    network_id: int | None


@dataclass(frozen=True, slots=True)
class AssociatedWith:
    """The access point took us; with a protected network the keys are yet to come."""

    bssid: MacAddress


@dataclass(frozen=True, slots=True)
class AssociationRejected:
    """status_code None: no answer.  reason is for people."""

    bssid: MacAddress
    status_code: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Connected:
    """Data flows."""

    bssid: MacAddress
    network_id: int
    ssid: Ssid
    frequency_mhz: int


@dataclass(frozen=True, slots=True)
class GroupKeyRenewed:
    """The access point changed the group key."""

    index: int


@dataclass(frozen=True, slots=True)
class ConnectionLost:
    """An association is over.  was_connected: data could flow; False for WPS and where the keys did not come.

    is_local: we ended it, or heard nothing any more; otherwise the access point sent us away.
    """

    bssid: MacAddress
    reason_code: int
    is_local: bool
    was_connected: bool
    network_id: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class StationLost:
    """The radio is gone: the machine is stopped until somebody starts it anew."""

    reason: str


# ---- Wi-Fi Protected Setup


@dataclass(frozen=True, slots=True)
class WpsStarted:
    """ends_at: when it gives up."""

    method: WpsMethod
    ends_at: float
    bssid: MacAddress | None = None


@dataclass(frozen=True, slots=True)
class M2dSeen:
    """An access point's registrar does not know our PIN (yet)."""

    bssid: MacAddress
    configuration_error: int
    device_password_id: int | None


@dataclass(frozen=True, slots=True)
class CredentialReceived:
    """octets: Credential attributes, headers included, where they are to be told (processing 1 and 2), or nothing."""

    octets: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class ApSettingsLearnt:
    """A registrar's run read, or set, the settings of an access point."""

    bssid: MacAddress
    settings: ApSettings


@dataclass(frozen=True, slots=True)
class WpsSucceeded:
    """The registration protocol came to its good end; the connection follows by itself."""

    bssid: MacAddress


@dataclass(frozen=True, slots=True)
class WpsFailed:
    """A run failed.  failure is None where the access point ended it without a word (a bare WPS-FAIL)."""

    bssid: MacAddress | None
    failure: RunFailed | None
    cause: WpsCause


@dataclass(frozen=True, slots=True)
class WpsEnded:
    """The last event of a WPS run, whatever became of it.  text: where cause says too little, for people."""

    method: WpsMethod
    reason: WpsEndReason
    cause: WpsCause = WpsCause.NONE
    text: str = ""


StationReport = (
    ScanStarted
    | ScanCompleted
    | ScanFailed
    | BssEvent
    | NetworkAdded
    | NetworkRemoved
    | NetworksChanged
    | NetworkTempDisabled
    | NetworkReenabled
    | NetworkNotFound
    | TryingToAssociate
    | AssociatedWith
    | AssociationRejected
    | Connected
    | GroupKeyRenewed
    | ConnectionLost
    | StationLost
    | WpsStarted
    | M2dSeen
    | CredentialReceived
    | ApSettingsLearnt
    | WpsSucceeded
    | WpsFailed
    | WpsEnded
    | EapStarted
    | MethodSelected
    | EapEnded
)
"""All of them; ports.StationEvent is the other direction: what the radio tells the machine."""
