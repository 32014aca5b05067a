# SPDX-License-Identifier: BSD-3-Clause
"""The BSS table in the words of wpa_supplicant's control interface: the replies to SCAN_RESULTS and BSS.

    SCAN_RESULTS   one row for each BSS: bssid, MHz, dBm, flags, SSID, with tabs between
    BSS <which>    key=value lines of one BSS, or of several

Front ends parse these texts, so nothing that a peer sent can end a line or begin another: SSIDs are escaped, and in
device names whatever is not printable becomes "_".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntFlag

from wpsagent.dot11.elements import ElementId
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.roles.sta.bss_table import Bss, BssTable
from wpsagent.roles.sta.flags import flags_text
from wpsagent.wsc.attributes import Attributes, AttributeType
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.enumerations import WpsState

_A = AttributeType

SCAN_RESULTS_HEADER = "bssid / frequency / signal level / flags / ssid\n"

_NOISE_2_4_GHZ_DBM = -89
_NOISE_5_GHZ_DBM = -92
"""What is assumed of a channel's noise: few drivers tell it."""


class BssMask(IntFlag):
    """Which lines of a BSS are wanted (MASK=)."""

    ID = 1 << 0
    BSSID = 1 << 1
    FREQUENCY = 1 << 2
    BEACON_INTERVAL = 1 << 3
    CAPABILITIES = 1 << 4
    QUALITY = 1 << 5
    NOISE = 1 << 6
    LEVEL = 1 << 7
    TSF = 1 << 8
    AGE = 1 << 9
    ELEMENTS = 1 << 10
    FLAGS = 1 << 11
    SSID = 1 << 12
    WPS = 1 << 13
    DELIMITER = 1 << 17
    SNR = 1 << 19
    ESTIMATED_THROUGHPUT = 1 << 20
    UPDATE_INDEX = 1 << 22
    BEACON_ELEMENTS = 1 << 23


DEFAULT_MASK = 0xFFFDFFFF
"""Everything but the line between two BSSes."""

_DELIMITER = "====\n"
_END = "####\n"


def scan_results_text(bsses: Iterable[Bss], own_address: MacAddress) -> str:
    """The reply to SCAN_RESULTS."""
    return SCAN_RESULTS_HEADER + "".join(scan_result_row(bss, own_address) for bss in bsses)


def scan_result_row(bss: Bss, own_address: MacAddress) -> str:
    flags = flags_text(bss, own_address)
    return f"{bss.bssid}\t{bss.frequency_mhz}\t{round(bss.signal_dbm)}\t{flags}\t{bss.ssid}\n"


# ---- one BSS


def bss_text(bss: Bss, own_address: MacAddress, now: float, mask: int = DEFAULT_MASK) -> str:
    """The key=value lines of one BSS, those that the mask has.  age is in seconds, est_throughput in kbit/s."""
    moment = _Moment(bss, own_address, now)
    return "".join(line(moment) for bit, line in _BSS_LINES if mask & bit)


@dataclass(frozen=True, slots=True)
class _Moment:
    """A BSS as it is told now."""

    bss: Bss
    own_address: MacAddress
    now: float

    @property
    def noise_dbm(self) -> int:
        return _NOISE_2_4_GHZ_DBM if self.bss.frequency_mhz < 4000 else _NOISE_5_GHZ_DBM

    @property
    def level_dbm(self) -> int:
        return round(self.bss.signal_dbm)

    @property
    def snr_db(self) -> int:
        return self.level_dbm - self.noise_dbm


