# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent run --simulate` as people and machines start it: without a terminal, and on one, with keys."""

import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from tests.system.terminal import Terminal

from wpsagent.cli import main

WITHIN = 60.0
COMMAND = [sys.executable, "-m", "wpsagent.cli", "run", "--simulate"]

# The passphrase is made in secrets.token_urlsafe: told to the test, and to nobody else.
TELL_PASSPHRASE = """
import os, secrets, sys
make = secrets.token_urlsafe
def told(size):
    with open(os.environ["TEST_PASSPHRASE_FILE"], "w") as file:
        file.write(made := make(size))
    return made
secrets.token_urlsafe = told
from wpsagent.cli import main
sys.exit(main(["run", "--simulate", "-v"]))
"""


def run(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        **options,
    )


def said(output: str, who: str) -> list[str]:
    """What somebody said, in order."""
    pattern = re.compile(rf" +\d+\.\d\d s  {who:<8} (.*)")
    return [match[1] for line in output.splitlines() if (match := pattern.fullmatch(line))]


def messages(output: str) -> list[tuple[str, Any]]:
    """The MQTT messages: last level of the topic, and the value."""
    result = []
    for text in said(output, "MQTT"):
        topic, _, payload = text.partition(" ")
        result.append((topic.rpartition("/")[2], json.loads(payload) if payload.startswith("{") else payload))
    return result


def assert_in_order(parts: Sequence[str], lines: Sequence[str]) -> None:
    """Every part is in a line, each after the one before."""
    rest = iter(lines)
    for part in parts:
        assert any(part in line for line in rest), f"{part!r} is missing or out of order in {lines}"


# ---- without a terminal


def test_without_a_terminal_the_phone_gets_onto_the_network() -> None:
    done = run()
    assert (done.returncode, done.stderr) == (0, "")
    assert_in_order(
        [
            "broker   mosquitto listens on 127.0.0.1:",
            "LED      off (idle)",
            "agent    network 'wps-agent demo' is up on sim0, channel 6",
            "you      no keyboard here: the button is pressed once, by itself",
            "agent    button pressed (short)",
            "agent    opens the network for one device, for two minutes",
            "LED      blinks 200/100 ms (in_progress)",
            "phone    its WPS button is pressed",
            "phone    found wps-agent demo on 2437 MHz, enrols",
            "agent    has given Simulated phone (02:00:5e:00:53:01) the passphrase",
            "LED      on (success)",
            "phone    got the credential of wps-agent demo, connects with WPA2",
            "agent    02:00:5e:00:53:01 is connected (WPA2, CCMP)",
            "phone    is on the network: 3 pings answered",
            "LED      off (idle)",
            "agent    02:00:5e:00:53:01 is gone: the access point stopped",
            "result   the phone got onto the network",
        ],
        done.stdout.splitlines(),
    )
    assert said(done.stdout, "LED") == [
        "off (idle)",
        "blinks 200/100 ms (in_progress)",
        "on (success)",
        "off (idle)",
    ]
    assert done.stdout.splitlines()[-1].endswith("result   the phone got onto the network")
    assert "\x1b" not in done.stdout


def test_the_broker_hears_all_of_it() -> None:
    heard = messages(run().stdout)
    assert [value for topic, value in heard if topic == "availability"] == ["online", "offline"]
    assert (heard[0], heard[-1]) == (("availability", "online"), ("availability", "offline"))
    events = [value["event_type"] for topic, value in heard if topic == "event"]
    assert events == [
        "starting",
        "access_point_started",
        "started",
        "button_pressed",
        "push_button_started",
        "enrolment_succeeded",
        "push_button_ended",
        "station_connected",
        "stopping",
        "station_disconnected",
    ]
    states = [value["state"] for topic, value in heard if topic == "state"]
    assert list(dict.fromkeys(states)) == ["idle", "active", "success"]
    assert states[-1] == "idle"


def test_the_passphrase_is_shown_nowhere(tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    done = subprocess.run(
        [sys.executable, "-c", TELL_PASSPHRASE],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=WITHIN,
        env={**os.environ, "TEST_PASSPHRASE_FILE": str(file)},
    )
    passphrase = file.read_text()
    assert done.returncode == 0
    assert len(passphrase) == 16
    assert "DEBUG" in done.stderr  # the log was on
    assert passphrase not in done.stdout + done.stderr
    assert passphrase.encode().hex() not in (done.stdout + done.stderr).lower()


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    done = run(env={**os.environ, "TMPDIR": str(tmp_path)})
    port = int(said(done.stdout, "broker")[0].rpartition(":")[2])
    assert (done.returncode, list(tmp_path.iterdir())) == (0, [])
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port)) != 0


