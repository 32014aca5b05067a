# SPDX-License-Identifier: BSD-3-Clause
"""What the radios of this machine are and can do: the split wiphy dump, the interfaces on each, rfkill.

Sources: linux/nl80211.h (GET_WIPHY with SPLIT_WIPHY_DUMP gives a wiphy in many pieces, a band's frequencies spread
over some of them; GET_INTERFACE), IEEE 802.11-2020 9.4.2.55 (HT Capabilities) and 9.4.2.157 (VHT Capabilities),
Documentation/ABI/stable/sysfs-class-rfkill.
"""

import asyncio
import errno
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wpsagent.capabilities import (
    Band,
    Frequency,
    InterfaceCombination,
    InterfaceLimit,
    InterfaceType,
    RadioCapabilities,
)
from wpsagent.errors import DecodeError, NetlinkError, RadioError
from wpsagent.io.nl80211.codec import BAND, BITRATE, COMBINATION, FREQUENCY, LIMIT, Message, Nest
from wpsagent.io.nl80211.enumerations import Command, ExtFeature
from wpsagent.io.nl80211.netlink import split_attributes
from wpsagent.io.nl80211.transport import Transport
from wpsagent.octets import NO_ADDRESS, MacAddress, Ssid

_SYS_IEEE80211 = Path("/sys/class/ieee80211")
_SYS_RFKILL = Path("/sys/class/rfkill")
_DUMP_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class InterfaceDescription:
    """One wireless interface.  ssid: of the network it is in or beacons, else None; type: None if we do not know it."""

    name: str
    index: int
    type: InterfaceType | None
    address: MacAddress
    wiphy: int
    ssid: Ssid | None = None
    frequency_mhz: int | None = None


@dataclass(frozen=True, slots=True)
class RfkillState:
    """Whether a radio is blocked, by software or by a hardware switch."""

    is_soft_blocked: bool = False
    is_hard_blocked: bool = False

    @property
    def is_blocked(self) -> bool:
        return self.is_soft_blocked or self.is_hard_blocked

    def __str__(self) -> str:
        if self.is_hard_blocked:
            return "blocked by its hardware switch"
        return "blocked by software ('rfkill unblock wifi' lifts it)" if self.is_soft_blocked else "not blocked"


@dataclass(frozen=True, slots=True)
class WiphyDescription:
    """One radio with its interfaces."""

    capabilities: RadioCapabilities
    interfaces: tuple[InterfaceDescription, ...]
    rfkill: RfkillState


async def discover() -> list[WiphyDescription]:
    """All radios of this machine, by number.  Needs no privileges.  Raises RadioError, NetlinkError."""
    transport = await Transport.open()
    try:
        wiphys = await read_wiphys(transport)
        interfaces = await read_interfaces(transport)
    finally:
        transport.close()
    return [
        WiphyDescription(wiphy, tuple(i for i in interfaces if i.wiphy == wiphy.wiphy), rfkill_state(wiphy.wiphy_name))
        for wiphy in wiphys
    ]


async def read_wiphys(transport: Transport, wiphy: int | None = None) -> list[RadioCapabilities]:
    """The capabilities of all radios, or of one.  Raises RadioError, NetlinkError."""
    attributes = {"SPLIT_WIPHY_DUMP": True} | ({} if wiphy is None else {"WIPHY": wiphy})
    builders: dict[int, _WiphyBuilder] = {}
    for message in await _dump(transport, Command.GET_WIPHY, attributes):
        number = message.integer("WIPHY")
        if number is None:
            continue
        try:
            builders.setdefault(number, _WiphyBuilder(number)).add(message)
        except DecodeError as error:
            raise RadioError(f"the kernel's description of radio {number} is garbled: {error}") from error
    return [builders[number].build() for number in sorted(builders)]


async def read_interfaces(transport: Transport) -> list[InterfaceDescription]:
    """All wireless interfaces that have a network device.  Raises NetlinkError."""
    messages = await _dump(transport, Command.GET_INTERFACE, {})
    found = [_interface(message) for message in messages if "IFNAME" in message]
    return sorted(found, key=lambda interface: interface.index)


