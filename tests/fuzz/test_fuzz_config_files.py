# SPDX-License-Identifier: BSD-3-Clause
"""hostapd.conf and wpa_supplicant.conf of any octets give a configuration, or a ConfigError for a person to read.

What is written back into a hostapd.conf is read again as it was meant, whatever the file was.
"""

import random
from pathlib import Path

from tests.fuzz.mutation import cases, generate

from wpsagent.config import hostapd_file, supplicant_conf
from wpsagent.config.hostapd_rewrite import rewrite
from wpsagent.errors import ConfigError
from wpsagent.octets import Ssid
from wpsagent.roles.sta.network_variables import to_text
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

CASES = 1500

HOSTAPD = b"""interface=wlan0
driver=nl80211
ctrl_interface=DIR=/run/hostapd GROUP=0
ssid=home
hw_mode=g
channel=1
auth_algs=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase=a long secret
eap_server=1
wps_state=2
ap_setup_locked=1
device_name=Wireless AP
device_type=6-0050F204-1
os_version=01020300
config_methods=label display push_button keypad
uuid=87654321-9abc-def0-1234-56789abc0000
ap_pin=12345670
bss=wlan0_1
ssid2=P"two\\t"
wpa=3
wpa_psk=0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef
"""
SUPPLICANT = b"""# comment
ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=admin
update_config=1
device_name=Wireless Client
device_type=1-0050F204-1
os_version=01020300
config_methods=virtual_display virtual_push_button keypad
wps_cred_processing=0
network={
\tssid="home"
\tpsk="a long secret"
\tkey_mgmt=WPA-PSK
}
country=DE
"""


def is_told(problem: str, path: str) -> bool:
    """A problem is one line that names its file, and harms no terminal."""
    return problem.startswith(f"{path}: ") and problem.isprintable()


def test_any_octets_are_a_hostapd_conf_or_a_config_error() -> None:
    for seed in cases(CASES):
        octets = generate([HOSTAPD], random.Random(seed))
        try:
            hostapd_file.parse(to_text(octets))
        except ConfigError as error:
            assert all(is_told(problem, "hostapd.conf") for problem in error.problems), (seed, octets, error)


def test_any_octets_are_a_wpa_supplicant_conf_or_a_config_error(tmp_path: Path) -> None:
    path = tmp_path / "wpa_supplicant.conf"
    for seed in cases(CASES):
        octets = generate([SUPPLICANT], random.Random(seed))
        path.write_bytes(octets)
        try:
            supplicant_conf.load(supplicant_conf.Source("wlan1", path))
        except ConfigError as error:
            assert all(is_told(problem, str(path)) for problem in error.problems), (seed, octets, error)


def _settings(dice: random.Random) -> NetworkSettings:
    ssid = Ssid(dice.randbytes(dice.randrange(1, 33)))
    passphrase = bytes(dice.randrange(0x20, 0x7F) for _ in range(dice.randrange(8, 64)))
    return NetworkSettings(ssid, AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, passphrase)


def test_what_is_written_back_is_what_is_read() -> None:
    """With any earlier lines that can be read at all."""
    for seed in cases(CASES):
        dice = random.Random(seed)
        octets = generate([HOSTAPD], dice)
        settings = _settings(dice)
        text = rewrite(to_text(octets), settings)
        assert rewrite(text, settings) == text, (seed, octets)
        try:
            configuration = hostapd_file.parse(text)
        except ConfigError:
            continue
        first = configuration.access_points[0]
        assert (first.ssid, first.passphrase) == (settings.ssid, settings.passphrase), (seed, octets)
