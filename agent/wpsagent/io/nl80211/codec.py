# SPDX-License-Identifier: BSD-3-Clause
"""The nl80211 message codec: attribute rows for what the agent uses, on pyroute2's generic netlink codec.

Source: linux/nl80211.h.  pyroute2's own nl80211 class types most attributes as hexadecimal text and ends at command
113, so the rows here are explicit: (number, the kernel's name without NL80211_ATTR_, type).  Octets are `cdata`;
integers are in the machine's byte order; a lower-case type names a nest below.

Encoding refuses an unknown name, a value of the wrong type and an integer out of range (UsageError): pyroute2 would
drop the first silently.  Decoding skips attributes that have no row, and those too short for their row's type; it
raises DecodeError for whatever is garbled.

Importing any module of pyroute2 runs its package's __init__, which imports some 230 modules (13 to 15 MB) of which
the codec needs three.  So the codec is imported with the package object made but not executed, as
importlib.util.module_from_spec documents, and then taken out of sys.modules again: the copy is this module's own, and
whoever imports pyroute2 later gets the whole of it, untouched.  Where pyroute2 is loaded already that one is used.
"""

import importlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import Any

from wpsagent.errors import DecodeError, UsageError
from wpsagent.io.nl80211.netlink import GENERIC_HEADER, HEADER, split_attributes

_PACKAGE = "pyroute2"
_CODEC = "pyroute2.netlink"


def _loaded() -> set[str]:
    return {name for name in sys.modules if name.partition(".")[0] == _PACKAGE}


def _import_codec_alone() -> ModuleType:
    spec = find_spec(_PACKAGE)
    if spec is None:
        raise ModuleNotFoundError("pyroute2 is not installed (pip install pyroute2, opkg install python3-pyroute2)")
    sys.modules[_PACKAGE] = module_from_spec(spec)
    try:
        return importlib.import_module(_CODEC)
    finally:
        for name in _loaded():
            del sys.modules[name]


def _import_codec() -> ModuleType:
    """pyroute2's codec, alone if possible; a release whose codec needs its package's __init__ is imported whole."""
    if _loaded():
        return importlib.import_module(_CODEC)
    try:
        return _import_codec_alone()
    except (ImportError, AttributeError):
        return importlib.import_module(_CODEC)


_netlink = _import_codec()

Value = int | bytes | str | bool | Mapping[str, "Value"]
Attributes = Mapping[str, Value]
Row = tuple[int, str, str]

_CONTROL: tuple[Row, ...] = (  # linux/genetlink.h, CTRL_ATTR_*
    (1, "FAMILY_ID", "uint16"),
    (2, "FAMILY_NAME", "asciiz"),
    (7, "MCAST_GROUPS", "cdata"),
)
_MULTICAST_GROUP: tuple[Row, ...] = ((1, "NAME", "asciiz"), (2, "ID", "uint32"))  # CTRL_ATTR_MCAST_GRP_*

