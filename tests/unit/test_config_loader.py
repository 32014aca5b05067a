# SPDX-License-Identifier: BSD-3-Clause
"""The configuration: what a file means, and every way in which it can be wrong."""

import tomllib
from pathlib import Path

import pytest

from wpsagent.config import (
    AccessPointSettings,
    ButtonAction,
    Configuration,
    EapolTransport,
    MqttSettings,
    Security,
    TlsSettings,
    describe,
    load,
    parse,
)
from wpsagent.config.table import REQUIRED, SECTIONS, Key, Section
from wpsagent.errors import ConfigError
from wpsagent.octets import Ssid
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.enumerations import ConfigMethods, RfBands

ACCESS_POINT = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "12345678"\n'


def problems_of(text: str, path: Path | str = "x.toml") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, path)
    return [problem.removeprefix(f"{path}: ") for problem in caught.value.problems]


def access_point(text: str) -> AccessPointSettings:
    return parse('[[access_point]]\ninterface = "wlan0"\n' + text).access_points[0]


def access_point_problems(text: str) -> list[str]:
    return problems_of('[[access_point]]\ninterface = "wlan0"\n' + text)


def test_the_smallest_file_gets_every_default() -> None:
    configuration = parse(ACCESS_POINT, host_name="hall")
    assert configuration.agent.node == "hall"
    assert configuration.agent.control_socket == "/run/wps-agent/control"
    assert configuration.agent.control_group is None
    assert configuration.agent.log_level == "info"
    assert configuration.agent.success_display_s == 300.0
    assert configuration.agent.error_display_s == 120.0
    assert configuration.access_points == (
        AccessPointSettings(
            interface="wlan0",
            create_on=None,
            ssid=Ssid(b"home"),
            security=Security.WPA2,
            passphrase=b"12345678",
            psk=None,
            frequency_mhz=2437,
            channel=6,
            country=None,
            bridge=None,
            hidden=False,
            wps=True,
            button_group="main",
            max_stations=32,
            inactivity_s=300.0,
            group_rekey_s=86400.0,
            beacon_interval_tu=100,
            dtim_period=2,
            eapol=EapolTransport.AUTO,
        ),
    )
    assert (configuration.buttons, configuration.leds, configuration.mqtt) == ((), (), None)
    assert configuration.warnings == ()


def test_the_device_describes_itself() -> None:
    device = parse(
        '[device]\nname = "Hall"\nmanufacturer = "M"\nmodel_name = "N"\nmodel_number = "2"\nserial_number = "3"\n'
        'type = "6-0050f204-2"\nuuid = "2B7093F1-d6fb-5108-adbb-bea66bb87333"\nconfig_methods = "label push_button"\n'
        + ACCESS_POINT
    ).device
    assert device.primary_device_type == PrimaryDeviceType(6, 2)
    assert device.uuid == bytes.fromhex("2b7093f1d6fb5108adbbbea66bb87333")
    assert device.config_methods == ConfigMethods.LABEL | ConfigMethods.VIRTUAL_PUSH_BUTTON
    description = device.description(RfBands.BAND_2_4_GHZ)
    assert description.device_name == "Hall"
    assert description.manufacturer == "M"
    assert description.model_name == "N"
    assert description.model_number == "2"
    assert description.serial_number == "3"
    assert description.config_methods == device.config_methods
    assert description.rf_bands == RfBands.BAND_2_4_GHZ


def test_the_default_device_has_a_button_and_a_keypad() -> None:
    device = parse(ACCESS_POINT).device
    assert device.uuid is None
    assert str(device.primary_device_type) == "6-0050F204-1"
    assert device.config_methods == 0x0780


