# SPDX-License-Identifier: BSD-3-Clause
"""Our station and our access points, whole, in a simulated air: every way into a network, and every way it fails."""

import asyncio

from tests.pairs.station_world import known_network, world
from tests.unit.jumping_loop import run

from wpsagent.roles.sta import events as report


def test_it_joins_the_network_it_knows() -> None:
    async def scene() -> None:
        async with world([known_network()]) as w:
            await w.add()
            event = await w.until(report.Connected)
            assert await w.is_online()
            print(event, w.now)

    run(scene())


def test_push_button() -> None:
    async def scene() -> None:
        async with world() as w:
            ap = await w.add()
            ap.group.press_button()
            w.do(w.machine.wps_push_button)
            event = await w.until(report.WpsEnded)
            print(w.now, event)
            connected = await w.until(report.Connected)
            print(w.now, connected)
            assert await w.is_online()
            await asyncio.sleep(1)

    run(scene())
