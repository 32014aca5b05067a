# SPDX-License-Identifier: BSD-3-Clause
"""The dashboard in Debian's Chromium, against mosquitto, with the real agent on a simulated board."""

from statistics import median

import pytest
from tests.system.chromium import Chromium, Page
from tests.system.dashboard_steps import CARD_STATE, begin_to_let_in, open_board, wait_for_state
from tests.system.dashboard_world import (
    Broker,
    House,
)


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
    page.wait_for_text("Nobody, as far as this page has seen", "#joined-list")
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
    page.wait_for_text("Tablet (02:00:5e:00:53:01) has been let in. It connects by itself now.", "#flow")
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
    page.wait_for_text("Printer (02:00:5e:00:53:01) has been let in. It connects by itself now.", "#flow")
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


def enter_pin(page: Page, pin: str) -> None:
    page.click("#flow [name=pin]")
    page.type(pin)
    page.key("Enter")
    page.wait_for_text("Now start WPS on your device", "#flow-title")


@pytest.mark.parametrize(("theirs", "half"), [("12340002", "second"), ("99995678", "first")])
def test_a_wrong_pin_is_told_with_its_half_and_can_be_given_up(
    page: Page, house: House, theirs: str, half: str
) -> None:
    wait_for_state(page, "Idle")
    open_board(page, "hallway")
    page.click_button("Enter a PIN …")
    enter_pin(page, "12345670")
    house.say(f"phone Printer {theirs}")
    house.expect("Printer out")
    page.wait_for_text("That was not it", "#flow-title")
    assert f"the PIN is wrong (its {half} half)" in page.text("#flow")
    page.click_button("Try again", "#flow")
    page.wait_for_text("Which PIN does it show?", "#flow-title")
    assert "another device" not in page.text("#flow")  # what the board waits for is ours
    page.key("Escape")
    page.click_button("Enter a PIN …")
    enter_pin(page, "12345670")
    house.say(f"phone Printer {theirs}")
    house.expect("Printer out")
    page.click_button("Give up", "#flow")
    page.wait_for("!document.querySelector('#flow').open")
    page.wait_for_text("Cancelled", "#board-state")


def test_two_operators_at_one_board_are_told_of_each_other(
    browser: Chromium, address: str, page: Page, house: House
) -> None:
    other = browser.page(address)
    for one in (page, other):
        begin_to_let_in(one, "hallway")
        one.click_button("Next", "#flow")
    page.click_button("Open the network", "#flow")
    page.wait_for_text("Now press the WPS button of your device", "#flow-title")
    other.wait_for_text("The board is open for a device at this moment", "#flow")
    other.click_button("Open the network", "#flow")
    other.wait_for_text("Now press the WPS button of your device", "#flow-title")
    other.click_button("Cancel", "#flow")
    page.wait_for_text("Somebody else has cancelled it. Nobody was let in.", "#flow")
    other.wait_for_text("Cancelled", "#flow-title")
    assert "Somebody else" not in other.text("#flow")
    page.key("Escape")
    page.click_button("Enter a PIN …")
    enter_pin(page, "12345670")
    other.click_button("Try again", "#flow")
    other.wait_for_text("The board is open for another device’s PIN now", "#flow")
    other.click_button("Open the network", "#flow")
    page.wait_for_text("Something else was begun", "#flow-title")
    house.say("phone Tablet")
    house.expect("Tablet in")
    other.wait_for_text("has been let in", "#flow")
    assert page.text("#flow-title") == "Something else was begun"
    other.close()


def test_a_broker_that_fell_silent_while_the_computer_slept_is_noticed(
    page: Page, house: House, broker: Broker
) -> None:
    wait_for_state(page, "Idle")
    broker.fall_silent()
    page.ask("void dispatchEvent(new Event('online'))")
    page.wait_for_text("No connection to the broker; trying again", "#connection")
    broker.speak_again()
    page.wait_for_text("Connected to", "#connection")
    page.ask("void document.dispatchEvent(new Event('visibilitychange'))")  # an answer is all that is wanted
    house.say("press")
    house.expect("pressed")
    wait_for_state(page, "Open for one device")
