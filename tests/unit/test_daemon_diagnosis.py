# SPDX-License-Identifier: BSD-3-Clause
"""The doctor's checks: every outcome, without a radio, a board or a broker."""

import asyncio
import logging
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.diagnosis_world import (
    ACCESS_POINT,
    AGENT_SOCKET,
    ALL_CAPABILITIES,
    CONFIG_PATH,
    World,
    agent_report,
    interface,
    wiphy,
)

from wpsagent.config.loader import parse
from wpsagent.config.model import MqttSettings
from wpsagent.daemon.diagnosis import CommandResult, Finding, Level, Ports, diagnose
from wpsagent.daemon.diagnosis.findings import ok, problem, skipped, split_advice, warning
from wpsagent.daemon.diagnosis.survey import ask, has_group, probe_broker, run_command, try_button, try_led
from wpsagent.io.control_socket import ControlSocket
from wpsagent.io.mqtt_words import explain
from wpsagent.io.nl80211.capabilities import RfkillState


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A board on which everything is in order, with one network on wlan0."""
    world = World(tmp_path)
    world.write("/proc/self/status", ALL_CAPABILITIES)
    return world


# ---- all of it


def test_healthy_board_is_told_check_by_check(world: World) -> None:
    assert world.findings() == [
        ok("configuration", f"{CONFIG_PATH}: home on wlan0"),
        warning(
            "agent",
            f"it is not running: nobody answers on {AGENT_SOCKET}",
            f"start it: wps-agent run --config {CONFIG_PATH}",
        ),
        ok("permissions", "root has CAP_NET_ADMIN and CAP_NET_RAW"),
        ok("radios", "phy0 (mt76x2u)"),
        ok("interface wlan0", "it is on phy0 (mt76x2u), which can be an access point"),
        ok("rfkill wlan0", "phy0 is not blocked"),
        ok("channel wlan0", "channel 6 (2437 MHz) is allowed by the country's rules"),
        ok("owner wlan0", "no other program has it"),
        skipped("board", "the configuration has no [[button]]: WPS starts by command only (wps-agent pbc)"),
        skipped("board", "the configuration has no [[led]]: nothing shows what goes on"),
        skipped("broker", "the configuration names none (no [mqtt])"),
    ]


def test_without_a_configuration_the_rest_is_looked_at_all_the_same(world: World) -> None:
    world.config = None
    world.wiphys = [wiphy(None, interface(), rfkill=RfkillState(is_soft_blocked=True))]
    levels = {finding.check: finding.level for finding in world.findings()}
    assert levels == {
        "configuration": Level.PROBLEM,
        "agent": Level.WARNING,
        "permissions": Level.OK,
        "radios": Level.OK,
        "interfaces": Level.SKIPPED,
        "rfkill phy0": Level.PROBLEM,
        "owner": Level.SKIPPED,
        "board": Level.SKIPPED,
        "broker": Level.SKIPPED,
    }


def test_check_that_fails_itself_is_a_finding_and_the_others_go_on(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.wiphys = ValueError("bad")
    finding = world.one("radios")
    assert (finding.level, finding.text) == (Level.PROBLEM, "this check failed itself: ValueError: bad")
    assert world.one("broker").level is Level.SKIPPED
    assert caplog.records[0].levelno == logging.ERROR
    assert caplog.records[0].exc_info is not None


def test_every_warning_and_problem_has_a_remedy(world: World) -> None:
    world.config = ACCESS_POINT + '[[button]]\nbackend = "gpiozero"\npin = 17\n[mqtt]\nhost = "broker"\n'
    world.wiphys, world.button, world.broker = [], "GPIO 17 cannot be used: odd", "odd"
    world.write("/proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0\n")
    bad = [finding for finding in world.findings() if finding.level in (Level.WARNING, Level.PROBLEM)]
    assert [finding.check for finding in bad] == ["agent", "permissions", "radios", "button 17", "broker"]
    assert all(finding.remedy for finding in bad)


# ---- configuration


def test_missing_configuration_says_how_to_make_one(world: World) -> None:
    world.config = None
    assert world.one("configuration").remedy.startswith(f"as root: wps-agent config example > {CONFIG_PATH}")


@pytest.mark.parametrize("path", [CONFIG_PATH, CONFIG_PATH.parent])
def test_configuration_that_may_not_be_read_wants_root(world: World, path: Path) -> None:
    world.forbidden = {str(path)}
    assert world.one("configuration") == problem(
        "configuration", f"{CONFIG_PATH}: no permission to read it", "run as root: sudo wps-agent doctor"
    )


def test_each_wrong_key_is_a_problem(world: World) -> None:
    world.config = ACCESS_POINT + 'hidden = true\nsecurity = "wep"\nchannel = 0\n'
    findings = world.of("configuration")
    assert [finding.level for finding in findings] == [Level.PROBLEM] * 3
    texts = "\n".join(finding.text for finding in findings)
    assert "WPS forbids hidden networks" in texts
    assert "WEP is broken, and WPS forbids it" in texts
    assert str(CONFIG_PATH) not in texts


def test_secret_that_all_can_read_is_a_warning(world: World, tmp_path: Path) -> None:
    path = tmp_path / "open.toml"
    path.write_text(ACCESS_POINT)
    path.chmod(0o644)

    async def collect() -> list[Finding]:
        ports = Ports(root=world.root, discover=world.ports().discover, run=world.ports().run)
        return [finding async for finding in diagnose(path, ports) if finding.check == "configuration"]

    assert asyncio.run(collect())[1] == warning(
        "configuration",
        f"{path}: everyone on this device can read the secrets in it",
        "chmod 600 it, or use the …_file keys",
    )


def test_configuration_without_wps_is_a_warning(world: World) -> None:
    world.config = ACCESS_POINT + "wps = false\n"
    assert world.of("configuration")[1].level is Level.WARNING


# ---- the agent


@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("/run/systemd/system/x", "systemctl start wps-agent"),
        ("/etc/init.d/wps-agent", "/etc/init.d/wps-agent start"),
        ("/etc/hostname", f"wps-agent run --config {CONFIG_PATH}"),
    ],
)
def test_agent_that_is_not_running_is_started_as_the_system_does_it(world: World, path: str, command: str) -> None:
    world.write(path)
    assert world.one("agent").remedy == f"start it: {command}"


def test_socket_without_an_agent_behind_it_is_no_agent(world: World) -> None:
    world.write(AGENT_SOCKET)
    assert world.one("agent").level is Level.WARNING


@pytest.mark.parametrize("path", [AGENT_SOCKET, "/run/wps-agent"])
def test_agent_that_may_not_be_asked(world: World, path: str) -> None:
    world.listen(AGENT_SOCKET, agent_report())
    world.forbidden = {path}
    assert world.one("agent").text == f"no permission to ask it on {AGENT_SOCKET}"


def test_stuck_agent_is_a_problem(world: World) -> None:
    world.listen(AGENT_SOCKET, None)
    assert world.one("agent").level is Level.PROBLEM
    assert world.one("agent").text == f"it does not answer on {AGENT_SOCKET}: it is stuck"


@pytest.mark.parametrize("answer", ["UNKNOWN COMMAND\n", "{}", "[]", '{"access_points": [{}]}', '{"access_points": 1}'])
def test_stranger_on_the_agents_socket_is_a_problem(world: World, answer: str) -> None:
    world.listen(AGENT_SOCKET, answer)
    assert world.one("agent").text == f"who answers on {AGENT_SOCKET} does not speak as this wps-agent does"


def test_running_agent_has_its_network_and_its_board(world: World) -> None:
    world.config = ACCESS_POINT + '[[button]]\nbackend = "evdev"\n[[led]]\nbackend = "led_class"\n'
    world.listen(AGENT_SOCKET, agent_report())
    world.button = "must not be opened"
    assert world.one("agent") == ok("agent", "it is running (version 1.0, process 7)")
    assert world.one("agent wlan0") == ok("agent wlan0", "its network is up on channel 6")
    assert world.one("owner wlan0") == ok("owner wlan0", "the running wps-agent has it")
    assert world.one("button evdev") == ok("button evdev", "in use by the running agent")
    assert world.one("LED led_class") == ok("LED led_class", "in use by the running agent")


def test_board_of_a_stuck_agent_is_not_opened(world: World) -> None:
    world.config = ACCESS_POINT + '[[button]]\nbackend = "evdev"\n'
    world.listen(AGENT_SOCKET, None)
    assert world.one("button evdev").level is Level.SKIPPED


def test_network_that_is_down_is_a_problem_with_the_agents_reason(world: World) -> None:
    world.listen(AGENT_SOCKET, agent_report("failed", "wlan0 is taken: stop hostapd"))
    assert world.one("agent wlan0") == problem("agent wlan0", "its network is down: wlan0 is taken", "stop hostapd")
    world.listen(AGENT_SOCKET, agent_report("lost"))
    assert world.one("agent wlan0").text == "its network is down: it says no more than 'lost'"


def test_network_that_is_starting_is_a_warning(world: World) -> None:
    world.listen(AGENT_SOCKET, agent_report("starting"))
    assert world.one("agent wlan0").level is Level.WARNING


def test_agent_of_an_older_configuration_is_a_warning(world: World) -> None:
    world.listen(AGENT_SOCKET, agent_report(interface="wlan9"))
    assert world.of("agent")[1].text == "it runs wlan9, the configuration names wlan0"


# ---- permissions


def test_user_without_capabilities_is_a_problem_until_an_agent_runs(world: World) -> None:
    world.write("/proc/self/status", "Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0000000000001000\n")
    assert world.one("permissions").text == "this user lacks CAP_NET_RAW: no access point without"
    assert "sudo wps-agent doctor" in world.one("permissions").remedy
    world.listen(AGENT_SOCKET, agent_report())
    assert world.one("permissions").level is Level.WARNING


def test_root_without_capabilities_is_in_a_container(world: World) -> None:
    world.write("/proc/self/status", "Uid:\t0\t0\t0\t0\nCapEff:\t0000000000000000\n")
    assert world.one("permissions").text.startswith("root lacks CAP_NET_ADMIN and CAP_NET_RAW")
    assert "container" in world.one("permissions").remedy


@pytest.mark.parametrize("text", ["", "Uid:\t0\t0\n", "Uid:\t0\t0\nCapEff:\tnone\n", "Uid:\nCapEff:\t0\n"])
def test_unreadable_capabilities_are_skipped(world: World, text: str) -> None:
    world.write("/proc/self/status", text)
    assert world.one("permissions").level is Level.SKIPPED


def test_control_group_must_exist(world: World) -> None:
    world.config = '[agent]\ncontrol_group = "wps"\n' + ACCESS_POINT
    assert world.one("control group").text == "this device has no group 'wps': the agent will not start"
    world.groups = {"wps"}
    assert world.of("control group") == []


# ---- the board

GPIO = ACCESS_POINT + '[[button]]\nbackend = "gpiozero"\npin = 17\n'


def test_usable_button_and_led(world: World) -> None:
    world.config = GPIO + '[[led]]\nbackend = "led_class"\nname = "green:wps"\n'
    assert world.one("button 17") == ok("button 17", "it can be used (gpiozero)")
    assert world.one("LED green:wps") == ok("LED green:wps", "it can be used (led_class)")


def test_button_that_cannot_be_had_says_why_and_what_to_do(world: World) -> None:
    world.config = GPIO
    world.button = "GPIO 17 is busy: the kernel holds the line (`gpioinfo` tells which): stop that, or take another pin"
    assert world.one("button 17") == problem(
        "button 17",
        "GPIO 17 is busy: the kernel holds the line (`gpioinfo` tells which)",
        "stop that, or take another pin",
    )


def test_led_that_cannot_be_had_says_why_and_what_to_do(world: World) -> None:
    world.config = ACCESS_POINT + '[[led]]\nbackend = "led_class"\nname = "x"\n'
    world.led = "no LED named x; there are: green:wps"
    assert world.one("LED x") == problem("LED x", world.led, "correct its table in the configuration, or its wiring")


def test_button_that_reads_as_pressed_is_a_warning(world: World) -> None:
    world.config, world.button = GPIO, True
    assert world.one("button 17").text == "it reads as pressed now"
    assert world.one("button 17").remedy.startswith("if nobody holds it: set active_low the other way")
    world.config = ACCESS_POINT + '[[button]]\nbackend = "evdev"\n'
    assert "overlay" in world.one("button evdev").remedy


def test_uevent_button_needs_the_kernel_module_that_tells_it(world: World) -> None:
    world.config = ACCESS_POINT + '[[button]]\nbackend = "uevent"\n'
    assert world.one("button uevent").level is Level.WARNING
    world.write("/sys/module/gpio_button_hotplug/refcnt")
    assert world.one("button uevent").level is Level.OK


def test_device_nodes_that_may_not_be_opened_name_the_group(world: World) -> None:
    world.config = GPIO + '[[led]]\nbackend = "gpiozero"\npin = 27\n'
    world.write("/dev/gpiochip0")
    world.write("/dev/gpiochip1")
    world.forbidden = {"/dev/gpiochip0", "/dev/gpiochip1"}
    remedy = "run as root, or add the user to group gpio (SupplementaryGroups=gpio for a service)"
    text = "no permission for /dev/gpiochip0, /dev/gpiochip1"
    assert world.one("button 17") == problem("button 17", text, remedy)
    assert world.one("LED 27") == problem("LED 27", text, remedy)
    world.forbidden = {"/dev/gpiochip0"}
    assert world.one("button 17").level is Level.OK


@pytest.mark.parametrize("device", ["", 'device = "/dev/input/event2"\n'])
def test_input_devices_that_may_not_be_opened_name_the_group(world: World, device: str) -> None:
    world.config = ACCESS_POINT + f'[[button]]\nbackend = "evdev"\n{device}'
    world.write("/dev/input/event2")
    world.forbidden = {"/dev/input/event2"}
    [finding] = [finding for finding in world.findings() if finding.check.startswith("button")]
    assert finding.text == "no permission for /dev/input/event2"
    assert "group input" in finding.remedy


# ---- the broker

MQTT = ACCESS_POINT + '[mqtt]\nhost = "broker"\nusername = "me"\n'


def test_broker_that_takes_us(world: World) -> None:
    world.config = MQTT
    assert world.one("broker") == ok("broker", "broker:1883 takes us as me")
    world.config = ACCESS_POINT + '[mqtt]\nhost = "broker"\n[mqtt.tls]\ninsecure = true\n'
    assert world.one("broker") == ok("broker", "broker:8883 takes us with TLS")


def settings() -> MqttSettings:
    return MqttSettings("broker", 1883, None, None, None, "wps-agent", "node", 60, 100)


@pytest.mark.parametrize(
    ("reason", "remedy"),
    [
        (explain(ConnectionRefusedError(), settings()), "start the broker there"),
        (explain(OSError(-2, "Name or service not known"), settings()), "correct mqtt.host, or see to the name server"),
        (explain(TimeoutError(), settings()), "see whether the host is on and reachable"),
        (explain(FileNotFoundError(2, "x", "ca.pem"), settings()), "correct the files that [mqtt.tls] names"),
        ("the broker refused us: Not authorized", "correct mqtt.username and mqtt.password_file"),
        ("the certificate of broker:8883 is not trusted: expired", "name the certificate of the broker's authority"),
        ("the certificate of broker:8883 is not trusted: it has expired, or our clock is wrong", "renew the broker's"),
        (
            "the certificate of broker:8883 is not trusted: it is not for the name b, by which",
            "set mqtt.host to a name",
        ),
        ("broker:8883 wants a certificate of ours, and has got none", "name a certificate from the broker's authority"),
        ("broker:8883 refuses our certificate: it has expired", "have a certificate made by the broker's authority"),
        ("no TLS with broker:8883: WRONG_VERSION_NUMBER", "use the broker's TLS port"),
        ("broker:1883 did not answer within 5 s", "correct mqtt.port"),
        ("the connection to the broker was lost: x", "see the broker's log"),
    ],
)
def test_broker_that_refuses_us_says_why_and_what_to_do(world: World, reason: str, remedy: str) -> None:
    world.config, world.broker = MQTT, reason
    finding = world.one("broker")
    assert (finding.level, finding.text) == (Level.PROBLEM, reason)
    assert finding.remedy.startswith(remedy)


def test_missing_mqtt_library_is_a_problem(world: World) -> None:
    world.config, world.broker = MQTT, ModuleNotFoundError("No module named 'paho'", name="paho")
    assert world.one("broker").text == "paho is not installed"


def test_clock_that_was_never_set_is_a_warning_with_tls_only(world: World) -> None:
    world.wall_time = 3600.0
    world.config = MQTT + "[mqtt.tls]\n"
    assert world.of("broker")[0].text == "the clock says 1970-01-01: the broker's certificate will not be valid"
    world.config = MQTT
    assert world.one("broker").level is Level.OK


def test_agent_that_is_not_connected_although_the_broker_takes_us(world: World) -> None:
    world.config = MQTT
    world.listen(AGENT_SOCKET, agent_report(mqtt={"connected": False, "error": "no route"}))
    assert world.one("broker").level is Level.WARNING
    assert world.one("broker").text == "broker:1883 takes us, but the running agent is not connected: no route"
    world.listen(AGENT_SOCKET, agent_report(mqtt={"connected": True}))
    assert world.one("broker").level is Level.OK


def test_agent_that_a_broker_has_taken_and_does_not_let_speak(world: World) -> None:
    world.config = MQTT
    world.listen(AGENT_SOCKET, agent_report(mqtt={"connected": True, "error": "it refused a message of ours: busy"}))
    finding = world.one("broker")
    assert finding.level is Level.WARNING
    assert finding.text == "broker:1883 takes us, but it refused a message of ours: busy"
    assert "/#" in finding.remedy
    error = "it takes at most 1000 octets: homeassistant/device/a_b/config (6342) was left out"
    world.listen(AGENT_SOCKET, agent_report(mqtt={"connected": True, "error": error}))
    assert "larger packets" in world.one("broker").remedy


# ---- words, and the real ports


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a is busy: b: stop it, or take another", ("a is busy: b", "stop it, or take another")),
        ("x; chmod 600 it; use y", ("x", "chmod 600 it; use y")),
        ("nothing: to do", ("nothing: to do", "default")),
    ],
)
def test_advice_is_told_apart_from_what_happened(text: str, parts: tuple[str, str]) -> None:
    assert split_advice(text, "default") == parts


def test_command_gives_status_and_output_in_english() -> None:
    assert asyncio.run(run_command(("sh", "-c", "echo $LC_ALL; exit 3"))) == CommandResult(3, "C\n")
    assert asyncio.run(run_command(("sh", "-c", "echo no >&2; exit 1"))) == CommandResult(1, "no\n")


def test_command_that_cannot_be_run_gives_nothing(tmp_path: Path) -> None:
    assert asyncio.run(run_command(("no-such-program-anywhere",))) is None
    program = tmp_path / "program"
    program.write_bytes(b"\x00")
    program.chmod(0o755)
    assert asyncio.run(run_command((str(program),))) is None


def test_command_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wpsagent.daemon.diagnosis.survey.COMMAND_TIME", 0.05)
    assert asyncio.run(run_command((sys.executable, "-c", "import signal; signal.pause()"))) is None


def test_control_socket_is_asked(tmp_path: Path) -> None:
    async def body() -> str:
        server = ControlSocket(tmp_path / "control", lambda request: f"{request}!")
        server.open()
        try:
            return await ask(tmp_path / "control", "PING")
        finally:
            server.close()

    assert asyncio.run(body()) == "PING!"


def test_button_and_led_are_opened_and_given_back() -> None:
    configuration = parse(ACCESS_POINT + '[[button]]\nbackend = "simulated"\n[[led]]\nbackend = "simulated"\n')

    async def body() -> bool:
        try_led(configuration.leds[0])
        return try_button(configuration.buttons[0])

    assert asyncio.run(body()) is False


def test_broker_is_asked_for_real() -> None:
    """Port 1 of this machine: nobody listens there."""
    broker = replace(settings(), host="127.0.0.1", port=1)
    assert asyncio.run(probe_broker(broker)) == "127.0.0.1:1 refused the connection: no broker listens there"


def test_groups_of_this_device() -> None:
    assert has_group("root")
    assert has_group("4711")
    assert not has_group("no-such-group")
