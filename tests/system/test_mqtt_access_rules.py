# SPDX-License-Identifier: BSD-3-Clause
"""The access rules that docs/mqtt.md gives mosquitto: the board can do all it must, the operator what he may."""

import asyncio
import contextlib
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

from tests.system.test_mqtt_mosquitto import WITHIN, Broker, Changes, free_port, settings_for

from wpsagent.io.mqtt import MqttReporter

DOCUMENT = Path(__file__).parents[2] / "docs" / "mqtt.md"


def test_the_documents_rules_let_the_board_and_the_operator_do_their_work(tmp_path: Path) -> None:
    block = re.search(r"```\n(user hallway\n.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert block is not None
    rules, passwords = tmp_path / "rules", tmp_path / "passwords"
    rules.write_text(block[1])
    for number, user in enumerate(("hallway", "operator", "homeassistant")):
        new = ("-c",) if number == 0 else ()
        subprocess.run(["mosquitto_passwd", "-b", *new, str(passwords), user, "secret"], check=True)
    for file in (rules, passwords):
        file.chmod(0o644)

    async def run() -> None:
        port = free_port()
        lines = ("allow_anonymous false", f"password_file {passwords}", f"acl_file {rules}")
        broker = Broker(tmp_path, port, lines)
        await broker.start()
        login = ("-h", "127.0.0.1", "-p", str(port), "-u", "operator", "-P", "secret", "-q", "1")
        settings = replace(settings_for(port), node="hallway", username="hallway", password="secret")
        reporter = MqttReporter(settings, os.urandom, changes := Changes())
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        reporter.subscribe("wps-agent/hallway/cmd/pbc", lambda payload, _is_retained: heard.put_nowait(payload))
        reporter.subscribe("homeassistant/status", lambda payload, _is_retained: heard.put_nowait(payload))
        announced = asyncio.Event()
        reporter.announce("homeassistant/device/wps-agent_hallway/config", b"{}", announced.set)
        listener = None
        try:
            reporter.start()
            assert await changes.next() == (True, "")
            reporter.publish_state({"n": 1})
            reporter.publish_event({"n": 2})
            listener = await asyncio.create_subprocess_exec(
                *("mosquitto_sub", *login, "-t", "wps-agent/#", "-F", "%t", "-C", "3"), stdout=asyncio.subprocess.PIPE
            )
            assert listener.stdout is not None
            async with asyncio.timeout(WITHIN):
                await announced.wait()
                topics = sorted([await listener.stdout.readline(), await listener.stdout.readline()])
                assert topics == [b"wps-agent/hallway/availability\n", b"wps-agent/hallway/state\n"]
                for topic in ("wps-agent/hallway/state", "wps-agent/hallway/cmd/pbc"):
                    done = await asyncio.create_subprocess_exec("mosquitto_pub", *login, "-t", topic, "-m", topic)
                    await done.wait()
                assert await heard.get() == b"wps-agent/hallway/cmd/pbc"
                # Nor does the operator see what is commanded: it may be a PIN.
                reporter.publish_event({"n": 3})
                assert (await listener.communicate())[0] == b"wps-agent/hallway/event\n"
                ours = ("homeassistant/device/wps-agent_hallway/config", b"{}\n")
                theirs = (*login[:5], "homeassistant", *login[6:])
                other = await asyncio.create_subprocess_exec(
                    *("mosquitto_sub", *theirs, "-t", ours[0], "-C", "1"), stdout=asyncio.subprocess.PIPE
                )
                assert (await other.communicate())[0] == ours[1]
                done = await asyncio.create_subprocess_exec(
                    "mosquitto_pub", *theirs, "-t", "homeassistant/status", "-m", "online"
                )
                await done.wait()
                assert await heard.get() == b"online"
            assert reporter.last_error is None
            # What the operator may not write has reached nobody.
            other = await asyncio.create_subprocess_exec(
                *("mosquitto_sub", *login, "-t", "wps-agent/hallway/state", "-C", "1"), stdout=asyncio.subprocess.PIPE
            )
            async with asyncio.timeout(WITHIN):
                assert (await other.communicate())[0] == b'{"n":1}\n'
        finally:
            await reporter.close()
            if listener is not None:
                with contextlib.suppress(ProcessLookupError):
                    listener.kill()
            await broker.kill()

    asyncio.run(run())
