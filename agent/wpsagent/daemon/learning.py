# SPDX-License-Identifier: BSD-3-Clause
"""What Wi-Fi Protected Setup taught a station: the networks that a run brought, of which one, once joined, is proven.

A network that the station knew before, or was given otherwise, is none of them.
"""

from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.network import Network, NetworkList


class Learning:
    """Follows what one station reports."""

    def __init__(self) -> None:
        self._run: set[int] | None = None  # ids of the networks that the run has brought so far
        self._learnt: set[int] = set()  # the same, once the run has ended, until one of them is joined

    @property
    def is_awaited(self) -> bool:
        """Whether a run has brought networks of which none has been joined yet."""
        return bool(self._learnt)

    def forget(self) -> None:
        """What was learnt so far is none of our business any more."""
        self._run, self._learnt = None, set()

    def hear(self, event: sta.StationReport, networks: NetworkList) -> Network | None:
        """The network that was learnt and is joined now."""
        match event:
            case sta.WpsStarted():
                self.forget()
            case sta.CredentialReceived():
                self._run = set()
            case sta.NetworkAdded() if self._run is not None:
                self._run.add(event.id)
            case sta.WpsEnded():
                self._learnt, self._run = self._run or set(), None
            case sta.Connected() if event.network_id in self._learnt:
                self._learnt = set()
                return networks.get(event.network_id)
            case _:
                pass
        return None
