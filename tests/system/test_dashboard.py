# SPDX-License-Identifier: BSD-3-Clause
"""The dashboard in Debian's Chromium, against mosquitto: with the real agent on a simulated board, and with boards
that are only said to be there, where it must meet what a real one seldom does."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import pytest
from tests.system.chromium import SHIFT, Chromium, Page
from tests.system.dashboard_world import (
    Boards,
    Broker,
    House,
    access_point,
    iso_time,
    opened,
    served,
)

from wpsagent.wsc.pin import PinCheck, check_pin
from wpsagent_board.pattern import DEFAULT_PATTERNS

ALL = ["pbc", "cancel", "pin"]
CARD_STATE = "document.querySelector('.card .state')?.innerText"
PRINTER = {"uuid": "1b8b4d9e-0000-4000-8000-02005e00530a", "station": "02:00:5e:00:53:0a", "device_name": "Printer"}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with Chromium(tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path / "broker")
    yield broker
    broker.end()


@pytest.fixture
def boards(broker: Broker) -> Iterator[Boards]:
    boards = Boards(broker)
    yield boards
    boards.close()


@pytest.fixture
def house(tmp_path: Path, broker: Broker) -> Iterator[House]:
    house = House(tmp_path / "house", broker)
    yield house
    house.close()


@pytest.fixture
def address(broker: Broker) -> Iterator[str]:
    with served(broker.url) as address:
        yield address


@pytest.fixture
def page(browser: Chromium, address: str) -> Iterator[Page]:
    page = browser.page(address)
    yield page
    complaints = page.complaints()
    page.close()
    assert complaints == []


def open_board(page: Page, node: str) -> None:
    page.click(f"a[href='#board/{node}']")
    page.wait_for_text(node, "#board-name")


def wait_for_state(page: Page, words: str) -> None:
    page.wait_for(f"{CARD_STATE} === '{words}'")


def begin_to_let_in(page: Page, node: str) -> None:
    """As far as the first question."""
    wait_for_state(page, "Idle")
    open_board(page, node)
    page.click_button("Let a device in …")


# ---- the real agent


def seen_after(page: Page, house: House, words: str) -> int:
    """Milliseconds from the press of the board's button until the page has drawn these words."""
    page.ask(
        f"""void (window.seen = new Promise((tell) => {{
          const look = () => {{
            if ({CARD_STATE} !== '{words}') return requestAnimationFrame(look);
            tell(Date.now());
          }};
          look();
        }}))"""
    )
    house.say("press")
    pressed = int(house.expect("pressed"))
    return int(page.ask("window.seen")) - pressed


def test_a_press_is_seen_within_300_ms(page: Page, house: House) -> None:
    wait_for_state(page, "Idle")
    times = []
    for number in range(5):
        times.append(seen_after(page, house, "Open for one device"))
        house.say(f"phone phone{number}")
        house.expect(f"phone{number} in")
        wait_for_state(page, f"Let in: phone{number}")
    print(f"press_to_dashboard_ms: median {median(times)}, all {times}")
    assert median(times) <= 300


def test_a_press_by_hand_is_followed_to_its_end(page: Page, house: House) -> None:
    wait_for_state(page, "Idle")
    open_board(page, "hallway")
    page.wait_for_text("Nobody since this page was opened", "#joined-list")
    house.say("press")
    house.expect("pressed")
    page.wait_for_text("Open for one device", "#board-state")
    page.wait_for("document.querySelector('#board-led').dataset.pattern === 'in_progress'")
    page.wait_for("/^1:5\\d|2:00$/.test(document.querySelector('#board-left').innerText)")
    page.wait_for("/^1:5[0-7]$/.test(document.querySelector('#board-left').innerText)")  # it counts down
    house.say("phone Tablet")
    house.expect("Tablet in")
    page.wait_for_text("Let in: Tablet", "#board-state")
    page.wait_for("document.querySelector('#board-led').dataset.pattern === 'success'")
    page.wait_for_text("Tablet", "#joined-list")
    page.wait_for_text("1 device: 02:00:5e:00:53:01", "#network-list")
    page.wait_for_text("1 press, 1 let in, 0 failed", "#plot-words")
    page.wait_for("document.querySelectorAll('#plot .mark.pressed').length === 1")
    page.wait_for("document.querySelectorAll('#plot .mark.admitted').length === 1")
    events = page.text("#event-list")
    assert events.index("Tablet (02:00:5e:00:53:01) was let in") < events.index("button pressed (short)")
    page.wait_for_text("Tablet (02:00:5e:00:53:01) was let in", "#announcer")