@pytest.mark.parametrize(
    ("names", "methods"),
    [
        ('["display"]', 0x2008),
        ('["physical_display"]', 0x4008),
        ('["push_button"]', 0x0280),
        ('["physical_push_button"]', 0x0480),
        ('"label display push_button keypad"', 0x238C),
        ("[]", 0),
        ('["ethernet", "ext_nfc_token", "int_nfc_token", "nfc_interface", "p2ps"]', 0x1072),
        ('["virtual_display", "virtual_push_button"]', 0x2288),
    ],
)
def test_config_methods_are_normalized_for_version_2(names: str, methods: int) -> None:
    assert parse(f"[device]\nconfig_methods = {names}\n{ACCESS_POINT}").device.config_methods == methods


@pytest.mark.parametrize(
    ("line", "frequency", "channel"),
    [
        ("channel = 1", 2412, 1),
        ("channel = 14", 2484, 14),
        ("channel = 36", 5180, 36),
        ("channel = 165", 5825, 165),
        ("channel = 177", 5885, 177),
        ("frequency_mhz = 2472", 2472, 13),
        ("frequency_mhz = 5500", 5500, 100),
    ],
)
def test_channel_and_frequency_agree_whichever_is_given(line: str, frequency: int, channel: int) -> None:
    network = access_point(f'ssid = "a"\nsecurity = "open"\n{line}')
    assert (network.frequency_mhz, network.channel) == (frequency, channel)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("channel = 15", "access_point[0].channel: found 15, expected a 20 MHz channel of 5 GHz: 36, 40 … 64"),
        ("channel = 38", "access_point[0].channel: found 38, expected a 20 MHz channel of 5 GHz"),
        ("channel = 0", "access_point[0].channel: found 0, expected a whole number from 1 to 177"),
        ("frequency_mhz = 2413", "access_point[0].frequency_mhz: found 2413, expected the centre of a 2.4 or 5 GHz"),
        ("frequency_mhz = 5955", "access_point[0].frequency_mhz: found 5955, expected a channel of 2.4 or 5 GHz: WPS"),
        ("channel = 1\nfrequency_mhz = 2412", "access_point[0].frequency_mhz: found beside channel, expected only one"),
        ("hidden = true", "access_point[0].hidden: found true, expected false while wps is true: WPS forbids hidden"),
        ('create_on = "wlan0"', "access_point[0].create_on: found the same name as interface"),
        ('security = "WEP"', 'access_point[0].security: found "WEP", expected "wpa2" or "open" (WEP is broken, and'),
        ('security = "tkip"', "access_point[0].security: found"),
        ('security = "sae"', "access_point[0].security: found"),
        ('security = "what"', 'access_point[0].security: found "what", expected "wpa2" or "open"'),
        ("security = 5", 'access_point[0].security: found 5, expected "wpa2" or "open"'),
        ('security = "open"', 'access_point[0].passphrase: found on an open network, expected security = "wpa2"'),
        ('psk = "' + "ab" * 32 + '"', "access_point[0].psk: found beside passphrase, expected only one of passphrase"),
        ('psk = "ab"', "access_point[0].psk: found a text of 2 characters, expected 64 hexadecimal digits"),
        ('psk = "' + "zz" * 32 + '"', "access_point[0].psk: found a text of 64 characters, expected 64 hexadecimal"),
        ('ssid_hex = "00"', "access_point[0].ssid_hex: found beside ssid, expected only one of ssid, ssid_hex"),
        ('country = "de"', 'access_point[0].country: found "de", expected a country as two capital letters'),
        ("wps = 1", "access_point[0].wps: found 1, expected true or false"),
        (
            "beacon_interval_tu = true",
            "access_point[0].beacon_interval_tu: found true, expected a whole number from 15",
        ),
        ("dtim_period = 1.5", "access_point[0].dtim_period: found 1.5, expected a whole number from 1 to 255"),
        ('inactivity_s = "1"', 'access_point[0].inactivity_s: found "1", expected seconds from 10 to 86400'),
        ("group_rekey_s = true", "access_point[0].group_rekey_s: found true, expected seconds from 0 to 604800"),
        ("bridge = []", "access_point[0].bridge: found a list, expected an interface name of 1 to 15 characters"),
        ("button_group = {}", "access_point[0].button_group: found a table, expected a text of 1 to 32 octets"),
        ("country = 2026-01-01", "access_point[0].country: found a date, expected a country"),
        ('chanel = "6"', "access_point[0].chanel: unknown, did you mean channel?"),
        ("zzz = 1", "access_point[0].zzz: unknown, expected one of interface, create_on, ssid"),
        ('eapol = "udp"', 'access_point[0].eapol: found "udp", expected "auto" or "packet"'),
        ('bridge = "a\\u0007b"', "access_point[0].bridge: found 'a\\x07b', expected an interface name"),
        ('bridge = "' + "x" * 60 + '"', 'access_point[0].bridge: found "' + "x" * 40 + '…", expected an interface'),
    ],
)
def test_a_wrong_key_is_named_with_what_was_found_and_what_is_expected(line: str, problem: str) -> None:
    problems = access_point_problems(f'ssid = "a"\npassphrase = "12345678"\n{line}')
    assert len([p for p in problems if p.startswith(problem)]) == 1, problems


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("name = 5", "device.name: found 5, expected a text of 1 to 32 octets without control characters"),
        (
            'name = "a\\u0000"',
            "device.name: found 'a\\x00', expected a text of 1 to 32 octets without control characters",
        ),
        ('name = "' + "ü" * 17 + '"', 'device.name: found "' + "ü" * 17 + '", expected a text of 1 to 32 octets'),
        ('type = "6-1"', 'device.type: found "6-1", expected a device type such as "6-0050F204-1"'),
        ("type = 6", 'device.type: found 6, expected a device type such as "6-0050F204-1"'),
        ('uuid = "1"', 'device.uuid: found "1", expected a UUID such as'),
        ("uuid = 1", "device.uuid: found 1, expected a UUID such as"),
        ('config_methods = ["usba"]', "device.config_methods: found a list, expected a list of ethernet, label"),
        ("config_methods = 5", "device.config_methods: found 5, expected a list of ethernet, label"),
    ],
)
def test_a_wrong_key_of_the_device_is_named(line: str, problem: str) -> None:
    problems = problems_of(f"[device]\n{line}\n{ACCESS_POINT}")
    assert len(problems) == 1
    assert problems[0].startswith(problem)


