# SPDX-License-Identifier: BSD-3-Clause
"""`wps-agent doctor`: what is missing, in plain words, and what to do next."""

import argparse
import asyncio
import dataclasses
import json
from collections import Counter
from pathlib import Path

from wpsagent.cli.parser import DEFAULT_CONFIG
from wpsagent.daemon.diagnosis import Finding, Level, Ports, diagnose

_WIDTH = max(len(level) for level in Level)


def doctor(options: argparse.Namespace, ports: Ports | None = None) -> int:
    """Look at everything; 0 when there is no problem, 1 otherwise.  A line appears as each check ends."""
    path = Path(options.config or DEFAULT_CONFIG)
    return asyncio.run(_report(path, bool(options.json), ports))


async def _report(path: Path, as_json: bool, ports: Ports | None) -> int:
    findings: list[Finding] = []
    async for finding in diagnose(path, ports):
        findings.append(finding)
        if not as_json:
            print(format_finding(finding), flush=True)
    if as_json:
        print(json.dumps([dataclasses.asdict(finding) for finding in findings], ensure_ascii=False, indent=2))
    else:
        print(f"\n{summary(findings)}")
    return int(any(finding.level is Level.PROBLEM for finding in findings))


def format_finding(finding: Finding) -> str:
    """The level, what was looked at, what was found; the remedy below it."""
    line = f"{finding.level:<{_WIDTH}}  {finding.check}: {finding.text}"
    return f"{line}\n{'':<{_WIDTH}}    do: {finding.remedy}" if finding.remedy else line


def summary(findings: list[Finding]) -> str:
    """How many problems and warnings there are."""
    count = Counter(finding.level for finding in findings)
    words = [_counted(count[level], level) for level in (Level.PROBLEM, Level.WARNING) if count[level]]
    return ", ".join(words) or "nothing is missing"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