async def read_interface(transport: Transport, index: int, name: str) -> InterfaceDescription:
    """One interface; name is for the errors.  Raises RadioError when it is not a wireless one, NetlinkError."""
    try:
        replies = await transport.request(Command.GET_INTERFACE, {"IFINDEX": index})
    except NetlinkError as error:
        if error.errno in (errno.ENODEV, errno.EINVAL, errno.EOPNOTSUPP):
            raise RadioError(f"{name} is gone or is not a wireless interface") from error
        raise
    if not replies:
        raise RadioError(f"the kernel says nothing of {name}")
    return _interface(replies[0])


def rfkill_state(wiphy_name: str, root: Path = _SYS_RFKILL) -> RfkillState:
    """Whether the radio is blocked; a radio without rfkill switch is not.  The switch of a wiphy has its name."""
    for switch in sorted(root.glob("rfkill*")):
        if _read(switch / "name") == wiphy_name:
            return RfkillState(_read(switch / "soft") == "1", _read(switch / "hard") == "1")
    return RfkillState()


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""


async def _dump(transport: Transport, command: Command, attributes: dict[str, bool | int]) -> list[Message]:
    """A dump, asked again when the objects changed while they were listed."""
    for attempt in range(_DUMP_ATTEMPTS):
        try:
            return await transport.dump(command, attributes)
        except NetlinkError as error:
            if error.errno != errno.EINTR or attempt == _DUMP_ATTEMPTS - 1:
                raise
            await asyncio.sleep(0)
    return []


def _interface(message: Message) -> InterfaceDescription:
    octets = message.octets("MAC") or b""
    ssid = message.octets("SSID")
    return InterfaceDescription(
        name=message.text("IFNAME") or "",
        index=message.integer("IFINDEX") or 0,
        type=_interface_type(message.integer("IFTYPE")),
        address=MacAddress(octets) if len(octets) == 6 else NO_ADDRESS,
        wiphy=message.integer("WIPHY") or 0,
        ssid=None if ssid is None or len(ssid) > 32 else Ssid(ssid),
        frequency_mhz=message.integer("WIPHY_FREQ"),
    )


def _interface_type(number: int | None) -> InterfaceType | None:
    try:
        return InterfaceType(number or 0)
    except ValueError:
        return None


def _interface_types(octets: bytes) -> frozenset[InterfaceType]:
    """Types as flags, one attribute each; those we do not know are left out."""
    kinds = (_interface_type(number) for number, _flag in split_attributes(octets))
    return frozenset(kind for kind in kinds if kind is not None)


def _combination(nest: Nest) -> InterfaceCombination:
    limits = [LIMIT.decode_nest(each) for _index, each in split_attributes(nest.octets("LIMITS") or b"")]
    return InterfaceCombination(
        limits=tuple(
            InterfaceLimit(limit.integer("MAX") or 0, _interface_types(limit.octets("TYPES") or b""))
            for limit in limits
        ),
        maximum_interfaces=nest.integer("MAXNUM") or 0,
        channels=nest.integer("NUM_CHANNELS") or 0,
    )


def _driver_of(wiphy_name: str) -> str:
    try:
        return (_SYS_IEEE80211 / wiphy_name / "device" / "driver").readlink().name
    except OSError:
        return ""


