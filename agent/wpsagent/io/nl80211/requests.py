# SPDX-License-Identifier: BSD-3-Clause
"""The attributes of each request: what a radio command becomes in nl80211.

Source: linux/nl80211.h, the comments at each command.  Pure: values in, attributes out.
"""

import struct

from wpsagent.dot11.elements import ElementId, Elements
from wpsagent.dot11.frames import Deauthentication
from wpsagent.io.nl80211.codec import Value
from wpsagent.io.nl80211.enumerations import (
    AKM_PSK,
    ETHERTYPE_EAPOL,
    MFP_REQUIRED,
    SUITE_CCMP,
    WPA_VERSION_1,
    WPA_VERSION_2,
    AuthType,
    ChannelWidth,
    HiddenSsid,
    StationFlag,
)
from wpsagent.io.nl80211.netlink import join_attributes
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AddStation,
    Beacon,
    Connect,
    InstallKey,
    InstallReceiveKey,
    SendEapol,
    StartAccessPoint,
    SwitchChannel,
    TriggerScan,
)

Request = dict[str, Value]

_CAPABILITY_SHORT_PREAMBLE = 1 << 5  # IEEE 802.11-2020, 9.4.1.4


def beacon(value: Beacon) -> Request:
    """SET_BEACON, and the part of START_AP that is the same.  What is empty is not sent."""
    request: Request = {"BEACON_HEAD": value.head, "BEACON_TAIL": value.tail}
    elements = {
        "IE": value.beacon_elements,
        "IE_PROBE_RESP": value.probe_response_elements,
        "IE_ASSOC_RESP": value.association_response_elements,
    }
    return request | {name: octets for name, octets in elements.items() if octets}


def start_access_point(command: StartAccessPoint, *, has_control_port: bool) -> Request:
    """START_AP.  SOCKET_OWNER: the kernel stops the AP when the socket closes, however the process ends."""
    request = beacon(command.beacon) | {
        "BEACON_INTERVAL": command.beacon_interval_tu,
        "DTIM_PERIOD": command.dtim_period,
        "SSID": bytes(command.ssid),
        "HIDDEN_SSID": int(HiddenSsid.ZERO_LENGTH if command.is_hidden else HiddenSsid.NOT_IN_USE),
        "AUTH_TYPE": int(AuthType.OPEN_SYSTEM),
        **_channel(command.frequency_mhz, has_ht=command.has_ht),
        "SOCKET_OWNER": True,
        "CONTROL_PORT": True,
        "CONTROL_PORT_ETHERTYPE": ETHERTYPE_EAPOL,
    }
    if has_control_port:
        request["CONTROL_PORT_OVER_NL80211"] = True
    return request | (_protection() if command.is_protected else {})


def _channel(mhz: int, *, has_ht: bool) -> Request:
    """A channel of 20 MHz."""
    width = ChannelWidth.MHZ_20 if has_ht else ChannelWidth.MHZ_20_NO_HT
    return {"WIPHY_FREQ": mhz, "CHANNEL_WIDTH": int(width), "CENTER_FREQ1": mhz}


def switch_channel(command: SwitchChannel) -> Request:
    """CHANNEL_SWITCH.  The kernel counts the announcement down where CNTDWN_OFFS_BEACON (u16s) says, in the tail."""
    announcement = beacon(command.announcement) | {"CNTDWN_OFFS_BEACON": struct.pack("=H", command.counter_offset)}
    return (
        _channel(command.frequency_mhz, has_ht=command.has_ht)
        | {"CH_SWITCH_COUNT": command.count, "CSA_IES": announcement}
        | beacon(command.beacon)
    )


def _protection() -> Request:
    """WPA2-PSK with CCMP."""
    return {
        "PRIVACY": True,
        "WPA_VERSIONS": WPA_VERSION_2,
        "AKM_SUITES": struct.pack("=I", AKM_PSK),
        "CIPHER_SUITES_PAIRWISE": struct.pack("=I", SUITE_CCMP),
        "CIPHER_SUITE_GROUP": SUITE_CCMP,
    }


def set_bss(command: StartAccessPoint) -> Request:
    """SET_BSS: what the driver needs to know of the beacon's contents.  Rates in units of 500 kbit/s."""
    return {
        "BSS_CTS_PROT": 0,
        "BSS_SHORT_SLOT_TIME": int(command.has_short_slot),
        "BSS_BASIC_RATES": bytes(command.basic_rates),
    }


def new_station(command: AddStation) -> Request:
    """NEW_STATION.  The flags authenticated and associated are left to the kernel, which sets them where it may.

    Drivers without FULL_AP_CLIENT_STATE refuse them by name; for all others they are implied.
    """
    flags = StationFlag.WME if command.has_wmm else StationFlag(0)
    if command.capability & _CAPABILITY_SHORT_PREAMBLE:
        flags |= StationFlag.SHORT_PREAMBLE
    request: Request = {
        "MAC": bytes(command.address),
        "STA_AID": command.aid,
        "STA_LISTEN_INTERVAL": command.listen_interval,
        "STA_SUPPORTED_RATES": bytes(command.rates),
        "STA_CAPABILITY": command.capability,
        "STA_FLAGS2": _station_flags(StationFlag.WME | StationFlag.SHORT_PREAMBLE, flags),
    }
    if command.has_wmm:  # no U-APSD: no access category delivers by trigger
        request["STA_WME"] = {"UAPSD_QUEUES": 0, "MAX_SP": 0}
    if command.ht_capabilities is not None:
        request["HT_CAPABILITY"] = command.ht_capabilities
    if command.vht_capabilities is not None:
        request["VHT_CAPABILITY"] = command.vht_capabilities
    return request


