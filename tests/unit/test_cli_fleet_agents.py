# SPDX-License-Identifier: BSD-3-Clause
"""What agents tell, read by a fleet: the board's own states, hostile ones, who stands first, how much time is left."""

import json
import random
from typing import Any

import pytest

from wpsagent.cli.fleet.agents import MOST_AGENTS, Agent, Attention, Filter, Fleet, counts
from wpsagent.cli.fleet.report import LONGEST_STATE, LONGEST_TEXT, read_report
from wpsagent.errors import DecodeError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import Network, StatusBoard
from wpsagent.status import events as e

WALL = 1_795_336_200.0  # 2026-11-22T08:30:00Z
NOW = 500.0
DEVICE = MacAddress.parse("02:00:5e:00:53:01")


class Bench:
    """A fleet, and one real board that tells it what it has to tell."""

    def __init__(self, *, is_settled: bool = True) -> None:
        self.fleet = Fleet("site/wps")
        self.fleet.begin()
        if is_settled:
            self.fleet.settle()
        self.board = StatusBoard("hall", "1.0", (Network("wlan0", "main", Ssid(b"home"), 6),), stations=("wlan1",))
        self.told(e.AccessPointStarted("wlan0", Ssid(b"home"), 6, 2437))
        self.available("hall", b"online")
        self.told(e.AgentStarted())

    @property
    def hall(self) -> Agent:
        return next(agent for agent in self.fleet if agent.node == "hall")

    def told(self, *events: e.AgentEvent) -> None:
        for event in events:
            self.board.apply(event, NOW, WALL)
        self.state("hall", self.board.state(NOW, WALL))

    def state(self, node: str, value: Any, wall: float = WALL) -> Agent | None:
        octets = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.fleet.receive(f"site/wps/{node}/state", octets, NOW, wall)

    def available(self, node: str, word: bytes) -> Agent | None:
        return self.fleet.receive(f"site/wps/{node}/availability", word, NOW, WALL)


@pytest.fixture
def bench() -> Bench:
    return Bench()


# ---- what the agent's own board tells


def test_an_idle_agent_waits_for_its_button(bench: Bench) -> None:
    assert bench.hall.words(None) == "waiting for the button"
    assert bench.hall.values(NOW) == {
        "node": "hall",
        "online": True,
        "state": "idle",
        "seconds_left": None,
        "needs_a_person": False,
        "why": None,
        "last_result": None,
        "networks": 2,
        "networks_up": 1,
        "devices": 0,
        "pin_requests": 0,
        "version": "1.0",
    }


def test_an_open_window_counts_down_on_our_clock(bench: Bench) -> None:
    bench.told(e.PushButtonStarted("main", NOW + 120))
    hall = bench.hall
    assert (hall.state, hall.attention, hall.seconds_left(NOW + 28)) == ("active", Attention.OPEN, 92)
    assert hall.words(92) == "open for one device by push button, 1:32 left"
    assert hall.seconds_left(NOW + 500) == 0


def test_an_old_message_counts_by_the_clock(bench: Bench) -> None:
    late = Bench(is_settled=False)
    late.board.apply(e.PushButtonStarted("main", NOW + 120), NOW, WALL)
    late.state("hall", late.board.state(NOW, WALL), wall=WALL + 100)
    assert late.hall.seconds_left(NOW) == 20


def test_an_old_message_of_an_agent_without_a_clock_says_nothing_of_the_time_left() -> None:
    late = Bench(is_settled=False)
    late.board.apply(e.PushButtonStarted("main", NOW + 120), NOW, 0.0)
    late.state("hall", late.board.state(NOW, 0.0))
    assert (late.hall.state, late.hall.seconds_left(NOW)) == ("active", None)


def test_a_state_that_is_sent_once_more_is_no_change_and_winds_no_clock_back(bench: Bench) -> None:
    bench.told(e.PushButtonStarted("main", NOW + 120))
    octets = json.dumps(bench.board.state(NOW, WALL)).encode()
    assert bench.fleet.receive("site/wps/hall/state", octets, NOW + 60, WALL + 60) is None
    assert bench.hall.seconds_left(NOW + 60) == 60


