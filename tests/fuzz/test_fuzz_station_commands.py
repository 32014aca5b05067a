# SPDX-License-Identifier: BSD-3-Clause
"""Commands of a station at random: none raises, the file can be read again, and no value becomes a line of its own."""

import random
from pathlib import Path

import pytest
from tests.unit.control_station_bench import AgentOfBoth
from tests.unit.jumping_loop import run
from tests.unit.test_daemon_station_access_point import House

from wpsagent.config.supplicant_file import SupplicantFile
from wpsagent.control import Commands
from wpsagent.control.station_commands import STATION_COMMANDS
from wpsagent.roles.sta.options import OPTIONS
from wpsagent.status import station_events as s

ROUNDS = 12
LINES = 60

_EVIL = (
    "\nevil=1",
    "\r\nevil=1\r\n",
    "\n}\nnetwork={\n\tevil=1",
    "\x00evil=1",
    "\x85evil=1",
    "\u2028evil=1",
    "\ufffdevil=1",
)
_PLAIN = (
    "1",
    "0",
    "2",
    "any",
    "61",
    '"a name"',
    '"a \\"b\\" # c"',
    "WPA-PSK",
    "x" * 700,
    "02:00:00:00:00:01",
    "2412",
    "ÄÖÜ",
)
_VARIABLES = ("ssid", "psk", "id_str", "bssid", "identity", "key_mgmt", "priority", "scan_freq", "mode", "nothing")
_SET = (
    "ADD_NETWORK",
    "SET_NETWORK {n} {v} {x}",
    "SET {o} {x}",
    "REMOVE_NETWORK {n}",
    "DISABLE_NETWORK {n}",
    "SAVE_CONFIG",
)
_NOT_HERE = ("TERMINATE", "INTERFACE_ADD", "INTERFACE_REMOVE")


def _line(chance: random.Random) -> str:
    value = chance.choice(_PLAIN)
    if chance.random() < 0.4:
        at = chance.randint(0, len(value))
        value = value[:at] + chance.choice(_EVIL) + value[at:]
    if chance.random() < 0.3:
        command = chance.choice([command.name for command in STATION_COMMANDS if command.name not in _NOT_HERE])
        return f"{command} {value}"
    places = {"n": chance.randint(0, 4), "v": chance.choice(_VARIABLES), "o": chance.choice(list(OPTIONS)), "x": value}
    return chance.choice(_SET).format(**places)


@pytest.mark.parametrize("seed", range(ROUNDS))
def test_no_value_becomes_a_line(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)

    async def scene() -> None:
        house = House(tmp_path)
        async with house.running():
            await house.until(s.StationStarted)
            commands = Commands(AgentOfBoth(house.station, has_access_points=False))
            for _ in range(LINES):
                assert isinstance(commands(_line(chance)), str)
            house.station.leave_access_point()
            commands("SET update_config 1")
            reply = commands("SAVE_CONFIG")
            assert reply == "OK\n", commands("WHY")
            kept = [network for network in house.station.networks if not network.is_temporary]
        octets = house.file.read_bytes()
        assert not any(line.strip().startswith(b"evil") for line in octets.splitlines())
        assert len(SupplicantFile.decode(octets).networks) == len(kept)

    run(scene())
