# SPDX-License-Identifier: BSD-3-Clause
"""What the command line understands: sub-commands, options, help with examples."""

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wpsagent.cli import dashboard_options, exit_codes, file_options
from wpsagent.cli.fleet import options as fleet_options

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


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 100, found {text!r}")
    return int(text)


def _run(options: argparse.Namespace) -> int:
    from wpsagent.io.lean_import import without

    with without("ssl"):
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


def _hostapd(options: argparse.Namespace) -> int:
    from wpsagent.io.lean_import import without

    with without("ssl"):
        from wpsagent.cli.files import hostapd

    return hostapd(options)


def _supplicant(options: argparse.Namespace) -> int:
    from wpsagent.io.lean_import import without

    with without("ssl"):
        from wpsagent.cli.files import supplicant

    return supplicant(options)


def _doctor(options: argparse.Namespace) -> int:
    from wpsagent.cli.doctor import doctor

    return doctor(options)


def _board(options: argparse.Namespace) -> int:
    from wpsagent.cli.board import board

    return board(options)


def _config(options: argparse.Namespace) -> int:
    from wpsagent.cli.run import check_config

    return check_config(options)


def _dashboard(options: argparse.Namespace) -> int:
    from wpsagent.cli.dashboard import dashboard

    return dashboard(options)


def _fleet(options: argparse.Namespace) -> int:
    from wpsagent.cli.fleet.watch import fleet

    return fleet(options)


