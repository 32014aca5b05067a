# SPDX-License-Identifier: BSD-3-Clause
"""The Debian package in a Debian of its own: what it needs is there, it works, and nothing of it is left at the end."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.system.debian import Debian

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ROOT / "init" / "wps-agent.service"


def test_it_installs_works_and_is_purged_without_a_trace(package: Path, debian: Debian) -> None:
    assert not debian.files()
    debian.install(debian.take(package), "mosquitto")

    version = package.name.split("_")[1]
    assert debian.run("wps-agent", "--version") == f"wps-agent {version}\n"
    example = debian.run("cat", "/usr/share/doc/wps-agent/wps-agent.toml.example")
    assert debian.run("wps-agent", "config", "example") == example
    config = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\n'
    debian.write("/etc/wps-agent/wps-agent.toml", config)
    assert "is right: wlan0 (home)" in debian.run("wps-agent", "config", "check")
    # No radio in a folder: the doctor must say so, in words, with the libraries of this Debian.
    assert "wlan0" in debian.run("wps-agent", "doctor", code=1)
    # The whole way, in memory, with the libraries of this Debian.
    assert "is on the network" in debian.run("wps-agent", "run", "--simulate")

    debian.run("apt-get", "-q", "-y", "remove", "wps-agent")
    left = {path for path in debian.files() if "/deb-systemd-helper-" not in path}
    enabled, masked = (f"/etc/systemd/system/{folder}wps-agent.service" for folder in ("multi-user.target.wants/", ""))
    assert left == {"/etc/wps-agent", "/etc/wps-agent/wps-agent.toml", enabled, masked}
    debian.run("apt-get", "-q", "-y", "purge", "wps-agent")
    assert not debian.files()


def test_the_service_is_what_systemd_takes(tmp_path: Path) -> None:
    unit = tmp_path / "wps-agent.service"
    text = SERVICE.read_text().replace("/usr/bin/wps-agent", "/bin/true")
    unit.write_text("\n".join(line for line in text.splitlines() if not line.startswith("Documentation=")))
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_who_else_may_have_the_radio_is_started_first() -> None:
    """backend = "auto" and hand_over look whether they are there; hostapd cannot start where we have the network."""
    lines = (line for line in SERVICE.read_text().splitlines() if line.startswith("After="))
    before = {unit for line in lines for unit in line.removeprefix("After=").split()}
    assert {f"{name}.service" for name in ("hostapd", "wpa_supplicant", "NetworkManager", "iwd")} <= before


def test_the_service_may_give_its_sockets_to_a_group() -> None:
    """chown is among the privileged calls; giving a file to a group of one's own needs no capability."""
    filters = [line for line in SERVICE.read_text().splitlines() if line.startswith("SystemCallFilter=")]
    assert filters[-2:] == ["SystemCallFilter=~@privileged @resources", "SystemCallFilter=@chown"]


def test_the_service_has_little_it_could_do_harm_with() -> None:
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=30", str(SERVICE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "CapabilityBoundingSet=CAP_NET_ADMIN CAP_NET_RAW\n" in SERVICE.read_text()


@pytest.mark.parametrize("page", ["wps-agent.8", "wps-agent.toml.5"])
def test_the_manual_pages_are_what_man_takes(tmp_path: Path, page: str) -> None:
    subprocess.run([sys.executable, ROOT / "init" / "manual.py", tmp_path], check=True, timeout=60)
    command = ["groff", "-k", "-man", "-Tutf8", "-ww", "-rLL=200n", str(tmp_path / page)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "wps-agent" in done.stdout


def test_whoever_asks_the_writer_of_the_manual_for_help_gets_no_pages(tmp_path: Path) -> None:
    command: list[str | Path] = [sys.executable, ROOT / "init" / "manual.py", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.split()[0], list(tmp_path.iterdir())) == (0, "usage:", [])
