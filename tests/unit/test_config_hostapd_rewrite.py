# SPDX-License-Identifier: BSD-3-Clause
"""What a registrar changed, written into hostapd.conf: the block, the old lines, what must never get there."""

from dataclasses import replace
from pathlib import Path

import pytest

from wpsagent.config import hostapd_file
from wpsagent.config.hostapd_rewrite import rewrite, rewrite_file
from wpsagent.config.model import Security
from wpsagent.errors import ConfigError, UsageError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError
from wpsagent.octets import Ssid
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

PROTECTED = NetworkSettings(
    Ssid(b"new name"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, passphrase=b"correct horse"
)
NO_NETWORK = NetworkSettings(Ssid(b"open"), AuthenticationType.OPEN, EncryptionType.NONE)
MIXED = AuthenticationType.WPA_PERSONAL | AuthenticationType.WPA2_PERSONAL

OLD = """\
# my access point
interface=wlan0
ssid=old
#ssid=older
channel=6
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_pairwise=CCMP
wpa_passphrase=the old one
wpa_psk_file=/etc/keys
eap_server=1
wps_state=1
auth_algs=1
wps_independent=0"""

NEW = """\
# WPS configuration - START
wps_state=2
ssid=new name
wpa=2
wpa_key_mgmt=WPA-PSK
wpa_pairwise=CCMP
wpa_passphrase=correct horse
auth_algs=1
# WPS configuration - END
# my access point
interface=wlan0
#WPS# ssid=old
#ssid=older
channel=6
#WPS# wpa=2
#WPS# wpa_key_mgmt=WPA-PSK
#WPS# rsn_pairwise=CCMP
#WPS# wpa_pairwise=CCMP
#WPS# wpa_passphrase=the old one
wpa_psk_file=/etc/keys
eap_server=1
#WPS# wps_state=1
#WPS# auth_algs=1
wps_independent=0"""


def block(settings: NetworkSettings) -> list[str]:
    lines = rewrite("", settings).split("\n")
    assert (lines[0], lines[-2], lines[-1]) == ("# WPS configuration - START", "# WPS configuration - END", "")
    return lines[1:-2]


def test_the_block_comes_first_and_what_it_replaces_stays_as_a_comment() -> None:
    assert rewrite(OLD, PROTECTED) == NEW


def test_a_second_rewriting_replaces_the_first_and_the_file_does_not_grow() -> None:
    assert rewrite(NEW, PROTECTED) == NEW
    assert rewrite(rewrite(NEW, NO_NETWORK), PROTECTED) == NEW


def test_the_block_as_the_settings_are() -> None:
    assert block(NO_NETWORK) == ["wps_state=2", "ssid=open", "auth_algs=1"]
    psk = replace(PROTECTED, passphrase=None, psk=b"\x0a" * 32)
    assert f"wpa_psk={'0a' * 32}" in block(psk)
    mixed = replace(PROTECTED, authentication_types=MIXED, encryption_types=EncryptionType.AES | EncryptionType.TKIP)
    assert block(mixed)[2:5] == ["wpa=3", "wpa_key_mgmt=WPA-PSK", "wpa_pairwise=CCMP TKIP"]


@pytest.mark.parametrize(
    ("ssid", "line"),
    [
        (b"a name", "ssid=a name"),
        (b'"#=\\ ', 'ssid="#=\\ '),
        (b"a\nwpa=0", "ssid2=610a7770613d30"),
        (b"\x00\x7f", "ssid2=007f"),
        ("gr\u00fcn".encode(), "ssid2=6772c3bc6e"),
    ],
)
def test_a_name_is_text_or_digits_and_is_read_as_it_was(ssid: bytes, line: str) -> None:
    text = rewrite(OLD, replace(PROTECTED, ssid=Ssid(ssid)))
    assert text.split("\n")[2] == line
    (found,) = hostapd_file.parse(text).access_points
    assert (found.ssid, found.passphrase, found.security) == (ssid, b"correct horse", Security.WPA2)


@pytest.mark.parametrize(
    "settings",
    [
        replace(PROTECTED, passphrase=b"correct horse\nwpa=0"),
        replace(PROTECTED, passphrase=b"correct horse\r"),
        replace(PROTECTED, passphrase=b"correct horse\x7f"),
        replace(PROTECTED, passphrase="gr\u00fcner Baum".encode()),
        replace(PROTECTED, passphrase=b"short"),
        replace(PROTECTED, passphrase=b"x" * 64),
        replace(PROTECTED, passphrase=None),
        replace(PROTECTED, passphrase=None, psk=b"short"),
        replace(PROTECTED, ssid=Ssid(b"")),
        replace(PROTECTED, encryption_types=EncryptionType.TKIP),
        replace(PROTECTED, encryption_types=EncryptionType.WEP),
        replace(PROTECTED, authentication_types=AuthenticationType.SHARED),
        replace(NO_NETWORK, encryption_types=EncryptionType.WEP),
        replace(NO_NETWORK, passphrase=b"correct horse"),
    ],
)
def test_what_could_not_be_read_again_is_never_written_and_no_key_is_told(settings: NetworkSettings) -> None:
    with pytest.raises(UsageError) as caught:
        rewrite(OLD, settings)
    assert "horse" not in str(caught.value)


TWO = "interface=wlan0\nssid=first\nbss=wlan0_1\nssid=second\nbss=wlan0_2\nssid=third\n"


def test_of_several_networks_only_the_one_that_is_meant_changes() -> None:
    first = rewrite(TWO, PROTECTED)
    assert first == rewrite(TWO, PROTECTED, "wlan0") == rewrite(TWO, PROTECTED, "renamed")
    assert first.endswith("\ninterface=wlan0\n#WPS# ssid=first\nbss=wlan0_1\nssid=second\nbss=wlan0_2\nssid=third\n")
    second = rewrite(rewrite(TWO, NO_NETWORK, "wlan0_1"), NO_NETWORK, "wlan0_1")
    assert second == TWO.replace(
        "bss=wlan0_1\nssid=second\n",
        "bss=wlan0_1\n# WPS configuration - START\nwps_state=2\nssid=open\nauth_algs=1\n# WPS configuration - END\n"
        "#WPS# ssid=second\n",
    )


def test_sae_is_added_for_hostapd_where_it_is_asked_for_and_can_be() -> None:
    text = rewrite(f"{OLD}\nieee80211w=0", PROTECTED, add_sae=True)
    lines = text.split("\n")
    assert lines[4:6] == ["wpa_key_mgmt=WPA-PSK SAE", "ieee80211w=1"]
    assert lines[-1] == "#WPS# ieee80211w=0"
    (settings,) = hostapd_file.parse(text.replace("wpa_psk_file=/etc/keys\n", "")).access_points
    assert settings.passphrase == b"correct horse"
    for network in (NO_NETWORK, replace(PROTECTED, passphrase=None, psk=b"\x0a" * 32)):
        assert "SAE" not in rewrite(OLD, network, add_sae=True)


def test_a_block_without_an_end_is_kept_as_it_is() -> None:
    text = "# WPS configuration - START\nchannel=6\n"
    assert rewrite(text, NO_NETWORK).endswith("- END\n# WPS configuration - START\nchannel=6\n")


def test_a_file_keeps_its_mode_and_the_octets_that_are_not_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "hostapd.conf"
    path.write_bytes(b"interface=wlan0\nssid=x\ndevice_name=\xff\n")
    path.chmod(0o640)
    rewrite_file(path, PROTECTED, "wlan0")
    assert path.stat().st_mode & 0o777 == 0o640
    assert path.read_bytes().endswith(b"- END\ninterface=wlan0\n#WPS# ssid=x\ndevice_name=\xff\n")


def test_a_file_that_cannot_be_written_is_as_it_was(tmp_path: Path) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "hostapd.conf"
    path.write_text(OLD)
    with pytest.raises(SaveError, match="No space left on device"):
        rewrite_file(path, PROTECTED, calls=replace(SYSTEM_CALLS, fsync=fail))
    with pytest.raises(UsageError):
        rewrite_file(path, replace(PROTECTED, passphrase=b"x"))
    assert path.read_text() == OLD
    with pytest.raises(ConfigError, match="cannot be read"):
        rewrite_file(tmp_path / "missing", PROTECTED)
    assert [entry.name for entry in tmp_path.iterdir()] == ["hostapd.conf"]
