# SPDX-License-Identifier: BSD-3-Clause
"""Hands what Wi-Fi Protected Setup teaches a station to whoever manages the networks here, with the interface.

The interface is the manager's; a station with a keeper has it only from the press of its button (or any other WPS
command) to the end: a network that was learnt and joined is handed over, and after a run that brought none the
interface is given back.  Where no manager has the interface when the agent starts, the station has it as others do.

Whatever the manager refuses, or does not do in time, is told, and the station stays connected, or is again.  A mark in
the state folder says that an interface was taken, so that an agent that was killed gives it back when it is started.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wpsagent.daemon.learning import Learning
from wpsagent.errors import RadioError, UsageError
from wpsagent.io.hand_over.choice import Choice, Place, choose
from wpsagent.io.hand_over.manager import HandOverError, LearntNetwork, Manager
from wpsagent.io.hand_over.network_manager import NetworkManager
from wpsagent.io.tasks import Tasks
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.network import Network
from wpsagent.status import events as e
from wpsagent.status import station_events as s

if TYPE_CHECKING:
    from wpsagent.daemon.station import Station
    from wpsagent.roles.sta.machine import StationMachine

logger = logging.getLogger(__name__)

UP_LIMIT = 10.0
"""Seconds that the radio of an interface that was fetched may take to be there."""
JOIN_LIMIT = 60.0
"""Seconds that our station has to join what it was taught."""
CLOSING_LIMIT = 5.0
"""Seconds that giving back may take when the agent ends."""

Report = Callable[[e.AgentEvent], None]
ChooseManager = Callable[[str, Place], Awaitable[Choice]]


class Mark:
    """A file that says that an interface was taken from its manager; one that cannot be written is told in the log."""

    def __init__(self, state_directory: str, interface: str) -> None:
        self._path = Path(state_directory) / f"{interface}.taken"

    def __bool__(self) -> bool:
        return self._path.exists()

    def set(self) -> None:
        with _told():
            self._path.parent.mkdir(0o700, parents=True, exist_ok=True)
            self._path.touch(0o600)

    def remove(self) -> None:
        with _told():
            self._path.unlink(missing_ok=True)


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        logger.warning("an interface may stay ours after a crash: %s", error)


class Keeper:
    """Says when a station has its interface."""

    def __init__(
        self, station: "Station", report: Report, state_directory: str, choose_manager: ChooseManager = choose
    ) -> None:
        self._station = station
        self._interface = station.interface
        self._report = report
        self._choose_manager = choose_manager
        self._mark = Mark(state_directory, station.interface)
        self._learning = Learning()
        self._lender: Manager | None = None  # whom the interface belongs to, whether it was fetched or not
        self._is_lent = False
        self._is_run_open = False
        self._is_paused = False
        self._is_in_doubt = False
        self._told_choice = ""
        self._lock = asyncio.Lock()
        self._tasks = Tasks()
        self._timer: asyncio.TimerHandle | None = None

    @property
    def owner(self) -> str | None:
        """Who has the interface instead of the station; None while the station may have it."""
        return self._lender.title if self._lender is not None and self._is_lent else None

    # ---- the station's life

    def start(self) -> None:
        """Before the station is started: it waits until it is known whose the interface is."""
        self._is_paused = False
        self._station.disable()
        self._run(self._begin())

    async def pause(self) -> None:
        """Before the station is stopped: nothing is handed over any more."""
        self._is_paused = True
        self._stop_timer()
        self._tasks.cancel()
        await self._tasks.finish()

    async def close(self) -> None:
        """After the station was stopped: the interface is given back."""
        if self._lender is not None and not self._is_lent:
            with suppress(TimeoutError):
                async with asyncio.timeout(CLOSING_LIMIT):
                    await self._give_back(self._lender)

    async def _begin(self) -> None:
        try:
            manager = await self._choose()
            if manager is not None and self._mark:
                await self._give_back(manager)
                return
            if manager is not None and await manager.holds(self._interface):
                self._is_the_managers(manager)
                return
        except HandOverError as error:
            self._failed(error)
        self._station.enable()

    def doubt(self) -> None:
        """The radio is gone, or did not come up: the manager may have begun, or begun anew, meanwhile."""
        self._is_in_doubt = True

    async def check(self) -> None:
        """Before the station comes up; raises RadioError where the interface is its manager's by now."""
        if not self._is_in_doubt:
            return
        self._is_in_doubt = False
        is_fetched = self._lender is not None and not self._is_lent and self._lock.locked()
        try:
            manager = self._lender if is_fetched else await self._choose()
            if manager is None or not await manager.holds(self._interface):
                return
            if is_fetched:
                await manager.take(self._interface)  # again: one that has begun anew does not remember
                return
        except HandOverError as error:
            logger.debug("%s: whose is it? %s", self._interface, error)
            return
        self.start()
        raise RadioError(f"{manager.title} has it by now")

    async def _choose(self) -> Manager | None:
        """The manager as things are now; raises HandOverError."""
        settings = self._station.settings
        place = Place(self._interface, settings.supplicant_directory, settings.networks_file)
        choice = await self._choose_manager(settings.hand_over.value, place)
        text = choice.reason if choice.manager is None else f"hands over to {choice.manager.title}: {choice.reason}"
        if text != self._told_choice:
            logger.info("%s: %s", self._interface, text)
            self._told_choice = text
        return choice.manager

    # ---- borrowing

    def fetch(self, begin: "Callable[[StationMachine, float], object]") -> None:
        """Fetch the interface and begin WPS then; raises UsageError while it changes hands."""
        if self._lock.locked():
            raise UsageError(f"{self._interface} changes hands right now: try again in a moment")
        if self._lender is None or not self._is_lent:
            self._station.act(begin)
        else:
            self._run(self._fetch(self._lender, begin))

    async def _fetch(self, manager: Manager, begin: "Callable[[StationMachine, float], object]") -> None:
        try:
            self._mark.set()
            await manager.take(self._interface)
        except HandOverError as error:
            self._failed(error)
            self._report(s.StationWpsRefused(self._interface, str(error)))
            await self._give_back(manager)
            return
        self._is_lent = False
        self._report(s.InterfaceTaken(self._interface, manager.title))
        self._station.enable()
        try:
            async with asyncio.timeout(UP_LIMIT):
                await self._station.until_up()
            self._station.act(begin)
        except (TimeoutError, UsageError) as error:
            reason = str(error) or f"{self._interface} did not come up within {UP_LIMIT:g} s"
            self._report(s.StationWpsRefused(self._interface, reason))
            await self._let_go(manager)

    async def _let_go(self, manager: Manager) -> None:
        """The station is down, and the manager has the interface."""
        self._station.disable()
        await self._station.until_down()
        await self._give_back(manager)

    async def _give_back(self, manager: Manager) -> None:
        """What cannot be given back stays ours, and is told."""
        self._lender = manager
        try:
            await manager.give(self._interface)
        except HandOverError as error:
            self._failed(error)
            self._is_lent = False
            self._station.enable()
            return
        self._is_the_managers(manager)

    def _is_the_managers(self, manager: Manager) -> None:
        self._lent(manager)
        self._report(s.InterfaceGivenBack(self._interface, manager.title))

    def _lent(self, manager: Manager) -> None:
        self._lender, self._is_lent = manager, True
        self._mark.remove()

    # ---- what the station reports

    def observe(self, event: sta.StationReport) -> None:
        """In its place, before everybody else hears what became of it."""
        if self._is_paused:
            return
        network = self._learning.hear(event, self._station.networks)
        if network is not None:
            self._stop_timer()
            self._run(self._hand_over(network))
        elif isinstance(event, sta.StationLost):
            self.doubt()
        elif isinstance(event, sta.WpsStarted):
            self._is_run_open = True
            self._stop_timer()
        elif isinstance(event, sta.WpsEnded):
            self._is_run_open = False
            self._run_ended()

    def _run_ended(self) -> None:
        if self._learning.is_awaited:
            self._timer = asyncio.get_running_loop().call_later(JOIN_LIMIT, self._did_not_join)
        else:
            self._run(self._after_run())

    def _did_not_join(self) -> None:
        self._learning.forget()
        self._failed(HandOverError(f"what WPS taught could not be joined within {JOIN_LIMIT:g} s"))
        self._run(self._after_run())

    async def _after_run(self) -> None:
        """Nothing came of it: the interface is its manager's again, unless another run has begun meanwhile."""
        if self._lender is not None and not self._is_lent and not self._is_run_open:
            await self._let_go(self._lender)

    # ---- handing over

    async def _hand_over(self, network: Network) -> None:
        try:
            manager = await self._choose()
            if manager is None:
                return
            learnt = learnt_network(network)
            await manager.store(self._interface, learnt)  # our connection goes on meanwhile
            if not self._is_run_open:
                await self._change_hands(manager, learnt)
        except HandOverError as error:
            self._failed(error)

    async def _change_hands(self, manager: Manager, network: LearntNetwork) -> None:
        self._station.disable()
        await self._station.until_down()
        try:
            await manager.give(self._interface, network)
        except HandOverError:
            with suppress(HandOverError):  # the first one is told
                await manager.take(self._interface)
            self._station.enable()
            raise
        self._lent(manager)
        self._report(s.HandedOver(self._interface, manager.title, network.ssid))

    # ---- the rest

    def _failed(self, error: HandOverError) -> None:
        title = self._lender.title if self._lender is not None else self._station.settings.hand_over.value
        self._report(s.HandOverFailed(self._interface, title, str(error)))

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        """One after the other."""
        self._tasks.begin(self._locked(work), name=f"hand-over of {self._interface}")

    async def _locked(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            async with self._lock:
                await work
        except Exception:  # the outermost loop: a bug must not leave the station down
            logger.exception("hand-over of %s", self._interface)
            self._station.enable()
        finally:
            work.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class TakenInterface:
    """An interface that NetworkManager leaves to us while the agent runs."""

    def __init__(self, interface: str, report: Report, state_directory: str, manager: Manager | None = None) -> None:
        self._interface = interface
        self._report = report
        self._mark = Mark(state_directory, interface)
        self._manager = manager or NetworkManager()

    async def take(self) -> None:
        """What goes wrong is told; the interface is tried all the same."""
        try:
            if await self._manager.holds(self._interface):
                self._mark.set()
                await self._manager.take(self._interface)
                self._report(s.InterfaceTaken(self._interface, self._manager.title))
        except HandOverError as error:
            self._report(s.HandOverFailed(self._interface, self._manager.title, str(error)))

    async def give_back(self) -> None:
        """What goes wrong is told, and tried again when the agent has been started again and ends."""
        if not self._mark:
            return
        try:
            async with asyncio.timeout(CLOSING_LIMIT):
                await self._manager.give(self._interface)
        except (HandOverError, TimeoutError) as error:
            reason = str(error) or f"it did not answer within {CLOSING_LIMIT:g} s"
            self._report(s.HandOverFailed(self._interface, self._manager.title, reason))
            return
        self._mark.remove()
        self._report(s.InterfaceGivenBack(self._interface, self._manager.title))


def learnt_network(network: Network) -> LearntNetwork:
    """As managers need it; raises HandOverError for what they cannot be told."""
    if network.passphrase is None and network.psk is None and "NONE" not in network.key_management:
        raise HandOverError(f"{network.ssid} has no passphrase: it stays our station's own")
    return LearntNetwork(
        network.ssid, network.passphrase, network.psk, "SAE" in network.key_management, network.scan_ssid
    )
