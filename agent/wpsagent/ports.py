# SPDX-License-Identifier: BSD-3-Clause
"""The ports: what the protocol sees of the world outside.

A radio is driven by *commands*, plain values that are executed strictly in the order given, and answers with *events*.
So the access point is a machine that can be replayed, and nl80211 (SoftMAC, FullMAC) and the simulated radio are
three ways to carry out the same commands.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from wpsagent.capabilities import RadioCapabilities
from wpsagent.octets import MacAddress, Ssid

Entropy = Callable[[int], bytes]
"""Entropy(n) gives n octets from a cryptographic source (os.urandom in the agent, fixed octets in a replay)."""


# ---- commands: from the access point to its radio


@dataclass(frozen=True, slots=True)
class Beacon:
    """The parts of a beacon around the TIM element, and the elements firmware puts into other frames.

    head: management header, fixed fields and elements up to the TIM.  tail: the elements after it.
    The three *_elements are for radios that answer probe and association requests themselves.
    """

    head: bytes
    tail: bytes
    beacon_elements: bytes = b""
    probe_response_elements: bytes = b""
    association_response_elements: bytes = b""


@dataclass(frozen=True, slots=True)
class StartAccessPoint:
    """Start beaconing.  rates in units of 500 kbit/s; is_protected: WPA2-PSK with CCMP, otherwise open."""

    ssid: Ssid
    frequency_mhz: int
    beacon: Beacon
    beacon_interval_tu: int
    dtim_period: int
    basic_rates: tuple[int, ...]
    is_protected: bool
    has_ht: bool
    is_hidden: bool = False
    has_short_slot: bool = False


@dataclass(frozen=True, slots=True)
class SetBeacon:
    beacon: Beacon


@dataclass(frozen=True, slots=True)
class SwitchChannel:
    """Move to another channel and tell the stations before (IEEE 802.11-2020, 11.8.8); answered by ChannelSwitched.

    announcement: the beacon until then, with a Channel Switch Announcement in its tail whose count is at
    counter_offset; beacon: the one on the new channel.  count: in how many beacons.
    """

    frequency_mhz: int
    count: int
    announcement: Beacon
    counter_offset: int
    beacon: Beacon
    has_ht: bool


@dataclass(frozen=True, slots=True)
class StopAccessPoint:
    pass


@dataclass(frozen=True, slots=True)
class SendFrame:
    """Send a management frame; with a token its fate comes back as FrameStatus."""

    frame: bytes
    token: int | None = None


@dataclass(frozen=True, slots=True)
class SendEapol:
    """Send an EAPOL PDU (from the version octet on), encrypted with the pairwise key or in the clear."""

    destination: MacAddress
    pdu: bytes = field(repr=False)
    is_encrypted: bool = False


@dataclass(frozen=True, slots=True)
class AddStation:
    """A station has associated.  A station of the same address is replaced.  ht_capabilities: 26 octets or None."""

    address: MacAddress
    aid: int
    listen_interval: int
    rates: tuple[int, ...]
    capability: int
    has_wmm: bool
    ht_capabilities: bytes | None = None
    vht_capabilities: bytes | None = None


@dataclass(frozen=True, slots=True)
class AuthorizeStation:
    """Open (or close) the controlled port of a station: data flows only while it is open."""

    address: MacAddress
    is_authorized: bool = True


@dataclass(frozen=True, slots=True)
class RemoveStation:
    """Forget a station and its keys; the frame that tells it so is sent separately.  Unknown stations are no error."""

    address: MacAddress


@dataclass(frozen=True, slots=True)
class InstallKey:
    """Install a CCMP key: a pairwise one for a station, or a group key (station None) that becomes the default."""

    index: int
    key: bytes = field(repr=False)
    cipher_suite: int
    station: MacAddress | None = None


@dataclass(frozen=True, slots=True)
class ProbeStation:
    """Ask a quiet station whether it is there (a null data frame); answered by StationProbed."""

    address: MacAddress


@dataclass(frozen=True, slots=True)
class ReadActivity:
    """Ask how long each station has been quiet; answered by StationActivity."""


@dataclass(frozen=True, slots=True)
class ReadGroupSequence:
    """Ask for the packet number of the group key of this index; answered by GroupSequence where the radio knows it."""

    index: int


RadioCommand = (
    StartAccessPoint
    | SetBeacon
    | SwitchChannel
    | StopAccessPoint
    | SendFrame
    | SendEapol
    | AddStation
    | AuthorizeStation
    | RemoveStation
    | InstallKey
    | ProbeStation
    | ReadActivity
    | ReadGroupSequence
)


# ---- events: from a radio to its access point


@dataclass(frozen=True, slots=True)
class FrameReceived:
    """A management frame, from its header on, without FCS."""

    frame: bytes
    signal_dbm: int | None = None


@dataclass(frozen=True, slots=True)
class StationAssociated:
    """Firmware has authenticated and associated a station; elements: those of its association request.

    Only where capabilities say has_ap_sme.  No AddStation is owed; a station that is there already begins anew.
    """

    address: MacAddress
    elements: bytes


@dataclass(frozen=True, slots=True)
class StationLeft:
    """Firmware has ended the association of a station: it left, fell silent, or was sent away."""

    address: MacAddress


@dataclass(frozen=True, slots=True)
class FrameStatus:
    """The fate of a SendFrame that carried a token."""

    token: int
    is_acknowledged: bool


@dataclass(frozen=True, slots=True)
class EapolReceived:
    """An EAPOL PDU, from the version octet on."""

    source: MacAddress
    pdu: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class UnexpectedFrame:
    """A data frame from a station that is not associated (it thinks it still is: send it a deauthentication)."""

    source: MacAddress


@dataclass(frozen=True, slots=True)
class StationProbed:
    address: MacAddress
    is_acknowledged: bool


@dataclass(frozen=True, slots=True)
class StationActivity:
    """(address, milliseconds since the last frame from it) for each station the radio knows."""

    inactive_ms: tuple[tuple[MacAddress, int], ...]


@dataclass(frozen=True, slots=True)
class GroupSequence:
    """The packet number that was last used with a group key: 6 octets, little-endian."""

    index: int
    packet_number: bytes


@dataclass(frozen=True, slots=True)
class CommandFailed:
    """A command was refused; reason is for people."""

    command: "RadioCommand | StationCommand"
    reason: str


@dataclass(frozen=True, slots=True)
class ChannelSwitched:
    """The interface is on another channel now: as it was told to (SwitchChannel), or after its access point."""

    frequency_mhz: int


@dataclass(frozen=True, slots=True)
class RadioLost:
    """The access point no longer beacons and will not by itself: interface down or removed, driver gone."""

    reason: str


RadioEvent = (
    FrameReceived
    | StationAssociated
    | StationLeft
    | FrameStatus
    | EapolReceived
    | UnexpectedFrame
    | StationProbed
    | StationActivity
    | GroupSequence
    | ChannelSwitched
    | CommandFailed
    | RadioLost
)


class AccessPointRadio(Protocol):
    """A radio interface that can be an access point.

    Whoever holds one opens it, sets the handler, and then executes commands one after the other.
    """

    interface: str
    address: MacAddress
    capabilities: RadioCapabilities

    def set_handler(self, handler: Callable[[RadioEvent], None]) -> None:
        """Where events go; called in the loop's thread."""

    def send_now(self, command: RadioCommand) -> bool:
        """Send a frame that nobody answers for, at once, when nothing waits to be executed; False: execute it."""
        return False

    async def execute(self, command: RadioCommand) -> None:
        """Carry out one command; raises RadioError or NetlinkError when it is refused."""

    async def close(self) -> None:
        """Stop beaconing, give the interface back as it was found.  Safe to call twice."""


