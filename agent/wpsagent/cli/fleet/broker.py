# SPDX-License-Identifier: BSD-3-Clause
"""Which broker is meant, and who we are there: of the command line, or the configuration's [mqtt]."""

import argparse
import getpass
import os
import sys
from dataclasses import replace
from pathlib import Path

from wpsagent.cli.fleet.options import BrokerPlace
from wpsagent.cli.parser import DEFAULT_CONFIG
from wpsagent.config import MqttSettings, TlsSettings
from wpsagent.config.loader import load
from wpsagent.errors import UsageError

MAXIMUM_PASSWORD = 65535
"""Octets: more the protocol cannot carry (MQTT 5.0, 3.1.3.6)."""

BASE_TOPIC = "wps-agent"
KEEPALIVE_S = 30


def broker_settings(options: argparse.Namespace) -> MqttSettings:
    """For a listener: messages at most once, for a broker drops what is over its limit of the surer kind, unseen.

    (mosquitto keeps 1,000 of those for a client; what 2,000 agents have left there is 4,000.)
    """
    place: BrokerPlace | None = options.broker
    settings = _of_configuration(options) if place is None else _of_command_line(options, place)
    return replace(settings, base_topic=options.base_topic or settings.base_topic, qos=0, keepalive_s=KEEPALIVE_S)


def _of_configuration(options: argparse.Namespace) -> MqttSettings:
    if any((options.password_file, options.ca_file, options.certificate_file, options.key_file)):
        raise UsageError("--password-file, --ca-file, --certificate-file and --key-file go with --broker")
    path = Path(options.config or DEFAULT_CONFIG)
    if not options.config and not os.access(path, os.R_OK):
        raise UsageError(f"name the broker, as --broker mqtt://broker.lan: {path} is not there or not for us to read")
    settings = load(path).mqtt
    if settings is None:
        raise UsageError(f"{path} has no table [mqtt]: name the broker, as --broker mqtt://broker.lan")
    return settings


def _of_command_line(options: argparse.Namespace, place: BrokerPlace) -> MqttSettings:
    return MqttSettings(
        host=place.host,
        port=place.port,
        username=place.username,
        password=_password(options, place),
        tls=_tls(options, place),
        base_topic=BASE_TOPIC,
        node="fleet",
        keepalive_s=KEEPALIVE_S,
        queue_size=1,
    )


def _password(options: argparse.Namespace, place: BrokerPlace) -> str | None:
    if options.password_file and place.username is None:
        raise UsageError("a password needs a user: --broker mqtt://user@host")
    if not options.password_file and not place.asks_password:
        return None
    try:
        password = _ask(place) if not options.password_file else _read(options.password_file)
        size = len(password.encode())
    except UnicodeError:
        raise UsageError("the password is no text") from None
    if not 0 < size <= MAXIMUM_PASSWORD:
        raise UsageError("the password is empty or too long")
    return password


def _ask(place: BrokerPlace) -> str:
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of {place.username} on {place.host}: ")
    return sys.stdin.readline(MAXIMUM_PASSWORD + 2).rstrip("\r\n")


def _read(name: str) -> str:
    try:
        with Path(name).open(encoding="utf-8") as file:
            return file.readline(MAXIMUM_PASSWORD + 2).rstrip("\r\n")
    except OSError as error:
        raise UsageError(f"the password file {name} cannot be read: {error.strerror}") from error


def _tls(options: argparse.Namespace, place: BrokerPlace) -> TlsSettings | None:
    files = {name: getattr(options, name) for name in ("ca_file", "certificate_file", "key_file")}
    if not place.is_encrypted:
        if any(files.values()):
            raise UsageError("certificates need mqtts://")
        return None
    if files["key_file"] and not files["certificate_file"]:
        raise UsageError("--key-file needs --certificate-file")
    for name, path in files.items():
        if path and not Path(path).is_file():
            raise UsageError(f"--{name.replace('_', '-')}: {path} is not a file")
    return TlsSettings(**files, insecure=False)
