# SPDX-License-Identifier: BSD-3-Clause
"""Which broker `wps-agent fleet` takes, by URL and by configuration; passwords that no process list shows."""

import argparse
import getpass
import io
import sys
from pathlib import Path

import pytest

from wpsagent.cli import main
from wpsagent.cli.fleet.broker import broker_settings
from wpsagent.cli.fleet.options import BrokerPlace, broker, states
from wpsagent.cli.parser import build_parser
from wpsagent.config import MqttSettings
from wpsagent.errors import UsageError

Captured = pytest.CaptureFixture[str]


def settings(*arguments: str) -> MqttSettings:
    return broker_settings(build_parser("0").parse_args(["fleet", "watch", *arguments]))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("mqtt://broker.lan", BrokerPlace("broker.lan", 1883)),
        ("mqtt://broker.lan:1884/", BrokerPlace("broker.lan", 1884)),
        ("mqtts://broker.lan", BrokerPlace("broker.lan", 8883, is_encrypted=True)),
        ("mqtt://[::1]:1884", BrokerPlace("::1", 1884)),
        ("mqtt://ann@broker.lan", BrokerPlace("broker.lan", 1883, username="ann")),
        ("mqtts://a%40b:-@h", BrokerPlace("h", 8883, is_encrypted=True, username="a@b", asks_password=True)),
    ],
)
def test_a_broker_is_a_url(text: str, place: BrokerPlace) -> None:
    assert broker(text) == place


@pytest.mark.parametrize(
    "text",
    [
        *("", "broker.lan", "http://broker.lan", "mqtt://", "mqtt://:1883", "mqtt://h:port", "mqtt://h:70000"),
        *("mqtt://h:0", "mqtt://h/topic", "mqtt://h?x=1", "mqtt://[::1", "ws://h"),
    ],
)
def test_what_is_no_url_of_a_broker_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected the broker as mqtt://"):
        broker(text)


@pytest.mark.parametrize("url", ["mqtt://ann:hidden@broker.lan", "mqtt://:hidden@broker.lan", "mqtt://hidden:@h"])
def test_a_password_in_the_url_is_refused_and_not_repeated(url: str, capsys: Captured) -> None:
    with pytest.raises(SystemExit):
        main(["fleet", "watch", "--broker", url])
    errors = capsys.readouterr().err
    assert "no password in the URL" in errors
    assert "hidden" not in errors.partition("error:")[2]


def test_states_are_those_there_are() -> None:
    assert states("error,timeout") == {"error", "timeout"}
    with pytest.raises(argparse.ArgumentTypeError, match=r"expected states of idle, active, .* found 'error,bad'"):
        states("error,bad")


# ---- settings


def test_a_listener_asks_for_nothing_that_a_broker_would_queue() -> None:
    found = settings("--broker", "mqtt://ann@broker.lan", "--base-topic", "site/wps")
    assert (found.host, found.port, found.username, found.password) == ("broker.lan", 1883, "ann", None)
    assert (found.qos, found.base_topic, found.tls) == (0, "site/wps", None)


def test_without_a_broker_it_is_the_configurations(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    text = '[[station]]\ninterface = "wlan1"\n'
    file.write_text(text + '[mqtt]\nhost = "h"\nqos = 2\nbase_topic = "house"\n[mqtt.tls]\n')
    found = settings("--config", str(file))
    assert (found.host, found.port, found.base_topic, found.qos) == ("h", 8883, "house", 0)
    assert found.tls is not None
    assert settings("--config", str(file), "--base-topic", "other").base_topic == "other"
    with pytest.raises(UsageError, match="go with --broker"):
        settings("--config", str(file), "--password-file", "x")
    file.write_text(text)
    with pytest.raises(UsageError, match=r"has no table \[mqtt\]: name the broker"):
        settings("--config", str(file))


def test_without_either_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wpsagent.cli.fleet.broker.DEFAULT_CONFIG", str(tmp_path / "none.toml"))
    with pytest.raises(UsageError, match=r"name the broker, as --broker mqtt://broker.lan: .* not there or not for us"):
        settings()


# ---- passwords


def test_a_password_file_holds_one_line(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("se cret\nmore\n")
    found = settings("--broker", "mqtt://ann@h", "--password-file", str(file))
    assert found.password == "se cret"
    assert "cret" not in repr(found)


def test_a_password_is_read_from_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("secret\r\nmore"))
    assert settings("--broker", "mqtt://ann:-@h").password == "secret"


def test_a_password_is_asked_for_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Keyboard(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "secret"

    monkeypatch.setattr(sys, "stdin", Keyboard())
    monkeypatch.setattr(getpass, "getpass", ask)
    assert settings("--broker", "mqtt://ann:-@h").password == "secret"
    assert asked == ["Password of ann on h: "]


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty or too long"), (b"\n", "is empty"), (b"x" * 70000, "too long"), (b"\xff\xfe", "is no text")],
)
def test_a_password_that_cannot_be_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "password"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=words):
        settings("--broker", "mqtt://ann@h", "--password-file", str(file))


def test_wrong_files_and_pairs_are_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    file = tmp_path / "file"
    file.write_text("x")
    cases = [
        (("mqtt://ann@h", "--password-file", missing), f"the password file {missing} cannot be read: No such file"),
        (("mqtt://h", "--password-file", str(file)), "a password needs a user"),
        (("mqtt://h", "--ca-file", str(file)), "certificates need mqtts://"),
        (("mqtts://h", "--ca-file", missing), f"--ca-file: {missing} is not a file"),
        (("mqtts://h", "--key-file", str(file)), "--key-file needs --certificate-file"),
    ]
    for arguments, words in cases:
        with pytest.raises(UsageError, match=words):
            settings("--broker", *arguments)
    found = settings("--broker", "mqtts://h", "--certificate-file", str(file), "--key-file", str(file))
    assert found.tls is not None
    assert (found.tls.ca_file, found.tls.key_file, found.tls.insecure) == (None, str(file), False)
