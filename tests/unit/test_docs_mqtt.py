# SPDX-License-Identifier: BSD-3-Clause
"""docs/mqtt.md says what is so: its TOML is read, its messages fit the schemas, its links lead somewhere."""

import json
import re
import tomllib
from pathlib import Path

from tests.unit.mqtt_schemas import NAMES, wrong_with

from wpsagent.config.table import MQTT, TLS
from wpsagent.daemon.mqtt_commands import MAX_COMMANDS, MAX_OCTETS, MAX_PIN_TIMEOUT_S, PIN_TIMEOUT_S, RATE_PERIOD
from wpsagent.status.home_assistant import Announced, discovery

TEXT = (Path(__file__).parents[2] / "docs" / "mqtt.md").read_text()


def test_its_toml_has_keys_that_there_are() -> None:
    blocks = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) >= 4
    for block in blocks:
        mqtt = tomllib.loads(re.sub(r"^ +", "", block, flags=re.MULTILINE))["mqtt"]
        assert set(mqtt) - {"tls"} <= {key.name for key in MQTT.keys}
        assert set(mqtt.get("tls", {})) <= {key.name for key in TLS.keys}


def test_its_messages_are_such_messages() -> None:
    whole = [line.split(" ", 1) for line in TEXT.splitlines() if line.startswith("wps-agent/") and "…" not in line]
    assert len(whole) >= 4
    assert [wrong for topic, payload in whole for wrong in wrong_with(topic, payload)] == []
    sent = re.search(r"-t (\S+/cmd/\S+) -m '(.*?)'", TEXT)
    assert sent is not None
    json.loads(sent[2])
    assert wrong_with(sent[1], sent[2]) == []


def test_its_links_lead_somewhere_and_to_every_schema() -> None:
    links = re.findall(r"\]\((mqtt/[^)]+)\)", TEXT)
    assert sorted(links) == sorted(f"mqtt/{name.replace('/', '-')}.schema.json" for name in NAMES)


def test_its_figures_are_those_of_the_program() -> None:
    assert f"at most {MAX_OCTETS:,} octets" in TEXT
    assert f"More than {MAX_COMMANDS} in {RATE_PERIOD:g} seconds" in TEXT
    assert f"{PIN_TIMEOUT_S} if absent, at most {MAX_PIN_TIMEOUT_S}" in TEXT


def test_it_names_every_entity() -> None:
    device = Announced("a/b", "b", "1", "m", "m", 1, ("pbc", "cancel", "pin"), has_stations=True)
    for part in discovery(device)["components"].values():
        assert part["name"] in TEXT