def _completion(options: argparse.Namespace) -> int:
    from wpsagent.cli.completion import completion

    return completion(options)


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
    text="follow it to its end; the exit code says how it went",
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
            _option("-v", "--verbose", text="log more", action="store_true"),
        ),
        _run,
        "  wps-agent run --config /etc/wps-agent/wps-agent.toml\n"
        "  wps-agent run --simulate          press Enter, watch the LED, see a phone join\n",
    ),
    Command(
        "pbc",
        "press the WPS button: open the network for one device, for two minutes (a station alone: join one)",
        (_TARGET, _WAIT, _JSON, _SOCKET, _CONFIG),
        _client("pbc"),
        "  wps-agent pbc                     every network\n"
        "  wps-agent pbc wlan0               only the button group of wlan0\n"
        "  wps-agent pbc --wait              until a device was admitted, or nobody came\n",
    ),
    Command(
        "cancel",
        "take the press or the PIN back, and end runs in progress",
        (_TARGET, _JSON, _SOCKET, _CONFIG),
        _client("cancel"),
        "  wps-agent cancel\n",
    ),
    Command(
        "pin",
        "admit the device that shows this PIN",
        (
            _option(
                "pin",
                text="the PIN that the device shows: 4 or 8 digits; - reads it from standard input; "
                "without one a fresh PIN is shown, to be entered on the device",
                nargs="?",
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
            _WAIT,
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _client("pin"),
        "  wps-agent pin 12345670\n  wps-agent pin 1234-5670 --timeout 300 --wait\n",
    ),
    Command(
        "check-pin",
        "check a PIN's digits, and print it without separators",
        (_option("pin", text="4 or 8 digits", metavar="PIN"), _JSON),
        _client("check-pin"),
        "  wps-agent check-pin 1234-5670\n",
    ),
    Command(
        "ap-pin",
        "the PIN with which a station may read or change a network of ours; best kept off",
        (
            _option(
                "action",
                text="show it; make a random one; set PIN; turn it off",
                choices=("show", "random", "set", "off"),
            ),
            _option("pin", text="with set: 4 or 8 digits; - reads it from standard input", nargs="?", metavar="PIN"),
            _option(
                "--timeout",
                text="turn it off after so many seconds (default: never)",
                type=_seconds,
                default=0,
                metavar="SECONDS",
            ),
            _option("--interface", text="the network (default: the first)"),
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _client("ap-pin"),
        "  wps-agent ap-pin random --timeout 300\n  wps-agent ap-pin off\n",
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
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _station("join"),
        "  wps-agent join                    then press the button of the access point\n"
        "  wps-agent join --pin --wait       shows a PIN to enter at the access point\n"
        "  wps-agent join wlan1 --pin 12345670 --bssid 02:00:00:00:01:00\n",
    ),
    Command(
        "reg",
        "with an access point's own PIN: learn its settings and join, or configure it",
        (
            _option("action", text="learn its settings, or configure new ones", choices=("learn", "configure")),
            _option("bssid", text="the access point", metavar="BSSID"),
            _option("pin", text="its PIN, from its label; - reads it from standard input", metavar="AP-PIN"),
            _option("ssid", text="with configure: the new name of the network", nargs="?", metavar="SSID"),
            _option("--passphrase", text="with configure: the new passphrase; - reads it from standard input"),
            _option("--open", text="with configure: a network without encryption", action="store_true"),
            _option("--interface", text="the station (default: the only one)"),
            _WAIT,
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _station("reg"),
        "  wps-agent reg learn 02:00:00:00:01:00 12345670 --wait\n"
        "  wps-agent reg configure 02:00:00:00:01:00 12345670 home --passphrase -\n",
    ),
    Command(
        "scan",
        "see which access points are there, those with WPS first",
        (_INTERFACE, _JSON, _SOCKET, _CONFIG),
        _station("scan"),
        "  wps-agent scan\n",
    ),
    Command(
        "networks",
        "list the networks that a station knows",
        (_INTERFACE, _JSON, _SOCKET, _CONFIG),
        _station("networks"),
        "  wps-agent networks\n",
    ),
    Command(
        "forget",
        "remove a network that a station knows",
        (
            _option("number", text="its number in the list of networks", metavar="NUMBER"),
            _option("--interface", text="the station (default: the only one)"),
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _station("forget"),
        "  wps-agent networks\n  wps-agent forget 0\n",
    ),
    Command(
        "status",
        "what the agent is doing, in plain words",
        (
            _option("--watch", text="go on showing it, live, with the time left", action="store_true"),
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _client("status"),
        "  wps-agent status\n  wps-agent status --watch\n  wps-agent status --json | jq .state\n",
    ),
    Command(
        "events",
        "what happens, as it happens: hostapd's and wpa_supplicant's events",
        (
            _option("--show-keys", text="also the keys that some events carry", action="store_true"),
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _client("events"),
        "  wps-agent events\n  wps-agent events --json | jq .event\n",
    ),
    Command(
        "doctor",
        "find out why it does not work: radio, owner of the interface, GPIO, broker, permissions",
        (_CONFIG, _JSON),
        _doctor,
        "  wps-agent doctor\n  wps-agent doctor --config my.toml --json\n",
    ),
    Command(
        "board",
        "which boards are known, how one is wired, and whether its button and LED work",
        (
            _option("action", text="list all; show wiring; test LED and button", choices=("list", "show", "test")),
            _option("name", text="a board (default: this one; test: what the configuration says)", nargs="?"),
            _option(
                "--timeout",
                text="test: wait so many seconds for the button, 0 for ever (default: 30)",
                type=_seconds,
                default=30,
                metavar="SECONDS",
            ),
            _option("--presses", text="test: measure so many presses (default: 1)", type=_count, default=1),
            _JSON,
            _SOCKET,
            _CONFIG,
        ),
        _board,
        "  wps-agent board list\n  wps-agent board show raspberry-pi-4\n  wps-agent board test --presses 3\n",
    ),
    Command(
        "config",
        "show an annotated example, or check a file",
        (
            _option("action", text="example: print one; check: check FILE", choices=("example", "check")),
            _option("file", text=f"what to check (default: {DEFAULT_CONFIG})", nargs="?", metavar="FILE"),
            _option("-c", "--config", text="the same", metavar="FILE"),
            _JSON,
        ),
        _config,
        "  wps-agent config example > wps-agent.toml\n  wps-agent config check wps-agent.toml\n",
    ),
    Command(
        "hostapd",
        "run access points from hostapd.conf, with the options of hostapd",
        tuple(Option(*row) for row in file_options.HOSTAPD),
        _hostapd,
        "  wps-agent hostapd -B -P /run/hostapd.pid /etc/hostapd/hostapd.conf\n",
    ),
    Command(
        "supplicant",
        "run stations from wpa_supplicant.conf, with the options of wpa_supplicant",
        tuple(Option(*row) for row in file_options.SUPPLICANT),
        _supplicant,
        "  wps-agent supplicant -B -i wlan1 -D nl80211 -c /etc/wpa_supplicant.conf\n"
        "  wps-agent supplicant -i wlan1 -c one.conf -N -i wlan2 -c other.conf\n",
    ),
    Command(
        "dashboard",
        "serve a page for the browser: all boards of a broker, live, and letting devices in from there",
        (
            _option(
                "--listen",
                text="where (default: 127.0.0.1:8080, for this computer alone)",
                type=dashboard_options.listen_address,
                default=("127.0.0.1", 8080),
                metavar="HOST:PORT",
            ),
            _option(
                "--broker",
                text="the broker's WebSockets listener (default: the page asks)",
                type=dashboard_options.broker_url,
                metavar="URL",
            ),
            _option(
                "--base-topic",
                text="the agents' base topic (default: wps-agent)",
                type=dashboard_options.base_topic,
                default="wps-agent",
                metavar="TOPIC",
            ),
        ),
        _dashboard,
        "  wps-agent dashboard --broker ws://broker.lan:9001\n"
        "  wps-agent dashboard --listen 127.0.0.1:8888 --broker wss://broker.lan/mqtt\n",
    ),
    Command(
        "fleet",
        "watch all agents of a broker, those that need a person first",
        (
            _option("action", text="watch: go on showing them, live", choices=("watch",)),
            _option(
                "--broker",
                text="mqtt://[user[:-]@]host[:port] or mqtts://…; with user:- the password is asked for, or read from "
                "standard input (default: the configuration's [mqtt])",
                type=fleet_options.broker,
                metavar="URL",
            ),
            _option("--password-file", text="a file with the password", metavar="FILE"),
            _option("--ca-file", text="mqtts: certificates to trust (default: the system's)", metavar="FILE"),
            _option("--certificate-file", text="mqtts: our certificate", metavar="FILE"),
            _option("--key-file", text="mqtts: its key", metavar="FILE"),
            _option(
                "--base-topic",
                text="the agents' base topic (default: the configuration's, or wps-agent)",
                type=dashboard_options.base_topic,
                metavar="TOPIC",
            ),
            _option(
                "--state",
                text=f"only those in one of these states, with commas: {', '.join(fleet_options.STATES)}",
                type=fleet_options.states,
                metavar="STATES",
            ),
            _option("--node", text="only those with such a name, as 'floor2-*'", metavar="PATTERN"),
            _option("--offline", text="only those that are offline", action="store_true"),
            _option("--once", text="show them once, and end", action="store_true"),
            _option("--json", text="one line of JSON for each agent, and for each change", action="store_true"),
            _CONFIG,
        ),
        _fleet,
        "  wps-agent fleet watch --broker mqtt://broker.lan\n"
        "  wps-agent fleet watch --broker mqtts://me:-@broker.lan --state error,timeout\n"
        "  wps-agent fleet watch --once --offline\n"
        "  wps-agent fleet watch --json | jq .node\n",
    ),
    Command(
        "completion",
        "print what makes a shell complete these commands",
        (_option("shell", text="bash, zsh or fish", choices=("bash", "zsh", "fish")),),
        _completion,
        "  wps-agent completion bash > /etc/bash_completion.d/wps-agent\n",
    ),
)


def build_parser(version: str) -> argparse.ArgumentParser:
    """The whole command line."""
    parser = argparse.ArgumentParser(
        prog="wps-agent",
        description="Wi-Fi Protected Setup for small boards: button, LED, access point, station, MQTT.",
        epilog=f"'wps-agent COMMAND --help' explains a command.  Exit codes: {exit_codes.HELP}.",
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
        sub.set_defaults(handler=command.handler, parser=sub)
    return parser
