# SPDX-License-Identifier: BSD-3-Clause
"""What several options of a hostapd.conf say together: the name, the channel, the protection, and whether there is WPS.

As hostapd has it: the last line of an option counts; without `wpa` a network is open; WPS is forced off where it is
forbidden (hidden networks).  Unlike hostapd, which would beacon an open network then, a key without `wpa` is refused,
and so is everything that would need WPA, TKIP or a RADIUS server.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wpsagent.config.checks import require_usable_channel
from wpsagent.config.hostapd_lines import Complain, Line
from wpsagent.config.hostapd_options import AUTOMATIC_CHANNEL, OPTIONS, RSN, Option, name_of_state
from wpsagent.config.model import Security
from wpsagent.config.reading import Table
from wpsagent.dot11.channels import FrequencyBand, frequency_of
from wpsagent.errors import UsageError
from wpsagent.wsc.enumerations import WpsState

_OF_DEVICE = "device."
_DEFAULT_CHANNELS = {FrequencyBand.GHZ_2_4: 6, FrequencyBand.GHZ_5: 36}
_OURS = frozenset(("WPA-PSK",))


@dataclass(frozen=True, slots=True)
class Found:
    """What a line says, and where."""

    number: int
    value: Any = field(repr=False)


class NamedTable(Table):
    """A table of [[access_point]] whose keys are shown by hostapd's names, with their lines (numbers)."""

    __slots__ = ("_numbers",)

    def __init__(self, path: str, values: dict[str, Any], numbers: Mapping[str, int]) -> None:
        super().__init__(path, values)
        self._numbers = numbers

    def where(self, name: str) -> str:
        names = [option.name for option in OPTIONS.values() if option.sets == name] or [name]
        for shown in names:
            if shown in self._numbers:
                return f"{self.path}: line {self._numbers[shown]}: {shown}"
        return f"{self.path}: {names[0]}"


@dataclass(slots=True)
class Bss:
    """One network as it is read.  number: the line it begins at; table: the keys of [[access_point]] so far."""

    number: int
    table: NamedTable
    complain: Complain
    tell: Complain
    found: dict[str, Found] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    device: dict[str, Any] = field(default_factory=dict)
    holds_secrets: bool = False

    def take(self, line: Line, option: Option, value: Any) -> None:
        """A line that could be read."""
        self.found[line.name] = Found(line.number, value)
        self.holds_secrets |= option.is_secret
        remark = option.remark(value)
        if remark is not None:
            self.tell(line.number, f"{line.name}: {remark}")
        if option.sets is None:
            return
        if option.sets.startswith(_OF_DEVICE):
            self.device[option.sets.removeprefix(_OF_DEVICE)] = value
        else:
            self.say(**{option.sets: value})

    def say(self, **values: Any) -> None:
        """Keys of [[access_point]] that follow from several options."""
        self.table.values |= values
        self.table.given |= values.keys()

    def value(self, name: str, default: Any = None) -> Any:
        return self.found[name].value if name in self.found else default

    def refuse(self, name: str, text: str) -> None:
        self.complain(self._line_of(name), f"{name}: {text}")

    def warn(self, name: str, text: str) -> None:
        self.tell(self._line_of(name), f"{name}: {text}")

    def is_readable(self, *names: str) -> bool:
        """None of these options was refused: they may be judged together."""
        return self.refused.isdisjoint(names)

    def _line_of(self, name: str) -> int:
        return self.found[name].number if name in self.found else self.number

    def latest(self, *names: str) -> str | None:
        """Which of these options was said last."""
        said = [name for name in names if name in self.found]
        return max(said, key=lambda name: self.found[name].number) if said else None


def network_rules(bss: Bss, radio: Bss) -> None:
    """Fills the table of a network; radio: the first network of the file, which speaks for the radio."""
    _interface(bss)
    _name(bss)
    _frequency(bss, radio)
    _protection(bss)
    _wps(bss)
    if "country_code" not in bss.found:
        bss.table.values["country"] = radio.value("country_code")


def _interface(bss: Bss) -> None:
    named = bss.latest("interface", "bss")
    if named is not None:
        bss.say(interface=bss.value(named))
    elif bss.is_readable("interface", "bss"):
        bss.refuse("interface", "missing, expected the interface that carries the network: interface=wlan0")


def _name(bss: Bss) -> None:
    named = bss.latest("ssid", "ssid2")
    if named is not None:
        bss.say(ssid=bss.value(named))
    elif bss.is_readable("ssid", "ssid2"):
        bss.refuse("ssid", "missing, expected the name of the network: ssid=…")


