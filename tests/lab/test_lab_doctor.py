# SPDX-License-Identifier: BSD-3-Clause
"""The doctor on real parts: a healthy board, then one thing wrong at a time."""

import argparse
import fcntl
import json
import os
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.lab.hardware import GpioSim, LedClass
from tests.lab.network import run, wiphy_of
from tests.lab.peers import Agent, Hostapd, Mosquitto, WpaSupplicant

from wpsagent.cli.doctor import doctor

LAB = {"radios": 2, "time_limit": 240.0}

GPIO_GET_LINEEVENT_IOCTL = 0xC030B404
"""linux/gpio.h, struct gpioevent_request: offset, handle flags, event flags (u32), label[32], descriptor (s32)."""

RFKILL_TYPE_WLAN, RFKILL_OP_CHANGE_ALL = 1, 3

CONFIG = """
[agent]
control_socket = "/run/lab-agent/control"

[[access_point]]
interface = "wlan0"
ssid = "lab"
passphrase = "a secret passphrase"
channel = 1

[[button]]
backend = "gpiozero"
pin = 17

[[led]]
backend = "led_class"
name = "green:wps"

[mqtt]
host = "127.0.0.1"
"""


@dataclass
class Diagnosis:
    """What the doctor printed as JSON, by check, and its exit code."""

    exit_code: int
    levels: dict[str, str]
    texts: dict[str, str]
    remedies: dict[str, str]

    @property
    def problems(self) -> list[str]:
        return [check for check, level in self.levels.items() if level == "problem"]


Doctor = Callable[[str], Diagnosis]