# ---- the station's side


@dataclass(frozen=True, slots=True)
class ScanResult:
    """One BSS as a scan found it.

    elements: of the newest frame, beacon or probe response; beacon_elements: of the last beacon, if any was heard;
    older_elements: of the last probe response, where a beacon has come since (it may say who the access point is when
    beacons do not).  tsf: the timestamp of the newest frame; age_ms: milliseconds since it was heard.
    """

    bssid: MacAddress
    frequency_mhz: int
    signal_dbm: float
    capability: int
    beacon_interval_tu: int
    elements: bytes
    beacon_elements: bytes = b""
    tsf: int = 0
    age_ms: int = 0
    older_elements: bytes = b""


@dataclass(frozen=True, slots=True)
class TriggerScan:
    """Scan actively: no frequencies means all; ssids: whom the probe requests ask for, b"" is anybody.

    elements: what probe requests carry beside the usual (the WPS element while WPS runs).
    """

    frequencies_mhz: tuple[int, ...] = ()
    ssids: tuple[Ssid, ...] = (Ssid(b""),)
    elements: bytes = b""


@dataclass(frozen=True, slots=True)
class AbortScan:
    pass


@dataclass(frozen=True, slots=True)
class Connect:
    """Authenticate (open system) and associate with one BSS.

    elements: of the association request (the RSN element, or the WPS element).  The suites are None for an open
    association; is_protected is the Privacy bit of the BSS, set for WPS on a protected network too.
    has_frame_protection: management frames are protected, which elements then say too.
    """

    bssid: MacAddress
    ssid: Ssid
    frequency_mhz: int
    elements: bytes
    is_protected: bool
    pairwise_cipher: int | None = None
    group_cipher: int | None = None
    akm_suite: int | None = None
    has_frame_protection: bool = False


