# SPDX-License-Identifier: BSD-3-Clause
"""Keys of single devices beside, or instead of, the key of the network (IEEE 802.11-2020, 12.7.1.3; hostapd's
wpa_psk_file).

A station may have any of: the keys of its address, the key of the network, the keys of any device.  Keys that Wi-Fi
Protected Setup made are remembered as such: a device that enrols again gets the one it had.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from wpsagent.octets import MacAddress


@dataclass(frozen=True, slots=True)
class DevicePsk:
    """One key: 32 octets.  address None: of any device.  is_from_wps: made for its device by Wi-Fi Protected Setup."""

    address: MacAddress | None
    psk: bytes = field(repr=False)
    is_from_wps: bool = False


class DevicePsks:
    """The keys of one network; who enrols a device adds one while the network runs."""

    def __init__(self, psks: Iterable[DevicePsk] = ()) -> None:
        self._psks = tuple(psks)

    def replace(self, psks: Iterable[DevicePsk]) -> None:
        """The file was read again."""
        self._psks = tuple(psks)

    def add(self, address: MacAddress, psk: bytes) -> None:
        """The key that WPS made for a device; an earlier one of WPS gives way."""
        kept = (known for known in self._psks if not (known.is_from_wps and known.address == address))
        self._psks = (*kept, DevicePsk(address, psk, is_from_wps=True))

    def given_to(self, address: MacAddress) -> bytes | None:
        """The key that WPS made for a device earlier."""
        return next((known.psk for known in self._psks if known.is_from_wps and known.address == address), None)

    def of_station(self, address: MacAddress, network: bytes | None) -> tuple[bytes, ...]:
        """The keys a station may have, its own first; network: the one that all may have, None where there is none."""
        own = [known.psk for known in self._psks if known.address == address]
        of_all = [known.psk for known in self._psks if known.address is None]
        return (*own, *((network,) if network is not None else ()), *of_all)
