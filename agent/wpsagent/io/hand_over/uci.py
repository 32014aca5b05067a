# SPDX-License-Identifier: BSD-3-Clause
"""OpenWrt: the network becomes the station's wifi-iface in /etc/config/wireless, by uci(1) and wifi(1).

The wifi-iface is the one whose ifname is our interface; else the station's whose encryption is "wps"; else the only
one of a station.  Keys go to `uci batch` by standard input.  Refused: no such wifi-iface, or several; SSIDs that are
not UTF-8 or have control characters, which UCI cannot have.
"""

import shlex
from dataclasses import dataclass, field
from typing import Final

from wpsagent.io.hand_over.manager import HandOverError, LearntNetwork, run_program

_PACKAGE: Final = "wireless"


@dataclass(frozen=True, slots=True)
class WifiInterface:
    """A section wifi-iface of a station."""

    section: str
    options: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def device(self) -> str:
        return self.options.get("device", "")

    @property
    def is_in_use(self) -> bool:
        return self.options.get("disabled", "0") != "1" and self.options.get("encryption") != "wps"


class Uci:
    """See Manager."""

    title = "UCI"

    async def holds(self, interface: str) -> bool:
        """See Manager."""
        return (await self._find(interface)).is_in_use

    async def take(self, interface: str) -> None:
        """See Manager.  The radio goes down; what is in /etc stays."""
        await run_program(("wifi", "down", (await self._find(interface)).device))

    async def store(self, interface: str, network: LearntNetwork) -> None:
        """See Manager."""
        section = (await self._find(interface)).section
        await run_program(("uci", "batch"), batch(section, network), network.key_text)

    async def give(self, interface: str, network: LearntNetwork | None = None) -> None:
        """See Manager.  netifd does not say when it has joined."""
        if network is not None:
            await run_program(("wifi", "reload"))
        else:
            await run_program(("wifi", "up", (await self._find(interface)).device))

    async def _find(self, interface: str) -> WifiInterface:
        return choose(stations_of(await run_program(("uci", "-q", "show", _PACKAGE))), interface)


def stations_of(shown: str) -> list[WifiInterface]:
    """The stations in what `uci show wireless` prints: wireless.<section>.<option>='<value>'."""
    options: dict[str, dict[str, str]] = {}
    names: set[str] = set()
    for line in shown.splitlines():
        name, is_setting, raw = line.partition("=")
        words = name.split(".")
        if not is_setting or words[0] != _PACKAGE:
            continue
        try:
            value = " ".join(shlex.split(raw))
        except ValueError:
            continue
        if len(words) == 2 and value == "wifi-iface":
            names.add(words[1])
        elif len(words) == 3:
            options.setdefault(words[1], {})[words[2]] = value
    sections = [WifiInterface(name, options.get(name, {})) for name in sorted(names)]
    return [section for section in sections if section.options.get("mode") == "sta"]


def choose(stations: list[WifiInterface], interface: str) -> WifiInterface:
    """The one that is our station's; raises HandOverError."""
    for fits in (
        [station for station in stations if station.options.get("ifname") == interface],
        [station for station in stations if station.options.get("encryption") == "wps"],
        stations,
    ):
        if len(fits) == 1:
            return fits[0]
    many = "several of a station" if stations else "none of a station"
    raise HandOverError(
        f"/etc/config/wireless has {many} (wifi-iface with mode 'sta'): set option ifname '{interface}' in the one "
        "that the network is for"
    )


def batch(section: str, network: LearntNetwork) -> str:
    """What `uci batch` reads; raises HandOverError."""
    try:
        ssid = network.ssid.decode()
    except UnicodeDecodeError:
        raise HandOverError(f"UCI cannot have the name {network.ssid}: it is not UTF-8") from None
    if not ssid.isprintable():
        raise HandOverError(f"UCI cannot have the name {network.ssid}: it has characters that cannot be printed")
    place = f"{_PACKAGE}.{section}"
    settings = {"ssid": ssid, "encryption": _encryption(network), "disabled": "0"}
    if network.key_text is not None:
        settings["key"] = network.key_text
    lines = [f"set {place}.{name}={_quoted(value)}" for name, value in settings.items()]
    # "delete" of what is not there would end the batch; an empty value is no option.
    lines += [f"set {place}.{name}=''" for name in ("bssid", *(() if "key" in settings else ("key",)))]
    return "\n".join((*lines, f"commit {_PACKAGE}", ""))


def _encryption(network: LearntNetwork) -> str:
    if network.is_open:
        return "none"
    return "sae-mixed" if network.has_sae else "psk2"


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "'\\''") + "'"
