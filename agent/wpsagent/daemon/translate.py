# SPDX-License-Identifier: BSD-3-Clause
"""From what the access points and their registrars report to the one vocabulary of the agent, status.events."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wpsagent.dot11.channels import channel_of
from wpsagent.roles import events as ap
from wpsagent.status import events as e
from wpsagent.wsc import internal_registrar as wps
from wpsagent.wsc.ap_enrolment import ApPinDisabled, ApPinEnabled
from wpsagent.wsc.lock_out import SetupLocked, SetupUnlocked

_REASONS = {
    wps.SelectionEndReason.SUCCEEDED: e.SessionEndReason.SUCCEEDED,
    wps.SelectionEndReason.TIMED_OUT: e.SessionEndReason.TIMED_OUT,
    wps.SelectionEndReason.CANCELLED: e.SessionEndReason.CANCELLED,
    wps.SelectionEndReason.REPLACED: e.SessionEndReason.REPLACED,
}

_REGISTRAR: Mapping[type, Callable[[str, Any], e.AgentEvent]] = {
    wps.PushButtonStarted: lambda group, event: e.PushButtonStarted(group, event.ends_at),
    wps.PushButtonEnded: lambda group, event: e.PushButtonEnded(group, _REASONS[event.reason]),
    wps.OverlapDetected: lambda group, _event: e.OverlapDetected(group),
    wps.PinStarted: lambda group, event: e.PinStarted(group, event.ends_at),
    wps.PinEnded: lambda group, event: e.PinEnded(group, _REASONS[event.reason]),
    wps.EnrolmentSucceeded: lambda group, event: e.EnrolmentSucceeded(
        group, event.address, event.uuid_e, event.device_name
    ),
    wps.PinNeeded: lambda _group, event: e.PinNeeded(
        event.uuid_e,
        event.address,
        event.device_name,
        event.manufacturer,
        event.model_name,
        event.model_number,
        event.serial_number,
        event.primary_device_type,
    ),
    wps.EnrolleeSeen: lambda _group, event: e.EnrolleeSeen(
        event.address,
        event.uuid_e,
        event.primary_device_type,
        event.config_methods,
        event.device_password_id,
        event.request_type,
        event.device_name,
    ),
}


_AP_PIN: Mapping[type, Callable[[str, Any], e.AgentEvent]] = {
    SetupLocked: lambda interface, event: e.SetupLocked(interface, event.ends_at),
    SetupUnlocked: lambda interface, _event: e.SetupUnlocked(interface),
    ApPinDisabled: lambda interface, _event: e.ApPinDisabled(interface),
}


def from_registrar(group: str, interfaces: Sequence[str], event: wps.InternalRegistrarEvent) -> list[e.AgentEvent]:
    """What the registrar of a button group reports (SelectedRegistrarChanged is the runner's, not ours).

    interfaces: those of its networks, each of which has the AP PIN.
    """
    if isinstance(event, ApPinEnabled):
        return []  # whoever set it knows
    if type(event) in _AP_PIN:
        return [_AP_PIN[type(event)](interface, event) for interface in interfaces]
    return [_REGISTRAR[type(event)](group, event)]


def from_access_point(interface: str, group: str, event: ap.ApEvent) -> list[e.AgentEvent]:
    """What an access point reports; a run that failed is told with its numbers."""
    match event:
        case ap.StationConnected():
            return [e.StationConnected(interface, event.address)]
        case ap.StationDisconnected():
            return [e.StationDisconnected(interface, event.address, event.reason)]
        case ap.WpsRunStarted():
            return [e.EapStarted(interface, event.address), e.EapMethodProposed(interface, event.address)]
        case ap.WpsRunFailed():
            failure = event.failure
            return [
                e.EnrolmentFailed(
                    group,
                    event.address,
                    failure.message_type or 0,
                    failure.configuration_error,
                    failure.error_indication,
                    interface,
                )
            ]
        case ap.WpsRunEnded():
            return [e.EapFailed(interface, event.address)]
        case ap.ApSettingsRead():
            return [e.NetworkRead(interface, event.address)]
        case ap.ApSettingsChanged() | ap.PskAdded():
            return []  # told by the network when it has taken them over
        case ap.ChannelChanged():
            return [e.ChannelChanged(interface, channel_of(event.frequency_mhz), event.frequency_mhz)]
        case ap.AccessPointLost():
            return [e.RadioLost(interface, event.reason)]
        case ap.HandshakeFailed():
            return [e.HandshakeFailed(interface, event.address, event.text)]
