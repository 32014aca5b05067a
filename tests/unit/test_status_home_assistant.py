# SPDX-License-Identifier: BSD-3-Clause
"""The announcement to Home Assistant: fields that it knows, templates that render, what is removed, and when."""

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jinja2
import pytest
from tests.unit.jumping_loop import run
from tests.unit.mqtt_schemas import complaints

from wpsagent.config.table import MQTT_COMMANDS
from wpsagent.daemon import home_assistant
from wpsagent.daemon.home_assistant import HomeAssistant
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.status.board import _ROWS, StatusBoard
from wpsagent.status.home_assistant import Announced, discovery, discovery_topic, object_id
from wpsagent.status.model import Network, SessionState

FIELDS = tomllib.loads((Path(__file__).parent / "home_assistant_fields.toml").read_text())
DEVICE = Announced("wps-agent/hall", "hall", "1.0", "Maker", "Model", 1)
WITH_ALL = replace(DEVICE, commands=MQTT_COMMANDS, has_stations=True)
WALL = 1795336200.0
STATION = MacAddress.parse("02:00:00:00:01:00")


def rendered(template: str, payload: Any) -> str:
    """As Home Assistant renders a value: whitespace around it does not count, what is not there is an error."""
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)
    return environment.from_string(template).render(value=json.dumps(payload), value_json=payload).strip()


def component(name: str, device: Announced = WITH_ALL) -> dict[str, Any]:
    return dict(discovery(device)["components"][name])


class Board:
    """A status board as its payloads show it."""

    def __init__(self) -> None:
        self.board = StatusBoard("hall", "1.0", [Network("wlan0", "main", Ssid(b"home"), 6)])
        self.event: Any = None

    def __call__(self, event: e.AgentEvent) -> dict[str, Any]:
        self.event = self.board.apply(event, 1000.0, WALL).event
        return self.board.state(1000.0, WALL)


# ---- the fields


@pytest.mark.parametrize("device", [DEVICE, WITH_ALL, replace(WITH_ALL, has_access_points=False)])
def test_every_field_is_one_that_home_assistant_knows(device: Announced) -> None:
    message = discovery(device)
    assert set(message) <= set(FIELDS["root"])
    assert {"device", "components", "origin"} <= set(message)
    assert set(message["device"]) <= set(FIELDS["device"])
    assert message["device"]["identifiers"]
    assert set(message["origin"]) <= set(FIELDS["origin"])
    assert message["origin"]["name"]
    for part in message["components"].values():
        platform = FIELDS["platforms"][part["platform"]]
        assert set(part) <= {*FIELDS["common"], *platform["fields"]}
        assert part.get("device_class") in (None, *platform["device_classes"])
        if set(part) != {"platform"}:
            assert {"unique_id", "name", *platform["required"]} <= set(part)
            assert part.get("entity_category") in (None, "diagnostic", "config")


def test_the_quality_of_service_stands_where_home_assistant_heeds_it() -> None:
    message = discovery(replace(WITH_ALL, qos=2))
    assert "qos" not in message
    assert {part["qos"] for part in message["components"].values()} == {2}


def test_unique_ids_are_unique_also_beside_another_board() -> None:
    other = discovery(replace(WITH_ALL, topic="wps-agent/porch"))["components"].values()
    ids = [part["unique_id"] for part in (*discovery(WITH_ALL)["components"].values(), *other)]
    assert len(set(ids)) == len(ids)


def test_topics_are_those_that_the_agent_speaks() -> None:
    parts = discovery(WITH_ALL)["components"]
    assert {part["command_topic"] for part in parts.values() if "command_topic" in part} == {
        f"wps-agent/hall/cmd/{command}" for command in MQTT_COMMANDS
    }
    assert all(
        part["availability_topic"] == "wps-agent/hall/availability" for name, part in parts.items() if name != "online"
    )
    assert "availability_topic" not in parts["online"]  # it would be unavailable instead of off
    assert parts["online"]["state_topic"] == "wps-agent/hall/availability"