class _BandBuilder:
    """The pieces of one band."""

    def __init__(self) -> None:
        self._frequencies: dict[int, Frequency] = {}
        self._rates: tuple[int, ...] = ()
        self._ht: bytes | None = None
        self._vht: bytes | None = None

    def add(self, octets: bytes) -> None:
        band = BAND.decode_nest(octets)
        for _index, each in split_attributes(band.octets("FREQS") or b""):
            frequency = _frequency(FREQUENCY.decode_nest(each))
            self._frequencies[frequency.mhz] = frequency
        rates = [BITRATE.decode_nest(each) for _index, each in split_attributes(band.octets("RATES") or b"")]
        self._rates = tuple((rate.integer("RATE") or 0) // 5 for rate in rates) or self._rates
        self._ht = _ht_capabilities(band) or self._ht
        self._vht = _vht_capabilities(band) or self._vht

    def build(self) -> Band:
        return Band(tuple(self._frequencies.values()), self._rates, self._ht, self._vht)


class _WiphyBuilder:
    """The pieces of one wiphy."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._name = f"phy{number}"
        self._types: set[InterfaceType] = set()
        self._bands: dict[int, _BandBuilder] = {}
        self._suites: frozenset[int] = frozenset()
        self._features = b""
        self._has_ap_sme = False
        self._scan_ssids = 1
        self._scan_elements: int | None = None
        self._combinations: dict[int, InterfaceCombination] = {}
        self._commands: set[int] = set()

    def add(self, message: Message) -> None:
        self._name = message.text("WIPHY_NAME") or self._name
        self._features = message.octets("EXT_FEATURES") or self._features
        self._has_ap_sme |= "DEVICE_AP_SME" in message
        self._scan_ssids = message.integer("MAX_NUM_SCAN_SSIDS") or self._scan_ssids
        if "MAX_SCAN_IE_LEN" in message:
            self._scan_elements = message.integer("MAX_SCAN_IE_LEN")
        self._suites |= frozenset(_u32s(message.octets("CIPHER_SUITES") or b""))
        self._types |= _interface_types(message.octets("SUPPORTED_IFTYPES") or b"")
        for _index, command in split_attributes(message.octets("SUPPORTED_COMMANDS") or b""):
            self._commands.update(_u32s(command))
        for number, octets in split_attributes(message.octets("INTERFACE_COMBINATIONS") or b""):
            self._combinations[number] = _combination(COMBINATION.decode_nest(octets))
        for number, octets in split_attributes(message.octets("WIPHY_BANDS") or b""):
            self._bands.setdefault(number, _BandBuilder()).add(octets)

    def build(self) -> RadioCapabilities:
        return RadioCapabilities(
            wiphy=self._number,
            wiphy_name=self._name,
            interface_types=frozenset(self._types),
            bands=tuple(self._bands[number].build() for number in sorted(self._bands)),
            has_ap_sme=self._has_ap_sme,
            has_control_port=self._has(ExtFeature.CONTROL_PORT_OVER_NL80211),
            has_control_port_status=self._has(ExtFeature.CONTROL_PORT_OVER_NL80211_TX_STATUS),
            cipher_suites=self._suites,
            driver=_driver_of(self._name),
            maximum_scan_ssids=self._scan_ssids,
            maximum_scan_elements=self._scan_elements,
            combinations=tuple(self._combinations.values()),
            has_channel_switch=Command.CHANNEL_SWITCH in self._commands,
        )

    def _has(self, feature: ExtFeature) -> bool:
        return len(self._features) > feature // 8 and bool(self._features[feature // 8] & 1 << feature % 8)


def _u32s(octets: bytes) -> Iterable[int]:
    return (int.from_bytes(octets[at : at + 4], sys.byteorder) for at in range(0, len(octets) - 3, 4))


def _frequency(nest: Nest) -> Frequency:
    mhz = nest.integer("FREQ")
    if mhz is None:
        raise DecodeError("a frequency without a number")
    return Frequency(
        mhz=mhz,
        is_disabled="DISABLED" in nest,
        may_initiate="NO_IR" not in nest,
        needs_radar_detection="RADAR" in nest,
        max_power_dbm=(nest.integer("MAX_TX_POWER") or 0) / 100,
    )


def _ht_capabilities(band: Nest) -> bytes | None:
    """HT Capability Information, A-MPDU Parameters, MCS set, then extended, beamforming and antenna fields of zero."""
    information, mcs_set = band.integer("HT_CAPA"), band.octets("HT_MCS_SET")
    if information is None or mcs_set is None or len(mcs_set) != 16:
        return None
    ampdu = (band.integer("HT_AMPDU_FACTOR") or 0) & 3 | ((band.integer("HT_AMPDU_DENSITY") or 0) & 7) << 2
    return information.to_bytes(2, "little") + bytes([ampdu]) + mcs_set + bytes(7)


def _vht_capabilities(band: Nest) -> bytes | None:
    information, mcs_set = band.integer("VHT_CAPA"), band.octets("VHT_MCS_SET")
    if information is None or mcs_set is None or len(mcs_set) != 8:
        return None
    return information.to_bytes(4, "little") + mcs_set
