# SPDX-License-Identifier: BSD-3-Clause
"""TLS and mutual TLS with a mosquitto and an authority of the test's own: what works, and what each fault is called."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.system.certificates import Authority, Certificate
from tests.system.test_mqtt_mosquitto import WITHIN, Broker, Subscriber, free_port, reporter_for, settings_for

from wpsagent.config import MqttSettings, TlsSettings
from wpsagent.io.mqtt import probe


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.make(tmp_path_factory.mktemp("authority"))


@asynccontextmanager
async def listening(
    folder: Path, authority: Authority, server: Certificate, *lines: str
) -> AsyncIterator[MqttSettings]:
    """A broker with that certificate; how a client that trusts the authority sees it."""
    port = free_port()
    files = (f"certfile {server.file}", f"keyfile {server.key}", f"cafile {authority.certificate.file}")
    broker = Broker(folder, port, ("allow_anonymous true", *files, *lines))
    await broker.start()
    try:
        tls = TlsSettings(str(authority.certificate.file), None, None, insecure=False)
        yield replace(settings_for(port), tls=tls)
    finally:
        await broker.kill()


def with_tls(settings: MqttSettings, **changes: Any) -> MqttSettings:
    assert settings.tls is not None
    return replace(settings, tls=replace(settings.tls, **changes))


def with_certificate(settings: MqttSettings, own: Certificate) -> MqttSettings:
    return with_tls(settings, certificate_file=str(own.file), key_file=str(own.key))


def test_a_broker_of_the_authority_is_taken_and_each_fault_has_its_own_sentence(
    tmp_path: Path, authority: Authority
) -> None:
    async def run() -> None:
        server = authority.sign("server")
        stranger = Authority.make(tmp_path, "stranger")
        async with listening(tmp_path, authority, server) as settings:
            place = f"127.0.0.1:{settings.port}"
            assert await probe(settings, WITHIN) is None
            untrusted = await probe(with_tls(settings, ca_file=str(stranger.certificate.file)), WITHIN)
            assert untrusted is not None
            assert untrusted.startswith(f"the certificate of {place} is not trusted: no authority that we trust has")
            other_name = await probe(replace(settings, host="localhost"), WITHIN)
            assert other_name == (
                f"the certificate of localhost:{settings.port} is not trusted: "
                "it is not for the name localhost, by which we call the broker"
            )
            assert await probe(with_tls(settings, insecure=True, ca_file=None), WITHIN) is None
            plain = await probe(replace(settings, tls=None), WITHIN)
            assert plain is not None
            assert plain.startswith("the connection to the broker was lost: ")

    asyncio.run(run())


def test_an_expired_certificate_is_called_that(tmp_path: Path, authority: Authority) -> None:
    async def run() -> None:
        async with listening(tmp_path, authority, authority.sign("old", is_expired=True)) as settings:
            assert await probe(settings, WITHIN) == (
                f"the certificate of 127.0.0.1:{settings.port} is not trusted: it has expired, or our clock is wrong"
            )

    asyncio.run(run())


def test_a_broker_without_tls_is_called_that(tmp_path: Path, authority: Authority) -> None:
    async def run() -> None:
        broker = Broker(tmp_path, free_port())
        await broker.start()
        try:
            tls = TlsSettings(str(authority.certificate.file), None, None, insecure=False)
            reason = await probe(replace(settings_for(broker.port), tls=tls), WITHIN)
        finally:
            await broker.kill()
        assert reason is not None
        assert reason.startswith(f"no TLS with 127.0.0.1:{broker.port}: ")

    asyncio.run(run())


@pytest.mark.parametrize("version", ["tlsv1.2", "tlsv1.3"])
def test_a_broker_that_wants_a_certificate_of_ours_says_so_and_takes_the_right_one(
    version: str, tmp_path: Path, authority: Authority
) -> None:
    async def run() -> None:
        stranger = Authority.make(tmp_path, "stranger")
        lines = ("require_certificate true", "use_identity_as_username true", f"tls_version {version}")
        async with listening(tmp_path, authority, authority.sign("server"), *lines) as settings:
            place = f"127.0.0.1:{settings.port}"
            assert await probe(with_certificate(settings, authority.sign("board")), WITHIN) is None
            missing = await probe(settings, WITHIN)
            assert missing is not None
            assert "certificate of ours" in missing
            foreign = await probe(with_certificate(settings, stranger.sign("stray")), WITHIN)
            assert foreign == (
                f"{place} refuses our certificate: it is from an authority that the broker does not know"
            )
            expired = await probe(with_certificate(settings, authority.sign("worn", is_expired=True)), WITHIN)
            assert expired == f"{place} refuses our certificate: it has expired"

    asyncio.run(run())


def test_files_that_do_not_belong_together_or_are_none_are_named(tmp_path: Path, authority: Authority) -> None:
    async def run() -> None:
        board, other = authority.sign("one"), authority.sign("two")
        empty = tmp_path / "empty.pem"
        empty.touch()
        settings = replace(
            settings_for(1), tls=TlsSettings(str(authority.certificate.file), None, None, insecure=False)
        )
        mixed = await probe(with_certificate(settings, Certificate(board.file, other.key)), WITHIN)
        assert mixed == "a file of the TLS settings is no good: key_file is not the key of certificate_file"
        none = await probe(with_tls(settings, ca_file=str(empty)), WITHIN)
        assert none == "a file of the TLS settings is no good: there is no certificate in ca_file"

    asyncio.run(run())


def test_the_reporter_speaks_over_mutual_tls_and_says_what_is_wrong_while_it_tries(
    tmp_path: Path, authority: Authority
) -> None:
    async def run() -> None:
        lines = ("require_certificate true",)
        async with listening(tmp_path, authority, authority.sign("server"), *lines) as settings:
            async with reporter_for(settings) as (reporter, changes):
                is_connected, reason = await changes.next()
                assert not is_connected
                assert "certificate of ours" in reason
                assert reporter.last_error == reason
            board = authority.sign("board")
            async with reporter_for(with_certificate(settings, board)) as (reporter, changes):
                assert await changes.next() == (True, "")
                reporter.publish_state({"long": "x" * 60_000})
                files = (
                    "--cafile",
                    str(authority.certificate.file),
                    "--cert",
                    str(board.file),
                    "--key",
                    str(board.key),
                )
                subscriber = Subscriber(settings.port, files)
                subscriber.process = await asyncio.create_subprocess_exec(
                    *("mosquitto_sub", "-h", "127.0.0.1", "-p", str(settings.port), "-t", "wps-agent/lab/state"),
                    *("-F", "%t %r %p", *files),
                    stdout=asyncio.subprocess.PIPE,
                )
                topic, payload, _ = await subscriber.next()
                await subscriber.stop()
                assert (topic, len(payload)) == ("wps-agent/lab/state", 60_011)

    asyncio.run(run())
