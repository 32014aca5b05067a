# SPDX-License-Identifier: BSD-3-Clause
"""A browser, a broker, boards and an agent for the dashboard's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.system.chromium import Chromium, Page
from tests.system.dashboard_world import Boards, Broker, House, served


@pytest.fixture(scope="session")
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