_KEY_DEFAULT_TYPES: tuple[Row, ...] = ((1, "UNICAST", "flag"), (2, "MULTICAST", "flag"))
_KEY: tuple[Row, ...] = (  # enum nl80211_key_attributes
    (1, "DATA", "cdata"),
    (2, "IDX", "uint8"),
    (3, "CIPHER", "uint32"),
    (4, "SEQ", "cdata"),
    (5, "DEFAULT", "flag"),
    (7, "TYPE", "uint32"),
    (8, "DEFAULT_TYPES", "key_default_types"),
)
_STA_WME: tuple[Row, ...] = ((1, "UAPSD_QUEUES", "uint8"), (2, "MAX_SP", "uint8"))  # enum nl80211_sta_wme_attr
_STA_INFO: tuple[Row, ...] = ((1, "INACTIVE_TIME", "uint32"),)  # enum nl80211_sta_info
_BAND: tuple[Row, ...] = (  # enum nl80211_band_attr
    (1, "FREQS", "cdata"),
    (2, "RATES", "cdata"),
    (3, "HT_MCS_SET", "cdata"),
    (4, "HT_CAPA", "uint16"),
    (5, "HT_AMPDU_FACTOR", "uint8"),
    (6, "HT_AMPDU_DENSITY", "uint8"),
    (7, "VHT_MCS_SET", "cdata"),
    (8, "VHT_CAPA", "uint32"),
)
_FREQUENCY: tuple[Row, ...] = (  # enum nl80211_frequency_attr
    (1, "FREQ", "uint32"),
    (2, "DISABLED", "flag"),
    (3, "NO_IR", "flag"),
    (5, "RADAR", "flag"),
    (6, "MAX_TX_POWER", "uint32"),
)
_BITRATE: tuple[Row, ...] = ((1, "RATE", "uint32"),)  # enum nl80211_bitrate_attr
_COMBINATION: tuple[Row, ...] = (  # enum nl80211_if_combination_attrs
    (1, "LIMITS", "cdata"),
    (2, "MAXNUM", "uint32"),
    (4, "NUM_CHANNELS", "uint32"),
)
_LIMIT: tuple[Row, ...] = ((1, "MAX", "uint32"), (2, "TYPES", "cdata"))  # enum nl80211_iface_limit_attrs
_ANNOUNCEMENT: tuple[Row, ...] = (  # of enum nl80211_attrs, within CSA_IES
    (14, "BEACON_HEAD", "cdata"),
    (15, "BEACON_TAIL", "cdata"),
    (42, "IE", "cdata"),
    (127, "IE_PROBE_RESP", "cdata"),
    (128, "IE_ASSOC_RESP", "cdata"),
    (186, "CNTDWN_OFFS_BEACON", "cdata"),
)
_NL80211: tuple[Row, ...] = (  # enum nl80211_attrs
    (1, "WIPHY", "uint32"),
    (2, "WIPHY_NAME", "asciiz"),
    (3, "IFINDEX", "uint32"),
    (4, "IFNAME", "asciiz"),
    (5, "IFTYPE", "uint32"),
    (6, "MAC", "cdata"),
    (8, "KEY_IDX", "uint8"),
    (10, "KEY_SEQ", "cdata"),
    (12, "BEACON_INTERVAL", "uint32"),
    (13, "DTIM_PERIOD", "uint32"),
    (14, "BEACON_HEAD", "cdata"),
    (15, "BEACON_TAIL", "cdata"),
    (16, "STA_AID", "uint16"),
    (18, "STA_LISTEN_INTERVAL", "uint16"),
    (19, "STA_SUPPORTED_RATES", "cdata"),
    (21, "STA_INFO", "sta_info"),
    (22, "WIPHY_BANDS", "cdata"),
    (28, "BSS_CTS_PROT", "uint8"),
    (29, "BSS_SHORT_PREAMBLE", "uint8"),
    (30, "BSS_SHORT_SLOT_TIME", "uint8"),
    (31, "HT_CAPABILITY", "cdata"),
    (32, "SUPPORTED_IFTYPES", "cdata"),
    (36, "BSS_BASIC_RATES", "cdata"),
    (38, "WIPHY_FREQ", "uint32"),
    (41, "MGMT_SUBTYPE", "uint8"),
    (42, "IE", "cdata"),
    (43, "MAX_NUM_SCAN_SSIDS", "uint8"),
    (44, "SCAN_FREQUENCIES", "cdata"),
    (45, "SCAN_SSIDS", "cdata"),
    (50, "SUPPORTED_COMMANDS", "cdata"),
    (51, "FRAME", "cdata"),
    (52, "SSID", "cdata"),
    (53, "AUTH_TYPE", "uint32"),
    (54, "REASON_CODE", "uint16"),
    (56, "MAX_SCAN_IE_LEN", "uint16"),
    (57, "CIPHER_SUITES", "cdata"),
    (65, "TIMED_OUT", "flag"),
    (66, "USE_MFP", "uint32"),
    (67, "STA_FLAGS2", "cdata"),
    (68, "CONTROL_PORT", "flag"),
    (70, "PRIVACY", "flag"),
    (71, "DISCONNECTED_BY_AP", "flag"),
    (72, "STATUS_CODE", "uint16"),
    (73, "CIPHER_SUITES_PAIRWISE", "cdata"),
    (74, "CIPHER_SUITE_GROUP", "uint32"),
    (75, "WPA_VERSIONS", "uint32"),
    (76, "AKM_SUITES", "cdata"),
    (78, "RESP_IE", "cdata"),
    (80, "KEY", "key"),
    (88, "COOKIE", "uint64"),
    (91, "FRAME_MATCH", "cdata"),
    (92, "ACK", "flag"),
    (101, "FRAME_TYPE", "uint16"),
    (102, "CONTROL_PORT_ETHERTYPE", "uint16"),
    (103, "CONTROL_PORT_NO_ENCRYPT", "flag"),
    (120, "INTERFACE_COMBINATIONS", "cdata"),
    (126, "HIDDEN_SSID", "uint32"),
    (127, "IE_PROBE_RESP", "cdata"),
    (128, "IE_ASSOC_RESP", "cdata"),
    (129, "STA_WME", "sta_wme"),
    (141, "DEVICE_AP_SME", "uint32"),
    (142, "DONT_WAIT_FOR_ACK", "flag"),
    (151, "RX_SIGNAL_DBM", "int32"),
    (153, "WDEV", "uint64"),
    (157, "VHT_CAPABILITY", "cdata"),
    (159, "CHANNEL_WIDTH", "uint32"),
    (160, "CENTER_FREQ1", "uint32"),
    (171, "STA_CAPABILITY", "uint16"),
    (174, "SPLIT_WIPHY_DUMP", "flag"),
    (183, "CH_SWITCH_COUNT", "uint32"),
    (185, "CSA_IES", "announcement"),
    (204, "SOCKET_OWNER", "flag"),
    (217, "EXT_FEATURES", "cdata"),
    (264, "CONTROL_PORT_OVER_NL80211", "flag"),
)

