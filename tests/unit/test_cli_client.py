# SPDX-License-Identifier: BSD-3-Clause
"""The commands that talk to a running agent: what they ask it, what they tell the person, how they end."""

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli_agent import scripted_agent

from wpsagent.cli import client, main
from wpsagent.cli.asking import TYPING_ERROR
from wpsagent.cli.words import status_lines
from wpsagent.wsc.pin import PinCheck, check_pin

PRESSED = "the button is pressed for two minutes: press the WPS button of the other device now\n"

STATE: Mapping[str, Any] = {
    "node": "porch",
    "version": "0.1.0",
    "agent": "running",
    "state": "idle",
    "method": None,
    "group": None,
    "ends_at": None,
    "last_result": None,
    "access_points": [
        {
            "interface": "wlan0",
            "group": "main",
            "ssid": "home",
            "channel": 6,
            "state": "enabled",
            "reason": None,
            "stations": [],
        }
    ],
    "seconds_left": None,
    "mqtt": None,
    "pid": 4711,
}
NETWORK = STATE["access_points"][0]


def config_for(socket_path: Path, folder: Path) -> Path:
    """A configuration that names a control socket."""
    config = folder / "mine.toml"
    network = '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\nchannel = 6\n'
    config.write_text(f'[agent]\ncontrol_socket = "{socket_path}"\n{network}')
    return config


Captured = pytest.CaptureFixture[str]


@pytest.fixture
def path() -> Iterator[Path]:
    """A short one: a socket's path has at most 107 octets."""
    with tempfile.TemporaryDirectory(prefix="cli-") as folder:
        yield Path(folder) / "control"


def ask(path: Path, script: Mapping[str, str], *arguments: str) -> tuple[int, list[str]]:
    """The exit code of a command, and what it asked the agent."""
    with scripted_agent(path, script) as agent:
        code = main([*arguments, "--socket", str(path)])
    return code, agent.requests


# ---- pbc, cancel


@pytest.mark.parametrize(
    ("arguments", "request_text"),
    [
        (("pbc",), "WPS_PBC"),
        (("pbc", "wlan0"), "WPS_PBC wlan0"),
        (("cancel",), "WPS_CANCEL"),
        (("cancel", "main"), "WPS_CANCEL main"),
    ],
)
def test_a_press_or_a_cancel_is_one_request(
    path: Path, capsys: Captured, arguments: tuple[str, ...], request_text: str
) -> None:
    assert ask(path, {request_text: "OK\n"}, *arguments) == (0, [request_text])
    assert capsys.readouterr() == (PRESSED if arguments[0] == "pbc" else "cancelled\n", "")


@pytest.mark.parametrize("command", ["pbc", "cancel"])
def test_a_refusal_is_told_in_the_agents_words(path: Path, capsys: Captured, command: str) -> None:
    script = {"WHY": f"WPS_{command.upper()}: no network with WPS is up\n"}
    assert ask(path, script, command) == (1, [f"WPS_{command.upper()}", "WHY"])
    assert capsys.readouterr() == ("", "wps-agent: no network with WPS is up\n")


def test_a_press_that_would_be_an_overlap_has_its_exit_code(path: Path, capsys: Captured) -> None:
    script = {"WPS_PBC": "FAIL-PBC-OVERLAP\n", "WHY": "WPS_PBC: two devices pressed\n"}
    assert ask(path, script, "pbc")[0] == 4
    assert capsys.readouterr().err == "wps-agent: two devices pressed\n"


def test_a_reason_without_a_commands_name_is_told_whole(path: Path, capsys: Captured) -> None:
    assert ask(path, {"WHY": "nothing has failed\n"}, "pbc")[0] == 1
    assert capsys.readouterr().err == "wps-agent: nothing has failed\n"


def test_an_agent_that_does_not_know_the_command_is_not_taken_for_success(path: Path, capsys: Captured) -> None:
    assert ask(path, {"WPS_PBC": "UNKNOWN COMMAND\n"}, "pbc")[0] == 1
    assert capsys.readouterr() == (
        "",
        "wps-agent: the agent that answers is of another version: it does not know WPS_PBC\n",
    )


