# SPDX-License-Identifier: BSD-3-Clause
"""An attacker on the air: throws any frame from any address, through a monitor interface of a radio of its own.

Frames to send are made from a seed, so that an attack can be repeated.
"""

import itertools
import random
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.fuzz import corpus
from tests.fuzz.mutation import generate, mutate
from tests.lab.network import run, wiphy_of

from wpsagent.dot11.elements import ssid_element, supported_rates_element
from wpsagent.dot11.frames import (
    AssociationRequest,
    Authentication,
    AuthenticationAlgorithm,
    Capability,
    ProbeRequest,
)
from wpsagent.octets import BROADCAST, MacAddress, Ssid
from wpsagent.wsc.elements import wrap

_RADIOTAP = b"\x00\x00\x08\x00\x00\x00\x00\x00"  # version, padding, length 8, nothing present
_ETHERTYPE_ALL = 3
_SNAP_EAPOL = b"\xaa\xaa\x03\x00\x00\x00\x88\x8e"
_LEFT_OUT = (b"\x10", b"\x30", b"\x40", b"\x50", b"\x80")  # probe requests, responses, beacons
_RATES = (2, 4, 11, 22, 12, 24, 48, 72)
_FRAMES_AT_ONCE = 10
_PAUSE = 0.02

Attack = Callable[["Target", random.Random], Iterator[bytes]]


class Target:
    """The access point under attack."""

    def __init__(self, address: MacAddress, ssid: Ssid) -> None:
        self.address = address
        self.elements = ssid_element(ssid) + supported_rates_element(_RATES, _RATES[:4])


def any_address(dice: random.Random) -> MacAddress:
    """Locally administered, so that it is nobody's."""
    return MacAddress(bytes([0x06]) + dice.randbytes(5))


def probe_requests(target: Target, dice: random.Random) -> Iterator[bytes]:
    """From ever new addresses, for any network or ours; some with garbled WPS attributes."""
    while True:
        attributes = mutate(dice.choice(corpus.FRAME_ATTRIBUTES), dice)
        elements = dice.choice((target.elements, b"\x00\x00")) + dice.choice((b"", wrap(attributes)))
        yield ProbeRequest(BROADCAST, any_address(dice), BROADCAST, elements).encode()


def newcomers(target: Target, dice: random.Random) -> Iterator[bytes]:
    """Ever new stations that authenticate, of which some ask for association, and some ask without."""
    while True:
        source = any_address(dice)
        if dice.randrange(4):
            yield _authentication(target, source).encode()
        if dice.randrange(2):
            yield _association(target, source, wrap(dice.choice(corpus.FRAME_ATTRIBUTES))).encode()


def garbled_frames(target: Target, dice: random.Random) -> Iterator[bytes]:
    """Management frames, mutated, most of them addressed to the access point.

    Without what might press a button, or be an access point's: this is no attack on stations.
    """
    while True:
        frame = bytearray(generate(corpus.FRAMES, dice))
        if len(frame) >= 24:
            source = any_address(dice)
            frame[10:16] = frame[16:22] = source
            if dice.randrange(8):
                frame[4:10] = frame[16:22] = target.address
        if frame[:1] not in _LEFT_OUT:
            yield bytes(frame)


def garbled_conversations(target: Target, dice: random.Random) -> Iterator[bytes]:
    """Stations that associate for WPS and then say EAPOL, EAP and WSC that make no sense."""
    places = [any_address(dice) for _ in range(8)]
    for source in itertools.cycle(places):
        yield _authentication(target, source).encode()
        yield _association(target, source, wrap(corpus.FRAME_ATTRIBUTES[0])).encode()
        for _ in range(dice.randrange(12)):
            pdu = dice.choice((dice.choice(corpus.EAPOL_PACKETS), generate(corpus.EAPOL_PACKETS, dice)))
            yield _data(target, source, _SNAP_EAPOL + pdu)


def strangers_data(target: Target, dice: random.Random) -> Iterator[bytes]:
    """Data, EAPOL among it, from stations that are not associated."""
    while True:
        yield _data(target, any_address(dice), _SNAP_EAPOL + dice.choice(corpus.EAPOL_PACKETS))


ATTACKS: Sequence[Attack] = (
    probe_requests,
    newcomers,
    garbled_frames,
    garbled_conversations,
    strangers_data,
)


def _authentication(target: Target, source: MacAddress) -> Authentication:
    return Authentication(
        target.address, source, target.address, b"", AuthenticationAlgorithm.OPEN_SYSTEM, transaction=1
    )


def _association(target: Target, source: MacAddress, elements: bytes) -> AssociationRequest:
    capability = Capability.ESS | Capability.SHORT_PREAMBLE
    return AssociationRequest(target.address, source, target.address, target.elements + elements, capability, 10)


def _data(target: Target, source: MacAddress, payload: bytes) -> bytes:
    """A data frame to the distribution system."""
    return b"\x08\x01\x00\x00" + target.address + source + target.address + b"\x00\x00" + payload


class Attacker:
    """Sends the frames of some attacks, in turn, from the start of a with statement to its end."""

    def __init__(self, interface: str, target: Target, attacks: Sequence[Attack], seed: int = 1) -> None:
        """Take the radio of an interface for a monitor interface on channel 1."""
        self.sent = 0
        dice = random.Random(seed)
        self._attacks = [attack(target, dice) for attack in attacks]
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._monitor = f"mon-{interface}"
        run("ip", "link", "set", interface, "down")
        run("iw", "phy", wiphy_of(interface), "interface", "add", self._monitor, "type", "monitor")
        run("ip", "link", "set", self._monitor, "up")
        run("iw", "dev", self._monitor, "set", "channel", "1")
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # receives nothing
        self._socket.bind((self._monitor, 0))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()
        self._socket.close()
        run("iw", "dev", self._monitor, "del")

    def _run(self) -> None:
        sequence_number = 0
        for attack in itertools.cycle(self._attacks):
            for frame in itertools.islice(attack, _FRAMES_AT_ONCE):
                octets = bytearray(frame)
                if len(octets) >= 24:
                    sequence_number = (sequence_number + 1) & 0xFFF
                    octets[22:24] = (sequence_number << 4).to_bytes(2, "little")
                with suppress(OSError):  # what the kernel does not want to send is not sent
                    self._socket.send(_RADIOTAP + octets)
                    self.sent += 1
            if self._stopping.wait(_PAUSE):
                return
