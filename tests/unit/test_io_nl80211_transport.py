# SPDX-License-Identifier: BSD-3-Clause
"""The transport against a scripted kernel: answers, refusals, dumps, losses, and what nobody asked for."""

import asyncio
import errno
import logging
import socket
from collections.abc import Awaitable, Callable

import pytest
from tests.unit.nl80211_kernel import (
    DUMP_INTERRUPTED,
    FAMILY,
    GROUPS,
    MULTI,
    FakeKernel,
    Request,
    attribute,
    event,
    generic,
    message,
    u32,
    u64,
)

from wpsagent.errors import NetlinkError, RadioError
from wpsagent.io.nl80211.codec import Message
from wpsagent.io.nl80211.transport import Transport, open_socket

GET_INTERFACE, GET_STATION, SET_BEACON, FRAME, FRAME_TX_STATUS = 5, 17, 14, 59, 60
IFINDEX, COOKIE = 3, 88


class World:
    """A transport, its kernel, and what its handlers were given."""

    def __init__(self, kernel: FakeKernel, transport: Transport) -> None:
        self.kernel = kernel
        self.transport = transport
        self.events: list[Message] = []
        self.overruns = 0
        transport.set_handlers(self.events.append, self.overrun)

    def overrun(self) -> None:
        self.overruns += 1


def run(scenario: Callable[[World], Awaitable[None]], *, answer_within: float = 5.0) -> World:
    """The scenario in a loop of its own."""

    async def main() -> World:
        kernel = FakeKernel()
        world = World(kernel, await Transport.open(kernel, answer_within=answer_within))
        try:
            await scenario(world)
        finally:
            world.transport.close()
        return world

    return asyncio.run(main())


def refusal_of_opening(kernel: FakeKernel) -> Exception:
    async def main() -> Exception:
        with pytest.raises((RadioError, NetlinkError)) as caught:
            await Transport.open(kernel)
        return caught.value

    return asyncio.run(main())


async def settle() -> None:
    """Let the loop read what was delivered."""
    for _ in range(5):
        await asyncio.sleep(0)


def silence(_request: Request) -> list[bytes]:
    return []


# ---- opening


def test_opening_resolves_the_family_and_its_groups() -> None:
    async def scenario(world: World) -> None:
        assert world.transport.family_id == FAMILY
        assert world.transport.groups == GROUPS

    assert run(scenario).kernel.is_closed


def test_subscribing_joins_the_group_by_number() -> None:
    async def scenario(world: World) -> None:
        world.transport.subscribe("mlme")
        assert world.kernel.memberships == [GROUPS["mlme"]]
        with pytest.raises(RadioError, match="no event group 'nan'"):
            world.transport.subscribe("nan")
        world.transport.groups["odd"] = 0
        with pytest.raises(NetlinkError, match="join nl80211 group odd"):
            world.transport.subscribe("odd")

    run(scenario)


def test_a_kernel_without_nl80211_is_told_in_words_and_the_socket_closed() -> None:
    kernel = FakeKernel()
    kernel.answers[-1] = lambda request: [request.end(errno.ENOENT)]
    assert "no nl80211" in str(refusal_of_opening(kernel))
    assert kernel.is_closed


def test_another_refusal_of_the_family_is_passed_on() -> None:
    kernel = FakeKernel()
    kernel.answers[-1] = lambda request: [request.end(errno.EPERM)]
    error = refusal_of_opening(kernel)
    assert isinstance(error, NetlinkError)
    assert error.errno == errno.EPERM


def test_an_empty_answer_about_the_family_is_an_error() -> None:
    kernel = FakeKernel()
    kernel.answers[-1] = lambda request: [request.end()]
    assert "which family" in str(refusal_of_opening(kernel))


def test_a_real_socket_talks_to_the_kernel_under_this_test() -> None:
    with open_socket() as sock:
        assert sock.family == socket.AF_NETLINK
        assert sock.getsockname()[0] != 0
        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) >= 1 << 16


# ---- requests


def test_a_request_asks_for_an_acknowledgement_and_numbers_count_up() -> None:
    async def scenario(world: World) -> None:
        assert await world.transport.request(SET_BEACON, {"IFINDEX": 3}) == []
        await world.transport.request(SET_BEACON, {})
        first, second = world.kernel.requests
        assert (first.kind, first.flags, first.attributes) == (FAMILY, 0x05, attribute(IFINDEX, u32(3)))
        assert second.sequence == first.sequence + 1

    run(scenario)