def test_an_answer_that_is_none_is_not_taken_for_success(path: Path, capsys: Captured) -> None:
    assert ask(path, {"WPS_PBC wlan0": "HELLO\n"}, "pbc", "wlan0")[0] == 1
    assert capsys.readouterr().err == "wps-agent: the agent gave an answer to WPS_PBC that is none: 'HELLO'\n"


@pytest.mark.parametrize("target", ["two words", "line\nend", "x" * 101])
def test_a_target_that_is_not_one_word_is_refused_before_the_agent_is_asked(
    path: Path, capsys: Captured, target: str
) -> None:
    assert ask(path, {}, "pbc", target) == (1, [])
    assert capsys.readouterr().err == f"wps-agent: {target[:100]!r} is not one word\n"


# ---- pin


@pytest.mark.parametrize(
    ("options", "request_text", "limit"),
    [
        ((), "WPS_PIN any 12345670 0", ""),
        (("--timeout", "300"), "WPS_PIN any 12345670 300", " for 300 s"),
        (
            ("--uuid", "12345678-9abc-def0-1234-56789abcdef0", "--mac", "02:00:00:00:00:01", "--target", "wlan0"),
            "IFNAME=wlan0 WPS_PIN 12345678-9abc-def0-1234-56789abcdef0 12345670 0 02:00:00:00:00:01",
            "",
        ),
    ],
)
def test_a_pin_is_checked_and_then_offered(
    path: Path, capsys: Captured, options: tuple[str, ...], request_text: str, limit: str
) -> None:
    assert ask(path, {request_text: "OK\n"}, "pin", "1234-5670", *options) == (0, [request_text])
    assert capsys.readouterr() == (f"the device with this PIN is admitted{limit}: start WPS on it now\n", "")


def test_a_pin_is_read_from_standard_input(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("1234 5670\nmore\n"))
    request = "WPS_PIN any 12345670 0"
    assert ask(path, {request: "OK\n"}, "pin", "-") == (0, [request])


@pytest.mark.parametrize(
    ("entered", "words"),
    [
        ("12345671", "the PIN's last digit does not fit the others: a typing error?"),
        ("123", "a PIN has 4 or 8 digits"),
        ("123456789", "a PIN has 4 or 8 digits"),
        ("letters", "a PIN has 4 or 8 digits"),
    ],
)
def test_a_wrong_pin_is_never_offered(path: Path, capsys: Captured, entered: str, words: str) -> None:
    assert ask(path, {}, "pin", entered) == (1, [])
    assert capsys.readouterr() == ("", f"wps-agent: {words}\n")


def test_without_a_pin_a_fresh_one_is_shown_and_offered(path: Path, capsys: Captured) -> None:
    code, requests = ask(path, {}, "pin")  # refused: the request tells which PIN was made
    assert code == 1
    _name, whom, pin, timeout = requests[0].split()
    assert (whom, timeout, check_pin(pin.encode())) == ("any", "0", PinCheck.VALID)
    capsys.readouterr()


def test_a_fresh_pin_is_told_in_words_and_in_json(
    path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "generate_pin", lambda _entropy: b"36612673")
    script = {"WPS_PIN any 36612673 300": "OK\n"}
    assert ask(path, script, "pin", "--timeout", "300")[0] == 0
    assert capsys.readouterr().out.startswith("PIN: 36612673\nenter it on the device that is to join; ")
    assert ask(path, script, "pin", "--timeout", "300", "--json")[0] == 0
    assert json.loads(capsys.readouterr().out) == {"admitted": True, "timeout_s": 300, "pin": "36612673"}


@pytest.mark.parametrize("entered", ["", "1" * 101, "1" * 9000], ids=len)
def test_no_pin_and_an_endless_one_are_refused_before_the_agent_is_asked(
    path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, entered: str
) -> None:
    assert ask(path, {}, "pin", entered) == (1, [])
    assert capsys.readouterr().err == "wps-agent: a PIN has 4 or 8 digits\n"
    if not entered:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        assert ask(path, {}, "pin", "-") == (1, [])


def test_a_refused_pin_is_not_repeated_to_the_person(path: Path, capsys: Captured) -> None:
    script = {"WPS_PIN any 12345670 0": "UNKNOWN COMMAND\n"}
    assert ask(path, script, "pin", "12345670")[0] == 1
    out, err = capsys.readouterr()
    assert (out, "12345670" in err, "WPS_PIN" in err) == ("", False, True)


