# SPDX-License-Identifier: BSD-3-Clause
"""What a run of the registration protocol tells its owner: the events of `wsc.enrollee` and `wsc.registrar`."""

from dataclasses import dataclass, field

from wpsagent.octets import MacAddress
from wpsagent.wsc.credential import ApSettings, Credential
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.enumerations import ConfigurationError, ErrorIndication, MessageType


@dataclass(frozen=True, slots=True)
class M2dReceived:
    """A registrar does not know the enrollee's password (yet).  device_password_id is None where M2D is silent."""

    configuration_error: int
    device_password_id: int | None
    uuid_r: bytes
    device: DeviceDescription


@dataclass(frozen=True, slots=True)
class M2dSent:
    """The registrar refused an enrollee at M1; it may come again."""

    configuration_error: int
    mac_address: MacAddress
    uuid_e: bytes


@dataclass(frozen=True, slots=True)
class RunFailed:
    """The run is over without success.

    message_type: the message at which it failed, as WPS-FAIL tells it (msg=); None where a message could not be read
    or was foreign and the run was dropped without a word.  reason is for people.  was_told_to_wait: nothing is wrong;
    the enrollee got M2D because nobody has pressed the button or entered its PIN yet, and may come again.
    """

    message_type: MessageType | None
    configuration_error: int = ConfigurationError.NO_ERROR
    error_indication: ErrorIndication = ErrorIndication.NO_ERROR
    reason: str = ""
    was_told_to_wait: bool = False


@dataclass(frozen=True, slots=True)
class CredentialsReceived:
    """M8 gave a station its networks.  octets: the Credential attributes as they came, headers included."""

    credentials: tuple[Credential, ...]
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApSettingsReceived:
    """M7 told a registrar the settings of the access point.  octets: the attributes as they came."""

    settings: ApSettings
    uuid_e: bytes
    mac_address: MacAddress
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewApSettings:
    """M8 gave an access point new settings.  They hold from RunSucceeded on.  octets: the attributes as they came."""

    settings: ApSettings
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApSettingsTold:
    """M7 has told a registrar the settings of the access point, and it wants no more: RunSucceeded follows."""


@dataclass(frozen=True, slots=True)
class ApPinVerified:
    """The registrar proved that it knows both halves of the AP PIN (M6)."""


@dataclass(frozen=True, slots=True)
class ApPinRefused:
    """The registrar does not know the AP PIN: is_first_half tells which half was wrong (M4 or M6)."""

    is_first_half: bool


@dataclass(frozen=True, slots=True)
class RunSucceeded:
    """The run is over, the settings are handed over.  The peer: UUID, name, and its address where M1 told it."""

    uuid: bytes
    device_name: str
    mac_address: MacAddress | None = None


Event = (
    M2dReceived
    | M2dSent
    | RunFailed
    | CredentialsReceived
    | ApSettingsReceived
    | ApSettingsTold
    | NewApSettings
    | ApPinVerified
    | ApPinRefused
    | RunSucceeded
)
