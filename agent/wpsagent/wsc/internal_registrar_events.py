# SPDX-License-Identifier: BSD-3-Clause
"""What the registrar inside an access point tells its owner: events and status.

They carry what Wi-Fi Simple Configuration 2.0, sections 7.4, 11.2 and 11.3, has an access point tell its user.
Texts of devices are sanitized: they may go into events, files and terminals as they are.
"""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Self

from wpsagent.octets import MacAddress
from wpsagent.wsc.ap_enrolment import ApEnrolmentEvent, ApPinDisabled, ApPinEnabled
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.elements import ProbeRequestAttributes
from wpsagent.wsc.enrollee_table import EnrolleeInformation, sanitize_text
from wpsagent.wsc.enumerations import ConfigMethods, ErrorIndication
from wpsagent.wsc.lock_out import SetupLocked, SetupUnlocked
from wpsagent.wsc.messages import M1
from wpsagent.wsc.push_button import (
    OverlapDetected,
    PushButtonEnded,
    PushButtonEvent,
    PushButtonStarted,
    SelectionEndReason,
)

__all__ = [
    "ApPinDisabled",
    "ApPinEnabled",
    "EnrolleeSeen",
    "EnrolmentSucceeded",
    "InternalRegistrarEvent",
    "LastResult",
    "OverlapDetected",
    "PinEnded",
    "PinNeeded",
    "PinStarted",
    "PushButtonEnded",
    "PushButtonStarted",
    "PushButtonStatus",
    "RegistrarStatus",
    "SelectedRegistrarChanged",
    "SelectionEndReason",
    "SetupLocked",
    "SetupUnlocked",
]


@dataclass(frozen=True, slots=True)
class SelectedRegistrarChanged:
    """Beacons and probe responses say something else now: build them anew."""


@dataclass(frozen=True, slots=True)
class PinStarted:
    """A PIN was entered; the registrar is selected until ends_at.  uuid_e None: for anybody."""

    ends_at: float
    uuid_e: bytes | None = None


@dataclass(frozen=True, slots=True)
class PinEnded:
    """The registrar is no longer selected for a PIN.  The PIN itself may go on being stored."""

    reason: SelectionEndReason


@dataclass(frozen=True, slots=True)
class PinNeeded:
    """An enrollee came with a PIN that nobody has entered, or that another run is using."""

    address: MacAddress
    uuid_e: bytes
    device_name: str
    manufacturer: str
    model_name: str
    model_number: str
    serial_number: str
    primary_device_type: PrimaryDeviceType

    @classmethod
    def of(cls, m1: M1) -> Self:
        enrollee = EnrolleeInformation.of(m1.mac_address, m1.uuid_e, m1.device)
        return cls(
            enrollee.address,
            enrollee.uuid_e,
            enrollee.device_name,
            enrollee.manufacturer,
            enrollee.model_name,
            enrollee.model_number,
            enrollee.serial_number,
            enrollee.primary_device_type,
        )


@dataclass(frozen=True, slots=True)
class EnrolleeSeen:
    """A Probe Request of a device that wants to be enrolled."""

    address: MacAddress
    uuid_e: bytes
    primary_device_type: PrimaryDeviceType
    config_methods: ConfigMethods
    device_password_id: int
    request_type: int
    device_name: str

    @classmethod
    def of(cls, address: MacAddress, probe: ProbeRequestAttributes) -> Self:
        return cls(
            address,
            probe.uuid_e,
            probe.device.primary_device_type,
            probe.device.config_methods,
            probe.device_password_id,
            probe.request_type,
            sanitize_text(probe.device.device_name),
        )


@dataclass(frozen=True, slots=True)
class EnrolmentSucceeded:
    """A device has its Credential."""

    address: MacAddress
    uuid_e: bytes
    device_name: str


InternalRegistrarEvent = (
    SelectedRegistrarChanged
    | PushButtonStarted
    | PushButtonEnded
    | OverlapDetected
    | PinStarted
    | PinEnded
    | PinNeeded
    | EnrolleeSeen
    | EnrolmentSucceeded
    | ApEnrolmentEvent
)


# ---- status


class PushButtonStatus(Enum):
    """The button, as WPS_GET_STATUS words it."""

    DISABLED = "Disabled"
    ACTIVE = "Active"
    TIMED_OUT = "Timed-out"
    OVERLAP = "Overlap"

    @classmethod
    def after(cls, event: PushButtonEvent) -> "PushButtonStatus":
        """What an event of the button makes of it."""
        if isinstance(event, PushButtonStarted):
            return cls.ACTIVE
        if isinstance(event, OverlapDetected):
            return cls.OVERLAP
        # hostapd ends a session that is cancelled as one that has timed out.
        has_timed_out = event.reason in (SelectionEndReason.TIMED_OUT, SelectionEndReason.CANCELLED)
        return cls.TIMED_OUT if has_timed_out else cls.DISABLED


class LastResult(Enum):
    """The last run, as WPS_GET_STATUS words it."""

    NONE = "None"
    SUCCESS = "Success"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class RegistrarStatus:
    """What WPS_GET_STATUS tells.  failure_reason has a meaning after a failure only."""

    push_button: PushButtonStatus = PushButtonStatus.DISABLED
    last_result: LastResult = LastResult.NONE
    failure_reason: ErrorIndication = ErrorIndication.NO_ERROR
    peer_address: MacAddress | None = None

    def after_button(self, event: PushButtonEvent) -> Self:
        return replace(self, push_button=PushButtonStatus.after(event))

    def after_success(self, peer: MacAddress) -> Self:
        return replace(self, last_result=LastResult.SUCCESS, peer_address=peer)

    def after_failure(self, peer: MacAddress, reason: ErrorIndication) -> Self:
        return replace(self, last_result=LastResult.FAILED, failure_reason=reason, peer_address=peer)
