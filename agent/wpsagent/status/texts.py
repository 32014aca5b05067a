# SPDX-License-Identifier: BSD-3-Clause
"""Words: control events exactly as hostapd's users know them, error codes in plain language, texts made harmless.

Whatever a device says of itself is cleaned before anybody sees it: what is not printable becomes '_', and so does '|'
where it separates fields.
"""

from collections.abc import Mapping
from datetime import UTC, datetime

from wpsagent.octets import Ssid
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.wsc.device import format_uuid
from wpsagent.wsc.enumerations import ConfigurationError, ErrorIndication, MessageType

CONFIGURATION_ERROR_WORDS: Mapping[int, str] = {
    ConfigurationError.NO_ERROR: "the other device ended the run without giving a reason",
    ConfigurationError.OOB_INTERFACE_READ_ERROR: "the out-of-band interface could not be read",
    ConfigurationError.DECRYPTION_CRC_FAILURE: "decryption failed",
    ConfigurationError.CHANNEL_2_4_NOT_SUPPORTED: "2.4 GHz is not supported",
    ConfigurationError.CHANNEL_5_NOT_SUPPORTED: "5 GHz is not supported",
    ConfigurationError.SIGNAL_TOO_WEAK: "the signal is too weak",
    ConfigurationError.NETWORK_AUTH_FAILURE: "the network refused the authentication",
    ConfigurationError.NETWORK_ASSOCIATION_FAILURE: "the network refused the association",
    ConfigurationError.NO_DHCP_RESPONSE: "no answer from DHCP",
    ConfigurationError.FAILED_DHCP_CONFIG: "DHCP failed",
    ConfigurationError.IP_ADDRESS_CONFLICT: "the IP address is taken",
    ConfigurationError.COULD_NOT_CONNECT_TO_REGISTRAR: "the registrar could not be reached",
    ConfigurationError.MULTIPLE_PBC_DETECTED: "two devices were in push-button mode",
    ConfigurationError.ROGUE_ACTIVITY_SUSPECTED: "rogue activity is suspected",
    ConfigurationError.DEVICE_BUSY: "the device is busy",
    ConfigurationError.SETUP_LOCKED: "setup is locked",
    ConfigurationError.MESSAGE_TIMEOUT: "a message was not answered in time",
    ConfigurationError.REGISTRATION_SESSION_TIMEOUT: "the run took too long",
    ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE: "the PIN is wrong",
    ConfigurationError.CHANNEL_60_NOT_SUPPORTED: "60 GHz is not supported",
    ConfigurationError.PUBLIC_KEY_HASH_MISMATCH: "the public key is not the one that was announced",
}
ERROR_INDICATION_NAMES: Mapping[int, str] = {
    ErrorIndication.NO_ERROR: "No Error",
    ErrorIndication.TKIP_ONLY_PROHIBITED: "TKIP Only Prohibited",
    ErrorIndication.WEP_PROHIBITED: "WEP Prohibited",
    ErrorIndication.AUTHENTICATION_FAILURE: "Authentication Failure",
}


_PIN_HALVES: Mapping[int, str] = {
    MessageType.M4: " (its first half)",
    MessageType.M5: " (its first half)",
    MessageType.M6: " (its second half)",
    MessageType.M7: " (its second half)",
}
"""By the message that proves it, to one side or the other."""


def failure_words(event: e.EnrolmentFailed) -> str:
    """Why a run failed, for people."""
    code = event.configuration_error
    words = CONFIGURATION_ERROR_WORDS.get(code, f"configuration error {code}")
    is_wrong_pin = code == ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE
    return words + (_PIN_HALVES.get(event.message_type, "") if is_wrong_pin else "")


def cleaned(text: str, separators: str = "") -> str:
    """A device's own text with everything unprintable, and the given separators, replaced by '_'."""
    return "".join(letter if letter.isprintable() and letter not in separators else "_" for letter in text)


def ssid_text(ssid: Ssid) -> str:
    """A network's name for JSON: as text where it is printable UTF-8, with escapes otherwise."""
    try:
        text = ssid.decode()
    except UnicodeDecodeError:
        return str(ssid)
    return text if text.isprintable() else str(ssid)


def iso_time(wall: float) -> str:
    """A point in time (seconds of the epoch) in UTC, such as 2026-11-22T08:30:00Z."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- control events, without the level; names keep their trailing space when nothing follows

EAP_METHODS_PROPOSED = (
    "CTRL-EVENT-EAP-PROPOSED-METHOD vendor=0 method=1",
    "CTRL-EVENT-EAP-PROPOSED-METHOD vendor=14122 method=254",
)
"""Identity and EAP-WSC, with hostapd's numbers: its EAP-WSC is method 1 in the packets only."""

