# SPDX-License-Identifier: BSD-3-Clause
"""What a station reports, as the agent's events and as wpa_supplicant's lines."""

import pytest

from wpsagent.daemon.translate_station import from_station
from wpsagent.eap import events as eap
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.bss_table import BssAdded, BssRemoved
from wpsagent.roles.sta.network import Network, NetworkList
from wpsagent.status import station_events as s
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.enumerations import (
    AuthenticationType,
    ConfigurationError,
    EncryptionType,
    ErrorIndication,
    MessageType,
)
from wpsagent.wsc.events import RunFailed

AP = MacAddress.parse("02:00:00:00:00:01")
HOME = Ssid(b'a "home"')


def lines(event: sta.StationReport) -> list[str]:
    """The lines for control clients; nothing else may come of the event."""
    translated = from_station("wlan1", event, NetworkList())
    assert all(isinstance(found, s.StationSignal) and found.interface == "wlan1" for found in translated)
    return [found.text for found in translated if isinstance(found, s.StationSignal)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (sta.ScanStarted(), ["CTRL-EVENT-SCAN-STARTED "]),
        (sta.ScanCompleted(), ["CTRL-EVENT-SCAN-RESULTS "]),
        (
            sta.ScanCompleted(sta.WpsAvailable.PUSH_BUTTON),
            ["CTRL-EVENT-SCAN-RESULTS ", "WPS-AP-AVAILABLE-PBC "],
        ),
        (sta.ScanCompleted(sta.WpsAvailable.PLAIN), ["CTRL-EVENT-SCAN-RESULTS ", "WPS-AP-AVAILABLE "]),
        (sta.ScanFailed("busy"), ["CTRL-EVENT-SCAN-FAILED ret=-1"]),
        (BssAdded(3, AP), ["CTRL-EVENT-BSS-ADDED 3 02:00:00:00:00:01"]),
        (BssRemoved(3, AP), ["CTRL-EVENT-BSS-REMOVED 3 02:00:00:00:00:01"]),
        (sta.NetworkAdded(1), ["CTRL-EVENT-NETWORK-ADDED 1"]),
        (sta.NetworkRemoved(1), ["CTRL-EVENT-NETWORK-REMOVED 1"]),
        (
            sta.NetworkTempDisabled(1, HOME, 2, 20.4, is_wrong_key=True),
            ['CTRL-EVENT-SSID-TEMP-DISABLED id=1 ssid="a \\"home\\"" auth_failures=2 duration=20 reason=WRONG_KEY'],
        ),
        (
            sta.NetworkTempDisabled(1, Ssid(b"b"), 1, 10, is_wrong_key=False),
            ['CTRL-EVENT-SSID-TEMP-DISABLED id=1 ssid="b" auth_failures=1 duration=10 reason=CONN_FAILED'],
        ),
        (sta.NetworkReenabled(1, Ssid(b"b")), ['CTRL-EVENT-SSID-REENABLED id=1 ssid="b"']),
        (sta.NetworkNotFound(), ["CTRL-EVENT-NETWORK-NOT-FOUND "]),
        (
            sta.TryingToAssociate(AP, Ssid(b"b"), 2412, 1),
            ["Trying to associate with 02:00:00:00:00:01 (SSID='b' freq=2412 MHz)"],
        ),
        (sta.AssociatedWith(AP), ["Associated with 02:00:00:00:00:01"]),
        (sta.AssociationRejected(AP, 17), ["CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:00:01 status_code=17"]),
        (sta.AssociationRejected(AP, None), ["CTRL-EVENT-ASSOC-REJECT bssid=02:00:00:00:00:01 status_code=0"]),
        (
            sta.ConnectionLost(AP, 3, is_local=True, was_connected=False),
            ["CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:01 reason=3 locally_generated=1"],
        ),
        (
            sta.ConnectionLost(AP, 23, is_local=False, was_connected=False),
            ["CTRL-EVENT-DISCONNECTED bssid=02:00:00:00:00:01 reason=23"],
        ),
        (sta.GroupKeyRenewed(1), []),
        (sta.M2dSeen(AP, 0, None), ["WPS-M2D dev_password_id=0 config_error=0"]),
        (sta.CredentialReceived(b"\x10\x0e"), ["WPS-CRED-RECEIVED 100e"]),
        (sta.CredentialReceived(), ["WPS-CRED-RECEIVED "]),
        (
            sta.ApSettingsLearnt(
                AP, ApSettings(HOME, AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"the passphrase")
            ),
            [],
        ),
        (sta.WpsSucceeded(AP), ["WPS-SUCCESS "]),
        (sta.WpsFailed(AP, None, sta.WpsCause.REFUSED), ["WPS-FAIL "]),
        (
            sta.WpsFailed(
                AP,
                RunFailed(MessageType.M4, ConfigurationError.DEVICE_PASSWORD_AUTH_FAILURE),
                sta.WpsCause.FIRST_HALF_WRONG,
            ),
            ["WPS-FAIL msg=8 config_error=18"],
        ),
        (
            sta.WpsFailed(
                AP,
                RunFailed(MessageType.M8, ConfigurationError.NO_ERROR, ErrorIndication.WEP_PROHIBITED),
                sta.WpsCause.WEP_PROHIBITED,
            ),
            ["WPS-FAIL msg=12 config_error=0 reason=2 (WEP Prohibited)"],
        ),
        (
            sta.WpsFailed(None, RunFailed(None, ConfigurationError.MESSAGE_TIMEOUT), sta.WpsCause.NO_ACCESS_POINT),
            [],
        ),
        (eap.EapStarted(), ["CTRL-EVENT-EAP-STARTED EAP authentication started"]),
        (
            eap.MethodSelected(),
            [
                "CTRL-EVENT-EAP-PROPOSED-METHOD vendor=14122 method=1",
                "CTRL-EVENT-EAP-METHOD EAP vendor 14122 method 1 (WSC) selected",
            ],
        ),
        (eap.EapEnded(eap.EndReason.COMPLETED), ["CTRL-EVENT-EAP-FAILURE EAP authentication failed"]),
    ],
)
def test_front_ends_hear_it_in_wpa_supplicants_words(event: sta.StationReport, expected: list[str]) -> None:
    assert lines(event) == expected


