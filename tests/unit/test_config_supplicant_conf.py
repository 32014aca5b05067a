# SPDX-License-Identifier: BSD-3-Clause
"""wpa_supplicant.conf as the configuration of stations: what each option sets, what is refused, what is named."""

from pathlib import Path
from typing import Any

import pytest

from wpsagent.config.model import Configuration, CredentialProcessing, PushButtonScan, StationSettings
from wpsagent.config.supplicant_conf import Source, load
from wpsagent.errors import ConfigError
from wpsagent.wsc.device import PrimaryDeviceType
from wpsagent.wsc.enumerations import ConfigMethods

BASE = "ctrl_interface=/run/wpa_supplicant\nupdate_config=1\n"
NETWORK = 'network={\n\tssid="home"\n\tpsk="correct horse"\n}\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "wpa_supplicant.conf"
    path.write_text(BASE)
    path.chmod(0o600)
    return path


def load_text(file: Path, text: str) -> Configuration:
    file.write_text(text)
    return load(Source("wlan1", file))


def station(file: Path, text: str) -> StationSettings:
    (found,) = load_text(file, text).stations
    return found


def problems(*sources: Source) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load(*sources)
    return caught.value.problems


def test_a_minimal_file(file: Path) -> None:
    configuration = load_text(file, BASE + NETWORK)
    (found,) = configuration.stations
    assert (found.interface, found.networks_file, found.control_directory) == (
        "wlan1",
        str(file),
        "/run/wpa_supplicant",
    )
    assert (found.cred_processing, found.wps_priority, found.add_sae) == (CredentialProcessing.INTERNAL, 0, False)
    assert (found.pbc_scan, found.control_group) == (PushButtonScan.FULL, None)
    assert (configuration.access_points, configuration.warnings, configuration.agent.control_socket) == ((), (), "")


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("ctrl_interface=DIR=/run/wpa GROUP=admin", "control_directory", "/run/wpa"),
        ("ctrl_interface=DIR=/run/wpa GROUP=admin", "control_group", "admin"),
        ("ctrl_interface_group=0", "control_group", "0"),
        ("wps_cred_processing=1", "cred_processing", CredentialProcessing.EXTERNAL),
        ("wps_cred_processing=2", "cred_processing", CredentialProcessing.BOTH),
        ("wps_cred_add_sae=1", "add_sae", True),
        ("wps_priority=7", "wps_priority", 7),
    ],
)
def test_an_option_sets(file: Path, line: str, name: str, value: Any) -> None:
    assert getattr(station(file, f"{BASE}{line}\n"), name) == value


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("device_name=Wireless Client", "name", "Wireless Client"),
        ("manufacturer=Company", "manufacturer", "Company"),
        ("model_name=cmodel", "model_name", "cmodel"),
        ("model_number=123", "model_number", "123"),
        ("serial_number=12345", "serial_number", "12345"),
        ("device_type=1-0050F204-2", "primary_device_type", PrimaryDeviceType(1, 2)),
        ("os_version=01020300", "os_version", 0x01020300),
        ("uuid=12345678-9abc-def0-1234-56789abcdef0", "uuid", bytes.fromhex("123456789abcdef0123456789abcdef0")),
        ("config_methods=label virtual_push_button keypad", "config_methods", ConfigMethods(0x0384)),
        ("# nothing", "config_methods", ConfigMethods(0x2108)),
        ("# nothing", "primary_device_type", PrimaryDeviceType(1, 1)),
        ("# nothing", "uuid", None),
    ],
)
def test_an_option_describes_the_device(file: Path, line: str, name: str, value: Any) -> None:
    assert getattr(load_text(file, f"{BASE}{line}\n").device, name) == value


def test_auto_uuid_is_another_at_each_start(file: Path) -> None:
    text = f"{BASE}uuid=12345678-9abc-def0-1234-56789abcdef0\nauto_uuid=1\n"
    uuids = {load_text(file, text).device.uuid for _ in range(2)}
    assert len(uuids) == 2
    assert all(uuid is not None and len(uuid) == 16 for uuid in uuids)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("pbc_in_m1=1", "pbc_in_m1: a workaround for Windows 7"),
        ("country=DE", "country: the country the radio is in is the kernel's"),
        ("ap_scan=2", "ap_scan: the agent scans itself"),
        ("sec_device_type=1-0050F204-1", "sec_device_type: not understood, and ignored"),
        ("wps_nfc_dev_pw=00", "wps_nfc_dev_pw: not understood, and ignored"),
        ("bgscan_of_mine=1", "bgscan_of_mine: not understood, and ignored"),
    ],
)
def test_a_warning_names_the_line_behind_networks_and_comments(file: Path, line: str, told: str) -> None:
    (warning,) = load_text(file, f"{BASE}{NETWORK}# comment\n\n{line}\n").warnings
    assert warning.startswith(f"{file}: line 9: {told}")


