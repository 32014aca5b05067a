# SPDX-License-Identifier: BSD-3-Clause
"""The same dialogue with Debian's wpa_supplicant and with a station of ours, side by side: the answers are the same."""

import re
import socket
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.dialogue_differences import SUPPLICANT, SUPPLICANT_LINES, Exchange, unexplained, unused
from tests.lab.network import NetNamespace, interface_address
from tests.lab.peers import Agent, ControlInterface, Hostapd, WpaSupplicant

from wpsagent.octets import MacAddress
from wpsagent.wsc.device import format_uuid, uuid_from_mac

LAB = {"radios": 3, "time_travel": True, "time_limit": 300.0}

THEIRS, OURS, AP = "wlan0", "wlan1", "wlan2"
NETWORKS = Path("/run/wps-agent-networks.conf")

CONFIG = f"""
[agent]
node = "lab"
supplicant_directory = "/run/wps-agent/wpa_supplicant"

[[station]]
interface = "{OURS}"
networks_file = "{NETWORKS}"
"""

DIALOGUE = (Path(__file__).parent / "supplicant_dialogue.txt").read_text()
"""Lines to send; "wait EVENT" waits for an event, {id} is the number of the network that was added last."""


@dataclass
class Side:
    """One of the two, and what was said."""

    control: ControlInterface
    address: str
    requests: socket.socket = field(init=False)
    network_id: str = "0"

    def ask(self, command: str) -> str:
        """The answer to a command, with what must differ made the same."""
        reply = self.control.raw_request(command.replace("{id}", self.network_id))
        if command == "ADD_NETWORK":
            self.network_id = reply.strip()
            return "<id>"
        return "\n".join(self.normalized(command, line) for line in reply.split("\n") if not _is_left_out(line))

    def normalized(self, command: str, line: str) -> str:
        uuid = format_uuid(uuid_from_mac(MacAddress.parse(self.address)))
        line = line.replace(self.address, "<own>").replace(uuid, "<uuid>")
        is_about_networks = command.startswith(("STATUS", "LIST_NETWORKS"))
        return re.sub(r"^(id=)?\d+(?=\t|$)", r"\1<id>", line) if is_about_networks else line


def _is_left_out(line: str) -> bool:
    return line.partition("=")[0] in SUPPLICANT_LINES


def converse(theirs: Side, ours: Side) -> list[Exchange]:
    exchanges = []
    for line in DIALOGUE.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("wait "):
            for side in (theirs, ours):
                side.control.wait_event(line.removeprefix("wait "), 60.0)
            continue
        exchanges.append(Exchange(line, theirs.ask(line), ours.ask(line)))
    return exchanges


def test_the_answers_are_those_of_wpa_supplicant() -> None:
    NETWORKS.unlink(missing_ok=True)
    addresses = {name: interface_address(name) for name in (THEIRS, OURS)}
    with NetNamespace("upstream") as namespace:
        namespace.take_radio(AP)
        with (
            Hostapd(AP, config="ap_setup_locked=0\nap_pin=12345670", namespace=namespace),
            WpaSupplicant(THEIRS) as supplicant,
            Agent(CONFIG),
        ):
            our_control = ControlInterface(Path("/run/wps-agent/wpa_supplicant") / OURS)
            exchanges = converse(Side(supplicant.control, addresses[THEIRS]), Side(our_control, addresses[OURS]))
            our_control.close()
    assert len(exchanges) >= 100
    problems = unexplained(exchanges, SUPPLICANT)
    assert not problems, "\n".join(map(str, problems))
    assert not unused(exchanges, SUPPLICANT)
