# SPDX-License-Identifier: BSD-3-Clause
"""What a person asks of a board on the dashboard, step by step, and what the board answers."""

from tests.system.chromium import Page
from tests.system.dashboard_steps import ALL, PRINTER, begin_to_let_in, open_board, wait_for_state
from tests.system.dashboard_world import (
    Boards,
    Broker,
    access_point,
    iso_time,
    opened,
)

from wpsagent.wsc.pin import PinCheck, check_pin


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
    boards.event(
        *("attic", "enrolment_failed"), reason="the PIN is wrong", configuration_error=18, station=PRINTER["station"]
    )
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


def test_a_pin_that_is_waited_for_can_be_entered_with_one_tap(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL, pin_requests=[{**PRINTER, "at": iso_time()}])
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    page.click("#pin-list button")
    page.wait_for_text("For Printer (02:00:5e:00:53:0a).", "#flow")
    page.click("#flow [name=pin]")
    page.type("1234")
    boards.state("attic", commands=ALL)  # it waits no longer; nothing is taken out of the person's hand
    page.wait_for("!document.querySelector('#pins').checkVisibility()")
    page.key("Enter")
    _, command, values = boards.next_command()
    assert (command, values["pin"], values["uuid"]) == ("pin", "1234", PRINTER["uuid"])
    boards.reply("attic", values)
    boards.state("attic", commands=ALL, **opened(120, "pin"))
    page.wait_for_text("Now start WPS on your device", "#flow-title")
    boards.event(
        *("attic", "enrolment_failed"), reason="the PIN is wrong", configuration_error=18, station="02:00:5e:00:53:77"
    )
    page.wait_for_text("A try of 02:00:5e:00:53:77 failed: the PIN is wrong.", "#flow")  # somebody else's
    boards.event(
        "attic", "enrolment_failed", reason="the PIN is wrong", configuration_error=18, station=PRINTER["station"]
    )
    page.wait_for_text("Printer (02:00:5e:00:53:0a): the PIN is wrong.", "#flow")
    boards.state("attic", commands=ALL, state="error")
    page.click_button("Try again", "#flow")
    page.wait_for_text("Which PIN does it show?", "#flow-title")


def test_a_pin_for_which_nobody_came_is_entered_again_and_not_pressed(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL)
    begin_to_let_in(page, "attic")
    page.click("#flow label:has([value=pin])")
    page.click_button("Next", "#flow")
    page.click_button("Back", "#flow")
    page.wait_for_text("Step 1 of 3", "#flow")
    page.click("#flow label:has([value=pin])")
    page.click_button("Next", "#flow")
    page.click("#flow [name=pin]")
    page.type("12345670")
    page.key("Enter")
    _, _, values = boards.next_command()
    boards.reply("attic", values)
    boards.state("attic", commands=ALL, **opened(120, "pin"))
    page.wait_for_text("Now start WPS on your device", "#flow-title")
    boards.state("attic", commands=ALL, state="timeout")
    page.wait_for_text("Nobody came", "#flow-title")
    assert "enter the PIN once more" in page.text("#flow")
    assert "button" not in page.text("#flow .advice")


def test_a_board_that_goes_away_meanwhile_is_told(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL)
    begin_to_let_in(page, "attic")
    page.click_button("Next", "#flow")
    page.click_button("Open the network", "#flow")
    _, _, values = boards.next_command()
    boards.reply("attic", values)
    boards.state("attic", commands=ALL, **opened())
    page.wait_for_text("Now press the WPS button of your device", "#flow-title")
    boards.publish("attic/availability", "offline", is_retained=True)
    page.wait_for_text("The board has lost its connection; if it has power it goes on by itself.", "#flow")
    boards.publish("attic/availability", "online", is_retained=True)
    page.wait_for("!document.querySelector('#flow').innerText.includes('lost its connection')")
    boards.state("attic", commands=ALL, state="success")
    page.wait_for_text("It is in", "#flow-title")


def test_where_pins_are_not_taken_it_says_why_and_how(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=["pbc"], pin_requests=[{**PRINTER, "at": iso_time()}])
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    page.wait_for_text("Printer", "#pin-list")
    page.wait_for_text("This board takes no PINs from afar.", "#actions-note")
    assert 'commands = […, "pin"] in [mqtt]' in page.text("#actions-note")
    boards.state("attic")
    page.wait_for_text('commands = ["pbc", "cancel", "pin"] in [mqtt]', "#actions-note")