def test_a_connection_is_told_with_its_network() -> None:
    networks = NetworkList([Network(id=4, ssid=HOME, id_str="cottage")])
    event = sta.Connected(AP, 4, HOME, 2412)
    assert from_station("wlan1", event, networks) == [s.Joined("wlan1", AP, HOME, 4, "cottage")]
    assert from_station("wlan1", event, NetworkList()) == [s.Joined("wlan1", AP, HOME, 4, "")]
    networks.put(Network(id=4, ssid=HOME))
    assert from_station("wlan1", event, networks) == [s.Joined("wlan1", AP, HOME, 4, "")]


def test_a_lost_connection_is_told_with_its_reason() -> None:
    event = sta.ConnectionLost(AP, 3, is_local=False, was_connected=True, network_id=4, text="sent away")
    assert from_station("wlan1", event, NetworkList()) == [s.Left("wlan1", AP, 3, False, "sent away")]
    assert from_station("wlan1", sta.StationLost("pulled"), NetworkList()) == [s.StationLost("wlan1", "pulled")]


def test_networks_are_counted_without_that_of_a_run() -> None:
    networks = NetworkList([Network(ssid=HOME), Network(is_temporary=True)])
    assert from_station("wlan1", sta.NetworksChanged(), networks) == [s.NetworksKnown("wlan1", 1)]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        (sta.WpsMethod.PUSH_BUTTON, s.StationMethod.PUSH_BUTTON),
        (sta.WpsMethod.PIN, s.StationMethod.PIN),
        (sta.WpsMethod.REGISTRAR, s.StationMethod.AP_PIN),
    ],
)
def test_a_run_starts_and_succeeds(method: sta.WpsMethod, expected: s.StationMethod) -> None:
    assert from_station("wlan1", sta.WpsStarted(method, 120.0), NetworkList()) == [
        s.StationWpsStarted("wlan1", expected, 120.0)
    ]
    assert from_station("wlan1", sta.WpsEnded(method, sta.WpsEndReason.SUCCEEDED), NetworkList()) == [
        s.StationWpsEnded("wlan1", expected, s.StationWpsResult.SUCCEEDED)
    ]


@pytest.mark.parametrize("reason", sta.WpsEndReason)
def test_every_end_has_its_result(reason: sta.WpsEndReason) -> None:
    (event,) = from_station("wlan1", sta.WpsEnded(sta.WpsMethod.PIN, reason), NetworkList())
    assert isinstance(event, s.StationWpsEnded)
    assert event.result.name == reason.name


@pytest.mark.parametrize("cause", [cause for cause in sta.WpsCause if cause is not sta.WpsCause.NONE])
def test_every_cause_has_a_word_for_programs_and_a_sentence_for_people(cause: sta.WpsCause) -> None:
    ended = sta.WpsEnded(sta.WpsMethod.PIN, sta.WpsEndReason.FAILED, cause, "a detail")
    (event,) = from_station("wlan1", ended, NetworkList())
    assert isinstance(event, s.StationWpsEnded)
    assert event.cause == cause.name.lower()
    assert event.reason.startswith(cause.value)


def test_a_detail_is_told_where_the_cause_says_too_little() -> None:
    ended = sta.WpsEnded(sta.WpsMethod.PIN, sta.WpsEndReason.FAILED, sta.WpsCause.PROTOCOL, "M4 is garbled")
    (event,) = from_station("wlan1", ended, NetworkList())
    assert isinstance(event, s.StationWpsEnded)
    assert event.reason == "the registration protocol failed: M4 is garbled"


def test_a_signal_shows_nothing_of_a_credential() -> None:
    (signal,) = from_station("wlan1", sta.CredentialReceived(b"\x10\x0e\xaa"), NetworkList())
    assert "100e" not in repr(signal)
