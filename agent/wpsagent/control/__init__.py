# SPDX-License-Identifier: BSD-3-Clause
"""The control commands: a table for each dialect, text in, text out, over the agent's own door."""

from wpsagent.control.agent import AccessPoint, AccessPointStatus, Agent, ConnectedStation, WpsStatus
from wpsagent.control.commands import Commands

__all__ = ["AccessPoint", "AccessPointStatus", "Agent", "Commands", "ConnectedStation", "WpsStatus"]
