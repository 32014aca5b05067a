# SPDX-License-Identifier: BSD-3-Clause
"""An access point in the words of hostapd's control interface: the replies to STATUS, STA, GET_CONFIG, WPS_GET_STATUS.

The lines are hostapd 2.10's, in its order; those are left out that the agent has nothing to say in.  SSIDs are escaped
and the texts of devices cleaned, so that nothing a peer sent ends a line or begins another.  GET_CONFIG tells the key
of the network, as hostapd does: it is for who may give commands.
"""

from collections.abc import Iterable, Sequence

from wpsagent.control.agent import AccessPoint, AccessPointStatus, ConnectedStation, OnAir, WpsStatus
from wpsagent.control.table import text_of
from wpsagent.crypto.passphrase import derive_psk
from wpsagent.dot11.elements import HtCapabilities
from wpsagent.dot11.frames import Capability
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import format_uuid
from wpsagent.wsc.enrollee_table import EnrolleeInformation
from wpsagent.wsc.enumerations import AuthenticationType, WpsState

_MCS_OCTETS = 10  # of the 16 of the Supported MCS Set (IEEE 802.11-2020, 9.4.2.55.4)

_WPS_STATES = {
    None: "disabled",
    WpsState.NOT_CONFIGURED: "not configured",
    WpsState.CONFIGURED: "configured",
}


def format_wps_status(status: WpsStatus) -> str:
    """The lines of WPS_GET_STATUS."""
    lines = [f"PBC Status: {status.push_button}", f"Last WPS result: {status.last_result}"]
    if status.failure_reason is not None:
        lines.append(f"Failure Reason: {status.failure_reason}")
    if status.peer is not None:
        lines.append(f"Peer Address: {status.peer}")
    return text_of(lines)


def format_status(access_points: Sequence[AccessPointStatus]) -> str:
    """The lines of STATUS: the radio of the first network, then every network by number."""
    if not access_points:
        return "state=DISABLED\n"
    first = access_points[0]
    lines = [
        f"state={'ENABLED' if first.is_enabled else 'DISABLED'}",
        *([f"phy={first.phy}"] if first.phy else []),
        f"freq={first.frequency_mhz}",
        "cac_time_seconds=0",
        "cac_time_left_seconds=N/A",
        f"channel={first.channel}",
        "edmg_enable=0",
        "edmg_channel=0",
        "secondary_channel=0",
        f"ieee80211n={int(first.on_air is None or first.on_air.ht is not None)}",
        "ieee80211ac=0",
        "ieee80211ax=0",
        f"beacon_int={first.beacon_interval_tu}",
        f"dtim_period={first.dtim_period}",
        *(_radio_lines(first.on_air) if first.on_air is not None else ()),
    ]
    for number, access_point in enumerate(access_points):
        lines += [
            f"bss[{number}]={access_point.interface}",
            f"bssid[{number}]={access_point.address}",
            f"ssid[{number}]={access_point.ssid}",
            f"num_sta[{number}]={access_point.stations}",
        ]
    return text_of(lines)


def _radio_lines(on_air: OnAir) -> Iterable[str]:
    if on_air.ht is not None:
        yield f"ht_caps_info={on_air.ht.information:04x}"
        yield f"ht_mcs_bitmask={_mcs_text(on_air.ht)}"
    yield f"supported_rates={bytes(on_air.rates).hex(' ')}"
    yield f"max_txpower={int(on_air.max_power_dbm)}"


