# SPDX-License-Identifier: BSD-3-Clause
"""One interface that another program has: attached to its control socket, lost with it, attached again when it is back.

Everything that is known of it is told by its machine; here it is carried out.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from wpsagent.config.model import AttachedSettings
from wpsagent.daemon.attached.owned import OwnedInterface
from wpsagent.daemon.upkeep import Upkeep
from wpsagent.errors import RadioError, UsageError
from wpsagent.io import link
from wpsagent.io.control_client import ControlSocketError
from wpsagent.io.owner_client import OwnerClient
from wpsagent.octets import MacAddress
from wpsagent.roles.runner import Timer
from wpsagent.status import events as e
from wpsagent.status import station_events as s

logger = logging.getLogger(__name__)

_Machine = TypeVar("_Machine", bound=OwnedInterface)


class AttachedInterface(Upkeep, Generic[_Machine]):
    """See the module.

    new_machine: what speaks for it, anew with each owner.  tell: what hears what happens, with the interface's name.
    """

    def __init__(
        self,
        settings: AttachedSettings,
        new_machine: Callable[[], _Machine],
        tell: Callable[[str, e.AgentEvent], None],
    ) -> None:
        super().__init__(settings.interface)
        self.settings = settings
        self.machine = new_machine()
        self.address: MacAddress | None = None
        """The interface's own, once it has been there."""
        self._new_machine = new_machine
        self._program = settings.backend.value
        self._path = Path(settings.directory) / settings.interface
        self._tell = tell
        self._client: OwnerClient | None = None
        self._timer = Timer(self._deadline_reached)
        self._asking: asyncio.Task[None] | None = None

    @property
    def is_attached(self) -> bool:
        return self._client is not None

    @property
    def is_up(self) -> bool:
        """Whether WPS can be asked of it."""
        return self.is_attached and self.machine.is_enabled

    @property
    def why_not(self) -> str:
        """Why it cannot be asked, for people."""
        if self.is_attached:
            return f"{self._program} has {self.interface} down"
        return f"{self._program} does not answer for {self.interface}: {self._reason or 'it is gone'}"

    # ---- Upkeep

    async def stop(self) -> None:
        await super().stop()
        self._timer.close()

    async def _come_up(self) -> None:
        client = OwnerClient(self._program, self._path, self._heard, self._gone)
        self.machine = self._new_machine()
        try:
            await client.open()
            self.machine.begin(await client.request("STATUS"), self._now)
        except (ControlSocketError, UsageError) as error:
            client.close()
            raise RadioError(str(error)) from None
        except BaseException:
            client.close()
            raise
        self._client = client
        with contextlib.suppress(RadioError):
            self.address = link.address(self.interface)

    async def _take_down(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            client.close()
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
            self._asking = None

    def _tell_started(self) -> None:
        logger.info("%s: attached to %s on %s", self.interface, self._program, self._path)
        self.pump()

    def _tell_recovered(self) -> None:
        if self.settings.is_access_point:
            self._tell(self.interface, e.RadioRecovered(self.interface))
        self._tell_started()

    def _tell_failed(self, reason: str) -> None:
        is_access_point = self.settings.is_access_point
        failed = e.AccessPointFailed if is_access_point else s.StationFailed
        self._tell(self.interface, failed(self.interface, reason))

    # ---- the machine and its owner

    def _heard(self, line: str) -> None:
        """An event; those that come while it is being attached are told once it is."""
        self.machine.receive(line, self._now)
        if self.machine.is_ending:
            self._gone(f"{self._program} has ended")
        elif self.is_attached:
            self.pump()

    def _gone(self, reason: str) -> None:
        if self._client is None:
            return
        client, self._client = self._client, None
        client.close()
        self.machine.lost(reason, self._now)
        self.machine.commands_to_send()  # nobody is there to be asked
        self.pump()
        self._lost.set()

    def pump(self) -> None:
        """Tell what happened, and have asked what the machine wants to know; after everything that may change it."""
        while (event := self.machine.next_event()) is not None:
            self._tell(self.interface, event)
        self._timer.set(self.machine.deadline)
        if self._asking is None and self._client is not None and (commands := self.machine.commands_to_send()):
            self._asking = asyncio.create_task(self._ask(commands), name=f"ask {self._program} {self.interface}")

    async def _ask(self, commands: list[str]) -> None:
        """Ask all of them, and what the answers lead to."""
        try:
            while commands:
                for command in commands:
                    await self.forward(command)
                commands = self.machine.commands_to_send()
        except ControlSocketError as error:
            logger.debug("%s: %s", self.interface, error)  # told: it is gone
        finally:
            self._asking = None

    async def forward(self, command: str) -> str:
        """The owner's reply to a command, of which the machine hears too; raises ControlSocketError."""
        if self._client is None:
            raise ControlSocketError(self.why_not)
        machine = self.machine
        reply = await self._client.request(command)
        machine.answered(command, reply, self._now)
        self.pump()
        return reply

    def hurry(self) -> None:
        """Somebody needs it: try now, if it is not there."""
        if not self.is_attached:
            self._hurry.set()

    @property
    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    def _deadline_reached(self) -> None:
        self.machine.handle_timer(self._now)
        self.pump()