def test_a_person_is_led_through_the_push_button(page: Page, house: House) -> None:
    begin_to_let_in(page, "hallway")
    page.wait_for_text("It has a WPS button", "#flow")
    page.click_button("Next", "#flow")
    page.wait_for_text("Is your device at hand?", "#flow-title")
    page.click_button("Open the network", "#flow")
    page.wait_for_text("Now press the WPS button of your device", "#flow-title")
    page.wait_for("/^(1:5\\d|2:00) left$/.test(document.querySelector('#flow .time').innerText.trim())")
    wait_for_state(page, "Open for one device")
    house.say("phone Tablet")
    house.expect("Tablet in")
    page.wait_for_text("Tablet (02:00:5e:00:53:01) is on the network now.", "#flow")
    page.click_button("Close", "#flow")
    page.wait_for("document.activeElement.id === 'admit'")


def test_it_can_be_cancelled_from_the_flow(page: Page, house: House) -> None:
    begin_to_let_in(page, "hallway")
    page.click_button("Next", "#flow")
    page.click_button("Open the network", "#flow")
    page.wait_for_text("Now press the WPS button of your device", "#flow-title")
    page.click_button("Cancel", "#flow")
    page.wait_for_text("Cancelled", "#flow-title")
    page.wait_for("['Cancelled', 'Idle'].includes(document.querySelector('#board-state').innerText)")


def test_a_person_is_led_through_the_pin(page: Page, house: House) -> None:
    begin_to_let_in(page, "hallway")
    page.click("#flow label:has([value=pin])")
    page.click_button("Next", "#flow")
    page.click("#flow [name=pin]")
    page.type("1234-5671")
    page.click_button("Let it in", "#flow")
    page.wait_for_text("One digit is wrong", "#flow-problem")
    page.ask("document.querySelector('#flow [name=pin]').select()")
    page.type("1234-5670")
    page.key("Enter")
    page.wait_for_text("Now start WPS on your device", "#flow-title")
    house.say("phone Printer 12345670")
    house.expect("Printer in")
    page.wait_for_text("Printer (02:00:5e:00:53:01) is on the network now.", "#flow")
    page.click_button("Close", "#flow")
    page.wait_for_text("Let in: Printer", "#board-state")


def test_a_broker_that_was_away_is_found_again(page: Page, house: House, broker: Broker) -> None:
    page.allowed = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")
    wait_for_state(page, "Idle")
    open_board(page, "hallway")
    page.wait_for("document.querySelector('#admit').checkVisibility()")
    broker.end()
    page.wait_for_text("No connection to the broker; trying again", "#connection")
    page.wait_for_text("what you see is as it was at", "#stale")
    page.wait_for("!document.querySelector('#admit').checkVisibility()")
    page.wait_for_text("nothing can be asked of the board", "#actions-note")
    house.say("press")
    house.expect("pressed")
    broker.start()
    page.wait_for_text("Connected to", "#connection")
    page.wait_for_text("Open for one device", "#board-state")  # the agent has come back as well
    page.wait_for("!document.querySelector('#stale').checkVisibility()")
    page.wait_for("document.querySelector('#admit').checkVisibility()")


