# SPDX-License-Identifier: BSD-3-Clause
"""The commands for a station of ours, in the words of wpa_supplicant's control interface.

Refused: PINs that are no digits; settings for an access point that Wi-Fi Simple Configuration 2.0 forbids (WEP, TKIP,
WPA without WPA2).
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from wpsagent.control.agent import Station
from wpsagent.control.station_texts import format_networks, format_status
from wpsagent.control.table import OK, Argument, Call, Command, pin, text
from wpsagent.errors import UsageError
from wpsagent.octets import MacAddress, Ssid
from wpsagent.roles.sta.bss_text import bss_reply, scan_results_text
from wpsagent.roles.sta.machine import StationMachine
from wpsagent.wsc.credential import ApSettings
from wpsagent.wsc.enumerations import AuthenticationType, EncryptionType

FAIL_BUSY = "FAIL-BUSY\n"

_GET = "get"
_AUTHENTICATION_TYPES = {"OPEN": AuthenticationType.OPEN, "WPA2PSK": AuthenticationType.WPA2_PERSONAL}
_ENCRYPTION_TYPES = {"NONE": EncryptionType.NONE, "CCMP": EncryptionType.AES}
_FORBIDDEN = {
    "WPAPSK": "WPS 2.0 forbids WPA without WPA2",
    "WEP": "WPS 2.0 forbids WEP",
    "TKIP": "WPS 2.0 forbids TKIP without CCMP",
}


def _station(call: Call) -> Station:
    assert call.station is not None  # the dispatcher calls these handlers for stations only
    return call.station


# ---- arguments


def _bssid(word: str) -> MacAddress | None:
    """An access point, or None for "any"."""
    return None if word.lower() == "any" else MacAddress.parse(word)


def _bssid_or_get(word: str) -> MacAddress | str | None:
    return _GET if word.lower() == _GET else _bssid(word)


def _id(word: str) -> int | None:
    """A network's number, or None for "all" or "any"."""
    if word.lower() in ("all", "any"):
        return None
    if not (word.isascii() and word.isdigit()) or len(word) > 9:
        raise UsageError(f"not the number of a network: {word!r}")
    return int(word)


def _octets(word: str) -> bytes:
    try:
        return bytes.fromhex(word)
    except ValueError:
        raise UsageError("not pairs of hexadecimal digits") from None


def _ssid(word: str) -> Ssid:
    return Ssid(_octets(word))


def _one_of(kinds: Mapping[str, int]) -> Callable[[str], int]:
    def convert(word: str) -> int:
        if word in kinds:
            return kinds[word]
        raise UsageError(f"{word}: {_FORBIDDEN.get(word, 'unknown')}; there is {', '.join(kinds)}")

    return convert


def _frequencies(word: str) -> tuple[int, ...]:
    """freq=2412,2437."""
    name, _, values = word.partition("=")
    numbers = values.split(",")
    if name != "freq" or not all(number.isascii() and number.isdigit() and len(number) < 6 for number in numbers):
        raise UsageError(f"not freq=<MHz>,…: {word!r}")
    return tuple(map(int, numbers))


# ---- WPS


def _push_button(call: Call) -> str:
    bssid = call.arguments[0]
    _station(call).act(lambda machine, now: machine.wps_push_button(now, bssid))
    return OK


def _pin(call: Call) -> str:
    """The PIN, without a newline."""
    bssid, password = call.arguments
    password = password or _station(call).new_pin()
    if bssid != _GET:
        _station(call).act(lambda machine, now: machine.wps_pin(password, now, bssid))
    return bytes(password).decode("ascii")


def _register(call: Call) -> str:
    bssid, password, ssid, authentication, encryption, key = call.arguments
    settings = None
    if ssid is not None:
        if encryption is None:
            raise UsageError("settings for the access point are <ssid hex> <auth> <encr> [<key hex>]")
        settings = ApSettings(ssid, authentication, encryption, key or b"")
    _station(call).act(lambda machine, now: machine.wps_register(bssid, password, now, settings))
    return OK


def _cancel(call: Call) -> str:
    _station(call).act(lambda machine, now: machine.wps_cancel(now))
    return OK


# ---- scans


def _scan(call: Call) -> str:
    frequencies = call.arguments[0] or ()
    return OK if _station(call).act(lambda machine, now: machine.scan(now, frequencies)) else FAIL_BUSY


def _scan_results(call: Call) -> str:
    machine = _station(call).machine()
    return scan_results_text(machine.bsses, machine.address)


