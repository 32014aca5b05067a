# SPDX-License-Identifier: BSD-3-Clause
"""Asks the running agent: does it answer, which of its networks are up, and why are the others not."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from wpsagent.config.table import AGENT
from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, split_advice, warning
from wpsagent.daemon.diagnosis.survey import Presence, Survey

CHECK = "agent"
_SERVICE = "wps-agent"
_DEFAULT_SOCKET: str = next(key.default for key in AGENT.keys if key.name == "control_socket")


async def check_agent(survey: Survey) -> AsyncIterator[Finding]:
    """Whether it runs, then a line for each network."""
    configuration = survey.configuration
    path = configuration.agent.control_socket if configuration is not None else _DEFAULT_SOCKET
    survey.agent_presence, answer = await survey.ask(path, "AGENT_STATUS")
    match survey.agent_presence:
        case Presence.ABSENT:
            start = survey.service_command("start", _SERVICE) or f"wps-agent run --config {survey.config_path}"
            yield warning(CHECK, f"it is not running: nobody answers on {path}", f"start it: {start}")
        case Presence.FORBIDDEN:
            yield warning(
                CHECK, f"no permission to ask it on {path}", "run as root, or as a member of the agent's control_group"
            )
        case Presence.SILENT:
            restart = survey.service_command("restart", _SERVICE) or "stop it and start it again"
            yield problem(CHECK, f"it does not answer on {path}: it is stuck", f"look at its log, then: {restart}")
        case _:
            survey.agent = _parse(answer)
            for finding in _report(survey, path):
                yield finding


def _parse(answer: str) -> Mapping[str, Any] | None:
    """The report; None when it is none of ours."""
    try:
        report = json.loads(answer)
        for network in (*report["access_points"], *report.get("stations", ())):
            _ = (network["interface"], network["state"], network["reason"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return dict(report)


def _report(survey: Survey, path: str) -> list[Finding]:
    report = survey.agent
    if report is None:
        text = f"who answers on {path} does not speak as this wps-agent does"
        return [
            problem(CHECK, text, "restart it: another version may be running; or name another agent.control_socket")
        ]
    findings = [ok(CHECK, f"it is running (version {report.get('version', '?')}, process {report.get('pid', '?')})")]
    findings += [_network(network) for network in report["access_points"]]
    findings += [_station(station) for station in report.get("stations", ())]
    return [*findings, *_outdated(survey, report)]


def _network(network: Mapping[str, Any]) -> Finding:
    check = f"{CHECK} {network['interface']}"
    match network["state"]:
        case "enabled":
            return ok(check, f"its network is up on channel {network.get('channel', '?')}")
        case "starting":
            return warning(check, "its network is still starting", "wait some seconds and try again")
        case state:
            reason = network["reason"] or f"it says no more than {state!r}"
            text, remedy = split_advice(str(reason), "the checks below tell more; it is tried again by itself")
            return problem(check, f"its network is down: {text}", remedy)


def _station(station: Mapping[str, Any]) -> Finding:
    check = f"{CHECK} {station['interface']}"
    match station["state"]:
        case "connected":
            return ok(check, f"its station is in the network {station.get('ssid')}")
        case "disconnected" if not station.get("networks"):
            return warning(check, "its station knows no network", f"wps-agent join {station['interface']}")
        case "disconnected":
            return warning(check, "its station is in no network", "see who is there: wps-agent scan")
        case "handed_over":
            return ok(check, "its station has handed the interface over, and borrows it for WPS")
        case "starting":
            return warning(check, "its station is still starting", "wait some seconds and try again")
        case state:
            reason = station["reason"] or f"it says no more than {state!r}"
            text, remedy = split_advice(str(reason), "the checks below tell more; it is tried again by itself")
            return problem(check, f"its station is down: {text}", remedy)


def _outdated(survey: Survey, report: Mapping[str, Any]) -> list[Finding]:
    """An agent that was started with another configuration than the one that is there now."""
    running = {user["interface"] for user in (*report["access_points"], *report.get("stations", ()))}
    configured = {claim.interface for claim in survey.claims} | set(survey.attached)
    if not configured or running == configured:
        return []
    text = f"it runs {', '.join(sorted(running))}, the configuration names {', '.join(sorted(configured))}"
    restart = survey.service_command("restart", _SERVICE) or "stop it and start it again"
    return [warning(CHECK, text, f"make it read the new configuration: {restart}")]
