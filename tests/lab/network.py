# SPDX-License-Identifier: BSD-3-Clause
"""The lab's networks: a namespace for each station, so that its traffic goes over the air and not over the loopback."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self


def run(*command: str) -> str:
    """Run a command that must succeed; its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}: {done.stderr or done.stdout}"
    return done.stdout


def interface_address(interface: str) -> str:
    """The hardware address of an interface of the initial namespace."""
    return Path(f"/sys/class/net/{interface}/address").read_text().strip()


def wiphy_of(interface: str) -> str:
    """The radio (phy…) that an interface of the initial namespace belongs to."""
    return Path(f"/sys/class/net/{interface}/phy80211/name").read_text().strip()


def set_address(interface: str, address: str) -> None:
    """Give an interface of the initial namespace a static address such as 10.0.0.1/24."""
    run("ip", "address", "replace", address, "dev", interface)


class NetNamespace:
    """A network namespace; a context manager that deletes it (its radios return to the initial namespace)."""

    def __init__(self, name: str) -> None:
        self.name = name
        run("ip", "netns", "add", name)
        self.run("ip", "link", "set", "lo", "up")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def prefix(self) -> Sequence[str]:
        """The words that go before a command to run it here."""
        return ("ip", "netns", "exec", self.name)

    def run(self, *command: str) -> str:
        """Run a command here that must succeed; its output."""
        return run(*self.prefix, *command)

    def take_radio(self, interface: str) -> None:
        """Move the radio of an interface, with all its interfaces, from the initial namespace into this one."""
        run("iw", "phy", wiphy_of(interface), "set", "netns", "name", self.name)

    def set_address(self, interface: str, address: str) -> None:
        """Give an interface here a static address such as 10.0.0.2/24."""
        self.run("ip", "address", "replace", address, "dev", interface)

    def interface_address(self, interface: str) -> str:
        """The hardware address of an interface here."""
        return self.run("cat", f"/sys/class/net/{interface}/address").strip()

    def can_ping(self, address: str, *, count: int = 1, deadline: int = 5) -> bool:
        """Whether `count` echo requests to an address are answered within `deadline` seconds."""
        command = ("ping", "-n", "-q", "-i", "0.2", "-c", str(count), "-w", str(deadline), address)
        return subprocess.run([*self.prefix, *command], capture_output=True, check=False).returncode == 0

    def close(self) -> None:
        run("ip", "netns", "delete", self.name)
