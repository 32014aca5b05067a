# SPDX-License-Identifier: BSD-3-Clause
"""D-Bus: messages there and back, whatever octets come, and a client on a real bus."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from tests.unit.dbus_world import RefusalError, bus, service

from wpsagent.errors import DecodeError
from wpsagent.io.dbus import BUS, BusError, SystemBus
from wpsagent.io.dbus_codec import FIXED_HEADER, Message, MessageType, Variant, message_length, single_types

NAME = "net.example.Service"

VALUES: list[tuple[str, tuple[Any, ...]]] = [
    ("", ()),
    ("ybnqiuxtd", (255, True, -2, 65535, -3, 4, -(1 << 62), 1 << 63, 0.5)),
    ("sog", ("grüße", "/a/b", "a{sv}")),
    ("ay", (b"\x00\xff",)),
    ("as", (["a", "", "ccc"],)),
    ("a(ys)u", ([(1, "x"), (2, "y")], 7)),
    ("a{sa{sv}}ua{sv}", ({"c": {"id": Variant("s", "x"), "n": Variant("ay", b"\1")}, "e": {}}, 1, {})),
    ("v", (Variant("a{sv}", {"k": Variant("v", Variant("t", 1))}),)),
    ("aat(bd)", ([[1], []], (False, 2.0))),
]

# Of dbus-daemon's answer to Hello, in big endian as some peers have it.
BIG_ENDIAN = bytes.fromhex(
    "42020101 00000009 00000001 0000000f 05017500 00000001 08016700 01730000 00000004 3a312e30 00".replace(" ", "")
)


def message(signature: str = "", body: tuple[Any, ...] = ()) -> Message:
    return Message(
        MessageType.METHOD_CALL,
        7,
        path="/p",
        interface="i.f",
        member="M",
        destination="d.e",
        signature=signature,
        body=body,
    )


@pytest.mark.parametrize(("signature", "body"), VALUES)
def test_values_come_back_as_they_went(signature: str, body: tuple[Any, ...]) -> None:
    octets = message(signature, body).encode()
    assert message_length(octets[:FIXED_HEADER]) == len(octets)
    assert Message.decode(octets) == message(signature, body)


def test_a_message_in_big_endian_is_read() -> None:
    read = Message.decode(BIG_ENDIAN)
    assert (read.type, read.reply_serial, read.body) == (MessageType.METHOD_RETURN, 1, (":1.0",))


@pytest.mark.parametrize(("signature", "body"), VALUES)
def test_a_message_cut_off_anywhere_is_refused(signature: str, body: tuple[Any, ...]) -> None:
    octets = message(signature, body).encode()
    for end in range(len(octets)):
        with pytest.raises(DecodeError):
            Message.decode(octets[:end])


def test_octets_of_any_kind_give_a_message_or_a_decode_error() -> None:
    dice = random.Random(20)
    for _ in range(20000):
        octets = bytearray(message(*dice.choice(VALUES)).encode())
        for _ in range(dice.randint(1, 4)):
            octets[dice.randrange(len(octets))] = dice.choice(
                (0, 1, 8, 0x61, 0x76, 0x28, 0x7B, 0xFF, dice.randrange(256))
            )
        try:
            read = Message.decode(bytes(octets))
        except DecodeError:
            continue
        assert isinstance(read, Message)


@pytest.mark.parametrize(
    ("signature", "body"),
    [("y", (256,)), ("u", (-1,)), ("s", ("a\0b",)), ("u", ()), ("", (1,)), ("(uu)", ((1,),))],
)
def test_values_that_do_not_fit_are_refused(signature: str, body: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError):
        message(signature, body).encode()


@pytest.mark.parametrize("signature", ["h", "a", "(u", "{sv}x", "a" * 40 + "u", "z", "a{", "()" * 1 + ")"])
def test_signatures_that_cannot_be_understood_are_refused(signature: str) -> None:
    with pytest.raises(DecodeError):
        Message.decode(_with_signature(signature))


def _with_signature(signature: str) -> bytes:
    """A message whose signature was not checked when it was written; its body is zeros."""
    octets = message("u" * len(signature), (0,) * len(signature)).encode()
    return octets.replace(("u" * len(signature)).encode() + b"\0", signature.encode() + b"\0")


def test_signatures_are_taken_apart() -> None:
    assert list(single_types("a{sa{sv}}u(ii)ay")) == ["a{sa{sv}}", "u", "(ii)", "ay"]


def test_a_huge_message_is_refused_before_it_is_read() -> None:
    octets = bytearray(message().encode())
    octets[4:8] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(DecodeError, match="more than 1 MiB"):
        message_length(bytes(octets))


def test_secrets_are_in_no_repr() -> None:
    assert "secret" not in repr(message("v", (Variant("s", "secret"),)))


# ---- on a bus


def test_methods_are_called_and_errors_have_their_names(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address, service(address, NAME) as fake, SystemBus(address) as client:
            fake.methods["Double"] = lambda call: ("s", (call.body[0] * 2,))

            def refuse(_call: Message) -> tuple[str, tuple[Any, ...]]:
                raise RefusalError("net.example.Bad", "because")

            fake.methods["Refuse"] = refuse
            fake.properties["/", "Color"] = Variant("s", "red")
            assert await client.call(NAME, "/", NAME, "Double", "s", "ab") == ("abab",)
            with pytest.raises(BusError, match="because") as caught:
                await client.call(NAME, "/", NAME, "Refuse")
            assert caught.value.name == "net.example.Bad"
            assert await client.get(NAME, "/", NAME, "Color") == "red"
            await client.set(NAME, "/", NAME, "Color", Variant("s", "blue"))
            assert fake.properties["/", "Color"] == Variant("s", "blue")
            assert await client.has(NAME)
            assert not await client.has("net.example.Nobody")
            with pytest.raises(BusError) as caught:
                await client.call("net.example.Nobody", "/", NAME, "Double")
            assert caught.value.name == f"{BUS}.Error.NameHasNoOwner"

    asyncio.run(scene())


def test_signals_that_were_asked_for_come_in_order(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address, service(address, NAME) as fake, SystemBus(address) as client:
            await client.listen(sender=NAME, member="Changed")
            for number in range(3):
                fake.emit("/p", NAME, "Other", "u", number)
                fake.emit("/p", NAME, "Changed", "u", number)
            heard: list[tuple[str, tuple[Any, ...]]] = []
            while len(heard) < 3:
                signal = await client.signal()
                if signal.interface == NAME:
                    heard.append((signal.member, signal.body))
            assert heard == [("Changed", (number,)) for number in range(3)]

    asyncio.run(scene())


def test_who_does_not_answer_is_told_after_the_limit(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address, service(address, NAME) as fake, SystemBus(address, 0.2) as client:
            fake.is_silent = True
            with pytest.raises(BusError, match=r"no answer within 0\.2 s"):
                await client.call(NAME, "/", NAME, "Double", "s", "ab")
            fake.is_silent = False
            fake.methods["Double"] = lambda call: ("s", (call.body[0] * 2,))
            assert await client.call(NAME, "/", NAME, "Double", "s", "ab") == ("abab",)

    asyncio.run(scene())


def test_a_service_that_dies_before_it_answers_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address, SystemBus(address) as client:
            async with service(address, NAME) as fake:
                fake.is_silent = True
                call = asyncio.create_task(client.call(NAME, "/", NAME, "Double"))
                assert await client.has(NAME)  # sent after the call
            with pytest.raises(BusError) as caught:
                await call
            assert caught.value.name == f"{BUS}.Error.NoReply"

    asyncio.run(scene())


def test_a_bus_that_dies_fails_calls_and_signals(tmp_path: Path) -> None:
    async def scene() -> None:
        async with bus(tmp_path) as address:
            client = SystemBus(address)
            await client.__aenter__()
            waiting = asyncio.create_task(_all_signals(client))
        with pytest.raises(BusError, match="has closed the connection"):
            await waiting
        with pytest.raises(BusError, match="has closed the connection"):
            await client.has(NAME)
        await client.__aexit__(None, None, None)

    asyncio.run(scene())


async def _all_signals(client: SystemBus) -> None:
    while True:
        await client.signal()


@pytest.mark.parametrize("address", ["unix:path=/nowhere/bus", "tcp:host=localhost", "unix:abstract=wps-agent-nowhere"])
def test_where_there_is_no_bus_it_is_told(address: str) -> None:
    async def scene() -> None:
        with pytest.raises(BusError) as caught:
            async with SystemBus(address):
                pass
        assert caught.value.name == "unreachable"

    asyncio.run(scene())


def test_who_does_not_speak_dbus_is_told(tmp_path: Path) -> None:
    async def scene(answer: bytes) -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n")
            writer.write(answer)
            await reader.read(1)
            writer.close()

        async with await asyncio.start_unix_server(serve, tmp_path / "other"):
            with pytest.raises(BusError) as caught:
                async with SystemBus(f"unix:path={tmp_path}/other", 0.5):
                    pass
        return str(caught.value)

    assert "does not let us in" in asyncio.run(scene(b"REJECTED EXTERNAL\r\n"))
    assert "begins with l or B" in asyncio.run(scene(b"OK 0\r\n" + b"nonsense" * 8))
