# SPDX-License-Identifier: BSD-3-Clause
"""Keeps something that needs a radio up: brings it up, watches it, brings it up again when the radio comes back."""

import asyncio
import logging
from abc import ABC, abstractmethod
from itertools import chain, repeat

from wpsagent.errors import ConfigError, NetlinkError, RadioError

logger = logging.getLogger(__name__)

RETRY_DELAYS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between attempts to bring it up; the last one repeats."""


class Upkeep(ABC):
    """One thing on one radio, up or down; interface names it."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self._lost = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self._reason = ""

    async def start(self) -> None:
        """Try to bring it up once, and keep trying from then on."""
        is_up = await self._bring_up()
        if is_up:
            self._tell_started()
        self._watcher = asyncio.create_task(self._watch(is_up), name=f"watch {self.interface}")

    async def stop(self) -> None:
        """Say goodbye and give the radio back."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await self._take_down()

    # ---- what it is

    @abstractmethod
    async def _come_up(self) -> None:
        """Bring it up; raises RadioError, NetlinkError or ConfigError, and then leaves nothing behind."""

    @abstractmethod
    async def _take_down(self) -> None:
        """Without effect when it is down."""

    @abstractmethod
    def _tell_started(self) -> None:
        """It is up for the first time."""

    @abstractmethod
    def _tell_recovered(self) -> None:
        """It is up again."""

    @abstractmethod
    def _tell_failed(self, reason: str) -> None:
        """It cannot be brought up; told once for each reason, not with every attempt."""

    # ---- how it is kept up

    async def _watch(self, is_up: bool) -> None:
        """Wait until it is lost; then try until it is back."""
        while True:
            try:
                if is_up:
                    await self._lost.wait()
                    is_up = False
                    await self._take_down()
                await self._bring_up_again()
            except Exception:  # the outermost loop: a bug must not leave it down for ever
                logger.exception("network on %s", self.interface)
            else:
                is_up = True

    async def _bring_up_again(self) -> None:
        for delay in chain(RETRY_DELAYS, repeat(RETRY_DELAYS[-1])):
            await asyncio.sleep(delay)
            if await self._bring_up():
                self._tell_recovered()
                return

    async def _bring_up(self) -> bool:
        """True when it is up; otherwise nothing is left of the attempt, and why is told."""
        self._lost.clear()
        try:
            await self._come_up()
        except (RadioError, NetlinkError, ConfigError) as error:
            reason = str(error)
            if reason != self._reason:
                self._reason = reason
                self._tell_failed(reason)
            return False
        self._reason = ""
        return True