def test_the_reply_before_the_acknowledgement_is_the_answer() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[FRAME] = lambda request: [
            request.reply(FRAME, attribute(COOKIE, u64(77))),
            request.end(),
        ]
        (reply,) = await world.transport.request(FRAME, {})
        assert reply.integer("COOKIE") == 77

    assert run(scenario).events == []


def test_on_reply_is_called_before_the_event_that_follows_it() -> None:
    async def scenario(world: World) -> None:
        order: list[str] = []
        world.transport.set_handlers(lambda _event: order.append("event"), world.overrun)
        world.kernel.answers[FRAME] = lambda request: [
            request.reply(FRAME, attribute(COOKIE, u64(77)))
            + request.end()
            + event(FRAME_TX_STATUS, attribute(COOKIE, u64(77)))
        ]
        await world.transport.request(FRAME, {}, on_reply=lambda _reply: order.append("reply"))
        assert order == ["reply", "event"]

    run(scenario)


def test_a_refusal_has_the_command_the_number_and_the_kernels_words() -> None:
    async def scenario(world: World) -> None:
        world.kernel.refuse(SET_BEACON, errno.EINVAL, "beacon is too long")
        with pytest.raises(NetlinkError, match="SET_BEACON: beacon is too long") as caught:
            await world.transport.request(SET_BEACON, {})
        assert caught.value.errno == errno.EINVAL
        world.kernel.refuse(SET_BEACON, errno.EBUSY)
        with pytest.raises(NetlinkError, match="SET_BEACON: Device or resource busy"):
            await world.transport.request(SET_BEACON, {})

    run(scenario)


def test_answers_find_their_request_in_any_order() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[GET_INTERFACE] = silence
        first = asyncio.create_task(world.transport.request(GET_INTERFACE, {"IFINDEX": 1}))
        second = asyncio.create_task(world.transport.request(GET_INTERFACE, {"IFINDEX": 2}))
        await settle()
        for request in reversed(world.kernel.requests):
            world.kernel.deliver(request.reply(7, attribute(IFINDEX, request.values[IFINDEX])) + request.end())
        assert [(await task)[0].integer("IFINDEX") for task in (first, second)] == [1, 2]

    run(scenario)


def test_a_request_that_is_never_answered_fails_and_its_late_answer_is_a_stray() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[SET_BEACON] = silence
        with pytest.raises(NetlinkError, match="SET_BEACON: the kernel did not answer") as caught:
            await world.transport.request(SET_BEACON, {})
        assert caught.value.errno == errno.ETIMEDOUT
        late = world.kernel.last(SET_BEACON)
        world.kernel.deliver(late.reply(SET_BEACON, attribute(IFINDEX, u32(3))) + late.end())
        await settle()

    assert run(scenario, answer_within=0.01).events == []


def test_a_failing_send_fails_the_request_only() -> None:
    async def scenario(world: World) -> None:
        world.kernel.send_error = OSError(errno.ENOMEM, "no memory")
        with pytest.raises(NetlinkError, match="SET_BEACON: no memory"):
            await world.transport.request(SET_BEACON, {})
        with pytest.raises(NetlinkError, match="GET_STATION: no memory"):
            await world.transport.dump(GET_STATION, {})
        world.kernel.send_error = None
        await world.transport.request(SET_BEACON, {})
        await world.transport.dump(GET_STATION, {})

    run(scenario)


def test_closing_fails_what_waits_and_what_comes_after() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[SET_BEACON] = silence
        waiting = asyncio.create_task(world.transport.request(SET_BEACON, {}))
        await settle()
        world.transport.close()
        world.transport.close()
        with pytest.raises(NetlinkError, match="SET_BEACON: the socket was closed"):
            await waiting
        with pytest.raises(NetlinkError, match="SET_BEACON: the socket was closed"):
            await world.transport.request(SET_BEACON, {})

    run(scenario)


def test_what_is_told_waits_for_no_answer_and_its_refusal_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    async def scenario(world: World) -> None:
        world.kernel.refuse(FRAME, errno.EBUSY, "off channel")
        world.transport.tell(FRAME, {"IFINDEX": 3})
        sent = world.kernel.last(FRAME)
        assert (sent.flags, sent.attributes) == (1, attribute(IFINDEX, u32(3)))
        await settle()
        await world.transport.request(SET_BEACON, {})

    run(scenario)
    assert "nl80211 refused what was told: off channel" in caplog.text