@pytest.fixture
def diagnose(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Doctor:
    """Ask the doctor about a configuration; GPIO 17 is a released button."""
    GpioSim().line(17).release()
    path = tmp_path / "wps-agent.toml"

    def ask(config: str) -> Diagnosis:
        path.write_text(config)
        path.chmod(0o600)
        capsys.readouterr()
        exit_code = doctor(argparse.Namespace(config=str(path), json=True))
        findings = json.loads(capsys.readouterr().out)
        columns = ({f["check"]: f[name] for f in findings} for name in ("level", "text", "remedy"))
        return Diagnosis(exit_code, *columns)

    return ask


@pytest.fixture
def broker() -> Iterator[Mosquitto]:
    with Mosquitto() as broker:
        yield broker


@contextmanager
def linked(path: str, target: Path) -> Iterator[None]:
    """A peer's folder at the place where the system has it."""
    Path(path).symlink_to(target)
    try:
        yield
    finally:
        Path(path).unlink()


def block_all_radios(is_blocked: bool) -> None:
    """linux/rfkill.h, struct rfkill_event: index (u32), type, operation, soft, hard (u8)."""
    Path("/dev/rfkill").write_bytes(struct.pack("=IBBBB", 0, RFKILL_TYPE_WLAN, RFKILL_OP_CHANGE_ALL, is_blocked, 0))


@contextmanager
def held_by_another_program(chip: GpioSim, number: int) -> Iterator[None]:
    with chip.device.open("rb") as device:
        request = struct.pack("@III32si", number, 1, 3, b"another", 0)
        descriptor = struct.unpack("@III32si", fcntl.ioctl(device, GPIO_GET_LINEEVENT_IOCTL, request))[4]
    try:
        yield
    finally:
        os.close(descriptor)


def test_healthy_board_has_no_problem(diagnose: Doctor, broker: Mosquitto) -> None:
    led = LedClass()
    led.write("trigger", "heartbeat")
    found = diagnose(CONFIG)
    assert (found.exit_code, found.problems) == (0, [])
    assert found.levels == {
        "configuration": "ok",
        "agent": "warning",
        "permissions": "ok",
        "radios": "ok",
        "interface wlan0": "ok",
        "rfkill wlan0": "ok",
        "channel wlan0": "ok",
        "owner wlan0": "ok",
        "board profile": "ok",
        "button 17": "ok",
        "LED green:wps": "ok",
        "broker": "ok",
    }
    assert found.texts["channel wlan0"].startswith("channel 1 (2412 MHz) is allowed by the rules of the world")
    assert found.texts["broker"] == "127.0.0.1:1883 takes us"
    assert led.trigger == "heartbeat"  # as it was
    led.write("trigger", "none")
    with held_by_another_program(GpioSim(), 17):
        pass  # given back


def test_running_agent_owns_what_it_needs(diagnose: Doctor, broker: Mosquitto) -> None:
    with Agent(CONFIG):
        found = diagnose(CONFIG)
    assert (found.exit_code, found.problems) == (0, [])
    assert found.texts["agent wlan0"] == "its network is up on channel 1"
    assert found.texts["owner wlan0"] == "the running wps-agent has it"
    assert found.texts["button 17"] == found.texts["LED green:wps"] == "in use by the running agent"


def test_running_agent_says_why_its_network_is_down(diagnose: Doctor, broker: Mosquitto) -> None:
    with Hostapd("wlan0"), Agent(CONFIG):
        found = diagnose(CONFIG)
    assert found.exit_code == 1
    assert found.problems == ["agent wlan0", "owner wlan0"]
    assert "its network is down: wlan0 is an access point already (network reference)" in found.texts["agent wlan0"]


def test_blocked_radio_and_the_remedy_that_lifts_it(diagnose: Doctor, broker: Mosquitto) -> None:
    block_all_radios(True)
    try:
        found = diagnose(CONFIG)
        assert (found.exit_code, found.problems) == (1, ["rfkill wlan0"])
        assert found.texts["rfkill wlan0"] == f"{wiphy_of('wlan0')} is blocked by software"
        by_file = found.remedies["rfkill wlan0"].split("or: ")[1].split(";")[0]
        subprocess.run(["sh", "-c", by_file], check=True)
        assert diagnose(CONFIG).problems == []
    finally:
        block_all_radios(False)


def test_hostapd_on_its_control_socket_is_named(diagnose: Doctor, broker: Mosquitto) -> None:
    with Hostapd("wlan0") as hostapd, linked("/run/hostapd", hostapd.folder / "control"):
        found = diagnose(CONFIG)
    assert (found.exit_code, found.problems) == (1, ["owner wlan0"])
    assert found.texts["owner wlan0"] == "hostapd has it and answers on /run/hostapd/wlan0"
    assert "hostapd" in found.remedies["owner wlan0"]


def test_hostapd_without_a_socket_is_found_by_its_beacons(diagnose: Doctor, broker: Mosquitto) -> None:
    with Hostapd("wlan0") as hostapd:
        found = diagnose(CONFIG)
        process = f"hostapd, perhaps (process {hostapd.pid})"
    assert found.problems == ["owner wlan0"]
    assert found.texts["owner wlan0"] == f"it is an access point already (network reference), run by {process}"


def test_wpa_supplicant_is_named_by_socket_and_by_process(diagnose: Doctor, broker: Mosquitto) -> None:
    with WpaSupplicant("wlan0") as supplicant:
        by_process = diagnose(CONFIG)
        with linked("/run/wpa_supplicant", supplicant.folder / "control"):
            by_socket = diagnose(CONFIG)
    assert by_process.texts["owner wlan0"] == f"wpa_supplicant (process {supplicant.pid}) was started for it"
    assert by_socket.texts["owner wlan0"] == "wpa_supplicant has it and answers on /run/wpa_supplicant/wlan0"
    assert by_socket.remedies["owner wlan0"].startswith("wpa_cli -i wlan0 terminate")


def test_neighbour_on_another_channel_is_a_warning(diagnose: Doctor, broker: Mosquitto) -> None:
    config = CONFIG.replace('"wlan0"', '"ap0"\ncreate_on = "wlan1"').replace("channel = 1\n", "channel = 6\n")
    with Hostapd("wlan1"):
        found = diagnose(config)
    assert (found.exit_code, found.problems) == (0, [])
    assert found.levels["channel ap0"] == "warning"
    assert found.texts["channel ap0"].startswith("wlan1 on the same radio is on channel 1, not 6")


def test_busy_gpio_line_is_a_problem(diagnose: Doctor, broker: Mosquitto) -> None:
    with held_by_another_program(GpioSim(), 17):
        found = diagnose(CONFIG)
    assert (found.exit_code, found.problems) == (1, ["button 17"])
    assert found.texts["button 17"].startswith("GPIO 17 is busy: ")
    assert found.remedies["button 17"] == "stop that, or take another pin"


def test_button_of_the_wrong_polarity_reads_as_pressed(diagnose: Doctor, broker: Mosquitto) -> None:
    found = diagnose(CONFIG.replace("pin = 17", "pin = 17\nactive_low = false"))
    assert found.levels["button 17"] == "warning"
    assert "active_low" in found.remedies["button 17"]


def test_led_of_another_name_is_a_problem(diagnose: Doctor, broker: Mosquitto) -> None:
    found = diagnose(CONFIG.replace("green:wps", "blue:wps"))
    assert found.problems == ["LED blue:wps"]
    assert found.texts["LED blue:wps"] == "no LED named blue:wps; there are: green:wps"


def test_broker_that_is_down_is_a_problem(diagnose: Doctor) -> None:
    found = diagnose(CONFIG)
    assert (found.exit_code, found.problems) == (1, ["broker"])
    assert found.texts["broker"] == "127.0.0.1:1883 refused the connection: no broker listens there"


def test_channel_that_the_world_forbids_is_a_problem(diagnose: Doctor, broker: Mosquitto) -> None:
    found = diagnose(CONFIG.replace("channel = 1\n", "channel = 13\n"))
    assert found.problems == ["channel wlan0"]
    assert "iw reg set CC" in found.remedies["channel wlan0"]


def test_missing_and_wired_interfaces_are_told_apart(diagnose: Doctor, broker: Mosquitto) -> None:
    run("ip", "link", "add", "eth7", "type", "bridge")
    missing = diagnose(CONFIG.replace("wlan0", "wlan7"))
    wired = diagnose(CONFIG.replace("wlan0", "eth7"))
    assert missing.texts["interface wlan7"] == "there is no interface wlan7 (wireless ones: wlan0, wlan1)"
    assert wired.texts["interface eth7"].startswith("eth7 is not a wireless interface")
    assert missing.exit_code == wired.exit_code == 1
