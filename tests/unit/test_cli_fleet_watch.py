# SPDX-License-Identifier: BSD-3-Clause
"""`fleet watch` without a broker: lines and JSON for a pipe, a table for a terminal, what is told of a lost broker."""

import asyncio
import json
import os
import sys
from typing import Any

import pytest
from tests.unit.jumping_loop import run

from wpsagent.cli.fleet.agents import Filter, Fleet
from wpsagent.cli.fleet.watch import Lines, Screen, Snapshot, View, Watch
from wpsagent.errors import AgentError

Captured = pytest.CaptureFixture[str]


class House:
    """A watch whose broker is the test."""

    def __init__(self, view: str, *, size: tuple[int, int] = (80, 24), **wanted: Any) -> None:
        fleet = Fleet("base")
        views: dict[str, Any] = {
            "lines": lambda: Lines(fleet, Filter(**wanted), as_json=False),
            "json": lambda: Lines(fleet, Filter(**wanted), as_json=True),
            "once": lambda: Snapshot(fleet, Filter(**wanted), as_json=False),
            "once json": lambda: Snapshot(fleet, Filter(**wanted), as_json=True),
            "screen": lambda: Screen(fleet, Filter(**wanted), "broker.lan:1883, base"),
        }
        self.view: View = views[view]()
        self.watch = Watch(fleet, self.view, is_once=view.startswith("once"))

    def available(self, node: str, word: bytes = b"online") -> None:
        self.watch.received(f"base/{node}/availability", word)

    def state(self, node: str, state: str = "idle", **changes: Any) -> None:
        value = {"agent": "running", "state": state, "method": "push_button", **changes}
        self.watch.received(f"base/{node}/state", json.dumps(value).encode())

    def online(self, node: str, state: str = "idle", **changes: Any) -> None:
        self.available(node)
        self.state(node, state, **changes)


