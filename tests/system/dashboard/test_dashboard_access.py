# SPDX-License-Identifier: BSD-3-Clause
"""The dashboard by keyboard, with a screen reader, on a narrow screen."""

import json
from typing import Any

import pytest
from tests.system.chromium import SHIFT, Chromium, Page
from tests.system.dashboard_steps import ALL, PRINTER, begin_to_let_in, open_board, wait_for_state
from tests.system.dashboard_world import (
    Boards,
    access_point,
    iso_time,
    opened,
)


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
    for name in ("LED: blinking, 200 ms on, 100 ms off", "Time left", "Enter its PIN … (Printer)"):
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


def test_the_push_button_works_with_the_keyboard_alone(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL)
    page.wait_for_text("1 board", "#summary")
    page.key("Tab")
    page.tab_to("attic")
    page.key("Enter")
    page.wait_for("document.activeElement.id === 'board-name'")
    page.tab_to("Let a device in …")
    page.key("Enter")
    for title, button in (("Let a device in", "Next"), ("Is your device at hand?", "Open the network")):
        page.wait_for_text(title, "#flow-title")
        page.wait_for("document.activeElement.id === 'flow-title'")
        page.tab_to(button, 4)
        page.key("Enter")
    _, _, values = boards.next_command()
    boards.reply("attic", values)
    boards.state("attic", commands=ALL, **opened())
    page.wait_for_text("Now press the WPS button of your device", "#flow-title")
    page.wait_for("document.activeElement.id === 'flow-title'")
    page.tab_to("Cancel", 3)
    page.key("Space")
    _, command, values = boards.next_command()
    boards.reply("attic", values)
    boards.state("attic", commands=ALL, state="cancelled")
    page.wait_for_text("Cancelled", "#flow-title")
    assert command == "cancel"
    page.tab_to("Close", 4)
    page.key("Enter")
    page.wait_for("document.activeElement.id === 'admit'")


def test_a_screen_reader_is_not_told_of_every_second(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL)
    begin_to_let_in(page, "attic")
    page.click_button("Next", "#flow")
    page.click_button("Open the network", "#flow")
    _, _, values = boards.next_command()
    boards.reply("attic", values)
    boards.state("attic", commands=ALL, **opened())
    page.wait_for_text("Now press the WPS button of your device", "#flow-title")
    page.ask(
        """void (window.told = 0, document.querySelectorAll('[role=status], [role=alert], [aria-live]').forEach(
          (one) => new MutationObserver(() => (told += 1)).observe(one, { subtree: true, childList: true })))"""
    )
    page.wait_for("/^(1:5[0-6]|1:[0-4]\\d) left$/.test(document.querySelector('#flow .time').innerText.trim())")
    assert page.ask("told") == 0
    assert page.focused() == "Now press the WPS button of your device"


def test_what_is_seen_on_a_button_is_in_the_name_that_is_spoken(page: Page, boards: Boards) -> None:
    boards.online("attic", commands=ALL, pin_requests=[{**PRINTER, "at": iso_time()}])
    wait_for_state(page, "Idle")
    open_board(page, "attic")
    named = "[...document.querySelectorAll('button[aria-label]')].filter((b) => b.checkVisibility())"
    assert page.ask(f"{named}.length") == 1
    assert page.ask(f"{named}.every((b) => b.getAttribute('aria-label').includes(b.innerText))")


def test_what_scrolls_can_be_scrolled_by_keys(page: Page, boards: Boards) -> None:
    boards.online("attic")
    wait_for_state(page, "Idle")
    for _ in range(40):
        boards.event("attic", "button_pressed", gesture="short")
    page.wait_for("document.querySelectorAll('#event-list li').length === 40")
    assert page.ask(
        "document.querySelector('#event-list').scrollHeight > document.querySelector('#event-list').clientHeight"
    )
    assert page.ask("document.querySelector('#event-list').tabIndex") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_stands_out_from_what_is_behind_it(browser: Chromium, address: str, scheme: str) -> None:
    """4.5 to 1 (WCAG 2.2, 1.4.3)."""
    page = browser.page(address, prefers_color_scheme=scheme)
    pairs = [(ink, behind) for ink in ("ink", "quiet", "accent") for behind in ("page", "surface", "chosen")]
    pairs += [
        ("good", "surface"),
        ("bad", "surface"),
        ("warn", "surface"),
        ("warn", "warn-page"),
        ("on-accent", "accent"),
    ]
    ratios = page.ask(
        f"""{json.dumps(pairs)}.map((pair) => {{
          const light = (name) => {{
            const colour = getComputedStyle(document.documentElement).getPropertyValue('--' + name).trim();
            const parts = [1, 3, 5].map((i) => parseInt(colour.slice(i, i + 2), 16) / 255);
            const [r, g, b] = parts.map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
            return 0.2126 * r + 0.7152 * g + 0.0722 * b + 0.05;
          }};
          const [a, b] = pair.map(light);
          return Math.max(a, b) / Math.min(a, b);
        }})"""
    )
    page.close()
    assert [(pair, ratio) for pair, ratio in zip(pairs, ratios, strict=True) if not ratio >= 4.5] == []


def test_letters_of_twice_the_size_still_make_words(browser: Chromium, address: str, boards: Boards) -> None:
    boards.online("attic", commands=ALL, pin_requests=[{**PRINTER, "at": iso_time()}])
    page = browser.page(address, 360, 740)
    page.ask("void (document.documentElement.style.fontSize = '200%')")
    page.wait_for_text("Connected to", "#connection")
    page.click(".card a")
    page.wait_for("document.querySelector('#pin-list button').checkVisibility()")
    assert page.ask("document.documentElement.scrollWidth") <= 360
    for words in ("#connection", "#pin-list li > div", "#board-name"):
        assert page.ask(f"document.querySelector('{words}').getBoundingClientRect().width") >= 140
    page.close()
