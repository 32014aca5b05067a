# SPDX-License-Identifier: BSD-3-Clause
"""[[hostapd]]: access points that are in a hostapd.conf, in a TOML configuration with button, LED and MQTT."""

from pathlib import Path

import pytest

from wpsagent.config.loader import load
from wpsagent.config.model import Configuration, Security
from wpsagent.errors import ConfigError

HOSTAPD = """\
interface=wlan0
ssid=home
hw_mode=g
channel=1
ctrl_interface=/run/hostapd
ctrl_interface_group=0
wpa=2
wpa_passphrase=correct horse
eap_server=1
wps_state=2
device_name=from the file
manufacturer=Company
"""
TOML = '[[hostapd]]\nfile = "hostapd.conf"\n\n[[button]]\nbackend = "gpiozero"\npin = 17\n'


def write(folder: Path, toml: str = TOML, hostapd: str = HOSTAPD) -> Path:
    for name, text in (("wps-agent.toml", toml), ("hostapd.conf", hostapd)):
        path = folder / name
        path.write_text(text)
        path.chmod(0o600)
    return folder / "wps-agent.toml"


def loaded(folder: Path, toml: str = TOML, hostapd: str = HOSTAPD) -> Configuration:
    return load(write(folder, toml, hostapd))


def problems(folder: Path, toml: str = TOML, hostapd: str = HOSTAPD) -> list[str]:
    path = write(folder, toml, hostapd)
    with pytest.raises(ConfigError) as caught:
        load(path)
    return caught.value.problems


def test_the_button_opens_the_networks_of_the_file(tmp_path: Path) -> None:
    configuration = loaded(tmp_path)
    (found,) = configuration.access_points
    assert (found.interface, found.ssid, found.security, found.passphrase) == (
        "wlan0",
        b"home",
        Security.WPA2,
        b"correct horse",
    )
    assert (found.source_file, found.control_directory, found.control_group) == (
        str(tmp_path / "hostapd.conf"),
        "/run/hostapd",
        "0",
    )
    assert configuration.buttons[0].groups == (found.button_group,)
    assert configuration.agent.control_socket == "/run/wps-agent/control"
    assert configuration.warnings == ()


def test_the_device_is_what_toml_says_and_what_it_leaves_open_the_file(tmp_path: Path) -> None:
    device = loaded(tmp_path, f'{TOML}[device]\nname = "from TOML"\ntype = "1-0050F204-1"\n').device
    assert (device.name, device.manufacturer, device.primary_device_type.category) == ("from TOML", "Company", 1)
    assert loaded(tmp_path).device.name == "from the file"


def test_networks_of_both_forms_stand_side_by_side(tmp_path: Path) -> None:
    network = '[[access_point]]\ninterface = "wlan1"\nssid = "other"\nsecurity = "open"\n'
    assert [ap.interface for ap in loaded(tmp_path, TOML + network).access_points] == ["wlan1", "wlan0"]
    (problem,) = problems(tmp_path, TOML + network.replace("wlan1", "wlan0"))
    assert problem.endswith(
        f'{tmp_path / "hostapd.conf"}: line 1: interface: found "wlan0", which access_point[0] has already'
    )


def test_what_is_wrong_in_either_file_is_told(tmp_path: Path) -> None:
    found = problems(tmp_path, f"{TOML}pines = 1\n", f"{HOSTAPD}wep_key0=1\n")
    assert found[0].startswith(f"{tmp_path / 'wps-agent.toml'}: button[0].pines: unknown")
    assert found[1].startswith(f"{tmp_path / 'hostapd.conf'}: line 13: wep_key0: found a secret")
    assert "cannot be read: No such file" in problems(tmp_path, TOML.replace("hostapd.conf", "missing"))[0]
    assert problems(tmp_path, "[[hostapd]]\n") == [
        f"{tmp_path / 'wps-agent.toml'}: hostapd[0].file: missing, expected a text of 1 to 255 octets"
        " without control characters"
    ]


def test_a_button_needs_wps_in_the_file(tmp_path: Path) -> None:
    toml = f'{TOML}groups = ["main"]\n'
    (problem,) = problems(tmp_path, toml, HOSTAPD.replace("wps_state=2", "wps_state=0"))
    assert 'found "main", expected a group with wps = true in it' in problem


def test_the_files_warnings_are_the_configurations(tmp_path: Path) -> None:
    (warning,) = loaded(tmp_path, TOML, f"{HOSTAPD}foo=bar\n").warnings
    assert warning == f"{tmp_path / 'hostapd.conf'}: line 13: foo: not understood, and ignored"


@pytest.mark.parametrize("hidden", ["ssid2=00ff", "ignore_broadcast_ssid=1", f"wpa_psk={'0a' * 32}", "channel=0"])
def test_whatever_a_file_says_passes_the_checks_of_toml_too(tmp_path: Path, hidden: str) -> None:
    toml = TOML.partition("\n\n")[0]
    assert len(loaded(tmp_path, toml, f"{HOSTAPD}{hidden}\nbss=wlan0_1\nssid=open\n").access_points) == 2
