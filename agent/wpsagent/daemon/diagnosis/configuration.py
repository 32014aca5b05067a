# SPDX-License-Identifier: BSD-3-Clause
"""Checks the configuration: there, readable, right, and not readable by those who should not."""

import os
from collections.abc import AsyncIterator

from wpsagent.daemon.board_profile import equipped
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, split_advice, warning
from wpsagent.daemon.diagnosis.survey import Survey
from wpsagent.errors import ConfigError

CHECK = "configuration"


async def check_configuration(survey: Survey) -> AsyncIterator[Finding]:
    """One problem a wrong key; else what the networks are, and the loader's warnings."""
    path = survey.config_path
    if not survey.ports.may_use(path, os.R_OK):
        yield _unreadable(survey)
        return
    try:
        configuration = equipped(survey.ports.load(path), survey.board_traits)
        survey.configuration = configuration
    except ConfigError as error:
        remedy = f"correct it in {path}, then try again: wps-agent config check --config {path}"
        for line in error.problems:
            yield problem(CHECK, *split_advice(line.removeprefix(f"{path}: "), remedy))
        return
    roles = [f"{ap.ssid} on {ap.interface}" for ap in configuration.access_points]
    roles += [f"a station on {station.interface}" for station in configuration.stations]
    roles += [f"{one.interface} of {one.backend}" for one in configuration.attached]
    yield ok(CHECK, f"{path}: {', '.join(roles)}")
    for line in configuration.warnings:
        yield warning(CHECK, *split_advice(line, f"correct it in {path}"))
    others = configuration.stations or configuration.attached
    if not others and not any(ap.wps for ap in configuration.access_points):
        yield warning(
            CHECK, "no network offers WPS: the button can do nothing", "set wps = true in an [[access_point]]"
        )


def _unreadable(survey: Survey) -> Finding:
    path = survey.config_path
    if survey.ports.may_use(path, os.F_OK) or survey.is_hidden(path):
        return problem(CHECK, f"{path}: no permission to read it", "run as root: sudo wps-agent doctor")
    return problem(
        CHECK,
        f"{path}: there is no such file",
        f"as root: wps-agent config example > {path}, then fill in your network; "
        "without hardware, wps-agent run --simulate shows what it does",
    )