@pytest.mark.parametrize("name", ['""', '"a b"', '"a/b"', '"a:b"', '".."', '"sixteen_octets_x"', "7"])
def test_an_interface_has_a_name_that_linux_takes(name: str) -> None:
    problems = problems_of(f'[[access_point]]\ninterface = {name}\nssid = "a"\nsecurity = "open"')
    assert len(problems) == 1
    assert problems[0].startswith("access_point[0].interface: found ")


@pytest.mark.parametrize("passphrase", ["1234567", "x" * 64, "Füßefüße", "with\\nnewline"])
def test_a_passphrase_has_8_to_63_printable_ascii_characters_and_is_not_quoted(passphrase: str) -> None:
    problems = access_point_problems(f'ssid = "a"\npassphrase = "{passphrase}"')
    assert len(problems) == 1
    assert problems[0].endswith("expected 8 to 63 printable ASCII characters")
    assert passphrase not in problems[0]


def test_a_secret_that_is_no_text_is_not_quoted_either() -> None:
    assert access_point_problems('ssid = "a"\npassphrase = 12345678') == [
        "access_point[0].passphrase: found a number, expected 8 to 63 printable ASCII characters"
    ]


@pytest.mark.parametrize("value", ['""', '"' + "x" * 33 + '"', '"' + "ü" * 17 + '"', "7"])
def test_an_ssid_has_1_to_32_octets(value: str) -> None:
    problems = access_point_problems(f'security = "open"\nssid = {value}')
    assert len(problems) == 1
    assert problems[0].startswith("access_point[0].ssid: found ")
    assert problems[0].endswith(", expected a text of 1 to 32 octets")