def test_who_joined_and_who_is_connected_is_told(bench: Bench) -> None:
    bench.told(
        e.PushButtonStarted("main", NOW + 120),
        e.EnrolmentSucceeded("main", DEVICE, bytes(16), "Phone", "wlan0"),
        e.StationConnected("wlan0", DEVICE),
    )
    values = bench.hall.values(NOW)
    assert (values["devices"], values["last_result"]) == (
        1,
        {
            "result": "success",
            "reason": None,
            "device_name": "Phone",
            "station": str(DEVICE),
            "at": "2026-11-22T08:30:00Z",
        },
    )


@pytest.mark.parametrize(
    ("events", "attention", "words"),
    [
        ((e.RadioLost("wlan0", "the radio is gone"),), Attention.DOWN, "DOWN: wlan0: the radio is gone"),
        ((e.SetupLocked("wlan0"),), Attention.LOCKED, "setup locked: wlan0"),
        (
            (e.PushButtonStarted("main", NOW + 9), e.RadioLost("wlan0", "x")),
            Attention.DOWN,
            "open for one device by push button; DOWN: wlan0: x",
        ),
        (
            (e.PushButtonStarted("main", NOW + 9), e.OverlapDetected("main")),
            Attention.FAILED,
            "two devices pressed at once: wait two minutes and press again",
        ),
        ((e.AgentStopping(),), Attention.PASSING, "stopping"),
    ],
)
def test_what_is_wrong_is_told_in_words(
    bench: Bench, events: tuple[e.AgentEvent, ...], attention: Attention, words: str
) -> None:
    bench.told(*events)
    assert (bench.hall.attention, bench.hall.words(None)) == (attention, words)


def test_pins_that_are_waited_for_come_before_all(bench: Bench) -> None:
    request = {"uuid": "x", "station": "02:00:5e:00:53:01", "device_name": None, "at": "2026-11-22T08:30:00Z"}
    bench.state("hall", bench.board.state(NOW, WALL) | {"pin_requests": [request, request]})
    assert bench.hall.attention is Attention.PIN_NEEDED
    assert bench.hall.words(None) == "PIN needed for 02:00:5e:00:53:01 and 1 more"


def test_an_agent_that_went_without_a_goodbye_is_lost_and_one_with_it_has_stopped(bench: Bench) -> None:
    bench.told(e.PushButtonStarted("main", NOW + 120))
    bench.available("hall", b"offline")
    hall = bench.hall
    assert (hall.state, hall.words(None), hall.needs_a_person) == ("offline", "LOST: it went without a word", True)
    assert hall.seconds_left(NOW) is None  # nobody is there to close it
    bench.told(e.AgentStopping())
    assert (hall.state, hall.words(None), hall.needs_a_person) == ("offline", "stopped", False)


# ---- what anybody may publish

HOSTILE = [
    b"\xff",
    b"{",
    b"[]",
    b"7",
    b'"state"',
    b"null",
    b"[" * 50000,
    b'{"a":' * 20000,
    b"{}",
    b'{"agent":"running"}',
    b'{"agent":null,"state":"idle"}',
    b'{"agent":"running","state":["idle"]}',
    b'{"agent":"running","state":"idle","access_points":{}}',
    b'{"agent":"running","state":"idle","access_points":[null]}',
    b'{"agent":"running","state":"idle","access_points":[{"interface":"wlan0"}]}',
    b'{"agent":"running","state":"idle","access_points":[{"interface":"w","state":"enabled","stations":5}]}',
    b'{"agent":"running","state":"idle","stations":[7]}',
    b'{"agent":"running","state":"idle","pin_requests":[[]]}',
    b'{"agent":"running","state":"idle","last_result":"success"}',
    b'{"agent":"running","state":"idle","last_result":{"result":"success"}}',
    b'{"agent":"running","state":"idle","seconds_left":-1}',
    b'{"agent":"running","state":"idle","seconds_left":true}',
    b'{"agent":"running","state":"idle","seconds_left":NaN}',
    b'{"agent":"running","state":"idle","seconds_left":1e999}',
    b'{"agent":"running","state":"idle","seconds_left":' + b"9" * 400 + b"}",
    b'{"agent":"running","state":"idle","seconds_left":' + b"9" * 9000 + b"}",
    b'{"agent":"running","state":"idle","ends_at":"soon"}',
    b'{"agent":"running","state":"idle","ends_at":"2026-13-22T08:30:00Z"}',
    '{"agent":"running","state":"idle","ends_at":"٢٠٢٦-11-22T08:30:00Z"}'.encode(),
    b'{"agent":"running","state":"idle","ends_at":5}',
    b'{"agent":"running","state":"idle","version":{}}',
    b'{"agent":"' + b"x" * LONGEST_STATE + b'"}',
]


