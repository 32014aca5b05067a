# SPDX-License-Identifier: BSD-3-Clause
"""What beacons and probe responses of a registrar carry (Wi-Fi Simple Configuration 2.0, section 8.2.1)."""

from dataclasses import dataclass, replace

from wpsagent.octets import MacAddress
from wpsagent.wsc.attributes import WfaExtension
from wpsagent.wsc.device import DeviceDescription
from wpsagent.wsc.elements import BeaconAttributes, ProbeResponseAttributes, SelectedRegistrar
from wpsagent.wsc.enumerations import (
    PUSH_BUTTON_FAMILY,
    ConfigMethods,
    DevicePasswordId,
    RfBands,
    WpsState,
)

_VIRTUAL_BIT = ConfigMethods(ConfigMethods.VIRTUAL_PUSH_BUTTON & ~ConfigMethods.PUSH_BUTTON)
_PHYSICAL_BIT = ConfigMethods(ConfigMethods.PHYSICAL_PUSH_BUTTON & ~ConfigMethods.PUSH_BUTTON)


@dataclass(frozen=True, slots=True)
class Advertised:
    """All in beacons and probe responses that changes while the access point runs."""

    selected_registrar: SelectedRegistrar | None = None
    authorized_macs: tuple[MacAddress, ...] = ()
    is_setup_locked: bool = False
    rf_bands: RfBands | None = None  # of a dual-band device only
    is_uuid_in_beacon: bool = False

    def beacon_attributes(self, wps_state: WpsState, uuid: bytes) -> bytes:
        """The attributes of a beacon; `elements.wrap` makes elements of them."""
        return BeaconAttributes(
            wps_state=wps_state,
            is_setup_locked=self.is_setup_locked,
            selected_registrar=self.selected_registrar,
            uuid_e=uuid if self.is_uuid_in_beacon else None,
            rf_bands=self.rf_bands,
            wfa=WfaExtension(authorized_macs=self.authorized_macs),
        ).encode()

    def probe_response_attributes(self, wps_state: WpsState, uuid: bytes, device: DeviceDescription) -> bytes:
        """The attributes of a probe response."""
        return ProbeResponseAttributes(
            wps_state=wps_state,
            is_setup_locked=self.is_setup_locked,
            selected_registrar=self.selected_registrar,
            uuid_e=uuid,
            # The access point as an enrollee has a PIN and no button: an external registrar must not press one.
            device=replace(device, config_methods=_without_button(device.config_methods)),
            rf_bands=self.rf_bands,
            wfa=WfaExtension(authorized_macs=self.authorized_macs),
        ).encode()


def selected_for_button(methods: ConfigMethods) -> SelectedRegistrar:
    """The registrar of a device with these methods while its button is pressed."""
    return SelectedRegistrar(DevicePasswordId.PUSH_BUTTON, _without_button(methods) | _button_of(methods))


def selected_for_pin(methods: ConfigMethods) -> SelectedRegistrar:
    """The registrar of a device with these methods while a PIN is expected: all but the button is left."""
    return SelectedRegistrar(DevicePasswordId.DEFAULT, _without_button(methods))


def _without_button(methods: ConfigMethods) -> ConfigMethods:
    return methods & ~PUSH_BUTTON_FAMILY


def _button_of(methods: ConfigMethods) -> ConfigMethods:
    """The kinds of button a device has; a physical one when it does not say."""
    button = ConfigMethods(0)
    if methods & _VIRTUAL_BIT:
        button |= ConfigMethods.VIRTUAL_PUSH_BUTTON
    if methods & _PHYSICAL_BIT:
        button |= ConfigMethods.PHYSICAL_PUSH_BUTTON
    return button or ConfigMethods.PHYSICAL_PUSH_BUTTON