@pytest.mark.parametrize("value", ['""', '"0"', '"zz"', '"' + "00" * 33 + '"', "7"])
def test_an_ssid_in_hexadecimal_has_1_to_32_octets(value: str) -> None:
    problems = access_point_problems(f'security = "open"\nssid_hex = {value}')
    assert len(problems) == 1
    assert problems[0].endswith(", expected 2 to 64 hexadecimal digits, two an octet")


def test_an_ssid_may_be_any_octets_and_a_secret_a_psk() -> None:
    network = access_point(f'ssid_hex = "00ff"\npsk = "{"AB" * 32}"')
    assert network.ssid == Ssid(b"\x00\xff")
    assert network.psk == b"\xab" * 32
    assert network.passphrase is None


def test_an_open_network_has_no_secret() -> None:
    network = access_point('ssid = "a"\nsecurity = "open"')
    assert (network.security, network.passphrase, network.psk) == (Security.OPEN, None, None)


def test_wpa2_without_a_secret_says_which_keys_there_are() -> None:
    assert access_point_problems('ssid = "a"') == [
        "access_point[0].passphrase: missing, expected one of passphrase, passphrase_file, psk"
    ]


def test_a_hidden_network_without_wps_is_allowed() -> None:
    assert access_point('ssid = "a"\nsecurity = "open"\nhidden = true\nwps = false').hidden


def test_all_problems_are_reported_at_once() -> None:
    problems = problems_of('[agent]\nnod = 1\n[[access_point]]\nssid = ""\npassphrase = "a"\n[mqtt]\nport = 0\n')
    assert problems == [
        "agent.nod: unknown, did you mean node?",
        "access_point[0].interface: missing, expected an interface name of 1 to 15 characters without space,"
        " '/' and ':'",
        'access_point[0].ssid: found "", expected a text of 1 to 32 octets',
        "access_point[0].passphrase: found a text of 1 characters, expected 8 to 63 printable ASCII characters",
        "mqtt.host: missing, expected a text of 1 to 253 octets without control characters",
        "mqtt.port: found 0, expected a whole number from 1 to 65535",
    ]


def test_every_line_of_the_error_names_the_file() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("a = 1", "/etc/wps-agent.toml")
    assert str(caught.value).splitlines()[0] == (
        "/etc/wps-agent.toml: a: unknown, expected one of"
        " agent, device, access_point, hostapd, station, board, button, led, mqtt"
    )


def test_a_file_without_an_access_point_is_refused() -> None:
    assert problems_of("") == [
        "access_point: missing, expected at least one table headed [[access_point]], [[hostapd]] or [[station]]"
    ]


@pytest.mark.parametrize("text", ["access_point = 1", "[access_point]\n", "access_point = [1]"])
def test_a_section_that_repeats_is_written_with_double_brackets(text: str) -> None:
    problems = problems_of(text)
    assert len(problems) == 1
    assert problems[0].endswith("expected tables headed [[access_point]]")


def test_a_section_that_is_no_table_is_refused() -> None:
    assert problems_of(f"agent = 5\n{ACCESS_POINT}") == ["agent: found 5, expected a table headed [agent]"]
    assert problems_of(f"{ACCESS_POINT}[mqtt]\nhost = 'h'\ntls = true") == [
        "mqtt.tls: found true, expected a table headed [mqtt.tls]"
    ]


def test_two_networks_need_two_interfaces() -> None:
    assert problems_of(ACCESS_POINT + ACCESS_POINT) == [
        'access_point[1].interface: found "wlan0", which access_point[0] has already'
    ]


# ---- buttons and LEDs


