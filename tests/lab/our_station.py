# SPDX-License-Identifier: BSD-3-Clause
"""A station of ours on wlan0: its configuration, what the agent says of it, and the PINs it is tried with."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.lab.peers import Agent

STATION = "wlan0"
NETWORKS = Path("/run/wps-agent-networks.conf")
SOCKETS = Path("/run/wps-agent/wpa_supplicant")
PIN = "12345670"
WRONG_FIRST_HALF = "43215676"
WRONG_SECOND_HALF = "12349876"

CONFIG = f"""
[agent]
node = "lab"
log_level = "debug"
error_display_s = 0.0

[[station]]
interface = "{STATION}"
networks_file = "{NETWORKS}"
"""


def state_of(agent: Agent) -> dict[str, Any]:
    """What AGENT_STATUS says of the station."""
    station: dict[str, Any] = json.loads(agent.control.request("AGENT_STATUS"))["stations"][0]
    return station


def assert_not_logged(agent: Agent, secrets: Iterable[str]) -> None:
    log = agent.log
    for secret in secrets:
        assert secret not in log
