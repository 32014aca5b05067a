# SPDX-License-Identifier: BSD-3-Clause
"""The command table: exact replies, refusals, and what the agent is asked."""

import json
import logging
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from wpsagent.control import AccessPoint, AccessPointStatus, Commands, WpsStatus
from wpsagent.control.agent import OnAir, Station
from wpsagent.control.commands import ACCESS_POINT
from wpsagent.dot11.elements import HtCapabilities, HtCapabilityFlags
from wpsagent.errors import OverlapError, RadioError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.device import parse_uuid
from wpsagent.wsc.enrollee_table import EnrolleeInformation

UUID_TEXT = "2b7093f1-d6fb-5108-adbb-bea66bb87333"
STATION = MacAddress.parse("02:00:00:00:01:00")
ON_AIR = OnAir((2, 12), HtCapabilities(HtCapabilityFlags(0x2C), 0, b"\xff" + bytes(15)), 20.0)
ADDRESS = MacAddress.parse("02:00:00:00:00:00")


class FakeAgent:
    """Keeps the contract of control.Agent and notes what it is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.status = WpsStatus()
        self.failure: Exception | None = None

    def _note(self, *what: Any) -> None:
        if self.failure is not None:
            raise self.failure
        self.asked.append(what)

    def press_button(self, target: str | None) -> None:
        self._note("press_button", target)

    def cancel(self, target: str | None) -> None:
        self._note("cancel", target)

    def add_pin(
        self, pin: bytes, *, uuid_e: bytes | None, timeout: float, address: MacAddress | None, target: str | None
    ) -> None:
        self._note("add_pin", pin, uuid_e, timeout, address, target)

    def wps_status(self, target: str | None) -> WpsStatus:
        self._note("wps_status", target)
        return self.status

    def access_point_doors(self) -> Sequence[AccessPoint]:
        return ()

    def pending_pins(self, target: str | None) -> Sequence[EnrolleeInformation]:
        return ()

    def stations(self) -> Sequence[Station]:
        return ()

    def access_points(self) -> Sequence[AccessPointStatus]:
        return (
            AccessPointStatus(
                "wlan0", ADDRESS, Ssid(b'my "net'), 2437, 6, is_enabled=True, stations=2, phy="phy0", on_air=ON_AIR
            ),
            AccessPointStatus("wlan1", STATION, Ssid(b"b"), 5180, 36, is_enabled=False, stations=0),
        )

    def add_access_points(self, path: str, wiphy: str | None) -> None:
        self._note("add_access_points", path, wiphy)

    def remove_access_point(self, interface: str) -> None:
        self._note("remove_access_point", interface)

    def free_interfaces(self) -> Sequence[str]:
        return ("wlan7",)

    def add_station(self, interface: str, path: str, driver: str, control_directory: str) -> None:
        self.asked.append(("add_station", interface, path, driver, control_directory))

    def remove_station(self, interface: str) -> None:
        self.asked.append(("remove_station", interface))

    def report(self) -> Mapping[str, Any]:
        return {"state": "idle", "ssid": "Gäste"}

    def terminate(self) -> None:
        self._note("terminate")


@pytest.fixture
def agent() -> FakeAgent:
    return FakeAgent()


@pytest.fixture
def commands(agent: FakeAgent) -> Commands:
    return Commands(agent)


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        ("PING", "PONG\n"),
        (" PING ", "PONG\n"),
        ("ping", "UNKNOWN COMMAND\n"),
        ("", "UNKNOWN COMMAND\n"),
        ("NO_SUCH_COMMAND x", "UNKNOWN COMMAND\n"),
        ("PING x", "UNKNOWN COMMAND\n"),
        ("WPS_PBC", "OK\n"),
        ("WPS_PBC a b", "FAIL\n"),
        ("WPS_CANCEL", "OK\n"),
        ("WPS_PIN any 12345670", "OK\n"),
        ("WPS_PIN any", "FAIL\n"),
        ("WPS_PIN", "UNKNOWN COMMAND\n"),
        (f"WPS_PIN {UUID_TEXT}x 12345670", "FAIL\n"),
        ("WPS_PIN any 12345670 -1", "FAIL\n"),
        ("WPS_PIN any 12345670 99999999999", "FAIL\n"),
        ("WPS_PIN any 12345670 ²", "FAIL\n"),
        ("WPS_PIN any 12345670 60 02:00:00:00:01", "FAIL\n"),
        ("WPS_PIN any 12345670 60 02:00:00:00:01:00 x", "FAIL\n"),
        ("WPS_PIN any " + "1" * 65, "FAIL\n"),
        ("WPS_PIN any pïn", "FAIL\n"),
        ("WPS_CHECK_PIN 12345670", "12345670"),
        ("WPS_CHECK_PIN 1234-5670", "12345670"),
        ("WPS_CHECK_PIN 1234 5670", "12345670"),
        ("WPS_CHECK_PIN 1234", "1234"),
        ("WPS_CHECK_PIN 12345678", "FAIL-CHECKSUM\n"),
        ("WPS_CHECK_PIN 123456", "FAIL\n"),
        ("WPS_CHECK_PIN", "UNKNOWN COMMAND\n"),
        ("INTERFACES", "wlan0\nwlan1\n"),
        ("ADD wlan7 /run/hostapd", "FAIL\n"),
        ("ADD bss_config=phy0", "FAIL\n"),
        ("ADD bss_config=phy0:", "FAIL\n"),
        ("REMOVE", "UNKNOWN COMMAND\n"),
        ("TERMINATE", "OK\n"),
        ("WHY", "nothing has failed\n"),
        ("AGENT_STATUS", '{"state": "idle", "ssid": "Gäste"}\n'),
        ("IFNAME=wlan1 PING", "PONG\n"),
        ("IFNAME=eth0 PING", "FAIL-NO-IFNAME-MATCH\n"),
        ("IFNAME=wlan0", "UNKNOWN COMMAND\n"),
        ("IFNAME=wlan0 NOTHING", "UNKNOWN COMMAND\n"),
    ],
)
def test_every_request_has_its_exact_reply(commands: Commands, request_text: str, reply: str) -> None:
    assert commands(request_text) == reply


@pytest.mark.parametrize(
    ("request_text", "asked"),
    [
        ("WPS_PBC", ("press_button", None)),
        ("WPS_PBC guests", ("press_button", "guests")),
        ("IFNAME=wlan0 WPS_PBC", ("press_button", "wlan0")),
        ("WPS_CANCEL main", ("cancel", "main")),
        ("WPS_PIN any 12345670", ("add_pin", b"12345670", None, 0.0, None, None)),
        ("WPS_PIN any 1234-5670 0", ("add_pin", b"1234-5670", None, 0.0, None, None)),
        (
            f"IFNAME=wlan0 WPS_PIN {UUID_TEXT} 1234 60 02:00:00:00:01:00",
            ("add_pin", b"1234", parse_uuid(UUID_TEXT), 60.0, STATION, "wlan0"),
        ),
        ("TERMINATE", ("terminate",)),
        ("WPS_GET_STATUS", ("wps_status", None)),
        ("ADD bss_config=phy0:/etc/my hostapd.conf", ("add_access_points", "/etc/my hostapd.conf", "phy0")),
        ("ADD bss_config=:/etc/hostapd.conf", ("add_access_points", "/etc/hostapd.conf", None)),
        ("REMOVE wlan1", ("remove_access_point", "wlan1")),
    ],
)
def test_what_the_agent_is_asked(
    agent: FakeAgent, commands: Commands, request_text: str, asked: tuple[Any, ...]
) -> None:
    commands(request_text)
    assert agent.asked == [asked]


def test_a_refusal_is_fail_and_why_tells_the_reason(agent: FakeAgent, commands: Commands) -> None:
    agent.failure = OverlapError("two devices are in push-button mode")
    assert commands("WPS_PBC") == "FAIL\n"
    assert commands("WHY") == "WPS_PBC: two devices are in push-button mode\n"
    agent.failure = RadioError("the radio is gone")
    assert commands("WPS_CANCEL") == "FAIL\n"
    assert commands("WHY") == "WPS_CANCEL: the radio is gone\n"
    commands("IFNAME=eth0 STATUS")
    assert commands("WHY") == "STATUS: no network of ours is on 'eth0'; there is wlan0, wlan1\n"
    commands("WPS_PIN any")
    assert commands("WHY") == (
        "WPS_PIN: 1 arguments given; the command is: WPS_PIN <uuid or any> <PIN> [timeout] [MAC address]\n"
    )


@pytest.mark.parametrize(
    "request_text", ["WPS_PIN any 12345670", "WPS_PIN 12345670 any", "WPS_CHECK_PIN 1234567", "WPS_PIN any 1 12345670x"]
)
def test_no_pin_reaches_the_log(commands: Commands, caplog: pytest.LogCaptureFixture, request_text: str) -> None:
    with caplog.at_level(logging.DEBUG):
        commands(request_text)
    assert "WPS_" in caplog.text
    assert "1234567" not in caplog.text


def test_other_requests_and_their_failures_are_logged(
    agent: FakeAgent, commands: Commands, caplog: pytest.LogCaptureFixture
) -> None:
    agent.failure = RadioError("the radio is gone")
    with caplog.at_level(logging.DEBUG):
        commands("WPS_PBC main")
    assert "command WPS_PBC main" in caplog.text
    assert "WPS_PBC failed: the radio is gone" in caplog.text


def test_wps_get_status_has_two_lines_and_two_more_when_there_is_more(agent: FakeAgent, commands: Commands) -> None:
    assert commands("WPS_GET_STATUS") == "PBC Status: Disabled\nLast WPS result: None\n"
    agent.status = WpsStatus("Timed-out", "Failed", "Authentication Failure", STATION)
    assert commands("WPS_GET_STATUS") == (
        "PBC Status: Timed-out\nLast WPS result: Failed\n"
        "Failure Reason: Authentication Failure\nPeer Address: 02:00:00:00:01:00\n"
    )


def test_status_lists_the_networks_as_hostapd_does(commands: Commands) -> None:
    assert commands("STATUS") == (
        "state=ENABLED\nphy=phy0\nfreq=2437\ncac_time_seconds=0\ncac_time_left_seconds=N/A\nchannel=6\n"
        "edmg_enable=0\nedmg_channel=0\nsecondary_channel=0\nieee80211n=1\nieee80211ac=0\nieee80211ax=0\n"
        "beacon_int=100\ndtim_period=2\n"
        "ht_caps_info=002c\nht_mcs_bitmask=ff000000000000000000\nsupported_rates=02 0c\nmax_txpower=20\n"
        'bss[0]=wlan0\nbssid[0]=02:00:00:00:00:00\nssid[0]=my \\"net\nnum_sta[0]=2\n'
        "bss[1]=wlan1\nbssid[1]=02:00:00:00:01:00\nssid[1]=b\nnum_sta[1]=0\n"
    )
    assert commands("IFNAME=wlan1 STATUS") == (
        "state=DISABLED\nfreq=5180\ncac_time_seconds=0\ncac_time_left_seconds=N/A\nchannel=36\n"
        "edmg_enable=0\nedmg_channel=0\nsecondary_channel=0\nieee80211n=1\nieee80211ac=0\nieee80211ax=0\n"
        "beacon_int=100\ndtim_period=2\n"
        "bss[0]=wlan1\nbssid[0]=02:00:00:00:01:00\nssid[0]=b\nnum_sta[0]=0\n"
    )


def test_status_of_one_shows_those_of_its_radio(
    agent: FakeAgent, commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    def status(interface: str, phy: str) -> AccessPointStatus:
        return AccessPointStatus(interface, ADDRESS, Ssid(b"x"), 2437, 6, is_enabled=True, stations=0, phy=phy)

    three = (status("wlan0", "phy0"), status("guests", "phy0"), status("wlan1", "phy1"))
    monkeypatch.setattr(agent, "access_points", lambda: three)
    lines = commands("IFNAME=guests STATUS").splitlines()
    assert [line for line in lines if line.startswith("bss[")] == ["bss[0]=wlan0", "bss[1]=guests"]


def test_status_without_a_network(agent: FakeAgent, commands: Commands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agent, "access_points", lambda: ())
    assert commands("STATUS") == "state=DISABLED\n"
    assert commands("INTERFACES") == ""
    assert commands("IFNAME=wlan0 STATUS") == "FAIL-NO-IFNAME-MATCH\n"
    assert commands("WHY") == "STATUS: no network of ours is on 'wlan0'; there is none\n"


def test_help_has_a_line_for_every_command(commands: Commands) -> None:
    lines = commands("HELP").splitlines()
    assert len(lines) == len(ACCESS_POINT)
    assert lines[0].split() == ["PING", "Answer", "PONG."]
    usage = "WPS_PIN <uuid or any> <PIN> [timeout] [MAC address] "
    assert [line.split("  ")[-1].strip() for line in lines if line.startswith(usage)] == ["Offer a PIN to an enrollee."]


def test_agent_status_is_json_on_one_line(commands: Commands) -> None:
    reply = commands("AGENT_STATUS")
    assert reply.count("\n") == 1
    assert json.loads(reply) == {"state": "idle", "ssid": "Gäste"}


def test_an_error_that_is_a_bug_is_not_swallowed(agent: FakeAgent, commands: Commands) -> None:
    agent.failure = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        commands("WPS_PBC")
