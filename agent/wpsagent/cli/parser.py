# SPDX-License-Identifier: BSD-3-Clause
"""What the command line understands: sub-commands, options, help with examples."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Handler = Callable[[argparse.Namespace], int]

DEFAULT_CONFIG = "/etc/wps-agent/wps-agent.toml"
DEFAULT_SOCKET = "/run/wps-agent/control"
MAXIMUM_TIMEOUT = 2**31


@dataclass(frozen=True, slots=True)
class Option:
    """One argument of a command, as argparse takes it."""

    names: tuple[str, ...]
    keywords: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Command:
    """One sub-command; examples are shown under its help."""

    name: str
    help: str
    options: tuple[Option, ...]
    handler: Handler
    examples: str


def _option(*names: str, text: str, **keywords: Any) -> Option:
    return Option(names, {"help": text, **keywords})


def _seconds(text: str) -> int:
    """0 for ever; the limit is the agent's own."""
    if not (text.isascii() and text.isdecimal()) or int(text) > MAXIMUM_TIMEOUT:
        raise argparse.ArgumentTypeError(f"expected a number of seconds, 0 to {MAXIMUM_TIMEOUT}, found {text!r}")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    from wpsagent.cli.run import run

    return run(options)


def _client(name: str) -> Handler:
    def handler(options: argparse.Namespace) -> int:
        from wpsagent.cli import client

        return client.COMMANDS[name](options)

    return handler


def _station(name: str) -> Handler:
    def handler(options: argparse.Namespace) -> int:
        from wpsagent.cli import station

        return station.COMMANDS[name](options)

    return handler


def _doctor(options: argparse.Namespace) -> int:
    from wpsagent.cli.doctor import doctor

    return doctor(options)


def _config(options: argparse.Namespace) -> int:
    from wpsagent.cli.run import check_config

    return check_config(options)


_CONFIG = _option("-c", "--config", text=f"the configuration (default: {DEFAULT_CONFIG})", metavar="FILE")
_SOCKET = _option(
    "-s",
    "--socket",
    text=f"the agent's control socket (default: the configuration's, or {DEFAULT_SOCKET})",
    metavar="PATH",
)
_JSON = _option("--json", text="print JSON", action="store_true")
_TARGET = _option(
    "target", text="a button group or an interface (default: everything that has WPS)", nargs="?", metavar="TARGET"
)

_INTERFACE = _option("interface", text="the station (default: the only one)", nargs="?", metavar="INTERFACE")
_WAIT = _option(
    "--wait",
    text="follow it to its end; exit codes: 0 connected, 1 failed, 3 timed out, 4 overlap, 5 wrong PIN, 6 locked",
    action="store_true",
)

