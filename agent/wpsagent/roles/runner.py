# SPDX-License-Identifier: BSD-3-Clause
"""Runs access points and stations on their radios: the only part of the roles that knows an event loop.

`RadioRunner` joins one machine to one radio: events go in, commands are executed strictly in order, and one timer
stands for the machine's deadline; `AccessPointRunner` and `roles.sta.runner.StationRunner` are its two kinds.
`ButtonGroup` joins the runners of all BSSes that share a button to the one registrar that they share.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, cast

from wpsagent.dot11.frames import ReasonCode
from wpsagent.errors import NetlinkError, RadioError
from wpsagent.octets import MacAddress
from wpsagent.ports import (
    AccessPointRadio,
    CommandFailed,
    RadioCommand,
    RadioEvent,
    SendFrame,
    StationCommand,
)
from wpsagent.roles.access_point import AccessPoint
from wpsagent.roles.events import ApEvent
from wpsagent.wsc.internal_registrar import InternalRegistrar, InternalRegistrarEvent, SelectedRegistrarChanged

logger = logging.getLogger(__name__)

_Command = TypeVar("_Command")
_Event = TypeVar("_Event")
_Report = TypeVar("_Report")
_Taken_contra = TypeVar("_Taken_contra", contravariant=True)
_Given_co = TypeVar("_Given_co", covariant=True)

GOODBYE_TIMEOUT = 5.0
"""Seconds a radio has at the end to carry out what still waits."""

MAXIMUM_WAITING = 512
"""Commands waiting for a radio; beyond them frames are lost, as they are on a busy channel, and nothing else is."""


class Timer:
    """One pending call on the loop, moved whenever the machine's deadline moves."""

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._handle: asyncio.TimerHandle | None = None
        self._is_closed = False

    def set(self, deadline: float | None) -> None:
        """Call at a time of the loop's clock, or not at all."""
        if self._handle is not None:
            if self._handle.when() == deadline:
                return
            self._handle.cancel()
            self._handle = None
        if deadline is not None and not self._is_closed:
            self._handle = asyncio.get_running_loop().call_at(deadline, self._fire)

    def close(self) -> None:
        """Never call again, whatever deadline is set."""
        self.set(None)
        self._is_closed = True

    def _fire(self) -> None:
        self._handle = None
        self._call()


class Machine(Protocol[_Command, _Taken_contra, _Given_co]):
    """One role on one radio: events in, commands and reports out; the door of every machine."""

    is_started: bool

    def start(self, now: float) -> None: ...
    def stop(self, now: float) -> None: ...
    def receive(self, event: _Taken_contra | CommandFailed, now: float) -> None: ...
    def messages_to_send(self) -> list[_Command]: ...
    def next_event(self) -> _Given_co | None: ...
    @property
    def deadline(self) -> float | None: ...
    def handle_timer(self, now: float) -> None: ...


class Radio(Protocol[_Taken_contra, _Given_co]):
    """What `ports.AccessPointRadio` and `ports.StationRadio` have in common."""

    interface: str

    def set_handler(self, handler: Callable[[_Given_co], None]) -> None: ...
    def send_now(self, command: _Taken_contra) -> bool: ...
    async def execute(self, command: _Taken_contra) -> None: ...
    async def close(self) -> None: ...


