# SPDX-License-Identifier: BSD-3-Clause
"""The keys of an access point that concern its own set-up: AP PIN, lock, unconfigured state, keys of single devices."""

from dataclasses import replace
from pathlib import Path

import pytest

from wpsagent.config.loader import parse
from wpsagent.config.model import Configuration, CredentialProcessing
from wpsagent.config.psk_file import DeviceKey, PskFile, decode
from wpsagent.errors import ConfigError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.wsc.credential import Credential, encode_credentials
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType, WpsState
from wpsagent.wsc.lock_out import SetupLockMode

NETWORK = '[[access_point]]\ninterface = "{}"\nssid = "home"\npassphrase = "12345678"\n'
ONE, TWO = NETWORK.format("wlan0"), NETWORK.format("wlan1")
PHONE = MacAddress.parse("02:00:00:00:01:00")
CREDENTIALS = encode_credentials(
    [Credential(Ssid(b"guests"), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"be our guest", PHONE)]
)


def read(text: str, folder: Path = Path("/nowhere")) -> Configuration:
    return parse(text, folder / "wps-agent.toml", host_name="house")


def problems_of(text: str, folder: Path = Path("/nowhere")) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text, folder)
    return [problem.removeprefix(f"{folder}/wps-agent.toml: ") for problem in caught.value.problems]


def test_without_a_word_there_is_no_ap_pin_and_the_network_is_configured() -> None:
    (settings,) = read(ONE).access_points
    assert (settings.ap_pin, settings.setup_locked, settings.lock_out_s) == (None, SetupLockMode.OPEN, 60.0)
    assert settings.wps_state is WpsState.CONFIGURED
    assert settings.cred_processing is CredentialProcessing.INTERNAL
    assert settings.extra_credentials == b""
    assert read(ONE).warnings == ()


def test_every_word_has_its_meaning(tmp_path: Path) -> None:
    (tmp_path / "credentials.bin").write_bytes(CREDENTIALS)
    (tmp_path / "credentials.bin").chmod(0o600)
    text = f"""{ONE}
ap_pin = "1234-5670"
setup_locked = "learn_only"
lock_out_s = 5
wps_state = "unconfigured"
pin_requests = "pins"
psk_file = "/etc/keys"
force_per_enrollee_psk = true
extra_credentials = "credentials.bin"
skip_credential_build = true
cred_processing = "both"
"""
    (settings,) = read(text, tmp_path).access_points
    assert (settings.ap_pin, settings.setup_locked, settings.lock_out_s) == (b"12345670", SetupLockMode(2), 5.0)
    assert settings.wps_state is WpsState.NOT_CONFIGURED
    assert (settings.pin_requests, settings.psk_file) == (str(tmp_path / "pins"), "/etc/keys")
    assert settings.force_per_enrollee_psk
    assert settings.skip_credential_build
    assert settings.extra_credentials == CREDENTIALS
    assert settings.cred_processing is CredentialProcessing.BOTH
    assert "12345670" not in repr(settings)
    assert "be our guest" not in repr(settings)


def test_an_ap_pin_that_changes_the_network_is_warned_of_and_others_are_not() -> None:
    (warning,) = read(f'{ONE}ap_pin = "12345670"').warnings
    assert "access_point[0].ap_pin: whoever is near can guess an AP PIN" in warning
    assert "12345670" not in warning
    for word in ("locked", "learn_only"):
        assert read(f'{ONE}ap_pin = "12345670"\nsetup_locked = "{word}"').warnings == ()


def test_what_one_network_of_a_group_says_holds_for_all(tmp_path: Path) -> None:
    (tmp_path / "pin").write_text("12345670\n")
    (tmp_path / "pin").chmod(0o600)
    configuration = read(f'{ONE}\n{TWO}ap_pin_file = "pin"\nsetup_locked = "locked"\nlock_out_s = 9', tmp_path)
    for settings in configuration.access_points:
        assert (settings.ap_pin, settings.setup_locked, settings.lock_out_s) == (b"12345670", SetupLockMode(1), 9.0)


def test_networks_of_other_groups_have_their_own() -> None:
    text = f'{ONE}ap_pin = "12345670"\n{TWO}ap_pin = "1234"\nbutton_group = "garden"'
    assert [settings.ap_pin for settings in read(text).access_points] == [b"12345670", b"1234"]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ('ap_pin = "12345671"', "ap_pin: found a text of 8 characters, expected a PIN of 8 digits whose last one"),
        ('ap_pin = "123"', "ap_pin: found a text of 3 characters, expected a PIN of 4 or 8 digits"),
        ('ap_pin = "12345"', "ap_pin: found a text of 5 characters, expected a PIN of 4 or 8 digits"),
        ("ap_pin = 12345670", "ap_pin: found a number, expected a PIN of 4 or 8 digits"),
        ('ap_pin = "1234"\nap_pin_file = "pin"', "ap_pin_file: found beside ap_pin, expected only one"),
        ('ap_pin_file = "none"', "ap_pin_file: /nowhere/none cannot be read: No such file or directory"),
        ('setup_locked = "2"', 'setup_locked: found "2", expected "open" or "locked" or "learn_only"'),
        ("lock_out_s = 0", "lock_out_s: found 0, expected seconds from 1 to"),
        ('wps_state = "unconfigured"\nwps = false', 'wps_state: found "unconfigured", expected with wps = true only'),
        ("force_per_enrollee_psk = true", "force_per_enrollee_psk: found true, expected with psk_file"),
        ("skip_credential_build = true", "skip_credential_build: found true, expected with extra_credentials"),
        ('extra_credentials = "none"', "extra_credentials: /nowhere/none cannot be read: No such file"),
        ('cred_processing = "2"', 'cred_processing: found "2", expected "internal" or "external" or "both"'),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(lines: str, problem: str) -> None:
    (found,) = problems_of(ONE + lines)
    assert found.startswith(f"access_point[0].{problem}")


