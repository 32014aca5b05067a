# SPDX-License-Identifier: BSD-3-Clause
"""What every manager of networks has in common: the network that it is given, and what it is asked for."""

import asyncio
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from wpsagent.crypto.passphrase import derive_psk, is_passphrase
from wpsagent.errors import AgentError
from wpsagent.io.hook import environment
from wpsagent.octets import Ssid

JOIN_LIMIT = 60.0
"""Seconds that a manager has to join a network that was handed over."""
PROGRAM_LIMIT = 20.0
"""Seconds that a program may take."""


class HandOverError(AgentError):
    """The manager refused, is not there, or did not answer; the text says so to people."""


@dataclass(frozen=True, slots=True)
class LearntNetwork:
    """A network as managers need it.

    passphrase: 8 to 63 octets; psk: 32 octets; both None on an open network.  has_sae: WPA3-Personal too.
    """

    ssid: Ssid
    passphrase: bytes | None = field(default=None, repr=False)
    psk: bytes | None = field(default=None, repr=False)
    has_sae: bool = False
    is_hidden: bool = False

    @property
    def is_open(self) -> bool:
        return self.passphrase is None and self.psk is None

    @property
    def key_text(self) -> str | None:
        """A passphrase of printable ASCII as it is, anything else as the 64 digits of the key that it makes."""
        if self.passphrase is not None and is_passphrase(self.passphrase):
            return self.passphrase.decode("ascii")
        key = self.psk
        if key is None and self.passphrase is not None:
            key = derive_psk(self.passphrase, self.ssid)
        return None if key is None else key.hex()


class Manager(Protocol):
    """A manager.  Its methods raise HandOverError, and take a bounded time."""

    @property
    def title(self) -> str:
        """Its name, for people."""

    async def holds(self, interface: str) -> bool:
        """Whether the interface is its own now, so that we would be in its way."""

    async def take(self, interface: str) -> None:
        """It lets go of the interface, until `give`."""

    async def store(self, interface: str, network: LearntNetwork) -> None:
        """It knows the network for good; nothing else changes.  A network of the same name is replaced."""

    async def give(self, interface: str, network: LearntNetwork | None = None) -> None:
        """The interface is its own again; returns when it has joined the network, if one is named."""


async def run_program(words: Sequence[str], stdin: str = "", secret: str | None = None) -> str:
    """What a program prints; raises HandOverError with what it complained of, in which `secret` is masked.

    Secrets belong into stdin: everybody on this machine can read the words.
    """
    title = words[0]
    try:
        process = await asyncio.create_subprocess_exec(
            *words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment(),
            cwd="/",
            start_new_session=True,
        )
    except OSError as error:
        raise HandOverError(f"{title} cannot be run: {error.strerror}") from None
    try:
        async with asyncio.timeout(PROGRAM_LIMIT):
            output, complaint = await process.communicate(stdin.encode())
    except TimeoutError:
        raise HandOverError(f"{' '.join(words)} was not done after {PROGRAM_LIMIT:g} s, and was ended") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.wait()
    if process.returncode:
        text = complaint.decode(errors="replace").strip().partition("\n")[0]
        text = text.replace(secret, "***") if secret else text
        raise HandOverError(f"{' '.join(words)} ended with {process.returncode}: {text or 'it does not say why'}")
    return output.decode(errors="replace")
