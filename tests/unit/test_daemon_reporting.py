# SPDX-License-Identifier: BSD-3-Clause
"""Reporting: every listener gets its part of an event, in order; the log says it in words; results fade by time."""

import asyncio
import logging
from typing import Any

import pytest
from tests.unit.jumping_loop import run

from wpsagent.daemon.reporting import Reporting, describe
from wpsagent.octets import MacAddress, Ssid
from wpsagent.status import events as e
from wpsagent.status.board import StatusBoard
from wpsagent.status.model import Network
from wpsagent.wsc.device import COMPUTER
from wpsagent.wsc.enumerations import ConfigMethods

PHONE = MacAddress.parse("02:00:00:00:01:00")
UUID = bytes(range(16))


class Listener:
    """Everything that can be told, in one list."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.states: list[dict[str, Any]] = []

    def publish_state(self, state: dict[str, Any]) -> None:
        self.heard.append(f"state {state['state']}")
        self.states.append(state)

    def publish_event(self, event: dict[str, Any]) -> None:
        self.heard.append(f"event {event['event_type']}")

    def take(self) -> list[str]:
        heard, self.heard = self.heard, []
        return heard


def reporting() -> tuple[Reporting, Listener]:
    made = Reporting(StatusBoard("node", "1", [Network("wlan0", "main", Ssid(b"home"), 6)], 300.0, 120.0))
    ear = Listener()
    made.pattern_listeners.append(lambda name: ear.heard.append(f"pattern {name}"))
    made.publishers.append(ear)
    made.control_listeners.append(lambda event: ear.heard.append(f"control {event.text.strip()}"))
    made.observers.append(lambda event: ear.heard.append(f"observer {type(event).__name__}"))
    return made, ear


def test_an_event_goes_to_observers_led_broker_and_clients_in_this_order() -> None:
    async def scene() -> None:
        made, ear = reporting()
        made.report(e.PushButtonStarted("main", asyncio.get_running_loop().time() + 120))
        assert ear.take() == [
            "observer PushButtonStarted",
            "pattern in_progress",
            "event push_button_started",
            "state active",
            "control WPS-PBC-ACTIVE",
        ]
        await asyncio.sleep(20)
        assert made.state()["seconds_left"] == 100
        made.close()

    run(scene())


def test_what_changes_nothing_is_not_shown_again_but_a_second_press_is() -> None:
    async def scene() -> None:
        made, ear = reporting()
        now = asyncio.get_running_loop().time()
        made.report(e.PushButtonStarted("main", now + 120))
        ear.take()
        made.report(e.EapStarted("wlan0", PHONE))
        assert ear.take() == ["observer EapStarted", f"control CTRL-EVENT-EAP-STARTED {PHONE}"]
        await asyncio.sleep(5)
        made.report(e.PushButtonStarted("main", now + 125))
        assert ear.take()[1] == "pattern in_progress"
        made.report(e.OverlapDetected("main"))
        made.report(e.OverlapDetected("main"))
        assert [line for line in ear.take() if line.startswith("pattern")] == ["pattern overlap"] * 2
        made.close()

    run(scene())


def test_a_press_is_on_the_led_and_on_the_radio_before_anybody_is_told(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "wpsagent.daemon.reporting")

    async def scene() -> None:
        made, ear = reporting()
        commands: asyncio.Queue[str] = asyncio.Queue()

        async def radio() -> None:
            command = await commands.get()
            ear.heard.append(f"radio {command}")

        worker = asyncio.create_task(radio())
        await asyncio.sleep(0)
        now = asyncio.get_running_loop().time()
        with made.deeds_first():
            made.report(e.ButtonPressed("short", "17", ("main",)))
            commands.put_nowait("beacon")
            made.report(e.PushButtonStarted("main", now + 120))
            assert (ear.take()[-1], caplog.messages) == ("pattern in_progress", [])
        await worker
        await asyncio.sleep(0.001)
        told = [line for line in ear.take() if not line.startswith(("state", "control"))]
        assert told == ["radio beacon", "event button_pressed", "event push_button_started"]
        assert [message.split(":")[0] for message in caplog.messages] == ["button pressed", "push button started"]
        made.close()

    run(scene())


def test_what_waits_to_be_told_keeps_its_order_and_is_told_before_the_end() -> None:
    async def scene() -> None:
        made, ear = reporting()
        now = asyncio.get_running_loop().time()
        with made.deeds_first():
            made.report(e.ButtonPressed("short", "17", ("main",)))
        made.report(e.PushButtonStarted("main", now + 120))
        events = [line for line in ear.take() if line.startswith("event")]
        assert events == ["event button_pressed", "event push_button_started"]
        with pytest.raises(ZeroDivisionError), made.deeds_first():
            made.report(e.ButtonPressed("short", "17", ("main",)))
            raise ZeroDivisionError
        made.close()
        assert "event button_pressed" in ear.take()

    run(scene())


def test_a_result_gives_way_to_idle_when_its_time_is_over() -> None:
    async def scene() -> None:
        made, ear = reporting()
        made.report(e.PushButtonStarted("main", asyncio.get_running_loop().time() + 120))
        made.report(e.EnrolmentSucceeded("main", PHONE, UUID, "phone"))
        made.report(e.PushButtonEnded("main", e.SessionEndReason.SUCCEEDED))
        ear.take()
        await asyncio.sleep(299)
        assert ear.take() == []
        await asyncio.sleep(2)
        assert ear.take() == ["pattern idle", "state idle"]
        made.close()

    run(scene())


def test_after_close_no_time_passes() -> None:
    async def scene() -> None:
        made, ear = reporting()
        made.close()
        made.report(e.PushButtonRefused("main", "no"))
        ear.take()
        await asyncio.sleep(1000)
        assert ear.take() == []

    run(scene())


@pytest.mark.parametrize(
    ("event", "level"),
    [
        (e.StationConnected("wlan0", PHONE), logging.INFO),
        (e.OverlapDetected("main"), logging.WARNING),
        (e.RadioLost("wlan0", "gone"), logging.WARNING),
        (e.EapFailed("wlan0", PHONE), logging.DEBUG),
    ],
)
def test_the_log_has_levels(caplog: pytest.LogCaptureFixture, event: e.AgentEvent, level: int) -> None:
    caplog.set_level(logging.DEBUG)

    async def scene() -> None:
        made, _ear = reporting()
        made.report(event)
        made.close()

    run(scene())
    records = [record for record in caplog.records if record.name == "wpsagent.daemon.reporting"]
    assert [(record.levelno, record.getMessage()) for record in records] == [(level, describe(event))]


def test_what_is_not_wanted_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR, "wpsagent.daemon.reporting")

    async def scene() -> None:
        made, _ear = reporting()
        made.report(e.OverlapDetected("main"))
        made.close()

    run(scene())
    assert caplog.records == []


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (e.AgentStarted(), "agent started"),
        (e.PushButtonStarted("main", 5.0), "push button started: group=main"),
        (
            e.PushButtonEnded("main", e.SessionEndReason.TIMED_OUT),
            "push button ended: group=main reason=timed out",
        ),
        (
            e.ButtonPressed("short", "wps", ("main", "garden")),
            "button pressed: gesture=short source=wps groups=main,garden",
        ),
        (
            e.StationDisconnected("wlan0", PHONE, "it left"),
            "station disconnected: interface=wlan0 address=02:00:00:00:01:00 reason='it left'",
        ),
        (
            e.EnrolmentSucceeded("main", PHONE, UUID, "a\nphone"),
            "enrolment succeeded: group=main address=02:00:00:00:01:00 "
            "uuid_e=00010203-0405-0607-0809-0a0b0c0d0e0f device_name='a\\nphone' interface=None",
        ),
        (
            e.EnrolleeSeen(PHONE, UUID, COMPUTER, ConfigMethods.KEYPAD, 4, 1, "phone"),
            "enrollee seen: address=02:00:00:00:01:00 uuid_e=00010203-0405-0607-0809-0a0b0c0d0e0f "
            "primary_device_type=1-0050F204-1 config_methods=256 device_password_id=4 request_type=1 "
            "device_name=phone interface=None",
        ),
    ],
)
def test_an_event_in_words(event: e.AgentEvent, line: str) -> None:
    assert describe(event) == line