# octets and range of each integer type
_INTEGERS = {"uint8": (1, 0), "uint16": (2, 0), "uint32": (4, 0), "uint64": (8, 0), "int32": (4, -(1 << 31))}

_LEAVES = ("uint8", "uint16", "uint32", "uint64", "int32", "flag", "asciiz", "cdata")

# pyroute2 lets each message and attribute hold itself in a list, `chain`, so that only Python's cycle collector frees
# them: some 500 objects for a station that joins, and a megabyte of them before it comes round.  Nobody needs the list.
_NOT_HELD_BY_ITSELF = {"__slots__": (), "chain": property(lambda self: [self], lambda self, chain: None)}
_FREE_LEAVES = {kind: type(kind, (getattr(_netlink.nla, kind),), dict(_NOT_HELD_BY_ITSELF)) for kind in _LEAVES}


@dataclass(frozen=True, slots=True)
class Nest:
    """A decoded set of attributes, by name.  The accessors return None for what is absent."""

    attributes: Attributes = field(repr=False)

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    def integer(self, name: str) -> int | None:
        value = self.attributes.get(name)
        return value if isinstance(value, int) else None

    def octets(self, name: str) -> bytes | None:
        value = self.attributes.get(name)
        return value if isinstance(value, bytes) else None

    def text(self, name: str) -> str | None:
        value = self.attributes.get(name)
        return value if isinstance(value, str) else None

    def nest(self, name: str) -> "Nest | None":
        value = self.attributes.get(name)
        return Nest(value) if isinstance(value, Mapping) else None


@dataclass(frozen=True, slots=True)
class Message(Nest):
    """A decoded generic netlink message."""

    command: int = 0


