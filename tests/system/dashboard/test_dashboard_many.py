# SPDX-License-Identifier: BSD-3-Clause
"""Many boards on the dashboard: their order, and 2,000 of them."""

from pathlib import Path
from statistics import median

from tests.system.chromium import Chromium, Page
from tests.system.dashboard_steps import ALL, PRINTER
from tests.system.dashboard_world import (
    Boards,
    Broker,
    iso_time,
    opened,
    served,
)


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