@pytest.mark.parametrize(
    ("topic", "name"),
    [("wps-agent/hall", "wps-agent_hall"), ("a/b/c", "a_b_c"), ("wps-agent/Flur 1", "wps-agent_Flur_1_98b13c74")],
)
def test_the_object_id_has_letters_digits_and_nothing_that_is_refused(topic: str, name: str) -> None:
    assert re.fullmatch("[a-zA-Z0-9_-]+", object_id(topic))
    assert object_id(topic) == name
    assert discovery_topic("homeassistant", topic) == f"homeassistant/device/{name}/config"


def test_names_that_differ_in_odd_letters_only_do_not_meet() -> None:
    names = ("a/Küche", "a/Käche", "a/K_che", "a_K/che", "a/K/che")
    assert len({object_id(name) for name in names}) == len(names)


# ---- commands


def test_without_commands_their_entities_are_removed() -> None:
    for name, platform in (("start", "button"), ("join", "button"), ("cancel", "button"), ("pin", "text")):
        assert component(name, DEVICE) == {"platform": platform}
    only = replace(DEVICE, commands=("cancel",))
    assert component("cancel", only)["command_topic"].endswith("/cmd/cancel")
    assert component("start", only) == {"platform": "button"}
    assert component("join", replace(WITH_ALL, has_stations=False)) == {"platform": "button"}


@pytest.mark.parametrize(("name", "command"), [("start", "pbc"), ("join", "pbc"), ("cancel", "cancel")])
def test_what_a_button_sends_is_a_command(name: str, command: str) -> None:
    assert complaints(f"cmd/{command}", json.loads(component(name)["payload_press"])) == []


def test_a_pin_that_is_entered_becomes_a_command_and_is_not_kept() -> None:
    entry = component("pin")
    for pin in ("12345670", "1234-5670", "1234"):
        assert re.search(entry["pattern"], pin)
        assert len(pin) <= entry["max"]
        sent = json.loads(rendered(entry["command_template"].replace("value", "value_json"), pin))
        assert sent == {"id": "home-assistant", "pin": pin}
        assert complaints("cmd/pin", sent) == []
    assert not re.search(entry["pattern"], "123456789")
    shown = rendered(entry["value_template"], Board()(e.AgentStarting()))
    assert shown == ""
    assert re.search(entry["pattern"], shown)  # else the entity would be in error


# ---- what it makes of our payloads


def test_a_press_is_an_event_of_the_button_and_of_nothing_else() -> None:
    board = Board()
    board(e.ButtonPressed("short", "GPIO17", ("main",)))
    button, setup = component("button"), component("setup")
    made = json.loads(rendered(button["value_template"], board.event))
    assert made == {"event_type": "short_press", "source": "GPIO17"}
    assert made["event_type"] in button["event_types"]
    assert rendered(setup["value_template"], board.event) == ""
    board(e.OverlapDetected("main"))
    assert rendered(button["value_template"], board.event) == ""
    assert json.loads(rendered(setup["value_template"], board.event)) == board.event


def test_the_events_it_is_told_of_exist() -> None:
    assert set(component("setup")["event_types"]) <= {row.name for row in _ROWS.values()}


def test_the_sensors_show_the_state() -> None:
    board = Board()
    values = {
        name: part["value_template"]
        for name, part in discovery(WITH_ALL)["components"].items()
        if name not in ("button", "setup", "pin", "last_command") and "value_template" in part
    }

    def shown(state: dict[str, Any]) -> dict[str, str]:
        return {name: rendered(template, state) for name, template in values.items()}

    assert shown(board(e.AgentStarting())) == {
        "active": "OFF",
        "problem": "OFF",
        "state": "idle",
        "time_left": "0",
        "open_until": "None",
        "last_result": "None",  # which Home Assistant takes for unknown
        "connected_devices": "0",
        "pin_requests": "0",
        "version": "1.0",
    }
    now = shown(board(e.PushButtonStarted("main", 1120.0)))
    assert (now["active"], now["time_left"], now["open_until"]) == ("ON", "120", "2026-11-22T08:32:00Z")
    board(e.StationConnected("wlan0", STATION))
    assert shown(board(e.PushButtonEnded("main", e.SessionEndReason.TIMED_OUT)))["last_result"] == "timeout"
    assert shown(board.board.state(1000.0, WALL))["connected_devices"] == "1"
    assert shown(board(e.RadioLost("wlan0", "gone")))["problem"] == "ON"