class Codec:
    """One set of rows compiled for pyroute2: nests are the codecs of the lower-case types in the rows."""

    def __init__(self, name: str, rows: tuple[Row, ...], nests: Mapping[str, "Codec"] | None = None) -> None:
        self.name = name
        self.nests = dict(nests or {})
        self._types = {row[1]: row[2] for row in rows}
        namespace: dict[str, Any] = {**_NOT_HELD_BY_ITSELF, **_FREE_LEAVES, "nla_map": rows}
        namespace |= {kind: codec.nla for kind, codec in self.nests.items()}
        self.nla: Any = type(f"{name}_nla", (_netlink.nla,), {**namespace, "nla_flags": _netlink.NLA_F_NESTED})
        self._message: Any = type(f"{name}_message", (_netlink.genlmsg,), namespace)

    def encode(self, kind: int, flags: int, sequence: int, command: int, attributes: Attributes) -> bytes:
        """A whole netlink request; the version octet of generic netlink is 1.  Raises UsageError."""
        message = self._message()
        message["cmd"] = command
        message["version"] = 1
        message["attrs"] = self._checked(attributes)
        message["header"] = {"type": kind, "flags": flags, "sequence_number": sequence}
        message.encode()
        return bytes(message.data)

    def decode(self, octets: bytes) -> Message:
        """A whole netlink message, header too.  Raises DecodeError."""
        if len(octets) < HEADER.size + GENERIC_HEADER.size:
            raise DecodeError(f"a generic netlink message of {len(octets)} octets")
        if HEADER.unpack_from(octets)[0] != len(octets):
            raise DecodeError(f"a netlink message of {len(octets)} octets that says it is longer or shorter")
        split_attributes(octets[HEADER.size + GENERIC_HEADER.size :])
        message = self._message(data=octets)
        try:
            message.decode()
        except Exception as error:  # whatever pyroute2 raises on octets it does not expect
            raise DecodeError(f"{self.name}: {error}") from error
        return Message(self._values(message), message["cmd"])

    def decode_nest(self, octets: bytes) -> Nest:
        """The payload of one nest, given as octets.  Raises DecodeError."""
        length = HEADER.size + GENERIC_HEADER.size + len(octets)
        return self.decode(HEADER.pack(length, 0, 0, 0, 0) + bytes(GENERIC_HEADER.size) + octets)

    def _checked(self, attributes: Attributes) -> list[tuple[str, Any]]:
        return [(name, self._checked_value(name, value)) for name, value in attributes.items()]

    def _checked_value(self, name: str, value: Value) -> Any:
        kind = self._types.get(name)
        if kind is None:
            raise UsageError(f"{self.name} has no attribute {name}")
        if kind in self.nests and isinstance(value, Mapping):
            return {"attrs": self.nests[kind]._checked(value)}
        if not _fits(kind, value):
            raise UsageError(f"{self.name} attribute {name} is {kind}, not {type(value).__name__} or out of its range")
        return value

    def _values(self, nest: Any) -> dict[str, Value]:
        values: dict[str, Value] = {}
        for slot in nest["attrs"]:
            name, cell = slot.cell
            kind = self._types.get(name)
            # What is too short for its row is another type in this message: the wiphy dump has CONTROL_PORT_ETHERTYPE
            # as a flag where every other message has it as a number.
            if kind is not None and cell.length - 4 >= _INTEGERS.get(kind, (0, 0))[0]:
                values.setdefault(name, self._value(kind, cell))
        return values

    def _value(self, kind: str, cell: Any) -> Value:
        if kind in self.nests:
            payload = bytes(cell.data[cell.offset + 4 : cell.offset + cell.length])
            return self.nests[kind].decode_nest(payload).attributes
        cell.decode()
        value: Value = cell.getvalue()
        return value.decode("utf-8", "replace") if kind == "asciiz" and isinstance(value, bytes) else value


def _fits(kind: str, value: Value) -> bool:
    if kind == "flag":
        return value is True
    if kind == "asciiz":
        return isinstance(value, str)
    if kind == "cdata":
        return isinstance(value, bytes)
    size, lowest = _INTEGERS.get(kind, (0, 0))
    return isinstance(value, int) and not isinstance(value, bool) and lowest <= value < lowest + (1 << 8 * size)


CONTROL = Codec("generic netlink control", _CONTROL)
MULTICAST_GROUP = Codec("multicast group", _MULTICAST_GROUP)
BAND = Codec("band", _BAND)
FREQUENCY = Codec("frequency", _FREQUENCY)
BITRATE = Codec("bitrate", _BITRATE)
COMBINATION = Codec("interface combination", _COMBINATION)
LIMIT = Codec("interface limit", _LIMIT)
NL80211 = Codec(
    "nl80211",
    _NL80211,
    {
        "announcement": Codec("channel switch announcement", _ANNOUNCEMENT),
        "sta_info": Codec("station info", _STA_INFO),
        "sta_wme": Codec("station WME", _STA_WME),
        "key": Codec("key", _KEY, {"key_default_types": Codec("key default types", _KEY_DEFAULT_TYPES)}),
    },
)
