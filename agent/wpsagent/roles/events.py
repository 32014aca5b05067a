# SPDX-License-Identifier: BSD-3-Clause
"""What an access point reports to whoever runs it."""

from dataclasses import dataclass, field

from wpsagent.octets import MacAddress
from wpsagent.wsc.credential import NetworkSettings
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
class ApSettingsRead:
    """A registrar has read the settings of the network with the AP PIN, and left them as they are."""

    address: MacAddress


@dataclass(frozen=True, slots=True)
class ApSettingsChanged:
    """The network is to become another one: a registrar gave us settings, or our first enrollee got invented ones.

    It comes when the station that brought it about has been answered and had time to leave; the owner then begins anew
    with the settings, for this network and whatever others it has that are one with it.  is_to_be_applied: False where
    another program does that (wps_cred_processing=1).  credentials: the attributes as they travelled, for control
    clients; none where they are not to see them (wps_cred_processing=0).  is_from_registrar: the run that brought them
    was a registrar's with us, the end of which nothing else tells.
    """

    address: MacAddress
    settings: NetworkSettings
    credentials: bytes = field(default=b"", repr=False)
    is_to_be_applied: bool = True
    is_from_registrar: bool = False


@dataclass(frozen=True, slots=True)
class PskAdded:
    """A device was given a key of its own (32 octets), which holds from now on: save it."""

    address: MacAddress
    psk: bytes = field(repr=False)


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
    | ApSettingsRead
    | ApSettingsChanged
    | PskAdded
    | ChannelChanged
    | AccessPointLost
)
