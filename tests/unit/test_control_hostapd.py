# SPDX-License-Identifier: BSD-3-Clause
"""hostapd's dialect: what each command asks of the access point, its exact replies, and what it refuses."""

import logging
import random
from collections.abc import Callable

import pytest
from tests.unit.control_access_point import ADDRESS, HOME, LAPTOP, PHONE, AgentWithAccessPoint, FakeAccessPoint

from wpsagent import __version__
from wpsagent.control import Commands, ConnectedStation
from wpsagent.control.commands import ACCESS_POINT, MAX_REPLY
from wpsagent.control.hostapd_commands import HOSTAPD_COMMANDS
from wpsagent.crypto.passphrase import derive_psk
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.device import PrimaryDeviceType, parse_uuid
from wpsagent.wsc.enrollee_table import EnrolleeInformation
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, WpsState

UUID_TEXT = "2b7093f1-d6fb-5108-adbb-bea66bb87333"
Ask = Callable[[str], str]


@pytest.fixture
def access_point() -> FakeAccessPoint:
    return FakeAccessPoint()


@pytest.fixture
def commands(access_point: FakeAccessPoint) -> Commands:
    return Commands(AgentWithAccessPoint(access_point))


@pytest.fixture
def ask(commands: Commands) -> Ask:
    return commands.on("wlan0")


def station(address: MacAddress = PHONE, aid: int = 1) -> ConnectedStation:
    return ConnectedStation(
        address=address,
        aid=aid,
        is_authorized=True,
        connected_seconds=7,
        inactive_seconds=0.25,
        has_wmm=True,
        ht_capabilities=bytes.fromhex("7e1003ffff").ljust(26, b"\0"),
        capability=0x431,
        listen_interval=5,
        supported_rates=bytes((2, 4, 11, 22)),
    )


def enrollee() -> EnrolleeInformation:
    return EnrolleeInformation(
        PHONE, parse_uuid(UUID_TEXT), "My Phone", "Acme", "M1", "2", "3", PrimaryDeviceType.parse("10-0050F204-5")
    )


# ---- the PIN of the access point