# Each works its line out only when it is wanted: front ends ask for a few lines of many BSSes.
_BSS_LINES: Sequence[tuple[BssMask, Callable[[_Moment], str]]] = (
    (BssMask.ID, lambda m: f"id={m.bss.id}\n"),
    (BssMask.BSSID, lambda m: f"bssid={m.bss.bssid}\n"),
    (BssMask.FREQUENCY, lambda m: f"freq={m.bss.frequency_mhz}\n"),
    (BssMask.BEACON_INTERVAL, lambda m: f"beacon_int={m.bss.beacon_interval_tu}\n"),
    (BssMask.CAPABILITIES, lambda m: f"capabilities=0x{m.bss.capability:04x}\n"),
    (BssMask.QUALITY, lambda _m: "qual=0\n"),
    (BssMask.NOISE, lambda m: f"noise={m.noise_dbm}\n"),
    (BssMask.LEVEL, lambda m: f"level={m.level_dbm}\n"),
    (BssMask.TSF, lambda m: f"tsf={m.bss.tsf:016d}\n"),
    (BssMask.AGE, lambda m: f"age={max(0, int(m.now - m.bss.seen_at))}\n"),
    (BssMask.ELEMENTS, lambda m: f"ie={m.bss.octets.hex()}\n"),
    (BssMask.FLAGS, lambda m: f"flags={flags_text(m.bss, m.own_address)}\n"),
    (BssMask.SSID, lambda m: f"ssid={m.bss.ssid}\n"),
    (BssMask.WPS, lambda m: wps_text(m.bss)),
    (BssMask.SNR, lambda m: f"snr={m.snr_db}\n"),
    (BssMask.ESTIMATED_THROUGHPUT, lambda m: f"est_throughput={_throughput_kbps(m.bss, m.snr_db)}\n"),
    (BssMask.UPDATE_INDEX, lambda m: f"update_idx={m.bss.update_index}\n"),
    (
        BssMask.BEACON_ELEMENTS,
        lambda m: f"beacon_ie={m.bss.beacon_octets.hex()}\n" if m.bss.beacon_octets else "",
    ),
    (BssMask.DELIMITER, lambda _m: _DELIMITER),
)


def wps_text(bss: Bss) -> str:
    """The wps_* lines of a BSS: those attributes that its newest frame has."""
    attributes = bss.wps_attributes
    return "" if attributes is None else "".join(f"wps_{name}={value}\n" for name, value in _wps_lines(attributes))


def _wps_lines(attributes: Attributes) -> Iterable[tuple[str, str]]:
    state = attributes.integer(_A.WPS_STATE)
    if state in _STATE_TEXTS:
        yield "state", _STATE_TEXTS[state]
    if attributes.boolean(_A.AP_SETUP_LOCKED):
        yield "ap_setup_locked", "1"
    if attributes.boolean(_A.SELECTED_REGISTRAR):
        yield "selected_registrar", "1"
    password_id = attributes.integer(_A.DEVICE_PASSWORD_ID)
    if password_id is not None:
        yield "device_password_id", str(password_id)
    yield from _methods("selected_registrar_config_methods", attributes, _A.SELECTED_REGISTRAR_CONFIG_METHODS)
    device_type = attributes.get(_A.PRIMARY_DEVICE_TYPE)
    if device_type is not None:
        yield "primary_device_type", str(PrimaryDeviceType.decode(device_type))
    name = attributes.get(_A.DEVICE_NAME)
    if name is not None:
        yield "device_name", "".join(c if c.isprintable() else "_" for c in name.decode("utf-8", "replace"))
    yield from _methods("config_methods", attributes, _A.CONFIG_METHODS)


_STATE_TEXTS: Mapping[int | None, str] = {
    WpsState.NOT_CONFIGURED: "unconfigured",
    WpsState.CONFIGURED: "configured",
}


def _methods(name: str, attributes: Attributes, attribute_type: AttributeType) -> Iterable[tuple[str, str]]:
    methods = attributes.integer(attribute_type)
    return () if methods is None else ((name, f"0x{methods:04x}"),)


_LEGACY = ((0, 2), (2, 4), (4, 11), (5, 12), (6, 18), (9, 24), (11, 36), (15, 48), (17, 72), (21, 96), (23, 108))
"""Least signal-to-noise ratio in dB for a rate in units of 500 kbit/s."""