# ---- what boards say


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
            "It failed: the PIN is wrong.",
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
    page.wait_for(f"/^0:(30|29|28) left$/.test({left})")
    boards.state("attic", **opened(100) | {"ends_at": "2001-01-01T00:00:00Z"})  # heard as it is told
    page.wait_for(f"/^1:(40|39|38) left$/.test({left})")
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
    page.wait_for(f"{names} === 'garage,cellar,attic,hall 9,hall 10'")
    page.wait_for_text("5 boards, 1 open, 1 needs a look, 1 offline", "#summary")
    for search, found in (("GUESTS", "attic"), ("53:77", "attic"), ("hall", "hall 9,hall 10"), ("nobody", "")):
        page.ask("document.querySelector('#search').value = ''; document.querySelector('#search').focus()")
        page.type(search)
        page.wait_for(f"{names} === '{found}'")
    page.wait_for_text("No board is like that.", "#no-boards")
    page.ask("document.querySelector('#search').value = ''")
    for kind, found in (("open", "cellar"), ("attention", "garage"), ("pin", "garage"), ("offline", "hall 9")):
        page.click(f"#kinds label:has([value={kind}])")
        page.wait_for(f"{names} === '{found}'")


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


# ---- commands


def test_a_command_names_what_the_person_chose(page: Page, boards: Boards) -> None:
    networks = [access_point(), access_point(interface="wlan1", group="guests", ssid="guests")]
    boards.online("attic", commands=ALL, access_points=networks)
    begin_to_let_in(page, "attic")
    page.ask("document.querySelector('#flow select').value = 'guests'")
    page.click_button("Next", "#flow")
    page.click_button("Open the network", "#flow")
    node, command, values = boards.next_command()
    assert (node, command) == ("attic", "pbc")
    assert values == {"role": "access_point", "target": "guests", "id": values["id"]}
    boards.reply("attic", values, "somebody has pressed the button already")
    page.wait_for_text("somebody has pressed the button already", "#flow-problem")
    page.click_button("Open the network", "#flow")
    _, _, again = boards.next_command()
    assert again["id"] != values["id"]
    boards.reply("attic", values)  # the answer to the first one is no answer to this one
    boards.reply("attic", again)
    boards.state("attic", commands=ALL, access_points=networks, **opened())
    page.wait_for_text("Now press the WPS button of your device", "#flow-title")
    boards.event("attic", "enrolment_failed", reason="a message was not answered in time")
    page.wait_for_text("A try failed: a message was not answered in time. The network is still open.", "#flow")
    boards.state("attic", commands=ALL, access_points=networks, state="overlap")
    page.wait_for_text("Nobody was let in", "#flow-title")
    page.wait_for_text("press one device’s button only", "#flow")
    page.click_button("Try again", "#flow")
    page.wait_for_text("Is your device at hand?", "#flow-title")
    assert boards.commands.empty()


def test_the_board_itself_can_be_told_to_join(page: Page, boards: Boards) -> None:
    stations = [{"interface": "wlan1", "state": "disconnected", "reason": None, "ssid": None, "bssid": None}]
    boards.online("attic", commands=ALL, access_points=[], stations=stations)
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    page.click_button("Join a network …")
    page.wait_for_text("The board itself is to join a network", "#flow")
    page.click_button("Next", "#flow")
    page.click_button("Start", "#flow")
    _, command, values = boards.next_command()
    assert (command, values["role"], values["target"]) == ("pbc", "station", "wlan1")
    boards.reply("attic", values)
    page.wait_for_text("Now press the WPS button of the access point", "#flow-title")
    session = opened() | {"group": "wlan1"}
    boards.state("attic", commands=ALL, access_points=[], stations=stations, **session)
    wait_for_state(page, "Looks for an access point")
    boards.state("attic", commands=ALL, access_points=[], stations=stations, **session | {"state": "success"})
    page.wait_for_text("The board was let into the network.", "#flow")


def test_the_board_itself_can_join_with_a_pin(page: Page, boards: Boards) -> None:
    stations = [{"interface": "wlan1", "state": "disconnected", "reason": None, "ssid": None, "bssid": None}]
    boards.online("attic", commands=["pin"], access_points=[], stations=stations)
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    for _ in range(3):
        page.click_button("Join a network …")
        page.click_button("Next", "#flow")
        page.wait_for_text("A PIN for the access point", "#flow-title")
        shown = page.text("#flow .pin")
        page.click_button("Start", "#flow")
        _, command, values = boards.next_command()
        boards.reply("attic", values)
        page.wait_for_text("Now start WPS at the access point", "#flow-title")
        page.click_button("Close, the board goes on", "#flow")
        assert (command, values["pin"]) == ("pin", shown.replace(" ", ""))
        assert check_pin(values["pin"].encode()) is PinCheck.VALID
        assert (values["role"], values["target"]) == ("station", "wlan1")


