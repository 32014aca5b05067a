# SPDX-License-Identifier: BSD-3-Clause
"""The control socket: requests, replies, monitors, stale and living sockets, clients of every kind."""

import asyncio
import contextlib
import errno
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from wpsagent.io import async_control_client, control_client
from wpsagent.io import control_socket as c
from wpsagent.io.async_control_client import AsyncControlClient
from wpsagent.io.control_client import ControlClient, ControlSocketError, unreachable
from wpsagent.io.control_socket import ControlSocket


def echo(request: str) -> str | None:
    return None if request == "SILENCE" else f"reply {request}\n"


@contextlib.asynccontextmanager
async def serving(path: Path, handler: c.Handler = echo, group: str | None = None) -> AsyncIterator[ControlSocket]:
    server = ControlSocket(path, handler, group)
    server.open()
    try:
        yield server
    finally:
        server.close()


class RawClient:
    """A plain datagram socket; address None for an unnamed one."""

    def __init__(self, server: Path, address: str | bytes | None) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        if address is not None:
            self.sock.bind(address)
        self.sock.setblocking(False)
        self.sock.connect(str(server))

    def send(self, octets: bytes) -> None:
        self.sock.send(octets)

    async def receive(self) -> bytes:
        async with asyncio.timeout(5):
            return await asyncio.get_running_loop().sock_recv(self.sock, 1 << 17)

    async def ask(self, octets: bytes) -> bytes:
        self.send(octets)
        return await self.receive()

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()


