# SPDX-License-Identifier: BSD-3-Clause
"""Keys worked out before they are needed: the Diffie-Hellman pair of the next WPS run, and the PMKs of networks.

Both take milliseconds on a desktop and a good part of a second on a small router; done when nobody waits for an
answer, they cost no time on the way from the button to the connection.
"""

from collections import OrderedDict, deque

from wpsagent.crypto.diffie_hellman import KeyPair, generate_key_pair
from wpsagent.ports import Entropy
from wpsagent.roles.sta.network import Network

PAIR_DELAY = 1.0
"""Seconds from the use of a pair until the next is made: then the run that used it is no longer in a hurry."""

MAXIMUM_PMKS = 32


class PreparedKeys:
    """See the module; the owner calls `handle_timer` when `deadline` has come."""

    def __init__(self, entropy: Entropy) -> None:
        self._entropy = entropy
        self._key_pair: KeyPair | None = None
        self._pair_at: float | None = None
        self._pmks: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()
        self._expected: deque[Network] = deque()
        self._expected_at: float | None = None

    @property
    def deadline(self) -> float | None:
        times = (self._pair_at, self._expected_at)
        return min((time for time in times if time is not None), default=None)

    def want_pair(self, now: float) -> None:
        """Have a pair ready soon."""
        if self._key_pair is None:
            self._pair_at = now + PAIR_DELAY

    def take_pair(self, now: float) -> KeyPair | None:
        """The pair, which is used once; None if there is none: whoever needs it makes it in its place."""
        key_pair, self._key_pair = self._key_pair, None
        self.want_pair(now)
        return key_pair

    def expect(self, network: Network, now: float) -> None:
        """This network will be joined in a moment: derive its PMK as soon as what is queued has been sent."""
        if network.passphrase is not None:
            self._expected.append(network)
            self._expected_at = now

    def pmk(self, network: Network) -> bytes | None:
        """The network's PMK, None for an open network."""
        if network.psk is not None or network.passphrase is None:
            return network.psk
        key = (bytes(network.ssid), network.passphrase)
        if key not in self._pmks:
            self._pmks[key] = network.pmk()
            if len(self._pmks) > MAXIMUM_PMKS:
                self._pmks.popitem(last=False)
        return self._pmks[key]

    def handle_timer(self, now: float) -> None:
        """Do what is due."""
        if self._expected_at is not None and now >= self._expected_at:
            self._expected_at = None
            while self._expected:
                self.pmk(self._expected.popleft())
        if self._pair_at is not None and now >= self._pair_at:
            self._pair_at = None
            self._key_pair = self._key_pair or generate_key_pair(self._entropy)
