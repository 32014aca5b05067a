# SPDX-License-Identifier: BSD-3-Clause
"""The stations of the configuration: each joins networks of others on one radio and keeps what WPS taught it in a file.

The networks are read once, from a file as wpa_supplicant has it, and written whenever they change.  A file that cannot
be written is told to everybody, and its networks work all the same until the agent ends.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from wpsagent.config.model import Configuration, DeviceSettings, PushButtonScan, StationSettings
from wpsagent.config.network_store import NetworkStore
from wpsagent.daemon.translate_station import from_station
from wpsagent.daemon.upkeep import Upkeep
from wpsagent.errors import UsageError
from wpsagent.io.atomic_file import SaveError
from wpsagent.octets import MacAddress
from wpsagent.ports import Entropy, RadioCapabilities, StationRadio
from wpsagent.roles.runner import StationRunner
from wpsagent.roles.sta import events as sta
from wpsagent.roles.sta.machine import StationMachine
from wpsagent.roles.sta.network import NetworkList
from wpsagent.roles.sta.parameters import CredentialProcessing, StationParameters
from wpsagent.status import events as e
from wpsagent.status import station_events as s
from wpsagent.wsc.device import DeviceDescription, uuid_from_mac
from wpsagent.wsc.enumerations import ConfigMethods, RfBands
from wpsagent.wsc.pin import generate_pin

OpenStationRadio = Callable[[StationSettings], Awaitable[StationRadio]]
"""Opens the radio of a station; raises RadioError, NetlinkError."""

_Result = TypeVar("_Result")
_LOWEST_5_GHZ, _LOWEST_60_GHZ = 5000, 57000
_OTHERS_MAY_NOT_LOOK = 0o700


class Station(Upkeep):
    """One station, up or down; implements control.Station."""

    def __init__(
        self,
        settings: StationSettings,
        device: DeviceSettings,
        open_radio: OpenStationRadio,
        entropy: Entropy,
        report: Callable[[e.AgentEvent], None],
    ) -> None:
        super().__init__(settings.interface)
        self.settings = settings
        self.networks = NetworkList()
        self.runner: StationRunner | None = None
        self._device = device
        self._open_radio = open_radio
        self._entropy = entropy
        self._report = report
        self._store = NetworkStore(settings.networks_file)
        self._is_loaded = False

    @property
    def is_up(self) -> bool:
        return self.runner is not None and self.runner.machine.is_started

    # ---- Upkeep

    async def _come_up(self) -> None:
        self._load()
        radio = await self._open_radio(self.settings)
        try:
            machine = StationMachine(
                self._parameters(radio.address, radio.capabilities),
                radio.address,
                radio.capabilities,
                self.networks,
                self._entropy,
            )
        except BaseException:
            await radio.close()
            raise
        self.runner = StationRunner(machine, radio, self._station_events)
        try:
            await self.runner.start()
        except BaseException:
            await self._take_down()
            raise

    async def _take_down(self) -> None:
        if self.runner is not None:
            runner, self.runner = self.runner, None
            await runner.stop()

    def _tell_started(self) -> None:
        self._report(s.StationStarted(self.interface, len(self.networks)))

    def _tell_recovered(self) -> None:
        self._tell_started()

    def _tell_failed(self, reason: str) -> None:
        self._report(s.StationFailed(self.interface, reason))

    def _parameters(self, address: MacAddress, capabilities: RadioCapabilities) -> StationParameters:
        return StationParameters(
            interface=self.interface,
            device=_description(self._device, capabilities),
            uuid=self._device.uuid or uuid_from_mac(address),
            credential_processing=CredentialProcessing[self.settings.cred_processing.name],
            wps_priority=self.settings.wps_priority,
            add_sae=self.settings.add_sae,
            is_push_button_fast=self.settings.pbc_scan is PushButtonScan.FAST,
        )

    # ---- what the machine reports

    def _station_events(self, events: Sequence[sta.StationReport]) -> None:
        for event in events:
            if isinstance(event, sta.NetworksChanged):
                self._networks_changed()  # in its place: whoever hears of the success finds it saved
            for agent_event in from_station(self.interface, event, self.networks):
                self._report(agent_event)
            if isinstance(event, sta.StationLost):
                self._lost.set()

    # ---- the networks and their file

    def _load(self) -> None:
        """Once: from then on what we know counts, saved or not.  Raises ConfigError."""
        if not self._is_loaded:
            self.networks = NetworkList(self._store.load())
            self._is_loaded = True

    def _networks_changed(self) -> None:
        try:
            self.save()
        except (SaveError, UsageError) as error:
            self._report(s.NetworksNotSaved(self.interface, str(error)))

    # ---- control.Station

    def machine(self) -> StationMachine:
        """The station's machine; raises UsageError while its radio is not there."""
        if self.runner is None or not self.runner.machine.is_started:
            raise UsageError(f"{self.interface} is down: {self._reason or 'its radio is gone'}")
        return self.runner.machine

    def act(self, call: Callable[[StationMachine, float], _Result]) -> _Result:
        """Ask the machine for something now, and carry out what it wants then; raises UsageError."""
        machine, runner = self.machine(), self.runner
        assert runner is not None
        try:
            return call(machine, asyncio.get_running_loop().time())
        finally:
            runner.pump()

    def save(self) -> None:
        """Write the networks to their file; raises SaveError, UsageError."""
        folder = Path(self.settings.networks_file).parent
        try:
            folder.mkdir(_OTHERS_MAY_NOT_LOOK, parents=True, exist_ok=True)
        except OSError as error:
            raise SaveError(f"{folder}: cannot be made: {error.strerror}") from None
        self._store.save(network for network in self.networks if not network.is_temporary)

    def new_pin(self) -> bytes:
        """A fresh PIN of eight digits."""
        return generate_pin(self._entropy)

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time()

    # ---- the button

    def press_button(self) -> None:
        """A person pressed the station's button; what is in the way is told."""
        try:
            self.act(lambda machine, now: machine.wps_push_button(now))
        except UsageError as error:
            self._report(s.StationWpsRefused(self.interface, str(error)))

    def cancel(self) -> None:
        """End a WPS run; nothing going on is no error."""
        if self.is_up:
            self.act(lambda machine, now: machine.wps_cancel(now))