PUSH_BUTTON_END_TEXTS: Mapping[e.SessionEndReason, tuple[str, ...]] = {
    e.SessionEndReason.SUCCEEDED: ("WPS-PBC-DISABLE ", "WPS-SUCCESS "),
    e.SessionEndReason.TIMED_OUT: ("WPS-TIMEOUT ", "WPS-PBC-DISABLE "),
    e.SessionEndReason.CANCELLED: ("WPS-TIMEOUT ", "WPS-PBC-DISABLE "),
    e.SessionEndReason.REPLACED: ("WPS-PBC-DISABLE ",),
    e.SessionEndReason.FAILED: ("WPS-PBC-DISABLE ",),
}


def pin_ended(event: e.PinEnded) -> tuple[str, ...]:
    return ("WPS-SUCCESS ",) if event.reason is e.SessionEndReason.SUCCEEDED else ()


def enrolment_succeeded(event: e.EnrolmentSucceeded) -> tuple[str, ...]:
    """WPS-SUCCESS follows with the end of the session."""
    return (f"WPS-REG-SUCCESS {event.address} {format_uuid(event.uuid_e)}",)


def enrolment_failed(event: e.EnrolmentFailed) -> tuple[str, ...]:
    return (run_failed(event.message_type, event.configuration_error, event.error_indication),)


def run_failed(message_type: int, configuration_error: int, error_indication: int) -> str:
    """A run that failed, an access point's or a station's."""
    text = f"WPS-FAIL msg={message_type} config_error={configuration_error}"
    if error_indication:
        name = ERROR_INDICATION_NAMES.get(error_indication, "Unknown")
        text += f" reason={error_indication} ({name})"
    return text


def enrollee_seen(event: e.EnrolleeSeen) -> tuple[str, ...]:
    return (
        f"WPS-ENROLLEE-SEEN {event.address} {format_uuid(event.uuid_e)} {event.primary_device_type}"
        f" 0x{event.config_methods:x} {event.device_password_id} {event.request_type} [{cleaned(event.device_name)}]",
    )


def pin_needed(event: e.PinNeeded) -> tuple[str, ...]:
    names = (event.device_name, event.manufacturer, event.model_name, event.model_number, event.serial_number)
    fields = "|".join((*(cleaned(name, "|") for name in names), str(event.primary_device_type)))
    return (f"WPS-PIN-NEEDED {format_uuid(event.uuid_e)} {event.address} [{fields}]",)


def channel_changed(event: e.ChannelChanged) -> tuple[str, ...]:
    mhz = event.frequency_mhz
    return (
        f"CTRL-EVENT-CHANNEL-SWITCH freq={mhz} ht_enabled=1 ch_offset=0 ch_width=20 MHz cf1={mhz} cf2=0 dfs=0",
        f"AP-CSA-FINISHED freq={mhz} dfs=0",
    )


# ---- of our stations, as wpa_supplicant's users know them

STATION_WPS_START_TEXTS: Mapping[s.StationMethod, tuple[str, ...]] = {
    s.StationMethod.PUSH_BUTTON: ("WPS-PBC-ACTIVE ",),
    s.StationMethod.PIN: ("WPS-PIN-ACTIVE ",),
    s.StationMethod.AP_PIN: (),
}
_STATION_WPS_END_TEXTS: Mapping[s.StationWpsResult, tuple[str, ...]] = {
    s.StationWpsResult.SUCCEEDED: (),
    s.StationWpsResult.TIMED_OUT: ("WPS-TIMEOUT Requested operation timed out",),
    s.StationWpsResult.CANCELLED: ("WPS-CANCEL ",),
    s.StationWpsResult.OVERLAP: ("WPS-OVERLAP-DETECTED PBC session overlap",),
    s.StationWpsResult.FAILED: (),
}


def station_wps_ended(event: s.StationWpsEnded) -> tuple[str, ...]:
    """WPS-SUCCESS and WPS-FAIL came before it."""
    is_button = event.method is s.StationMethod.PUSH_BUTTON
    return (*_STATION_WPS_END_TEXTS[event.result], *(("WPS-PBC-DISABLE ",) if is_button else ()))


def joined(event: s.Joined) -> tuple[str, ...]:
    return (
        f"CTRL-EVENT-CONNECTED - Connection to {event.bssid} completed [id={event.network_id} id_str={event.id_str}]",
    )


def left(event: s.Left) -> tuple[str, ...]:
    local = " locally_generated=1" if event.is_local else ""
    return (f"CTRL-EVENT-DISCONNECTED bssid={event.bssid} reason={event.reason_code}{local}",)