def test_a_reader_that_has_read_enough_does_not_disturb_the_run() -> None:
    process = subprocess.Popen(COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout, process.stderr:
        assert b"mosquitto listens" in process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(WITHIN) == 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_at_once_and_in_order(number: signal.Signals) -> None:
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    with process, process.stdout, process.stderr:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "looks for an access point" in line:
                break
        process.send_signal(number)
        output = "".join([*lines, *process.stdout])
        assert (process.wait(WITHIN), process.stderr.read()) == (1, "")
    assert messages(output)[-1] == ("availability", "offline")
    assert said(output, "result") == ["the phone did not get onto the network"]


def test_without_mosquitto_it_ends_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _name, **_options: None)
    assert main(["run", "--simulate"]) == 1
    assert capsys.readouterr().err == (
        "wps-agent: no MQTT broker: mosquitto is not installed (apt install mosquitto),"
        " and no other one is configured\n"
    )


# ---- brokers of the user


def configuration(folder: Path, port: int) -> str:
    file = folder / "mine.toml"
    file.write_text(
        '[[access_point]]\ninterface = "wlan0"\nssid = "home"\npassphrase = "correct horse"\nchannel = 6\n'
        f'[mqtt]\nhost = "127.0.0.1"\nport = {port}\nbase_topic = "house"\nnode = "porch"\n'
    )
    return str(file)


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_configured_broker_that_cannot_be_reached_is_replaced(tmp_path: Path) -> None:
    port = free_port()
    done = run("--config", configuration(tmp_path, port))
    broker = said(done.stdout, "broker")
    assert (done.returncode, done.stderr) == (0, "")
    assert broker[0] == (
        f"127.0.0.1:{port} refused the connection: no broker listens there; starting one of our own instead"
    )
    assert re.fullmatch(r"mosquitto listens on 127\.0\.0\.1:\d+", broker[1])
    assert "wps-agent/simulated/availability online" in done.stdout