def test_attributes_are_always_an_object() -> None:
    board = Board()
    for state in (board(e.AgentStarting()), board(e.PushButtonRefused("main", "no"))):
        for name in ("last_result", "pin_requests", "problem", "connected_devices"):
            assert isinstance(json.loads(rendered(component(name)["json_attributes_template"], state)), dict)


def attributes(name: str, state: dict[str, Any]) -> Any:
    return json.loads(rendered(component(name)["json_attributes_template"], state))


def test_attributes_say_which_devices_are_there_and_what_is_wrong() -> None:
    board = Board()
    board(e.StationConnected("wlan0", STATION))
    state = board(e.RadioLost("wlan0", "the USB device has gone"))
    assert attributes("problem", state) == {"interfaces": ["wlan0"], "reasons": ["the USB device has gone"]}
    board(e.AccessPointStarted("wlan0", Ssid(b"home"), 6, 2437))
    state = board(e.StationConnected("wlan0", STATION))
    assert attributes("problem", state) == {"interfaces": [], "reasons": []}
    assert attributes("connected_devices", state) == {"devices": [str(STATION)]}


def test_the_enumerations_have_every_state_and_every_result() -> None:
    states = [state.value for state in SessionState]
    assert component("state")["options"] == states
    assert component("last_result")["options"] == [state for state in states if state not in ("idle", "active")]
    for name in ("state", "last_result"):
        assert {"unit_of_measurement", "state_class"} & set(component(name)) == set()


@pytest.mark.parametrize("reason", e.SessionEndReason)
def test_however_a_session_ends_its_result_is_one_of_those(reason: e.SessionEndReason) -> None:
    board, last = Board(), component("last_result")
    board(e.PushButtonStarted("main", 1120.0))
    shown = rendered(last["value_template"], board(e.PushButtonEnded("main", reason)))
    assert shown in (*last["options"], "None")


def test_the_last_command_says_why_it_was_refused_within_what_a_state_may_hold() -> None:
    last = component("last_command")
    assert last["state_topic"] == last["json_attributes_topic"] == "wps-agent/hall/response"
    response = {"id": None, "command": "pin", "ok": False, "error": "pin: " + "x" * 400, "at": "2026-11-22T08:30:00Z"}
    assert rendered(last["value_template"], response) == ("pin: " + "x" * 400)[:255]
    assert rendered(last["value_template"], response | {"ok": True, "error": None}) == "done"
    assert component("last_command", DEVICE) == {"platform": "sensor"}


def test_what_only_counts_when_it_is_told_is_off_until_somebody_wants_it() -> None:
    disabled = [name for name, part in discovery(WITH_ALL)["components"].items() if "enabled_by_default" in part]
    assert disabled == ["time_left"]


