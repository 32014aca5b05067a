# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent board`: which boards are known and which one this is, how a board is wired, and whether it works.

`test` opens the pins itself, so it refuses while an agent has them.  It needs no root where the kernel lets a user have
them: pins by group gpio, the button of the kernel by group input, its LEDs by a udev rule.
"""

import argparse
import asyncio
import dataclasses
import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wpsagent.cli.asking import find_socket
from wpsagent.cli.exit_codes import DONE, FAILED, INTERRUPTED, TIMED_OUT
from wpsagent.cli.parser import DEFAULT_CONFIG
from wpsagent.config.example import toml
from wpsagent.config.loader import board_parts, load
from wpsagent.config.model import ButtonSettings, LedSettings
from wpsagent.daemon.board_profile import Match, Profile, equipped, known_boards, look_at_board, profile_tables
from wpsagent.errors import AgentError, UsageError

ROOT = Path("/")


def board(options: argparse.Namespace, root: Path = ROOT) -> int:
    """One of list, show, test; root: where /proc, /sys and /etc are."""
    match options.action:
        case "list":
            return _list(options, root)
        case "show":
            return _show(options, root)
        case _:
            return _tested(options, root)


# ---- list


def _list(options: argparse.Namespace, root: Path) -> int:
    boards = known_boards(look_at_board(root))
    found = next((match for match in boards if match.fits), None)
    if options.json:
        print(json.dumps([_listed(match, match is found) for match in boards], ensure_ascii=False))
        return DONE
    width = max(len(match.profile.name) for match in boards)
    for match in boards:
        mark, verdict = ("*", "this board: ") if match is found else (" ", "fits too: " if match.fits else "not: ")
        print(f"{mark} {match.profile.name:<{width}}  {match.profile.title}")
        print(f"  {'':<{width}}  {verdict}{match.reason}")
    if found is None:
        print('\nNo profile fits this board: name one as [board] profile = "…", or write [[button]] and [[led]].')
    return DONE


def _listed(match: Match, is_detected: bool) -> dict[str, Any]:
    return {
        "name": match.profile.name,
        "title": match.profile.title,
        "fits": match.fits,
        "detected": is_detected,
        "reason": match.reason,
    }


# ---- show


def _show(options: argparse.Namespace, root: Path) -> int:
    match = _chosen(options.name, root)
    profile = match.profile
    if options.json:
        values = _listed(match, options.name is None)
        values |= {"wiring": profile.wiring, "picture": profile.picture, "notes": profile.notes}
        values |= {"button": profile.buttons, "led": profile.leds}
        print(json.dumps(values, ensure_ascii=False))
        return DONE
    print(f"{profile.name}: {profile.title} ({'this board' if match.fits else 'not this board'}: {match.reason})")
    for heading, lines in (("Wiring", profile.wiring), ("Notes", profile.notes)):
        if lines:
            print(f"\n{heading}:\n" + "\n".join(f"  {line}" for line in lines))
        if heading == "Wiring" and profile.picture:
            print(f"\n{profile.picture.rstrip()}")
    print(f'\nWhat [board] profile = "{profile.name}" stands for:\n\n{profile_toml(profile)}')
    return DONE


def _chosen(name: str | None, root: Path) -> Match:
    """The board of a name, or the one that this is; raises UsageError that says which there are."""
    boards = known_boards(look_at_board(root))
    if name is None:
        found = next((match for match in boards if match.fits), None)
        if found is None:
            raise UsageError("no profile fits this board; see wps-agent board list, and name one")
        return found
    for match in boards:
        if match.profile.name == name:
            return match
    raise UsageError(f"no board is called {name}; there are: {', '.join(match.profile.name for match in boards)}")


def profile_toml(profile: Profile) -> str:
    """The tables of a configuration that a profile stands for."""
    tables = [*(("button", table) for table in profile.buttons), *(("led", table) for table in profile.leds)]
    return "\n\n".join(_table(name, table) for name, table in tables)


def _table(name: str, table: Mapping[str, Any]) -> str:
    inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
    lines = [f"[[{name}]]", *_lines({key: value for key, value in table.items() if key not in inner})]
    for key, values in inner.items():
        lines += [f"[{name}.{key}]", *_lines(values)]
    return "\n".join(lines)


def _lines(values: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value) if isinstance(value, list) else toml(value)}" for key, value in values.items()]


# ---- test


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is tested, and where it was said."""

    origin: str
    buttons: Sequence[ButtonSettings]
    leds: Sequence[LedSettings]


def _tested(options: argparse.Namespace, root: Path) -> int:
    """The test, which gives the board back also when it is told to end."""
    try:
        return asyncio.run(_test(options, root))
    except asyncio.CancelledError:
        return INTERRUPTED


async def _test(options: argparse.Namespace, root: Path) -> int:
    from wpsagent.daemon import board_trial

    task = asyncio.current_task()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    await _refuse_beside_an_agent(options)
    parts = _parts(options, root)
    lines: list[str] = []

    def tell(line: str) -> None:
        lines.append(line)
        if not options.json:
            print(line, flush=True)

    tell(f"testing {parts.origin}")
    leds = await board_trial.try_leds(parts.leds, tell, board_trial.PATTERN_TIME)
    buttons = await board_trial.try_buttons(parts.buttons, tell, options.timeout or None, options.presses)
    result = board_trial.BoardResult(leds, buttons)
    code = FAILED if result.has_problem else TIMED_OUT if result.is_unpressed else DONE
    if options.json:
        values = {"tested": parts.origin, **dataclasses.asdict(result), "exit_code": code, "told": lines}
        print(json.dumps(values, ensure_ascii=False))
    return code


async def _refuse_beside_an_agent(options: argparse.Namespace) -> None:
    """Its pins cannot be had twice, and a press would reach both."""
    from wpsagent.daemon.diagnosis.survey import Ports, Presence, Survey

    survey = Survey(Path(options.config or DEFAULT_CONFIG), Ports())
    path = find_socket(options)
    presence, _ = await survey.ask(path, "PING")
    if presence is not Presence.ABSENT:
        stop = survey.service_command("stop", "wps-agent") or "end it"
        raise AgentError(
            f"an agent is running ({path}) and has the button and the LED: stop it first ({stop}); "
            "to see it at work: wps-agent events"
        )


def _parts(options: argparse.Namespace, root: Path) -> _Parts:
    """The named board's; else what the configuration says; else those of the board that this is."""
    traits = look_at_board(root)
    path = Path(options.config or DEFAULT_CONFIG)
    if options.name is None and (options.config or os.access(path, os.R_OK)):
        configuration = equipped(load(path), traits)
        if configuration.buttons or configuration.leds:
            return _Parts(str(path), configuration.buttons, configuration.leds)
    match = _chosen(options.name, root)
    origin = f"board profile {match.profile.name}"
    buttons, leds = board_parts(profile_tables(match.profile, traits), origin)
    return _Parts(origin if options.name else f"{origin} ({match.reason})", buttons, leds)