def test_a_refusal_of_too_many_commands_is_heard(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL, **opened())
    wait_for_state(page, "Open for one device")
    open_board(page, "attic")
    page.click_button("Cancel")
    boards.next_command()
    boards.reply("attic", {"id": None}, "too many commands")
    page.wait_for_text("too many commands", "#actions-answer")


def test_a_wrong_pin_can_be_entered_again(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL, pin_requests=[{**PRINTER, "at": iso_time()}])
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    page.click_button("Enter a PIN …")
    page.wait_for_text("Whichever has this PIN", "#flow")
    for typed, problem in (
        ("", "Please type the PIN."),
        ("12ab", "digits only"),
        ("123", "8 digits, or 4; these are 3."),
        ("12345679", "One digit is wrong"),
    ):
        page.ask(
            "document.querySelector('#flow [name=pin]').value = ''; document.querySelector('#flow [name=pin]').focus()"
        )
        page.type(typed)
        page.click_button("Let it in", "#flow")
        page.wait_for_text(problem, "#flow-problem")
    assert boards.commands.empty()
    page.ask("document.querySelector('#flow [name=pin]').select()")
    page.type("1234 5670")
    page.click_button("Let it in", "#flow")
    _, command, values = boards.next_command()
    assert (command, values["pin"], values["timeout_s"], "uuid" in values) == ("pin", "12345670", 300, False)
    boards.reply("attic", values)
    boards.state("attic", commands=ALL, **opened(300, "pin"))
    page.wait_for_text("Now start WPS on your device", "#flow-title")
    boards.event("attic", "enrolment_failed", reason="the PIN is wrong", station=PRINTER["station"])
    page.wait_for_text("That was not it", "#flow-title")
    page.click_button("Try again", "#flow")
    page.wait_for_text("Which PIN does it show?", "#flow-title")
    assert page.ask("document.querySelector('#flow [name=pin]').value") == ""


def test_a_board_that_does_not_answer_is_told(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL)
    begin_to_let_in(page, "attic")
    page.click_button("Next", "#flow")
    page.click_button("Open the network", "#flow")
    _, _, values = boards.next_command()
    page.wait_for_text("The board did not answer.", "#flow-problem")
    boards.reply("attic", values)  # too late
    boards.event("attic", "started")
    page.wait_for_text("the agent runs", "#event-list")
    assert page.text("#flow-title") == "Is your device at hand?"


def test_a_command_never_comes_late(page: Page, boards: Boards, broker: Broker) -> None:
    page.allowed = ("WebSocket connection to", "ERR_CONNECTION_REFUSED")
    boards.online("attic", commands=ALL)
    begin_to_let_in(page, "attic")
    page.click_button("Next", "#flow")
    broker.end()
    page.wait_for_text("No connection to the broker", "#connection")
    page.click_button("Open the network", "#flow")
    page.wait_for_text("There is no connection to the broker now.", "#flow-problem")
    broker.start()
    later = Boards(broker)
    page.wait_for_text("Connected to", "#connection")
    later.online("attic", commands=ALL)
    page.wait_for("document.querySelector('#admit').checkVisibility()")
    assert later.commands.empty()
    later.close()


# ---- for everybody


def test_all_of_it_works_with_the_keyboard_alone(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL)
    boards.online("cellar", commands=ALL)
    page.wait_for_text("2 boards", "#summary")
    page.key("Tab")
    assert page.focused() == "To the boards"
    page.tab_to("cellar")
    page.key("Enter")
    page.wait_for("document.activeElement.id === 'board-name'")
    page.tab_to("Let a device in …")
    page.key("Enter")
    page.wait_for("document.activeElement.id === 'flow-title'")
    page.key("Tab")
    assert "It has a WPS button" in page.focused()
    page.key("ArrowDown")
    page.wait_for("document.querySelector('#flow [value=pin]').checked")
    page.key("Enter")
    page.wait_for_text("Which PIN does it show?", "#flow-title")
    page.tab_to("PIN of the device", 3)
    page.type("12345670")
    page.key("Enter")
    _, command, values = boards.next_command()
    assert (command, values["pin"]) == ("pin", "12345670")
    boards.reply("cellar", values)
    boards.state("cellar", commands=ALL, **opened(300, "pin"))
    page.wait_for_text("Now start WPS on your device", "#flow-title")
    page.key("Escape")
    page.wait_for("!document.querySelector('#flow').open && document.activeElement.id === 'admit'")
    page.key("Tab", modifiers=SHIFT)
    page.wait_for("document.activeElement.id !== 'admit'")
    page.ask("history.back()")
    page.wait_for("document.activeElement.innerText === 'cellar'")