def authorize_station(address: MacAddress, *, is_authorized: bool) -> Request:
    """SET_STATION."""
    flags = StationFlag.AUTHORIZED if is_authorized else StationFlag(0)
    return {"MAC": bytes(address), "STA_FLAGS2": _station_flags(StationFlag.AUTHORIZED, flags)}


def send_away(frame: Deauthentication) -> Request:
    """DEL_STATION, where firmware sends the frame; a Disassociation is one of them."""
    return {"MAC": bytes(frame.destination), "MGMT_SUBTYPE": int(frame.SUBTYPE), "REASON_CODE": frame.reason_code}


def _station_flags(mask: StationFlag, flags: StationFlag) -> bytes:
    """struct nl80211_sta_flag_update: offset 0 mask, offset 4 the flags to set among it."""
    return struct.pack("=II", mask, flags)


def trigger_scan(command: TriggerScan) -> Request:
    """TRIGGER_SCAN.  Whoever names no SSID would scan passively; the wildcard SSID is an empty one."""
    request: Request = {"SCAN_SSIDS": join_attributes(command.ssids)}
    if command.frequencies_mhz:
        frequencies = (struct.pack("=I", mhz) for mhz in command.frequencies_mhz)
        request["SCAN_FREQUENCIES"] = join_attributes(frequencies)
    return request | ({"IE": command.elements} if command.elements else {})


def connect(command: Connect, *, has_control_port: bool) -> Request:
    """CONNECT.  SOCKET_OWNER: the kernel disconnects when the socket closes, however the process ends.

    CONTROL_PORT: the port is opened by us, on open networks too.  PRIVACY must be as in the beacon, or the kernel does
    not find the BSS.  CONTROL_PORT_NO_ENCRYPT is left to each frame: later handshakes are encrypted.
    """
    request: Request = {
        "MAC": bytes(command.bssid),
        "SSID": bytes(command.ssid),
        "WIPHY_FREQ": command.frequency_mhz,
        "AUTH_TYPE": int(AuthType.OPEN_SYSTEM),
        "SOCKET_OWNER": True,
        "CONTROL_PORT": True,
        "CONTROL_PORT_ETHERTYPE": ETHERTYPE_EAPOL,
    }
    if has_control_port:
        request["CONTROL_PORT_OVER_NL80211"] = True
    if command.elements:
        request["IE"] = command.elements
    if command.is_protected:
        request["PRIVACY"] = True
    return request | _suites(command)


def _suites(command: Connect) -> Request:
    """What an association with keys says of them; the version is that of the element in the association request."""
    request: Request = {}
    if command.pairwise_cipher is not None:
        request["CIPHER_SUITES_PAIRWISE"] = struct.pack("=I", command.pairwise_cipher)
    if command.group_cipher is not None:
        request["CIPHER_SUITE_GROUP"] = command.group_cipher
    if command.akm_suite is not None:
        elements = Elements.decode(command.elements)
        has_rsne = elements.first(ElementId.RSN) is not None
        request["WPA_VERSIONS"] = WPA_VERSION_2 if has_rsne else WPA_VERSION_1
        request["AKM_SUITES"] = struct.pack("=I", command.akm_suite)
    return request | ({"USE_MFP": MFP_REQUIRED} if command.has_frame_protection else {})


def new_receive_key(command: InstallReceiveKey) -> Request:
    """NEW_KEY: the group key of the network we are in, from a packet number on."""
    key: Request = {
        "DATA": command.key,
        "CIPHER": command.cipher_suite,
        "SEQ": command.receive_sequence_counter,
        "IDX": command.index,
    }
    return {"KEY": key}


def pairwise_key_of(address: MacAddress) -> Request:
    """DEL_KEY."""
    return {"MAC": bytes(address), "KEY": {"IDX": 0}}


def new_key(command: InstallKey) -> Request:
    """NEW_KEY: a pairwise key where a station is named, a group key otherwise."""
    key: Request = {"DATA": command.key, "CIPHER": command.cipher_suite, "IDX": command.index}
    station: Request = {} if command.station is None else {"MAC": bytes(command.station)}
    return station | {"KEY": key}


def default_group_key(index: int) -> Request:
    """SET_KEY: from now on group traffic is sent with this key."""
    return {"KEY": {"IDX": index, "DEFAULT": True, "DEFAULT_TYPES": {"MULTICAST": True}}}


def group_sequence(index: int) -> Request:
    """GET_KEY, which names the key by attributes of its own."""
    return {"KEY_IDX": index}


def control_port_frame(command: SendEapol) -> Request:
    """CONTROL_PORT_FRAME.  Nobody waits for its acknowledgement: EAPOL has its own."""
    request: Request = {
        "MAC": bytes(command.destination),
        "FRAME": command.pdu,
        "CONTROL_PORT_ETHERTYPE": ETHERTYPE_EAPOL,
        "DONT_WAIT_FOR_ACK": True,
    }
    return request if command.is_encrypted else request | {"CONTROL_PORT_NO_ENCRYPT": True}


def register_frame(frame_type: int, match: bytes = b"") -> Request:
    """REGISTER_FRAME: frame_type is the frame control field's first octet; match, what the body begins with."""
    return {"FRAME_TYPE": frame_type, "FRAME_MATCH": match}
