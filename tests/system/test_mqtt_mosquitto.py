# SPDX-License-Identifier: BSD-3-Clause
"""The MQTT reporter against Debian's mosquitto: order, retention, will, a broker that comes late, dies and returns."""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wpsagent.config import MqttSettings, TlsSettings
from wpsagent.io.mqtt import MqttReporter, probe

WITHIN = 20.0


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def settings_for(port: int) -> MqttSettings:
    return MqttSettings(
        host="127.0.0.1",
        port=port,
        username=None,
        password=None,
        tls=None,
        base_topic="wps-agent",
        node="lab",
        keepalive_s=5,
        queue_size=3,
    )


@dataclass
class Broker:
    """A mosquitto of our own; extra lines go into its configuration."""

    folder: Path
    port: int
    lines: tuple[str, ...] = ("allow_anonymous true",)
    process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        file = self.folder / "mosquitto.conf"
        lines = (f"listener {self.port} 127.0.0.1", "persistence false", "log_dest stderr", "user root", *self.lines)
        file.write_text("\n".join(lines) + "\n")
        self.process = await asyncio.create_subprocess_exec(
            "mosquitto", "-v", "-c", str(file), stderr=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.DEVNULL
        )
        await self.wait_for("running")

    async def wait_for(self, words: str) -> str:
        """The next line of its log that has some words."""
        assert self.process is not None
        assert self.process.stderr is not None
        async with asyncio.timeout(WITHIN):
            while line := (await self.process.stderr.readline()).decode():
                if words in line:
                    return line
        raise AssertionError(f"mosquitto ended before {words!r}")

    async def kill(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.communicate()
            self.process = None


@dataclass
class Subscriber:
    """mosquitto_sub on everything of ours: (topic, payload, is it retained)."""

    port: int
    arguments: tuple[str, ...] = ()
    process: asyncio.subprocess.Process | None = None

    async def start(self, broker: Broker) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-q", "1", "-t", "wps-agent/#"),
            *("-F", "%t %r %p", *self.arguments),
            stdout=asyncio.subprocess.PIPE,
        )
        await broker.wait_for("Sending SUBACK")

    async def next(self) -> tuple[str, str, bool]:
        assert self.process is not None
        assert self.process.stdout is not None
        async with asyncio.timeout(WITHIN):
            topic, retained, payload = (await self.process.stdout.readline()).decode().rstrip("\n").split(" ", 2)
        return topic, payload, retained == "1"

    async def stop(self) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.communicate()