def test_the_access_points_pin_is_told_without_a_newline(ask: Ask, access_point: FakeAccessPoint) -> None:
    assert ask("WPS_AP_PIN get") == "FAIL\n"
    assert ask("WPS_AP_PIN random") == "12345670"
    assert ask("WPS_AP_PIN random 30") == "12345670"
    assert ask("WPS_AP_PIN get") == "12345670"
    assert ask("WPS_AP_PIN set 12345671") == "12345671"
    assert ask("WPS_AP_PIN set 1234 60") == "1234"
    assert ask("WPS_AP_PIN get") == "1234"
    assert ask("WPS_AP_PIN disable") == "OK\n"
    assert access_point.changed == [
        ("set_ap_pin", b"12345670", 300.0),
        ("set_ap_pin", b"12345670", 30.0),
        ("set_ap_pin", b"12345671", 300.0),
        ("set_ap_pin", b"1234", 60.0),
        ("set_ap_pin", None, 0.0),
    ]


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        ("WPS_AP_PIN get x", "too much after WPS_AP_PIN get"),
        ("WPS_AP_PIN disable x", "too much after WPS_AP_PIN disable"),
        ("WPS_AP_PIN random 30 x", "too much after WPS_AP_PIN random"),
        ("WPS_AP_PIN random x", "a number of seconds is a number from 0 to"),
        ("WPS_AP_PIN set", "WPS_AP_PIN set <PIN> [timeout]"),
        ("WPS_AP_PIN set 123456789", "an access point's PIN has 4 or 8 digits"),
        ("WPS_AP_PIN set x", "an access point's PIN has 4 or 8 digits"),
        ("WPS_AP_PIN set 12345670 x", "a number of seconds is a number"),
        ("WPS_AP_PIN set 12345670 1 x", "4 arguments given"),
        ("WPS_AP_PIN x", "WPS_AP_PIN disable | random | get | set"),
        ("WPS_CONFIG 61", "1 arguments given"),
        ("WPS_CONFIG zz OPEN NONE", "not pairs of hexadecimal digits"),
        ("WPS_CONFIG 6 OPEN NONE", "not pairs of hexadecimal digits"),
        (f"WPS_CONFIG {'61' * 33} OPEN NONE", "an SSID has at most 32 octets"),
        ("WPS_CONFIG 61 SHARED NONE", "SHARED: unknown; there is OPEN, WPA2PSK"),
        ("WPS_CONFIG 61 WPAPSK CCMP 6161616161616161", "WPS 2.0 forbids WPA without WPA2"),
        ("WPS_CONFIG 61 WPA2PSK TKIP 6161616161616161", "WPS 2.0 forbids TKIP without CCMP"),
        ("WPS_CONFIG 61 OPEN WEP 6161616161", "WPS 2.0 forbids WEP"),
        ("WPS_CONFIG 61 OPEN CCMP", "OPEN goes with NONE"),
        ("WPS_CONFIG 61 OPEN NONE 6161616161616161", "OPEN has none"),
        ("WPS_CONFIG 61 WPA2PSK CCMP", "WPA2PSK needs a key"),
        ("WPS_CONFIG 61 WPA2PSK CCMP 61", "a key is a passphrase of 8 to 63"),
        (f"WPS_CONFIG 61 WPA2PSK CCMP {'61' * 65}", "a key is a passphrase of 8 to 63"),
        ("WPS_CONFIG 61 WPA2PSK CCMP 616161610a616161", "a key is a passphrase of 8 to 63 printable"),
        (f"WPS_CONFIG 61 WPA2PSK CCMP {'7a' * 64}", "a key is a passphrase"),
        (f"WPS_CONFIG 61 WPA2PSK CCMP {'ff' * 64}", "a key is a passphrase"),
        ("STA x", "x"),
        ("STA 02:11:22:33:44:55", "02:11:22:33:44:55 is not here"),
        ("STA 02:11:22:33:44:55 x", "2 arguments given"),
        ("STA-NEXT 02:11:22:33:44:55", "02:11:22:33:44:55 is not here"),
        ("DEAUTHENTICATE x", "x"),
        ("DEAUTHENTICATE 01:00:5e:00:00:01", "the address of a group"),
        ("DEAUTHENTICATE 02:00:00:00:01:00 reason=x", "a reason code is a number from 1 to 65535"),
        ("DEAUTHENTICATE 02:00:00:00:01:00 reason=65536", "a reason code is a number from 1 to 65535"),
        ("DISASSOCIATE 02:00:00:00:01:00 tx=0", "expected reason=<number>"),
        ("ENABLE", "it is so already"),
        ("SET device_name", "1 arguments given"),
        ("SET nothing at all", "there is no nothing"),
        ("SET device_name two\nlines", "there are control characters in the command"),
        ("SET device_name two\u2028lines", "there are control characters in the command"),
        ("GET nothing", "there is no nothing"),
        ("WPS_NFC_TOKEN NDEF", "NFC is not supported"),
        ("WPS_NFC_TAG_READ 00", "NFC is not supported"),
        ("NFC_REPORT_HANDOVER RESP WPS 00 00", "NFC is not supported"),
        ("LOG_LEVEL FOO", "not a level: 'FOO'"),
        ("LOG_LEVEL INFO x", "timestamps are 0 or 1"),
        ("WPS_PIN any 12345670 60 02:00:00:00:01:00 x", "5 arguments given"),
    ],
)
def test_what_does_not_fit_changes_nothing_and_why_tells_the_reason(
    commands: Commands, access_point: FakeAccessPoint, request_text: str, reason: str
) -> None:
    access_point.stations = [station()]
    assert commands.on("wlan0")(request_text) == "FAIL\n"
    assert reason in commands("WHY")
    assert access_point.changed == []


