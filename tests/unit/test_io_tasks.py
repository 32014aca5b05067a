# SPDX-License-Identifier: BSD-3-Clause
"""Work beside everything else: it is held while it lasts, waited for, and ended."""

import asyncio

from wpsagent.io.tasks import Tasks


def test_what_was_begun_is_waited_for_however_it_ends() -> None:
    done: list[str] = []

    async def succeed() -> None:
        await asyncio.sleep(0)
        done.append("done")

    async def fail() -> None:
        raise RuntimeError("it cannot be done")

    async def scenario() -> None:
        tasks = Tasks()
        tasks.begin(succeed(), name="succeeds")
        tasks.begin(fail())
        assert {task.get_name() for task in asyncio.all_tasks()} >= {"succeeds"}
        await tasks.finish()

    asyncio.run(scenario())
    assert done == ["done"]


def test_what_is_cancelled_ends() -> None:
    async def scenario() -> None:
        tasks = Tasks()
        tasks.begin(_for_ever(), name="for ever")
        tasks.cancel()
        await tasks.finish()
        assert "for ever" not in {task.get_name() for task in asyncio.all_tasks()}

    asyncio.run(scenario())


async def _for_ever() -> None:
    await asyncio.Event().wait()
