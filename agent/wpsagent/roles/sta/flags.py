# SPDX-License-Identifier: BSD-3-Clause
"""The flags of a BSS, in the words of wpa_supplicant's scan results, and what access points nearby offer by WPS.

    [WPA-PSK-TKIP][WPA2-PSK-CCMP-preauth][WPS-PBC][ESS]

Security first, then WPS, then the rest.  The texts are read by front ends that were written for wpa_supplicant, so
their spelling is fixed.  An element that is there but cannot be read shows as "?" or as plain [WPS].
"""

from collections.abc import Iterable, Mapping

from wpsagent.dot11.frames import Capability
from wpsagent.octets import MacAddress
from wpsagent.roles.sta.bss_table import Bss
from wpsagent.roles.sta.events import WpsAvailable
from wpsagent.rsn.rsne import AkmSuite, CipherSuite, RsnCapability, WpaAkmSuite, WpaCipherSuite

_WFA_OUI = b"\x50\x6f\x9a"
_P2P_VENDOR_TYPE = _WFA_OUI + b"\x09"
_HOTSPOT_VENDOR_TYPE = _WFA_OUI + b"\x10"
_OWE_TRANSITION_VENDOR_TYPE = _WFA_OUI + b"\x1c"
_MESH_ID = 114
_RSN_EXTENSION = 244
_SAE_HASH_TO_ELEMENT = 0x20  # bit 5 of the first octet of RSNXE (IEEE 802.11-2020, table 9-322)

_AKM_TEXTS: Mapping[int, str] = {
    AkmSuite.IEEE_802_1X: "EAP",
    AkmSuite.PSK: "PSK",
    AkmSuite.SAE: "SAE",
    AkmSuite.FT_IEEE_802_1X: "FT/EAP",
    AkmSuite.FT_PSK: "FT/PSK",
    AkmSuite.FT_SAE: "FT/SAE",
    AkmSuite.IEEE_802_1X_SHA256: "EAP-SHA256",
    AkmSuite.PSK_SHA256: "PSK-SHA256",
    0x000FAC0B: "EAP-SUITE-B",
    0x000FAC0C: "EAP-SUITE-B-192",
    AkmSuite.OWE: "OWE",
    0x506F9A02: "DPP",
    WpaAkmSuite.IEEE_802_1X: "EAP",
    WpaAkmSuite.PSK: "PSK",
}
"""AKM suites in the order in which they are shown."""

_CIPHER_TEXTS: Mapping[int, str] = {
    CipherSuite.CCMP_256: "CCMP-256",
    CipherSuite.GCMP_256: "GCMP-256",
    CipherSuite.CCMP_128: "CCMP",
    WpaCipherSuite.CCMP: "CCMP",
    CipherSuite.GCMP_128: "GCMP",
    CipherSuite.TKIP: "TKIP",
    WpaCipherSuite.TKIP: "TKIP",
    CipherSuite.USE_GROUP: "NONE",
    WpaCipherSuite.NONE: "NONE",
}
"""Cipher suites in the order in which they are shown."""


def flags_text(bss: Bss, own_address: MacAddress) -> str:
    """All flags of a BSS as the station of own_address sees it, such as "[WPA2-PSK-CCMP][WPS-PBC][ESS]"."""
    available = wps_available(bss, own_address)
    parts = [*_security(bss), *([] if available is None else [f"WPS-{available.value}".rstrip("-")]), *_kinds(bss)]
    return "".join(f"[{part}]" for part in parts)


def wps_available(bss: Bss, own_address: MacAddress) -> WpsAvailable | None:
    """What a BSS offers by WPS, None without a WPS element.

    A pressed button comes first, then AuthorizedMACs that list us or everybody, then a registrar that waits for
    anybody's PIN; an access point of WPS 1.0, which has no AuthorizedMACs, is never AUTHORIZED.
    """
    if not bss.has_wps:
        return None
    wps = bss.wps
    if wps is None:
        return WpsAvailable.PLAIN
    if wps.is_push_button_active:
        return WpsAvailable.PUSH_BUTTON
    if wps.authorizes(own_address):
        return WpsAvailable.AUTHORIZED
    return WpsAvailable.PLAIN if wps.selected_registrar is None else WpsAvailable.PIN


def best_wps_available(bsses: Iterable[Bss], own_address: MacAddress) -> WpsAvailable | None:
    """The best of what is offered nearby, for the one message that a scan may give rise to; None without any WPS."""
    found = {wps_available(bss, own_address) for bss in bsses}
    return next((available for available in WpsAvailable if available in found), None)


def _security(bss: Bss) -> list[str]:
    parts = []
    if bss.has_wpa:
        wpa = bss.wpa
        parts.append("WPA-?" if wpa is None else f"WPA-{_suites(wpa.akm_suites, wpa.pairwise_ciphers)}")
    if bss.has_rsne:
        parts.append(_rsn_text(bss))
    extension = bss.elements.first(_RSN_EXTENSION)
    if extension and extension[0] & _SAE_HASH_TO_ELEMENT:
        parts.append("SAE-H2E")
    if bss.elements.vendor(_OWE_TRANSITION_VENDOR_TYPE) is not None:
        parts.append("OWE-TRANS" if bss.has_rsne else "OWE-TRANS-OPEN")
    return parts


def _rsn_text(bss: Bss) -> str:
    name = "RSN" if _is_mesh(bss) else "WPA2"
    rsne = bss.rsne
    if rsne is None:
        return f"{name}-?"
    preauthentication = "-preauth" if RsnCapability.PREAUTHENTICATION in rsne.capabilities else ""
    return f"{name}-{_suites(rsne.akm_suites, rsne.pairwise_ciphers)}{preauthentication}"


def _suites(akm_suites: Iterable[int], ciphers: Iterable[int]) -> str:
    return f"{_names(_AKM_TEXTS, akm_suites)}-{_names(_CIPHER_TEXTS, ciphers)}"


def _names(texts: Mapping[int, str], suites: Iterable[int]) -> str:
    """The names of those suites that have one; "?" when none has."""
    known = frozenset(suites)
    return "+".join(text for suite, text in texts.items() if suite in known) or "?"


def _kinds(bss: Bss) -> list[str]:
    is_wep = bool(bss.capability & Capability.PRIVACY) and not bss.has_rsne and not bss.has_wpa
    kinds = {
        "WEP": is_wep,
        "MESH": _is_mesh(bss),
        "IBSS": bool(bss.capability & Capability.IBSS),
        "ESS": bool(bss.capability & Capability.ESS),
        "P2P": bss.elements.vendor(_P2P_VENDOR_TYPE) is not None,
        "HS20": bss.elements.vendor(_HOTSPOT_VENDOR_TYPE) is not None,
    }
    return [kind for kind, is_so in kinds.items() if is_so]


def _is_mesh(bss: Bss) -> bool:
    return bss.elements.first(_MESH_ID) is not None
