# SPDX-License-Identifier: BSD-3-Clause
"""What a registrar remembers and reports of the devices around it, bounded whatever they send.

Every text of a device is sanitized before it leaves here: it will stand in events, files and terminals, between the
separators of their formats.
"""

from dataclasses import dataclass
from typing import Self, TypeVar

from wpsagent.octets import MacAddress
from wpsagent.wsc.device import DeviceDescription, PrimaryDeviceType
from wpsagent.wsc.elements import ProbeRequestAttributes

MAX_ENROLLEES = 32
"""Devices remembered from Probe Requests, as many from M1s, as many that need a PIN; the oldest makes room."""

REPORT_INTERVAL = 10.0
"""Seconds until a device is reported again that says what it said before."""

PENDING_TIME = 300.0
"""Seconds for which a device that needs a PIN is listed after it was last turned away."""

_Key = TypeVar("_Key", bound=bytes)
_Value = TypeVar("_Value")
_SEPARATORS = frozenset("|[]\ufffd")


def sanitize_text(text: str) -> str:
    """What cannot be printed, and what separates fields in events, replaced by '_'."""
    return "".join("_" if c in _SEPARATORS or not c.isprintable() else c for c in text)


@dataclass(frozen=True, slots=True)
class EnrolleeInformation:
    """A device as it described itself, sanitized."""

    address: MacAddress
    uuid_e: bytes
    device_name: str
    manufacturer: str
    model_name: str
    model_number: str
    serial_number: str
    primary_device_type: PrimaryDeviceType

    @classmethod
    def of(cls, address: MacAddress, uuid_e: bytes, device: DeviceDescription) -> Self:
        return cls(
            address,
            uuid_e,
            device_name=sanitize_text(device.device_name),
            manufacturer=sanitize_text(device.manufacturer),
            model_name=sanitize_text(device.model_name),
            model_number=sanitize_text(device.model_number),
            serial_number=sanitize_text(device.serial_number),
            primary_device_type=device.primary_device_type,
        )


class EnrolleeTable:
    """Devices by address.  Those that came as far as M1 are kept apart: Probe Requests are cheap to forge."""

    def __init__(self) -> None:
        self._from_probes: dict[MacAddress, EnrolleeInformation] = {}
        self._from_m1: dict[MacAddress, EnrolleeInformation] = {}
        self._reported: dict[MacAddress, tuple[ProbeRequestAttributes, float]] = {}

    def get(self, address: MacAddress) -> EnrolleeInformation | None:
        """What is known of a device, from its M1 if there was one."""
        return self._from_m1.get(address) or self._from_probes.get(address)

    def m1_received(self, enrollee: EnrolleeInformation) -> None:
        _put(self._from_m1, enrollee.address, enrollee)

    def probe_request_received(self, address: MacAddress, probe: ProbeRequestAttributes, now: float) -> bool:
        """Remember a device; True when it says something new, or said it long ago."""
        _put(self._from_probes, address, EnrolleeInformation.of(address, probe.uuid_e, probe.device))
        last, reported_at = self._reported.get(address, (None, now))
        return last != probe or now >= reported_at + REPORT_INTERVAL

    def reported(self, address: MacAddress, probe: ProbeRequestAttributes, now: float) -> None:
        """The owner has been told of what probe_request_received found worth telling."""
        _put(self._reported, address, (probe, now))


@dataclass(frozen=True, slots=True)
class PendingPin:
    """A device that waits for somebody to enter its PIN, and when it last came."""

    enrollee: EnrolleeInformation
    needed_at: float


class PendingPins:
    """Who was turned away because nobody has entered the PIN, by UUID-E."""

    def __init__(self) -> None:
        self._pending: dict[bytes, PendingPin] = {}

    def needed(self, enrollee: EnrolleeInformation, now: float) -> None:
        _put(self._pending, enrollee.uuid_e, PendingPin(enrollee, now))

    def done(self, uuid_e: bytes) -> None:
        """Its PIN has been entered, or it has been served otherwise."""
        self._pending.pop(uuid_e, None)

    def at(self, now: float) -> tuple[PendingPin, ...]:
        """Who waits at this time, the one that came last first."""
        self._pending = {u: pending for u, pending in self._pending.items() if now < pending.needed_at + PENDING_TIME}
        return tuple(reversed(self._pending.values()))


def _put(table: dict[_Key, _Value], key: _Key, value: _Value) -> None:
    table.pop(key, None)
    if len(table) >= MAX_ENROLLEES:
        del table[next(iter(table))]
    table[key] = value


class RateLimit:
    """At most so many in every period of so many seconds."""

    def __init__(self, maximum: int, period: float) -> None:
        self._maximum = maximum
        self._period = period
        self._begun_at: float | None = None
        self._count = 0

    def allows(self, now: float) -> bool:
        """True, and counted, while there is room."""
        if self._begun_at is None or now >= self._begun_at + self._period:
            self._begun_at, self._count = now, 0
        self._count += 1
        return self._count <= self._maximum
