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

from wpsagent.config.hostapd_options import OPTIONS
from wpsagent.control import Commands
from wpsagent.control.commands import ACCESS_POINT, MAX_REPLY

COUNT = 5000
LEFT_OUT = ("TERMINATE", "HELP", "INTERFACE_ADD", "ADD", "REMOVE")
WORDS = (
    *("any", "12345670", "1234", "60", "0", "1", "2", "-1", "x", "OPEN", "NONE", "WPA2PSK", "CCMP", "61", "7a" * 32),
    *("set", "get", "random", "disable", "02:00:00:00:00:07", "ff:ff:ff:ff:ff:ff", "reason=3", "reason=0", "é", "\t"),
    *("2b7093f1-d6fb-5108-adbb-bea66bb87333", "\n", "\x1b", "9" * 4000, "", " ", "=", '"', "6-0050F204-1", "a" * 33),
)


def test_nothing_that_is_sent_ends_the_agent_or_spoils_its_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    text = CONFIGURATION.replace("[agent]", '[agent]\nstate_directory = "{folder}"')
    monkeypatch.setattr("tests.unit.test_daemon_daemon.CONFIGURATION", text)

    async def scene() -> None:
        there = Scene(tmp_path)
        draw = random.Random("a running agent")
        names = [name for name in ACCESS_POINT if name not in LEFT_OUT]
        async with there.running():
            ask = Commands(there.daemon).on("sim0")
            for _ in range(COUNT):
                name = draw.choice(names)
                words = [draw.choice(WORDS) for _ in range(draw.randrange(5))]
                if name in ("SET", "GET"):
                    words.insert(0, draw.choice(tuple(OPTIONS)))
                assert len(ask(" ".join((name, *words))).encode()) <= MAX_REPLY
                if draw.random() < 0.05:
                    await asyncio.sleep(1.0)
            ask("ENABLE")
            assert ask("WPS_CONFIG 61 WPA2PSK CCMP 6162636465666768") == "OK\n"
            await asyncio.sleep(10.0)
            ask("SET wps_state 2")
            ask("RELOAD")
            await asyncio.sleep(300.0)
            assert ask("STATUS").startswith("state=ENABLED\n")
            assert "passphrase=abcdefgh\n" in ask("GET_CONFIG")
            assert ask("WPS_PBC") == "OK\n"
            await phone(there.air).join_by_push_button()

    level = logging.getLogger().level
    run(scene())
    logging.getLogger().setLevel(level)
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
