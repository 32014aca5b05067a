# SPDX-License-Identifier: BSD-3-Clause
"""What a person does first on the dashboard, whatever comes then."""

from tests.system.chromium import Page

ALL = ["pbc", "cancel", "pin"]
CARD_STATE = "document.querySelector('.card .state')?.innerText"
PRINTER = {"uuid": "1b8b4d9e-0000-4000-8000-02005e00530a", "station": "02:00:5e:00:53:0a", "device_name": "Printer"}


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
