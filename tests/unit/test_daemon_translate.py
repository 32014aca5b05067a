# SPDX-License-Identifier: BSD-3-Clause
"""Every event of registrars and access points has its one word in the agent's vocabulary."""

from typing import get_args

import pytest

from wpsagent.daemon.translate import from_access_point, from_registrar
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles import events as ap
from wpsagent.status import events as e
from wpsagent.wsc import internal_registrar as wps
from wpsagent.wsc.ap_enrolment import ApPinDisabled, ApPinEnabled
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import COMPUTER
from wpsagent.wsc.enumerations import AuthenticationType, ConfigMethods, EncryptionType, ErrorIndication, MessageType
from wpsagent.wsc.events import RunFailed
from wpsagent.wsc.lock_out import SetupLocked, SetupUnlocked

PHONE = MacAddress.parse("02:00:00:00:01:00")
UUID = b"\x01" * 16
SETTINGS = NetworkSettings(Ssid(b"new"), AuthenticationType.OPEN, EncryptionType.NONE)

INTERFACES = ("wlan0", "wlan1")
AP_PIN: list[tuple[wps.InternalRegistrarEvent, list[e.AgentEvent]]] = [
    (SetupLocked(60.0), [e.SetupLocked("wlan0", 60.0), e.SetupLocked("wlan1", 60.0)]),
    (SetupUnlocked(), [e.SetupUnlocked("wlan0"), e.SetupUnlocked("wlan1")]),
    (ApPinDisabled(), [e.ApPinDisabled("wlan0"), e.ApPinDisabled("wlan1")]),
    (ApPinEnabled(None), []),
]
REGISTRAR: list[tuple[wps.InternalRegistrarEvent, e.AgentEvent]] = [
    (wps.PushButtonStarted(5.0), e.PushButtonStarted("main", 5.0)),
    (wps.OverlapDetected(), e.OverlapDetected("main")),
    (wps.PinStarted(6.0, UUID), e.PinStarted("main", 6.0)),
    (wps.EnrolmentSucceeded(PHONE, UUID, "phone"), e.EnrolmentSucceeded("main", PHONE, UUID, "phone")),
    (
        wps.PinNeeded(PHONE, UUID, "phone", "maker", "model", "number", "serial", COMPUTER),
        e.PinNeeded(UUID, PHONE, "phone", "maker", "model", "number", "serial", COMPUTER),
    ),
    (
        wps.EnrolleeSeen(PHONE, UUID, COMPUTER, ConfigMethods.KEYPAD, 4, 1, "phone"),
        e.EnrolleeSeen(PHONE, UUID, COMPUTER, ConfigMethods.KEYPAD, 4, 1, "phone"),
    ),
    (
        wps.PushButtonEnded(wps.SelectionEndReason.TIMED_OUT),
        e.PushButtonEnded("main", e.SessionEndReason.TIMED_OUT),
    ),
    (wps.PinEnded(wps.SelectionEndReason.CANCELLED), e.PinEnded("main", e.SessionEndReason.CANCELLED)),
]

ACCESS_POINT: list[tuple[ap.ApEvent, list[e.AgentEvent]]] = [
    (ap.StationConnected(PHONE), [e.StationConnected("wlan0", PHONE)]),
    (ap.StationDisconnected(PHONE, "it left"), [e.StationDisconnected("wlan0", PHONE, "it left")]),
    (ap.HandshakeFailed(PHONE, "wrong"), [e.HandshakeFailed("wlan0", PHONE, "wrong")]),
    (ap.WpsRunStarted(PHONE), [e.EapStarted("wlan0", PHONE), e.EapMethodProposed("wlan0", PHONE)]),
    (
        ap.WpsRunFailed(PHONE, RunFailed(MessageType.M5, 18, ErrorIndication.AUTHENTICATION_FAILURE)),
        [e.EnrolmentFailed("main", PHONE, 9, 18, ErrorIndication.AUTHENTICATION_FAILURE, "wlan0")],
    ),
    (ap.WpsRunFailed(PHONE, RunFailed(None)), [e.EnrolmentFailed("main", PHONE, 0, 0, 0, "wlan0")]),
    (ap.WpsRunEnded(PHONE, "over"), [e.EapFailed("wlan0", PHONE)]),
    (ap.ApSettingsRead(PHONE), [e.NetworkRead("wlan0", PHONE)]),
    (ap.ApSettingsChanged(PHONE, SETTINGS), []),
    (ap.PskAdded(PHONE, b"\x01" * 32), []),
    (ap.ChannelChanged(2462), [e.ChannelChanged("wlan0", 11, 2462)]),
    (ap.AccessPointLost("gone"), [e.RadioLost("wlan0", "gone")]),
]


@pytest.mark.parametrize(("event", "expected"), REGISTRAR)
def test_events_of_the_registrar(event: wps.InternalRegistrarEvent, expected: e.AgentEvent) -> None:
    assert from_registrar("main", INTERFACES, event) == [expected]


@pytest.mark.parametrize(("event", "expected"), AP_PIN)
def test_the_ap_pin_is_every_network_s(event: wps.InternalRegistrarEvent, expected: list[e.AgentEvent]) -> None:
    assert from_registrar("main", INTERFACES, event) == expected


@pytest.mark.parametrize("reason", wps.SelectionEndReason)
def test_every_end_of_a_selection_has_its_reason(reason: wps.SelectionEndReason) -> None:
    (told,) = from_registrar("main", INTERFACES, wps.PushButtonEnded(reason))
    assert told == e.PushButtonEnded("main", e.SessionEndReason(reason.value))


@pytest.mark.parametrize(("event", "expected"), ACCESS_POINT)
def test_events_of_an_access_point(event: ap.ApEvent, expected: list[e.AgentEvent]) -> None:
    assert from_access_point("wlan0", "main", event) == expected


def test_no_event_is_missing() -> None:
    told = {type(event) for event, _ in (*REGISTRAR, *AP_PIN)}
    assert told == set(get_args(wps.InternalRegistrarEvent)) - {wps.SelectedRegistrarChanged}
    assert {type(event) for event, _ in ACCESS_POINT} == set(get_args(ap.ApEvent))