def test_a_button_with_everything() -> None:
    button = parse(
        ACCESS_POINT
        + '[[button]]\nbackend = "gpiozero"\npin = 17\nactive_low = false\npull = "down"\ndebounce_ms = 5\n'
        'long_press_s = 5\nshort_press = "none"\nlong_press = "pbc"\ngroups = ["main"]\n'
    ).buttons[0]
    assert (button.pin, button.active_low, button.pull, button.debounce_ms) == ("17", False, "down", 5)
    assert (button.long_press_s, button.short_press, button.long_press) == (5.0, ButtonAction.NONE, ButtonAction.PBC)
    assert (button.groups, button.device, button.name) == (("main",), None, None)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('backend = "gpiozero"', 'button[0].pin: missing, expected with backend = "gpiozero"'),
        ('backend = "evdev"\npin = 17', 'button[0].pin: found with backend = "evdev", expected with "gpiozero" only'),
        ('backend = "uevent"\ndevice = "/dev/x"', 'button[0].device: found with backend = "uevent", expected with'),
        ('backend = "gpio"', 'button[0].backend: found "gpio", expected "gpiozero" or "evdev" or "uevent" or'),
        ("", 'button[0].backend: missing, expected "gpiozero" or "evdev" or "uevent" or "simulated"'),
        ('backend = "evdev"\nlong_press_s = 10', "button[0].long_press_s: found 10, expected seconds from 0.5 to 9.9:"),
        (
            'backend = "evdev"\ngroups = ["x"]',
            'button[0].groups: found "x", expected a button_group of an access point',
        ),
        ('backend = "evdev"\ngroups = ["quiet"]', 'button[0].groups: found "quiet", expected a group with wps = true'),
        ('backend = "evdev"\ngroups = []', "button[0].groups: found a list, expected a list of names such as"),
        ('backend = "evdev"\ngroups = ["main", "main"]', "button[0].groups: found a list, expected a list that names"),
        ('backend = "gpiozero"\npin = true', "button[0].pin: found true, expected a pin, as a number or a name"),
        ('backend = "gpiozero"\npin = "a b"', 'button[0].pin: found "a b", expected a pin, as a number or a name'),
        ('backend = "evdev"\nshort_press = "reset"', 'button[0].short_press: found "reset", expected "pbc" or'),
    ],
)
def test_a_wrong_button_is_named(lines: str, problem: str) -> None:
    quiet = (
        '[[access_point]]\ninterface = "wlan1"\nssid = "q"\nsecurity = "open"\nwps = false\nbutton_group = "quiet"\n'
    )
    problems = problems_of(f"{ACCESS_POINT}{quiet}[[button]]\n{lines}\n")
    assert len(problems) == 1
    assert problems[0].startswith(problem)


def test_one_pin_is_one_thing() -> None:
    text = ACCESS_POINT + '[[button]]\nbackend = "gpiozero"\npin = 17\n[[led]]\nbackend = "gpiozero"\npin = "GPIO17"\n'
    assert problems_of(text) == ['led[0].pin: found "GPIO17", which button[0] has already']


def test_one_led_of_the_kernel_is_one_thing_and_two_unnamed_ones_are_left_to_the_board() -> None:
    led = '[[led]]\nbackend = "led_class"\n'
    assert problems_of(f'{ACCESS_POINT}{led}name = "a:wps"\n{led}name = "a:wps"\n') == [
        'led[1].name: found "a:wps", which led[0] has already'
    ]
    assert len(parse(ACCESS_POINT + led + led).leds) == 2


def test_patterns_belong_to_their_led() -> None:
    text = ACCESS_POINT + (
        '[[led]]\nbackend = "led_class"\nname = "a"\n[led.patterns]\nsuccess = [[1000, 0]]\nerror = [[1, 2], [3, 4]]\n'
        '[[led]]\nbackend = "simulated"\npin = 4\nactive_high = false\n'
    )
    first, second = parse(text).leds
    assert first.patterns == (("error", ((1, 2), (3, 4))), ("success", ((1000, 0),)))
    assert (second.patterns, second.active_high, second.pin) == ((), False, "4")