@pytest.mark.parametrize("line", ["ap_scan=1", "pbc_in_m1=0", "eapol_version=1", "fast_reauth=1", "p2p_disabled=1"])
def test_what_asks_for_nothing_is_not_mentioned(file: Path, line: str) -> None:
    assert load_text(file, f"{BASE}{line}\n").warnings == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("config_methods=label display", "config_methods: found"),
        ("config_methods=label virtual_display", "config_methods: found"),
        ("config_methods=telepathy", "config_methods: found"),
        ("country=d", "country: found"),
        ("ap_scan=3", "ap_scan: found"),
        ("ctrl_interface=udp", "ctrl_interface: found"),
        ("wps_cred_processing=3", "wps_cred_processing: "),
        ("uuid=1", "uuid: "),
        (f"device_name={'x' * 33}", "device_name: "),
        ("nonsense", "expected name=value"),
        ("device_name=a\x07b", "device_name: control characters"),
    ],
)
def test_what_is_refused_names_the_line(file: Path, line: str, told: str) -> None:
    file.write_text(f"{BASE}{NETWORK}{line}\n")
    (problem,) = problems(Source("wlan1", file))
    assert problem.startswith(f"{file}: line 7: {told}")
    assert "correct horse" not in problem


def test_label_and_display_are_told_apart_with_the_reason(file: Path) -> None:
    file.write_text("config_methods=label display\n")
    (problem,) = problems(Source("wlan1", file))
    assert "label or display, not both: a station has one PIN" in problem


def test_without_update_config_it_is_told_once_that_nothing_is_kept(file: Path) -> None:
    assert load_text(file, NETWORK).warnings == (
        f"{file}: without update_config=1, networks that WPS brings are not saved",
    )


def test_a_file_with_keys_that_others_may_read_is_warned_of(file: Path) -> None:
    file.chmod(0o644)
    assert load_text(file, BASE).warnings == ()
    assert load_text(file, BASE + NETWORK).warnings == (
        f"{file}: everyone on this device can read the secrets in it; chmod 600 it",
    )


def test_the_command_line_names_control_sockets_and_drivers(file: Path) -> None:
    (without,) = load(Source("wlan1", control="/run/c")).stations
    assert (without.control_directory, without.networks_file) == ("/run/c", "/dev/null")
    (ignored,) = load(Source("wlan1", file, control="/run/c")).stations
    assert ignored.control_directory == "/run/wpa_supplicant"
    file.write_text(f"{BASE}ctrl_interface_group=0\n")
    (override,) = load(Source("wlan1", file, override="DIR=/run/o GROUP=admin")).stations
    assert (override.control_directory, override.control_group) == ("/run/o", "admin")
    assert load(Source("wlan1", file, driver="wext,nl80211")).stations
    assert problems(Source("wlan1", file, driver="wext")) == ['driver: found "wext", expected nl80211']
    assert problems(Source("wlan1", file, override="udp:1"))[0].startswith('ctrl_interface: found "udp:1"')
    assert problems(Source("a/b", file))[0].startswith('interface: found "a/b"')


def test_an_external_registrar_has_no_station(file: Path) -> None:
    file.write_text("ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=admin\ndevice_name=WPS External Registrar\n")
    configuration = load(Source("eth0", file, driver="none"))
    assert (configuration.stations, configuration.device.name) == ((), "WPS External Registrar")


def test_several_interfaces(file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.conf"
    other.write_text(f"{BASE}device_name=two\n")
    file.write_text(f"{BASE}device_name=one\n")
    configuration = load(Source("wlan1", file), Source("wlan2", other))
    assert [(one.interface, one.networks_file) for one in configuration.stations] == [
        ("wlan1", str(file)),
        ("wlan2", str(other)),
    ]
    assert configuration.device.name == "one"
    assert configuration.warnings == (f"{other}: name differs from another interface's: ignored",)
    assert problems(Source("wlan1", file), Source("wlan1", other)) == [
        'interface: found "wlan1" twice, expected each once'
    ]


def test_every_problem_of_every_file_is_told(file: Path, tmp_path: Path) -> None:
    file.write_text("nonsense\n")
    found = problems(Source("wlan1", file), Source("wlan2", tmp_path / "missing"))
    assert [problem.split(": ")[0] for problem in found] == [str(file), str(tmp_path / "missing")]


def test_pmf_is_left_to_the_station_which_reads_it_itself(file: Path) -> None:
    assert load_text(file, f"{BASE}pmf=2\n{NETWORK}").warnings == ()
    file.write_text(f"{BASE}pmf=3\n")
    assert [problem for problem in problems(Source("wlan1", file)) if "pmf" in problem]
