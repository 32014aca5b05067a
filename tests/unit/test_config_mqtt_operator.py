# SPDX-License-Identifier: BSD-3-Clause
"""[mqtt] for operators: commands, quality of service, Home Assistant; and secrets that systemd hands over."""

from pathlib import Path

import pytest

from wpsagent.config.loader import parse
from wpsagent.config.model import MqttSettings
from wpsagent.errors import ConfigError

HEAD = '[[access_point]]\ninterface = "wlan0"\nssid = "a"\npassphrase = "correct horse"\n[mqtt]\nhost = "b"\n'


def mqtt(lines: str, path: Path | str = "x.toml") -> MqttSettings:
    settings = parse(HEAD + lines, path, host_name="box").mqtt
    assert settings is not None
    return settings


def test_nothing_is_allowed_and_nothing_announced_by_default() -> None:
    settings = mqtt("")
    assert (settings.commands, settings.home_assistant, settings.qos) == ((), False, 1)
    assert settings.discovery_prefix == "homeassistant"


def test_commands_come_in_their_own_order() -> None:
    settings = mqtt('commands = ["pin", "pbc"]\nqos = 2\nhome_assistant = true\ndiscovery_prefix = "ha/x"\n')
    assert settings.commands == ("pbc", "pin")
    assert (settings.qos, settings.home_assistant, settings.discovery_prefix) == (2, True, "ha/x")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('commands = ["reboot"]', "mqtt.commands: found "),
        ('commands = ["pbc", "pbc"]', "expected a list, each once, of pbc, cancel, pin"),
        ('commands = "pbc"', "expected a list, each once, of pbc, cancel, pin"),
        ("commands = [[]]", "expected a list, each once, of pbc, cancel, pin"),
        ("qos = 3", "mqtt.qos: found 3, expected a whole number from 0 to 2"),
        ('discovery_prefix = "a/#"', 'mqtt.discovery_prefix: found "a/#", expected a topic without'),
    ],
)
def test_what_is_wrong_is_named(line: str, problem: str) -> None:
    with pytest.raises(ConfigError) as caught:
        mqtt(line)
    assert problem in str(caught.value)


def test_a_bare_name_is_a_credential_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    for folder, secret in ((credentials, "handed over\n"), (tmp_path, "beside the file\n")):
        for name in ("mqtt-password", "client.key", "client.pem"):
            (folder / name).write_text(secret)
            (folder / name).chmod(0o600)
    lines = 'username = "u"\npassword_file = "{}"\n'
    path = tmp_path / "x.toml"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    assert mqtt(lines.format("mqtt-password"), path).password == "beside the file"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert mqtt(lines.format("mqtt-password"), path).password == "handed over"
    assert mqtt(lines.format("./mqtt-password"), path).password == "beside the file"
    tls = mqtt('[mqtt.tls]\ncertificate_file = "client.pem"\nkey_file = "client.key"\n', path).tls
    assert tls is not None
    assert (tls.certificate_file, tls.key_file) == (str(credentials / "client.pem"), str(credentials / "client.key"))
    (credentials / "mqtt-password").unlink()
    assert mqtt(lines.format("mqtt-password"), path).password == "beside the file"


def test_commands_find_the_credential_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`wps-agent doctor` in a shell is handed nothing, and must not say that the service's password is missing."""
    running, store = tmp_path / "running", tmp_path / "store"
    for folder in (running, store):
        folder.mkdir()
        (folder / "mqtt-password").write_text(folder.name)
        (folder / "mqtt-password").chmod(0o600)
    line = 'username = "u"\npassword_file = "mqtt-password"\n'
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.setattr("wpsagent.config.checks._OF_THE_SERVICE", (running, store))
    assert mqtt(line, tmp_path / "x.toml").password == "running"
    (running / "mqtt-password").unlink()
    assert mqtt(line, tmp_path / "x.toml").password == "store"
