# SPDX-License-Identifier: BSD-3-Clause
"""A station in the words of wpa_supplicant's control interface: the replies to STATUS and LIST_NETWORKS.

Keys are told by STATUS-WPS alone, as wpa_supplicant does for whoever shows them to guests of an access point of ours.
SSIDs are escaped, so that nothing a peer sent ends a line or begins another.
"""

from collections.abc import Iterable, Mapping, Sequence

from wpsagent.control.agent import AccessPoint, Station
from wpsagent.control.table import text_of
from wpsagent.errors import UsageError
from wpsagent.roles.sta.machine import StationMachine, StationState
from wpsagent.roles.sta.network import Network
from wpsagent.rsn.rsne import AkmSuite, CipherSuite, Rsne
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType

NETWORKS_HEADER = "network id / ssid / bssid / flags\n"

_CIPHERS: Mapping[int, str] = {CipherSuite.CCMP_128: "CCMP", CipherSuite.TKIP: "TKIP"}
_AKM_SUITES: Mapping[int, str] = {AkmSuite.PSK: "WPA2-PSK", AkmSuite.PSK_SHA256: "WPA2-PSK-SHA256"}
_ASSOCIATED = (StationState.ASSOCIATED, StationState.HANDSHAKE, StationState.COMPLETED)
_REPLY = 4096


# ---- STATUS


def format_status(station: Station, *, has_keys: bool = False) -> str:
    """The lines of STATUS.  has_keys: with those of an access point of ours (STATUS-WPS)."""
    if (access_point := station.access_point) is not None:
        return text_of(_access_point_lines(station, access_point, has_keys=has_keys))
    try:
        machine = station.machine()
    except UsageError:
        return text_of([f"wpa_state={StationState.INTERFACE_DISABLED.value}"])
    lines = [*_association_lines(machine), f"wpa_state={machine.state.value}"]
    return text_of([*lines, *_address_lines(station), f"address={machine.address}", _uuid_line(station)])


def _address_lines(station: Station) -> Sequence[str]:
    address = station.ip_address
    return () if address is None else (f"ip_address={address}",)


def _uuid_line(station: Station) -> str:
    return f"uuid={station.get_option('uuid')}"


def _association_lines(machine: StationMachine) -> Iterable[str]:
    bss, network = machine.current_bss, machine.current_network
    if bss is None or machine.state not in _ASSOCIATED:
        return
    yield f"bssid={bss.bssid}"
    yield f"freq={bss.frequency_mhz}"
    yield f"ssid={bss.ssid if network is None else network.ssid}"
    network = network or next((network for network in machine.networks if network.is_for_wps), None)
    if network is not None:
        yield f"id={network.id}"
        if network.id_str:
            yield f"id_str={network.id_str}"
    yield "mode=station"
    if (generation := machine.wifi_generation) is not None:
        yield f"wifi_generation={generation}"
    yield from _key_lines(machine.current_rsne, "WPS" if machine.current_network is None else "NONE")


def _key_lines(rsne: Rsne | None, without: str) -> Iterable[str]:
    if rsne is None:
        return ("pairwise_cipher=NONE", "group_cipher=NONE", f"key_mgmt={without}")
    lines = [
        f"pairwise_cipher={_CIPHERS.get(rsne.pairwise_ciphers[0], 'UNKNOWN')}",
        f"group_cipher={_CIPHERS.get(rsne.group_cipher, 'UNKNOWN')}",
        f"key_mgmt={_AKM_SUITES.get(rsne.akm_suites[0], 'UNKNOWN')}",
    ]
    return (*lines, "pmf=1", "mgmt_group_cipher=BIP") if rsne.protects_frames else lines


def _access_point_lines(station: Station, access_point: AccessPoint, *, has_keys: bool) -> Iterable[str]:
    status, settings = access_point.status, access_point.network_settings
    is_protected = bool(settings.authentication_types & AuthenticationType.WPA2_PERSONAL)
    yield f"bssid={status.address}"
    yield f"freq={status.frequency_mhz}"
    yield f"ssid={status.ssid}"
    yield f"id={station.access_point_id}"
    if has_keys:
        yield from _keys(settings)
    yield "mode=AP"
    cipher = "CCMP" if is_protected else "NONE"
    yield from (f"pairwise_cipher={cipher}", f"group_cipher={cipher}")
    yield f"key_mgmt={'WPA2-PSK' if is_protected else 'NONE'}"
    yield f"wpa_state={'COMPLETED' if status.is_enabled else 'SCANNING'}"
    yield from _address_lines(station)
    yield f"address={status.address}"
    yield _uuid_line(station)


def _keys(settings: NetworkSettings) -> Iterable[str]:
    if settings.passphrase is not None:
        return (f"passphrase={settings.passphrase.decode('ascii', 'backslashreplace')}",)
    return () if settings.psk is None else (f"psk={settings.psk.hex()}",)


def format_driver_status(station: Station) -> str:
    """The lines of STATUS-DRIVER: what the radio is, and what it is at."""
    machine = station.machine()
    capabilities, bss = machine.capabilities, machine.current_bss
    is_associated = bss is not None and machine.state in _ASSOCIATED
    return text_of(
        [
            f"ifname={station.interface}",
            f"addr={machine.address}",
            f"freq={bss.frequency_mhz if bss is not None else 0}",
            f"phyname={capabilities.wiphy_name}",
            f"driver={capabilities.driver}",
            f"bssid={bss.bssid if bss is not None and is_associated else '00:00:00:00:00:00'}",
            f"associated={int(is_associated)}",
            f"capa.max_scan_ssids={capabilities.maximum_scan_ssids}",
        ]
    )


# ---- LIST_NETWORKS


def format_networks(station: Station, after: int = -1) -> str:
    """The lines of LIST_NETWORKS, those of networks after one, as many as fit into a reply."""
    try:
        machine: StationMachine | None = station.machine()
    except UsageError:
        machine = None
    reply = NETWORKS_HEADER
    for network in station.networks:
        line = _network_line(network, station, machine)
        if len(reply.encode()) + len(line.encode()) > _REPLY:
            break
        if network.id > after:
            reply += line
    return reply


def _network_line(network: Network, station: Station, machine: StationMachine | None) -> str:
    flags = ""
    current = machine.current_network if machine is not None else None
    if (current is not None and current.id == network.id) or network.id == station.access_point_id:
        flags += "[CURRENT]"
    if not station.networks.is_enabled(network.id):
        flags += "[DISABLED]"
    if machine is not None and machine.is_temporarily_disabled(network.id):
        flags += "[TEMP-DISABLED]"
    return f"{network.id}\t{network.ssid}\t{network.bssid or 'any'}\t{flags}\n"