@pytest.mark.parametrize(
    "request_text",
    (
        *("WPS_AP_PIN", "WPS_CONFIG", "STA", "STA-NEXT", "DEAUTHENTICATE", "DISASSOCIATE", "SET", "GET", "NOTE"),
        *("PING x", "GET_CONFIG x", "STATUS x", "ENABLE x", "TERMINATE x", "ping", "SCAN", "IFNAME=wlan0 PING", ""),
    ),
)
def test_commands_without_their_arguments_or_with_others_are_unknown_as_in_hostapd(
    ask: Ask, access_point: FakeAccessPoint, request_text: str
) -> None:
    assert ask(request_text) == "UNKNOWN COMMAND\n"
    assert access_point.changed == []


# ---- another network


@pytest.mark.parametrize(
    ("arguments", "settings"),
    [
        ("61 OPEN", NetworkSettings(Ssid(b"a"), AuthenticationType.OPEN, EncryptionType.NONE)),
        ("61 OPEN NONE", NetworkSettings(Ssid(b"a"), AuthenticationType.OPEN, EncryptionType.NONE)),
        (
            "6869 WPA2PSK CCMP 7365637265742121",
            NetworkSettings(Ssid(b"hi"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"secret!!"),
        ),
        (
            "6869 WPA2PSK CCMP " + b"0a".hex() * 32,
            NetworkSettings(Ssid(b"hi"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, None, b"\n" * 32),
        ),
    ],
)
def test_wps_config_gives_the_access_point_another_network(
    ask: Ask, access_point: FakeAccessPoint, arguments: str, settings: NetworkSettings
) -> None:
    assert ask(f"WPS_CONFIG {arguments}") == "OK\n"
    assert access_point.changed == [("configure", settings)]


def test_get_config_tells_all_of_the_network(ask: Ask, access_point: FakeAccessPoint) -> None:
    psk = derive_psk(b"correct horse", HOME.ssid).hex()
    assert ask("GET_CONFIG") == (
        f'bssid={ADDRESS}\nssid=my \\"home\\"\nwps_state=configured\npassphrase=correct horse\npsk={psk}\n'
        "wpa=2\nkey_mgmt=WPA-PSK\ngroup_cipher=CCMP\nrsn_pairwise_cipher=CCMP\n"
    )
    access_point.network_settings = NetworkSettings(
        Ssid(b"x"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, psk=b"\1" * 32
    )
    access_point.wps_state = WpsState.NOT_CONFIGURED
    assert ask("GET_CONFIG").startswith(f"bssid={ADDRESS}\nssid=x\nwps_state=not configured\npsk={'01' * 32}\nwpa=2\n")
    access_point.network_settings = NetworkSettings(Ssid(b"x"), AuthenticationType.OPEN, EncryptionType.NONE)
    access_point.wps_state = None
    assert ask("GET_CONFIG") == f"bssid={ADDRESS}\nssid=x\nwps_state=disabled\n"


# ---- stations


def test_a_station_is_told_in_hostapds_lines(ask: Ask, access_point: FakeAccessPoint) -> None:
    access_point.stations = [station()]
    text = (
        f"{PHONE}\nflags=[AUTH][ASSOC][AUTHORIZED][SHORT_PREAMBLE][WMM][HT]\naid=1\ncapability=0x431\nlisten_interval=5\n"
        "supported_rates=02 04 0b 16\ntimeout_next=NULLFUNC POLL\n"
    )
    rsn = (
        f"dot11RSNAStatsSTAAddress={PHONE}\ndot11RSNAStatsVersion=1\n"
        "dot11RSNAStatsSelectedPairwiseCipher=00-0f-ac-4\ndot11RSNAStatsTKIPLocalMICFailures=0\n"
        "dot11RSNAStatsTKIPRemoteMICFailures=0\nwpa=2\nAKMSuiteSelector=00-0f-ac-2\n"
        "hostapdWPAPTKState=11\nhostapdWPAPTKGroupState=0\n"
    )
    end = "ht_mcs_bitmask=ffff0000000000000000\nht_caps_info=0x107e\ninactive_msec=250\nconnected_time=7\n"
    assert ask(f"STA {PHONE}") == ask("STA-FIRST") == text + rsn + end
    assert ask(f"STA-NEXT {PHONE}") == ""
    access_point.network_settings = NetworkSettings(Ssid(b"x"), AuthenticationType.OPEN, EncryptionType.NONE)
    assert ask("STA-FIRST") == text + end


def test_a_station_that_enrolls_tells_what_it_is(ask: Ask, access_point: FakeAccessPoint) -> None:
    access_point.stations = [
        ConnectedStation(
            PHONE, 1, is_authorized=False, is_associated=True, is_wps=True, is_wps2=True, enrollee=enrollee()
        )
    ]
    lines = ask("STA-FIRST").splitlines()
    assert lines[1] == "flags=[AUTH][ASSOC][WPS][WPS2]"
    assert lines[7:14] == [
        f"wpsUuid={UUID_TEXT}",
        "wpsPrimaryDeviceType=10-0050F204-5",
        "wpsDeviceName=My Phone",
        "wpsManufacturer=Acme",
        "wpsModelName=M1",
        "wpsModelNumber=2",
        "wpsSerialNumber=3",
    ]


def test_all_stations_can_be_walked(ask: Ask, access_point: FakeAccessPoint) -> None:
    assert ask("STA-FIRST") == ""
    access_point.stations = [station(LAPTOP, 2), station()]
    walked, reply = [], ask("STA-FIRST")
    while reply:
        walked.append(reply.splitlines()[0])
        reply = ask(f"STA-NEXT {walked[-1]}")
    assert walked == [str(LAPTOP), str(PHONE)]


@pytest.mark.parametrize(
    ("request_text", "asked"),
    [
        (f"DEAUTHENTICATE {PHONE}", (PHONE, 2, True)),
        (f"DEAUTHENTICATE {PHONE} reason=4", (PHONE, 4, True)),
        (f"DISASSOCIATE {LAPTOP} reason=5", (LAPTOP, 5, False)),
        ("DISASSOCIATE ff:ff:ff:ff:ff:ff", (BROADCAST, 2, False)),
    ],
)
def test_stations_are_sent_away_also_those_that_only_think_they_are_here(
    ask: Ask, access_point: FakeAccessPoint, request_text: str, asked: tuple[object, ...]
) -> None:
    assert ask(request_text) == "OK\n"
    assert access_point.changed == [("send_away", *asked)]


# ---- the access point


def test_it_is_taken_down_and_brought_up(ask: Ask, access_point: FakeAccessPoint) -> None:
    assert ask("UPDATE_BEACON") == "OK\n"
    assert ask("DISABLE") == "OK\n"
    assert ask("DISABLE") == ask("STOP_AP") == ask("UPDATE_BEACON") == "FAIL\n"
    assert ask("STATUS").startswith("state=DISABLED\n")
    assert ask("WPS_PBC") == ask("WPS_CANCEL") == ask("WPS_PIN any 12345670") == "FAIL\n"
    assert ask("ENABLE") == ask("STOP_AP") == ask("ENABLE") == ask("RELOAD") == "OK\n"
    assert access_point.changed == [*[("enabled", is_enabled) for is_enabled in (False, True) * 2], ("reload",)]


def test_settings_are_the_access_points(ask: Ask, access_point: FakeAccessPoint) -> None:
    assert ask("SET device_name two words") == "OK\n"
    assert access_point.changed == [("set_variable", "device_name", "two words")]
    assert ask("GET device_name") == "two words"
    assert ask("GET version") == __version__
    assert ask("GET tls_library").startswith("OpenSSL ")


def test_the_log_level_is_read_and_set(ask: Ask) -> None:
    root = logging.getLogger()
    before = root.level
    try:
        assert ask("LOG_LEVEL INFO") == "OK\n"
        assert ask("LOG_LEVEL") == "Current level: INFO\nTimestamp: 1\n"
        assert ask("LOG_LEVEL debug 1") == "OK\n"
        assert (root.level, ask("LOG_LEVEL")) == (logging.DEBUG, "Current level: DEBUG\nTimestamp: 1\n")
    finally:
        root.setLevel(before)


def test_a_note_gets_into_the_log_on_one_line(ask: Ask, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        assert ask("NOTE the test begins") == ask("RELOG") == "OK\n"
    assert "note from a control client: 'the test begins'" in caplog.text


# ---- whatever is sent


def test_a_reply_on_an_interface_ends_with_a_whole_line_within_4096_octets(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wpsagent.control.hostapd_commands.format_config", lambda _: "0123456789\n" * 500)
    reply = commands.on("wlan0")("GET_CONFIG")
    assert len(reply) == MAX_REPLY // 11 * 11
    assert reply.endswith("9\n")
    assert len(commands("GET_CONFIG")) == 5500


def test_a_reason_is_of_a_length_that_can_be_read(commands: Commands) -> None:
    ask = commands.on("wlan0")
    assert ask("LOG_LEVEL " + "9" * 5000) == "FAIL\n"
    assert 400 < len(ask("WHY")) < 600
    assert ask("WHY").startswith("LOG_LEVEL: not a level: '999")


def test_a_reply_without_lines_is_cut_where_a_tool_stops_reading(
    commands: Commands, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wpsagent.control.hostapd_commands.format_config", lambda _: "é" * 5000)
    assert commands.on("wlan0")("GET_CONFIG") == "é" * (MAX_REPLY // 2)


def test_without_an_access_point_its_commands_are_refused(access_point: FakeAccessPoint) -> None:
    agent = AgentWithAccessPoint(access_point)
    commands = Commands(agent)
    access_point.interface = "wlan7"
    assert commands("IFNAME=wlan0 STA-FIRST") == "FAIL-NO-IFNAME-MATCH\n"
    assert commands("STA-FIRST") == ""


WORDS = (
    "any",
    "12345670",
    "60",
    "x",
    "OPEN",
    "NONE",
    "WPA2PSK",
    "CCMP",
    "61",
    "7a" * 40,
    "set",
    "get",
    "random",
    "get",
)
ODDITIES = (
    "\n",
    "\0",
    "\x1b[2J",
    "\x7f",
    "\r\nctrl_interface=/tmp",
    "é" * 40,
    "\ufffd",
    "-1",
    "9" * 4000,
    " ",
    "\t",
    "=",
)


def test_no_request_whatever_raises_or_lets_a_control_character_through(access_point: FakeAccessPoint) -> None:
    draw = random.Random("hostapd's dialect")
    ask = Commands(AgentWithAccessPoint(access_point)).on("wlan0")
    access_point.stations = [station()]
    level = logging.getLogger().level
    for _ in range(20_000):
        words = [draw.choice((*WORDS, *ODDITIES, str(PHONE), UUID_TEXT)) for _ in range(draw.randrange(6))]
        name = draw.choice(tuple(ACCESS_POINT))
        reply = ask(draw.choice((" ", "")).join([name + draw.choice((" ", "")), *words]))
        assert len(reply.encode()) <= MAX_REPLY
    logging.getLogger().setLevel(level)
    told = [part for change in access_point.changed for part in change if isinstance(part, str)]
    assert told
    assert all(part.isprintable() for part in told)


def test_every_command_has_a_line_of_help(ask: Ask) -> None:
    text = ask("HELP")
    assert len(text.encode()) <= MAX_REPLY
    assert {line.split()[0] for line in text.splitlines()} == set(ACCESS_POINT)
    assert {command.name for command in HOSTAPD_COMMANDS} <= set(ACCESS_POINT)