@dataclass(frozen=True, slots=True)
class Disconnect:
    reason_code: int


@dataclass(frozen=True, slots=True)
class InstallReceiveKey:
    """Install a group key of the network we are in; receive_sequence_counter: 6 octets, little-endian.

    With BIP-CMAC-128 it is the key of management frames (index 4 or 5).
    """

    index: int
    key: bytes = field(repr=False)
    cipher_suite: int
    receive_sequence_counter: bytes


StationCommand = (
    TriggerScan
    | AbortScan
    | Connect
    | Disconnect
    | SendFrame
    | SendEapol
    | InstallKey
    | InstallReceiveKey
    | AuthorizeStation
    | RemoveStation
)


@dataclass(frozen=True, slots=True)
class ScanFinished:
    """A scan of ours or of somebody else is over; results are all the kernel knows, old ones too (see age_ms)."""

    results: tuple[ScanResult, ...]
    is_aborted: bool = False


@dataclass(frozen=True, slots=True)
class Associated:
    """Connect succeeded: EAPOL may follow (and may even have come before)."""

    bssid: MacAddress
    response_elements: bytes = b""


@dataclass(frozen=True, slots=True)
class Roamed:
    """Firmware has gone over to another access point of the network by itself: its keys are to be agreed on anew.

    found: what is known of that access point, if anything is.
    """

    bssid: MacAddress
    found: ScanResult | None = None


@dataclass(frozen=True, slots=True)
class AssociationFailed:
    """Connect failed: the status code of the access point, or None when it did not answer."""

    bssid: MacAddress
    status_code: int | None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The association is over: by the access point, by the loss of its beacons, or by our own Disconnect."""

    reason_code: int
    is_by_peer: bool


@dataclass(frozen=True, slots=True)
class UnprotectedFarewell:
    """Somebody in the name of the access point said in clear that a protected association is over; it stands."""

    reason_code: int


@dataclass(frozen=True, slots=True)
class ChannelSwitchAnnounced:
    """The access point we are with moves in so many beacons; ChannelSwitched follows if the radio can follow."""

    frequency_mhz: int
    count: int


StationEvent = (
    ScanFinished
    | Associated
    | Roamed
    | AssociationFailed
    | Disconnected
    | UnprotectedFarewell
    | FrameReceived
    | EapolReceived
    | ChannelSwitchAnnounced
    | ChannelSwitched
    | CommandFailed
    | RadioLost
)


class StationRadio(Protocol):
    """A radio interface that can be a station."""

    interface: str
    address: MacAddress
    capabilities: RadioCapabilities

    def set_handler(self, handler: Callable[[StationEvent], None]) -> None:
        """Where events go; called in the loop's thread."""

    def send_now(self, command: StationCommand) -> bool:
        """As AccessPointRadio.send_now."""
        return False

    async def execute(self, command: StationCommand) -> None:
        """Carry out one command; raises RadioError or NetlinkError when it is refused."""

    async def close(self) -> None:
        """Disconnect, give the interface back as it was found.  Safe to call twice."""
