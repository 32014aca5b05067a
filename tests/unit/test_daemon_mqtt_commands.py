# SPDX-License-Identifier: BSD-3-Clause
"""Commands over MQTT: what each does, what is refused and in which words, and that no PIN is ever told again."""

import json
import logging
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from tests.unit.mqtt_schemas import complaints

from wpsagent.control.agent import AccessPointStatus
from wpsagent.daemon.mqtt_commands import MAX_COMMANDS, MAX_OCTETS, RATE_PERIOD, MqttCommands
from wpsagent.errors import OverlapError, UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e

PIN = "12345670"
UUID = "2b7093f1-d6fb-5108-adbb-bea66bb87333"


class FakeStation:
    """A station and the machine of it."""

    def __init__(self, interface: str, told: list[tuple[Any, ...]]) -> None:
        self.interface = interface
        self.access_point: object | None = None
        self.is_up = True
        self._told = told

    def act(self, call: Callable[[Any, float], Any]) -> Any:
        if not self.is_up:
            raise UsageError(f"{self.interface}: its radio is gone")
        return call(self, 7.0)

    def wps_push_button(self, now: float) -> None:
        self._told.append(("station_pbc", self.interface, now))

    def wps_cancel(self, now: float) -> None:
        self._told.append(("station_cancel", self.interface, now))

    def wps_pin(self, pin: bytes, now: float, bssid: object) -> None:
        self._told.append(("station_pin", self.interface, pin, now, bssid))


class FakeAgent:
    def __init__(self, access_points: int = 1, stations: Sequence[str] = ()) -> None:
        self.told: list[tuple[Any, ...]] = []
        self.error: UsageError | None = None
        self._access_points = access_points
        self._stations = [FakeStation(name, self.told) for name in stations]

    def _do(self, *what: Any) -> None:
        if self.error is not None:
            raise self.error
        self.told.append(what)

    def press_button(self, target: str | None) -> None:
        self._do("pbc", target)

    def cancel(self, target: str | None) -> None:
        self._do("cancel", target)

    def add_pin(self, pin: bytes, **options: Any) -> None:
        self._do("pin", pin, options)

    def stations(self) -> Sequence[FakeStation]:
        return self._stations

    def access_points(self) -> Sequence[AccessPointStatus]:
        address = MacAddress.parse("02:00:00:00:00:00")
        return [AccessPointStatus("wlan0", address, Ssid(b"x"), 2437, 6, True, 0)] * self._access_points


class FakeOthers:
    """What hostapd and wpa_supplicant have."""

    def __init__(self, told: list[tuple[Any, ...]], *, has_access_points: bool = False) -> None:
        self.has_access_points = has_access_points
        self.station_names = ["wlan7"]
        self._told = told

    def press_station(self, interface: str) -> None:
        self._told.append(("others_pbc", interface))

    def cancel_stations(self, interface: str | None = None) -> None:
        self._told.append(("others_cancel", interface))


class Bench:
    def __init__(self, agent: FakeAgent | None = None, others: FakeOthers | None = None) -> None:
        self.agent = agent or FakeAgent()
        self.now = 100.0
        self.responses: list[Mapping[str, Any]] = []
        self.events: list[e.AgentEvent] = []
        door: Any = self.agent
        self.commands = MqttCommands(
            door,
            self.responses.append,
            self.events.append,
            now=lambda: self.now,
            wall=lambda: 1795336200.0,
            others=others,
        )

    def __call__(self, command: str, asked: object = None, *, is_retained: bool = False) -> Mapping[str, Any]:
        payload = asked if isinstance(asked, bytes) else b"" if asked is None else json.dumps(asked).encode()
        count = len(self.responses)
        self.commands.received(command, payload, is_retained)
        assert len(self.responses) == len(self.events) == count + 1
        response = self.responses[-1]
        assert complaints("response", response) == []
        assert self.events[-1] == e.CommandReceived(command, response["id"], response["ok"])
        return response


def test_an_empty_payload_presses_every_button() -> None:
    bench = Bench()
    assert bench("pbc") == {
        "id": None,
        "command": "pbc",
        "ok": True,
        "error": None,
        "at": "2026-11-22T08:30:00Z",
    }
    assert bench.agent.told == [("pbc", None)]


def test_the_id_comes_back_and_the_target_goes_on() -> None:
    bench = Bench()
    assert bench("cancel", {"id": "x" * 64, "target": "guests"})["id"] == "x" * 64
    assert bench.agent.told == [("cancel", "guests")]


def test_a_pin_goes_to_the_registrar_with_its_device_and_its_time() -> None:
    bench = Bench()
    assert bench("pin", {"pin": "1234-5670", "uuid": UUID, "timeout_s": 60, "target": "main"})["ok"] is True
    assert bench("pin", {"pin": "0000"})["ok"] is True
    first = {"uuid_e": bytes.fromhex(UUID.replace("-", "")), "timeout": 60.0, "address": None, "target": "main"}
    rest = {"uuid_e": None, "timeout": 300.0, "address": None, "target": None}
    assert bench.agent.told == [("pin", b"12345670", first), ("pin", b"0000", rest)]


