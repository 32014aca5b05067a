# SPDX-License-Identifier: BSD-3-Clause
"""Keeps something that needs a radio up: brings it up, watches it, brings it up again when the radio comes back.

Its owner may also take it down for a while (`disable`, `enable`) or have it begin anew (`restart`): the watcher does
it, so that nothing is brought up by two at a time.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from dataclasses import fields
from itertools import chain, repeat
from typing import TYPE_CHECKING

from wpsagent.errors import ConfigError, NetlinkError, RadioError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from wpsagent.daemon.hand_over import TakenInterface

logger = logging.getLogger(__name__)

RETRY_DELAYS = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds between attempts to bring it up; the last one repeats."""


def changed_fields(before: "DataclassInstance", after: "DataclassInstance") -> set[str]:
    """The names of what two settings of one kind do not have in common."""
    return {field.name for field in fields(after) if getattr(after, field.name) != getattr(before, field.name)}


class Upkeep(ABC):
    """One thing on one radio, up or down; interface names it."""

    def __init__(self, interface: str) -> None:
        self.interface = interface
        self._lost = asyncio.Event()
        self._is_wanted = asyncio.Event()
        self._is_wanted.set()
        self._hurry = asyncio.Event()
        self._is_begun_anew = False
        self._watcher: asyncio.Task[None] | None = None
        self._reason = ""
        self.taken: TakenInterface | None = None
        """Where its interface is taken from a manager of networks for as long as it is started."""

    async def start(self) -> None:
        """Try to bring it up once, and keep trying from then on; not before `enable` where it is disabled."""
        if self.taken is not None:
            await self.taken.take()
        is_up = self.is_enabled and await self._bring_up()
        if is_up:
            self._tell_started()
        self._watcher = asyncio.create_task(self._watch(is_up), name=f"watch {self.interface}")

    async def stop(self) -> None:
        """Say goodbye and give the radio back."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)
        await self._take_down()
        if self.taken is not None:
            await self.taken.give_back()

    # ---- what its owner wishes

    @property
    def is_enabled(self) -> bool:
        """False from disable to enable."""
        return self._is_wanted.is_set()

    def restart(self) -> None:
        """Take it down and bring it up again, at once."""
        self._is_begun_anew = True
        self._hurry.set()
        self._lost.set()

    def disable(self) -> None:
        """Take it down, and leave it so."""
        self._is_wanted.clear()
        self._lost.set()

    def enable(self) -> None:
        """Bring it up again, at once."""
        self._is_wanted.set()
        self.restart()

    # ---- what it is

    @abstractmethod
    async def _come_up(self) -> None:
        """Bring it up; raises RadioError, NetlinkError or ConfigError, and then leaves nothing behind."""

    @abstractmethod
    async def _take_down(self) -> None:
        """Without effect when it is down."""

    @abstractmethod
    def _tell_started(self) -> None:
        """It is up, for the first time or because somebody wished it."""

    @abstractmethod
    def _tell_recovered(self) -> None:
        """It is up again."""

    def _tell_disabled(self) -> None:
        """It is down because somebody wished it."""
        logger.info("%s: taken down", self.interface)

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
                    if not self.is_enabled:
                        self._tell_disabled()
                await self._bring_up_again()
            except Exception:  # the outermost loop: a bug must not leave it down for ever
                logger.exception("network on %s", self.interface)
            else:
                is_up = True

    async def _bring_up_again(self) -> None:
        for delay in chain(RETRY_DELAYS, repeat(RETRY_DELAYS[-1])):
            await self._pause(delay)
            is_anew = self._is_begun_anew
            if await self._bring_up():
                self._is_begun_anew = False
                self._tell_started() if is_anew else self._tell_recovered()
                return

    async def _pause(self, delay: float) -> None:
        """Until it is time for the next attempt; longer while it is to be down, shorter where somebody waits for it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._hurry.wait()
        await self._is_wanted.wait()
        self._hurry.clear()

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
