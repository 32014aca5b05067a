# SPDX-License-Identifier: BSD-3-Clause
"""SET and GET while an access point runs: options of hostapd.conf, by their names and in their words.

What concerns the AP PIN and the file of PIN requests holds at once; the rest is on the air from RELOAD on, all of it
together.  Nothing of it outlasts a restart.  Refused: options that the agent does not have, values that a configuration
file could not have either, and GET of secrets.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from wpsagent.config.converters import METHOD_NAMES, UnexpectedError
from wpsagent.config.hostapd_options import OPTIONS
from wpsagent.config.model import AccessPointSettings, DeviceSettings, Security
from wpsagent.config.table import SETUP_LOCK_MODES
from wpsagent.errors import UsageError
from wpsagent.wsc.device import format_uuid
from wpsagent.wsc.enumerations import ConfigMethods

if TYPE_CHECKING:
    from wpsagent.daemon.network import Network

_DEVICE: Mapping[str, str] = {
    name: (OPTIONS[name].sets or "").removeprefix("device.")
    for name in (
        "uuid",
        "device_name",
        "manufacturer",
        "model_name",
        "model_number",
        "serial_number",
        "device_type",
        "os_version",
        "config_methods",
    )
}


class Variables:
    """The variables of one access point.  settings, device: what RELOAD would make of them."""

    def __init__(self, network: "Network") -> None:
        self._network = network
        self._changes: list[Callable[[AccessPointSettings], AccessPointSettings]] = []
        self._of_device: dict[str, Any] = {}

    @property
    def settings(self) -> AccessPointSettings:
        settings = self._network.settings
        for change in self._changes:
            settings = change(settings)
        return settings

    @property
    def device(self) -> DeviceSettings:
        return replace(self._network.device, **self._of_device)

    def forget(self) -> None:
        """What was set is on the air, or out of date."""
        self._changes.clear()
        self._of_device.clear()

    def set(self, name: str, value: str) -> None:
        """Raises UsageError, and then nothing has changed."""
        if name == "ap_pin" and not value:
            self._network.set_ap_pin(None, 0)
            return
        converted = self._converted(name, value)
        if name in _DEVICE:
            self._of_device[_DEVICE[name]] = converted
        elif name in _SETTERS:
            _SETTERS[name](self, converted)
        else:
            raise _unknown(name)

    def get(self, name: str) -> str:
        """Raises UsageError for what is not known, and what is not told."""
        if name in _SETTERS and OPTIONS[name].is_secret:
            raise UsageError(f"{name} is a secret, which is not told")
        if name in _DEVICE:
            return _DEVICE_TEXTS.get(name, str)(getattr(self.device, _DEVICE[name]))
        if name not in _GETTERS:
            raise _unknown(name)
        return _GETTERS[name](self)

    def _converted(self, name: str, value: str) -> Any:
        if name not in OPTIONS:
            raise _unknown(name)
        try:
            return OPTIONS[name].convert(value)
        except UnexpectedError as error:
            raise UsageError(f"{name}: expected {error.expected}") from None

    # ---- one by one

    def _set_wps_state(self, state: Any) -> None:
        if state is not None and self._network.settings.hidden:
            raise UsageError("wps_state: WPS is forbidden on hidden networks")
        changes = {"wps": False} if state is None else {"wps": True, "wps_state": state}
        self._change(lambda settings: replace(settings, **changes))

    def _set_ap_pin(self, pin: bytes) -> None:
        self._network.set_ap_pin(pin, 0)

    def _set_setup_locked(self, word: str) -> None:
        self._network.set_setup_lock(SETUP_LOCK_MODES[word])

    def _set_pin_requests(self, path: str) -> None:
        self._network.set_pin_requests(path)

    def _set_ssid(self, ssid: Any) -> None:
        self._change(lambda settings: replace(settings, ssid=ssid))

    def _set_passphrase(self, passphrase: bytes) -> None:
        self._change(lambda settings: replace(settings, security=Security.WPA2, passphrase=passphrase, psk=None))

    def _set_psk(self, psk: bytes) -> None:
        self._change(lambda settings: replace(settings, security=Security.WPA2, passphrase=None, psk=psk))

    def _change(self, change: Callable[[AccessPointSettings], AccessPointSettings]) -> None:
        self._changes.append(change)

    def _wps_state(self) -> str:
        settings = self.settings
        return str(int(settings.wps_state)) if settings.wps else "0"


def _unknown(name: str) -> UsageError:
    known = ", ".join(sorted((*_DEVICE, *_SETTERS)))
    return UsageError(f"no variable {name!r} that can be set while the network runs; there are: {known}")


def _methods_text(methods: ConfigMethods) -> str:
    """The words of config_methods; a kind of button or display implies the bare word."""
    names = [name for name, bits in METHOD_NAMES.items() if methods & bits == bits]
    implied = {word for name in names for word in ("display", "push_button") if name.endswith(f"_{word}")}
    return " ".join(name for name in names if name not in implied)


_DEVICE_TEXTS: Mapping[str, Callable[[Any], str]] = {
    "uuid": lambda uuid: "" if uuid is None else format_uuid(uuid),
    "os_version": lambda version: f"{version:08x}",
    "config_methods": _methods_text,
}


_SETTERS: Mapping[str, Callable[[Variables, Any], None]] = {
    "wps_state": Variables._set_wps_state,
    "ap_pin": Variables._set_ap_pin,
    "ap_setup_locked": Variables._set_setup_locked,
    "wps_pin_requests": Variables._set_pin_requests,
    "ssid": Variables._set_ssid,
    "ssid2": Variables._set_ssid,
    "wpa_passphrase": Variables._set_passphrase,
    "wpa_psk": Variables._set_psk,
}

_GETTERS: Mapping[str, Callable[[Variables], str]] = {
    "wps_state": Variables._wps_state,
    "ap_setup_locked": lambda variables: str(int(variables._network.setup_lock)),
    "wps_pin_requests": lambda variables: variables.settings.pin_requests or "",
    "ssid": lambda variables: str(variables.settings.ssid),
    "ssid2": lambda variables: variables.settings.ssid.hex(),
}