def test_a_configured_broker_is_used(tmp_path: Path) -> None:
    port = free_port()
    file = tmp_path / "mosquitto.conf"
    file.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nuser root\n")
    with subprocess.Popen(
        ["mosquitto", "-c", str(file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as broker:
        try:
            wait_for_port(port)
            done = run("--config", configuration(tmp_path, port))
        finally:
            broker.terminate()
    assert (done.returncode, done.stderr) == (0, "")
    assert said(done.stdout, "broker") == [f"127.0.0.1:{port}, topic house/porch"]
    assert messages(done.stdout)[0] == ("availability", "online")
    assert "MQTT     house/porch/availability offline" in done.stdout


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        with socket.socket() as sock:
            if sock.connect_ex(("127.0.0.1", port)) == 0:
                return
        select.select([], [], [], 0.02)
    raise AssertionError("mosquitto does not listen")


# ---- on a terminal


@contextlib.contextmanager
def terminal(*arguments: str, size: tuple[int, int] = (80, 24)) -> Iterator[Terminal]:
    screen = Terminal([*COMMAND, *arguments], size)
    try:
        yield screen
    finally:
        screen.close()


def rows(output: str) -> list[str]:
    """What is left on the screen of each row: without colours, and after what was erased."""
    plain = re.sub(r"\x1b\[\d+m", "", output)
    return [row.rpartition("\x1b[K")[2] for row in plain.replace("\r\n", "\n").split("\n")]


def status_rows(output: str) -> set[str]:
    """Every status line that was ever drawn."""
    plain = re.sub(r"\x1b\[\d+m", "", output)
    return set(re.findall(r"\x1b\[K(LED [^\r\n\x1b]*)", plain))


READY = "press Enter: the board's button, and soon after it a phone's"
KEYS = "Enter: press the button   c: cancel   q: quit"


def wait_until_released(screen: Terminal) -> None:
    """The button is pressed for 100 ms; the LED goes off again after 200."""
    screen.wait_for("opens the network")
    screen.wait_for("LED \x1b[32m●")
    screen.wait_for("LED ○")


def test_on_a_terminal_enter_lets_a_phone_in_and_q_ends() -> None:
    with terminal() as screen:
        screen.wait_for(READY)
        screen.press("\n")
        screen.wait_for("opens the network")
        screen.wait_for(" left   ")
        screen.wait_for("LED \x1b[32m●\x1b[0m")
        screen.wait_for("phone    is on the network: 3 pings answered")
        screen.wait_for("you      the phone is in; Enter lets another one in, q ends")
        assert not termios.tcgetattr(screen.slave)[3] & (termios.ECHO | termios.ICANON)
        screen.press("q")
        assert screen.end() == 0
        assert termios.tcgetattr(screen.slave) == screen.before
        shown = rows(screen.output)
        assert shown[-2].endswith("result   the phone got onto the network")
        assert [row for row in shown if len(row) > 80] == []
        drawn = status_rows(screen.output)
        assert {f"LED ○   {KEYS}", f"LED ●   {KEYS}"} <= drawn
        assert {left for row in drawn for left in re.findall(r"(\d:\d\d) left", row)} & {"2:00", "1:59"}
        assert max(map(len, drawn)) <= 79


def test_a_press_is_taken_back_with_c() -> None:
    with terminal() as screen:
        screen.wait_for(READY)
        screen.press("\n")
        wait_until_released(screen)
        screen.press("c")
        screen.wait_for("agent    closes the network again: cancelled")
        screen.press("\n")
        screen.wait_for("phone 2  is on the network")
        screen.press("q")
        assert screen.end() == 0


def test_two_phones_one_after_the_other() -> None:
    with terminal() as screen:
        screen.wait_for(READY)
        for name in ("phone    ", "phone 2  "):
            screen.press(" ")
            screen.wait_for(f"{name}is on the network")
        screen.press("q")
        assert screen.end() == 0
        assert "result   2 of 2 phones got onto the network" in screen.output


def test_two_phones_at_once_are_an_overlap_and_the_person_is_told_what_to_do() -> None:
    with terminal() as screen:
        screen.wait_for(READY)
        screen.press("\n\n")
        screen.wait_for("sees two devices that want in at once, and admits neither")
        screen.wait_for("one phone at a time: wait two minutes")
        screen.wait_for("blinks 5 times 100/100 ms, then a pause (overlap)")
        screen.wait_for("gives up")
        screen.wait_for("gives up")
        screen.press("\n")
        screen.wait_for("phone 3  is not pressed: the network is not open")
        screen.press("q")
        assert screen.end() == 1
        assert "result   0 of 2 phones got onto the network" in screen.output
        assert screen.output.count("one phone at a time") == 1


@pytest.mark.parametrize("keys", ["q", "\x04", "\x03"], ids=["q", "Ctrl-D", "Ctrl-C"])
def test_leaving_without_a_press_is_no_failure(keys: str) -> None:
    with terminal() as screen:
        screen.wait_for("MQTT     availability online")
        screen.press(keys)
        assert screen.end() == 0
        assert termios.tcgetattr(screen.slave) == screen.before
        assert rows(screen.output)[-2].endswith("result   no phone asked to be let in")
        assert "has lost the MQTT broker" not in screen.output
        assert "MQTT     availability offline" in screen.output


def test_leaving_while_a_phone_tries_is_no_failure() -> None:
    with terminal() as screen:
        screen.wait_for(READY)
        screen.press("\n")
        screen.wait_for("opens the network")
        screen.press("q")
        assert screen.end() == 0


def test_other_keys_do_nothing() -> None:
    with terminal() as screen:
        screen.wait_for(READY)
        screen.press("x?\x1b[A")
        screen.press("q")
        assert screen.end() == 0
        assert "button pressed" not in screen.output


def test_a_window_that_changes_its_size_keeps_one_status_row() -> None:
    with terminal(size=(33, 10)) as screen:
        screen.wait_for("LED ○   Enter: press the button")
        assert {row for row in status_rows(screen.output) if len(row) not in {5, 32}} == set()
        screen.resize((100, 24))
        screen.wait_for(f"LED ○   {KEYS}")
        screen.press("q")
        assert screen.end() == 0


def test_a_window_without_a_size_is_taken_for_80_columns() -> None:
    with terminal(size=(0, 0)) as screen:
        screen.wait_for(f"LED ○   {KEYS}")
        screen.press("q")
        assert screen.end() == 0
        assert max(len(row) for row in rows(screen.output)) == 80


def test_after_a_stop_the_keys_work_again() -> None:
    with terminal() as screen:
        screen.wait_for(READY)
        screen.process.send_signal(signal.SIGSTOP)
        termios.tcsetattr(screen.slave, termios.TCSADRAIN, screen.before)  # as the shell does
        screen.process.send_signal(signal.SIGCONT)
        screen.wait_for(f"LED ○   {KEYS}")
        screen.press("q")
        assert screen.end() == 0


def test_when_the_terminal_is_closed_it_ends(tmp_path: Path) -> None:
    screen = Terminal(COMMAND, (80, 24), TMPDIR=str(tmp_path))
    try:
        screen.wait_for(READY)
        port = int(re.findall(r"listens on 127\.0\.0\.1:(\d+)", screen.output)[0])
        os.close(screen.slave)
        os.close(screen.master)
        screen.process.wait(WITHIN)
    finally:
        screen.process.kill()
        screen.process.wait()
    assert list(tmp_path.iterdir()) == []
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port)) != 0