# ---- check-pin, ap-pin


@pytest.mark.parametrize(
    ("entered", "code", "words", "values"),
    [
        ("1234-5670", 0, "12345670", {"valid": True, "pin": "12345670"}),
        ("1234", 0, "1234", {"valid": True, "pin": "1234"}),
        ("12345671", 5, TYPING_ERROR, {"valid": False, "reason": "check digit"}),
        ("123", 1, "a PIN has 4 or 8 digits", {"valid": False, "reason": "length"}),
    ],
)
def test_a_pins_digits_are_checked_without_an_agent(
    capsys: Captured, entered: str, code: int, words: str, values: Mapping[str, Any]
) -> None:
    assert main(["check-pin", entered]) == code
    assert capsys.readouterr().out == f"{words}\n"
    assert main(["check-pin", entered, "--json"]) == code
    assert json.loads(capsys.readouterr().out) == values


@pytest.mark.parametrize(
    ("arguments", "request_text", "reply", "told"),
    [
        (("show",), "WPS_AP_PIN get", "12345670", "12345670"),
        (("random",), "WPS_AP_PIN random 0", "12345670", "12345670"),
        (("random", "--timeout", "300"), "WPS_AP_PIN random 300", "12345670", "12345670"),
        (("set", "1234-5670"), "WPS_AP_PIN set 12345670 0", "12345670", "12345670"),
        (("set", "1234", "--timeout", "9"), "WPS_AP_PIN set 1234 9", "1234", "1234"),
        (("off",), "WPS_AP_PIN disable", "OK\n", "there is no AP PIN any more"),
    ],
)
def test_the_access_points_own_pin(
    path: Path, capsys: Captured, arguments: tuple[str, ...], request_text: str, reply: str, told: str
) -> None:
    script = {"AGENT_STATUS": json.dumps(STATE) + "\n", f"IFNAME=wlan0 {request_text}": reply}
    assert ask(path, script, "ap-pin", *arguments) == (0, ["AGENT_STATUS", f"IFNAME=wlan0 {request_text}"])
    assert capsys.readouterr().out == f"{told}\n"
    named = {f"IFNAME=wlan7 {request_text}": reply}
    assert ask(path, named, "ap-pin", *arguments, "--interface", "wlan7", "--json")[0] == 0
    assert json.loads(capsys.readouterr().out)["pin"] == (None if arguments == ("off",) else reply)


@pytest.mark.parametrize("arguments", [("set",), ("show", "12345670"), ("off", "12345670")])
def test_only_set_takes_a_pin(path: Path, capsys: Captured, arguments: tuple[str, ...]) -> None:
    assert ask(path, {}, "ap-pin", *arguments) == (1, [])
    assert "set needs a PIN" in capsys.readouterr().err


def test_without_a_network_there_is_no_pin_of_it(path: Path, capsys: Captured) -> None:
    script = {"AGENT_STATUS": json.dumps({**STATE, "access_points": []}) + "\n"}
    assert ask(path, script, "ap-pin", "show")[0] == 1
    assert "[[access_point]]" in capsys.readouterr().err


# ---- status


def lines(**changes: Any) -> list[str]:
    return status_lines({**STATE, **changes})


def network_line(**changes: Any) -> str:
    return lines(access_points=[{**NETWORK, **changes}])[1]


def test_the_status_is_told_in_plain_words(path: Path, capsys: Captured) -> None:
    assert ask(path, {"AGENT_STATUS": json.dumps(STATE) + "\n"}, "status") == (0, ["AGENT_STATUS"])
    assert capsys.readouterr().out == (
        "porch: waiting for the button\n  wlan0: 'home' on channel 6 is up; connected: nobody\n  MQTT: not configured\n"
    )


def test_the_status_is_one_line_of_json_when_asked_for(path: Path, capsys: Captured) -> None:
    assert ask(path, {"AGENT_STATUS": json.dumps(STATE) + "\n"}, "status", "--json")[0] == 0
    out = capsys.readouterr().out
    assert (json.loads(out), out.count("\n")) == (STATE, 1)