def format_station(station: ConnectedStation, settings: NetworkSettings) -> str:
    """The lines of STA; settings: of the network it is in."""
    is_protected = bool(settings.authentication_types & AuthenticationType.WPA2_PERSONAL)
    lines = [
        str(station.address),
        f"flags={_flags(station)}",
        f"aid={station.aid}",
        f"capability=0x{station.capability:x}",
        f"listen_interval={station.listen_interval}",
        f"supported_rates={station.supported_rates.hex(' ')}",
        "timeout_next=NULLFUNC POLL",
        *(_handshake_lines(station) if is_protected and station.is_authorized else ()),
        *(_enrollee_lines(station.enrollee) if station.enrollee is not None else ()),
        *(_ht_lines(HtCapabilities.decode(station.ht_capabilities)) if station.ht_capabilities is not None else ()),
        f"inactive_msec={round(station.inactive_seconds * 1000)}",
        f"connected_time={station.connected_seconds}",
    ]
    return text_of(lines)


def _flags(station: ConnectedStation) -> str:
    flags = (
        ("[AUTH]", True),
        ("[ASSOC]", station.is_associated),
        ("[AUTHORIZED]", station.is_authorized),
        ("[SHORT_PREAMBLE]", bool(station.capability & Capability.SHORT_PREAMBLE)),
        ("[WMM]", station.has_wmm),
        ("[MFP]", station.has_mfp),
        ("[WPS]", station.is_wps),
        ("[WPS2]", station.is_wps2),
        ("[HT]", station.ht_capabilities is not None),
    )
    return "".join(name for name, is_set in flags if is_set)


def _handshake_lines(station: ConnectedStation) -> Iterable[str]:
    """Of a 4-way handshake that is complete: WPA2-PSK with CCMP, there is nothing else."""
    yield f"dot11RSNAStatsSTAAddress={station.address}"
    yield "dot11RSNAStatsVersion=1"
    yield "dot11RSNAStatsSelectedPairwiseCipher=00-0f-ac-4"
    yield "dot11RSNAStatsTKIPLocalMICFailures=0"
    yield "dot11RSNAStatsTKIPRemoteMICFailures=0"
    yield "wpa=2"
    yield "AKMSuiteSelector=00-0f-ac-2"
    yield "hostapdWPAPTKState=11"
    yield "hostapdWPAPTKGroupState=0"


def _enrollee_lines(enrollee: EnrolleeInformation) -> Iterable[str]:
    """What a device said of itself; a text it has not is a space there."""
    yield f"wpsUuid={format_uuid(enrollee.uuid_e)}"
    yield f"wpsPrimaryDeviceType={enrollee.primary_device_type}"
    yield f"wpsDeviceName={enrollee.device_name}"
    yield f"wpsManufacturer={enrollee.manufacturer}"
    yield f"wpsModelName={enrollee.model_name}"
    yield f"wpsModelNumber={enrollee.model_number}"
    yield f"wpsSerialNumber={enrollee.serial_number}"


def _ht_lines(ht: HtCapabilities) -> Iterable[str]:
    yield f"ht_mcs_bitmask={_mcs_text(ht)}"
    yield f"ht_caps_info=0x{ht.information:04x}"


def _mcs_text(ht: HtCapabilities) -> str:
    """The bits of the receive MCSs."""
    return ht.supported_mcs_set[:_MCS_OCTETS].hex()


def format_config(access_point: AccessPoint) -> str:
    """The lines of GET_CONFIG."""
    settings = access_point.network_settings
    return text_of(
        (
            f"bssid={access_point.status.address}",
            f"ssid={settings.ssid}",
            f"wps_state={_WPS_STATES[access_point.wps_state]}",
            *_key_lines(settings),
        )
    )


def _key_lines(settings: NetworkSettings) -> Iterable[str]:
    if not settings.authentication_types & AuthenticationType.WPA2_PERSONAL:
        return
    psk = settings.psk
    if settings.passphrase is not None:
        yield f"passphrase={settings.passphrase.decode(errors='replace')}"
        psk = psk or derive_psk(settings.passphrase, settings.ssid)
    if psk is not None:
        yield f"psk={psk.hex()}"
    yield from ("wpa=2", "key_mgmt=WPA-PSK", "group_cipher=CCMP", "rsn_pairwise_cipher=CCMP")