def test_nothing_can_be_told_when_sending_fails_or_the_socket_is_closed() -> None:
    async def scenario(world: World) -> None:
        world.kernel.send_error = OSError(errno.ENOBUFS, "No buffer space available")
        with pytest.raises(NetlinkError, match="FRAME: No buffer space available"):
            world.transport.tell(FRAME, {})
        world.transport.close()
        with pytest.raises(NetlinkError, match="FRAME: the socket was closed"):
            world.transport.tell(FRAME, {})

    run(scenario)


def test_a_handler_that_closes_the_transport_ends_the_reading() -> None:
    async def scenario(world: World) -> None:
        world.transport.set_handlers(lambda _event: world.transport.close(), world.overrun)
        world.kernel.deliver(event(FRAME))
        world.kernel.deliver(event(FRAME))
        await settle()
        assert world.kernel.is_closed

    run(scenario)


# ---- dumps


def test_a_dump_gathers_all_parts_until_done() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[GET_STATION] = lambda request: [
            request.reply(19, attribute(IFINDEX, u32(1)), flags=MULTI) + request.reply(19, attribute(IFINDEX, u32(2))),
            request.reply(19, attribute(IFINDEX, u32(3)), flags=MULTI),
            request.done(),
        ]
        parts = await world.transport.dump(GET_STATION, {"IFINDEX": 3})
        assert [part.integer("IFINDEX") for part in parts] == [1, 2, 3]
        assert world.kernel.last(GET_STATION).flags == 0x301

    run(scenario)


def test_the_end_of_a_dump_may_be_an_error() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[GET_STATION] = lambda request: [request.done(errno.ENODEV)]
        with pytest.raises(NetlinkError) as caught:
            await world.transport.dump(GET_STATION, {})
        assert caught.value.errno == errno.ENODEV

    run(scenario)


def test_two_dumps_at_once_are_asked_one_after_the_other() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[GET_STATION] = silence
        tasks = [asyncio.create_task(world.transport.dump(GET_STATION, {"IFINDEX": n})) for n in (1, 2)]
        await settle()
        assert len(world.kernel.requests) == 1
        first = world.kernel.requests[0]
        world.kernel.deliver(first.reply(19, attribute(IFINDEX, u32(1))) + first.done())
        assert len(await tasks[0]) == 1
        await settle()
        assert len(world.kernel.requests) == 2
        world.kernel.deliver(world.kernel.requests[1].done())
        assert await tasks[1] == []

    run(scenario)


def test_after_a_cancelled_dump_the_next_waits_for_its_end() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[GET_STATION] = silence
        cancelled = asyncio.create_task(world.transport.dump(GET_STATION, {}))
        await settle()
        cancelled.cancel()
        following = asyncio.create_task(world.transport.dump(GET_STATION, {}))
        await settle()
        assert cancelled.cancelled()
        assert len(world.kernel.requests) == 1
        world.kernel.deliver(world.kernel.requests[0].reply(19, attribute(IFINDEX, u32(1))))
        world.kernel.deliver(world.kernel.requests[0].done())
        await settle()
        assert len(world.kernel.requests) == 2
        world.kernel.deliver(world.kernel.requests[1].done())
        assert await following == []

    run(scenario)


@pytest.mark.parametrize("where", ["part", "done"])
def test_a_dump_whose_objects_changed_is_interrupted(where: str) -> None:
    async def scenario(world: World) -> None:
        part, done = (DUMP_INTERRUPTED, 0) if where == "part" else (0, DUMP_INTERRUPTED)
        world.kernel.answers[GET_STATION] = lambda request: [
            request.reply(19, attribute(IFINDEX, u32(1)), flags=MULTI | part),
            request.done(flags=MULTI | done),
        ]
        with pytest.raises(NetlinkError) as caught:
            await world.transport.dump(GET_STATION, {})
        assert caught.value.errno == errno.EINTR

    run(scenario)


# ---- losses


def test_when_messages_were_dropped_all_that_wait_fail_and_reading_goes_on() -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[SET_BEACON] = silence
        world.kernel.answers[GET_STATION] = silence
        waiting = [
            asyncio.create_task(world.transport.request(SET_BEACON, {})),
            asyncio.create_task(world.transport.dump(GET_STATION, {})),
        ]
        await settle()
        world.kernel.deliver(OSError(errno.ENOBUFS, "No buffer space available"))
        for task in waiting:
            with pytest.raises(NetlinkError, match="the kernel dropped messages") as caught:
                await task
            assert caught.value.errno == errno.ENOBUFS
        del world.kernel.answers[SET_BEACON], world.kernel.answers[GET_STATION]
        await world.transport.request(SET_BEACON, {})
        await world.transport.dump(GET_STATION, {})

    assert run(scenario).overruns == 1


