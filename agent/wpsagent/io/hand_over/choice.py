# SPDX-License-Identifier: BSD-3-Clause
"""Who manages the networks here: whom the configuration names, or who is there.

Looked for, in this order, as the Raspberry Pi's and OpenWrt's own systems have them: NetworkManager on D-Bus, netifd
with uci, iwd on D-Bus, a wpa_supplicant that answers for the interface.  systemd-networkd joins no Wi-Fi networks: it
gives addresses to whoever did, so the station stays connected.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

from wpsagent.io.hand_over.iwd import Iwd
from wpsagent.io.hand_over.manager import Manager
from wpsagent.io.hand_over.network_manager import NetworkManager
from wpsagent.io.hand_over.supplicant import Supplicant
from wpsagent.io.hand_over.uci import Uci
from wpsagent.io.hook import environment

_NETIFD = Path("/sbin/netifd")
_NETWORKD = Path("/run/systemd/netif")
_STAYS = "the station stays connected"
_NETWORKD_WORDS = f"systemd-networkd joins no Wi-Fi networks itself: {_STAYS}, and networkd gives it addresses"


@dataclass(frozen=True, slots=True)
class Place:
    """A station: its interface, and where a wpa_supplicant for it would be."""

    interface: str
    supplicant_directory: str
    networks_file: str


@dataclass(frozen=True, slots=True)
class Choice:
    """manager: None where nothing is handed over.  reason: a sentence for people."""

    manager: Manager | None
    reason: str


async def choose(who: str, place: Place) -> Choice:
    """Who gets the networks of a station, and why; raises HandOverError where somebody who is there does not answer."""
    said = "the configuration says so"
    supplicant = Supplicant(place.supplicant_directory, place.networks_file)
    match who:
        case "networkmanager":
            return Choice(NetworkManager(), said)
        case "iwd":
            return Choice(Iwd(), said)
        case "uci":
            return Choice(Uci(), said)
        case "wpa_supplicant":
            return Choice(supplicant, said)
        case "networkd":
            return Choice(None, _NETWORKD_WORDS)
        case "auto":
            return await _who_is_there(place, supplicant)
        case _:
            return Choice(None, _STAYS)


async def _who_is_there(place: Place, supplicant: Supplicant) -> Choice:
    network_manager, iwd = NetworkManager(), Iwd()
    if await network_manager.is_there():
        return Choice(network_manager, "it has its name on D-Bus")
    if has_uci():
        return Choice(Uci(), "netifd and uci are there")
    if await iwd.is_there():
        return Choice(iwd, "it has its name on D-Bus")
    if await supplicant.holds(place.interface):
        return Choice(supplicant, f"it answers in {place.supplicant_directory}")
    if has_networkd():
        return Choice(None, _NETWORKD_WORDS)
    return Choice(None, f"nobody manages networks here: {_STAYS}")


def has_uci() -> bool:
    """Whether this is an OpenWrt whose netifd makes the networks."""
    return _NETIFD.exists() and shutil.which("uci", path=environment()["PATH"]) is not None


def has_networkd() -> bool:
    return _NETWORKD.is_dir()