COMMANDS: Sequence[Command] = (
    Command(
        "run",
        "run the agent: on this board, or simulated where there is no configuration",
        (
            _CONFIG,
            _option(
                "--simulate",
                text="a simulated board, radio and phone; of a configuration only the MQTT broker is used",
                action="store_true",
            ),
            _option("-v", "--verbose", text="log more; twice: every frame's fate", action="count", default=0),
        ),
        _run,
        "  wps-agent run --config /etc/wps-agent/wps-agent.toml\n"
        "  wps-agent run --simulate          press Enter, watch the LED, see a phone join\n",
    ),
    Command(
        "pbc",
        "press the WPS button: open the network for one device, for two minutes (a station alone: join one)",
        (_TARGET, _SOCKET, _CONFIG),
        _client("pbc"),
        "  wps-agent pbc                     every network\n"
        "  wps-agent pbc wlan0               only the button group of wlan0\n",
    ),
    Command(
        "cancel",
        "take the press or the PIN back, and end runs in progress",
        (_TARGET, _SOCKET, _CONFIG),
        _client("cancel"),
        "  wps-agent cancel\n",
    ),
    Command(
        "pin",
        "admit the device that shows this PIN",
        (
            _option(
                "pin",
                text="the PIN that the device shows: 4 or 8 digits; - reads it from standard input",
                metavar="PIN",
            ),
            _option(
                "--timeout",
                text="forget it after so many seconds (default: never)",
                type=_seconds,
                default=0,
                metavar="SECONDS",
            ),
            _option("--uuid", text="only for the device with this UUID", default="any"),
            _option("--mac", text="name this device in beacons, so that it comes to us at once"),
            _option("--target", text="a button group or an interface (default: everything that has WPS)"),
            _SOCKET,
            _CONFIG,
        ),
        _client("pin"),
        "  wps-agent pin 12345670\n  wps-agent pin 1234-5670 --timeout 300\n",
    ),
    Command(
        "join",
        "join a network by WPS, as a station: push button, or a PIN",
        (
            _INTERFACE,
            _option(
                "--pin",
                text="by PIN: this one (- reads it from standard input), or a fresh one to enter at the access point",
                nargs="?",
                const="",
                metavar="PIN",
            ),
            _option("--bssid", text="only this access point"),
            _WAIT,
            _SOCKET,
            _CONFIG,
        ),
        _station("join"),
        "  wps-agent join                    then press the button of the access point\n"
        "  wps-agent join --pin --wait       shows a PIN to enter at the access point\n"
        "  wps-agent join wlan1 --pin 12345670 --bssid 02:00:00:00:01:00\n",
    ),
    Command(
        "learn",
        "ask an access point for its network with its own PIN, and join",
        (
            _option("bssid", text="the access point", metavar="BSSID"),
            _option("pin", text="its PIN, from its label; - reads it from standard input", metavar="AP-PIN"),
            _option("--interface", text="the station (default: the only one)"),
            _WAIT,
            _SOCKET,
            _CONFIG,
        ),
        _station("learn"),
        "  wps-agent learn 02:00:00:00:01:00 12345670 --wait\n",
    ),
    Command(
        "scan",
        "see which access points are there, those with WPS first",
        (_INTERFACE, _SOCKET, _CONFIG),
        _station("scan"),
        "  wps-agent scan\n",
    ),
    Command(
        "networks",
        "list the networks that a station knows",
        (_INTERFACE, _SOCKET, _CONFIG),
        _station("networks"),
        "  wps-agent networks\n",
    ),
    Command(
        "forget",
        "remove a network that a station knows",
        (
            _option("number", text="its number in the list of networks", metavar="NUMBER"),
            _option("--interface", text="the station (default: the only one)"),
            _SOCKET,
            _CONFIG,
        ),
        _station("forget"),
        "  wps-agent networks\n  wps-agent forget 0\n",
    ),
    Command(
        "status",
        "what the agent is doing, in plain words",
        (_JSON, _SOCKET, _CONFIG),
        _client("status"),
        "  wps-agent status\n  wps-agent status --json | jq .state\n",
    ),
    Command(
        "doctor",
        "find out why it does not work: radio, owner of the interface, GPIO, broker, permissions",
        (_CONFIG, _JSON),
        _doctor,
        "  wps-agent doctor\n  wps-agent doctor --config my.toml --json\n",
    ),
    Command(
        "config",
        "show an annotated example, or check a file",
        (
            _option("action", text="example: print one; check: check FILE", choices=("example", "check")),
            _option("file", text=f"what to check (default: {DEFAULT_CONFIG})", nargs="?", metavar="FILE"),
            _option("-c", "--config", text="the same", metavar="FILE"),
        ),
        _config,
        "  wps-agent config example > wps-agent.toml\n  wps-agent config check wps-agent.toml\n",
    ),
)


def build_parser(version: str) -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="wps-agent",
        description="Wi-Fi Protected Setup for small boards: button, LED, access point, station, MQTT.",
        epilog="'wps-agent COMMAND --help' explains a command.",
    )
    parser.add_argument("--version", action="version", version=f"wps-agent {version}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        sub = commands.add_parser(
            command.name,
            help=command.help,
            description=command.help[0].upper() + command.help[1:] + ".",
            epilog=f"examples:\n{command.examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        for option in command.options:
            sub.add_argument(*option.names, **option.keywords)
        sub.set_defaults(handler=command.handler)
    return parser
