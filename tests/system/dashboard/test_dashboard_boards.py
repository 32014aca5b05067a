# SPDX-License-Identifier: BSD-3-Clause
"""What boards say, and how the dashboard shows it; among it what a real one seldom says."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.system.chromium import Chromium, Page
from tests.system.dashboard_steps import ALL, PRINTER, open_board, wait_for_state
from tests.system.dashboard_world import (
    Boards,
    Broker,
    access_point,
    iso_time,
    opened,
)

from wpsagent_board.pattern import DEFAULT_PATTERNS

REPOSITORY = Path(__file__).resolve().parents[3]


def test_without_commands_nothing_is_offered(page: Page, boards: Boards) -> None:
    boards.online("attic")
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    page.wait_for_text("takes no commands from afar", "#actions-note")
    assert page.ask("[...document.querySelectorAll('#board button')].filter((b) => b.checkVisibility()).length") == 0


def test_only_what_is_allowed_is_offered(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=["pin"])
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    page.wait_for("document.querySelector('#enter-pin').checkVisibility()")
    assert page.ask("document.querySelector('#admit').checkVisibility()") is False
    boards.publish("attic/availability", "offline", is_retained=True)
    wait_for_state(page, "Offline")
    page.wait_for_text("look at its power and its network", "#board-advice")
    page.wait_for("!document.querySelector('#enter-pin').checkVisibility()")


@pytest.mark.parametrize(
    ("changes", "words", "pattern", "advice"),
    [
        ({"state": "overlap"}, "Two devices at once", "overlap", "Wait two minutes"),
        ({"state": "timeout"}, "Nobody came", "error", "within two minutes"),
        (
            {"state": "error", "last_result": {"result": "failed", "reason": "the PIN is wrong", "at": iso_time()}},
            "Failed",
            "error",
            "It failed: the PIN is wrong. Try again, with the device near the board.",
        ),
        ({"state": "cancelled"}, "Cancelled", "idle", None),
        (opened(method="pin"), "Open for a PIN", "in_progress", "Start WPS with a PIN"),
        (
            {"access_points": [access_point(state="lost", reason="unplugged")]},
            "No radio",
            "error",
            "wlan0 is down: unplugged.",
        ),
        ({"access_points": [access_point(setup_locked=True)]}, "Idle", "idle", "home is locked after wrong PINs"),
        (
            opened() | {"group": "wlan1", "stations": [{"interface": "wlan1", "state": "disconnected"}]},
            "Looks for an access point",
            "in_progress",
            "Press the WPS button of the access point",
        ),
        ({"state": "something-new"}, "something-new", "unknown", None),
    ],
    ids=["overlap", "timeout", "failure", "cancelled", "pin", "lost", "locked", "station", "unknown"],
)
def test_states_are_told_in_words_with_what_to_do(
    page: Page, boards: Boards, changes: dict[str, Any], words: str, pattern: str, advice: str | None
) -> None:
    boards.online("attic", **changes)
    wait_for_state(page, words)
    open_board(page, "attic")
    page.wait_for(f"document.querySelector('#board-led').dataset.pattern === '{pattern}'")
    assert page.text("#board-state") == words
    assert (advice or "") in page.text("#board-advice")
    assert bool(page.text("#board-advice")) is (advice is not None)


def test_the_time_left_needs_no_common_clock(browser: Chromium, address: str, boards: Boards) -> None:
    left = "document.querySelector('.card .left').innerText"
    old = opened(120) | {"ends_at": iso_time(30)}  # retained a while ago
    boards.online("attic", **old)
    page = browser.page(address)
    page.wait_for(f"/^0:(30|[12]\\d) left$/.test({left})")
    boards.state("attic", **opened(100) | {"ends_at": "2001-01-01T00:00:00Z"})  # heard as it is told
    page.wait_for(f"/^1:(40|3\\d) left$/.test({left})")
    boards.state("attic", state="active", method="pin", group="main")  # until somebody comes
    page.wait_for(f"{left} === ''")
    page.close()


@pytest.mark.parametrize("pattern", ["in_progress", "error", "overlap"])
def test_the_led_blinks_as_the_real_one(page: Page, boards: Boards, pattern: str) -> None:
    boards.online("attic", state={"in_progress": "active"}.get(pattern, pattern))
    page.wait_for(f"document.querySelector('.card .led').dataset.pattern === '{pattern}'")
    real = DEFAULT_PATTERNS[pattern]
    moments, levels, at = [], [], 0
    for level, length_us in real.phases():
        moments += [at + 2, at + length_us / 2000, at + length_us / 1000 - 2]
        levels += [level] * 3
        at += round(length_us / 1000)
    drawn = page.ask(
        f"""(() => {{
          const lamp = document.querySelector('.card .led span');
          const [animation] = lamp.getAnimations();
          animation.pause();
          return [animation.effect.getComputedTiming().duration, {moments}.map((at) => {{
            animation.currentTime = at;
            return getComputedStyle(lamp).boxShadow !== 'none';
          }})];
        }})()"""
    )
    assert drawn[0] == pytest.approx(real.period_us / 1000)
    assert drawn[1] == levels


def test_who_wants_no_motion_gets_none(browser: Chromium, address: str, boards: Boards) -> None:
    boards.online("attic", state="overlap")
    page = browser.page(address, prefers_reduced_motion="reduce")
    wait_for_state(page, "Two devices at once")
    assert page.ask("document.getAnimations().length") == 0
    page.close()


def test_dark_and_light_are_the_persons_choice(browser: Chromium, address: str) -> None:
    colours = []
    for scheme in ("light", "dark"):
        page = browser.page(address, prefers_color_scheme=scheme)
        colours.append(page.ask("getComputedStyle(document.body).backgroundColor"))
        page.close()
    light, dark = (sum(map(int, colour[4:-1].split(","))) for colour in colours)
    assert light > 3 * 200
    assert dark < 3 * 60


def test_boards_are_found_by_name_network_device_and_kind(page: Page, boards: Boards) -> None:
    boards.online("attic", access_points=[access_point(ssid="guests", stations=["02:00:5e:00:53:77"])])
    boards.online("cellar", **opened())
    boards.online("garage", pin_requests=[{**PRINTER, "at": iso_time()}])
    boards.online("hall 10")
    boards.online("hall 9")
    boards.publish("hall 9/availability", "offline", is_retained=True)
    names = "[...document.querySelectorAll('.card h3')].map((e) => e.innerText).join()"
    page.wait_for(f"{names} === 'garage,cellar,hall 9,attic,hall 10'")
    page.wait_for_text("5 boards, 1 open, 2 need a look, 1 offline", "#summary")
    for search, found in (("GUESTS", "attic"), ("53:77", "attic"), ("hall", "hall 9,hall 10"), ("nobody", "")):
        page.ask("document.querySelector('#search').value = ''; document.querySelector('#search').focus()")
        page.type(search)
        page.wait_for(f"{names} === '{found}'")
    page.wait_for_text("No board is like that.", "#no-boards")
    page.ask("document.querySelector('#search').value = ''")
    for kind, found in (("open", "cellar"), ("attention", "garage,hall 9"), ("pin", "garage"), ("offline", "hall 9")):
        page.click(f"#kinds label:has([value={kind}])")
        page.wait_for(f"{names} === '{found}'")


def test_a_board_that_was_stopped_needs_no_look(page: Page, boards: Boards) -> None:
    boards.online("attic", agent="stopping")
    boards.publish("attic/availability", "offline", is_retained=True)
    wait_for_state(page, "Stopped")
    page.wait_for_text("1 board, 1 offline", "#summary")
    open_board(page, "attic")
    page.wait_for_text("Somebody has stopped the agent", "#board-advice")


def test_a_board_that_the_broker_forgets_is_gone(page: Page, boards: Boards) -> None:
    boards.online("attic")
    boards.online("cellar")
    page.wait_for_text("2 boards", "#summary")
    open_board(page, "attic")
    boards.publish("attic/availability", "", is_retained=True)
    boards.publish("attic/state", "", is_retained=True)
    page.wait_for_text("1 board", "#summary")
    page.wait_for("!document.querySelector('#board').checkVisibility()")


def test_nonsense_changes_nothing(page: Page, boards: Boards) -> None:
    boards.online("attic")
    wait_for_state(page, "Idle")
    for payload in (b"", b"\xff\xfe", b"[]", b"null", b"{", b"12", b'"text"', b"[" * 10_000, b"x" * 300_000):
        boards.publish("attic/event", payload, is_retained=False)
        if payload:
            boards.publish("attic/state", payload, is_retained=False)
    boards.publish("attic/availability", "perhaps", is_retained=False)
    boards.publish("attic/event", '{"event_type": 7, "at": "never", "station": {}}', is_retained=False)
    boards.publish("attic/state", '{"state": "idle", "access_points": [null, 5, {"stations": {}}]}', is_retained=False)
    boards.event("attic", "something_new", reason="because")
    page.wait_for_text("something new: because", "#event-list")
    assert page.text(".card .state") == "Idle"


HOSTILE = "<img src=x onerror=alert(1)>"


def test_what_devices_call_themselves_is_text(page: Page, boards: Boards) -> None:
    script = "<script>document.title = 'owned'</script>\u202egnp.exe"
    boards.online(
        HOSTILE,
        commands=ALL,
        access_points=[access_point(ssid=HOSTILE, interface=HOSTILE, reason=script, stations=[HOSTILE])],
        pin_requests=[{"uuid": HOSTILE, "station": HOSTILE, "device_name": script, "at": HOSTILE}],
        last_result={"result": "failed", "reason": script, "device_name": script, "station": HOSTILE, "at": iso_time()},
        version=HOSTILE,
    )
    page.wait_for_text(HOSTILE, ".card")
    page.click(".card a")
    page.wait_for_text(HOSTILE, "#board-name")
    for _ in range(2):
        boards.event(HOSTILE, "enrolment_succeeded", station=HOSTILE, device_name=script)
        boards.event(HOSTILE, HOSTILE, reason=script)
    page.wait_for_text(HOSTILE, "#event-list")
    page.wait_for_text("<script>", "#joined-list")
    page.click("#pin-list button")
    page.wait_for_text("For <script>", "#flow")
    page.wait_for_text("<script>", "#announcer")
    assert page.ask("document.querySelectorAll('img, body script, iframe').length") == 0
    assert page.ask("document.title") == "wps-agent"
    assert "\u202e" not in page.ask("document.body.textContent")


def test_a_window_of_a_board_whose_clock_is_wrong_by_a_day(browser: Chromium, address: str, boards: Boards) -> None:
    """The page is opened later: the board's word is old, and its clock no help."""
    boards.online("ahead", **opened(100) | {"ends_at": iso_time(100 + 86400)})
    boards.online("behind", **opened(100) | {"ends_at": iso_time(100 - 86400)})
    page = browser.page(address)
    page.wait_for_text("2 open", "#summary")
    left = "[...document.querySelectorAll('.card .left')].map((e) => e.innerText)"
    page.wait_for(f"/^1:[34]\\d left$/.test({left}[0]) && {left}[1] === ''")
    open_board(page, "behind")
    assert page.text("#board-state") == "Open for one device"
    assert page.ask("document.querySelector('#board-time').checkVisibility()") is False
    page.close()