def test_a_status_that_cannot_be_read_is_said_so(path: Path, capsys: Captured) -> None:
    assert ask(path, {"AGENT_STATUS": "{oops\n"}, "status")[0] == 1
    assert capsys.readouterr().err == "wps-agent: the agent gave a status that cannot be read: '{oops'\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"state": "idle"}, "waiting for the button"),
        (
            {"state": "active", "method": "push_button", "seconds_left": 119},
            "open for one device by push button, 1:59 left",
        ),
        ({"state": "active", "method": "pin", "seconds_left": 7}, "open for one device by PIN, 0:07 left"),
        ({"state": "active", "method": "pin"}, "open for one device by PIN"),
        ({"state": "active", "method": "nfc"}, "open for one device by nfc"),
        ({"state": "success", "method": "push_button"}, "a device was admitted"),
        ({"state": "error", "method": "pin"}, "the last attempt failed"),
        ({"state": "overlap"}, "two devices pressed at once: wait two minutes and press again"),
        ({"state": "timeout"}, "nobody came within the time"),
        ({"state": "cancelled"}, "cancelled"),
        ({"state": "something new"}, "something new"),
        ({"agent": "starting"}, "starting"),
        ({"agent": "stopping"}, "stopping"),
    ],
)
def test_every_state_has_its_words(changes: Mapping[str, Any], words: str) -> None:
    assert lines(**changes)[0] == f"porch: {words}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {"stations": ["02:00:00:00:00:01", "02:00:00:00:00:02"]},
            "up; connected: 02:00:00:00:00:01, 02:00:00:00:00:02",
        ),
        ({"state": "starting"}, "starting"),
        ({"state": "failed", "reason": "hostapd has it"}, "DOWN: hostapd has it"),
        ({"state": "lost"}, "DOWN: lost"),
    ],
)
def test_every_state_of_a_network_has_its_words(changes: Mapping[str, Any], words: str) -> None:
    assert network_line(**changes) == f"  wlan0: 'home' on channel 6 is {words}"


@pytest.mark.parametrize(
    ("last", "words"),
    [
        (
            {"result": "success", "reason": None, "station": "02:00:00:00:00:01", "device_name": "Phone"},
            "success, Phone 02:00:00:00:00:01, 2026-11-22T08:30:00Z",
        ),
        (
            {"result": "failed", "reason": "the PIN is wrong", "station": "02:00:00:00:00:01", "device_name": None},
            "failed, the PIN is wrong, 02:00:00:00:00:01, 2026-11-22T08:30:00Z",
        ),
        ({"result": "cancelled", "reason": None, "station": None}, "cancelled, 2026-11-22T08:30:00Z"),
    ],
)
def test_the_last_result_says_what_why_who_and_when(last: Mapping[str, Any], words: str) -> None:
    assert lines(last_result={**last, "at": "2026-11-22T08:30:00Z"})[2] == f"  last result: {words}"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "connected to broker:1883, topic wps-agent/porch"),
        ({"connected": False}, "NOT connected to broker:1883: trying"),
        (
            {"connected": False, "error": "no broker listens there"},
            "NOT connected to broker:1883: no broker listens there",
        ),
        ({"dropped_events": 3}, "connected to broker:1883, topic wps-agent/porch; 3 events were lost"),
    ],
)
def test_the_status_says_whether_the_broker_hears_us(changes: Mapping[str, Any], words: str) -> None:
    mqtt = {"broker": "broker:1883", "topic": "wps-agent/porch", "connected": True, "error": None, "dropped_events": 0}
    assert lines(mqtt={**mqtt, **changes})[-1] == f"  MQTT: {words}"


# ---- the way to the agent


@pytest.mark.parametrize("arguments", [("pbc",), ("cancel",), ("status",), ("pin", "12345670")])
def test_where_no_agent_runs_the_person_is_told_to_start_one(
    path: Path, capsys: Captured, arguments: tuple[str, ...]
) -> None:
    assert main([*arguments, "--socket", str(path)]) == 1
    assert capsys.readouterr() == (
        "",
        f"wps-agent: wps-agent is not running: nobody answers on {path} (start it with: wps-agent run)\n",
    )