class RadioRunner(Generic[_Command, _Event, _Report]):
    """One machine on one radio.

    on_events(events) gets what the machine reports.  A command that the radio refuses comes back to the machine as
    CommandFailed, in its place in the order.
    """

    may_be_lost: tuple[type, ...] = ()
    """Commands that are dropped where too many wait."""

    def __init__(
        self,
        machine: Machine[_Command, _Event, _Report],
        radio: Radio[_Command, _Event],
        on_events: Callable[[Sequence[_Report]], None],
    ) -> None:
        self.machine = machine
        self.radio = radio
        self._on_events = on_events
        self._commands: asyncio.Queue[_Command] = asyncio.Queue()
        self._unfinished = 0  # commands in the queue, and the one that is being executed
        self._timer = Timer(self._deadline_reached)
        self._worker: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the machine; raises RadioError or NetlinkError when the radio refuses what it cannot do without."""
        self.radio.set_handler(self._received)
        self.machine.start(asyncio.get_running_loop().time())
        await self._begin()
        self._worker = asyncio.create_task(self._execute(), name=f"radio {self.radio.interface}")
        self.pump()

    async def _begin(self) -> None:
        """What must be done before anything else; nothing, as a rule."""

    async def stop(self) -> None:
        """Let the machine say goodbye, give the radio back.  Safe to call twice.

        The radio is given back even if the caller is cancelled meanwhile.
        """
        try:
            await self.release()
        finally:
            await self.radio.close()

    async def release(self) -> None:
        """Let the machine say goodbye, and leave the radio to whoever takes it next."""
        worker, self._worker = self._worker, None
        try:
            if worker is not None:
                self.machine.stop(asyncio.get_running_loop().time())
                self.pump()
                async with asyncio.timeout(GOODBYE_TIMEOUT):
                    await self._commands.join()
        except TimeoutError:
            logger.warning("%s: the radio took too long over our goodbye", self.radio.interface)
        finally:
            if worker is not None:
                worker.cancel()
                await asyncio.wait((worker,))
            self._timer.close()

    def pump(self) -> None:
        """Carry out what the machine wants now; called after everything that may have changed it."""
        for command in self.machine.messages_to_send():
            self._give(command)
        self._timer.set(self.machine.deadline)
        self._on_events(list(iter(self.machine.next_event, None)))

    def _give(self, command: _Command) -> None:
        """A frame that need not wait goes out before anything else is done, the events of its step included."""
        if self._unfinished == 0 and self._worker is not None and self.radio.send_now(command):
            return
        if self._commands.qsize() < MAXIMUM_WAITING or not isinstance(command, self.may_be_lost):
            self._unfinished += 1
            self._commands.put_nowait(command)

    def _received(self, event: _Event | CommandFailed) -> None:
        self.machine.receive(event, asyncio.get_running_loop().time())
        self.pump()

    def _deadline_reached(self) -> None:
        self.machine.handle_timer(asyncio.get_running_loop().time())
        self.pump()

    async def _execute(self) -> None:
        while True:
            command = await self._commands.get()
            try:
                await self._carry_out(command)
            except Exception:  # the outermost loop: a bug costs one command, not the network
                logger.exception("%s: %s", self.radio.interface, type(command).__name__)
            finally:
                self._unfinished -= 1
                self._commands.task_done()

    async def _carry_out(self, command: _Command) -> None:
        try:
            await self.radio.execute(command)
        except (RadioError, NetlinkError) as error:
            logger.debug("%s: %s refused: %s", self.radio.interface, type(command).__name__, error)
            # Every command of a role is one of these; the type variable cannot say so.
            self._received(CommandFailed(cast("RadioCommand | StationCommand", command), str(error)))


class AccessPointRunner(RadioRunner[RadioCommand, RadioEvent, ApEvent]):
    """One access point on one radio; its start fails where the radio refuses to beacon."""

    machine: AccessPoint
    radio: AccessPointRadio
    may_be_lost = (SendFrame,)

    def __init__(
        self, machine: AccessPoint, radio: AccessPointRadio, on_events: Callable[[Sequence[ApEvent]], None]
    ) -> None:
        super().__init__(machine, radio, on_events)
        self._pumped = asyncio.Event()

    async def _begin(self) -> None:
        for command in self.machine.messages_to_send():
            await self.radio.execute(command)

    def disconnect(
        self, address: MacAddress, reason_code: int = ReasonCode.LEAVING_NETWORK_DEAUTH, *, is_for_good: bool = True
    ) -> None:
        """Send a station away; it need not authenticate again unless it is for good."""
        call = self.machine.disconnect if is_for_good else self.machine.disassociate
        call(address, asyncio.get_running_loop().time(), reason_code)
        self.pump()

    async def switch_channel(self, frequency_mhz: int, count: int) -> None:
        """Move, as AccessPoint.switch_channel does; returns when it is there.  Raises RadioError when it cannot be."""
        self.machine.switch_channel(frequency_mhz, asyncio.get_running_loop().time(), count)
        self.pump()
        while self.machine.is_moving:
            self._pumped.clear()
            await self._pumped.wait()
        await self._commands.join()  # where it could not be announced: stopped there and started here
        if not self.machine.is_started or self.machine.parameters.frequency_mhz != frequency_mhz:
            raise RadioError(f"{self.radio.interface} could not go to {frequency_mhz} MHz")

    def pump(self) -> None:
        super().pump()
        self._pumped.set()


class ButtonGroup:
    """The access points that share a button, and the registrar they share.

    Only this class drains the registrar: on_registrar_events gets all its events but SelectedRegistrarChanged, which
    renews every beacon of the group.
    """

    def __init__(
        self, registrar: InternalRegistrar, on_registrar_events: Callable[[Sequence[InternalRegistrarEvent]], None]
    ) -> None:
        self.registrar = registrar
        self.runners: list[AccessPointRunner] = []
        self._on_registrar_events = on_registrar_events
        self._timer = Timer(self._deadline_reached)

    def press_button(self) -> None:
        """Open the push-button window; raises OverlapError (after the event that tells it)."""
        try:
            self.registrar.press_button(asyncio.get_running_loop().time())
        finally:
            self.pump()

    def add_pin(
        self, pin: bytes, uuid_e: bytes | None = None, timeout: float = 0, address: MacAddress | None = None
    ) -> None:
        """Accept an enrollee's PIN; timeout in seconds, 0 for no limit."""
        now = asyncio.get_running_loop().time()
        self.registrar.add_pin(pin, now, uuid_e=uuid_e, timeout=timeout, address=address)
        self.pump()

    def cancel(self) -> None:
        """End every run in progress and the window, which has the last word: cancelled, not failed."""
        now = asyncio.get_running_loop().time()
        for runner in self.runners:
            runner.machine.cancel_wps(now)
            runner.pump()
        self.registrar.cancel(now)
        self.pump()

    def withdraw(self) -> None:
        """The device that was meant has been served in another group: close the window, if it is open."""
        self.registrar.withdraw(asyncio.get_running_loop().time())
        self.pump()

    @property
    def would_refuse_press(self) -> bool:
        """True while a press would be an overlap."""
        return self.registrar.would_refuse_press(asyncio.get_running_loop().time())

    def stop(self) -> None:
        """No more of its time passes."""
        self._timer.close()

    def pump(self) -> None:
        """Hand out what the registrar reports; called after everything that may have changed it."""
        events: list[InternalRegistrarEvent] = list(iter(self.registrar.next_event, None))
        self._timer.set(self.registrar.deadline)
        if any(isinstance(event, SelectedRegistrarChanged) for event in events):
            self.renew_beacons()
        self._on_registrar_events([event for event in events if not isinstance(event, SelectedRegistrarChanged)])

    def renew_beacons(self) -> None:
        """What beacons and probe responses say of the registrar has changed."""
        for runner in self.runners:
            runner.machine.selected_registrar_changed()
            runner.pump()

    def _deadline_reached(self) -> None:
        self.registrar.handle_timer(asyncio.get_running_loop().time())
        self.pump()
