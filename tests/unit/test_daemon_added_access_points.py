# SPDX-License-Identifier: BSD-3-Clause
"""Access points that are added to the running agent and removed from it: their air, their socket, what is shown."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.pairs.simulated_air import phone
from tests.unit.jumping_loop import run
from tests.unit.test_daemon_daemon import Scene

from wpsagent.errors import AgentError, UsageError
from wpsagent.io.async_control_client import AsyncControlClient
from wpsagent.io.control_socket import ControlSocket
from wpsagent.status import events as e

FILE = """
interface={interface}
driver=nl80211
ctrl_interface={folder}
ssid={interface} net
hw_mode=g
channel=11
wpa=2
wpa_key_mgmt=WPA-PSK
rsn_pairwise=CCMP
wpa_passphrase=correct horse
eap_server=1
wps_state=2
wps_independent={independent}
"""


def written(folder: Path, interface: str = "sim7", independent: int = 0) -> str:
    path = folder / f"{interface}.conf"
    path.write_text(FILE.format(interface=interface, folder=folder / "theirs", independent=independent))
    path.chmod(0o600)
    return str(path)


async def until(there: Scene, condition: Callable[[], bool]) -> None:
    """After some event it is so."""
    told = asyncio.Event()
    there.daemon.reporting.observers.append(lambda _event: told.set())
    while not condition():
        await told.wait()
        told.clear()


def state_of(there: Scene) -> dict[str, str]:
    return {network["interface"]: network["state"] for network in there.daemon.report()["access_points"]}


def test_one_is_added_works_and_is_removed(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        path = written(tmp_path)
        async with there.running(), AsyncControlClient(tmp_path / "control") as client:
            assert await client.request(f"ADD bss_config=:{path}") == "OK\n"
            await until(there, lambda: state_of(there) == {"sim0": "enabled", "sim7": "enabled"})
            assert await client.request("INTERFACES") == "sim0\nsim7\n"
            async with AsyncControlClient(tmp_path / "theirs" / "sim7") as own:
                assert "ssid[1]=sim7 net\n" in await own.request("STATUS")
                assert await own.request("WPS_PBC") == "OK\n"
            await phone(there.air).join_by_push_button()
            assert await client.request("REMOVE sim7") == "OK\n"
            assert await client.request("REMOVE sim7") == "FAIL\n"
            await until(there, lambda: state_of(there) == {"sim0": "enabled"})
            assert not (tmp_path / "theirs" / "sim7").exists()
            assert there.radios[1].frequency_mhz is None
            assert await client.request("IFNAME=sim7 PING") == "FAIL-NO-IFNAME-MATCH\n"
            assert await client.request("WPS_PBC") == "OK\n"
        kinds = there.kinds()
        assert [kinds.count(kind) for kind in ("AccessPointAdded", "AccessPointRemoved")] == [1, 1]

    run(scene())


def test_with_the_last_network_of_a_button_the_button_is_gone(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            there.daemon.add_access_points(written(tmp_path, independent=1), None)
            await until(there, lambda: len(there.daemon.networks.groups) == 2)
            there.daemon.remove_access_point("sim7")
            await until(there, lambda: there.told[-1] == e.AccessPointRemoved("sim7"))
            assert list(there.daemon.networks.groups) == ["main"]

    run(scene())


def test_one_of_the_configuration_can_be_removed_too(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            there.daemon.remove_access_point("sim0")
            await until(there, lambda: there.told[-1] == e.AccessPointRemoved("sim0"))
            assert state_of(there) == {}
            assert there.daemon.access_points() == []
            with pytest.raises(UsageError, match="no network with WPS is up"):
                there.daemon.press_button(None)

    run(scene())


def test_what_cannot_be_added_changes_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            for path, words in (
                (written(tmp_path, "sim0"), "sim0 is ours already"),
                (str(tmp_path / "nothing.conf"), "nothing.conf"),
            ):
                with pytest.raises(AgentError, match=words):
                    there.daemon.add_access_points(path, None)
            other = ControlSocket(tmp_path / "theirs" / "sim7", lambda _: "PONG\n")
            other.open()
            with pytest.raises(AgentError, match="another wps-agent is running"):
                there.daemon.add_access_points(written(tmp_path), None)
            other.close()
            with pytest.raises(UsageError, match="there is no access point on sim7"):
                there.daemon.remove_access_point("sim7")
            assert state_of(there) == {"sim0": "enabled"}
            assert there.kinds()[-1] == "AgentStarted"

    run(scene())


def test_the_agent_ends_while_one_is_being_added(tmp_path: Path) -> None:
    async def scene() -> None:
        there = Scene(tmp_path)
        async with there.running():
            there.daemon.add_access_points(written(tmp_path), None)
        assert [radio.frequency_mhz for radio in there.radios] == [None] * len(there.radios)
        assert [task for task in asyncio.all_tasks() if task is not asyncio.current_task()] == []

    run(scene())