@pytest.mark.parametrize("payload", HOSTILE, ids=lambda payload: payload[:70].decode(errors="replace"))
def test_a_payload_that_is_no_state_is_unreadable(bench: Bench, payload: bytes) -> None:
    assert bench.state("hall", payload) is bench.hall
    assert (bench.hall.state, bench.hall.needs_a_person, bench.hall.report) == ("unreadable", True, None)
    assert bench.hall.words(None).startswith("UNREADABLE: its state is no state of an agent: ")
    assert bench.hall.words(None).isprintable()
    bench.told(e.AgentStarted())
    assert bench.hall.state == "idle"


def test_any_octets_give_a_report_or_a_decode_error() -> None:
    entropy = random.Random(5)
    bench = Bench()
    bench.told(e.PushButtonStarted("main", NOW + 120), e.EnrolmentSucceeded("main", DEVICE, bytes(16), "Phone"))
    good = json.dumps(bench.board.state(NOW, WALL)).encode()
    read = 0
    for _ in range(3000):
        octets = bytearray(good)
        for _ in range(entropy.randrange(1, 4)):
            octets[entropy.randrange(len(octets))] = entropy.choice(b'0{}[]",:-e\x80\xff')
        try:
            read_report(bytes(octets))
            read += 1
        except DecodeError as error:
            assert str(error).isprintable()
    assert read > 0


def test_texts_are_cut_and_do_nothing_to_a_terminal(bench: Bench) -> None:
    state = bench.board.state(NOW, WALL) | {"version": "\x1b[31m\x9b\u202e\ud800\n" + "v" * 500}
    bench.state("hall", state)
    report = bench.hall.report
    assert report is not None
    assert report.version == "_[31m____" + "v" * (LONGEST_TEXT - 9)
    bench.available("\x1b[2J\u202enode", b"online")
    assert "_[2J_node" in [agent.values(NOW)["node"] for agent in bench.fleet]


def test_an_availability_that_is_none_is_unreadable(bench: Bench) -> None:
    assert bench.available("hall", b"ONLINE") is bench.hall
    assert (bench.hall.is_online, bench.hall.state) == (None, "unreadable")
    assert bench.hall.values(NOW)["networks"] == 2
    bench.available("hall", b"online")
    assert bench.hall.state == "idle"


@pytest.mark.parametrize(
    "topic",
    ["site/wps/state", "site/wps/a/b/state", "site/wps//state", "site/wps/hall/event", "other/hall/state", "", "/"],
)
def test_other_topics_say_nothing(bench: Bench, topic: str) -> None:
    assert bench.fleet.receive(topic, b"{}", NOW, WALL) is None
    assert len(bench.fleet) == 1


def test_there_is_an_end_to_made_up_agents() -> None:
    fleet = Fleet("base")
    for number in range(MOST_AGENTS + 5):
        fleet.receive(f"base/n{number}/availability", b"online", NOW, WALL)
    assert (len(fleet), fleet.untold) == (MOST_AGENTS, 5)
    assert fleet.receive("base/n7/availability", b"offline", NOW, WALL) is not None


