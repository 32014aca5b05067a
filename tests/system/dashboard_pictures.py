# SPDX-License-Identifier: BSD-3-Clause
"""Makes the pictures of the dashboard in the documents: python -m tests.system.dashboard_pictures docs/images"""

import sys
import tempfile
import time
from pathlib import Path

from tests.system.chromium import Chromium, Page
from tests.system.dashboard_world import Boards, Broker, access_point, iso_time, opened, served

ALL = ["pbc", "cancel", "pin"]
BEGAN = time.time()
TABLET, TELEVISION, PRINTER = "02:00:5e:00:53:11", "02:00:5e:00:53:09", "02:00:5e:00:53:0a"


def ago(seconds: float) -> str:
    """Before this began: what is told twice is told with one time."""
    return iso_time(BEGAN - time.time() - seconds)


def result(kind: str, seconds: float, **fields: str) -> dict[str, dict[str, str | None]]:
    """A last result so many seconds ago."""
    return {"last_result": {"result": kind, "method": "push_button", "at": ago(seconds), **fields}}


def furnish(boards: Boards) -> None:
    """A house of boards."""
    home = [access_point(stations=[TABLET, TELEVISION])]
    boards.online("cellar", state="overlap", method="push_button", **result("overlap", 40))
    boards.online("garage")
    boards.publish("garage/availability", "offline", is_retained=True)
    boards.online("hallway", commands=ALL, access_points=home, **result("timeout", 3 * 3600))
    television = {"station": TELEVISION, "device_name": "Living-room TV"}
    boards.online(
        "living room", commands=ALL, access_points=home, state="success", **result("success", 100, **television)
    )
    request = {"uuid": "1b8b4d9e", "station": PRINTER, "device_name": "Office printer", "at": ago(20)}
    boards.online("office", commands=ALL, access_points=home, pin_requests=[request])
    boards.online("workshop", commands=ALL, access_points=[access_point(stations=[TABLET])])


def live(boards: Boards) -> None:
    """What has happened in the last hour."""
    for node, seconds, event_type, fields in (
        ("hallway", 3300, "push_button_started", {}),
        ("hallway", 3250, "enrolment_succeeded", {"device_name": "Tablet", "station": TABLET}),
        ("office", 2700, "button_pressed", {"gesture": "short"}),
        ("office", 2580, "push_button_ended", {"reason": "timed out"}),
        ("office", 1900, "button_pressed", {"gesture": "short"}),
        ("office", 1860, "enrolment_succeeded", {"device_name": "Scales", "station": PRINTER}),
        ("living room", 140, "button_pressed", {"gesture": "short"}),
        ("living room", 100, "enrolment_succeeded", {"device_name": "Living-room TV", "station": TELEVISION}),
        ("cellar", 60, "button_pressed", {"gesture": "short"}),
        ("cellar", 40, "overlap", {}),
        ("office", 20, "pin_needed", {"device_name": "Office printer", "station": PRINTER}),
        ("workshop", 12, "button_pressed", {"gesture": "short"}),
        ("workshop", 12, "push_button_started", {}),
    ):
        boards.event(node, event_type, **fields, at=ago(seconds), group="main")
    boards.online("workshop", commands=ALL, access_points=[access_point(stations=[TABLET])], **opened(108))


def light_lamps(page: Page) -> None:
    """Every blinking lamp is caught while it is on."""
    page.ask("for (const one of document.getAnimations()) { one.pause(); one.currentTime = 30; }")


def main(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, Chromium(Path(scratch) / "chromium") as browser:
        broker = Broker(Path(scratch) / "broker")
        boards = Boards(broker)
        with served(broker.url) as address:
            desktop = browser.page(address, 1090, 620)
            phone = browser.page(address, 360, 620, prefers_color_scheme="dark")
            for page in (desktop, phone):
                page.wait_for_text("Connected to", "#connection")
            furnish(boards)
            live(boards)
            for page in (desktop, phone):
                page.wait_for_text("workshop open for one device", "#event-list")
            light_lamps(desktop)
            desktop.screenshot(folder / "dashboard.png")
            phone.click("a[href='#board/hallway']")
            phone.click("#admit")
            phone.click_button("Next", "#flow")
            phone.click_button("Open the network", "#flow")
            _, _, values = boards.next_command()
            boards.reply("hallway", values)
            boards.state("hallway", commands=ALL, **opened())
            phone.wait_for_text("Now press the WPS button", "#flow-title")
            phone.wait_for("document.querySelector('#flow .led').dataset.pattern === 'in_progress'")
            light_lamps(phone)
            phone.screenshot(folder / "dashboard-phone.png")
        boards.close()
        broker.end()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
