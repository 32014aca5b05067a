# SPDX-License-Identifier: BSD-3-Clause
"""A lasting client of hostapd's socket: order of events and replies, requests one at a time, how the end is noticed."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from tests.unit.fake_owner import HOSTAPD, FakeOwner
from tests.unit.jumping_loop import run

from wpsagent.io import owner_client as module
from wpsagent.io.control_client import ControlSocketError
from wpsagent.io.owner_client import ANSWER_TIME, PING_INTERVAL, OwnerClient, _sender

OWNER = """
import os, socket, sys
server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
server.bind(sys.argv[1])
print("ready", flush=True)
while True:
    request, address = server.recvfrom(4096)
    server.sendto(b"OK\\n", address)
"""


class Scene:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "wlan0"
        self.heard: list[str] = []
        self.gone: list[str] = []
        self.client = OwnerClient("hostapd", self.path, self.heard.append, self.gone.append)


def with_owner(folder: Path, body: Callable[[Scene, FakeOwner], Awaitable[None]]) -> Scene:
    async def scene() -> Scene:
        owner, found = FakeOwner(folder, "wlan0", HOSTAPD), Scene(folder)
        await found.client.open()
        try:
            await body(found, owner)
        finally:
            found.client.close()
            found.client.close()
            owner.close()
        return found

    return run(scene())


def test_events_and_replies_come_in_their_order(tmp_path: Path) -> None:
    async def body(scene: Scene, owner: FakeOwner) -> None:
        replies = await asyncio.gather(*(scene.client.request(name) for name in ("PING", "WPS_PBC", "NONSENSE")))
        assert replies == ["PONG\n", "OK\n", "UNKNOWN COMMAND\n"]
        owner.tell("WPS-PBC-ACTIVE ")
        await scene.client.request("PING")
        assert scene.heard == ["<3>WPS-PBC-ACTIVE "]

    assert with_owner(tmp_path, body).gone == []


def test_nobody_is_there(tmp_path: Path) -> None:
    async def scene() -> None:
        with pytest.raises(
            ControlSocketError, match=r"^nobody answers on .*wlan0: start hostapd, with ctrl_interface="
        ):
            await Scene(tmp_path).client.open()

    run(scene())
    assert list(tmp_path.iterdir()) == []


def test_no_permission_and_other_reasons(tmp_path: Path) -> None:
    async def scene() -> None:
        client = Scene(tmp_path).client
        assert "no permission to reach hostapd" in client._why_not(tmp_path, PermissionError(13, "no"))
        assert client._why_not(tmp_path, OSError(5, "broken")) == f"hostapd cannot be reached on {tmp_path}: broken"

    run(scene())


def test_who_takes_no_monitor_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        owner = FakeOwner(tmp_path, "wlan0", HOSTAPD)
        monkeypatch.setattr(owner._socket, "_attach", lambda _argument, _address: "FAIL\n")
        with pytest.raises(ControlSocketError, match="takes no more monitors"):
            await Scene(tmp_path).client.open()
        owner.close()

    run(scene())


def test_who_does_not_even_attach_us_is_left(tmp_path: Path) -> None:
    async def scene() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
            server.bind(str(tmp_path / "wlan0"))
            with pytest.raises(ControlSocketError, match="does not answer"):
                await Scene(tmp_path).client.open()

    run(scene())
    assert [path.name for path in tmp_path.iterdir()] == ["wlan0"]


def test_a_call_without_a_datagram_is_nothing(tmp_path: Path) -> None:
    async def body(scene: Scene, owner: FakeOwner) -> None:
        del owner
        scene.client._readable()
        scene.client.close()
        scene.client._readable()

    assert with_owner(tmp_path, body).gone == []


def test_an_owner_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    async def body(scene: Scene, owner: FakeOwner) -> None:
        owner.replies["STATUS"] = None
        before = asyncio.get_running_loop().time()
        with pytest.raises(ControlSocketError, match="does not answer: it is stuck"):
            await scene.client.request("STATUS")
        assert asyncio.get_running_loop().time() == before + ANSWER_TIME
        with pytest.raises(ControlSocketError, match="hostapd is gone"):
            await scene.client.request("PING")

    assert with_owner(tmp_path, body).gone == [f"hostapd on {tmp_path}/wlan0 does not answer: it is stuck"]


def test_an_owner_that_lets_go_is_noticed_by_the_next_ping(tmp_path: Path) -> None:
    async def body(scene: Scene, owner: FakeOwner) -> None:
        await asyncio.sleep(PING_INTERVAL + 1)
        assert owner.requests == ["PING"]
        owner.close()
        assert scene.gone == []
        await asyncio.sleep(PING_INTERVAL + 1)

    assert len(with_owner(tmp_path, body).gone) == 1


def test_without_a_watched_process_it_is_asked_more_often(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_pid: int) -> int:
        raise OSError(38, "no such call")

    monkeypatch.setattr(os, "pidfd_open", refuse)

    async def body(scene: Scene, owner: FakeOwner) -> None:
        await asyncio.sleep(PING_INTERVAL / 2 + 1)
        assert owner.requests == ["PING"]
        assert scene.gone == []

    with_owner(tmp_path, body)


def test_closing_ends_what_waits_for_a_reply(tmp_path: Path) -> None:
    async def body(scene: Scene, owner: FakeOwner) -> None:
        owner.replies["STATUS"] = None
        task = asyncio.create_task(scene.client.request("STATUS"))
        await asyncio.sleep(0.1)
        scene.client.close()
        with pytest.raises(ControlSocketError, match="hostapd is gone"):
            await task

    assert with_owner(tmp_path, body).gone == []


def test_a_late_reply_is_nobodys(tmp_path: Path) -> None:
    async def body(scene: Scene, owner: FakeOwner) -> None:
        [address] = owner._socket._monitors
        owner._socket._send(b"LATE\n", address)
        await asyncio.sleep(0.1)
        assert await scene.client.request("PING") == "PONG\n"

    assert with_owner(tmp_path, body).heard == []


def test_the_senders_process_is_read_or_unknown() -> None:
    credentials = module._CREDENTIALS.pack(42, 0, 0)
    assert _sender([(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, credentials)]) == 42
    assert _sender([(socket.SOL_SOCKET, socket.SCM_CREDENTIALS, b"\0")]) == 0
    assert _sender([]) == 0


def test_a_killed_owner_is_noticed_at_once(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "wlan0")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()
    reasons: list[str] = []

    async def scene() -> None:
        is_gone = asyncio.Event()

        def gone(reason: str) -> None:
            reasons.append(reason)
            is_gone.set()

        client = OwnerClient("hostapd", tmp_path / "wlan0", reasons.append, gone)
        await client.open()
        process.send_signal(signal.SIGKILL)
        async with asyncio.timeout(10):
            await is_gone.wait()

    asyncio.run(scene())
    process.wait()
    process.stdout.close()
    assert reasons == ["hostapd has ended"]
