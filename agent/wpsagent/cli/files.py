# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent hostapd` and `wps-agent supplicant`: the agent, configured by their files and started by their options."""

import argparse
import asyncio
import logging
import logging.handlers
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from wpsagent.cli.background import in_background, pid_file
from wpsagent.cli.exit_codes import DONE, FAILED, WRONG_USE
from wpsagent.cli.run import set_up_logging, until_the_terminal_closes
from wpsagent.config import hostapd_file, supplicant_conf
from wpsagent.config.model import Configuration
from wpsagent.daemon.daemon import Daemon
from wpsagent.daemon.service import go_on
from wpsagent.errors import AgentError, UsageError

logger = logging.getLogger(__name__)

_USELESS = {
    "entropy_file": "-e has no effect: the kernel's entropy is used",
    "dbus": "-u has no effect: there is no D-Bus interface",
}
_USELESS_OF_INTERFACE = {
    "driver_parameters": "-p has no effect: there are no parameters of the driver",
    "bridge": "-b has no effect: frames are taken from the interface itself",
}
_QUIET = ("warning", "error")
_SYSLOG = "/dev/log"


def hostapd(options: argparse.Namespace) -> int:
    """Access points, as hostapd.conf has them."""
    names = options.names.split(",") if options.names else []
    sources = [
        *(hostapd_file.Source(Path(file).absolute()) for file in options.files),
        *(_on_phy(text) for text in options.on_phy),
    ]
    if not sources:
        return _wrong("hostapd", "expected a configuration file")
    if len(names) > len(sources):
        return _wrong("hostapd", f"-i names {len(names)} interfaces for {len(sources)} files")
    sources[: len(names)] = [replace(source, interface=name) for source, name in zip(sources, names, strict=False)]
    return _run(lambda: _with_options(hostapd_file.load(*sources), options), options)


def _on_phy(text: str) -> hostapd_file.Source:
    phy, colon, file = text.partition(":")
    if not colon or not phy or not file:
        raise UsageError(f"-b {text}: expected PHY:FILE, such as phy0:/etc/hostapd.conf")
    return hostapd_file.Source(Path(file).absolute(), create_on=phy)


def supplicant(options: argparse.Namespace) -> int:
    """Stations, as wpa_supplicant.conf has them."""
    described = options.described or []
    if not described and options.global_socket is None:
        return _wrong("supplicant", "expected -i with -c (or -C), or -g")
    if not all("interface" in one and ("path" in one or "control" in one) for one in described):
        return _wrong("supplicant", "expected -i with -c (or -C) for each interface")
    sources = [
        supplicant_conf.Source(
            one["interface"],
            Path(one["path"]).absolute() if "path" in one else None,
            one.get("driver", supplicant_conf.DRIVER),
            one.get("control"),
            options.override,
        )
        for one in described
    ]
    configuration = supplicant_conf.load(*sources)
    if described and not configuration.stations:
        print(
            "wps-agent: driver none is for an External Registrar, which is not supported yet: there is nothing to run",
            file=sys.stderr,
        )
        return FAILED
    useless = [text for one in described for name, text in _USELESS_OF_INTERFACE.items() if name in one]
    return _run(lambda: _with_options(supplicant_conf.load(*sources), options), options, useless)


def _wrong(command: str, text: str) -> int:
    print(f"wps-agent {command}: {text}; see wps-agent {command} --help", file=sys.stderr)
    return WRONG_USE


def _with_options(configuration: Configuration, options: argparse.Namespace) -> Configuration:
    """The command line has the last word."""
    agent = replace(configuration.agent, control_group=options.group)
    if options.global_socket is not None:
        agent = replace(agent, control_socket=str(Path(options.global_socket).absolute()))
    quiet = vars(options).get("quiet", 0)
    if options.debug:
        agent = replace(agent, log_level="debug")
    elif quiet:
        agent = replace(agent, log_level=_QUIET[min(quiet, len(_QUIET)) - 1])
    return replace(configuration, agent=agent)


# ---- running


def _run(reread: Callable[[], Configuration], options: argparse.Namespace, useless: Sequence[str] = ()) -> int:
    """Read the files, and run until the end; raises ConfigError before anything is begun."""
    configuration = reread()

    def work(tell_ready: Callable[[], None]) -> int:
        set_up_logging(configuration.agent.log_level, _log_handler(options))
        for text in (*useless, *(text for name, text in _USELESS.items() if vars(options).get(name))):
            logger.warning("%s", text)
        for warning in configuration.warnings:
            logger.warning("%s", warning)
        with pid_file(options.pid_file):
            again = reread if options.background else until_the_terminal_closes(reread)
            return asyncio.run(_serve(configuration, again, tell_ready))

    return in_background(work) if options.background else work(lambda: None)


def _log_handler(options: argparse.Namespace) -> logging.Handler | None:
    """Where the log goes; None: to standard error.  Raises AgentError."""
    try:
        if options.log_file is not None:
            return logging.FileHandler(Path(options.log_file).absolute(), encoding="utf-8")
        if options.syslog:
            Path(_SYSLOG).stat()  # the handler itself would fail with each line
            return logging.handlers.SysLogHandler(_SYSLOG, logging.handlers.SysLogHandler.LOG_DAEMON)
    except OSError as error:
        raise AgentError(f"the log cannot be opened: {error.strerror}: {options.log_file or _SYSLOG}") from None
    return None


async def _serve(
    configuration: Configuration, reread: Callable[[], Configuration | None], tell_ready: Callable[[], None]
) -> int:
    """Like hostapd and wpa_supplicant it ends when an interface cannot be brought up at the beginning."""
    daemon = Daemon(configuration, reread=reread)
    running = asyncio.create_task(daemon.run())
    if not await _has_come_up(daemon, running):
        daemon.terminate()
        await running
        return FAILED
    tell_ready()
    await go_on(configuration, await running, reread)
    return DONE


async def _has_come_up(daemon: Daemon, running: "asyncio.Task[Configuration | None]") -> bool:
    """Wait until the daemon is there, or has ended; whether all interfaces are up.  The log says why one is not."""
    starting = asyncio.create_task(daemon.started.wait())
    await asyncio.wait((running, starting), return_when=asyncio.FIRST_COMPLETED)
    starting.cancel()
    down = list(_down(daemon)) if daemon.started.is_set() else []
    if down:
        logger.error("ended because it could not be brought up: %s", ", ".join(down))
    return daemon.started.is_set() and not down


def _down(daemon: Daemon) -> Iterator[str]:
    """The interfaces that are not up; the log says why."""
    yield from (point.interface for point in daemon.access_points() if not point.is_enabled)
    for station in daemon.stations():
        try:
            station.machine()
        except UsageError:
            yield station.interface
