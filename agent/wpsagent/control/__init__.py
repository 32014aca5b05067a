# SPDX-License-Identifier: BSD-3-Clause
"""The control commands: one table, text in, text out, over the agent's own door."""

from wpsagent.control.agent import AccessPointStatus, Agent, WpsStatus
from wpsagent.control.commands import COMMANDS, Commands

__all__ = ["COMMANDS", "AccessPointStatus", "Agent", "Commands", "WpsStatus"]