def test_a_socket_that_a_dead_agent_left_is_no_agent(path: Path, capsys: Captured) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(path))
    assert main(["pbc", "--socket", str(path)]) == 1
    assert "wps-agent is not running" in capsys.readouterr().err


def test_the_socket_is_the_one_of_the_configuration(path: Path, tmp_path: Path) -> None:
    config = config_for(path, tmp_path)
    with scripted_agent(path, {"WPS_PBC": "OK\n"}) as agent:
        assert main(["pbc", "--config", str(config)]) == 0
    assert agent.requests == ["WPS_PBC"]


def test_an_agent_that_runs_is_reached_though_its_file_has_become_wrong(
    path: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = config_for(path, tmp_path)
    config.write_text(config.read_text() + "rubbish\n")
    monkeypatch.setattr("wpsagent.cli.asking.DEFAULT_CONFIG", str(config))
    monkeypatch.setattr("wpsagent.cli.asking.DEFAULT_SOCKET", str(path))
    with scripted_agent(path, {"WPS_PBC": "OK\n"}):
        assert main(["pbc"]) == 0
    path.unlink(missing_ok=True)
    assert main(["pbc"]) == 1
    assert "the configuration is wrong" in capsys.readouterr().err


def test_a_wrong_configuration_is_told_key_by_key(tmp_path: Path, capsys: Captured) -> None:
    config = tmp_path / "wrong.toml"
    config.write_text(f'{config_for(tmp_path / "control", tmp_path).read_text()}colour = "red"\n[mqtt]\nport = 0\n')
    assert main(["status", "--config", str(config)]) == 1
    out, err = capsys.readouterr()
    first, *problems = err.splitlines()
    assert (out, first) == ("", "wps-agent: the configuration is wrong:")
    assert [problem.split()[:2] for problem in problems] == [
        [f"{config}:", "access_point[0].colour:"],
        [f"{config}:", "mqtt.host:"],
        [f"{config}:", "mqtt.port:"],
    ]


def test_a_configuration_that_is_not_there_is_said_so(tmp_path: Path, capsys: Captured) -> None:
    assert main(["pbc", "--config", str(tmp_path / "none.toml")]) == 1
    assert capsys.readouterr().err == (
        f"wps-agent: the configuration is wrong:\n  {tmp_path}/none.toml: cannot be read: No such file or directory\n"
    )


# ---- as another person, with other pipes


@pytest.fixture
def running(path: Path) -> Iterator[Path]:
    with scripted_agent(path, {"WPS_PBC": "OK\n", "AGENT_STATUS": json.dumps(STATE) + "\n"}):
        yield path


NOBODY = 65534


def test_who_has_no_permission_is_told_whose_member_to_be(running: Path) -> None:
    running.chmod(0)  # for root, who may all the same, see below
    running.parent.chmod(0o755)
    become = f"os.setuid({NOBODY});" if os.geteuid() == 0 else ""
    # Imported before, with what is imported late: the sources and Python may be in a folder that others may not enter.
    code = (
        "import os, sys, tempfile; from wpsagent.cli import main, client, parser; parser.build_parser('0');"
        f"{become} sys.exit(main(['pbc', '--socket', '{running}']))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (
        1,
        "",
        f"wps-agent: no permission to reach wps-agent on {running}: be root, or a member of its control_group\n",
    )


@pytest.mark.parametrize("arguments", [("status",), ("pbc",)])
def test_a_reader_that_has_read_enough_is_no_error(running: Path, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "wpsagent.cli", *arguments, "--socket", str(running)],
            check=False,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, "")


HEAVY = ("asyncio", "pyroute2", "cryptography", "paho", "gpiozero", "lgpio", "wpsagent_board", "wpsagent.daemon")


@pytest.mark.parametrize("arguments", [("pbc",), ("status",)])
def test_a_command_loads_neither_the_daemon_nor_its_libraries(
    running: Path, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    config = config_for(running, tmp_path)
    code = (
        "import sys; from wpsagent.cli import main;"
        f" code = main({[*arguments, '--config', str(config)]!r}); print(*sys.modules, file=sys.stderr); sys.exit(code)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0
    modules = done.stderr.split()
    assert "wpsagent.io.control_client" in modules
    assert [m for m in modules for heavy in HEAVY if m == heavy or m.startswith(f"{heavy}.")] == []
