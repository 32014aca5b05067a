# SPDX-License-Identifier: BSD-3-Clause
"""Access points as a scan finds them: ScanResults built from what the access point says."""

from wpsagent.dot11.elements import ssid_element
from wpsagent.dot11.frames import Capability
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import ScanResult
from wpsagent.roles.sta.bss_table import Bss, BssTable
from wpsagent.rsn.rsne import WPA2_PSK_CCMP
from wpsagent.wsc.attributes import NO_WFA_EXTENSION, WfaExtension
from wpsagent.wsc.elements import BeaconAttributes, ProbeResponseAttributes, SelectedRegistrar, wrap
from wpsagent.wsc.enumerations import ConfigMethods, DevicePasswordId

OWN = MacAddress.parse("02:00:00:00:02:00")
PROTECTED = Capability.ESS | Capability.PRIVACY
RSNE = WPA2_PSK_CCMP.element()
PIN_SELECTED = SelectedRegistrar(DevicePasswordId.DEFAULT, ConfigMethods.KEYPAD)
BUTTON_SELECTED = SelectedRegistrar(DevicePasswordId.PUSH_BUTTON, ConfigMethods.VIRTUAL_PUSH_BUTTON)
UNREADABLE_WPS = bytes.fromhex("dd050050f20410")
UUID = b"\xaa" * 16
OTHER_UUID = b"\xbb" * 16


def address(number: int) -> MacAddress:
    return MacAddress((0x020000000000 + number).to_bytes(6))


def wps(
    selected: SelectedRegistrar | None = None,
    *,
    macs: tuple[MacAddress, ...] = (),
    uuid: bytes | None = None,
    is_version2: bool = True,
) -> bytes:
    """The WPS element of a beacon."""
    wfa = WfaExtension(authorized_macs=macs) if is_version2 else NO_WFA_EXTENSION
    return wrap(BeaconAttributes(selected_registrar=selected, uuid_e=uuid, wfa=wfa).encode())


def pressed(uuid: bytes | None = None) -> bytes:
    """The WPS element of an access point whose button is pressed."""
    return wps(BUTTON_SELECTED, uuid=uuid)


def probe_response_wps(attributes: ProbeResponseAttributes) -> bytes:
    return wrap(attributes.encode())


def result(
    number: int = 1,
    elements: bytes = RSNE,
    *,
    ssid: bytes = b"home",
    mhz: int = 2437,
    dbm: float = -50,
    capability: int = PROTECTED,
    age_ms: int = 0,
    beacon: bytes = b"",
) -> ScanResult:
    octets = ssid_element(Ssid(ssid)) + elements
    return ScanResult(address(number), mhz, dbm, capability, 100, octets, beacon, 77, age_ms)


def bss(
    number: int = 1,
    elements: bytes = RSNE,
    *,
    ssid: bytes = b"home",
    mhz: int = 2437,
    dbm: float = -50,
    capability: int = PROTECTED,
    seen_at: float = 0.0,
) -> Bss:
    found = result(number, elements, ssid=ssid, mhz=mhz, dbm=dbm, capability=capability)
    return Bss.from_result(found, number, seen_at)


def table_of(*results: ScanResult, now: float = 0.0) -> BssTable:
    table = BssTable()
    table.update(results, now)
    return table