async def settle() -> None:
    """Until all that is due now has been done."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


def without_time(text: str) -> list[str]:
    return [line.partition("  ")[2] for line in text.splitlines()]


def test_lines_begin_when_all_have_come_and_then_tell_each_change(capsys: Captured) -> None:
    async def scenario() -> None:
        house = House("lines")
        house.watch.connected()
        house.online("b")
        house.online("a", "timeout")
        await settle()
        assert capsys.readouterr().out == ""
        house.watch.complete(None)
        assert without_time(capsys.readouterr().out) == ["a  nobody came within the time", "b  waiting for the button"]
        house.state("b", "active", seconds_left=90)
        house.state("b", "active", seconds_left=89)
        await settle()
        assert without_time(capsys.readouterr().out) == ["b  open for one device by push button, 1:30 left"]
        house.available("a", b"offline")
        house.available("b", b"")
        house.watch.received("base/b/state", b"")
        await settle()
        assert without_time(capsys.readouterr().out) == ["a  LOST: it went without a word", "b  was removed"]

    run(scenario())


def test_who_is_wanted_no_more_is_told_once_more(capsys: Captured) -> None:
    async def scenario() -> None:
        house = House("json", states=frozenset({"active"}))
        house.watch.connected()
        house.online("a")
        house.watch.complete(None)
        house.state("a", "active")
        await settle()
        house.state("a", "success")
        await settle()
        house.state("a", "idle")
        await settle()
        told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        assert [one["state"] for one in told] == ["active", "success"]
        assert set(told[0]) == {
            *("at", "removed", "node", "online", "state", "seconds_left", "needs_a_person", "why", "last_result"),
            *("networks", "networks_up", "devices", "pin_requests", "version"),
        }

    run(scenario())


def test_a_lost_broker_is_told_once_and_its_return_too(capsys: Captured) -> None:
    async def scenario(view: str) -> None:
        house = House(view)
        house.watch.connected()
        house.watch.complete(None)
        assert house.watch.lost("it went away")
        assert house.watch.lost("nobody listens there")
        house.watch.connected()
        house.watch.complete(None)

    run(scenario("lines"))
    assert capsys.readouterr().err == "wps-agent: MQTT: it went away\nwps-agent: MQTT: the broker is back\n"
    run(scenario("json"))
    told = [json.loads(line)["broker"] for line in capsys.readouterr().out.splitlines()]
    assert told == [{"connected": False, "reason": "it went away"}, {"connected": True, "reason": None}]


def test_a_broker_that_never_took_us_ends_it() -> None:
    async def scenario() -> None:
        house = House("lines")
        assert not house.watch.lost("bad user name or password")
        with pytest.raises(AgentError, match="MQTT: bad user name or password"):
            await house.watch.done

    run(scenario())


def test_once_ends_with_the_table_and_the_sum(capsys: Captured) -> None:
    async def scenario() -> None:
        house = House("once")
        house.watch.connected()
        house.online("a", version="1.0")
        assert capsys.readouterr().out == ""
        house.watch.complete(None)
        await house.watch.done
        lines = capsys.readouterr().out.splitlines()
        assert lines[1].split("  ")[0] == "a"
        assert lines[2:] == ["", "1 agent, 1 online, 0 need a person: 1 idle"]

    run(scenario())


def test_once_of_nobody_is_a_table_without_agents(capsys: Captured) -> None:
    async def scenario(view: str) -> None:
        house = House(view)
        house.watch.connected()
        house.watch.complete(None)
        await house.watch.done

    run(scenario("once"))
    assert capsys.readouterr().out.splitlines()[1:] == ["", "0 agents"]
    run(scenario("once json"))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("happens", ["lost", "refused"])
def test_once_that_cannot_be_had_is_an_error(happens: str, capsys: Captured) -> None:
    async def scenario() -> None:
        house = House("once")
        house.watch.connected()
        house.online("a")
        if happens == "lost":
            assert not house.watch.lost("it went away")
        else:
            house.watch.complete("it does not let us hear base/+/state")
        with pytest.raises(AgentError, match="MQTT: it"):
            await house.watch.done

    run(scenario())
    assert capsys.readouterr().out == ""


def test_what_goes_wrong_in_the_loop_ends_it() -> None:
    async def scenario() -> None:
        loop = asyncio.get_running_loop()
        house = House("lines")
        loop.set_exception_handler(house.watch.failed)

        def fail() -> None:
            raise BrokenPipeError

        loop.call_soon(fail)
        with pytest.raises(BrokenPipeError):
            await house.watch.done

    run(scenario())


# ---- a terminal


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> list[os.terminal_size]:
    """Its size, which may be changed."""
    del capsys  # only because it has to replace standard output first
    sizes = [os.terminal_size((80, 8))]
    monkeypatch.setattr(os, "get_terminal_size", lambda _fd: sizes[-1])
    monkeypatch.setattr(type(sys.stdout), "fileno", lambda _self: 1, raising=False)
    return sizes


def drawn(output: str) -> list[str]:
    """What was drawn, without what draws it."""
    screens = output.split("\x1b[H")[1:]
    return [
        screen.replace("\x1b[K", "").replace("\x1b[J", "").replace("\x1b[2J", "").rstrip("\n") for screen in screens
    ]


@pytest.mark.usefixtures("terminal")
def test_changes_are_drawn_at_most_four_times_a_second(capsys: Captured) -> None:
    async def scenario() -> None:
        house = House("screen")
        house.view.open()
        house.watch.connected()
        house.watch.complete(None)
        await asyncio.sleep(1)
        capsys.readouterr()
        for turn in range(200):
            house.online(f"n{turn}")
            await asyncio.sleep(0.01)
        await asyncio.sleep(1)
        screens = drawn(capsys.readouterr().out)
        assert 8 <= len(screens) <= 9
        house.view.close()

    run(scenario())


@pytest.mark.usefixtures("terminal")
def test_only_the_time_left_draws_by_itself(capsys: Captured) -> None:
    async def scenario() -> None:
        house = House("screen")
        house.view.open()
        house.watch.connected()
        house.watch.complete(None)
        house.online("a")
        await asyncio.sleep(10)
        capsys.readouterr()
        await asyncio.sleep(100)
        assert capsys.readouterr().out == ""
        house.view.close()

    run(scenario())


def test_it_never_takes_more_than_the_terminal_has(capsys: Captured, terminal: list[os.terminal_size]) -> None:
    async def scenario() -> None:
        house = House("screen")
        house.view.open()
        house.watch.connected()
        for number in range(20):
            house.online(f"n{number}")
        house.watch.complete(None)
        house.watch.lost("the connection to the broker was lost: it went away")
        await asyncio.sleep(1)
        lines = drawn(capsys.readouterr().out)[-1].split("\n")
        assert len(lines) == 8
        assert lines[0] == "broker.lan:1883, base: 20 agents, 20 online, 0 need a person: 20 idle"
        assert lines[1].startswith("MQTT: the connection to the broker was lost: it went away; trying again.")
        assert lines[2:4] == ["", "NODE  ONLINE  STATE                   LEFT  LAST RESULT  UP   DEVICES"]
        assert lines[-1] == "… and 17 more: 17 idle"
        terminal.append(os.terminal_size((20, 2)))
        house.available("n0", b"offline")
        await asyncio.sleep(1)
        lines = drawn(capsys.readouterr().out)[-1].split("\n")
        assert (len(lines), max(map(len, lines))) == (2, 20)
        terminal.append(os.terminal_size((0, 0)))  # of a serial line, which does not know
        house.available("n1", b"offline")
        await asyncio.sleep(1)
        assert len(drawn(capsys.readouterr().out)[-1].split("\n")) == 24
        house.view.close()
        assert capsys.readouterr().out == "\x1b[?25h\n"

    run(scenario())
