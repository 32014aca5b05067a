# SPDX-License-Identifier: BSD-3-Clause
"""Every variable that wpa_supplicant 2.10 knows in a network block, and what it may be set to.

A file may have variables that we do not know: they are somebody's.  A person who sets one by hand (SET_NETWORK) is told
when it is misspelt, as wpa_supplicant does.  Those whose meaning we know are checked by their own codec
(network_variables.VARIABLES); of all others only the form is checked here, and they are kept as they stand.

Refuses, by DecodeError, unknown names and values that a variable cannot have.  Values are not named in an error.
"""

import re
from collections.abc import Callable, Mapping

from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress
from wpsagent.roles.sta.network import Network
from wpsagent.roles.sta.network_variables import VARIABLES, decode_number, decode_string, get_variable, set_variable

_WORD = re.compile(r"[A-Za-z0-9+,:;=_.@/'-]+")
_INT_MAX = (1 << 31) - 1

Check = Callable[[str], object]


def _numbers(least: int, most: int, names: str) -> dict[str, Check]:
    return dict.fromkeys(names.split(), lambda raw: decode_number(raw, least, most))


def _texts(names: str) -> dict[str, Check]:
    return dict.fromkeys(names.split(), decode_string)


def _frequencies(raw: str) -> None:
    for word in raw.split():
        decode_number(word, 1, 70200)


def _addresses(raw: str) -> None:
    """Addresses, each with a mask after a slash where one is wanted."""
    for word in raw.split():
        for address in word.split("/", 1):
            MacAddress.parse(address)


def _words(raw: str) -> None:
    if not raw.split() or not all(_WORD.fullmatch(word) for word in raw.split()):
        raise DecodeError("expected words of letters and digits")


def _wep_key(raw: str) -> None:
    if len(decode_string(raw)) > 16:
        raise DecodeError("expected a key of at most 16 octets")


_TEXTS = _texts(
    "anonymous_identity bgscan ca_cert ca_cert2 ca_cert_id ca_cert2_id ca_path ca_path2 cert_id cert2_id "
    "altsubject_match altsubject_match2 check_cert_subject check_cert_subject2 client_cert client_cert2 dh_file "
    "dh_file2 domain_match "
    "domain_match2 domain_suffix_match domain_suffix_match2 dpp_connector dpp_csign dpp_netaccesskey dpp_pp_key "
    "engine_id engine2_id ht_mcs identity imsi_identity key_id key2_id machine_identity machine_password "
    "openssl_ciphers pac_file password pcsc phase1 phase2 pin pin2 private_key private_key2 "
    "private_key_passwd private_key2_passwd roaming_consortium_selection sae_password sae_password_id subject_match "
    "subject_match2"
)

_NUMBERS: Mapping[str, Check] = {
    **_numbers(
        0,
        1,
        "beacon_prot disable_he disable_ht disable_ht40 disable_ldpc disable_max_amsdu disable_sgi disable_vht "
        "eap_workaround erp fixed_freq ft_eap_pmksa_caching ht40_intolerant mem_only_psk mesh_fwding mixed_cell "
        "multi_ap_backhaul_sta no_auto_peer owe_only owe_ptk_workaround pbss proactive_key_caching vht wps_disabled",
    ),
    **_numbers(0, 2, "ignore_broadcast_ssid ocsp sae_pk wpa_deny_ptk0_rekey"),
    **_numbers(0, 3, "ampdu_factor eapol_flags mac_addr max_oper_chwidth rx_stbc wep_tx_keyidx"),
    **_numbers(0, 70200, "frequency vht_center_freq1 vht_center_freq2"),
    **_numbers(
        -_INT_MAX - 1,
        _INT_MAX,
        "ampdu_density ap_max_inactivity beacon_int bg_scan_period dot11MeshConfirmTimeout dot11MeshHoldingTimeout "
        "dot11MeshMaxRetries dot11MeshRetryTimeout dpp_csign_expiry dpp_netaccesskey_expiry dpp_pfs dtim_period engine "
        "engine2 fils_dh_group fragment_size group_rekey ht ht40 mesh_rssi_threshold owe_group peerkey sim_num "
        "transition_disable tx_stbc update_identifier vht_capa vht_capa_mask vht_rx_mcs_nss_1 vht_rx_mcs_nss_2 "
        "vht_tx_mcs_nss_1 vht_tx_mcs_nss_2 wpa_ptk_rekey",
    ),
}

_CHECKS: Mapping[str, Check] = {
    **_TEXTS,
    **_NUMBERS,
    **dict.fromkeys(("wep_key0", "wep_key1", "wep_key2", "wep_key3"), _wep_key),
    **dict.fromkeys(("scan_freq", "freq_list"), _frequencies),
    **dict.fromkeys(
        ("bssid_accept", "bssid_blacklist", "bssid_hint", "bssid_ignore", "bssid_whitelist", "p2p_client_list"),
        _addresses,
    ),
    **dict.fromkeys(("eap", "group_mgmt"), _words),
}

SECRETS = frozenset(
    (
        *("psk", "password", "machine_password", "sae_password", "pin", "pin2", "private_key_passwd"),
        *("wep_key0", "wep_key1", "wep_key2", "wep_key3", "private_key2_passwd"),
        *("dpp_csign", "dpp_netaccesskey", "dpp_pp_key"),
    )
)
"""Variables that are never told again; "*" stands for them."""


def set_known_variable(network: Network, name: str, raw: str) -> Network:
    """The network with a variable as a person sets it; raises DecodeError for one that wpa_supplicant has not."""
    if name not in VARIABLES:
        if name not in _CHECKS:
            raise DecodeError("there is no such variable")
        _CHECKS[name](raw)
    return set_variable(network, name, raw)


_NUMBER_DEFAULTS: Mapping[str, str] = {
    **dict.fromkeys(("ampdu_density", "ampdu_factor", "disable_max_amsdu", "eap_workaround", "mac_addr"), "-1"),
    **dict.fromkeys(("rx_stbc", "tx_stbc"), "-1"),
    "fragment_size": "1398",
}


def shown_variable(network: Network, name: str) -> str | None:
    """A variable's value for other eyes, its default included; None where there is none, or it says nothing."""
    value = get_variable(network, name)
    if name == "bssid" and network.bssid is None:
        return None
    if value is None and name in _NUMBERS:
        return _NUMBER_DEFAULTS.get(name, "0")
    return "*" if value is not None and name in SECRETS else value
