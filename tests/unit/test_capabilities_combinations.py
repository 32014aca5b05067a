# SPDX-License-Identifier: BSD-3-Clause
"""Interface combinations: what a radio can have up at the same time, and on how many channels."""

import pytest

from wpsagent.capabilities import InterfaceCombination, InterfaceLimit, InterfaceType, RadioCapabilities

AP, STATION, P2P = InterfaceType.AP, InterfaceType.STATION, InterfaceType.P2P_DEVICE


def limit(maximum: int, *types: InterfaceType) -> InterfaceLimit:
    return InterfaceLimit(maximum, frozenset(types))


def radio(*combinations: InterfaceCombination) -> RadioCapabilities:
    return RadioCapabilities(0, "phy0", frozenset({AP, STATION}), (), combinations=combinations)


# As a Raspberry Pi's brcmfmac, an ath9k and a radio of two channels say it.
FIRMWARE = radio(InterfaceCombination((limit(1, STATION), limit(1, AP), limit(1, P2P)), 3, 1))
ATH9K = radio(
    InterfaceCombination((limit(2048, STATION), limit(8, AP)), 2048, 1),
    InterfaceCombination((limit(1, InterfaceType.ADHOC),), 1, 1),
)
TWO_CHANNELS = radio(
    InterfaceCombination((limit(1, AP), limit(2, STATION, AP)), 3, 1), InterfaceCombination((limit(2, STATION),), 2, 2)
)


@pytest.mark.parametrize(
    ("capabilities", "counts", "channels"),
    [
        (FIRMWARE, {AP: 1, STATION: 1}, 1),
        (FIRMWARE, {AP: 2}, None),
        (FIRMWARE, {AP: 1, STATION: 1, P2P: 1}, 1),
        (FIRMWARE, {AP: 1, STATION: 0}, 1),
        (FIRMWARE, {AP: 1, InterfaceType.MESH_POINT: 1}, None),
        (FIRMWARE, {AP: 1, STATION: 1, InterfaceType.MESH_POINT: 0}, 1),
        (ATH9K, {AP: 8, STATION: 3}, 1),
        (ATH9K, {AP: 9, STATION: 3}, None),
        (ATH9K, {InterfaceType.ADHOC: 1, STATION: 1}, None),
        (TWO_CHANNELS, {STATION: 2}, 2),
        (TWO_CHANNELS, {AP: 1, STATION: 1}, 1),
        (TWO_CHANNELS, {AP: 1, STATION: 3}, None),
        (TWO_CHANNELS, {AP: 1, STATION: 2}, None),
        (radio(), {AP: 1}, 1),
        (radio(), {}, 1),
        (radio(), {AP: 1, STATION: 1}, None),
    ],
)
def test_together(capabilities: RadioCapabilities, counts: dict[InterfaceType, int], channels: int | None) -> None:
    assert capabilities.channels_for(counts) == channels