def test_a_station_is_meant_by_its_role_by_its_name_or_where_there_is_nothing_else() -> None:
    both = Bench(FakeAgent(stations=["wlan1", "wlan2"]))
    assert both("pbc", {"role": "station"})["ok"] is True
    assert both("pbc", {"target": "wlan2"})["ok"] is True
    assert both("pin", {"pin": PIN, "role": "station", "target": "wlan2"})["ok"] is True
    assert both("pbc")["ok"] is True
    assert both("pbc", {"role": "access_point"})["ok"] is True
    assert both.agent.told == [
        ("station_pbc", "wlan1", 7.0),
        ("station_pbc", "wlan2", 7.0),
        ("station_pin", "wlan2", b"12345670", 7.0, None),
        ("pbc", None),
        ("pbc", None),
    ]
    alone = Bench(FakeAgent(0, ["wlan1"]))
    assert alone("pbc")["ok"] is True
    assert alone.agent.told == [("station_pbc", "wlan1", 7.0)]


def test_a_cancel_for_nobody_in_particular_ends_everything() -> None:
    bench = Bench(FakeAgent(stations=["wlan1", "wlan2"]))
    assert bench("cancel")["ok"] is True
    assert bench.agent.told == [("station_cancel", "wlan1", 7.0), ("station_cancel", "wlan2", 7.0), ("cancel", None)]
    bench.agent.error = UsageError("no network with WPS is up")
    assert bench("cancel")["ok"] is True
    bench.agent.told.clear()
    assert bench("cancel", {"role": "station"})["ok"] is True
    assert bench("cancel", {"target": "wlan2"})["ok"] is True
    assert [what[:2] for what in bench.agent.told] == [
        ("station_cancel", "wlan1"),
        ("station_cancel", "wlan2"),
        ("station_cancel", "wlan2"),
    ]


def test_a_station_that_is_an_access_point_is_cancelled_as_one_and_takes_nothing_else() -> None:
    bench = Bench(FakeAgent(stations=["wlan1"]))
    bench.agent.stations()[0].access_point = object()
    assert bench("cancel", {"target": "wlan1"})["ok"] is True
    assert bench.agent.told == [("cancel", "wlan1")]
    assert bench("pbc", {"target": "wlan1"})["error"] == "wlan1 is an access point now, and no station"


def test_a_station_of_wpa_supplicants_is_asked_through_it() -> None:
    agent = FakeAgent(0, ["wlan1"])
    bench = Bench(agent, FakeOthers(agent.told))
    assert bench("pbc", {"target": "wlan7"})["ok"] is True
    assert bench("cancel", {"target": "wlan7"})["ok"] is True
    assert bench("cancel")["ok"] is True
    assert bench("pbc")["ok"] is True
    assert bench("pin", {"pin": PIN, "target": "wlan7"})["error"].startswith("wlan7 is wpa_supplicant's: enter the PIN")
    assert agent.told == [
        ("others_pbc", "wlan7"),
        ("others_cancel", "wlan7"),
        ("station_cancel", "wlan1", 7.0),
        ("others_cancel", None),
        ("station_pbc", "wlan1", 7.0),
    ]


def test_an_access_point_of_hostapds_is_one() -> None:
    agent = FakeAgent(0, ["wlan1"])
    bench = Bench(agent, FakeOthers(agent.told, has_access_points=True))
    assert bench("pbc")["ok"] is True
    assert agent.told == [("pbc", None)]


def test_what_the_agent_has_against_it_is_said() -> None:
    bench = Bench()
    bench.agent.error = OverlapError("two devices are in push-button mode: wait two minutes")
    response = bench("pbc", {"id": "a"})
    assert (response["ok"], response["error"]) == (False, "two devices are in push-button mode: wait two minutes")
    bench = Bench(FakeAgent(0, ["wlan1"]))
    bench.agent.stations()[0].is_up = False
    assert bench("pbc")["error"] == "wlan1: its radio is gone"


