# SPDX-License-Identifier: BSD-3-Clause
"""hostapd.conf as configuration: what each option sets, what is refused and why, what is named in a warning."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wpsagent.config import hostapd_file, loader
from wpsagent.config.files import read_octets
from wpsagent.config.hostapd_file import Source, parse
from wpsagent.config.hostapd_options import OPTIONS
from wpsagent.config.model import AccessPointSettings, CredentialProcessing, Security
from wpsagent.errors import ConfigError
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.enumerations import ConfigMethods, WpsState
from wpsagent.wsc.lock_out import SetupLockMode

OPEN = "interface=wlan0\nssid=home\nhw_mode=g\nchannel=1\n"
WPA2 = OPEN + "wpa=2\nwpa_passphrase=correct horse\n"
WPS = WPA2 + "eap_server=1\nwps_state=2\n"
LAST = {OPEN: 4, WPA2: 6, WPS: 8}


def network(text: str) -> AccessPointSettings:
    (found,) = parse(text).access_points
    return found


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text)
    return caught.value.problems


def warnings(text: str) -> tuple[str, ...]:
    return parse(text).warnings


def test_a_minimal_file_is_what_the_same_toml_is() -> None:
    toml = """
    [[access_point]]
    interface = "wlan0"
    ssid = "home"
    passphrase = "correct horse"
    channel = 1
    max_stations = 2007
    """
    (same,) = loader.parse(toml).access_points
    source = str(Path("hostapd.conf").absolute())
    assert network(WPS) == replace(same, source_file=source, control_directory="")


def test_without_wps_state_there_is_no_wps_and_without_wpa_no_protection() -> None:
    found = network(OPEN)
    assert (found.wps, found.security, found.passphrase, found.psk) == (False, Security.OPEN, None, None)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("interface=wlan7", "interface", "wlan7"),
        ("bridge=br-lan", "bridge", "br-lan"),
        ("ssid=a name # with = all ", "ssid", b"a name # with = all "),
        ("ssid=gr\u00fcn", "ssid", "gr\u00fcn".encode()),
        ('ssid2="quoted"', "ssid", b"quoted"),
        ("ssid2=00ff", "ssid", b"\x00\xff"),
        (r'ssid2=P"a\tb"', "ssid", b"a\tb"),
        ("country_code=DE", "country", "DE"),
        ("beacon_int=200", "beacon_interval_tu", 200),
        ("dtim_period=1", "dtim_period", 1),
        ("max_num_sta=5", "max_stations", 5),
        ("ap_max_inactivity=60", "inactivity_s", 60.0),
        ("wpa_group_rekey=0", "group_rekey_s", 0.0),
        ("wps_independent=1", "button_group", "wlan0"),
        ("wps_state=1", "wps_state", WpsState.NOT_CONFIGURED),
        ("wps_state=0", "wps", False),
        ("ap_setup_locked=0", "setup_locked", SetupLockMode.OPEN),
        ("ap_setup_locked=1", "setup_locked", SetupLockMode.LOCKED),
        ("ap_setup_locked=2", "setup_locked", SetupLockMode.CHANGE_LOCKED),
        ("ap_pin_lockout_time=120", "lock_out_s", 120.0),
        ("ap_pin=12345670", "ap_pin", b"12345670"),
        ("wps_pin_requests=/run/pins", "pin_requests", "/run/pins"),
        ("wpa_psk_file=/nowhere/psk", "psk_file", "/nowhere/psk"),
        ("wps_cred_processing=1", "cred_processing", CredentialProcessing.EXTERNAL),
        ("wps_cred_processing=2", "cred_processing", CredentialProcessing.BOTH),
        ("wps_cred_add_sae=1", "add_sae", True),
        ("ctrl_interface=/run/hostapd", "control_directory", "/run/hostapd"),
        ("ctrl_interface=DIR=/run/hostapd GROUP=netdev", "control_group", "netdev"),
        ("ctrl_interface_group=0", "control_group", "0"),
        ("ignore_broadcast_ssid=1", "hidden", True),
        (f"wpa_psk={'0a' * 32}", "psk", b"\x0a" * 32),
        (f"wpa_psk={'0a' * 32}", "passphrase", None),
    ],
)
def test_an_option_sets(line: str, name: str, value: Any) -> None:
    assert getattr(network(f"{WPS}{line}\n"), name) == value


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("device_name=Wireless AP", "name", "Wireless AP"),
        ("manufacturer=Company", "manufacturer", "Company"),
        ("model_name=WAP", "model_name", "WAP"),
        ("model_number=123", "model_number", "123"),
        ("serial_number=12345", "serial_number", "12345"),
        ("device_type=6-0050F204-1", "primary_device_type", PrimaryDeviceType(6, 1)),
        ("os_version=01020300", "os_version", 0x01020300),
        ("uuid=87654321-9abc-def0-1234-56789abc0000", "uuid", bytes.fromhex("876543219abcdef0123456789abc0000")),
        ("config_methods=label display push_button keypad", "config_methods", ConfigMethods(0x238C)),
    ],
)
def test_an_option_describes_the_device(line: str, name: str, value: Any) -> None:
    assert getattr(parse(f"{WPS}{line}\n").device, name) == value


@pytest.mark.parametrize(
    "line",
    [
        "driver=nl80211",
        "utf8_ssid=1",
        "ieee80211d=1",
        "ieee80211n=1",
        "ieee80211ac=0",
        "ieee80211ax=0",
        "ieee80211h=0",
        "wmm_enabled=1",
        "wmm_ac_vo_cwmin=2",
        "rts_threshold=-1",
        "macaddr_acl=0",
        "ap_isolate=0",
        "wpa_key_mgmt=WPA-PSK",
        "rsn_pairwise=CCMP",
        "wpa_pairwise=CCMP",
        "auth_algs=1",
        "auth_algs=3",
        "ieee80211w=0",
        "ieee8021x=0",
        "pbc_in_m1=0",
        "wps_rf_bands=ag",
        "logger_syslog=-1",
        "logger_syslog_level=2",
        "logger_stdout=-1",
        "eapol_version=2",
        "own_ip_addr=127.0.0.1",
        "# ssid=not said",
        "",
    ],
)
def test_what_asks_for_nothing_else_changes_nothing_and_is_not_mentioned(line: str) -> None:
    configuration = parse(f"{WPS}{line}\n")
    assert (configuration.access_points, configuration.warnings) == (parse(WPS).access_points, ())


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("foo=bar", "foo: not understood, and ignored"),
        ("ht_capab=[HT40+]", "ht_capab: not understood, and ignored"),
        ("wps_nfc_dev_pw=00", "wps_nfc_dev_pw: not understood, and ignored"),
        ("ieee80211n=0", "ieee80211n: 802.11n is offered where"),
        ("ieee80211ac=1", "ieee80211ac: not offered"),
        ("ieee80211ax=1", "ieee80211ax: not offered"),
        ("ieee80211h=1", "ieee80211h: radar detection is not supported"),
        ("wmm_ac_vo_cwmin=3", "wmm_ac_vo_cwmin: stays 2"),
        ("rts_threshold=500", "rts_threshold: stays as the radio has it"),
        ("wmm_enabled=0", "wmm_enabled: 802.11n needs WMM"),
        ("wpa=3", "wpa: WPA is broken and not offered"),
        ("wpa_key_mgmt=WPA-PSK SAE", "wpa_key_mgmt: only WPA-PSK is offered, not SAE"),
        ("rsn_pairwise=CCMP TKIP", "rsn_pairwise: only CCMP is offered, not TKIP"),
        ("pbc_in_m1=1", "pbc_in_m1: a workaround for Windows 7"),
        ("upnp_iface=br0", "upnp_iface: registrars on the local network"),
        ("friendly_name=AP", "friendly_name: registrars on the local network"),
        ("channel=0", "channel: a channel is not chosen automatically: 6 is used"),
        ("channel=acs_survey", "channel: a channel is not chosen automatically: 6 is used"),
    ],
)
def test_a_warning_names_the_line_and_what_becomes_of_it(line: str, told: str) -> None:
    (warning,) = warnings(f"{WPS}{line}\n")
    assert warning.startswith(f"hostapd.conf: line {LAST[WPS] + 1}: {told}")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("wep_key0=1234567890", "wep_key0: found a secret, expected the line to be removed: WEP is broken"),
        ("wep_default_key=0", "wep_default_key: found"),
        ("wpa=1", "wpa: found 1, expected 2: WPA with TKIP is broken"),
        ("wpa=4", "wpa: found"),
        ("rsn_pairwise=TKIP", "rsn_pairwise: found TKIP, expected CCMP: TKIP is broken and WPS forbids it"),
        ("wpa_pairwise=TKIP", "wpa_pairwise: found TKIP, expected CCMP"),
        ("rsn_pairwise=GCMP", "rsn_pairwise: found GCMP, expected CCMP"),
        ("rsn_pairwise=ROT13", "rsn_pairwise: found"),
        ("wpa_key_mgmt=SAE", "wpa_key_mgmt: found SAE, expected WPA-PSK"),
        ("wpa_key_mgmt=WPA-EAP", "wpa_key_mgmt: found WPA-EAP, expected WPA-PSK"),
        ("wpa_key_mgmt=", "wpa_key_mgmt: found"),
        ("auth_algs=2", "auth_algs: found"),
        ("ieee80211w=2", "ieee80211w: found"),
        ("ieee8021x=1", "ieee8021x: found"),
        ("macaddr_acl=1", "macaddr_acl: found"),
        ("ap_isolate=1", "ap_isolate: found"),
        ("wpa_passphrase=short", "wpa_passphrase: found a secret, expected 8 to 63 printable"),
        ("wpa_psk=12", "wpa_psk: found a secret, expected 64 hexadecimal digits"),
        ("ap_pin=12345678", "ap_pin: found a secret, expected a PIN of 8 digits whose last one is right"),
        ("driver=hostap", "driver: found"),
        ("driver=none", "driver: found"),
        ("hw_mode=ad", "hw_mode: found"),
        ("hw_mode=any", "hw_mode: found"),
        ("channel=36", "channel: found 36 with hw_mode=g: "),
        ("channel=one", "channel: found"),
        ("ssid=", "ssid: found"),
        (f"ssid={'x' * 33}", "ssid: found"),
        ('ssid2="open', "ssid2: found"),
        ("ssid2=", "ssid2: found"),
        ("interface=a/b", "interface: found"),
        ("country_code=d", "country_code: found"),
        ("beacon_int=1", "beacon_int: found"),
        ("dtim_period=0x10", "dtim_period: found"),
        ("max_num_sta=99999999999999", "max_num_sta: found"),
        ("ctrl_interface=udp", "ctrl_interface: found"),
        ("ctrl_interface=DIR=", "ctrl_interface: found"),
        (f"ctrl_interface=/{'x' * 91}", "ctrl_interface: found"),
        ("eap_server=0", None),
        ("wps_state=3", "wps_state: found"),
        ("uuid=1", "uuid: found"),
        (f"device_name={'x' * 33}", "device_name: found"),
        ("device_type=router", "device_type: found"),
        ("config_methods=telepathy", "config_methods: found"),
        ("os_version=1", "os_version: found"),
        ("extra_cred=/nowhere/at/all", "extra_cred: /nowhere/at/all cannot be read"),
        ("skip_cred_build=1", "skip_cred_build: found true, expected with"),
        ("force_per_enrollee_psk=1", "force_per_enrollee_psk: found true, expected with"),
        ("just words", "expected name=value"),
        (" ssid=indented", "expected name=value"),
        ("ssid =spaced", "expected name=value"),
        ("device_name=a\rb", "device_name: control characters cannot be in a value"),
        ("device_name=Windows\r", "device_name: the line ends as on Windows"),
        ("device_name=\x00", "device_name: control characters"),
    ],
)
def test_what_is_refused_names_the_line_and_the_reason(line: str, told: str | None) -> None:
    found = problems(f"{WPS}{line}\n")
    if told is None:
        assert "found without eap_server=1" in found[0]
    else:
        assert any(problem.startswith(f"hostapd.conf: line {LAST[WPS] + 1}: {told}") for problem in found), found
    assert "correct horse" not in str(found)


def test_wps_without_an_eap_server_is_refused_and_a_hidden_network_has_none() -> None:
    (problem,) = problems(f"{WPA2}wps_state=2\n")
    assert problem.startswith("hostapd.conf: line 7: wps_state: found without eap_server=1")
    configuration = parse(f"{WPS}ignore_broadcast_ssid=1\n")
    assert (configuration.access_points[0].wps, configuration.access_points[0].hidden) == (False, True)
    assert "line 8: wps_state: WPS is off: the network is hidden" in configuration.warnings[0]


def test_a_key_on_an_open_network_is_refused_and_a_file_of_keys_ignored() -> None:
    (problem,) = problems(f"{OPEN}wpa_passphrase=correct horse\n")
    assert "found without wpa=2: the network would be open" in problem
    configuration = parse(f"{OPEN}wpa_psk_file=/nowhere/psk\n")
    assert configuration.access_points[0].psk_file is None
    assert configuration.warnings[0].endswith("wpa_psk_file: the network is open: ignored")
    unconfigured = f"{OPEN}wpa_psk_file=/nowhere/psk\neap_server=1\nwps_state=1\n"
    assert network(unconfigured).psk_file == "/nowhere/psk"


def test_wpa2_needs_a_key_for_every_device() -> None:
    assert "line 5: wpa: found 2 without a key" in problems(f"{OPEN}wpa=2\n")[0]
    assert "line 6: wpa_psk_file: found without wpa_passphrase" in problems(f"{OPEN}wpa=2\nwpa_psk_file=/x\n")[0]


def test_the_last_line_of_an_option_counts_and_of_both_keys() -> None:
    assert network(f"{WPS}ssid=other\nssid=last\n").ssid == b"last"
    found = network(f"{OPEN}wpa=2\nwpa_psk={'0a' * 32}\nwpa_passphrase=correct horse\n")
    assert (found.passphrase, found.psk) == (b"correct horse", None)


def test_what_every_network_needs() -> None:
    assert [problem.split(": ", 2)[2] for problem in problems("hw_mode=g\nchannel=1\n")] == [
        "interface: missing, expected the interface that carries the network: interface=wlan0",
        "ssid: missing, expected the name of the network: ssid=…",
    ]


def test_channels_of_both_bands() -> None:
    found = network("interface=wlan0\nssid=x\nhw_mode=a\nchannel=44\n")
    assert (found.channel, found.frequency_mhz) == (44, 5220)
    assert network("interface=wlan0\nssid=x\nhw_mode=a\n").channel == 36
    assert network("interface=wlan0\nssid=x\nchannel=14\n").frequency_mhz == 2484

    assert "line 4: channel: found 1 with hw_mode=a: the 5 GHz band has no" in problems(f"{WPS}hw_mode=a\n")[0]


def test_every_problem_is_told_at_once() -> None:
    assert len(problems("interface=wlan0\nfoo\nwep_key0=1\nhw_mode=x\nssid=x\n")) == 3


def test_several_networks_on_one_radio() -> None:
    text = f"{WPS}country_code=DE\nbss=wlan0_1\nssid=second\nbss=wlan0_2\nssid=third\nctrl_interface=/run/third\n"
    first, second, third = parse(text).access_points
    assert (first.interface, first.create_on, first.wps) == ("wlan0", None, True)
    assert (second.interface, second.create_on, second.wps, second.security) == (
        "wlan0_1",
        "wlan0",
        False,
        Security.OPEN,
    )
    assert (third.channel, third.country, third.control_directory) == (1, "DE", "/run/third")


def test_networks_need_interfaces_of_their_own() -> None:
    (problem,) = problems(f"{WPS}bss=wlan0\nssid=second\n")
    assert problem == 'hostapd.conf: line 9: interface: found "wlan0", which another network has already'


def test_one_registrar_has_one_pin_and_one_device() -> None:
    other = "bss=wlan0_1\nssid=second\nwpa=2\nwpa_passphrase=correct horse\neap_server=1\nwps_state=2\n"
    found = problems(f"{WPS}ap_pin=12345670\n{other}ap_pin=12349876\n")
    assert found[0].startswith("hostapd.conf: line 16: ap_pin: differs from hostapd.conf: line 9: ap_pin")
    configuration = parse(f"{WPS}device_name=one\n{other}device_name=two\n")
    assert configuration.device.name == "one"
    assert configuration.warnings == (
        "hostapd.conf: line 16: device_name: differs from another network's, which holds for all: ignored",
    )


def test_the_log_level_is_that_of_standard_output() -> None:
    levels = [parse(f"{WPS}logger_stdout_level={level}\n").agent.log_level for level in range(5)]
    assert levels == ["debug", "debug", "info", "info", "warning"]
    assert parse(WPS).agent.log_level == "info"


def test_files_together_and_what_the_command_line_says_of_them(tmp_path: Path) -> None:
    one, two = tmp_path / "one.conf", tmp_path / "two.conf"
    one.write_text(WPS)
    two.write_text(WPS.replace("wlan0", "wlan1"))
    for path in (one, two):
        path.chmod(0o600)
    configuration = hostapd_file.load(one, Source(two, interface="ap1", create_on="phy1"))
    assert [(ap.interface, ap.create_on, ap.source_file) for ap in configuration.access_points] == [
        ("wlan0", None, str(one)),
        ("ap1", "phy1", str(two)),
    ]
    assert (configuration.warnings, configuration.agent.control_socket) == ((), "")
    with pytest.raises(ConfigError, match="which another network has already"):
        hostapd_file.load(one, one)


def test_a_file_that_others_may_read_is_warned_of_when_it_holds_a_secret(tmp_path: Path) -> None:
    path = tmp_path / "hostapd.conf"
    path.write_text(WPS)
    path.chmod(0o644)
    assert hostapd_file.load(path).warnings == (
        f"{path}: everyone on this device can read the secrets in it; chmod 600 it",
    )
    path.write_text(OPEN)
    assert hostapd_file.load(path).warnings == ()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        hostapd_file.load(tmp_path / "missing")
    with pytest.raises(ConfigError, match="cannot be read"):
        read_octets(Path("nul\0"))
    large = tmp_path / "large"
    large.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="this is no configuration"):
        hostapd_file.load(large)


def test_secrets_are_in_no_repr() -> None:
    text = f"{WPS}ap_pin=12345670\n"
    assert "correct horse" not in repr(parse(text))
    assert "12345670" not in repr(parse(text))


def test_octets_that_are_no_utf_8_are_a_name_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "hostapd.conf"
    path.write_bytes(WPS.replace("home", "\xff\xfe").encode("latin-1"))
    path.chmod(0o600)
    (found,) = hostapd_file.load(path).access_points
    assert found.ssid == b"\xff\xfe"


def test_the_table_names_only_what_there_is() -> None:
    assert all(option.name == name for name, option in OPTIONS.items())
    sets = {option.sets for option in OPTIONS.values() if option.sets and not option.sets.startswith("device.")}
    assert sets <= set(AccessPointSettings.__dataclass_fields__)
