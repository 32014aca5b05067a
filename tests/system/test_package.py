# SPDX-License-Identifier: BSD-3-Clause
"""The Debian package in a Debian of its own: what it needs is there, it works, and nothing of it is left at the end."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SERVICE = ROOT / "init" / "wps-agent.service"
BECOME: Sequence[str] = () if os.geteuid() == 0 else ("sudo", "-n")
SUITE = "bookworm"
"""The oldest Debian that is supported."""


def run(*command: str, timeout: float = 600.0, code: int = 0) -> str:
    """What a command says; its exit code must be this."""
    done = subprocess.run(
        [*BECOME, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == code, f"{' '.join(command)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


class Debian:
    """A folder with a Debian in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        run("debootstrap", "--variant=minbase", "--include=init-system-helpers", SUITE, str(folder))

    def run(self, *command: str, code: int = 0) -> str:
        return run("chroot", str(self.folder), "env", "DEBIAN_FRONTEND=noninteractive", *command, code=code)

    def files(self) -> set[str]:
        """What is there of us, but for the package manager's own records."""
        found = self.run("find", "/etc", "/usr", "/var", "/run", "-path", "*wps*agent*").split()
        return {path for path in found if "/dpkg/" not in path}


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    made = subprocess.run(
        [ROOT / "init" / "build-deb.sh", sys.executable, folder],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return Path(made.stdout.strip())


@pytest.fixture(scope="module")
def debian(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Debian]:
    folder = tmp_path_factory.mktemp("debian")
    try:
        yield Debian(folder)
    finally:
        run("rm", "-rf", str(folder))


def test_it_installs_works_and_is_purged_without_a_trace(package: Path, debian: Debian) -> None:
    shutil.copy(package, debian.folder / "tmp")
    debian.run("apt-get", "-q", "update")
    assert not debian.files()
    debian.run("apt-get", "-q", "-y", "install", "--no-install-recommends", f"/tmp/{package.name}", "mosquitto")

    version = package.name.split("_")[1]
    assert debian.run("wps-agent", "--version") == f"wps-agent {version}\n"
    example = debian.run("cat", "/usr/share/doc/wps-agent/wps-agent.toml.example")
    assert debian.run("wps-agent", "config", "example") == example
    config = debian.folder / "etc" / "wps-agent" / "wps-agent.toml"
    config.write_text('[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\n')
    assert "is right: wlan0 (home)" in debian.run("wps-agent", "config", "check")
    # No radio in a folder: the doctor must say so, in words, with the libraries of this Debian.
    assert "wlan0" in debian.run("wps-agent", "doctor", code=1)
    # The whole way, in memory, with the libraries of this Debian.
    assert "is on the network" in debian.run("wps-agent", "run", "--simulate")

    debian.run("apt-get", "-q", "-y", "remove", "wps-agent")
    assert debian.files() == {"/etc/wps-agent", "/etc/wps-agent/wps-agent.toml"}
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
    (line,) = (line for line in SERVICE.read_text().splitlines() if line.startswith("After="))
    assert {f"{name}.service" for name in ("hostapd", "wpa_supplicant", "NetworkManager", "iwd")} <= set(line.split())


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