def unnamed(page: Page) -> list[dict[str, Any]]:
    """What can be used but has no name for a screen reader."""
    used = ("button", "link", "textbox", "searchbox", "combobox", "radio", "checkbox", "progressbar", "image", "dialog")
    return [node for node in page.nodes() if node["role"] in used and not node["name"].strip()]


def test_a_screen_reader_finds_names_for_everything(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL, pin_requests=[{**PRINTER, "at": iso_time()}], **opened())
    wait_for_state(page, "Open for one device")
    assert unnamed(page) == []
    roles = [(node["role"], node["name"]) for node in page.nodes()]
    for landmark in (("main", ""), ("banner", ""), ("contentinfo", ""), ("search", "Boards"), ("region", "Boards")):
        assert landmark in roles
    open_board(page, "attic")
    assert unnamed(page) == []
    names = [node["name"] for node in page.nodes()]
    for name in ("LED: blinking, 200 ms on, 100 ms off", "Time left", "Enter the PIN of Printer"):
        assert name in names
    page.click_button("Let a device in …")
    page.wait_for("document.querySelector('#flow').open")
    assert unnamed(page) == []
    assert ("dialog", "Let a device in") in [(node["role"], node["name"]) for node in page.nodes()]
    page.key("Escape")
    page.click_button("Broker …")
    page.wait_for("document.querySelector('#settings').open")
    assert unnamed(page) == []
    page.key("Escape")


@pytest.mark.parametrize("width", [320, 360, 768])
def test_nothing_sticks_out_of_a_narrow_screen(browser: Chromium, address: str, boards: Boards, width: int) -> None:
    long = "a-very-long-name-without-any-space-in-it-" * 3
    stations = [f"02:00:5e:00:53:{i:02x}" for i in range(20)]
    boards.online(
        long,
        commands=ALL,
        access_points=[access_point(ssid="W" * 32, reason=long, stations=stations)],
        pin_requests=[{**PRINTER, "device_name": "M" * 32, "at": iso_time()}],
        last_result={"result": "failed", "reason": long, "at": iso_time()},
    )
    page = browser.page(address, width, 740)

    def sticks_out() -> bool:
        return bool(
            page.ask(
                "document.documentElement.scrollWidth > innerWidth"
                " || [...document.querySelectorAll('dialog[open]')].some((d) => d.scrollWidth > d.clientWidth)"
            )
        )

    page.wait_for_text(long, ".card")
    boards.event(long, "enrolment_succeeded", device_name="M" * 32, station=stations[0])
    page.wait_for_text("MMM", "#event-list")
    assert not sticks_out()
    page.click(".card a")
    page.wait_for("document.activeElement.id === 'board-name'")
    assert not sticks_out()
    assert page.ask("document.querySelector('#overview').checkVisibility()") is False
    for button in ("#admit", "#pin-list button", "#open-settings"):
        page.click(button)
        page.wait_for("document.querySelector('dialog[open]')")
        assert not sticks_out()
        page.key("Escape")
    page.click(".back a")
    page.wait_for("document.querySelector('#overview').checkVisibility()")
    page.wait_for("document.activeElement.matches('.card a')")
    page.close()


# ---- the broker's address, user and password


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Broker]:
    """A broker that wants a user: anna, secret."""
    passwords = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-b", "-c", str(passwords), "anna", "secret"], check=True)
    broker = Broker(tmp_path / "guarded", "allow_anonymous false", f"password_file {passwords}")
    yield broker
    broker.end()


