# SPDX-License-Identifier: BSD-3-Clause
"""The agent's own end, wanted or not, and its refusals to start: signals, kill -9, and what another program holds."""

import fcntl
import os
import signal
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.lab.halting import HaltingSupplicant
from tests.lab.hardware import GpioSim, LedClass
from tests.lab.network import NetNamespace, interface_address, run
from tests.lab.peers import DEFAULT_CONTROL_SOCKET, Agent, Mosquitto, MqttRecorder, WpaSupplicant, wait_until

LAB = {"radios": 3, "time_travel": True, "time_limit": 180.0}

GPIO_GET_LINEEVENT_IOCTL = 0xC030B404
"""linux/gpio.h, struct gpioevent_request: offset, handle flags, event flags (u32), label[32], descriptor (s32)."""

PASSPHRASE = "correct horse battery"
AVAILABILITY = "wps-agent/lab/availability"

NETWORK = f"""
[agent]
node = "lab"
log_level = "debug"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "{PASSPHRASE}"
channel = 1
"""
MQTT = """
[mqtt]
host = "127.0.0.1"
"""
LED = """
[[led]]
backend = "led_class"
name = "green:wps"
"""
BUTTON = """
[[button]]
backend = "gpiozero"
pin = 17
"""


@pytest.fixture(scope="module")
def namespace() -> Iterator[NetNamespace]:
    with NetNamespace("station") as namespace:
        namespace.take_radio("wlan1")
        yield namespace


@pytest.fixture(autouse=True)
def radio_as_at_boot() -> None:
    """An agent that was killed could not give its interface back."""
    run("ip", "link", "set", "wlan0", "down")
    run("iw", "dev", "wlan0", "set", "type", "managed")


def has_access_point() -> bool:
    return "ssid" in run("iw", "dev", "wlan0", "info")


def is_heard() -> bool:
    """Whether the third radio hears a beacon of ours."""
    run("ip", "link", "set", "wlan2", "up")
    heard = run("iw", "dev", "wlan2", "scan", "-u", "freq", "2412", "flush", "passive")
    return interface_address("wlan0") in heard


def is_as_it_was() -> bool:
    """The interface is a station's again, and down, as at boot."""
    is_up = "UP" in run("ip", "link", "show", "wlan0").partition(">")[0].partition("<")[2].split(",")
    return "type managed" in run("iw", "dev", "wlan0", "info") and not is_up


def enrol(agent: Agent, station: WpaSupplicant) -> None:
    agent.control.expect_ok("WPS_PBC")
    station.press_button()
    station.wait_connected(60.0)
    agent.control.wait_event("AP-STA-CONNECTED")
    station.control.forget_events()


# ---- killed


def test_killed_in_the_middle_of_a_run_its_access_point_is_gone_and_the_next_agent_serves_at_once(
    namespace: NetNamespace,
) -> None:
    agent = Agent(NETWORK)
    with HaltingSupplicant("wlan1", "WPS: Building Message M3", namespace=namespace) as station:
        with agent:
            assert is_heard()
            agent.control.expect_ok("WPS_PBC")
            station.press_button()
            station.wait_halted()
            agent.kill()
            wait_until(lambda: not has_access_point(), 1.0, "the access point outlives its agent")
            assert not is_heard()
        with Agent(NETWORK) as successor:
            assert is_heard()
            station.go_on()
            successor.control.expect_ok("WPS_PBC")
            station.wait_connected(120.0)
            assert f'psk="{PASSPHRASE}"' in station.saved_config
            assert "Traceback" not in successor.log


def test_a_station_of_a_killed_agent_reconnects_to_the_next_by_itself(namespace: NetNamespace) -> None:
    with WpaSupplicant("wlan1", namespace=namespace) as station:
        with Agent(NETWORK) as agent:
            enrol(agent, station)
            agent.kill()
        with Agent(NETWORK) as successor:
            started = time.monotonic()
            station.wait_connected(60.0)
            assert time.monotonic() - started < 30.0
            successor.control.read_events()
            assert station.is_connected