def test_a_datagram_that_was_cut_short_counts_as_dropped() -> None:
    async def scenario(world: World) -> None:
        world.kernel.deliver(b"\0" * 16, flags=socket.MSG_TRUNC)
        await settle()

    assert run(scenario).overruns == 1


def test_an_error_of_reading_fails_what_waits(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[SET_BEACON] = silence
        waiting = asyncio.create_task(world.transport.request(SET_BEACON, {}))
        await settle()
        world.kernel.deliver(OSError(errno.EIO, "broken"))
        with pytest.raises(NetlinkError, match="reading the answer failed: broken"):
            await waiting
        await world.transport.dump(GET_STATION, {})

    assert run(scenario).overruns == 0
    assert "reading from the nl80211 socket failed" in caplog.text


# ---- what nobody asked for


def test_events_are_given_to_the_handler() -> None:
    async def scenario(world: World) -> None:
        world.kernel.deliver(event(FRAME, attribute(IFINDEX, u32(3))) + event(FRAME_TX_STATUS))
        await settle()

    assert [e.command for e in run(scenario).events] == [FRAME, FRAME_TX_STATUS]


def test_a_datagram_that_the_kernel_did_not_send_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[SET_BEACON] = silence
        waiting = asyncio.create_task(world.transport.request(SET_BEACON, {}))
        await settle()
        request = world.kernel.last(SET_BEACON)
        world.kernel.deliver(request.end(errno.EPERM) + event(FRAME), sender=99)
        world.kernel.deliver(request.end())
        await waiting

    assert run(scenario).events == []
    assert "port id 99" in caplog.text


def test_an_answer_to_another_port_is_not_ours() -> None:
    """Some notifications repeat the number of the request that caused them, and the port of who sent it."""

    async def scenario(world: World) -> None:
        world.kernel.answers[SET_BEACON] = silence
        waiting = asyncio.create_task(world.transport.request(SET_BEACON, {}))
        await settle()
        request = world.kernel.last(SET_BEACON)
        world.kernel.deliver(request.reply(7, attribute(IFINDEX, u32(9)), port=1234))
        world.kernel.deliver(request.end())
        assert await waiting == []

    assert [e.integer("IFINDEX") for e in run(scenario).events] == [9]


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x01",
        b"\xff" * 64,
        message(FAMILY, 0, 0, b""),
        message(FAMILY, 0, 0, generic(59, b"\xff\xff\x03\x00")),
        message(2, 0, 99, b"\0\0", port=0),
        message(1, 0, 0, b""),
        message(4, 0, 0, b""),
        message(0x99, 0, 0, b"another family", port=0),
    ],
)
def test_garbled_and_foreign_messages_never_kill_the_reader(datagram: bytes) -> None:
    async def scenario(world: World) -> None:
        world.kernel.deliver(datagram)
        world.kernel.deliver(event(FRAME))
        await world.transport.request(SET_BEACON, {})

    assert [e.command for e in run(scenario).events] == [FRAME]


def test_a_garbled_acknowledgement_is_reported_and_the_request_times_out(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(world: World) -> None:
        world.kernel.answers[SET_BEACON] = lambda request: [message(2, 0, request.sequence, b"\0")]
        with pytest.raises(NetlinkError, match="did not answer"):
            await world.transport.request(SET_BEACON, {})

    run(scenario, answer_within=0.01)
    assert "garbled netlink message ignored" in caplog.text


def test_a_failing_handler_is_logged_and_the_reader_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario(world: World) -> None:
        def fail(_event: Message) -> None:
            raise KeyError("a fault of ours")

        world.transport.set_handlers(fail, world.overrun)
        world.kernel.deliver(event(FRAME))
        await world.transport.request(SET_BEACON, {})

    with caplog.at_level(logging.ERROR):
        run(scenario)
    assert "a fault of ours" in caplog.text


def test_messages_that_nobody_hears_are_not_decoded() -> None:
    async def scenario(world: World) -> None:
        world.transport.set_handlers(world.events.append, world.overrun, is_heard=lambda command: command == FRAME)
        world.kernel.deliver(event(FRAME_TX_STATUS, b"garbled") + event(FRAME))
        await settle()

    assert [message.command for message in run(scenario).events] == [FRAME]