def fill_in(page: Page, **values: str) -> None:
    for name, value in values.items():
        page.ask(
            f"document.querySelector('#settings-{name}').focus(); document.querySelector('#settings-{name}').select()"
        )
        page.type(value)


def test_user_and_password_are_asked_for_and_kept_only_if_ticked(browser: Chromium, guarded: Broker) -> None:
    kept = "localStorage.length"
    with served(guarded.url) as address:
        page = browser.page(address)
        page.wait_for_text("It may want a user and a password", "#settings-problem")
        fill_in(page, user="anna", password="wrong")
        page.click_button("Connect", "#settings")
        page.wait_for_text("The broker", "#settings-problem")
        fill_in(page, password="secret")
        page.key("Enter")
        page.wait_for_text(f"Connected to 127.0.0.1:{guarded.web_port}", "#connection")
        assert page.ask(kept) == 0
        page.open(address)
        page.wait_for_text("It may want a user and a password", "#settings-problem")
        assert page.ask("document.querySelector('#settings-password').value") == ""
        fill_in(page, user="anna", password="secret")
        page.click("#settings-keep")
        page.click_button("Connect", "#settings")
        page.wait_for_text("Connected to", "#connection")
        assert page.ask(kept) == 1
        page.open(address)
        page.wait_for_text("Connected to", "#connection")
        page.click_button("Broker …")
        page.click("#settings-keep")
        page.click_button("Connect", "#settings")
        page.wait_for_text("Connected to", "#connection")
        assert page.ask(kept) == 0
        assert page.complaints() == []
        page.close()


def test_who_may_not_read_is_told(browser: Chromium, tmp_path: Path) -> None:
    plugin = next(Path("/usr/lib").glob("**/mosquitto_dynamic_security.so"))
    rules = tmp_path / "rules.json"
    access = {"publishClientSend": True, "publishClientReceive": True, "subscribe": False, "unsubscribe": True}
    rules.write_text(json.dumps({"defaultACLAccess": access, "clients": [], "groups": [], "roles": []}))
    lines = ("allow_anonymous true", f"plugin {plugin}", f"plugin_opt_config_file {rules}")
    broker = Broker(tmp_path / "closed", *lines)
    with served(broker.url) as address:
        page = browser.page(address)
        page.wait_for_text("does not let this user read wps-agent/#", "#settings-problem")
        page.wait_for("document.querySelector('#connection-sign').dataset.kind === 'refused'")
        page.close()
    broker.end()


