# SPDX-License-Identifier: BSD-3-Clause
"""A station in the words of wpa_supplicant's control interface: the replies to STATUS and LIST_NETWORKS.

Secrets are in neither.  SSIDs are escaped, so that nothing a peer sent ends a line or begins another.
"""

from collections.abc import Iterable, Mapping

from wpsagent.control.agent import Station
from wpsagent.errors import UsageError
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.machine import StationMachine, StationState
from wpsagent.roles.sta.network import Network
from wpsagent.rsn.rsne import CipherSuite
from wpsagent.wsc.device import format_uuid

NETWORKS_HEADER = "network id / ssid / bssid / flags\n"

_CIPHERS: Mapping[int, str] = {CipherSuite.CCMP_128: "CCMP", CipherSuite.TKIP: "TKIP"}
_ASSOCIATED = (StationState.ASSOCIATED, StationState.HANDSHAKE, StationState.COMPLETED)


def format_status(station: Station) -> str:
    """The lines of STATUS."""
    try:
        machine = station.machine()
    except UsageError:
        return f"wpa_state={StationState.INTERFACE_DISABLED.value}\n"
    lines = [
        *_association_lines(machine),
        f"wpa_state={machine.state.value}",
        f"address={machine.address}",
        f"uuid={format_uuid(machine.parameters.uuid)}",
    ]
    return "".join(f"{line}\n" for line in lines)


def _association_lines(machine: StationMachine) -> Iterable[str]:
    bss, network = machine.current_bss, machine.current_network
    if bss is None or machine.state not in _ASSOCIATED:
        return
    yield f"bssid={bss.bssid}"
    yield f"freq={bss.frequency_mhz}"
    yield f"ssid={bss.ssid if network is None else network.ssid}"
    if network is None:
        yield from ("mode=station", "key_mgmt=WPS")
        return
    yield f"id={network.id}"
    if network.id_str:
        yield f"id_str={network.id_str}"
    yield "mode=station"
    yield from _key_lines(bss, network)


def _key_lines(bss: Bss, network: Network) -> Iterable[str]:
    match = network.match(bss)
    rsne = None if match is None else match.rsne
    if rsne is None:
        return ("pairwise_cipher=NONE", "group_cipher=NONE", "key_mgmt=NONE")
    pairwise, group = rsne.pairwise_ciphers[0], rsne.group_cipher
    return (
        f"pairwise_cipher={_CIPHERS.get(pairwise, 'UNKNOWN')}",
        f"group_cipher={_CIPHERS.get(group, 'UNKNOWN')}",
        "key_mgmt=WPA2-PSK",
    )


def format_networks(station: Station) -> str:
    """The lines of LIST_NETWORKS."""
    try:
        machine: StationMachine | None = station.machine()
    except UsageError:
        machine = None
    return NETWORKS_HEADER + "".join(_network_line(network, machine) for network in station.networks)


def _network_line(network: Network, machine: StationMachine | None) -> str:
    flags = ""
    if machine is not None and machine.current_network is not None and machine.current_network.id == network.id:
        flags += "[CURRENT]"
    if network.is_disabled:
        flags += "[DISABLED]"
    if machine is not None and machine.is_temporarily_disabled(network.id):
        flags += "[TEMP-DISABLED]"
    return f"{network.id}\t{network.ssid}\t{network.bssid or 'any'}\t{flags}\n"
