# SPDX-License-Identifier: BSD-3-Clause
"""The agent's control sockets: where they are, whose commands they take, who hears which event."""

import asyncio
import contextlib
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.test_control_commands import FakeAgent

from wpsagent.config.loader import parse
from wpsagent.control import Commands
from wpsagent.daemon.control import ControlSockets
from wpsagent.io.async_control_client import AsyncControlClient
from wpsagent.io.control_client import ControlSocketError
from wpsagent.status.board import ControlEvent

TEXT = """
[agent]
control_socket = "{folder}/control"
{more}
[[access_point]]
interface = "wlan0"
ssid = "one"
passphrase = "correct horse"
channel = 1

[[access_point]]
interface = "wlan1"
ssid = "two"
passphrase = "correct horse"
channel = 36

[[station]]
interface = "wlan2"
"""


@contextlib.asynccontextmanager
async def sockets(folder: Path, more: str = "") -> AsyncIterator[ControlSockets]:
    configuration = parse(TEXT.format(folder=folder, more=more))
    control = ControlSockets(configuration.agent, Commands(FakeAgent()))
    try:
        control.open(configuration)
        yield control
    finally:
        control.close()


def found(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_socket()}


def test_every_interface_has_a_socket_where_its_tools_look_and_none_is_left(tmp_path: Path) -> None:
    async def scene() -> None:
        async with sockets(tmp_path):
            for name in ("control", "hostapd/wlan0", "hostapd/wlan1", "wpa_supplicant/wlan2"):
                assert (tmp_path / name).is_socket()
            mode = (tmp_path / "hostapd/wlan0").lstat().st_mode
            assert stat.S_IMODE(mode) == 0o770
            assert stat.S_IMODE((tmp_path / "hostapd").stat().st_mode) == 0o750
        assert found(tmp_path) == set()

    asyncio.run(scene())


def test_with_a_group_the_folders_are_open_to_it(tmp_path: Path) -> None:
    async def scene() -> None:
        group = 12345 if os.geteuid() == 0 else max(os.getgroups())  # others than root give files to own groups only
        async with sockets(tmp_path, f'control_group = "{group}"'):
            folder, own = (tmp_path / "hostapd").stat(), (tmp_path / "hostapd/wlan1").lstat()
            assert (stat.S_IMODE(folder.st_mode), folder.st_gid) == (0o770, group)
            assert (stat.S_IMODE(own.st_mode), own.st_gid) == (0o770, group)

    asyncio.run(scene())


def test_folders_can_be_named_or_there_are_none(tmp_path: Path) -> None:
    async def scene() -> None:
        more = f'hostapd_directory = "{tmp_path}/elsewhere"\nsupplicant_directory = ""'
        async with sockets(tmp_path, more):
            assert found(tmp_path) == {"control", "elsewhere/wlan0", "elsewhere/wlan1"}

    asyncio.run(scene())


def test_the_socket_of_an_interface_speaks_for_it_alone(tmp_path: Path) -> None:
    async def scene() -> None:
        async with sockets(tmp_path), AsyncControlClient(tmp_path / "hostapd/wlan1") as client:
            assert "bss[0]=wlan1\n" in await client.request("STATUS")
            assert await client.request("IFNAME=wlan0 PING") == "UNKNOWN COMMAND\n"
            assert await client.request("SCAN") == "UNKNOWN COMMAND\n"

    asyncio.run(scene())


def test_monitors_hear_their_own_interface_and_the_agents_all(tmp_path: Path) -> None:
    async def scene() -> None:
        names = ("control", "hostapd/wlan0", "hostapd/wlan1", "wpa_supplicant/wlan2")
        async with sockets(tmp_path) as control, contextlib.AsyncExitStack() as stack:
            clients = [await stack.enter_async_context(AsyncControlClient(tmp_path / name)) for name in names]
            for client in clients:
                await client.attach()
            for event in (
                ControlEvent("AP-STA-CONNECTED x", "wlan0"),
                ControlEvent("CTRL-EVENT-SCAN-RESULTS ", "wlan2", 4),
                ControlEvent("WPS-PIN-NEEDED x"),
                ControlEvent("CTRL-EVENT-TERMINATING "),
            ):
                control.send(event)
            heard = [[text async for text in _until_the_end(client)] for client in clients]
            assert heard == [
                [
                    "IFNAME=wlan0 <3>AP-STA-CONNECTED x",
                    "IFNAME=wlan2 <4>CTRL-EVENT-SCAN-RESULTS ",
                    "<3>WPS-PIN-NEEDED x",
                    "<3>CTRL-EVENT-TERMINATING ",
                ],
                ["<3>AP-STA-CONNECTED x", "<3>WPS-PIN-NEEDED x", "<3>CTRL-EVENT-TERMINATING "],
                ["<3>WPS-PIN-NEEDED x", "<3>CTRL-EVENT-TERMINATING "],
                ["<4>CTRL-EVENT-SCAN-RESULTS ", "<3>CTRL-EVENT-TERMINATING "],
            ]

    asyncio.run(scene())


async def _until_the_end(client: AsyncControlClient) -> AsyncIterator[str]:
    async for text in client.events():
        yield text
        if "TERMINATING" in text:
            return


def test_an_interface_that_is_removed_loses_its_socket(tmp_path: Path) -> None:
    async def scene() -> None:
        async with sockets(tmp_path) as control:
            control.remove("wlan2")
            control.remove("wlan2")
            assert not (tmp_path / "wpa_supplicant/wlan2").exists()
            assert (tmp_path / "hostapd/wlan0").is_socket()

    asyncio.run(scene())


def test_a_socket_on_which_another_program_answers_is_not_taken_and_the_others_are_given_back(tmp_path: Path) -> None:
    async def scene() -> None:
        async with sockets(tmp_path):
            more = f'hostapd_directory = "{tmp_path}/hostapd"'
            with pytest.raises(ControlSocketError, match="hostapd/wlan0: another"):
                async with sockets(tmp_path / "second", more):
                    pass
            assert not (tmp_path / "second/control").exists()
            async with AsyncControlClient(tmp_path / "hostapd/wlan0") as client:
                assert await client.request("PING") == "PONG\n"

    asyncio.run(scene())