class Stations:
    """All stations of the configuration."""

    def __init__(
        self,
        configuration: Configuration,
        open_radio: OpenStationRadio,
        entropy: Entropy,
        report: Callable[[e.AgentEvent], None],
    ) -> None:
        self.stations = [
            Station(settings, configuration.device, open_radio, entropy, report) for settings in configuration.stations
        ]

    async def start(self) -> None:
        """Bring up all that can be."""
        for station in self.stations:
            await station.start()

    async def stop(self) -> None:
        """Leave all networks and give the radios back."""
        await asyncio.gather(*(station.stop() for station in self.stations))

    def press_button(self) -> None:
        """The station's button is the first station's: two enrollees at one time would be an overlap."""
        for station in self.stations[:1]:
            station.press_button()

    def cancel(self) -> None:
        for station in self.stations:
            station.cancel()


def _description(device: DeviceSettings, capabilities: RadioCapabilities) -> DeviceDescription:
    """What a station says of itself; it can always show a PIN, on whatever the command line is shown."""
    description = device.description(_rf_bands(capabilities))
    methods = description.config_methods | ConfigMethods.VIRTUAL_DISPLAY
    return replace(description, config_methods=methods)


def _rf_bands(capabilities: RadioCapabilities) -> RfBands:
    bands = RfBands(0)
    for band in capabilities.bands:
        for frequency in band.frequencies[:1]:
            bands |= _band_of(frequency.mhz)
    return bands


def _band_of(mhz: int) -> RfBands:
    if mhz < _LOWEST_5_GHZ:
        return RfBands.BAND_2_4_GHZ
    return RfBands.BAND_5_GHZ if mhz < _LOWEST_60_GHZ else RfBands.BAND_60_GHZ
