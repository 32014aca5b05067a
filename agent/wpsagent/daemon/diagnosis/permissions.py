# SPDX-License-Identifier: BSD-3-Clause
"""Checks what this process may do: capabilities(7), as /proc/self/status lists them (proc_pid_status(5)); and whether
the group that may give commands exists."""

from collections.abc import AsyncIterator

from wpsagent.daemon.diagnosis.findings import Finding, ok, problem, skipped, warning
from wpsagent.daemon.diagnosis.survey import Survey

CHECK = "permissions"
# linux/capability.h
_NEEDED = {"CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13}


async def check_permissions(survey: Survey) -> AsyncIterator[Finding]:
    """What the process may do, and the control group."""
    yield _capabilities(survey)
    group = survey.configuration.agent.control_group if survey.configuration is not None else None
    if group is not None and not survey.ports.has_group(group):
        remedy = f"add it (groupadd --system {group}), or correct agent.control_group"
        yield problem("control group", f"this device has no group {group!r}: the agent will not start", remedy)


def _capabilities(survey: Survey) -> Finding:
    """CAP_NET_ADMIN and CAP_NET_RAW; a running agent has its own, so ours matter less then."""
    fields = dict(line.split(":", 1) for line in survey.read("/proc/self/status").splitlines() if ":" in line)
    try:
        effective = int(fields["CapEff"], 16)
        is_root = fields["Uid"].split()[1] == "0"
    except (KeyError, ValueError, IndexError):
        return skipped(CHECK, "/proc/self/status does not say which capabilities we have")
    missing = " and ".join(name for name, number in _NEEDED.items() if not effective & 1 << number)
    user = "root" if is_root else "this user"
    if not missing:
        return ok(CHECK, f"{user} has CAP_NET_ADMIN and CAP_NET_RAW")
    if survey.is_agent_there:
        return warning(CHECK, f"{user} lacks {missing}; the running agent has its own rights", _remedy(is_root))
    return problem(CHECK, f"{user} lacks {missing}: no access point without", _remedy(is_root))


def _remedy(is_root: bool) -> str:
    if is_root:
        return "let the container or jail keep them (for example --cap-add NET_ADMIN --cap-add NET_RAW)"
    return "run as root: sudo wps-agent doctor; a service needs AmbientCapabilities=CAP_NET_ADMIN CAP_NET_RAW"
