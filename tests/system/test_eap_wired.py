# SPDX-License-Identifier: BSD-3-Clause
"""EAP-WSC with Debian's hostapd and wpa_supplicant as peers, over a virtual wire: no radio is needed."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.system.surroundings import needs

REPOSITORY = Path(__file__).resolve().parents[2]
NAMESPACE = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--net", "--map-root-user"]


pytestmark = needs([*NAMESPACE, "ip", "link", "add", "wa", "type", "veth", "peer", "name", "wb"])


@dataclass(frozen=True)
class Outcome:
    """What came of one run; log: the peer's."""

    transcript: list[str]
    ends: list[str]
    events: list[str]
    log: str

    def has_event(self, *parts: str) -> bool:
        return any(all(part in event for part in parts) for event in self.events)


def run(folder: Path, peer: str, mode: str, fragment_size: int) -> Outcome:
    command = [sys.executable, "-m", "tests.system.eap_wired", peer, mode, str(fragment_size), str(folder)]
    done = subprocess.run([*NAMESPACE, *command], cwd=REPOSITORY, capture_output=True, timeout=60, check=True)
    told = json.loads(done.stdout)
    log = (folder / "peer.log").read_text(errors="replace")
    return Outcome(told["transcript"], told["ends"], told["events"], log)


@pytest.mark.parametrize(("mode", "fragment_size"), [("button", 1400), ("pin", 50)])
def test_wpa_supplicant_is_enrolled(tmp_path: Path, mode: str, fragment_size: int) -> None:
    outcome = run(tmp_path, "wpa_supplicant", mode, fragment_size)
    assert outcome.ends == ["COMPLETED"], outcome
    assert outcome.has_event("RunSucceeded")
    assert "WPS-CRED-RECEIVED" in outcome.log
    assert "WPS-SUCCESS" in outcome.log
    assert any(" more" in line for line in outcome.transcript) == (fragment_size == 50)


def test_wpa_supplicant_with_a_wrong_second_half_of_the_pin(tmp_path: Path) -> None:
    outcome = run(tmp_path, "wpa_supplicant", "wrong pin", 1400)
    assert outcome.ends == ["COMPLETED"], outcome
    assert outcome.has_event("RunFailed", "M6", "configuration_error=18")
    assert "WPS-FAIL msg=10 config_error=18" in outcome.log


@pytest.mark.parametrize(
    ("mode", "fragment_size", "event", "line"),
    [
        ("learn", 1400, "ApSettingsTold", "WPS-CRED-RECEIVED"),
        ("configure", 50, "RunSucceeded", "WPS-SUCCESS"),
    ],
)
def test_wpa_supplicant_as_registrar(tmp_path: Path, mode: str, fragment_size: int, event: str, line: str) -> None:
    outcome = run(tmp_path, "wpa_supplicant", mode, fragment_size)
    assert outcome.ends == ["COMPLETED"], outcome
    assert outcome.has_event("ApPinVerified")
    assert outcome.has_event(event)
    assert line in outcome.log
    assert outcome.has_event("NewApSettings") == (mode == "configure")


@pytest.mark.parametrize(("mode", "fragment_size"), [("button", 1400), ("pin", 50)])
def test_hostapd_enrols_us(tmp_path: Path, mode: str, fragment_size: int) -> None:
    outcome = run(tmp_path, "hostapd", mode, fragment_size)
    assert outcome.ends == ["COMPLETED"], outcome
    assert outcome.has_event("CredentialsReceived", "a network")
    assert "WPS-SUCCESS" in outcome.log


def test_hostapd_with_a_wrong_second_half_of_the_pin(tmp_path: Path) -> None:
    outcome = run(tmp_path, "hostapd", "wrong pin", 1400)
    assert outcome.ends == ["COMPLETED"], outcome
    assert outcome.has_event("RunFailed", "M6", "DEVICE_PASSWORD_AUTH_FAILURE")
    assert "WPS-FAIL msg=10 config_error=18" in outcome.log


def test_hostapd_without_a_pin_answers_m2d(tmp_path: Path) -> None:
    outcome = run(tmp_path, "hostapd", "no pin", 1400)
    assert outcome.ends == ["FAILURE_RECEIVED"], outcome
    assert outcome.has_event("M2dReceived")
    assert "WPS-PIN-NEEDED 00010203-0405-0607-0809-0a0b0c0d0e0f" in outcome.log


@pytest.mark.parametrize(
    ("mode", "fragment_size", "event", "line"),
    [
        ("learn", 1400, "ApSettingsReceived", "WPS-FAIL msg=11 config_error=0"),
        ("configure", 50, "RunSucceeded", "WPS-NEW-AP-SETTINGS"),
    ],
)
def test_hostapd_is_read_and_configured(tmp_path: Path, mode: str, fragment_size: int, event: str, line: str) -> None:
    outcome = run(tmp_path, "hostapd", mode, fragment_size)
    assert outcome.ends == ["COMPLETED"], outcome
    assert outcome.has_event(event)
    assert line in outcome.log