@pytest.mark.parametrize("value", ["[]", "[[0, 0]]", "[[1]]", "[[1, 2, 3]]", "[[1, 60001]]", "[1]", "5", "[[true, 1]]"])
def test_a_figure_is_a_list_of_steps(value: str) -> None:
    problems = problems_of(f'{ACCESS_POINT}[[led]]\nbackend = "simulated"\n[led.patterns]\nidle = {value}\n')
    assert len(problems) == 1
    assert problems[0].startswith("led[0].patterns.idle: found ")
    assert "expected a list of 1 to 16 steps" in problems[0]


# ---- MQTT


def mqtt(lines: str, path: Path | str = "x.toml") -> MqttSettings:
    settings = parse(f'{ACCESS_POINT}[mqtt]\nhost = "broker"\n{lines}', path, host_name="box").mqtt
    assert settings is not None
    return settings


def test_mqtt_needs_a_host_only() -> None:
    assert mqtt("") == MqttSettings(
        host="broker",
        port=1883,
        username=None,
        password=None,
        tls=None,
        base_topic="wps-agent",
        node="box",
        keepalive_s=60,
        queue_size=100,
    )


def test_mqtt_tls_changes_the_port_and_its_files_lie_beside_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    settings = mqtt('[mqtt.tls]\nca_file = "ca.pem"\n', tmp_path / "x.toml")
    assert settings.port == 8883
    assert settings.tls == TlsSettings(str(tmp_path / "ca.pem"), None, None, insecure=False)


def test_an_own_port_and_node_win() -> None:
    settings = mqtt('port = 1\nnode = "hall"\n[mqtt.tls]\n')
    assert (settings.port, settings.node) == (1, "hall")


def test_insecure_tls_is_a_warning() -> None:
    text = f'{ACCESS_POINT}[mqtt]\nhost = "b"\n[mqtt.tls]\ninsecure = true\n'
    assert parse(text).warnings == ("mqtt.tls.insecure: anyone on the way can pretend to be the broker",)


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('password = "p"', "mqtt.username: missing, expected with a password (MQTT 3.1.1, 3.1.2.9)"),
        (
            'username = "u"\npassword = "p"\npassword_file = "p"',
            "mqtt.password_file: found beside password, expected only one of them",
        ),
        ('username = "u"\npassword = "a\\nb"', "mqtt.password: found a text of 3 characters, expected a password of"),
        ('base_topic = "a/#"', 'mqtt.base_topic: found "a/#", expected a topic without'),
        ('base_topic = "/a"', 'mqtt.base_topic: found "/a", expected a topic without'),
        ('base_topic = ""', 'mqtt.base_topic: found "", expected a topic of 1 to 200 octets'),
        ('node = "a/b"', 'mqtt.node: found "a/b", expected one level of a topic'),
        ("[mqtt.tls]\nkey_file = 'x.toml'", "mqtt.tls.certificate_file: missing, expected with key_file"),
        ("[mqtt.tls]\nca_file = 'nowhere'", "mqtt.tls.ca_file: "),
    ],
)
def test_a_wrong_mqtt_key_is_named(lines: str, problem: str) -> None:
    problems = problems_of(f'{ACCESS_POINT}[mqtt]\nhost = "b"\n{lines}\n')
    assert [p for p in problems if p.startswith(problem)], problems


# ---- files


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_secrets_may_stand_in_files_beside_the_configuration(tmp_path: Path) -> None:
    write(tmp_path / "wifi", "correct horse\r\n")
    write(tmp_path / "mqtt", "secret\n")
    path = write(
        tmp_path / "a.toml",
        '[[access_point]]\ninterface = "wlan0"\nssid = "a"\npassphrase_file = "wifi"\n'
        '[mqtt]\nhost = "b"\nusername = "u"\npassword_file = "mqtt"\n',
        0o644,
    )
    configuration = load(path)
    assert configuration.access_points[0].passphrase == b"correct horse"
    assert configuration.mqtt is not None
    assert configuration.mqtt.password == "secret"
    assert configuration.warnings == ()