def test_what_came_of_the_last_session_is_known_from_the_start_and_once(
    browser: Chromium, address: str, boards: Boards
) -> None:
    at = iso_time(-600)
    result = {"result": "success", "device_name": "Scales", "station": PRINTER["station"], "at": at}
    boards.online("attic", last_result=result)
    boards.online("cellar", last_result={"result": "timeout", "reason": "no device came within the time", "at": at})
    boards.online("garage", last_result={**result, "at": "1970-01-01T00:02:00Z"})
    page = browser.page(address)
    page.wait_for_text("In the last hour on all boards: 0 presses, 1 let in, 1 failed.", "#plot-words")
    boards.state("attic", last_result=result)
    boards.event("attic", "push_button_started")
    page.wait_for_text("1 press, 1 let in, 1 failed", "#plot-words")
    page.wait_for("document.querySelector('#plot .mark.admitted title').textContent.startsWith('attic, ')")
    open_board(page, "attic")
    page.wait_for_text("Scales", "#joined-list")
    open_board(page, "garage")
    page.wait_for_text("1 Jan 1970", "#facts")
    page.wait_for_text("Nobody, as far as this page has seen", "#joined-list")
    page.close()


def test_what_a_page_without_the_broker_has_missed_is_made_up_for(page: Page, boards: Boards, broker: Broker) -> None:
    page.allowed = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")
    boards.online("attic")
    wait_for_state(page, "Idle")
    broker.end()
    page.wait_for_text("No connection to the broker", "#connection")
    broker.start()
    later = Boards(broker)
    result = {"result": "success", "device_name": "Scales", "station": PRINTER["station"], "at": iso_time()}
    later.online("attic", state="success", last_result=result)
    page.wait_for_text("1 let in", "#plot-words")
    later.close()


