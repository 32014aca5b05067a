# SPDX-License-Identifier: BSD-3-Clause
"""Why it does not work: checks of configuration, permissions, radios, their owners, board, broker and agent.

findings (what a check says) · survey (what the checks look at, all of it injectable) · one module a subject ·
diagnose (all of them in order).  Nothing is changed: buttons and LEDs are opened and given back as they were.
"""

from wpsagent.daemon.diagnosis.diagnose import diagnose
from wpsagent.daemon.diagnosis.findings import Finding, Level
from wpsagent.daemon.diagnosis.survey import CommandResult, Ports

__all__ = ["CommandResult", "Finding", "Level", "Ports", "diagnose"]