@pytest.mark.parametrize(
    ("command", "asked", "words"),
    [
        ("pbc", b"{", f"not understood: expected one JSON object of at most {MAX_OCTETS} octets, or nothing"),
        ("pbc", b"\xff\xfe", "not understood"),
        ("pbc", b"[" * 1000, "not understood"),
        ("pbc", b"[]", "not understood"),
        ("pbc", b"NaN", "not understood"),
        ("pbc", b'{"id":"' + b"a" * MAX_OCTETS + b'"}', "not understood"),
        ("pbc", {"pin": PIN}, "there is a key that pbc does not have; expected: id, target, role"),
        ("pin", {"pin": PIN, PIN: 1}, "there is a key that pin does not have"),
        ("pbc", {"id": 5}, "id: expected a text of 1 to 64 printable characters"),
        ("pbc", {"id": "a" * 65}, "id: expected"),
        ("pbc", {"id": "a\nb"}, "id: expected"),
        ("pbc", {"target": ""}, "target: expected a text of 1 to 32 printable characters"),
        ("pbc", {"role": "owner"}, "role: expected access_point or station"),
        ("pbc", {"role": []}, "role: expected access_point or station"),
        ("pbc", {"role": "station"}, "this device has no station"),
        ("pin", {}, "pin: missing, expected the 4 or 8 digits that the device shows"),
        ("pin", {"pin": 12345670}, "pin: expected a text of 4 or 8 digits"),
        ("pin", {"pin": "123"}, "pin: expected a text of 4 or 8 digits"),
        ("pin", {"pin": "1234567a"}, "pin: expected a text of 4 or 8 digits"),
        ("pin", {"pin": "1" * 40}, "pin: expected a text of 4 or 8 digits"),
        ("pin", {"pin": "12345671"}, "pin: the last digit does not fit the others: a typing error?"),
        ("pin", {"pin": PIN, "timeout_s": 0}, "timeout_s: expected a whole number from 1 to 86400"),
        ("pin", {"pin": PIN, "timeout_s": True}, "timeout_s: expected"),
        ("pin", {"pin": PIN, "timeout_s": 1.5}, "timeout_s: expected"),
        ("pin", {"pin": PIN, "uuid": PIN}, "uuid: expected such as"),
        ("pin", {"pin": PIN, "uuid": 5}, "uuid: expected such as"),
    ],
)
def test_what_is_refused_does_nothing_and_is_answered_in_words(command: str, asked: object, words: str) -> None:
    bench = Bench()
    response = bench(command, asked)
    assert response["ok"] is False
    assert response["error"].startswith(words)
    assert bench.agent.told == []


def test_a_station_has_no_devices_to_name() -> None:
    bench = Bench(FakeAgent(stations=["wlan1"]))
    assert "uuid names a device" in bench("pin", {"pin": PIN, "role": "station", "uuid": UUID})["error"]
    assert bench("pbc", {"role": "station", "target": "wlan9"})["error"] == "no such station; there are: wlan1"


def test_an_id_comes_back_also_from_what_is_refused() -> None:
    assert Bench()("pbc", {"id": "mine", "colour": "red"})["id"] == "mine"
    assert Bench()("pbc", {"id": ["mine"]})["id"] is None


@pytest.mark.parametrize("place", ["pin", "target", "uuid", "role", "timeout_s", "colour"])
def test_a_pin_is_told_to_nobody_wherever_it_stands(
    place: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    bench = Bench()

    def refuse(pin: bytes, **options: Any) -> None:
        raise UsageError(f"no button group or interface {options['target']!r}; there are: main")

    monkeypatch.setattr(bench.agent, "add_pin", refuse)
    bench("pin", {"pin": PIN} | {place: PIN})
    assert PIN not in repr(bench.responses) + repr(bench.events) + caplog.text
    if place == "target":
        assert bench.responses[0]["error"] == "no button group or interface of that name; there are: main"


def test_retained_commands_are_ignored_and_told_in_the_log_alone(caplog: pytest.LogCaptureFixture) -> None:
    bench = Bench()
    bench.commands.received("pbc", b"{}", True)
    assert (bench.agent.told, bench.responses, bench.events) == ([], [], [])
    assert "a retained pbc command was ignored" in caplog.text
    caplog.clear()
    bench.commands.received("pbc", b"", True)
    assert caplog.text == ""
    assert bench("pbc")["ok"] is True


def test_a_flood_is_answered_once_in_a_while_and_does_nothing() -> None:
    bench = Bench()
    for _ in range(MAX_COMMANDS):
        assert bench("pbc")["ok"] is True
    late = bench("pbc", {"id": "late"})
    assert (late["id"], late["error"]) == ("late", "too many commands: at most 10 in 10 s are heard")
    for _ in range(1000):
        bench.commands.received("pbc", b"", False)
    assert len(bench.agent.told) == MAX_COMMANDS
    assert len(bench.responses) == len(bench.events) == MAX_COMMANDS + 1
    bench.now += RATE_PERIOD
    assert bench("pbc")["ok"] is True


def test_whatever_comes_is_answered_once_and_nothing_else_happens_to_the_agent() -> None:
    chance = random.Random(5)
    values: list[Any] = [
        None,
        True,
        0,
        -1,
        1e99,
        "",
        "a",
        PIN,
        "\ud800",
        "\x00",
        [],
        {},
        [[]],
        UUID,
        "station",
        10**400,
    ]
    good = json.dumps({"id": "x", "pin": PIN, "timeout_s": 60, "uuid": UUID, "role": "access_point"}).encode()
    for _ in range(3000):
        bench = Bench(FakeAgent(stations=["wlan1"]))
        if chance.random() < 0.5:
            octets = bytearray(good)
            for _ in range(chance.randrange(1, 6)):
                octets[chance.randrange(len(octets))] = chance.randrange(256)
            asked: object = bytes(octets)
        else:
            keys = ["id", "target", "role", "pin", "timeout_s", "uuid", "other"]
            asked = {key: chance.choice(values) for key in chance.sample(keys, chance.randrange(7))}
        response = bench(chance.choice(["pbc", "cancel", "pin"]), asked)
        if not response["ok"]:
            assert PIN not in str(response["error"])