# ---- told to end


def test_sigterm_sends_stations_away_restores_the_led_and_says_offline(namespace: NetNamespace) -> None:
    led = LedClass()
    led.write("trigger", "timer")
    led.write("delay_on", "300")
    led.write("delay_off", "700")
    with (
        Mosquitto(1883),
        MqttRecorder(1883, AVAILABILITY) as recorder,
        WpaSupplicant("wlan1", namespace=namespace) as station,
        Agent(NETWORK + LED + MQTT) as agent,
    ):
        enrol(agent, station)
        wait_until(lambda: led.brightness and led.trigger == "none", 5.0, "the LED does not show the success")
        recorder.wait_message(AVAILABILITY, "online")
        started = time.monotonic()
        agent.process.send_signal(signal.SIGTERM)
        told = station.control.wait_event("CTRL-EVENT-DISCONNECTED", 3.0)
        assert agent.process.wait(3.0) == 0
        assert time.monotonic() - started < 3.0
        assert told.text == f"CTRL-EVENT-DISCONNECTED bssid={interface_address('wlan0')} reason=3"
        assert told.time - started < 1.0
        recorder.wait_message(AVAILABILITY, "offline", 1.0)
        assert (led.trigger, led.read("delay_on"), led.read("delay_off")) == ("timer", "300", "700")
        assert is_as_it_was()
        assert not Path(DEFAULT_CONTROL_SOCKET).exists()
    led.write("trigger", "none")


def test_sigterm_is_obeyed_in_time_though_the_broker_is_stuck(namespace: NetNamespace) -> None:
    with (
        Mosquitto(1883) as broker,
        WpaSupplicant("wlan1", namespace=namespace) as station,
        Agent(NETWORK + MQTT) as agent,
    ):
        enrol(agent, station)
        broker.process.send_signal(signal.SIGSTOP)
        started = time.monotonic()
        agent.process.send_signal(signal.SIGTERM)
        station.control.wait_event("CTRL-EVENT-DISCONNECTED", 1.0)
        assert agent.process.wait(5.0) == 0
        assert time.monotonic() - started < 3.0
        broker.process.send_signal(signal.SIGCONT)


def test_sigterm_in_an_open_window_ends_it(namespace: NetNamespace) -> None:
    with (
        HaltingSupplicant("wlan1", "WPS: Building Message M3", namespace=namespace) as station,
        Agent(NETWORK) as agent,
    ):
        agent.control.expect_ok("WPS_PBC")
        station.press_button()
        station.wait_halted()
        started = time.monotonic()
        assert agent.stop() == 0
        assert time.monotonic() - started < 3.0
        assert is_as_it_was()
        assert "Traceback" not in agent.log


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: str(number.name))
def test_a_signal_twice_is_one_orderly_end(namespace: NetNamespace, number: signal.Signals) -> None:
    with Agent(NETWORK) as agent:
        agent.process.send_signal(number)
        agent.process.send_signal(number)
        assert agent.process.wait(3.0) == 0
        assert "Traceback" not in agent.log
        assert "agent stopping" in agent.log
    assert is_as_it_was()


# ---- what another program holds, and what is not allowed


@contextmanager
def held_by_another_program(number: int) -> Iterator[None]:
    with GpioSim().device.open("rb") as device:
        request = struct.pack("@III32si", number, 1, 3, b"another", 0)
        descriptor = struct.unpack("@III32si", fcntl.ioctl(device, GPIO_GET_LINEEVENT_IOCTL, request))[4]
    try:
        yield
    finally:
        os.close(descriptor)


def refusal(config: str, *arguments: str) -> str:
    """What an agent that does not start says, to the last line; it ends with 1."""
    with Agent(config, arguments=arguments, is_awaited=False) as agent:
        assert agent.process.wait(30.0) == 1
        assert "Traceback" not in agent.log
        return agent.log


