# SPDX-License-Identifier: BSD-3-Clause
"""All checks, in order: each may rely on what those before it have found out."""

import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from wpsagent.daemon.diagnosis.agent import check_agent
from wpsagent.daemon.diagnosis.attached import check_attached
from wpsagent.daemon.diagnosis.board import check_board
from wpsagent.daemon.diagnosis.broker import check_broker
from wpsagent.daemon.diagnosis.configuration import check_configuration
from wpsagent.daemon.diagnosis.findings import Finding, problem
from wpsagent.daemon.diagnosis.hand_over import check_hand_over
from wpsagent.daemon.diagnosis.owner import check_owners
from wpsagent.daemon.diagnosis.permissions import check_permissions
from wpsagent.daemon.diagnosis.radio import check_radios
from wpsagent.daemon.diagnosis.survey import Ports, Survey

logger = logging.getLogger(__name__)

Check = Callable[[Survey], AsyncIterator[Finding]]

CHECKS: tuple[tuple[str, Check], ...] = (
    ("configuration", check_configuration),
    ("agent", check_agent),
    ("backend", check_attached),
    ("permissions", check_permissions),
    ("radios", check_radios),
    ("owner", check_owners),
    ("hand-over", check_hand_over),
    ("board", check_board),
    ("broker", check_broker),
)


async def diagnose(config_path: Path, ports: Ports | None = None) -> AsyncIterator[Finding]:
    """Each finding as soon as it is made.  A check that fails itself is a finding too, and the others go on."""
    survey = Survey(config_path, ports or Ports())
    for name, check in CHECKS:
        try:
            async for finding in check(survey):
                yield finding
        except Exception as error:
            logger.exception("check %s failed", name)
            text = f"this check failed itself: {type(error).__name__}: {error}"
            yield problem(name, text, "this is a fault of wps-agent: please report it, with the lines above")