def _bss(call: Call) -> str:
    station = _station(call)
    machine = station.machine()
    current = machine.current_bss
    return bss_reply(
        machine.bsses,
        call.arguments[0],
        machine.address,
        station.now,
        current=None if current is None else current.bssid,
    )


# ---- networks


def _status(call: Call) -> str:
    return format_status(_station(call))


def _list_networks(call: Call) -> str:
    return format_networks(_station(call))


_Change = Callable[[StationMachine, int, float], bool]


def _change(change: _Change, number: int, machine: StationMachine, now: float) -> bool:
    return change(machine, number, now)


def _on_networks(change: _Change) -> Callable[[Call], str]:
    """A handler that does something with one network, or with all of them."""

    def handle(call: Call) -> str:
        station, network_id = _station(call), call.arguments[0]
        ids = [network.id for network in station.networks] if network_id is None else [network_id]
        for number in ids:
            if not station.act(partial(_change, change, number)):
                raise UsageError(f"there is no network {number}")
        return OK

    return handle


def _select(call: Call) -> str:
    network_id = call.arguments[0]
    if network_id is None:
        return _on_networks(lambda machine, number, now: machine.enable_network(number, now))(call)
    if not _station(call).act(lambda machine, now: machine.select_network(network_id, now)):
        raise UsageError(f"there is no network {network_id}")
    return OK


def _simply(do: Callable[[StationMachine, float], None]) -> Callable[[Call], str]:
    def handle(call: Call) -> str:
        _station(call).act(do)
        return OK

    return handle


def _save(call: Call) -> str:
    _station(call).save()
    return OK


_BSSID = Argument("BSSID or any", _bssid, is_optional=True)
_NETWORK = Argument("number or all", _id)

STATION_COMMANDS: Sequence[Command] = (
    Command("WPS_PBC", (_BSSID,), _push_button, "Join the access point whose button was pressed."),
    Command(
        "WPS_PIN",
        (Argument("BSSID, any or get", _bssid_or_get), Argument("PIN", pin, is_optional=True)),
        _pin,
        "Join with a PIN to be entered at the access point; prints it.",
        is_sensitive=True,
    ),
    Command(
        "WPS_REG",
        (
            Argument("BSSID", MacAddress.parse),
            Argument("AP PIN", pin),
            Argument("ssid hex", _ssid, is_optional=True),
            Argument("auth", _one_of(_AUTHENTICATION_TYPES), is_optional=True),
            Argument("encr", _one_of(_ENCRYPTION_TYPES), is_optional=True),
            Argument("key hex", _octets, is_optional=True),
        ),
        _register,
        "Learn an access point's settings by its PIN, or give it new ones, and join.",
        is_sensitive=True,
    ),
    Command("WPS_CANCEL", (), _cancel, "End WPS."),
    Command("SCAN", (Argument("freq=MHz,…", _frequencies, is_optional=True),), _scan, "Scan."),
    Command("SCAN_RESULTS", (), _scan_results, "The access points nearby."),
    Command("BSS", (Argument("which", text),), _bss, "All that is known of one access point.", has_rest=True),
    Command("STATUS", (), _status, "The station, as wpa_supplicant prints it."),
    Command("LIST_NETWORKS", (), _list_networks, "The networks it knows."),
    Command("SELECT_NETWORK", (_NETWORK,), _select, "Join this network and no other."),
    Command(
        "ENABLE_NETWORK",
        (_NETWORK,),
        _on_networks(lambda machine, number, now: machine.enable_network(number, now)),
        "Allow a network.",
    ),
    Command(
        "DISABLE_NETWORK",
        (_NETWORK,),
        _on_networks(lambda machine, number, now: machine.disable_network(number, now)),
        "Do not join a network.",
    ),
    Command(
        "REMOVE_NETWORK",
        (_NETWORK,),
        _on_networks(lambda machine, number, now: machine.remove_network(number, now)),
        "Forget a network.",
    ),
    Command("RECONNECT", (), _simply(lambda machine, now: machine.reconnect(now)), "Join, if no network is joined."),
    Command("REASSOCIATE", (), _simply(lambda machine, now: machine.reassociate(now)), "Join anew."),
    Command("DISCONNECT", (), _simply(lambda machine, now: machine.disconnect(now)), "Leave, until RECONNECT."),
    Command("SAVE_CONFIG", (), _save, "Write the networks to their file."),
)