def in_loop(test: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(test())


async def settle(client: RawClient) -> None:
    """Everything sent before has been served: the server answers in order."""
    assert await client.ask(b"PING") == b"reply PING\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "control"


def test_a_request_gets_its_reply_whether_or_not_it_ends_with_nul(path: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(path):
            with RawClient(path, str(tmp_path / "c")) as client:
                assert await client.ask(b"PING") == b"reply PING\n"
                assert await client.ask(b"PING\0") == b"reply PING\n"
                assert await client.ask(b"PING\n") == b"reply PING\n"
                assert await client.ask(b"\xff") == "reply \ufffd\n".encode()
                assert await client.ask(b"") == b"reply \n"

    in_loop(run)


def test_abstract_addresses_are_answered(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:
            with RawClient(path, b"\0wps-agent-test-%d" % os.getpid()) as client:
                assert await client.ask(b"PING") == b"reply PING\n"
                assert await client.ask(b"ATTACH") == b"OK\n"
                server.send_event("WPS-PBC-ACTIVE ")
                assert await client.receive() == b"<3>WPS-PBC-ACTIVE "

    in_loop(run)


def test_requests_that_nobody_can_be_answered_for_or_that_are_too_long_are_ignored(path: Path, tmp_path: Path) -> None:
    served: list[str] = []

    def handler(request: str) -> str:
        served.append(request)
        return f"reply {request[:4]}\n"

    async def run() -> None:
        async with serving(path, handler):
            with RawClient(path, None) as unnamed, RawClient(path, str(tmp_path / "c")) as client:
                unnamed.send(b"PING")
                client.send(b"x" * 8193)
                await settle(client)
                assert await client.ask(b"x" * 8192) == b"reply xxxx\n"
        assert served == ["PING", "x" * 8192]

    in_loop(run)


def test_events_go_to_monitors_of_their_level_after_the_reply(path: Path, tmp_path: Path) -> None:
    servers: list[ControlSocket] = []

    def handler(request: str) -> str:
        servers[0].send_event(f"CAUSED-BY {request}")
        return "OK\n"

    async def run() -> None:
        async with serving(path, handler) as server:
            servers.append(server)
            with RawClient(path, str(tmp_path / "a")) as first, RawClient(path, str(tmp_path / "b")) as second:
                assert await first.ask(b"ATTACH") == b"OK\n"
                assert await second.ask(b"ATTACH") == b"OK\n"
                assert await second.ask(b"LEVEL 4") == b"OK\n"
                assert await first.ask(b"WPS_PBC") == b"OK\n"
                assert await first.receive() == b"<3>CAUSED-BY WPS_PBC"
                server.send_event("WARNING", level=4)
                assert await second.receive() == b"<4>WARNING"
                assert await first.receive() == b"<4>WARNING"
                server.send_event("DEBUG", level=2)
                server.send_event("GLOBAL ", interface="wlan0")
                assert await first.receive() == b"IFNAME=wlan0 <3>GLOBAL "
                assert await first.ask(b"DETACH") == b"OK\n"
                assert await first.ask(b"DETACH") == b"FAIL\n"
                server.send_event("UNHEARD", level=5)
                assert await second.receive() == b"<5>UNHEARD"
                assert await first.ask(b"LEVEL 0") == b"FAIL\n"

    in_loop(run)


@pytest.mark.parametrize(
    ("request_text", "reply"),
    [
        (b"ATTACH", b"OK\n"),
        (b"ATTACH probe_rx_events=1", b"FAIL\n"),
        (b"DETACH", b"FAIL\n"),
        (b"LEVEL 2", b"FAIL\n"),
    ],
)
def test_subscribing_replies_as_wpa_supplicant_does(
    path: Path, tmp_path: Path, request_text: bytes, reply: bytes
) -> None:
    async def run() -> None:
        async with serving(path):
            with RawClient(path, str(tmp_path / "c")) as client:
                assert await client.ask(request_text) == reply

    in_loop(run)


@pytest.mark.parametrize("level", [b"", b"x", b"-1", b"1 2", b"9999", "²".encode()])
def test_a_level_is_a_number(path: Path, tmp_path: Path, level: bytes) -> None:
    async def run() -> None:
        async with serving(path):
            with RawClient(path, str(tmp_path / "c")) as client:
                await client.ask(b"ATTACH")
                assert await client.ask(b"LEVEL " + level) == b"FAIL\n"

    in_loop(run)


def test_there_is_a_limit_to_monitors_but_not_to_attaching_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(c, "MAX_MONITORS", 1)

    async def run() -> None:
        async with serving(path):
            with RawClient(path, str(tmp_path / "a")) as first, RawClient(path, str(tmp_path / "b")) as second:
                assert await first.ask(b"ATTACH") == b"OK\n"
                assert await first.ask(b"ATTACH") == b"OK\n"
                assert await second.ask(b"ATTACH") == b"FAIL\n"
                async with AsyncControlClient(path) as client:
                    with pytest.raises(ControlSocketError, match="takes no more monitors"):
                        await anext(client.events())

    in_loop(run)


def test_a_monitor_that_has_gone_is_forgotten(path: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:
            with RawClient(path, str(tmp_path / "a")) as client:
                await client.ask(b"ATTACH")
            server.send_event("X")
            with RawClient(path, str(tmp_path / "b")) as other:
                await settle(other)
            assert server._monitors == {}

    in_loop(run)


def test_a_monitor_whose_file_is_gone_is_forgotten(path: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:
            with RawClient(path, str(tmp_path / "a")) as client:
                await client.ask(b"ATTACH")
                (tmp_path / "a").unlink()
                server.send_event("X")
                assert server._monitors == {}

    in_loop(run)


class Unconnected(RawClient):
    """A client as netcat is: not connected, so the kernel limits what it has not read."""

    def __init__(self, server: Path, address: str) -> None:
        self.server = server
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(address)
        self.sock.setblocking(False)

    def send(self, octets: bytes) -> None:
        self.sock.sendto(octets, str(self.server))


def test_a_slow_monitor_loses_events_and_after_ten_in_a_row_its_place(path: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:
            with Unconnected(path, str(tmp_path / "a")) as slow, RawClient(path, str(tmp_path / "b")) as other:
                await slow.ask(b"ATTACH")
                monitor = server._monitors[str(tmp_path / "a")]
                while not monitor.losses:
                    server.send_event("X")
                for losses in range(2, c.MAX_LOSSES + 1):
                    server.send_event("X")
                    assert (monitor.losses, len(server._monitors)) == (losses, 1)
                assert await slow.receive() == b"<3>X"
                server.send_event("X")
                assert [monitor.losses] == [0]
                for _ in range(c.MAX_LOSSES + 1):
                    assert len(server._monitors) == 1
                    server.send_event("X")
                assert len(server._monitors) == 0
                await settle(other)

    in_loop(run)


def test_monitors_that_do_not_read_cannot_clog_the_socket(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        async with serving(path) as server:
            with RawClient(path, str(tmp_path / "a")) as stuck, RawClient(path, str(tmp_path / "b")) as second:
                await stuck.ask(b"ATTACH")
                await second.ask(b"ATTACH")
                while server._monitors:
                    server.send_event("X" * 1000)
                async with AsyncControlClient(path) as client:
                    assert await client.request("PING") == "reply PING\n"
                with pytest.raises(ConnectionRefusedError):
                    stuck.send(b"PING")  # tells a living client to attach again

    in_loop(run)
    assert "a client does not read; all monitors are let go" in caplog.text


def test_a_socket_that_cannot_be_made_anew_is_said(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        async with serving(path) as server:
            with RawClient(path, str(tmp_path / "a")) as client:
                await client.ask(b"ATTACH")
                monkeypatch.setattr(c, "_is_clogged", lambda _sock: True)
                monkeypatch.setattr(server, "_group", "no-such-group")
                server.send_event("X")

    in_loop(run)
    assert "no commands any more: control_group: there is no group 'no-such-group'" in caplog.text


def test_a_handler_that_fails_costs_its_reply_only(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    def handler(request: str) -> str:
        if request.startswith("BAD"):
            raise ZeroDivisionError
        return f"reply {request}\n"

    async def run() -> None:
        async with serving(path, handler):
            with RawClient(path, str(tmp_path / "c")) as client:
                assert await client.ask(b"BAD 12345670") == b"FAIL\n"
                await settle(client)

    in_loop(run)
    assert "control command BAD failed" in caplog.text
    assert "12345670" not in "".join(record.getMessage() for record in caplog.records)


def test_a_client_that_does_not_wait_for_its_reply_is_no_error(path: Path, tmp_path: Path) -> None:
    async def run() -> None:
        async with serving(path):
            with RawClient(path, str(tmp_path / "a")) as client:
                client.send(b"PING")
            with RawClient(path, str(tmp_path / "b")) as other:
                await settle(other)

    in_loop(run)


# ---- the socket's file


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def group_of(path: Path) -> int:
    return path.stat().st_gid


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def remove(path: Path) -> None:
    path.unlink()


def test_the_folder_is_made_and_the_socket_goes_with_the_server(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:
            assert mode_of(path) == 0o770
            assert mode_of(path.parent) == 0o750
        assert names_in(path.parent) == []
        server.close()

    in_loop(run)


def test_a_group_gets_folder_and_socket(path: Path) -> None:
    async def run() -> None:
        async with serving(path, group=str(os.getgid())):
            assert (mode_of(path), group_of(path)) == (0o770, os.getgid())
            assert (mode_of(path.parent), group_of(path.parent)) == (0o770, os.getgid())

    in_loop(run)


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)

    async def run() -> None:
        async with serving(tmp_path / "control", group="root" if os.getgid() == 0 else str(os.getgid())):
            assert mode_of(tmp_path) == 0o711

    in_loop(run)


def test_an_unknown_group_is_said(path: Path) -> None:
    async def run() -> None:
        with pytest.raises(ControlSocketError, match="there is no group 'no-such-group' on this device"):
            ControlSocket(path, echo, "no-such-group").open()

    in_loop(run)


def test_the_socket_of_an_agent_that_died_is_taken_over(path: Path) -> None:
    async def run() -> None:
        path.parent.mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
            dead.bind(str(path))
        async with serving(path), AsyncControlClient(path) as client:
            assert await client.request("PING") == "reply PING\n"

    in_loop(run)


def test_the_socket_of_an_agent_that_lives_is_not(path: Path) -> None:
    async def run() -> None:
        async with serving(path):
            with pytest.raises(ControlSocketError, match="another wps-agent is running and answers there"):
                ControlSocket(path, echo).open()
            async with AsyncControlClient(path) as client:
                assert await client.request("PING") == "reply PING\n"

    in_loop(run)


def test_a_file_that_is_no_socket_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("precious")

    async def run() -> None:
        with pytest.raises(ControlSocketError, match="something else is there; move it away"):
            ControlSocket(path, echo).open()

    in_loop(run)
    assert path.read_text() == "precious"


def test_a_path_that_cannot_be_bound_is_said(tmp_path: Path) -> None:
    async def run() -> None:
        for wrong in (tmp_path / ("x" * 120), Path("/proc/wps-agent/control")):
            with pytest.raises(ControlSocketError, match="control socket "):
                ControlSocket(wrong, echo).open()

    in_loop(run)


def test_closing_leaves_the_socket_of_a_successor(path: Path) -> None:
    async def run() -> None:
        async with serving(path):
            remove(path)
            successor = ControlSocket(path, echo)
            successor.open()
        assert names_in(path.parent) == ["control"]
        successor.close()
        assert names_in(path.parent) == []

    in_loop(run)


def test_closing_without_the_file_is_no_error(path: Path) -> None:
    async def run() -> None:
        async with serving(path):
            remove(path)

    in_loop(run)


def test_nothing_is_sent_or_served_after_closing(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:
            pass
        server.send_event("X")
        server._receive()
        assert server._send(b"x", "/nowhere") == errno.ENOTCONN

    in_loop(run)


# ---- clients


def test_the_synchronous_client_skips_events_and_cleans_up(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:

            def talk() -> list[str]:
                with ControlClient(path) as client:
                    client.attach()
                    loop.call_soon_threadsafe(server.send_event, "FIRST")
                    loop.call_soon_threadsafe(server.send_event, "SECOND")
                    events = client.events()
                    return [next(events), client.request("PING")]

            loop = asyncio.get_running_loop()
            assert await asyncio.to_thread(talk) == ["<3>FIRST", "reply PING\n"]
            assert names_in(path.parent) == ["control"]

    in_loop(run)


def test_the_asynchronous_client_skips_events_and_cleans_up(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server, AsyncControlClient(path) as client:
            server.send_event("UNHEARD")
            await client.attach()
            server.send_event("HEARD", interface="wlan0")
            assert await anext(client.events()) == "IFNAME=wlan0 <3>HEARD"
            server.send_event("SKIPPED")
            assert await client.request("PING") == "reply PING\n"
        assert names_in(path.parent) == []

    in_loop(run)


def test_a_reply_that_does_not_come_is_an_error_with_its_reason(path: Path) -> None:
    async def run() -> None:
        async with serving(path):
            async with AsyncControlClient(path) as client:
                with pytest.raises(ControlSocketError, match=r"did not answer within 0\.01 s: it is stuck"):
                    await client.request("SILENCE", 0.01)
            with ControlClient(path) as blocking, pytest.raises(ControlSocketError, match="did not answer within"):
                await asyncio.to_thread(blocking.request, "SILENCE", 0.01)

    in_loop(run)


def test_waiting_for_events_ends_when_none_come(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:

            def listen() -> list[str]:
                with ControlClient(path) as client:
                    return list(client.events(timeout=0.01))

            assert await asyncio.to_thread(listen) == []
            assert len(server._monitors) == 1

    in_loop(run)


def test_who_waits_for_events_notices_that_the_agent_has_gone(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (control_client, async_control_client):
        monkeypatch.setattr(module, "PING_INTERVAL", 0.01)

    async def run() -> None:
        async with serving(path) as server:
            client, blocking = AsyncControlClient(path), ControlClient(path)
            await client.attach()
            await asyncio.to_thread(blocking.attach)
            server.send_event("X")

            def listen() -> list[str]:
                heard = []
                try:
                    for event in blocking.events():
                        heard.append(event)
                        loop.call_soon_threadsafe(server.close)
                except ControlSocketError as error:
                    heard.append(str(error))
                return heard

            loop = asyncio.get_running_loop()
            events = client.events()
            assert await anext(events) == "<3>X"
            heard, reason = await asyncio.to_thread(listen)
            assert heard == "<3>X"
            assert reason.startswith("wps-agent is not running")
            with pytest.raises(ControlSocketError, match="wps-agent is not running"):
                await anext(events)
            client.close()
            blocking.close()

    in_loop(run)


def test_an_agent_that_is_not_running_is_said(path: Path) -> None:
    with pytest.raises(ControlSocketError, match="wps-agent is not running: nobody answers on"):
        ControlClient(path)
    path.parent.mkdir()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as dead:
        dead.bind(str(path))
    with pytest.raises(ControlSocketError, match="wps-agent is not running: nobody answers on"):
        ControlClient(path)
    assert names_in(path.parent) == ["control"]


def test_an_agent_that_stops_between_two_requests_is_said(path: Path) -> None:
    async def run() -> None:
        async with serving(path):
            client = AsyncControlClient(path)
            blocking = ControlClient(path)
        with pytest.raises(ControlSocketError, match="wps-agent is not running"):
            await client.request("PING")
        with pytest.raises(ControlSocketError, match="wps-agent is not running"):
            blocking.request("PING")
        client.close()
        blocking.close()
        blocking.close()

    in_loop(run)


def test_without_the_privilege_the_send_buffer_grows_as_far_as_the_system_allows() -> None:
    class Unprivileged(socket.socket):
        def setsockopt(self, level: int, option: int, value: Any, *_rest: Any) -> None:
            if option == c._SO_SNDBUFFORCE:
                raise PermissionError(errno.EPERM, "Operation not permitted")
            super().setsockopt(level, option, value)

    with Unprivileged(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        before = sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF)
        c._enlarge_send_buffer(sock)
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) > before


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PermissionError(13, "Permission denied"), "no permission to reach wps-agent on"),
        (OSError(5, "Input/output error"), "wps-agent cannot be reached on /x: Input/output error"),
    ],
)
def test_other_errors_are_in_words(error: OSError, words: str) -> None:
    assert unreachable(Path("/x"), error).startswith(words)


def test_where_the_server_s_folder_takes_no_files_the_client_binds_in_tmp(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    async def run() -> None:
        async with serving(path):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as occupant:
                name = f"client-{os.getpid()}-1000000"
                monkeypatch.setattr(control_client, "_numbers", iter([1000000]))
                occupant.bind(str(path.parent / name))
                async with AsyncControlClient(path) as client:
                    assert (tmp_path / f"wps-agent-{name}").is_socket()
                    assert await client.request("PING") == "reply PING\n"
                assert not (tmp_path / f"wps-agent-{name}").exists()
                (path.parent / name).unlink()

    in_loop(run)


def test_the_client_of_the_command_line_does_not_load_an_event_loop() -> None:
    script = "import sys, wpsagent.io.control_client; sys.exit('asyncio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_five_hundred_monitors_hear_a_burst_of_events(path: Path) -> None:
    async def run() -> None:
        async with serving(path) as server:
            with contextlib.ExitStack() as stack:
                clients = [stack.enter_context(RawClient(path, f"\0monitor-{os.getpid()}-{n}")) for n in range(500)]
                for client in clients:
                    assert await client.ask(b"ATTACH") == b"OK\n"
                for number in range(5):
                    server.send_event(f"EVENT-{number} ")
                for client in clients:
                    assert [await client.receive() for _ in range(5)] == [f"<3>EVENT-{n} ".encode() for n in range(5)]
                clients[0].sock.close()
                server.send_event("LAST")
                assert len(server._monitors) == 499

    in_loop(run)


def test_a_client_whose_socket_the_agent_may_not_write_to_is_told_of_in_the_log(
    path: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Powerless(socket.socket):
        def sendto(self, *_: object) -> int:
            raise PermissionError(errno.EACCES, "Permission denied")

    async def run() -> None:
        monkeypatch.setattr(socket, "socket", Powerless)
        async with serving(path) as server:
            monkeypatch.undo()
            with RawClient(path, str(tmp_path / "a")) as client:
                client.send(b"ATTACH")
                while not server._monitors:
                    await asyncio.get_running_loop().sock_sendall(client.sock, b"PING")
                server.send_event("X")
                assert not server._monitors

    in_loop(run)
    assert "hears nothing: its socket is not writable for the agent" in caplog.text