def _frequency(bss: Bss, radio: Bss) -> None:
    if not radio.is_readable("hw_mode", "channel"):
        return
    mode = radio.value("hw_mode", "b")
    band = FrequencyBand.GHZ_5 if mode == "a" else FrequencyBand.GHZ_2_4
    channel = radio.value("channel", AUTOMATIC_CHANNEL)
    if channel == AUTOMATIC_CHANNEL:
        channel = _DEFAULT_CHANNELS[band]
        if bss is radio:
            bss.warn("channel", f"a channel is not chosen automatically: {channel} is used; expected channel=…")
    try:
        mhz = frequency_of(band, channel)
        require_usable_channel(mhz)
    except UsageError as error:
        if bss is radio:
            bss.refuse("channel", f"found {channel} with hw_mode={mode}: {error}")
        return
    bss.table.values |= {"frequency_mhz": mhz, "channel": channel}


# ---- protection


def _protection(bss: Bss) -> None:
    if not bss.is_readable("wpa", "wpa_key_mgmt", "rsn_pairwise", "wpa_pairwise", "wpa_passphrase", "wpa_psk"):
        return
    version = bss.value("wpa", 0)
    key = bss.latest("wpa_passphrase", "wpa_psk")
    if version == 0:
        _open(bss, key)
        return
    if not version & RSN:
        bss.refuse("wpa", "found 1, expected 2: WPA with TKIP is broken, and WPS forbids it")
        return
    _key_management(bss)
    _ciphers(bss)
    bss.say(security=Security.WPA2.value)
    if key is not None:
        bss.say(**{key.removeprefix("wpa_"): bss.value(key)})
    elif "wpa_psk_file" in bss.found:
        bss.refuse(
            "wpa_psk_file",
            "found without wpa_passphrase, expected both: devices that have no key of their own need one",
        )
    else:
        bss.refuse("wpa", "found 2 without a key, expected wpa_passphrase=… or wpa_psk=…")


def _open(bss: Bss, key: str | None) -> None:
    bss.say(security=Security.OPEN.value)
    if key is not None:
        bss.refuse(key, "found without wpa=2: the network would be open; add wpa=2, or remove the line")
    if "wpa_psk_file" in bss.found and bss.value("wps_state") is not WpsState.NOT_CONFIGURED:
        bss.table.values["psk_file"] = None
        bss.warn("wpa_psk_file", "the network is open: ignored")


def _key_management(bss: Bss) -> None:
    methods = bss.value("wpa_key_mgmt", _OURS)
    if not methods & _OURS:
        bss.refuse(
            "wpa_key_mgmt",
            f"found {' '.join(sorted(methods))}, expected WPA-PSK: others (SAE, 802.1X, …) are not supported",
        )
    elif methods > _OURS:
        bss.warn("wpa_key_mgmt", f"only WPA-PSK is offered, not {' '.join(sorted(methods - _OURS))}")


def _ciphers(bss: Bss) -> None:
    """rsn_pairwise, or else wpa_pairwise; where nobody says anything it is CCMP."""
    said = next((name for name in ("rsn_pairwise", "wpa_pairwise") if name in bss.found), None)
    if said is None:
        return
    ciphers = bss.value(said)
    if "CCMP" not in ciphers:
        bss.refuse(
            said,
            f"found {' '.join(sorted(ciphers))}, expected CCMP: TKIP is broken and WPS forbids it,"
            " and other ciphers are not supported",
        )
    elif len(ciphers) > 1 and bss.value("wpa") == RSN:
        bss.warn(said, f"only CCMP is offered, not {' '.join(sorted(ciphers - {'CCMP'}))}")


# ---- WPS


def _wps(bss: Bss) -> None:
    state = bss.value("wps_state")
    is_hidden = bss.value("ignore_broadcast_ssid", 0) != 0
    values = bss.table.values
    values |= {"wps": state is not None, "hidden": is_hidden}
    if bss.value("wps_independent", False):
        values["button_group"] = values["interface"]
    if state is None:
        return
    if bss.is_readable("eap_server") and not bss.value("eap_server", 0):
        bss.refuse("wps_state", "found without eap_server=1, which WPS needs; add eap_server=1, or set wps_state=0")
    if is_hidden:
        values["wps"] = False
        bss.warn("wps_state", "WPS is off: the network is hidden (ignore_broadcast_ssid), where WPS is forbidden")
        return
    bss.say(wps_state=name_of_state(state))