class Changes:
    """What on_change told, to be awaited."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[bool, str]] = asyncio.Queue()

    def __call__(self, is_connected: bool, reason: str) -> None:
        self.queue.put_nowait((is_connected, reason))

    async def next(self) -> tuple[bool, str]:
        async with asyncio.timeout(WITHIN):
            return await self.queue.get()


@contextlib.asynccontextmanager
async def reporter_for(settings: MqttSettings) -> AsyncIterator[tuple[MqttReporter, Changes]]:
    changes = Changes()
    reporter = MqttReporter(settings, os.urandom, changes)
    reporter.start()
    try:
        yield reporter, changes
    finally:
        await reporter.close()


@contextlib.asynccontextmanager
async def broker_and_subscriber(folder: Path, port: int, *lines: str) -> AsyncIterator[tuple[Broker, Subscriber]]:
    broker = Broker(folder, port, ("allow_anonymous true", *lines))
    subscriber = Subscriber(port)
    try:
        await broker.start()
        await subscriber.start(broker)
        yield broker, subscriber
    finally:
        await subscriber.stop()
        await broker.kill()


def in_loop(test: Callable[..., Coroutine[Any, Any, None]], *arguments: Any) -> None:
    asyncio.run(test(*arguments))


def test_birth_state_events_and_goodbye_come_in_order_and_retained_as_they_should(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with broker_and_subscriber(tmp_path, port) as (broker, subscriber):
            async with reporter_for(settings_for(port)) as (reporter, changes):
                assert await changes.next() == (True, "")
                reporter.publish_state({"state": "idle"})
                reporter.publish_state({"state": "active", "name": "Küche"})
                reporter.publish_event({"event_type": "push_button_started"})
                reporter.publish_state({"state": "success"})
                assert await subscriber.next() == ("wps-agent/lab/availability", "online", False)
                assert await subscriber.next() == ("wps-agent/lab/state", '{"state":"idle"}', False)
                assert await subscriber.next() == ("wps-agent/lab/state", '{"state":"active","name":"Küche"}', False)
                assert await subscriber.next() == ("wps-agent/lab/event", '{"event_type":"push_button_started"}', False)
                assert await subscriber.next() == ("wps-agent/lab/state", '{"state":"success"}', False)
            assert await subscriber.next() == ("wps-agent/lab/availability", "offline", False)
            assert reporter.is_connected is False
            late = Subscriber(port)
            await late.start(broker)
            seen = {await late.next(), await late.next()}
            await late.stop()
            assert seen == {
                ("wps-agent/lab/availability", "offline", True),
                ("wps-agent/lab/state", '{"state":"success"}', True),
            }

    in_loop(run)


def test_a_broker_that_starts_late_hears_the_latest_state_and_the_last_events(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with reporter_for(settings_for(port)) as (reporter, changes):
            is_connected, reason = await changes.next()
            assert (is_connected, reason) == (
                False,
                f"127.0.0.1:{port} refused the connection: no broker listens there",
            )
            assert [reporter.last_error] == [reason]
            for number in range(5):
                reporter.publish_state({"n": number})
                reporter.publish_event({"n": number})
            assert reporter.dropped_events == 2
            async with broker_and_subscriber(tmp_path, port) as (_broker, subscriber):
                assert await changes.next() == (True, "")
                assert reporter.last_error is None
                received = [(await subscriber.next())[:2] for _ in range(5)]
                assert received == [
                    ("wps-agent/lab/availability", "online"),
                    ("wps-agent/lab/state", '{"n":4}'),
                    ("wps-agent/lab/event", '{"n":2}'),
                    ("wps-agent/lab/event", '{"n":3}'),
                    ("wps-agent/lab/event", '{"n":4}'),
                ]

    in_loop(run)


def test_a_killed_broker_is_found_again_and_hears_what_it_missed(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with reporter_for(settings_for(port)) as (reporter, changes):
            async with broker_and_subscriber(tmp_path, port) as (broker, _subscriber):
                while not (await changes.next())[0]:
                    pass
                reporter.publish_state({"state": "idle"})
                await broker.kill()
                is_connected, reason = await changes.next()
                assert not is_connected
                assert reason.startswith("the connection to the broker was lost: ")
            reporter.publish_event({"n": 1})
            async with broker_and_subscriber(tmp_path, port) as (_broker, subscriber):
                assert await changes.next() == (True, "")
                assert [(await subscriber.next())[1] for _ in range(3)] == ["online", '{"state":"idle"}', '{"n":1}']

    in_loop(run)


def test_the_will_says_offline_when_the_agent_dies_without_a_goodbye(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with broker_and_subscriber(tmp_path, port) as (_broker, subscriber):
            reporter = MqttReporter(settings_for(port), os.urandom, changes := Changes())
            reporter.start()
            assert await changes.next() == (True, "")
            assert (await subscriber.next())[1] == "online"
            assert reporter._connection is not None
            reporter._connection._detach()
            reporter._connection._close_socket()  # as the kernel does for a killed process
            assert await subscriber.next() == ("wps-agent/lab/availability", "offline", False)
            await reporter.close(0.1)

    in_loop(run)


def test_a_reporter_closed_while_the_broker_is_away_returns_at_once() -> None:
    async def run() -> None:
        async with reporter_for(settings_for(free_port())) as (reporter, changes):
            await changes.next()
            reporter.publish_event({"n": 1})
            async with asyncio.timeout(1):
                await reporter.close()
                await reporter.close()

    in_loop(run)


def test_a_broker_that_stops_answering_does_not_hold_up_the_goodbye(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with (
            broker_and_subscriber(tmp_path, port) as (broker, _subscriber),
            reporter_for(settings_for(port)) as (reporter, changes),
        ):
            await changes.next()
            assert broker.process is not None
            broker.process.send_signal(signal.SIGSTOP)
            reporter.publish_event({"n": 1})
            async with asyncio.timeout(5):
                await reporter.close(0.2)
            assert reporter.last_error == "the broker did not take our last words in time"

    in_loop(run)


def test_wrong_credentials_are_named_and_right_ones_taken(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "us", "secret"], check=True)
    passwords.chmod(0o644)

    async def run() -> None:
        port = free_port()
        broker = Broker(tmp_path, port, ("allow_anonymous false", f"password_file {passwords}"))
        await broker.start()
        try:
            settings = settings_for(port)
            wrong = await probe(replace(settings, username="us", password="wrong"), WITHIN)
            assert wrong is not None
            assert wrong.startswith("the broker refused us: ")
            assert "uthori" in wrong
            assert await probe(replace(settings, username="us", password="secret"), WITHIN) is None
        finally:
            await broker.kill()

    in_loop(run)


def test_a_probe_disconnects_politely(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        async with broker_and_subscriber(tmp_path, port) as (broker, _subscriber):
            assert await probe(settings_for(port), WITHIN) is None
            assert "disconnected" in await broker.wait_for("Client wps-agent-lab-doctor disconnected")

    in_loop(run)


def test_the_probe_says_what_is_wrong() -> None:
    async def run() -> None:
        port = free_port()
        assert await probe(settings_for(port), WITHIN) == (
            f"127.0.0.1:{port} refused the connection: no broker listens there"
        )
        nowhere = await probe(replace(settings_for(port), host="no-such-host.invalid"), WITHIN)
        assert nowhere is not None
        assert "no-such-host.invalid" in nowhere
        with socket.create_server(("127.0.0.1", port)):  # listens and never says a word
            assert await probe(settings_for(port), 0.2) == f"127.0.0.1:{port} did not answer within 0.2 s"

    in_loop(run)


def test_something_that_is_no_broker_is_told_apart() -> None:
    async def run() -> None:
        async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            reason = await probe(settings_for(port), WITHIN)
        assert reason is not None
        assert reason.startswith("the connection to the broker was lost: ")

    in_loop(run)


def make_certificate(folder: Path) -> tuple[Path, Path]:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", str(key), "-out", str(certificate), "-days", "1", "-subj", "/CN=127.0.0.1"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        check=True,
        capture_output=True,
    )
    key.chmod(0o644)
    return certificate, key


def test_tls_is_checked_and_used(tmp_path: Path) -> None:
    async def run() -> None:
        port = free_port()
        certificate, key = make_certificate(tmp_path)
        tls = TlsSettings(ca_file=str(certificate), certificate_file=None, key_file=None, insecure=False)
        broker = Broker(tmp_path, port, ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}"))
        await broker.start()
        try:
            plain = settings_for(port)
            assert await probe(replace(plain, tls=tls), WITHIN) is None
            assert await probe(replace(plain, tls=replace(tls, ca_file=None, insecure=True)), WITHIN) is None
            untrusted = await probe(replace(plain, tls=replace(tls, ca_file=None)), WITHIN)
            assert untrusted is not None
            assert untrusted.startswith(f"the certificate of 127.0.0.1:{port} is not trusted: ")
            unencrypted = await probe(plain, WITHIN)
            assert unencrypted is not None
            subscriber = Subscriber(port, ("--cafile", str(certificate)))
            await subscriber.start(broker)
            async with reporter_for(replace(plain, tls=tls)) as (reporter, changes):
                assert await changes.next() == (True, "")
                reporter.publish_state({"long": "x" * 50_000})
                assert (await subscriber.next())[1] == "online"
                assert json.loads((await subscriber.next())[1]) == {"long": "x" * 50_000}
            await subscriber.stop()
        finally:
            await broker.kill()

    in_loop(run)
