# SPDX-License-Identifier: BSD-3-Clause
"""What an access point reports to whoever runs it."""

from dataclasses import dataclass

from wpsagent.octets import MacAddress
from wpsagent.wsc.events import RunFailed


@dataclass(frozen=True, slots=True)
class StationConnected:
    """A station's port is open: data flows."""

    address: MacAddress


@dataclass(frozen=True, slots=True)
class StationDisconnected:
    """A station that was connected is gone; reason is for people."""

    address: MacAddress
    reason: str


@dataclass(frozen=True, slots=True)
class HandshakeFailed:
    """A station did not get its port opened; text says why (a wrong passphrase, silence)."""

    address: MacAddress
    text: str


@dataclass(frozen=True, slots=True)
class WpsRunStarted:
    """A station began a registration protocol run."""

    address: MacAddress


@dataclass(frozen=True, slots=True)
class WpsRunFailed:
    """A run ended without success; failure is the Registrar's or Enrollee's own event."""

    address: MacAddress
    failure: RunFailed


@dataclass(frozen=True, slots=True)
class WpsRunEnded:
    """The EAP conversation of a run is over, for good or ill; text is for logs."""

    address: MacAddress
    text: str


@dataclass(frozen=True, slots=True)
class ChannelChanged:
    """The access point is on another channel now."""

    frequency_mhz: int


@dataclass(frozen=True, slots=True)
class AccessPointLost:
    """The radio no longer beacons; all stations are forgotten."""

    reason: str


ApEvent = (
    StationConnected
    | StationDisconnected
    | HandshakeFailed
    | WpsRunStarted
    | WpsRunFailed
    | WpsRunEnded
    | ChannelChanged
    | AccessPointLost
)
