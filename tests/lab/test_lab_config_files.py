# SPDX-License-Identifier: BSD-3-Clause
"""hostapd.conf and wpa_supplicant.conf, as they are, run by the agent under its commands of the same options.

The agent's access point against the agent's station and Debian's, the agent's station against Debian's hostapd; what
either has learnt and written into its file is then run by Debian's own program.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest
from tests.lab.network import NetNamespace, interface_address, set_address
from tests.lab.peers import ControlInterface, Hostapd, PeerProcess, WpaSupplicant, new_folder, wait_until

from wpsagent.config.hostapd_file import rewrite
from wpsagent.octets import Ssid
from wpsagent.wsc.credential import NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

LAB = {"radios": 2, "time_travel": True, "time_limit": 300.0}

AP, STATION = "wlan0", "wlan1"
PASSPHRASE = "12345678"

HOSTAPD_CONF = f"""\
driver=nl80211
interface={AP}
hw_mode=g
channel=1
ssid=wps-test
auth_algs=1
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase={PASSPHRASE}
ctrl_interface=/var/run/hostapd
eap_server=1
wps_state=2
ap_setup_locked=1
wps_pin_requests=/var/run/hostapd.pin-req
device_name=Wireless AP
manufacturer=Company
model_name=WAP
model_number=123
serial_number=12345
device_type=6-0050F204-1
os_version=01020300
config_methods=label display push_button keypad
uuid=87654321-9abc-def0-1234-56789abc0000
"""

WPA_SUPPLICANT_CONF = """\
# what this device knows
ctrl_interface=DIR=/var/run/wpa_supplicant GROUP=root
update_config=1
device_name=Wireless Client
manufacturer=Company
model_name=cmodel
model_number=123
serial_number=12345
device_type=1-0050F204-1
os_version=01020300
config_methods=virtual_display virtual_push_button keypad
"""


class InBackground:
    """wps-agent hostapd -B …, or wps-agent supplicant -B …: a command that returns, and what it leaves running."""

    def __init__(self, name: str, *words: str, namespace: NetNamespace | None = None) -> None:
        self.folder = new_folder(name)
        self.log_path, self.pid_path = self.folder / "log", self.folder / "pid"
        program = str(Path(sys.executable).with_name("wps-agent"))
        options = ("-B", "-P", str(self.pid_path), "-f", str(self.log_path))
        self.done = subprocess.run(
            [*(namespace.prefix if namespace else ()), program, name, *options, *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def __enter__(self) -> Self:
        assert (self.done.returncode, self.done.stderr) == (0, ""), f"{self.done}\n{self.log}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(f"--- {self.folder.name} ---\n{self.log}")
        self.stop()
        assert PASSPHRASE not in self.log

    @property
    def log(self) -> str:
        return self.log_path.read_text() if self.log_path.exists() else ""

    @property
    def pid(self) -> int:
        return int(self.pid_path.read_text())

    def stop(self) -> None:
        """The PID file ends with the process."""
        if self.pid_path.exists():
            os.kill(self.pid, signal.SIGTERM)
            wait_until(lambda: not self.pid_path.exists(), 20.0, lambda: f"the PID file stays:\n{self.log}")


def hostapd_conf(text: str = HOSTAPD_CONF) -> Path:
    path = new_folder("conf") / "hostapd.conf"
    path.write_text(text)
    path.chmod(0o640)
    return path


def supplicant_conf(text: str = WPA_SUPPLICANT_CONF) -> Path:
    path = new_folder("conf") / "wpa_supplicant.conf"
    path.write_text(text)
    path.chmod(0o600)
    return path


@contextmanager
def two_devices() -> Iterator[NetNamespace]:
    """The station's radio in a namespace of its own."""
    with NetNamespace("station") as namespace:
        namespace.take_radio(STATION)
        yield namespace


def ping(namespace: NetNamespace) -> None:
    set_address(AP, "10.9.0.1/24")
    namespace.set_address(STATION, "10.9.0.2/24")
    assert namespace.can_ping("10.9.0.1", count=3)


