# SPDX-License-Identifier: BSD-3-Clause
"""The dashboard in Debian's Chromium, with 2,000 agents on one mosquitto, as it comes, on this machine.

    python -m tests.bench.fleet_dashboard [AGENTS]

press_to_dashboard: from the press of the real agent's button to the frame that shows it, with one board.
fleet_2000_dashboard_open_s: from opening the page until all boards are there.  fleet_2000_dashboard_press_ms: from the
press of one agent to the frame that shows it.  fleet_2000_dashboard_cpu: the share of one processor that the page takes
while 50 agents a second tell something new.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.fleet import COUNT, LOAD_SECONDS, PER_SECOND, PRESSES, Simulator, simulated
from tests.system.chromium import Chromium, Page
from tests.system.dashboard_world import Broker, House, served

PATIENCE = 60.0


def watch_for(page: Page, node: str, words: str) -> None:
    """From now on, until the card of this board shows these words; `seen` in the page is when that was."""
    page.ask(
        f"""void (window.seen = new Promise((tell) => {{
          const look = () => document.querySelector("a[href='#board/{node}']")?.closest('li').textContent
            .includes('{words}') ? tell(Date.now()) : requestAnimationFrame(look);
          look();
        }}))"""
    )


def press_to_dashboard_ms(browser: Chromium, folder: Path, count: int) -> list[float]:
    """With the real agent on a simulated board."""
    broker = Broker(folder / "broker")
    house = House(folder / "house", broker)
    try:
        with served(broker.url) as address:
            page = browser.page(address)
            page.wait_for_text("hallway", ".card")
            found = []
            for number in range(count):
                watch_for(page, "hallway", "Open for one device")
                house.say("press")
                pressed = float(house.expect("pressed"))
                found.append(page.ask("window.seen") - pressed)
                house.say(f"phone phone{number}")
                house.expect(f"phone{number} in")
                page.wait_for_text(f"Let in: phone{number}", ".card")
            page.close()
            return found
    finally:
        house.close()
        broker.end()


def open_s(browser: Chromium, address: str, count: int) -> tuple[Page, float]:
    page = browser.page(address)
    page.wait_for(f"document.querySelector('#summary').innerText.startsWith('{count} boards')", PATIENCE)
    return page, page.ask("performance.now()") / 1000


def press_ms(page: Page, simulator: Simulator, count: int) -> list[float]:
    """Presses of agents all over the fleet, one after the other."""
    found = []
    for turn in range(PRESSES):
        number = turn * count // PRESSES
        watch_for(page, f"board-{number:04}", "Open for one device")
        simulator.say(f"press {number}")
        pressed = float(simulator.answer("pressed"))
        found.append(page.ask("window.seen") - pressed)
        simulator.say(f"end {number}")
    return found


def cpu(page: Page, simulator: Simulator) -> float:
    """Percent of one processor that the page's own thread takes under load."""
    page.call("Performance.enable")
    before = busy_s(page)
    simulator.say(f"load {PER_SECOND} {LOAD_SECONDS}")
    simulator.answer("loaded")
    return 100 * (busy_s(page) - before) / LOAD_SECONDS


def busy_s(page: Page) -> float:
    metrics = page.call("Performance.getMetrics")["metrics"]
    return float(next(one["value"] for one in metrics if one["name"] == "ThreadTime"))


def measure(runs: int, count: int = COUNT) -> dict[str, dict[str, list[float]]]:
    """By metric; there is nobody to compare with."""
    with tempfile.TemporaryDirectory() as name, Chromium(Path(name) / "chromium") as browser:
        single = press_to_dashboard_ms(browser, Path(name), runs)
        with simulated(count) as (broker, simulator), served(broker.url) as address:
            opened = []
            for _ in range(runs):
                page, took = open_s(browser, address, count)
                opened.append(took)
                page.close()
            page, _ = open_s(browser, address, count)
            presses = press_ms(page, simulator, count)
            share = cpu(page, simulator)
            page.close()
    return {
        "press_to_dashboard": {"ours": single},
        "fleet_2000_dashboard_open_s": {"ours": opened},
        "fleet_2000_dashboard_press_ms": {"ours": presses},
        "fleet_2000_dashboard_cpu": {"ours": [share]},
    }


def main(arguments: Sequence[str]) -> None:
    for name, kinds in measure(5, int(arguments[0]) if arguments else COUNT).items():
        values = kinds["ours"]
        print(f"{name:32}{statistics.median(values):10.3f}   worst {max(values):.3f}, {len(values)} runs")


if __name__ == "__main__":
    main(sys.argv[1:])
