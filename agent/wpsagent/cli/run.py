# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent run` and `wps-agent config`."""

import argparse
import asyncio
import logging
import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from wpsagent.cli.journal import JournalFormatter, is_journal
from wpsagent.cli.parser import DEFAULT_CONFIG
from wpsagent.config.example import describe
from wpsagent.config.loader import load
from wpsagent.config.model import Configuration
from wpsagent.errors import ConfigError

logger = logging.getLogger(__name__)

STANDARD_INPUT = 0

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_TIMED = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")


def run(options: argparse.Namespace) -> int:
    """The agent on this board; or simulated, when asked for or when there is no configuration to run with."""
    path = Path(options.config or DEFAULT_CONFIG)
    if options.simulate or (options.config is None and _is_missing(path)):
        return _simulate(options, path)

    def read() -> Configuration:
        configuration = load(path)
        agent = replace(configuration.agent, log_level="debug") if options.verbose else configuration.agent
        return replace(configuration, agent=agent)

    configuration = read()
    set_up_logging(configuration.agent.log_level)
    for warning in configuration.warnings:
        logger.warning("%s", warning)
    return asyncio.run(_run(configuration, until_the_terminal_closes(read)))


def _simulate(options: argparse.Namespace, path: Path) -> int:
    from wpsagent.daemon.simulation import simulate

    if not options.simulate:
        command = "wps-agent" if shutil.which("wps-agent") else shlex.quote(sys.argv[0])  # that of .venv is on no PATH
        print(
            f"No configuration at {path}: this is the simulated board.\n"
            "The agent is the real one; its radio, button, LED and phone are in memory.\n"
            f"For a real board: {command} config example > {path.name}, edit it, then as root\n"
            f"{command} run --config {path.name}\n",
            flush=True,
        )
    set_up_logging("debug" if options.verbose else "error")
    return simulate(load(path).mqtt if options.config else None)


def _is_missing(path: Path) -> bool:
    """True only where there is nothing: what is there but cannot be read is for `load` to complain about."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


async def _run(configuration: Configuration, reread: Callable[[], Configuration | None]) -> int:
    from wpsagent.daemon.service import serve

    await serve(configuration, reread)
    return 0


def until_the_terminal_closes(read: Callable[[], Configuration]) -> Callable[[], Configuration | None]:
    """What SIGHUP asks for: to read the configuration again; in a terminal that is no longer there, the end (None)."""
    had_terminal = os.isatty(STANDARD_INPUT)
    return lambda: None if had_terminal and not os.isatty(STANDARD_INPUT) else read()


def check_config(options: argparse.Namespace) -> int:
    """Print an example, or check a file; every problem is told (ConfigError)."""
    from wpsagent.cli.asking import tell

    if options.action == "example":
        print(describe(), end="")
        return 0
    path = Path(options.file or options.config or DEFAULT_CONFIG)
    configuration = load(path)
    if configuration.board is not None:
        _require_board(path, configuration.board.profile)
    roles = [f"{ap.interface} ({ap.ssid})" for ap in configuration.access_points]
    roles += [f"{station.interface} (station)" for station in configuration.stations]
    roles += [f"{one.interface} ({one.backend})" for one in configuration.attached]
    warnings = [f"warning: {warning}" for warning in configuration.warnings]
    values = {"file": str(path), "right": True, "roles": roles, "warnings": list(configuration.warnings)}
    tell(options, "\n".join((*warnings, f"{path} is right: {', '.join(roles)}")), values)
    return 0


def _require_board(path: Path, name: str) -> None:
    """A board that is named is known; which one "auto" is can only be told there.  Raises ConfigError."""
    from wpsagent.daemon.board_profile import AUTO, profile_named

    try:
        _ = name == AUTO or profile_named(name)
    except ConfigError as error:
        raise ConfigError([f"{path}: {problem}" for problem in error.problems]) from None


def set_up_logging(level: str, handler: logging.Handler | None = None) -> None:
    """To handler, or else to standard error: with priorities for a journal, with the time for a person."""
    to_journal = handler is None and is_journal()
    handler = handler or logging.StreamHandler(sys.stderr)
    handler.setFormatter(JournalFormatter() if to_journal else _TIMED)
    logging.basicConfig(level=_LEVELS[level], handlers=[handler])
    logging.getLogger("asyncio").setLevel(logging.WARNING)