def test_comings_and_goings_are_told_at_their_board_only(page: Page, boards: Boards) -> None:
    boards.online("attic")
    wait_for_state(page, "Idle")
    boards.event("attic", "station_connected", station=PRINTER["station"], interface="wlan0")
    boards.event("attic", "button_pressed", gesture="short")
    page.wait_for_text("button pressed (short)", "#event-list")
    assert "connected to wlan0" not in page.text("#event-list")
    open_board(page, "attic")
    page.wait_for_text("connected to wlan0", "#event-list")


def test_every_event_of_an_agent_has_words(page: Page) -> None:
    schema = json.loads((REPOSITORY / "docs" / "mqtt" / "event.schema.json").read_text())
    types = {name for kind in schema["oneOf"] for name in kind["properties"]["event_type"]["enum"]}
    known = page.ask("import('/js/words.js').then(({ EVENTS }) => Object.keys(EVENTS))")
    assert len(types) > 50
    assert types == set(known)


def test_names_with_joiners_are_left_as_they_are(page: Page, boards: Boards) -> None:
    family, persian = "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"
    boards.online("attic", access_points=[access_point(ssid=family), access_point(ssid=persian + "\u202e")])
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    names = page.ask("[...document.querySelectorAll('#network-list bdi')].map((e) => e.textContent)")
    assert names == [family, persian + "\ufffd"]