_HT_20_MHZ = ((3, 6500), (6, 13000), (8, 19500), (12, 26000), (15, 39000), (19, 52000), (20, 58500), (25, 65000))
"""Least signal-to-noise ratio in dB for an HT rate of one stream, 20 MHz, in kbit/s."""


def _throughput_kbps(bss: Bss, snr_db: int) -> int:
    """A rough guess, for comparison only: the best rate that both the access point and the signal allow."""
    fastest = max(bss.elements.rates, default=2)
    legacy = max((rate * 500 for least, rate in _LEGACY if snr_db >= least and rate <= fastest), default=1000)
    if bss.elements.first(ElementId.HT_CAPABILITIES) is None:
        return legacy
    return max((rate for least, rate in _HT_20_MHZ if snr_db >= least), default=legacy)


# ---- which BSS


def bss_reply(
    table: BssTable,
    argument: str,
    own_address: MacAddress,
    now: float,
    *,
    current: MacAddress | None = None,
    limit: int = 4096,
) -> str:
    """The reply to BSS <argument>; empty for a BSS that is not there and for an argument that says nothing.

    argument: <index>, <BSSID>, FIRST, LAST, NEXT-<id>, CURRENT, ID-<id>, RANGE=<id>-[<id>], RANGE=ALL or ALL, and
    MASK=0x<bits> after it.  current: the BSSID joined.  limit: the reply has fewer octets; of a range those BSSes are
    told that fit, and the last line is #### instead of ==== when the last BSS of the table was among them.
    """
    which, mask = _split(argument)
    bsses = tuple(table)
    reply, length = "", 0
    for bss in _chosen(bsses, which, table, current):
        text = bss_text(bss, own_address, now, mask)
        length += len(text.encode())
        if length >= limit:
            break
        reply += text
        if mask & BssMask.DELIMITER and bss is bsses[-1]:
            reply = reply.removesuffix(_DELIMITER) + _END
    return reply


def _split(argument: str) -> tuple[str, int]:
    words = argument.split()
    masks = [word.removeprefix("MASK=") for word in words if word.startswith("MASK=")]
    try:
        mask = int(masks[0], 16) if masks else 0
    except ValueError:
        mask = 0
    return (words[0] if words else ""), mask or DEFAULT_MASK


def _chosen(bsses: tuple[Bss, ...], which: str, table: BssTable, current: MacAddress | None) -> Iterable[Bss]:
    if which.startswith("RANGE="):
        return _range(bsses, which.removeprefix("RANGE="))
    if which == "ALL":
        return bsses
    return [bss for bss in [_one(bsses, which, table, current)] if bss is not None]


def _range(bsses: tuple[Bss, ...], text: str) -> Iterable[Bss]:
    if text == "ALL":
        return bsses
    first, _, last = text.partition("-")
    lowest, highest = _number(first), _number(last)
    if lowest is None:
        return ()
    return [bss for bss in bsses if bss.id >= lowest and (highest is None or bss.id <= highest)]


def _one(bsses: tuple[Bss, ...], which: str, table: BssTable, current: MacAddress | None) -> Bss | None:
    if which == "FIRST":
        return bsses[0] if bsses else None
    if which == "LAST":
        return bsses[-1] if bsses else None
    if which == "CURRENT":
        return None if current is None else table.get(current)
    if which.startswith("ID-"):
        bss_id = _number(which.removeprefix("ID-"))
        return None if bss_id is None else table.get_by_id(bss_id)
    if which.startswith("NEXT-"):
        bss_id = _number(which.removeprefix("NEXT-"))
        return None if bss_id is None else next((bss for bss in bsses if bss.id > bss_id), None)
    index = _number(which)
    if index is not None:
        return bsses[index] if index < len(bsses) else None
    return _by_address(table, which)


def _by_address(table: BssTable, text: str) -> Bss | None:
    try:
        return table.get(MacAddress.parse(text))
    except DecodeError:
        return None


def _number(text: str) -> int | None:
    """Decimal digits of ASCII, and not so many that they could be no id."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