def test_tls_is_the_browsers(browser: Chromium, tmp_path: Path) -> None:
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    subprocess.run([*command, *names, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    lines = ("allow_anonymous true", f"certfile {certificate}", f"keyfile {key}")
    broker = Broker(tmp_path / "tls", *lines)
    with served(broker.url) as address:
        page = browser.page(address)
        page.wait_for_text("does this browser trust its certificate?", "#connection")
        page.call("Security.setIgnoreCertificateErrors", ignore=True)
        page.wait_for_text("Connected to", "#connection")
        page.close()
    broker.end()


def test_who_hears_nothing_is_told_what_to_look_at(page: Page) -> None:
    page.wait_for_text("is the base topic right, and may this user read", "#no-boards")


def test_without_a_suggestion_the_page_asks(browser: Chromium, broker: Broker) -> None:
    with served(None, "site/wps-agent") as address:
        page = browser.page(address)
        page.wait_for("document.querySelector('#settings').open")
        assert page.ask("document.querySelector('#settings-topic').value") == "site/wps-agent"
        for url, problem in (
            ("broker", "This is no address"),
            ("http://broker", "begins with ws:// or wss://"),
            ("ws://anna:secret@broker", "their own fields"),
        ):
            fill_in(page, url=url)
            page.click_button("Connect", "#settings")
            page.wait_for_text(problem, "#settings-problem")
        fill_in(page, url=broker.url, topic="a/#")
        page.click_button("Connect", "#settings")
        page.wait_for_text("without + and #", "#settings-problem")
        fill_in(page, url="ws://broker.lan", password="secret")
        page.wait_for_text("travels unprotected", "#settings")
        fill_in(page, url=broker.url, topic="wps-agent")
        page.key("Enter")
        page.wait_for_text("Connected to", "#connection")
        page.close()


# ---- many boards


def names_in_order(page: Page) -> list[str]:
    return list(page.ask("[...document.querySelectorAll('.card h3')].map((e) => e.innerText)"))


def test_who_is_open_comes_first_but_never_under_a_persons_hand(page: Page, boards: Boards) -> None:
    for node in ("attic", "cellar", "garage", "hall"):
        boards.online(node)
    page.wait_for_text("4 boards", "#summary")
    page.ask("document.querySelector(\"a[href='#board/cellar']\").focus()")
    boards.state("hall", **opened())
    page.wait_for_text("Open for one device", "#board-list")
    boards.online("barn", **opened())
    page.wait_for_text("barn", "#board-list")
    assert names_in_order(page) == ["attic", "cellar", "garage", "hall", "barn"]
    page.ask("void (window.left = 0, document.querySelector('#board-list').addEventListener('focusout', () => left++))")
    page.wait_for("document.querySelector('.card h3').innerText === 'barn'")  # nobody has moved for a while
    assert names_in_order(page) == ["barn", "hall", "attic", "cellar", "garage"]
    boards.state("cellar", pin_requests=[{**PRINTER, "at": iso_time()}])
    page.wait_for("document.querySelector('.card h3').innerText === 'cellar'")
    assert names_in_order(page) == ["cellar", "barn", "hall", "attic", "garage"]
    assert page.focused() == "cellar"
    assert page.ask("left") == 0


def test_a_broker_that_does_not_let_us_ask_for_the_rest_is_told(browser: Chromium, tmp_path: Path) -> None:
    """It queues 10 messages for a client, and the connection that asks for all names does not come about."""
    broker = Broker(tmp_path / "small", "allow_anonymous true", "max_queued_messages 10")
    boards = Boards(broker)
    for number in range(100):
        boards.online(f"board-{number}")
    with served(broker.url) as address:
        page = browser.page("about:blank")
        page.call(
            "Page.addScriptToEvaluateOnNewDocument",
            source="""let count = 0;
              window.WebSocket = class extends WebSocket {
                constructor(url, ...rest) { super(count++ === 0 ? url : 'ws://127.0.0.1:1', ...rest); }
              };""",
        )
        page.open(address)
        page.wait_for_text("which may leave out boards", "#connection")
        known = int(page.text("#summary").split()[0])
        assert 10 <= known < 100
        page.close()
    boards.close()
    broker.end()


def test_two_thousand_boards_stay_usable(browser: Chromium, address: str, boards: Boards) -> None:
    """The broker queues 1,000 messages for a client, as is its default: of 4,000 retained ones."""
    for number in range(2000):
        boards.online(f"board-{number:04}", commands=ALL)
    page = browser.page(address)
    page.wait_for_text("2000 boards", "#summary")
    opened_ms = page.ask("Math.round(performance.now())")
    times = []
    for node in ("board-0003", "board-0803", "board-1203", "board-1999", "board-0042"):
        page.ask(
            f"""void (window.seen = new Promise((tell) => {{
              const look = () => document.querySelector("a[href='#board/{node}']")?.closest('li').textContent
                .includes('Open for one device') ? tell(Date.now()) : requestAnimationFrame(look);
              look();
            }}))"""
        )
        before = page.ask("Date.now()")
        boards.state(node, commands=ALL, **opened())
        times.append(page.ask("window.seen") - before)
    print(f"dashboard_2000: all there after {opened_ms} ms; a press is seen after {median(times)} ms, all {times}")
    assert sorted(names_in_order(page)[:5]) == ["board-0003", "board-0042", "board-0803", "board-1203", "board-1999"]
    page.click("#search")
    page.type("Idle")
    page.wait_for("document.querySelectorAll('.card').length === 0")
    page.ask("document.querySelector('#search').select()")
    page.type("1998")
    page.wait_for("document.querySelector('.card .state')?.innerText === 'Idle'")  # its state has come as well
    assert page.complaints() == []
    page.close()
    assert opened_ms < 15_000
    assert max(times) < 1000
    assert median(times) <= 300