def test_a_maker_or_model_that_nobody_has_said_is_left_out() -> None:
    assert discovery(DEVICE)["device"] | {"manufacturer": "Maker", "model": "Model"} == discovery(DEVICE)["device"]
    device = discovery(replace(DEVICE, manufacturer=None, model="Raspberry Pi 4 Model B Rev 1.4"))["device"]
    assert device["model"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert "manufacturer" not in device


# ---- when it is said


class FakeAnnouncer:
    def __init__(self) -> None:
        self.said: list[tuple[str, bytes]] = []
        self.done: dict[str, Callable[[], None]] = {}
        self.heard: dict[str, Callable[[bytes, bool], None]] = {}
        self.renewed = 0

    def announce(self, topic: str, payload: bytes, on_announced: Callable[[], None] | None = None) -> None:
        self.said.append((topic, payload))
        if on_announced is not None:
            self.done[topic] = on_announced

    def subscribe(self, topic: str, on_message: Callable[[bytes, bool], None]) -> None:
        self.heard[topic] = on_message

    def renew(self) -> None:
        self.renewed += 1


TOPIC = "homeassistant/device/wps-agent_hall/config"


def started(
    folder: Path, device: Announced | None, prefix: str = "homeassistant"
) -> tuple[FakeAnnouncer, HomeAssistant]:
    announcer = FakeAnnouncer()
    announcement = HomeAssistant(announcer, lambda count: b"\x80" * count, str(folder), prefix, device)
    announcement.start()
    return announcer, announcement


def test_where_it_never_was_on_nothing_is_said(tmp_path: Path) -> None:
    announcer, _ = started(tmp_path / "state", None)
    assert (announcer.said, announcer.heard) == ([], {})
    assert not (tmp_path / "state").exists()


def test_turned_off_it_is_taken_back_until_a_broker_has_heard_it(tmp_path: Path) -> None:
    announcer, _ = started(tmp_path / "state", DEVICE)
    assert announcer.said == [(TOPIC, json.dumps(discovery(DEVICE), separators=(",", ":")).encode())]
    for _ in range(2):
        announcer, _ = started(tmp_path / "state", None)
        assert announcer.said == [(TOPIC, b"")]
        assert announcer.heard == {}
    announcer.done[TOPIC]()
    announcer.done[TOPIC]()
    announcer, _ = started(tmp_path / "state", None)
    assert announcer.said == []


def test_announced_elsewhere_the_old_place_is_cleared_and_the_new_one_remembered(tmp_path: Path) -> None:
    started(tmp_path, DEVICE)
    announcer, _ = started(tmp_path, DEVICE, "ha")
    assert [topic for topic, _ in announcer.said] == [TOPIC, "ha/device/wps-agent_hall/config"]
    assert announcer.said[0][1] == b""
    announcer, _ = started(tmp_path, None)
    assert announcer.said == [("ha/device/wps-agent_hall/config", b"")]


@pytest.mark.parametrize("octets", [b"", b"\xff", b"wps-agent/hall/state\n", b"a/device/#/config\n"])
def test_a_spoilt_note_removes_nothing(octets: bytes, tmp_path: Path) -> None:
    (tmp_path / "home-assistant").write_bytes(octets)
    announcer, _ = started(tmp_path, None)
    assert announcer.said == []


def test_a_note_that_cannot_be_kept_or_removed_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    started(tmp_path / "file" / "state", DEVICE)
    assert "will not be told" in caplog.text
    started(tmp_path, DEVICE)
    announcer, _ = started(tmp_path, None)
    (tmp_path / "home-assistant").unlink()
    (tmp_path / "home-assistant").mkdir()
    announcer.done[TOPIC]()
    assert "cannot be removed" in caplog.text


def test_a_birth_is_answered_soon_and_once(tmp_path: Path) -> None:
    import asyncio

    async def scene() -> None:
        announcer, announcement = started(tmp_path, DEVICE)
        hear = announcer.heard["homeassistant/status"]
        hear(b"offline", False)
        hear(b"online", False)
        hear(b"online", True)
        assert len(announcer.said) == 1
        await asyncio.sleep(home_assistant.MAX_DELAY)
        assert [topic for topic, _ in announcer.said] == [TOPIC, TOPIC]
        assert announcer.renewed == 1
        hear(b"online", False)
        announcement.close()
        await asyncio.sleep(home_assistant.MAX_DELAY)
        assert len(announcer.said) == 2

    run(scene())