def tool(name: str, folder: str, *words: str) -> str:
    """What hostapd_cli or wpa_cli of Debian prints."""
    done = subprocess.run([name, "-p", folder, *words], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout


def test_both_files_unmodified_in_the_background_push_button_and_ping() -> None:
    ap_file, station_file = hostapd_conf(), supplicant_conf()
    with (
        two_devices() as namespace,
        InBackground("hostapd", str(ap_file)),
        InBackground(
            "supplicant", "-i", STATION, "-Dnl80211,wext", "-c", str(station_file), namespace=namespace
        ) as station_agent,
    ):
        assert tool("hostapd_cli", "/var/run/hostapd", "-i", AP, "ping") == "PONG\n"
        assert tool("wpa_cli", "/var/run/wpa_supplicant", "-i", STATION, "ping") == "PONG\n"
        assert tool("hostapd_cli", "/var/run/hostapd", "-i", AP, "wps_pbc") == "OK\n"
        control = ControlInterface(Path("/var/run/wpa_supplicant") / STATION)
        control.expect_ok("WPS_PBC")
        control.wait_event("CTRL-EVENT-CONNECTED", 60.0)
        ping(namespace)
        control.close()
        written = station_file.read_text()
        assert written.startswith(WPA_SUPPLICANT_CONF)
        assert f'psk="{PASSPHRASE}"' in written
        assert ap_file.read_text() == HOSTAPD_CONF
        assert Path(f"/proc/{station_agent.pid}").exists()
    # What was learnt is right for Debian's wpa_supplicant, too.
    with two_devices() as namespace, PeerProcess("hostapd", ["hostapd", "-t", str(ap_file)], new_folder("reference")):
        command = ["wpa_supplicant", "-t", "-D", "nl80211", "-i", STATION, "-c", str(station_file)]
        with PeerProcess("wpa_supplicant", command, new_folder("reference"), namespace=namespace) as reference:
            reference.wait_log("CTRL-EVENT-CONNECTED", 60.0)


def test_our_hostapd_serves_debians_station() -> None:
    with (
        two_devices() as namespace,
        InBackground("hostapd", str(hostapd_conf())),
        WpaSupplicant(STATION, namespace=namespace) as station,
    ):
        assert tool("hostapd_cli", "/var/run/hostapd", "-i", AP, "wps_pbc") == "OK\n"
        station.press_button()
        station.wait_connected(60.0)
        assert f'psk="{PASSPHRASE}"' in station.saved_config
        ping(namespace)


def test_our_supplicant_joins_debians_access_point() -> None:
    station_file = supplicant_conf()
    with (
        two_devices() as namespace,
        Hostapd(AP, passphrase=PASSPHRASE) as access_point,
        InBackground("supplicant", f"-i{STATION}", f"-c{station_file}", namespace=namespace),
    ):
        access_point.press_button()
        control = ControlInterface(Path("/var/run/wpa_supplicant") / STATION)
        control.expect_ok("WPS_PBC")
        control.wait_event("CTRL-EVENT-CONNECTED", 60.0)
        ping(namespace)
        control.close()


def test_a_file_that_may_not_be_written_stays_and_the_network_works() -> None:
    text = WPA_SUPPLICANT_CONF.replace("update_config=1\n", "")
    station_file = supplicant_conf(text)
    with (
        two_devices() as namespace,
        Hostapd(AP, passphrase=PASSPHRASE) as access_point,
        InBackground("supplicant", "-i", STATION, "-c", str(station_file), namespace=namespace) as agent,
    ):
        access_point.press_button()
        control = ControlInterface(Path("/var/run/wpa_supplicant") / STATION)
        control.expect_ok("WPS_PBC")
        control.wait_event("CTRL-EVENT-CONNECTED", 60.0)
        control.close()
        assert station_file.read_text() == text
        assert agent.log.count("without update_config=1") == 1


@pytest.mark.parametrize("ssid", [b"new name", b"\xff\x00 new"])
def test_what_was_written_back_is_run_by_debians_hostapd(ssid: bytes) -> None:
    settings = NetworkSettings(Ssid(ssid), AuthenticationType.WPA2_PERSONAL, EncryptionType.AES, b"another passphrase")
    path = hostapd_conf(rewrite(rewrite(HOSTAPD_CONF, settings), settings))
    network = f'network={{\nssid={ssid.hex()}\npsk="another passphrase"\n}}\n'
    with (
        two_devices() as namespace,
        PeerProcess("hostapd", ["hostapd", "-t", str(path)], new_folder("reference")) as access_point,
    ):
        access_point.wait_log("AP-ENABLED")
        with WpaSupplicant(STATION, namespace=namespace, config=network) as station:
            station.wait_connected(60.0)


def wait_written(path: Path, line: str, agent: InBackground) -> str:
    """The text of a configuration that has got this line."""
    wait_until(lambda: f"\n{line}\n" in path.read_text(), 60.0, lambda: f"no {line}:\n{path.read_text()}\n{agent.log}")
    return path.read_text()


def test_a_registrars_settings_are_written_back_and_debians_hostapd_runs_them() -> None:
    path = hostapd_conf(HOSTAPD_CONF.replace("ap_setup_locked=1", "ap_setup_locked=0\nap_pin=12345670"))
    with two_devices() as namespace:
        with (
            InBackground("hostapd", str(path)) as agent,
            WpaSupplicant(STATION, namespace=namespace) as station,
        ):
            new = (b"another name".hex(), "WPA2PSK", "CCMP", b"another passphrase".hex())
            station.control.expect_ok(" ".join(("WPS_REG", interface_address(AP), "12345670", *new)))
            station.wait_connected(60.0)
            ping(namespace)
            text = wait_written(path, "ssid=another name", agent)
            assert "another passphrase" not in agent.log
        assert text.startswith("# WPS configuration - START\nwps_state=2\nssid=another name\nwpa=2\n")
        assert "\n#WPS# ssid=wps-test\n" in text
        assert f"\n#WPS# wpa_passphrase={PASSPHRASE}\n" in text
        assert text.endswith("\nuuid=87654321-9abc-def0-1234-56789abc0000\n")
        assert path.stat().st_mode & 0o777 == 0o640
        network = 'network={\nssid="another name"\npsk="another passphrase"\n}\n'
        with (
            PeerProcess("hostapd", ["hostapd", "-t", str(path)], new_folder("reference")),
            WpaSupplicant(STATION, namespace=namespace, config=network) as station,
        ):
            station.wait_connected(60.0)


def test_an_unconfigured_access_point_configures_itself_and_its_file() -> None:
    lines = (line for line in HOSTAPD_CONF.split("\n") if not line.startswith(("wpa", "rsn_")))
    path = hostapd_conf("\n".join(lines).replace("wps_state=2", "wps_state=1"))
    with two_devices() as namespace:
        with (
            InBackground("hostapd", str(path)) as agent,
            WpaSupplicant(STATION, namespace=namespace) as station,
        ):
            assert tool("hostapd_cli", "/var/run/hostapd", "-i", AP, "wps_pbc") == "OK\n"
            station.press_button()
            text = wait_written(path, "wps_state=2", agent)
            station.wait_connected(60.0)
            ping(namespace)
        assert "\n#WPS# wps_state=1\n" in text
        network = station.saved_config.partition("network=")[1:]
        with (
            PeerProcess("hostapd", ["hostapd", "-t", str(path)], new_folder("reference")),
            WpaSupplicant(STATION, namespace=namespace, config="".join(network)) as station,
        ):
            station.wait_connected(60.0)


def test_hang_up_reads_the_file_again_and_a_wrong_one_changes_nothing() -> None:
    path = hostapd_conf()
    with InBackground("hostapd", str(path)) as agent:
        socket = Path("/var/run/hostapd") / AP
        path.write_text("ssid\n")
        os.kill(agent.pid, signal.SIGHUP)
        wait_until(lambda: "line 1: expected name=value" in agent.log, 10.0, lambda: agent.log)
        assert status(socket)["ssid[0]"] == "wps-test"
        path.write_text(HOSTAPD_CONF.replace("ssid=wps-test", "ssid=another"))
        os.kill(agent.pid, signal.SIGHUP)
        wait_until(lambda: "configuration reloaded" in agent.log, 20.0, lambda: agent.log)
        assert status(socket)["ssid[0]"] == "another"


def status(socket: Path) -> dict[str, str]:
    control = ControlInterface(socket)
    try:
        return control.values("STATUS")
    finally:
        control.close()


def test_an_interface_that_cannot_be_brought_up_is_told_by_the_exit_code() -> None:
    agent = InBackground("hostapd", str(hostapd_conf(HOSTAPD_CONF.replace(AP, "wlan9"))))
    assert agent.done.returncode == 1
    assert "could not be brought up: wlan9" in agent.log
    assert not agent.pid_path.exists()


def test_several_networks_and_files_are_one_access_point_each() -> None:
    second = "bss=wlan0_1\nssid=second\nctrl_interface=/run/second\nwpa=2\nwpa_passphrase=87654321\n"
    one = hostapd_conf(HOSTAPD_CONF + second)
    two = hostapd_conf(HOSTAPD_CONF.replace(AP, STATION).replace("ssid=wps-test", "ssid=third"))
    with InBackground("hostapd", "-g", "/run/global", str(one), str(two)):
        sockets = ("/var/run/hostapd/wlan0", "/run/second/wlan0_1", "/var/run/hostapd/wlan1", "/run/global")
        for socket in sockets:
            control = ControlInterface(Path(socket))
            assert control.request("PING") == "PONG"
            control.close()
        assert interface_address("wlan0_1") != interface_address(AP)