def test_a_state_that_we_do_not_know_yet_is_shown_as_it_is(bench: Bench) -> None:
    bench.state("hall", bench.board.state(NOW, WALL) | {"state": "dancing", "with": {"new": ["keys"]}})
    assert (bench.hall.state, bench.hall.words(None), bench.hall.needs_a_person) == ("dancing", "dancing", False)


# ---- who is there


def test_an_agent_whose_topics_are_emptied_is_gone(bench: Bench) -> None:
    hall = bench.hall
    assert bench.state("hall", b"") is hall
    assert (hall.state, hall.is_gone, len(bench.fleet)) == ("unknown", False, 1)
    assert bench.available("hall", b"") is hall
    assert (hall.is_gone, len(bench.fleet)) == (True, 0)
    assert bench.available("hall", b"") is None


def test_after_a_loss_who_does_not_tell_again_is_gone(bench: Bench) -> None:
    bench.available("porch", b"online")
    bench.fleet.begin()
    assert bench.available("porch", b"online") is None
    assert [agent.node for agent in bench.fleet.settle()] == ["hall"]
    assert [agent.node for agent in bench.fleet] == ["porch"]


def test_what_has_not_come_is_known_by_its_topic(bench: Bench) -> None:
    bench.available("porch", b"online")
    bench.state("attic", bench.board.state(NOW, WALL))
    bench.state("cellar", b"what?")
    assert sorted(bench.fleet.incomplete()) == [
        "site/wps/attic/availability",
        "site/wps/cellar/availability",
        "site/wps/porch/state",
    ]


# ---- order and filters


def many(bench: Bench) -> Fleet:
    """One agent of each kind."""
    idle = bench.board.state(NOW, WALL)
    down = [dict(idle["access_points"][0], state="failed")]
    states: dict[str, dict[str, Any]] = {
        "a-quiet10": {},
        "a-quiet9": {},
        "b-open": {"state": "active"},
        "c-locked": {"access_points": [dict(idle["access_points"][0], setup_locked=True)]},
        "d-lost": {},
        "e-down": {"access_points": down},
        "f-failed": {"state": "timeout"},
        "g-pin": {"pin_requests": [{"station": "x"}]},
        "h-stopped": {"agent": "stopping"},
        "i-starting": {"agent": "starting"},
    }
    for node, changes in states.items():
        bench.available(node, b"offline" if node in ("d-lost", "h-stopped") else b"online")
        bench.state(node, idle | changes)
    bench.state("j-garbage", b"?")
    bench.available("k-silent", b"online")
    bench.available("hall", b"")
    bench.state("hall", b"")
    return bench.fleet


def nodes(fleet: Fleet, **wanted: Any) -> list[str]:
    return [agent.node for agent in fleet.shown(Filter(**wanted))]


def test_who_needs_a_person_stands_first_and_numbers_count_as_numbers(bench: Bench) -> None:
    assert nodes(many(bench)) == [
        *("g-pin", "f-failed", "e-down", "j-garbage", "d-lost", "c-locked"),
        *("b-open", "i-starting", "k-silent", "a-quiet9", "a-quiet10", "h-stopped"),
    ]
    assert sum(agent.needs_a_person for agent in bench.fleet) == 6


def test_filters_take_away_what_is_not_wanted(bench: Bench) -> None:
    fleet = many(bench)
    assert nodes(fleet, node="a-*") == ["a-quiet9", "a-quiet10"]
    assert nodes(fleet, states=frozenset({"timeout", "unreadable"})) == ["f-failed", "j-garbage"]
    assert nodes(fleet, is_offline=True) == ["d-lost", "h-stopped"]
    assert nodes(fleet, is_offline=True, node="d*") == ["d-lost"]
    assert nodes(fleet, states=frozenset({"unknown"})) == ["k-silent"]


def test_the_fleet_is_counted(bench: Bench) -> None:
    found = counts(many(bench))
    assert (found["online"], found["offline"], found["idle"], found["needs a person"]) == (9, 2, 5, 6)