def test_a_second_agent_on_one_control_socket_is_refused_and_the_first_goes_on() -> None:
    with Agent(NETWORK) as first:
        said = refusal(NETWORK.replace("wlan0", "wlan2"))
        assert f"wps-agent: control socket {DEFAULT_CONTROL_SOCKET}: another wps-agent is running" in said
        assert first.control.request("PING") == "PONG"
        assert "type managed" in run("iw", "dev", "wlan2", "info")


def test_a_second_agent_on_one_interface_says_so_and_takes_over_when_the_first_ends() -> None:
    other = NETWORK.replace("[agent]", '[agent]\ncontrol_socket = "/run/other-agent/control"')
    with Agent(NETWORK) as first, Agent(other) as second:
        second.wait_log("wlan0 is an access point already")
        assert has_access_point()
        assert first.control.request("PING") == "PONG"
        assert first.stop() == 0
        second.control.wait_event("AP-ENABLED", 60.0)
        assert has_access_point()


def test_a_busy_gpio_line_is_named_and_nothing_is_touched() -> None:
    with held_by_another_program(17):
        said = refusal(NETWORK + BUTTON)
    assert "wps-agent: button 17: GPIO 17 is busy" in said
    assert is_as_it_was()
    assert not Path(DEFAULT_CONTROL_SOCKET).exists()


def test_an_led_that_is_not_there_is_named_and_nothing_is_touched() -> None:
    said = refusal(NETWORK + LED.replace("green:wps", "red:wps"))
    assert "wps-agent: LED red:wps: " in said
    assert is_as_it_was()


WRONG = f"""
[agent]
node = "a/b"
log_level = "loud"

[[access_point]]
interface = "wlan0"
ssid = "wps-agent lab"
passphrase = "short"
chanel = 1

[[access_point]]
interface = "wlan0"
ssid = "{"x" * 33}"
security = "wep"

[mqtt]
host = "127.0.0.1"
port = 0
"""


def test_a_wrong_configuration_is_listed_whole_and_nothing_is_touched() -> None:
    said = refusal(WRONG)
    assert "wps-agent: the configuration is wrong:" in said
    for name in (
        "agent.node",
        "agent.log_level",
        "access_point[0].passphrase",
        "access_point[0].chanel",
        "access_point[1].ssid",
        "access_point[1].security",
        "mqtt.port",
    ):
        assert name in said
    assert "short" not in said
    assert is_as_it_was()
    assert not Path(DEFAULT_CONTROL_SOCKET).exists()


def test_a_configuration_that_is_not_there_is_named() -> None:
    assert "/run/nothing.toml" in refusal(NETWORK, "--config", "/run/nothing.toml")


class UnprivilegedAgent(Agent):
    """The agent as nobody."""

    @staticmethod
    def _command() -> list[str]:
        return ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", *Agent._command()]


def test_without_privileges_the_agent_says_what_it_lacks(tmp_path: Path) -> None:
    folder = Path("/run/nobody")
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    path = folder / "wps-agent.toml"
    path.write_text(NETWORK)
    os.chown(path, 65534, 65534)
    with UnprivilegedAgent(NETWORK, arguments=("--config", str(path)), is_awaited=False) as agent:
        assert agent.process.wait(30.0) == 1
        assert f"wps-agent: control socket {DEFAULT_CONTROL_SOCKET}: Permission denied" in agent.log
        assert "Traceback" not in agent.log
    path.write_text(NETWORK.replace("[agent]", f'[agent]\ncontrol_socket = "{folder}/control"'))
    with UnprivilegedAgent(NETWORK, arguments=("--config", str(path)), is_awaited=False) as agent:
        agent.wait_log("not permitted (run as root or with CAP_NET_ADMIN)")
        assert agent.stop() == 0
        assert "Traceback" not in agent.log
    assert is_as_it_was()
