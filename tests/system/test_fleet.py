# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent fleet watch` against mosquitto: the real agent, killed ones, 300 simulated ones, hostile payloads."""

import contextlib
import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.bench.fleet_simulator import SimulatedFleet
from tests.system.certificates import Authority
from tests.system.dashboard_world import WITHIN, Boards, Broker, House, free_port, opened
from tests.system.terminal import Terminal


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path / "broker", "allow_anonymous true", "max_queued_messages 1000")
    yield one
    one.end()


@pytest.fixture
def boards(broker: Broker) -> Iterator[Boards]:
    one = Boards(broker)
    yield one
    one.close()


def command(port: int, *options: str) -> list[str]:
    return [
        *(sys.executable, "-m", "wpsagent.cli", "fleet", "watch"),
        *("--broker", f"mqtt://127.0.0.1:{port}", *options),
    ]


def run(port: int, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(port, *options), capture_output=True, text=True, timeout=WITHIN, check=False, stdin=subprocess.DEVNULL
    )


def snapshot(port: int, *options: str) -> list[dict[str, Any]]:
    done = run(port, "--once", "--json", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return [json.loads(line) for line in done.stdout.splitlines()]


class Watch:
    """The command with --json, read line by line; what it says on standard error counts too."""

    def __init__(self, port: int, *options: str) -> None:
        self.process = subprocess.Popen(
            command(port, *(options or ("--json",))), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self._patience = threading.Timer(WITHIN * 2, self.process.kill)
        self._patience.start()

    def line(self) -> str:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "it has ended"
        return line

    def next(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.line())
        return value

    def until(self, **wanted: Any) -> dict[str, Any]:
        """The next change in which all of this is so."""
        while True:
            change = self.next()
            if all(change.get(key) == value for key, value in wanted.items()):
                return change

    def interrupt(self) -> tuple[int, str]:
        """The exit code, and what stood on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, errors = self.process.communicate(timeout=WITHIN)
        self._patience.cancel()
        return self.process.returncode, errors

    def close(self) -> None:
        self._patience.cancel()
        self.process.kill()
        self.process.communicate()


@contextlib.contextmanager
def watching(port: int, *options: str) -> Iterator[Watch]:
    watch = Watch(port, *options)
    try:
        yield watch
    finally:
        watch.close()


# ---- the real agent


def test_a_press_on_the_real_board_is_a_change_and_a_killed_agent_is_lost(tmp_path: Path, broker: Broker) -> None:
    house = House(tmp_path / "house", broker)
    with watching(broker.port) as watch:
        idle = watch.until(node="hallway", online=True)
        assert (idle["state"], idle["networks_up"], idle["networks"], idle["devices"]) == ("idle", 1, 1, 0)
        house.say("press")
        house.expect("pressed")
        change = watch.until(state="active")
        assert 115 <= change["seconds_left"] <= 120
        house.say("phone Phone")
        house.expect("Phone in")
        change = watch.until(devices=1)
        assert change["last_result"]["device_name"] == "Phone"
        house.kill()
        change = watch.until(online=False)
        assert (change["state"], change["needs_a_person"]) == ("offline", True)
        assert change["why"] == "LOST: it went without a word"
        assert watch.interrupt() == (130, "")
    assert [(one["node"], one["state"]) for one in snapshot(broker.port, "--offline")] == [("hallway", "offline")]


def test_an_agent_that_was_stopped_needs_nobody(tmp_path: Path, broker: Broker) -> None:
    house = House(tmp_path / "house", broker)
    assert any(snapshot(broker.port) for _ in range(20)), "it does not come"
    house.close()
    [one] = snapshot(broker.port)
    assert (one["node"], one["state"], one["needs_a_person"]) == ("hallway", "offline", False)


# ---- many


def test_no_agent_is_missing_although_the_broker_drops_what_is_over_its_limits(tmp_path: Path) -> None:
    """What comes of its own is cut short here; the rest is asked for by name."""
    broker = Broker(tmp_path / "broker", "allow_anonymous true", "max_queued_messages 5")
    fleet = SimulatedFleet(broker.port, 300)
    fleet.begin()
    try:
        told = snapshot(broker.port)
    finally:
        fleet.close()
        broker.end()
    assert [one["node"] for one in told] == [f"board-{number:04}" for number in range(300)]
    assert all(one["online"] and one["networks"] == one["networks_up"] == 2 for one in told)


def test_what_needs_a_person_stands_first_and_filters_take_the_rest_away(boards: Boards, broker: Broker) -> None:
    boards.online("floor1-2")
    boards.online("floor1-10", **opened())
    boards.online("floor1-1", state="timeout")
    boards.online("floor2-1", pin_requests=[{"uuid": "x", "station": "02:00:5e:00:53:01", "device_name": "TV"}])
    boards.publish("floor2-2/availability", "offline", is_retained=True)
    assert [one["node"] for one in snapshot(broker.port)] == [
        *("floor2-1", "floor1-1", "floor2-2", "floor1-10", "floor1-2")
    ]
    assert [one["node"] for one in snapshot(broker.port, "--node", "floor1-*")] == ["floor1-1", "floor1-10", "floor1-2"]
    assert [one["node"] for one in snapshot(broker.port, "--state", "idle,timeout")] == [
        *("floor2-1", "floor1-1", "floor1-2")
    ]
    assert [one["node"] for one in snapshot(broker.port, "--offline")] == ["floor2-2"]
    done = run(broker.port, "--once")
    lines = [line.rstrip() for line in done.stdout.splitlines()]
    assert lines[0].split() == [*("NODE", "ONLINE", "STATE", "LEFT", "LAST", "RESULT", "UP", "DEVICES", "VERSION")]
    assert lines[1].startswith("floor2-1   online   PIN needed for TV")
    assert lines[3].startswith("floor2-2   OFFLINE  LOST: it went without a word")
    assert re.search(r"^floor1-10 +online +open for one device by push button +1:\d\d ", lines[4])
    assert lines[-1] == "5 agents, 4 online, 3 need a person: 2 idle, 1 active, 1 timeout, 1 offline"


# ---- hostile payloads


def test_payloads_of_any_kind_are_shown_as_unreadable_and_hurt_nobody(boards: Boards, broker: Broker) -> None:
    boards.online("good")
    hostile: dict[str, bytes] = {
        "empty-object": b"{}",
        "not-json": b"\xff\xfe{",
        "deep": b"[" * 60000,
        "huge": b'{"agent":"' + b"x" * 2_000_000 + b'"}',
        "wrong-types": json.dumps({"agent": 7, "state": {}, "access_points": "no"}).encode(),
        "digits": b'{"agent":"running","state":"active","seconds_left":' + b"9" * 5000 + b"}",
    }
    for node, payload in hostile.items():
        boards.publish(f"{node}/availability", "online", is_retained=True)
        boards.publish(f"{node}/state", payload, is_retained=True)
    boards.publish("half/availability", "on\x1b[2Jline", is_retained=True)
    boards.online("colours", version="\x1b[31mred\x07\u202e\x9b1m\ud800".encode(errors="replace").decode())
    told = {one["node"]: one for one in snapshot(broker.port)}
    assert told["good"]["state"] == "idle"
    # MQTT 5 lets the broker keep to itself what is too long for us: then nothing has been told.
    assert {node: told[node]["state"] for node in hostile} == dict.fromkeys(hostile, "unreadable") | {"huge": "unknown"}
    assert told["half"]["state"] == "unreadable"
    done = run(broker.port, "--once")
    assert (done.returncode, done.stderr) == (0, "")
    assert all(line.isprintable() for line in done.stdout.splitlines())


def test_hostile_payloads_do_not_end_a_watch(boards: Boards, broker: Broker) -> None:
    boards.online("good")
    with watching(broker.port) as watch:
        assert watch.next()["node"] == "good"
        boards.publish("good/state", b'{"state": [[[', is_retained=True)
        change = watch.next()
        assert (change["state"], change["why"]) == (
            "unreadable",
            "UNREADABLE: its state is no state of an agent: not JSON",
        )
        boards.state("good")
        assert watch.next()["state"] == "idle"
        boards.publish("good/state", b"", is_retained=True)
        boards.publish("good/availability", b"", is_retained=True)
        assert watch.until(removed=True)["node"] == "good"


# ---- the broker


def test_a_broker_that_comes_back_is_told_and_what_is_gone_with_it_is_removed(boards: Boards, broker: Broker) -> None:
    boards.online("first")
    with watching(broker.port) as watch:
        assert watch.next()["node"] == "first"
        boards.close()
        broker.end()
        lost = watch.next()["broker"]
        assert (lost["connected"], "lost" in lost["reason"]) == (False, True)
        broker.start()  # it keeps nothing
        again = Boards(broker)
        again.online("second")
        assert watch.until(node="second", state="idle")["online"] is True
        assert watch.until(removed=True)["node"] == "first"
        again.close()
        assert watch.interrupt() == (130, "")


@pytest.mark.parametrize("options", [(), ("--once",), ("--json",)])
def test_a_broker_that_is_not_there_is_one_sentence(options: tuple[str, ...]) -> None:
    port = free_port()
    done = run(port, *options)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"wps-agent: MQTT: 127.0.0.1:{port} refused the connection: no broker listens there\n"


def test_a_password_comes_from_a_file_or_from_standard_input(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "ann", "se cret"], check=True, capture_output=True)
    passwords.chmod(0o600)
    broker = Broker(tmp_path / "broker", "allow_anonymous false", f"password_file {passwords}")
    file = tmp_path / "password"
    file.write_text("se cret\n")
    url = f"ann{{}}@127.0.0.1:{broker.port}"
    try:

        def ask(user: str, *options: str, text: str = "") -> subprocess.CompletedProcess[str]:
            return subprocess.run(
                [*command(broker.port, "--once"), "--broker", f"mqtt://{url.format(user)}", *options],
                capture_output=True,
                text=True,
                input=text,
                timeout=WITHIN,
                check=False,
            )

        assert ask("", "--password-file", str(file)).returncode == 0
        assert ask(":-", text="se cret\n").returncode == 0
        wrong = ask(":-", text="guess\n")
    finally:
        broker.end()
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "bad user name or password" in wrong.stderr or "not authorized" in wrong.stderr


def test_an_encrypted_broker_is_checked_and_gets_our_certificate(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    server, client = authority.sign("broker"), authority.sign("client")
    port = free_port()
    files = (f"certfile {server.file}", f"keyfile {server.key}", f"cafile {authority.certificate.file}")
    broker = Broker(
        *(tmp_path / "broker", "allow_anonymous true", f"listener {port} 127.0.0.1"), *files, "require_certificate true"
    )
    ca = ("--ca-file", str(authority.certificate.file))
    own = ("--certificate-file", str(client.file), "--key-file", str(client.key))
    try:

        def ask(*options: str) -> subprocess.CompletedProcess[str]:
            return run(port, "--once", "--broker", f"mqtts://127.0.0.1:{port}", *options)

        assert ask(*ca, *own).stdout.endswith("0 agents\n")
        assert "no authority that we trust has signed it" in ask(*own).stderr
        assert "wants a certificate of ours, and has got none" in ask(*ca).stderr
    finally:
        broker.end()


def test_the_broker_may_come_from_the_configuration(tmp_path: Path, boards: Boards, broker: Broker) -> None:
    boards.online("porch")
    file = tmp_path / "mine.toml"
    file.write_text(f'[[station]]\ninterface = "wlan1"\n[mqtt]\nhost = "127.0.0.1"\nport = {broker.port}\n')
    done = subprocess.run(
        [sys.executable, "-m", "wpsagent.cli", "fleet", "watch", "--once", "--config", str(file)],
        capture_output=True,
        text=True,
        timeout=WITHIN,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "porch" in done.stdout


# ---- pipes and terminals


def test_into_a_pipe_goes_a_line_a_change_in_words(boards: Boards, broker: Broker) -> None:
    boards.online("porch")
    with watching(broker.port, "--node", "p*") as watch:
        assert watch.line().split(maxsplit=1)[1] == "porch  waiting for the button\n"
        boards.online("other")
        boards.state("porch", **opened(90))
        assert watch.line().split(maxsplit=1)[1] == "porch  open for one device by push button, 1:30 left\n"


def test_a_reader_that_has_enough_ends_it(boards: Boards, broker: Broker) -> None:
    boards.online("porch")
    with watching(broker.port) as watch:
        watch.next()
        assert watch.process.stdout is not None
        watch.process.stdout.close()
        boards.state("porch", **opened())
        assert watch.process.wait(WITHIN) == 0
        assert watch.process.stderr is not None
        assert watch.process.stderr.read() == ""


def test_on_a_terminal_the_table_stays_within_it_and_follows(boards: Boards, broker: Broker) -> None:
    for number in range(30):
        boards.online(f"board-{number}")
    screen = Terminal(command(broker.port), (70, 12), TERM="xterm")
    try:
        screen.wait_for("… and 22 more: 22 idle")
        drawn = screen.output.rpartition("\x1b[H")[2].replace("\x1b[K", "").replace("\x1b[J", "")
        lines = drawn.rstrip().split("\r\n")
        assert len(lines) <= 12
        assert all(len(line) <= 70 for line in lines)
        assert lines[0].startswith(f"127.0.0.1:{broker.port}, wps-agent: 30 agents, 30 online")
        boards.state("board-29", **opened())
        screen.wait_for("board-29  online  open for one device")
        screen.resize((100, 40))
        screen.process.send_signal(signal.SIGWINCH)  # the terminal's own goes to whoever holds it
        screen.wait_for("board-28")
        broker.end()
        screen.wait_for("trying again")
        screen.press("\x03")
        assert screen.end() == 130
        assert screen.output.rstrip().endswith("\x1b[?25h")
    finally:
        screen.close()


def test_a_terminal_is_given_back_whole_to_whoever_ends_it_otherwise(boards: Boards, broker: Broker) -> None:
    boards.online("porch")
    screen = Terminal(command(broker.port), (100, 24), TERM="xterm")
    try:
        screen.wait_for("porch")
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 128 + signal.SIGTERM
        assert screen.output.rstrip().endswith("\x1b[?25h")
    finally:
        screen.close()


def test_a_burst_of_messages_is_drawn_a_few_times_a_second(boards: Boards, broker: Broker) -> None:
    boards.online("porch")
    screen = Terminal(command(broker.port), (100, 24), TERM="xterm")
    try:
        screen.wait_for("porch")
        before = screen.output.count("\x1b[H")
        for turn in range(400):
            boards.state("porch", version=f"1.{turn}")
        screen.wait_for("1.399")
        assert screen.output.count("\x1b[H") - before <= 40
    finally:
        screen.close()
