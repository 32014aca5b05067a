# SPDX-License-Identifier: BSD-3-Clause
"""What WPS made of a network outlasts a restart, and gives way to whoever edits the configuration."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wpsagent.config.loader import parse
from wpsagent.config.model import AccessPointSettings, Security
from wpsagent.config.network_overlay import NetworkOverlay
from wpsagent.errors import ConfigError
from wpsagent.io.atomic_file import SYSTEM_CALLS, SaveError
from wpsagent.octets import Ssid
from wpsagent.wsc.enumerations import WpsState

TEXT = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "12345678"\n'
(CONFIGURED,) = parse(TEXT).access_points
CHANGED = replace(CONFIGURED, ssid=Ssid(b"n\xc3\xa4w\x00"), passphrase=b'new "key" \\', wps_state=WpsState.CONFIGURED)
WITH_PSK = replace(CONFIGURED, passphrase=None, psk=b"\x05" * 32)
OPEN = replace(CONFIGURED, security=Security.OPEN, passphrase=None, wps_state=WpsState.NOT_CONFIGURED)


def test_nothing_kept_means_the_configuration(tmp_path: Path) -> None:
    assert NetworkOverlay(tmp_path, CONFIGURED).load() == CONFIGURED


@pytest.mark.parametrize("settings", [CHANGED, WITH_PSK, OPEN])
def test_what_was_kept_is_what_runs(settings: AccessPointSettings, tmp_path: Path) -> None:
    folder = tmp_path / "made" / "for it"
    overlay = NetworkOverlay(folder, CONFIGURED)
    overlay.save(settings)
    assert NetworkOverlay(folder, CONFIGURED).load() == settings
    assert overlay.path == folder / "wlan0.access-point.json"
    assert overlay.path.stat().st_mode & 0o777 == 0o600


def test_what_else_the_configuration_says_of_the_network_counts_all_the_same(tmp_path: Path) -> None:
    NetworkOverlay(tmp_path, CONFIGURED).save(CHANGED)
    (edited,) = parse(f"{TEXT}channel = 11\nhidden = true\nwps = false\n").access_points
    loaded = NetworkOverlay(tmp_path, edited).load()
    assert (loaded.ssid, loaded.channel, loaded.hidden) == (CHANGED.ssid, 11, True)


@pytest.mark.parametrize(
    "edit",
    [
        {"ssid": Ssid(b"other")},
        {"passphrase": b"87654321"},
        {"passphrase": None, "psk": b"\x01" * 32},
        {"security": Security.OPEN, "passphrase": None},
        {"wps_state": WpsState.NOT_CONFIGURED},
    ],
)
def test_an_edited_network_drops_it_and_says_so(edit: dict[str, Any], tmp_path: Path) -> None:
    overlay = NetworkOverlay(tmp_path, CONFIGURED)
    overlay.save(CHANGED)
    with pytest.raises(ConfigError, match="has been changed since") as caught:
        NetworkOverlay(tmp_path, replace(CONFIGURED, **edit)).load()
    assert "new" not in str(caught.value)
    assert not overlay.path.exists()


def test_a_read_only_file_system_keeps_the_dropped_file_which_does_not_count(tmp_path: Path) -> None:
    overlay = NetworkOverlay(tmp_path, CONFIGURED)
    overlay.save(CHANGED)

    def refuse(_path: Path) -> None:
        raise OSError(30, "Read-only file system")

    edited = replace(CONFIGURED, ssid=Ssid(b"other"))
    for _ in range(2):
        with pytest.raises(ConfigError, match="are dropped"):
            NetworkOverlay(tmp_path, edited, replace(SYSTEM_CALLS, unlink=refuse)).load()
    assert overlay.path.exists()


def damaged(**members: object) -> str:
    values = {
        "made_from": "",
        "ssid": "6162",
        "security": "wpa2",
        "passphrase": "12345678",
        "psk": None,
        "wps_state": 2,
    }
    return json.dumps(values | members)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\xff",
        "[]",
        "{}",
        "[" * 10_000,
        damaged(ssid=""),
        damaged(ssid=7),
        damaged(security="wep"),
        damaged(security="open"),
        damaged(passphrase=None),
        damaged(passphrase="short"),
        damaged(passphrase="line\nbreak"),
        damaged(psk="05"),
        damaged(wps_state=9),
        damaged(wps_state=None),
        damaged(more=1),
    ],
)
def test_what_nobody_can_have_saved_is_ignored_and_left_there(text: str, tmp_path: Path) -> None:
    overlay = NetworkOverlay(tmp_path, CONFIGURED)
    overlay.save(CHANGED)
    made_from = json.loads(overlay.path.read_text())["made_from"]
    overlay.path.write_bytes(text.replace('"made_from": ""', f'"made_from": "{made_from}"').encode("latin-1"))
    with pytest.raises(ConfigError, match="is not what wps-agent writes: it is ignored"):
        NetworkOverlay(tmp_path, CONFIGURED).load()
    assert overlay.path.exists()
    overlay.save(CHANGED)
    assert overlay.load() == CHANGED


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    overlay = NetworkOverlay(tmp_path, CONFIGURED)
    overlay.path.mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory; the configuration counts"):
        overlay.load()


def test_a_full_disk_leaves_what_was_kept_before(tmp_path: Path) -> None:
    NetworkOverlay(tmp_path, CONFIGURED).save(CHANGED)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with pytest.raises(SaveError, match="No space left"):
        NetworkOverlay(tmp_path, CONFIGURED, replace(SYSTEM_CALLS, write=full)).save(WITH_PSK)
    assert NetworkOverlay(tmp_path, CONFIGURED).load() == CHANGED


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SaveError, match="cannot be made"):
        NetworkOverlay(tmp_path / "file" / "folder", CONFIGURED).save(CHANGED)
