# SPDX-License-Identifier: BSD-3-Clause
"""From what a station of ours reports to the one vocabulary of the agent; the rest in wpa_supplicant's words.

What people and brokers want to know becomes an event of its own.  What only front ends of wpa_supplicant follow (scans,
the BSS table, EAP) becomes a StationSignal, which control clients alone get.
"""

from collections.abc import Callable, Mapping
from typing import Any

from wpsagent.eap import events as eap
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.bss_table import BssAdded, BssRemoved
from wpsagent.roles.sta.network import NetworkList
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.status.texts import run_failed
from wpsagent.wsc.enumerations import ConfigurationError

METHODS: Mapping[sta.WpsMethod, s.StationMethod] = {
    sta.WpsMethod.PUSH_BUTTON: s.StationMethod.PUSH_BUTTON,
    sta.WpsMethod.PIN: s.StationMethod.PIN,
    sta.WpsMethod.REGISTRAR: s.StationMethod.AP_PIN,
}
_RESULTS = {
    sta.WpsEndReason.SUCCEEDED: s.StationWpsResult.SUCCEEDED,
    sta.WpsEndReason.TIMED_OUT: s.StationWpsResult.TIMED_OUT,
    sta.WpsEndReason.CANCELLED: s.StationWpsResult.CANCELLED,
    sta.WpsEndReason.OVERLAP: s.StationWpsResult.OVERLAP,
    sta.WpsEndReason.FAILED: s.StationWpsResult.FAILED,
}
_CAUSES_WITH_DETAILS = (
    sta.WpsCause.OVERLAP,
    sta.WpsCause.RADIO_LOST,
    sta.WpsCause.REFUSED,
    sta.WpsCause.NO_NETWORK,
    sta.WpsCause.PROTOCOL,
)


def from_station(interface: str, event: sta.StationReport, networks: NetworkList) -> list[e.AgentEvent]:
    """What a station reports.  networks: to name the one that it joined."""
    match event:
        case sta.Connected():
            network = networks.get(event.network_id)
            id_str = (network.id_str if network is not None else None) or ""
            return [s.Joined(interface, event.bssid, event.ssid, event.network_id, id_str)]
        case sta.ConnectionLost() if event.was_connected:
            return [s.Left(interface, event.bssid, event.reason_code, event.is_local, event.text)]
        case sta.StationLost():
            return [s.StationLost(interface, event.reason)]
        case sta.WpsStarted():
            return [s.StationWpsStarted(interface, METHODS[event.method], event.ends_at)]
        case sta.WpsEnded():
            return [_wps_ended(interface, event)]
        case sta.NetworksChanged():
            return [s.NetworksKnown(interface, sum(not network.is_temporary for network in networks))]
        case _:
            lines = _LINES.get(type(event))
            return [] if lines is None else [s.StationSignal(interface, line) for line in lines(event)]


def _wps_ended(interface: str, event: sta.WpsEnded) -> s.StationWpsEnded:
    reason = "" if event.cause is sta.WpsCause.NONE else event.cause.value
    if event.text and event.cause in _CAUSES_WITH_DETAILS:
        reason = f"{reason}: {event.text}"
    return s.StationWpsEnded(interface, METHODS[event.method], _RESULTS[event.reason], event.cause.name.lower(), reason)


def _numbered(text: str, scan_id: int | None) -> str:
    return text if scan_id is None else f"{text}id={scan_id}"


def _scan_completed(event: sta.ScanCompleted) -> tuple[str, ...]:
    results = _numbered("CTRL-EVENT-SCAN-RESULTS ", event.id)
    if event.wps_available is None:
        return (results,)
    kind = event.wps_available.value
    return (results, f"WPS-AP-AVAILABLE{'-' if kind else ''}{kind} ")


def _wps_failed(event: sta.WpsFailed) -> tuple[str, ...]:
    """A time-out has an event of its own; an access point that ended the run without a word leaves nothing to tell."""
    failure = event.failure
    if failure is None:
        return ("WPS-FAIL ",)
    if failure.message_type is None and failure.configuration_error == ConfigurationError.MESSAGE_TIMEOUT:
        return ()
    return (run_failed(failure.message_type or 0, failure.configuration_error, failure.error_indication),)


def _temporarily_disabled(event: sta.NetworkTempDisabled) -> tuple[str, ...]:
    reason = "WRONG_KEY" if event.is_wrong_key else "CONN_FAILED"
    return (
        f'CTRL-EVENT-SSID-TEMP-DISABLED id={event.id} ssid="{event.ssid}" auth_failures={event.failures}'
        f" duration={round(event.seconds)} reason={reason}",
    )


_LINES: Mapping[type, Callable[[Any], tuple[str, ...]]] = {
    sta.ScanStarted: lambda event: (_numbered("CTRL-EVENT-SCAN-STARTED ", event.id),),
    sta.ScanCompleted: _scan_completed,
    sta.ScanFailed: lambda _event: ("CTRL-EVENT-SCAN-FAILED ret=-1",),
    BssAdded: lambda event: (f"CTRL-EVENT-BSS-ADDED {event.id} {event.bssid}",),
    BssRemoved: lambda event: (f"CTRL-EVENT-BSS-REMOVED {event.id} {event.bssid}",),
    sta.NetworkAdded: lambda event: (f"CTRL-EVENT-NETWORK-ADDED {event.id}",),
    sta.NetworkRemoved: lambda event: (f"CTRL-EVENT-NETWORK-REMOVED {event.id}",),
    sta.NetworkTempDisabled: _temporarily_disabled,
    sta.NetworkReenabled: lambda event: (f'CTRL-EVENT-SSID-REENABLED id={event.id} ssid="{event.ssid}"',),
    sta.NetworkNotFound: lambda _event: ("CTRL-EVENT-NETWORK-NOT-FOUND ",),
    sta.TryingToAssociate: lambda event: (
        f"Trying to associate with {event.bssid} (SSID='{event.ssid}' freq={event.frequency_mhz} MHz)",
    ),
    sta.AssociatedWith: lambda event: (f"Associated with {event.bssid}",),
    sta.AssociationRejected: lambda event: (
        f"CTRL-EVENT-ASSOC-REJECT bssid={event.bssid} status_code={event.status_code or 0}",
    ),
    sta.ConnectionLost: lambda event: (
        f"CTRL-EVENT-DISCONNECTED bssid={event.bssid} reason={event.reason_code}"
        f"{' locally_generated=1' if event.is_local else ''}",
    ),
    sta.M2dSeen: lambda event: (
        f"WPS-M2D dev_password_id={event.device_password_id or 0} config_error={event.configuration_error}",
    ),
    sta.CredentialReceived: lambda event: (f"WPS-CRED-RECEIVED {event.octets.hex()}",),
    sta.WpsSucceeded: lambda _event: ("WPS-SUCCESS ",),
    sta.WpsFailed: _wps_failed,
    eap.EapStarted: lambda _event: ("CTRL-EVENT-EAP-STARTED EAP authentication started",),
    eap.MethodSelected: lambda _event: (
        "CTRL-EVENT-EAP-PROPOSED-METHOD vendor=14122 method=1",
        "CTRL-EVENT-EAP-METHOD EAP vendor 14122 method 1 (WSC) selected",
    ),
    eap.EapEnded: lambda _event: ("CTRL-EVENT-EAP-FAILURE EAP authentication failed",),
}