def test_world_readable_secrets_are_warned_about(tmp_path: Path) -> None:
    path = write(tmp_path / "a.toml", ACCESS_POINT, 0o644)
    assert load(path).warnings == (
        f"{path}: everyone on this device can read the secrets in it; chmod 600 it, or use the …_file keys",
    )
    path.chmod(0o640)
    assert load(path).warnings == ()
    secret = write(tmp_path / "p", "12345678", 0o604)
    text = '[[access_point]]\ninterface = "wlan0"\nssid = "a"\npassphrase_file = "p"\n'
    assert load(write(path, text)).warnings == (
        f"{secret}: everyone on this device can read this secret; chmod 600 it",
    )


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (None, "cannot be read: No such file or directory"),
        (b"short", "does not hold what is expected, 8 to 63 printable ASCII characters"),
        (b"\xff" * 10, "is not UTF-8 text"),
    ],
)
def test_a_bad_secret_file_is_named_and_not_quoted(tmp_path: Path, octets: bytes | None, problem: str) -> None:
    if octets is not None:
        (tmp_path / "p").write_bytes(octets)
    text = '[[access_point]]\ninterface = "wlan0"\nssid = "a"\npassphrase_file = "p"\n'
    assert problems_of(text, tmp_path / "a.toml") == [f"access_point[0].passphrase_file: {tmp_path / 'p'} {problem}"]


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load(tmp_path)


def test_wrong_toml_is_reported_with_its_place() -> None:
    assert problems_of("[agent]\nnode = \n") == ["not TOML: Invalid value (at line 2, column 8)"]


def test_octets_that_are_not_utf_8_are_reported_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"[agent]\n# \xff\n")
    with pytest.raises(ConfigError, match="not TOML: line 2 is not UTF-8"):
        load(path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"\xef\xbb\xbf" + ACCESS_POINT.encode())
    assert isinstance(load(path), Configuration)


def test_a_file_that_is_no_configuration_is_refused_and_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.toml"
    path.write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="has more than 1048576 octets"):
        load(path)


def test_bottomless_nesting_is_a_problem_not_a_crash() -> None:
    assert problems_of("a = " + "[" * 100_000) == ["not a configuration: nested too deeply"]


# ---- secrets and documentation


def test_no_repr_shows_a_secret() -> None:
    text = ACCESS_POINT + '[mqtt]\nhost = "b"\nusername = "u"\npassword = "topsecret"\n'
    shown = repr(parse(text))
    assert "12345678" not in shown
    assert "topsecret" not in shown
    assert " psk=" not in shown


def test_a_host_name_becomes_one_level_of_a_topic() -> None:
    assert parse(ACCESS_POINT, host_name="a/b+c#d").agent.node == "a-b-c-d"


def test_the_example_is_a_working_configuration() -> None:
    configuration = parse(describe(), "no-such-file.toml")
    assert configuration.access_points[0].ssid == Ssid(b"example")
    assert configuration.buttons[0].pin == "17"
    assert configuration.leds[0].name == "green:wps"
    assert configuration.mqtt is None


def every_key() -> list[tuple[Section, Key]]:
    return [(section, key) for section in SECTIONS for key in section.keys]


@pytest.mark.parametrize(("section", "key"), every_key(), ids=lambda item: getattr(item, "name", ""))
def test_every_key_is_documented_with_a_line_that_the_reader_takes(section: Section, key: Key) -> None:
    text = describe()
    header = f"[[{section.name}]]" if section.is_array else f"[{section.name}]"
    block = text.split(header, 1)[1].split("\n\n")[0].splitlines()
    line = next(line.removeprefix("#") for line in block if line.removeprefix("#").startswith(f"{key.name} = "))
    value = key.convert(tomllib.loads(line)[key.name])
    assert key.help in line
    if key.example is None and key.default is not REQUIRED:
        assert value == key.default
