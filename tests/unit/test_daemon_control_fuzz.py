# SPDX-License-Identifier: BSD-3-Clause
"""Whatever clients send to a running agent: every command gets its reply, and the network is there afterwards."""

import asyncio
import logging
import random
from pathlib import Path

import pytest
from tests.pairs.simulated_air import phone
from tests.unit.jumping_loop import run
from tests.unit.test_daemon_daemon import CONFIGURATION, Scene

from wpsagent.control import Commands
from wpsagent.control.commands import ACCESS_POINT, MAX_REPLY

COUNT = 5000
LEFT_OUT = ("TERMINATE", "HELP", "INTERFACE_ADD", "ADD", "REMOVE")
DIALOGUE = Path(__file__).parents[1] / "lab" / "hostapd_dialogue.txt"
MORE = """
WPS_CONFIG 61 OPEN NONE
WPS_CONFIG 6161 WPA2PSK CCMP 6162636465666768
SET ssid another
SET wpa_passphrase another secret
SET wps_state 0
SET wps_state 1
SET wps_pin_requests /nowhere/requests
SET ap_setup_locked 0
SET os_version 01020300
SET device_type 6-0050F204-1
SET uuid 2b7093f1-d6fb-5108-adbb-bea66bb87333
GET device_name
DISASSOCIATE ff:ff:ff:ff:ff:ff
STOP_AP
RELOAD
"""
WORDS = (
    *("any", "12345670", "60", "0", "-1", "x", "OPEN", "61", "7a" * 32, "02:00:00:00:00:07", "reason=0", "é", "\t"),
    *("\n", "\x1b", "9" * 4000, "", " ", "=", '"', "a" * 33),
)


def lines() -> list[str]:
    """What the dialogue with hostapd has, and more; and every command alone."""
    found = [line for line in DIALOGUE.read_text().splitlines() if line and not line.startswith(("#", "wait"))]
    return [*found, *MORE.split("\n"), *(name for name in ACCESS_POINT if name not in LEFT_OUT)]


def mutated(line: str, draw: random.Random) -> str:
    """A line as it is, or with words replaced, added or left out."""
    words = line.split(" ")
    for _ in range(draw.choice((0, 0, 1, 2))):
        position = draw.randrange(1, len(words) + 1)
        words[position : position + draw.randrange(2)] = draw.choice(([], [draw.choice(WORDS)]))
    return " ".join(words)


def test_nothing_that_is_sent_ends_the_agent_or_spoils_its_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    text = CONFIGURATION.replace("[agent]", '[agent]\nstate_directory = "{folder}"')
    monkeypatch.setattr("tests.unit.test_daemon_daemon.CONFIGURATION", text)

    async def scene() -> None:
        there = Scene(tmp_path)
        draw = random.Random("a running agent")
        corpus = lines()
        async with there.running():
            ask = Commands(there.daemon).on("sim0")
            for _ in range(COUNT):
                request = mutated(draw.choice(corpus), draw)
                if not request.startswith(LEFT_OUT):
                    assert len(ask(request).encode()) <= MAX_REPLY
                if draw.random() < 0.05:
                    await asyncio.sleep(1.0)
            ask("ENABLE")
            await asyncio.sleep(10.0)
            assert ask("SET wps_state 2") == ask("RELOAD") == "OK\n"
            await asyncio.sleep(300.0)  # long enough for whatever was begun, and for stations that were heard
            assert ask("WPS_CONFIG 61 WPA2PSK CCMP 6162636465666768") == "OK\n"
            await asyncio.sleep(10.0)
            assert ask("STATUS").startswith("state=ENABLED\n")
            assert "passphrase=abcdefgh\n" in ask("GET_CONFIG")
            assert ask("WPS_PBC") == "OK\n"
            await phone(there.air).join_by_push_button()

    level = logging.getLogger().level
    run(scene())
    logging.getLogger().setLevel(level)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
