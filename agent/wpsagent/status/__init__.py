# SPDX-License-Identifier: BSD-3-Clause
"""What happened → everything that shows it: LED pattern, MQTT state and event, control events."""

from wpsagent.status.board import PATTERNS, ControlEvent, StatusBoard, Update
from wpsagent.status.events import AgentEvent, SessionEndReason
from wpsagent.status.model import Network, SessionState

__all__ = [
    "PATTERNS",
    "AgentEvent",
    "ControlEvent",
    "Network",
    "SessionEndReason",
    "SessionState",
    "StatusBoard",
    "Update",
]