def test_two_ap_pins_for_one_button_are_refused() -> None:
    (problem,) = problems_of(f'{ONE}ap_pin = "12345670"\n{TWO}ap_pin = "1234"')
    assert problem.startswith("access_point[1].ap_pin: differs from access_point[0].ap_pin, expected one")


@pytest.mark.parametrize("octets", [b"", b"\x10\x0e\x00\x05", b"\x10\x45\x00\x01a", CREDENTIALS * 40])
def test_extra_credentials_that_are_none_are_refused(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "extra").write_bytes(octets)
    (tmp_path / "extra").chmod(0o600)
    (problem,) = problems_of(f'{ONE}extra_credentials = "extra"', tmp_path)
    assert "does not hold what is expected, Credential attributes" in problem


def test_secrets_that_everybody_can_read_are_warned_of(tmp_path: Path) -> None:
    for name, octets in (("extra", CREDENTIALS), ("keys", b"")):
        (tmp_path / name).write_bytes(octets)
        (tmp_path / name).chmod(0o644)
    warnings = read(f'{ONE}extra_credentials = "extra"\npsk_file = "keys"', tmp_path).warnings
    assert [warning.partition(":")[0] for warning in warnings] == [str(tmp_path / "keys"), str(tmp_path / "extra")]


# ---- wpa_psk_file


def test_keys_are_read_as_hostapd_has_them() -> None:
    text = (
        f"# keys\n\n00:00:00:00:00:00 for anybody\nkeyid=a wps=1 {PHONE} {'0f' * 32}\nwps=0 {PHONE} with spaces in it\n"
    )
    assert decode(text.encode(), "keys") == (
        DeviceKey(None, b"for anybody"),
        DeviceKey(PHONE, b"0f" * 32, is_wps=True),
        DeviceKey(PHONE, b"with spaces in it"),
    )


def test_lines_that_are_no_keys_are_named_without_their_keys(tmp_path: Path) -> None:
    (tmp_path / "keys").write_bytes(
        b"secret12\n02:00:00:00:01:00 short\nvlanid=3 02:00:00:00:01:00 long enough\n\xff x"
    )
    problems = problems_of(f'{ONE}psk_file = "keys"', tmp_path)
    assert [problem.partition("line ")[2].partition(",")[0] for problem in problems] == [
        "1: expected an address such as 02:00:00:00:01:00",
        "2: expected a key of 8 to 63 printable characters or 64 hexadecimal digits",
        "3: vlanid: there are no VLANs here",
        "4: expected an address such as 02:00:00:00:01:00",
    ]
    assert not any("secret12" in problem or "short" in problem for problem in problems)


def test_a_network_may_have_keys_of_single_devices_only(tmp_path: Path) -> None:
    text = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npsk_file = "keys"\n'
    (settings,) = read(text, tmp_path).access_points
    assert (settings.passphrase, settings.psk, settings.psk_file) == (None, None, str(tmp_path / "keys"))


def test_a_key_file_of_an_open_network_is_refused(tmp_path: Path) -> None:
    text = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\nsecurity = "open"\npsk_file = "keys"\n'
    assert problems_of(text, tmp_path) == [
        'access_point[0].psk_file: found on an open network, expected security = "wpa2"'
    ]
    read(f'{text}wps_state = "unconfigured"', tmp_path)


def test_a_key_of_wps_is_added_and_replaces_the_one_before(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    path.write_text(f"# mine\n{PHONE} one of ours\nwhat is this")
    file = PskFile(path)
    with pytest.raises(ConfigError, match="line 3"):
        file.load()
    path.write_text(f"# mine\n{PHONE} one of ours")
    file.add(PHONE, b"\x01" * 32)
    file.add(PHONE, b"\x02" * 32)
    assert path.read_text() == f"# mine\n{PHONE} one of ours\nwps=1 {PHONE} {'02' * 32}\n"
    assert path.stat().st_mode & 0o007 == 0
    assert file.load()[-1] == DeviceKey(PHONE, b"02" * 32, is_wps=True)


def test_a_full_disk_leaves_the_keys_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "keys"
    PskFile(path).add(PHONE, b"\x01" * 32)
    before = path.read_bytes()

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with pytest.raises(SaveError, match="No space left on device; the file is as it was"):
        PskFile(path, replace(SYSTEM_CALLS, write=full)).add(PHONE, b"\x02" * 32)
    assert path.read_bytes() == before


def test_what_cannot_be_read_is_not_written_over(tmp_path: Path) -> None:
    with pytest.raises(SaveError, match=r"not saved: .* cannot be read: Is a directory"):
        PskFile(tmp_path).add(PHONE, b"\x01" * 32)
    (tmp_path / "big").write_bytes(b"#" * ((1 << 20) + 1))
    with pytest.raises(ConfigError, match="this is no list of keys"):
        PskFile(tmp_path / "big").load()
