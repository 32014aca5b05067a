# SPDX-License-Identifier: BSD-3-Clause
"""Who may associate, and what the association is for.

Implements the checks of IEEE 802.11-2020, 11.3.5.3 and 12.6.3, and Wi-Fi Simple Configuration 2.0, 8.2: a station
that wants to enrol associates without RSN, with a WPS element or, as Windows does, without any.
"""

from dataclasses import dataclass, replace

from wpsagent.capabilities import RadioCapabilities
from wpsagent.dot11.elements import WPS_VENDOR_TYPE, ElementId, Elements
from wpsagent.dot11.frames import ReasonCode, StatusCode
from wpsagent.errors import DecodeError
from wpsagent.roles.beacons import ApDescription
from wpsagent.roles.station import Security
from wpsagent.rsn.rsne import WPA2_PSK_CCMP, RsnCapability, Rsne, check_association
from wpsagent.wsc.attributes import Attributes


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to an association request; station_rsne is the whole RSN element of the request, or nothing."""

    status: StatusCode
    security: Security = Security.OPEN
    station_rsne: bytes = b""


def examine(
    elements: Elements, description: ApDescription, rsne: Rsne | None, *, has_wps: bool, is_full: bool
) -> Admission:
    """Decide on the elements of a (re)association request; rsne is None on an open network."""
    if elements.ssid != description.ssid:
        return Admission(StatusCode.REFUSED)
    if not set(description.basic_rates) <= set(elements.rates):
        return Admission(StatusCode.REFUSED_BASIC_RATES_MISMATCH)
    return examine_purpose(elements, rsne, has_wps=has_wps, is_full=is_full)


def examine_purpose(elements: Elements, rsne: Rsne | None, *, has_wps: bool, is_full: bool) -> Admission:
    """The part that is ours where firmware has accepted the frame: WPS, RSN, or neither."""
    if is_full:
        return Admission(StatusCode.DENIED_NO_MORE_STAS)
    wps_attributes = elements.vendor(WPS_VENDOR_TYPE)
    station_rsne = elements.first_element(ElementId.RSN)
    if has_wps and wps_attributes is not None and (station_rsne is None or rsne is None):
        return Admission(StatusCode.SUCCESS, _wps_security(wps_attributes))
    if rsne is None:
        # On an open network any station may start a WPS run with EAPOL-Start; data flows meanwhile.
        return Admission(StatusCode.SUCCESS)
    if station_rsne is not None:
        return Admission(check_association(rsne, station_rsne[2:]), Security.RSN, station_rsne)
    if has_wps:
        return Admission(StatusCode.SUCCESS, Security.WPS_WAIT_FOR_START)
    return Admission(StatusCode.INVALID_ELEMENT)


_REASONS = {
    StatusCode.DENIED_NO_MORE_STAS: ReasonCode.NO_MORE_STAS,
    StatusCode.INVALID_ELEMENT: ReasonCode.INVALID_ELEMENT,
    StatusCode.INVALID_GROUP_CIPHER: ReasonCode.INVALID_GROUP_CIPHER,
    StatusCode.INVALID_PAIRWISE_CIPHER: ReasonCode.INVALID_PAIRWISE_CIPHER,
    StatusCode.INVALID_AKMP: ReasonCode.INVALID_AKMP,
    StatusCode.UNSUPPORTED_RSNE_VERSION: ReasonCode.UNSUPPORTED_RSNE_VERSION,
    StatusCode.INVALID_RSNE_CAPABILITIES: ReasonCode.INVALID_RSNE_CAPABILITIES,
}


def reason_for(status: StatusCode) -> ReasonCode:
    """What a station hears that firmware has taken and we do not want (tables 9-50 and 9-49)."""
    return _REASONS.get(status, ReasonCode.UNSPECIFIED_REASON)


def own_rsne(capabilities: RadioCapabilities) -> Rsne:
    """The RSN element of a protected network on this radio.

    Firmware that is the SME makes its own after this one: brcmfmac turns WMM and with it 802.11n
    off for a network that does not announce replay counters for all priorities.
    """
    if not capabilities.has_ap_sme:
        return WPA2_PSK_CCMP
    return replace(WPA2_PSK_CCMP, capabilities=WPA2_PSK_CCMP.capabilities | RsnCapability.PTKSA_REPLAY_COUNTER)


def _wps_security(attributes: bytes) -> Security:
    """A WPS 2.0 station is asked for its identity at once; others, and unreadable ones, begin with EAPOL-Start."""
    try:
        is_version2 = Attributes.decode(attributes).wfa.is_version2
    except DecodeError:
        is_version2 = False
    return Security.WPS if is_version2 else Security.WPS_WAIT_FOR_START
