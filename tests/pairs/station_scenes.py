# SPDX-License-Identifier: BSD-3-Clause
"""Scenes with our station in the simulated air: how they are played, and what its owner does in them."""

from collections.abc import Callable, Coroutine
from itertools import count
from typing import Any

from tests.pairs.station_world import (
    AP,
    PIN,
    World,
    WorldAccessPoint,
)
from tests.unit.jumping_loop import run

from wpsagent.io.simulated_radio import ETHERTYPE_EAPOL, Antenna, DataUnit, Unit
from wpsagent.octets import MacAddress, Ssid
from wpsagent.ports import TriggerScan
from wpsagent.wsc.credential import ApSettings, NetworkSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

Scene = Callable[[], Coroutine[Any, Any, None]]

OPEN = NetworkSettings(Ssid(b"cafe"), AuthenticationType.OPEN, EncryptionType.NONE)


def played(scene: Scene) -> Callable[[], None]:
    """A test that is a scene in a loop whose clock jumps."""

    def test() -> None:
        run(scene())

    return test


def pin_of(access_point: WorldAccessPoint, pin: bytes = PIN) -> None:
    access_point.group.add_pin(pin)


def button(w: World, bssid: MacAddress | None = None) -> None:
    w.do(lambda now: w.machine.wps_push_button(now, bssid))


def pin(w: World, digits: bytes = PIN, bssid: MacAddress | None = None) -> None:
    w.do(lambda now: w.machine.wps_pin(digits, now, bssid))


def register(w: World, digits: bytes = PIN, new_settings: ApSettings | None = None) -> None:
    w.do(lambda now: w.machine.wps_register(AP, digits, now, new_settings))


def scans(w: World) -> list[TriggerScan]:
    return [command for command in w.commands if isinstance(command, TriggerScan)]


def lost_or_repeated(number: int, side: MacAddress, copies: int) -> Callable[[Antenna, Unit], int]:
    """So many copies arrive of the n-th EAPOL PDU that one side sends."""
    count = 0

    def fate(sender: Antenna, unit: Unit) -> int:
        nonlocal count
        if isinstance(unit, DataUnit) and unit.ethertype == ETHERTYPE_EAPOL and sender.address == side:
            count += 1
            return copies if count == number else 1
        return 1

    return fate


def at_message(number: int, act: Callable[[], int]) -> Callable[[Antenna, Unit], int]:
    """What becomes of the EAPOL message of that number, in how many copies it arrives; all others arrive once."""
    numbers = count(1)

    def fate(_sender: Antenna, unit: Unit) -> int:
        is_eapol = isinstance(unit, DataUnit) and unit.ethertype == ETHERTYPE_EAPOL
        return act() if is_eapol and next(numbers) == number else 1

    return fate
