# SPDX-License-Identifier: BSD-3-Clause
"""The same dialogue with Debian's hostapd and with an access point of ours, side by side: the answers are the same."""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.lab.dialogue_differences import HOSTAPD, HOSTAPD_EVENTS, HOSTAPD_LINES, Exchange, unexplained, unused
from tests.lab.network import NetNamespace, interface_address, wiphy_of
from tests.lab.peers import Agent, ControlInterface, Hostapd, WpaSupplicant

LAB = {"radios": 4, "time_travel": True, "time_limit": 300.0}

THEIRS, OURS, THEIR_STATION, OUR_STATION = "wlan0", "wlan1", "wlan2", "wlan3"
PASSPHRASE = "a secret passphrase"

CONFIG = f"""
[agent]
node = "lab"

[[access_point]]
interface = "{OURS}"
ssid = "ours"
passphrase = "{PASSPHRASE}"
channel = 1
"""
DEVICE = """
device_name=My Phone
manufacturer=Acme Inc
model_name=M1
model_number=2
serial_number=3
device_type=10-0050F204-5
"""

DIALOGUE = (Path(__file__).parent / "hostapd_dialogue.txt").read_text()


@dataclass
class Side:
    """One of the two, its station, and what must be the same in what it says."""

    control: ControlInterface
    interface: str
    ssid: str
    bssid: str
    station: str
    wiphy: str
    random_pin: str = ""

    def filled(self, line: str) -> str:
        return line.replace("{sta}", self.station).replace("{if}", self.interface)

    def ask(self, command: str) -> str:
        """The answer to a command, with what must differ made the same."""
        reply = self.control.raw_request(self.filled(command))
        if command.startswith("WPS_AP_PIN random") and re.fullmatch(r"\d{8}", reply):
            self.random_pin = reply
        return self._normalized(reply)

    def told(self) -> list[str]:
        """The events of the dialogue that have to do with us."""
        self.control.read_events()
        texts = [self._normalized(event.text) for event in self.control.events]
        return [text for text in texts if text.split(" ")[0] not in HOSTAPD_EVENTS]

    def _normalized(self, reply: str) -> str:
        for own, common in ((self.random_pin, "<pin>"), (self.bssid, "<bssid>"), (self.station, "<station>")):
            reply = reply.replace(own, common) if own else reply
        reply = re.sub(rf"=({self.interface}|{self.wiphy}|{self.ssid})$", "=<own>", reply, flags=re.MULTILINE)
        reply = re.sub(r"^(psk|wpsUuid)=.*", r"\1=<own>", reply, flags=re.MULTILINE)
        return "\n".join(line for line in reply.split("\n") if line.partition("=")[0] not in HOSTAPD_LINES)


def converse(theirs: Side, ours: Side) -> list[Exchange]:
    exchanges = []
    for line in DIALOGUE.splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("wait "):
            for side in (theirs, ours):
                side.control.wait_event(side.filled(line.removeprefix("wait ")), 60.0)
            continue
        exchanges.append(Exchange(line, theirs.ask(line), ours.ask(line)))
    return exchanges


def side(control: ControlInterface, interface: str, ssid: str, station: str) -> Side:
    bssid, address = interface_address(interface), interface_address(station)
    return Side(control, interface, ssid, bssid, address, wiphy_of(interface))


def join(access_point: ControlInterface, station: WpaSupplicant) -> None:
    """By the button."""
    access_point.expect_ok("WPS_PBC")
    station.press_button()
    access_point.wait_event("AP-STA-CONNECTED", 60.0)


def test_the_answers_are_those_of_hostapd() -> None:
    with (
        NetNamespace("their-station") as their_namespace,
        NetNamespace("our-station") as our_namespace,
        Hostapd(THEIRS, ssid="theirs", passphrase=PASSPHRASE, config="ap_setup_locked=0") as hostapd,
    ):
        theirs = side(hostapd.control, THEIRS, "theirs", THEIR_STATION)
        their_namespace.take_radio(THEIR_STATION)
        with WpaSupplicant(THEIR_STATION, config=DEVICE, namespace=their_namespace) as their_station:
            join(hostapd.control, their_station)
            with Agent(CONFIG):  # begun only now: two stations that look for a button would be an overlap
                control = ControlInterface(Path("/run/wps-agent/hostapd") / OURS)
                ours = side(control, OURS, "ours", OUR_STATION)
                our_namespace.take_radio(OUR_STATION)
                with WpaSupplicant(OUR_STATION, config=DEVICE, namespace=our_namespace) as our_station:
                    join(control, our_station)
                    for one in (theirs, ours):
                        one.control.forget_events()
                    exchanges = converse(theirs, ours)
                    told = [one.told() for one in (theirs, ours)]
                control.close()
    assert len(exchanges) >= 120
    problems = unexplained(exchanges, HOSTAPD)
    assert not problems, "\n".join(map(str, problems))
    assert not unused(exchanges, HOSTAPD)
    assert told[1] == told[0], "\n".join(["THEIRS", *told[0], "OURS", *told[1]])