def test_made_up_boards_do_not_use_up_the_browser(page: Page) -> None:
    kept = page.ask(
        """import('/js/boards.js').then(({ Boards }) => {
          const boards = new Boards('wps-agent');
          const online = new TextEncoder().encode('online');
          for (let i = 0; i < 20500; i += 1) boards.receive(`wps-agent/made-up-${i}/availability`, online, true, 0);
          const known = boards.receive('wps-agent/made-up-7/availability', online, true, 0);
          return [boards.byNode.size, boards.isCut, known !== null];
        })"""
    )
    assert kept == [20000, True, True]


def test_what_happened_can_be_taken_along_as_a_table(page: Page, boards: Boards, tmp_path: Path) -> None:
    boards.online("attic")
    wait_for_state(page, "Idle")
    assert page.ask("document.querySelector('#save').checkVisibility()") is False
    boards.event("attic", "enrolment_succeeded", station=PRINTER["station"], device_name='=HYPERLINK("x")')
    page.wait_for_text("was let in", "#event-list")
    folder = tmp_path / "taken"
    folder.mkdir()
    file = page.download("#save", folder)
    assert re.fullmatch(r"wps-agent-\d{4}-\d\d-\d\d\.csv", file.name)
    [row] = csv.DictReader(file.read_text().splitlines())
    assert (row["board"], row["event"], row["address"]) == ("attic", "enrolment_succeeded", PRINTER["station"])
    assert row["device"] == '\'=HYPERLINK("x")'
    assert row["words"].endswith(f"({PRINTER['station']}) was let in")
